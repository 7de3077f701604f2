//! The pictures of the page about one table.

use super::{AdviceCurve, AdviceLoss};
use crate::axis::Axis;
use crate::content::Figure;
use crate::picture::{Mark, N_STYLES, Picture, Series, draw};
use crate::words;

/// Above so many times the constant's loss a curve leaves its frame.
const MOST_LOSS: f64 = 2.0;
/// A smaller loss is nearly none, and would press all others together.
const LEAST_LOSS: f64 = 1e-4;

/// The losses of the ways along training: of rows held out, and of training batches, on the same axes.
pub(super) fn curves(curves: &[AdviceCurve], line_loss: Option<f64>) -> Figure {
    let is_drawn = |loss: &f64| (LEAST_LOSS..=MOST_LOSS).contains(loss);
    let line_loss = line_loss.filter(is_drawn);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let losses = points().flat_map(|point| [point.training, point.held_out]);
    let losses = losses.chain(line_loss);
    let x = Axis::holding(
        points()
            .map(|point| point.epoch)
            .filter(|epoch| *epoch > 0.0),
        20.0,
    );
    let y = Axis::holding(losses.filter(is_drawn), 5.0);
    let held_out = Panel {
        caption: "Rows held out",
        identifier: "curves-held-out",
        of: |point| point.held_out,
        is_held_out: true,
    };
    let training = Panel {
        caption: "Training batches",
        identifier: "curves-training",
        of: |point| point.training,
        is_held_out: false,
    };
    let panels = [held_out, training].into_iter().filter_map(|panel| {
        let level = line_loss.filter(|_| panel.is_held_out);
        let picture = panel.picture(curves, x.clone(), y.clone(), level)?;
        Some((panel.caption.to_owned(), draw(&picture, panel.identifier)))
    });
    let panels: Vec<_> = panels.collect();
    let level = match line_loss {
        Some(_) => ", the dashed level a straight line",
        None => "",
    };
    let both = match panels.len() {
        2 => {
            " That of training batches is by the network's own measure; where it goes on falling and that of rows held out does not, a \
             network learns its training rows by heart."
        }
        _ => "",
    };
    let names = curves.iter().map(|curve| words::capital(&curve.name));
    Figure {
        panels,
        pairs: true,
        legend: names
            .enumerate()
            .map(|(style, name)| (style % N_STYLES, name))
            .collect(),
        caption: format!(
            "Loss by epochs, the mean over the folds, as a share of the loss of always saying the same. A ring marks the epoch whose network \
             is taken{level}.{both}"
        ),
        ..Figure::default()
    }
}

/// One of the two pictures.
struct Panel {
    caption: &'static str,
    identifier: &'static str,
    of: fn(&AdviceLoss) -> f64,
    is_held_out: bool,
}

impl Panel {
    fn picture(
        &self,
        curves: &[AdviceCurve],
        x: Axis,
        y: Axis,
        level: Option<f64>,
    ) -> Option<Picture> {
        let finite = |loss: &f64| loss.is_finite();
        let line = |curve: &AdviceCurve| -> Vec<(f64, Option<f64>)> {
            let points = curve.points.iter().filter(|point| point.epoch > 0.0);
            points
                .map(|point| (point.epoch, Some((self.of)(point)).filter(finite)))
                .collect()
        };
        let lines: Vec<_> = curves.iter().map(line).collect();
        lines.iter().flatten().find_map(|(_, loss)| *loss)?;
        let told = curves.iter().zip(&lines).map(|(curve, line)| {
            match line.iter().rev().find_map(|(x, y)| Some((x, (*y)?))) {
                Some((epoch, loss)) => format!(
                    "{} ends at {} after {} epochs",
                    curve.name,
                    words::number(loss),
                    words::round_number(*epoch)
                ),
                None => format!("{} has no loss", curve.name),
            }
        });
        let series = curves.iter().zip(&lines).enumerate();
        Some(Picture {
            title: format!("Loss by epochs: {}", self.caption.to_lowercase()),
            description: told.collect::<Vec<_>>().join("; "),
            x_label: "epochs".into(),
            y_label: "loss, 1 = always the same".into(),
            x,
            y: y.clone(),
            levels: level.map(|at| (at, "line".into())).into_iter().collect(),
            series: series
                .map(|(style, (curve, line))| {
                    let taken = line.iter().find(|(epoch, _)| Some(*epoch) == curve.best);
                    let is_shown = |loss: Option<f64>| loss.is_some_and(|loss| !y.is_above(loss));
                    let ring = taken.filter(|(_, loss)| self.is_held_out && is_shown(*loss));
                    // Where the training diverged, the line ends with a cross.
                    let cross = line.iter().find(|(_, loss)| loss.is_none());
                    let ring = ring.map(|(epoch, loss)| (*epoch, *loss, Mark::Ring));
                    let cross = cross.map(|(epoch, _)| (*epoch, None, Mark::Cross));
                    Series {
                        name: curve.name.clone(),
                        style: style % N_STYLES,
                        line: line.clone(),
                        marks: ring.into_iter().chain(cross).collect(),
                        ..Series::default()
                    }
                })
                .collect(),
            ..Picture::default()
        })
    }
}

