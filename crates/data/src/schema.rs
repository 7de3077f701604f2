//! What the columns of a table are: categories by one-hot, and later tables read in the same way.

use std::collections::{BTreeSet, HashMap};

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_base::Scalar;

use crate::cells::{is_missing, number};
use crate::{
    Dataset, Error, Frame, FrameColumn, FrameValues, Framed, MissingValues, Table, Target,
};

/// The way out where a column cannot be left out.
pub(crate) const FILL_IN: &str = "fill them in, or remove these rows";

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct TableSchema {
    pub(crate) features: Vec<Column>,
    pub(crate) target: String,
    /// The classes' names; `None` for a target of numbers.
    pub(crate) classes: Option<Vec<String>>,
    pub(crate) ignored: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<String>,
    #[serde(skip_serializing_if = "MissingValues::are_refused")]
    pub(crate) missing: MissingValues,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The categories, sorted; `None` for numbers.
    pub(crate) categories: Option<Vec<String>>,
}

/// A schema as it is read from a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    features: Vec<Column>,
    target: String,
    classes: Option<Vec<String>>,
    ignored: Vec<String>,
    #[serde(default)]
    groups: Option<String>,
    #[serde(default)]
    missing: MissingValues,
}

impl TryFrom<Saved> for TableSchema {
    type Error = String;

    /// Refuses what [`TableReader::schema`](crate::TableReader::schema) would not have made.
    fn try_from(saved: Saved) -> Result<Self, String> {
        let ascending = |texts: &[String]| texts.windows(2).all(|pair| pair[0] < pair[1]);
        let mut names = BTreeSet::new();
        for column in &saved.features {
            let name = &column.name;
            if *name == saved.target
                || saved.ignored.contains(name)
                || saved.groups.as_ref() == Some(name)
            {
                return Err(format!("the schema's column {name:?} is no feature"));
            }
            if !names.insert(name) {
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
            groups: saved.groups,
            missing: saved.missing,
        })
    }
}

impl TableSchema {
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

    /// The features of a table, shape (`n_features`, `n_rows`). Columns are found by name, in any order; the target, the
    /// groups and ignored columns may be there or not.
    ///
    /// # Errors
    /// [`Error::OtherColumns`] for columns that are missing or not known; [`Error::MissingCells`]; [`Error::UnknownCategory`];
    /// [`Error::BadCell`], also for a number that `T` would make infinite or 0.
    pub fn features<T: Scalar>(&self, table: &Table) -> Result<DMatrix<T>, Error> {
        self.check_columns(table)?;
        let used: Vec<(usize, bool)> = self
            .features
            .iter()
            .map(|column| Ok((table.position(&column.name)?, column.categories.is_none())))
            .collect::<Result<_, Error>>()?;
        if self.missing == MissingValues::Refuse {
            table.check_missing(&used, FILL_IN)?;
        }
        let n_features: usize = self
            .features
            .iter()
            .map(|column| column.categories.as_ref().map_or(1, Vec::len))
            .sum();
        let [zero, one, missing] = [0.0, 1.0, f64::NAN].map(T::of);
        let mut features = DMatrix::from_element(n_features, table.n_rows(), zero);
        let mut row = 0;
        for (column, &(at, numbers)) in self.features.iter().zip(&used) {
            let width = column.categories.as_ref().map_or(1, Vec::len);
            for (sample, (place, cell)) in table.cells(at).enumerate() {
                if is_missing(cell, numbers) {
                    features.view_mut((row, sample), (width, 1)).fill(missing);
                    continue;
                }
                match &column.categories {
                    None => features[(row, sample)] = number(place, cell)?,
                    Some(categories) => {
                        let which = categories.binary_search_by(|text| text.as_str().cmp(cell));
                        let which = which.map_err(|_| Error::UnknownCategory {
                            line: place.line,
                            column: column.name.clone(),
                            value: cell.to_owned(),
                            known: categories.clone(),
                        })?;
                        features[(row + which, sample)] = one;
                    }
                }
            }
            row += width;
        }
        Ok(features)
    }

