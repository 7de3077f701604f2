//! What cannot be exported, and the bytes of what can.

use crate::random::{Columns, case};
use smallbatch_export::{Error, onnx};
use smallbatch_predict::{
    Column, Feature, FeatureScaling, HiddenActivation, Kind, Layer, Model, ModelMember, Network,
    Output,
};

/// One of each: numbers, a category, an affine scaling, a hidden layer, classes.
fn small() -> Model {
    let column = |name: &'static str, kind| Column {
        name: name.into(),
        kind,
        had_missing: true,
    };
    let levels = vec!["Ulm".into(), "Bonn".into()].into();
    let is = |code| Feature::Is {
        column: 1,
        part: None,
        code,
    };
    Model {
        target: "kept".into(),
        classes: vec!["no".into(), "yes".into()].into(),
        columns: vec![
            column("size", Kind::Number { range: None }),
            column("town", Kind::Category { levels }),
        ]
        .into(),
        members: vec![ModelMember {
            features: vec![
                Feature::Number {
                    column: 0,
                    part: None,
                    fill: 2.5,
                },
                is(Some(0)),
                is(Some(1)),
                is(None),
            ]
            .into(),
            scaling: FeatureScaling::Affine {
                shift: vec![1.0; 4].into(),
                scale: vec![2.0; 4].into(),
            },
            network: Network {
                layers: vec![
                    Layer {
                        weights: vec![0.5; 8].into(),
                        bias: vec![0.25; 2].into(),
                    },
                    Layer {
                        weights: vec![-1.0; 4].into(),
                        bias: vec![0.0, 1.0].into(),
                    },
                ]
                .into(),
                activation: HiddenActivation::Relu,
            },
            output: Output::Probabilities,
        }]
        .into(),
        errors: None,
    }
}

/// The file is what `onnx.checker` and onnxruntime accepted. A change of it is a change of what users have: look at it with
/// `cargo xtask onnx`, and write the new one by setting SMALLBATCH_WRITE_GOLDEN.
#[test]
fn the_bytes_are_those_that_were_checked() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/onnx/golden.onnx");
    let bytes = onnx(&small()).unwrap();
    if std::env::var_os("SMALLBATCH_WRITE_GOLDEN").is_some() {
        std::fs::write(golden, &bytes).unwrap();
    }
    assert!(bytes == std::fs::read(golden).unwrap());
}

#[test]
fn what_members_share_is_in_the_file_once() {
    let mut model = small();
    let one = onnx(&model).unwrap().len();
    model
        .members
        .to_mut()
        .extend(small().members.iter().cloned());
    // The second is the same as the first: one more sum.
    let two = onnx(&model).unwrap().len();
    assert!(two < one + 200, "{one} bytes became {two}");
}

#[test]
fn columns_with_the_names_of_outputs_keep_theirs() {
    let mut model = small();
    model.columns.to_mut()[0].name = "label".into();
    let bytes = onnx(&model).unwrap();
    let names = |name: &str| {
        bytes
            .windows(name.len())
            .filter(|w| *w == name.as_bytes())
            .count()
    };
    assert!(names("label1") > 0);
    let plain = onnx(&small()).unwrap();
    assert!(!plain.windows(6).any(|w| w == b"label1"));
}

#[test]
fn models_that_do_not_fit_together_are_refused() {
    let mut model = small();
    model.members.to_mut()[0].features.to_mut()[0] = Feature::Number {
        column: 7,
        part: None,
        fill: 0.0,
    };
    let error = onnx(&model).unwrap_err();
    assert!(matches!(error, Error::Unsound { .. }));
    assert!(error.to_string().contains("column 7"), "{error}");

    let mut model = small();
    model.members.to_mut()[0].features.to_mut()[0] = Feature::Number {
        column: 1,
        part: None,
        fill: 0.0,
    };
    let error = onnx(&model).unwrap_err().to_string();
    assert!(error.contains("\"town\""), "{error}");
}

/// Only the parts of dates can clash: a file has no column twice.
#[test]
fn two_inputs_of_one_name_are_refused() {
    let clash = (0..)
        .map(|number| case(number, Columns::All, 0).model)
        .find(|model| {
            let kinds = model.columns.iter().map(|column| &column.kind);
            let is_number = |kind: &Kind| matches!(kind, Kind::Number { .. });
            let is_date = |kind: &Kind| matches!(kind, Kind::Date { .. });
            kinds.clone().any(is_number) && kinds.clone().any(is_date)
        });
    let mut model = clash.unwrap();
    let date = model
        .columns
        .iter()
        .find(|c| matches!(c.kind, Kind::Date { .. }))
        .unwrap();
    let name = format!("{}.month", date.name);
    let number = model
        .columns
        .iter()
        .position(|c| matches!(c.kind, Kind::Number { .. }))
        .unwrap();
    model.columns.to_mut()[number].name = name.clone().into();
    assert_eq!(onnx(&model), Err(Error::Name { name }));

    let mut model = small();
    model.columns.to_mut()[0].name = "".into();
    assert!(matches!(onnx(&model), Err(Error::Name { .. })));
}
