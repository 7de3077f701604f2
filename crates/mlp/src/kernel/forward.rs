//! Z = W·A + b.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::tile::{
    add_lines, each_panel, each_panel_mut, flush, in_pairs, load_tile, rectify, store_tile,
};
use super::{Vectors, in_tiles, most_rows, with_line};

/// How many inputs, of one panel or half as many of each of two, are multiplied with all rows of the weight before the next:
/// their lines take half of a first-level cache.
const BLOCK: usize = 256;

/// How many rows of the weight are multiplied with one panel before the next panel: with a block's columns they take a fifth
/// of a second-level cache, so that memory further away is read once for all panels. A multiple of the tile's rows.
const ROWS: usize = 96;

/// `output = weight · input + bias`, for each panel: `n_panels` panels of a line a unit. Of the weight, the units' rows.
///
/// The input may come in parts, one call each, from the first to the last: `input` has the lines of these `inputs` only. The
/// sums are the same to the bit. Once the last input was added, sums that are too small to matter become 0; where it
/// `rectifies`, negative ones as well: ReLU in the registers in which the sums are.
pub(crate) fn forward<T: Vectors>(
    output: &mut [T],
    weight: &[T],
    bias: &[T],
    input: &[T],
    inputs: Range<usize>,
    n_panels: usize,
    rectifies: bool,
) {
    Arch::new().dispatch(Forward {
        output: &mut output[..n_panels * bias.len() * T::PANEL],
        weight,
        bias,
        input: &input[..n_panels * inputs.len() * T::PANEL],
        inputs,
        rectifies,
    });
}

/// For all panels.
pub(super) struct Forward<'a, T> {
    pub(super) output: &'a mut [T],
    pub(super) weight: &'a [T],
    pub(super) bias: &'a [T],
    pub(super) input: &'a [T],
    pub(super) inputs: Range<usize>,
    pub(super) rectifies: bool,
}

impl<T: Vectors> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let n_panels = self.output.len() / (self.bias.len() * T::PANEL);
        with_line!(T, S, |V| {
            let n_in_pairs = in_pairs::<V>(n_panels);
            if const { V == 1 } {
                self.blocks::<S, 2, V>(simd, 0..n_in_pairs);
            }
            self.blocks::<S, 1, V>(simd, n_in_pairs..n_panels);
        });
    }
}

impl<T: Vectors> Forward<'_, T> {
    /// Some of the panels, P at a time.
    #[inline(always)]
    fn blocks<S: Simd, const P: usize, const V: usize>(&mut self, simd: S, panels: Range<usize>) {
        let (n_units, n_inputs) = (self.bias.len(), self.inputs.len());
        let fan_in = self.weight.len() / n_units;
        let (input, _) = T::vectors::<S>(self.input);
        let (input, _) = input.as_chunks::<V>();
        let input = &input[panels.start * n_inputs..panels.end * n_inputs];
        let (output, _) = T::vectors_mut::<S>(self.output);
        let (output, _) = output.as_chunks_mut::<V>();
        let output = &mut output[panels.start * n_units..panels.end * n_units];
        for start in (0..n_inputs).step_by(BLOCK / P) {
            let block = start..(start + BLOCK / P).min(n_inputs);
            let first_input = self.inputs.start + start;
            let finish = match (self.inputs.start + block.end == fan_in, self.rectifies) {
                (false, _) => Finish::GoesOn,
                (true, true) => Finish::Rectify,
                (true, false) => Finish::Flush,
            };
            for first_unit in (0..n_units).step_by(ROWS) {
                let units = first_unit..(first_unit + ROWS).min(n_units);
                let (weight, bias) = (
                    &self.weight[units.start * fan_in..units.end * fan_in],
                    &self.bias[units.clone()],
                );
                for (output, input) in output
                    .chunks_exact_mut(P * n_units)
                    .zip(input.chunks_exact(P * n_inputs))
                {
                    let mut output = each_panel_mut::<_, P>(output, n_units, &units);
                    let input = each_panel::<_, P>(input, n_inputs, &block);
                    in_tiles!(most_rows(V), bias.len(), |M, unit| tile::<T, S, M, P, V>(
                        simd,
                        &mut output,
                        unit,
                        &weight[unit * fan_in + first_input..],
                        fan_in,
                        (first_input == 0).then_some(bias),
                        input,
                        finish,
                    ));
                }
            }
        }
    }
}

/// What happens to sums before they are stored.
#[derive(Clone, Copy)]
enum Finish {
    /// Other inputs will be added.
    GoesOn,
    Rectify,
    Flush,
}

/// M units from this one on, over one block of inputs, for P panels: their sums begin with the bias or, where none is given,
/// go on with what is in the output.
#[inline(always)]
#[allow(
    clippy::too_many_arguments,
    clippy::type_complexity,
    reason = "inlined, and called once"
)]
fn tile<T: Vectors, S: Simd, const M: usize, const P: usize, const V: usize>(
    simd: S,
    output: &mut [&mut [[T::Vector<S>; V]]; P],
    unit: usize,
    weight: &[T],
    fan_in: usize,
    bias: Option<&[T]>,
    input: [&[[T::Vector<S>; V]]; P],
    finish: Finish,
) {
    let mut sums: [_; M] = match bias {
        Some(bias) => {
            let bias = &bias[unit..][..M];
            let mut sums = [[[T::splat(simd, T::ZERO); V]; P]; M];
            for m in 0..M {
                sums[m] = [[T::splat(simd, bias[m]); V]; P];
            }
            sums
        }
        None => load_tile(output, unit),
    };
    let n = input[0].len();
    let mut rows: [&[T]; M] = [&[]; M];
    let mut fours: [&[[T; 4]]; M] = [&[]; M];
    for m in 0..M {
        rows[m] = &weight[m * fan_in..][..n];
        fours[m] = rows[m].as_chunks().0;
    }
    let mut lines: [&[[[T::Vector<S>; V]; 4]]; P] = [&[]; P];
    for p in 0..P {
        lines[p] = input[p].as_chunks().0;
    }
    for four in 0..n / 4 {
        let mut w = [&fours[0][four]; M];
        for m in 1..M {
            w[m] = &fours[m][four];
        }
        for k in 0..4 {
            add_lines!(simd, sums, |m| w[m][k], |p| lines[p][four][k]);
        }
    }
    for k in n / 4 * 4..n {
        add_lines!(simd, sums, |m| rows[m][k], |p| input[p][k]);
    }
    match finish {
        Finish::GoesOn => {}
        Finish::Rectify => rectify::<T, S, M, P, V>(simd, &mut sums),
        Finish::Flush => flush::<T, S, M, P, V>(simd, &mut sums, T::SMALLEST),
    }
    store_tile(output, unit, &sums);
}
