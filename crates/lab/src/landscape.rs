//! Two features of a data set, and the loss of a linear unit on them: what the textbooks draw, computed from data.
//!
//! The loss is the mean of `(w·x - t)²` over the training part, whose gradient is `H w - b` with `H = (2/n) Σ x xᵀ` and
//! `b = (2/n) Σ t x` (LeCun, Bottou, Orr & Müller 1998, without their factor 1/2). All of it in `f64`.

use nalgebra::{Matrix2, SymmetricEigen, Vector2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use smallbatch_data::{Dataset, Splitter, Target, synthetic};

use crate::Error;
use smallbatch_report::results::{DescentPath, Landscape, Valley};
use smallbatch_sweep::NamedTable;

/// With more features they are pixels rather than columns of a table.
const MOST_FEATURES: usize = 32;
/// Samples of the textbook's two inputs.
const TEXTBOOK: usize = 400;
/// Updates of each path, so few that each is an arrow; the samples of a mini-batch.
const UPDATES: usize = 12;
const BATCH: usize = 16;
/// The full batch's rate times the largest curvature: it is stable below 2.
const RATE: f64 = 1.6;
/// Most samples of a cloud.
const CLOUD: usize = 300;
/// A cloud is seen where it takes this part of its frame, by half of its width.
const SEEN: f64 = 0.02;

/// The loss of a linear unit on the textbook's two inputs, one about 1,000,000 and one about 50.
///
/// # Errors
/// [`Error::Step`] when the data cannot be split.
pub(crate) fn textbook(seed: u64) -> Result<Landscape, Error> {
    let failed = |error| Error::step("draw the textbook's two inputs", error);
    let dataset = synthetic::textbook_two_inputs(TEXTBOOK, seed).map_err(failed)?;
    let split = Splitter::new(seed).split(&dataset).map_err(failed)?;
    let training = split.train();
    let targets = targets(training);
    let raw = pairs_of(training, (0, 1));
    let (mean, deviation) = moments(&raw);
    let scaled: Vec<Vector2<f64>> = raw
        .iter()
        .map(|sample| (sample - mean).component_div(&deviation))
        .collect();
    let valleys = [("raw", &raw), ("standardized", &scaled)]
        .into_iter()
        .filter_map(|(scaling, samples)| valley(scaling, samples, &targets, seed))
        .collect();
    Ok(Landscape {
        dataset: "two inputs".into(),
        features: ["about 1,000,000".into(), "about 50".into()],
        samples: Vec::new(),
        mean: mean.into(),
        deviation: deviation.into(),
        valleys,
    })
}

/// The cloud of two features, of whichever table and pair shows best what centring and dividing do in one and the same frame;
/// `None` where no pair does.
pub(crate) fn cloud(tables: &[NamedTable], seed: u64) -> Option<Landscape> {
    let of_table = |table: &NamedTable| {
        let split = Splitter::new(seed).split(table.dataset()).ok()?;
        let (score, pair) = clearest_pair(split.train())?;
        Some((score, pair, table.name().to_owned(), split))
    };
    let (_, pair, name, split) = tables
        .iter()
        .filter(|table| table.dataset().n_features() <= MOST_FEATURES)
        .filter_map(of_table)
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let training = split.train();
    let names = training.feature_names();
    let raw = pairs_of(training, pair);
    let (mean, deviation) = moments(&raw);
    let every = raw.len().div_ceil(CLOUD).max(1);
    Some(Landscape {
        dataset: name,
        features: [names[pair.0].clone(), names[pair.1].clone()],
        samples: raw
            .iter()
            .step_by(every)
            .map(|sample| (*sample).into())
            .collect(),
        mean: mean.into(),
        deviation: deviation.into(),
        valleys: Vec::new(),
    })
}

/// Two features of all samples.
fn pairs_of(training: &Dataset<f32>, (first, second): (usize, usize)) -> Vec<Vector2<f64>> {
    let samples = training.features().column_iter();
    samples
        .map(|sample| Vector2::new(f64::from(sample[first]), f64::from(sample[second])))
        .collect()
}

/// The pair of features that is far from zero, clearly wider than high, and still seen once it is divided, in a frame
/// that holds all of that; and how clear it is.
fn clearest_pair(training: &Dataset<f32>) -> Option<(f64, (usize, usize))> {
    let one = |feature: usize| {
        let values = pairs_of(training, (feature, feature));
        let (mean, deviation) = moments(&values);
        let distinct: std::collections::BTreeSet<u64> =
            values.iter().map(|value| value[0].to_bits()).collect();
        // Few different values make stripes, not a cloud.
        (distinct.len() > 20).then_some((feature, mean[0].abs(), deviation[0]))
    };
    let features: Vec<(usize, f64, f64)> =
        (0..training.features().nrows()).filter_map(one).collect();
    let mut best: Option<(f64, (usize, usize))> = None;
    for (i, mean_i, deviation_i) in &features {
        for (j, mean_j, deviation_j) in &features {
            // The wider one lies along the longer axis.
            let ratio = deviation_i / deviation_j;
            // Divided, the cloud reaches to about 2.5.
            let frame = (mean_i + 2.5 * deviation_i)
                .max(mean_j + 2.5 * deviation_j)
                .max(2.5);
            let is_seen = deviation_j.min(1.0) / frame >= SEEN;
            let shift = (mean_i / deviation_i).min(mean_j / deviation_j) / 4.0;
            if i == j || !is_seen || ratio < 2.5 || shift < 0.4 {
                continue;
            }
            let score = shift.min(1.0) * ratio.min(6.0) * (deviation_j.min(1.0) / frame).sqrt();
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, (*i, *j)));
            }
        }
    }
    best
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

