//! dW = dZ·Aᵀ.

use pulp::{Arch, Simd, WithSimd};

use std::ops::Range;

use super::{Vectors, in_tiles};

/// As many inputs of all samples are taken for all units before the next, and at least a tile's, as stay in the first level of
/// cache where a vector is a line, which is taken up at once; else in the second, so that longer pieces of the weight's rows
/// are read and written in one go: 1.02 times as fast with AVX2 (784-128-10 and 784-512-512-10 at batch 32).
const BLOCK_BYTES_OF_LINES: usize = 20 * 1024;
const BLOCK_BYTES: usize = 104 * 1024;

/// `weight = factor · weight + alpha · delta · input`, factor 1 or 0, for a whole weight or some of its rows, and all of its
/// columns or some.
pub(crate) fn weight_gradient<T: Vectors>(
    onto: Onto<'_, T>,
    delta: Delta<'_, T>,
    input: Input<'_, T>,
) {
    Arch::new().dispatch(WeightGradient { onto, delta, input });
}

/// Where a weight's gradient goes.
pub(crate) struct Onto<'a, T> {
    /// Whole rows.
    pub(crate) weight: &'a mut [T],
    pub(crate) fan_in: usize,
    /// What the gradient is multiplied with.
    pub(crate) alpha: T,
    /// Whether it takes the place of what is there, or is added to it.
    pub(crate) replaces: bool,
}

/// Some units' deltas: panels with a line for each, `panel` numbers from one panel to the next.
#[derive(Clone, Copy)]
pub(crate) struct Delta<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) panel: usize,
}

/// Some of a layer's inputs, sample-major.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a, T> {
    pub(crate) values: &'a [T],
    /// Which of the weight's columns they belong to, the first and how many.
    pub(crate) first: usize,
    pub(crate) n_inputs: usize,
    /// From one sample to the next: at least `n_inputs`, rounded up to a whole line. What lies between is finite.
    pub(crate) stride: usize,
}

pub(super) struct WeightGradient<'a, T> {
    pub(super) onto: Onto<'a, T>,
    pub(super) delta: Delta<'a, T>,
    pub(super) input: Input<'a, T>,
}

impl<T: Vectors> WithSimd for WeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let n_units = self.onto.weight.len() / self.onto.fan_in;
        let n_samples = self.input.values.len().div_ceil(self.input.stride);
        let tile = 2 * T::lanes::<S>().max(T::PANEL / 2);
        let is_line = T::lanes::<S>() == T::PANEL;
        let block_bytes = if is_line {
            BLOCK_BYTES_OF_LINES
        } else {
            BLOCK_BYTES
        };
        let block = (block_bytes / size_of::<T>() / n_samples.max(1) / tile).max(1) * tile;
        for start in (0..self.input.n_inputs).step_by(block) {
            let inputs = start..(start + block).min(self.input.n_inputs);
            in_tiles!(is_line, n_units, |M, unit| self.rows::<S, M>(
                simd,
                unit,
                inputs.clone()
            ));
        }
    }
}

