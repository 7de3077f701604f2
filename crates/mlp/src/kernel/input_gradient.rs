//! dA = Wᵀ·dZ.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::tile::{
    add_lines, each_panel, each_panel_mut, flush, in_pairs, load_tile, mask, store_tile,
};
use super::{Vectors, in_tiles, most_rows, with_line};

/// How many lines of deltas are added up before the next inputs: a column of the weight's lines stays in cache, even where its
/// rows are a power of two apart. Where a vector is a whole line, they are of all panels that are taken at a time; else of
/// one, and fewer: rows of 2 kB take half a page each, and must fit the processor's first table of pages, of 64 entries (1.1
/// times as fast as 128 with AVX2, for 512 units and inputs).
const BLOCK_OF_LINES: usize = 128;
const BLOCK: usize = 96;

/// How many inputs are computed of one panel before the next panel: their part of a block of the weight takes less than a tenth
/// of a second-level cache, so that memory further away is read once for all panels. A multiple of the tile's rows.
const COLUMNS: usize = 96;

/// `output = (weightᵀ · delta)[inputs]`, for each panel: `n_panels` panels of `delta`, a line for each of these `units`, and
/// of `output`, a line for each input of the range.
///
/// The deltas may come in parts, one call each, from the first to the last. The sums are the same to the bit. Once the last
/// unit was added, sums that are too small to matter become 0. Where there are `rectified` activations of the inputs, laid out
/// as the output, so do those where these are not above 0, and the others are multiplied by the factor: the slope of ReLU, and
/// of dropout.
pub(crate) fn input_gradient<T: Vectors>(
    Gradient {
        output,
        rectified,
        factor,
    }: Gradient<'_, T>,
    weight: &[T],
    fan_in: usize,
    delta: &[T],
    units: Range<usize>,
    inputs: Range<usize>,
    n_panels: usize,
) {
    let size = n_panels * inputs.len() * T::PANEL;
    Arch::new().dispatch(InputGradient {
        output: &mut output[..size],
        rectified: rectified.map(|activations| &activations[..size]),
        factor,
        weight,
        fan_in,
        delta: &delta[..n_panels * units.len() * T::PANEL],
        units,
        inputs,
    });
}

/// Where the gradient goes, and what it is masked by.
pub(crate) struct Gradient<'a, T> {
    pub(crate) output: &'a mut [T],
    pub(crate) rectified: Option<&'a [T]>,
    /// Only where there are rectified activations.
    pub(crate) factor: Option<T>,
}

/// For all panels.
pub(super) struct InputGradient<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) rectified: Option<&'a [T]>,
    pub(super) factor: Option<T>,
    pub(super) weight: &'a [T],
    pub(super) fan_in: usize,
    pub(super) delta: &'a [T],
    pub(super) units: Range<usize>,
    pub(super) inputs: Range<usize>,
}

impl<T: Vectors> WithSimd for InputGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let n_panels = self.output.len() / (self.inputs.len() * T::PANEL);
        with_line!(T, S, |V| {
            let n_in_pairs = in_pairs::<V>(n_panels);
            if const { V == 1 } {
                self.blocks::<S, 2, V>(simd, 0..n_in_pairs);
            }
            self.blocks::<S, 1, V>(simd, n_in_pairs..n_panels);
        });
    }
}

impl<T: Vectors> InputGradient<'_, T> {
    /// Some of the panels, P at a time.
    #[inline(always)]
    fn blocks<S: Simd, const P: usize, const V: usize>(&mut self, simd: S, panels: Range<usize>) {
        let (n_units, n_inputs) = (self.units.len(), self.inputs.len());
        let (delta, _) = T::vectors::<S>(self.delta);
        let (delta, _) = delta.as_chunks::<V>();
        let delta = &delta[panels.start * n_units..panels.end * n_units];
        let (output, _) = T::vectors_mut::<S>(self.output);
        let (output, _) = output.as_chunks_mut::<V>();
        let range = panels.start * n_inputs..panels.end * n_inputs;
        let output = &mut output[range.clone()];
        let rectified = self.rectified.map(|activations| {
            let (activations, _) = T::vectors::<S>(activations);
            &activations.as_chunks::<V>().0[range]
        });
        let all_units = self.weight.len() / self.fan_in;
        let block = if V == 1 { BLOCK_OF_LINES / P } else { BLOCK };
        for start in (0..n_units).step_by(block) {
            let block = start..(start + block).min(n_units);
            let first_unit = self.units.start + start;
            let is_last = self.units.start + block.end == all_units;
            let rectified = rectified.filter(|_| is_last);
            for first in (0..n_inputs).step_by(COLUMNS) {
                let inputs = first..(first + COLUMNS).min(n_inputs);
                let weight = &self.weight[first_unit * self.fan_in + self.inputs.start + first..];
                for (pair, (output, delta)) in output
                    .chunks_exact_mut(P * n_inputs)
                    .zip(delta.chunks_exact(P * n_units))
                    .enumerate()
                {
                    let rectified = rectified.map(|lines| {
                        let lines = &lines[pair * P * n_inputs..][..P * n_inputs];
                        each_panel::<_, P>(lines, n_inputs, &inputs)
                    });
                    let mut output = each_panel_mut::<_, P>(output, n_inputs, &inputs);
                    let delta = each_panel::<_, P>(delta, n_units, &block);
                    in_tiles!(
                        most_rows(V),
                        inputs.len(),
                        |M, input| tile::<T, S, M, P, V>(
                            simd,
                            &mut output,
                            input,
                            &weight[input..],
                            self.fan_in,
                            delta,
                            first_unit == 0,
                            is_last.then_some((rectified.as_ref(), self.factor)),
                        )
                    );
                }
            }
        }
    }
}

/// M inputs from this one on, over one block of units, for P panels: their sums begin with 0 or go on with what is in the
/// output.
#[inline(always)]
#[allow(
    clippy::too_many_arguments,
    clippy::type_complexity,
    reason = "inlined, and called once"
)]
fn tile<T: Vectors, S: Simd, const M: usize, const P: usize, const V: usize>(
    simd: S,
    output: &mut [&mut [[T::Vector<S>; V]]; P],
    input: usize,
    weight: &[T],
    fan_in: usize,
    delta: [&[[T::Vector<S>; V]]; P],
    is_first: bool,
    last: Option<(Option<&[&[[T::Vector<S>; V]]; P]>, Option<T>)>,
) {
    let mut sums: [_; M] = if is_first {
        [[[T::splat(simd, T::ZERO); V]; P]; M]
    } else {
        load_tile(output, input)
    };
    // By hand, without the division by which `chunks` counts them.
    let mut rows = weight;
    #[allow(
        clippy::needless_range_loop,
        reason = "an iterator over one of P panels hides that the others are as long"
    )]
    for unit in 0..delta[0].len() {
        let row = &rows[..M];
        add_lines!(simd, sums, |m| row[m], |p| delta[p][unit]);
        rows = rows.get(fan_in..).unwrap_or_default();
    }
    if let Some((rectified, factor)) = last {
        if let Some(rectified) = rectified {
            mask::<T, S, M, P, V>(simd, &mut sums, rectified, input, factor);
        }
        flush::<T, S, M, P, V>(simd, &mut sums, T::SMALLEST_DELTA);
    }
    store_tile(output, input, &sums);
}
