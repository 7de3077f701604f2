//! What can go wrong in this crate.

use std::path::PathBuf;

/// An error of this crate. The fields are for programs, the sentence is for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A design has a mistake.
    #[error("{file}, line {line}: {reason}")]
    Definition {
        /// The design's file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A setting of a run is out of its range.
    #[error("{setting} is {value}; it must be {expected}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// A claim that the design does not have.
    #[error("there is no claim {name:?}; {} are {}", did_you_mean(nearest.as_deref()), known.join(", "))]
    UnknownClaim {
        /// The name that was asked for.
        name: String,
        /// The claim whose name or title is like it.
        nearest: Option<String>,
        /// The names of the claims that there are.
        known: Vec<String>,
    },
    /// A step of the work failed.
    #[error("cannot {doing}: {source}")]
    Step {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No table is left to run on.
    #[error("no table is left to run on: {reason}")]
    NoTables {
        /// Why.
        reason: String,
    },
    /// Jobs of a shared run have no result.
    #[error("{missing} of {all} jobs in {} have no result; run them, or collect what is complete (`partial`)", folder.display())]
    JobsMissing {
        /// How many.
        missing: usize,
        /// Of how many.
        all: usize,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// A job that a shared run does not have.
    #[error("there is no job {job:?} in {}; a job is a line of jobs.jsonl, its number from 1, or its hash", folder.display())]
    UnknownJob {
        /// What was asked for.
        job: String,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// A file of results cannot be used.
    #[error("cannot use {}: {reason}", file.display())]
    Results {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A training failed, or the work was stopped.
    #[error(transparent)]
    Sweep(#[from] smallbatch_sweep::Error),
    /// Numbers that no answer can be computed from.
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

    /// Whether somebody asked to stop.
    pub(crate) fn is_interruption(&self) -> bool {
        matches!(self, Self::Sweep(smallbatch_sweep::Error::Interrupted))
    }
}

/// `did you mean "minibatch-is-faster"? The claims`, where a name is like one that there is.
fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "the claims".into(),
        |nearest| format!("did you mean {nearest:?}? The claims"),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_misspelt_claim_is_told_the_nearest() {
        for (typed, meant) in [
            (
                "minibatch-is-fast",
                "did you mean \"minibatch-is-faster\"? The claims are ",
            ),
            (
                "centring-alone",
                "did you mean \"centering-alone\"? The claims are ",
            ),
            (
                "mini-batches are much faster",
                "did you mean \"minibatch-is-faster\"? The claims are ",
            ),
            ("zzz", "\"zzz\"; the claims are scale-mismatch-hurts, "),
        ] {
            let plan = crate::RunPlan {
                claims: vec![typed.into()],
                ..crate::RunPlan::default()
            };
            let said = plan.design().unwrap_err().to_string();
            assert!(said.contains(meant), "{said}");
        }
    }
}
