//! Z = W·A + b.

use pulp::{Arch, Simd, WithSimd};

use super::{Vectors, in_sixes, with_line};

/// How many inputs are multiplied with all rows of the weight before the next: their lines take half of a first-level
/// cache.
const BLOCK: usize = 256;

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
    for (output, input) in output
        .chunks_exact_mut(bias.len() * T::PANEL)
        .zip(input.chunks_exact(inputs.len() * T::PANEL))
        .take(n_panels)
    {
        Arch::new().dispatch(Forward {
            output,
            weight,
            bias,
            input,
            first_input: inputs.start,
        });
    }
}

/// For one panel.
pub(super) struct Forward<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) weight: &'a [T],
    pub(super) bias: &'a [T],
    pub(super) input: &'a [T],
    pub(super) first_input: usize,
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
        let (input, _) = T::vectors::<S>(self.input);
        let (input, _) = input.as_chunks::<V>();
        for start in (0..input.len()).step_by(BLOCK) {
            let block = &input[start..(start + BLOCK).min(input.len())];
            in_sixes!(self.bias.len(), |M, unit| self
                .tile::<S, M, V>(simd, block, start, unit));
        }
    }

    /// M units over one block of inputs.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &mut self,
        simd: S,
        input: &[[T::Vector<S>; V]],
        start: usize,
        unit: usize,
    ) {
        let fan_in = self.weight.len() / self.bias.len();
        let first = self.first_input + start;
        let rows: [&[T]; M] =
            std::array::from_fn(|m| &self.weight[(unit + m) * fan_in + first..][..input.len()]);
        let (output, _) = T::vectors_mut::<S>(self.output);
        let (output, _) = output.as_chunks_mut::<V>();
        let output = &mut output[unit..unit + M];

        let mut sums: [[T::Vector<S>; V]; M] = if first == 0 {
            std::array::from_fn(|m| [T::splat(simd, self.bias[unit + m]); V])
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
