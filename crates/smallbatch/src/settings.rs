//! The rule of the front page: no setting is refused before the first call that returns a `Result`, each by that call, and before the data.

use std::path::Path;

use crate::data::{KFolds, Strategy};
use crate::pipeline::{Line, Memory, NetworkRecipe};
use crate::prelude::*;
use crate::preprocess::{FitData, Threads};
use crate::train::EvaluateEvery;
use crate::{Error, Result};

/// One bad setting a row: a word of the error, and the call. The data are bad, too, but nobody says so.
fn refused<T>(cases: impl IntoIterator<Item = (&'static str, Result<T>)>) {
    for (setting, result) in cases {
        let error = result.err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("{setting} was not refused"));
        assert!(error.contains(setting), "{setting} is not in: {error}");
    }
}

fn nothing() -> Dataset<f32> {
    let wine = builtin::wine().unwrap();
    let split = Splitter::new(0).fractions(0.5, 0.5, 0.0).split(&wine);
    split.unwrap().test().clone()
}

#[test]
fn of_a_training() {
    let empty = nothing();
    let of_model = |spec: MlpSpec| Trainer::new(spec);
    let spec = || MlpSpec::new([2, 4, 3]);
    let plain = || of_model(spec());
    let cases = [
        ("learning_rate", plain().learning_rate(-1.0)),
        ("batch_size", plain().batch_size(BatchSize::Mini(0))),
        ("threads", plain().threads(0)),
        ("budget", plain().budget(Budget::Epochs(0))),
        ("budget", plain().budget(Budget::Seconds(f64::NAN))),
        (
            "early_stopping",
            plain().early_stopping(EarlyStopping::patience(0)),
        ),
        (
            "evaluation",
            plain().evaluation(Evaluation::every(EvaluateEvery::Updates(0))),
        ),
        (
            "schedule",
            plain().schedule(Schedule::Cosine {
                warm_up: Period::Epochs(1),
                floor: 2.0,
            }),
        ),
        (
            "schedule",
            plain()
                .schedule(Schedule::one_cycle())
                .budget(Budget::Seconds(1.0)),
        ),
        ("dropout", of_model(spec().dropout(1.0))),
        (
            "slope",
            of_model(spec().activation(Activation::LeakyRelu { slope: -1.0 })),
        ),
        ("delta", of_model(spec().loss(Loss::Huber { delta: 0.0 }))),
        ("momentum", plain().optimizer(OptimizerSpec::momentum(2.0))),
        (
            "weight decay",
            plain().optimizer(OptimizerSpec::adam().weight_decay(-1.0)),
        ),
    ];
    for (setting, trainer) in cases {
        refused([
            (
                setting,
                trainer.fit(&empty, None).map(drop).map_err(Error::from),
            ),
            (
                setting,
                trainer.start(&empty, None).map(drop).map_err(Error::from),
            ),
            (setting, trainer.validate().map_err(Error::from)),
        ]);
    }
    let run = |test: RangeTest| test.run(&plain(), &empty).map_err(Error::from);
    refused([
        ("range_test.lowest", run(RangeTest::new().lowest(0.0))),
        ("range_test.updates", run(RangeTest::new().updates(1))),
    ]);
}

#[test]
fn of_splits_and_scalers() {
    let empty = nothing();
    refused([
        (
            "train 0.9",
            Splitter::new(0)
                .fractions(0.9, 0.9, 0.0)
                .split(&empty)
                .map(drop)
                .map_err(Error::from),
        ),
        (
            "folds",
            KFolds::new(&empty, 1, 0, Strategy::Shuffled)
                .map(drop)
                .map_err(Error::from),
        ),
    ]);
    let x = DMatrix::from_element(1, 4, f64::NAN);
    let (data, sound) = (FitData::new(&x), DMatrix::from_element(1, 4, 1.0));
    let no_threads = StandardScaler::new().fit(&FitData::new(&x).threads(Threads::AtMost(0)));
    let fitted = StandardScaler::new().fit(&FitData::new(&sound)).unwrap();
    refused([
        (
            "range",
            MinMaxScaler::new()
                .range(1.0, 0.0)
                .fit(&data)
                .map(drop)
                .map_err(Error::from),
        ),
        ("threads", no_threads.map(drop).map_err(Error::from)),
        (
            "threads",
            fitted
                .threads(Threads::AtMost(0))
                .transform(&x)
                .map(drop)
                .map_err(Error::from),
        ),
    ]);
}

