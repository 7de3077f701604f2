//! The mean of the losses that updates compute on their way.

use serde::{Deserialize, Serialize};
use smallbatch_data::BatchTarget;
use smallbatch_mlp::Loss;

use crate::Scalar;
use crate::rows::Rows;

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

/// Σ wᵢ over some samples, wᵢ the product of the sample's weight and of its class's, each 1 where there are none.
#[inline]
pub(crate) fn total_weight<T: Scalar>(
    loss: &Loss,
    weights: Option<&[T]>,
    target: &BatchTarget<'_, T>,
) -> f64 {
    match (weights, loss.class_weights(), target) {
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

/// The mean of wᵢ over all training rows, where some weigh more than others and something: what the mini-batches of a training are
/// divided by.
pub(crate) fn mean_weight<T: Scalar>(loss: &Loss, training: &Rows<'_, T>) -> Option<f64> {
    let class_weights = loss.class_weights();
    if training.like().weights().is_none() && class_weights.is_none() {
        return None;
    }
    let total = match training {
        Rows::Memory(data) => total_weight(loss, data.weights(), &data.target().view()),
        Rows::File(file) => {
            let sums = file.weight_sums().iter().enumerate();
            let of_class = |at: usize| class_weights.and_then(|weights| weights.get(at));
            sums.map(|(at, sum)| sum * of_class(at).unwrap_or(&1.0))
                .sum()
        }
    };
    let mean = total / training.n_samples() as f64;
    (mean > 0.0 && mean.is_finite()).then_some(mean)
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
