//! An epoch on 20,000 images of 784 pixels, 784-128-10, by how their features are stored: a scaled copy, the raw numbers
//! scaled when they are read, the raw bytes scaled when they are read. All three train to the same bits.

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smallbatch_benches::{BATCH_SIZES, CASES, Case};
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{MlpSpec, OptimizerSpec, Parameters};
use smallbatch_preprocess::{FitData, Scaler, StandardScaler};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Trainer};

const MNIST: Case = CASES[2];

/// Pixels of 0 to 255, with two classes in ten told apart by their brightness.
fn images() -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let labels: Vec<u32> = (0..MNIST.n_samples).map(|i| (i % 10) as u32).collect();
    let bytes = DMatrix::from_fn(MNIST.layer_sizes[0], MNIST.n_samples, |pixel, image| {
        let bright = pixel % 10 == labels[image] as usize;
        random.random_range(if bright { 40..=255 } else { 0..=215_u8 })
    });
    Dataset::from_bytes(bytes, Target::classes(labels)).expect("the labels are counted")
}

/// The three ways to store them.
fn stored() -> [(&'static str, Dataset); 3] {
    let bytes = images();
    let numbers =
        Dataset::new(bytes.features().clone(), bytes.target().clone()).expect("bytes are finite");
    let scaler = StandardScaler::new()
        .fit(&FitData::new(numbers.features()))
        .expect("no pixel is missing");
    let on_read = |data: &Dataset| data.scaled_on_read(&scaler).expect("it was fitted to them");
    [
        (
            "scaled copy",
            numbers.scaled(&scaler).expect("it was fitted to them"),
        ),
        ("numbers", on_read(&numbers)),
        // Without the numbers that were asked for above.
        ("bytes", on_read(&images())),
    ]
}

/// One epoch; only 256 samples are evaluated.
fn train(data: &Dataset, batch_size: BatchSize) -> Parameters<f32> {
    Trainer::new(MlpSpec::new(MNIST.layer_sizes))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(MNIST.learning_rate)
        .batch_size(batch_size)
        .budget(Budget::Epochs(1))
        .evaluation(Evaluation::every(EvaluateEvery::Epochs(1)).training_samples(256))
        .threads(1)
        .seed(1)
        .fit(data, None)
        .expect("it learns")
        .model()
        .parameters()
        .clone()
}

fn storage(criterion: &mut Criterion) {
    let stored = stored();
    let mut group = criterion.benchmark_group("storage/mnist");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(MNIST.n_samples as u64));
    for batch_size in BATCH_SIZES {
        let expected = train(&stored[0].1, batch_size);
        for (name, data) in &stored {
            assert!(train(data, batch_size) == expected, "{name} {batch_size}");
            group.bench_with_input(
                BenchmarkId::new(*name, batch_size),
                data,
                |bencher, data| {
                    bencher.iter(|| train(data, batch_size));
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, storage);
criterion_main!(benches);
