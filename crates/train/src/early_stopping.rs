//! Stopping when the validation loss no longer falls, and going back to the best weights.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::schedule::require_min_delta;

/// Stops a training when the validation loss no longer falls.
///
/// At each evaluation the validation loss is compared with the lowest so far. When `patience` evaluations in a row have
/// not brought a loss lower by more than `min_delta`, the training ends. Whatever ends it, the parameters of the best
/// evaluation are restored (that before the first update included), so the model returned is never worse on the
/// validation data than any that was evaluated, up to `min_delta`; but where a [target](crate::Budget::until_validation_loss) was
/// reached, the model that reached it is returned. After a divergence, [`Session::finish`](crate::Session::finish) returns
/// the best one.
///
/// ```
/// use smallbatch_train::EarlyStopping;
///
/// let early_stopping = EarlyStopping::patience(10).min_delta(1e-4);
/// early_stopping.validate()?;
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// After this many evaluations in a row without a new lowest validation loss; at least 1.
    pub patience: u64,
    /// A loss counts as lower when it is lower by more than this, in the loss's own unit; at least 0.
    pub min_delta: f64,
}

/// As the end of a sentence: "until 10 evaluations have not lowered the validation loss".
impl std::fmt::Display for EarlyStopping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.patience == 1 { " has" } else { "s have" };
        write!(
            f,
            "until {} evaluation{plural} not lowered the validation loss",
            self.patience
        )?;
        if self.min_delta > 0.0 {
            write!(f, " by more than {}", self.min_delta)?;
        }
        Ok(())
    }
}

impl EarlyStopping {
    /// Stops after `patience` evaluations in a row without a new lowest validation loss, however small the fall.
    pub fn patience(patience: u64) -> Self {
        Self {
            patience,
            min_delta: 0.0,
        }
    }

    /// Counts a loss as lower only when it is lower by more than this.
    #[must_use]
    pub fn min_delta(mut self, min_delta: f64) -> Self {
        self.min_delta = min_delta;
        self
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error::Setting`] for a patience of 0, or a `min_delta` that is negative or not finite.
    pub fn validate(&self) -> Result<(), Error> {
        Error::require(
            self.patience > 0,
            "early_stopping.patience",
            self.patience,
            "at least 1 evaluation",
        )?;
        require_min_delta("early_stopping.min_delta", self.min_delta)
    }
}

/// The lowest loss so far, and how many evaluations ago it was: what both early stopping and the plateau schedule watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lowest {
    loss: Option<f64>,
    since: u64,
}

impl Lowest {
    /// Takes the loss of one more evaluation; true when it is lower than the lowest so far by more than `min_delta`.
    pub(crate) fn observe(&mut self, loss: f64, min_delta: f64) -> bool {
        let lower = self.is_lower(loss, min_delta);
        if lower {
            *self = Self {
                loss: Some(loss),
                since: 0,
            };
        } else {
            self.since += 1;
        }
        lower
    }

    /// Whether `observe` would find this loss lower.
    pub(crate) fn is_lower(&self, loss: f64, min_delta: f64) -> bool {
        self.loss.is_none_or(|lowest| loss < lowest - min_delta)
    }

    /// How many evaluations there have been since the lowest.
    pub(crate) fn since(&self) -> u64 {
        self.since
    }

    /// Counts from here again, against the same lowest loss.
    pub(crate) fn start_over(&mut self) {
        self.since = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_moves_only_by_more_than_min_delta() {
        let mut lowest = Lowest::default();
        assert!(lowest.observe(1.0, 0.1));
        assert!(!lowest.observe(0.95, 0.1)); // lower, but not by more than 0.1
        assert!(!lowest.observe(0.92, 0.1)); // compared with 1.0, not with 0.95
        assert_eq!(lowest.since(), 2);
        assert!(lowest.observe(0.85, 0.1));
        assert_eq!(lowest.since(), 0);
    }

    #[test]
    fn an_equal_loss_is_not_lower() {
        let mut lowest = Lowest::default();
        lowest.observe(1.0, 0.0);
        assert!(!lowest.observe(1.0, 0.0));
        assert!(lowest.observe(1.0 - f64::EPSILON, 0.0));
    }

    #[test]
    fn bad_numbers_are_refused_by_name() {
        assert_eq!(
            EarlyStopping::patience(0)
                .validate()
                .unwrap_err()
                .to_string(),
            "`early_stopping.patience` is 0; it must be at least 1 evaluation"
        );
        for min_delta in [-1e-3, f64::NAN, f64::INFINITY] {
            let error = EarlyStopping::patience(1)
                .min_delta(min_delta)
                .validate()
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "`early_stopping.min_delta` is {min_delta}; it must be a finite number, at least 0"
                )
            );
        }
    }
}
