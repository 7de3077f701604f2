//! Large tables, a piece at a time.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::any_rows::AnyRows;
use crate::cells::{Among, Place};
use crate::rows::Rows;
use crate::sound::Malformed;
use crate::stream::{Stream, below, generator};
use crate::{Error, SchemaInference, Table, TableReader, TableSchema, source};

/// So many rows are read at once where only some are kept.
const ROWS_AT_ONCE: usize = 1024;

/// A table in pieces of a given number of rows, of which only one is in memory: each is a [`Table`] with the columns, the
/// name and the lines of the whole.
///
/// ```
/// use smallbatch_data::{TableChunks, TableReader};
///
/// let wine = concat!(env!("CARGO_MANIFEST_DIR"), "/data/wine.csv");
/// let schema = TableReader::new().schema(&smallbatch_data::Table::read_path(wine)?)?;
/// let mut rows = 0;
/// for piece in TableChunks::open(wine, 50)? {
///     let framed = schema.frame(&piece?)?;
///     rows += framed.frame.n_rows();
/// }
/// assert_eq!(rows, 178);
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
pub struct TableChunks {
    rows: AnyRows<'static>,
    name: String,
    file: Option<PathBuf>,
    most_rows: usize,
    has_rows: bool,
    has_ended: bool,
}

impl TableChunks {
    /// Opens a file, or standard input for `-`, to be read in pieces of up to `most_rows` rows (at least 1).
    ///
    /// # Errors
    /// As [`Table::read_path`] as far as the header.
    pub fn open(path: impl AsRef<Path>, most_rows: usize) -> Result<Self, Error> {
        Self::of_file(path.as_ref(), most_rows, Malformed::Refuse)
    }

    /// The same, but a malformed line costs that line alone: one with another number of cells, a quote that is not closed, or
    /// bytes that are no text is left out, and is among the [`Table::bad_rows`] of its piece. A piece may have no other row.
    ///
    /// ```
    /// use smallbatch_data::TableChunks;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("houses.csv");
    /// std::fs::write(&file, "size,town\n50,Ulm\n60\n70,\"Bonn\n80,Ulm\n")?;
    /// let piece = TableChunks::open_tolerant(&file, 100)?.next().expect("a piece")?;
    /// assert_eq!(piece.n_rows(), 2);
    /// let bad: Vec<u64> = piece.bad_rows().iter().map(|row| row.line).collect();
    /// assert_eq!(bad, [3, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_tolerant(path: impl AsRef<Path>, most_rows: usize) -> Result<Self, Error> {
        Self::of_file(path.as_ref(), most_rows, Malformed::LeaveOut)
    }

    fn of_file(path: &Path, most_rows: usize, malformed: Malformed) -> Result<Self, Error> {
        let rows = AnyRows::open(path, malformed).map_err(|error| error.in_file(path))?;
        Ok(Self {
            name: source::name_of(path),
            file: Some(path.to_path_buf()),
            ..Self::of_rows(rows, most_rows)
        })
    }

    /// Reads from anywhere, as [`open`](Self::open) from a file.
    ///
    /// # Errors
    /// As [`Table::read`] as far as the header.
    pub fn read(source: impl Read + Send + 'static, most_rows: usize) -> Result<Self, Error> {
        Self::of_text(Box::new(source), most_rows)
    }

    fn of_text(source: Box<dyn Read + Send>, most_rows: usize) -> Result<Self, Error> {
        let rows = AnyRows::Text(Box::new(Rows::new(source, Malformed::Refuse)?));
        Ok(Self::of_rows(rows, most_rows))
    }

    fn of_rows(rows: AnyRows<'static>, most_rows: usize) -> Self {
        Self {
            rows,
            name: "table".to_owned(),
            file: None,
            most_rows: most_rows.max(1),
            has_rows: false,
            has_ended: false,
        }
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        self.rows.columns()
    }

    /// How the table was read so far, see [`Table::notes`].
    pub fn notes(&self) -> Vec<String> {
        self.rows.notes()
    }

    fn piece(&mut self) -> Result<Option<Table>, Error> {
        let mut table = self.rows.table();
        while table.n_rows() < self.most_rows {
            if !self.rows.next_into(&mut table)? {
                self.has_ended = true;
                break;
            }
        }
        let bad_rows = self.rows.take_bad_rows();
        if table.n_rows() == 0 && bad_rows.is_empty() {
            return if self.has_rows {
                Ok(None)
            } else {
                Err(Error::EmptyTable {
                    columns: self.columns().len(),
                })
            };
        }
        self.has_rows = true;
        let table = table.called(&self.name, self.rows.notes());
        Ok(Some(table.without(bad_rows)))
    }
}

impl Iterator for TableChunks {
    type Item = Result<Table, Error>;

