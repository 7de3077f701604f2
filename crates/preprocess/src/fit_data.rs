//! What a scaler is fitted to: features, and if wanted weights and names.

use nalgebra::{DMatrixView, Dyn, U1};

use crate::{Error, NamedFeature, Scalar, Threads};

/// The training data that a [`Scaler`](crate::Scaler) is fitted to.
///
/// Features are a view of shape `(n_features, n_samples)`: a sample is a column. Optional sample
/// weights are frequencies: a sample of weight 2 counts as two equal samples, one of weight 0 is left
/// out. Optional names are used in reports and errors and are kept by the fitted scaler.
///
/// Nothing is checked until the data is used: every `fit` refuses wrong counts, weights that are
/// negative or not finite or add up to more or less than can be computed with, and data without samples.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
///
/// // Two samples of one feature, the second counted three times: mean (1 + 3·5) / 4 = 4.
/// let x = DMatrix::from_column_slice(1, 2, &[1.0_f32, 5.0]);
/// let names = ["dose".to_string()];
/// let scaler = StandardScaler::new().fit(&FitData::new(&x).weights(&[1.0, 3.0]).names(&names))?;
/// assert_eq!(scaler.affine().unwrap().shift, [4.0]);
/// assert_eq!(scaler.feature_names(), ["dose"]);
/// # Ok::<(), smallbatch_preprocess::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FitData<'a, T: Scalar> {
    features: DMatrixView<'a, T>,
    weights: Option<&'a [T]>,
    names: Option<&'a [String]>,
    threads: Threads,
}

impl<'a, T: Scalar> FitData<'a, T> {
    /// Unweighted, unnamed data: `&DMatrix` or a view, `(n_features, n_samples)`.
    pub fn new(features: impl Into<DMatrixView<'a, T>>) -> Self {
        Self {
            features: features.into(),
            weights: None,
            names: None,
            threads: Threads::default(),
        }
    }

    /// One weight a sample, finite and at least 0, not all 0.
    #[must_use]
    pub fn weights(mut self, weights: &'a [T]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// One name a feature.
    #[must_use]
    pub fn names(mut self, names: &'a [String]) -> Self {
        self.names = Some(names);
        self
    }

    /// Chooses how many threads fitting may use. What is fitted is the same to the last bit with any number of them.
    #[must_use]
    pub fn threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// The number of features: rows of X.
    pub fn n_features(&self) -> usize {
        self.features.nrows()
    }

    /// The number of samples: columns of X.
    pub fn n_samples(&self) -> usize {
        self.features.ncols()
    }

    pub(crate) fn view(&self) -> DMatrixView<'a, T> {
        self.features
    }

    pub(crate) fn weight_slice(&self) -> Option<&'a [T]> {
        self.weights
    }

    pub(crate) fn name_slice(&self) -> Option<&'a [String]> {
        self.names
    }

    pub(crate) fn thread_choice(&self) -> Threads {
        self.threads
    }

    pub(crate) fn feature(&self, index: usize) -> NamedFeature {
        NamedFeature::new(index, self.names)
    }

    /// The checks that come before any arithmetic.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.threads.check()?;
        let (n_features, n_samples) = self.features.shape();
        if n_features == 0 || n_samples == 0 {
            return Err(Error::Empty {
                n_features,
                n_samples,
            });
        }
        if let Some(names) = self.names
            && names.len() != n_features
        {
            return Err(Error::NameCount {
                expected: n_features,
                got: names.len(),
            });
        }
        if let Some(weights) = self.weights {
            check_weights(weights, n_samples, 0)?;
            if weights.iter().all(|w| w.to_f64() == 0.0) {
                return Err(Error::ZeroWeight {
                    n_samples: n_samples as u64,
                });
            }
        }
        Ok(())
    }
}

/// Weights add up to 0, or to a number within these bounds: beyond them a weight times the square of a deviation
/// (10⁻²⁴¹ at least, see [`Squares`](crate::stats::Squares)) could be lost, and with it the variance. No weights in `f32` are.
const LEAST_WEIGHT: f64 = 1e-50;
const MOST_WEIGHT: f64 = 1e50;

/// Refuses a sum of weights that is beyond the bounds.
pub(crate) fn check_weight_sum(sum: f64, n_samples: u64) -> Result<(), Error> {
    if sum == 0.0 || (LEAST_WEIGHT..=MOST_WEIGHT).contains(&sum) {
        Ok(())
    } else {
        Err(Error::WeightSum { n_samples, sum })
    }
}

/// One weight a sample, each finite and not negative, and their sum within its bounds; `first` is the index of the first sample.
pub(crate) fn check_weights<T: Scalar>(
    weights: &[T],
    n_samples: usize,
    first: u64,
) -> Result<(), Error> {
    if weights.len() != n_samples {
        return Err(Error::WeightCount {
            expected: n_samples,
            got: weights.len(),
        });
    }
    let wrong = |w: &T| !(w.to_f64() >= 0.0 && w.to_f64().is_finite());
    match weights.iter().position(wrong) {
        Some(at) => Err(Error::InvalidWeight {
            sample: first + at as u64,
            value: weights[at].to_f64(),
        }),
        None => check_weight_sum(weights.iter().map(|w| w.to_f64()).sum(), n_samples as u64),
    }
}

/// The view's values as one slice, sample after sample, when no gap lies between its columns.
pub(crate) fn contiguous<'a, T: Scalar>(view: DMatrixView<'a, T>) -> Option<&'a [T]> {
    let (n_features, n_samples) = view.shape();
    let (row_stride, column_stride) = view.strides();
    if row_stride != 1 || (column_stride != n_features && n_samples > 1) {
        return None;
    }
    let flat = view.reshape_generic(Dyn(n_features * n_samples), U1);
    Some(flat.data.into_slice())
}

/// Calls `work` with the view's samples in blocks of at most `block` samples, each as one contiguous
/// slice: borrowed where the view has no gaps, else copied, a block at a time.
pub(crate) fn for_each_block<T: Scalar>(
    view: DMatrixView<'_, T>,
    block: usize,
    mut work: impl FnMut(usize, &[T]) -> Result<(), Error>,
) -> Result<(), Error> {
    let (n_features, n_samples) = view.shape();
    if n_features == 0 || n_samples == 0 {
        return Ok(());
    }
    if let Some(values) = contiguous(view) {
        for (i, chunk) in values.chunks(n_features * block).enumerate() {
            work(i * block, chunk)?;
        }
        return Ok(());
    }
    let mut buffer: Vec<T> = Vec::with_capacity(n_features * block.min(n_samples));
    for first in (0..n_samples).step_by(block) {
        buffer.clear();
        for sample in first..n_samples.min(first + block) {
            buffer.extend(view.column(sample).iter().copied());
        }
        work(first, &buffer)?;
    }
    Ok(())
}
