//! The list of scalers: unfitted, plain data, each with what it learns; and the list of what they become.

/// What the file of a scaler says of it, beside how it is fitted.
trait Definition {
    /// As in the saved form.
    fn name(&self) -> &'static str;

    /// What becomes of NaN and infinities.
    fn non_finite_policy(&self) -> NonFinite;

    /// Whether the scaler becomes a transform of this kind.
    fn becomes(&self, map: &Map) -> bool;

    /// Refuses settings that are outside their range.
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// How a scaler is fitted.
pub(crate) trait Learn {
    /// What was found in the training data, and the transform that the scaler becomes by it.
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error>;
}

/// A scaler's name, the kind of transform it becomes, and the policy that every scaler has.
macro_rules! definition {
    ($scaler:ident, $name:literal, $map:pat $(, |$own:ident| $validated:expr)?) => {
        impl $scaler {
            /// Chooses what becomes of NaN and infinities.
            #[must_use]
            pub fn non_finite(mut self, policy: NonFinite) -> Self {
                self.non_finite = policy;
                self
            }
        }

        impl super::Definition for $scaler {
            fn name(&self) -> &'static str {
                $name
            }

            fn non_finite_policy(&self) -> NonFinite {
                self.non_finite
            }

            fn becomes(&self, map: &Map) -> bool {
                matches!(map, $map)
            }

            $(
                fn validate(&self) -> Result<(), crate::Error> {
                    let $own = self;
                    $validated
                }
            )?
        }
    };
}

/// The same of a scaler without any other setting.
macro_rules! definition_of_policy_alone {
    ($scaler:ident, $name:literal, $map:pat) => {
        impl $scaler {
            /// Refuses NaN.
            pub fn new() -> Self {
                Self::default()
            }
        }

        definition!($scaler, $name, $map);
    };
}

mod identity;
mod max_abs;
mod min_max;
mod per_sample;
mod quantile_transformer;
mod robust;
mod smooth_clip;
mod standard;

pub use max_abs::MaxAbsScaler;
pub use min_max::MinMaxScaler;
pub use per_sample::PerSample;
pub use quantile_transformer::QuantileTransformer;
pub use robust::RobustScaler;
pub use smooth_clip::SmoothClip;
pub use standard::{Centering, Scaling, StandardScaler};

use serde::{Deserialize, Deserializer, Serialize};

use crate::survey::Survey;
use crate::transform::{Affine, Linear, Shaped, Tables, Transform};
use crate::{Error, FitData, NonFinite, Scalar, TransformReport};
use identity::Identity;
use per_sample::ByItself;
use quantile_transformer::Scores;
use smooth_clip::Smooth;

