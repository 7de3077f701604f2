//! Straight lines that leave features out: the lasso and the elastic net, for numbers and for classes, by coordinate descent (Friedman,
//! Hastie & Tibshirani 2010).

use std::sync::atomic::{AtomicBool, Ordering};

use nalgebra::DMatrix;

use super::design::Design;
use crate::Error;

/// Where a sweep lowers the loss by less than this share of what a constant leaves, the optimum is near enough.
const NEAR_ENOUGH: f64 = 1e-8;
/// And so on the way there.
const ON_THE_WAY: f64 = 1e-5;
/// The most sweeps over the features for one penalty.
const MOST_SWEEPS: usize = 1_000;
/// The most quadratic approximations of a logistic loss for one penalty.
const MOST_APPROXIMATIONS: usize = 50;
/// On the way from the penalty that leaves out all features, each is this part of the one before.
const STEP: f64 = 0.4;
/// The most of them.
const MOST_STEPS: usize = 40;
/// A row counts as this much at least in a quadratic approximation, as a share of its own weight.
const LEAST_CURVATURE: f64 = 1e-5;
/// The curvature of a logistic loss is nowhere larger.
const MOST_CURVATURE: f64 = 0.25;

/// λ·(α·‖w‖₁ + (1 - α)/2·‖w‖²).
#[derive(Clone, Copy)]
pub(super) struct Penalty {
    /// λ.
    pub(super) size: f64,
    /// α, above 0.
    pub(super) l1: f64,
}

impl Penalty {
    fn of(self, weights: &[f64]) -> f64 {
        let one = |w: &f64| self.l1 * w.abs() + 0.5 * (1.0 - self.l1) * w * w;
        self.size * weights.iter().map(one).sum::<f64>()
    }

    /// Penalties from the one at which all weights are 0, for these slopes of the loss there, down to this one; each with the share of what
    /// a constant leaves that is near enough.
    fn path(self, slopes: &[f64]) -> Vec<(Self, f64)> {
        let most = slopes.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        let mut size = most / self.l1;
        let mut path = Vec::new();
        while size * STEP > self.size && path.len() < MOST_STEPS {
            size *= STEP;
            path.push((Self { size, ..self }, ON_THE_WAY));
        }
        path.push((self, NEAR_ENOUGH));
        path
    }
}

/// One output's weights and intercept.
#[derive(Clone)]
pub(super) struct Output {
    pub(super) weights: Vec<f64>,
    pub(super) intercept: f64,
}

impl Output {
    fn zeros(n_features: usize) -> Self {
        Self {
            weights: vec![0.0; n_features],
            intercept: 0.0,
        }
    }
}

/// Minimizes Σ ω(y - b - w·x)²/2 + the penalty, where the ω add to 1.
pub(super) fn squares(
    design: &Design,
    values: &DMatrix<f64>,
    omega: &[f64],
    penalty: Penalty,
    stop: &AtomicBool,
) -> Result<Output, Error> {
    let mut output = Output::zeros(design.n_features());
    output.intercept = omega.iter().zip(values).map(|(w, y)| w * y).sum();
    let mut residual: Vec<f64> = values.iter().map(|y| y - output.intercept).collect();
    let scale: f64 = omega.iter().zip(&residual).map(|(w, r)| w * r * r).sum();
    let slope = |at| design.sum(at, |row, x| omega[row] * x * residual[row]);
    let slopes: Vec<f64> = (0..design.n_features()).map(slope).collect();
    for (penalty, enough) in penalty.path(&slopes) {
        let enough = enough * scale;
        descend(design, omega, &mut residual, penalty, enough, &mut output);
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
    }
    Ok(output)
}

/// Coordinate descent for Σ ω·residual²/2 + the penalty; the residual is kept up to date. After a sweep over all features, those that are
/// not left out are swept until little changes, and then all again, until no other comes in.
fn descend(
    design: &Design,
    omega: &[f64],
    residual: &mut [f64],
    penalty: Penalty,
    enough: f64,
    output: &mut Output,
) {
    let total: f64 = omega.iter().sum();
    let curvature: Vec<f64> = (0..design.n_features())
        .map(|at| design.sum(at, |row, x| omega[row] * x * x))
        .collect();
    let (l1, l2) = (penalty.size * penalty.l1, penalty.size * (1.0 - penalty.l1));
    let mut among_all = true;
    for _ in 0..MOST_SWEEPS {
        let shift = omega
            .iter()
            .zip(&*residual)
            .map(|(w, r)| w * r)
            .sum::<f64>()
            / total;
        output.intercept += shift;
        residual.iter_mut().for_each(|r| *r -= shift);
        let mut change = total * shift * shift;
        for (at, &curvature) in curvature.iter().enumerate() {
            let before = output.weights[at];
            if curvature <= 0.0 || (before == 0.0 && !among_all) {
                continue;
            }
            let slope = design.sum(at, |row, x| omega[row] * x * residual[row]);
            let pull = slope + curvature * before;
            let after = pull.signum() * (pull.abs() - l1).max(0.0) / (curvature + l2);
            if after != before {
                output.weights[at] = after;
                design.add(at, before - after, residual);
                change = change.max(curvature * (after - before).powi(2));
            }
        }
        if change > enough {
            among_all = false;
        } else if among_all {
            break;
        } else {
            among_all = true;
        }
    }
}

