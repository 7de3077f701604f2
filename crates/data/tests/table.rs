//! Text that reads well as a table, and text that does not.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::io::{self, Read};

use smallbatch_data::{Dataset, Error, Table, TableReader, Task};

fn refused(text: &str) -> Error {
    Table::read(text.as_bytes()).unwrap_err()
}

/// The features, one sample a line, with the last column as numbers to be predicted.
fn numbers(text: &str) -> (Vec<String>, Vec<f64>, Vec<f64>) {
    let table = Table::read(text.as_bytes()).unwrap();
    let reader = TableReader::new().task(Task::Regression);
    let data: Dataset<f64> = reader.schema(&table).unwrap().dataset(&table).unwrap();
    (
        table.columns().to_vec(),
        data.features().as_slice().to_vec(),
        data.target().as_values().unwrap().as_slice().to_vec(),
    )
}

#[test]
fn rows_of_the_table_become_columns() {
    let (columns, features, target) = numbers("a,b,y\n1,2,10\n3,4,20\n5,6,30\n");
    assert_eq!(columns, ["a", "b", "y"]);
    assert_eq!(features, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(target, [10.0, 20.0, 30.0]);
}

#[test]
fn spaces_quotes_windows_ends_and_byte_order_marks_are_read() {
    let (columns, features, target) = numbers("\u{feff}\"size, m2\"; y\r\n 1.5 ;2e3\r\n2;  -1\r\n");
    assert_eq!(columns, ["size, m2", "y"]);
    assert_eq!((features, target), (vec![1.5, 2.0], vec![2000.0, -1.0]));
}

#[test]
fn the_delimiter_is_what_the_header_has_most_of_outside_quotes() {
    for (header, columns) in [
        ("a,b,y", 3),
        ("a;b;y", 3),
        ("a\tb\ty", 3),
        ("a|b|y", 3),
        ("\"size, m2\";b;y", 3),
        ("\"a;b;c\",\"d;e\",y", 3),
        ("size, m2;b;y", 3),
        ("y", 1),
    ] {
        let row = vec!["1"; columns];
        let found = [",", ";", "\t", "|"].map(|delimiter| {
            Table::read(format!("{header}\n{}\n", row.join(delimiter)).as_bytes()).is_ok()
        });
        let expected = if columns == 1 { 4 } else { 1 };
        assert_eq!(found.iter().filter(|ok| **ok).count(), expected, "{header}");
    }
}

#[test]
fn decimal_commas_are_read_where_commas_separate_nothing() {
    let (_, features, target) = numbers("dose;b;y\n0,5;0;3,0\n1,0;7;7,25\n");
    assert_eq!(features, [0.5, 0.0, 1.0, 7.0]);
    assert_eq!(target, [3.0, 7.25]);
    // Beside a point a comma stands between thousands, and so do two commas in one number.
    let (_, features, _) = numbers("a;b;y\n1.5;1,000;3\n2.5;2,000;4\n");
    assert_eq!(features, [1.5, 1000.0, 2.5, 2000.0]);
    let (_, features, _) = numbers("a;b;y\n1,000,000;1;3\n2,000,000;2;4\n");
    assert_eq!(features, [1e6, 1.0, 2e6, 2.0]);
}

#[test]
fn an_index_without_a_name_is_left_out_and_said() {
    for index in [["0", "1", "2"], ["17", "3", "5"], ["Ulm", "Bonn", "Rom"]] {
        let rows: String = (0..3)
            .map(|i| format!("{},{i},{i}.5\n", index[i]))
            .collect();
        let table = Table::read(format!(",a,y\n{rows}").as_bytes()).unwrap();
        assert!(table.has_index() && table.columns() == ["a", "y"]);
        let (_, features, _) = numbers(&format!(",a,y\n{rows}"));
        assert_eq!(features, [0.0, 1.0, 2.0]);
    }
    assert!(!Table::read("a,y\n0,1\n".as_bytes()).unwrap().has_index());
    // What repeats itself, or measures something, is a column whose name was forgotten.
    for text in [",a,y\n1,2,3\n1,4,5\n", ",a,y\n0.5,2,3\n1.5,4,5\n"] {
        let error = refused(text);
        assert!(
            matches!(
                error,
                Error::BadName {
                    position: 0,
                    problem: "empty",
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn empty_files_and_missing_files_are_told_apart() {
    let error = refused("").to_string();
    assert!(error.contains("not even a header"), "{error}");
    let error = refused("a,b\n");
    assert!(matches!(error, Error::EmptyTable { columns: 2 }), "{error}");
    let error = Table::read_path("no/such/file.csv").unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("no/such/file.csv"), "{error}");
}

#[test]
fn ragged_and_foreign_tables_are_errors() {
    let error = refused("a,b,y\n1,2,3\n1,2\n");
    assert!(
        matches!(error, Error::BadTable { line: 3, .. }),
        "{error:?}"
    );
    let said = error.to_string();
    assert!(said.contains("2 fields where the header has 3"), "{said}");
    for text in ["a,a,y\n1,2,3\n", "a,,y\n1,2,3\n"] {
        assert!(matches!(
            refused(text),
            Error::BadName { what: "column", .. }
        ));
    }
    let error = Table::read(&b"a,y\n1,2\n\xff,3\n"[..]).unwrap_err();
    assert!(
        matches!(error, Error::BadTable { line: 3, .. }),
        "{error:?}"
    );
}

/// An editor's line numbers, whatever ends the lines and however many are empty.
#[test]
fn lines_are_counted_as_an_editor_does() {
    let text = "size,town,price\n50,Ulm,3\n\n\n80,Bonn,four\n70,Ulm,5\n60,Ulm,1\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        let table = Table::read(text.as_bytes()).unwrap();
        let error = TableReader::new()
            .task(Task::Regression)
            .schema(&table)
            .unwrap_err();
        assert!(
            matches!(&error, Error::BadCell { line: 5, value, .. } if value == "four"),
            "{error}"
        );
        let error = refused(&text.replace("70,Ulm,5", "70,Ulm"));
        assert!(matches!(error, Error::BadTable { line: 6, .. }), "{error}");
    }
}

#[test]
fn a_file_gives_its_name() {
    let wine = concat!(env!("CARGO_MANIFEST_DIR"), "/data/wine.csv");
    let table = Table::read_path(wine).unwrap();
    assert_eq!((table.name(), table.n_rows()), ("wine", 178));
}

/// Rows of a table, made as they are read.
struct Rows {
    next: usize,
    all: usize,
    line: Vec<u8>,
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.is_empty() && self.next < self.all {
            self.line = match self.next {
                0 => b"a,b,c,d,y\n".to_vec(),
                row => format!("{row},{row}.25,-{row},0.5,{row}.75\n").into_bytes(),
            };
            self.next += 1;
        }
        let n = self.line.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.line[..n]);
        self.line.drain(..n);
        Ok(n)
    }
}

/// Text in one piece: a string and a list for each of these rows would be more than 200,000 allocations.
#[test]
fn a_row_takes_its_text_and_no_allocation() {
    let rows = Rows {
        next: 0,
        all: 100_001,
        line: Vec::new(),
    };
    let text = io::read_to_string(rows).unwrap();
    let mut table = None;
    let counted =
        allocation_counter::measure(|| table = Some(Table::read(text.as_bytes()).unwrap()));
    assert_eq!(table.unwrap().n_rows(), 100_000);
    assert!(counted.count_total < 500, "{counted:?}");
    // The text (2.9 MB), 8 bytes for each of 5 cells' ends and for the line (4.8 MB), doubled while they grow.
    assert!(counted.bytes_max < 6 * text.len() as u64, "{counted:?}");
}
