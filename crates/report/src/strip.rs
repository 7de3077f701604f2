//! Effects on one axis, a row each: what a forest plot is made of.
//!
//! A strip is a picture of one row. In HTML it lies in a cell of a table, so that names and numbers are text that is never cut;
//! as a picture of its own the rows stand below one another, with their names and numbers beside them.

use smallbatch_evidence::Scale;

use crate::axis::{Axis, tick_label};
use crate::picture::{Drawing, LETTER, Paint, points, stroke, text};
use crate::words::{Bound, Size};

/// The size of a strip in a table. A cell is at least as wide, so that nothing is drawn smaller.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 22.0;
/// Air at both ends, for marks that lie there.
const AIR: f64 = 8.0;
/// The height of the numbers of the axis.
const FOOT: f64 = 20.0;

/// The axis of some strips, and the values that all are held against.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ruler {
    axis: Axis,
    /// Where there is no effect.
    none: f64,
    thresholds: Vec<f64>,
}

/// What one strip shows; what comes later lies above.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Strip {
    shapes: Vec<Shape>,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    /// Where a new table is expected.
    Bar { low: f64, high: f64 },
    /// An interval.
    Line { low: f64, high: f64 },
    /// An estimate, or a bound of it.
    Estimate { at: f64, bound: Bound },
    /// Single repetitions.
    Specks(Vec<f64>),
    /// A mean over tables, as wide as its interval.
    Diamond { low: f64, middle: f64, high: f64 },
    /// What only this row is held against.
    Threshold(f64),
}

impl Strip {
    /// A prediction interval.
    pub(crate) fn bar(mut self, size: &Size) -> Self {
        let Size { low, high, .. } = *size;
        self.shapes.push(Shape::Bar { low, high });
        self
    }

    /// An estimate with its interval.
    pub(crate) fn estimate(mut self, size: &Size) -> Self {
        if let Some(at) = size.estimate {
            let Size { low, high, .. } = *size;
            let bound = size.bound();
            self.shapes.push(Shape::Line { low, high });
            self.shapes.push(Shape::Estimate { at, bound });
        }
        self
    }

    /// Single repetitions.
    pub(crate) fn specks(mut self, at: Vec<f64>) -> Self {
        self.shapes.push(Shape::Specks(at));
        self
    }

    /// A mean over tables.
    pub(crate) fn diamond(mut self, size: &Size) -> Self {
        if let Some(middle) = size.estimate {
            let Size { low, high, .. } = *size;
            self.shapes.push(Shape::Diamond { low, middle, high });
        }
        self
    }

    /// A threshold of its own.
    pub(crate) fn threshold(mut self, at: f64) -> Self {
        self.shapes.push(Shape::Threshold(at));
        self
    }
}

