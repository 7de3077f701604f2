//! Looks for features with heavy tails, or with one value that dominates.

use nalgebra::DMatrixView;
use smallbatch_base::vectorized;

use crate::columns::{Column, map_some_columns};
use crate::quantile::{quantiles, select};
use crate::{Error, FeatureStats, FitData, FitReport, Scalar};

/// Samples that tails are judged on, at most.
const TAIL_SAMPLES: usize = 2048;
/// Fewer values than this say nothing about tails.
const LEAST_TAIL_SAMPLES: usize = 50;
/// Twice the ratio of a normal distribution: 2 · 2 · 2.5758 / (2 · 0.67449).
const HEAVY: f64 = 7.64;
/// One value with more than this share of the weight makes a feature nearly constant.
const DOMINATING: f64 = 0.999;
/// Features taken out of the matrix together: the values of so many at [`TAIL_SAMPLES`] samples are 1 MB.
const TOGETHER: usize = 64;

/// Puts features with a dominating value or heavy tails on their lists in the report.
pub(crate) fn judge<T: Scalar>(
    data: &FitData<'_, T>,
    stats: &FeatureStats,
    constant: &[bool],
    report: &mut FitReport,
) -> Result<(), Error> {
    let step = data.n_samples().div_ceil(TAIL_SAMPLES);
    let plain = plainly_light(data, stats.mean(), step);
    let doubtful: Vec<usize> = (0..data.n_features())
        .filter(|&j| !constant[j] && !plain[j])
        .collect();
    let verdicts = map_some_columns(data, &doubtful, step, TOGETHER, |_, column| {
        if column.values.is_empty() {
            Verdict::default()
        } else {
            Verdict::on(column)
        }
    })?;
    let mut suspects = Vec::new();
    for (&j, verdict) in doubtful.iter().zip(verdicts) {
        suspects.extend(verdict.suspect.map(|value| (j, value)));
        if verdict.heavy_tailed {
            report.heavy_tailed.push(data.feature(j));
        }
    }
    for j in dominating(data, &suspects) {
        report.heavy_tailed.retain(|feature| feature.index != j);
        if report
            .nearly_constant
            .iter()
            .all(|feature| feature.index != j)
        {
            report.nearly_constant.push(data.feature(j));
        }
    }
    report.nearly_constant.sort_by_key(|feature| feature.index);
    Ok(())
}

/// What the evenly spaced samples say about a feature.
#[derive(Debug, Default, PartialEq)]
struct Verdict {
    /// A value that may have nearly all of the weight.
    suspect: Option<f64>,
    heavy_tailed: bool,
}

impl Verdict {
    /// On at least one value.
    fn on(column: Column) -> Self {
        let Column { values, weights } = column;
        let weighted = weights.is_some();
        let [low, first, median, third, high] = five(&values);
        // A value with more than half of the weight is the median.
        let centre = match weights {
            Some(weights) => quantiles(values.clone(), Some(weights), &[0.5])[0],
            None => median,
        };
        let n_others = values.iter().filter(|&&x| x != centre).count();
        let mut tails = tail_ratio(values.len(), low, first, third, high);
        if tails.is_none() && n_others > 0 {
            let others: Vec<f64> = values.iter().copied().filter(|&x| x != centre).collect();
            let [low, first, _, third, high] = five(&others);
            tails = tail_ratio(others.len(), low, first, third, high);
        }
        Self {
            // The evenly spaced samples only raise the suspicion. Weights may be uneven: then every median is counted.
            suspect: (weighted || n_others * 100 < values.len()).then_some(centre),
            heavy_tailed: tails.is_some_and(|ratio| ratio > HEAVY),
        }
    }
}

/// The quantiles that tails are judged by, of at least one value.
fn five(values: &[f64]) -> [f64; 5] {
    let q = select(values, &[0.005, 0.25, 0.5, 0.75, 0.995]);
    [q[0], q[1], q[2], q[3], q[4]]
}

/// (q₉₉.₅ - q₀.₅) / (q₇₅ - q₂₅); none for too few values or without interquartile range.
fn tail_ratio(n_values: usize, low: f64, first: f64, third: f64, high: f64) -> Option<f64> {
    // Halves, so that no difference overflows.
    let middle = third / 2.0 - first / 2.0;
    (n_values >= LEAST_TAIL_SAMPLES && middle > 0.0).then(|| (high / 2.0 - low / 2.0) / middle)
}

/// The features for which two passes over the evenly spaced samples, along the memory, show what their quantiles would
/// show: tails that are not heavy, and no dominating value. Most features of most data are of this kind.
///
/// Let R be the range of a feature's values, and a < b lie around its mean with b - a > R / 7.64. If a quarter of the values
/// and two more are at most a, and as many at least b, then q₂₅ ≤ a and q₇₅ ≥ b (which lie between neighbours in rank, hence
/// the two more), so the ratio of [`tail_ratio`] is below R / (b - a) < 7.64; and no value has more than three
/// quarters of the samples. Weights, NaN and infinities show nothing.
fn plainly_light<T: Scalar>(data: &FitData<'_, T>, mean: &[f64], step: usize) -> Vec<bool> {
    let d = data.n_features();
    if data.weight_slice().is_some() {
        return vec![false; d];
    }
    let view = data.view();
    let first = view.column(0);
    let (mut low, mut high) = (first.as_slice().to_vec(), first.as_slice().to_vec());
    ranges(view, step, &mut low, &mut high);
    let width = |j: usize| high[j].to_f64() - low[j].to_f64();
    let end = |j: usize, side: f64| T::of(mean[j] + side * width(j) / 14.0);
    let below: Vec<T> = (0..d).map(|j| end(j, -1.0)).collect();
    let above: Vec<T> = (0..d).map(|j| end(j, 1.0)).collect();
    let (mut n_below, mut n_above) = (vec![0; d], vec![0; d]);
    counts(view, step, &below, &above, &mut n_below, &mut n_above);
    let enough = data.n_samples().div_ceil(step) as f64 / 4.0 + 2.0;
    (0..d)
        .map(|j| {
            // Not so when the type resolves the feature too coarsely around its mean, or the range is infinite.
            let apart = (above[j].to_f64() - below[j].to_f64()) * HEAVY > width(j);
            let many = n_below[j].min(n_above[j]);
            apart && width(j).is_finite() && f64::from(many) >= enough
        })
        .collect()
}

