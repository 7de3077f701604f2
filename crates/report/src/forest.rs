//! Forest plots: an effect with its interval in each row, and their mean below, against the thresholds.

use smallbatch_evidence::Scale;

use crate::axis::Axis;
use crate::content::Figure;
use crate::picture::{Drawing, Mark, Picture, Series, draw};
use crate::results::{Answer, Effect, Part, Results, TableAnswer};
use crate::words::{self, Bound, Size};

const ROW_STYLE: usize = 6;
const MEAN_STYLE: usize = 0;

/// One row of a forest plot.
struct Row {
    name: String,
    size: Size,
    /// What single repetitions gave.
    repetitions: Vec<f64>,
    /// What stands there where there is no effect.
    note: String,
}

/// What one forest plot shows.
struct Plot<'a> {
    answer: &'a Answer,
    unit: &'a str,
    /// What a row stands for.
    by: &'static str,
    rows: Vec<Row>,
    mean: Option<Size>,
    /// Where a new table is expected.
    prediction: Option<Size>,
    /// Whether the rows are effects, which the thresholds are for.
    is_held: bool,
}

/// The answer of each table to a question, with the mean over tables; a panel for each part of a question with several.
pub(crate) fn tables(results: &Results, answer: &Answer, identifier: &str) -> Figure {
    let plot = |unit, mean: Option<Size>| Plot {
        answer,
        unit,
        by: "table",
        rows: rows(results, of_tables(results, answer, unit), answer.scale),
        is_held: mean.is_some(),
        // Of several effects it is the smallest one's, which has no panel.
        prediction: answer
            .prediction
            .as_ref()
            .filter(|_| answer.parts.is_empty() && mean.is_some())
            .map(|found| Size::of_prediction(found, answer.scale)),
        mean,
    };
    // The spread of some numbers is not their mean, and its threshold not theirs.
    let of_part = |part: &Part| (!part.between_tables).then(|| Size::of_part(part, answer.scale));
    let plots: Vec<Plot<'_>> = if answer.parts.is_empty() {
        vec![plot(&answer.unit, Some(Size::of(answer)))]
    } else {
        answer
            .parts
            .iter()
            .map(|part| plot(&part.unit, of_part(part)))
            .collect()
    };
    let is_held = plots.iter().any(|plot| plot.is_held);
    let panels = plots.into_iter().enumerate();
    let mut figure = Figure {
        solid: true,
        panels: panels
            .filter_map(|(position, plot)| plot.panel(&format!("{identifier}-{position}")))
            .collect(),
        caption:
            "Each dot is one table's mean over its repetitions, the line its 95\u{a0}% interval."
                .into(),
        ..Figure::default()
    };
    let has = |wanted: fn(&TableAnswer) -> bool| {
        results
            .tables
            .iter()
            .any(|row| belongs(row, answer) && wanted(row))
    };
    if is_held {
        figure.caption += " The diamond is the mean over tables, as wide as its interval. The solid upright line is no effect, \
                           the dashed one the threshold.";
    }
    if !results.effects.is_empty() {
        figure.caption += " Specks are single repetitions.";
    }
    if answer.prediction.is_some() && answer.parts.is_empty() {
        figure.caption += " The bar below is the 95\u{a0}% prediction interval, where a table that was not among these is expected.";
    }
    if has(|row| row.n_censored > 0) {
        figure.caption += " ▶ and ≥ mark a lower bound: at least one run never reached the target.";
    }
    if has(|row| row.fragile) {
        figure.caption += " * marks tables on which a chosen learning rate was fragile.";
    }
    figure
}

/// The same question with the targets of all answers to it.
pub(crate) fn targets(answers: &[&Answer], identifier: &str) -> Figure {
    let Some(first) = answers.first() else {
        return Figure::default();
    };
    let row = |answer: &&Answer| Row {
        name: answer.target.map_or_else(String::new, words::percent),
        size: Size::of(answer),
        repetitions: Vec::new(),
        note: String::new(),
    };
    let plot = Plot {
        answer: first,
        unit: &first.unit,
        by: "target",
        rows: answers.iter().map(row).collect(),
        mean: None,
        prediction: None,
        is_held: true,
    };
    Figure {
        solid: true,
        panels: plot.panel(identifier).into_iter().collect(),
        caption: "The mean over tables at each target, with its 95\u{a0}% interval. A target is a part of the way from the loss of \
                  a constant prediction to the lowest loss of the tuning runs."
            .into(),
        ..Figure::default()
    }
}

/// The units of the effects that an answer is made of: its own, or those of its parts.
pub(crate) fn units(answer: &Answer) -> Vec<&str> {
    match answer.parts.as_slice() {
        [] => vec![&answer.unit],
        parts => parts.iter().map(|part| part.unit.as_str()).collect(),
    }
}

