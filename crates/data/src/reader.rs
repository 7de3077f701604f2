//! What is said of a table before it is read: what is predicted, what is left out, what a column is.

use std::collections::BTreeMap;
use std::path::Path;

use smallbatch_base::Scalar;

use crate::cells::Markers;
use crate::{ColumnKind, Dataset, Error, MissingValues, SchemaInference, Table, TableSchema, Task};

/// Reads tables into data sets: a file in one call, or a [`Table`] by way of its [`TableSchema`].
///
/// Unless said otherwise, the last column is the target, and what the columns are is read off their cells; see
/// [`schema`](Self::schema).
///
/// ```
/// use smallbatch_data::{Dataset, Table, TableReader, Task};
///
/// let table = Table::read("id,size,rooms,price\n1,50,2,300\n2,80,3,420\n".as_bytes())?;
/// let reader = TableReader::new().ignore(["id"]).task(Task::Regression);
/// let houses: Dataset = reader.schema(&table)?.dataset(&table)?;
/// assert_eq!(houses.feature_names(), ["size", "rooms"]);
/// assert_eq!(houses.features().column(1).as_slice(), [80.0, 3.0]);
///
/// let error = TableReader::new().target("prize").schema(&table).unwrap_err();
/// assert_eq!(error.to_string(), "there is no column \"prize\"; did you mean \"price\"?");
///
/// // From a file, where nothing has to be said:
/// let wine: Dataset = TableReader::new().read_path(concat!(env!("CARGO_MANIFEST_DIR"), "/data/wine.csv"))?;
/// assert_eq!((wine.name(), wine.n_samples(), wine.n_outputs()), ("wine", 178, 3));
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableReader {
    pub(crate) target: Option<String>,
    pub(crate) task: Option<Task>,
    pub(crate) ignored: Vec<String>,
    pub(crate) kinds: BTreeMap<String, ColumnKind>,
    pub(crate) groups: Option<String>,
    pub(crate) weights: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) missing: MissingValues,
    pub(crate) markers: Markers,
    pub(crate) leaves_out_text: bool,
    pub(crate) day_first: Option<bool>,
}

impl TableReader {
    /// A reader of which nothing is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the target's column; the last one by default.
    #[must_use]
    pub fn target(mut self, column: impl Into<String>) -> Self {
        self.target = Some(column.into());
        self
    }

    /// Says whether the target is classes or numbers; by default it is read off, see [`schema`](Self::schema).
    #[must_use]
    pub fn task(mut self, task: Task) -> Self {
        self.task = Some(task);
        self
    }

