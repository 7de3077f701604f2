//! Advice on one table: which normalization, batch size, learning rate and number of epochs, how much they gain over the
//! default, and how sure that is.
//!
//! The experiments of `smallbatch-lab` speak of tables in general. This crate looks at yours:
//!
//! 1. **Parts.** 30 % of the rows are reserved for the judgement; nothing else looks at them. The rest is for development.
//! 2. **Search.** Five ways to scale the inputs, four batch sizes and a grid of learning rates are tried on the development
//!    rows by successive halving: all of them for a few epochs, the best third for three times as many, and so on. The
//!    best on raw inputs always survives, for comparison.
//! 3. **Judgement.** Three candidates are trained anew with seeds and splits of their own: the winner, the default
//!    (standardized inputs, batches of 32, rate 0.1, 50 epochs) and the best on raw inputs. The reserved rows judge them,
//!    pair by pair.
//!
//! | what was found | what is advised |
//! |---|---|
//! | the winner surely beats the default, or it alone surely beats a constant prediction | the winner |
//! | the default surely beats a constant prediction, and the winner does not surely beat the default | the default |
//! | neither surely beats a constant prediction | "cannot tell" |
//!
//! # What the advice rests on
//!
//! - The intervals count the seeds and the reserved rows: others would have given other numbers. They ignore variation in the
//!   development rows, because all runs share them, four fifths in each (Nadeau & Bengio 2003).
//! - A very large table is developed on a random sample of its rows, and the advice says of how many. The saved model is trained
//!   on all rows.
//! - Scaling is computed in `f64` and then narrowed to the network's `f32`: numbers around 10⁹ keep their digits.
//! - The lengths of the trainings come from an estimate of the work and not from a clock. The same table and plan give the same
//!   advice.
//!
//! [`AdvicePlan`] says what is asked, and [`SavedModel`] predicts later tables.

mod budget;
mod candidates;
mod compare;
#[cfg(test)]
mod dev;
mod error;
mod finals;
mod hunt;
mod model;
mod search;
mod training;
mod words;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchSize, Dataset, Part, Splitter, TableReader, Target};
use smallbatch_preprocess::{AnyScaler, StandardScaler};
use smallbatch_sweep::Stages;

pub use compare::Gain;
pub use error::Error;
pub use model::{Prediction, Predictions, SavedModel};
pub use smallbatch_data::{Table, TableSchema, Task};
pub use smallbatch_sweep::{Progress, Size, Status};

use training::Way;

/// Of the rows, reserved for the judgement.
const RESERVED: f64 = 0.3;
/// The fewest rows: of fewer, the part that judges would be a dozen.
const FEWEST_ROWS: usize = 40;
/// The fewest members of a class: one or more in each part, with two for training.
const FEWEST_MEMBERS: usize = 5;
/// The most threads.
const MOST_THREADS: usize = 1024;
/// The layout of `advice.json`.
const FORMAT: u32 = 1;

/// What is asked of a table.
///
/// ```
/// use smallbatch_advice::{AdvicePlan, Size};
///
/// let plan = AdvicePlan { size: Size::Quick, ..AdvicePlan::new("price") };
/// assert_eq!(plan.hidden, [64, 64]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvicePlan {
    /// The column to be predicted.
    pub target: String,
    /// Columns that are not looked at. Default: none.
    pub ignored: Vec<String>,
    /// Whether the target is classes or numbers. Default (`None`): read off the column, see [`TableReader::schema`].
    pub task: Option<Task>,
    /// The sizes of the hidden layers, of rectified linear units. Default: 64 and 64.
    pub hidden: Vec<usize>,
    /// The short, the usual or the long version: 5, 10 or 20 pairs in the judgement.
    pub size: Size,
    /// Threads to spread trainings over, from 1 to 1024; they change nothing but the time. Default: one for each core.
    pub threads: usize,
    /// The seed that all others are counted from. Default: 0.
    pub base_seed: u64,
}

impl AdvicePlan {
    /// The defaults, for this target.
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            ignored: Vec::new(),
            task: None,
            hidden: vec![64, 64],
            size: Size::Default,
            threads: std::thread::available_parallelism()
                .map_or(1, |cores| cores.get().min(MOST_THREADS)),
            base_seed: 0,
        }
    }

    /// Checks what can be checked without the table.
    ///
    /// # Errors
    /// [`Error::Setting`] for no threads or more than 1024, for a hidden layer without units or with more than 4096.
    pub fn validate(&self) -> Result<(), Error> {
        let setting = |setting, value: String, expected| {
            Err(Error::Setting {
                setting,
                value,
                expected,
            })
        };
        if !(1..=MOST_THREADS).contains(&self.threads) {
            let expected = "at least 1 and at most 1024; one for each core is best";
            return setting("threads", self.threads.to_string(), expected);
        }
        if let Some(units) = self
            .hidden
            .iter()
            .find(|units| !(1..=4096).contains(*units))
        {
            let expected = "at least 1 and at most 4096 units";
            return setting("a hidden layer", units.to_string(), expected);
        }
        Ok(())
    }

    /// Checks that the table can be advised on, without training anything.
    ///
    /// # Errors
    /// As [`advise`], before it begins.
    pub fn check(&self, table: &Table) -> Result<(), Error> {
        self.validate()?;
        Parts::new(table, self).map(|_| ())
    }
}

