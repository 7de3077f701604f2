//! The two number types that data may have.

use nalgebra::RealField;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The type of a data value: `f32` (the default choice) or `f64`. Sealed.
pub trait Scalar:
    RealField + Copy + Serialize + DeserializeOwned + Send + Sync + 'static + sealed::Sealed
{
    /// The same number in `f64`; exact for both types.
    fn to_f64(self) -> f64;

    /// The nearest number of this type; beyond the largest one it is infinite.
    fn from_f64(value: f64) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Scalar for f32 {
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

impl Scalar for f64 {
    fn to_f64(self) -> f64 {
        self
    }

    fn from_f64(value: f64) -> Self {
        value
    }
}