/// Minimizes the mean log loss of softmax regression + the penalty; the ω add to 1. One output a class.
///
/// Of two classes the first has half the weights of the second, negative: so the penalty is that of their difference. For the others one
/// class after the other is improved by a quadratic approximation.
pub(super) fn classes(
    design: &Design,
    labels: &[u32],
    n_classes: usize,
    omega: &[f64],
    penalty: Penalty,
    stop: &AtomicBool,
) -> Result<Vec<Output>, Error> {
    let mut fit = Fit {
        design,
        labels,
        omega,
        outputs: vec![Output::zeros(design.n_features()); n_classes],
        logits: vec![vec![0.0; design.n_rows()]; n_classes],
        normalizers: vec![0.0; design.n_rows()],
    };
    let moving = if n_classes == 2 { 1..2 } else { 0..n_classes };
    // Without features: the shares of the classes, of which none is nothing.
    let mut shares = vec![1e-6; n_classes];
    for (&label, weight) in labels.iter().zip(omega) {
        shares[label as usize] += weight;
    }
    let base = if n_classes == 2 { shares[0].ln() } else { 0.0 };
    for class in moving.clone() {
        fit.outputs[class].intercept = shares[class].ln() - base;
        fit.logits[class].fill(shares[class].ln() - base);
    }
    fit.normalize();
    let mut slopes = Vec::new();
    for class in moving.clone() {
        let errors = fit.errors(class);
        slopes
            .extend((0..design.n_features()).map(|at| design.sum(at, |row, x| x * errors[row].0)));
    }
    let scale = fit.loss();
    for (penalty, enough) in penalty.path(&slopes) {
        let enough = enough * scale;
        let mut before = fit.loss() + fit.penalty(penalty);
        for _ in 0..MOST_APPROXIMATIONS {
            for class in moving.clone() {
                fit.improve(class, penalty, enough);
            }
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let now = fit.loss() + fit.penalty(penalty);
            if before - now < enough {
                break;
            }
            before = now;
        }
    }
    let mut outputs = fit.outputs;
    if n_classes == 2 {
        let half = |output: &Output, factor: f64| Output {
            weights: output.weights.iter().map(|w| factor * w).collect(),
            intercept: factor * output.intercept,
        };
        outputs = vec![half(&outputs[1], -0.5), half(&outputs[1], 0.5)];
    }
    Ok(outputs)
}

/// Softmax regression on its way.
struct Fit<'a> {
    design: &'a Design,
    labels: &'a [u32],
    omega: &'a [f64],
    outputs: Vec<Output>,
    /// What each output says of each row.
    logits: Vec<Vec<f64>>,
    /// ln Σ exp of each row's.
    normalizers: Vec<f64>,
}

impl Fit<'_> {
    fn penalty(&self, penalty: Penalty) -> f64 {
        self.outputs.iter().map(|o| penalty.of(&o.weights)).sum()
    }

    /// To be called when logits have changed.
    fn normalize(&mut self) {
        for (row, normalizer) in self.normalizers.iter_mut().enumerate() {
            let logits = || self.logits.iter().map(|logits| logits[row]);
            let most = logits().fold(f64::NEG_INFINITY, f64::max);
            *normalizer = most + logits().map(|logit| (logit - most).exp()).sum::<f64>().ln();
        }
    }

    fn loss(&self) -> f64 {
        let rows = self.labels.iter().zip(self.omega).enumerate();
        rows.map(|(row, (&label, weight))| {
            weight * (self.normalizers[row] - self.logits[label as usize][row])
        })
        .sum()
    }

    /// For each row ω·(is of the class - its probability), and ω·p·(1 - p).
    fn errors(&self, class: usize) -> Vec<(f64, f64)> {
        let rows = self.labels.iter().zip(self.omega).enumerate();
        rows.map(|(row, (&label, weight))| {
            let p = (self.logits[class][row] - self.normalizers[row]).exp();
            let is = f64::from(u8::from(label as usize == class));
            let curvature = (p * (1.0 - p)).max(LEAST_CURVATURE);
            (weight * (is - p), weight * curvature)
        })
        .collect()
    }

    /// Moves one class's output to the optimum of a quadratic approximation. Where that went too far, to the optimum of one that lies above
    /// the loss.
    fn improve(&mut self, class: usize, penalty: Penalty, enough: f64) {
        let errors = self.errors(class);
        let value = |fit: &Self| fit.loss() + penalty.of(&fit.outputs[class].weights);
        let before = value(self);
        let start = (self.outputs[class].clone(), self.logits[class].clone());
        let own: Vec<f64> = errors.iter().map(|(_, curvature)| *curvature).collect();
        self.approximate(class, &errors, &own, penalty, enough);
        if value(self) > before + enough {
            (self.outputs[class], self.logits[class]) = start;
            let most: Vec<f64> = self.omega.iter().map(|w| MOST_CURVATURE * w).collect();
            self.approximate(class, &errors, &most, penalty, enough);
        }
    }

    fn approximate(
        &mut self,
        class: usize,
        errors: &[(f64, f64)],
        curvature: &[f64],
        penalty: Penalty,
        enough: f64,
    ) {
        let step = |(error, curvature): (&(f64, f64), &f64)| {
            if *curvature > 0.0 {
                error.0 / curvature
            } else {
                0.0
            }
        };
        let steps: Vec<f64> = errors.iter().zip(curvature).map(step).collect();
        let mut residual = steps.clone();
        let output = &mut self.outputs[class];
        descend(
            self.design,
            curvature,
            &mut residual,
            penalty,
            enough,
            output,
        );
        let moved = steps.iter().zip(&residual).map(|(a, b)| a - b);
        self.logits[class]
            .iter_mut()
            .zip(moved)
            .for_each(|(logit, by)| *logit += by);
        self.normalize();
    }
}

#[cfg(test)]
mod tests;
