//! z·sigmoid(z), also called swish (Elfwing et al. 2018).

use super::sigmoid::sigmoid;
use super::{Function, not_of_value};
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Silu;

impl Function for Silu {
    fn name(self) -> &'static str {
        "SiLU"
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
        let s = sigmoid(z);
        (z * s, s * (T::one() + z * (T::one() - s)))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, _: T) -> T {
        not_of_value()
    }

    fn second_derivative<T: Scalar>(self, z: T) -> T {
        let (one, two) = (T::one(), T::of(2.0));
        let s = sigmoid(z);
        s * (one - s) * (two + z * (one - two * s))
    }
}
