//! Tables of text as they are found: named columns, one sample a line.

#[cfg(feature = "parquet")]
mod parquet;

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::cells::{Markers, Place};
use crate::lines::{Lines, read_record, table_error};
use crate::names::{check_names, nearest};
use crate::numbers::Shape;
use crate::{Error, TableColumn};

/// What may separate cells; of those that are equally frequent in the header, the first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How many lines an error names.
const LINES_NAMED: usize = 5;

/// A table of text with named columns, not yet understood. A [`TableReader`](crate::TableReader) says what is to be
/// predicted, and makes a [`TableSchema`](crate::TableSchema) of it; that makes it a data set.
///
/// ```
/// use smallbatch_data::{Dataset, Table, TableReader};
///
/// let table = Table::read("size,town,price\n50,Ulm,300.5\n80,Bonn,420\n70,Ulm,400\n65,Bonn,1\n".as_bytes())?;
/// let schema = TableReader::new().schema(&table)?;
/// let houses: Dataset = schema.dataset(&table)?;
/// assert_eq!(houses.feature_names(), ["size", "town=Bonn", "town=Ulm"]);
/// assert_eq!(houses.features().column(0).as_slice(), [50.0, 0.0, 1.0]);
///
/// let more = Table::read("town,size\nRom,60\n".as_bytes())?;
/// let error = schema.features::<f32>(&more).unwrap_err();
/// assert!(error.to_string().contains("\"Rom\""));
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    columns: Vec<String>,
    has_index: bool,
    delimiter: u8,
    /// All cells in one piece, row by row: an object a row would take several times the memory of its text.
    text: String,
    /// Where each cell ends in it.
    ends: Vec<usize>,
    /// The line where each row begins.
    lines: Vec<u64>,
}

impl Table {
    /// Reads a file. The table has the file's name without its ending.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened, else as [`Table::read`].
    pub fn read_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let io = |source| Error::Io {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let mut table = Self::read(file).map_err(|error| match error {
            Error::Io { source, .. } => io(source),
            other => other,
        })?;
        if let Some(stem) = path.file_stem() {
            table.name = stem.to_string_lossy().into_owned();
        }
        Ok(table)
    }

    /// Reads a table from anywhere, once, front to back: a line of names, then one sample a line.
    ///
    /// - Cells are separated by what the header has most of, outside quotes: commas, semicolons, tabs or bars (`|`).
    ///   Spaces around a cell are ignored.
    /// - A first column without a name that numbers or names the rows, each differently, is an index as spreadsheets and
    ///   data frames write it; it is left out, and [`has_index`](Self::has_index) says so.
    ///
    /// Lines in errors are counted from 1, the header's, as an editor does.
    ///
    /// # Errors
    /// [`Error::EmptyFile`] without a header; [`Error::EmptyTable`] without a line below it; [`Error::BadTable`] for a line
    /// with another number of cells, or text that is not UTF-8; [`Error::BadName`] for a column without a name, or two with
    /// the same; [`Error::Io`] (with an empty path).
    pub fn read(source: impl Read) -> Result<Self, Error> {
        let mut source = BufReader::new(source);
        let first = first_line(&mut source)?;
        let delimiter = delimiter(&first);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(Lines::new(first.chain(source)));
        let header = reader.headers().map_err(|error| table_error(error, 1))?;
        let columns: Vec<String> = header.iter().map(strip_mark).collect();
        if columns.is_empty() {
            return Err(Error::EmptyFile);
        }
        let mut table = Self {
            name: "table".into(),
            has_index: columns.len() > 1 && columns[0].is_empty(),
            delimiter,
            columns,
            text: String::new(),
            ends: Vec::new(),
            lines: Vec::new(),
        };
        let mut record = csv::StringRecord::new();
        let mut index = HashSet::new();
        while read_record(&mut reader, &mut record)? {
            table
                .lines
                .push(record.position().map_or(0, csv::Position::line));
            // The reader's own trimming makes a new record of each.
            let mut cells = record.iter().map(str::trim);
            if table.has_index
                && let Some(cell) = cells.next()
            {
                let counts_or_names = cell.parse::<i64>().is_ok() || Shape::of(cell).formats == 0;
                table.has_index = counts_or_names && index.insert(cell.to_owned());
                if !table.has_index {
                    return check_names("column", &table.columns).map(|()| table);
                }
            }
            for cell in cells {
                table.text.push_str(cell);
                table.ends.push(table.text.len());
            }
        }
        if table.has_index {
            table.columns.remove(0);
        }
        check_names("column", &table.columns)?;
        if table.lines.is_empty() {
            return Err(Error::EmptyTable {
                columns: table.columns.len(),
            });
        }
        Ok(table)
    }

    /// The file's name without its ending, or "table".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many samples.
    pub fn n_rows(&self) -> usize {
        self.lines.len()
    }

