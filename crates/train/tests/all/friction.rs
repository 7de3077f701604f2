//! Programs that stumbled: rates by closure, the model in an observer, a range test, test data with other class numbers, parts
//! without samples, classes of unequal sizes.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests may"
)]

use std::ops::ControlFlow;

use crate::common::{classes, classifier, noise, numbers, regressor};
use nalgebra::DMatrix;
use smallbatch_data::{BatchSize, BatchTarget, Batches, Dataset, Splitter, Target, builtin};
use smallbatch_mlp::{Batch, Loss, Mlp, MlpSpec, OptimizerSpec, Targets};
use smallbatch_preprocess::StandardScaler;
use smallbatch_train::{
    Budget, Checkpoint, Error, ModelRef, Observer, Period, RangeTest, RateBy, Record, Schedule,
    Silent, Trainer, Update, metrics,
};

#[test]
fn rates_by_a_closure_train_as_the_schedule_that_says_the_same() {
    let data = classes(50, 1);
    let every = Period::Updates(5);
    let scheduled = classifier().schedule(Schedule::Step { every, factor: 0.5 });
    let mut rates = RateBy(|update: u64, base: f64| base * 0.5_f64.powi((update / 5) as i32));
    let by_closure = classifier().fit_observed(&data, None, &mut rates).unwrap();
    let expected = scheduled.fit(&data, None).unwrap();
    assert_eq!(by_closure.model(), expected.model());
    let rates = |history: &smallbatch_train::History| -> Vec<f64> {
        history
            .records()
            .iter()
            .map(|record| record.learning_rate)
            .collect()
    };
    assert_eq!(rates(by_closure.history()), rates(expected.history()));
    // What an observer does not change is as if it was not there.
    let unchanged = scheduled
        .fit_observed(&data, None, &mut RateBy(|_, rate| rate))
        .unwrap();
    assert_eq!(unchanged.model(), expected.model());
}

#[test]
fn a_rate_can_follow_from_the_losses_and_two_observers_listen() {
    /// Halves the rate at each loss above the one before.
    struct Careful {
        last: f64,
        factor: f64,
    }
    impl Observer for Careful {
        fn learning_rate(&mut self, _: u64, scheduled: f64) -> f64 {
            scheduled * self.factor
        }
        fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
            if update.batch_loss > self.last {
                self.factor /= 2.0;
            }
            self.last = update.batch_loss;
            ControlFlow::Continue(())
        }
    }
    let data = classes(50, 1);
    let careful = Careful {
        last: f64::INFINITY,
        factor: 1.0,
    };
    let mut observers = (
        careful,
        RateBy(|update, rate| if update == 0 { 0.0 } else { rate }),
    );
    let trained = classifier()
        .fit_observed(&data, None, &mut observers)
        .unwrap();
    assert!(observers.0.factor < 1.0);
    assert!(trained.record().learning_rate < 0.01);
}

#[test]
fn a_rate_that_is_no_rate_is_refused() {
    let data = classes(50, 1);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = classifier()
            .fit_observed(&data, None, &mut RateBy(|_, _| bad))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`Observer::learning_rate` is {bad}; it must be a finite number, at least 0")
        );
    }
}

/// What a checkpoint promises: with the same observer the rest is the same, to the bit, and so are its records.
#[test]
fn a_training_with_rates_by_closure_resumes_to_the_same_bits() {
    let data = classes(50, 1);
    let halving = || RateBy(|update: u64, rate: f64| rate / (1.0 + update as f64));
    let whole = classifier()
        .fit_observed(&data, None, &mut halving())
        .unwrap();
    for at in [3, 4, 5] {
        let mut session = classifier().start(&data, None).unwrap();
        let stop = StopAt(at);
        session.run(&mut (halving(), stop)).unwrap();
        let json = serde_json::to_string(&session.checkpoint()).unwrap();
        let checkpoint: Checkpoint<f64> = serde_json::from_str(&json).unwrap();
        let mut resumed = Trainer::resume(checkpoint.clone(), &data, None).unwrap();
        resumed.run(&mut halving()).unwrap();
        let resumed = resumed.finish().unwrap();
        assert_eq!(resumed.model(), whole.model());
        let rates = |records: &[Record]| -> Vec<u64> {
            records
                .iter()
                .map(|record| record.learning_rate.to_bits())
                .collect()
        };
        assert_eq!(
            rates(resumed.history().records()),
            rates(whole.history().records())
        );
        // Without it, the schedule goes on.
        let mut alone = Trainer::resume(checkpoint, &data, None).unwrap();
        alone.run(&mut Silent).unwrap();
        assert_ne!(alone.finish().unwrap().model(), whole.model());
    }
}

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

