//! x' = x / max|x|

use serde::{Deserialize, Serialize};

use super::{Learn, Map};
use crate::survey::{Survey, survey};
use crate::transform::Affine;
use crate::{Error, FitData, NonFinite, Scalar};

/// Divides by the greatest magnitude, feature by feature: x' = x / max|x|. Zero stays zero.
///
/// Nothing is subtracted, so a feature that is constant over the training set becomes ±1: dividing by its magnitude is as
/// safe as for any other feature, and it is still reported. Only a feature that is 0 throughout has scale 1.
///
/// Beyond the errors of [`Scaler::fit`](crate::Scaler::fit): [`Error::ScaleOverflow`] when all values are subnormal.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, MaxAbsScaler, Scaler};
///
/// let x = DMatrix::from_column_slice(1, 3, &[-8.0, 0.0, 2.0]);
/// let fitted = MaxAbsScaler::new().fit(&FitData::new(&x))?;
/// assert_eq!(fitted.transform(&x)?.as_slice(), [-1.0, 0.0, 0.25]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxAbsScaler {
    non_finite: NonFinite,
}

definition_of_policy_alone!(MaxAbsScaler, "max-abs", Map::Affine(_));

impl Learn for MaxAbsScaler {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        let survey = survey(training, self.non_finite)?;
        let scale = |(min, max): (&f64, &f64)| match min.abs().max(max.abs()) {
            0.0 => 1.0,
            largest => largest,
        };
        let scale: Vec<f64> = survey
            .stats
            .min()
            .iter()
            .zip(survey.stats.max())
            .map(scale)
            .collect();
        for (j, &scale) in scale.iter().enumerate() {
            survey.check_scale(j, scale)?;
        }
        let shift = vec![0.0; scale.len()];
        Ok((survey, Map::Affine(Affine { shift, scale })))
    }
}
