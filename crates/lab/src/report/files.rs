//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;
use crate::results::{Results, RunRecord, SCHEMA_VERSION};

/// Makes the folder, and writes and removes a file in it.
pub(super) fn prepare(folder: &Path) -> Result<(), Error> {
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
pub(crate) fn write(file: &Path, content: &[u8]) -> Result<(), Error> {
    replace(file, content, true).map_err(|error| failed(file, error))
}

/// The same, waiting for the disk only where that is asked for.
pub(crate) fn replace(file: &Path, content: &[u8], synchronized: bool) -> io::Result<()> {
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
pub(super) fn read(file: &Path) -> Result<Results, Error> {
    let failed = |reason: String| Error::Read {
        file: file.to_path_buf(),
        reason,
    };
    let text = fs::read(file).map_err(|error| failed(error.to_string()))?;
    let results: Results =
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    if results.schema_version > SCHEMA_VERSION {
        return Err(failed(format!(
            "its layout is {}, and this program knows up to {SCHEMA_VERSION}; take a newer one",
            results.schema_version
        )));
    }
    Ok(results)
}

/// The runs in a table.
pub(super) fn read_runs(file: &Path) -> Result<Vec<RunRecord>, Error> {
    let failed = |reason: String| Error::Read {
        file: file.to_path_buf(),
        reason,
    };
    let mut table = csv::Reader::from_path(file).map_err(|error| failed(error.to_string()))?;
    let rows = table.deserialize().collect::<Result<_, _>>();
    rows.map_err(|error| failed(error.to_string()))
}

pub(super) fn json(results: &Results, file: &Path) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(results).map_err(|error| failed(file, error))?;
    text.push(b'\n');
    Ok(text)
}

pub(super) fn csv(runs: &[RunRecord], file: &Path) -> Result<Vec<u8>, Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    for run in runs {
        table.serialize(run).map_err(|error| failed(file, error))?;
    }
    if runs.is_empty() {
        // The names of the columns come with the first record only; without one, take those of any.
        let any = csv(&[RunRecord::default()], file)?;
        let end = any
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(any.len(), |at| at + 1);
        return Ok(any[..end].to_vec());
    }
    table.into_inner().map_err(|error| failed(file, error))
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

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        write(&file, b"a long first version").expect("written");
        write(&file, b"second").expect("written");
        assert_eq!(fs::read(&file).expect("read"), b"second");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = folder.path().join("runs.csv");
        fs::create_dir(&taken).expect("a folder in the file's place");
        let error = write(&taken, b"x").expect_err("a folder is in the way");
        assert!(
            matches!(&error, Error::Write { file, .. } if *file == taken),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn on_a_full_disk_the_error_says_so_and_the_old_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        write(&file, b"from before").expect("written");
        // What is written beside it meets a full disk.
        let (_, unfinished) = beside(&file).expect("made");
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("there on Linux");
        let said = finish(full, &unfinished, &file, b"new", true)
            .map_err(|error| failed(&file, error))
            .expect_err("full")
            .to_string();
        assert!(
            said.contains("results.json") && said.contains("No space left"),
            "{said}"
        );
        assert_eq!(fs::read(&file).expect("read"), b"from before");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn what_another_process_has_begun_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        // A process of the same number, in another container, is a few files ahead.
        let (_, first) = beside(&file).expect("made");
        let name = first.to_string_lossy().into_owned();
        let number = name.trim_end_matches(".unfinished").rsplit('-').next();
        let number: u64 = number.and_then(|n| n.parse().ok()).expect("a number");
        for ahead in 1..20 {
            let other = name.replace(&format!("-{number}."), &format!("-{}.", number + ahead));
            fs::write(other, "of another process").expect("written");
        }
        write(&file, b"mine").expect("written");
        assert_eq!(fs::read(&file).expect("read"), b"mine");
        let all = fs::read_dir(folder.path()).expect("listed").count();
        assert_eq!(all, 1 + 19 + 1);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_before_the_work() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "x").expect("written");
        for bad in [file.clone(), file.join("below")] {
            let error = prepare(&bad).expect_err("a file is in the way");
            let text = error.to_string();
            assert!(text.contains(&bad.display().to_string()), "{text}");
            assert!(text.contains("--out"), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_none_or_of_a_later_layout_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        let refused = |content: &str| {
            fs::write(&file, content).expect("written");
            read(&file).expect_err("refused").to_string()
        };
        assert!(refused("{").contains("line 1"), "the place is named");
        let later = Results {
            schema_version: SCHEMA_VERSION + 1,
            ..Results::default()
        };
        let text = serde_json::to_string(&later).expect("text");
        assert!(refused(&text).contains("its layout is 2"));
        let missing = folder.path().join("none").join("results.json");
        assert!(
            read(&missing)
                .expect_err("refused")
                .to_string()
                .contains("none")
        );
    }

    #[test]
    fn a_table_without_runs_has_its_columns() {
        let empty = csv(&[], Path::new("runs.csv")).expect("text");
        let one = csv(&[RunRecord::default()], Path::new("runs.csv")).expect("text");
        assert!(one.starts_with(&empty));
        assert!(empty.starts_with(b"experiment,dataset,arm,seed,"));
    }
}
