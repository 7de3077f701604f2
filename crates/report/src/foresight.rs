//! What earlier results say about a table on which nothing was trained, for the terminal.

use crate::claim;
use crate::results::{Expected, Foresight, Results};
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
    if !foresights.is_empty() {
        page.heading(Tone::Dim, "holds on", "of tables like this one");
    }
    for (number, note) in results.claims.iter().enumerate() {
        let title = claim::title(note, number);
        let of_claim = |foresight: &&Foresight| foresight.claim == note.id;
        let found = foresights.iter().find(of_claim);
        match found.map(|foresight| &foresight.expected) {
            Some(Ok(expected)) => {
                let holds = match expected.share.filter(|share| share.is_finite()) {
                    Some(share) => format!("{:.0} of 100", 100.0 * share),
                    None => "cannot tell".into(),
                };
                page.heading(Tone::Plain, &holds, &title);
                let (sentence, range) = sentence(results, &note.id, expected);
                page.flow(INDENT, &[(Tone::Plain, &sentence), (Tone::Dim, &range)]);
            }
            Some(Err(reason)) => {
                page.heading(Tone::Dim, "–", &title);
                page.sentence(INDENT, &format!("{}.", words::capital(reason)));
            }
            None => {}
        }
    }
    page.blank();
    page.sentence(
        0,
        "In brackets: where the effect on one such table lies, in 95 of 100 cases.",
    );
    page.text()
}

/// The sentence with its number, and the range with what it was read off.
fn sentence(results: &Results, claim: &str, expected: &Expected) -> (String, String) {
    let Some(answer) = results.primary(claim) else {
        return (String::new(), String::new());
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
    let range = format!("{range}{by}");
    let sentence = sentence.trim_end_matches('.').to_owned();
    (sentence, format!("({}).", range.trim_start_matches(", ")))
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
