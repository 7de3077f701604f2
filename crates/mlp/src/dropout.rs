//! Which units are dropped in training.

use std::ops::Range;

use smallbatch_base::vectorized;

use crate::Scalar;
use crate::philox::words;

/// Which units are dropped: a pure function of these two numbers, the layer, the unit, and the sample's position in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutKey {
    /// The seed of the masks.
    pub seed: u64,
    /// The number of the update.
    pub step: u64,
}

/// A unit's masks for so many samples are the first words of as many counters, those for as many more the second ones: whatever
/// the number type, so that masks do not depend on it.
const COUNTERS: usize = 8;
const BLOCK: usize = 2 * COUNTERS;

/// How many units' masks are drawn at a time.
const UNITS: usize = 16;

/// What tells the masks' keys from one another, and from keys that are made for something else: `drop` in ASCII.
const NAME: u32 = 0x6472_6f70;

/// The masks of one batch, from one of its samples on. Each unit of each sample has a word of 32 bits at a place of its own, and
/// is dropped where that is below p·2^32: so masks do not depend on how the batch is cut, into chunks or among threads.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    /// Of seed and step.
    stream: [u32; 2],
    probability: f64,
    /// How many samples of the batch came before this chunk.
    pub(crate) first_sample: u64,
}

/// One layer's masks.
#[derive(Clone, Copy)]
struct Layer<T> {
    key: u32,
    tweak: u32,
    first_sample: u64,
    n_samples: usize,
    /// Words below it drop.
    threshold: u32,
    /// What others are multiplied by: 1 / (1 - p).
    kept: T,
}

impl Dropout {
    pub(crate) fn new(key: DropoutKey, probability: f64, first_sample: u64) -> Self {
        let [seed, seed_high] = halves(key.seed);
        let [step, step_high] = halves(key.step);
        let [first, second] = words([seed, seed_high], NAME);
        Self {
            stream: words([first ^ step, second ^ step_high], NAME),
            probability,
            first_sample,
        }
    }

    /// What the units that are not dropped are multiplied by: `1 / (1 - p)`.
    pub(crate) fn kept<T: Scalar>(&self) -> T {
        T::of(1.0 / (1.0 - self.probability))
    }

    /// Multiplies the values of some of a layer's units, in panels of a line a unit, by their masks, 0 or `1 / (1 - p)`; and the
    /// slopes, if there are any.
    pub(crate) fn apply<T: Scalar>(
        &self,
        layer: usize,
        units: Range<usize>,
        n_samples: usize,
        values: &mut [T],
        slopes: &mut [T],
    ) {
        #[allow(clippy::cast_possible_truncation, reason = "layers are few")]
        let layer = layer as u32;
        let [key, tweak] = words([self.stream[0] ^ layer, self.stream[1]], NAME);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // a probability below 1 times 2^32, which may round to 2^32 and saturates
        let threshold = (self.probability * 2_f64.powi(32)) as u32;
        let layer = Layer {
            key,
            tweak,
            first_sample: self.first_sample,
            n_samples,
            threshold,
            kept: self.kept(),
        };
        drop_units(layer, units, values, slopes);
    }
}

#[allow(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

vectorized! {
    fn drop_units(
        layer: Layer<T>,
        units: Range<usize>,
        values: &'a mut [T],
        slopes: &'a mut [T],
    ) -> () = drop_units_loop;
}

#[inline(always)]
fn drop_units_loop<T: Scalar>(
    layer: Layer<T>,
    units: Range<usize>,
    values: &mut [T],
    slopes: &mut [T],
) {
    let panel = units.len() * T::PANEL;
    let mut slopes = slopes.chunks_exact_mut(panel);
    let mut masks = [Masks::new(); 2];
    for (index, values) in values.chunks_exact_mut(panel).enumerate() {
        let done = index * T::PANEL;
        if done >= layer.n_samples {
            break;
        }
        let sample = layer.first_sample + done as u64;
        let slopes = slopes.next().unwrap_or_default();
        let mut slopes = slopes.chunks_mut(UNITS * T::PANEL);
        for (unit, values) in units
            .clone()
            .step_by(UNITS)
            .zip(values.chunks_mut(UNITS * T::PANEL))
        {
            layer.multiply(
                unit,
                sample,
                &mut masks,
                [values, slopes.next().unwrap_or_default()],
            );
        }
    }
}

