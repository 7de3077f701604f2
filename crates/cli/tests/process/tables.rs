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
        let said = refused(&["advise", &file, "--target", target], 1);
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    }
    let said = refused(&["advise", "none.csv", "--target", "price"], 1);
    assert!(said.contains("none.csv"), "{said}");
    let said = refused(&["advise", "none.csv"], 2);
    assert!(said.contains("--target"), "{said}");
    let (_folder, file) = table(&good(50));
    let hidden = ["advise", &file, "--target", "price", "--hidden", "8,0"];
    let said = refused(&hidden, 2);
    assert!(said.contains("hidden layer is 0"), "{said}");
    let said = refused(&["predict", "none.json", &file], 1);
    assert!(said.contains("none.json"), "{said}");
}

#[test]
fn a_table_gives_advice_and_a_model_that_predicts() {
    let row = |i: usize| format!("{},{}.5\n", 1000 + 37 * i % 50, 3 * (37 * i % 50));
    let (folder, file) = table(&format!("size,price\n{}", rows(60, row)));
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let output = smallbatch(&[
        "advise", &file, "--target", "price", "--quick", "--hidden", "4", "--out", out,
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
