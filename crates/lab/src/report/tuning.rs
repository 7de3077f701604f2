//! Pictures of tuning: the validation loss against the learning rate, for each arm.

use super::axis::Axis;
use super::picture::{Drawing, Mark, Picture, Series, draw};
use super::words;
use crate::Error;
use crate::results::{ArmResult, TuningPoint};
use crate::statistics::median;

/// The picture of one experiment on one data set, under one of the budgets that were tuned for.
pub(super) fn picture(
    arms: &[(usize, &ArmResult)],
    budget: &str,
    identifier: &str,
) -> Result<Drawing, Error> {
    let points = |arm: &'_ ArmResult| -> Vec<TuningPoint> {
        arm.tuning
            .iter()
            .filter(|point| point.budget == budget)
            .cloned()
            .collect()
    };
    let tuned: Vec<(usize, &str, Vec<TuningPoint>)> = arms
        .iter()
        .map(|(style, arm)| (*style, arm.arm.as_str(), points(arm)))
        .collect();
    let rates = tuned
        .iter()
        .flat_map(|(.., points)| points)
        .map(|point| point.learning_rate);
    let dataset = arms.first().map_or("", |(_, arm)| arm.dataset.as_str());
    let picture = Picture {
        title: format!("Validation loss on {dataset} against the learning rate"),
        description: description(&tuned),
        x_label: "learning rate",
        y_label: "validation loss",
        x: Axis::holding(rates, 2.0),
        y: loss_axis(&tuned),
        series: tuned
            .iter()
            .map(|(style, _, points)| series(*style, points))
            .collect(),
        ..Picture::default()
    };
    draw(&picture, identifier)
}

/// The budgets that the rates of these arms were tuned for.
pub(super) fn budgets<'a>(arms: &[(usize, &'a ArmResult)]) -> Vec<&'a str> {
    let points = arms.iter().flat_map(|(_, arm)| &arm.tuning);
    super::section::distinct(points.map(|point| point.budget.as_str()))
}

/// How wide the range of usable rates of an arm is: the lowest and the highest rate whose median validation loss is at most a tenth
/// above the least. Of what was tried, so a lower bound at the ends of the grid; a rate that was given up counts by the runs it
/// had.
pub(super) fn usable(arm: &ArmResult, budget: &str) -> Option<(f64, f64)> {
    let tried = || {
        let of = arm
            .tuning
            .iter()
            .filter(|point| point.budget == budget && !point.diverged);
        of.filter_map(|point| {
            Some((
                point.learning_rate,
                point.validation_loss.filter(|loss| loss.is_finite())?,
            ))
        })
    };
    let least = tried().map(|(_, loss)| loss).min_by(f64::total_cmp)?;
    let usable = tried()
        .filter(|(_, loss)| *loss <= least + 0.1 * least.abs())
        .map(|(rate, _)| rate);
    Some(usable.fold((f64::INFINITY, 0.0), |(low, high), rate| {
        (low.min(rate), high.max(rate))
    }))
}

/// What a reader must know of the chosen rates of these arms, a sentence for each that is not to be relied on.
pub(super) fn remarks(arms: &[(usize, &ArmResult)]) -> Vec<String> {
    let mut remarks = Vec::new();
    for (_, arm) in arms {
        for point in arm.tuning.iter().filter(|point| point.chosen) {
            let what = match point {
                TuningPoint {
                    nothing_learned: true,
                    ..
                } => {
                    "no rate learned: none gave a validation loss below that of a constant prediction, and which of them \
                      was taken is nearly chance"
                }
                TuningPoint {
                    at_the_edge: true, ..
                } => {
                    "the rate taken is the lowest or highest of those tried; a better one may lie beyond"
                }
                _ => continue,
            };
            let budget = words::held_equal(&point.budget);
            remarks.push(format!("{}, {budget}: {what}.", arm.arm));
        }
    }
    remarks
}

/// Leaves out rates that are far too high: one loss of 1e12 would hide where the best rate is.
fn loss_axis(tuned: &[(usize, &str, Vec<TuningPoint>)]) -> Axis {
    let losses: Vec<f64> = tuned
        .iter()
        .flat_map(|(.., points)| points)
        .filter_map(|point| point.validation_loss)
        .filter(|loss| loss.is_finite())
        .collect();
    let most = median(&losses).unwrap_or(f64::INFINITY) * 10.0;
    Axis::holding(losses.into_iter().filter(|loss| *loss <= most), 5.0)
}

