//! NPZ: arrays of numpy in a zip archive, stored or deflated.
//!
//! Of the format (APPNOTE of PKWARE, 4.3 and 4.5) no more is read than the directory and where an entry begins: a crate for archives would
//! bring eight others.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::{Crc, bufread::DeflateDecoder};

use super::refused;
use super::source::{Source, io_error};
use crate::{ArrayProblem, Error};

/// What the archive's end has in front of a comment of up to 65,535 bytes.
const END: &[u8; 4] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const LONGEST_END: u64 = END_LENGTH as u64 + 0xffff;
/// A longer directory is none of arrays.
const LONGEST_DIRECTORY: u64 = 1 << 24;

/// An array in an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name without `.npy`.
    pub(super) name: String,
    is_encrypted: bool,
    method: u16,
    checksum: u32,
    packed: u64,
    header: u64,
}

/// The arrays of an archive, in its order.
pub(super) fn entries(path: &Path) -> Result<Vec<Entry>, Error> {
    let io = |source| io_error(path, source);
    let damaged = || {
        let reason = "the archive's directory is damaged or cut off".into();
        refused(path, ArrayProblem::Header { reason })
    };
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let tail_at = length.saturating_sub(LONGEST_END);
    let tail = piece(&mut file, tail_at, length - tail_at).map_err(io)?;
    let end = tail.windows(END.len()).rposition(|window| window == END);
    let end = end.filter(|at| at + END_LENGTH <= tail.len());
    let end = end.ok_or_else(damaged)?;
    let (mut size, mut start) = (
        number(&tail, end + 12, 4).ok_or_else(damaged)?,
        number(&tail, end + 16, 4).ok_or_else(damaged)?,
    );
    if start == u64::from(u32::MAX) || size == u64::from(u32::MAX) {
        // The locator of the larger record stands right before the end.
        let locator = end.checked_sub(20).ok_or_else(damaged)?;
        let at = number(&tail, locator + 8, 8).ok_or_else(damaged)?;
        let record = piece(&mut file, at, 56).map_err(io)?;
        size = number(&record, 40, 8).ok_or_else(damaged)?;
        start = number(&record, 48, 8).ok_or_else(damaged)?;
    }
    if size > LONGEST_DIRECTORY {
        return Err(damaged());
    }
    let directory = piece(&mut file, start, size).map_err(io)?;
    if (directory.len() as u64) < size {
        return Err(damaged());
    }
    let mut rest = &directory[..];
    let mut entries = Vec::new();
    while rest.starts_with(b"PK\x01\x02") {
        let (name, entry, after) = entry(rest).ok_or_else(damaged)?;
        if let Some(name) = name.strip_suffix(".npy") {
            entries.push(Entry {
                name: name.to_owned(),
                ..entry
            });
        }
        rest = after;
    }
    Ok(entries)
}

/// The first entry of a directory with its name, and what follows it.
fn entry(bytes: &[u8]) -> Option<(String, Entry, &[u8])> {
    let short = |at| number(bytes, at, 2);
    let lengths = (short(28)?, short(30)?, short(32)?);
    let (name, extra, comment) = (
        usize::try_from(lengths.0).ok()?,
        usize::try_from(lengths.1).ok()?,
        usize::try_from(lengths.2).ok()?,
    );
    let text = bytes.get(46..46 + name)?;
    let extra_bytes = bytes.get(46 + name..46 + name + extra)?;
    let mut large = large_numbers(extra_bytes);
    let mut grown = |at| {
        let number = number(bytes, at, 4)?;
        if number == u64::from(u32::MAX) {
            large.next()
        } else {
            Some(number)
        }
    };
    // In this order they stand among the larger numbers.
    let (_unpacked, packed, header) = (grown(24)?, grown(20)?, grown(42)?);
    let entry = Entry {
        name: String::new(),
        is_encrypted: short(8)? & 1 == 1,
        method: u16::try_from(short(10)?).ok()?,
        checksum: u32::try_from(number(bytes, 16, 4)?).ok()?,
        packed,
        header,
    };
    let after = bytes.get(46 + name + extra + comment..)?;
    Some((String::from_utf8_lossy(text).into_owned(), entry, after))
}

/// The numbers of 8 bytes in the extra field with the number 1.
fn large_numbers(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut found: &[u8] = &[];
    while let (Some(id), Some(size)) = (number(extra, 0, 2), number(extra, 2, 2)) {
        let end = 4 + usize::try_from(size).unwrap_or(0);
        let Some(field) = extra.get(4..end) else {
            break;
        };
        if id == 1 {
            found = field;
        }
        extra = &extra[end..];
    }
    found
        .as_chunks::<8>()
        .0
        .iter()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

impl Entry {
    /// The array's file.
    pub(super) fn open(&self, archive: &Path) -> Result<Source, Error> {
        let path = PathBuf::from(format!("{}:{}", archive.display(), self.name));
        let wrong = |reason: &str| {
            let reason = reason.into();
            refused(&path, ArrayProblem::Header { reason })
        };
        if self.is_encrypted {
            return Err(wrong("it is encrypted"));
        }
        let io = |source| io_error(archive, source);
        let mut file = File::open(archive).map_err(io)?;
        let local = piece(&mut file, self.header, 30).map_err(io)?;
        let lengths = number(&local, 26, 2).zip(number(&local, 28, 2));
        let (name, extra) = lengths.ok_or_else(|| wrong("the archive is cut off"))?;
        file.seek(SeekFrom::Start(self.header + 30 + name + extra))
            .map_err(io)?;
        let packed = BufReader::with_capacity(1 << 16, file).take(self.packed);
        let bytes: Box<dyn Read + Send> = match self.method {
            0 => Box::new(packed),
            8 => Box::new(DeflateDecoder::new(packed)),
            _ => return Err(wrong("it is packed in another way than by deflate")),
        };
        let bytes = Checked {
            bytes,
            crc: Crc::new(),
            expected: self.checksum,
        };
        Ok(Source::of(path, Box::new(bytes)))
    }
}

/// Bytes whose checksum is compared at their end.
struct Checked {
    bytes: Box<dyn Read + Send>,
    crc: Crc,
    expected: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.crc.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "its checksum is wrong: the archive is damaged or cut off",
            ));
        }
        Ok(read)
    }
}

/// Up to so many bytes from a place on.
fn piece(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A little-endian number of up to 8 bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
    )
}
