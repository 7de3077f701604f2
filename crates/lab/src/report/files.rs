//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

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
    let probe = beside(&folder.join("probe"));
    File::create(&probe)
        .and_then(|_| fs::remove_file(&probe))
        .map_err(|error| failed(error.to_string()))
}

/// Writes a file beside its place, and moves it there once all of it is on the disk.
pub(crate) fn write(file: &Path, content: &[u8]) -> Result<(), Error> {
    let unfinished = beside(file);
    let result = File::create(&unfinished)
        .and_then(|mut to| {
            to.write_all(content)?;
            to.sync_all()
        })
        .and_then(|()| fs::rename(&unfinished, file));
    result.map_err(|error| {
        // Best effort: what matters is the error that led here.
        let _ = fs::remove_file(&unfinished);
        failed(file, error)
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

/// A hidden name in the same folder, which no other process uses.
fn beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.{}.unfinished", std::process::id()))
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
        // Whatever is written beside it meets a full disk.
        std::os::unix::fs::symlink("/dev/full", beside(&file)).expect("a link");
        let said = write(&file, b"new").expect_err("full").to_string();
        assert!(
            said.contains("results.json") && said.contains("No space left"),
            "{said}"
        );
        assert_eq!(fs::read(&file).expect("read"), b"from before");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
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
