//! One training for the advice, and many of them spread over threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use smallbatch_data::{BatchSize, Dataset, Target, TargetScaler};
use smallbatch_mlp::{Loss, Mlp, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::{FitData, FittedScaler, Scaler};
use smallbatch_train::{Budget, EarlyStopping, EvaluateEvery, Evaluation, Outcome, Trainer};

use super::{Setting, divide};
use crate::Error;
use crate::experiment::{Ledger, StopWhen, step};

/// How often the waiting thread looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);
/// The least patience of early stopping, in epochs; else it is a third of the epochs.
const LEAST_PATIENCE: u64 = 5;

/// A setting with its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) setting: Setting,
    /// The most epochs.
    pub(super) epochs: u64,
    /// Whether the best epoch by validation loss is taken, or the last.
    pub(super) early_stopping: bool,
}

/// A network with what stands before and after it.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub(super) scaler: FittedScaler,
    pub(super) network: Mlp<f32>,
    /// For a target of numbers.
    pub(super) target: Option<TargetScaler>,
}

/// What a training gave.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// `None` when it diverged.
    pub(super) fitted: Option<Fitted>,
    /// The validation loss of what was fitted; infinite when it diverged, or there was no validation.
    pub(super) loss: f64,
    /// The epoch that it is of.
    pub(super) epoch: f64,
    /// Epochs that were trained.
    pub(super) spent: f64,
}

impl Run {
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

/// The network for these data.
pub(super) fn network(data: &Dataset<f64>, hidden: &[usize]) -> MlpSpec {
    let mut sizes = vec![data.n_features()];
    sizes.extend(hidden);
    sizes.push(data.n_outputs());
    let spec = MlpSpec::new(sizes);
    match data.target() {
        Target::Classes { .. } => spec,
        _ => spec.loss(Loss::MeanSquaredError),
    }
}

/// The cost of one epoch in billions of floating-point operations, nearly: six for each weight and sample, fifty for each
/// unit and sample, fifty thousand for each update.
pub(super) fn cost_of_epoch(spec: &MlpSpec, n_training: usize, batch_size: BatchSize) -> f64 {
    let sizes = spec.layer_sizes();
    let weights: usize = sizes.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let units: usize = sizes.iter().sum();
    let updates = match batch_size {
        BatchSize::Mini(size) => n_training.div_ceil(size.max(1)),
        BatchSize::Full => 1,
    };
    (n_training * (6 * weights + 50 * units) + updates * (2 * weights + 50_000)) as f64 / 1e9
}

/// Four fifths of the development rows for training, the rest for validation, as the seed has it.
pub(super) fn halves(
    development: &Dataset<f64>,
    seed: u64,
) -> Result<(Dataset<f64>, Dataset<f64>), Error> {
    divide(development, seed, 0.8)
}

/// Scales by the training data, and trains. `None` when `stop` was set before the end.
pub(super) fn train(
    way: &Way,
    spec: &MlpSpec,
    training: &Dataset<f64>,
    validation: Option<&Dataset<f64>>,
    seed: u64,
    stop: &AtomicBool,
) -> Result<Option<Run>, Error> {
    let data = FitData::new(training.features()).names(training.feature_names());
    let scaler = way
        .setting
        .scaler
        .fit(&data)
        .map_err(smallbatch_data::Error::from)?;
    let target = match training.target() {
        Target::Values { .. } => Some(TargetScaler::fit(training)?),
        _ => None,
    };
    let scaled = |data: &Dataset<f64>| -> Result<Dataset<f32>, Error> {
        let data = data.scaled(&scaler)?;
        let data = match &target {
            Some(target) => target.apply(&data)?,
            None => data,
        };
        Ok(data.cast()?)
    };
    let training = scaled(training);
    let validation = validation.map(scaled).transpose();
    let (training, validation) = match (training, validation) {
        (Ok(training), Ok(validation)) => (training, validation),
        // Raw numbers that the network's type cannot hold: what would be trained on them is of no use either.
        (Err(Error::Data(smallbatch_data::Error::Narrowing { .. })), _)
        | (_, Err(Error::Data(smallbatch_data::Error::Narrowing { .. }))) => {
            return Ok(Some(Run::diverged(0.0)));
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let batch_size = match way.setting.batch_size {
        BatchSize::Mini(size) => BatchSize::Mini(size.min(training.n_samples())),
        BatchSize::Full => BatchSize::Full,
    };
    // The training loss is not asked for: one sample keeps its evaluation cheap.
    let mut trainer = Trainer::new(spec.clone())
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(way.setting.learning_rate)
        .batch_size(batch_size)
        .budget(Budget::Epochs(way.epochs))
        .evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)).training_samples(1))
        .seed(seed)
        .threads(1);
    if way.early_stopping {
        trainer = trainer
            .evaluation(Evaluation::every(EvaluateEvery::Epochs(1)).training_samples(1))
            .early_stopping(EarlyStopping::patience(
                (way.epochs / 3).max(LEAST_PATIENCE),
            ));
    }
    match trainer.fit_observed(&training, validation.as_ref(), &mut StopWhen(stop)) {
        Ok(trained) if trained.outcome() == Outcome::Interrupted => Ok(None),
        Ok(trained) => Ok(Some(Run {
            loss: trained.record().validation_loss.unwrap_or(f64::INFINITY),
            epoch: trained.record().epoch,
            spent: trained.history().last().map_or(0.0, |last| last.epoch),
            fitted: Some(Fitted {
                network: trained.into_model(),
                scaler,
                target,
            }),
        })),
        Err(smallbatch_train::Error::Diverged(divergence)) => {
            Ok(Some(Run::diverged(divergence.epoch as f64 + 1.0)))
        }
        Err(error) => Err(step(
            format!(
                "train on {} with batch {batch_size}, rate {}, seed {seed}",
                training.name(),
                way.setting.learning_rate
            ),
            error,
        )),
    }
}

/// Does the work of all jobs on so many threads. What is missing at the end was not done because the ledger said to stop.
pub(super) fn spread<J: Sync, T: Send>(
    jobs: &[J],
    threads: usize,
    ledger: &mut Ledger<'_>,
    cost: impl Fn(&J, &T) -> f64,
    work: impl Fn(&J, &AtomicBool) -> Result<Option<T>, Error> + Sync,
) -> Result<Vec<Option<T>>, Error> {
    let stop = AtomicBool::new(ledger.interrupted());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut done: Vec<Option<T>> = jobs.iter().map(|_| None).collect();
    let mut failure = None;
    std::thread::scope(|scope| {
        for worker in 0..threads.min(jobs.len()) {
            let sender = sender.clone();
            let (stop, next, work) = (&stop, &next, &work);
            let spawned = std::thread::Builder::new().spawn_scoped(scope, move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { return };
                    // The receiver outlives the workers; were it gone, nobody would want the run.
                    if sender.send((index, work(job, stop))).is_err() {
                        return;
                    }
                }
            });
            if let Err(error) = spawned {
                // Fewer workers do the same work in more time; none would do nothing.
                if worker == 0 {
                    failure = Some(step("start a thread for the runs".into(), error));
                }
                break;
            }
        }
        // The receiver's loop ends when the last worker has dropped its sender.
        drop(sender);
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok((index, Ok(result))) => {
                    if let Some(result) = &result {
                        ledger.add(cost(&jobs[index], result));
                    }
                    done[index] = result;
                }
                Ok((_, Err(error))) => {
                    stop.store(true, Ordering::Relaxed);
                    failure.get_or_insert(error);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => ledger.tell(),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if ledger.interrupted() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    failure.map_or(Ok(done), Err)
}
