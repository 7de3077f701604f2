//! How much work an advice may take: counted in operations, so that the same table gets the same advice on every machine.

use smallbatch_sweep::Size;

/// Billions of operations that an ordinary core does in a second, as
/// [`cost_of_epoch`](smallbatch_pipeline::NetworkRecipe::cost_of_epoch) counts them.
const RATE: f64 = 60.0;
/// What reading the table and writing the model leave of two seconds.
const LEAST_SECONDS: f64 = 1.2;

/// From a minute of work on, finished trainings are worth keeping.
pub(crate) const LONG: f64 = 60.0 * RATE;

/// The work in billions of operations, for so many rows, features and outputs.
///
/// The usual version takes no more than three times what scikit-learn's `MLPClassifier` takes with its defaults, or two seconds where that
/// is more. Its time was measured on 38 tables: a quarter of a millisecond an update, and six operations for each weight and sample at
/// 10 billion a second, over some 100 epochs in batches of 200.
pub(crate) fn work(size: Size, rows: usize, features: usize, outputs: usize) -> f64 {
    let epochs = 100.0;
    let updates = epochs * (rows as f64 / 200.0).ceil();
    let weights = (features * 100 + 100 * outputs) as f64;
    let peer = updates * 0.25e-3 + 6.0 * weights * rows as f64 * epochs / 10e9;
    let seconds = match size {
        Size::Quick => 0.5 * LEAST_SECONDS.max(peer),
        Size::Default => LEAST_SECONDS.max(3.0 * peer),
        Size::Thorough => (20.0 * LEAST_SECONDS).max(40.0 * peer),
    };
    seconds * RATE
}
