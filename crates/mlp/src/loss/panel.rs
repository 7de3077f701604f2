//! What the losses do panel by panel.

use std::ops::Range;

use crate::Scalar;
use crate::batch::Open;
use crate::negligible::flush;

/// The most samples of a panel.
pub(super) const LANES: usize = 16;

/// What the samples weigh in the sum of the losses.
#[derive(Clone, Copy)]
pub(super) enum Weights<F> {
    /// All the same.
    Equal(f64),
    /// Each as the function says.
    Of(F),
}

/// Of a panel: which samples are in it, and by lane their weights wᵢ and what their slopes are multiplied by, wᵢ / divisor. Lanes
/// beyond the last sample have the weight 0.
#[inline(always)]
pub(super) fn lanes_of<T: Scalar>(
    chunk: &Open<'_, T>,
    panel: usize,
    divisor: f64,
    weights: &Weights<impl Fn(usize) -> f64>,
) -> (Range<usize>, [f64; LANES], [T; LANES]) {
    let first = panel * T::PANEL;
    let samples = first..(first + T::PANEL).min(chunk.n_samples());
    let (mut result, mut scales) = ([0.0; LANES], [T::zero(); LANES]);
    match weights {
        // One division, instead of one a lane.
        Weights::Equal(weight) => {
            result[..samples.len()].fill(*weight);
            scales[..samples.len()].fill(normal_scale(T::of(weight / divisor)));
        }
        Weights::Of(weight) => {
            for (lane, sample) in samples.clone().enumerate() {
                result[lane] = weight(sample);
                scales[lane] = normal_scale(T::of(result[lane] / divisor));
            }
        }
    }
    (samples, result, scales)
}

/// Σ wᵢ·ℓᵢ over a panel's lanes, in pairs of pairs: a chain of additions would take as long as the rest of a small loss. A sample of
/// weight 0 is none, whatever its loss: 0 times infinity is NaN.
#[inline(always)]
pub(super) fn weighted_sum<T: Scalar>(weights: &[f64; LANES], losses: &[T; LANES]) -> f64 {
    let mut terms = [0.0; LANES];
    for lane in 0..LANES {
        let weighted = weights[lane] * losses[lane].to_f64();
        terms[lane] = if weights[lane] > 0.0 { weighted } else { 0.0 };
    }
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            terms[lane] += terms[lane + half];
        }
    }
    terms[0]
}

/// What a sample's slopes are multiplied by. A weight so small counts as 0, or every product with it would be subnormal.
#[inline(always)]
fn normal_scale<T: Scalar>(scale: T) -> T {
    flush(scale, T::SMALLEST_DELTA)
}
