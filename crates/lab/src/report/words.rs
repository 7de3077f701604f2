//! Numbers, effects and answers in words.

use std::collections::BTreeSet;

use super::correction::{Correction, corrected};
use crate::results::{ClaimResult, Effect, Results};
use crate::statistics::{Bound, Direction, Scale, Verdict};

/// Three significant digits, without a needless exponent: `0.00123`, `1.23`, `12,300`; two with one: `1.2e-4`, so that an
/// effect and the ends of its interval fit into a column together.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "∞".into()
        } else {
            "-∞".into()
        };
    }
    if value.is_nan() {
        return "–".into();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-3..7).contains(&magnitude) {
        return format!("{value:.1e}");
    }
    let decimals = (2 - magnitude).max(0) as usize;
    // Rounding may carry into a new digit (9.996 is 10.0), which is read off the rounded text.
    let rounding = 10f64.powi(2 - magnitude);
    let rounded = if magnitude > 2 {
        (value * rounding).round() / rounding
    } else {
        value
    };
    group_thousands(&format!("{rounded:.decimals$}"))
}

/// A whole number with commas: `12,300`.
pub(super) fn count(value: u64) -> String {
    group_thousands(&value.to_string())
}

/// A number that is usually whole: 33, and 33.5 when a median falls between two.
pub(super) fn whole(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
        count(value as u64)
    } else {
        number(value)
    }
}

/// A setting that was chosen round: as [`number`], without trailing zeros.
pub(crate) fn setting(value: f64) -> String {
    let text = number(value);
    if text.contains('.') && !text.contains('e') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

/// As [`number`], with a dash for what there is none of.
pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), number)
}

fn group_thousands(text: &str) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, ""), |(whole, rest)| (whole, rest));
    let mut grouped = String::from(sign);
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// The estimate of an effect: `9.30`, `≥ 9.30` with censored runs.
pub(super) fn estimate(effect: &Effect) -> String {
    let Some(value) = effect.estimate else {
        return "–".into();
    };
    match effect.bound {
        Bound::Exact | Bound::Unknown => number(value),
        Bound::AtLeast => format!("≥ {}", number(value)),
        Bound::AtMost => format!("≤ {}", number(value)),
    }
}

/// The interval of an effect: `[6.10, 14.2]`, with a round bracket at an open end.
pub(super) fn interval(effect: &Effect) -> String {
    let open = if effect.low.is_infinite() { "(" } else { "[" };
    let close = if effect.high.is_infinite() { ")" } else { "]" };
    format!(
        "{open}{}, {}{close}",
        number(effect.low),
        number(effect.high)
    )
}

/// A verdict with the seeds that an inconclusive one lacks: `inconclusive, +12 seeds`.
pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Inconclusive {
            more_seeds: Some(1),
        } => "inconclusive, +1 seed".into(),
        Verdict::Inconclusive {
            more_seeds: Some(seeds),
        } => {
            format!("inconclusive, +{} seeds", count(*seeds))
        }
        settled => settled.name().into(),
    }
}

/// A verdict's sign.
pub(super) fn sign(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "✓",
        Verdict::Refuted => "✗",
        Verdict::Equivalent => "≈",
        Verdict::Inconclusive { .. } => "?",
    }
}

/// What was the same for all arms: `equal updates`; or that each was taken at its own best.
pub(super) fn held_equal(budget: &str) -> String {
    match budget {
        "best epoch" => "each at its best epoch".into(),
        other => format!("equal {other}"),
    }
}

/// How the answers to one claim are spread: "It held in 3 of 5 answers; 1 contradicts it and 1 cannot tell."
pub(super) fn tally(claims: &[&ClaimResult]) -> String {
    let counted = corrected(claims);
    let claims: &[&ClaimResult] = &counted.iter().collect::<Vec<_>>();
    let held = claims.iter().filter(|claim| is_held(claim)).count();
    let all = claims.len();
    format!(
        "The claim held in {held} of {all} answer{}{}.",
        if all == 1 { "" } else { "s" },
        against(claims)
    )
}

