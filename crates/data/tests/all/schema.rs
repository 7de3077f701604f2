//! Tables with categories, and tables that cannot be used.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{
    ColumnKind, Dataset, Error, MissingValues, Table, TableReader, TableSchema, Target, Task,
};

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

fn schema(text: &str, target: &str) -> TableSchema {
    let reader = TableReader::new().target(target);
    reader.schema(&table(text)).unwrap()
}

fn refused(text: &str, target: &str) -> Error {
    let reader = TableReader::new().target(target);
    read(&reader, text).unwrap_err()
}

/// The data set, or why there is none.
fn read(reader: &TableReader, text: &str) -> Result<Dataset<f32>, Error> {
    let table = Table::read(text.as_bytes())?;
    reader.schema(&table)?.dataset(&table)
}

const TOWNS: &str =
    "size,town,price\n50,Ulm,300.5\n80,Bonn,420\n70,Ulm,400\n65,Bonn,350\n60,Ulm,1\n";

#[test]
fn categories_become_one_column_each() {
    let schema = schema(TOWNS, "price");
    assert_eq!(schema.task(), Task::Regression);
    let data: Dataset<f64> = schema.dataset(&table(TOWNS)).unwrap();
    assert_eq!(data.feature_names(), ["size", "town=Bonn", "town=Ulm"]);
    let columns = data.features().columns(0, 2);
    assert_eq!(
        columns.iter().copied().collect::<Vec<_>>(),
        [50.0, 0.0, 1.0, 80.0, 1.0, 0.0]
    );
}

#[test]
fn a_saved_schema_reads_other_tables_by_name() {
    let schema = schema(TOWNS, "price");
    let json = serde_json::to_string(&schema).unwrap();
    let schema: TableSchema = serde_json::from_str(&json).unwrap();
    let features = schema
        .features::<f32>(&table("town,size\nUlm,55\n"))
        .unwrap();
    assert_eq!(features.as_slice(), [55.0, 0.0, 1.0]);

    let error = schema.features::<f32>(&table("town,size\nUlm,55\nRom,60\n"));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("line 3, column \"town\": \"Rom\""),
        "{error}"
    );
    assert!(error.contains("Bonn, Ulm"), "{error}");

    let error = schema.features::<f32>(&table("town,sise\nUlm,55\n"));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("no column \"size\", which the schema needs; rename \"sise\""),
        "{error}"
    );
    // Another column more is no reason to refuse.
    let features = schema.features::<f32>(&table("note,town,size\nx,Ulm,55\n"));
    assert_eq!(features.unwrap().as_slice(), [55.0, 0.0, 1.0]);
}

#[test]
fn the_task_is_read_off_the_target_unless_said() {
    let text = "a,y\n1,0\n2,1\n3,0\n4,1\n";
    assert_eq!(schema(text, "y").task(), Task::Classification);
    assert_eq!(schema(text, "y").classes(), ["0", "1"]);
    let said = TableReader::new().task(Task::Regression);
    assert_eq!(said.schema(&table(text)).unwrap().task(), Task::Regression);
    // Eleven whole numbers are numbers, unless the column says that they are classes.
    let rows: String = (0..44).map(|i| format!("{i},{}\n", i % 11)).collect();
    for (name, task) in [
        ("y", Task::Regression),
        ("class", Task::Classification),
        ("Label", Task::Classification),
    ] {
        assert_eq!(schema(&format!("a,{name}\n{rows}"), name).task(), task);
    }
    // Classes that are asked for may be many, of numbers too, if there are rows of each.
    let asked = TableReader::new().task(Task::Classification);
    for row in [|i| format!("{i},c{i}\n"), |i| format!("{i},{}\n", i / 2)] {
        let rows: String = (0..120).map(row).collect();
        let classes = read(&asked, &format!("a,y\n{rows}")).unwrap().n_outputs();
        assert!(classes >= 60, "{classes}");
    }
    // Quantities are none.
    for row in [|i| format!("{i},{i}\n"), |i| format!("{i},{}.5\n", i / 2)] {
        let rows: String = (0..120).map(row).collect();
        let error = read(&asked, &format!("a,y\n{rows}")).unwrap_err();
        assert!(
            matches!(error, Error::ContinuousTarget { n_rows: 120, .. }),
            "{error}"
        );
        assert!(
            error.to_string().contains("predict them as numbers"),
            "{error}"
        );
    }
}

