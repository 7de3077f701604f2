//! When the losses are recorded, and over which samples.

use serde::{Deserialize, Deserializer, Serialize};
use smallbatch_base::Number;

use crate::{Error, TrainingLoss};

/// When a training is evaluated, between the evaluation before the first update and the one after the last, which
/// always happen.
///
/// ```
/// use smallbatch_train::EvaluateEvery;
///
/// // Each the one before times 1.5, rounded up: the same detail everywhere on a logarithmic axis.
/// let every = EvaluateEvery::Geometric { ratio: 1.5 };
/// let mut updates = Vec::new();
/// let mut update = 0;
/// for _ in 0..7 {
///     update = every.next_after(update, 100);
///     updates.push(update);
/// }
/// assert_eq!(updates, [1, 2, 3, 5, 8, 12, 18]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum EvaluateEvery {
    /// After each so many epochs; at least 1.
    Epochs(u64),
    /// After each so many updates; at least 1.
    Updates(u64),
    /// After updates g₁ = 1, gₖ₊₁ = max(gₖ + 1, ⌈gₖ · ratio⌉), so that curves have even detail on a logarithmic axis.
    Geometric {
        /// Between neighbours; finite and above 1, such as 1.25.
        ratio: f64,
    },
}

impl EvaluateEvery {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] for a distance of 0, or a ratio that is not finite and above 1.
    pub fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Epochs(n) => Error::require(n > 0, "evaluation.epochs", n, "at least 1"),
            Self::Updates(n) => Error::require(n > 0, "evaluation.updates", n, "at least 1"),
            Self::Geometric { ratio } => Error::require(
                ratio.is_finite() && ratio > 1.0,
                "evaluation.ratio",
                Number(ratio),
                "a finite number above 1, such as 1.25",
            ),
        }
    }

    /// The first evaluation after more than `update` updates; a pure function of that number, so that a resumed
    /// training is evaluated where the uninterrupted one is. Saturates at `u64::MAX`.
    pub fn next_after(&self, update: u64, updates_per_epoch: u64) -> u64 {
        match *self {
            Self::Epochs(epochs) => next_multiple(update, epochs.saturating_mul(updates_per_epoch)),
            Self::Updates(updates) => next_multiple(update, updates),
            Self::Geometric { ratio } => {
                let mut next = 1_u64;
                while next <= update {
                    // A float too large for u64 saturates in the cast.
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let grown = (next as f64 * ratio).ceil() as u64;
                    next = grown.max(next.saturating_add(1));
                    if next == u64::MAX {
                        break;
                    }
                }
                next
            }
        }
    }
}

/// The first multiple of `step` above `value`. A step of 0, which validation refuses, counts as 1.
fn next_multiple(value: u64, step: u64) -> u64 {
    let step = step.max(1);
    (value / step).saturating_add(1).saturating_mul(step)
}

/// When the losses are recorded, and over which samples.
///
/// An evaluation takes a forward pass over all the samples it looks at, which for a small batch size and a large
/// data set can cost more than the training between two of them. It never counts as training time. To make it cheaper,
/// limit it: the same samples are then looked at each time, the first `k` of an order drawn from the seed.
///
/// The default is after each epoch; the training loss is then the mean of the epoch's own batch losses
/// ([`TrainingLoss::Batches`]), which takes no evaluation, and the validation data, if given, is evaluated as a whole.
///
/// **Where no batch has a loss yet**, before the first update, the training loss is evaluated on at most 256 samples, also by
/// default, and the record says so.
///
/// ```
/// use smallbatch_train::{EvaluateEvery, Evaluation, TrainingLoss};
///
/// let evaluation = Evaluation::every(EvaluateEvery::Updates(500));
/// assert_eq!(evaluation.training, TrainingLoss::Batches);
/// assert_eq!(evaluation.validation_samples, None); // all of them
/// assert_eq!(evaluation.training_samples(2_000).training, TrainingLoss::Samples(2_000));
/// assert_eq!(evaluation.all_training_samples().training, TrainingLoss::All);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// When.
    pub when: EvaluateEvery,
    /// What the training loss is the mean of; more samples than there are stand for all.
    #[serde(
        alias = "training_samples",
        deserialize_with = "training_loss_or_limit"
    )]
    pub training: TrainingLoss,
    /// On how many samples of the validation data; `None`, or more than there are, for all.
    pub validation_samples: Option<usize>,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self::every(EvaluateEvery::Epochs(1))
    }
}

impl Evaluation {
    /// At these times; the training loss is that of the batches, the validation loss that of all samples.
    pub fn every(when: EvaluateEvery) -> Self {
        Self {
            when,
            training: TrainingLoss::Batches,
            validation_samples: None,
        }
    }

    /// Evaluates the training loss on all training samples.
    #[must_use]
    pub fn all_training_samples(mut self) -> Self {
        self.training = TrainingLoss::All;
        self
    }

    /// Evaluates the training loss on `n_samples` training samples, the same ones each time; at least 1.
    #[must_use]
    pub fn training_samples(mut self, n_samples: usize) -> Self {
        self.training = TrainingLoss::Samples(n_samples);
        self
    }

