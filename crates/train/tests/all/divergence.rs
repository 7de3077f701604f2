//! A training that diverges says so, where, and what to try; and keeps what it knows.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use crate::common::{classes, numbers, regressor};
use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Activation, Loss, MlpSpec, OptimizerSpec};
use smallbatch_train::{
    Budget, Divergence, Error, EvaluateEvery, Evaluation, NotFinite, Period, Schedule, Silent,
    Trainer, Watched,
};

fn diverge(
    trainer: &Trainer,
    data: &Dataset<f64>,
    validation: Option<&Dataset<f64>>,
) -> Divergence {
    match trainer.fit(data, validation) {
        Err(Error::Diverged(divergence)) => *divergence,
        other => panic!("it did not diverge: {other:?}"),
    }
}

/// y = 3·price, the price about a million: the curvature is about 1e12, so that any usual rate is far too large.
fn in_dollars() -> Dataset<f64> {
    let features = DMatrix::from_fn(3, 64, |i, j| {
        let x = ((j * 7 + i * 3) % 11) as f64 / 10.0 - 0.5;
        if i == 1 { 1e6 + 1e5 * x } else { x }
    });
    let values = DMatrix::from_fn(1, 64, |_, j| features[(0, j)] - features[(2, j)]);
    Dataset::new(features, Target::values(values))
        .unwrap()
        .with_feature_names(["age", "price", "rooms"].map(String::from).to_vec())
        .unwrap()
}

#[test]
fn it_names_the_update_the_rate_and_the_feature() {
    let trainer = Trainer::new(MlpSpec::new([3, 1]).loss(Loss::MeanSquaredError))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(0.1)
        .batch_size(BatchSize::Mini(16))
        .budget(Budget::Epochs(50));
    let data = in_dollars();
    let found = diverge(&trainer, &data, None);
    assert!(found.update > 0 && found.update < 200);
    assert_eq!(found.epoch, found.update / 4);
    assert_eq!(found.learning_rate, 0.1);
    assert!(found.last_finite_loss.unwrap() > 1e100);
    let feature = found.feature.as_ref().unwrap();
    assert_eq!(feature.name, "price");
    assert_eq!((feature.low, feature.high), (0.95e6, 1.05e6));
    assert_eq!(found.median_span, 1.0);
    assert_eq!(found.target, None);
    let sentence = Error::Diverged(Box::new(found.clone())).to_string();
    let start = format!(
        "training diverged after update {} (epoch {}): the ",
        found.update, found.epoch
    );
    assert!(sentence.starts_with(&start), "{sentence}");
    let advice = ". Lower the learning rate of 0.1, to 0.01 perhaps; normalize the inputs: feature `price` spans 100000 \
                  (from 950000 to 1050000), while the median feature spans 1";
    assert!(sentence.ends_with(advice), "{sentence}");
    // The history ends with the last finite evaluation.
    let records = found.history.records();
    assert_eq!(records[0].update, 0);
    assert!(
        records
            .iter()
            .all(|record| record.training_loss.is_finite())
    );
    assert_eq!(records.last().unwrap().update / 4, found.update / 4);
}

/// An error is no update: asked to go on, the session tries the same again and finds the same.
#[test]
fn a_session_that_diverged_stays_where_it_is() {
    let (finite, huge) = (numbers(32, 1), numbers(32, 1));
    let huge = huge
        .clone()
        .with_features(huge.features().map(|x| 1e200 * x));
    let price = in_dollars();
    let by_batch = Trainer::new(MlpSpec::new([3, 1]).loss(Loss::MeanSquaredError))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(0.1)
        .batch_size(BatchSize::Mini(16))
        .evaluation(Evaluation::every(EvaluateEvery::Epochs(1_000)));
    // One sample alone is too large, so that a batch that was skipped would not be missed.
    let mut features = finite.features().clone();
    features[(0, 9)] = 1e200;
    let one_huge = finite.clone().with_features(features).unwrap();
    let by_one_batch = regressor()
        .batch_size(BatchSize::Mini(2))
        .evaluation(Evaluation::every(EvaluateEvery::Epochs(1_000)).training_samples(1));
    let by_weights = Trainer::new(MlpSpec::new([3, 8, 1]).loss(Loss::MeanSquaredError))
        .learning_rate(1e308)
        .batch_size(BatchSize::Mini(16))
        .evaluation(Evaluation::every(EvaluateEvery::Updates(1)));
    // The loss is finite, and so is each number of its gradient; the norm of all sixteen, which was to be clipped, is not.
    let steep = DMatrix::from_element(16, 2, 5e307);
    let steep = Dataset::new(steep, Target::numbers(vec![0.0; 2])).unwrap();
    let by_gradient = Trainer::new(MlpSpec::new([16, 1]).loss(Loss::MeanAbsoluteError))
        .optimizer(OptimizerSpec::sgd().clip_norm(1.0))
        .batch_size(BatchSize::Mini(1))
        .evaluation(Evaluation::every(EvaluateEvery::Epochs(1_000)));
    for (trainer, data, validation) in [
        (&by_batch, &price, None),
        (&by_one_batch, &one_huge, None),
        (&by_weights, &price, None),
        (&by_gradient, &steep, None),
        (&regressor(), &finite, Some(&huge.unwrap())),
    ] {
        let mut session = trainer.start(data, validation).unwrap();
        let mut find = || match session.run(&mut Silent) {
            Err(Error::Diverged(divergence)) => (divergence.to_string(), divergence.update),
            other => panic!("it did not diverge: {other:?}"),
        };
        let first = find();
        assert_eq!(find(), first);
        assert_eq!(find(), first);
        assert_eq!(session.update(), first.1);
    }
}

