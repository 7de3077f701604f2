//! Text that reads well as a table, and text that does not.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::io::{self, Read, Write as _};

use smallbatch_data::{ColumnKind, Dataset, Error, Table, TableReader, Task};

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
    let cells: [fn(usize) -> String; 3] = [
        |i: usize| i.to_string(),
        |i: usize| (i * 7919 % 101).to_string(),
        |i: usize| format!("row {i}"),
    ];
    for cell in cells {
        let rows: String = (0..12)
            .map(|i| format!("{},{i},{i}.5\n", cell(i)))
            .collect();
        let text = format!(",a,y\n{rows}");
        let table = Table::read(text.as_bytes()).unwrap();
        assert_eq!(table.columns(), ["index", "a", "y"]);
        assert_eq!(
            table.notes(),
            ["column 1 has no name; it is called \"index\""]
        );
        let schema = TableReader::new().schema(&table).unwrap();
        assert_eq!(schema.columns()[0].kind(), ColumnKind::Identifier);
        assert_eq!(schema.feature_names(), ["a"]);
    }
    // What repeats itself, or measures something, is a column whose name was forgotten.
    for text in [
        ",a,y\n1,2,3.5\n1,4,5\n2,3,4\n",
        ",a,y\n0.5,2,3.5\n1.5,4,5\n",
    ] {
        let table = Table::read(text.as_bytes()).unwrap();
        let schema = TableReader::new().schema(&table).unwrap();
        assert_eq!(schema.feature_names(), ["index", "a"]);
    }
    assert_eq!(
        Table::read("a,y\n0,1\n".as_bytes()).unwrap().notes().len(),
        0
    );
}

#[test]
fn columns_without_a_name_are_called_by_their_place_or_dropped() {
    let table = Table::read("a,,y,,\n1,2,3,,\n4,5,6,,\n".as_bytes()).unwrap();
    assert_eq!(table.columns(), ["a", "column 2", "y"]);
    assert!(table.notes()[1].contains("empty cells behind the last column"));
    // The header alone, or the rows alone, may end in delimiters.
    for text in ["a,y,\n1,2\n", "a,y\n1,2,\n"] {
        assert_eq!(Table::read(text.as_bytes()).unwrap().columns(), ["a", "y"]);
    }
    let error = refused("a,y,\n1,2,\n1,2,3\n");
    assert!(matches!(error, Error::BadTable { line: 3, .. }), "{error}");
}

#[test]
fn a_table_without_a_header_is_read_and_said() {
    let (columns, features, target) = numbers("5.1,3.5,1\n4.9,3.0,2\n4.7,3.2,3\n");
    assert_eq!(columns, ["c0", "c1", "c2"]);
    assert_eq!(features, [5.1, 3.5, 4.9, 3.0, 4.7, 3.2]);
    assert_eq!(target, [1.0, 2.0, 3.0]);
}

#[test]
fn what_stands_above_the_header_counts_as_lines() {
    let (columns, features, _) = numbers("sep=;\n# by a program\na;y\n1;2\n3;4\n");
    assert_eq!(
        (columns, features),
        (vec!["a".to_owned(), "y".to_owned()], vec![1.0, 3.0])
    );
    let error = refused("sep=;\n# by a program\n\na;y\n1;2\n3\n");
    assert!(matches!(error, Error::BadTable { line: 6, .. }), "{error}");
}

const TEXT: &str = "größe,y\n1.5,2\n3.5,4\n5,6\n";

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn packed_files_and_other_encodings_are_read_and_said() {
    let zstandard = |text: &str| {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
    };
    let (head, tail) = TEXT.split_at(14);
    let le = TEXT.encode_utf16().flat_map(u16::to_le_bytes);
    let windows: Vec<u8> = TEXT.chars().map(|c| c as u8).collect();
    for (bytes, said) in [
        (packed(TEXT), "gzip"),
        ([packed(head), packed(tail)].concat(), "gzip"),
        (zstandard(TEXT), "Zstandard"),
        ([zstandard(head), zstandard(tail)].concat(), "Zstandard"),
        ([vec![0xff, 0xfe], le.collect()].concat(), "UTF-16"),
        (windows, "Windows-1252"),
    ] {
        let table = Table::read(&bytes[..]).unwrap();
        assert_eq!(table.columns(), ["größe", "y"], "{said}");
        assert_eq!(table.n_rows(), 3);
        assert!(table.notes()[0].contains(said), "{:?}", table.notes());
    }
}

#[test]
fn a_packed_file_that_is_cut_off_is_named_by_line() {
    let rows: String = (0..50_000)
        .map(|i| format!("{},{}\n", i * 7919 % 10_007, i))
        .collect();
    let text = format!("a,y\n{rows}");
    for bytes in [packed(&text), {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(text.as_bytes(), level)
    }] {
        let error = Table::read(&bytes[..bytes.len() / 2]).unwrap_err();
        let Error::BadTable { line, problem } = &error else {
            panic!("{error}");
        };
        assert!(
            (1..50_001).contains(line) && problem.contains("cut off"),
            "{error}"
        );
        assert!(error.to_string().len() < 300, "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cut.csv.gz");
    std::fs::write(&file, &packed(TEXT)[..30]).unwrap();
    let error = Table::read_path(&file).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cut.csv.gz: line 3: the file, packed by gzip"),
        "{error}"
    );
    std::fs::write(&file, packed(TEXT)).unwrap();
    assert_eq!(Table::read_path(&file).unwrap().name(), "cut");
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
    assert!(said.contains("quote cells that hold ','"), "{said}");
    let said = refused("a,b,y\n1,\"2,3\n4,5,6\n").to_string();
    assert!(
        said.starts_with("line 2: a quote that opens in it is not closed; close it"),
        "{said}"
    );
    // In the last column it has as many cells as the header.
    let said = refused("a,b,y\n1,2,\"3\n4,5,6\n").to_string();
    assert!(said.starts_with("line 2: a quote that opens"), "{said}");
    let said = refused("a,b,\"y\n1,2,3\n4,5,6\n").to_string();
    assert!(said.starts_with("line 1: a quote that opens"), "{said}");
    for (head, says) in [
        ("PK\u{3}\u{4}", "a spreadsheet"),
        ("PAR1", "a Parquet file"),
    ] {
        let said = refused(&format!("{head}\u{0}a,y\n1,2\n")).to_string();
        assert!(
            said.contains(says) && said.contains("save the table as CSV"),
            "{said}"
        );
    }
    assert!(matches!(
        refused("a,a,y\n1,2,3\n"),
        Error::BadName { what: "column", .. }
    ));
    // A byte that has no character in Windows-1252 either.
    let error = Table::read(&b"a,y\n1,2\n\x81,3\n"[..]).unwrap_err();
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
