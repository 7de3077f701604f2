//! The results of experiments, and all that draws them. It runs nothing.
//!
//! [`results::Results`] is the border between running and reporting: plain records with a versioned layout, the content of
//! `results.json`. Whoever runs fills them; everything here reads nothing else. So a report can be drawn again from an old file,
//! and a front end of another kind needs this one type.
//!
//! There are three ways to read results:
//!
//! - [`terminal()`]: the primary answers, as wide as a [`Screen`]; [`terminal_details()`] adds tables and secondary answers.
//! - `report.html`: one file that needs nothing from a network, for the desk and the phone. A small script in it lets one read values
//!   off the pictures; without it everything is still there.
//! - `report.md`: the same content as Markdown, with its pictures beside it.
//!
//! [`advice_html()`] is the page about one table, from an [`AdvicePage`]: the same style, other content.
//!
//! The reports are written from one model of the content, so they cannot disagree. [`prepare`] is called before the work, so
//! that a folder that cannot be written to costs nothing; [`write()`] after it; [`redraw`] any time later.
//!
//! # Example
//!
//! ```
//! use smallbatch_report::{Screen, prepare, redraw, results::Results, terminal, write};
//!
//! # let scratch = tempfile::tempdir()?;
//! # let folder = scratch.path().join("out");
//! let results = Results::default(); // The laboratory fills it.
//! prepare(&folder)?;
//! let written = write(&results, &folder)?;
//! print!("{}", terminal(&results, &written.report, Screen::default()));
//!
//! // Later, from the file alone.
//! assert_eq!(redraw(&folder)?, written);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advice;
mod axis;
mod background;
mod batch_sizes;
mod claim;
mod content;
#[cfg(test)]
mod contrast;
mod curves;
mod document;
mod error;
mod escape;
mod files;
#[cfg(test)]
mod fixture;
mod foresight;
mod forest;
mod foretold;
mod html;
mod landscape;
mod markdown;
mod memory;
mod moderator;
mod picture;
mod play;
pub mod results;
mod screen;
mod strip;
mod terminal;
mod textbook;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

pub use advice::{AdviceCurve, AdviceLoss, AdvicePage, AdvicePredictions, AdviceWay, advice_html};
pub use error::Error;
pub use files::{replace_file, write_file};
pub use foresight::{Expectation, expectations, terminal_foresight};
pub use screen::Screen;
pub use terminal::{terminal, terminal_details};
pub use words::{number, round_number};

use results::Results;

/// The files of a results' folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `results.json`: the [`Results`].
    pub results: PathBuf,
    /// `report.html`: the report.
    pub report: PathBuf,
    /// `report.md`: the same as Markdown. Its pictures are SVG files in the folder `pictures` beside it.
    pub markdown: PathBuf,
    /// Where fuller results of the same design were there already: then they are kept, and nothing was written but their report.
    pub kept: Option<Kept>,
}

/// Results that were not replaced, since they say more. Displayed as a sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Complete repetitions of the results that are there.
    pub n_there: usize,
    /// Complete repetitions of the results that would have replaced them.
    pub n_new: usize,
}

impl fmt::Display for Kept {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { n_there, n_new } = self;
        write!(
            to,
            "kept the results that were there: they have {n_there} complete repetitions of the same design and seed, this run {n_new}"
        )
    }
}

/// Makes the folder if it is not there, and checks that files can be written to it.
///
/// # Errors
///
/// [`Error::Folder`] when it cannot be made, is a file, or refuses a file.
pub fn prepare(folder: &Path) -> Result<(), Error> {
    files::prepare(folder)
}

/// Writes `results.json`, `report.html` and `report.md` with its pictures into a folder, which is made if needed.
///
/// Each file appears whole or not at all. The numbers come first, so that they are safe if there is no room for the report.
///
/// Results of the same design and base seed with *more* complete repetitions are not replaced: an interrupted run never
/// destroys a fuller one. [`Written::kept`] says so, and the caller prints it.
///
/// # Errors
///
/// [`Error::Folder`] as [`prepare`]; [`Error::Write`] when a file cannot be written, for example on a full disk.
pub fn write(results: &Results, folder: &Path) -> Result<Written, Error> {
    prepare(folder)?;
    let mut written = Written::within(folder);
    if let Some(there) = fuller(results, &written.results) {
        written.kept = Some(Kept {
            n_there: there.design.n_complete,
            n_new: results.design.n_complete,
        });
        draw(&there, &written)?;
        return Ok(written);
    }
    let text = files::json(results, &written.results)?;
    write_file(&written.results, &text)?;
    // From the text: what is drawn now is what will be drawn again from the file.
    draw(&files::parse(&text, &written.results)?, &written)?;
    Ok(written)
}

/// Draws `report.html` and `report.md` again from the `results.json` of a folder, and runs nothing.
///
/// # Errors
///
/// As [`read`] and [`write()`].
pub fn redraw(folder: &Path) -> Result<Written, Error> {
    let written = Written::within(folder);
    let results = files::read(&written.results)?;
    prepare(folder)?;
    draw(&results, &written)?;
    Ok(written)
}

