//! Numbers, effects and verdicts in words.

use smallbatch_evidence::{Needed, Scale, Verdict};

use crate::results::{Answer, Part, Prediction, Results, Summary, TableAnswer};

/// What stands where there is no number.
const NONE: &str = "–";
/// A number of needed repetitions that also stands for more.
const MOST_REPETITIONS: usize = 8_192;

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

/// The size of an effect: an estimate with its interval, and how many pairs are cut at the horizon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) estimate: Option<f64>,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) scale: Scale,
    /// Pairs in which the first side did not arrive, so that their factor is "at least".
    first_cut: usize,
    /// Pairs in which the second side did not arrive, so that their factor is "at most".
    second_cut: usize,
}

/// What cut pairs make of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Exact,
    AtLeast,
    AtMost,
    /// Pairs are cut on both sides.
    Either,
}

impl Size {
    pub(crate) fn of(answer: &Answer) -> Self {
        let cut = (answer.n_censored, answer.n_censored_second);
        Self::new(
            answer.estimate,
            (answer.low, answer.high),
            answer.scale,
            cut,
        )
    }

    pub(crate) fn of_table(row: &TableAnswer, scale: Scale) -> Self {
        let cut = (row.n_censored, row.n_censored_second);
        Self::new(row.estimate, (row.low, row.high), scale, cut)
    }

    /// A range without an estimate.
    pub(crate) fn of_prediction(prediction: &Prediction, scale: Scale) -> Self {
        Self::new(None, (prediction.low, prediction.high), scale, (0, 0))
    }

    pub(crate) fn of_part(part: &Part, scale: Scale) -> Self {
        Self::new(part.estimate, (part.low, part.high), scale, (0, 0))
    }

    fn new(
        estimate: Option<f64>,
        (low, high): (f64, f64),
        scale: Scale,
        (cut, second_cut): (usize, usize),
    ) -> Self {
        let estimate = estimate.filter(|value| value.is_finite());
        let first_cut = cut.saturating_sub(second_cut);
        Self {
            estimate,
            low,
            high,
            scale,
            first_cut,
            second_cut,
        }
    }

    pub(crate) fn bound(&self) -> Bound {
        match (self.first_cut, self.second_cut) {
            (0, 0) => Bound::Exact,
            (_, 0) => Bound::AtLeast,
            (0, _) => Bound::AtMost,
            (_, _) => Bound::Either,
        }
    }

    /// The estimate in a table: `9.3`, `≥ 9.3` with cut pairs.
    pub(crate) fn in_cell(&self) -> String {
        self.with(["", "≥ ", "≤ ", "≈ "])
    }

    /// The estimate in a sentence: `9.3`, `at least 9.3` with cut pairs.
    pub(crate) fn in_words(&self) -> String {
        self.with(["", "at least ", "at most ", "about "])
    }

    fn with(&self, [exact, at_least, at_most, either]: [&str; 4]) -> String {
        let Some(estimate) = self.estimate else {
            return NONE.into();
        };
        let before = match self.bound() {
            Bound::Exact => exact,
            Bound::AtLeast => at_least,
            Bound::AtMost => at_most,
            Bound::Either => either,
        };
        format!("{before}{}", amount(estimate, self.scale))
    }

    /// The interval: `2.1 to 5.6`, `2.1 or more`; nothing where neither end is known.
    pub(crate) fn interval(&self) -> String {
        if self.estimate == Some(self.low) && self.low == self.high {
            return "counted".into();
        }
        range(self.low, self.high, self.scale)
    }

    /// Estimate and interval together: `9.3 (2.1 to 40)`.
    pub(crate) fn in_brackets(&self) -> String {
        match self.interval() {
            interval if interval.is_empty() => self.in_cell(),
            interval => format!("{} ({interval})", self.in_cell()),
        }
    }
}

/// An interval of effects: `2.1 to 5.6`, `2.1 or more`; nothing where neither end is known.
pub(crate) fn range(low: f64, high: f64, scale: Scale) -> String {
    let end = |value| amount(value, scale);
    match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("{} to {}", end(low), end(high)),
        (true, false) => format!("{} or more", end(low)),
        (false, true) => format!("{} or less", end(high)),
        (false, false) => String::new(),
    }
}

/// An effect's number. Ratios have two digits, and two decimals where they are near 1.
pub(crate) fn amount(value: f64, scale: Scale) -> String {
    match scale {
        Scale::Ratio if (0.1..1.995).contains(&value) => format!("{value:.2}"),
        Scale::Ratio => significant(value, 2),
        Scale::Difference => number(value),
    }
}

