//! The part of fitting that all scalers share: checks, statistics, and a look for odd features.

use std::ops::Range;

use crate::fitted::{Body, FittedScaler, Map};
use crate::quantile::{quantiles, select};
use crate::threads::in_order;
use crate::{AnyScaler, Error, Feature, FeatureStats, FitData, FitReport, NonFinite, Scalar};

/// Samples that tails are judged on, at most.
const TAIL_SAMPLES: usize = 2048;
/// Fewer values than this say nothing about tails.
const LEAST_TAIL_SAMPLES: usize = 50;
/// Twice the ratio of a normal distribution: 2 · 2 · 2.5758 / (2 · 0.67449).
const HEAVY: f64 = 7.64;
/// One value with more than this share of the weight makes a feature nearly constant.
const DOMINATING: f64 = 0.999;
/// Deviations of fewer than this many ε_T |μ| are not resolved by the stored type.
const RESOLVED: f64 = 4.0;

/// What fitting knows before it knows its scaler.
pub(crate) struct Survey {
    pub(crate) stats: FeatureStats,
    pub(crate) constant: Vec<bool>,
    names: Vec<String>,
    pub(crate) report: FitReport,
}

impl Survey {
    /// Checks the data, accumulates its statistics, and looks for odd features.
    pub(crate) fn new<T: Scalar>(data: &FitData<'_, T>, policy: NonFinite) -> Result<Self, Error> {
        data.check()?;
        let mut stats = FeatureStats::new(data.n_features())
            .non_finite(policy)
            .threads(data.thread_choice());
        stats.absorb(data.view(), data.weight_slice(), data.name_slice())?;
        let weighted = data.weight_slice().map_or(data.n_samples(), |weights| {
            weights.iter().filter(|w| w.to_f64() > 0.0).count()
        });
        let mut survey = Self::of_stats(&stats, weighted as u64, data.name_slice(), T::EPSILON)?;
        survey.report.judged_tails = true;
        judge(data, &survey.constant, &mut survey.report)?;
        Ok(survey)
    }

    /// The same from statistics alone, which say nothing about tails.
    pub(crate) fn of_stats(
        stats: &FeatureStats,
        n_weighted: u64,
        names: Option<&[String]>,
        epsilon: f64,
    ) -> Result<Self, Error> {
        let n_features = stats.n_features();
        if n_features == 0 || stats.n_samples() == 0 {
            return Err(Error::Empty {
                n_features,
                n_samples: stats.n_samples() as usize,
            });
        }
        if n_weighted < 2 {
            return Err(Error::TooFewSamples {
                got: n_weighted,
                needed: 2,
            });
        }
        if let Some(j) = stats.count().iter().position(|&count| count == 0) {
            return Err(Error::NoValues {
                feature: Feature::new(j, names),
            });
        }
        let constant = stats.constant();
        let mut report = FitReport {
            n_samples: stats.n_samples(),
            ..FitReport::default()
        };
        let std = stats.std();
        for j in 0..n_features {
            let feature = Feature::new(j, names);
            if stats.skipped()[j] > 0 {
                report.skipped.push((feature.clone(), stats.skipped()[j]));
            }
            if constant[j] {
                report.constant.push(feature);
            } else if std[j] < RESOLVED * epsilon * stats.mean()[j].abs() {
                report.nearly_constant.push(feature);
            }
        }
        Ok(Self {
            stats: stats.clone(),
            constant,
            names: (0..n_features)
                .map(|j| Feature::new(j, names).name)
                .collect(),
            report,
        })
    }

    pub(crate) fn feature(&self, j: usize) -> Feature {
        Feature::new(j, Some(&self.names))
    }

    /// The error for a scale that is not a positive finite number.
    pub(crate) fn check_scale(&self, j: usize, scale: f64) -> Result<f64, Error> {
        if scale.is_finite() && scale > 0.0 {
            return Ok(scale);
        }
        Err(Error::ScaleOverflow {
            feature: self.feature(j),
            min: self.stats.min()[j],
            max: self.stats.max()[j],
        })
    }

    /// The scales to use: 1 for a constant feature, else the given one if something can be divided by it.
    pub(crate) fn scales(&self, scales: &[f64]) -> Result<Vec<f64>, Error> {
        let pairs = scales.iter().zip(&self.constant).enumerate();
        let used = |(j, (&scale, &constant))| {
            if constant {
                Ok(1.0)
            } else {
                self.check_scale(j, scale)
            }
        };
        pairs.map(used).collect()
    }

