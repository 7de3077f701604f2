//! Pictures of tuning: the validation loss against the learning rate, for each arm.

use super::axis::Axis;
use super::picture::{Mark, Picture, Series, draw};
use super::words;
use crate::Error;
use crate::results::{ArmResult, TuningPoint};
use crate::statistics::median;

/// The picture of one experiment on one data set, under the first budget that was tuned for;
/// `None` when nothing was.
pub(super) fn picture(
    arms: &[(usize, &ArmResult)],
    identifier: &str,
) -> Result<Option<String>, Error> {
    let Some(budget) = budget(arms) else {
        return Ok(None);
    };
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
        level: None,
    };
    draw(&picture, identifier).map(Some)
}

/// The budget that the pictures of these arms show.
pub(super) fn budget<'a>(arms: &[(usize, &'a ArmResult)]) -> Option<&'a str> {
    arms.iter()
        .flat_map(|(_, arm)| &arm.tuning)
        .map(|point| point.budget.as_str())
        .next()
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
            remarks.push(format!("{}, equal {}: {what}.", arm.arm, point.budget));
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

fn series(style: usize, points: &[TuningPoint]) -> Series {
    let mark = |point: &TuningPoint| match point {
        TuningPoint {
            validation_loss: None,
            ..
        } => Mark::Cross,
        TuningPoint { chosen: true, .. } => Mark::Ring,
        _ => Mark::Dot,
    };
    let losses = points
        .iter()
        .map(|point| (point.learning_rate, point.validation_loss));
    Series {
        style,
        line: losses.clone().collect(),
        band: Vec::new(),
        marks: points
            .iter()
            .zip(losses)
            .map(|(point, (x, y))| (x, y, mark(point)))
            .collect(),
    }
}

fn description(tuned: &[(usize, &str, Vec<TuningPoint>)]) -> String {
    let arms: Vec<String> = tuned
        .iter()
        .filter_map(|(_, arm, points)| {
            let chosen = points.iter().find(|point| point.chosen)?;
            let diverged = points.iter().filter(|point| point.diverged).count();
            Some(format!(
                "{arm}: best at {}, {diverged} of {} rates diverged",
                words::setting(chosen.learning_rate),
                points.len()
            ))
        })
        .collect();
    format!(
        "One line an arm; a ring marks the chosen rate, a cross one that diverged. {}.",
        arms.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
