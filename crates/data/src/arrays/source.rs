//! The bytes of an array's file, compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::values::{ByteOrder, ValueType};
use super::{Array, ArrayValues, refused};
use crate::{ArrayProblem, Error};

/// How a gzip file begins.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file that is read front to back; it is unpacked where its first bytes are those of gzip, whatever its name is.
pub(super) struct Source {
    path: PathBuf,
    bytes: Box<dyn Read + Send>,
    /// Bytes of values that have been read row by row.
    consumed: u64,
}

/// What a header says.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) values: ValueType,
    pub(super) order: ByteOrder,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

impl Layout {
    pub(super) fn n_samples(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    pub(super) fn n_features(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

impl Source {
    /// A file in an archive, say, by a name for errors.
    pub(super) fn of(path: PathBuf, bytes: Box<dyn Read + Send>) -> Self {
        Self {
            path,
            bytes,
            consumed: 0,
        }
    }

    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let io = |source| io_error(path, source);
        let mut file = BufReader::new(File::open(path).map_err(io)?);
        let compressed = file.fill_buf().map_err(io)?.starts_with(&GZIP);
        let bytes: Box<dyn Read + Send> = if compressed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self::of(path.to_path_buf(), bytes))
    }

    /// The next bytes of the header; fewer at the file's end.
    pub(super) fn up_to(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        let (read, end) = self.read(count as u64);
        match end {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
                Err(io_error(&self.path, error))
            }
            _ => Ok(read),
        }
    }

    /// The next bytes of the header.
    pub(super) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        let bytes = self.up_to(count)?;
        if bytes.len() < count {
            return Err(self.refused(ArrayProblem::Header {
                reason: format!("{} of its bytes are missing", count - bytes.len()),
            }));
        }
        Ok(bytes)
    }

    pub(super) fn refused(&self, problem: ArrayProblem) -> Error {
        refused(&self.path, problem)
    }

    /// The bytes of all values.
    pub(super) fn size(&self, layout: &Layout) -> Result<usize, Error> {
        let Layout { shape, values, .. } = layout;
        // An axis of 0 leaves no values, but the others' product must still be a number.
        let size = shape
            .iter()
            .try_fold(values.size(), |size, &length| {
                size.checked_mul(length.max(1))
            })
            .filter(|&size| isize::try_from(size).is_ok());
        let Some(size) = size else {
            let shape = shape.clone();
            return Err(self.refused(ArrayProblem::TooLarge { shape }));
        };
        Ok(if shape.contains(&0) { 0 } else { size })
    }

    /// The array whose values are the rest of the file.
    pub(super) fn array(mut self, layout: Layout) -> Result<Array, Error> {
        let values = self.values(&layout)?;
        let values = if layout.fortran_order {
            values.fortran_to_c_order(&layout.shape)
        } else {
            values
        };
        Ok(Array {
            path: self.path,
            shape: layout.shape,
            values,
        })
    }

    /// The next row of values.
    pub(super) fn row(&mut self, layout: &Layout, row: usize) -> Result<ArrayValues, Error> {
        let size = layout.n_features() * layout.values.size();
        let (bytes, end) = self.read(size as u64);
        self.consumed += bytes.len() as u64;
        if bytes.len() < size {
            return Err(match end {
                Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
                    io_error(&self.path, error)
                }
                _ => {
                    let promised = self.size(layout)? as u64;
                    let missing = promised.saturating_sub(self.consumed);
                    self.refused(ArrayProblem::EndsEarly { missing, promised })
                }
            });
        }
        let values = layout.values.decode(bytes, layout.order);
        values.map_err(|problem| {
            self.refused(match problem {
                ArrayProblem::LargeInteger { position, value } => {
                    let position = position + row * layout.n_features();
                    ArrayProblem::LargeInteger { position, value }
                }
                problem => problem,
            })
        })
    }

    /// After the last row: nothing follows, and the checksum is right.
    pub(super) fn end(&mut self, layout: &Layout) -> Result<(), Error> {
        let promised = self.size(layout)? as u64;
        match self.read(1) {
            (bytes, _) if !bytes.is_empty() => {
                Err(self.refused(ArrayProblem::EndsLate { promised }))
            }
            (_, Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(self.refused(ArrayProblem::NoChecksum))
            }
            (_, Err(error)) => Err(io_error(&self.path, error)),
            _ => Ok(()),
        }
    }

    /// All values, in the order of the file.
    pub(super) fn values(&mut self, layout: &Layout) -> Result<ArrayValues, Error> {
        let size = self.size(layout)?;
        let promised = size as u64;
        // One byte more: it tells whether something follows, and makes gzip compare its checksum.
        let (bytes, end) = self.read(promised + 1);
        let missing = promised.saturating_sub(bytes.len() as u64);
        let ended = match end {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(io_error(&self.path, error)),
        };
        if missing > 0 {
            return Err(self.refused(ArrayProblem::EndsEarly { missing, promised }));
        } else if bytes.len() > size {
            return Err(self.refused(ArrayProblem::EndsLate { promised }));
        } else if ended {
            return Err(self.refused(ArrayProblem::NoChecksum));
        }
        let values = layout.values.decode(bytes, layout.order);
        values.map_err(|problem| self.refused(problem))
    }

    /// Up to `count` bytes, and how that ended. Room grows with what is there, not with what a header promises.
    fn read(&mut self, count: u64) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.bytes.by_ref().take(count).read_to_end(&mut bytes);
        (bytes, end.map(|_| ()))
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_path_buf(),
        source,
    }
}
