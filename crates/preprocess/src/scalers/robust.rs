//! Scaling by quantiles, which outliers do not move.

use serde::{Deserialize, Serialize};

use super::{Learn, Map};
use crate::columns::map_columns;
use crate::quantile::quantiles;
use crate::survey::{Survey, survey};
use crate::transform::Affine;
use crate::{Error, FitData, NonFinite, Scalar};

/// Median 0 and interquartile range 1, feature by feature: x' = (x - median) / (q₇₅ - q₂₅).
///
/// Quantiles interpolate linearly between neighbours (position (n - 1) q, as numpy does by default). With weights the
/// position runs over the total weight, so that whole weights give exactly what repeating the samples would.
///
/// Where half of the values are equal, or differ by no more than 4 ε of their size (ε = 2⁻⁵²), the interquartile range
/// counts as 0. The scale is then half of the range, as in
/// [`SmoothClip`](super::SmoothClip), and the feature is listed in the report. (scikit-learn divides such a feature by 1, which leaves it in its
/// own unit.) A constant feature has scale 1.
///
/// Memory: the values of eight features at a time are copied, as `f64`, on each thread.
///
/// Beyond the errors of [`Scaler::fit`](crate::Scaler::fit): [`Error::ScaleOverflow`].
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, RobustScaler, Scaler};
///
/// let x = DMatrix::from_column_slice(1, 5, &[1.0, 2.0, 3.0, 4.0, 1000.0]);
/// let fitted = RobustScaler::new().fit(&FitData::new(&x))?;
/// assert_eq!(fitted.transform(&x)?.as_slice(), [-1.0, -0.5, 0.0, 0.5, 498.5]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RobustScaler {
    non_finite: NonFinite,
}

/// Quartiles that are nearer to each other than so many roundings of themselves are equal: 0.3 and 0.1 + 0.2 are the
/// same number, computed in two ways.
const RESOLVED: f64 = 4.0;

definition_of_policy_alone!(RobustScaler, "robust", Map::Affine(_));

impl Learn for RobustScaler {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        let (survey, affine) = fit_robust(training, self.non_finite)?;
        Ok((survey, Map::Affine(affine)))
    }
}

/// Median and interquartile range (or half of the range) of every feature.
pub(super) fn fit_robust<T: Scalar>(
    training: &FitData<'_, T>,
    policy: NonFinite,
) -> Result<(Survey, Affine), Error> {
    let mut survey = survey(training, policy)?;
    let quartiles = map_columns(training, |_, column| {
        quantiles(column.values, column.weights, &[0.25, 0.5, 0.75])
    })?;
    let shift: Vec<f64> = quartiles.iter().map(|q| q[1]).collect();
    let mut scale = Vec::with_capacity(shift.len());
    for (j, q) in quartiles.iter().enumerate() {
        let width = q[2] - q[0];
        let rounding = RESOLVED * f64::EPSILON * q[0].abs().max(q[2].abs());
        scale.push(if width <= rounding && !survey.constant[j] {
            survey
                .report
                .without_interquartile_range
                .push(training.feature(j));
            survey.stats.max()[j] / 2.0 - survey.stats.min()[j] / 2.0
        } else {
            width
        });
    }
    survey.check_shifts(&shift)?;
    let scale = survey.scales(&scale)?;
    Ok((survey, Affine { shift, scale }))
}
