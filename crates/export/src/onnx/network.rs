//! The network in single precision, and what its outputs mean in double.

use smallbatch_predict::{HiddenActivation, Network, Output};

use super::graph::{Graph, Name, float, integer};
use super::proto::DataType;
use super::scaling::clip;

/// Beyond it a scaled feature is cut, as `Model::predict` does.
const MOST: f64 = 1e18;

/// What one member predicts, in double precision: (rows, outputs).
pub(super) fn predictions(
    graph: &mut Graph,
    network: &Network,
    output: Output,
    scaled: &str,
) -> Name {
    let scaled = clip(graph, scaled, -MOST, MOST);
    let mut values = graph.cast(&scaled, DataType::Float);
    let last = network.layers.len().saturating_sub(1);
    for (at, layer) in network.layers.iter().enumerate() {
        let weights = graph.floats(&[layer.n_inputs(), layer.n_units()], &layer.weights);
        let bias = graph.floats(&[layer.n_units()], &layer.bias);
        values = graph.node("Gemm", &[&values, &weights, &bias]);
        if at < last {
            values = activated(graph, network.activation, values);
        }
    }
    match output {
        Output::Probabilities => {
            let values = graph.node_with("Softmax", &[&values], vec![integer("axis", 1)]);
            graph.cast(&values, DataType::Double)
        }
        Output::Number { mean, scale } => {
            let z = graph.cast(&values, DataType::Double);
            line(graph, &z, mean, scale)
        }
        Output::Logarithm {
            mean,
            scale,
            smear,
            reach,
        } => {
            let z = graph.cast(&values, DataType::Double);
            let z = clip(graph, &z, -reach, reach);
            let logarithm = line(graph, &z, mean, scale);
            let number = graph.node("Exp", &[&logarithm]);
            let smear = graph.double(smear);
            graph.node("Mul", &[&number, &smear])
        }
    }
}

/// mean + scale·z.
fn line(graph: &mut Graph, z: &str, mean: f64, scale: f64) -> Name {
    let (mean, scale) = (graph.double(mean), graph.double(scale));
    let scaled = graph.node("Mul", &[z, &scale]);
    graph.node("Add", &[&scaled, &mean])
}

fn activated(graph: &mut Graph, activation: HiddenActivation, z: Name) -> Name {
    #[allow(clippy::cast_possible_truncation)] // The network computes in single precision.
    match activation {
        HiddenActivation::Identity => z,
        HiddenActivation::Relu => graph.node("Relu", &[&z]),
        HiddenActivation::LeakyRelu { slope } => {
            graph.node_with("LeakyRelu", &[&z], vec![float("alpha", slope as f32)])
        }
        HiddenActivation::Tanh => graph.node("Tanh", &[&z]),
        HiddenActivation::Sigmoid => graph.node("Sigmoid", &[&z]),
        HiddenActivation::Silu => {
            let gate = graph.node("Sigmoid", &[&z]);
            graph.node("Mul", &[&z, &gate])
        }
        HiddenActivation::Gelu => {
            // z·(1 + erf(z/√2))/2; an operator of its own came with opset 20.
            let root = graph.floats(&[], &[std::f32::consts::FRAC_1_SQRT_2]);
            let (one, half) = (graph.floats(&[], &[1.0]), graph.floats(&[], &[0.5]));
            let x = graph.node("Mul", &[&z, &root]);
            let error = graph.node("Erf", &[&x]);
            let sum = graph.node("Add", &[&error, &one]);
            let gate = graph.node("Mul", &[&sum, &half]);
            graph.node("Mul", &[&z, &gate])
        }
        HiddenActivation::Elu { alpha } => {
            graph.node_with("Elu", &[&z], vec![float("alpha", alpha as f32)])
        }
        HiddenActivation::Softplus => graph.node("Softplus", &[&z]),
    }
}
