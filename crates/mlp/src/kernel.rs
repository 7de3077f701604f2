//! The three products of a training step, for chunks of a few samples: the hot path.
//!
//! General products pay for packing their factors and for choosing among their ways at every call, which at 16 to 32
//! samples costs as much as the arithmetic. These read every factor where it lies, in the order in which it lies. Three
//! layouts make that possible:
//!
//! - A weight is stored row by row: one unit's `fan_in` weights follow one another.
//! - A chunk's activations and deltas are cut into *panels* of as many samples as fill a line of cache, 64 bytes
//!   ([`Vectors::PANEL`]: 16 f32, 8 f64). A panel has a line for each unit, one after the other. So the samples fill the
//!   processor's vectors, whatever the widths of the layers. Lanes beyond the last sample are zero in inputs and deltas, and
//!   finite in between.
//! - Each layer's input is kept *sample-major* as well, as it comes from a data set, for the weight's gradient.
//!
//! | product | vectors along | broadcast | summed over |
//! |---|---|---|---|
//! | [`forward`]: Z = W·A + b | samples | W, along its rows | inputs |
//! | [`input_gradient`]: dA = Wᵀ·dZ | samples | W, across its rows | units |
//! | [`weight_gradient`]: dW = dZ·Aᵀ | inputs | dZ | samples |
//!
//! Each is cut into tiles whose sums stay in registers: 6 units by one line; where a vector is a whole line, as with AVX-512,
//! there are registers for 8 units by the lines of two panels; where a line is many single numbers, 2 units. All is safe code over slices, compiled by `pulp` for the
//! processor's vectors and chosen at run time.

use smallbatch_base::Vectors;

mod decode;
mod forward;
mod gram;
mod input_gradient;
mod one_sample;
mod row_sums;
mod tile;
mod transpose;
mod turn;
mod weight_gradient;

pub(crate) use decode::{AsTheyAre, Decode, FromBytes, Scaled};
pub(crate) use forward::forward;
pub(crate) use gram::gram;
pub(crate) use input_gradient::{Gradient, input_gradient};
pub(crate) use one_sample::one_sample;
pub(crate) use row_sums::row_sums;
pub(crate) use transpose::{Copies, Source, flush_panels, from_panels, into_panels};
pub(crate) use weight_gradient::{Delta, Input, Onto, Share, weight_gradient};

/// Evaluates `$body` with V, the number of vectors in a line, as a constant. (A constant itself, in a `const`: the compiler never sees the
/// other bodies for this kind of vectors, which were more than half of what it compiled of this crate.)
macro_rules! with_line {
    ($T:ident, $S:ident, |$V:ident| $body:expr) => {
        match const { 64 / size_of::<$T::Vector<$S>>() } {
            1 => {
                const $V: usize = 1;
                $body
            }
            2 => {
                const $V: usize = 2;
                $body
            }
            4 => {
                const $V: usize = 4;
                $body
            }
            8 => {
                const $V: usize = 8;
                $body
            }
            _ => {
                const $V: usize = 16;
                $body
            }
        }
    };
}

/// How many rows a tile of lines of so many vectors may have. Processors with vectors of a whole line have registers for eight rows of
/// two panels, others for six; where a line is eight numbers or more that are computed one by one, two rows are too many as it is.
/// (Twelve were not faster, and widths are mostly multiples of eight.)
const fn most_rows(vectors_in_a_line: usize) -> usize {
    match vectors_in_a_line {
        1 => 8,
        2..=4 => 6,
        _ => 2,
    }
}

/// Evaluates `$body` for `$n` rows, with M as a constant: `$most` at a time, which is 8, 6 or 2; after eights sixes, and then the rest
/// at once.
macro_rules! in_tiles {
    ($most:expr, $n:expr, |$M:ident, $start:ident| $body:expr) => {{
        let n = $n;
        let mut next = 0;
        if const { ($most) == 8 } {
            while next + 8 <= n {
                const $M: usize = 8;
                let $start = next;
                $body;
                next += 8;
            }
        }
        if const { ($most) >= 6 } {
            while next + 6 <= n {
                const $M: usize = 6;
                let $start = next;
                $body;
                next += 6;
            }
            let $start = next;
            match n - next {
                1 => {
                    const $M: usize = 1;
                    $body
                }
                2 => {
                    const $M: usize = 2;
                    $body
                }
                3 => {
                    const $M: usize = 3;
                    $body
                }
                4 => {
                    const $M: usize = 4;
                    $body
                }
                5 => {
                    const $M: usize = 5;
                    $body
                }
                _ => {}
            }
        } else {
            while next + 2 <= n {
                const $M: usize = 2;
                let $start = next;
                $body;
                next += 2;
            }
            if next < n {
                const $M: usize = 1;
                let $start = next;
                $body
            }
        }
    }};
}

use {in_tiles, with_line};

#[cfg(test)]
mod tests;
