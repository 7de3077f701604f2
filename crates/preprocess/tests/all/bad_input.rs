//! Every refusal, on its sentence.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use crate::common::every_scaler;
use nalgebra::{DMatrix, dmatrix};
use smallbatch_preprocess::{
    AnyScaler, Error, FeatureStats, FitData, FittedScaler, MaxAbsScaler, MinMaxScaler, NonFinite,
    PerSample, QuantileTransformer, RobustScaler, Scaler, SmoothClip, StandardScaler,
};

fn refusal(scaler: &AnyScaler, data: &FitData<'_, f64>) -> Error {
    scaler.fit(data).expect_err("it should be refused")
}

#[track_caller]
fn says(error: &Error, words: &[&str]) {
    let sentence = error.to_string();
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
    }
}

#[test]
fn empty_data() {
    for scaler in every_scaler() {
        let error = refusal(&scaler, &FitData::new(&DMatrix::zeros(3, 0)));
        assert_eq!(
            error,
            Error::Empty {
                n_features: 3,
                n_samples: 0
            }
        );
        says(
            &error,
            &["3 features by 0 samples", "at least one feature (row)"],
        );
        let error = refusal(&scaler, &FitData::new(&DMatrix::zeros(0, 3)));
        assert_eq!(
            error,
            Error::Empty {
                n_features: 0,
                n_samples: 3
            }
        );
    }
    let error = StandardScaler::new()
        .fit_stats(&FeatureStats::new(2), None)
        .unwrap_err();
    assert_eq!(
        error,
        Error::Empty {
            n_features: 2,
            n_samples: 0
        }
    );
}

#[test]
fn one_sample() {
    for scaler in every_scaler() {
        let error = refusal(&scaler, &FitData::new(&dmatrix![1.0; 2.0]));
        assert_eq!(error, Error::TooFewSamples { got: 1, needed: 2 });
        says(&error, &["at least 2 samples", "there is 1", "transpose"]);
    }
    // Two samples, of which one counts.
    let x = dmatrix![1.0, 2.0; 3.0, 4.0];
    let error = refusal(
        &StandardScaler::new().into(),
        &FitData::new(&x).weights(&[0.0, 1.0]),
    );
    assert_eq!(error, Error::TooFewSamples { got: 1, needed: 2 });
}

