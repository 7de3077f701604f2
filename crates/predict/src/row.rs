//! A row to predict: cells by name, checked as they are set.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use smallbatch_base::plausible::Plausibility;
use smallbatch_base::{Number, sine_and_cosine};

use crate::columns::{Column, DatePart, Kind};
use crate::{Error, Model, Warning};

/// Of a day.
const SECONDS_OF_A_DAY: f64 = 86_400.0;
/// The mean length of a year in days.
const DAYS_OF_A_YEAR: f64 = 365.25;

/// What a cell may be set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Missing,
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// A text.
    Text(&'a str),
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// A cell as features are made of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    Missing,
    Number(f64),
    Code(u32),
    /// A text that training did not know.
    Unseen,
    Date {
        /// Years since the earliest.
        trend: f64,
        month: u32,
        weekday: u32,
        hour: u32,
    },
    Time {
        sine: f64,
        cosine: f64,
    },
}

impl Cell {
    pub(crate) fn is_missing(self) -> bool {
        self == Self::Missing
    }

    pub(crate) fn number(self, part: Option<DatePart>) -> Option<f64> {
        match (self, part) {
            (Self::Number(number), None) => Some(number),
            (Self::Date { trend, .. }, Some(DatePart::Trend)) => Some(trend),
            (Self::Time { sine, .. }, Some(DatePart::Sine)) => Some(sine),
            (Self::Time { cosine, .. }, Some(DatePart::Cosine)) => Some(cosine),
            _ => None,
        }
    }

    pub(crate) fn code(self, part: Option<DatePart>) -> Option<u32> {
        match (self, part) {
            (Self::Code(code), None) => Some(code),
            (Self::Date { month, .. }, Some(DatePart::Month)) => Some(month),
            (Self::Date { weekday, .. }, Some(DatePart::Weekday)) => Some(weekday),
            (Self::Date { hour, .. }, Some(DatePart::Hour)) => Some(hour),
            _ => None,
        }
    }
}

/// The cells of a row; those that are not set are missing. [`Model::row`] makes one, and [`clear`](Self::clear) makes it new again.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'m> {
    model: &'m Model,
    pub(crate) cells: Vec<Cell>,
    /// For each column whether its cell was set.
    is_set: Vec<bool>,
    pub(crate) warnings: Vec<Warning>,
}

impl Model {
    /// A row in which all cells are missing.
    pub fn row(&self) -> Row<'_> {
        Row {
            model: self,
            cells: vec![Cell::Missing; self.columns.len()],
            is_set: vec![false; self.columns.len()],
            warnings: Vec::new(),
        }
    }
}

impl<'m> Row<'m> {
    /// The model that it is for.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// All cells missing again.
    pub fn clear(&mut self) {
        self.cells.fill(Cell::Missing);
        self.is_set.fill(false);
        self.warnings.clear();
    }

    /// Sets a cell, by the column's name.
    ///
    /// A text that training did not know, a number far outside the training rows and another value in a column that was constant are
    /// taken, and a warning is kept for the prediction.
    ///
    /// # Errors
    /// [`Error::UnknownColumn`]; [`Error::WrongKind`] for a text in a column of numbers, a number that is not finite, and the like;
    /// [`Error::TooFarOutside`] for a number more than 1,000,000 times the width of the training range outside it.
    pub fn set<'a>(&mut self, column: &str, value: impl Into<Value<'a>>) -> Result<(), Error> {
        let Some(at) = self.model.columns.iter().position(|c| c.name == column) else {
            return Err(Error::UnknownColumn {
                column: short(column),
                nearest: nearest(column, &self.model.columns),
            });
        };
        self.set_at(at, value.into())
    }

    /// Sets a cell, by the column's place in [`Model::columns`].
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// # Panics
    /// If there is no such column.
    pub fn set_at(&mut self, at: usize, value: Value<'_>) -> Result<(), Error> {
        let column = &self.model.columns[at];
        let (cell, warning) = cell(column, value)?;
        self.warnings
            .retain(|warning| warning.column != column.name);
        if let Some(what) = warning {
            self.warnings.push(Warning {
                column: column.name.clone(),
                what,
            });
        }
        self.cells[at] = cell;
        self.is_set[at] = true;
        Ok(())
    }

    /// The columns that were not set, constant ones aside.
    pub fn unset(&self) -> impl Iterator<Item = &'m Column> {
        let is_set = self.is_set.iter();
        let columns = self.model.columns.iter().zip(is_set);
        columns
            .filter(|(column, is_set)| !**is_set && !matches!(column.kind, Kind::Constant { .. }))
            .map(|(column, _)| column)
    }

    /// What is to be said of cells that are missing where none was in training.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Warning> {
        let columns = self.model.columns.iter().zip(&self.cells);
        columns
            .filter(|(column, cell)| {
                let is_used = !matches!(column.kind, Kind::Constant { .. });
                cell.is_missing() && is_used && !column.had_missing
            })
            .map(|(column, _)| Warning {
                column: column.name.clone(),
                what: "is missing, which it never was in training".to_owned(),
            })
    }
}

