//! One training run, from a request to its trajectory. The only file here that knows the trainer.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Batch, CHUNK, Mlp, MlpSpec, OptimizerSpec, Targets};
use smallbatch_train::{
    Budget, EvaluateEvery, Evaluation, Observer, Outcome, Record, Trainer, Update, metrics,
};

use super::definition::Optimizer;
use super::lbfgs;
use super::prepared::Prepared;
use super::sources::step;
use super::trajectory::{Point, TestMeasures, Trajectory};
use crate::Error;

/// Between two evaluations, the updates grow by this. More would cost time, and say little more: the time to a target
/// is interpolated between two evaluations anyway.
pub(super) const EVALUATION_RATIO: f64 = 1.2;
/// The usual momentum, as in textbooks and frameworks.
const MOMENTUM: f64 = 0.9;

/// An amount of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Extent {
    /// Passes over the training part.
    Epochs(u64),
    /// Updates of the parameters.
    Updates(u64),
    /// Seconds of training.
    Seconds(f64),
}

impl Extent {
    /// So many times as much.
    pub(crate) fn times(self, factor: u64) -> Self {
        match self {
            Self::Epochs(epochs) => Self::Epochs(epochs.saturating_mul(factor)),
            Self::Updates(updates) => Self::Updates(updates.saturating_mul(factor)),
            Self::Seconds(seconds) => Self::Seconds(seconds * factor as f64),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
            Self::Updates(updates) => write!(f, "{updates} updates"),
            Self::Seconds(seconds) if *seconds < 0.1 => {
                write!(f, "{:.3} milliseconds", seconds * 1e3)
            }
            Self::Seconds(seconds) => write!(f, "{seconds:.2} seconds"),
        }
    }
}

/// How long a run lasts: to the end of an extent, or until its training loss is at or below a target, if there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Length {
    /// The most that it may take.
    pub(crate) cap: Extent,
    /// The loss to reach.
    pub(crate) target: Option<f64>,
}

impl Length {
    fn budget(self) -> Budget {
        let cap = match self.cap {
            Extent::Epochs(epochs) => Budget::Epochs(epochs),
            Extent::Updates(updates) => Budget::Updates(updates),
            Extent::Seconds(seconds) => Budget::Seconds(seconds),
        };
        match self.target {
            Some(target) => Budget::until_training_loss(target, cap),
            None => cap,
        }
    }
}

/// What is recorded of a run. It does not change the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Recording {
    /// The losses along training, and the test part at the end.
    Curve,
    /// The losses and the measures of the test part along training.
    CurveWithTest,
    /// The losses before and after training alone: for tuning, where evaluations would cost more than the runs.
    End,
}

/// Everything that decides a run but its data.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The network.
    pub(crate) network: MlpSpec,
    /// Samples in one update.
    pub(crate) batch_size: BatchSize,
    /// How the parameters follow from the gradients.
    pub(crate) optimizer: Optimizer,
    /// The constant learning rate; without meaning for an optimizer that has none.
    pub(crate) learning_rate: f64,
    /// The seed of initial weights and order.
    pub(crate) seed: u64,
    /// How long.
    pub(crate) length: Length,
    /// On how many samples losses are measured; `None` for all.
    pub(crate) measured: Option<usize>,
    /// What is recorded.
    pub(crate) record: Recording,
}

/// Ends a run when somebody asks to stop.
pub(crate) struct StopWhen<'a>(pub(crate) &'a AtomicBool);

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

