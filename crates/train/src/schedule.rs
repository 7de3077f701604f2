//! The learning rate over the course of training.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::error::require_positive;
use crate::{Budget, Error, Period};

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
/// `Cosine` and `OneCycle` need N, so they need a [`Budget`] of epochs or updates;
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
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// Always the base rate.
    #[default]
    Constant,
    /// Multiplied by `factor` after each `every`.
    Step {
        /// Between two steps.
        every: Period,
        /// In (0, 1].
        factor: f64,
    },
    /// Decays evenly, by `factor` for each `every`.
    Exponential {
        /// In which the rate changes by `factor`.
        every: Period,
        /// In (0, 1].
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
    /// Multiplied by `factor` when the watched loss no longer falls. It watches the validation loss, or the training
    /// loss when there is no validation data, at each evaluation.
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
                    factor > 0.0 && factor <= 1.0,
                    "schedule.factor",
                    factor,
                    "above 0 and at most 1",
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
                    rise,
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
                    factor,
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

    /// The rates of a training of this budget, with `updates_per_epoch` updates in an epoch.
    ///
    /// Of [`ReduceOnPlateau`](Schedule::ReduceOnPlateau), whose rates depend on the losses to come, it gives those
    /// without any plateau.
    ///
    /// # Errors
    /// - [`Error::Setting`]: the base rate or a number of the schedule or of the budget is outside its range.
    /// - [`Error::ScheduleNeedsTotal`]: the schedule needs the number of updates and the budget does not say it.
    /// - [`Error::WarmUpTooLong`]: nothing is left after the warm-up.
    pub fn rates(
        &self,
        base_rate: f64,
        budget: &Budget,
        updates_per_epoch: u64,
    ) -> Result<Rates, Error> {
        require_positive(
            "learning_rate",
            base_rate,
            "a finite number above 0, such as 0.01",
        )?;
        self.validate()?;
        budget.validate()?;
        let total = || {
            budget
                .total_updates(updates_per_epoch)
                .ok_or_else(|| Error::ScheduleNeedsTotal {
                    schedule: self.name(),
                    budget: budget.to_string(),
                })
        };
        let curve = match *self {
            Self::Constant | Self::ReduceOnPlateau { .. } => Curve::Constant,
            Self::Step { every, factor } => Curve::Step {
                every: every.updates(updates_per_epoch),
                factor,
            },
            Self::Exponential { every, factor } => Curve::Exponential {
                every: every.updates(updates_per_epoch) as f64,
                factor,
            },
            Self::Cosine { warm_up, floor } => {
                let total = total()?;
                let warm_up = warm_up.updates(updates_per_epoch);
                if warm_up >= total {
                    return Err(Error::WarmUpTooLong { warm_up, total });
                }
                Curve::Cosine {
                    warm_up,
                    total,
                    floor,
                }
            }
            Self::OneCycle {
                rise,
                start_divisor,
                end_divisor,
            } => {
                let total = total()? as f64;
                Curve::OneCycle {
                    // With one or two updates there is nothing to rise in: the peak then stands at the start.
                    peak: (rise * total - 1.0).max(0.0),
                    end: total - 1.0,
                    first: 1.0 / start_divisor,
                    last: 1.0 / (start_divisor * end_divisor),
                }
            }
        };
        Ok(Rates { base_rate, curve })
    }
}

/// The learning rate of each update of one training: a pure function of the update's number. See [`Schedule::rates`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    base_rate: f64,
    curve: Curve,
}

/// A schedule with every length in updates, as a multiple of the base rate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Curve {
    Constant,
    Step {
        every: u64,
        factor: f64,
    },
    Exponential {
        every: f64,
        factor: f64,
    },
    Cosine {
        warm_up: u64,
        total: u64,
        floor: f64,
    },
    OneCycle {
        peak: f64,
        end: f64,
        first: f64,
        last: f64,
    },
}

impl Rates {
    /// The learning rate of update `t`, counted from 0. Past the end of the budget it stays at the last rate.
    #[inline]
    pub fn at(&self, t: u64) -> f64 {
        self.base_rate * self.curve.at(t)
    }
}

impl Curve {
    #[inline]
    fn at(&self, t: u64) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::Step { every, factor } => factor.powf((t / every) as f64),
            Self::Exponential { every, factor } => factor.powf(t as f64 / every),
            Self::Cosine {
                warm_up,
                total,
                floor,
            } => {
                if t < warm_up {
                    (t + 1) as f64 / warm_up as f64
                } else {
                    half_cosine(1.0, floor, (t - warm_up) as f64 / (total - warm_up) as f64)
                }
            }
            Self::OneCycle {
                peak,
                end,
                first,
                last,
            } => {
                let t = t as f64;
                if t < peak {
                    half_cosine(first, 1.0, t / peak)
                } else if end > peak {
                    half_cosine(1.0, last, (t - peak) / (end - peak))
                } else {
                    1.0
                }
            }
        }
    }
}

/// From `start` at 0 to `end` at 1 along half a cosine, and `end` from there on.
fn half_cosine(start: f64, end: f64, position: f64) -> f64 {
    end + (start - end) * 0.5 * (1.0 + (PI * position.min(1.0)).cos())
}

fn require_fraction(name: &'static str, value: f64) -> Result<(), Error> {
    Error::require(
        (0.0..=1.0).contains(&value),
        name,
        value,
        "at least 0 and at most 1",
    )
}

fn require_divisor(name: &'static str, value: f64) -> Result<(), Error> {
    Error::require(
        value.is_finite() && value >= 1.0,
        name,
        value,
        "a finite number, at least 1",
    )
}

