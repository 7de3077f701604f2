//! Bad input: each refused with a sentence that names the thing and the way out, before anything is trained.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use crate::common::{classes, classifier, numbers, regressor};
use nalgebra::{DMatrix, dmatrix};
use smallbatch_data::{BatchSize, Dataset, MissingValues, Splitter, Target, TargetScaler};
use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
use smallbatch_preprocess::StandardScaler;
use smallbatch_train::{
    Budget, EarlyStopping, Error, EvaluateEvery, Evaluation, Period, Schedule, Trainer,
};

/// The sentence with which this training is refused.
fn refused(
    trainer: &Trainer,
    training: &Dataset<f64>,
    validation: Option<&Dataset<f64>>,
) -> String {
    let error = trainer.fit(training, validation).unwrap_err();
    // Starting must refuse it already: no time is spent first.
    let started = trainer.start(training, validation).err().unwrap();
    assert_eq!(started.to_string(), error.to_string());
    error.to_string()
}

#[test]
fn settings() {
    let data = classes(30, 1);
    for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(
            refused(&classifier().learning_rate(rate), &data, None),
            format!("`learning_rate` is {rate}; it must be a finite number above 0, such as 0.01")
        );
    }
    assert_eq!(
        refused(&classifier().threads(0), &data, None),
        "`threads` is 0; it must be at least 1 and at most 64"
    );
    assert_eq!(
        refused(&classifier().batch_size(BatchSize::Mini(0)), &data, None),
        "`batch_size` is 0; it must be at least 1, or `BatchSize::Full`"
    );
    assert_eq!(
        refused(&classifier().batch_size(BatchSize::Mini(31)), &data, None),
        "the batch size is 31, but the training data `three clouds` has only 30 samples; use at most 30, or \
         `BatchSize::Full`"
    );
    assert_eq!(
        refused(&classifier().budget(Budget::Epochs(0)), &data, None),
        "`budget` is 0 epochs; it must be at least 1 epoch (0 epochs train nothing)"
    );
    let never = Evaluation::every(EvaluateEvery::Epochs(0));
    assert_eq!(
        refused(&classifier().evaluation(never), &data, None),
        "`evaluation.epochs` is 0; it must be at least 1"
    );
    let one_cycle = classifier().schedule(Schedule::one_cycle());
    assert!(matches!(
        one_cycle.budget(Budget::Seconds(1.0)).fit(&data, None),
        Err(Error::ScheduleNeedsTotal {
            schedule: "one-cycle",
            ..
        })
    ));
    let warm = classifier().schedule(Schedule::cosine(Period::Epochs(12)));
    assert_eq!(
        refused(&warm, &data, None),
        "the schedule warms up for 24 updates, but the budget has only 24; warm up for fewer than that"
    );
}

#[test]
fn networks_and_optimizers() {
    let data = classes(30, 1);
    let no_units = Trainer::new(MlpSpec::new([2, 0, 3]));
    assert_eq!(
        refused(&no_units, &data, None),
        "layer 1 of [2, 0, 3] has 0 units; every layer needs at least 1"
    );
    let momentum = classifier().optimizer(OptimizerSpec::momentum(1.5));
    assert!(refused(&momentum, &data, None).contains("1.5"));
    let dropout = Trainer::new(MlpSpec::new([2, 8, 3]).dropout(1.0));
    assert_eq!(
        refused(&dropout, &data, None),
        "dropout is 1; it must be at least 0 and below 1"
    );
}

#[test]
fn what_watches_validation_needs_it() {
    let data = classes(30, 1);
    let stopping = classifier().early_stopping(EarlyStopping::patience(3));
    assert_eq!(
        refused(&stopping, &data, None),
        "early stopping watches the validation loss, but no validation data was given; give some, or leave early \
         stopping out"
    );
    let until = classifier().budget(Budget::until_validation_loss(0.1, Budget::Epochs(1)));
    assert_eq!(
        refused(&until, &data, None),
        "a budget until a validation loss watches the validation loss, but no validation data was given; give some, or \
         leave a budget until a validation loss out"
    );
}

