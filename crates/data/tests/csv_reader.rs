//! Tables that read well, and tables that do not.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{CsvReader, Dataset, Error, MissingValues, Target};

fn refused(reader: &CsvReader, table: &str) -> Error {
    reader.read::<f32>(table.as_bytes()).unwrap_err()
}

#[test]
fn rows_of_the_table_become_columns() {
    let table = "a,b,y\n1,2,10\n3,4,20\n5,6,30\n";
    let dataset: Dataset<f64> = CsvReader::regression().read(table.as_bytes()).unwrap();
    assert_eq!((dataset.n_features(), dataset.n_samples()), (2, 3));
    assert_eq!(
        dataset.features().as_slice(),
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    );
    assert_eq!(
        dataset.target().as_values().unwrap().as_slice(),
        [10.0, 20.0, 30.0]
    );
    assert_eq!(
        (dataset.name(), dataset.target().names()),
        ("table", &["y".to_string()][..])
    );
}

#[test]
fn the_target_may_stand_anywhere() {
    let table = "a,kind,b\n1,x,2\n3,z,4\n5,x,6\n";
    let dataset: Dataset = CsvReader::classification()
        .target("kind")
        .read(table.as_bytes())
        .unwrap();
    assert_eq!(dataset.feature_names(), ["a", "b"]);
    assert_eq!(
        dataset.features().as_slice(),
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    );
    let names = vec!["x".to_string(), "z".to_string()];
    assert_eq!(
        dataset.target(),
        &Target::Classes {
            labels: vec![0, 1, 0],
            names
        }
    );
}

#[test]
fn classes_are_in_the_order_of_numbers_if_they_are_numbers() {
    let names = |cells: [&str; 3]| {
        let table = format!("a,y\n1,{}\n2,{}\n3,{}\n", cells[0], cells[1], cells[2]);
        let dataset: Dataset = CsvReader::classification().read(table.as_bytes()).unwrap();
        dataset.target().names().to_vec()
    };
    assert_eq!(names(["10", "9", "-1"]), ["-1", "9", "10"]);
    assert_eq!(names(["10", "9", "b"]), ["10", "9", "b"]);
}

#[test]
fn spaces_quotes_other_delimiters_windows_ends_and_byte_order_marks_are_read() {
    let table = "\u{feff}\"size, m2\"; y\r\n 1.5 ;2e3\r\n2;  -1\r\n";
    let dataset: Dataset = CsvReader::regression()
        .delimiter(b';')
        .read(table.as_bytes())
        .unwrap();
    assert_eq!(dataset.feature_names(), ["size, m2"]);
    assert_eq!(
        dataset.target().as_values().unwrap().as_slice(),
        [2000.0, -1.0]
    );
}

#[test]
fn a_bad_cell_is_named_by_line_and_column() {
    let table = "a,b,y\n1,2,3\n4,five,6\n";
    let error = refused(&CsvReader::regression(), table);
    assert!(
        matches!(&error, Error::BadCell { line: 3, column, value, .. } if column == "b" && value == "five")
    );
    assert!(
        error
            .to_string()
            .starts_with("line 3, column \"b\": \"five\" is not a finite number"),
        "{error}"
    );

    let error = refused(&CsvReader::regression(), "a,y\n1,2\n3,high\n");
    assert!(matches!(&error, Error::BadCell { line: 3, column, .. } if column == "y"));
    for cell in ["inf", "-Infinity", "1e999"] {
        let error = refused(&CsvReader::regression(), &format!("a,y\n{cell},2\n"));
        assert!(error.to_string().contains("never admitted"), "{error}");
    }
    // In f64 this cell is fine.
    for (cell, column) in [("1e-60", "a"), ("-0.02e-59", "a"), ("1e-60", "y")] {
        let table = match column {
            "a" => format!("a,y\n{cell},2\n"),
            _ => format!("a,y\n2,{cell}\n"),
        };
        let error = refused(&CsvReader::regression(), &table);
        assert!(
            matches!(&error, Error::BadCell { line: 2, column: at, .. } if at == column),
            "{error:?}"
        );
        let wide = CsvReader::regression().read::<f64>(table.as_bytes());
        assert!(error.to_string().contains("read the table as f64") && wide.is_ok());
    }
    // In f64 too.
    let table = "a,y\n1e-400,2\n";
    assert!(
        CsvReader::regression()
            .read::<f64>(table.as_bytes())
            .is_err()
    );
    for zero in ["0", "-0.0", "0e5", "0.000E-400"] {
        let table = format!("a,y\n{zero},2\n");
        assert!(
            CsvReader::regression()
                .read::<f32>(table.as_bytes())
                .is_ok()
        );
    }
    let table = "a,y\n1e39,2\n";
    assert!(
        refused(&CsvReader::regression(), table)
            .to_string()
            .contains("overflows f32")
    );
    assert!(
        CsvReader::regression()
            .read::<f64>(table.as_bytes())
            .is_ok()
    );
}

