//! The one door to the matrix product.
//!
//! `faer`'s kernels run here at 60 to 98 GFLOP/s on the shapes of a training step, where `matrixmultiply`, nalgebra's
//! own, ran at 16 to 84 (one core with AVX-512; `cargo bench -p smallbatch-benches --bench matmul`). All storage is
//! column-major, so a slice and two numbers are a matrix.

use faer::{Accum, MatMut, MatRef};

use crate::Scalar;

/// A column-major matrix over a slice.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) n_rows: usize,
}

impl<'a, T: Scalar> Columns<'a, T> {
    pub(crate) fn new(values: &'a [T], n_rows: usize) -> Self {
        debug_assert!(n_rows > 0 && values.len().is_multiple_of(n_rows));
        Self { values, n_rows }
    }

    pub(crate) fn n_columns(self) -> usize {
        self.values.len() / self.n_rows
    }

    /// Some of the columns.
    pub(crate) fn range(self, columns: std::ops::Range<usize>) -> Self {
        Self {
            values: &self.values[columns.start * self.n_rows..columns.end * self.n_rows],
            n_rows: self.n_rows,
        }
    }

    fn as_mat(self) -> MatRef<'a, T> {
        MatRef::from_column_major_slice(self.values, self.n_rows, self.n_columns())
    }
}

/// `dst = lhs · rhs`; dst is `(lhs rows, rhs columns)`.
pub(crate) fn multiply<T: Scalar>(dst: &mut [T], lhs: Columns<'_, T>, rhs: Columns<'_, T>) {
    let dst = MatMut::from_column_major_slice_mut(dst, lhs.n_rows, rhs.n_columns());
    T::product(dst, Accum::Replace, lhs.as_mat(), rhs.as_mat(), T::one());
}

/// `dst += lhs · rhs`.
pub(crate) fn multiply_add<T: Scalar>(dst: &mut [T], lhs: Columns<'_, T>, rhs: Columns<'_, T>) {
    let dst = MatMut::from_column_major_slice_mut(dst, lhs.n_rows, rhs.n_columns());
    T::product(dst, Accum::Add, lhs.as_mat(), rhs.as_mat(), T::one());
}

/// `dst = lhsᵀ · rhs`; dst is `(lhs columns, rhs columns)`.
pub(crate) fn multiply_transposed_lhs<T: Scalar>(
    dst: &mut [T],
    lhs: Columns<'_, T>,
    rhs: Columns<'_, T>,
) {
    let dst = MatMut::from_column_major_slice_mut(dst, lhs.n_columns(), rhs.n_columns());
    T::product(
        dst,
        Accum::Replace,
        lhs.as_mat().transpose(),
        rhs.as_mat(),
        T::one(),
    );
}

/// `dst += lhsᵀ · rhs`.
pub(crate) fn multiply_transposed_lhs_add<T: Scalar>(
    dst: &mut [T],
    lhs: Columns<'_, T>,
    rhs: Columns<'_, T>,
) {
    let dst = MatMut::from_column_major_slice_mut(dst, lhs.n_columns(), rhs.n_columns());
    T::product(
        dst,
        Accum::Add,
        lhs.as_mat().transpose(),
        rhs.as_mat(),
        T::one(),
    );
}

/// `dst += alpha · lhs · rhsᵀ`; dst is `(lhs rows, rhs rows)`.
pub(crate) fn multiply_transposed_rhs_add<T: Scalar>(
    dst: &mut [T],
    alpha: T,
    lhs: Columns<'_, T>,
    rhs: Columns<'_, T>,
) {
    let dst = MatMut::from_column_major_slice_mut(dst, lhs.n_rows, rhs.n_rows);
    T::product(
        dst,
        Accum::Add,
        lhs.as_mat(),
        rhs.as_mat().transpose(),
        alpha,
    );
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use proptest::prelude::*;

    use super::*;

    fn matrix(rows: usize, columns: usize, offset: f64) -> DMatrix<f64> {
        #[allow(clippy::cast_precision_loss)]
        DMatrix::from_fn(rows, columns, |i, j| {
            ((i * 7 + j * 13) as f64 * 0.37 + offset).sin()
        })
    }

    proptest! {
        /// Every door gives what nalgebra's own product gives.
        #[test]
        fn agrees_with_nalgebra(m in 1_usize..40, k in 1_usize..40, n in 1_usize..40) {
            let (a, b, c) = (matrix(m, k, 0.1), matrix(k, n, 0.2), matrix(m, n, 0.3));
            let (at, bt) = (a.transpose(), b.transpose());
            let [a_, b_, at_, bt_] = [&a, &b, &at, &bt].map(|x| Columns::new(x.as_slice(), x.nrows()));
            let close = |found: &DMatrix<f64>, expected: &DMatrix<f64>| (found - expected).amax() < 1e-13;

            let mut out = c.clone();
            multiply(out.as_mut_slice(), a_, b_);
            prop_assert!(close(&out, &(&a * &b)));
            let mut out = c.clone();
            multiply_add(out.as_mut_slice(), a_, b_);
            prop_assert!(close(&out, &(&c + &a * &b)));
            let mut out = c.clone();
            multiply_transposed_lhs(out.as_mut_slice(), at_, b_);
            prop_assert!(close(&out, &(&a * &b)));
            let mut out = c.clone();
            multiply_transposed_lhs_add(out.as_mut_slice(), at_, b_);
            prop_assert!(close(&out, &(&c + &a * &b)));
            let mut out = c.clone();
            multiply_transposed_rhs_add(out.as_mut_slice(), -0.5, a_, bt_);
            prop_assert!(close(&out, &(&c - &a * &b * 0.5)));
        }
    }
}
