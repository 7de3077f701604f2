//! Streams that cannot be written to: nothing panics, no work is lost, and it is no success.

#![cfg(unix)]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{SMALL_EXPERIMENT, modelled, small_experiment, smallbatch, table, text};

/// A disk without room.
#[cfg(target_os = "linux")]
fn full() -> Stdio {
    let full = File::options().write(true).open("/dev/full");
    full.expect("there on Linux").into()
}

/// A pipe that nobody reads.
fn without_reader() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// Whether all files of a run are in a folder.
fn has_results(folder: &Path) -> bool {
    let names = ["results.json", "report.html", "report.md"];
    names
        .iter()
        .all(|name| folder.join("out").join(name).is_file())
}

fn table_of_numbers() -> (tempfile::TempDir, String) {
    let rows = (0..60).map(|i| format!("{i},{}\n", 7 * i % 60));
    table(&format!("size,price\n{}", rows.collect::<String>()))
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_meets_a_full_disk_is_no_success() {
    let (_folder, file) = table_of_numbers();
    for arguments in [
        &["print"][..],
        &["--help"],
        &["run", "--help"],
        &["help", "expect"],
        &["--version"],
        &["expect", &file],
    ] {
        let output = smallbatch(arguments)
            .stdout(full())
            .output()
            .expect("the program starts");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.starts_with("error: cannot write to standard output: No space left"),
            "{arguments:?}: {said}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_verb_says_of_a_model_or_a_table_must_be_written() {
    let folder = modelled();
    for arguments in [
        &["predict", "out", "houses.csv"][..],
        &["evaluate", "out", "houses.csv"],
        &["inspect", "out"],
        &["inspect", "houses.csv"],
        &[
            "train",
            "houses.csv",
            "--recipe",
            "line.toml",
            "--out",
            "again",
        ],
    ] {
        let output = smallbatch(arguments)
            .current_dir(folder.path())
            .stdout(full())
            .output()
            .expect("the program starts");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("error: cannot write to standard output: No space left"),
            "{arguments:?}: {said}"
        );
    }
    assert!(folder.path().join("again/model.safetensors").is_file());
}

#[test]
fn a_reader_that_has_gone_away_has_what_it_wanted() {
    let (_folder, file) = table_of_numbers();
    for arguments in [&["print"][..], &["--help"], &["expect", &file]] {
        let output = smallbatch(arguments)
            .stdout(without_reader())
            .output()
            .expect("the program starts");
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_run_that_nobody_listens_to_writes_its_results() {
    let folder = tempfile::tempdir().expect("a folder");
    small_experiment(folder.path());
    let status = smallbatch(&SMALL_EXPERIMENT)
        .current_dir(&folder)
        .stdout(without_reader())
        .stderr(without_reader())
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(0));
    assert!(has_results(folder.path()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_streams_are_full_writes_its_results_and_is_no_success() {
    for (stdout, stderr) in [(true, false), (false, true), (true, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        small_experiment(folder.path());
        let stream = |is_full| if is_full { full() } else { Stdio::piped() };
        let output = smallbatch(&SMALL_EXPERIMENT)
            .current_dir(&folder)
            .stdout(stream(stdout))
            .stderr(stream(stderr))
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        assert!(has_results(folder.path()), "{stdout} {stderr}");
    }
}

/// Predictions go to standard output alone: they are lost when that is full, and said to be.
#[cfg(target_os = "linux")]
#[test]
fn predictions_that_cannot_be_written_are_no_success() {
    let (folder, file) = table_of_numbers();
    let out = folder.path().join("out");
    let advised = smallbatch(&["advise", &file, "--target", "price", "--quick"])
        .arg("--out")
        .arg(&out)
        .stdout(full())
        .stderr(full())
        .status()
        .expect("the program starts");
    assert_eq!(advised.code(), Some(1));
    assert!(out.join("advice.json").is_file());
    let model = out.join("model.safetensors");
    for (stdout, code) in [(full(), 1), (without_reader(), 0)] {
        let status = smallbatch(&["predict"])
            .args([model.as_os_str(), file.as_ref()])
            .stdout(stdout)
            .stderr(Stdio::null())
            .status()
            .expect("the program starts");
        assert_eq!(status.code(), Some(code));
    }
}

/// The standard library puts the null device in the place of a closed stream, so that nothing fails.
#[test]
fn closed_streams_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    small_experiment(folder.path());
    let program = env!("CARGO_BIN_EXE_smallbatch");
    let closed = format!("exec '{program}' {} >&- 2>&-", SMALL_EXPERIMENT.join(" "));
    let status = Command::new("sh")
        .args(["-c", &closed])
        .current_dir(&folder)
        .status()
        .expect("a shell");
    assert_eq!(status.code(), Some(0));
    assert!(has_results(folder.path()));
}
