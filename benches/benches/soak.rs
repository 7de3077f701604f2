//! Work that goes on for long, which tells what it takes: `cargo xtask nightly steps trainings table` runs it and judges.
//!
//! ```text
//! cargo bench --bench soak -- steps 60           one training for so many minutes, saved every 5 seconds
//! cargo bench --bench soak -- trainings 10000    so many short trainings, one after the other
//! cargo bench --bench soak -- table FILE 10000000    writes a table of so many rows, of which nine tenths of the target can be explained
//! ```
//!
//! The first two print a line of JSON now and then: how much was done, and what this process has then ([`Sample`]).

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use smallbatch_benches::{CASES, Case};
use smallbatch_data::{BatchSize, Dataset, Splitter, Table, TableReader, Task, builtin};
use smallbatch_mlp::{MlpSpec, OptimizerSpec};
use smallbatch_pipeline::{NetworkRecipe, Pipeline, Recipe};
use smallbatch_preprocess::{
    AnyScaler, MaxAbsScaler, MinMaxScaler, PerSample, QuantileTransformer, RobustScaler,
    SmoothClip, StandardScaler,
};
use smallbatch_train::{
    Budget, Checkpoints, EvaluateEvery, Evaluation, Observer, Outcome, Session, Trainer, Update,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: soak steps MINUTES | trainings COUNT | table FILE ROWS";

fn main() -> Result<()> {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["steps", minutes] => steps(Duration::from_secs(60 * minutes.parse::<u64>()?)),
        ["trainings", count] => trainings(count.parse()?),
        ["table", file, rows] => table(Path::new(file), rows.parse()?),
        // `cargo bench` alone runs every bench.
        [] => Ok(()),
        _ => Err(USAGE.into()),
    }
}

/// What this process has at a moment.
struct Sample {
    /// Of memory, in kB.
    resident: u64,
    /// Open files, pipes and the like.
    handles: u64,
    threads: u64,
}

impl Sample {
    fn take() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")
            .map_err(|error| format!("soak: this takes Linux: /proc/self/status: {error}"))?;
        let number = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            Ok(word
                .ok_or(format!("soak: no {name} in /proc/self/status"))?
                .parse()?)
        };
        Ok(Self {
            resident: number("VmRSS:")?,
            handles: fs::read_dir("/proc/self/fd")?.count() as u64,
            threads: number("Threads:")?,
        })
    }

    /// Tells it, with how much was done, and how fast in units of what is always the same.
    fn tell(&self, start: Instant, done: u64, speed: Option<f64>) {
        let line = json!({
            "seconds": start.elapsed().as_secs_f64(),
            "done": done,
            "resident_kb": self.resident,
            "handles": self.handles,
            "threads": self.threads,
            "speed": speed,
        });
        println!("{line}");
    }
}

/// How many samples a run of steps has.
const SAMPLES: u32 = 120;

/// One training that goes on, and is saved every 5 seconds. Its speed is measured in that of a fresh one that runs in the same seconds, since the
/// machine's own changes; both in time of the processor.
fn steps(length: Duration) -> Result<()> {
    let case = &CASES[1];
    let (training, trainer) = (case.dataset(), trainer(case));
    let folder = tempfile::tempdir()?;
    let checkpoints = Checkpoints::in_folder(folder.path()).every(Duration::from_secs(5));
    // The first steps of a process are slow: they are not counted.
    speed_of_fresh(&trainer, &training)?;
    let mut watch = Watch {
        start: Instant::now(),
        length,
        sampled: 0,
        since: (ThreadTime::now(), 0),
        fresh: &mut || speed_of_fresh(&trainer, &training),
        failed: None,
    };
    let trained = trainer.fit_saved(&training, Some(&training), &mut watch, &checkpoints)?;
    if let Some(error) = watch.failed {
        return Err(error);
    }
    if trained.outcome() != Outcome::Interrupted {
        return Err(format!(
            "soak: the training ended by itself: {:?}",
            trained.outcome()
        )
        .into());
    }
    Ok(())
}

