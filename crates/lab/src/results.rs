//! What an experiment found, as plain records: the shape of `results.json` and of `runs.csv`.
//!
//! The records are the border between running and reporting. Whoever runs fills them; the report
//! reads nothing else, so a report can be drawn again from a file years later.
//!
//! **Numbers in the files.** JSON has no infinity and no "not a number". A missing or non-finite
//! number is written as `null` (an empty cell in `runs.csv`), and each field says what that means:
//! for [`Effect::low`] and [`Effect::high`] it is an end without a bound, for a loss it is a run
//! that diverged, for a time to the target it is a run that never got there.
//!
//! **Budgets** are named by what was held equal: `"epochs"`, `"updates"`, `"seconds"`; `"best epoch"` where each run counts
//! as it was when its validation loss was least, within a budget of updates; `"until target"` where each run went on
//! until it reached a loss, with a cap.

mod number;
mod why;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use why::{
    Conditioning, CostCurve, CostPoint, CurvatureOf, NoisePoint, Sharpness, Why, WhyFinding,
    WhySubject,
};

use crate::statistics::{Bound, Comparison, Direction, Hypothesis, Scale, Verdict};

/// The version of the layout of `results.json` that this crate writes.
///
/// It grows by one when a field is removed or changes its meaning; new fields do not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything one call of the experiments found: the content of `results.json`.
///
/// # Example
///
/// ```
/// use smallbatch_lab::results::Results;
///
/// let results = Results::default();
/// let json = serde_json::to_string(&results)?;
/// assert_eq!(serde_json::from_str::<Results>(&json)?, results);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The layout's version: [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Where, when and with what the runs were made.
    pub environment: Environment,
    /// What was asked and how it was run, one entry an experiment, in the order of the report.
    #[serde(default)]
    pub experiments: Vec<ExperimentNote>,
    /// The data that the runs used, in the order of the report.
    #[serde(default)]
    pub datasets: Vec<DatasetNote>,
    /// One verdict for each claim, data set and budget.
    pub claims: Vec<ClaimResult>,
    /// One entry for each experiment, data set and arm.
    pub arms: Vec<ArmResult>,
    /// What two features look like before and after scaling, and the loss of a linear unit on them.
    #[serde(default)]
    pub landscapes: Vec<Landscape>,
    /// The memory that training took, by the number of samples.
    #[serde(default)]
    pub memory: Vec<MemoryPoint>,
    /// Why, in numbers: curvature, noise and cost.
    #[serde(default, skip_serializing_if = "Why::is_empty")]
    pub why: Why,
    /// What was meant to be run or tested and was not, each with the reason.
    #[serde(default)]
    pub omissions: Vec<Omission>,
}

/// The experiment whose measurements of memory are in files that do not say.
fn built_in_memory() -> String {
    "memory".into()
}

impl Default for Results {
    fn default() -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            environment: Environment::default(),
            experiments: Vec::new(),
            datasets: Vec::new(),
            claims: Vec::new(),
            arms: Vec::new(),
            landscapes: Vec::new(),
            memory: Vec::new(),
            why: Why::default(),
            omissions: Vec::new(),
        }
    }
}

/// The machine, the build and the call behind a set of results.
///
/// What cannot be found out is an empty string, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's name, as the system gives it.
    pub processor: String,
    /// Logical processors available to the program.
    pub cores: usize,
    /// Threads that each training run used.
    pub threads: usize,
    /// Over how many threads the runs that need no clock were spread, one each; 0 in files that do not say.
    #[serde(default)]
    pub workers: usize,
    /// Operating system and architecture, such as `linux x86_64`.
    #[serde(default)]
    pub os: String,
    /// The revision of the folder of sources as it was when the experiments ran (a Git hash, with `-dirty` for uncommitted
    /// changes); empty when the folder is no longer there. `cargo xtask experiment` builds from it right before.
    pub revision: String,
    /// Versions of the crates that compute, and of the compiler that built them, by name.
    pub versions: BTreeMap<String, String>,
    /// When the experiments began: seconds since 1970-01-01T00:00:00Z.
    #[serde(default)]
    pub started_unix_seconds: u64,
    /// How long all the experiments took, tuning included, in seconds.
    #[serde(default)]
    pub elapsed_seconds: f64,
    /// The command that repeats the experiments, with every setting that matters.
    #[serde(default)]
    pub command: String,
    /// What was asked for, for [`verify`](crate::verify); `None` in files that do not say.
    #[serde(default)]
    pub request: Option<Request>,
    /// Whether this was the short version: fewer seeds, smaller budgets.
    #[serde(default)]
    pub quick: bool,
    /// Seeds of the runs that the verdicts are computed from.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// Seeds of the runs that chose the learning rates; none of them is among `seeds`.
    #[serde(default)]
    pub tuning_seeds: Vec<u64>,
}

