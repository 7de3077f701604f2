//! How many epochs are right.

use smallbatch_sweep::Trajectory;

use super::{Effects, Goal, Repetition, have_trained};
use crate::Error;
use crate::design::Part;

/// The right number of epochs is the fewest within this part of the least validation loss.
const NEARLY_BEST: f64 = 0.01;

impl Repetition<'_> {
    pub(super) fn right_epochs(&self, part: &Part) -> Result<Effects, Error> {
        let goal = Goal::BestEpoch;
        let [first, second] = self.sides(part, goal)?;
        let (a, b) = (self.finals(first, goal)?, self.finals(second, goal)?);
        let mut effects = Effects {
            is_fragile: self.is_fragile(first, goal)? || self.is_fragile(second, goal)?,
            has_trained: [have_trained(&a), have_trained(&b)],
            ..Effects::default()
        };
        for (a, b) in a.iter().zip(&b) {
            let ([a, is_cut_a], [b, is_cut_b]) = (right_epochs(a), right_epochs(b));
            effects.pairs.push(a - b);
            effects.n_censored += usize::from(is_cut_a + is_cut_b > 0.0);
            effects.n_censored_second += usize::from(is_cut_b > is_cut_a);
        }
        Ok(effects)
    }

    pub(super) fn right_epochs_alone(&self, part: &Part) -> Result<Effects, Error> {
        let goal = Goal::BestEpoch;
        let [way, _] = self.sides(part, goal)?;
        let runs = self.finals(way, goal)?;
        let mut effects = Effects {
            is_fragile: self.is_fragile(way, goal)?,
            has_trained: [have_trained(&runs); 2],
            ..Effects::default()
        };
        for run in &runs {
            let [epochs, is_cut] = right_epochs(run);
            effects.pairs.push(epochs);
            effects.n_censored += usize::from(is_cut > 0.0);
        }
        Ok(effects)
    }
}

/// The logarithm of the right number of epochs, and 1 where the run ends there.
fn right_epochs(run: &Trajectory) -> [f64; 2] {
    // A run whose best is before the first update still makes one.
    let least = 1.0 / run.updates_per_epoch;
    match run.right_epochs(NEARLY_BEST) {
        Some(epochs) => [epochs.max(least).ln(), 0.0],
        None => [run.epochs().max(least).ln(), 1.0],
    }
}
