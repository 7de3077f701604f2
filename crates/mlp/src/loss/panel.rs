//! What the losses do panel by panel.

use std::ops::Range;

use crate::Scalar;
use crate::batch::Open;
use crate::negligible::flush;

/// The most samples of a panel.
pub(super) const LANES: usize = 16;

/// A panel's samples: which they are, the weight wᵢ of each, and 0 in the lanes beyond the last.
#[inline(always)]
pub(super) fn lanes_of<T: Scalar>(
    chunk: &Open<'_, T>,
    panel: usize,
    weight: impl Fn(usize) -> f64,
) -> (Range<usize>, [f64; LANES]) {
    let first = panel * T::PANEL;
    let samples = first..(first + T::PANEL).min(chunk.n_samples());
    let mut weights = [0.0; LANES];
    for (lane, sample) in samples.clone().enumerate() {
        weights[lane] = weight(sample);
    }
    (samples, weights)
}

/// What a sample's slopes are multiplied by. A weight so small counts as 0, or every product with it would be subnormal.
#[inline(always)]
pub(super) fn normal_scale<T: Scalar>(scale: T) -> T {
    flush(scale, T::SMALLEST_DELTA)
}
