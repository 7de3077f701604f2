//! A stretch of training, in epochs or in updates.

use serde::{Deserialize, Serialize};

use crate::Error;

/// A stretch of training: so many epochs, or so many updates.
///
/// One epoch is `ceil(n_samples / batch size)` updates, so the same period in epochs is a different number of updates
/// for another batch size.
///
/// ```
/// use smallbatch_train::Period;
///
/// assert_eq!(Period::Epochs(3).updates(100), 300);
/// assert_eq!(Period::Updates(50).updates(100), 50);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// This many passes over the training data.
    Epochs(u64),
    /// This many updates of the parameters.
    Updates(u64),
}

impl Period {
    /// Its length in updates, when an epoch has `updates_per_epoch`. Saturates at `u64::MAX`.
    pub fn updates(self, updates_per_epoch: u64) -> u64 {
        match self {
            Self::Epochs(epochs) => epochs.saturating_mul(updates_per_epoch),
            Self::Updates(updates) => updates,
        }
    }

    /// Refuses a period of length zero where `setting` needs one that passes.
    pub(crate) fn require_positive(self, setting: &'static str) -> Result<(), Error> {
        let (Self::Epochs(length) | Self::Updates(length)) = self;
        Error::require(length > 0, setting, self, "at least 1 epoch or 1 update")
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Epochs(1) => write!(f, "1 epoch"),
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
            Self::Updates(1) => write!(f, "1 update"),
            Self::Updates(updates) => write!(f, "{updates} updates"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_too_long_to_count_saturates() {
        assert_eq!(Period::Epochs(u64::MAX).updates(2), u64::MAX);
    }

    #[test]
    fn zero_is_refused_by_name() {
        let error = Period::Epochs(0)
            .require_positive("schedule.every")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`schedule.every` is 0 epochs; it must be at least 1 epoch or 1 update"
        );
        assert!(Period::Updates(1).require_positive("x").is_ok());
    }
}
