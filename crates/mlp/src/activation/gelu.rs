//! z·Φ(z), Φ the normal distribution function, exact (Hendrycks & Gimpel 2016).

use super::{Function, not_of_value};
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Gelu;

impl Function for Gelu {
    fn name(self) -> &'static str {
        "GELU"
    }

    fn keeps_slopes(self) -> bool {
        true
    }

    fn validate(self) -> Result<(), Error> {
        Ok(())
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        Ok(())
    }

    #[inline(always)]
    fn value_and_slope<T: Scalar>(self, z: T) -> (T, T) {
        let (below, density) = z.normal();
        (z * below, below + z * density)
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, _: T) -> T {
        not_of_value()
    }

    fn second_derivative<T: Scalar>(self, z: T) -> T {
        // Far out the density is 0, and z² may be infinite.
        if z.abs() > T::of(40.0) {
            T::zero()
        } else {
            z.normal().1 * (T::of(2.0) - z * z)
        }
    }
}
