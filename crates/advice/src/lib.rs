//! Advice on one table: how to normalize, which batch size, what that gains, how sure it is; and a model that is at least as good as a
//! straight line.
//!
//! The experiments of `smallbatch-lab` speak of tables in general. This crate looks at yours:
//!
//! 1. **Folds.** The rows are cut into five folds. Rows with equal features stay together, and so do those of a group; with times, the past
//!    predicts the future. Whatever is tried trains on four folds and is judged on the fifth.
//! 2. **Baselines.** The same for every row; and straight lines (ridge or logistic regression) with several penalties; of many
//!    features also the lasso, which leaves some out, and of a column of many categories a feature for each.
//! 3. **Search.** Networks that differ in scaling, batch size, rate, optimizer, width, depth, weight decay and dropout, by successive
//!    halving: all for a short while on one fold, the best third for long on three, the best of those on all five.
//! 4. **Judgement.** The network that was found, the best line, a network with default settings, and the one that was found with raw inputs
//!    and with the full batch, each at the best of three rates. All predict every row without having seen it.
//!
//! | what was found | what is advised, and saved |
//! |---|---|
//! | the network's loss is lower than the line's by more than one standard error over the rows | the network |
//! | otherwise | the straight line |
//! | neither is better than saying the same of every row | the straight line, and "cannot tell" |
//!
//! Where the difference is near one standard error, the advice says that another seed may choose the other.
//!
//! A setting whose training diverged in any fold is not advised. The model that is saved is the very one that was judged: the five networks,
//! whose predictions are averaged.
//!
//! # What the advice rests on
//!
//! - The loss is the log loss, or the squared error. Accuracy and the like are shown and decide nothing.
//! - The interval of how many times a loss is another is over the folds, with the correction for rows that trainings share (Nadeau & Bengio 2003).
//! - The network that was found is the best of several on the same rows, so its loss is a little too good. What is saved is the mean of all
//!   its networks, which is mostly better than each. `docs/own-table.md` holds it against other programs on rows that no search saw.
//! - The length of the search comes from a count of operations and not from a clock. The same table and plan give the same advice.
//!
//! [`AdvicePlan`] says what is asked; [`Pipeline`](smallbatch_pipeline::Pipeline) is the model.

mod advice;
mod advise;
mod budget;
mod candidates;
mod columns;
mod error;
mod judge;
mod lesson;
mod notes;
mod page;
mod plan;
mod search;
mod terminal;
mod words;
mod write;

pub use advice::{Advice, Conclusion, Gain, Judged, TriedRecipe, Way};
pub use advise::{Advised, MOST_ROWS, advise, advise_sampled};
pub use error::Error;
pub use plan::AdvicePlan;
pub use smallbatch_sweep::{Progress, Size, Status};
