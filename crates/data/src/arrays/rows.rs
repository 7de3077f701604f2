//! Arrays as tables: a row a sample, a column a feature.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use smallbatch_base::limits::MOST_COLUMNS;

use super::source::{GZIP, Layout, Source, io_error};
use super::{ArrayValues, idx, npy, npz, refused};
use crate::names::check_names;
use crate::table::Table;
use crate::{ArrayProblem, Error};

/// What a path to some arrays of an archive has between the archive and their names.
const NAMED: &str = ".npz:";

/// Arrays with one row a sample that are being read, side by side.
pub(crate) struct ArrayRows {
    arrays: Vec<Rows>,
    columns: Vec<String>,
    n_rows: usize,
    next: usize,
    notes: Vec<String>,
    text: String,
    ends: Vec<usize>,
}

/// The rows of one array.
struct Rows {
    source: Source,
    layout: Layout,
    /// All values, where the first axis runs fastest: rows are scattered then.
    whole: Option<ArrayValues>,
    /// The first row: it is read before its columns are named, so that no more are named than the file has.
    first: Option<ArrayValues>,
}

impl ArrayRows {
    /// Opens a file of arrays, by its first bytes; `None` where it is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Error> {
        if let Some((archive, names)) = named(path) {
            return Self::of_archive(&archive, Some(&names)).map(Some);
        }
        // What is read from a pipe is gone.
        if !path.is_file() {
            return Ok(None);
        }
        let head = head(path)?;
        match head[..] {
            [b'P', b'K', 3, 4, ..] => {
                let has_arrays = npz::entries(path).is_ok_and(|entries| !entries.is_empty());
                let is_named_so = path.extension().is_some_and(|name| name == "npz");
                if has_arrays || is_named_so {
                    return Self::of_archive(path, None).map(Some);
                }
                Ok(None)
            }
            [0x93, b'N', b'U', b'M', ..] => {
                let rows = Rows::new(path, Source::open(path)?, npy::layout)?;
                let names = (0..rows.layout.n_features()).map(|at| format!("c{at}"));
                Self::of(path, names.collect(), vec![rows]).map(Some)
            }
            [0, 0, 8 | 9 | 0x0b..=0x0e, 1..=8, ..] => Self::of_idx(path).map(Some),
            _ => Ok(None),
        }
    }

    /// Images with the labels beside them, if they are there.
    fn of_idx(path: &Path) -> Result<Self, Error> {
        let images = Rows::new(path, Source::open(path)?, idx::layout)?;
        let n_features = images.layout.n_features();
        let mut columns: Vec<String> = if images.layout.shape.len() == 1 {
            vec!["label".into()]
        } else {
            (0..n_features).map(|at| format!("x{at}")).collect()
        };
        let mut arrays = vec![images];
        if let Ok(beside) = idx::labels_beside(path) {
            columns.push("label".into());
            arrays.push(Rows::new(&beside, Source::open(&beside)?, idx::layout)?);
        }
        Self::of(path, columns, arrays)
    }

    /// All arrays of an archive, or those that are named. Those of one column come last: the target is mostly one.
    fn of_archive(path: &Path, names: Option<&[String]>) -> Result<Self, Error> {
        let header = |reason| refused(path, ArrayProblem::Header { reason });
        let mut entries = npz::entries(path)?;
        let all: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        if let Some(names) = names {
            entries.clear();
            for name in names {
                let found = npz::entries(path)?
                    .into_iter()
                    .find(|entry| entry.name == *name);
                entries.push(found.ok_or_else(|| {
                    header(format!("it has no array {name:?}, but {}", all.join(", ")))
                })?);
            }
        }
        if entries.is_empty() {
            return Err(header("it has no arrays".into()));
        }
        let mut arrays = Vec::new();
        for entry in &entries {
            arrays.push((
                &entry.name,
                Rows::new(path, entry.open(path)?, npy::layout)?,
            ));
        }
        let lengths: Vec<String> = arrays
            .iter()
            .map(|(name, rows)| format!("{name} {}", rows.layout.n_samples()))
            .collect();
        let first = arrays[0].1.layout.n_samples();
        if arrays
            .iter()
            .any(|(_, rows)| rows.layout.n_samples() != first)
        {
            let way_out = format!(
                "its arrays have different numbers of rows ({}); name those that belong together, as `{}:{}`",
                lengths.join(", "),
                path.display(),
                all.iter().take(2).cloned().collect::<Vec<_>>().join(",")
            );
            return Err(refused(path, ArrayProblem::Lengths { reason: way_out }));
        }
        arrays.sort_by_key(|(_, rows)| rows.layout.n_features() == 1);
        let columns = arrays.iter().flat_map(|(name, rows)| {
            let n_features = rows.layout.n_features();
            (0..n_features).map(move |at| match n_features {
                1 => name.to_string(),
                _ => format!("{name}{at}"),
            })
        });
        let columns = columns.collect();
        let arrays = arrays.into_iter().map(|(_, rows)| rows).collect();
        Self::of(path, columns, arrays)
    }

    fn of(path: &Path, columns: Vec<String>, arrays: Vec<Rows>) -> Result<Self, Error> {
        let lengths: Vec<usize> = arrays.iter().map(|rows| rows.layout.n_samples()).collect();
        if let [images, labels] = lengths[..]
            && images != labels
        {
            let reason = format!("it has {images} rows, and the file beside it {labels} labels");
            return Err(refused(path, ArrayProblem::Lengths { reason }));
        }
        check_names("column", &columns)?;
        let notes = vec!["read as an array, a row a sample".to_owned()];
        Ok(Self {
            n_rows: lengths.first().copied().unwrap_or(0),
            arrays,
            columns,
            next: 0,
            notes,
            text: String::new(),
            ends: Vec::new(),
        })
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Reads the next row; false at the end. Lines are rows, from 1.
    pub(crate) fn next_into(&mut self, table: &mut Table) -> Result<bool, Error> {
        if self.next >= self.n_rows {
            for rows in &mut self.arrays {
                rows.end()?;
            }
            return Ok(false);
        }
        self.text.clear();
        self.ends.clear();
        for rows in &mut self.arrays {
            rows.write(self.next, &mut self.text, &mut self.ends)?;
        }
        self.next += 1;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let cells = starts
            .zip(&self.ends)
            .map(|(start, &end)| &self.text[start..end]);
        table.push(self.next as u64, cells);
        Ok(true)
    }
}

