//! Data that are stored as bytes, and scaled when they are read, train as a scaled copy does.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, Dataset, Split, Splitter, StoredValues, builtin};
use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::StandardScaler;
use smallbatch_train::{Budget, Error, Silent, Trainer};

/// The digits, whose grey levels are 0 to 16, as bytes.
fn digits_as_bytes() -> Split {
    let digits = builtin::digits().unwrap();
    let bytes = digits.features().map(|grey| grey as u8);
    let digits = Dataset::from_bytes(bytes, digits.target().clone()).unwrap();
    Splitter::new(3).split(&digits).unwrap()
}

fn trainer(batch_size: BatchSize) -> Trainer {
    Trainer::new(MlpSpec::new([64, 24, 10]).dropout(0.1))
        .optimizer(OptimizerSpec::momentum(0.9))
        .learning_rate(0.02)
        .batch_size(batch_size)
        .budget(Budget::Epochs(3))
        .seed(5)
}

#[test]
fn a_training_on_bytes_is_one_on_a_scaled_copy() {
    let split = digits_as_bytes();
    let (on_read, scaler) = split.scaled_on_read_by(&StandardScaler::default()).unwrap();
    let (copied, _) = split.scaled_by(&StandardScaler::default()).unwrap();
    assert!(matches!(
        on_read.train().stored().values,
        StoredValues::Bytes(_)
    ));
    assert!(matches!(
        copied.train().stored().values,
        StoredValues::Numbers(_)
    ));
    for batch_size in [BatchSize::Mini(16), BatchSize::Mini(100), BatchSize::Full] {
        let fit = |split: &Split| {
            let trained = trainer(batch_size)
                .fit(split.train(), Some(split.validation()))
                .unwrap();
            let losses: Vec<_> = trained
                .history()
                .records()
                .iter()
                .map(|record| (record.update, record.training_loss, record.validation_loss))
                .collect();
            (trained.model().parameters().clone(), losses)
        };
        assert!(fit(&on_read) == fit(&copied), "{batch_size}");
    }
    // And what it predicts needs no copy of the bytes either: a raw sample, scaled alone.
    let mut sample: Vec<f32> = split.test().features().column(0).iter().copied().collect();
    scaler.transform_sample(&mut sample).unwrap();
    assert_eq!(copied.test().features().column(0).as_slice(), sample);
}

#[test]
fn a_checkpoint_knows_the_same_data_however_they_are_stored() {
    let split = digits_as_bytes();
    let (on_read, _) = split.scaled_on_read_by(&StandardScaler::default()).unwrap();
    let (copied, _) = split.scaled_by(&StandardScaler::default()).unwrap();
    let trainer = trainer(BatchSize::Mini(32));
    let mut session = trainer.start(on_read.train(), None).unwrap();
    session.advance(&mut Silent).unwrap();
    session.advance(&mut Silent).unwrap();
    let checkpoint = session.checkpoint();
    let mut resumed = Trainer::resume(checkpoint.clone(), copied.train(), None).unwrap();
    session.run(&mut Silent).unwrap();
    resumed.run(&mut Silent).unwrap();
    assert_eq!(session.model().parameters(), resumed.model().parameters());
    let unscaled = Trainer::resume(checkpoint, split.train(), None)
        .err()
        .unwrap();
    assert!(
        matches!(unscaled, Error::CheckpointData { .. }),
        "{unscaled}"
    );
}

/// Raw bytes diverge, and the message names the pixel as it does for numbers.
#[test]
fn raw_bytes_are_suspected_when_they_diverge() {
    let bytes = DMatrix::from_fn(2, 40, |i, j| (i * 200 + j) as u8);
    let target = smallbatch_data::Target::numbers((0..40).map(|j| j as f32 / 40.0).collect());
    let data: Dataset = Dataset::from_bytes(bytes, target).unwrap();
    let fitted = Trainer::new(MlpSpec::new([2, 1]).loss(Loss::MeanSquaredError))
        .learning_rate(0.1)
        .optimizer(OptimizerSpec::sgd())
        .fit(&data, None);
    let Err(Error::Diverged(divergence)) = fitted else {
        panic!("pixels of 200 did not diverge")
    };
    let feature = divergence.feature.unwrap();
    assert_eq!(
        (feature.name.as_str(), feature.low, feature.high),
        ("x1", 200.0, 239.0)
    );
}

/// Nothing is decoded as a whole: a step, and an evaluation, allocate nothing.
#[test]
fn a_training_on_bytes_allocates_nothing_once_it_runs() {
    let split = digits_as_bytes();
    let (on_read, _) = split.scaled_on_read_by(&StandardScaler::default()).unwrap();
    for batch_size in [BatchSize::Mini(32), BatchSize::Full] {
        let trainer = trainer(batch_size).budget(Budget::Epochs(20));
        let mut session = trainer
            .start(on_read.train(), Some(on_read.validation()))
            .unwrap();
        for _ in 0..3 {
            session.advance(&mut Silent).unwrap();
        }
        let counted = allocation_counter::measure(|| {
            session.advance(&mut Silent).unwrap();
        });
        // The history's list doubles now and then, and holds less than a sample of the data.
        assert!(counted.bytes_max < 64 * 8, "{batch_size}: {counted:?}");
    }
}
