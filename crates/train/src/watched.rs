//! The two parts of the data that a training looks at.

use serde::{Deserialize, Serialize};

/// Which of the two parts of the data that a training looks at. There is no test part here: a training never sees it.
/// (All three parts of a split are [`smallbatch_data::Part`].)
///
/// ```
/// use smallbatch_train::{Budget, Watched};
///
/// let budget = Budget::until_validation_loss(0.1, Budget::Epochs(50));
/// assert!(matches!(budget, Budget::UntilLoss { part: Watched::Validation, .. }));
/// assert_eq!(Watched::Validation.to_string(), "validation");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// The data that the parameters are fitted to.
    Training,
    /// The data that choices (the rate, when to stop) are made on.
    Validation,
}

impl std::fmt::Display for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Training => "training",
            Self::Validation => "validation",
        })
    }
}
