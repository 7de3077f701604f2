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
        self.value_and_slope_by(z, self.shared(z))
    }

    #[inline(always)]
    fn shared<T: Scalar>(self, z: T) -> T {
        (T::of(-0.5) * z * z).exp_of_negative()
    }

    #[inline(always)]
    fn value_and_slope_by<T: Scalar>(self, z: T, e: T) -> (T, T) {
        let (below, density) = z.normal_by(e);
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
            z.normal_by(self.shared(z)).1 * (T::of(2.0) - z * z)
        }
    }
}
