//! The largest eigenvalue of a symmetric matrix of which only products are known.

use serde::{Deserialize, Serialize};

use nalgebra::DMatrix;

use crate::error::{require, require_finite};
use crate::{Error, Scalar};

/// When the method of Lanczos stops.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, Lanczos, MlpSpec, Targets};
///
/// let inputs = dmatrix![1.0_f64, -2.0, 0.5; 0.0, 3.0, 1.0];
/// let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1, 1]));
/// let network = MlpSpec::new([2, 4, 2]).build::<f64>(0)?;
/// let two_products = Lanczos { max_products: 2, ..Lanczos::default() };
/// let rough = network.largest_hessian_eigenvalue(&batch, two_products)?;
/// assert!(rough.products == 2 && !rough.converged);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lanczos {
    /// Stop when \|H·v - λ·v\| is at most this part of \|λ\|, or no more than rounding makes of it: four machine epsilons of the
    /// largest eigenvalue in size. The error of λ is never more than that, and usually about its square. Finite and above 0;
    /// default 1e-4.
    pub tolerance: f64,
    /// Stop after this many products; at least 1, default 200. Each leaves a vector as long as the parameters in memory.
    pub max_products: usize,
    /// The seed of the first direction. Default 0.
    pub seed: u64,
}

impl Default for Lanczos {
    fn default() -> Self {
        Self {
            tolerance: 1e-4,
            max_products: 200,
            seed: 0,
        }
    }
}

/// The eigenvalue is looked at after so many products.
const LOOK: usize = 4;

/// What was found, after so many products.
pub(crate) struct Found<T> {
    pub(crate) value: f64,
    pub(crate) direction: Vec<T>,
    pub(crate) products: usize,
    pub(crate) converged: bool,
}

impl Lanczos {
    pub(crate) fn validate(self) -> Result<(), Error> {
        let (name, tolerance) = ("the tolerance", self.tolerance);
        let is_usable = tolerance > 0.0 && tolerance.is_finite();
        require(is_usable, name, tolerance, "finite and above 0")?;
        #[allow(clippy::cast_precision_loss)]
        let most = self.max_products as f64;
        require(most > 0.0, "max_products", most, "at least 1")
    }

    /// The method of Lanczos (1950), with full reorthogonalization, from a first direction on, which is not 0. `product` overwrites
    /// its second vector with the matrix times the first.
    pub(crate) fn largest_eigenvalue<T: Scalar>(
        self,
        mut first: Vec<T>,
        mut product: impl FnMut(&[T], &mut [T]) -> Result<(), Error>,
    ) -> Result<Found<T>, Error> {
        let n = first.len();
        normalize(&mut first);
        let mut basis = vec![first];
        // The matrix in this basis.
        let (mut diagonal, mut beside): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        loop {
            let newest = &basis[basis.len() - 1];
            let mut next = vec![T::zero(); n];
            product(newest, &mut next)?;
            let size = dot(&next, &next).sqrt();
            require_finite("the norm of a Hessian-vector product", size)?;
            diagonal.push(dot(newest, &next));
            // Twice is enough: the first pass leaves rounding of what it takes away.
            for direction in basis.iter().chain(&basis) {
                let part = T::of(dot(direction, &next));
                for (next, &value) in next.iter_mut().zip(direction) {
                    *next -= part * value;
                }
            }
            let rest = normalize(&mut next);
            let entries = diagonal.iter().chain(&beside);
            let largest = entries.fold(0.0f64, |all, entry| all.max(entry.abs()));
            let rounding = 4.0 * T::default_epsilon().to_f64() * largest;
            let products = diagonal.len();
            let is_last = products == self.max_products || products == n;
            if is_last || rest <= rounding || products.is_multiple_of(LOOK) {
                let (value, shares) = largest_of_tridiagonal(&diagonal, &beside);
                let residual = rest * shares[products - 1].abs();
                let converged =
                    products == n || residual <= (self.tolerance * value.abs()).max(rounding);
                if converged || is_last {
                    return Ok(Found {
                        value,
                        direction: combined(&basis, &shares),
                        products,
                        converged,
                    });
                }
            }
            beside.push(rest);
            basis.push(next);
        }
    }
}

