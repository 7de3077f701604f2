//! Statistics where naive sums fail, and the same statistics however the samples arrive.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nalgebra::DMatrix;
use proptest::prelude::*;
use smallbatch_preprocess::{Error, FeatureStats, NonFinite, Scalar};

/// Numbers that look normal, mean 0 and deviation 1: sums of 12 uniform ones of a linear congruential generator.
fn normals(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0)
        .collect()
}

/// One feature over many samples.
fn row(values: &[f64]) -> DMatrix<f64> {
    DMatrix::from_row_slice(1, values.len(), values)
}

fn stats_of<T: Scalar>(x: &DMatrix<T>) -> FeatureStats {
    let mut stats = FeatureStats::new(x.nrows());
    stats.update(x).unwrap();
    stats
}

/// The oracle: two passes with compensated sums.
fn oracle(values: &[f64]) -> (f64, f64) {
    fn sum(values: impl Iterator<Item = f64>) -> f64 {
        let (mut sum, mut rest) = (0.0_f64, 0.0);
        for x in values {
            let next = sum + x;
            rest += if sum.abs() >= x.abs() {
                (sum - next) + x
            } else {
                (x - next) + sum
            };
            sum = next;
        }
        sum + rest
    }
    let n = values.len() as f64;
    let mean = sum(values.iter().copied()) / n;
    let rest = sum(values.iter().map(|x| x - mean));
    let squares = sum(values.iter().map(|x| (x - mean) * (x - mean)));
    (mean + rest / n, (squares - rest * rest / n) / n)
}

fn naive_variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|x| x * x).sum::<f64>() / n - mean * mean
}

fn relative(a: f64, b: f64) -> f64 {
    ((a - b) / b).abs()
}

#[test]
fn a_billion_plus_noise() {
    let values: Vec<f64> = normals(100_000, 1).iter().map(|z| 1e9 + z).collect();
    let (mean, variance) = oracle(&values);
    let stats = stats_of(&row(&values));
    assert!(relative(stats.mean()[0], mean) < 1e-15);
    // As good as the oracle, whose deviations are from a mean that is rounded to 1e-7.
    let error = relative(stats.variance()[0], variance);
    assert!(error < 1e-13, "{error:e}");
    assert!(
        relative(naive_variance(&values), variance) > 0.1,
        "the naive way would pass too"
    );
    assert_eq!(stats.constant(), [false]);
}

#[test]
fn ten_million_around_a_billion_are_no_constant() {
    let values = normals(1000, 2);
    let x = DMatrix::from_fn(1, 1_000_000, |_, i| 1e9 + values[i % 1000]);
    let mut stats = FeatureStats::new(1);
    for _ in 0..10 {
        stats.update(&x).unwrap();
    }
    let n = stats.count()[0] as f64;
    assert!(
        (n * 1e9 * f64::EPSILON).powi(2) > 1.0,
        "with n uncapped the rule would call it constant"
    );
    assert_eq!(stats.constant(), [false]);
    assert!(relative(stats.variance()[0], oracle(&values).1) < 1e-6);
}

#[test]
fn tiny_units() {
    for unit in [1e-12, 1e-100, 1e-160, 1e-300] {
        let z = normals(10_000, 3);
        let values: Vec<f64> = z.iter().map(|z| unit * (3.0 + z)).collect();
        let stats = stats_of(&row(&values));
        let (mean, variance) = oracle(&z);
        assert!(
            relative(stats.mean()[0] / unit, mean + 3.0) < 1e-13,
            "{unit:e}"
        );
        assert!(
            relative(stats.std()[0] / unit, variance.sqrt()) < 1e-12,
            "{unit:e}"
        );
        assert_eq!(stats.constant(), [false], "{unit:e}");
    }
}

#[test]
fn the_naive_variance_underflows() {
    let values: Vec<f64> = normals(100, 4).iter().map(|z| 1e-300 * z).collect();
    assert_eq!(naive_variance(&values), 0.0);
    assert!(stats_of(&row(&values)).std()[0] > 0.8e-300);
}

