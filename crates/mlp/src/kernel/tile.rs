//! What the tiles of the products share.
//!
//! Arrays are filled by loops here and in the products. `std::array::from_fn` gives the same machine code, but hundreds of copies of
//! its parts reach the optimizer first: two fifths of what it read of this crate.

use std::ops::Range;

use pulp::Simd;

use super::Vectors;

/// How many of the panels are taken two at a time: all pairs where a vector is a whole line (V is 1), as with AVX-512 and its 32
/// registers; else a line's own vectors fill the registers.
#[inline(always)]
pub(super) const fn in_pairs<const V: usize>(n_panels: usize) -> usize {
    if V == 1 { n_panels / 2 * 2 } else { 0 }
}

/// These lines of each of P panels of `n_lines`.
#[inline(always)]
pub(super) fn each_panel<'a, L, const P: usize>(
    panels: &'a [L],
    n_lines: usize,
    lines: &Range<usize>,
) -> [&'a [L]; P] {
    let mut result: [&[L]; P] = [&[]; P];
    for (result, panel) in result.iter_mut().zip(panels.chunks_exact(n_lines)) {
        *result = &panel[lines.clone()];
    }
    result
}

/// The same, to be changed.
#[inline(always)]
pub(super) fn each_panel_mut<'a, L, const P: usize>(
    panels: &'a mut [L],
    n_lines: usize,
    lines: &Range<usize>,
) -> [&'a mut [L]; P] {
    let mut result: [&mut [L]; P] = std::array::from_fn(|_| [].as_mut_slice());
    for (result, panel) in result.iter_mut().zip(panels.chunks_exact_mut(n_lines)) {
        *result = &mut panel[lines.clone()];
    }
    result
}

/// The lines from `first` on of each panel, as the sums of a tile.
#[inline(always)]
pub(super) fn load_tile<L: Copy, const M: usize, const P: usize>(
    panels: &[&mut [L]; P],
    first: usize,
) -> [[L; P]; M] {
    let mut sums = [[panels[0][first]; P]; M];
    for p in 0..P {
        let lines = &panels[p][first..][..M];
        for m in 0..M {
            sums[m][p] = lines[m];
        }
    }
    sums
}

/// And back.
#[inline(always)]
pub(super) fn store_tile<L: Copy, const M: usize, const P: usize>(
    panels: &mut [&mut [L]; P],
    first: usize,
    sums: &[[L; P]; M],
) {
    for (p, panel) in panels.iter_mut().enumerate() {
        for (line, sums) in panel[first..][..M].iter_mut().zip(sums) {
            *line = sums[p];
        }
    }
}

/// `sums += w · lineᵀ`, for a line of each of P panels. (A macro, as [`each_vector`].)
macro_rules! add_lines {
    ($simd:expr, $sums:expr, |$m:ident| $w:expr, |$p:ident| $line:expr) => {
        for $m in 0..M {
            let w = T::splat($simd, $w);
            for $p in 0..P {
                for v in 0..V {
                    $sums[$m][$p][v] = T::mul_add($simd, w, $line[v], $sums[$m][$p][v]);
                }
            }
        }
    };
}
pub(super) use add_lines;

/// Changes every vector of a tile. (A macro, since a closure would not surely be compiled for the processor's vectors.)
macro_rules! each_vector {
    ($sums:expr, |$sum:ident| $changed:expr) => {
        for sums in $sums.iter_mut() {
            for sums in sums.iter_mut() {
                for sum in sums.iter_mut() {
                    let $sum = *sum;
                    *sum = $changed;
                }
            }
        }
    };
}

/// 0 in the place of sums below the smallest that matters: ReLU.
#[inline(always)]
pub(super) fn rectify<T: Vectors, S: Simd, const M: usize, const P: usize, const V: usize>(
    simd: S,
    sums: &mut [[[T::Vector<S>; V]; P]; M],
) {
    each_vector!(sums, |sum| T::rectified(simd, sum));
}

/// 0 in the place of sums that are too small to matter.
#[inline(always)]
pub(super) fn flush<T: Vectors, S: Simd, const M: usize, const P: usize, const V: usize>(
    simd: S,
    sums: &mut [[[T::Vector<S>; V]; P]; M],
    smallest: T,
) {
    each_vector!(sums, |sum| T::flushed(simd, sum, smallest));
}

/// The sums times a factor where the lines from `first` on of each panel are above 0; elsewhere 0.
#[inline(always)]
pub(super) fn mask<T: Vectors, S: Simd, const M: usize, const P: usize, const V: usize>(
    simd: S,
    sums: &mut [[[T::Vector<S>; V]; P]; M],
    panels: &[&[[T::Vector<S>; V]]; P],
    first: usize,
    factor: Option<T>,
) {
    for p in 0..P {
        let lines = &panels[p][first..][..M];
        for m in 0..M {
            for v in 0..V {
                sums[m][p][v] = T::where_positive(simd, lines[m][v], sums[m][p][v]);
            }
        }
    }
    if let Some(factor) = factor {
        let factor = T::splat(simd, factor);
        each_vector!(sums, |sum| T::mul_vectors(simd, sum, factor));
    }
}
