//! A training that is saved on the way, and killed at any moment, ends with the same bits as one that was not; what was altered is refused.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::ops::ControlFlow;
use std::time::Duration;

use crate::common::{classes, classifier, numbers, regressor};
use nalgebra::DMatrix;
use serde_json::Value;
use smallbatch_data::{BatchSize, Dataset, RowFile, RowFileWriter, Target};
use smallbatch_mlp::{MlpSpec, OptimizerSpec};
use smallbatch_train::{
    Budget, Checkpoint, Checkpoints, EarlyStopping, Error, EvaluateEvery, Evaluation, Observer,
    Outcome, Period, SavePace, Schedule, Session, Silent, Trained, Trainer, TrainingRows, Update,
};

/// Trains to the end and keeps the file of every boundary between two updates.
fn saved_at_each_boundary<'a>(
    trainer: &Trainer,
    training: impl Into<TrainingRows<'a, f64>>,
    validation: Option<&'a Dataset<f64>>,
) -> (Vec<Vec<u8>>, Trained<f64>) {
    let mut session = trainer.start(training, validation).unwrap();
    let mut files = vec![session.checkpoint().to_bytes().unwrap()];
    let mut pace = SavePace::every(Duration::ZERO);
    let save = |session: &Session<'_, f64>, files: &mut Vec<Vec<u8>>| {
        files.push(session.checkpoint().to_bytes().unwrap());
    };
    loop {
        let outcome = session.advance_saved(&mut Silent, &mut pace, |session| {
            save(session, &mut files);
            Ok::<(), Error>(())
        });
        save(&session, &mut files);
        if outcome.unwrap().is_some() {
            return (files, session.finish().unwrap());
        }
    }
}

/// What the process after a kill makes of a file.
fn gone_on<'a>(
    file: &[u8],
    training: impl Into<TrainingRows<'a, f64>>,
    validation: Option<&'a Dataset<f64>>,
) -> Trained<f64> {
    let checkpoint = Checkpoint::from_bytes(file).unwrap();
    let mut session = Trainer::resume(checkpoint, training, validation).unwrap();
    let _ = session.run(&mut Silent).unwrap();
    session.finish().unwrap()
}

/// All that is the same in two trainings: not the seconds.
fn bits(trained: &Trained<f64>) -> (Vec<u64>, Vec<[u64; 4]>, u64, Outcome) {
    let records = trained.history().records().iter();
    let parameters = trained.model().parameters().as_slice().iter();
    (
        parameters.map(|x| x.to_bits()).collect(),
        records
            .map(|record| {
                [
                    record.update,
                    record.learning_rate.to_bits(),
                    record.training_loss.to_bits(),
                    record.validation_loss.map_or(0, f64::to_bits),
                ]
            })
            .collect(),
        trained.record().update,
        trained.outcome(),
    )
}

#[test]
fn from_every_boundary_it_goes_on_to_the_same_bits() {
    let (data, validation) = (classes(50, 1), classes(30, 2));
    let plateau = Schedule::ReduceOnPlateau {
        factor: 0.5,
        patience: 2,
        min_delta: 0.1,
        floor: 0.01,
    };
    let until = |loss| Budget::until_validation_loss(loss, Budget::Epochs(12));
    let trainers = [
        classifier(),
        classifier().schedule(Schedule::cosine(Period::Epochs(2))),
        classifier().schedule(plateau),
        classifier().optimizer(OptimizerSpec::nesterov(0.9)),
        classifier().batch_size(BatchSize::Full).learning_rate(0.2),
        classifier().early_stopping(EarlyStopping::patience(2).min_delta(0.01)),
        classifier().evaluation(Evaluation::every(EvaluateEvery::Updates(7))),
        classifier().budget(Budget::Updates(18)),
        classifier().budget(until(0.9)),
        classifier().budget(Budget::until_training_loss(0.9, Budget::Epochs(12))),
    ];
    for trainer in trainers {
        let whole = trainer.fit(&data, Some(&validation)).unwrap();
        let (files, saved) = saved_at_each_boundary(&trainer, &data, Some(&validation));
        assert_eq!(bits(&saved), bits(&whole), "{trainer}: saving changed it");
        assert!(files.len() as u64 > whole.history().last().unwrap().update);
        for (at, file) in files.iter().enumerate() {
            let resumed = gone_on(file, &data, Some(&validation));
            assert_eq!(bits(&resumed), bits(&whole), "{trainer}: from file {at}");
        }
    }
}

