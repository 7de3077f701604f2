//! Tables of numbers and categories as they are found: columns by name, categories by one-hot, and a schema that reads
//! later tables in the same way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_preprocess::Scalar;

use crate::csv_reader::{Place, is_missing, number, strip_mark, table_error};
use crate::lines::{Lines, read_record};
use crate::names::{check_names, nearest};
use crate::{Dataset, Error, Target};

/// More categories than this in one column are no categories.
const MOST_CATEGORIES: usize = 100;
/// A column of which at least this share is numbers is a column of numbers, and the rest are slips.
const MOSTLY: f64 = 0.9;
/// Whole numbers with at most so many distinct values are classes, unless the task is said.
const MOST_WHOLE_CLASSES: usize = 10;
/// More classes than this are no classes.
const MOST_CLASSES: usize = 50;
/// The way out where a column cannot be left out.
const FILL_IN: &str = "fill them in, or remove these rows";
/// How many lines an error names.
const LINES_NAMED: usize = 5;

/// A table of comma-separated texts with named columns, not yet understood. A [`TableSchema`] makes it a data set.
///
/// ```
/// use smallbatch_data::{Dataset, Table, TableSchema};
///
/// let table = Table::read("size,town,price\n50,Ulm,300.5\n80,Bonn,420\n70,Ulm,400\n65,Bonn,1\n".as_bytes())?;
/// let schema = TableSchema::infer(&table, "price", None, &[])?;
/// let houses: Dataset = schema.dataset(&table)?;
/// assert_eq!(houses.feature_names(), ["size", "town=Bonn", "town=Ulm"]);
/// assert_eq!(houses.features().column(0).as_slice(), [50.0, 0.0, 1.0]);
///
/// let more = Table::read("town,size\nRom,60\n".as_bytes())?;
/// let error = schema.features::<f32>(&more).unwrap_err();
/// assert!(error.to_string().contains("\"Rom\""));
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    columns: Vec<String>,
    records: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads a file. The table has the file's name without its ending.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened, else as [`Table::read`].
    pub fn read_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let io = |source| Error::Io {
            path: path.to_path_buf(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        let mut table = Self::read(BufReader::new(file)).map_err(|error| match error {
            Error::Io { source, .. } => io(source),
            other => other,
        })?;
        if let Some(stem) = path.file_stem() {
            table.name = stem.to_string_lossy().into_owned();
        }
        Ok(table)
    }

    /// Reads a table from anywhere: a line of names, then one sample a line. Spaces around a cell are ignored. Cells are
    /// separated by commas; where the first line has none, by semicolons or tabs.
    ///
    /// # Errors
    /// [`Error::EmptyFile`] without a header; [`Error::EmptyTable`] without a line below it; [`Error::BadTable`] for a line
    /// with another number of cells; [`Error::BadName`] for a column without a name, or two with the same; [`Error::Io`]
    /// (with an empty path).
    pub fn read(source: impl Read) -> Result<Self, Error> {
        let mut source = BufReader::new(source);
        let mut first = Vec::new();
        source
            .read_until(b'\n', &mut first)
            .map_err(|source| Error::Io {
                path: Default::default(),
                source,
            })?;
        let delimiter = delimiter(&first);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(Lines::new(first.chain(source)));
        let header = reader.headers().map_err(|error| table_error(error, 1))?;
        let columns: Vec<String> = header.iter().map(strip_mark).collect();
        if columns.is_empty() {
            return Err(Error::EmptyFile);
        }
        check_names("column", &columns)?;
        let (mut records, mut record) = (Vec::new(), csv::StringRecord::new());
        while read_record(&mut reader, &mut record)? {
            records.push(record.clone());
        }
        if records.is_empty() {
            return Err(Error::EmptyTable {
                columns: columns.len(),
            });
        }
        Ok(Self {
            name: "table".into(),
            columns,
            records,
        })
    }

    /// The file's name without its ending, or "table".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How many samples.
    pub fn n_rows(&self) -> usize {
        self.records.len()
    }

    fn position(&self, name: &str) -> Result<usize, Error> {
        self.columns
            .iter()
            .position(|column| column == name)
            .ok_or_else(|| Error::UnknownColumn {
                name: name.to_owned(),
                nearest: nearest(name, &self.columns).map(str::to_owned),
                columns: self.columns.clone(),
            })
    }

    /// The cells of a column, each with its place.
    fn cells(&self, column: usize) -> impl Iterator<Item = (Place<'_>, &str)> {
        self.records.iter().map(move |record| {
            let place = Place {
                line: record.position().map_or(0, csv::Position::line),
                column: &self.columns[column],
            };
            (place, record.get(column).unwrap_or_default())
        })
    }

    /// Refuses missing cells in these columns, all of them counted.
    fn check_missing(&self, used: &[usize], advice: &'static str) -> Result<(), Error> {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let mut lines = BTreeSet::new();
        for &column in used {
            let missing: Vec<u64> = self
                .cells(column)
                .filter(|(_, cell)| is_missing(cell))
                .map(|(place, _)| place.line)
                .collect();
            if !missing.is_empty() {
                columns.push((self.columns[column].clone(), missing.len()));
                lines.extend(missing);
            }
        }
        if columns.is_empty() {
            return Ok(());
        }
        Err(Error::MissingCells {
            rows: lines.len(),
            n_rows: self.n_rows(),
            first: lines.into_iter().take(LINES_NAMED).collect(),
            columns,
            advice,
        })
    }
}

