//! What a person reads: the files of a results' folder, and the table in the terminal.
//!
//! [`prepare`] is called before the work, so that a folder that cannot be written to costs nothing;
//! [`write()`] after it. The report is one HTML file without scripts, fonts or anything else from a
//! network, that a browser shows as well in ten years; the same is written as Markdown, with the pictures beside it.
//! Both are made from one model of the content, and that from [`Results`] alone, so [`redraw`] can make them again from
//! `results.json` years later.

mod axis;
mod batches;
mod claim;
mod content;
mod correction;
mod curves;
mod document;
mod files;
#[cfg(test)]
pub(crate) mod fixture;
mod forest;
mod html;
mod landscape;
mod literature;
mod markdown;
mod memory;
mod method;
mod picture;
mod section;
mod table;
mod tuning;
mod why;
mod words;

use std::path::{Path, PathBuf};

use crate::Error;
use crate::results::{Results, RunRecord};

pub use table::terminal_table;

pub(crate) use files::{replace as replace_file, write as write_file};
pub(crate) use words::{number, setting as round_number};

/// The files that [`write()`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `results.json`: the [`Results`].
    pub results: PathBuf,
    /// `runs.csv`: one row a run.
    pub runs: PathBuf,
    /// `report.html`: the report.
    pub report: PathBuf,
    /// `report.md`: the same as Markdown. Its pictures are SVG files in the folder `pictures` beside it.
    pub markdown: PathBuf,
}

/// Makes the folder if it is not there, and checks that files can be written to it.
///
/// # Errors
///
/// [`Error::Folder`] when it cannot be made, is a file, or refuses a file.
pub fn prepare(folder: &Path) -> Result<(), Error> {
    files::prepare(folder)
}

/// Writes `results.json`, `runs.csv`, `report.html` and `report.md` with its pictures into a folder, which is made if needed.
///
/// Each file appears whole or not at all: it is written beside its place and then moved there. The
/// numbers come first, so that they are safe if the report cannot be drawn.
///
/// # Errors
///
/// [`Error::Folder`] as [`prepare`]; [`Error::Write`] when a file cannot be written, for example on
/// a full disk; [`Error::Picture`] when the report cannot be drawn.
///
/// # Example
///
/// ```
/// use smallbatch_lab::{report, results::Results};
///
/// # let scratch = tempfile::tempdir()?;
/// # let folder = scratch.path().join("out");
/// report::prepare(&folder)?;
/// let written = report::write(&Results::default(), &[], &folder)?;
/// assert!(written.report.ends_with("report.html"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(results: &Results, runs: &[RunRecord], folder: &Path) -> Result<Written, Error> {
    prepare(folder)?;
    let written = Written::within(folder);
    // On a full disk there may be room for one of them.
    let numbers = files::json(results, &written.results)
        .and_then(|text| files::write(&written.results, &text));
    let rows = files::csv(runs, &written.runs).and_then(|text| files::write(&written.runs, &text));
    numbers.and(rows)?;
    draw(results, &written)?;
    Ok(written)
}

/// Draws `report.html` and `report.md` again from the `results.json` of a folder, and runs nothing.
///
/// # Errors
///
/// [`Error::Read`] when `results.json` is not there, or is none; otherwise as [`write()`].
///
/// # Example
///
/// ```
/// use smallbatch_lab::{report, results::Results};
///
/// # let scratch = tempfile::tempdir()?;
/// # let folder = scratch.path();
/// let written = report::write(&Results::default(), &[], folder)?;
/// std::fs::remove_file(&written.report)?;
/// report::redraw(folder)?;
/// assert!(written.report.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn redraw(folder: &Path) -> Result<Written, Error> {
    let written = Written::within(folder);
    let results = files::read(&written.results)?;
    prepare(folder)?;
    draw(&results, &written)?;
    Ok(written)
}

fn draw(results: &Results, written: &Written) -> Result<(), Error> {
    let document = document::document(results)?;
    files::write(&written.report, html::html(&document).as_bytes())?;
    let (text, pictures) = markdown::markdown(&document);
    let folder = written.markdown.with_file_name(markdown::PICTURES);
    prepare(&folder)?;
    for (name, picture) in pictures {
        files::write(&folder.join(name), picture.as_bytes())?;
    }
    files::write(&written.markdown, text.as_bytes())
}

/// The results in a file, and the runs in the table beside it.
pub(crate) fn read(file: &Path) -> Result<(Results, Vec<RunRecord>), Error> {
    let results = files::read(file)?;
    let runs = Written::within(file.parent().unwrap_or(Path::new(""))).runs;
    Ok((results, files::read_runs(&runs)?))
}

impl Written {
    fn within(folder: &Path) -> Self {
        Self {
            results: folder.join("results.json"),
            runs: folder.join("runs.csv"),
            report: folder.join("report.html"),
            markdown: folder.join("report.md"),
        }
    }
}

/// The report as one HTML document.
///
/// # Errors
///
/// [`Error::Picture`] when a picture cannot be drawn.
pub fn html(results: &Results) -> Result<String, Error> {
    Ok(html::html(&document::document(results)?))
}
