//! From a table's columns to features: missing cells filled in, categories made into numbers, all of it fitted to training rows.

mod categories;
mod effects;
mod portable;

use std::collections::HashMap;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::{Frame, FrameColumn, FrameValues, Target};

use crate::Error;
use crate::recipe::Levels;
use categories::Categories;
use effects::Rows;
pub(crate) use portable::Places;

/// A target of more classes than this gives no means.
const MOST_MEANS: usize = 10;

/// Turns the columns of a [`Frame`] into features, as it was fitted to training rows.
///
/// | column | features |
/// |---|---|
/// | numbers | the number; the training rows' median where it is missing |
/// | numbers of which some were missing in training | also `name is missing`, 1 or 0 |
/// | categories | `name=level` for each level, 1 or 0; levels below ten in a thousand training rows share `name=(other)` |
/// | more than 40 levels in two rows or more | the 40 most frequent as above, and the mean of the target by level; or, with [`Levels::All`], each of them as above |
///
/// A category that was not seen in training counts as `(other)`; a missing one is a level of its own if any were missing in training,
/// and else no level at all. The means of the target are shrunk towards the mean of all by the weight of 1 to 30 rows, by whichever predicts
/// best; of two such columns, each has what it adds to the other. For the training rows themselves they are computed without the row's own
/// fifth, since else a row would be told its own target (Micci-Barreca 2001); rows of a group are in one fifth.
/// Features that are constant in the training rows are left out.
///
/// ```
/// use smallbatch_data::{Table, TableReader};
/// use smallbatch_pipeline::Encoder;
///
/// let table = Table::read("size,town,price\n50,Ulm,300.5\n,Bonn,420\n70,Ulm,400\n65,Bonn,1\n".as_bytes())?;
/// let frame = TableReader::new().schema(&table)?.frame(&table)?.frame;
/// let (encoder, features) = Encoder::fit(&frame)?;
/// assert_eq!(encoder.feature_names(), ["size", "size is missing", "town=Bonn", "town=Ulm"]);
/// assert_eq!(features.column(1).as_slice(), [65.0, 1.0, 1.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    columns: Vec<Column>,
    names: Vec<String>,
    /// Which features of the columns vary.
    kept: Vec<usize>,
}

/// What becomes of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Column {
    Numbers {
        source: String,
        /// What a missing cell counts as: the median.
        fill: f64,
        /// Whether there is a feature that says which are missing.
        says_missing: bool,
    },
    Categories {
        source: String,
        categories: Categories,
    },
}

impl Encoder {
    /// Learns from training rows, and encodes them.
    ///
    /// # Errors
    /// [`Error::NothingToLearnFrom`] where no feature varies.
    pub fn fit(frame: &Frame) -> Result<(Self, DMatrix<f64>), Error> {
        Self::fit_as(frame, Levels::default())
    }

    /// The same with another way for columns of many categories.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_as(frame: &Frame, many: Levels) -> Result<(Self, DMatrix<f64>), Error> {
        let weights = frame.weights.as_deref();
        let mut means = match many {
            Levels::Means => means(frame),
            Levels::All => HashMap::new(),
        };
        let n_rows = frame.n_rows();
        let mut columns = Vec::with_capacity(frame.columns.len());
        let mut names = Vec::new();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for column in &frame.columns {
            let FrameColumn { name, values, .. } = column;
            match values {
                FrameValues::Numbers(values) => {
                    let Some(fill) = median(values, weights) else {
                        // Nothing but missing cells.
                        continue;
                    };
                    let says_missing = values.iter().any(|value| value.is_nan());
                    names.push(name.clone());
                    if says_missing {
                        names.push(format!("{name} is missing"));
                    }
                    columns.push(Column::Numbers {
                        source: name.clone(),
                        fill,
                        says_missing,
                    });
                    encode_numbers(values, fill, says_missing, &mut rows);
                }
                FrameValues::Categories { codes, levels } => {
                    let categories = Categories::fit(codes, levels, many);
                    let (categories, of_rows) = match means.remove(name) {
                        Some((by_code, of_rows)) => (categories.with_means(by_code), of_rows),
                        None => (categories, Vec::new()),
                    };
                    let mut encoded = categories.encode(codes);
                    encoded.truncate(encoded.len() - of_rows.len());
                    encoded.extend(of_rows);
                    let of = |feature| format!("{name}={feature}");
                    names.extend(categories.feature_names(levels).into_iter().map(of));
                    rows.extend(encoded);
                    columns.push(Column::Categories {
                        source: name.clone(),
                        categories,
                    });
                }
            }
        }
        let varies = |row: &Vec<f64>| {
            row.iter()
                .any(|value| (value - row[0]).abs() > 1e-12 * row[0].abs())
        };
        let kept: Vec<usize> = (0..rows.len()).filter(|&at| varies(&rows[at])).collect();
        if kept.is_empty() {
            return Err(Error::NothingToLearnFrom {
                columns: frame.columns.len(),
                rows: n_rows,
            });
        }
        let features = gather(&rows, &kept, n_rows);
        let names = kept.iter().map(|&at| names[at].clone()).collect();
        Ok((
            Self {
                columns,
                names,
                kept,
            },
            features,
        ))
    }

    /// The names of the features.
    pub fn feature_names(&self) -> &[String] {
        &self.names
    }

    /// The features of other rows, shape (`n_features`, `n_rows`). They are finite.
    ///
    /// # Errors
    /// [`Error::OtherColumns`] where the frame is of another schema.
    pub fn encode(&self, frame: &Frame) -> Result<DMatrix<f64>, Error> {
        let mut rows = Vec::new();
        for column in &self.columns {
            let (Column::Numbers { source, .. } | Column::Categories { source, .. }) = column;
            let values = frame.columns.iter().find(|other| other.name == *source);
            match (column, values.map(|column| &column.values)) {
                (
                    Column::Numbers {
                        fill, says_missing, ..
                    },
                    Some(FrameValues::Numbers(values)),
                ) => encode_numbers(values, *fill, *says_missing, &mut rows),
                (
                    Column::Categories { categories, .. },
                    Some(FrameValues::Categories { codes, .. }),
                ) => rows.extend(categories.encode(codes)),
                _ => {
                    return Err(Error::OtherColumns {
                        column: source.clone(),
                    });
                }
            }
        }
        Ok(gather(&rows, &self.kept, frame.n_rows()))
    }

    /// Whether the features that are kept are some of those that columns make, each with its name.
    pub(crate) fn is_sound(&self) -> bool {
        let made: usize = self.widths().map(|(_, width)| width).sum();
        self.names.len() == self.kept.len() && self.kept.iter().all(|&at| at < made)
    }

    /// How many features each column makes, of which not all may be kept.
    fn widths(&self) -> impl Iterator<Item = (&String, usize)> {
        self.columns.iter().map(|column| match column {
            Column::Numbers {
                source,
                says_missing,
                ..
            } => (source, 1 + usize::from(*says_missing)),
            Column::Categories { source, categories } => (source, categories.n_features()),
        })
    }

    /// Which of the features come from a column of the table, for each column that any come from.
    pub fn features_by_column(&self) -> Vec<(String, Vec<usize>)> {
        let mut first = 0;
        let mut found = Vec::new();
        for (source, width) in self.widths() {
            let of = |at: &usize| (first..first + width).contains(at);
            let features: Vec<usize> = (0..self.kept.len())
                .filter(|&at| of(&self.kept[at]))
                .collect();
            if !features.is_empty() {
                found.push((source.clone(), features));
            }
            first += width;
        }
        found
    }
}

