//! Cells into features, scaled: known values, through a network that hands on what it is given.

use smallbatch_predict::{
    Column, DatePart, Feature, FeatureScaling, HiddenActivation, Kind, Layer, List, Model,
    ModelMember, Network, Output, Value,
};

/// A model that predicts its only feature.
fn transparent(kind: Kind, feature: Feature, scaling: FeatureScaling) -> Model {
    let output = Output::Number {
        mean: 0.0,
        scale: 1.0,
    };
    Model {
        target: "y".into(),
        classes: List::Borrowed(&[]),
        columns: vec![Column {
            name: "x".into(),
            kind,
            had_missing: true,
        }]
        .into(),
        members: vec![ModelMember {
            features: vec![feature].into(),
            scaling,
            network: Network {
                layers: vec![Layer {
                    weights: vec![1.0].into(),
                    bias: vec![0.0].into(),
                }]
                .into(),
                activation: HiddenActivation::Identity,
            },
            output,
        }]
        .into(),
        errors: None,
    }
}

fn affine(shift: f64, scale: f64) -> FeatureScaling {
    FeatureScaling::Affine {
        shift: vec![shift].into(),
        scale: vec![scale].into(),
    }
}

fn predicted(model: &Model, value: Value<'_>) -> f64 {
    let mut row = model.row();
    row.set("x", value).expect("the column takes it");
    let prediction = model.predict(&row).expect("it is finite");
    prediction.number().expect("the model predicts a number")
}

fn plain(kind: Kind, feature: Feature) -> Model {
    transparent(kind, feature, affine(0.0, 1.0))
}

const NUMBER: Kind = Kind::Number { range: None };

fn number(part: Option<DatePart>) -> Feature {
    Feature::Number {
        column: 0,
        part,
        fill: 0.25,
    }
}

#[test]
fn numbers_and_missing_ones() {
    let model = transparent(NUMBER, number(None), affine(3.0, 2.0));
    assert_eq!(predicted(&model, 4.0.into()), 0.5);
    assert_eq!(predicted(&model, Value::Missing), -1.375);
    let missing = Feature::IsMissing {
        column: 0,
        part: None,
    };
    let model = plain(NUMBER, missing);
    assert_eq!(predicted(&model, 4.0.into()), 0.0);
    assert_eq!(predicted(&model, Value::Missing), 1.0);
}

#[test]
fn truths_are_one_and_zero() {
    let model = plain(Kind::Boolean, number(None));
    for (value, expected) in [
        (Value::Truth(true), 1.0),
        (Value::Truth(false), 0.0),
        (Value::Text(" YES "), 1.0),
        (Value::Text("off"), 0.0),
        (Value::Number(1.0), 1.0),
        (Value::Missing, 0.25),
    ] {
        assert_eq!(predicted(&model, value), expected, "{value:?}");
    }
}

#[test]
fn categories_new_ones_and_missing_ones() {
    let kind = || Kind::Category {
        levels: vec!["a".into(), "2".into(), "yes".into()].into(),
    };
    let is = |code| Feature::Is {
        column: 0,
        part: None,
        code,
    };
    let other = Feature::IsOther {
        column: 0,
        part: None,
        codes: vec![0].into(),
    };
    let mean = Feature::Mean {
        column: 0,
        part: None,
        means: vec![0.5, -0.5, 1.5, 0.125].into(),
    };
    let values = [
        Value::Text("a"),
        Value::Number(2.0),
        Value::Truth(true),
        Value::Text("b"),
        Value::Missing,
    ];
    for (feature, expected) in [
        (is(Some(0)), [1.0, 0.0, 0.0, 0.0, 0.0]),
        (is(Some(1)), [0.0, 1.0, 0.0, 0.0, 0.0]),
        (is(Some(2)), [0.0, 0.0, 1.0, 0.0, 0.0]),
        (is(None), [0.0, 0.0, 0.0, 0.0, 1.0]),
        (other, [0.0, 1.0, 1.0, 1.0, 0.0]),
        (mean, [0.5, -0.5, 1.5, 0.125, 0.125]),
    ] {
        let model = plain(kind(), feature.clone());
        let found = values.map(|value| predicted(&model, value));
        assert_eq!(found, expected, "{feature:?}");
    }
}

