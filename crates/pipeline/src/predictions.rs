//! What is predicted for a table.

use std::fmt;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_data::{BadRow, Notice};

use crate::Error;

/// What is predicted for the rows of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictions {
    /// The column that is predicted.
    pub target: String,
    /// The classes; none for numbers.
    pub classes: Vec<String>,
    /// The line of each row in its file.
    pub lines: Vec<u64>,
    /// Probabilities, or numbers in the target's unit: shape (classes or 1, rows). They are finite.
    pub values: DMatrix<f64>,
    /// For numbers half the width of the interval, with its coverage; infinite where too few rows vouch for it, which serde
    /// writes as none (`null` in JSON).
    #[serde(with = "half_width")]
    pub half_width: Option<(f64, f64)>,
    /// What the table has that the training rows did not.
    pub notices: Vec<Notice>,
    /// Rows that cannot be read, and are not predicted.
    pub bad_rows: Vec<BadRow>,
}

/// JSON has no infinity.
mod half_width {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        half: &Option<(f64, f64)>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        half.map(|(half, coverage)| (half.is_finite().then_some(half), coverage))
            .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<(f64, f64)>, D::Error> {
        let half = Option::<(Option<f64>, f64)>::deserialize(from)?;
        Ok(half.map(|(half, coverage)| (half.unwrap_or(f64::INFINITY), coverage)))
    }
}

/// In a line: "price of 35 rows", "price of 35 rows, 2 more cannot be read".
impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.values.ncols();
        let rows = if n == 1 { "row" } else { "rows" };
        write!(f, "{} of {n} {rows}", self.target)?;
        match self.bad_rows.len() {
            0 => Ok(()),
            bad => write!(f, ", {bad} more cannot be read"),
        }
    }
}

impl Predictions {
    /// The most probable class of a row; `None` for numbers.
    pub fn class(&self, row: usize) -> Option<&str> {
        let class = self.values.column(row).imax();
        self.classes.get(class).map(String::as_str)
    }

    /// As comma-separated values, a line a row: the row's `line` in its file, `prediction` with `p(class)` for each class, or with `low` and `high`. With a header.
    ///
    /// An interval without an end is empty there.
    ///
    /// # Errors
    /// [`Error::Write`] when memory does not take the table.
    pub fn to_csv(&self) -> Result<String, Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let write = |table: &mut csv::Writer<Vec<u8>>, record: Vec<String>| {
            table.write_record(record).map_err(|error| Error::Write {
                reason: error.to_string(),
            })
        };
        let mut header = vec!["line".to_owned(), "prediction".to_owned()];
        if self.classes.is_empty() {
            header.extend(["low".into(), "high".into()]);
        } else {
            header.extend(self.classes.iter().map(|class| format!("p({class})")));
        }
        write(&mut table, header)?;
        let half = self.half_width.map_or(f64::INFINITY, |(half, _)| half);
        let number = |value: f64| in_steps_of(value, half);
        let end = |value: f64| {
            if value.is_finite() {
                number(value)
            } else {
                String::new()
            }
        };
        for (row, column) in self.values.column_iter().enumerate() {
            let mut record = vec![self.lines[row].to_string()];
            match self.class(row) {
                Some(class) => {
                    record.push(class.to_owned());
                    record.extend(column.iter().map(|p| digits(*p)));
                }
                None => record.extend([
                    number(column[0]),
                    end(column[0] - half),
                    end(column[0] + half),
                ]),
            }
            write(&mut table, record)?;
        }
        let bytes = table.into_inner().map_err(|error| Error::Write {
            reason: error.to_string(),
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A number with digits down to a ten-thousandth of the interval's half width, and seven digits at least: those below mean nothing.
fn in_steps_of(value: f64, half_width: f64) -> String {
    let decimals = -(half_width.log10().floor() - 4.0);
    if !decimals.is_finite() || decimals <= 0.0 || decimals > 12.0 {
        return digits(value);
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 1 to 12.
    let rounded: f64 = format!("{value:.*}", decimals as usize)
        .parse()
        .unwrap_or(value);
    let short = digits(value);
    let text = rounded.to_string();
    if text.len() > short.len() {
        text
    } else {
        short
    }
}

/// A number with the seven digits that the network's single precision knows.
fn digits(value: f64) -> String {
    let rounded: f64 = format!("{value:.6e}").parse().unwrap_or(value);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JSON has no infinity.
    #[test]
    fn an_interval_without_an_end_survives_json() {
        for half_width in [None, Some((0.25, 0.9)), Some((f64::INFINITY, 0.9))] {
            let predictions = Predictions {
                target: "y".into(),
                classes: Vec::new(),
                lines: vec![2, 3],
                values: DMatrix::from_row_slice(1, 2, &[1.5, -2.0]),
                half_width,
                notices: Vec::new(),
                bad_rows: vec![BadRow {
                    line: 4,
                    reason: "it has 1 cell".into(),
                }],
            };
            let json = serde_json::to_string(&predictions).unwrap();
            let read: Predictions = serde_json::from_str(&json).unwrap();
            assert_eq!(read, predictions, "{json}");
        }
    }

    #[test]
    fn digits_follow_the_interval() {
        assert_eq!(in_steps_of(1_000_002.040_912_3, 0.01), "1000002.040912");
        assert_eq!(in_steps_of(123_458_829.92, 5.0), "123458829.92");
        assert_eq!(in_steps_of(12.000_012_345_678, 0.002), "12.0000123");
        assert_eq!(in_steps_of(0.123_456_789, f64::INFINITY), "0.1234568");
        assert_eq!(in_steps_of(1e9 + 0.25, 1e9), "1000000000");
    }
}
