//! The two number types.

use nalgebra::RealField;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Elementary, PerType, Vectors};

/// The number type of data, networks and trainings: `f32` for speed (the default), `f64` for checks. Sealed.
///
/// Statistics and losses over samples are accumulated in `f64`, whatever the type.
///
/// ```
/// use smallbatch_base::Scalar;
///
/// assert_eq!(1.5_f32.to_f64(), 1.5);
/// assert_eq!(f32::of(0.1), 0.1_f32);
///
/// fn mean<T: Scalar>(values: &[T]) -> T {
///     T::of(values.iter().map(|x| x.to_f64()).sum::<f64>() / values.len() as f64)
/// }
/// assert_eq!(mean(&[1.0_f32, 2.0, 6.0]), 3.0);
/// ```
pub trait Scalar:
    RealField
    + Copy
    + Default
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
    + sealed::Sealed
    + Elementary
    + Vectors
{
    /// The distance from 1 to the next number of the type.
    const EPSILON: f64;
    /// The largest finite number of the type.
    const LARGEST: f64;
    /// The smallest positive number that is held at full precision.
    const SMALLEST_NORMAL: f64;

    /// This number as `f64`, exactly.
    fn to_f64(self) -> f64;

    /// The nearest number of this type; beyond the largest one it is infinite.
    fn of(value: f64) -> Self;

    /// Calls the form of a function that this type has; see `compiled!`.
    #[doc(hidden)]
    fn per_type<'a, F: PerType>(arguments: F::Arguments<'a, Self>) -> F::Output<'a, Self>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

macro_rules! scalar {
    ($type:ident, $form:ident) => {
        impl Scalar for $type {
            const EPSILON: f64 = $type::EPSILON as f64;
            const LARGEST: f64 = $type::MAX as f64;
            const SMALLEST_NORMAL: f64 = $type::MIN_POSITIVE as f64;

            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "one body for both types")]
            fn to_f64(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            #[allow(clippy::unnecessary_cast, reason = "one body for both types")]
            fn of(value: f64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn per_type<'a, F: PerType>(arguments: F::Arguments<'a, Self>) -> F::Output<'a, Self> {
                F::$form(arguments)
            }
        }
    };
}

scalar!(f32, narrow);
scalar!(f64, wide);