/// Whether it was given up before it had all its runs.
fn is_given_up(point: &TuningPoint, points: &[TuningPoint]) -> bool {
    let most = points.iter().map(|point| point.runs).max();
    most.is_some_and(|most| point.runs < most)
}

fn series(style: usize, points: &[TuningPoint]) -> Series {
    let mark = |point: &TuningPoint| match point {
        TuningPoint {
            validation_loss: None,
            ..
        } => Mark::Cross,
        TuningPoint { chosen: true, .. } => Mark::Ring,
        _ if is_given_up(point, points) => Mark::Speck,
        _ => Mark::Dot,
    };
    let losses = points
        .iter()
        .map(|point| (point.learning_rate, point.validation_loss));
    Series {
        style,
        line: losses.clone().collect(),
        marks: points
            .iter()
            .zip(losses)
            .map(|(point, (x, y))| (x, y, mark(point)))
            .collect(),
        ..Series::default()
    }
}

fn description(tuned: &[(usize, &str, Vec<TuningPoint>)]) -> String {
    let arms: Vec<String> = tuned
        .iter()
        .filter_map(|(_, arm, points)| {
            let chosen = points.iter().find(|point| point.chosen)?;
            let diverged = points.iter().filter(|point| point.diverged).count();
            let is_left = |point: &&TuningPoint| !point.diverged && is_given_up(point, points);
            let given_up = match points.iter().filter(is_left).count() {
                0 => String::new(),
                some => format!(", {some} given up"),
            };
            Some(format!(
                "{arm}: best at {}, {diverged} of {} rates diverged{given_up}",
                words::setting(chosen.learning_rate),
                points.len()
            ))
        })
        .collect();
    format!(
        "One line an arm; a ring marks the chosen rate, a cross one that diverged, a speck one that was given up on fewer runs, \
         since it could not be chosen any more. {}.",
        arms.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usable_range_is_that_of_rates_near_the_best() {
        let tuning = [
            (0.01, Some(2.0)),
            (0.1, Some(1.05)),
            (1.0, Some(1.0)),
            (3.0, Some(1.2)),
            (10.0, None),
        ];
        let point = |(learning_rate, validation_loss): (f64, Option<f64>)| TuningPoint {
            budget: "epochs".into(),
            learning_rate,
            validation_loss,
            diverged: validation_loss.is_none(),
            ..TuningPoint::default()
        };
        let arm = ArmResult {
            tuning: tuning.map(point).to_vec(),
            ..ArmResult::default()
        };
        assert_eq!(usable(&arm, "epochs"), Some((0.1, 1.0)));
        assert_eq!(usable(&arm, "seconds"), None);
    }

    #[test]
    fn rates_that_were_given_up_are_specks() {
        let point = |learning_rate, runs, chosen| TuningPoint {
            budget: "epochs".into(),
            learning_rate,
            runs,
            chosen,
            validation_loss: Some(1.0),
            ..TuningPoint::default()
        };
        let points = [
            point(0.1, 2, false),
            point(0.3, 3, true),
            point(1.0, 3, false),
        ];
        let marks: Vec<Mark> = series(0, &points)
            .marks
            .into_iter()
            .map(|(.., mark)| mark)
            .collect();
        assert_eq!(marks, [Mark::Speck, Mark::Ring, Mark::Dot]);
        let said = description(&[(0, "raw", points.to_vec())]);
        assert!(
            said.contains("best at 0.3, 0 of 3 rates diverged, 1 given up"),
            "{said}"
        );
        // Files that do not say how many runs.
        let old = [point(0.1, 0, false), point(0.3, 0, true)];
        assert_eq!(series(0, &old).marks[0].2, Mark::Dot);
    }

    #[test]
    fn rates_that_are_not_to_be_relied_on_are_named() {
        let point = |chosen, at_the_edge, nothing_learned| TuningPoint {
            budget: "updates".into(),
            chosen,
            at_the_edge,
            nothing_learned,
            ..TuningPoint::default()
        };
        let remarks_on = |tuning| {
            let arm = ArmResult {
                arm: "raw".into(),
                tuning,
                ..ArmResult::default()
            };
            remarks(&[(0, &arm)])
        };
        assert!(remarks_on(vec![point(true, false, false), point(false, true, true)]).is_empty());
        let edge = remarks_on(vec![point(true, true, false)]);
        assert!(edge[0].starts_with("raw, equal updates: the rate taken is the lowest"));
        let nothing = remarks_on(vec![point(true, true, true)]);
        assert_eq!(nothing.len(), 1);
        assert!(nothing[0].contains("no rate learned"));
    }
}
