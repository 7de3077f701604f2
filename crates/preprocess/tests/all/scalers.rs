//! What the scalers compute, against the formula written out.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use smallbatch_preprocess::{
    AnyScaler, Centering, Error, FitData, FittedScaler, MaxAbsScaler, MinMaxScaler, NonFinite,
    PerSample, QuantileTransformer, RobustScaler, Scalar, Scaler, Scaling, SmoothClip,
    StandardScaler,
};

/// Each scaler, and those with switches in other positions.
fn every_scaler() -> Vec<AnyScaler> {
    let mut scalers = crate::common::every_scaler();
    scalers.push(StandardScaler::new().centering(Centering::None).into());
    scalers.push(StandardScaler::new().scaling(Scaling::None).into());
    scalers.push(MinMaxScaler::new().range(-2.0, 3.0).into());
    scalers
}

fn fit<T: Scalar>(scaler: &impl Scaler, x: &DMatrix<T>) -> FittedScaler {
    scaler.fit(&FitData::new(x)).unwrap()
}

/// Pseudo-random numbers, different in every feature.
fn table(n_features: usize, n_samples: usize) -> DMatrix<f64> {
    DMatrix::from_fn(n_features, n_samples, |j, i| {
        let u = ((i * 7919 + j * 104_729 + 13) % 10_007) as f64 / 10_007.0;
        (u - 0.3) * 10_f64.powi(j as i32 % 7 - 3) + j as f64
    })
}

#[test]
fn standard_is_mean_zero_deviation_one() {
    let x = table(5, 1001);
    let y = fit(&StandardScaler::new(), &x).transform(&x).unwrap();
    for row in y.row_iter() {
        let n = row.len() as f64;
        let mean = row.iter().sum::<f64>() / n;
        let variance = row.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
        assert!(
            mean.abs() < 1e-12 && (variance - 1.0).abs() < 1e-12,
            "{mean} {variance}"
        );
    }
}

#[test]
fn each_switch_alone() {
    let x = dmatrix![2.0, 6.0; 10.0, 10.0];
    let affine = |scaler: StandardScaler| fit(&scaler, &x).affine().unwrap();
    let both = affine(StandardScaler::new());
    assert_eq!((both.shift, both.scale), (vec![4.0, 10.0], vec![2.0, 1.0]));
    let centred = affine(StandardScaler::new().scaling(Scaling::None));
    assert_eq!(
        (centred.shift, centred.scale),
        (vec![4.0, 10.0], vec![1.0, 1.0])
    );
    let scaled = affine(StandardScaler::new().centering(Centering::None));
    assert_eq!(
        (scaled.shift, scaled.scale),
        (vec![0.0, 0.0], vec![2.0, 1.0])
    );
}

#[test]
fn a_constant_column_becomes_zero_and_is_reported() {
    for n in [2, 100, 12_345] {
        let x = DMatrix::from_element(1, n, 14.62);
        let names = ["ash".to_string()];
        for scaler in [
            StandardScaler::new().into(),
            MinMaxScaler::new().into(),
            RobustScaler::new().into(),
            SmoothClip::new().into(),
            QuantileTransformer::new().into(),
        ] {
            let scaler: AnyScaler = scaler;
            let fitted = scaler.fit(&FitData::new(&x).names(&names)).unwrap();
            assert!(
                fitted.transform(&x).unwrap().iter().all(|&y| y == 0.0),
                "{}",
                scaler.name()
            );
            assert_eq!(
                fitted.report().constant()[0].to_string(),
                "feature 0 (\"ash\")"
            );
            assert!(fitted.report().nearly_constant().is_empty());
            // A test value nearby stays nearby: nothing is divided by rounding noise.
            let mut sample = [14.63_f64];
            fitted.transform_sample(&mut sample).unwrap();
            assert!(
                (sample[0] - 0.01).abs() < 1e-4,
                "{}: {}",
                scaler.name(),
                sample[0]
            );
        }
    }
}

#[test]
fn max_abs_divides_a_constant_by_its_magnitude() {
    let x = dmatrix![-14.62, -14.62; 0.0, 0.0];
    let fitted = fit(&MaxAbsScaler::new(), &x);
    assert_eq!(
        fitted.transform(&x).unwrap(),
        dmatrix![-1.0, -1.0; 0.0, 0.0]
    );
    assert_eq!(fitted.report().constant().len(), 2);
}

