//! What earlier results let one expect of a table, for the terminal.

use crate::claim;
use crate::results::{Expected, Foresight, Results};
use crate::terminal::{COLUMNS, INDENT, text, wrap};
use crate::words::{self, clip};

/// What to expect of a table, one sentence a claim; lines of at most 80 characters. `table` is its name with what was read off it.
///
/// # Example
///
/// ```
/// use smallbatch_report::{results::Results, terminal_foresight};
///
/// let text = terminal_foresight(&Results::default(), "houses: 500 rows, 8 features", &[]);
/// assert!(text.starts_with("houses: 500 rows, 8 features.\n"));
/// ```
pub fn terminal_foresight(results: &Results, table: &str, foresights: &[Foresight]) -> String {
    let mut lines = wrap(&format!("{table}."), 0);
    let mut from = format!(
        "What {} let one expect there, before anything is trained",
        words::counted(results.datasets.len(), "table")
    );
    if results.environment.started_unix_seconds > 0 {
        let moment = words::moment(results.environment.started_unix_seconds);
        from += &format!(" (run on {moment})");
    }
    lines.extend(wrap(&(from + ":"), 0));
    lines.push(String::new());
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
                lines.push(clip(&format!("{holds:INDENT$}{title}"), COLUMNS));
                lines.extend(wrap(&sentence(results, &note.id, expected), INDENT));
            }
            Some(Err(reason)) => {
                lines.push(clip(&format!("{:INDENT$}{title}", "–"), COLUMNS));
                lines.extend(wrap(&format!("{}.", words::capital(reason)), INDENT));
            }
            None => {}
        }
    }
    lines.push(String::new());
    lines.extend(wrap(
        "Before each claim: on how many of 100 such tables it is expected to hold. Ranges are 95\u{a0}% prediction intervals.",
        0,
    ));
    text(lines)
}

fn sentence(results: &Results, claim: &str, expected: &Expected) -> String {
    let Some(answer) = results.primary(claim) else {
        return String::new();
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
    format!("{} ({range}{by}).", sentence.trim_end_matches('.'))
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
                Err("its answer is no mean over tables".into()),
            ),
        ];
        let text = terminal_foresight(&results, "houses: 500 rows", &foresights);
        assert!(text.contains("\n84 of 100       6. "), "{text}");
        let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flowing.contains("(0.80 to 22, by the number of rows)."),
            "{text}"
        );
        assert!(
            text.contains("                Its answer is no mean over tables."),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS));
    }
}
