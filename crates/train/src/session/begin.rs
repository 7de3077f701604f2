//! How a training begins: what is refused, and what is made.

use smallbatch_data::{BatchSize, Dataset};
use smallbatch_mlp::{CHUNK, Mlp, Optimizer};

use super::Session;
use super::pieces::Pieces;
use crate::batch_losses::{BatchLosses, mean_weight};
use crate::checkpoint::{Checkpoint, State};
use crate::clock::Stopwatch;
use crate::evaluator::{Evaluator, batch_of};
use crate::fit_check::{check_classes, check_enough, check_part, check_same, check_training};
use crate::plateau::Plateau;
use crate::rows::Rows;
use crate::{Error, History, Scalar, Trainer, Watched};

impl<'a, T: Scalar> Session<'a, T> {
    pub(crate) fn start(
        trainer: Trainer,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Self, Error> {
        // Before anything is allocated for a model that may be absurd.
        check(&trainer, training, validation)?;
        let model = trainer.model.build::<T>(trainer.seed)?;
        let optimizer = trainer.optimizer.build(model.n_parameters())?;
        Self::assemble(trainer, training, validation, model, optimizer)
    }

    pub(crate) fn start_from(
        trainer: Trainer,
        model: Mlp<T>,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Self, Error> {
        check(&trainer, training, validation)?;
        if model.spec() != &trainer.model {
            return Err(Error::OtherModel {
                described: format!("{:?}", trainer.model),
                given: format!("{:?}", model.spec()),
            });
        }
        let optimizer = trainer.optimizer.build(model.n_parameters())?;
        Self::assemble(trainer, training, validation, model, optimizer)
    }

    pub(crate) fn resume(
        checkpoint: Checkpoint<T>,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
    ) -> Result<Self, Error> {
        let Checkpoint(state) = checkpoint;
        state.check(training, validation)?;
        check(&state.trainer, training, validation)?;
        let n_batches = training
            .batches(state.trainer.batch_size, state.trainer.seed)?
            .n_updates() as u64;
        state.check_position(n_batches)?;
        let State {
            trainer,
            model,
            optimizer,
            update,
            seconds,
            last_batch_loss,
            given_rate,
            batch_losses,
            plateau,
            best,
            history,
            outcome,
            ..
        } = state;
        let mut session = Self::assemble(trainer, training, validation, model, optimizer)?;
        session.batches.start_epoch(update / n_batches);
        // The remainder is below the number of batches, which is a usize.
        #[allow(clippy::cast_possible_truncation)]
        session.batches.skip_to((update % n_batches) as usize)?;
        session.update = update;
        session.stopwatch = Stopwatch::at(seconds);
        session.last_batch_loss = last_batch_loss;
        session.given_rate = given_rate;
        session.batch_losses = batch_losses;
        session.plateau = plateau;
        session.best = best;
        session.history = history;
        session.outcome = outcome;
        Ok(session)
    }

    fn assemble(
        trainer: Trainer,
        training: Rows<'a, T>,
        validation: Option<&'a Dataset<T>>,
        model: Mlp<T>,
        optimizer: Optimizer<T>,
    ) -> Result<Self, Error> {
        let batches = training.batches(trainer.batch_size, trainer.seed)?;
        let n_batches = batches.n_updates() as u64;
        let rates = trainer
            .schedule
            .rates(trainer.learning_rate, &trainer.budget, n_batches)?;
        // All buffers that passes over the network need are made here, those of updates and those of evaluations.
        let max_samples = batches.max_samples();
        let workspace = match trainer.threads {
            Some(threads) => model.workspace_with_threads(max_samples.min(CHUNK), threads)?,
            None => model.workspace_with_automatic_threads(max_samples, usize::MAX),
        };
        let evaluator = Evaluator::new(
            model.spec(),
            model.workspace(CHUNK),
            &trainer.evaluation,
            trainer.seed,
            training,
            validation,
        )?;
        Ok(Self {
            inputs_are_normal: match training {
                Rows::Memory(dataset) => batch_of(dataset).is_normal(),
                Rows::File(_) => false,
            },
            // A full batch is divided by its own, which are these.
            mean_weight: (batches.n_updates() > 1)
                .then(|| mean_weight(&model.spec().loss, &training))
                .flatten(),
            pieces: batches
                .in_pieces()
                .then(|| Pieces::like(model.parameters())),
            workspace,
            last_update: trainer.budget.last_update(n_batches),
            batches,
            evaluator,
            rates,
            sound: model.parameters().as_slice().to_vec(),
            broken: None,
            model,
            optimizer,
            update: 0,
            stopwatch: Stopwatch::at(0.0),
            last_batch_loss: None,
            given_rate: None,
            batch_losses: BatchLosses::default(),
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
}

/// Everything that can be refused before the model is built.
fn check<T: Scalar>(
    trainer: &Trainer,
    training: Rows<'_, T>,
    validation: Option<&Dataset<T>>,
) -> Result<(), Error> {
    trainer.validate_with(validation.is_some())?;
    check_training(&trainer.model, training)?;
    check_enough(&trainer.model.loss, training)?;
    if let Some(validation) = validation {
        check_classes(training.like(), validation)?;
        check_part(&trainer.model, Watched::Validation, validation)?;
        check_same(training.like(), validation)?;
    }
    if let BatchSize::Mini(batch_size) = trainer.batch_size
        && batch_size > training.n_samples()
    {
        return Err(Error::BatchTooLarge {
            batch_size,
            dataset: training.like().name().to_owned(),
            n_samples: training.n_samples(),
        });
    }
    Ok(())
}
