//! smallbatch as its own peer: `smallbatch-peer DATA THREADS` trains through the public [`Trainer`] and answers as
//! `README.md` says. `smallbatch-peer --write DATA` writes the data sets and the weights that every peer reads.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use peer_protocol::{Cell, Error, N_LOSS_SAMPLES, Optimizer, Training, serve};
use serde_json::json;
use smallbatch_benches::{CASES, CONVERGED_EPOCHS, Case, OTHER_CASES, Task, targets};
use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Activation, Batch, Mlp, OptimizerSpec, Parameters};
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Session, Silent, Trainer};

/// Adam moves each weight by about the rate, whatever the gradient: one rate suits all cases.
const ADAM_RATE: f64 = 1e-3;

/// With momentum 0.9 an update is about ten plain ones.
const MOMENTUM_DIVISOR: f64 = 10.0;

/// A training ends with a small rate. With the full one Adam, whose moments begin anew, takes wide networks from a converged loss
/// of 0.0005 to 0.3.
const CONVERGED_DIVISOR: f64 = 10.0;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder] = arguments.as_slice()
        && flag == "--write"
    {
        return write(Path::new(folder));
    }
    let threads = arguments
        .get(1)
        .ok_or("usage: smallbatch-peer DATA THREADS")?
        .parse()?;
    // A data set is made once and never given back: sessions borrow it.
    let mut data: HashMap<String, &'static Dataset<f32>> = HashMap::new();
    serve(env!("CARGO_PKG_VERSION"), |cell| {
        let dataset = match data.get(&cell.case.name) {
            Some(dataset) => dataset,
            None => {
                let dataset: &'static _ = Box::leak(Box::new(case_of(&cell)?.dataset()));
                data.insert(cell.case.name.clone(), dataset);
                dataset
            }
        };
        Ok(Box::new(Smallbatch::new(&cell, dataset, threads)?))
    })
}

fn case_of(cell: &Cell) -> Result<&'static Case, Error> {
    let mut all = CASES.iter().chain(&OTHER_CASES);
    let found = all.find(|case| case.name == cell.case.name);
    found.ok_or_else(|| format!("there is no case `{}`", cell.case.name).into())
}

/// Writes `cases.json`, and the features, targets and weights of each case. Says on standard error what was trained.
fn write(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    let mut listed = Vec::new();
    let with_others = CASES.iter().map(|case| (case, false));
    let with_others = with_others.chain(OTHER_CASES.iter().map(|case| (case, true)));
    for (case, is_other) in with_others {
        let dataset = case.dataset();
        let file = |kind: &str| folder.join(format!("{}.{kind}", case.name));
        let bytes =
            |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|x| x.to_le_bytes()).collect() };
        fs::write(file("features"), bytes(dataset.features().as_slice()))?;
        match dataset.target() {
            Target::Classes { labels, .. } => {
                let labels: Vec<u8> = labels.iter().flat_map(|x| x.to_le_bytes()).collect();
                fs::write(file("labels"), labels)?;
            }
            Target::Values { values, .. } => fs::write(file("values"), bytes(values.as_slice()))?,
            _ => return Err("a target is classes or values".into()),
        }
        let written = case.write_weights(&dataset, folder);
        if let Some(history) = written.map_err(|why| format!("case {}: {why}", case.name))? {
            let losses = history
                .records()
                .iter()
                .rev()
                .map(|record| record.training_loss);
            let losses: Vec<f64> = losses.collect();
            if let [last, before, .., first] = losses[..] {
                eprintln!(
                    "{}: trained {CONVERGED_EPOCHS} epochs, loss {first:.4} to {last:.4} (a tenth before the end {before:.4})",
                    case.name
                );
            }
        }
        let rates = |divisor: f64| {
            json!({
                "sgd": case.learning_rate / divisor,
                "momentum": case.learning_rate / MOMENTUM_DIVISOR / divisor,
                "adam": ADAM_RATE / divisor,
            })
        };
        listed.push(json!({
            "name": case.name,
            "other": is_other,
            "layer_sizes": case.layer_sizes,
            "activation": match case.activation {
                Activation::Tanh => "tanh",
                Activation::Gelu => "gelu",
                _ => "relu",
            },
            "task": match case.task {
                Task::Classes | Task::Separable => "classes",
                Task::Binary => "binary",
                Task::Values => "values",
            },
            "n_samples": case.n_samples,
            "learning_rates": {
                "fresh": rates(1.0),
                "converged": rates(CONVERGED_DIVISOR),
            },
        }));
    }
    fs::write(
        folder.join("cases.json"),
        serde_json::to_string_pretty(&listed)?,
    )?;
    Ok(())
}

