//! Small data sets that the tests share.
#![allow(dead_code, reason = "each test program uses some of them")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
use smallbatch_train::{Budget, Trainer};

/// Numbers that look random and are the same everywhere: a linear congruential generator, in [-1, 1).
pub(crate) fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    (0..n)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// Three classes in the plane, which a small network can nearly tell apart.
pub(crate) fn classes(n_samples: usize, seed: u64) -> Dataset<f64> {
    let noise = noise(seed, 2 * n_samples);
    let labels: Vec<u32> = (0..n_samples).map(|i| (i % 3) as u32).collect();
    let centres = [(-1.0, 0.0), (1.0, 0.0), (0.0, 1.5)];
    let features = DMatrix::from_fn(2, n_samples, |i, j| {
        let (x, y) = centres[labels[j] as usize];
        [x, y][i] + 0.9 * noise[2 * j + i]
    });
    Dataset::new(features, Target::classes(labels))
        .unwrap()
        .with_name("three clouds")
}

/// y = x₀·x₁ + a little noise.
pub(crate) fn numbers(n_samples: usize, seed: u64) -> Dataset<f64> {
    let noise = noise(seed, 3 * n_samples);
    let features = DMatrix::from_fn(2, n_samples, |i, j| noise[3 * j + i]);
    let values = DMatrix::from_fn(1, n_samples, |_, j| {
        noise[3 * j] * noise[3 * j + 1] + 0.05 * noise[3 * j + 2]
    });
    Dataset::new(features, Target::values(values))
        .unwrap()
        .with_name("a saddle")
}

/// A short training on [`classes`], with everything on that has a state.
pub(crate) fn classifier() -> Trainer {
    Trainer::new(MlpSpec::new([2, 8, 3]).dropout(0.1))
        .optimizer(OptimizerSpec::adamw(0.01).clip_norm(1.0))
        .learning_rate(0.01)
        .batch_size(BatchSize::Mini(16))
        .budget(Budget::Epochs(12))
        .seed(5)
}

/// A short training on [`numbers`].
pub(crate) fn regressor() -> Trainer {
    Trainer::new(MlpSpec::new([2, 8, 1]).loss(Loss::MeanSquaredError))
        .learning_rate(0.01)
        .batch_size(BatchSize::Mini(16))
        .budget(Budget::Epochs(12))
}
