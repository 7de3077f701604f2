//! ln(1 + e^z) (Dugas et al. 2001).

use super::sigmoid::{sigmoid, sigmoid_by};
use super::{Function, not_of_value};
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Softplus;

impl Function for Softplus {
    fn name(self) -> &'static str {
        "softplus"
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
        (softplus_by(z, e), sigmoid_by(z, e))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, _: T) -> T {
        not_of_value()
    }

    fn second_derivative<T: Scalar>(self, z: T) -> T {
        let s = sigmoid(z);
        s * (T::one() - s)
    }
}

/// ln(1 + e^z), given e = e^-|z|: cannot overflow.
#[inline(always)]
fn softplus_by<T: Scalar>(z: T, e: T) -> T {
    let positive = if z < T::zero() { T::zero() } else { z };
    positive + e.fast_ln_1p()
}
