//! What the terminal prints: the answers at 80 columns, in words and without colour.

use std::path::Path;

use crate::claim;
use crate::document::asked;
use crate::forest::{of_tables, units};
use crate::results::{Answer, ClaimNote, Results, TableAnswer};
use crate::words::{self, Size, clip};

/// The widest line, in characters.
pub(crate) const COLUMNS: usize = 80;
/// Where the claims begin: the verdicts stand before them.
pub(crate) const INDENT: usize = 16;

/// The primary answers, one sentence each, and where the report is; lines of at most 80 characters.
///
/// # Example
///
/// ```
/// use smallbatch_report::{results::Results, terminal};
///
/// let text = terminal(&Results::default(), "out/report.html".as_ref());
/// assert!(text.ends_with("The report: out/report.html\n"));
/// ```
pub fn terminal(results: &Results, report: &Path) -> String {
    let mut lines = wrap(&asked(results), 0);
    lines.push(String::new());
    for (number, note) in results.claims.iter().enumerate() {
        lines.extend(answer(results, note, number));
    }
    if !results.claims.is_empty() {
        lines.push(String::new());
    }
    if results.design.size == "quick" {
        lines.extend(wrap(
            "This was the quick version, of few small tables. Leave out --quick for a firmer answer.",
            0,
        ));
    }
    if let Some(replication) = &results.replication {
        let confirmed = replication
            .answers
            .iter()
            .filter(|answer| answer.confirmed)
            .count();
        let all = replication.answers.len();
        lines.extend(wrap(
            &format!(
                "Confirms {confirmed} of {all} answers of {}.",
                replication.of
            ),
            0,
        ));
    }
    if !results.omissions.is_empty() {
        let left_out = words::counted(results.omissions.len(), "thing");
        lines.push(format!(
            "{} left out: the report says what, and why.",
            left_out
        ));
    }
    // A path is not cut or broken: someone copies it.
    lines.push(format!("The report: {}", report.display()));
    text(lines)
}

/// What is behind the answers: tables, spread, variation and secondary answers, claim by claim; lines of at most 80 characters.
pub fn terminal_details(results: &Results) -> String {
    let mut lines = Vec::new();
    for (number, note) in results.claims.iter().enumerate() {
        lines.push(clip(&claim::title(note, number), COLUMNS));
        if let Some(answer) = results.primary(&note.id) {
            for (name, value) in claim::facts(results, answer) {
                if !value.is_empty() {
                    lines.extend(wrap(&format!("{name}: {value}"), 3));
                }
            }
            lines.extend(tables(results, answer));
        }
        let of_claim = |answer: &&Answer| !answer.primary && answer.claim == note.id;
        for answer in results.answers.iter().filter(of_claim) {
            lines.push(secondary(answer));
        }
        lines.push(String::new());
    }
    for omission in &results.omissions {
        lines.extend(wrap(&format!("Left out: {}", omission.reason), 0));
    }
    text(lines)
}

pub(crate) fn text(lines: Vec<String>) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n").trim_end().to_owned() + "\n"
}

/// One primary answer: verdict and title, then the sentence.
fn answer(results: &Results, note: &ClaimNote, number: usize) -> Vec<String> {
    let title = claim::title(note, number);
    let Some(answer) = results.primary(&note.id) else {
        return vec![clip(&format!("{:INDENT$}{title}", "not answered"), COLUMNS)];
    };
    let verdict = words::verdict(answer.verdict, answer.same);
    let mut lines = vec![clip(&format!("{verdict:INDENT$}{title}"), COLUMNS)];
    let mut sentence = words::sentence_with_interval(answer);
    if !answer.note.is_empty() {
        sentence += &format!(" {}", answer.note);
    }
    if let Some(expected) = words::on_a_new_table(answer) {
        sentence += &format!(" {expected}.");
    }
    if let Some(needed) = words::needed(answer.needed.as_ref()) {
        sentence += &format!(" {}.", words::capital(&needed));
    }
    lines.extend(wrap(&sentence, INDENT));
    for part in claim::parts(answer) {
        lines.extend(wrap(&part, INDENT));
    }
    lines
}