/// What decides all results that no clock is needed for: a [`Plan`](crate::Plan) without what changes nothing in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The experiments that come with the program, by name.
    pub experiments: Vec<String>,
    /// Experiments of one's own: their files, as they were named.
    #[serde(default)]
    pub files: Vec<std::path::PathBuf>,
    /// The version: `"quick"`, `"default"`, `"thorough"`.
    pub size: crate::Size,
    /// How many seeds, where that was said.
    #[serde(default)]
    pub seeds: Option<usize>,
    /// Whether tuning tried every rate on every seed.
    #[serde(default)]
    pub exhaustive: bool,
    /// The seed that all others are counted from.
    pub base_seed: u64,
}

/// What one experiment asks and what it ran, in words, for the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExperimentNote {
    /// The experiment's name, as on the command line: `"normalization"`, `"batch-size"`.
    pub experiment: String,
    /// The question it answers, one sentence.
    pub question: String,
    /// What was run: network, optimizer, arms, budgets, target. One paragraph of plain text.
    pub method: String,
}

/// One data set in numbers and words, for the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetNote {
    /// The experiment that used it so: another may train on fewer of its samples. Empty in files that do not say.
    #[serde(default)]
    pub experiment: String,
    /// The data set's name, as in the claims: `"wine"`.
    pub dataset: String,
    /// Samples in all parts together.
    pub samples: usize,
    /// Samples in the training part.
    pub training_samples: usize,
    /// Input features.
    pub features: usize,
    /// What is predicted, in words: `"3 classes"`, `"sound pressure in dB"`.
    pub target: String,
    /// Where the data come from, with the licence.
    pub source: String,
    /// A hash of all samples, in hexadecimal: other data have another. Empty in files that do not say, and of data that were
    /// made for one measurement.
    #[serde(default)]
    pub fingerprint: String,
}

/// The answer to one claim, on one data set, under one budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimResult {
    /// The claim's name, such as `standardize-speeds-training`.
    pub id: String,
    /// The claim in words, as the textbook puts it.
    #[serde(default)]
    pub claim: String,
    /// The experiment that tested it.
    #[serde(default)]
    pub experiment: String,
    /// The data set it was tested on.
    pub dataset: String,
    /// What was held equal: `"epochs"`, `"updates"`, `"seconds"`, `"until target"`.
    pub budget: String,
    /// The verdict, computed from `effect` and `hypothesis` alone. In the file: `verdict`, a
    /// lower-case word, and beside it `more_seeds` when it is `inconclusive`.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The size of the difference, with its interval.
    pub effect: Effect,
    /// What the interval was held against: the claim's direction, and the margin inside which a
    /// difference does not count.
    pub hypothesis: Hypothesis,
    /// The verdict's p-value, by [`Comparison::p_value`]; `None` of an inconclusive one, and in files that do not say.
    #[serde(with = "number::finite", default)]
    pub p: Option<f64>,
    /// Pairs of runs behind the effect: runs of both arms with the same seed.
    pub pairs: usize,
    /// Pairs in which at least one run never reached the target or diverged. They count as
    /// "at least", and are never dropped.
    pub censored: usize,
    /// One sentence with the numbers in words: "Standardized inputs reach the loss of 0.21 in 9.3
    /// times fewer updates (6.1 to 14.2)."
    pub statement: String,
}

/// The size of a difference between two arms, with the interval that it lies in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The estimate. `None` (`null`) when the pairs say nothing about it: in each of them both
    /// runs missed the target.
    #[serde(with = "number::finite")]
    pub estimate: Option<f64>,
    /// The interval's lower end; negative infinity (`null`) when nothing bounds it.
    #[serde(with = "number::open_below")]
    pub low: f64,
    /// The interval's upper end; infinity (`null`) when nothing bounds it.
    #[serde(with = "number::open_above")]
    pub high: f64,
    /// What the numbers are, in full: `"ratio of updates, raw / standardized"`.
    pub unit: String,
    /// How to read the estimate: as a value, or as a bound because of censored runs.
    #[serde(default)]
    pub bound: Bound,
    /// Whether the numbers are ratios, where no effect is 1, or differences, where it is 0.
    pub scale: Scale,
    /// How sure the interval is: 0.95 covers the truth in 95 of 100 repetitions.
    pub confidence: f64,
    /// The lower end of a second interval, by the bias-corrected and accelerated bootstrap, which assumes no distribution
    /// and is too narrow for few pairs. `None` with censored runs, and with fewer than two pairs. No verdict rests on it.
    #[serde(with = "number::finite", default)]
    pub bootstrap_low: Option<f64>,
    /// Its upper end.
    #[serde(with = "number::finite", default)]
    pub bootstrap_high: Option<f64>,
}