#[test]
fn a_billion_plus_one_is_exact_in_f64() {
    let x = DMatrix::from_fn(1, 1000, |_, i| 1e9 + if i % 2 == 0 { 1.0 } else { -1.0 });
    let y = fit(&StandardScaler::new(), &x).transform(&x).unwrap();
    assert!(
        y.iter()
            .enumerate()
            .all(|(i, &y)| y == if i % 2 == 0 { 1.0 } else { -1.0 })
    );
}

#[test]
fn the_shift_loses_nothing_in_f32() {
    // Values a few f32 steps apart around 1000, with a mean between the steps.
    let step = 1000.0_f32.next_up() - 1000.0;
    let x = DMatrix::from_fn(1, 999, |_, i| {
        1000.0 + step * (i % 3) as f32 + if i == 0 { step } else { 0.0 }
    });
    let fitted = fit(&StandardScaler::new(), &x);
    let y = fitted.transform(&x).unwrap();
    let affine = fitted.affine().unwrap();
    for (x, y) in x.iter().zip(&y) {
        let exact = (f64::from(*x) - affine.shift[0]) / affine.scale[0];
        assert!(
            (f64::from(*y) - exact).abs() <= 3e-7 * exact.abs().max(1e-3),
            "{y} and not {exact}"
        );
        // The plain way: the shift rounded to f32.
        let plain = (x - affine.shift[0] as f32) / affine.scale[0] as f32;
        assert!(
            (f64::from(plain) - exact).abs() > 1e-5,
            "the plain way would pass too"
        );
    }
}

#[test]
fn features_beyond_the_data_type_go_through_f64() {
    // A deviation of 1e-41 has no f32 inverse, a range of 4e38 no f32 at all.
    let tiny = DMatrix::from_row_slice(1, 4, &[1e-41_f32, 3e-41, 1e-41, 3e-41]);
    let y = fit(&StandardScaler::new(), &tiny).transform(&tiny).unwrap();
    assert!(y.iter().all(|y| (y.abs() - 1.0).abs() < 1e-6), "{y}");
    let huge = DMatrix::from_row_slice(1, 3, &[-3e38_f32, 0.0, 3e38]);
    let fitted = fit(&MinMaxScaler::new(), &huge);
    let y = fitted.transform(&huge).unwrap();
    assert_eq!(y.as_slice(), [0.0, 0.5, 1.0]);
    assert_eq!(fitted.inverse(&y).unwrap(), huge);
    let tiny = DMatrix::from_row_slice(1, 2, &[1e-300_f64, 3e-300]);
    let y = fit(&StandardScaler::new(), &tiny).transform(&tiny).unwrap();
    assert!(
        (y[0] + 1.0).abs() < 1e-15 && (y[1] - 1.0).abs() < 1e-15,
        "{y}"
    );
}

#[test]
fn min_max_hits_its_ends_exactly() {
    // 49 · (1/49) is not 1; 49 / 49 is.
    let x = DMatrix::from_fn(60, 50, |j, i| (i * (j + 1)) as f64 / 10.0 + 0.1 * j as f64);
    let y = fit(&MinMaxScaler::new(), &x).transform(&x).unwrap();
    for row in y.row_iter() {
        assert_eq!((row.min(), row.max()), (0.0, 1.0));
    }
}

#[test]
fn robust_is_numpys_quantiles() {
    // numpy.percentile([1, 2, 4, 8, 16, 100], [25, 50, 75]) = [2.5, 6, 14]
    let x = dmatrix![100.0, 4.0, 1.0, 16.0, 2.0, 8.0];
    let affine = fit(&RobustScaler::new(), &x).affine().unwrap();
    assert_eq!((affine.shift[0], affine.scale[0]), (6.0, 11.5));
}

#[test]
fn without_interquartile_range_half_of_the_range() {
    let x = dmatrix![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0];
    let fitted = fit(&RobustScaler::new(), &x);
    assert_eq!(fitted.affine().unwrap().scale, [4.0]);
    assert_eq!(fitted.report().without_interquartile_range()[0].index, 0);
    assert!(fitted.report().constant().is_empty());
    let y = fit(&SmoothClip::new(), &x).transform(&x).unwrap();
    assert!((y[7] - 2.0 / (1.0 + 4.0 / 9.0_f64).sqrt()).abs() < 1e-15);
}

