//! Pictures of the ways of training: the loss along training, and the loss against the learning rate.

use crate::axis::Axis;
use crate::content::{Block, Figure};
use crate::picture::{Drawing, Mark, N_STYLES, Picture, Series, draw};
use crate::results::{CurvePoint, Results, TuningPoint, WayNote};
use crate::words;

/// What training is counted in, along the x axis.
struct Measure {
    /// The axis' label, with the unit.
    label: &'static str,
    of: fn(&CurvePoint) -> Option<f64>,
}

const MEASURES: [Measure; 2] = [
    Measure {
        label: "updates",
        of: |point| Some(point.updates as f64),
    },
    Measure {
        label: "seconds",
        of: |point| point.seconds,
    },
];

/// Curves of more tables than this make a page heavy, and nobody looks at them: `results.json` has them all.
const MOST_TABLES: usize = 8;

const LOSS: &str = "training loss, relative";

/// Some ways on one table, each with its style: a way looks the same on all tables.
type Ways<'a> = [(usize, &'a WayNote)];

/// The curves of some ways, panels for each table, folded away.
pub(crate) fn curves(results: &Results, ways: &[String], identifier: &str) -> Option<Block> {
    let pictures = |table: &str, ways: &Ways<'_>| {
        let panel = |measure: &Measure| {
            Some((format!("{table}, {}", measure.label), curve(ways, measure)?))
        };
        MEASURES.iter().filter_map(panel).collect()
    };
    let figure = Figure {
        panels: panels(results, ways, &format!("{identifier}-curve"), pictures),
        legend: legend(ways),
        caption: "Training loss along training, relative to always predicting the mean (or the class frequencies). Lines are \
                  medians over the final runs, bands their quartiles; a cross marks where the median run diverged."
            .into(),
        ..Figure::default()
    };
    Block::folded(&folded("Training curves", results), Block::figure(figure))
}

/// What stands on a fold of pictures, one a table.
fn folded(what: &str, results: &Results) -> String {
    let tables = words::distinct(results.ways.iter().map(|note| note.table.as_str()));
    match tables.len() {
        n if n > MOST_TABLES => format!("{what}, {MOST_TABLES} of {n} tables"),
        _ => format!("{what}, table by table"),
    }
}

/// The loss against the rate for some ways, a panel for each table, folded away.
pub(crate) fn rates(results: &Results, ways: &[String], identifier: &str) -> Option<Block> {
    let pictures = |table: &str, ways: &Ways<'_>| {
        tuning(table, ways)
            .map(|picture| (table.to_owned(), picture))
            .into_iter()
            .collect()
    };
    let figure = Figure {
        panels: panels(results, ways, &format!("{identifier}-rate"), pictures),
        legend: legend(ways),
        caption: "Training loss at the end of tuning against the learning rate, the geometric mean over tuning runs. A ring marks \
                  the rate that was chosen most often, a cross one at which a run diverged."
            .into(),
        ..Figure::default()
    };
    Block::folded(&folded("Learning rates", results), Block::figure(figure))
}

