//! The matrix products at the shapes of training, at every batch size of training, through the network's public doors: a
//! network with a single layer and the squared error.
//!
//! `forward` is `W·X + b` alone. `forward and weight gradient` is that, the loss and its gradient, and `dW = dZ·Xᵀ`: two
//! products of the same size, so that its throughput beside `forward`'s tells how fast the second is. `all three` is a
//! network of two such layers with the identity between them: forward, `Wᵀ·dZ` and `dW`, as in the hidden layers of a
//! training step. Throughput counts floating-point operations of the products: Gelem/s reads as GFLOP/s.

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use nalgebra::DMatrix;
use smallbatch_mlp::{Activation, Batch, CHUNK, Loss, Mlp, MlpSpec, Targets};

/// (fan_in, fan_out) of the layers that carry the work.
const LAYERS: [(usize, usize); 5] = [(13, 64), (64, 64), (784, 128), (784, 512), (512, 512)];
/// The mini-batches that cases are trained with, and as many samples as a full batch of the smallest case.
const SAMPLES: [usize; 4] = [16, 32, 256, 10_000];

fn matmul(criterion: &mut Criterion) {
    for (fan_in, fan_out) in LAYERS {
        let mut group = criterion.benchmark_group(format!("matmul/{fan_out}x{fan_in}"));
        for n in SAMPLES {
            let inputs =
                DMatrix::from_fn(fan_in, n, |i, j| ((i * 7 + j * 3) % 11) as f32 / 11.0 - 0.5);
            let operations = 2 * (fan_in * fan_out * n) as u64;
            group.throughput(Throughput::Elements(operations));
            forward(&mut group, &network(&[fan_in, fan_out]), &inputs);
            group.throughput(Throughput::Elements(2 * operations));
            let name = "forward and weight gradient";
            gradient(&mut group, name, &network(&[fan_in, fan_out]), &inputs);
            if fan_in == fan_out {
                // Two layers: two forward, two weights' gradients, one input's.
                group.throughput(Throughput::Elements(5 * operations));
                gradient(&mut group, "all three", &network(&[fan_in; 3]), &inputs);
            }
        }
        group.finish();
    }
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn network(layer_sizes: &[usize]) -> Mlp<f32> {
    MlpSpec::new(layer_sizes)
        .activation(Activation::Identity)
        .loss(Loss::MeanSquaredError)
        .build(1)
        .expect("the layer sizes are positive")
}

fn forward(group: &mut Group<'_>, layer: &Mlp<f32>, inputs: &DMatrix<f32>) {
    let n = inputs.ncols();
    let mut workspace = layer.workspace(n.min(CHUNK));
    let mut outputs = DMatrix::zeros(layer.spec().n_outputs(), n);
    group.bench_function(BenchmarkId::new("forward", n), |bencher| {
        bencher.iter(|| {
            layer
                .forward_into(inputs.as_view(), &mut workspace, &mut outputs)
                .expect("it fits");
        });
        // The biases are zero. Sums of up to 784 products of f32, each below 1.
        let naive = layer.parameters().weight(0) * inputs;
        let error = (&outputs - naive).abs().max();
        assert!(error < 1e-4, "off by {error}");
    });
}

fn gradient(group: &mut Group<'_>, name: &str, network: &Mlp<f32>, inputs: &DMatrix<f32>) {
    let n = inputs.ncols();
    let targets = DMatrix::from_fn(network.spec().n_outputs(), n, |i, j| {
        ((i * 5 + j) % 7) as f32 / 7.0 - 0.5
    });
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    let mut workspace = network.workspace(n.min(CHUNK));
    let mut gradient = network.parameters().clone();
    group.bench_function(BenchmarkId::new(name, n), |bencher| {
        bencher.iter(|| {
            network
                .loss_and_gradient(&batch, None, &mut workspace, &mut gradient)
                .expect("it fits")
        });
        check(network, inputs, &targets, gradient.weight(0).into_owned());
    });
}

/// The first layer's gradient against nalgebra's products: `dW₁ = W₂ᵀ·dZ·Xᵀ`, without `W₂` where there is one layer.
fn check(network: &Mlp<f32>, inputs: &DMatrix<f32>, targets: &DMatrix<f32>, found: DMatrix<f32>) {
    let parameters = network.parameters();
    let mut outputs = parameters.weight(0) * inputs;
    let has_two_layers = parameters.n_layers() == 2;
    if has_two_layers {
        outputs = parameters.weight(1) * outputs;
    }
    let mut d = (outputs - targets) * (2.0 / targets.len() as f32);
    if has_two_layers {
        d = parameters.weight(1).transpose() * d;
    }
    let naive = d * inputs.transpose();
    // Sums over the samples of products of f32, which only the order of additions tells apart.
    let error = (&found - &naive).abs().max() / naive.abs().max();
    assert!(error < 1e-4, "off by {error} of the largest");
}

criterion_group!(benches, matmul);
criterion_main!(benches);
