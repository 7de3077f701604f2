//! Scaling learns from the training part alone, and targets come back.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use nalgebra::DMatrix;
use smallbatch_data::{
    Dataset, Error, Mismatch, MissingValues, Part, Split, Splitter, Target, TargetScaler, builtin,
};
use smallbatch_preprocess::{
    AnyScaler, FitData, MinMaxScaler, QuantileTransformer, Scaler, SmoothClip, StandardScaler,
};

/// Weighted mean and deviation (with n) of a row, by the formula.
fn by_hand(values: &[f64], weights: &[f64]) -> (f64, f64) {
    let total: f64 = weights.iter().sum();
    let mean = values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
    let variance = values
        .iter()
        .zip(weights)
        .map(|(v, w)| w * (v - mean).powi(2))
        .sum::<f64>()
        / total;
    (mean, variance.sqrt())
}

/// Six samples of one feature; the last four, which are not for training, are far away.
fn far_test_set() -> Split<f64> {
    let features = DMatrix::from_row_slice(1, 6, &[1.0, 3.0, 100.0, 200.0, 300.0, 400.0]);
    let values = DMatrix::from_row_slice(1, 6, &[10.0, 30.0, 1e3, 2e3, 3e3, 4e3]);
    let dataset = Dataset::new(features, Target::values(values)).unwrap();
    use Part::{Test, Train, Validation};
    Split::from_assignment(
        &dataset,
        &[Train, Train, Validation, Validation, Test, Test],
    )
    .unwrap()
}

#[test]
fn only_the_training_part_reaches_fit() {
    let split = far_test_set();
    let fitted = split.fit(&StandardScaler::default()).unwrap();
    let affine = fitted.affine().unwrap();
    assert_eq!(
        (&affine.shift[..], &affine.scale[..]),
        (&[2.0][..], &[1.0][..])
    );
    let (scaled, _) = split.scaled_by(&StandardScaler::default()).unwrap();
    assert_eq!(scaled.train().features().as_slice(), [-1.0, 1.0]);
    // By the training part's statistics, not its own: by those it would lie around 0.
    assert_eq!(scaled.test().features().as_slice(), [298.0, 398.0]);
    assert_eq!(
        scaled.part(Part::Validation).features().as_slice(),
        [98.0, 198.0]
    );
    assert_eq!(scaled.test().target(), split.test().target());
}

#[test]
fn fit_hands_over_names_and_weights() {
    let names = vec!["length".to_string(), "width".to_string()];
    let features = DMatrix::from_row_slice(2, 4, &[1.0_f64, 5.0, 7.0, 9.0, 2.0, 4.0, 8.0, 9.0]);
    let part = Dataset::new(features, Target::numbers(vec![0.0, 1.0, 2.0, 3.0]))
        .unwrap()
        .with_feature_names(names.clone())
        .unwrap()
        .with_weights(vec![1.0, 3.0, 0.5, 0.0])
        .unwrap();
    let split = Split::from_parts(part.clone(), part.clone(), part.clone()).unwrap();
    let fitted = split.fit(&StandardScaler::default()).unwrap();
    assert_eq!(fitted.feature_names(), names);
    let affine = fitted.affine().unwrap();
    for row in 0..2 {
        let values: Vec<f64> = part.features().row(row).iter().copied().collect();
        let (mean, deviation) = by_hand(&values, part.weights().unwrap());
        assert!(
            (affine.shift[row] - mean).abs() < 1e-14
                && (affine.scale[row] - deviation).abs() < 1e-14
        );
    }
}

#[test]
fn a_scaled_data_set_keeps_everything_else() {
    let wine = builtin::wine()
        .unwrap()
        .with_weights(vec![0.5; 178])
        .unwrap();
    let wine = wine.with_groups((0..178).collect()).unwrap();
    let split = Splitter::new(3).stratified().split(&wine).unwrap();
    let fitted = split.fit(&MinMaxScaler::default()).unwrap();
    let scaled = wine.scaled(&fitted).unwrap();
    assert_eq!(
        scaled.features(),
        &fitted.transform(wine.features()).unwrap()
    );
    assert_eq!(scaled.with_features(wine.features().clone()).unwrap(), wine);
}

#[test]
fn a_scaler_for_other_features_is_refused() {
    let airfoil = builtin::airfoil().unwrap();
    let fitted = Splitter::new(3)
        .split(&airfoil)
        .unwrap()
        .fit(&StandardScaler::default())
        .unwrap();
    let error = builtin::wine().unwrap().scaled(&fitted).unwrap_err();
    assert!(matches!(error, Error::Scaling(_)), "{error:?}");
}

