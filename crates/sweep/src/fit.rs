//! One network that is trained to be used: with what stands before and after it, and not for a comparison.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, Dataset, Target, TargetScaler};
use smallbatch_mlp::{Mlp, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::{AnyScaler, FitData, FittedScaler, Scaler};
use smallbatch_train::{
    Budget, EarlyStopping, EvaluateEvery, Evaluation, Observer, Outcome, Record, Trainer, Update,
};

use crate::Error;

/// The least patience of early stopping, in epochs; else it is a third of the epochs.
const LEAST_PATIENCE: u64 = 5;

/// A training of which the network is wanted, where a [`Job`](crate::Job) is one of which the losses are.
///
/// Plain gradient descent at a constant rate. Inputs are scaled in `f64` and only then narrowed to the network's `f32`, so that
/// numbers around 10⁹ keep their digits. Targets that are numbers are standardized by the training rows. Its outcome is a pure
/// function of this and of the rows.
///
/// ```
/// use std::sync::atomic::AtomicBool;
///
/// use smallbatch_data::{BatchSize, Splitter, builtin};
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_preprocess::StandardScaler;
/// use smallbatch_sweep::Fit;
///
/// let split = Splitter::new(7).fractions(0.6, 0.2, 0.2)?.stratified().split(&builtin::wine()?.cast::<f64>()?)?;
/// let fit = Fit {
///     network: MlpSpec::new([13, 16, 3]),
///     scaler: StandardScaler::default().into(),
///     batch_size: BatchSize::Mini(32),
///     learning_rate: 0.1,
///     epochs: 30,
///     early_stopping: true,
///     seed: 1,
/// };
/// let outcome = fit.run(split.train(), Some(split.validation()), &AtomicBool::new(false))?;
/// assert!(outcome.loss < 0.3, "nats; three classes by chance are 1.1");
///
/// // The rows as they were measured go in, probabilities come out.
/// let fitted = outcome.fitted.ok_or("it diverged")?;
/// let probabilities = fitted.predict(split.test())?;
/// assert_eq!(probabilities.nrows(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The network.
    pub network: MlpSpec,
    /// How the inputs are scaled, by the training rows.
    pub scaler: AnyScaler,
    /// Samples in one update; all where there are not so many.
    pub batch_size: BatchSize,
    /// The constant learning rate.
    pub learning_rate: f64,
    /// The most epochs.
    pub epochs: u64,
    /// Whether the best epoch by validation loss is taken, or the last. The patience is a third of the epochs, and at least 5.
    pub early_stopping: bool,
    /// The seed of initial weights and order.
    pub seed: u64,
}

/// A network with what stands before and after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Scales the inputs.
    pub scaler: FittedScaler,
    /// The network.
    pub network: Mlp<f32>,
    /// Brings predictions back to the target's unit, where it is numbers.
    pub target_scaler: Option<TargetScaler>,
}

/// What a [`Fit`] gave.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOutcome {
    /// What is used; `None` when the training diverged.
    pub fitted: Option<Fitted>,
    /// The validation loss of what was fitted; infinite when it diverged, or there were no validation rows.
    pub loss: f64,
    /// The epoch that it is of.
    pub epoch: f64,
    /// Epochs that were trained.
    pub spent: f64,
}

impl FitOutcome {
    /// One that gave nothing, after so many epochs.
    fn diverged(spent: f64) -> Self {
        Self {
            fitted: None,
            loss: f64::INFINITY,
            epoch: 0.0,
            spent,
        }
    }
}