/// What features are made of, and what is worth a warning.
fn cell(column: &Column, value: Value<'_>) -> Result<(Cell, Option<String>), Error> {
    if let (Kind::Number { range: Some(range) }, Value::Number(number)) = (&column.kind, value)
        && number.is_finite()
    {
        let warning = number_outside(column, number, *range)?;
        return Ok((Cell::Number(number), warning));
    }
    taken(&column.kind, value).ok_or_else(|| Error::WrongKind {
        column: column.name.clone().into_owned(),
        value: match value {
            Value::Missing => "nothing".to_owned(),
            Value::Number(number) => Number(number).to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::Text(text) => format!("{:?}", short(text)),
        },
        expected: column.kind.expected(),
    })
}

/// What is to be said of a number far outside the training rows.
fn number_outside(column: &Column, number: f64, range: [f64; 2]) -> Result<Option<String>, Error> {
    let [least, largest] = range.map(Number);
    let value = Number(number);
    match Plausibility::of(number, range) {
        Plausibility::Usual => Ok(None),
        Plausibility::Far => Ok(Some(format!(
            "is {value}, far outside the {least} to {largest} of training"
        ))),
        Plausibility::Absurd => Err(Error::TooFarOutside {
            column: column.name.clone().into_owned(),
            value: value.to_string(),
            training: format!("{least} to {largest}"),
        }),
    }
}

/// What features are made of, and what is worth a warning; `None` where a column of this kind does not take such a value.
fn taken(kind: &Kind, value: Value<'_>) -> Option<(Cell, Option<String>)> {
    if value == Value::Missing {
        return Some((Cell::Missing, None));
    }
    match (kind, value) {
        (Kind::Number { .. }, Value::Number(number)) if number.is_finite() => {
            Some((Cell::Number(number), None))
        }
        (Kind::Boolean, _) => Some((Cell::Number(f64::from(u8::from(truth(value)?))), None)),
        (Kind::Category { levels }, _) => {
            let code = match value {
                Value::Text(text) => levels.iter().position(|level| level == text.trim()),
                Value::Number(number) => levels
                    .iter()
                    .position(|level| level.parse::<f64>() == Ok(number)),
                Value::Truth(is) => levels
                    .iter()
                    .position(|level| truth(Value::Text(level)) == Some(is)),
                Value::Missing => None,
            };
            Some(match code {
                #[allow(clippy::cast_possible_truncation)] // Categories are few.
                Some(code) => (Cell::Code(code as u32), None),
                None => {
                    let warning = match value {
                        Value::Text(text) => format!("has the new category {:?}", short(text)),
                        Value::Number(number) => format!("has the new category {}", Number(number)),
                        _ => "has a new category".to_owned(),
                    };
                    (Cell::Unseen, Some(warning))
                }
            })
        }
        (Kind::Date { earliest }, Value::Text(text)) => Some((date(text, *earliest)?, None)),
        (Kind::Time, Value::Text(text)) => Some((time(clock(text.trim())?)?, None)),
        (Kind::Time, Value::Number(second)) => Some((time(second)?, None)),
        (Kind::Constant { value: always }, _) => {
            let same = match value {
                Value::Text(text) => *always == text.trim(),
                Value::Number(number) => always.parse::<f64>() == Ok(number),
                Value::Truth(is) => truth(Value::Text(always)) == Some(is),
                Value::Missing => true,
            };
            let warning = (!same).then(|| format!("was always {:?} in training", short(always)));
            Some((Cell::Missing, warning))
        }
        (Kind::Number { .. } | Kind::Date { .. } | Kind::Time, _) => None,
    }
}

fn truth(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Truth(is) => Some(is),
        Value::Number(1.0) => Some(true),
        Value::Number(0.0) => Some(false),
        Value::Text(text) => {
            let is = |words: &[&str]| {
                words
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case(text.trim()))
            };
            if is(&["true", "t", "yes", "y", "1", "on"]) {
                Some(true)
            } else if is(&["false", "f", "no", "n", "0", "off"]) {
                Some(false)
            } else {
                None
            }
        }
        Value::Number(_) | Value::Missing => None,
    }
}

