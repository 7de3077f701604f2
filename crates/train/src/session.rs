//! A training while it runs: the state, and the loop.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use smallbatch_data::{BatchTarget, Batches, Dataset};
use smallbatch_mlp::{Batch, Mlp, Optimizer, Targets, Workspace};

use crate::checkpoint::{Checkpoint, FORMAT, Fingerprint};
use crate::clock::{Deadline, Stopwatch};
use crate::divergence::{NotFinite, Suspects};
use crate::early_stopping::Lowest;
use crate::evaluator::{CHUNK, Evaluator};
use crate::fit_check::{check_enough, check_part, check_same};
use crate::plateau::Plateau;
use crate::scalar::to_f64;
use crate::schedule::Rates;
use crate::{
    Divergence, Error, History, Observer, Outcome, Plan, Record, Scalar, Silent, Trained, Trainer,
    Update, Watched,
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
    training: &'a Dataset<T>,
    validation: Option<&'a Dataset<T>>,
    batches: Batches<'a, T>,
    evaluator: Evaluator<'a, T>,
    rates: Rates,
    workspace: Workspace<T>,
    model: Mlp<T>,
    optimizer: Optimizer<T>,
    /// How many updates have been made; epoch and batch follow from it.
    update: u64,
    /// The update after which the budget is spent.
    last_update: u64,
    stopwatch: Stopwatch,
    last_batch_loss: Option<f64>,
    plateau: Plateau,
    best: Option<Best<T>>,
    history: History,
    /// The evaluation at the end, where none is due. It is kept apart from the history and from what schedules and early
    /// stopping have seen, so that a training that goes on after all does not remember it.
    closing: Option<Record>,
    outcome: Option<Outcome>,
}

/// What early stopping has seen: the lowest validation loss, and the model that had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Scalar")]
pub(crate) struct Best<T> {
    lowest: Lowest,
    pub(crate) parameters: Vec<T>,
    record: Record,
}

/// How a stretch of updates ended.
enum Stretch {
    Whole,
    TimeIsUp,
    Interrupted,
}

impl<'a, T: Scalar> Session<'a, T> {
    pub(crate) fn start(
        trainer: &Trainer,
        training: &'a Dataset<T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Self, Error> {
        // Before anything is allocated for a model that may be absurd.
        check(trainer, training, validation)?;
        let model = trainer.model.build::<T>(trainer.seed)?;
        let optimizer = trainer.optimizer.build(model.n_parameters())?;
        Self::assemble(trainer.clone(), training, validation, model, optimizer)
    }

    pub(crate) fn resume(
        checkpoint: Checkpoint<T>,
        training: &'a Dataset<T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Self, Error> {
        checkpoint.check(training, validation)?;
        check(&checkpoint.trainer, training, validation)?;
        let Checkpoint {
            trainer,
            model,
            optimizer,
            update,
            seconds,
            last_batch_loss,
            plateau,
            best,
            history,
            outcome,
            ..
        } = checkpoint;
        let mut session = Self::assemble(trainer, training, validation, model, optimizer)?;
        let n_batches = session.updates_per_epoch();
        session.batches.start_epoch(update / n_batches);
        // The remainder is below the number of batches, which is a usize.
        #[allow(clippy::cast_possible_truncation)]
        session.batches.skip_to((update % n_batches) as usize)?;
        session.update = update;
        session.stopwatch = Stopwatch::at(seconds);
        session.last_batch_loss = last_batch_loss;
        session.plateau = plateau;
        session.best = best;
        session.history = history;
        session.outcome = outcome;
        Ok(session)
    }

    fn assemble(
        trainer: Trainer,
        training: &'a Dataset<T>,
        validation: Option<&'a Dataset<T>>,
        model: Mlp<T>,
        optimizer: Optimizer<T>,
    ) -> Result<Self, Error> {
        let batches = Batches::new(training, trainer.batch_size, trainer.seed)?;
        let n_batches = batches.n_batches() as u64;
        let rates = trainer
            .schedule
            .rates(trainer.learning_rate, &trainer.budget, n_batches)?;
        let evaluator = Evaluator::new(
            &model,
            &trainer.evaluation,
            trainer.seed,
            training,
            validation,
        )?;
        Ok(Self {
            workspace: model.workspace(batches.max_samples().min(CHUNK)),
            last_update: trainer.budget.last_update(n_batches),
            batches,
            evaluator,
            rates,
            model,
            optimizer,
            update: 0,
            stopwatch: Stopwatch::at(0.0),
            last_batch_loss: None,
            plateau: Plateau::default(),
            best: None,
            history: History::default(),
            closing: None,
            outcome: None,
            training,
            validation,
            trainer,
        })
    }

