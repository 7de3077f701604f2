//! Rows that need not fit into memory: encoded once, in a file, from which a training reads them.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use smallbatch_base::Scalar;

use crate::{BatchTarget, Dataset, Error, Target};

/// Where Fowler, Noll and Vo's hash begins.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// Writes the rows of a [`RowFile`], a data set after the other.
///
/// ```
/// use smallbatch_data::{RowFileWriter, builtin};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let wine = builtin::wine()?;
/// let mut writer = RowFileWriter::new(std::env::temp_dir())?;
/// writer.push(&wine)?;
/// writer.push(&wine)?;
/// let rows = writer.finish(100)?;
/// assert_eq!((rows.n_samples(), rows.n_features()), (356, 13));
/// assert!(rows.held().is_none()); // 100 of them are in memory at a time
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RowFileWriter<T = f32> {
    file: BufWriter<File>,
    folder: PathBuf,
    like: Option<Dataset<T>>,
    n_samples: usize,
    class_counts: Vec<usize>,
    weight_sums: Vec<f64>,
    hash: u64,
    bytes: Vec<u8>,
}

impl<T: Scalar> RowFileWriter<T> {
    /// A file without a name in this folder; it is gone when it is no longer used, even where the program is ended by force.
    ///
    /// # Errors
    /// [`Error::Io`] where none can be made.
    pub fn new(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        let file = tempfile::tempfile_in(&folder).map_err(io(&folder))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, file),
            folder,
            like: None,
            n_samples: 0,
            class_counts: Vec::new(),
            weight_sums: Vec::new(),
            hash: FNV_BASIS,
            bytes: Vec::new(),
        })
    }

    /// Adds rows. The first ones say what all are like.
    ///
    /// # Errors
    /// [`Error::RowsDiffer`] for rows with other features, another target, or with weights where the first had none;
    /// [`Error::Io`] where the disk is full.
    pub fn push(&mut self, rows: &Dataset<T>) -> Result<(), Error> {
        match &self.like {
            Some(like) => check_alike(like, rows)?,
            None => self.like = Some(one_of(rows)?),
        }
        if let Some(counts) = rows.target().class_counts() {
            self.class_counts.resize(counts.len(), 0);
            let sums = self.class_counts.iter_mut().zip(counts);
            sums.for_each(|(sum, count)| *sum += count);
        }
        let (target, weights) = (rows.target().view(), rows.weights());
        self.weight_sums.resize(self.class_counts.len().max(1), 0.0);
        for sample in 0..rows.n_samples() {
            let class = match &target {
                BatchTarget::Labels(labels) => labels[sample] as usize,
                BatchTarget::Values(_) => 0,
            };
            self.weight_sums[class] += weights.map_or(1.0, |weights| weights[sample].to_f64());
        }
        let Self {
            file,
            bytes,
            folder,
            hash,
            ..
        } = self;
        let mut written = Ok(());
        rows.stored().for_each_sample(|sample, features| {
            bytes.clear();
            features.iter().for_each(|&x| put(x, bytes));
            match &target {
                BatchTarget::Labels(labels) => bytes.extend(labels[sample].to_le_bytes()),
                BatchTarget::Values(values) => {
                    values.column(sample).iter().for_each(|&y| put(y, bytes));
                }
            }
            if let Some(weights) = weights {
                put(weights[sample], bytes);
            }
            *hash = hashed(*hash, bytes);
            if written.is_ok() {
                written = file.write_all(bytes);
            }
        });
        written.map_err(io(folder))?;
        self.n_samples += rows.n_samples();
        Ok(())
    }

    /// The file, of whose rows a training holds at most `most_rows` (at least 1) in memory at a time. Where these are all, they
    /// are read here, and a training is one in memory.
    ///
    /// # Errors
    /// [`Error::EmptySelection`] without a row; [`Error::Io`].
    pub fn finish(self, most_rows: usize) -> Result<RowFile<T>, Error> {
        let file = self.file.into_inner().map_err(|error| error.into_error());
        let mut rows = RowFile {
            row_bytes: self.bytes.len(),
            file: Mutex::new(file.map_err(io(&self.folder))?),
            folder: self.folder,
            like: self.like.ok_or(Error::EmptySelection)?,
            n_samples: self.n_samples,
            class_counts: self.class_counts,
            weight_sums: self.weight_sums,
            hash: self.hash,
            most_rows: most_rows.max(1),
            held: None,
        };
        if rows.n_samples <= rows.most_rows {
            let mut held = rows.room(rows.n_samples)?;
            rows.read(0, rows.n_samples, &mut held, 0, &mut Vec::new())?;
            rows.held = Some(held);
        }
        Ok(rows)
    }
}

/// Encoded rows in a file: features, target and, where there are any, weights, of a fixed size. [`FileBatches`](crate::FileBatches)
/// reads them epoch after epoch.
#[derive(Debug)]
pub struct RowFile<T = f32> {
    file: Mutex<File>,
    folder: PathBuf,
    /// One row, with all names.
    like: Dataset<T>,
    n_samples: usize,
    row_bytes: usize,
    class_counts: Vec<usize>,
    weight_sums: Vec<f64>,
    hash: u64,
    most_rows: usize,
    held: Option<Dataset<T>>,
}

impl<T: Scalar> RowFile<T> {
    /// One of the rows, as a data set: for its names, and what its target is.
    pub fn like(&self) -> &Dataset<T> {
        &self.like
    }

    /// How many rows.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// How many features.
    pub fn n_features(&self) -> usize {
        self.like.n_features()
    }

