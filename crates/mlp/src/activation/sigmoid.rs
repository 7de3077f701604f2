//! 1 / (1 + e^-z).

use super::Function;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Sigmoid;

impl Function for Sigmoid {
    fn name(self) -> &'static str {
        "sigmoid"
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
        let a = sigmoid(z);
        (a, self.slope_of_value(a))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, a: T) -> T {
        a * (T::one() - a)
    }

    fn second_derivative<T: Scalar>(self, z: T) -> T {
        let (one, two) = (T::one(), T::of(2.0));
        let s = sigmoid(z);
        s * (one - s) * (one - two * s)
    }
}

/// 1 / (1 + e^-z). By the exponential of -|z|, which cannot overflow and serves other functions as well.
#[inline(always)]
pub(crate) fn sigmoid<T: Scalar>(z: T) -> T {
    sigmoid_by(z, (-z.abs()).exp_of_negative())
}

/// The same, given e = e^-|z|.
#[inline(always)]
pub(crate) fn sigmoid_by<T: Scalar>(z: T, e: T) -> T {
    let of_size = T::one() / (T::one() + e);
    if z < T::zero() { e * of_size } else { of_size }
}
