//! Trainings whose rows are in a file.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::ops::ControlFlow;

use crate::common::{classes, classifier, numbers, regressor};
use smallbatch_data::{BatchSize, Dataset, RowFile, RowFileWriter};
use smallbatch_train::{
    Budget, Checkpoint, Error, EvaluateEvery, Evaluation, Observer, Period, Schedule, Silent,
    Trained, Trainer, TrainingLoss, Update,
};

fn file(data: &Dataset<f64>, most_rows: usize) -> RowFile<f64> {
    let mut writer = RowFileWriter::new(std::env::temp_dir()).unwrap();
    writer.push(data).unwrap();
    writer.finish(most_rows).unwrap()
}

fn weighted(data: Dataset<f64>) -> Dataset<f64> {
    let weights = (0..data.n_samples()).map(|row| (row % 4) as f64);
    let weights = weights.collect();
    data.with_weights(weights).unwrap()
}

struct StopAt(u64);

impl Observer for StopAt {
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        if update.update == self.0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[test]
fn where_memory_holds_all_rows_it_is_a_training_in_memory() {
    for (trainer, data) in [
        (classifier(), classes(100, 1)),
        (classifier().batch_size(BatchSize::Full), classes(100, 1)),
        (
            regressor().evaluation(Evaluation::default().all_training_samples()),
            weighted(numbers(100, 1)),
        ),
    ] {
        let (from_file, in_memory) = (
            trainer.fit(&file(&data, 100), None).unwrap(),
            trainer.fit(&data, None).unwrap(),
        );
        assert_eq!(from_file.model(), in_memory.model());
        let losses = |trained: &Trained<f64>| {
            let records = trained.history().records().to_vec();
            records
                .iter()
                .map(|record| record.training_loss)
                .collect::<Vec<_>>()
        };
        assert_eq!(losses(&from_file), losses(&in_memory));
    }
}

/// The file is sorted by class: without shuffling beyond the window each window would hold one class.
#[test]
fn more_rows_than_memory_holds_are_learned_from() {
    let data = classes(3_000, 1);
    let labels = data.target().labels().unwrap().to_vec();
    let mut sorted: Vec<usize> = (0..3_000).collect();
    sorted.sort_by_key(|&row| labels[row]);
    let rows = file(&data.subset(&sorted).unwrap(), 320);
    let validation = classes(1_000, 2);
    let trained = classifier().fit(&rows, Some(&validation)).unwrap();
    let in_memory = classifier().fit(&data, Some(&validation)).unwrap();
    let loss = |trained: &Trained<f64>| trained.record().validation_loss.unwrap();
    // A constant says ln 3 = 1.10.
    assert!(loss(&trained) < 0.4, "{}", loss(&trained));
    assert!(loss(&trained) < loss(&in_memory) + 0.03);
    assert_ne!(trained.model(), in_memory.model());
    assert_eq!(trained.record().samples, 12 * 3_000);
}

#[test]
fn the_full_batch_is_that_of_memory_but_for_rounding() {
    for (trainer, data) in [
        (regressor(), weighted(numbers(500, 1))),
        (regressor(), numbers(500, 1)),
    ] {
        let trainer = trainer
            .batch_size(BatchSize::Full)
            .budget(Budget::Epochs(30));
        let rows = file(&data, 64);
        let from_file = trainer.fit(&rows, None).unwrap();
        let in_memory = trainer.fit(&data, None).unwrap();
        let parameters = |trained: &Trained<f64>| trained.model().parameters().as_slice().to_vec();
        let pairs = parameters(&from_file)
            .into_iter()
            .zip(parameters(&in_memory));
        let differ = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // Sums of 500 terms in another order; Adam divides by their root.
        assert!(differ < 1e-9, "{differ}");
    }
}

#[test]
fn resumed_is_uninterrupted_wherever_it_stopped() {
    let data = weighted(classes(300, 1));
    let rows = file(&data, 64);
    for trainer in [
        classifier().schedule(Schedule::cosine(Period::Epochs(2))),
        classifier().batch_size(BatchSize::Full),
        classifier().evaluation(Evaluation::every(EvaluateEvery::Updates(7)).training_samples(40)),
    ] {
        let whole = trainer.fit(&rows, None).unwrap();
        for at in [1, 5, 11] {
            let mut session = trainer.start(&rows, None).unwrap();
            let _ = session.run(&mut StopAt(at)).unwrap();
            let json = serde_json::to_string(&session.checkpoint()).unwrap();
            let read = || serde_json::from_str::<Checkpoint<f64>>(&json).unwrap();
            let mut session = Trainer::resume(read(), &rows, None).unwrap();
            let _ = session.run(&mut Silent).unwrap();
            assert_eq!(session.finish().unwrap().model(), whole.model());
            // Another window is another order, and other rows are other rows.
            for other in [file(&data, 128), file(&weighted(classes(300, 2)), 64)] {
                let error = Trainer::resume(read(), &other, None).err().unwrap();
                assert!(matches!(error, Error::CheckpointData { .. }), "{error}");
                assert!(error.to_string().contains("in memory at a time"), "{error}");
            }
        }
    }
}

#[test]
fn the_losses_of_all_rows_are_not_measured_on_a_file() {
    let rows = file(&classes(300, 1), 64);
    let trainer = classifier();
    let all = trainer
        .clone()
        .evaluation(Evaluation::default().all_training_samples());
    let error = all.fit(&rows, None).unwrap_err().to_string();
    assert!(error.contains("`evaluation.training` is all"), "{error}");
    let some = trainer.evaluation(Evaluation::default().training_samples(50));
    let record = *some.fit(&rows, None).unwrap().record();
    assert_eq!(record.training_loss_of, TrainingLoss::Samples(50));
}

#[test]
fn what_is_refused_in_memory_is_refused_in_a_file() {
    let rows = file(&classes(300, 1), 64);
    let sentence = |trainer: Trainer, rows: &RowFile<f64>| trainer.fit(rows, None).unwrap_err();
    let error = sentence(classifier().batch_size(BatchSize::Mini(301)), &rows);
    assert!(matches!(error, Error::BatchTooLarge { .. }), "{error}");
    let error = sentence(regressor(), &rows);
    assert!(matches!(error, Error::TargetKind { .. }), "{error}");
    let ones: Vec<usize> = (0..300).filter(|row| row % 3 == 1).collect();
    let one_class = file(&classes(300, 1).subset(&ones).unwrap(), 10);
    let error = sentence(classifier(), &one_class);
    assert!(matches!(error, Error::OneClassToLearn { .. }), "{error}");
}

#[test]
fn updates_allocate_nothing() {
    let rows = file(&classes(1_000, 1), 256);
    for batch_size in [BatchSize::Mini(16), BatchSize::Full] {
        let trainer = classifier().batch_size(batch_size);
        let mut session = trainer.start(&rows, None).unwrap();
        // The history has room for eight records then.
        for _ in 0..5 {
            session.advance(&mut Silent).unwrap();
        }
        let counted = allocation_counter::measure(|| {
            session.advance(&mut Silent).unwrap();
        });
        assert_eq!(counted.count_total, 0, "{batch_size}");
    }
}
