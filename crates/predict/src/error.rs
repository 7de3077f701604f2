//! What can go wrong.

use alloc::string::String;
use core::fmt;

/// Why a model cannot be read, or a cell cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no model that this version reads.
    NoModel {
        /// What is wrong, as a sentence's end.
        reason: String,
    },
    /// The model has no such column.
    UnknownColumn {
        /// The name that was given.
        column: String,
        /// The nearest of the model's columns; empty without columns.
        nearest: String,
    },
    /// The column does not take such a value.
    WrongKind {
        /// The column.
        column: String,
        /// What was given, cut short.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// A number is so far outside the training rows that it must be a mistake: by more than 1,000,000 times the width of their range.
    TooFarOutside {
        /// The column.
        column: String,
        /// The number.
        value: String,
        /// The range of the training rows, such as `0.2 to 5.01`.
        training: String,
    },
    /// The row was made for another model.
    OtherModel,
    /// What the model computes of this row is beyond its numbers.
    NotFinite,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModel { reason } => write!(f, "this is no model that can be used: {reason}"),
            Self::UnknownColumn { column, nearest } => {
                write!(f, "the model has no column {column:?}")?;
                if nearest.is_empty() {
                    Ok(())
                } else {
                    write!(f, "; the nearest is {nearest:?}")
                }
            }
            Self::WrongKind {
                column,
                value,
                expected,
            } => write!(f, "column {column:?} takes {expected}, not {value}"),
            Self::TooFarOutside {
                column,
                value,
                training,
            } => write!(
                f,
                "column {column:?} has {value}, which must be a mistake: training had {training}; correct it or leave it out"
            ),
            Self::OtherModel => f.write_str(
                "this row was made for another model; make one with `row` of the model that predicts",
            ),
            Self::NotFinite => f.write_str(
                "what the model computes of this row is not finite; its weights or the row's numbers are too large",
            ),
        }
    }
}

impl core::error::Error for Error {}
