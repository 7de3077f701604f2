//! Saved scalers keep loading, and give the same bits.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nalgebra::DMatrix;
use smallbatch_preprocess::{
    AnyScaler, FeatureStats, FitData, FittedScaler, MaxAbsScaler, MinMaxScaler, NonFinite,
    PerSample, QuantileTransformer, RobustScaler, Scaler, SmoothClip, StandardScaler,
};

fn training() -> DMatrix<f64> {
    DMatrix::from_fn(3, 40, |j, i| {
        ((i * 17 + j * 5) % 41) as f64 * 0.1 + 10_f64.powi(3 * j as i32)
    })
}

/// Not all as they are by default: so they were when the files were written.
fn scalers() -> Vec<AnyScaler> {
    vec![
        AnyScaler::Identity,
        StandardScaler::new().into(),
        MinMaxScaler::new().range(-1.0, 1.0).into(),
        MaxAbsScaler::new().into(),
        RobustScaler::new().non_finite(NonFinite::Ignore).into(),
        SmoothClip::new().into(),
        QuantileTransformer::new().into(),
        PerSample::new().into(),
    ]
}

fn names() -> Vec<String> {
    ["length", "mass", "price"].map(String::from).to_vec()
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let x = training();
    for scaler in scalers() {
        let fitted = scaler.fit(&FitData::new(&x).names(&names())).unwrap();
        let json = serde_json::to_string(&fitted).unwrap();
        assert!(
            json.starts_with(r#"{"format":1,"#),
            "the format must be judged first: {json}"
        );
        let loaded: FittedScaler = serde_json::from_str(&json).unwrap();
        assert_eq!(loaded, fitted);
        assert_eq!(
            (loaded.scaler(), loaded.feature_names()),
            (&scaler, &names()[..])
        );
        assert_eq!(loaded.transform(&x).unwrap(), fitted.transform(&x).unwrap());
        assert_eq!(serde_json::to_string(&loaded).unwrap(), json);
    }
}

/// The file was written when format 1 was new and is never written again.
#[test]
fn format_1_keeps_loading() {
    let old = include_str!("../saved/format_1.json");
    let old: Vec<(FittedScaler, Vec<f64>)> = serde_json::from_str(old).unwrap();
    assert_eq!(old.len(), scalers().len());
    for ((loaded, expected), scaler) in old.iter().zip(scalers()) {
        assert_eq!(loaded.scaler(), &scaler);
        let mut sample = [1.5, 1001.25, 1_000_002.0];
        loaded.transform_sample(&mut sample).unwrap();
        for (y, expected) in sample.iter().zip(expected) {
            // Φ⁻¹ uses the platform's logarithm; the rest is exact.
            assert!(
                (y - expected).abs() <= 1e-12,
                "{}: {y} and not {expected}",
                scaler.name()
            );
        }
    }
}

/// The statistics of ordinary values and of values whose squares `f64` cannot hold, with weights and a value skipped.
fn statistics() -> FeatureStats {
    let mut x = training();
    x.row_mut(2).iter_mut().for_each(|x| *x *= 1e-200);
    x[(1, 4)] = f64::NAN;
    let weights: Vec<f64> = (0..40).map(|i| f64::from(i % 3)).collect();
    let mut stats = FeatureStats::new(3).non_finite(NonFinite::Ignore);
    stats.update_weighted(&x, &weights).unwrap();
    stats
}

/// Statistics half way through a stream are read back and go on.
#[test]
fn statistics_of_format_1_keep_loading() {
    let old = include_str!("../saved/statistics_1.json");
    let mut loaded: FeatureStats = serde_json::from_str(old).unwrap();
    let mut stats = statistics();
    assert_eq!(loaded.skipped(), stats.skipped());
    for _ in 0..2 {
        assert_eq!(
            (loaded.count(), loaded.min(), loaded.max(), loaded.weight()),
            (stats.count(), stats.min(), stats.max(), stats.weight())
        );
        let pairs = loaded.mean().iter().zip(stats.mean());
        for (a, b) in pairs.chain(loaded.std().iter().zip(&stats.std())) {
            // A later version may add in another order.
            assert!((a / b - 1.0).abs() < 1e-14, "{a} and not {b}");
        }
        let more = DMatrix::from_element(3, 1, f64::INFINITY);
        loaded.update(&more).unwrap();
        stats.update(&more).unwrap();
        loaded.update(&training()).unwrap();
        stats.update(&training()).unwrap();
    }
}

#[test]
fn another_format_is_refused_with_a_sentence() {
    let json = r#"{"format": 7, "fitted": {"something": "new"}}"#;
    let sentence = serde_json::from_str::<FittedScaler>(json)
        .unwrap_err()
        .to_string();
    assert!(
        sentence.contains("integer `7`, expected format 1")
            && sentence.contains("fit and save again"),
        "{sentence}"
    );
    // All is there but the format.
    let fitted = StandardScaler::new()
        .fit(&FitData::new(&training()))
        .unwrap();
    let json = serde_json::to_string(&fitted).unwrap();
    let without = json.replace(r#""format":1,"#, "");
    assert_ne!(without, json);
    let sentence = serde_json::from_str::<FittedScaler>(&without)
        .unwrap_err()
        .to_string();
    assert!(sentence.contains("missing field `format`"), "{sentence}");
}

/// Prints the files of a new format: `cargo test -p smallbatch-preprocess --test saved -- --ignored --nocapture`.
#[test]
#[ignore = "prints the files that the tests above keep"]
fn print_format() {
    let x = training();
    let record = |scaler: AnyScaler| {
        let fitted = scaler.fit(&FitData::new(&x).names(&names())).unwrap();
        let mut sample = vec![1.5, 1001.25, 1_000_002.0];
        fitted.transform_sample(&mut sample).unwrap();
        (fitted, sample)
    };
    let records: Vec<_> = scalers().into_iter().map(record).collect();
    println!("{}", serde_json::to_string_pretty(&records).unwrap());
    println!("{}", serde_json::to_string_pretty(&statistics()).unwrap());
}

#[test]
fn scalers_read_as_a_few_words() {
    let x = DMatrix::from_column_slice(2, 3, &[1.0, 5.0, 2.0, 6.0, 3.0, 7.0]);
    let fitted = MinMaxScaler::new().fit(&FitData::new(&x)).unwrap();
    assert_eq!(fitted.to_string(), "min-max scaler of 2 features");
    let fitted = AnyScaler::Identity.fit(&FitData::new(&x.rows(0, 1).into_owned()));
    assert_eq!(fitted.unwrap().to_string(), "identity scaler of 1 feature");
    assert_eq!(
        format!("{:>9}", AnyScaler::from(StandardScaler::new())),
        " standard"
    );
}
