//! A claim's page: the question, the answer, the tables behind it, and what the literature says.

mod facts;
mod literature;
mod others;

use crate::content::{Block, Section, Span, Table, Tone, plain};
use crate::results::{AnswerNote, ClaimNote, PartNote, Results, TableAnswer};
use crate::words::{self, Size};
use crate::{forest, moderator, textbook};

pub(crate) use facts::facts;
pub(crate) use literature::{Agreement, agreement};
pub(crate) use others::secondary;

use literature::literature;
use others::targets;

/// The page of the claim with a number, from 0.
pub(crate) fn page(results: &Results, number: usize) -> Section {
    let note = &results.claims[number];
    let id = identifier(note);
    let mut blocks = Vec::new();
    blocks.extend(Block::words(Tone::Soft, note.question.clone()));
    let answer = results.primary(&note.id);
    match answer {
        Some(answer) => blocks.extend(answered(answer)),
        None => blocks.extend(Block::words(Tone::Note, "This claim was not answered.")),
    }
    blocks.extend(textbook::pictures(results, note, &id));
    if let Some(answer) = answer {
        blocks.extend(by_table(results, answer, &id));
        blocks.extend(moderator::where_not(results, answer, &id));
    }
    blocks.extend(targets(results, note, &id));
    blocks.extend(literature(results, note));
    blocks.extend(behind(results, note, &id));
    Section {
        id,
        title: title(note, number),
        is_claim: true,
        blocks,
    }
}

/// The name of a claim's page: what is no letter, digit or hyphen of it becomes a hyphen.
pub(crate) fn identifier(note: &ClaimNote) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("claim-{}", note.id.chars().map(safe).collect::<String>())
}

pub(crate) fn title(note: &ClaimNote, number: usize) -> String {
    let title = if note.title.is_empty() {
        &note.id
    } else {
        &note.title
    };
    format!("{}. {title}", number + 1)
}

/// The effects that a claim is made of: "raw / centred: 1.4 (1.2 to 1.6)".
pub(crate) fn parts(answer: &AnswerNote) -> Vec<String> {
    let part = |part: &PartNote| {
        format!(
            "{}: {}",
            part.unit,
            Size::of_part(part, answer.scale).in_brackets()
        )
    };
    answer.parts.iter().map(part).collect()
}

/// The answer with its numbers.
fn answered(answer: &AnswerNote) -> Vec<Block> {
    let mut text = vec![
        Span::Verdict(answer.verdict, answer.same),
        Span::Plain(format!(". {}", words::sentence_with_interval(answer))),
    ];
    if let Some(expected) = words::on_a_new_table(answer) {
        text.push(Span::Plain(format!(" {expected}.")));
    }
    if let Some(needed) = words::needed(answer.needed.as_ref()) {
        text.push(Span::Plain(format!(" {}.", words::capital(&needed))));
    }
    let mut blocks = vec![Block::Paragraph(Tone::Answer, text)];
    let part = |(text, part): (String, &PartNote)| {
        let text = Span::Plain(format!("{text}, "));
        vec![text, Span::Verdict(part.verdict, answer.same)]
    };
    if !answer.parts.is_empty() {
        let parts = parts(answer).into_iter().zip(&answer.parts);
        blocks.push(Block::List(parts.map(part).collect()));
    }
    blocks.extend(Block::words(Tone::Plain, answer.note.clone()));
    blocks
}

/// The forest plot, with how it is read.
fn by_table(results: &Results, answer: &AnswerNote, id: &str) -> Vec<Block> {
    let plots = forest::tables(results, answer, &format!("{id}-tables"));
    if plots.is_empty() {
        return plots;
    }
    let mut blocks = vec![Block::Heading("Table by table".into())];
    blocks.extend(plots);
    let mut how = vec![
        "Read one row: the dot says how large the effect is on that table, the line how sure that is.",
        "Read all rows: where the dots lie far apart, the answer depends on the table, and the mean says little about a single one.",
    ];
    if forest::has_bar(results, answer) {
        how.push("Read the bar at the end: the effect on a table of your own is expected in it.");
    }
    let items = how.into_iter().map(plain).collect();
    let mut folded = vec![Block::List(items)];
    let more = vec![
        Span::Plain("All words are explained under ".into()),
        Span::Link("reading".into(), "How to read this".into()),
        Span::Plain(".".into()),
    ];
    folded.push(Block::Paragraph(Tone::Plain, more));
    blocks.extend(Block::folded("How to read this picture", folded));
    blocks
}

/// What was run, and all numbers, folded away.
fn behind(results: &Results, note: &ClaimNote, id: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(answer) = results.primary(&note.id) {
        let facts = Block::facts(facts(results, answer));
        blocks.extend(Block::folded("What was run", facts));
        let numbers = Block::table(table(results, answer));
        blocks.extend(Block::folded("The numbers of each table", numbers));
    }
    blocks.extend(textbook::folded(results, note, id));
    let left_out = results
        .omissions
        .iter()
        .filter(|omission| omission.claim == note.id);
    blocks.extend(left_out.filter_map(|omission| {
        Block::words(Tone::Small, format!("Left out: {}", omission.reason))
    }));
    let of_claim = |answer: &&AnswerNote| !answer.primary && answer.claim == note.id;
    let n_others = results.answers.iter().filter(of_claim).count();
    if n_others > 0 {
        let others = words::counted(n_others, "further question");
        let text = vec![
            Span::Plain(format!("{others} about this claim: see ")),
            Span::Link("secondary".into(), "All other answers".into()),
            Span::Plain(".".into()),
        ];
        blocks.push(Block::Paragraph(Tone::Small, text));
    }
    blocks
}

/// The numbers of each table.
fn table(results: &Results, answer: &AnswerNote) -> Table {
    let several = answer.parts.len() > 1;
    let units = forest::units(answer);
    let row = |row: &TableAnswer| {
        let size = Size::of_table(row, answer.scale);
        let mut remarks = vec![row.note.clone()];
        if row.fragile {
            remarks.push("a chosen rate was fragile".into());
        }
        remarks.retain(|remark| !remark.is_empty());
        let name = if several {
            format!("{}, {}", row.table, row.unit)
        } else {
            row.table.clone()
        };
        let cut = match row.n_censored {
            0 => String::new(),
            cut => format!("{cut} of {}", row.n_pairs),
        };
        let cells = [
            name,
            size.in_cell(),
            size.interval(),
            row.n_repetitions.to_string(),
            cut,
            remarks.join("; "),
        ];
        cells.map(plain).into()
    };
    let of_unit = |unit: &&str| forest::of_tables(results, answer, unit);
    Table::new(
        &format!("{}: the numbers of each table", answer.text),
        "table|#effect|#95 % interval|#repetitions|#pairs never arrived|remarks",
        units.iter().flat_map(of_unit).map(row).collect(),
    )
}
