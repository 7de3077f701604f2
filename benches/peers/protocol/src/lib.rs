//! What smallbatch and the Rust peers share: reading cells and data, timing, and answering. `benches/peers/README.md` has the protocol.
//!
//! A peer implements [`Training`] and hands [`serve`] a function that starts one.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// What goes wrong in a peer; a sentence is enough, since it is only shown.
pub type Error = Box<dyn std::error::Error>;

/// The loss is looked at on so many samples, which is enough to see it fall.
pub const N_LOSS_SAMPLES: usize = 1_000;

/// Of the asked time, what a warm-up takes once the speed is known.
const WARM_UP: f64 = 0.2;

/// A run that takes this part of the asked time is a measurement.
const ENOUGH: f64 = 0.75;

/// From one run to the next, while the speed is being found.
const MOST_GROWTH: f64 = 100.0;

/// A network and its data.
pub struct Case {
    /// Its name in the reports.
    pub name: String,
    /// Inputs, hidden layers, outputs.
    pub layer_sizes: Vec<usize>,
    /// Of the hidden layers.
    pub activation: Activation,
    /// The samples one after the other.
    pub features: Vec<f32>,
    /// What is to be learned of them.
    pub target: Target,
    learning_rates: Value,
}

/// What follows a hidden layer's product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(z, 0)
    Relu,
    /// tanh z
    Tanh,
    /// z Φ(z), exact.
    Gelu,
}

/// What is learned, and by which loss.
pub enum Target {
    /// One of several classes a sample, by softmax cross-entropy.
    Classes(Vec<u32>),
    /// 0 or 1 a sample, by the binary cross-entropy of one output.
    Binary(Vec<u32>),
    /// One number a sample, by the squared error.
    Values(Vec<f32>),
}

impl Case {
    fn read(folder: &Path, listed: &Value) -> Result<Self, Error> {
        let name = listed["name"].as_str().ok_or("a case has no name")?;
        let bytes = |kind: &str| {
            let file = folder.join(format!("{name}.{kind}"));
            std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))
        };
        let sizes = listed["layer_sizes"].as_array().ok_or("no layer sizes")?;
        let labels = || bytes("labels").map(|bytes| words(&bytes, u32::from_le_bytes));
        Ok(Self {
            name: name.to_owned(),
            layer_sizes: sizes.iter().flat_map(number).collect(),
            activation: match listed["activation"].as_str() {
                Some("relu") => Activation::Relu,
                Some("tanh") => Activation::Tanh,
                Some("gelu") => Activation::Gelu,
                other => return Err(format!("there is no activation {other:?}").into()),
            },
            features: words(&bytes("features")?, f32::from_le_bytes),
            target: match listed["task"].as_str() {
                Some("classes") => Target::Classes(labels()?),
                Some("binary") => Target::Binary(labels()?),
                Some("values") => Target::Values(words(&bytes("values")?, f32::from_le_bytes)),
                other => return Err(format!("there is no task {other:?}").into()),
            },
            learning_rates: listed["learning_rates"].clone(),
        })
    }

    /// How many samples there are.
    pub fn n_samples(&self) -> usize {
        self.features.len() / self.n_features()
    }

    /// How many features a sample has.
    pub fn n_features(&self) -> usize {
        self.layer_sizes[0]
    }

    /// How many outputs the network has: the classes, or one.
    pub fn n_outputs(&self) -> usize {
        self.layer_sizes[self.layer_sizes.len() - 1]
    }

    /// The features of the first samples.
    pub fn first_features(&self, n_samples: usize) -> &[f32] {
        &self.features[..n_samples * self.n_features()]
    }
}