/// Keeps the model of each evaluation, and is told nothing by the older method.
struct Keep {
    models: Vec<Mlp<f64>>,
    updates: Vec<u64>,
}

impl Observer for Keep {
    fn on_evaluated_model(&mut self, model: ModelRef<'_>, record: &Record) -> ControlFlow<()> {
        assert!(model.get::<f32>().is_none());
        self.models.extend(model.get::<f64>().cloned());
        self.updates.push(record.update);
        if record.update >= 8 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[test]
fn an_observer_sees_the_model_of_each_evaluation() {
    let data = classes(50, 1);
    let mut keep = Keep {
        models: Vec::new(),
        updates: Vec::new(),
    };
    let trained = classifier().fit_observed(&data, None, &mut keep).unwrap();
    assert_eq!(keep.updates, [0, 4, 8]);
    assert_eq!(keep.models.len(), 3);
    assert_eq!(keep.models.last(), Some(trained.model()));
    assert_ne!(keep.models[0], keep.models[1]);
}

/// The loop of `fit` is compiled for nobody who listens, that of a session for anyone who does.
#[test]
fn a_session_with_lent_observers_gives_the_bits_of_a_fit() {
    let data = classes(50, 1);
    let mut losses = Vec::new();
    let mut rates = RateBy(|_, rate| rate);
    let mut note = Note(&mut losses);
    let mut session = classifier().start(&data, None).unwrap();
    session.run(&mut (&mut rates, &mut note)).unwrap();
    let listened = session.finish().unwrap();
    let alone = classifier().fit(&data, None).unwrap();
    assert_eq!(listened.model(), alone.model());
    let of_history: Vec<f64> = listened
        .history()
        .records()
        .iter()
        .map(|record| record.training_loss)
        .collect();
    assert_eq!(losses, of_history);
}

struct Note<'a>(&'a mut Vec<f64>);

impl Observer for Note<'_> {
    fn on_evaluation(&mut self, record: &Record) -> ControlFlow<()> {
        self.0.push(record.training_loss);
        ControlFlow::Continue(())
    }
}

/// A straight line through one feature of size c, by plain descent on all samples: the curvature is 2·c² along the weight and 2 along the
/// bias, so that rates from 1 / max(1, c²) on diverge.
#[test]
fn a_range_test_finds_the_rates_below_the_limit_of_stability() {
    for c in [1.0, 10.0, 0.5] {
        let features = DMatrix::from_fn(1, 64, |_, i| if i % 2 == 0 { c } else { -c });
        let target = Target::values(features.map(|x| 3.0 * x / c + 1.0));
        let data = Dataset::new(features, target).unwrap();
        let limit = 1.0 / f64::max(1.0, c * c);
        let trainer = Trainer::new(MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError))
            .optimizer(OptimizerSpec::sgd())
            .batch_size(BatchSize::Full)
            .budget(Budget::Epochs(30));
        let curve = RangeTest::new().run(&trainer, &data).unwrap();
        let rate = curve.suggested().unwrap();
        assert!(rate < limit && rate > limit / 100.0, "{rate} for {limit}");
        // It ended where the loss had risen. The lowest is near the limit: beyond it the loss takes some updates to rise.
        assert!(curve.points().len() < 200);
        let lowest = curve.lowest().unwrap().learning_rate;
        assert!(
            lowest > limit / 10.0 && lowest < 10.0 * limit,
            "{lowest} for {limit}"
        );
        let at = |rate: f64| trainer.clone().learning_rate(rate).fit(&data, None);
        let trained = at(rate).unwrap().record().training_loss;
        let untrained = curve.points()[0].batch_loss;
        assert!(trained < untrained, "{trained} of {untrained}");
        let beyond = at(3.0 * limit);
        assert!(beyond.map_or(true, |trained| trained.record().training_loss > untrained));
    }
}

