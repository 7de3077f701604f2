//! What a data set refuses, and what its errors say.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use nalgebra::DMatrix;
use smallbatch_data::{Dataset, Error, MissingValues, Target};

fn three() -> Dataset {
    Dataset::new(
        DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        Target::classes(vec![0, 1, 1]),
    )
    .unwrap()
}

fn refused(features: DMatrix<f32>, target: Target) -> Error {
    Dataset::new(features, target).unwrap_err()
}

#[test]
fn empty_data() {
    for (rows, columns) in [(0, 3), (2, 0), (0, 0)] {
        let target = Target::classes((0..columns as u32).map(|sample| sample % 2).collect());
        let error = refused(DMatrix::zeros(rows, columns), target);
        assert!(
            matches!(
                error,
                Error::Empty {
                    what: "feature matrix",
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(error.to_string().contains(&format!("{rows} x {columns}")));
    }
    let error = refused(DMatrix::zeros(2, 3), Target::values(DMatrix::zeros(0, 3)));
    assert!(
        matches!(
            error,
            Error::Empty {
                what: "target matrix",
                rows: 0,
                columns: 3
            }
        ),
        "{error:?}"
    );
    assert!(matches!(three().subset(&[]), Err(Error::EmptySelection)));
}

#[test]
fn wrong_lengths_point_at_the_layout() {
    let error = refused(DMatrix::zeros(3, 2), Target::classes(vec![0, 1, 1]));
    assert_eq!(
        error.to_string(),
        "the data set has 2 samples (columns), but its target has 3; samples are columns: \
         was a matrix with samples in rows given?"
    );
    assert!(matches!(
        three().with_weights(vec![1.0; 2]),
        Err(Error::SampleCount {
            what: "weights",
            ..
        })
    ));
    assert!(matches!(
        three().with_groups(vec![1; 4]),
        Err(Error::SampleCount { what: "groups", .. })
    ));
    assert!(matches!(
        three().with_target(Target::numbers(vec![1.0])),
        Err(Error::SampleCount { what: "target", .. })
    ));
    let features = DMatrix::zeros(2, 4);
    assert!(matches!(
        three().with_features(features),
        Err(Error::SampleCount {
            what: "feature matrix",
            ..
        })
    ));
    let features = DMatrix::zeros(3, 3);
    let error = three().with_features(features).unwrap_err();
    assert!(
        matches!(
            error,
            Error::FeatureCount {
                expected: 2,
                actual: 3,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn names_are_as_many_as_things_and_unique() {
    let error = three().with_feature_names(vec!["a".into()]).unwrap_err();
    assert!(matches!(
        error,
        Error::FeatureCount {
            expected: 2,
            actual: 1,
            ..
        }
    ));
    let error = three()
        .with_feature_names(vec!["a".into(), "a".into()])
        .unwrap_err();
    assert!(matches!(
        error,
        Error::BadName {
            what: "feature",
            position: 1,
            ..
        }
    ));
    let error = three()
        .with_feature_names(vec!["".into(), "a".into()])
        .unwrap_err();
    assert!(matches!(
        error,
        Error::BadName {
            what: "feature",
            position: 0,
            problem: "empty",
            ..
        }
    ));
    let target = Target::Classes {
        labels: vec![0, 1, 1],
        names: vec!["x".into(), "x".into()],
    };
    assert!(matches!(
        refused(DMatrix::zeros(1, 3), target),
        Error::BadName { what: "class", .. }
    ));
    let target = Target::Values {
        values: DMatrix::zeros(2, 3),
        names: vec!["y".into()],
    };
    assert!(matches!(
        refused(DMatrix::zeros(1, 3), target),
        Error::OutputNames {
            expected: 2,
            actual: 1
        }
    ));
}

#[test]
fn features_that_are_not_finite_are_named_by_sample_and_feature() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut features = three().features().clone();
        features[(1, 2)] = value;
        let named = three()
            .with_feature_names(vec!["length".into(), "width".into()])
            .unwrap();
        let error = named.with_features(features).unwrap_err();
        assert!(
            matches!(&error, Error::NonFiniteFeature { sample: 2, feature: 1, name, .. } if name == "width")
        );
        assert!(
            error
                .to_string()
                .starts_with(&format!("sample 2, feature 1 (\"width\") is {value}")),
            "{error}"
        );
    }
}

#[test]
fn nan_is_admitted_on_request_and_infinity_never() {
    let target = || Target::classes(vec![0, 1]);
    let features = DMatrix::from_row_slice(1, 2, &[f32::NAN, 1.0]);
    let admitted = Dataset::with_missing(features.clone(), target(), MissingValues::Admit).unwrap();
    assert_eq!(admitted.missing(), MissingValues::Admit);
    // The policy stays with the data.
    assert!(admitted.subset(&[0]).unwrap().features()[0].is_nan());
    assert!(admitted.cast::<f64>().unwrap().features()[0].is_nan());
    assert!(admitted.clone().with_features(features).is_ok());
    let infinite = DMatrix::from_row_slice(1, 2, &[f32::INFINITY, 1.0]);
    let error = Dataset::with_missing(infinite, target(), MissingValues::Admit).unwrap_err();
    assert!(error.to_string().contains("never admitted"), "{error}");
}

#[test]
fn targets_are_finite() {
    let values = DMatrix::from_row_slice(2, 2, &[0.0, 1.0, 2.0, f32::NAN]);
    let error = refused(DMatrix::zeros(1, 2), Target::values(values));
    assert!(
        matches!(&error, Error::NonFiniteTarget { sample: 1, name, .. } if name == "y1"),
        "{error:?}"
    );
}

#[test]
fn labels_have_a_class() {
    let target = Target::Classes {
        labels: vec![0, 2, 1],
        names: vec!["a".into(), "b".into()],
    };
    let error = refused(DMatrix::zeros(1, 3), target);
    assert!(
        matches!(
            error,
            Error::LabelOutOfRange {
                sample: 1,
                label: 2,
                n_classes: 2
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("labels 0 to 1"), "{error}");
    assert!(matches!(
        refused(DMatrix::zeros(1, 3), Target::classes(vec![0; 3])),
        Error::OneClass { .. }
    ));
    let error = refused(DMatrix::zeros(1, 2), Target::classes(vec![0, u32::MAX]));
    assert!(
        matches!(
            error,
            Error::LabelOutOfRange {
                sample: 1,
                label: u32::MAX,
                n_classes: 65_536
            }
        ),
        "{error:?}"
    );
    let none = Target::Classes {
        labels: vec![],
        names: vec![],
    };
    assert!(matches!(
        refused(DMatrix::zeros(1, 3), none),
        Error::OneClass { .. }
    ));
    // A named class without samples is no error: small parts of a split have such.
    let target: Target = Target::Classes {
        labels: vec![0, 1],
        names: vec!["a".into(), "b".into(), "c".into()],
    };
    assert_eq!(target.class_counts(), Some(vec![1, 1, 0]));
    assert!(Dataset::new(DMatrix::zeros(1, 2), target).is_ok());
}

#[test]
fn weights_are_finite_not_negative_and_not_all_zero() {
    for weight in [-0.5, f32::NAN, f32::INFINITY] {
        let error = three().with_weights(vec![1.0, weight, 1.0]).unwrap_err();
        assert!(
            matches!(error, Error::BadWeight { sample: 1, .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(&weight.to_string()), "{error}");
    }
    assert!(matches!(
        three().with_weights(vec![0.0; 3]),
        Err(Error::ZeroWeights { n_samples: 3 })
    ));
    let weighted = three().with_weights(vec![0.0, 1.0, 0.0]).unwrap();
    assert!(matches!(
        weighted.subset(&[0, 2]),
        Err(Error::ZeroWeights { n_samples: 2 })
    ));
}

#[test]
fn selections_stay_within_the_data() {
    let error = three().subset(&[0, 3]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::SampleOutOfRange {
                index: 3,
                n_samples: 3
            }
        ),
        "{error:?}"
    );
    let twice = three().subset(&[2, 2]).unwrap();
    assert_eq!(
        twice.features(),
        &DMatrix::from_row_slice(2, 2, &[3.0, 3.0, 6.0, 6.0])
    );
    assert_eq!(twice.target().labels().unwrap(), [1, 1]);
}

#[test]
fn narrowing_to_infinity_or_to_zero_is_an_error() {
    let target = || Target::numbers(vec![0.0_f64, 1.0]);
    for (value, shown) in [(1e39, "inf"), (-1e39, "-inf"), (1e-60, "0"), (-1e-60, "-0")] {
        let features = DMatrix::from_row_slice(1, 2, &[0.0, value]);
        let wide = Dataset::new(features, target()).unwrap();
        let of_target =
            Dataset::new(DMatrix::zeros(1, 2), Target::numbers(vec![0.0, value])).unwrap();
        for (wide, place) in [(wide, "sample 1, \"x0\""), (of_target, "sample 1, \"y0\"")] {
            let error = wide.cast::<f32>().unwrap_err();
            assert!(
                matches!(&error, Error::Narrowing { value: at, to: "f32", .. } if *at == value),
                "{error:?}"
            );
            let words = format!("{place} is {value:e}, which would become {shown} in f32");
            assert!(error.to_string().contains(&words), "{error}");
        }
    }
    for weight in [1e-60, 1e60] {
        let wide = Dataset::new(DMatrix::zeros(1, 2), target()).unwrap();
        let wide = wide.with_weights(vec![1.0, weight]).unwrap();
        let error = wide.cast::<f32>().unwrap_err();
        assert!(
            error.to_string().contains("the weight of sample 1 is"),
            "{error}"
        );
    }

    // Zeros and the smallest numbers of the type stay; there and back is the same.
    let features = DMatrix::from_row_slice(1, 3, &[0.0_f32, -0.0, f32::from_bits(1)]);
    let small = Dataset::new(features, Target::classes(vec![0, 1, 1])).unwrap();
    let small = small
        .with_weights(vec![0.0, f32::from_bits(1), 2.0])
        .unwrap();
    assert_eq!(small.cast::<f64>().unwrap().cast::<f32>().unwrap(), small);
}
