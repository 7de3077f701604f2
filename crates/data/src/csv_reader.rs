//! Numeric tables of comma-separated values, turned into data sets.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use nalgebra::DMatrix;
use smallbatch_preprocess::Scalar;

use crate::lines::{Lines, read_record};
use crate::names::{check_names, nearest};
use crate::{Dataset, Error, MissingValues, Target};

/// Reads a table of numbers, one sample a line, into a [`Dataset`] of one sample a column.
///
/// - The first line names the columns.
/// - The target is the last column, or the one named with [`target`](Self::target); all others are features.
/// - For [`classification`](Self::classification) each distinct text of the target column is a class; classes are
///   ordered by number if all are whole numbers, else by their text. For [`regression`](Self::regression) the target is
///   a number.
/// - Spaces around a cell are ignored. An empty cell, `NA`, `NaN` and `?` (in any case) are missing: an error, unless
///   [`missing`](Self::missing) admits them among the features, as NaN.
///
/// Lines in errors are counted from 1, the header's.
///
/// ```
/// use smallbatch_data::{CsvReader, Dataset};
///
/// let table = "size,rooms,price\n50,2,300\n80,3,420\n";
/// let houses: Dataset = CsvReader::regression().name("houses").read(table.as_bytes())?;
/// assert_eq!(houses.feature_names(), ["size", "rooms"]);
/// assert_eq!(houses.features().column(1).as_slice(), [80.0, 3.0]);
///
/// let error = CsvReader::regression().target("prize").read::<f32>(table.as_bytes()).unwrap_err();
/// assert_eq!(error.to_string(), "there is no column \"prize\"; did you mean \"price\"?");
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsvReader {
    kind: TargetKind,
    target: Option<String>,
    name: Option<String>,
    delimiter: u8,
    missing: MissingValues,
}

#[derive(Clone, Copy, Debug)]
enum TargetKind {
    Class,
    Number,
}

impl CsvReader {
    /// A reader for tables whose target is a class.
    pub fn classification() -> Self {
        Self::new(TargetKind::Class)
    }

    /// A reader for tables whose target is a number.
    pub fn regression() -> Self {
        Self::new(TargetKind::Number)
    }

    fn new(kind: TargetKind) -> Self {
        Self {
            kind,
            target: None,
            name: None,
            delimiter: b',',
            missing: MissingValues::Refuse,
        }
    }

    /// Names the target's column; the last one by default.
    #[must_use]
    pub fn target(mut self, column: impl Into<String>) -> Self {
        self.target = Some(column.into());
        self
    }

    /// Names the data set; by default the file's name without its ending, or "table".
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The byte between two cells; a comma by default.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// Whether features may be missing; refused by default. A missing target is always refused.
    #[must_use]
    pub fn missing(mut self, missing: MissingValues) -> Self {
        self.missing = missing;
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened, else as [`CsvReader::read`].
    pub fn read_path<T: Scalar>(&self, path: impl AsRef<Path>) -> Result<Dataset<T>, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| Error::Io {
            path: path.to_path_buf(),
            source,
        })?;
        let dataset = self
            .read(BufReader::new(file))
            .map_err(|error| match error {
                Error::Io { source, .. } => Error::Io {
                    path: path.to_path_buf(),
                    source,
                },
                other => other,
            })?;
        Ok(match (&self.name, path.file_stem()) {
            (None, Some(stem)) => dataset.with_name(stem.to_string_lossy()),
            _ => dataset,
        })
    }

    /// Reads a table from anywhere, once, front to back.
    ///
    /// # Errors
    /// - [`Error::BadTable`]: a line with another number of cells than the header, or text that is not UTF-8.
    /// - [`Error::TooFewColumns`]: no column beside the target; [`Error::EmptyTable`]: no line below the header.
    /// - [`Error::BadName`]: a column without a name, or two with the same.
    /// - [`Error::UnknownColumn`]: no column has the target's name; the nearest one is offered.
    /// - [`Error::BadCell`]: a cell is not a finite number, or one that `T` would make infinite or 0, with its line and column.
    /// - [`Error::OneClass`]: the target column holds one class only.
    /// - [`Error::Io`] (with an empty path): reading failed.
    pub fn read<T: Scalar>(&self, source: impl Read) -> Result<Dataset<T>, Error> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(csv::Trim::All)
            .from_reader(Lines::new(source));
        let columns: Vec<String> = reader
            .headers()
            .map_err(|error| table_error(error, 1))?
            .iter()
            .map(strip_mark)
            .collect();
        if columns.len() < 2 {
            return Err(Error::TooFewColumns {
                columns: columns.len(),
            });
        }
        check_names("column", &columns)?;
        let target = self.target_column(&columns)?;

        let mut features: Vec<T> = Vec::new();
        let mut target_cells = TargetCells::new(self.kind);
        let mut record = csv::StringRecord::new();
        while read_record(&mut reader, &mut record)? {
            let line = record.position().map_or(0, csv::Position::line);
            for (column, cell) in record.iter().enumerate() {
                let place = Place {
                    line,
                    column: &columns[column],
                };
                if column == target {
                    target_cells.push(place, cell)?;
                } else {
                    features.push(self.feature(place, cell)?);
                }
            }
        }

        let n_features = columns.len() - 1;
        let n_samples = features.len() / n_features;
        if n_samples == 0 {
            return Err(Error::EmptyTable {
                columns: columns.len(),
            });
        }
        let features = DMatrix::from_vec(n_features, n_samples, features);
        let target_name = columns[target].clone();
        let names = columns
            .into_iter()
            .enumerate()
            .filter(|&(column, _)| column != target)
            .map(|(_, name)| name);
        Dataset::with_missing(features, target_cells.finish(target_name), self.missing)?
            .with_name(self.name.as_deref().unwrap_or("table"))
            .with_feature_names(names.collect())
    }

    fn target_column(&self, columns: &[String]) -> Result<usize, Error> {
        let Some(name) = &self.target else {
            return Ok(columns.len() - 1);
        };
        columns
            .iter()
            .position(|column| column == name)
            .ok_or_else(|| Error::UnknownColumn {
                name: name.clone(),
                nearest: nearest(name, columns).map(str::to_string),
                columns: columns.to_vec(),
            })
    }

    fn feature<T: Scalar>(&self, place: Place<'_>, cell: &str) -> Result<T, Error> {
        if !is_missing(cell) {
            return number(place, cell);
        }
        match self.missing {
            MissingValues::Admit => Ok(T::of(f64::NAN)),
            MissingValues::Refuse => Err(place.bad(
                cell,
                "it is missing: remove the line, fill it in, or admit missing values with `CsvReader::missing`",
            )),
        }
    }
}

