//! What is said of a table, such as what is predicted, and what is read off it: which columns are numbers, categories, classes.

use std::collections::BTreeSet;
use std::path::Path;

use smallbatch_base::Scalar;

use crate::cells::{is_missing, is_number, number};
use crate::schema::{Column, FILL_IN};
use crate::{Dataset, Error, MissingValues, Table, TableSchema, Task};

/// More categories than this in one column are no categories.
const MOST_CATEGORIES: usize = 100;
/// A column of which at least this share is numbers is a column of numbers, and the rest are slips.
const MOSTLY: f64 = 0.9;
/// Whole numbers with at most so many distinct values are classes, unless the task is said.
const MOST_WHOLE_CLASSES: usize = 10;
/// More classes than this are no classes, unless the task is said.
const MOST_CLASSES: usize = 50;
/// Names of columns that hold classes, be they numbers.
const NAMES_OF_CLASSES: [&str; 2] = ["class", "label"];
/// The way out where a column can be left out.
const LEAVE_OUT: &str =
    "fill them in, remove these rows, leave the column out (`ignore`), or admit them (`missing`)";

/// Reads tables into data sets: a file in one call, or a [`Table`] by way of its [`TableSchema`].
///
/// Unless said otherwise, the last column is the target; whether it is classes or numbers is read off its cells; all other
/// columns are features, of numbers or of categories; and a missing cell is an error.
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
    pub(crate) groups: Option<String>,
    pub(crate) missing: MissingValues,
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

    /// Names columns that are not looked at; none by default.
    #[must_use]
    pub fn ignore(mut self, columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignored = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Names the column whose equal cells make a group (see [`Dataset::with_groups`]); it is no feature. None by default.
    #[must_use]
    pub fn groups(mut self, column: impl Into<String>) -> Self {
        self.groups = Some(column.into());
        self
    }

    /// Whether cells of features may be missing, as NaN; refused by default. A category that is missing is NaN in each of
    /// its features. A missing target or group is always refused.
    #[must_use]
    pub fn missing(mut self, missing: MissingValues) -> Self {
        self.missing = missing;
        self
    }

    /// Reads off a table what its columns are: a column of numbers is a feature; a column of texts is as many features as
    /// it has distinct texts, each 1 where the text stands and else 0.
    ///
    /// Without a task, a target of texts is classes. So is one of whole numbers, if there are at most 10 distinct ones, or at
    /// most 50 in a column named `class` or `label`. Any other is numbers. Classes are ordered by number if all are whole
    /// numbers, else by their text.
    ///
    /// A cell is missing where it is empty or says `?`, `NA`, `N/A`, `#N/A`, `NaN` or `null`, in any case; among numbers also
    /// where it says `None`, `-`, `--` or `.`.
    ///
    /// # Errors
    /// - [`Error::UnknownColumn`]: a column that was named is not there; the nearest name is offered.
    /// - [`Error::UsedTwice`]: the target or the groups are to be ignored, or are one column.
    /// - [`Error::TooFewColumns`]: nothing is left beside the target.
    /// - [`Error::MissingCells`]: missing cells, with how many rows, columns and the first lines.
    /// - [`Error::TextColumn`]: a column with so many distinct texts that it is a name, a date or free text.
    /// - [`Error::TooManyClasses`]: a target with more than 50 classes, or nearly as many as rows, that were not asked for.
    /// - [`Error::ConstantTarget`]: a target with one value.
    /// - [`Error::BadCell`]: a text among numbers, or a number that is not finite, with its line and column.
    pub fn schema(&self, table: &Table) -> Result<TableSchema, Error> {
        let columns = table.columns();
        let last = columns.len() - 1;
        let target_at = match &self.target {
            Some(name) => table.position(name)?,
            None => last,
        };
        let target = &columns[target_at];
        let used_twice = |what, column: &String, other| Error::UsedTwice {
            what,
            column: column.clone(),
            other,
        };
        for name in &self.ignored {
            table.position(name)?;
            if name == target {
                return Err(used_twice("target", target, "ignored"));
            }
        }
        let mut groups_at = None;
        if let Some(name) = &self.groups {
            groups_at = Some(table.position(name)?);
            if name == target {
                return Err(used_twice("target", target, "the groups"));
            }
            if self.ignored.contains(name) {
                return Err(used_twice("column of groups", name, "ignored"));
            }
        }
        let features: Vec<(usize, bool)> = (0..columns.len())
            .filter(|&at| at != target_at && groups_at != Some(at))
            .filter(|&at| !self.ignored.contains(&columns[at]))
            .map(|at| (at, holds_numbers(table, at)))
            .collect();
        if features.is_empty() {
            return Err(Error::TooFewColumns {
                columns: columns.len() - self.ignored.len().min(last),
            });
        }
        let numbers = match self.task {
            Some(task) => task == Task::Regression,
            None => holds_numbers(table, target_at),
        };
        // The target cannot be left out.
        let needed: Vec<(usize, bool)> =
            [Some((target_at, numbers)), groups_at.map(|at| (at, false))]
                .into_iter()
                .flatten()
                .collect();
        let mut used = needed.clone();
        if self.missing == MissingValues::Refuse {
            used.extend(&features);
            used.sort_unstable();
        }
        let is_complete = table.check_missing(&needed, FILL_IN).is_ok();
        table.check_missing(&used, if is_complete { LEAVE_OUT } else { FILL_IN })?;
        let column = |&(at, numbers): &(usize, bool)| -> Result<Column, Error> {
            Ok(Column {
                name: columns[at].clone(),
                categories: categories(table, at, numbers)?,
            })
        };
        Ok(TableSchema {
            features: features.iter().map(column).collect::<Result<_, Error>>()?,
            target: target.clone(),
            classes: classes(table, target_at, numbers, self.task)?,
            ignored: self.ignored.clone(),
            groups: self.groups.clone(),
            missing: self.missing,
        })
    }

    /// Reads a file into a data set with the file's name without its ending: [`Table::read_path`],
    /// [`schema`](Self::schema) and [`TableSchema::dataset`] in one.
    ///
    /// # Errors
    /// As those three.
    pub fn read_path<T: Scalar>(&self, path: impl AsRef<Path>) -> Result<Dataset<T>, Error> {
        let table = Table::read_path(path)?;
        self.schema(&table)?.dataset(&table)
    }
}

