//! Logistic regression by L-BFGS: of few features by the network's own passes, of many that mostly say the same by column.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use nalgebra::DMatrix;
use smallbatch_mlp::{Batch, CHUNK, Mlp, Parameters, Targets};

use super::design::Design;
use crate::Error;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;
/// The most evaluations of loss and gradient.
const MOST_EVALUATIONS: usize = 200;
/// Where the gradient is smaller than this, the optimum is near enough.
const NEAR_ENOUGH: f64 = 1e-6;

/// Softmax regression from nothing.
pub(super) fn logistic(
    mut network: Mlp<f64>,
    features: &DMatrix<f64>,
    labels: &[u32],
    weights: Option<&[f64]>,
    penalty: f64,
    stop: &AtomicBool,
) -> Result<Vec<f64>, Error> {
    let batch = Batch::new(features.as_view(), Targets::Labels(labels));
    let batch = match weights {
        Some(weights) => batch.weights(weights),
        None => batch,
    };
    let n_weights = features.nrows() * network.spec().n_outputs();
    let mut workspace = network.workspace(features.ncols().min(CHUNK));
    let mut gradient = Parameters::zeros(network.spec().layer_sizes())?;
    let n_parameters = gradient.as_slice().len();
    let mean_loss = |point: &[f64], slopes: &mut [f64]| -> Result<f64, Error> {
        let parameters = network.parameters_mut().as_mut_slice();
        parameters.copy_from_slice(point);
        let loss = network.loss_and_gradient(&batch, None, &mut workspace, &mut gradient)?;
        slopes.copy_from_slice(gradient.as_slice());
        Ok(loss)
    };
    minimize(mean_loss, n_parameters, n_weights, penalty, stop)
}

/// The same for features by column; the ω of the rows add to 1. The weights of one class after the other, then the intercepts.
pub(super) fn logistic_by_column(
    design: &Design,
    labels: &[u32],
    n_classes: usize,
    omega: &[f64],
    penalty: f64,
    stop: &AtomicBool,
) -> Result<Vec<f64>, Error> {
    let n_features = design.n_features();
    let n_weights = n_features * n_classes;
    let mean_loss = |point: &[f64], slopes: &mut [f64]| -> Result<f64, Error> {
        let (weights, intercepts) = point.split_at(n_weights);
        let mut errors: Vec<Vec<f64>> = (weights.chunks(n_features).zip(intercepts))
            .map(|(weights, &intercept)| design.line(weights, intercept))
            .collect();
        let mut loss = 0.0;
        for (row, (&label, weight)) in labels.iter().zip(omega).enumerate() {
            let most = errors.iter().map(|logits| logits[row]);
            let most = most.fold(f64::NEG_INFINITY, f64::max);
            let own = errors[label as usize][row];
            errors
                .iter_mut()
                .for_each(|e| e[row] = (e[row] - most).exp());
            let sum: f64 = errors.iter().map(|e| e[row]).sum();
            loss += weight * (most + sum.ln() - own);
            errors.iter_mut().for_each(|e| e[row] *= weight / sum);
            errors[label as usize][row] -= weight;
        }
        let (of_weights, of_intercepts) = slopes.split_at_mut(n_weights);
        for (slopes, errors) in of_weights.chunks_mut(n_features).zip(&errors) {
            for (at, slope) in slopes.iter_mut().enumerate() {
                *slope = design.sum(at, |row, x| x * errors[row]);
            }
        }
        for (slope, errors) in of_intercepts.iter_mut().zip(&errors) {
            *slope = errors.iter().sum();
        }
        Ok(loss)
    };
    minimize(mean_loss, n_weights + n_classes, n_weights, penalty, stop)
}

/// The point at which a mean loss + penalty/2·‖w‖² is smallest. The loss also gives its gradient. The first parameters are weights, the
/// others intercepts, which have no penalty.
fn minimize(
    mean_loss: impl FnMut(&[f64], &mut [f64]) -> Result<f64, Error>,
    n_parameters: usize,
    n_weights: usize,
    penalty: f64,
    stop: &AtomicBool,
) -> Result<Vec<f64>, Error> {
    let start = vec![0.0; n_parameters];
    let objective = RefCell::new(Objective {
        mean_loss,
        best: start.clone(),
        penalty,
        n_weights,
        stop,
        evaluations: 0,
        best_loss: f64::INFINITY,
        last: None,
    });
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY).with_tolerance_grad(NEAR_ENOUGH);
    // An error is the end of the evaluations, or a line search that found nothing better: the best point is kept in any case.
    if let Ok(solver) = solver {
        let _ = Executor::new(Shared(&objective), solver)
            .configure(|state| state.param(start).max_iters(MOST_EVALUATIONS as u64))
            .timer(false)
            .run();
    }
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    Ok(objective.into_inner().best)
}

struct Objective<'a, F> {
    mean_loss: F,
    penalty: f64,
    /// The first parameters are weights, the others biases, which have no penalty.
    n_weights: usize,
    stop: &'a AtomicBool,
    evaluations: usize,
    best: Vec<f64>,
    best_loss: f64,
    /// The last point evaluated, with its loss and gradient: argmin asks for both, one after the other.
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
}

impl<F: FnMut(&[f64], &mut [f64]) -> Result<f64, Error>> Objective<'_, F> {
    fn evaluate(&mut self, point: &[f64]) -> Result<(f64, Vec<f64>), argmin::core::Error> {
        if let Some((last, loss, gradient)) = &self.last
            && last == point
        {
            return Ok((*loss, gradient.clone()));
        }
        if self.evaluations >= MOST_EVALUATIONS || self.stop.load(Ordering::Relaxed) {
            return Err(argmin::core::Error::msg("no more evaluations"));
        }
        self.evaluations += 1;
        let mut gradient = vec![0.0; point.len()];
        let loss = (self.mean_loss)(point, &mut gradient)
            .map_err(|error| argmin::core::Error::msg(error.to_string()))?;
        let squares: f64 = point[..self.n_weights].iter().map(|w| w * w).sum();
        let loss = loss + 0.5 * self.penalty * squares;
        if !loss.is_finite() {
            return Err(argmin::core::Error::msg("the loss is not finite"));
        }
        for (slope, weight) in gradient.iter_mut().zip(&point[..self.n_weights]) {
            *slope += self.penalty * weight;
        }
        if loss < self.best_loss {
            self.best_loss = loss;
            self.best.copy_from_slice(point);
        }
        self.last = Some((point.to_vec(), loss, gradient.clone()));
        Ok((loss, gradient))
    }
}

/// What argmin minimizes.
struct Shared<'a, 'b, F>(&'a RefCell<Objective<'b, F>>);

impl<F: FnMut(&[f64], &mut [f64]) -> Result<f64, Error>> CostFunction for Shared<'_, '_, F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, point: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.0.borrow_mut().evaluate(point)?.0)
    }
}

impl<F: FnMut(&[f64], &mut [f64]) -> Result<f64, Error>> Gradient for Shared<'_, '_, F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, point: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        Ok(self.0.borrow_mut().evaluate(point)?.1)
    }
}