    /// Names columns that are left out, beside those named before; none by default.
    #[must_use]
    pub fn ignore(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignored.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Declares what a column is, instead of reading it off. A column declared a number is one even if it is constant or
    /// counts the rows; one declared a category may be of numbers.
    #[must_use]
    pub fn kind(mut self, column: impl Into<String>, kind: ColumnKind) -> Self {
        self.kinds.insert(column.into(), kind);
        self
    }

    /// Names the column whose equal cells make a group (see [`Dataset::with_groups`]); it is no feature. None by default.
    #[must_use]
    pub fn groups(mut self, column: impl Into<String>) -> Self {
        self.groups = Some(column.into());
        self
    }

    /// Names the column that says how much each row counts; it is no feature. None by default.
    #[must_use]
    pub fn weights(mut self, column: impl Into<String>) -> Self {
        self.weights = Some(column.into());
        self
    }

    /// Names the column that says when each row happened, as dates or numbers. It is a feature as well, unless it is
    /// ignored. None by default.
    #[must_use]
    pub fn time(mut self, column: impl Into<String>) -> Self {
        self.time = Some(column.into());
        self
    }

    /// Names texts that mean a missing cell, in any letter case, beside the common ones (see [`schema`](Self::schema)) and
    /// those named before.
    #[must_use]
    pub fn missing_markers(mut self, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.markers.more.extend(texts.into_iter().map(Into::into));
        self
    }

    /// Takes the common markers at their word: `NA` is Namibia. Only empty cells and what
    /// [`missing_markers`](Self::missing_markers) names are missing then.
    #[must_use]
    pub fn no_missing_markers(mut self) -> Self {
        self.markers.common = false;
        self
    }

    /// Whether columns of free text are left out; by default they are refused, so that they are left out by name.
    #[must_use]
    pub fn leave_out_text(mut self, leave_out: bool) -> Self {
        self.leaves_out_text = leave_out;
        self
    }

    /// Says whether the day comes first in dates that can be read with the day or the month first: whether 3/4/2021 is in April.
    /// Columns with a date that can be read in one way alone are read so. By default the day comes first, unless that made all
    /// dates the first of a month with the month first; [`TableColumn::notes`](crate::TableColumn::notes) says it.
    #[must_use]
    pub fn day_first(mut self, day_first: bool) -> Self {
        self.day_first = Some(day_first);
        self
    }

    /// Whether a [`Dataset`] may have missing features, as NaN; refused by default. A category that is missing is NaN in each
    /// of its features. A missing target or group is always refused. A [`Frame`](crate::Frame) has them in any case.
    #[must_use]
    pub fn missing(mut self, missing: MissingValues) -> Self {
        self.missing = missing;
        self
    }

    /// Reads off a table what its columns are, with a reason for each ([`TableColumn::reason`](crate::TableColumn::reason)).
    /// The first that fits:
    ///
    /// | kind | what it is |
    /// |---|---|
    /// | constant | one value in all rows, or none |
    /// | boolean | both words of `true`/`false`, `yes`/`no`, `y`/`n` or `t`/`f`, in any letter case, and no others |
    /// | identifier | whole numbers, nine in ten of them different, in a column named `id`, `index`, `row` or the like; or a first column that counts 10 or more rows from 0 or 1 |
    /// | category | codes such as `01067`: all of as many digits, three or more, and some that begin with 0 |
    /// | number | at least nine in ten of the cells that are there are numbers; another cell is an error |
    /// | date | likewise, `2024-03-01` (also with `12:30`, seconds and a zone), `01.03.2024`, `1/3/2024` or `3/1/2024`, `1 Mar 2024`, `Mar 1, 2024` or `1-Mar-24` (1969 to 2068) |
    /// | time | likewise, `14:05`, `14:05:30` or `2:05 pm` |
    /// | category | at most 1,000 distinct texts, in two rows each on average |
    /// | identifier | texts of up to 40 letters on average, of which nine in ten stand in one row only |
    /// | text | all other texts: refused, or left out by [`leave_out_text`](Self::leave_out_text) |
    ///
    /// One format is found for all numbers of a column: decimal points or commas; thousands with commas, points, spaces or
    /// apostrophes; percent (`5 %` is 5) and signs of currencies; `(5)` and `−5` for -5. `1,234` alone can be read in two ways: as in the rest of
    /// the table, where that has decimal points or commas; else as 1234 where commas separate cells, and 1.234 where they
    /// do not. The reason says so.
    ///
    /// A cell is missing where it is empty or says `?`, `NA`, `#NA`, `N/A`, `#N/A`, `n.a.`, `<NA>`, `NaN`, `NaT`, `null`,
    /// `(null)`, `\N`, `#VALUE!` or `#DIV/0!`, in any case; among numbers, dates and booleans also where it says `None`,
    /// `missing`, `-`, `--` or `.`. Of these a dash is missing among the classes of a target, too, unless a plus is a class or
    /// nothing but one class is left.
    ///
    /// Without a task, a target of texts is classes. So is one of whole numbers, if there are at most 10 distinct ones, or at
    /// most 50 in a column named `class` or `label`. Whole numbers written with a point (`1.0`) are classes if they count
    /// from 0 or 1. Any other target is numbers. Classes are ordered by number if all are whole numbers, else by their text.
    ///
    /// # Errors
    /// As [`SchemaInference::observe`] and [`SchemaInference::finish`].
    pub fn schema(&self, table: &Table) -> Result<TableSchema, Error> {
        let mut inference = SchemaInference::new(self);
        inference.observe(table)?;
        inference.finish()
    }

    /// Reads a file into a data set with the file's name without its ending: [`Table::read_path`],
    /// [`schema`](Self::schema) and [`TableSchema::dataset`] in one.
    ///
    /// # Errors
    /// As those three.
    pub fn read_path<T: Scalar>(&self, path: impl AsRef<Path>) -> Result<Dataset<T>, Error> {
        let path = path.as_ref();
        let table = Table::read_path(path)?;
        let dataset = self
            .schema(&table)
            .and_then(|schema| schema.dataset(&table));
        dataset.map_err(|error| error.in_file(path))
    }

    /// Refuses names of columns that are not there, and columns named for two uses.
    pub(crate) fn check(&self, table: &Table) -> Result<(), Error> {
        let target = match (&self.target, table.columns()) {
            (Some(name), _) => Some(name),
            (None, columns) => columns.last(),
        };
        let mut uses: Vec<(&'static str, &'static str, &String)> = Vec::new();
        let named = [
            ("target", "the target", target),
            ("column of groups", "the groups", self.groups.as_ref()),
            ("column of weights", "the weights", self.weights.as_ref()),
        ];
        for (what, other, name) in named {
            let Some(name) = name else { continue };
            table.position(name)?;
            if let Some((what, _, _)) = uses.iter().find(|(_, _, used)| *used == name) {
                return Err(used_twice(what, name, other));
            }
            uses.push((what, other, name));
        }
        if let Some(time) = &self.time {
            table.position(time)?;
        }
        for name in self.ignored.iter().chain(self.kinds.keys()) {
            table.position(name)?;
        }
        for name in &self.ignored {
            if let Some((what, _, _)) = uses.iter().find(|(_, _, used)| *used == name) {
                return Err(used_twice(what, name, "ignored"));
            }
        }
        Ok(())
    }
}

fn used_twice(what: &'static str, column: &str, other: &'static str) -> Error {
    Error::UsedTwice {
        what,
        column: column.to_owned(),
        other,
    }
}
