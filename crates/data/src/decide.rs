//! What kind a column is, of what a survey counted.

mod calendar;
mod names;
mod target;

use crate::Error;
use crate::cells::{Among, Markers, NUMBER, Place, TRUTHS, short, truth};
use crate::column::{ColumnKind, Reading};
use crate::numbers::Habit;
use crate::survey::{Example, MOST_LEVELS, Numbers, Survey};
pub(crate) use calendar::{TIME, expected_date};
pub(crate) use names::names_what_repeats;
use names::{is_measure, names_rows};
pub(crate) use target::class_of;

/// A column of which at least this share is numbers is a column of numbers, and the rest are slips. So with dates.
const MOSTLY: f64 = 0.9;
/// Texts of which at least this share stands in one row only are names of the rows.
const NEARLY_ALL: f64 = 0.9;
/// Texts whose mean length is above this many bytes are no names.
const LONGEST_NAME: f64 = 40.0;
/// So many rows are needed until numbers that count are said to count the rows.
const FEWEST_COUNTED: u64 = 10;
/// So few distinct whole numbers are codes rather than identifiers.
const FEW: usize = 10;

/// A column that is being decided upon.
pub(crate) struct Candidate<'a> {
    pub(crate) name: &'a str,
    /// Its place in the table.
    pub(crate) at: usize,
    pub(crate) survey: &'a Survey,
    pub(crate) markers: &'a Markers,
    pub(crate) habit: Habit,
    /// Whether the day comes first in a date, if that is said.
    pub(crate) day_first: Option<bool>,
}

/// What a column is, how it is read, and why.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) kind: ColumnKind,
    pub(crate) reading: Reading,
    pub(crate) reason: String,
    /// Its numbers count the rows, and nothing else says that it identifies them.
    pub(crate) only_counts: bool,
    /// What was assumed, and what is odd.
    pub(crate) notes: Vec<String>,
}

impl Decision {
    fn new(kind: ColumnKind, reading: Reading, reason: String) -> Self {
        Self {
            kind,
            reading,
            reason,
            only_counts: false,
            notes: Vec::new(),
        }
    }
}

