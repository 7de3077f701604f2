//! What evaluations find, and what follows from it.

use std::ops::ControlFlow;

use super::Session;
use crate::batch_losses::BatchLosses;
use crate::best::Best;
use crate::divergence::{NotFinite, Suspects};
use crate::early_stopping::Lowest;
use crate::evaluator::Measurement;
use crate::{
    Divergence, Error, ModelRef, Observer, Outcome, Record, Scalar, TrainingLoss, Watched,
};

impl<T: Scalar> Session<'_, T> {
    /// An evaluation that the timetable asks for: it goes into the history, and is judged.
    pub(super) fn evaluate_when_due(
        &mut self,
        observer: &mut dyn Observer,
    ) -> Result<Option<Outcome>, Error> {
        let record = self.evaluate()?;
        self.history.push(record);
        self.batch_losses = BatchLosses::default();
        if let Some(watched) = self.watched_by_schedule(&record) {
            self.plateau.observe(&self.trainer.schedule, watched);
        }
        let patience_is_over = self.remember_if_best(&record);
        let flow = observer.on_evaluated_model(ModelRef::of(&self.model), &record);
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
    pub(super) fn close(&mut self, observer: &mut dyn Observer) -> Result<Option<Outcome>, Error> {
        let record = self.evaluate()?;
        self.closing = Some(record);
        // The training is over: whether the observer wants to stop makes no difference.
        let _ = observer.on_evaluated_model(ModelRef::of(&self.model), &record);
        let reached = self.reaches_target(&record);
        Ok(reached.then_some(Outcome::TargetReached))
    }

    /// The record of the model as it stands; a divergence if anything in it is not finite.
    fn evaluate(&mut self) -> Result<Record, Error> {
        // ReLU turns NaN into 0 on some processors, so that a broken weight need not show in the loss.
        self.require_sound()?;
        let of_batches = match self.trainer.evaluation.training {
            TrainingLoss::Batches => self.batch_losses.mean(),
            TrainingLoss::All | TrainingLoss::Samples(_) => None,
        };
        let (training_loss, training_loss_of, training_metrics) = match of_batches {
            Some(mean) => (mean, TrainingLoss::Batches, None),
            None => {
                let measured = self.measure_training()?;
                let of = self.evaluator.training_loss_of();
                (measured.loss, of, Some(measured.metrics))
            }
        };
        let validation = self.evaluator.measure_validation(&self.model)?;
        if let Some(measured) = validation
            && !measured.loss.is_finite()
        {
            let what = NotFinite::EvaluatedLoss(Watched::Validation, measured.loss);
            return Err(self.diverged(what));
        }
        self.sound
            .copy_from_slice(self.model.parameters().as_slice());
        Ok(Record {
            epoch: self.update as f64 / self.updates_per_epoch() as f64,
            update: self.update,
            samples: self.samples_seen(),
            seconds: self.stopwatch.seconds(),
            learning_rate: self
                .given_rate
                .unwrap_or_else(|| self.learning_rate_of(self.update.saturating_sub(1))),
            training_loss,
            training_loss_of,
            training_metrics,
            validation_loss: validation.map(|measurement| measurement.loss),
            validation_metrics: validation.map(|measurement| measurement.metrics),
        })
    }

    /// Refuses parameters and moments that are not finite.
    pub(super) fn require_sound(&mut self) -> Result<(), Error> {
        if let Some(what) = self.broken {
            return Err(self.diverged(what));
        }
        if let Err(error) = self.model.require_finite() {
            return Err(self.broke(error, NotFinite::Parameter));
        }
        if let Err(error) = self.optimizer.require_finite() {
            return Err(self.broke(error, NotFinite::Moment));
        }
        Ok(())
    }

    /// Goes back to the parameters of the latest evaluation, for good.
    fn broke(&mut self, error: smallbatch_mlp::Error, what: fn(f64) -> NotFinite) -> Error {
        let smallbatch_mlp::Error::ParametersNotFinite { value, .. } = error else {
            return error.into();
        };
        let what = what(value);
        if self.history.last().is_some() {
            let model = self.model.parameters_mut();
            model.as_mut_slice().copy_from_slice(&self.sound);
        }
        self.broken = Some(what);
        self.diverged(what)
    }

    /// The measured training loss and metrics; a divergence if the loss is not finite.
    pub(super) fn measure_training(&mut self) -> Result<Measurement, Error> {
        let measured = self.evaluator.measure_training(&self.model)?;
        if measured.loss.is_finite() {
            Ok(measured)
        } else {
            let what = NotFinite::EvaluatedLoss(Watched::Training, measured.loss);
            Err(self.diverged(what))
        }
    }

    /// The loss of this record that the schedule compares with those before: the validation loss, or else the training loss.
    /// One that was evaluated is not compared with those of batches, which dropout and their lag make higher.
    fn watched_by_schedule(&self, record: &Record) -> Option<f64> {
        let of_batches = |of: TrainingLoss| of == TrainingLoss::Batches;
        let is_comparable =
            of_batches(record.training_loss_of) == of_batches(self.trainer.evaluation.training);
        let training_loss = is_comparable.then_some(record.training_loss);
        record.validation_loss.or(training_loss)
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

    pub(super) fn diverged(&self, what: NotFinite) -> Error {
        // A batch's loss belongs to the update that it was refused for, the others to the update before.
        let update = match what {
            NotFinite::BatchLoss(_) | NotFinite::Gradient(_) => self.update,
            NotFinite::EvaluatedLoss(..) | NotFinite::Parameter(_) | NotFinite::Moment(_) => {
                self.update.saturating_sub(1)
            }
        };
        // The data that failed: validation data that was not scaled overflows whatever the training data is like.
        let data = match (what.part(), self.validation) {
            (Watched::Validation, Some(validation)) => validation,
            (Watched::Validation, None) | (Watched::Training, _) => {
                self.batches.window().unwrap_or(self.training.like())
            }
        };
        let suspects = Suspects::of(data);
        Error::Diverged(Box::new(Divergence {
            what,
            update: self.update,
            epoch: self.epoch_of(update),
            last_finite_loss: self.last_batch_loss,
            learning_rate: self
                .given_rate
                .unwrap_or_else(|| self.learning_rate_of(update)),
            base_learning_rate: self.trainer.learning_rate,
            feature: suspects.feature,
            median_span: suspects.median_span,
            target: suspects.target,
            history: self.history.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;
    use smallbatch_data::{BatchSize, Dataset, Target};
    use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};

    use super::*;
    use crate::{Budget, Silent, Trainer};

    /// By default the training data is evaluated before the first update and at the end, and never between: not even an
    /// evaluator that refuses the model is noticed there.
    #[test]
    fn updates_are_recorded_without_an_evaluation() {
        let features = dmatrix![-1.0, 0.0, 1.0];
        let data = Dataset::<f64>::new(features, Target::classes(vec![0, 1, 1])).unwrap();
        let trainer =
            |n_hidden| Trainer::new(MlpSpec::new([1, n_hidden, 2])).batch_size(BatchSize::Mini(2));
        let mut session = trainer(4).start(&data, None).unwrap();
        session.advance(&mut Silent).unwrap();
        session.evaluator = trainer(5).start(&data, None).unwrap().evaluator;
        session.run(&mut Silent).unwrap();
        assert_eq!(session.history().records().len(), 101);
        assert!(session.measure_training().is_err());
        assert!(session.finish().is_err());
    }

    /// A bias of minus infinity before a ReLU is a unit that is always off: the loss stays finite, the model is broken.
    #[test]
    fn a_broken_weight_is_found_though_the_loss_is_finite() {
        let features = dmatrix![-1.0, 0.0, 1.0];
        let data = Dataset::<f64>::new(features, Target::classes(vec![0, 1, 1])).unwrap();
        let trainer = Trainer::new(MlpSpec::new([1, 4, 2])).batch_size(BatchSize::Full);
        let mut session = trainer.start(&data, None).unwrap();
        session.model.parameters_mut().bias_mut(0)[1] = f64::NEG_INFINITY;
        let training = session.evaluator.measure_training(&session.model).unwrap();
        assert!(training.loss.is_finite());
        let Err(Error::Diverged(divergence)) = session.advance(&mut Silent) else {
            panic!("it was not found")
        };
        assert_eq!(divergence.what, NotFinite::Parameter(f64::NEG_INFINITY));
        let sentence = divergence.to_string();
        assert!(
            sentence.starts_with("training cannot begin: before any update a weight is -inf. "),
            "{sentence}"
        );
    }

    /// The loss of each batch is finite all the way, as it was in `Mlp::train_step`'s own test: an input of 1e30 that the output
    /// does not see, and an error of 1e10.
    #[test]
    fn a_training_whose_weights_break_ends_with_those_of_the_latest_evaluation() {
        let features = dmatrix![1e30_f32, 1.0];
        let data = Dataset::new(features, Target::values(dmatrix![1e10_f32, 0.0])).unwrap();
        for optimizer in [OptimizerSpec::sgd(), OptimizerSpec::adam()] {
            let spec = MlpSpec::new([1, 4, 1]).loss(Loss::MeanSquaredError);
            let trainer = Trainer::new(spec)
                .optimizer(optimizer)
                .batch_size(BatchSize::Full)
                .learning_rate(0.1)
                .budget(Budget::Updates(5));
            let mut session = trainer.start(&data, None).unwrap();
            let parameters = session.model.parameters_mut();
            parameters.as_mut_slice().fill(0.0);
            parameters.weight_mut(1).fill(1.0);
            parameters.bias_mut(0).fill(1.0);
            let begun = session.model.parameters().as_slice().to_vec();
            session.advance(&mut Silent).unwrap();
            for _ in 0..2 {
                let Err(Error::Diverged(divergence)) = session.run(&mut Silent) else {
                    panic!("it was not found")
                };
                let what = divergence.what;
                assert!(matches!(
                    what,
                    NotFinite::Parameter(_) | NotFinite::Moment(_)
                ));
                assert_eq!(divergence.update, 1);
                assert_eq!(session.model().parameters().as_slice(), begun);
            }
            // What was saved of it is refused, and it has no end.
            let resumed = Trainer::resume(session.checkpoint(), &data, None);
            assert!(
                matches!(resumed, Err(Error::CheckpointDamaged { .. }))
                    || session.optimizer.require_finite().is_ok()
            );
            assert!(matches!(session.finish(), Err(Error::Diverged(_))));
        }
    }
}