#[test]
fn quartiles_that_differ_by_rounding_are_equal() {
    // The middle half is 0.3, computed in two ways; the width of 5.5e-17 would make 1e16 of the ends.
    let x = dmatrix![0.0, 0.3, 0.3, 0.3, 0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2, 1.0];
    assert_ne!(0.3, 0.1 + 0.2);
    for x in [x.clone(), -x] {
        let fitted = fit(&RobustScaler::new(), &x);
        assert_eq!(fitted.affine().unwrap().scale, [0.5]);
        assert_eq!(fitted.report().without_interquartile_range()[0].index, 0);
        assert!(fit(&SmoothClip::new(), &x).transform(&x).unwrap().amax() < 2.0);
    }
    // Neighbours in f32 are a difference, and a small unit is one too.
    let x = DMatrix::from_row_slice(1, 4, &[1.0_f32, 1.0, 1.0_f32.next_up(), 1.0_f32.next_up()]);
    let fitted = fit(&RobustScaler::new(), &x);
    assert!(fitted.report().without_interquartile_range().is_empty());
    let x = dmatrix![1e-20, 2e-20, 3e-20, 4e-20, 5e-20];
    assert_eq!(
        fit(&RobustScaler::new(), &x).affine().unwrap().scale,
        [2e-20]
    );
}

#[test]
fn smooth_clip_by_its_formula() {
    let x = table(4, 501);
    let fitted = fit(&SmoothClip::new(), &x);
    let robust = fit(&RobustScaler::new(), &x).transform(&x).unwrap();
    let y = fitted.transform(&x).unwrap();
    for (z, y) in robust.iter().zip(&y) {
        let expected = z / (1.0 + (z / 3.0).powi(2)).sqrt();
        assert!((y - expected).abs() < 1e-15);
    }
    assert!(fitted.affine().is_none());
}

#[test]
fn smooth_clip_keeps_far_values_finite_and_in_order() {
    let x = DMatrix::from_fn(1, 101, |_, i| i as f32);
    let fitted = fit(&SmoothClip::new(), &x);
    let far = DMatrix::from_row_slice(1, 6, &[-3e38_f32, -1e30, 1e5, 1e10, 1e30, 3e38]);
    let y = fitted.transform(&far).unwrap();
    assert_eq!((y[0], y[1], y[4], y[5]), (-3.0, -3.0, 3.0, 3.0));
    let back = fitted.inverse(&y).unwrap();
    assert!(back.iter().all(|x| x.is_finite()), "{back}");
    assert!(back[2] <= back[3] && back[0] < -1e5 && back[5] > 1e5);
    // A value 30 scales out comes back to five digits, as documented.
    let mut sample = [50.0 + 30.0 * 50.0_f32];
    fitted.transform_sample(&mut sample).unwrap();
    fitted.inverse_sample(&mut sample).unwrap();
    assert!((sample[0] / 1550.0 - 1.0).abs() < 1e-5);
}

#[test]
fn quantiles_make_it_normal() {
    let n = 30_001;
    let x = DMatrix::from_fn(1, n, |_, i| (((i * 7919) % n) as f64 / 1000.0).exp());
    let fitted = fit(&QuantileTransformer::new(), &x);
    let y = fitted.transform(&x).unwrap();
    let mean = y.iter().sum::<f64>() / n as f64;
    let within = |z: f64| y.iter().filter(|y| y.abs() < z).count() as f64 / n as f64;
    assert!(mean.abs() < 1e-3, "{mean}");
    assert!((within(1.0) - 0.682_689).abs() < 1e-3 && (within(2.0) - 0.954_500).abs() < 1e-3);
    let bound = 5.199_337_582_192_817;
    assert!((y.max() - bound).abs() < 1e-12 && (y.min() + bound).abs() < 1e-12);
    let outside = dmatrix![-1.0, 1e300, f64::MIN];
    assert!(
        fitted
            .transform(&outside)
            .unwrap()
            .iter()
            .all(|y| (y.abs() - bound).abs() < 1e-12)
    );
    assert_eq!(
        fitted.inverse(&dmatrix![-9.0, 9.0]).unwrap(),
        dmatrix![x.min(), x.max()]
    );
}

