//! Any scaler, as data.

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    MaxAbsScaler, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler, Scaler, SmoothClip,
    StandardScaler,
};
use crate::fitted::{Affine, Map};
use crate::{Error, FitData, FittedScaler, NonFinite, Scalar, compiled};

/// Any of the scalers, chosen at run time and saved as data, for instance as one arm of an experiment.
///
/// ```
/// use smallbatch_preprocess::{AnyScaler, RobustScaler};
///
/// let scaler: AnyScaler = RobustScaler::new().into();
/// let json = serde_json::to_string(&scaler)?;
/// assert_eq!(json, r#"{"scaler":"robust","non_finite":"refuse"}"#);
/// assert_eq!(serde_json::from_str::<AnyScaler>(&json)?, scaler);
/// // What is left out has its default, and what is misspelt is an error.
/// let scaler: AnyScaler = serde_json::from_str(r#"{"scaler": "min-max", "low": -1.0}"#)?;
/// assert_eq!(scaler.name(), "min-max");
/// assert!(serde_json::from_str::<AnyScaler>(r#"{"scaler": "min-max", "lo": -1.0}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scaler", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AnyScaler {
    /// No scaling, x' = x: a control. It refuses NaN, and counts what falls outside the range seen in fitting.
    #[default]
    #[serde(deserialize_with = "no_settings")]
    Identity,
    /// Mean 0, standard deviation 1.
    Standard(StandardScaler),
    /// The training range to a chosen range.
    MinMax(MinMaxScaler),
    /// Divided by the greatest magnitude.
    MaxAbs(MaxAbsScaler),
    /// Median and interquartile range.
    Robust(RobustScaler),
    /// Robust, then smoothly clipped to ±3.
    SmoothClip(SmoothClip),
    /// To a normal distribution.
    Quantile(QuantileTransformer),
    /// Each sample by its own features: a control.
    PerSample(PerSample),
}

/// Refuses settings where there are none: serde passes over those of a unit variant.
fn no_settings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoSettings {}

    NoSettings::deserialize(deserializer).map(|NoSettings {}| ())
}

impl AnyScaler {
    /// The name, as in the saved form: `identity`, `standard`, `min-max`, `max-abs`, `robust`, `smooth-clip`,
    /// `quantile`, `per-sample`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Standard(_) => "standard",
            Self::MinMax(_) => "min-max",
            Self::MaxAbs(_) => "max-abs",
            Self::Robust(_) => "robust",
            Self::SmoothClip(_) => "smooth-clip",
            Self::Quantile(_) => "quantile",
            Self::PerSample(_) => "per-sample",
        }
    }

    pub(crate) fn non_finite_policy(&self) -> NonFinite {
        match self {
            Self::Identity => NonFinite::Refuse,
            Self::Standard(scaler) => scaler.non_finite_policy(),
            Self::MinMax(scaler) => scaler.non_finite_policy(),
            Self::MaxAbs(scaler) => scaler.non_finite_policy(),
            Self::Robust(scaler) => scaler.non_finite_policy(),
            Self::SmoothClip(scaler) => scaler.non_finite_policy(),
            Self::Quantile(scaler) => scaler.non_finite_policy(),
            Self::PerSample(scaler) => scaler.non_finite_policy(),
        }
    }
}

impl Scaler for AnyScaler {
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error> {
        match self {
            Self::Identity => {
                let survey = compiled::survey(training, NonFinite::Refuse)?;
                let n = training.n_features();
                let (shift, scale) = (vec![0.0; n], vec![1.0; n]);
                Ok(survey.fitted(*self, Map::Affine(Affine { shift, scale })))
            }
            Self::Standard(scaler) => scaler.fit(training),
            Self::MinMax(scaler) => scaler.fit(training),
            Self::MaxAbs(scaler) => scaler.fit(training),
            Self::Robust(scaler) => scaler.fit(training),
            Self::SmoothClip(scaler) => scaler.fit(training),
            Self::Quantile(scaler) => scaler.fit(training),
            Self::PerSample(scaler) => scaler.fit(training),
        }
    }
}

macro_rules! from {
    ($($scaler:ident => $variant:ident),* $(,)?) => {$(
        impl From<$scaler> for AnyScaler {
            fn from(scaler: $scaler) -> Self {
                Self::$variant(scaler)
            }
        }
    )*};
}

from!(
    StandardScaler => Standard,
    MinMaxScaler => MinMax,
    MaxAbsScaler => MaxAbs,
    RobustScaler => Robust,
    SmoothClip => SmoothClip,
    QuantileTransformer => Quantile,
    PerSample => PerSample,
);
