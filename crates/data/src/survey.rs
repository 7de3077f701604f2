//! What the cells of a column have in common, counted in one pass and in bounded memory.

mod counts;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use crate::cells::{Absence, Markers, short};
use crate::dates::{DateOrder, Moment, clock};
use crate::numbers::{CURRENCIES, Currency, NumberFormat, Shape, Signs};
pub(crate) use counts::{Clocks, Dates, Example, Numbers, Range};

/// More distinct texts than this are no categories.
pub(crate) const MOST_LEVELS: usize = 1000;
/// A text of more bytes than this is no category.
const LONGEST_LEVEL: usize = 200;
/// So many distinct cells are told apart; whether nearly all differ is judged by the rows up to there.
const MOST_DISTINCT: usize = 50_000;
/// So many lines with missing cells are remembered.
pub(crate) const LINES_NAMED: usize = 5;

/// Cells that the same formats read as numbers.
#[derive(Clone, Debug)]
struct Alike {
    formats: u8,
    count: u64,
    first: Example,
    /// Of their numbers, read with decimal points and with decimal commas.
    points: Range,
    commas: Range,
}

/// A column, as far as it has been seen.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    pub(crate) rows: u64,
    /// Cells that are missing whatever the column is.
    pub(crate) missing: u64,
    /// Cells that are missing if the column is numbers.
    pub(crate) among_numbers: u64,
    /// Of these the dashes, which are missing if the column is classes.
    pub(crate) dashes: u64,
    /// The first lines with cells that are missing.
    pub(crate) missing_lines: Vec<u64>,
    alike: Vec<Alike>,
    /// How many cells have a percent sign.
    pub(crate) percent: u64,
    /// How many cells are of each currency.
    currencies: [u64; CURRENCIES],
    parentheses: bool,
    /// The first infinite number.
    pub(crate) infinite: Option<Example>,
    dates: [Dates; DateOrder::ALL.len()],
    /// The first date that is another one with the day first than with the month first.
    pub(crate) two_ways: Option<Example>,
    pub(crate) clocks: Clocks,
    levels: HashMap<Box<str>, u64>,
    /// Whether there are more, or longer ones.
    levels_overflow: bool,
    hashes: HashSet<u64, BuildHasherDefault<DefaultHasher>>,
    /// The rows with texts while distinct ones were counted.
    rows_told_apart: u64,
    /// Of all cells that are not missing.
    bytes: u64,
    /// The first distinct cells.
    pub(crate) examples: Vec<String>,
    /// The first number, and the next one if each is one more than the one before; `None` where they do not count.
    counter: Option<(i64, i64)>,
}

impl Survey {
    pub(crate) fn new() -> Self {
        let dates = || Dates {
            count: 0,
            first_other: None,
            earliest: f64::INFINITY,
            latest: f64::NEG_INFINITY,
            months: 0,
            weekdays: 0,
            hours: 0,
            days_of_month: 0,
        };
        Self {
            rows: 0,
            missing: 0,
            among_numbers: 0,
            dashes: 0,
            missing_lines: Vec::new(),
            alike: Vec::new(),
            percent: 0,
            currencies: [0; CURRENCIES],
            parentheses: false,
            infinite: None,
            dates: DateOrder::ALL.map(|_| dates()),
            two_ways: None,
            clocks: Clocks {
                count: 0,
                first_other: None,
                range: Range::NONE,
            },
            levels: HashMap::new(),
            levels_overflow: false,
            hashes: HashSet::default(),
            rows_told_apart: 0,
            bytes: 0,
            examples: Vec::new(),
            counter: None,
        }
    }

    pub(crate) fn observe(&mut self, line: u64, cell: &str, markers: &Markers) {
        let is_first = self.rows == 0;
        self.rows += 1;
        let absence = markers.absence(cell);
        if absence != Absence::Present {
            self.counter = None;
            if self.missing_lines.len() < LINES_NAMED {
                self.missing_lines.push(line);
            }
        }
        match absence {
            Absence::Always => self.missing += 1,
            Absence::AmongNumbers | Absence::Dash => {
                self.among_numbers += 1;
                self.dashes += u64::from(absence == Absence::Dash);
                self.observe_text(cell);
            }
            Absence::Present => {
                self.observe_text(cell);
                let shape = Shape::of(cell);
                self.observe_number(line, cell, shape, is_first);
                if shape.formats == 0 {
                    self.observe_date(line, cell);
                    self.observe_clock(line, cell);
                } else {
                    let dates = self.dates.iter_mut().map(|dates| &mut dates.first_other);
                    for other in dates.chain([&mut self.clocks.first_other]) {
                        if other.is_none() {
                            *other = Some(Example::new(line, cell));
                        }
                    }
                }
            }
        }
    }

