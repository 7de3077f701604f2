//! The two parts of the data that a training looks at.

use serde::{Deserialize, Serialize};

/// Which of the two parts of the data that a training looks at. There is no test part here: a training never sees it.
/// (All three parts of a split are [`smallbatch_data::Part`].)
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
