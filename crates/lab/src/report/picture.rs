//! Line pictures as SVG: axes with units, lines, bands and marks.
//!
//! plotters draws in whole numbers, so a picture is drawn [`FINE`] times larger than it is shown.
//! Its colours are fixed values; [`dress`] adds to each a class that the page's style sheet colours, for
//! light and dark, and the text that a screen reader says.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::axis::{Axis, tick_label};
use super::html::escape;
use crate::Error;

/// Units of the drawing in one pixel of the page.
const FINE: i32 = 5;
/// The size on the page at which the text has the size of the page's small print.
const WIDTH: i32 = 372;
const HEIGHT: i32 = 264;
/// Room for labels around the plane of the lines, in pixels of the page.
const LEFT: i32 = 56;
const RIGHT: i32 = 12;
const TOP: i32 = 14;
const BOTTOM: i32 = 46;
/// The height of a row that has a name, in pixels of the page, and the most letters of the name.
const ROW: i32 = 15;
const ROW_LETTERS: usize = 36;

/// The colours of series, chosen from Okabe and Ito's palette, which people with any of the usual
/// kinds of colour blindness can tell apart. The page's style sheet has a lighter set for dark.
pub(super) const COLOURS: [(u8, u8, u8); 7] = [
    (0x00, 0x72, 0xB2),
    (0xD5, 0x5E, 0x00),
    (0x00, 0x9E, 0x73),
    (0xB4, 0x56, 0x8F),
    (0xB0, 0x7C, 0x00),
    (0x3A, 0x9B, 0xDC),
    (0x66, 0x66, 0x67),
];
const GRID: (u8, u8, u8) = (0xDD, 0xDD, 0xDE);
const INK: (u8, u8, u8) = (0x44, 0x44, 0x45);

/// The style sheet of the colours, for the page and for a picture that stands alone.
pub(super) const COLOUR_STYLE: &str = include_str!("colours.css");

/// What a picture shows.
#[derive(Default)]
pub(super) struct Picture<'a> {
    /// The heading inside the text alternative.
    pub(super) title: String,
    /// What one sees, for those who do not.
    pub(super) description: String,
    /// The x axis, with its unit.
    pub(super) x_label: &'a str,
    /// The y axis, with its unit.
    pub(super) y_label: &'a str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// A level to reach, with its name.
    pub(super) level: Option<(f64, &'a str)>,
    /// A value on the x axis that everything is held against.
    pub(super) upright: Option<f64>,
    /// Names of rows, in place of the y axis' numbers: the first is at y = 0, the next at -1.
    pub(super) rows: Vec<String>,
}

/// A picture that was drawn.
#[derive(Debug)]
pub(super) struct Drawing {
    /// Unique in the report; also the name of its file.
    pub(super) identifier: String,
    pub(super) title: String,
    description: String,
    /// What is inside the SVG element.
    body: String,
    height: i32,
}

impl Drawing {
    /// The picture as a part of a page that has [`COLOUR_STYLE`].
    pub(super) fn inline(&self) -> String {
        let Self {
            identifier,
            body,
            height,
            ..
        } = self;
        format!(
            "<svg class=\"picture\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{identifier}-t \
             {identifier}-d\" xmlns=\"http://www.w3.org/2000/svg\"><title id=\"{identifier}-t\">{}</title>\
             <desc id=\"{identifier}-d\">{}</desc>{body}",
            WIDTH * FINE,
            height * FINE,
            escape(&self.title),
            escape(&self.description),
        )
    }

