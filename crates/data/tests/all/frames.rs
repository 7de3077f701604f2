//! What columns are, why, and how later tables are read by them.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{
    ColumnKind, Error, FrameValues, Framed, SchemaInference, Table, TableReader, TableSchema, Task,
};

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

/// The schema of a column `c` with these cells, again and again, beside a number and a target of numbers.
fn column(reader: &TableReader, cells: &[&str], rows: usize) -> Result<TableSchema, Error> {
    let mut text = "a,c,y\n".to_owned();
    for row in 0..rows {
        let cell = cells[row % cells.len()];
        text += &format!("{}.25,\"{cell}\",{}.5\n", row * 7 % 11, row * 3 % 13);
    }
    reader.schema(&table(&text))
}

fn kind_and_reason(cells: &[&str], rows: usize) -> (ColumnKind, String) {
    let schema = column(&TableReader::new().leave_out_text(true), cells, rows).unwrap();
    let column = &schema.columns()[1];
    (column.kind(), column.reason().to_owned())
}

#[test]
fn every_kind_is_read_off_with_a_reason() {
    use ColumnKind::{Boolean, Category, Constant, Date, Number};
    for (cells, kind, reason) in [
        (
            &["1", "2.5", "?", "-3"][..],
            Number,
            "numbers from -3 to 2.5",
        ),
        (&["a", "b", "None"], Category, "3 texts in 60 rows"),
        (&["Yes", "no", "NO", "-"], Boolean, "only Yes and no and NO"),
        (&["t", "f"], Boolean, "only t and f"),
        (&["m", "f"], Category, "2 texts in 60 rows"),
        (&["yes", "no", "maybe"], Category, "3 texts in 60 rows"),
        (&["5"], Constant, "\"5\" in all 60 rows"),
        (&["", "NA"], Constant, "all 60 cells are missing"),
        (&["1", "0"], Number, "numbers from 0 to 1"),
        (
            &["01067", "10115"],
            Category,
            "2 texts in 60 rows, codes that begin with 0",
        ),
        (&["01", "12"], Number, "numbers from 1 to 12"),
        (
            &["2024-03-01", ""],
            Date,
            "dates from 2024-03-01 to 2024-03-01",
        ),
        (
            &["31.12.2023", "01.01.2024"],
            Date,
            "dates from 2023-12-31 to 2024-01-01, written dd.mm.yyyy",
        ),
        (
            &["12/31/2023", "1/1/2024"],
            Date,
            "dates from 2023-12-31 to 2024-01-01, written mm/dd/yyyy",
        ),
        (
            &["5 %", "7.5 %"],
            Number,
            "numbers from 5 to 7.5, written with percent signs (5 % is 5)",
        ),
        (
            &["$1,200.50", "$7"],
            Number,
            "numbers from 7 to 1200.5, written with commas between thousands, currency signs",
        ),
    ] {
        let (read, said) = kind_and_reason(cells, 60);
        assert_eq!(read, kind, "{cells:?}: {said}");
        assert!(
            said.starts_with(reason) || kind == Boolean,
            "{cells:?}: {said}"
        );
    }
}

#[test]
fn dates_that_can_be_read_in_two_ways_say_so() {
    let (_, said) = kind_and_reason(&["01/02/2024", "03/02/2024"], 20);
    assert!(
        said.contains("(as mm/dd/yyyy they could be read, too)"),
        "{said}"
    );
    // The first of each month: what never changes is the day.
    let (_, said) = kind_and_reason(&["01/01/2024", "02/01/2024", "12/01/2024"], 20);
    assert!(said.contains("to 2024-12-01, written mm/dd/yyyy"), "{said}");
    let (_, said) = kind_and_reason(&["1,234", "5,678"], 20);
    assert!(
        said.contains("1,234 is read as 1234, since the table has decimal points"),
        "{said}"
    );
}