    /// Limits the evaluation of the validation data to `n_samples`, the same ones each time; at least 1.
    #[must_use]
    pub fn validation_samples(mut self, n_samples: usize) -> Self {
        self.validation_samples = Some(n_samples);
        self
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] for a distance or a limit of 0, or a ratio that is not finite and above 1.
    pub fn validate(&self) -> Result<(), Error> {
        self.when.validate()?;
        Error::require(
            self.training != TrainingLoss::Samples(0),
            "evaluation.training_samples",
            0,
            "at least 1",
        )?;
        Error::require(
            self.validation_samples != Some(0),
            "evaluation.validation_samples",
            0,
            "at least 1, or None for all samples",
        )
    }
}

/// Reads what is written today, and the field `training_samples` of earlier versions: a limit, or null for all samples.
fn training_loss_or_limit<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<TrainingLoss, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "what the training loss is the mean of is \"batches\", \"all\" or {\"samples\": a number}"
    )]
    enum Written {
        Limit(Option<usize>),
        Choice(TrainingLoss),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Limit(None) => TrainingLoss::All,
        Written::Limit(Some(limit)) => TrainingLoss::Samples(limit),
        Written::Choice(choice) => choice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_and_updates_are_multiples() {
        assert_eq!(EvaluateEvery::Epochs(2).next_after(0, 10), 20);
        assert_eq!(EvaluateEvery::Epochs(2).next_after(19, 10), 20);
        assert_eq!(EvaluateEvery::Epochs(2).next_after(20, 10), 40);
        assert_eq!(EvaluateEvery::Updates(7).next_after(7, 10), 14);
    }

    #[test]
    fn times_beyond_counting_saturate() {
        assert_eq!(EvaluateEvery::Epochs(u64::MAX).next_after(5, 10), u64::MAX);
        let wide = EvaluateEvery::Geometric { ratio: 1e300 };
        assert_eq!(wide.next_after(1, 10), u64::MAX);
        assert_eq!(wide.next_after(u64::MAX - 1, 10), u64::MAX);
    }

    #[test]
    fn bad_numbers_are_refused_by_name() {
        let sentence = |evaluation: Evaluation| evaluation.validate().unwrap_err().to_string();
        assert_eq!(
            sentence(Evaluation::every(EvaluateEvery::Epochs(0))),
            "`evaluation.epochs` is 0; it must be at least 1"
        );
        assert_eq!(
            sentence(Evaluation::every(EvaluateEvery::Updates(0))),
            "`evaluation.updates` is 0; it must be at least 1"
        );
        for ratio in [1.0, 0.5, f64::NAN, f64::INFINITY] {
            assert_eq!(
                sentence(Evaluation::every(EvaluateEvery::Geometric { ratio })),
                format!(
                    "`evaluation.ratio` is {ratio}; it must be a finite number above 1, such as 1.25"
                )
            );
        }
        assert_eq!(
            sentence(Evaluation::default().training_samples(0)),
            "`evaluation.training_samples` is 0; it must be at least 1"
        );
        assert_eq!(
            sentence(Evaluation::default().validation_samples(0)),
            "`evaluation.validation_samples` is 0; it must be at least 1, or None for all samples"
        );
    }

    #[test]
    fn it_reads_what_it_writes_and_what_earlier_versions_wrote() {
        let default = Evaluation::default();
        for evaluation in [
            default,
            default.all_training_samples(),
            default.training_samples(20).validation_samples(30),
        ] {
            let json = serde_json::to_string(&evaluation).unwrap();
            assert_eq!(
                serde_json::from_str::<Evaluation>(&json).unwrap(),
                evaluation
            );
        }
        let json = serde_json::to_string(&default).unwrap();
        assert_eq!(
            json,
            r#"{"when":{"epochs":1},"training":"batches","validation_samples":null}"#
        );
        let read = |training: &str| {
            let json = format!(r#"{{"when":{{"epochs":1}},{training},"validation_samples":null}}"#);
            serde_json::from_str::<Evaluation>(&json)
        };
        let earlier = read(r#""training_samples":null"#).unwrap();
        assert_eq!(earlier, default.all_training_samples());
        let earlier = read(r#""training_samples":20"#).unwrap();
        assert_eq!(earlier, default.training_samples(20));
        let error = read(r#""training":"batch""#).unwrap_err().to_string();
        assert!(
            error.starts_with("what the training loss is the mean of is \"batches\", \"all\" or "),
            "{error}"
        );
    }

    proptest::proptest! {
        /// Asking from any update between two evaluations gives the second: the times do not depend on who asks when.
        #[test]
        fn the_timetable_does_not_depend_on_where_one_asks(
            update in 0_u64..20_000, ratio in 1.01..3.0_f64, distance in 1_u64..500, per_epoch in 1_u64..50,
        ) {
            for every in [
                EvaluateEvery::Geometric { ratio },
                EvaluateEvery::Updates(distance),
                EvaluateEvery::Epochs(distance),
            ] {
                let next = every.next_after(update, per_epoch);
                proptest::prop_assert!(next > update);
                proptest::prop_assert_eq!(every.next_after(next - 1, per_epoch), next);
                proptest::prop_assert!(every.next_after(next, per_epoch) > next);
            }
        }

        #[test]
        fn geometric_times_grow_by_about_the_ratio(ratio in 1.01..3.0_f64, update in 1_000_u64..100_000) {
            let every = EvaluateEvery::Geometric { ratio };
            let first = every.next_after(update, 1);
            let second = every.next_after(first, 1);
            let grown = second as f64 / first as f64;
            proptest::prop_assert!(grown >= ratio && grown < ratio + 1e-3, "{grown} against {ratio}");
        }
    }
}
