//! What earlier results say about a table on which nothing was trained, for the terminal and for the page of an advice.

use smallbatch_evidence::Scale;

use crate::claim;
use crate::results::{ClaimNote, Expected, Foresight, Results};
use crate::screen::{INDENT, Page, Screen, Tone};
use crate::words;

/// What to expect of a table, one sentence a claim. `table` is its name with what was read off it.
///
/// # Example
///
/// ```
/// use smallbatch_report::{Screen, results::Results, terminal_foresight};
///
/// let table = "houses: 500 rows, 8 features";
/// let text = terminal_foresight(&Results::default(), table, &[], Screen::default());
/// assert!(text.starts_with("houses: 500 rows, 8 features.\n"));
/// ```
pub fn terminal_foresight(
    results: &Results,
    table: &str,
    foresights: &[Foresight],
    screen: Screen,
) -> String {
    let mut page = Page::new(screen);
    page.sentence(0, &format!("{table}."));
    let mut from = format!(
        "Expected from the results on {}",
        words::counted(results.datasets.len(), "table")
    );
    if results.environment.started_unix_seconds > 0 {
        let moment = words::moment(results.environment.started_unix_seconds);
        from += &format!(" of {moment}");
    }
    page.sentence(0, &(from + ", before anything is trained."));
    page.blank();
    let expectations = expectations(results, foresights);
    if !expectations.is_empty() {
        page.heading(Tone::Dim, "holds on", "of tables like this one");
    }
    for expectation in &expectations {
        let Expectation {
            claim,
            holds,
            words,
            range,
            ..
        } = expectation;
        if range.is_empty() {
            page.heading(Tone::Dim, holds, claim);
            page.sentence(INDENT, &words::sentence_of(words));
        } else {
            page.heading(Tone::Plain, holds, claim);
            let range = format!("({range}).");
            page.flow(INDENT, &[(Tone::Plain, words), (Tone::Dim, &range)]);
        }
    }
    page.blank();
    page.sentence(
        0,
        "In brackets: where the effect on one such table lies, in 95 of 100 cases.",
    );
    page.text()
}

/// What earlier results let one expect of one claim on a table, in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    /// The claim, with its number.
    pub claim: String,
    /// On how many such tables it holds: `84 of 100`; a dash where nothing is said of it.
    pub holds: String,
    /// The effect as a sentence without a full stop, or why nothing is said of it.
    pub words: String,
    /// Where the effect on one such table lies in 95 of 100 cases, and by what that was read off. Empty where nothing is said.
    pub range: String,
    /// The effect and the ends of its range, where it is a ratio.
    pub ratio: Option<[f64; 3]>,
}

/// What to expect of a table, one for each claim that something was foreseen of, in the order of the claims.
///
/// ```
/// use smallbatch_report::{expectations, results::Results};
///
/// assert_eq!(expectations(&Results::default(), &[]), []);
/// ```
pub fn expectations(results: &Results, foresights: &[Foresight]) -> Vec<Expectation> {
    let claims = results.claims.iter().enumerate();
    let expectation = |(number, note): (usize, &ClaimNote)| {
        let found = foresights.iter().find(|of| of.claim == note.id)?;
        let claim = claim::title(note, number);
        Some(match &found.expected {
            Ok(expected) => foreseen(results, &note.id, claim, expected),
            Err(reason) => Expectation {
                claim,
                holds: "–".into(),
                words: words::capital(reason),
                ..Expectation::default()
            },
        })
    };
    claims.filter_map(expectation).collect()
}

fn foreseen(results: &Results, id: &str, claim: String, expected: &Expected) -> Expectation {
    let holds = match expected.share.filter(|share| share.is_finite()) {
        Some(share) => format!("{:.0} of 100", 100.0 * share),
        None => "cannot tell".into(),
    };
    let Some(answer) = results.primary(id) else {
        return Expectation {
            claim,
            holds,
            ..Expectation::default()
        };
    };
    let effect = words::amount(expected.estimate, answer.scale);
    let range = words::range(expected.low, expected.high, answer.scale);
    let sentence = match words::foretold_alone(answer) {
        Some(part) => format!("{}: {effect}", words::capital(&part.unit)),
        None => answer.words.replace("{effect}", &effect),
    };
    let by = match expected.by {
        Some(fact) => format!(", by {}", fact.words()),
        None => String::new(),
    };
    let ends = [expected.estimate, expected.low, expected.high];
    Expectation {
        claim,
        holds,
        words: sentence.trim_end_matches('.').to_owned(),
        range: format!("{range}{by}").trim_start_matches(", ").to_owned(),
        ratio: (answer.scale == Scale::Ratio).then_some(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::results::Fact;

    #[test]
    fn each_claim_has_its_share_its_sentence_or_its_reason() {
        let results = fixture::results();
        let expected = |claim: &str, expected| Foresight {
            claim: claim.into(),
            expected,
        };
        let foresights = [
            expected(
                "minibatch-is-faster",
                Ok(Expected {
                    estimate: 4.2,
                    low: 0.8,
                    high: 22.0,
                    share: Some(0.836),
                    by: Some(Fact::Rows),
                }),
            ),
            expected(
                "full-batch-memory",
                Err("its answer is counted, not averaged over tables".into()),
            ),
        ];
        let text = terminal_foresight(&results, "houses: 500 rows", &foresights, Screen::default());
        assert!(text.contains("\n84 of 100       6. "), "{text}");
        let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flowing.contains("(0.80 to 22, by the number of rows)."),
            "{text}"
        );
        assert!(
            text.contains("                Its answer is counted, not averaged over tables."),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80));
    }
}
