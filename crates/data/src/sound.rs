//! Lines that break a table, left out before it is read: a quote that is not closed would take all rows behind it along.

use std::io::{self, Read};

use smallbatch_base::limits::{MOST_QUOTED_ROW_BYTES, MOST_ROW_BYTES};

use crate::BadRow;
use crate::ready::Ready;
use crate::text::{BadText, NO_TEXT};

/// So many bytes are read at once.
const PIECE: usize = 1 << 16;

const NOT_CLOSED: &str =
    "a quote that opens in it is not closed; close it, or write a quote within a cell twice";
const NOT_TEXT: &str =
    "it has bytes that are no text in the encoding of the file; save the file as UTF-8";

/// What becomes of a line that is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// It ends the table with an error.
    Refuse,
    /// It is left out, and remembered.
    LeaveOut,
}

/// The lines of a source, each ending with a newline. Rows whose quotes or bytes are wrong are an error, or left out, and then an
/// empty line stands for each of their lines. (Rows of another number of cells are for the reader of the records to see.)
pub(crate) struct Sound<R> {
    source: R,
    sieve: Sieve,
}

/// What is left out, and what is not yet known to be sound.
struct Sieve {
    malformed: Malformed,
    delimiter: u8,
    /// How many cells a row may have; known from the header on.
    n_cells: Option<(usize, usize)>,
    /// What has been read and not yet looked at; whole lines, but for the last.
    pending: Vec<u8>,
    has_ended: bool,
    /// What the source failed with, behind what is pending.
    failed: Option<io::Error>,
    ready: Ready,
    /// The line where `pending` begins.
    line: u64,
    bad_rows: Vec<BadRow>,
}

/// A row as its quotes tell.
struct Scan {
    /// Its bytes with the newline.
    length: usize,
    lines: usize,
    cells: usize,
    /// The place behind the last cell that is not empty.
    filled: usize,
    /// Whether behind each closing quote the cell ends.
    is_clean: bool,
}

impl<R: Read> Sound<R> {
    /// `line` is that of the source's beginning.
    pub(crate) fn new(source: R, malformed: Malformed, delimiter: u8, line: u64) -> Self {
        let sieve = Sieve {
            malformed,
            delimiter,
            n_cells: None,
            pending: Vec::new(),
            has_ended: false,
            failed: None,
            ready: Ready::default(),
            line,
            bad_rows: Vec::new(),
        };
        Self { source, sieve }
    }

    /// Where the lines come from.
    pub(crate) fn source(&self) -> &R {
        &self.source
    }

    /// The rows that were left out since the last call.
    pub(crate) fn take_bad_rows(&mut self) -> Vec<BadRow> {
        std::mem::take(&mut self.sieve.bad_rows)
    }
}

impl<R: Read> Read for Sound<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.sieve.ready.is_used_up() {
            self.sieve.refill(&mut self.source)?;
        }
        Ok(self.sieve.ready.hand_over(buffer))
    }
}

impl Sieve {
    /// Reads on until some lines are known to be sound.
    fn refill(&mut self, source: &mut impl Read) -> io::Result<()> {
        self.ready.clear();
        while self.ready.bytes.is_empty() && !(self.has_ended && self.pending.is_empty()) {
            if !self.has_ended {
                let before = self.pending.len();
                self.read_piece(source);
                let is_within_a_row = !self.pending[before..].contains(&b'\n');
                if is_within_a_row && self.pending.len() > MOST_ROW_BYTES {
                    return Err(self.refused(&format!(
                        "the row has more than {MOST_ROW_BYTES} bytes, which is the most that is read; this is no table"
                    )));
                }
                if is_within_a_row && !self.has_ended {
                    continue;
                }
            }
            let mut pending = std::mem::take(&mut self.pending);
            let looked_at = self.look_at(&pending)?;
            pending.drain(..looked_at);
            if self.failed.is_some() {
                // The row that it failed in.
                pending.clear();
            }
            self.pending = pending;
        }
        match self.failed.take() {
            Some(error) if self.ready.bytes.is_empty() => Err(error),
            other => {
                self.failed = other;
                Ok(())
            }
        }
    }

    fn read_piece(&mut self, source: &mut impl Read) {
        let before = self.pending.len();
        let mut piece = source.by_ref().take(PIECE as u64);
        self.failed = piece.read_to_end(&mut self.pending).err();
        self.has_ended = self.failed.is_some() || self.pending.len() - before < PIECE;
    }

