//! What the trainings gave, as rows of the results and as sentences.

use super::cost::{intervals, medians};
use super::training::NOISE_BATCH;
use crate::cost_fit::CostFit;
use crate::results::{CostCurve, CostPoint, NoisePoint, Sharpness};
use crate::statistics::median;

/// Fit and prediction agree when they differ by no more than this factor.
const AGREE: f64 = 2.0;

pub(super) fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

pub(super) fn least(values: &[f64]) -> Option<f64> {
    finite(values.iter().copied().min_by(f64::total_cmp))
}

pub(super) fn greatest(values: &[f64]) -> Option<f64> {
    finite(values.iter().copied().max_by(f64::total_cmp))
}

pub(super) fn cost_point(batch: usize, learning_rate: f64, samples: &[f64]) -> CostPoint {
    CostPoint {
        batch,
        learning_rate,
        samples_to_target: finite(median(samples)),
        low: least(samples),
        high: greatest(samples),
        runs: samples.len(),
        censored: samples
            .iter()
            .filter(|samples| samples.is_infinite())
            .count(),
    }
}

pub(super) fn curve(
    dataset: &str,
    target_loss: f64,
    batches: &[usize],
    costs: &[Vec<f64>],
    points: Vec<CostPoint>,
    predicted: Option<f64>,
) -> CostCurve {
    let through = medians(batches, costs);
    let fit = CostFit::through(&through);
    let [least, critical] = intervals(batches, costs);
    let error = fit.map(|fit| fit.relative_error(&through));
    let missing: Vec<String> = batches
        .iter()
        .filter(|batch| !through.iter().any(|(known, _)| *known == **batch as f64))
        .map(usize::to_string)
        .collect();
    // What cost too much to arrive lies above the curve at least there, and would have bent it earlier.
    let missing = if missing.is_empty() {
        String::new()
    } else {
        format!(
            " The curve is without batches of {}, of which half of the runs or more did not arrive: the true critical batch is \
             smaller, if anything.",
            missing.join(" and ")
        )
    };
    let sentence = match (fit, finite(predicted)) {
        (Some(fit), Some(predicted)) => {
            let ratio = fit.b_crit / predicted;
            let judged = if (1.0 / AGREE..=AGREE).contains(&ratio) {
                "which agrees within a factor of two".to_owned()
            } else if ratio > 1.0 {
                format!("which is too low by a factor of {ratio:.1}: the prediction fails here")
            } else {
                format!("which is too high by a factor of {:.1}: the prediction fails here", 1.0 / ratio)
            };
            let high = if critical.1.is_finite() {
                format!("{:.0}", critical.1)
            } else {
                "no bound".into()
            };
            format!(
                "Samples to the target follow E(B) = {:.0} (1 + B/{:.0}) to {:.0} %; the critical batch is {:.0} ({:.0} to {high}), the \
                 noise scale predicts {predicted:.0}, {judged}.{missing}",
                fit.e_min, fit.b_crit, 100.0 * error.unwrap_or(f64::NAN), fit.b_crit, critical.0
            )
        }
        (None, _) => "The prediction fails here: samples to the target do not rise with the batch size as the cost curve \
                      says, so that no critical batch can be fitted."
            .into(),
        (_, None) => "The noise scale was not measured, so that nothing is predicted.".into(),
    };
    CostCurve {
        dataset: dataset.into(),
        target_loss,
        points,
        e_min: fit.map(|fit| fit.e_min),
        e_min_low: finite(Some(least.0)),
        e_min_high: finite(Some(least.1)),
        b_crit: fit.map(|fit| fit.b_crit),
        b_crit_low: finite(Some(critical.0)),
        b_crit_high: finite(Some(critical.1)),
        relative_error: error,
        predicted_b_crit: finite(predicted),
        sentence,
    }
}

/// The moments at which most of the seeds were measured: late in training few runs are left, and the last record of a run lies
/// where it arrived.
pub(super) fn noise_points(dataset: &str, along: &[Vec<(u64, f64, f64, f64)>]) -> Vec<NoisePoint> {
    let mut moments = std::collections::BTreeMap::<u64, Vec<(f64, f64, f64)>>::new();
    for &(updates, epoch, loss, scale) in along.iter().flatten() {
        moments
            .entry(updates)
            .or_default()
            .push((epoch, loss, scale));
    }
    moments
        .into_iter()
        .filter(|(_, here)| 2 * here.len() > along.len())
        .map(|(updates, here)| {
            let losses: Vec<f64> = here.iter().map(|point| point.1).collect();
            let scales: Vec<f64> = here.iter().map(|point| point.2).collect();
            NoisePoint {
                dataset: dataset.into(),
                batch: NOISE_BATCH,
                epoch: here[0].0,
                updates,
                loss: finite(median(&losses)),
                noise_scale: finite(median(&scales)),
                low: least(&scales),
                high: greatest(&scales),
            }
        })
        .collect()
}

pub(super) fn noise_sentence(points: &[NoisePoint]) -> Option<String> {
    let (first, last) = (points.first()?, points.last()?);
    Some(format!(
        "Along training with batches of {NOISE_BATCH} the noise scale goes from {:.1} samples at update {} to {:.1} at update {}.",
        first.noise_scale?, first.updates, last.noise_scale?, last.updates
    ))
}

pub(super) fn sharpness_row(
    dataset: &str,
    batch: usize,
    learning_rate: f64,
    ends: &[(f64, f64)],
) -> Sharpness {
    let values: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let losses: Vec<f64> = ends.iter().map(|end| end.0).collect();
    let largest = finite(median(&values));
    Sharpness {
        dataset: dataset.into(),
        batch,
        learning_rate,
        largest_eigenvalue: largest,
        low: least(&values),
        high: greatest(&values),
        rate_times_eigenvalue: largest.map(|value| value * learning_rate),
        loss: finite(median(&losses)),
    }
}

pub(super) fn sharpness_sentence(rows: &[Sharpness]) -> Option<String> {
    let (small, large) = (rows.first()?, rows.last()?);
    Some(format!(
        "Where training arrives at the target, the largest eigenvalue of the Hessian is {:.2} with batches of {} and {:.2} with \
         the full batch of {}; times their learning rates, {:.2} and {:.2}, where plain descent is stable below 2.",
        small.largest_eigenvalue?,
        small.batch,
        large.largest_eigenvalue?,
        large.batch,
        small.rate_times_eigenvalue?,
        large.rate_times_eigenvalue?
    ))
}
