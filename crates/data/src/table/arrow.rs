//! Arrow files and streams (IPC, also called Feather) as tables.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type};
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, SchemaRef};

mod sizes;

use super::Table;
use super::unharmed::{INDEX, no_value, refused, unharmed};
use crate::names::check_names;
use crate::{Error, source};

/// Record batches, from a file or a stream.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// The rows of an Arrow file, read record batch by record batch.
pub(crate) struct ArrowRows {
    path: PathBuf,
    batches: Batches,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    row: usize,
    columns: Vec<String>,
    has_index: bool,
    line: u64,
}

impl ArrowRows {
    /// Whether a file begins as an Arrow file or stream does.
    pub(crate) fn is_one(path: &Path) -> bool {
        source::begins_with(path, b"ARRO") || source::begins_with(path, &[0xff; 4])
    }

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
        let Self {
            path,
            batches,
            batch,
            row,
            ..
        } = self;
        while batch.as_ref().is_none_or(|batch| *row >= batch.num_rows()) {
            let next = unharmed(path, || {
                let next = batches.next().transpose();
                next.map_err(|error| refused(path, in_words(&error)))
            })?;
            let Some(next) = next else {
                return Ok(false);
            };
            (*batch, *row) = (Some(next), 0);
        }
        let Some(batch) = batch else {
            return Ok(false);
        };
        unharmed(path, || {
            let schema = batch.schema_ref();
            for (field, column) in schema.fields().iter().zip(batch.columns()) {
                if field.name() != INDEX {
                    let cell = text(column.as_ref(), *row);
                    let cell = cell.map_err(|error| refused(path, in_words(&error)))?;
                    table.text.push_str(cell.trim());
                    table.ends.push(table.text.len());
                }
            }
            Ok(())
        })?;
        *row += 1;
        self.line += 1;
        table.lines.push(self.line);
        Ok(true)
    }
}

fn open(path: &Path) -> Result<ArrowRows, Error> {
    let file = File::open(path).map_err(|source| Error::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let of_library = |error: ArrowError| refused(path, in_words(&error));
    let mut file = BufReader::new(file);
    // The library allocates what a file says that it holds.
    sizes::check(&mut file).map_err(|problem| refused(path, problem))?;
    let (schema, batches): (SchemaRef, Batches) = if source::begins_with(path, b"ARRO") {
        let reader = FileReader::try_new(file, None).map_err(of_library)?;
        (reader.schema(), Box::new(reader))
    } else {
        let reader = StreamReader::try_new(file, None).map_err(of_library)?;
        (reader.schema(), Box::new(reader))
    };
    for field in schema.fields() {
        if !is_value(field.data_type()) {
            return Err(no_value(path, field.name()));
        }
    }
    let mut columns: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    check_names("column", &columns)?;
    let index = columns.iter().position(|column| column == INDEX);
    if let Some(index) = index {
        columns.remove(index);
    }
    Ok(ArrowRows {
        path: path.to_path_buf(),
        batches,
        batch: None,
        row: 0,
        columns,
        has_index: index.is_some(),
        line: 0,
    })
}

/// Whether a cell of this type is a single number, text, date or truth value.
fn is_value(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_value(values),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_)
        | DataType::Interval(_)
        | DataType::Duration(_) => false,
        kind => !kind.is_nested(),
    }
}

/// A cell as text; a missing one is empty.
fn text(column: &dyn Array, row: usize) -> Result<String, ArrowError> {
    if column.is_null(row) {
        return Ok(String::new());
    }
    // All digits: the text then reads back to the same bits, as either type of number.
    Ok(match column.data_type() {
        DataType::Float32 => f64::from(column.as_primitive::<Float32Type>().value(row)).to_string(),
        DataType::Float16 => column
            .as_primitive::<Float16Type>()
            .value(row)
            .to_f64()
            .to_string(),
        _ => {
            let options = FormatOptions::default();
            ArrayFormatter::try_new(column, &options)?
                .value(row)
                .try_to_string()?
        }
    })
}

/// What the library says, with the way out where there is one.
fn in_words(error: &ArrowError) -> String {
    let said = error.to_string();
    if said.contains("zstd") {
        format!("{said}; write the file with lz4, or uncompressed")
    } else {
        format!("{said}; write the file again")
    }
}
