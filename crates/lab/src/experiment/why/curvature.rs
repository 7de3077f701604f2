//! The curvature that scaling gives, and the learning rates that it allows: predicted, and found by bisection.

use nalgebra::{DMatrix, DVector};
use smallbatch_data::{Dataset, Target};
use smallbatch_mlp::{Batch, CHUNK, Mlp, OptimizerSpec, Parameters, Targets};

use super::super::definition::Case;
use super::super::prepared::Prepared;
use super::super::progress::Ledger;
use super::super::sources::step;
use super::super::wording::number;
use super::{arm, scalings};
use crate::Error;
use crate::results::{Conditioning, CurvatureOf, Why, WhyFinding, WhySubject};
use crate::statistics::median;

pub(super) const METHOD: &str = "The curvature of a linear unit with squared error, and of the network at its initial \
    parameters, is computed exactly; full-batch descent of either is then tried with rates that grow fourfold from 1/4096 of \
    the predicted one until it diverges, and the border is found by bisection to half a per cent. A linear unit diverges when its loss rises \
    between 1,000 and 2,000 updates; a network when its loss after 200 updates is above the first.";

/// The search for the largest rate begins at this part of the predicted one, and gives up, since no rate is too large, at the
/// other end as far above it.
const WIDEST: f64 = 4096.0;
/// The border is known when the rates on both sides of it differ by no more than this factor.
const CLOSE: f64 = 1.005;
/// Updates of a linear unit: at half a per cent above the limit, its error grows by e^20.
const LINEAR_UPDATES: usize = 2_000;
/// Updates of a network.
const NETWORK_UPDATES: usize = 200;
/// A loss so many times the first has exploded.
const EXPLODED: f64 = 1e3;
/// A network has so many parameters at most that all its eigenvalues are computed.
const MOST_PARAMETERS: usize = 600;

/// Measures all scalings of one data set.
pub(super) fn measure(
    case: &Case,
    seeds: &[u64],
    ledger: &mut Ledger<'_>,
    share: f64,
    why: &mut Why,
) -> Result<(), Error> {
    let name = &case.source.name;
    let first = why.conditioning.len();
    // What is not linear takes a hundred times as long: three seeds tell a factor of ten from one of two.
    let few = &seeds[..seeds.len().min(3)];
    let scalings = scalings(case.source.dataset.n_features());
    let n_scalings = scalings.len() as f64;
    for (scaling, scaler) in scalings {
        let arm = arm(scaling, scaler);
        let (mut eigenvalues, mut conditions, mut rates) = (vec![], vec![], vec![]);
        for (position, &seed) in few.iter().enumerate() {
            if ledger.interrupted() {
                return Ok(());
            }
            let data = Prepared::new(case, &arm, &[], seed)?.training;
            let (inputs, targets) = in_doubles(&data)?;
            if position == 0 {
                let (largest, condition) = spectrum(&inputs);
                why.conditioning.push(Conditioning {
                    dataset: name.clone(),
                    scaling: scaling.into(),
                    of: CurvatureOf::Inputs,
                    largest_eigenvalue: Some(largest),
                    condition_number: Some(condition),
                    predicted_rate: Some(2.0 / largest),
                    measured_rate: border(2.0 / largest, |rate| descends(&inputs, &targets, rate)),
                });
            }
            let found = of_network(case, &data, seed).map_err(|error| {
                step(format!("measure the curvature on {name}, {scaling}"), error)
            })?;
            eigenvalues.push(found.0);
            conditions.push(found.1);
            rates.push(found.2);
            ledger.add(share / n_scalings);
        }
        let largest = median(&eigenvalues);
        why.conditioning.push(Conditioning {
            dataset: name.clone(),
            scaling: scaling.into(),
            of: CurvatureOf::Network,
            largest_eigenvalue: largest,
            condition_number: median(&conditions).filter(|value| value.is_finite()),
            predicted_rate: largest
                .filter(|value| *value > 0.0)
                .map(|value| 2.0 / value),
            measured_rate: median(&rates).filter(|value| value.is_finite()),
        });
    }
    why.findings
        .extend(sentence(name, &why.conditioning[first..]));
    Ok(())
}

