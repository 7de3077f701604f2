//! What the columns of a table are, and later tables read in the same way.

mod saved;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_base::Scalar;

use crate::cells::{Among, Markers, Place};
use crate::column::{ColumnKind, ColumnRole, Reading, TableColumn};
use crate::read::Findings;
use crate::{Dataset, Error, FrameValues, MissingValues, Table, Target};
use saved::Saved;

/// The way out where a column cannot be left out.
pub(crate) const FILL_IN: &str = "fill them in, or remove these rows";
/// The way out where a column can be left out.
const LEAVE_OUT: &str =
    "fill them in, remove these rows, leave the column out (`ignore`), or admit them (`missing`)";

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A class.
    #[serde(alias = "classes")]
    Classification,
    /// A number.
    #[serde(alias = "numbers")]
    Regression,
}

/// How the columns of a table become features and a target; [`TableReader::schema`](crate::TableReader::schema) makes it.
/// It serializes, so that a saved model reads later tables as the one that it was trained on.
///
/// ```
/// use smallbatch_data::{FrameValues, Table, TableReader};
///
/// let table = Table::read("size,town,price\n50,Ulm,300.5\n80,Bonn,420\n,Ulm,400\n65,Bonn,350\n".as_bytes())?;
/// let schema = TableReader::new().schema(&table)?;
/// let kinds: Vec<String> = schema.columns().iter().map(|column| column.kind().to_string()).collect();
/// assert_eq!(kinds, ["number", "category", "number"]);
/// assert_eq!(schema.columns()[1].reason(), "2 texts in 4 rows");
///
/// // A later table: a column more, another order, a new town, and a size that is no number.
/// let later = Table::read("note,town,size\nx,Rom,60\nx,Ulm,big\n".as_bytes())?;
/// let framed = schema.frame(&later)?;
/// assert_eq!(framed.frame.n_rows(), 1);
/// assert!(matches!(&framed.frame.columns[0].values, FrameValues::Numbers(sizes) if sizes == &[60.0]));
/// assert!(framed.notices.iter().any(|notice| notice.what == "has the new category \"Rom\""));
/// assert_eq!(framed.bad_rows[0].line, 3);
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct TableSchema {
    /// All columns of the table that it was read off, in their order.
    pub(crate) columns: Vec<TableColumn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<Time>,
    #[serde(skip_serializing_if = "Markers::are_default")]
    pub(crate) markers: Markers,
    #[serde(skip_serializing_if = "MissingValues::are_refused")]
    pub(crate) missing: MissingValues,
    /// Whether the day comes first in dates that can be read in two ways, if that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day_first: Option<bool>,
    pub(crate) rows: u64,
}

/// The column that says when a row happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Time {
    pub(crate) column: String,
    pub(crate) reading: Reading,
}

impl TableSchema {
    /// All columns, in the order of the table: features, the target, and what is left out.
    pub fn columns(&self) -> &[TableColumn] {
        &self.columns
    }

    /// How many rows it was read off; 0 where an earlier version did not say.
    pub fn n_rows(&self) -> u64 {
        self.rows
    }

    /// The target's column.
    pub fn target(&self) -> &str {
        self.of_role(ColumnRole::Target)
            .map_or("", |column| &column.name)
    }

    /// What is to be predicted.
    pub fn task(&self) -> Task {
        if self.classes().is_empty() {
            Task::Regression
        } else {
            Task::Classification
        }
    }

    /// The classes, in the order of their labels; none for numbers.
    pub fn classes(&self) -> &[String] {
        self.of_role(ColumnRole::Target)
            .map_or(&[], TableColumn::levels)
    }

    /// The column of groups.
    pub fn groups(&self) -> Option<&str> {
        self.of_role(ColumnRole::Groups).map(TableColumn::name)
    }

    /// The column of weights.
    pub fn weights(&self) -> Option<&str> {
        self.of_role(ColumnRole::Weights).map(TableColumn::name)
    }

    /// The column that says when a row happened.
    pub fn time(&self) -> Option<&str> {
        self.time.as_ref().map(|time| time.column.as_str())
    }

    /// What was assumed of columns, and what is odd about them: a sentence each, without its end.
    pub fn notes(&self) -> Vec<String> {
        let of_column = |column: &TableColumn| {
            let said = |note: &String| format!("column {:?}: {note}", column.name);
            column.notes.iter().map(said).collect::<Vec<_>>()
        };
        self.columns.iter().flat_map(of_column).collect()
    }

    /// The columns that are categories, each with its number of categories.
    pub fn categories(&self) -> impl Iterator<Item = (&str, usize)> {
        self.used()
            .filter(|column| column.kind == ColumnKind::Category)
            .map(|column| (column.name(), column.levels().len()))
    }

