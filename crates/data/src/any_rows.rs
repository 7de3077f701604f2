//! The rows of a file, whatever it is: its first bytes say that, and not its name.

use std::path::Path;

use crate::arrays::ArrayRows;
use crate::rows::Rows;
use crate::sound::Malformed;
use crate::table::Table;
#[cfg(feature = "arrow")]
use crate::table::arrow::ArrowRows;
#[cfg(feature = "parquet")]
use crate::table::parquet::ParquetRows;
use crate::{BadRow, Error, source};

/// Rows that are being read.
pub(crate) enum AnyRows<'a> {
    Text(Box<Rows<'a>>),
    Arrays(ArrayRows),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetRows>),
    #[cfg(feature = "arrow")]
    Arrow(Box<ArrowRows>),
}

impl AnyRows<'static> {
    /// Opens a file, or standard input for `-`, which is text.
    pub(crate) fn open(path: &Path, malformed: Malformed) -> Result<Self, Error> {
        if let Some(arrays) = ArrayRows::open(path)? {
            return Ok(Self::Arrays(arrays));
        }
        // What is read from a pipe is gone.
        #[cfg(feature = "parquet")]
        if path.is_file() && source::begins_with(path, b"PAR1") {
            return Ok(Self::Parquet(Box::new(ParquetRows::open(path)?)));
        }
        #[cfg(feature = "arrow")]
        if path.is_file() && ArrowRows::is_one(path) {
            return Ok(Self::Arrow(Box::new(ArrowRows::open(path)?)));
        }
        Ok(Self::Text(Box::new(Rows::new(
            Box::new(source::open(path)?),
            malformed,
        )?)))
    }
}

impl AnyRows<'_> {
    /// A table of these columns, without a row.
    pub(crate) fn table(&self) -> Table {
        match self {
            Self::Text(rows) => Table::empty(rows.columns(), rows.has_index(), rows.delimiter()),
            // Numbers are written with points there, as where commas separate cells.
            Self::Arrays(rows) => Table::empty(rows.columns(), false, b','),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.table(),
            #[cfg(feature = "arrow")]
            Self::Arrow(rows) => rows.table(),
        }
    }

    pub(crate) fn columns(&self) -> &[String] {
        match self {
            Self::Text(rows) => rows.columns(),
            Self::Arrays(rows) => rows.columns(),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.columns(),
            #[cfg(feature = "arrow")]
            Self::Arrow(rows) => rows.columns(),
        }
    }

    /// How the table was read, as far as it has been.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Text(rows) => rows.notes(),
            Self::Arrays(rows) => rows.notes(),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.notes(),
            #[cfg(feature = "arrow")]
            Self::Arrow(rows) => rows.notes(),
        }
    }

    /// Reads the next row; false at the end.
    pub(crate) fn next_into(&mut self, table: &mut Table) -> Result<bool, Error> {
        match self {
            Self::Text(rows) => rows.next_into(table),
            Self::Arrays(rows) => rows.next_into(table),
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => rows.next_into(table),
            #[cfg(feature = "arrow")]
            Self::Arrow(rows) => rows.next_into(table),
        }
    }

    /// The malformed rows that were left out since this was last asked.
    pub(crate) fn take_bad_rows(&mut self) -> Vec<BadRow> {
        match self {
            Self::Text(rows) => rows.take_bad_rows(),
            _ => Vec::new(),
        }
    }
}
