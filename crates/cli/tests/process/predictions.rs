//! What `predict` prints, for tables that are not as the one that was trained on.

use std::fs;

use crate::support::{case, given, modelled, said_in};

/// The numbers of a column of what was printed, by its place.
fn column(said: &str, at: usize) -> Vec<f64> {
    let lines = said.lines().skip(1);
    lines
        .map(|line| {
            line.split(',')
                .nth(at)
                .and_then(|cell| cell.parse().ok())
                .expect("a number")
        })
        .collect()
}

/// Columns are found by name, whatever their order and whatever else there is; the target may be missing.
#[test]
fn columns_are_found_by_name() {
    let folder = modelled();
    let text = "note,town,size\nx,Ulm,50\ny,Bonn,50\n";
    let (code, said, error) = given(folder.path(), &["predict", "out", "-"], text);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        error.starts_with("warning: column \"note\" was not there in training"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1);
    assert_eq!(said.lines().next(), Some("line,prediction,low,high"));
    assert_eq!(column(&said, 0), [2.0, 3.0]);
    let (predictions, low, high) = (column(&said, 1), column(&said, 2), column(&said, 3));
    assert!(
        (predictions[0] - 191.0).abs() < 3.0 && (predictions[1] - 151.0).abs() < 3.0,
        "{said}"
    );
    assert!(
        (0..2).all(|row| low[row] < predictions[row] && predictions[row] < high[row]),
        "{said}"
    );
    for (text, words) in [
        ("town\nUlm\n", ["\"size\"", "town"]),
        ("town,sizes\nUlm,50\n", ["\"size\"", "sizes"]),
        ("", ["nothing in the table", "header"]),
    ] {
        let (code, said, error) = given(folder.path(), &["predict", "out", "-"], text);
        assert_eq!((code, said.as_str()), (Some(1), ""), "{error}");
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

/// A row that cannot be read goes to a file of its own, with the reason; all others are predicted, and finite.
#[test]
fn a_bad_row_costs_itself() {
    let folder = modelled();
    let path = folder.path();
    let text = "size,town\n50,Ulm\nlarge,Ulm\n,Bonn\n1e308,Ulm\n-1e5,\n60,Bonn\n";
    let (code, said, error) = given(path, &["predict", "out", "-"], text);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(column(&said, 0), [2.0, 4.0, 6.0, 7.0], "{said}");
    assert!(
        column(&said, 1).iter().all(|value| value.is_finite()),
        "{said}"
    );
    for word in ["inf", "NaN"] {
        assert!(!said.contains(word), "{said}");
    }
    assert!(
        error.contains("2 of 6 rows cannot be read") && error.contains("bad_rows.csv"),
        "{error}"
    );
    let bad = fs::read_to_string(path.join("bad_rows.csv")).unwrap();
    assert!(
        bad.starts_with("line,reason\n3,") && bad.contains("large") && bad.contains("\n5,"),
        "{bad}"
    );
    assert_eq!(bad.lines().count(), 3);
    let strict = ["predict", "out", "-", "--strict"];
    let (code, said, error) = given(path, &strict, text);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{error}");
    assert!(
        error.contains("line 3") && error.contains("--strict"),
        "{error}"
    );
}

/// So does a malformed line: another number of cells, a quote that is not closed.
#[test]
fn a_malformed_line_costs_itself() {
    let folder = modelled();
    let path = folder.path();
    let text = "size,town,price\n50,Ulm,190\n60,\"Ulm,220\n60,Bonn\n70,Ulm,250\n80,Bonn,240,1\n";
    let (code, said, error) = given(path, &["predict", "out", "-"], text);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(column(&said, 0), [2.0, 5.0], "{said}");
    assert!(
        error.contains(
            "warning: 3 of 5 rows cannot be read and are not predicted; the first is line 3:"
        ),
        "{error}"
    );
    let bad = fs::read_to_string(path.join("bad_rows.csv")).unwrap();
    let lines: Vec<&str> = bad.lines().collect();
    assert_eq!(lines.len(), 4, "{bad}");
    for (line, starts) in lines[1..].iter().zip(["3,", "4,", "6,"]) {
        assert!(line.starts_with(starts), "{bad}");
    }
    let evaluate = ["evaluate", "out", "-", "--bad-rows", "others.csv"];
    let (code, said, error) = given(path, &evaluate, text);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        said.trim_start().starts_with("rows ")
            && said.lines().next().is_some_and(|line| line.ends_with(" 2")),
        "{said}"
    );
    assert!(
        error.contains("3 of 5 rows cannot be read and are not judged"),
        "{error}"
    );
    assert!(path.join("others.csv").is_file());
    for verb in ["predict", "evaluate"] {
        let (code, said, error) = given(path, &[verb, "out", "-", "--strict"], text);
        assert_eq!((code, said.as_str()), (Some(1), ""), "{error}");
        assert!(
            error.contains("line 3") && error.contains("--strict"),
            "{error}"
        );
        let none = "size,town,price\n60,Bonn\n";
        let (code, _, error) = given(path, &[verb, "out", "-"], none);
        assert_eq!(code, Some(1), "{error}");
        assert!(
            error.contains("none of the 1 rows can be") && error.contains("line 2"),
            "{error}"
        );
    }
    // Training refuses it, and says how to mend it.
    let (code, _, error) = given(path, &["train", "-", "--out", "no"], text);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("line 3: a quote that opens in it is not closed; close it"),
        "{error}"
    );
}