/// What the rows of one data set say; `None` when one is missing.
fn sentence(dataset: &str, rows: &[Conditioning]) -> Option<WhyFinding> {
    let row = |scaling: &str, of| {
        rows.iter()
            .find(|row| row.scaling == scaling && row.of == of)
    };
    let (raw, standard) = (
        row("raw", CurvatureOf::Inputs)?,
        row("standardized", CurvatureOf::Inputs)?,
    );
    let network = (
        row("raw", CurvatureOf::Network)?,
        row("standardized", CurvatureOf::Network)?,
    );
    // Without a rate for one of the scalings, nothing can be said of every scaling.
    let misses: Vec<f64> = rows
        .iter()
        .filter(|row| row.of == CurvatureOf::Inputs)
        .map(|row| Some((row.measured_rate? / row.predicted_rate? - 1.0).abs()))
        .collect::<Option<_>>()?;
    let worst = misses.iter().copied().fold(0.0, f64::max);
    let off = |row: &Conditioning| {
        row.measured_rate
            .zip(row.predicted_rate)
            .map(|(m, p)| m / p)
    };
    let of_networks = match (off(network.0), off(network.1)) {
        (Some(raw), Some(standard)) => format!(
            "; for the network, whose curvature changes as it moves, it is {} times the predicted on raw and \
             {} times on standardized inputs",
            number(raw),
            number(standard)
        ),
        _ => String::new(),
    };
    Some(WhyFinding {
        dataset: dataset.into(),
        subject: WhySubject::Conditioning,
        sentence: format!(
            "Standardizing takes the condition number of the inputs from {} to {} and the largest stable rate of a \
             linear unit from {} to {}; the rate found by bisection is within {:.1} % of 2/λ_max for every \
             scaling{of_networks}.",
            number(raw.condition_number?),
            number(standard.condition_number?),
            number(raw.measured_rate?),
            number(standard.measured_rate?),
            100.0 * worst,
        ),
    })
}

/// Inputs with a row of ones for the bias, and one target a sample: the number, or the class's number.
fn in_doubles(data: &Dataset<f32>) -> Result<(DMatrix<f64>, DVector<f64>), Error> {
    let features = data.features();
    let inputs = features.map(f64::from).insert_row(features.nrows(), 1.0);
    let targets = match data.target() {
        Target::Classes { labels, .. } => {
            DVector::from_iterator(labels.len(), labels.iter().map(|label| *label as f64))
        }
        Target::Values { values, .. } => {
            DVector::from_iterator(values.ncols(), values.row(0).iter().map(|y| f64::from(*y)))
        }
        _ => return Err(step("use the target".into(), "this kind is not known here")),
    };
    Ok((inputs, targets))
}

/// The largest eigenvalue of a linear unit's Hessian, 2/n Σ x xᵀ, and its condition number. Inputs are columns.
pub(super) fn spectrum(inputs: &DMatrix<f64>) -> (f64, f64) {
    let hessian = inputs * inputs.transpose() * (2.0 / inputs.ncols() as f64);
    let rounding = f64::EPSILON * hessian.nrows() as f64;
    let values = hessian.symmetric_eigenvalues();
    let largest = values.max();
    let least = values
        .iter()
        .copied()
        .filter(|value| *value > rounding * largest)
        .fold(largest, f64::min);
    (largest, largest / least)
}

