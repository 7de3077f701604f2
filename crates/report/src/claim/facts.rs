//! What was compared, and what is known beside the answer, as pairs of a name and a sentence.

use smallbatch_evidence::Scale;

use crate::results::{AnswerNote, LeftOutNote, ModeratorNote, Results, Variance};
use crate::words::{self, Bound, Size};

/// What was compared, and what is known beside the answer.
pub(crate) fn facts(results: &Results, answer: &AnswerNote) -> Vec<(&'static str, String)> {
    let p = match (answer.p, answer.p_corrected) {
        (None, _) => String::new(),
        (p, None) => words::p_value(p),
        (p, corrected) => format!(
            "{}; corrected for all primary questions (Holm): {}",
            words::p_value(p),
            words::p_value(corrected)
        ),
    };
    let of_claim = |variance: &&Variance| variance.claim == answer.claim;
    vec![
        ("Claim", answer.text.clone()),
        ("Compared", answer.unit.clone()),
        ("Counts as a yes", answer.hypothesis.clone()),
        ("Held equal", answer.budget.clone()),
        ("Target", answer.target.map(target).unwrap_or_default()),
        ("Runs", runs(answer)),
        ("Never arrived", cut(results, answer)),
        (
            "To settle it",
            words::needed(answer.needed.as_ref()).unwrap_or_default(),
        ),
        ("p", p),
        ("Between tables", spread(answer)),
        ("On a new table", prediction(answer)),
        ("It depends on", moderator(answer)),
        ("Left out in turn", left_out(answer)),
        (
            "Variation",
            results
                .variance
                .iter()
                .find(of_claim)
                .map(variation)
                .unwrap_or_default(),
        ),
    ]
}

/// A target: "90 % of the way from a constant prediction's loss to the lowest of the tuning runs".
fn target(part: f64) -> String {
    format!(
        "{} of the way from a constant prediction's loss to the lowest loss of the tuning runs",
        words::percent(part)
    )
}

fn runs(answer: &AnswerNote) -> String {
    let repetitions = words::counted(answer.n_repetitions, "repetition");
    let mut runs = format!(
        "{}, {repetitions} of each",
        words::counted(answer.n_tables, "table")
    );
    if answer.n_pairs > 0 {
        runs += &format!(", {} of runs", words::counted(answer.n_pairs, "pair"));
    }
    runs
}

/// How many pairs are cut at the horizon, and what that makes of the effect.
fn cut(results: &Results, answer: &AnswerNote) -> String {
    if answer.n_censored == 0 {
        return String::new();
    }
    let meaning = match Size::of(answer).bound() {
        Bound::AtLeast => "so the effect is at least what is given",
        Bound::AtMost => "so the effect is at most what is given",
        Bound::Exact | Bound::Either => "on both sides, so the effect may be smaller or larger",
    };
    format!(
        "in {} of {} pairs one side did not reach the target within {} times the other's time; they count with that factor, {meaning}",
        words::count(answer.n_censored),
        words::count(answer.n_pairs),
        words::round_number(results.design.horizon),
    )
}

/// The spread between tables in words.
fn spread(answer: &AnswerNote) -> String {
    let Some(tau) = answer.tau.filter(|tau| tau.is_finite()) else {
        return String::new();
    };
    match answer.scale {
        Scale::Ratio => format!(
            "the effect differs from table to table by a typical factor of {} (τ = {})",
            words::amount(tau.exp(), Scale::Ratio),
            words::number(tau)
        ),
        Scale::Difference => {
            format!(
                "the effect differs from table to table by {} (τ)",
                words::number(tau)
            )
        }
    }
}

fn prediction(answer: &AnswerNote) -> String {
    let Some(prediction) = &answer.prediction else {
        return String::new();
    };
    let mut parts = Vec::new();
    let range = words::range(prediction.low, prediction.high, answer.scale);
    if !range.is_empty() {
        parts.push(format!("expect {range} (95\u{a0}% prediction interval)"));
    }
    if let Some(share) = prediction.share.filter(|share| share.is_finite()) {
        parts.push(format!(
            "the claim is expected to hold on {} of tables",
            words::percent(share)
        ));
    }
    parts.join("; ")
}

/// How well the tables foretell one another.
fn left_out(answer: &AnswerNote) -> String {
    let Some(prediction) = &answer.prediction else {
        return String::new();
    };
    let LeftOutNote {
        n_tables, n_inside, ..
    } = prediction.left_out;
    format!(
        "{n_inside} of {n_tables} tables lie in the prediction interval that the other tables give for them"
    )
}

/// What a table's place among the others can be read off.
fn moderator(answer: &AnswerNote) -> String {
    let moderator = answer
        .prediction
        .as_ref()
        .and_then(|prediction| prediction.moderator);
    let Some(ModeratorNote { fact, line }) = moderator else {
        return String::new();
    };
    let slope = line.slope_interval(0.95);
    let tenfold = |slope: f64| match answer.scale {
        Scale::Ratio => (slope * 10.0_f64.ln()).exp(),
        Scale::Difference => slope * 10.0_f64.ln(),
    };
    let change = words::amount(tenfold(line.slope), answer.scale);
    let range = words::range(tenfold(slope.low), tenfold(slope.high), answer.scale);
    match answer.scale {
        Scale::Ratio => format!(
            "{}: with ten times as much the effect is multiplied by {change} ({range})",
            fact.words()
        ),
        Scale::Difference => format!(
            "{}: with ten times as much the effect grows by {change} ({range})",
            fact.words()
        ),
    }
}

/// Where the variation comes from, as shares of all of it.
fn variation(variance: &Variance) -> String {
    let parts = [
        (variance.between_tables, "lies between tables"),
        (
            variance.split_and_tuning,
            "comes from other splits and tuning runs",
        ),
        (
            variance.initialization_and_order,
            "from other initial weights and orders",
        ),
    ];
    let all: f64 = parts.iter().map(|(part, _)| part).sum();
    if !(all.is_finite() && all > 0.0) {
        return String::new();
    }
    let share = |(part, name): &(f64, &str)| format!("{:.0}\u{a0}% {name}", 100.0 * part / all);
    words::list(&parts.iter().map(share).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn facts_are_in_plain_words() {
        let results = fixture::results();
        let answer = fixture::primary(&results, "minibatch-is-faster");
        let facts = facts(&results, answer);
        let fact = |name| {
            let found = facts.iter().find(|(fact, _)| *fact == name);
            found
                .map(|(_, value)| value.replace('\u{a0}', " "))
                .unwrap_or_default()
        };
        assert!(fact("Never arrived").starts_with("in 15 of 48 pairs one side did not"));
        assert!(fact("Never arrived").ends_with("so the effect is at least what is given"));
        assert!(fact("On a new table").ends_with("expected to hold on 83 % of tables"));
        assert_eq!(
            fact("Variation"),
            "70 % lies between tables, 20 % comes from other splits and tuning runs and 10 % from other initial weights and orders"
        );
    }
}