impl Effect {
    /// The effect of a comparison, with its unit in words.
    pub fn new(comparison: &Comparison, unit: impl Into<String>) -> Self {
        let interval = comparison.interval;
        let second = comparison.bootstrap();
        Self {
            estimate: interval.estimate,
            low: interval.low,
            high: interval.high,
            unit: unit.into(),
            bound: comparison.bound,
            scale: interval.scale,
            confidence: interval.confidence,
            bootstrap_low: second.map(|second| second.low),
            bootstrap_high: second.map(|second| second.high),
        }
    }
}

impl ClaimResult {
    /// Whether the runs bear the claim out: `Some(true)` when it is supported, or a claim of
    /// sameness and found equivalent; `Some(false)` when it is refuted, or there is no difference
    /// that counts where the claim says there is one; `None` when the runs cannot tell.
    pub fn holds(&self) -> Option<bool> {
        match self.verdict {
            Verdict::Supported => Some(true),
            Verdict::Refuted => Some(false),
            Verdict::Equivalent => Some(self.hypothesis.direction() == Direction::Same),
            Verdict::Inconclusive { .. } => None,
        }
    }
}

/// One arm of an experiment on one data set: its settings, how its learning rate was found, and
/// what its runs gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmResult {
    /// The experiment it belongs to.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The arm's name, the same on every data set: `"standardized"`, `"batch 32"`.
    pub arm: String,
    /// How the inputs were scaled: `"none"`, `"standard"`, `"min-max"`.
    pub scaler: String,
    /// Samples in one update: a number, or `"full"` for the whole training part.
    pub batch_size: String,
    /// The loss that the runs had to reach, the same for all arms of the experiment on this data
    /// set; `None` when no target was set.
    #[serde(with = "number::finite", default)]
    pub target_loss: Option<f64>,
    /// What the curves and the target measure: `"training loss"`, with a unit where it has one.
    pub loss_name: String,
    /// Every learning rate that was tried, in ascending order for each budget.
    pub tuning: Vec<TuningPoint>,
    /// What the runs gave, one entry a budget, with the learning rate chosen for it.
    pub budgets: Vec<BudgetSummary>,
    /// The curves of the loss, one for each budget that was recorded. A picture against updates
    /// takes the curve of the budget `"updates"`, and so on, or the first if there is none.
    pub curves: Vec<Curve>,
}

/// One learning rate that was tried while tuning an arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TuningPoint {
    /// The budget that it was tried under.
    pub budget: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// The median of the validation loss over the tuning runs; `None` when it diverged.
    #[serde(with = "number::finite")]
    pub validation_loss: Option<f64>,
    /// How many tuning runs it had: fewer than there are tuning seeds where it was clear by then that it would not be chosen. 0
    /// in files that do not say.
    #[serde(default)]
    pub runs: usize,
    /// Whether training diverged with this rate in at least half of its tuning runs.
    pub diverged: bool,
    /// Whether this is the rate that the arm's runs used.
    pub chosen: bool,
    /// Whether it was chosen although it is the lowest or highest of those tried: a better one may lie beyond.
    #[serde(default)]
    pub at_the_edge: bool,
    /// Whether it was chosen although no rate learned: none gave a validation loss below that of a constant prediction.
    #[serde(default)]
    pub nothing_learned: bool,
}

