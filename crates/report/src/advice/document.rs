//! The page about one table in the order of a reader's questions.

use smallbatch_evidence::Scale;

use super::{AdvicePage, AdviceWay, pictures, predictions};
use crate::content::{
    Block, Column, Document, Form, Section, Span, Table, Text, Tone, plain, with_code,
};
use crate::foresight::Expectation;
use crate::strip::{Ruler, Strip};
use crate::words::{self, Size};

/// The axis of the ways goes beyond their estimates by this factor at most.
const ROOM: f64 = 3.0;
/// More times the loss than this is not told apart: nothing was learned.
const MOST_TIMES: f64 = 1000.0;
/// Notes and columns beyond these are folded away.
const MOST_NOTES: usize = 3;
const MOST_COLUMNS: usize = 12;

/// All that the page says.
pub(super) fn document(page: &AdvicePage) -> Document {
    let all = [
        (
            "lesson",
            "What normalization and batch size did here",
            lesson(page),
        ),
        (
            "predictions",
            "Predictions",
            predictions::blocks(&page.predictions, &page.target),
        ),
        ("importance", "What matters", importance(page)),
        ("expected", "Tables like this one", expected(page)),
        ("tried", "All that was tried", tried(page)),
        ("method", "What this rests on", method(page)),
    ];
    let full = all.into_iter().filter(|(.., blocks)| !blocks.is_empty());
    Document {
        title: format!("{}: how to predict {}", page.data, page.target),
        lead: lead(page),
        sections: full
            .map(|(id, title, blocks)| Section {
                id: id.into(),
                title: title.into(),
                is_claim: false,
                blocks,
            })
            .collect(),
        footer: vec![
            Span::Plain(format!(
                "Made by {}. The same as numbers, and more, is in ",
                page.program
            )),
            Span::Code("advice.json".into()),
            Span::Plain("; the model is in ".into()),
            Span::Code("model.safetensors".into()),
            Span::Plain(". Nothing on this page comes from a network.".into()),
        ],
    }
}

fn lead(page: &AdvicePage) -> Vec<Block> {
    let mut blocks = Vec::new();
    blocks.extend(Block::words(Tone::Answer, page.headline.clone()));
    blocks.extend(Block::words(Tone::Small, page.facts.clone()));
    blocks.extend(Block::table(ways(page)));
    if !page.ways.is_empty() {
        let mut words = String::from(
            "Times the loss of the network found, on rows held out, with the 95\u{a0}% interval: above 1 is worse than the network found.",
        );
        if page.ways.iter().any(|way| way.is_open) {
            words += " A question mark: the interval leaves open which is better.";
        }
        blocks.extend(Block::words(Tone::Small, words));
    }
    let note = |note: &String| {
        let said = words::sentence_of(note);
        (!said.is_empty()).then(|| Block::Paragraph(Tone::Note, with_code(&said)))
    };
    let (first, rest) = page.notes.split_at(page.notes.len().min(MOST_NOTES));
    blocks.extend(first.iter().filter_map(note));
    let title = format!("{} more of the kind", words::count(rest.len()));
    blocks.extend(Block::folded(&title, rest.iter().filter_map(note)));
    blocks
}

/// How many times the loss; more than can be drawn is at least that.
fn size(way: &AdviceWay) -> Option<Size> {
    let (estimate, low, high) = way.times?;
    let (low, high) = (
        low.unwrap_or(f64::NEG_INFINITY),
        high.unwrap_or(f64::INFINITY),
    );
    let size = Size::between(Some(estimate), (low, high), Scale::Ratio);
    Some(size.cut_above(MOST_TIMES))
}

/// The same in words: `1.30 (0.81 to 2.1) ?`.
fn times(way: &AdviceWay) -> String {
    let (Some(size), Some((estimate, low, high))) = (size(way), way.times) else {
        return String::new();
    };
    if low == Some(estimate) && high == low {
        return words::round_number(estimate);
    }
    let number = if estimate <= MOST_TIMES {
        size.in_brackets()
    } else {
        size.in_cell()
    };
    number + if way.is_open { "\u{a0}?" } else { "" }
}

