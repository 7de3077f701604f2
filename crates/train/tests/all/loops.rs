//! The loop: positions, budgets, evaluations, observers, schedules, stopping.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::common::{classes, classifier, numbers, regressor};
use smallbatch_data::{BatchSize, BatchTarget, Batches};
use smallbatch_mlp::{Batch, CHUNK, MlpSpec, OptimizerSpec, Targets};
use smallbatch_train::{
    Budget, EarlyStopping, Error, EvaluateEvery, Evaluation, History, Observer, Outcome, Period,
    Plan, Record, Schedule, Silent, TaskMetrics, Trainer, Update, Watched,
};

fn losses(history: &History) -> Vec<u64> {
    history
        .records()
        .iter()
        .map(|record| record.training_loss.to_bits())
        .collect()
}

/// The trainer against the same thing written out: a loop over batches, and nothing else.
#[test]
fn it_does_what_a_naive_loop_does() {
    let data = classes(50, 1);
    let trainer = classifier().evaluation(Evaluation::default().all_training_samples());
    let trained = trainer.fit(&data, None).unwrap();

    let spec = MlpSpec::new([2, 8, 3]).dropout(0.1);
    let mut model = spec.build::<f64>(5).unwrap();
    let optimizer = OptimizerSpec::adamw(0.01).clip_norm(1.0);
    let mut optimizer = optimizer.build(model.n_parameters()).unwrap();
    let mut workspace = model.workspace(16);
    let mut batches = Batches::new(&data, BatchSize::Mini(16), 5).unwrap();
    for epoch in 0..12 {
        batches.start_epoch(epoch);
        while let Some(batch) = batches.next_batch() {
            let BatchTarget::Labels(labels) = batch.target else {
                panic!("these are classes")
            };
            let batch = Batch::new(batch.features, Targets::Labels(labels));
            model
                .train_step(&batch, &mut optimizer, 0.01, 5, &mut workspace)
                .unwrap();
        }
    }
    assert_eq!(trained.model(), &model);
    let everything = Batch::new(
        data.features().as_view(),
        Targets::Labels(data.target().labels().unwrap()),
    );
    let loss = model
        .loss(&everything, &mut model.workspace(CHUNK))
        .unwrap();
    assert_eq!(trained.record().training_loss, loss);
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let data = classes(50, 1);
    let (first, second) = (
        classifier().fit(&data, None).unwrap(),
        classifier().fit(&data, None).unwrap(),
    );
    assert_eq!(first.model(), second.model());
    assert_eq!(losses(first.history()), losses(second.history()));
    let other = classifier().seed(6).fit(&data, None).unwrap();
    assert_ne!(first.model(), other.model());
    // Any number of threads gives the same bits.
    let threads = classifier().threads(2).fit(&data, None).unwrap();
    assert_eq!(first.model(), threads.model());
    let automatic = classifier().automatic_threads();
    assert_eq!(automatic.start(&data, None).unwrap().threads(), 1); // a network this small
    assert_eq!(first.model(), automatic.fit(&data, None).unwrap().model());
}

/// A batch of several chunks, which threads share in shards.
#[test]
fn threads_change_no_bit_of_a_full_batch_and_a_checkpoint_goes_on_with_others() {
    let data = classes(700, 1);
    let of = |budget| {
        classifier()
            .batch_size(BatchSize::Full)
            .budget(Budget::Updates(budget))
    };
    let alone = of(6).fit(&data, None).unwrap();
    for trainer in [of(6).threads(2), of(6).automatic_threads()] {
        assert_eq!(alone.model(), trainer.fit(&data, None).unwrap().model());
    }
    let mut session = of(3).automatic_threads().start(&data, None).unwrap();
    session.run(&mut Silent).unwrap();
    let checkpoint = session.checkpoint().with_budget(Budget::Updates(6));
    assert_eq!(checkpoint.trainer(), &of(6).automatic_threads());
    let mut resumed = Trainer::resume(checkpoint, &data, None).unwrap();
    resumed.run(&mut Silent).unwrap();
    assert_eq!(alone.model(), resumed.finish().unwrap().model());
}

