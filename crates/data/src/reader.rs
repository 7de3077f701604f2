//! What is said of a table before it is understood: what is predicted, what is left out, what belongs together.

use std::path::Path;

use smallbatch_base::Scalar;

use crate::{Dataset, Error, MissingValues, Table, TableSchema, Task};

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
        TableSchema::infer(table, self)
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
