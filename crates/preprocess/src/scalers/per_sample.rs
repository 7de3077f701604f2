//! Each sample by its own features: what the textbook warns of.

use serde::{Deserialize, Serialize};

use super::Scaler;
use crate::fitted::Map;
use crate::{Error, FitData, FittedScaler, NonFinite, Scalar, compiled};

/// Each sample by the mean and deviation of its own features: x'_j = (x_j - m) / s, with m and s over the d features of that one
/// sample, s with d and not d - 1.
///
/// This is the control of a claim, and not a way to scale a table: it mixes features of different units, forgets each
/// sample's level, and leaves the features' scales as unequal as they were. (For images and embeddings, whose features share a
/// unit, it is a known step.) Fitting learns the features' names and ranges, and nothing that the transform uses.
///
/// A sample whose features are all alike has s = 1, and is counted in the transform's report. There is no inverse.
/// NaN under [`NonFinite::Ignore`] stays NaN, and the sample's other features are scaled by their own mean and deviation.
///
/// Beyond the errors of [`Scaler::fit`]: [`Error::TooFewFeatures`] for a single feature.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, PerSample, Scaler};
///
/// let x = DMatrix::from_column_slice(2, 3, &[1_000_000.0, 50.0, 1_100_000.0, 40.0, 900_000.0, 60.0]);
/// let fitted = PerSample::new().fit(&FitData::new(&x))?;
/// // Two features: every sample becomes (1, -1), and nothing is left to learn from.
/// assert_eq!(fitted.transform(&x)?.as_slice(), [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerSample {
    non_finite: NonFinite,
}

policy_alone!(PerSample);

impl Scaler for PerSample {
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error> {
        let survey = compiled::survey(training, self.non_finite)?;
        if training.n_features() < 2 {
            return Err(Error::TooFewFeatures {
                got: training.n_features(),
                needed: 2,
            });
        }
        Ok(survey.fitted(*self, Map::PerSample))
    }
}
