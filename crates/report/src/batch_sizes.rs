//! The picture of the time to the target by the batch size.

use crate::axis::Axis;
use crate::content::Figure;
use crate::picture::{Mark, Picture, Series};
use crate::results::{AnswerNote, ClaimNote, Results, WayNote};
use crate::words::{Bound, Size};
use crate::{curves, forest};

/// The way of training that all times are relative to: batches of 32.
const BASE: &str = "standardized";

/// The batch size of the base, and the answers of the other sizes with theirs, the smallest first.
struct Sizes<'a> {
    base: f64,
    answers: Vec<(f64, &'a AnswerNote)>,
}

/// A line a table, and their mean with its interval. No figure where there are fewer than two sizes beside the base.
pub(crate) fn figure(results: &Results, note: &ClaimNote, identifier: &str) -> Figure {
    let Some(sizes) = Sizes::of(results, note) else {
        return Figure::default();
    };
    let picture = picture(results, &sizes);
    Figure {
        legend: vec![(0, "mean over tables".into()), (6, "single tables".into())],
        solid: true,
        panels: curves::panel(&picture, "Time to the target, by batch size", identifier),
        caption: "Processor time to the same training loss by plain descent, each batch size at its best rate, relative to batches of 32. \
                  The band is the 95\u{a0}% interval of the mean over tables. An arrow upwards is a lower bound: runs never reached the \
                  target. The full batch is drawn at its number of rows."
            .into(),
        ..Figure::default()
    }
}

impl<'a> Sizes<'a> {
    fn of(results: &'a Results, note: &ClaimNote) -> Option<Self> {
        let is_of_times = |answer: &&AnswerNote| {
            answer.claim == note.id
                && answer.measure.starts_with("seconds")
                && answer.target == results.design.targets.first().copied()
                && answer.first.len() == 1
                && answer.second == [BASE]
        };
        let answers = results.answers.iter().filter(is_of_times);
        let mut answers: Vec<(f64, &AnswerNote)> = answers
            .filter_map(|answer| Some((size_of(results, &answer.first[0], None)?, answer)))
            .collect();
        answers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let base = size_of(results, BASE, None).filter(|_| answers.len() > 1)?;
        Some(Self { base, answers })
    }
}

/// The batch size of a way, on a table or on all. The full batch counts as the rows that are trained on: on all tables, the median.
fn size_of(results: &Results, way: &str, table: Option<&str>) -> Option<f64> {
    let is = |note: &&WayNote| note.way == way && table.is_none_or(|table| note.table == table);
    let found = results.ways.iter().find(is)?;
    if let Ok(size) = found.batch_size.parse::<f64>() {
        return Some(size);
    }
    let datasets = results.datasets.iter();
    let mut rows: Vec<usize> = datasets
        .filter(|dataset| table.is_none_or(|table| dataset.table == table))
        .map(|dataset| dataset.n_training_samples)
        .collect();
    rows.sort_unstable();
    rows.get(rows.len() / 2).map(|rows| *rows as f64)
}

fn picture(results: &Results, sizes: &Sizes<'_>) -> Picture {
    let mut series: Vec<Series> = results
        .datasets
        .iter()
        .filter_map(|dataset| line_of_table(results, sizes, &dataset.table))
        .collect();
    series.push(mean(sizes));
    let points = || series.iter().flat_map(|series| &series.line);
    let times = points().filter_map(|(_, time)| *time);
    let told = sizes
        .answers
        .iter()
        .map(|(_, answer)| format!("{}: {}", answer.first[0], Size::of(answer).in_brackets()));
    Picture {
        title: "Time to the target by batch size".into(),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: "samples in a batch; at the end, all".into(),
        y_label: "time, relative to batches of 32".into(),
        x: Axis::holding(points().map(|(size, _)| *size), 2.0),
        y: Axis::holding(times.flat_map(|time| [time / 1.2, time * 1.2]), 2.0),
        levels: vec![(1.0, String::new())],
        series,
        ..Picture::default()
    }
}

/// The times on one table; nothing where fewer than two sizes reached the target on it.
fn line_of_table(results: &Results, sizes: &Sizes<'_>, table: &str) -> Option<Series> {
    let time = |answer: &AnswerNote| {
        let rows = forest::of_tables(results, answer, &answer.unit);
        rows.into_iter().find(|row| row.table == table)?.estimate
    };
    let point = |(_, answer): &(f64, &AnswerNote)| {
        let size = size_of(results, &answer.first[0], Some(table))?;
        Some((size, Some(time(answer)?)))
    };
    let others = sizes.answers.iter().filter_map(point);
    let mut line: Vec<(f64, Option<f64>)> = others.chain([(sizes.base, Some(1.0))]).collect();
    line.sort_by(|a, b| a.0.total_cmp(&b.0));
    (line.len() > 2).then(|| Series {
        name: table.to_owned(),
        style: 6,
        solid: true,
        fine: true,
        line,
        ..Series::default()
    })
}

/// The mean over tables, with its interval.
fn mean(sizes: &Sizes<'_>) -> Series {
    let mut line = vec![(sizes.base, Some(1.0))];
    let mut band = vec![(sizes.base, Some(1.0), Some(1.0))];
    let mut marks = vec![(sizes.base, Some(1.0), Mark::Dot)];
    for (at, answer) in &sizes.answers {
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
    }
    line.sort_by(|a, b| a.0.total_cmp(&b.0));
    band.sort_by(|a, b| a.0.total_cmp(&b.0));
    Series {
        name: "mean over tables".into(),
        solid: true,
        line,
        band,
        marks,
        ..Series::default()
    }
}
