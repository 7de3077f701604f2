//! Which training loss a record holds: by default the mean of the losses of the batches since the record before.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::ops::ControlFlow;

use crate::common::{classes, classifier, numbers, regressor};
use smallbatch_data::{BatchSize, BatchTarget, Batches, Dataset, Target};
use smallbatch_mlp::{Loss, MlpSpec, OptimizerSpec};
use smallbatch_train::{
    Budget, Error, EvaluateEvery, Evaluation, History, NotFinite, Observer, Outcome, Record,
    Schedule, Silent, Trainer, TrainingLoss, Update, Watched,
};

/// The batch losses as an observer hears them.
#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer for Losses {
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        self.0.push(update.batch_loss);
        ControlFlow::Continue(())
    }
}

/// Σ weightᵢ of each of the first batches, class weights included.
fn weights_of_batches(
    data: &Dataset<f64>,
    (size, seed): (BatchSize, u64),
    class_weights: &[f64],
    n: usize,
) -> Vec<f64> {
    let mut batches = Batches::new(data, size, seed).unwrap();
    let mut found = Vec::new();
    for epoch in 0.. {
        batches.start_epoch(epoch);
        while let Some(batch) = batches.next_batch() {
            if found.len() == n {
                return found;
            }
            let BatchTarget::Labels(labels) = batch.target else {
                panic!("these are classes")
            };
            let weight = |(i, &label): (usize, &u32)| {
                batch.weights.map_or(1.0, |weights| weights[i]) * class_weights[label as usize]
            };
            found.push(labels.iter().enumerate().map(weight).sum());
        }
    }
    found
}

/// Each record's loss against the sum written out; those that no batch weighs in are evaluated.
fn check(history: &History, losses: &[f64], weights: &[f64]) {
    let mut before = 0;
    for record in history.records() {
        let update = usize::try_from(record.update).unwrap();
        let total: f64 = weights[before..update].iter().sum();
        if total > 0.0 {
            let pairs = losses[before..update].iter().zip(&weights[before..update]);
            let mean = pairs.map(|(loss, weight)| loss * weight).sum::<f64>() / total;
            assert!(
                (record.training_loss - mean).abs() < 1e-14 * (1.0 + mean),
                "{mean} {record:?}"
            );
            assert_eq!(record.training_loss_of, TrainingLoss::Batches);
            assert_eq!(record.training_metrics, None);
        } else {
            assert_eq!(record.training_loss_of, TrainingLoss::All);
            assert!(record.training_metrics.is_some());
        }
        before = update;
    }
}

#[test]
fn it_is_the_mean_that_an_observer_can_collect() {
    let plain = classes(50, 1); // batches of 16, 16, 16, 2
    let weighted = |weights: Vec<f64>| plain.clone().with_weights(weights).unwrap();
    let uneven = weighted((0..50).map(|i| f64::from(i % 7)).collect());
    let mut few = vec![0.0; 50];
    few[..2].fill(0.5);
    let few = weighted(few);
    let classes_weigh = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.0,
        class_weights: Some(vec![1.0, 3.0, 0.25]),
    };
    for (data, loss, class_weights) in [
        (&plain, Loss::softmax_cross_entropy(), [1.0; 3]),
        (&plain, classes_weigh.clone(), [1.0, 3.0, 0.25]),
        (&uneven, Loss::softmax_cross_entropy(), [1.0; 3]),
        (&uneven, classes_weigh, [1.0, 3.0, 0.25]),
        (&few, Loss::softmax_cross_entropy(), [1.0; 3]),
    ] {
        for when in [
            EvaluateEvery::Epochs(1),
            EvaluateEvery::Updates(3),
            EvaluateEvery::Geometric { ratio: 1.5 },
        ] {
            for size in [BatchSize::Mini(16), BatchSize::Full] {
                let trainer = Trainer::new(MlpSpec::new([2, 8, 3]).loss(loss.clone()).dropout(0.3))
                    .batch_size(size)
                    .budget(Budget::Updates(23))
                    .evaluation(Evaluation::every(when))
                    .seed(5);
                let mut heard = Losses::default();
                let trained = trainer.fit_observed(data, None, &mut heard).unwrap();
                let weights = weights_of_batches(data, (size, 5), &class_weights, heard.0.len());
                check(trained.history(), &heard.0, &weights);
                // Piece by piece it is the same.
                let mut session = trainer.start(data, None).unwrap();
                while session.advance(&mut Silent).unwrap().is_none() {}
                let pieces = session.finish().unwrap();
                let losses = |history: &History| -> Vec<f64> {
                    let records = history.records().iter();
                    records.map(|record| record.training_loss).collect()
                };
                assert_eq!(losses(pieces.history()), losses(trained.history()));
            }
        }
    }
}

