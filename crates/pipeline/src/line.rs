//! Straight lines at their optimum: ridge regression in closed form, logistic regression by L-BFGS.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use nalgebra::{Cholesky, DMatrix, DVector};
use smallbatch_data::Target;
use smallbatch_mlp::{Batch, CHUNK, Mlp, Parameters, Targets, Workspace};

use crate::Error;
use crate::recipe::spec_of;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;
/// The most evaluations of loss and gradient.
const MOST_EVALUATIONS: usize = 200;
/// Where the gradient is smaller than this, the optimum is near enough.
const NEAR_ENOUGH: f64 = 1e-6;

/// A network without hidden layers whose weights make (mean loss + penalty/2·‖w‖²) smallest, for scaled features. The loss of numbers is
/// half the squared error.
pub(crate) fn fit(
    features: &DMatrix<f64>,
    target: &Target<f64>,
    weights: Option<&[f64]>,
    penalty: f64,
    stop: &AtomicBool,
) -> Result<Mlp<f32>, Error> {
    let spec = spec_of(features.nrows(), &[], target);
    let parameters: Vec<f64> = match target {
        Target::Classes { labels, .. } => {
            let zeros = Parameters::zeros(spec.layer_sizes())?;
            let network = Mlp::from_parameters(spec.clone(), zeros)?;
            logistic(network, features, labels, weights, penalty, stop)?
        }
        Target::Values { values, .. } => ridge(features, values, weights, penalty),
        _ => Vec::new(),
    };
    #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
    let narrowed = parameters.iter().map(|&p| p as f32).collect();
    let parameters = Parameters::from_vec(spec.layer_sizes(), narrowed)?;
    Ok(Mlp::from_parameters(spec, parameters)?)
}

/// The weights and the intercept.
fn ridge(
    features: &DMatrix<f64>,
    values: &DMatrix<f64>,
    weights: Option<&[f64]>,
    penalty: f64,
) -> Vec<f64> {
    let (n_features, n_rows) = features.shape();
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let total: f64 = (0..n_rows).map(weight).sum();
    let mut mean = DVector::zeros(n_features);
    let mut mean_y = 0.0;
    for row in 0..n_rows {
        mean.axpy(weight(row) / total, &features.column(row), 1.0);
        mean_y += weight(row) / total * values[(0, row)];
    }
    let mut centred = features.clone();
    for (row, mut column) in centred.column_iter_mut().enumerate() {
        column -= &mean;
        column *= (weight(row) / total).sqrt();
    }
    let residual = |row: usize| (weight(row) / total).sqrt() * (values[(0, row)] - mean_y);
    let y = DVector::from_fn(n_rows, |row, _| residual(row));
    // Of more features than rows the same weights come from a matrix of the rows: w = X·(Xᵀ·X + λ)⁻¹·y (the dual form).
    let is_wide = n_features > n_rows;
    let (mut gram, right) = if is_wide {
        (centred.transpose() * &centred, y)
    } else {
        (&centred * centred.transpose(), &centred * y)
    };
    // Features that depend on each other make the matrix singular: a little more penalty, until it is not.
    let mut extra = penalty.max(1e-10);
    let solution = loop {
        for at in 0..gram.nrows() {
            gram[(at, at)] += extra;
        }
        if let Some(factors) = Cholesky::new(gram.clone()) {
            break factors.solve(&right);
        }
        extra *= 10.0;
    };
    let solution = if is_wide {
        &centred * solution
    } else {
        solution
    };
    let intercept = mean_y - solution.dot(&mean);
    solution.iter().copied().chain([intercept]).collect()
}

/// Softmax regression from nothing.
fn logistic(
    network: Mlp<f64>,
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
    let objective = RefCell::new(Objective {
        workspace: network.workspace(features.ncols().min(CHUNK)),
        gradient: Parameters::zeros(network.spec().layer_sizes())?,
        best: network.parameters().as_slice().to_vec(),
        network,
        batch,
        penalty,
        n_weights,
        stop,
        evaluations: 0,
        best_loss: f64::INFINITY,
        last: None,
    });
    let start = objective.borrow().best.clone();
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

struct Objective<'a> {
    network: Mlp<f64>,
    workspace: Workspace<f64>,
    gradient: Parameters<f64>,
    batch: Batch<'a, f64>,
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

impl Objective<'_> {
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
        self.network
            .parameters_mut()
            .as_mut_slice()
            .copy_from_slice(point);
        let (workspace, gradient) = (&mut self.workspace, &mut self.gradient);
        let loss = self
            .network
            .loss_and_gradient(&self.batch, None, workspace, gradient)
            .map_err(|error| argmin::core::Error::msg(error.to_string()))?;
        let squares: f64 = point[..self.n_weights].iter().map(|w| w * w).sum();
        let loss = loss + 0.5 * self.penalty * squares;
        if !loss.is_finite() {
            return Err(argmin::core::Error::msg("the loss is not finite"));
        }
        let mut gradient = self.gradient.as_slice().to_vec();
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
struct Shared<'a, 'b>(&'a RefCell<Objective<'b>>);

impl CostFunction for Shared<'_, '_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, point: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        Ok(self.0.borrow_mut().evaluate(point)?.0)
    }
}