impl Rows {
    fn new(
        path: &Path,
        mut source: Source,
        layout: fn(&mut Source) -> Result<Layout, Error>,
    ) -> Result<Self, Error> {
        let layout = layout(&mut source)?;
        source.size(&layout)?;
        let columns = layout.n_features();
        if columns == 0 {
            // Billions of rows would take no bytes.
            let reason = "its rows have no numbers".to_owned();
            return Err(refused(path, ArrayProblem::Header { reason }));
        }
        if columns > MOST_COLUMNS {
            // Of an array without rows the size says nothing of the columns.
            let reason = format!(
                "a table of {columns} columns, where {MOST_COLUMNS} are the most that are read"
            );
            return Err(refused(path, ArrayProblem::Header { reason }));
        }
        let mut rows = Self {
            source,
            whole: None,
            first: None,
            layout,
        };
        if rows.layout.fortran_order {
            let values = rows.source.values(&rows.layout)?;
            rows.whole = Some(values.fortran_to_c_order(&rows.layout.shape));
        } else if rows.layout.n_samples() > 0 {
            rows.first = Some(rows.source.row(&rows.layout, 0)?);
        }
        Ok(rows)
    }

    /// Writes a row as cells: numbers with as many digits as bring them back, and nothing for NaN.
    fn write(&mut self, row: usize, text: &mut String, ends: &mut Vec<usize>) -> Result<(), Error> {
        let width = self.layout.n_features();
        if let Some(values) = &self.whole {
            written(values, row * width..(row + 1) * width, text, ends);
            return Ok(());
        }
        let values = match self.first.take() {
            Some(first) => first,
            None => self.source.row(&self.layout, row)?,
        };
        written(&values, 0..width, text, ends);
        Ok(())
    }

    /// Whether nothing follows the last row.
    fn end(&mut self) -> Result<(), Error> {
        match self.whole {
            Some(_) => Ok(()),
            None => self.source.end(&self.layout),
        }
    }
}

fn written(
    values: &ArrayValues,
    range: std::ops::Range<usize>,
    text: &mut String,
    ends: &mut Vec<usize>,
) {
    use std::fmt::Write;
    // Writing into a text cannot fail.
    for at in range {
        let _ = match values {
            ArrayValues::Bytes(values) => write!(text, "{}", values[at]),
            ArrayValues::Integers(values) => write!(text, "{}", values[at]),
            ArrayValues::Singles(values) if !values[at].is_nan() => write!(text, "{}", values[at]),
            ArrayValues::Doubles(values) if !values[at].is_nan() => write!(text, "{}", values[at]),
            ArrayValues::Singles(_) | ArrayValues::Doubles(_) => Ok(()),
        };
        ends.push(text.len());
    }
}

/// The archive and the arrays of a path such as `digits.npz:x_train,y_train`.
fn named(path: &Path) -> Option<(PathBuf, Vec<String>)> {
    let text = path.to_str()?;
    let at = text.find(NAMED)? + NAMED.len();
    if path.exists() {
        return None;
    }
    let names = text[at..].split(',').map(str::to_owned).collect();
    Some((PathBuf::from(&text[..at - 1]), names))
}

/// The first bytes of a file, unpacked if gzip packed them.
fn head(path: &Path) -> Result<Vec<u8>, Error> {
    let open = || File::open(path).map_err(|source| io_error(path, source));
    let mut head = Vec::new();
    let first = |source: &mut dyn Read, head: &mut Vec<u8>| source.take(8).read_to_end(head);
    first(&mut open()?, &mut head).map_err(|source| io_error(path, source))?;
    if head.starts_with(&GZIP) {
        head.clear();
        // What gzip says of it is said where it is read.
        let _ = first(&mut MultiGzDecoder::new(open()?), &mut head);
    }
    Ok(head)
}
