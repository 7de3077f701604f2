//! Parquet files as tables.

use std::fs::File;
use std::panic::catch_unwind;
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::Table;
use crate::Error;
use crate::names::check_names;

/// How pandas names an index that it writes as a column.
const INDEX: &str = "__index_level_0__";

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
        // The library panics on some damaged files, which it should refuse.
        catch_unwind(|| read(path))
            .unwrap_or_else(|_| Err(refused(path, "it is damaged; write the file again".into())))
    }
}

fn read(path: &Path) -> Result<Table, Error> {
    let file = File::open(path).map_err(|source| Error::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let of_library = |error: ParquetError| refused(path, in_words(&error));
    let reader = SerializedFileReader::new(file).map_err(of_library)?;
    let fields = reader.metadata().file_metadata().schema().get_fields();
    let columns: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    check_names("column", &columns)?;
    let index = columns.iter().position(|column| column == INDEX);
    let name = path.file_stem().unwrap_or_default();
    let mut table = Table {
        name: name.to_string_lossy().into_owned(),
        has_index: index.is_some(),
        // Numbers are written here with points, as where commas separate cells.
        delimiter: b',',
        notes: match index {
            Some(_) => vec!["the index that pandas wrote is left out".to_owned()],
            None => Vec::new(),
        },
        columns,
        text: String::new(),
        ends: Vec::new(),
        lines: Vec::new(),
        bad_rows: Vec::new(),
    };
    for (line, row) in (1..).zip(reader.get_row_iter(None).map_err(of_library)?) {
        for (column, cell) in row.map_err(of_library)?.get_column_iter() {
            if column != INDEX {
                let cell = text(cell).ok_or_else(|| no_value(path, column))?;
                table.text.push_str(cell.trim());
                table.ends.push(table.text.len());
            }
        }
        table.lines.push(line);
    }
    if let Some(index) = index {
        table.columns.remove(index);
    }
    if table.lines.is_empty() {
        return Err(Error::EmptyTable {
            columns: table.columns.len(),
        });
    }
    Ok(table)
}

fn refused(path: &Path, problem: String) -> Error {
    Error::Parquet {
        path: path.to_path_buf(),
        problem,
    }
}

fn no_value(path: &Path, column: &str) -> Error {
    let problem = format!(
        "column {column:?} holds lists, groups or bytes; write it as numbers or texts, or leave it out"
    );
    refused(path, problem)
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
