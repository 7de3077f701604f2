//! max(z, 0); derivative 0 at 0 (Nair & Hinton 2010).

use super::Function;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Relu;

impl Function for Relu {
    fn name(self) -> &'static str {
        "ReLU"
    }

    fn keeps_slopes(self) -> bool {
        false
    }

    fn validate(self) -> Result<(), Error> {
        Ok(())
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        Ok(())
    }

    #[inline(always)]
    fn value_and_slope<T: Scalar>(self, z: T) -> (T, T) {
        let a = if z < T::zero() { T::zero() } else { z };
        (a, self.slope_of_value(a))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, a: T) -> T {
        if a > T::zero() { T::one() } else { T::zero() }
    }

    fn second_derivative<T: Scalar>(self, _: T) -> T {
        T::zero()
    }
}
