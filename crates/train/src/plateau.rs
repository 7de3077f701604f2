//! The state of the schedule that reduces the rate on a plateau: the one schedule that looks at losses.

use serde::{Deserialize, Serialize};

use crate::Schedule;
use crate::early_stopping::Lowest;

/// How far [`Schedule::ReduceOnPlateau`] has come. With any other schedule its multiplier stays at 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plateau {
    lowest: Lowest,
    multiplier: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            lowest: Lowest::default(),
            multiplier: 1.0,
        }
    }
}

impl Plateau {
    /// What the rate is multiplied by from here on.
    #[inline]
    pub(crate) fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// Whether a training with this schedule can have come here.
    pub(crate) fn is_of(&self, schedule: &Schedule) -> bool {
        match schedule {
            Schedule::ReduceOnPlateau { .. } => {
                self.multiplier.is_finite() && self.multiplier > 0.0
            }
            _ => *self == Self::default(),
        }
    }

    /// Takes the watched loss of one more evaluation.
    pub(crate) fn observe(&mut self, schedule: &Schedule, loss: f64) {
        let Schedule::ReduceOnPlateau {
            factor,
            patience,
            min_delta,
            floor,
        } = *schedule
        else {
            return;
        };
        self.lowest.observe(loss, min_delta);
        if self.lowest.since() >= patience {
            self.multiplier = (self.multiplier * factor).max(floor);
            self.lowest.start_over();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_once_a_plateau_and_not_below_the_floor() {
        let schedule = Schedule::ReduceOnPlateau {
            factor: 0.5,
            patience: 2,
            min_delta: 0.0,
            floor: 0.2,
        };
        let mut plateau = Plateau::default();
        let losses = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8];
        let multipliers: Vec<f64> = losses
            .iter()
            .map(|&loss| {
                plateau.observe(&schedule, loss);
                plateau.multiplier()
            })
            .collect();
        assert_eq!(
            multipliers,
            [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]
        );
    }

    #[test]
    fn other_schedules_do_not_look() {
        let mut plateau = Plateau::default();
        for _ in 0..100 {
            plateau.observe(&Schedule::Constant, 1.0);
        }
        assert_eq!(plateau, Plateau::default());
    }
}
