//! Runs from their beginning to their files, and the same again.

use crate::support::{
    SMALL_EXPERIMENT, modelled, refused, results_in, said_in, small_design, small_experiment,
    smallbatch, text,
};

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
        said.contains(&format!("\ndesign {hash}, base seed 0:")),
        "{said}"
    );
    let open = "\n\nOpen out/report.html\n";
    assert!(said.contains(open), "{said}");
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
    let all = all.and_then(|line| line.split_once("; "));
    let words: Vec<&str> = all.expect("it says so").1.split(' ').collect();
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
    let in_place = ["replicate", "out", "--out", "out"];
    let (code, said) = said_in(folder, &in_place);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("would replace the results"), "{said}");
    let (code, said) = said_in(folder, &["replicate", "out", "--out", "again"]);
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
    let verify = ["verify", "out/results.json"];
    // From wherever it is asked.
    let elsewhere = tempfile::tempdir().expect("another folder");
    let results = folder.join("out/results.json");
    let from_elsewhere = ["verify", results.to_str().expect("UTF-8")];
    let (code, said) = said_in(elsewhere.path(), &from_elsewhere);
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

    let (code, said) = said_in(folder, &["verify", "nowhere/results.json"]);
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
            "run",
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

/// A model and its advice belong together: where one cannot be written, the other is not replaced.
#[cfg(unix)]
#[test]
fn on_a_full_disk_advice_and_model_are_somewhere_else_and_the_old_ones_stay() {
    let folder = modelled();
    let (folder, elsewhere) = (folder.path(), folder.path().join("elsewhere"));
    std::fs::create_dir(&elsewhere).expect("a folder");
    let model = folder.join("out/model.safetensors");
    let before = std::fs::read(&model).expect("a model");
    // A folder in the place of the file: it cannot be written there, as on a full disk.
    std::fs::create_dir(folder.join("out/advice.html")).expect("a folder in the way");
    let output = smallbatch(&["advise", "houses.csv", "--quick"])
        .env("TMPDIR", &elsewhere)
        .current_dir(folder)
        .output()
        .expect("the program starts");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("out/advice.html") && said.contains("instead"),
        "{said}"
    );
    assert_eq!(std::fs::read(&model).expect("a model"), before);
    assert!(!folder.join("out/advice.json").exists());
    let rescued = std::fs::read_dir(&elsewhere).expect("the folder is there");
    let rescued = rescued.flatten().next().expect("a rescue").path();
    for name in ["advice.html", "advice.json", "model.safetensors"] {
        assert!(rescued.join(name).is_file(), "{name}");
    }
    let mut left = std::fs::read_dir(folder.join("out")).expect("listed");
    assert!(left.all(|entry| {
        !entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    }));
}