/// The masks of some units for the samples of a block, 0 or `1 / (1 - p)`: those of the first words, unit by unit, and those of
/// the second ones.
#[derive(Clone, Copy)]
struct Masks<T>([[T; UNITS * COUNTERS]; 2]);

impl<T: Scalar> Masks<T> {
    fn new() -> Self {
        Self([[T::zero(); UNITS * COUNTERS]; 2])
    }

    /// One flat loop over counters: where units and counters are two loops, the compiler makes what it likes of the inner one, by
    /// chance half as fast.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "counters wrap around")]
    fn draw(&mut self, layer: &Layer<T>, units: Range<usize>, block: u64) {
        let (counter, unit) = (
            (block as u32).wrapping_mul(COUNTERS as u32),
            units.start as u32,
        );
        let n_counters = units.len() * COUNTERS;
        let [first, second] = self.0.each_mut().map(|half| &mut half[..n_counters]);
        for (place, (first, second)) in first.iter_mut().zip(second).enumerate() {
            let place = place as u32;
            let counter = counter.wrapping_add(place % COUNTERS as u32);
            let unit = unit.wrapping_add(place / COUNTERS as u32);
            let words = words([counter, unit ^ layer.tweak], layer.key);
            [*first, *second] = words.map(|word| {
                if word < layer.threshold {
                    T::zero()
                } else {
                    layer.kept
                }
            });
        }
    }

    /// Of one of these units, all that are of its first words or of its second ones.
    #[inline(always)]
    fn half(&self, unit: usize, half: usize) -> [T; COUNTERS] {
        let masks = &self.0[half][unit * COUNTERS..][..COUNTERS];
        std::array::from_fn(|place| masks[place])
    }
}

