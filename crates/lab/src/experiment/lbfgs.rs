//! Full-batch training by L-BFGS: what a full batch can do beside plain descent. The only file here that knows argmin.
//!
//! argmin brings the method (ten pairs of memory) and the line search of Moré and Thuente; the network brings loss and
//! gradient. An update is one evaluation of the full gradient, whether the line search keeps the point or not, so that
//! updates, samples and seconds compare with those of other arms. Recorded is the best point so far, at the same updates as
//! other runs; its training loss is over all samples, since every evaluation computes it anyway.
//!
//! Where the line search finds nothing better, mostly at the limit of single precision, the method begins anew at the best
//! point with an empty memory; where that finds nothing either, the run is over before its budget is.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use smallbatch_mlp::{Batch, CHUNK, Mlp, Parameters, Workspace};
use smallbatch_train::EvaluateEvery;

use super::prepared::Prepared;
use super::runs::{EVALUATION_RATIO, Extent, Recording, Settings, batch_of, test_measures};
use super::sources::step;
use super::trajectory::{Point, Trajectory};
use crate::Error;

/// Pairs of steps and changes of the gradient that are remembered: the usual number.
const MEMORY: usize = 10;

/// Why no further evaluation is made.
enum End {
    /// The budget is spent, or the target reached.
    Enough,
    /// Somebody asked to stop.
    Stopped,
    /// An evaluation failed.
    Failed(Error),
}

/// A training under way.
struct Course<'a> {
    settings: &'a Settings,
    data: &'a Prepared,
    stop: &'a AtomicBool,
    batch: Batch<'a, f32>,
    model: Mlp<f32>,
    gradient: Parameters<f32>,
    workspace: Workspace<f32>,
    begun: Instant,
    /// Time that was not training: recording.
    aside: Duration,
    updates: u64,
    /// The last point evaluated, with its loss and gradient: argmin asks for both, one after the other.
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
    best: Vec<f32>,
    best_loss: f64,
    points: Vec<Point>,
    end: Option<End>,
}

/// Trains; `None` when `stop` was set before the end.
pub(super) fn train(
    settings: &Settings,
    data: &Prepared,
    stop: &AtomicBool,
) -> Result<Option<Trajectory>, Error> {
    let mut course = Course::new(settings, data, stop)?;
    course.record(f64::INFINITY)?;
    let course = RefCell::new(course);
    while course.borrow().end.is_none() {
        let (start, before) = {
            let course = course.borrow();
            (course.best.clone(), course.best_loss)
        };
        let start: Vec<f64> = start.into_iter().map(f64::from).collect();
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY);
        // An error is the course's end, or a line search that found nothing: the loop tells them apart.
        let _ = Executor::new(Objective(&course), solver)
            .configure(|state| state.param(start))
            .timer(false)
            .run();
        if course.borrow().best_loss >= before {
            break;
        }
    }
    course.into_inner().finish()
}

impl<'a> Course<'a> {
    fn new(
        settings: &'a Settings,
        data: &'a Prepared,
        stop: &'a AtomicBool,
    ) -> Result<Self, Error> {
        let model: Mlp<f32> = settings.network.build(settings.seed).map_err(failed)?;
        let gradient = Parameters::zeros(settings.network.layer_sizes()).map_err(failed)?;
        let workspace = model.workspace(data.training.n_samples().min(CHUNK));
        Ok(Self {
            settings,
            data,
            stop,
            batch: batch_of(&data.training)?,
            best: model.parameters().as_slice().to_vec(),
            model,
            gradient,
            workspace,
            begun: Instant::now(),
            aside: Duration::ZERO,
            updates: 0,
            last: None,
            best_loss: f64::INFINITY,
            points: Vec::new(),
            end: None,
        })
    }

    fn seconds(&self) -> f64 {
        self.begun
            .elapsed()
            .saturating_sub(self.aside)
            .as_secs_f64()
    }