/// What the tables say to a question, in the order of the results.
pub(crate) fn of_tables<'a>(
    results: &'a Results,
    answer: &Answer,
    unit: &str,
) -> Vec<&'a TableAnswer> {
    let of_unit = |row: &&TableAnswer| belongs(row, answer) && row.unit == unit;
    results.tables.iter().filter(of_unit).collect()
}

fn belongs(row: &TableAnswer, answer: &Answer) -> bool {
    row.claim == answer.claim && row.primary == answer.primary && row.target == answer.target
}

/// By size, the smallest first; tables without an effect come last.
fn rows(results: &Results, tables: Vec<&TableAnswer>, scale: Scale) -> Vec<Row> {
    let row = |row: &TableAnswer| Row {
        repetitions: repetitions(results, row, scale),
        name: format!("{}{}", row.table, if row.fragile { " *" } else { "" }),
        size: Size::of_table(row, scale),
        note: row.note.clone(),
    };
    let mut rows: Vec<Row> = tables.into_iter().map(row).collect();
    let key = |row: &Row| row.size.estimate.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
    rows
}

/// The effect of each repetition on a table: the mean over its pairs.
fn repetitions(results: &Results, row: &TableAnswer, scale: Scale) -> Vec<f64> {
    let of_row = |effect: &&Effect| {
        (&effect.claim, &effect.unit, &effect.table) == (&row.claim, &row.unit, &row.table)
            && effect.target == row.target
    };
    let effects = results.effects.iter().filter(of_row);
    let means = effects.map(|effect| {
        let mean = effect.pairs.iter().sum::<f64>() / effect.pairs.len().max(1) as f64;
        match scale {
            Scale::Ratio => mean.exp(),
            Scale::Difference => mean,
        }
    });
    means.filter(|mean| mean.is_finite()).collect()
}

impl Plot<'_> {
    fn panel(self, identifier: &str) -> Option<(String, Drawing)> {
        let caption = self.unit.to_owned();
        (!self.rows.is_empty()).then(|| (caption, draw(&self.picture(), identifier)))
    }

    fn picture(self) -> Picture {
        let Self {
            answer,
            unit,
            by,
            mut rows,
            mean,
            prediction,
            is_held,
        } = self;
        let n_tables = rows.len();
        let below = [(mean, "mean"), (prediction, "a new table")];
        rows.extend(below.into_iter().filter_map(|(size, name)| {
            Some(Row {
                name: name.into(),
                size: size?,
                repetitions: Vec::new(),
                note: String::new(),
            })
        }));
        let uprights = if is_held {
            thresholds(answer)
        } else {
            Vec::new()
        };
        let told = rows.iter().map(|row| format!("{}: {}", row.name, end(row)));
        let told: Vec<String> = told.collect();
        Picture {
            title: format!("{unit}, by {by}"),
            description: told.join("; "),
            x_label: match answer.scale {
                _ if !is_held => "each table's own number".into(),
                Scale::Ratio => "ratio, first / second".into(),
                Scale::Difference => "difference, first - second".into(),
            },
            x: axis(&rows, &uprights, answer.scale),
            y: Axis::spanning(0.5 - rows.len() as f64, 0.5),
            series: rows
                .iter()
                .enumerate()
                .map(|(at, row)| match at.checked_sub(n_tables) {
                    None => effect(row, -(at as f64)),
                    Some(0) => diamond(&row.size, -(at as f64)),
                    Some(_) => bar(&row.size, -(at as f64)),
                })
                .collect(),
            rows: rows
                .iter()
                .map(|row| (row.name.clone(), end(row)))
                .collect(),
            uprights,
            ..Picture::default()
        }
    }
}

/// What stands at the end of a row.
fn end(row: &Row) -> String {
    match row.size.estimate {
        None if row.note.is_empty() && row.size.interval().is_empty() => "no effect".into(),
        None if row.note.is_empty() => row.size.interval(),
        None => row.note.clone(),
        Some(_) => row.size.in_brackets(),
    }
}

/// The lines that effects are held against: no effect, and the threshold, on both sides where sameness is claimed.
fn thresholds(answer: &Answer) -> Vec<(f64, bool)> {
    let mut lines = vec![(answer.scale.no_effect(), false), (answer.threshold, true)];
    if answer.same {
        lines.push(match answer.scale {
            Scale::Ratio => (answer.threshold.recip(), true),
            Scale::Difference => (-answer.threshold, true),
        });
    }
    lines.retain(|(at, _)| at.is_finite());
    lines
}

