//! |z-y|, with slope 0 at 0: for numbers with outliers.

use super::PredictionKind;
use super::per_output::{FINITE, PerOutput, sign};
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct MeanAbsoluteError;

impl PerOutput for MeanAbsoluteError {
    fn name(self) -> &'static str {
        "mean absolute error"
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
            let r = z - y;
            (r.abs(), sign(r))
        }
    }

    fn curvature<T: Scalar>(self, _: T, _: T) -> T {
        T::zero()
    }

    fn link<T: Scalar>(self, z: T) -> T {
        z
    }
}