#[test]
fn data_that_does_not_suit_the_network() {
    let (classes, numbers) = (classes(30, 1), numbers(30, 1));
    let inputs = Trainer::new(MlpSpec::new([5, 3])).batch_size(BatchSize::Full);
    assert_eq!(
        refused(&inputs, &classes, None),
        "the training data `three clouds` has 2 features, but the network has 5 inputs; make the first layer size 2, or \
         choose 5 features"
    );
    let outputs = Trainer::new(MlpSpec::new([2, 4])).batch_size(BatchSize::Full);
    assert_eq!(
        refused(&outputs, &classes, None),
        "the target of the training data `three clouds` has 3 classes, but the network has 4 output(s) and the loss \
         softmax cross-entropy; make the last layer size 3"
    );
    let with = |loss: Loss, n_outputs: usize| {
        Trainer::new(MlpSpec::new([2, n_outputs]).loss(loss)).batch_size(BatchSize::Full)
    };
    assert_eq!(
        refused(&with(Loss::BinaryCrossEntropy, 1), &classes, None),
        "the target of the training data `three clouds` has 3 classes, but the network has 1 output(s) and the loss \
         binary cross-entropy; use `Loss::softmax_cross_entropy()` and the last layer size 3"
    );
    assert_eq!(
        refused(&with(Loss::MeanSquaredError, 1), &classes, None),
        "the loss mean squared error takes numbers, but the target of the training data `three clouds` is classes; use \
         `Loss::softmax_cross_entropy()`"
    );
    assert_eq!(
        refused(&with(Loss::softmax_cross_entropy(), 2), &numbers, None),
        "the loss softmax cross-entropy takes classes, but the target of the training data `a saddle` is numbers; use a \
         loss for numbers, such as `Loss::MeanSquaredError`"
    );
    let quantiles = Loss::Pinball {
        quantiles: vec![0.1, 0.9],
    };
    assert_eq!(
        refused(&with(quantiles, 4), &numbers, None),
        "the target of the training data `a saddle` has 1 values a sample, but the network has 4 output(s) and the loss \
         pinball; make the last layer size 2"
    );
}

/// Refused at the start, though no evaluation would look at that sample and its batch might come late.
#[test]
fn numbers_that_the_loss_is_not_defined_for() {
    let place = 23;
    let rates = |bad: f64| {
        let values = DMatrix::from_fn(1, 30, |_, j| if j == place { bad } else { (j % 2) as f64 });
        let names = vec!["visits".to_owned()];
        numbers(30, 1)
            .with_target(Target::Values { values, names })
            .unwrap()
    };
    let trainer = |loss: Loss| {
        Trainer::new(MlpSpec::new([2, 1]).loss(loss))
            .batch_size(BatchSize::Full)
            .budget(Budget::Epochs(1))
            .evaluation(Evaluation::default().training_samples(1))
    };
    assert_eq!(
        refused(&trainer(Loss::Poisson), &rates(-2.0), None),
        "target `visits` of sample 23 of the training data `a saddle` is -2, but the loss Poisson takes values of at \
         least 0; correct the value, or use a loss for any number, such as `Loss::MeanSquaredError`"
    );
    assert_eq!(
        refused(
            &trainer(Loss::BinaryCrossEntropy),
            &rates(0.5),
            Some(&rates(1.25))
        ),
        "target `visits` of sample 23 of the validation data `a saddle` is 1.25, but the loss binary cross-entropy takes \
         values of at least 0 and at most 1; correct the value, or use a loss for any number, such as \
         `Loss::MeanSquaredError`"
    );
    assert!(trainer(Loss::Poisson).fit(&rates(7.5), None).is_ok());
    assert!(
        trainer(Loss::BinaryCrossEntropy)
            .fit(&rates(1.0), None)
            .is_ok()
    );
    assert!(
        trainer(Loss::MeanSquaredError)
            .fit(&rates(-2.0), None)
            .is_ok()
    );
}