/// Adam at a rate at which it goes on learning, evaluated every so often: a history has a line for each evaluation, and is to have thousands.
fn trainer(case: &Case) -> Trainer {
    Trainer::new(case.spec())
        .optimizer(OptimizerSpec::adam())
        .learning_rate(1e-3)
        .budget(Budget::Updates(u64::MAX))
        .evaluation(Evaluation::every(EvaluateEvery::Updates(1_000_000)))
}

/// Ends a training after a part of a second of the processor.
struct Until(ThreadTime);

impl Observer for Until {
    fn on_update(&mut self, _: &Update) -> ControlFlow<()> {
        if self.0.elapsed() < Duration::from_millis(250) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// Updates in a second of the processor's time, of a training that has just begun.
fn speed_of_fresh(trainer: &Trainer, training: &Dataset<f32>) -> Result<f64> {
    let mut session: Session<'_, f32> = trainer.start(training, None)?;
    let begun = ThreadTime::now();
    session.run(&mut Until(begun))?;
    Ok(session.update() as f64 / begun.elapsed().as_secs_f64())
}

/// Takes samples of a training, and ends it.
struct Watch<'a> {
    start: Instant,
    length: Duration,
    sampled: u32,
    /// The processor's time and the updates since the last sample.
    since: (ThreadTime, u64),
    fresh: &'a mut dyn FnMut() -> Result<f64>,
    failed: Option<Box<dyn Error>>,
}

impl Watch<'_> {
    fn sample(&mut self, update: u64) -> Result<()> {
        let (time, before) = self.since;
        let speed = (update - before) as f64 / time.elapsed().as_secs_f64();
        let ratio = speed / (self.fresh)()?;
        Sample::take()?.tell(self.start, update, Some(ratio));
        self.since = (ThreadTime::now(), update);
        Ok(())
    }
}