/// Trains; `None` when `stop` was set before the end.
pub(crate) fn train(
    settings: &Settings,
    data: &Prepared,
    stop: &AtomicBool,
) -> Result<Option<Trajectory>, Error> {
    let failed = |error| {
        step(
            format!(
                "train on {} with batch {}, rate {}, seed {}",
                data.training.name(),
                settings.batch_size,
                settings.learning_rate,
                settings.seed
            ),
            error,
        )
    };
    let optimizer = match settings.optimizer {
        Optimizer::Sgd => OptimizerSpec::sgd(),
        Optimizer::Momentum => OptimizerSpec::momentum(MOMENTUM),
        Optimizer::LBfgs => return lbfgs::train(settings, data, stop),
    };
    let evaluation = Evaluation::every(match settings.record {
        Recording::Curve | Recording::CurveWithTest => EvaluateEvery::Geometric {
            ratio: EVALUATION_RATIO,
        },
        Recording::End => EvaluateEvery::Updates(u64::MAX),
    });
    let evaluation = match settings.measured {
        Some(measured) => evaluation
            .training_samples(measured)
            .validation_samples(measured),
        None => evaluation.all_training_samples(),
    };
    let trainer = Trainer::new(settings.network.clone())
        .optimizer(optimizer)
        .learning_rate(settings.learning_rate)
        .batch_size(settings.batch_size)
        .budget(settings.length.budget())
        .evaluation(evaluation)
        .seed(settings.seed)
        .threads(1);
    let mut tests = Vec::new();
    let mut session = trainer
        .start(&data.training, Some(&data.validation))
        .map_err(failed)?;
    let outcome = loop {
        let step = session.advance(&mut StopWhen(stop));
        if settings.record == Recording::CurveWithTest && step.is_ok() {
            tests.push(test_measures(session.model(), &data.test)?);
        }
        match step {
            Ok(None) => {}
            Ok(Some(outcome)) => break session.finish().map(|trained| (trained, outcome)),
            Err(error) => break Err(error),
        }
    };
    match outcome {
        Ok((_, Outcome::Interrupted)) => Ok(None),
        Ok((trained, _)) => {
            let model = trained.model();
            let at_the_end = settings.record != Recording::End;
            let measure = |test| test_measures(model, test);
            Ok(Some(Trajectory {
                points: points(trained.history().records(), &tests),
                diverged: false,
                test: at_the_end.then(|| measure(&data.test)).transpose()?,
                other_tests: if at_the_end {
                    data.own_tests
                        .iter()
                        .map(measure)
                        .collect::<Result<_, _>>()?
                } else {
                    Vec::new()
                },
            }))
        }
        Err(smallbatch_train::Error::Diverged(divergence)) => Ok(Some(Trajectory {
            points: points(divergence.history.records(), &tests),
            diverged: true,
            test: None,
            other_tests: Vec::new(),
        })),
        Err(error) => Err(failed(error)),
    }
}

/// The records of a training, each with what the test part gave at that moment, where that was measured.
pub(crate) fn points(records: &[Record], tests: &[TestMeasures]) -> Vec<Point> {
    records
        .iter()
        .enumerate()
        .map(|(index, record)| Point {
            updates: record.update,
            samples: record.samples,
            epoch: record.epoch,
            seconds: record.seconds,
            training_loss: record.training_loss,
            validation_loss: record.validation_loss.unwrap_or(f64::NAN),
            test: tests.get(index).copied(),
        })
        .collect()
}

/// The name of the metric that suits the target.
pub(crate) fn metric_name(target: &Target<f32>) -> &'static str {
    match target {
        Target::Classes { .. } => "accuracy",
        _ => "R²",
    }
}

/// All samples of a part as one batch.
pub(super) fn batch_of(part: &Dataset<f32>) -> Result<Batch<'_, f32>, Error> {
    let targets = match part.target() {
        Target::Classes { labels, .. } => Targets::Labels(labels),
        Target::Values { values, .. } => Targets::Values(values.as_view()),
        _ => {
            let doing = format!("read the target of {}", part.name());
            return Err(step(doing, "this kind of target is not known here"));
        }
    };
    Ok(Batch::new(part.features().as_view(), targets))
}

pub(super) fn test_measures(model: &Mlp<f32>, test: &Dataset<f32>) -> Result<TestMeasures, Error> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        step(
            format!("measure the model on the test part of {}", test.name()),
            error,
        )
    };
    let inputs = test.features().as_view();
    let mut workspace = model.workspace(test.n_samples().min(CHUNK));
    let loss = model
        .loss(&batch_of(test)?, &mut workspace)
        .map_err(|error| failed(error.into()))?;
    let predictions = model
        .predict(inputs)
        .map_err(|error| failed(error.into()))?;
    if predictions.iter().any(|value| !value.is_finite()) {
        // Weights that are still numbers can give outputs that are not. Metrics refuse those; the run counts all the same,
        // as "at least" a constant prediction.
        let metric = f64::NAN;
        return Ok(TestMeasures { loss, metric });
    }
    let metric = match test.target() {
        Target::Classes { labels, .. } => metrics::accuracy(predictions.as_view(), labels, None),
        Target::Values { values, .. } => metrics::r2(predictions.as_view(), values.as_view(), None),
        _ => return Err(failed("this kind of target is not known here".into())),
    };
    let metric = match metric {
        // Of a rare kind of target a small test part may have none: then R² is not defined, and this split tells nothing of it.
        Err(smallbatch_train::Error::ConstantTarget { .. }) => f64::NAN,
        other => other.map_err(|error| failed(error.into()))?,
    };
    Ok(TestMeasures { loss, metric })
}
