//! Several threads against one, over random networks: the same bits, on one chunk and on many.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use nalgebra::{DMatrix, DMatrixView};
use proptest::prelude::*;
use smallbatch_mlp::{
    Activation, Batch, CHUNK, DropoutKey, Error, Loss, Mlp, MlpSpec, OptimizerSpec, Parameters,
    Scalar, Targets, Workspace,
};

/// Numbers between -1 and 1 without a pattern.
fn noise<T: Scalar>(rows: usize, columns: usize, seed: f64) -> DMatrix<T> {
    #[allow(clippy::cast_precision_loss)]
    DMatrix::from_fn(rows, columns, |i, j| {
        T::of(((i as f64 + 1.3) * 12.9898 + (j as f64 + seed) * 78.233).sin())
    })
}

const ACTIVATIONS: [Activation; 5] = [
    Activation::Relu,
    Activation::Tanh,
    Activation::Gelu,
    Activation::Elu { alpha: 1.0 },
    Activation::Softplus,
];

fn optimizers() -> [OptimizerSpec; 6] {
    [
        OptimizerSpec::sgd(),
        OptimizerSpec::sgd().weight_decay(0.1),
        OptimizerSpec::momentum(0.9),
        OptimizerSpec::nesterov(0.9),
        OptimizerSpec::rmsprop(),
        OptimizerSpec::adamw(0.1),
    ]
}

/// The parameters and the losses of a few steps.
fn train<T: Scalar>(
    network: &Mlp<T>,
    optimizer: &OptimizerSpec,
    batch: &Batch<'_, T>,
    chunk: usize,
    threads: usize,
) -> (Vec<T>, Vec<f64>) {
    let mut network = network.clone();
    let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
    let mut workspace = network.workspace_with_threads(chunk, threads).unwrap();
    let step = |_| {
        network
            .train_step(batch, &mut optimizer, 0.01, 5, &mut workspace)
            .unwrap()
    };
    let losses = (0..4).map(step).collect();
    (network.parameters().as_slice().to_vec(), losses)
}

fn check<T: Scalar>(sizes: &[usize], n: usize, choice: usize, threads: usize, dropout: f64) {
    let activation = ACTIVATIONS[choice % ACTIVATIONS.len()];
    let optimizer = optimizers()[choice % 6];
    let spec = MlpSpec::new(sizes)
        .activation(activation)
        .loss(Loss::MeanSquaredError)
        .dropout(dropout);
    let network: Mlp<T> = spec.build(choice as u64).unwrap();
    let inputs = noise(sizes[0], n, 0.1);
    let targets = noise(sizes[sizes.len() - 1], n, 0.7);
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));

    // One chunk: cut by units, or by samples and then by parameters.
    let alone = train(&network, &optimizer, &batch, n, 1);
    let shared = train(&network, &optimizer, &batch, n, threads);
    assert!(alone == shared, "{sizes:?} {n} {optimizer:?} {threads}");

    // Many chunks: the gradient too is cut by units, and the update by samples.
    let chunk = n.div_ceil(5);
    let gradient = |threads| {
        let mut workspace = network.workspace_with_threads(chunk, threads).unwrap();
        let mut gradient = Parameters::zeros(sizes).unwrap();
        let key = Some(DropoutKey { seed: 5, step: 0 });
        let loss = network
            .loss_and_gradient(&batch, key, &mut workspace, &mut gradient)
            .unwrap();
        let mut logits = DMatrix::zeros(sizes[sizes.len() - 1], n);
        network
            .forward_into(inputs.as_view(), &mut workspace, &mut logits)
            .unwrap();
        (loss, gradient, logits)
    };
    assert!(gradient(1) == gradient(threads), "{sizes:?} {n} {threads}");
    let sharded = train(&network, &optimizer, &batch, chunk, threads);
    assert!(sharded == train(&network, &optimizer, &batch, chunk, 1));
    // Against one chunk the gradients differ by rounding, and a quotient of small numbers (RMSprop, Adam) by a part of a step.
    let loose = !matches!(choice % 6, 0..=3);
    let tolerance = if loose {
        0.02
    } else if size_of::<T>() == 4 {
        1e-4
    } else {
        1e-12
    };
    // Some of these trainings diverge: their parameters are large, and so is what rounding does to them.
    for (a, b) in alone.0.iter().zip(&sharded.0) {
        let (a, b) = (a.to_f64(), b.to_f64());
        assert!((a - b).abs() < tolerance * a.abs().max(1.0), "{a} and {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn threads_do_not_change_the_numbers(
        n_inputs in prop::sample::select(vec![1_usize, 3, 16, 17, 40]),
        hidden in prop::collection::vec(prop::sample::select(vec![1_usize, 3, 17, 32, 100]), 0..3),
        n_outputs in prop::sample::select(vec![1_usize, 10, 70]),
        n in 1_usize..80,
        choice in 0_usize..30,
        threads in 2_usize..4,
        dropout in prop::sample::select(vec![0.0, 0.3]),
    ) {
        let sizes: Vec<usize> = [n_inputs].into_iter().chain(hidden).chain([n_outputs]).collect();
        check::<f32>(&sizes, n, choice, threads, dropout);
        check::<f64>(&sizes, n, choice, threads, dropout);
    }
}

