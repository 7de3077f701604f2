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
fn an_unknown_experiment_is_refused_with_the_names_that_exist() {
    let said = refused(&["experiment", "normalisation"], 2);
    for word in ["normalisation", "normalization", "batch-size"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn fewer_than_two_seeds_are_refused() {
    for seeds in ["0", "1"] {
        let said = refused(&["experiment", "--seeds", seeds], 2);
        assert!(
            said.contains(&format!("'{seeds}'")) && said.contains("at least 2"),
            "{said}"
        );
    }
    for seeds in ["-3", "two", "2.5", "99999999999999999999999"] {
        let said = refused(&["experiment", &format!("--seeds={seeds}")], 2);
        assert!(
            said.contains(seeds) && said.contains("at least 2"),
            "{said}"
        );
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

#[test]
fn one_experiment_twice_is_refused() {
    let said = refused(&["experiment", "batch-size", "batch-size"], 2);
    assert!(said.contains("batch-size twice"), "{said}");
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
fn the_help_names_what_there_is_and_fits_a_terminal() {
    let output = smallbatch(&["experiment", "--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for word in [
        "normalization",
        "batch-size",
        "--quick",
        "--seeds",
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
            r#"{{"data": "{data}", "samples": 20000, "hidden": [32], "updates": 3, "batch": 32}}"#
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
    // Far more seeds than the test would wait for.
    let mut program = smallbatch(&["experiment", "normalization", "--quick", "--seeds", "1000"])
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
    for name in ["results.json", "runs.csv", "report.html"] {
        assert_written(&out.join(name), &text(&output.stdout));
    }
    let results = std::fs::read_to_string(out.join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    assert!(results["claims"].is_array() && results["schema_version"].is_number());
}

#[cfg(unix)]
fn assert_written(file: &Path, stdout: &str) {
    assert!(file.is_file(), "{} is missing", file.display());
    assert!(
        stdout.contains(&file.display().to_string()),
        "{} is not named in\n{stdout}",
        file.display()
    );
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

/// Curvature, noise and cost of a table of one's own, from a file, beside a comparison.
#[test]
fn a_file_asks_why_on_a_table_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    small_experiment(folder.path());
    let why = "kind = \"why\"\nname = \"reasons\"\nquestion = \"Why?\"\nseeds = 2\n[[data]]\ncsv = \"mine.csv\"\n\
               target = \"y\"\npredict = \"numbers\"\nhidden = [4]\ngoal = 0.5\n";
    std::fs::write(folder.path().join("why.toml"), why).unwrap();
    let output = smallbatch(&["experiment", "--file", "why.toml", "--quick"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let results = std::fs::read_to_string(folder.path().join("out/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let why = &results["why"];
    assert_eq!(results["experiments"][0]["experiment"], "reasons");
    for part in ["conditioning", "noise", "cost"] {
        assert_eq!(why[part][0]["dataset"], "mine", "{part}: {why}");
    }
    // The raw inputs reach to 80: their curvature is thousands of times that of a standardized input.
    let curvature = |scaling: &str| {
        let rows = why["conditioning"].as_array().unwrap();
        let row = rows.iter().find(|row| row["scaling"] == scaling).unwrap();
        row["largest_eigenvalue"].as_f64().unwrap()
    };
    assert!(curvature("raw") > 1000.0 * curvature("standardized"));
    let report = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(report.contains("Why, in numbers") && report.contains("reasons"));
    let output = smallbatch(&["experiment", "--verify", "out/results.json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

/// Runs what [`small_experiment`] has written.
const SMALL_EXPERIMENT: [&str; 6] = [
    "experiment",
    "--file",
    "mine.toml",
    "--quick",
    "--seeds",
    "2",
];

/// A small experiment on a table of its own, in a folder.
fn small_experiment(folder: &Path) {
    let rows: String = (0..80)
        .map(|i| format!("{},{}\n", i * 37 % 80, i * 11 % 7 + i))
        .collect();
    std::fs::write(folder.join("mine.csv"), format!("x,y\n{rows}")).expect("a table");
    let text = r#"
name = "mine"
question = "Which?"
reference = "a"
budgets = ["epochs"]
[[arms]]
name = "a"
scaler = "standard"
batch = 16
[[arms]]
name = "b"
scaler = "raw"
batch = 16
[[data]]
csv = "mine.csv"
target = "y"
predict = "numbers"
hidden = [4]
epochs = 2
tuning_seeds = 1
[[claims]]
id = "a-or-b"
text = "It matters."
measure = "training-loss-ratio"
first = "a"
second = "b"
direction = "less"
margin = 0.1
"#;
    std::fs::write(folder.join("mine.toml"), text).expect("an experiment");
}

/// Runs it in a folder; its exit code, and all that it said.
fn said_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = smallbatch(arguments).current_dir(folder).output();
    let output = output.expect("the program starts");
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

#[test]
fn recorded_runs_are_verified_and_a_changed_digit_ends_with_1() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let folder = folder.path();
    small_experiment(folder);
    let (code, said) = said_in(folder, &SMALL_EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let verify = ["experiment", "--verify", "out/results.json"];
    let (code, said) = said_in(folder, &verify);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("4 runs,") && said.contains("0 numbers differ"),
        "{said}"
    );

    let runs = folder.join("out/runs.csv");
    let table = std::fs::read_to_string(&runs).expect("the runs");
    std::fs::write(
        &runs,
        table.replacen(",80,", ",81,", 1).replacen(",6,", ",7,", 1),
    )
    .expect("changed");
    let (code, said) = said_in(folder, &verify);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("mine on mine, a, epochs, seed 0: updates was 7, is 6"),
        "{said}"
    );

    let (code, said) = said_in(folder, &["experiment", "--verify", "nowhere/results.json"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nowhere/results.json"), "{said}");
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
    assert!(
        folder.join("out/runs.csv").exists(),
        "what could be written was"
    );
    let rescued = std::fs::read_dir(&elsewhere).expect("the folder is there");
    let rescued = rescued.flatten().next().expect("a rescue").path();
    assert!(rescued.join("results.json").exists() && rescued.join("report.html").exists());
}
