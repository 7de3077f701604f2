//! Data that does not fit what it is used with.

use crate::cells::{short, some_of};

/// Why data does not fit the data set or the scaler that it is used with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// A class that the data set whose classes were asked for does not name.
    #[error(
        "the class {:?} of {dataset:?} is not among the classes {}; correct its name, or remove its samples",
        short(class),
        some_of(known)
    )]
    UnknownClass {
        /// The data set that has it.
        dataset: String,
        /// The class.
        class: String,
        /// The classes that there are.
        known: Vec<String>,
    },

    /// Predictions of quantiles that do not have one row for each quantile of each target.
    #[error(
        "the predictions have {rows} rows, but {quantiles} quantiles of {n_targets} targets are {}; give the predictions of the loss with these quantiles",
        n_targets.saturating_mul(*quantiles)
    )]
    QuantileRows {
        /// Rows of the predictions.
        rows: usize,
        /// Targets that the scaler was fitted to.
        n_targets: usize,
        /// Quantiles of each, as given.
        quantiles: usize,
    },
}
