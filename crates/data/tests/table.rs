//! Tables with categories, and tables that cannot be used.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{Dataset, Error, Table, TableSchema, Task};

fn table(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
}

fn refused(text: &str, target: &str) -> Error {
    TableSchema::infer(&table(text), target, None, &[]).unwrap_err()
}

const TOWNS: &str =
    "size,town,price\n50,Ulm,300.5\n80,Bonn,420\n70,Ulm,400\n65,Bonn,350\n60,Ulm,1\n";

#[test]
fn categories_become_one_column_each() {
    let schema = TableSchema::infer(&table(TOWNS), "price", None, &[]).unwrap();
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
    let schema = TableSchema::infer(&table(TOWNS), "price", None, &[]).unwrap();
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
        error.contains("\"size\" is missing, \"sise\" is not known"),
        "{error}"
    );
}

#[test]
fn the_task_is_read_off_the_target_unless_said() {
    let text = "a,y\n1,0\n2,1\n3,0\n4,1\n";
    let infer = |task| TableSchema::infer(&table(text), "y", task, &[]).unwrap();
    assert_eq!(infer(None).task(), Task::Classification);
    assert_eq!(infer(None).classes(), ["0", "1"]);
    assert_eq!(infer(Some(Task::Regression)).task(), Task::Regression);
}

#[test]
fn missing_values_are_counted_by_row_and_column() {
    let error = refused("a,b,y\n1,,3\n2,?,4\n,5,5\n3,1,6\n", "y").to_string();
    for part in [
        "3 of 4 rows",
        "1 in column \"a\"",
        "2 in column \"b\"",
        "line 2, 3, 4",
        "--ignore",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // A missing cell in a column that is not used is no reason to refuse.
    let ignored = ["b".to_owned()];
    let text = table("a,b,y\n1,,3\n2,?,4.5\n");
    assert!(TableSchema::infer(&text, "y", None, &ignored).is_ok());
}

#[test]
fn names_and_ids_are_no_categories() {
    let rows: String = (0..300).map(|i| format!("id{i},{i},{}\n", i * 7)).collect();
    let text = format!("customer,a,y\n{rows}");
    let error = refused(&text, "y").to_string();
    for part in ["\"customer\"", "300 distinct texts", "id0, id1", "--ignore"] {
        assert!(error.contains(part), "{part}: {error}");
    }
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
fn empty_files_and_missing_files_are_told_apart() {
    let error = Table::read(&b""[..]).unwrap_err().to_string();
    assert!(error.contains("not even a header"), "{error}");
    let error = Table::read(&b"a,b\n"[..]).unwrap_err();
    assert!(matches!(error, Error::EmptyTable { columns: 2 }), "{error}");
    let error = Table::read_path("no/such/file.csv")
        .unwrap_err()
        .to_string();
    assert!(error.contains("no/such/file.csv"), "{error}");
    let error = refused("y\n1\n2\n", "y");
    assert!(matches!(error, Error::TooFewColumns { .. }), "{error}");
}

/// An editor's line numbers, whatever ends the lines and however many are empty.
#[test]
fn lines_are_counted_as_an_editor_does() {
    let text = "size,town,price\n50,Ulm,3\n\n\n80,Bonn,four\n70,Ulm,5\n60,Ulm,1\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let table = table(&text);
        let infer = || TableSchema::infer(&table, "price", Some(Task::Regression), &[]);
        let dataset = infer().and_then(|schema| schema.dataset::<f64>(&table));
        let error = dataset.unwrap_err();
        assert!(
            matches!(&error, Error::BadCell { line: 5, value, .. } if value == "four"),
            "{error}"
        );
        let ragged = text.replace("70,Ulm,5", "70,Ulm");
        let error = Table::read(ragged.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::BadTable { line: 6, .. }), "{error}");
    }
}

#[test]
fn tables_of_spreadsheets_with_semicolons_or_tabs_are_read() {
    let plain = TableSchema::infer(&table(TOWNS), "price", None, &[]).unwrap();
    let expected: Dataset<f64> = plain.dataset(&table(TOWNS)).unwrap();
    for delimiter in [";", "\t"] {
        let other = table(&TOWNS.replace(',', delimiter));
        assert_eq!(other.columns(), ["size", "town", "price"]);
        let found: Dataset<f64> = plain.dataset(&other).unwrap();
        assert_eq!(found.features(), expected.features());
    }
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
    assert!(said.contains("--ignore"), "{said}");
    let error = TableSchema::infer(&table(TOWNS), "price", None, &["price".into()]).unwrap_err();
    assert!(matches!(error, Error::IgnoredTarget { .. }), "{error}");
    let schema = TableSchema::infer(&table(TOWNS), "price", None, &[]).unwrap();
    let later = table("size,town\n,Ulm\n");
    let said = schema.features::<f64>(&later).unwrap_err().to_string();
    assert!(!said.contains("--ignore"), "{said}");
}

#[test]
fn a_damaged_schema_is_refused() {
    let schema = TableSchema::infer(&table(TOWNS), "price", None, &[]).unwrap();
    let saved = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<TableSchema>(&saved).unwrap(), schema);
    for (from, to, says) in [
        (r#"["Bonn","Ulm"]"#, r#"["Ulm","Bonn"]"#, "ascending"),
        (r#""name":"town""#, r#""name":"size""#, "twice"),
        (r#""name":"town""#, r#""name":"price""#, "no feature"),
        (r#""classes":null"#, r#""classes":["a"]"#, "two or more"),
        (
            r#""classes":null"#,
            r#""classes":["a","b","a"]"#,
            "two or more",
        ),
    ] {
        assert!(saved.contains(from), "{saved}");
        let error = serde_json::from_str::<TableSchema>(&saved.replacen(from, to, 1));
        let said = error.unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
}