    /// How many rows each class has; empty for numbers.
    pub fn class_counts(&self) -> &[usize] {
        &self.class_counts
    }

    /// What the rows of each class weigh together, or all rows where the target is numbers; a row without a weight weighs 1.
    pub fn weight_sums(&self) -> &[f64] {
        &self.weight_sums
    }

    /// Tells these rows from others: a hash of all of them, in their order.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many rows are in memory at a time, at most.
    pub fn most_rows(&self) -> usize {
        self.most_rows
    }

    /// All rows, where memory may hold them.
    pub fn held(&self) -> Option<&Dataset<T>> {
        self.held.as_ref()
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// [`Error::SampleOutOfRange`]; [`Error::EmptySelection`]; [`Error::ZeroWeights`] where none of them weighs anything;
    /// [`Error::Io`].
    pub fn select(&self, samples: &[usize]) -> Result<Dataset<T>, Error> {
        let n_samples = self.n_samples;
        if let Some(&index) = samples.iter().find(|&&index| index >= n_samples) {
            return Err(Error::SampleOutOfRange { index, n_samples });
        }
        let mut selected = self.room(samples.len())?;
        let mut bytes = Vec::new();
        for (place, &sample) in samples.iter().enumerate() {
            self.read(sample, 1, &mut selected, place, &mut bytes)?;
        }
        match selected.weights().map(<[T]>::to_vec) {
            Some(weights) => selected.with_weights(weights),
            None => Ok(selected),
        }
    }

    /// Room for so many rows.
    pub(crate) fn room(&self, n_samples: usize) -> Result<Dataset<T>, Error> {
        self.like.subset(&vec![0; n_samples])
    }

    /// Reads `count` rows from `first` on into the columns of a [`room`](Self::room) from `at` on.
    pub(crate) fn read(
        &self,
        first: usize,
        count: usize,
        room: &mut Dataset<T>,
        at: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Error> {
        bytes.resize(count * self.row_bytes, 0);
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let start = first as u64 * self.row_bytes as u64;
            file.seek(SeekFrom::Start(start))
                .and_then(|_| file.read_exact(bytes))
                .map_err(io(&self.folder))?;
        }
        let n_features = self.n_features();
        let (features, target, mut weights) = room.parts_mut();
        let Some(features) = features else {
            // A room is made of numbers.
            return Err(Error::EmptySelection);
        };
        let columns = features.as_mut_slice().chunks_exact_mut(n_features);
        let rows = bytes.chunks_exact(self.row_bytes);
        for (place, (row, column)) in rows.zip(columns.skip(at)).enumerate() {
            let mut rest = take(row, column);
            match target {
                Target::Classes { labels, .. } => {
                    if let Some((label, after)) = rest.split_first_chunk() {
                        labels[at + place] = u32::from_le_bytes(*label);
                        rest = after;
                    }
                }
                Target::Values { values, .. } => {
                    let n_outputs = values.nrows();
                    let start = (at + place) * n_outputs;
                    rest = take(rest, &mut values.as_mut_slice()[start..start + n_outputs]);
                }
            }
            if let Some(weights) = &mut weights {
                take(rest, &mut weights[at + place..=at + place]);
            }
        }
        Ok(())
    }
}

/// The first row, stored as numbers and with a weight that is not 0.
fn one_of<T: Scalar>(rows: &Dataset<T>) -> Result<Dataset<T>, Error> {
    let heavy = |weights: &[T]| weights.iter().position(|weight| weight.to_f64() > 0.0);
    let one = rows.subset(&[rows.weights().and_then(heavy).unwrap_or(0)])?;
    let features = one.features().clone();
    one.with_features(features)
}

fn check_alike<T: Scalar>(like: &Dataset<T>, rows: &Dataset<T>) -> Result<(), Error> {
    let (a, b) = (like.target(), rows.target());
    let what = if like.feature_names() != rows.feature_names() {
        "feature names"
    } else if a.names() != b.names() || a.labels().is_some() != b.labels().is_some() {
        "target"
    } else if like.weights().is_some() != rows.weights().is_some() {
        "weights"
    } else {
        return Ok(());
    };
    Err(Error::RowsDiffer { what })
}

/// Fowler, Noll and Vo's hash (1a), by words of up to 64 bits: stable across releases.
fn hashed(hash: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(hash, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u64::from_le_bytes(word);
        // Folding the high half in: multiplying only carries upwards.
        (hash ^ word ^ (word >> 32)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A number's bytes, all of them, little-endian.
fn put<T: Scalar>(number: T, bytes: &mut Vec<u8>) {
    let number = number.to_f64();
    if size_of::<T>() == 4 {
        // It was an `f32`.
        #[allow(clippy::cast_possible_truncation)]
        bytes.extend((number as f32).to_le_bytes());
    } else {
        bytes.extend(number.to_le_bytes());
    }
}

/// As many numbers as there is room for, and what follows them.
fn take<'b, T: Scalar>(bytes: &'b [u8], numbers: &mut [T]) -> &'b [u8] {
    let (own, rest) = bytes.split_at(size_of_val(numbers).min(bytes.len()));
    if size_of::<T>() == 4 {
        for (number, bytes) in numbers.iter_mut().zip(own.as_chunks().0) {
            *number = T::of(f64::from(f32::from_le_bytes(*bytes)));
        }
    } else {
        for (number, bytes) in numbers.iter_mut().zip(own.as_chunks().0) {
            *number = T::of(f64::from_le_bytes(*bytes));
        }
    }
    rest
}

fn io(folder: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    |source| Error::Io {
        path: folder.join("(rows of a training)"),
        source,
    }
}
