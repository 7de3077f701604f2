//! Ctrl-C and its like, sent with `kill`, which Windows does not have.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{results_in, rows, said_in, text};

/// Starts it through a shell, waits for a line with a word on standard error, and sends signals, the last of which ends it. Its exit
/// code, and what it said on standard error and standard output afterwards.
fn stopped(
    folder: &Path,
    before: &str,
    arguments: &str,
    word: &str,
    signals: &[&str],
) -> (Option<i32>, String, String) {
    let program = env!("CARGO_BIN_EXE_smallbatch");
    let mut program = Command::new("sh")
        .args(["-c", &format!("{before} exec '{program}' {arguments}")])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut stderr = BufReader::new(program.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        let read = stderr.read_line(&mut line).expect("text");
        assert_ne!(read, 0, "no line with {word:?}");
    }
    for signal in signals {
        let killed = Command::new("kill")
            .args([signal, &*program.id().to_string()])
            .status();
        assert!(killed.expect("kill").success());
        // One after the other.
        std::thread::sleep(Duration::from_millis(200));
    }
    let start = Instant::now();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).expect("text");
    let output = program.wait_with_output().expect("it ends");
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "it went on for {:?}",
        start.elapsed()
    );
    (output.status.code(), rest, text(&output.stdout))
}

/// Whether these tests were started by `nohup` or the like: a shell cannot undo that for the programs that it starts.
fn hang_ups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, the lowest bit.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

#[test]
fn an_interrupted_run_writes_what_is_complete() {
    check_run("", &["-INT"], 130);
}

/// `nohup` starts a program as `trap '' HUP` does: it goes on, and ends when it is asked to.
#[test]
fn a_run_under_nohup_is_ended_by_termination_only() {
    check_run("trap '' HUP;", &["-HUP", "-TERM"], 143);
}

#[test]
fn a_run_whose_terminal_hangs_up_writes_what_is_complete() {
    if !hang_ups_are_ignored() {
        check_run("", &["-HUP"], 129);
    }
}

/// Of far more repetitions than a test would wait for.
fn check_run(before: &str, signals: &[&str], code: i32) {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = "run centering-alone --quick --repetitions 1024";
    let (found, said, printed) = stopped(folder.path(), before, arguments, "%", signals);
    assert_eq!(found, Some(code), "{signals:?}: {said}");
    assert!(
        said.contains("stopping") && said.contains("stopped after"),
        "{said}"
    );
    let out = folder.path().join("out");
    for name in ["results.json", "report.html", "report.md"] {
        assert!(out.join(name).is_file(), "{name} is missing");
    }
    assert!(printed.contains("out/report.html"), "{printed}");
    let results = results_in(&out);
    assert!(results["answers"].is_array() && results["schema_version"] == 2);
}

/// What was complete is advised on, and does not replace a complete advice.
#[test]
fn an_advice_that_is_stopped_ends_with_130_and_keeps_a_complete_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let rows = rows(400, |i| {
        format!("{},{},{}\n", i * 37 % 400, i * 11 % 97, i * i % 173)
    });
    std::fs::write(path.join("houses.csv"), format!("a,b,y\n{rows}")).expect("a table");
    let (code, said) = said_in(path, &["advise", "houses.csv", "--quick"]);
    assert_eq!(code, Some(0), "{said}");
    let complete = std::fs::read(path.join("out/advice.json")).expect("an advice");
    let arguments = "advise houses.csv --thorough --no-cache";
    let (code, said, _) = stopped(path, "", arguments, "networks", &["-INT"]);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("kept the complete advice"), "{said}");
    let now = std::fs::read(path.join("out/advice.json")).expect("an advice");
    assert!(now == complete, "it was replaced");
    for name in ["advice.html", "advice.json", "model.safetensors"] {
        assert!(path.join("out/stopped").join(name).is_file(), "{name}");
    }
}
