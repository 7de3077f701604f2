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
#[derive(Debug)]
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
#[derive(Debug)]
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

    /// How many weights and biases the network has.
    pub fn n_parameters(&self) -> usize {
        let layers = self.layer_sizes.windows(2);
        layers.map(|sizes| (sizes[0] + 1) * sizes[1]).sum()
    }

    fn weights(&self, folder: &Path, start: Start) -> Result<Vec<f32>, Error> {
        let file = folder.join(format!("{}.{}", self.name, start.name()));
        let bytes = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        if bytes.len() != 4 * self.n_parameters() {
            return Err(format!(
                "{} has {} bytes, the network's weights have {}; delete it, and `smallbatch-peer --write` makes it again",
                file.display(),
                bytes.len(),
                4 * self.n_parameters()
            )
            .into());
        }
        Ok(words(&bytes, f32::from_le_bytes))
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

/// The weights that a training begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// The network's first, random ones.
    Fresh,
    /// Those of a network that has learned.
    Converged,
}

impl Start {
    /// The start that a cell asks for; fresh where it asks for none.
    fn asked(cell: &Value) -> Result<Self, Error> {
        match &cell["start"] {
            Value::Null => Ok(Self::Fresh),
            Value::String(name) if name == "fresh" => Ok(Self::Fresh),
            Value::String(name) if name == "converged" => Ok(Self::Converged),
            other => Err(format!(
                "there is no start {other}; there are \"fresh\" and \"converged\""
            )
            .into()),
        }
    }

    /// Also what its file's name ends with.
    fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Converged => "converged",
        }
    }
}

/// What one layer begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer<'a> {
    /// Shape `(fan_out, fan_in)`, row by row.
    pub weight: &'a [f32],
    /// Length `fan_out`.
    pub bias: &'a [f32],
    /// The units or features below.
    pub fan_in: usize,
    /// The units of this layer.
    pub fan_out: usize,
}

impl Layer<'_> {
    /// The weight's transpose, shape `(fan_in, fan_out)` row by row, as libraries that compute `X W + b` keep it.
    pub fn transposed_weight(&self) -> Vec<f32> {
        let column = |j: usize| self.weight.iter().skip(j).step_by(self.fan_in).copied();
        (0..self.fan_in).flat_map(column).collect()
    }
}

/// What is to be trained.
#[derive(Debug)]
pub struct Cell {
    /// On which data, and which network.
    pub case: Rc<Case>,
    /// Samples of an update; the number of samples for the full batch.
    pub batch: usize,
    /// How it is updated.
    pub optimizer: Optimizer,
    /// At which rate.
    pub learning_rate: f64,
    /// Which weights it begins with.
    pub start: Start,
    /// These weights: layer by layer, first the weight, shape `(fan_out, fan_in)` row by row, then the bias.
    pub weights: Vec<f32>,
}

impl Cell {
    /// Whether a batch has all samples, so that nothing is shuffled or gathered.
    pub fn is_full(&self) -> bool {
        self.batch == self.case.n_samples()
    }

