//! What the outputs of a network mean, and how wrong they are.

use crate::List;
use crate::network::softmax;

/// What stands behind a network: how its outputs become predictions.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "file",
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub enum Output {
    /// Probabilities of classes: the softmax of the outputs.
    Probabilities,
    /// A number that was standardized, y = μ + σ·z.
    Number {
        /// μ, the mean of the training rows.
        mean: f64,
        /// σ, their standard deviation; 1 where they are constant.
        scale: f64,
    },
    /// A positive number whose logarithm was standardized, y = s·exp(μ + σ·z).
    Logarithm {
        /// μ, the mean of the training rows' logarithms.
        mean: f64,
        /// σ, their standard deviation.
        scale: f64,
        /// s, which makes the mean prediction of the training rows the mean of their targets (after Duan 1983).
        smear: f64,
        /// The largest |z| that is predicted: one and a half times that of the training rows. Beyond it a little more would be thousands more.
        reach: f64,
    },
}

impl Output {
    /// A number in the target's unit from what the network puts out; a probability stays one.
    pub fn number(&self, z: f64) -> f64 {
        match *self {
            Self::Probabilities => z,
            Self::Number { mean, scale } => mean + scale * z,
            Self::Logarithm {
                mean,
                scale,
                smear,
                reach,
            } => smear * libm::exp(mean + scale * z.clamp(-reach, reach)),
        }
    }

    /// Adds what is predicted, from what the network puts out.
    pub(crate) fn add_to(&self, outputs: &mut [f32], sums: &mut [f64]) {
        if *self == Self::Probabilities {
            softmax(outputs);
        }
        for (sum, &z) in sums.iter_mut().zip(&*outputs) {
            *sum += self.number(f64::from(z));
        }
    }
}

/// The absolute errors of rows that no training saw, for intervals with a coverage that they vouch for: split-conformal ones (Papadopoulos et al.
/// 2002; Lei et al. 2018).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(deny_unknown_fields))]
pub struct Errors {
    /// In ascending order; of more rows than are kept, evenly spaced ones.
    pub errors: List<f64>,
    /// Of how many rows.
    pub rows: usize,
}

impl Errors {
    /// Half the width of an interval of this coverage, the ⌈(rows + 1)·coverage⌉-th smallest error; infinite where so few rows cannot vouch for it.
    pub fn half_width(&self, coverage: f64) -> f64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )] // Counts of rows.
        let rank = libm::ceil((self.rows as f64 + 1.0) * coverage - 1e-9).max(1.0) as usize;
        if rank > self.rows {
            return f64::INFINITY;
        }
        let last = self.errors.len().saturating_sub(1);
        // Wide enough for whatever counts a file holds.
        let place = (rank - 1) as u128 * last as u128;
        let at = place.div_ceil((self.rows - 1).max(1) as u128) as usize;
        let error = self.errors.get(at.min(last)).copied();
        error.unwrap_or(f64::INFINITY)
    }
}
