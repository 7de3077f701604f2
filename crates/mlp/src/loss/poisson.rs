//! e^z - y·z, without ln y!: for counts.

use super::PredictionKind;
use super::per_output::PerOutput;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Poisson;

impl PerOutput for Poisson {
    fn name(self) -> &'static str {
        "Poisson"
    }

    fn prediction(self) -> PredictionKind {
        PredictionKind::Rates
    }

    fn targets(self) -> ([f64; 2], &'static str) {
        ([0.0, f64::MAX], "finite values of at least 0")
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
            let rate = z.fast_exp();
            (rate - y * z, rate - y)
        }
    }

    fn curvature<T: Scalar>(self, z: T, _: T) -> T {
        z.fast_exp()
    }

    fn link<T: Scalar>(self, z: T) -> T {
        z.fast_exp()
    }
}
