//! What one training run left behind: its loss along training.

use serde::{Deserialize, Serialize};

/// How much of the way to the least validation loss counts as nearly all of it.
const NEARLY_ALL: f64 = 0.99;

/// The losses at one moment of training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    /// Updates made so far; 0 before training.
    pub(crate) updates: u64,
    /// Samples seen so far, repetitions included.
    pub(crate) samples: u64,
    /// Passes over the training part, fractions included.
    pub(crate) epoch: f64,
    /// Seconds of training alone.
    pub(crate) seconds: f64,
    /// Mean loss over the measured training samples.
    pub(crate) training_loss: f64,
    /// Mean loss over the measured validation samples.
    pub(crate) validation_loss: f64,
    /// What the model gave on the test part at this moment, where that was recorded.
    pub(crate) test: Option<TestMeasures>,
}

/// What the trained model gives on the test part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TestMeasures {
    /// Mean loss.
    pub(crate) loss: f64,
    /// Accuracy, or the coefficient of determination R² where numbers are predicted.
    pub(crate) metric: f64,
}

/// One training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trajectory {
    /// The records, in the order of training; the first is before any update.
    pub(crate) points: Vec<Point>,
    /// Whether the loss left the finite numbers, or exploded.
    pub(crate) diverged: bool,
    /// Measured at the end; `None` when it diverged.
    pub(crate) test: Option<TestMeasures>,
    /// The same, for each of the other ways to scale the test part.
    pub(crate) other_tests: Vec<TestMeasures>,
}

/// The moment at which a run reached a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reached {
    /// Updates until then; a fraction, since it lies between two evaluations.
    pub(crate) updates: f64,
    /// Samples seen until then.
    pub(crate) samples: f64,
    /// Seconds of training until then.
    pub(crate) seconds: f64,
}

impl Trajectory {
    /// The last record.
    pub(crate) fn last(&self) -> Option<&Point> {
        self.points.last()
    }

    /// Validation loss at the end: infinite for a run that diverged.
    pub(crate) fn final_validation_loss(&self) -> f64 {
        match self.last() {
            Some(point) if !self.diverged && point.validation_loss.is_finite() => {
                point.validation_loss
            }
            _ => f64::INFINITY,
        }
    }

