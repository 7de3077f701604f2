//! What was trained, and on what: tables, ways of training, curves, memory.

use serde::{Deserialize, Serialize};

use super::number;

/// One table in numbers and words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetNote {
    /// Its name.
    pub table: String,
    /// Rows in all parts together.
    pub n_samples: usize,
    /// Rows that are trained on.
    pub n_training_samples: usize,
    /// Input features.
    pub n_features: usize,
    /// What is predicted: `"3 classes"`, `"a number"`.
    pub target: String,
    /// The largest feature's standard deviation over the smallest's, constant ones left out.
    #[serde(with = "number::or_zero")]
    pub deviation_ratio: f64,
    /// The condition number of the raw inputs' covariance.
    #[serde(with = "number::or_zero")]
    pub condition_number: f64,
    /// Units of every layer.
    pub network: Vec<usize>,
    /// Where the data come from, with the licence.
    pub source: String,
    /// A hash of all samples, in hexadecimal.
    pub fingerprint: String,
}

/// One way of training on one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WayNote {
    /// Its name, the same on every table: `"standardized"`, `"full batch"`.
    pub way: String,
    /// The table.
    pub table: String,
    /// How the inputs were scaled.
    pub scaling: String,
    /// Samples in one update: a number, or `"full"`.
    pub batch_size: String,
    /// The optimizer.
    pub optimizer: String,
    /// The rate chosen in each repetition, for the loss at the end of the budget.
    #[serde(with = "number::list")]
    pub rates: Vec<f64>,
    /// Whether it was fragile in most repetitions.
    pub fragile: bool,
    /// Seconds of processor time for an update, the median over repetitions; `None` where no time was asked for.
    #[serde(with = "number::finite", default)]
    pub seconds_per_update: Option<f64>,
    /// The rates that were tried, over all repetitions, in ascending order.
    pub tuning: Vec<TuningPoint>,
    /// The loss along training of the final runs.
    pub curve: Vec<CurvePoint>,
}

/// One learning rate that was tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TuningPoint {
    /// The rate.
    pub learning_rate: f64,
    /// The geometric mean of the training loss at the end over repetitions and tuning seeds, relative to always predicting the mean (or
    /// the class frequencies); `None` where a run diverged.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
    /// In how many repetitions it was chosen.
    pub n_chosen: usize,
}

/// One point of a curve: the middle and the spread of the final runs at one moment of training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Updates of the parameters.
    pub updates: u64,
    /// Passes over the training part.
    pub epochs: f64,
    /// Seconds of training, by the seconds of an update; `None` where no time was asked for.
    #[serde(with = "number::finite", default)]
    pub seconds: Option<f64>,
    /// The median training loss, relative to always predicting the mean (or the class frequencies); `None` at a run that diverged.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
    /// The lower quartile.
    #[serde(with = "number::finite")]
    pub low: Option<f64>,
    /// The upper quartile.
    #[serde(with = "number::finite")]
    pub high: Option<f64>,
    /// The median validation loss, on the same scale.
    #[serde(with = "number::finite")]
    pub validation_loss: Option<f64>,
}

/// What training took of the memory, beside the data, in one way of handling so many samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryPoint {
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
