//! An answer in words: its verdict, a sentence, what to expect of a new table, and what would settle it.

use smallbatch_evidence::{Needed, Verdict};

use super::{NONE, Size, capital, count, counted, range};
use crate::results::{AnswerNote, PartNote, Results, Summary};

/// A number of needed repetitions that also stands for more.
const MOST_REPETITIONS: usize = 8_192;

/// The answer as a sentence with its number.
pub(crate) fn sentence(answer: &AnswerNote) -> String {
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
pub(crate) fn sentence_with_interval(answer: &AnswerNote) -> String {
    let sentence = sentence(answer);
    match Size::of(answer).interval() {
        interval if interval.is_empty() => sentence,
        interval => format!("{} ({interval}).", sentence.trim_end_matches('.')),
    }
}

/// The answer in a few words, with the interval of the mean over tables: "training loss 2.7 to 7.6 times as high".
pub(crate) fn brief(answer: &AnswerNote) -> String {
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
fn interval_in_words(answer: &AnswerNote) -> String {
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
pub(crate) fn of_ten(answer: &AnswerNote) -> Option<String> {
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
pub(crate) fn foretold_alone(answer: &AnswerNote) -> Option<&PartNote> {
    let is_on_one_table = |part: &&PartNote| !part.between_tables;
    let some_are_not = answer.parts.iter().any(|part| part.between_tables);
    let foretold = answer.parts.iter().find(is_on_one_table);
    foretold.filter(|_| some_are_not)
}

/// What to expect of a new table: "On a new table: 0.8 to 21, holds on 84 of 100".
pub(crate) fn on_a_new_table(answer: &AnswerNote) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
