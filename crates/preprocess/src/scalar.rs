//! The two number types that data may have.

use nalgebra::RealField;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fitted::{Table, Tables};

/// The type of a data value: `f32` (the default choice) or `f64`. Sealed.
///
/// Whatever the data's type, every statistic is accumulated and kept in `f64`.
///
/// ```
/// use smallbatch_preprocess::Scalar;
/// assert_eq!(1.5_f32.to_f64(), 1.5);
/// assert_eq!(f32::from_f64(0.1), 0.1_f32);
/// ```
pub trait Scalar:
    RealField
    + Copy
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
    + sealed::Sealed
    + crate::compiled::Compiled
{
    /// The same number in `f64`; exact for both types.
    fn to_f64(self) -> f64;

    /// The nearest number of this type; beyond the largest one it is infinite.
    fn from_f64(value: f64) -> Self;
}

pub(crate) mod sealed {
    use super::{Table, Tables};

    /// What the crate needs to know about a type and users do not.
    pub trait Sealed: Sized {
        /// The distance from 1 to the next number of the type.
        const EPSILON: f64;
        /// The largest finite number of the type.
        const LARGEST: f64;
        /// The smallest positive number that is held at full precision.
        const SMALLEST_NORMAL: f64;

        /// `Scalar::from_f64` under a name that no number trait in scope shares.
        fn narrow(value: f64) -> Self;

        /// The tables of a fitted scaler, in this type.
        fn table(tables: &Tables) -> &Table<Self>;
    }
}

macro_rules! scalar {
    ($type:ident) => {
        impl sealed::Sealed for $type {
            const EPSILON: f64 = $type::EPSILON as f64;
            const LARGEST: f64 = $type::MAX as f64;
            const SMALLEST_NORMAL: f64 = $type::MIN_POSITIVE as f64;

            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "one body for both types")]
            fn narrow(value: f64) -> Self {
                value as $type
            }

            #[inline]
            fn table(tables: &Tables) -> &Table<Self> {
                &tables.$type
            }
        }

        impl Scalar for $type {
            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "one body for both types")]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                sealed::Sealed::narrow(value)
            }
        }
    };
}

scalar!(f32);
scalar!(f64);