/// The results in a `results.json`, or in that of a folder.
///
/// # Errors
///
/// [`Error::Read`] when there is none or it is damaged, [`Error::FirstLaboratory`] and [`Error::Newer`] for other layouts.
pub fn read(path: &Path) -> Result<Results, Error> {
    if path.is_dir() {
        return files::read(&Written::within(path).results);
    }
    files::read(path)
}

/// The report as one HTML document.
pub fn html(results: &Results) -> String {
    html::html(&document::document(results))
}

/// The results that are there, where they are of the same design and seed and have more complete repetitions.
fn fuller(results: &Results, file: &Path) -> Option<Results> {
    let there = files::read(file).ok()?;
    let is_same = !results.design_hash.is_empty()
        && there.design_hash == results.design_hash
        && there.base_seed == results.base_seed;
    (is_same && there.design.n_complete > results.design.n_complete).then_some(there)
}

fn draw(results: &Results, written: &Written) -> Result<(), Error> {
    let document = document::document(results);
    write_file(&written.report, html::html(&document).as_bytes())?;
    let (text, pictures) = markdown::markdown(&document);
    let folder = written.markdown.with_file_name(markdown::PICTURES);
    prepare(&folder)?;
    for (name, picture) in pictures {
        // Hundreds of small files that can be drawn again: none is worth waiting for the disk.
        let file = folder.join(name);
        replace_file(&file, picture.as_bytes(), false).map_err(|error| Error::Write {
            file,
            reason: error.to_string(),
        })?;
    }
    write_file(&written.markdown, text.as_bytes())
}

impl Written {
    fn within(folder: &Path) -> Self {
        Self {
            results: folder.join("results.json"),
            report: folder.join("report.html"),
            markdown: folder.join("report.md"),
            kept: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_report_drawn_again_has_the_same_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let results = fixture::results();
        let written = write(&results, folder.path()).expect("written");
        assert_eq!(read(folder.path()).expect("read"), results);
        let contents = || {
            let mut files = vec![written.report.clone(), written.markdown.clone()];
            let pictures = fs::read_dir(folder.path().join("pictures")).expect("listed");
            files.extend(pictures.map(|entry| entry.expect("an entry").path()));
            files.sort();
            files
                .into_iter()
                .map(|file| fs::read(file).expect("read"))
                .collect::<Vec<_>>()
        };
        let before = contents();
        assert_eq!(redraw(folder.path()).expect("drawn"), written);
        assert!(contents() == before, "other bytes");
    }

    #[test]
    fn an_older_file_of_the_same_layout_is_drawn() {
        let folder = tempfile::tempdir().expect("a folder");
        write(&fixture::file(), folder.path()).expect("written");
    }

    /// Whole reports, as they were looked at. After a change that is meant, look again (see [`look`]) and take the new ones with the
    /// variable `KEEP_SNAPSHOTS` set.
    #[test]
    fn the_report_is_the_one_that_was_looked_at() {
        let results = fixture::results();
        let (markdown, _) = markdown::markdown(&document::document(&results));
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
        let report = Path::new("out/report.html");
        for (name, text) in [
            ("report.html", html(&results)),
            ("report.md", markdown),
            (
                "terminal.txt",
                terminal(&results, report, Screen::default()),
            ),
            (
                "terminal_details.txt",
                terminal_details(&results, Screen::default()),
            ),
        ] {
            let file = kept.join(name);
            if std::env::var_os("KEEP_SNAPSHOTS").is_some() {
                fs::create_dir_all(&kept).expect("a folder");
                fs::write(&file, &text).expect("written");
            }
            let before = fs::read_to_string(&file).expect("a snapshot");
            let at = before.lines().zip(text.lines()).position(|(a, b)| a != b);
            assert!(before == text, "{name} differs, first in line {at:?}");
        }
    }

    #[test]
    fn an_interrupted_run_does_not_replace_a_fuller_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let full = fixture::results();
        write(&full, folder.path()).expect("written");
        let mut partial = full.clone();
        partial.design.n_complete = 1;
        let written = write(&partial, folder.path()).expect("kept");
        let said = written.kept.expect("kept").to_string();
        assert!(
            said.contains("they have 4 complete repetitions") && said.ends_with("this run 1"),
            "{said}"
        );
        assert_eq!(read(folder.path()).expect("read"), full);

        // Of another seed or design it is another experiment.
        partial.base_seed += 1;
        assert_eq!(write(&partial, folder.path()).expect("written").kept, None);
        assert_eq!(read(folder.path()).expect("read"), partial);
        // And a fuller one replaces it.
        let fuller = Results {
            base_seed: partial.base_seed,
            ..full
        };
        assert_eq!(write(&fuller, folder.path()).expect("written").kept, None);
        assert_eq!(read(folder.path()).expect("read"), fuller);
    }

    /// Not a test: writes the report of the results in a folder, or else of the fixture, where one can look at it.
    #[test]
    #[ignore = "writes a report to look at, into the folder LOOK_AT"]
    fn look() {
        let folder = PathBuf::from(std::env::var_os("LOOK_AT").expect("the folder LOOK_AT"));
        let results = read(&folder).unwrap_or_else(|_| fixture::results());
        let written = write(&results, &folder).expect("written");
        println!(
            "{}\n{}",
            terminal(&results, &written.report, Screen::default()),
            terminal_details(&results, Screen::default())
        );
    }
}