/// The loss and the logits of one pass, in chunks of this size.
fn evaluate<T: Scalar>(
    network: &Mlp<T>,
    batch: &Batch<'_, T>,
    n: usize,
    chunk: usize,
    threads: usize,
) -> (f64, DMatrix<T>) {
    let mut workspace = network.workspace_with_threads(chunk, threads).unwrap();
    let mut logits = DMatrix::from_element(network.spec().n_outputs(), n, T::of(9.0));
    let loss = network
        .loss_and_logits(batch, &mut workspace, &mut logits)
        .unwrap();
    assert_eq!(loss, network.loss(batch, &mut workspace).unwrap());
    (loss, logits)
}

/// Enough samples for each thread to have some of its own: one round and several, uneven shares, more threads than in a shard's
/// list; with labels and with weights, a part of which are 0. Neither threads nor chunks change a bit.
#[test]
fn threads_that_share_an_evaluation_do_not_change_the_numbers() {
    fn check<T: Scalar>(sizes: &[usize], n: usize, chunk: usize, threads: usize) {
        let n_outputs = sizes[sizes.len() - 1];
        let network: Mlp<T> = MlpSpec::new(sizes).build(3).unwrap();
        let inputs = noise(sizes[0], n, 0.1);
        let labels: Vec<u32> = (0..n).map(|i| (i * i % n_outputs) as u32).collect();
        let weights: Vec<T> = (0..n).map(|i| T::of((i % 3) as f64)).collect();
        let plain = Batch::new(inputs.as_view(), Targets::Labels(&labels));
        for batch in [plain, plain.weights(&weights)] {
            let alone = evaluate(&network, &batch, n, chunk, 1);
            let shared = evaluate(&network, &batch, n, chunk, threads);
            assert!(alone == shared, "{sizes:?} {n} {chunk} {threads}");
            assert!(
                alone == evaluate(&network, &batch, n, n, 1),
                "{sizes:?} {n}"
            );
        }
        let mut logits = DMatrix::zeros(n_outputs, n);
        let mut workspace = network.workspace_with_threads(chunk, threads).unwrap();
        network
            .forward_into(inputs.as_view(), &mut workspace, &mut logits)
            .unwrap();
        assert!(logits == network.logits(inputs.as_view()).unwrap());
    }
    for (n, chunk, threads) in [(128, 64, 2), (1_001, 256, 2), (1_500, 48, 3), (700, 32, 10)] {
        check::<f32>(&[40, 64, 10], n, chunk, threads);
        check::<f64>(&[13, 90, 64, 3], n, chunk, threads);
    }
    // More parameters than samples are cut for in a training.
    check::<f32>(&[130, 250, 20], 300, 256, 2);
}