/// Numbers, and an end that no timetable knows.
#[test]
fn a_budget_of_seconds_ends_with_the_batches_that_it_had() {
    let data = numbers(64, 1);
    let trainer = regressor()
        .budget(Budget::Seconds(0.002))
        .evaluation(Evaluation::every(EvaluateEvery::Updates(5)));
    let mut heard = Losses::default();
    let trained = trainer.fit_observed(&data, None, &mut heard).unwrap();
    assert_eq!(trained.outcome(), Outcome::BudgetSpent);
    assert!(trained.record().update > 0);
    check(trained.history(), &heard.0, &vec![16.0; heard.0.len()]);
}

#[test]
fn each_record_says_which_loss_it_holds() {
    let (small, large, validation) = (classes(256, 1), classes(257, 1), classes(30, 2));
    let which = |evaluation: Evaluation, data| {
        let trainer = classifier()
            .evaluation(evaluation)
            .budget(Budget::Updates(20));
        let trained = trainer.fit(data, Some(&validation)).unwrap();
        let records = trained.history().records();
        for record in records {
            let of_batches = record.training_loss_of == TrainingLoss::Batches;
            assert_eq!(record.training_metrics.is_none(), of_batches);
            assert!(record.validation_metrics.is_some());
        }
        let mut which: Vec<_> = records.iter().map(|r| r.training_loss_of).collect();
        which.dedup();
        which
    };
    use TrainingLoss::{All, Batches, Samples};
    let default = Evaluation::default();
    assert_eq!(which(default, &small), [All, Batches]);
    assert_eq!(which(default, &large), [Samples(256), Batches]);
    assert_eq!(which(default.all_training_samples(), &large), [All]);
    assert_eq!(which(default.training_samples(40), &large), [Samples(40)]);
    assert_eq!(which(default.training_samples(400), &large), [All]);
}

#[test]
fn a_history_survives_json_and_one_of_an_earlier_version_is_read() {
    let trained = classifier().fit(&classes(50, 1), None).unwrap();
    let json = serde_json::to_string(trained.history()).unwrap();
    let read: History = serde_json::from_str(&json).unwrap();
    assert_eq!(&read, trained.history());
    assert!(json.contains(r#""training_loss_of":"batches","training_metrics":null"#));

    let earlier = r#"{"epoch":1.0,"update":4,"samples":50,"seconds":0.5,"learning_rate":0.1,"training_loss":0.7,
        "training_metrics":{"classification":{"accuracy":0.5}},"validation_loss":null,"validation_metrics":null}"#;
    let earlier: Record = serde_json::from_str(earlier).unwrap();
    assert_eq!(earlier.training_loss_of, TrainingLoss::All);
    assert_eq!(earlier.training_metrics.unwrap().accuracy(), Some(0.5));
}

/// What is recorded does not change what is trained.
#[test]
fn the_model_is_the_same_whatever_is_recorded() {
    let data = classes(50, 1);
    let default = classifier().fit(&data, None).unwrap();
    for evaluation in [
        Evaluation::default().all_training_samples(),
        Evaluation::default().training_samples(5),
        Evaluation::every(EvaluateEvery::Updates(u64::MAX)),
    ] {
        let other = classifier().evaluation(evaluation);
        let other = other.fit(&data, None).unwrap();
        assert_eq!(other.model(), default.model());
    }
}

/// The sample that the loss before training is evaluated on has some that weigh, though only three of 3,000 do.
#[test]
fn classes_that_weigh_nothing_are_no_sample() {
    let mut labels: Vec<u32> = (0..3_000).map(|i| i % 2).collect();
    labels[1_000..1_003].fill(2);
    let data = classes(3_000, 1)
        .with_target(Target::classes(labels))
        .unwrap();
    let loss = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.0,
        class_weights: Some(vec![0.0, 0.0, 1.0]),
    };
    let trainer = Trainer::new(MlpSpec::new([2, 8, 3]).loss(loss)).budget(Budget::Epochs(1));
    let trained = trainer.fit(&data, None).unwrap();
    let records = trained.history().records();
    assert_eq!(records[0].training_loss_of, TrainingLoss::Samples(3));
    assert_eq!(records[1].training_loss_of, TrainingLoss::Batches);
}

