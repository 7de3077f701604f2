//! Features to inputs of about the size of 1.

use smallbatch_base::normal;

use crate::List;

/// How features are scaled. In double precision; the networks compute in single.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "file",
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub enum FeatureScaling {
    /// (x - shift) / scale.
    Affine {
        /// One a feature, in its unit.
        shift: List<f64>,
        /// One a feature, in its unit; not 0.
        scale: List<f64>,
    },
    /// z / √(1 + (z/3)²) of z = (x - shift) / scale.
    SmoothClip {
        /// As above.
        shift: List<f64>,
        /// As above.
        scale: List<f64>,
    },
    /// To normal scores, through each feature's quantiles at even probabilities, in ascending order. A single one is a constant feature's, which
    /// is centred on it.
    Quantiles {
        /// A list a feature.
        quantiles: List<List<f64>>,
    },
    /// Each row by the mean and the deviation of its own features.
    PerSample,
}

/// Beyond this many thirds of a scale, t / √(1 + t²) is ±1, and t² is still finite.
const FAR: f64 = 1e10;
/// Probabilities are kept this far from 0 and 1.
const LEAST_PROBABILITY: f64 = 1e-7;

impl FeatureScaling {
    /// Scales the features of a row in place.
    pub(crate) fn apply(&self, features: &mut [f64]) {
        match self {
            Self::Affine { shift, scale } => {
                for (x, (shift, scale)) in features.iter_mut().zip(shift.iter().zip(&**scale)) {
                    *x = (*x - shift) / scale;
                }
            }
            Self::SmoothClip { shift, scale } => {
                for (x, (shift, scale)) in features.iter_mut().zip(shift.iter().zip(&**scale)) {
                    *x = smooth((*x - shift) / scale);
                }
            }
            Self::Quantiles { quantiles } => {
                let bound = -normal::quantile(LEAST_PROBABILITY);
                for (x, quantiles) in features.iter_mut().zip(&**quantiles) {
                    *x = normal_score(*x, quantiles, bound);
                }
            }
            Self::PerSample => per_sample(features),
        }
    }
}

fn smooth(z: f64) -> f64 {
    let t = (z / 3.0).clamp(-FAR, FAR);
    3.0 * (t / libm::sqrt(1.0 + t * t))
}

/// Φ⁻¹ of where x stands among the quantiles; of several equal to it, in their middle.
fn normal_score(x: f64, quantiles: &[f64], bound: f64) -> f64 {
    let last = match quantiles {
        [] => return x,
        [centre] => return (x - centre).clamp(-bound, bound),
        [_, .., _] => quantiles.len() - 1,
    };
    let below = quantiles.partition_point(|&q| q < x);
    let up_to = quantiles.partition_point(|&q| q <= x);
    #[allow(clippy::cast_precision_loss)] // Quantiles are few.
    let position = if up_to > below {
        (below + up_to - 1) as f64 / 2.0
    } else if below == 0 {
        return -bound;
    } else if below > last {
        return bound;
    } else {
        let (a, b) = (quantiles[below - 1], quantiles[below]);
        // Halves, so that the difference of two values near the limits of f64 is finite.
        let t = (x / 2.0 - a / 2.0) / (b / 2.0 - a / 2.0);
        (below - 1) as f64 + t.clamp(0.0, 1.0)
    };
    #[allow(clippy::cast_precision_loss)]
    let p = (position / last as f64).clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY);
    normal::quantile(p).clamp(-bound, bound)
}

/// By the row's own mean and deviation; one whose features are all alike becomes 0.
fn per_sample(features: &mut [f64]) {
    #[allow(clippy::cast_precision_loss)] // Features are few.
    let n = features.len().max(1) as f64;
    // In units of the largest, so that no square overflows.
    let unit = features.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    let unit = if unit > 0.0 { unit } else { 1.0 };
    let mean = features.iter().map(|x| x / unit).sum::<f64>() / n;
    let variance = features
        .iter()
        .map(|x| (x / unit - mean) * (x / unit - mean))
        .sum::<f64>()
        / n;
    let rounding = n * f64::EPSILON * mean;
    let is_constant = variance <= n * f64::EPSILON * variance + rounding * rounding;
    let deviation = if is_constant {
        1.0 / unit
    } else {
        libm::sqrt(variance)
    };
    for x in features {
        *x = (*x / unit - mean) / deviation;
    }
}
