//! Forms of values: dates with names of months, times, negative numbers; and what is said of those that can be read in two ways.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{
    ColumnKind, Frame, FrameValues, Framed, Table, TableReader, TableSchema, Task,
};

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

/// A table of one column beside a target that alternates.
fn column(cells: &[&str]) -> Table {
    let rows = cells.iter().enumerate();
    let rows: String = rows
        .map(|(row, cell)| format!("{cell};{}.5\n", row % 7))
        .collect();
    table(&format!("v;y\n{rows}"))
}

fn numbers<'a>(frame: &'a Frame, name: &str) -> &'a [f64] {
    let column = frame.columns.iter().find(|column| column.name == name);
    match &column.unwrap().values {
        FrameValues::Numbers(values) => values,
        FrameValues::Categories { .. } => panic!("{name} is categories"),
    }
}

fn notes(reader: &TableReader, cells: &[&str]) -> Vec<String> {
    reader.schema(&column(cells)).unwrap().notes()
}

#[test]
fn dates_with_names_of_months_are_dates() {
    let days = |cells: &[&str]| {
        let table = column(cells);
        let schema = TableReader::new().schema(&table).unwrap();
        assert_eq!(schema.columns()[0].kind(), ColumnKind::Date, "{cells:?}");
        let reason = schema.columns()[0].reason();
        assert!(reason.contains("written with names of months"), "{reason}");
        let again: TableSchema =
            serde_json::from_str(&serde_json::to_string(&schema).unwrap()).unwrap();
        assert_eq!(again, schema);
        let frame = schema.frame(&table).unwrap().frame;
        numbers(&frame, "v: trend").to_vec()
    };
    let first = days(&["01 Jan 2021", "15 Feb 2021", "", "01 Jan 2022"]);
    assert!((first[3] - 365.0 / 365.25).abs() < 1e-12 && first[2].is_nan());
    for other in [
        ["Jan 1, 2021", "Feb 15, 2021", "NA", "January 1, 2022"],
        ["1-Jan-21", "15-Feb-21", "-", "1-Jan-22"],
    ] {
        let other = days(&other);
        assert_eq!(first[..2], other[..2]);
        assert_eq!(first[3], other[3]);
    }
}

#[test]
fn times_of_day_are_an_angle() {
    let table = column(&["06:00", "12:00 PM", "", "18:00:00", "12:00 am"]);
    let schema = TableReader::new().schema(&table).unwrap();
    let of_day = &schema.columns()[0];
    assert_eq!(of_day.kind(), ColumnKind::Time);
    assert_eq!(of_day.reason(), "times of day from 00:00 to 18:00");
    assert!(schema.to_toml().contains("v = \"time\""));
    let again = TableReader::from_toml(&schema.to_toml()).unwrap();
    assert_eq!(
        again.schema(&table).unwrap().columns()[0].kind(),
        ColumnKind::Time
    );
    assert_eq!(schema.feature_names(), ["v: sine", "v: cosine"]);
    let frame = schema.frame(&table).unwrap().frame;
    let (sine, cosine) = (numbers(&frame, "v: sine"), numbers(&frame, "v: cosine"));
    for (row, expected) in [
        (0, (1.0, 0.0)),
        (1, (0.0, -1.0)),
        (3, (-1.0, 0.0)),
        (4, (0.0, 1.0)),
    ] {
        assert!((sine[row] - expected.0).abs() < 1e-12, "{sine:?}");
        assert!((cosine[row] - expected.1).abs() < 1e-12, "{cosine:?}");
    }
    assert!(sine[2].is_nan() && cosine[2].is_nan());
    let Framed { bad_rows, .. } = schema.frame(&column(&["07:30", "later"])).unwrap();
    assert_eq!(bad_rows.len(), 1);
    assert!(
        bad_rows[0].reason.contains("a time of day (14:05)"),
        "{bad_rows:?}"
    );
    // Most of them: the rest are slips.
    let cells: Vec<&str> = [["10:15"; 19].as_slice(), &["late"]].concat();
    let error = TableReader::new()
        .schema(&column(&cells))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("line 21") && error.contains("late"),
        "{error}"
    );
}

