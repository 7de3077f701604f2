//! The pictures of a claim's page that a textbook would show, from the data at hand.

use smallbatch_evidence::Scale;

use crate::axis::Axis;
use crate::content::{Block, Figure};
use crate::picture::{Mark, Picture, Series};
use crate::play::Play;
use crate::results::{Answer, ClaimNote, Results, TableAnswer};
use crate::words::{self, Bound, Size};
use crate::{curves, forest, landscape, memory};

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
                &note.ways,
                &typical,
                &name("curve"),
            ))),
            "overfitting" => blocks.extend(Block::figure(curves::overfitting(
                results,
                &note.ways,
                &typical,
                &name("fit"),
            ))),
            "rates" => blocks.extend(Block::figure(curves::usable_rates(
                results,
                &note.ways,
                &name("rates"),
            ))),
            "batch-sizes" => {
                blocks.extend(Block::figure(batch_sizes(results, note, &name("batch"))));
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
        Block::figure(curves::curves(results, &note.ways, table, &name))
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

/// The time to the target by the batch size, relative to that of the second side: a line a table, and their mean.
fn batch_sizes(results: &Results, note: &ClaimNote, identifier: &str) -> Figure {
    let base = "standardized";
    let size_of = |way: &str, table: Option<&str>| -> Option<f64> {
        let is = |note: &&crate::results::WayNote| {
            note.way == way && table.is_none_or(|table| note.table == table)
        };
        let found = results.ways.iter().find(is)?;
        if let Ok(size) = found.batch_size.parse::<f64>() {
            return Some(size);
        }
        // The full batch lies at the rows that are trained on: the middle of all tables, where it stands for all.
        let rows = results.datasets.iter();
        let mut rows: Vec<usize> = rows
            .filter(|dataset| table.is_none_or(|table| dataset.table == table))
            .map(|dataset| dataset.n_training_samples)
            .collect();
        rows.sort_unstable();
        rows.get(rows.len() / 2).map(|rows| *rows as f64)
    };
    let is_of_times = |answer: &&Answer| {
        answer.claim == note.id
            && answer.measure.starts_with("seconds")
            && answer.target == results.design.targets.first().copied()
            && answer.first.len() == 1
            && answer.second == [base]
    };
    let mut answers: Vec<(f64, &Answer)> = results
        .answers
        .iter()
        .filter(is_of_times)
        .filter_map(|answer| Some((size_of(&answer.first[0], None)?, answer)))
        .collect();
    let Some(one) = size_of(base, None).filter(|_| answers.len() > 1) else {
        return Figure::default();
    };
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut line: Vec<(f64, Option<f64>)> = Vec::new();
    let mut band = Vec::new();
    let mut marks = vec![(one, Some(1.0), Mark::Dot)];
    let mut told = Vec::new();
    for (at, answer) in &answers {
        let size = Size::of(answer);
        line.push((*at, size.estimate));
        band.push((
            *at,
            Some(size.low),
            size.high.is_finite().then_some(size.high),
        ));
        let mark = match size.bound() {
            Bound::AtLeast => Mark::Up,
            Bound::Exact | Bound::AtMost | Bound::Either => Mark::Dot,
        };
        marks.push((*at, size.estimate, mark));
        told.push(format!("{}: {}", answer.first[0], size.in_brackets()));
    }
    let place = line.partition_point(|(at, _)| *at < one);
    line.insert(place, (one, Some(1.0)));
    band.insert(place, (one, Some(1.0), Some(1.0)));
    let mut series: Vec<Series> = Vec::new();
    let tables = results
        .datasets
        .iter()
        .map(|dataset| dataset.table.as_str());
    for table in tables {
        let mut points = vec![(one, Some(1.0))];
        for (_, answer) in &answers {
            let rows = forest::of_tables(results, answer, &answer.unit);
            let row = rows.into_iter().find(|row| row.table == table);
            let estimate = row.and_then(|row| row.estimate);
            if let (Some(at), Some(_)) = (size_of(&answer.first[0], Some(table)), estimate) {
                points.push((at, estimate));
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        if points.len() > 2 {
            series.push(Series {
                name: table.to_owned(),
                style: 6,
                solid: true,
                fine: true,
                line: points,
                ..Series::default()
            });
        }
    }
    let all = || series.iter().flat_map(|series| &series.line).chain(&line);
    let x = Axis::holding(all().map(|(x, _)| x * 1.0), 2.0);
    let y = Axis::holding(
        all()
            .filter_map(|(_, y)| *y)
            .flat_map(|y| [y / 1.2, y * 1.2]),
        2.0,
    );
    series.push(Series {
        name: "mean over tables".into(),
        solid: true,
        line,
        band,
        marks,
        ..Series::default()
    });
    Figure {
        legend: vec![(0, "mean over tables".into()), (6, "single tables".into())],
        solid: true,
        panels: curves::panel(
            &Picture {
                title: "Time to the target by batch size".into(),
                description: told.join("; "),
                x_label: "samples in a batch; at the end, all".into(),
                y_label: "time, relative to batches of 32".into(),
                x,
                y,
                levels: vec![(1.0, String::new())],
                series,
                ..Picture::default()
            },
            "Time to the target, by batch size",
            identifier,
        ),
        caption: "Processor time to the same training loss by plain descent, each batch size at its best rate, relative to batches of 32. \
                  The band is the 95\u{a0}% interval of the mean over tables. An arrow upwards is a lower bound: runs never reached the \
                  target. The full batch lies at the number of its rows."
            .into(),
        ..Figure::default()
    }
}

/// The damage of test data scaled by their own statistics, by how many rows are scaled together.
fn own_statistics(results: &Results, note: &ClaimNote, identifier: &str) -> Option<Block> {
    let mut answers: Vec<(usize, &Answer)> = results
        .answers
        .iter()
        .filter(|answer| answer.claim == note.id)
        .filter_map(|answer| Some((answer.batch?, answer)))
        .collect();
    answers.sort_by_key(|(batch, _)| *batch);
    if answers.len() < 2 {
        return None;
    }
    let named: Vec<(String, &Answer)> = answers
        .into_iter()
        .map(|(batch, answer)| (format!("batches of {batch}"), answer))
        .collect();
    let unit =
        "test loss with test data scaled by their own statistics, relative to the training set's";
    forest::answers(&named, unit, identifier)
}

/// The noise scale of the gradient over the samples of a batch, table by table.
fn noise_scale(results: &Results, note: &ClaimNote, identifier: &str) -> Vec<Block> {
    let is_noise = |answer: &&Answer| {
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
