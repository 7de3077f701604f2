//! How much work an experiment will be, before it begins: for the progress bar alone.

use super::bench::{cost_of_update, samples_per_update};
use super::definition::{Axis, Case, Experiment};
use super::protocol::nominal_updates;

/// Rates that a search tries, when its guess is not far off.
const RATES: f64 = 8.0;
/// How many times its budget a final run takes on the average, the way to the target included, where there is one.
const RACE: f64 = 2.0;

/// Work of the stages of one experiment on one data set, in the units of the ledger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stages {
    /// Measuring the speed.
    pub(crate) calibration: f64,
    /// Tuning.
    pub(crate) tuning: f64,
    /// Final runs that need no clock.
    pub(crate) finals: f64,
    /// Timed runs; they count once for each thread, since the others stand idle.
    pub(crate) timed: f64,
}

impl Stages {
    /// The estimate for so many final seeds on so many threads.
    pub(crate) fn new(
        experiment: &Experiment,
        case: &Case,
        n_seeds: usize,
        threads: usize,
    ) -> Self {
        let n = case.nominal_training_samples();
        let races = case.patience > 1 && experiment.asks_for_time(case);
        let race = if races { RACE } else { 1.0 };
        let mut stages = Self {
            calibration: 0.0,
            tuning: 0.0,
            finals: 0.0,
            timed: 0.0,
        };
        for &axis in &experiment.axes {
            for arm in 0..experiment.arms.len() {
                let update = cost_of_update(case, samples_per_update(experiment, arm, n));
                let run = update * nominal_updates(experiment, case, arm, axis) as f64;
                stages.tuning += RATES * case.tuning_seeds as f64 * run;
                let finals = race * n_seeds as f64 * run;
                match axis {
                    Axis::Seconds => stages.timed += finals * threads as f64,
                    Axis::Epochs | Axis::Updates | Axis::BestEpoch => stages.finals += finals,
                }
            }
        }
        stages
    }

    /// All of it.
    pub(crate) fn total(&self) -> f64 {
        self.calibration + self.tuning + self.finals + self.timed
    }
}
