//! z if z > 0, else alpha·(e^z - 1) (Clevert et al. 2016).

use super::Function;
use crate::error::require;
use crate::negligible::flush;
use crate::{Activation, Error, Scalar};

impl Activation {
    /// ELU with alpha 1.
    pub fn elu() -> Self {
        Self::Elu { alpha: 1.0 }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Elu {
    pub(super) alpha: f64,
}

impl Function for Elu {
    fn name(self) -> &'static str {
        "ELU"
    }

    fn keeps_slopes(self) -> bool {
        false
    }

    fn validate(self) -> Result<(), Error> {
        require(
            self.alpha > 0.0 && self.alpha.is_finite(),
            "ELU's alpha",
            self.alpha,
            "finite and above 0",
        )
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        let alpha = T::of(self.alpha);
        require(
            alpha > T::zero() && alpha.is_finite(),
            "ELU's alpha",
            self.alpha,
            "finite and above 0 in the network's number type, too",
        )
    }

    #[inline(always)]
    fn value_and_slope<T: Scalar>(self, z: T) -> (T, T) {
        let below = if z > T::zero() { T::zero() } else { z };
        let negative = flush(T::of(self.alpha) * below.exp_m1_of_negative(), T::SMALLEST);
        let a = if z > T::zero() { z } else { negative };
        (a, self.slope_of_value(a))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, a: T) -> T {
        if a > T::zero() {
            T::one()
        } else {
            a + T::of(self.alpha)
        }
    }

    fn second_derivative<T: Scalar>(self, z: T) -> T {
        if z > T::zero() {
            T::zero()
        } else {
            T::of(self.alpha) * z.fast_exp()
        }
    }
}
