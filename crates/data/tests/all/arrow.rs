//! Arrow files and streams, which pyarrow wrote (`arrow/make.py`), as tables.
#![cfg(feature = "arrow")]
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::fs;
use std::path::{Path, PathBuf};

use smallbatch_data::{Dataset, Error, MissingValues, Table, TableChunks, TableReader, Task};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/arrow/{name}.arrow"))
}

#[test]
fn a_table_is_read_whatever_it_is_written_as() {
    for form in ["none", "lz4", "stream"] {
        let table = Table::read_path(file(form)).unwrap();
        assert_eq!((table.name(), table.n_rows()), (form, 12));
        assert!(table.has_index());
        let columns = [
            "single", "double", "small", "large", "truth", "town", "day", "moment", "price", "y",
        ];
        assert_eq!(table.columns(), columns);
        let reader = TableReader::new()
            .task(Task::Regression)
            .ignore(["large", "day", "moment"])
            .missing(MissingValues::Admit);
        let dataset: Dataset = reader.schema(&table).unwrap().dataset(&table).unwrap();
        let row = |name: &str| {
            let at = dataset.feature_names().iter().position(|n| n == name);
            let at = at.unwrap_or_else(|| panic!("{name} of {:?}", dataset.feature_names()));
            let row = dataset.features().row(at).columns(0, 3).into_owned();
            row.iter()
                .map(|x| x.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(row("single"), "0.1 NaN 0.000000000000000000000000000001");
        assert_eq!(row("double"), "0.1 2.5 NaN");
        assert_eq!(row("small"), "1 -2 3");
        assert_eq!(row("price"), "10.5 NaN 7.25");
        assert!(row("town=Ulm, old").starts_with("1 0"));
        assert!(row("town=Bonn").starts_with("0 1"));
        // In pieces, across the record batches of five rows.
        let pieces = TableChunks::open(file(form), 4).unwrap();
        let rows: Vec<usize> = pieces.map(|piece| piece.unwrap().n_rows()).collect();
        assert_eq!(rows, [4, 4, 4]);
    }
    // Dates and times are read as such.
    let table = Table::read_path(file("none")).unwrap();
    let schema = TableReader::new()
        .kind("day", smallbatch_data::ColumnKind::Date)
        .kind("moment", smallbatch_data::ColumnKind::Date)
        .schema(&table)
        .unwrap();
    let earliest = |name: &str| {
        let mut columns = schema.columns().iter();
        columns.find(|c| c.name() == name).unwrap().earliest()
    };
    assert_eq!(earliest("day"), Some(15_736.0));
    assert!((earliest("moment").unwrap() - 15_736.520_833_33).abs() < 1e-6);
}

#[test]
fn what_is_not_read_is_told() {
    let problem = |name: &str| match Table::read_path(file(name)) {
        Err(Error::Parquet { problem, .. }) => problem,
        other => panic!("refused, and not {other:?}"),
    };
    let zstd = problem("zstd");
    assert!(zstd.contains("write the file with lz4"), "{zstd}");
    let nested = problem("nested");
    assert!(
        nested.starts_with("column \"list\" holds lists"),
        "{nested}"
    );
    let empty = Table::read_path(file("empty")).unwrap_err().to_string();
    assert!(empty.contains("empty.arrow"), "{empty}");
}

/// Whatever is cut off or altered: an error or a table, and no panic.
#[test]
fn damage_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.arrow");
    for form in ["none", "lz4", "stream"] {
        let bytes = fs::read(file(form)).unwrap();
        for end in (0..bytes.len()).step_by(131) {
            fs::write(&damaged, &bytes[..end]).unwrap();
            // A stream may end after any batch.
            if let Err(error) = Table::read_path(&damaged) {
                let said = error.to_string();
                assert!(said.contains("damaged.arrow") && said.len() < 400, "{said}");
            }
        }
        for at in (8..bytes.len()).step_by(97) {
            let mut altered = bytes.clone();
            altered[at] ^= 0x55;
            fs::write(&damaged, &altered).unwrap();
            let _ = Table::read_path(&damaged);
        }
    }
}
