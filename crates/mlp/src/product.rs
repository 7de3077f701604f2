//! The matrix product of everything that is not a training step: `nalgebra`'s.
//!
//! It shares nothing with the kernels of the step, so that what is computed with it checks them. All storage is
//! column-major, so a slice and two numbers are a matrix.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};

use crate::Scalar;

/// What becomes of the values that a product is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accum {
    /// They are not read.
    Replace,
    /// The product is added to them.
    Add,
}

/// A column-major matrix over a slice.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) n_rows: usize,
}

impl<'a, T> Columns<'a, T> {
    pub(crate) fn new(values: &'a [T], n_rows: usize) -> Self {
        debug_assert!(n_rows > 0 && values.len().is_multiple_of(n_rows));
        Self { values, n_rows }
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.values.len() / self.n_rows
    }

    /// Some of the columns.
    pub(crate) fn range(&self, columns: std::ops::Range<usize>) -> Self {
        Self {
            values: &self.values[columns.start * self.n_rows..columns.end * self.n_rows],
            n_rows: self.n_rows,
        }
    }
}

impl<'a, T> Columns<'a, T> {
    /// This matrix as a factor of a product.
    pub(crate) fn plain(self) -> Factor<'a, T> {
        let is_transposed = false;
        Factor {
            matrix: self,
            is_transposed,
        }
    }

    /// Its transpose as a factor of a product.
    pub(crate) fn transposed(self) -> Factor<'a, T> {
        let is_transposed = true;
        Factor {
            matrix: self,
            is_transposed,
        }
    }
}

/// A factor of a product: a matrix or a transpose.
#[derive(Clone, Copy)]
pub(crate) struct Factor<'a, T> {
    matrix: Columns<'a, T>,
    is_transposed: bool,
}

impl<'a, T: Scalar> Factor<'a, T> {
    fn view(&self) -> DMatrixView<'a, T> {
        let Columns { values, n_rows } = self.matrix;
        DMatrixView::from_slice(values, n_rows, self.matrix.n_columns())
    }

    /// A transpose, written out: nalgebra 0.35 reads beyond its slices where a factor is a small view with strides of its own.
    fn written_out(&self) -> Option<DMatrix<T>> {
        self.is_transposed.then(|| self.view().transpose())
    }
}

smallbatch_base::compiled! {
    /// `dst = alpha · lhs · rhs` ([`Accum::Replace`]) or `dst += alpha · lhs · rhs` ([`Accum::Add`]), either factor
    /// transposed where it says so; dst is column-major, `(lhs rows, rhs columns)`.
    ///
    /// Panics where the shapes do not fit: they are checked at the crate's border.
    pub(crate) fn matmul(
        dst: &'a mut [T],
        accum: Accum,
        lhs: Factor<'a, T>,
        rhs: Factor<'a, T>,
        alpha: T,
    ) -> () = matmul_here;
}

fn matmul_here<T: Scalar>(
    dst: &mut [T],
    accum: Accum,
    lhs: Factor<'_, T>,
    rhs: Factor<'_, T>,
    alpha: T,
) {
    let beta = match accum {
        Accum::Replace => T::zero(),
        Accum::Add => T::one(),
    };
    let (written_left, written_right) = (lhs.written_out(), rhs.written_out());
    let left = written_left
        .as_ref()
        .map_or_else(|| lhs.view(), DMatrix::as_view);
    let right = written_right
        .as_ref()
        .map_or_else(|| rhs.view(), DMatrix::as_view);
    DMatrixViewMut::from_slice(dst, left.nrows(), right.ncols()).gemm(alpha, &left, &right, beta);
}

#[cfg(test)]
mod tests {
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

            for (lhs, rhs) in [
                (a_.plain(), b_.plain()),
                (at_.transposed(), b_.plain()),
                (a_.plain(), bt_.transposed()),
                (at_.transposed(), bt_.transposed()),
            ] {
                let mut out = c.clone();
                matmul(out.as_mut_slice(), Accum::Replace, lhs, rhs, 1.0);
                prop_assert!(close(&out, &(&a * &b)));
                let mut out = c.clone();
                matmul(out.as_mut_slice(), Accum::Add, lhs, rhs, -0.5);
                prop_assert!(close(&out, &(&c - &a * &b * 0.5)));
            }
        }
    }
}