impl Gradient for Shared<'_, '_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, point: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        Ok(self.0.borrow_mut().evaluate(point)?.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    fn features() -> DMatrix<f64> {
        DMatrix::from_fn(3, 40, |feature, row| {
            ((row * (5 + 7 * feature) + feature) % 17) as f64 / 8.0 - 1.0
        })
    }

    /// The gradient of the objective vanishes at the optimum.
    #[test]
    fn a_ridge_is_at_its_optimum() {
        let x = features();
        let y = DMatrix::from_fn(1, 40, |_, row| {
            2.0 * x[(0, row)] - x[(2, row)] + (row % 3) as f64
        });
        let weights: Vec<f64> = (0..40).map(|row| 1.0 + (row % 4) as f64).collect();
        let penalty = 0.1;
        let solution = ridge(&x, &y, Some(&weights), penalty);
        let total: f64 = weights.iter().sum();
        let mut slopes = [0.0; 4];
        for row in 0..40 {
            let predicted: f64 =
                (0..3).map(|at| solution[at] * x[(at, row)]).sum::<f64>() + solution[3];
            let error = weights[row] / total * (predicted - y[(0, row)]);
            for (at, slope) in slopes.iter_mut().enumerate() {
                *slope += error * if at < 3 { x[(at, row)] } else { 1.0 };
            }
        }
        for at in 0..3 {
            slopes[at] += penalty * solution[at];
        }
        assert!(slopes.iter().all(|slope| slope.abs() < 1e-9), "{slopes:?}");
    }

    /// Three features of two rows, and the same by the other form.
    #[test]
    fn more_features_than_rows_give_the_same_weights() {
        let x = DMatrix::from_fn(6, 4, |feature, row| ((3 * row + 5 * feature) % 7) as f64);
        let y = DMatrix::from_row_slice(1, 4, &[1.0, -2.0, 0.5, 3.0]);
        let wide = ridge(&x, &y, None, 0.3);
        // Each row three times is the same problem, with more rows than features.
        let often = DMatrix::from_fn(6, 12, |feature, row| x[(feature, row % 4)]);
        let targets = DMatrix::from_fn(1, 12, |_, row| y[row % 4]);
        let tall = ridge(&often, &targets, None, 0.3);
        assert!(
            wide.iter().zip(&tall).all(|(a, b)| (a - b).abs() < 1e-9),
            "{wide:?} {tall:?}"
        );
    }

    #[test]
    fn dependent_features_are_no_obstacle() {
        let x = DMatrix::from_fn(2, 30, |_, row| row as f64 / 10.0);
        let y = DMatrix::from_fn(1, 30, |_, row| 3.0 * row as f64 / 10.0 + 1.0);
        let solution = ridge(&x, &y, None, 0.0);
        let at = |x: f64| solution[0] * x + solution[1] * x + solution[2];
        assert!((at(2.0) - 7.0).abs() < 1e-3, "{solution:?}");
    }

    #[test]
    fn a_logistic_regression_is_at_its_optimum() {
        let x = features();
        let labels: Vec<u32> = (0..40)
            .map(|row| u32::from(x[(0, row)] + 0.3 * x[(1, row)] > 0.1) + u32::from(row % 5 == 0))
            .collect();
        let target = Target::classes(labels.clone());
        let penalty = 0.01;
        let line = fit(&x, &target, None, penalty, &GO_ON).unwrap();
        let narrowed = x.map(|x| x as f32);
        let p = line.predict(narrowed.as_view()).unwrap();
        let w = line.parameters().weight(0).into_owned();
        for class in 0..3 {
            for feature in 0..3 {
                let slope: f64 = (0..40)
                    .map(|row| {
                        let is = f64::from(u8::from(labels[row] == class as u32));
                        (f64::from(p[(class, row)]) - is) * x[(feature, row)] / 40.0
                    })
                    .sum();
                let slope = slope + penalty * f64::from(w[(class, feature)]);
                assert!(slope.abs() < 1e-4, "{class} {feature}: {slope}");
            }
        }
    }
}
