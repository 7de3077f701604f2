//! A training while it runs: its state, and what can be asked of it.

mod begin;
mod judge;
mod pieces;
mod run;
mod saved;

use smallbatch_base::vectors_in_use;
use smallbatch_data::Dataset;
use smallbatch_mlp::{Mlp, Optimizer, Workspace};

use crate::batch_losses::BatchLosses;
use crate::best::Best;
use crate::checkpoint::{Checkpoint, Fingerprint, State};
use crate::clock::Stopwatch;
use crate::divergence::NotFinite;
use crate::evaluator::Evaluator;
use crate::plateau::Plateau;
use crate::rows::{Feed, Rows};
use crate::trained::Names;
use crate::{
    Error, History, LearningRates, Outcome, Plan, Record, Scalar, Silent, Trained, Trainer,
    TrainingLoss,
};

/// A training while it runs. [`Trainer::fit`] is one that is started, run and finished; use a session of your own to stop
/// in between, look at the model, or save a [`Checkpoint`].
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Silent, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Full).budget(Budget::Epochs(5));
///
/// let mut session = trainer.start(&training, None)?;
/// while session.advance(&mut Silent)?.is_none() {
///     let norm = session.model().parameters().as_slice().iter().map(|w| w * w).sum::<f64>().sqrt();
///     println!("after {} updates the weights have norm {norm:.3}", session.update());
/// }
/// let trained = session.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Session<'a, T: Scalar> {
    trainer: Trainer,
    training: Rows<'a, T>,
    validation: Option<&'a Dataset<T>>,
    batches: Feed<'a, T>,
    /// Where an update is made of several pieces.
    pieces: Option<pieces::Pieces<T>>,
    evaluator: Evaluator<'a, T>,
    rates: LearningRates,
    /// Whether none of the training inputs is too small to matter, so that batches need not look.
    inputs_are_normal: bool,
    /// That of all training rows, where mini-batches are divided by it.
    mean_weight: Option<f64>,
    workspace: Workspace<T>,
    model: Mlp<T>,
    optimizer: Optimizer<T>,
    /// The parameters of the latest evaluation.
    sound: Vec<T>,
    /// What was not finite in the parameters or moments, from which on there is nothing to go on with.
    broken: Option<NotFinite>,
    /// How many updates have been made; epoch and batch follow from it.
    update: u64,
    /// The update after which the budget is spent.
    last_update: u64,
    stopwatch: Stopwatch,
    last_batch_loss: Option<f64>,
    /// The learning rate of the latest update, where the observer gave another than the schedule's.
    given_rate: Option<f64>,
    /// Since the last record of the history.
    batch_losses: BatchLosses,
    plateau: Plateau,
    best: Option<Best<T>>,
    history: History,
    /// The evaluation at the end, where none is due. It is kept apart from the history and from what schedules and early
    /// stopping have seen, so that a training that goes on after all does not remember it.
    closing: Option<Record>,
    outcome: Option<Outcome>,
}

/// Where it stands; not the data and the weights.
impl<T: Scalar> std::fmt::Debug for Session<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("trainer", &self.trainer)
            .field("update", &self.update)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

