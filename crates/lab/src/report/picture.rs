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

/// What a picture shows.
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
}

/// One line with its band and marks.
#[derive(Default)]
pub(super) struct Series {
    /// Which of the styles it is drawn in; the same as in the legend.
    pub(super) style: usize,
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
    /// A ring around a dot: the chosen one.
    Ring,
    /// A cross: it diverged.
    Cross,
}

/// Draws a picture. `identifier` must be unique on the page.
pub(super) fn draw(picture: &Picture<'_>, identifier: &str) -> Result<String, Error> {
    let mut svg = String::new();
    let size = ((WIDTH * FINE) as u32, (HEIGHT * FINE) as u32);
    let mut canvas = Canvas {
        backend: SVGBackend::with_string(&mut svg, size),
        picture,
    };
    canvas.draw().map_err(|reason| Error::Picture {
        picture: picture.title.clone(),
        reason,
    })?;
    drop(canvas);
    Ok(dress(&svg, picture, identifier))
}

/// A picture on its way to the drawing.
struct Canvas<'a> {
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
        let Picture {
            x,
            y,
            x_label,
            y_label,
            ..
        } = self.picture;
        let (left, right) = (horizontal(0.0), horizontal(1.0));
        let (bottom, top) = (vertical(0.0), vertical(1.0));
        for tick in y.ticks(5) {
            let Some(at) = y.place(tick).map(vertical) else {
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
            let Some(at) = x.place(tick).map(horizontal) else {
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
        let middle = ((left + right) / 2, (HEIGHT - 5) * FINE);
        self.text(x_label, middle, (HPos::Center, VPos::Bottom), 12, INK)?;
        let style =
            text_style(12, INK, (HPos::Center, VPos::Top)).transform(FontTransform::Rotate270);
        let at = (2 * FINE, (top + bottom) / 2);
        self.backend
            .draw_text(y_label, &style, at)
            .map_err(|error| error.to_string())
    }

    fn level(&mut self, level: f64, name: &str) -> Result<(), String> {
        let Some(at) = self.picture.y.place(level).map(vertical) else {
            return Ok(());
        };
        // Short strokes by hand: a dash pattern of the page would also apply to the grid.
        let (mut from, right) = (horizontal(0.0), horizontal(1.0));
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
                    Some((horizontal(x.place(*at)?), vertical(y.place(value)?)))
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
        let Picture { x, y, .. } = self.picture;
        let drawn = |(at, value): &(f64, Option<f64>)| {
            Some((horizontal(x.place(*at)?), vertical(y.place((*value)?)?)))
        };
        for stretch in series.line.chunk_by(|a, b| a.1.is_some() == b.1.is_some()) {
            let points: Vec<_> = stretch.iter().filter_map(drawn).collect();
            if points.len() > 1 {
                let style = COLOURS[series.style % COLOURS.len()];
                self.path(points, style, 2)?;
            }
        }
        Ok(())
    }

    fn mark(&mut self, x: f64, y: Option<f64>, mark: Mark, style: usize) -> Result<(), String> {
        let axis = &self.picture.y;
        let place = y
            .filter(|y| !axis.is_above(*y))
            .map_or(Some(1.0), |y| axis.place(y));
        let (Some(x), Some(y)) = (self.picture.x.place(x), place) else {
            return Ok(());
        };
        let (x, y) = (horizontal(x), vertical(y));
        match mark {
            Mark::Dot => self.circle((x, y), 5 * FINE / 2, colour(style).filled()),
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

/// From a place on the x axis, 0 to 1, to units of the drawing.
fn horizontal(place: f64) -> i32 {
    (f64::from(LEFT) + place * f64::from(WIDTH - LEFT - RIGHT)).mul_add(f64::from(FINE), 0.5) as i32
}

/// From a place on the y axis, 0 to 1, to units of the drawing, which count downwards.
fn vertical(place: f64) -> i32 {
    let height = f64::from(HEIGHT - TOP - BOTTOM);
    (f64::from(TOP) + (1.0 - place) * height).mul_add(f64::from(FINE), 0.5) as i32
}

/// Makes plotters' document a part of the page: classes beside colours, a text alternative, and no size
/// of its own.
fn dress(svg: &str, picture: &Picture<'_>, identifier: &str) -> String {
    let inside = svg.split_once('>').map_or(svg, |(_, rest)| rest);
    let mut text = format!(
        "<svg class=\"picture\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{identifier}-t \
         {identifier}-d\" xmlns=\"http://www.w3.org/2000/svg\"><title id=\"{identifier}-t\">{}</title>\
         <desc id=\"{identifier}-d\">{}</desc>{inside}",
        WIDTH * FINE,
        HEIGHT * FINE,
        escape(&picture.title),
        escape(&picture.description),
    );
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
