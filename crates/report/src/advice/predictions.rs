//! What was predicted of rows that were held out: numbers as clouds of points, classes as a matrix and shares.

use super::{AdvicePredictions, pictures};
use crate::content::{Block, Column, Span, Table, Text, Tone, plain};
use crate::words;

/// A matrix of more classes is folded away.
const MOST_CLASSES: usize = 15;
/// As many mistakes are named.
const MOST_MISTAKES: usize = 5;
/// Letters of a class's name at the head of a column.
const MOST_LETTERS: usize = 18;

pub(super) fn blocks(predictions: &AdvicePredictions, target: &str) -> Vec<Block> {
    match predictions {
        AdvicePredictions::Numbers {
            points,
            rows,
            half_width,
        } => {
            let figure = pictures::scatter(points, *rows, *half_width, target);
            Block::figure(figure).into_iter().collect()
        }
        AdvicePredictions::Classes {
            names,
            confusion,
            probability_of,
            calibration,
        } => {
            let mut blocks = confusions(names, confusion);
            if !calibration.is_empty() {
                blocks.push(Block::Heading(
                    "What a predicted probability is worth".into(),
                ));
            }
            blocks.extend(Block::figure(pictures::calibration(
                calibration,
                probability_of,
            )));
            blocks.extend(Block::folded("The same as numbers", bins(calibration)));
            blocks
        }
    }
}

fn confusions(names: &[String], confusion: &[Vec<usize>]) -> Vec<Block> {
    let n_rows: usize = confusion.iter().flatten().sum();
    if n_rows == 0 {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    blocks.extend(Block::words(Tone::Plain, mistakes(names, confusion)));
    let matrix = Block::table(matrix(names, confusion));
    if names.len() > MOST_CLASSES {
        blocks.extend(Block::folded(
            "The classes, and what each was taken for",
            matrix,
        ));
    } else {
        blocks.push(Block::Heading("What each class was taken for".into()));
        blocks.extend(matrix);
    }
    blocks.extend(Block::words(
        Tone::Small,
        format!(
            "{}, each predicted by a model that had not seen it. A row of the matrix has the rows of one class; each is taken for the \
             class with the highest probability.",
            words::counted(n_rows, "row")
        ),
    ));
    blocks
}

/// The most frequent mistakes in words.
fn mistakes(names: &[String], confusion: &[Vec<usize>]) -> String {
    let mut pairs: Vec<(usize, &String, &String)> = Vec::new();
    for (row, truth) in confusion.iter().zip(names) {
        for (&count, taken) in row.iter().zip(names) {
            if count > 0 && truth != taken {
                pairs.push((count, truth, taken));
            }
        }
    }
    let n_wrong: usize = pairs.iter().map(|pair| pair.0).sum();
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.0));
    if pairs.is_empty() {
        return "No row was taken for another class.".into();
    }
    let named = pairs.iter().take(MOST_MISTAKES);
    let named = named
        .map(|(count, truth, taken)| format!("“{truth}” for “{taken}” ({})", words::count(*count)));
    format!(
        "{} {} taken for another class{} {}.",
        words::counted(n_wrong, "row"),
        if n_wrong == 1 { "was" } else { "were" },
        if pairs.len() > MOST_MISTAKES {
            ", most often"
        } else {
            ":"
        },
        named.collect::<Vec<_>>().join(", ")
    )
}

fn matrix(names: &[String], confusion: &[Vec<usize>]) -> Table {
    let row = |(at, (counts, name)): (usize, (&Vec<usize>, &String))| {
        let all: usize = counts.iter().sum();
        let share = |count: usize| count as f64 / all.max(1) as f64;
        let own = counts.get(at).copied().unwrap_or(0);
        let mut row: Vec<Text> = vec![plain(name.clone())];
        row.extend(counts.iter().map(|&count| match count {
            0 => plain("·"),
            _ => vec![Span::Shaded(share(count), words::count(count))],
        }));
        row.push(plain(words::count(all)));
        row.push(plain(match all {
            0 => "–".into(),
            _ => words::percent(share(own)),
        }));
        row
    };
    let rows = confusion.iter().zip(names).enumerate().map(row).collect();
    let mut table = Table::new("What each class was taken for", "", rows);
    let column = |name: String, numeric| Column {
        name,
        numeric,
        ruler: None,
    };
    table.columns = vec![column("true class".into(), false)];
    let taken = names
        .iter()
        .map(|name| column(words::clip(name, MOST_LETTERS), true));
    table.columns.extend(taken);
    table.columns.push(column("rows".into(), true));
    table.columns.push(column("right".into(), true));
    table
}

fn bins(calibration: &[(f64, f64, usize)]) -> Option<Block> {
    let rows = calibration.iter().map(|(mean, share, n)| {
        [
            words::percent(*mean),
            words::percent(*share),
            words::count(*n),
        ]
        .map(plain)
        .to_vec()
    });
    Block::table(Table::new(
        "The share that came true by predicted probability",
        "#predicted probability, mean|#share that came true|#rows",
        rows.collect(),
    ))
}