#[test]
fn subnormal_values_are_constant_at_most() {
    let least = f64::from_bits(1);
    let stats = stats_of(&row(&[0.0, least, 5.0 * least, least]));
    assert_eq!((stats.min()[0], stats.max()[0]), (0.0, 5.0 * least));
    assert_eq!(stats.constant(), [true]);
    // In f32 the same is far from the limits of f64.
    let stats = stats_of(&DMatrix::from_row_slice(
        1,
        4,
        &[0.0_f32, 1e-45, 5e-45, 1e-45],
    ));
    assert_eq!(stats.constant(), [false]);
    assert!(stats.std()[0] > 1e-45);
}

#[test]
fn millions_of_f32_rows() {
    let n = 2_000_000;
    let x = DMatrix::from_fn(2, n, |j, i| {
        if j == 0 {
            0.1_f32
        } else {
            4096.0 + (i % 2) as f32
        }
    });
    let stats = stats_of(&x);
    assert_eq!(stats.mean()[0], f64::from(0.1_f32));
    assert_eq!(stats.variance()[0], 0.0);
    assert_eq!((stats.mean()[1], stats.variance()[1]), (4096.5, 0.25));
    let naive: f32 = x.row(0).iter().sum::<f32>() / n as f32;
    assert!(
        (naive - 0.1).abs() > 1e-3,
        "the naive sum in f32 would pass too: {naive}"
    );
}

#[test]
fn constant_columns() {
    for constant in [14.62, 1e9 + 0.1, -1e-12, 0.1, 1.7e308, 1e-310, 0.0] {
        for n in [2, 3, 1000, 100_003] {
            let stats = stats_of(&row(&vec![constant; n]));
            assert_eq!(stats.mean(), [constant]);
            assert_eq!(stats.variance(), [0.0]);
            assert_eq!(stats.constant(), [true]);
        }
    }
    // The computed variance of 14.62 is not 0 in the textbook's way, and dividing by its root gave -1.
    let naive = naive_variance(&[14.62; 100_003]);
    assert!(naive != 0.0);
}

#[test]
fn rounding_noise_is_constant_and_a_small_unit_is_not() {
    // 14.62 and its two neighbours.
    let (low, high) = (14.62_f64.next_down(), 14.62_f64.next_up());
    assert_eq!(
        stats_of(&row(&[low, 14.62, high, 14.62])).constant(),
        [true]
    );
    assert_eq!(stats_of(&row(&[1e-12, 1.1e-12])).constant(), [false]);
    // Neighbours in f32 are a difference, even around a billion.
    let x = DMatrix::from_row_slice(1, 2, &[1e9_f32, 1e9_f32.next_up()]);
    assert_eq!(stats_of(&x).constant(), [false]);
}

#[test]
fn overflow_is_an_error_that_names_the_feature_and_changes_nothing() {
    let mut stats = FeatureStats::new(2);
    stats
        .update(&DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 3.0, 4.0]))
        .unwrap();
    let before = stats.clone();
    let error = stats
        .update(&DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 1e200, -1e200]))
        .unwrap_err();
    assert!(
        matches!(&error, Error::VarianceOverflow { feature, max, .. } if feature.index == 1 && *max == 1e200)
    );
    let sentence = error.to_string();
    assert!(
        sentence.contains("feature 1") && sentence.contains("-1e200 to 1e200"),
        "{sentence}"
    );
    assert_eq!(stats, before);
    // The sum overflows, the variance does not.
    let stats = stats_of(&row(&[1.5e308; 20]));
    assert_eq!((stats.mean()[0], stats.variance()[0]), (1.5e308, 0.0));
}