impl Fit {
    /// Scales by the training rows, and trains on one thread.
    ///
    /// Divergence is an outcome and no error. So are raw inputs beyond what `f32` holds.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when `stop` was set before the end, [`Error::Data`] for rows that cannot be scaled, and
    /// [`Error::Step`] for what cannot be trained, such as early stopping without validation rows.
    pub fn run(
        &self,
        training: &Dataset<f64>,
        validation: Option<&Dataset<f64>>,
        stop: &AtomicBool,
    ) -> Result<FitOutcome, Error> {
        let data = FitData::new(training.features()).names(training.feature_names());
        let scaler = self
            .scaler
            .fit(&data)
            .map_err(smallbatch_data::Error::from)?;
        let target_scaler = match training.target() {
            Target::Values { .. } => Some(TargetScaler::fit(training)?),
            _ => None,
        };
        let scaled = |rows: &Dataset<f64>| -> Result<Dataset<f32>, smallbatch_data::Error> {
            let rows = rows.scaled(&scaler)?;
            let rows = match &target_scaler {
                Some(target) => target.apply(&rows)?,
                None => rows,
            };
            rows.cast()
        };
        let (training, validation) = match (scaled(training), validation.map(scaled).transpose()) {
            (Ok(training), Ok(validation)) => (training, validation),
            // Raw numbers that the network's type cannot hold: what would be trained on them is of no use either.
            (Err(smallbatch_data::Error::Narrowing { .. }), _)
            | (_, Err(smallbatch_data::Error::Narrowing { .. })) => {
                return Ok(FitOutcome::diverged(0.0));
            }
            (Err(error), _) | (_, Err(error)) => return Err(error.into()),
        };
        let trainer = self.trainer(training.n_samples());
        match trainer.fit_observed(&training, validation.as_ref(), &mut StopWhen(stop)) {
            Ok(trained) if trained.outcome() == Outcome::Interrupted => Err(Error::Interrupted),
            Ok(trained) => Ok(FitOutcome {
                loss: trained.record().validation_loss.unwrap_or(f64::INFINITY),
                epoch: trained.record().epoch,
                spent: trained.history().last().map_or(0.0, |last| last.epoch),
                fitted: Some(Fitted {
                    scaler,
                    network: trained.into_model(),
                    target_scaler,
                }),
            }),
            Err(smallbatch_train::Error::Diverged(divergence)) => {
                Ok(FitOutcome::diverged(divergence.epoch as f64 + 1.0))
            }
            Err(error) => Err(Error::step(
                format!(
                    "train on {} with batch {}, rate {}, seed {}",
                    training.name(),
                    self.batch_size,
                    self.learning_rate,
                    self.seed
                ),
                error,
            )),
        }
    }

    fn trainer(&self, n_samples: usize) -> Trainer {
        let batch_size = match self.batch_size {
            BatchSize::Mini(size) => BatchSize::Mini(size.min(n_samples)),
            BatchSize::Full => BatchSize::Full,
        };
        let every = if self.early_stopping {
            EvaluateEvery::Epochs(1)
        } else {
            EvaluateEvery::Updates(u64::MAX)
        };
        let trainer = Trainer::new(self.network.clone())
            .optimizer(OptimizerSpec::sgd())
            .learning_rate(self.learning_rate)
            .batch_size(batch_size)
            .budget(Budget::Epochs(self.epochs))
            // The training loss is not asked for: one sample keeps its evaluation cheap.
            .evaluation(Evaluation::every(every).training_samples(1))
            .seed(self.seed)
            .threads(1);
        if self.early_stopping {
            let patience = (self.epochs / 3).max(LEAST_PATIENCE);
            trainer.early_stopping(EarlyStopping::patience(patience))
        } else {
            trainer
        }
    }
}

impl Fitted {
    /// Predictions for rows that are not yet scaled: numbers in the target's unit, or probabilities; shape (outputs or classes, rows).
    ///
    /// # Errors
    /// [`Error::Data`] for other columns than were trained on, and as [`predict_scaled`](Self::predict_scaled).
    pub fn predict(&self, rows: &Dataset<f64>) -> Result<DMatrix<f64>, Error> {
        self.predict_scaled(rows.scaled(&self.scaler)?.features())
    }

