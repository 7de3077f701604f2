//! Pictures of the loss along training: against updates, epochs and seconds.

use super::axis::Axis;
use super::content::Figure;
use super::picture::{Drawing, Mark, Picture, Series, draw};
use super::{section, words};
use crate::Error;
use crate::results::{ArmResult, Curve, CurvePoint, Results};

/// What training is counted in, along the x axis.
struct Measure {
    /// The axis' label, with the unit.
    label: &'static str,
    /// The budgets whose curves belong to it, the most fitting first.
    budgets: &'static [&'static str],
    /// Whether it was measured by the clock.
    timed: bool,
    of: fn(&CurvePoint) -> f64,
}

const MEASURES: [Measure; 3] = [
    Measure {
        label: "updates",
        budgets: &["updates", "epochs"],
        timed: false,
        of: |point| point.updates as f64,
    },
    Measure {
        label: "epochs",
        budgets: &["epochs", "updates"],
        timed: false,
        of: |point| point.epoch,
    },
    Measure {
        label: "seconds of training",
        budgets: &["seconds"],
        timed: true,
        of: |point| point.seconds,
    },
];

/// The figures of an experiment, one a data set.
pub(super) fn figures(
    results: &Results,
    experiment: &str,
    identifier: &str,
) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for (position, dataset) in section::datasets(results, experiment)
        .into_iter()
        .enumerate()
    {
        let arms = section::styled(results, experiment, dataset);
        let pictures = pictures(&arms, &format!("{identifier}-{position}"))?;
        let panel = |(budget, drawing)| (format!("{dataset}, equal {budget}"), drawing);
        figures.push(Figure {
            solid: false,
            legend: section::legend(&arms),
            panels: pictures.into_iter().map(panel).collect(),
            caption: "Loss along training. Each picture shows the runs of its own budget, whose learning rates were tuned for it. \
                      Lines are medians over seeds, bands their spread; a cross marks where the median run diverged."
                .into(),
        });
    }
    Ok(figures)
}

/// The pictures of one experiment on one data set, with a style for each arm, each with the budget whose runs it shows.
/// Those that no run was made for are left out.
fn pictures<'a>(
    arms: &[(usize, &'a ArmResult)],
    identifier: &str,
) -> Result<Vec<(&'a str, Drawing)>, Error> {
    let y = loss_axis(arms);
    let mut pictures = Vec::new();
    for (index, measure) in MEASURES.iter().enumerate() {
        let shown = arms.iter().find_map(|(_, arm)| curve_for(arm, measure));
        if let Some(curve) = shown {
            let picture = picture(arms, measure, &y);
            let drawn = draw(&picture, &format!("{identifier}-{index}"))?;
            pictures.push((curve.budget.as_str(), drawn));
        }
    }
    Ok(pictures)
}

fn picture<'a>(arms: &[(usize, &'a ArmResult)], measure: &'a Measure, y: &Axis) -> Picture<'a> {
    let curves: Vec<(usize, &ArmResult, &Curve)> = arms
        .iter()
        .filter_map(|(style, arm)| Some((*style, *arm, curve_for(arm, measure)?)))
        .collect();
    // Nothing has happened at 0 yet, and a logarithmic axis has no place for it.
    let positive = curves
        .iter()
        .flat_map(|(_, _, curve)| curve.points.iter().map(measure.of))
        .filter(|x| *x > 0.0);
    let x = Axis::holding(positive, 20.0);
    let (dataset, name) = arms.first().map_or(("", ""), |(_, arm)| {
        (arm.dataset.as_str(), arm.loss_name.as_str())
    });
    Picture {
        title: format!("{name} on {dataset} against {}", measure.label),
        description: description(&curves, measure),
        x_label: measure.label,
        y_label: name,
        x,
        y: y.clone(),
        series: curves
            .iter()
            .map(|(style, _, curve)| series(*style, curve, measure))
            .collect(),
        level: arms
            .iter()
            .find_map(|(_, arm)| arm.target_loss)
            .map(|target| (target, "target")),
        ..Picture::default()
    }
}

/// The curve recorded under the budget that fits. Updates and samples are counted in every run, so the first will do where
/// there is none; seconds mean something of timed runs alone.
fn curve_for<'a>(arm: &'a ArmResult, measure: &Measure) -> Option<&'a Curve> {
    measure
        .budgets
        .iter()
        .find_map(|budget| arm.curves.iter().find(|curve| curve.budget == *budget))
        .or_else(|| arm.curves.first().filter(|_| !measure.timed))
        .filter(|curve| !curve.points.is_empty())
}

/// One axis for all pictures of a data set, so that they can be compared. It leaves out what
/// explodes: an arm that reaches 1e30 would press all others into a line.
fn loss_axis(arms: &[(usize, &ArmResult)]) -> Axis {
    let points = || {
        arms.iter()
            .flat_map(|(_, arm)| &arm.curves)
            .flat_map(|curve| &curve.points)
    };
    let first: Vec<f64> = arms
        .iter()
        .flat_map(|(_, arm)| &arm.curves)
        .filter_map(|curve| curve.points.first()?.loss)
        .collect();
    let most = crate::statistics::median(&first).unwrap_or(f64::INFINITY) * 4.0;
    let lines = points()
        .filter_map(|point| point.loss)
        .filter(|loss| *loss <= most);
    let bands = points()
        .flat_map(|point| [point.low, point.high])
        .flatten()
        .filter(|l| *l <= most);
    let target = arms.iter().filter_map(|(_, arm)| arm.target_loss);
    Axis::holding(lines.chain(bands).chain(target), 5.0)
}

fn series(style: usize, curve: &Curve, measure: &Measure) -> Series {
    let points: Vec<(f64, &CurvePoint)> = curve
        .points
        .iter()
        .map(|point| ((measure.of)(point), point))
        .filter(|(x, _)| *x > 0.0)
        .collect();
    // Where the median run diverged, the line ends with a cross.
    let diverged = points.iter().find(|(_, point)| point.loss.is_none());
    Series {
        style,
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
}

/// The picture's content in words: where each arm ends.
fn description(curves: &[(usize, &ArmResult, &Curve)], measure: &Measure) -> String {
    let ends: Vec<String> = curves
        .iter()
        .filter_map(|(_, arm, curve)| {
            let last = curve.points.last()?;
            let x = words::number((measure.of)(last));
            Some(match last.loss {
                Some(loss) => format!("{} ends at {} after {x}", arm.arm, words::number(loss)),
                None => format!("{} diverged by {x}", arm.arm),
            })
        })
        .collect();
    format!(
        "One line an arm, the median over seeds, with a band over seeds. {}.",
        ends.join("; ")
    )
}