/// The answer in three sentences: on normalization, on batch size, and on all claims together. Verdicts that do not stand
/// when corrected count as those that cannot tell.
pub(super) fn answer(results: &Results) -> [String; 3] {
    let all: Vec<&ClaimResult> = results.claims.iter().collect();
    let counted = corrected(&all);
    [
        headline(
            &counted,
            "standardize-speeds-training",
            "Standardizing the inputs speeds training",
            "Whether standardizing the inputs speeds training was not asked.",
        ),
        headline(
            &counted,
            "minibatch-is-faster",
            "Mini-batches reach the target sooner than the full batch",
            "Whether mini-batches are faster than the full batch was not asked.",
        ),
        totals(&counted, fallen(&all)),
    ]
}

/// How one claim fared over all data sets and budgets, with the size of its effect.
fn headline(claims: &[ClaimResult], id: &str, claim: &str, absent: &str) -> String {
    let asked: Vec<&ClaimResult> = claims.iter().filter(|claim| claim.id == id).collect();
    if asked.is_empty() {
        return absent.into();
    }
    let held: Vec<&ClaimResult> = asked
        .iter()
        .filter(|claim| claim.holds() == Some(true))
        .copied()
        .collect();
    let all = asked.len();
    let texts: BTreeSet<&str> = asked.iter().map(|claim| claim.claim.as_str()).collect();
    let what = if texts.len() > 1 {
        "arms, data set and budget"
    } else {
        "data set and budget"
    };
    let share = match (held.len(), all) {
        (1, 1) => "in the one comparison made".to_owned(),
        (held, all) if held == all => format!("in all {all} comparisons of {what}"),
        (0, all) => format!("in none of {all} comparisons of {what}"),
        (held, all) => format!("in {held} of {all} comparisons of {what}"),
    };
    let against = against(&asked);
    format!(
        "{claim} {share}{}{against}.",
        factors(&held).unwrap_or_default()
    )
}

/// ", by factors of 2.10 to at least 34.0", when the effects are ratios.
fn factors(claims: &[&ClaimResult]) -> Option<String> {
    // A ratio below 1 is told as the factor it saves.
    let mut factors = Vec::with_capacity(claims.len());
    for claim in claims {
        let effect = &claim.effect;
        let less = claim.hypothesis.direction() == Direction::Less;
        if effect.scale != Scale::Ratio || effect.estimate.is_some_and(|value| value <= 0.0) {
            return None;
        }
        let factor = effect
            .estimate
            .map(|value| if less { value.recip() } else { value })?;
        let at_least = effect.bound == if less { Bound::AtMost } else { Bound::AtLeast };
        factors.push((factor, at_least));
    }
    factors.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let words = |(factor, at_least): &(f64, bool)| {
        format!(
            "{}{}",
            if *at_least { "at least " } else { "" },
            number(*factor)
        )
    };
    match (factors.first()?, factors.last()?) {
        (least, most) if number(least.0) == number(most.0) => {
            let bound = (least.0, factors.iter().any(|(_, at_least)| *at_least));
            Some(format!(", by a factor of {}", words(&bound)))
        }
        (least, most) => Some(format!(
            ", by factors of {} to {}",
            words(least),
            words(most)
        )),
    }
}

/// "; 1 contradicts it and 2 cannot tell", for those that do not hold.
fn against(claims: &[&ClaimResult]) -> String {
    let of = |wanted: fn(&ClaimResult) -> bool| claims.iter().filter(|claim| wanted(claim)).count();
    let parts: Vec<String> = [
        (of(is_refuted), "say the opposite", "says the opposite"),
        (
            of(is_no_difference),
            "show no difference that counts",
            "shows no difference that counts",
        ),
        (of(is_open), "cannot tell", "cannot tell"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, many, one)| format!("{count} {}", if count == 1 { one } else { many }))
    .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("; {}", list(&parts))
    }
}

/// How many verdicts do not stand.
fn fallen(claims: &[&ClaimResult]) -> usize {
    let correction = Correction::new(claims);
    claims
        .iter()
        .filter(|claim| correction.falls(claim))
        .count()
}