fn number(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn words<T>(bytes: &[u8], from: fn([u8; 4]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().copied().map(from).collect()
}

/// How a network is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Optimizer {
    /// Plain stochastic gradient descent.
    Sgd,
    /// v = 0.9 v + gradient, weight = weight - rate v.
    Momentum,
    /// With the defaults of its paper.
    Adam,
}

impl Optimizer {
    fn named(name: &str) -> Option<Self> {
        match name {
            "sgd" => Some(Self::Sgd),
            "momentum" => Some(Self::Momentum),
            "adam" => Some(Self::Adam),
            _ => None,
        }
    }
}

/// What is to be trained.
pub struct Cell {
    /// On which data, and which network.
    pub case: Rc<Case>,
    /// Samples of an update; the number of samples for the full batch.
    pub batch: usize,
    /// How it is updated.
    pub optimizer: Optimizer,
    /// At which rate.
    pub learning_rate: f64,
}

impl Cell {
    /// Whether a batch has all samples, so that nothing is shuffled or gathered.
    pub fn is_full(&self) -> bool {
        self.batch == self.case.n_samples()
    }
}

/// A network in training.
pub trait Training {
    /// Gets ready for [`Training::train`] with this number of samples. It is not timed.
    ///
    /// # Errors
    /// Whatever goes wrong in the peer.
    fn prepare(&mut self, n_samples: usize) -> Result<(), Error> {
        let _ = n_samples;
        Ok(())
    }

    /// Makes updates until at least so many samples are seen, and says how many they were.
    ///
    /// # Errors
    /// Whatever goes wrong in the peer.
    fn train(&mut self, n_samples: usize) -> Result<usize, Error>;

    /// The seconds of the last [`Training::train`] by the peer's own clock, if it has one.
    ///
    /// # Errors
    /// Whatever goes wrong in the peer.
    fn own_seconds(&mut self) -> Result<Option<f64>, Error> {
        Ok(None)
    }

    /// The mean cross-entropy over the first [`N_LOSS_SAMPLES`] samples.
    ///
    /// # Errors
    /// Whatever goes wrong in the peer.
    fn loss(&mut self) -> Result<f64, Error>;
}

/// The batches of one epoch after the other, each epoch in a new random order.
pub struct Order {
    samples: Vec<u32>,
    batch: usize,
    position: usize,
    random: ChaCha8Rng,
}

impl Order {
    /// Batches of this size; the last of an epoch may be shorter.
    pub fn new(n_samples: usize, batch: usize) -> Self {
        Self {
            samples: (0..n_samples as u32).collect(),
            batch,
            position: n_samples,
            random: ChaCha8Rng::seed_from_u64(2),
        }
    }

    /// The samples of the next batch.
    pub fn next_batch(&mut self) -> &[u32] {
        if self.position == self.samples.len() {
            self.samples.shuffle(&mut self.random);
            self.position = 0;
        }
        let start = self.position;
        self.position = (start + self.batch).min(self.samples.len());
        &self.samples[start..self.position]
    }
}

/// Warms up, then times a run of about `seconds`: the samples and seconds of that run.
fn measure(
    training: &mut dyn Training,
    seconds: f64,
    known_speed: Option<f64>,
) -> Result<(usize, f64), Error> {
    let rounded = |samples: f64| (samples.ceil() as usize).max(1);
    let mut n_samples = known_speed.map_or(1, |speed| rounded(speed * seconds * WARM_UP));
    let mut warm = false;
    loop {
        training.prepare(n_samples)?;
        let start = Instant::now();
        let done = training.train(n_samples)?;
        let taken = start.elapsed().as_secs_f64();
        if warm && taken >= ENOUGH * seconds {
            return Ok((done, taken));
        }
        let growth = (seconds / taken.max(1e-9)).min(MOST_GROWTH);
        n_samples = rounded(done as f64 * growth);
        warm = true;
    }
}

/// Answers cells from standard input until there are no more. `start` begins a training.
///
/// # Errors
/// When there is no folder of data in the arguments, or it cannot be read.
pub fn serve(
    version: &str,
    mut start: impl FnMut(Cell) -> Result<Box<dyn Training>, Error>,
) -> Result<(), Error> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: PROGRAM DATA THREADS")?;
    let folder = Path::new(&folder);
    let listed: Value = serde_json::from_slice(&std::fs::read(folder.join("cases.json"))?)?;
    let mut cases = HashMap::new();
    let mut speeds = HashMap::new();
    answer(&json!({"version": version}))?;
    for line in std::io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let answered = answered(&asked, folder, &listed, &mut cases, &mut speeds, &mut start);
        answer(&answered.unwrap_or_else(|error| json!({"error": error.to_string()})))?;
    }
    Ok(())
}

