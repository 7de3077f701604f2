//! Pictures as SVG: axes with units, lines, bands and marks.
//!
//! They are written by hand, because a page's style sheet must be able to colour each shape for light, dark and print, and its script
//! must find each line by its name: plotting crates write fixed colours, and no classes or names. Their axes and series would also have
//! to be kept beside the strips of `strip`, which stand in the cells of tables and are no charts.
//!
//! Each shape has its colour twice: as an attribute, for viewers that know no style sheets, and as a class that the page's
//! style sheet colours, for light and dark. A picture says in words what it shows, for those who do not see it.

use crate::axis::{Axis, tick_label};
use crate::escape::escape;

/// The size in pixels. No page shows it smaller, and its text has 12 pixels at this size.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 264.0;
/// Room for labels around the plane of the lines.
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 46.0;
/// The width of a letter.
pub(crate) const LETTER: f64 = 6.6;

/// The styles of series: colours chosen from Okabe and Ito's palette, which people with any of the usual kinds of colour
/// blindness can tell apart, and dashes. The style sheet has a lighter set of colours for dark.
const STYLES: [(&str, &str); 7] = [
    ("#0072B2", ""),
    ("#D55E00", "7 3"),
    ("#009E73", "12 3 2 3"),
    ("#B4568F", "2 2.5"),
    ("#B07C00", "16 4"),
    ("#2B87C8", "6 2.5 2 2.5 2 2.5"),
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
    /// Values on the x axis that everything is held against.
    pub(crate) uprights: Vec<f64>,
    /// Values on the y axis that everything is held against, with their names, which stand beside the plane.
    pub(crate) levels: Vec<(f64, String)>,
}

/// A picture that was drawn.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// Unique in the report; also the name of its file.
    pub(crate) identifier: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// What is inside the SVG element.
    pub(crate) body: String,
    /// Width and height.
    pub(crate) size: (f64, f64),
    /// Attributes that say where the axes lie: by them a script reads values off the lines.
    pub(crate) axes: String,
}

impl Drawing {
    /// The picture as a part of a page that has [`COLOUR_STYLE`].
    pub(crate) fn inline(&self) -> String {
        let Self {
            identifier,
            body,
            axes,
            size: (width, height),
            ..
        } = self;
        format!(
            "<svg class=\"picture\" viewBox=\"0 0 {width} {height}\" role=\"img\"{axes} aria-labelledby=\"{identifier}-t \
             {identifier}-d\"><title id=\"{identifier}-t\">{}</title><desc id=\"{identifier}-d\">{}</desc>{body}</svg>",
            escape(&self.title),
            escape(&self.description),
        )
    }

