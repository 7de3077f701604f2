//! Arrays as tables: NPY, NPZ and IDX, told by their first bytes.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use smallbatch_data::{Dataset, Table, TableChunks, TableReader, sample_path};
use tempfile::TempDir;

fn written(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    (folder, file)
}

fn npy(descr: &str, shape: &str, fortran: &str, values: &[u8]) -> Vec<u8> {
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    bytes
}

fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A zip archive of these files, every other one deflated; as numpy does it, with larger local headers than needed.
fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (at, (name, bytes)) in files.iter().enumerate() {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let method = if at % 2 == 1 { 8_u16 } else { 0 };
        let packed = if method == 8 {
            let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
            deflate.write_all(bytes).unwrap();
            deflate.finish().unwrap()
        } else {
            bytes.clone()
        };
        let start = archive.len() as u32;
        let mut common = [20_u16, 0, method, 0, 0].map(u16::to_le_bytes).concat();
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((bytes.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&common);
        archive.extend(20_u16.to_le_bytes());
        archive.extend(name.as_bytes());
        archive.extend([0; 20]);
        archive.extend(&packed);
        directory.extend(b"PK\x01\x02\x2d\x00");
        directory.extend(&common);
        directory.extend([0; 12]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size) = (archive.len() as u32, directory.len() as u32);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([(files.len() as u16).to_le_bytes(); 2].concat());
    archive.extend(size.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

fn x_and_y() -> Vec<u8> {
    let x: Vec<f32> = (0..20).map(|at| at as f32 / 10.0).collect();
    let y: Vec<u8> = (0..10).map(|at| at % 2).collect();
    zip(&[
        ("y.npy", npy("|u1", "(10,)", "False", &y)),
        ("X.npy", npy("<f4", "(10, 2)", "False", &singles(&x))),
        ("remark.txt", b"none".to_vec()),
    ])
}

fn sentence(name: &str, bytes: &[u8]) -> String {
    let (_folder, file) = written(name, bytes);
    let error = Table::read_path(&file).unwrap_err().to_string();
    let pieces =
        TableChunks::open(&file, 3).and_then(|pieces| pieces.collect::<Result<Vec<_>, _>>());
    assert_eq!(pieces.unwrap_err().to_string(), error);
    assert!(error.contains(name), "{error}");
    assert!(
        error.chars().count() < 300 + file.display().to_string().len(),
        "{error}"
    );
    error
}

#[test]
fn an_array_is_a_table_whatever_its_name_is() {
    let values = singles(&[0.1, 1.0, f32::NAN, 3.0, 4.5, 5.0]);
    for name in ["a.npy", "a.csv"] {
        let (_folder, file) = written(name, &npy("<f4", "(3, 2)", "False", &values));
        let table = Table::read_path(&file).unwrap();
        assert_eq!(
            (table.name(), table.columns().join(" ")),
            ("a", "c0 c1".into())
        );
        assert_eq!(table.n_rows(), 3);
    }
    // The first axis runs fastest; packed by gzip.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let values = singles(&[1.0, 2.0, 3.0, 0.5, 1.5, 2.5]);
    gzip.write_all(&npy("<f4", "(3, 2)", "True", &values))
        .unwrap();
    let (_folder, file) = written("f.npy", &gzip.finish().unwrap());
    let data: Dataset = TableReader::new().read_path(&file).unwrap();
    assert_eq!(data.features().as_slice(), [1.0, 2.0, 3.0]);
    assert_eq!(
        data.target().as_values().unwrap().as_slice(),
        [0.5, 1.5, 2.5]
    );
}

#[test]
fn arrays_of_an_archive_stand_side_by_side() {
    let (folder, file) = written("d.npz", &x_and_y());
    let data: Dataset = TableReader::new().read_path(&file).unwrap();
    assert_eq!(data.feature_names(), ["X0", "X1"]);
    assert_eq!(data.features().column(9).as_slice(), [1.8, 1.9]);
    assert_eq!(data.target().labels().unwrap()[..3], [0, 1, 0]);
    let (_, sampled, n) = sample_path(&file, &TableReader::new(), 4, 1).unwrap();
    assert_eq!((sampled.n_rows(), n), (4, 10));
    let named = folder.path().join("d.npz:X");
    assert_eq!(Table::read_path(&named).unwrap().columns(), ["X0", "X1"]);
    let error = Table::read_path(folder.path().join("d.npz:Z")).unwrap_err();
    assert!(
        error.to_string().contains("no array \"Z\", but y, X"),
        "{error}"
    );
}

#[test]
fn arrays_of_other_lengths_are_named() {
    let array = |n: usize| npy("|u1", &format!("({n}, 2)"), "False", &vec![1; 2 * n]);
    let error = sentence("m.npz", &zip(&[("a.npy", array(4)), ("b.npy", array(5))]));
    assert!(
        error.contains("(a 4, b 5); name those that belong together"),
        "{error}"
    );
    assert!(error.contains("m.npz:a,b"), "{error}");
}

#[test]
fn images_come_with_the_labels_beside_them() {
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    images.extend([7, 8, 9, 255]);
    let (folder, file) = written("t-images-idx3-ubyte", &images);
    assert_eq!(Table::read_path(&file).unwrap().columns(), ["x0", "x1"]);
    let labels = folder.path().join("t-labels-idx1-ubyte");
    std::fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 2, 1, 0]).unwrap();
    let table = Table::read_path(&file).unwrap();
    assert_eq!(table.columns(), ["x0", "x1", "label"]);
    std::fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 1, 1]).unwrap();
    let error = Table::read_path(&file).unwrap_err().to_string();
    assert!(
        error.contains("it has 2 rows, and the file beside it 1 labels"),
        "{error}"
    );
}

