//! Products of samples with samples: Aᵀ·A, a pair of panels at a time.

use pulp::{Arch, Simd, WithSimd};

use super::{Vectors, in_tiles, most_rows, with_line};

/// `sums[i][j] += Σ left[unit][i] · right[unit][j]`, where both are panels of a line a unit and the sums a square of lines. Units
/// may come in parts, one call each: the sums are the same to the bit.
pub(crate) fn gram<T: Vectors>(sums: &mut [T], left: &[T], right: &[T]) {
    Arch::new().dispatch(Gram { sums, left, right });
}

pub(super) struct Gram<'a, T> {
    pub(super) sums: &'a mut [T],
    pub(super) left: &'a [T],
    pub(super) right: &'a [T],
}

impl<T: Vectors> WithSimd for Gram<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        with_line!(T, S, |V| in_tiles!(most_rows(V), T::PANEL, |M, lane| self
            .tile::<S, M, V>(simd, lane)));
    }
}

impl<T: Vectors> Gram<'_, T> {
    /// The products of M of the left samples, from this lane on, with all of the right ones.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, lane: usize) {
        let (sums, _) = T::vectors_mut::<S>(self.sums);
        let lines = &mut sums.as_chunks_mut::<V>().0[lane..][..M];
        let mut sums: [[T::Vector<S>; V]; M] = [[T::splat(simd, T::ZERO); V]; M];
        sums.copy_from_slice(lines);
        let (right, _) = T::vectors::<S>(self.right);
        let (right, _) = right.as_chunks::<V>();
        for (left, right) in self.left.chunks_exact(T::PANEL).zip(right) {
            let left = &left[lane..][..M];
            for m in 0..M {
                let factor = T::splat(simd, left[m]);
                for v in 0..V {
                    sums[m][v] = T::mul_add(simd, factor, right[v], sums[m][v]);
                }
            }
        }
        lines.copy_from_slice(&sums);
    }
}
