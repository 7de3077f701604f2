//! An update on a full batch that is not in memory: its gradient is the weighted mean of those of its pieces.

use smallbatch_mlp::{DropoutKey, Parameters};

use super::Session;
use crate::batch_losses::{BatchLosses, total_weight};
use crate::divergence::NotFinite;
use crate::network_batch::network_batch;
use crate::{Error, Scalar};

/// Room for the gradient of a piece, and for the sum of all.
pub(super) struct Pieces<T: Scalar> {
    gradient: Parameters<T>,
    sum: Vec<f64>,
}

impl<T: Scalar> Pieces<T> {
    /// For parameters like these.
    pub(super) fn like(parameters: &Parameters<T>) -> Self {
        Self {
            gradient: parameters.clone(),
            sum: vec![0.0; parameters.as_slice().len()],
        }
    }
}

impl<T: Scalar> Session<'_, T> {
    /// One update on all rows, window after window.
    ///
    /// g = Σ W_p·g_p / Σ W_p over the pieces p, where W_p is the weight of a piece's samples and g_p the gradient of its mean loss.
    /// The masks of dropout are those of the samples' places in their piece.
    pub(super) fn update_in_pieces(&mut self, learning_rate: f64) -> Result<f64, Error> {
        let Some(Pieces { gradient, sum }) = &mut self.pieces else {
            // It is made where batches come in pieces.
            return Err(smallbatch_mlp::Error::EmptyBatch.into());
        };
        let dropout = Some(DropoutKey {
            seed: self.trainer.seed,
            step: self.optimizer.step(),
        });
        sum.fill(0.0);
        let (mut losses, mut total) = (BatchLosses::default(), 0.0);
        self.batches.start_epoch(self.update);
        while let Some(piece) = self.batches.next_choice()? {
            let mut samples = network_batch(piece.features, &piece.target).known_finite();
            if let Some(chosen) = piece.samples {
                samples = samples.samples(chosen);
            }
            if let Some(weights) = piece.weights {
                samples = samples.weights(weights);
            }
            let weight = total_weight(&self.model.spec().loss, piece.weights, &piece.target);
            let workspace = &mut self.workspace;
            match self
                .model
                .loss_and_gradient(&samples, dropout, workspace, gradient)
            {
                Ok(loss) if loss.is_finite() => {
                    losses.add(loss, weight);
                    total += weight;
                    for (sum, part) in sum.iter_mut().zip(gradient.as_slice()) {
                        *sum += weight * part.to_f64();
                    }
                }
                Ok(loss) => return Err(self.diverged(NotFinite::BatchLoss(loss))),
                // A piece of samples that weigh nothing has nothing to say.
                Err(smallbatch_mlp::Error::ZeroTotalWeight) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let Some(loss) = losses.mean() else {
            self.update += 1;
            return Ok(0.0);
        };
        for (mean, sum) in gradient.as_mut_slice().iter_mut().zip(&*sum) {
            *mean = T::of(sum / total);
        }
        let parameters = self.model.parameters_mut().as_mut_slice();
        match self
            .optimizer
            .update(parameters, gradient.as_slice(), learning_rate)
        {
            Ok(()) => {
                self.update += 1;
                self.last_batch_loss = Some(loss);
                self.batch_losses.add(loss, total);
                Ok(loss)
            }
            Err(smallbatch_mlp::Error::GradientNotFinite { norm }) => {
                Err(self.diverged(NotFinite::Gradient(norm)))
            }
            Err(error) => Err(error.into()),
        }
    }
}