#[test]
fn weights() {
    let x = dmatrix![1.0, 2.0, 3.0];
    for scaler in every_scaler() {
        let error = refusal(&scaler, &FitData::new(&x).weights(&[1.0, 1.0]));
        assert_eq!(
            error,
            Error::WeightCount {
                expected: 3,
                got: 2
            }
        );
        says(
            &error,
            &["2 weights for 3 samples", "one weight for each sample"],
        );
        for (value, shown) in [(-0.5, "-0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let error = refusal(&scaler, &FitData::new(&x).weights(&[1.0, value, 1.0]));
            says(
                &error,
                &["the weight of sample 1 is", shown, "finite and at least 0"],
            );
        }
        let error = refusal(&scaler, &FitData::new(&x).weights(&[0.0; 3]));
        assert_eq!(error, Error::ZeroWeight { n_samples: 3 });
        says(&error, &["all 3 samples have weight 0", "positive weight"]);
    }
}

#[test]
fn names() {
    let x = dmatrix![1.0, 2.0; 3.0, 4.0];
    let names = ["one".to_string()];
    let error = refusal(
        &StandardScaler::new().into(),
        &FitData::new(&x).names(&names),
    );
    assert_eq!(
        error,
        Error::NameCount {
            expected: 2,
            got: 1
        }
    );
    says(&error, &["1 names for 2 features"]);
    let mut stats = FeatureStats::new(2);
    stats.update(&x).unwrap();
    let error = StandardScaler::new()
        .fit_stats(&stats, Some(&names))
        .unwrap_err();
    assert_eq!(
        error,
        Error::NameCount {
            expected: 2,
            got: 1
        }
    );
}

#[test]
fn nan_and_infinity_in_fitting() {
    let names = ["length".to_string(), "mass".to_string()];
    for (value, shown) in [
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        let mut x = DMatrix::from_fn(2, 5000, |j, i| (i + j) as f64);
        x[(0, 4500)] = value;
        x[(1, 4321)] = value;
        for scaler in every_scaler() {
            let error = refusal(&scaler, &FitData::new(&x).names(&names));
            assert!(
                matches!(&error, Error::NonFinite { sample: 4321, feature, .. } if feature.index == 1)
            );
            says(
                &error,
                &[
                    "sample 4321, feature 1 (\"mass\") is ",
                    shown,
                    "NonFinite::Ignore",
                ],
            );
        }
    }
}

#[test]
fn a_feature_of_nothing_but_nan() {
    let x = dmatrix![1.0, 2.0, 3.0; f64::NAN, f64::INFINITY, f64::NAN];
    let scaler = RobustScaler::new().non_finite(NonFinite::Ignore);
    let error = refusal(&scaler.into(), &FitData::new(&x));
    assert!(matches!(&error, Error::NoValues { feature } if feature.index == 1));
    says(
        &error,
        &["feature 1 has no finite value", "remove the feature"],
    );
}

#[test]
fn nan_in_a_transform_leaves_the_data_alone() {
    let names = ["length".to_string(), "mass".to_string()];
    let training = DMatrix::from_fn(2, 100, |j, i| (i + j) as f32);
    for scaler in every_scaler() {
        let fitted = scaler.fit(&FitData::new(&training).names(&names)).unwrap();
        let mut x = DMatrix::from_fn(2, 9000, |j, i| (i % 90 + j) as f32);
        x[(1, 8765)] = f32::NAN;
        let before: Vec<u32> = x.iter().map(|x| x.to_bits()).collect();
        let error = fitted.transform_in_place(&mut x).unwrap_err();
        says(&error, &["sample 8765, feature 1 (\"mass\") is NaN"]);
        assert!(x.iter().map(|x| x.to_bits()).eq(before));
        let mut y = x.clone();
        says(
            &fitted.transform_into(&x, &mut y).unwrap_err(),
            &["sample 8765, feature 1 (\"mass\") is NaN"],
        );
        let mut sample = [1.0, f32::INFINITY];
        says(
            &fitted.transform_sample(&mut sample).unwrap_err(),
            &["feature 1 (\"mass\") is inf"],
        );
        assert_eq!(sample, [1.0, f32::INFINITY]);
    }
}

#[test]
fn another_number_of_features() {
    let x = dmatrix![1.0, 2.0; 3.0, 5.0];
    for scaler in every_scaler() {
        let fitted = scaler.fit(&FitData::new(&x)).unwrap();
        let expected = Error::FeatureCount {
            expected: 2,
            got: 3,
        };
        let mut three = DMatrix::from_element(3, 4, 1.0);
        assert_eq!(fitted.transform(&three).unwrap_err(), expected);
        assert_eq!(fitted.transform_in_place(&mut three).unwrap_err(), expected);
        assert_eq!(
            fitted
                .transform_into(&three, &mut three.clone())
                .unwrap_err(),
            expected
        );
        assert_eq!(
            fitted.transform_sample(&mut [1.0; 3]).unwrap_err(),
            expected
        );
        assert_eq!(fitted.inverse(&three).unwrap_err(), expected);
        assert_eq!(fitted.inverse_in_place(&mut three).unwrap_err(), expected);
        assert_eq!(fitted.inverse_sample(&mut [1.0; 3]).unwrap_err(), expected);
        says(
            &expected,
            &["3 features where 2 are expected", "a sample a column"],
        );
        let error = fitted
            .transform_into(&x, &mut DMatrix::zeros(2, 3))
            .unwrap_err();
        assert_eq!(
            error,
            Error::DestinationShape {
                expected: (2, 2),
                got: (2, 3)
            }
        );
        says(&error, &["the destination is 2 x 3 and must be 2 x 2"]);
        // No samples are no error.
        assert_eq!(
            fitted
                .transform(&DMatrix::<f32>::zeros(2, 0))
                .unwrap()
                .shape(),
            (2, 0)
        );
    }
}

#[test]
fn per_sample() {
    let error = refusal(&PerSample::new().into(), &FitData::new(&dmatrix![1.0, 2.0]));
    assert_eq!(error, Error::TooFewFeatures { got: 1, needed: 2 });
    says(&error, &["at least 2 features", "StandardScaler"]);
    let fitted = PerSample::new()
        .fit(&FitData::new(&dmatrix![1.0, 2.0; 3.0, 5.0]))
        .unwrap();
    assert!(!fitted.is_invertible());
    let error = fitted.inverse(&dmatrix![1.0; 2.0]).unwrap_err();
    assert_eq!(
        error,
        Error::NotInvertible {
            scaler: "per-sample"
        }
    );
    says(
        &error,
        &["per-sample cannot be inverted", "keep the raw data"],
    );
}

#[test]
fn ranges_beyond_f64() {
    let x = dmatrix![1.0, 2.0, 3.0; -1.5e308, 0.0, 1.5e308];
    let error = refusal(&StandardScaler::new().into(), &FitData::new(&x));
    assert!(matches!(&error, Error::VarianceOverflow { feature, .. } if feature.index == 1));
    says(
        &error,
        &[
            "the variance of feature 1 overflows f64",
            "-1.5e308 to 1.5e308",
            "logarithm",
        ],
    );
    let error = refusal(&MinMaxScaler::new().into(), &FitData::new(&x));
    assert!(matches!(&error, Error::ScaleOverflow { feature, .. } if feature.index == 1));
    says(&error, &["the scale of feature 1 does not fit"]);
    // What needs no variance and no range still works.
    let y = MaxAbsScaler::new()
        .fit(&FitData::new(&x))
        .unwrap()
        .transform(&x)
        .unwrap();
    assert_eq!(
        y.row(1).iter().copied().collect::<Vec<_>>(),
        [-1.0, 0.0, 1.0]
    );
}

#[test]
fn weights_that_add_up_beyond_f64() {
    let x = dmatrix![1.0, 2.0, 4.0];
    for scaler in every_scaler()
        .into_iter()
        .filter(|scaler| scaler.name() != "per-sample")
    {
        let error = refusal(&scaler, &FitData::new(&x).weights(&[1e308, 1e308, 1.0]));
        assert!(matches!(error, Error::WeightSum { n_samples: 3, .. }));
        says(
            &error,
            &[
                "the weights of 3 samples add up to inf",
                "between 1e-50 and 1e50",
            ],
        );
    }
}

#[test]
fn all_columns_constant() {
    let x = DMatrix::from_fn(3, 50, |j, _| [14.62_f64, 0.0, -1e9][j]);
    for scaler in every_scaler() {
        // No error: such a feature is harmless. It is named.
        let fitted = scaler.fit(&FitData::new(&x)).unwrap();
        assert_eq!(fitted.report().constant().len(), 3, "{}", scaler.name());
        assert!(
            fitted
                .transform(&x)
                .unwrap()
                .iter()
                .all(|y: &f64| y.is_finite()),
            "{}",
            scaler.name()
        );
        says_report(
            fitted.report(),
            "; constant: feature 0, feature 1, feature 2",
        );
    }
}

#[track_caller]
fn says_report(report: &smallbatch_preprocess::FitReport, words: &str) {
    let sentence = report.to_string();
    assert!(sentence.contains(words), "{words:?} is not in: {sentence}");
}

#[test]
fn unusable_ranges() {
    let wrong = [
        (1.0, 1.0),
        (2.0, 1.0),
        (f64::NAN, 1.0),
        (0.0, f64::INFINITY),
        (-1.7e308, 1.7e308),
    ];
    for (low, high) in wrong {
        // Settings come first: the data are not looked at.
        let x = DMatrix::from_element(1, 2, f64::NAN);
        let scaler = MinMaxScaler::new().range(low, high);
        let error = scaler.fit(&FitData::new(&x)).unwrap_err();
        let sooner = AnyScaler::from(scaler).validate().unwrap_err();
        assert_eq!(sooner.to_string(), error.to_string());
        assert!(matches!(error, Error::InvalidRange { .. }));
        says(&error, &["is not usable", "the first below the second"]);
    }
    let json = r#"{"scaler": "min-max", "low": 3.0, "high": 1.0}"#;
    let sentence = serde_json::from_str::<AnyScaler>(json)
        .unwrap_err()
        .to_string();
    assert!(
        sentence.contains("the range 3..1 is not usable"),
        "{sentence}"
    );
}

#[test]
fn unknown_scalers() {
    let sentence = serde_json::from_str::<AnyScaler>(r#"{"scaler": "magic"}"#)
        .unwrap_err()
        .to_string();
    assert!(
        sentence.contains("unknown variant `magic`") && sentence.contains("`standard`"),
        "{sentence}"
    );
}

#[test]
fn misspelt_settings() {
    for scaler in every_scaler() {
        let name = scaler.name();
        let refused = |json: &str| {
            let sentence = serde_json::from_str::<AnyScaler>(json)
                .unwrap_err()
                .to_string();
            assert!(
                sentence.contains("unknown field `non_finit`"),
                "{name}: {sentence}"
            );
        };
        refused(&format!(r#"{{"scaler": "{name}", "non_finit": "ignore"}}"#));
        refused(&format!(r#"{{"non_finit": "ignore", "scaler": "{name}"}}"#));
        let json = format!(r#"{{"scaler": "{name}"}}"#);
        assert_eq!(serde_json::from_str::<AnyScaler>(&json).unwrap(), scaler);
    }
    // Alone, without the name of the scaler.
    let misspelt = r#"{"non_finit": "ignore"}"#;
    assert!(serde_json::from_str::<StandardScaler>(misspelt).is_err());
    assert!(serde_json::from_str::<MinMaxScaler>(misspelt).is_err());
    assert!(serde_json::from_str::<MaxAbsScaler>(misspelt).is_err());
    assert!(serde_json::from_str::<RobustScaler>(misspelt).is_err());
    assert!(serde_json::from_str::<SmoothClip>(misspelt).is_err());
    assert!(serde_json::from_str::<QuantileTransformer>(misspelt).is_err());
    assert!(serde_json::from_str::<PerSample>(misspelt).is_err());
}

#[test]
fn a_map_of_another_scaler() {
    let x = dmatrix![1.0, 2.0; 3.0, 5.0];
    let json =
        |scaler: &AnyScaler| serde_json::to_value(scaler.fit(&FitData::new(&x)).unwrap()).unwrap();
    for scaler in every_scaler() {
        for other in every_scaler() {
            let mut mixed = json(&scaler);
            mixed["fitted"]["map"] = json(&other)["fitted"]["map"].clone();
            let kind = |json: &serde_json::Value| json["fitted"]["map"]["kind"].clone();
            let sound = kind(&mixed) == kind(&json(&scaler));
            match serde_json::from_value::<FittedScaler>(mixed) {
                Ok(_) => assert!(sound, "{} {}", scaler.name(), other.name()),
                Err(error) => {
                    let words = format!("the map is not that of the scaler {}", scaler.name());
                    assert!(!sound && error.to_string().contains(&words), "{error}");
                }
            }
        }
    }
}

#[test]
fn damaged_files() {
    let x = dmatrix![1.0, 2.0; 3.0, 5.0];
    let json =
        |scaler: AnyScaler| serde_json::to_string(&scaler.fit(&FitData::new(&x)).unwrap()).unwrap();
    let standard = json(StandardScaler::new().into());
    let load = |json: &str| {
        serde_json::from_str::<FittedScaler>(json)
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (
            standard.replace(r#""scale":[0.5,1.0]"#, r#""scale":[0.5,0.0]"#),
            "shift and scale of feature 1 are not usable",
        ),
        (
            standard.replace(r#""scale":[0.5,1.0]"#, r#""scale":[0.5]"#),
            "shift and scale are not those of 2 features",
        ),
        (
            standard.replace(r#""min":[1.0,3.0]"#, r#""min":[1.0]"#),
            "the ranges are not those of 2 features",
        ),
        (
            standard.replace(r#""min":[1.0,3.0]"#, r#""min":[1.0,9.0]"#),
            "the range of feature 1 is not a range",
        ),
        (
            standard.replace(r#""format":1"#, r#""format":2"#),
            "expected format 1",
        ),
    ];
    for (json, words) in cases {
        assert_ne!(json, standard, "the test no longer damages the file");
        let sentence = load(&json);
        assert!(sentence.contains(words), "{words:?} is not in: {sentence}");
    }
}
