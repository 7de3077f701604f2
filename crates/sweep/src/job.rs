//! A training as a value: everything that decides it.

use serde::{Deserialize, Serialize};
use smallbatch_data::BatchSize;

use crate::rates::rate;

/// One training on a table. Its result is a pure function of this and of the table's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Which rows are trained on.
    pub part: JobSplit,
    /// How the inputs are scaled.
    pub scaling: JobScaling,
    /// Units of the hidden layers.
    pub hidden: Vec<usize>,
    /// How the parameters follow from the gradients.
    pub optimizer: JobOptimizer,
    /// Samples in one update: all of the training part where that has fewer.
    pub batch: BatchSize,
    /// The constant learning rate, 10^(step/4): see [`rate`]. Without meaning for [`JobOptimizer::LBfgs`].
    pub rate_step: i32,
    /// The seed of initial weights and order.
    pub seed: u64,
    /// How long.
    pub n_updates: u64,
    /// The trained network is also tested with the test rows scaled by their own statistics, in batches of these sizes.
    pub tests: Vec<usize>,
}

/// Which rows of a table are trained on, validated on and tested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobSplit {
    /// The seed of the split.
    pub split: u64,
    /// Of a table with more rows than this, so many are drawn by the seed before they are split, about. `None` takes all.
    pub rows: Option<usize>,
}

/// The share of the rows that is trained on. The rest is shared by validation and test.
const TRAINING: f64 = 0.6;

impl JobSplit {
    /// The shares of training, validation and test.
    pub(crate) const SHARES: [f64; 3] = [TRAINING, (1.0 - TRAINING) / 2.0, (1.0 - TRAINING) / 2.0];

    /// How many of a table's rows are trained on, nearly.
    ///
    /// ```
    /// use smallbatch_sweep::JobSplit;
    ///
    /// assert_eq!(JobSplit { split: 7, rows: Some(500) }.n_training_samples(10_000), 300);
    /// ```
    pub fn n_training_samples(&self, n_rows: usize) -> usize {
        let n_rows = self.rows.map_or(n_rows, |rows| rows.min(n_rows));
        (n_rows as f64 * TRAINING) as usize
    }
}

/// How the inputs are scaled. All statistics are of the training part, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobScaling {
    /// As they are.
    Raw,
    /// As they are, but the network begins at the same function as a network on standardized inputs: the scaling is folded into
    /// the first layer's initial weights. So it differs from `Standardized` by its conditioning alone.
    RawSameStart,
    /// Each feature less its mean.
    Centred,
    /// Each feature less its mean, divided by its standard deviation.
    Standardized,
    /// All features divided by one number, the root of their mean square.
    Global,
    /// Each feature to the range from 0 to 1.
    MinMax,
    /// Each feature less its median, divided by its interquartile range.
    Robust,
    /// Each feature to a normal distribution.
    Quantile,
    /// Each sample less the mean of its own features, divided by their deviation.
    PerSample,
    /// As `Standardized`, with the statistics of all rows, those of the test part included: a leak.
    Leaked,
}

/// How the parameters follow from the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobOptimizer {
    /// Plain gradient descent.
    Sgd,
    /// Gradient descent with a momentum of 0.9.
    Momentum,
    /// Adam with the usual settings.
    Adam,
    /// Limited-memory BFGS with a line search, on the full batch. It has no learning rate; an update is one evaluation of the full
    /// gradient, those of the line search included.
    LBfgs,
}

impl Job {
    /// The learning rate.
    pub fn learning_rate(&self) -> f64 {
        rate(self.rate_step)
    }

    /// In a few words, for messages.
    pub(crate) fn words(&self) -> String {
        format!(
            "{:?} inputs, {:?}, {:?}, rate {}",
            self.scaling,
            self.batch,
            self.optimizer,
            self.learning_rate()
        )
        .to_lowercase()
    }
}