/// The loss and the ways down from a point where both of its directions hold half of the loss: with the full batch at four
/// fifths of the largest stable rate, and with mini-batches at a quarter of that.
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
    let rate = RATE / curvatures[0];
    let full = descend(start, rate, |_, weights| hessian * weights - slope);
    let mut order = all;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let a_pass = samples.len().div_ceil(BATCH).max(1);
    let mini = descend(start, rate / 4.0, |update, weights| {
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
            path("full", rate, full),
            path(&BATCH.to_string(), rate / 4.0, mini),
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
        let found = textbook(1).expect("a landscape");
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
            assert!((excess(valley, full[0]) - 1.0).abs() < 1e-6);
            // Each update multiplies the distance along a direction by 1 - rate · curvature.
            let shrinks: f64 = valley
                .curvatures
                .iter()
                .map(|curvature| 0.5 * (1.0 - RATE * curvature / valley.curvatures[0]).powi(2 * 12))
                .sum();
            let end = excess(valley, full[UPDATES]);
            assert!((end - shrinks).abs() < 1e-6, "{}: {end}", valley.scaling);
        }
        let [raw, standardized] = &found.valleys[..] else {
            panic!("two valleys")
        };
        // Raw, the half of the loss that lies along the valley stays; standardized, nothing is left.
        assert!(excess(raw, raw.paths[0].weights[UPDATES]) > 0.49);
        assert!(excess(standardized, standardized.paths[0].weights[UPDATES]) < 0.01);
        assert!(raw.curvatures[0] / raw.curvatures[1] > 1e8);
        // Standardized, the trace of twice the second moment is 4.
        let trace: f64 = standardized.curvatures.iter().sum();
        assert!((trace - 4.0).abs() < 1e-9, "{trace}");
    }

    #[test]
    fn a_cloud_is_seen_raw_centred_and_divided_in_one_frame() {
        let table = |name, dataset| NamedTable::new(name, "", dataset);
        let tables = [
            table("digits", builtin::digits().expect("data")),
            table("wine", builtin::wine().expect("data")),
            table("airfoil", builtin::airfoil().expect("data")),
        ];
        let found = cloud(&tables, 1).expect("a cloud");
        assert_ne!(found.dataset, "digits", "pixels");
        let frame = (0..2)
            .map(|i| found.mean[i].abs() + 2.5 * found.deviation[i])
            .fold(2.5, f64::max);
        assert!(found.deviation[0] > 2.0 * found.deviation[1]);
        assert!(found.deviation[1].min(1.0) / frame >= SEEN);
        assert!(found.samples.len() <= CLOUD);
        assert!(cloud(&tables[..1], 1).is_none());
    }
}
