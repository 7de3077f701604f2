//! The loss, its gradient, and one update, on a batch.

use nalgebra::DMatrix;

use crate::batch::{Batch, Open};
use crate::dropout::Dropout;
use crate::optimizer::check_learning_rate;
use crate::passes::{
    Destination, backward, chunk_loss, chunks, copy_logits, forward, loss_of_logits,
};
use crate::{DropoutKey, Error, Mlp, Optimizer, Parameters, Scalar, Workspace};

impl<T: Scalar> Mlp<T> {
    /// The mean loss of a batch, without dropout.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss, a workspace of another network.
    pub fn loss(&self, batch: &Batch<'_, T>, workspace: &mut Workspace<T>) -> Result<f64, Error> {
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
                &mut None,
                workspace,
            );
        }
        Ok(sum / total)
    }

    /// The mean loss of a batch, without dropout, and its logits, which are written to a matrix of shape
    /// `(n_outputs, n_samples)`: what [`Mlp::loss`] and [`Mlp::forward_into`] give, to the bit, in one forward pass. The
    /// logits are written where the loss is not finite, too. Does not allocate.
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
                &mut None,
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
        workspace.check(self)?;
        if gradient.layout != *self.layout() {
            let (expected, found) = (self.n_parameters(), gradient.values.len());
            return Err(Error::Length {
                what: "the gradient",
                expected,
                found,
            });
        }
        let batch = batch.open(self.spec().n_inputs())?;
        let total = self
            .spec()
            .loss_function()
            .total_weight(&batch, self.spec().n_outputs())?;
        Ok(self.accumulate_gradient(&batch, total, dropout, workspace, &mut gradient.values))
    }

    fn accumulate_gradient(
        &self,
        batch: &Open<'_, T>,
        total: f64,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut [T],
    ) -> f64 {
        gradient.fill(T::zero());
        let mut dropout = self.dropout(dropout);
        let mut sum = 0.0;
        for range in chunks(batch.n_samples(), workspace.capacity) {
            let chunk = batch.range(range);
            sum += chunk_loss(
                self.spec(),
                self.parameters().as_slice(),
                &chunk,
                total,
                &mut dropout,
                workspace,
            );
            let mut destination = Destination::Gradient {
                parameters: self.parameters().as_slice(),
                gradient,
            };
            backward(
                self.spec(),
                &mut destination,
                chunk.inputs,
                dropout.is_some(),
                workspace,
            );
        }
        sum / total
    }

    /// One update on a batch: forward, backward, optimizer. Returns the batch's mean loss before the update. The masks
    /// of dropout are those of `DropoutKey { seed: dropout_seed, step: optimizer.step() }`.
    ///
    /// Allocates nothing.
    ///
    /// # Errors
    /// As [`Mlp::loss_and_gradient`] and [`Optimizer::update`]; and a loss that is not finite, with which the parameters
    /// stay as they were.
    pub fn train_step(
        &mut self,
        batch: &Batch<'_, T>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        workspace.check(self)?;
        check_learning_rate(learning_rate)?;
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
        if optimizer.is_plain_descent() && batch.n_samples() <= workspace.capacity {
            return self.descend(&batch, total, key, optimizer, learning_rate, workspace);
        }
        let mut gradient = std::mem::take(&mut workspace.gradient);
        let loss = self.accumulate_gradient(&batch, total, key, workspace, &mut gradient);
        let updated = finite(loss).and_then(|loss| {
            optimizer
                .update(
                    self.parameters_mut().as_mut_slice(),
                    &mut gradient,
                    learning_rate,
                )
                .map(|()| loss)
        });
        workspace.gradient = gradient;
        updated
    }

    /// A step of plain descent on one chunk, without a gradient in memory.
    fn descend(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let mut dropout = self.dropout(key);
        let sum = chunk_loss(
            self.spec(),
            self.parameters().as_slice(),
            batch,
            total,
            &mut dropout,
            workspace,
        );
        let loss = finite(sum / total)?;
        let alpha = T::of(-learning_rate);
        let (spec, parameters) = self.split_mut();
        let mut destination = Destination::Descent { parameters, alpha };
        backward(
            spec,
            &mut destination,
            batch.inputs,
            dropout.is_some(),
            workspace,
        );
        optimizer.count_step();
        Ok(loss)
    }

    /// The masks' generator, if there is dropout.
    fn dropout(&self, key: Option<DropoutKey>) -> Option<Dropout> {
        let probability = self.spec().dropout_probability();
        key.filter(|_| probability > 0.0).map(|key| Dropout {
            key,
            probability,
            first_sample: 0,
        })
    }
}

fn finite(loss: f64) -> Result<f64, Error> {
    if loss.is_finite() {
        Ok(loss)
    } else {
        Err(Error::LossNotFinite { loss })
    }
}
