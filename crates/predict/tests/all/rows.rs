//! Cells by name: what is taken, what is refused, and what is worth a warning.

use proptest::prelude::*;
use smallbatch_predict::{
    Column, DatePart, Error, Feature, FeatureScaling, HiddenActivation, Kind, Layer, Model,
    ModelMember, Network, Output, Value,
};

use crate::random::{self, Random};

/// A model with a column of each kind, and what a random model is made of.
fn model() -> Model {
    let mut model = random::model(4);
    let column = |name: &'static str, kind, had_missing| Column {
        name: name.into(),
        kind,
        had_missing,
    };
    model.columns = vec![
        column(
            "size",
            Kind::Number {
                range: Some([10.0, 20.0]),
            },
            false,
        ),
        column("sold", Kind::Boolean, true),
        column(
            "town",
            Kind::Category {
                levels: vec!["Ulm".into(), "7".into(), "yes".into()].into(),
            },
            true,
        ),
        column("when", Kind::Date { earliest: 0.0 }, true),
        column("at", Kind::Time, true),
        column("country", Kind::Constant { value: "DE".into() }, false),
    ]
    .into();
    for member in model.members.to_mut() {
        let feature = smallbatch_predict::Feature::Number {
            column: 0,
            part: None,
            fill: 1.0,
        };
        member.features = vec![feature; member.features.len()].into();
    }
    model
}

/// The warnings of a row with this cell, and all else that is ever missing; or why not.
fn warnings(column: &str, value: Value<'_>) -> Result<Vec<String>, Error> {
    let model = model();
    let mut row = model.row();
    row.set("size", 12.0)?;
    row.set(column, value)?;
    let warnings = model.predict(&row)?.warnings;
    Ok(warnings
        .iter()
        .map(|w| format!("{} {}", w.column, w.what))
        .collect())
}

#[test]
fn an_unknown_column_names_the_nearest() {
    let error = warnings("Siez", 3.0.into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model has no column \"Siez\"; the nearest is \"size\""
    );
    let long = "x".repeat(100_000);
    let error = warnings(&long, 3.0.into()).unwrap_err().to_string();
    assert!(error.len() < 200, "{error}");
}

#[test]
fn a_value_of_another_kind_is_refused_and_leaves_the_row_as_it_was() {
    for (column, value, reason) in [
        (
            "size",
            Value::Text("12"),
            "column \"size\" takes a number, not \"12\"",
        ),
        (
            "size",
            Value::Truth(true),
            "column \"size\" takes a number, not true",
        ),
        (
            "size",
            Value::Number(f64::NAN),
            "column \"size\" takes a number, not NaN",
        ),
        (
            "size",
            Value::Number(f64::INFINITY),
            "column \"size\" takes a number, not inf",
        ),
        (
            "sold",
            Value::Text("maybe"),
            "column \"sold\" takes true or false, not \"maybe\"",
        ),
        (
            "sold",
            Value::Number(2.0),
            "column \"sold\" takes true or false, not 2",
        ),
        (
            "when",
            Value::Number(2024.0),
            "column \"when\" takes a date such as 2024-03-01 or 2024-03-01T12:30:00, not 2024",
        ),
    ] {
        assert_eq!(warnings(column, value).unwrap_err().to_string(), reason);
    }
    let model = model();
    let mut row = model.row();
    row.set("size", 12.0).unwrap();
    let before = row.clone();
    assert!(row.set("size", "x").is_err());
    assert_eq!(row, before);
}

#[test]
fn dates_that_are_none_are_refused() {
    for text in [
        "",
        "2024",
        "2024-13-01",
        "2024-00-10",
        "2023-02-29",
        "1900-02-29",
        "2024-02-30",
        "2024-1-1-1",
        "-2024-01-01",
        "20240-01-01",
        "2024-01-01T",
        "2024-01-01T25:00",
        "2024-01-01T12:60",
        "2024-01-01T12:00:61",
        "2024-01-01T12:00:NaN",
        "2024-01-01T12:00:1e9",
        "2024-01-01T12:00+",
        "2024-01-01T12:00+x",
        "2024-01-01T12:00Zz",
        "01.02.2024",
        "２０２４-01-01",
        "2024-01-01T12:00:00:00",
        "now",
        "2024-01-01T12:00+1:é",
    ] {
        let error = warnings("when", text.into()).unwrap_err();
        assert!(matches!(error, Error::WrongKind { .. }), "{text}: {error}");
    }
    for text in [
        "2024-02-29",
        " 2000-02-29 ",
        "2024-1-1",
        "0000-01-01",
        "9999-12-31T23:59:60.9+14",
        "2024-01-01T12:00+0530",
    ] {
        assert_eq!(warnings("when", text.into()), Ok(vec![]), "{text}");
    }
}

