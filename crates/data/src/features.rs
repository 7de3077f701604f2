//! How the features of a data set are stored: as numbers or as bytes, and scaled when they are read, if they are.

use std::sync::{Arc, OnceLock};

use nalgebra::{DMatrix, DMatrixView};
use smallbatch_preprocess::{Coefficients, Scalar};

use crate::ahead::ask_for;

/// The features of a data set as they are stored, borrowed: for whoever reads them on the way to their use, without a copy of
/// them all.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::{Dataset, StoredValues, Target};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// // Two images of three pixels.
/// let pixels = DMatrix::from_column_slice(3, 2, &[0_u8, 128, 255, 7, 0, 9]);
/// let images: Dataset = Dataset::from_bytes(pixels, Target::classes(vec![0, 1]))?;
/// let stored = images.stored();
/// assert!(matches!(stored.values, StoredValues::Bytes(pixels) if pixels[(2, 0)] == 255));
/// assert!(stored.scaling.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StoredFeatures<'a, T: Scalar> {
    /// What is stored, shape (`n_features`, `n_samples`).
    pub values: StoredValues<'a, T>,
    /// How each value is scaled when it is read; `None` where it is not.
    pub scaling: Option<&'a Coefficients<T>>,
}

/// Features as numbers, or as bytes that are read as the numbers 0 to 255; shape (`n_features`, `n_samples`).
#[derive(Clone, Copy, Debug)]
pub enum StoredValues<'a, T: Scalar> {
    /// Numbers.
    Numbers(DMatrixView<'a, T>),
    /// Bytes.
    Bytes(DMatrixView<'a, u8>),
}

impl<T: Scalar> StoredFeatures<'_, T> {
    /// Calls `read` with each sample in turn, as it is read: as numbers, scaled. Allocates room for one.
    ///
    /// ```
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let wine = smallbatch_data::builtin::wine()?;
    /// let mut largest = f32::MIN;
    /// wine.stored().for_each_sample(|_, sample| {
    ///     largest = sample.iter().copied().fold(largest, f32::max);
    /// });
    /// assert_eq!(largest, 1680.0); // of proline, in mg/l
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_each_sample(&self, mut read: impl FnMut(usize, &[T])) {
        let (n_features, n_samples) = match self.values {
            StoredValues::Numbers(numbers) => numbers.shape(),
            StoredValues::Bytes(bytes) => bytes.shape(),
        };
        let mut sample = vec![T::of(0.0); n_features];
        for index in 0..n_samples {
            self.read_sample(index, &mut sample);
            read(index, &sample);
        }
    }

    /// One sample, as it is read, into a slice of as many numbers.
    pub(crate) fn read_sample(&self, index: usize, sample: &mut [T]) {
        match self.values {
            StoredValues::Numbers(numbers) => {
                for (number, &stored) in sample.iter_mut().zip(numbers.column(index).iter()) {
                    *number = stored;
                }
            }
            StoredValues::Bytes(bytes) => {
                for (number, &stored) in sample.iter_mut().zip(bytes.column(index).iter()) {
                    *number = of_byte(stored);
                }
            }
        }
        if let Some(by) = self.scaling {
            scale(sample, by);
        }
    }
}

fn of_byte<T: Scalar>(byte: u8) -> T {
    T::of(f64::from(byte))
}

fn scale<T: Scalar>(sample: &mut [T], by: &Coefficients<T>) {
    let numbers = by.shift.iter().zip(&by.rest).zip(&by.scale);
    for (x, ((&shift, &rest), &scale)) in sample.iter_mut().zip(numbers) {
        *x = ((*x - shift) - rest) / scale;
    }
}

/// The features of a data set. What is stored may be shared with others, scaled in other ways.
#[derive(Clone, Debug)]
pub(crate) struct Features<T> {
    stored: Stored<T>,
    scaling: Option<Arc<Coefficients<T>>>,
    /// All as numbers, where they are not stored so and someone asked for it.
    numbers: OnceLock<DMatrix<T>>,
}

#[derive(Clone, Debug)]
enum Stored<T> {
    Numbers(Arc<DMatrix<T>>),
    Bytes(Arc<DMatrix<u8>>),
}

impl<T: Scalar> Features<T> {
    pub(crate) fn numbers(numbers: DMatrix<T>) -> Self {
        Self::of(Stored::Numbers(Arc::new(numbers)))
    }

    pub(crate) fn bytes(bytes: DMatrix<u8>) -> Self {
        Self::of(Stored::Bytes(Arc::new(bytes)))
    }

