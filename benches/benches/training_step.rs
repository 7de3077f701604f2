//! One update on one batch that lies ready: forward, backward, SGD. No shuffle, no gather.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use smallbatch_benches::{BATCH_SIZES, CASES, targets};
use smallbatch_mlp::{Batch, CHUNK, OptimizerSpec};

fn training_step(criterion: &mut Criterion) {
    for case in CASES {
        let mut group = criterion.benchmark_group(format!("training_step/{}", case.name));
        let dataset = case.dataset();
        for batch_size in BATCH_SIZES {
            let n = batch_size
                .samples(dataset.n_samples())
                .expect("no batch is larger than its data");
            let batch = Batch::new(dataset.features().columns(0, n), targets(&dataset, n));

            group.throughput(Throughput::Elements(n as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(batch_size),
                &batch,
                |bencher, batch| {
                    let mut network = case.network();
                    let mut workspace = network.workspace(n.min(CHUNK));
                    let mut optimizer = OptimizerSpec::sgd()
                        .build(network.n_parameters())
                        .expect("SGD is valid");
                    let before = network.loss(batch, &mut workspace).expect("the batch fits");
                    bencher.iter(|| {
                        network
                            .train_step(
                                batch,
                                &mut optimizer,
                                case.learning_rate,
                                0,
                                &mut workspace,
                            )
                            .expect("it learns")
                    });
                    let after = network.loss(batch, &mut workspace).expect("the batch fits");
                    assert!(
                        after.is_finite() && after < before,
                        "{} {batch_size}: {before} to {after}",
                        case.name
                    );
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, training_step);
criterion_main!(benches);
