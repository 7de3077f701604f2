//! Arrays in files: what is read, and what a file that is not whole is told.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use smallbatch_data::{
    Array, ArrayProblem, ArrayValues, Dataset, Error, StoredValues, Target, read_idx,
    read_labelled_idx, read_npy,
};
use tempfile::TempDir;

/// An IDX file: its type, the lengths of its axes, the bytes of its values.
fn idx(kind: u8, shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(values);
    bytes
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("array");
    std::fs::write(&file, bytes).unwrap();
    (folder, file)
}

fn read_bytes(bytes: &[u8], read: fn(PathBuf) -> Result<Array, Error>) -> Result<Array, Error> {
    let (_folder, file) = written(bytes);
    read(file)
}

fn problem(read: Result<Array, Error>) -> ArrayProblem {
    match read {
        Err(Error::Array { problem, .. }) => problem,
        other => panic!("refused as an array, and not {other:?}"),
    }
}

fn idx_of(bytes: &[u8]) -> Result<Array, Error> {
    read_bytes(bytes, read_idx)
}

fn npy_of(bytes: &[u8]) -> Result<Array, Error> {
    read_bytes(bytes, read_npy)
}

#[test]
fn idx_is_read_compressed_or_not() {
    let images = idx(0x08, &[2, 2, 3], &(0..12).collect::<Vec<u8>>());
    for bytes in [compressed(&images), images] {
        let array = idx_of(&bytes).unwrap();
        assert_eq!(array.shape(), [2, 2, 3]);
        assert_eq!((array.n_samples(), array.n_features()), (2, 6));
        let dataset: Dataset = array.dataset(Target::classes(vec![1, 0])).unwrap();
        assert!(matches!(dataset.stored().values, StoredValues::Bytes(_)));
        let second = dataset.features().column(1);
        assert_eq!(second.as_slice(), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    }
}

#[test]
fn idx_of_wider_types_is_big_endian() {
    let shorts = idx_of(&idx(0x0b, &[2], &[0xff, 0xfe, 0, 7])).unwrap();
    assert_eq!(shorts.values(), &ArrayValues::Integers(vec![-2, 7]));
    let doubles = idx_of(&idx(0x0e, &[1, 1], &0.1_f64.to_be_bytes())).unwrap();
    assert_eq!(doubles.values(), &ArrayValues::Doubles(vec![0.1]));
    assert_eq!(doubles.numbers::<f32>().unwrap()[(0, 0)], 0.1);
}

#[test]
fn missing_bytes_are_counted() {
    let whole = idx(0x0c, &[3, 2], &[7; 24]);
    let error = idx_of(&whole[..whole.len() - 5]);
    assert_eq!(
        problem(error),
        ArrayProblem::EndsEarly {
            missing: 5,
            promised: 24
        }
    );
    let (_folder, file) = written(&whole[..whole.len() - 5]);
    let said = read_idx(&file).unwrap_err().to_string();
    let name = file.display();
    assert_eq!(
        said,
        format!(
            "{name}: it ends too early: 5 of the 24 bytes that its header promises are missing; copy or write the file again"
        )
    );
    // A header of axes that is cut, and one without any.
    assert!(
        matches!(problem(idx_of(&whole[..10])), ArrayProblem::Header { reason } if reason.contains("2 of its bytes"))
    );
    assert!(matches!(
        problem(idx_of(&[0, 0])),
        ArrayProblem::OtherFormat { .. }
    ));
}

#[test]
fn a_compressed_file_that_is_cut_is_told() {
    // Random bytes are not compressed, so that half a file has some of the values.
    let mut state = 1_u32;
    let values = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let values: Vec<u8> = values.take(300_000).collect();
    let gzip = compressed(&idx(0x08, &[300_000], &values));
    let ArrayProblem::EndsEarly { missing, promised } = problem(idx_of(&gzip[..150_000])) else {
        panic!("values are missing");
    };
    assert_eq!(promised, 300_000);
    assert!((140_000..=200_000).contains(&missing), "{missing}");
    let without_checksum = problem(idx_of(&gzip[..gzip.len() - 4]));
    assert_eq!(without_checksum, ArrayProblem::NoChecksum);
    let mut damaged = gzip.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    assert!(matches!(idx_of(&damaged), Err(Error::Io { .. })));
    assert_eq!(idx_of(&gzip).unwrap().n_samples(), 300_000);
}

#[test]
fn more_bytes_than_promised_are_refused() {
    let mut bytes = idx(0x08, &[3], &[1, 2, 3]);
    bytes.push(4);
    for bytes in [compressed(&bytes), bytes] {
        let promised = 3;
        assert_eq!(problem(idx_of(&bytes)), ArrayProblem::EndsLate { promised });
    }
}

#[test]
fn sizes_that_overflow_are_refused_without_memory() {
    let axes = [u32::MAX; 4];
    let refused = problem(idx_of(&idx(0x0e, &axes, &[])));
    assert!(matches!(refused, ArrayProblem::TooLarge { shape } if shape.len() == 4));
    let none = problem(idx_of(&idx(0x08, &[0, u32::MAX, u32::MAX, u32::MAX], &[])));
    assert!(matches!(none, ArrayProblem::TooLarge { .. }));
    // It could be addressed, but is not there: no room is made for what a header only promises.
    let refused = problem(idx_of(&idx(0x08, &[u32::MAX, 1 << 30], &[1])));
    assert!(
        matches!(refused, ArrayProblem::EndsEarly { promised, missing } if promised == missing + 1)
    );
}

#[test]
fn other_formats_and_types_are_told() {
    let png = problem(idx_of(b"\x89PNG\r\n"));
    assert!(png.to_string().contains("the bytes 89 50 4e 47"), "{png}");
    assert!(problem(npy_of(b"")).to_string().contains("nothing"));
    assert!(matches!(
        problem(npy_of(b"a,b\n1,2\n")),
        ArrayProblem::OtherFormat { format: "NPY", .. }
    ));
    let odd = problem(idx_of(&idx(0x0a, &[1], &[0])));
    assert!(odd.to_string().contains("type 0x0a"), "{odd}");
    assert!(matches!(read_idx("nowhere"), Err(Error::Io { .. })));
}

#[test]
fn an_array_without_samples_makes_no_data_set() {
    let none = idx_of(&idx(0x08, &[0, 28, 28], &[])).unwrap();
    assert_eq!((none.n_samples(), none.n_features()), (0, 784));
    let refused = none.dataset::<f32>(Target::classes(Vec::new()));
    assert!(matches!(refused, Err(Error::Empty { columns: 0, .. })));
}

#[test]
fn labels_are_whole_numbers_of_one_axis() {
    let labels =
        |kind, shape: &[u32], values: &[u8]| idx_of(&idx(kind, shape, values)).unwrap().labels();
    assert_eq!(labels(0x08, &[3], &[2, 0, 1]).unwrap(), [2, 0, 1]);
    assert_eq!(labels(0x0b, &[2, 1], &[0, 1, 1, 0]).unwrap(), [1, 256]);
    for (refused, said) in [
        (labels(0x08, &[1, 2], &[2, 0]), "its shape [1, 2]"),
        (labels(0x0d, &[1], &[0; 4]), "f4 floats"),
        (labels(0x09, &[2], &[0, 0xff]), "sample 1 has the label -1"),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn images_find_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("train-images-idx3-ubyte.gz");
    let labels = folder.path().join("train-labels-idx1-ubyte");
    std::fs::write(
        &images,
        compressed(&idx(0x08, &[3, 1, 2], &[1, 2, 3, 4, 5, 6])),
    )
    .unwrap();
    let error = read_labelled_idx::<f32>(&images).unwrap_err().to_string();
    assert!(
        error.contains("no train-labels-idx1-ubyte beside it"),
        "{error}"
    );
    std::fs::write(&labels, idx(0x08, &[3], &[0, 1, 1])).unwrap();
    let dataset = read_labelled_idx::<f32>(&images).unwrap();
    assert_eq!((dataset.n_samples(), dataset.n_features()), (3, 2));
    assert_eq!(dataset.target().labels(), Some(&[0, 1, 1][..]));
    assert_eq!(dataset.name(), "train-images-idx3-ubyte");
    std::fs::write(&labels, idx(0x08, &[2], &[0, 1])).unwrap();
    assert!(matches!(
        read_labelled_idx::<f32>(&images),
        Err(Error::SampleCount {
            expected: 3,
            actual: 2,
            ..
        })
    ));
    // The labels are no images: nothing is beside them.
    assert!(read_labelled_idx::<f32>(&labels).is_err());
}

/// A file that numpy wrote; `arrays/make.py` says how.
fn numpy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/arrays/{name}.npy"))
}

#[test]
fn what_numpy_wrote_is_read() {
    let n = 0..6;
    let bytes = ArrayValues::Bytes(n.clone().collect());
    let integers = ArrayValues::Integers(n.clone().map(i64::from).collect());
    let singles = ArrayValues::Singles(n.clone().map(f32::from).collect());
    let doubles = ArrayValues::Doubles(n.map(f64::from).collect());
    for (name, values) in [
        ("u1", &bytes),
        ("little-i2", &integers),
        ("big-i4", &integers),
        ("little-i8", &integers),
        ("little-u4", &integers),
        ("little-f4", &singles),
        ("big-f4", &singles),
        ("version-2", &singles),
        ("version-3", &singles),
        ("little-f8", &doubles),
        ("big-f8", &doubles),
        ("fortran-f8", &doubles),
    ] {
        let array = read_npy(numpy(name)).unwrap();
        assert_eq!(array.shape(), [2, 3], "{name}");
        assert_eq!(array.values(), values, "{name}");
        let numbers = array.numbers::<f32>().unwrap();
        assert_eq!(numbers.column(1).as_slice(), [3.0, 4.0, 5.0], "{name}");
    }
}

#[test]
fn npy_that_is_not_whole_is_told() {
    let whole = std::fs::read(numpy("little-f4")).unwrap();
    let cut = problem(npy_of(&whole[..whole.len() - 3]));
    let promised = 24;
    assert_eq!(
        cut,
        ArrayProblem::EndsEarly {
            missing: 3,
            promised
        }
    );
    assert!(matches!(
        problem(npy_of(&whole[..40])),
        ArrayProblem::Header { .. }
    ));
    assert!(matches!(
        problem(npy_of(&whole[..8])),
        ArrayProblem::Header { .. }
    ));
    let mut newer = whole.clone();
    newer[6] = 9;
    let newer = problem(npy_of(&newer)).to_string();
    assert!(newer.contains("its version is 9"), "{newer}");
    // Version 2 with a header of 4 GB.
    let mut long = whole[..6].to_vec();
    long.extend([2, 0, 0xff, 0xff, 0xff, 0xff]);
    assert!(
        problem(npy_of(&long))
            .to_string()
            .contains("more than 65536")
    );
}

#[test]
fn numbers_that_f32_cannot_hold_are_refused() {
    let large = idx(0x0e, &[1, 2], &[[0; 8], 1e300_f64.to_be_bytes()].concat());
    let error = idx_of(&large).unwrap().numbers::<f32>().unwrap_err();
    assert!(
        matches!(&error, Error::Narrowing { place, .. } if place == "sample 0, feature 1"),
        "{error}"
    );
    assert!(idx_of(&large).unwrap().numbers::<f64>().is_ok());
}

proptest::proptest! {
    /// Whatever a header says, reading ends with an array or an error.
    #[test]
    fn no_header_makes_it_panic(
        kind in proptest::sample::select(vec![8_u8, 9, 11, 12, 13, 14]),
        shape in proptest::collection::vec(proptest::prop_oneof![0_u32..4, proptest::num::u32::ANY], 1..5),
        values in proptest::collection::vec(0_u8.., 0..64),
    ) {
        if let Ok(array) = idx_of(&idx(kind, &shape, &values)) {
            let count = array.n_samples() * array.n_features();
            proptest::prop_assert_eq!(array.numbers::<f64>().unwrap().len(), count);
            let _labels_or_why_not = array.labels();
        }
    }
}
