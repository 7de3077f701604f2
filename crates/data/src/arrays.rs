//! Arrays of numbers in files: IDX, as MNIST comes, NPY and NPZ, as numpy saves; also as tables.

mod idx;
mod npy;
mod npz;
mod rows;
mod source;
mod values;

pub use idx::{read_idx, read_labelled_idx};
pub use npy::read_npy;
pub(crate) use rows::ArrayRows;
pub use values::ArrayValues;

use std::path::{Path, PathBuf};

use nalgebra::DMatrix;
use smallbatch_base::Scalar;

use crate::dataset::cast_values;
use crate::{ArrayProblem, Dataset, Error, Target};

/// An array that was read from a file: its first axis counts the samples, all others together the features.
///
/// Values are in C order (the last axis runs fastest), whatever the file's order is. An array of shape
/// (`n_samples`, 28, 28) so has 784 features, row by row of each image.
///
/// ```
/// use smallbatch_data::{Dataset, Target, read_npy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("x.npy");
/// # let header = format!("{:<117}\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }");
/// # let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
/// # bytes.extend(header.as_bytes());
/// # bytes.extend([1, 2, 3, 4, 5, 6]);
/// # std::fs::write(&file, bytes)?;
/// let array = read_npy(&file)?; // np.save("x.npy", np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8))
/// assert_eq!(array.shape(), [2, 3]);
/// let dataset: Dataset = array.dataset(Target::classes(vec![0, 1]))?;
/// assert_eq!(dataset.features().column(1).as_slice(), [4.0, 5.0, 6.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// For errors.
    path: PathBuf,
    shape: Vec<usize>,
    values: ArrayValues,
}

impl Array {
    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All values, in C order.
    pub fn values(&self) -> &ArrayValues {
        &self.values
    }

    /// The length of the first axis; 1 for a single value.
    pub fn n_samples(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// The product of all other axes; 1 where there is none.
    pub fn n_features(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// The values as class labels, one a sample.
    ///
    /// # Errors
    /// [`Error::Array`] for floats, for more than one value a sample, and for a number that is no label.
    pub fn labels(&self) -> Result<Vec<u32>, Error> {
        let refused = |problem| refused(&self.path, problem);
        let no_labels = || {
            refused(ArrayProblem::NoLabels {
                shape: self.shape.clone(),
                kind: self.values.kind(),
            })
        };
        if self.n_features() != 1 {
            return Err(no_labels());
        }
        match &self.values {
            ArrayValues::Bytes(bytes) => Ok(bytes.iter().map(|&byte| u32::from(byte)).collect()),
            ArrayValues::Integers(integers) => {
                let label = |(sample, &value): (usize, &i64)| {
                    u32::try_from(value)
                        .map_err(|_| refused(ArrayProblem::BadLabel { sample, value }))
                };
                integers.iter().enumerate().map(label).collect()
            }
            ArrayValues::Singles(_) | ArrayValues::Doubles(_) => Err(no_labels()),
        }
    }

    /// The values as numbers, shape (`n_features`, `n_samples`): as features, or as the numbers of a [`Target`].
    ///
    /// # Errors
    /// [`Error::Narrowing`] where a finite number becomes infinite, or 0 without being it.
    pub fn numbers<T: Scalar>(&self) -> Result<DMatrix<T>, Error> {
        let (n_features, n_samples) = (self.n_features(), self.n_samples());
        let place = |at: usize| format!("sample {}, feature {}", at / n_features, at % n_features);
        // Samples one after another in C order are columns one after another.
        let numbers = match &self.values {
            ArrayValues::Bytes(bytes) => bytes.iter().map(|&x| T::of(f64::from(x))).collect(),
            ArrayValues::Integers(integers) => integers.iter().map(|&x| T::of(x as f64)).collect(),
            ArrayValues::Singles(singles) => cast_values(singles, place)?,
            ArrayValues::Doubles(doubles) => cast_values(doubles, place)?,
        };
        Ok(DMatrix::from_vec(n_features, n_samples, numbers))
    }

    /// The array as features, with a target. Bytes stay bytes: see [`Dataset::from_bytes`].
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers) and [`Dataset::new`].
    pub fn dataset<T: Scalar>(self, target: Target<T>) -> Result<Dataset<T>, Error> {
        let (n_features, n_samples) = (self.n_features(), self.n_samples());
        match self.values {
            ArrayValues::Bytes(bytes) => {
                Dataset::from_bytes(DMatrix::from_vec(n_features, n_samples, bytes), target)
            }
            _ => Dataset::new(self.numbers()?, target),
        }
    }
}

fn refused(path: &Path, problem: ArrayProblem) -> Error {
    Error::Array {
        path: path.to_path_buf(),
        problem,
    }
}
