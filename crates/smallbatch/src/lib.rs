//! Small neural networks on a CPU: fast to train, with evidence on how to normalize the inputs and which batch size to use.
//!
//! A multi-layer perceptron of a few thousand weights learns many tables well. It needs no GPU, no Python and no
//! framework, and trains in seconds. Two choices decide how well that goes: how the inputs are scaled, and how many
//! samples go into one update. This crate makes both hard to get wrong. Its experiments (feature `lab`) measure what
//! they are worth.
//!
//! Matrices are those of nalgebra, which is re-exported as [`nalgebra`]: a program needs no dependency on the same version.
//!
//! # A model in twenty lines
//!
//! Wines of three cultivars, told apart by 13 measurements that range from 0.1 to 1,680:
//!
//! ```
//! use smallbatch::prelude::*;
//!
//! # fn main() -> smallbatch::Result<()> {
//! // The split hands its training part, and nothing else, to the scaler.
//! let raw = Splitter::new(7).fractions(0.6, 0.2, 0.2).stratified().split(&builtin::wine()?)?;
//! let (split, scaler) = raw.scaled_by(&StandardScaler::default())?;
//!
//! let trained = Trainer::new(MlpSpec::new([13, 32, 3]))
//!     .optimizer(OptimizerSpec::adam())
//!     .learning_rate(0.01)
//!     .batch_size(BatchSize::Mini(16))
//!     .budget(Budget::Epochs(40))
//!     .seed(7)
//!     .fit(split.train(), Some(split.validation()))?;
//! assert!(trained.evaluate(split.test())?.metrics.accuracy() > Some(0.9));
//! println!("{}", trained.confusion_matrix(split.test())?);
//!
//! // Fold the scaler into the first layer: the model now takes a wine as it was measured.
//! let mut model = trained.into_model();
//! if let Some(affine) = scaler.affine() {
//!     model.fold_input_scaling(&affine.shift, &affine.scale)?;
//! }
//! let probabilities = model.predict(raw.test().features())?; // (3 classes, n_samples)
//! assert_eq!(metrics::argmax(&probabilities).len(), raw.test().n_samples());
//!
//! // A model is one value that serde saves, to the last bit.
//! let saved = serde_json::to_string(&model).map_err(std::io::Error::from)?;
//! let read: Mlp<f32> = serde_json::from_str(&saved).map_err(std::io::Error::from)?;
//! assert_eq!(read, model);
//! # Ok(())
//! # }
//! ```
//!
//! Longer programs are in the repository's folder `examples`, each on one screen: `classify` (early stopping, test metrics, a saved
//! model), `regress` (a CSV file, predictions for new rows), `batch` (a table of any size, scored piece by piece), `batch_size` (three batch sizes, each at its
//! best rate), `cross_validation`, `range_test`, `multi_output`, `quantiles`, `observer` (rates and a log of one's own), `resume`, `ensemble`, `bytes` and `mnist`. If you
//! know scikit-learn, Keras or PyTorch, `docs/words.md` has your words and ours.
//!
//! # Why normalize, and why mini-batches
//!
//! Gradient descent uses one learning rate for all directions. If one input is a thousand times another, the loss is a
//! ravine: a rate that is safe across it is far too small along it. For a linear unit with squared error the curvature
//! is the inputs' second moment. Therefore the cure that matters most is to centre each feature and to divide it by its
//! standard deviation (LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998). Mean and deviation come from the
//! training part, and scale every later sample. Statistics of the test part would measure something else; statistics of
//! all rows would leak.
//!
//! The full training set gives the exact gradient for the price of every sample. In a set of 32,000, a batch of 32 gives a
//! noisy gradient for a thousandth of that price, and a thousand noisy steps get further than one exact step. How much
//! further depends on what is held equal: epochs, updates or seconds. Whether the noise is good or bad for new data
//! depends on it, too. So every [`Budget`](train::Budget) names its unit, and every [`Record`](train::Record) counts all
//! three.
//!
//! # Samples are columns
//!
//! Matrices are those of nalgebra, which is re-exported as [`nalgebra`], so that a program needs no dependency on the same version.
//! What takes a matrix takes a view or a reference, too. Arrays of ndarray come in and go out without a copy, behind the feature `ndarray`.
//!
//! Features have shape (`n_features`, `n_samples`): the transpose of scikit-learn's. nalgebra stores columns in one
//! piece, so gathering a mini-batch is a few short copies, and `Z = W·A + b` is what textbooks write.
//!
//! # Settings
//!
//! A setting is a method (or a field) that takes any value: it does not fail and does not panic. The first call that returns a `Result`
//! (`fit`, `start`, `split`, `build`, `run`, `advise`) checks all settings before it looks at the data. Its error names the setting, the
//! value and what it may be. What depends on the data, such as a batch larger than the training set, is checked next, by the same
//! call. `validate`, where a type has it, asks sooner. Data are no settings: [`Dataset::new`](data::Dataset::new) and whatever adds
//! something to a data set check at once.
//!
//! # What do you want to do?
//!
//! [`prelude`] has the names that most programs need, and [`Error`] is one type for the errors of all. Each module is a crate of its own, for programs that need no more.
//! Read them in this order; each front page has a program that runs:
//!
//! | task | module | feature |
//! |---|---|---|
//! | scale inputs, and see what is odd about them | [`preprocess`] | |
//! | read a table, split it, cut it into batches | [`data`] | |
//! | compute gradients, losses, curvature by hand | [`mlp`] | |
//! | train: budgets, schedules, early stopping, metrics, resuming | [`train`] | |
//! | from a table to predictions: encoding, scaling, networks, intervals, one file | [`pipeline`] | |
//! | predict with a saved model where there is no standard library, row by row | [`predict`] | |
//! | write files that appear whole or not at all, and keep a folder for one process | [`files`] | |
//! | write a model as a source of Rust or C, or for ONNX runtimes | `export` | `export` |
//! | fetch a real data set such as MNIST | `fetch` | `fetch` |
//! | run many trainings on all cores, each one reproducible | `sweep` | `sweep` |
//! | say what the numbers of many trainings mean, and how sure that is | `evidence` | `evidence` |
//! | repeat the experiments on normalization and batch size | `lab` | `lab`, which brings those above and `report` |
//! | find the best scaling, batch size and rate for one table | `advice` | `advice`, which brings the same without `lab` |
//! | read or draw the results of experiments again | `report` | `report` |
//!
//! # What can be relied on
//!
//! - The same seed on the same machine gives the same bits.
//! - Bad input is an error that names the column, the row and the way out: never a panic, never a silent repair.
//! - A training that diverges says at which step, and what to try.
//! - The default build needs nothing but Rust. Three expressions are unsafe: one hands work to threads, and Miri runs it;
//!   one asks Linux for large pages; one asks the processor for lines of cache.

