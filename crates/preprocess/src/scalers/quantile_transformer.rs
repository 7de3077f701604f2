//! To a normal distribution, through the quantiles.

use serde::{Deserialize, Serialize};

use super::Scaler;
use crate::columns::map_columns;
use crate::fitted::Map;
use crate::quantile::Sorted;
use crate::{Error, FitData, FittedScaler, NonFinite, Scalar, compiled};

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

policy_alone!(QuantileTransformer);

/// How many quantiles describe a feature of n values, each counted by its weight.
fn n_quantiles(n: usize) -> usize {
    (n / 30).clamp(10, 1000).min(n)
}

impl Scaler for QuantileTransformer {
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error> {
        let survey = compiled::survey(training, self.non_finite)?;
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
        Ok(survey.fitted(*self, Map::Quantiles { quantiles }))
    }
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
