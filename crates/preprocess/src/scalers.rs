//! The scalers: unfitted, plain data, each with its `fit`.

/// The policy that every scaler has: how it is chosen, and how it is looked up.
macro_rules! non_finite_policy {
    ($scaler:ident) => {
        impl $scaler {
            /// Chooses what becomes of NaN and infinities.
            #[must_use]
            pub fn non_finite(mut self, policy: NonFinite) -> Self {
                self.non_finite = policy;
                self
            }

            pub(crate) fn non_finite_policy(&self) -> NonFinite {
                self.non_finite
            }
        }
    };
}

/// A scaler without any other setting.
macro_rules! policy_alone {
    ($scaler:ident) => {
        impl $scaler {
            /// Refuses NaN.
            pub fn new() -> Self {
                Self::default()
            }
        }

        non_finite_policy!($scaler);
    };
}

mod any;
mod min_max;
mod per_sample;
mod quantile_transformer;
mod robust;
mod standard;

pub use any::AnyScaler;
pub use min_max::{MaxAbsScaler, MinMaxScaler};
pub use per_sample::PerSample;
pub use quantile_transformer::QuantileTransformer;
pub use robust::{RobustScaler, SmoothClip};
pub use standard::{Centering, Scaling, StandardScaler};

use crate::{Error, FitData, FittedScaler, Scalar};

/// Something that is fitted to training data and thereby becomes a [`FittedScaler`].
///
/// An unfitted scaler cannot transform, so nothing passes unscaled by accident; and what it is fitted to is
/// said at one place, so that no test sample slips in. This does not compile:
///
/// ```compile_fail,E0599
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::StandardScaler;
///
/// let x = DMatrix::from_column_slice(1, 2, &[1.0_f32, 2.0]);
/// StandardScaler::new().transform(&x);
/// ```
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{Error, FitData, RobustScaler, Scaler, StandardScaler};
///
/// fn spread(scaler: &impl Scaler, training: &DMatrix<f32>) -> Result<f64, Error> {
///     Ok(scaler.fit(&FitData::new(training))?.affine().map_or(f64::NAN, |affine| affine.scale[0]))
/// }
///
/// let x = DMatrix::from_column_slice(1, 5, &[1.0, 2.0, 3.0, 4.0, 1000.0]);
/// assert!(spread(&StandardScaler::new(), &x)? > 300.0);
/// assert_eq!(spread(&RobustScaler::new(), &x)?, 2.0);
/// # Ok::<(), Error>(())
/// ```
pub trait Scaler {
    /// Learns from training data of shape `(n_features, n_samples)`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::TooFewSamples`] for fewer than two; [`Error::WeightCount`], [`Error::InvalidWeight`],
    /// [`Error::WeightSum`], [`Error::ZeroWeight`]; [`Error::NameCount`]; [`Error::NonFinite`] under
    /// [`NonFinite::Refuse`](crate::NonFinite::Refuse), else [`Error::NoValues`] for a feature with nothing left; and what
    /// the scaler itself adds.
    fn fit<T: Scalar>(&self, training: &FitData<'_, T>) -> Result<FittedScaler, Error>;
}