    /// Loss and gradient at a point; an error once no further evaluation is wanted.
    fn evaluate(&mut self, point: &[f64]) -> Result<(f64, Vec<f64>), argmin::core::Error> {
        if let Some((last, loss, gradient)) = &self.last
            && last == point
        {
            return Ok((*loss, gradient.clone()));
        }
        if self.end.is_none() && self.stop.load(Ordering::Relaxed) {
            self.end = Some(End::Stopped);
        }
        if self.end.is_some() {
            return Err(argmin::core::Error::msg("the training is over"));
        }
        #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
        for (parameter, value) in self
            .model
            .parameters_mut()
            .as_mut_slice()
            .iter_mut()
            .zip(point)
        {
            *parameter = *value as f32;
        }
        let found = self.model.loss_and_gradient(
            &self.batch,
            None,
            &mut self.workspace,
            &mut self.gradient,
        );
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
            self.best
                .copy_from_slice(self.model.parameters().as_slice());
        }
        self.look();
        if !loss.is_finite() {
            return Err(argmin::core::Error::msg("the loss is not finite"));
        }
        let gradient: Vec<f64> = self
            .gradient
            .as_slice()
            .iter()
            .map(|g| f64::from(*g))
            .collect();
        self.last = Some((point.to_vec(), loss, gradient.clone()));
        Ok((loss, gradient))
    }

    /// Records and ends where it is time.
    fn look(&mut self) {
        let length = self.settings.length;
        let spent = match length.cap {
            Extent::Epochs(most) | Extent::Updates(most) => self.updates >= most,
            Extent::Seconds(most) => self.seconds() >= most,
        };
        let every = EvaluateEvery::Geometric {
            ratio: EVALUATION_RATIO,
        };
        let due = self.settings.record != Recording::End || length.target.is_some();
        if !(spent || due && every.next_after(self.updates - 1, 1) == self.updates) {
            return;
        }
        let reached = length.target.is_some_and(|target| self.best_loss <= target);
        if let Err(error) = self.record(self.best_loss) {
            self.end = Some(End::Failed(error));
        } else if spent || reached {
            self.end = Some(End::Enough);
        }
    }

    /// Notes what the best point so far gives; its training loss is `loss`, or is computed where that is not finite.
    fn record(&mut self, loss: f64) -> Result<(), Error> {
        let start = Instant::now();
        let seconds = if self.updates == 0 {
            0.0
        } else {
            self.seconds()
        };
        let mut best = self.model.clone();
        best.parameters_mut()
            .as_mut_slice()
            .copy_from_slice(&self.best);
        let training_loss = if loss.is_finite() {
            loss
        } else {
            best.loss(&self.batch, &mut self.workspace)
                .map_err(failed)?
        };
        let validation = batch_of(&self.data.validation)?;
        let validation_loss = best
            .loss(&validation, &mut self.workspace)
            .map_err(failed)?;
        let test = (self.settings.record == Recording::CurveWithTest)
            .then(|| test_measures(&best, &self.data.test))
            .transpose()?;
        self.points.push(Point {
            updates: self.updates,
            samples: self.updates * self.data.training.n_samples() as u64,
            epoch: self.updates as f64,
            seconds,
            training_loss,
            validation_loss,
            test,
        });
        self.aside += start.elapsed();
        Ok(())
    }

    fn finish(mut self) -> Result<Option<Trajectory>, Error> {
        match self.end.take() {
            Some(End::Stopped) => return Ok(None),
            Some(End::Failed(error)) => return Err(error),
            Some(End::Enough) | None => {}
        }
        if self
            .points
            .last()
            .is_none_or(|point| point.updates < self.updates)
        {
            self.record(self.best_loss)?;
        }
        self.model
            .parameters_mut()
            .as_mut_slice()
            .copy_from_slice(&self.best);
        let (mut test, mut other_tests) = (None, Vec::new());
        if self.settings.record != Recording::End {
            test = Some(test_measures(&self.model, &self.data.test)?);
            for own in &self.data.own_tests {
                other_tests.push(test_measures(&self.model, own)?);
            }
        }
        Ok(Some(Trajectory {
            points: self.points,
            diverged: false,
            test,
            other_tests,
        }))
    }
}

