//! The columns that a model reads.

use crate::{List, Text};

/// A column of the table that the model was trained on.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(deny_unknown_fields))]
pub struct Column {
    /// Its name.
    pub name: Text,
    /// What its cells are.
    pub kind: Kind,
    /// Whether some of its cells were missing in training: if not, a missing one is worth a warning.
    pub had_missing: bool,
}

/// What the cells of a [`Column`] are.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "file",
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub enum Kind {
    /// Numbers.
    Number {
        /// The least and the largest of the training rows; the model has not learned what is far outside.
        range: Option<[f64; 2]>,
    },
    /// Yes or no, as 1 and 0.
    Boolean,
    /// One of these texts.
    Category {
        /// The texts; a cell's code is its place here.
        levels: List<Text>,
    },
    /// Dates and times as ISO 8601 writes them.
    Date {
        /// The first of the training rows, in days since 1970-01-01.
        earliest: f64,
    },
    /// Times of day without a date, such as `14:05`, or seconds since midnight.
    Time,
    /// The same in all training rows, and not used: another value is worth a warning.
    Constant {
        /// That value.
        value: Text,
    },
}

impl Kind {
    pub(crate) fn expected(&self) -> &'static str {
        match self {
            Self::Number { .. } => "a number",
            Self::Boolean => "true or false",
            Self::Category { .. } => "a text, or the number that it stands for",
            Self::Date { .. } => "a date such as 2024-03-01 or 2024-03-01T12:30:00",
            Self::Time => "a time of day such as 14:05 or 14:05:30, or its seconds since midnight",
            Self::Constant { .. } => "anything",
        }
    }
}

/// What of a date, or of a time of day, a feature is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(rename_all = "kebab-case"))]
pub enum DatePart {
    /// Years since the earliest date, as a number.
    Trend,
    /// The month, a code from 0 for January.
    Month,
    /// The day of the week, a code from 0 for Monday.
    Weekday,
    /// The hour, a code from 0.
    Hour,
    /// Of a time of day, the sine of the angle of the hand of a clock of 24 hours.
    Sine,
    /// The cosine of that angle.
    Cosine,
}

impl DatePart {
    /// Those of a date.
    pub const OF_DATE: [Self; 4] = [Self::Trend, Self::Month, Self::Weekday, Self::Hour];
    /// Those of a time of day.
    pub const OF_TIME: [Self; 2] = [Self::Sine, Self::Cosine];

    /// Its name: `month`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trend => "trend",
            Self::Month => "month",
            Self::Weekday => "weekday",
            Self::Hour => "hour",
            Self::Sine => "sine",
            Self::Cosine => "cosine",
        }
    }
}
