//! Experiments as data: arms that differ in one thing, the data to run them on, the claims to test.

use std::sync::Arc;

use serde::Deserialize;
use smallbatch_data::BatchSize;
use smallbatch_mlp::{Loss, MlpSpec};
use smallbatch_preprocess::AnyScaler;

use super::memory::MemoryStudy;
use super::sources::Source;
use super::why::WhyStudy;
use crate::statistics::Direction;

/// What a file defines.
#[derive(Clone, Debug)]
pub(crate) enum Definition {
    /// Trainings that are compared.
    Comparison(Experiment),
    /// The memory of training.
    Memory(MemoryStudy),
    /// Curvature, noise and cost.
    Why(WhyStudy),
}

impl Definition {
    /// The experiment's name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Comparison(experiment) => &experiment.name,
            Self::Memory(study) => &study.name,
            Self::Why(study) => &study.name,
        }
    }
}

/// One comparison of trainings: everything that decides what is run and what is computed from it.
#[derive(Clone, Debug)]
pub(crate) struct Experiment {
    /// Its name.
    pub(crate) name: String,
    /// What it asks, one sentence.
    pub(crate) question: String,
    /// How the arms and budgets were chosen, in sentences, for the report.
    pub(crate) method: String,
    /// How many seeds the verdicts rest on, where the plan does not say; `None` for the plan's own.
    pub(crate) seeds: Option<usize>,
    /// The arms, which differ in one thing.
    pub(crate) arms: Vec<Arm>,
    /// The arm that the budgets and the target are set by: an index into `arms`.
    pub(crate) reference: usize,
    /// Other ways to scale the test part of an arm.
    pub(crate) tests: Vec<Test>,
    /// What is held equal. The first is the one on whose tuning runs the target is set, and is never `Seconds`.
    pub(crate) axes: Vec<Axis>,
    /// The data sets and their budgets.
    pub(crate) cases: Vec<Case>,
    /// The claims about two arms on one data set.
    pub(crate) claims: Vec<Claim>,
    /// The claims about one arm on several data sets.
    pub(crate) across: Vec<AcrossClaim>,
}

/// One way of training.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// Its name, the same on every data set.
    pub(crate) name: String,
    /// How the inputs are scaled.
    pub(crate) scaler: AnyScaler,
    /// The scaler in a word, for tables.
    pub(crate) scaler_name: String,
    /// On which samples the scaler is fitted.
    pub(crate) statistics: Statistics,
    /// Samples in one update.
    pub(crate) batch_size: BatchSize,
    /// How the parameters follow from the gradients.
    pub(crate) optimizer: Optimizer,
}

/// How an arm goes from gradients to parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Optimizer {
    /// Plain gradient descent.
    #[default]
    Sgd,
    /// Gradient descent with a momentum of 0.9.
    Momentum,
    /// Limited-memory BFGS with a line search, on the full batch: it has no learning rate. An update is one evaluation of the
    /// full gradient, those of the line search included.
    LBfgs,
}

/// On which samples a scaler is fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum Statistics {
    /// The training part.
    #[default]
    #[serde(rename = "training part")]
    TrainingPart,
    /// All samples, those of the test part included: a leak.
    #[serde(rename = "all data")]
    AllData,
}

/// The test part of an arm, scaled by its own statistics: those of test batches of so many samples.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// Its name.
    pub(crate) name: String,
    /// The arm whose trained networks are tested: an index.
    pub(crate) arm: usize,
    /// Samples in a test batch.
    pub(crate) batch_size: BatchSize,
}

/// What is held equal when arms are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(crate) enum Axis {
    /// Passes over the training part.
    #[serde(rename = "epochs")]
    Epochs,
    /// Updates of the parameters.
    #[serde(rename = "updates")]
    Updates,
    /// Nothing: each run counts as it was where its validation loss was least, within the budget in updates.
    #[serde(rename = "best epoch")]
    BestEpoch,
    /// Seconds of training, on runs that have the machine to themselves.
    #[serde(rename = "seconds")]
    Seconds,
}

impl Axis {
    /// The name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::Updates => "updates",
            Self::BestEpoch => "best epoch",
            Self::Seconds => "seconds",
        }
    }
}

/// One data set with the network and the budgets that it is run with.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The data.
    pub(crate) source: Arc<Source>,
    /// Units of the hidden layers.
    pub(crate) hidden: Vec<usize>,
    /// The budget in epochs. The budget in seconds is the time that the reference arm takes for it on this machine.
    pub(crate) epochs: u64,
    /// The budget in updates; `None` for as many as the reference arm makes in `epochs`. Where it is given, it is too
    /// short to aim at the target, and the time to the target is left out under updates.
    pub(crate) updates: Option<u64>,
    /// A run that has not reached the target within its budget goes on to at most this many times the budget.
    pub(crate) patience: u64,
    /// On how many samples each loss is measured, the same for all runs of a seed; `None` for all.
    pub(crate) measured: Option<usize>,
    /// How many samples are trained on; `None` for three fifths of all.
    pub(crate) training_samples: Option<usize>,
    /// How many seeds choose the learning rates.
    pub(crate) tuning_seeds: usize,
}