/// The ways on one axis, a row each.
fn ways(page: &AdvicePage) -> Table {
    let sizes: Vec<Size> = page.ways.iter().filter_map(size).collect();
    let row = |way: &AdviceWay| {
        let size = size(way);
        let name = match way.is_advised {
            true => vec![
                Span::Strong(words::capital(&way.name)),
                Span::Plain(" (advised)".into()),
            ],
            false => plain(words::capital(&way.name)),
        };
        let times = match way.remark.as_str() {
            "" => times(way),
            remark => remark.to_owned(),
        };
        let strip = size.map(|size| Span::Strip(Strip::default().estimate(&size)));
        let mut row = vec![name, strip.into_iter().collect(), plain(times)];
        row.extend(
            (0..page.measures.len()).map(|at| match way.measures.get(at) {
                Some(measure) if !measure.is_empty() => plain(measure.clone()),
                _ => Text::new(),
            }),
        );
        row
    };
    let mut table = Table::new(
        "The ways to predict, judged on rows held out",
        "way|times the loss of the network found|#times (95\u{a0}%)",
        page.ways.iter().map(row).collect(),
    )
    .with_form(Form::Ways)
    .with_ruler(1, Ruler::of(&sizes, Vec::new(), Scale::Ratio, ROOM));
    table
        .columns
        .extend(page.measures.iter().map(|name| Column {
            name: name.clone(),
            numeric: true,
            ruler: None,
        }));
    table
}

fn lesson(page: &AdvicePage) -> Vec<Block> {
    let sentences = page.lesson.iter();
    let mut blocks: Vec<Block> = sentences
        .filter_map(|sentence| Block::words(Tone::Plain, words::sentence_of(sentence)))
        .collect();
    blocks.extend(Block::figure(pictures::curves(
        &page.curves,
        page.line_loss,
    )));
    let recipes = page.ways.iter().filter(|way| !way.recipe.is_empty());
    let recipes: Vec<(String, String)> = recipes
        .map(|way| (words::capital(&way.name), way.recipe.clone()))
        .collect();
    if !recipes.is_empty() {
        blocks.push(Block::Heading("How they were trained".into()));
        blocks.push(Block::Facts(recipes));
    }
    blocks
}

fn importance(page: &AdvicePage) -> Vec<Block> {
    if page.importance.is_empty() {
        return Vec::new();
    }
    let size = |growth: f64| {
        Size::between(
            Some(growth),
            (growth.min(0.0), growth.max(0.0)),
            Scale::Difference,
        )
    };
    let sizes: Vec<Size> = page
        .importance
        .iter()
        .map(|(_, growth)| size(*growth))
        .collect();
    let ruler = Ruler::of(&sizes, Vec::new(), Scale::Difference, 1.0);
    let table = |label: &str, columns: &[(String, f64)]| {
        let row = |(name, growth): &(String, f64)| {
            let size = size(*growth);
            vec![
                plain(name.clone()),
                vec![Span::Strip(Strip::default().bar(&size))],
                plain(words::number(*growth)),
            ]
        };
        let table = Table::new(
            label,
            "column|growth of the loss|#growth",
            columns.iter().map(row).collect(),
        );
        Block::table(table.with_form(Form::Forest).with_ruler(1, ruler.clone()))
    };
    let mut blocks = Vec::new();
    blocks.extend(Block::words(
        Tone::Plain,
        "How much the loss grows when the values of one column go to other rows, as a share of the loss of always saying the same. The \
         model that is advised is asked, each of its parts on rows that it did not see.",
    ));
    let (first, rest) = page
        .importance
        .split_at(page.importance.len().min(MOST_COLUMNS));
    blocks.extend(table("The columns by importance", first));
    let title = format!("{} that matter less", words::counted(rest.len(), "column"));
    blocks.extend(Block::folded(&title, table("The other columns", rest)));
    blocks.extend(Block::words(
        Tone::Small,
        "Columns that say the same stand in for one another: each alone may seem to matter little. A column near 0 can be left out.",
    ));
    blocks
}

