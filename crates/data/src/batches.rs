//! Epochs cut into batches, each gathered into one reused buffer.

use nalgebra::{DMatrix, DMatrixView};
use smallbatch_base::Scalar;

use crate::stream::{Stream, generator, shuffle};
use crate::{BatchSize, BatchTarget, Dataset, Error, StoredFeatures, Target};

/// The samples of one update; it borrows the buffer of [`Batches`], or the data set itself.
///
/// ```
/// use smallbatch_data::{BatchSize, Batches, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let wine = builtin::wine()?;
/// let mut batches = Batches::new(&wine, BatchSize::Mini(32), 7)?;
/// if let Some(batch) = batches.next_batch() {
///     assert_eq!(batch.features.shape(), (13, 32));
///     assert_eq!(batch.n_samples(), 32);
///     assert!(batch.weights.is_none());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Batch<'b, T: Scalar> {
    /// The features, shape (`n_features`, `n`), where n is the number of samples in this batch.
    pub features: DMatrixView<'b, T>,
    /// The target of these samples.
    pub target: BatchTarget<'b, T>,
    /// Their weights, if the data set has weights.
    pub weights: Option<&'b [T]>,
}

impl<T: Scalar> Batch<'_, T> {
    /// The number of samples in this batch; a mean over an epoch weighs each batch by it.
    pub fn n_samples(&self) -> usize {
        self.features.ncols()
    }
}

/// The samples of one update, whose features are not gathered; see [`Batches::next_choice`].
#[derive(Clone, Debug)]
pub struct Choice<'b, T: Scalar> {
    /// The features of the whole data set as they are stored, shape (`n_features`, `n_samples`).
    pub features: StoredFeatures<'b, T>,
    /// Which of these are in the batch, in its order; `None` for all, in theirs.
    pub samples: Option<&'b [usize]>,
    /// The target of the batch's samples.
    pub target: BatchTarget<'b, T>,
    /// Their weights, if the data set has weights.
    pub weights: Option<&'b [T]>,
}

/// The batches of one epoch after another.
///
/// - Each epoch visits each sample exactly once; where the batch size does not divide the number of samples, the last
///   batch is shorter, and is kept.
/// - The order is a pure function of (seed, epoch), so a position in training is two integers, the epoch and the batch,
///   and resuming with [`start_epoch`](Self::start_epoch) and [`skip_to`](Self::skip_to) is exact.
/// - [`BatchSize::Full`] hands out the data set itself: neither shuffled nor copied (but for
///   [features](Dataset::features) that are not stored as numbers).
/// - Nothing allocates after the first batch. Room for gathered features is made by the first [`next_batch`](Self::next_batch);
///   [`next_choice`](Self::next_choice) needs none.
///
/// A batch borrows the one buffer, so it must be dropped before the next is asked for; the loop is
/// `while let Some(batch) = batches.next_batch()`.
///
/// ```
/// use smallbatch_data::{BatchSize, Batches, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let wine = builtin::wine()?;
/// let mut batches = Batches::new(&wine, BatchSize::Mini(32), 7)?;
/// for epoch in 0..2 {
///     batches.start_epoch(epoch);
///     let mut lengths = Vec::new();
///     while let Some(batch) = batches.next_batch() {
///         lengths.push(batch.n_samples());
///     }
///     assert_eq!(lengths, [32, 32, 32, 32, 32, 18]);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Batches<'a, T> {
    dataset: &'a Dataset<T>,
    batch_size: BatchSize,
    /// Samples in every batch but a short last one.
    samples: usize,
    seed: u64,
    epoch: u64,
    /// The batch that `next_batch` gives next.
    position: usize,
    n_batches: usize,
    /// Empty for `Full`.
    order: Vec<usize>,
    buffer: Option<Buffer<T>>,
}

/// Room for one batch.
#[derive(Clone, Debug)]
pub(crate) struct Buffer<T> {
    /// Samples in a batch, at most.
    samples: usize,
    /// None before any were gathered.
    features: Option<DMatrix<T>>,
    target: TargetBuffer<T>,
    weights: Option<Vec<T>>,
}

#[derive(Clone, Debug)]
enum TargetBuffer<T> {
    Labels(Vec<u32>),
    Values(DMatrix<T>),
}

impl<'a, T: Scalar> Batches<'a, T> {
    /// Batches of `dataset`, standing at the beginning of epoch 0.
    ///
    /// # Errors
    /// [`Error::BatchSize`] for a batch size of 0 or above the number of samples; [`Error::NoSamples`].
    pub fn new(dataset: &'a Dataset<T>, batch_size: BatchSize, seed: u64) -> Result<Self, Error> {
        dataset.require_samples()?;
        let n_samples = dataset.n_samples();
        let samples = batch_size.samples(n_samples)?;
        let (order, buffer) = match batch_size {
            BatchSize::Full => (Vec::new(), None),
            BatchSize::Mini(_) => (vec![0; n_samples], Some(Buffer::new(dataset, samples))),
        };
        let n_batches = batch_size.n_batches(n_samples)?;
        let mut batches = Self {
            dataset,
            batch_size,
            samples,
            seed,
            epoch: 0,
            position: 0,
            n_batches,
            order,
            buffer,
        };
        batches.start_epoch(0);
        Ok(batches)
    }

