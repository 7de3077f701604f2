//! Two million rows against numbers that Python computed exactly, in whole numbers and fractions.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nalgebra::DMatrix;
use smallbatch_preprocess::{FeatureStats, FitData, Scaler, StandardScaler};

const ROWS: usize = 2_000_000;

/// A number of 24 bits that looks random: the same rule as in the script that made the constants below.
fn hash(i: usize) -> i64 {
    (((i as u64 * 2_654_435_761 + 12_345) % (1 << 32)) >> 8) as i64
}

/// Four features of `f32`, every value held exactly: uniform in 0..1; whole numbers just below 2²⁴; of the size of 10⁻¹²; signed.
fn rows() -> DMatrix<f32> {
    DMatrix::from_fn(4, ROWS, |j, i| match j {
        0 => hash(i) as f32 / 2_f32.powi(24),
        1 => (16_000_000 + (hash(i) >> 22)) as f32,
        2 => (3 * (1 << 22) + (hash(i) >> 2)) as f32 * 2_f32.powi(-64),
        _ => (hash(i) - (1 << 23)) as f32,
    })
}

/// Mean and variance: sums of whole numbers as `fractions.Fraction`, rounded once.
const EXACT: [(f64, f64); 4] = [
    (0.499_999_330_471_634_86, 0.083_333_340_200_976_2),
    (16_000_001.499_997, 1.249_998_999_991),
    (7.958_076_914_893_963e-13, 4.308_232_712_081_203e-27),
    (-11.232_822, 23_456_249_992_290.95),
];

#[test]
fn millions_of_f32_rows_come_out_as_in_exact_arithmetic() {
    let x = rows();
    let mut stats = FeatureStats::new(4);
    stats.update(&x).unwrap();
    for (j, (mean, variance)) in EXACT.into_iter().enumerate() {
        // Rounded sums of up to 16,384 values a block, which mostly cancel: a few ε of mean and deviation.
        let error = (stats.mean()[j] - mean).abs() / (mean.abs() + variance.sqrt());
        assert!(error < 4.0 * f64::EPSILON, "mean of {j}: {error:e}");
        let error = (stats.variance()[j] / variance - 1.0).abs();
        assert!(error < 64.0 * f64::EPSILON, "variance of {j}: {error:e}");
    }
    // The plain sum in f32 stops to see small values once it is large.
    let row = x.row(1);
    let mean = row.iter().sum::<f32>() / ROWS as f32;
    assert!((f64::from(mean) - EXACT[1].0).abs() > 1e5, "{mean}");
}

#[test]
fn millions_of_f32_rows_are_scaled_to_three_roundings() {
    let x = rows();
    let fitted = StandardScaler::new().fit(&FitData::new(&x)).unwrap();
    let y = fitted.transform(&x).unwrap();
    for (j, (mean, variance)) in EXACT.into_iter().enumerate() {
        let std = variance.sqrt();
        let (raw, scaled) = (x.row(j), y.row(j));
        let worst = raw.iter().zip(scaled.iter()).map(|(&x, &y)| {
            let exact = (f64::from(x) - mean) / std;
            // One rounding each of the difference (relative to its parts when they do not cancel), scale and quotient.
            (f64::from(y) - exact).abs() / (exact.abs() + (mean / std).abs().min(1.0))
        });
        let worst = worst.fold(0.0, f64::max);
        let limit = 1.5 * f64::from(f32::EPSILON);
        assert!(worst < limit, "feature {j}: {worst:e}");
    }
    // Subtracting a mean that was rounded to f32 moves every value of the second feature by 0.4 deviations.
    let shifted = (16_000_001.0 - EXACT[1].0 as f32) / EXACT[1].1.sqrt() as f32;
    let exact = (16_000_001.0 - EXACT[1].0) / EXACT[1].1.sqrt();
    assert!((f64::from(shifted) - exact).abs() > 0.4);
}

#[test]
fn two_million_around_a_billion() {
    let width = 12_f64.sqrt();
    let x = DMatrix::from_fn(1, ROWS, |_, i| {
        1e9 + width * (hash(i) as f64 / 2_f64.powi(24))
    });
    let mut stats = FeatureStats::new(1);
    stats.update(&x).unwrap();
    let (mean, variance) = (1_000_000_001.732_048_5, 1.000_000_082_412_804);
    assert_eq!(stats.mean(), [mean]);
    // Means of blocks are kept to twice the digits, so that only the sums of 16,384 squares round.
    let error = (stats.variance()[0] / variance - 1.0).abs();
    assert!(error < 64.0 * f64::EPSILON, "{error:e}");
}
