//! What can be compared.

use serde::Deserialize;

/// What is compared. All are ratios; their logarithms are averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Measure {
    /// The training loss after equal updates.
    TrainingLoss,
    /// The test loss after equal updates.
    TestLoss,
    /// Updates to a target.
    UpdatesToTarget,
    /// Processor time to a target.
    SecondsToTarget,
    /// The test loss with the test rows scaled by their own statistics, over that with the training part's. Of one way.
    OwnStatistics,
    /// The test loss at the epoch with the least validation loss of a long training.
    BestTestLoss,
    /// The training loss, and one per cent of a constant's, after a long training.
    Destination,
    /// The fewest epochs within one per cent of the least validation loss.
    RightEpochs,
    /// The same of one way, by how much it varies between tables.
    RightEpochsBetweenTables,
    /// Samples to a target: updates times the samples of a batch.
    SamplesToTarget,
    /// The largest eigenvalue of the training loss's Hessian at the initial weights.
    LargestCurvature,
    /// The same at the epoch with the least validation loss of a long training.
    Sharpness,
    /// The gradient's noise scale after half of a short training of the first way, over the samples of a batch of the second.
    NoiseScale,
}

impl Measure {
    /// The name in the results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TrainingLoss => "training loss",
            Self::TestLoss => "test loss",
            Self::UpdatesToTarget => "updates to the target",
            Self::SecondsToTarget => "seconds to the target",
            Self::OwnStatistics => "test loss",
            Self::BestTestLoss => "test loss at the best epoch",
            Self::Destination => "training loss + 1 % of the constant loss",
            Self::RightEpochs => "right number of epochs",
            Self::RightEpochsBetweenTables => "right number of epochs, from table to table",
            Self::SamplesToTarget => "samples to the target",
            Self::LargestCurvature => "largest curvature of the training loss",
            Self::Sharpness => "largest curvature of the training loss at the best epoch",
            Self::NoiseScale => "noise scale of the gradient",
        }
    }

    /// What is held equal.
    pub(crate) fn budget(self) -> &'static str {
        match self {
            Self::TrainingLoss | Self::TestLoss | Self::OwnStatistics => "equal updates",
            Self::UpdatesToTarget | Self::SecondsToTarget | Self::SamplesToTarget => "equal loss",
            Self::BestTestLoss
            | Self::RightEpochs
            | Self::RightEpochsBetweenTables
            | Self::Sharpness => "each at its best epoch",
            Self::Destination => "long training",
            Self::LargestCurvature => "the initial weights",
            Self::NoiseScale => "half of a short training",
        }
    }

    /// Whether it is a time to a target.
    pub(crate) fn has_target(self) -> bool {
        match self {
            Self::UpdatesToTarget | Self::SecondsToTarget | Self::SamplesToTarget => true,
            Self::TrainingLoss
            | Self::TestLoss
            | Self::OwnStatistics
            | Self::BestTestLoss
            | Self::Destination
            | Self::RightEpochs
            | Self::RightEpochsBetweenTables
            | Self::LargestCurvature
            | Self::Sharpness
            | Self::NoiseScale => false,
        }
    }

    /// Whether each side is one way, since no tuning run says which of several is the best at it.
    pub(super) fn is_of_single_ways(self) -> bool {
        match self {
            Self::LargestCurvature | Self::NoiseScale => true,
            Self::TrainingLoss
            | Self::TestLoss
            | Self::UpdatesToTarget
            | Self::SecondsToTarget
            | Self::SamplesToTarget
            | Self::OwnStatistics
            | Self::BestTestLoss
            | Self::Destination
            | Self::RightEpochs
            | Self::RightEpochsBetweenTables
            | Self::Sharpness => false,
        }
    }
}