#[test]
fn validation_data_that_is_not_like_the_training_data() {
    let (data, other) = (numbers(30, 1), numbers(20, 2));
    let trainer = regressor();
    let renamed = other
        .clone()
        .with_feature_names(vec!["x1".into(), "x0".into()])
        .unwrap();
    assert_eq!(
        refused(&trainer, &data, Some(&renamed)),
        "feature 0 is `x1` in the validation data but `x0` in the training data; the two must have the same feature names \
         in the same order"
    );
    let wider = Dataset::new(DMatrix::zeros(3, 20), other.target().clone()).unwrap();
    assert_eq!(
        refused(&trainer, &data, Some(&wider)),
        "the validation data `unnamed` has 3 features, but the network has 2 inputs; make the first layer size 3, or \
         choose 2 features"
    );
    let names = |names: [&str; 3]| names.map(String::from).to_vec();
    let relabelled = |class_names: [&str; 3]| {
        let labels = vec![0, 1, 2];
        let names = names(class_names);
        Dataset::new(DMatrix::zeros(2, 3), Target::Classes { labels, names }).unwrap()
    };
    let trainer = Trainer::new(MlpSpec::new([2, 3])).batch_size(BatchSize::Full);
    assert_eq!(
        refused(
            &trainer,
            &relabelled(["oak", "elm", "ash"]),
            Some(&relabelled(["oak", "ash", "elm"]))
        ),
        "class 1 is `ash` in the validation data but `elm` in the training data; the two must have the same class names \
         in the same order (`Dataset::with_classes_of` numbers classes by their names)"
    );
    // Not "make the last layer size 2".
    let two = Target::classes(vec![0, 1, 1]);
    let two = Dataset::new(DMatrix::zeros(2, 3), two).unwrap();
    assert_eq!(
        refused(&trainer, &relabelled(["0", "1", "2"]), Some(&two)),
        "class 2 is `(none)` in the validation data but `2` in the training data; the two must have the same class names \
         in the same order (`Dataset::with_classes_of` numbers classes by their names)"
    );
}

#[test]
fn data_from_which_nothing_can_be_learned() {
    let one = classes(30, 1).subset(&[4]).unwrap();
    let trainer = classifier().batch_size(BatchSize::Full);
    assert_eq!(
        refused(&trainer, &one, None),
        "the training data `three clouds` has 1 sample; give at least 2 (a sample is a column: was a matrix with samples \
         in rows given?)"
    );
    let same = classes(30, 1).subset(&[1, 4, 7]).unwrap();
    let name = same.target().names()[1].clone();
    assert_eq!(
        refused(&trainer, &same, None),
        format!(
            "all 3 samples of the training data `three clouds` are of class `{name}`, so there is nothing to tell apart; \
             give samples of at least two classes (a stratified split keeps every class in every part)"
        )
    );
    // Validation data of one class, or of one sample, is small but can be measured on.
    assert!(trainer.fit(&classes(30, 1), Some(&one)).is_ok());
}

#[test]
fn missing_values_are_refused_by_place() {
    let features = dmatrix![1.0, 2.0, f64::NAN; 1.0, 2.0, 3.0];
    let target = Target::classes(vec![0, 1, 2]);
    let data = Dataset::with_missing(features, target, MissingValues::Admit).unwrap();
    let trainer = Trainer::new(MlpSpec::new([2, 3])).batch_size(BatchSize::Full);
    assert_eq!(
        refused(&trainer, &data, None),
        "feature `x0` of sample 2 of the training data `unnamed` is missing (NaN); fill it in, or drop the sample or the \
         feature"
    );
}

/// Features that are constant, all of them even, tell the samples apart no better than none: what is learned is how
/// frequent the classes are. They are no error, since normalizing within a sample can make them so; scalers report them.
#[test]
fn constant_features_are_harmless() {
    let data = classes(30, 1).subset(&[0, 3, 6, 9, 1, 4, 2, 5]).unwrap();
    let constant = data.clone().with_features(DMatrix::from_element(2, 8, 0.5));
    let trained = classifier()
        .batch_size(BatchSize::Full)
        .learning_rate(0.05)
        .budget(Budget::Epochs(500))
        .fit(&constant.unwrap(), None)
        .unwrap();
    // The entropy of classes with frequencies 1/2, 1/4, 1/4.
    let entropy = 1.5 * 2.0_f64.ln();
    let loss = trained.record().training_loss;
    assert!(loss >= entropy && loss < entropy + 1e-2, "{loss} {entropy}");
}

