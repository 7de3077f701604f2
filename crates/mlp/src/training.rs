//! One update on a batch, and the ways to make it.

use smallbatch_base::compiled;

use crate::batch::{Batch, Open};
use crate::cuts::{SMALL, is_cut_by_samples};
use crate::destination::Destination;
use crate::error::finite_loss;
use crate::finite::SAMPLES_BETWEEN_LOOKS;
use crate::negligible::flush_all;
use crate::optimizer::check_learning_rate;
use crate::passes::{Mode, backward, chunk_loss};
use crate::{DropoutKey, Error, Mlp, Optimizer, Scalar, Workspace};

impl<T: Scalar> Mlp<T> {
    /// One update on a batch: forward, backward, optimizer. Returns the batch's mean loss before the update. The masks
    /// of dropout are those of `DropoutKey { seed: dropout_seed, step: optimizer.step() }`.
    ///
    /// Allocates nothing, but for what the standard library does when a thread of the workspace waits for the first time.
    ///
    /// # Errors
    /// As [`Mlp::loss_and_gradient`] and [`Optimizer::update`]; and a loss that is not finite, with which the parameters
    /// stay as they were.
    ///
    /// A finite loss does not say that the gradient is: an input of 1e30 and an error of 1e10 may make one that `f32` cannot hold.
    /// [`OptimizerSpec::clip_norm`](crate::OptimizerSpec::clip_norm) looks at each gradient and refuses it. Without, it makes
    /// parameters that are not finite, and [`Error::ParametersNotFinite`]: of the first step with a workspace at once, of a later one
    /// before 512 more samples are trained on. Whoever stops in between asks [`Mlp::require_finite`].
    pub fn train_step(
        &mut self,
        batch: &Batch<'_, T>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        train_step(
            self,
            batch,
            optimizer,
            learning_rate,
            dropout_seed,
            workspace,
        )
    }

    fn train_step_here(
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
            .loss
            .total_weight(&batch, self.spec().n_outputs())?;
        let key = Some(DropoutKey {
            seed: dropout_seed,
            step: optimizer.step(),
        });
        if optimizer.is_plain_descent() && optimizer.step().is_multiple_of(FLUSH_EVERY) {
            flush_all(self.parameters_mut().as_mut_slice(), T::SMALLEST);
        }
        let loss = self.paced_step(&batch, total, key, optimizer, learning_rate, workspace)?;
        workspace.n_unseen = workspace.n_unseen.saturating_add(batch.n_samples());
        if workspace.n_unseen >= SAMPLES_BETWEEN_LOOKS {
            workspace.n_unseen = 0;
            self.require_finite()?;
            optimizer.require_finite()?;
        }
        Ok(loss)
    }

    /// A step by as many threads as are fastest, where that is automatic.
    fn paced_step(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let Some(automatic) = &mut workspace.automatic else {
            return self.step(batch, total, key, optimizer, learning_rate, workspace);
        };
        let (n_threads, began) = automatic.governor.begin(batch.n_samples());
        let loss = if n_threads == 1 {
            let alone = &mut automatic.alone;
            self.step(batch, total, key, optimizer, learning_rate, alone)
        } else {
            workspace.team.take_part(n_threads);
            self.step(batch, total, key, optimizer, learning_rate, workspace)
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
        let (n_parameters, n_samples) = (self.n_parameters(), batch.n_samples());
        let is_one_chunk = n_samples <= workspace.capacity;
        if !is_one_chunk && n_parameters <= SMALL {
            return self.step_in_shards(batch, total, key, optimizer, learning_rate, workspace);
        }
        let n_threads = workspace.team.at_work();
        if is_one_chunk && is_cut_by_samples::<T>(n_parameters, n_samples, n_threads) {
            return self.step_by_samples(batch, total, key, optimizer, learning_rate, workspace);
        }
        if is_one_chunk && !optimizer.clips() {
            return self.step_by_rows(batch, total, key, optimizer, learning_rate, workspace);
        }
        if is_one_chunk && self.norm_needs_no_gradient(n_samples) {
            let (rate, buffers) = (learning_rate, &mut *workspace);
            if let Some(loss) = self.step_clipped(batch, total, key, optimizer, rate, buffers) {
                return loss;
            }
        }
        let mut gradient = std::mem::take(&mut workspace.gradient);
        let loss = self.accumulate_gradient(batch, total, key, workspace, &mut gradient);
        let updated = finite_loss(loss, optimizer.step()).and_then(|loss| {
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
        let mut mode = Mode::learn(self.spec(), key, 0);
        let (spec, parameters) = self.split_mut();
        let divisor = optimizer.divisor(total, learning_rate);
        let sum = chunk_loss(spec, parameters, batch, divisor, &mut mode, workspace);
        let loss = finite_loss(sum / total, optimizer.step())?;
        let is_plain_descent = optimizer.is_plain_descent();
        let mut destination =
            Destination::step(parameters, optimizer, learning_rate, is_plain_descent);
        backward(spec, &mut destination, batch.inputs, &mode, workspace);
        Ok(loss)
    }
}

compiled! {
    fn train_step(
        network: &'a mut Mlp<T>,
        batch: &'a Batch<'a, T>,
        optimizer: &'a mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &'a mut Workspace<T>,
    ) -> Result<f64, Error> = Mlp::train_step_here;
}

/// Every so many updates plain descent searches the parameters for numbers that are too small to matter. It adds to them where
/// their gradient is computed, and hardly makes such a number, but may be given some. All other rules look at each update.
const FLUSH_EVERY: u64 = 1024;