/// Whether nearly all cells that are there are numbers.
fn holds_numbers(table: &Table, at: usize) -> bool {
    let there = table.cells(at).filter(|(_, cell)| !is_missing(cell, true));
    let (mut cells, mut numbers) = (0, 0);
    for (_, cell) in there {
        cells += 1;
        numbers += usize::from(is_number(cell));
    }
    numbers as f64 >= MOSTLY * f64::from(cells)
}

/// The categories of a column of texts; `None` for numbers.
fn categories(table: &Table, at: usize, numbers: bool) -> Result<Option<Vec<String>>, Error> {
    let there = table
        .cells(at)
        .filter(|(_, cell)| !is_missing(cell, numbers));
    if numbers {
        for (place, cell) in there {
            number::<f64>(place, cell)?;
        }
        return Ok(None);
    }
    let distinct: BTreeSet<&str> = there.map(|(_, cell)| cell).collect();
    if distinct.len() > MOST_CATEGORIES || 2 * distinct.len() > table.n_rows() {
        return Err(Error::TextColumn {
            column: table.columns()[at].clone(),
            distinct: distinct.len(),
            n_rows: table.n_rows(),
            examples: table
                .cells(at)
                .take(3)
                .map(|(_, cell)| cell.into())
                .collect(),
        });
    }
    Ok(Some(distinct.into_iter().map(str::to_owned).collect()))
}

/// The classes of the target; `None` for numbers.
fn classes(
    table: &Table,
    at: usize,
    numbers: bool,
    task: Option<Task>,
) -> Result<Option<Vec<String>>, Error> {
    let column = &table.columns()[at];
    let n_rows = table.n_rows();
    let distinct: BTreeSet<&str> = table.cells(at).map(|(_, cell)| cell).collect();
    let constant = |value: String| Error::ConstantTarget {
        column: column.clone(),
        value,
        n_rows,
    };
    if let (1, Some(value)) = (distinct.len(), distinct.first()) {
        return Err(constant((*value).to_owned()));
    }
    let too_many = distinct.len() > MOST_CLASSES || 2 * distinct.len() > n_rows;
    let whole = distinct.iter().all(|cell| cell.parse::<i64>().is_ok());
    let named = NAMES_OF_CLASSES
        .iter()
        .any(|name| column.eq_ignore_ascii_case(name));
    let looks_like_classes =
        !numbers || (whole && (distinct.len() <= MOST_WHOLE_CLASSES || (named && !too_many)));
    if task.is_none() && looks_like_classes && too_many {
        return Err(Error::TooManyClasses {
            column: column.clone(),
            classes: distinct.len(),
            n_rows,
            most: MOST_CLASSES,
        });
    }
    let read_off = if looks_like_classes {
        Task::Classification
    } else {
        Task::Regression
    };
    match task.unwrap_or(read_off) {
        Task::Regression => {
            let values = table.cells(at).map(|(place, cell)| number(place, cell));
            let values: Vec<f64> = values.collect::<Result<_, _>>()?;
            // "1" and "1.0" are two texts, and one number.
            if values.iter().all(|value| *value == values[0]) {
                return Err(constant(values[0].to_string()));
            }
            Ok(None)
        }
        Task::Classification => Ok(Some(names_of_classes(distinct, whole))),
    }
}

/// In the order of their numbers, if they are numbers: "10" comes after "9".
fn names_of_classes(distinct: BTreeSet<&str>, whole: bool) -> Vec<String> {
    let mut names: Vec<String> = distinct.into_iter().map(str::to_owned).collect();
    if whole {
        // A stable sort keeps "1" and "01" in the order of their texts.
        names.sort_by_key(|name| name.parse::<i64>().ok());
    }
    names
}
