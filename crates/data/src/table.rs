//! Tables of text as they are found: named columns, one sample a line.

#[cfg(feature = "arrow")]
pub(crate) mod arrow;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
#[cfg(any(feature = "parquet", feature = "arrow"))]
mod unharmed;

use std::collections::BTreeSet;

use crate::cells::{Among, Markers, Place};
use crate::names::nearest;
use crate::{BadRow, Error, TableColumn};

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
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<String>,
    has_index: bool,
    delimiter: u8,
    notes: Vec<String>,
    /// All cells in one piece, row by row: an object a row would take several times the memory of its text.
    text: String,
    /// Where each cell ends in it.
    ends: Vec<usize>,
    /// The line where each row begins.
    lines: Vec<u64>,
    /// Lines that are no rows, and were left out.
    bad_rows: Vec<BadRow>,
}

impl Table {
    /// Without a row.
    pub(crate) fn empty(columns: &[String], has_index: bool, delimiter: u8) -> Self {
        Self {
            name: "table".into(),
            columns: columns.to_vec(),
            has_index,
            delimiter,
            notes: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
            lines: Vec::new(),
            bad_rows: Vec::new(),
        }
    }

    /// A row more.
    pub(crate) fn push<'a>(&mut self, line: u64, cells: impl Iterator<Item = &'a str>) {
        self.lines.push(line);
        for cell in cells {
            self.text.push_str(cell);
            self.ends.push(self.text.len());
        }
    }

    /// With another name and notes.
    pub(crate) fn called(mut self, name: &str, notes: Vec<String>) -> Self {
        name.clone_into(&mut self.name);
        self.notes = notes;
        self
    }

    /// With the lines that were left out of it.
    pub(crate) fn without(mut self, bad_rows: Vec<BadRow>) -> Self {
        self.bad_rows = bad_rows;
        self
    }

    /// The malformed lines that were left out, where they are
    /// ([`TableChunks::open_tolerant`](crate::TableChunks::open_tolerant)).
    pub fn bad_rows(&self) -> &[BadRow] {
        &self.bad_rows
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

    /// How the table was read, where it is not plain: a sentence each, `read as Windows-1252, since it is not UTF-8`.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether the first column has no name in the file, and is called `index` here.
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
            notes: self.notes.clone(),
            has_index: self.has_index,
            delimiter: self.delimiter,
            text: String::new(),
            ends: Vec::with_capacity(rows.len() * self.columns.len()),
            lines: Vec::with_capacity(rows.len()),
            bad_rows: self.bad_rows.clone(),
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

    /// Refuses missing cells in these columns; counts them all.
    pub(crate) fn check_missing(
        &self,
        used: &[(usize, Among)],
        markers: &Markers,
        advice: &'static str,
    ) -> Result<(), Error> {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let mut lines = BTreeSet::new();
        for &(column, among) in used {
            let missing: Vec<u64> = self
                .cells(column)
                .filter(|(_, cell)| markers.is_missing(cell, among))
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
