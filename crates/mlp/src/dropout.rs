//! Which units are dropped in training.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::Scalar;
use crate::random::stream;

/// Which units are dropped: a pure function of these two numbers, the layer, and the sample's position in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutKey {
    /// The seed of the stream `dropout`.
    pub seed: u64,
    /// The number of the update.
    pub step: u64,
}

/// The masks of one batch. Each layer has a generator of its own and each unit of each sample one draw of 32 bits at a
/// fixed place, so that the masks do not depend on how the batch is cut into chunks.
pub(crate) struct Dropout {
    pub(crate) key: DropoutKey,
    pub(crate) probability: f64,
    /// How many samples of the batch came before this chunk.
    pub(crate) first_sample: u64,
}

impl Dropout {
    fn generator(&self, layer: usize) -> ChaCha8Rng {
        let mut rng = stream(self.key.seed, "dropout", self.key.step);
        rng.set_stream(layer as u64);
        rng
    }

    /// Draws the mask of some of a layer's `fan_out` units for `n_samples`, 0 or `1 / (1 - p)`, in panels of a line a unit.
    pub(crate) fn draw<T: Scalar>(
        &self,
        layer: usize,
        fan_out: usize,
        units: std::ops::Range<usize>,
        n_samples: usize,
        mask: &mut [T],
    ) {
        let mut rng = self.generator(layer);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // a probability times 2^32
        let threshold = (self.probability * 2_f64.powi(32)) as u64;
        let kept = T::of(1.0 / (1.0 - self.probability));
        for sample in 0..n_samples {
            if sample == 0 || units.len() < fan_out {
                let drawn = (u128::from(self.first_sample) + sample as u128) * fan_out as u128;
                rng.set_word_pos(drawn + units.start as u128);
            }
            let panel = &mut mask[sample / T::PANEL * units.len() * T::PANEL..];
            let lane = panel[sample % T::PANEL..].iter_mut().step_by(T::PANEL);
            for factor in lane.take(units.len()) {
                *factor = if u64::from(rng.next_u32()) < threshold {
                    T::zero()
                } else {
                    kept
                };
            }
        }
    }
}
