//! To a normal distribution, through the quantiles.

use serde::{Deserialize, Serialize};
use smallbatch_base::normal;

use super::{Learn, Map};
use crate::columns::map_columns;
use crate::quantile::{Sorted, between};
use crate::survey::{Survey, survey};
use crate::transform::{Affine, Tables, Transform};
use crate::{Error, FitData, NonFinite, Scalar, TransformReport};

/// To a normal distribution, feature by feature: x' = Φ⁻¹(F(x)), with F the feature's distribution over the training set.
///
/// F is piecewise linear through n_quantiles quantiles at even probabilities, n_quantiles = n/30 but at least 10 and at
/// most 1,000, as in the tabular benchmarks of Gorishniy et al., and never more than n. The n is the number of samples; with
/// weights their sum, where that is more. F is kept
/// within 10⁻⁷ and 1 - 10⁻⁷, so results are within ±5.2, as in scikit-learn: the least and the greatest training value, and all
/// beyond, come out at those bounds.
///
/// **Equal values** have the middle of their ranks: a value that makes up the lower half of a feature becomes Φ⁻¹(1/4), not
/// -5.2. The benchmarks add noise of 10⁻³ in fitting for the same purpose; the middle is what that noise gives
/// on average, without randomness, so there is none here.
///
/// A constant feature is centred and clipped to ±5.2.
///
/// The inverse is Φ, then F⁻¹; what lay outside the training range comes back as its nearest end.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, QuantileTransformer, Scaler};
///
/// // Powers of two are anything but normal.
/// let x = DMatrix::from_fn(1, 101, |_, i| f64::powi(2.0, i as i32));
/// let y = QuantileTransformer::new().fit(&FitData::new(&x))?.transform(&x)?;
/// assert!(y[50].abs() < 0.2); // the middle
/// assert!(y.iter().all(|y| y.abs() < 5.2));
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantileTransformer {
    non_finite: NonFinite,
}

definition_of_policy_alone!(QuantileTransformer, "quantile", Map::Quantiles { .. });

/// How many quantiles describe a feature of n values, each counted by its weight.
fn n_quantiles(n: usize) -> usize {
    (n / 30).clamp(10, 1000).min(n)
}

impl Learn for QuantileTransformer {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        let survey = survey(training, self.non_finite)?;
        let quantiles = map_columns(training, |j, column| {
            let total = column.weights.as_ref().map_or(0.0, |w| w.iter().sum());
            let n = n_quantiles(column.values.len().max(total as usize));
            let sorted = Sorted::new(column.values, column.weights);
            if survey.constant[j] || n < 2 {
                return vec![sorted.quantile(0.5)];
            }
            let at = |i| sorted.quantile(i as f64 / (n - 1) as f64);
            let mut ascending: Vec<f64> = (0..n).map(at).collect();
            // Interpolation may round a quantile below the one before.
            for i in 1..n {
                ascending[i] = ascending[i].max(ascending[i - 1]);
            }
            ascending
        })?;
        for (j, quantiles) in quantiles.iter().enumerate() {
            // The difference of two neighbours may exceed f64.
            if quantiles.iter().any(|q| !q.is_finite()) {
                survey.check_scale(j, f64::INFINITY)?;
            }
        }
        Ok((survey, Map::Quantiles { quantiles }))
    }
}

/// To normal scores, through each feature's quantiles.
#[derive(Clone, Copy)]
pub(super) struct Scores<'a> {
    pub(super) quantiles: &'a [Vec<f64>],
}

impl<'a> Transform<'a> for Scores<'a> {
    fn affine(self) -> Option<&'a Affine> {
        None
    }

    fn is_affine(self) -> bool {
        false
    }

    fn is_invertible(self) -> bool {
        true
    }

    fn check(self, n_features: usize) -> Result<(), Error> {
        let damaged = |reason: String| Err(Error::Damaged { reason });
        if self.quantiles.len() != n_features {
            return damaged(format!(
                "the quantiles are not those of {n_features} features"
            ));
        }
        let sound =
            |q: &Vec<f64>| !q.is_empty() && q.is_sorted() && q.iter().all(|x| x.is_finite());
        match self.quantiles.iter().position(|q| !sound(q)) {
            Some(j) => damaged(format!(
                "the quantiles of feature {j} are not finite and ascending"
            )),
            None => Ok(()),
        }
    }

    fn forward<T: Scalar>(self, values: &mut [T], _: &Tables, _: &mut TransformReport) {
        let bound = score_bound();
        for_each_value(values, self.quantiles, |x, q| {
            T::of(normal_score(x, q, bound))
        });
    }

    fn backward<T: Scalar>(self, values: &mut [T], _: &Tables) -> Result<(), Error> {
        let bound = score_bound();
        for_each_value(values, self.quantiles, |y, q| {
            T::of(from_normal_score(y.to_f64(), q, bound))
        });
        Ok(())
    }
}

fn for_each_value<T: Scalar>(
    values: &mut [T],
    quantiles: &[Vec<f64>],
    map: impl Fn(T, &[f64]) -> T,
) {
    for sample in values.chunks_mut(quantiles.len()) {
        for (x, quantiles) in sample.iter_mut().zip(quantiles) {
            *x = map(*x, quantiles);
        }
    }
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
fn score_bound() -> f64 {
    -normal::quantile(LEAST_PROBABILITY)
}

/// The normal score of x, given its feature's quantiles in ascending order. NaN stays NaN.
///
/// Whether x equals a quantile is judged in x's own type: a scaler fitted to `f64` holds 0.7, and the `f32` nearest to it
/// is another number.
fn normal_score<T: Scalar>(x: T, quantiles: &[f64], bound: f64) -> f64 {
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
fn from_normal_score(y: f64, quantiles: &[f64], bound: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::n_quantiles;

    #[test]
    fn a_thirtieth_within_limits() {
        let n = [2, 9, 10, 299, 330, 29_999, 30_000, 1_000_000].map(n_quantiles);
        assert_eq!(n, [2, 9, 10, 10, 11, 999, 1000, 1000]);
    }
}
