//! The bytes of an array's file, compressed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::values::{ByteOrder, ValueType};
use super::{Array, refused};
use crate::{ArrayProblem, Error};

/// How a gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A file that is read front to back; it is unpacked where its first bytes are those of gzip, whatever its name is.
pub(super) struct Source<'a> {
    path: &'a Path,
    bytes: Box<dyn Read>,
}

impl<'a> Source<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, Error> {
        let io = |source| io_error(path, source);
        let mut file = BufReader::new(File::open(path).map_err(io)?);
        let compressed = file.fill_buf().map_err(io)?.starts_with(&GZIP);
        let bytes: Box<dyn Read> = if compressed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Self { path, bytes })
    }

    /// The next bytes of the header; fewer at the file's end.
    pub(super) fn up_to(&mut self, count: usize) -> Result<Vec<u8>, Error> {
        let (read, end) = self.read(count as u64);
        match end {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
                Err(io_error(self.path, error))
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
        refused(self.path, problem)
    }

    /// The array whose values are the rest of the file.
    pub(super) fn array(
        mut self,
        shape: Vec<usize>,
        values: ValueType,
        order: ByteOrder,
    ) -> Result<Array, Error> {
        // An axis of 0 leaves no values, but the others' product must still be a number.
        let size = shape
            .iter()
            .try_fold(values.size(), |size, &length| {
                size.checked_mul(length.max(1))
            })
            .filter(|&size| isize::try_from(size).is_ok());
        let Some(size) = size else {
            return Err(self.refused(ArrayProblem::TooLarge { shape }));
        };
        let size = if shape.contains(&0) { 0 } else { size };
        let promised = size as u64;
        // One byte more: it tells whether something follows, and makes gzip compare its checksum.
        let (bytes, end) = self.read(promised + 1);
        let missing = promised.saturating_sub(bytes.len() as u64);
        let ended = match end {
            Ok(()) => false,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(io_error(self.path, error)),
        };
        if missing > 0 {
            return Err(self.refused(ArrayProblem::EndsEarly { missing, promised }));
        } else if bytes.len() > size {
            return Err(self.refused(ArrayProblem::EndsLate { promised }));
        } else if ended {
            return Err(self.refused(ArrayProblem::NoChecksum));
        }
        let values = values.decode(bytes, order);
        Ok(Array {
            path: self.path.to_path_buf(),
            shape,
            values: values.map_err(|problem| refused(self.path, problem))?,
        })
    }

    /// Up to `count` bytes, and how that ended. Room grows with what is there, not with what a header promises.
    fn read(&mut self, count: u64) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.bytes.by_ref().take(count).read_to_end(&mut bytes);
        (bytes, end.map(|_| ()))
    }
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io {
        path: path.to_path_buf(),
        source,
    }
}
