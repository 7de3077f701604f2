//! From numbers to verdicts: intervals, effects over tables, corrections, looks. It knows no training.
//!
//! An experiment measures. This crate says what the measurements mean, and how sure that is. One way leads from numbers to an
//! answer:
//!
//! ```text
//! pairs of runs -> a repetition's effect -> TableEffect -> RandomEffects -> Interval + Hypothesis -> Answer -> Decision
//!                  (a mean of 1 to 3)       one table      all tables       at any confidence        a look    all looks
//! ```
//!
//! - **The repetition is the unit of inference.** It draws everything anew: split, tuning, initial weights, order. Its pairs
//!   share what it drew, so they are averaged first; [`TableEffect`] then has Student's t interval over repetitions.
//! - **A sentence about tables needs tables.** [`RandomEffects`] has the mean over a population of tables, the spread τ between
//!   them, and the prediction for a new one. If a number that is read off a table, such as its condition number, narrows the
//!   prediction ([`Moderation`] decides), [`MetaRegression`] predicts by it. [`LeftOut`] tests predictions: it predicts each
//!   known table from the others. Fewer than three tables say nothing of others: their intervals are open.
//! - **One function says the verdict**: [`verdict`], from an [`Interval`] and a [`Hypothesis`] that was fixed before the runs.
//!   [`Answer`] is the same for every confidence at once: a verdict and its p-value. [`Answer::all`] is for claims of
//!   several effects.
//! - **Looking often and asking much has a price.** [`decide`] divides the error among the [looks](Look) and corrects for the
//!   number of questions ([`holm`]).
//! - **"Cannot tell" says what would help**: [`Needed`] is a number of repetitions, or more tables.
//! - **The method is tested, too**: [`MutualCoverage`] asks whether intervals of repeated experiments contain each other's
//!   estimates. [`VarianceComponents`] says where the variation comes from.
//!
//! Two ways on the folds of one table are a [`FoldRatio`]. Two ways of training on one table are a smaller question, and [`Comparison`] answers it from pairs of runs. It takes censored
//! runs ([`Observation::AtLeast`]) and measures that go in steps. [`bootstrap_interval`] assumes no distribution and serves as a
//! second opinion. [`median_interval`] assumes nothing at all, but needs six values to say anything at 95 %.
//!
//! Nothing here panics or returns "not a number": if the numbers do not tell, the interval has open ends and the p-value is 1.
//! Simulations test that intervals cover the truth as often as they say, and that answers are wrong as rarely as they say,
//! beside naive ways that fail. The numbers agree with those of other programs.
//!
//! `smallbatch-lab` feeds this crate with experiments, and `smallbatch-report` draws what it says.
//!
//! # Example
//!
//! ```
//! use smallbatch_evidence::{Answer, Hypothesis, RandomEffects, Scale, TableEffect, Verdict, decide};
//!
//! // Logarithms of "seconds to the target, full batch / batch 32": four repetitions on each of five tables.
//! let tables = [
//!     vec![1.4, 1.6, 1.1, 1.5],
//!     vec![0.9, 1.2, 1.3, 0.8],
//!     vec![2.2, 2.0, 2.6, 2.4],
//!     vec![1.0, 1.8, 1.4, 1.3],
//!     vec![1.9, 1.5, 1.7, 2.1],
//! ];
//! let effects: Vec<TableEffect> = TableEffect::pooled(&tables, 8)?.into_iter().flatten().collect();
//! let with_errors: Vec<(f64, f64)> = effects.iter().map(|e| (e.mean, e.standard_error)).collect();
//! let over_tables = RandomEffects::of(&with_errors)?.expect("five tables");
//!
//! // "Far less time" was fixed beforehand: at least half.
//! let hypothesis = Hypothesis::exceeds(2.0)?;
//! let first_look = over_tables.answer(&hypothesis, Scale::Ratio);
//! let decision = decide(&[vec![first_look]], 0.05)[0].expect("one look");
//! assert_eq!(decision.verdict, Verdict::Supported);
//!
//! // What to say: the ratio with its interval, and on how many tables it holds.
//! let ratio = over_tables.interval(1.0 - decision.look.spend(0.05), Scale::Ratio);
//! assert!(ratio.low > 2.0 && ratio.high < 12.0);
//! let share = over_tables.expected_share(&hypothesis, Scale::Ratio).expect("three tables or more");
//! assert!(share > 0.85);
//! # Ok::<(), smallbatch_evidence::Error>(())
//! ```

mod bootstrap;
mod comparison;
mod components;
mod error;
mod fold_ratio;
mod holm;
mod interval;
mod left_out;
mod look;
mod meta_regression;
mod moderated;
mod moderator;
mod mutual_coverage;
mod needed;
mod numeric;
mod p_value;
mod predictive;
mod quantile;
mod random_effects;
mod table_effect;
mod tables;
mod verdict;

pub use bootstrap::bootstrap_interval;
pub use comparison::{Comparison, Observation, seeds_needed};
pub use components::VarianceComponents;
pub use error::Error;
pub use fold_ratio::FoldRatio;
pub use holm::holm;
pub use interval::{Bound, Interval, Scale, mean_interval, median_interval};
pub use left_out::{LeftOut, LeftOutTable};
pub use look::{Decision, Look, decide};
pub use meta_regression::MetaRegression;
pub use moderator::{Moderation, Moderator, TriedModerator};
pub use mutual_coverage::MutualCoverage;
pub use needed::Needed;
pub use p_value::{Answer, p_of_verdict, p_value};
pub use predictive::Predictive;
pub use quantile::{median, quantile};
pub use random_effects::{RandomEffects, spread_interval, tau_interval};
pub use table_effect::TableEffect;
pub use verdict::{Direction, Hypothesis, Verdict, verdict};
