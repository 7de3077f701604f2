//! Experiments as data: arms that differ in one thing, the data to run them on, the claims to test.

use smallbatch_data::BatchSize;
use smallbatch_preprocess::AnyScaler;

use super::cases::Case;
use super::plan::ExperimentName;
use crate::statistics::Direction;

/// One experiment: everything that decides what is run and what is computed from it.
#[derive(Clone, Debug)]
pub(crate) struct Experiment {
    /// Its name.
    pub(crate) name: ExperimentName,
    /// What it asks, one sentence.
    pub(crate) question: &'static str,
    /// How the arms and budgets were chosen, in sentences, for the report.
    pub(crate) method: &'static str,
    /// The arms, which differ in one thing.
    pub(crate) arms: Vec<Arm>,
    /// The arm that the budgets and the target are set by: an index into `arms`.
    pub(crate) reference: usize,
    /// What is held equal. The first is the one on whose tuning runs the target is set, and is never `Seconds`.
    pub(crate) axes: Vec<Axis>,
    /// The data sets and their budgets.
    pub(crate) cases: Vec<Case>,
    /// The claims.
    pub(crate) claims: Vec<Claim>,
}

/// One way of training.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// Its name, the same on every data set.
    pub(crate) name: &'static str,
    /// How the inputs are scaled.
    pub(crate) scaler: AnyScaler,
    /// The scaler in a word, for tables.
    pub(crate) scaler_name: &'static str,
    /// Samples in one update.
    pub(crate) batch_size: BatchSize,
}

/// What is held equal when arms are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Axis {
    /// Passes over the training part.
    Epochs,
    /// Updates of the parameters.
    Updates,
    /// Seconds of training, on runs that have the machine to themselves.
    Seconds,
}

impl Axis {
    /// The name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::Updates => "updates",
            Self::Seconds => "seconds",
        }
    }
}

/// A statement about two arms, and how it is measured.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// Its name in the results.
    pub(crate) id: &'static str,
    /// The claim in words.
    pub(crate) text: &'static str,
    /// What is compared. The effect is first against second.
    pub(crate) measure: Measure,
    /// The first arm's name.
    pub(crate) first: &'static str,
    /// The second arm's name.
    pub(crate) second: &'static str,
    /// Which way the claim says that the effect goes.
    pub(crate) direction: Direction,
    /// The size of an effect that does not count, as in [`crate::statistics::Hypothesis`].
    pub(crate) margin: f64,
    /// On which of the experiment's data sets it is well defined.
    pub(crate) data: Applies,
}

/// What a claim compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The ratio of the training losses at the end of the budget. A loss above that of the best constant prediction
    /// counts as that one.
    FinalLossRatio,
    /// The difference of the training losses at the end of the budget, in units of the loss of the best constant
    /// prediction: 1 is all that there is to learn.
    FinalLossDifference,
    /// The ratio of what it took to reach the target: epochs, updates or seconds, whichever is the budget.
    TimeToTarget,
}

/// On which data sets a claim is well defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    /// On all.
    Everywhere,
    /// Where the inputs are measured in units so different that their spreads lie a factor of 100 or more apart.
    MismatchedScales,
    /// Where a sample has enough features that their mean and deviation leave something over: normalizing two
    /// numbers by their own mean and deviation gives (1, -1) or (-1, 1), whatever they were.
    ManyFeatures,
}

impl Experiment {
    /// The position of the arm of that name.
    pub(crate) fn arm(&self, name: &str) -> Option<usize> {
        self.arms.iter().position(|arm| arm.name == name)
    }
}
