//! The section "Why, in numbers": curvature, noise, cost and sharpness.

use super::axis::Axis;
use super::content::{Block, Column, Figure, Group, Section, Table, Text, Tone, plain};
use super::document::background;
use super::picture::{Mark, Picture, Series, draw};
use super::{section, words};
use crate::Error;
use crate::results::{CostCurve, CurvatureOf, Why, WhySubject};

/// The section; `None` where nothing was measured.
pub(super) fn why(why: &Why) -> Result<Option<Section>, Error> {
    if why.is_empty() {
        return Ok(None);
    }
    let mut blocks = Vec::new();
    if !why.conditioning.is_empty() {
        blocks.push(Block::Heading(
            "Curvature and the largest stable rate".into(),
        ));
        blocks.extend(found(why, WhySubject::Conditioning));
        blocks.push(conditioning(why));
        blocks.extend(Block::words(
            Tone::Small,
            "λ_max is the largest eigenvalue of the Hessian of the mean loss, κ the condition number: of a \
             linear unit λ_max over the least eigenvalue, of a network over the median size of those above rounding. Full-batch \
             descent of a linear unit diverges above the rate 2/λ_max, that of a network may find its way where the curvature is \
             less; beside it the largest rate that did not diverge, found by bisection (see the method).",
        ));
    }
    if !why.noise.is_empty() {
        blocks.push(Block::Heading("The noise scale along training".into()));
        blocks.extend(found(why, WhySubject::Noise));
        blocks.extend(Block::figure(noise(why)?));
    }
    if !why.cost.is_empty() {
        blocks.push(Block::Heading("The cost of a target, by batch size".into()));
        blocks.extend(found(why, WhySubject::Cost));
        blocks.extend(Block::figure(costs(&why.cost, "why-cost")?));
        blocks.push(fits(&why.cost));
    }
    if !why.sharpness.is_empty() {
        blocks.push(Block::Heading("Sharpness where training ended".into()));
        blocks.extend(found(why, WhySubject::Sharpness));
        blocks.push(sharpness(why));
    }
    Ok(Some(background("why", "Why, in numbers", blocks)))
}

fn found(why: &Why, subject: WhySubject) -> Option<Block> {
    let of = why
        .findings
        .iter()
        .filter(|finding| finding.subject == subject);
    let items: Vec<Text> = of
        .map(|finding| plain(format!("{}: {}", finding.dataset, finding.sentence)))
        .collect();
    (!items.is_empty()).then_some(Block::List(items))
}

fn table(label: &str, names: &[&str], numbers: &[&str], rows: Vec<Vec<String>>) -> Block {
    let texts = names.iter().map(|name| Column::text(*name));
    Block::Table(Table {
        label: label.into(),
        columns: texts
            .chain(numbers.iter().map(|name| Column::number(*name)))
            .collect(),
        groups: vec![Group {
            rows: rows
                .into_iter()
                .map(|row| row.into_iter().map(plain).collect())
                .collect(),
            ..Group::default()
        }],
    })
}

fn conditioning(why: &Why) -> Block {
    let rows = why.conditioning.iter().map(|row| {
        let of = match row.of {
            CurvatureOf::Inputs => "linear unit",
            CurvatureOf::Network => "network",
        };
        let numbers = [
            row.largest_eigenvalue,
            row.condition_number,
            row.predicted_rate,
            row.measured_rate,
        ]
        .map(words::optional);
        [row.dataset.clone(), of.into(), row.scaling.clone()]
            .into_iter()
            .chain(numbers)
            .collect()
    });
    table(
        "Curvature and rates by scaling",
        &["data set", "of", "inputs"],
        &["λ_max", "κ", "rate predicted", "rate measured"],
        rows.collect(),
    )
}

fn sharpness(why: &Why) -> Block {
    let rows = why.sharpness.iter().map(|row| {
        let range = format!(
            "{} to {}",
            words::optional(row.low),
            words::optional(row.high)
        );
        vec![
            row.dataset.clone(),
            words::count(row.batch as u64),
            words::setting(row.learning_rate),
            words::optional(row.largest_eigenvalue),
            range,
            words::optional(row.rate_times_eigenvalue),
            words::optional(row.loss),
        ]
    });
    table(
        "Sharpness by batch size",
        &["data set"],
        &[
            "batch size",
            "rate",
            "λ_max, median",
            "over seeds",
            "rate × λ_max",
            "training loss",
        ],
        rows.collect(),
    )
}