    /// The picture as a file of its own, with its colours, paper and legend.
    pub(super) fn alone(&self, legend: &[(usize, String)], solid: bool) -> String {
        let Self { body, height, .. } = self;
        let mut below = String::new();
        for (row, (style, name)) in legend.iter().enumerate() {
            let y = (height + 8 + 17 * row as i32) * FINE;
            below += &format!(
                "{}<text class=\"fill-ink\" x=\"{}\" y=\"{}\" font-size=\"{}\">{}</text>\n",
                key(*style, solid, 16 * FINE, 52 * FINE, y),
                60 * FINE,
                y + 4 * FINE,
                12 * FINE,
                escape(name),
            );
        }
        let (width, height) = (
            WIDTH,
            height
                + if legend.is_empty() {
                    0
                } else {
                    17 * legend.len() as i32 + 8
                },
        );
        let body = body.trim_end().trim_end_matches("</svg>");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
             font-family=\"sans-serif\">\n<title>{}</title>\n<desc>{}</desc>\n<style>{COLOUR_STYLE}</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{body}{below}</svg>\n",
            width * 3 / 2,
            height * 3 / 2,
            width * FINE,
            height * FINE,
            escape(&self.title),
            escape(&self.description),
        )
    }
}

/// A level line in a style, as a legend shows it. The style sheet lays dashes on polylines alone.
pub(super) fn key(style: usize, solid: bool, from: i32, to: i32, y: i32) -> String {
    let index = style % COLOURS.len();
    let (red, green, blue) = COLOURS[index];
    let ends = if solid {
        format!("line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"")
    } else {
        format!("polyline points=\"{from},{y} {to},{y}\"")
    };
    format!(
        "<{ends} class=\"stroke-c{index}\" fill=\"none\" stroke=\"#{red:02X}{green:02X}{blue:02X}\" stroke-width=\"{}\"/>",
        2 * FINE
    )
}

/// One line with its band and marks.
#[derive(Default)]
pub(super) struct Series {
    /// Which of the styles it is drawn in; the same as in the legend.
    pub(super) style: usize,
    /// Whether the line is drawn without the dashes of its style.
    pub(super) solid: bool,
    /// Whether the line is a fine one, for what is behind the others.
    pub(super) fine: bool,
    /// The line; a gap where y is `None`.
    pub(super) line: Vec<(f64, Option<f64>)>,
    /// The band: x, lower and upper edge. An open upper edge goes to the picture's top.
    pub(super) band: Vec<(f64, Option<f64>, Option<f64>)>,
    /// Marks, with y `None` at the top edge.
    pub(super) marks: Vec<(f64, Option<f64>, Mark)>,
}

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A small dot: a measured point.
    Dot,
    /// A speck: one of many samples.
    Speck,
    /// A ring around a dot: the chosen one.
    Ring,
    /// A cross: it diverged.
    Cross,
}

/// Draws a picture. `identifier` must be unique on the page.
pub(super) fn draw(picture: &Picture<'_>, identifier: &str) -> Result<Drawing, Error> {
    let mut svg = String::new();
    let frame = Frame::of(picture);
    let size = ((WIDTH * FINE) as u32, (frame.height * FINE) as u32);
    let mut canvas = Canvas {
        frame,
        backend: SVGBackend::with_string(&mut svg, size),
        picture,
    };
    canvas.draw().map_err(|reason| Error::Picture {
        picture: picture.title.clone(),
        reason,
    })?;
    drop(canvas);
    Ok(Drawing {
        identifier: identifier.to_owned(),
        title: picture.title.clone(),
        description: picture.description.clone(),
        body: dress(&svg),
        height: frame.height,
    })
}

/// A picture on its way to the drawing.
struct Canvas<'a> {
    frame: Frame,
    backend: SVGBackend<'a>,
    picture: &'a Picture<'a>,
}

