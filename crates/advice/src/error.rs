//! What can go wrong in this crate.

/// An error of this crate. The fields are for programs, the sentence is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has a value that it cannot have.
    #[error("{setting} is {value}, but must be {expected}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A table that cannot be read or learned from.
    #[error(transparent)]
    Data(#[from] smallbatch_data::Error),
    /// A table with too few rows to advise on.
    #[error("the table {data} has {rows} rows, but advice needs at least {needed}; add rows")]
    FewRows {
        /// The table's name.
        data: String,
        /// How many it has.
        rows: usize,
        /// How many it needs.
        needed: usize,
    },
    /// Somebody asked to stop before there was anything to say.
    #[error("stopped before anything could be said; nothing was written")]
    Interrupted,
    /// A step of the work failed.
    #[error("cannot {doing}: {source}")]
    Step {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A training failed for another reason than divergence.
    #[error(transparent)]
    Sweep(smallbatch_sweep::Error),
    /// A table that cannot be trained on.
    #[error(transparent)]
    Pipeline(#[from] smallbatch_pipeline::Error),
    /// A folder or a file cannot be written.
    #[error(transparent)]
    Report(#[from] smallbatch_report::Error),
    /// Numbers that no interval can be computed from.
    #[error(transparent)]
    Evidence(#[from] smallbatch_evidence::Error),
}

impl Error {
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

/// What both crates can say is said in the words of this one.
impl From<smallbatch_sweep::Error> for Error {
    fn from(error: smallbatch_sweep::Error) -> Self {
        match error {
            smallbatch_sweep::Error::Interrupted => Self::Interrupted,
            smallbatch_sweep::Error::Data(error) => Self::Data(error),
            other => Self::Sweep(other),
        }
    }
}