#[test]
fn missing_cells_are_refused_or_admitted_but_never_in_the_target() {
    for cell in ["", "NA", "nan", "?"] {
        let table = format!("a,b,y\n1,2,3\n{cell},4,5\n");
        let error = refused(&CsvReader::regression(), &table);
        assert!(
            matches!(&error, Error::BadCell { line: 3, column, .. } if column == "a"),
            "{error:?}"
        );
        assert!(error.to_string().contains("missing"), "{error}");

        let admitting = CsvReader::regression().missing(MissingValues::Admit);
        let dataset: Dataset = admitting.read(table.as_bytes()).unwrap();
        assert!(dataset.features()[(0, 1)].is_nan());
        let error = refused(&admitting, &format!("a,y\n1,2\n3,{cell}\n4,5\n"));
        assert!(
            matches!(&error, Error::BadCell { line: 3, column, .. } if column == "y"),
            "{error:?}"
        );
        let error = refused(
            &CsvReader::classification(),
            &format!("a,y\n1,k\n3,{cell}\n4,l\n"),
        );
        assert!(
            matches!(&error, Error::BadCell { line: 3, .. }),
            "{error:?}"
        );
    }
}

#[test]
fn an_unknown_target_offers_the_nearest_or_lists_all() {
    let table = "size,price\n1,2\n";
    let error = refused(&CsvReader::regression().target("Pricee"), table);
    assert_eq!(
        error.to_string(),
        "there is no column \"Pricee\"; did you mean \"price\"?"
    );
    let error = refused(&CsvReader::regression().target("weight"), table);
    assert_eq!(
        error.to_string(),
        "there is no column \"weight\"; the columns are size, price"
    );
}

#[test]
fn ragged_empty_and_foreign_tables_are_errors() {
    let error = refused(&CsvReader::regression(), "a,b,y\n1,2,3\n1,2\n");
    assert!(
        matches!(error, Error::BadTable { line: 3, .. }),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("2 fields where the header has 3"),
        "{error}"
    );
    for table in ["", "y\n1\n", "a;y\n1;2\n"] {
        let error = refused(&CsvReader::regression(), table);
        assert!(
            matches!(error, Error::TooFewColumns { columns: 0 | 1 }),
            "{table:?}: {error:?}"
        );
    }
    let error = refused(&CsvReader::regression(), "a,y\n");
    assert!(
        matches!(error, Error::EmptyTable { columns: 2 }),
        "{error:?}"
    );
    for table in ["a,a,y\n1,2,3\n", "a,,y\n1,2,3\n"] {
        assert!(matches!(
            refused(&CsvReader::regression(), table),
            Error::BadName { what: "column", .. }
        ));
    }
    let error = CsvReader::regression()
        .read::<f32>(&b"a,y\n1,2\n\xff,3\n"[..])
        .unwrap_err();
    assert!(
        matches!(error, Error::BadTable { line: 3, .. }),
        "{error:?}"
    );
    assert!(
        matches!(refused(&CsvReader::classification(), "a,y\n1,k\n2,k\n"), Error::OneClass { class } if class == "k")
    );
}

#[test]
fn a_file_gives_its_name_and_a_missing_one_an_error() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
    let wine: Dataset = CsvReader::classification()
        .read_path(format!("{folder}/wine.csv"))
        .unwrap();
    assert_eq!((wine.name(), wine.n_samples()), ("wine", 178));
    let error = CsvReader::classification()
        .read_path::<f32>(format!("{folder}/beer.csv"))
        .unwrap_err();
    assert!(
        matches!(error, Error::Io { .. }) && error.to_string().contains("beer.csv"),
        "{error}"
    );
}
