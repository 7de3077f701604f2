//! Small tables that broke earlier advice, each for a whole kind: what is right for it comes out.

use smallbatch_advice::{Conclusion, Way};
use smallbatch_data::{ColumnKind, ColumnRole, Table, Task};
use smallbatch_pipeline::Measures;

use crate::support::{advised, case, file, path, right, scores};

/// y = b + 4·smoker, without noise: the easiest table there is.
#[test]
fn an_easy_table_is_explained_whole() {
    let advised = advised(&case("linear_with_boolean"));
    assert!(right(advised.model.held_out()) > 0.99, "{}", advised.advice);
    let new = Table::read("b,smoker\n2.4,False\n2.4,True\n".as_bytes()).unwrap();
    let values = advised.model.predict(&new).unwrap().values;
    assert!(
        (values[0] - 2.4).abs() < 0.2 && (values[1] - 6.4).abs() < 0.2,
        "{values}"
    );
}

/// 60 rows, ten times each, whose target nothing predicts: who trains on a copy knows it.
#[test]
fn copies_do_not_lie_on_both_sides() {
    let advised = advised(&case("copies"));
    let advice = &advised.advice;
    assert_eq!(advice.copies, 540);
    assert!(
        advice
            .notes
            .iter()
            .any(|note| note.starts_with("540 rows have the inputs of an earlier row"))
    );
    let loss = advised.model.held_out().relative_loss();
    assert!(
        advice.conclusion == Conclusion::CannotTell || loss > 0.9,
        "{advice}"
    );
    assert!(right(advised.model.held_out()) < 0.75, "{advice}");
}

#[test]
fn a_word_for_a_missing_cell_is_no_category() {
    let table = case("null_marker");
    let advised = advised(&table);
    let model = &advised.model;
    let age = &model.schema().columns()[0];
    assert_eq!((age.kind(), age.missing()), (ColumnKind::Number, 17));
    assert!(
        advised
            .advice
            .notes
            .iter()
            .any(|note| note.contains("17 missing cells"))
    );
    // Of the rows whose age is known nearly all is explained: y = 2·age + b.
    let text = std::fs::read_to_string(path("tests/cases/null_marker.csv")).unwrap();
    let known: Vec<&str> = text.lines().filter(|line| !line.contains("null")).collect();
    assert_eq!(known.len(), 1 + 103);
    let known = Table::read(known.join("\n").as_bytes()).unwrap();
    let (scores, _) = model.evaluate(&known).unwrap();
    assert!(right(&scores) > 0.99, "{scores:?}");
    // An age that was not in the table, and none at all.
    let new = Table::read("age,b\n55,1\nnull,1\n".as_bytes()).unwrap();
    let predictions = model.predict(&new).unwrap();
    assert_eq!(predictions.bad_rows, []);
    assert!(
        (predictions.values[0] - 111.0).abs() < 5.0,
        "{}",
        predictions.values
    );
}

#[test]
fn a_european_spreadsheet_is_a_regression() {
    let advised = advised(&case("decimal_comma"));
    let advice = &advised.advice;
    assert_eq!((advice.task, advice.features), (Task::Regression, 2));
    assert!(right(advised.model.held_out()) > 0.9, "{advice}");
    let new = Table::read("dose;b\n1,5;0\n12,5;1\n".as_bytes()).unwrap();
    let values = advised.model.predict(&new).unwrap().values;
    // y is 3·dose·2 here, and b says whether it is odd.
    assert!(values[0].is_finite() && values[1] > values[0], "{values}");
}

#[test]
fn a_constant_that_changes_moves_no_prediction() {
    let advised = advised(&case("constant_column"));
    let new = Table::read("k,a\n5,4\n6,4\n500,4\n".as_bytes()).unwrap();
    let predictions = advised.model.predict(&new).unwrap();
    for value in &predictions.values {
        assert!((value - 12.0).abs() < 0.05, "{value}");
    }
    let notice = &predictions.notices[0];
    assert_eq!((notice.column.as_str(), notice.rows), ("k", 2));
    assert!(
        notice.what.contains("always 5 in training"),
        "{}",
        notice.what
    );
}