#[test]
fn a_range_test_of_batches_suggests_a_rate_that_trains_and_is_reproducible() {
    let wine = builtin::wine().unwrap();
    let split = Splitter::new(1).stratified().split(&wine).unwrap();
    let (split, _) = split.scaled_by(&StandardScaler::default()).unwrap();
    for optimizer in [OptimizerSpec::adam(), OptimizerSpec::sgd()] {
        let trainer = Trainer::new(MlpSpec::new([13, 16, 3]))
            .optimizer(optimizer)
            .batch_size(BatchSize::Mini(16))
            .budget(Budget::Epochs(30));
        let curve = RangeTest::new().run(&trainer, split.train()).unwrap();
        assert_eq!(
            curve,
            RangeTest::new().run(&trainer, split.train()).unwrap()
        );
        let rate = curve.suggested().unwrap();
        let trained = trainer
            .learning_rate(rate)
            .fit(split.train(), None)
            .unwrap();
        let accuracy = trained.evaluate(split.test()).unwrap().metrics.accuracy();
        assert!(accuracy > Some(0.85), "{accuracy:?} at {rate}");
        let json = serde_json::to_string(&curve).unwrap();
        assert_eq!(
            serde_json::from_str::<smallbatch_train::RangeCurve>(&json).unwrap(),
            curve
        );
    }
}

#[test]
fn a_range_test_checks_its_numbers_and_says_when_no_rate_helps() {
    let data = classes(50, 1);
    let bad = [
        (RangeTest::new().lowest(0.0), "`range_test.lowest` is 0;"),
        (
            RangeTest::new().highest(1e-7),
            "`range_test.highest` is 1e-7;",
        ),
        (
            RangeTest::new().highest(f64::INFINITY),
            "`range_test.highest` is inf;",
        ),
        (RangeTest::new().updates(9), "`range_test.updates` is 9;"),
    ];
    for (test, start) in bad {
        let sentence = test.run(&classifier(), &data).unwrap_err().to_string();
        assert!(sentence.starts_with(start), "{sentence}");
    }
    // A constant target that is predicted already: all weights are 0, and no rate can lower the loss.
    let still = Dataset::new(
        DMatrix::from_element(1, 20, 0.0),
        Target::values(DMatrix::zeros(1, 20)),
    )
    .unwrap();
    let trainer =
        Trainer::new(MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError)).batch_size(BatchSize::Full);
    assert_eq!(
        RangeTest::new().run(&trainer, &still).unwrap().suggested(),
        None
    );
}

fn named(labels: Vec<u32>, names: &[&str]) -> Dataset<f64> {
    let n = labels.len();
    let features = DMatrix::from_fn(1, n, |_, i| f64::from(labels[i]));
    let names = names.iter().map(|&name| name.to_owned()).collect();
    Dataset::new(features, Target::Classes { labels, names }).unwrap()
}

