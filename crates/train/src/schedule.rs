//! The learning rate over the course of training.

mod rates;

use serde::{Deserialize, Serialize};
use smallbatch_base::Number;

pub use rates::LearningRates;

use crate::{Error, Period};

/// How the learning rate changes while training goes on.
///
/// Every schedule but the last is a pure function of the update's number t = 0, 1, 2, … (and some of the total number
/// of updates N), times the base rate η of [`Trainer::learning_rate`](crate::Trainer::learning_rate):
///
/// | schedule | rate of update t |
/// |---|---|
/// | `Constant` | η |
/// | `Step` | η · factor^⌊t / every⌋ |
/// | `Exponential` | η · factor^(t / every) |
/// | `Cosine` | η (t + 1) / w during the warm-up of w updates, then η (floor + (1 - floor) (1 + cos(π (t - w) / (N - w))) / 2) |
/// | `OneCycle` | from η / start_divisor up to η at t = rise·N - 1, then down to η / (start_divisor · end_divisor) at t = N - 1, both ways along half a cosine (as PyTorch's `OneCycleLR`) |
/// | `ReduceOnPlateau` | η times factor once for each plateau met so far, never below η · floor |
///
/// A rate that follows from what happens in the training, or from a curve of one's own, comes from an
/// [`Observer`](crate::Observer::learning_rate).
///
/// `Cosine` and `OneCycle` need N, so they need a [`Budget`](crate::Budget) of epochs or updates;
/// with any other it is an error.
///
/// ```
/// use smallbatch_train::{Budget, Period, Schedule};
///
/// let schedule = Schedule::Step { every: Period::Epochs(10), factor: 0.1 };
/// let rates = schedule.rates(0.5, &Budget::Epochs(30), 100)?;
/// assert_eq!(rates.at(999), 0.5);
/// assert!((rates.at(1_000) - 0.05).abs() < 1e-15);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Schedule {
    /// Always the base rate.
    #[default]
    Constant,
    /// Multiplied by `factor` after each `every`.
    Step {
        /// Between two steps.
        every: Period,
        /// Finite and above 0; above 1 the rate rises.
        factor: f64,
    },
    /// Changes evenly, by `factor` for each `every`.
    Exponential {
        /// In which the rate changes by `factor`.
        every: Period,
        /// Finite and above 0; above 1 the rate rises.
        factor: f64,
    },
    /// Rises linearly, then falls along half a cosine until the end of the budget.
    Cosine {
        /// The length of the rise; `Period::Updates(0)` for none. Shorter than the budget.
        warm_up: Period,
        /// The rate at the end as a fraction of the base rate, in [0, 1].
        floor: f64,
    },
    /// One rise from a low rate to the base rate and one fall to almost nothing (Smith & Topin 2018).
    OneCycle {
        /// The fraction of all updates in which the rate rises, in (0, 1).
        rise: f64,
        /// The base rate is this many times the rate of the first update; at least 1.
        start_divisor: f64,
        /// The first rate is this many times the last; at least 1.
        end_divisor: f64,
    },
    /// Multiplied by `factor` when the watched loss no longer falls. It watches the validation loss, or the recorded training
    /// loss when there is no validation data, at each evaluation. Where that is the [loss of batches](crate::TrainingLoss), the
    /// one before the first update is left out, because it is not.
    ReduceOnPlateau {
        /// In (0, 1).
        factor: f64,
        /// After this many evaluations in a row without a new lowest loss; at least 1.
        patience: u64,
        /// A loss counts as lower when it is lower by more than this; at least 0.
        min_delta: f64,
        /// The lowest rate, as a fraction of the base rate, in [0, 1].
        floor: f64,
    },
}

impl Schedule {
    /// Half a cosine down to 0, after a linear warm-up.
    pub fn cosine(warm_up: Period) -> Self {
        Self::Cosine {
            warm_up,
            floor: 0.0,
        }
    }

    /// One cycle with PyTorch's defaults: rise 0.3, start divisor 25, end divisor 10,000.
    pub fn one_cycle() -> Self {
        Self::OneCycle {
            rise: 0.3,
            start_divisor: 25.0,
            end_divisor: 1e4,
        }
    }

    /// A tenth of the rate after `patience` evaluations without a lower loss; any fall counts, and there is no floor.
    pub fn reduce_on_plateau(patience: u64) -> Self {
        Self::ReduceOnPlateau {
            factor: 0.1,
            patience,
            min_delta: 0.0,
            floor: 0.0,
        }
    }

