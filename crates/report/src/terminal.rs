//! What the terminal prints: the answers in words, and what is behind them.

use std::path::Path;

use smallbatch_evidence::Verdict;

use crate::claim;
use crate::results::{AnswerNote, ClaimNote, Results, TableAnswer};
use crate::screen::{INDENT, Page, Screen, Tone};
use crate::words::{self, Size, clip};

/// The primary answers, and at the end which file to open.
///
/// Each answer is a line with the verdict and the claim, a sentence with its interval, and what to expect of a new table.
///
/// # Example
///
/// ```
/// use smallbatch_report::{Screen, results::Results, terminal};
///
/// let text = terminal(&Results::default(), "out/report.html".as_ref(), Screen::default());
/// assert!(text.ends_with("Open out/report.html\n"));
/// ```
pub fn terminal(results: &Results, report: &Path, screen: Screen) -> String {
    let mut page = Page::new(screen);
    page.sentence(0, &asked(results));
    if let Some(replication) = &results.replication {
        let answers = &replication.answers;
        let confirmed = answers.iter().filter(|answer| answer.confirmed).count();
        page.sentence(
            0,
            &format!(
                "This run confirms {confirmed} of {} answers of {}.",
                answers.len(),
                replication.of
            ),
        );
    }
    page.blank();
    for (number, note) in results.claims.iter().enumerate() {
        answer(&mut page, results, note, number);
    }
    if !results.claims.is_empty() {
        page.blank();
    }
    page.whole(format!("Open {}", report.display()));
    page.text()
}

/// What is behind the answers: parts, tables, spread, variation and secondary answers, claim by claim.
pub fn terminal_details(results: &Results, screen: Screen) -> String {
    let mut page = Page::new(screen);
    for (number, note) in results.claims.iter().enumerate() {
        page.flow(0, &[(Tone::Strong, &claim::title(note, number))]);
        if let Some(answer) = results.primary(&note.id) {
            for part in &answer.parts {
                let size = Size::of_part(part, answer.scale).in_brackets();
                page.sentence(3, &format!("Part: {}: {size}", part.unit));
            }
            for (name, value) in claim::facts(results, answer) {
                if !value.is_empty() {
                    page.sentence(3, &format!("{name}: {value}"));
                }
            }
            tables(&mut page, results, answer);
        }
        let of_claim = |answer: &&AnswerNote| !answer.primary && answer.claim == note.id;
        for answer in results.answers.iter().filter(of_claim) {
            secondary(&mut page, answer);
        }
        page.blank();
    }
    for omission in &results.omissions {
        page.sentence(0, &format!("Left out: {}", omission.reason));
    }
    page.text()
}

/// What was run: "10 claims, 38 tables, 4 repetitions of each."
fn asked(results: &Results) -> String {
    let design = &results.design;
    let mut asked = format!(
        "{}, {}, {} of each",
        words::counted(results.claims.len(), "claim"),
        words::counted(results.datasets.len(), "table"),
        words::counted(design.n_complete, "repetition"),
    );
    if design.n_complete < design.n_repetitions {
        let planned = words::count(design.n_repetitions);
        asked += &format!(" (stopped early: {planned} were planned)");
    }
    if design.size == "quick" {
        asked += " (quick version)";
    }
    if !results.omissions.is_empty() {
        let left_out = words::counted(results.omissions.len(), "thing");
        asked += &format!("; {left_out} left out");
    }
    asked + "."
}

/// One primary answer.
fn answer(page: &mut Page, results: &Results, note: &ClaimNote, number: usize) {
    let title = claim::title(note, number);
    let Some(answer) = results.primary(&note.id) else {
        page.heading(Tone::Dim, "not answered", &title);
        return;
    };
    let verdict = words::verdict(answer.verdict, answer.same);
    page.heading(tone(answer), verdict, &title);
    let mut sentence = words::sentence(answer);
    let mut interval = Size::of(answer).interval();
    if !interval.is_empty() {
        sentence = sentence.trim_end_matches('.').to_owned();
        interval = format!("({interval}).");
    }
    let expected = expected(answer);
    let needed = words::needed(answer.needed.as_ref());
    let mut remark = answer.note.clone();
    if let (Some(needed), None) = (&needed, &expected) {
        remark += &format!(" {}.", words::capital(needed));
    }
    page.flow(
        INDENT,
        &[
            (Tone::Plain, &sentence),
            (Tone::Dim, &interval),
            (Tone::Plain, &remark),
        ],
    );
    if let Some(mut expected) = expected {
        let both = needed.map(|needed| format!("{expected}; {needed}"));
        // What would settle it costs no line of its own: the details have it.
        let n_lines = |text: &str| page.n_lines(INDENT, text);
        if let Some(both) = both.filter(|both| n_lines(both) == n_lines(&expected)) {
            expected = both;
        }
        page.flow(INDENT, &[(Tone::Dim, &expected)]);
    }
}

fn tone(answer: &AnswerNote) -> Tone {
    match answer.verdict {
        verdict if words::holds(verdict, answer.same) => Tone::Green,
        Verdict::Refuted => Tone::Red,
        Verdict::Inconclusive { .. } => Tone::Yellow,
        Verdict::Supported | Verdict::Equivalent => Tone::Blue,
    }
}

