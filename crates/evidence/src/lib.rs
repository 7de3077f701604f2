//! From measured runs to a verdict: intervals for paired effects, censored runs included.
//!
//! The way is always the same. Runs of two arms with the same seed make a pair of
//! [`Observation`]s; [`Comparison::differences`] or [`Comparison::ratios`] turns the pairs into an
//! [`Interval`]; [`verdict`] holds the interval against a [`Hypothesis`]; [`seeds_needed`] says how
//! much more work would settle what is still open.
//!
//! Intervals of a mean are Student's t intervals: exact for normal effects of any number, and close
//! for others by ten pairs or so. [`bootstrap_interval`] assumes no distribution and serves as
//! a second opinion; [`median_interval`] assumes nothing at all, but needs six values to say
//! anything at 95 %. That they cover the truth as often as they say is tested by simulation.
//!
//! Nothing here panics or returns "not a number": a list too short for an interval gives one with
//! open ends.
//!
//! # Example
//!
//! ```
//! use smallbatch_evidence::{Comparison, Direction, Hypothesis, Observation, Verdict};
//!
//! // Updates until the target, raw inputs against standardized ones, five seeds. One raw run
//! // was stopped after 4000 updates without reaching it.
//! let raw = [2100.0, 1900.0, 2600.0, 2300.0].map(Observation::Exact);
//! let raw = [&raw[..], &[Observation::AtLeast(4000.0)]].concat();
//! let standardized = [210.0, 220.0, 240.0, 200.0, 260.0].map(Observation::Exact);
//! let pairs: Vec<_> = raw.into_iter().zip(standardized).collect();
//!
//! let comparison = Comparison::ratios(&pairs, 0.95)?;
//! assert!(comparison.interval.low > 7.0); // at least seven times as many
//! assert_eq!(comparison.censored, 1);
//! let hypothesis = Hypothesis::new(Direction::Greater, 0.1)?; // 10 % does not count
//! assert_eq!(comparison.verdict(&hypothesis), Verdict::Supported);
//! # Ok::<(), smallbatch_evidence::Error>(())
//! ```

mod bootstrap;
mod comparison;
mod components;
mod error;
mod holm;
mod interval;
mod look;
mod mutual_coverage;
mod needed;
mod numeric;
mod p_value;
mod quantile;
mod random_effects;
mod table_effect;
mod verdict;

pub use bootstrap::bootstrap_interval;
pub use comparison::{Comparison, Observation, seeds_needed};
pub use components::VarianceComponents;
pub use error::Error;
pub use holm::holm;
pub use interval::{Bound, Interval, Scale, mean_interval, median_interval};
pub use look::{Decision, Look, decide};
pub use mutual_coverage::MutualCoverage;
pub use needed::Needed;
pub use p_value::{Answer, p_of_verdict, p_value};
pub use quantile::{median, quantile};
pub use random_effects::{RandomEffects, spread_interval, tau_interval};
pub use table_effect::TableEffect;
pub use verdict::{Direction, Hypothesis, Verdict, verdict};