/// Large enough for the pieces to be worth another thread: the property's networks are mostly not.
#[test]
fn threads_do_not_change_the_numbers_of_large_networks() {
    for choice in 0..6 {
        check::<f32>(&[130, 200, 90, 100], 32, choice, 2, 0.2);
        check::<f64>(&[64, 256, 70], 300, choice, 2, 0.0);
    }
}

/// Small enough to be cut by samples, and large enough to be worth it: even shares and uneven ones, more threads than panels,
/// every rule, with dropout and without.
#[test]
fn threads_that_share_the_samples_do_not_change_the_numbers() {
    for choice in 0..6 {
        for (n, threads) in [(32, 2), (33, 2), (100, 3), (256, 2), (40, 5), (256, 12)] {
            check::<f32>(&[13, 64, 64, 3], n, choice, threads, 0.0);
            check::<f64>(&[17, 40, 33, 70], n, choice, threads, 0.3);
        }
        check::<f32>(&[60, 100, 1], 48, choice, 2, 0.2);
        // Rows that are longer than a thread's piece.
        check::<f32>(&[9_000, 3], 32, choice, 5, 0.0);
    }
}

/// The losses of labels and of weighted samples, of which one share has none that weigh; numbers that lie as the kernel
/// takes them, in lines; an update that is clipped.
#[test]
fn threads_that_share_the_samples_do_not_change_labels_weights_and_clipping() {
    let (n_features, n) = (48, 70);
    let inputs = noise::<f32>(n_features, n, 0.1);
    let labels: Vec<u32> = (0..7).cycle().take(n).collect();
    let weights: Vec<f32> = (0..n).map(|i| if i < 48 { 0.0 } else { 1.5 }).collect();
    let spec = MlpSpec::new([n_features, 50, 7]).loss(Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.1,
        class_weights: Some(vec![1.0, 2.0, 0.5, 1.0, 1.0, 3.0, 1.0]),
    });
    let network: Mlp<f32> = spec.build(3).unwrap();
    let mut lines = vec![0.0_f32; n_features * n + 16];
    let start = lines.as_ptr().align_offset(64);
    lines[start..start + n_features * n].copy_from_slice(inputs.as_slice());
    let aligned = DMatrixView::from_slice(&lines[start..], n_features, n);
    for optimizer in [
        OptimizerSpec::sgd(),
        OptimizerSpec::adam(),
        OptimizerSpec::sgd().clip_norm(0.01),
        OptimizerSpec::momentum(0.9).clip_norm(1e9),
    ] {
        let mut results = Vec::new();
        for inputs in [inputs.as_view(), aligned] {
            for weighs in [false, true] {
                let mut batch = Batch::new(inputs, Targets::Labels(&labels));
                if weighs {
                    batch = batch.weights(&weights);
                }
                let alone = train(&network, &optimizer, &batch, 128, 1);
                let shared = train(&network, &optimizer, &batch, 128, 3);
                assert!(alone == shared, "{optimizer:?}, weights: {weighs}");
                results.push(alone);
            }
        }
        assert!(results[0] == results[2] && results[1] == results[3] && results[0] != results[1]);
    }
}

/// What a larger batch left in the shares' buffers, or one that overflowed, is not seen by the next; and a step that is
/// refused changes nothing.
#[test]
fn refused_and_larger_batches_leave_nothing_in_the_shares() {
    let network = MlpSpec::new([20, 50, 5])
        .loss(Loss::MeanSquaredError)
        .build::<f32>(1)
        .unwrap();
    let (inputs, targets) = (noise::<f32>(20, 200, 0.1), noise::<f32>(5, 200, 0.7));
    let huge = inputs.map(|x| x * 1e38);
    let targets = |n| Targets::Values(targets.columns(0, n));
    let few = Batch::new(inputs.columns(0, 37), targets(37));
    let many = Batch::new(huge.as_view(), targets(200));
    let after = |refused: bool| {
        let mut network = network.clone();
        let mut optimizer = OptimizerSpec::adam().build(network.n_parameters()).unwrap();
        let mut workspace = network.workspace_with_threads(256, 2).unwrap();
        if refused {
            let before = (network.clone(), optimizer.step());
            let step = network.train_step(&many, &mut optimizer, 0.01, 0, &mut workspace);
            assert!(matches!(step, Err(Error::LossNotFinite { .. })));
            assert!(before == (network.clone(), optimizer.step()));
        }
        let loss = network
            .train_step(&few, &mut optimizer, 0.01, 0, &mut workspace)
            .unwrap();
        (network, loss)
    };
    assert!(after(true) == after(false));
}

