//! z if z > 0, else slope·z (Maas et al. 2013).

use super::Function;
use crate::error::require;
use crate::negligible::flush;
use crate::{Activation, Error, Scalar};

impl Activation {
    /// Leaky ReLU with slope 0.01.
    pub fn leaky_relu() -> Self {
        Self::LeakyRelu { slope: 0.01 }
    }
}

#[derive(Clone, Copy)]
pub(super) struct LeakyRelu {
    pub(super) slope: f64,
}

impl Function for LeakyRelu {
    fn name(self) -> &'static str {
        "leaky ReLU"
    }

    fn keeps_slopes(self) -> bool {
        false
    }

    fn validate(self) -> Result<(), Error> {
        require(
            self.slope >= 0.0 && self.slope.is_finite(),
            "leaky ReLU's slope",
            self.slope,
            "finite and at least 0",
        )
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        require(
            T::of(self.slope).is_finite(),
            "leaky ReLU's slope",
            self.slope,
            "finite in the network's number type, too",
        )
    }

    #[inline(always)]
    fn value_and_slope<T: Scalar>(self, z: T) -> (T, T) {
        let below = flush(T::of(self.slope) * z, T::SMALLEST);
        let a = if z < T::zero() { below } else { z };
        (a, self.slope_of_value(a))
    }

    #[inline(always)]
    fn slope_of_value<T: Scalar>(self, a: T) -> T {
        if a > T::zero() {
            T::one()
        } else {
            T::of(self.slope)
        }
    }

    fn second_derivative<T: Scalar>(self, _: T) -> T {
        T::zero()
    }
}
