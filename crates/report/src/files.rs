//! Files that appear whole or not at all.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use smallbatch_base::limits;
use smallbatch_files as files;

use crate::Error;
use crate::results::{Results, SCHEMA_VERSION};

/// Makes the folder, and sees whether there is room in it.
pub(crate) fn prepare(folder: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Folder {
        folder: folder.to_path_buf(),
        reason,
    };
    if folder.exists() && !folder.is_dir() {
        return Err(failed("it is a file, not a folder".into()));
    }
    files::prepare_folder(folder).map_err(|error| failed(error.to_string()))
}

/// The text of a file that people write, such as a recipe: of at most
/// [`MOST_SETTINGS_BYTES`](smallbatch_base::limits::MOST_SETTINGS_BYTES).
///
/// # Errors
///
/// What the system said, or that it is larger.
pub fn read_settings(file: &Path) -> std::io::Result<String> {
    files::read_text(file, limits::MOST_SETTINGS_BYTES)
}

/// Writes a file beside its place, and moves it there once all of it is on the disk.
///
/// A reader finds the old content or the new one, never a part, whatever happens meanwhile.
///
/// # Errors
///
/// [`Error::Write`] with what the system said; then the old file is still there, and nothing is left beside it.
///
/// # Example
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// let file = scratch.path().join("model.safetensors");
/// smallbatch_report::write_file(&file, b"{}")?;
/// assert_eq!(std::fs::read(&file)?, b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_file(file: &Path, content: &[u8]) -> Result<(), Error> {
    files::replace(file, content, true).map_err(|error| failed(file, error))
}

/// Writes files that belong together, as [`write_file`] does: none is replaced before there is room for all.
///
/// # Errors
///
/// [`Error::Write`] with the first that cannot be written; then the old ones are still there.
pub fn write_files(all: &[(PathBuf, Vec<u8>)]) -> Result<(), Error> {
    files::replace_all(all).map_err(|(file, error)| failed(&file, error))
}

/// A folder for temporary files, new and for this user alone: the place for what could not be written where it was wanted.
///
/// # Errors
///
/// [`Error::Folder`] with what the system said.
pub fn new_temporary_folder() -> Result<PathBuf, Error> {
    files::new_temporary_folder("smallbatch").map_err(|error| Error::Folder {
        folder: std::env::temp_dir(),
        reason: error.to_string(),
    })
}

/// Writes a file that can be drawn again: it is not worth waiting for the disk.
pub(crate) fn write_picture(file: &Path, content: &[u8]) -> Result<(), Error> {
    files::replace(file, content, false).map_err(|error| failed(file, error))
}

/// The results in a file.
pub(crate) fn read(file: &Path) -> Result<Results, Error> {
    let begins = |text: &[u8]| text.trim_ascii_start().first() == Some(&b'{');
    let text =
        files::read_if(file, limits::MOST_RESULTS_BYTES, begins).map_err(|error| Error::Read {
            file: file.to_path_buf(),
            reason: error.to_string(),
        })?;
    parse(&text, file)
}

/// The results in the text of a file.
pub(crate) fn parse(text: &[u8], file: &Path) -> Result<Results, Error> {
    /// What all layouts have.
    #[derive(Deserialize)]
    struct Layout {
        schema_version: u32,
    }
    let file = || file.to_path_buf();
    let failed = |error: serde_json::Error| Error::Read {
        file: file(),
        reason: error.to_string(),
    };
    if let Ok(whole) = std::str::from_utf8(text) {
        smallbatch_files::check_json(whole).map_err(|error| Error::Read {
            file: file(),
            reason: error.to_string(),
        })?;
    }
    let Layout { schema_version } = serde_json::from_slice(text).map_err(failed)?;
    if schema_version < SCHEMA_VERSION {
        return Err(Error::FirstLaboratory { file: file() });
    }
    if schema_version > SCHEMA_VERSION {
        return Err(Error::Newer {
            file: file(),
            found: schema_version,
            known: SCHEMA_VERSION,
        });
    }
    serde_json::from_slice(text).map_err(failed)
}

/// The text of a file with results.
pub(crate) fn json(results: &Results, file: &Path) -> Result<Vec<u8>, Error> {
    let text = serde_json::to_string_pretty(results).map_err(|error| failed(file, error))?;
    Ok(smallbatch_files::seal_json(&text).into_bytes())
}

fn failed(file: &Path, error: impl std::fmt::Display) -> Error {
    Error::Write {
        file: file.to_path_buf(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        (folder, file)
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named_and_leaves_nothing() {
        let (folder, taken) = folder();
        fs::create_dir(&taken).expect("a folder in the file's place");
        let alone = write_file(&taken, b"x").expect_err("a folder is in the way");
        let other = folder.path().join("other");
        let both = [(other, Vec::new()), (taken.clone(), Vec::new())];
        let together = write_files(&both).expect_err("a folder is in the way");
        for error in [alone, together] {
            assert!(
                matches!(&error, Error::Write { file, .. } if *file == taken),
                "{error}"
            );
        }
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_before_the_work() {
        let (_folder, file) = folder();
        fs::write(&file, "x").expect("written");
        for bad in [file.clone(), file.join("below")] {
            let text = prepare(&bad).expect_err("a file is in the way").to_string();
            assert!(text.contains(&bad.display().to_string()), "{text}");
            assert!(text.contains("choose another folder"), "{text}");
        }
    }

    #[test]
    fn a_result_that_was_altered_is_refused() {
        let (_folder, file) = folder();
        let text = json(&crate::fixture::results(), &file).expect("a text");
        parse(&text, &file).expect("whole");
        let text = String::from_utf8(text).expect("UTF-8");
        let altered = text.replacen("\"base_seed\": ", "\"base_seed\": 1", 1);
        assert_ne!(altered, text);
        let error = parse(altered.as_bytes(), &file).expect_err("altered");
        assert!(
            error.to_string().contains("its checksum differs"),
            "{error}"
        );
    }

    #[test]
    fn files_of_other_layouts_are_refused_with_what_to_do() {
        let (_folder, file) = folder();
        let refused = |content: &str| {
            fs::write(&file, content).expect("written");
            read(&file).expect_err("refused").to_string()
        };
        assert!(refused("{").contains("line 1"), "the place is named");
        let old = refused(r#"{"schema_version": 1, "claims": []}"#);
        assert!(old.ends_with("run the experiment again"), "{old}");
        let new = refused(r#"{"schema_version": 3}"#);
        assert!(new.contains("layout 3, this one reads 2"), "{new}");
        fs::remove_file(&file).expect("removed");
        assert!(
            read(&file)
                .expect_err("refused")
                .to_string()
                .contains("results.json")
        );
    }
}
