//! A training that is stopped, saved and resumed ends with the same bits as one that was not.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::ops::ControlFlow;

use crate::common::{classes, classifier, numbers, regressor};
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{MlpSpec, OptimizerSpec};
use smallbatch_train::{
    Budget, Checkpoint, EarlyStopping, Error, EvaluateEvery, Evaluation, Observer, Outcome, Period,
    Record, Schedule, Silent, Trained, Trainer, Update, Watched,
};

/// Breaks after so many updates.
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

/// Trains up to `at`, goes through JSON, and trains to the end.
fn in_two_parts(
    trainer: &Trainer,
    at: u64,
    training: &Dataset<f64>,
    validation: Option<&Dataset<f64>>,
) -> Trained<f64> {
    let mut session = trainer.start(training, validation).unwrap();
    let _ = session.run(&mut StopAt(at)).unwrap();
    let json = serde_json::to_string(&session.checkpoint()).unwrap();
    drop(session);
    let checkpoint: Checkpoint<f64> = serde_json::from_str(&json).unwrap();
    assert_eq!(checkpoint.trainer(), trainer);
    let mut session = Trainer::resume(checkpoint, training, validation).unwrap();
    let _ = session.run(&mut Silent).unwrap();
    session.finish().unwrap()
}

/// All of a record but the seconds, to the bit.
fn bits(records: &[Record]) -> Vec<(u64, u64, u64, u64, Option<u64>)> {
    records
        .iter()
        .map(|record| {
            (
                record.update,
                record.samples,
                record.learning_rate.to_bits(),
                record.training_loss.to_bits(),
                record.validation_loss.map(f64::to_bits),
            )
        })
        .collect()
}

#[test]
fn resumed_is_uninterrupted_wherever_it_stopped() {
    let (data, validation) = (classes(50, 1), classes(30, 2));
    // So much that every few evaluations are a plateau.
    let plateau = Schedule::ReduceOnPlateau {
        factor: 0.5,
        patience: 2,
        min_delta: 0.1,
        floor: 0.01,
    };
    let trainers = [
        classifier(),
        classifier().schedule(Schedule::cosine(Period::Epochs(2))),
        classifier().schedule(Schedule::one_cycle()),
        classifier().schedule(plateau),
        classifier().evaluation(Evaluation::every(EvaluateEvery::Geometric { ratio: 1.3 })),
        classifier().optimizer(OptimizerSpec::nesterov(0.9)),
        classifier().batch_size(BatchSize::Full).learning_rate(0.2),
        classifier().early_stopping(EarlyStopping::patience(2).min_delta(0.01)),
        classifier().evaluation(Evaluation::default().training_samples(20)),
        classifier().evaluation(Evaluation::default().all_training_samples()),
        // The batches' losses are summed across epochs, and stops.
        classifier().evaluation(Evaluation::every(EvaluateEvery::Updates(7))),
    ];
    for trainer in trainers {
        let whole = trainer.fit(&data, Some(&validation)).unwrap();
        let last = whole.history().last().unwrap();
        if trainer == classifier().schedule(plateau) {
            assert!(last.learning_rate < 0.006, "there was no plateau");
        }
        // Inside an epoch, at its end, just after it, at an evaluation, at the end.
        for at in [1, 3, 4, 5, 8, 11, 30, 48] {
            let parts = in_two_parts(&trainer, at, &data, Some(&validation));
            assert_eq!(parts.model(), whole.model(), "{trainer:?} stopped at {at}");
            assert_eq!(
                bits(parts.history().records()),
                bits(whole.history().records()),
                "{trainer:?} stopped at {at}"
            );
            assert_eq!(parts.outcome(), whole.outcome());
            assert_eq!(parts.record().update, whole.record().update);
        }
    }
}

/// What early stopping has seen is part of the state: the best weights, and how long ago they were.
#[test]
fn early_stopping_remembers_across_a_stop() {
    let (data, validation) = (classes(15, 3), classes(90, 4));
    let trainer = Trainer::new(MlpSpec::new([2, 64, 3]))
        .learning_rate(0.03)
        .batch_size(BatchSize::Mini(5))
        .budget(Budget::Epochs(300))
        .early_stopping(EarlyStopping::patience(8));
    let whole = trainer.fit(&data, Some(&validation)).unwrap();
    assert_eq!(whole.outcome(), Outcome::EarlyStopped);
    let best = whole.record().update;
    for at in [best - 1, best, best + 1, best + 10, best + 24] {
        let parts = in_two_parts(&trainer, at, &data, Some(&validation));
        assert_eq!(parts.outcome(), Outcome::EarlyStopped);
        assert_eq!(parts.model(), whole.model(), "stopped at {at}, {best}");
        assert_eq!(parts.record().update, best);
        assert_eq!(
            bits(parts.history().records()),
            bits(whole.history().records())
        );
    }
}

