//! One job to its trajectory. Above `train`, only this file and `fit` build a `Trainer`.

use std::sync::atomic::{AtomicBool, Ordering};

use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{CHUNK, Loss, Mlp, MlpSpec, OptimizerSpec, Scalar, Targets, Workspace};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Session, Silent, Trainer};

use crate::prepared::Prepared;
use crate::{Error, Job, JobOptimizer, Point, Trajectory, lbfgs};

/// Between two evaluations, the updates grow by this. More would cost time, and say little more: losses between are interpolated.
pub(crate) const EVALUATION_RATIO: f64 = 1.2;

/// The usual momentum, as in textbooks and frameworks.
const MOMENTUM: f64 = 0.9;

/// Trains.
pub(crate) fn train(job: &Job, data: &Prepared, stop: &AtomicBool) -> Result<Trajectory, Error> {
    let points = match trainer(job, data) {
        Some(trainer) => descend(job, data, &trainer, stop)?,
        None => lbfgs::train(job, data, stop)?,
    };
    let updates_per_epoch = updates_per_epoch(job.batch, data.training.n_samples());
    Ok(Trajectory {
        points: points.points,
        diverged: points.diverged,
        own_tests: points.own_tests,
        constant: data.constant,
        updates_per_epoch,
    })
}

/// What a training gives.
pub(crate) struct Course {
    pub(crate) points: Vec<Point>,
    pub(crate) diverged: bool,
    pub(crate) own_tests: Vec<f64>,
}

/// Updates in one pass over so many samples, the short last batch included.
pub(crate) fn updates_per_epoch(batch: BatchSize, n_samples: usize) -> f64 {
    match batch {
        BatchSize::Full => 1.0,
        BatchSize::Mini(size) => n_samples.div_ceil(size.clamp(1, n_samples.max(1))) as f64,
    }
}

/// The network of a job on these data.
pub(crate) fn network(job: &Job, data: &Dataset<f32>) -> MlpSpec {
    let mut sizes = vec![data.n_features()];
    sizes.extend_from_slice(&job.hidden);
    sizes.push(data.n_outputs());
    let loss = match data.target().class_counts() {
        Some(_) => Loss::softmax_cross_entropy(),
        None => Loss::MeanSquaredError,
    };
    MlpSpec::new(sizes).loss(loss)
}

/// How the model of a job begins: as its seed says, with the scaling folded in where the job wants that.
pub(crate) fn first_model(job: &Job, data: &Prepared) -> Result<Mlp<f32>, Error> {
    let doing = || format!("build the network for {}", job.words());
    let mut model: Mlp<f32> = network(job, &data.training)
        .build(job.seed)
        .map_err(|error| Error::step(doing(), error))?;
    if let Some(fold) = &data.fold {
        model
            .fold_input_scaling(&fold.shift, &fold.scale)
            .map_err(|error| Error::step(doing(), error))?;
    }
    Ok(model)
}

/// The trainer of a job; `None` for an optimizer that is not `train`'s.
pub(crate) fn trainer(job: &Job, data: &Prepared) -> Option<Trainer> {
    let optimizer = match job.optimizer {
        JobOptimizer::Sgd => OptimizerSpec::sgd(),
        JobOptimizer::Momentum => OptimizerSpec::momentum(MOMENTUM),
        JobOptimizer::Adam => OptimizerSpec::adam(),
        JobOptimizer::LBfgs => return None,
    };
    let batch_size = match job.batch {
        BatchSize::Mini(size) => BatchSize::Mini(size.min(data.training.n_samples())),
        BatchSize::Full => BatchSize::Full,
    };
    let evaluation = Evaluation::every(EvaluateEvery::Geometric {
        ratio: EVALUATION_RATIO,
    });
    Some(
        Trainer::new(network(job, &data.training))
            .optimizer(optimizer)
            .learning_rate(job.learning_rate())
            .batch_size(batch_size)
            .budget(Budget::Updates(job.n_updates))
            .evaluation(evaluation.all_training_samples())
            .seed(job.seed)
            .threads(1),
    )
}

