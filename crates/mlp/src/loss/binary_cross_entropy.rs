//! ln(1+e^z) - y·z: for yes-or-no questions.

use super::PredictionKind;
use super::per_output::PerOutput;
use crate::activation::{sigmoid, sigmoid_by};
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct BinaryCrossEntropy;

impl PerOutput for BinaryCrossEntropy {
    fn name(self) -> &'static str {
        "binary cross-entropy"
    }

    fn prediction(self) -> PredictionKind {
        PredictionKind::Answers
    }

    fn targets(self) -> ([f64; 2], &'static str) {
        ([0.0, 1.0], "values in [0, 1]")
    }

    fn takes_labels(self) -> bool {
        true
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
            // ln(1 + e^z) - y·z as max(z, 0) - y·z + ln(1 + e^-|z|): finite at z = ±1e3.
            // In this order: the logarithm is small where the answer is right, and would be lost beside z.
            let positive = if z < T::zero() { T::zero() } else { z };
            let e = (-z.abs()).exp_of_negative();
            let loss = (positive - y * z) + e.fast_ln_1p();
            (loss, sigmoid_by(z, e) - y)
        }
    }

    fn curvature<T: Scalar>(self, z: T, _: T) -> T {
        sigmoid(z) * (T::one() - sigmoid(z))
    }

    fn link<T: Scalar>(self, z: T) -> T {
        sigmoid_by(z, (-z.abs()).fast_exp())
    }
}
