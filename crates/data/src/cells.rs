//! The cells of a table: where they stand, which are missing, and which numbers they are.

use smallbatch_base::Scalar;

use crate::Error;

/// Where a cell stands, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) line: u64,
    pub(crate) column: &'a str,
}

impl Place<'_> {
    fn bad(self, cell: &str, advice: &'static str) -> Error {
        Error::BadCell {
            line: self.line,
            column: self.column.to_string(),
            value: cell.to_string(),
            advice,
        }
    }
}

/// What programs write for a missing cell of any column.
const MISSING: [&str; 8] = ["", "?", "na", "#na", "n/a", "#n/a", "nan", "null"];
/// What is missing among numbers, but may be a category among texts.
const NO_NUMBER: [&str; 4] = ["none", "-", "--", "."];

/// Whether a cell is missing, in a column of numbers or of texts.
pub(crate) fn is_missing(cell: &str, numbers: bool) -> bool {
    let is_one_of = |markers: &[&str]| markers.iter().any(|m| cell.eq_ignore_ascii_case(m));
    is_one_of(&MISSING) || (numbers && is_one_of(&NO_NUMBER))
}

/// Whether a cell can be read as a number, finite or not.
pub(crate) fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok()
}

/// The number in a cell that is not missing.
pub(crate) fn number<T: Scalar>(place: Place<'_>, cell: &str) -> Result<T, Error> {
    let Ok(value) = cell.parse::<f64>() else {
        return Err(place.bad(
            cell,
            "correct it, remove the column, or replace texts by numbers",
        ));
    };
    let narrowed = T::of(value);
    if narrowed.to_f64() == 0.0 && !is_written_zero(cell) {
        Err(place.bad(
            cell,
            "it is not 0, but too small to be held: read the table as f64, or change its unit",
        ))
    } else if narrowed.to_f64().is_finite() {
        Ok(narrowed)
    } else if value.is_finite() {
        Err(place.bad(
            cell,
            "it overflows f32: read the table as f64, or change its unit",
        ))
    } else {
        Err(place.bad(
            cell,
            "infinite values are never admitted: remove the line or correct the value",
        ))
    }
}

/// Whether a number is 0 as it is written: before its exponent is no digit but 0. (1e-400 is 0 even in `f64`.)
fn is_written_zero(number: &str) -> bool {
    let digits = number.chars().take_while(|c| !matches!(c, 'e' | 'E'));
    digits.into_iter().all(|c| !matches!(c, '1'..='9'))
}

/// Whether a cell is a number with a decimal comma: `0,5`, but not `1,000,000` and not `1.000,5`.
pub(crate) fn has_decimal_comma(cell: &str) -> bool {
    cell.matches(',').count() == 1 && !cell.contains('.') && is_number(&cell.replace(',', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_missing_where_they_cannot_be_meant() {
        for marker in ["", "?", "NA", "N/A", "#N/A", "NaN", "null", "NULL"] {
            assert!(is_missing(marker, true) && is_missing(marker, false));
        }
        for marker in ["None", "-", "."] {
            assert!(is_missing(marker, true) && !is_missing(marker, false));
        }
        assert!(!is_missing("0", true) && !is_missing("-1", true));
    }

    #[test]
    fn decimal_commas_are_told_from_thousands() {
        for cell in ["0,5", "-3,0", "1,5e3", ",5"] {
            assert!(has_decimal_comma(cell), "{cell}");
        }
        for cell in ["5", "1,000,000", "1.000,5", "a,b", ","] {
            assert!(!has_decimal_comma(cell), "{cell}");
        }
    }
}
