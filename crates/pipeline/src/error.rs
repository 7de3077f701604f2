//! What can go wrong in this crate.

use std::path::PathBuf;

use smallbatch_base::Number;

/// An error of this crate. The fields are for programs, the sentence is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No feature varies.
    #[error(
        "none of the {columns} columns varies in the {rows} rows to train on; give a column that does"
    )]
    NothingToLearnFrom {
        /// Columns that features are made of.
        columns: usize,
        /// Training rows.
        rows: usize,
    },
    /// A table of another schema.
    #[error(
        "the column {column:?} is missing, or is of another kind than in training; read the table by the model's schema"
    )]
    OtherColumns {
        /// The column.
        column: String,
    },
    /// The table lacks what is to be predicted.
    #[error("the table has no column {column:?}, which is needed to {doing}")]
    NoTarget {
        /// The target.
        column: String,
        /// "train" or "evaluate".
        doing: &'static str,
    },
    /// Too few rows to hold some out.
    #[error("{rows} rows are too few to train and judge on; {needed} or more are needed")]
    FewRows {
        /// How many there are.
        rows: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The target is in a unit so small or large that squares of its differences are no numbers.
    #[error(
        "the target {target:?} reaches from {low} to {high}, whose differences squared do not fit into a number; give it in another unit, so that it reaches over 1e-140 to 1e140",
        low = Number(*low), high = Number(*high)
    )]
    TargetUnit {
        /// The target's name.
        target: String,
        /// Its least value in the training rows.
        low: f64,
        /// Its greatest value there.
        high: f64,
    },
    /// A training diverged, or all predictions are the same.
    #[error("{what} does not give a model: {why}; take a lower learning rate, or fewer epochs")]
    Broken {
        /// What was trained, in words.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A setting outside its range.
    #[error("`{setting}` is {value}; it must be {expected}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What is possible.
        expected: &'static str,
    },
    /// Somebody asked to stop.
    #[error("stopped before the end")]
    Interrupted,
    /// A model file that is none.
    #[error("{} is no model of smallbatch: {reason}", file.display())]
    NoModel {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// An unfinished training that cannot be read.
    #[error("{} is no training to go on with: {reason}; begin anew, without resuming", file.display())]
    NoTraining {
        /// The newest file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// An unfinished training of something else.
    #[error(
        "the unfinished training in {} is another one: {what} differs; give what it began with, or begin anew, without resuming",
        folder.display()
    )]
    OtherTraining {
        /// Where it is.
        folder: PathBuf,
        /// What is not the same.
        what: &'static str,
    },
    /// What the small predictor does not know.
    #[error("{what} has no form outside of this library; leave it out of the recipe")]
    NotPortable {
        /// What it is.
        what: String,
    },
    /// A file that cannot be read or written.
    #[error("cannot {doing} {}: {source}", file.display())]
    File {
        /// "read", "write" or "remove".
        doing: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Predictions that cannot be written as a table.
    #[error("cannot write the predictions as a table: {reason}")]
    Write {
        /// Why.
        reason: String,
    },
    /// A table that cannot be read.
    #[error(transparent)]
    Data(#[from] smallbatch_data::Error),
    /// Features that cannot be scaled.
    #[error(transparent)]
    Scaling(#[from] smallbatch_preprocess::Error),
    /// A network that cannot be built.
    #[error(transparent)]
    Network(#[from] smallbatch_mlp::Error),
    /// A training that is described wrongly.
    #[error(transparent)]
    Training(#[from] smallbatch_train::Error),
}

impl Error {
    pub(crate) fn no_form(what: &str) -> Self {
        Self::NotPortable {
            what: what.to_owned(),
        }
    }
}
