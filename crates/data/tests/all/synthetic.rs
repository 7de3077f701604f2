//! Synthetic data has the moments that its docs promise.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use nalgebra::{DMatrix, DVector};
use smallbatch_data::{Dataset, Error, Target, builtin, synthetic};

/// Mean and covariance (with n) of the features, in f64.
fn moments(dataset: &Dataset) -> (DVector<f64>, DMatrix<f64>) {
    let x = dataset.features().map(f64::from);
    let mean = x.column_mean();
    let centred = DMatrix::from_fn(x.nrows(), x.ncols(), |row, column| {
        x[(row, column)] - mean[row]
    });
    let covariance = &centred * centred.transpose() / x.ncols() as f64;
    (mean, covariance)
}

fn correlation(a: impl Iterator<Item = f64>, b: impl Iterator<Item = f64>) -> f64 {
    let pairs: Vec<(f64, f64)> = a.zip(b).collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = (
        pairs.iter().map(|p| p.0).sum::<f64>() / n,
        pairs.iter().map(|p| p.1).sum::<f64>() / n,
    );
    let product = |f: fn((f64, f64)) -> f64| {
        pairs
            .iter()
            .map(|p| f((p.0 - mean_a, p.1 - mean_b)))
            .sum::<f64>()
    };
    product(|(a, b)| a * b) / (product(|(a, _)| a * a) * product(|(_, b)| b * b)).sqrt()
}

#[test]
fn the_two_inputs_have_the_textbooks_scales_and_equal_say() {
    let n = 20_000;
    let classes = synthetic::textbook_two_inputs(n, 7).unwrap();
    let (mean, covariance) = moments(&classes);
    // Standard errors: 0.2 / sqrt(20,000) = 0.0014 of the mean for means, 0.5 % for deviations; four of them.
    assert!(
        (mean[0] / 1e6 - 1.0).abs() < 0.006 && (mean[1] / 50.0 - 1.0).abs() < 0.006,
        "{mean}"
    );
    assert!((covariance[(0, 0)].sqrt() / 2e5 - 1.0).abs() < 0.02);
    assert!((covariance[(1, 1)].sqrt() / 10.0 - 1.0).abs() < 0.02);

    let numbers = synthetic::textbook_two_inputs_regression(n, 7).unwrap();
    let label = classes.target().labels().unwrap();
    let value = numbers.target().as_values().unwrap();
    let input = |row| (0..n).map(move |sample| f64::from(builtin_row(row, sample)));
    fn builtin_row(row: usize, sample: usize) -> f32 {
        // Made once: both data sets have the same features.
        static FEATURES: std::sync::OnceLock<DMatrix<f32>> = std::sync::OnceLock::new();
        FEATURES.get_or_init(|| {
            synthetic::textbook_two_inputs(20_000, 7)
                .unwrap()
                .features()
                .clone()
        })[(row, sample)]
    }
    let class = || label.iter().map(|&label| f64::from(label));
    let number = || value.iter().map(|&value| f64::from(value));
    let (c0, c1) = (
        correlation(input(0), class()),
        correlation(input(1), class()),
    );
    assert!(c0 > 0.5 && (c0 - c1).abs() < 0.03, "{c0} {c1}");
    // corr(z1, y) = 1 / sqrt(1 + 1 + 1/4 + 1/100).
    for row in 0..2 {
        assert!((correlation(input(row), number()) - 2.26_f64.sqrt().recip()).abs() < 0.02);
    }
}

#[test]
fn the_best_possible_accuracy_is_what_the_docs_say() {
    let n = 20_000;
    let data = synthetic::textbook_two_inputs(n, 3).unwrap();
    let right = (0..n).filter(|&sample| {
        let x = data.features().column(sample);
        let best = (x[0] / 1e6 - 1.0) + (x[1] / 50.0 - 1.0) > 0.0;
        u32::from(best) == data.target().labels().unwrap()[sample]
    });
    let expected = 1.0 - (0.3 / 2.0_f64.sqrt()).atan() / std::f64::consts::PI;
    assert!(
        (right.count() as f64 / n as f64 - expected).abs() < 4.0 * 0.0018,
        "{expected}"
    );
}

