//! The cells of a table: where they stand, which are missing, and what is wrong with one.

use serde::{Deserialize, Serialize};
use smallbatch_base::Scalar;

use crate::Error;

/// Where a cell stands, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) line: u64,
    pub(crate) column: &'a str,
}

/// The way out of a cell that is no number in a column of numbers.
const CORRECT: &str = "correct it, name it as a marker of missing cells (`missing`), or declare the column a category or ignore it";

impl Place<'_> {
    /// An error for a cell that is not what the column is.
    pub(crate) fn bad(self, cell: &str, expected: &'static str, advice: &'static str) -> Error {
        Error::BadCell {
            line: self.line,
            column: self.column.to_string(),
            value: short(cell),
            expected,
            advice,
        }
    }

    /// An error for a cell that is no number.
    pub(crate) fn no_number(self, cell: &str) -> Error {
        let is_infinite = cell.parse::<f64>().is_ok_and(f64::is_infinite);
        let advice = if is_infinite {
            "infinite values are never admitted: remove the line or correct the value"
        } else {
            CORRECT
        };
        self.bad(cell, NUMBER, advice)
    }

    /// An error for a number that is not 0, but would be.
    pub(crate) fn too_small(self, cell: &str) -> Error {
        self.bad(
            cell,
            NUMBER,
            "it is not 0, but too small to be held: read the table as f64, or change its unit",
        )
    }

    /// A cell's number in another type.
    pub(crate) fn narrowed<T: Scalar>(self, cell: &str, value: f64) -> Result<T, Error> {
        let narrowed = T::of(value);
        if narrowed.to_f64() == 0.0 && value != 0.0 {
            Err(self.too_small(cell))
        } else if narrowed.to_f64().is_infinite() {
            Err(self.bad(
                cell,
                NUMBER,
                "it overflows f32: read the table as f64, or change its unit",
            ))
        } else {
            Ok(narrowed)
        }
    }
}

/// What a cell of numbers has to be.
pub(crate) const NUMBER: &str = "a finite number";

/// How many characters of a cell or a name an error quotes.
const QUOTED: usize = smallbatch_base::limits::MOST_LETTERS_SHOWN;

/// The text, or its beginning.
pub(crate) fn short(text: &str) -> String {
    shortened(text, QUOTED)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Some of these phrases, with commas between them.
pub(crate) fn some_of(texts: &[String]) -> String {
    const MOST: usize = 5;
    const PHRASE: usize = 60;
    let mut words: Vec<String> = texts
        .iter()
        .take(MOST)
        .map(|text| shortened(text, PHRASE))
        .collect();
    if texts.len() > MOST {
        words.push(format!("… ({} in all)", texts.len()));
    }
    words.join(", ")
}

/// What programs write for a missing cell of any column.
const MISSING: [&str; 14] = [
    "?", "na", "#na", "n/a", "#n/a", "nan", "null", "<na>", "nat", "(null)", "n.a.", "\\n",
    "#value!", "#div/0!",
];
/// What is missing among numbers, but may be a category among texts.
const NO_NUMBER: [&str; 2] = ["none", "missing"];
/// What is missing among classes as well: no letter says anything.
const DASHES: [&str; 6] = ["-", "--", ".", "\u{2013}", "\u{2014}", "\u{2212}"];
/// The longest of them.
const LONGEST: usize = 7;

/// Whether a cell is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It says something.
    Present,
    /// It is missing in a column of numbers, and may be a category in one of texts.
    AmongNumbers,
    /// Likewise, and no class of a target: a dash.
    Dash,
    /// It is missing in any column.
    Always,
}

/// What the cells of a column are, as far as it decides what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Among {
    /// Numbers, dates or truth values.
    Numbers,
    /// Classes of a target, of which none is a dash.
    Classes,
    /// Texts.
    Texts,
}

/// What is written for a missing cell. An empty cell is always missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Markers {
    /// Whether the common markers are known.
    pub(crate) common: bool,
    /// Texts that are markers as well, in any letter case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) more: Vec<String>,
}

