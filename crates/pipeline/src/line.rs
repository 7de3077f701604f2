//! Straight lines at their optimum: ridge and logistic regression, and those that leave features out.

mod design;
mod lasso;
mod logistic;
mod ridge;

use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;
use smallbatch_data::Target;
use smallbatch_mlp::{Mlp, Parameters};

use crate::Error;
use crate::recipe::{Levels, Line, spec_of};
use design::{Design, Units};

/// A network without hidden layers whose weights make (mean loss + penalty) smallest, for scaled features. The loss of numbers is half the
/// squared error. See [`Line`] for the penalty.
pub(crate) fn fit(
    features: &DMatrix<f64>,
    target: &Target<f64>,
    weights: Option<&[f64]>,
    line: &Line,
    stop: &AtomicBool,
) -> Result<Mlp<f32>, Error> {
    let spec = spec_of(features.nrows(), &[], target);
    let parameters: Vec<f64> = if line.l1 > 0.0 || line.levels == Levels::All {
        by_column(features, target, weights, line, stop)?
    } else {
        match target {
            Target::Classes { labels, .. } => {
                let zeros = Parameters::zeros(spec.layer_sizes())?;
                let network = Mlp::from_parameters(spec.clone(), zeros)?;
                logistic::logistic(network, features, labels, weights, line.penalty, stop)?
            }
            Target::Values { values, .. } => ridge::ridge(features, values, weights, line.penalty),
            _ => Vec::new(),
        }
    };
    #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
    let narrowed = parameters.iter().map(|&p| p as f32).collect();
    let parameters = Parameters::from_vec(spec.layer_sizes(), narrowed)?;
    Ok(Mlp::from_parameters(spec, parameters)?)
}

/// The weights of one output after the other, then their intercepts.
fn by_column(
    features: &DMatrix<f64>,
    target: &Target<f64>,
    weights: Option<&[f64]>,
    line: &Line,
    stop: &AtomicBool,
) -> Result<Vec<f64>, Error> {
    let (n_features, n_rows) = features.shape();
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let total: f64 = (0..n_rows).map(weight).sum();
    let omega: Vec<f64> = (0..n_rows).map(|row| weight(row) / total).collect();
    // Squares shrink a level by its rows, as a random effect is; absolute values leave out by what a feature explains.
    let units = if line.l1 > 0.0 {
        Units::AsTheyAre
    } else {
        Units::ZeroAndOne
    };
    let design = Design::new(features, units);
    let penalty = lasso::Penalty {
        size: line.penalty,
        l1: line.l1,
    };
    let parted = |outputs: Vec<lasso::Output>| {
        let weights = outputs.iter().flat_map(|output| output.weights.clone());
        let intercepts = outputs.iter().map(|output| output.intercept);
        weights.chain(intercepts).collect::<Vec<f64>>()
    };
    let mut parameters = match target {
        Target::Classes { labels, names } if line.l1 > 0.0 => {
            let outputs = lasso::classes(&design, labels, names.len(), &omega, penalty, stop)?;
            parted(outputs)
        }
        Target::Classes { labels, names } => {
            let classes = names.len();
            logistic::logistic_by_column(&design, labels, classes, &omega, line.penalty, stop)?
        }
        Target::Values { values, .. } if line.l1 > 0.0 => parted(vec![lasso::squares(
            &design, values, &omega, penalty, stop,
        )?]),
        Target::Values { values, .. } => {
            let (mut weights, intercept) =
                ridge::ridge_by_column(&design, values, &omega, line.penalty);
            weights.push(intercept);
            weights
        }
        _ => Vec::new(),
    };
    let outputs = parameters.len() / (n_features + 1);
    let (weights, intercepts) = parameters.split_at_mut(n_features * outputs);
    for (weights, intercept) in weights.chunks_mut(n_features).zip(intercepts) {
        design.for_features(weights, intercept);
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    /// The gradient of the objective vanishes at the optimum; by rows and by columns.
    #[test]
    fn a_logistic_regression_is_at_its_optimum() {
        let x = features();
        let labels: Vec<u32> = (0..40)
            .map(|row| u32::from(x[(0, row)] + 0.3 * x[(1, row)] > 0.1) + u32::from(row % 5 == 0))
            .collect();
        let target = Target::classes(labels.clone());
        let penalty = 0.01;
        for levels in [Levels::Means, Levels::All] {
            let line = Line {
                penalty,
                levels,
                ..Line::default()
            };
            let line = fit(&x, &target, None, &line, &GO_ON).unwrap();
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

    fn features() -> DMatrix<f64> {
        DMatrix::from_fn(3, 40, |feature, row| {
            ((row * (5 + 7 * feature) + feature) % 17) as f64 / 8.0 - 1.0
        })
    }
}
