//! Tables that are read a piece at a time.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::io::{self, Read};

use smallbatch_data::{
    ColumnKind, Error, SchemaInference, Table, TableChunks, TableReader, sample_path,
};

/// Rows of a table, made as they are read: an index, 2 numbers, a constant, a category, a date, a text, and classes.
struct Rows {
    next: usize,
    all: usize,
    line: Vec<u8>,
}

impl Rows {
    fn new(all: usize) -> Self {
        Self {
            next: 0,
            all,
            line: Vec::new(),
        }
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.is_empty() && self.next <= self.all {
            let row = self.next;
            self.line = match row {
                0 => b"id,a,b,c,town,day,note,y\n".to_vec(),
                _ => format!(
                    "{row},{}.25,{},{},{},20{:02}-0{}-11,text {row},{}\n",
                    row * 7919 % 1_000_003,
                    row * 31 % 977,
                    if row % 10 == 3 { "NA" } else { "0.5" },
                    ["Ulm", "Bonn", "Rom"][row % 3],
                    row % 25,
                    row % 9 + 1,
                    ["yes", "no"][row % 2],
                )
                .into_bytes(),
            };
            self.next += 1;
        }
        let n = self.line.len().min(buffer.len());
        buffer[..n].copy_from_slice(&self.line[..n]);
        self.line.drain(..n);
        Ok(n)
    }
}

#[test]
fn pieces_are_the_rows_of_the_whole() {
    let whole = Table::read(Rows::new(1000)).unwrap();
    let schema = TableReader::new().schema(&whole).unwrap();
    let all = schema.frame(&whole).unwrap().frame;
    let mut inference = SchemaInference::new(&TableReader::new());
    let mut first = 0;
    let pieces = TableChunks::read(Rows::new(1000), 300).unwrap();
    assert_eq!(pieces.columns(), whole.columns());
    let mut sizes = Vec::new();
    for piece in pieces {
        let piece = piece.unwrap();
        sizes.push(piece.n_rows());
        inference.observe(&piece).unwrap();
        let frame = schema.frame(&piece).unwrap().frame;
        let rows: Vec<usize> = (first..first + piece.n_rows()).collect();
        let expected = all.select(&rows);
        assert_eq!(frame.lines, expected.lines);
        for (found, expected) in frame.columns.iter().zip(&expected.columns) {
            assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        }
        first += piece.n_rows();
    }
    assert_eq!(sizes, [300, 300, 300, 100]);
    assert_eq!(inference.finish().unwrap(), schema);
}

#[test]
fn an_error_ends_the_pieces() {
    let text = "a,y\n1,2\n3,4\n5\n6,7\n";
    let mut pieces = TableChunks::read(text.as_bytes(), 1).unwrap();
    assert!(pieces.next().unwrap().is_ok() && pieces.next().unwrap().is_ok());
    let error = pieces.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::BadTable { line: 4, .. }), "{error}");
    assert!(pieces.next().is_none());
    let mut pieces = TableChunks::read("a,y\n".as_bytes(), 1).unwrap();
    assert!(matches!(
        pieces.next(),
        Some(Err(Error::EmptyTable { columns: 2 }))
    ));
    assert!(matches!(
        TableChunks::read("".as_bytes(), 1),
        Err(Error::EmptyFile)
    ));
}

/// A column that turns to text far down is an error with its line, whatever the text.
#[test]
fn a_text_far_down_is_named_by_line() {
    let mut text = "a,y\n".to_owned();
    for row in 0..100_000 {
        text += &format!("{}.5,{row}\n", row % 777);
    }
    text += &format!("{},5\n", "text".repeat(100_000));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.csv");
    std::fs::write(&file, text).unwrap();
    let said = sample_path(&file, &TableReader::new(), 100, 1)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains("long.csv: line 100002, column \"a\": \"texttext"),
        "{said}"
    );
    assert!(said.chars().count() < 400, "{said}");
}

#[test]
fn every_row_is_as_likely_to_be_in_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let rows: String = (0..40).map(|row| format!("{row}.5,{row}\n")).collect();
    std::fs::write(&file, format!("a,y\n{rows}")).unwrap();
    let reader = TableReader::new();
    let lines = |seed| {
        let (schema, table, n_rows) = sample_path(&file, &reader, 10, seed).unwrap();
        assert_eq!((schema.n_rows(), n_rows, table.name()), (40, 40, "rows"));
        schema.frame(&table).unwrap().frame.lines
    };
    assert_eq!(lines(1), lines(1));
    let mut counts = [0_u32; 40];
    for seed in 0..2000 {
        let lines = lines(seed);
        assert!(lines.len() == 10 && lines.windows(2).all(|pair| pair[0] < pair[1]));
        for line in lines {
            counts[line as usize - 2] += 1;
        }
    }
    // Binomial with n = 2000 and p = 1/4: six deviations are 116.
    assert!(
        counts.iter().all(|count| count.abs_diff(500) < 116),
        "{counts:?}"
    );
    let (_, all, _) = sample_path(&file, &reader, 100, 1).unwrap();
    assert_eq!(all.n_rows(), 40);
}

/// Twice the rows take no more memory: the kept hashes of distinct cells are full long before.
#[test]
fn memory_does_not_grow_with_the_rows() {
    let peak = |rows: usize| {
        let counted = allocation_counter::measure(|| {
            let mut inference = SchemaInference::new(&TableReader::new().leave_out_text(true));
            for piece in TableChunks::read(Rows::new(rows), 1000).unwrap() {
                inference.observe(&piece.unwrap()).unwrap();
            }
            let schema = inference.finish().unwrap();
            assert_eq!(schema.n_rows(), rows as u64);
            let kinds: Vec<ColumnKind> = schema.columns().iter().map(|c| c.kind()).collect();
            use ColumnKind::{Category, Constant, Date, Identifier, Number};
            let (id, text) = (Identifier, Identifier);
            assert_eq!(
                kinds,
                [id, Number, Number, Constant, Category, Date, text, Category]
            );
        });
        counted.bytes_max
    };
    let (once, twice) = (peak(60_000), peak(120_000));
    assert!(twice < once + once / 20, "{once} and {twice} bytes");
    // 3 columns with more than 50,000 distinct cells, of 8 bytes and a control byte in a table that doubles.
    assert!(once < 8 << 20, "{once} bytes");
}