#[test]
fn a_trainer_survives_json() {
    let trainer = classifier()
        .schedule(Schedule::one_cycle())
        .early_stopping(EarlyStopping::patience(3))
        .budget(Budget::until_validation_loss(0.1, Budget::Seconds(2.0)))
        .evaluation(Evaluation::every(EvaluateEvery::Geometric { ratio: 1.5 }).training_samples(9));
    let json = serde_json::to_string(&trainer).unwrap();
    assert_eq!(serde_json::from_str::<Trainer>(&json).unwrap(), trainer);
}

/// A setting that is not read would be a run other than the one that was asked for.
#[test]
fn misspelt_settings_are_refused() {
    fn check<T: serde::de::DeserializeOwned>(json: &str, name: &str) {
        let Err(error) = serde_json::from_str::<T>(json) else {
            panic!("`{name}` was ignored")
        };
        let error = error.to_string();
        assert!(
            error.starts_with(&format!("unknown field `{name}`")),
            "{error}"
        );
    }
    check::<Evaluation>(
        r#"{"when":{"epochs":1},"training_sample":5}"#,
        "training_sample",
    );
    check::<EvaluateEvery>(r#"{"geometric":{"ratio":1.5,"from":3}}"#, "from");
    check::<EarlyStopping>(r#"{"patience":3,"min_delta":0.0,"delta":0.1}"#, "delta");
    check::<Schedule>(
        r#"{"step":{"every":{"epochs":1},"factor":0.5,"floor":0.1}}"#,
        "floor",
    );
    check::<Budget>(
        r#"{"until_loss":{"part":"training","loss":0.1,"cap":{"epochs":1},"max":2}}"#,
        "max",
    );
    check::<MlpSpec>(
        r#"{"layer_sizes":[2,3],"activations":"tanh"}"#,
        "activations",
    );
}

#[test]
fn a_misspelt_setting_of_a_trainer_is_refused() {
    let saved = serde_json::to_string(&classifier()).unwrap();
    assert!(serde_json::from_str::<smallbatch_train::Trainer>(&saved).is_ok());
    let misspelt = saved.replacen('{', r#"{"early_stoping":null,"#, 1);
    let error = serde_json::from_str::<smallbatch_train::Trainer>(&misspelt).unwrap_err();
    assert!(error.to_string().contains("early_stoping"), "{error}");
}

/// Numbers around 1e-300 are trained on once they are standardized; as they are, each square of the target is 0.
#[test]
fn tiny_numbers_are_trained_on_standardized_and_refused_as_they_are() {
    let n = 40;
    let x = DMatrix::from_fn(2, n, |row, at| {
        1e-300 * ((at * (7 + row * 6) % n) as f64 - 20.0)
    });
    let y = DMatrix::from_fn(1, n, |_, at| x[(0, at)] - 2.0 * x[(1, at)]);
    let data = Dataset::<f64>::new(x, Target::values(y)).unwrap();
    let trainer = Trainer::new(MlpSpec::new([2, 4, 1]).loss(Loss::MeanSquaredError))
        .batch_size(BatchSize::Mini(8))
        .budget(Budget::Epochs(60))
        .learning_rate(0.01);
    let Err(Error::TargetTooSmall { largest, .. }) = trainer.fit(&data, None) else {
        panic!("it was trained on")
    };
    assert!(largest > 1e-300 && largest < 1e-297);
    let split = Splitter::new(0)
        .fractions(0.8, 0.0, 0.2)
        .split(&data)
        .unwrap();
    let (split, _) = split.scaled_by(&StandardScaler::new()).unwrap();
    let scaler = TargetScaler::fit(split.train()).unwrap();
    let training = scaler.apply(split.train()).unwrap();
    let trained = trainer.fit(&training, None).unwrap();
    let test = trained
        .evaluate(&scaler.apply(split.test()).unwrap())
        .unwrap();
    assert!(test.loss < 0.2, "{}", test.loss);
    // With a loss that squares nothing the features alone are small, which is no error.
    let absolute = Trainer::new(MlpSpec::new([2, 2]).loss(Loss::Pinball {
        quantiles: vec![0.1, 0.9],
    }));
    absolute.budget(Budget::Epochs(1)).fit(&data, None).unwrap();
}
