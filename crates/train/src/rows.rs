//! Where the rows of a training are: in memory, or in a file of which a part is.

use smallbatch_data::{BatchSize, Batches, Choice, Dataset, FileBatches, RowFile};

use crate::{Error, Scalar};

/// The rows of a training: a [`Dataset`] in memory, or a [`RowFile`] that need not fit there. Both become this by themselves where
/// a training begins.
///
/// From a file whose rows memory may hold, a training gives the same bits as from a data set. Else a window of rows is shuffled at
/// a time ([`FileBatches`] says how), which is another order; the full batch is computed window by window, its gradient summed in
/// `f64`.
///
/// ```
/// use smallbatch_data::{RowFileWriter, builtin};
/// use smallbatch_mlp::MlpSpec;
/// use smallbatch_train::{Budget, Trainer};
///
/// let wine = builtin::wine()?;
/// let mut writer = RowFileWriter::new(std::env::temp_dir())?;
/// writer.push(&wine)?;
/// let rows = writer.finish(1_000)?;
///
/// let trainer = Trainer::new(MlpSpec::new([13, 8, 3])).learning_rate(1e-5).budget(Budget::Epochs(2));
/// assert_eq!(trainer.fit(&rows, None)?.model(), trainer.fit(&wine, None)?.model());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TrainingRows<'a, T: Scalar>(pub(crate) Rows<'a, T>);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a, T: Scalar> {
    Memory(&'a Dataset<T>),
    /// More than memory may hold.
    File(&'a RowFile<T>),
}

impl<'a, T: Scalar> From<&'a Dataset<T>> for TrainingRows<'a, T> {
    fn from(dataset: &'a Dataset<T>) -> Self {
        Self(Rows::Memory(dataset))
    }
}

impl<'a, T: Scalar> From<&'a RowFile<T>> for TrainingRows<'a, T> {
    fn from(file: &'a RowFile<T>) -> Self {
        Self(file.held().map_or(Rows::File(file), Rows::Memory))
    }
}

impl<'a, T: Scalar> Rows<'a, T> {
    /// The data set, or one that has its names and its kind of target.
    pub(crate) fn like(&self) -> &'a Dataset<T> {
        match self {
            Self::Memory(dataset) => dataset,
            Self::File(file) => file.like(),
        }
    }

    pub(crate) fn n_samples(&self) -> usize {
        match self {
            Self::Memory(dataset) => dataset.n_samples(),
            Self::File(file) => file.n_samples(),
        }
    }

    pub(crate) fn batches(&self, batch_size: BatchSize, seed: u64) -> Result<Feed<'a, T>, Error> {
        Ok(match self {
            Self::Memory(dataset) => Feed::Memory(Batches::new(dataset, batch_size, seed)?),
            Self::File(file) => Feed::File {
                batches: Box::new(FileBatches::new(file, batch_size, seed)?),
                in_pieces: batch_size == BatchSize::Full,
            },
        })
    }
}

/// The batches of a training's rows.
pub(crate) enum Feed<'a, T: Scalar> {
    Memory(Batches<'a, T>),
    File {
        batches: Box<FileBatches<'a, T>>,
        /// Whether what it gives are pieces of the full batch.
        in_pieces: bool,
    },
}

impl<T: Scalar> Feed<'_, T> {
    #[inline]
    pub(crate) fn next_choice(&mut self) -> Result<Option<Choice<'_, T>>, Error> {
        match self {
            Self::Memory(batches) => Ok(batches.next_choice()),
            Self::File { batches, .. } => Ok(batches.next_choice()?),
        }
    }

    pub(crate) fn start_epoch(&mut self, epoch: u64) {
        match self {
            Self::Memory(batches) => batches.start_epoch(epoch),
            Self::File { batches, .. } => batches.start_epoch(epoch),
        }
    }

    pub(crate) fn skip_to(&mut self, batch: usize) -> Result<(), Error> {
        match self {
            Self::Memory(batches) => batches.skip_to(batch)?,
            Self::File { batches, .. } => batches.skip_to(batch)?,
        }
        Ok(())
    }

    /// Whether an update sees several of what it gives.
    #[inline]
    pub(crate) fn in_pieces(&self) -> bool {
        matches!(
            self,
            Self::File {
                in_pieces: true,
                ..
            }
        )
    }

    /// The updates in an epoch.
    #[inline]
    pub(crate) fn n_updates(&self) -> usize {
        match self {
            Self::Memory(batches) => batches.n_batches(),
            Self::File {
                in_pieces: true, ..
            } => 1,
            Self::File { batches, .. } => batches.n_batches(),
        }
    }

    pub(crate) fn max_samples(&self) -> usize {
        match self {
            Self::Memory(batches) => batches.max_samples(),
            Self::File { batches, .. } => batches.max_samples(),
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        match self {
            Self::Memory(batches) => batches.epoch(),
            Self::File { batches, .. } => batches.epoch(),
        }
    }

    #[inline]
    pub(crate) fn position(&self) -> usize {
        match self {
            Self::Memory(batches) => batches.position(),
            Self::File { batches, .. } => batches.position(),
        }
    }

    /// Rows that are in memory, of a training from a file.
    pub(crate) fn window(&self) -> Option<&Dataset<T>> {
        match self {
            Self::Memory(_) => None,
            Self::File { batches, .. } => Some(batches.window()),
        }
    }
}