    /// The record with the least validation loss. A run that diverged later still had it.
    pub(crate) fn best(&self) -> Option<&Point> {
        self.points
            .iter()
            .filter(|point| point.validation_loss.is_finite())
            .min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss))
    }

    /// The least validation loss along training; infinite when there is none.
    pub(crate) fn best_validation_loss(&self) -> f64 {
        self.best()
            .map_or(f64::INFINITY, |point| point.validation_loss)
    }

    /// The fewest epochs that give nearly all: after which the validation loss has come [`NEARLY_ALL`] of the way from
    /// that of a constant prediction, `naive`, to its least. Linear between two records. `None` where that is the last
    /// record, so that longer training would give more; 0 for a run that never does better than the constant.
    ///
    /// The least loss itself would not do: where the loss is flat, its place is chance.
    pub(crate) fn right_epochs(&self, naive: f64) -> Option<f64> {
        let best = self.best_validation_loss();
        if best >= naive {
            return Some(0.0);
        }
        let enough = naive - NEARLY_ALL * (naive - best);
        let position = self
            .points
            .iter()
            .position(|point| point.validation_loss <= enough)?;
        let after = &self.points[position];
        let Some(before) = position.checked_sub(1).map(|before| &self.points[before]) else {
            return Some(0.0);
        };
        if position + 1 == self.points.len() {
            return None;
        }
        let along =
            (before.validation_loss - enough) / (before.validation_loss - after.validation_loss);
        Some(before.epoch + along.clamp(0.0, 1.0) * (after.epoch - before.epoch))
    }

    /// Training loss after `updates`, interpolated between the two records around it; the last one's after the end.
    /// Infinite for a run that diverged.
    pub(crate) fn training_loss_at(&self, updates: f64) -> f64 {
        if self.diverged {
            return f64::INFINITY;
        }
        let after = self
            .points
            .partition_point(|point| (point.updates as f64) < updates);
        match (
            after.checked_sub(1).map(|before| &self.points[before]),
            self.points.get(after),
        ) {
            (Some(before), Some(after)) => {
                let (from, to) = (before.updates as f64, after.updates as f64);
                let along = (updates - from) / (to - from);
                before.training_loss + along * (after.training_loss - before.training_loss)
            }
            (None, Some(point)) | (Some(point), None) => point.training_loss,
            (None, None) => f64::INFINITY,
        }
    }

    /// The first moment at which the training loss is at or below `target`; `None` if it never is.
    ///
    /// Between two evaluations the logarithm of the loss is taken to be linear in the updates, so that the answer does
    /// not jump from one evaluation to the next. A run that diverged later has still reached what it reached.
    pub(crate) fn reached(&self, target: f64) -> Option<Reached> {
        let position = self
            .points
            .iter()
            .position(|point| point.training_loss <= target)?;
        let after = &self.points[position];
        let Some(before) = position.checked_sub(1).map(|before| &self.points[before]) else {
            return Some(Reached {
                updates: 0.0,
                samples: 0.0,
                seconds: 0.0,
            });
        };
        let along = (before.training_loss / target).ln()
            / (before.training_loss / after.training_loss).ln();
        // A loss of zero has no logarithm: then the later evaluation counts.
        let along = if after.training_loss > 0.0 && along.is_finite() {
            along.clamp(0.0, 1.0)
        } else {
            1.0
        };
        let between = |from: f64, to: f64| from + along * (to - from);
        Some(Reached {
            updates: between(before.updates as f64, after.updates as f64),
            samples: between(before.samples as f64, after.samples as f64),
            seconds: between(before.seconds, after.seconds),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run of one sample and 0.5 seconds an update with the given training losses.
    pub(crate) fn run(losses: &[(u64, f64)]) -> Trajectory {
        Trajectory {
            points: losses
                .iter()
                .map(|&(updates, loss)| Point {
                    updates,
                    samples: updates,
                    epoch: updates as f64,
                    seconds: updates as f64 / 2.0,
                    training_loss: loss,
                    validation_loss: loss,
                    test: None,
                })
                .collect(),
            diverged: false,
            test: None,
            other_tests: Vec::new(),
        }
    }

    #[test]
    fn a_target_between_two_records_is_interpolated_on_the_logarithm() {
        let run = run(&[(0, 8.0), (10, 2.0), (20, 0.5)]);
        let reached = run.reached(1.0).unwrap();
        assert!((reached.updates - 15.0).abs() < 1e-12, "{reached:?}");
        assert!((reached.seconds - 7.5).abs() < 1e-12, "{reached:?}");
        assert_eq!(run.reached(0.4), None);
        assert_eq!(run.reached(8.0).unwrap().updates, 0.0);
        assert_eq!(run.reached(0.5).unwrap().updates, 20.0);
    }

    #[test]
    fn a_loss_of_zero_is_reached_at_its_record() {
        assert_eq!(
            run(&[(0, 1.0), (4, 0.0)]).reached(0.1).unwrap().updates,
            4.0
        );
    }

    #[test]
    fn the_best_is_where_the_validation_loss_is_least() {
        let mut run = run(&[(0, 8.0), (10, 2.0), (20, 3.0), (30, f64::NAN)]);
        assert_eq!(run.best().unwrap().updates, 10);
        run.diverged = true;
        assert_eq!(run.best_validation_loss(), 2.0);
        run.points.clear();
        assert_eq!(run.best_validation_loss(), f64::INFINITY);
    }

    #[test]
    fn the_right_epochs_give_nearly_all_there_is() {
        // From 1.0 down to 0.0 and up again: 99 % of the way is at 0.01, nine tenths between 0.1 and 0.0.
        let overfitted = run(&[(0, 1.5), (10, 0.1), (20, 0.0), (30, 0.5)]);
        assert!((overfitted.right_epochs(1.0).unwrap() - 19.0).abs() < 1e-12);
        let falling = run(&[(0, 1.5), (10, 0.5), (20, 0.2)]);
        assert_eq!(falling.right_epochs(1.0), None);
        // Flat at the end: what more training would give does not count.
        let flat = run(&[(0, 1.0), (10, 0.5), (20, 0.1999), (30, 0.1998)]);
        assert!((10.0..20.0).contains(&flat.right_epochs(1.0).unwrap()));
        let useless = run(&[(0, 1.5), (10, 1.2), (20, 1.1)]);
        assert_eq!(useless.right_epochs(1.0), Some(0.0));
    }

    #[test]
    fn losses_are_read_between_records_and_held_after_the_end() {
        let mut run = run(&[(0, 4.0), (10, 2.0)]);
        assert_eq!(run.training_loss_at(0.0), 4.0);
        assert_eq!(run.training_loss_at(5.0), 3.0);
        assert_eq!(run.training_loss_at(99.0), 2.0);
        run.diverged = true;
        assert_eq!(run.training_loss_at(5.0), f64::INFINITY);
        assert_eq!(run.final_validation_loss(), f64::INFINITY);
    }
}