fn totals(claims: &[ClaimResult], fallen: usize) -> String {
    if claims.is_empty() {
        return "No claim was tested.".into();
    }
    let of = |wanted: fn(&ClaimResult) -> bool| claims.iter().filter(|claim| wanted(claim)).count();
    let all = claims.len();
    format!(
        "Of {all} answer{} in all, {} bear{} the textbook out, {} contradict{} it, {} find{} no \
         difference that counts where it promises one, and {} cannot tell{}.",
        if all == 1 { "" } else { "s" },
        of(is_held),
        third_person(of(is_held)),
        of(is_refuted),
        third_person(of(is_refuted)),
        of(is_no_difference),
        third_person(of(is_no_difference)),
        of(is_open),
        match fallen {
            0 => String::new(),
            fallen => format!(" ({fallen} of them only because claims were asked often: marked *)"),
        },
    )
}

pub(super) fn third_person(count: usize) -> &'static str {
    if count == 1 { "s" } else { "" }
}

fn is_held(claim: &ClaimResult) -> bool {
    claim.holds() == Some(true)
}

fn is_refuted(claim: &ClaimResult) -> bool {
    claim.verdict == Verdict::Refuted
}

fn is_no_difference(claim: &ClaimResult) -> bool {
    claim.verdict == Verdict::Equivalent && claim.holds() == Some(false)
}

fn is_open(claim: &ClaimResult) -> bool {
    claim.holds().is_none()
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A moment as UTC text, `2026-03-09 17:04 UTC`, from seconds since 1970.
pub(super) fn moment(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
    format!(
        "{year}-{month:02}-{day:02} {:02}:{:02} UTC",
        seconds / 3_600,
        seconds / 60 % 60
    )
}

/// Year, month and day of a day counted from 1970-01-01 (Hinnant's `civil_from_days`, for days
/// from 1970 on).
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
pub(super) fn duration(seconds: f64) -> String {
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
            (12.34, "12.3"),
            (123.4, "123"),
            (1_234.0, "1,230"),
            (12_345.0, "12,300"),
            (1_234_567.0, "1,230,000"),
            (-1_234.0, "-1,230"),
            (12_345_678.0, "1.2e7"),
            (-0.000_976, "-9.8e-4"),
            (1.23e-7, "1.2e-7"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(
            (whole(1_234.0), whole(33.5)),
            ("1,234".into(), "33.5".into())
        );
        assert_eq!(
            (setting(0.06), setting(10.0), setting(100.0)),
            ("0.06".into(), "10".into(), "100".into())
        );
    }

    #[test]
    fn moments_and_durations() {
        assert_eq!(moment(0), "1970-01-01 00:00 UTC");
        assert_eq!(moment(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(moment(1_735_689_599), "2024-12-31 23:59 UTC");
        assert_eq!(moment(4_102_444_800), "2100-01-01 00:00 UTC");
        assert_eq!(duration(31.4), "31 s");
        assert_eq!(duration(252.0), "4 min 12 s");
        assert_eq!(duration(7_500.0), "2 h 5 min");
    }

    #[test]
    fn the_answer_is_three_sentences_whatever_was_asked() {
        let none = answer(&Results::default());
        assert!(
            none.iter().all(|sentence| sentence.ends_with('.')),
            "{none:?}"
        );
        let results = crate::report::fixture::results();
        let [normalization, batch_size, all] = answer(&results);
        assert_eq!(
            normalization,
            "Standardizing the inputs speeds training in 5 of 6 comparisons of data set and \
             budget, by factors of 1.28 to at least 43.7; 1 cannot tell."
        );
        assert!(
            batch_size.starts_with("Mini-batches reach the target sooner"),
            "{batch_size}"
        );
        assert_eq!(
            all,
            "Of 21 answers in all, 14 bear the textbook out, 3 contradict it, 3 find no difference \
             that counts where it promises one, and 1 cannot tell."
        );
    }
}