impl Candidate<'_> {
    /// The kind as it is read off.
    pub(crate) fn decide(&self) -> Result<Decision, Error> {
        let survey = self.survey;
        if let Some(constant) = self.constant() {
            return Ok(constant);
        }
        if self.is_truth() {
            return self.as_kind(ColumnKind::Boolean);
        }
        let numbers = survey.numbers(self.habit);
        let present = survey.present() as f64;
        if numbers.count as f64 >= MOSTLY * present {
            if let Some(identifier) = self.identifier(&numbers) {
                return Ok(identifier);
            }
            if self.has_codes() {
                let mut codes = self.as_kind(ColumnKind::Category)?;
                codes.reason = format!("{}, codes that begin with 0", codes.reason);
                return Ok(codes);
            }
            return self.as_kind(ColumnKind::Number);
        }
        let (_, dates, _) = survey.dates(self.day_first);
        if dates.count as f64 >= MOSTLY * present {
            return self.as_kind(ColumnKind::Date);
        }
        if survey.clocks.count as f64 >= MOSTLY * present {
            return self.as_kind(ColumnKind::Time);
        }
        let is_category = survey
            .levels()
            .is_some_and(|levels| levels.len() as u64 <= survey.texts().div_ceil(2));
        if is_category {
            return self.as_kind(ColumnKind::Category);
        }
        let names =
            survey.share_of_distinct() >= NEARLY_ALL && survey.mean_length() <= LONGEST_NAME;
        let kind = if names {
            ColumnKind::Identifier
        } else {
            ColumnKind::Text
        };
        let counted = self.count_of_distinct();
        let reason = format!(
            "{counted} different texts in {} rows, such as {:?}",
            survey.texts(),
            survey.examples.first().map_or("", String::as_str)
        );
        Ok(Decision::new(kind, Reading::Nothing, reason))
    }

    /// The column as this kind, be it declared or read off.
    pub(crate) fn as_kind(&self, kind: ColumnKind) -> Result<Decision, Error> {
        let survey = self.survey;
        let (reading, reason) = match kind {
            ColumnKind::Number => self.as_numbers()?,
            ColumnKind::Boolean => (Reading::Truth, self.as_truth()?),
            ColumnKind::Date => self.as_dates()?,
            ColumnKind::Time => (Reading::Clock, self.as_clocks()?),
            ColumnKind::Category => {
                let levels = survey.levels().ok_or_else(|| self.too_many_texts())?;
                let levels = ordered(levels.keys().map(|text| text.to_string()).collect());
                let reason = format!("{} texts in {} rows", levels.len(), survey.texts());
                (Reading::Levels(levels), reason)
            }
            ColumnKind::Constant if survey.distinct() == 1 => {
                let value = survey.examples[0].clone();
                (Reading::Always(value), "declared".to_owned())
            }
            ColumnKind::Identifier
            | ColumnKind::Constant
            | ColumnKind::Text
            | ColumnKind::Ignored => (Reading::Nothing, "declared".to_owned()),
        };
        let notes = match &reading {
            Reading::Numbers { .. } => odd_units(survey),
            Reading::Dates { order, .. } => self.assumed(*order).into_iter().collect(),
            _ => Vec::new(),
        };
        Ok(Decision {
            notes,
            ..Decision::new(kind, reading, reason)
        })
    }

    /// A column of texts that are no categories, as an error.
    pub(crate) fn too_many_texts(&self) -> Error {
        Error::TextColumn {
            column: self.name.to_owned(),
            distinct: self.survey.distinct(),
            n_rows: usize::try_from(self.survey.texts()).unwrap_or(usize::MAX),
            examples: self.survey.examples.clone(),
        }
    }

    fn bad(&self, example: &Example, expected: &'static str) -> Error {
        let place = Place {
            line: example.line,
            column: self.name,
        };
        if expected == NUMBER {
            place.no_number(&example.cell)
        } else {
            place.bad(
                &example.cell,
                expected,
                "correct it, or declare the column a category or ignore it",
            )
        }
    }

    fn constant(&self) -> Option<Decision> {
        let survey = self.survey;
        let value = match survey.levels() {
            _ if survey.present() == 0 => {
                let reason = format!("all {} cells are missing", survey.rows);
                return Some(Decision::new(
                    ColumnKind::Constant,
                    Reading::Nothing,
                    reason,
                ));
            }
            Some(levels) if levels.len() == 1 => levels.keys().next()?,
            _ => return None,
        };
        // Whether a text is there or not may mean something; for a number, imputation says nothing else.
        let is_number = survey.numbers(self.habit).count > 0;
        if survey.missing > 0 && !is_number {
            return None;
        }
        let reason = match survey.missing {
            0 => format!("{:?} in all {} rows", short(value), survey.rows),
            missing => format!("{:?} in all rows but {missing} missing ones", short(value)),
        };
        Some(Decision::new(
            ColumnKind::Constant,
            Reading::Always(value.to_string()),
            reason,
        ))
    }

    /// Whether all cells are as many digits, three or more, and some begin with 0: `01067`.
    fn has_codes(&self) -> bool {
        let Some(levels) = self.survey.levels() else {
            return false;
        };
        let length = levels.keys().next().map_or(0, |text| text.len());
        let is_code =
            |text: &str| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        length >= 3
            && levels.len() as u64 <= self.survey.texts().div_ceil(2)
            && levels.keys().all(|text| is_code(text))
            && levels.keys().any(|text| text.starts_with('0'))
    }

    /// Whether the cells are the two words of one pair.
    fn is_truth(&self) -> bool {
        let Some(levels) = self.survey.levels() else {
            return false;
        };
        if levels.len() > 12 {
            return false;
        }
        TRUTHS.iter().any(|pair| {
            let is_word = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
            let has = |word| levels.keys().any(|text| is_word(text, word));
            let fits = |text: &str| {
                pair.iter().any(|word| is_word(text, word))
                    || self.markers.is_missing(text, Among::Numbers)
            };
            has(pair[0]) && has(pair[1]) && levels.keys().all(|text| fits(text))
        })
    }

    fn as_truth(&self) -> Result<String, Error> {
        let examples = &self.survey.examples;
        let other = self.survey.levels().and_then(|levels| {
            levels
                .keys()
                .filter(|text| !self.markers.is_missing(text, Among::Numbers))
                .find(|text| truth(text).is_none())
        });
        let other = match (self.survey.levels(), other) {
            (None, _) => examples.last().cloned(),
            (_, other) => other.map(|text| short(text)),
        };
        match other {
            None => {
                let is_there = |text: &&String| !self.markers.is_missing(text, Among::Numbers);
                let words: Vec<&str> = examples
                    .iter()
                    .filter(is_there)
                    .map(String::as_str)
                    .collect();
                Ok(format!("only {}", words.join(" and ")))
            }
            Some(value) => Err(Error::BadKind {
                column: self.name.to_owned(),
                kind: ColumnKind::Boolean,
                value,
            }),
        }
    }

    fn as_numbers(&self) -> Result<(Reading, String), Error> {
        let survey = self.survey;
        let numbers = survey.numbers(self.habit);
        if let Some(other) = &numbers.first_other {
            return Err(self.bad(other, NUMBER));
        }
        if let Some(infinite) = &survey.infinite {
            return Err(self.bad(infinite, NUMBER));
        }
        let range = (numbers.count > 0).then_some([numbers.range.least, numbers.range.largest]);
        let mut reason = match range {
            Some([least, largest]) => format!("numbers from {least} to {largest}"),
            None => "no number".to_owned(),
        };
        if let Some(words) = numbers.format.words(numbers.separated) {
            reason = format!("{reason}, written with {words}");
        }
        if let Some(cell) = &numbers.ambiguous {
            let read = numbers.format.parse(cell).unwrap_or(f64::NAN);
            // As it is written: nothing was decided.
            let is_plain = cell.parse::<f64>().is_ok_and(|plain| plain == read);
            let because = match self.habit {
                Habit::Points => "since the table has decimal points",
                Habit::Commas => "since the table has decimal commas",
                Habit::CommaSeparated => "as where commas separate cells",
                Habit::OtherwiseSeparated => "as where commas do not separate cells",
            };
            if !is_plain {
                reason = format!("{reason}; {} is read as {read}, {because}", short(cell));
            }
        }
        if names_rows(self.name) && numbers.range.whole && survey.distinct() > FEW {
            reason = format!(
                "{reason}; its name says that it identifies something, but its values repeat: perhaps they are groups"
            );
        }
        let format = numbers.format;
        Ok((Reading::Numbers { format, range }, reason))
    }

    /// A declared kind of which there is no cell.
    fn nothing_of(&self, kind: ColumnKind) -> Error {
        Error::BadKind {
            column: self.name.to_owned(),
            kind,
            value: String::new(),
        }
    }

    /// Whole numbers that name or count the rows.
    fn identifier(&self, numbers: &Numbers) -> Option<Decision> {
        let survey = self.survey;
        let is_complete = numbers.first_other.is_none() && survey.present() == survey.rows;
        if !numbers.range.whole || !is_complete {
            return None;
        }
        let share = survey.share_of_distinct();
        let named = names_rows(self.name) && share >= NEARLY_ALL && survey.rows > 1;
        let counts = matches!(survey.counts_from(), Some(0 | 1))
            && self.at == 0
            && survey.rows >= FEWEST_COUNTED
            && !is_measure(self.name);
        if !named && !counts {
            return None;
        }
        let reason = if counts && !named {
            format!(
                "it counts the rows from {}",
                survey.counts_from().unwrap_or_default()
            )
        } else {
            format!(
                "{} different whole numbers in {} rows, and the name of an identifier",
                self.count_of_distinct(),
                survey.rows
            )
        };
        Some(Decision {
            only_counts: counts && !named,
            ..Decision::new(ColumnKind::Identifier, Reading::Nothing, reason)
        })
    }

    /// How many distinct cells there are, in words: not all are counted.
    fn count_of_distinct(&self) -> String {
        let distinct = self.survey.distinct();
        if distinct > MOST_LEVELS && self.survey.is_saturated() {
            format!("more than {distinct}")
        } else {
            distinct.to_string()
        }
    }
}

/// Numbers in several currencies, or some with a percent sign and some without.
fn odd_units(survey: &Survey) -> Vec<String> {
    let mut notes = Vec::new();
    let currencies = survey.currencies();
    if currencies.len() > 1 {
        let counts = currencies
            .iter()
            .map(|(name, count)| format!("{count} in {name}"));
        notes.push(format!(
            "its numbers are of several currencies ({}), and are read as if of one; convert them into one",
            counts.collect::<Vec<_>>().join(", ")
        ));
    }
    let (with, all) = (survey.percent, survey.present());
    if with > 0 && with < all {
        notes.push(format!(
            "{with} of its numbers have a percent sign and {} have none, and 5 % is read as 5; write all in one way",
            all - with
        ));
    }
    notes
}

/// In the order of their numbers, if they are whole numbers: "10" comes after "9".
fn ordered(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    if names.iter().all(|name| name.parse::<i64>().is_ok()) {
        // A stable sort keeps "1" and "01" in the order of their texts.
        names.sort_by_key(|name| name.parse::<i64>().ok());
    }
    names
}
