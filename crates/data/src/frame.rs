//! A table as its schema reads it: numbers and categories with missing cells, before anything is fitted.

use serde::{Deserialize, Serialize};

use crate::Target;

/// A table as a [`TableSchema`](crate::TableSchema) reads it. What is missing is still missing, and a category is still a
/// category: filling in, encoding and scaling are fitted to training rows, and none of that has happened here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The table's name.
    pub name: String,
    /// The line of each row in its file.
    pub lines: Vec<u64>,
    /// The columns that features are made of, in the order of the schema.
    pub columns: Vec<FrameColumn>,
    /// What is to be predicted; `None` where the table lacks the column, or a cell of it.
    pub target: Option<Target<f64>>,
    /// A number for each row that says its group: equal numbers belong together.
    pub groups: Option<Vec<u32>>,
    /// How much each row counts.
    pub weights: Option<Vec<f64>>,
    /// When each row happened, in days; rows are split by it.
    pub times: Option<Vec<f64>>,
}

/// A column of a [`Frame`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameColumn {
    /// The name: the table's column, or what of it this is (`day: weekday`).
    pub name: String,
    /// The table's column.
    pub source: String,
    /// The cells.
    pub values: FrameValues,
}

/// The cells of a [`FrameColumn`]. Missing cells are equal; serde writes a missing number as none (`null` in JSON).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameValues {
    /// Numbers; NaN where a cell is missing.
    Numbers(#[serde(with = "missing")] Vec<f64>),
    /// Categories, as positions in the list of levels; [`FrameValues::MISSING`] where a cell is missing, and
    /// [`FrameValues::UNSEEN`] where it says what the schema does not know.
    Categories {
        /// A code for each row.
        codes: Vec<u32>,
        /// The names of the codes.
        levels: Vec<String>,
    },
}

impl PartialEq for FrameValues {
    fn eq(&self, other: &Self) -> bool {
        let equal = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        match (self, other) {
            (Self::Numbers(a), Self::Numbers(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(equal)
            }
            (
                Self::Categories { codes, levels },
                Self::Categories {
                    codes: other_codes,
                    levels: other_levels,
                },
            ) => codes == other_codes && levels == other_levels,
            _ => false,
        }
    }
}

/// Numbers of which some are missing: JSON has no NaN.
mod missing {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(|&x| (!x.is_nan()).then_some(x)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(from)?;
        Ok(values.iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }
}

impl FrameValues {
    /// The code of a missing cell.
    pub const MISSING: u32 = u32::MAX;
    /// The code of a category that the schema does not know.
    pub const UNSEEN: u32 = u32::MAX - 1;

    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories { codes, .. } => codes.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|&row| values[row]).collect()),
            Self::Categories { codes, levels } => Self::Categories {
                codes: rows.iter().map(|&row| codes[row]).collect(),
                levels: levels.clone(),
            },
        }
    }
}

impl Frame {
    /// How many rows.
    pub fn n_rows(&self) -> usize {
        self.lines.len()
    }

    /// These rows, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect();
        Self {
            name: self.name.clone(),
            lines: rows.iter().map(|&row| self.lines[row]).collect(),
            columns: self
                .columns
                .iter()
                .map(|column| FrameColumn {
                    name: column.name.clone(),
                    source: column.source.clone(),
                    values: column.values.select(rows),
                })
                .collect(),
            target: self.target.as_ref().map(|target| target.select(rows)),
            groups: self
                .groups
                .as_ref()
                .map(|groups| rows.iter().map(|&row| groups[row]).collect()),
            weights: self.weights.as_ref().map(pick),
            times: self.times.as_ref().map(pick),
        }
    }
}

/// What later data have that the training data did not: reported, and read on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The line of the first row that has it; `None` for what concerns the whole table.
    pub line: Option<u64>,
    /// The column.
    pub column: String,
    /// How many rows have it.
    pub rows: usize,
    /// What it is, with the first such cell, as a sentence's end: `has the new category "Tromso"`.
    pub what: String,
}

/// A row of later data that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRow {
    /// The line in its file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What [`TableSchema::frame`](crate::TableSchema::frame) makes of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Framed {
    /// The rows that can be read.
    pub frame: Frame,
    /// What is new in them.
    pub notices: Vec<Notice>,
    /// The rows that cannot be read; they are not in the frame.
    pub bad_rows: Vec<BadRow>,
}