/// What numbers or names the rows is left out; what measures something never is.
#[test]
fn identifiers_are_told_from_numbers() {
    let read = |name: &str, cell: &dyn Fn(usize) -> String, first: bool| {
        let mut text = if first {
            format!("{name},a,y\n")
        } else {
            format!("a,{name},y\n")
        };
        for row in 0..40 {
            let (a, y) = (row * 7 % 11, row * 3 % 13);
            text += &if first {
                format!("{},{a}.5,{y}.5\n", cell(row))
            } else {
                format!("{a}.5,{},{y}.5\n", cell(row))
            };
        }
        let schema = TableReader::new().schema(&table(&text)).unwrap();
        let column = schema.columns().iter().find(|column| column.name() == name);
        column.unwrap().kind()
    };
    let scattered = |row: usize| format!("{}", 1000 + row * 7919 % 10007);
    let counted = |row: usize| format!("{}", row + 1);
    for name in ["id", "customer_id", "PassengerId", "row", "Index", "uuid"] {
        assert_eq!(
            read(name, &scattered, false),
            ColumnKind::Identifier,
            "{name}"
        );
    }
    for name in ["area", "price", "year", "grid", "population"] {
        assert_eq!(read(name, &scattered, false), ColumnKind::Number, "{name}");
    }
    assert_eq!(read("instant", &counted, true), ColumnKind::Identifier);
    for (name, first) in [
        ("instant", false),
        ("t", true),
        ("day", true),
        ("age", true),
    ] {
        assert_eq!(read(name, &counted, first), ColumnKind::Number, "{name}");
    }
    assert_eq!(
        read("year", &|row| format!("{}", 1950 + row), true),
        ColumnKind::Number
    );
    assert_eq!(
        read("site", &|row| format!("{}", row + 2), true),
        ColumnKind::Number
    );
    assert_eq!(
        read("id", &|row| format!("{}", row / 4), false),
        ColumnKind::Number
    );
    assert_eq!(
        read("id", &|row| format!("{row}.5"), false),
        ColumnKind::Number
    );
    assert_eq!(
        read("name", &|row| format!("Mrs. {row}"), false),
        ColumnKind::Identifier
    );
    // Better than nothing.
    let rows: String = (0..30)
        .map(|row| format!("{row},{}.5\n", row * row))
        .collect();
    let schema = TableReader::new()
        .schema(&table(&format!("n,y\n{rows}")))
        .unwrap();
    assert_eq!(schema.feature_names(), ["n"]);
}

#[test]
fn kinds_can_be_declared() {
    let reader = TableReader::new().kind("c", ColumnKind::Category);
    let schema = column(&reader, &["10", "9", "07"], 30).unwrap();
    assert_eq!(schema.columns()[1].levels(), ["07", "9", "10"]);
    assert_eq!(schema.columns()[1].reason(), "declared; 3 texts in 30 rows");
    let reader = TableReader::new().kind("c", ColumnKind::Number);
    assert_eq!(
        column(&reader, &["5"], 30).unwrap().feature_names(),
        ["a", "c"]
    );
    let error = column(&reader, &["5", "x"], 30).unwrap_err();
    assert!(matches!(error, Error::BadCell { line: 3, .. }), "{error}");
    let reader = TableReader::new().kind("c", ColumnKind::Ignored);
    assert_eq!(
        column(&reader, &["5", "x"], 30).unwrap().feature_names(),
        ["a"]
    );
    let reader = TableReader::new().kind("c", ColumnKind::Boolean);
    let error = column(&reader, &["yes", "x"], 30).unwrap_err().to_string();
    assert_eq!(
        error,
        "column \"c\" was declared a boolean, but has \"x\"; declare another kind, or correct it"
    );
    let error = column(
        &TableReader::new().kind("d", ColumnKind::Number),
        &["5"],
        30,
    );
    assert!(matches!(error, Err(Error::UnknownColumn { .. })));
    let reader = TableReader::new().kind("y", ColumnKind::Category);
    assert_eq!(
        column(&reader, &["5", "6"], 30).unwrap().task(),
        Task::Classification
    );
}

