//! A data set's samples as a batch of the network, borrowed as they are stored.

use smallbatch_data::{BatchTarget, StoredFeatures};
use smallbatch_mlp::{Batch, Targets};

use crate::Scalar;

/// All samples, with their features read and scaled by the passes themselves.
pub(crate) fn network_batch<'a, T: Scalar>(
    features: StoredFeatures<'a, T>,
    target: &BatchTarget<'a, T>,
) -> Batch<'a, T> {
    let targets = match *target {
        BatchTarget::Labels(labels) => Targets::Labels(labels),
        BatchTarget::Values(values) => Targets::Values(values),
    };
    Batch::of_stored(features, targets)
}
