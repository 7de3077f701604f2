//! Listening to a training while it runs: progress bars, logs, interruption.

use std::any::Any;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use smallbatch_mlp::Mlp;

use crate::{Record, Scalar};

/// What is known before the updates begin, or go on.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let plan = trainer.start(&training, None)?.plan();
/// assert_eq!((plan.n_samples, plan.updates_per_epoch), (4, 2));
/// assert_eq!((plan.begins_after, plan.last_update), (0, Some(6)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// How many samples the training data has.
    pub n_samples: usize,
    /// How many updates an epoch has.
    pub updates_per_epoch: u64,
    /// The update after which the budget is spent, unless it is a number of seconds. A target loss or early stopping
    /// can end the training before.
    pub last_update: Option<u64>,
    /// The update that this begins after: 0, or where the checkpoint was made.
    pub begins_after: u64,
}

/// One update of the parameters, just made.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Observer, Trainer, Update};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// use std::ops::ControlFlow;
///
/// /// The mean of the batches' losses, which costs no evaluation.
/// struct Mean(f64);
///
/// impl Observer for Mean {
///     fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
///         self.0 += (update.batch_loss - self.0) / update.update as f64;
///         ControlFlow::Continue(())
///     }
/// }
///
/// let mut mean = Mean(0.0);
/// trainer.fit_observed(&training, None, &mut mean)?;
/// assert!(mean.0 > 0.0 && mean.0.is_finite());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Update {
    /// How many updates have been made, this one included.
    pub update: u64,
    /// The epoch it belongs to, counted from 0.
    pub epoch: u64,
    /// The mean loss over its batch before it, with dropout.
    pub batch_loss: f64,
    /// Its learning rate.
    pub learning_rate: f64,
}

/// Listens to a training, and may end it. Every method has a default that does nothing and goes on.
///
/// Breaking ends the training with [`Outcome::Interrupted`](crate::Outcome::Interrupted): nothing is lost, the model and
/// the history so far are returned, and a [`Session`](crate::Session) can go on later from its checkpoint.
///
/// ```
/// use std::ops::ControlFlow;
/// use smallbatch_train::{Observer, Record, Update};
///
/// /// Prints each evaluation, and ends the training at 98 % validation accuracy.
/// struct Log;
///
/// impl Observer for Log {
///     fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
///         println!("epoch {:5.1}  training loss {:.4}", record.epoch, record.training_loss);
///         match record.validation_metrics.and_then(|metrics| metrics.accuracy()) {
///             Some(accuracy) if accuracy >= 0.98 => ControlFlow::Break(()),
///             _ => ControlFlow::Continue(()),
///         }
///     }
/// }
/// ```
pub trait Observer {
    /// Each time that [`Session::run`](crate::Session::run) begins: once in [`Trainer::fit_observed`](crate::Trainer::fit_observed);
    /// of a session that is run again after an interruption, or from a checkpoint, again, the plan then saying where it
    /// goes on. [`Session::advance`](crate::Session::advance) does not call it.
    fn on_start(&mut self, plan: &Plan) {
        let _ = plan;
    }

    /// The learning rate of the next update, where another than the schedule's is wanted. `update` is how many updates have been
    /// made, `scheduled` the schedule's rate. The stopwatch is running. [`RateBy`] makes an observer of a closure.
    ///
    /// It must be finite and at least 0. A [`Checkpoint`](crate::Checkpoint) holds the schedule and no observer: to go on to the same
    /// bits, give an observer that says the same again.
    fn learning_rate(&mut self, update: u64, scheduled: f64) -> f64 {
        let _ = update;
        scheduled
    }

