//! What the name of a column says of it.

use super::FEW;
use crate::survey::Survey;

/// The first or the last word of the name of a column that names rows.
const WORDS_OF_IDENTIFIERS: [&str; 7] = ["id", "uuid", "guid", "identifier", "pk", "rowid", "ids"];
/// Whole names of columns that name or number rows.
const NAMES_OF_IDENTIFIERS: [&str; 18] = [
    "index",
    "idx",
    "key",
    "row",
    "rows",
    "no",
    "nr",
    "#",
    "number",
    "record",
    "case",
    "obs",
    "rownames",
    "row names",
    "row number",
    "rownum",
    "row index",
    "sno",
];
/// Names of numbers that count, and mean something.
const NAMES_OF_MEASURES: [&str; 16] = [
    "t", "x", "time", "year", "yr", "month", "week", "day", "hour", "minute", "second", "age",
    "date", "step", "period", "position",
];

/// The words of a column's name, in small letters: `customerId`, `customer_id` and `Customer ID` are the same two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if begins || !(c.is_alphanumeric() || c == '#') {
            words.push(String::new());
        }
        if (c.is_alphanumeric() || c == '#')
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name says that the column names or numbers the rows.
pub(super) fn names_rows(name: &str) -> bool {
    let words = words(name);
    let is_word =
        |word: Option<&String>| word.is_some_and(|w| WORDS_OF_IDENTIFIERS.contains(&w.as_str()));
    is_word(words.first())
        || is_word(words.last())
        || NAMES_OF_IDENTIFIERS.contains(&words.join(" ").as_str())
        || name.starts_with("Unnamed: ")
}

/// Whether a column is named as if it identified something, and has many values of which some repeat: perhaps groups.
pub(crate) fn names_what_repeats(name: &str, survey: &Survey) -> bool {
    let distinct = survey.distinct();
    names_rows(name)
        && distinct > FEW
        && !survey.is_saturated()
        && (distinct as u64) < survey.texts()
}

pub(super) fn is_measure(name: &str) -> bool {
    words(name)
        .iter()
        .any(|word| NAMES_OF_MEASURES.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_identifiers_are_told_from_names_of_measures() {
        for name in [
            "id",
            "ID",
            "customer_id",
            "PassengerId",
            "Customer ID",
            "index",
            "row",
            "No.",
            "uuid",
            "Unnamed: 0",
            "#",
            "rownames",
        ] {
            assert!(names_rows(name), "{name}");
        }
        for name in [
            "grid",
            "width",
            "area",
            "year",
            "number_of_rooms",
            "uv_index",
            "humid",
            "nodes",
            "paid",
            "key rate",
        ] {
            assert!(!names_rows(name), "{name}");
        }
        assert!(is_measure("model_year") && is_measure("t") && !is_measure("instant"));
    }
}
