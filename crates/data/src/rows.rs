//! The rows of a table, one after the other, as they are read from a source.

use std::io::{Chain, Cursor, Read};

use crate::dialect::Dialect;
use crate::lines::{Lines, io_error, read_record};
use crate::names::{check_columns, check_names, numbered};
use crate::sound::{Malformed, Sound};
use crate::source::unpacked;
use crate::table::Table;
use crate::text::{BadBytes, Text};
use crate::{BadRow, Error};

/// So many bytes show how a table is written.
const HEAD: u64 = 1 << 16;

type Bytes<'a> = Text<Box<dyn Read + Send + 'a>>;
type Reader<'a> = csv::Reader<Sound<Lines<Chain<Cursor<Vec<u8>>, Bytes<'a>>>>>;

/// A table that is being read.
pub(crate) struct Rows<'a> {
    reader: Reader<'a>,
    record: csv::StringRecord,
    /// Whether the record is a row that has been read already: the first, where there is no header.
    is_ahead: bool,
    columns: Vec<String>,
    has_index: bool,
    delimiter: u8,
    /// The lines above what the reader has seen.
    skipped_lines: u64,
    /// How the source was read, but for its encoding.
    notes: Vec<String>,
    /// Whether cells behind the last column were dropped.
    has_dropped: bool,
    malformed: Malformed,
    /// The malformed rows that were left out.
    bad_rows: Vec<BadRow>,
}

impl<'a> Rows<'a> {
    /// Reads up to the first row.
    pub(crate) fn new(
        source: Box<dyn Read + Send + 'a>,
        malformed: Malformed,
    ) -> Result<Self, Error> {
        let (source, packed) = unpacked(source).map_err(io_error)?;
        let bad_bytes = match malformed {
            Malformed::Refuse => BadBytes::End,
            Malformed::LeaveOut => BadBytes::Mark,
        };
        let mut text = Text::new(source, packed, bad_bytes);
        let mut head = Vec::new();
        if let Err(error) = text.by_ref().take(HEAD).read_to_end(&mut head) {
            let error = io_error(error);
            // What is no text stays so, and is told when the rows before it have been read.
            if head.is_empty() || !matches!(error, Error::BadTable { .. }) {
                return Err(error);
            }
        }
        let dialect = Dialect::of(&head);
        let mut notes: Vec<String> = packed
            .map(|packed| format!("unpacked, since it is packed by {packed}"))
            .into_iter()
            .collect();
        notes.extend(dialect.notes);
        let mut head = Cursor::new(head);
        head.set_position(dialect.skipped as u64);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(dialect.delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(Sound::new(
                Lines::new(head.chain(text)),
                malformed,
                dialect.delimiter,
                1 + dialect.skipped_lines,
            ));
        let mut record = csv::StringRecord::new();
        if !read_record(&mut reader, &mut record)? {
            return Err(Error::EmptyFile);
        }
        // Before each has a name of its own.
        check_columns(1 + dialect.skipped_lines, record.len())?;
        let mut rows = Self {
            reader,
            record,
            is_ahead: !dialect.has_header,
            columns: Vec::new(),
            has_index: false,
            delimiter: dialect.delimiter,
            skipped_lines: dialect.skipped_lines,
            notes,
            has_dropped: false,
            malformed,
            bad_rows: Vec::new(),
        };
        rows.columns = if dialect.has_header {
            rows.header()
        } else {
            numbered("c", rows.record.len())
        };
        check_names("column", &rows.columns)?;
        Ok(rows)
    }

    /// The names of the columns, of the record that has been read.
    fn header(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.record.iter().map(|name| name.trim().into()).collect();
        while names.len() > 1 && names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        for at in 0..names.len() {
            if !names[at].is_empty() {
                continue;
            }
            self.has_index |= at == 0;
            let wanted = if at == 0 {
                "index".to_owned()
            } else {
                format!("column {}", at + 1)
            };
            let name = if names.contains(&wanted) {
                format!("unnamed {}", at + 1)
            } else {
                wanted
            };
            self.notes.push(format!(
                "column {} has no name; it is called {name:?}",
                at + 1
            ));
            names[at] = name;
        }
        names
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether the first column has no name.
    pub(crate) fn has_index(&self) -> bool {
        self.has_index
    }

    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// How the table was read, as far as it has been.
    pub(crate) fn notes(&self) -> Vec<String> {
        let text = self.reader.get_ref().source().source().get_ref().1;
        let mut notes = text.notes().to_vec();
        notes.extend_from_slice(&self.notes);
        if self.has_dropped {
            notes.push("empty cells behind the last column are dropped".to_owned());
        }
        notes
    }

    /// Reads the next row, and gives its line; `None` at the end. The cells are in [`cells`](Self::cells) then.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, Error> {
        loop {
            let is_ahead = std::mem::take(&mut self.is_ahead);
            if !is_ahead && !read_record(&mut self.reader, &mut self.record)? {
                return Ok(None);
            }
            let line = self.record.position().map_or(0, csv::Position::line) + self.skipped_lines;
            let (found, expected) = (self.record.len(), self.columns.len());
            if found == expected {
                return Ok(Some(line));
            }
            let is_padded = found > expected
                && self
                    .record
                    .iter()
                    .skip(expected)
                    .all(|cell| cell.trim().is_empty());
            if is_padded {
                self.has_dropped = true;
                return Ok(Some(line));
            }
            if self.malformed == Malformed::Refuse {
                let problem = self.ragged();
                return Err(Error::BadTable { line, problem });
            }
            let reason = self.ragged();
            self.bad_rows.push(BadRow { line, reason });
        }
    }

    /// The malformed rows that were left out since the last call, in the order of their lines.
    pub(crate) fn take_bad_rows(&mut self) -> Vec<BadRow> {
        let mut bad = std::mem::take(&mut self.bad_rows);
        bad.append(&mut self.reader.get_mut().take_bad_rows());
        bad.sort_by_key(|row| row.line);
        bad
    }

    /// What is wrong with a row of another number of cells.
    fn ragged(&self) -> String {
        let (found, expected) = (self.record.len(), self.columns.len());
        let delimiter = char::from(self.delimiter);
        format!(
            "it has {found} fields where the header has {expected}; complete the line, or quote cells that hold {delimiter:?}"
        )
    }

    /// The cells of the row that was read last.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &str> {
        self.record.iter().take(self.columns.len()).map(trimmed)
    }

    /// Reads the next row into a table; false at the end.
    pub(crate) fn next_into(&mut self, table: &mut Table) -> Result<bool, Error> {
        let Some(line) = self.advance()? else {
            return Ok(false);
        };
        table.push(line, self.cells());
        Ok(true)
    }
}

/// The cell without spaces around it. Few have some.
fn trimmed(cell: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_none_or(|byte| (b'!'..=b'~').contains(byte));
    let bytes = cell.as_bytes();
    if is_plain(bytes.first()) && is_plain(bytes.last()) {
        cell
    } else {
        cell.trim()
    }
}
