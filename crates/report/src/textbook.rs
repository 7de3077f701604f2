//! The pictures of a claim's page that a textbook would show, from the data at hand.

use smallbatch_evidence::Scale;

use crate::content::Block;
use crate::play::Play;
use crate::results::{AnswerNote, ClaimNote, Results, TableAnswer};
use crate::words;
use crate::{batch_sizes, curves, forest, landscape, memory};

/// The pictures that the claim's note names, but for what is folded away.
pub(crate) fn pictures(results: &Results, note: &ClaimNote, id: &str) -> Vec<Block> {
    let name = |kind: &str| format!("{id}-{kind}");
    let typical = typical_table(results, note);
    let mut blocks = Vec::new();
    for kind in &note.pictures {
        match kind.as_str() {
            "landscape" => blocks.extend(landscapes(results, id)),
            "curves" => blocks.extend(Block::figure(curves::curves(
                results,
                note,
                &typical,
                &name("curve"),
            ))),
            "overfitting" => blocks.extend(Block::figure(curves::overfitting(
                results,
                note,
                &typical,
                &name("fit"),
            ))),
            "rates" => blocks.extend(Block::figure(curves::usable_rates(
                results,
                &note.ways,
                &name("rates"),
            ))),
            "batch-sizes" => {
                blocks.extend(Block::figure(batch_sizes::figure(
                    results,
                    note,
                    &name("batch"),
                )));
            }
            "own-statistics" => blocks.extend(own_statistics(results, note, &name("own"))),
            "noise-scale" => blocks.extend(noise_scale(results, note, &name("noise"))),
            "memory" => blocks.extend(Block::figure(memory::figure(results, id))),
            // The same question at other targets stands below the tables; what an older file names is left out.
            _ => {}
        }
    }
    blocks
}

/// The curves of the tables with the smallest and the largest effect.
pub(crate) fn folded(results: &Results, note: &ClaimNote, id: &str) -> Option<Block> {
    if !note.pictures.iter().any(|kind| kind == "curves") {
        return None;
    }
    let typical = typical_table(results, note);
    let ordered = by_effect(results, note);
    let ends = [ordered.first(), ordered.last()];
    let others = words::distinct(ends.into_iter().flatten().map(|row| row.table.as_str()));
    let others = others.into_iter().filter(|table| *table != typical);
    let figures = others.enumerate().filter_map(|(at, table)| {
        let name = format!("{id}-end-{at}");
        Block::figure(curves::curves(results, note, table, &name))
    });
    Block::folded(
        "Curves of the tables with the smallest and the largest effect",
        figures,
    )
}

/// The tables of the primary question with an effect, the smallest first.
fn by_effect<'a>(results: &'a Results, note: &ClaimNote) -> Vec<&'a TableAnswer> {
    let Some(answer) = results.primary(&note.id) else {
        return Vec::new();
    };
    let unit = forest::units(answer).first().copied().unwrap_or_default();
    let mut rows = forest::of_tables(results, answer, unit);
    rows.retain(|row| row.estimate.is_some_and(f64::is_finite));
    let key = |row: &&TableAnswer| row.estimate.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    rows
}

/// The table whose effect lies in the middle.
fn typical_table(results: &Results, note: &ClaimNote) -> String {
    let ordered = by_effect(results, note);
    match ordered.get(ordered.len() / 2) {
        Some(row) => row.table.clone(),
        None => results
            .ways
            .first()
            .map_or_else(String::new, |way| way.table.clone()),
    }
}

fn landscapes(results: &Results, id: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (at, shown) in results.landscapes.iter().enumerate() {
        let contours = landscape::contours(shown, &format!("{id}-contour-{at}"));
        blocks.extend(Block::figure(contours));
        blocks.extend(Play::of(shown).map(|play| Block::Play(play.json())));
        let clouds = landscape::clouds(shown, &format!("{id}-cloud-{at}"));
        blocks.extend(Block::figure(clouds));
    }
    blocks
}

/// The damage of test data scaled by their own statistics, by how many rows are scaled together.
fn own_statistics(results: &Results, note: &ClaimNote, identifier: &str) -> Option<Block> {
    let mut answers: Vec<(usize, &AnswerNote)> = results
        .answers
        .iter()
        .filter(|answer| answer.claim == note.id)
        .filter_map(|answer| Some((answer.batch?, answer)))
        .collect();
    answers.sort_by_key(|(batch, _)| *batch);
    if answers.len() < 2 {
        return None;
    }
    let named: Vec<(String, &AnswerNote)> = answers
        .into_iter()
        .map(|(batch, answer)| (format!("batches of {batch}"), answer))
        .collect();
    let unit =
        "test loss with test data scaled by their own statistics, relative to the training set's";
    forest::answers(&named, unit, identifier)
}

/// The noise scale of the gradient over the samples of a batch, table by table.
fn noise_scale(results: &Results, note: &ClaimNote, identifier: &str) -> Vec<Block> {
    let is_noise = |answer: &&AnswerNote| {
        answer.claim == note.id
            && answer.measure.starts_with("noise scale")
            && answer.scale == Scale::Ratio
    };
    match results.answers.iter().find(is_noise) {
        Some(answer) => {
            let mut blocks = vec![Block::Heading("The noise of the gradient".into())];
            blocks.extend(forest::tables(results, answer, identifier));
            blocks
        }
        None => Vec::new(),
    }
}
