//! Tables, splits and mini-batches for training, and built-in data sets.
//!
//! This crate takes a table from a file, a generator or a built-in set, and ends at the batch that an update sees:
//!
//! ```text
//! file -> Table -> Dataset -> Split { train, validation, test } -> fit(train) -> scaled -> Batches(seed, epoch)
//! ```
//!
//! Its matrices are those of nalgebra, which is re-exported as [`nalgebra`].
//!
//! Three decisions shape it:
//!
//! - **A sample is a column.** Features have shape (`n_features`, `n_samples`), the transpose of scikit-learn's tables.
//!   nalgebra stores columns contiguously, so gathering the 32 shuffled samples of a batch is 32 short copies.
//! - **Only the training part reaches a scaler's `fit`.** [`Split::fit`] hands over that part and nothing else, so no
//!   statistic of a validation or test sample can leak into training by accident.
//! - **Everything random is a pure function of a recorded seed.** The order of an epoch depends on (seed, epoch) alone:
//!   a position in training is two integers, and resuming is exact. The generator (ChaCha) and the shuffle give the same
//!   values on every machine and in every release.
//!
//! Data is checked once, when a [`Dataset`] is made. Wrong shapes, NaN and labels without a class are errors that name the
//! sample and the feature; nothing is silently repaired. The crate trains nothing, draws from no global generator, reads
//! no clock, and touches only the files that it is asked to read.
//!
//! # Example
//!
//! ```
//! use smallbatch_data::{BatchSize, BatchTarget, Batches, Splitter, builtin};
//! use smallbatch_preprocess::StandardScaler;
//!
//! # fn main() -> Result<(), smallbatch_data::Error> {
//! let wine = builtin::wine()?; // 178 samples, 13 features, 3 classes
//! let split = Splitter::new(7).fractions(0.6, 0.2, 0.2).stratified().split(&wine)?;
//!
//! // Mean and deviation come from the training part; all three parts are scaled by them.
//! let (split, scaler) = split.scaled_by(&StandardScaler::default())?;
//! assert_eq!(scaler.n_features(), 13);
//!
//! let mut batches = Batches::new(split.train(), BatchSize::Mini(32), 7)?;
//! for epoch in 0..3 {
//!     batches.start_epoch(epoch);
//!     let mut visited = 0;
//!     while let Some(batch) = batches.next_batch() {
//!         // Here a network would be updated.
//!         assert_eq!(batch.features.nrows(), 13);
//!         let BatchTarget::Labels(labels) = batch.target else { unreachable!() };
//!         visited += labels.len();
//!     }
//!     assert_eq!(visited, split.train().n_samples());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to find what
//!
//! | task | types |
//! |---|---|
//! | read a CSV file in one call | [`TableReader`] |
//! | read later files in the same way, for predictions | [`Table`], [`TableSchema`] |
//! | see what its columns are and why, or declare it | [`TableSchema::columns`], [`ColumnKind`] |
//! | keep categories and missing cells, for what is fitted later | [`Frame`] |
//! | read a table that does not fit into memory | [`TableChunks`], [`SchemaInference`], [`sample_path`] |
//! | read every table of a folder | [`read_folder`]; one of them [`read_folder_table`] |
//! | read images as MNIST has them, or an array of numpy | [`read_labelled_idx`], [`read_idx`], [`read_npy`] |
//! | read a Parquet file, with the feature `parquet` | `Table::read_parquet` |
//! | make a data set of matrices | [`Dataset`], [`Target`] |
//! | take a table that comes with the crate, or make one | [`builtin`], [`synthetic`] |
//! | split by fraction or fold; shuffled, stratified or grouped | [`Splitter`], [`Split`], [`KFolds`] |
//! | predict numbers: scale the target, and scale predictions back | [`TargetScaler`] |
//! | give a second data set the class numbers of the first | [`Dataset::with_classes_of`] |
//! | cut the training part into batches | [`BatchSize`], [`Batches`] |
//! | train on rows that do not fit into memory | [`RowFileWriter`], [`RowFile`], [`FileBatches`] |
//!
//! # What comes next
//!
//! `smallbatch-train` takes a [`Split`] and makes the batches itself. `smallbatch-mlp` takes them one at a time, for a
//! training loop of your own.

mod ahead;
mod any_rows;
mod arrays;
mod batch_size;
mod batches;
pub mod builtin;
mod cells;
mod chunks;
mod column;
mod copies;
mod dataset;
mod dates;
mod decide;
mod dialect;
mod error;
mod features;
mod file_batches;
mod folder;
mod folds;
mod frame;
mod infer;
mod lines;
mod names;
mod numbers;
mod open;
mod part;
mod read;
mod reader;
mod ready;
mod row_file;
mod rows;
mod schema;
mod settings;
mod sound;
mod source;
mod split;
mod stream;
mod survey;
pub mod synthetic;
mod table;
mod target;
mod target_scaler;
mod text;
mod words;

pub use nalgebra;

#[doc(inline)]
pub use smallbatch_base::{InputScaling, Scalar, StoredFeatures, StoredValues};

pub use arrays::{Array, ArrayValues, read_idx, read_labelled_idx, read_npy};
pub use batch_size::BatchSize;
pub use batches::{Batch, Batches, Choice};
pub use chunks::{TableChunks, sample_path};
pub use column::{ColumnKind, ColumnRole, TableColumn};
pub use dataset::{Dataset, MissingValues};
pub use error::{ArrayProblem, Error, Mismatch};
pub use file_batches::FileBatches;
pub use folder::{FolderTable, read_folder, read_folder_table, read_table};
pub use folds::Folds;
pub use frame::{BadRow, Frame, FrameColumn, FrameValues, Framed, Notice};
pub use infer::SchemaInference;
pub use part::Part;
pub use reader::TableReader;
pub use row_file::{RowFile, RowFileWriter};
pub use schema::{TableSchema, Task};
pub use source::is_table;
pub use split::{KFolds, Split, Splitter, Strategy};
pub use stream::sample;
pub use table::Table;
pub use target::{BatchTarget, Target};
pub use target_scaler::TargetScaler;
