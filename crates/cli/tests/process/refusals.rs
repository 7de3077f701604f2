//! What the program refuses, and what it says then.

use crate::support::{refused, small_design, table};

#[test]
fn an_unknown_claim_is_refused_with_the_names_that_exist() {
    let said = refused(&["run", "minibatch-is-fast"], 2);
    for word in ["did you mean \"minibatch-is-faster\"?", "epochs-depend"] {
        assert!(said.contains(word), "{said}");
    }
    let said = refused(&["run", "Mini-batches are much faster"], 2);
    assert!(
        said.contains("did you mean \"minibatch-is-faster\"?"),
        "{said}"
    );
    let said = refused(&["run", "verfy"], 2);
    assert!(
        said.contains("did you mean the verb: `smallbatch verify`?"),
        "{said}"
    );
}

#[test]
fn repetitions_that_are_no_look_are_refused() {
    for repetitions in ["0", "3", "5", "9223372036854775807"] {
        let said = refused(&["run", "--repetitions", repetitions], 2);
        assert!(
            said.contains(repetitions) && said.contains("4, 8, 16"),
            "{said}"
        );
    }
    for repetitions in ["-3", "two", "2.5", "99999999999999999999999"] {
        let said = refused(&["run", &format!("--repetitions={repetitions}")], 2);
        assert!(said.contains(repetitions), "{said}");
    }
}

#[test]
fn no_threads_are_refused() {
    let said = refused(&["run", "--threads", "0"], 2);
    assert!(
        said.contains("'0'") && said.contains("at least 1"),
        "{said}"
    );
}

#[test]
fn more_threads_than_any_machine_has_are_refused() {
    for threads in ["1025", "4000000000"] {
        let said = refused(&["run", "--threads", threads], 2);
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
        let said = refused(&["run", "--file", file.to_str().unwrap()], 2);
        let place = format!("mine.toml, line {line}:");
        assert!(said.contains(words), "{to}: {said}");
        assert!(said.contains(&place), "{to}: {said}");
    }
}

#[test]
fn an_unknown_option_is_refused_with_the_nearest() {
    let said = refused(&["run", "--qick"], 2);
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
    let said = refused(&["run", "--out", out.to_str().unwrap()], 1);
    assert!(
        said.contains(out.to_str().unwrap()) && said.contains("--out"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn results_of_the_first_laboratory_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("results.json");
    std::fs::write(&file, r#"{"schema_version": 1, "claims": []}"#).expect("an old file");
    let said = refused(&["verify", file.to_str().unwrap()], 1);
    assert!(said.contains("run the experiment again"), "{said}");
}

#[test]
fn a_misspelt_verb_is_refused_with_the_nearest() {
    let said = refused(&["verfiy", "out"], 2);
    assert!(
        said.contains("\"verfiy\"") && said.contains("did you mean `smallbatch verify`?"),
        "{said}"
    );
    for (word, meant) in [
        ("rnu", "`smallbatch run`"),
        ("experiments", "`smallbatch experiment`"),
        ("minibatch-is-fast", "`smallbatch run minibatch-is-faster`"),
        (
            "mini-batches are much faster",
            "`smallbatch run minibatch-is-faster`",
        ),
        ("zzzz", "`smallbatch --help`"),
    ] {
        let said = refused(&[word], 2);
        assert!(said.contains(meant), "{said}");
    }
}

#[test]
fn a_verb_has_no_flags_of_another() {
    for flags in [["verify", "out", "--quick"], ["report", "out", "--all"]] {
        let said = refused(&flags, 2);
        assert!(said.contains(flags[2]), "{said}");
    }
    let said = refused(&["run", "--predict", "a.csv", "--repetitions", "8"], 2);
    assert!(said.contains("--predict"), "{said}");
}

/// Squares of a target around 1e-300 are 0: no learning rate helps, another unit does.
#[test]
fn a_target_in_an_absurd_unit_is_named() {
    let rows = (0..60).map(|row| format!("{}e-300,{}e-300\n", row * 7 % 60, row * 11 % 60));
    let (_folder, tiny) = table(&format!("x,y\n{}", rows.collect::<String>()));
    for verb in ["train", "advise"] {
        let said = refused(&[verb, &tiny], 1);
        assert!(
            said.contains("\"y\"") && said.contains("in another unit") && !said.contains("rate"),
            "{verb}: {said}"
        );
    }
}

/// A device that never ends, in the place of each file that is read whole.
#[cfg(target_os = "linux")]
#[test]
fn a_file_without_an_end_is_refused() {
    let zero = "/dev/zero";
    let (_folder, houses) = table("size,price\n1,2\n");
    let (settings, table, model) = ("16777216 bytes", "no text", "no model");
    for (arguments, code, words) in [
        (&["run", "--file", zero][..], 1, settings),
        (&["inspect", zero], 1, table),
        (&["expect", zero], 1, table),
        (&["advise", zero], 1, table),
        (&["train", zero], 1, table),
        (&["predict", zero, &houses], 1, model),
        (&["train", &houses, "--recipe", zero], 2, settings),
        (&["inspect", &houses, "--schema", zero], 1, settings),
    ] {
        let said = refused(arguments, code);
        assert!(
            said.contains("/dev/zero") && said.contains(words),
            "{arguments:?}: {said}"
        );
    }
}

/// What somebody else wrote into a table does not fill the screen.
#[test]
fn errors_are_short_and_name_the_file() {
    let long = "x".repeat(1 << 17);
    let names: Vec<String> = (0..100_001).map(|at| format!("c{at}")).collect();
    let (many, cells) = (names.join(","), vec!["1"; 100_001].join(","));
    let numbers = |name: &str| {
        let rows = (0..60).map(|row| format!("{row},{}\n", row * 7 % 60));
        format!("{name},y\n{}", rows.collect::<String>())
    };
    for (text, target, words) in [
        (format!("{}{long},3\n", numbers("a")), "y", "line"),
        (
            format!("a,y\n{}", format!("1,{long}\n").repeat(60)),
            "y",
            "classes",
        ),
        (numbers(&long), "z", "no column"),
        (format!("{many}\n{cells}\n"), "c1", "100001 columns"),
        (format!("a,y\n1,{long}\n2,3,4\n"), "y", "line 3"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("houses.csv");
        std::fs::write(&file, text).expect("a table");
        let file = file.to_str().expect("UTF-8");
        for verb in ["expect", "advise", "train"] {
            let said = refused(&[verb, file, "--target", target], 1);
            assert!(said.len() < 1500, "{verb}: {} letters", said.len());
            assert!(said.contains(words), "{verb}: {said}");
            assert!(said.contains("houses.csv"), "{verb}: {said}");
        }
    }
}

/// A slip of some zeros is an error, not the end of the program for want of memory.
#[test]
fn absurd_sizes_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("a file");
        file.to_str().expect("UTF-8").to_owned()
    };
    let rows: String = (0..60)
        .map(|row| format!("{row},{}\n", row * 7 % 60))
        .collect();
    let houses = write("houses.csv", &format!("a,y\n{rows}"));
    for hidden in ["1099511627776", "16384, 16385", "9223372036854775807"] {
        let recipe = write("wide.toml", &format!("[network]\nhidden = [{hidden}]\n"));
        let said = refused(&["train", &houses, "--recipe", &recipe], 1);
        assert!(said.contains("more than 268435456 parameters"), "{said}");
    }
    let probe = r#"{"data": "two-inputs", "samples": 9007199254740993, "seed": 0, "hidden": [32], "updates": 3, "batch": 32}"#;
    let said = refused(&["probe-memory", probe], 1);
    assert!(said.contains("at most"), "{said}");
}
