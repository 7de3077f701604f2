//! Pictures of what the runs gave against the batch size, on logarithmic axes.

use super::axis::Axis;
use super::content::Figure;
use super::picture::{Mark, Picture, Series, draw};
use super::{section, words};
use crate::Error;
use crate::cost_fit::CostFit;
use crate::results::{ArmResult, BudgetSummary, Results};

/// A number of an arm's runs.
pub(super) struct Quantity {
    /// With its unit, for the axis.
    label: &'static str,
    caption: &'static str,
    of: fn(&BudgetSummary) -> Option<f64>,
    /// Whether only the budget in seconds, whose runs were timed alone, says it.
    timed: bool,
    /// Whether the cost curve is to be drawn through it.
    fitted: bool,
}

pub(super) const SECONDS: Quantity = Quantity {
    label: "time to target, s",
    caption: "Seconds of training until the target loss, against the batch size; the full batch stands at the size of the training part.",
    of: |budget| budget.seconds_to_target,
    timed: true,
    fitted: false,
};
pub(super) const SAMPLES: Quantity = Quantity {
    label: "samples to target",
    caption: "Samples seen until the target loss, against the batch size: what does not depend on the machine. Fine lines are the \
              curve E_min (1 + B / B_crit), fitted where the samples rise with the batch size; its numbers are in the picture's \
              description, and with intervals under \u{201c}why\u{201d}.",
    of: |budget| budget.samples_to_target,
    timed: false,
    fitted: true,
};
pub(super) const TEST_LOSS: Quantity = Quantity {
    label: "test loss",
    caption: "Loss on the test data at the end, against the batch size, for each budget.",
    of: |budget| budget.test_loss,
    timed: false,
    fitted: false,
};
pub(super) const TRAINING_LOSS: Quantity = Quantity {
    label: "training loss",
    caption: "Loss on the training data at the end, against the batch size, for each budget.",
    of: |budget| budget.training_loss,
    timed: false,
    fitted: false,
};
pub(super) const BEST_EPOCH: Quantity = Quantity {
    label: "best epoch, passes over the data",
    caption: "Epochs after which the validation loss was least, against the batch size.",
    of: |budget| budget.best_epoch,
    timed: false,
    fitted: false,
};

/// A picture for each data set of an experiment, a line for each budget; no picture where fewer than two batch sizes have a number.
pub(super) fn figure(
    results: &Results,
    experiment: &str,
    quantity: &Quantity,
    identifier: &str,
) -> Result<Figure, Error> {
    let budgets = section::distinct(
        results
            .arms
            .iter()
            .filter(|arm| arm.experiment == experiment)
            .flat_map(|arm| &arm.budgets)
            .map(|budget| budget.budget.as_str())
            .filter(|budget| !quantity.timed || *budget == "seconds"),
    );
    let mut figure = Figure {
        legend: budgets
            .iter()
            .enumerate()
            .map(|(style, name)| (style, words::held_equal(name)))
            .collect(),
        caption: format!(
            "{} Medians over seeds, of the first of several arms with one batch size; both axes are logarithmic where the values span enough.",
            quantity.caption
        ),
        ..Figure::default()
    };
    for (position, dataset) in section::datasets(results, experiment)
        .into_iter()
        .enumerate()
    {
        // One arm a batch size: what else arms may differ in, such as the optimizer, is no matter of a line.
        let mut sizes = Vec::new();
        let arms: Vec<(f64, &ArmResult)> = results
            .arms
            .iter()
            .filter(|arm| arm.experiment == experiment && arm.dataset == dataset)
            .filter_map(|arm| Some((samples(results, arm)?, arm)))
            .filter(|(size, _)| {
                let is_new = !sizes.contains(size);
                sizes.push(*size);
                is_new
            })
            .collect();
        let lines: Vec<(usize, Vec<(f64, f64)>)> = budgets
            .iter()
            .enumerate()
            .map(|(style, budget)| {
                let mut points: Vec<(f64, f64)> = arms
                    .iter()
                    .filter_map(|(size, arm)| {
                        let budget = arm
                            .budgets
                            .iter()
                            .find(|summary| summary.budget == *budget)?;
                        Some((
                            *size,
                            (quantity.of)(budget).filter(|value| value.is_finite())?,
                        ))
                    })
                    .collect();
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                (style, points)
            })
            .filter(|(_, points)| points.len() > 1)
            .collect();
        if lines.is_empty() {
            continue;
        }
        let fits: Vec<Option<CostFit>> = lines
            .iter()
            .map(|(_, points)| CostFit::through(points).filter(|_| quantity.fitted))
            .collect();
        let told: Vec<String> = lines
            .iter()
            .zip(&fits)
            .map(|((style, points), fit)| {
                let told: Vec<String> = points
                    .iter()
                    .map(|(x, y)| format!("{} at {}", words::number(*y), words::whole(*x)))
                    .collect();
                let fit = fit.map_or_else(String::new, |fit| in_words(&fit, points));
                let budget = words::held_equal(budgets[*style]);
                format!("{budget}: {}{fit}", told.join(", "))
            })
            .collect();
        let all = || lines.iter().flat_map(|(_, points)| points);
        let fitted = lines.iter().zip(&fits).flat_map(|((_, points), fit)| {
            let ends = [points[0].0, points[points.len() - 1].0];
            ends.into_iter()
                .filter_map(|batch| Some(fit.as_ref()?.cost(batch)))
        });
        let picture = Picture {
            title: format!("{} on {dataset} against the batch size", quantity.label),
            description: format!("One line a budget. {}.", told.join("; ")),
            x_label: "batch size, samples",
            y_label: quantity.label,
            x: Axis::holding(all().map(|(x, _)| *x), 1.5),
            y: Axis::holding(all().map(|(_, y)| *y).chain(fitted), 3.0),
            series: lines
                .iter()
                .zip(&fits)
                .flat_map(|((style, points), fit)| {
                    let fit = fit.map(|fit| curve(*style, &fit, points));
                    fit.into_iter().chain([measured(*style, points)])
                })
                .collect(),
            ..Picture::default()
        };
        figure.panels.push((
            dataset.to_owned(),
            draw(&picture, &format!("{identifier}-{position}"))?,
        ));
    }
    Ok(figure)
}

