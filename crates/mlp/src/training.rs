//! The loss, its gradient, and one update, on a batch.

use std::ops::Range;

use nalgebra::DMatrix;

use crate::batch::{Batch, Open};
use crate::destination::Destination;
use crate::dropout::Dropout;
use crate::negligible::flush_all;
use crate::optimizer::check_learning_rate;
use crate::passes::{Mode, backward, chunk_loss, chunks, copy_logits, forward, loss_of_logits};
use crate::shards::SMALL;
use crate::{DropoutKey, Error, Mlp, Optimizer, Parameters, Scalar, Workspace, compiled};

impl<T: Scalar> Mlp<T> {
    /// The mean loss of a batch, without dropout.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss, a workspace of another network.
    pub fn loss(&self, batch: &Batch<'_, T>, workspace: &mut Workspace<T>) -> Result<f64, Error> {
        compiled::loss(self, batch, workspace)
    }

    pub(crate) fn loss_here(
        &self,
        batch: &Batch<'_, T>,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        workspace.check(self)?;
        let batch = batch.open(self.spec().n_inputs())?;
        let total = self
            .spec()
            .loss_function()
            .total_weight(&batch, self.spec().n_outputs())?;
        let mut sum = 0.0;
        for range in chunks(batch.n_samples(), workspace.capacity) {
            let chunk = batch.range(range);
            sum += chunk_loss(
                self.spec(),
                self.parameters().as_slice(),
                &chunk,
                total,
                &mut Mode::Evaluate,
                workspace,
            );
        }
        Ok(sum / total)
    }

    /// The mean loss of a batch, without dropout, and its logits, which are written to a matrix of shape
    /// `(n_outputs, n_samples)`: what [`Mlp::loss`] and [`Mlp::forward_into`] give, to the bit, in one forward pass (but that
    /// `forward_into` computes a single sample in another order, and differs by rounding). The logits are written where the loss is not finite, too. Does not allocate.
    ///
    /// ```
    /// use nalgebra::{DMatrix, dmatrix};
    /// use smallbatch_mlp::{Batch, MlpSpec, Targets};
    ///
    /// let inputs = dmatrix![0.0_f32, 0.0, 1.0, 1.0; 0.0, 1.0, 0.0, 1.0];
    /// let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1, 1, 0]));
    /// let network = MlpSpec::new([2, 16, 2]).build::<f32>(1)?;
    /// let mut workspace = network.workspace(4);
    /// let mut logits = DMatrix::zeros(2, 4);
    /// let loss = network.loss_and_logits(&batch, &mut workspace, &mut logits)?;
    /// assert_eq!(loss, network.loss(&batch, &mut workspace)?);
    /// assert_eq!(logits, network.logits(inputs.as_view())?);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss, a workspace of another network, logits of the wrong shape.
    pub fn loss_and_logits(
        &self,
        batch: &Batch<'_, T>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<f64, Error> {
        compiled::loss_and_logits(self, batch, workspace, logits)
    }