/// The answer as a sentence with its number.
pub(crate) fn sentence(answer: &Answer) -> String {
    let size = Size::of(answer);
    if size.estimate.is_none() {
        return "No table has an effect.".into();
    }
    if answer.words.is_empty() {
        return format!("{}: {}.", answer.unit, size.in_words());
    }
    answer.words.replace("{effect}", &size.in_words())
}

/// The same, with the interval in brackets.
pub(crate) fn sentence_with_interval(answer: &Answer) -> String {
    let sentence = sentence(answer);
    match Size::of(answer).interval() {
        interval if interval.is_empty() => sentence,
        interval => format!("{} ({interval}).", sentence.trim_end_matches('.')),
    }
}

/// The answer in a few words, with the interval of the mean over tables: "training loss 2.7 to 7.6 times as high".
pub(crate) fn brief(answer: &Answer) -> String {
    let size = Size::of(answer);
    if size.estimate.is_none() {
        return "no table has an effect".into();
    }
    let interval = interval_in_words(answer);
    if answer.brief.is_empty() {
        return format!("{}: {interval}", answer.unit);
    }
    answer.brief.replace("{effect}", &interval)
}

/// The interval for a sentence without an estimate. Where most pairs are cut, its upper end is that of the cut, and says nothing.
fn interval_in_words(answer: &Answer) -> String {
    let size = Size::of(answer);
    let n_first = answer.n_censored.saturating_sub(answer.n_censored_second);
    if 2 * n_first > answer.n_pairs {
        return range(size.low, f64::INFINITY, answer.scale);
    }
    match size.interval() {
        interval if interval.is_empty() || interval == "counted" => size.in_words(),
        interval => interval,
    }
}

/// On how many of 10 new tables a claim is expected to hold.
pub(crate) fn of_ten(answer: &Answer) -> Option<String> {
    // Of one of several effects it says nothing of the claim.
    let prediction = answer.prediction.as_ref();
    let prediction = prediction.filter(|_| foretold_alone(answer).is_none())?;
    let share = prediction.share.filter(|share| share.is_finite())?;
    Some(format!("{:.0}", 10.0 * share))
}

/// What the answers come down to, a sentence for each claim that has one; without any, how many hold.
pub(crate) fn summary(results: &Results) -> Vec<String> {
    let told = |summary: &Summary| {
        let answer = results.primary(&summary.claim)?;
        let sentence = match answer.verdict {
            verdict if holds(verdict, answer.same) => &summary.yes,
            Verdict::Inconclusive { .. } => &summary.open,
            Verdict::Supported | Verdict::Refuted | Verdict::Equivalent => &summary.no,
        };
        let interval = interval_in_words(answer);
        let share = of_ten(answer).unwrap_or_else(|| NONE.into());
        let sentence = sentence
            .replace("{effect}", &interval)
            .replace("{share}", &share);
        (!interval.is_empty()).then_some(sentence)
    };
    let sentences: Vec<String> = results.summary.iter().filter_map(told).collect();
    if !sentences.is_empty() || results.claims.is_empty() {
        return sentences;
    }
    let answers = || {
        results
            .claims
            .iter()
            .filter_map(|note| results.primary(&note.id))
    };
    let yes = answers()
        .filter(|answer| holds(answer.verdict, answer.same))
        .count();
    let open = answers()
        .filter(|answer| matches!(answer.verdict, Verdict::Inconclusive { .. }))
        .count();
    let all = answers().count();
    vec![format!(
        "Of {}, {yes} hold, {} do not, and {open} cannot be told.",
        counted(all, "claim"),
        all - yes - open
    )]
}

/// The part that a prediction is of, where not all can be foretold: how much tables differ among each other is no effect on one.
pub(crate) fn foretold_alone(answer: &Answer) -> Option<&Part> {
    let is_on_one_table = |part: &&Part| !part.between_tables;
    let some_are_not = answer.parts.iter().any(|part| part.between_tables);
    let foretold = answer.parts.iter().find(is_on_one_table);
    foretold.filter(|_| some_are_not)
}