    /// The model as it stands (not the best one so far).
    pub fn model(&self) -> &Mlp<T> {
        &self.model
    }

    /// How many updates have been made.
    pub fn update(&self) -> u64 {
        self.update
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
        Checkpoint {
            format: FORMAT,
            trainer: self.trainer.clone(),
            training: Fingerprint::of(self.training),
            validation: self.validation.map(Fingerprint::of),
            model: self.model.clone(),
            optimizer: self.optimizer.clone(),
            update: self.update,
            seconds: self.stopwatch.seconds(),
            last_batch_loss: self.last_batch_loss,
            plateau: self.plateau,
            best: self.best.clone(),
            history: self.history.clone(),
            outcome: self
                .outcome
                .filter(|&outcome| outcome != Outcome::Interrupted),
        }
    }

    /// Trains to the end. After an interruption, called again, it goes on.
    ///
    /// # Errors
    /// [`Error::Diverged`], with the history so far.
    pub fn run<O: Observer + ?Sized>(&mut self, observer: &mut O) -> Result<Outcome, Error> {
        observer.on_start(&self.plan());
        loop {
            if let Some(outcome) = self.advance(observer)? {
                return Ok(outcome);
            }
        }
    }

    /// Trains to the next evaluation (the first time: evaluates the model before training), and says whether that was
    /// the end. Does not call [`Observer::on_start`].
    ///
    /// # Errors
    /// [`Error::Diverged`], with the history so far.
    pub fn advance<O: Observer + ?Sized>(
        &mut self,
        observer: &mut O,
    ) -> Result<Option<Outcome>, Error> {
        if matches!(self.outcome, Some(outcome) if outcome != Outcome::Interrupted) {
            return Ok(self.outcome);
        }
        self.closing = None;
        self.outcome = if self.history.records().is_empty() {
            self.evaluate_when_due(observer)?
        } else {
            self.stretch(observer)?
        };
        Ok(self.outcome)
    }

    /// Updates until an evaluation is due or the training ends, and then that evaluation.
    fn stretch<O: Observer + ?Sized>(
        &mut self,
        observer: &mut O,
    ) -> Result<Option<Outcome>, Error> {
        let due = self
            .trainer
            .evaluation
            .when
            .next_after(self.update, self.updates_per_epoch());
        self.stopwatch.start();
        let stretch = self.train_until(due.min(self.last_update), observer);
        self.stopwatch.stop();
        let stretch = stretch?;
        let judged = if self.update == due {
            self.evaluate_when_due(observer)?
        } else {
            self.close(observer)?
        };
        // What the evaluation found comes first: a target reached with the last update is reached.
        Ok(match (judged, stretch) {
            (Some(Outcome::TargetReached), _) => judged,
            (_, Stretch::TimeIsUp) => Some(Outcome::BudgetSpent),
            (_, _) if self.update >= self.last_update => Some(Outcome::BudgetSpent),
            (None, Stretch::Interrupted) => Some(Outcome::Interrupted),
            _ => judged,
        })
    }

    /// The loop. Between two evaluations there is nothing but batches, updates, and whoever listens.
    fn train_until<O: Observer + ?Sized>(
        &mut self,
        end: u64,
        observer: &mut O,
    ) -> Result<Stretch, Error> {
        let mut deadline = Deadline::new(self.trainer.budget.seconds(), &self.stopwatch);
        while self.update < end {
            let learning_rate = self.learning_rate_of(self.update);
            let batch_loss = self.update_once(learning_rate)?;
            let update = Update {
                update: self.update,
                epoch: self.epoch_of(self.update - 1),
                batch_loss,
                learning_rate,
            };
            if observer.on_update(&update).is_break() {
                return Ok(Stretch::Interrupted);
            }
            if deadline.is_over(&self.stopwatch) {
                return Ok(Stretch::TimeIsUp);
            }
        }
        Ok(Stretch::Whole)
    }

