//! Parquet files as tables.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;

use super::Table;
use super::unharmed::{INDEX, no_value, refused, unharmed};
use crate::names::check_names;
use crate::{Error, source};

impl Table {
    /// Reads a Parquet file of flat columns: numbers, truth values, texts, dates and times. Only with the feature `parquet`.
    ///
    /// Pages may be compressed by snappy, gzip or lz4; zstd and brotli are not read. A null is a missing cell. The index that pandas
    /// writes as a column is left out, and [`has_index`](Self::has_index) says so. What errors call a line is a row, counted
    /// from 1.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be opened; [`Error::Parquet`] when it is no Parquet file, is damaged, or has a column of
    /// lists, groups or bytes; [`Error::EmptyTable`] without a row; [`Error::BadName`] for a column without a name, or two with
    /// the same.
    pub fn read_parquet(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut rows = ParquetRows::open(path)?;
        let mut table = rows.table();
        while rows.next_into(&mut table)? {}
        if table.lines.is_empty() {
            return Err(Error::EmptyTable {
                columns: table.columns.len(),
            });
        }
        Ok(table.called(&source::name_of(path), rows.notes()))
    }
}

/// The rows of a Parquet file, read row group by row group.
pub(crate) struct ParquetRows {
    path: PathBuf,
    rows: RowIter<'static>,
    columns: Vec<String>,
    has_index: bool,
    line: u64,
}

impl ParquetRows {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        unharmed(path, || open(path))
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        let left_out = "the index that pandas wrote is left out".to_owned();
        self.has_index.then_some(left_out).into_iter().collect()
    }

    /// Without a row. Numbers are written here with points, as where commas separate cells.
    pub(crate) fn table(&self) -> Table {
        Table::empty(&self.columns, self.has_index, b',')
    }

    /// Reads the next row; false at the end.
    pub(crate) fn next_into(&mut self, table: &mut Table) -> Result<bool, Error> {
        let Self { path, rows, .. } = self;
        let row = unharmed(path, || {
            let row = rows.next().transpose();
            row.map_err(|error| refused(path, in_words(&error)))
        })?;
        let Some(row) = row else {
            return Ok(false);
        };
        for (column, cell) in row.get_column_iter() {
            if column != INDEX {
                let cell = text(cell).ok_or_else(|| no_value(path, column))?;
                table.text.push_str(cell.trim());
                table.ends.push(table.text.len());
            }
        }
        self.line += 1;
        table.lines.push(self.line);
        Ok(true)
    }
}

fn open(path: &Path) -> Result<ParquetRows, Error> {
    let file = File::open(path).map_err(|source| Error::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let of_library = |error: ParquetError| refused(path, in_words(&error));
    let reader = SerializedFileReader::new(file).map_err(of_library)?;
    let fields = reader.metadata().file_metadata().schema().get_fields();
    let mut columns: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    check_names("column", &columns)?;
    let index = columns.iter().position(|column| column == INDEX);
    if let Some(index) = index {
        columns.remove(index);
    }
    Ok(ParquetRows {
        path: path.to_path_buf(),
        rows: reader.into_iter(),
        columns,
        has_index: index.is_some(),
        line: 0,
    })
}

/// A cell as text; `None` for what is no single value.
fn text(cell: &Field) -> Option<String> {
    Some(match cell {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        // All digits: the text then reads back to the same bits, as either type of number.
        Field::Float(value) => f64::from(*value).to_string(),
        Field::Double(value) => value.to_string(),
        Field::Float16(value) => value.to_f64().to_string(),
        Field::Bytes(_) | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            return None;
        }
        _ => cell.to_string(),
    })
}

/// What the library says, with the way out where there is one.
fn in_words(error: &ParquetError) -> String {
    let said = error.to_string();
    if said.contains("Disabled feature") {
        format!("{said}; write the file with snappy, gzip or lz4")
    } else {
        format!("{said}; write the file again")
    }
}
