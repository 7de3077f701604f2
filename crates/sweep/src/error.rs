//! What can go wrong in this crate.

use std::path::PathBuf;

/// An error of this crate. The fields are for programs, the sentence is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody asked to stop.
    #[error("stopped before the end")]
    Interrupted,
    /// A step of the work failed.
    #[error("cannot {doing}: {source}")]
    Step {
        /// What was being done: `train on wine with batch 32`.
        doing: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Rows cannot be scaled, or are not those that were trained on.
    #[error(transparent)]
    Data(#[from] smallbatch_data::Error),
    /// The folder of the cache cannot be used.
    #[error("cannot keep finished runs in {}: {reason}; choose another folder, or keep none", folder.display())]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        reason: String,
    },
}

impl Error {
    /// The error of a step, in the words of what was being done.
    pub(crate) fn step(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Step {
            doing: doing.into(),
            source: source.into(),
        }
    }
}
