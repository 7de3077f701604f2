//! Arrays of ndarray, in and out.
//!
//! There a sample is a row, as in numpy; here it is a column. In memory the two are the same: an array of shape (`n_samples`,
//! `n_features`) in C order has a sample's features side by side, and so has a matrix of nalgebra of shape (`n_features`, `n_samples`). So an
//! array is read as it lies, and what a model predicts is an array again, both without a copy.
//!
//! ```
//! use ndarray::array;
//! use smallbatch::arrays;
//! use smallbatch::prelude::*;
//!
//! // Three samples (rows) of two features (columns).
//! let rows = array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]];
//! let features = arrays::view(rows.view())?;
//! assert_eq!(features.shape(), (2, 3));
//!
//! let model = MlpSpec::new([2, 4, 3]).build::<f64>(1)?;
//! let probabilities = model.predict(features)?;
//! let probabilities = arrays::rows(&probabilities);
//! assert_eq!(probabilities.shape(), [3, 3]);
//! assert!((probabilities.row(0).sum() - 1.0).abs() < 1e-12);
//!
//! // A data set keeps its features: that is the one copy.
//! let dataset = Dataset::new(arrays::matrix(rows.view()), Target::classes(vec![0, 1, 2]))?;
//! assert_eq!(dataset.n_samples(), 3);
//! # Ok::<(), smallbatch::Error>(())
//! ```

use nalgebra::{DMatrix, DMatrixView};
use ndarray::ArrayView2;

use crate::Error;

/// An array of samples in rows as a view of samples in columns, of the same memory.
///
/// # Errors
/// [`Error::ArrayOrder`] for an array that is not in C order, such as a transposed one or some columns of a larger one.
pub fn view<T: nalgebra::Scalar>(rows: ArrayView2<'_, T>) -> Result<DMatrixView<'_, T>, Error> {
    let (n_samples, n_features) = rows.dim();
    rows.to_slice()
        .map(|values| DMatrixView::from_slice(values, n_features, n_samples))
        .ok_or(Error::ArrayOrder {
            shape: [n_samples, n_features],
        })
}

/// A copy of an array of samples in rows, in whichever order, as a matrix of samples in columns.
pub fn matrix<T: nalgebra::Scalar>(rows: ArrayView2<'_, T>) -> DMatrix<T> {
    let (n_samples, n_features) = rows.dim();
    // The elements of the rows, one row after the other: those of the columns.
    DMatrix::from_iterator(n_features, n_samples, rows.iter().cloned())
}

/// A matrix of samples in columns as an array of samples in rows, of the same memory.
pub fn rows<T: nalgebra::Scalar>(matrix: &DMatrix<T>) -> ArrayView2<'_, T> {
    // The matrix is in one piece, and has as many elements as its shape says.
    ArrayView2::from_shape((matrix.ncols(), matrix.nrows()), matrix.as_slice())
        .unwrap_or_else(|error| unreachable!("{error}"))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, s};

    use super::*;

    #[test]
    fn views_share_the_memory_and_the_values() {
        let array =
            Array2::from_shape_fn((5, 3), |(sample, feature)| (10 * sample + feature) as f32);
        let seen = view(array.view()).unwrap();
        assert_eq!(seen.as_ptr(), array.as_ptr());
        assert_eq!(seen[(2, 4)], array[(4, 2)]);
        let copied = matrix(array.view());
        assert_eq!(copied, seen);
        let back = rows(&copied);
        assert_eq!(back.as_ptr(), copied.as_ptr());
        assert_eq!(back, array);
        // Some rows of an array are in C order, too.
        assert_eq!(view(array.slice(s![1..3, ..])).unwrap().column(0)[1], 11.0);
        assert_eq!(
            view(Array2::<f32>::zeros((0, 3)).view()).unwrap().shape(),
            (3, 0)
        );
    }

    #[test]
    fn another_order_is_refused_or_copied() {
        let array =
            Array2::from_shape_fn((5, 3), |(sample, feature)| (10 * sample + feature) as f32);
        for other in [
            array.t(),
            array.slice(s![.., 1..]),
            array.slice(s![..;-1, ..]),
        ] {
            let error = view(other).unwrap_err();
            assert!(
                matches!(error, Error::ArrayOrder { shape } if shape == [other.nrows(), other.ncols()])
            );
            assert!(error.to_string().contains("as_standard_layout"));
            let copied = matrix(other);
            assert_eq!(rows(&copied), other);
            assert_eq!(copied, matrix(other.as_standard_layout().view()));
        }
    }
}
