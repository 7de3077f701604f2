//! How much work an advice may take: counted in operations, so that the same table gets the same advice on every machine.

use smallbatch_data::Target;
use smallbatch_sweep::Size;

/// Billions of operations that an ordinary core does in a second, as
/// [`cost_of_epoch`](smallbatch_pipeline::NetworkRecipe::cost_of_epoch) counts them.
const RATE: f64 = 60.0;
/// What reading the table and writing the model leave of two seconds.
const LEAST_SECONDS: f64 = 1.2;

/// From a minute of work on, finished trainings are worth keeping.
pub(crate) const LONG: f64 = 60.0 * RATE;

/// The epochs that scikit-learn's `MLPClassifier` and `MLPRegressor` take with their defaults on most tables.
const PEER_EPOCHS: f64 = 100.0;
/// With more rows than this `MLPRegressor` takes fewer.
const PEER_ROWS: f64 = 5_000.0;

/// The work in billions of operations, for so many rows, features and outputs.
///
/// The usual version takes no more than three times what scikit-learn's network takes with its defaults, or two seconds where that is
/// more. Its time was measured on 38 tables: a quarter of a millisecond an update, and six operations for each weight and sample at 10
/// billion a second, in batches of 200.
///
/// Its epochs are some 100. On numbers they become fewer with the rows, as one over their root: an epoch has more updates, and
/// `MLPRegressor` stops where ten epochs gain less than 0.0001 (diamonds: 101 epochs of 2,500 rows, 49 of 10,000, 38 of 40,000).
pub(crate) fn work(size: Size, rows: usize, features: usize, target: &Target<f64>) -> f64 {
    let epochs = match target {
        Target::Values { .. } => PEER_EPOCHS * (PEER_ROWS / rows as f64).sqrt().min(1.0),
        _ => PEER_EPOCHS,
    };
    let updates = epochs * (rows as f64 / 200.0).ceil();
    let weights = (features * 100 + 100 * target.n_outputs()) as f64;
    let peer = updates * 0.25e-3 + 6.0 * weights * rows as f64 * epochs / 10e9;
    let seconds = match size {
        Size::Quick => 0.5 * LEAST_SECONDS.max(peer),
        Size::Default => LEAST_SECONDS.max(3.0 * peer),
        Size::Thorough => (20.0 * LEAST_SECONDS).max(40.0 * peer),
    };
    seconds * RATE
}