#[test]
fn equal_values_have_their_middle_rank() {
    // Half of the values are 0, the least; the upper half is spread.
    let x = DMatrix::from_fn(1, 2000, |_, i| if i < 1000 { 0.0 } else { i as f64 });
    let y = fit(&QuantileTransformer::new(), &x).transform(&x).unwrap();
    // Φ⁻¹(1/4), up to the distance of two of the 66 quantiles.
    assert!((y[0] + 0.674_49).abs() < 0.05, "{}", y[0]);
}

#[test]
fn equal_values_are_equal_in_the_type_of_the_data() {
    // The lower half is 0.7, which f32 rounds: to compare its 0.7 with the f64's would put it at the bound, -5.2.
    for tie in [0.7, 0.3] {
        assert_ne!(f64::from(tie as f32), tie);
        let x = DMatrix::from_fn(1, 2000, |_, i| if i < 1000 { tie } else { i as f64 });
        let fitted = fit(&QuantileTransformer::new(), &x);
        let wide = fitted.transform(&x).unwrap();
        let narrow = fitted.transform(&x.map(|x| x as f32)).unwrap();
        assert!((narrow[0] + 0.674_49).abs() < 0.05, "{}", narrow[0]);
        for (narrow, wide) in narrow.iter().zip(&wide) {
            assert!(
                (f64::from(*narrow) - wide).abs() < 1e-6,
                "{narrow} and {wide}"
            );
        }
    }
    // A quantile beyond f32 is not the infinity that it would be narrowed to.
    let x = DMatrix::from_fn(1, 100, |_, i| 1e37 * i as f64);
    let scaler = QuantileTransformer::new().non_finite(NonFinite::Ignore);
    let y = fit(&scaler, &x)
        .transform(&dmatrix![f32::INFINITY, f32::MAX])
        .unwrap();
    assert!((y[0] - 5.199_337_6).abs() < 1e-6 && y[1] < -0.3, "{y}");
}

#[test]
fn an_infinity_is_outside_a_range_that_reaches_beyond_the_type() {
    let x = DMatrix::from_fn(1, 100, |_, i| 1e39 * (i as f64 - 50.0));
    for scaler in every_scaler()
        .into_iter()
        .filter(|scaler| scaler.name() != "per-sample")
    {
        let fitted = fit(&scaler, &x);
        for infinity in [f32::INFINITY, f32::NEG_INFINITY] {
            let refused = |result: Result<_, Error>| matches!(result, Err(Error::NonFinite { .. }));
            let mut y = dmatrix![1.0, infinity];
            assert!(refused(fitted.transform(&y).map(drop)), "{}", scaler.name());
            assert!(
                refused(fitted.transform_in_place(&mut y).map(drop)),
                "{}",
                scaler.name()
            );
        }
        assert!(
            fitted.transform(&dmatrix![f32::MAX, f32::MIN]).is_ok(),
            "{}",
            scaler.name()
        );
    }
    let fitted = fit(&StandardScaler::new().non_finite(NonFinite::Ignore), &x);
    let report = fitted.transform_sample(&mut [f32::INFINITY]).unwrap();
    assert_eq!(report.feature(0).above, 1);
}

#[test]
fn one_sample_of_enormous_values_has_its_deviation() {
    let x = dmatrix![1e200, 2e200; 2e200, 1e200; 7e200, 7e200; 5e200, 5e200];
    let y = fit(&PerSample::new(), &x).transform(&x).unwrap();
    let std = (91.0_f64 / 16.0).sqrt();
    for (y, x) in y.column(0).iter().zip([1.0, 2.0, 7.0, 5.0]) {
        assert!((y - (x - 3.75) / std).abs() < 1e-14, "{y}");
    }
}

#[test]
fn per_sample_is_along_the_other_axis() {
    let x = table(6, 40);
    let y = fit(&PerSample::new(), &x).transform(&x).unwrap();
    for sample in y.column_iter() {
        let mean = sample.iter().sum::<f64>() / 6.0;
        let variance = sample.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 6.0;
        assert!(mean.abs() < 1e-14 && (variance - 1.0).abs() < 1e-13);
    }
    let fitted = fit(&PerSample::new(), &x);
    let mut alike = DMatrix::from_element(6, 1, 14.62);
    let report = fitted.transform_in_place(&mut alike).unwrap();
    assert_eq!(report.constant_samples(), 1);
    assert!(alike.iter().all(|&y| y == 0.0));
}