    /// Goes to the first batch of this epoch, whichever came before.
    ///
    /// Costs one shuffle of the order: about `n_samples` random numbers.
    pub fn start_epoch(&mut self, epoch: u64) {
        self.epoch = epoch;
        self.position = 0;
        if self.buffer.is_some() {
            // From the identity, so that the order does not depend on the epochs before.
            for (index, slot) in self.order.iter_mut().enumerate() {
                *slot = index;
            }
            shuffle(
                &mut self.order,
                &mut generator(self.seed, Stream::Shuffle, epoch),
            );
        }
    }

    /// Goes to batch `batch` of the present epoch; `n_batches` is its end.
    ///
    /// # Errors
    /// [`Error::BatchOutOfRange`] beyond the end.
    ///
    /// ```
    /// use smallbatch_data::{BatchSize, Batches, builtin};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let wine = builtin::wine()?;
    /// let mut whole = Batches::new(&wine, BatchSize::Mini(50), 7)?;
    /// whole.start_epoch(3);
    /// whole.next_batch();
    /// whole.next_batch();
    ///
    /// let mut resumed = Batches::new(&wine, BatchSize::Mini(50), 7)?;
    /// resumed.start_epoch(3);
    /// resumed.skip_to(2)?;
    /// assert_eq!(resumed.next_batch().unwrap().features, whole.next_batch().unwrap().features);
    /// # Ok(())
    /// # }
    /// ```
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

    /// The next batch, or `None` at the end of the epoch.
    pub fn next_batch(&mut self) -> Option<Batch<'_, T>> {
        let samples = self.next_samples()?;
        match &mut self.buffer {
            None => {
                let (target, weights) = whole(self.dataset);
                Some(Batch {
                    features: self.dataset.features().as_view(),
                    target,
                    weights,
                })
            }
            Some(buffer) => Some(buffer.gather(self.dataset, &self.order[samples])),
        }
    }

    /// The next batch as [`next_batch`](Self::next_batch) would give it, but for its features, which are not gathered: for
    /// whoever gathers them on the way, or needs only the rest. `None` at the end of the epoch.
    ///
    /// ```
    /// use smallbatch_data::{BatchSize, Batches, StoredValues, builtin};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let wine = builtin::wine()?;
    /// let mut gathered = Batches::new(&wine, BatchSize::Mini(32), 7)?;
    /// let mut chosen = gathered.clone();
    /// let (batch, choice) = (gathered.next_batch().unwrap(), chosen.next_choice().unwrap());
    /// let samples = choice.samples.unwrap();
    /// let StoredValues::Numbers(features) = choice.features.values else { panic!("wine has numbers") };
    /// assert_eq!(batch.features, features.select_columns(samples));
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_choice(&mut self) -> Option<Choice<'_, T>> {
        let samples = self.next_samples()?;
        let features = self.dataset.stored();
        let (target, weights, samples) = match &mut self.buffer {
            None => {
                let (target, weights) = whole(self.dataset);
                (target, weights, None)
            }
            Some(buffer) => {
                let next = samples.end..(samples.end + self.samples).min(self.order.len());
                self.dataset.ask_for(&self.order[next]);
                let samples = &self.order[samples];
                let (target, weights) = buffer.gather_rest(self.dataset, samples);
                (target, weights, Some(samples))
            }
        };
        Some(Choice {
            features,
            samples,
            target,
            weights,
        })
    }

    /// Where the samples of the next batch stand in the order; goes on by one batch.
    fn next_samples(&mut self) -> Option<std::ops::Range<usize>> {
        let start = self.position.checked_mul(self.samples)?;
        let end = start
            .saturating_add(self.samples)
            .min(self.dataset.n_samples());
        if start >= end {
            return None;
        }
        self.position += 1;
        Some(start..end)
    }

    /// The order of the samples in the present epoch; `None` for [`BatchSize::Full`], which keeps the data set's own.
    pub fn order(&self) -> Option<&[usize]> {
        self.buffer.as_ref().map(|_| self.order.as_slice())
    }

    /// The batches, and so the updates, in one epoch.
    pub fn n_batches(&self) -> usize {
        self.n_batches
    }

    /// The batch size asked for.
    pub fn batch_size(&self) -> BatchSize {
        self.batch_size
    }

    /// The largest number of samples in a batch: what a workspace must have room for.
    pub fn max_samples(&self) -> usize {
        self.samples
    }

    /// The present epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The batch that [`next_batch`](Self::next_batch) gives next, from 0; [`n_batches`](Self::n_batches) at the end.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<T: Scalar> Buffer<T> {
    pub(crate) fn new(dataset: &Dataset<T>, samples: usize) -> Self {
        Self {
            samples,
            features: None,
            target: match dataset.target() {
                Target::Classes { .. } => TargetBuffer::Labels(vec![0; samples]),
                Target::Values { values, .. } => {
                    TargetBuffer::Values(DMatrix::zeros(values.nrows(), samples))
                }
            },
            weights: dataset.weights().map(|_| vec![T::of(0.0); samples]),
        }
    }

    fn gather(&mut self, dataset: &Dataset<T>, samples: &[usize]) -> Batch<'_, T> {
        let capacity = self.samples;
        let room = || DMatrix::zeros(dataset.n_features(), capacity);
        let features = self.features.get_or_insert_with(room);
        match dataset.as_numbers() {
            Some(numbers) => gather_columns(numbers, samples, features),
            None => {
                let slots = features.as_mut_slice();
                let slots = slots.chunks_exact_mut(dataset.n_features());
                for (slot, &sample) in slots.zip(samples) {
                    dataset.stored().read_sample(sample, slot);
                }
            }
        }
        gather_rest(&mut self.target, &mut self.weights, dataset, samples);
        let (target, weights) = rest(&self.target, self.weights.as_deref(), samples.len());
        Batch {
            features: features.columns(0, samples.len()),
            target,
            weights,
        }
    }

    /// All but the features.
    pub(crate) fn gather_rest(
        &mut self,
        dataset: &Dataset<T>,
        samples: &[usize],
    ) -> (BatchTarget<'_, T>, Option<&[T]>) {
        gather_rest(&mut self.target, &mut self.weights, dataset, samples);
        rest(&self.target, self.weights.as_deref(), samples.len())
    }
}