    fn of(stored: Stored<T>) -> Self {
        Self {
            stored,
            scaling: None,
            numbers: OnceLock::new(),
        }
    }

    /// The same, scaled when they are read; `None` where they are already.
    pub(crate) fn scaled_by(&self, coefficients: Coefficients<T>) -> Option<Self> {
        self.scaling.is_none().then(|| Self {
            scaling: Some(Arc::new(coefficients)),
            ..Self::of(self.stored.clone())
        })
    }

    pub(crate) fn shape(&self) -> (usize, usize) {
        match &self.stored {
            Stored::Numbers(numbers) => numbers.shape(),
            Stored::Bytes(bytes) => bytes.shape(),
        }
    }

    pub(crate) fn stored(&self) -> StoredFeatures<'_, T> {
        StoredFeatures {
            values: match &self.stored {
                Stored::Numbers(numbers) => StoredValues::Numbers(numbers.as_view()),
                Stored::Bytes(bytes) => StoredValues::Bytes(bytes.as_view()),
            },
            scaling: self.scaling.as_deref(),
        }
    }

    /// Has these samples fetched, which will be read soon.
    pub(crate) fn ask_for(&self, samples: &[usize]) {
        match &self.stored {
            Stored::Numbers(numbers) => ask_for(numbers.as_slice(), numbers.nrows(), samples),
            Stored::Bytes(bytes) => ask_for(bytes.as_slice(), bytes.nrows(), samples),
        }
    }

    /// All of them as numbers, if they are stored so.
    pub(crate) fn as_numbers(&self) -> Option<&DMatrix<T>> {
        match (&self.stored, &self.scaling) {
            (Stored::Numbers(numbers), None) => Some(numbers),
            _ => None,
        }
    }

    /// The same, to be written over.
    pub(crate) fn as_numbers_mut(&mut self) -> Option<&mut DMatrix<T>> {
        match (&mut self.stored, &self.scaling) {
            (Stored::Numbers(numbers), None) => Some(Arc::make_mut(numbers)),
            _ => None,
        }
    }

    /// All of them as numbers; kept where they are not stored so.
    pub(crate) fn matrix(&self) -> &DMatrix<T> {
        self.as_numbers()
            .unwrap_or_else(|| self.numbers.get_or_init(|| self.decoded()))
    }

    /// A copy of them all as numbers.
    pub(crate) fn decoded(&self) -> DMatrix<T> {
        let (n_features, n_samples) = self.shape();
        let blank = vec![T::of(0.0); n_features * n_samples];
        let mut numbers = DMatrix::from_vec(n_features, n_samples, blank);
        let samples = numbers.as_mut_slice().chunks_exact_mut(n_features);
        for (index, sample) in samples.enumerate() {
            self.stored().read_sample(index, sample);
        }
        numbers
    }

    /// Whether all are finite as they are read.
    pub(crate) fn all_finite(&self) -> bool {
        let mut all = true;
        self.stored().for_each_sample(|_, sample| {
            all &= sample.iter().fold(true, |all, x| all & x.is_finite());
        });
        all
    }

    /// Some samples, stored in the same way.
    pub(crate) fn select(&self, samples: &[usize]) -> Self {
        let stored = match &self.stored {
            Stored::Numbers(numbers) => Stored::Numbers(Arc::new(numbers.select_columns(samples))),
            Stored::Bytes(bytes) => Stored::Bytes(Arc::new(bytes.select_columns(samples))),
        };
        Self {
            scaling: self.scaling.clone(),
            ..Self::of(stored)
        }
    }

    /// The same bytes for another number type, if they are bytes and nothing else.
    pub(crate) fn of_same_bytes<U: Scalar>(&self) -> Option<Features<U>> {
        match (&self.stored, &self.scaling) {
            (Stored::Bytes(bytes), None) => Some(Features::of(Stored::Bytes(bytes.clone()))),
            _ => None,
        }
    }
}

/// Equal as they are read, however they are stored.
impl<T: Scalar> PartialEq for Features<T> {
    fn eq(&self, other: &Self) -> bool {
        let (n_features, n_samples) = self.shape();
        let mut samples = [(); 2].map(|()| vec![T::of(0.0); n_features]);
        let [mine, theirs] = &mut samples;
        self.shape() == other.shape()
            && (0..n_samples).all(|sample| {
                self.stored().read_sample(sample, mine);
                other.stored().read_sample(sample, theirs);
                mine == theirs
            })
    }
}
