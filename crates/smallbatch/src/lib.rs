//! Small neural networks on a CPU: fast to train, and told with evidence how to normalize their inputs and which batch
//! size to use.
//!
//! Much of what is learned from tables is learned well by a multi-layer perceptron of a few thousand weights. Such a
//! network needs no GPU, no Python and no framework, and trains in seconds. Two choices decide how well that goes: how
//! the inputs are scaled, and how many samples go into one update. This crate makes both hard to get wrong, and its
//! experiments (`smallbatch run`, feature `lab`) measure what they are worth.
//!
//! # A model in twenty lines
//!
//! Wines of three cultivars, told apart by 13 measurements that range from 0.1 to 1,680:
//!
//! ```
//! use smallbatch::data::builtin;
//! use smallbatch::prelude::*;
//! use smallbatch::train::metrics;
//!
//! // The split hands its training part, and nothing else, to the scaler.
//! let raw = Splitter::new(7).fractions(0.6, 0.2, 0.2)?.stratified().split(&builtin::wine()?)?;
//! let (split, scaler) = raw.scaled_by(&StandardScaler::default())?;
//!
//! let mut model = Trainer::new(MlpSpec::new([13, 32, 3]))
//!     .optimizer(OptimizerSpec::adam())
//!     .learning_rate(0.01)
//!     .batch_size(BatchSize::Mini(16))
//!     .budget(Budget::Epochs(40))
//!     .seed(7)
//!     .fit(split.train(), Some(split.validation()))?
//!     .into_model();
//!
//! // Fold the scaler into the first layer: the model now takes a wine as it was measured.
//! let affine = scaler.affine().ok_or("standardizing is affine")?;
//! model.fold_input_scaling(&affine.shift, &affine.scale)?;
//!
//! let probabilities = model.predict(raw.test().features().as_view())?; // (3 classes, n_samples)
//! let labels = raw.test().target().labels().ok_or("wine has classes")?;
//! assert!(metrics::accuracy(probabilities.as_view(), labels, None)? > 0.9);
//!
//! // A model is one value that serde saves, to the last bit.
//! let saved = serde_json::to_string(&model)?;
//! assert_eq!(serde_json::from_str::<Mlp<f32>>(&saved)?, model);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why normalize, and why mini-batches
//!
//! Gradient descent takes its step in all directions at the same rate. Where one input is a thousand times another,
//! the loss is a ravine: the rate that is safe across it is far too small along it. For a linear unit with squared error
//! the curvature is the inputs' second moment, so centring each feature and dividing it by its standard deviation
//! is the cure that matters most (LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998). The mean and the deviation
//! are those of the training part, and stay so for every sample that ever comes: statistics of the test part would
//! measure something else, and statistics of everything would leak.
//!
//! The full training set gives the exact gradient for the price of every sample. 32 samples give a noisy one for a
//! thousandth of it, and a thousand noisy steps get further than an exact one. How far, and whether the noise is good
//! or bad for new data, depends on what is held equal: epochs, updates or seconds. So every [`Budget`](train::Budget)
//! names its unit, and every [`Record`](train::Record) counts all three.
//!
//! # Samples are columns
//!
//! Features have shape (`n_features`, `n_samples`): the transpose of scikit-learn's. nalgebra stores columns in one
//! piece, so gathering a mini-batch is a few short copies, and `Z = W·A + b` is what textbooks write.
//!
//! # The rooms
//!
//! Each is a crate of its own, to be used alone where less is wanted:
//!
//! - [`preprocess`]: statistics of features, and the scalers fitted from them;
//! - [`mlp`]: the network, forward and backward by hand, losses, optimizers, curvature;
//! - [`data`]: data sets, splits, mini-batches, readers, built-in data;
//! - [`train`]: the loop, with budgets, schedules, early stopping, history and metrics;
//!
//! And behind features of the same names:
//!
//! - `sweep`: many trainings, each a pure function of its description, spread over threads;
//! - `evidence`: from numbers to verdicts: intervals, corrections, effects over tables;
//! - `report`: the results of experiments as files, and all that draws them;
//! - `lab`: experiments on normalization and batch size; it brings the three above;
//! - `advice`: what to do on a table of one's own; so does it.
//!
//! [`prelude`] has the names that most programs need.
//!
//! # What can be relied on
//!
//! The same seed on the same machine gives the same bits. Bad input is an error that names the column, the row and
//! the way out, never a panic and never a silent repair. A training that diverges says so, at which step, and what to
//! try. There are two unsafe expressions in these crates (one hands work to threads, and Miri runs it; one
//! asks Linux for large pages), and the default build needs nothing but Rust.

#[cfg(feature = "advice")]
pub use smallbatch_advice as advice;
pub use smallbatch_data as data;
#[cfg(feature = "evidence")]
pub use smallbatch_evidence as evidence;
#[cfg(feature = "lab")]
pub use smallbatch_lab as lab;
pub use smallbatch_mlp as mlp;
pub use smallbatch_preprocess as preprocess;
#[cfg(feature = "report")]
pub use smallbatch_report as report;
#[cfg(feature = "sweep")]
pub use smallbatch_sweep as sweep;
pub use smallbatch_train as train;
pub use smallbatch_train::Scalar;

/// The names that most programs need.
///
/// ```
/// use smallbatch::prelude::*;
///
/// let spec = MlpSpec::new([2, 16, 2]).activation(Activation::Tanh);
/// let model: Mlp<f32> = spec.build(0)?;
/// assert_eq!(model.n_parameters(), 2 * 16 + 16 + 16 * 2 + 2);
/// # Ok::<(), smallbatch::mlp::Error>(())
/// ```
pub mod prelude {
    pub use smallbatch_data::{BatchSize, Dataset, Split, Splitter, TableReader, Target};
    pub use smallbatch_mlp::{Activation, Loss, Mlp, MlpSpec, OptimizerSpec};
    pub use smallbatch_preprocess::{
        FittedScaler, MinMaxScaler, RobustScaler, Scaler, StandardScaler,
    };
    pub use smallbatch_train::{Budget, EarlyStopping, Evaluation, Schedule, Trained, Trainer};
}
