//! x' = (x - μ) / σ

use serde::{Deserialize, Serialize};

use super::{Map, Scaler};
use crate::fitted::Affine;
use crate::survey::Survey;
use crate::{Error, FeatureStats, FitData, FittedScaler, NonFinite, Scalar, compiled};

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
/// [`FeatureStats`] computes them. Centering and scaling each have their own switch. A constant feature has scale 1 and
/// is named in the [`FitReport`](crate::FitReport).
///
/// Beyond the errors of [`Scaler::fit`]: [`Error::VarianceOverflow`].
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

    /// Fits from statistics that were accumulated over a stream or in threads. Names are optional.
    ///
    /// The report's search for heavy tails and for dominating values needs the data itself and is left out
    /// ([`FitReport::judged_tails`](crate::FitReport::judged_tails) is false); "nearly constant" is judged by the ε of `f64`.
    ///
    /// # Errors
    /// [`Error::NameCount`]; [`Error::Empty`] without features or samples; [`Error::TooFewSamples`] when no feature has two
    /// values; [`Error::NoValues`] for a feature without any. (That the variances fit an `f64` was checked when the
    /// statistics were made.)
    ///
    /// ```
    /// use nalgebra::DMatrix;
    /// use smallbatch_preprocess::{FeatureStats, StandardScaler};
    ///
    /// let mut stats = FeatureStats::new(1);
    /// for chunk in [[1.0_f32, 2.0], [3.0, 6.0]] {
    ///     stats.update(&DMatrix::from_column_slice(1, 2, &chunk))?;
    /// }
    /// let fitted = StandardScaler::new().fit_stats(&stats, None)?;
    /// assert_eq!(fitted.affine().unwrap().shift, [3.0]);
    /// # Ok::<(), smallbatch_preprocess::Error>(())
    /// ```
    pub fn fit_stats(
        &self,
        stats: &FeatureStats,
        names: Option<&[String]>,
    ) -> Result<FittedScaler, Error> {
        if let Some(names) = names
            && names.len() != stats.n_features()
        {
            return Err(Error::NameCount {
                expected: stats.n_features(),
                got: names.len(),
            });
        }
        let n_weighted = stats.count().iter().copied().max().unwrap_or(0);
        self.fit_survey(Survey::of_stats(stats, n_weighted, names, f64::EPSILON)?)
    }

    fn fit_survey(&self, survey: Survey) -> Result<FittedScaler, Error> {
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
        Ok(survey.fitted(*self, Map::Affine(Affine { shift, scale })))
    }
}

definition!(StandardScaler, "standard", Map::Affine(_));

impl Scaler for StandardScaler {
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error> {
        self.fit_survey(compiled::survey(training, self.non_finite)?)
    }
}