    /// The weights, layer by layer.
    pub fn layers(&self) -> Vec<Layer<'_>> {
        let mut rest = self.weights.as_slice();
        let mut next = |length: usize| {
            let (taken, left) = rest.split_at(length);
            rest = left;
            taken
        };
        let sizes = self.case.layer_sizes.windows(2);
        let layer = sizes.map(|sizes| Layer {
            weight: next(sizes[0] * sizes[1]),
            bias: next(sizes[1]),
            fan_in: sizes[0],
            fan_out: sizes[1],
        });
        layer.collect()
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
#[derive(Debug)]
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
    let from = Start::asked(asked)?;
    let cell = Cell {
        weights: case.weights(folder, from)?,
        start: from,
        batch: number(&asked["batch"]).unwrap_or(case.n_samples()),
        learning_rate: case.learning_rates[from.name()][optimizer]
            .as_f64()
            .ok_or_else(|| format!("no learning rate for `{optimizer}`"))?,
        optimizer: Optimizer::named(optimizer)
            .ok_or_else(|| format!("there is no optimizer `{optimizer}`"))?,
        case,
    };
    let key = format!("{name} {} {optimizer} {}", cell.batch, from.name());
    let seconds = asked["seconds"].as_f64().ok_or("no seconds")?;
    let n_samples = cell.case.n_samples();
    let mut training = start(cell)?;
    let loss_before = training.loss()?;
    let (samples, taken) = measure(&mut *training, seconds, speeds.get(&key).copied())?;
    speeds.insert(key, samples as f64 / taken);
    let own_seconds = training.own_seconds()?;
    let mut loss_after = training.loss()?;
    if from == Start::Fresh && loss_after >= loss_before {
        // So few updates may not show: an epoch does. A converged loss need not fall.
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

    /// A folder with one case, 2-2-1, of four samples, and its fresh weights 0, 1, 2 and so on; there are no others.
    fn folder(name: &str) -> (std::path::PathBuf, Value) {
        let folder = std::env::temp_dir().join(format!("protocol-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let write = |kind: &str, numbers: &[f32]| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            std::fs::write(folder.join(format!("small.{kind}")), bytes).unwrap();
        };
        write("features", &[0.5; 8]);
        write("values", &[1.0; 4]);
        write("fresh", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
        let listed = json!([{"name": "small", "layer_sizes": [2, 2, 1], "activation": "relu", "task": "values",
            "learning_rates": {"fresh": {"sgd": 0.1}, "converged": {"sgd": 0.01}}}]);
        (folder, listed)
    }

    /// The answer to a cell of that case, with these fields besides.
    fn ask(
        folder: &Path,
        listed: &Value,
        fields: Value,
        mut start: impl FnMut(Cell) -> Result<Box<dyn Training>, Error>,
    ) -> Result<Value, Error> {
        let mut asked =
            json!({"case": "small", "batch": "full", "optimizer": "sgd", "seconds": 0.0001});
        for (key, value) in fields.as_object().unwrap() {
            asked[key] = value.clone();
        }
        let (mut cases, mut speeds) = (HashMap::new(), HashMap::new());
        answered(&asked, folder, listed, &mut cases, &mut speeds, &mut start)
    }

    /// A training whose loss rises by 1 with each run, and the runs.
    struct Rising(Rc<std::cell::Cell<usize>>);

    impl Training for Rising {
        fn train(&mut self, n_samples: usize) -> Result<usize, Error> {
            self.0.set(self.0.get() + 1);
            std::thread::sleep(std::time::Duration::from_millis(1));
            Ok(n_samples)
        }

        fn loss(&mut self) -> Result<f64, Error> {
            Ok(self.0.get() as f64)
        }
    }

    #[test]
    fn a_cell_has_the_weights_of_its_start_layer_by_layer() {
        let (folder, listed) = folder("start");
        for fields in [json!({}), json!({"start": "fresh"})] {
            let error = ask(&folder, &listed, fields, |cell| {
                assert_eq!((cell.start, cell.learning_rate), (Start::Fresh, 0.1));
                let [first, last] = cell.layers()[..] else {
                    panic!("not two layers")
                };
                assert_eq!((first.fan_in, first.fan_out), (2, 2));
                assert_eq!(first.weight, [0.0, 1.0, 2.0, 3.0]);
                assert_eq!(first.transposed_weight(), [0.0, 2.0, 1.0, 3.0]);
                assert_eq!(first.bias, [4.0, 5.0]);
                assert_eq!((last.weight, last.bias), (&[6.0, 7.0][..], &[8.0][..]));
                assert_eq!(last.transposed_weight(), [6.0, 7.0]);
                Err("seen".into())
            });
            assert_eq!(error.unwrap_err().to_string(), "seen");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn weights_that_are_not_there_are_named() {
        let (folder, listed) = folder("missing");
        let never = |_: Cell| -> Result<Box<dyn Training>, Error> { panic!("started") };
        let why = |fields: Value| {
            ask(&folder, &listed, fields, never)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            why(json!({"start": "warm"})),
            "there is no start \"warm\"; there are \"fresh\" and \"converged\""
        );
        let missing = why(json!({"start": "converged"}));
        assert!(missing.contains("small.converged: "), "{missing}");
        std::fs::write(folder.join("small.converged"), [0; 32]).unwrap();
        let short = why(json!({"start": "converged"}));
        assert!(
            short.ends_with(
                "small.converged has 32 bytes, the network's weights have 36; delete it, and `smallbatch-peer --write` \
                 makes it again"
            ),
            "{short}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_further_epoch_is_for_fresh_weights_alone() {
        let (folder, listed) = folder("further");
        std::fs::copy(folder.join("small.fresh"), folder.join("small.converged")).unwrap();
        // A warm-up and the measurement; and the epoch.
        for (start, runs) in [("fresh", 3), ("converged", 2)] {
            let count = Rc::new(std::cell::Cell::new(0));
            let answer = ask(&folder, &listed, json!({"start": start}), |cell| {
                assert_eq!(
                    cell.learning_rate,
                    if start == "fresh" { 0.1 } else { 0.01 }
                );
                Ok(Box::new(Rising(Rc::clone(&count))))
            });
            let answer = answer.unwrap();
            assert_eq!(
                (&answer["loss_before"], &answer["loss_after"]),
                (&json!(0.0), &json!(runs as f64))
            );
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

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
