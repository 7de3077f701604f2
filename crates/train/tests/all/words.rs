//! What types have in common: they can be printed, compared and saved; and descriptions read as a few words.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::fmt::{Debug, Display};

use crate::common::{classes, classifier};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallbatch_data::{BatchSize, Dataset, Part, Splitter, Strategy, Target, TargetScaler, Task};
use smallbatch_mlp::{Activation, Initializer, Loss, Mlp, MlpSpec, OptimizerSpec, UpdateRule};
use smallbatch_train::{
    Budget, Checkpoint, EarlyStopping, EvaluateEvery, Evaluation, History, Measurement, Outcome,
    Period, Plan, RangeCurve, RangeTest, Record, Schedule, Session, TaskMetrics, Trained, Trainer,
    TrainingLoss, Update, Watched, metrics,
};

fn plain<V: Clone + Debug + PartialEq + Serialize + DeserializeOwned>() {}
fn in_words<V: Display>() {}
fn shown<V: Debug>() {}

/// It compiles, or one of them lacks something.
#[test]
fn descriptions_and_results_can_be_shown_compared_and_saved() {
    plain::<MlpSpec>();
    plain::<OptimizerSpec>();
    plain::<UpdateRule>();
    plain::<Activation>();
    plain::<Initializer>();
    plain::<Loss>();
    plain::<Mlp<f32>>();
    plain::<Trainer>();
    plain::<Schedule>();
    plain::<Budget>();
    plain::<EarlyStopping>();
    plain::<Evaluation>();
    plain::<EvaluateEvery>();
    plain::<TrainingLoss>();
    plain::<Period>();
    plain::<Watched>();
    plain::<Outcome>();
    plain::<Plan>();
    plain::<Update>();
    plain::<Record>();
    plain::<History>();
    plain::<TaskMetrics>();
    plain::<Measurement>();
    plain::<RangeTest>();
    plain::<RangeCurve>();
    plain::<Checkpoint<f64>>();
    plain::<metrics::ConfusionMatrix>();
    plain::<BatchSize>();
    plain::<Strategy>();
    plain::<Part>();
    plain::<Task>();
    plain::<TargetScaler>();
    in_words::<Trainer>();
    in_words::<MlpSpec>();
    in_words::<OptimizerSpec>();
    in_words::<Loss>();
    in_words::<Activation>();
    in_words::<Schedule>();
    in_words::<Budget>();
    in_words::<EarlyStopping>();
    in_words::<Record>();
    in_words::<Measurement>();
    in_words::<metrics::ConfusionMatrix>();
    shown::<Session<'_, f32>>();
    plain::<Trained<f32>>();
    plain::<Splitter>();
    in_words::<Trained<f32>>();
    shown::<(Dataset, Target)>();
}

#[test]
fn descriptions_read_as_a_few_words() {
    let words: Vec<String> = [
        Schedule::Constant,
        Schedule::Step {
            every: Period::Epochs(10),
            factor: 0.1,
        },
        Schedule::Exponential {
            every: Period::Updates(1),
            factor: 1.1,
        },
        Schedule::cosine(Period::Updates(0)),
        Schedule::cosine(Period::Epochs(2)),
        Schedule::one_cycle(),
        Schedule::reduce_on_plateau(1),
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    assert_eq!(
        words,
        [
            "constant",
            "times 0.1 every 10 epochs",
            "evenly times 1.1 every 1 update",
            "cosine",
            "cosine after 2 epochs of warm-up",
            "one-cycle",
            "times 0.1 after 1 evaluation without a lower loss",
        ]
    );
    let trainer = Trainer::new(MlpSpec::new([13, 32, 3]));
    assert_eq!(
        trainer.to_string(),
        "13-32-3, ReLU, softmax cross-entropy; Adam at 0.001, constant; batches of 32; 100 epochs"
    );
    let trainer = trainer
        .batch_size(BatchSize::Full)
        .early_stopping(EarlyStopping::patience(10));
    assert!(trainer.to_string().ends_with(
        "full batch; 100 epochs, until 10 evaluations have not lowered the validation loss"
    ));
}

#[test]
fn records_and_measurements_read_as_a_line() {
    let data = classes(50, 1);
    let trained = classifier().fit(&data, Some(&data)).unwrap();
    let record = trained.record();
    let metrics = record.validation_metrics.unwrap();
    let on_data = trained.evaluate(&data).unwrap();
    assert_eq!(
        trained.to_string(),
        format!("2-8-3, ReLU, softmax cross-entropy, dropout 0.1; {record}; the budget is spent")
    );
    let json = serde_json::to_string(&trained).unwrap();
    assert_eq!(
        serde_json::from_str::<Trained<f64>>(&json).unwrap(),
        trained
    );
    assert_eq!(
        record.to_string(),
        format!(
            "epoch 12, update 48: training loss {:.4}, validation loss {:.4} (accuracy {:.4})",
            record.training_loss,
            record.validation_loss.unwrap(),
            metrics.accuracy().unwrap()
        )
    );
    assert_eq!(
        on_data.to_string(),
        format!("loss {:.4}, {metrics}", on_data.loss)
    );
    let numbers = TaskMetrics::Regression {
        rmse: 1.5,
        r2: Some(0.25),
    };
    assert_eq!(format!("{numbers:.2}"), "RMSE 1.50, R² 0.25");
}

/// The program that stumbled: what a method sets has another name where it is read, or cannot be read.
#[test]
fn what_is_set_is_read_under_the_same_name() {
    let trainer = classifier()
        .learning_rate(0.25)
        .seed(9)
        .threads(2)
        .batch_size(BatchSize::Full);
    assert_eq!(
        (trainer.learning_rate, trainer.seed, trainer.threads),
        (0.25, 9, Some(2))
    );
    assert_eq!(trainer.batch_size, BatchSize::Full);
    assert_eq!(trainer.model.layer_sizes, [2, 8, 3]);
    let test = RangeTest::new().lowest(1e-3).highest(0.5).updates(50);
    assert_eq!((test.lowest, test.highest, test.updates), (1e-3, 0.5, 50));
}
