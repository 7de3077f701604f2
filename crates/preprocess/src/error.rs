//! What can go wrong, said so that a person can act on it.

use smallbatch_base::Number;
use thiserror::Error;

use crate::NamedFeature;

/// Everything this crate refuses, with the place, the value and the way out.
///
/// Samples and features are counted from 0. The fields are for programs, the sentence is for people.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_preprocess::{Error, FitData, Scaler, StandardScaler};
///
/// let x = DMatrix::from_column_slice(2, 3, &[1.0, 5.0, 2.0, f64::NAN, 3.0, 7.0]);
/// let names = ["length".to_string(), "mass".to_string()];
/// let error = StandardScaler::new().fit(&FitData::new(&x).names(&names)).unwrap_err();
/// assert!(matches!(&error, Error::NonFinite { sample: 1, feature, .. } if feature.name == "mass"));
/// assert!(error.to_string().starts_with("sample 1, feature 1 (\"mass\") is NaN"));
/// ```
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no sample or no feature.
    #[error(
        "the data is empty: {n_features} features by {n_samples} samples; X must hold at least one \
         feature (row) and the samples as columns"
    )]
    Empty {
        /// Rows of the matrix.
        n_features: usize,
        /// Columns of the matrix.
        n_samples: usize,
    },

    /// A scaler cannot be fitted to so few samples.
    #[error(
        "fitting needs at least {needed} samples of positive weight, and there is {got}: samples are \
         the columns of X, so transpose a matrix whose rows are samples"
    )]
    TooFewSamples {
        /// Samples of positive weight.
        got: u64,
        /// The least number that will do.
        needed: u64,
    },

    /// A scaler that works within one sample was given samples of one feature.
    #[error(
        "scaling each sample by its own features needs at least {needed} features, and there is {got}; \
         use StandardScaler to scale a feature over the training set"
    )]
    TooFewFeatures {
        /// Features of the data.
        got: usize,
        /// The least number that will do.
        needed: usize,
    },

    /// The data has another number of features than was fitted.
    #[error(
        "{got} features where {expected} are expected: X is (n_features, n_samples), a sample a column; \
         give the features that were fitted, in the same order"
    )]
    FeatureCount {
        /// The number of features fitted.
        expected: usize,
        /// The number of features given.
        got: usize,
    },

    /// The destination of a transform has the wrong shape.
    #[error(
        "the destination is {} x {} and must be {} x {} (n_features x n_samples), like the source",
        got.0, got.1, expected.0, expected.1
    )]
    DestinationShape {
        /// Rows and columns of the source.
        expected: (usize, usize),
        /// Rows and columns of the destination.
        got: (usize, usize),
    },

    /// A value is NaN or infinite.
    #[error(
        "sample {sample}, {feature} is {value}: remove the sample, impute the value, or fit with \
         NonFinite::Ignore to keep such values out of the statistics"
    )]
    NonFinite {
        /// The sample (column of X, row of a table), counted from 0 over all chunks given so far.
        sample: u64,
        /// The feature.
        feature: NamedFeature,
        /// NaN or an infinity.
        value: f64,
    },

    /// A sample weight is negative, NaN or infinite.
    #[error(
        "the weight of sample {sample} is {value}: weights must be finite and at least 0",
        value = Number(*value)
    )]
    InvalidWeight {
        /// The sample, counted from 0 over all chunks given so far.
        sample: u64,
        /// Its weight.
        value: f64,
    },

    /// The sum of the weights is so large or so small that a variance weighted by them would be lost.
    #[error(
        "the weights of {n_samples} samples add up to {sum}: their sum must be between 1e-50 and 1e50, or 0; \
         divide all weights by the largest one",
        sum = Number(*sum)
    )]
    WeightSum {
        /// The number of samples.
        n_samples: u64,
        /// The sum of their weights.
        sum: f64,
    },

    /// More samples than are counted exactly.
    #[error(
        "{n_samples} samples are more than statistics can count (2^53): was a set of statistics merged into itself?"
    )]
    TooManySamples {
        /// The number of samples.
        n_samples: u64,
    },

    /// There is not one weight for each sample.
    #[error(
        "{got} weights for {expected} samples: give one weight for each sample, or none at all"
    )]
    WeightCount {
        /// The number of samples.
        expected: usize,
        /// The number of weights.
        got: usize,
    },

    /// Every sample has weight 0.
    #[error(
        "all {n_samples} samples have weight 0, so nothing is left to fit: give at least one sample a positive weight"
    )]
    ZeroWeight {
        /// The number of samples.
        n_samples: u64,
    },

    /// There is not one name for each feature.
    #[error("{got} names for {expected} features: give one name for each feature, or none at all")]
    NameCount {
        /// The number of features.
        expected: usize,
        /// The number of names.
        got: usize,
    },

    /// A feature has no finite value.
    #[error("{feature} has no finite value in the training data: remove the feature or impute it")]
    NoValues {
        /// The feature.
        feature: NamedFeature,
    },

    /// The variance of a feature, or the sum of weighted squares it is computed from, is larger than an `f64` can hold.
    #[error(
        "the variance of {feature} overflows f64 (its values reach from {min} to {max}): rescale the \
         feature, or take its logarithm",
        min = Number(*min), max = Number(*max)
    )]
    VarianceOverflow {
        /// The feature.
        feature: NamedFeature,
        /// Its least value.
        min: f64,
        /// Its greatest value.
        max: f64,
    },

    /// The range of a feature, or a scale taken from it, is larger or smaller than an `f64` can hold.
    #[error(
        "the scale of {feature} does not fit an f64 (its values reach from {min} to {max}): rescale the \
         feature, or take its logarithm",
        min = Number(*min), max = Number(*max)
    )]
    ScaleOverflow {
        /// The feature.
        feature: NamedFeature,
        /// Its least value.
        min: f64,
        /// Its greatest value.
        max: f64,
    },

    /// The range asked for is empty, reversed or not finite.
    #[error(
        "the range {low}..{high} is not usable: both ends must be finite, and the first below the second",
        low = Number(*low), high = Number(*high)
    )]
    InvalidRange {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },

    /// The scaler has no inverse.
    #[error(
        "{scaler} cannot be inverted: it forgets each sample's own mean and deviation; keep the raw data, or \
         use a scaler that is fitted over the training set"
    )]
    NotInvertible {
        /// The name of the scaler.
        scaler: &'static str,
    },

    /// Work was to be done on no thread.
    #[error("0 threads can do no work: give at least 1, or Threads::Automatic")]
    NoThreads,

    /// A saved scaler or saved statistics contradict themselves.
    #[error("the saved data is damaged: {reason}; fit and save again")]
    Damaged {
        /// What does not fit.
        reason: String,
    },
}