/// The loss is looked at when it is recorded: a target that a model has reached between two evaluations ends nothing there, wherever somebody
/// stops in between.
#[test]
fn a_target_reached_between_evaluations_ends_nothing() {
    let (data, validation) = (classes(50, 1), classes(30, 2));
    let seldom = Evaluation::every(EvaluateEvery::Epochs(6));
    let trainer = classifier()
        .evaluation(seldom)
        .budget(Budget::until_validation_loss(0.9, Budget::Epochs(12)));
    let whole = trainer.fit(&data, Some(&validation)).unwrap();
    assert_eq!(whole.outcome(), Outcome::TargetReached);
    assert_eq!(whole.record().update, 24);
    let mut reached = 0;
    for at in 1..24 {
        let mut session = trainer.start(&data, Some(&validation)).unwrap();
        let outcome = session.run(&mut StopAt(at)).unwrap();
        assert_eq!(outcome, Outcome::Interrupted, "stopped at {at}");
        let file = session.checkpoint().to_bytes().unwrap();
        assert_eq!(
            bits(&gone_on(&file, &data, Some(&validation))),
            bits(&whole)
        );
        let there = session.finish().unwrap();
        reached += u32::from(there.record().validation_loss.unwrap() <= 0.9);
    }
    assert!(reached > 0, "it was reached at the evaluation only");
}

/// Seconds differ from run to run; what is made of them does not: it is the training of as many updates.
#[test]
fn seconds_are_counted_across_a_kill() {
    let data = classes(50, 1);
    let trainer = classifier().budget(Budget::Seconds(0.02));
    let (files, _) = saved_at_each_boundary(&trainer, &data, None);
    for file in [&files[0], &files[files.len() / 2], &files[files.len() - 1]] {
        let before = Checkpoint::<f64>::from_bytes(file).unwrap();
        let resumed = gone_on(file, &data, None);
        assert_eq!(resumed.outcome(), Outcome::BudgetSpent);
        let last = *resumed.history().last().unwrap();
        assert!(last.seconds >= 0.02, "{} s", last.seconds);
        assert!(last.update >= before.update());
        let counted = classifier().budget(Budget::Updates(last.update));
        let counted = counted.fit(&data, None).unwrap();
        assert_eq!(resumed.model(), counted.model());
        assert_eq!(bits(&resumed), bits(&counted));
        // Nothing is left of the time that was spent before.
        let spent = gone_on(&files[files.len() - 1], &data, None);
        assert_eq!(
            spent.history().last().unwrap().update,
            Checkpoint::<f64>::from_bytes(&files[files.len() - 1])
                .unwrap()
                .update()
        );
    }
}

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

fn file_of(data: &Dataset<f64>) -> RowFile<f64> {
    let mut writer = RowFileWriter::new(std::env::temp_dir()).unwrap();
    writer.push(data).unwrap();
    writer.finish(40).unwrap()
}

#[test]
fn the_same_call_goes_on_and_gives_what_it_gave() {
    let scratch = tempfile::tempdir().unwrap();
    let (data, validation) = (classes(100, 1), classes(30, 2));
    let rows = file_of(&data);
    let trainer = classifier().early_stopping(EarlyStopping::patience(9));
    for (name, rows) in [
        ("memory", TrainingRows::from(&data)),
        ("file", TrainingRows::from(&rows)),
    ] {
        let folder = scratch.path().join(name);
        let checkpoints = Checkpoints::in_folder(&folder)
            .every(Duration::from_millis(1))
            .keep(3);
        let whole = trainer.fit(rows, Some(&validation)).unwrap();
        let go = |stop| trainer.fit_saved(rows, Some(&validation), &mut StopAt(stop), &checkpoints);
        for stop in [5, 6, 21] {
            let part = go(stop).unwrap();
            assert_eq!(part.outcome(), Outcome::Interrupted);
            assert_eq!(checkpoints.newest::<f64>().unwrap().unwrap().update(), stop);
        }
        // It would stop at an update that it has behind it.
        assert_eq!(bits(&go(21).unwrap()), bits(&whole), "{name}");
        assert_eq!(bits(&go(1).unwrap()), bits(&whole), "{name}, once more");
        let count = || std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(count(), 3);

        let other = trainer.clone().learning_rate(0.02);
        let error = other.fit_saved(rows, Some(&validation), &mut Silent, &checkpoints);
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("are of another training (the trainer differs)"),
            "{error}"
        );
        // Where the newest is damaged, the one before it counts.
        let newest = |alter: &dyn Fn(&mut Vec<u8>)| {
            let entries = std::fs::read_dir(&folder).unwrap();
            let number = |path: &std::path::PathBuf| -> Option<u32> {
                path.to_str()?.rsplit_once('-')?.1.parse().ok()
            };
            let newest = entries
                .map(|entry| entry.unwrap().path())
                .max_by_key(number)
                .unwrap();
            let mut bytes = std::fs::read(&newest).unwrap();
            alter(&mut bytes);
            std::fs::write(&newest, bytes).unwrap();
            newest
        };
        newest(&|bytes| bytes.truncate(bytes.len() / 2));
        assert_eq!(bits(&go(0).unwrap()), bits(&whole), "{name}, one damaged");
        for _ in 0..3 {
            let damaged = newest(&|bytes| *bytes.last_mut().unwrap() ^= 1);
            if count() > 1 {
                std::fs::remove_file(damaged).unwrap();
            }
        }
        let error = go(0).unwrap_err();
        assert!(matches!(error, Error::CheckpointDamaged { .. }), "{error}");
        checkpoints.clear().unwrap();
        assert!(!folder.exists());
    }
}

