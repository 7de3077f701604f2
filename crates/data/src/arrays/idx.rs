//! IDX, the format of MNIST.

use std::path::{Path, PathBuf};

use smallbatch_base::Scalar;

use super::source::{Layout, Source};
use super::values::{ByteOrder, ValueType};
use super::{Array, refused};
use crate::{ArrayProblem, Dataset, Error, Target};

/// Reads an IDX file, the format in which MNIST and Fashion-MNIST come, or the same compressed by gzip.
///
/// The format (Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*): two bytes of 0, one for the type
/// of the values, one for the number of axes, the length of each axis in 4 bytes, then the values in C order. All
/// numbers are big-endian. The types are `u1`, `i1`, `i2`, `i4`, `f4` and `f8`.
///
/// # Errors
/// [`Error::Io`], and [`Error::Array`] for a file of another format, of another type, or with fewer or more bytes than its
/// header promises.
///
/// ```
/// use smallbatch_data::{ArrayValues, read_idx};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("labels-idx1-ubyte");
/// std::fs::write(&file, [0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4])?;
/// let labels = read_idx(&file)?;
/// assert_eq!(labels.shape(), [3]);
/// assert_eq!(labels.values(), &ArrayValues::Bytes(vec![5, 0, 4]));
/// assert_eq!(labels.labels()?, [5, 0, 4]);
/// # Ok(())
/// # }
/// ```
pub fn read_idx(path: impl AsRef<Path>) -> Result<Array, Error> {
    let mut source = Source::open(path.as_ref())?;
    let layout = layout(&mut source)?;
    source.array(layout)
}

/// What the header says.
pub(super) fn layout(source: &mut Source) -> Result<Layout, Error> {
    let magic = source.up_to(4)?;
    let (kind, n_axes) = match magic[..] {
        [0, 0, kind, n_axes] if n_axes > 0 => (kind, n_axes),
        _ => {
            return Err(source.refused(ArrayProblem::OtherFormat {
                format: "IDX",
                found: magic,
                advice: "read tables with `Table`, numpy's arrays with `read_npy`",
            }));
        }
    };
    let values = match kind {
        0x08 => ValueType::U1,
        0x09 => ValueType::I1,
        0x0b => ValueType::I2,
        0x0c => ValueType::I4,
        0x0d => ValueType::F4,
        0x0e => ValueType::F8,
        _ => {
            let found = format!("{kind:#04x}");
            return Err(source.refused(ArrayProblem::ValueType { found }));
        }
    };
    let lengths = source.exactly(4 * usize::from(n_axes))?;
    let shape = lengths
        .chunks_exact(4)
        .map(|length| {
            length
                .iter()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte))
        })
        .collect();
    Ok(Layout {
        values,
        order: ByteOrder::Big,
        fortran_order: false,
        shape,
    })
}

/// Reads the images of an IDX file with the labels of the file beside it, as MNIST and Fashion-MNIST name them:
/// `train-labels-idx1-ubyte` for `train-images-idx3-ubyte`, each with or without `.gz`. The pixels are stored as bytes.
///
/// # Errors
/// As [`read_idx`] for both files, [`Error::Array`] without a file of labels, and as [`Dataset::new`].
///
/// ```no_run
/// let digits = smallbatch_data::read_labelled_idx::<f32>("data/mnist/train-images-idx3-ubyte")?;
/// assert_eq!((digits.n_samples(), digits.n_features()), (60_000, 784));
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
pub fn read_labelled_idx<T: Scalar>(images: impl AsRef<Path>) -> Result<Dataset<T>, Error> {
    let images = images.as_ref();
    let labels = read_idx(labels_beside(images)?)?.labels()?;
    let dataset = read_idx(images)?.dataset(Target::classes(labels))?;
    let name = images.file_name().unwrap_or_default().to_string_lossy();
    Ok(dataset.with_name(name.strip_suffix(".gz").unwrap_or(&name)))
}

/// The file with the labels of these images.
pub(super) fn labels_beside(images: &Path) -> Result<PathBuf, Error> {
    let name = images.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let expected = plain.replace("images", "labels").replace("idx3", "idx1");
    let beside = ["", ".gz"]
        .map(|ending| images.with_file_name(format!("{expected}{ending}")))
        .into_iter()
        .find(|file| expected != plain && file.is_file());
    beside.ok_or_else(|| refused(images, ArrayProblem::NoLabelsBeside { expected }))
}
