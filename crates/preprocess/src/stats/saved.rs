//! The saved form of statistics, checked when read.

use serde::{Deserialize, Serialize};

use super::{FeatureStats, Moments, Squares};
use crate::fit_data::check_weight_sum;
use crate::{Error, NonFinite};

/// One record a feature.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    format: crate::format::Format,
    non_finite: NonFinite,
    n_samples: u64,
    features: Vec<SavedFeature>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct SavedFeature {
    count: u64,
    weight: f64,
    mean: f64,
    /// Added later: 0 in old files.
    #[serde(default)]
    mean_rest: f64,
    squares: f64,
    exponent: i32,
    min: f64,
    max: f64,
    skipped: u64,
}

smallbatch_base::saved_as!(FeatureStats as Saved);

impl From<&FeatureStats> for Saved {
    fn from(stats: &FeatureStats) -> Self {
        let feature = |j: usize| SavedFeature {
            count: stats.count[j],
            weight: stats.weight[j],
            mean: stats.mean[j],
            mean_rest: stats.mean_rest[j],
            squares: stats.squares[j],
            exponent: stats.exponent[j],
            min: stats.min[j],
            max: stats.max[j],
            skipped: stats.skipped[j],
        };
        Self {
            format: crate::format::Format,
            non_finite: stats.non_finite,
            n_samples: stats.n_samples,
            features: (0..stats.n_features()).map(feature).collect(),
        }
    }
}

impl TryFrom<Saved> for FeatureStats {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self, Error> {
        let mut stats = Self::new(saved.features.len()).non_finite(saved.non_finite);
        stats.check_room(saved.n_samples)?;
        stats.n_samples = saved.n_samples;
        for (j, feature) in saved.features.iter().enumerate() {
            let numbers = [
                feature.weight,
                feature.mean,
                feature.mean_rest,
                feature.squares,
                feature.min,
                feature.max,
            ];
            let sound = numbers.iter().all(|x| x.is_finite())
                && feature.min <= feature.max
                && feature.squares >= 0.0
                && feature.weight >= 0.0
                && (feature.weight > 0.0) == (feature.count > 0)
                // Each is at most the number of samples, so that no later sum overflows.
                && feature.count.saturating_add(feature.skipped) <= saved.n_samples
                && check_weight_sum(feature.weight.max(1.0), saved.n_samples).is_ok()
                && feature.exponent <= 0
                && feature.exponent >= -1100;
            if !sound {
                return Err(Error::Damaged {
                    reason: format!("the statistics of feature {j} contradict themselves"),
                });
            }
            stats.set(
                j,
                &Moments {
                    count: feature.count,
                    weight: feature.weight,
                    mean: feature.mean,
                    mean_rest: feature.mean_rest,
                    squares: Squares {
                        value: feature.squares,
                        exponent: feature.exponent,
                    },
                    min: feature.min,
                    max: feature.max,
                },
            );
            stats.skipped[j] = feature.skipped;
        }
        Ok(stats)
    }
}
