//! What a fitted scaler does to a value, as plain data.

use serde::{Deserialize, Serialize};

use crate::Scalar;
use crate::normal;
use crate::quantile::between;
use crate::stats::Moments;

/// x' = (x - shift) / scale, feature by feature.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
///
/// let x = DMatrix::from_column_slice(1, 2, &[2.0, 6.0]);
/// let affine = StandardScaler::new().fit(&FitData::new(&x))?.affine().unwrap();
/// assert_eq!((affine.shift[0], affine.scale[0]), (4.0, 2.0));
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine {
    /// What is subtracted, one a feature, in the feature's unit.
    pub shift: Vec<f64>,
    /// What is then divided by, one a feature, in the feature's unit; positive.
    pub scale: Vec<f64>,
}

/// The kinds of transform. Scalers differ in how they find the numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Map {
    Affine(Affine),
    /// z / sqrt(1 + (z/3)²) of z = (x - shift) / scale.
    SmoothClip(Affine),
    /// To normal scores, through quantiles at even probabilities. One quantile alone: a constant feature, which
    /// is centred on it.
    Quantiles {
        quantiles: Vec<Vec<f64>>,
    },
    PerSample,
}

/// A quantile as the type holds it; one beyond the type is itself, between the type's largest number and infinity.
fn nearest<T: Scalar>(quantile: f64) -> f64 {
    let narrowed = T::of(quantile).to_f64();
    if narrowed.is_finite() {
        narrowed
    } else {
        quantile
    }
}

/// The probabilities are kept this far from 0 and 1: the normal scores are then within ±5.2.
const LEAST_PROBABILITY: f64 = 1e-7;

/// The normal score of the least probability, and so the bound of what a quantile transform returns.
pub(crate) fn score_bound() -> f64 {
    -normal::quantile(LEAST_PROBABILITY)
}

/// The normal score of x, given its feature's quantiles in ascending order. NaN stays NaN.
///
/// Whether x equals a quantile is judged in x's own type: a scaler fitted to `f64` holds 0.7, and the `f32` nearest to it
/// is another number.
pub(crate) fn normal_score<T: Scalar>(x: T, quantiles: &[f64], bound: f64) -> f64 {
    let x = x.to_f64();
    if x.is_nan() {
        return x;
    }
    if let [centre] = quantiles {
        return (x - centre).clamp(-bound, bound);
    }
    let last = quantiles.len() - 1;
    let below = quantiles.partition_point(|&q| nearest::<T>(q) < x);
    let up_to = quantiles.partition_point(|&q| nearest::<T>(q) <= x);
    let position = if up_to > below {
        // Equal to one quantile or several: the middle of them.
        (below + up_to - 1) as f64 / 2.0
    } else if below == 0 {
        return -bound;
    } else if below > last {
        return bound;
    } else {
        let (a, b) = (quantiles[below - 1], quantiles[below]);
        // Halves, so that the difference of two values near the limits of f64 is finite.
        let t = (x / 2.0 - a / 2.0) / (b / 2.0 - a / 2.0);
        // Between the narrowed quantiles, x may lie a rounding outside of the quantiles themselves.
        (below - 1) as f64 + t.clamp(0.0, 1.0)
    };
    let p = (position / last as f64).clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY);
    normal::quantile(p).clamp(-bound, bound)
}

/// The value whose normal score is y; beyond the bound, the least or greatest value seen in fitting.
pub(crate) fn from_normal_score(y: f64, quantiles: &[f64], bound: f64) -> f64 {
    if y.is_nan() {
        return y;
    }
    if let [centre] = quantiles {
        return y + centre;
    }
    let last = quantiles.len() - 1;
    // The bound itself is held by neither type exactly; what rounds to it means the end of the range.
    if y <= -bound * (1.0 - 1e-6) {
        return quantiles[0];
    }
    if y >= bound * (1.0 - 1e-6) {
        return quantiles[last];
    }
    let position = normal::distribution(y) * last as f64;
    let below = (position as usize).min(last - 1);
    between(
        quantiles[below],
        quantiles[below + 1],
        position - below as f64,
    )
}

/// Mean and deviation of one sample's own features, those that are finite; the deviation of a sample whose
/// features are all alike is 1, and the flag is set.
pub(crate) fn of_one_sample<T: Scalar>(sample: &[T]) -> (f64, f64, bool) {
    let finite = sample.iter().map(|x| x.to_f64()).filter(|x| x.is_finite());
    let moments = Moments::careful(finite.clone().map(|x| (x, 1.0)));
    if !moments.squares.value.is_finite() {
        // In a smaller unit the squares do not overflow. A power of two loses nothing that counts beside such values.
        let unit = f64::powi(2.0, 600);
        let moments = Moments::careful(finite.map(|x| (x / unit, 1.0)));
        let std = moments.squares.root_over(moments.weight);
        return (moments.mean * unit, std * unit, false);
    }
    if moments.count == 0 || moments.is_constant() {
        return (moments.mean, 1.0, true);
    }
    (
        moments.mean,
        moments.squares.root_over(moments.weight),
        false,
    )
}
