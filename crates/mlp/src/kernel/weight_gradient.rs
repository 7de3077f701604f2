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
            let sums = self.tile::<S, M, 2>(simd, unit, first, lanes);
            self.store_whole(simd, unit, first, lanes, &sums);
            first += 2 * lanes;
        }
        if first + lanes < n_inputs {
            // The second vector ends where the row does, and has some of the first's numbers, to the same bits.
            let second = n_inputs - lanes - first;
            let sums = self.tile::<S, M, 2>(simd, unit, first, second);
            self.store_whole(simd, unit, first, second, &sums);
        } else if first < n_inputs {
            let sums = self.tile::<S, M, 1>(simd, unit, first, 0);
            self.store_part(simd, unit, first, &sums);
        }
    }

    /// The gradient of M units and V vectors of inputs, the second so many after the first.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &self,
        simd: S,
        unit: usize,
        first: usize,
        second: usize,
    ) -> [[T::Vector<S>; V]; M] {
        let stride = self.input.stride;
        let mut sums = [[T::splat(simd, T::ZERO); V]; M];
        // By hand, without a division to count the rounds: these are few in small networks (1.2 times as fast for 17 inputs).
        let mut samples = &self.input.values[first..];
        let mut left = self.input.values.len().div_ceil(stride);
        let mut panel = &self.delta.values[unit * T::PANEL..];
        while left > 0 {
            let (lanes, delta) = (left.min(T::PANEL), &panel[..M * T::PANEL]);
            let mut lane = 0;
            // Fours, for the loop to cost less; T::PANEL is a multiple of four. Not where a vector is less than a line: the
            // compiler would make two instructions of some broadcasts, which takes a sixth of the speed with AVX2.
            while T::lanes::<S>() == T::PANEL && lane + 4 <= lanes {
                add_sample(simd, &mut sums, delta, lane, samples, second);
                add_sample(simd, &mut sums, delta, lane + 1, &samples[stride..], second);
                add_sample(
                    simd,
                    &mut sums,
                    delta,
                    lane + 2,
                    &samples[2 * stride..],
                    second,
                );
                add_sample(
                    simd,
                    &mut sums,
                    delta,
                    lane + 3,
                    &samples[3 * stride..],
                    second,
                );
                samples = samples.get(4 * stride..).unwrap_or_default();
                lane += 4;
            }
            while lane < lanes {
                add_sample(simd, &mut sums, delta, lane, samples, second);
                samples = samples.get(stride..).unwrap_or_default();
                lane += 1;
            }
            panel = panel.get(self.delta.panel..).unwrap_or_default();
            left -= lanes;
        }
        sums
    }

    /// Adds the sums of two whole vectors, the second so many numbers after the first. Where they overlap, both have the same
    /// numbers, of which each is added once: all are read before one is written.
    #[inline(always)]
    fn store_whole<S: Simd, const M: usize>(
        &mut self,
        simd: S,
        unit: usize,
        first: usize,
        second: usize,
        sums: &[[T::Vector<S>; 2]; M],
    ) {
        let first = self.input.first + first;
        let lanes = T::lanes::<S>();
        let (alpha, zero) = (T::splat(simd, self.onto.alpha), T::splat(simd, T::ZERO));
        for (m, sums) in sums.iter().enumerate() {
            let row = &mut self.onto.weight[(unit + m) * self.onto.fan_in + first..];
            let row = &mut row[..second + lanes];
            let mut changed = [zero; 2];
            for (v, (changed, &sum)) in changed.iter_mut().zip(sums).enumerate() {
                let (before, _) = T::vectors::<S>(&row[v * second..][..lanes]);
                let before = if self.onto.replaces { zero } else { before[0] };
                *changed = T::mul_add(simd, alpha, sum, before);
            }
            for (v, changed) in changed.into_iter().enumerate() {
                let (after, _) = T::vectors_mut::<S>(&mut row[v * second..][..lanes]);
                after[0] = changed;
            }
        }
    }

    /// The same where the row ends within the tile.
    #[inline(always)]
    fn store_part<S: Simd, const M: usize>(
        &mut self,
        simd: S,
        unit: usize,
        first: usize,
        sums: &[[T::Vector<S>; 1]; M],
    ) {
        let columns = self.input.first + first..self.input.first + self.input.n_inputs;
        let (alpha, zero) = (T::splat(simd, self.onto.alpha), T::splat(simd, T::ZERO));
        for (m, sums) in sums.iter().enumerate() {
            let row = &mut self.onto.weight[(unit + m) * self.onto.fan_in..][columns.clone()];
            let before = if self.onto.replaces {
                zero
            } else {
                T::partial_load(simd, row)
            };
            let changed = T::mul_add(simd, alpha, sums[0], before);
            T::partial_store(simd, row, changed);
        }
    }
}

/// `sums += delta[lane of each unit] · sampleᵀ`, of the sample V vectors, the second so many numbers after the first.
#[inline(always)]
fn add_sample<T: Vectors, S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut [[T::Vector<S>; V]; M],
    delta: &[T],
    lane: usize,
    sample: &[T],
    second: usize,
) {
    let sample = &sample[..(V - 1) * second + T::lanes::<S>()];
    let mut inputs = [T::splat(simd, T::ZERO); V];
    for (v, input) in inputs.iter_mut().enumerate() {
        *input = T::vectors::<S>(&sample[v * second..][..T::lanes::<S>()]).0[0];
    }
    // Loops: `array::from_fn` is not always inlined here.
    for m in 0..M {
        let delta = T::splat(simd, delta[m * T::PANEL + lane]);
        for v in 0..V {
            sums[m][v] = T::mul_add(simd, inputs[v], delta, sums[m][v]);
        }
    }
}
