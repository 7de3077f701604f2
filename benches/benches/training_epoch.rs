//! One pass over the data: shuffle, gather, and an update for each batch. The loop is written out, as `train`'s is, and
//! beside it stands `train` itself, so that what its budget and history cost is seen.

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use smallbatch_benches::{BATCH_SIZES, CASES, Case, targets};
use smallbatch_data::{BatchSize, BatchTarget, Batches, Dataset, StoredValues};
use smallbatch_mlp::{Batch, CHUNK, MlpSpec, OptimizerSpec, Targets};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Trainer};

fn training_epoch(criterion: &mut Criterion) {
    for case in CASES {
        let mut group = criterion.benchmark_group(format!("training_epoch/{}", case.name));
        // An epoch takes up to half a second: ten of them are one sample's worth of patience.
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        let dataset = case.dataset();
        group.throughput(Throughput::Elements(dataset.n_samples() as u64));
        for batch_size in BATCH_SIZES {
            group.bench_with_input(
                BenchmarkId::new("batches", batch_size),
                &dataset,
                |bencher, dataset| {
                    let mut network = case.network();
                    let mut optimizer = OptimizerSpec::sgd()
                        .build(network.n_parameters())
                        .expect("SGD is valid");
                    let mut batches = Batches::new(dataset, batch_size, 1)
                        .expect("no batch is larger than its data");
                    let mut workspace = network.workspace(batches.max_samples().min(CHUNK));
                    let whole = Batch::new(
                        dataset.features().as_view(),
                        targets(dataset, dataset.n_samples()),
                    );
                    let before = network.loss(&whole, &mut workspace).expect("the data fits");
                    let mut epoch = 0;
                    bencher.iter(|| {
                        batches.start_epoch(epoch);
                        epoch += 1;
                        while let Some(choice) = batches.next_choice() {
                            let (BatchTarget::Labels(labels), StoredValues::Numbers(numbers)) =
                                (choice.target, choice.features.values)
                            else {
                                unreachable!("numbers and classes")
                            };
                            let mut batch =
                                Batch::new(numbers, Targets::Labels(labels)).known_finite();
                            if let Some(samples) = choice.samples {
                                batch = batch.samples(samples);
                            }
                            network
                                .train_step(
                                    &batch,
                                    &mut optimizer,
                                    case.learning_rate,
                                    0,
                                    &mut workspace,
                                )
                                .expect("it learns");
                        }
                    });
                    let after = network.loss(&whole, &mut workspace).expect("the data fits");
                    assert!(
                        after.is_finite() && after < before,
                        "{} {batch_size}: {before} to {after}",
                        case.name
                    );
                },
            );
        }
        group.bench_with_input(
            BenchmarkId::new("trainer", BatchSize::Mini(32)),
            &dataset,
            |bencher, dataset| {
                let trainer = trainer(&case);
                bencher.iter_with_large_drop(|| trainer.fit(dataset, None).expect("it learns"));
                check(&trainer, dataset);
            },
        );
        group.finish();
    }
}

/// One epoch at batch 32, the loss measured on 256 samples before and after it.
fn trainer(case: &Case) -> Trainer {
    Trainer::new(MlpSpec::new(case.layer_sizes))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(case.learning_rate)
        .batch_size(BatchSize::Mini(32))
        .budget(Budget::Epochs(1))
        .evaluation(Evaluation::every(EvaluateEvery::Epochs(1)).training_samples(256))
        .seed(1)
}

fn check(trainer: &Trainer, dataset: &Dataset<f32>) {
    let trained = trainer.fit(dataset, None).expect("it learns");
    let records = trained.history().records();
    let (before, after) = (
        records[0].training_loss,
        records[records.len() - 1].training_loss,
    );
    assert!(after.is_finite() && after < before, "{before} to {after}");
}

criterion_group!(benches, training_epoch);
criterion_main!(benches);