/// What separates the cells of a table with this first line.
fn delimiter(first: &[u8]) -> u8 {
    let count = |delimiter: u8| first.iter().filter(|&&byte| byte == delimiter).count();
    let others = [b';', b'\t'].map(|delimiter| (count(delimiter), delimiter));
    match others.into_iter().max() {
        Some((1.., delimiter)) if count(b',') == 0 => delimiter,
        _ => b',',
    }
}

/// What is to be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A class.
    Classification,
    /// A number.
    Regression,
}

/// How the columns of a table become features and a target. It serializes, so that a saved model reads later tables as
/// the one that it was trained on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct TableSchema {
    features: Vec<Column>,
    target: String,
    /// The classes' names; `None` for a target of numbers.
    classes: Option<Vec<String>>,
    ignored: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    /// The categories, sorted; `None` for numbers.
    categories: Option<Vec<String>>,
}

/// A schema as it is read from a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    features: Vec<Column>,
    target: String,
    classes: Option<Vec<String>>,
    ignored: Vec<String>,
}

impl TryFrom<Saved> for TableSchema {
    type Error = String;

    /// Refuses what [`TableSchema::infer`] would not have made.
    fn try_from(saved: Saved) -> Result<Self, String> {
        let ascending = |texts: &[String]| texts.windows(2).all(|pair| pair[0] < pair[1]);
        for column in &saved.features {
            let name = &column.name;
            if *name == saved.target || saved.ignored.contains(name) {
                return Err(format!("the schema's column {name:?} is no feature"));
            }
            if saved
                .features
                .iter()
                .filter(|other| other.name == *name)
                .count()
                > 1
            {
                return Err(format!("the schema has the column {name:?} twice"));
            }
            if !column.categories.as_deref().is_none_or(ascending) {
                return Err(format!(
                    "the categories of the schema's column {name:?} are not in ascending order"
                ));
            }
        }
        if saved.features.is_empty() {
            return Err("the schema has no column beside the target".into());
        }
        if let Some(classes) = &saved.classes {
            let distinct: BTreeSet<&String> = classes.iter().collect();
            if distinct.len() < 2 || distinct.len() < classes.len() {
                return Err("the schema's classes are not two or more different names".into());
            }
        }
        Ok(Self {
            features: saved.features,
            target: saved.target,
            classes: saved.classes,
            ignored: saved.ignored,
        })
    }
}