/// How to train: what the advice is about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// How the inputs are scaled.
    pub scaler: AnyScaler,
    /// Samples in one update.
    pub batch_size: BatchSize,
    /// The constant learning rate of plain gradient descent.
    pub learning_rate: f64,
}

/// Epochs of the default.
const DEFAULT_EPOCHS: u64 = 50;

/// What one does who does not search: standardized inputs, batches of 32, rate 0.1, 50 epochs.
fn default_way(n_training: usize) -> Way {
    Way {
        setting: Setting {
            scaler: StandardScaler::default().into(),
            batch_size: BatchSize::Mini(32.min(n_training)),
            learning_rate: 0.1,
        },
        epochs: DEFAULT_EPOCHS,
        early_stopping: false,
    }
}

/// What the judgement allows to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Conclusion {
    /// What the search found is surely better than the default (or the default fails, and it does not).
    Found,
    /// Nothing is surely better than the default: take that.
    Default,
    /// Nothing is surely better than a constant prediction.
    CannotTell,
}

/// One way to train, as judged on the reserved rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// `found`, `default` or `raw`.
    pub name: String,
    /// How it was trained.
    pub setting: Setting,
    /// How many epochs: the median of the best ones by validation loss; for the default as set.
    pub epochs: u64,
    /// The mean score over runs and reserved rows: the share of right classes, or 1 - MSE/variance, the share of the target's
    /// variance that is explained. The variance is that of all rows.
    pub score: f64,
    /// For numbers, the root mean squared error, in the target's unit.
    pub rmse: Option<f64>,
    /// How many of the runs failed: they diverged, or were worse than a constant on their validation rows. Each counts as the
    /// constant prediction, which is what would be left to use.
    pub failed: usize,
}

/// One setting that the search tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The setting.
    pub setting: Setting,
    /// The most epochs that it was given.
    pub epochs: u64,
    /// The validation loss at the best epoch, the mean over the seeds; `None` where a run diverged.
    pub validation_loss: Option<f64>,
}

/// The advice: the content of `advice.json`. Displayed, it is the text for the terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// The layout of this file: 1.
    pub format: u32,
    /// The program and its version.
    pub program: String,
    /// The table's name.
    pub data: String,
    /// The column that is predicted.
    pub target: String,
    /// As classes or numbers.
    pub task: Task,
    /// How many rows the table has.
    pub rows: usize,
    /// How many of them were reserved.
    pub reserved_rows: usize,
    /// How many of the others were developed on: all, but for large tables.
    pub development_rows: usize,
    /// How many features: columns of numbers, and one for each category.
    pub features: usize,
    /// Columns of categories, with how many.
    pub categories: Vec<(String, usize)>,
    /// The network's hidden layers.
    pub hidden: Vec<usize>,
    /// The seed that all others were counted from.
    pub base_seed: u64,
    /// Pairs of runs behind each comparison.
    pub pairs: usize,
    /// What can be said.
    pub conclusion: Conclusion,
    /// The same in words.
    pub headline: String,
    /// The setting to use.
    pub advised: Setting,
    /// The epochs to train.
    pub epochs: u64,
    /// What was judged: the one found, the default, the best on raw inputs.
    pub judged: Vec<Judged>,
    /// The comparisons.
    pub gains: Vec<Gain>,
    /// The mean score of the constant prediction: the mean, or the most frequent class, of each training part.
    pub constant_score: f64,
    /// All that the search tried, the best first.
    pub tried: Vec<Tried>,
}

impl Advice {
    /// The comparison of one judged way with another, or with `constant`.
    pub fn gain(&self, of: &str, over: &str) -> Option<&Gain> {
        self.gains
            .iter()
            .find(|gain| gain.of == of && gain.over == over)
    }
}

/// An advice with the model trained as advised.
#[derive(Debug)]
pub struct Advised {
    /// The advice.
    pub advice: Advice,
    /// The model, trained on all rows with the advised setting; or why that failed.
    pub model: Result<SavedModel, Error>,
}

impl Advised {
    /// Writes `advice.json` and `model.json` into a folder. Each file appears whole or not at all, and each is tried even if
    /// the other fails. A model that was there before goes first: it would be taken for the one of this advice.
    ///
    /// # Errors
    /// For each file its own: [`Error::Report`], or why there is no model.
    pub fn write(self, folder: &Path) -> Vec<Result<PathBuf, Error>> {
        let file = folder.join("model.json");
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
            && error.kind() != std::io::ErrorKind::NotADirectory
        {
            let reason = format!("cannot remove the model of an earlier advice: {error}");
            return vec![Err(smallbatch_report::Error::Write { file, reason }.into())];
        }
        let advice = write_json(&folder.join("advice.json"), &self.advice);
        vec![
            advice,
            self.model.and_then(|model| write_json(&file, &model)),
        ]
    }
}

