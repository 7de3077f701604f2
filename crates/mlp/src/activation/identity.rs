//! z.

use super::Function;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Identity;

impl Function for Identity {
    fn name(self) -> &'static str {
        "identity"
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
        (z, T::one())
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, _: T) -> T {
        T::one()
    }

    fn second_derivative<T: Scalar>(self, _: T) -> T {
        T::zero()
    }
}
