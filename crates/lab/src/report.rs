//! What a person reads: the files of a results' folder, and the table in the terminal.
//!
//! [`prepare`] is called before the work, so that a folder that cannot be written to costs nothing;
//! [`write()`] after it. The report is one HTML file without scripts, fonts or anything else from a
//! network, that a browser shows as well in ten years. It is made from [`Results`] alone.

mod axis;
mod curves;
mod files;
#[cfg(test)]
pub(crate) mod fixture;
mod html;
mod method;
mod page;
mod picture;
mod section;
mod table;
mod tuning;
mod words;

use std::path::{Path, PathBuf};

use crate::Error;
use crate::results::{Results, RunRecord};

pub use table::terminal_table;

pub(crate) use files::write as write_file;
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
}

/// Makes the folder if it is not there, and checks that files can be written to it.
///
/// # Errors
///
/// [`Error::Folder`] when it cannot be made, is a file, or refuses a file.
pub fn prepare(folder: &Path) -> Result<(), Error> {
    files::prepare(folder)
}

/// Writes `results.json`, `runs.csv` and `report.html` into a folder, which is made if needed.
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
    let written = Written {
        results: folder.join("results.json"),
        runs: folder.join("runs.csv"),
        report: folder.join("report.html"),
    };
    files::write(&written.results, &files::json(results, &written.results)?)?;
    files::write(&written.runs, &files::csv(runs, &written.runs)?)?;
    files::write(&written.report, html(results)?.as_bytes())?;
    Ok(written)
}

/// The report as one HTML document.
///
/// # Errors
///
/// [`Error::Picture`] when a picture cannot be drawn.
pub fn html(results: &Results) -> Result<String, Error> {
    page::page(results)
}