    /// The next piece. After an error there is none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        match self.piece() {
            Ok(piece) => piece.map(Ok),
            Err(error) => {
                self.has_ended = true;
                Some(Err(match &self.file {
                    Some(file) => error.in_file(file),
                    None => error,
                }))
            }
        }
    }
}

impl std::fmt::Debug for TableChunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableChunks")
            .field("name", &self.name)
            .field("columns", &self.columns())
            .field("most_rows", &self.most_rows)
            .finish_non_exhaustive()
    }
}

/// Reads a file of any size once, in bounded memory: the schema of all rows, at most `most_rows` rows drawn at random (each
/// as likely as any other) in the order of the file, and how many rows there are. All rows are kept where they are not more.
///
/// The sample is a pure function of the file and the seed: the reservoir of Vitter (1985), algorithm R.
///
/// ```
/// use smallbatch_data::{TableReader, sample_path};
///
/// let wine = concat!(env!("CARGO_MANIFEST_DIR"), "/data/wine.csv");
/// let (schema, table, n_rows) = sample_path(wine, &TableReader::new(), 30, 7)?;
/// assert_eq!((schema.n_rows(), table.n_rows(), n_rows), (178, 30, 178));
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
///
/// # Errors
/// As [`Table::read_path`] and [`TableReader::schema`], with the file's name.
pub fn sample_path(
    path: impl AsRef<Path>,
    reader: &TableReader,
    most_rows: usize,
    seed: u64,
) -> Result<(TableSchema, Table, u64), Error> {
    let path = path.as_ref();
    let mut chunks = TableChunks::open(path, ROWS_AT_ONCE)?;
    let mut inference = SchemaInference::new(reader);
    let mut reservoir = Reservoir::new(most_rows.max(1), seed);
    for piece in &mut chunks {
        let piece = piece?;
        inference
            .observe(&piece)
            .map_err(|error| error.in_file(path))?;
        reservoir.observe(&piece);
    }
    let schema = inference.finish().map_err(|error| error.in_file(path))?;
    let n_rows = reservoir.seen;
    let mut table = chunks.rows.table();
    for row in reservoir.in_order() {
        table.push(row.line, row.cells());
    }
    let table = table.called(&chunks.name, chunks.rows.notes());
    Ok((schema, table, n_rows))
}

impl TableSchema {
    /// What tells the group of each row from others, with the row's line, in the order of the lines; `None` where rows have no groups.
    /// Unlike the numbers of [`Frame::groups`](crate::Frame::groups), which count within one table, it is the same in all pieces of a
    /// table. A row without a group is one of its own.
    pub fn group_keys(&self, table: &Table) -> Option<Vec<(u64, u64)>> {
        let at = table.position(self.groups()?).ok()?;
        let key = |(place, cell): (Place<'_>, &str)| {
            let mut hash = DefaultHasher::new();
            if self.markers.is_missing(cell, Among::Texts) {
                place.line.hash(&mut hash);
            } else {
                cell.hash(&mut hash);
            }
            (place.line, hash.finish())
        };
        Some(table.cells(at).map(key).collect())
    }
}

/// Rows drawn at random while they pass.
struct Reservoir {
    kept: Vec<Kept>,
    most: usize,
    seen: u64,
    random: rand_chacha::ChaCha8Rng,
}

/// A row.
struct Kept {
    at: u64,
    line: u64,
    text: Box<str>,
    ends: Box<[usize]>,
}

impl Kept {
    fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| &self.text[start..end])
    }
}

impl Reservoir {
    fn new(most: usize, seed: u64) -> Self {
        Self {
            kept: Vec::new(),
            most,
            seen: 0,
            // Splits draw from the counter 0.
            random: generator(seed, Stream::Split, 2),
        }
    }

    fn observe(&mut self, table: &Table) {
        for row in 0..table.n_rows() {
            let at = self.seen;
            self.seen += 1;
            let place = if self.kept.len() < self.most {
                self.kept.len()
            } else {
                let bound = usize::try_from(self.seen).unwrap_or(usize::MAX);
                below(bound, &mut self.random)
            };
            if place >= self.most {
                continue;
            }
            let mut text = String::new();
            let ends = (0..table.columns().len()).map(|column| {
                text.push_str(table.line_and_cell(row, column).1);
                text.len()
            });
            let ends = ends.collect();
            let kept = Kept {
                at,
                line: table.lines()[row],
                text: text.into(),
                ends,
            };
            if place == self.kept.len() {
                self.kept.push(kept);
            } else {
                self.kept[place] = kept;
            }
        }
    }

    fn in_order(mut self) -> Vec<Kept> {
        self.kept.sort_unstable_by_key(|row| row.at);
        self.kept
    }
}