    fn observe_text(&mut self, cell: &str) {
        self.bytes += cell.len() as u64;
        if !self.levels_overflow {
            if let Some(count) = self.levels.get_mut(cell) {
                *count += 1;
                self.rows_told_apart += 1;
                return;
            }
            if self.examples.len() < 3 {
                self.examples.push(short(cell));
            }
            if self.levels.len() < MOST_LEVELS && cell.len() <= LONGEST_LEVEL {
                self.levels.insert(cell.into(), 1);
                self.rows_told_apart += 1;
                return;
            }
            self.levels_overflow = true;
            let hasher = self.hashes.hasher().clone();
            let known = std::mem::take(&mut self.levels);
            self.hashes
                .extend(known.keys().map(|text| hasher.hash_one(&**text)));
        }
        if self.hashes.len() < MOST_DISTINCT {
            self.rows_told_apart += 1;
            let hash = self.hashes.hasher().hash_one(cell);
            self.hashes.insert(hash);
        }
    }

    fn observe_number(&mut self, line: u64, cell: &str, shape: Shape, is_first: bool) {
        let signs = shape.signs;
        self.percent += u64::from(signs.percent);
        self.parentheses |= signs.parentheses;
        if let Some(currency) = signs.currency {
            self.currencies[currency.place()] += 1;
        }
        let at = match self
            .alike
            .iter()
            .position(|alike| alike.formats == shape.formats)
        {
            Some(at) => at,
            None => {
                self.alike.push(Alike {
                    formats: shape.formats,
                    count: 0,
                    first: Example::new(line, cell),
                    points: Range::NONE,
                    commas: Range::NONE,
                });
                self.alike.len() - 1
            }
        };
        let alike = &mut self.alike[at];
        alike.count += 1;
        let [points, commas] = shape.values(cell);
        for (value, range) in [(points, &mut alike.points), (commas, &mut alike.commas)] {
            match value {
                Some(value) if value.is_finite() => range.add(value),
                Some(_) if self.infinite.is_none() => {
                    self.infinite = Some(Example::new(line, cell));
                }
                _ => {}
            }
        }
        if is_first || self.counter.is_some() {
            self.counter = match (cell.parse::<i64>(), self.counter) {
                (Ok(value), None) => Some((value, value.wrapping_add(1))),
                (Ok(value), Some((first, next))) if value == next => {
                    Some((first, value.wrapping_add(1)))
                }
                _ => None,
            };
        }
    }

    fn observe_date(&mut self, line: u64, cell: &str) {
        if self.two_ways.is_none() {
            let orders = [DateOrder::DayMonthYear, DateOrder::MonthDayYear];
            if let [Some(day_first), Some(month_first)] = orders.map(|o| Moment::parse(cell, o))
                && day_first != month_first
            {
                self.two_ways = Some(Example::new(line, cell));
            }
        }
        for (order, dates) in DateOrder::ALL.into_iter().zip(&mut self.dates) {
            let Some(moment) = Moment::parse(cell, order) else {
                if dates.first_other.is_none() {
                    dates.first_other = Some(Example::new(line, cell));
                }
                continue;
            };
            dates.count += 1;
            let days = moment.days();
            dates.earliest = dates.earliest.min(days);
            dates.latest = dates.latest.max(days);
            dates.months |= 1 << moment.month();
            dates.weekdays |= 1 << moment.weekday();
            dates.hours |= 1 << moment.hour();
            dates.days_of_month |= 1 << (moment.day_of_month() - 1);
        }
    }

    fn observe_clock(&mut self, line: u64, cell: &str) {
        match clock(cell) {
            Some(second) => {
                self.clocks.count += 1;
                self.clocks.range.add(second);
            }
            None if self.clocks.first_other.is_none() => {
                self.clocks.first_other = Some(Example::new(line, cell));
            }
            None => {}
        }
    }

    /// Cells that are there, if the column is texts.
    pub(crate) fn texts(&self) -> u64 {
        self.rows - self.missing
    }

    /// Cells that are there, if the column is numbers.
    pub(crate) fn present(&self) -> u64 {
        self.texts() - self.among_numbers
    }