/// What to expect of a new table: "new table: 0.80 to 21, holds on 84 of 100".
fn expected(answer: &AnswerNote) -> Option<String> {
    let prediction = answer.prediction.as_ref()?;
    let share = prediction.share.filter(|share| share.is_finite())?;
    let mut expected = words::range(prediction.low, prediction.high, answer.scale);
    if !expected.is_empty() {
        // Where one part of the claim alone can be foretold, that part is named.
        if let Some(part) = words::foretold_alone(answer) {
            let unit = part.unit.rsplit(", ").next().unwrap_or_default();
            expected += &format!(" ({unit})");
        }
        expected += ", ";
    }
    let holds = format!("holds on {:.0} of 100", 100.0 * share).replace(' ', "\u{a0}");
    Some(format!("new table: {expected}{holds}"))
}

fn tables(page: &mut Page, results: &Results, answer: &AnswerNote) {
    let units: Vec<&str> = match answer.parts.as_slice() {
        [] => vec![&answer.unit],
        parts => parts.iter().map(|part| part.unit.as_str()).collect(),
    };
    for unit in &units {
        let of_unit = |row: &&TableAnswer| {
            let asked = (&row.claim, row.primary, row.target);
            asked == (&answer.claim, answer.primary, answer.target) && row.unit == *unit
        };
        let mut rows = results.tables.iter().filter(of_unit).peekable();
        if units.len() > 1 && rows.peek().is_some() {
            page.cut(&format!("   {unit}"));
        }
        rows.for_each(|row| table(page, row, answer));
    }
}

fn table(page: &mut Page, row: &TableAnswer, answer: &AnswerNote) {
    let size = Size::of_table(row, answer.scale);
    let mark = if row.fragile { " *" } else { "" };
    let remark = match row.n_censored {
        0 => row.note.clone(),
        cut => format!("{cut} of {} never arrived", row.n_pairs),
    };
    let name = clip(&format!("{}{mark}", row.table), 21);
    let (effect, interval) = (clip(&size.in_cell(), 8), clip(&size.interval(), 18));
    page.cut(&format!(
        "     {name:21} {effect:>8}  {interval:18} {remark}"
    ));
}

fn secondary(page: &mut Page, answer: &AnswerNote) {
    let size = Size::of(answer).in_brackets();
    let verdict = words::verdict(answer.verdict, answer.same);
    let target = answer
        .target
        .map(|target| format!(" at {}", words::percent(target)));
    let end = format!(": {size}, {verdict}");
    let room = page.width().saturating_sub(5 + end.chars().count());
    let what = clip(
        &format!("{}{}", answer.unit, target.unwrap_or_default()),
        room,
    );
    page.cut(&format!("   + {what}{end}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn columns(columns: usize) -> Screen {
        Screen {
            columns,
            ..Screen::default()
        }
    }

    fn printed(results: &Results, screen: Screen) -> String {
        terminal(results, "out/report.html".as_ref(), screen)
    }

    #[test]
    fn the_answers_stand_in_the_order_of_the_claims_and_what_to_open_last() {
        let results = fixture::results();
        let text = printed(&results, columns(80));
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
            "repetitions needed in all.\n",
            "\n                new table: ",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
        assert!(text.ends_with("\n\nOpen out/report.html\n"), "{text}");
    }

    #[test]
    fn ten_answers_fit_a_screen() {
        for width in [80, 100] {
            let text = printed(&fixture::results(), columns(width));
            assert!(text.lines().count() <= 45, "{text}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        let mut results = fixture::results();
        let check = |results: &Results| {
            for width in [60, 80, 100] {
                let screen = columns(width);
                let text = printed(results, screen) + &terminal_details(results, screen);
                for line in text.lines() {
                    assert!(line.chars().count() <= width, "{width} columns: {line}");
                    assert!(!line.chars().any(char::is_control), "{line}");
                }
            }
        };
        check(&results);
        fixture::replace_texts(&mut results, &"a word, ".repeat(30));
        check(&results);
        fixture::replace_texts(&mut results, &"endless".repeat(30));
        check(&results);
    }

    #[test]
    fn verdicts_have_colours_where_they_are_shown() {
        let results = fixture::results();
        let screen = Screen {
            colour: true,
            ..Screen::default()
        };
        let text = printed(&results, screen);
        for said in [
            "\u{1b}[32myes\u{1b}[0m    ",
            "\u{1b}[31mno\u{1b}[0m    ",
            "\u{1b}[33mcannot tell\u{1b}[0m    ",
            "\u{1b}[2m(2.2 to 5.2).\u{1b}[0m",
        ] {
            assert!(text.contains(said), "{said:?}\n{text}");
        }
        let codes = ["32", "31", "33", "34", "2", "1", "0"].map(|code| format!("\u{1b}[{code}m"));
        let bare = codes
            .iter()
            .fold(text, |text, code| text.replace(code.as_str(), ""));
        assert_eq!(bare, printed(&results, Screen::default()));
    }

    #[test]
    fn details_have_the_parts_the_tables_and_the_secondary_answers() {
        let results = fixture::results();
        let text = terminal_details(&results, columns(80));
        for said in [
            "neither trained",
            "never arrived",
            "   + ",
            "   Part: ",
            "Variation: 70",
            "expected to hold on 83",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }
}