/// A statement about two arms, and how it is measured.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// Its name in the results.
    pub(crate) id: String,
    /// The claim in words.
    pub(crate) text: String,
    /// What is compared. The effect is first against second.
    pub(crate) measure: Measure,
    /// The first arm.
    pub(crate) first: Side,
    /// The second arm.
    pub(crate) second: Side,
    /// Which way the claim says that the effect goes.
    pub(crate) direction: Direction,
    /// The size of an effect that does not count, as in [`crate::statistics::Hypothesis`].
    pub(crate) margin: f64,
    /// On which of the experiment's data sets it is well defined.
    pub(crate) data: Applies,
    /// Under which of the experiment's budgets it is tested.
    pub(crate) axes: Vec<Axis>,
}

/// One side of a comparison: an arm, tested in its own way or in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// Its name in words.
    pub(crate) name: String,
    /// The arm, as an index.
    pub(crate) arm: usize,
    /// The way of testing, as an index into the tests of this arm.
    pub(crate) test: Option<usize>,
}

/// A statement that one arm behaves differently on different data: each data set is compared with the one where the
/// measure is least, as the tuning runs tell.
#[derive(Clone, Debug)]
pub(crate) struct AcrossClaim {
    /// Its name in the results.
    pub(crate) id: String,
    /// The claim in words.
    pub(crate) text: String,
    /// The arm, as an index.
    pub(crate) arm: usize,
    /// The size of an effect that does not count.
    pub(crate) margin: f64,
}

/// What a claim compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Measure {
    /// The ratio of the training losses at the end of the budget. A loss above that of the best constant prediction
    /// counts as at least that one.
    TrainingLossRatio,
    /// The difference of the training losses at the end of the budget, in units of the loss of the best constant
    /// prediction: 1 is all that there is to learn.
    TrainingLossDifference,
    /// The ratio of what it took to reach the target: epochs, updates or seconds, whichever is the budget.
    TimeToTarget,
    /// The ratio of the test losses at the end of the budget.
    TestLossRatio,
    /// The difference of the errors on the test part at the end of the budget: of the share of wrong answers, or of
    /// 1 - R² where numbers are predicted.
    TestErrorDifference,
    /// The ratio of the fewest epochs that give nearly all: 99 % of the way from the loss of a constant prediction to the
    /// least validation loss.
    RightEpochs,
}

impl Measure {
    /// Whether it means something when this is held equal.
    pub(crate) fn suits(self, axis: Axis) -> bool {
        match self {
            Self::TimeToTarget => axis != Axis::BestEpoch,
            Self::RightEpochs => axis == Axis::BestEpoch,
            _ => true,
        }
    }
}

/// On which data sets a claim is well defined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Applies {
    /// On all.
    #[default]
    Everywhere,
    /// Where the inputs are measured in units so different that their largest values lie a factor of 100 or more apart.
    MismatchedScales,
    /// Where a sample has enough features that their mean and deviation leave something over: normalizing two
    /// numbers by their own mean and deviation gives (1, -1) or (-1, 1), whatever they were.
    ManyFeatures,
}

impl Experiment {
    /// Whether a claim is about the time to a target on this case's data. Where none is, no target is set, and no run goes on
    /// beyond its budget.
    pub(crate) fn asks_for_time(&self, case: &Case) -> bool {
        self.claims
            .iter()
            .any(|claim| claim.measure == Measure::TimeToTarget && claim.applies(case))
    }

    /// Whether runs are looked at where their validation loss was least.
    pub(crate) fn watches_validation(&self) -> bool {
        self.axes.contains(&Axis::BestEpoch)
    }
}

impl Claim {
    /// Whether it is well defined on this case's data.
    pub(crate) fn applies(&self, case: &Case) -> bool {
        match self.data {
            Applies::Everywhere => true,
            Applies::MismatchedScales => case.source.has_mismatched_scales(),
            Applies::ManyFeatures => case.source.dataset.n_features() > 2,
        }
    }
}

impl Case {
    /// The network for this case's data.
    pub(crate) fn network(&self) -> MlpSpec {
        let spec = MlpSpec::new(self.layer_sizes());
        match self.source.dataset.target().class_counts() {
            Some(_) => spec.loss(Loss::softmax_cross_entropy()),
            None => spec.loss(Loss::MeanSquaredError),
        }
    }

    /// Units of every layer, inputs and outputs included.
    pub(crate) fn layer_sizes(&self) -> Vec<usize> {
        let dataset = &self.source.dataset;
        let mut sizes = vec![dataset.n_features()];
        sizes.extend_from_slice(&self.hidden);
        sizes.push(dataset.n_outputs());
        sizes
    }

    /// The parts of the samples for training, validation and test.
    pub(crate) fn fractions(&self) -> [f64; 3] {
        match self.training_samples {
            None => [0.6, 0.2, 0.2],
            Some(samples) => {
                let share = samples as f64 / self.source.dataset.n_samples() as f64;
                // What is not trained on makes the other parts larger, and their losses more certain.
                [share, (1.0 - share) / 2.0, (1.0 - share) / 2.0]
            }
        }
    }

    /// Samples of the training part, nearly: for estimates alone.
    pub(crate) fn nominal_training_samples(&self) -> usize {
        (self.source.dataset.n_samples() as f64 * self.fractions()[0]) as usize
    }
}