/// The number, with the median where there is none; then which are missing.
fn encode_numbers(values: &[f64], fill: f64, says_missing: bool, rows: &mut Vec<Vec<f64>>) {
    let filled = |&value: &f64| if value.is_nan() { fill } else { value };
    rows.push(values.iter().map(filled).collect());
    if says_missing {
        let missing = |value: &f64| f64::from(u8::from(value.is_nan()));
        rows.push(values.iter().map(missing).collect());
    }
}

/// Some rows as a matrix.
fn gather(rows: &[Vec<f64>], kept: &[usize], n_rows: usize) -> DMatrix<f64> {
    DMatrix::from_fn(kept.len(), n_rows, |feature, row| rows[kept[feature]][row])
}

/// Whether some column has so many categories that [`Levels`] matters.
pub(crate) fn has_many_levels(frame: &Frame) -> bool {
    frame.columns.iter().any(|column| match &column.values {
        FrameValues::Categories { codes, levels } => categories::has_many_levels(codes, levels),
        FrameValues::Numbers(_) => false,
    })
}

/// For each number that the target is its means by code, and by training row.
type Means = (Vec<Vec<f64>>, Vec<Vec<f64>>);

/// The means of the target for columns of many categories.
fn means(frame: &Frame) -> HashMap<String, Means> {
    let numbers = frame.target.as_ref().map(numbers_of).unwrap_or_default();
    let mut names = Vec::new();
    let mut rows = Rows {
        codes: Vec::new(),
        n_levels: Vec::new(),
        weights: frame.weights.as_deref(),
        groups: frame.groups.as_deref(),
    };
    for column in &frame.columns {
        if let FrameValues::Categories { codes, levels } = &column.values
            && categories::has_many_levels(codes, levels)
        {
            names.push(column.name.clone());
            rows.codes.push(codes);
            rows.n_levels.push(levels.len());
        }
    }
    if names.is_empty() || numbers.is_empty() || numbers.len() > MOST_MEANS {
        return HashMap::new();
    }
    let effects = rows.effects(&numbers);
    let means = effects.by_code.into_iter().zip(effects.of_rows);
    names.into_iter().zip(means).collect()
}

/// The median of the numbers that are there, by weight; the lower of two.
fn median(values: &[f64], weights: Option<&[f64]>) -> Option<f64> {
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
    let there = |row: &usize| !values[*row].is_nan() && weight(*row) > 0.0;
    let mut rows: Vec<usize> = (0..values.len()).filter(there).collect();
    rows.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let half = rows.iter().map(|&row| weight(row)).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    let middle = rows.iter().find(|&&row| {
        sum += weight(row);
        sum >= half
    });
    middle.or(rows.last()).map(|&row| values[row])
}

/// The target as one or more rows of numbers, of which a category's means are taken: the number, or for each class but the first
/// whether it is that.
fn numbers_of(target: &Target<f64>) -> Vec<Vec<f64>> {
    match target {
        Target::Classes { labels, names } => (1..names.len() as u32)
            .map(|class| {
                let is = |&label: &u32| f64::from(u8::from(label == class));
                labels.iter().map(is).collect()
            })
            .collect(),
        Target::Values { values, .. } => values
            .row_iter()
            .map(|row| row.iter().copied().collect())
            .collect(),
        // Of a kind that is not known here: no means.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