/// Whether full-batch descent of a linear unit from 0, on (wᵀx - y)² averaged, ends up going down.
///
/// On a quadratic every stable rate lowers the loss at every update, and every other one raises it in the end.
pub(super) fn descends(inputs: &DMatrix<f64>, targets: &DVector<f64>, rate: f64) -> bool {
    let mut weight = DVector::zeros(inputs.nrows());
    let mut residual = -targets;
    let scale = 2.0 / inputs.ncols() as f64;
    let mut half = residual.norm_squared();
    for update in 1..=LINEAR_UPDATES {
        weight.gemv(-rate * scale, inputs, &residual, 1.0);
        residual.copy_from(targets);
        residual.gemv_tr(1.0, inputs, &weight, -1.0);
        let loss = residual.norm_squared();
        if !loss.is_finite() {
            return false;
        }
        if update == LINEAR_UPDATES / 2 {
            half = loss;
        } else if update == LINEAR_UPDATES {
            return loss <= half * (1.0 + 1e-9);
        }
    }
    true
}

/// The largest rate that is stable, from below, on the assumption that all lower ones are; `None` when no rate is, or all are.
pub(super) fn border(predicted: f64, stable: impl Fn(f64) -> bool) -> Option<f64> {
    let mut low = predicted / WIDEST;
    if !(low > 0.0 && low.is_finite() && stable(low)) {
        return None;
    }
    let mut high = 4.0 * low;
    while stable(high) {
        low = high;
        high *= 4.0;
        if high > predicted * WIDEST {
            return None;
        }
    }
    while high / low > CLOSE {
        let middle = (low * high).sqrt();
        if stable(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((low * high).sqrt())
}

/// Largest eigenvalue, spread of the eigenvalues, and largest stable rate of the network at its initial parameters;
/// infinite where there is none.
fn of_network(
    case: &Case,
    data: &Dataset<f32>,
    seed: u64,
) -> Result<(f64, f64, f64), smallbatch_mlp::Error> {
    let inputs = data.features().map(f64::from);
    let values = match data.target() {
        Target::Values { values, .. } => values.map(f64::from),
        _ => DMatrix::zeros(0, 0),
    };
    let targets = match data.target() {
        Target::Classes { labels, .. } => Targets::Labels(labels),
        _ => Targets::Values(values.as_view()),
    };
    let batch = Batch::new(inputs.as_view(), targets);
    let network = case.network().build::<f64>(seed)?;
    let (largest, spread) = if network.n_parameters() <= MOST_PARAMETERS {
        whole_spectrum(&network, &batch)?
    } else {
        let found = network.largest_hessian_eigenvalue(&batch, Default::default())?;
        (found.value, f64::INFINITY)
    };
    let rate = border(2.0 / largest, |rate| {
        network_descends(&network, &batch, rate).unwrap_or(false)
    });
    Ok((largest, spread, rate.unwrap_or(f64::INFINITY)))
}

/// The largest eigenvalue, and how many times the median size of all that are more than rounding it is.
fn whole_spectrum(
    network: &Mlp<f64>,
    batch: &Batch<'_, f64>,
) -> Result<(f64, f64), smallbatch_mlp::Error> {
    let sizes = network.parameters().layer_sizes();
    let n = network.n_parameters();
    let mut hessian = DMatrix::zeros(n, n);
    let mut direction = Parameters::<f64>::zeros(sizes)?;
    let mut product = Parameters::<f64>::zeros(sizes)?;
    for column in 0..n {
        direction.as_mut_slice()[column] = 1.0;
        network.hessian_vector_product(batch, &direction, &mut product)?;
        hessian
            .column_mut(column)
            .copy_from_slice(product.as_slice());
        direction.as_mut_slice()[column] = 0.0;
    }
    let values = hessian.symmetric_eigenvalues();
    let largest = values.max();
    let rounding = f64::EPSILON * n as f64 * values.amax();
    let sizes: Vec<f64> = values
        .iter()
        .map(|value| value.abs())
        .filter(|size| *size > rounding)
        .collect();
    Ok((largest, largest / median(&sizes).unwrap_or(largest)))
}

/// Whether the loss after some updates of full-batch descent is at or below the first, and never exploded.
fn network_descends(
    network: &Mlp<f64>,
    batch: &Batch<'_, f64>,
    rate: f64,
) -> Result<bool, smallbatch_mlp::Error> {
    let mut network = network.clone();
    let mut workspace = network.workspace(CHUNK);
    let mut optimizer = OptimizerSpec::sgd().build(network.n_parameters())?;
    let first = network.loss(batch, &mut workspace)?;
    for _ in 0..NETWORK_UPDATES {
        let loss = network.train_step(batch, &mut optimizer, rate, 0, &mut workspace)?;
        if loss > EXPLODED * first {
            return Ok(false);
        }
    }
    Ok(network.loss(batch, &mut workspace)? <= first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Fifty points around each of ±(0.4, 0.8), whose second moment has the eigenvalues 0.84 and 0.036 exactly.
    fn lecuns_points() -> (DMatrix<f64>, DVector<f64>) {
        let mut random = ChaCha8Rng::seed_from_u64(1998);
        let mut normal = || -> f64 {
            let (u, v): (f64, f64) = (random.random(), random.random());
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        let mut drawn = DMatrix::from_fn(2, 50, |_, _| normal());
        // Whitened: mean 0 and covariance 1 exactly.
        let mean = drawn.column_mean();
        for mut column in drawn.column_iter_mut() {
            column -= &mean;
        }
        let root = (&drawn * drawn.transpose() / 50.0).cholesky().unwrap().l();
        let white = root.solve_lower_triangular(&drawn).unwrap();
        let centre = DVector::from_vec(vec![0.4, 0.8]);
        let along: DVector<f64> = centre.normalize();
        let across = DVector::from_vec(vec![-along[1], along[0]]);
        // Along the line between the classes, 0.84 = 0.04 within and 0.8 = |(0.4, 0.8)|² between.
        let points = DMatrix::from_fn(2, 100, |row, column| {
            let noise = white.column(column % 50);
            let within = 0.2 * noise[0] * along[row] + 0.036f64.sqrt() * noise[1] * across[row];
            within + centre[row] * if column < 50 { 1.0 } else { -1.0 }
        });
        let targets = DVector::from_fn(100, |row, _| if row < 50 { 1.0 } else { -1.0 });
        (points, targets)
    }

    #[test]
    fn lecuns_example() {
        // His loss has a factor of 1/2 that this house's has not: his rates are twice these.
        let (points, targets) = lecuns_points();
        let (largest, condition) = spectrum(&points);
        assert!((largest / 2.0 - 0.84).abs() < 1e-12, "{largest}");
        assert!((condition - 0.84 / 0.036).abs() < 1e-9, "{condition}");
        let predicted = 2.0 * 2.0 / largest;
        assert!((predicted - 2.38).abs() < 0.005, "{predicted}");
        assert!(descends(&points, &targets, 1.5 / 2.0));
        assert!(!descends(&points, &targets, 2.5 / 2.0));
        let measured = 2.0
            * border(2.0 / spectrum(&points).0, |rate| {
                descends(&points, &targets, rate)
            })
            .unwrap();
        assert!((measured / predicted - 1.0).abs() < 0.02, "{measured}");
    }

    #[test]
    fn a_mean_alone_makes_the_border_lower() {
        let (points, targets) = lecuns_points();
        let moved = points.add_scalar(3.0);
        let [still, far] = [points, moved].map(|points| {
            let measured = border(2.0 / spectrum(&points).0, |rate| {
                descends(&points, &targets, rate)
            })
            .unwrap();
            assert!((measured * spectrum(&points).0 / 2.0 - 1.0).abs() < 0.02);
            measured
        });
        assert!(far < still / 15.0, "{still} and {far}");
    }

    #[test]
    fn a_border_that_is_not_there_is_none() {
        assert_eq!(border(1.0, |_| false), None);
        assert_eq!(border(1.0, |_| true), None);
        let found = border(1.0, |rate| rate < 0.3).unwrap();
        assert!((found / 0.3 - 1.0).abs() < 0.005, "{found}");
    }
}
