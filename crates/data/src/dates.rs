//! Dates and times as they are written, and their calendar parts.

use serde::{Deserialize, Serialize};

/// The names of the months, in their order.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of the days, in their order.
pub(crate) const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
/// The mean length of a year in days.
pub(crate) const DAYS_OF_A_YEAR: f64 = 365.25;

/// The order in which day, month and year are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DateOrder {
    /// 2024-03-01, also with a time behind: `2024-03-01T12:30:00Z`.
    YearMonthDay,
    /// 01.03.2024 or 1/3/2024.
    DayMonthYear,
    /// 03/01/2024.
    MonthDayYear,
    /// 1 Mar 2024, Mar 1, 2024, 01-Mar-24: with the month's English name, in whatever order.
    MonthNamed,
}

impl DateOrder {
    pub(crate) const ALL: [Self; 4] = [
        Self::YearMonthDay,
        Self::DayMonthYear,
        Self::MonthDayYear,
        Self::MonthNamed,
    ];

    /// As people write it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::YearMonthDay => "yyyy-mm-dd",
            Self::DayMonthYear => "dd.mm.yyyy",
            Self::MonthDayYear => "mm/dd/yyyy",
            Self::MonthNamed => "with names of months",
        }
    }
}

/// A moment as it is written, in its own time zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment {
    /// Days since 1970-01-01.
    day: i64,
    /// Seconds since midnight.
    second: f64,
    /// How far the time zone is ahead of UTC, in minutes.
    ahead: i32,
}

impl Moment {
    /// Reads a date with or without a time and a time zone.
    pub(crate) fn parse(cell: &str, order: DateOrder) -> Option<Self> {
        let bytes = cell.as_bytes();
        // "1/1/2024" and the longest with fractions of seconds and a zone.
        if !(7..=40).contains(&bytes.len()) {
            return None;
        }
        if order == DateOrder::MonthNamed {
            let (day, time) = named_date(bytes)?;
            let (second, ahead) = match time {
                [] => (0.0, 0),
                [b'T' | b't', time @ ..] | time => time_of_day(time)?,
            };
            return Some(Self { day, second, ahead });
        }
        if !bytes[0].is_ascii_digit() {
            return None;
        }
        let end = bytes
            .iter()
            .position(|byte| matches!(byte, b' ' | b'T' | b't'))
            .unwrap_or(bytes.len());
        let day = date(&bytes[..end], order)?;
        let (second, ahead) = match bytes.get(end + 1..) {
            Some(time) => time_of_day(time.trim_ascii())?,
            None => (0.0, 0),
        };
        Some(Self { day, second, ahead })
    }

    /// Days since 1970-01-01 in UTC.
    pub(crate) fn days(self) -> f64 {
        self.day as f64 + (self.second - 60.0 * f64::from(self.ahead)) / 86_400.0
    }

    /// The month, from 0, as it is written.
    pub(crate) fn month(self) -> u32 {
        civil(self.day).1 - 1
    }

    /// The day of the month, from 1.
    pub(crate) fn day_of_month(self) -> u32 {
        civil(self.day).2
    }

    /// The day of the week, from 0 for Monday.
    pub(crate) fn weekday(self) -> u32 {
        // 1970-01-01 was a Thursday.
        (self.day + 3).rem_euclid(7) as u32
    }

    /// The hour, from 0.
    pub(crate) fn hour(self) -> u32 {
        ((self.second / 3600.0) as u32).min(23)
    }
}

/// Seconds since midnight of a time alone: `14:05`, `14:05:30` or `2:05 pm`, without a zone.
pub(crate) fn clock(cell: &str) -> Option<f64> {
    let bytes = cell.as_bytes();
    let colon = bytes.iter().take(3).position(|byte| *byte == b':')?;
    // "16:9" is a ratio.
    let has_minutes = bytes.len() >= colon + 3 && bytes[colon + 2].is_ascii_digit();
    let ends_like_a_clock = bytes
        .last()
        .is_some_and(|last| last.is_ascii_digit() || matches!(last, b'm' | b'M' | b'.'));
    if !has_minutes || !ends_like_a_clock || bytes.len() > 20 {
        return None;
    }
    match time_of_day(bytes)? {
        (second, 0) => Some(second),
        _ => None,
    }
}

