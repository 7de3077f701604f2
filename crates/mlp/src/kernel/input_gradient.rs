//! dA = Wᵀ·dZ.

use pulp::{Arch, Simd, WithSimd};

use super::forward::add_line;
use super::{Vectors, in_sixes, with_line};

/// How many units are added up before the next inputs: a column of the weight's lines stays in cache, even where its rows
/// are a power of two apart.
const BLOCK: usize = 128;

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
    for (output, delta) in output
        .chunks_exact_mut(inputs.len() * T::PANEL)
        .zip(delta.chunks_exact(units.len() * T::PANEL))
        .take(n_panels)
    {
        Arch::new().dispatch(InputGradient {
            output,
            weight,
            fan_in,
            delta,
            first_unit: units.start,
            first_input: inputs.start,
        });
    }
}

/// For one panel.
pub(super) struct InputGradient<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) weight: &'a [T],
    pub(super) fan_in: usize,
    pub(super) delta: &'a [T],
    pub(super) first_unit: usize,
    pub(super) first_input: usize,
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
        let (delta, _) = T::vectors::<S>(self.delta);
        let (delta, _) = delta.as_chunks::<V>();
        for start in (0..delta.len()).step_by(BLOCK) {
            let block = &delta[start..(start + BLOCK).min(delta.len())];
            in_sixes!(self.output.len() / T::PANEL, |M, input| self
                .tile::<S, M, V>(simd, block, start, input));
        }
    }

    /// M inputs over one block of units.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        delta: &[[T::Vector<S>; V]],
        start: usize,
        input: usize,
    ) {
        let first = self.first_unit + start;
        let weight = &self.weight[first * self.fan_in + self.first_input + input..];
        let (output, _) = T::vectors_mut::<S>(self.output);
        let (output, _) = output.as_chunks_mut::<V>();
        let output = &mut output[input..input + M];

        let mut sums: [[T::Vector<S>; V]; M] = if first == 0 {
            [[T::splat(simd, T::ZERO); V]; M]
        } else {
            std::array::from_fn(|m| output[m])
        };
        for (line, row) in delta.iter().zip(weight.chunks(self.fan_in)) {
            let row = &row[..M];
            add_line(simd, &mut sums, std::array::from_fn(|m| row[m]), line);
        }
        output.copy_from_slice(&sums);
    }
}
