//! A table from a file or a stream, whatever it is written as.

use std::io::Read;
use std::path::Path;

use smallbatch_base::limits;

use crate::Error;
use crate::any_rows::AnyRows;
use crate::rows::Rows;
use crate::sound::Malformed;
use crate::source;
use crate::table::Table;

impl Table {
    /// Reads a file, or standard input for `-`. The table has the file's name without its ending.
    ///
    /// By its first bytes, whatever its name is, a file may also be
    ///
    /// - an array of numpy (NPY): a row a sample; the columns are called `c0`, `c1`, ...;
    /// - several in an archive (NPZ), side by side: the columns of `X` are called `X0`, `X1`, ..., that of `y` `y`; an array of one column
    ///   comes last. `data.npz:x_test,y_test` names some of them;
    /// - images in MNIST's format (IDX), whose pixels are called `x0`, `x1`, ..., with the `label` of the file beside it, if it is there;
    /// - with the feature `parquet`, a Parquet file: as `Table::read_parquet`;
    /// - with the feature `arrow`, an Arrow file or stream (IPC, Feather) of flat columns, uncompressed or with lz4.
    ///
    /// Of these, lines are rows, counted from 1.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened, else as [`Table::read`], in [`Error::InFile`].
    pub fn read_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let rows = AnyRows::open(path, Malformed::Refuse);
        let table = rows.and_then(Self::of_rows);
        let table = table.map_err(|error| error.in_file(path))?;
        let notes = table.notes().to_vec();
        Ok(table.called(&source::name_of(path), notes))
    }

    /// Reads a table from anywhere, once, front to back: a line of names, then one sample a line. What is not plain is read
    /// all the same, and said in [`notes`](Self::notes):
    ///
    /// - Packed by gzip or Zstandard; in UTF-16 or Windows-1252 (of which Latin-1 is a part) where it is not UTF-8.
    /// - Cells are separated by commas, semicolons, tabs or bars (`|`): by what most of the first lines have as often as the
    ///   header, outside quotes; or by what a first line `sep=;` says. Spaces around a cell are ignored.
    /// - Lines above the header that begin with `#` are skipped; one right above rows that have no other header is the header.
    /// - There is no header where the first line is numbers as the one below: all of them, unless they count (years); or half
    ///   of them, with a fraction among them. The columns are called `c0`, `c1`, ... then.
    /// - A first column without a name is called `index`, others by their position (`column 3`); columns at the end without a
    ///   name and without cells are dropped.
    ///
    /// Lines are counted from 1, the file's first, as an editor does.
    ///
    /// # Errors
    /// [`Error::EmptyFile`] without a header; [`Error::EmptyTable`] without a line below it; [`Error::BadTable`] for a line
    /// with another number of cells or a quote that is not closed, bytes that are no text, and a packed file that is cut off; [`Error::BadName`] for two
    /// columns with the same name; [`Error::Io`] (with an empty path).
    pub fn read(source: impl Read + Send) -> Result<Self, Error> {
        Self::of_text(Box::new(source))
    }

    /// Of one type for all sources: so that the reader of tables, with what unpacks them, is compiled here and not by its users.
    fn of_text(source: Box<dyn Read + Send + '_>) -> Result<Self, Error> {
        Self::of_rows(AnyRows::Text(Box::new(Rows::new(
            source,
            Malformed::Refuse,
        )?)))
    }

    fn of_rows(rows: AnyRows<'_>) -> Result<Self, Error> {
        Self::of_at_most(rows, limits::MOST_ROWS, limits::MOST_CELLS)
    }

    fn of_at_most(
        mut rows: AnyRows<'_>,
        most_rows: usize,
        most_cells: usize,
    ) -> Result<Self, Error> {
        let mut table = rows.table();
        let most = most_rows.min(most_cells / table.columns().len().max(1));
        while rows.next_into(&mut table)? {
            if table.n_rows() > most {
                let line = table.lines().last().copied().unwrap_or(0);
                let problem = format!(
                    "the table has more than {most} rows, the most that are read into memory with so many columns; train from the file in pieces (`Pipeline::fit_path`), or take a sample"
                );
                return Err(Error::BadTable { line, problem });
            }
        }
        if table.n_rows() == 0 {
            return Err(Error::EmptyTable {
                columns: table.columns().len(),
            });
        }
        let name = table.name().to_owned();
        Ok(table.called(&name, rows.notes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rows_or_cells_than_memory_may_hold_are_refused() {
        let text = "a,y\n1,2\n3,4\n5,6\n";
        let rows = || {
            let rows = Rows::new(Box::new(text.as_bytes()), Malformed::Refuse);
            AnyRows::Text(Box::new(rows.unwrap()))
        };
        assert_eq!(Table::of_at_most(rows(), 3, 6).unwrap().n_rows(), 3);
        for (most_rows, most_cells) in [(2, 100), (100, 5)] {
            let refused = Table::of_at_most(rows(), most_rows, most_cells).unwrap_err();
            let said = refused.to_string();
            assert!(
                said.contains("line 4: the table has more than 2 rows"),
                "{said}"
            );
        }
        // With the limits of all tables.
        assert_eq!(Table::of_rows(rows()).unwrap().n_rows(), 3);
    }
}