/// Two features; `names` if any, else the default names.
fn two_features(names: Option<[&str; 2]>) -> Dataset<f64> {
    let features = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 6.0, 10.0, 30.0, 20.0]);
    let dataset = Dataset::new(features, Target::numbers(vec![0.0, 1.0, 2.0])).unwrap();
    match names {
        Some(names) => dataset
            .with_feature_names(names.map(String::from).to_vec())
            .unwrap(),
        None => dataset,
    }
}

#[test]
fn columns_are_told_by_their_names() {
    let part = two_features(Some(["length", "width"]));
    let fitted = Split::from_parts(part.clone(), part.clone(), part.clone())
        .unwrap()
        .fit(&StandardScaler::default())
        .unwrap();
    assert!(part.scaled(&fitted).is_ok());
    for (names, at) in [(["width", "length"], 0), (["length", "mass"], 1)] {
        let error = two_features(Some(names)).scaled(&fitted).unwrap_err();
        assert!(
            matches!(&error, Error::OtherNames { what: "feature", position, given, .. }
                if *position == at && given == names[at]),
            "{error:?}"
        );
        let sentence = error.to_string();
        assert!(
            sentence.contains(&format!("feature {at} is {:?}", names[at]))
                && sentence.contains("give the columns that were fitted, in their order"),
            "{sentence}"
        );
    }
    // Default names say nothing, on either side.
    assert!(two_features(None).scaled(&fitted).is_ok());
    let unnamed = StandardScaler::default()
        .fit(&FitData::new(part.features()))
        .unwrap();
    assert!(part.scaled(&unnamed).is_ok());
    let plain = two_features(None);
    let plain = Split::from_parts(plain.clone(), plain.clone(), plain).unwrap();
    assert!(
        part.scaled(&plain.fit(&StandardScaler::default()).unwrap())
            .is_ok()
    );
}