#[test]
fn dates_and_their_parts() {
    let kind = || Kind::Date {
        // 2024-01-01.
        earliest: 19_723.0,
    };
    let trend = plain(kind(), number(Some(DatePart::Trend)));
    let close = |date, expected: f64| {
        let found = predicted(&trend, Value::Text(date));
        let near = 1e-7 * (1.0 + expected.abs());
        assert!((found - expected).abs() < near, "{date}: {found}");
    };
    close("2024-01-01", 0.0);
    close("2024-12-31", 365.0 / 365.25);
    close("2023-12-31 12:00", -0.5 / 365.25);
    close("2024-01-01T00:00:00+12:00", -0.5 / 365.25);
    close("2024-01-01t12:00:00.000-1200", 1.0 / 365.25);
    close("2024-01-01T06:00Z", 0.25 / 365.25);
    close("1900-03-01", f64::from(-25_508 - 19_723) / 365.25);
    let mean = |part, n: usize| {
        let means = (0..=n).map(|code| code as f64).collect();
        let part = Some(part);
        plain(
            kind(),
            Feature::Mean {
                column: 0,
                part,
                means,
            },
        )
    };
    // 2024-02-29 was a Thursday, 1969-12-31 a Wednesday, 2000-01-01 a Saturday.
    for (date, month, weekday, hour) in [
        ("2024-02-29T23:59:60", 1.0, 3.0, 23.0),
        ("1969-12-31", 11.0, 2.0, 0.0),
        ("2000-01-01 07:30", 0.0, 5.0, 7.0),
    ] {
        let value = Value::Text(date);
        assert_eq!(
            predicted(&mean(DatePart::Month, 12), value),
            month,
            "{date}"
        );
        assert_eq!(
            predicted(&mean(DatePart::Weekday, 7), value),
            weekday,
            "{date}"
        );
        assert_eq!(predicted(&mean(DatePart::Hour, 24), value), hour, "{date}");
    }
    assert_eq!(predicted(&mean(DatePart::Hour, 24), Value::Missing), 24.0);
}

#[test]
fn smooth_clipping_keeps_within_three_scales() {
    let scaling = FeatureScaling::SmoothClip {
        shift: vec![1.0].into(),
        scale: vec![2.0].into(),
    };
    let model = transparent(NUMBER, number(None), scaling);
    for (x, expected) in [
        (1.0, 0.0),
        (7.0, 3.0 / 2_f64.sqrt()),
        (1e300, 3.0),
        (-1e300, -3.0),
    ] {
        let found = predicted(&model, x.into());
        assert!((found - expected).abs() < 1e-6, "{x}: {found}");
    }
}

#[test]
fn quantiles_become_normal_scores() {
    let scaling = |quantiles: &[f64]| FeatureScaling::Quantiles {
        quantiles: vec![quantiles.to_vec().into()].into(),
    };
    let model = transparent(NUMBER, number(None), scaling(&[0.0, 1.0, 2.0, 2.0, 4.0]));
    // Φ⁻¹ of 1/4, of 5/8 (the middle of the two that are equal), of 7/8, and of what is kept from 0 and 1.
    for (x, expected) in [
        (1.0, -0.674_49),
        (2.0, 0.318_639),
        (3.0, 1.150_349),
        (0.0, -5.199_338),
        (-9.0, -5.199_338),
        (9.0, 5.199_338),
        (1.5, 0.0 - 0.318_639),
    ] {
        let found = predicted(&model, x.into());
        assert!((found - expected).abs() < 1e-5, "{x}: {found}");
    }
    let constant = transparent(NUMBER, number(None), scaling(&[2.0]));
    assert_eq!(predicted(&constant, 2.5.into()), 0.5);
    assert!((predicted(&constant, 1e9.into()) - 5.199_338).abs() < 1e-5);
}

#[test]
fn a_row_by_itself() {
    let feature = |column| Feature::Number {
        column,
        part: None,
        fill: 0.0,
    };
    let column = |name: &'static str| Column {
        name: name.into(),
        kind: NUMBER,
        had_missing: true,
    };
    let one = transparent(NUMBER, feature(0), FeatureScaling::PerSample);
    let mut model = Model {
        columns: ["x", "y", "z"].map(column).to_vec().into(),
        ..one
    };
    let member = &mut model.members.to_mut()[0];
    member.features = [feature(0), feature(1), feature(2)].to_vec().into();
    // Only the last is predicted.
    member.network.layers.to_mut()[0].weights = vec![0.0, 0.0, 1.0].into();
    for (cells, expected) in [
        ([1.0, 2.0, 3.0], 1.5_f64.sqrt()),
        ([1e300, 2e300, 3e300], 1.5_f64.sqrt()),
        ([4.0, 4.0, 4.0], 0.0),
        ([0.0, 0.0, 0.0], 0.0),
    ] {
        let mut row = model.row();
        for (at, cell) in cells.iter().enumerate() {
            row.set_at(at, Value::Number(*cell)).unwrap();
        }
        let found = model.predict(&row).unwrap().number().unwrap();
        assert!((found - expected).abs() < 1e-6, "{cells:?}: {found}");
    }
}

#[test]
fn a_logarithm_is_undone_and_kept_within_reach() {
    let mut model = plain(NUMBER, number(None));
    model.members.to_mut()[0].output = Output::Logarithm {
        mean: 1.0,
        scale: 0.5,
        smear: 1.1,
        reach: 4.0,
    };
    for (z, exponent) in [(0.0, 1.0), (2.0, 2.0), (100.0, 3.0), (-100.0, -1.0)] {
        let found = predicted(&model, z.into());
        let expected = 1.1 * f64::exp(exponent);
        assert!((found / expected - 1.0).abs() < 1e-12, "{z}: {found}");
    }
}

#[test]
fn members_are_averaged() {
    let mut model = plain(NUMBER, number(None));
    let mut other = model.members[0].clone();
    other.scaling = affine(0.0, 0.25);
    model.members.to_mut().push(other);
    assert_eq!(predicted(&model, 2.0.into()), 5.0);
}