/// What a model predicts that passes the two features of a time of day on: their sum, with weights 1 and 1000.
fn of_time(value: Value<'_>) -> Result<f64, Error> {
    let mut model = random::model(4);
    model.classes = Vec::new().into();
    model.columns = vec![Column {
        name: "at".into(),
        kind: Kind::Time,
        had_missing: true,
    }]
    .into();
    let feature = |part| Feature::Number {
        column: 0,
        part: Some(part),
        fill: 0.0,
    };
    model.members = vec![ModelMember {
        features: DatePart::OF_TIME.into_iter().map(feature).collect(),
        scaling: FeatureScaling::Affine {
            shift: vec![0.0; 2].into(),
            scale: vec![1.0; 2].into(),
        },
        network: Network {
            layers: vec![Layer {
                weights: vec![1.0, 1000.0].into(),
                bias: vec![0.0].into(),
            }]
            .into(),
            activation: HiddenActivation::Relu,
        },
        output: Output::Number {
            mean: 0.0,
            scale: 1.0,
        },
    }]
    .into();
    let mut row = model.row();
    row.set("at", value)?;
    Ok(model.predict(&row)?.values[0])
}

#[test]
fn a_time_of_day_is_the_sine_and_the_cosine_of_an_angle() {
    for (texts, second, sum) in [
        (["00:00", "12:00 am", "24:00"], 0.0, 1000.0),
        (["06:00", "6:00 AM", "6:00:00.0"], 21_600.0, 1.0),
        (["12:00", "12:00 pm", "12:00:00"], 43_200.0, -1000.0),
        (["18:00", "6:00 p.m.", " 18:00:00,0 "], 64_800.0, -1.0),
    ] {
        for text in texts {
            assert_eq!(of_time(text.into()), Ok(sum), "{text}");
        }
        assert_eq!(of_time(second.into()), Ok(sum));
    }
    assert_eq!(of_time(Value::Missing), Ok(0.0));
    let third = of_time("8:00".into()).unwrap();
    let angle = std::f64::consts::TAU / 3.0;
    assert!(
        (third - angle.sin() - 1000.0 * angle.cos()).abs() < 1e-3,
        "{third}"
    );
    for text in [
        "",
        "8",
        "8:5:",
        "25:00",
        "13:00 pm",
        "0:10 am",
        "12:60",
        "12:00 x",
        "2024-01-01",
    ] {
        let error = of_time(text.into()).unwrap_err().to_string();
        assert!(
            error.starts_with("column \"at\" takes a time of day"),
            "{error}"
        );
    }
    for second in [-1.0, 172_800.0, f64::NAN] {
        assert!(of_time(second.into()).is_err(), "{second}");
    }
}

#[test]
fn what_training_did_not_meet_is_worth_a_warning() {
    for (column, value, expected) in [
        (
            "town",
            Value::Text("Bonn"),
            "town has the new category \"Bonn\"",
        ),
        ("town", Value::Number(3.0), "town has the new category 3"),
        ("town", Value::Truth(false), "town has a new category"),
        (
            "size",
            Value::Number(31.0),
            "size is 31, far outside the 10 to 20 of training",
        ),
        (
            "size",
            Value::Number(-1.0),
            "size is -1, far outside the 10 to 20 of training",
        ),
        (
            "size",
            Value::Number(-9e6),
            "size is -9000000, far outside the 10 to 20 of training",
        ),
        (
            "size",
            Value::Missing,
            "size is missing, which it never was in training",
        ),
        (
            "country",
            Value::Text("FR"),
            "country was always \"DE\" in training",
        ),
        (
            "country",
            Value::Number(1.0),
            "country was always \"DE\" in training",
        ),
    ] {
        assert_eq!(warnings(column, value), Ok(vec![expected.to_owned()]));
    }
    for (column, value) in [
        ("town", Value::Text(" Ulm ")),
        ("town", Value::Number(7.0)),
        ("town", Value::Truth(true)),
        ("town", Value::Missing),
        ("size", Value::Number(29.0)),
        ("country", Value::Text("DE")),
        ("country", Value::Missing),
    ] {
        assert_eq!(warnings(column, value), Ok(vec![]), "{column} {value:?}");
    }
}

