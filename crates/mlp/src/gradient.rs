//! The gradient of a batch's loss, chunk after chunk.

use std::ops::Range;

use smallbatch_base::compiled;

use crate::batch::{Batch, Open};
use crate::cuts::chunks;
use crate::destination::Destination;
use crate::loss::DeltaScale;
use crate::passes::{Mode, Passes};
use crate::{DropoutKey, Error, Mlp, Parameters, Scalar, Workspace};

impl<T: Scalar> Mlp<T> {
    /// The mean loss of a batch and its gradient with respect to all parameters, which is overwritten. With dropout
    /// where a key is given.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss; a workspace or a gradient of another network.
    pub fn loss_and_gradient(
        &self,
        batch: &Batch<'_, T>,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64, Error> {
        loss_and_gradient(self, batch, dropout, workspace, gradient)
    }

    fn loss_and_gradient_here(
        &self,
        batch: &Batch<'_, T>,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64, Error> {
        workspace.check(self)?;
        if gradient.layout != *self.layout() {
            return Err(Error::OtherLayers {
                what: "the gradient's parameters",
                expected: self.layout().sizes().to_vec(),
                found: gradient.layer_sizes().to_vec(),
            });
        }
        let batch = batch.open(self.spec().n_inputs())?;
        let total = self
            .spec()
            .loss
            .total_weight(&batch, self.spec().n_outputs())?;
        let (passes, _) = workspace.whole();
        Ok(self.accumulate_gradient(&batch, total, dropout, passes, &mut gradient.values))
    }

    /// The gradient of the batch's mean loss, which is overwritten, and that loss; chunk after chunk.
    pub(crate) fn accumulate_gradient(
        &self,
        batch: &Open<'_, T>,
        total: f64,
        dropout: Option<DropoutKey>,
        passes: &mut Passes<T>,
        gradient: &mut [T],
    ) -> f64 {
        let mut mode = Mode::learn(self.spec(), dropout, 0);
        let (samples, chunk) = (0..batch.n_samples(), passes.capacity);
        self.gradient_of(batch, samples, chunk, total, &mut mode, passes, gradient) / total
    }

    /// The gradient of some samples' part of the mean loss, which is overwritten, chunk after chunk; the weighted sum of their
    /// losses.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn gradient_of(
        &self,
        batch: &Open<'_, T>,
        samples: Range<usize>,
        chunk: usize,
        total: f64,
        mode: &mut Mode,
        passes: &mut Passes<T>,
        gradient: &mut [T],
    ) -> f64 {
        let (spec, parameters) = (self.spec(), self.parameters().as_slice());
        if samples.is_empty() {
            gradient.fill(T::zero());
        }
        let mut sum = 0.0;
        for range in chunks(samples.len(), chunk) {
            let chunk = batch.range(samples.start + range.start..samples.start + range.end);
            passes.forward(spec, parameters, chunk.inputs, mode);
            sum += passes.loss(spec, &chunk, DeltaScale::mean(total));
            let mut destination = Destination::Gradient {
                parameters,
                gradient,
                replaces: range.start == 0,
            };
            passes.backward(spec, &mut destination, chunk.inputs, mode);
        }
        sum
    }
}

compiled! {
    fn loss_and_gradient(
        network: &'a Mlp<T>,
        batch: &'a Batch<'a, T>,
        dropout: Option<DropoutKey>,
        workspace: &'a mut Workspace<T>,
        gradient: &'a mut Parameters<T>,
    ) -> Result<f64, Error> = Mlp::loss_and_gradient_here;
}
