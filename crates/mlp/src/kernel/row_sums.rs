//! db = dZ·1.

use pulp::{Arch, Simd, WithSimd};

use super::turn::{Block, SIDE, turned};
use crate::Scalar;

/// `sums += panels · 1`, one sum a line, over the panels of all shares of the samples; 0 where that is too small to matter. Lanes
/// beyond the last sample must be zero.
pub(crate) fn row_sums<T: Scalar>(sums: &mut [T], shares: &[&[T]]) {
    Arch::new().dispatch(RowSums { sums, shares });
}

pub(super) struct RowSums<'a, T> {
    pub(super) sums: &'a mut [T],
    pub(super) shares: &'a [&'a [T]],
}

impl<T: Scalar> WithSimd for RowSums<'_, T> {
    type Output = ();

    /// Some lines at a time: their lanes are turned, and then added up side by side. To add up the lanes of each line alone
    /// takes twice as long.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_units = self.sums.len();
        for (some, sums) in self.sums.chunks_mut(SIDE).enumerate() {
            let n_lines = sums.len();
            let mut block: Block<T> = [[T::ZERO; SIDE]; SIDE];
            for share in self.shares {
                for panel in share.chunks_exact(n_units * T::PANEL) {
                    let lines = &panel[some * SIDE * T::PANEL..][..n_lines * T::PANEL];
                    // A loop over all rows, or they would have to be in memory.
                    for (index, row) in block.iter_mut().enumerate() {
                        if index < n_lines {
                            add_line(row, &lines[index * T::PANEL..][..T::PANEL]);
                        }
                    }
                }
            }
            let [a, b, c, d, e, f, g, h] = turned(simd, block);
            let mut all = [T::ZERO; SIDE];
            for (line, sum) in all.iter_mut().enumerate() {
                *sum = ((a[line] + b[line]) + (c[line] + d[line]))
                    + ((e[line] + f[line]) + (g[line] + h[line]));
            }
            for (sum, &more) in sums.iter_mut().zip(&all) {
                *sum = T::flush(*sum + more, T::SMALLEST);
            }
        }
    }
}

/// Both halves, where a line has two.
#[inline(always)]
fn add_line<T: Scalar>(row: &mut [T; SIDE], line: &[T]) {
    for half in line.as_chunks::<SIDE>().0 {
        for (sum, &value) in row.iter_mut().zip(half) {
            *sum += value;
        }
    }
}