/// An axis for all estimates. Of intervals it shows what lies near them: one that is a hundred times as wide as the others
/// would press these into a dot.
fn axis(rows: &[Row], uprights: &[(f64, bool)], scale: Scale) -> Axis {
    let estimates = rows.iter().filter_map(|row| row.size.estimate);
    let shown: Vec<f64> = estimates
        .chain(uprights.iter().map(|(at, _)| *at))
        .collect();
    let least = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let most = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (from, to) = match scale {
        Scale::Ratio => (least / 4.0, most * 4.0),
        Scale::Difference => (least - (most - least), most + (most - least)),
    };
    let ends = rows.iter().flat_map(|row| [row.size.low, row.size.high]);
    let ends = ends
        .filter(|end| end.is_finite())
        .map(|end| end.clamp(from.min(to), to.max(from)));
    match scale {
        Scale::Ratio => {
            let shown: Vec<f64> = shown
                .iter()
                .copied()
                .chain(ends)
                .filter(|at| *at > 0.0)
                .collect();
            let aired = shown.iter().flat_map(|at| [at / 1.06, at * 1.06]);
            Axis::holding(aired, 1.0)
        }
        Scale::Difference => Axis::holding(shown.iter().copied().chain(ends), f64::INFINITY),
    }
}

/// The mean over tables, as wide as its interval.
fn diamond(size: &Size, y: f64) -> Series {
    let Some(estimate) = size.estimate else {
        return Series::default();
    };
    let (low, high) = (size.low, size.high);
    let (up, down) = (y + 0.4, y - 0.4);
    let band = vec![
        (low, Some(y), Some(y)),
        (estimate, Some(down), Some(up)),
        (high, Some(y), Some(y)),
    ];
    let corners = [
        (low, y),
        (estimate, up),
        (high, y),
        (estimate, down),
        (low, y),
    ];
    Series {
        style: MEAN_STYLE,
        solid: true,
        line: corners.map(|(x, y)| (x, Some(y))).to_vec(),
        band,
        ..Series::default()
    }
}

/// Where a new table is expected.
fn bar(size: &Size, y: f64) -> Series {
    let (up, down) = (Some(y + 0.2), Some(y - 0.2));
    Series {
        style: MEAN_STYLE,
        solid: true,
        line: vec![(size.low, Some(y)), (size.high, Some(y))],
        band: vec![(size.low, down, up), (size.high, down, up)],
        ..Series::default()
    }
}

/// A table: the mean over its repetitions with its interval, and the repetitions.
fn effect(row: &Row, y: f64) -> Series {
    let size = &row.size;
    let Some(estimate) = size.estimate else {
        return Series::default();
    };
    let mark = match size.bound() {
        Bound::Exact | Bound::Either => Mark::Dot,
        Bound::AtLeast => Mark::AtLeast,
        Bound::AtMost => Mark::AtMost,
    };
    let specks = row.repetitions.iter().map(|at| (*at, Some(y), Mark::Speck));
    Series {
        style: ROW_STYLE,
        solid: true,
        line: vec![(size.low, Some(y)), (size.high, Some(y))],
        marks: specks.chain([(estimate, Some(y), mark)]).collect(),
        ..Series::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn tables_stand_by_size_with_their_mean_and_what_was_cut() {
        let results = fixture::results();
        let answer = fixture::primary(&results, "minibatch-is-faster");
        let tables = of_tables(&results, answer, &answer.unit);
        let rows = rows(&results, tables, answer.scale);
        let mean = Some(Size::of(answer));
        let plot = Plot {
            answer,
            unit: &answer.unit,
            by: "table",
            rows,
            mean,
            prediction: answer
                .prediction
                .as_ref()
                .map(|found| Size::of_prediction(found, answer.scale)),
            is_held: true,
        };
        let picture = plot.picture();
        let ends: Vec<&str> = picture.rows.iter().map(|(_, end)| end.as_str()).collect();
        assert_eq!(ends.len(), 6, "four tables, the mean and a new table");
        assert_eq!(picture.rows[5], ("a new table".into(), "0.91 to 47".into()));
        assert!(ends.iter().any(|end| end.starts_with("≥ 10")), "{ends:?}");
        assert_eq!(ends[3], "neither trained");
        assert_eq!(picture.rows[4].0, "mean");
        assert_eq!(picture.uprights, [(1.0, false), (2.0, true)]);
        assert_eq!(picture.series[4].band.len(), 3, "a diamond");
    }

    #[test]
    fn a_spread_between_tables_has_no_mean_and_no_threshold() {
        let results = fixture::results();
        let answer = fixture::primary(&results, "epochs-depend");
        assert!(answer.parts[0].between_tables);
        let svg = tables(&results, answer, "test").panels[0].1.inline();
        assert!(!svg.contains("mean") && svg.contains("airfoil"), "{svg}");
    }
}