/// Where a cell stands, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) line: u64,
    pub(crate) column: &'a str,
}

impl Place<'_> {
    fn bad(self, cell: &str, advice: &'static str) -> Error {
        Error::BadCell {
            line: self.line,
            column: self.column.to_string(),
            value: cell.to_string(),
            advice,
        }
    }
}

enum TargetCells<T> {
    Classes(Vec<String>),
    Numbers(Vec<T>),
}

impl<T: Scalar> TargetCells<T> {
    fn new(kind: TargetKind) -> Self {
        match kind {
            TargetKind::Class => Self::Classes(Vec::new()),
            TargetKind::Number => Self::Numbers(Vec::new()),
        }
    }

    fn push(&mut self, place: Place<'_>, cell: &str) -> Result<(), Error> {
        if is_missing(cell) {
            return Err(place.bad(cell, "the target is missing: remove the line or fill it in"));
        }
        match self {
            Self::Classes(classes) => classes.push(cell.to_string()),
            Self::Numbers(numbers) => numbers.push(number(place, cell)?),
        }
        Ok(())
    }

    fn finish(self, name: String) -> Target<T> {
        match self {
            Self::Numbers(numbers) => Target::Values {
                values: DMatrix::from_vec(1, numbers.len(), numbers),
                names: vec![name],
            },
            Self::Classes(cells) => {
                let distinct: BTreeSet<&str> = cells.iter().map(String::as_str).collect();
                let mut names: Vec<String> = distinct.into_iter().map(str::to_string).collect();
                // "10" comes after "9"; a stable sort keeps "1" and "01" in the order of their texts.
                let numbers: Option<Vec<i64>> =
                    names.iter().map(|name| name.parse().ok()).collect();
                if numbers.is_some() {
                    names.sort_by_key(|name| name.parse::<i64>().ok());
                }
                let label_of: std::collections::BTreeMap<&str, u32> =
                    names.iter().map(String::as_str).zip(0..).collect();
                let labels = cells.iter().map(|cell| label_of[cell.as_str()]).collect();
                Target::Classes { labels, names }
            }
        }
    }
}

pub(crate) fn is_missing(cell: &str) -> bool {
    cell.is_empty()
        || cell == "?"
        || cell.eq_ignore_ascii_case("na")
        || cell.eq_ignore_ascii_case("nan")
}

pub(crate) fn number<T: Scalar>(place: Place<'_>, cell: &str) -> Result<T, Error> {
    let Ok(value) = cell.parse::<f64>() else {
        return Err(place.bad(
            cell,
            "correct it, remove the column, or replace texts by numbers",
        ));
    };
    let narrowed = T::of(value);
    if narrowed.to_f64() == 0.0 && !is_written_zero(cell) {
        Err(place.bad(
            cell,
            "it is not 0, but too small to be held: read the table as f64, or change its unit",
        ))
    } else if narrowed.to_f64().is_finite() {
        Ok(narrowed)
    } else if value.is_finite() {
        Err(place.bad(
            cell,
            "it overflows f32: read the table as f64, or change its unit",
        ))
    } else {
        Err(place.bad(
            cell,
            "infinite values are never admitted: remove the line or correct the value",
        ))
    }
}

/// Whether a number is 0 as it is written: before its exponent is no digit but 0. (1e-400 is 0 even in `f64`.)
fn is_written_zero(number: &str) -> bool {
    let digits = number.chars().take_while(|c| !matches!(c, 'e' | 'E'));
    digits.into_iter().all(|c| !matches!(c, '1'..='9'))
}

/// Spreadsheets put a byte order mark before the first name.
pub(crate) fn strip_mark(name: &str) -> String {
    name.trim_start_matches('\u{feff}').to_string()
}

/// What was wrong on a line.
pub(crate) fn table_error(error: csv::Error, line: u64) -> Error {
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("it has {len} fields where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_string(),
        _ => error.to_string(),
    };
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::Io {
            path: Default::default(),
            source,
        },
        _ => Error::BadTable { line, problem },
    }
}
