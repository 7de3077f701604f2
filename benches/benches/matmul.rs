//! The matrix product at the shapes of training, through its one public door: the forward pass of a network with a
//! single layer, which is `W·X + b`. Throughput counts floating-point operations: Gelem/s reads as GFLOP/s.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DMatrix;
use smallbatch_mlp::{Loss, MlpSpec};

/// (fan_in, fan_out) of the layers that carry the work.
const LAYERS: [(usize, usize); 5] = [(13, 64), (64, 64), (784, 128), (784, 512), (512, 512)];

fn matmul(criterion: &mut Criterion) {
    for (fan_in, fan_out) in LAYERS {
        let mut group = criterion.benchmark_group(format!("matmul/{fan_out}x{fan_in}"));
        let layer = MlpSpec::new([fan_in, fan_out])
            .loss(Loss::MeanSquaredError)
            .build::<f32>(1)
            .expect("the layer sizes are positive");
        for n in [16, 32, 256] {
            let inputs =
                DMatrix::from_fn(fan_in, n, |i, j| ((i * 7 + j * 3) % 11) as f32 / 11.0 - 0.5);
            let mut workspace = layer.workspace(n);
            let mut outputs = DMatrix::zeros(fan_out, n);
            group.throughput(Throughput::Elements(2 * (fan_in * fan_out * n) as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(n),
                &inputs,
                |bencher, inputs| {
                    bencher.iter(|| {
                        layer
                            .forward_into(inputs.as_view(), &mut workspace, &mut outputs)
                            .expect("it fits");
                    });
                    // The biases are zero. Sums of up to 784 products of f32, each below 1.
                    let naive = layer.parameters().weight(0) * inputs;
                    let error = (&outputs - naive).abs().max();
                    assert!(error < 1e-4, "off by {error}");
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, matmul);
criterion_main!(benches);
