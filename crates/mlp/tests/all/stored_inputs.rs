//! Inputs that are read as bytes, or scaled when they are read, train as a copy of them does that was made before: the same
//! bits, in every path.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use nalgebra::DMatrix;
use proptest::prelude::*;
use smallbatch_mlp::{
    Batch, GradientNoise, InputScaling, Mlp, MlpSpec, OptimizerSpec, Scalar, Targets,
};

/// Numbers in [0, 1) without a pattern.
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n).map(|_| next()).collect()
}

/// Everything that reads a batch: losses of steps, parameters, loss, logits, noise of the gradient.
fn results<T: Scalar>(
    network: &Mlp<T>,
    optimizer: &OptimizerSpec,
    batch: &Batch<'_, T>,
    chunk: usize,
    threads: usize,
) -> (Vec<f64>, Vec<T>, DMatrix<T>, GradientNoise) {
    let mut network = network.clone();
    let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
    let mut workspace = network.workspace_with_threads(chunk, threads).unwrap();
    let steps = (0..3).map(|_| network.train_step(batch, &mut optimizer, 0.05, 5, &mut workspace));
    let mut losses: Vec<f64> = steps.map(|loss| loss.unwrap()).collect();
    let mut logits = DMatrix::zeros(3, batch.n_samples());
    losses.push(
        network
            .loss_and_logits(batch, &mut workspace, &mut logits)
            .unwrap(),
    );
    let parameters = network.parameters().as_slice().to_vec();
    let noise = network.gradient_noise(batch).unwrap();
    (losses, parameters, logits, noise)
}

fn check<T: Scalar>(
    sizes: &[usize; 3],
    n_stored: usize,
    chosen: Option<&[usize]>,
    chunk: usize,
    threads: usize,
) {
    let [n_features, _, n_classes] = *sizes;
    let random = noise(n_features * n_stored, 1);
    let bytes = DMatrix::from_fn(n_features, n_stored, |i, j| {
        (256.0 * random[j * n_features + i]) as u8
    });
    let numbers = bytes.map(|byte| T::of(f64::from(byte)));
    let per_feature = |seed, low: f64, high: f64| -> Vec<T> {
        let random = noise(n_features, seed);
        random
            .iter()
            .map(|x| T::of(low + (high - low) * x))
            .collect()
    };
    let shift = per_feature(2, 0.0, 255.0);
    let rest = per_feature(3, -1e-5, 1e-5);
    let scale = per_feature(4, 20.0, 90.0);
    let scaled = DMatrix::from_fn(n_features, n_stored, |i, j| {
        ((numbers[(i, j)] - shift[i]) - rest[i]) / scale[i]
    });
    let scaling = InputScaling {
        shift: &shift,
        rest: &rest,
        scale: &scale,
    };
    let which: Vec<usize> = chosen.map_or((0..n_stored).collect(), <[usize]>::to_vec);
    let labels: Vec<u32> = which.iter().map(|&i| (i % n_classes) as u32).collect();
    let targets = Targets::Labels(&labels);
    let pick = |batch: Batch<'_, T>| -> _ {
        let network: Mlp<T> = MlpSpec::new(*sizes).dropout(0.2).build(7).unwrap();
        let batch = match chosen {
            Some(chosen) => batch.samples(chosen),
            None => batch,
        };
        [OptimizerSpec::sgd(), OptimizerSpec::adam()]
            .map(|optimizer| results(&network, &optimizer, &batch, chunk, threads))
    };
    let copied = pick(Batch::new(scaled.as_view(), targets));
    assert!(copied == pick(Batch::of_bytes(bytes.as_view(), targets).scaled(scaling)));
    assert!(copied == pick(Batch::new(numbers.as_view(), targets).scaled(scaling)));
    let unscaled = pick(Batch::new(numbers.as_view(), targets));
    assert!(unscaled == pick(Batch::of_bytes(bytes.as_view(), targets)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn stored_inputs_train_as_a_copy_does(
        n_features in prop::sample::select(vec![1_usize, 3, 8, 16, 17, 40]),
        hidden in prop::sample::select(vec![1_usize, 5, 32]),
        n_stored in 1_usize..70,
        chosen in prop::option::of(prop::collection::vec(0_usize..1000, 1..40)),
        chunk in 1_usize..80,
        threads in 1_usize..3,
    ) {
        let chosen = chosen.map(|list| list.iter().map(|i| i % n_stored).collect::<Vec<_>>());
        check::<f32>(&[n_features, hidden, 3], n_stored, chosen.as_deref(), chunk, threads);
        check::<f64>(&[n_features, hidden, 3], n_stored, chosen.as_deref(), chunk, threads);
    }
}

/// Large enough for two threads to share the gathering.
#[test]
fn two_threads_gather_large_batches() {
    let chosen: Vec<usize> = (0..64).map(|i| i * 37 % 100).collect();
    check::<f32>(&[784, 64, 3], 100, Some(&chosen), 64, 2);
    check::<f32>(&[784, 64, 3], 100, None, 256, 2);
}

/// Small enough for two threads to share the samples.
#[test]
fn two_threads_share_the_samples_of_small_networks() {
    let chosen: Vec<usize> = (0..64).map(|i| i * 37 % 100).collect();
    for n_features in [40, 48] {
        check::<f32>(&[n_features, 64, 3], 100, Some(&chosen), 64, 2);
        check::<f64>(&[n_features, 64, 3], 100, Some(&chosen), 64, 2);
        check::<f32>(&[n_features, 64, 3], 100, None, 256, 2);
        check::<f64>(&[n_features, 64, 3], 100, None, 256, 2);
    }
}
