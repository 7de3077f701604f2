//! The picture of the memory that training takes, against the number of samples.

use super::axis::Axis;
use super::content::Figure;
use super::picture::{Mark, Picture, Series, draw};
use super::{section, words};
use crate::Error;
use crate::results::Results;

/// A picture for each data set, a line for each way of handling the samples.
pub(super) fn figure(results: &Results, identifier: &str) -> Result<Figure, Error> {
    let ways = section::distinct(results.memory.iter().map(|point| point.way.as_str()));
    let mut figure = Figure {
        legend: ways.iter().enumerate().map(|(style, way)| (style, (*way).to_owned())).collect(),
        caption: "Peak resident memory of the process over what it was with the data loaded, the median of the measurements.".into(),
        ..Figure::default()
    };
    let datasets = section::distinct(results.memory.iter().map(|point| point.dataset.as_str()));
    for (position, dataset) in datasets.into_iter().enumerate() {
        let points = || {
            results
                .memory
                .iter()
                .filter(move |point| point.dataset == dataset)
        };
        let megabytes = |bytes: f64| bytes / 1e6;
        let lines: Vec<Vec<(f64, Option<f64>)>> = ways
            .iter()
            .map(|way| {
                let of = points().filter(|point| point.way == *way);
                of.map(|point| (point.samples as f64, Some(megabytes(point.bytes))))
                    .collect()
            })
            .collect();
        let told: Vec<String> = ways
            .iter()
            .zip(&lines)
            .filter_map(|(way, line)| {
                let (samples, most) = line.last()?;
                Some(format!(
                    "{way}: {} MB with {} samples",
                    words::optional(*most),
                    words::whole(*samples)
                ))
            })
            .collect();
        let picture = Picture {
            title: format!("Peak memory of training on {dataset} against the number of samples"),
            description: format!(
                "One line a way of handling the samples. {}.",
                told.join("; ")
            ),
            x_label: "samples",
            y_label: "peak memory, MB",
            x: Axis::holding(points().map(|point| point.samples as f64), 1.5),
            y: Axis::holding(points().map(|point| megabytes(point.bytes)), 10.0),
            series: lines
                .into_iter()
                .enumerate()
                .map(|(style, line)| Series {
                    style,
                    marks: line.iter().map(|(x, y)| (*x, *y, Mark::Dot)).collect(),
                    line,
                    ..Series::default()
                })
                .collect(),
            ..Picture::default()
        };
        figure.panels.push((
            dataset.to_owned(),
            draw(&picture, &format!("{identifier}-memory-{position}"))?,
        ));
    }
    Ok(figure)
}