#[test]
fn markers_are_named_or_taken_at_their_word() {
    let cells = ["1", "unknown", "-999"];
    let reader = TableReader::new().missing_markers(["Unknown", "-999"]);
    let schema = column(&reader, &["1", "2", "unknown", "-999"], 40).unwrap();
    assert_eq!(
        (schema.columns()[1].missing(), schema.columns()[1].range()),
        (20, Some((1.0, 2.0)))
    );
    assert_eq!(kind_and_reason(&cells, 30).0, ColumnKind::Category);
    let countries = ["NA", "DE", "DE", ""];
    let plain = column(&TableReader::new(), &countries, 40).unwrap();
    assert_eq!(
        (
            plain.columns()[1].levels().len(),
            plain.columns()[1].missing()
        ),
        (1, 20)
    );
    let namibia = TableReader::new().no_missing_markers();
    let schema = column(&namibia, &countries, 40).unwrap();
    assert_eq!(schema.columns()[1].levels(), ["DE", "NA"]);
    assert_eq!(schema.columns()[1].missing(), 10);
}

#[test]
fn labels_with_a_point_are_classes() {
    let schema = |cells: [&str; 4]| {
        let rows: String = (0..20)
            .map(|row| format!("{}.5,{}\n", row * 7 % 11, cells[row % 4]))
            .collect();
        TableReader::new()
            .schema(&table(&format!("a,y\n{rows}")))
            .unwrap()
    };
    let pointed = schema(["0.0", "1.0", "1.0", "0.0"]);
    assert_eq!(pointed.classes(), ["0", "1"]);
    let framed = pointed.labelled_frame(&table("a,y\n1,1\n2,0.0\n")).unwrap();
    assert_eq!(framed.frame.target.unwrap().labels(), Some(&[1, 0][..]));
    assert_eq!(schema(["1", "01", "1", "01"]).classes(), ["01", "1"]);
    assert_eq!(
        schema(["3.0", "10.0", "12.0", "15.0"]).task(),
        Task::Regression
    );
    assert_eq!(schema(["3", "10", "12", "15"]).task(), Task::Classification);
}

const TRAINING: &str = "\
day,open,size,town,k,y
2024-01-01 08:00,yes,10,Ulm,7,1.5
2024-01-02 09:30,no,20,Bonn,7,2.5
2024-01-03 08:00,yes,,Ulm,7,3.5
2024-01-04 17:00,no,30,Bonn,7,
2024-01-05 08:00,-,40,,7,5.5
2024-01-06 08:00,yes,25,Ulm,7,6.5
";

fn trained() -> (TableSchema, Framed) {
    let table = table(TRAINING);
    let schema = TableReader::new().schema(&table).unwrap();
    let framed = schema.labelled_frame(&table).unwrap();
    (schema, framed)
}

#[test]
fn a_row_without_a_target_is_left_out_of_training_and_predicted() {
    let (schema, framed) = trained();
    assert_eq!(framed.frame.lines, [2, 3, 4, 6, 7]);
    let notice = &framed.notices[0];
    assert_eq!(
        (notice.line, notice.rows, notice.column.as_str()),
        (Some(5), 1, "y")
    );
    assert_eq!(notice.what, "has no target; the row is left out");
    let names: Vec<&str> = framed
        .frame
        .columns
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "day: trend",
            "day: weekday",
            "day: hour",
            "open",
            "size",
            "town"
        ]
    );
    let FrameValues::Numbers(open) = &framed.frame.columns[3].values else {
        panic!("a boolean is a number");
    };
    assert!(open[..3] == [1.0, 0.0, 1.0] && open[3].is_nan());
    let all = schema.frame(&table(TRAINING)).unwrap();
    assert_eq!((all.frame.n_rows(), &all.frame.target), (6, &None));
}