/// The squares of the values around their mean overflow, and so does what corrects their sum: ∞ - ∞ was a variance of 0.
#[test]
fn variances_are_right_or_refused_whatever_the_unit() {
    let shape = [1.0, 2.0, 7.0, 5.0];
    let mut refused = 0;
    for power in 140..308 {
        let unit = 10_f64.powi(power);
        for copies in [1, 1000] {
            let values = shape.map(|x| x * unit).repeat(copies);
            // The second feature keeps the first company in its blocks.
            let x = DMatrix::from_fn(2, values.len(), |j, i| [values[i], i as f64][j]);
            let mut stats = FeatureStats::new(2);
            match stats.update(&x) {
                Ok(()) => {
                    // The deviation of 1, 2, 7 and 5 is √(91/16).
                    let error = relative(stats.std()[0] / unit, (91.0_f64 / 16.0).sqrt());
                    assert!(error < 1e-14, "1e{power}: {error:e}");
                }
                Err(Error::VarianceOverflow { feature, .. }) => {
                    assert!(feature.index == 0 && power > 150, "1e{power}");
                    refused += 1;
                }
                Err(other) => panic!("1e{power}: {other}"),
            }
        }
    }
    assert!(refused > 2 * 150, "{refused}");
}

#[test]
fn weights_so_large_or_small_that_the_variance_would_be_lost_are_refused() {
    let x = row(&[1.0, 2.0, 7.0, 5.0]);
    for (weight, sum) in [(1e308, f64::INFINITY), (1e200, 4e200), (1e-200, 4e-200)] {
        let mut stats = FeatureStats::new(1);
        let error = stats.update_weighted(&x, &[weight; 4]).unwrap_err();
        assert_eq!(error, Error::WeightSum { n_samples: 4, sum });
        let sentence = error.to_string();
        assert!(
            sentence.contains("divide all weights by the largest one"),
            "{sentence}"
        );
        assert_eq!(stats, FeatureStats::new(1));
    }
    // One after the other they may go too far as well.
    let mut stats = FeatureStats::new(1);
    stats.update_weighted(&x, &[2e49; 4]).unwrap();
    let before = stats.clone();
    assert!(matches!(
        stats.update_weighted(&x, &[2e49; 4]),
        Err(Error::WeightSum { n_samples: 8, .. })
    ));
    assert!(matches!(
        stats.merge(&before),
        Err(Error::WeightSum { n_samples: 8, .. })
    ));
    assert_eq!(stats, before);
    assert!(relative(stats.variance()[0], 91.0 / 16.0) < 1e-15);
    // All that f32 holds is fine, the smallest deviations too; and weights that hardly count beside others.
    for unit in [1.0, 1e-120, 1e-200] {
        let mut stats = FeatureStats::new(1);
        let tiny = f64::from(f32::from_bits(1));
        stats.update_weighted(&(&x * unit), &[tiny; 4]).unwrap();
        assert!(relative(stats.std()[0] / unit, (91.0_f64 / 16.0).sqrt()) < 1e-14);
        assert_eq!(stats.constant(), [false]);
    }
    let mut stats = FeatureStats::new(1);
    stats.update_weighted(&x, &[1.0, 1.0, 1e-200, 0.0]).unwrap();
    assert_eq!((stats.mean()[0], stats.variance()[0]), (1.5, 0.25));
}

#[test]
fn more_samples_than_can_be_counted_are_refused() {
    let mut stats = stats_of(&row(&[1.0, 2.0]));
    let error = loop {
        let same = stats.clone();
        if let Err(error) = stats.merge(&same) {
            break error;
        }
    };
    assert_eq!(error, Error::TooManySamples { n_samples: 1 << 54 });
    assert_eq!(
        (stats.count(), stats.weight()),
        (&[1 << 53][..], &[2_f64.powi(53)][..])
    );
    assert!(matches!(
        stats.update(&row(&[1.0])),
        Err(Error::TooManySamples { .. })
    ));
}

