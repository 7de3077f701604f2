//! A table of one's own: what to expect of it, how to train on it, predictions.

use crate::support::{given, refused, rows, said_in, smallbatch, table, text};

#[test]
fn what_to_expect_of_a_table_is_said_at_once_and_fits_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let rows: String = (0..40)
        .map(|row| format!("{row},{},{}\n", row * 7 % 40 * 1000, row % 9))
        .collect();
    std::fs::write(folder.path().join("houses.csv"), format!("a,b,y\n{rows}")).unwrap();
    for columns in ["80", "100"] {
        let output = smallbatch(&["expect", "houses.csv", "--target", "a"])
            .env("COLUMNS", columns)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.starts_with("houses: 40 rows, 2 features"), "{said}");
        assert!(said.contains("of 100       "), "{said}");
        let columns: usize = columns.parse().unwrap();
        assert!(
            said.lines().all(|line| line.chars().count() <= columns),
            "{said}"
        );
    }
    let ignoring = ["expect", "houses.csv", "--ignore", "b"];
    let (code, said) = said_in(folder.path(), &ignoring);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("houses: 40 rows, 1 features"), "{said}");
    // As the last version had it.
    let old = ["experiment", "--predict", "houses.csv"];
    let (code, said) = said_in(folder.path(), &old);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("is now `smallbatch expect FILE.csv`"),
        "{said}"
    );
}

/// What was assumed of a table is said by `inspect`, with the flags that say otherwise.
#[test]
fn what_was_assumed_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let row = |i: usize| format!("{}/{}/2021,{}%,{}.0\n", 1 + i % 12, 1 + i % 11, i, i % 10);
    let text = format!("sold,share,stars\n{}1/2/2021,7,3.0\n", rows(60, row));
    let (code, said, error) = given(folder.path(), &["inspect", "-"], &text);
    assert_eq!(code, Some(0), "{error}");
    for note in [
        "note: column \"sold\": its dates are read with the day first",
        "declare it (--month-first)",
        "name it as the time (--time)",
        "60 of its numbers have a percent sign and 1 have none",
        "declare them numbers (--task numbers)",
    ] {
        assert!(said.contains(note), "{note}: {said}");
    }
    let told = [
        "inspect",
        "-",
        "--month-first",
        "--time",
        "sold",
        "--task",
        "numbers",
    ];
    let (code, said, error) = given(folder.path(), &told, &text);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(said.matches("note: ").count(), 1, "{said}");
    assert!(said.contains("mm/dd/yyyy, as declared"), "{said}");
    let both = ["inspect", "-", "--month-first", "--day-first"];
    assert_eq!(given(folder.path(), &both, &text).0, Some(2));
}

/// Standard input is read once, and called by its name.
#[test]
fn standard_input_is_read_once_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "size,price\n{}",
        rows(80, |i| format!("{i}.5,{}.25\n", 3 * i))
    );
    let advise = ["advise", "-", "--target", "price", "--quick"];
    let (code, said, error) = given(folder.path(), &advise, &text);
    assert_eq!(code, Some(0), "{error}");
    assert!(!(said + &error).contains("nothing in the table"));
    let advice = std::fs::read_to_string(folder.path().join("out/advice.html")).unwrap();
    assert!(!advice.contains("nothing in the table"));
    let twice = ["advise", "-", "--test", "-"];
    let (code, _, error) = given(folder.path(), &twice, &text);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("standard input is one table"), "{error}");
    for verb in [
        &["advise", "-"][..],
        &["inspect", "-"],
        &["predict", "out", "-"],
    ] {
        let (code, _, error) = given(folder.path(), verb, "");
        assert_eq!(code, Some(1), "{error}");
        assert!(error.starts_with("error: standard input: "), "{error}");
    }
}

#[test]
fn tables_that_cannot_be_advised_on_are_refused_with_the_way_out() {
    let good = |n| {
        let number = |i| format!("{i},{}.5\n", 3 * i);
        format!("size,price\n{}", rows(n, number))
    };
    let text = |i: usize| format!("street {i},{i}.5\n");
    for (content, target, words) in [
        (good(50), "prise", ["\"prise\"", "did you mean \"price\"?"]),
        (good(39), "price", ["39 rows", "at least 40"]),
        (
            format!("size,price\n{}", rows(50, text)),
            "price",
            ["no column is left", "\"street 0\""],
        ),
        (
            format!("size,price\n{}", rows(50, |i| format!("{i},7.5\n"))),
            "price",
            ["\"7.5\"", "nothing to predict"],
        ),
    ] {
        let (_folder, file) = table(&content);
        let advise = ["advise", &file, "--target", target];
        let out = if words[0] == "39 rows" {
            // How many rows there are is known after the folder was made, so that work never ends at one that cannot be.
            let folder = tempfile::tempdir().expect("a folder");
            let (code, said) = said_in(folder.path(), &advise);
            assert_eq!(code, Some(1), "{said}");
            said
        } else {
            refused(&advise, 1)
        };
        assert!(words.iter().all(|word| out.contains(word)), "{out}");
    }
    let said = refused(&["advise", "none.csv", "--target", "price"], 1);
    assert!(said.contains("none.csv"), "{said}");
    let (_folder, file) = table(&good(50));
    let said = refused(&["advise", &file, "--threads", "0"], 2);
    assert!(said.contains("threads"), "{said}");
    let said = refused(&["advise", &file, "--kind", "size=colour"], 2);
    assert!(said.contains("KIND is one of"), "{said}");
    let said = refused(&["predict", "none.json", &file], 1);
    assert!(said.contains("none.json"), "{said}");
}
