//! ½r² if |r| ≤ δ, else δ(|r|-½δ), r = z-y (Huber 1964).

use super::PredictionKind;
use super::per_output::{FINITE, PerOutput, sign};
use crate::error::require;
use crate::negligible::flush;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Huber<'a> {
    pub(super) delta: &'a f64,
}

impl PerOutput for Huber<'_> {
    fn name(self) -> &'static str {
        "Huber"
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
        require(
            *self.delta > 0.0 && self.delta.is_finite(),
            "Huber's delta",
            *self.delta,
            "finite and above 0",
        )
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        let delta = T::of(*self.delta);
        require(
            delta > T::zero() && delta.is_finite(),
            "Huber's delta",
            *self.delta,
            "finite and above 0 in the network's number type, too",
        )
    }

    fn outputs_per_target(self) -> usize {
        1
    }

    fn loss_and_slope<T: Scalar>(self) -> impl Fn(T, T, usize) -> (T, T) {
        let delta = T::of(*self.delta);
        let half = T::of(0.5);
        move |z: T, y: T, _| {
            let r = flush(z - y, T::SMALLEST);
            if r.abs() <= delta {
                (half * r * r, r)
            } else {
                (delta * (r.abs() - half * delta), delta * sign(r))
            }
        }
    }

    fn curvature<T: Scalar>(self, z: T, y: T) -> T {
        if (z - y).abs() <= T::of(*self.delta) {
            T::one()
        } else {
            T::zero()
        }
    }

    fn link<T: Scalar>(self, z: T) -> T {
        z
    }
}