fn expected(page: &AdvicePage) -> Vec<Block> {
    let expected = match &page.expected {
        Ok(expected) => expected,
        Err(reason) => {
            let words = format!("The experiments' results say nothing of this table: {reason}");
            return Block::words(Tone::Plain, words::sentence_of(&words))
                .into_iter()
                .collect();
        }
    };
    let between = |estimate, low, high| Size::between(Some(estimate), (low, high), Scale::Ratio);
    let size = |[estimate, low, high]: [f64; 3]| between(estimate, low, high);
    let point = |[estimate, ..]: [f64; 3]| between(estimate, estimate, estimate);
    let sizes: Vec<Size> = expected
        .iter()
        .filter_map(|of| of.ratio.map(size))
        .collect();
    let row = |of: &Expectation| {
        let sentence = match of.range.is_empty() {
            true => words::sentence_of(&of.words),
            false => format!("{} ({}).", of.words, of.range),
        };
        let strip = of.ratio.map(|ratio| {
            let strip = Strip::default().bar(&size(ratio));
            Span::Strip(strip.estimate(&point(ratio)))
        });
        vec![
            plain(of.holds.clone()),
            vec![Span::Plain(of.claim.clone()), Span::Small(sentence)],
            strip.into_iter().collect(),
        ]
    };
    let table = Table::new(
        "What to expect of a table like this one",
        "holds on|claim|times as much (1: no difference)",
        expected.iter().map(row).collect(),
    )
    .with_form(Form::Answers)
    .with_ruler(2, Ruler::of(&sizes, Vec::new(), Scale::Ratio, 10.0));
    let Some(table) = Block::table(table) else {
        return Vec::new();
    };
    let mut blocks = Vec::new();
    blocks.extend(Block::words(
        Tone::Plain,
        "What the experiments that come with the program predict, from the rows, columns and condition of this table alone: on how many of \
         100 such tables a claim holds, and how large the effect is. Above stands what was measured here.",
    ));
    blocks.push(table);
    blocks.extend(Block::words(
        Tone::Small,
        "Bar, and in brackets: where the effect on one such table lies, in 95 of 100 cases. The experiments ask of plain networks how \
         fast they train; the advice asks of one network how well it predicts.",
    ));
    blocks
}

fn tried(page: &AdvicePage) -> Vec<Block> {
    let rows = page.tried.iter();
    let mut table = Table::new(
        "All settings that were tried",
        "",
        rows.map(|row| row.iter().cloned().map(plain).collect())
            .collect(),
    );
    let column = |name: &String| Column {
        name: name.trim_start_matches('#').into(),
        numeric: name.starts_with('#'),
        ruler: None,
    };
    table.columns = page.tried_columns.iter().map(column).collect();
    let title = format!(
        "{} of networks",
        words::counted(page.tried.len(), "setting")
    );
    let mut blocks = Vec::new();
    if let Some(folded) = Block::folded(&title, Block::table(table)) {
        blocks.extend(Block::words(
            Tone::Plain,
            "All settings train for a short while on one fold, the best third for long on three folds, the best of those on all folds. The loss \
             is that of rows held out, as a share of the loss of always saying the same.",
        ));
        blocks.push(folded);
    }
    blocks
}

fn method(page: &AdvicePage) -> Vec<Block> {
    let item = |(name, sentence): &(String, String)| {
        vec![
            Span::Strong(format!("{name}.")),
            Span::Plain(format!(" {sentence}")),
        ]
    };
    let items: Vec<Text> = page.method.iter().map(item).collect();
    match items.is_empty() {
        true => Vec::new(),
        false => vec![Block::List(items)],
    }
}
