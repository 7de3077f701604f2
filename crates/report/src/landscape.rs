//! The textbook's pictures from the data at hand: the cloud of two features in three stages, and the loss of a linear unit with
//! the ways down.

use std::f64::consts::TAU;

use crate::axis::Axis;
use crate::content::Figure;
use crate::picture::{Mark, Picture, Series, draw, plane};
use crate::results::{DescentPath, Landscape, Valley};
use crate::words::{self, clip, number};

const FULL: usize = 0;
const MINI: usize = 1;
const CONTOUR: usize = 6;
/// The losses of the lines, above the least: equal steps of the distance to the minimum.
const LEVELS: [f64; 5] = [0.04, 0.16, 0.36, 0.64, 1.0];
/// Letters of a feature's name that fit along the shorter axis.
const LETTERS: usize = 22;
/// With sides that differ more, axes of one scale would show a line.
const MOST_LONGER: f64 = 12.0;

/// Raw, centred, divided, in one and the same frame, so that the shift and the squeeze are seen.
pub(crate) fn clouds(landscape: &Landscape, identifier: &str) -> Figure {
    let Landscape {
        dataset,
        features,
        samples,
        mean,
        deviation,
        ..
    } = landscape;
    if samples.is_empty() {
        return Figure::default();
    }
    type Stage = fn(f64, f64, f64) -> f64;
    let stages: [(&str, &str, Stage); 3] = [
        ("raw", "as measured", |value, _, _| value),
        ("centred", "mean subtracted", |value, mean, _| value - mean),
        (
            "divided",
            "mean subtracted, divided by the deviation",
            |value, mean, deviation| (value - mean) / deviation,
        ),
    ];
    let points = |stage: Stage| -> Vec<[f64; 2]> {
        let point = |sample: &[f64; 2]| [0, 1].map(|i| stage(sample[i], mean[i], deviation[i]));
        samples.iter().map(point).collect()
    };
    let all = stages.iter().flat_map(|(.., stage)| points(*stage));
    let (x, y) = plane(all.chain([[0.0, 0.0]]));
    let [x_label, y_label] = features.each_ref().map(|feature| clip(feature, LETTERS));
    let panel = |(name, caption, stage): (&str, &str, Stage)| {
        let points = points(stage);
        let picture = Picture {
            title: format!("{x_label} and {y_label} of {dataset}, {name}"),
            description: match name {
                "raw" => "A cloud of points away from zero, stretched.",
                "centred" => "The same cloud around zero, still stretched.",
                _ => "The same cloud around zero, as wide as it is high.",
            }
            .into(),
            x_label: x_label.clone(),
            y_label: y_label.clone(),
            uprights: vec![0.0],
            levels: vec![(0.0, String::new())],
            x: x.clone(),
            y: y.clone(),
            series: vec![Series {
                marks: points
                    .iter()
                    .map(|[x, y]| (*x, Some(*y), Mark::Speck))
                    .collect(),
                ..Series::default()
            }],
        };
        (
            caption.to_owned(),
            draw(&picture, format!("{identifier}-{name}")),
        )
    };
    Figure {
        panels: stages.map(panel).into(),
        caption: format!(
            "{} training rows of {dataset}. All three frames have the same axes. Subtracting the mean moves the cloud to zero; \
             dividing by the standard deviation makes it as wide as it is high. Means {} and {}, deviations {} and {}.",
            samples.len(),
            number(mean[0]),
            number(mean[1]),
            number(deviation[0]),
            number(deviation[1]),
        ),
        ..Figure::default()
    }
}

/// The contours of the loss with the steps of descent: raw beside standardized, for the full batch and for mini-batches.
pub(crate) fn contours(landscape: &Landscape, identifier: &str) -> Figure {
    let Landscape {
        features, valleys, ..
    } = landscape;
    let ways: Vec<&str> = valleys
        .first()
        .map(|valley| valley.paths.iter().map(|path| path.batch_size.as_str()))
        .into_iter()
        .flatten()
        .collect();
    let mut panels = Vec::new();
    for way in ways {
        for valley in valleys {
            let path = valley.paths.iter().find(|path| path.batch_size == way);
            let Some(path) = path else { continue };
            let left = excess(valley, path);
            let left = match left {
                0.0..0.01 => "less than 1\u{a0}%".into(),
                left => words::percent((100.0 * left).round() / 100.0),
            };
            let caption = format!("{} inputs, {}: {left} left", valley.scaling, name(path));
            let at = panels.len();
            panels.push((
                caption,
                draw(
                    &contour(valley, path, features),
                    format!("{identifier}-{at}"),
                ),
            ));
        }
    }
    let updates = valleys
        .first()
        .and_then(|valley| valley.paths.first())
        .map_or(0, |path| path.weights.len().saturating_sub(1));
    let longer = valleys
        .iter()
        .map(|valley| (valley.curvatures[0] / valley.curvatures[1]).sqrt())
        .fold(1.0, f64::max);
    Figure {
        pairs: true,
        panels,
        caption: format!(
            "How much of the loss of a linear unit is left after {updates} updates. It has two weights: one for an input {}, one for an \
             input {} (means {} and {}, deviations {} and {}). Ellipses are lines of equal loss, each arrow is one update, the star is the \
             minimum. On raw inputs the large input sets the rate, and the steps run across the valley instead of along it. That valley \
             is {} times as long as it is wide; its picture has two different scales, or it would be a line.",
            features[0],
            features[1],
            number(landscape.mean[0]),
            number(landscape.mean[1]),
            number(landscape.deviation[0]),
            number(landscape.deviation[1]),
            number(longer),
        ),
        ..Figure::default()
    }
}

