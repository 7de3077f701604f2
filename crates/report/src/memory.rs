//! The picture of the memory that training takes, against the number of samples.

use crate::axis::Axis;
use crate::content::Figure;
use crate::picture::{Mark, Picture, Series, draw};
use crate::results::Results;
use crate::words;

/// A panel for each data set, a line for each way of handling the samples.
pub(crate) fn figure(results: &Results, identifier: &str) -> Figure {
    let ways = words::distinct(results.memory.iter().map(|point| point.way.as_str()));
    let datasets = words::distinct(results.memory.iter().map(|point| point.dataset.as_str()));
    let panel = |(at, dataset): (usize, &str)| {
        let picture = picture(results, dataset, &ways);
        (
            dataset.to_owned(),
            draw(&picture, format!("{identifier}-memory-{at}")),
        )
    };
    Figure {
        legend: ways.iter().map(|way| (*way).to_owned()).enumerate().collect(),
        panels: datasets.into_iter().enumerate().map(panel).collect(),
        caption: "Peak memory of the process over what it was with the data loaded, the median of the measurements.".into(),
        ..Figure::default()
    }
}

fn picture(results: &Results, dataset: &str, ways: &[&str]) -> Picture {
    let points = || {
        results
            .memory
            .iter()
            .filter(|point| point.dataset == dataset)
    };
    let line = |way: &&str| -> Vec<(f64, Option<f64>)> {
        let of = points().filter(|point| point.way == *way);
        of.map(|point| (point.samples as f64, Some(point.bytes / 1e6)))
            .collect()
    };
    let told = ways.iter().filter_map(|way| {
        let last = points().rfind(|point| point.way == *way)?;
        let samples = words::counted(last.samples, "sample");
        Some(format!(
            "{way}: {} MB with {samples}",
            words::number(last.bytes / 1e6)
        ))
    });
    Picture {
        title: format!("Peak memory of training on {dataset} against the number of samples"),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: "samples".into(),
        y_label: "peak memory, MB".into(),
        x: Axis::holding(points().map(|point| point.samples as f64), 1.5),
        y: Axis::holding(points().map(|point| point.bytes / 1e6), 10.0),
        series: ways
            .iter()
            .map(line)
            .enumerate()
            .map(|(style, line)| Series {
                name: ways[style].to_owned(),
                style,
                marks: line.iter().map(|(x, y)| (*x, *y, Mark::Dot)).collect(),
                line,
                ..Series::default()
            })
            .collect(),
        ..Picture::default()
    }
}
