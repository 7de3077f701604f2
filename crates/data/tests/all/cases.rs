//! Small tables of which each stands for a whole kind that people bring: read as they are meant.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{
    ColumnKind, Frame, FrameValues, Framed, Table, TableReader, TableSchema, Task,
};

fn path(name: &str) -> String {
    format!("{}/tests/cases/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> (Table, TableSchema, Framed) {
    let table = Table::read_path(path(name)).unwrap();
    let schema = TableReader::new().schema(&table).unwrap();
    let framed = schema.labelled_frame(&table).unwrap();
    assert_eq!(framed.bad_rows, []);
    (table, schema, framed)
}

fn kinds(schema: &TableSchema) -> Vec<(&str, ColumnKind)> {
    let columns = schema.columns().iter();
    columns
        .map(|column| (column.name(), column.kind()))
        .collect()
}

fn numbers<'a>(frame: &'a Frame, name: &str) -> &'a [f64] {
    let column = frame.columns.iter().find(|column| column.name == name);
    match &column.unwrap().values {
        FrameValues::Numbers(values) => values,
        FrameValues::Categories { .. } => panic!("{name} is categories"),
    }
}

#[test]
fn truth_values_are_a_number() {
    let (_, schema, framed) = read("linear_with_boolean");
    assert_eq!(kinds(&schema)[0], ("smoker", ColumnKind::Boolean));
    assert_eq!(numbers(&framed.frame, "smoker")[..3], [0.0, 1.0, 0.0]);
    assert_eq!(schema.task(), Task::Regression);
}

#[test]
fn a_marker_among_numbers_is_a_missing_cell() {
    let (_, schema, framed) = read("null_marker");
    let age = &schema.columns()[0];
    assert_eq!((age.kind(), age.missing()), (ColumnKind::Number, 17));
    let ages = numbers(&framed.frame, "age");
    assert_eq!(ages.iter().filter(|age| age.is_nan()).count(), 17);
    assert_eq!(ages[..3], [20.0, 21.0, 22.0]);
    // An age that was not there is a number as any other.
    let later = Table::read("age,b\n55,1\n".as_bytes()).unwrap();
    let framed = schema.frame(&later).unwrap();
    assert_eq!(numbers(&framed.frame, "age"), [55.0]);
    assert_eq!(framed.notices, []);
}

#[test]
fn a_european_spreadsheet_is_a_regression_on_two_numbers() {
    let (_, schema, framed) = read("decimal_comma");
    let number = ColumnKind::Number;
    assert_eq!(
        kinds(&schema),
        [("dose", number), ("b", number), ("y", number)]
    );
    assert_eq!(numbers(&framed.frame, "dose")[..3], [0.5, 1.0, 1.5]);
    let target = framed.frame.target.unwrap();
    assert_eq!(
        target.as_values().unwrap().as_slice()[..3],
        [3.0, 7.0, 10.0]
    );
}

#[test]
fn a_constant_that_changes_is_told() {
    let (_, schema, framed) = read("constant_column");
    assert_eq!(kinds(&schema)[0], ("k", ColumnKind::Constant));
    assert_eq!(schema.columns()[0].reason(), "\"5\" in all 200 rows");
    assert_eq!(framed.frame.columns.len(), 1);
    let later = Table::read("k,a\n5,4\n6,4\n500,4\n".as_bytes()).unwrap();
    let framed = schema.frame(&later).unwrap();
    assert_eq!(framed.frame.n_rows(), 3);
    let notice = &framed.notices[0];
    assert_eq!((notice.line, notice.rows), (Some(3), 2));
    assert_eq!(
        notice.what,
        "was always 5 in training, and is now 6; it is not used"
    );
}

#[test]
fn an_index_without_a_name_is_left_out() {
    let (_, schema, framed) = read("unnamed_index");
    assert_eq!(schema.feature_names(), ["a"]);
    assert_eq!(framed.frame.n_rows(), 200);
}

#[test]
fn a_comma_within_a_name_separates_nothing() {
    let (table, schema, _) = read("comma_in_header");
    assert_eq!(table.columns(), ["size, m2", "b", "y"]);
    assert_eq!(schema.feature_names(), ["size, m2", "b"]);
}

#[test]
fn a_new_category_is_told_and_read_on() {
    let (_, schema, _) = read("categories");
    assert_eq!(kinds(&schema)[0], ("city", ColumnKind::Category));
    let later = Table::read_path(path("categories_new")).unwrap();
    let framed = schema.frame(&later).unwrap();
    let FrameValues::Categories { codes, levels } = &framed.frame.columns[0].values else {
        panic!("the city is a category");
    };
    assert_eq!(codes[1], FrameValues::UNSEEN);
    assert!(codes[0] < levels.len() as u32 && codes[2] < levels.len() as u32);
    let notice = &framed.notices[0];
    assert_eq!((notice.line, notice.rows), (Some(3), 1));
    assert_eq!(
        (notice.column.as_str(), notice.what.as_str()),
        ("city", "has the new category \"Tromso\"")
    );
}

#[test]
fn classes_and_copies_are_read_as_they_are() {
    let (_, schema, framed) = read("imbalance");
    assert_eq!(schema.classes(), ["fraud", "ok"]);
    let counts = framed.frame.target.unwrap().class_counts().unwrap();
    assert_eq!(counts, [21, 979]);
    let (_, schema, framed) = read("copies");
    assert_eq!(schema.classes(), ["no", "yes"]);
    assert_eq!(framed.frame.n_rows(), 600);
}

#[test]
fn dates_become_a_trend_and_parts_of_the_calendar() {
    let (_, schema, framed) = read("dates");
    assert_eq!(kinds(&schema)[0], ("day", ColumnKind::Date));
    assert!(
        schema.columns()[0]
            .reason()
            .starts_with("dates from 2024-03-01")
    );
    let names: Vec<&str> = framed
        .frame
        .columns
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(names, ["day: trend", "day: month", "day: weekday", "a"]);
    let trend = numbers(&framed.frame, "day: trend");
    assert_eq!(trend[..2], [0.0, 2.0 / 365.25]);
    // 2024-03-01 was a Friday; a month that was not there has a name all the same.
    let later = Table::read("day,a\n2031-12-24,0.5\n".as_bytes()).unwrap();
    let framed = schema.frame(&later).unwrap();
    for (at, name) in [(1, "December"), (2, "Wednesday")] {
        let FrameValues::Categories { codes, levels } = &framed.frame.columns[at].values else {
            panic!("a part of the calendar is a category");
        };
        assert_eq!(levels[codes[0] as usize], name);
    }
}