#[test]
fn negative_numbers_and_thousands_are_read_as_they_are_written() {
    for (cells, expected) in [
        (["(1,234.50)", "7.25", "( 3 )"], [-1234.5, 7.25, -3.0]),
        (["\u{2212}1.5", "2.5", "\u{2212}3"], [-1.5, 2.5, -3.0]),
        (
            ["1\u{a0}234.5", "12\u{2009}345.5", "7"],
            [1234.5, 12345.5, 7.0],
        ),
    ] {
        let table = column(&cells);
        let schema = TableReader::new().schema(&table).unwrap();
        assert_eq!(schema.columns()[0].kind(), ColumnKind::Number, "{cells:?}");
        let frame = schema.frame(&table).unwrap().frame;
        assert_eq!(numbers(&frame, "v"), expected);
    }
    let schema = TableReader::new()
        .schema(&column(&["(1)", "2.5", "(3)"]))
        .unwrap();
    let reason = schema.columns()[0].reason();
    assert!(reason.contains("parentheses"), "{reason}");
}

#[test]
fn dates_that_can_be_read_in_two_ways_can_be_declared_and_are_told() {
    let cells = ["3/4/2021", "5/6/2021", "7/8/2021", "12/11/2021"];
    let said = notes(&TableReader::new(), &cells);
    assert!(
        said[0].starts_with(
            "column \"v\": its dates are read with the day first, and can be read in another way: 3/4/2021 is read as 2021-04-03, and not as 2021-03-04;"
        ),
        "{said:?}"
    );
    for (day_first, month) in [(true, 3), (false, 2)] {
        let reader = TableReader::new().day_first(day_first);
        let same = TableReader::from_toml(&format!("day-first = {day_first}")).unwrap();
        assert_eq!(reader, same);
        let all = column(&cells);
        let schema = reader.schema(&all).unwrap();
        assert!(
            !schema
                .notes()
                .iter()
                .any(|note| note.contains("another way"))
        );
        let frame = schema.frame(&all).unwrap().frame;
        let months = frame
            .columns
            .iter()
            .find(|column| column.name == "v: month");
        let FrameValues::Categories { codes, .. } = &months.unwrap().values else {
            panic!("no categories");
        };
        assert_eq!(codes[0], month);
        // What was declared is written, and read again.
        let again = TableReader::from_toml(&schema.to_toml())
            .unwrap()
            .schema(&all)
            .unwrap();
        assert_eq!(again.frame(&all).unwrap().frame, frame);
        let saved = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<TableSchema>(&saved).unwrap(), schema);
        // One date that can be read in one way alone decides.
        let sure = reader.schema(&column(&["3/4/2021", "25/4/2021"])).unwrap();
        assert!(sure.columns()[0].reason().contains("dd.mm.yyyy"));
    }
}

#[test]
fn numbers_in_different_units_are_told() {
    let said = notes(&TableReader::new(), &["€5.5", "$3", "€ 4", "7"]);
    assert!(
        said[0].starts_with("column \"v\": its numbers are of several currencies (2 in €, 1 in $)"),
        "{said:?}"
    );
    let said = notes(&TableReader::new(), &["5%", "3 %", "0.4", ""]);
    assert!(
        said[0].starts_with("column \"v\": 2 of its numbers have a percent sign and 1 have none"),
        "{said:?}"
    );
    for cells in [["€5", "5 EUR", "4"], ["5%", "4 %", "3%"], ["5", "4", "3.5"]] {
        assert_eq!(notes(&TableReader::new(), &cells), [] as [String; 0]);
    }
}

