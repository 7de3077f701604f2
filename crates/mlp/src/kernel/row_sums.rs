//! db = dZ·1.

use pulp::{Arch, Simd, WithSimd};

use super::{Vectors, with_line};

/// `sums += panels · 1`, one sum a line, over the panels of all shares of the samples; 0 where that is too small to matter. Lanes
/// beyond the last sample must be zero.
pub(crate) fn row_sums<T: Vectors>(sums: &mut [T], shares: &[&[T]]) {
    Arch::new().dispatch(RowSums { sums, shares });
}

pub(super) struct RowSums<'a, T> {
    pub(super) sums: &'a mut [T],
    pub(super) shares: &'a [&'a [T]],
}

impl<T: Vectors> WithSimd for RowSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        with_line!(T, S, |V| self.lines::<S, V>(simd));
    }
}

impl<T: Vectors> RowSums<'_, T> {
    #[inline(always)]
    fn lines<S: Simd, const V: usize>(self, simd: S) {
        let n_units = self.sums.len();
        for (unit, sum) in self.sums.iter_mut().enumerate() {
            // The panels first, then the line's vectors, and the lanes but once.
            let mut line = [T::splat(simd, T::ZERO); V];
            for share in self.shares {
                let (lines, _) = T::vectors::<S>(share);
                for values in lines.as_chunks::<V>().0.iter().skip(unit).step_by(n_units) {
                    for (sum, &values) in line.iter_mut().zip(values) {
                        *sum = T::add_vectors(simd, *sum, values);
                    }
                }
            }
            let all = line[1..]
                .iter()
                .fold(line[0], |all, &part| T::add_vectors(simd, all, part));
            *sum = T::flush(T::add(*sum, T::sum_of_lanes(simd, all)));
        }
    }
}
