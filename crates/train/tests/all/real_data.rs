//! The textbook's lesson on real data: standardized inputs train well, raw ones do not.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use smallbatch_data::{BatchSize, Dataset, Split, Splitter, builtin};
use smallbatch_mlp::{Loss, Mlp, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::StandardScaler;
use smallbatch_train::{
    Budget, EarlyStopping, Error, Outcome, Schedule, Trainer, Watched, metrics,
};

fn wine(seed: u64) -> Split {
    let splitter = Splitter::new(seed).fractions(0.6, 0.2, 0.2);
    splitter
        .stratified()
        .split(&builtin::wine().unwrap())
        .unwrap()
}

fn wine_trainer(seed: u64) -> Trainer {
    Trainer::new(MlpSpec::new([13, 32, 3]))
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(0.1)
        .batch_size(BatchSize::Mini(16))
        .budget(Budget::Epochs(60))
        .seed(seed)
}

fn test_accuracy(model: &Mlp<f32>, test: &Dataset) -> f64 {
    let probabilities = model.predict(test.features().as_view()).unwrap();
    let labels = test.target().labels().unwrap();
    metrics::accuracy(probabilities.as_view(), labels, None).unwrap()
}

#[test]
fn standardized_wine_is_learned_and_raw_wine_is_not() {
    let (mut standardized, mut raw) = (0.0, 0.0);
    for seed in 0..5 {
        let split = wine(seed);
        let (scaled, _) = split.scaled_by(&StandardScaler::default()).unwrap();
        let trained = wine_trainer(seed)
            .fit(scaled.train(), Some(scaled.validation()))
            .unwrap();
        standardized += test_accuracy(trained.model(), scaled.test()) / 5.0;

        // The same rate on raw inputs: proline, up to 1680, makes it diverge or kills every unit.
        raw += match wine_trainer(seed).fit(split.train(), Some(split.validation())) {
            Ok(trained) => test_accuracy(trained.model(), split.test()) / 5.0,
            Err(Error::Diverged(divergence)) => {
                assert_eq!(divergence.feature.unwrap().name, "proline");
                0.0
            }
            Err(error) => panic!("{error}"),
        };
    }
    assert!(standardized > 0.95, "{standardized}");
    assert!(raw < 0.6, "{raw}");
}

#[test]
fn airfoil_noise_is_predicted() {
    let splitter = Splitter::new(3).fractions(0.6, 0.2, 0.2);
    let split = splitter.split(&builtin::airfoil().unwrap()).unwrap();
    let (split, _) = split.scaled_by(&StandardScaler::default()).unwrap();
    let (split, _) = split.with_scaled_targets().unwrap();
    let trained = Trainer::new(MlpSpec::new([5, 32, 32, 1]).loss(Loss::MeanSquaredError))
        .optimizer(OptimizerSpec::adam())
        .learning_rate(0.01)
        .schedule(Schedule::one_cycle())
        .budget(Budget::Epochs(60))
        .early_stopping(EarlyStopping::patience(30))
        .fit(split.train(), Some(split.validation()))
        .unwrap();
    let predictions = trained
        .model()
        .predict(split.test().features().as_view())
        .unwrap();
    let targets = split.test().target().as_values().unwrap();
    let r2 = metrics::r2(predictions.as_view(), targets.as_view(), None).unwrap();
    // A linear model reaches about 0.5 on this data.
    assert!(r2 > 0.85, "{r2}");
}

/// Equal updates are not equal samples: at equal epochs the full batch makes far fewer updates, and is far behind.
#[test]
fn at_equal_epochs_small_batches_are_ahead_on_wine() {
    let (split, _) = wine(1).scaled_by(&StandardScaler::default()).unwrap();
    let loss = |batch_size| {
        let trainer = wine_trainer(1)
            .batch_size(batch_size)
            .budget(Budget::Epochs(10));
        trainer
            .fit(split.train(), None)
            .unwrap()
            .record()
            .training_loss
    };
    let (small, full) = (loss(BatchSize::Mini(16)), loss(BatchSize::Full));
    assert!(small < 0.5 * full, "{small} {full}");
}

#[test]
fn wine_reaches_a_target_loss() {
    let (split, _) = wine(1).scaled_by(&StandardScaler::default()).unwrap();
    let budget = Budget::until_validation_loss(0.2, Budget::Epochs(60));
    let trained = wine_trainer(1)
        .budget(budget)
        .fit(split.train(), Some(split.validation()))
        .unwrap();
    assert_eq!(trained.outcome(), Outcome::TargetReached);
    let reached = trained
        .history()
        .first_at_or_below(Watched::Validation, 0.2);
    assert_eq!(reached, Some(trained.record()));
}