#[test]
fn an_index_without_a_name_is_left_out() {
    let advised = advised(&case("unnamed_index"));
    let columns = advised.model.schema().columns();
    assert_eq!(
        (columns[0].kind(), columns[0].role()),
        (ColumnKind::Identifier, ColumnRole::Feature)
    );
    assert!(!columns[0].reason().is_empty());
    assert_eq!(advised.advice.features, 1);
    assert!(
        advised
            .advice
            .notes
            .iter()
            .any(|note| note.contains("is left out")),
        "{}",
        advised.advice
    );
    assert!(right(advised.model.held_out()) > 0.95, "{}", advised.advice);
    // Later the index may be missing.
    let new = Table::read("a\n3.7\n".as_bytes()).unwrap();
    let value = advised.model.predict(&new).unwrap().values[0];
    assert!((value - 12.1).abs() < 1.0, "{value}");
}

#[test]
fn a_comma_within_a_name_separates_nothing() {
    let advised = advised(&case("comma_in_header"));
    assert_eq!(advised.model.schema().feature_names(), ["size, m2", "b"]);
    assert!(right(advised.model.held_out()) > 0.95, "{}", advised.advice);
}

#[test]
fn a_new_category_is_predicted_and_told() {
    let advised = advised(&case("categories"));
    assert!(right(advised.model.held_out()) > 0.95, "{}", advised.advice);
    let predictions = advised.model.predict(&case("categories_new")).unwrap();
    assert_eq!(predictions.lines, [2, 3, 4]);
    assert!(predictions.values.iter().all(|value| value.is_finite()));
    assert_eq!(
        predictions.notices[0].what,
        "has the new category \"Tromso\""
    );
}

/// Two frauds in a hundred rows: who says "ok" of every row is right in 98.
#[test]
fn a_rare_class_is_found_and_named() {
    let advised = advised(&case("imbalance"));
    let advice = &advised.advice;
    assert_ne!(advice.conclusion, Conclusion::CannotTell, "{advice}");
    for scores in [advised.model.held_out(), scores(advice, advice.advised())] {
        let Measures::Classes { auc, .. } = scores.measures else {
            panic!("fraud or not is a class")
        };
        assert!(auc.unwrap() > 0.99, "{advice}");
    }
    let note = advice
        .notes
        .iter()
        .find(|note| note.contains("\"fraud\""))
        .unwrap();
    assert!(
        note.starts_with("only 2.1 % of the rows") && note.contains("log loss"),
        "{note}"
    );
}

#[test]
fn dates_are_a_trend_and_a_calendar() {
    let advised = advised(&case("dates"));
    let advice = &advised.advice;
    assert!(right(advised.model.held_out()) > 0.9, "{advice}");
    assert!(advice.features < 30, "{advice}");
    // The last rows of the table, and the same days of the week some weeks later.
    let new = Table::read(
        "day,a\n2025-10-18,0.5\n2025-10-20,0.5\n2025-11-15,0.5\n2025-11-17,0.5\n".as_bytes(),
    )
    .unwrap();
    let values = advised.model.predict(&new).unwrap().values;
    let (saturday, monday) = (values[2] - values[0], values[3] - values[1]);
    assert!(saturday.abs() < 2.0 && monday.abs() < 2.0, "{values}");
    assert!(
        values[0] - values[1] > 2.0 && values[2] - values[3] > 2.0,
        "{values}"
    );
}

/// Nobody asks for a network where a line is as good, and nobody goes without one where it is better.
#[test]
fn the_saved_model_is_at_least_as_good_as_a_straight_line() {
    // What holds for any table is checked by `advised`; here on real ones.
    for (name, least) in [
        ("data/population/iris.csv.gz", 0.9),
        ("data/breast_cancer.csv", 0.93),
        ("data/yacht.csv", 0.95),
    ] {
        let advised = advised(&file(name));
        let advice = &advised.advice;
        assert!(right(advised.model.held_out()) > least, "{advice}");
        assert!(
            !advice.to_string().contains("gives the target away"),
            "{advice}"
        );
        let line = scores(advice, Way::Line).loss;
        assert!(advised.model.held_out().loss <= 1.1 * line, "{advice}");
    }
}
