//! What one training left behind: its losses along the way.

use serde::{Deserialize, Serialize};

use crate::prepared::Constant;

/// The losses at one moment of a training.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Updates made.
    pub updates: u64,
    /// Over all rows of the training part.
    pub training_loss: f64,
    /// Over the validation part.
    pub validation_loss: f64,
    /// Over the test part.
    pub test_loss: f64,
}

/// A training from its first point, before any update, to its last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// In the order of training.
    pub points: Vec<Point>,
    /// Whether it was stopped because the loss was no longer finite, or exploded. The points end before that.
    pub diverged: bool,
    /// The test loss at the end with test data scaled by their own statistics, one for each of the job's batch sizes.
    pub own_tests: Vec<f64>,
    /// What always predicting the mean (or the class frequencies) gives.
    pub constant: Constant,
    /// Updates in one pass over the training part.
    pub updates_per_epoch: f64,
}

impl Trajectory {
    /// The training loss at the end; infinite of a run that diverged.
    pub fn final_training_loss(&self) -> f64 {
        self.points
            .last()
            .filter(|_| !self.diverged)
            .map_or(f64::INFINITY, |point| finite(point.training_loss))
    }

    /// The training loss after so many updates, interpolated between two points on the logarithm of the loss; of a run that ended
    /// before, its last; infinite of one that diverged.
    pub fn training_loss_at(&self, updates: u64) -> f64 {
        let after = self.points.partition_point(|point| point.updates < updates);
        let Some(to) = self.points.get(after) else {
            return self.final_training_loss();
        };
        let Some(from) = after.checked_sub(1).map(|before| &self.points[before]) else {
            return finite(to.training_loss);
        };
        let along = (updates - from.updates) as f64 / (to.updates - from.updates) as f64;
        geometric(from.training_loss, to.training_loss, along)
    }

    /// The point with the least validation loss; `None` where none is finite.
    pub fn best(&self) -> Option<&Point> {
        self.points
            .iter()
            .filter(|point| point.validation_loss.is_finite())
            .min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss))
    }

    /// The least validation loss; infinite where none is finite.
    pub fn best_validation_loss(&self) -> f64 {
        self.best()
            .map_or(f64::INFINITY, |point| point.validation_loss)
    }

    /// After how many updates the training loss first was at or below `target`, interpolated between two points on the logarithm
    /// of the loss; `None` where it never was.
    pub fn updates_to(&self, target: f64) -> Option<f64> {
        self.first(|point| point.training_loss, target)
    }

    /// The fewest epochs after which the validation loss is within this part of its least value: 0.01 for one per cent. `None`
    /// where the run ends there, so that more might have been right.
    pub fn right_epochs(&self, within: f64) -> Option<f64> {
        let best = self.best()?;
        let last = self.points.last()?;
        let updates = self.first(
            |point| point.validation_loss,
            best.validation_loss * (1.0 + within),
        )?;
        (best.updates < last.updates).then(|| updates / self.updates_per_epoch)
    }

    /// Epochs of the whole run.
    pub fn epochs(&self) -> f64 {
        self.points
            .last()
            .map_or(0.0, |point| point.updates as f64 / self.updates_per_epoch)
    }

    fn first(&self, loss: impl Fn(&Point) -> f64, target: f64) -> Option<f64> {
        let position = self.points.iter().position(|point| loss(point) <= target)?;
        let to = &self.points[position];
        let Some(from) = position.checked_sub(1).map(|before| &self.points[before]) else {
            return Some(0.0);
        };
        let along = (loss(from) / target).ln() / (loss(from) / loss(to)).ln();
        // A loss of zero has no logarithm: then the later point counts.
        let along = if loss(to) > 0.0 && along.is_finite() {
            along.clamp(0.0, 1.0)
        } else {
            1.0
        };
        Some(from.updates as f64 + along * (to.updates - from.updates) as f64)
    }
}

fn finite(loss: f64) -> f64 {
    if loss.is_nan() { f64::INFINITY } else { loss }
}

fn geometric(from: f64, to: f64, along: f64) -> f64 {
    if from > 0.0 && to > 0.0 && from.is_finite() && to.is_finite() {
        (from.ln() + along * (to / from).ln()).exp()
    } else {
        finite(to)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A run with these losses after so many updates, ten of which are an epoch.
    pub(crate) fn run(losses: &[(u64, f64)]) -> Trajectory {
        let point = |&(updates, loss): &(u64, f64)| Point {
            updates,
            training_loss: loss,
            validation_loss: loss,
            test_loss: loss,
        };
        Trajectory {
            points: losses.iter().map(point).collect(),
            diverged: false,
            own_tests: Vec::new(),
            constant: Constant {
                training: 1.0,
                validation: 1.0,
                test: 1.0,
            },
            updates_per_epoch: 10.0,
        }
    }

    #[test]
    fn a_target_between_two_points_is_interpolated_on_the_logarithm() {
        let run = run(&[(0, 8.0), (10, 2.0), (20, 0.5)]);
        assert!((run.updates_to(1.0).unwrap() - 15.0).abs() < 1e-12);
        assert_eq!(run.updates_to(0.4), None);
        assert_eq!(run.updates_to(8.0), Some(0.0));
        assert!((run.updates_to(0.5).unwrap() - 20.0).abs() < 1e-12);
    }

    #[test]
    fn a_loss_of_zero_is_reached_at_its_point() {
        let run = run(&[(0, 1.0), (4, 0.0)]);
        assert_eq!(run.updates_to(0.1), Some(4.0));
        assert_eq!(run.training_loss_at(2), 0.0);
    }

    #[test]
    fn the_loss_at_an_update_and_the_time_to_that_loss_agree() {
        let run = run(&[(0, 4.0), (10, 2.0), (14, 1.0)]);
        for updates in 0..=14 {
            let loss = run.training_loss_at(updates);
            let back = run.updates_to(loss).unwrap();
            assert!((back - updates as f64).abs() < 1e-9, "{updates}: {back}");
        }
        assert_eq!(run.training_loss_at(99), 1.0);
    }

    #[test]
    fn a_run_that_diverged_has_no_final_loss_but_its_best() {
        let mut run = run(&[(0, 8.0), (10, 2.0), (20, 3.0)]);
        run.diverged = true;
        assert_eq!(run.final_training_loss(), f64::INFINITY);
        assert_eq!(run.training_loss_at(30), f64::INFINITY);
        assert_eq!(run.best().unwrap().updates, 10);
        assert_eq!(run.best_validation_loss(), 2.0);
    }

    #[test]
    fn the_right_epochs_are_the_fewest_near_the_best() {
        // 1.01 lies between 2 after 10 updates and 1 after 20: nearly two epochs.
        let overfitted = run(&[(0, 8.0), (10, 2.0), (20, 1.0), (30, 3.0)]);
        let right = overfitted.right_epochs(0.01).unwrap();
        assert!(right > 1.9 && right < 2.0, "{right}");
        let falling = run(&[(0, 8.0), (10, 2.0), (20, 1.0)]);
        assert_eq!(falling.right_epochs(0.01), None);
        assert_eq!(falling.epochs(), 2.0);
    }
}