impl Default for Markers {
    fn default() -> Self {
        Self {
            common: true,
            more: Vec::new(),
        }
    }
}

impl Markers {
    /// By reference, as serde asks for it.
    pub(crate) fn are_default(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn absence(&self, cell: &str) -> Absence {
        let is_one_of = |markers: &[&str]| markers.iter().any(|m| cell.eq_ignore_ascii_case(m));
        match cell.as_bytes() {
            [] => Absence::Always,
            _ if self.more.iter().any(|m| cell.eq_ignore_ascii_case(m)) => Absence::Always,
            // Most cells end here.
            [b'0'..=b'9', ..] | [b'-' | b'+' | b'.', b'0'..=b'9', ..] => Absence::Present,
            _ if !self.common || cell.len() > LONGEST => Absence::Present,
            _ if is_one_of(&MISSING) => Absence::Always,
            _ if is_one_of(&NO_NUMBER) => Absence::AmongNumbers,
            _ if is_one_of(&DASHES) => Absence::Dash,
            _ => Absence::Present,
        }
    }

    /// Whether a cell is missing in such a column.
    pub(crate) fn is_missing(&self, cell: &str, among: Among) -> bool {
        match self.absence(cell) {
            Absence::Present => false,
            Absence::AmongNumbers => among == Among::Numbers,
            Absence::Dash => among != Among::Texts,
            Absence::Always => true,
        }
    }
}

/// Whether a number is 0 as it is written: before its exponent is no digit but 0. (1e-400 is 0 even in `f64`.)
pub(crate) fn is_written_zero(number: &str) -> bool {
    let digits = number.chars().take_while(|c| !matches!(c, 'e' | 'E'));
    digits.into_iter().all(|c| !matches!(c, '1'..='9'))
}

/// What a cell says of truth, in any letter case: `true`, `yes`, `y`, `t` or `1`, and their opposites.
pub(crate) fn truth(cell: &str) -> Option<bool> {
    if cell == "1" || cell == "0" {
        return Some(cell == "1");
    }
    TRUTHS.iter().find_map(|[yes, no]| {
        let is_yes = cell.eq_ignore_ascii_case(yes);
        (is_yes || cell.eq_ignore_ascii_case(no)).then_some(is_yes)
    })
}

/// Pairs of words for true and false.
pub(crate) const TRUTHS: [[&str; 2]; 4] =
    [["true", "false"], ["yes", "no"], ["y", "n"], ["t", "f"]];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_missing_where_they_cannot_be_meant() {
        let common = Markers::default();
        for marker in [
            "", "?", "NA", "N/A", "#N/A", "NaN", "null", "NULL", "<NA>", "n.a.", "#DIV/0!",
        ] {
            assert_eq!(common.absence(marker), Absence::Always, "{marker}");
        }
        assert_eq!(common.absence("None"), Absence::AmongNumbers);
        for marker in ["-", "--", ".", "\u{2014}"] {
            assert_eq!(common.absence(marker), Absence::Dash, "{marker}");
        }
        for cell in ["0", "-1", "Namibia"] {
            assert_eq!(common.absence(cell), Absence::Present, "{cell}");
        }
    }

    #[test]
    fn markers_can_be_more_or_none() {
        let more = Markers {
            common: true,
            more: vec!["-999".into(), "unknown".into()],
        };
        assert!(
            more.is_missing("-999", Among::Numbers) && more.is_missing("Unknown", Among::Texts)
        );
        let none = Markers {
            common: false,
            more: Vec::new(),
        };
        assert!(none.is_missing("", Among::Texts));
        assert!(!none.is_missing("NA", Among::Texts) && !none.is_missing("-", Among::Numbers));
    }

    #[test]
    fn an_error_quotes_forty_characters() {
        assert_eq!(short(&"ä".repeat(40)), "ä".repeat(40));
        assert_eq!(short(&"ä".repeat(1000)), format!("{}…", "ä".repeat(40)));
        let many: Vec<String> = (0..1000).map(|i| "x".repeat(i)).collect();
        assert!(some_of(&many).chars().count() < 300);
    }
}