impl<T: Vectors> WeightGradient<'_, T> {
    /// M rows of the weight, from one end of these inputs to the other.
    #[inline(always)]
    fn rows<S: Simd, const M: usize>(&mut self, simd: S, unit: usize, inputs: Range<usize>) {
        let (lanes, n_inputs) = (T::lanes::<S>(), inputs.end);
        let mut first = inputs.start;
        while first + 2 * lanes <= n_inputs {
            let sums = self.tile::<S, M, 2>(simd, unit, first);
            self.store_whole(simd, unit, first, &sums);
            first += 2 * lanes;
        }
        if first + lanes < n_inputs {
            let sums = self.tile::<S, M, 2>(simd, unit, first);
            self.store_part(simd, unit, first, &sums);
        } else if first < n_inputs {
            let sums = self.tile::<S, M, 1>(simd, unit, first);
            self.store_part(simd, unit, first, &sums);
        }
    }

    /// The gradient of M units and V vectors of inputs.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &self,
        simd: S,
        unit: usize,
        first: usize,
    ) -> [[T::Vector<S>; V]; M] {
        let stride = self.input.stride;
        let mut sums = [[T::splat(simd, T::ZERO); V]; M];
        for (samples, delta) in self.input.values[first..]
            .chunks(T::PANEL * stride)
            .zip(self.delta.values.chunks(self.delta.panel))
        {
            let delta = &delta[unit * T::PANEL..][..M * T::PANEL];
            if T::lanes::<S>() < T::PANEL {
                // Not in fours: the compiler would make two instructions of some broadcasts, which takes a sixth of the speed
                // with AVX2.
                for (lane, sample) in samples.chunks(stride).enumerate() {
                    add_sample(simd, &mut sums, delta, lane, sample);
                }
                continue;
            }
            // Fours, for the loop to cost less; T::PANEL is a multiple of four.
            for (four, samples) in (0..T::PANEL).step_by(4).zip(samples.chunks(4 * stride)) {
                if samples.len() > 3 * stride {
                    add_sample(simd, &mut sums, delta, four, samples);
                    add_sample(simd, &mut sums, delta, four + 1, &samples[stride..]);
                    add_sample(simd, &mut sums, delta, four + 2, &samples[2 * stride..]);
                    add_sample(simd, &mut sums, delta, four + 3, &samples[3 * stride..]);
                } else {
                    for (lane, sample) in samples.chunks(stride).enumerate() {
                        add_sample(simd, &mut sums, delta, four + lane, sample);
                    }
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn store_whole<S: Simd, const M: usize>(
        &mut self,
        simd: S,
        unit: usize,
        first: usize,
        sums: &[[T::Vector<S>; 2]; M],
    ) {
        let first = self.input.first + first;
        let width = 2 * T::lanes::<S>();
        let (alpha, zero) = (T::splat(simd, self.onto.alpha), T::splat(simd, T::ZERO));
        for (m, sums) in sums.iter().enumerate() {
            let row = &mut self.onto.weight[(unit + m) * self.onto.fan_in + first..][..width];
            let (row, _) = T::vectors_mut::<S>(row);
            for (row, &sum) in row.iter_mut().zip(sums) {
                let before = if self.onto.replaces { zero } else { *row };
                *row = T::mul_add(simd, alpha, sum, before);
            }
        }
    }

    /// The same where the row ends within the tile.
    #[inline(always)]
    fn store_part<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        unit: usize,
        first: usize,
        sums: &[[T::Vector<S>; V]; M],
    ) {
        let columns = self.input.first + first..self.input.first + self.input.n_inputs;
        let (alpha, zero) = (T::splat(simd, self.onto.alpha), T::splat(simd, T::ZERO));
        for (m, sums) in sums.iter().enumerate() {
            let row = &mut self.onto.weight[(unit + m) * self.onto.fan_in..][columns.clone()];
            for (row, &sum) in row.chunks_mut(T::lanes::<S>()).zip(sums) {
                let before = if self.onto.replaces {
                    zero
                } else {
                    T::partial_load(simd, row)
                };
                let changed = T::mul_add(simd, alpha, sum, before);
                T::partial_store(simd, row, changed);
            }
        }
    }
}

/// `sums += delta[lane of each unit] · sample[..V vectors]ᵀ`.
#[inline(always)]
fn add_sample<T: Vectors, S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut [[T::Vector<S>; V]; M],
    delta: &[T],
    lane: usize,
    sample: &[T],
) {
    let (sample, _) = T::vectors::<S>(&sample[..V * T::lanes::<S>()]);
    // Loops: `array::from_fn` is not always inlined here.
    for m in 0..M {
        let delta = T::splat(simd, delta[m * T::PANEL + lane]);
        for v in 0..V {
            sums[m][v] = T::mul_add(simd, sample[v], delta, sums[m][v]);
        }
    }
}
