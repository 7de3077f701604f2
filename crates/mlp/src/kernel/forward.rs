//! Z = W·A + b.

use pulp::{Arch, Simd, WithSimd};

use super::{Vectors, in_sixes, with_line};

/// How many inputs are multiplied with all rows of the weight before the next: their lines take half of a first-level
/// cache.
const BLOCK: usize = 256;

/// How many rows of the weight are multiplied with one panel before the next panel: with a block's columns they take a fifth
/// of a second-level cache, so that memory further away is read once for all panels. A multiple of the tile's rows.
const ROWS: usize = 96;

/// `output = weight · input + bias`, for each panel: `n_panels` panels of a line a unit. Of the weight, the units' rows.
///
/// The input may come in parts, one call each, from the first to the last: `input` has the lines of these `inputs` only. The
/// sums are the same to the bit.
pub(crate) fn forward<T: Vectors>(
    output: &mut [T],
    weight: &[T],
    bias: &[T],
    input: &[T],
    inputs: std::ops::Range<usize>,
    n_panels: usize,
) {
    Arch::new().dispatch(Forward {
        output: &mut output[..n_panels * bias.len() * T::PANEL],
        weight,
        bias,
        input: &input[..n_panels * inputs.len() * T::PANEL],
        inputs,
    });
}

/// For all panels.
pub(super) struct Forward<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) weight: &'a [T],
    pub(super) bias: &'a [T],
    pub(super) input: &'a [T],
    pub(super) inputs: std::ops::Range<usize>,
}

impl<T: Vectors> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        with_line!(T, S, |V| self.blocks::<S, V>(simd));
    }
}

impl<T: Vectors> Forward<'_, T> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(&mut self, simd: S) {
        let (n_units, n_inputs) = (self.bias.len(), self.inputs.len());
        let fan_in = self.weight.len() / n_units;
        let (input, _) = T::vectors::<S>(self.input);
        let (input, _) = input.as_chunks::<V>();
        let (output, _) = T::vectors_mut::<S>(self.output);
        let (output, _) = output.as_chunks_mut::<V>();
        for start in (0..n_inputs).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(n_inputs);
            let first_input = self.inputs.start + start;
            for first_unit in (0..n_units).step_by(ROWS) {
                let units = first_unit..(first_unit + ROWS).min(n_units);
                let (weight, bias) = (
                    &self.weight[units.start * fan_in..units.end * fan_in],
                    &self.bias[units.clone()],
                );
                for (output, input) in output
                    .chunks_exact_mut(n_units)
                    .zip(input.chunks_exact(n_inputs))
                {
                    let (input, output) = (&input[block.clone()], &mut output[units.clone()]);
                    in_sixes!(units.len(), |M, unit| tile::<T, S, M, V>(
                        simd,
                        &mut output[unit..unit + M],
                        &weight[unit * fan_in + first_input..],
                        fan_in,
                        &bias[unit..unit + M],
                        input,
                        first_input == 0,
                    ));
                }
            }
        }
    }
}

/// M units over one block of inputs: their sums begin with the bias or go on with what is in the output.
#[inline(always)]
fn tile<T: Vectors, S: Simd, const M: usize, const V: usize>(
    simd: S,
    output: &mut [[T::Vector<S>; V]],
    weight: &[T],
    fan_in: usize,
    bias: &[T],
    input: &[[T::Vector<S>; V]],
    is_first: bool,
) {
    let rows: [&[T]; M] = std::array::from_fn(|m| &weight[m * fan_in..][..input.len()]);
    let mut sums: [[T::Vector<S>; V]; M] = if is_first {
        std::array::from_fn(|m| [T::splat(simd, bias[m]); V])
    } else {
        std::array::from_fn(|m| output[m])
    };
    let fours: [&[[T; 4]]; M] = std::array::from_fn(|m| rows[m].as_chunks::<4>().0);
    let (input, last) = input.as_chunks::<4>();
    for (four, input) in input.iter().enumerate() {
        let w: [&[T; 4]; M] = std::array::from_fn(|m| &fours[m][four]);
        for k in 0..4 {
            add_line(simd, &mut sums, std::array::from_fn(|m| w[m][k]), &input[k]);
        }
    }
    let done = input.len() * 4;
    for (k, input) in last.iter().enumerate() {
        let w = std::array::from_fn(|m| rows[m][done + k]);
        add_line(simd, &mut sums, w, input);
    }
    output.copy_from_slice(&sums);
}

/// `sums += w · lineᵀ`.
#[inline(always)]
pub(super) fn add_line<T: Vectors, S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &mut [[T::Vector<S>; V]; M],
    w: [T; M],
    line: &[T::Vector<S>; V],
) {
    for m in 0..M {
        let w = T::splat(simd, w[m]);
        for v in 0..V {
            sums[m][v] = T::mul_add(simd, w, line[v], sums[m][v]);
        }
    }
}
