//! dW = dZ·Aᵀ.

use pulp::{Arch, Simd, WithSimd};

use std::ops::Range;

use super::{Vectors, in_tiles};

/// As many inputs of all samples are taken for all units before the next, and at least a tile's, as stay in the first level of
/// cache where a vector is a line, which is taken up at once; else in the second, so that longer pieces of the weight's rows
/// are read and written in one go: 1.02 times as fast with AVX2 (784-128-10 and 784-512-512-10 at batch 32).
const BLOCK_BYTES_OF_LINES: usize = 20 * 1024;
const BLOCK_BYTES: usize = 104 * 1024;

/// `weight = factor · weight + delta · input`, factor 1 or 0, for a whole weight or some of its rows, and all of its columns
/// or some. The samples may come in shares, which are added up in their order: the sums are the same to the bit. With the factor 0,
/// sums that are too small to matter become 0; where they are added this would take a tenth of a small network's step.
pub(crate) fn weight_gradient<T: Vectors>(onto: Onto<'_, T>, shares: &[Share<'_, T>]) {
    Arch::new().dispatch(WeightGradient { onto, shares });
}

/// Where a weight's gradient goes.
pub(crate) struct Onto<'a, T> {
    /// Whole rows.
    pub(crate) weight: &'a mut [T],
    pub(crate) fan_in: usize,
    /// Which of the weight's columns the inputs belong to.
    pub(crate) columns: Range<usize>,
    /// Whether it takes the place of what is there, or is added to it.
    pub(crate) replaces: bool,
}

/// What some samples contribute.
#[derive(Clone, Copy)]
pub(crate) struct Share<'a, T> {
    pub(crate) n_samples: usize,
    pub(crate) delta: Delta<'a, T>,
    pub(crate) input: Input<'a, T>,
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
    /// Whole samples.
    pub(crate) values: &'a [T],
    /// From one sample to the next: a whole number of lines, with room for all inputs.
    pub(crate) stride: usize,
    /// Where in a sample these inputs begin: at a line.
    pub(crate) start: usize,
}

pub(super) struct WeightGradient<'a, T> {
    pub(super) onto: Onto<'a, T>,
    pub(super) shares: &'a [Share<'a, T>],
}

impl<T: Vectors> WithSimd for WeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { onto, shares } = self;
        let (n_units, n_inputs) = (onto.weight.len() / onto.fan_in, onto.columns.len());
        let n_samples = shares.iter().map(|share| share.n_samples).sum::<usize>();
        let tile = 2 * T::lanes::<S>().max(T::PANEL / 2);
        let block_bytes = if is_line::<T, S>() {
            BLOCK_BYTES_OF_LINES
        } else {
            BLOCK_BYTES
        };
        let block = (block_bytes / size_of::<T>() / n_samples.max(1) / tile).max(1) * tile;
        for start in (0..n_inputs).step_by(block) {
            let inputs = start..(start + block).min(n_inputs);
            in_tiles!(rows_of_a_strip::<T, S>(), n_units, |M, unit| {
                let rows = &mut onto.weight[unit * onto.fan_in..][..M * onto.fan_in];
                let mut strip = Strip::<T, M> {
                    rows: columns_of(rows, onto.fan_in, onto.columns.clone()),
                    replaces: onto.replaces,
                    unit,
                    shares,
                };
                strip.run(simd, inputs.clone());
            });
        }
    }
}

/// How many rows a strip may have: see [`most_rows`](super::most_rows); it has two vectors, whatever their length.
const fn rows_of_a_strip<T: Vectors, S: Simd>() -> usize {
    if is_line::<T, S>() { 8 } else { 6 }
}

/// Whether a vector is a whole line.
const fn is_line<T: Vectors, S: Simd>() -> bool {
    size_of::<T::Vector<S>>() == 64
}

/// Some columns of each of M rows.
#[inline(always)]
fn columns_of<T, const M: usize>(
    mut rows: &mut [T],
    n_columns: usize,
    some: Range<usize>,
) -> [&mut [T]; M] {
    let mut result: [&mut [T]; M] = std::array::from_fn(|_| [].as_mut_slice());
    // By hand: `chunks_exact_mut` divides, which is a tile's time in a small network.
    for columns in &mut result {
        let (row, rest) = rows.split_at_mut(n_columns);
        *columns = &mut row[some.clone()];
        rows = rest;
    }
    result
}

/// M rows of the weight, and what their gradient is made of.
struct Strip<'a, T, const M: usize> {
    /// The columns that belong to the inputs.
    rows: [&'a mut [T]; M],
    replaces: bool,
    /// The first row's unit among those of the deltas.
    unit: usize,
    shares: &'a [Share<'a, T>],
}

