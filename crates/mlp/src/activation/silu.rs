//! z·sigmoid(z), also called swish (Elfwing et al. 2018).

use super::sigmoid::{sigmoid, sigmoid_by};
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
        self.value_and_slope_by(z, self.shared(z))
    }

    #[inline(always)]
    fn shared<T: Scalar>(self, z: T) -> T {
        (-z.abs()).exp_of_negative()
    }

    #[inline(always)]
    fn value_and_slope_by<T: Scalar>(self, z: T, e: T) -> (T, T) {
        let s = sigmoid_by(z, e);
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