#[cfg(feature = "ndarray")]
pub mod arrays;
mod error;

pub use nalgebra;
#[cfg(feature = "advice")]
pub use smallbatch_advice as advice;
pub use smallbatch_base::limits;
pub use smallbatch_data as data;
#[cfg(feature = "evidence")]
pub use smallbatch_evidence as evidence;
#[cfg(feature = "export")]
pub use smallbatch_export as export;
#[cfg(feature = "fetch")]
pub use smallbatch_fetch as fetch;
pub use smallbatch_files as files;
#[cfg(feature = "lab")]
pub use smallbatch_lab as lab;
pub use smallbatch_mlp as mlp;
pub use smallbatch_pipeline as pipeline;
pub use smallbatch_predict as predict;
pub use smallbatch_preprocess as preprocess;
#[cfg(feature = "report")]
pub use smallbatch_report as report;
#[cfg(feature = "sweep")]
pub use smallbatch_sweep as sweep;
pub use smallbatch_train as train;
pub use smallbatch_train::Scalar;

pub use error::{Error, Result};

#[cfg(test)]
#[cfg(all(feature = "advice", feature = "lab"))]
mod settings;
#[cfg(test)]
mod words;

/// The names that most programs need. `nalgebra` is among them because its macros, such as `dmatrix!`, need it.
///
/// ```
/// use smallbatch::prelude::*;
///
/// // Exclusive or: two features (rows) of four samples (columns).
/// let features = dmatrix![0.0, 0.0, 1.0, 1.0; 0.0, 1.0, 0.0, 1.0];
/// let data: Dataset<f64> = Dataset::new(features, Target::classes(vec![0, 1, 1, 0]))?;
/// let trained = Trainer::new(MlpSpec::new([2, 16, 2]).activation(Activation::Tanh))
///     .learning_rate(0.05)
///     .batch_size(BatchSize::Full)
///     .fit(&data, None)?;
/// assert_eq!(trained.evaluate(&data)?.metrics.accuracy(), Some(1.0));
/// assert!(trained.model().predict_sample(&[1.0, 0.0])?[1] > 0.5);
/// # Ok::<(), smallbatch::Error>(())
/// ```
pub mod prelude {
    pub use nalgebra::{self, DMatrix, DMatrixView, dmatrix};
    pub use smallbatch_data::{
        BatchSize, Dataset, KFolds, Split, Splitter, Table, TableReader, Target, TargetScaler,
        Task, builtin,
    };
    pub use smallbatch_mlp::{Activation, Loss, Mlp, MlpSpec, OptimizerSpec};
    pub use smallbatch_pipeline::{Pipeline, Recipe};
    pub use smallbatch_preprocess::{
        FittedScaler, MinMaxScaler, RobustScaler, Scaler, StandardScaler,
    };
    pub use smallbatch_train::{
        Budget, EarlyStopping, Evaluation, Observer, Period, RangeTest, Record, Schedule, Trained,
        Trainer, metrics,
    };
}