/// A time of day as it is written: `14:05`.
pub(crate) fn written_clock(second: f64) -> String {
    let minutes = (second / 60.0).floor();
    let (hour, minute) = ((minutes / 60.0).floor(), minutes % 60.0);
    format!("{hour:02}:{minute:02}")
}

/// A date in days since 1970-01-01, as it is written.
pub(crate) fn written(days: f64) -> String {
    let (year, month, day) = civil(days.floor() as i64);
    format!("{year:04}-{month:02}-{day:02}")
}

fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 4 {
        return None;
    }
    bytes.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| 10 * value + i64::from(byte - b'0'))
    })
}

fn date(bytes: &[u8], order: DateOrder) -> Option<i64> {
    let separator = *bytes.iter().find(|byte| !byte.is_ascii_digit())?;
    let fits = match separator {
        b'-' | b'/' => true,
        // Nobody writes the month first with points.
        b'.' => order != DateOrder::MonthDayYear,
        _ => false,
    };
    if !fits {
        return None;
    }
    let mut parts = bytes.split(|byte| *byte == separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match order {
        DateOrder::YearMonthDay => (first, second, third),
        DateOrder::DayMonthYear => (third, second, first),
        DateOrder::MonthDayYear => (third, first, second),
        DateOrder::MonthNamed => return None,
    };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    day_of(digits(year)?, digits(month)?, digits(day)?)
}

/// A date with the name of its month, and what stands behind it.
fn named_date(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (mut first, mut rest) = part(bytes)?;
    if named(first, &WEEKDAYS).is_some() {
        (first, rest) = part(rest)?;
    }
    let (second, rest) = part(rest)?;
    let (third, rest) = part(rest)?;
    let (year, month, day) = match (named(first, &MONTHS), named(second, &MONTHS)) {
        (Some(month), None) => (third, month, second),
        (None, Some(month)) if first.len() == 4 => (first, month, third),
        (None, Some(month)) => (third, month, first),
        _ => return None,
    };
    let year = match (year.len(), digits(year)?) {
        (4, year) => year,
        // As POSIX has it.
        (2, year @ 69..) => 1900 + year,
        (2, year) => 2000 + year,
        _ => return None,
    };
    if day.len() > 2 {
        return None;
    }
    Some((day_of(year, month, digits(day)?)?, rest))
}

/// The letters or digits at the beginning of a text, and what stands behind them and what separates them.
fn part(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_digit = text.first()?.is_ascii_digit();
    let is_alike = |byte: &u8| byte.is_ascii_alphanumeric() && byte.is_ascii_digit() == is_digit;
    let end = text.iter().position(|byte| !is_alike(byte));
    let (part, rest) = text.split_at(end.unwrap_or(text.len()));
    let separates = |byte: &u8| matches!(byte, b' ' | b'-' | b'/' | b'.' | b',');
    let begins = rest.iter().position(|byte| !separates(byte));
    // "Fri, 1 Mar" has two.
    let begins = begins.unwrap_or(rest.len());
    (!part.is_empty() && begins <= 2).then(|| (part, &rest[begins..]))
}

/// Which of these is meant by its name or its first three letters, from 1.
fn named(word: &[u8], names: &[&str]) -> Option<i64> {
    let is_name = |name: &&str| {
        let is_short = word.len() == 3 && word.eq_ignore_ascii_case(&name.as_bytes()[..3]);
        is_short || word.eq_ignore_ascii_case(name.as_bytes())
    };
    if word.eq_ignore_ascii_case(b"sept") && names.len() == MONTHS.len() {
        return Some(9);
    }
    let at = names.iter().position(is_name)?;
    i64::try_from(at + 1).ok()
}

/// A date in days since 1970-01-01, if it is in the calendar.
fn day_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=length)
        .contains(&day)
        .then(|| days_of(year, month, day))
}