#[test]
fn files_that_are_not_whole_or_of_other_types_say_so() {
    let whole = npy("<f4", "(10, 2)", "False", &singles(&[0.5; 20]));
    let short = sentence("s.npy", &whole[..whole.len() - 30]);
    assert!(short.contains("30 of the 80 bytes"), "{short}");
    let long = [&whole[..], &[0]].concat();
    assert!(sentence("l.npy", &long).contains("bytes follow the 80"));
    let objects = sentence("o.npy", &npy("|O", "(3,)", "False", &[0; 24]));
    assert!(objects.contains("of type |O"), "{objects}");
    let huge = npy("<f8", "(99999999999, 99999999999)", "False", &[]);
    assert!(sentence("h.npy", &huge).contains("more than a machine can hold"));
    assert!(sentence("w.npy", &whole[..20]).contains("its header is wrong"));

    let mut archive = x_and_y();
    let cut = sentence("c.npz", &archive[..archive.len() - 40]);
    assert!(cut.contains("directory is damaged or cut off"), "{cut}");
    // A byte of y's values, which are stored.
    let at = archive
        .windows(4)
        .position(|window| window == [0, 1, 0, 1])
        .unwrap();
    archive[at] = 9;
    let damaged = sentence("d.npz", &archive);
    assert!(
        damaged.contains("d.npz:y") && damaged.contains("checksum"),
        "{damaged}"
    );
    let object = zip(&[("o.npy", npy("|O", "(3,)", "False", &[0; 24]))]);
    assert!(sentence("p.npz", &object).contains("p.npz:o: its values are of type |O"));
    // Another archive is none of arrays.
    let other = sentence("b.xlsx", &zip(&[("sheet.xml", b"<a/>".to_vec())]));
    assert!(other.contains("a spreadsheet or an archive"), "{other}");
}

/// A header that promises a row of a billion numbers: none of its columns is named before the row is there.
#[test]
fn columns_that_are_not_there_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.npy");
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 31000000), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    std::fs::write(&file, bytes).unwrap();
    let counted = allocation_counter::measure(|| {
        let error = Table::read_path(&file).unwrap_err().to_string();
        assert!(error.contains("are the most that are read"), "{error}");
    });
    assert!(counted.bytes_max < 100_000, "{}", counted.bytes_max);
}

/// An array without rows has its size right whatever it says of its columns.
#[test]
fn columns_of_no_rows_take_no_memory() {
    for shape in ["(0, 4000000000)", "(0, 100001)"] {
        let (_folder, file) = written("empty.npy", &npy("<f4", shape, "False", &[]));
        let counted = allocation_counter::measure(|| {
            let error = Table::read_path(&file).unwrap_err().to_string();
            assert!(
                error.contains("100000 are the most that are read"),
                "{error}"
            );
        });
        assert!(counted.bytes_max < 100_000, "{}", counted.bytes_max);
    }
}

/// Billions of rows without columns have no bytes: they would be counted one by one.
#[test]
fn rows_without_columns_are_refused_at_once() {
    let idx = [0, 0, 0x0d, 2, 0xc0, 0, 0, 0xc0, 0, 0, 0, 0];
    let npy = npy("<f4", "(3000000000, 0)", "False", &[]);
    for (name, bytes) in [("empty.idx", idx.to_vec()), ("empty.npy", npy)] {
        let said = sentence(name, &bytes);
        assert!(said.contains("its rows have no numbers"), "{said}");
    }
}
