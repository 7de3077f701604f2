//! How long a training may go on.

use serde::{Deserialize, Serialize};
use smallbatch_base::Number;

use crate::error::require_positive;
use crate::{Error, Watched};

/// How long a training may go on.
///
/// A comparison of batch sizes can turn round between budgets: an epoch of small batches has many updates, an update
/// of a large batch costs many samples, and only seconds count what the machine really does. Say which one is meant.
///
/// ```
/// use smallbatch_train::Budget;
///
/// let budget = Budget::until_validation_loss(0.1, Budget::Epochs(200));
/// assert_eq!(budget.to_string(), "until the validation loss is 0.1, at most 200 epochs");
/// budget.validate()?;
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Budget {
    /// This many passes over the training data; at least 1.
    Epochs(u64),
    /// This many updates of the parameters; at least 1.
    Updates(u64),
    /// This many seconds of training alone: evaluations do not count. Above 0. The number of updates that fit differs
    /// from run to run, and so do the bits of the result; every other budget gives the same bits for the same seed.
    Seconds(f64),
    /// Until a [`Record`](crate::Record) has a loss of `part` at or below `loss`, and no longer than `cap`. The loss is
    /// looked at when it is recorded (see [`Evaluation`](crate::Evaluation)), not at each update.
    ///
    /// By default the recorded training loss is the mean of the batches' losses since the last record, which lags
    /// behind the model: the target is then reached late, and with dropout later still. Where it must be exact, ask for
    /// [`Evaluation::all_training_samples`](crate::Evaluation::all_training_samples).
    UntilLoss {
        /// Whose loss: the training data's or the validation data's, as recorded.
        part: Watched,
        /// The loss to reach; a finite number.
        loss: f64,
        /// Epochs, updates or seconds.
        cap: Box<Budget>,
    },
}

impl Budget {
    /// Until the recorded training loss is at or below `loss`, and no longer than `cap`: see [`Budget::UntilLoss`] for which
    /// loss that is.
    pub fn until_training_loss(loss: f64, cap: Self) -> Self {
        Self::UntilLoss {
            part: Watched::Training,
            loss,
            cap: Box::new(cap),
        }
    }

