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
            ..Line::default()
        })
    };
    for (table, recipe) in [
        (mixed(true), Recipe::Network(small_network())),
        (mixed(false), Recipe::Network(small_network())),
        (mixed(true), line()),
        (mixed(false), logarithm(true)),
    ] {
        let model = fit(&table, &recipe).advised_by("some advice");
        let file = folder.path().join("model.safetensors");
        model.save(&file).unwrap();
        let loaded = Pipeline::load(&file).unwrap();
        assert_eq!(loaded, model);
        assert_eq!(loaded.advice(), "some advice");
        // How each training went is in the file, too; a line has no epochs.
        for member in loaded.members() {
            let epochs: Vec<f64> = member.history.iter().map(|look| look.epoch).collect();
            assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
            let is_network = matches!(recipe, Recipe::Network(_));
            assert_eq!(!epochs.is_empty(), is_network);
        }
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

/// Whatever byte it is, in header, metadata or weights.
#[test]
fn a_damaged_byte_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    let model = fit(&mixed(true), &line());
    model.save(&file).unwrap();
    let bytes = fs::read(&file).unwrap();
    for at in (0..bytes.len()).step_by(41) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        fs::write(&file, &damaged).unwrap();
        match Pipeline::load(&file) {
            // A space that another space fills up.
            Ok(loaded) => assert_eq!(loaded, model, "byte {at}"),
            Err(error) => assert!(matches!(error, Error::NoModel { .. }), "{error}"),
        }
    }
    for end in (0..bytes.len()).step_by(997) {
        fs::write(&file, &bytes[..end]).unwrap();
        let error = Pipeline::load(&file).unwrap_err();
        assert!(
            error.to_string().contains("is no model of smallbatch"),
            "{error}"
        );
    }
}

/// The small predictor reads the same file, and says the same but for rounding: its networks fuse no operations.
#[test]
fn the_small_predictor_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    for (table, recipe) in [
        (mixed(true), Recipe::Network(small_network())),
        (mixed(false), Recipe::Network(small_network())),
        (mixed(true), line()),
    ] {
        let model = fit(&table, &recipe);
        model.save(&file).unwrap();
        let small = smallbatch_predict::Model::from_bytes(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(small, model.portable().unwrap());
        let later = "x,town,day\n1.5,Ulm,2024-05-05\n,Bonn,2025-01-01\n0.1,Rom,2024-02-02\n0.5,,2024-12-31\n";
        let predicted = model
            .predict(&Table::read(later.as_bytes()).unwrap())
            .unwrap();
        let mut row = small.row();
        for (at, line) in later.lines().skip(1).enumerate() {
            row.clear();
            let mut cells = line
                .split(',')
                .map(|cell| Some(cell).filter(|cell| !cell.is_empty()));
            let x = cells
                .next()
                .unwrap()
                .map(|cell| cell.parse::<f64>().unwrap());
            row.set("x", x).unwrap();
            row.set("town", cells.next().unwrap()).unwrap();
            row.set("day", cells.next().unwrap()).unwrap();
            let prediction = small.predict(&row).unwrap();
            for (value, known) in prediction
                .values
                .iter()
                .zip(predicted.values.column(at).iter())
            {
                assert!(
                    (value - known).abs() < 1e-5 * known.abs().max(0.1),
                    "{value} and {known}"
                );
            }
            assert_eq!(prediction.class(), predicted.class(at));
            if let Some(half) = model.half_width(0.9) {
                let (low, high) = prediction.interval(0.9).unwrap();
                assert!(((high - low) / 2.0 - half).abs() < 1e-9);
            }
            let is_new = |w: &smallbatch_predict::Warning| w.what == "has the new category \"Rom\"";
            assert_eq!(prediction.warnings.iter().any(is_new), at == 2);
        }
    }
}

#[test]
fn other_formats_are_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    let known = include_str!("model-2.json");
    let later = known.replacen("\"smallbatch_model\":2", "\"smallbatch_model\":3", 1);
    for (text, words) in [
        (
            later.as_str(),
            "it has format 3 as JSON, and this program reads format 2",
        ),
        (
            include_str!("model-1.json"),
            "it has format 1, of an earlier version; train it anew with `advise`",
        ),
        (r#"{"name":"x"}"#, "it does not say its format"),
        ("{", "it is no JSON"),
        ("a,b\n1,2\n", "it is no whole safetensors file"),
        ("", "it is no whole safetensors file"),
    ] {
        let said = refused(&file, text);
        assert!(said.contains(words), "{said}");
        assert!(said.contains("model.json"), "{said}");
    }
    let damaged = known.replacen("Ulm", "Ulf", 1);
    assert!(refused(&file, &damaged).contains("its checksum differs"));
    let missing = Pipeline::load(folder.path().join("none.json")).unwrap_err();
    assert!(matches!(missing, Error::File { .. }), "{missing}");
}

/// A time of day is one column of the saved file, of which the predictor makes the same two features.
#[test]
fn a_model_of_times_of_day_is_saved_and_loaded() {
    let rows = (0..96).map(|i| {
        let y = 10.0 * f64::from(i % 90).sin();
        format!("{:02}:{:02},{y:.3}", i / 4, 15 * (i % 4))
    });
    let model = fit(&table("at,y", rows), &line());
    let portable = model.portable().unwrap();
    let names: Vec<&str> = portable
        .columns
        .iter()
        .map(|column| &*column.name)
        .collect();
    assert_eq!(names, ["at"]);
    let texts = ["00:00", "7:05", "13:59:30", "2:05 pm", "24:00", ""];
    let later = table("at", texts.map(|text| format!("{text:?}")));
    let predicted = model.predict(&later).unwrap().values;
    for (text, &expected) in texts.iter().zip(&predicted) {
        let mut row = portable.row();
        let value = (!text.is_empty()).then_some(*text);
        row.set("at", value).unwrap();
        let prediction = portable.predict(&row).unwrap().values[0];
        assert!(
            (prediction - expected).abs() < 1e-5 * expected.abs().max(1.0),
            "{text}: {prediction}, not {expected}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    model.save(&file).unwrap();
    assert_eq!(Pipeline::load(&file).unwrap(), model);
}

/// A straight line of the first program that wrote JSON of format 2: with missing cells, categories and dates. It is saved in today's form.
#[test]
fn a_file_of_the_older_form_is_read_and_converted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.safetensors");
    fs::write(&file, include_str!("model-2.json")).unwrap();
    let model = Pipeline::load(&file).unwrap();
    let converted = folder.path().join("converted.safetensors");
    model.save(&converted).unwrap();
    assert_eq!(Pipeline::load(&converted).unwrap(), model);
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

/// The checksum is right, and still it is no model: a feature is one that no column makes.
#[test]
fn a_file_whose_columns_do_not_make_its_features_is_refused() {
    let text = include_str!("model-2.json").replacen("\"kept\":[0,", "\"kept\":[24,", 1);
    let start = text.find("\"model\":").unwrap() + "\"model\":".len();
    let model = text[start..].trim_end().strip_suffix('}').unwrap();
    let checksum = xxhash_rust::xxh3::xxh3_128(model.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.json");
    let sealed =
        format!(r#"{{"smallbatch_model":2,"checksum":"{checksum:032x}","model":{model}}}"#);
    fs::write(&file, sealed).unwrap();
    let error = Pipeline::load(&file).unwrap_err().to_string();
    assert!(
        error.contains("its columns do not make the features"),
        "{error}"
    );
}
