//! Any number of threads gives the same bits.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use crate::common::every_scaler;
use nalgebra::DMatrix;
use smallbatch_preprocess::{
    Error, FeatureStats, FitData, NonFinite, Scaler, StandardScaler, Threads,
};

/// Enough samples of 11 features for several shards and jobs, and a rest.
const SAMPLES: usize = 130_000;

/// A feature drifts, one is tiny, one far from zero; the others differ in size.
fn table() -> DMatrix<f32> {
    DMatrix::from_fn(11, SAMPLES, |j, i| {
        let u = ((i * 7919 + j * 104_729) % 10_007) as f32 / 10_007.0;
        match j {
            0 => u + i as f32,
            1 => u * 1e-30,
            2 => u + 4096.0,
            _ => (u - 0.3) * 10_f32.powi(j as i32 - 5),
        }
    })
}

fn many() -> [Threads; 2] {
    [2, 5].map(Threads::AtMost)
}

fn bits(x: &DMatrix<f32>) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn statistics() {
    let mut x = table();
    x[(3, 125_001)] = f32::NAN;
    let weights: Vec<f32> = (0..SAMPLES).map(|i| (i % 4) as f32 / 2.0).collect();
    let of = |threads: Threads| {
        let mut stats = FeatureStats::new(11)
            .non_finite(NonFinite::Ignore)
            .threads(threads);
        stats.update(x.columns(0, 120_000)).unwrap();
        stats.update_weighted(&x, &weights).unwrap();
        serde_json::to_string(&stats).unwrap()
    };
    let one = of(Threads::ONE);
    assert!(one.contains(r#""skipped":1"#));
    for threads in many() {
        assert!(of(threads) == one, "{threads:?}");
    }
}

#[test]
fn fitted_scalers_and_what_they_transform() {
    let x = table();
    let weights: Vec<f32> = (0..SAMPLES).map(|i| (i % 4) as f32 / 2.0).collect();
    // Some values of the data are outside the range that is fitted.
    let training = x.columns(0, 100_000).into_owned();
    for scaler in every_scaler() {
        let fit = |threads| {
            let data = FitData::new(&training).weights(&weights[..100_000]);
            scaler.fit(&data.threads(threads)).unwrap().threads(threads)
        };
        let one = fit(Threads::ONE);
        let mut expected = x.clone();
        let report = one.transform_in_place(&mut expected).unwrap();
        assert_eq!(report.feature(0).above, 30_000);
        let back = one.is_invertible().then(|| one.inverse(&expected).unwrap());
        for threads in many() {
            let fitted = fit(threads);
            assert_eq!(fitted, one, "{}", scaler.name());
            let mut y = x.clone();
            assert_eq!(fitted.transform_in_place(&mut y).unwrap(), report);
            assert!(bits(&y) == bits(&expected), "{}", scaler.name());
            // From a view with gaps.
            let larger = x.clone().insert_row(11, 0.0);
            let view = larger.view((0, 0), x.shape());
            y.fill(0.0);
            assert_eq!(fitted.transform_into(view, &mut y).unwrap(), report);
            assert!(bits(&y) == bits(&expected), "{}", scaler.name());
            if let Some(back) = &back {
                fitted.inverse_in_place(&mut y).unwrap();
                assert!(bits(&y) == bits(back), "{}", scaler.name());
                y.fill(0.0);
                fitted.inverse_into(&expected, &mut y).unwrap();
                assert!(bits(&y) == bits(back), "{}", scaler.name());
            }
        }
    }
}

#[test]
fn the_first_bad_value_is_named_and_nothing_is_changed() {
    let x = table();
    let fitted = StandardScaler::new().fit(&FitData::new(&x)).unwrap();
    let mut bad = x.clone();
    for (feature, sample) in [(7, 100_001), (2, 100_002), (0, 129_999)] {
        bad[(feature, sample)] = f32::INFINITY;
    }
    for threads in many().into_iter().chain([Threads::ONE]) {
        let named = |error: Error| matches!(&error, Error::NonFinite { sample: 100_001, feature, .. } if feature.index == 7);
        let data = FitData::new(&bad).threads(threads);
        assert!(named(StandardScaler::new().fit(&data).unwrap_err()));
        let mut stats = FeatureStats::new(11).threads(threads);
        stats.update(&x).unwrap();
        let before = stats.clone();
        let error = stats.update(&bad).unwrap_err();
        assert!(matches!(
            error,
            Error::NonFinite {
                sample: 230_001,
                ..
            }
        ));
        assert_eq!(stats, before);

        let fitted = fitted.clone().threads(threads);
        let mut in_place = bad.clone();
        assert!(named(fitted.transform_in_place(&mut in_place).unwrap_err()));
        assert!(bits(&in_place) == bits(&bad));
        assert!(named(
            fitted.transform_into(&bad, &mut in_place).unwrap_err()
        ));
    }
}