fn answered(
    asked: &Value,
    folder: &Path,
    listed: &Value,
    cases: &mut HashMap<String, Rc<Case>>,
    speeds: &mut HashMap<String, f64>,
    start: &mut impl FnMut(Cell) -> Result<Box<dyn Training>, Error>,
) -> Result<Value, Error> {
    let name = asked["case"].as_str().unwrap_or_default();
    let case = match cases.get(name) {
        Some(case) => Rc::clone(case),
        None => {
            let listed = listed.as_array().into_iter().flatten();
            let found = listed.clone().find(|case| case["name"] == name);
            let found = found.ok_or_else(|| format!("there is no case `{name}`"))?;
            let case = Rc::new(Case::read(folder, found)?);
            cases.insert(name.to_owned(), Rc::clone(&case));
            case
        }
    };
    let optimizer = asked["optimizer"].as_str().unwrap_or_default();
    let cell = Cell {
        batch: number(&asked["batch"]).unwrap_or(case.n_samples()),
        learning_rate: case.learning_rates[optimizer]
            .as_f64()
            .ok_or_else(|| format!("no learning rate for `{optimizer}`"))?,
        optimizer: Optimizer::named(optimizer)
            .ok_or_else(|| format!("there is no optimizer `{optimizer}`"))?,
        case,
    };
    let key = format!("{name} {} {optimizer}", cell.batch);
    let seconds = asked["seconds"].as_f64().ok_or("no seconds")?;
    let n_samples = cell.case.n_samples();
    let mut training = start(cell)?;
    let loss_before = training.loss()?;
    let (samples, taken) = measure(&mut *training, seconds, speeds.get(&key).copied())?;
    speeds.insert(key, samples as f64 / taken);
    let own_seconds = training.own_seconds()?;
    let mut loss_after = training.loss()?;
    let has_fallen = loss_after < loss_before;
    if !has_fallen {
        // So few updates may not show: an epoch does.
        training.prepare(n_samples)?;
        training.train(n_samples)?;
        training.own_seconds()?;
        loss_after = training.loss()?;
    }
    // A loss that is not finite becomes null: JSON has no NaN.
    Ok(json!({
        "samples": samples,
        "seconds": taken,
        "own_seconds": own_seconds,
        "loss_before": loss_before,
        "loss_after": loss_after,
    }))
}

fn answer(fields: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{fields}")?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as long as `speed` samples a second would, in batches of 10; remembers what it was asked for.
    struct Steady {
        speed: f64,
        asked: Vec<usize>,
    }

    impl Training for Steady {
        fn train(&mut self, n_samples: usize) -> Result<usize, Error> {
            self.asked.push(n_samples);
            let done = n_samples.next_multiple_of(10);
            std::thread::sleep(std::time::Duration::from_secs_f64(done as f64 / self.speed));
            Ok(done)
        }

        fn loss(&mut self) -> Result<f64, Error> {
            Ok(0.0)
        }
    }

    #[test]
    fn the_first_run_is_never_the_measurement() {
        // One batch takes ten times the asked time.
        let mut training = Steady {
            speed: 1_000.0,
            asked: Vec::new(),
        };
        let (samples, seconds) = measure(&mut training, 0.001, None).unwrap();
        assert_eq!(training.asked, [1, 1]);
        assert_eq!(samples, 10);
        assert!(seconds >= 0.01, "{seconds}");
    }

    #[test]
    fn a_measurement_takes_about_the_asked_time() {
        let mut training = Steady {
            speed: 100_000.0,
            asked: Vec::new(),
        };
        let (samples, seconds) = measure(&mut training, 0.02, None).unwrap();
        assert!(seconds >= ENOUGH * 0.02, "{seconds}");
        // Sleeping may take longer than asked, never shorter.
        assert!(samples as f64 / seconds <= 100_000.0);
        assert!(training.asked.len() <= 6, "{:?}", training.asked);
        // The speed known, one warm-up is enough.
        training.asked.clear();
        measure(&mut training, 0.02, Some(100_000.0)).unwrap();
        assert_eq!(training.asked[0], 400);
    }

    #[test]
    fn an_epoch_has_each_sample_once_and_keeps_the_short_batch() {
        let mut order = Order::new(10, 4);
        let mut epochs = Vec::new();
        for _ in 0..2 {
            let mut seen: Vec<u32> = Vec::new();
            for length in [4, 4, 2] {
                let batch = order.next_batch();
                assert_eq!(batch.len(), length);
                seen.extend(batch);
            }
            epochs.push(seen);
        }
        assert_ne!(epochs[0], epochs[1]);
        for mut seen in epochs {
            seen.sort_unstable();
            assert_eq!(seen, (0..10).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn words_are_little_endian() {
        assert_eq!(
            words(&[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], f32::from_le_bytes),
            [1.0, -2.0]
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        let mut start = |_: Cell| -> Result<Box<dyn Training>, Error> { Err("started".into()) };
        let listed = json!([]);
        let asked = json!({"case": "huge", "batch": 16, "optimizer": "sgd", "seconds": 0.1});
        let error = answered(
            &asked,
            Path::new(""),
            &listed,
            &mut HashMap::new(),
            &mut HashMap::new(),
            &mut start,
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "there is no case `huge`");
    }
}