fn write_json(file: &Path, content: &impl Serialize) -> Result<PathBuf, Error> {
    let mut text =
        serde_json::to_vec_pretty(content).map_err(|error| smallbatch_report::Error::Write {
            file: file.to_path_buf(),
            reason: error.to_string(),
        })?;
    text.push(b'\n');
    smallbatch_report::write_file(file, &text)?;
    Ok(file.to_path_buf())
}

/// The data, in the parts that the advice needs.
struct Parts {
    schema: TableSchema,
    all: Dataset<f64>,
    development: Dataset<f64>,
    reserved: Dataset<f64>,
    /// The variance of a target of numbers, over all rows; 1 for classes.
    variance: f64,
}

impl Parts {
    fn new(table: &Table, plan: &AdvicePlan) -> Result<Self, Error> {
        let mut reader = TableReader::new()
            .target(&plan.target)
            .ignore(&plan.ignored);
        if let Some(task) = plan.task {
            reader = reader.task(task);
        }
        let schema = reader.schema(table)?;
        if table.n_rows() < FEWEST_ROWS {
            return Err(Error::FewRows {
                data: table.name().to_owned(),
                rows: table.n_rows(),
                needed: FEWEST_ROWS,
            });
        }
        let all: Dataset<f64> = schema.dataset(table)?;
        if let Some(counts) = all.target().class_counts() {
            let smallest = counts.into_iter().zip(schema.classes()).min();
            if let Some((members, class)) = smallest.filter(|(count, _)| *count < FEWEST_MEMBERS) {
                return Err(Error::SmallClass {
                    target: plan.target.clone(),
                    class: class.clone(),
                    members,
                    needed: FEWEST_MEMBERS,
                });
            }
        }
        let (development, reserved) = divide(&all, plan.base_seed, 1.0 - RESERVED)?;
        let most = search::most_rows(&development, plan);
        let development = if development.n_samples() > most {
            let share = most as f64 / development.n_samples() as f64;
            divide(&development, plan.base_seed, share)?.0
        } else {
            development
        };
        let variance = match all.target() {
            Target::Values { values, .. } => values.variance(),
            _ => 1.0,
        };
        Ok(Self {
            schema,
            all,
            development,
            reserved,
            variance,
        })
    }
}

/// Two parts, of which the first has this share of the samples; stratified where there are classes.
fn divide(
    data: &Dataset<f64>,
    seed: u64,
    first: f64,
) -> Result<(Dataset<f64>, Dataset<f64>), smallbatch_data::Error> {
    // A splitter makes three parts, none of them empty. Two halves together are the first here, so that three members of a
    // class are enough.
    let splitter = Splitter::new(seed).fractions(first / 2.0, first / 2.0, 1.0 - first)?;
    let splitter = match data.target() {
        Target::Classes { .. } => splitter.stratified(),
        _ => splitter,
    };
    let assigned = splitter.assign(data)?;
    let (second, first): (Vec<usize>, Vec<usize>) =
        (0..data.n_samples()).partition(|index| assigned[*index] == Part::Test);
    Ok((data.subset(&first)?, data.subset(&second)?))
}

/// Searches, judges and advises; see the description of the steps above.
///
/// When `progress` interrupts during the judgement, the pairs that are complete count, if there are two or more.
///
/// # Errors
/// - [`Error::Setting`] for a plan that cannot be carried out.
/// - [`Error::Data`] for a table that cannot be learned from: a target that is not there, missing values, free text, a
///   constant target; see [`TableReader::schema`].
/// - [`Error::FewRows`] for fewer than 40 rows, [`Error::SmallClass`] for a class with fewer than 5.
/// - [`Error::Interrupted`] when it was interrupted before there was anything to say.
/// - [`Error::Sweep`] when a training fails for another reason than divergence.
///
/// # Example
///
/// ```no_run
/// use smallbatch_advice::{AdvicePlan, Table, advise};
///
/// let table = Table::read_path("houses.csv")?;
/// let advised = advise(&table, &AdvicePlan::new("price"), &mut ())?;
/// println!("{}", advised.advice);
/// # Ok::<(), smallbatch_advice::Error>(())
/// ```
pub fn advise(
    table: &Table,
    plan: &AdvicePlan,
    progress: &mut dyn Progress,
) -> Result<Advised, Error> {
    plan.validate()?;
    let parts = Parts::new(table, plan)?;
    let search = search::Search::new(&parts.development, plan)?;
    let finals = finals::Finals::new(plan, &parts, search.longest());
    let estimate = search.estimate() + finals.estimate() + model::estimate(&parts, plan);
    let mut stages = Stages::new(progress, estimate);
    let found = search.run(&mut stages)?;
    let judgement = finals.run(&found, &mut stages)?;
    let advice = judgement.advice(&parts, plan, found.tried)?;
    let model = SavedModel::train(&parts, plan, &advice, &mut stages);
    Ok(Advised { advice, model })
}
