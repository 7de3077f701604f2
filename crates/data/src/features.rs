//! How the features of a data set are stored: as numbers or as bytes, and scaled when they are read, if they are.

use std::sync::{Arc, OnceLock};

use nalgebra::DMatrix;
use smallbatch_base::{InputScaling, Scalar, StoredFeatures, StoredValues};
use smallbatch_preprocess::Coefficients;

use crate::ahead::ask_for;

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
        let values = match &self.stored {
            Stored::Numbers(numbers) => StoredValues::Numbers(numbers.as_view()),
            Stored::Bytes(bytes) => StoredValues::Bytes(bytes.as_view()),
        };
        let scaling = self.scaling.as_deref().map(|by| InputScaling {
            shift: &by.shift,
            rest: &by.rest,
            scale: &by.scale,
        });
        StoredFeatures { values, scaling }
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