#[test]
fn a_new_category_is_predicted_with_a_warning_unless_told_otherwise() {
    let folder = modelled();
    let path = folder.path();
    let train = [
        "train",
        &case("categories"),
        "--recipe",
        "line.toml",
        "--out",
        "cities",
    ];
    let (code, said) = said_in(path, &train);
    assert_eq!(code, Some(0), "{said}");
    let new = case("categories_new");
    let predict = ["predict", "cities", &new];
    let (code, said, error) = given(path, &predict, "");
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(column(&said, 0), [2.0, 3.0, 4.0]);
    assert!(
        error.contains("warning: line 3: column \"city\" has the new category \"Tromso\""),
        "{error}"
    );
    let strict = ["predict", "cities", &new, "--strict"];
    let (code, said, error) = given(path, &strict, "");
    assert_eq!((code, said.as_str()), (Some(1), ""), "{error}");
    assert!(error.contains("Tromso"), "{error}");
}

#[test]
fn a_constant_that_changes_moves_no_prediction() {
    let folder = modelled();
    let path = folder.path();
    let train = [
        "train",
        &case("constant_column"),
        "--recipe",
        "line.toml",
        "--out",
        "constant",
    ];
    let (code, said) = said_in(path, &train);
    assert_eq!(code, Some(0), "{said}");
    let text = "k,a\n5,4\n6,4\n500,4\n";
    let (code, said, error) = given(path, &["predict", "constant", "-"], text);
    assert_eq!(code, Some(0), "{error}");
    let predictions = column(&said, 1);
    assert!(
        predictions.iter().all(|value| (value - 12.0).abs() < 0.05),
        "{said}"
    );
    assert_eq!(predictions.len(), 3);
    assert!(
        error.contains("warning: line 3: column \"k\" was always 5 in training"),
        "{error}"
    );
}

#[test]
fn classes_come_with_their_probabilities() {
    let folder = modelled();
    let path = folder.path();
    let train = [
        "train",
        &case("imbalance"),
        "--recipe",
        "line.toml",
        "--out",
        "frauds",
    ];
    let (code, said) = said_in(path, &train);
    assert_eq!(code, Some(0), "{said}");
    let (code, said, error) = given(path, &["predict", "frauds", "-"], "b,a\n0,0\n4,4\n");
    assert_eq!(
        (
            code,
            error
                .lines()
                .filter(|line| !line.starts_with("warning"))
                .count()
        ),
        (Some(0), 0)
    );
    assert_eq!(said.lines().next(), Some("line,prediction,p(fraud),p(ok)"));
    for line in said.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let p: Vec<f64> = cells[2..]
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect();
        assert!((p[0] + p[1] - 1.0).abs() < 1e-5, "{said}");
        assert_eq!(cells[1], ["fraud", "ok"][usize::from(p[1] > p[0])]);
    }
}

#[test]
fn the_coverage_of_intervals_can_be_chosen() {
    let folder = modelled();
    let width = |coverage: &str| {
        let predict = ["predict", "out", "-", "--coverage", coverage];
        let (code, said, error) = given(folder.path(), &predict, "size,town\n50,Ulm\n");
        (code, said, error)
    };
    let of = |said: &str| column(said, 3)[0] - column(said, 2)[0];
    assert!(of(&width("0.5").1) < of(&width("0.95").1));
    let (code, said, error) = width("1.5");
    assert!(matches!(code, Some(1 | 2)) && said.is_empty(), "{error}");
    assert!(error.contains("coverage"), "{error}");
}
