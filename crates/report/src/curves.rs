//! Pictures of the ways of training: the loss along training, overfitting, and which learning rates are usable.

use crate::axis::Axis;
use crate::content::Figure;
use crate::picture::{Drawing, Mark, N_STYLES, Picture, Series, draw};
use crate::results::{ClaimNote, CurvePoint, Results, TuningPoint, WayNote};
use crate::words;

/// Above so many times a constant's loss a curve leaves its frame: a way that explodes would press all others into a line.
const MOST_LOSS: f64 = 4.0;
/// A rate is usable where it ends within this factor of the way's best loss.
const USABLE: f64 = 1.25;

const LOSS: &str = "loss, 1 = guessing the mean";

/// A way on one table, with its style, the same on all tables, and with what it is called.
struct Shown<'a> {
    style: usize,
    called: &'a str,
    note: &'a WayNote,
}

/// What training is counted in, along the x axis: its name, with the unit.
type Measure = (String, fn(&CurvePoint) -> Option<f64>, f64);

/// The curves of a claim's ways on one table, against epochs, updates and seconds.
pub(crate) fn curves(
    results: &Results,
    claim: &ClaimNote,
    table: &str,
    identifier: &str,
) -> Figure {
    let notes = of_table(results, claim, table);
    let target = target(results, table);
    let panel = |(at, measure): (usize, Measure)| {
        let picture = curve(&notes, &measure, target)?;
        let name = format!("{identifier}-{at}");
        Some((format!("{table}, by {}", measure.0), draw(&picture, name)))
    };
    let panels = measures(&notes).into_iter().enumerate();
    Figure {
        panels: panels.filter_map(panel).collect(),
        legend: legend(claim.names()),
        caption: format!(
            "The training loss of {table}, relative to always predicting the mean (or the class frequencies). Lines are medians over the \
             final runs, bands their quartiles. An arrow marks where a line leaves the frame, a cross where the median run diverged.{}",
            if target.is_some() {
                " Dashed: the loss to be reached."
            } else {
                ""
            }
        ),
        ..Figure::default()
    }
}

fn of_table<'a>(results: &'a Results, claim: &'a ClaimNote, table: &str) -> Vec<Shown<'a>> {
    let notes = results.ways.iter().filter(|note| note.table == table);
    let shown = notes.filter_map(|note| {
        Some(Shown {
            style: claim.ways.iter().position(|way| *way == note.way)?,
            called: claim.called(&note.way),
            note,
        })
    });
    shown.collect()
}

/// Where the primary target lies on a table: a part of the way to the lowest loss of any way with mini-batches at its best rate.
fn target(results: &Results, table: &str) -> Option<f64> {
    let part = results.design.targets.first()?;
    let mini = |note: &&WayNote| note.table == table && note.batch_size != "full";
    let losses = results
        .ways
        .iter()
        .filter(mini)
        .flat_map(|note| &note.tuning);
    let floor = losses.filter_map(|point| point.loss).fold(1.0, f64::min);
    (floor < 1.0).then(|| 1.0 - part * (1.0 - floor))
}