    /// Until the recorded validation loss is at or below `loss`, and no longer than `cap`.
    pub fn until_validation_loss(loss: f64, cap: Self) -> Self {
        Self::UntilLoss {
            part: Watched::Validation,
            loss,
            cap: Box::new(cap),
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] for a budget of nothing, of a number of seconds that is not finite, or with a cap that is
    /// itself a loss to reach.
    pub fn validate(&self) -> Result<(), Error> {
        match self {
            Self::Epochs(epochs) => Error::require(
                *epochs > 0,
                "budget",
                self,
                "at least 1 epoch (0 epochs train nothing)",
            ),
            Self::Updates(updates) => Error::require(
                *updates > 0,
                "budget",
                self,
                "at least 1 update (0 updates train nothing)",
            ),
            Self::Seconds(seconds) => {
                require_positive("budget.seconds", *seconds, "a finite number above 0")
            }
            Self::UntilLoss { loss, cap, .. } => {
                Error::require(
                    loss.is_finite(),
                    "budget.loss",
                    Number(*loss),
                    "a finite number",
                )?;
                let ends = match **cap {
                    Self::Epochs(_) | Self::Updates(_) | Self::Seconds(_) => true,
                    Self::UntilLoss { .. } => false,
                };
                Error::require(ends, "budget.cap", cap, "epochs, updates or seconds")?;
                cap.validate()
            }
        }
    }

    /// The number of updates, where the budget says it: not in seconds, and not up to a loss. Saturates at `u64::MAX`.
    pub fn total_updates(&self, updates_per_epoch: u64) -> Option<u64> {
        match self {
            Self::Epochs(epochs) => Some(epochs.saturating_mul(updates_per_epoch)),
            Self::Updates(updates) => Some(*updates),
            Self::Seconds(_) | Self::UntilLoss { .. } => None,
        }
    }

    /// The update after which the training ends at the latest.
    pub(crate) fn last_update(&self, updates_per_epoch: u64) -> u64 {
        let cap = match self {
            Self::UntilLoss { cap, .. } => cap,
            Self::Epochs(_) | Self::Updates(_) | Self::Seconds(_) => self,
        };
        cap.total_updates(updates_per_epoch).unwrap_or(u64::MAX)
    }

    /// The seconds of training after which it ends, if seconds are counted at all.
    pub(crate) fn seconds(&self) -> Option<f64> {
        match self {
            Self::Seconds(seconds) => Some(*seconds),
            Self::UntilLoss { cap, .. } => cap.seconds(),
            Self::Epochs(_) | Self::Updates(_) => None,
        }
    }

    /// The loss that ends it, if one does, and whose it is.
    pub(crate) fn target(&self) -> Option<(Watched, f64)> {
        match self {
            Self::UntilLoss { part, loss, .. } => Some((*part, *loss)),
            Self::Epochs(_) | Self::Updates(_) | Self::Seconds(_) => None,
        }
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Epochs(1) => write!(f, "1 epoch"),
            Self::Epochs(epochs) => write!(f, "{epochs} epochs"),
            Self::Updates(1) => write!(f, "1 update"),
            Self::Updates(updates) => write!(f, "{updates} updates"),
            Self::Seconds(seconds) => write!(f, "{} seconds", Number(*seconds)),
            Self::UntilLoss { part, loss, cap } => {
                write!(
                    f,
                    "until the {part} loss is {}, at most {cap}",
                    Number(*loss)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_known_for_epochs_and_updates_alone() {
        assert_eq!(Budget::Epochs(3).total_updates(7), Some(21));
        assert_eq!(Budget::Updates(5).total_updates(7), Some(5));
        assert_eq!(Budget::Seconds(1.0).total_updates(7), None);
        assert_eq!(
            Budget::until_training_loss(0.1, Budget::Epochs(3)).total_updates(7),
            None
        );
        assert_eq!(Budget::Epochs(u64::MAX).total_updates(7), Some(u64::MAX));
    }

    #[test]
    fn a_cap_bounds_what_runs_until_a_loss() {
        let until = Budget::until_training_loss(0.1, Budget::Epochs(3));
        assert_eq!(until.last_update(7), 21);
        assert_eq!(until.seconds(), None);
        assert_eq!(until.target(), Some((Watched::Training, 0.1)));
        let timed = Budget::until_validation_loss(0.1, Budget::Seconds(2.5));
        assert_eq!(timed.last_update(7), u64::MAX);
        assert_eq!(timed.seconds(), Some(2.5));
        assert_eq!(timed.target(), Some((Watched::Validation, 0.1)));
    }

    #[test]
    fn budgets_of_nothing_are_refused() {
        let sentence = |budget: Budget| budget.validate().unwrap_err().to_string();
        assert_eq!(
            sentence(Budget::Epochs(0)),
            "`budget` is 0 epochs; it must be at least 1 epoch (0 epochs train nothing)"
        );
        assert_eq!(
            sentence(Budget::Updates(0)),
            "`budget` is 0 updates; it must be at least 1 update (0 updates train nothing)"
        );
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                sentence(Budget::Seconds(seconds)),
                format!("`budget.seconds` is {seconds}; it must be a finite number above 0")
            );
        }
        assert_eq!(
            sentence(Budget::until_training_loss(f64::NAN, Budget::Epochs(1))),
            "`budget.loss` is NaN; it must be a finite number"
        );
        let nested = Budget::until_training_loss(0.1, Budget::Epochs(2));
        assert_eq!(
            sentence(Budget::until_training_loss(0.1, nested)),
            "`budget.cap` is until the training loss is 0.1, at most 2 epochs; it must be epochs, updates or seconds"
        );
    }

    #[test]
    fn a_budget_survives_json() {
        for budget in [
            Budget::Epochs(3),
            Budget::Seconds(0.25),
            Budget::until_validation_loss(0.5, Budget::Updates(10)),
        ] {
            let json = serde_json::to_string(&budget).unwrap();
            assert_eq!(serde_json::from_str::<Budget>(&json).unwrap(), budget);
        }
    }
}
