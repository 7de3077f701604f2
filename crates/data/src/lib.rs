//! Tables, splits and mini-batches for training, and built-in data sets.
//!
//! This crate takes data from a file, a generator or a built-in set to the batch that an update sees:
//!
//! ```text
//! file or generator -> Dataset -> Split { train, validation, test } -> Batches(seed, epoch)
//! ```
//!
//! Two decisions shape it:
//!
//! - **A sample is a column.** Features have shape (`n_features`, `n_samples`), the transpose of scikit-learn's tables.
//!   nalgebra stores columns contiguously, so gathering the 32 shuffled samples of a batch is 32 short copies.
//! - **Everything random is a pure function of a recorded seed.** The order of an epoch depends on (seed, epoch) alone:
//!   a position in training is two integers, and resuming is exact. The generator (ChaCha) and the shuffle give the same
//!   values on every machine and in every release.
//!
//! Data is checked once, when a [`Dataset`] is made: wrong shapes, NaN, labels without a class and the like are errors
//! that name the sample and the feature, never silently repaired. The crate trains nothing, draws from no global
//! generator, reads no clock, and touches no file but those that [`CsvReader::read_path`] is given.

mod batch_size;
mod batches;
pub mod builtin;
mod csv_reader;
mod dataset;
mod error;
mod names;
mod scalar;
mod split;
mod stream;
pub mod synthetic;
mod target;

pub use batch_size::BatchSize;
pub use batches::{Batch, BatchTarget, Batches};
pub use csv_reader::CsvReader;
pub use dataset::{Dataset, MissingValues};
pub use error::Error;
pub use scalar::Scalar;
pub use split::{KFolds, Part, Split, Splitter, Strategy};
pub use target::Target;