fn noise(why: &Why) -> Result<Figure, Error> {
    let mut figure = Figure {
        legend: vec![(0, "noise scale tr(Σ)/|G|², median over seeds".into())],
        caption:
            "Exact over the training part; the band is from the least to the greatest over seeds."
                .into(),
        ..Figure::default()
    };
    let datasets = section::distinct(why.noise.iter().map(|point| point.dataset.as_str()));
    for (position, dataset) in datasets.into_iter().enumerate() {
        let points: Vec<_> = why
            .noise
            .iter()
            .filter(|point| point.dataset == dataset)
            .collect();
        let values = points
            .iter()
            .flat_map(|point| [point.noise_scale, point.low, point.high])
            .flatten();
        let ends = [points.first(), points.last()]
            .map(|point| words::optional(point.and_then(|point| point.noise_scale)));
        let picture = Picture {
            title: format!("Noise scale along training on {dataset}"),
            description: format!("From {} to {} samples.", ends[0], ends[1]),
            x_label: "epochs",
            y_label: "noise scale, samples",
            x: Axis::holding(points.iter().map(|point| point.epoch), f64::INFINITY),
            y: Axis::holding(values, 10.0),
            series: vec![Series {
                line: points
                    .iter()
                    .map(|point| (point.epoch, point.noise_scale))
                    .collect(),
                band: points
                    .iter()
                    .map(|point| (point.epoch, point.low, point.high))
                    .collect(),
                marks: points
                    .iter()
                    .map(|point| (point.epoch, point.noise_scale, Mark::Dot))
                    .collect(),
                ..Series::default()
            }],
            ..Picture::default()
        };
        figure.panels.push((
            dataset.to_owned(),
            draw(&picture, &format!("why-noise-{position}"))?,
        ));
    }
    Ok(figure)
}

/// The samples to a target against the batch size, both logarithmic, with the fit and the prediction.
fn costs(curves: &[CostCurve], identifier: &str) -> Result<Figure, Error> {
    let mut figure = Figure {
        legend: vec![
            (0, "measured".into()),
            (1, "fit E_min (1 + B/B_crit)".into()),
            (2, "the same with B_crit as the noise scale predicts it".into()),
        ],
        caption: "Samples to the target loss against the batch size, medians with the range over seeds; a cross at the top did not \
                  get there."
            .into(),
        ..Figure::default()
    };
    for (position, curve) in curves.iter().enumerate() {
        let batches = || curve.points.iter().map(|point| point.batch as f64);
        let x = Axis::holding(batches(), 1.5);
        let (low, high) = batches().fold((f64::INFINITY, 0.0_f64), |(low, high), b| {
            (low.min(b), high.max(b))
        });
        let steps = || (0..=60).map(move |step| low * (high / low).powf(f64::from(step) / 60.0));
        let drawn = |cost: &dyn Fn(f64) -> Option<f64>| {
            steps()
                .map(|batch| (batch, cost(batch)))
                .collect::<Vec<_>>()
        };
        let measured = || {
            curve
                .points
                .iter()
                .map(|point| (point.batch as f64, point.samples_to_target))
        };
        let fit = drawn(&|batch| curve.fitted(batch));
        let values = measured()
            .chain(fit.iter().copied())
            .filter_map(|(_, cost)| cost);
        let mark = |(batch, cost): (f64, Option<f64>)| {
            (
                batch,
                cost,
                if cost.is_some() {
                    Mark::Dot
                } else {
                    Mark::Cross
                },
            )
        };
        let told: Vec<String> = measured()
            .map(|(batch, cost)| format!("{} at {}", words::optional(cost), words::whole(batch)))
            .collect();
        let picture = Picture {
            title: format!(
                "Samples to the target on {} against the batch size",
                curve.dataset
            ),
            description: format!("Measured: {}.", told.join(", ")),
            x_label: "batch size, samples",
            y_label: "samples to target",
            x,
            y: Axis::holding(values, 2.0),
            series: vec![
                Series {
                    band: curve
                        .points
                        .iter()
                        .map(|point| (point.batch as f64, point.low, point.high))
                        .collect(),
                    marks: measured().map(mark).collect(),
                    ..Series::default()
                },
                Series {
                    style: 1,
                    line: fit,
                    ..Series::default()
                },
                Series {
                    style: 2,
                    line: drawn(&|batch| curve.predicted(batch)),
                    ..Series::default()
                },
            ],
            ..Picture::default()
        };
        figure.panels.push((
            curve.dataset.clone(),
            draw(&picture, &format!("{identifier}-{position}"))?,
        ));
    }
    Ok(figure)
}

fn fits(curves: &[CostCurve]) -> Block {
    let rows = curves.iter().map(|curve| {
        let with = |value, low: Option<f64>, high: Option<f64>| {
            let high = high.map_or_else(|| "∞".into(), words::number);
            format!(
                "{} [{}, {high}]",
                words::optional(value),
                words::optional(low)
            )
        };
        vec![
            curve.dataset.clone(),
            words::number(curve.target_loss),
            with(curve.e_min, curve.e_min_low, curve.e_min_high),
            with(curve.b_crit, curve.b_crit_low, curve.b_crit_high),
            words::optional(curve.predicted_b_crit),
            words::optional(curve.relative_error),
        ]
    });
    table(
        "Fits of the cost curve",
        &["data set"],
        &[
            "target loss",
            "E_min, samples",
            "B_crit, samples",
            "B_crit predicted",
            "fit's error, r.m.s. of ln",
        ],
        rows.collect(),
    )
}
