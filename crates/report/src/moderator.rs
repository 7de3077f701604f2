//! Where a claim does not hold, and what that depends on.

use smallbatch_evidence::{Hypothesis, Scale};

use crate::axis::Axis;
use crate::content::{Block, Figure, Tone};
use crate::curves;
use crate::forest;
use crate::picture::{Mark, Picture, Series};
use crate::results::{AnswerNote, DatasetNote, Fact, Results, TableAnswer};
use crate::words;

/// The tables on which the claim does not hold, and the effect against what it depends on most.
pub(crate) fn where_not(results: &Results, answer: &AnswerNote, id: &str) -> Vec<Block> {
    // Of several effects the smallest is the answer, which no table has a row of.
    if !answer.parts.is_empty() || answer.n_tables < 4 {
        return Vec::new();
    }
    let rows = forest::of_tables(results, answer, &answer.unit);
    let with_effect: Vec<&&TableAnswer> = rows
        .iter()
        .filter(|row| row.estimate.is_some_and(f64::is_finite))
        .collect();
    let not: Vec<String> = with_effect
        .iter()
        .filter(|row| !holds(answer, row.estimate.unwrap_or(f64::NAN)))
        .map(|row| row.table.clone())
        .collect();
    let mut blocks = vec![Block::Heading("Where it does not hold".into())];
    let told = match (not.len(), with_effect.len()) {
        (0, all) => format!("The effect is as large as the claim needs on all {all} tables."),
        (n, all) if n == all => "The effect is too small for the claim on every table.".into(),
        (n, all) => format!(
            "On {n} of {all} tables the effect is not what the claim needs: {}.",
            words::list(&not)
        ),
    };
    let moderator = answer
        .prediction
        .as_ref()
        .and_then(|found| found.moderator.as_ref());
    let why = match moderator {
        Some(moderator) => format!(
            "Tables with a larger {} have another effect; that narrows the prediction for a table of your own.",
            moderator.fact.words().trim_start_matches("the ")
        ),
        None => "Neither the condition number of the inputs nor the number of rows or features tells on which: \
                 knowing them does not help to predict a table."
            .into(),
    };
    let why = if not.is_empty() && moderator.is_none() {
        String::new()
    } else {
        format!(" {why}")
    };
    blocks.extend(Block::words(Tone::Plain, told + &why));
    let fact = moderator.map_or(Fact::ConditionNumber, |moderator| moderator.fact);
    blocks.extend(Block::figure(figure(
        results,
        answer,
        &with_effect,
        fact,
        id,
    )));
    blocks
}

/// Whether a table's own effect is what the claim says.
fn holds(answer: &AnswerNote, effect: f64) -> bool {
    let hypothesis = match answer.same {
        true => Hypothesis::within(answer.threshold),
        false => Hypothesis::exceeds(answer.threshold),
    };
    hypothesis.is_ok_and(|hypothesis| hypothesis.holds(effect, answer.scale))
}

fn read_off(dataset: &DatasetNote, fact: Fact) -> f64 {
    match fact {
        Fact::ConditionNumber => dataset.condition_number,
        Fact::Rows => dataset.n_samples as f64,
        Fact::Features => dataset.n_features as f64,
    }
}

fn figure(
    results: &Results,
    answer: &AnswerNote,
    rows: &[&&TableAnswer],
    fact: Fact,
    id: &str,
) -> Figure {
    let point = |row: &&&TableAnswer| {
        let dataset = results
            .datasets
            .iter()
            .find(|dataset| dataset.table == row.table)?;
        let (x, y) = (read_off(dataset, fact), row.estimate?);
        (x.is_finite() && x > 0.0).then_some((x, y, row.table.clone()))
    };
    let points: Vec<(f64, f64, String)> = rows.iter().filter_map(point).collect();
    if points.len() < 4 {
        return Figure::default();
    }
    let moderator = answer
        .prediction
        .as_ref()
        .and_then(|found| found.moderator.as_ref());
    let x = Axis::holding(points.iter().map(|(x, ..)| *x), 5.0);
    let ends = points.iter().map(|(x, ..)| *x);
    let (low, high) = ends.fold((f64::INFINITY, 0.0_f64), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let line = moderator.map_or_else(Vec::new, |moderator| {
        let at = |x: f64| {
            let line = &moderator.line;
            let y = line.mean + line.slope * (x.ln() - line.center);
            let y = match answer.scale {
                Scale::Ratio => y.exp(),
                Scale::Difference => y,
            };
            (x, Some(y))
        };
        vec![at(low), at(high)]
    });
    let drawn = points.iter().map(|(_, y, _)| *y);
    let y = match answer.scale {
        Scale::Ratio => Axis::holding(drawn.chain([1.0]), 2.0),
        Scale::Difference => Axis::holding(drawn.chain([0.0]), f64::INFINITY),
    };
    // Each table is a series of its own, so that its name is told where one points at it.
    let mut series: Vec<Series> = points
        .iter()
        .map(|(x, y, table)| Series {
            name: table.clone(),
            style: 6,
            marks: vec![(*x, Some(*y), Mark::Dot)],
            ..Series::default()
        })
        .collect();
    series.push(Series {
        name: "expected".into(),
        solid: true,
        line,
        ..Series::default()
    });
    let picture = Picture {
        title: format!("The effect by {}", fact.words()),
        description: format!("{} tables, a dot each", points.len()),
        x_label: fact.words().into(),
        y_label: "effect".into(),
        x,
        y,
        levels: vec![(answer.scale.no_effect(), "none".into())],
        series,
        ..Picture::default()
    };
    Figure {
        panels: curves::panel(
            &picture,
            &format!("The effect, by {}", fact.words()),
            &format!("{id}-moderator"),
        ),
        caption: match rows.len() - points.len() {
            0 => "Each dot is a table. The dashed line is no effect.".into(),
            missing => format!(
                "Each dot is a table. The dashed line is no effect. {} with an infinite condition number cannot be drawn.",
                words::counted(missing, "table")
            ),
        },
        ..Figure::default()
    }
}