/// Seconds since midnight, and how many minutes the zone is ahead of UTC.
fn time_of_day(bytes: &[u8]) -> Option<(f64, i32)> {
    let clock_ends = bytes
        .iter()
        .position(|byte| !(byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',')))
        .unwrap_or(bytes.len());
    let (clock, zone) = bytes.split_at(clock_ends);
    let mut parts = clock.split(|byte| *byte == b':');
    let hour = digits(parts.next()?)?;
    let minute = digits(parts.next()?)?;
    let mut second = 0.0;
    if let Some(part) = parts.next() {
        let text = std::str::from_utf8(part).ok()?.replace(',', ".");
        second = text.parse::<f64>().ok()?;
    }
    let mut zone = zone.trim_ascii();
    let mut hour = hour;
    for (name, dotted, add) in [(b"am", b"a.m.", 0), (b"pm", b"p.m.", 12)] {
        if (zone.eq_ignore_ascii_case(name) || zone.eq_ignore_ascii_case(dotted))
            && (1..=12).contains(&hour)
        {
            hour = hour % 12 + add;
            zone = b"";
        }
    }
    // 24:00 ends a day, and a leap second a minute.
    let fits =
        (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..61.0).contains(&second);
    if !fits || parts.next().is_some() {
        return None;
    }
    let second = (hour * 3600 + minute * 60) as f64 + second;
    Some((second, ahead(zone)?))
}