    /// Whether a first column without a name was left out, since it only numbers or names the rows.
    pub fn has_index(&self) -> bool {
        self.has_index
    }

    /// What separates the cells.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The line where each row begins.
    pub(crate) fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// Where a column stands.
    pub(crate) fn position(&self, name: &str) -> Result<usize, Error> {
        position(name, &self.columns)
    }

    /// Where a column stands that a schema with these columns needs.
    pub(crate) fn needed(&self, name: &str, known: &[TableColumn]) -> Result<usize, Error> {
        self.position(name).map_err(|_| {
            let known: Vec<String> = known.iter().map(|column| column.name().into()).collect();
            self.lacks(name, &known)
        })
    }

    /// An error for a column that is not there, of those that are known.
    pub(crate) fn lacks(&self, name: &str, known: &[String]) -> Error {
        let new = self.columns.iter().filter(|column| !known.contains(column));
        let new: Vec<String> = new.cloned().collect();
        Error::MissingColumn {
            column: name.to_owned(),
            nearest: nearest(name, &new).map(str::to_owned),
            columns: self.columns.clone(),
        }
    }

    /// These rows, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self {
            name: self.name.clone(),
            columns: self.columns.clone(),
            has_index: self.has_index,
            delimiter: self.delimiter,
            text: String::new(),
            ends: Vec::with_capacity(rows.len() * self.columns.len()),
            lines: Vec::with_capacity(rows.len()),
        };
        for &row in rows {
            for column in 0..self.columns.len() {
                selected
                    .text
                    .push_str(self.cell(row * self.columns.len() + column));
                selected.ends.push(selected.text.len());
            }
            selected.lines.push(self.lines[row]);
        }
        selected
    }

    /// A cell with its line.
    pub(crate) fn line_and_cell(&self, row: usize, column: usize) -> (u64, &str) {
        (
            self.lines[row],
            self.cell(row * self.columns.len() + column),
        )
    }

    /// A cell, counted over all rows.
    fn cell(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[at]]
    }

    /// The cells of a column, each with its place.
    pub(crate) fn cells(&self, column: usize) -> impl Iterator<Item = (Place<'_>, &str)> {
        self.lines.iter().enumerate().map(move |(row, &line)| {
            let place = Place {
                line,
                column: &self.columns[column],
            };
            (place, self.cell(row * self.columns.len() + column))
        })
    }

    /// Refuses missing cells in these columns, each of numbers or not; counts them all.
    pub(crate) fn check_missing(
        &self,
        used: &[(usize, bool)],
        markers: &Markers,
        advice: &'static str,
    ) -> Result<(), Error> {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let mut lines = BTreeSet::new();
        for &(column, numbers) in used {
            let missing: Vec<u64> = self
                .cells(column)
                .filter(|(_, cell)| markers.is_missing(cell, numbers))
                .map(|(place, _)| place.line)
                .collect();
            if !missing.is_empty() {
                columns.push((self.columns[column].clone(), missing.len()));
                lines.extend(missing);
            }
        }
        if columns.is_empty() {
            return Ok(());
        }
        Err(Error::MissingCells {
            rows: lines.len(),
            n_rows: self.n_rows(),
            first: lines.into_iter().take(LINES_NAMED).collect(),
            columns,
            advice,
        })
    }
}

/// Where a column stands among these.
pub(crate) fn position(name: &str, columns: &[String]) -> Result<usize, Error> {
    columns
        .iter()
        .position(|column| column == name)
        .ok_or_else(|| Error::UnknownColumn {
            name: name.to_owned(),
            nearest: nearest(name, columns).map(str::to_owned),
            columns: columns.to_vec(),
        })
}

/// All up to the first line that is not empty.
fn first_line(source: &mut impl BufRead) -> Result<Vec<u8>, Error> {
    let mut first = Vec::new();
    while first.trim_ascii().is_empty() {
        let read = source.read_until(b'\n', &mut first);
        let read = read.map_err(|source| Error::Io {
            path: Default::default(),
            source,
        })?;
        if read == 0 {
            break;
        }
    }
    Ok(first)
}

/// What separates the cells of a table with this header.
fn delimiter(header: &[u8]) -> u8 {
    let mut counts = [0; DELIMITERS.len()];
    let mut quoted = false;
    for byte in header {
        quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS.iter().position(|d| d == byte)
            && !quoted
        {
            counts[at] += 1;
        }
    }
    let mut best = 0;
    for at in 1..counts.len() {
        if counts[at] > counts[best] {
            best = at;
        }
    }
    DELIMITERS[best]
}

/// Spreadsheets put a byte order mark before the first name.
fn strip_mark(name: &str) -> String {
    name.trim_start_matches('\u{feff}').trim().to_string()
}
