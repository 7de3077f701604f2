//! x' = (x - μ) / σ

use serde::{Deserialize, Serialize};

use super::{Learn, Map};
use crate::survey::{Survey, survey};
use crate::transform::Affine;
use crate::{Error, FitData, NonFinite, Scalar};

/// What a [`StandardScaler`] subtracts.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{Centering, FitData, Scaler, StandardScaler};
///
/// let x = DMatrix::from_column_slice(1, 2, &[2.0, 6.0]);
/// let scaler = StandardScaler::new().centering(Centering::None);
/// assert_eq!(scaler.fit(&FitData::new(&x))?.transform(&x)?.as_slice(), [1.0, 3.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Centering {
    /// The feature's mean over the training set.
    #[default]
    Mean,
    /// Nothing.
    None,
}

/// What a [`StandardScaler`] divides by.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, Scaling, StandardScaler};
///
/// let x = DMatrix::from_column_slice(1, 2, &[2.0, 6.0]);
/// let scaler = StandardScaler::new().scaling(Scaling::None);
/// assert_eq!(scaler.fit(&FitData::new(&x))?.transform(&x)?.as_slice(), [-2.0, 2.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// The feature's standard deviation over the training set.
    #[default]
    StandardDeviation,
    /// 1.
    None,
}

/// Mean 0 and standard deviation 1, feature by feature: x' = (x - μ) / σ.
///
/// μ and σ are the mean and the standard deviation (with n, not n - 1) of the feature over the training set, as
/// [`FeatureStats`](crate::FeatureStats) computes them. Centering and scaling each have their own switch. A constant feature has scale 1 and
/// is named in the [`FitReport`](crate::FitReport).
///
/// Beyond the errors of [`Scaler::fit`](crate::Scaler::fit): [`Error::VarianceOverflow`].
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, Scaling, StandardScaler};
///
/// // The textbook's two inputs: one about 1,000,000, the other about 50.
/// let training = DMatrix::from_column_slice(2, 2, &[1_000_001.0, 51.0, 999_999.0, 49.0]);
/// let fitted = StandardScaler::new().fit(&FitData::new(&training))?;
/// assert_eq!(fitted.transform(&training)?.as_slice(), [1.0, 1.0, -1.0, -1.0]);
///
/// let centred = StandardScaler::new().scaling(Scaling::None).fit(&FitData::new(&training))?;
/// assert_eq!(centred.affine().unwrap().scale, [1.0, 1.0]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StandardScaler {
    centering: Centering,
    scaling: Scaling,
    non_finite: NonFinite,
}

impl StandardScaler {
    /// Centres on the mean, divides by the standard deviation, refuses NaN.
    pub fn new() -> Self {
        Self::default()
    }

    /// Chooses what is subtracted.
    #[must_use]
    pub fn centering(mut self, centering: Centering) -> Self {
        self.centering = centering;
        self
    }

    /// Chooses what is divided by.
    #[must_use]
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// What the scaler becomes by what was found.
    pub(crate) fn map(&self, survey: &Survey) -> Result<Map, Error> {
        survey.check_variance()?;
        let n = survey.constant.len();
        let shift = match self.centering {
            Centering::Mean => survey.stats.mean().to_vec(),
            Centering::None => vec![0.0; n],
        };
        let scale = match self.scaling {
            Scaling::StandardDeviation => survey.scales(&survey.stats.std())?,
            Scaling::None => vec![1.0; n],
        };
        Ok(Map::Affine(Affine { shift, scale }))
    }
}

definition!(StandardScaler, "standard", Map::Affine(_));

impl Learn for StandardScaler {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        let survey = survey(training, self.non_finite)?;
        let map = self.map(&survey)?;
        Ok((survey, map))
    }
}
