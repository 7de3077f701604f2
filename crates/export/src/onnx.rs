//! Models in ONNX: the whole way from a row's cells to its prediction.

mod features;
mod graph;
mod inputs;
mod network;
mod proto;
mod scaling;

use std::collections::HashSet;

use prost::Message;
use smallbatch_predict::Model;

use crate::{Error, half_width_90};
use graph::{Graph, Name, OF_TEXTS, as_i64, integer};
use inputs::{declaration, inputs};
use proto::{DataType, ModelProto, OperatorSetIdProto, StringStringEntryProto, ValueInfoProto};

/// The version of the format; the one that came with [`OPSET`].
const IR_VERSION: i64 = 8;
/// The set of operators: of 2022, so that runtimes of the last years know it.
const OPSET: i64 = 17;
/// The set of operators for texts.
const OPSET_OF_TEXTS: i64 = 3;

/// The model as an ONNX file: opset 17, and `ai.onnx.ml` 3 for texts.
///
/// The graph does all that [`Model::predict`] does: it fills in what is missing, makes texts into numbers, scales in double precision,
/// computes each network in single precision and averages over them. It predicts many rows at once.
///
/// # Inputs
///
/// One for each column that features are made of, of shape (rows, 1), under the column's name; their `doc_string` says what they take.
///
/// | column | input | missing |
/// |---|---|---|
/// | numbers | double | NaN |
/// | yes or no | double: 1 or 0 | NaN |
/// | categories | string, without spaces around it | the empty one |
/// | dates | double, for each part that is used: `NAME.days` since 1970-01-01 in UTC, `NAME.month` from 1, `NAME.weekday` from 0 for Monday, `NAME.hour` from 0 | NaN |
/// | times of day | double: `NAME.sine` and `NAME.cosine` of 2π times the share of the day that has passed | NaN |
///
/// A category that training did not know is taken as in [`Model::predict`]. What that warns of, a graph does not.
///
/// # Outputs
///
/// As scikit-learn's converter names them, without its `ZipMap`:
///
/// | target | output |
/// |---|---|
/// | classes | `label`, (rows): the most probable class, int64 where all classes are whole numbers, else string |
/// | | `probabilities`, (rows, classes), float |
/// | numbers | `variable`, (rows, 1), float |
/// | | `low` and `high`, (rows, 1), float: the interval in which 9 of 10 true numbers are (`coverage` is 0.9 in the file's properties); left out where too few rows vouch for it |
///
/// An output has a `1` behind its name where a column has that name.
///
/// # Errors
/// [`Error::Unsound`] for a model that does not fit together, [`Error::Name`] where two inputs would have one name, or one none.
pub fn onnx(model: &Model) -> Result<Vec<u8>, Error> {
    // What a file would refuse is refused here.
    model.to_bytes("null").map_err(|error| Error::Unsound {
        reason: error.to_string(),
    })?;
    let inputs: Vec<ValueInfoProto> = inputs(model).iter().map(|i| i.declaration()).collect();
    let names: Vec<&str> = inputs
        .iter()
        .filter_map(|input| input.name.as_deref())
        .collect();
    let mut taken = HashSet::new();
    if let Some(name) = names
        .iter()
        .find(|name| name.is_empty() || !taken.insert(**name))
    {
        return Err(Error::Name {
            name: (*name).to_owned(),
        });
    }
    let names = ["label", "probabilities", "variable", "low", "high"].map(|name| {
        let mut name = name.to_owned();
        while taken.contains(&*name) {
            name.push('1');
        }
        name
    });
    let mut graph = Graph::new(taken.into_iter().chain(names.iter().map(String::as_str)));
    let [label, probabilities, variable, low, high] = names.clone();
    let mean = mean(&mut graph, model)?;
    let property = |key: &str, value: &str| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    let mut properties = vec![property("target", &model.target)];
    let outputs = if model.classes.is_empty() {
        let mut numbers = vec![(variable, mean.clone())];
        if let Some(half) = half_width_90(model) {
            properties.push(property("coverage", "0.9"));
            let half = graph.double(half);
            numbers.push((low, graph.node("Sub", &[&mean, &half])));
            numbers.push((high, graph.node("Add", &[&mean, &half])));
        }
        let mut declared = Vec::new();
        for (name, number) in numbers {
            let single = graph.cast(&number, DataType::Float);
            graph.output(&single, &name);
            declared.push(declaration(&name, DataType::Float, Some(1)));
        }
        declared
    } else {
        let of = labels(&mut graph, model, &mean, &label);
        let single = graph.cast(&mean, DataType::Float);
        graph.output(&single, &probabilities);
        let n_classes = Some(as_i64(model.classes.len()));
        vec![
            declaration(&label, of, None),
            declaration(&probabilities, DataType::Float, n_classes),
        ]
    };
    let opset = |domain: &str, version| OperatorSetIdProto {
        domain: Some(domain.to_owned()),
        version: Some(version),
    };
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("smallbatch".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(graph.finish(inputs, outputs)),
        opset_import: vec![opset("", OPSET), opset(OF_TEXTS, OPSET_OF_TEXTS)],
        metadata_props: properties,
    };
    Ok(model.encode_to_vec())
}

/// The mean of what the members predict, in double precision.
fn mean(graph: &mut Graph, model: &Model) -> Result<Name, Error> {
    let mut sum: Option<Name> = None;
    for member in &*model.members {
        let features = features::features(graph, &member.features, model)?;
        let n = member.features.len();
        let scaled = scaling::scaled(graph, &member.scaling, features, n);
        let of_member = network::predictions(graph, &member.network, member.output, &scaled);
        sum = Some(match sum {
            None => of_member,
            Some(sum) => graph.node("Add", &[&sum, &of_member]),
        });
    }
    let sum = sum.ok_or_else(|| Error::Unsound {
        reason: "it has no network".to_owned(),
    })?;
    #[allow(clippy::cast_precision_loss)] // Networks are few.
    let n_members = graph.double(model.members.len() as f64);
    Ok(graph.node("Div", &[&sum, &n_members]))
}

/// The most probable class of each row, the first of equal ones, as an output; whole numbers or texts.
fn labels(graph: &mut Graph, model: &Model, probabilities: &str, name: &str) -> DataType {
    let attributes = vec![integer("axis", 1), integer("keepdims", 0)];
    let best = graph.node_with("ArgMax", &[probabilities], attributes);
    let whole = |class: &str| class.parse().ok().filter(|n: &i64| n.to_string() == class);
    let numbers: Option<Vec<i64>> = model.classes.iter().map(|class| whole(class)).collect();
    let (classes, of) = match numbers {
        Some(numbers) => (graph.integers(&[numbers.len()], &numbers), DataType::Int64),
        None => (
            graph.texts(model.classes.iter().map(|class| &**class)),
            DataType::Text,
        ),
    };
    let label = graph.node("Gather", &[&classes, &best]);
    graph.output(&label, name);
    of
}
