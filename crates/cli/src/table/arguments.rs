//! The flags of the verbs for a table of one's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use smallbatch::data::{ColumnKind, TableReader, Task};

use crate::arguments::{Keeping, Length, Threads};
use crate::ending::Failure;
use crate::help;

/// How a table is read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Reading {
    /// The column to be predicted [default: the last]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,

    /// A column to leave out, such as a name or a number of the row; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub(crate) ignore: Vec<String>,

    /// Whether the target is `classes` or `numbers` [default: read off the column]
    #[arg(long, value_name = "KIND", value_parser = task)]
    pub(crate) task: Option<Task>,

    /// The column whose equal cells belong together: such rows are never on both sides of a split
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Option<String>,

    /// The column that says when a row happened: the past then predicts the future
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,

    /// The column that says how much a row counts
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,

    /// What a column is, where that is not read off right: `zip=category`; or number, boolean, date, time, identifier, text. May be repeated
    #[arg(long, value_name = "COLUMN=KIND", value_parser = kind)]
    pub(crate) kind: Vec<(String, ColumnKind)>,

    /// A text that means a missing cell, beside the usual ones; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub(crate) missing: Vec<String>,

    /// No text but an empty cell means a missing one: NA may be Namibia
    #[arg(long)]
    pub(crate) no_missing_markers: bool,

    /// Dates that can be read in two ways have the day first: 3/4/2021 is in April
    #[arg(long, conflicts_with = "month_first")]
    pub(crate) day_first: bool,

    /// Dates that can be read in two ways have the month first: 3/4/2021 is in March
    #[arg(long)]
    pub(crate) month_first: bool,

    /// Leave out columns of free text instead of refusing them
    #[arg(long)]
    pub(crate) leave_out_text: bool,

    /// The file that says all this instead; `inspect --toml` writes one [default: FILE.toml beside FILE.csv, if it is there]
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) schema: Option<PathBuf>,
}

impl Reading {
    /// The reader that reads a table so: as the file beside it says, but for what flags say.
    pub(crate) fn reader(&self, table: &Path) -> Result<TableReader, Failure> {
        let mut reader = match &self.schema {
            Some(file) => TableReader::from_settings(file)?,
            None => TableReader::beside(table)?,
        };
        if !self.ignore.is_empty() {
            reader = reader.ignore(&self.ignore);
        }
        if let Some(target) = &self.target {
            reader = reader.target(target);
        }
        if let Some(task) = self.task {
            reader = reader.task(task);
        }
        if let Some(group) = &self.group {
            reader = reader.groups(group);
        }
        if let Some(time) = &self.time {
            reader = reader.time(time);
        }
        if let Some(weight) = &self.weight {
            reader = reader.weights(weight);
        }
        for (column, kind) in &self.kind {
            reader = reader.kind(column, *kind);
        }
        if !self.missing.is_empty() {
            reader = reader.missing_markers(&self.missing);
        }
        if self.no_missing_markers {
            reader = reader.no_missing_markers();
        }
        if self.day_first || self.month_first {
            reader = reader.day_first(self.day_first);
        }
        if self.leave_out_text {
            reader = reader.leave_out_text(true);
        }
        Ok(reader)
    }
}

/// Say what to expect of a table of your own, without training
///
/// The results of a thorough run come with the program. From them, and from numbers such as how many rows your table has, each claim
/// gets a prediction for it.
#[derive(Debug, Args)]
#[command(after_help = help::EXPECT)]
pub(crate) struct Expect {
    /// The table: comma-separated values with a line of names; or arrays (.npy, .npz, IDX)
    #[arg(value_name = "FILE.csv")]
    pub(crate) table: PathBuf,

    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Find out how to train on a table of your own, and save a model
///
/// The rows are cut into folds. Straight lines and networks with many settings are tried, each judged on rows that it did not see. The
/// answer says how to normalize, which batch size to take, and what raw inputs and the full batch would have cost.
#[derive(Debug, Args)]
#[command(after_help = help::ADVISE)]
pub(crate) struct Advise {
    /// The table: comma-separated values with a line of names; or arrays (.npy, .npz, IDX)
    #[arg(value_name = "FILE.csv")]
    pub(crate) table: PathBuf,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Count rare classes as much as frequent ones in training
    #[arg(long)]
    pub(crate) balance: bool,

    /// Judge the model on the rows of this table as well
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) test: Option<PathBuf>,

