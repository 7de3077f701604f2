//! Shuffling, and gathering shuffled samples into one buffer: what an epoch costs before any arithmetic.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use smallbatch_benches::{BATCH_SIZES, CASES};
use smallbatch_data::Batches;

fn gather(criterion: &mut Criterion) {
    for case in CASES
        .iter()
        .filter(|case| ["tabular", "mnist"].contains(&case.name))
    {
        let mut group = criterion.benchmark_group(format!("gather/{}", case.name));
        group.sample_size(20);
        let dataset = case.dataset();
        group.throughput(Throughput::Elements(dataset.n_samples() as u64));
        for batch_size in BATCH_SIZES {
            group.bench_with_input(
                BenchmarkId::from_parameter(batch_size),
                &dataset,
                |bencher, dataset| {
                    let mut batches = Batches::new(dataset, batch_size, 1)
                        .expect("no batch is larger than its data");
                    let mut epoch = 0;
                    bencher.iter(|| {
                        batches.start_epoch(epoch);
                        epoch += 1;
                        while let Some(batch) = batches.next_batch() {
                            black_box(batch.features);
                        }
                    });
                    // Each sample once: the sum over the batches is the sum over the data, whatever the order.
                    batches.start_epoch(epoch);
                    let (mut n_samples, mut sum) = (0, 0.0);
                    while let Some(batch) = batches.next_batch() {
                        n_samples += batch.n_samples();
                        sum += batch.features.iter().map(|&x| f64::from(x)).sum::<f64>();
                    }
                    let expected: f64 = dataset.features().iter().map(|&x| f64::from(x)).sum();
                    assert_eq!(n_samples, dataset.n_samples());
                    assert!((sum - expected).abs() < 1e-6, "{sum} for {expected}");
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, gather);
criterion_main!(benches);