/// The largest eigenvalue, and its eigenvector.
fn largest_of_tridiagonal(diagonal: &[f64], beside: &[f64]) -> (f64, Vec<f64>) {
    let k = diagonal.len();
    let matrix = DMatrix::from_fn(k, k, |row, column| match row.abs_diff(column) {
        0 => diagonal[row],
        1 => beside[row.min(column)],
        _ => 0.0,
    });
    let eigen = matrix.symmetric_eigen();
    let place = eigen.eigenvalues.imax();
    let vector = eigen.eigenvectors.column(place);
    (eigen.eigenvalues[place], vector.iter().copied().collect())
}

/// The sum of these shares of the vectors, of norm 1.
fn combined<T: Scalar>(basis: &[Vec<T>], shares: &[f64]) -> Vec<T> {
    let mut sum = vec![T::zero(); basis[0].len()];
    for (vector, &share) in basis.iter().zip(shares) {
        for (sum, &value) in sum.iter_mut().zip(vector) {
            *sum += T::of(share) * value;
        }
    }
    normalize(&mut sum);
    sum
}

fn dot<T: Scalar>(a: &[T], b: &[T]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64());
    products.sum()
}

/// Scales to norm 1; returns the norm before.
fn normalize<T: Scalar>(vector: &mut [T]) -> f64 {
    let norm = dot(vector, vector).sqrt();
    if norm > 0.0 {
        for value in vector {
            *value = T::of(value.to_f64() / norm);
        }
    }
    norm
}

#[cfg(test)]
mod tests {
    use nalgebra::DVector;
    use proptest::prelude::*;

    use super::*;

    /// Any direction that has something of every eigenvector.
    fn first_direction(n: usize) -> DVector<f64> {
        DVector::from_fn(n, |i, _| 0.1 + (1.7 * (i * i) as f64 + i as f64).sin()).normalize()
    }

    fn of(matrix: &DMatrix<f64>) -> Found<f64> {
        let first = first_direction(matrix.nrows()).as_slice().to_vec();
        let product = |direction: &[f64], product: &mut [f64]| {
            let found = matrix * DVector::from_column_slice(direction);
            product.copy_from_slice(found.as_slice());
            Ok(())
        };
        let found = Lanczos::default().largest_eigenvalue(first, product);
        found.unwrap()
    }

    /// What so many products of power iteration make of it.
    fn by_power_iteration(matrix: &DMatrix<f64>, n_products: usize) -> f64 {
        let mut direction = first_direction(matrix.nrows());
        for _ in 0..n_products {
            direction = (matrix * direction).normalize();
        }
        direction.dot(&(matrix * &direction))
    }

    /// A matrix with these eigenvalues, in directions that are none of the axes'.
    fn with_eigenvalues(values: &[f64]) -> DMatrix<f64> {
        let n = values.len();
        let mirror = first_direction(n).map(|value| value + 0.1).normalize();
        let rotation = DMatrix::identity(n, n) - 2.0 * &mirror * mirror.transpose();
        &rotation * DMatrix::from_diagonal(&DVector::from_column_slice(values)) * rotation
    }

    #[test]
    fn the_largest_is_found_where_power_iteration_finds_the_most_negative_or_neither() {
        let mut values = vec![1e-3; 300];
        for (smallest, largest, other) in [(-5.0, 5.0, 4.9), (-5.0, 4.9, 4.8), (-5.0, 0.3, 0.2)] {
            (values[7], values[8], values[200]) = (smallest, largest, other);
            let matrix = with_eigenvalues(&values);
            let found = of(&matrix);
            assert!(found.converged && found.products < 40);
            assert!((found.value - largest).abs() < 1e-6, "{}", found.value);
            let direction = DVector::from_column_slice(&found.direction);
            assert!((&matrix * &direction - found.value * direction).norm() < 1e-3);
            let by_power = by_power_iteration(&matrix, 1_000);
            assert!((by_power - largest).abs() > 1.0, "{by_power}");
        }
    }

    #[test]
    fn simple_matrices_take_few_products() {
        for (matrix, value) in [
            (DMatrix::zeros(5, 5), 0.0),
            (DMatrix::identity(50, 50) * -3.0, -3.0),
            (DMatrix::from_element(1, 1, -2.0), -2.0),
        ] {
            let found = of(&matrix);
            assert!((found.value - value).abs() < 1e-12, "{}", found.value);
            assert!(found.converged && found.products == 1);
        }
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
            let found = of(&matrix).value;
            prop_assert!((found - expected).abs() < 1e-4 * matrix.norm(), "{found} {expected}");
        }
    }
}
