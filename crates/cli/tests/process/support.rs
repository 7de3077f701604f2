//! The program, its output, and small things for it to work on.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program, with standard output and error to be read by the test.
pub(crate) fn smallbatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smallbatch"));
    command.args(arguments);
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs it where it must refuse, in a folder of its own, and checks what all refusals have in common: the exit code,
/// an answer at once, nothing on standard output, no folder made. Returns what it said.
pub(crate) fn refused(arguments: &[&str], code: i32) -> String {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let start = Instant::now();
    let Output {
        status,
        stdout,
        stderr,
    } = smallbatch(arguments)
        .current_dir(&folder)
        .output()
        .expect("the program starts");
    let stderr = text(&stderr);
    assert_eq!(status.code(), Some(code), "{arguments:?}: {stderr}");
    assert_eq!(text(&stdout), "", "{arguments:?}");
    assert!(stderr.starts_with("error: "), "{arguments:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{arguments:?} took its time"
    );
    assert_eq!(
        folder
            .path()
            .read_dir()
            .expect("the folder is still there")
            .count(),
        0,
        "{arguments:?} left something behind"
    );
    stderr
}

/// Runs it in a folder; its exit code, and all that it said.
pub(crate) fn said_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = smallbatch(arguments).current_dir(folder).output();
    let output = output.expect("the program starts");
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

pub(crate) fn results_in(folder: &Path) -> serde_json::Value {
    let results = std::fs::read_to_string(folder.join("results.json")).expect("results");
    serde_json::from_str(&results).expect("JSON")
}

/// Rows of a table in which the first column decides the second, or the class.
pub(crate) fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

/// A table in a folder of its own.
pub(crate) fn table(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("houses.csv");
    std::fs::write(&file, text).expect("a file");
    let name = file.to_str().expect("a path in UTF-8").to_owned();
    (folder, name)
}

/// A table that broke earlier versions.
pub(crate) fn case(name: &str) -> String {
    format!(
        "{}/../data/tests/cases/{name}.csv",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// A folder with houses.csv, of which the price is 3·size, and 40 more in Ulm; and a model of it in `out`, a straight line.
pub(crate) fn modelled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let houses = rows(80, |i| {
        let (size, town) = (20 + 7 * i % 81, i % 2);
        let price = 3 * size + 40 * town + i % 3;
        format!("{size},{},{price}\n", ["Bonn", "Ulm"][town])
    });
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    write("houses.csv", &format!("size,town,price\n{houses}"));
    write("line.toml", "[line]\npenalty = 1e-4\n");
    let train = ["train", "houses.csv", "--recipe", "line.toml"];
    let (code, said) = said_in(folder.path(), &train);
    assert_eq!(code, Some(0), "{said}");
    folder
}

/// Runs it in a folder, with a text as its standard input; its exit code, standard output and standard error.
pub(crate) fn given(
    folder: &Path,
    arguments: &[&str],
    input: &str,
) -> (Option<i32>, String, String) {
    let mut child = smallbatch(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // It may end before it has read all.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A small design on a table of its own: line 1 is the first of the file.
pub(crate) fn small_design() -> String {
    r#"name = "mine"
tables = ["mine.csv", "other.csv"]
[rule]
hidden = [4]
updates = 20
epochs = 1
long = 2
targets = [0.5]
horizon = 4
[sizes.quick]
repetitions = 4
pairs = 1
tuning_seeds = 2
[sizes.default]
repetitions = 4
pairs = 1
tuning_seeds = 1
[sizes.thorough]
repetitions = 4
pairs = 1
tuning_seeds = 1
[[ways]]
name = "a"
scaling = "raw"
[[ways]]
name = "b"
batch = 16
[[claims]]
id = "a-or-b"
title = "A or B"
question = "Which?"
pictures = ["curves"]
[claims.primary]
text = "It matters."
words = "A ends with {effect} times the loss."
exceeds = 1.1
parts = [{ measure = "training-loss", first = ["a"], second = ["b"] }]
"#
    .to_owned()
}

/// It, and its tables, in a folder.
pub(crate) fn small_experiment(folder: &Path) {
    let rows = |by: usize| -> String {
        (0..80)
            .map(|i| format!("{},{}\n", i * by % 80, i * 11 % 7 + i * by % 80))
            .collect()
    };
    std::fs::write(folder.join("mine.csv"), format!("x,y\n{}", rows(37))).expect("a table");
    std::fs::write(folder.join("other.csv"), format!("x,y\n{}", rows(23))).expect("a table");
    std::fs::write(folder.join("mine.toml"), small_design()).expect("a design");
}

/// Runs what [`small_experiment`] has written.
pub(crate) const SMALL_EXPERIMENT: [&str; 4] = ["run", "--file", "mine.toml", "--quick"];
