//! Tables of text as they are found: named columns, one sample a line.

#[cfg(feature = "parquet")]
mod parquet;

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::Error;
use crate::cells::{Place, has_decimal_comma, is_missing, is_number};
use crate::lines::{Lines, read_record, table_error};
use crate::names::{check_names, nearest};

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
    /// - Where commas do not separate cells, they may be decimal: if the table has numbers such as `0,5`, and none with a
    ///   point, these are read as `0.5`.
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
                let counts_or_names = cell.parse::<i64>().is_ok() || !is_number(cell);
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
        if delimiter != b',' {
            table.read_decimal_commas();
        }
        Ok(table)
    }

    /// Writes points for decimal commas, unless the table has numbers with points as well: then commas mean something else.
    fn read_decimal_commas(&mut self) {
        let cells = || (0..self.ends.len()).map(|at| self.cell(at));
        let with_point = |cell: &str| cell.contains('.') && is_number(cell);
        if !cells().any(has_decimal_comma) || cells().any(with_point) {
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        for cell in cells() {
            if has_decimal_comma(cell) {
                text.push_str(&cell.replace(',', "."));
            } else {
                text.push_str(cell);
            }
        }
        self.text = text;
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

    /// Where a column stands.
    pub(crate) fn position(&self, name: &str) -> Result<usize, Error> {
        self.columns
            .iter()
            .position(|column| column == name)
            .ok_or_else(|| Error::UnknownColumn {
                name: name.to_owned(),
                nearest: nearest(name, &self.columns).map(str::to_owned),
                columns: self.columns.clone(),
            })
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
        advice: &'static str,
    ) -> Result<(), Error> {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let mut lines = BTreeSet::new();
        for &(column, numbers) in used {
            let missing: Vec<u64> = self
                .cells(column)
                .filter(|(_, cell)| is_missing(cell, numbers))
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