/// A number that no flat can have is a mistake, of which nothing is predicted.
#[test]
fn an_absurd_number_is_an_error() {
    let model = model();
    let mut row = model.row();
    row.set("size", 12.0).unwrap();
    for number in [1.1e7, -1.1e7, 1e308, -1e308] {
        let error = row.set("size", number).unwrap_err();
        let expected = format!(
            "column \"size\" has {}, which must be a mistake: training had 10 to 20; correct it or leave it out",
            if number.abs() > 1e16 {
                format!("{number:e}")
            } else {
                number.to_string()
            }
        );
        assert_eq!(error.to_string(), expected);
    }
    // The cell is as it was.
    assert_eq!(model.predict(&row).unwrap().warnings, []);
}

#[test]
fn a_cell_that_is_set_again_has_the_last_ones_warning_only() {
    let model = model();
    let mut row = model.row();
    row.set("size", 1e6).unwrap();
    row.set("town", "Bonn").unwrap();
    row.set("size", 12.0).unwrap();
    row.set("town", None::<&str>).unwrap();
    assert_eq!(model.predict(&row).unwrap().warnings, []);
    let unset: Vec<&str> = row.unset().map(|column| &*column.name).collect();
    assert_eq!(unset, ["sold", "when", "at"]);
    row.clear();
    assert_eq!(row, model.row());
}

#[test]
fn a_row_of_another_model_is_refused() {
    let (model, other) = (model(), random::model(9));
    let row = other.row();
    assert_eq!(model.predict(&row).unwrap_err(), Error::OtherModel);
    // A copy is the same model.
    let copy = other.clone();
    assert!(copy.predict(&row).is_ok());
}

#[test]
fn weights_that_are_too_large_for_a_number_are_an_error() {
    let mut model = random::model(1);
    model.members.to_mut()[0].output = smallbatch_predict::Output::Number {
        mean: 1e308,
        scale: 1e308,
    };
    for layer in model.members.to_mut()[0].network.layers.to_mut() {
        layer.weights.to_mut().fill(3e38);
        layer.bias.to_mut().fill(3e38);
    }
    assert_eq!(
        model.predict(&model.row()).map(|p| p.values),
        Err(Error::NotFinite)
    );
}

proptest! {
    /// Whatever the texts and numbers, they are taken or refused, and the prediction is finite.
    #[test]
    fn any_value_is_taken_or_refused(text: String, date in "[0-9TZ:+. -]{0,30}", number: f64, seed in 0_u64..40) {
        let model = random::model(seed);
        let mut row = model.row();
        let values = [Value::Text(&text), Value::Text(&date), Value::Number(number), Value::Truth(seed % 2 == 0)];
        for (at, _) in model.columns.iter().enumerate() {
            for value in values {
                let _ = row.set_at(at, value);
            }
        }
        let _ = row.set(&text, number);
        if let Ok(prediction) = model.predict(&row) {
            prop_assert!(prediction.values.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn probabilities_add_up_to_one_and_the_class_is_the_largest(seed in 0_u64..100) {
        let model = random::model(3 * seed);
        let Ok(prediction) = random::predict(&model, &random::row(&model, &mut Random(seed))) else {
            return Err(TestCaseError::reject("a cell is refused"));
        };
        let sum: f64 = prediction.values.iter().sum();
        prop_assert!((sum - 1.0).abs() < 1e-6);
        let most = prediction.probabilities().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().1;
        let class = prediction.class().unwrap();
        prop_assert!(prediction.probabilities().any(|(name, p)| name == class && p == most));
        prop_assert_eq!((prediction.number(), prediction.interval(0.9)), (None, None));
    }
}
