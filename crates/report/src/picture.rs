//! Pictures as SVG: axes with units, lines, bands and marks.
//!
//! Each shape has its colour twice: as an attribute, for viewers that know no style sheets, and as a class that the page's
//! style sheet colours, for light and dark. A picture says in words what it shows, for those who do not see it.

use crate::axis::{Axis, tick_label};
use crate::html::escape;
use crate::words::clip;

/// The size in pixels at which the text has the size of the page's small print.
const WIDTH: f64 = 372.0;
const HEIGHT: f64 = 264.0;
/// Room for labels around the plane of the lines.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 46.0;
/// The height of a row that has a name, the most letters of the name, and the width of a letter.
const ROW: f64 = 15.0;
const ROW_LETTERS: usize = 22;
const LETTER: f64 = 6.3;

/// The styles of series: colours chosen from Okabe and Ito's palette, which people with any of the usual kinds of colour
/// blindness can tell apart, and dashes. The style sheet has a lighter set of colours for dark.
const STYLES: [(&str, &str); 7] = [
    ("#0072B2", ""),
    ("#D55E00", "7 3"),
    ("#009E73", "12 3 2 3"),
    ("#B4568F", "2 2.5"),
    ("#B07C00", "16 4"),
    ("#3A9BDC", "6 2.5 2 2.5 2 2.5"),
    ("#666667", "3.5 3.5"),
];
/// How many series can be told apart.
pub(crate) const N_STYLES: usize = STYLES.len();

/// The style sheet of the colours, for the page and for a picture that stands alone.
pub(crate) const COLOUR_STYLE: &str = include_str!("colours.css");

/// What a picture shows.
#[derive(Default)]
pub(crate) struct Picture {
    /// The heading inside the text alternative.
    pub(crate) title: String,
    /// What one sees, for those who do not.
    pub(crate) description: String,
    /// The axes' names, with their units.
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    /// Values on the x axis that everything is held against, and whether their lines are dashed.
    pub(crate) uprights: Vec<(f64, bool)>,
    /// Names of rows with what stands at their end, in place of the y axis' numbers: the first is at y = 0, the next at -1.
    pub(crate) rows: Vec<(String, String)>,
}

/// A picture that was drawn.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// Unique in the report; also the name of its file.
    pub(crate) identifier: String,
    pub(crate) title: String,
    description: String,
    /// What is inside the SVG element.
    body: String,
    height: f64,
}

impl Drawing {
    /// The picture as a part of a page that has [`COLOUR_STYLE`].
    pub(crate) fn inline(&self) -> String {
        let Self {
            identifier,
            body,
            height,
            ..
        } = self;
        format!(
            "<svg class=\"picture\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{identifier}-t \
             {identifier}-d\"><title id=\"{identifier}-t\">{}</title><desc id=\"{identifier}-d\">{}</desc>{body}</svg>",
            escape(&self.title),
            escape(&self.description),
        )
    }

    /// The picture as a file of its own, with its colours, paper and legend.
    pub(crate) fn alone(&self, legend: &[(usize, String)], solid: bool) -> String {
        let mut below = String::new();
        let mut height = self.height;
        for (style, name) in legend {
            height += 17.0;
            below += &key(*style, solid, 16.0, 52.0, height - 8.0);
            below += &text(name, (60.0, height - 4.0), "start", 12);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
             font-family=\"sans-serif\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{COLOUR_STYLE}</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{}{below}</svg>\n",
            WIDTH * 1.5,
            height * 1.5,
            escape(&self.title),
            escape(&self.description),
            self.body,
        )
    }
}

/// One line with its band and marks.
#[derive(Default)]
pub(crate) struct Series {
    /// Which of the styles it is drawn in; the same as in the legend.
    pub(crate) style: usize,
    /// Whether the line is drawn without the dashes of its style.
    pub(crate) solid: bool,
    /// Whether the line is a fine one, for what is behind the others.
    pub(crate) fine: bool,
    /// The line; a gap where y is `None`.
    pub(crate) line: Vec<(f64, Option<f64>)>,
    /// The band: x, lower and upper edge. An open upper edge goes to the picture's top.
    pub(crate) band: Vec<(f64, Option<f64>, Option<f64>)>,
    /// Marks, with y `None` at the top edge.
    pub(crate) marks: Vec<(f64, Option<f64>, Mark)>,
}

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A small dot: a measured point.
    Dot,
    /// A speck: one of many samples.
    Speck,
    /// A ring around a dot: the chosen one.
    Ring,
    /// A cross: it diverged.
    Cross,
    /// A triangle to the right: it is at least this.
    AtLeast,
    /// A triangle to the left: it is at most this.
    AtMost,
}

/// Draws a picture. `identifier` must be unique on the page.
pub(crate) fn draw(picture: &Picture, identifier: impl Into<String>) -> Drawing {
    let frame = Frame::of(picture);
    let mut body = frame.axes(picture);
    // Marks lie above all lines, and lines above all bands.
    for layer in [Frame::bands, Frame::lines, Frame::marks] {
        body.extend(
            picture
                .series
                .iter()
                .map(|series| layer(frame, picture, series)),
        );
    }
    Drawing {
        identifier: identifier.into(),
        title: picture.title.clone(),
        description: picture.description.clone(),
        body,
        height: frame.height,
    }
}

