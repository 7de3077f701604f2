//! Once a training has begun, its updates and its evaluations allocate nothing.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use crate::common::{classes, numbers};
use smallbatch_data::{BatchSize, Dataset};
use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
use smallbatch_train::{
    Budget, EarlyStopping, EvaluateEvery, Evaluation, Period, Schedule, Session, Silent, Trainer,
};

/// The allocations of the next stretch, which ends with an evaluation.
fn allocations(session: &mut Session<'_, f64>) -> u64 {
    let before = session.update();
    let counted = allocation_counter::measure(|| {
        session.advance(&mut Silent).unwrap();
    });
    assert!(session.update() > before, "nothing was measured");
    counted.count_total
}

/// Goes through the evaluation before training and one stretch, and counts in the next.
fn in_the_second_stretch(trainer: &Trainer, data: &Dataset<f64>, validation: &Dataset<f64>) -> u64 {
    let mut session = trainer.start(data, Some(validation)).unwrap();
    let first = allocation_counter::measure(|| {
        session.advance(&mut Silent).unwrap();
    });
    // What is counted is real: the first record, and the best weights so far, are allocated here.
    assert!(first.count_total >= 2, "{first:?}");
    allocations(&mut session);
    // The history's third record finds room: a `Vec` of records begins with room for four.
    allocations(&mut session)
}

#[test]
fn updates_and_evaluations_allocate_nothing() {
    let (classes, numbers) = (
        (classes(100, 1), classes(40, 2)),
        (numbers(100, 1), numbers(40, 2)),
    );
    for optimizer in [
        OptimizerSpec::sgd(),
        OptimizerSpec::momentum(0.9),
        OptimizerSpec::adam(),
        OptimizerSpec::adamw(0.01).clip_norm(1.0),
    ] {
        for batch_size in [BatchSize::Mini(1), BatchSize::Mini(16), BatchSize::Full] {
            for (loss, (data, validation)) in [
                (Loss::softmax_cross_entropy(), &classes),
                (Loss::MeanSquaredError, &numbers),
            ] {
                let n_outputs = data.target().names().len();
                let model = MlpSpec::new([2, 8, n_outputs])
                    .loss(loss.clone())
                    .dropout(0.1);
                // Three epochs a stretch: the order is shuffled in between.
                let trainer = Trainer::new(model)
                    .optimizer(optimizer)
                    .batch_size(batch_size)
                    .schedule(Schedule::cosine(Period::Updates(2)))
                    .budget(Budget::Epochs(20))
                    .early_stopping(EarlyStopping::patience(50))
                    .evaluation(Evaluation::every(EvaluateEvery::Epochs(3)).validation_samples(30));
                assert_eq!(
                    in_the_second_stretch(&trainer, data, validation),
                    0,
                    "{optimizer:?} {batch_size} {loss:?}"
                );
            }
        }
    }
}

/// The same from outside: a training ten times as long allocates as often.
#[test]
fn a_long_training_allocates_no_more_than_a_short_one() {
    let data = classes(100, 1);
    let count = |updates| {
        let trainer = Trainer::new(MlpSpec::new([2, 8, 3]))
            .batch_size(BatchSize::Mini(16))
            .budget(Budget::Updates(updates))
            .evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)));
        let counted = allocation_counter::measure(|| {
            trainer.fit(&data, None).unwrap();
        });
        counted.count_total
    };
    // The first training of a process may set up what later ones find.
    count(1);
    let short = count(20);
    assert!(short > 0);
    assert_eq!(count(200), short);
}