/// Rows are read on whatever is in one of them.
#[test]
fn later_tables_are_read_as_far_as_they_can_be() {
    let (schema, _) = trained();
    let later = "\
k,town,size,open,day,more
7,Ulm,20,yes,2025-12-24 23:00,1
8,Rom,big,no,2025-12-24 23:00,1
8,Rom,3e7,true,2025-12-24 23:00,1
7,,?,NO,,1
7,Ulm,20,perhaps,2025-12-24,1
7,Ulm,20,yes,24.12.2025,1
7,Ulm,1e300,yes,2025-12-24,1
7,Ulm,-31000000,yes,2025-12-24,1
";
    let framed = schema.frame(&table(later)).unwrap();
    assert_eq!(framed.frame.lines, [2, 4, 5]);
    let bad: Vec<(u64, &str)> = framed
        .bad_rows
        .iter()
        .map(|row| (row.line, row.reason.as_str()))
        .collect();
    assert!(
        bad[0]
            .1
            .starts_with("column \"size\": \"big\" is not a finite number"),
        "{bad:?}"
    );
    assert!(
        bad[1]
            .1
            .starts_with("column \"open\": \"perhaps\" is not true or false"),
        "{bad:?}"
    );
    assert!(
        bad[2]
            .1
            .starts_with("column \"day\": \"24.12.2025\" is not a date (yyyy-mm-dd)"),
        "{bad:?}"
    );
    assert_eq!(
        bad[3].1,
        "column \"size\": \"1e300\" is not a number anywhere near those of training; correct it"
    );
    assert_eq!(
        bad.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [3, 6, 7, 8, 9]
    );
    let notices: Vec<(&str, usize, &str)> = framed
        .notices
        .iter()
        .map(|notice| (notice.column.as_str(), notice.rows, notice.what.as_str()))
        .collect();
    assert_eq!(
        notices,
        [
            ("day", 1, "is missing, and never was in training"),
            (
                "day",
                6,
                "is 2025-12-24, far outside 2024-01-01 to 2024-01-06 of the training rows"
            ),
            (
                "size",
                1,
                "is 30000000, far outside 10 to 40 of the training rows"
            ),
            ("town", 2, "has the new category \"Rom\""),
            ("more", 8, "was not there in training; it is not used"),
            (
                "k",
                2,
                "was always 7 in training, and is now 8; it is not used"
            ),
        ]
    );
}

#[test]
fn a_missing_column_is_named_with_the_nearest_that_is_there() {
    let (schema, _) = trained();
    let error = schema
        .frame(&table("day,open,sise,town\n2024-01-01,yes,1,Ulm\n"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the table has no column \"size\", which the schema needs; rename \"sise\" if that is meant"
    );
    // A constant is not needed.
    assert!(
        schema
            .frame(&table("day,open,size,town\n2024-01-01,yes,1,Ulm\n"))
            .is_ok()
    );
}

#[test]
fn groups_weights_and_times_are_read() {
    let text =
        "when,who,w,a,y\n2024-01-03,p,1,5,1.5\n2024-01-01,q,2.5,6,2.5\n2024-01-02,p,0,7,3.5\n";
    let reader = TableReader::new().groups("who").weights("w").time("when");
    let schema = reader.schema(&table(text)).unwrap();
    assert_eq!(
        (schema.groups(), schema.weights(), schema.time()),
        (Some("who"), Some("w"), Some("when"))
    );
    let frame = schema.labelled_frame(&table(text)).unwrap().frame;
    assert_eq!(frame.groups, Some(vec![0, 1, 0]));
    assert_eq!(frame.weights, Some(vec![1.0, 2.5, 0.0]));
    let times = frame.times.unwrap();
    assert_eq!([times[0] - times[1], times[2] - times[1]], [2.0, 1.0]);
    assert_eq!(
        frame.columns.iter().filter(|c| c.source == "when").count(),
        2
    );
    // Its rows may be split by a column that is no feature.
    let schema = reader
        .clone()
        .ignore(["when"])
        .schema(&table(text))
        .unwrap();
    let frame = schema.labelled_frame(&table(text)).unwrap().frame;
    assert!(frame.times.is_some() && frame.columns.len() == 1);
    for (from, to) in [("2024-01-02", ""), (",q,", ",,"), ("2.5,6", "x,6")] {
        assert!(
            reader.schema(&table(&text.replace(from, to))).is_err(),
            "{from}"
        );
    }
    let error = schema
        .labelled_frame(&table(&text.replace("2.5,6", "-1,6")))
        .unwrap();
    assert_eq!(error.bad_rows[0].line, 3);
    let error = TableReader::new()
        .groups("w")
        .weights("w")
        .schema(&table(text))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the column of groups \"w\" cannot be the weights as well; name another column for one of the two"
    );
}

