//! What a survey counts, and gives.

use crate::cells::short;
use crate::numbers::NumberFormat;

/// A cell that is an example of something.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) line: u64,
    pub(crate) cell: String,
}

impl Example {
    pub(super) fn new(line: u64, cell: &str) -> Self {
        Self {
            line,
            cell: short(cell),
        }
    }
}

/// The least and the largest of some numbers, and whether all are whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) least: f64,
    pub(crate) largest: f64,
    pub(crate) whole: bool,
}

impl Range {
    pub(super) const NONE: Self = Self {
        least: f64::INFINITY,
        largest: f64::NEG_INFINITY,
        whole: true,
    };

    pub(super) fn add(&mut self, value: f64) {
        self.least = self.least.min(value);
        self.largest = self.largest.max(value);
        self.whole = self.whole && value.fract() == 0.0;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.least = self.least.min(other.least);
        self.largest = self.largest.max(other.largest);
        self.whole &= other.whole;
    }
}

/// Cells as dates in one order.
#[derive(Clone, Debug)]
pub(crate) struct Dates {
    pub(crate) count: u64,
    /// The first cell that is no such date, and is not missing.
    pub(crate) first_other: Option<Example>,
    /// Days since 1970-01-01.
    pub(crate) earliest: f64,
    pub(crate) latest: f64,
    /// A bit for each month, day of the week and hour that there is.
    pub(crate) months: u32,
    pub(crate) weekdays: u32,
    pub(crate) hours: u32,
    /// A bit for each day of the month.
    pub(crate) days_of_month: u32,
}

/// Cells as times of day.
#[derive(Clone, Debug)]
pub(crate) struct Clocks {
    pub(crate) count: u64,
    /// The first cell that is no such time, and is not missing.
    pub(crate) first_other: Option<Example>,
    /// Seconds since midnight.
    pub(crate) range: Range,
}

/// The numbers of a column in one format.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    pub(crate) format: NumberFormat,
    pub(crate) count: u64,
    pub(crate) range: Range,
    /// The first cell that is no number, and is not missing.
    pub(crate) first_other: Option<Example>,
    /// Whether a cell has a separator of decimals or thousands.
    pub(crate) separated: bool,
    /// The first cell that can be read in two ways, as far as its own text goes.
    pub(crate) ambiguous: Option<String>,
}
