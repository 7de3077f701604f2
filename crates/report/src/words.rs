//! Numbers, effects and answers in words. Here are numbers, lists and times.

mod answer;
mod size;

pub(crate) use answer::{
    brief, foretold_alone, holds, needed, of_ten, on_a_new_table, sentence, sentence_with_interval,
    sign, summary, verdict,
};
pub(crate) use size::{Bound, Size, amount, range};

/// What stands where there is no number.
const NONE: &str = "–";

/// A number for readers: three significant digits, without a needless exponent; a dash for what is no finite number.
///
/// ```
/// use smallbatch_report::number;
///
/// let numbers = [0.00123, 1.2, 12_345.6, 1e-4, f64::NAN].map(number);
/// assert_eq!(numbers, ["0.00123", "1.20", "12,300", "1.0e-4", "–"]);
/// ```
pub fn number(value: f64) -> String {
    significant(value, 3)
}

/// A number that was chosen round, such as a learning rate: as [`number`], without trailing zeros.
///
/// ```
/// use smallbatch_report::round_number;
///
/// assert_eq!([0.1, 32.0, 0.0316].map(round_number), ["0.1", "32", "0.0316"]);
/// ```
pub fn round_number(value: f64) -> String {
    let text = number(value);
    if text.contains('.') && !text.contains('e') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

/// As [`number`], with a dash for what there is none of.
pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.into(), number)
}

/// A whole number with commas: `12,300`.
pub(crate) fn count(value: usize) -> String {
    group_thousands(&value.to_string())
}

/// Some things: `1 table`, `1,200 tables`.
pub(crate) fn counted(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A part of a whole: `83 %`.
pub(crate) fn percent(part: f64) -> String {
    if part.is_finite() {
        format!("{}\u{a0}%", round_number((1000.0 * part).round() / 10.0))
    } else {
        NONE.into()
    }
}

/// A p-value: two digits, and nothing below a thousandth.
pub(crate) fn p_value(p: Option<f64>) -> String {
    match p.filter(|p| p.is_finite()) {
        None => NONE.into(),
        Some(p) if p < 0.001 => "< 0.001".into(),
        Some(p) => significant(p, 2),
    }
}

fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NONE.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    // The power after rounding: 9.96 with two digits is 10, not 10.0.
    let rounded = format!("{value:.*e}", digits - 1);
    let power = rounded
        .split_once('e')
        .and_then(|(_, power)| power.parse().ok());
    let power: i32 = power.unwrap_or(0);
    if !(-3..7).contains(&power) {
        return format!("{value:.1e}");
    }
    let decimals = (digits as i32 - 1 - power).max(0) as usize;
    let rounded: f64 = rounded.parse().unwrap_or(value);
    group_thousands(&format!("{rounded:.decimals$}"))
}

fn group_thousands(text: &str) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut grouped = String::from(sign);
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

/// A text with a capital letter at its beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A text as a sentence: with a capital letter and a full stop.
pub(crate) fn sentence_of(text: &str) -> String {
    let text = capital(text.trim());
    if text.is_empty() || text.ends_with(['.', '!', '?']) {
        text
    } else {
        text + "."
    }
}

/// "a", "a and b", "a, b and c".
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Each name once, in the order of their first appearance.
pub(crate) fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    names.into_iter().fold(Vec::new(), |mut seen, name| {
        if !seen.contains(&name) {
            seen.push(name);
        }
        seen
    })
}

/// The text, or its beginning with an ellipsis where it is longer than `width` characters; without control characters.
pub(crate) fn clip(text: &str, width: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().count() <= width {
        return clean.collect();
    }
    clean.take(width.saturating_sub(1)).chain(['…']).collect()
}

/// A moment as UTC text, `2026-03-09 17:04 UTC`, from seconds since 1970.
pub(crate) fn moment(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute) = (seconds / 3_600, seconds / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// Year, month and day of a day counted from 1970-01-01 (Hinnant's `civil_from_days`, for days from 1970 on).
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    // Years that begin in March, so that the leap day is the last; eras of 400 years.
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year_of_era + next_year, month, day)
}

/// A length of time: `31 s`, `4 min 12 s`, `2 h 5 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.001_234, "0.00123"),
            (0.123_4, "0.123"),
            (-1.2, "-1.20"),
            (9.996, "10.0"),
            (1_234.0, "1,230"),
            (1_234_567.0, "1,230,000"),
            (12_345_678.0, "1.2e7"),
            (-0.000_976, "-9.8e-4"),
            (f64::INFINITY, "–"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            (round_number(0.06), round_number(100.0)),
            ("0.06".into(), "100".into())
        );
        assert_eq!(percent(0.825), "82.5\u{a0}%");
        assert_eq!(
            (p_value(Some(1e-9)), p_value(Some(0.0312))),
            ("< 0.001".into(), "0.031".into())
        );
    }

    #[test]
    fn moments_and_durations() {
        assert_eq!(moment(0), "1970-01-01 00:00 UTC");
        assert_eq!(moment(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(moment(4_102_444_800), "2100-01-01 00:00 UTC");
        assert_eq!(duration(252.0), "4 min 12 s");
        assert_eq!(duration(7_500.0), "2 h 5 min");
    }
}