    pub(crate) fn loss_and_logits_here(
        &self,
        batch: &Batch<'_, T>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<f64, Error> {
        workspace.check(self)?;
        let batch = batch.open(self.spec().n_inputs())?;
        self.check_logits(logits, batch.n_samples())?;
        let n_outputs = self.spec().n_outputs();
        let total = self
            .spec()
            .loss_function()
            .total_weight(&batch, n_outputs)?;
        let mut sum = 0.0;
        for range in chunks(batch.n_samples(), workspace.capacity) {
            let chunk = batch.range(range.clone());
            forward(
                self.spec(),
                self.parameters().as_slice(),
                chunk.inputs,
                &mut Mode::Evaluate,
                workspace,
            );
            // Before the loss turns them into its gradient.
            let columns = range.start * n_outputs..range.end * n_outputs;
            copy_logits(workspace, range.len(), &mut logits.as_mut_slice()[columns]);
            sum += loss_of_logits(self.spec(), &chunk, total, workspace);
        }
        Ok(sum / total)
    }

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
        compiled::loss_and_gradient(self, batch, dropout, workspace, gradient)
    }

    pub(crate) fn loss_and_gradient_here(
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
            .loss_function()
            .total_weight(&batch, self.spec().n_outputs())?;
        Ok(self.accumulate_gradient(&batch, total, dropout, workspace, &mut gradient.values))
    }

    /// The gradient of the batch's mean loss, which is overwritten, and that loss; chunk after chunk.
    fn accumulate_gradient(
        &self,
        batch: &Open<'_, T>,
        total: f64,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut [T],
    ) -> f64 {
        let mut mode = self.learning(dropout, 0);
        let (samples, chunk) = (0..batch.n_samples(), workspace.capacity);
        self.gradient_of(batch, samples, chunk, total, &mut mode, workspace, gradient) / total
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
        workspace: &mut Workspace<T>,
        gradient: &mut [T],
    ) -> f64 {
        let (spec, parameters) = (self.spec(), self.parameters().as_slice());
        if samples.is_empty() {
            gradient.fill(T::zero());
        }
        let mut sum = 0.0;
        for range in chunks(samples.len(), chunk) {
            let chunk = batch.range(samples.start + range.start..samples.start + range.end);
            sum += chunk_loss(spec, parameters, &chunk, total, mode, workspace);
            let mut destination = Destination::Gradient {
                parameters,
                gradient,
                replaces: range.start == 0,
            };
            backward(spec, &mut destination, chunk.inputs, mode, workspace);
        }
        sum
    }

    /// One update on a batch: forward, backward, optimizer. Returns the batch's mean loss before the update. The masks
    /// of dropout are those of `DropoutKey { seed: dropout_seed, step: optimizer.step() }`.
    ///
    /// Allocates nothing, but for what the standard library does when a thread of the workspace waits for the first time.
    ///
    /// # Errors
    /// As [`Mlp::loss_and_gradient`] and [`Optimizer::update`]; and a loss that is not finite, with which the parameters
    /// stay as they were. A finite loss does not say that the gradient is: an input of 1e30 and an error of 1e10 may make one
    /// that `f32` cannot hold, and parameters that are not finite, which show in the next step's loss. (To look at each
    /// gradient would cost a pass over it; [`OptimizerSpec::clip_norm`](crate::OptimizerSpec::clip_norm) has that pass, and
    /// refuses it.)
    pub fn train_step(
        &mut self,
        batch: &Batch<'_, T>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        compiled::train_step(
            self,
            batch,
            optimizer,
            learning_rate,
            dropout_seed,
            workspace,
        )
    }

    pub(crate) fn train_step_here(
        &mut self,
        batch: &Batch<'_, T>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        workspace.check(self)?;
        check_learning_rate::<T>(learning_rate)?;
        if optimizer.n_parameters() != self.n_parameters() {
            let (expected, found) = (self.n_parameters(), optimizer.n_parameters());
            return Err(Error::Length {
                what: "the optimizer's parameter vector",
                expected,
                found,
            });
        }
        let batch = batch.open(self.spec().n_inputs())?;
        let total = self
            .spec()
            .loss_function()
            .total_weight(&batch, self.spec().n_outputs())?;
        let key = Some(DropoutKey {
            seed: dropout_seed,
            step: optimizer.step(),
        });
        if optimizer.is_plain_descent() && optimizer.step().is_multiple_of(FLUSH_EVERY) {
            flush_all(self.parameters_mut().as_mut_slice(), T::SMALLEST);
        }
        let Some(automatic) = &mut workspace.automatic else {
            return self.step(&batch, total, key, optimizer, learning_rate, workspace);
        };
        let (n_threads, began) = automatic.governor.begin(batch.n_samples());
        let loss = if n_threads == 1 {
            let alone = &mut automatic.alone;
            self.step(&batch, total, key, optimizer, learning_rate, alone)
        } else {
            workspace.team.take_part(n_threads);
            self.step(&batch, total, key, optimizer, learning_rate, workspace)
        };
        workspace.end_step(batch.n_samples(), began);
        loss
    }

    /// Chooses among the ways to make a step: they differ in speed, and in who does what.
    fn step(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let is_one_chunk = batch.n_samples() <= workspace.capacity;
        if !is_one_chunk && self.n_parameters() <= SMALL {
            return self.step_in_shards(batch, total, key, optimizer, learning_rate, workspace);
        }
        if is_one_chunk && self.is_cut_by_samples(batch.n_samples(), workspace.team.at_work()) {
            return self.step_by_samples(batch, total, key, optimizer, learning_rate, workspace);
        }
        if is_one_chunk && !optimizer.clips() {
            return self.step_by_rows(batch, total, key, optimizer, learning_rate, workspace);
        }
        if is_one_chunk && self.norm_needs_no_gradient(batch.n_samples()) {
            let (rate, buffers) = (learning_rate, &mut *workspace);
            if let Some(loss) = self.step_clipped(batch, total, key, optimizer, rate, buffers) {
                return loss;
            }
        }
        let mut gradient = std::mem::take(&mut workspace.gradient);
        let loss = self.accumulate_gradient(batch, total, key, workspace, &mut gradient);
        let updated = finite(loss, optimizer.step()).and_then(|loss| {
            let parameters = self.parameters_mut().as_mut_slice();
            optimizer.update_here(parameters, &gradient, learning_rate)?;
            Ok(loss)
        });
        workspace.gradient = gradient;
        updated
    }

    /// A step on one chunk: the parameters are changed as soon as their gradient is known, which is not kept.
    fn step_by_rows(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let mut mode = self.learning(key, 0);
        let (spec, parameters) = self.split_mut();
        let divisor = optimizer.divisor(total, learning_rate);
        let sum = chunk_loss(spec, parameters, batch, divisor, &mut mode, workspace);
        let loss = finite(sum / total, optimizer.step())?;
        let is_plain_descent = optimizer.is_plain_descent();
        let mut destination =
            Destination::step(parameters, optimizer, learning_rate, is_plain_descent);
        backward(spec, &mut destination, batch.inputs, &mode, workspace);
        Ok(loss)
    }

    /// A forward pass with a backward one after it, for the samples from this one on; with dropout where there are a key and a
    /// probability.
    pub(crate) fn learning(&self, key: Option<DropoutKey>, first_sample: u64) -> Mode {
        let probability = self.spec().dropout_probability();
        let key = key.filter(|_| probability > 0.0);
        Mode::Learn(key.map(|key| Dropout::new(key, probability, first_sample)))
    }
}

/// Every so many updates plain descent searches the parameters for numbers that are too small to matter. It adds to them where
/// their gradient is computed, and hardly makes such a number, but may be given some. All other rules look at each update.
const FLUSH_EVERY: u64 = 1024;

pub(crate) fn finite(loss: f64, updates: u64) -> Result<f64, Error> {
    if loss.is_finite() {
        Ok(loss)
    } else {
        Err(Error::LossNotFinite { loss, updates })
    }
}