#[test]
fn outputs_are_told_by_their_names() {
    let named = |names: [&str; 2]| {
        let values = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 6.0, 10.0, 30.0, 20.0]);
        let names = names.map(String::from).to_vec();
        two_features(None)
            .with_target(Target::Values { values, names })
            .unwrap()
    };
    let scaler = TargetScaler::fit(&named(["price", "rent"])).unwrap();
    assert!(scaler.apply(&named(["price", "rent"])).is_ok());
    assert!(scaler.apply(&named(["y0", "y1"])).is_ok());
    let error = scaler.apply(&named(["rent", "price"])).unwrap_err();
    assert!(
        matches!(
            &error,
            Error::OtherNames {
                what: "output",
                position: 0,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn each_part_has_a_report() {
    let split = far_test_set();
    let (scaled, fitted, [train, validation, test]) = split
        .scaled_with_reports(&StandardScaler::default())
        .unwrap();
    assert_eq!(
        split.scaled_by(&StandardScaler::default()).unwrap(),
        (scaled, fitted)
    );
    assert!(train.is_clean());
    for report in [validation, test] {
        assert_eq!(
            report.to_string(),
            "2 samples scaled; outside the range seen in fitting: feature 0 (\"x0\") (2 above)"
        );
    }
}

#[test]
fn a_scaled_value_that_overflows_is_refused() {
    let tiny = DMatrix::from_row_slice(1, 2, &[0.0_f32, 1e-30]);
    let fitted = StandardScaler::default().fit(&FitData::new(&tiny)).unwrap();
    let huge = Dataset::new(
        DMatrix::from_row_slice(1, 2, &[0.0_f32, 1e30]),
        Target::classes(vec![0, 1]),
    )
    .unwrap();
    let error = huge.scaled(&fitted).unwrap_err();
    assert!(
        matches!(error, Error::NonFiniteFeature { sample: 1, feature: 0, value, .. } if value == f64::INFINITY),
        "{error:?}"
    );
}

#[test]
fn admitted_missing_values_pass_through_a_scaler_that_ignores_them() {
    use smallbatch_preprocess::NonFinite;
    let features = DMatrix::from_row_slice(1, 4, &[1.0_f64, f64::NAN, 3.0, 2.0]);
    let target = Target::numbers(vec![0.0; 4]);
    let part = Dataset::with_missing(features, target, MissingValues::Admit).unwrap();
    let split = Split::from_parts(part.clone(), part.clone(), part).unwrap();
    assert!(matches!(
        split.fit(&StandardScaler::default()),
        Err(Error::Scaling(_))
    ));
    let (scaled, _) = split
        .scaled_by(&StandardScaler::default().non_finite(NonFinite::Ignore))
        .unwrap();
    let values = scaled.train().features();
    assert!(values[1].is_nan() && (values[2] - 1.5_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn targets_are_standardized_by_the_training_part_and_come_back() {
    let split = far_test_set();
    let (scaled, scaler) = split.with_scaled_targets().unwrap();
    assert_eq!((scaler.mean(), scaler.scale()), (vec![20.0], vec![10.0]));
    assert_eq!(
        scaled.train().target().as_values().unwrap().as_slice(),
        [-1.0, 1.0]
    );
    assert_eq!(
        scaled.test().target().as_values().unwrap().as_slice(),
        [298.0, 398.0]
    );
    assert_eq!(scaled.train().features(), split.train().features());
    let mut predictions = scaled.test().target().as_values().unwrap().clone();
    scaler.invert(&mut predictions).unwrap();
    assert_eq!(&predictions, split.test().target().as_values().unwrap());
}

#[test]
fn several_outputs_are_scaled_each_by_its_own_and_weights_count() {
    let values = DMatrix::from_row_slice(2, 3, &[1.0_f64, 2.0, 6.0, 7.0, 7.0, 7.0]);
    let dataset = Dataset::new(DMatrix::zeros(1, 3), Target::values(values)).unwrap();
    let dataset = dataset.with_weights(vec![1.0, 2.0, 1.0]).unwrap();
    let scaler = TargetScaler::fit(&dataset).unwrap();
    let (mean, deviation) = by_hand(&[1.0, 2.0, 6.0], &[1.0, 2.0, 1.0]);
    assert!(
        (scaler.mean()[0] - mean).abs() < 1e-15 && (scaler.scale()[0] - deviation).abs() < 1e-15
    );
    // A constant output is centred and keeps its unit.
    assert_eq!((scaler.mean()[1], scaler.scale()[1]), (7.0, 1.0));
    let scaled = scaler.apply(&dataset).unwrap();
    assert_eq!(scaled.target().names(), ["y0", "y1"]);
    assert_eq!(scaled.target().as_values().unwrap()[(1, 2)], 0.0);
}

#[test]
fn classes_and_other_outputs_are_refused() {
    let wine = builtin::wine().unwrap();
    assert!(
        matches!(TargetScaler::fit(&wine), Err(Error::NotValues { dataset }) if dataset == "wine")
    );
    let scaler = TargetScaler::fit(&builtin::airfoil().unwrap()).unwrap();
    assert!(matches!(scaler.apply(&wine), Err(Error::NotValues { .. })));
    assert!(matches!(
        scaler.invert(&mut DMatrix::<f32>::zeros(2, 3)),
        Err(Error::Scaling(_))
    ));
}

#[test]
fn a_training_part_of_one_sample_is_refused_with_the_way_out() {
    let three = Dataset::new(
        DMatrix::from_row_slice(1, 3, &[1.0_f64, 2.0, 4.0]),
        Target::numbers(vec![0.0, 1.0, 2.0]),
    )
    .unwrap();
    let split = Splitter::new(0).split(&three).unwrap();
    for error in [
        split.scaled_by(&StandardScaler::default()).unwrap_err(),
        split.with_scaled_targets().unwrap_err(),
    ] {
        let sentence = error.to_string();
        assert!(
            sentence.contains("at least 2 samples of positive weight, and there is 1"),
            "{sentence}"
        );
    }
}

#[test]
fn constant_columns_are_scaled_harmlessly_and_reported_by_name() {
    // The second feature is constant in the training part alone: its test value must not be divided by rounding noise.
    let mut features = DMatrix::from_row_slice(3, 5, &[14.62_f32; 15]);
    (0..5).for_each(|sample| features[(2, sample)] = sample as f32);
    let mut dataset = Dataset::new(features, Target::numbers(vec![0.0; 5])).unwrap();
    dataset = dataset
        .with_feature_names(vec!["ash".into(), "hue".into(), "alcohol".into()])
        .unwrap();
    let mut features = dataset.features().clone();
    features[(1, 4)] = 15.62;
    let dataset = dataset.with_features(features).unwrap();
    let parts = [
        Part::Train,
        Part::Train,
        Part::Train,
        Part::Validation,
        Part::Test,
    ];
    let split = Split::from_assignment(&dataset, &parts).unwrap();
    let (scaled, fitted) = split.scaled_by(&StandardScaler::default()).unwrap();
    let names: Vec<&str> = fitted
        .report()
        .constant()
        .iter()
        .map(|feature| &feature.name[..])
        .collect();
    assert_eq!(names, ["ash", "hue"]);
    assert!(
        scaled
            .train()
            .features()
            .rows(0, 2)
            .iter()
            .all(|&x| x == 0.0)
    );
    let test = scaled.test().features();
    assert!(
        test[(0, 0)] == 0.0 && (test[(1, 0)] - 1.0).abs() < 1e-5,
        "{test}"
    );
}

#[test]
fn nothing_but_constant_columns_is_refused() {
    // In the training part alone: that is what is learned from.
    let features = DMatrix::from_fn(2, 5, |j, i| [14.62, 3.0][j] + if i > 2 { 1.0 } else { 0.0 });
    let dataset = Dataset::new(features, Target::numbers(vec![0.0; 5])).unwrap();
    let dataset = dataset
        .with_feature_names(vec!["ash".into(), "hue".into()])
        .unwrap();
    use Part::{Test, Train, Validation};
    let split = Split::from_assignment(&dataset, &[Train, Train, Train, Validation, Test]).unwrap();
    let min_max = MinMaxScaler::default();
    for error in [
        split.fit(&StandardScaler::default()).unwrap_err(),
        split.fit(&AnyScaler::Identity).unwrap_err(),
        split.scaled_by(&min_max).map(drop).unwrap_err(),
        split.scaled_with_reports(&min_max).map(drop).unwrap_err(),
    ] {
        assert!(
            matches!(&error, Error::AllConstant { n_features: 2, name, value } if name == "ash" && *value == 14.62),
            "{error:?}"
        );
        let sentence = error.to_string();
        assert!(
            sentence.contains("all 2 features of the training part are constant")
                && sentence.contains("(\"ash\" is 14.62 in every sample)")
                && sentence.contains("use columns that vary"),
            "{sentence}"
        );
    }
}

#[test]
fn a_file_of_another_scaler_is_no_target_scaler() {
    let x = DMatrix::from_row_slice(1, 4, &[1.0, 2.0, 4.0, 9.0]);
    for scaler in [
        AnyScaler::Identity,
        MinMaxScaler::new().into(),
        SmoothClip::new().into(),
        QuantileTransformer::new().into(),
    ] {
        let fitted = scaler.fit(&FitData::new(&x)).unwrap();
        let json = format!(
            r#"{{"fitted":{}}}"#,
            serde_json::to_string(&fitted).unwrap()
        );
        let sentence = serde_json::from_str::<TargetScaler>(&json)
            .unwrap_err()
            .to_string();
        assert!(
            sentence.contains("a target scaler subtracts the mean")
                && sentence.contains("fit and save again"),
            "{sentence}"
        );
    }
}

/// Saved by version 1 of the format; it must keep loading.
#[test]
fn a_saved_target_scaler_keeps_loading() {
    let fitted = TargetScaler::fit(far_test_set().train()).unwrap();
    let there_and_back: TargetScaler =
        serde_json::from_str(&serde_json::to_string(&fitted).unwrap()).unwrap();
    let old: TargetScaler =
        serde_json::from_str(include_str!("../saved/target_scaler-1.json")).unwrap();
    for scaler in [there_and_back, old] {
        assert_eq!(
            (scaler.mean(), scaler.scale()),
            (fitted.mean(), fitted.scale())
        );
        let mut predictions = DMatrix::from_row_slice(1, 2, &[0.0_f64, 1.5]);
        scaler.invert(&mut predictions).unwrap();
        assert_eq!(predictions.as_slice(), [20.0, 35.0]);
    }
}

/// The program that stumbled: the predictions of a pinball loss, two targets with three quantiles each.
#[test]
fn quantiles_come_back_in_the_unit_of_their_target() {
    let values = DMatrix::from_row_slice(2, 2, &[0.0_f64, 20.0, 1000.0, 3000.0]);
    let training = Dataset::new(DMatrix::zeros(1, 2), Target::values(values)).unwrap();
    let scaler = TargetScaler::fit(&training).unwrap();
    assert_eq!(
        (scaler.mean(), scaler.scale()),
        (vec![10.0, 2000.0], vec![10.0, 1000.0])
    );
    let mut predictions = DMatrix::from_column_slice(
        6,
        2,
        &[-1.0, 0.0, 1.0, -2.0, 0.5, 2.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    );
    assert!(matches!(
        scaler.invert(&mut predictions),
        Err(Error::Scaling(_))
    ));
    scaler.invert_quantiles(&mut predictions, 3).unwrap();
    assert_eq!(
        predictions.as_slice(),
        [
            0.0, 10.0, 20.0, 0.0, 2500.0, 4000.0, 10.0, 10.0, 10.0, 3000.0, 3000.0, 3000.0
        ]
    );
    // One quantile a target is `invert`, to the bit.
    let one = DMatrix::from_fn(2, 50, |row, sample| {
        0.1 + row as f64 / 3.0 + sample as f64 / 7.0
    });
    let (mut a, mut b) = (one.clone(), one);
    scaler.invert(&mut a).unwrap();
    scaler.invert_quantiles(&mut b, 1).unwrap();
    assert_eq!(a, b);
    for quantiles in [0, 2, 4, usize::MAX] {
        let error = scaler
            .invert_quantiles(&mut predictions, quantiles)
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Mismatch(Mismatch::QuantileRows {
                    rows: 6,
                    n_targets: 2,
                    ..
                })
            ),
            "{error}"
        );
    }
}