#[inline(always)]
fn ranges_loop<T: Scalar>(view: DMatrixView<'_, T>, step: usize, low: &mut [T], high: &mut [T]) {
    for i in (0..view.ncols()).step_by(step) {
        let sample = view.column(i);
        for ((&x, low), high) in sample.as_slice().iter().zip(&mut *low).zip(&mut *high) {
            *low = if x < *low { x } else { *low };
            *high = if x > *high { x } else { *high };
        }
    }
}

#[inline(always)]
fn counts_loop<T: Scalar>(
    view: DMatrixView<'_, T>,
    step: usize,
    below: &[T],
    above: &[T],
    n_below: &mut [u32],
    n_above: &mut [u32],
) {
    for i in (0..view.ncols()).step_by(step) {
        let sample = view.column(i);
        let ends = below.iter().zip(above);
        let counts = n_below.iter_mut().zip(&mut *n_above);
        let values = sample.as_slice().iter().zip(ends).zip(counts);
        for ((x, (below, above)), (n_below, n_above)) in values {
            *n_below += u32::from(x <= below);
            *n_above += u32::from(x >= above);
        }
    }
}

vectorized! {
    fn ranges(
        view: DMatrixView<'a, T>,
        step: usize,
        low: &'a mut [T],
        high: &'a mut [T],
    ) -> () = ranges_loop;
}

vectorized! {
    fn counts(
        view: DMatrixView<'a, T>,
        step: usize,
        below: &'a [T],
        above: &'a [T],
        n_below: &'a mut [u32],
        n_above: &'a mut [u32],
    ) -> () = counts_loop;
}

/// Those of the suspects (feature and value) whose value has more than 99.9 % of the weight over all samples.
fn dominating<T: Scalar>(data: &FitData<'_, T>, suspects: &[(usize, f64)]) -> Vec<usize> {
    if suspects.is_empty() {
        return Vec::new();
    }
    let (view, weights) = (data.view(), data.weight_slice());
    let mut same = vec![(0.0, 0.0); suspects.len()];
    for i in 0..data.n_samples() {
        let weight = weights.map_or(1.0, |w| w[i].to_f64());
        for ((same, total), &(j, value)) in same.iter_mut().zip(suspects) {
            let x = view[(j, i)].to_f64();
            if x.is_finite() {
                *total += weight;
                *same += if x == value { weight } else { 0.0 };
            }
        }
    }
    let found = suspects
        .iter()
        .zip(same)
        .filter(|(_, (same, total))| *same > DOMINATING * total);
    found.map(|(&(j, _), _)| j).collect()
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use proptest::prelude::*;

    use super::*;

    /// The verdict of the quantiles, and whether the short way spares them.
    fn both(values: &[f32]) -> (Verdict, bool) {
        let x = DMatrix::from_row_slice(1, values.len(), values);
        let mut stats = FeatureStats::new(1);
        stats.update(&x).expect("finite");
        let spared = plainly_light(&FitData::new(&x), stats.mean(), 1)[0];
        let values = values.iter().map(|&x| f64::from(x)).collect();
        let weights = None;
        (Verdict::on(Column { values, weights }), spared)
    }

    #[test]
    fn even_values_are_spared_and_odd_ones_are_not() {
        let even: Vec<f32> = (0..1000).map(|i| (i * 7 % 1000) as f32).collect();
        assert!(both(&even).1);
        let mut outlier = even.clone();
        outlier[3] = 1e5;
        assert!(!both(&outlier).1);
        let mut dominated = vec![5.0; 1000];
        dominated[7] = 6.0;
        let (verdict, spared) = both(&dominated);
        assert_eq!((verdict.suspect, spared), (Some(5.0), false));
        let infinite =
            DMatrix::from_row_slice(1, 8, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, f64::INFINITY]);
        assert_eq!(plainly_light(&FitData::new(&infinite), &[0.5], 1), [false]);
    }

    proptest! {
        #[test]
        fn what_is_spared_would_have_been_found_light(
            values in prop::collection::vec(prop::sample::select(vec![-9.0_f32, -1.0, 0.0, 0.5, 1.0, 2.0, 7.5, 30.0]), 50..200),
            power in 0..4,
            offset in prop::sample::select(vec![0.0_f32, 1e4, 1.6e7]),
        ) {
            let values: Vec<f32> = values.iter().map(|x| offset + x.powi(power)).collect();
            let (verdict, spared) = both(&values);
            prop_assert!(!spared || verdict == Verdict::default(), "{verdict:?}");
        }
    }
}