/// The program that stumbled: the test file has no sample of class `a`, so that `b` has its number, and a wrong model the accuracy 1.
#[test]
fn data_with_other_class_numbers_is_refused_and_renumbered() {
    let training = named((0..60).map(|i| i % 3).collect(), &["a", "b", "c"]);
    let trainer = Trainer::new(MlpSpec::new([1, 16, 3]))
        .learning_rate(0.05)
        .budget(Budget::Epochs(60));
    let trained = trainer.fit(&training, None).unwrap();
    assert_eq!(
        trained.evaluate(&training).unwrap().metrics.accuracy(),
        Some(1.0)
    );

    // As a file without `a` is read: b is 0 and c is 1, though the features are those of b and c.
    let mut test = named(vec![0, 1, 1], &["b", "c"]);
    test = test
        .clone()
        .with_features(test.features().add_scalar(1.0))
        .unwrap();
    let labels = test.target().labels().unwrap();
    let predictions = trained.model().predict(test.features()).unwrap();
    assert_eq!(metrics::accuracy(&predictions, labels, None).unwrap(), 0.0); // the disease

    let error = trained.evaluate(&test).unwrap_err();
    assert!(
        matches!(
            error,
            Error::OtherData {
                what: "class",
                position: 0,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "class 0 is `b` in `unnamed`, but `a` in the training data; the two must have the same names in the same order \
         (`Dataset::with_classes_of` numbers classes by their names)"
    );
    let refused = trainer.fit(&training, Some(&test)).unwrap_err().to_string();
    assert!(
        refused.contains("class 0 is `b` in the validation data but `a`"),
        "{refused}"
    );

    let test = test.with_classes_of(&training).unwrap();
    assert_eq!(
        trained.evaluate(&test).unwrap().metrics.accuracy(),
        Some(1.0)
    );
    let confusion = trained.confusion_matrix(&test).unwrap();
    assert_eq!(confusion.counts()[(1, 1)] + confusion.counts()[(2, 2)], 3.0);
    assert_eq!(confusion.names(), ["a", "b", "c"]);
    assert!(trainer.fit(&training, Some(&test)).is_ok());
}

#[test]
fn data_of_another_kind_is_refused() {
    let training = named((0..30).map(|i| i % 2).collect(), &["a", "b"]);
    let trainer = Trainer::new(MlpSpec::new([1, 2]))
        .batch_size(BatchSize::Full)
        .budget(Budget::Epochs(1));
    let trained = trainer.fit(&training, None).unwrap();
    let renamed = training
        .clone()
        .with_feature_names(vec!["other".into()])
        .unwrap();
    let error = trained.evaluate(&renamed).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("feature 0 is `other` in `unnamed`, but `x0` in"),
        "{error}"
    );
    let of_numbers = training
        .clone()
        .with_target(Target::numbers(vec![0.0; 30]))
        .unwrap();
    assert!(matches!(
        trained.evaluate(&of_numbers),
        Err(Error::OtherData { what: "target", .. })
    ));
    let of_three = named(vec![0, 1, 2], &["a", "b", "c"]);
    let error = trained.evaluate(&of_three).unwrap_err().to_string();
    assert!(
        error.starts_with("class 2 is `c` in `unnamed`, but nothing in"),
        "{error}"
    );

    let line = regressor().fit(&numbers(30, 1), None).unwrap();
    assert!(line.evaluate(&numbers(30, 2)).is_ok());
    let error = line.confusion_matrix(&numbers(30, 2)).unwrap_err();
    assert!(error.to_string().contains("needs classes"), "{error}");
}

/// The program that stumbled: no test part, or no validation part.
#[test]
fn two_parts_train_and_the_third_is_refused_by_name() {
    let wine = builtin::wine().unwrap();
    let split = Splitter::new(7)
        .fractions(0.8, 0.2, 0.0)
        .split(&wine)
        .unwrap();
    let (split, _) = split.scaled_by(&StandardScaler::default()).unwrap();
    let trainer = Trainer::new(MlpSpec::new([13, 8, 3])).budget(Budget::Epochs(2));
    let trained = trainer
        .fit(split.train(), Some(split.validation()))
        .unwrap();
    let no_samples = [
        trained.evaluate(split.test()).unwrap_err(),
        trained.confusion_matrix(split.test()).unwrap_err(),
        trainer.fit(split.train(), Some(split.test())).unwrap_err(),
        trainer.fit(split.test(), None).unwrap_err(),
    ];
    for error in no_samples {
        assert!(error.to_string().contains("has no samples"), "{error}");
    }
}

/// One sample in twenty is of the rare class, and the two overlap.
fn a_rare_class() -> Dataset<f64> {
    let x = noise(3, 2_000);
    let labels: Vec<u32> = (0..1_000).map(|i| u32::from(i % 20 == 0)).collect();
    let features = DMatrix::from_fn(1, 1_000, |_, i| {
        x[2 * i] + x[2 * i + 1] + f64::from(labels[i])
    });
    Dataset::new(features, Target::classes(labels)).unwrap()
}

/// With balanced weights more of the rare ones are found.
#[test]
fn balanced_weights_find_more_of_the_rare_class() {
    let data = a_rare_class();
    let recall = |loss: Loss| {
        let trainer = Trainer::new(MlpSpec::new([1, 2]).loss(loss))
            .batch_size(BatchSize::Full)
            .learning_rate(0.1)
            .budget(Budget::Epochs(200));
        trainer
            .fit(&data, None)
            .unwrap()
            .confusion_matrix(&data)
            .unwrap()
            .recall(1)
    };
    let weights = data.target().balanced_class_weights().unwrap();
    assert_eq!(weights, [1_000.0 / 1_900.0, 10.0]);
    let (plain, balanced) = (
        recall(Loss::softmax_cross_entropy()),
        recall(Loss::weighted_softmax_cross_entropy(weights)),
    );
    assert!(plain < 0.3 && balanced > 0.6, "{plain} {balanced}");
}

/// A mini-batch is divided by what the rows of the whole set weigh in the mean. Where each is divided by its own weight, the rare class
/// weighs the less the fewer samples a batch has, since most batches have none of it.
#[test]
fn balanced_weights_weigh_the_same_in_small_batches() {
    let data = a_rare_class();
    let weights = data.target().balanced_class_weights().unwrap();
    let sample_weights = data.target().labels().unwrap().iter();
    let sample_weights = sample_weights.map(|&label| weights[label as usize]);
    let by_samples = data.clone().with_weights(sample_weights.collect()).unwrap();
    let spec = MlpSpec::new([1, 2]);
    let by_classes = spec
        .clone()
        .loss(Loss::weighted_softmax_cross_entropy(weights.clone()));
    let trainer = |spec: &MlpSpec, batch_size| {
        Trainer::new(spec.clone())
            .optimizer(OptimizerSpec::sgd())
            .batch_size(batch_size)
            .schedule(Schedule::cosine(Period::Epochs(0)))
    };
    let recall = |model: &Mlp<f64>| {
        let scores = model.predict(data.features()).unwrap();
        let labels = data.target().labels().unwrap();
        let of_rare = labels.iter().enumerate().filter(|(_, label)| **label == 1);
        let found = of_rare.filter(|(sample, _)| scores[(1, *sample)] > scores[(0, *sample)]);
        found.count() as f64 / 50.0
    };
    let whole = trainer(&by_classes, BatchSize::Full)
        .learning_rate(0.5)
        .budget(Budget::Epochs(400));
    let whole = recall(whole.fit(&data, None).unwrap().model());
    for size in [8, 32] {
        let trainer = |spec| {
            trainer(spec, BatchSize::Mini(size))
                .learning_rate(0.05)
                .budget(Budget::Epochs(40))
        };
        let mini = trainer(&by_classes).fit(&data, None).unwrap().into_model();
        // Weights of samples are weights of classes.
        let same = trainer(&spec).fit(&by_samples, None).unwrap();
        let pairs = same.model().parameters().as_slice().iter();
        let differ = pairs.zip(mini.parameters().as_slice());
        assert!(differ.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-12);

        let naive = divided_by_its_own(&trainer(&by_classes), &data);
        let (mini, naive) = (recall(&mini), recall(&naive));
        println!(
            "recall: full batch {whole}, batches of {size} {mini}, by their own weights {naive}"
        );
        assert!((mini - whole).abs() < 0.05 && naive < whole - 0.05);
    }
}

/// The same training, but for what a batch is divided by.
fn divided_by_its_own(trainer: &Trainer, data: &Dataset<f64>) -> Mlp<f64> {
    let mut model = trainer.model.build::<f64>(trainer.seed).unwrap();
    let mut optimizer = trainer.optimizer.build(model.n_parameters()).unwrap();
    let mut workspace = model.workspace(32);
    let mut batches = Batches::new(data, trainer.batch_size, trainer.seed).unwrap();
    let total = 40.0 * batches.n_batches() as f64;
    for epoch in 0..40 {
        batches.start_epoch(epoch);
        while let Some(batch) = batches.next_batch() {
            let BatchTarget::Labels(labels) = batch.target else {
                panic!("these are classes")
            };
            let batch = Batch::new(batch.features, Targets::Labels(labels));
            let done = optimizer.step() as f64 / total;
            let rate = trainer.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
            model
                .train_step(&batch, &mut optimizer, rate, 0, &mut workspace)
                .unwrap();
        }
    }
    model
}
