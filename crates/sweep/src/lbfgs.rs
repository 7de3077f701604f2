//! Full-batch training by L-BFGS: what a full batch can do beside plain descent. The only file that knows argmin.
//!
//! argmin brings the method (ten pairs of memory) and the line search of Moré and Thuente; the network brings loss and
//! gradient. An update is one evaluation of the full gradient, whether the line search keeps the point or not, so that
//! updates and seconds compare with those of other optimizers. Recorded is the best point so far, at the same updates as
//! other runs.
//!
//! Where the line search finds nothing better, mostly at the limit of single precision, the method begins anew at the best
//! point with an empty memory; where that finds nothing either, the run is over before its budget is.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use cpu_time::ThreadTime;
use smallbatch_mlp::{Batch, CHUNK, Mlp, Parameters, Workspace};
use smallbatch_train::EvaluateEvery;

use crate::prepared::Prepared;
use crate::training::{Course, EVALUATION_RATIO, Tester, batch_of, first_model};
use crate::{Error, Job, Point};

/// Pairs of steps and changes of the gradient that are remembered: the usual number.
const MEMORY: usize = 10;

/// Why no further evaluation is made.
enum End {
    /// The budget is spent.
    Enough,
    /// It failed, or somebody asked to stop.
    Failed(Error),
}

/// A training under way.
struct Descent<'a> {
    job: &'a Job,
    data: &'a Prepared,
    stop: &'a AtomicBool,
    batch: Batch<'a, f32>,
    model: Mlp<f32>,
    gradient: Parameters<f32>,
    workspace: Workspace<f32>,
    tester: Tester,
    updates: u64,
    /// The last point evaluated, with its loss and gradient: argmin asks for both, one after the other.
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
    best: Mlp<f32>,
    best_loss: f64,
    points: Vec<Point>,
    /// Whether points are recorded along the way.
    is_recorded: bool,
    end: Option<End>,
}

/// Trains.
pub(crate) fn train(job: &Job, data: &Prepared, stop: &AtomicBool) -> Result<Course, Error> {
    let mut descent = Descent::new(job, data, stop)?;
    descent.record()?;
    descend(descent)?.finish()
}

/// The best network of so many updates.
pub(crate) fn model_after(
    job: &Job,
    data: &Prepared,
    stop: &AtomicBool,
) -> Result<Mlp<f32>, Error> {
    let mut descent = Descent::new(job, data, stop)?;
    descent.is_recorded = false;
    Ok(descend(descent)?.best)
}

/// The processor time of an update, of so many.
pub(crate) fn seconds_per_update(job: &Job, data: &Prepared, n_updates: u64) -> Result<f64, Error> {
    let job = Job {
        n_updates,
        ..job.clone()
    };
    let mut descent = Descent::new(&job, data, &NEVER)?;
    descent.is_recorded = false;
    let start = ThreadTime::now();
    let descent = descend(descent)?;
    Ok(start.elapsed().as_secs_f64() / descent.updates.max(1) as f64)
}

static NEVER: AtomicBool = AtomicBool::new(false);

fn descend(descent: Descent<'_>) -> Result<Descent<'_>, Error> {
    let descent = RefCell::new(descent);
    while descent.borrow().end.is_none() {
        let (start, before) = {
            let descent = descent.borrow();
            let start = descent.best.parameters().as_slice();
            (
                start.iter().map(|&p| f64::from(p)).collect::<Vec<f64>>(),
                descent.best_loss,
            )
        };
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY);
        // An error is the training's end, or a line search that found nothing: the loop tells them apart.
        let _ = Executor::new(Objective(&descent), solver)
            .configure(|state| state.param(start))
            .timer(false)
            .run();
        if descent.borrow().best_loss >= before {
            break;
        }
    }
    let mut descent = descent.into_inner();
    match descent.end.take() {
        Some(End::Failed(error)) => Err(error),
        Some(End::Enough) | None => Ok(descent),
    }
}

