//! tanh z.

use super::Function;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Tanh;

impl Function for Tanh {
    fn name(self) -> &'static str {
        "tanh"
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
        let a = z.fast_tanh();
        (a, self.slope_of_value(a))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, a: T) -> T {
        T::one() - a * a
    }

    fn second_derivative<T: Scalar>(self, z: T) -> T {
        let (one, two) = (T::one(), T::of(2.0));
        let a = z.fast_tanh();
        -two * a * (one - a * a)
    }
}