/// What the runs of one arm gave under one budget.
///
/// Medians are over all runs, a diverged one counting as infinite and a censored one as longer
/// than any other. A median that falls on such a run is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BudgetSummary {
    /// What was held equal.
    pub budget: String,
    /// The learning rate chosen for this budget, on seeds that these runs do not use.
    pub learning_rate: f64,
    /// How many runs.
    pub runs: usize,
    /// How many of them reached the target.
    pub reached: usize,
    /// How many of them diverged.
    pub diverged: usize,
    /// Median training loss at the end.
    #[serde(with = "number::finite")]
    pub training_loss: Option<f64>,
    /// Median validation loss at the end.
    #[serde(with = "number::finite")]
    pub validation_loss: Option<f64>,
    /// Median test loss at the end.
    #[serde(with = "number::finite")]
    pub test_loss: Option<f64>,
    /// The name of `metric`, such as `"accuracy"`, measured on the test part.
    pub metric_name: String,
    /// Median test metric at the end.
    #[serde(with = "number::finite")]
    pub metric: Option<f64>,
    /// Median of the epochs after which the validation loss was least; `None` where that was not looked for.
    #[serde(with = "number::finite", default)]
    pub best_epoch: Option<f64>,
    /// Median of the updates until the target.
    #[serde(with = "number::finite")]
    pub updates_to_target: Option<f64>,
    /// Median of the samples seen until the target.
    #[serde(with = "number::finite")]
    pub samples_to_target: Option<f64>,
    /// Median of the seconds of training until the target.
    #[serde(with = "number::finite")]
    pub seconds_to_target: Option<f64>,
}

/// The loss of one arm along training, over its runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The budget that the runs were made under.
    pub budget: String,
    /// The points, in the order of training; the first is before any update.
    pub points: Vec<CurvePoint>,
}

/// One point of a [`Curve`]: the middle and the spread of the runs at one moment of training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Passes over the training part, fractions included.
    pub epoch: f64,
    /// Updates of the parameters.
    pub updates: u64,
    /// Samples seen, repetitions included.
    pub samples: u64,
    /// Median over runs of the seconds of training alone.
    #[serde(with = "number::or_zero")]
    pub seconds: f64,
    /// Median loss over runs, a diverged run counting as infinite; `None` when the median run has
    /// diverged.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
    /// The lower edge of the band over runs: the least loss, or the lower quartile of many.
    #[serde(with = "number::finite")]
    pub low: Option<f64>,
    /// The upper edge of the band; `None` when it lies at a diverged run.
    #[serde(with = "number::finite")]
    pub high: Option<f64>,
}

/// Two features of one data set, and the loss of a linear unit with two weights on them: raw, and standardized.
///
/// The unit predicts `w0 x0 + w1 x1` of the standardized target (of classes: of being in the first) and its loss is the mean
/// squared error over the training part, so that its Hessian is twice the second moment of the two inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Landscape {
    /// The data set.
    pub dataset: String,
    /// The two features' names.
    pub features: [String; 2],
    /// Some samples of the training part, raw, in the features' own units.
    pub samples: Vec<[f64; 2]>,
    /// The training part's means.
    pub mean: [f64; 2],
    /// The training part's deviations.
    pub deviation: [f64; 2],
    /// The loss over the weights, for each way of scaling.
    pub valleys: Vec<Valley>,
}

/// The loss of a linear unit over its two weights, in full: it is quadratic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Valley {
    /// How the inputs were scaled: `"raw"`, `"standardized"`.
    pub scaling: String,
    /// The weights with the least loss.
    pub minimum: [f64; 2],
    /// The Hessian's eigenvalues, the larger first.
    pub curvatures: [f64; 2],
    /// Its unit eigenvectors, in the same order.
    pub directions: [[f64; 2]; 2],
    /// The ways of descent that were gone from one start, whose loss is 1 above the least.
    pub paths: Vec<DescentPath>,
}

/// The weights along gradient descent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DescentPath {
    /// Samples in one update: a number, or `"full"`.
    pub batch_size: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// The weights before each update and after the last.
    pub weights: Vec<[f64; 2]>,
}

/// What training took of the memory, beside the data, in one way of handling so many samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryPoint {
    /// The experiment.
    #[serde(default = "built_in_memory")]
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// How the samples were handled: `"full batch, one lump"`, `"full batch, in chunks"`, `"batch 32"`.
    pub way: String,
    /// How many samples.
    pub samples: usize,
    /// The peak of the process's memory over what it was before training, in bytes: the median of some measurements.
    #[serde(with = "number::or_zero")]
    pub bytes: f64,
}

/// Something that was meant to be run or tested and was not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Omission {
    /// The experiment.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The claim that has no answer because of it; `None` where it is about an arm or a whole data set.
    pub claim: Option<String>,
    /// Why, in a word.
    pub kind: OmissionKind,
    /// What was left out and why, in a sentence.
    pub reason: String,
}

/// Why something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OmissionKind {
    /// An arm cannot be run on these data.
    Arm,
    /// A claim is not well defined under this budget.
    Budget,
    /// This system does not tell what would have to be measured.
    NotMeasurableHere,
    /// A step of the work failed.
    Failed,
}