impl Canvas<'_> {
    fn draw(&mut self) -> Result<(), String> {
        self.axes()?;
        for series in &self.picture.series {
            self.band(series)?;
        }
        if let Some((level, name)) = self.picture.level {
            self.level(level, name)?;
        }
        for series in &self.picture.series {
            self.line(series)?;
        }
        for series in &self.picture.series {
            for (x, y, mark) in &series.marks {
                self.mark(*x, *y, *mark, series.style)?;
            }
        }
        self.backend.present().map_err(|error| error.to_string())
    }

    /// Grid, ticks and labels.
    fn axes(&mut self) -> Result<(), String> {
        let frame = self.frame;
        let Picture {
            x,
            y,
            x_label,
            y_label,
            ..
        } = self.picture;
        let (left, right) = (frame.horizontal(0.0), frame.horizontal(1.0));
        let (bottom, top) = (frame.vertical(0.0), frame.vertical(1.0));
        for (row, name) in self.picture.rows.iter().enumerate() {
            let Some(at) = y.place(-(row as f64)).map(|place| frame.vertical(place)) else {
                continue;
            };
            self.path(vec![(left, at), (right, at)], GRID, 1)?;
            self.text(
                &clipped(name),
                (left - 6 * FINE, at),
                (HPos::Right, VPos::Center),
                10,
                INK,
            )?;
        }
        if let Some(at) = self.picture.upright.and_then(|value| x.place(value)) {
            let at = frame.horizontal(at);
            self.path(vec![(at, bottom), (at, top)], INK, 1)?;
        }
        let ticks = if self.picture.rows.is_empty() {
            y.ticks(5)
        } else {
            Vec::new()
        };
        for tick in ticks {
            let Some(at) = y.place(tick).map(|place| frame.vertical(place)) else {
                continue;
            };
            self.path(vec![(left, at), (right, at)], GRID, 1)?;
            let label = tick_label(tick);
            self.text(
                &label,
                (left - 6 * FINE, at),
                (HPos::Right, VPos::Center),
                11,
                INK,
            )?;
        }
        for tick in x.ticks(5) {
            let Some(at) = x.place(tick).map(|place| frame.horizontal(place)) else {
                continue;
            };
            self.path(vec![(at, bottom), (at, bottom + 4 * FINE)], INK, 1)?;
            let label = tick_label(tick);
            self.text(
                &label,
                (at, bottom + 7 * FINE),
                (HPos::Center, VPos::Top),
                11,
                INK,
            )?;
        }
        self.path(vec![(left, bottom), (right, bottom)], INK, 1)?;
        let middle = ((left + right) / 2, (frame.height - 5) * FINE);
        self.text(x_label, middle, (HPos::Center, VPos::Bottom), 12, INK)?;
        let style =
            text_style(12, INK, (HPos::Center, VPos::Top)).transform(FontTransform::Rotate270);
        let at = (2 * FINE, (top + bottom) / 2);
        self.backend
            .draw_text(y_label, &style, at)
            .map_err(|error| error.to_string())
    }

    fn level(&mut self, level: f64, name: &str) -> Result<(), String> {
        let frame = self.frame;
        let Some(at) = self
            .picture
            .y
            .place(level)
            .map(|place| frame.vertical(place))
        else {
            return Ok(());
        };
        // Short strokes by hand: a dash pattern of the page would also apply to the grid.
        let (mut from, right) = (frame.horizontal(0.0), frame.horizontal(1.0));
        while from < right {
            self.path(vec![(from, at), ((from + 5 * FINE).min(right), at)], INK, 1)?;
            from += 9 * FINE;
        }
        self.text(
            name,
            (right, at - 3 * FINE),
            (HPos::Right, VPos::Bottom),
            11,
            INK,
        )
    }

    fn band(&mut self, series: &Series) -> Result<(), String> {
        let frame = self.frame;
        let Picture { x, y, .. } = self.picture;
        // Each unbroken stretch is one polygon: along the upper edge, and back along the lower.
        for stretch in series.band.chunk_by(|a, b| a.1.is_some() == b.1.is_some()) {
            let edge = |upper: bool| {
                stretch.iter().filter_map(move |(at, low, high)| {
                    let value = if upper {
                        high.unwrap_or(f64::INFINITY)
                    } else {
                        (*low)?
                    };
                    Some((
                        frame.horizontal(x.place(*at)?),
                        frame.vertical(y.place(value)?),
                    ))
                })
            };
            let lower: Vec<_> = edge(false).collect();
            if lower.len() > 1 {
                let outline: Vec<_> = edge(true).chain(lower.into_iter().rev()).collect();
                let style = colour(series.style).mix(0.13).filled();
                self.backend
                    .fill_polygon(outline, &style)
                    .map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn line(&mut self, series: &Series) -> Result<(), String> {
        let frame = self.frame;
        let Picture { x, y, .. } = self.picture;
        let drawn = |(at, value): &(f64, Option<f64>)| {
            Some((
                frame.horizontal(x.place(*at)?),
                frame.vertical(y.place((*value)?)?),
            ))
        };
        for stretch in series.line.chunk_by(|a, b| a.1.is_some() == b.1.is_some()) {
            let points: Vec<_> = stretch.iter().filter_map(drawn).collect();
            if points.len() > 1 {
                let style = COLOURS[series.style % COLOURS.len()];
                let width = if series.fine { 1 } else { 2 };
                if series.solid {
                    // The style sheet lays dashes on paths of more than two points at once; a stroke from point to point is
                    // drawn as a line, which has none.
                    for piece in points.windows(2) {
                        let stroke = rgb_colour(style).stroke_width((width * FINE) as u32);
                        self.backend
                            .draw_line(piece[0], piece[1], &stroke)
                            .map_err(|error| error.to_string())?;
                    }
                } else {
                    self.path(points, style, width)?;
                }
            }
        }
        Ok(())
    }

    fn mark(&mut self, x: f64, y: Option<f64>, mark: Mark, style: usize) -> Result<(), String> {
        let frame = self.frame;
        let axis = &self.picture.y;
        let place = y
            .filter(|y| !axis.is_above(*y))
            .map_or(Some(1.0), |y| axis.place(y));
        let (Some(x), Some(y)) = (self.picture.x.place(x), place) else {
            return Ok(());
        };
        let (x, y) = (frame.horizontal(x), frame.vertical(y));
        match mark {
            Mark::Dot => self.circle((x, y), 5 * FINE / 2, colour(style).filled()),
            Mark::Speck => self.circle((x, y), 3 * FINE / 2, colour(style).mix(0.6).filled()),
            Mark::Ring => {
                self.circle((x, y), 5 * FINE / 2, colour(style).filled())?;
                self.circle(
                    (x, y),
                    6 * FINE,
                    colour(style).stroke_width(2 * FINE as u32),
                )
            }
            Mark::Cross => {
                let arm = 4 * FINE;
                let rgb = COLOURS[style % COLOURS.len()];
                self.path(vec![(x - arm, y - arm), (x + arm, y + arm)], rgb, 2)?;
                self.path(vec![(x - arm, y + arm), (x + arm, y - arm)], rgb, 2)
            }
        }
    }

    fn circle(&mut self, at: (i32, i32), radius: i32, style: ShapeStyle) -> Result<(), String> {
        self.backend
            .draw_circle(at, radius as u32, &style, style.filled)
            .map_err(|error| error.to_string())
    }

    fn path(
        &mut self,
        points: Vec<(i32, i32)>,
        rgb: (u8, u8, u8),
        width: i32,
    ) -> Result<(), String> {
        let style = rgb_colour(rgb).stroke_width((width * FINE) as u32);
        self.backend
            .draw_path(points, &style)
            .map_err(|error| error.to_string())
    }

    fn text(
        &mut self,
        text: &str,
        at: (i32, i32),
        anchor: (HPos, VPos),
        size: i32,
        rgb: (u8, u8, u8),
    ) -> Result<(), String> {
        self.backend
            .draw_text(text, &text_style(size, rgb, anchor), at)
            .map_err(|error| error.to_string())
    }
}

fn text_style(size: i32, rgb: (u8, u8, u8), (h, v): (HPos, VPos)) -> TextStyle<'static> {
    // plotters writes sizes divided by 1.24.
    let size = f64::from(size * FINE) * 1.24;
    ("sans-serif", size)
        .into_font()
        .color(&rgb_colour(rgb))
        .pos(Pos::new(h, v))
}

fn rgb_colour((red, green, blue): (u8, u8, u8)) -> RGBColor {
    RGBColor(red, green, blue)
}

fn colour(style: usize) -> RGBColor {
    rgb_colour(COLOURS[style % COLOURS.len()])
}

/// Where the plane of the lines lies in the picture, in pixels of the page.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: i32,
    height: i32,
}

