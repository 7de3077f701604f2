//! What can go wrong.

/// Why a model cannot be written in another form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's parts do not fit together.
    #[error("the model cannot be exported: {reason}")]
    Unsound {
        /// What does not fit, as a sentence's end.
        reason: String,
    },
    /// Two inputs would have this name, or one would have none.
    #[error(
        "no two inputs may be called {name:?}, and none nothing; rename the column and train anew"
    )]
    Name {
        /// The name.
        name: String,
    },
}