#[test]
fn weights_are_repetitions_for_every_scaler() {
    // Beyond 300 samples the number of quantiles grows with the samples, and so with the weights.
    for n in [60, 660] {
        let x = table(3, n);
        let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
        let repeated: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, i % 4)).collect();
        let repeated = x.select_columns(&repeated);
        for scaler in every_scaler() {
            let a = scaler
                .fit(&FitData::new(&x).weights(&weights))
                .unwrap()
                .transform(&x)
                .unwrap();
            let b = fit(&scaler, &repeated).transform(&x).unwrap();
            assert!((a - b).amax() < 1e-11, "{} {n}", scaler.name());
        }
    }
}

#[test]
fn values_outside_the_range_are_counted() {
    let x = DMatrix::from_fn(3, 50, |j, i| (i + j) as f32);
    for scaler in every_scaler() {
        let fitted = fit(&scaler, &x);
        assert!(
            fitted
                .transform_in_place(&mut x.clone())
                .unwrap()
                .is_clean(),
            "{}",
            scaler.name()
        );
        let mut test = DMatrix::from_fn(
            3,
            1000,
            |j, i| if j == 1 && i % 100 == 0 { 1e6 } else { 10.0 },
        );
        test[(2, 999)] = -5.0;
        let report = fitted.transform_in_place(&mut test.clone()).unwrap();
        assert_eq!(
            (report.n_samples(), report.feature(0)),
            (1000, Default::default())
        );
        assert_eq!((report.feature(1).above, report.feature(1).below), (10, 0));
        assert_eq!((report.feature(2).above, report.feature(2).below), (0, 1));
        let named: Vec<usize> = report.outside().map(|(feature, _)| feature.index).collect();
        assert_eq!(named, [1, 2]);
        let mut twice = report.clone();
        twice.merge(&report);
        assert_eq!(
            (twice.n_samples(), twice.total().above, twice.total().below),
            (2000, 20, 2)
        );
    }
}

#[test]
fn what_a_transform_met_can_be_read() {
    let names = ["length", "mass", "price"].map(String::from);
    let x = DMatrix::from_fn(3, 50, |j, i| (i + j) as f64);
    let scaler = StandardScaler::new().non_finite(NonFinite::Ignore);
    let fitted = scaler.fit(&FitData::new(&x).names(&names)).unwrap();
    let clean = fitted.transform_in_place(&mut x.clone()).unwrap();
    assert_eq!(
        clean.to_string(),
        "50 samples scaled; all within the range seen in fitting"
    );
    let mut later = fitted.transform_sample(&mut [0.0, 5.0, 1e3]).unwrap();
    let first = fitted.transform_sample(&mut [f64::NAN, -1.0, 1e3]).unwrap();
    later.merge(&first);
    assert_eq!(
        later.to_string(),
        "2 samples scaled; outside the range seen in fitting: feature 0 (\"length\") (1 NaN), \
         feature 1 (\"mass\") (1 below), feature 2 (\"price\") (2 above)"
    );
    let alike = fit(&PerSample::new(), &x)
        .transform_sample(&mut [7.0; 3])
        .unwrap();
    assert!(
        alike
            .to_string()
            .ends_with("1 samples with all features alike, scale 1")
    );
    // Reports saved before features were named in them.
    let old = r#"{"n_samples":2,"constant_samples":0,"outside":[]}"#;
    assert!(serde_json::from_str::<smallbatch_preprocess::TransformReport>(old).is_ok());
}

#[test]
fn an_image_beyond_the_type_is_infinite_and_counted() {
    let x = DMatrix::from_row_slice(1, 2, &[0.0_f32, 2e-10]);
    let mut far = [1e30_f32];
    let report = fit(&StandardScaler::new(), &x)
        .transform_sample(&mut far)
        .unwrap();
    assert_eq!((far[0], report.feature(0).above), (f32::INFINITY, 1));
}

