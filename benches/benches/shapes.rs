//! One update of networks unlike the four cases: other depths, odd widths, every activation, loss and optimizer. Batches of
//! 32, one thread; throughput counts multiplications and additions of the products, forward and backward.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DMatrix;
use smallbatch_mlp::{Activation, Batch, Loss, MlpSpec, OptimizerSpec, Targets};

const BATCH: usize = 32;

/// Widths from 1 to 1,000, and shallow and deep networks.
const WIDTHS: [&[usize]; 9] = [
    &[1, 1, 1],
    &[3, 3, 3],
    &[17, 17, 17, 2],
    &[20, 100, 1],
    &[100, 100, 100, 5],
    &[30, 1000, 1],
    &[1000, 1000, 10],
    &[8, 32, 32, 32, 32, 32, 2],
    &[50, 10],
];

fn shapes(criterion: &mut Criterion) {
    for sizes in WIDTHS {
        let name: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        let loss = match sizes {
            [.., 1] => Loss::MeanSquaredError,
            _ => Loss::softmax_cross_entropy(),
        };
        let spec = MlpSpec::new(sizes).loss(loss);
        let optimizer = OptimizerSpec::sgd();
        step(criterion, "shapes", &name.join("-"), &spec, optimizer);
    }
    let sizes = [20, 100, 100, 3];
    for (name, activation) in [
        ("relu", Activation::Relu),
        ("leaky relu", Activation::leaky_relu()),
        ("tanh", Activation::Tanh),
        ("sigmoid", Activation::Sigmoid),
        ("silu", Activation::Silu),
        ("gelu", Activation::Gelu),
        ("elu", Activation::elu()),
        ("softplus", Activation::Softplus),
    ] {
        let spec = MlpSpec::new(sizes).activation(activation);
        step(criterion, "activations", name, &spec, OptimizerSpec::sgd());
    }
    for loss in [
        Loss::softmax_cross_entropy(),
        Loss::BinaryCrossEntropy,
        Loss::MeanSquaredError,
        Loss::MeanAbsoluteError,
        Loss::Huber { delta: 1.0 },
        Loss::Poisson,
    ] {
        let spec = MlpSpec::new(sizes).loss(loss.clone());
        step(
            criterion,
            "losses",
            loss.name(),
            &spec,
            OptimizerSpec::sgd(),
        );
    }
    for (name, optimizer) in [
        ("sgd", OptimizerSpec::sgd()),
        ("momentum", OptimizerSpec::momentum(0.9)),
        ("nesterov", OptimizerSpec::nesterov(0.9)),
        ("rmsprop", OptimizerSpec::rmsprop()),
        ("adam", OptimizerSpec::adam()),
        ("adamw", OptimizerSpec::adamw(0.01)),
        ("sgd, clipped", OptimizerSpec::sgd().clip_norm(1.0)),
    ] {
        step(
            criterion,
            "optimizers",
            name,
            &MlpSpec::new(sizes),
            optimizer,
        );
    }
}

fn step(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    spec: &MlpSpec,
    optimizer: OptimizerSpec,
) {
    let mut network = spec.build::<f32>(1).expect("the sizes are positive");
    let (n_inputs, n_outputs) = (spec.n_inputs(), spec.n_outputs());
    let inputs = DMatrix::from_fn(n_inputs, BATCH, |i, j| {
        (i as f32 * 1.3 + j as f32 * 2.1).sin()
    });
    let values = DMatrix::from_fn(n_outputs, BATCH, |i, j| ((i + j) % 2) as f32);
    let labels: Vec<u32> = (0..BATCH).map(|j| (j % n_outputs) as u32).collect();
    let targets = match &spec.loss {
        Loss::SoftmaxCrossEntropy { .. } => Targets::Labels(&labels),
        _ => Targets::Values(values.as_view()),
    };
    let batch = Batch::new(inputs.as_view(), targets);
    let mut workspace = network.workspace(BATCH);
    let mut optimizer = optimizer
        .build(network.n_parameters())
        .expect("the rule is valid");
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(products(spec.layer_sizes())));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            network
                .train_step(&batch, &mut optimizer, 1e-4, 0, &mut workspace)
                .expect("it learns")
        });
        let loss = network.loss(&batch, &mut workspace).expect("it fits");
        assert!(loss.is_finite(), "{name}: {loss}");
    });
    group.finish();
}

/// Of an update: two for each weight and sample, and one more for each that has a layer below.
fn products(sizes: &[usize]) -> u64 {
    let layers = sizes.windows(2).enumerate();
    let each = layers.map(|(layer, sizes)| sizes[0] * sizes[1] * if layer == 0 { 2 } else { 3 });
    (each.sum::<usize>() * BATCH) as u64
}

criterion_group!(benches, shapes);
criterion_main!(benches);