fn failed(error: smallbatch_mlp::Error) -> Error {
    step("train by L-BFGS".into(), error)
}

/// The training as argmin sees it.
struct Objective<'c, 'a>(&'c RefCell<Course<'a>>);

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

#[cfg(test)]
mod tests {
    use smallbatch_data::BatchSize;
    use smallbatch_preprocess::StandardScaler;

    use super::super::definition::{Arm, Case, Optimizer, Statistics};
    use super::super::runs::Length;
    use super::super::sources::Shelf;
    use super::*;

    /// A linear model on airfoil, whose least loss ordinary least squares knows.
    fn run(optimizer: Optimizer, cap: Extent, target: Option<f64>, rate: f64) -> Trajectory {
        let case = Case {
            source: Shelf::new(0).built_in("airfoil").unwrap(),
            hidden: vec![],
            epochs: 1,
            updates: None,
            patience: 1,
            measured: None,
            training_samples: None,
            tuning_seeds: 1,
        };
        let arm = Arm {
            name: "a".into(),
            scaler: StandardScaler::new().into(),
            scaler_name: "standard".into(),
            statistics: Statistics::TrainingPart,
            batch_size: BatchSize::Full,
            optimizer,
        };
        let settings = Settings {
            network: case.network(),
            batch_size: BatchSize::Full,
            optimizer,
            learning_rate: rate,
            seed: 3,
            length: Length { cap, target },
            measured: None,
            record: Recording::Curve,
        };
        let data = Prepared::new(&case, &arm, &[], 3).unwrap();
        let run = super::super::runs::train(&settings, &data, &AtomicBool::new(false));
        run.unwrap().unwrap()
    }

    #[test]
    fn it_finds_the_least_squares_that_long_descent_finds_in_far_fewer_evaluations() {
        let quick = run(Optimizer::LBfgs, Extent::Epochs(60), None, 1.0);
        let long = run(Optimizer::Sgd, Extent::Epochs(20_000), None, 0.2);
        let loss = |run: &Trajectory| run.last().unwrap().training_loss;
        assert!(
            (loss(&quick) / loss(&long) - 1.0).abs() < 1e-4,
            "{} {}",
            loss(&quick),
            loss(&long)
        );
        // Before training both are the same network.
        let first = |run: &Trajectory| run.points[0].training_loss;
        assert!((first(&quick) / first(&long) - 1.0).abs() < 1e-6);
        assert!(quick.last().unwrap().updates <= 60);
        assert!(
            quick
                .points
                .windows(2)
                .all(|pair| pair[1].training_loss <= pair[0].training_loss)
        );
        let near = 1.01 * loss(&long);
        let evaluations = |run: &Trajectory| run.reached(near).unwrap().updates;
        assert!(
            evaluations(&quick) < evaluations(&long),
            "{} {}",
            evaluations(&quick),
            evaluations(&long)
        );
    }

    #[test]
    fn it_ends_at_its_budget_or_target_and_counts_every_evaluation() {
        let short = run(Optimizer::LBfgs, Extent::Updates(5), None, 1.0);
        let last = *short.last().unwrap();
        assert_eq!((last.updates, last.epoch), (5, 5.0));
        assert_eq!(last.samples % 5, 0);
        let target = 0.9;
        let aimed = run(Optimizer::LBfgs, Extent::Updates(50), Some(target), 1.0);
        assert!(aimed.reached(target).is_some() && aimed.last().unwrap().updates < 50);
        // The same call, the same bits.
        let mut again = run(Optimizer::LBfgs, Extent::Updates(5), None, 1.0);
        for (one, other) in again.points.iter_mut().zip(&short.points) {
            one.seconds = other.seconds;
        }
        assert_eq!(again, short);
    }
}