/// Seconds are shown in the unit in which they are read, and only where they were asked for of all.
fn measures(ways: &[Shown<'_>]) -> Vec<Measure> {
    let points = ways.iter().flat_map(|way| &way.note.curve);
    let most = points.filter_map(|point| point.seconds).fold(0.0, f64::max);
    let (unit, times) = match most {
        0.0..1e-3 => ("µs", 1e6),
        1e-3..1.0 => ("ms", 1e3),
        _ => ("seconds", 1.0),
    };
    let mut measures: Vec<Measure> = vec![
        ("epochs".into(), |point| Some(point.epochs), 1.0),
        ("updates".into(), |point| Some(point.updates as f64), 1.0),
    ];
    if ways.iter().all(|way| way.note.seconds_per_update.is_some()) {
        let label = format!("processor time, {unit}");
        measures.push((label, |point| point.seconds, times));
    }
    measures
}

/// A legend of ways by their names, in the order of their styles.
fn legend<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(usize, String)> {
    let styled = names.enumerate();
    styled
        .map(|(style, name)| (style % N_STYLES, name.to_owned()))
        .collect()
}

/// The picture of some ways on one table; none where nothing was recorded in this measure.
fn curve(ways: &[Shown<'_>], (label, of, times): &Measure, target: Option<f64>) -> Option<Picture> {
    // Nothing has happened at 0 yet, and a logarithmic axis has no place for it.
    let at = |point: &CurvePoint| of(point).filter(|x| *x > 0.0).map(|x| x * times);
    let points = || ways.iter().flat_map(|way| &way.note.curve);
    points().find_map(at)?;
    let shown = |loss: &f64| *loss <= MOST_LOSS;
    let losses = points()
        .flat_map(|point| [point.loss, point.low, point.high])
        .flatten();
    let told = ways.iter().filter_map(|way| {
        let last = way.note.curve.last()?;
        let x = words::optional(at(last));
        Some(match last.loss {
            Some(loss) => format!("{} ends at {} after {x}", way.called, words::number(loss)),
            None => format!("{} diverged by {x}", way.called),
        })
    });
    let table = ways.first().map_or("", |way| &way.note.table);
    Some(Picture {
        title: format!("Training loss on {table} by {label}"),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: label.clone(),
        y_label: LOSS.into(),
        x: Axis::holding(points().filter_map(at), 20.0),
        y: Axis::holding(losses.chain(target).filter(shown), 5.0),
        levels: target.map(|at| (at, "target".into())).into_iter().collect(),
        series: ways
            .iter()
            .map(|way| {
                let points: Vec<(f64, &CurvePoint)> = way
                    .note
                    .curve
                    .iter()
                    .filter_map(|point| Some((at(point)?, point)))
                    .collect();
                // Where the median run diverged, the line ends with a cross.
                let diverged = points.iter().find(|(_, point)| point.loss.is_none());
                Series {
                    name: way.called.to_owned(),
                    style: way.style,
                    line: points.iter().map(|(x, point)| (*x, point.loss)).collect(),
                    band: points
                        .iter()
                        .map(|(x, point)| (*x, point.low, point.high))
                        .collect(),
                    marks: diverged
                        .map(|(x, _)| (*x, None, Mark::Cross))
                        .into_iter()
                        .collect(),
                    ..Series::default()
                }
            })
            .collect(),
        ..Picture::default()
    })
}

/// Training and validation loss of a claim's ways on one table, a panel each, with the least validation loss marked.
pub(crate) fn overfitting(
    results: &Results,
    claim: &ClaimNote,
    table: &str,
    identifier: &str,
) -> Figure {
    let ways = of_table(results, claim, table);
    let losses = ways.iter().flat_map(|way| &way.note.curve);
    let losses = losses.flat_map(|point| [point.loss, point.validation_loss]);
    // One axis for all panels: they are compared.
    let y = Axis::holding(losses.flatten().filter(|loss| *loss <= MOST_LOSS), 5.0);
    let panel = |(at, way): (usize, &Shown<'_>)| {
        let picture = fit(way.note, y.clone())?;
        let caption = format!("{table}, {}", way.called);
        Some((caption, draw(&picture, format!("{identifier}-{at}"))))
    };
    Figure {
        panels: ways.iter().enumerate().filter_map(panel).collect(),
        legend: vec![(0, "training loss".into()), (1, "validation loss".into())],
        caption: format!(
            "Training and validation loss of {table} by epochs, medians over the final runs. The ring marks the least validation loss: \
             from there on a network learns what holds for the training rows only."
        ),
        ..Figure::default()
    }
}

fn fit(note: &WayNote, y: Axis) -> Option<Picture> {
    let points: Vec<&CurvePoint> = note
        .curve
        .iter()
        .filter(|point| point.epochs > 0.0)
        .collect();
    let x = Axis::holding(points.iter().map(|point| point.epochs), 20.0);
    let loss = |point: &&&CurvePoint| point.validation_loss.unwrap_or(f64::INFINITY);
    let best = points.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)))?;
    let least = best.validation_loss?;
    let line = |of: fn(&CurvePoint) -> Option<f64>| {
        points
            .iter()
            .map(|point| (point.epochs, of(point)))
            .collect()
    };
    Some(Picture {
        title: format!(
            "Training and validation loss on {}, {}",
            note.table, note.way
        ),
        description: format!(
            "The validation loss is least, {}, after {} epochs",
            words::number(least),
            words::number(best.epochs)
        ),
        x_label: "epochs".into(),
        y_label: LOSS.into(),
        x,
        y,
        series: vec![
            Series {
                name: "training loss".into(),
                line: line(|point| point.loss),
                ..Series::default()
            },
            Series {
                name: "validation loss".into(),
                style: 1,
                line: line(|point| point.validation_loss),
                marks: vec![(best.epochs, Some(least), Mark::Ring)],
                ..Series::default()
            },
        ],
        ..Picture::default()
    })
}