#[test]
fn lecuns_points_have_the_published_eigenvalues() {
    let points = synthetic::lecun_two_gaussians(40_000, 7).unwrap();
    let (mean, covariance) = moments(&points);
    assert!(mean.amax() < 0.01, "{mean}");
    let mut eigenvalues: Vec<f64> = covariance.symmetric_eigenvalues().iter().copied().collect();
    eigenvalues.sort_by(f64::total_cmp);
    // 0.036 has a relative standard error of sqrt(2/n) = 0.7 %; 0.84 is 0.8 exactly plus 0.04 known to 0.7 % and the
    // product of the two, of 0.0018. Three to four standard errors each.
    assert!((eigenvalues[0] - 0.036).abs() < 0.001, "{eigenvalues:?}");
    assert!((eigenvalues[1] - 0.84).abs() < 0.007, "{eigenvalues:?}");
    let labels = points.target().labels().unwrap();
    for (class, sign) in [(0, -1.0), (1, 1.0)] {
        let members: Vec<usize> = (0..40_000)
            .filter(|&sample| labels[sample] == class)
            .collect();
        let (centre, _) = moments(&points.subset(&members).unwrap());
        assert!(
            (centre[0] - 0.4 * sign).abs() < 0.006 && (centre[1] - 0.8 * sign).abs() < 0.006,
            "{centre}"
        );
    }
}

#[test]
fn seeds_decide_everything() {
    assert_eq!(
        synthetic::textbook_two_inputs(50, 1).unwrap(),
        synthetic::textbook_two_inputs(50, 1).unwrap()
    );
    assert_ne!(
        synthetic::textbook_two_inputs(50, 1).unwrap(),
        synthetic::textbook_two_inputs(50, 2).unwrap()
    );
    assert_ne!(
        synthetic::lecun_two_gaussians(50, 1).unwrap(),
        synthetic::lecun_two_gaussians(50, 2).unwrap()
    );
}

#[test]
fn copies_repeat_the_whole_and_stay_relatives() {
    let wine = builtin::wine().unwrap();
    let copies = synthetic::redundant(&wine, 3).unwrap();
    for copy in 0..3 {
        let range: Vec<usize> = (copy * 178..(copy + 1) * 178).collect();
        let part = copies.subset(&range).unwrap();
        assert_eq!(part.features(), wine.features());
        assert_eq!(part.target(), wine.target());
        assert_eq!(part.groups().unwrap(), (0..178).collect::<Vec<u32>>());
    }
    // Groups that are there already stay.
    let grouped = wine.clone().with_groups(vec![5; 178]).unwrap();
    assert_eq!(
        synthetic::redundant(&grouped, 2).unwrap().groups().unwrap(),
        [5; 356]
    );
    assert!(matches!(
        synthetic::redundant(&wine, 0),
        Err(Error::TooSmall {
            value: 0,
            minimum: 1,
            ..
        })
    ));
}

/// Sizes that nobody means, and whose memory would end the program.
#[test]
fn absurd_sizes_are_refused() {
    let wine = builtin::wine().unwrap();
    for n in [usize::MAX, usize::MAX / 2 + 1, 1 << 40] {
        let errors = [
            builtin::augmented_digits(n, 1).unwrap_err(),
            synthetic::textbook_two_inputs(n, 1).unwrap_err(),
            synthetic::textbook_two_inputs_regression(n, 1).unwrap_err(),
            synthetic::lecun_two_gaussians(n, 1).unwrap_err(),
            synthetic::redundant(&wine, n).unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(error, Error::TooLarge { value, .. } if value == n),
                "{error:?}"
            );
            assert!(error.to_string().contains("it must be at most"), "{error}");
        }
    }
}

#[test]
fn too_few_samples_are_refused() {
    for n in [0, 1] {
        assert!(matches!(
            synthetic::textbook_two_inputs(n, 1),
            Err(Error::TooSmall { minimum: 2, .. })
        ));
        assert!(matches!(
            synthetic::lecun_two_gaussians(n, 1),
            Err(Error::TooSmall { minimum: 2, .. })
        ));
    }
    assert!(synthetic::textbook_two_inputs_regression(0, 1).is_err());
    assert!(matches!(
        synthetic::textbook_two_inputs_regression(1, 1)
            .unwrap()
            .target(),
        Target::Values { .. }
    ));
}
