//! How well tables foretell one another: what a prediction for a new table is worth.

use smallbatch_evidence::Scale;

use crate::claim;
use crate::content::{Block, Table, Text, Tone, plain};
use crate::results::{LeftOutTableNote, Results};
use crate::words;

/// Shares are put into so many equal classes.
const CLASSES: usize = 5;

/// Each table was left out in turn: how often it lay where the others said, and how often the claim held when they said how likely
/// that was. Nothing where no answer has a prediction.
pub(crate) fn blocks(results: &Results) -> Vec<Block> {
    let rows = intervals(results);
    if rows.is_empty() {
        return Vec::new();
    }
    let mut blocks = Vec::new();
    blocks.extend(Block::words(
        Tone::Plain,
        "Each table was left out in turn, and predicted from the others: by a 95\u{a0}% interval for its effect, and by the probability \
         that the claim holds on it. What it was predicted by was chosen anew each time.",
    ));
    blocks.extend(Block::table(Table::new(
        "Tables inside the interval that the others give",
        "claim|#inside|#tables|#share|#typical width",
        rows,
    )));
    blocks.extend(Block::table(Table::new(
        "How often the claim held, by what the others had said",
        "probability|#tables|#said on average|#held",
        shares(&results.left_out),
    )));
    blocks
}

fn intervals(results: &Results) -> Vec<Vec<Text>> {
    let mut rows = Vec::new();
    let (mut inside, mut all) = (0, 0);
    for (number, note) in results.claims.iter().enumerate() {
        let Some(answer) = results.primary(&note.id) else {
            continue;
        };
        let Some(prediction) = &answer.prediction else {
            continue;
        };
        let found = prediction.left_out;
        inside += found.n_inside;
        all += found.n_tables;
        rows.push(row(
            claim::title(note, number),
            found.n_inside,
            found.n_tables,
            match answer.scale {
                Scale::Ratio => format!("a factor of {}", words::number(found.width.exp())),
                Scale::Difference => words::number(found.width),
            },
        ));
    }
    if rows.len() > 1 {
        rows.push(row("all".into(), inside, all, String::new()));
    }
    rows
}

fn row(name: String, inside: usize, all: usize, width: String) -> Vec<Text> {
    let share = words::percent(inside as f64 / all.max(1) as f64);
    [name, words::count(inside), words::count(all), share, width]
        .map(plain)
        .to_vec()
}

fn shares(tables: &[LeftOutTableNote]) -> Vec<Vec<Text>> {
    let class = |share: f64| ((share * CLASSES as f64) as usize).min(CLASSES - 1);
    let of_class = |number: usize| {
        let said = tables
            .iter()
            .filter_map(|table| Some((table.share?, table.holds)));
        let said: Vec<(f64, bool)> = said
            .filter(|(share, _)| share.is_finite() && class(*share) == number)
            .collect();
        let n = said.len();
        let mean = said.iter().map(|(share, _)| share).sum::<f64>() / n as f64;
        let held = said.iter().filter(|(_, holds)| *holds).count();
        let bound = |number: usize| 100 * number / CLASSES;
        (n > 0).then(|| {
            let name = format!("{} to {}\u{a0}%", bound(number), bound(number + 1));
            let held = words::percent(held as f64 / n as f64);
            [name, words::count(n), words::percent(mean), held]
                .map(plain)
                .to_vec()
        })
    };
    (0..CLASSES).filter_map(of_class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn shares_are_put_into_fifths_with_how_often_the_claim_held() {
        let table = |share, holds| LeftOutTableNote {
            share,
            holds,
            ..LeftOutTableNote::default()
        };
        let tables = [
            table(Some(0.1), false),
            table(Some(0.9), true),
            table(Some(1.0), true),
            table(Some(0.8), false),
            table(None, true),
        ];
        let rows = shares(&tables);
        let expected = [
            ["0 to 20\u{a0}%", "1", "10\u{a0}%", "0\u{a0}%"],
            ["80 to 100\u{a0}%", "3", "90\u{a0}%", "66.7\u{a0}%"],
        ];
        assert_eq!(rows, expected.map(|row| row.map(plain).to_vec()));
    }

    #[test]
    fn answers_with_a_prediction_have_a_row_each() {
        let mut results = fixture::results();
        assert_eq!(intervals(&results).len(), 1);
        assert_eq!(blocks(&results).len(), 3);
        for answer in &mut results.answers {
            answer.prediction = None;
        }
        assert!(blocks(&results).is_empty());
    }
}
