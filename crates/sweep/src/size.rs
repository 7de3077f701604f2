//! How much work an answer is worth.

use serde::{Deserialize, Serialize};

/// How much work is put into an answer. What each means says who does the work.
///
/// ```
/// use smallbatch_sweep::Size;
///
/// assert_eq!(Size::default().name(), "default");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// The short version: seconds, and wide intervals.
    Quick,
    /// The usual one: minutes.
    #[default]
    Default,
    /// The long one, for the night.
    Thorough,
}

impl Size {
    /// The name, as in results and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Default => "default",
            Self::Thorough => "thorough",
        }
    }
}
