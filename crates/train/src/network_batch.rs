//! A data set's samples as a batch of the network, borrowed as they are stored.

use smallbatch_data::{BatchTarget, StoredFeatures, StoredValues};
use smallbatch_mlp::{Batch, InputScaling, Targets};

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
    let batch = match features.values {
        StoredValues::Numbers(numbers) => Batch::new(numbers, targets),
        StoredValues::Bytes(bytes) => Batch::of_bytes(bytes, targets),
    };
    match features.scaling {
        None => batch,
        Some(by) => batch.scaled(InputScaling {
            shift: &by.shift,
            rest: &by.rest,
            scale: &by.scale,
        }),
    }
}