#[test]
fn extreme_means_merge() {
    let mut a = stats_of(&row(&[1e-200, 3e-200]));
    a.merge(&stats_of(&row(&[5e-200, 7e-200]))).unwrap();
    assert!(relative(a.std()[0], 5.0_f64.sqrt() * 1e-200) < 1e-15);
    a.merge(&stats_of(&row(&[1.0, 2.0]))).unwrap();
    let (mean, variance) = oracle(&[0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    assert!(relative(a.mean()[0], mean) < 1e-15 && relative(a.variance()[0], variance) < 1e-15);
}

#[test]
fn ignored_values_are_kept_out_one_by_one() {
    let x = DMatrix::from_row_slice(
        2,
        4,
        &[1.0, f64::NAN, 3.0, f64::INFINITY, 1.0, 2.0, 3.0, 4.0],
    );
    let mut stats = FeatureStats::new(2).non_finite(NonFinite::Ignore);
    stats.update(&x).unwrap();
    assert_eq!(stats.count(), [2, 4]);
    assert_eq!(stats.skipped(), [2, 0]);
    assert_eq!(stats.mean(), [2.0, 2.5]);
    assert_eq!(stats.variance(), [1.0, 1.25]);
    assert_eq!(stats.max(), [3.0, 4.0]);
}

#[test]
fn samples_of_weight_zero_are_not_there() {
    let x = DMatrix::from_row_slice(1, 4, &[100.0, 1.0, 3.0, -100.0]);
    let mut stats = FeatureStats::new(1);
    stats.update_weighted(&x, &[0.0, 1.0, 1.0, 0.0]).unwrap();
    assert_eq!(
        (
            stats.count()[0],
            stats.min()[0],
            stats.max()[0],
            stats.mean()[0]
        ),
        (2, 1.0, 3.0, 2.0)
    );
    stats.update_weighted(&x, &[0.0; 4]).unwrap();
    assert_eq!((stats.count()[0], stats.n_samples()), (2, 8));
    // They are held to the policy all the same.
    let nan = DMatrix::from_row_slice(1, 2, &[f64::NAN, 1.0]);
    for weights in [[0.0, 1.0], [0.0, 0.0]] {
        let error = stats.update_weighted(&nan, &weights).unwrap_err();
        assert!(matches!(error, Error::NonFinite { sample: 8, .. }));
    }
}

#[test]
fn bad_chunks_are_refused() {
    let mut stats = FeatureStats::new(2);
    stats.update(&DMatrix::from_element(2, 5, 1.0)).unwrap();
    let error = stats.update(&DMatrix::from_element(3, 5, 1.0)).unwrap_err();
    assert_eq!(
        error,
        Error::FeatureCount {
            expected: 2,
            got: 3
        }
    );
    let error = stats.merge(&FeatureStats::new(3)).unwrap_err();
    assert_eq!(
        error,
        Error::FeatureCount {
            expected: 2,
            got: 3
        }
    );
    let mut x = DMatrix::from_element(2, 5, 1.0_f32);
    x[(1, 3)] = f32::NEG_INFINITY;
    let sentence = stats.update(&x).unwrap_err().to_string();
    assert!(
        sentence.starts_with("sample 8, feature 1 is -inf"),
        "{sentence}"
    );
    let x = DMatrix::from_element(2, 2, 1.0);
    let error = stats.update_weighted(&x, &[1.0]).unwrap_err();
    assert_eq!(
        error,
        Error::WeightCount {
            expected: 2,
            got: 1
        }
    );
    let error = stats.update_weighted(&x, &[1.0, -1.0]).unwrap_err();
    assert_eq!(
        error,
        Error::InvalidWeight {
            sample: 6,
            value: -1.0
        }
    );
    stats.update(&DMatrix::<f64>::zeros(2, 0)).unwrap();
    assert_eq!(stats.n_samples(), 5);
}

#[test]
fn a_view_with_gaps_is_read_right() {
    let x = DMatrix::from_fn(7, 3000, |j, i| (j * 31 + i * 17 % 97) as f64);
    let part = x.view((2, 10), (3, 2500));
    let mut stats = FeatureStats::new(3);
    stats.update(part).unwrap();
    assert_eq!(stats, stats_of(&part.into_owned()));
}

#[test]
fn all_widths_agree_with_the_oracle() {
    // Short samples share rows, long ones fill them, some leave a remainder at the right or at the bottom.
    for (n_features, n_samples) in [
        (1, 5000),
        (2, 4097),
        (13, 999),
        (30, 700),
        (129, 333),
        (257, 100),
        (300, 77),
        (784, 65),
    ] {
        let z = normals(n_features * n_samples, 5);
        let x = DMatrix::from_fn(n_features, n_samples, |j, i| {
            (z[j + i * n_features] * (1.0 + j as f64) + j as f64) as f32
        });
        let stats = stats_of(&x);
        let weights: Vec<f32> = (0..n_samples).map(|i| (i % 3) as f32).collect();
        let mut weighted = FeatureStats::new(n_features);
        weighted.update_weighted(&x, &weights).unwrap();
        for j in 0..n_features {
            let values: Vec<f64> = x.row(j).iter().map(|&x| f64::from(x)).collect();
            let (mean, variance) = oracle(&values);
            let size = 1.0 + j as f64;
            assert!(
                (stats.mean()[j] - mean).abs() < 1e-14 * size,
                "{n_features} {j}"
            );
            assert!(
                relative(stats.variance()[j], variance) < 1e-13,
                "{n_features} {j}"
            );
            assert_eq!(
                stats.min()[j],
                values.iter().copied().fold(f64::MAX, f64::min)
            );
            assert_eq!(
                stats.max()[j],
                values.iter().copied().fold(f64::MIN, f64::max)
            );
            let repeated: Vec<f64> = values
                .iter()
                .enumerate()
                .flat_map(|(i, &x)| std::iter::repeat_n(x, i % 3))
                .collect();
            let (mean, variance) = oracle(&repeated);
            assert!(
                (weighted.mean()[j] - mean).abs() < 1e-14 * size,
                "{n_features} {j}"
            );
            assert!(
                relative(weighted.variance()[j], variance) < 1e-13,
                "{n_features} {j}"
            );
        }
    }
}

#[test]
fn statistics_are_saved_to_the_bit() {
    let mut stats = stats_of(&row(&[1e-200, 3e-200, 0.1]));
    let json = serde_json::to_string(&stats).unwrap();
    assert!(json.starts_with(r#"{"format":1,"#));
    assert_eq!(serde_json::from_str::<FeatureStats>(&json).unwrap(), stats);
    let empty = serde_json::to_string(&FeatureStats::new(2)).unwrap();
    assert_eq!(
        serde_json::from_str::<FeatureStats>(&empty).unwrap(),
        FeatureStats::new(2)
    );
    stats.update(&row(&[5.0])).unwrap();
    for (sound, damaged) in [
        (r#""weight":3.0"#, r#""weight":-3.0"#),
        (r#""weight":3.0"#, r#""weight":1e300"#),
        (r#""count":3"#, r#""count":18446744073709551615"#),
        (r#""count":3"#, r#""count":4"#),
        (r#""skipped":0"#, r#""skipped":18446744073709551615"#),
    ] {
        let damaged = json.replace(sound, damaged);
        assert_ne!(damaged, json, "the test no longer damages the file");
        let sentence = serde_json::from_str::<FeatureStats>(&damaged)
            .unwrap_err()
            .to_string();
        assert!(
            sentence.contains("the statistics of feature 0 contradict themselves"),
            "{sentence}"
        );
    }
    let damaged = json.replace(r#""n_samples":3"#, r#""n_samples":18446744073709551615"#);
    let sentence = serde_json::from_str::<FeatureStats>(&damaged)
        .unwrap_err()
        .to_string();
    assert!(
        sentence.contains("more than statistics can count (2^53)"),
        "{sentence}"
    );
}

fn close(a: &FeatureStats, b: &FeatureStats) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.count(), b.count());
    prop_assert_eq!((a.min(), a.max()), (b.min(), b.max()));
    for j in 0..a.n_features() {
        let scale = a.max()[j].abs().max(a.min()[j].abs());
        prop_assert!((a.mean()[j] - b.mean()[j]).abs() <= 1e-14 * scale);
        // Relative to the deviation, and at least to what the mean's rounding allows.
        let error = (a.std()[j] - b.std()[j]).abs();
        prop_assert!(
            error <= 1e-12 * a.std()[j] + 1e-15 * scale,
            "{} {}",
            a.std()[j],
            b.std()[j]
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_partition_merges_to_one_pass(
        values in prop::collection::vec(-1.0..1.0_f64, 3..300),
        cuts in prop::collection::vec(0.0..1.0_f64, 0..6),
        offset in prop::sample::select(vec![0.0, 1.0, 1e9, 1e-12]),
        unit in prop::sample::select(vec![1.0, 1e-12, 1e-200, 1e150]),
    ) {
        let n = values.len() / 3;
        let x = DMatrix::from_fn(3, n, |j, i| unit * (offset + values[3 * i + j]));
        let mut cuts: Vec<usize> = cuts.iter().map(|c| (c * n as f64) as usize).collect();
        cuts.extend([0, n]);
        cuts.sort_unstable();
        let mut streamed = FeatureStats::new(3);
        let mut merged = FeatureStats::new(3);
        for pair in cuts.windows(2) {
            let chunk = x.columns(pair[0], pair[1] - pair[0]);
            streamed.update(chunk).unwrap();
            merged.merge(&stats_of(&chunk.into_owned())).unwrap();
        }
        close(&stats_of(&x), &streamed)?;
        close(&streamed, &merged)?;
    }

    #[test]
    fn weight_two_is_the_sample_twice(samples in prop::collection::vec((-1e3..1e3_f64, 0_u8..4), 1..200)) {
        let x = row(&samples.iter().map(|s| s.0).collect::<Vec<_>>());
        let weights: Vec<f64> = samples.iter().map(|s| f64::from(s.1)).collect();
        let repeated: Vec<f64> =
            samples.iter().flat_map(|&(x, w)| std::iter::repeat_n(x, w.into())).collect();
        let mut weighted = FeatureStats::new(1);
        weighted.update_weighted(&x, &weights).unwrap();
        let twice = stats_of(&row(&repeated));
        prop_assert_eq!(weighted.weight(), twice.weight());
        prop_assert!((weighted.mean()[0] - twice.mean()[0]).abs() < 1e-11);
        prop_assert!((weighted.variance()[0] - twice.variance()[0]).abs() < 1e-8);
        prop_assert_eq!((weighted.min(), weighted.max()), (twice.min(), twice.max()));
    }
}

/// Later blocks take their deviations from the centre that an earlier one found. Here it is wrong again and again.
#[test]
fn a_drifting_feature_is_centred_anew() {
    let z = normals(200_000, 6);
    let drifts: [fn(f64) -> f64; 4] = [
        |i| i * 1e4,                             // sorted
        |i| if i < 1e5 { 0.0 } else { 1e9 },     // a jump
        |i| 3.9 * f64::from(u8::from(i >= 1e5)), // just near enough to keep the centre
        |i| 1e9 * (i / 30_000.0).floor(),        // jump after jump
    ];
    for (k, drift) in drifts.into_iter().enumerate() {
        let values: Vec<f64> = z
            .iter()
            .enumerate()
            .map(|(i, z)| drift(i as f64) + z)
            .collect();
        // A second, constant feature shares the blocks.
        let x = DMatrix::from_fn(
            2,
            values.len(),
            |j, i| if j == 0 { values[i] } else { 14.62 },
        );
        let stats = stats_of(&x);
        let (mean, variance) = oracle(&values);
        assert!(
            (stats.mean()[0] - mean).abs() <= 1e-14 * mean.abs().max(1.0),
            "{k}"
        );
        assert!(
            relative(stats.variance()[0], variance) < 1e-12,
            "{k}: {} {variance}",
            stats.variance()[0]
        );
        assert_eq!((stats.mean()[1], stats.variance()[1]), (14.62, 0.0));
        // The part after the jump alone keeps its small variance.
        let part = &values[150_000..];
        let error = relative(stats_of(&row(part)).variance()[0], oracle(part).1);
        assert!(error < 1e-12, "{k}: {error:e}");
    }
}
