//! Parquet files, which pyarrow wrote (`parquet/make.py`), as tables.
#![cfg(feature = "parquet")]
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::path::{Path, PathBuf};

use smallbatch_data::{ColumnKind, Dataset, Error, MissingValues, Table, TableReader, Task};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/parquet/{name}.parquet"))
}

/// What is wrong with a file.
fn problem(name: &str) -> String {
    match Table::read_parquet(file(name)) {
        Err(Error::Parquet { problem, .. }) => problem,
        other => panic!("refused, and not {other:?}"),
    }
}

#[test]
fn a_table_is_read_whatever_compresses_it() {
    for codec in ["none", "snappy", "gzip", "lz4"] {
        let table = Table::read_parquet(file(codec)).unwrap();
        assert_eq!((table.name(), table.n_rows()), (codec, 12));
        assert!(table.has_index());
        let columns = [
            "single", "double", "small", "large", "truth", "town", "day", "price", "y",
        ];
        assert_eq!(table.columns(), columns);
        let reader = TableReader::new()
            .task(Task::Regression)
            .ignore(["large", "day"])
            // It has one price only, which would make it a constant.
            .kind("price", ColumnKind::Number)
            .missing(MissingValues::Admit);
        let dataset: Dataset = reader.schema(&table).unwrap().dataset(&table).unwrap();
        assert_eq!(
            dataset.target().as_values().unwrap().as_slice()[..3],
            [1.0, 2.0, 3.0]
        );
        let row = |name: &str| {
            let at = dataset.feature_names().iter().position(|n| n == name);
            let features = dataset.features();
            let row = features
                .row(at.unwrap_or_else(|| panic!("{name} of {:?}", dataset.feature_names())));
            row.iter()
                .take(3)
                .map(|x| x.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(row("single"), "0.1 NaN 0.000000000000000000000000000001");
        assert_eq!(row("double"), "0.1 2.5 NaN");
        assert_eq!(row("small"), "1 -2 3");
        assert_eq!(row("price"), "10.5 NaN NaN");
        assert!(row("town=Ulm, old").starts_with("1 0"));
        assert!(row("town=Bonn").starts_with("0 1"));
    }
}

#[test]
fn what_is_not_read_is_told() {
    let zstd = problem("zstd");
    assert!(
        zstd.contains("zstd") && zstd.contains("write the file with snappy"),
        "{zstd}"
    );
    let nested = problem("nested");
    assert!(
        nested.starts_with("column \"list\" holds lists"),
        "{nested}"
    );
    assert!(matches!(
        Table::read_parquet(file("empty")),
        Err(Error::EmptyTable { columns: 9 })
    ));
    assert!(matches!(
        Table::read_parquet(file("nowhere")),
        Err(Error::Io { .. })
    ));
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error() {
    let whole = std::fs::read(file("snappy")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.parquet");
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let refused = Table::read_parquet(&cut);
        assert!(
            matches!(refused, Err(Error::Parquet { .. })),
            "{length}: {refused:?}"
        );
    }
}

/// The library panics on some of these files.
#[test]
fn a_file_that_is_damaged_anywhere_makes_no_panic() {
    let whole = std::fs::read(file("snappy")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.parquet");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        std::fs::write(&damaged, bytes).unwrap();
        refused += usize::from(Table::read_parquet(&damaged).is_err());
    }
    // The others are other values, or bytes that nothing reads.
    assert!(refused > whole.len() / 9, "{refused}");
}