/// Saving what was just loaded saves the same: nothing is forgotten on the way, the seconds included.
#[test]
fn a_resumed_session_is_in_the_state_that_was_saved() {
    let (data, validation) = (numbers(64, 1), numbers(32, 2));
    let trainer = regressor().early_stopping(EarlyStopping::patience(3));
    for at in [0, 3, 20] {
        let mut session = trainer.start(&data, Some(&validation)).unwrap();
        if at > 0 {
            let _ = session.run(&mut StopAt(at)).unwrap();
        }
        let saved = session.checkpoint();
        assert_eq!(saved.update(), at);
        let json = serde_json::to_string(&saved).unwrap();
        assert_eq!(
            serde_json::from_str::<Checkpoint<f64>>(&json).unwrap(),
            saved
        );
        let resumed = Trainer::resume(saved.clone(), &data, Some(&validation)).unwrap();
        assert_eq!(resumed.checkpoint(), saved);
    }
}

/// A batch whose samples weigh nothing counts as an update, of which the optimizer does not hear.
#[test]
fn batches_without_weight_do_not_spoil_a_checkpoint() {
    let mut weights = vec![0.0; 64];
    weights[..8].fill(1.0);
    let data = classes(64, 1).with_weights(weights).unwrap();
    let trainer = classifier()
        .batch_size(BatchSize::Mini(4))
        .budget(Budget::Epochs(3));
    let whole = trainer.fit(&data, None).unwrap();
    for at in [5, 16, 40] {
        let parts = in_two_parts(&trainer, at, &data, None);
        assert_eq!(parts.model(), whole.model(), "stopped at {at}");
        assert_eq!(
            bits(parts.history().records()),
            bits(whole.history().records())
        );
    }
}

/// Early stopping begins to count again, and a budget that is not larger than what was done changes nothing.
#[test]
fn another_budget_gives_patience_again_and_a_smaller_one_does_nothing() {
    let (data, validation) = (classes(15, 3), classes(90, 4));
    let trainer = Trainer::new(MlpSpec::new([2, 64, 3]))
        .learning_rate(0.03)
        .batch_size(BatchSize::Mini(5))
        .budget(Budget::Epochs(300))
        .early_stopping(EarlyStopping::patience(8));
    let mut session = trainer.start(&data, Some(&validation)).unwrap();
    assert_eq!(session.run(&mut Silent).unwrap(), Outcome::EarlyStopped);
    let (done, records) = (session.update(), session.history().records().len());
    let with = |budget| {
        let checkpoint = session.checkpoint().with_budget(budget);
        let mut session = Trainer::resume(checkpoint, &data, Some(&validation)).unwrap();
        let outcome = session.run(&mut Silent).unwrap();
        (session, outcome)
    };
    let (longer, outcome) = with(Budget::Epochs(300));
    assert_eq!(outcome, Outcome::EarlyStopped);
    assert!(
        longer.update() >= done + 8 * 3,
        "{} after {done}",
        longer.update()
    );
    for budget in [
        Budget::Updates(1),
        Budget::Updates(done),
        Budget::Seconds(1e-9),
    ] {
        let (spent, outcome) = with(budget);
        assert_eq!(outcome, Outcome::BudgetSpent);
        assert_eq!(spent.update(), done);
        let trained = spent.finish().unwrap();
        assert_eq!(trained.history().records().len(), records);
    }
}

#[test]
fn a_training_can_begin_with_a_model_that_is_there() {
    let data = classes(50, 1);
    let trainer = classifier();
    let first = trainer.fit(&data, None).unwrap().into_model();
    let mut session = trainer.start_from(first.clone(), &data, None).unwrap();
    assert_eq!(session.model(), &first);
    session.run(&mut Silent).unwrap();
    let trained = session.finish().unwrap();
    let begun = trained.history().records()[0].training_loss;
    assert!(begun < trainer.fit(&data, None).unwrap().history().records()[0].training_loss);
    assert_ne!(trained.model(), &first);
    let other = MlpSpec::new([2, 9, 3]).build::<f64>(0).unwrap();
    let error = trainer
        .start_from(other, &data, None)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("[2, 9, 3]") && error.contains("Trainer::new(model.spec()"),
        "{error}"
    );
}