    /// One update on the next batch.
    fn update_once(&mut self, learning_rate: f64) -> Result<f64, Error> {
        if self.batches.position() == self.batches.n_batches() {
            self.batches.start_epoch(self.batches.epoch() + 1);
        }
        let Some(batch) = self.batches.next_batch() else {
            // A data set has samples and a batch size is at least 1, so an epoch has a batch.
            return Err(smallbatch_mlp::Error::EmptyBatch.into());
        };
        let targets = match batch.target {
            BatchTarget::Labels(labels) => Targets::Labels(labels),
            BatchTarget::Values(values) => Targets::Values(values),
        };
        let mut samples = Batch::new(batch.features, targets);
        if let Some(weights) = batch.weights {
            samples = samples.weights(weights);
        }
        let step = self.model.train_step(
            &samples,
            &mut self.optimizer,
            learning_rate,
            self.trainer.seed,
            &mut self.workspace,
        );
        match step {
            Ok(loss) => {
                self.update += 1;
                self.last_batch_loss = Some(loss);
                Ok(loss)
            }
            Err(smallbatch_mlp::Error::LossNotFinite { loss }) => {
                Err(self.diverged(NotFinite::BatchLoss(loss)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An evaluation that the timetable asks for: it goes into the history, and is judged.
    fn evaluate_when_due<O: Observer + ?Sized>(
        &mut self,
        observer: &mut O,
    ) -> Result<Option<Outcome>, Error> {
        let record = self.evaluate()?;
        self.history.push(record);
        let watched = record.validation_loss.unwrap_or(record.training_loss);
        self.plateau.observe(&self.trainer.schedule, watched);
        let patience_is_over = self.remember_if_best(&record);
        let flow = observer.on_evaluation(&record);
        Ok(if self.reaches_target(&record) {
            Some(Outcome::TargetReached)
        } else if patience_is_over {
            Some(Outcome::EarlyStopped)
        } else if flow == ControlFlow::Break(()) {
            Some(Outcome::Interrupted)
        } else {
            None
        })
    }

    /// The evaluation at an end where none was due.
    fn close<O: Observer + ?Sized>(&mut self, observer: &mut O) -> Result<Option<Outcome>, Error> {
        let record = self.evaluate()?;
        self.closing = Some(record);
        // The training is over: whether the observer wants to stop makes no difference.
        let _ = observer.on_evaluation(&record);
        let reached = self.reaches_target(&record);
        Ok(reached.then_some(Outcome::TargetReached))
    }

    /// The record of the model as it stands; a divergence if anything in it is not finite.
    fn evaluate(&mut self) -> Result<Record, Error> {
        // ReLU turns NaN into 0 on some processors, so that a broken weight need not show in the loss.
        let parameters = self.model.parameters().as_slice();
        if let Some(&broken) = parameters.iter().find(|&&value| !to_f64(value).is_finite()) {
            return Err(self.diverged(NotFinite::Parameter(to_f64(broken))));
        }
        let (training, validation) = self.evaluator.measure(&self.model)?;
        let losses = [
            (Watched::Training, Some(training)),
            (Watched::Validation, validation),
        ];
        for (part, measurement) in losses {
            if let Some(measurement) = measurement
                && !measurement.loss.is_finite()
            {
                return Err(self.diverged(NotFinite::EvaluatedLoss(part, measurement.loss)));
            }
        }
        Ok(Record {
            epoch: self.update as f64 / self.updates_per_epoch() as f64,
            update: self.update,
            samples: self.samples_seen(),
            seconds: self.stopwatch.seconds(),
            learning_rate: self.learning_rate_of(self.update.saturating_sub(1)),
            training_loss: training.loss,
            training_metrics: training.metrics,
            validation_loss: validation.map(|measurement| measurement.loss),
            validation_metrics: validation.map(|measurement| measurement.metrics),
        })
    }

    /// Keeps the model if it is the best on the validation data so far; true when patience is over.
    fn remember_if_best(&mut self, record: &Record) -> bool {
        let (Some(early_stopping), Some(loss)) =
            (self.trainer.early_stopping, record.validation_loss)
        else {
            return false;
        };
        let best = self.best.get_or_insert_with(|| Best {
            lowest: Lowest::default(),
            parameters: self.model.parameters().as_slice().to_vec(),
            record: *record,
        });
        if best.lowest.observe(loss, early_stopping.min_delta) {
            best.parameters
                .copy_from_slice(self.model.parameters().as_slice());
            best.record = *record;
        }
        best.lowest.since() >= early_stopping.patience
    }

    fn reaches_target(&self, record: &Record) -> bool {
        self.trainer
            .budget
            .target()
            .is_some_and(|(part, target)| record.loss(part).is_some_and(|loss| loss <= target))
    }

    /// The model, its history and why it ended. A training that was not run to its end counts as interrupted.
    ///
    /// # Errors
    /// [`Error::Diverged`] where the model was not evaluated at its last update, and is not finite there.
    pub fn finish(mut self) -> Result<Trained<T>, Error> {
        let is_evaluated =
            |last: Option<&Record>| last.is_some_and(|last| last.update == self.update);
        if self.closing.is_none() && !is_evaluated(self.history.last()) {
            self.close(&mut Silent)?;
        }
        if let Some(closing) = self.closing {
            self.history.push(closing);
        }
        let Some(&(mut record)) = self.history.last() else {
            // There is one at each end: the branch above has made it.
            return Err(smallbatch_mlp::Error::EmptyBatch.into());
        };
        if let (Some(best), Some(early_stopping)) = (self.best, self.trainer.early_stopping) {
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
        self.batches.n_batches() as u64
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

    fn diverged(&self, what: NotFinite) -> Error {
        // A batch's loss belongs to the update that it was refused for, the others to the update before.
        let update = match what {
            NotFinite::BatchLoss(_) => self.update,
            _ => self.update.saturating_sub(1),
        };
        let suspects = Suspects::of(self.training);
        Error::Diverged(Box::new(Divergence {
            what,
            update: self.update,
            epoch: self.epoch_of(update),
            last_finite_loss: self.last_batch_loss,
            learning_rate: self.learning_rate_of(update),
            feature: suspects.feature,
            median_span: suspects.median_span,
            target: suspects.target,
            history: self.history.clone(),
        }))
    }
}

/// Everything that can be refused before the model is built.
fn check<T: Scalar>(
    trainer: &Trainer,
    training: &Dataset<T>,
    validation: Option<&Dataset<T>>,
) -> Result<(), Error> {
    trainer.validate_with(validation.is_some())?;
    check_part(&trainer.model, Watched::Training, training)?;
    check_enough(training)?;
    if let Some(validation) = validation {
        check_part(&trainer.model, Watched::Validation, validation)?;
        check_same(training, validation)?;
    }
    if let smallbatch_data::BatchSize::Mini(batch_size) = trainer.batch_size
        && batch_size > training.n_samples()
    {
        return Err(Error::BatchTooLarge {
            batch_size,
            dataset: training.name().to_owned(),
            n_samples: training.n_samples(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;
    use smallbatch_data::{BatchSize, Target};
    use smallbatch_mlp::MlpSpec;

    use super::*;

    /// A bias of minus infinity before a ReLU is a unit that is always off: the loss stays finite, the model is broken.
    #[test]
    fn a_broken_weight_is_found_though_the_loss_is_finite() {
        let features = dmatrix![-1.0, 0.0, 1.0];
        let data = Dataset::<f64>::new(features, Target::classes(vec![0, 1, 1])).unwrap();
        let trainer = Trainer::new(MlpSpec::new([1, 4, 2])).batch_size(BatchSize::Full);
        let mut session = trainer.start(&data, None).unwrap();
        session.model.parameters_mut().bias_mut(0)[1] = f64::NEG_INFINITY;
        let (training, _) = session.evaluator.measure(&session.model).unwrap();
        assert!(training.loss.is_finite());
        let Err(Error::Diverged(divergence)) = session.advance(&mut Silent) else {
            panic!("it was not found")
        };
        assert_eq!(divergence.what, NotFinite::Parameter(f64::NEG_INFINITY));
        let sentence = divergence.to_string();
        assert!(
            sentence.starts_with("training diverged after update 0 (epoch 0): a weight is -inf. "),
            "{sentence}"
        );
    }
}