impl<T: Vectors, const M: usize> Strip<'_, T, M> {
    /// From one end of these inputs to the other.
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, inputs: Range<usize>) {
        let (lanes, n_inputs) = (T::lanes::<S>(), inputs.end);
        let mut first = inputs.start;
        while first + 2 * lanes <= n_inputs {
            let sums = self.tile::<S, 2>(simd, first, lanes);
            self.store_whole(simd, first, lanes, &sums);
            first += 2 * lanes;
        }
        if first + lanes < n_inputs {
            // The second vector ends where the row does, and has some of the first's numbers, to the same bits.
            let second = n_inputs - lanes - first;
            let sums = self.tile::<S, 2>(simd, first, second);
            self.store_whole(simd, first, second, &sums);
        } else if first < n_inputs {
            let sums = self.tile::<S, 1>(simd, first, 0);
            self.store_part(simd, first..n_inputs, &sums);
        }
    }

    /// The gradient of V vectors of inputs, the second so many after the first.
    #[inline(always)]
    fn tile<S: Simd, const V: usize>(
        &self,
        simd: S,
        first: usize,
        second: usize,
    ) -> [[T::Vector<S>; V]; M] {
        let mut sums = [[T::splat(simd, T::ZERO); V]; M];
        // Taken apart, and by hand: without a division to count the rounds, which are few in small networks (1.2 times as fast
        // for 17 inputs), and without a comparison of lengths a sample (1.09 times as fast for 256 samples with AVX2).
        for &Share {
            n_samples: mut left,
            delta: Delta {
                values,
                panel: next,
            },
            input,
        } in self.shares
        {
            let stride = input.stride;
            let mut samples = &input.values[input.start + first..];
            let mut panel = &values[self.unit * T::PANEL..];
            while left > 0 {
                let (lanes, delta) = (left.min(T::PANEL), &panel[..M * T::PANEL]);
                let mut lane = 0;
                // Fours, for the loop to cost less; T::PANEL is a multiple of four. Not where a vector is less than a line:
                // the compiler would make two instructions of some broadcasts, which takes a sixth of the speed with AVX2.
                while const { is_line::<T, S>() } && lane + 4 <= lanes {
                    for k in 0..4 {
                        let sample = &samples[k * stride..];
                        add_sample(simd, &mut sums, delta, lane + k, sample, second);
                    }
                    samples = samples.get(4 * stride..).unwrap_or_default();
                    lane += 4;
                }
                while lane < lanes {
                    add_sample(simd, &mut sums, delta, lane, samples, second);
                    samples = samples.get(stride..).unwrap_or_default();
                    lane += 1;
                }
                panel = panel.get(next..).unwrap_or_default();
                left -= lanes;
            }
        }
        sums
    }

    /// Adds the sums of two whole vectors, the second so many numbers after the first. Where they overlap, both have the same
    /// numbers, of which each is added once: all are read before one is written.
    #[inline(always)]
    fn store_whole<S: Simd>(
        &mut self,
        simd: S,
        first: usize,
        second: usize,
        sums: &[[T::Vector<S>; 2]; M],
    ) {
        let lanes = T::lanes::<S>();
        let zero = T::splat(simd, T::ZERO);
        for (row, sums) in self.rows.iter_mut().zip(sums) {
            let row = &mut row[first..][..second + lanes];
            let mut changed = [zero; 2];
            for (v, (changed, &sum)) in changed.iter_mut().zip(sums).enumerate() {
                let (before, _) = T::vectors::<S>(&row[v * second..][..lanes]);
                *changed = if self.replaces {
                    T::flushed(simd, sum, T::SMALLEST)
                } else {
                    T::add_vectors(simd, before[0], sum)
                };
            }
            for (v, changed) in changed.into_iter().enumerate() {
                let (after, _) = T::vectors_mut::<S>(&mut row[v * second..][..lanes]);
                after[0] = changed;
            }
        }
    }

    /// The same where the row ends within the tile.
    #[inline(always)]
    fn store_part<S: Simd>(
        &mut self,
        simd: S,
        columns: Range<usize>,
        sums: &[[T::Vector<S>; 1]; M],
    ) {
        for (row, sums) in self.rows.iter_mut().zip(sums) {
            let row = &mut row[columns.clone()];
            let changed = if self.replaces {
                T::flushed(simd, sums[0], T::SMALLEST)
            } else {
                T::add_vectors(simd, T::partial_load(simd, row), sums[0])
            };
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
    for m in 0..M {
        let delta = T::splat(simd, delta[m * T::PANEL + lane]);
        for v in 0..V {
            sums[m][v] = T::mul_add(simd, inputs[v], delta, sums[m][v]);
        }
    }
}