/// `Z`, `UTC`, `+02`, `+0200`, `+02:00` or nothing, in minutes.
fn ahead(zone: &[u8]) -> Option<i32> {
    let (sign, rest) = match zone {
        [] | [b'Z' | b'z'] => return Some(0),
        _ if zone.eq_ignore_ascii_case(b"utc") => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.len() {
        2 => (digits(rest)?, 0),
        4 => (digits(&rest[..2])?, digits(&rest[2..])?),
        5 if rest[2] == b':' => (digits(&rest[..2])?, digits(&rest[3..])?),
        _ => return None,
    };
    ((0..=14).contains(&hours) && (0..60).contains(&minutes))
        .then_some(sign * (60 * hours + minutes) as i32)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so that a leap day is the last.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01; the inverse of [`days_of`].
fn civil(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (
        year + era * 400 + i64::from(month <= 2),
        month as u32,
        day as u32,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_five_centuries_is_the_one_after_the_day_before() {
        for day in -100_000..100_000 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days_of(year, i64::from(month), i64::from(of_month)), day);
        }
        assert_eq!(days_of(2000, 3, 1), 11_017);
        assert_eq!(written(11_017.5), "2000-03-01");
    }

    #[test]
    fn dates_are_read_in_three_orders() {
        for (cell, order) in [
            ("2024-03-01", DateOrder::YearMonthDay),
            ("2024/3/1", DateOrder::YearMonthDay),
            ("01.03.2024", DateOrder::DayMonthYear),
            ("1/3/2024", DateOrder::DayMonthYear),
            ("3/1/2024", DateOrder::MonthDayYear),
        ] {
            let moment = Moment::parse(cell, order).unwrap();
            assert_eq!(moment.days(), 19_783.0, "{cell}");
            assert_eq!((moment.month(), moment.weekday()), (2, 4), "{cell}");
        }
    }

    #[test]
    fn times_and_zones_are_read() {
        for (cell, hours) in [
            ("2024-03-01 12:30", 12.5),
            ("2024-03-01T12:30:00", 12.5),
            ("2024-03-01T12:30:00.000Z", 12.5),
            ("2024-03-01T14:30:00+02:00", 12.5),
            ("2024-03-01 07:30-0500", 12.5),
            ("2024-03-01 12:30 PM", 12.5),
            ("2024-03-01 12:30 am", 0.5),
            ("2024-03-01 24:00", 24.0),
        ] {
            let moment = Moment::parse(cell, DateOrder::YearMonthDay).unwrap();
            assert!(
                (24.0 * (moment.days() - 19_783.0) - hours).abs() < 1e-6,
                "{cell}"
            );
        }
        // The hour is the one on the clock there.
        let moment = Moment::parse("2024-03-01T23:30:00+02:00", DateOrder::YearMonthDay).unwrap();
        assert_eq!(moment.hour(), 23);
    }

    #[test]
    fn dates_with_names_of_months_are_read() {
        for (cell, hours) in [
            ("01 Mar 2024", 0.0),
            ("1 March 2024", 0.0),
            ("1-Mar-24", 0.0),
            ("01MAR2024", 0.0),
            ("01/mar/2024", 0.0),
            ("Mar 1, 2024", 0.0),
            ("Mar. 1 2024", 0.0),
            ("March 1, 2024", 0.0),
            ("2024-Mar-01", 0.0),
            ("Fri, 01 Mar 2024", 0.0),
            ("Friday, March 1, 2024", 0.0),
            ("Fri, 01 Mar 2024 14:30:00 +0200", 12.5),
            ("Mar 1, 2024 12:30 PM", 12.5),
            ("01-Mar-2024 12:30", 12.5),
            ("1 Mar 2024 12:30 p.m.", 12.5),
        ] {
            let moment = Moment::parse(cell, DateOrder::MonthNamed).unwrap();
            let found = 24.0 * (moment.days() - 19_783.0);
            assert!((found - hours).abs() < 1e-6, "{cell}");
            for order in &DateOrder::ALL[..3] {
                assert_eq!(Moment::parse(cell, *order), None, "{cell}");
            }
        }
        let year = |cell| Moment::parse(cell, DateOrder::MonthNamed).map(|m| civil(m.day).0);
        assert_eq!(year("7-Sept-68"), Some(2068));
        assert_eq!(year("7-Sep-69"), Some(1969));
        for cell in [
            "30 Feb 2024",
            "Mar 2024",
            "Mark 1 2024",
            "1 2 Mar 2024",
            "1 Mar 024",
            "1 Mar 2024 x",
            "Mar Mar 2024",
            "May 5 - 10",
            "1   Mar   2024",
            "Sun 12 05 2024",
        ] {
            assert_eq!(year(cell), None, "{cell}");
        }
    }

    #[test]
    fn times_alone_are_read() {
        for (cell, hours) in [
            ("14:05", 14.0 + 5.0 / 60.0),
            ("2:05 pm", 14.0 + 5.0 / 60.0),
            ("02:05PM", 14.0 + 5.0 / 60.0),
            ("12:00 a.m.", 0.0),
            ("00:00:30", 30.0 / 3600.0),
            ("24:00", 24.0),
        ] {
            let found = clock(cell).unwrap() / 3600.0;
            assert!((found - hours).abs() < 1e-9, "{cell}");
        }
        for cell in [
            "16:9",
            "14:60",
            "25:00",
            "14:05+02:00",
            "14:05Z",
            "12",
            "a:05",
            ":05",
            "13:05 pm",
            "1:2:3",
            "123:05",
            "",
        ] {
            assert_eq!(clock(cell), None, "{cell}");
        }
        assert_eq!(written_clock(14.0 * 3600.0 + 330.0), "14:05");
    }

    #[test]
    fn what_is_in_no_calendar_is_no_date() {
        for cell in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-03",
            "1.5",
            "20240301",
            "2024-3-1x",
            "2024-03-01 25:00",
            "2024-03-01 1",
            "a-b-c",
            "2024-03/01",
            "192.168.1.10",
        ] {
            for order in DateOrder::ALL {
                assert_eq!(Moment::parse(cell, order), None, "{cell}");
            }
        }
        assert!(Moment::parse("2024-02-29", DateOrder::YearMonthDay).is_some());
        assert_eq!(Moment::parse("13/02/2024", DateOrder::MonthDayYear), None);
    }
}
