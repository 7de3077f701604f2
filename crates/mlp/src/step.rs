//! One update on a batch, and the ways to make it: `plan` chooses, and what takes more than a few lines is a file.

mod by_samples;
mod clipped;
mod in_shards;
mod plan;
mod threads;

use smallbatch_base::compiled;

use crate::batch::{Batch, Open};
use crate::destination::Destination;
use crate::error::finite_loss;
use crate::finite::SAMPLES_BETWEEN_LOOKS;
use crate::loss::DeltaScale;
use crate::negligible::flush_all;
use crate::optimizer::check_learning_rate;
use crate::passes::{Mode, Passes};
use crate::{DropoutKey, Error, Mlp, Optimizer, Scalar, Workspace};

use plan::Plan;

/// What a step is about, whichever way it is made.
struct Step<'a, T: Scalar> {
    batch: &'a Open<'a, T>,
    /// What the samples' weights add up to.
    total: f64,
    key: Option<DropoutKey>,
    learning_rate: f64,
}

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
            flush_all(self.parameters_mut().as_mut_slice());
        }
        let step = Step {
            batch: &batch,
            total,
            key,
            learning_rate,
        };
        let began = workspace.begin_step(batch.n_samples());
        let loss = step.run(self, optimizer, workspace);
        workspace.end_step(batch.n_samples(), began);
        let loss = loss?;
        workspace.n_unseen = workspace.n_unseen.saturating_add(batch.n_samples());
        if workspace.n_unseen >= SAMPLES_BETWEEN_LOOKS {
            workspace.n_unseen = 0;
            self.require_finite()?;
            optimizer.require_finite()?;
        }
        Ok(loss)
    }
}

impl<T: Scalar> Step<'_, T> {
    /// By the threads that are at work, in the way that is planned. Returns the loss, as each of the ways does.
    fn run(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let (n_samples, capacity) = (self.batch.n_samples(), workspace.capacity());
        let n_threads = workspace.passes.team.at_work();
        let clips = optimizer.clips();
        match Plan::of::<T>(network.layout(), n_samples, capacity, n_threads, clips) {
            Plan::InShards => self.in_shards(network, optimizer, workspace),
            Plan::BySamples => self.by_samples(network, optimizer, workspace),
            Plan::ByRows => self.by_rows(network, optimizer, workspace.whole().0),
            Plan::Clipped => {
                let (passes, room) = workspace.whole();
                match self.clipped(network, optimizer, passes, room) {
                    Some(loss) => loss,
                    None => self.with_gradient(network, optimizer, passes, room),
                }
            }
            Plan::WithGradient => {
                let (passes, gradient) = workspace.whole();
                self.with_gradient(network, optimizer, passes, gradient)
            }
        }
    }

    /// The parameters are changed as soon as their gradient is known, which is not kept.
    fn by_rows(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        passes: &mut Passes<T>,
    ) -> Result<f64, Error> {
        let mut mode = Mode::learn(network.spec(), self.key, 0);
        let (spec, parameters) = network.split_mut();
        let descends = optimizer.is_plain_descent();
        let scale = self.scale(descends);
        passes.forward(spec, parameters, self.batch.inputs, &mut mode);
        let sum = passes.loss(spec, self.batch, scale);
        let loss = finite_loss(sum / self.total, optimizer.step())?;
        let mut destination =
            Destination::step(parameters, optimizer, self.learning_rate, descends);
        passes.backward(spec, &mut destination, self.batch.inputs, &mode);
        Ok(loss)
    }

    /// Of the mean loss; of what is added to the parameters where they descend by its gradient alone.
    fn scale(&self, descends: bool) -> DeltaScale {
        DeltaScale {
            total: self.total,
            factor: if descends { -self.learning_rate } else { 1.0 },
        }
    }

    /// The gradient chunk after chunk, and then the update.
    fn with_gradient(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        passes: &mut Passes<T>,
        gradient: &mut [T],
    ) -> Result<f64, Error> {
        let loss = network.accumulate_gradient(self.batch, self.total, self.key, passes, gradient);
        self.update(network, optimizer, loss, gradient)
    }

    /// Changes the parameters where the loss is finite.
    fn update(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        loss: f64,
        gradient: &[T],
    ) -> Result<f64, Error> {
        let loss = finite_loss(loss, optimizer.step())?;
        let parameters = network.parameters_mut().as_mut_slice();
        optimizer.update_here(parameters, gradient, self.learning_rate)?;
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
