//! A wrong file or folder: which one was meant is said.

use std::path::Path;

use crate::support::{small_design, smallbatch, text};

/// The beginnings of all kinds of files, in the folders where they are found.
fn files(folder: &Path) {
    let results = r#"{"schema_version": 2, "design_hash": "0"}"#;
    let advice = r#"{"format": 1, "program": "smallbatch", "data": "houses"}"#;
    // Behind the length of the header, which is no text.
    let model = "\u{1}\0\0\0\0\0\0\0{\"__metadata__\":{\"smallbatch\":\"{}\"}}";
    for (file, content) in [
        ("out/results.json", results),
        ("out/report.html", "<!doctype html>"),
        ("out/report.md", "# Report"),
        ("houses/advice.json", advice),
        ("houses/model.safetensors", model),
        ("alone/advice.json", advice),
        ("tables/houses.csv", "size,price\n1,2\n"),
        ("mine.toml", &small_design()),
    ] {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, content).expect("a file");
    }
}

#[test]
fn it_names_the_thing_the_place_and_the_way_out() {
    let folder = tempfile::tempdir().expect("a folder");
    files(folder.path());
    for (asked, said) in [
        (
            "verify out/report.html",
            "out/report.html is a report; `verify` needs out/results.json",
        ),
        (
            "replicate out/report.md",
            "out/report.md is a report; `replicate` needs out/results.json",
        ),
        (
            "replicate tables",
            "tables has no results.json; name a folder that `smallbatch run` wrote",
        ),
        (
            "report houses",
            "houses holds advice on a table, and no results.json; name a folder that `smallbatch run` wrote",
        ),
        (
            "verify houses/model.safetensors",
            "houses/model.safetensors is a saved model; `verify` needs the results.json of a run",
        ),
        (
            "verify mine.toml",
            "mine.toml is a design; `smallbatch run --file mine.toml` runs it",
        ),
        (
            "report tables/houses.csv",
            "tables/houses.csv is a table; `smallbatch expect tables/houses.csv` says what to expect of it",
        ),
        (
            "predict houses/advice.json tables/houses.csv",
            "houses/advice.json is advice on a table; the model is houses/model.safetensors",
        ),
        (
            "predict alone/advice.json tables/houses.csv",
            "alone/advice.json is advice on a table; `predict` needs a model.safetensors, which `smallbatch advise` writes",
        ),
        (
            "predict alone tables/houses.csv",
            "alone is a folder; `predict` needs a model.safetensors, which `smallbatch advise` writes",
        ),
        (
            "predict tables/houses.csv houses/model.safetensors",
            "tables/houses.csv is a table; the model comes first: `smallbatch predict houses/model.safetensors tables/houses.csv`",
        ),
        (
            "expect tables",
            "tables is a folder; name one table in it, or ask all of them: `smallbatch run --tables tables`",
        ),
        (
            "advise out/results.json --target price",
            "out/results.json is the results of a run; name a file of comma-separated values",
        ),
        (
            "run --file tables/houses.csv",
            "tables/houses.csv is a table; `smallbatch advise tables/houses.csv --target COLUMN` advises on it",
        ),
        (
            "run --file out/results.json",
            "out/results.json is the results of a run; `smallbatch replicate out/results.json` runs its design again",
        ),
        (
            "run --tables tables/houses.csv",
            "tables/houses.csv is a file; `smallbatch expect tables/houses.csv` says what to expect of one table",
        ),
    ] {
        let words: Vec<&str> = asked.split(' ').collect();
        let output = smallbatch(&words)
            .current_dir(&folder)
            .output()
            .expect("the program starts");
        let stderr = text(&output.stderr).replace('\\', "/");
        assert_eq!(stderr, format!("error: {said}\n"), "{asked}");
        assert_eq!(output.status.code(), Some(2), "{asked}");
        assert_eq!(text(&output.stdout), "", "{asked}");
    }
}