#[test]
fn records_count_everything() {
    let data = classes(50, 1); // batches of 16, 16, 16, 2
    let validation = classes(30, 2);
    let trained = classifier()
        .budget(Budget::Updates(10))
        .evaluation(Evaluation::every(EvaluateEvery::Updates(3)).all_training_samples())
        .fit(&data, Some(&validation))
        .unwrap();
    let records = trained.history().records();
    let counts: Vec<(u64, u64, f64)> = records
        .iter()
        .map(|record| (record.update, record.samples, record.epoch))
        .collect();
    let expected = [
        (0, 0, 0.0),
        (3, 48, 0.75),
        (6, 82, 1.5),
        (9, 116, 2.25),
        (10, 132, 2.5),
    ];
    assert_eq!(counts, expected);
    assert_eq!(trained.outcome(), Outcome::BudgetSpent);
    assert_eq!(trained.record(), &records[4]);
    assert_eq!(records[0].seconds, 0.0);
    assert!(
        records
            .windows(2)
            .all(|pair| pair[0].seconds < pair[1].seconds)
    );
    assert!(records.iter().all(|record| record.learning_rate == 0.01));
    for record in records {
        let accuracy = record.validation_metrics.unwrap().accuracy().unwrap();
        assert!((0.0..=1.0).contains(&accuracy));
        assert!(matches!(
            record.training_metrics,
            Some(TaskMetrics::Classification { .. })
        ));
        assert!(record.validation_loss.unwrap().is_finite());
    }
}

#[test]
fn regression_records_rmse_and_r2() {
    let (data, validation) = (numbers(64, 1), numbers(32, 2));
    let trainer = regressor().evaluation(Evaluation::default().all_training_samples());
    let trained = trainer.fit(&data, Some(&validation)).unwrap();
    let record = trained.record();
    // The loss is the mean squared error itself.
    let rmse = record.validation_metrics.unwrap().rmse().unwrap();
    assert!((rmse * rmse - record.validation_loss.unwrap()).abs() < 1e-14);
    let r2 = record.validation_metrics.unwrap().r2().unwrap();
    assert!(r2 < 1.0 && r2 > -1.0, "{r2}");
    assert!(record.training_metrics.unwrap().accuracy().is_none());
}

#[test]
fn evaluations_follow_their_timetable_and_seeded_samples() {
    let data = classes(200, 1);
    let updates = |when| {
        let trainer = classifier().evaluation(Evaluation::every(when));
        let trained = trainer
            .budget(Budget::Updates(30))
            .fit(&data, None)
            .unwrap();
        let records = trained.history().records().iter();
        records.map(|record| record.update).collect::<Vec<_>>()
    };
    assert_eq!(updates(EvaluateEvery::Epochs(1)), [0, 13, 26, 30]);
    assert_eq!(updates(EvaluateEvery::Epochs(2)), [0, 26, 30]);
    assert_eq!(updates(EvaluateEvery::Updates(15)), [0, 15, 30]);
    assert_eq!(
        updates(EvaluateEvery::Geometric { ratio: 2.0 }),
        [0, 1, 2, 4, 8, 16, 30]
    );

    let all = classifier().evaluation(Evaluation::default().all_training_samples());
    let all = all.fit(&data, None).unwrap();
    let limited = |k: usize| {
        let evaluation = Evaluation::default().training_samples(k);
        classifier()
            .evaluation(evaluation)
            .fit(&data, None)
            .unwrap()
    };
    // What is looked at does not change what is trained.
    assert_eq!(all.model(), limited(50).model());
    assert_ne!(losses(all.history()), losses(limited(50).history()));
    assert_eq!(losses(limited(50).history()), losses(limited(50).history()));
    assert_eq!(losses(all.history()), losses(limited(200).history()));
    assert_eq!(losses(all.history()), losses(limited(usize::MAX).history()));
}