/// JSON has no NaN, and NaN equals nothing.
#[test]
fn a_frame_with_missing_cells_equals_itself_and_survives_json() {
    let text = "a,c,y\n1.5,x,1\n,y,2\n?,,3\n4,x,\n2,y,5\n";
    let schema = TableReader::new()
        .task(Task::Regression)
        .schema(&table(&text.replace("x,\n", "x,4\n")))
        .unwrap();
    let framed = schema.frame(&table(text)).unwrap();
    assert_eq!(framed, framed.clone());
    let json = serde_json::to_string(&framed).unwrap();
    assert!(json.contains("[1.5,null,null,4.0,2.0]"), "{json}");
    assert_eq!(serde_json::from_str::<Framed>(&json).unwrap(), framed);
    let mut other = framed.clone();
    let FrameValues::Numbers(numbers) = &mut other.frame.columns[0].values else {
        panic!("column a has numbers");
    };
    numbers[1] = 1.0;
    assert_ne!(other, framed);
}

#[test]
fn a_schema_survives_json_and_toml() {
    let (schema, framed) = trained();
    let json = serde_json::to_string(&schema).unwrap();
    let read: TableSchema = serde_json::from_str(&json).unwrap();
    assert_eq!(read, schema);
    assert_eq!(
        read.labelled_frame(&table(TRAINING)).unwrap().frame.lines,
        framed.frame.lines
    );
    let toml = schema.to_toml();
    let declared = TableReader::from_toml(&toml)
        .unwrap()
        .schema(&table(TRAINING))
        .unwrap();
    let kinds = |schema: &TableSchema| -> Vec<ColumnKind> {
        schema
            .columns()
            .iter()
            .map(|column| column.kind())
            .collect()
    };
    assert_eq!(kinds(&declared), kinds(&schema), "{toml}");
    // Names that are no bare keys.
    let text = "\"a \"\"b\"\"\",größe,y\n1,2,1.5\n2,2.5,2.5\n3,4,3.5\n";
    let schema = TableReader::new().schema(&table(text)).unwrap();
    let toml = schema.to_toml();
    assert!(
        toml.contains("\"a \\\"b\\\"\" = \"number\"") && toml.contains("\"größe\" ="),
        "{toml}"
    );
    assert!(
        TableReader::from_toml(&toml)
            .unwrap()
            .schema(&table(text))
            .is_ok()
    );
}

#[test]
fn pieces_are_read_as_the_whole() {
    let whole = TableReader::new().schema(&table(TRAINING)).unwrap();
    let (header, rows) = TRAINING.split_once('\n').unwrap();
    let mut inference = SchemaInference::new(&TableReader::new());
    for row in rows.lines() {
        inference
            .observe(&table(&format!("{header}\n{row}\n")))
            .unwrap();
    }
    assert_eq!(inference.finish().unwrap(), whole);
    let mut inference = SchemaInference::new(&TableReader::new());
    inference.observe(&table(TRAINING)).unwrap();
    let error = inference.observe(&table("a,b\n1,2\n")).unwrap_err();
    assert!(matches!(error, Error::MissingColumn { .. }), "{error}");
}

/// A cell, a name or a list is quoted with its beginning.
#[test]
fn errors_are_short_whatever_the_cell() {
    let long = "x".repeat(100_000);
    let (schema, _) = trained();
    let row = |cell: &str| format!("day,open,size,town\n2024-01-01,yes,{cell},Ulm\n");
    let framed = schema.frame(&table(&row(&long))).unwrap();
    assert!(
        framed.bad_rows[0].reason.len() < 300,
        "{}",
        framed.bad_rows[0].reason.len()
    );
    let many: Vec<String> = (0..2000).map(|at| format!("column{at}")).collect();
    let wide = format!("{}\n{}\n", many.join(","), vec!["1"; 2000].join(","));
    for error in [
        schema.frame(&table(&wide)).unwrap_err(),
        TableReader::new()
            .target(&long)
            .schema(&table(TRAINING))
            .unwrap_err(),
        TableReader::new().schema(&table(&wide)).unwrap_err(),
        TableReader::new()
            .kind("size", ColumnKind::Number)
            .schema(&table(&TRAINING.replace("Bonn", "x").replace("20", &long)))
            .unwrap_err(),
    ] {
        assert!(error.to_string().chars().count() < 400, "{error}");
    }
}