/// The network of a job after its updates; `None` where it diverged before. The same as that of a longer job after so many
/// updates: rates are constant, and evaluations change nothing.
pub(crate) fn model_after(
    job: &Job,
    data: &Prepared,
    stop: &AtomicBool,
) -> Result<Option<Mlp<f32>>, Error> {
    let first = first_model(job, data)?;
    if job.n_updates == 0 {
        return Ok(Some(first));
    }
    let Some(trainer) = trainer(job, data) else {
        return lbfgs::model_after(job, data, stop).map(Some);
    };
    let failed = |error| Error::step(format!("train with {}", job.words()), error);
    let mut session = trainer
        .start_from(first, &data.training, None)
        .map_err(failed)?;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        match session.advance(&mut Silent) {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(Some(session.model().clone())),
            Err(smallbatch_train::Error::Diverged(_)) => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
    }
}

fn descend(
    job: &Job,
    data: &Prepared,
    trainer: &Trainer,
    stop: &AtomicBool,
) -> Result<Course, Error> {
    let failed = |error| Error::step(format!("train with {}", job.words()), error);
    let model = first_model(job, data)?;
    let mut session = trainer
        .start_from(model, &data.training, Some(&data.validation))
        .map_err(failed)?;
    let mut tester = Tester::new(session.model(), data)?;
    let mut test_losses = Vec::new();
    let diverged = loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        match session.advance(&mut Silent) {
            Ok(outcome) => {
                test_losses.push(tester.loss(session.model(), &data.test)?);
                if outcome.is_some() {
                    break false;
                }
            }
            Err(smallbatch_train::Error::Diverged(_)) => break true,
            Err(error) => return Err(failed(error)),
        }
    };
    if diverged {
        return Ok(Course {
            points: points(&session, &test_losses),
            diverged,
            own_tests: vec![f64::INFINITY; job.tests.len()],
        });
    }
    let own_tests = tester.own_losses(session.model(), job, data)?;
    let trained = session.finish().map_err(failed)?;
    let records = trained.history().records();
    let last = records.last().map(|record| record.update);
    let mut points: Vec<Point> = records.iter().zip(&test_losses).map(point).collect();
    // The last evaluation may have been due, and be the end as well.
    points.dedup_by_key(|point| point.updates);
    debug_assert_eq!(points.last().map(|point| point.updates), last);
    Ok(Course {
        points,
        diverged,
        own_tests,
    })
}

fn points(session: &Session<'_, f32>, test_losses: &[f64]) -> Vec<Point> {
    let records = session.history().records();
    records.iter().zip(test_losses).map(point).collect()
}

fn point((record, &test_loss): (&smallbatch_train::Record, &f64)) -> Point {
    Point {
        updates: record.update,
        training_loss: record.training_loss,
        validation_loss: record.validation_loss.unwrap_or(f64::NAN),
        test_loss,
    }
}

/// Measures losses on parts other than the trainer's.
pub(crate) struct Tester {
    workspace: Workspace<f32>,
}

impl Tester {
    pub(crate) fn new(model: &Mlp<f32>, data: &Prepared) -> Result<Self, Error> {
        let largest = data.training.n_samples().max(data.test.n_samples());
        Ok(Self {
            workspace: model.workspace(largest.min(CHUNK)),
        })
    }

    /// The mean loss over a part.
    pub(crate) fn loss(&mut self, model: &Mlp<f32>, part: &Dataset<f32>) -> Result<f64, Error> {
        let failed = |error| Error::step("measure a loss", error);
        let batch = batch_of(part)?;
        model.loss(&batch, &mut self.workspace).map_err(failed)
    }

    /// The losses on the test part scaled by its own statistics.
    pub(crate) fn own_losses(
        &mut self,
        model: &Mlp<f32>,
        job: &Job,
        data: &Prepared,
    ) -> Result<Vec<f64>, Error> {
        let failed = |error| Error::step("scale the test part by its own statistics", error);
        job.tests
            .iter()
            .map(|&size| {
                let own = data.test_by_itself(size).map_err(failed)?;
                self.loss(model, &own)
            })
            .collect()
    }
}

/// All samples of a part as one batch.
pub(crate) fn batch_of<T: Scalar>(
    part: &Dataset<T>,
) -> Result<smallbatch_mlp::Batch<'_, T>, Error> {
    let targets = match part.target() {
        Target::Classes { labels, .. } => Targets::Labels(labels),
        Target::Values { values, .. } => Targets::Values(values.as_view()),
        _ => {
            return Err(Error::step(
                "read a target",
                "it is of a kind not known here",
            ));
        }
    };
    Ok(smallbatch_mlp::Batch::new(
        part.features().as_view(),
        targets,
    ))
}
