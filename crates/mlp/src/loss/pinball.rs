//! max(τ·(y-z), (τ-1)·(y-z)): predicts quantiles (Koenker & Bassett 1978).

use super::PredictionKind;
use super::per_output::{FINITE, PerOutput};
use crate::error::require;
use crate::{Error, Scalar};

#[derive(Clone, Copy)]
pub(super) struct Pinball<'a> {
    pub(super) quantiles: &'a Vec<f64>,
}

impl PerOutput for Pinball<'_> {
    fn name(self) -> &'static str {
        "pinball"
    }

    fn prediction(self) -> PredictionKind {
        PredictionKind::Quantiles
    }

    fn targets(self) -> ([f64; 2], &'static str) {
        FINITE
    }

    fn takes_labels(self) -> bool {
        false
    }

    fn validate(self, n_outputs: usize) -> Result<(), Error> {
        let quantiles = self.quantiles;
        if quantiles.is_empty() || !n_outputs.is_multiple_of(quantiles.len()) {
            let needed = format!("a multiple of its {} quantile(s)", quantiles.len());
            return Err(Error::OutputsForLoss {
                loss: self.name(),
                needed,
                n_outputs,
            });
        }
        quantiles.iter().try_for_each(|&quantile| {
            require(
                quantile > 0.0 && quantile < 1.0,
                "a quantile",
                quantile,
                "strictly between 0 and 1",
            )
        })
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        self.quantiles.iter().try_for_each(|&quantile| {
            require(
                T::of(quantile) > T::zero() && T::of(quantile) < T::one(),
                "a quantile",
                quantile,
                "strictly between 0 and 1 in the network's number type, too",
            )
        })
    }

    fn outputs_per_target(self) -> usize {
        self.quantiles.len()
    }

    fn loss_and_slope<T: Scalar>(self) -> impl Fn(T, T, usize) -> (T, T) {
        let quantiles = self.quantiles;
        move |z: T, y: T, j| {
            let tau = T::of(quantiles[j]);
            let r = y - z;
            if r > T::zero() {
                (tau * r, -tau)
            } else if r < T::zero() {
                ((tau - T::one()) * r, T::one() - tau)
            } else {
                (r, T::zero()) // r is 0, or NaN, which must pass
            }
        }
    }

    fn curvature<T: Scalar>(self, _: T, _: T) -> T {
        T::zero()
    }

    fn link<T: Scalar>(self, z: T) -> T {
        z
    }
}