/// One training run: a row of `runs.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The experiment it belongs to.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The arm.
    pub arm: String,
    /// The seed of split, initial parameters, order and dropout; equal seeds make a pair.
    pub seed: u64,
    /// What was held equal.
    pub budget: String,
    /// How the inputs were scaled.
    pub scaler: String,
    /// Samples in one update, or `"full"`.
    pub batch_size: String,
    /// The learning rate.
    pub learning_rate: f64,
    /// Updates made.
    pub updates: u64,
    /// Samples seen, repetitions included.
    pub samples: u64,
    /// Passes over the training part, fractions included.
    pub epochs: f64,
    /// Seconds of training alone, evaluations excluded.
    #[serde(with = "number::or_zero")]
    pub seconds: f64,
    /// Training loss at the end; empty when the run diverged.
    #[serde(with = "number::finite")]
    pub training_loss: Option<f64>,
    /// Validation loss at the end; empty when the run diverged.
    #[serde(with = "number::finite")]
    pub validation_loss: Option<f64>,
    /// Test loss at the end; empty when the run diverged.
    #[serde(with = "number::finite")]
    pub test_loss: Option<f64>,
    /// The name of `metric`, measured on the test part.
    pub metric_name: String,
    /// The test metric at the end; empty when the run diverged.
    #[serde(with = "number::finite")]
    pub metric: Option<f64>,
    /// Epochs after which the validation loss was least; empty when it never was finite.
    #[serde(with = "number::finite", default)]
    pub best_epoch: Option<f64>,
    /// The loss to reach; empty when none was set.
    #[serde(with = "number::finite")]
    pub target_loss: Option<f64>,
    /// Whether the target was reached. When it was not, the time to the target is "at least" the
    /// `updates`, `samples` and `seconds` of this row.
    pub reached_target: bool,
    /// Updates until the target; empty when it was not reached.
    #[serde(with = "number::finite")]
    pub updates_to_target: Option<f64>,
    /// Samples until the target; empty when it was not reached.
    #[serde(with = "number::finite")]
    pub samples_to_target: Option<f64>,
    /// Seconds of training until the target; empty when it was not reached.
    #[serde(with = "number::finite")]
    pub seconds_to_target: Option<f64>,
    /// Whether the run was stopped because the loss was no longer finite, or exploded.
    pub diverged: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_first_layout_still_loads() {
        // Written by version 0.1.0. Never change the file; a new layout gets a file of its own.
        let results: Results =
            serde_json::from_str(include_str!("results/results-1.json")).expect("results");
        assert_eq!(results.schema_version, 1);
        let claim = &results.claims[0];
        assert_eq!(
            (claim.verdict, claim.effect.high),
            (Verdict::Supported, f64::INFINITY)
        );
        assert_eq!((claim.effect.bound, claim.censored), (Bound::AtLeast, 3));
        assert!(results.claims.iter().any(|claim| {
            matches!(
                claim.verdict,
                Verdict::Inconclusive {
                    more_seeds: Some(169)
                }
            )
        }));
        // What later versions added is empty.
        assert!(results.omissions.is_empty() && results.datasets[0].experiment.is_empty());
        assert_eq!(results.environment.workers, 0);
        assert_eq!(claim.effect.bootstrap_low, None);
        let last = results.arms[0].curves[0].points.last().expect("a point");
        assert_eq!((last.loss, last.high), (None, None));
    }

    #[test]
    fn numbers_that_json_lacks_are_null_and_come_back_as_what_they_mean() {
        let run = RunRecord {
            training_loss: Some(f64::NAN),
            ..RunRecord::default()
        };
        let json = serde_json::to_value(&run).expect("json");
        assert!(json["training_loss"].is_null());
        let back: RunRecord = serde_json::from_value(json).expect("a run");
        assert_eq!(back.training_loss, None);
    }

    #[test]
    fn a_run_survives_the_table() {
        let run = RunRecord {
            arm: "a, \"b\"\nc".into(),
            batch_size: "full".into(),
            test_loss: Some(0.1 + 0.2),
            updates: u64::MAX,
            ..RunRecord::default()
        };
        let mut table = csv::Writer::from_writer(Vec::new());
        table.serialize(&run).expect("a row");
        let text = table.into_inner().expect("text");
        let back = csv::Reader::from_reader(text.as_slice())
            .deserialize()
            .next();
        let back: RunRecord = back.expect("a row").expect("a run");
        assert_eq!(back, run);
    }
}