    /// The same for features that are scaled, of shape (features, rows).
    ///
    /// # Errors
    /// [`Error::Step`] for another number of features, [`Error::Data`] for a target scaler of another number of outputs.
    pub fn predict_scaled(&self, features: &DMatrix<f64>) -> Result<DMatrix<f64>, Error> {
        let mut predictions = self
            .network
            .predict(features.map(|value| value as f32).as_view())
            .map_err(|error| Error::step("predict", error))?
            .map(f64::from);
        if let Some(target) = &self.target_scaler {
            target.invert(&mut predictions)?;
        }
        Ok(predictions)
    }
}

/// Ends a training when the flag is set.
struct StopWhen<'a>(&'a AtomicBool);

impl StopWhen<'_> {
    fn flow(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Observer for StopWhen<'_> {
    fn on_update(&mut self, _update: &Update) -> ControlFlow<()> {
        self.flow()
    }

    fn on_evaluation(&mut self, _record: &Record) -> ControlFlow<()> {
        self.flow()
    }
}

#[cfg(test)]
mod tests {
    use smallbatch_mlp::Loss;

    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    /// y = 2x + 1 around a billion, where `f32` knows every 64th number.
    fn line(n: usize) -> Dataset<f64> {
        let x = |i: usize| 1e9 + ((37 * i) % n) as f64;
        let features = DMatrix::from_fn(1, n, |_, i| x(i));
        let target = (0..n).map(|i| 2.0 * x(i) + 1.0).collect();
        Dataset::new(features, Target::numbers(target)).unwrap()
    }

    fn fit(scaler: AnyScaler) -> Fit {
        Fit {
            network: MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError),
            scaler,
            batch_size: BatchSize::Mini(8),
            learning_rate: 0.1,
            epochs: 30,
            early_stopping: true,
            seed: 3,
        }
    }

    #[test]
    fn large_numbers_keep_their_digits_from_the_input_to_the_prediction() {
        let rows = line(64);
        let standardized = fit(smallbatch_preprocess::StandardScaler::default().into());
        let outcome = standardized.run(&rows, Some(&rows), &GO_ON).unwrap();
        assert!(outcome.loss < 1e-6 && outcome.spent <= 30.0, "{outcome:?}");
        let predicted = outcome.fitted.unwrap().predict(&rows).unwrap();
        let truth = rows.target().as_values().unwrap();
        // A thousandth of the target's deviation of 37.
        assert!((predicted - truth).amax() < 0.05);
    }

    #[test]
    fn divergence_is_an_outcome() {
        let rows = line(64);
        let raw = fit(AnyScaler::Identity).run(&rows, Some(&rows), &GO_ON);
        let raw = raw.unwrap();
        assert_eq!((raw.fitted, raw.loss), (None, f64::INFINITY));
        assert!(raw.spent >= 1.0);
        // 1e60 is no number of `f32`: nothing is trained at all.
        let huge = rows.features().map(|value| value * 1e51);
        let huge = rows.with_features(huge).unwrap();
        let outcome = fit(AnyScaler::Identity).run(&huge, None, &GO_ON).unwrap();
        assert_eq!(outcome, FitOutcome::diverged(0.0));
    }

    #[test]
    fn without_early_stopping_the_last_epoch_is_taken() {
        let rows = line(64);
        let to_the_end = Fit {
            early_stopping: false,
            ..fit(smallbatch_preprocess::StandardScaler::default().into())
        };
        let outcome = to_the_end.run(&rows, None, &GO_ON).unwrap();
        assert_eq!((outcome.epoch, outcome.spent), (30.0, 30.0));
        assert_eq!(outcome.loss, f64::INFINITY);
        assert_eq!(to_the_end.run(&rows, None, &GO_ON).unwrap(), outcome);
    }

    #[test]
    fn a_flag_that_is_set_ends_it() {
        let rows = line(64);
        let stopped = fit(AnyScaler::Identity).run(&rows, Some(&rows), &AtomicBool::new(true));
        assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    }
}