impl<'a> Descent<'a> {
    fn new(job: &'a Job, data: &'a Prepared, stop: &'a AtomicBool) -> Result<Self, Error> {
        let model = first_model(job, data)?;
        let gradient = Parameters::zeros(model.spec().layer_sizes()).map_err(failed)?;
        let workspace = model.workspace(data.training.n_samples().min(CHUNK));
        Ok(Self {
            job,
            data,
            stop,
            batch: batch_of(&data.training)?,
            tester: Tester::new(&model, data)?,
            best: model.clone(),
            model,
            gradient,
            workspace,
            updates: 0,
            last: None,
            best_loss: f64::INFINITY,
            points: Vec::new(),
            is_recorded: true,
            end: None,
        })
    }

    /// Loss and gradient at a point; an error once no further evaluation is wanted.
    fn evaluate(&mut self, point: &[f64]) -> Result<(f64, Vec<f64>), argmin::core::Error> {
        if let Some((last, loss, gradient)) = &self.last
            && last == point
        {
            return Ok((*loss, gradient.clone()));
        }
        if self.end.is_none() && self.stop.load(Ordering::Relaxed) {
            self.end = Some(End::Failed(Error::Interrupted));
        }
        if self.end.is_some() {
            return Err(argmin::core::Error::msg("the training is over"));
        }
        let parameters = self.model.parameters_mut().as_mut_slice();
        #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
        for (parameter, value) in parameters.iter_mut().zip(point) {
            *parameter = *value as f32;
        }
        let (workspace, gradient) = (&mut self.workspace, &mut self.gradient);
        let found = self
            .model
            .loss_and_gradient(&self.batch, None, workspace, gradient);
        let loss = match found {
            Ok(loss) => loss,
            Err(error) => {
                self.end = Some(End::Failed(failed(error)));
                return Err(argmin::core::Error::msg("an evaluation failed"));
            }
        };
        self.updates += 1;
        if loss < self.best_loss {
            self.best_loss = loss;
            let best = self.best.parameters_mut().as_mut_slice();
            best.copy_from_slice(self.model.parameters().as_slice());
        }
        self.look();
        if !loss.is_finite() {
            return Err(argmin::core::Error::msg("the loss is not finite"));
        }
        let gradient = self.gradient.as_slice().iter().map(|g| f64::from(*g));
        let gradient: Vec<f64> = gradient.collect();
        self.last = Some((point.to_vec(), loss, gradient.clone()));
        Ok((loss, gradient))
    }

    /// Records and ends where it is time.
    fn look(&mut self) {
        let is_spent = self.updates >= self.job.n_updates;
        let every = EvaluateEvery::Geometric {
            ratio: EVALUATION_RATIO,
        };
        let is_due = self.is_recorded && every.next_after(self.updates - 1, 1) == self.updates;
        if is_due && let Err(error) = self.record() {
            self.end = Some(End::Failed(error));
        } else if is_spent {
            self.end = Some(End::Enough);
        }
    }

    /// Notes what the best point so far gives.
    fn record(&mut self) -> Result<(), Error> {
        let training_loss = if self.best_loss.is_finite() {
            self.best_loss
        } else {
            self.tester.loss(&self.best, &self.data.training)?
        };
        self.points.push(Point {
            updates: self.updates,
            training_loss,
            validation_loss: self.tester.loss(&self.best, &self.data.validation)?,
            test_loss: self.tester.loss(&self.best, &self.data.test)?,
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Course, Error> {
        let last = self.points.last();
        if last.is_none_or(|point| point.updates < self.updates) {
            self.record()?;
        }
        let own_tests = self.tester.own_losses(&self.best, self.job, self.data)?;
        Ok(Course {
            points: self.points,
            diverged: false,
            own_tests,
        })
    }
}

fn failed(error: smallbatch_mlp::Error) -> Error {
    Error::step("train by L-BFGS", error)
}

/// What argmin minimizes.
struct Objective<'c, 'a>(&'c RefCell<Descent<'a>>);

impl CostFunction for Objective<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, point: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.0.borrow_mut().evaluate(point)?.0)
    }
}

impl Gradient for Objective<'_, '_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, point: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        Ok(self.0.borrow_mut().evaluate(point)?.1)
    }
}