/// True values against predicted ones, and what was wrong with each.
pub(super) fn scatter(
    points: &[(f64, f64)],
    rows: usize,
    half_width: Option<f64>,
    target: &str,
) -> Figure {
    let points: Vec<(f64, f64)> = points
        .iter()
        .copied()
        .filter(|(predicted, truth)| predicted.is_finite() && truth.is_finite())
        .collect();
    if points.is_empty() {
        return Figure::default();
    }
    let half_width = half_width.filter(|half| half.is_finite());
    let both = Axis::holding(points.iter().flat_map(|(a, b)| [*a, *b]), f64::INFINITY);
    let predicted = Axis::holding(points.iter().map(|point| point.0), f64::INFINITY);
    let errors = points.iter().map(|(predicted, truth)| truth - predicted);
    let most = errors
        .clone()
        .map(f64::abs)
        .chain(half_width)
        .fold(0.0, f64::max);
    let inside = half_width.map(|half| {
        let inside = errors.clone().filter(|error| error.abs() <= half).count();
        format!(
            "; {} lie in the band of ± {}",
            words::percent(inside as f64 / points.len() as f64),
            words::number(half)
        )
    });
    let inside = inside.unwrap_or_default();
    let target = words::clip(target, 24);
    let specks = |marks: Vec<(f64, f64)>, name: &str| Series {
        name: name.into(),
        marks: marks
            .into_iter()
            .map(|(x, y)| (x, Some(y), Mark::Speck))
            .collect(),
        ..Series::default()
    };
    let [low, high] = both.span();
    let truth = Picture {
        title: format!("True {target} against predicted"),
        description: format!(
            "{} rows around the diagonal, from {} to {}{inside}",
            words::count(points.len()),
            words::number(low),
            words::number(high)
        ),
        x_label: format!("predicted {target}"),
        y_label: format!("true {target}"),
        x: both.clone(),
        y: both.clone(),
        series: vec![diagonal(&both, half_width), specks(points.clone(), "a row")],
        ..Picture::default()
    };
    let [left, right] = predicted.span();
    let residuals = Picture {
        title: format!("True minus predicted {target} against predicted"),
        description: format!(
            "{} rows around 0, the largest error {}{inside}",
            words::count(points.len()),
            words::number(most)
        ),
        x_label: format!("predicted {target}"),
        y_label: "true − predicted".into(),
        x: predicted,
        y: Axis::spanning(
            -1.08 * most.max(f64::MIN_POSITIVE),
            1.08 * most.max(f64::MIN_POSITIVE),
        ),
        series: vec![
            Series {
                name: "no error".into(),
                style: N_STYLES - 1,
                solid: true,
                fine: true,
                line: vec![(left, Some(0.0)), (right, Some(0.0))],
                band: half_width.map_or_else(Vec::new, |half| {
                    [left, right].map(|x| (x, Some(-half), Some(half))).to_vec()
                }),
                ..Series::default()
            },
            specks(points.iter().map(|(p, t)| (*p, t - p)).collect(), "a row"),
        ],
        ..Picture::default()
    };
    let shown = if points.len() < rows {
        format!(
            "{} of {}",
            words::count(points.len()),
            words::counted(rows, "row")
        )
    } else {
        words::counted(rows, "row")
    };
    Figure {
        pairs: true,
        panels: vec![
            ("True against predicted".into(), draw(&truth, "scatter")),
            ("What was wrong".into(), draw(&residuals, "residuals")),
        ],
        caption: format!(
            "{shown}, each predicted by a model that had not seen it. Line: no error.{}",
            match half_width {
                Some(half) => format!(
                    " Band: predicted ± {}, the interval of 90\u{a0}% that the model gives.",
                    words::number(half)
                ),
                None => " Too few rows vouch for an interval of 90\u{a0}%.".into(),
            }
        ),
        ..Figure::default()
    }
}