/// How a path is called.
pub(crate) fn name(path: &DescentPath) -> String {
    match path.batch_size.as_str() {
        "full" => "full batch".into(),
        size => format!("batches of {size}"),
    }
}

/// The loss at the path's end, above the least and relative to its beginning.
fn excess(valley: &Valley, path: &DescentPath) -> f64 {
    let loss = |weights: &[f64; 2]| -> f64 {
        let along = |axis: usize| -> f64 {
            (0..2)
                .map(|i| (weights[i] - valley.minimum[i]) * valley.directions[axis][i])
                .sum()
        };
        (0..2)
            .map(|axis| 0.5 * valley.curvatures[axis] * along(axis).powi(2))
            .sum()
    };
    match (path.weights.first(), path.weights.last()) {
        (Some(first), Some(last)) => loss(last) / loss(first),
        _ => 1.0,
    }
}

/// The line of the points whose loss is so much above the least.
fn ellipse(valley: &Valley, loss: f64) -> Vec<[f64; 2]> {
    let radius = |axis: usize| (2.0 * loss / valley.curvatures[axis]).sqrt();
    let at = |step: i32| {
        let (across, along) = (TAU * f64::from(step) / 96.0).sin_cos();
        [0, 1].map(|i| {
            valley.minimum[i]
                + along * radius(0) * valley.directions[0][i]
                + across * radius(1) * valley.directions[1][i]
        })
    };
    (0..=96).map(at).collect()
}

/// The axes of a valley: of one scale, unless it would be a line then.
pub(crate) fn frame(valley: &Valley) -> (Axis, Axis) {
    let outer = ellipse(valley, 1.0);
    let side = |i: usize| {
        let values = || outer.iter().map(|point| point[i]);
        let low = values().fold(f64::INFINITY, f64::min);
        (low, values().fold(f64::NEG_INFINITY, f64::max))
    };
    let [(left, right), (bottom, top)] = [side(0), side(1)];
    let longer = (right - left) / (top - bottom);
    if !longer.is_finite() {
        return (Axis::default(), Axis::default());
    }
    if (1.0 / MOST_LONGER..=MOST_LONGER).contains(&longer) {
        return plane(outer.into_iter());
    }
    let axis = |low: f64, high: f64| {
        let air = 0.05 * (high - low);
        Axis::spanning(low - air, high + air)
    };
    (axis(left, right), axis(bottom, top))
}

fn contour(valley: &Valley, path: &DescentPath, features: &[String; 2]) -> Picture {
    let line = |points: &[[f64; 2]]| points.iter().map(|[x, y]| (*x, Some(*y))).collect();
    let level = |level: &f64| Series {
        style: CONTOUR,
        solid: true,
        fine: true,
        line: line(&ellipse(valley, *level)),
        ..Series::default()
    };
    let heads = path.weights.windows(2).map(|step| {
        let [from, to] = [step[0], step[1]];
        let head = Mark::Head(to[0] - from[0], to[1] - from[1]);
        (to[0], Some(to[1]), head)
    });
    let start = path
        .weights
        .first()
        .map(|[x, y]| (*x, Some(*y), Mark::Ring));
    let descent = Series {
        name: name(path),
        style: if path.batch_size == "full" {
            FULL
        } else {
            MINI
        },
        solid: true,
        line: line(&path.weights),
        marks: start.into_iter().chain(heads).collect(),
        ..Series::default()
    };
    let [x, y] = valley.minimum;
    let minimum = Series {
        name: "minimum".into(),
        style: CONTOUR,
        marks: vec![(x, Some(y), Mark::Star)],
        ..Series::default()
    };
    let (x, y) = frame(valley);
    Picture {
        title: format!("Descent with {} on {} inputs", name(path), valley.scaling),
        description: format!(
            "Ellipses of equal loss, {} times as long as wide, and the steps from a ring towards the star in their middle.",
            number((valley.curvatures[0] / valley.curvatures[1]).sqrt())
        ),
        x_label: format!("weight of the input {}", clip(&features[0], LETTERS)),
        y_label: format!("weight of the input {}", clip(&features[1], LETTERS)),
        x,
        y,
        series: LEVELS.iter().map(level).chain([descent, minimum]).collect(),
        ..Picture::default()
    }
}