pub(crate) fn require_min_delta(name: &'static str, value: f64) -> Result<(), Error> {
    Error::require(
        value.is_finite() && value >= 0.0,
        name,
        value,
        "a finite number, at least 0",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: Schedule, total: u64) -> Rates {
        schedule.rates(0.1, &Budget::Updates(total), 10).unwrap()
    }

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-15 + 1e-14 * expected.abs(),
            "{found} != {expected}"
        );
    }

    #[test]
    fn constant_is_constant_to_the_bit() {
        let rates = rates(Schedule::Constant, 5);
        for t in 0..10 {
            assert_eq!(rates.at(t), 0.1);
        }
    }

    #[test]
    fn steps_happen_exactly_after_each_period() {
        let schedule = Schedule::Step {
            every: Period::Epochs(2),
            factor: 0.5,
        };
        let rates = rates(schedule, 100);
        for (t, expected) in [(0, 0.1), (19, 0.1), (20, 0.05), (39, 0.05), (40, 0.025)] {
            close(rates.at(t), expected);
        }
    }

    #[test]
    fn exponential_is_even_on_a_log_axis() {
        let schedule = Schedule::Exponential {
            every: Period::Updates(4),
            factor: 0.25,
        };
        let rates = rates(schedule, 100);
        close(rates.at(0), 0.1);
        close(rates.at(2), 0.05);
        close(rates.at(4), 0.025);
        close(rates.at(8), 0.1 / 16.0);
    }

    #[test]
    fn cosine_warms_up_peaks_and_ends_at_the_floor() {
        let schedule = Schedule::Cosine {
            warm_up: Period::Updates(4),
            floor: 0.1,
        };
        let rates = rates(schedule, 24);
        close(rates.at(0), 0.025);
        close(rates.at(3), 0.1);
        close(rates.at(4), 0.1);
        close(rates.at(14), 0.1 * (0.1 + 0.9 * 0.5));
        close(rates.at(9), 0.1 * (0.1 + 0.45 * (1.0 + (PI / 4.0).cos())));
        close(rates.at(24), 0.01);
        close(rates.at(1_000), 0.01);
    }

    #[test]
    fn cosine_without_warm_up_starts_at_the_base_rate() {
        let rates = rates(Schedule::cosine(Period::Updates(0)), 10);
        assert_eq!(rates.at(0), 0.1);
        close(rates.at(5), 0.05);
    }

    /// Values by the published formula, of `OneCycleLR(max_lr=0.1, total_steps=10)`: 10 steps, peak at
    /// 0.3 * 10 - 1 = 2, from 0.1/25 to 0.1/25e4.
    #[test]
    fn one_cycle_agrees_with_its_published_form() {
        let rates = rates(Schedule::one_cycle(), 10);
        close(rates.at(0), 0.004);
        close(rates.at(1), 0.052);
        close(rates.at(2), 0.1);
        close(rates.at(9), 4e-7);
        let middle = 4e-7 + (0.1 - 4e-7) / 2.0 * ((PI * 3.0 / 7.0).cos() + 1.0);
        close(rates.at(5), middle);
    }

    #[test]
    fn one_cycle_of_one_update_is_finite() {
        assert_eq!(rates(Schedule::one_cycle(), 1).at(0), 0.1);
        assert!(rates(Schedule::one_cycle(), 2).at(1).is_finite());
    }

    #[test]
    fn schedules_that_need_a_total_say_so() {
        for schedule in [Schedule::cosine(Period::Epochs(1)), Schedule::one_cycle()] {
            for budget in [
                Budget::Seconds(1.0),
                Budget::until_training_loss(0.1, Budget::Epochs(5)),
            ] {
                let error = schedule.rates(0.1, &budget, 10).unwrap_err();
                assert!(matches!(error, Error::ScheduleNeedsTotal { .. }));
            }
        }
        let error = Schedule::one_cycle()
            .rates(0.1, &Budget::Seconds(2.0), 10)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the schedule one-cycle needs to know the number of updates, but the budget 2 seconds does not say it; use \
             a budget of epochs or updates, or a schedule that needs no total (constant, step, exponential, reduce on \
             plateau)"
        );
    }

    #[test]
    fn a_warm_up_longer_than_training_is_refused() {
        let error = Schedule::cosine(Period::Epochs(3))
            .rates(0.1, &Budget::Epochs(3), 10)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the schedule warms up for 30 updates, but the budget has only 30; warm up for fewer than that"
        );
    }

    #[test]
    fn bad_rates_are_refused() {
        for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            let error = Schedule::Constant
                .rates(rate, &Budget::Epochs(1), 1)
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "`learning_rate` is {rate}; it must be a finite number above 0, such as 0.01"
                )
            );
        }
    }

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

    proptest::proptest! {
        /// No schedule ever gives a rate that is negative, above the base rate, or not a number.
        #[test]
        fn rates_stay_between_zero_and_the_base_rate(
            t in 0_u64..5_000, total in 1_u64..5_000, warm_up in 0_u64..5_000, rise in 0.01..0.99_f64, factor in 0.01..1.0_f64,
        ) {
            let warm_up = Period::Updates(warm_up % total);
            let every = Period::Updates(1 + total / 3);
            for schedule in [
                Schedule::cosine(warm_up),
                Schedule::OneCycle { rise, start_divisor: 25.0, end_divisor: 1e4 },
                Schedule::Step { every, factor },
                Schedule::Exponential { every, factor },
            ] {
                let rate = rates(schedule, total).at(t);
                proptest::prop_assert!((0.0..=0.1 * (1.0 + 1e-15)).contains(&rate), "{schedule:?}: {rate}");
            }
        }
    }
}
