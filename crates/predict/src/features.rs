//! Cells into features.

use crate::List;
use crate::columns::DatePart;
use crate::row::Cell;

/// A number that is made of one column's cell.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "file",
    serde(rename_all = "kebab-case", deny_unknown_fields)
)]
pub enum Feature {
    /// The number that is in the cell.
    Number {
        /// The column, by its place in the model.
        column: usize,
        /// What of a date or a time of day it is; `None` for all else.
        part: Option<DatePart>,
        /// What a missing cell counts as.
        fill: f64,
    },
    /// 1 where a cell of numbers is missing, else 0.
    IsMissing {
        /// The column.
        column: usize,
        /// What of a date it is.
        part: Option<DatePart>,
    },
    /// 1 where the cell has this code, else 0.
    Is {
        /// The column.
        column: usize,
        /// What of a date it is.
        part: Option<DatePart>,
        /// The code; `None` is a missing cell.
        code: Option<u32>,
    },
    /// 1 where the cell has a code that is none of these, one that training did not know among them; else, or where it is missing, 0.
    IsOther {
        /// The column.
        column: usize,
        /// What of a date it is.
        part: Option<DatePart>,
        /// The codes with a feature of their own, in ascending order.
        codes: List<u32>,
    },
    /// What the target was in the mean where the cell had this code.
    Mean {
        /// The column.
        column: usize,
        /// What of a date it is.
        part: Option<DatePart>,
        /// The mean for each code; the last is that of all rows, for what training did not know or is missing.
        means: List<f64>,
    },
}

impl Feature {
    /// The column that it is made of, by its place in the model.
    pub fn column(&self) -> usize {
        match self {
            Self::Number { column, .. }
            | Self::IsMissing { column, .. }
            | Self::Is { column, .. }
            | Self::IsOther { column, .. }
            | Self::Mean { column, .. } => *column,
        }
    }

    /// What of a date it is made of.
    pub fn part(&self) -> Option<DatePart> {
        match self {
            Self::Number { part, .. }
            | Self::IsMissing { part, .. }
            | Self::Is { part, .. }
            | Self::IsOther { part, .. }
            | Self::Mean { part, .. } => *part,
        }
    }

    /// Its value for a row's cells.
    pub(crate) fn value(&self, cells: &[Cell]) -> f64 {
        let cell = cells.get(self.column()).copied().unwrap_or(Cell::Missing);
        match self {
            Self::Number { part, fill, .. } => cell.number(*part).unwrap_or(*fill),
            Self::IsMissing { part, .. } => one(cell.number(*part).is_none()),
            Self::Is { part, code, .. } => one(match code {
                Some(code) => cell.code(*part) == Some(*code),
                None => cell.is_missing(),
            }),
            Self::IsOther { part, codes, .. } => one(match cell.code(*part) {
                Some(code) => codes.binary_search(&code).is_err(),
                None => !cell.is_missing(),
            }),
            Self::Mean { part, means, .. } => {
                let known = cell.code(*part).map(|code| code as usize);
                let all = means.len().saturating_sub(1);
                let at = known.filter(|&at| at < all).unwrap_or(all);
                means.get(at).copied().unwrap_or(0.0)
            }
        }
    }
}

fn one(is: bool) -> f64 {
    f64::from(u8::from(is))
}
