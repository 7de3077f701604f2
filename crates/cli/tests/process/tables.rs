//! A table of one's own: what to expect of it, how to train on it, predictions.

use crate::support::{refused, rows, said_in, smallbatch, table, text};

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
