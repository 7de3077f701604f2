//! The results of experiments, and all that draws them. It runs nothing.
//!
//! [`results::Results`] is the border between running and reporting: plain records with a versioned layout, the content of
//! `results.json`. Whoever runs fills them; everything here reads nothing else. So a report can be drawn again from an old file,
//! and a front end of another kind needs this one type.
//!
//! [`prepare`] is called before the work, so that a folder that cannot be written to costs nothing; [`write()`] after it.
//!
//! # Example
//!
//! ```
//! use smallbatch_report::{prepare, read, results::Results, write};
//!
//! # let scratch = tempfile::tempdir()?;
//! # let folder = scratch.path().join("out");
//! let results = Results::default(); // The laboratory fills it.
//! prepare(&folder)?;
//! write(&results, &folder)?;
//!
//! // Later, from the file alone.
//! assert_eq!(read(&folder)?, results);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod files;
#[cfg(test)]
mod fixture;
pub mod results;

use std::fmt;
use std::path::{Path, PathBuf};

pub use error::Error;
pub use files::{replace_file, write_file};

use results::Results;

/// The files of a results' folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `results.json`: the [`Results`].
    pub results: PathBuf,
    /// Where fuller results of the same design were there already: then they are kept, and nothing was written.
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

/// Writes `results.json` into a folder, which is made if needed. The file appears whole or not at all.
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
        return Ok(written);
    }
    let text = files::json(results, &written.results)?;
    write_file(&written.results, &text)?;
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

/// The results that are there, where they are of the same design and seed and have more complete repetitions.
fn fuller(results: &Results, file: &Path) -> Option<Results> {
    let there = files::read(file).ok()?;
    let is_same = !results.design_hash.is_empty()
        && there.design_hash == results.design_hash
        && there.base_seed == results.base_seed;
    (is_same && there.design.n_complete > results.design.n_complete).then_some(there)
}

impl Written {
    fn within(folder: &Path) -> Self {
        Self {
            results: folder.join("results.json"),
            kept: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
