//! How good predictions are, beside the loss: plain functions of predictions, targets and, if wanted, weights.
//!
//! A sample is a column. Predictions of classes have one row a class, such as what
//! [`Mlp::predict`](smallbatch_mlp::Mlp::predict) gives; of two classes, a single row with the probability of class 1 will
//! do. Everything is accumulated in `f64`. With weights wᵢ, a mean over samples is Σ wᵢ·mᵢ / Σ wᵢ; a weight of 2 counts as
//! the sample given twice.
//!
//! ```
//! use nalgebra::dmatrix;
//! use smallbatch_train::metrics;
//!
//! // Three samples, two classes; the second sample is taken for the wrong one.
//! let probabilities = dmatrix![0.9, 0.6, 0.2; 0.1, 0.4, 0.8];
//! let labels = [0, 1, 1];
//! assert_eq!(metrics::accuracy(&probabilities, &labels, None)?, 2.0 / 3.0);
//! assert_eq!(metrics::balanced_accuracy(&probabilities, &labels, None)?, 0.75);
//! assert_eq!(metrics::roc_auc(&probabilities, &labels, None)?, 1.0);
//! # Ok::<(), smallbatch_train::Error>(())
//! ```
//!
//! A [`Record`](crate::Record) holds the loss and the metrics that cost nothing beside it. Any other can be followed from
//! evaluation to evaluation with a [`Session`](crate::Session), as here on the validation data:
//!
//! ```
//! # use smallbatch_data::{BatchSize, Splitter, builtin};
//! # use smallbatch_mlp::MlpSpec;
//! # use smallbatch_preprocess::StandardScaler;
//! use smallbatch_train::{Budget, Silent, Trainer, metrics};
//! # let split = Splitter::new(1).fractions(0.6, 0.2, 0.2).stratified().split(&builtin::wine()?)?;
//! # let (split, _scaler) = split.scaled_by(&StandardScaler::default())?;
//!
//! let (training, validation) = (split.train(), split.validation());
//! let labels = validation.target().labels().ok_or("wine has classes")?;
//! let trainer = Trainer::new(MlpSpec::new([13, 8, 3])).batch_size(BatchSize::Mini(16)).budget(Budget::Epochs(3));
//!
//! let mut areas = Vec::new();
//! let mut session = trainer.start(training, Some(validation))?;
//! while session.advance(&mut Silent)?.is_none() {
//!     let probabilities = session.model().predict(validation.features().as_view())?;
//!     areas.push(metrics::roc_auc(probabilities.as_view(), labels, None)?);
//! }
//! assert_eq!(areas.len(), 3); // before training, and after the first two epochs; the third ends the loop
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod classes;
mod confusion;
mod curve;
mod numbers;

pub(crate) use classes::fraction_right;
pub use classes::{accuracy, balanced_accuracy, log_loss, macro_f1};
pub use confusion::{ConfusionMatrix, argmax};
pub use curve::roc_auc;
pub(crate) use numbers::rmse_and_r2;
pub use numbers::{mae, r2, rmse};

use crate::{Error, Scalar};

/// The sample weights of a metric, checked: as many as samples, finite, not negative, not all zero.
struct Weights<'a, T> {
    values: Option<&'a [T]>,
    total: f64,
}

impl<'a, T: Scalar> Weights<'a, T> {
    fn new(metric: &'static str, values: Option<&'a [T]>, n_samples: usize) -> Result<Self, Error> {
        if n_samples == 0 {
            return Err(Error::MetricOfNothing { metric });
        }
        let Some(weights) = values else {
            return Ok(Self {
                values: None,
                total: n_samples as f64,
            });
        };
        check_length(metric, "the number of weights", n_samples, weights.len())?;
        let mut total = 0.0;
        for (sample, &weight) in weights.iter().enumerate() {
            let value = weight.to_f64();
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::MetricValue {
                    metric,
                    what: "the weight",
                    sample,
                    value,
                    range: "finite and not negative",
                });
            }
            total += value;
        }
        if total == 0.0 {
            return Err(Error::MetricWeight { metric });
        }
        Ok(Self { values, total })
    }

    /// The first sample that weighs something.
    fn first(&self) -> usize {
        let weighs = |weight: &T| *weight > T::zero();
        let first = self
            .values
            .and_then(|values| values.iter().position(weighs));
        first.unwrap_or(0)
    }

    fn of(&self, sample: usize) -> f64 {
        self.values.map_or(1.0, |weights| weights[sample].to_f64())
    }

    /// Σ wᵢ·mᵢ / Σ wᵢ.
    fn mean(&self, values: impl Iterator<Item = f64>) -> f64 {
        values
            .enumerate()
            .map(|(sample, value)| self.of(sample) * value)
            .sum::<f64>()
            / self.total
    }
}

fn check_length(
    metric: &'static str,
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::MetricShape {
        metric,
        what,
        expected,
        found,
    })
}
