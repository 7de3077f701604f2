//! The textbook's pictures from the data at hand: the cloud of two features in three stages, and the loss of a linear unit with
//! the ways down.

use super::axis::Axis;
use super::content::Figure;
use super::picture::{Mark, Picture, Series, draw, plane};
use super::words;
use crate::Error;
use crate::results::{DescentPath, Landscape, Results, Valley};

/// For each data set: raw, centred, scaled. The first two have equal scales on both axes, so that the shape is true.
pub(super) fn clouds(results: &Results, identifier: &str) -> Result<Vec<Figure>, Error> {
    results
        .landscapes
        .iter()
        .enumerate()
        .map(|(position, landscape)| cloud(landscape, &format!("{identifier}-cloud-{position}")))
        .collect()
}

fn cloud(landscape: &Landscape, identifier: &str) -> Result<Figure, Error> {
    let Landscape {
        dataset,
        features,
        samples,
        mean,
        deviation,
        ..
    } = landscape;
    type Stage = fn([f64; 3]) -> f64;
    let stages: [(&str, &str, Stage); 3] = [
        ("raw", "raw", |[value, ..]| value),
        ("centred", "centred", |[value, mean, _]| value - mean),
        ("scaled", "in deviations", |[value, mean, deviation]| {
            (value - mean) / deviation
        }),
    ];
    let mut figure = Figure {
        caption: format!(
            "Two features of {dataset} in the textbook's three stages: {} samples of the training part, both axes with one scale \
             as the other, with lines through zero. Means {} and {}, deviations {} and {}.",
            samples.len(),
            words::number(mean[0]),
            words::number(mean[1]),
            words::number(deviation[0]),
            words::number(deviation[1]),
        ),
        ..Figure::default()
    };
    for (name, unit, stage) in stages {
        let point = |sample: &[f64; 2]| [0, 1].map(|i| stage([sample[i], mean[i], deviation[i]]));
        let points: Vec<[f64; 2]> = samples.iter().map(point).collect();
        let (x, y) = plane(points.iter().copied().chain([[0.0, 0.0]]));
        let [x_label, y_label] = features
            .each_ref()
            .map(|feature| format!("{}, {unit}", short(feature)));
        let picture = Picture {
            title: format!("{} and {} of {dataset}, {name}", features[0], features[1]),
            description: format!(
                "A cloud of {} points. {}",
                points.len(),
                match name {
                    "raw" => "It lies away from zero, and is stretched.",
                    "centred" => "It lies around zero, and is stretched.",
                    _ => "It lies around zero, as wide as it is high.",
                }
            ),
            x_label: &x_label,
            y_label: &y_label,
            upright: Some(0.0),
            x,
            y,
            series: vec![Series {
                marks: points
                    .iter()
                    .map(|[x, y]| (*x, Some(*y), Mark::Speck))
                    .collect(),
                ..Series::default()
            }],
            ..Picture::default()
        };
        figure.panels.push((
            format!("{dataset}, {name}"),
            draw(&picture, &format!("{identifier}-{name}"))?,
        ));
    }
    Ok(figure)
}

/// A feature's name, or its beginning: what fits along the shorter axis.
fn short(name: &str) -> String {
    if name.chars().count() <= 22 {
        return name.to_owned();
    }
    name.chars().take(21).chain(['…']).collect()
}

/// The contours of the loss for each data set, raw and standardized, with the ways of descent.
pub(super) fn contours(results: &Results, identifier: &str) -> Result<Vec<Figure>, Error> {
    let mut figures = Vec::new();
    for (position, landscape) in results.landscapes.iter().enumerate() {
        let mut figure = Figure {
            legend: vec![
                (FULL, "full batch".into()),
                (MINI, "mini-batch".into()),
                (CONTOUR, "equal loss".into()),
            ],
            solid: true,
            caption: caption(landscape),
            ..Figure::default()
        };
        for valley in &landscape.valleys {
            let condition = valley.curvatures[0] / valley.curvatures[1];
            let title = format!(
                "{}, {} inputs: κ = {}",
                landscape.dataset,
                valley.scaling,
                words::number(condition)
            );
            let identifier = format!("{identifier}-contours-{position}-{}", figure.panels.len());
            figure
                .panels
                .push((title, draw(&contour(landscape, valley), &identifier)?));
        }
        figures.push(figure);
    }
    Ok(figures)
}