    /// The seed of all draws
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) base_seed: u64,

    /// Print the content of advice.json instead of words
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) length: Length,

    #[command(flatten)]
    pub(crate) threads: Threads,

    /// Folder for advice.html, advice.json and model.safetensors
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) keeping: Keeping,
}

/// Train a model by a recipe, without a search
///
/// A recipe is a file of TOML or JSON, or an advice.json, whose recipe is taken; without one, a network with default settings is trained.
///
/// A table of more than 100,000 rows is trained on from a file of its encoded rows: one network, on all rows but those that judge it (at
/// most 50,000). A straight line is fitted to 100,000 of them.
#[derive(Debug, Args)]
#[command(after_help = help::TRAIN)]
pub(crate) struct Train {
    /// The table: comma-separated values with a line of names; or arrays (.npy, .npz, IDX)
    #[arg(value_name = "FILE.csv")]
    pub(crate) table: PathBuf,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// The recipe
    #[arg(long, value_name = "FILE")]
    pub(crate) recipe: Option<PathBuf>,

    /// The seed of all draws
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) base_seed: u64,

    /// Go on with the unfinished training in DIR, which was killed or stopped
    #[arg(long)]
    pub(crate) resume: bool,

    /// Seconds between two savings of what the training came to, into DIR/unfinished; at most a twentieth of the time is for that
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) save_every: Duration,

    /// Megabytes of encoded rows that are shuffled at a time, of a table of more than 100,000 rows
    #[arg(long, value_name = "MB", default_value_t = 256)]
    pub(crate) memory: usize,

    /// Folder for model.safetensors
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,
}

/// What becomes of rows that cannot be read.
#[derive(Debug, Args)]
pub(crate) struct Unfit {
    /// Refuse a table with anything new in it, or with a row that cannot be read
    #[arg(long)]
    pub(crate) strict: bool,

    /// The file for rows that cannot be read: their lines, and why
    #[arg(long, value_name = "FILE", default_value = "bad_rows.csv")]
    pub(crate) bad_rows: PathBuf,
}

/// Predict each row of a table with a saved model
///
/// The table needs the columns that the model was trained on, by the same names; the target may be missing. Prints comma-separated
/// values: the line of each row in its file, the prediction, and the probability of each class, or the ends of an interval. What is new in
/// the table costs a warning, a row that cannot be read costs that row.
#[derive(Debug, Args)]
#[command(after_help = help::PREDICT)]
pub(crate) struct Predict {
    /// The model: the file model.safetensors, or the folder that it is in
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// The table: comma-separated values with a line of names; or arrays (.npy, .npz, IDX)
    #[arg(value_name = "FILE.csv")]
    pub(crate) table: PathBuf,

    /// The share of rows that intervals of numbers are to hold
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    pub(crate) coverage: f64,

    #[command(flatten)]
    pub(crate) unfit: Unfit,
}

/// Judge a saved model on a table that has the target
///
/// What is new in the table costs a warning, a row that cannot be read costs that row.
#[derive(Debug, Args)]
#[command(after_help = help::EVALUATE)]
pub(crate) struct Evaluate {
    /// The model: the file model.safetensors, or the folder that it is in
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// The table: comma-separated values with a line of names; or arrays (.npy, .npz, IDX)
    #[arg(value_name = "FILE.csv")]
    pub(crate) table: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) unfit: Unfit,
}

/// Say what a saved model is made of, or how a table would be read
#[derive(Debug, Args)]
#[command(after_help = help::INSPECT)]
pub(crate) struct Inspect {
    /// The model, or a table
    #[arg(value_name = "MODEL|FILE.csv")]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the schema of a table as TOML, to be edited and given back with --schema
    #[arg(long, conflicts_with = "json")]
    pub(crate) toml: bool,
}

fn kind(text: &str) -> Result<(String, ColumnKind), String> {
    let names: Vec<&str> = ColumnKind::NAMES.iter().map(|(name, _)| *name).collect();
    let known = || {
        format!(
            "give COLUMN=KIND, where KIND is one of {}",
            names.join(", ")
        )
    };
    let (column, kind) = text.rsplit_once('=').ok_or_else(known)?;
    let kind = ColumnKind::NAMES.iter().find(|(name, _)| *name == kind);
    let (_, kind) = kind.ok_or_else(known)?;
    Ok((column.to_owned(), *kind))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "give a number of seconds, at least 0".into())
}

pub(crate) fn task(text: &str) -> Result<Task, String> {
    match text {
        "classes" => Ok(Task::Classification),
        "numbers" => Ok(Task::Regression),
        _ => Err("give `classes` or `numbers`".into()),
    }
}
