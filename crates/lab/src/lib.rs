//! Experiments on normalization and batch size: paired arms, intervals, verdicts, reports.
//!
//! A textbook says "normalize your inputs" and "use mini-batches". This crate runs both sides of
//! such a claim on real data, with learning rates tuned for each side, and says what came out:
//! supported, refuted, equivalent, or "cannot tell" with the number of seeds that would.
//!
//! The rooms, each of which knows only those below it:
//!
//! - [`run`] carries out a [`Plan`]: it tunes each arm, runs the pairs, and fills the results;
//! - [`verify`] repeats the runs of an earlier call, and tells whether the same bits came out;
//! - [`advise`] searches a table of one's own for how to train on it, and judges what it found;
//! - [`report`] writes `results.json`, `runs.csv` and `report.html`, and the terminal's table;
//! - [`results`] is the record of what was found: plain data, with a versioned JSON layout;
//! - [`statistics`] turns pairs of runs into intervals, and intervals into verdicts.
//!
//! `statistics` is the crate `smallbatch-evidence`, which knows no training; `report` runs nothing,
//! and a run writes no file but those of its cache.
//!
//! # Example
//!
//! From the measured runs of two arms to a line of the terminal's table:
//!
//! ```
//! use smallbatch_lab::report;
//! use smallbatch_lab::results::{ClaimResult, Effect, Results};
//! use smallbatch_lab::statistics::{Comparison, Direction, Hypothesis, Observation};
//!
//! let full = [41.0, 38.0, 44.0].map(Observation::Exact); // seconds to the target, by seed
//! let mini = [2.0, 2.1, 1.9].map(Observation::Exact);
//! let pairs: Vec<_> = full.into_iter().zip(mini).collect();
//!
//! let hypothesis = Hypothesis::new(Direction::Greater, 0.1)?;
//! let comparison = Comparison::ratios(&pairs, 0.95)?;
//! let mut results = Results::default();
//! results.claims.push(ClaimResult {
//!     id: "minibatch-is-faster".into(),
//!     claim: "With batches of 16 to 32, training reaches the target in far less time.".into(),
//!     experiment: "batch-size".into(),
//!     dataset: "digits".into(),
//!     budget: "until target".into(),
//!     verdict: comparison.verdict(&hypothesis),
//!     effect: Effect::new(&comparison, "ratio of seconds, full / 32"),
//!     hypothesis,
//!     p: comparison.p_value(&hypothesis),
//!     pairs: comparison.pairs,
//!     censored: comparison.censored,
//!     statement: "The full batch takes 20 times as long as batches of 32.".into(),
//! });
//! assert!(report::terminal_table(&results).contains("supported"));
//! # Ok::<(), smallbatch_lab::Error>(())
//! ```

mod advice;
mod cost_fit;
mod error;
mod experiment;
mod nearest;
pub mod report;
pub mod results;

pub use advice::{
    Advice, AdvicePlan, Advised, Conclusion, Gain, Judged, Prediction, Predictions, SavedModel,
    Setting, Tried, advise,
};
pub use error::Error;
pub use experiment::{
    Difference, ExperimentName, MemoryProbe, Outcome, Plan, Progress, Size, Status, Verification,
    run, verify,
};
pub use smallbatch_data::{Table, TableSchema, Task};
/// From numbers to verdicts: the crate `smallbatch-evidence`.
pub use smallbatch_evidence as statistics;