/// A target is judged on what the records hold: reached late where they lag, and exactly where they are evaluated.
#[test]
fn a_target_is_judged_on_what_is_recorded() {
    let data = classes(120, 1);
    let (target, cap) = (0.3, Budget::Epochs(60));
    let reached = |evaluation: Evaluation| {
        let whole = classifier().evaluation(evaluation).budget(cap.clone());
        let until = whole
            .clone()
            .budget(Budget::until_training_loss(target, cap.clone()));
        let until = until.fit(&data, None).unwrap();
        assert_eq!(until.outcome(), Outcome::TargetReached);
        let whole = whole.fit(&data, None).unwrap();
        let first = whole.history();
        let first = first.first_at_or_below(Watched::Training, target).unwrap();
        assert_eq!(until.record().update, first.update);
        assert_eq!(until.record().training_loss, first.training_loss);
        until.record().update
    };
    let lagging = reached(Evaluation::default());
    let exact = reached(Evaluation::default().all_training_samples());
    assert!(lagging > exact, "{lagging} {exact}");
}

/// The loss before the first update is evaluated, without dropout: batch losses that never come below it are no plateau.
#[test]
fn a_plateau_is_sought_among_losses_of_batches() {
    // The rate is so small that nothing falls by more than min_delta: every second evaluation is a plateau.
    let rates = |evaluation: Evaluation| -> Vec<f64> {
        let trainer = regressor()
            .learning_rate(1e-9)
            .schedule(Schedule::ReduceOnPlateau {
                factor: 0.5,
                patience: 2,
                min_delta: 1e-3,
                floor: 0.0,
            })
            .budget(Budget::Epochs(6))
            .evaluation(evaluation);
        let trained = trainer.fit(&numbers(32, 1), None).unwrap();
        let records = trained.history().records().iter();
        records
            .map(|r| (r.learning_rate / 1e-9 * 8.0).round() / 8.0)
            .collect()
    };
    let evaluated = rates(Evaluation::default().all_training_samples());
    assert_eq!(evaluated, [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
    let of_batches = rates(Evaluation::default());
    assert_eq!(of_batches, [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25]);
}

/// The loss of the last batch is finite, and so are the weights; but no prediction is.
#[test]
fn a_last_update_that_breaks_the_model_is_found() {
    let trainer = regressor()
        .optimizer(OptimizerSpec::sgd())
        .learning_rate(1e200)
        .budget(Budget::Updates(1));
    let Err(Error::Diverged(found)) = trainer.fit(&numbers(64, 1), None) else {
        panic!("a broken model was returned")
    };
    assert_eq!(found.update, 1);
    assert!(matches!(
        found.what,
        NotFinite::EvaluatedLoss(Watched::Training, _)
    ));
    // The history ends with the record that could be made: the loss before that update.
    let last = found.history.last().unwrap();
    assert!(last.training_loss.is_finite());
}
