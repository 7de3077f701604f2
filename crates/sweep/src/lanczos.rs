//! The largest eigenvalue of a symmetric matrix of which only products are known.

use nalgebra::{DMatrix, DVector};
use xxhash_rust::xxh3::xxh3_64;

/// It is settled when its direction is off an eigenvector by no more than this part of it. The error of the value is then about
/// the square, and never more than this.
const TOLERANCE: f64 = 1e-4;

/// Products at most. What is found by then is a little low at worst.
const MOST_PRODUCTS: usize = 200;

/// The eigenvalue is looked at after so many products.
const LOOK: usize = 4;

/// By the method of Lanczos (1950), with full reorthogonalization: the largest one algebraically, also where another is larger in
/// size, or as large with the other sign. Power iteration finds the largest in size, and rests on neither of two such: they are
/// usual for networks on raw inputs, whose output is saturated.
///
/// # Errors
/// Those of `product`.
pub(crate) fn largest_eigenvalue<E>(
    n: usize,
    mut product: impl FnMut(&DVector<f64>) -> Result<DVector<f64>, E>,
) -> Result<f64, E> {
    let mut basis = vec![first_direction(n)];
    let (mut diagonal, mut beside): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let most = n.min(MOST_PRODUCTS);
    loop {
        let newest = &basis[basis.len() - 1];
        let mut next = product(newest)?;
        diagonal.push(newest.dot(&next));
        // Twice is enough: the first pass leaves rounding of what it takes away.
        for direction in basis.iter().chain(&basis) {
            next.axpy(-direction.dot(&next), direction, 1.0);
        }
        let rest = next.norm();
        let largest = diagonal
            .iter()
            .chain(&beside)
            .fold(0.0f64, |a, b| a.max(b.abs()));
        let is_whole = rest <= f64::EPSILON * n as f64 * largest;
        let k = diagonal.len();
        if is_whole || k == most || k.is_multiple_of(LOOK) {
            let (value, share) = largest_of_tridiagonal(&diagonal, &beside);
            if is_whole || k == most || rest * share.abs() <= TOLERANCE * value.abs() {
                return Ok(value);
            }
        }
        beside.push(rest);
        basis.push(next / rest);
    }
}

/// Any direction that has something of every eigenvector, the same for the same length.
fn first_direction(n: usize) -> DVector<f64> {
    let uniform = |index: usize, _| {
        let hash = xxh3_64(&(index as u64).to_le_bytes());
        hash as f64 / u64::MAX as f64 - 0.5
    };
    DVector::from_fn(n, uniform).normalize()
}

/// The largest eigenvalue, and the last component of its eigenvector.
fn largest_of_tridiagonal(diagonal: &[f64], beside: &[f64]) -> (f64, f64) {
    let k = diagonal.len();
    let matrix = DMatrix::from_fn(k, k, |row, column| {
        if row == column {
            diagonal[row]
        } else if row.abs_diff(column) == 1 {
            beside[row.min(column)]
        } else {
            0.0
        }
    });
    let eigen = matrix.symmetric_eigen();
    let place = eigen.eigenvalues.imax();
    (eigen.eigenvalues[place], eigen.eigenvectors[(k - 1, place)])
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// The largest eigenvalue that is found, and the products that it took.
    fn of(matrix: &DMatrix<f64>) -> (f64, usize) {
        let mut n_products = 0;
        let product = |direction: &DVector<f64>| {
            n_products += 1;
            Ok::<_, Infallible>(matrix * direction)
        };
        let Ok(value) = largest_eigenvalue(matrix.nrows(), product);
        (value, n_products)
    }

    /// A matrix with these eigenvalues, in directions that are none of the axes'.
    fn with_eigenvalues(values: &[f64]) -> DMatrix<f64> {
        let n = values.len();
        let mirror = first_direction(n).map(|value| value + 0.1).normalize();
        let rotation = DMatrix::identity(n, n) - 2.0 * &mirror * mirror.transpose();
        &rotation * DMatrix::from_diagonal(&DVector::from_column_slice(values)) * rotation
    }

    #[test]
    fn the_largest_is_found_beside_one_of_the_same_size_and_other_sign() {
        let mut values = vec![1e-3; 300];
        (values[7], values[8], values[200]) = (-5.0, 5.0, 4.9);
        let (value, n_products) = of(&with_eigenvalues(&values));
        assert!(
            (value - 5.0).abs() < 1e-6 && n_products < 40,
            "{value} {n_products}"
        );
        (values[8], values[200]) = (0.3, 0.2);
        let (value, _) = of(&with_eigenvalues(&values));
        assert!((value - 0.3).abs() < 1e-6, "{value}");
    }

    #[test]
    fn simple_matrices_take_few_products() {
        assert_eq!(of(&DMatrix::zeros(5, 5)), (0.0, 1));
        let (value, n_products) = of(&(DMatrix::identity(50, 50) * -3.0));
        assert!(
            (value + 3.0).abs() < 1e-12 && n_products == 1,
            "{value} {n_products}"
        );
        assert_eq!(of(&DMatrix::from_element(1, 1, -2.0)), (-2.0, 1));
    }

    proptest! {
        #[test]
        fn it_is_the_largest_of_the_whole_spectrum(
            entries in prop::collection::vec(-1.0..1.0f64, 144),
            shift in -20.0..20.0f64,
        ) {
            let half = DMatrix::from_vec(12, 12, entries);
            let matrix = &half + half.transpose() + DMatrix::identity(12, 12) * shift;
            let expected = matrix.symmetric_eigenvalues().max();
            let (value, _) = of(&matrix);
            let size = matrix.norm();
            prop_assert!((value - expected).abs() < 1e-4 * size, "{value} {expected}");
        }
    }
}