fn gather_rest<T: Scalar>(
    target: &mut TargetBuffer<T>,
    weights: &mut Option<Vec<T>>,
    dataset: &Dataset<T>,
    samples: &[usize],
) {
    match (target, dataset.target()) {
        (TargetBuffer::Labels(buffer), Target::Classes { labels, .. }) => {
            gather_entries(labels, samples, buffer);
        }
        (TargetBuffer::Values(buffer), Target::Values { values, .. }) => {
            gather_columns(values, samples, buffer);
        }
        // The buffer was made for this very target.
        (TargetBuffer::Labels(_), Target::Values { .. })
        | (TargetBuffer::Values(_), Target::Classes { .. }) => {}
    }
    if let (Some(buffer), Some(weights)) = (weights, dataset.weights()) {
        gather_entries(weights, samples, buffer);
    }
}

/// Targets and weights of the first n samples of the buffers.
fn rest<'b, T: Scalar>(
    target: &'b TargetBuffer<T>,
    weights: Option<&'b [T]>,
    n: usize,
) -> (BatchTarget<'b, T>, Option<&'b [T]>) {
    let target = match target {
        TargetBuffer::Labels(labels) => BatchTarget::Labels(&labels[..n]),
        TargetBuffer::Values(values) => BatchTarget::Values(values.columns(0, n)),
    };
    (target, weights.map(|weights| &weights[..n]))
}

/// Targets and weights of the whole data set, borrowed.
fn whole<T: Scalar>(dataset: &Dataset<T>) -> (BatchTarget<'_, T>, Option<&[T]>) {
    (dataset.target().view(), dataset.weights())
}

/// Copies the columns `samples` of `from` into the first columns of `to`; both are contiguous column by column.
///
/// Of few rows, the call that copies a slice would take longer than the copy: 3.5 ns a column where it was measured,
/// against 1 to 2.5 by pieces of a fixed length, up to 16 rows.
fn gather_columns<T: Scalar>(from: &DMatrix<T>, samples: &[usize], to: &mut DMatrix<T>) {
    let rows = from.nrows();
    let (from, to) = (from.as_slice(), to.as_mut_slice());
    match rows {
        1 => gather_pieces::<T, 1>(from, rows, samples, to),
        2..=4 => gather_pieces::<T, 2>(from, rows, samples, to),
        5..=8 => gather_pieces::<T, 4>(from, rows, samples, to),
        9..=16 => gather_pieces::<T, 8>(from, rows, samples, to),
        _ => {
            for (slot, &sample) in to.chunks_exact_mut(rows).zip(samples) {
                slot.copy_from_slice(&from[sample * rows..(sample + 1) * rows]);
            }
        }
    }
}

/// [`gather_columns`] for columns of `N` to `2 N` rows: the first N and the last N are all, and may overlap.
fn gather_pieces<T: Scalar, const N: usize>(
    from: &[T],
    rows: usize,
    samples: &[usize],
    to: &mut [T],
) {
    for (slot, &sample) in to.chunks_exact_mut(rows).zip(samples) {
        let column = &from[sample * rows..(sample + 1) * rows];
        if let (Some(slot), Some(piece)) = (slot.first_chunk_mut::<N>(), column.first_chunk()) {
            *slot = *piece;
        }
        if let (Some(slot), Some(piece)) = (slot.last_chunk_mut::<N>(), column.last_chunk()) {
            *slot = *piece;
        }
    }
}

fn gather_entries<V: Copy>(from: &[V], samples: &[usize], to: &mut [V]) {
    for (slot, &sample) in to.iter_mut().zip(samples) {
        *slot = from[sample];
    }
}