impl Frame {
    fn of(picture: &Picture<'_>) -> Self {
        let longest = picture.rows.iter().map(|name| name.chars().count()).max();
        match longest {
            None => Self {
                left: LEFT,
                height: HEIGHT,
            },
            // About 5.4 pixels a letter of size 10, and what does not fit is cut off.
            Some(letters) => Self {
                left: (letters.min(ROW_LETTERS) as i32 * 27 / 5 + 12).max(LEFT),
                height: TOP + BOTTOM + ROW * picture.rows.len() as i32,
            },
        }
    }

    /// From a place on the x axis, 0 to 1, to units of the drawing.
    fn horizontal(self, place: f64) -> i32 {
        (f64::from(self.left) + place * f64::from(WIDTH - self.left - RIGHT))
            .mul_add(f64::from(FINE), 0.5) as i32
    }

    /// From a place on the y axis, 0 to 1, to units of the drawing, which count downwards.
    fn vertical(self, place: f64) -> i32 {
        let height = f64::from(self.height - TOP - BOTTOM);
        (f64::from(TOP) + (1.0 - place) * height).mul_add(f64::from(FINE), 0.5) as i32
    }
}

/// A row's name, or its beginning.
fn clipped(name: &str) -> String {
    if name.chars().count() <= ROW_LETTERS {
        return name.to_owned();
    }
    name.chars().take(ROW_LETTERS - 1).chain(['…']).collect()
}

