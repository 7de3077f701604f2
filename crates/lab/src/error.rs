//! What can go wrong in an experiment, in words that say what to do.

use std::path::PathBuf;

/// An experiment that cannot be run, a comparison that cannot be made, or a report that cannot be
/// written.
///
/// Each message names the offending value and the way out; the fields let a program act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No experiment has this name.
    #[error("there is no experiment `{name}`; the experiments are {}", known.join(", "))]
    UnknownExperiment {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// No data set of this name comes with the program.
    #[error("there is no data set `{name}`; there are {}", known.join(", "))]
    UnknownData {
        /// The name that was asked for.
        name: String,
        /// The names that exist, the nearest first.
        known: Vec<String>,
    },
    /// An experiment's file cannot be used.
    #[error("{file}, line {line}: {reason}")]
    Definition {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A setting has a value that it cannot have.
    #[error("{setting} is {value}, but must be {expected}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value, as text.
        value: String,
        /// What it may be, in words.
        expected: &'static str,
    },
    /// A part of an experiment failed: reading data, scaling, training.
    #[error("could not {doing}: {source}")]
    Step {
        /// What was being done, such as `train arm "raw" on wine, seed 3`.
        doing: String,
        /// The error of the crate that did it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A table that cannot be read or learned from.
    #[error(transparent)]
    Data(#[from] smallbatch_data::Error),
    /// A table with too few rows to advise on.
    #[error(
        "the table {data} has {rows} rows, but advice needs at least {needed}, of which 30 % judge; add rows"
    )]
    FewRows {
        /// The table's name.
        data: String,
        /// How many it has.
        rows: usize,
        /// How many it needs.
        needed: usize,
    },
    /// A class with too few members to be in every part.
    #[error(
        "the class {class:?} of {target:?} has {members} member{}, but each class needs at least {needed}, to be in every \
         part; add rows of it, merge it with another class, or remove its rows", if *members == 1 { "" } else { "s" }
    )]
    SmallClass {
        /// The target's column.
        target: String,
        /// The class.
        class: String,
        /// How many rows are of it.
        members: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Somebody asked to stop before there was anything to say.
    #[error("stopped before anything could be said; nothing was written")]
    Interrupted,
    /// A saved model that cannot be used.
    #[error("cannot use the model {}: {reason}", file.display())]
    Model {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The results' folder cannot be made or written to.
    #[error(
        "cannot write to the folder {}: {reason}; name another with --out, or change its permissions",
        folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// One of the results' files could not be written.
    #[error("cannot write {}: {reason}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file with the results cannot be read.
    #[error("cannot read the results in {}: {reason}; name the folder that an experiment wrote with --out", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Recorded results that cannot be repeated.
    #[error("cannot verify {}: {reason}", file.display())]
    Verify {
        /// The file with the results.
        file: PathBuf,
        /// What is missing or has changed, and what to do.
        reason: String,
    },
    /// Finished runs could not be kept for a later call.
    #[error(
        "cannot keep finished runs in {}: {reason}; the results do not suffer, but the same command would begin anew: make \
         room, name another folder with --cache, or do without by --no-cache",
        folder.display()
    )]
    Cache {
        /// The cache's folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A picture of the report could not be drawn.
    #[error("cannot draw {picture}: {reason}")]
    Picture {
        /// What it shows.
        picture: String,
        /// What the drawing library said.
        reason: String,
    },
    /// A statistic was asked for with numbers that it cannot be computed from.
    #[error(transparent)]
    Statistic(#[from] smallbatch_evidence::Error),
}
