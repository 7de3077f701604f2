//! The mean of the losses that updates compute on their way.

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchTarget, Choice};
use smallbatch_mlp::Loss;

use crate::Scalar;

/// The mean of batch losses L_b since the last record, Σ W_b · L_b / Σ W_b, where W_b is the [`total_weight`] of a batch.
///
/// It is kept as a mean and not as a sum, so that it is finite wherever the losses are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BatchLosses {
    mean: f64,
    weight: f64,
}

impl BatchLosses {
    /// Takes the loss of one more batch, of a weight above 0.
    #[inline]
    pub(crate) fn add(&mut self, loss: f64, weight: f64) {
        self.weight += weight;
        self.mean += (loss - self.mean) * (weight / self.weight);
    }

    /// Whether batches can have such a mean.
    pub(crate) fn is_sound(&self) -> bool {
        self.mean.is_finite() && self.weight.is_finite() && self.weight >= 0.0
    }

    /// None where there was no batch.
    #[inline]
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.weight > 0.0).then_some(self.mean)
    }
}

/// What the mean loss of a batch is divided by: Σ wᵢ over its samples, wᵢ the product of the sample's weight and of its
/// class's, each 1 where there are none.
#[inline]
pub(crate) fn total_weight<T: Scalar>(loss: &Loss, batch: &Choice<'_, T>) -> f64 {
    match (batch.weights, loss.class_weights(), &batch.target) {
        (None, Some(classes), BatchTarget::Labels(labels)) => {
            labels.iter().map(|&label| classes[label as usize]).sum()
        }
        (Some(weights), Some(classes), BatchTarget::Labels(labels)) => {
            let pairs = weights.iter().zip(*labels);
            pairs
                .map(|(&weight, &label)| weight.to_f64() * classes[label as usize])
                .sum()
        }
        (Some(weights), _, _) => weights.iter().map(|&weight| weight.to_f64()).sum(),
        (None, _, BatchTarget::Labels(labels)) => labels.len() as f64,
        (None, _, BatchTarget::Values(values)) => values.ncols() as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_weigh_by_their_weight() {
        let mut losses = BatchLosses::default();
        assert_eq!(losses.mean(), None);
        for (loss, weight) in [(1.0, 16.0), (2.0, 16.0), (4.0, 8.0)] {
            losses.add(loss, weight);
        }
        assert!((losses.mean().unwrap() - 2.0).abs() < 1e-15);
    }

    /// A sum of 16 times such a loss is infinite.
    #[test]
    fn losses_near_the_end_of_the_numbers_have_a_mean() {
        let mut losses = BatchLosses::default();
        losses.add(1e308, 16.0);
        losses.add(1.5e308, 16.0);
        assert!((losses.mean().unwrap() / 1.25e308 - 1.0).abs() < 1e-15);
    }
}