/// `2024-03-01`, with a time behind it or not; a time zone shifts the trend.
fn date(text: &str, earliest: f64) -> Option<Cell> {
    let text = text.trim();
    let (day, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim())),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let year: i64 = digits(parts.next()?, 4)?;
    let (month, day) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if parts.next().is_some()
        || !(1..=12).contains(&month)
        || !(1..=days_of(month, year)).contains(&day)
    {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let (second, ahead) = match time {
        Some(time) => time_of_day(time)?,
        None => (0.0, 0),
    };
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )] // Days and hours.
    Some(Cell::Date {
        trend: (days as f64 + (second - 60.0 * ahead as f64) / SECONDS_OF_A_DAY - earliest)
            / DAYS_OF_A_YEAR,
        month: month as u32 - 1,
        // 1970-01-01 was a Thursday.
        weekday: (days + 3).rem_euclid(7) as u32,
        hour: ((second / 3600.0) as u32).min(23),
    })
}

/// A number of at most so many digits and nothing else.
fn digits(text: &str, most: usize) -> Option<i64> {
    let is = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    is.then(|| text.parse().ok()).flatten()
}

fn days_of(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar: of a year that begins in March, so that the day that is there every four years is its
/// last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// Seconds since midnight, and how many minutes the zone is ahead of UTC.
fn time_of_day(time: &str) -> Option<(f64, i64)> {
    let (clock_text, ahead) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time[..at].trim(), zone(&time[at..])?),
        None => (time, 0),
    };
    Some((clock(clock_text)?, ahead))
}

/// `14:05`, `14:05:30` or `2:05 pm` in seconds since midnight. 24:00 ends a day, and a leap second a minute.
fn clock(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ',')));
    let (time, half) = text.split_at(end.unwrap_or(text.len()));
    let half = half.trim();
    let mut parts = time.split(':');
    let (mut hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second: f64 = match parts.next() {
        Some(second) if second.starts_with(|c: char| c.is_ascii_digit()) => {
            second.replace(',', ".").parse().ok()?
        }
        Some(_) => return None,
        None => 0.0,
    };
    if !half.is_empty() {
        let is = |names: [&str; 2]| names.iter().any(|name| half.eq_ignore_ascii_case(name));
        let add = match (is(["am", "a.m."]), is(["pm", "p.m."])) {
            (true, _) => 0,
            (_, true) => 12,
            _ => return None,
        };
        hour = (1..=12).contains(&hour).then_some(hour % 12 + add)?;
    }
    let is_valid = hour <= 24 && minute < 60 && second < 61.0 && parts.next().is_none();
    #[allow(clippy::cast_precision_loss)] // A day has few seconds.
    is_valid.then_some((3_600 * hour + 60 * minute) as f64 + second)
}

/// Of seconds since midnight.
fn time(second: f64) -> Option<Cell> {
    // As far as `clock` goes.
    let (sine, cosine) = (0.0..2.0 * SECONDS_OF_A_DAY)
        .contains(&second)
        .then(|| sine_and_cosine(second / SECONDS_OF_A_DAY))?;
    Some(Cell::Time { sine, cosine })
}

fn zone(text: &str) -> Option<i64> {
    let (sign, rest) = text.split_at(1);
    if sign.eq_ignore_ascii_case("z") {
        return rest.is_empty().then_some(0);
    }
    let (hours, minutes) = match rest.find(':') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None if rest.len() == 4 => rest.split_at(2),
        None => (rest, "0"),
    };
    let minutes = 60 * digits(hours, 2)? + digits(minutes, 2)?;
    Some(if sign == "-" { -minutes } else { minutes })
}

/// At most 40 characters of a text.
fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The column whose name differs in the fewest letters.
fn nearest(name: &str, columns: &[Column]) -> String {
    let name: Vec<char> = name.chars().take(60).flat_map(char::to_lowercase).collect();
    let nearest = columns
        .iter()
        .min_by_key(|column| distance(&name, &column.name));
    nearest.map_or_else(String::new, |column| short(&column.name))
}

/// How many letters are to be put in, taken out or changed (Levenshtein 1966).
fn distance(name: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (at, letter) in other
        .chars()
        .take(60)
        .flat_map(char::to_lowercase)
        .enumerate()
    {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (i, c) in name.iter().enumerate() {
            let changed = diagonal + usize::from(*c != letter);
            diagonal = row[i + 1];
            row[i + 1] = changed.min(diagonal + 1).min(row[i] + 1);
        }
    }
    row[name.len()]
}
