//! Dates and times of day.

use super::{Candidate, Decision};
use crate::Error;
use crate::column::{CalendarPart, ColumnKind, Reading};
use crate::dates::{DateOrder, Moment, written, written_clock};

/// What a cell of times has to be.
pub(crate) const TIME: &str = "a time of day (14:05)";

/// What a cell of dates has to be.
pub(crate) fn expected_date(order: DateOrder) -> &'static str {
    match order {
        DateOrder::YearMonthDay => "a date (yyyy-mm-dd)",
        DateOrder::DayMonthYear => "a date (dd.mm.yyyy)",
        DateOrder::MonthDayYear => "a date (mm/dd/yyyy)",
        DateOrder::MonthNamed => "a date (1 Jan 2024)",
    }
}

impl Candidate<'_> {
    pub(super) fn as_dates(&self) -> Result<(Reading, String), Error> {
        let (order, dates, other) = self.survey.dates(self.day_first);
        if let Some(bad) = &dates.first_other {
            return Err(self.bad(bad, expected_date(order)));
        }
        if dates.count == 0 {
            return Err(self.nothing_of(ColumnKind::Date));
        }
        let parts = [
            (CalendarPart::Month, dates.months),
            (CalendarPart::Weekday, dates.weekdays),
            (CalendarPart::Hour, dates.hours),
        ];
        let parts = parts
            .into_iter()
            .filter(|(_, seen)| seen.count_ones() > 1)
            .map(|(part, _)| part)
            .collect();
        let mut reason = format!(
            "dates from {} to {}",
            written(dates.earliest),
            written(dates.latest)
        );
        if order != DateOrder::YearMonthDay {
            reason = format!("{reason}, written {}", order.words());
        }
        if let Some(other) = other {
            reason = match self.day_first {
                Some(_) => format!("{reason}, as declared"),
                None => format!("{reason} (as {} they could be read, too)", other.words()),
            };
        }
        let reading = Reading::Dates {
            order,
            earliest: dates.earliest,
            latest: Some(dates.latest),
            parts,
        };
        Ok((reading, reason))
    }

    /// Dates that can be read in two ways, where nothing was said of them.
    pub(super) fn assumed(&self, order: DateOrder) -> Option<String> {
        let (_, _, other) = self.survey.dates(self.day_first);
        let other = other.filter(|_| self.day_first.is_none())?;
        let cell = &self.survey.two_ways.as_ref()?.cell;
        let [is, may_be] = [order, other].map(|order| Moment::parse(cell, order));
        let [is, may_be] = [is?, may_be?].map(|moment| written(moment.days()));
        let (first, setting) = match order {
            DateOrder::DayMonthYear => ("day", "false"),
            _ => ("month", "true"),
        };
        Some(format!(
            "its dates are read with the {first} first, and can be read in another way: {cell} is read as {is}, and not as {may_be}; if that is wrong, declare it (`day-first = {setting}`)"
        ))
    }

    pub(super) fn as_clocks(&self) -> Result<String, Error> {
        let clocks = &self.survey.clocks;
        if let Some(bad) = &clocks.first_other {
            return Err(self.bad(bad, TIME));
        }
        if clocks.count == 0 {
            return Err(self.nothing_of(ColumnKind::Time));
        }
        let [first, last] = [clocks.range.least, clocks.range.largest].map(written_clock);
        Ok(format!("times of day from {first} to {last}"))
    }

    /// When the rows happened: dates or numbers.
    pub(crate) fn as_time(&self) -> Result<Decision, Error> {
        let (_, dates, _) = self.survey.dates(self.day_first);
        let kind = if dates.count > self.survey.numbers(self.habit).count {
            ColumnKind::Date
        } else {
            ColumnKind::Number
        };
        self.as_kind(kind)
    }
}
