//! Lines that are no rows, where they cost only themselves.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use proptest::prelude::*;
use smallbatch_data::{Error, Table, TableChunks, TableReader};

/// Lines, and lines with reasons.
type Read = (Vec<u64>, Vec<(u64, String)>);

/// The lines of the rows that are read, and of those that are left out with the reasons.
fn tolerantly(bytes: &[u8], most_rows: usize) -> Result<Read, Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("table.csv");
    std::fs::write(&file, bytes).unwrap();
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    let reader = TableReader::new().task(smallbatch_data::Task::Regression);
    for piece in TableChunks::open_tolerant(&file, most_rows)? {
        let piece = piece?;
        if piece.n_rows() > 0 {
            let columns = piece.columns().iter().map(String::as_str);
            let header = columns.collect::<Vec<_>>().join(",");
            let all = format!("{header}\n1,2\n3,4\n5,1\n7,2\n");
            let all = Table::read(all.as_bytes()).unwrap();
            let framed = reader.schema(&all).unwrap().frame(&piece).unwrap();
            rows.extend(framed.frame.lines);
        }
        bad.extend(
            piece
                .bad_rows()
                .iter()
                .map(|row| (row.line, row.reason.clone())),
        );
    }
    Ok((rows, bad))
}

#[test]
fn a_malformed_line_costs_itself() {
    for (text, good, bad, why) in [
        (&b"a,y\n1,2\n3\n4,5\n"[..], &[2, 4][..], 3, "1 fields"),
        (b"a,y\n1,2\n3,4,5\n4,5\n", &[2, 4], 3, "3 fields"),
        (b"a,y\r\n1,2\r\n3\r\n4,5\r\n", &[2, 4], 3, "1 fields"),
        // A quote that is never closed, and one that the next quote seems to close.
        (b"a,y\n1,2\n3,\"4\n4,5\n6,7\n", &[2, 4, 5], 3, "not closed"),
        (
            b"a,y\n1,2\n3,\"4\n4,\"5\"\n6,7\n",
            &[2, 4, 5],
            3,
            "not closed",
        ),
        (
            b"a,y\n\"1,2\n3,4\n4,\"5\"\n6,7\n",
            &[3, 4, 5],
            2,
            "not closed",
        ),
        // UTF-8 that is broken later; UTF-16 that lacks half a character.
        (b"a,\xc3\xa4\n1,2\n3,\xff\n4,5\n", &[2, 4], 3, "no text"),
        (b"a,\xc3\xa4\n1,2\n\xe2\x82,3\n4,5\n", &[2, 4], 3, "no text"),
        (b"a,\xe4\n1,2\n\x81,3\n4,5", &[2, 4], 3, "no text"),
        (b"# one\n# two\na,y\n1,2\n3\n4,5\n", &[4, 6], 5, "1 fields"),
        (b"# one\na,y\n1,2\n3,\"4\n4,5\n", &[3, 5], 4, "not closed"),
    ] {
        for most_rows in [1, 100] {
            let (rows, left_out) = tolerantly(text, most_rows).unwrap();
            let text = String::from_utf8_lossy(text);
            assert_eq!(rows, good, "{text}");
            assert_eq!(left_out.len(), 1, "{text} {left_out:?}");
            assert_eq!(left_out[0].0, bad, "{text}");
            assert!(left_out[0].1.contains(why), "{text} {left_out:?}");
        }
        // For training it stays an error, with the line and the way out.
        let error = Table::read(text).unwrap_err().to_string();
        assert!(error.contains("line ") && error.contains("; "), "{error}");
    }
}

#[test]
fn cells_of_several_lines_are_sound() {
    let text = b"a,y\n\"1\n\",2\n3,\"4\n\"\n\n5,\"6\"\n\"7\",\"\"\"8\"\n9\n";
    let (rows, bad) = tolerantly(text, 100).unwrap();
    assert_eq!(rows, [2, 4, 7, 8]);
    assert_eq!(bad.iter().map(|row| row.0).collect::<Vec<_>>(), [9]);
    let (rows, bad) = tolerantly(b"a,y,\n1,\"2\n\",\n3,\"4\n\"\n", 100).unwrap();
    assert_eq!((rows, bad), (vec![2, 4], vec![]));
}

#[test]
fn where_the_header_is_malformed_nothing_can_be_read() {
    for text in [&b"\xc3\xa4,\xff\n1,2\n"[..], b"a,\"y\n1,2\n", b"", b"a,y\n"] {
        assert!(tolerantly(text, 100).is_err(), "{text:?}");
    }
    let (rows, bad) = tolerantly(b"a,y\n1\n2\n", 100).unwrap();
    assert_eq!((rows.len(), bad.len()), (0, 2));
}

#[test]
fn a_row_with_an_open_quote_does_not_take_a_large_table_into_memory() {
    let mut text = b"a,y\n1,\"2\n".to_vec();
    for row in 0..300_000 {
        text.extend(format!("{row},2\n").bytes());
    }
    let (rows, bad) = tolerantly(&text, 50_000).unwrap();
    assert_eq!((rows.len(), bad.len()), (300_000, 1));
    assert_eq!((rows[0], bad[0].0), (3, 2));
}

proptest! {
    /// What is well formed is read the same, tolerantly or not.
    #[test]
    fn a_sound_table_loses_nothing(
        rows in prop::collection::vec(("[ -~\nä]{0,6}", "[ -~\n\"]{0,6}"), 1..30),
        most_rows in 1_usize..40,
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["first", "second", "y"]).unwrap();
        for (first, second) in &rows {
            writer.write_record([first.as_str(), second.as_str(), "x1"]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        std::fs::write(&file, &bytes).unwrap();
        let read = |chunks: TableChunks| -> Vec<String> {
            let pieces = chunks.map(|piece| piece.unwrap());
            pieces
                .flat_map(|piece| {
                    assert!(piece.bad_rows().is_empty(), "{:?}", piece.bad_rows());
                    let schema = TableReader::new()
                        .kind("first", smallbatch_data::ColumnKind::Category)
                        .schema(&piece);
                    vec![format!("{} {:?}", piece.n_rows(), schema.map(|schema| schema.to_toml()))]
                })
                .collect()
        };
        let strict = read(TableChunks::open(&file, most_rows).unwrap());
        let tolerant = read(TableChunks::open_tolerant(&file, most_rows).unwrap());
        prop_assert_eq!(strict, tolerant);
    }
}