impl Observer for Watch<'_> {
    fn on_update(&mut self, update: &Update) -> ControlFlow<()> {
        // The clock costs as much as a part of an update.
        if !update.update.is_multiple_of(64) {
            return ControlFlow::Continue(());
        }
        let elapsed = self.start.elapsed();
        if elapsed < self.length * (self.sampled + 1) / SAMPLES {
            return ControlFlow::Continue(());
        }
        self.sampled += 1;
        if let Err(error) = self.sample(update.update) {
            self.failed = Some(error);
            return ControlFlow::Break(());
        }
        if elapsed < self.length {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// A hundred samples. Each training has another scaler, optimizer, batch size, number type and number of threads; one of eight is saved on
/// disk, one of twenty is a model of a table, which is written, read and predicts.
fn trainings(count: u64) -> Result<()> {
    let start = Instant::now();
    let wine = builtin::wine()?;
    let table = Table::read_path(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/data/data/yacht.csv"
    ))?;
    let folder = tempfile::tempdir()?;
    for done in 1..=count {
        if done % 20 == 0 {
            model_of(&table, done, folder.path())?;
        } else {
            short_training(&wine, done, folder.path())?;
        }
        if done % (count / 100).max(1) == 0 {
            Sample::take()?.tell(start, done, None);
        }
    }
    Ok(())
}

fn short_training(dataset: &Dataset, number: u64, folder: &Path) -> Result<()> {
    let scalers: [AnyScaler; 7] = [
        StandardScaler::default().into(),
        MinMaxScaler::default().into(),
        MaxAbsScaler::default().into(),
        RobustScaler::default().into(),
        SmoothClip::default().into(),
        QuantileTransformer::default().into(),
        PerSample::default().into(),
    ];
    let optimizers = [
        OptimizerSpec::sgd(),
        OptimizerSpec::momentum(0.9),
        OptimizerSpec::adam(),
    ];
    let batch_sizes = [BatchSize::Mini(8), BatchSize::Mini(32), BatchSize::Full];
    let of = |n: usize| number as usize % n;
    let raw = Splitter::new(number).stratified().split(dataset)?;
    let (split, _) = raw.scaled_by(&scalers[of(scalers.len())])?;
    let trainer = Trainer::new(MlpSpec::new([dataset.n_features(), 32, 16, 3]))
        .optimizer(optimizers[of(3)])
        .batch_size(batch_sizes[of(9) / 3])
        .threads(1 + of(2))
        .seed(number)
        .budget(Budget::Epochs(5));
    let finite = if of(8) == 0 {
        let checkpoints = Checkpoints::in_folder(folder.join("checkpoints")).every(Duration::ZERO);
        let trained = trainer.fit_saved(
            split.train(),
            Some(split.validation()),
            &mut smallbatch_train::Silent,
            &checkpoints,
        )?;
        checkpoints.clear()?;
        trained.record().training_loss.is_finite()
    } else if of(3) == 0 {
        let (training, validation) = (split.train().cast::<f64>()?, split.validation().cast()?);
        let trained = trainer.fit(&training, Some(&validation))?;
        trained.record().training_loss.is_finite()
    } else {
        let trained = trainer.fit(split.train(), Some(split.validation()))?;
        trained.record().training_loss.is_finite()
    };
    finite
        .then_some(())
        .ok_or("soak: a loss is not finite".into())
}

fn model_of(table: &Table, number: u64, folder: &Path) -> Result<()> {
    let recipe = Recipe::Network(NetworkRecipe {
        hidden: vec![16],
        epochs: 5,
        ..NetworkRecipe::default()
    });
    let reader = TableReader::new().task(Task::Regression);
    let model = Pipeline::fit(table, &reader, &recipe, number)?;
    let file = folder.join("model.safetensors");
    model.save(&file)?;
    let predicted = Pipeline::load(&file)?.predict(table)?;
    (predicted.values == model.predict(table)?.values)
        .then_some(())
        .ok_or("soak: a model that was read predicts something else".into())
}

/// The variance of the noise, where the target's is 1.
const NOISE: f64 = 0.1;
const COLOURS: [(&str, f64); 4] = [
    ("red", -1.0),
    ("green", -0.3),
    ("blue", 0.3),
    ("violet", 1.0),
];

/// Ten columns of numbers in (-1, 1), of which one is missing now and then, and one of words. The target is a sum of a product, a root and
/// straight parts, of variance 0.9, and noise.
fn table(file: &Path, rows: u64) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let names: Vec<String> = (1..=10).map(|column| format!("x{column}")).collect();
    writeln!(out, "{},colour,y", names.join(","))?;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (noise, scale) = ((3.0 * NOISE).sqrt(), ((1.0 - NOISE) / variance()).sqrt());
    for _ in 0..rows {
        let x: [f64; 10] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
        let (colour, level) = COLOURS[random.random_range(0..COLOURS.len())];
        let y = scale * explained(&x, level) + random.random_range(-noise..noise);
        for (at, x) in x.iter().enumerate() {
            if at == 9 && random.random_range(0..50) == 0 {
                write!(out, ",")?;
            } else {
                write!(out, "{x:.4},")?;
            }
        }
        writeln!(out, "{colour},{y:.4}")?;
    }
    out.flush()?;
    Ok(())
}

fn explained(x: &[f64; 10], level: f64) -> f64 {
    x[0] + 0.5 * x[1] - 0.5 * x[2] + 2.0 * x[3] * x[4] + x[5].abs().sqrt() + level
}

/// Of what can be explained: by a million draws.
fn variance() -> f64 {
    const DRAWS: u32 = 1_000_000;
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..DRAWS {
        let x: [f64; 10] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
        let value = explained(&x, COLOURS[random.random_range(0..COLOURS.len())].1);
        sum += value;
        squares += value * value;
    }
    let mean = sum / f64::from(DRAWS);
    squares / f64::from(DRAWS) - mean * mean
}