    /// Hands over what is sound of this text; how far that has been found out.
    fn look_at(&mut self, text: &[u8]) -> io::Result<usize> {
        let newline = text.iter().rposition(|byte| *byte == b'\n');
        let whole = newline.map_or(0, |last| last + 1);
        let mut at = 0;
        while at < whole {
            if self.n_cells.is_some() {
                let is_special = |byte: &u8| matches!(*byte, b'"' | NO_TEXT);
                let plain = text[at..whole].iter().position(is_special);
                let plain = plain.map_or(whole, |special| {
                    let newline = text[at..at + special].iter().rposition(|b| *b == b'\n');
                    newline.map_or(at, |newline| at + newline + 1)
                });
                self.pass(&text[at..plain]);
                at = plain;
                if at == whole {
                    break;
                }
            }
            match self.scan(&text[at..whole]) {
                Some(row) => at += self.judge(&row, &text[at..at + row.length])?,
                None if self.failed.is_some() => break,
                None if !self.has_ended && text.len() - at < MOST_QUOTED_ROW_BYTES => break,
                None if self.n_cells.is_none() => return Err(self.refused(NOT_CLOSED)),
                None => at += self.leave_out_first(&text[at..whole])?,
            }
        }
        Ok(at)
    }

    /// Hands over a row or leaves it out; of one whose quotes are wrong the first line alone. How many bytes that is.
    fn judge(&mut self, row: &Scan, text: &[u8]) -> io::Result<usize> {
        let is_text = !text.contains(&NO_TEXT);
        let Some((fewest, most)) = self.n_cells else {
            if !is_text {
                return Err(self.refused(NOT_TEXT));
            }
            // Empty lines above the header are no header.
            if text.len() > 1 {
                self.n_cells = Some((row.filled, row.cells));
            }
            self.pass(text);
            return Ok(text.len());
        };
        let fits = row.is_clean && (fewest..=most).contains(&row.cells);
        if row.lines > 1 && !fits {
            return self.leave_out_first(text);
        }
        if is_text {
            self.pass(text);
        } else {
            self.leave_out(row.lines, NOT_TEXT)?;
        }
        Ok(text.len())
    }

    fn pass(&mut self, text: &[u8]) {
        self.ready.bytes.extend_from_slice(text);
        self.line += text.iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    fn refused(&self, problem: &str) -> io::Error {
        let (line, problem) = (self.line, problem.to_owned());
        BadText { line, problem }.into()
    }

    /// Leaves out the first of these lines, whose quote is not closed; how long it is.
    fn leave_out_first(&mut self, text: &[u8]) -> io::Result<usize> {
        self.leave_out(1, NOT_CLOSED)?;
        let newline = text.iter().position(|byte| *byte == b'\n');
        Ok(newline.map_or(text.len(), |at| at + 1))
    }

    fn leave_out(&mut self, lines: usize, reason: &str) -> io::Result<()> {
        if self.malformed == Malformed::Refuse {
            return Err(self.refused(reason));
        }
        self.bad_rows.push(BadRow {
            line: self.line,
            reason: reason.to_owned(),
        });
        // Empty lines are no rows, and count as lines.
        let length = self.ready.bytes.len();
        self.ready.bytes.resize(length + lines, b'\n');
        self.line += lines as u64;
        Ok(())
    }

    /// The row at the beginning of a text, with quotes as the `csv` crate has them; `None` if a quote is open at the end.
    fn scan(&self, text: &[u8]) -> Option<Scan> {
        let mut row = Scan {
            length: 0,
            lines: 0,
            cells: 1,
            filled: 0,
            is_clean: true,
        };
        let (mut is_quoted, mut is_begun, mut has_closed) = (false, false, false);
        let mut bytes = text.iter().peekable();
        while let Some(&byte) = bytes.next() {
            row.length += 1;
            row.lines += usize::from(byte == b'\n');
            match byte {
                b'"' if is_quoted && bytes.peek() == Some(&&b'"') => {
                    bytes.next();
                    row.length += 1;
                }
                b'"' if is_quoted => (is_quoted, has_closed) = (false, true),
                _ if is_quoted => row.filled = row.cells,
                b'"' if !is_begun => (is_quoted, is_begun) = (true, true),
                b'\n' => return Some(row),
                other if other == self.delimiter => {
                    row.cells += 1;
                    (is_begun, has_closed) = (false, false);
                }
                other => {
                    is_begun = true;
                    if !other.is_ascii_whitespace() {
                        row.filled = row.cells;
                        row.is_clean &= !has_closed;
                    }
                }
            }
        }
        None
    }
}