/// A level line in a style, as a legend shows it.
pub(crate) fn key(style: usize, solid: bool, from: f64, to: f64, y: f64) -> String {
    stroke(&[(from, y), (to, y)], Paint::Style(style), 2.0, !solid)
}

type Point = (f64, f64);

/// Where the plane of the lines lies in the picture.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f64,
    right: f64,
    height: f64,
}

impl Frame {
    fn of(picture: &Picture) -> Self {
        let rows = &picture.rows;
        if rows.is_empty() {
            return Self {
                left: LEFT,
                right: WIDTH - RIGHT,
                height: HEIGHT,
            };
        }
        let longest = |of: fn(&(String, String)) -> &str| {
            rows.iter()
                .map(|row| of(row).chars().count())
                .max()
                .unwrap_or(0)
                .min(ROW_LETTERS)
        };
        Self {
            left: LEFT.max(LETTER * longest(|row| &row.0) as f64 + 12.0),
            right: WIDTH - RIGHT - LETTER * longest(|row| &row.1) as f64,
            height: TOP + BOTTOM + ROW * rows.len() as f64,
        }
    }

    /// From a place on the x axis, 0 to 1.
    fn across(self, place: f64) -> f64 {
        self.left + place * (self.right - self.left)
    }

    /// From a place on the y axis, 0 to 1, to a height, which counts downwards.
    fn down(self, place: f64) -> f64 {
        TOP + (1.0 - place) * (self.height - TOP - BOTTOM)
    }

    fn point(self, picture: &Picture, x: f64, y: f64) -> Option<Point> {
        Some((
            self.across(picture.x.place(x)?),
            self.down(picture.y.place(y)?),
        ))
    }

    /// Grid, ticks and labels.
    fn axes(self, picture: &Picture) -> String {
        let Self {
            left,
            right,
            height,
        } = self;
        let (bottom, top) = (self.down(0.0), self.down(1.0));
        let mut svg = String::new();
        let mut level = |value: f64, label: &str, size: u32, end: &str| {
            let Some(at) = picture.y.place(value).map(|place| self.down(place)) else {
                return;
            };
            svg += &stroke(&[(left, at), (right, at)], Paint::Grid, 1.0, false);
            svg += &text(label, (left - 6.0, at + 4.0), "end", size);
            svg += &text(end, (right + 6.0, at + 4.0), "start", size);
        };
        if picture.rows.is_empty() {
            for tick in picture.y.ticks(5) {
                level(tick, &tick_label(tick), 11, "");
            }
        }
        for (row, (name, end)) in picture.rows.iter().enumerate() {
            level(
                -(row as f64),
                &clip(name, ROW_LETTERS),
                11,
                &clip(end, ROW_LETTERS),
            );
        }
        for (value, dashed) in &picture.uprights {
            let Some(at) = picture.x.place(*value).map(|place| self.across(place)) else {
                continue;
            };
            // The dashes of the last style.
            let paint = if *dashed {
                Paint::Style(N_STYLES - 1)
            } else {
                Paint::Ink
            };
            svg += &stroke(&[(at, bottom), (at, top)], paint, 1.0, *dashed);
        }
        for tick in picture.x.ticks(if picture.rows.is_empty() { 5 } else { 4 }) {
            let Some(at) = picture.x.place(tick).map(|place| self.across(place)) else {
                continue;
            };
            svg += &stroke(&[(at, bottom), (at, bottom + 4.0)], Paint::Ink, 1.0, false);
            svg += &text(&tick_label(tick), (at, bottom + 16.0), "middle", 11);
        }
        svg += &stroke(&[(left, bottom), (right, bottom)], Paint::Ink, 1.0, false);
        // In the middle of the plane, where there is room for it; otherwise in the middle of the picture.
        let room = LETTER * 1.1 * picture.x_label.chars().count() as f64;
        let middle = if room < right - left {
            (left + right) / 2.0
        } else {
            WIDTH / 2.0
        };
        svg += &text(&picture.x_label, (middle, height - 8.0), "middle", 12);
        let y = (top + bottom) / 2.0;
        if !picture.y_label.is_empty() {
            svg += &format!("<g transform=\"rotate(-90 12 {y:.1})\">");
            svg += &text(&picture.y_label, (12.0, y), "middle", 12);
            svg += "</g>";
        }
        svg
    }