smallbatch_base::compiled! {
    fn finish(session: Session<'a, T>) -> Result<Trained<T>, Error> = Session::finish_here;
}

impl<T: Scalar> Session<'_, T> {
    /// The model as it stands (not the best one so far). Where a parameter is no longer finite, it is that of the latest evaluation.
    pub fn model(&self) -> &Mlp<T> {
        &self.model
    }

    /// How many updates have been made.
    pub fn update(&self) -> u64 {
        self.update
    }

    /// How many threads take part in the updates: as many as were asked for (but no more are at work than the processor has
    /// room for), or, where that is automatic, as many as are fastest at present.
    pub fn threads(&self) -> usize {
        self.workspace.threads_in_use()
    }

    /// The evaluations that were due so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What an observer is told first.
    pub fn plan(&self) -> Plan {
        Plan {
            n_samples: self.training.n_samples(),
            updates_per_epoch: self.updates_per_epoch(),
            last_update: (self.last_update < u64::MAX).then_some(self.last_update),
            begins_after: self.update,
        }
    }

    /// All that the rest of this training depends on.
    pub fn checkpoint(&self) -> Checkpoint<T> {
        Checkpoint(State {
            vectors: vectors_in_use().to_owned(),
            trainer: self.trainer.clone(),
            training: Fingerprint::of_rows(self.training),
            validation: self.validation.map(Fingerprint::of),
            model: self.model.clone(),
            optimizer: self.optimizer.clone(),
            update: self.update,
            seconds: self.stopwatch.seconds(),
            last_batch_loss: self.last_batch_loss,
            given_rate: self.given_rate,
            batch_losses: self.batch_losses,
            plateau: self.plateau,
            best: self.best.clone(),
            history: self.history.clone(),
            outcome: self
                .outcome
                .filter(|&outcome| outcome != Outcome::Interrupted),
        })
    }

    /// The model, its history and why it ended. A training that was not run to its end counts as interrupted. With early
    /// stopping the model is the best one, after a divergence as well; but where a target was reached it is the one that
    /// reached it.
    ///
    /// # Errors
    /// [`Error::Diverged`] where the model was not evaluated at its last update, and is not finite there, and there is no
    /// best one. So it is where the training losses are those of the batches, and there is no validation data: the losses of
    /// the batches are those before the last update, so that the model after it is evaluated on a few samples here.
    pub fn finish(self) -> Result<Trained<T>, Error> {
        finish(self)
    }

    fn finish_here(mut self) -> Result<Trained<T>, Error> {
        let is_evaluated =
            |last: Option<&Record>| last.is_some_and(|last| last.update == self.update);
        if self.closing.is_none() && !is_evaluated(self.history.last()) {
            match self.close(&mut Silent) {
                // What it diverged from is still there.
                Err(Error::Diverged(_)) if self.best.is_some() => {}
                closed => drop(closed?),
            }
        }
        if let Some(closing) = self.closing {
            self.history.push(closing);
        }
        let Some(&(mut record)) = self.history.last() else {
            // There is one at each end: the branch above has made it.
            return Err(smallbatch_mlp::Error::EmptyBatch.into());
        };
        if record.training_loss_of == TrainingLoss::Batches && record.validation_loss.is_none() {
            self.measure_training()?;
        }
        // The model that reached the target is the one that was asked for.
        let is_wanted = self.outcome == Some(Outcome::TargetReached);
        if let (false, Some(best), Some(early_stopping)) =
            (is_wanted, self.best, self.trainer.early_stopping)
        {
            let last_is_best = self.closing.is_some_and(|closing| {
                let loss = closing.validation_loss;
                loss.is_some_and(|loss| best.lowest.is_lower(loss, early_stopping.min_delta))
            });
            if !last_is_best {
                record = best.record;
                self.model
                    .parameters_mut()
                    .as_mut_slice()
                    .copy_from_slice(&best.parameters);
            }
        }
        Ok(Trained {
            names: Names::of(self.training.like()),
            model: self.model,
            history: self.history,
            record,
            outcome: self.outcome.unwrap_or(Outcome::Interrupted),
        })
    }

    #[inline]
    fn learning_rate_of(&self, update: u64) -> f64 {
        self.rates.at(update) * self.plateau.multiplier()
    }

    #[inline]
    fn updates_per_epoch(&self) -> u64 {
        self.batches.n_updates() as u64
    }

    #[inline]
    fn epoch_of(&self, update: u64) -> u64 {
        update / self.updates_per_epoch()
    }

    fn samples_seen(&self) -> u64 {
        let n_samples = self.training.n_samples() as u64;
        let batches = self.update % self.updates_per_epoch();
        let in_epoch = (batches * self.batches.max_samples() as u64).min(n_samples);
        self.epoch_of(self.update)
            .saturating_mul(n_samples)
            .saturating_add(in_epoch)
    }
}
