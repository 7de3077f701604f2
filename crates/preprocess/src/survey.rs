//! The part of fitting that all scalers share: checks, statistics, and a look for odd features.

use crate::fitted::{Body, FittedScaler, Map};
use crate::quantile::Sorted;
use crate::{AnyScaler, Error, Feature, FeatureStats, FitData, FitReport, NonFinite, Scalar};

/// Samples that tails are judged on, at most.
const TAIL_SAMPLES: usize = 4096;
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
        let mut stats = FeatureStats::new(data.n_features()).non_finite(policy);
        stats.absorb(data.view(), data.weight_slice(), data.name_slice())?;
        let weighted = data.weight_slice().map_or(data.n_samples(), |weights| {
            weights.iter().filter(|w| w.to_f64() > 0.0).count()
        });
        let mut survey = Self::of_stats(&stats, weighted as u64, data.name_slice(), T::EPSILON)?;
        survey.report.judged_tails = true;
        for j in 0..data.n_features() {
            if !survey.constant[j] {
                judge(data, j, &mut survey.report);
            }
        }
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

/// The finite values of positive weight of one feature, at every `step`-th sample, with their weights if there are any.
pub(crate) fn values<T: Scalar>(
    data: &FitData<'_, T>,
    feature: usize,
    step: usize,
) -> (Vec<f64>, Option<Vec<f64>>) {
    let view = data.view();
    let mut values = Vec::with_capacity(data.n_samples() / step + 1);
    let Some(weights) = data.weight_slice() else {
        let all = (0..data.n_samples())
            .step_by(step)
            .map(|i| view[(feature, i)].to_f64());
        values.extend(all.filter(|x| x.is_finite()));
        return (values, None);
    };
    let mut kept = Vec::with_capacity(values.capacity());
    for i in (0..data.n_samples()).step_by(step) {
        let (x, w) = (view[(feature, i)].to_f64(), weights[i].to_f64());
        if x.is_finite() && w > 0.0 {
            values.push(x);
            kept.push(w);
        }
    }
    (values, Some(kept))
}

/// Looks at one feature for a dominating value and for heavy tails.
fn judge<T: Scalar>(data: &FitData<'_, T>, j: usize, report: &mut FitReport) {
    let (sample, weights) = values(data, j, data.n_samples().div_ceil(TAIL_SAMPLES));
    let n = sample.len();
    if n == 0 {
        return;
    }
    // A value with more than half of the weight is the median.
    let median = match weights {
        Some(weights) => Sorted::new(sample.clone(), Some(weights)).quantile(0.5),
        None => {
            let mut sample = sample.clone();
            *sample.select_nth_unstable_by(n / 2, f64::total_cmp).1
        }
    };
    let sorted = Sorted::new(sample, None);
    let others: Vec<f64> = sorted
        .values()
        .iter()
        .copied()
        .filter(|&x| x != median)
        .collect();
    let listed = report
        .nearly_constant
        .iter()
        .any(|feature| feature.index == j);
    // Weights may move the share, so with weights every feature's median is counted.
    let suspect = data.weight_slice().is_some() || others.len() * 100 < n;
    if !listed && suspect && share(data, j, median) > DOMINATING {
        report.nearly_constant.push(data.feature(j));
        report.nearly_constant.sort_by_key(|feature| feature.index);
        return;
    }
    let heavy = match tail_ratio(&sorted) {
        Some(ratio) => ratio > HEAVY,
        None => tail_ratio(&Sorted::new(others, None)).is_some_and(|ratio| ratio > HEAVY),
    };
    if heavy {
        report.heavy_tailed.push(data.feature(j));
    }
}

/// (q₉₉.₅ - q₀.₅) / (q₇₅ - q₂₅); none for too few values or without interquartile range.
fn tail_ratio(sorted: &Sorted) -> Option<f64> {
    if sorted.values().len() < LEAST_TAIL_SAMPLES {
        return None;
    }
    // Halves, so that no difference overflows.
    let width = |low: f64, high: f64| sorted.quantile(high) / 2.0 - sorted.quantile(low) / 2.0;
    let middle = width(0.25, 0.75);
    (middle > 0.0).then(|| width(0.005, 0.995) / middle)
}

/// The share of the weight that one value has, over all samples.
fn share<T: Scalar>(data: &FitData<'_, T>, j: usize, value: f64) -> f64 {
    let (values, weights) = values(data, j, 1);
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| w[i]);
    let total: f64 = (0..values.len()).map(weight).sum();
    let same: f64 = (0..values.len())
        .filter(|&i| values[i] == value)
        .map(weight)
        .sum();
    same / total
}
