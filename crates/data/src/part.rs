//! The three parts of a split.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of a [`Split`](crate::Split).
///
/// ```
/// use smallbatch_data::{Part, Split, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// // Every third sample is for training, and so on.
/// let parts = [Part::Train, Part::Validation, Part::Test];
/// let assignment: Vec<Part> = parts.into_iter().cycle().take(178).collect();
/// let split = Split::from_assignment(&builtin::wine()?, &assignment)?;
/// assert_eq!(split.part(Part::Test).n_samples(), 59);
/// assert_eq!(Part::Test.to_string(), "test");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What the weights, and every scaler, are fitted on.
    Train,
    /// What learning rates and the moment to stop are chosen on.
    Validation,
    /// What the final result is reported on; used once.
    Test,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}