#[test]
fn nan_passes_where_it_is_ignored() {
    let mut x = table(3, 100);
    x[(1, 5)] = f64::NAN;
    x[(2, 7)] = f64::INFINITY;
    let ignore = NonFinite::Ignore;
    let scalers: Vec<AnyScaler> = vec![
        StandardScaler::new().non_finite(ignore).into(),
        MinMaxScaler::new().non_finite(ignore).into(),
        MaxAbsScaler::new().non_finite(ignore).into(),
        RobustScaler::new().non_finite(ignore).into(),
        SmoothClip::new().non_finite(ignore).into(),
        QuantileTransformer::new().non_finite(ignore).into(),
        PerSample::new().non_finite(ignore).into(),
    ];
    for scaler in scalers {
        let fitted = fit(&scaler, &x);
        let skipped: Vec<_> = fitted
            .report()
            .skipped()
            .iter()
            .map(|(f, n)| (f.index, *n))
            .collect();
        assert_eq!(skipped, [(1, 1), (2, 1)]);
        let mut y = x.clone();
        let report = fitted.transform_in_place(&mut y).unwrap();
        assert_eq!(
            (report.feature(1).nan, report.feature(2).above),
            (1, 1),
            "{}",
            scaler.name()
        );
        assert!(y[(1, 5)].is_nan());
        let limit = match scaler.name() {
            "smooth-clip" => 3.0,
            "quantile" => 5.199_337_582_192_817,
            _ => f64::INFINITY,
        };
        assert!(
            (y[(2, 7)] - limit).abs() < 1e-12 || y[(2, 7)] == limit,
            "{}",
            scaler.name()
        );
        let others = y
            .iter()
            .enumerate()
            .filter(|(k, _)| *k != 5 * 3 + 1 && *k != 7 * 3 + 2);
        assert!(
            others.into_iter().all(|(_, y)| y.is_finite()),
            "{}",
            scaler.name()
        );
    }
}

#[test]
fn the_report_names_what_deserves_a_look() {
    let n = 5000;
    // The sum of twelve uniform numbers, each a hash (splitmix64).
    let uniform = |i: usize| {
        let mut z = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let normal_like = |i: usize| (1..=12).map(|k| uniform(12 * i + k)).sum::<f64>();
    let cauchy =
        |i: usize| (std::f64::consts::PI * (((i * 7919) % n) as f64 / n as f64 - 0.4999)).tan();
    let x = DMatrix::from_fn(7, n, |j, i| match j {
        0 => normal_like(i),
        1 => cauchy(i),
        2 => 5.0,
        3 => f64::from(u8::from(i % 700 == 7)), // 0.16 % ones
        4 => 1e9 + 1e-7 * (i % 2) as f64,       // within rounding error at this mean
        5 => f64::from(u8::from(i % 20 == 0)),  // 5 % ones
        _ => {
            if i % 5 == 0 {
                (cauchy(i) * 3.0).abs()
            } else {
                0.0
            }
        } // zeros, then a heavy tail
    });
    let names: Vec<String> = [
        "normal", "cauchy", "constant", "rare", "stuck", "binary", "spikes",
    ]
    .map(String::from)
    .to_vec();
    let report = StandardScaler::new()
        .fit(&FitData::new(&x).names(&names))
        .unwrap()
        .report()
        .clone();
    let list = |features: &[smallbatch_preprocess::NamedFeature]| {
        features.iter().map(|f| f.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(report.constant()), ["constant", "stuck"]);
    assert_eq!(list(report.nearly_constant()), Vec::<String>::new());
    assert_eq!(list(report.heavy_tailed()), ["cauchy", "spikes"]);
    assert!(report.judged_tails() && !report.is_clean());
    let sentence = report.to_string();
    assert!(
        sentence.contains("heavy-tailed: feature 1 (\"cauchy\"), feature 6 (\"spikes\")"),
        "{sentence}"
    );

    // 3 of 5,000 are less than 0.1 %, 6 are more.
    let x = DMatrix::from_fn(1, n, |_, i| f64::from(u8::from(i < 3)));
    assert_eq!(
        fit(&StandardScaler::new(), &x)
            .report()
            .nearly_constant()
            .len(),
        1
    );
    let x = DMatrix::from_fn(1, n, |_, i| f64::from(u8::from(i < 6)));
    assert!(
        fit(&StandardScaler::new(), &x)
            .report()
            .nearly_constant()
            .is_empty()
    );
    // By weight.
    let x = DMatrix::from_fn(1, 10, |_, i| i as f64);
    let weights: Vec<f64> = (0..10).map(|i| if i == 4 { 1e5 } else { 1.0 }).collect();
    let fitted = StandardScaler::new()
        .fit(&FitData::new(&x).weights(&weights))
        .unwrap();
    assert_eq!(fitted.report().nearly_constant().len(), 1);
    // In f32 a billion plus noise is not resolved.
    let x = DMatrix::from_fn(1, n, |_, i| 1e9 + normal_like(i) as f32);
    let report = fit(&StandardScaler::new(), &x).report().clone();
    assert_eq!(
        (report.constant().len() + report.nearly_constant().len()),
        1
    );
}

#[test]
fn streams_fit_as_one_pass_does() {
    let x = table(4, 3000);
    let mut stats = smallbatch_preprocess::FeatureStats::new(4);
    for first in (0..3000).step_by(700) {
        stats
            .update(x.columns(first, 700.min(3000 - first)))
            .unwrap();
    }
    let streamed = StandardScaler::new()
        .fit_stats(&stats, None)
        .unwrap()
        .affine()
        .unwrap();
    let whole = fit(&StandardScaler::new(), &x).affine().unwrap();
    for j in 0..4 {
        assert!((streamed.shift[j] / whole.shift[j] - 1.0).abs() < 1e-14);
        assert!((streamed.scale[j] / whole.scale[j] - 1.0).abs() < 1e-14);
    }
}

fn same_bits<T: Scalar>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.to_f64().to_bits() == b.to_f64().to_bits())
}

