//! Epochs of the rows of a file, cut into batches, of which a window is in memory.

use std::ops::Range;

use smallbatch_base::Scalar;

use crate::batches::Buffer;
use crate::stream::{Stream, generator, shuffle};
use crate::{BatchSize, Choice, Dataset, Error, RowFile};

/// Of so many blocks a window is made, if it has as many rows. More mix rows better that are sorted in the file; fewer are read
/// in longer pieces.
const BLOCKS: usize = 256;

/// The batches of one epoch after another, of rows in a file.
///
/// The file is cut into blocks of neighbouring rows. An epoch takes the blocks in random order, as many at a time as the window
/// holds, and takes the rows of the window in random order. So each epoch visits each row exactly once, and all but the last batch
/// are whole.
///
/// - The order is a pure function of (seed, epoch), as that of [`Batches`](crate::Batches); where the window holds all rows, it is
///   that very order.
/// - [`BatchSize::Full`] hands out all rows in the file's order, a window at a time: whoever trains adds the gradients up.
/// - Nothing allocates after the first batch.
///
/// ```
/// use smallbatch_data::{BatchSize, FileBatches, RowFileWriter, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let mut writer = RowFileWriter::new(std::env::temp_dir())?;
/// writer.push(&builtin::wine()?)?;
/// let rows = writer.finish(64)?; // of 178 rows
///
/// let mut batches = FileBatches::new(&rows, BatchSize::Mini(32), 7)?;
/// let mut lengths = Vec::new();
/// while let Some(batch) = batches.next_choice()? {
///     lengths.push(batch.samples.unwrap_or_default().len());
/// }
/// assert_eq!(lengths, [32, 32, 32, 32, 32, 18]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileBatches<'a, T: Scalar> {
    rows: &'a RowFile<T>,
    /// Samples in every batch but a short last one.
    samples: usize,
    is_full: bool,
    seed: u64,
    epoch: u64,
    position: usize,
    n_batches: usize,
    block_rows: usize,
    blocks: Vec<usize>,
    window: Dataset<T>,
    window_rows: usize,
    /// Epoch and number of what is in the window.
    loaded: Option<(u64, usize)>,
    order: Vec<usize>,
    rest: Buffer<T>,
    bytes: Vec<u8>,
}

impl<'a, T: Scalar> FileBatches<'a, T> {
    /// Batches of the rows, standing at the beginning of epoch 0.
    ///
    /// # Errors
    /// [`Error::BatchSize`] for a batch size of 0 or above the number of rows.
    pub fn new(rows: &'a RowFile<T>, batch_size: BatchSize, seed: u64) -> Result<Self, Error> {
        let n_samples = rows.n_samples();
        let most = rows.most_rows().min(n_samples);
        let (samples, window_rows) = match batch_size {
            BatchSize::Full => (most, most),
            BatchSize::Mini(_) => {
                let samples = batch_size.samples(n_samples)?;
                let whole = most / samples * samples;
                // All rows need not be a multiple; a part of them is one.
                let window = if most == n_samples { most } else { whole };
                (samples, window.max(samples))
            }
        };
        let block_rows = (window_rows / BLOCKS).max(1);
        let window = rows.room(window_rows)?;
        let mut batches = Self {
            rows,
            samples,
            is_full: batch_size == BatchSize::Full,
            seed,
            epoch: 0,
            position: 0,
            n_batches: n_samples.div_ceil(samples),
            block_rows,
            blocks: (0..n_samples.div_ceil(block_rows)).collect(),
            rest: Buffer::new(&window, samples),
            window,
            window_rows,
            loaded: None,
            order: Vec::with_capacity(window_rows),
            bytes: Vec::new(),
        };
        batches.start_epoch(0);
        Ok(batches)
    }

    /// Goes to the first batch of this epoch, whichever came before.
    pub fn start_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.position = 0;
        if self.is_full || self.window_rows == self.rows.n_samples() {
            return;
        }
        // From the identity, so that the order does not depend on the epochs before.
        for (index, block) in self.blocks.iter_mut().enumerate() {
            *block = index;
        }
        shuffle(
            &mut self.blocks,
            &mut generator(self.seed, Stream::Blocks, epoch),
        );
    }

    /// Goes to batch `batch` of the present epoch; `n_batches` is its end.
    ///
    /// # Errors
    /// [`Error::BatchOutOfRange`] beyond the end.
    pub fn skip_to(&mut self, batch: usize) -> Result<(), Error> {
        if batch > self.n_batches {
            return Err(Error::BatchOutOfRange {
                batch,
                n_batches: self.n_batches,
            });
        }
        self.position = batch;
        Ok(())
    }

    /// The next batch, as [`Batches::next_choice`](crate::Batches::next_choice) has it: its samples are columns of the window.
    /// `None` at the end of the epoch.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read.
    pub fn next_choice(&mut self) -> Result<Option<Choice<'_, T>>, Error> {
        let start = self.position.saturating_mul(self.samples);
        if start >= self.rows.n_samples() {
            return Ok(None);
        }
        let number = start / self.window_rows;
        if self.loaded != Some((self.epoch, number)) {
            self.load(number)?;
        }
        self.position += 1;
        let start = start % self.window_rows;
        let end = (start + self.samples).min(self.order.len());
        let samples = &self.order[start..end];
        let (target, weights) = self.rest.gather_rest(&self.window, samples);
        Ok(Some(Choice {
            features: self.window.stored(),
            samples: Some(samples),
            target,
            weights,
        }))
    }

    /// Reads a window of the present epoch, and draws the order of its rows.
    fn load(&mut self, number: usize) -> Result<(), Error> {
        let n_samples = self.rows.n_samples();
        let start = number * self.window_rows;
        let window = start..(start + self.window_rows).min(n_samples);
        let is_whole = self.window_rows == n_samples;
        // Whatever the epoch, all rows are all rows.
        if !(is_whole && self.loaded.is_some()) {
            self.loaded = None;
            self.read(&window)?;
        }
        self.order.clear();
        self.order.extend(0..window.len());
        if !self.is_full {
            // The first window draws what an epoch in memory draws.
            let counter = self.epoch.wrapping_add((number as u64) << 40);
            let mut random = generator(self.seed, Stream::Shuffle, counter);
            shuffle(&mut self.order, &mut random);
        }
        self.loaded = Some((self.epoch, number));
        Ok(())
    }

    /// Reads the rows of this range of the blocks' order into the window.
    fn read(&mut self, window: &Range<usize>) -> Result<(), Error> {
        let mut start = 0;
        for &block in &self.blocks {
            let first = block * self.block_rows;
            let end = start + self.block_rows.min(self.rows.n_samples() - first);
            let (from, to) = (start.max(window.start), end.min(window.end));
            if from < to {
                self.rows.read(
                    first + (from - start),
                    to - from,
                    &mut self.window,
                    from - window.start,
                    &mut self.bytes,
                )?;
            }
            start = end;
        }
        Ok(())
    }

    /// The batches in one epoch; for the full batch the pieces of it.
    pub fn n_batches(&self) -> usize {
        self.n_batches
    }

    /// The largest number of samples in a batch.
    pub fn max_samples(&self) -> usize {
        self.samples
    }

    /// The present epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The batch that [`next_choice`](Self::next_choice) gives next, from 0.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many rows are shuffled at a time.
    pub fn window_rows(&self) -> usize {
        self.window_rows
    }

    /// What is in memory at present; behind the last rows of an epoch stand rows of the window before.
    pub fn window(&self) -> &Dataset<T> {
        &self.window
    }
}
