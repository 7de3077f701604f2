//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;

use crate::Error;
use crate::results::{Results, SCHEMA_VERSION};

/// Makes the folder, and writes and removes a file in it.
pub(crate) fn prepare(folder: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Folder {
        folder: folder.to_path_buf(),
        reason,
    };
    if folder.exists() && !folder.is_dir() {
        return Err(failed("it is a file, not a folder".into()));
    }
    fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    beside(&folder.join("probe"))
        .and_then(|(_, probe)| fs::remove_file(probe))
        .map_err(|error| failed(error.to_string()))
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
    replace_file(file, content, true).map_err(|error| failed(file, error))
}

/// The same, waiting for the disk only where that is asked for: what can be computed again needs no waiting.
///
/// # Errors
///
/// What the system said.
pub fn replace_file(file: &Path, content: &[u8], synchronized: bool) -> io::Result<()> {
    // A device or a pipe is written to: nobody who names /dev/null wants a file in its place.
    if fs::metadata(file).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return File::options().write(true).open(file)?.write_all(content);
    }
    let (to, unfinished) = beside(file)?;
    finish(to, &unfinished, file, content, synchronized)
}

/// Fills an unfinished file and moves it to its place.
fn finish(
    mut to: File,
    unfinished: &Path,
    file: &Path,
    content: &[u8],
    synchronized: bool,
) -> io::Result<()> {
    let written = to
        .write_all(content)
        .and_then(|()| if synchronized { to.sync_all() } else { Ok(()) });
    written
        .and_then(|()| fs::rename(unfinished, file))
        .inspect_err(|_| {
            // Best effort: what matters is the error that led here.
            let _ = fs::remove_file(unfinished);
        })
}

/// The results in a file.
pub(crate) fn read(file: &Path) -> Result<Results, Error> {
    let text = fs::read(file).map_err(|error| Error::Read {
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

/// A new file with a hidden name in the same folder. No other process has it, not even one of the same number in another
/// container: it must not be there before.
fn beside(file: &Path) -> io::Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let unfinished = file.with_file_name(format!(".{name}.{process}-{number}.unfinished"));
        match File::create_new(&unfinished) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((created?, unfinished)),
        }
    }
}

fn failed(file: &Path, error: impl std::fmt::Display) -> Error {
    Error::Write {
        file: file.to_path_buf(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        (folder, file)
    }

    fn files_in(folder: &tempfile::TempDir) -> usize {
        fs::read_dir(folder.path()).expect("listed").count()
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let (folder, file) = folder();
        write_file(&file, b"a long first version").expect("written");
        write_file(&file, b"second").expect("written");
        assert_eq!(fs::read(&file).expect("read"), b"second");
        assert_eq!(files_in(&folder), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named_and_leaves_nothing() {
        let (folder, taken) = folder();
        fs::create_dir(&taken).expect("a folder in the file's place");
        let error = write_file(&taken, b"x").expect_err("a folder is in the way");
        assert!(
            matches!(&error, Error::Write { file, .. } if *file == taken),
            "{error}"
        );
        assert_eq!(files_in(&folder), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn on_a_full_disk_the_error_says_so_and_the_old_file_stays() {
        let (folder, file) = folder();
        write_file(&file, b"from before").expect("written");
        // What is written beside it meets a full disk.
        let (_, unfinished) = beside(&file).expect("made");
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("there on Linux");
        let error = finish(full, &unfinished, &file, b"new", true).expect_err("full");
        let said = failed(&file, error).to_string();
        assert!(
            said.contains("results.json") && said.contains("No space left"),
            "{said}"
        );
        assert_eq!(fs::read(&file).expect("read"), b"from before");
        assert_eq!(files_in(&folder), 1);
    }

    #[test]
    fn what_another_process_has_begun_is_left_alone() {
        let (folder, file) = folder();
        // A process of the same number, in another container, is a few files ahead.
        let (_, first) = beside(&file).expect("made");
        let name = first.to_string_lossy().into_owned();
        let number = name.trim_end_matches(".unfinished").rsplit('-').next();
        let number: u64 = number.and_then(|n| n.parse().ok()).expect("a number");
        for ahead in 1..20 {
            let other = name.replace(&format!("-{number}."), &format!("-{}.", number + ahead));
            fs::write(other, "of another process").expect("written");
        }
        write_file(&file, b"mine").expect("written");
        assert_eq!(fs::read(&file).expect("read"), b"mine");
        assert_eq!(files_in(&folder), 1 + 19 + 1);
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

    /// The link would be replaced by a file, as would be the device itself by who may do that.
    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays() {
        let (folder, file) = folder();
        std::os::unix::fs::symlink("/dev/null", &file).expect("a link");
        write_file(&file, b"{}").expect("written");
        let there = fs::symlink_metadata(&file).expect("there");
        assert!(there.is_symlink());
        assert_eq!(files_in(&folder), 1);
    }
}
