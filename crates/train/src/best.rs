//! The best model so far.

use serde::{Deserialize, Serialize};

use crate::early_stopping::Lowest;
use crate::{Record, Scalar};

/// What early stopping has seen: the lowest validation loss, and the model that had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Scalar")]
pub(crate) struct Best<T> {
    pub(crate) lowest: Lowest,
    pub(crate) parameters: Vec<T>,
    pub(crate) record: Record,
}

impl<T> Best<T> {
    /// Counts the evaluations without a lower loss from here again.
    pub(crate) fn start_over(&mut self) {
        self.lowest.start_over();
    }
}