    /// The picture as a file of its own, with its colours, paper and legend.
    pub(crate) fn alone(&self, legend: &[(usize, String)], solid: bool) -> String {
        let mut below = String::new();
        let (width, mut height) = self.size;
        for (style, name) in legend {
            height += 17.0;
            below += &key(*style, solid, 16.0, 52.0, height - 8.0);
            below += &text(name, (60.0, height - 4.0), "start", 12);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             font-family=\"sans-serif\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{COLOUR_STYLE}</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{}{below}</svg>\n",
            width * 1.5,
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
    /// What it is, as in the legend.
    pub(crate) name: String,
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mark {
    /// A small dot: a measured point.
    Dot,
    /// A speck: one of many samples.
    Speck,
    /// A ring around a dot: the chosen one.
    Ring,
    /// A cross: it diverged.
    Cross,
    /// An arrow upwards: it goes on outside, or is at least this.
    Up,
    /// An arrow's head in this direction, in the axes' own units.
    Head(f64, f64),
    /// A star: the minimum.
    Star,
}

/// Draws a picture. `identifier` must be unique on the page.
pub(crate) fn draw(picture: &Picture, identifier: impl Into<String>) -> Drawing {
    let frame = Frame::of(picture);
    let mut body = frame.axes(picture);
    // Marks lie above all lines, and lines above all bands.
    for layer in [Frame::bands, Frame::lines, Frame::marks] {
        for series in &picture.series {
            let shapes = layer(frame, picture, series);
            if !shapes.is_empty() {
                let (style, name) = (series.style % N_STYLES, escape(&series.name));
                body += &format!("<g class=\"s{style}\" data-n=\"{name}\">{shapes}</g>");
            }
        }
    }
    let axes = format!(
        " data-x=\"{:.0} {:.0} {}\" data-y=\"{:.0} {:.0} {}\"",
        frame.left,
        frame.right,
        picture.x.ends(),
        frame.down(0.0),
        frame.down(1.0),
        picture.y.ends(),
    );
    Drawing {
        identifier: identifier.into(),
        title: picture.title.clone(),
        description: picture.description.clone(),
        body,
        size: (WIDTH, HEIGHT),
        axes,
    }
}

/// A level line in a style, as a legend shows it.
pub(crate) fn key(style: usize, solid: bool, from: f64, to: f64, y: f64) -> String {
    stroke(&[(from, y), (to, y)], Paint::Style(style), 2.0, !solid)
}

pub(crate) type Point = (f64, f64);

/// Where the plane of the lines lies in the picture.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f64,
    right: f64,
}

impl Frame {
    fn of(picture: &Picture) -> Self {
        let longest = picture.levels.iter().map(|level| level.1.chars().count());
        let right = RIGHT.max(LETTER * longest.max().unwrap_or(0) as f64 + 12.0);
        Self {
            left: LEFT,
            right: WIDTH - right,
        }
    }

    /// From a place on the x axis, 0 to 1.
    fn across(self, place: f64) -> f64 {
        self.left + place * (self.right - self.left)
    }

    /// From a place on the y axis, 0 to 1, to a height, which counts downwards.
    fn down(self, place: f64) -> f64 {
        TOP + (1.0 - place) * (HEIGHT - TOP - BOTTOM)
    }

    fn point(self, picture: &Picture, x: f64, y: f64) -> Option<Point> {
        Some((
            self.across(picture.x.place(x)?),
            self.down(picture.y.place(y)?),
        ))
    }

    /// Grid, ticks and labels.
    fn axes(self, picture: &Picture) -> String {
        let Self { left, right } = self;
        let (bottom, top) = (self.down(0.0), self.down(1.0));
        // A script may put another kind of axis in the place of these.
        let mut svg = String::from("<g class=\"ticks\">");
        for tick in picture.y.ticks(5) {
            if let Some(at) = picture.y.place(tick).map(|place| self.down(place)) {
                svg += &stroke(&[(left, at), (right, at)], Paint::Grid, 1.0, false);
                svg += &text(&tick_label(tick), (left - 6.0, at + 4.0), "end", 12);
            }
        }
        svg += "</g>";
        for (value, name) in &picture.levels {
            if let Some(at) = picture.y.place(*value).map(|place| self.down(place)) {
                let line = stroke(&[(left, at), (right, at)], Paint::Row, 1.5, true);
                let name = text(name, (right + 4.0, at + 4.0), "start", 12);
                svg += &format!("<g class=\"level\">{line}{name}</g>");
            }
        }
        for value in &picture.uprights {
            if let Some(at) = picture.x.place(*value).map(|place| self.across(place)) {
                svg += &stroke(&[(at, bottom), (at, top)], Paint::Ink, 1.0, false);
            }
        }
        for tick in picture.x.ticks(4) {
            if let Some(at) = picture.x.place(tick).map(|place| self.across(place)) {
                svg += &stroke(&[(at, bottom), (at, bottom + 4.0)], Paint::Ink, 1.0, false);
                svg += &text(&tick_label(tick), (at, bottom + 16.0), "middle", 12);
            }
        }
        svg += &stroke(&[(left, bottom), (right, bottom)], Paint::Ink, 1.0, false);
        // In the middle of the plane, where there is room for it; otherwise in the middle of the picture.
        let room = LETTER * picture.x_label.chars().count() as f64;
        let middle = if room < right - left {
            (left + right) / 2.0
        } else {
            WIDTH / 2.0
        };
        svg += &text(&picture.x_label, (middle, HEIGHT - 8.0), "middle", 12);
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

    /// Lines, as far as they lie in the plane. Where one leaves it at the top, an arrow says that it goes on.
    fn lines(self, picture: &Picture, series: &Series) -> String {
        let width = if series.fine { 1.0 } else { 2.0 };
        let paint = Paint::Style(series.style);
        let mut svg = String::new();
        let mut piece: Vec<Point> = Vec::new();
        let mut end = |piece: &mut Vec<Point>| {
            if piece.len() > 1 {
                svg += &stroke(piece, paint, width, !series.solid);
            }
            piece.clear();
        };
        let mut leaves = Vec::new();
        let mut was_inside = None;
        for (x, y) in &series.line {
            let Some((point, y)) = y.and_then(|y| Some((self.point(picture, *x, y)?, y))) else {
                end(&mut piece);
                was_inside = None;
                continue;
            };
            let is_inside = !picture.y.is_above(y);
            match (was_inside, is_inside) {
                (Some(true) | None, true) => piece.push(point),
                (Some(true), false) => {
                    piece.push(point);
                    leaves.push(point);
                    end(&mut piece);
                }
                (None, false) => leaves.push(point),
                (Some(false), true) => {
                    piece.push(point);
                }
                (Some(false), false) => {}
            }
            was_inside = Some(is_inside);
        }
        end(&mut piece);
        leaves
            .iter()
            .for_each(|(x, y)| svg += &arrow((*x, *y), (0.0, -8.0), paint));
        svg
    }

    fn marks(self, picture: &Picture, series: &Series) -> String {
        let paint = Paint::Style(series.style);
        let fill = paint.on("fill");
        let mut svg = String::new();
        // Hundreds of samples are one path: lines without length, with round ends.
        let mut specks = String::new();
        for (x, y, mark) in &series.marks {
            let inside = y.filter(|y| !picture.y.is_above(*y));
            let Some((left, top)) = self.point(picture, *x, inside.unwrap_or(f64::INFINITY)) else {
                continue;
            };
            let circle = |r: f64, rest: &str| {
                format!("<circle cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"{r}\" {rest}/>")
            };
            svg += &match mark {
                Mark::Speck => {
                    specks += &format!("M{left:.1} {top:.1}h0");
                    String::new()
                }
                Mark::Dot => circle(3.0, &fill),
                Mark::Ring => {
                    let ring = format!("{} stroke-width=\"2\" fill=\"none\"", paint.on("stroke"));
                    circle(2.5, &fill) + &circle(6.0, &ring)
                }
                Mark::Cross => {
                    let arm = |up: f64| {
                        let ends = [(left - 4.0, top - up), (left + 4.0, top + up)];
                        stroke(&ends, paint, 2.0, false)
                    };
                    arm(4.0) + &arm(-4.0)
                }
                Mark::Up => arrow((left, top), (0.0, -8.0), paint),
                Mark::Head(along, up) => {
                    let tail = self.point(picture, x - along, y.unwrap_or(0.0) - up);
                    tail.map_or_else(String::new, |tail| {
                        arrow((left, top), (left - tail.0, top - tail.1), paint)
                    })
                }
                Mark::Star => {
                    let corner = |at: u32| {
                        let radius = if at.is_multiple_of(2) { 8.0 } else { 3.2 };
                        let (across, down) = (std::f64::consts::PI * f64::from(at) / 5.0).sin_cos();
                        (left + radius * across, top - radius * down)
                    };
                    let corners: Vec<Point> = (0..10).map(corner).collect();
                    format!(
                        "<polygon points=\"{}\" {} stroke=\"#FFFFFF\" class=\"fill-ink halo\"/>",
                        points(&corners),
                        "fill=\"#444445\""
                    )
                }
            };
        }
        if !specks.is_empty() {
            svg += &format!(
                "<path d=\"{specks}\" {} stroke-width=\"3\" stroke-linecap=\"round\" opacity=\"0.6\"/>",
                paint.on("stroke")
            );
        }
        svg
    }
}

/// An arrow's head whose tip lies at a point.
fn arrow((x, y): Point, (along, down): Point, paint: Paint) -> String {
    let length = along.hypot(down);
    if length < 1e-9 {
        return String::new();
    }
    let (along, down) = (along / length, down / length);
    // No longer than the step itself, where that can be seen.
    let size = length.clamp(3.0, 8.0);
    let (back, side) = (size, 0.45 * size);
    let corners = [
        (x, y),
        (
            x - back * along - side * down,
            y - back * down + side * along,
        ),
        (
            x - back * along + side * down,
            y - back * down - side * along,
        ),
    ];
    format!(
        "<polygon points=\"{}\" {}/>",
        points(&corners),
        paint.on("fill")
    )
}

/// What a shape is coloured as.
#[derive(Clone, Copy)]
pub(crate) enum Paint {
    Style(usize),
    /// What a row of a forest plot is drawn in.
    Row,
    Grid,
    Ink,
}

impl Paint {
    /// The class and the attribute, for `stroke` or `fill`.
    pub(crate) fn on(self, part: &str) -> String {
        let (name, colour) = match self {
            Self::Row => return Self::Style(N_STYLES - 1).on(part),
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

pub(crate) fn stroke(through: &[Point], paint: Paint, width: f64, dashed: bool) -> String {
    let dashes = match paint {
        Paint::Style(style) if dashed => STYLES[style % N_STYLES].1,
        Paint::Row if dashed => STYLES[N_STYLES - 1].1,
        Paint::Style(_) | Paint::Row | Paint::Grid | Paint::Ink => "",
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

pub(crate) fn points(through: &[Point]) -> String {
    through
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn text(words: &str, (x, y): Point, anchor: &str, size: u32) -> String {
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