#[test]
fn the_full_batch_is_one_update_an_epoch() {
    let data = classes(300, 1);
    let trained = classifier()
        .batch_size(BatchSize::Full)
        .fit(&data, None)
        .unwrap();
    assert_eq!(trained.record().update, 12);
    assert_eq!(trained.record().samples, 3_600);
}

/// Gradients are means: the first update of the full batch is that of one batch of all samples, shuffled.
#[test]
fn full_and_a_batch_of_all_make_the_same_first_update() {
    for n in [50, 700] {
        let data = classes(n, 1);
        let trainer = Trainer::new(MlpSpec::new([2, 8, 3]))
            .optimizer(OptimizerSpec::sgd())
            .learning_rate(0.5)
            .budget(Budget::Updates(1));
        let full = trainer.clone().batch_size(BatchSize::Full);
        let full = full.fit(&data, None).unwrap();
        let mini = trainer.clone().batch_size(BatchSize::Mini(n));
        let mini = mini.fit(&data, None).unwrap();
        let start = MlpSpec::new([2, 8, 3]).build::<f64>(0).unwrap();
        let [full, mini, start] =
            [full.model(), mini.model(), &start].map(|model| model.parameters().as_slice());
        let largest = |a: &[f64], b: &[f64]| {
            let pairs = a.iter().zip(b);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        assert!(largest(full, start) > 1e-3);
        assert!(largest(full, mini) < 1e-14, "{}", largest(full, mini));
    }
}

#[test]
fn a_budget_of_seconds_is_kept() {
    let data = classes(2_000, 1);
    let trained = classifier()
        .budget(Budget::Seconds(0.05))
        .evaluation(Evaluation::every(EvaluateEvery::Updates(50)))
        .fit(&data, None)
        .unwrap();
    // How late it may be is a matter of the machine: `clock` tests the rule.
    let seconds = trained.record().seconds;
    assert!(seconds >= 0.05, "{seconds}");
    assert!(trained.record().update > 0);
    assert_eq!(trained.outcome(), Outcome::BudgetSpent);
}

/// Sleeps while the model is evaluated, and measures for how long.
#[derive(Default)]
struct Slow(Duration);

impl Observer for Slow {
    fn on_evaluation(&mut self, _: &Record) -> ControlFlow<()> {
        let start = Instant::now();
        std::thread::sleep(Duration::from_millis(5));
        self.0 += start.elapsed();
        ControlFlow::Continue(())
    }
}

/// Not that it is fast, which no test could know, but that what was slept is no part of it.
#[test]
fn evaluations_do_not_count_as_training_time() {
    let data = classes(50, 1);
    let mut slow = Slow::default();
    let start = Instant::now();
    let trained = classifier().fit_observed(&data, None, &mut slow).unwrap();
    let awake = start.elapsed() - slow.0;
    let seconds = trained.record().seconds;
    assert!(
        seconds > 0.0 && seconds <= awake.as_secs_f64(),
        "{seconds} of {awake:?}"
    );
}

#[test]
fn training_until_a_loss_stops_at_the_first_evaluation_below_it() {
    let (data, validation) = (classes(120, 1), classes(60, 2));
    let every_epoch = Evaluation::default().all_training_samples();
    let classifier = || classifier().evaluation(every_epoch);
    let whole = classifier()
        .budget(Budget::Epochs(40))
        .fit(&data, Some(&validation))
        .unwrap();
    for watched in [Watched::Training, Watched::Validation] {
        let target = whole.history().records()[20].loss(watched).unwrap();
        let expected = whole.history().first_at_or_below(watched, target).unwrap();
        let cap = Budget::Epochs(40);
        let budget = match watched {
            Watched::Training => Budget::until_training_loss(target, cap),
            Watched::Validation => Budget::until_validation_loss(target, cap),
        };
        let until = classifier().budget(budget);
        let trained = until.fit(&data, Some(&validation)).unwrap();
        assert_eq!(trained.outcome(), Outcome::TargetReached);
        assert_eq!(trained.record().update, expected.update);
        assert_eq!(trained.record().training_loss, expected.training_loss);
    }
    // A target that is reached with the last update of the cap is reached, be that evaluation due or not.
    for updates in [80, 85] {
        let cap = classifier().budget(Budget::Updates(updates));
        let target = cap.fit(&data, None).unwrap().record().training_loss;
        let until = Budget::until_training_loss(target, Budget::Updates(updates));
        let every = Evaluation::every(EvaluateEvery::Updates(80)).all_training_samples();
        let until = classifier().budget(until).evaluation(every);
        let trained = until.fit(&data, None).unwrap();
        assert_eq!(trained.outcome(), Outcome::TargetReached);
    }
    let never = classifier().budget(Budget::until_training_loss(-1.0, Budget::Epochs(3)));
    let never = never.fit(&data, None).unwrap();
    assert_eq!(never.outcome(), Outcome::BudgetSpent);
    assert_eq!(never.record().update, 24);
    let at_once = classifier().budget(Budget::until_training_loss(1e9, Budget::Epochs(3)));
    let at_once = at_once.fit(&data, None).unwrap();
    assert_eq!(at_once.outcome(), Outcome::TargetReached);
    assert_eq!(at_once.record().update, 0);
}

/// Overfits on purpose: few samples, noisy labels, a large rate.
fn overfitting() -> (
    Trainer,
    smallbatch_data::Dataset<f64>,
    smallbatch_data::Dataset<f64>,
) {
    let trainer = Trainer::new(MlpSpec::new([2, 64, 3]))
        .learning_rate(0.03)
        .batch_size(BatchSize::Mini(5))
        .budget(Budget::Epochs(300))
        .early_stopping(EarlyStopping::patience(8));
    (trainer, classes(15, 3), classes(90, 4))
}

#[test]
fn early_stopping_returns_the_best_weights() {
    let (trainer, data, validation) = overfitting();
    let trained = trainer.fit(&data, Some(&validation)).unwrap();
    assert_eq!(trained.outcome(), Outcome::EarlyStopped);
    let history = trained.history();
    let best = history.best(Watched::Validation).unwrap();
    assert_eq!(trained.record(), best);
    // It stopped 8 evaluations after the best, an epoch (3 updates) each.
    assert_eq!(history.last().unwrap().update, best.update + 8 * 3);
    let batch = Batch::new(
        validation.features().as_view(),
        Targets::Labels(validation.target().labels().unwrap()),
    );
    let model = trained.model();
    let loss = model.loss(&batch, &mut model.workspace(CHUNK)).unwrap();
    assert_eq!(Some(loss), best.validation_loss);
}

/// Who asks for a target gets the model that reached it, and not one with a lower validation loss before.
#[test]
fn the_model_that_reached_the_target_is_returned() {
    let (trainer, data, validation) = overfitting();
    let trainer = trainer.early_stopping(EarlyStopping::patience(1_000));
    let target = 0.02;
    let budget = Budget::until_training_loss(target, Budget::Epochs(2_000));
    let trained = trainer
        .budget(budget)
        .fit(&data, Some(&validation))
        .unwrap();
    assert_eq!(trained.outcome(), Outcome::TargetReached);
    assert!(trained.record().training_loss <= target);
    assert_eq!(trained.history().last(), Some(trained.record()));
    let lowest = trained.history().best(Watched::Validation).unwrap();
    assert!(lowest.update < trained.record().update);
}

/// After a divergence the best model is still there.
#[test]
fn the_best_weights_outlive_a_divergence() {
    let (trainer, data, validation) = overfitting();
    let trainer = trainer
        .learning_rate(1e200)
        .early_stopping(EarlyStopping::patience(1_000));
    let mut session = trainer.start(&data, Some(&validation)).unwrap();
    let error = session.run(&mut Silent).unwrap_err();
    assert!(matches!(error, Error::Diverged(_)), "{error}");
    let trained = session.finish().unwrap();
    let best = trained.history().best(Watched::Validation).unwrap();
    assert_eq!(trained.record(), best);
    assert!(
        trained
            .model()
            .parameters()
            .as_slice()
            .iter()
            .all(|w| w.is_finite())
    );
}

/// Evaluations on a few samples take some that weigh something, whatever the seed.
#[test]
fn an_evaluation_on_a_few_samples_takes_some_that_weigh() {
    let mut weights = vec![0.0; 64];
    weights[..8].fill(1.0);
    let data = classes(64, 1).with_weights(weights).unwrap();
    let evaluation = Evaluation::every(EvaluateEvery::Epochs(1)).training_samples(4);
    let trainer = classifier()
        .evaluation(evaluation)
        .budget(Budget::Epochs(1));
    for seed in 0..20 {
        trainer.clone().seed(seed).fit(&data, None).unwrap();
    }
}

#[test]
fn the_best_weights_are_restored_when_the_budget_ends_first() {
    let (trainer, data, validation) = overfitting();
    let stopped = trainer.fit(&data, Some(&validation)).unwrap();
    let best = stopped.record().update;
    // Ends two updates after the best epoch: the closing evaluation is not due, and is no better.
    let short = trainer.clone().budget(Budget::Updates(best + 7));
    let short = short.fit(&data, Some(&validation)).unwrap();
    assert_eq!(short.outcome(), Outcome::BudgetSpent);
    assert_eq!(short.history().last().unwrap().update, best + 7);
    assert!(short.record().validation_loss <= stopped.record().validation_loss);
    // Ends before the best one, while the loss still falls: the closing evaluation is the best.
    let early = trainer.clone().budget(Budget::Updates(4));
    let early = early.fit(&data, Some(&validation)).unwrap();
    let lowest = early.history().best(Watched::Validation).unwrap();
    assert_eq!(early.record(), lowest);
    assert_eq!(lowest.update, 4);
}

#[test]
fn the_rate_falls_on_a_plateau() {
    let data = numbers(32, 1);
    // A rate so small that nothing falls by more than min_delta: every second evaluation is a plateau.
    let trained = regressor()
        .learning_rate(1e-9)
        .schedule(Schedule::ReduceOnPlateau {
            factor: 0.5,
            patience: 2,
            min_delta: 1e-3,
            floor: 0.0,
        })
        .budget(Budget::Epochs(6))
        .evaluation(Evaluation::default().all_training_samples())
        .fit(&data, None)
        .unwrap();
    let rates: Vec<f64> = trained
        .history()
        .records()
        .iter()
        .map(|record| record.learning_rate / 1e-9)
        .collect();
    let expected = [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25];
    assert!(
        rates
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-12),
        "{rates:?}"
    );
}