const FULL: usize = 0;
const MINI: usize = 1;
const CONTOUR: usize = 6;
/// The losses of the lines, above the least: equal steps of the distance to the minimum.
const LEVELS: [f64; 5] = [0.04, 0.16, 0.36, 0.64, 1.0];

fn caption(landscape: &Landscape) -> String {
    let ends: Vec<String> = landscape
        .valleys
        .iter()
        .flat_map(|valley| {
            valley.paths.iter().map(move |path| {
                format!(
                    "{} inputs, {}: {}",
                    valley.scaling,
                    name(path),
                    words::optional(path.weights.last().map(|w| excess(valley, *w)))
                )
            })
        })
        .collect();
    let updates = landscape
        .valleys
        .first()
        .and_then(|valley| valley.paths.first())
        .map_or(0, |path| path.weights.len().max(1) - 1);
    format!(
        "The loss of a linear unit with two weights on {} and {}, on the training part of {}; both axes have one scale, and κ is the \
         condition number of the Hessian. Both ways begin (ring) at a loss of 1 above the least and make {updates} updates: with the full batch at \
         the rate 2/(λ_max + λ_min), with mini-batches at a quarter of it. Loss above the least at the end: {}.",
        landscape.features[0],
        landscape.features[1],
        landscape.dataset,
        ends.join("; "),
    )
}

fn name(path: &DescentPath) -> String {
    if path.batch_size == "full" {
        "full batch".into()
    } else {
        format!("batch {}", path.batch_size)
    }
}

/// The loss above the least: half of the curvature times the squared distance, along both directions.
fn excess(valley: &Valley, weights: [f64; 2]) -> f64 {
    let along = |direction: [f64; 2]| -> f64 {
        (0..2)
            .map(|i| (weights[i] - valley.minimum[i]) * direction[i])
            .sum()
    };
    valley
        .directions
        .iter()
        .zip(valley.curvatures)
        .map(|(direction, curvature)| 0.5 * curvature * along(*direction).powi(2))
        .sum()
}

/// The line of one loss: an ellipse.
fn ellipse(valley: &Valley, level: f64) -> Vec<[f64; 2]> {
    let turn = |step: i32| std::f64::consts::TAU * f64::from(step) / 120.0;
    (0..=120)
        .map(|step| {
            let (sine, cosine) = turn(step).sin_cos();
            let [along, across] = [cosine, sine];
            let radius = |axis: usize| (2.0 * level / valley.curvatures[axis]).sqrt();
            [0, 1].map(|i| {
                valley.minimum[i]
                    + along * radius(0) * valley.directions[0][i]
                    + across * radius(1) * valley.directions[1][i]
            })
        })
        .collect()
}

fn contour<'a>(landscape: &Landscape, valley: &Valley) -> Picture<'a> {
    let line = |points: &[[f64; 2]]| {
        points
            .iter()
            .map(|[x, y]| (*x, Some(*y)))
            .collect::<Vec<_>>()
    };
    let mut series: Vec<Series> = LEVELS
        .iter()
        .map(|level| Series {
            style: CONTOUR,
            solid: true,
            fine: true,
            line: line(&ellipse(valley, *level)),
            ..Series::default()
        })
        .collect();
    for path in &valley.paths {
        let start = path
            .weights
            .first()
            .map(|[x, y]| (*x, Some(*y), Mark::Ring));
        let dots = path
            .weights
            .iter()
            .skip(1)
            .map(|[x, y]| (*x, Some(*y), Mark::Speck));
        series.push(Series {
            style: if path.batch_size == "full" {
                FULL
            } else {
                MINI
            },
            solid: true,
            fine: true,
            line: line(&path.weights),
            marks: dots.chain(start).collect(),
            ..Series::default()
        });
    }
    let (x, y): (Axis, Axis) = plane(ellipse(valley, 1.0).into_iter());
    Picture {
        title: format!(
            "Loss of a linear unit on {} {} inputs",
            valley.scaling, landscape.dataset
        ),
        description: format!(
            "Ellipses of equal loss, {} times as long as wide, with the ways of the full batch and of mini-batches to the middle.",
            words::number((valley.curvatures[0] / valley.curvatures[1]).sqrt())
        ),
        x_label: "weight of the first feature, 1/unit",
        y_label: "weight of the second, 1/unit",
        x,
        y,
        series,
        ..Picture::default()
    }
}
