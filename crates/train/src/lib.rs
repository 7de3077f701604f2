//! The training loop: budgets, schedules, stopping, history, metrics.
//!
//! A [`Trainer`] says how a model is trained: which optimizer and learning rate, which batch size, for how long. Given
//! data, it gives a [`Trained`] model with its [`History`], or an [`Error`] that says what to change.
//!
//! Its matrices are those of nalgebra, which is re-exported as [`nalgebra`].
//!
//! Four decisions shape it:
//!
//! - **Budgets are explicit.** Batch sizes compared at equal epochs, equal updates or equal seconds can rank in three
//!   different orders, so a [`Budget`] names its unit, and a [`Record`] counts all of them: epochs, updates, samples, and
//!   seconds of training alone. Evaluating never counts as training.
//! - **Same seed, same bits.** The position in a training is one number, the updates made: the epoch, the batch, its
//!   samples, the learning rate and the masks of dropout follow from it. So a training resumed from a [`Checkpoint`] ends
//!   with the same bits as one that was never stopped.
//! - **Divergence is an error, not a number.** A loss or a weight that is not finite ends the training with
//!   [`Error::Diverged`]: after which update, at which rate, which feature is likely to blame, and the history so far.
//! - **Nothing on the hot path** but a batch and an update. Between two evaluations nothing is allocated, and no clock is
//!   read unless the budget counts seconds. By default the training data is not evaluated either: a record's training
//!   loss is the mean of the batches' own losses, and each record says [which loss](TrainingLoss) it holds.
//!
//! Losses are means over the samples, by weight; metrics beside the loss are in [`metrics`]. Nothing here reads or writes
//! a file but [`Checkpoints`]. Specifications, histories and checkpoints serialize with serde.
//!
//! # From a table to a test accuracy
//!
//! ```
//! use smallbatch_data::{BatchSize, Splitter, builtin};
//! use smallbatch_mlp::{MlpSpec, OptimizerSpec};
//! use smallbatch_preprocess::StandardScaler;
//! use smallbatch_train::{Budget, EarlyStopping, Trainer, metrics};
//!
//! // 178 wines, 13 measurements each, 3 cultivars. The scaler is fitted to the training part alone.
//! let split = Splitter::new(1).fractions(0.6, 0.2, 0.2).stratified().split(&builtin::wine()?)?;
//! let (split, _scaler) = split.scaled_by(&StandardScaler::default())?;
//!
//! let trained = Trainer::new(MlpSpec::new([13, 32, 3]))
//!     .optimizer(OptimizerSpec::momentum(0.9))
//!     .learning_rate(0.02)
//!     .batch_size(BatchSize::Mini(16))
//!     .budget(Budget::Epochs(60))
//!     .early_stopping(EarlyStopping::patience(15))
//!     .seed(1)
//!     .fit(split.train(), Some(split.validation()))?;
//!
//! let labels = split.test().target().labels().ok_or("wine has classes")?;
//! let probabilities = trained.model().predict(split.test().features().as_view())?;
//! let accuracy = metrics::accuracy(probabilities.as_view(), labels, None)?;
//! assert!(accuracy > 0.9, "{accuracy}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to find what
//!
//! | task | types |
//! |---|---|
//! | describe a training | [`Trainer`], [`Budget`], [`Schedule`], [`EarlyStopping`], [`Evaluation`] |
//! | read what came out | [`Trained`], [`History`] of [`Record`]s, [`Outcome`] |
//! | find out why it failed | [`Error::Diverged`] with a [`Divergence`] |
//! | find a learning rate to begin with | [`RangeTest`] |
//! | watch a training and its model, interrupt it, give the rate of each update | [`Observer`], [`RateBy`] |
//! | save it while it runs, and go on after a kill | [`Trainer::fit_saved`], [`Checkpoints`] |
//! | run it piece by piece, save it, resume it | [`Session`], [`Checkpoint`] |
//! | measure a model on the test part | [`Trained::evaluate`], [`Trained::confusion_matrix`], [`metrics`] |
//!
//! # Random numbers
//!
//! Every draw comes from a named stream of the trainer's one seed, each with a key of its own. So no draw depends on how
//! much was drawn from another stream.
//!
//! | stream | draws | in |
//! |---|---|---|
//! | `init` | weights | `smallbatch-mlp` |
//! | (a counter-based generator) | masks of dropout | `smallbatch-mlp` |
//! | `shuffle`, a counter an epoch | the order of samples | `smallbatch-data` |
//! | `evaluate`, counter 0 for training and 1 for validation data | the samples that evaluations are limited to | this crate |
//!
//! # What comes next
//!
//! One training says little: another seed gives another loss. `smallbatch-sweep` runs many, and `smallbatch-evidence` says
//! what they mean together.

mod batch_losses;
mod best;
mod budget;
mod checkpoint;
mod checkpoints;
mod clock;
mod divergence;
mod early_stopping;
mod error;
mod evaluation;
mod evaluator;
mod fit;
mod fit_check;
mod history;
pub mod metrics;
mod network_batch;
mod observer;
mod period;
mod plateau;
mod range_test;
mod rows;
mod schedule;
mod session;
mod trained;
mod trainer;
mod training_loss;
mod watched;

pub use nalgebra;

/// The number type of a training.
///
/// ```
/// use nalgebra::DMatrix;
/// use smallbatch_data::{BatchSize, Dataset, Target};
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Error, Scalar, Trainer};
///
/// /// The training loss of a linear model of two classes, in whichever type the data has.
/// fn linear<T: Scalar>(training: &Dataset<T>) -> Result<f64, Error> {
///     let trainer = Trainer::new(MlpSpec::new([training.n_features(), 2])).batch_size(BatchSize::Full);
///     Ok(trainer.fit(training, None)?.record().training_loss)
/// }
///
/// let features = DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
/// let wide = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1]))?;
/// let narrow = wide.cast::<f32>()?;
/// assert!((linear(&narrow)? - linear(&wide)?).abs() < 1e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(inline)]
pub use smallbatch_base::Scalar;

pub use budget::Budget;
pub use checkpoint::Checkpoint;
pub use checkpoints::Checkpoints;
pub use clock::SavePace;
pub use divergence::{Divergence, NotFinite, Range};
pub use early_stopping::EarlyStopping;
pub use error::Error;
pub use evaluation::{EvaluateEvery, Evaluation};
pub use evaluator::Measurement;
pub use history::{History, Outcome, Record, TaskMetrics};
pub use observer::{ModelRef, Observer, Plan, RateBy, Silent, Update};
pub use period::Period;
pub use range_test::{RangeCurve, RangePoint, RangeTest};
pub use rows::TrainingRows;
pub use schedule::{LearningRates, Schedule};
pub use session::Session;
pub use trained::Trained;
pub use trainer::Trainer;
pub use training_loss::TrainingLoss;
pub use watched::Watched;