/// Makes plotters' document a part of a page: classes beside colours, and no element around it.
fn dress(svg: &str) -> String {
    let mut text = svg.split_once('>').map_or(svg, |(_, rest)| rest).to_owned();
    let named = COLOURS
        .iter()
        .enumerate()
        .map(|(index, rgb)| (format!("c{index}"), *rgb));
    let named = named.chain([("grid".to_owned(), GRID), ("ink".to_owned(), INK)]);
    for (name, (red, green, blue)) in named {
        let hex = format!("\"#{red:02X}{green:02X}{blue:02X}\"");
        for attribute in ["stroke", "fill"] {
            let plain = format!("{attribute}={hex}");
            text = text.replace(&plain, &format!("class=\"{attribute}-{name}\" {plain}"));
        }
    }
    text.replace(" font-family=\"sans-serif\"", "")
        .replace(" opacity=\"1\"", "")
}

/// Two axes with one scale, in the shape of a picture's plane, that hold some points.
pub(super) fn plane(points: impl Iterator<Item = [f64; 2]>) -> (Axis, Axis) {
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
    let shape = [
        f64::from(WIDTH - LEFT - RIGHT),
        f64::from(HEIGHT - TOP - BOTTOM),
    ];
    let unit = (0..2)
        .map(|axis| (high[axis] - low[axis]) / shape[axis])
        .fold(0.0, f64::max);
    let unit = if unit > 0.0 { unit * 1.06 } else { 1.0 };
    let axis = |axis: usize| {
        let (middle, half) = (0.5 * (low[axis] + high[axis]), 0.5 * unit * shape[axis]);
        Axis::spanning(middle - half, middle + half)
    };
    (axis(0), axis(1))
}
