//! The reference trajectories in `tests/golden`: training runs computed by PyTorch in float64, to be matched step by step.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use std::path::Path;

use nalgebra::DMatrix;
use serde_json::Value;
use smallbatch_mlp::{Activation, Batch, Loss, Mlp, MlpSpec, OptimizerSpec, Parameters, Targets};

/// The issue asks for 1e-9; the runs agree to this, some 30 roundings of numbers around 1.
const TOLERANCE: f64 = 1e-12;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// Rows of a file's matrix as columns: a file has a sample a row.
fn transposed(rows: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = rows.as_array().unwrap().iter().map(numbers).collect();
    DMatrix::from_fn(rows[0].len(), rows.len(), |i, j| rows[j][i])
}

fn parameters(sizes: &[usize], layers: &Value) -> Parameters<f64> {
    let mut parameters = Parameters::zeros(sizes).unwrap();
    for (l, layer) in layers.as_array().unwrap().iter().enumerate() {
        parameters
            .weight_mut(l)
            .copy_from(&transposed(&layer["weight"]).transpose());
        parameters
            .bias_mut(l)
            .copy_from_slice(&numbers(&layer["bias"]));
    }
    parameters
}

fn activation(name: &str) -> Activation {
    match name {
        "identity" => Activation::Identity,
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu { slope: 0.01 },
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        "silu" => Activation::Silu,
        "gelu" => Activation::Gelu,
        "elu" => Activation::elu(),
        "softplus" => Activation::Softplus,
        other => panic!("unknown activation {other}"),
    }
}

fn loss(name: &str) -> Loss {
    match name {
        "softmax_cross_entropy" => Loss::softmax_cross_entropy(),
        "binary_cross_entropy" => Loss::BinaryCrossEntropy,
        "mean_squared_error" => Loss::MeanSquaredError,
        "mean_absolute_error" => Loss::MeanAbsoluteError,
        "huber" => Loss::Huber { delta: 0.7 },
        other => panic!("unknown loss {other}"),
    }
}

fn optimizer(name: &str) -> (OptimizerSpec, f64) {
    match name {
        "sgd" => (OptimizerSpec::sgd(), 0.05),
        "momentum" => (OptimizerSpec::momentum(0.9), 0.05),
        "nesterov" => (OptimizerSpec::nesterov(0.9), 0.05),
        "rmsprop" => (OptimizerSpec::rmsprop(), 0.01),
        "adam" => (OptimizerSpec::adam(), 0.01),
        "adamw" => (OptimizerSpec::adamw(0.02), 0.01),
        other => panic!("unknown optimizer {other}"),
    }
}

enum Target {
    Labels(Vec<u32>),
    Values(DMatrix<f64>),
}

impl Target {
    fn read(y: &Value) -> Self {
        let rows = y.as_array().unwrap();
        if rows[0].is_u64() {
            return Self::Labels(
                rows.iter()
                    .map(|y| u32::try_from(y.as_u64().unwrap()).unwrap())
                    .collect(),
            );
        }
        if rows[0].is_array() {
            Self::Values(transposed(y))
        } else {
            Self::Values(DMatrix::from_row_slice(1, rows.len(), &numbers(y)))
        }
    }

    fn select(&self, samples: &[usize]) -> Self {
        match self {
            Self::Labels(labels) => Self::Labels(samples.iter().map(|&s| labels[s]).collect()),
            Self::Values(values) => Self::Values(values.select_columns(samples)),
        }
    }

    fn as_targets(&self) -> Targets<'_, f64> {
        match self {
            Self::Labels(labels) => Targets::Labels(labels),
            Self::Values(values) => Targets::Values(values.as_view()),
        }
    }
}

fn close(what: &str, file: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{file}: {what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(
            error <= TOLERANCE * expected.abs().max(1.0),
            "{file}: {what}[{i}] is {found}, expected {expected}"
        );
    }
}

/// Replays a run; `chunk` is the workspace's, so that chunked batches are checked as well.
fn replay(file: &str, run: &Value, chunk: usize) {
    let sizes: Vec<usize> = run["layer_sizes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as usize)
        .collect();
    let spec = MlpSpec::new(sizes.clone())
        .activation(activation(run["activation"].as_str().unwrap()))
        .loss(loss(run["loss"].as_str().unwrap()));
    let (optimizer, rate) = optimizer(run["optimizer"].as_str().unwrap());
    let mut network = Mlp::from_parameters(spec, parameters(&sizes, &run["initial"])).unwrap();
    let mut optimizer = optimizer.build::<f64>(network.n_parameters()).unwrap();
    let mut workspace = network.workspace(chunk);

    let x = transposed(&run["x"]);
    let target = Target::read(&run["y"]);
    let whole = Batch::new(x.as_view(), target.as_targets());
    close(
        "logits",
        file,
        network.logits(x.as_view()).unwrap().as_slice(),
        transposed(&run["logits_at_initial"]).as_slice(),
    );
    let mut gradient = Parameters::zeros(&sizes).unwrap();
    let full = network
        .loss_and_gradient(&whole, None, &mut workspace, &mut gradient)
        .unwrap();
    close(
        "full-batch loss",
        file,
        &[full],
        &[run["full_batch_loss_at_initial"].as_f64().unwrap()],
    );
    let expected = parameters(&sizes, &run["full_batch_gradient_at_initial"]);
    close(
        "full-batch gradient",
        file,
        gradient.as_slice(),
        expected.as_slice(),
    );

    let mut losses = Vec::new();
    for batch in run["batches"].as_array().unwrap() {
        let samples: Vec<usize> = batch
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_u64().unwrap() as usize)
            .collect();
        let (x, target) = (x.select_columns(&samples), target.select(&samples));
        let batch = Batch::new(x.as_view(), target.as_targets());
        losses.push(
            network
                .train_step(&batch, &mut optimizer, rate, 0, &mut workspace)
                .unwrap(),
        );
    }
    close(
        "loss",
        file,
        &losses,
        &numbers(&run["loss_before_each_step"]),
    );
    close(
        "final parameters",
        file,
        network.parameters().as_slice(),
        parameters(&sizes, &run["final"]).as_slice(),
    );
}

#[test]
fn every_reference_run_is_matched_step_by_step() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut n_runs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let run: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let name = path.file_name().unwrap().to_string_lossy();
            // Chunks of 8 leave batches whole (and plain descent fused); chunks of 3 cut them.
            replay(&name, &run, 8);
            replay(&name, &run, 3);
            n_runs += 1;
        }
    }
    assert_eq!(n_runs, 20);
}