/// The pictures of each table on which some of the ways were trained.
fn panels(
    results: &Results,
    ways: &[String],
    identifier: &str,
    pictures: impl Fn(&str, &Ways<'_>) -> Vec<(String, Picture)>,
) -> Vec<(String, Drawing)> {
    let style = |note: &WayNote| ways.iter().position(|way| *way == note.way);
    let of_table = |table: &str| {
        let of = results.ways.iter().filter(|note| note.table == table);
        let ways: Vec<_> = of.filter_map(|note| Some((style(note)?, note))).collect();
        pictures(table, &ways)
    };
    let tables = words::distinct(results.ways.iter().map(|note| note.table.as_str()));
    let pictures = spread(tables).into_iter().flat_map(of_table).enumerate();
    pictures
        .map(|(at, (caption, picture))| (caption, draw(&picture, format!("{identifier}-{at}"))))
        .collect()
}

/// At most [`MOST_TABLES`] of all, evenly spread over their order, the first and the last among them.
fn spread(tables: Vec<&str>) -> Vec<&str> {
    let n = tables.len();
    if n <= MOST_TABLES {
        return tables;
    }
    (0..MOST_TABLES)
        .map(|place| tables[place * (n - 1) / (MOST_TABLES - 1)])
        .collect()
}

fn legend(ways: &[String]) -> Vec<(usize, String)> {
    ways.iter()
        .cloned()
        .enumerate()
        .map(|(style, way)| (style % N_STYLES, way))
        .collect()
}

/// The picture of some ways on one table; none where nothing was recorded in this measure.
fn curve(ways: &Ways<'_>, measure: &Measure) -> Option<Picture> {
    // Nothing has happened at 0 yet, and a logarithmic axis has no place for it.
    let at = |point: &CurvePoint| (measure.of)(point).filter(|x| *x > 0.0);
    let points = || ways.iter().flat_map(|(_, way)| &way.curve);
    points().find_map(at)?;
    // It leaves out what explodes: a way that reaches 1e30 would press all others into a line.
    let shown = |loss: &f64| *loss <= 4.0;
    let losses = points()
        .flat_map(|point| [point.loss, point.low, point.high])
        .flatten();
    let told = ways.iter().filter_map(|(_, way)| {
        let last = way.curve.last()?;
        let x = words::optional((measure.of)(last));
        Some(match last.loss {
            Some(loss) => format!("{} ends at {} after {x}", way.way, words::number(loss)),
            None => format!("{} diverged by {x}", way.way),
        })
    });
    let table = ways.first().map_or("", |(_, way)| &way.table);
    Some(Picture {
        title: format!("Training loss on {table} against {}", measure.label),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: measure.label.into(),
        y_label: LOSS.into(),
        x: Axis::holding(points().filter_map(at), 20.0),
        y: Axis::holding(losses.filter(shown), 5.0),
        series: ways
            .iter()
            .map(|(style, way)| {
                let points: Vec<(f64, &CurvePoint)> = way
                    .curve
                    .iter()
                    .filter_map(|point| Some((at(point)?, point)))
                    .collect();
                // Where the median run diverged, the line ends with a cross.
                let diverged = points.iter().find(|(_, point)| point.loss.is_none());
                Series {
                    style: *style,
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

/// The picture of the rates of some ways on one table; none where none was tried.
fn tuning(table: &str, ways: &Ways<'_>) -> Option<Picture> {
    let points = || ways.iter().flat_map(|(_, way)| &way.tuning);
    points().next()?;
    let most_chosen = |way: &WayNote| way.tuning.iter().map(|point| point.n_chosen).max();
    let told = ways.iter().filter_map(|(_, way)| {
        let chosen = way.tuning.iter().max_by_key(|point| point.n_chosen)?;
        let diverged = way
            .tuning
            .iter()
            .filter(|point| point.loss.is_none())
            .count();
        Some(format!(
            "{}: {} was chosen most often, {diverged} of {} rates diverged",
            way.way,
            words::round_number(chosen.learning_rate),
            way.tuning.len()
        ))
    });
    let series = |(style, way): &(usize, &WayNote)| {
        let most = most_chosen(way).unwrap_or(0);
        let mark = |point: &TuningPoint| match point.loss {
            None => Mark::Cross,
            Some(_) if point.n_chosen > 0 && point.n_chosen == most => Mark::Ring,
            Some(_) => Mark::Dot,
        };
        let points = || {
            way.tuning
                .iter()
                .map(|point| (point.learning_rate, point.loss))
        };
        Series {
            style: *style,
            line: points().collect(),
            marks: way
                .tuning
                .iter()
                .zip(points())
                .map(|(p, (x, y))| (x, y, mark(p)))
                .collect(),
            ..Series::default()
        }
    };
    Some(Picture {
        title: format!("Training loss on {table} against the learning rate"),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: "learning rate".into(),
        y_label: LOSS.into(),
        x: Axis::holding(points().map(|point| point.learning_rate), 2.0),
        // Rates that are far too high would hide where the best one is.
        y: Axis::holding(
            points()
                .filter_map(|point| point.loss)
                .filter(|loss| *loss <= 4.0),
            5.0,
        ),
        series: ways.iter().map(series).collect(),
        ..Picture::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_tables_some_are_drawn() {
        let names: Vec<String> = (0..38).map(|table| format!("t{table}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = spread(names.clone());
        assert_eq!(drawn.len(), MOST_TABLES);
        assert_eq!((drawn[0], drawn[MOST_TABLES - 1]), ("t0", "t37"));
        assert_eq!(spread(names[..8].to_vec()), &names[..8]);
    }
}