/// The diagonal of a plane whose axes are the same, with a band of this half width.
fn diagonal(axis: &Axis, half_width: Option<f64>) -> Series {
    let [low, high] = axis.span();
    let band = half_width.map(|half| {
        // Corners where an edge enters or leaves the plane.
        let mut corners = vec![low, low + half, high - half, high];
        corners.retain(|x| (low..=high).contains(x));
        corners.sort_by(f64::total_cmp);
        let edges = |x: f64| (x, Some((x - half).max(low)), Some((x + half).min(high)));
        corners.into_iter().map(edges).collect()
    });
    Series {
        name: "no error".into(),
        style: N_STYLES - 1,
        solid: true,
        fine: true,
        line: vec![(low, Some(low)), (high, Some(high))],
        band: band.unwrap_or_default(),
        ..Series::default()
    }
}

/// The share that came true against the predicted probability.
pub(super) fn calibration(bins: &[(f64, f64, usize)], of: &str) -> Figure {
    let bins: Vec<_> = bins.iter().filter(|bin| bin.2 > 0).collect();
    if bins.is_empty() {
        return Figure::default();
    }
    let axis = Axis::spanning(0.0, 1.0);
    let mut whiskers = Vec::new();
    for (mean, share, n) in &bins {
        let (low, high) = wilson(*share, *n);
        whiskers.extend([(*mean, Some(low)), (*mean, Some(high)), (*mean, None)]);
    }
    let told = bins.iter().map(|(mean, share, n)| {
        format!(
            "predicted {}, true {}, {}",
            words::percent(*mean),
            words::percent(*share),
            words::counted(*n, "row")
        )
    });
    let picture = Picture {
        title: format!("Share that came true against the predicted probability of {of}"),
        description: told.collect::<Vec<_>>().join("; "),
        x_label: "predicted probability".into(),
        y_label: "share that came true".into(),
        x: axis.clone(),
        y: axis.clone(),
        series: vec![
            diagonal(&axis, None),
            Series {
                name: "share that came true".into(),
                solid: true,
                line: whiskers,
                marks: bins
                    .iter()
                    .map(|(mean, share, _)| (*mean, Some(*share), Mark::Dot))
                    .collect(),
                ..Series::default()
            },
        ],
        ..Picture::default()
    };
    Figure {
        pairs: true,
        panels: vec![(format!("Probability of {}", words::clip(of, 30)), draw(&picture, "calibration"))],
        caption: "Rows with about the same predicted probability together; bars are 95\u{a0}% intervals of the share. On the line, a \
                  probability means what it says; below it, it promises too much."
            .into(),
        ..Figure::default()
    }
}

/// The 95 % interval of a share (Wilson 1927): (p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n).
fn wilson(share: f64, n: usize) -> (f64, f64) {
    let z2 = 1.959_963_984_540_054_f64.powi(2);
    let n = n as f64;
    let middle = share + z2 / (2.0 * n);
    let half = (z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))).sqrt();
    let whole = 1.0 + z2 / n;
    (
        ((middle - half) / whole).max(0.0),
        ((middle + half) / whole).min(1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_share_is_wilsons() {
        // Both ends are where the share lies z standard errors of the end away.
        for (share, n) in [(0.8, 10), (0.25, 400), (1.0, 3)] {
            let (low, high) = wilson(share, n);
            for end in [low, high] {
                let distance =
                    (share - end).powi(2) - 3.841_458_820_694_124 * end * (1.0 - end) / n as f64;
                assert!(distance.abs() < 1e-12, "{share} of {n}: {end}");
            }
            assert!(low < high);
        }
        assert_eq!(wilson(0.0, 10).0, 0.0);
    }

    #[test]
    fn a_band_is_cut_where_it_leaves_the_plane() {
        let band = diagonal(&Axis::spanning(0.0, 10.0), Some(2.0)).band;
        let corner = |at: f64, low: f64, high: f64| (at, Some(low), Some(high));
        let wanted = [
            corner(0.0, 0.0, 2.0),
            corner(2.0, 0.0, 4.0),
            corner(8.0, 6.0, 10.0),
            corner(10.0, 8.0, 10.0),
        ];
        assert_eq!(band, wanted);
    }
}
