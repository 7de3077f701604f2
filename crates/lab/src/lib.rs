//! The experiments: ten claims of a textbook lesson, asked of real tables.
//!
//! A *design* (`design/lesson.toml`) says which ways of training are compared, by which measures, and what counts as an answer. It is
//! fixed before the first run, and its hash is printed then. From there one stage leads to the next:
//!
//! ```text
//! design -> tables -> repetitions -> effects -> effect of a table -> effect over tables -> verdict -> report
//! ```
//!
//! - **A repetition draws everything anew**: the split, the runs that choose each way's learning rate, the targets, the calibration of
//!   time, the initial weights, the order. It ends in one number an effect: the mean over its pairs of final runs. The repetition
//!   is the unit of inference. The first laboratory chose rates and target once and put its intervals around that: they covered 40 to
//!   62 % when an experiment was repeated.
//! - **Over tables** effects go into a random-effects model: the answer is about tables, not about one.
//! - **One primary question a claim**, Holm's correction over the ten, looks after 4, 8, 16, 32 repetitions with the error spent over
//!   them (see `smallbatch_evidence`).
//!
//! All trainings go through `smallbatch_sweep`, all that is drawn through `smallbatch_report`. This crate prints nothing.
//!
//! # Example
//!
//! ```no_run
//! use smallbatch_lab::{RunPlan, Size, run};
//!
//! let outcome = run(&RunPlan { size: Size::Quick, ..RunPlan::default() }, &mut ())?;
//! for answer in outcome.results.answers.iter().filter(|answer| answer.primary) {
//!     println!("{}: {}", answer.claim, answer.verdict.name());
//! }
//! # Ok::<(), smallbatch_lab::Error>(())
//! ```

mod answers;
mod coverage;
mod design;
mod environment;
mod error;
mod foresight;
mod landscape;
mod memory;
mod notes;
mod outlook;
mod plan;
mod repetition;
mod replication;
mod run;
mod shared;
mod tables;
#[cfg(test)]
mod tests;
mod verify;

pub use coverage::{Coverage, CoverageRow, coverage};
pub use error::Error;
pub use foresight::{committed, foresee};
pub use plan::RunPlan;
pub use replication::compare;
pub use run::{Preregistration, RunOutcome, preregister, run};
pub use shared::{SharedJob, SharedRun};
pub use smallbatch_sweep::{MemoryProbe, Size};
pub use verify::{Verification, verify};

/// The claims of the design that comes with the program, in its order: each one's id and title.
///
/// ```
/// let claims = smallbatch_lab::claims();
/// assert!(claims.iter().any(|(id, _)| id == "minibatch-is-faster"));
/// ```
pub fn claims() -> Vec<(String, String)> {
    let design = design::Design::parse(design::LESSON, "lesson.toml");
    let claims = design.map_or_else(|_| Vec::new(), |design| design.claims);
    let named = claims.into_iter().map(|claim| (claim.id, claim.title));
    named.collect()
}

/// The claim of the design that comes with the program whose name or title is like a word.
///
/// ```
/// let claim = smallbatch_lab::claim_like("Mini-batches are faster");
/// assert_eq!(claim.as_deref(), Some("minibatch-is-faster"));
/// ```
pub fn claim_like(word: &str) -> Option<String> {
    let design = design::Design::parse(design::LESSON, "lesson.toml").ok()?;
    design.claim_like(word)
}

/// The design that comes with the program, as TOML: a start for one's own.
pub fn lesson() -> &'static str {
    design::LESSON
}