#[test]
fn a_folder_that_takes_no_file_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let taken = scratch.path().join("taken");
    std::fs::write(&taken, "").unwrap();
    let checkpoints = Checkpoints::in_folder(&taken).every(Duration::ZERO);
    let error = regressor()
        .fit_saved(&numbers(40, 1), None, &mut Silent, &checkpoints)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("a checkpoint in ") && error.contains("taken"),
        "{error}"
    );
}

/// A training small enough for every bit of it, after three updates of four.
fn tiny() -> Session<'static, f64> {
    let features = DMatrix::from_row_slice(1, 4, &[-1.5, -0.5, 0.5, 1.5]);
    let data = Dataset::<f64>::new(features, Target::classes(vec![0, 0, 1, 1])).unwrap();
    let data: &'static Dataset<f64> = Box::leak(Box::new(data));
    let mut session = Trainer::new(MlpSpec::new([1, 2]))
        .batch_size(BatchSize::Mini(2))
        .budget(Budget::Epochs(2))
        .early_stopping(EarlyStopping::patience(3))
        .start(data, Some(data))
        .unwrap();
    let _ = session.run(&mut StopAt(3)).unwrap();
    session
}

#[test]
fn each_flipped_bit_and_each_cut_of_a_file_is_refused() {
    let bytes = tiny().checkpoint().to_bytes().unwrap();
    Checkpoint::<f64>::from_bytes(&bytes).unwrap();
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = Checkpoint::<f64>::from_bytes(&flipped).unwrap_err();
        assert!(
            matches!(
                error,
                Error::CheckpointDamaged { .. } | Error::CheckpointFormat { .. }
            ),
            "bit {bit}: {error}"
        );
    }
    for length in 0..bytes.len() {
        Checkpoint::<f64>::from_bytes(&bytes[..length]).unwrap_err();
    }
}

/// The places of all values that hold no others.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                leaves(value, &format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

#[test]
fn each_edited_field_is_refused() {
    let json = serde_json::to_value(tiny().checkpoint()).unwrap();
    serde_json::from_value::<Checkpoint<f64>>(json.clone()).unwrap();
    let mut places = Vec::new();
    leaves(&json, "", &mut places);
    for field in [
        "/format",
        "/checksum",
        "/state/update",
        "/state/trainer/seed",
        "/state/trainer/learning_rate",
        "/state/trainer/batch_size",
        "/state/optimizer/first/0",
    ] {
        assert!(
            places.iter().any(|place| place == field),
            "{field}: {places:?}"
        );
    }
    assert!(places.len() > 80, "{}", places.len());
    for place in places {
        let mut edited = json.clone();
        let value = edited.pointer_mut(&place).unwrap();
        *value = match &*value {
            Value::Null => 1.into(),
            Value::Bool(is) => (!is).into(),
            Value::String(text) => format!("{text}0").into(),
            Value::Number(number) => match number.as_u64() {
                Some(whole) => whole.wrapping_add(1).into(),
                None => number.as_f64().unwrap().next_up().into(),
            },
            _ => unreachable!(),
        };
        assert!(
            serde_json::from_value::<Checkpoint<f64>>(edited).is_err(),
            "{place} was edited"
        );
    }
}

/// Power is lost at any moment: what the disk then has is the newest checkpoint that was saved, or one after it, whole.
#[test]
fn a_loss_of_power_costs_no_checkpoint_that_was_saved() {
    let scratch = tempfile::tempdir().unwrap();
    let data = classes(12, 1);
    let trainer = classifier()
        .batch_size(BatchSize::Full)
        .budget(Budget::Epochs(3));
    let folder = scratch.path().join("runs/one");
    let checkpoints = Checkpoints::in_folder(&folder).every(Duration::ZERO);
    let mut session = trainer.start(&data, None).unwrap();
    let ((), recording) = smallbatch_files::power::record(scratch.path(), || {
        let mut pace = SavePace::every(Duration::ZERO);
        loop {
            let outcome = session.advance_saved(&mut Silent, &mut pace, |session| {
                checkpoints.save(&session.checkpoint())?;
                smallbatch_files::power::done(session.update());
                Ok::<(), Error>(())
            });
            if outcome.unwrap().is_some() {
                break;
            }
        }
    })
    .unwrap();
    let left_over = scratch.path().join("left");
    let losses = recording.losses();
    assert!(losses.iter().any(|left| left.done >= 2));
    for left in losses {
        left.lay_out(&left_over).unwrap();
        let found = Checkpoints::in_folder(left_over.join("runs/one")).newest::<f64>();
        let update = found.unwrap().map_or(0, |checkpoint| checkpoint.update());
        assert!(update >= left.done, "{update} after {}", left.done);
    }
}
