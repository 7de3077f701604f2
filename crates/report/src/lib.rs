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
pub use files::{new_temporary_folder, read_settings, write_file, write_files};
pub use foresight::{Expectation, expectations, terminal_foresight};
pub use screen::Screen;
pub use terminal::{terminal, terminal_details};
pub use words::{number, round_number};

use results::Results;

/// The folder for what a run that was stopped found, where complete results of another are kept.
pub const STOPPED: &str = "stopped";

/// The files of a results' folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `results.json`: the [`Results`].
    pub results: PathBuf,
    /// `report.html`: the report.
    pub report: PathBuf,
    /// `report.md`: the same as Markdown. Its pictures are SVG files in the folder `pictures` beside it.
    pub markdown: PathBuf,
    /// Where fuller results were there already: then they are kept.
    pub kept: Option<Kept>,
}

/// Results that were not replaced, since they say more. Displayed as a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Complete repetitions of the results that are there.
    pub n_there: usize,
    /// Complete repetitions of the results that would have replaced them.
    pub n_new: usize,
    /// Where the new results are, if they are of another design or seed. Of the same they would say nothing more.
    pub instead: Option<PathBuf>,
}

impl fmt::Display for Kept {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            n_there,
            n_new,
            instead,
        } = self;
        match instead {
            Some(folder) => write!(
                to,
                "kept the results that were there: they are of a complete run of another design or seed; those of this run, which was \
                 stopped, are in {}",
                folder.display()
            ),
            None => write!(
                to,
                "kept the results that were there: they have {n_there} complete repetitions of the same design and seed, this run {n_new}{}",
                if n_there == n_new {
                    " with fewer effects"
                } else {
                    ""
                }
            ),
        }
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
/// An interrupted run never destroys a fuller one. Results of the same design and base seed with *more* complete repetitions or effects
/// are not replaced, and only their report is drawn again. Complete results of another design or seed are not replaced by those of a
/// run that was stopped, which go to the folder `stopped` in this one. [`Written::kept`] says so, and the caller prints it.
///
/// # Errors
///
/// [`Error::Folder`] as [`prepare`]; [`Error::Write`] when a file cannot be written, for example on a full disk. Then no old report is
/// left beside new results.
pub fn write(results: &Results, folder: &Path) -> Result<Written, Error> {
    prepare(folder)?;
    let mut written = Written::within(folder);
    let there = files::read(&written.results).ok();
    if let Some(there) = there.filter(|there| is_fuller(there, results)) {
        let kept = |instead| Kept {
            n_there: there.design.n_complete,
            n_new: results.design.n_complete,
            instead,
        };
        if is_same_experiment(&there, results) {
            written.kept = Some(kept(None));
            draw(&there, &written)?;
            return Ok(written);
        }
        let stopped = folder.join(STOPPED);
        let elsewhere = write(results, &stopped)?;
        return Ok(Written {
            kept: Some(kept(Some(stopped))),
            ..elsewhere
        });
    }
    let text = files::json(results, &written.results)?;
    write_file(&written.results, &text)?;
    // From the text: what is drawn now is what will be drawn again from the file.
    let drawn = files::parse(&text, &written.results).and_then(|same| draw(&same, &written));
    drawn.inspect_err(|_| {
        for stale in [&written.report, &written.markdown] {
            // Best effort: it may not be there.
            let _ = std::fs::remove_file(stale);
        }
    })?;
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

fn is_same_experiment(one: &Results, other: &Results) -> bool {
    !one.design_hash.is_empty()
        && one.design_hash == other.design_hash
        && one.base_seed == other.base_seed
}

/// Whether results that are there say more than those that would replace them.
fn is_fuller(there: &Results, new: &Results) -> bool {
    let fullness = |results: &Results| (results.design.n_complete, results.effects.len());
    let is_complete = |results: &Results| results.design.n_complete >= results.design.n_repetitions;
    if is_same_experiment(there, new) {
        return fullness(there) > fullness(new);
    }
    is_complete(there) && !is_complete(new)
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
        files::write_picture(&file, picture.as_bytes())?;
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

        // With as many repetitions, but without a table that failed or a claim that was not begun.
        partial = full.clone();
        partial.effects.pop();
        let written = write(&partial, folder.path()).expect("kept");
        let said = written.kept.expect("kept").to_string();
        assert!(said.ends_with("this run 4 with fewer effects"), "{said}");
        assert_eq!(read(folder.path()).expect("read"), full);
    }

    #[test]
    fn a_stopped_run_of_another_experiment_does_not_replace_a_complete_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut full = fixture::results();
        full.design.n_repetitions = full.design.n_complete;
        write(&full, folder.path()).expect("written");
        let mut partial = full.clone();
        partial.design.n_complete = 1;
        partial.base_seed += 1;
        let written = write(&partial, folder.path()).expect("written");
        let elsewhere = folder.path().join(STOPPED);
        assert_eq!(written.results, elsewhere.join("results.json"));
        let said = written.kept.expect("kept").to_string();
        assert!(said.contains(&elsewhere.display().to_string()), "{said}");
        assert_eq!(read(folder.path()).expect("read"), full);
        assert_eq!(read(&elsewhere).expect("read"), partial);

        // A complete one replaces it, and stopped ones replace each other.
        let other = Results {
            base_seed: partial.base_seed,
            ..full.clone()
        };
        assert_eq!(write(&other, folder.path()).expect("written").kept, None);
        assert_eq!(read(folder.path()).expect("read"), other);
        write(&partial, &elsewhere).expect("written");
        partial.base_seed += 1;
        assert_eq!(write(&partial, &elsewhere).expect("written").kept, None);
    }

    #[test]
    fn no_old_report_stays_beside_new_results() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut results = fixture::results();
        let written = write(&results, folder.path()).expect("written");
        // A file in the place of the pictures' folder: drawing fails, as on a full disk.
        let pictures = folder.path().join("pictures");
        fs::remove_dir_all(&pictures).expect("removed");
        fs::write(&pictures, "").expect("written");
        results.base_seed += 1;
        write(&results, folder.path()).expect_err("no pictures");
        assert_eq!(read(folder.path()).expect("read"), results);
        assert!(!written.report.exists() && !written.markdown.exists());
    }

    /// Not a test: writes the report of the results in a folder, or else of the fixture, where one can look at it.
    #[test]
    #[ignore = "writes a report to look at, into the folder LOOK_AT"]
    fn look() {
        let folder = PathBuf::from(std::env::var_os("LOOK_AT").expect("the folder LOOK_AT"));
        let results = read(&folder).unwrap_or_else(|_| fixture::results());
        let written = write(&results, &folder).expect("written");
        let text = [
            terminal(&results, &written.report, Screen::default()),
            terminal_details(&results, Screen::default()),
        ];
        std::io::Write::write_all(&mut std::io::stdout(), text.join("\n").as_bytes())
            .expect("printed");
    }
}