    /// Its name, as in sentences and file formats.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Step { .. } => "step",
            Self::Exponential { .. } => "exponential",
            Self::Cosine { .. } => "cosine",
            Self::OneCycle { .. } => "one-cycle",
            Self::ReduceOnPlateau { .. } => "reduce on plateau",
        }
    }

    /// Checks every number of the schedule.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the first number outside its range.
    pub fn validate(&self) -> Result<(), Error> {
        match *self {
            Self::Constant => Ok(()),
            Self::Step { every, factor } | Self::Exponential { every, factor } => {
                every.require_positive("schedule.every")?;
                Error::require(
                    factor > 0.0 && factor.is_finite(),
                    "schedule.factor",
                    Number(factor),
                    "a finite number above 0",
                )
            }
            Self::Cosine { floor, .. } => require_fraction("schedule.floor", floor),
            Self::OneCycle {
                rise,
                start_divisor,
                end_divisor,
            } => {
                Error::require(
                    rise > 0.0 && rise < 1.0,
                    "schedule.rise",
                    Number(rise),
                    "between 0 and 1, both excluded",
                )?;
                require_divisor("schedule.start_divisor", start_divisor)?;
                require_divisor("schedule.end_divisor", end_divisor)
            }
            Self::ReduceOnPlateau {
                factor,
                patience,
                min_delta,
                floor,
            } => {
                Error::require(
                    factor > 0.0 && factor < 1.0,
                    "schedule.factor",
                    Number(factor),
                    "between 0 and 1, both excluded",
                )?;
                Error::require(
                    patience > 0,
                    "schedule.patience",
                    patience,
                    "at least 1 evaluation",
                )?;
                require_min_delta("schedule.min_delta", min_delta)?;
                require_fraction("schedule.floor", floor)
            }
        }
    }
}

/// In a few words: "times 0.1 every 10 epochs".
impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Constant | Self::OneCycle { .. } => f.write_str(self.name()),
            Self::Step { every, factor } => write!(f, "times {} every {every}", Number(*factor)),
            Self::Exponential { every, factor } => {
                write!(f, "evenly times {} every {every}", Number(*factor))
            }
            Self::Cosine { warm_up, .. } => match warm_up {
                Period::Epochs(0) | Period::Updates(0) => f.write_str("cosine"),
                _ => write!(f, "cosine after {warm_up} of warm-up"),
            },
            Self::ReduceOnPlateau {
                factor, patience, ..
            } => {
                let plural = if *patience == 1 { "" } else { "s" };
                write!(
                    f,
                    "times {} after {patience} evaluation{plural} without a lower loss",
                    Number(*factor)
                )
            }
        }
    }
}

fn require_fraction(name: &'static str, value: f64) -> Result<(), Error> {
    Error::require(
        (0.0..=1.0).contains(&value),
        name,
        Number(value),
        "at least 0 and at most 1",
    )
}

fn require_divisor(name: &'static str, value: f64) -> Result<(), Error> {
    Error::require(
        value.is_finite() && value >= 1.0,
        name,
        Number(value),
        "a finite number, at least 1",
    )
}

pub(crate) fn require_min_delta(name: &'static str, value: f64) -> Result<(), Error> {
    Error::require(
        value.is_finite() && value >= 0.0,
        name,
        Number(value),
        "a finite number, at least 0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_numbers_are_refused_by_name() {
        let every = Period::Epochs(1);
        let bad = [
            (
                Schedule::Step {
                    every: Period::Updates(0),
                    factor: 0.5,
                },
                "`schedule.every` is 0 updates",
            ),
            (
                Schedule::Exponential { every, factor: 0.0 },
                "`schedule.factor` is 0;",
            ),
            (
                Schedule::Step {
                    every,
                    factor: f64::NAN,
                },
                "`schedule.factor` is NaN;",
            ),
            (
                Schedule::Cosine {
                    warm_up: every,
                    floor: 1.5,
                },
                "`schedule.floor` is 1.5;",
            ),
            (
                Schedule::OneCycle {
                    rise: 1.0,
                    start_divisor: 25.0,
                    end_divisor: 1e4,
                },
                "`schedule.rise` is 1;",
            ),
            (
                Schedule::OneCycle {
                    rise: 0.5,
                    start_divisor: 0.5,
                    end_divisor: 1e4,
                },
                "`schedule.start_divisor` is 0.5;",
            ),
            (
                Schedule::OneCycle {
                    rise: 0.5,
                    start_divisor: 25.0,
                    end_divisor: f64::INFINITY,
                },
                "`schedule.end_divisor` is inf;",
            ),
            (
                Schedule::reduce_on_plateau(0),
                "`schedule.patience` is 0; it must be at least 1 evaluation",
            ),
            (
                Schedule::ReduceOnPlateau {
                    factor: 0.5,
                    patience: 1,
                    min_delta: -1.0,
                    floor: 0.0,
                },
                "`schedule.min_delta` is -1;",
            ),
        ];
        for (schedule, start) in bad {
            let sentence = schedule.validate().unwrap_err().to_string();
            assert!(sentence.starts_with(start), "{sentence}");
        }
    }

    #[test]
    fn a_schedule_survives_json() {
        for schedule in [
            Schedule::Constant,
            Schedule::one_cycle(),
            Schedule::reduce_on_plateau(3),
            Schedule::cosine(Period::Epochs(2)),
        ] {
            let json = serde_json::to_string(&schedule).unwrap();
            assert_eq!(
                serde_json::from_str::<Schedule>(&json).unwrap(),
                schedule,
                "{json}"
            );
        }
    }
}
