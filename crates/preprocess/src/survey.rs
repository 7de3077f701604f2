//! The part of fitting that all scalers share: checks, statistics, and a look for odd features.

use crate::tails::judge;
use crate::{Error, FeatureStats, FitData, FitReport, NamedFeature, NonFinite, Scalar};

/// Deviations of fewer than this many ε_T |μ| are not resolved by the stored type.
const RESOLVED: f64 = 4.0;

/// What fitting knows before it knows its scaler.
pub(crate) struct Survey {
    pub(crate) stats: FeatureStats,
    pub(crate) constant: Vec<bool>,
    pub(crate) names: Vec<String>,
    pub(crate) report: FitReport,
}

impl Survey {
    /// See [`survey`].
    fn new<T: Scalar>(data: &FitData<'_, T>, policy: NonFinite) -> Result<Self, Error> {
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
        judge(data, &survey.stats, &survey.constant, &mut survey.report)?;
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
                feature: NamedFeature::new(j, names),
            });
        }
        let constant = stats.constant();
        let mut report = FitReport {
            n_samples: stats.n_samples(),
            ..FitReport::default()
        };
        let std = stats.std();
        for j in 0..n_features {
            let feature = NamedFeature::new(j, names);
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
                .map(|j| NamedFeature::new(j, names).name)
                .collect(),
            report,
        })
    }

    pub(crate) fn feature(&self, j: usize) -> NamedFeature {
        NamedFeature::new(j, Some(&self.names))
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
}

// Compiled here for both number types, and not again in every crate that fits scalers.
smallbatch_base::compiled! {
    /// Checks the data, accumulates its statistics, and looks for odd features.
    pub(crate) fn survey(data: &'a FitData<'a, T>, policy: NonFinite) -> Result<Survey, Error> = Survey::new;
}