#[test]
fn a_dash_is_a_missing_class() {
    let rows = "1;yes\n2;no\n3;-\n4;yes\n5;no\n6;None\n7;None\n8;no\n";
    let all = table(&format!("a;y\n{rows}"));
    let schema = TableReader::new().schema(&all).unwrap();
    assert_eq!(schema.classes(), ["None", "no", "yes"]);
    assert_eq!(schema.columns()[1].missing(), 1);
    let framed = schema.labelled_frame(&all).unwrap();
    assert_eq!(framed.frame.n_rows(), 7);
    assert_eq!(framed.notices[0].what, "has no target; the row is left out");
    assert_eq!(framed.bad_rows, []);
    let error = schema.dataset::<f32>(&all).unwrap_err().to_string();
    assert!(error.contains("1 in column \"y\""), "{error}");
    // Unless it is declared to say something, or does so beside a plus.
    let literal = TableReader::new()
        .no_missing_markers()
        .schema(&all)
        .unwrap();
    assert_eq!(literal.classes(), ["-", "None", "no", "yes"]);
    let signs = table("a;y\n1;+\n2;-\n3;+\n4;-\n");
    let schema = TableReader::new().schema(&signs).unwrap();
    assert_eq!(schema.classes(), ["+", "-"]);
    assert_eq!(schema.labelled_frame(&signs).unwrap().frame.n_rows(), 4);
    let only = table("a;y\n1;x\n2;-\n3;x\n4;-\n");
    assert_eq!(
        TableReader::new().schema(&only).unwrap().classes(),
        ["-", "x"]
    );
}

#[test]
fn a_dash_among_truth_values_is_missing() {
    let schema = TableReader::new()
        .schema(&column(&["yes", "-", "no", "no"]))
        .unwrap();
    let column = &schema.columns()[0];
    assert_eq!((column.kind(), column.missing()), (ColumnKind::Boolean, 1));
    assert_eq!(column.reason(), "only yes and no");
}

#[test]
fn whole_numbers_taken_as_classes_are_told() {
    let rows: String = (0..60).map(|i| format!("{i};{}.0\n", i % 10)).collect();
    let all = table(&format!("a;y\n{rows}"));
    let said = TableReader::new().schema(&all).unwrap().notes();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("its 10 different whole numbers are taken as classes")
            && said[0].contains("`task = \"numbers\"`"),
        "{said:?}"
    );
    let declared = TableReader::new().task(Task::Classification);
    assert_eq!(declared.schema(&all).unwrap().notes(), [] as [String; 0]);
    let two: String = (0..60).map(|i| format!("{i}.5;{}\n", i % 2)).collect();
    let two = table(&format!("a;y\n{two}"));
    assert_eq!(
        TableReader::new().schema(&two).unwrap().notes(),
        [] as [String; 0]
    );
}

#[test]
fn groups_and_times_are_hinted_at() {
    let rows: String = (0..60)
        .map(|i| format!("P{:02};2024-01-{:02};{i}.5\n", i / 3, 1 + i % 28))
        .collect();
    let all = table(&format!("patient_id;seen;y\n{rows}"));
    let said = TableReader::new().schema(&all).unwrap().notes();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("column \"patient_id\"") && said[0].contains("(`groups`)"));
    assert!(said[1].starts_with("column \"seen\"") && said[1].contains("(`time`)"));
    let told = TableReader::new().groups("patient_id").time("seen");
    assert_eq!(told.schema(&all).unwrap().notes(), [] as [String; 0]);
}

#[test]
fn missing_cells_and_dates_that_training_never_had_are_told() {
    let rows: String = (1..28)
        .map(|i| {
            format!(
                "{};2024-01-{i:02};{};{i}.5\n",
                7 * i % 20,
                ["a", "b"][i % 2]
            )
        })
        .collect();
    let schema = TableReader::new()
        .schema(&table(&format!("n;day;c;y\n{rows}")))
        .unwrap();
    let later = table("n;day;c\n;2024-02-10;a\n2;1999-01-01;-\n;2024-01-05;b\n");
    let framed = schema.frame(&later).unwrap();
    assert_eq!(framed.bad_rows, []);
    let said: Vec<(&str, usize, Option<u64>)> = framed
        .notices
        .iter()
        .map(|notice| (notice.column.as_str(), notice.rows, notice.line))
        .collect();
    assert_eq!(
        said,
        [("n", 2, Some(2)), ("day", 1, Some(3)), ("c", 1, Some(3))]
    );
    assert!(
        framed.notices[1]
            .what
            .starts_with("is 1999-01-01, far outside 2024-01-01 to 2024-01-27")
    );
    // Where some were missing in training, it was learned.
    let rows = format!("{rows};;;1.5\n");
    let schema = TableReader::new()
        .schema(&table(&format!("n;day;c;y\n{rows}")))
        .unwrap();
    let framed = schema.frame(&later).unwrap();
    assert_eq!(framed.notices.len(), 1);
}