impl TableSchema {
    /// Reads off a table what its columns are: a column of numbers is a feature; a column of texts is as many features as
    /// it has distinct texts, each 1 where the text stands and else 0.
    ///
    /// Without a `task`, a target of texts is classes, one of at most 10 distinct whole numbers too, and any other is
    /// numbers. Columns named in `ignored` are not looked at.
    ///
    /// # Errors
    /// - [`Error::UnknownColumn`]: the target or an ignored column is not there; the nearest name is offered.
    /// - [`Error::TooFewColumns`]: nothing is left beside the target.
    /// - [`Error::MissingCells`]: missing cells (empty, `NA`, `NaN`, `?`), with how many rows, columns and the first lines.
    /// - [`Error::TextColumn`]: a column with so many distinct texts that it is a name, a date or free text.
    /// - [`Error::TooManyClasses`]: a target with more than 50 classes, or nearly as many as rows.
    /// - [`Error::ConstantTarget`]: a target with one value.
    /// - [`Error::BadCell`]: a text among numbers.
    pub fn infer(
        table: &Table,
        target: &str,
        task: Option<Task>,
        ignored: &[String],
    ) -> Result<Self, Error> {
        let target_at = table.position(target)?;
        for name in ignored {
            table.position(name)?;
            if name == target {
                return Err(Error::IgnoredTarget {
                    target: target.to_owned(),
                });
            }
        }
        let features: Vec<usize> = (0..table.columns.len())
            .filter(|&at| at != target_at && !ignored.contains(&table.columns[at]))
            .collect();
        if features.is_empty() {
            return Err(Error::TooFewColumns {
                columns: table.columns.len() - ignored.len().min(table.columns.len()),
            });
        }
        let used: Vec<usize> = features.iter().copied().chain([target_at]).collect();
        // The target cannot be left out.
        let advice = if table.cells(target_at).any(|(_, cell)| is_missing(cell)) {
            FILL_IN
        } else {
            "fill them in, remove these rows, or leave the column out (the program: `--ignore`)"
        };
        table.check_missing(&used, advice)?;
        Ok(Self {
            features: features
                .iter()
                .map(|&at| {
                    Ok(Column {
                        name: table.columns[at].clone(),
                        categories: categories(table, at)?,
                    })
                })
                .collect::<Result<_, Error>>()?,
            target: target.to_owned(),
            classes: classes(table, target_at, task)?,
            ignored: ignored.to_vec(),
        })
    }

    /// The target's column.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What is to be predicted.
    pub fn task(&self) -> Task {
        match self.classes {
            Some(_) => Task::Classification,
            None => Task::Regression,
        }
    }

    /// The classes, in the order of their labels; none for numbers.
    pub fn classes(&self) -> &[String] {
        self.classes.as_deref().unwrap_or_default()
    }

    /// The columns that are categories, each with its number of categories.
    pub fn categories(&self) -> impl Iterator<Item = (&str, usize)> {
        self.features.iter().filter_map(|column| {
            let categories = column.categories.as_ref()?;
            Some((column.name.as_str(), categories.len()))
        })
    }

    /// The features' names: the column's, or `column=category`.
    pub fn feature_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for column in &self.features {
            match &column.categories {
                None => names.push(column.name.clone()),
                Some(categories) => {
                    names.extend(
                        categories
                            .iter()
                            .map(|text| format!("{}={text}", column.name)),
                    );
                }
            }
        }
        names
    }

    /// The features of a table, shape (`n_features`, `n_rows`). Columns are found by name, in any order; the target and
    /// ignored columns may be there or not.
    ///
    /// # Errors
    /// [`Error::OtherColumns`] for columns that are missing or not known; [`Error::MissingCells`]; [`Error::UnknownCategory`];
    /// [`Error::BadCell`].
    pub fn features<T: Scalar>(&self, table: &Table) -> Result<DMatrix<T>, Error> {
        let known = |name: &String| {
            *name == self.target
                || self.ignored.contains(name)
                || self.features.iter().any(|column| column.name == *name)
        };
        let missing: Vec<String> = self
            .features
            .iter()
            .filter(|column| !table.columns.contains(&column.name))
            .map(|column| column.name.clone())
            .collect();
        let unexpected: Vec<String> = table
            .columns
            .iter()
            .filter(|name| !known(name))
            .cloned()
            .collect();
        if !missing.is_empty() || !unexpected.is_empty() {
            return Err(Error::OtherColumns {
                missing,
                unexpected,
            });
        }
        let used: Vec<usize> = self
            .features
            .iter()
            .map(|column| table.position(&column.name))
            .collect::<Result<_, _>>()?;
        table.check_missing(&used, FILL_IN)?;
        let n_features = self.feature_names().len();
        let zero = T::of(0.0);
        let mut features = DMatrix::from_element(n_features, table.n_rows(), zero);
        let mut row = 0;
        for (column, &at) in self.features.iter().zip(&used) {
            match &column.categories {
                None => {
                    for (sample, (place, cell)) in table.cells(at).enumerate() {
                        features[(row, sample)] = number(place, cell)?;
                    }
                    row += 1;
                }
                Some(categories) => {
                    for (sample, (place, cell)) in table.cells(at).enumerate() {
                        let which = categories.binary_search_by(|text| text.as_str().cmp(cell));
                        let which = which.map_err(|_| Error::UnknownCategory {
                            line: place.line,
                            column: column.name.clone(),
                            value: cell.to_owned(),
                            known: categories.clone(),
                        })?;
                        features[(row + which, sample)] = T::of(1.0);
                    }
                    row += categories.len();
                }
            }
        }
        Ok(features)
    }

    /// The table as a data set.
    ///
    /// # Errors
    /// As [`TableSchema::features`]; [`Error::UnknownColumn`] without the target's column; [`Error::UnknownCategory`] for a
    /// class that is not known; and what [`Dataset::new`] refuses.
    pub fn dataset<T: Scalar>(&self, table: &Table) -> Result<Dataset<T>, Error> {
        let at = table.position(&self.target)?;
        table.check_missing(&[at], FILL_IN)?;
        let target = match &self.classes {
            None => Target::Values {
                values: DMatrix::from_row_iterator(
                    1,
                    table.n_rows(),
                    table
                        .cells(at)
                        .map(|(place, cell)| number(place, cell))
                        .collect::<Result<Vec<T>, _>>()?,
                ),
                names: vec![self.target.clone()],
            },
            Some(names) => {
                let label: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
                let labels = table.cells(at).map(|(place, cell)| {
                    label
                        .get(cell)
                        .copied()
                        .ok_or_else(|| Error::UnknownCategory {
                            line: place.line,
                            column: self.target.clone(),
                            value: cell.to_owned(),
                            known: names.clone(),
                        })
                });
                Target::Classes {
                    labels: labels.collect::<Result<_, _>>()?,
                    names: names.clone(),
                }
            }
        };
        Dataset::new(self.features(table)?, target)?
            .with_name(table.name())
            .with_feature_names(self.feature_names())
    }
}

fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok()
}

/// The categories of a column of texts; `None` for numbers.
fn categories(table: &Table, at: usize) -> Result<Option<Vec<String>>, Error> {
    let numbers = table.cells(at).filter(|(_, cell)| is_number(cell)).count();
    if numbers as f64 >= MOSTLY * table.n_rows() as f64 {
        for (place, cell) in table.cells(at) {
            number::<f64>(place, cell)?;
        }
        return Ok(None);
    }
    let distinct: BTreeSet<&str> = table.cells(at).map(|(_, cell)| cell).collect();
    if distinct.len() > MOST_CATEGORIES || 2 * distinct.len() > table.n_rows() {
        return Err(Error::TextColumn {
            column: table.columns[at].clone(),
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
fn classes(table: &Table, at: usize, task: Option<Task>) -> Result<Option<Vec<String>>, Error> {
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    for (place, cell) in table.cells(at) {
        first.entry(cell).or_insert(place.line);
    }
    let column = table.columns[at].clone();
    if let (1, Some(value)) = (first.len(), first.keys().next()) {
        return Err(Error::ConstantTarget {
            column,
            value: (*value).to_owned(),
            n_rows: table.n_rows(),
        });
    }
    let numbers = table.cells(at).filter(|(_, cell)| is_number(cell)).count();
    let whole = first.keys().all(|cell| cell.parse::<i64>().is_ok());
    let task = task.unwrap_or(
        if (whole && first.len() <= MOST_WHOLE_CLASSES)
            || (numbers as f64) < MOSTLY * table.n_rows() as f64
        {
            Task::Classification
        } else {
            Task::Regression
        },
    );
    if task == Task::Regression {
        let mut values = Vec::with_capacity(table.n_rows());
        for (place, cell) in table.cells(at) {
            values.push(number::<f64>(place, cell)?);
        }
        // "1" and "1.0" are two texts, and one number.
        if values.iter().all(|value| *value == values[0]) {
            return Err(Error::ConstantTarget {
                column,
                value: values[0].to_string(),
                n_rows: table.n_rows(),
            });
        }
        return Ok(None);
    }
    if first.len() > MOST_CLASSES || 2 * first.len() > table.n_rows() {
        return Err(Error::TooManyClasses {
            column,
            classes: first.len(),
            n_rows: table.n_rows(),
            most: MOST_CLASSES,
        });
    }
    let mut names: Vec<String> = first.into_keys().map(str::to_owned).collect();
    if whole {
        names.sort_by_key(|name| name.parse::<i64>().ok());
    }
    Ok(Some(names))
}