    /// The table as a [`Frame`]: numbers and categories, with what is missing still missing.
    ///
    /// # Errors
    /// [`Error::OtherColumns`] for columns that are missing.
    pub fn frame(&self, table: &Table) -> Result<Framed, Error> {
        self.check_columns(table)?;
        let n_rows = table.n_rows();
        let mut columns = Vec::new();
        for column in &self.features {
            let at = table.position(&column.name)?;
            let values = match &column.categories {
                None => FrameValues::Numbers(
                    table
                        .cells(at)
                        .map(|(place, cell)| {
                            if is_missing(cell, true) {
                                Ok(f64::NAN)
                            } else {
                                number(place, cell)
                            }
                        })
                        .collect::<Result<_, _>>()?,
                ),
                Some(levels) => FrameValues::Categories {
                    codes: table
                        .cells(at)
                        .map(|(_, cell)| {
                            match levels.binary_search_by(|text| text.as_str().cmp(cell)) {
                                Ok(which) => which as u32,
                                Err(_) if is_missing(cell, false) => FrameValues::MISSING,
                                Err(_) => FrameValues::UNSEEN,
                            }
                        })
                        .collect(),
                    levels: levels.clone(),
                },
            };
            columns.push(FrameColumn {
                name: column.name.clone(),
                source: column.name.clone(),
                values,
            });
        }
        let frame = Frame {
            name: table.name().to_owned(),
            lines: (0..n_rows as u64).map(|row| row + 2).collect(),
            columns,
            target: if table.columns().contains(&self.target) {
                Some(self.target_of(table)?)
            } else {
                None
            },
            groups: None,
            weights: None,
            times: None,
        };
        Ok(Framed {
            frame,
            notices: Vec::new(),
            bad_rows: Vec::new(),
        })
    }

    fn check_columns(&self, table: &Table) -> Result<(), Error> {
        let known = |name: &String| {
            *name == self.target
                || self.ignored.contains(name)
                || self.groups.as_ref() == Some(name)
                || self.features.iter().any(|column| column.name == *name)
        };
        let missing: Vec<String> = self
            .features
            .iter()
            .filter(|column| !table.columns().contains(&column.name))
            .map(|column| column.name.clone())
            .collect();
        let unexpected: Vec<String> = table
            .columns()
            .iter()
            .filter(|name| !known(name))
            .cloned()
            .collect();
        if missing.is_empty() && unexpected.is_empty() {
            return Ok(());
        }
        Err(Error::OtherColumns {
            missing,
            unexpected,
        })
    }

    /// The table as a data set, with groups if the schema has a column for them.
    ///
    /// # Errors
    /// As [`TableSchema::features`]; [`Error::UnknownColumn`] without the target's or the groups' column;
    /// [`Error::UnknownCategory`] for a class that is not known; and what [`Dataset::new`] refuses.
    pub fn dataset<T: Scalar>(&self, table: &Table) -> Result<Dataset<T>, Error> {
        let target = self.target_of(table)?;
        let dataset = Dataset::with_missing(self.features(table)?, target, self.missing)?
            .with_name(table.name())
            .with_feature_names(self.feature_names())?;
        let Some(groups) = &self.groups else {
            return Ok(dataset);
        };
        let at = table.position(groups)?;
        table.check_missing(&[(at, false)], FILL_IN)?;
        let mut ids = HashMap::new();
        let groups = table.cells(at).map(|(_, cell)| {
            let next = ids.len() as u32;
            *ids.entry(cell).or_insert(next)
        });
        dataset.with_groups(groups.collect())
    }

    fn target_of<T: Scalar>(&self, table: &Table) -> Result<Target<T>, Error> {
        let at = table.position(&self.target)?;
        table.check_missing(&[(at, self.classes.is_none())], FILL_IN)?;
        let Some(names) = &self.classes else {
            let values = table.cells(at).map(|(place, cell)| number(place, cell));
            let values: Vec<T> = values.collect::<Result<_, _>>()?;
            return Ok(Target::Values {
                values: DMatrix::from_vec(1, values.len(), values),
                names: vec![self.target.clone()],
            });
        };
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
        Ok(Target::Classes {
            labels: labels.collect::<Result<_, _>>()?,
            names: names.clone(),
        })
    }
}