fn check_ways_agree<T: Scalar>(x: &DMatrix<T>) -> Result<(), TestCaseError> {
    for scaler in every_scaler() {
        let fitted = fit(&scaler, x);
        let mut in_place = x.clone();
        let report = fitted.transform_in_place(&mut in_place).unwrap();
        let mut into = DMatrix::zeros(x.nrows(), x.ncols());
        prop_assert_eq!(fitted.transform_into(x, &mut into).unwrap(), report);
        prop_assert!(
            same_bits(in_place.as_slice(), into.as_slice()),
            "{}",
            scaler.name()
        );
        prop_assert!(same_bits(
            fitted.transform(x).unwrap().as_slice(),
            into.as_slice()
        ));
        // A view with gaps: the last columns of a larger matrix.
        let larger = x.clone().insert_rows(0, 2, T::zero());
        let view = larger.view((2, 0), x.shape());
        let mut from_view = DMatrix::zeros(x.nrows(), x.ncols());
        fitted.transform_into(view, &mut from_view).unwrap();
        prop_assert!(same_bits(from_view.as_slice(), into.as_slice()));
        for (raw, scaled) in x.column_iter().zip(into.column_iter()) {
            let mut sample = raw.as_slice().to_vec();
            fitted.transform_sample(&mut sample).unwrap();
            prop_assert!(same_bits(&sample, scaled.as_slice()), "{}", scaler.name());
        }
        if fitted.is_invertible() {
            let mut in_place = into.clone();
            fitted.inverse_in_place(&mut in_place).unwrap();
            let mut back = DMatrix::zeros(x.nrows(), x.ncols());
            fitted.inverse_into(&into, &mut back).unwrap();
            prop_assert!(same_bits(in_place.as_slice(), back.as_slice()));
            let mut sample = into.column(0).as_slice().to_vec();
            fitted.inverse_sample(&mut sample).unwrap();
            prop_assert!(same_bits(&sample, back.column(0).as_slice()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_place_into_and_one_sample_are_the_same_bits(
        n_features in prop::sample::select(vec![2, 3, 13, 16, 30, 270]), n_samples in 2_usize..60, seed in 0_usize..1000
    ) {
        let x = DMatrix::from_fn(n_features, n_samples, |j, i| {
            (((i * 7919 + j * 104_729 + seed) % 10_007) as f64 - 3000.0) * 10_f64.powi(j as i32 % 9 - 4)
        });
        check_ways_agree(&x)?;
        check_ways_agree(&x.map(|x| x as f32))?;
    }

    #[test]
    fn the_inverse_undoes_the_transform(
        values in prop::collection::vec(-1.0..1.0_f64, 6..200),
        offset in prop::sample::select(vec![0.0, 1.0, 1e6, 1e-12]),
        unit in prop::sample::select(vec![1.0, 1e-12, 1e6]),
    ) {
        let x = DMatrix::from_fn(2, values.len() / 2, |j, i| unit * (offset + values[2 * i + j] * (1.0 + 9.0 * j as f64)));
        for scaler in every_scaler() {
            let fitted = fit(&scaler, &x);
            if !fitted.is_invertible() {
                continue;
            }
            let y = fitted.transform(&x).unwrap();
            prop_assert!(y.iter().all(|y| y.is_finite()));
            let back = fitted.inverse(&y).unwrap();
            for j in 0..2 {
                // Rounding of the values, and for the bent scalers of their image, magnified by the slope of the inverse.
                let magnitude = x.row(j).amax();
                let range = x.row(j).max() - x.row(j).min();
                let limit = match scaler.name() {
                    // At 5.2 deviations Φ is flat to 1e-6: a rounding of y is a million times that of Φ(y).
                    "quantile" => 1e-6 * range + 1e-14 * magnitude,
                    "smooth-clip" => 1e-10 * range + 1e-14 * magnitude,
                    _ => 4e-15 * magnitude,
                };
                let error = (x.row(j) - back.row(j)).amax();
                prop_assert!(error <= limit, "{}: {error:e} above {limit:e}", scaler.name());
            }
        }
    }

    #[test]
    fn the_inverse_undoes_the_transform_in_f32(
        values in prop::collection::vec(-1.0..1.0_f32, 6..200),
        offset in prop::sample::select(vec![0.0_f32, 1.0, 1e4, 1e-12]),
        unit in prop::sample::select(vec![1.0_f32, 1e-12, 1e6, 1e-37]),
    ) {
        let x = DMatrix::from_fn(2, values.len() / 2, |j, i| unit * (offset + values[2 * i + j] * (1.0 + 9.0 * j as f32)));
        for scaler in every_scaler() {
            let fitted = fit(&scaler, &x);
            if !fitted.is_invertible() {
                continue;
            }
            let back = fitted.inverse(&fitted.transform(&x).unwrap()).unwrap();
            for j in 0..2 {
                let epsilon = f64::from(f32::EPSILON);
                let range = f64::from(x.row(j).max()) - f64::from(x.row(j).min());
                let scale = fitted.affine().map_or(range, |affine| affine.scale[j]);
                for (&x, &back) in x.row(j).iter().zip(back.row(j).iter()) {
                    let (x, back) = (f64::from(x), f64::from(back));
                    let limit = match scaler.name() {
                        // The score's rounding, 3e-7 at most, times its density, 0.4 at most; and F is cut at 1e-7.
                        "quantile" => 9.0 * 2e-7 * range + 2.0 * epsilon * x.abs(),
                        // The rounding of y times the slope (1 + z²/9)^1.5 of the inverse, which the quartiles bound.
                        "smooth-clip" => 3e-3 * range + 2.0 * epsilon * x.abs(),
                        // Roundings of the scaled value (back in the feature's unit) and of the value itself.
                        _ => 2.0 * epsilon * (x.abs() + range + scale) + f64::from(f32::MIN_POSITIVE) * epsilon,
                    };
                    prop_assert!((x - back).abs() <= limit, "{}: {x:e} and {back:e}", scaler.name());
                }
            }
        }
    }

    #[test]
    fn weighted_quantiles_are_those_of_repetitions(
        samples in prop::collection::vec((-50_i32..50, 1_u8..4), 4..80)
    ) {
        let x = DMatrix::from_fn(1, samples.len(), |_, i| f64::from(samples[i].0));
        let weights: Vec<f64> = samples.iter().map(|s| f64::from(s.1)).collect();
        let repeated: Vec<f64> =
            samples.iter().flat_map(|&(x, w)| std::iter::repeat_n(f64::from(x), w.into())).collect();
        let a = RobustScaler::new().fit(&FitData::new(&x).weights(&weights)).unwrap();
        let b = fit(&RobustScaler::new(), &DMatrix::from_row_slice(1, repeated.len(), &repeated));
        let (a, b) = (a.affine().unwrap(), b.affine().unwrap());
        prop_assert!((a.shift[0] - b.shift[0]).abs() < 1e-12 && (a.scale[0] - b.scale[0]).abs() < 1e-12);
    }

    #[test]
    fn quantile_scores_keep_the_order(values in prop::collection::vec(-1e3..1e3_f64, 2..120), probe in prop::collection::vec(-2e3..2e3_f64, 2..20)) {
        let x = DMatrix::from_row_slice(1, values.len(), &values);
        let fitted = fit(&QuantileTransformer::new(), &x);
        let mut probe = probe;
        probe.extend(&values);
        probe.sort_by(f64::total_cmp);
        let y = fitted.transform(&DMatrix::from_row_slice(1, probe.len(), &probe)).unwrap();
        prop_assert!(y.as_slice().windows(2).all(|pair| pair[0] <= pair[1]));
    }
}
