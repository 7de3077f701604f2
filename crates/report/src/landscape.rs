//! The textbook's pictures from the data at hand: the cloud of two features in three stages, and the loss of a linear unit with
//! the ways down.

use std::f64::consts::TAU;

use crate::content::Figure;
use crate::picture::{Mark, Picture, Series, draw, plane};
use crate::results::{DescentPath, Landscape, Valley};
use crate::words::{clip, number, optional};

const FULL: usize = 0;
const MINI: usize = 1;
const CONTOUR: usize = 6;
/// The losses of the lines, above the least: equal steps of the distance to the minimum.
const LEVELS: [f64; 5] = [0.04, 0.16, 0.36, 0.64, 1.0];
/// Letters of a feature's name that fit along the shorter axis.
const LETTERS: usize = 22;

/// Raw, centred, scaled: each with equal scales on both axes, so that the shape is true.
pub(crate) fn clouds(landscape: &Landscape, identifier: &str) -> Figure {
    let Landscape {
        dataset,
        features,
        samples,
        mean,
        deviation,
        ..
    } = landscape;
    type Stage = fn(f64, f64, f64) -> f64;
    let stages: [(&str, &str, Stage); 3] = [
        ("raw", "raw", |value, _, _| value),
        ("centred", "centred", |value, mean, _| value - mean),
        ("scaled", "in deviations", |value, mean, deviation| {
            (value - mean) / deviation
        }),
    ];
    let panel = |(name, unit, stage): (&str, &str, Stage)| {
        let point = |sample: &[f64; 2]| [0, 1].map(|i| stage(sample[i], mean[i], deviation[i]));
        let points: Vec<[f64; 2]> = samples.iter().map(point).collect();
        let (x, y) = plane(points.iter().copied().chain([[0.0, 0.0]]));
        let [x_label, y_label] = features
            .each_ref()
            .map(|feature| format!("{}, {unit}", clip(feature, LETTERS)));
        let picture = Picture {
            title: format!("{} and {} of {dataset}, {name}", features[0], features[1]),
            description: match name {
                "raw" => "A cloud of points away from zero, stretched.",
                "centred" => "A cloud of points around zero, stretched.",
                _ => "A cloud of points around zero, as wide as it is high.",
            }
            .into(),
            x_label,
            y_label,
            uprights: vec![(0.0, false)],
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
        (
            format!("{dataset}, {name}"),
            draw(&picture, format!("{identifier}-{name}")),
        )
    };
    Figure {
        panels: stages.map(panel).into(),
        caption: format!(
            "Two features of {dataset} in the textbook's three stages: {} samples of the training part, both axes with the same \
             scale. Means {} and {}, standard deviations {} and {}.",
            samples.len(),
            number(mean[0]),
            number(mean[1]),
            number(deviation[0]),
            number(deviation[1]),
        ),
        ..Figure::default()
    }
}

/// The contours of the loss, raw and standardized, with the ways of descent.
pub(crate) fn contours(landscape: &Landscape, identifier: &str) -> Figure {
    let Landscape {
        dataset,
        features,
        valleys,
        ..
    } = landscape;
    let panel = |(at, valley): (usize, &Valley)| {
        let condition = number(valley.curvatures[0] / valley.curvatures[1]);
        let title = format!("{dataset}, {} inputs: κ = {condition}", valley.scaling);
        (
            title,
            draw(&contour(dataset, valley), format!("{identifier}-{at}")),
        )
    };
    let end = |valley: &Valley, path: &DescentPath| {
        let end = optional(path.weights.last().map(|weights| excess(valley, *weights)));
        format!("{} inputs, {}: {end}", valley.scaling, name(path))
    };
    let ends: Vec<String> = valleys
        .iter()
        .flat_map(|valley| valley.paths.iter().map(move |path| end(valley, path)))
        .collect();
    let path = valleys.first().and_then(|valley| valley.paths.first());
    let updates = path.map_or(0, |path| path.weights.len().saturating_sub(1));
    Figure {
        legend: vec![
            (FULL, "full batch".into()),
            (MINI, "mini-batch".into()),
            (CONTOUR, "equal loss".into()),
        ],
        solid: true,
        panels: valleys.iter().enumerate().map(panel).collect(),
        caption: format!(
            "The loss of a linear unit with two weights on {} and {}. Both axes have the same scale; κ is the condition number of the \
             Hessian. Both ways begin at the ring and make {updates} updates: the full batch at the rate 2/(λ_max + λ_min), \
             mini-batches at a quarter of it. Loss above the least at the end: {}.",
            features[0],
            features[1],
            ends.join("; "),
        ),
    }
}

fn name(path: &DescentPath) -> String {
    match path.batch_size.as_str() {
        "full" => "full batch".into(),
        size => format!("batch {size}"),
    }
}

/// The loss above the least: half of the curvature times the squared distance, along both directions.
fn excess(valley: &Valley, weights: [f64; 2]) -> f64 {
    let along = |direction: &[f64; 2]| -> f64 {
        (0..2)
            .map(|i| (weights[i] - valley.minimum[i]) * direction[i])
            .sum()
    };
    let directions = valley.directions.iter().zip(valley.curvatures);
    directions
        .map(|(direction, curvature)| 0.5 * curvature * along(direction).powi(2))
        .sum()
}

/// The line of one loss: an ellipse.
fn ellipse(valley: &Valley, level: f64) -> Vec<[f64; 2]> {
    let radius = |axis: usize| (2.0 * level / valley.curvatures[axis]).sqrt();
    let at = |step: i32| {
        let (across, along) = (TAU * f64::from(step) / 120.0).sin_cos();
        [0, 1].map(|i| {
            valley.minimum[i]
                + along * radius(0) * valley.directions[0][i]
                + across * radius(1) * valley.directions[1][i]
        })
    };
    (0..=120).map(at).collect()
}

fn contour(dataset: &str, valley: &Valley) -> Picture {
    let line = |points: &[[f64; 2]]| points.iter().map(|[x, y]| (*x, Some(*y))).collect();
    let level = |level: &f64| Series {
        style: CONTOUR,
        solid: true,
        fine: true,
        line: line(&ellipse(valley, *level)),
        ..Series::default()
    };
    let descent = |path: &DescentPath| {
        let mark = |(at, [x, y]): (usize, &[f64; 2])| {
            (*x, Some(*y), if at == 0 { Mark::Ring } else { Mark::Speck })
        };
        Series {
            style: if path.batch_size == "full" {
                FULL
            } else {
                MINI
            },
            solid: true,
            fine: true,
            line: line(&path.weights),
            marks: path.weights.iter().enumerate().map(mark).collect(),
            ..Series::default()
        }
    };
    let (x, y) = plane(ellipse(valley, 1.0).into_iter());
    Picture {
        title: format!(
            "Loss of a linear unit on {} {dataset} inputs",
            valley.scaling
        ),
        description: format!(
            "Ellipses of equal loss, {} times as long as wide, with the ways of the full batch and of mini-batches to the middle.",
            number((valley.curvatures[0] / valley.curvatures[1]).sqrt())
        ),
        x_label: "weight of the first feature, 1/unit".into(),
        y_label: "weight of the second, 1/unit".into(),
        x,
        y,
        series: LEVELS
            .iter()
            .map(level)
            .chain(valley.paths.iter().map(descent))
            .collect(),
        ..Picture::default()
    }
}