/// What was measured, by batch size.
fn measured(style: usize, points: &[(f64, f64)]) -> Series {
    Series {
        style,
        line: points.iter().map(|(x, y)| (*x, Some(*y))).collect(),
        marks: points
            .iter()
            .map(|(x, y)| (*x, Some(*y), Mark::Dot))
            .collect(),
        ..Series::default()
    }
}

/// The fitted curve from the smallest batch to the largest.
fn curve(style: usize, fit: &CostFit, points: &[(f64, f64)]) -> Series {
    const STEPS: i32 = 40;
    let (least, most) = (points[0].0, points[points.len() - 1].0);
    let batch = |step: i32| least * (most / least).powf(f64::from(step) / f64::from(STEPS));
    Series {
        style,
        solid: true,
        fine: true,
        line: (0..=STEPS)
            .map(|step| (batch(step), Some(fit.cost(batch(step)))))
            .collect(),
        ..Series::default()
    }
}

fn in_words(fit: &CostFit, points: &[(f64, f64)]) -> String {
    format!(
        " (fitted: {} samples and a critical batch of {}, off by {} %)",
        words::number(fit.e_min),
        words::number(fit.b_crit),
        words::number(100.0 * fit.relative_error(points))
    )
}

/// Samples in one update of an arm.
fn samples(results: &Results, arm: &ArmResult) -> Option<f64> {
    if arm.batch_size == "full" {
        let note = section::note(results, &arm.experiment, &arm.dataset)?;
        return Some(note.training_samples as f64).filter(|samples| *samples > 0.0);
    }
    arm.batch_size.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{ArmResult, DatasetNote};

    /// Arms whose samples to the target follow a curve.
    fn results(cost: fn(f64) -> f64) -> Results {
        let arm = |batch: &str, size: f64| ArmResult {
            experiment: "batch-size".into(),
            dataset: "wine".into(),
            arm: batch.into(),
            batch_size: batch.into(),
            budgets: vec![BudgetSummary {
                budget: "epochs".into(),
                samples_to_target: Some(cost(size)),
                ..BudgetSummary::default()
            }],
            ..ArmResult::default()
        };
        Results {
            arms: vec![arm("16", 16.0), arm("64", 64.0), arm("full", 320.0)],
            datasets: vec![DatasetNote {
                experiment: "batch-size".into(),
                dataset: "wine".into(),
                training_samples: 320,
                ..DatasetNote::default()
            }],
            ..Results::default()
        }
    }

    fn drawn(results: &Results, quantity: &Quantity) -> String {
        let figure = figure(results, "batch-size", quantity, "test").expect("a picture");
        figure.panels[0].1.inline()
    }

    #[test]
    fn the_cost_curve_is_drawn_and_told_where_costs_rise() {
        let rising = drawn(&results(|batch| 1_000.0 * (1.0 + batch / 80.0)), &SAMPLES);
        assert!(
            rising.contains("fitted: 1,000 samples and a critical batch of 80"),
            "{rising}"
        );
        // A fine line is one pixel wide, a measured one two.
        let lines = |svg: &str| svg.matches("stroke-c0").count();
        let falling = drawn(&results(|batch| 1_000.0 / batch), &SAMPLES);
        assert!(!falling.contains("fitted:"), "{falling}");
        assert!(lines(&rising) > lines(&falling));
        // No model is drawn through other quantities.
        assert!(
            !drawn(
                &results(|batch| batch),
                &Quantity {
                    fitted: false,
                    ..SAMPLES
                }
            )
            .contains("fitted:")
        );
    }
}
