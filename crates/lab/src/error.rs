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
    #[error("there is no claim {name:?}; {} are {}", did_you_mean(name, known), known.join(", "))]
    UnknownClaim {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
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
fn did_you_mean(name: &str, known: &[String]) -> String {
    let likeness = |one: &String| strsim::jaro_winkler(name, one);
    let nearest = known
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
        .filter(|nearest| likeness(nearest) > 0.8);
    nearest.map_or_else(
        || "the claims".into(),
        |nearest| format!("did you mean {nearest:?}? The claims"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_claim_is_told_the_nearest() {
        let known: Vec<String> = crate::claims().into_iter().map(|(id, _)| id).collect();
        for (typed, meant) in [
            (
                "minibatch-is-fast",
                "did you mean \"minibatch-is-faster\"? The claims are ",
            ),
            (
                "centring-alone",
                "did you mean \"centering-alone\"? The claims are ",
            ),
            ("zzz", "\"zzz\"; the claims are scale-mismatch-hurts, "),
        ] {
            let error = Error::UnknownClaim {
                name: typed.into(),
                known: known.clone(),
            };
            let said = error.to_string();
            assert!(said.contains(meant), "{said}");
        }
    }
}
