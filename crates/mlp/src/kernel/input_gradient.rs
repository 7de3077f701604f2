//! dA = Wᵀ·dZ.

use pulp::{Arch, Simd, WithSimd};

use super::forward::add_line;
use super::{Vectors, in_sixes, with_line};

/// How many units are added up before the next inputs: a column of the weight's lines stays in cache, even where its rows
/// are a power of two apart.
const BLOCK: usize = 128;

/// How many inputs are computed of one panel before the next panel: their part of a block of the weight takes a tenth of a
/// second-level cache, so that memory further away is read once for all panels. A multiple of the tile's rows.
const COLUMNS: usize = 96;

/// `output = (weightᵀ · delta)[inputs]`, for each panel: `n_panels` panels of `delta`, a line for each of these `units`, and
/// of `output`, a line for each input of the range.
///
/// The deltas may come in parts, one call each, from the first to the last. The sums are the same to the bit.
pub(crate) fn input_gradient<T: Vectors>(
    output: &mut [T],
    weight: &[T],
    fan_in: usize,
    delta: &[T],
    units: std::ops::Range<usize>,
    inputs: std::ops::Range<usize>,
    n_panels: usize,
) {
    Arch::new().dispatch(InputGradient {
        output: &mut output[..n_panels * inputs.len() * T::PANEL],
        weight,
        fan_in,
        delta: &delta[..n_panels * units.len() * T::PANEL],
        units,
        inputs,
    });
}

/// For all panels.
pub(super) struct InputGradient<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) weight: &'a [T],
    pub(super) fan_in: usize,
    pub(super) delta: &'a [T],
    pub(super) units: std::ops::Range<usize>,
    pub(super) inputs: std::ops::Range<usize>,
}

impl<T: Vectors> WithSimd for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        with_line!(T, S, |V| self.blocks::<S, V>(simd));
    }
}

impl<T: Vectors> InputGradient<'_, T> {
    #[inline(always)]
    fn blocks<S: Simd, const V: usize>(&mut self, simd: S) {
        let (n_units, n_inputs) = (self.units.len(), self.inputs.len());
        let (delta, _) = T::vectors::<S>(self.delta);
        let (delta, _) = delta.as_chunks::<V>();
        let (output, _) = T::vectors_mut::<S>(self.output);
        let (output, _) = output.as_chunks_mut::<V>();
        for start in (0..n_units).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(n_units);
            let first_unit = self.units.start + start;
            for first in (0..n_inputs).step_by(COLUMNS) {
                let inputs = first..(first + COLUMNS).min(n_inputs);
                let weight = &self.weight[first_unit * self.fan_in + self.inputs.start + first..];
                for (output, delta) in output
                    .chunks_exact_mut(n_inputs)
                    .zip(delta.chunks_exact(n_units))
                {
                    let (delta, output) = (&delta[block.clone()], &mut output[inputs.clone()]);
                    in_sixes!(inputs.len(), |M, input| tile::<T, S, M, V>(
                        simd,
                        &mut output[input..input + M],
                        &weight[input..],
                        self.fan_in,
                        delta,
                        first_unit == 0,
                    ));
                }
            }
        }
    }
}

/// M inputs over one block of units: their sums begin with 0 or go on with what is in the output.
#[inline(always)]
fn tile<T: Vectors, S: Simd, const M: usize, const V: usize>(
    simd: S,
    output: &mut [[T::Vector<S>; V]],
    weight: &[T],
    fan_in: usize,
    delta: &[[T::Vector<S>; V]],
    is_first: bool,
) {
    let mut sums: [[T::Vector<S>; V]; M] = if is_first {
        [[T::splat(simd, T::ZERO); V]; M]
    } else {
        std::array::from_fn(|m| output[m])
    };
    for (line, row) in delta.iter().zip(weight.chunks(fan_in)) {
        let row = &row[..M];
        add_line(simd, &mut sums, std::array::from_fn(|m| row[m]), line);
    }
    output.copy_from_slice(&sums);
}