/// For each way, on which share of the tables a learning rate ends near that way's best loss.
pub(crate) fn usable_rates(results: &Results, ways: &[String], identifier: &str) -> Figure {
    let mut rates: Vec<f64> = results
        .ways
        .iter()
        .flat_map(|note| note.tuning.iter().map(|point| point.learning_rate))
        .collect();
    rates.sort_unstable_by(f64::total_cmp);
    rates.dedup_by(|a, b| (*a / *b - 1.0).abs() < 1e-6);
    let series: Vec<Series> = ways
        .iter()
        .enumerate()
        .filter_map(|(style, way)| usable(results, way, style, &rates))
        .collect();
    let reached = |series: &Series| -> Vec<f64> {
        let of = series.line.iter().filter(|(_, y)| *y > Some(0.0));
        of.map(|(x, _)| *x).collect()
    };
    let used: Vec<f64> = series.iter().flat_map(reached).collect();
    if used.is_empty() {
        return Figure::default();
    }
    let told = series.iter().filter_map(|series| {
        let reached = reached(series);
        let (first, last) = (reached.first()?, reached.last()?);
        let [first, last] = [first, last].map(|rate| words::round_number(*rate));
        Some(format!("{}: from {first} to {last}", series.name))
    });
    let picture = Picture {
        title: "Tables on which a learning rate is usable".into(),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: "learning rate".into(),
        y_label: "tables on which it is usable, %".into(),
        x: Axis::holding(used, 2.0),
        y: Axis::spanning(0.0, 100.0),
        series,
        ..Picture::default()
    };
    Figure {
        legend: legend(ways.iter().map(String::as_str)),
        panels: vec![(
            "The usable range of learning rates".into(),
            draw(&picture, identifier),
        )],
        caption: format!(
            "A rate counts as usable on a table where it ends within {USABLE} times the loss of the way's best rate there. A range that \
             lies elsewhere, or is narrow, makes a rate hard to guess."
        ),
        ..Figure::default()
    }
}

fn usable(results: &Results, way: &str, style: usize, rates: &[f64]) -> Option<Series> {
    let notes: Vec<&WayNote> = results
        .ways
        .iter()
        .filter(|note| note.way == way && note.tuning.len() > 1)
        .collect();
    if notes.is_empty() {
        return None;
    }
    let is_usable = |note: &&&WayNote, rate: f64| {
        let best = note.tuning.iter().filter_map(|point| point.loss);
        let best = best.fold(f64::INFINITY, f64::min);
        let is_rate = |point: &&TuningPoint| (point.learning_rate / rate - 1.0).abs() < 1e-6;
        let tried = note
            .tuning
            .iter()
            .find(is_rate)
            .and_then(|point| point.loss);
        tried.is_some_and(|loss| loss <= USABLE * best)
    };
    let share = |rate: f64| {
        let n = notes.iter().filter(|note| is_usable(note, rate)).count();
        100.0 * n as f64 / notes.len() as f64
    };
    Some(Series {
        name: way.to_owned(),
        style,
        line: rates
            .iter()
            .map(|rate| (*rate, Some(share(*rate))))
            .collect(),
        ..Series::default()
    })
}

/// A picture on its own, as a panel.
pub(crate) fn panel(picture: &Picture, caption: &str, identifier: &str) -> Vec<(String, Drawing)> {
    vec![(caption.to_owned(), draw(picture, identifier))]
}
