//! What a record says, against the metrics computed from the model's own predictions.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use crate::common::{classes, noise, numbers};
use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Activation, Loss, MlpSpec};
use smallbatch_train::{Budget, Evaluation, TaskMetrics, Trained, Trainer, metrics};

fn train(loss: Loss, n_outputs: usize, data: &Dataset<f64>) -> Trained<f64> {
    let spec = MlpSpec::new([2, 6, n_outputs]).activation(Activation::Tanh);
    Trainer::new(spec.loss(loss))
        .learning_rate(0.02)
        .batch_size(BatchSize::Mini(10))
        .budget(Budget::Epochs(5))
        .evaluation(Evaluation::default().all_training_samples())
        .fit(data, None)
        .unwrap()
}

/// Of the samples that the training loss was evaluated on: all.
fn training_metrics(trained: &Trained<f64>) -> TaskMetrics {
    trained.record().training_metrics.unwrap()
}

fn predictions(trained: &Trained<f64>, data: &Dataset<f64>) -> DMatrix<f64> {
    trained.model().predict(data.features().as_view()).unwrap()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{a} {b}");
}

#[test]
fn classes_by_softmax_with_weights() {
    // So many samples are evaluated in three chunks, the last one short.
    let weights: Vec<f64> = (0..600).map(|i| f64::from(i % 4)).collect();
    let data = classes(600, 1).with_weights(weights.clone()).unwrap();
    let trained = train(Loss::softmax_cross_entropy(), 3, &data);
    let predictions = predictions(&trained, &data);
    let labels = data.target().labels().unwrap();
    let record = trained.record();
    let accuracy = metrics::accuracy(predictions.as_view(), labels, Some(&weights)).unwrap();
    close(training_metrics(&trained).accuracy().unwrap(), accuracy);
    let loss = metrics::log_loss(predictions.as_view(), labels, Some(&weights)).unwrap();
    assert!((record.training_loss - loss).abs() < 1e-9);
    let unweighted = metrics::accuracy(predictions.as_view(), labels, None).unwrap();
    assert_ne!(accuracy, unweighted);
}

#[test]
fn two_classes_by_one_output() {
    let three = classes(60, 1);
    let two: Vec<usize> = (0..60).filter(|i| i % 3 != 2).collect();
    let labels: Vec<u32> = two.iter().map(|i| (i % 3) as u32).collect();
    let features = three.features().select_columns(&two);
    let data = Dataset::new(features.clone(), Target::classes(labels.clone())).unwrap();
    let trained = train(Loss::BinaryCrossEntropy, 1, &data);
    let predicted = predictions(&trained, &data);
    let accuracy = metrics::accuracy(predicted.as_view(), &labels, None).unwrap();
    close(training_metrics(&trained).accuracy().unwrap(), accuracy);

    // The same as numbers 0 and 1, twice: the fraction of answers that are right.
    let values = DMatrix::from_fn(2, labels.len(), |_, j| f64::from(labels[j]));
    let data = Dataset::new(features, Target::values(values)).unwrap();
    let trained = train(Loss::BinaryCrossEntropy, 2, &data);
    let predicted = predictions(&trained, &data);
    let right = |row: usize| {
        let row = predicted.rows(row, 1).into_owned();
        metrics::accuracy(row.as_view(), &labels, None).unwrap()
    };
    let accuracy = training_metrics(&trained).accuracy().unwrap();
    close(accuracy, 0.5 * (right(0) + right(1)));
}

#[test]
fn numbers_by_each_loss() {
    let data = numbers(60, 1);
    let targets = data.target().as_values().unwrap();
    let rates = targets.map(|y| (2.0 + 3.0 * y).max(0.0));
    let counts = data.clone().with_target(Target::values(rates)).unwrap();
    for (loss, data) in [
        (Loss::MeanSquaredError, &data),
        (Loss::MeanAbsoluteError, &data),
        (Loss::Huber { delta: 0.3 }, &data),
        (Loss::Poisson, &counts),
    ] {
        let trained = train(loss, 1, data);
        let predicted = predictions(&trained, data);
        let targets = data.target().as_values().unwrap();
        let found = training_metrics(&trained);
        let rmse = metrics::rmse(predicted.as_view(), targets.as_view(), None).unwrap();
        let r2 = metrics::r2(predicted.as_view(), targets.as_view(), None).unwrap();
        close(found.rmse().unwrap(), rmse);
        close(found.r2().unwrap(), r2);
    }
    let quantiles = vec![0.1, 0.5, 0.9];
    let trained = train(Loss::Pinball { quantiles }, 3, &data);
    assert_eq!(training_metrics(&trained), TaskMetrics::LossOnly);
}

#[test]
fn a_constant_target_has_no_r2() {
    let noise = noise(1, 40);
    let features = DMatrix::from_fn(2, 20, |i, j| noise[2 * j + i]);
    let data = Dataset::new(features, Target::values(DMatrix::from_element(1, 20, 3.0))).unwrap();
    let trained = train(Loss::MeanSquaredError, 1, &data);
    let found = training_metrics(&trained);
    assert_eq!(found.r2(), None);
    assert!(found.rmse().unwrap() > 0.0);
}