fn tables(results: &Results, answer: &Answer) -> Vec<String> {
    let units = units(answer);
    let mut lines = Vec::new();
    for unit in &units {
        let rows = of_tables(results, answer, unit);
        if units.len() > 1 && !rows.is_empty() {
            lines.push(clip(&format!("   {unit}"), COLUMNS));
        }
        lines.extend(rows.into_iter().map(|row| table(row, answer)));
    }
    lines
}

fn table(row: &TableAnswer, answer: &Answer) -> String {
    let size = Size::of_table(row, answer.scale);
    let mark = if row.fragile { " *" } else { "" };
    let remark = match row.n_censored {
        0 => row.note.clone(),
        cut => format!("{cut} of {} never arrived", row.n_pairs),
    };
    let name = clip(&format!("{}{mark}", row.table), 21);
    let (effect, interval) = (clip(&size.in_cell(), 8), clip(&size.interval(), 18));
    clip(
        &format!("     {name:21} {effect:>8}  {interval:18} {remark}"),
        COLUMNS,
    )
}

fn secondary(answer: &Answer) -> String {
    let size = Size::of(answer).in_brackets();
    let verdict = words::verdict(answer.verdict, answer.same);
    let target = answer
        .target
        .map(|target| format!(" at {}", words::percent(target)));
    let end = format!(": {size}, {verdict}");
    let room = COLUMNS.saturating_sub(5 + end.chars().count());
    let what = clip(
        &format!("{}{}", answer.unit, target.unwrap_or_default()),
        room,
    );
    clip(&format!("   + {what}{end}"), COLUMNS)
}

/// Lines of at most 80 characters behind an indentation. A longer word is cut.
pub(crate) fn wrap(text: &str, indent: usize) -> Vec<String> {
    let room = COLUMNS - indent;
    let mut lines = vec![String::new()];
    // A space that does not break, as before a percent sign, is a part of a word.
    for word in text
        .split([' ', '\n', '\t'])
        .filter(|word| !word.is_empty())
    {
        let word = clip(word, room);
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            *line = word;
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
        .into_iter()
        .map(|line| format!("{:indent$}{line}", ""))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_answers_stand_in_the_order_of_the_claims_and_the_report_last() {
        let results = fixture::results();
        let text = terminal(&results, "out/report.html".as_ref());
        let places: Vec<Option<usize>> = results
            .claims
            .iter()
            .map(|note| text.find(&note.title))
            .collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{text}"
        );
        for said in [
            "\nyes             1. Inputs of very different scale\n",
            "\n                Raw inputs end with 3.4 times the training loss (2.2 to 5.2).\n",
            "\nno   ",
            "\nabout the same  ",
            "\ncannot tell     ",
            "About 16 to 64 repetitions needed in all.",
            "\nThe report: out/report.html\n",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
        assert!(text.lines().count() < 45, "one screen and a half: {text}");
    }

    #[test]
    fn no_line_is_longer_than_80_characters() {
        let mut results = fixture::results();
        let check = |results: &Results| {
            let text = terminal(results, "out".as_ref()) + &terminal_details(results);
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
                assert!(!line.chars().any(char::is_control), "{line}");
            }
        };
        check(&results);
        fixture::replace_texts(&mut results, &"a word, ".repeat(30));
        check(&results);
        fixture::replace_texts(&mut results, &"endless".repeat(30));
        check(&results);
    }

    #[test]
    fn details_have_the_tables_and_the_secondary_answers() {
        let results = fixture::results();
        let text = terminal_details(&results);
        for said in [
            "neither trained",
            "never arrived",
            "   + ",
            "Variation: 70",
            "expected to hold on 83",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }
}
