//! Features that are stored as bytes, or scaled when they are read, are to every reader what a copy would be.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use smallbatch_data::{
    BatchSize, BatchTarget, Batches, Dataset, Error, MissingValues, StoredValues, Target, builtin,
};
use smallbatch_preprocess::{
    FitData, FittedScaler, MinMaxScaler, NonFinite, QuantileTransformer, RobustScaler, Scaler,
    StandardScaler,
};

fn images(n_features: usize, n_samples: usize) -> Dataset {
    let bytes = DMatrix::from_fn(n_features, n_samples, |i, j| {
        (i * 89 + j * 53 + i * j) as u8
    });
    let labels = (0..n_samples).map(|j| (j % 2) as u32).collect();
    Dataset::from_bytes(bytes, Target::classes(labels)).unwrap()
}

/// The same, stored as numbers.
fn as_numbers(images: &Dataset) -> Dataset {
    Dataset::new(images.features().clone(), images.target().clone()).unwrap()
}

fn fit(data: &Dataset, scaler: &impl Scaler) -> FittedScaler {
    scaler.fit(&FitData::new(data.features())).unwrap()
}

fn is_bytes(data: &Dataset) -> bool {
    matches!(data.stored().values, StoredValues::Bytes(_))
}

fn check_scaler(images: &Dataset, scaler: &impl Scaler) {
    let numbers = as_numbers(images);
    let fitted = fit(&numbers, scaler);
    let copied = numbers.scaled(&fitted).unwrap();
    for stored in [images, &numbers] {
        let on_read = stored.scaled_on_read(&fitted).unwrap();
        assert_eq!(is_bytes(&on_read), is_bytes(stored));
        assert!(on_read.stored().scaling.is_some());
        // Before anyone asked for all of them, and after.
        assert_eq!(on_read, copied);
        assert_eq!(on_read.features(), copied.features());
        assert_eq!(
            stored.scaled(&fitted).unwrap().features(),
            copied.features()
        );
        let some = [images.n_samples() - 1, 0, 0];
        let (a, b) = (
            on_read.subset(&some).unwrap(),
            copied.subset(&some).unwrap(),
        );
        assert_eq!(is_bytes(&a), is_bytes(stored));
        assert_eq!(a, b);
        assert_eq!(
            on_read.cast::<f64>().unwrap(),
            copied.cast::<f64>().unwrap()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn scaled_on_read_is_scaled(n_features in 1_usize..20, n_samples in 2_usize..30) {
        let images = images(n_features, n_samples);
        check_scaler(&images, &StandardScaler::default());
        check_scaler(&images, &MinMaxScaler::default());
        check_scaler(&images, &RobustScaler::default());
    }

    #[test]
    fn batches_of_stored_features_are_those_of_numbers(
        n_features in 1_usize..20,
        n_samples in 2_usize..30,
        batch in 1_usize..30,
    ) {
        let images = images(n_features, n_samples);
        let fitted = fit(&images, &StandardScaler::default());
        let on_read = images.scaled_on_read(&fitted).unwrap();
        let copied = images.scaled(&fitted).unwrap();
        for size in [BatchSize::Full, BatchSize::Mini(batch.min(n_samples))] {
            let mut stored = Batches::new(&on_read, size, 3).unwrap();
            let mut numbers = Batches::new(&copied, size, 3).unwrap();
            while let Some(expected) = numbers.next_batch() {
                let found = stored.next_batch().unwrap();
                assert_eq!(found.features, expected.features);
                match (found.target, expected.target) {
                    (BatchTarget::Labels(found), BatchTarget::Labels(expected)) => {
                        assert_eq!(found, expected);
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert!(stored.next_batch().is_none());
        }
    }
}

#[test]
fn bytes_are_the_numbers_0_to_255() {
    let all = DMatrix::from_iterator(1, 256, 0..=255_u8);
    let data: Dataset<f64> = Dataset::from_bytes(all, Target::numbers(vec![0.0; 256])).unwrap();
    assert!(
        data.features()
            .iter()
            .zip(0..)
            .all(|(&x, i)| x == f64::from(i))
    );
}

#[test]
fn bytes_are_checked_as_numbers_are() {
    let labels = |n: u32| Target::<f32>::classes((0..n).map(|i| i % 2).collect());
    let empty = Dataset::from_bytes(DMatrix::zeros(3, 0), labels(2)).unwrap_err();
    assert!(matches!(empty, Error::Empty { .. }), "{empty}");
    let other = Dataset::from_bytes(DMatrix::zeros(3, 4), labels(2)).unwrap_err();
    assert!(matches!(other, Error::SampleCount { .. }), "{other}");
}

/// What cannot be done on the way is done before: the numbers are the same.
#[test]
fn what_cannot_be_scaled_on_the_way_is_copied() {
    let images = images(3, 20);
    let numbers = as_numbers(&images);
    let quantiles = fit(&numbers, &QuantileTransformer::default());
    let by_quantiles = images.scaled_on_read(&quantiles).unwrap();
    assert!(!is_bytes(&by_quantiles));
    assert_eq!(by_quantiles, numbers.scaled(&quantiles).unwrap());

    // Scaled twice.
    let first = fit(&numbers, &StandardScaler::default());
    let once = images.scaled_on_read(&first).unwrap();
    let second = fit(&once, &MinMaxScaler::default());
    let twice = once.scaled_on_read(&second).unwrap();
    assert!(!is_bytes(&twice));
    assert_eq!(twice, once.scaled(&second).unwrap());

    // With missing values.
    let features = dmatrix![1.0_f32, f32::NAN, 3.0];
    let target = Target::numbers(vec![0.0; 3]);
    let missing = Dataset::with_missing(features, target, MissingValues::Admit).unwrap();
    let scaler = StandardScaler::default().non_finite(NonFinite::Ignore);
    let scaler = fit(&missing, &scaler);
    let scaled = missing.scaled_on_read(&scaler).unwrap();
    assert!(scaled.stored().scaling.is_none());
    assert!(scaled.features()[(0, 1)].is_nan());
}

#[test]
fn errors_are_those_of_a_copy() {
    let images = images(3, 20);
    let of_two = fit(&as_numbers(&images_of(2)), &StandardScaler::default());
    let wrong = images.scaled_on_read(&of_two).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        images.scaled(&of_two).unwrap_err().to_string()
    );

    // A deviation of 1e-30 in fitting: what is far from it overflows.
    let narrow = Dataset::new(dmatrix![0.0_f32, 1e-38], Target::numbers(vec![0.0; 2])).unwrap();
    let far = Dataset::new(dmatrix![0.0_f32, 1e30], Target::numbers(vec![0.0; 2])).unwrap();
    let scaler = fit(&narrow, &MinMaxScaler::default());
    let overflow = far.scaled_on_read(&scaler).unwrap_err();
    assert!(
        matches!(overflow, Error::NonFiniteFeature { .. }),
        "{overflow}"
    );
}

fn images_of(n_features: usize) -> Dataset {
    images(n_features, 9)
}

/// Scaled on read, a data set shares its features with the one it came from.
#[test]
fn nothing_is_copied() {
    let wine = builtin::wine().unwrap();
    let scaler = fit(&wine, &StandardScaler::default());
    let on_read = wine.scaled_on_read(&scaler).unwrap();
    let place = |data: &Dataset| match data.stored().values {
        StoredValues::Numbers(numbers) => numbers.as_ptr(),
        StoredValues::Bytes(_) => panic!("wine has numbers"),
    };
    assert_eq!(place(&on_read), place(&wine));
    assert_eq!(place(&on_read.clone()), place(&wine));
}