    /// How many distinct texts there are, or at least so many.
    pub(crate) fn distinct(&self) -> usize {
        self.levels.len().max(self.hashes.len())
    }

    /// The distinct texts with their counts, if they are few and short.
    pub(crate) fn levels(&self) -> Option<&HashMap<Box<str>, u64>> {
        (!self.levels_overflow).then_some(&self.levels)
    }

    /// Whether distinct cells are no longer counted.
    pub(crate) fn is_saturated(&self) -> bool {
        self.hashes.len() >= MOST_DISTINCT
    }

    /// The share of rows that have a text of their own.
    pub(crate) fn share_of_distinct(&self) -> f64 {
        self.distinct() as f64 / self.rows_told_apart.max(1) as f64
    }

    /// The mean length of the cells that are there, in bytes.
    pub(crate) fn mean_length(&self) -> f64 {
        self.bytes as f64 / self.texts().max(1) as f64
    }

    /// The first number, if the cells count the rows: each is one more than the one before, and none is missing.
    pub(crate) fn counts_from(&self) -> Option<i64> {
        self.counter.map(|(first, _)| first)
    }

    /// How many cells show a decimal point (first) or comma that is no thousands separator.
    pub(crate) fn decimals(&self) -> (u64, u64) {
        let count = |points: bool| {
            let shows = |alike: &&Alike| Shape::evidence(alike.formats) == Some(points);
            self.alike.iter().filter(shows).map(|a| a.count).sum()
        };
        (count(true), count(false))
    }

    /// The currencies that there are, each with its number of cells, the most frequent first.
    pub(crate) fn currencies(&self) -> Vec<(String, u64)> {
        let all = self.currencies.iter().enumerate();
        let there = all.filter(|(_, count)| **count > 0);
        let mut named: Vec<(String, u64)> = there
            .map(|(place, &count)| (Currency::name(place), count))
            .collect();
        named.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        named
    }

    /// The column as numbers.
    pub(crate) fn numbers(&self, habit: crate::numbers::Habit) -> Numbers {
        let shapes: Vec<(u8, u64)> = self.alike.iter().map(|a| (a.formats, a.count)).collect();
        let currency = self.currencies.iter().position(|count| *count > 0);
        let signs = Signs {
            percent: self.percent > 0,
            currency: currency.map(Currency::at),
            parentheses: self.parentheses,
        };
        let (format, count) = NumberFormat::choose(&shapes, habit, signs);
        let mut range = Range::NONE;
        let mut first_other: Option<&Example> = None;
        let (mut separated, mut ambiguous) = (false, None);
        for alike in &self.alike {
            if format.reads(alike.formats) {
                range.merge(if format.has_decimal_point() {
                    &alike.points
                } else {
                    &alike.commas
                });
                separated |= Shape::is_separated(alike.formats);
                if Shape::is_ambiguous(alike.formats) {
                    ambiguous = Some(alike.first.cell.clone());
                }
            } else if first_other.is_none_or(|other| alike.first.line < other.line) {
                first_other = Some(&alike.first);
            }
        }
        Numbers {
            format,
            count,
            range,
            first_other: first_other.cloned(),
            separated,
            ambiguous,
        }
    }

    /// The column as dates, in the order that reads most cells; the other order that reads as many, if there is one. Of two such
    /// orders the one with the day first, if that is said.
    pub(crate) fn dates(&self, said: Option<bool>) -> (DateOrder, &Dates, Option<DateOrder>) {
        let [year_first, day_first, month_first, named] = &self.dates;
        let most = self.dates.iter().map(|dates| dates.count).max();
        if Some(year_first.count) == most {
            return (DateOrder::YearMonthDay, year_first, None);
        }
        if Some(named.count) == most {
            return (DateOrder::MonthNamed, named, None);
        }
        if day_first.count != month_first.count {
            return if Some(day_first.count) == most {
                (DateOrder::DayMonthYear, day_first, None)
            } else {
                (DateOrder::MonthDayYear, month_first, None)
            };
        }
        // The first of each month is likelier than January of each year.
        let is_monthly = month_first.days_of_month == 1 && day_first.days_of_month != 1;
        if !said.unwrap_or(!is_monthly) {
            (
                DateOrder::MonthDayYear,
                month_first,
                Some(DateOrder::DayMonthYear),
            )
        } else {
            (
                DateOrder::DayMonthYear,
                day_first,
                Some(DateOrder::MonthDayYear),
            )
        }
    }
}
