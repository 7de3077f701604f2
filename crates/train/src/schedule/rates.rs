//! The rate of each update.

use std::f64::consts::PI;

use super::Schedule;
use crate::error::require_positive;
use crate::{Budget, Error};

impl Schedule {
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
    ) -> Result<LearningRates, Error> {
        require_positive(
            "learning_rate",
            base_rate,
            "a finite number above 0, such as 0.01",
        )?;
        self.validate()?;
        budget.validate()?;
        let total = || self.total(budget, updates_per_epoch);
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
        Ok(LearningRates { base_rate, curve })
    }

    /// The updates of a budget, which a schedule with an end needs to know.
    pub(crate) fn total(&self, budget: &Budget, updates_per_epoch: u64) -> Result<u64, Error> {
        budget
            .total_updates(updates_per_epoch)
            .ok_or_else(|| Error::ScheduleNeedsTotal {
                schedule: self.name(),
                budget: budget.to_string(),
            })
    }
}

/// The learning rate of each update of one training: a pure function of the update's number. See [`Schedule::rates`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRates {
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

impl LearningRates {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Period;

    fn rates(schedule: Schedule, total: u64) -> LearningRates {
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

    /// The program that stumbled: rates that rise.
    #[test]
    fn a_factor_above_one_lets_the_rate_rise() {
        let every = Period::Updates(10);
        let rising = rates(
            Schedule::Exponential {
                every,
                factor: 10.0,
            },
            100,
        );
        close(rising.at(0), 0.1);
        close(rising.at(10), 1.0);
        close(rising.at(25), 0.1 * 10.0_f64.powf(2.5));
        let stepping = rates(Schedule::Step { every, factor: 2.0 }, 100);
        close(stepping.at(9), 0.1);
        close(stepping.at(20), 0.4);
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
            "the schedule one-cycle needs to know the number of updates, but the budget 2 seconds does not fix it; use \
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