/// An update on one chunk goes by rows, without a gradient; one that is clipped, at a norm that is never reached, by way of
/// it.
#[test]
fn an_update_by_rows_is_the_update_by_way_of_the_gradient() {
    let inputs = noise::<f32>(50, 30, 0.1);
    let targets = noise::<f32>(3, 30, 0.7);
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    let network = MlpSpec::new([50, 40, 20, 3])
        .loss(Loss::MeanSquaredError)
        .build::<f32>(1)
        .unwrap();
    // Plain descent multiplies the loss's gradient by the rate, not the weights'.
    for optimizer in &optimizers()[1..] {
        let by_rows = train(&network, optimizer, &batch, CHUNK, 1);
        let by_gradient = train(&network, &optimizer.clip_norm(1e30), &batch, CHUNK, 1);
        assert!(by_rows == by_gradient, "{optimizer:?}");
    }
}

/// What a pass over numbers that are none leaves in the buffers must not reach a later one.
#[test]
fn nan_does_not_stay_in_a_workspace() {
    let inputs = noise::<f32>(5, 16, 0.1);
    let targets = noise::<f32>(2, 16, 0.7);
    let huge = inputs.map(|x| x * 1e38);
    for activation in ACTIVATIONS {
        let network = MlpSpec::new([5, 8, 8, 2])
            .activation(activation)
            .loss(Loss::MeanSquaredError)
            .build::<f32>(1)
            .unwrap();
        let few = Batch::new(inputs.columns(0, 5), Targets::Values(targets.columns(0, 5)));
        let many = Batch::new(huge.as_view(), Targets::Values(targets.as_view()));
        let gradient = |after_overflow: bool| {
            let mut workspace = network.workspace(16);
            if after_overflow {
                let _ = network.loss(&many, &mut workspace);
            }
            let mut gradient = Parameters::zeros(&[5, 8, 8, 2]).unwrap();
            network
                .loss_and_gradient(&few, None, &mut workspace, &mut gradient)
                .unwrap();
            gradient
        };
        assert!(gradient(true) == gradient(false), "{activation:?}");
    }
}

#[test]
fn no_threads_and_too_many_are_refused() {
    let network = MlpSpec::new([1, 2]).build::<f32>(0).unwrap();
    for threads in [0, 65] {
        let error = network.workspace_with_threads(1, threads).unwrap_err();
        let expected =
            format!("the number of threads is {threads}; it must be at least 1 and at most 64");
        assert_eq!(error.to_string(), expected);
    }
}

/// Shards of a batch of many chunks: more of them than eight, fewer, and more threads than shards; an update that is clipped.
#[test]
fn threads_that_share_the_shards_do_not_change_the_numbers() {
    for choice in 0..6 {
        for (n, threads) in [(300, 2), (600, 3), (1_200, 2), (2_700, 5), (600, 12)] {
            check_shards::<f32>(&[13, 32, 3], n, choice, threads);
        }
        check_shards::<f64>(&[5, 17, 2], 1_100, choice, 3);
    }
}

fn check_shards<T: Scalar>(sizes: &[usize], n: usize, choice: usize, threads: usize) {
    let network: Mlp<T> = MlpSpec::new(sizes)
        .loss(Loss::MeanSquaredError)
        .dropout(0.2)
        .build(choice as u64)
        .unwrap();
    let inputs = noise(sizes[0], n, 0.1);
    let targets = noise(sizes[sizes.len() - 1], n, 0.7);
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    for optimizer in [optimizers()[choice], optimizers()[choice].clip_norm(0.01)] {
        // Chunks that may be larger than shards take at a time, too.
        for chunk in [100, CHUNK, 290] {
            let alone = train(&network, &optimizer, &batch, chunk, 1);
            let shared = train(&network, &optimizer, &batch, chunk, threads);
            assert!(
                alone == shared,
                "{sizes:?} {n} {chunk} {optimizer:?} {threads}"
            );
        }
    }
}

