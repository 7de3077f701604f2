//! One row by the crate that predicts without the training library: the network alone, and a whole row, from its cells to probabilities.
//!
//! `predictor/network` allocates nothing. The bits are the same on every processor, so no operations are fused; how fast that is on the
//! oldest processor of an architecture is the question, and `cargo xtask bench` without flags answers it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use smallbatch_benches::{CASES, Case};
use smallbatch_mlp::Activation as Trained;
use smallbatch_predict::{
    Column, Feature, FeatureScaling, HiddenActivation, Kind, Layer, Model, ModelMember, Network,
    Output, Scratch, Text, Value,
};

/// The bench's network as the predictor has it.
fn network(case: &Case) -> Network {
    let trained = case.network();
    let parameters = trained.parameters();
    let layers = (0..parameters.n_layers()).map(|at| Layer {
        // Column by column, which is input by input.
        weights: parameters.weight(at).iter().copied().collect(),
        bias: parameters.bias(at).iter().copied().collect(),
    });
    assert_eq!(case.activation, Trained::Relu);
    Network {
        layers: layers.collect(),
        activation: HiddenActivation::Relu,
    }
}

/// The network with a column of numbers for each input, standardized, and a class for each output.
fn model(network: Network) -> Model {
    let n = network.n_inputs();
    let columns = (0..n).map(|at| Column {
        name: format!("x{at}").into(),
        kind: Kind::Number { range: None },
        had_missing: false,
    });
    let features = (0..n).map(|column| Feature::Number {
        column,
        part: None,
        fill: 0.0,
    });
    Model {
        target: "class".into(),
        classes: (0..network.n_outputs())
            .map(|class| Text::from(class.to_string()))
            .collect(),
        columns: columns.collect(),
        members: vec![ModelMember {
            features: features.collect(),
            scaling: FeatureScaling::Affine {
                shift: vec![0.0; n].into(),
                scale: vec![1.0; n].into(),
            },
            network,
            output: Output::Probabilities,
        }]
        .into(),
        errors: None,
    }
}

fn predictor(criterion: &mut Criterion) {
    for case in CASES {
        let mut group = criterion.benchmark_group(format!("predictor/{}", case.name));
        let dataset = case.dataset();
        let sample = dataset.features().column(0);
        let logits = case
            .network()
            .logits(dataset.features().columns(0, 1))
            .expect("they fit");
        let model = model(network(&case));
        let network = &model.members[0].network;
        let mut scratch = Scratch::default();
        group.bench_function("network", |bencher| {
            bencher.iter(|| {
                let outputs = network.outputs(black_box(sample.as_slice()), &mut scratch);
                black_box(outputs[0]);
            });
        });
        // The training library's fused operations round elsewhere.
        let outputs = network.outputs(sample.as_slice(), &mut scratch);
        for (ours, theirs) in outputs.iter().zip(logits.iter()) {
            assert!((*ours - theirs).abs() < 1e-3 * logits.amax(), "{outputs:?}");
        }
        let mut row = model.row();
        for (at, x) in sample.iter().enumerate() {
            let value = Value::Number(f64::from(*x));
            row.set_at(at, value).expect("it is a number");
        }
        group.bench_function("row", |bencher| {
            bencher.iter(|| {
                model
                    .predict_with(black_box(&row), &mut scratch)
                    .expect("it is finite")
            });
        });
        group.finish();
    }
}

criterion_group!(benches, predictor);
criterion_main!(benches);