/// What to expect of a new table: "On a new table: 0.8 to 21, holds on 84 of 100".
pub(crate) fn on_a_new_table(answer: &Answer) -> Option<String> {
    let prediction = answer.prediction.as_ref()?;
    let range = range(prediction.low, prediction.high, answer.scale);
    let share = prediction.share.filter(|share| share.is_finite())?;
    let holds = format!("holds on {:.0} of 100", 100.0 * share);
    let expected = [range, holds];
    let expected: Vec<String> = expected
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let what = match foretold_alone(answer) {
        Some(part) => format!("{}, on a new table", capital(&part.unit)),
        None => "On a new table".into(),
    };
    Some(format!("{what}: {}", expected.join(", ")))
}

/// Whether a verdict says that the claim holds: of a claim of sameness, equivalence is what it claims.
pub(crate) fn holds(verdict: Verdict, same: bool) -> bool {
    verdict == Verdict::Supported || (same && verdict == Verdict::Equivalent)
}

/// The verdict for people: what one would say if asked.
pub(crate) fn verdict(verdict: Verdict, same: bool) -> &'static str {
    match verdict {
        Verdict::Supported => "yes",
        Verdict::Equivalent if same => "yes",
        Verdict::Refuted => "no",
        Verdict::Equivalent => "about the same",
        Verdict::Inconclusive { .. } => "cannot tell",
    }
}

/// The sign that stands before the verdict.
pub(crate) fn sign(verdict: Verdict, same: bool) -> &'static str {
    match verdict {
        Verdict::Supported => "✓",
        Verdict::Equivalent if same => "✓",
        Verdict::Refuted => "✗",
        Verdict::Equivalent => "≈",
        Verdict::Inconclusive { .. } => "?",
    }
}

/// What would settle an open question: "about 16 to 64 repetitions needed in all".
pub(crate) fn needed(needed: Option<&Needed>) -> Option<String> {
    match needed? {
        Needed::Repetitions { from, .. } if *from >= MOST_REPETITIONS => Some(format!(
            "{} repetitions or more needed in all",
            count(*from)
        )),
        Needed::Repetitions { from, to } if from == to => Some(format!(
            "about {} needed in all",
            counted(*from, "repetition")
        )),
        Needed::Repetitions { from, to } => {
            let more = if *to >= MOST_REPETITIONS {
                " or more"
            } else {
                ""
            };
            let (from, to) = (count(*from), count(*to));
            Some(format!(
                "about {from} to {to}{more} repetitions needed in all"
            ))
        }
        Needed::MoreTables => Some("more tables needed".into()),
        Needed::Unknown => None,
    }
}

/// A text with a capital letter at its beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
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
    fn ratios_have_two_digits_and_two_decimals_near_one() {
        for (value, text) in [
            (1.0234, "1.02"),
            (0.87, "0.87"),
            (1.999, "2.0"),
            (3.44, "3.4"),
            (9.96, "10"),
            (123.0, "120"),
            (0.0234, "0.023"),
        ] {
            assert_eq!(amount(value, Scale::Ratio), text);
        }
    }

    #[test]
    fn cut_pairs_make_bounds_and_open_ends_are_said() {
        let size = |first_cut, second_cut| Size {
            estimate: Some(10.0),
            low: 4.0,
            high: f64::INFINITY,
            scale: Scale::Ratio,
            first_cut,
            second_cut,
        };
        assert_eq!(size(0, 0).in_brackets(), "10 (4.0 or more)");
        assert_eq!(size(3, 0).in_words(), "at least 10");
        assert_eq!(size(0, 1).in_cell(), "≤ 10");
        assert_eq!(size(2, 1).in_cell(), "≈ 10");
        let counted = Size {
            low: 10.0,
            high: 10.0,
            ..size(0, 0)
        };
        assert_eq!(counted.in_brackets(), "10 (counted)");
    }

    #[test]
    fn what_would_settle_it_is_said() {
        let said = |from, to| needed(Some(&Needed::Repetitions { from, to })).unwrap_or_default();
        assert_eq!(said(16, 16), "about 16 repetitions needed in all");
        assert_eq!(said(16, 64), "about 16 to 64 repetitions needed in all");
        assert_eq!(
            said(64, 8_192),
            "about 64 to 8,192 or more repetitions needed in all"
        );
        assert_eq!(
            said(8_192, 8_192),
            "8,192 repetitions or more needed in all"
        );
        assert_eq!(
            needed(Some(&Needed::MoreTables)).as_deref(),
            Some("more tables needed")
        );
        assert_eq!(needed(Some(&Needed::Unknown)), None);
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