impl Ruler {
    /// An axis for these effects. It holds all estimates, and of intervals what lies near them: one that is a hundred times as wide as
    /// the others would press these into a dot. `room` is how far it goes beyond the estimates at most: a factor, for ratios.
    pub(crate) fn of<'a>(
        sizes: impl IntoIterator<Item = &'a Size>,
        thresholds: Vec<f64>,
        scale: Scale,
        room: f64,
    ) -> Self {
        let sizes: Vec<&Size> = sizes.into_iter().collect();
        let none = scale.no_effect();
        let thresholds: Vec<f64> = thresholds.into_iter().filter(|at| at.is_finite()).collect();
        let usable = |at: &f64| at.is_finite() && (scale == Scale::Difference || *at > 0.0);
        let shown: Vec<f64> = sizes
            .iter()
            .filter_map(|size| size.estimate)
            .chain(thresholds.iter().copied())
            .chain([none])
            .filter(usable)
            .collect();
        let least = shown.iter().copied().fold(f64::INFINITY, f64::min);
        let most = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (from, to) = match scale {
            Scale::Ratio => (least / room, most * room),
            Scale::Difference => (least - (most - least), most + (most - least)),
        };
        let ends = sizes.iter().flat_map(|size| [size.low, size.high]);
        let ends = ends.filter(usable).map(|end| end.clamp(from, to));
        let all: Vec<f64> = shown.iter().copied().chain(ends).collect();
        let axis = match scale {
            Scale::Ratio => Axis::holding(all.iter().flat_map(|at| [at / 1.06, at * 1.06]), 1.0),
            Scale::Difference => Axis::holding(all, f64::INFINITY),
        };
        Self {
            axis,
            none,
            thresholds,
        }
    }

    /// The strip in a cell.
    pub(crate) fn inline(&self, strip: &Strip) -> String {
        let body = self.body(strip, (0.0, WIDTH), (0.0, HEIGHT));
        format!(
            "<svg class=\"strip\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">{body}</svg>"
        )
    }

    /// The numbers of the axis, for the head of the column.
    pub(crate) fn head(&self) -> String {
        let body = self.numbers((0.0, WIDTH), 14.0);
        format!(
            "<svg class=\"strip\" viewBox=\"0 0 {WIDTH} {FOOT}\" aria-hidden=\"true\">{body}</svg>"
        )
    }

    /// All rows below one another as a picture of its own: names, strips, numbers.
    pub(crate) fn alone(
        &self,
        identifier: String,
        title: String,
        rows: &[(String, &Strip, String)],
    ) -> Drawing {
        let longest = |lengths: &mut dyn Iterator<Item = usize>| {
            LETTER * lengths.max().unwrap_or(0) as f64 + 14.0
        };
        let left = longest(&mut rows.iter().map(|row| row.0.chars().count()));
        let right = longest(&mut rows.iter().map(|row| row.2.chars().count()));
        let plane = (left, left + 1.25 * WIDTH);
        let bottom = 6.0 + HEIGHT * rows.len() as f64;
        let mut body = String::new();
        for (at, (name, strip, end)) in rows.iter().enumerate() {
            let top = 6.0 + HEIGHT * at as f64;
            let line = top + 0.5 * HEIGHT + 4.0;
            body += &self.body(strip, plane, (top, top + HEIGHT));
            body += &text(name, (left - 8.0, line), "end", 12);
            body += &text(end, (plane.1 + 8.0, line), "start", 12);
        }
        body += &self.numbers(plane, bottom + 14.0);
        let told = rows.iter().map(|(name, _, end)| format!("{name}: {end}"));
        Drawing {
            identifier,
            title,
            description: told.collect::<Vec<_>>().join("; "),
            body,
            size: (plane.1 + right, bottom + FOOT),
            axes: String::new(),
        }
    }

    fn across(&self, value: f64, (left, right): (f64, f64)) -> Option<f64> {
        let place = self.axis.place(value)?;
        Some(left + AIR + place * (right - left - 2.0 * AIR))
    }

    fn numbers(&self, plane: (f64, f64), y: f64) -> String {
        let number = |tick: f64| {
            let x = self.across(tick, plane)?;
            Some(text(&tick_label(tick), (x, y), "middle", 12))
        };
        self.axis.ticks(4).into_iter().filter_map(number).collect()
    }

    fn body(&self, strip: &Strip, plane: (f64, f64), (top, bottom): (f64, f64)) -> String {
        let y = 0.5 * (top + bottom);
        let upright = |value: f64, paint: Paint, dashed: bool| {
            self.across(value, plane)
                .map(|x| stroke(&[(x, top), (x, bottom)], paint, 1.0, dashed))
                .unwrap_or_default()
        };
        let own = strip.shapes.iter().filter_map(|shape| match shape {
            Shape::Threshold(at) => Some(*at),
            _ => None,
        });
        let mut svg: String = self
            .axis
            .ticks(4)
            .into_iter()
            .map(|tick| upright(tick, Paint::Grid, false))
            .collect();
        svg += &upright(self.none, Paint::Ink, false);
        for at in self.thresholds.iter().copied().chain(own) {
            svg += &upright(at, Paint::Row, true);
        }
        for shape in &strip.shapes {
            svg += &self.shape(shape, plane, y).unwrap_or_default();
        }
        svg
    }

    fn shape(&self, shape: &Shape, plane: (f64, f64), y: f64) -> Option<String> {
        let x = |value: f64| self.across(value, plane);
        let fill = Paint::Row.on("fill");
        let mean = Paint::Style(0).on("fill");
        Some(match shape {
            Shape::Bar { low, high } => {
                let (from, to) = (x(*low)?, x(*high)?);
                // Without an upper end it goes on.
                let tip = if high.is_finite() {
                    String::new()
                } else {
                    let corners = [(to, y - 6.0), (to + 7.0, y), (to, y + 6.0)];
                    format!("<polygon points=\"{}\" {mean}/>", points(&corners))
                };
                // Pale, so that what lies above it can be seen; its outline is as strong as a line.
                let (top, width) = (y - 4.0, (to - from).max(1.0));
                let outline = Paint::Style(0).on("stroke");
                let bar = |paint: &str| {
                    format!(
                        "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"8\" rx=\"2\" {paint}/>"
                    )
                };
                tip + &bar(&format!("{mean} opacity=\"0.28\""))
                    + &bar(&format!("{outline} fill=\"none\""))
            }
            Shape::Line { low, high } => {
                stroke(&[(x(*low)?, y), (x(*high)?, y)], Paint::Row, 2.0, false)
            }
            Shape::Estimate { at, bound } => {
                let x = x(*at)?;
                let triangle = |tip: f64| {
                    let corners = [(x - tip, y - 5.0), (x + tip, y), (x - tip, y + 5.0)];
                    format!("<polygon points=\"{}\" {fill}/>", points(&corners))
                };
                match bound {
                    Bound::Exact | Bound::Either => {
                        format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" {fill}/>")
                    }
                    Bound::AtLeast => triangle(5.0),
                    Bound::AtMost => triangle(-5.0),
                }
            }
            Shape::Specks(values) => {
                // One path of many ticks.
                let ticks = values.iter().filter_map(|value| x(*value));
                let ticks: String = ticks.map(|x| format!("M{x:.1} {:.1}v8", y - 4.0)).collect();
                let paint = Paint::Row.on("stroke");
                format!("<path d=\"{ticks}\" {paint} stroke-width=\"1\" opacity=\"0.7\"/>")
            }
            Shape::Diamond { low, middle, high } => {
                let (low, middle, high) = (x(*low)?, x(*middle)?, x(*high)?);
                // An interval that is nearly a point can still be seen.
                let (low, high) = (low.min(middle - 3.0), high.max(middle + 3.0));
                let corners = [(low, y), (middle, y - 7.0), (high, y), (middle, y + 7.0)];
                format!("<polygon points=\"{}\" {mean}/>", points(&corners))
            }
            Shape::Threshold(_) => return None,
        })
    }
}