#[test]
fn a_spent_training_goes_on_with_a_larger_budget() {
    let data = classes(50, 1);
    let long = classifier().budget(Budget::Epochs(12));
    let short = classifier().budget(Budget::Updates(18)); // ends inside an epoch
    let mut session = short.start(&data, None).unwrap();
    assert_eq!(session.run(&mut Silent).unwrap(), Outcome::BudgetSpent);
    // Without another budget there is nothing left to do.
    let mut same = Trainer::resume(session.checkpoint(), &data, None).unwrap();
    assert_eq!(
        same.advance(&mut Silent).unwrap(),
        Some(Outcome::BudgetSpent)
    );
    assert_eq!(same.finish().unwrap().record().update, 18);

    let checkpoint = session.checkpoint().with_budget(Budget::Epochs(12));
    let mut session = Trainer::resume(checkpoint, &data, None).unwrap();
    let _ = session.run(&mut Silent).unwrap();
    let trained = session.finish().unwrap();
    let whole = long.fit(&data, None).unwrap();
    assert_eq!(trained.model(), whole.model());
    assert_eq!(
        bits(trained.history().records()),
        bits(whole.history().records())
    );
}

#[test]
fn other_data_is_refused() {
    let (data, other) = (classes(50, 1), classes(50, 2));
    let checkpoint = classifier().start(&data, None).unwrap().checkpoint();
    let error = Trainer::resume(checkpoint.clone(), &other, None)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with(
            "the checkpoint was made with other training data (50 samples of 2 features, hash "
        ),
        "{error}"
    );
    // Everything that a training reads counts: one label, one weight.
    let mut labels = data.target().labels().unwrap().to_vec();
    labels[7] = (labels[7] + 1) % 3;
    let relabelled = data.clone().with_target(Target::classes(labels)).unwrap();
    let weighted = data.clone().with_weights(vec![0.5; 50]).unwrap();
    for other in [relabelled, weighted] {
        assert!(matches!(
            Trainer::resume(checkpoint.clone(), &other, None).err(),
            Some(Error::CheckpointData {
                part: Watched::Training,
                ..
            })
        ));
    }
    let error = Trainer::resume(checkpoint, &data, Some(&other))
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with(
            "the checkpoint was made with other validation data (50 samples of 2 features, hash "
        ) && error.contains("instead of none"),
        "{error}"
    );
}

/// A file of format 5, kept from when that was new: after update 30 of the training below, with everything in it that a checkpoint can
/// hold. It must be read by every version that says that it reads format 5. To keep another: set the variable `KEEP_CHECKPOINT`.
#[test]
fn a_checkpoint_that_was_kept_goes_on() {
    let (data, validation) = (classes(50, 1), classes(30, 2));
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/saved/format-5.checkpoint"
    );
    if std::env::var_os("KEEP_CHECKPOINT").is_some() {
        let mut session = kept().start(&data, Some(&validation)).unwrap();
        let _ = session.run(&mut StopAt(30)).unwrap();
        std::fs::write(file, session.checkpoint().to_bytes().unwrap()).unwrap();
    }
    let bytes = std::fs::read(file).unwrap();
    let checkpoint = Checkpoint::<f64>::from_bytes(&bytes).unwrap();
    assert_eq!(checkpoint.trainer(), &kept());
    assert_eq!(checkpoint.update(), 30);
    assert_eq!(checkpoint.to_bytes().unwrap(), bytes);
    let mut session = Trainer::resume(checkpoint, &data, Some(&validation)).unwrap();
    assert_eq!(session.run(&mut Silent).unwrap(), Outcome::BudgetSpent);
    let resumed = session.finish().unwrap();
    // Other vectors than those of the machine that saved it may round otherwise.
    let whole = kept().fit(&data, Some(&validation)).unwrap();
    let records = resumed.history().records().iter();
    for (resumed, whole) in records.zip(whole.history().records()) {
        assert_eq!(resumed.training_loss_of, whole.training_loss_of);
        assert!((resumed.training_loss - whole.training_loss).abs() < 1e-9);
    }
}

fn kept() -> Trainer {
    classifier()
        .schedule(Schedule::ReduceOnPlateau {
            factor: 0.5,
            patience: 2,
            min_delta: 0.1,
            floor: 0.01,
        })
        .early_stopping(EarlyStopping::patience(20).min_delta(0.01))
}

/// A file of another format may have other fields: it is refused for its format, before they are looked at.
#[test]
fn other_formats_are_refused() {
    for format in [1, 2, 3, 4, 99] {
        let other = format!(r#"{{"format":{format},"settings":{{}},"weights":[]}}"#);
        let error = serde_json::from_str::<Checkpoint<f64>>(&other).unwrap_err();
        let expected = format!(
            "the checkpoint has format {format}; this version reads format 5. Finish that run with the version that began it"
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