    pub(crate) fn of_role(&self, role: ColumnRole) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.role == role)
    }

    /// The columns that features are made of.
    pub(crate) fn used(&self) -> impl Iterator<Item = &TableColumn> {
        self.columns.iter().filter(|column| column.is_feature())
    }

    /// The names of the features of a [`Dataset`]: the column's, `column: part` of a date, or `column=category`.
    pub fn feature_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (name, levels) in self.used().flat_map(TableColumn::parts) {
            match levels {
                None => names.push(name),
                Some(levels) => names.extend(levels.iter().map(|text| format!("{name}={text}"))),
            }
        }
        names
    }

    /// The features of a table, shape (`n_features`, `n_rows`), categories by one-hot. Columns are found by name, in any
    /// order; the target, the groups and what is left out may be there or not.
    ///
    /// # Errors
    /// [`Error::MissingColumn`]; [`Error::MissingCells`]; [`Error::UnknownCategory`]; [`Error::BadCell`], also for a number
    /// that `T` would make infinite or 0.
    pub fn features<T: Scalar>(&self, table: &Table) -> Result<DMatrix<T>, Error> {
        self.features_or(table, FILL_IN)
    }

    fn features_or<T: Scalar>(
        &self,
        table: &Table,
        advice: &'static str,
    ) -> Result<DMatrix<T>, Error> {
        if self.missing == MissingValues::Refuse {
            let used = self.used().map(|column| {
                let at = table.needed(column.name(), &self.columns)?;
                Ok((at, column.among()))
            });
            let used: Vec<(usize, Among)> = used.collect::<Result<_, Error>>()?;
            table.check_missing(&used, &self.markers, advice)?;
        }
        let read = self.read(table)?;
        read.findings.refuse()?;
        let n_features = self.feature_names().len();
        let mut features = DMatrix::from_element(n_features, table.n_rows(), T::of(0.0));
        let mut first = 0;
        for (at, column) in read.sources.iter().zip(&read.columns) {
            let place = |row: usize| {
                let (line, cell) = table.line_and_cell(row, *at);
                let column = &column.source;
                (Place { line, column }, cell)
            };
            match &column.values {
                FrameValues::Numbers(values) => {
                    for (row, &value) in values.iter().enumerate() {
                        features[(first, row)] = if value.is_nan() {
                            T::of(value)
                        } else {
                            let (place, cell) = place(row);
                            place.narrowed(cell, value)?
                        };
                    }
                    first += 1;
                }
                FrameValues::Categories { codes, levels } => {
                    for (row, &code) in codes.iter().enumerate() {
                        match code {
                            FrameValues::MISSING => features
                                .view_mut((first, row), (levels.len(), 1))
                                .fill(T::of(f64::NAN)),
                            FrameValues::UNSEEN => {
                                let (place, cell) = place(row);
                                return Err(unknown(place, cell, levels));
                            }
                            code => features[(first + code as usize, row)] = T::of(1.0),
                        }
                    }
                    first += levels.len();
                }
            }
        }
        Ok(features)
    }

    /// The table as a data set with one-hot categories, with groups and weights if the schema has columns for them.
    ///
    /// # Errors
    /// As [`TableSchema::features`]; [`Error::UnknownColumn`] without the target's column or that of groups or weights;
    /// [`Error::MissingCells`] in one of them; [`Error::UnknownCategory`] for a class that is not known; and what
    /// [`Dataset::new`] refuses.
    pub fn dataset<T: Scalar>(&self, table: &Table) -> Result<Dataset<T>, Error> {
        let others = self
            .columns
            .iter()
            .filter(|column| column.role != ColumnRole::Feature);
        let needed = others.map(|column| Ok((table.position(&column.name)?, column.among())));
        let needed: Vec<(usize, Among)> = needed.collect::<Result<_, Error>>()?;
        let complete = table.check_missing(&needed, &self.markers, FILL_IN);
        if complete.is_err() && self.missing == MissingValues::Refuse {
            // One error names all.
            let features = self.used().map(|column| {
                let at = table.needed(column.name(), &self.columns)?;
                Ok((at, column.among()))
            });
            let mut all: Vec<(usize, Among)> = features.collect::<Result<_, Error>>()?;
            all.extend(needed);
            all.sort_unstable();
            table.check_missing(&all, &self.markers, FILL_IN)?;
        }
        complete?;
        let mut findings = Findings::default();
        let target = self.target_of(table, &mut findings)?;
        let groups = self.groups_of(table);
        let weights = self.weights_of(table, &mut findings);
        findings.refuse()?;
        let target = match target {
            Target::Classes { labels, names } => Target::Classes { labels, names },
            Target::Values { values, names } => {
                let at = table.position(self.target())?;
                let narrowed = values.iter().enumerate().map(|(row, &value)| {
                    let (line, cell) = table.line_and_cell(row, at);
                    let column = self.target();
                    Place { line, column }.narrowed(cell, value)
                });
                let narrowed: Vec<T> = narrowed.collect::<Result<_, _>>()?;
                Target::Values {
                    values: DMatrix::from_vec(1, narrowed.len(), narrowed),
                    names,
                }
            }
        };
        let features = self.features_or(table, LEAVE_OUT)?;
        let mut dataset = Dataset::with_missing(features, target, self.missing)?
            .with_name(table.name())
            .with_feature_names(self.feature_names())?;
        if let Some(groups) = groups {
            dataset = dataset.with_groups(groups)?;
        }
        if let Some(weights) = weights {
            dataset = dataset.with_weights(weights.into_iter().map(T::of).collect())?;
        }
        Ok(dataset)
    }
}

/// A category that is not among those that are known.
pub(crate) fn unknown(place: Place<'_>, cell: &str, known: &[String]) -> Error {
    Error::UnknownCategory {
        line: place.line,
        column: place.column.to_owned(),
        value: crate::cells::short(cell),
        known: known.to_vec(),
    }
}
