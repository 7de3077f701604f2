//! Recorded seeds keep meaning what they meant: the draws of the first release, written down.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; helpers outside #[test] too"
)]

use nalgebra::DMatrix;
use smallbatch_data::{
    BatchSize, Batches, Dataset, KFolds, Part, Splitter, Strategy, Target, builtin, synthetic,
};

/// Twelve samples, of two classes and six groups.
fn twelve() -> Dataset {
    let features = DMatrix::from_fn(1, 12, |_, sample| sample as f32);
    Dataset::new(features, Target::classes((0..12).map(|i| i % 2).collect()))
        .unwrap()
        .with_groups((0..12).map(|i| i / 2).collect())
        .unwrap()
}

fn letters(parts: &[Part]) -> String {
    let letter = |part: &Part| match part {
        Part::Train => 't',
        Part::Validation => 'v',
        Part::Test => 'T',
    };
    parts.iter().map(letter).collect()
}

#[test]
fn splits() {
    let assign = |strategy| {
        let splitter = Splitter::new(7).strategy(strategy);
        letters(&splitter.assign(&twelve()).unwrap())
    };
    assert_eq!(assign(Strategy::Shuffled), "ttttTTvvvttt");
    assert_eq!(assign(Strategy::Stratified), "ttttTvtTtvvt");
    assert_eq!(assign(Strategy::Grouped), "ttttttvvttTT");
    let folds = |strategy| {
        KFolds::new(&twelve(), 3, 7, strategy)
            .unwrap()
            .fold_of()
            .to_vec()
    };
    assert_eq!(
        folds(Strategy::Shuffled),
        [0, 0, 1, 1, 2, 2, 2, 1, 2, 1, 0, 0]
    );
    assert_eq!(
        folds(Strategy::Stratified),
        [0, 1, 0, 0, 2, 2, 1, 2, 1, 1, 2, 0]
    );
    assert_eq!(
        folds(Strategy::Grouped),
        [0, 0, 1, 1, 2, 2, 0, 0, 2, 2, 1, 1]
    );
}

#[test]
fn orders() {
    let dataset = twelve();
    let mut batches = Batches::new(&dataset, BatchSize::Mini(12), 7).unwrap();
    let mut order = |epoch| -> Vec<f32> {
        batches.start_epoch(epoch);
        batches
            .next_batch()
            .unwrap()
            .features
            .iter()
            .copied()
            .collect()
    };
    assert_eq!(
        order(0),
        [10.0, 3.0, 6.0, 1.0, 4.0, 5.0, 8.0, 0.0, 9.0, 11.0, 7.0, 2.0]
    );
    assert_eq!(
        order(1),
        [10.0, 8.0, 9.0, 3.0, 6.0, 11.0, 2.0, 5.0, 7.0, 1.0, 0.0, 4.0]
    );
}

/// Up to the last digits: the platform's own sine, cosine and logarithm have a part in these.
#[track_caller]
fn near(actual: &[f32], expected: &[f32]) {
    assert_eq!(actual.len(), expected.len());
    let far = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-5 * b.abs().max(1.0);
    assert!(!actual.iter().zip(expected).any(far), "{actual:?}");
}

#[test]
fn synthetic_samples() {
    let two = synthetic::textbook_two_inputs(3, 7).unwrap();
    near(
        two.features().as_slice(),
        &[
            908982.1, 72.48466, 472243.66, 48.107582, 723244.94, 62.957375,
        ],
    );
    assert_eq!(two.target().labels().unwrap(), [1, 0, 0]);
    let two = synthetic::textbook_two_inputs_regression(3, 7).unwrap();
    near(
        two.target().as_values().unwrap().as_slice(),
        &[1.2901726, -2.6154475, -1.0739065],
    );
    let points = synthetic::lecun_two_gaussians(3, 7).unwrap();
    near(
        points.features().as_slice(),
        &[
            -0.8222818, -0.6906202, 0.8553492, 0.59115815, -0.3539521, -0.8653397,
        ],
    );
}

#[test]
fn images() {
    let images = builtin::augmented_digits(1800, 7).unwrap();
    // Three rows of the first image, and of the second one made from the same source.
    near(
        &images.features().column(0).as_slice()[16..40],
        &[
            0.13685256,
            1.1730244,
            13.285316,
            8.718891,
            6.017439,
            13.3126335,
            5.1987305,
            0.026978213,
            0.07754514,
            3.5450935,
            12.208974,
            0.9182937,
            0.47712716,
            8.652479,
            7.4958057,
            1.0944821,
            0.0,
            5.039993,
            8.913496,
            0.0,
            0.8434254,
            9.549535,
            6.8175817,
            0.055647425,
        ],
    );
    near(
        &images.features().column(1797).as_slice()[16..40],
        &[
            0.088108405,
            1.0393413,
            12.555076,
            7.867883,
            5.3158736,
            11.418515,
            4.4792504,
            0.32380915,
            0.23671032,
            3.1576834,
            11.952485,
            1.2262914,
            1.7571974,
            9.955713,
            6.3780694,
            0.18593073,
            0.6985018,
            2.5467198,
            8.592335,
            0.876495,
            0.16415632,
            8.676508,
            6.5506587,
            0.0,
        ],
    );
}