/// Makes the list below into the public enum, what it is made from, `with_scaler!` and `each_scaler!`.
macro_rules! scalers {
    (
        $(#[$attribute:meta])*
        pub enum AnyScaler {
            $(#[$identity_attribute:meta])*
            Identity,
            $(
                $(#[$variant_attribute:meta])*
                $variant:ident($scaler:ident),
            )*
        }
    ) => {
        $(#[$attribute])*
        pub enum AnyScaler {
            $(#[$identity_attribute])*
            Identity,
            $(
                $(#[$variant_attribute])*
                $variant($scaler),
            )*
        }

        $(
            impl From<$scaler> for AnyScaler {
                fn from(scaler: $scaler) -> Self {
                    Self::$variant(scaler)
                }
            }
        )*

        /// Evaluates `$value` with `$name` bound to the scaler itself.
        macro_rules! with_scaler {
            ($any:expr, |$name:ident| $value:expr) => {
                match $any {
                    AnyScaler::Identity => {
                        let $name = &Identity;
                        $value
                    }
                    $(AnyScaler::$variant($name) => $value,)*
                }
            };
        }

        /// Calls a macro with the types of all scalers.
        macro_rules! each_scaler {
            ($macro:ident) => {
                $macro! { AnyScaler, $($scaler,)* }
            };
        }
        pub(crate) use each_scaler;
    };
}

scalers! {
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

/// Evaluates `$value` with `$name` bound to the transform.
macro_rules! with_transform {
    ($map:expr, |$name:ident| $value:expr) => {
        match $map {
            Map::Affine(affine) => {
                let shape = Linear;
                let $name = Shaped { affine, shape };
                $value
            }
            Map::SmoothClip(affine) => {
                let shape = Smooth;
                let $name = Shaped { affine, shape };
                $value
            }
            Map::Quantiles { quantiles } => {
                let $name = Scores { quantiles };
                $value
            }
            Map::PerSample => {
                let $name = ByItself;
                $value
            }
        }
    };
}

/// Its name.
impl std::fmt::Display for AnyScaler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl AnyScaler {
    /// The name, as in the saved form: `identity`, `standard`, `min-max`, `max-abs`, `robust`, `smooth-clip`,
    /// `quantile`, `per-sample`.
    pub fn name(&self) -> &'static str {
        with_scaler!(self, |scaler| scaler.name())
    }

    /// Checks the scaler's settings, as [`Scaler::fit`](crate::Scaler::fit) does before it looks at the data.
    ///
    /// # Errors
    /// [`Error::InvalidRange`].
    pub fn validate(&self) -> Result<(), Error> {
        with_scaler!(self, |scaler| scaler.validate())
    }

    pub(crate) fn non_finite_policy(&self) -> NonFinite {
        with_scaler!(self, |scaler| scaler.non_finite_policy())
    }

    /// Whether the scaler becomes a transform of this kind.
    pub(crate) fn becomes(&self, map: &Map) -> bool {
        with_scaler!(self, |scaler| scaler.becomes(map))
    }
}

impl Learn for AnyScaler {
    fn learn<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<(Survey, Map), Error> {
        with_scaler!(self, |scaler| scaler.learn(training))
    }
}

/// Refuses settings where there are none: serde passes over those of a unit variant.
fn no_settings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoSettings {}

    NoSettings::deserialize(deserializer).map(|NoSettings {}| ())
}

/// What a fitted scaler does, in formulas: see [`FittedScaler::formula`](crate::FittedScaler::formula).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Formula<'a> {
    /// x' = (x - shift) / scale.
    Affine(&'a Affine),
    /// x' = z / √(1 + (z/3)²) of z = (x - shift) / scale.
    SmoothClip(&'a Affine),
    /// x' = Φ⁻¹(p), p being where x stands among these quantiles of each feature, which are at even probabilities from 0 to 1. A single quantile is
    /// a constant feature's: x' = x - q.
    Quantiles(&'a [Vec<f64>]),
    /// Each sample by the mean and the standard deviation of its own features.
    PerSample,
}

/// See [`Transform`].
impl Map {
    pub(crate) fn formula(&self) -> Formula<'_> {
        match self {
            Self::Affine(affine) => Formula::Affine(affine),
            Self::SmoothClip(affine) => Formula::SmoothClip(affine),
            Self::Quantiles { quantiles } => Formula::Quantiles(quantiles),
            Self::PerSample => Formula::PerSample,
        }
    }

    pub(crate) fn affine(&self) -> Option<&Affine> {
        with_transform!(self, |transform| transform.affine())
    }

    pub(crate) fn is_affine(&self) -> bool {
        with_transform!(self, |transform| transform.is_affine())
    }

    pub(crate) fn is_invertible(&self) -> bool {
        with_transform!(self, |transform| transform.is_invertible())
    }

    pub(crate) fn check(&self, n_features: usize) -> Result<(), Error> {
        with_transform!(self, |transform| transform.check(n_features))
    }

    pub(crate) fn forward<T: Scalar>(
        &self,
        values: &mut [T],
        tables: &Tables,
        report: &mut TransformReport,
    ) {
        with_transform!(self, |transform| transform.forward(values, tables, report));
    }

    pub(crate) fn forward_into<T: Scalar>(
        &self,
        values: &[T],
        target: &mut [T],
        tables: &Tables,
        report: &mut TransformReport,
    ) -> bool {
        with_transform!(self, |transform| {
            transform.forward_into(values, target, tables, report)
        })
    }

    pub(crate) fn backward<T: Scalar>(
        &self,
        values: &mut [T],
        tables: &Tables,
    ) -> Result<(), Error> {
        with_transform!(self, |transform| transform.backward(values, tables))
    }
}
