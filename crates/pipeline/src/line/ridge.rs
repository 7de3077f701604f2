//! Ridge regression: in closed form, or, of many features that mostly say the same, by conjugate gradients.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::design::Design;

/// The residual, as a share of the right side's, where conjugate gradients are near enough.
const NEAR_ENOUGH: f64 = 1e-9;
/// The most steps.
const MOST_STEPS: usize = 500;

/// The weights and the intercept.
pub(super) fn ridge(
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

/// The same for features by column: minimizes Σ ω(y - b - w·x)²/2 + λ/2·‖w‖², where the ω add to 1, by conjugate gradients whose unknowns
/// are scaled to have a diagonal of 1 (Jacobi).
pub(super) fn ridge_by_column(
    design: &Design,
    values: &DMatrix<f64>,
    omega: &[f64],
    penalty: f64,
) -> (Vec<f64>, f64) {
    let n_features = design.n_features();
    let mean_y: f64 = omega.iter().zip(values).map(|(w, y)| w * y).sum();
    let means: Vec<f64> = (0..n_features)
        .map(|at| design.sum(at, |row, x| omega[row] * x))
        .collect();
    let diagonal: Vec<f64> = (0..n_features)
        .map(|at| design.sum(at, |row, x| omega[row] * x * x) - means[at].powi(2) + penalty)
        .map(|own| own.max(1e-12))
        .collect();
    // Xᵀ·Ω·v, for v whose weighted mean is 0.
    let slopes = |v: &[f64]| -> Vec<f64> {
        let slope = |at| design.sum(at, |row, x| omega[row] * x * v[row]);
        (0..n_features).map(slope).collect()
    };
    let times = |w: &[f64]| -> Vec<f64> {
        let mean: f64 = w.iter().zip(&means).map(|(w, mean)| w * mean).sum();
        let mut product = slopes(&design.line(w, -mean));
        let penalties = w.iter().map(|w| penalty * w);
        product
            .iter_mut()
            .zip(penalties)
            .for_each(|(p, own)| *p += own);
        product
    };
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let scaled = |r: &[f64]| -> Vec<f64> { r.iter().zip(&diagonal).map(|(r, d)| r / d).collect() };
    let centred: Vec<f64> = values.iter().map(|y| y - mean_y).collect();
    let mut weights = vec![0.0; n_features];
    let mut residual = slopes(&centred);
    let mut direction = scaled(&residual);
    let mut size = dot(&residual, &direction);
    let enough = NEAR_ENOUGH.powi(2) * size;
    for _ in 0..MOST_STEPS {
        if size <= enough {
            break;
        }
        let product = times(&direction);
        let step = size / dot(&direction, &product);
        for at in 0..n_features {
            weights[at] += step * direction[at];
            residual[at] -= step * product[at];
        }
        let next = scaled(&residual);
        let before = std::mem::replace(&mut size, dot(&residual, &next));
        for (direction, next) in direction.iter_mut().zip(next) {
            *direction = next + size / before * *direction;
        }
    }
    let intercept = mean_y - dot(&weights, &means);
    (weights, intercept)
}

#[cfg(test)]
mod tests {
    use super::super::design::Units;
    use super::*;

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

    /// Towns of many rows and of few: the closed form on features in the same units is the oracle.
    #[test]
    fn a_ridge_by_column_is_the_one_in_closed_form() {
        let x = DMatrix::from_fn(12, 60, |feature, row| match feature {
            0 => ((row * 7) % 13) as f64 / 6.0,
            _ => f64::from(u8::from((row * row) % 11 == feature - 1)),
        });
        let y = DMatrix::from_fn(1, 60, |_, row| {
            ((row * 5) % 7) as f64 + x[(0, row)] + x[(4, row)]
        });
        let omega: Vec<f64> = (0..60).map(|row| f64::from(1 + row % 3) / 120.0).collect();
        for penalty in [1e-6, 1e-2, 1.0] {
            let oracle = ridge(&x, &y, Some(&omega), penalty);
            let design = Design::new(&x, Units::ZeroAndOne);
            let (mut weights, mut intercept) = ridge_by_column(&design, &y, &omega, penalty);
            design.for_features(&mut weights, &mut intercept);
            weights.push(intercept);
            let near = weights
                .iter()
                .zip(&oracle)
                .all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{penalty}: {weights:?} {oracle:?}");
        }
    }
}
