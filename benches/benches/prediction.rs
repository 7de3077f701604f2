//! Logits of samples that lie ready: one sample at a time, as a server answers, and batches.
//!
//! `prediction/one sample` allocates nothing and has one thread; its time is what one answer takes. Of batches, throughput
//! counts samples.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::DMatrix;
use smallbatch_benches::CASES;
use smallbatch_mlp::CHUNK;

/// From a few panels to many chunks.
const BATCHES: [usize; 4] = [16, 32, 256, 10_000];

fn prediction(criterion: &mut Criterion) {
    for case in CASES {
        let network = case.network();
        let dataset = case.dataset();
        let n_outputs = network.spec().n_outputs();
        let expected = network
            .logits(dataset.features().columns(0, BATCHES[3]))
            .expect("they fit");

        let mut group = criterion.benchmark_group(format!("prediction/{}", case.name));
        let mut workspace = network.workspace(1);
        let mut logits = DMatrix::zeros(n_outputs, 1);
        let sample = dataset.features().columns(0, 1);
        group.bench_function("one sample", |bencher| {
            bencher.iter(|| {
                network
                    .forward_into(black_box(sample), &mut workspace, &mut logits)
                    .expect("it fits");
            });
            assert_close(&logits, &expected);
        });
        for n_samples in BATCHES {
            let mut workspace = network.workspace(n_samples.min(CHUNK));
            let mut logits = DMatrix::zeros(n_outputs, n_samples);
            let samples = dataset.features().columns(0, n_samples);
            group.throughput(Throughput::Elements(n_samples as u64));
            group.bench_function(BenchmarkId::new("batch", n_samples), |bencher| {
                bencher.iter(|| {
                    network
                        .forward_into(samples, &mut workspace, &mut logits)
                        .expect("they fit");
                });
                assert_close(&logits, &expected);
            });
        }
        group.finish();
    }
}

/// The first samples' logits, which other ways of summing make differ by rounding.
fn assert_close(logits: &DMatrix<f32>, expected: &DMatrix<f32>) {
    let expected = expected.columns(0, logits.ncols());
    let difference = (logits - expected).amax();
    assert!(difference < 1e-3 * expected.amax(), "{difference}");
}

criterion_group!(benches, prediction);
criterion_main!(benches);
