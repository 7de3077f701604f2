//! The program from the outside: what it refuses, what it says then, and how it ends.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The program, with standard output and error to be read by the test.
fn smallbatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smallbatch"));
    command.args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs it where it must refuse, in a folder of its own, and checks what all refusals have in common: the exit code,
/// an answer at once, nothing on standard output, no folder made. Returns what it said.
fn refused(arguments: &[&str], code: i32) -> String {
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

#[test]
fn an_unknown_claim_is_refused_with_the_names_that_exist() {
    let said = refused(&["experiment", "minibatch-is-fast"], 2);
    for word in ["minibatch-is-fast", "minibatch-is-faster", "epochs-depend"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn repetitions_that_are_no_look_are_refused() {
    for repetitions in ["0", "3", "5", "9223372036854775807"] {
        let said = refused(&["experiment", "--repetitions", repetitions], 2);
        assert!(
            said.contains(repetitions) && said.contains("4, 8, 16"),
            "{said}"
        );
    }
    for repetitions in ["-3", "two", "2.5", "99999999999999999999999"] {
        let said = refused(&["experiment", &format!("--repetitions={repetitions}")], 2);
        assert!(said.contains(repetitions), "{said}");
    }
}

#[test]
fn no_threads_are_refused() {
    let said = refused(&["experiment", "--threads", "0"], 2);
    assert!(
        said.contains("'0'") && said.contains("at least 1"),
        "{said}"
    );
}

#[test]
fn more_threads_than_any_machine_has_are_refused() {
    for threads in ["1025", "4000000000"] {
        let said = refused(&["experiment", "--threads", threads], 2);
        assert!(
            said.contains(threads) && said.contains("at most 1024"),
            "{said}"
        );
    }
}

/// Every number of a design has bounds; file, line and range are named.
#[test]
fn absurd_numbers_in_a_design_are_refused_with_their_line() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (from, to, line, words) in [
        ("hidden = [4]", "hidden = [2147483648]", 4, "1 to 4096"),
        ("updates = 20", "updates = 0", 5, "from 1 to 1000000"),
        (
            "tuning_seeds = 2",
            "tuning_seeds = 9223372036854775807",
            13,
            "from 1 to 100",
        ),
        ("horizon = 4", "horizon = -1", 9, "from 2 to 1000"),
        ("targets = [0.5]", "targets = [1.5]", 8, "between 0 and 1"),
        ("name = \"b\"", "name = \"a\"", 26, "two ways are named"),
        ("first = [\"a\"]", "first = [\"c\"]", 34, "no way named"),
        ("exceeds = 1.1", "exceeds = nan", 34, "exceeds"),
        ("updates = 20", "updats = 20", 5, "updats"),
    ] {
        let design = small_design().replacen(from, to, 1);
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, design).expect("a design");
        let said = refused(&["experiment", "--file", file.to_str().unwrap()], 2);
        let place = format!("mine.toml, line {line}:");
        assert!(said.contains(words), "{to}: {said}");
        assert!(said.contains(&place), "{to}: {said}");
    }
}

#[test]
fn an_unknown_option_is_refused_with_the_nearest() {
    let said = refused(&["experiment", "--qick"], 2);
    assert!(
        said.contains("--qick") && said.contains("--quick"),
        "{said}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_found_before_the_work() {
    // A folder below a file cannot be made, by any user, on any system.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let out = file.join("out");
    let said = refused(&["experiment", "--out", out.to_str().unwrap()], 1);
    assert!(
        said.contains(out.to_str().unwrap()) && said.contains("--out"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn no_verb_shows_the_help() {
    let output = smallbatch(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("experiment"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn what_to_expect_of_a_table_is_said_at_once_and_a_target_needs_a_table() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let rows: String = (0..40)
        .map(|row| format!("{row},{},{}\n", row * 7 % 40 * 1000, row % 9))
        .collect();
    std::fs::write(folder.path().join("houses.csv"), format!("a,b,y\n{rows}")).unwrap();
    let foretell = ["run", "--predict", "houses.csv", "--target", "a"];
    let (code, said) = said_in(folder.path(), &foretell);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("houses: 40 rows, 2 features"), "{said}");
    assert!(said.contains("of 100       "), "{said}");
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );
    let alone = refused(&["experiment", "--target", "a"], 2);
    assert!(alone.contains("--predict"), "{alone}");
}

#[test]
fn the_help_names_what_there_is_and_fits_a_terminal() {
    let output = smallbatch(&["experiment", "--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for word in [
        "scale-mismatch-hurts",
        "epochs-depend",
        "--quick",
        "--repetitions",
        "--base-seed",
        "--replicate",
        "--tables",
        "--threads",
        "--out",
        "report.html",
        "Ctrl-C",
    ] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    let widest = help.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?} columns:\n{help}");
}

#[test]
fn the_memory_of_training_is_measured_in_a_process_of_its_own() {
    let probe = |data: &str| {
        format!(
            r#"{{"data": "{data}", "samples": 20000, "seed": 0, "hidden": [32], "updates": 3, "batch": 32}}"#
        )
    };
    let output = smallbatch(&["probe-memory", &probe("two-inputs")])
        // As the experiment asks: what is freed is given back to the system.
        .env("MALLOC_MMAP_THRESHOLD_", "65536")
        .env("MALLOC_TRIM_THRESHOLD_", "65536")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let numbers: Vec<u64> = text(&output.stdout)
        .split_whitespace()
        .map(|number| number.parse().expect("a number"))
        .collect();
    // Some systems do not tell a process its peak, among them some Linux kernels.
    if std::fs::OpenOptions::new()
        .write(true)
        .open("/proc/self/clear_refs")
        .is_ok()
    {
        let [lump, chunks, mini] = numbers[..] else {
            panic!("{numbers:?}");
        };
        // The values and gradients of 32 hidden units, four bytes each, but for a tenth in pages that were there before.
        assert!(10 * lump > 9 * 20_000 * 32 * 8, "{numbers:?}");
        assert!(chunks < lump / 2 && mini < lump / 2, "{numbers:?}");
    } else {
        assert!(numbers.is_empty(), "{numbers:?}");
    }
    let said = refused(&["probe-memory", &probe("digit")], 2);
    assert!(said.contains("digits"), "{said}");
    let said = refused(&["probe-memory", r#"{"data": "digits"}"#], 2);
    assert!(said.contains("missing field"), "{said}");
}

#[test]
fn the_version_is_the_crates() {
    let output = smallbatch(&["--version"]).output().unwrap();
    assert_eq!(
        text(&output.stdout),
        concat!("smallbatch ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

/// Ctrl-C is sent with `kill`, which Windows does not have.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_work_and_writes_what_is_complete() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // Far more repetitions than the test would wait for.
    let mut program = smallbatch(&["experiment", "centering-alone", "--repetitions", "1024"])
        .arg("--out")
        .arg(&out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(program.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains('%'), "no progress, but {line:?}");

    let killed = Command::new("kill")
        .args(["-INT", &program.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let start = Instant::now();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{rest}");
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "it went on for {:?}",
        start.elapsed()
    );
    assert!(
        rest.contains("stopping") && rest.contains("stopped after"),
        "{rest}"
    );
    for name in ["results.json", "report.html", "report.md"] {
        assert!(out.join(name).is_file(), "{name} is missing");
    }
    let said = text(&output.stdout);
    assert!(
        said.contains(&out.join("report.html").display().to_string()),
        "{said}"
    );
    let results = results_in(&out);
    assert!(results["answers"].is_array() && results["schema_version"] == 2);
}

fn results_in(folder: &Path) -> serde_json::Value {
    let results = std::fs::read_to_string(folder.join("results.json")).expect("results");
    serde_json::from_str(&results).expect("JSON")
}

/// Rows of a table in which the first column decides the second, or the class.
fn rows(count: usize, row: impl Fn(usize) -> String) -> String {
    (0..count).map(row).collect()
}

/// A table in a folder of its own.
fn table(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("houses.csv");
    std::fs::write(&file, text).expect("a file");
    let name = file.to_str().expect("a path in UTF-8").to_owned();
    (folder, name)
}

#[test]
fn tables_that_cannot_be_advised_on_are_refused_with_the_way_out() {
    let good = |n| {
        let number = |i| format!("{i},{}.5\n", 3 * i);
        format!("size,price\n{}", rows(n, number))
    };
    let one_of_a_kind = |i: usize| {
        let class = if i == 7 {
            "barn"
        } else if i.is_multiple_of(2) {
            "flat"
        } else {
            "house"
        };
        format!("{i},{class}\n")
    };
    let missing = |i: usize| {
        format!(
            "{},{}.5\n",
            if i < 3 { "NA".into() } else { i.to_string() },
            i
        )
    };
    let text = |i: usize| format!("street {i},{i}.5\n");
    for (content, target, words) in [
        (good(50), "prise", ["\"prise\"", "did you mean \"price\"?"]),
        (good(39), "price", ["39 rows", "at least 40"]),
        (
            format!("size,price\n{}", rows(50, one_of_a_kind)),
            "price",
            ["\"barn\"", "1 member"],
        ),
        (
            format!("size,price\n{}", rows(50, missing)),
            "price",
            ["3 of 50 rows", "3 in column \"size\""],
        ),
        (
            format!("size,price\n{}", rows(50, text)),
            "price",
            ["column \"size\"", "--ignore"],
        ),
        (
            format!("size,price\n{}", rows(50, |i| format!("{i},7.5\n"))),
            "price",
            ["\"7.5\"", "nothing to predict"],
        ),
    ] {
        let (_folder, file) = table(&content);
        let said = refused(&["experiment", "--data", &file, "--target", target], 1);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let said = refused(
        &["experiment", "--data", "none.csv", "--target", "price"],
        1,
    );
    assert!(said.contains("none.csv"), "{said}");
    let said = refused(&["experiment", "--data", "none.csv"], 2);
    assert!(said.contains("--target"), "{said}");
    let (_folder, file) = table(&good(50));
    let hidden = [
        "experiment",
        "--data",
        &file,
        "--target",
        "price",
        "--hidden",
        "8,0",
    ];
    let said = refused(&hidden, 2);
    assert!(said.contains("hidden layer is 0"), "{said}");
    let said = refused(&["predict", &file, &file], 1);
    assert!(said.contains("no saved model"), "{said}");
}

#[test]
fn a_table_gives_advice_and_a_model_that_predicts() {
    let row = |i: usize| format!("{},{}.5\n", 1000 + 37 * i % 50, 3 * (37 * i % 50));
    let (folder, file) = table(&format!("size,price\n{}", rows(60, row)));
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let output = smallbatch(&[
        "experiment",
        "--data",
        &file,
        "--target",
        "price",
        "--quick",
        "--hidden",
        "4",
        "--out",
        out,
    ])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for word in [
        "the default",
        "a constant prediction",
        "advice.json",
        "model.json",
    ] {
        assert!(said.contains(word), "{said}");
    }
    let advice = std::fs::read_to_string(format!("{out}/advice.json")).unwrap();
    let advice: serde_json::Value = serde_json::from_str(&advice).unwrap();
    assert_eq!(advice["reserved_rows"], 18);

    let model = format!("{out}/model.json");
    let output = smallbatch(&["predict", &model, &file]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let predictions = text(&output.stdout);
    assert_eq!(predictions.lines().next(), Some("price"));
    let numbers = predictions.lines().skip(1);
    assert_eq!(
        numbers.filter(|line| line.parse::<f64>().is_ok()).count(),
        60
    );
}

/// A small design on a table of its own: line 1 is the first of the file.
fn small_design() -> String {
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
fn small_experiment(folder: &Path) {
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
const SMALL_EXPERIMENT: [&str; 4] = ["experiment", "--file", "mine.toml", "--quick"];

/// Runs it in a folder; its exit code, and all that it said.
fn said_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = smallbatch(arguments).current_dir(folder).output();
    let output = output.expect("the program starts");
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

/// From the outside: what is said first and last, which files are there, and that nothing is made twice.
#[test]
fn a_design_of_ones_own_is_registered_answered_and_not_made_again() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let folder = folder.path();
    small_experiment(folder);
    let (code, said) = said_in(folder, &SMALL_EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let results = results_in(&folder.join("out"));
    let hash = results["design_hash"].as_str().expect("a hash");
    assert!(
        said.starts_with(&format!("design {hash}, base seed 0:")),
        "{said}"
    );
    assert!(said.contains("report.html"), "{said}");
    let answer = &results["answers"][0];
    assert_eq!(
        (answer["claim"].as_str(), answer["n_tables"].as_u64()),
        (Some("a-or-b"), Some(2))
    );
    assert_eq!(
        results["effects"].as_array().map(Vec::len),
        Some(8),
        "two tables, four repetitions"
    );

    let (code, again) = said_in(folder, &SMALL_EXPERIMENT);
    assert_eq!(code, Some(0), "{again}");
    let all = again
        .lines()
        .find(|line| line.contains("in the cache already"));
    let words: Vec<&str> = all.expect("it says so").split_whitespace().collect();
    assert_eq!(words[0], words[2], "all of them: {again}");
    assert_eq!(
        results_in(&folder.join("out"))["effects"],
        results["effects"]
    );
}

#[test]
fn a_replication_has_other_seeds_and_says_what_it_confirms() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let folder = folder.path();
    small_experiment(folder);
    let (code, said) = said_in(folder, &SMALL_EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let again = [
        "experiment",
        "--replicate",
        "out/results.json",
        "--out",
        "again",
    ];
    let (code, said) = said_in(folder, &again);
    assert_eq!(code, Some(0), "{said}");
    let (first, second) = (
        results_in(&folder.join("out")),
        results_in(&folder.join("again")),
    );
    assert_eq!(first["design_hash"], second["design_hash"]);
    assert_eq!(second["base_seed"], 1);
    assert_ne!(first["effects"], second["effects"]);
    let replication = &second["replication"];
    assert_eq!(replication["same_design"], true);
    assert_eq!(replication["answers"][0]["claim"], "a-or-b");
}

#[test]
fn a_run_is_verified_to_the_bit_and_a_changed_digit_ends_with_1() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let folder = folder.path();
    small_experiment(folder);
    let (code, said) = said_in(folder, &SMALL_EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let verify = ["experiment", "--verify", "out/results.json"];
    let (code, said) = said_in(folder, &verify);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("8 of 8 effects came out the same"), "{said}");

    let file = folder.join("out/results.json");
    let mut results = results_in(&folder.join("out"));
    let first = &mut results["effects"][0]["pairs"][0];
    *first = serde_json::json!(first.as_f64().expect("a number") * (1.0 + 1e-12));
    std::fs::write(&file, results.to_string()).expect("changed");
    let (code, said) = said_in(folder, &verify);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("repetition 0") && said.contains("7 of 8"),
        "{said}"
    );

    let (code, said) = said_in(folder, &["experiment", "--verify", "nowhere/results.json"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nowhere/results.json"), "{said}");
}

#[test]
fn a_folder_of_tables_answers_the_same_questions_and_a_bad_one_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let folder = folder.path();
    small_experiment(folder);
    std::fs::write(folder.join("empty.csv"), "x,y\n1,2\n").expect("a table");
    std::fs::remove_file(folder.join("mine.toml")).expect("no settings of mine.csv");
    std::fs::create_dir(folder.join("designs")).expect("a folder");
    let design = folder.join("designs/mine.toml");
    std::fs::write(&design, small_design()).expect("a design");
    let (code, said) = said_in(
        folder,
        &[
            "experiment",
            "--quick",
            "--file",
            "designs/mine.toml",
            "--tables",
            ".",
        ],
    );
    assert_eq!(code, Some(0), "{said}");
    let results = results_in(&folder.join("out"));
    assert_eq!(results["answers"][0]["n_tables"], 2);
    assert_eq!(results["omissions"][0]["table"], "empty");
}

#[test]
fn results_of_the_first_laboratory_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("results.json");
    std::fs::write(&file, r#"{"schema_version": 1, "claims": []}"#).expect("an old file");
    let said = refused(&["experiment", "--verify", file.to_str().unwrap()], 1);
    assert!(said.contains("run the experiment again"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_what_was_found_is_somewhere_else() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (folder, elsewhere) = (folder.path(), folder.path().join("elsewhere"));
    std::fs::create_dir(&elsewhere).expect("a folder");
    small_experiment(folder);
    // A folder in the place of the file: it cannot be written there, as on a full disk.
    std::fs::create_dir_all(folder.join("out/results.json")).expect("a folder in the way");
    let output = smallbatch(&SMALL_EXPERIMENT)
        .env("TMPDIR", &elsewhere)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("out/results.json") && said.contains("instead"),
        "{said}"
    );
    let rescued = std::fs::read_dir(&elsewhere).expect("the folder is there");
    let rescued = rescued.flatten().next().expect("a rescue").path();
    assert!(rescued.join("results.json").exists() && rescued.join("report.html").exists());
}
