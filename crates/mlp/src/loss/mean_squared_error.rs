//! (z-y)², without the ½: for numbers whose errors are like normal noise.

use super::PredictionKind;
use super::per_output::{FINITE, PerOutput};
use crate::negligible::flush;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct MeanSquaredError;

impl PerOutput for MeanSquaredError {
    fn name(self) -> &'static str {
        "mean squared error"
    }

    fn prediction(self) -> PredictionKind {
        PredictionKind::Numbers
    }

    fn targets(self) -> ([f64; 2], &'static str) {
        FINITE
    }

    fn takes_labels(self) -> bool {
        false
    }

    fn validate(self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        Ok(())
    }

    fn outputs_per_target(self) -> usize {
        1
    }

    fn loss_and_slope<T: Scalar>(self) -> impl Fn(T, T, usize) -> (T, T) {
        |z: T, y: T, _| {
            // Its square would be subnormal.
            let r = flush(z - y, T::SMALLEST);
            (r * r, r + r)
        }
    }

    fn curvature<T: Scalar>(self, _: T, _: T) -> T {
        T::of(2.0)
    }

    fn link<T: Scalar>(self, z: T) -> T {
        z
    }
}