/// What can be lowered is the rate that was given, not the one that the schedule made of it.
#[test]
fn under_a_schedule_the_advice_is_on_the_rate_that_was_given() {
    let trainer = Trainer::new(MlpSpec::new([3, 1]).loss(Loss::MeanSquaredError))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(0.1)
        .schedule(Schedule::Step {
            every: Period::Updates(2),
            factor: 0.5,
        })
        .batch_size(BatchSize::Mini(16));
    let found = diverge(&trainer, &in_dollars(), None);
    assert_eq!(found.base_learning_rate, 0.1);
    let steps = i32::try_from(found.update / 2).unwrap();
    assert!(steps > 0);
    assert_eq!(found.learning_rate, 0.1 * 0.5_f64.powi(steps));
    let sentence = found.to_string();
    let start = "Lower the learning rate of 0.1 (by schedule ";
    assert!(sentence.contains(start), "{sentence}");
    assert!(
        sentence.contains(" at this update), to 0.01 perhaps; normalize"),
        "{sentence}"
    );
}

/// In f32 the numbers end at 3e38, so that the same training diverges earlier.
#[test]
fn f32_diverges_as_well() {
    let trainer = Trainer::new(MlpSpec::new([3, 8, 1]).loss(Loss::MeanSquaredError))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(0.1)
        .batch_size(BatchSize::Mini(16));
    let data = in_dollars().cast::<f32>().unwrap();
    let Err(Error::Diverged(found)) = trainer.fit(&data, None) else {
        panic!("it did not diverge")
    };
    assert_eq!(found.feature.unwrap().name, "price");
}

#[test]
fn large_targets_are_named() {
    let data = numbers(64, 1);
    let far = data.target().as_values().unwrap().map(|y| 1e9 * y);
    let data = data.with_target(Target::values(far)).unwrap();
    let trainer = Trainer::new(
        MlpSpec::new([2, 16, 1])
            .loss(Loss::MeanSquaredError)
            .activation(Activation::Relu),
    )
    .optimizer(OptimizerSpec::momentum(0.9))
    .learning_rate(0.1)
    .batch_size(BatchSize::Mini(8));
    let found = diverge(&trainer, &data, None);
    assert_eq!(found.feature, None);
    let target = found.target.as_ref().unwrap();
    assert!(target.high > 1e8);
    assert!(
        found.to_string().contains("; standardize the target: `"),
        "{found}"
    );
}

#[test]
fn validation_data_can_be_what_overflows() {
    let data = numbers(32, 1);
    let huge = data
        .clone()
        .with_features(data.features().map(|x| 1e200 * x));
    let found = diverge(&regressor(), &data, Some(&huge.unwrap()));
    assert_eq!(found.update, 0);
    assert!(matches!(
        found.what,
        NotFinite::EvaluatedLoss(Watched::Validation, loss) if !loss.is_finite()
    ));
    assert_eq!(found.last_finite_loss, None);
    assert!(found.history.records().is_empty());
    let sentence = found.to_string();
    assert!(
        sentence.starts_with("training cannot begin: before any update the validation loss is "),
        "{sentence}"
    );
    // It is the validation data that is looked at, and no rate that is to blame.
    let feature = found.feature.as_ref().unwrap();
    assert!(feature.high > 1e199 && found.median_span > 1e199);
    assert!(
        sentence.contains(
            ". Scale the validation inputs as the training inputs were, by the scaler fitted to these: feature `"
        ) && !sentence.contains("rate"),
        "{sentence}"
    );
}

#[test]
fn a_first_batch_that_overflows_is_no_matter_of_the_rate() {
    let data = numbers(32, 1);
    let mut features = data.features().clone();
    features[(1, 9)] = 1e200;
    let data = data.with_features(features).unwrap();
    let trainer = regressor()
        .batch_size(BatchSize::Full)
        .evaluation(Evaluation::default().training_samples(1));
    let found = diverge(&trainer, &data, None);
    assert!(matches!(found.what, NotFinite::BatchLoss(_)));
    assert_eq!(found.update, 0);
    let sentence = found.to_string();
    assert!(
        sentence
            .starts_with("training cannot begin: before any update the loss of the next batch is ")
            && sentence.contains(". Normalize the inputs: feature `")
            && !sentence.contains("rate"),
        "{sentence}"
    );
}

/// A softmax's loss stays finite while its weights overflow: the weights themselves are looked at.
#[test]
fn weights_that_are_not_finite_are_found_at_the_next_evaluation() {
    let data = classes(60, 1);
    let trainer = Trainer::new(MlpSpec::new([2, 8, 3]))
        .optimizer(OptimizerSpec::adam())
        .learning_rate(1e308)
        .batch_size(BatchSize::Full)
        .budget(Budget::Updates(20));
    let found = diverge(&trainer, &data, None);
    assert!(found.update >= 1, "{found}");
    assert_eq!(
        found.history.records().len() as u64,
        found.history.last().unwrap().update + 1
    );
}