#[test]
fn missing_values_are_counted_by_row_and_column() {
    let error = refused("a,b,y\n1,,3.5\n2,?,4\n,5,5\n3,1,6\n", "y").to_string();
    for part in [
        "3 of 4 rows",
        "1 in column \"a\"",
        "2 in column \"b\"",
        "line 2, 3, 4",
        "`ignore`",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // A missing cell in a column that is not used is no reason to refuse.
    let ignoring = TableReader::new().ignore(["b"]);
    assert!(read(&ignoring, "a,b,y\n1,,3\n2,?,4.5\n").is_ok());
}

#[test]
fn names_and_ids_are_no_categories() {
    let rows: String = (0..300).map(|i| format!("id{i},{i},{}\n", i * 7)).collect();
    let text = format!("customer,a,y\n{rows}");
    // A name of each row is left out; text is refused, unless it may be left out.
    let named = schema(&text, "y");
    let customer = &named.columns()[0];
    assert_eq!(customer.kind(), ColumnKind::Identifier);
    assert!(
        customer
            .reason()
            .starts_with("300 different texts in 300 rows")
    );
    assert_eq!(named.feature_names(), ["a"]);
    let rows: String = (0..300)
        .map(|i| format!("ticket {},{i},{}\n", i * 2 / 3, i * 7))
        .collect();
    let tickets = format!("ticket,a,y\n{rows}");
    let error = refused(&tickets, "y").to_string();
    for part in [
        "\"ticket\"",
        "200 distinct texts",
        "ticket 0, ticket 1",
        "`ignore`",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let leaving = TableReader::new().leave_out_text(true);
    let left_out = leaving.schema(&table(&tickets)).unwrap();
    assert_eq!(left_out.columns()[0].kind(), ColumnKind::Text);
    let error = refused(&text, "customer").to_string();
    assert!(error.contains("300 classes in 300 rows"), "{error}");
}

#[test]
fn a_text_among_numbers_is_named_by_line_and_column() {
    let rows: String = (0..30).map(|i| format!("{i},{}.5\n", i * 7)).collect();
    let error = refused(&format!("a,y\n{rows}1O,3\n"), "y").to_string();
    assert!(error.contains("line 32, column \"a\": \"1O\""), "{error}");
    let error = refused(&format!("a,y\n{rows}10,3O\n"), "y").to_string();
    assert!(error.contains("line 32, column \"y\": \"3O\""), "{error}");
}

#[test]
fn a_constant_target_and_a_misspelt_one_are_refused() {
    let error = refused("a,price\n1,7\n2,7\n3,7\n", "price").to_string();
    assert!(
        error.contains("\"price\" is \"7\" in all 3 rows"),
        "{error}"
    );
    let error = refused("a,price\n1,7\n2,7.0\n3,7\n", "price");
    assert!(matches!(error, Error::ConstantTarget { .. }), "{error}");
    let error = refused("a,price\n1,7\n2,8\n", "prise").to_string();
    assert!(error.contains("did you mean \"price\"?"), "{error}");
}

#[test]
fn the_advice_on_missing_values_can_be_followed() {
    let text = TOWNS.replace("420", "");
    let said = refused(&text, "price").to_string();
    assert!(
        said.ends_with("fill them in, or remove these rows"),
        "{said}"
    );
    let said = refused(&TOWNS.replace("80", "NA"), "price").to_string();
    assert!(said.contains("`ignore`"), "{said}");
    let schema = schema(TOWNS, "price");
    let later = table("size,town\n,Ulm\n");
    let said = schema.features::<f64>(&later).unwrap_err().to_string();
    assert!(!said.contains("`ignore`"), "{said}");
}

#[test]
fn a_damaged_schema_is_refused() {
    let schema = schema(TOWNS, "price");
    let saved = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<TableSchema>(&saved).unwrap(), schema);
    for (from, to, says) in [
        (r#"["Bonn","Ulm"]"#, r#"["Ulm","Ulm"]"#, "a category twice"),
        (
            r#""name":"town""#,
            r#""name":"size""#,
            "has the column \"size\" twice",
        ),
        (
            r#""kind":"category""#,
            r#""kind":"number""#,
            "not read as its kind",
        ),
        (r#""role":"target""#, r#""role":"groups""#, "not one target"),
        (
            r#""decimal":".""#,
            r#""decimal":"x""#,
            "not read as its kind",
        ),
        (r#"[50.0,80.0]"#, r#"[80.0,50.0]"#, "not read as its kind"),
        (r#""role":"target","#, "", "not one target"),
    ] {
        assert!(saved.contains(from), "{from}: {saved}");
        let error = serde_json::from_str::<TableSchema>(&saved.replacen(from, to, 1));
        let said = error.unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
}

/// As schemas were written before columns had kinds.
#[test]
fn an_old_schema_reads_as_it_did() {
    let old = r#"{"features":[{"name":"size","categories":null},{"name":"town","categories":["Bonn","Ulm"]}],
        "target":"price","classes":null,"ignored":["note"],"groups":"street","missing":"admit"}"#;
    let schema: TableSchema = serde_json::from_str(old).unwrap();
    assert_eq!(
        (schema.task(), schema.target()),
        (Task::Regression, "price")
    );
    assert_eq!(schema.groups(), Some("street"));
    let features = schema
        .features::<f32>(&table("town,size\nUlm,55\n"))
        .unwrap();
    assert_eq!(features.as_slice(), [55.0, 0.0, 1.0]);
    for broken in [
        old.replace("\"price\"", "\"size\""),
        old.replace("\"classes\":null", "\"classes\":[\"a\"]"),
        old.replace("\"classes\":null", "\"classes\":[\"a\",\"a\"]"),
        old.replace("[\"note\"]", "[\"town\"]"),
    ] {
        assert!(
            serde_json::from_str::<TableSchema>(&broken).is_err(),
            "{broken}"
        );
    }
}

#[test]
fn the_target_may_stand_anywhere_and_is_the_last_column_else() {
    let text = "a,kind,b\n1,x,2\n3,z,4\n5,x,6\n7,z,8\n";
    let data = read(&TableReader::new().target("kind"), text).unwrap();
    assert_eq!(data.feature_names(), ["a", "b"]);
    assert_eq!(data.features().as_slice()[..4], [1.0, 2.0, 3.0, 4.0]);
    let names = vec!["x".to_string(), "z".to_string()];
    let labels = vec![0, 1, 0, 1];
    assert_eq!(data.target(), &Target::Classes { labels, names });
    let last = read(&TableReader::new().task(Task::Regression), text).unwrap();
    assert_eq!(last.target().names(), ["b"]);
}

#[test]
fn classes_are_in_the_order_of_numbers_if_they_are_numbers() {
    let names = |cells: [&str; 3]| {
        let rows: String = (0..6).map(|i| format!("{i},{}\n", cells[i % 3])).collect();
        schema(&format!("a,y\n{rows}"), "y").classes().to_vec()
    };
    assert_eq!(names(["10", "9", "-1"]), ["-1", "9", "10"]);
    assert_eq!(names(["10", "9", "b"]), ["10", "9", "b"]);
}

#[test]
fn numbers_that_do_not_fit_are_named_by_line_and_column() {
    let numbers = TableReader::new().task(Task::Regression);
    for cell in ["inf", "-Infinity", "1e999"] {
        let error = read(&numbers, &format!("a,y\n{cell},2\n1,3\n")).unwrap_err();
        assert!(error.to_string().contains("never admitted"), "{error}");
    }
    let wide = |text: &str| {
        let table = table(text);
        numbers.schema(&table)?.dataset::<f64>(&table)
    };
    // In f64 these cells are fine.
    for (cell, column, says) in [
        ("1e-60", "a", "read the table as f64"),
        ("-0.02e-59", "a", "read the table as f64"),
        ("1e-60", "y", "read the table as f64"),
        ("1e39", "a", "overflows f32"),
    ] {
        let text = match column {
            "a" => format!("a,y\n{cell},2\n1,3\n"),
            _ => format!("a,y\n2,{cell}\n1,3\n"),
        };
        let error = read(&numbers, &text).unwrap_err();
        assert!(
            matches!(&error, Error::BadCell { line: 2, column: at, .. } if at == column),
            "{error:?}"
        );
        assert!(error.to_string().contains(says), "{error}");
        assert!(wide(&text).is_ok());
    }
    // In f64 too.
    assert!(wide("a,y\n1e-400,2\n1,3\n").is_err());
    for zero in ["0", "-0.0", "0e5", "0.000E-400"] {
        assert!(read(&numbers, &format!("a,y\n{zero},2\n1,3\n")).is_ok());
    }
}

#[test]
fn missing_cells_are_refused_or_admitted_but_never_in_the_target() {
    let numbers = TableReader::new().task(Task::Regression);
    let classes = TableReader::new().task(Task::Classification);
    let admitting = |reader: &TableReader| reader.clone().missing(MissingValues::Admit);
    for cell in ["", "NA", "nan", "?", "null", "N/A", "#N/A", "None", "-"] {
        let text = format!("a,b,y\n1,2,3\n{cell},4,5\n2,3,6\n");
        let error = read(&numbers, &text).unwrap_err();
        assert!(
            matches!(error, Error::MissingCells { rows: 1, .. }),
            "{cell}: {error:?}"
        );
        let said = error.to_string();
        assert!(
            said.contains("1 in column \"a\"; the first are on line 3"),
            "{said}"
        );
        let data = read(&admitting(&numbers), &text).unwrap();
        assert!(data.features()[(0, 1)].is_nan());

        let error = read(&admitting(&numbers), &format!("a,y\n1,2\n3,{cell}\n4,5\n"));
        assert!(
            matches!(error, Err(Error::MissingCells { .. })),
            "{error:?}"
        );
    }
    let error = read(&admitting(&classes), "a,y\n1,k\n3,\n4,l\n");
    assert!(
        matches!(error, Err(Error::MissingCells { .. })),
        "{error:?}"
    );
}

#[test]
fn none_is_a_category_among_texts_and_missing_among_numbers() {
    let text = "garage,age,y\nNone,1,1.5\nsmall,2,2.5\nNone,3,3.5\nsmall,None,4.5\n";
    let admitting = TableReader::new().missing(MissingValues::Admit);
    let data = read(&admitting, text).unwrap();
    assert_eq!(data.feature_names(), ["garage=None", "garage=small", "age"]);
    assert!(data.features()[(2, 3)].is_nan());
    // A category that is missing is NaN in each of its features.
    let data = read(&admitting, &text.replacen("small", "", 1)).unwrap();
    let second: Vec<bool> = data
        .features()
        .column(1)
        .iter()
        .map(|x| x.is_nan())
        .collect();
    assert_eq!(second, [true, true, false]);
    assert_eq!(data.missing(), MissingValues::Admit);
}

#[test]
fn a_column_of_groups_is_no_feature() {
    let text = "patient,a,y\np2,1,1.5\np9,2,2.5\np2,3,3.5\n";
    let reader = TableReader::new().groups("patient");
    let data = read(&reader, text).unwrap();
    assert_eq!(data.feature_names(), ["a"]);
    assert_eq!(data.groups(), Some(&[0, 1, 0][..]));
    let schema = reader.schema(&table(text)).unwrap();
    let saved = serde_json::to_string(&schema).unwrap();
    let schema: TableSchema = serde_json::from_str(&saved).unwrap();
    assert_eq!(schema.features::<f32>(&table("a\n5\n")).unwrap()[0], 5.0);
    let error = read(&reader, &text.replace("p9", "")).unwrap_err();
    assert!(
        error.to_string().contains("1 in column \"patient\""),
        "{error}"
    );
}

#[test]
fn a_column_has_one_use() {
    let reader = TableReader::new().target("price");
    for (reader, says) in [
        (
            reader.clone().ignore(["price"]),
            "cannot be ignored as well",
        ),
        (
            reader.clone().groups("price"),
            "cannot be the groups as well",
        ),
        (
            reader.clone().groups("town").ignore(["town"]),
            "the column of groups \"town\" cannot be ignored",
        ),
    ] {
        let error = read(&reader, TOWNS).unwrap_err();
        assert!(matches!(error, Error::UsedTwice { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
    for reader in [reader.clone().ignore(["towns"]), reader.groups("towns")] {
        let said = read(&reader, TOWNS).unwrap_err().to_string();
        assert!(said.contains("did you mean \"town\"?"), "{said}");
    }
}

#[test]
fn an_unknown_target_offers_the_nearest_or_lists_all() {
    let error = refused("size,price\n1,2\n", "Pricee").to_string();
    assert_eq!(
        error,
        "there is no column \"Pricee\"; did you mean \"price\"?"
    );
    let error = refused("size,price\n1,2\n", "weight").to_string();
    assert_eq!(
        error,
        "there is no column \"weight\"; the columns are size, price"
    );
}

#[test]
fn a_table_needs_a_feature() {
    for reader in [
        TableReader::new().target("y"),
        TableReader::new().target("y").ignore(["a", "b"]),
    ] {
        let text = if reader == TableReader::new().target("y") {
            "y\n1\n2\n"
        } else {
            "a,b,y\n1,2,3\n4,5,6\n"
        };
        let error = read(&reader, text).unwrap_err();
        assert!(
            matches!(error, Error::TooFewColumns { columns: 1 }),
            "{error:?}"
        );
    }
}

#[test]
fn a_file_is_read_in_one_call() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
    let wine: Dataset = TableReader::new()
        .read_path(format!("{folder}/wine.csv"))
        .unwrap();
    assert_eq!(
        (wine.name(), wine.n_samples(), wine.n_outputs()),
        ("wine", 178, 3)
    );
    let error = TableReader::new().read_path::<f32>(format!("{folder}/beer.csv"));
    assert!(error.unwrap_err().to_string().contains("beer.csv"));
}