/// Any step may be made by any number of threads, and by one that is chosen meanwhile.
#[test]
fn the_number_of_threads_may_change_at_any_step() {
    for (sizes, n) in [
        (&[13, 64, 64, 3][..], 32),
        (&[13, 64, 64, 3], 1_000),
        (&[20, 300, 100, 2], 32),
        (&[20, 300, 100, 2], 300),
    ] {
        let network: Mlp<f32> = MlpSpec::new(sizes)
            .loss(Loss::MeanSquaredError)
            .dropout(0.1)
            .build(2)
            .unwrap();
        let (inputs, targets) = (
            noise(sizes[0], n, 0.1),
            noise(sizes[sizes.len() - 1], n, 0.7),
        );
        let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
        let fixed = |threads| {
            network
                .workspace_with_threads(n.min(CHUNK), threads)
                .unwrap()
        };
        let automatic = |at_most| network.workspace_with_automatic_threads(n, at_most);
        let after = |workspaces: &mut [Workspace<f32>]| {
            let mut network = network.clone();
            let mut optimizer = OptimizerSpec::adam().build(network.n_parameters()).unwrap();
            let mut losses = Vec::new();
            for step in 0..60 {
                let workspace = &mut workspaces[step % workspaces.len()];
                let loss = network.train_step(&batch, &mut optimizer, 1e-3, 3, workspace);
                losses.push(loss.unwrap());
            }
            (network, losses)
        };
        let alone = after(&mut [fixed(1)]);
        assert!(
            alone == after(&mut [fixed(2), fixed(1), fixed(3)]),
            "{sizes:?} {n}"
        );
        assert!(alone == after(&mut [automatic(2)]), "{sizes:?} {n}");
        assert!(
            alone == after(&mut [automatic(8), fixed(2)]),
            "{sizes:?} {n}"
        );
    }
}

#[test]
fn automatic_threads_are_as_many_as_can_be_of_use() {
    let room = std::thread::available_parallelism().map_or(1, usize::from);
    let of = |sizes: &[usize], batch_size, at_most| {
        let network = MlpSpec::new(sizes).build::<f32>(0).unwrap();
        let workspace = network.workspace_with_automatic_threads(batch_size, at_most);
        assert!((1..=workspace.threads()).contains(&workspace.threads_in_use()));
        (workspace.capacity(), workspace.threads())
    };
    assert_eq!(of(&[2, 16, 2], 32, 2), (32, 1));
    assert_eq!(of(&[2, 16, 2], 10_000, 2), (CHUNK, 2.min(room)));
    assert_eq!(of(&[13, 64, 64, 3], 32, 2), (32, 2.min(room)));
    assert_eq!(of(&[784, 128, 10], 16, 2), (16, 2.min(room)));
    assert_eq!(of(&[784, 128, 10], 16, usize::MAX), (16, 64.min(room)));
    assert_eq!(of(&[784, 128, 10], 0, 1), (1, 1));
    assert_eq!(of(&[784, 128, 10], 16, 0), (16, 1));
}

/// More parameters than are trained in shards.
#[test]
fn a_large_network_is_cut_by_units_at_any_batch_size() {
    let sizes = [180, 190, 5];
    let network: Mlp<f32> = MlpSpec::new(sizes)
        .loss(Loss::MeanSquaredError)
        .dropout(0.2)
        .build(3)
        .unwrap();
    assert!(network.n_parameters() > 32 * 1024);
    let (inputs, targets) = (noise(sizes[0], 70, 0.1), noise(sizes[2], 70, 0.7));
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    for optimizer in [OptimizerSpec::sgd(), OptimizerSpec::adam()] {
        let alone = train(&network, &optimizer, &batch, 32, 1);
        for threads in [2, 3] {
            let shared = train(&network, &optimizer, &batch, 32, threads);
            assert!(alone == shared, "{optimizer:?} {threads}");
        }
    }
}
