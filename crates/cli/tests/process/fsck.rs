//! `fsck` on folders that are whole, damaged, mixed up and left behind.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{SMALL_EXPERIMENT, given, modelled, rows, said_in, small_experiment};

/// A folder with an advice and its model in `out`, and another in `other`.
fn advised() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let houses = rows(40, |i| format!("{},{}\n", i * 37 % 40, i * 74 % 80));
    fs::write(folder.path().join("houses.csv"), format!("a,y\n{houses}")).expect("a table");
    for (out, seed) in [("out", "0"), ("other", "1")] {
        let advise = ["advise", "houses.csv", "--quick", "--base-seed", seed];
        let (code, said) = said_in(folder.path(), &[&advise[..], &["--out", out]].concat());
        assert_eq!(code, Some(0), "{said}");
    }
    folder
}

/// The exit code, and the state of each file by its name.
fn states(folder: &Path, out: &str) -> (Option<i32>, Vec<(String, String)>) {
    let (code, printed, said) = given(folder, &["fsck", out, "--json"], "");
    let answer: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(answer["sound"], code == Some(0));
    let files = answer["files"].as_array().expect("files").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let name = |file: &Value| {
        let file = text(&file["file"]);
        file.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let states = files.map(|file| (name(file), text(&file["state"])));
    (code, states.collect())
}

fn state_of(folder: &Path, out: &str, file: &str) -> (Option<i32>, String) {
    let (code, states) = states(folder, out);
    let found = states.into_iter().find(|(name, _)| name == file);
    (code, found.unwrap_or_else(|| panic!("no {file}")).1)
}

#[test]
fn an_advice_and_its_model_are_whole_and_belong_together() {
    let folder = advised();
    let path = folder.path();
    let (code, said) = said_in(path, &["fsck", "out"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("belongs to model.safetensors"), "{said}");
    assert!(
        !said.contains("DAMAGED") && !said.contains("unchecked"),
        "{said}"
    );

    let model = path.join("out/model.safetensors");
    let mine = fs::read(&model).expect("a model");
    fs::copy(path.join("other/model.safetensors"), &model).expect("copied");
    assert_eq!(
        state_of(path, "out", "advice.json"),
        (Some(1), "apart".into())
    );
    fs::write(&model, &mine).expect("written");

    for file in ["model.safetensors", "advice.json"] {
        let file_path = path.join("out").join(file);
        let whole = fs::read(&file_path).expect("read");
        let mut bytes = whole.clone();
        // A digit stays a digit, so that only the checksum notices.
        let digit = bytes.iter().rposition(|byte| (b'2'..b'8').contains(byte));
        bytes[digit.expect("a digit")] ^= 1;
        fs::write(&file_path, bytes).expect("written");
        assert_eq!(
            state_of(path, "out", file),
            (Some(1), "damaged".into()),
            "{file}"
        );
        fs::write(&file_path, whole).expect("written");
    }
}

/// What a kill leaves costs nothing: an unfinished file, and a cache that is cut.
#[test]
fn what_a_kill_leaves_is_no_damage() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    small_experiment(path);
    let (code, said) = said_in(path, &SMALL_EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = said_in(path, &["fsck", "out"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("finished trainings"), "{said}");
    assert!(!said.contains("unchecked"), "{said}");

    fs::write(path.join("out/.results.json.1-0.unfinished"), "x").expect("written");
    let cache = fs::read_dir(path.join("out/cache"))
        .expect("a cache")
        .next();
    let cache = cache.expect("a file").expect("an entry").path();
    let mut bytes = fs::read(&cache).expect("read");
    bytes.pop();
    fs::write(&cache, bytes).expect("written");
    let (code, found) = states(path, "out");
    assert_eq!(code, Some(0), "{found:?}");
    for state in ["removable", "cut"] {
        assert!(
            found.iter().any(|(_, is)| is == state),
            "{state}: {found:?}"
        );
    }
}

#[test]
fn a_folder_of_nothing_and_no_folder() {
    let folder = modelled();
    assert_eq!(
        states(folder.path(), "out").1,
        [("model.safetensors".to_owned(), "whole".to_owned())]
    );
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    let (code, said) = said_in(folder.path(), &["fsck", "empty"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("empty has no file of this program"), "{said}");
    let (code, said) = said_in(folder.path(), &["fsck", "nowhere"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot read nowhere"), "{said}");
}