    /// Refuses a shift that `f64` cannot hold.
    pub(crate) fn check_shifts(&self, shifts: &[f64]) -> Result<(), Error> {
        match shifts.iter().position(|shift| !shift.is_finite()) {
            Some(j) => self.check_scale(j, f64::INFINITY).map(drop),
            None => Ok(()),
        }
    }

    /// Refuses a variance that `f64` cannot hold.
    pub(crate) fn check_variance(&self) -> Result<(), Error> {
        self.stats.check_variance(Some(&self.names))
    }

    pub(crate) fn fitted(self, scaler: impl Into<AnyScaler>, map: Map) -> FittedScaler {
        FittedScaler::new(Body {
            scaler: scaler.into(),
            names: self.names,
            min: self.stats.min().to_vec(),
            max: self.stats.max().to_vec(),
            map,
            report: self.report,
        })
    }
}

/// Features taken out of the matrix together: one walk over the samples serves them all, and with `f32` half of
/// a cache line is used instead of one value of it.
const TOGETHER: usize = 8;
/// The same where only [`TAIL_SAMPLES`] samples are walked over: the values of so many features are 1 MB.
const JUDGED_TOGETHER: usize = 64;

/// The finite values of positive weight of one feature, and their weights if there are any.
#[derive(Clone, Default)]
pub(crate) struct Column {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Option<Vec<f64>>,
}

/// Calls `work` with each feature and its values, and returns the results in the order of the features.
pub(crate) fn map_columns<T: Scalar, R: Send>(
    data: &FitData<'_, T>,
    work: impl Fn(usize, Column) -> R + Sync,
) -> Result<Vec<R>, Error> {
    map_some_columns(data, 1, TOGETHER, work)
}

/// [`map_columns`] with the values at every `step`-th sample, `together` features at a time.
fn map_some_columns<T: Scalar, R: Send>(
    data: &FitData<'_, T>,
    step: usize,
    together: usize,
    work: impl Fn(usize, Column) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let (d, n) = (data.n_features(), data.n_samples());
    let mut results = Vec::with_capacity(d);
    in_order(
        (0..d).step_by(together),
        data.thread_choice().for_values::<T>(d * n),
        |first| {
            let last = d.min(first + together);
            let columns = (first..last).zip(take_out(data, step, first..last));
            Ok(columns
                .map(|(j, column)| work(j, column))
                .collect::<Vec<R>>())
        },
        |of_some| results.extend(of_some),
    )?;
    Ok(results)
}

/// The values of some features at every `step`-th sample.
fn take_out<T: Scalar>(data: &FitData<'_, T>, step: usize, features: Range<usize>) -> Vec<Column> {
    let (view, weights, n_samples) = (data.view(), data.weight_slice(), data.n_samples());
    let empty = || Column {
        values: Vec::with_capacity(n_samples.div_ceil(step)),
        weights: weights.map(|_| Vec::new()),
    };
    let mut columns: Vec<Column> = features.clone().map(|_| empty()).collect();
    for i in (0..n_samples).step_by(step) {
        let weight = weights.map_or(1.0, |w| w[i].to_f64());
        if weight == 0.0 {
            continue;
        }
        let sample = view.column(i);
        for (column, x) in columns.iter_mut().zip(&sample.as_slice()[features.clone()]) {
            if x.to_f64().is_finite() {
                column.values.push(x.to_f64());
                if let Some(weights) = &mut column.weights {
                    weights.push(weight);
                }
            }
        }
    }
    columns
}

/// Looks for features with a dominating value or heavy tails.
fn judge<T: Scalar>(
    data: &FitData<'_, T>,
    constant: &[bool],
    report: &mut FitReport,
) -> Result<(), Error> {
    let step = data.n_samples().div_ceil(TAIL_SAMPLES);
    let verdicts = map_some_columns(data, step, JUDGED_TOGETHER, |j, column| {
        if constant[j] || column.values.is_empty() {
            Verdict::default()
        } else {
            Verdict::on(column)
        }
    })?;
    let mut suspects = Vec::new();
    for (j, verdict) in verdicts.into_iter().enumerate() {
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
#[derive(Default)]
struct Verdict {
    /// A value that may have nearly all of the weight.
    suspect: Option<f64>,
    heavy_tailed: bool,
}

impl Verdict {
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