    /// After each update. The stopwatch is running: what this takes counts as training time, so keep it short.
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        let _ = update;
        ControlFlow::Continue(())
    }

    /// After each evaluation, that before the first update and that after the last included. The stopwatch stands.
    fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
        let _ = record;
        ControlFlow::Continue(())
    }

    /// As [`on_evaluation`](Self::on_evaluation), which it calls unless you write it, with the model that was evaluated: for metrics of
    /// your own, or to save it.
    ///
    /// ```
    /// # use smallbatch_data::{BatchSize, Dataset, Target};
    /// # use smallbatch_mlp::MlpSpec;
    /// # use smallbatch_train::{Budget, Trainer};
    /// use std::ops::ControlFlow;
    /// use smallbatch_train::{ModelRef, Observer, Record};
    /// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
    /// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
    /// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Full).budget(Budget::Epochs(3));
    ///
    /// /// How sure the model is of one sample, evaluation after evaluation.
    /// struct Watch(Vec<f64>);
    ///
    /// impl Observer for Watch {
    ///     fn on_evaluated_model(&mut self, model: ModelRef<'_>, _: &Record) -> ControlFlow<()> {
    ///         let probabilities = model.get::<f64>().and_then(|model| model.predict_sample(&[0.5]).ok());
    ///         self.0.extend(probabilities.map(|probabilities| probabilities[1]));
    ///         ControlFlow::Continue(())
    ///     }
    /// }
    ///
    /// let mut watch = Watch(Vec::new());
    /// trainer.fit_observed(&training, None, &mut watch)?;
    /// assert_eq!(watch.0.len(), 4); // before training, and after each of three epochs
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn on_evaluated_model(&mut self, model: ModelRef<'_>, record: &Record) -> ControlFlow<()> {
        let _ = model;
        self.on_evaluation(record)
    }
}

/// A model in training, in whichever number type it has.
#[derive(Clone, Copy, Debug)]
pub struct ModelRef<'a>(&'a dyn Any);

impl<'a> ModelRef<'a> {
    pub(crate) fn of<T: Scalar>(model: &'a Mlp<T>) -> Self {
        Self(model)
    }

    /// The model, if that is its number type: that of the training data, `f32` by default.
    pub fn get<T: Scalar>(&self) -> Option<&'a Mlp<T>> {
        self.0.downcast_ref()
    }
}

/// An observer that gives the learning rates: by a closure, of how many updates have been made and of the schedule's rate.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, RateBy, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let mut saw = RateBy(|update, scheduled| if update % 2 == 0 { scheduled } else { scheduled / 2.0 });
/// let trained = trainer.learning_rate(0.1).fit_observed(&training, None, &mut saw)?;
/// assert_eq!(trained.record().learning_rate, 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RateBy<F>(pub F);

impl<F: FnMut(u64, f64) -> f64> Observer for RateBy<F> {
    fn learning_rate(&mut self, update: u64, scheduled: f64) -> f64 {
        self.0(update, scheduled)
    }
}

/// Whoever lends an observer gets it back.
impl<O: Observer + ?Sized> Observer for &mut O {
    fn on_start(&mut self, plan: &Plan) {
        (**self).on_start(plan);
    }

    fn learning_rate(&mut self, update: u64, scheduled: f64) -> f64 {
        (**self).learning_rate(update, scheduled)
    }

    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        (**self).on_update(update)
    }

    fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
        (**self).on_evaluation(record)
    }

    fn on_evaluated_model(&mut self, model: ModelRef<'_>, record: &Record) -> ControlFlow<()> {
        (**self).on_evaluated_model(model, record)
    }
}

/// Two observers, the first before the second: it gets the first's learning rate as the schedule's. Either may end the training.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on_start(&mut self, plan: &Plan) {
        self.0.on_start(plan);
        self.1.on_start(plan);
    }

    fn learning_rate(&mut self, update: u64, scheduled: f64) -> f64 {
        let rate = self.0.learning_rate(update, scheduled);
        self.1.learning_rate(update, rate)
    }

    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        both(self.0.on_update(update), self.1.on_update(update))
    }

    fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
        both(self.0.on_evaluation(record), self.1.on_evaluation(record))
    }

    fn on_evaluated_model(&mut self, model: ModelRef<'_>, record: &Record) -> ControlFlow<()> {
        both(
            self.0.on_evaluated_model(model, record),
            self.1.on_evaluated_model(model, record),
        )
    }
}

fn both(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
}

/// The observer of a training that nobody listens to. The loop of [`Trainer::fit`](crate::Trainer::fit) is compiled for it separately, so
/// there it costs nothing.
///
/// ```
/// # use smallbatch_data::{BatchSize, Dataset, Target};
/// # use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Outcome, Silent, Trainer};
/// # let features = nalgebra::DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// # let training = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// # let trainer = Trainer::new(MlpSpec::new([1, 2])).batch_size(BatchSize::Mini(2)).budget(Budget::Epochs(3));
/// let mut session = trainer.start(&training, None)?;
/// assert_eq!(session.run(&mut Silent)?, Outcome::BudgetSpent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
