//! Whether a target is classes or numbers.

use std::collections::BTreeSet;

use super::{Candidate, Decision, MOSTLY, ordered};
use crate::cells::{Absence, Among, short};
use crate::column::{ColumnKind, Reading};
use crate::survey::MOST_LEVELS;
use crate::{Error, Task};

/// Whole numbers with at most so many distinct values are classes, unless the task is said.
const MOST_WHOLE_CLASSES: usize = 10;
/// More classes than this are no classes, unless the task is said.
const MOST_CLASSES: usize = 50;
/// Names of columns that hold classes, be they numbers.
const NAMES_OF_CLASSES: [&str; 2] = ["class", "label"];
impl Candidate<'_> {
    /// The target, as classes or numbers.
    pub(crate) fn as_target(&self, task: Option<Task>) -> Result<Decision, Error> {
        let survey = self.survey;
        let numbers = survey.numbers(self.habit);
        let is_number = match task {
            Some(task) => task == Task::Regression,
            None => {
                survey.present() > 0 && numbers.count as f64 >= MOSTLY * survey.present() as f64
            }
        };
        if survey.texts() == 0 || (is_number && survey.present() == 0) {
            return Err(Error::MissingTarget {
                column: self.name.to_owned(),
                n_rows: survey.rows,
            });
        }
        let classes = survey.levels().map(|levels| {
            let texts = levels.keys().map(|text| &**text);
            let there = |among| {
                let texts = texts
                    .clone()
                    .filter(|text| !self.markers.is_missing(text, among));
                texts.map(class_of).collect::<BTreeSet<String>>()
            };
            let classes = if is_number {
                there(Among::Numbers)
            } else {
                let words = there(Among::Classes);
                // `-` beside `+` is a class, and so is all that is left beside another one.
                let is_plus = |text: &String| text.chars().all(|c| c == '+');
                if words.len() < 2 || words.iter().any(is_plus) {
                    there(Among::Texts)
                } else {
                    words
                }
            };
            ordered(classes.into_iter().collect())
        });
        let has_dash = classes
            .iter()
            .flatten()
            .any(|class| self.markers.absence(class) == Absence::Dash);
        let dashes = if has_dash { 0 } else { survey.dashes };
        let rows = usize::try_from(survey.texts() - dashes).unwrap_or(usize::MAX);
        if let Some([value]) = classes.as_deref() {
            return Err(self.constant_target(value.clone()));
        }
        let looks_like_classes = !is_number || {
            let count = classes.as_ref().map_or(usize::MAX, Vec::len);
            let named = NAMES_OF_CLASSES
                .iter()
                .any(|name| self.name.eq_ignore_ascii_case(name));
            let few = count <= MOST_WHOLE_CLASSES
                || (named && count <= MOST_CLASSES && 2 * count <= rows);
            let as_labels = classes.as_deref().is_some_and(|classes| {
                let has_point = survey
                    .levels()
                    .is_some_and(|levels| levels.keys().any(|text| class_of(text) != **text));
                !has_point || count_from_zero_or_one(classes)
            });
            numbers.range.whole && few && as_labels
        };
        let read_off = if looks_like_classes {
            Task::Classification
        } else {
            Task::Regression
        };
        match task.unwrap_or(read_off) {
            Task::Regression => {
                let (reading, reason) = self.as_numbers()?;
                // "1" and "1.0" are two texts, and one number.
                if let Reading::Numbers {
                    range: Some([least, largest]),
                    ..
                } = reading
                    && least == largest
                {
                    return Err(self.constant_target(least.to_string()));
                }
                Ok(Decision::new(ColumnKind::Number, reading, reason))
            }
            Task::Classification => {
                let most = if task.is_some() {
                    MOST_LEVELS
                } else {
                    MOST_CLASSES
                };
                let classes = classes.unwrap_or_default();
                let numeric = numbers.count as f64 >= MOSTLY * survey.present() as f64;
                let is_continuous =
                    numeric && (!numbers.range.whole || 2 * survey.distinct() > rows);
                if task.is_some() && is_continuous && survey.distinct() > MOST_CLASSES {
                    return Err(Error::ContinuousTarget {
                        column: self.name.to_owned(),
                        distinct: survey.distinct(),
                        n_rows: rows,
                    });
                }
                let too_many = classes.len() > most || 2 * classes.len() > rows;
                if classes.is_empty() || (task.is_none() && too_many) {
                    return Err(Error::TooManyClasses {
                        column: self.name.to_owned(),
                        classes: survey.distinct(),
                        n_rows: rows,
                        most,
                    });
                }
                let reason = format!("{} classes in {rows} rows", classes.len());
                let may_be_numbers = task.is_none() && numeric && classes.len() > 2;
                let note = may_be_numbers.then(|| {
                    format!(
                        "its {} different whole numbers are taken as classes; if they are quantities, declare them numbers (`task = \"numbers\"`)",
                        classes.len()
                    )
                });
                let reading = Reading::Levels(classes);
                Ok(Decision {
                    notes: note.into_iter().collect(),
                    ..Decision::new(ColumnKind::Category, reading, reason)
                })
            }
        }
    }

    fn constant_target(&self, value: String) -> Error {
        Error::ConstantTarget {
            column: self.name.to_owned(),
            value: short(&value),
            n_rows: usize::try_from(self.survey.texts()).unwrap_or(usize::MAX),
        }
    }
}

/// The class that a cell of the target names. `1.0` is the class `1`; `01` is another.
pub(crate) fn class_of(cell: &str) -> String {
    if let Some((whole, zeros)) = cell.split_once(['.', ','])
        && whole.parse::<i64>().is_ok()
        && !zeros.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
    {
        return whole.to_owned();
    }
    cell.to_owned()
}

/// Whether the classes are 0, 1, 2, ... or 1, 2, 3, ...
fn count_from_zero_or_one(classes: &[String]) -> bool {
    let first = classes.first().and_then(|name| name.parse::<i64>().ok());
    let Some(first @ (0 | 1)) = first else {
        return false;
    };
    classes
        .iter()
        .zip(first..)
        .all(|(name, number)| name.parse() == Ok(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_a_point_are_the_labels_without() {
        assert_eq!(class_of("1.0"), "1");
        assert_eq!(class_of("0,00"), "0");
        for text in ["1", "01", "1.5", "a.0", "1.", "v1.0"] {
            assert_eq!(class_of(text), text);
        }
        let classes = |names: &[&str]| ordered(names.iter().map(|n| n.to_string()).collect());
        assert!(count_from_zero_or_one(&classes(&["0", "1"])));
        assert!(count_from_zero_or_one(&classes(&["3", "1", "2"])));
        assert!(!count_from_zero_or_one(&classes(&["3", "10"])));
        assert_eq!(classes(&["10", "9", "-1"]), ["-1", "9", "10"]);
    }
}