    fn bands(self, picture: &Picture, series: &Series) -> String {
        let mut svg = String::new();
        // Each unbroken stretch is one polygon: along the upper edge, and back along the lower.
        for stretch in series.band.chunk_by(|a, b| a.1.is_some() == b.1.is_some()) {
            let lower: Vec<_> = stretch
                .iter()
                .filter_map(|(x, low, _)| self.point(picture, *x, (*low)?))
                .collect();
            let upper = stretch
                .iter()
                .filter_map(|(x, _, high)| self.point(picture, *x, high.unwrap_or(f64::INFINITY)));
            if lower.len() > 1 {
                let outline: Vec<_> = upper.chain(lower.into_iter().rev()).collect();
                let paint = Paint::Style(series.style).on("fill");
                svg += &format!(
                    "<polygon points=\"{}\" {paint} opacity=\"0.13\"/>",
                    points(&outline)
                );
            }
        }
        svg
    }

    fn lines(self, picture: &Picture, series: &Series) -> String {
        let mut svg = String::new();
        for stretch in series.line.chunk_by(|a, b| a.1.is_some() == b.1.is_some()) {
            let points: Vec<_> = stretch
                .iter()
                .filter_map(|(x, y)| self.point(picture, *x, (*y)?))
                .collect();
            if points.len() > 1 {
                let width = if series.fine { 1.0 } else { 2.0 };
                svg += &stroke(&points, Paint::Style(series.style), width, !series.solid);
            }
        }
        svg
    }

    fn marks(self, picture: &Picture, series: &Series) -> String {
        let paint = Paint::Style(series.style);
        let fill = paint.on("fill");
        let mut svg = String::new();
        for (x, y, mark) in &series.marks {
            let y = y
                .filter(|y| !picture.y.is_above(*y))
                .unwrap_or(f64::INFINITY);
            let Some((x, y)) = self.point(picture, *x, y) else {
                continue;
            };
            let circle = |r: f64, rest: &str| {
                format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" {rest}/>")
            };
            let triangle = |tip: f64| {
                let corners = [(x - tip, y - 4.0), (x + tip, y), (x - tip, y + 4.0)];
                format!("<polygon points=\"{}\" {fill}/>", points(&corners))
            };
            svg += &match mark {
                Mark::Dot => circle(2.5, &fill),
                Mark::Speck => circle(1.5, &format!("{fill} opacity=\"0.6\"")),
                Mark::Ring => {
                    let ring = format!("{} stroke-width=\"2\" fill=\"none\"", paint.on("stroke"));
                    circle(2.5, &fill) + &circle(6.0, &ring)
                }
                Mark::Cross => {
                    let arm = |up: f64| {
                        stroke(&[(x - 4.0, y - up), (x + 4.0, y + up)], paint, 2.0, false)
                    };
                    arm(4.0) + &arm(-4.0)
                }
                Mark::AtLeast => triangle(4.0),
                Mark::AtMost => triangle(-4.0),
            };
        }
        svg
    }
}

/// What a shape is coloured as.
#[derive(Clone, Copy)]
enum Paint {
    Style(usize),
    Grid,
    Ink,
}

impl Paint {
    /// The class and the attribute, for `stroke` or `fill`.
    fn on(self, part: &str) -> String {
        let (name, colour) = match self {
            Self::Style(style) => {
                let style = style % N_STYLES;
                (format!("c{style}"), STYLES[style].0)
            }
            Self::Grid => ("grid".into(), "#DDDDDE"),
            Self::Ink => ("ink".into(), "#444445"),
        };
        format!("class=\"{part}-{name}\" {part}=\"{colour}\"")
    }
}

fn stroke(through: &[Point], paint: Paint, width: f64, dashed: bool) -> String {
    let dashes = match paint {
        Paint::Style(style) if dashed => STYLES[style % N_STYLES].1,
        Paint::Style(_) | Paint::Grid | Paint::Ink => "",
    };
    let dashes = if dashes.is_empty() {
        String::new()
    } else {
        format!(" stroke-dasharray=\"{dashes}\"")
    };
    format!(
        "<polyline points=\"{}\" {} stroke-width=\"{width}\" fill=\"none\"{dashes}/>",
        points(through),
        paint.on("stroke")
    )
}

fn points(through: &[Point]) -> String {
    through
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn text(words: &str, (x, y): Point, anchor: &str, size: u32) -> String {
    if words.is_empty() {
        return String::new();
    }
    let paint = Paint::Ink.on("fill");
    let words = escape(words);
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" {paint}>{words}</text>"
    )
}

/// Two axes with one scale, in the shape of a picture's plane, that hold some points.
pub(crate) fn plane(points: impl Iterator<Item = [f64; 2]>) -> (Axis, Axis) {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for point in points.filter(|point| point.iter().all(|value| value.is_finite())) {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    if low[0] > high[0] {
        return (Axis::default(), Axis::default());
    }
    let shape = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
    let unit = (0..2)
        .map(|axis| (high[axis] - low[axis]) / shape[axis])
        .fold(0.0, f64::max)
        * 1.06;
    let unit = if unit > 0.0 { unit } else { 1.0 };
    let axis = |axis: usize| {
        let (middle, half) = (0.5 * (low[axis] + high[axis]), 0.5 * unit * shape[axis]);
        Axis::spanning(middle - half, middle + half)
    };
    (axis(0), axis(1))
}