/// Writes down what it is told, and breaks at an update.
#[derive(Default)]
struct Notes {
    plan: Option<Plan>,
    updates: Vec<Update>,
    records: Vec<Record>,
    break_at_update: Option<u64>,
    break_at_record: Option<u64>,
}

impl Observer for Notes {
    fn on_start(&mut self, plan: &Plan) {
        self.plan = Some(*plan);
    }
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        self.updates.push(*update);
        if self.break_at_update == Some(update.update) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
    fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
        self.records.push(*record);
        if self.break_at_record == Some(record.update) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

#[test]
fn an_observer_hears_everything_and_changes_nothing() {
    let data = classes(50, 1);
    let trainer = classifier()
        .schedule(Schedule::cosine(Period::Epochs(1)))
        .budget(Budget::Updates(10));
    let mut notes = Notes::default();
    let trained = trainer.fit_observed(&data, None, &mut notes).unwrap();
    assert_eq!(trained.model(), trainer.fit(&data, None).unwrap().model());
    let plan = notes.plan.unwrap();
    assert_eq!(
        (
            plan.n_samples,
            plan.updates_per_epoch,
            plan.last_update,
            plan.begins_after
        ),
        (50, 4, Some(10), 0)
    );
    assert_eq!(notes.records, trained.history().records());
    let numbers: Vec<(u64, u64)> = notes
        .updates
        .iter()
        .map(|update| (update.update, update.epoch))
        .collect();
    assert_eq!(
        numbers,
        [
            (1, 0),
            (2, 0),
            (3, 0),
            (4, 0),
            (5, 1),
            (6, 1),
            (7, 1),
            (8, 1),
            (9, 2),
            (10, 2)
        ]
    );
    let schedule = Schedule::cosine(Period::Epochs(1));
    let rates = schedule.rates(0.01, &Budget::Updates(10), 4).unwrap();
    for update in &notes.updates {
        assert_eq!(update.learning_rate, rates.at(update.update - 1));
        assert!(update.batch_loss.is_finite());
    }
}

#[test]
fn an_observer_can_interrupt() {
    let data = classes(50, 1);
    let mut notes = Notes {
        break_at_update: Some(6),
        ..Notes::default()
    };
    let trained = classifier().fit_observed(&data, None, &mut notes).unwrap();
    assert_eq!(trained.outcome(), Outcome::Interrupted);
    assert_eq!(trained.record().update, 6);
    assert_eq!(notes.records, trained.history().records());

    let mut notes = Notes {
        break_at_record: Some(8),
        ..Notes::default()
    };
    let trained = classifier().fit_observed(&data, None, &mut notes).unwrap();
    assert_eq!(trained.outcome(), Outcome::Interrupted);
    assert_eq!(trained.record().update, 8);
    // With the last update the budget is spent, whatever the observer says.
    let mut notes = Notes {
        break_at_update: Some(48),
        break_at_record: Some(48),
        ..Notes::default()
    };
    let trained = classifier().fit_observed(&data, None, &mut notes).unwrap();
    assert_eq!(trained.outcome(), Outcome::BudgetSpent);
}

#[test]
fn an_interrupted_session_goes_on_where_it_stopped() {
    let data = classes(50, 1);
    let trainer = classifier();
    let whole = trainer.fit(&data, None).unwrap();
    for at in [6, 8, 9] {
        let mut session = trainer.start(&data, None).unwrap();
        let mut notes = Notes {
            break_at_update: Some(at),
            ..Notes::default()
        };
        assert_eq!(session.run(&mut notes).unwrap(), Outcome::Interrupted);
        assert_eq!(session.run(&mut Silent).unwrap(), Outcome::BudgetSpent);
        assert_eq!(session.run(&mut Silent).unwrap(), Outcome::BudgetSpent);
        let trained = session.finish().unwrap();
        assert_eq!(trained.model(), whole.model());
        assert_eq!(losses(trained.history()), losses(whole.history()));
    }
}

#[test]
fn a_session_finished_early_is_interrupted_and_evaluated() {
    let data = classes(50, 1);
    let session = classifier().start(&data, None).unwrap();
    let trained = session.finish().unwrap();
    assert_eq!(trained.outcome(), Outcome::Interrupted);
    assert_eq!(trained.record().update, 0);
    assert_eq!(trained.history().records().len(), 1);
}

/// Counts the batches whose loss is 0.
struct Empty(u32);

impl Observer for Empty {
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        self.0 += u32::from(update.batch_loss == 0.0);
        ControlFlow::Continue(())
    }
}

/// A batch whose samples weigh nothing changes nothing, and counts as an update: which batches these are is chance.
#[test]
fn a_batch_without_weight_changes_nothing() {
    let mut weights = vec![0.0; 64];
    weights[..8].fill(1.0);
    let data = classes(64, 1).with_weights(weights).unwrap();
    let trainer = classifier()
        .batch_size(BatchSize::Mini(4))
        .budget(Budget::Epochs(3));
    let mut session = trainer.start(&data, None).unwrap();
    let before = session.model().parameters().clone();
    let mut empty = Empty(0);
    session.run(&mut empty).unwrap();
    assert_eq!(session.update(), 3 * 16);
    // At most 8 of an epoch's 16 batches have a sample that weighs something.
    assert!(empty.0 >= 3 * 8, "{}", empty.0);
    assert_ne!(session.model().parameters(), &before);
}