#[test]
fn of_a_recipe() {
    let table = Table::read("a\n1\n".as_bytes()).unwrap();
    let network = |recipe: NetworkRecipe| Recipe::Network(recipe);
    let usual = NetworkRecipe::default;
    let cases = [
        (
            "l1",
            Recipe::Line(Line {
                l1: 2.0,
                ..Line::default()
            }),
        ),
        (
            "penalty",
            Recipe::Line(Line {
                penalty: -1.0,
                ..Line::default()
            }),
        ),
        (
            "learning_rate",
            network(NetworkRecipe {
                learning_rate: 0.0,
                ..usual()
            }),
        ),
        (
            "budget",
            network(NetworkRecipe {
                epochs: 0,
                ..usual()
            }),
        ),
        (
            "dropout",
            network(NetworkRecipe {
                dropout: 1.0,
                ..usual()
            }),
        ),
        (
            "range",
            network(NetworkRecipe {
                scaler: MinMaxScaler::new().range(1.0, 0.0).into(),
                ..usual()
            }),
        ),
        (
            "batch_size",
            network(NetworkRecipe {
                batch_size: BatchSize::Mini(0),
                ..usual()
            }),
        ),
    ];
    let (reader, nowhere) = (TableReader::new(), Path::new("no such file"));
    for (setting, recipe) in cases {
        let in_memory = Pipeline::fit(&table, &reader, &recipe, 0);
        let on_disk = Pipeline::fit_path(nowhere, &reader, &recipe, 0, &Memory::default());
        refused([
            (setting, in_memory.map_err(Error::from)),
            (setting, on_disk.map_err(Error::from)),
        ]);
    }
    let memory = Memory {
        rows: 0,
        ..Memory::default()
    };
    let on_disk = Pipeline::fit_path(nowhere, &reader, &Recipe::default(), 0, &memory);
    refused([("memory.rows", on_disk.map_err(Error::from))]);
}

#[cfg(feature = "advice")]
#[test]
fn of_an_advice() {
    use crate::advice::{AdvicePlan, advise};

    let table = Table::read("a\n1\n".as_bytes()).unwrap();
    let plan = AdvicePlan {
        threads: 0,
        ..AdvicePlan::new(TableReader::new())
    };
    refused([(
        "threads",
        advise(&table, &plan, &mut ()).map_err(Error::from),
    )]);
}

#[cfg(feature = "lab")]
#[test]
fn of_an_experiment() {
    use crate::lab::{RunPlan, preregister};

    let plan = RunPlan {
        repetitions: Some(5),
        tables: Some("no such folder".into()),
        ..RunPlan::default()
    };
    refused([("repetitions", preregister(&plan).map_err(Error::from))]);
}

/// A number of 301 digits is no help, and neither is one of 300 zeros.
#[test]
fn no_message_writes_out_a_row_of_zeros() {
    let values = DMatrix::from_row_slice(1, 3, &[1.0, 2.0, 3.0]);
    let numbers = Dataset::<f64>::new(values.clone(), Target::values(values)).unwrap();
    let table = Table::read("a\n1\n".as_bytes()).unwrap();
    let mut messages = Vec::new();
    let mut refuse = |result: Result<()>| messages.push(result.unwrap_err().to_string());
    for huge in [1e300_f64, -1e300, 1e-300, -1e-300] {
        let spec = || MlpSpec::new([2, 4, 3]);
        let plain = || Trainer::new(spec());
        // A number that is fine where it is negative or large is refused with the other sign or size.
        let (negative, large) = (-huge.abs(), 1.0 + huge.abs());
        let large = if large > 1.0 { large } else { negative };
        let cosine = Schedule::Cosine {
            warm_up: Period::Epochs(1),
            floor: large,
        };
        for trainer in [
            plain().learning_rate(negative),
            plain().budget(Budget::Seconds(negative)),
            plain().schedule(cosine),
            plain().evaluation(Evaluation::every(EvaluateEvery::Geometric {
                ratio: negative,
            })),
            plain().optimizer(OptimizerSpec::momentum(large)),
            plain().optimizer(OptimizerSpec::adam().weight_decay(negative)),
            Trainer::new(spec().dropout(large)),
            Trainer::new(spec().activation(Activation::LeakyRelu { slope: negative })),
            Trainer::new(spec().loss(Loss::Huber { delta: negative })),
        ] {
            refuse(trainer.validate().map_err(Error::from));
        }
        let timed = plain()
            .budget(Budget::Seconds(huge.abs()))
            .schedule(Schedule::one_cycle());
        refuse(timed.validate().map_err(Error::from));
        let test = RangeTest::new().lowest(negative);
        refuse(test.validate().map_err(Error::from));
        let fractions = Splitter::new(0).fractions(huge, huge, huge);
        refuse(fractions.split(&numbers).map(drop).map_err(Error::from));
        let weighted = numbers.clone().with_weights(vec![negative; 3]);
        refuse(weighted.map(drop).map_err(Error::from));
        let range = MinMaxScaler::new().range(huge.abs(), -huge.abs());
        let x = DMatrix::from_row_slice(1, 2, &[1.0, 2.0]);
        refuse(range.fit(&FitData::new(&x)).map(drop).map_err(Error::from));
        for (l1, penalty) in [(large, 1.0), (0.5, negative)] {
            let line = Recipe::Line(Line {
                l1,
                penalty,
                ..Line::default()
            });
            let fitted = Pipeline::fit(&table, &TableReader::new(), &line, 0);
            refuse(fitted.map(drop).map_err(Error::from));
        }
        let constant = DMatrix::from_element(1, 3, huge);
        let explained = crate::train::metrics::r2(&constant, &constant, None);
        refuse(explained.map(drop).map_err(Error::from));
        #[cfg(feature = "evidence")]
        refuse(
            crate::evidence::Hypothesis::within(negative)
                .map(drop)
                .map_err(Error::from),
        );
    }
    for message in messages {
        assert!(message.len() <= 250, "{} letters: {message}", message.len());
        assert!(
            message.contains("e300") || message.contains("e-300"),
            "{message}"
        );
    }
}
