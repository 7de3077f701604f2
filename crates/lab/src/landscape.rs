//! Two features of a data set, and the loss of a linear unit on them: what the textbooks draw, computed from the data at hand.
//!
//! The loss is the mean of `(w·x - t)²` over the training part, whose gradient is `H w - b` with `H = (2/n) Σ x xᵀ` and
//! `b = (2/n) Σ t x` (LeCun, Bottou, Orr & Müller 1998, without their factor 1/2). All of it in `f64`.

use nalgebra::{Matrix2, SymmetricEigen, Vector2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use smallbatch_data::{Dataset, Splitter, Target};

use crate::Error;
use smallbatch_report::results::{DescentPath, Landscape, Valley};
use smallbatch_sweep::Table;

/// With more features they are pixels rather than columns of a table.
const MOST_FEATURES: usize = 32;
/// The condition number of the raw inputs that the chosen pair comes nearest to: a valley ten times as long as it is wide
/// can still be seen. Pairs beyond the second number would be drawn as a line.
const WANTED: f64 = 100.0;
const MOST: f64 = 2_500.0;
/// Updates of each path, and the samples of a mini-batch.
const UPDATES: usize = 40;
const BATCH: usize = 16;
/// Most samples of the cloud.
const CLOUD: usize = 300;

/// The landscape of a data set on the training part of one split; `None` where no pair of features makes one that can be drawn.
///
/// # Errors
/// [`Error::Step`] when the data cannot be split.
pub(crate) fn landscape(table: &Table, seed: u64) -> Result<Option<Landscape>, Error> {
    if table.dataset().n_features() > MOST_FEATURES {
        return Ok(None);
    }
    let split = Splitter::new(seed)
        .split(table.dataset())
        .map_err(|error| Error::step(format!("split {}, seed {seed}", table.name()), error))?;
    let training = split.train();
    let targets = targets(training);
    let Some((first, second)) = pair(training) else {
        return Ok(None);
    };
    let names = training.feature_names();
    let raw: Vec<Vector2<f64>> = training
        .features()
        .column_iter()
        .map(|sample| Vector2::new(f64::from(sample[first]), f64::from(sample[second])))
        .collect();
    let (mean, deviation) = moments(&raw);
    let scaled: Vec<Vector2<f64>> = raw
        .iter()
        .map(|sample| (sample - mean).component_div(&deviation))
        .collect();
    let valleys = [("raw", &raw), ("standardized", &scaled)]
        .into_iter()
        .filter_map(|(scaling, samples)| valley(scaling, samples, &targets, seed))
        .collect();
    let every = raw.len().div_ceil(CLOUD).max(1);
    Ok(Some(Landscape {
        dataset: table.name().to_owned(),
        features: [names[first].clone(), names[second].clone()],
        samples: raw
            .iter()
            .step_by(every)
            .map(|sample| (*sample).into())
            .collect(),
        mean: mean.into(),
        deviation: deviation.into(),
        valleys,
    }))
}

/// The target as one number a sample, with mean 0 and deviation 1: the first output, or whether it is the first class.
fn targets(training: &Dataset<f32>) -> Vec<f64> {
    let values: Vec<f64> = match training.target() {
        Target::Classes { labels, .. } => labels
            .iter()
            .map(|label| f64::from(u8::from(*label == 0)))
            .collect(),
        other => other.as_values().map_or_else(Vec::new, |values| {
            values
                .row(0)
                .iter()
                .map(|value| f64::from(*value))
                .collect()
        }),
    };
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / n;
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    values
        .iter()
        .map(|value| (value - mean) / deviation)
        .collect()
}

/// The pair of features whose raw second moment has a condition number nearest to [`WANTED`], by its logarithm.
fn pair(training: &Dataset<f32>) -> Option<(usize, usize)> {
    let features = training.features();
    let n = features.ncols().max(1) as f64;
    let product = |i: usize, j: usize| -> f64 {
        let products = features
            .column_iter()
            .map(|sample| f64::from(sample[i]) * f64::from(sample[j]));
        products.sum::<f64>() / n
    };
    let mean = |i: usize| {
        features
            .column_iter()
            .map(|sample| f64::from(sample[i]))
            .sum::<f64>()
            / n
    };
    let varied: Vec<usize> = (0..features.nrows())
        .filter(|i| product(*i, *i) - mean(*i).powi(2) > 1e-9 * product(*i, *i))
        .collect();
    let mut best: Option<(f64, (usize, usize))> = None;
    for (at, i) in varied.iter().enumerate() {
        for j in &varied[at + 1..] {
            let [most, least] = curvatures(&Matrix2::new(
                product(*i, *i),
                product(*i, *j),
                product(*i, *j),
                product(*j, *j),
            ));
            let condition = most / least;
            let distance = (condition / WANTED).ln().abs();
            if condition.is_finite()
                && condition < MOST
                && best.is_none_or(|(nearest, _)| distance < nearest)
            {
                best = Some((distance, (*i, *j)));
            }
        }
    }
    best.map(|(_, pair)| pair)
}

fn curvatures(matrix: &Matrix2<f64>) -> [f64; 2] {
    let values = matrix.symmetric_eigenvalues();
    [values.max(), values.min()]
}

fn moments(samples: &[Vector2<f64>]) -> (Vector2<f64>, Vector2<f64>) {
    let n = samples.len().max(1) as f64;
    let mean = samples.iter().sum::<Vector2<f64>>() / n;
    let squares = samples
        .iter()
        .map(|sample| (sample - mean).map(|value| value * value))
        .sum::<Vector2<f64>>()
        / n;
    (
        mean,
        squares.map(|variance| if variance > 0.0 { variance.sqrt() } else { 1.0 }),
    )
}

/// The loss and the ways down from a point where both of its directions hold half of the loss: with the full batch at the rate
/// `2/(λ_max + λ_min)`, the fastest constant one, and with mini-batches at a quarter of it.
fn valley(scaling: &str, samples: &[Vector2<f64>], targets: &[f64], seed: u64) -> Option<Valley> {
    let all: Vec<usize> = (0..samples.len()).collect();
    let (hessian, slope) = quadratic(samples, targets, &all);
    let minimum = hessian.try_inverse()? * slope;
    let SymmetricEigen {
        eigenvalues,
        eigenvectors,
    } = hessian.symmetric_eigen();
    let order = if eigenvalues[0] >= eigenvalues[1] {
        [0, 1]
    } else {
        [1, 0]
    };
    let curvatures = order.map(|at| eigenvalues[at]);
    let directions = order.map(|at| eigenvectors.column(at).into_owned());
    if curvatures[1] <= 0.0 {
        return None;
    }
    let start =
        minimum + directions[0] / curvatures[0].sqrt() + directions[1] / curvatures[1].sqrt();
    let fastest = 2.0 / (curvatures[0] + curvatures[1]);
    let full = descend(start, fastest, |_, weights| hessian * weights - slope);
    let mut order = all;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let a_pass = samples.len().div_ceil(BATCH).max(1);
    let mini = descend(start, fastest / 4.0, |update, weights| {
        if update % a_pass == 0 {
            order.shuffle(&mut random);
        }
        let from = (update % a_pass) * BATCH;
        let (hessian, slope) = quadratic(
            samples,
            targets,
            &order[from..order.len().min(from + BATCH)],
        );
        hessian * weights - slope
    });
    let path = |batch_size: &str, learning_rate, weights| DescentPath {
        batch_size: batch_size.to_owned(),
        learning_rate,
        weights,
    };
    Some(Valley {
        scaling: scaling.to_owned(),
        minimum: minimum.into(),
        curvatures,
        directions: directions.map(Into::into),
        paths: vec![
            path("full", fastest, full),
            path(&BATCH.to_string(), fastest / 4.0, mini),
        ],
    })
}

/// `H` and `b` of some samples.
fn quadratic(
    samples: &[Vector2<f64>],
    targets: &[f64],
    of: &[usize],
) -> (Matrix2<f64>, Vector2<f64>) {
    let share = 2.0 / of.len().max(1) as f64;
    let mut hessian = Matrix2::zeros();
    let mut slope = Vector2::zeros();
    for at in of {
        hessian += samples[*at] * samples[*at].transpose() * share;
        slope += samples[*at] * (targets[*at] * share);
    }
    (hessian, slope)
}

fn descend(
    start: Vector2<f64>,
    learning_rate: f64,
    mut gradient: impl FnMut(usize, Vector2<f64>) -> Vector2<f64>,
) -> Vec<[f64; 2]> {
    let mut weights = start;
    let mut path = vec![start.into()];
    for update in 0..UPDATES {
        weights -= gradient(update, weights) * learning_rate;
        path.push(weights.into());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use smallbatch_data::builtin;

    #[test]
    fn descent_on_standardized_inputs_arrives_and_on_raw_inputs_follows_theory() {
        let source = Table::new("airfoil", "", builtin::airfoil().expect("data"));
        let found = landscape(&source, 1).expect("split").expect("a pair");
        let excess = |valley: &Valley, weights: [f64; 2]| -> f64 {
            (0..2)
                .map(|axis| {
                    let along: f64 = (0..2)
                        .map(|i| (weights[i] - valley.minimum[i]) * valley.directions[axis][i])
                        .sum();
                    0.5 * valley.curvatures[axis] * along * along
                })
                .sum()
        };
        for valley in &found.valleys {
            let full = &valley.paths[0].weights;
            assert!((excess(valley, full[0]) - 1.0).abs() < 1e-9);
            // At the rate 2/(λ_max + λ_min) each update shrinks both directions by (κ - 1)/(κ + 1).
            let condition = valley.curvatures[0] / valley.curvatures[1];
            let shrinks = ((condition - 1.0) / (condition + 1.0)).powi(2 * UPDATES as i32);
            assert!(
                (excess(valley, full[UPDATES]) - shrinks).abs() < 1e-6 * (1.0 + shrinks),
                "{}",
                valley.scaling
            );
        }
        let condition = |valley: &Valley| valley.curvatures[0] / valley.curvatures[1];
        assert!(condition(&found.valleys[0]) > 10.0 * condition(&found.valleys[1]));
        // Standardized, the trace of twice the second moment is 4.
        let trace: f64 = found.valleys[1].curvatures.iter().sum();
        assert!((trace - 4.0).abs() < 1e-9, "{trace}");
    }

    #[test]
    fn images_have_no_landscape() {
        let source = Table::new("digits", "", builtin::digits().expect("data"));
        assert!(landscape(&source, 1).expect("no error").is_none());
    }
}
