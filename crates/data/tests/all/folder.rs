//! Folders of tables, with settings beside them.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use smallbatch_data::{Error, FolderTable, read_folder};

const PRICES: &str = "price,rooms,street\n300.5,2,Elm\n420,3,Oak\n400,3,Elm\n350,2,Oak\n";

/// What is read of a folder with these files.
fn read(files: &[(&str, &str)]) -> Vec<FolderTable> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    read_folder(folder.path()).unwrap()
}

#[test]
fn every_table_is_read_by_name_and_nothing_else() {
    let classes = "a,kind\n1,x\n2,z\n3,x\n4,z\n";
    let tables = read(&[
        ("b.csv", classes),
        ("a.csv", "a,y\n1,2.5\n2,3.5\n"),
        ("C.CSV", classes),
        ("notes.txt", "no table"),
    ]);
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["C", "a", "b"]);
    let data: Vec<_> = tables
        .into_iter()
        .map(|table| table.dataset.unwrap())
        .collect();
    assert_eq!(data[1].name(), "a");
    assert!(data[1].target().labels().is_none() && data[2].target().labels().is_some());
}

#[test]
fn settings_beside_a_table_say_what_it_is() {
    let all = "target = \"price\" # last\ntask = \"numbers\"\ngroups = \"street\"\n";
    let mut tables = read(&[("houses.csv", PRICES), ("houses.toml", all)]);
    assert_eq!(tables.len(), 1);
    let houses = tables.remove(0).dataset.unwrap();
    assert_eq!(houses.feature_names(), ["rooms"]);
    assert_eq!(houses.target().names(), ["price"]);
    assert_eq!(houses.groups(), Some(&[0, 1, 0, 1][..]));

    let some = "target = \"rooms\"\nignore = [\"street\"]\ntask = \"classes\"\n";
    let mut tables = read(&[("houses.csv", PRICES), ("houses.toml", some)]);
    let houses = tables.remove(0).dataset.unwrap();
    assert_eq!(houses.target().names(), ["2", "3"]);
}

#[test]
fn what_cannot_be_read_has_its_reason_and_stops_nothing() {
    let tables = read(&[
        ("a.csv", "a,y\n1,2.5\n2,3.5\n"),
        ("b.csv", "a,y\n1,2.5\n2\n"),
        ("c.csv", PRICES),
        ("c.toml", "target = \"price\"\n\ngruops = \"street\"\n"),
        ("d.csv", PRICES),
        ("d.toml", "target = \"prise\"\n"),
        ("e.csv", PRICES),
        ("e.toml", "task = \"number\"\n"),
        ("f.csv", PRICES),
        ("f.toml", "target = price\n"),
        ("hoses.toml", "target = \"price\"\n"),
        ("z.csv", "a,y\n1,2.5\n2,3.5\n"),
    ]);
    assert!(tables[0].dataset.is_ok() && tables[7].dataset.is_ok());
    let reason = |at: usize| tables[at].dataset.as_ref().unwrap_err().to_string();
    for (at, says) in [
        (1, "line 3: it has 1 fields"),
        (2, "c.toml, line 3: unknown field `gruops`"),
        (3, "did you mean \"price\"?"),
        (4, "e.toml, line 1: unknown variant `number`"),
        (5, "f.toml, line 1: "),
        (6, "no table beside"),
    ] {
        assert!(reason(at).contains(says), "{}", reason(at));
    }
    assert!(tables[6].path.ends_with("hoses.toml"));
}

#[test]
fn a_folder_without_tables_or_none_at_all_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_folder::<f32>(folder.path()).unwrap_err();
    assert!(matches!(error, Error::NoTables { .. }), "{error:?}");
    let error = read_folder::<f32>(folder.path().join("none")).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
}
