//! Models as files: what comes back is what was saved, or an error that says why not.

use std::fs;
use std::path::Path;

use smallbatch_data::Table;
use smallbatch_pipeline::{Error, Line, Pipeline, Recipe};

use crate::support::{fit, houses, line, small_network, table, uniform};

/// Numbers, missing cells, categories and dates; the target is positive, or a class.
fn mixed(classes: bool) -> Table {
    let mut draw = uniform(3);
    let rows = (0..80).map(|at| {
        let x = draw();
        let cell = if at % 9 == 4 {
            "NA".into()
        } else {
            format!("{x:.4}")
        };
        let town = ["Bonn", "Ulm", "Oslo"][at % 3];
        let y = (x + 0.1 * draw()).exp();
        let y = if classes {
            ["low", "high"][usize::from(y > 1.7)].into()
        } else {
            format!("{y:.4}")
        };
        format!(
            "{cell},{town},2024-{:02}-{:02},{y}",
            1 + at % 12,
            1 + at % 28
        )
    });
    table("x,town,day,y", rows)
}

#[test]
fn a_model_comes_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let logarithm = |logarithm| {
        Recipe::Line(Line {
            penalty: 1e-3,
            logarithm,
        })
    };
    for (table, recipe) in [
        (mixed(true), Recipe::Network(small_network())),
        (mixed(false), Recipe::Network(small_network())),
        (mixed(true), line()),
        (mixed(false), logarithm(true)),
    ] {
        let model = fit(&table, &recipe).advised_by("some advice");
        let file = folder.path().join("model.json");
        model.save(&file).unwrap();
        let loaded = Pipeline::load(&file).unwrap();
        assert_eq!(loaded, model);
        assert_eq!(loaded.advice(), "some advice");
        let bits = |model: &Pipeline| -> Vec<u64> {
            let values = model.predict(&table).unwrap().values;
            values.iter().map(|value| value.to_bits()).collect()
        };
        assert_eq!(bits(&loaded), bits(&model));
        assert_eq!(
            loaded.predict(&table).unwrap(),
            model.predict(&table).unwrap()
        );
    }
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

fn refused(file: &Path, text: &str) -> String {
    fs::write(file, text).unwrap();
    let error = Pipeline::load(file).unwrap_err();
    assert!(matches!(error, Error::NoModel { .. }), "{error}");
    error.to_string()
}

/// A digit that is another makes another model, which the checksum tells, or the same number written in another way.
#[test]
fn a_damaged_byte_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    let model = fit(&houses(60, 1), &line());
    model.save(&file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let (mut told, mut tried) = (0, 0);
    for at in (0..text.len()).step_by(41) {
        let mut damaged = text.clone().into_bytes();
        damaged[at] = if damaged[at] == b'7' { b'8' } else { b'7' };
        fs::write(&file, &damaged).unwrap();
        tried += 1;
        match Pipeline::load(&file) {
            Ok(loaded) => assert_eq!(loaded, model, "byte {at}"),
            Err(error) => {
                assert!(matches!(error, Error::NoModel { .. }), "{error}");
                told += 1;
            }
        }
    }
    assert!(told > 9 * tried / 10, "{told} of {tried}");
    let said = refused(&file, &text[..text.len() / 2]);
    assert!(said.contains("is no model of smallbatch"), "{said}");
}

#[test]
fn other_formats_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    fit(&houses(60, 1), &line()).save(&file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let later = text.replacen("\"smallbatch_model\":2", "\"smallbatch_model\":3", 1);
    assert_ne!(later, text);
    for (text, words) in [
        (
            later.as_str(),
            "it has format 3, and this program reads format 2",
        ),
        (
            include_str!("model-1.json"),
            "it has format 1, of an earlier version; train it anew with `advise`",
        ),
        (r#"{"name":"x"}"#, "it does not say its format"),
        ("a,b\n1,2\n", "it is no JSON"),
        ("", "it is no JSON"),
    ] {
        let said = refused(&file, text);
        assert!(said.contains(words), "{said}");
        assert!(said.contains("model.json"), "{said}");
    }
    let missing = Pipeline::load(folder.path().join("none.json")).unwrap_err();
    assert!(matches!(missing, Error::File { .. }), "{missing}");
}

/// A straight line of the first program that wrote this format: with missing cells, categories and dates.
#[test]
fn a_file_of_this_format_keeps_loading() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    fs::write(&file, include_str!("model-2.json")).unwrap();
    let model = Pipeline::load(&file).unwrap();
    let text = "size,town,day\n50,Ulm,2024-05-05\n,Bonn,2025-01-01\n70,Oslo,2024-02-02\n";
    let predictions = model
        .predict(&Table::read(text.as_bytes()).unwrap())
        .unwrap();
    for (value, known) in predictions.values.iter().zip([169.0614, 171.392, 201.877]) {
        // Processors may sum up single precision in another order.
        assert!((value - known).abs() < 1e-3, "{value} and {known}");
    }
    assert_eq!(predictions.notices.len(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let model = fit(&houses(60, 1), &line());
    let error = model
        .save(folder.path().join("none/model.json"))
        .unwrap_err();
    assert!(error.to_string().starts_with("cannot write"), "{error}");
    // Where a folder has that name.
    fs::create_dir(folder.path().join("taken")).unwrap();
    assert!(model.save(folder.path().join("taken")).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