impl<T: Scalar> Layer<T> {
    /// Multiplies a panel's lines of some units, from this one on, by the masks for the samples from this one on.
    #[inline(always)]
    fn multiply(&self, unit: usize, sample: u64, masks: &mut [Masks<T>; 2], lines: [&mut [T]; 2]) {
        let units = unit..unit + lines[0].len() / T::PANEL;
        let (block, offset) = (sample / BLOCK as u64, (sample % BLOCK as u64) as usize);
        masks[0].draw(self, units.clone(), block);
        if offset + T::PANEL > BLOCK {
            masks[1].draw(self, units, block + 1);
        }
        for lines in lines {
            for (unit, line) in lines.chunks_exact_mut(T::PANEL).enumerate() {
                if offset == 0 {
                    for (half, values) in line.chunks_exact_mut(COUNTERS).enumerate() {
                        for (value, mask) in values.iter_mut().zip(masks[0].half(unit, half)) {
                            *value *= mask;
                        }
                    }
                } else {
                    for (place, value) in (offset..).zip(line) {
                        let half = place % BLOCK / COUNTERS;
                        *value *= masks[place / BLOCK].half(unit, half)[place % COUNTERS];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks<T: Scalar>(key: DropoutKey, layer: usize, first: u64, n_samples: usize) -> Vec<T> {
        let n_panels = n_samples.div_ceil(T::PANEL);
        let mut values = vec![T::one(); n_panels * 5 * T::PANEL];
        let dropout = Dropout::new(key, 0.3, first);
        dropout.apply(layer, 0..5, n_samples, &mut values, &mut []);
        values
    }

    const KEY: DropoutKey = DropoutKey { seed: 3, step: 8 };

    /// The mask of a unit for a sample, wherever it stands in its panel.
    fn at<T: Scalar>(values: &[T], n_units: usize, unit: usize, sample: usize) -> bool {
        let panel = sample / T::PANEL * n_units * T::PANEL;
        values[panel + unit * T::PANEL + sample % T::PANEL] > T::zero()
    }

    /// More units than are drawn at a time have the masks that each has alone; values and slopes have the same ones.
    #[test]
    fn many_units_have_the_masks_of_each() {
        const N_UNITS: usize = 2 * UNITS + 3;
        let dropout = Dropout::new(KEY, 0.3, 0);
        let mut values = vec![1.0_f32; 2 * N_UNITS * 16];
        let mut slopes = values.clone();
        dropout.apply(1, 0..N_UNITS, 32, &mut values, &mut slopes);
        assert_eq!(values, slopes);
        for unit in 0..N_UNITS {
            let mut alone = vec![1.0_f32; 2 * 16];
            dropout.apply(1, unit..unit + 1, 32, &mut alone, &mut []);
            for sample in 0..32 {
                let expected = at(&alone, 1, 0, sample);
                assert_eq!(
                    at(&values, N_UNITS, unit, sample),
                    expected,
                    "{unit} {sample}"
                );
            }
        }
    }

    /// Any cut of the samples and of the units, in either number type.
    #[test]
    fn a_mask_belongs_to_its_unit_and_sample() {
        let whole: Vec<f32> = masks(KEY, 1, 0, 64);
        for first in [0, 1, 7, 8, 15, 16, 20, 33] {
            let part: Vec<f32> = masks(KEY, 1, first, 31);
            let wide: Vec<f64> = masks(KEY, 1, first, 31);
            for (unit, sample) in (0..5).flat_map(|unit| (0..31).map(move |s| (unit, s))) {
                let expected = at(&whole, 5, unit, sample + first as usize);
                assert_eq!(
                    at(&part, 5, unit, sample),
                    expected,
                    "{first} {unit} {sample}"
                );
                assert_eq!(
                    at(&wide, 5, unit, sample),
                    expected,
                    "{first} {unit} {sample}"
                );
            }
        }
        let mut two = vec![1.0_f32; 2 * 64];
        Dropout::new(KEY, 0.3, 0).apply(1, 3..5, 64, &mut two, &mut []);
        for sample in 0..64 {
            for unit in 0..2 {
                assert_eq!(at(&two, 2, unit, sample), at(&whole, 5, unit + 3, sample));
            }
        }
    }

    /// Another seed, step or layer gives masks that agree with these as often as chance has it.
    #[test]
    fn masks_of_different_keys_are_independent() {
        let n = 1 << 14;
        let these: Vec<f32> = masks(KEY, 1, 0, n);
        let dropped = these.iter().filter(|&&mask| mask == 0.0).count();
        let count = these.len() as f64;
        let error = |share: f64| 6.0 * (share * (1.0 - share) / count).sqrt();
        assert!((dropped as f64 / count - 0.3).abs() < error(0.3));
        #[allow(clippy::cast_possible_truncation)]
        let kept = (1.0 / (1.0 - 0.3_f64)) as f32;
        assert!(these.iter().all(|&mask| mask == 0.0 || mask == kept));
        for (key, layer) in [
            (DropoutKey { seed: 4, ..KEY }, 1),
            (
                DropoutKey {
                    seed: 3 + (1 << 32),
                    ..KEY
                },
                1,
            ),
            (DropoutKey { step: 9, ..KEY }, 1),
            (
                DropoutKey {
                    step: 8 + (1 << 32),
                    ..KEY
                },
                1,
            ),
            (KEY, 2),
        ] {
            let others: Vec<f32> = masks(key, layer, 0, n);
            let agree = these.iter().zip(&others).filter(|(a, b)| a == b).count();
            let share = agree as f64 / count;
            assert!(
                (share - 0.58).abs() < error(0.58),
                "{key:?} {layer}: {share}"
            );
        }
    }

    #[test]
    fn slopes_get_the_masks_of_their_values() {
        let mut values = vec![2.0_f32; 3 * 16];
        let mut slopes = vec![3.0_f32; 3 * 16];
        Dropout::new(KEY, 0.5, 0).apply(0, 0..3, 16, &mut values, &mut slopes);
        assert!(values.iter().zip(&slopes).all(|(a, b)| a * 1.5 == *b));
        assert!(values.contains(&0.0) && values.contains(&4.0));
    }
}
