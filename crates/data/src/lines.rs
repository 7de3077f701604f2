//! Text as lines, so that a reader of tables counts them as an editor does.
//!
//! The `csv` crate ends a record at a carriage return and counts its line only with the next record, and says of a record
//! where it was looking before it skipped empty lines. So lines end with a newline alone here, the last one too, and a
//! record's line is counted back from where the reader stands after it.

use std::io::{self, BufRead, BufReader, Read};

use crate::Error;
use crate::ready::Ready;
use crate::text::BadText;

/// A source whose lines all end with `\n`, be it `\r\n` or the end of the file in the original.
pub(crate) struct Lines<R> {
    source: BufReader<R>,
    ready: Ready,
    /// A carriage return that may belong to a newline.
    returned: bool,
    last: u8,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source: BufReader::new(source),
            ready: Ready::default(),
            returned: false,
            last: b'\n',
        }
    }

    /// Where the text comes from.
    pub(crate) fn source(&self) -> &R {
        self.source.get_ref()
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        let ready = &mut self.ready.bytes;
        // A piece may be one carriage return, of which nothing is ready yet.
        while ready.is_empty() {
            let piece = self.source.fill_buf()?;
            if piece.is_empty() {
                if self.returned {
                    ready.push(b'\r');
                }
                if self.returned || self.last != b'\n' {
                    ready.push(b'\n');
                }
                (self.returned, self.last) = (false, b'\n');
                return Ok(());
            }
            if !self.returned && !piece.contains(&b'\r') {
                ready.extend_from_slice(piece);
                let length = piece.len();
                self.source.consume(length);
                continue;
            }
            for &byte in piece {
                if self.returned && byte != b'\n' {
                    ready.push(b'\r');
                }
                self.returned = byte == b'\r';
                if !self.returned {
                    ready.push(byte);
                }
            }
            let length = piece.len();
            self.source.consume(length);
        }
        self.last = ready[ready.len() - 1];
        Ok(())
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_used_up() {
            self.refill()?;
        }
        Ok(self.ready.hand_over(buffer))
    }
}

/// Reads the next record of [`Lines`], and gives it the line where it begins, counted from 1. False at the end.
pub(crate) fn read_record<R: Read>(
    reader: &mut csv::Reader<R>,
    record: &mut csv::StringRecord,
) -> Result<bool, Error> {
    let more = reader.read_record(record);
    // It stands behind the record's newline.
    let mut place = reader.position().clone();
    let ended = place.line().saturating_sub(1).max(1);
    if !more.map_err(|error| table_error(error, ended))? {
        return Ok(false);
    }
    let within: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
    // A quote that is open at the end of the file ends no line.
    place.set_line(ended.saturating_sub(within as u64).max(1));
    record.set_position(Some(place));
    Ok(true)
}

/// What was wrong on a line.
pub(crate) fn table_error(error: csv::Error, line: u64) -> Error {
    let said = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => io_error(source),
        _ => Error::BadTable {
            line,
            problem: said,
        },
    }
}

/// What was wrong in reading, with the line where it is known.
pub(crate) fn io_error(source: io::Error) -> Error {
    match source
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<BadText>())
    {
        Some(bad) => Error::BadTable {
            line: bad.line,
            problem: bad.problem.clone(),
        },
        None => Error::Io {
            path: Default::default(),
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(text: &str) -> String {
        let mut out = String::new();
        Lines::new(text.as_bytes())
            .read_to_string(&mut out)
            .unwrap();
        out
    }

    /// Hands over a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(1).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn every_line_ends_with_a_newline() {
        for (text, expected) in [
            ("", ""),
            ("a", "a\n"),
            ("a\n", "a\n"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\r\n\r\nb", "a\n\nb\n"),
            ("a\rb\r", "a\rb\r\n"),
            ("\r\r\n", "\r\n"),
            ("\r", "\r\n"),
        ] {
            assert_eq!(through(text), expected, "{text:?}");
            let mut slow = String::new();
            let lines = &mut Lines::new(Slow(text.as_bytes()));
            lines.read_to_string(&mut slow).unwrap();
            assert_eq!(slow, expected, "{text:?}");
        }
    }

    #[test]
    fn records_know_their_lines() {
        let text = "a,y\r\n1,2\r\n\r\n\r\n\"two\r\nlines\",3\r\n4,5";
        for text in [text.to_owned(), text.replace('\r', "")] {
            let mut reader = csv::Reader::from_reader(Lines::new(text.as_bytes()));
            let (mut record, mut lines) = (csv::StringRecord::new(), Vec::new());
            while read_record(&mut reader, &mut record).unwrap() {
                lines.push(record.position().unwrap().line());
            }
            assert_eq!(lines, [2, 5, 7], "{text:?}");
        }
    }
}