struct Smallbatch {
    trainer: Trainer,
    dataset: &'static Dataset<f32>,
    batch: usize,
    session: Option<Session<'static, f32>>,
    /// What the session will have seen in the end.
    n_samples: usize,
    /// Each session begins with it.
    start: Mlp<f32>,
    model: Mlp<f32>,
}

impl Smallbatch {
    fn new(cell: &Cell, dataset: &'static Dataset<f32>, threads: usize) -> Result<Self, Error> {
        let spec = case_of(cell)?.spec();
        let trainer = Trainer::new(spec.clone())
            .optimizer(match cell.optimizer {
                Optimizer::Sgd => OptimizerSpec::sgd(),
                Optimizer::Momentum => OptimizerSpec::momentum(0.9),
                Optimizer::Adam => OptimizerSpec::adam(),
            })
            .learning_rate(cell.learning_rate)
            .batch_size(if cell.is_full() {
                BatchSize::Full
            } else {
                BatchSize::Mini(cell.batch)
            })
            // Evaluations always happen at both ends; on one sample they cost nothing that shows.
            .evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)).training_samples(1))
            .seed(1)
            .threads(threads);
        let parameters = Parameters::from_vec(&cell.case.layer_sizes, cell.weights.clone())?;
        let start = Mlp::from_parameters(spec, parameters)?;
        Ok(Self {
            model: start.clone(),
            start,
            trainer,
            dataset,
            batch: cell.batch,
            session: None,
            n_samples: 0,
        })
    }
}

impl Training for Smallbatch {
    /// A new session with that budget, from the cell's weights: what is timed is [`Session::run`], from its first update to its last.
    fn prepare(&mut self, n_samples: usize) -> Result<(), Error> {
        let in_all = self.dataset.n_samples();
        let (epochs, rest) = (n_samples / in_all, n_samples % in_all);
        let last_batches = rest.div_ceil(self.batch);
        let updates = epochs * in_all.div_ceil(self.batch) + last_batches;
        self.n_samples = epochs * in_all + in_all.min(last_batches * self.batch);
        let trainer = self.trainer.clone().budget(Budget::Updates(updates as u64));
        let start = self.start.clone();
        self.session = Some(trainer.start_from(start, self.dataset, None)?);
        Ok(())
    }

    fn train(&mut self, _n_samples: usize) -> Result<usize, Error> {
        let session = self.session.as_mut().ok_or("train before prepare")?;
        session.run(&mut Silent)?;
        Ok(self.n_samples)
    }

    fn own_seconds(&mut self) -> Result<Option<f64>, Error> {
        let Some(session) = self.session.take() else {
            return Ok(None);
        };
        let trained = session.finish()?;
        let seconds = trained.history().last().map(|record| record.seconds);
        self.model = trained.into_model();
        Ok(seconds)
    }

    fn loss(&mut self) -> Result<f64, Error> {
        let n_samples = N_LOSS_SAMPLES.min(self.dataset.n_samples());
        let features = self.dataset.features().columns(0, n_samples);
        let batch = Batch::new(features, targets(self.dataset, n_samples));
        Ok(self
            .model
            .loss(&batch, &mut self.model.workspace(n_samples))?)
    }
}
