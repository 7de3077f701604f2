//! Generated Rust sources. Some are in the folder `generated`, compiled with these tests; they are written anew where the variable
//! `SMALLBATCH_RENEW` is set.

use std::fs;
use std::path::Path;

use smallbatch_export::rust_source;
use smallbatch_predict::Model;

use crate::random::{self, Random};

#[path = "../generated/model_0.rs"]
mod model_0;
#[path = "../generated/model_1.rs"]
mod model_1;
#[path = "../generated/model_2.rs"]
mod model_2;
#[path = "../generated/model_3.rs"]
mod model_3;
#[path = "../generated/model_7.rs"]
mod model_7;

const GENERATED: [(u64, &Model); 5] = [
    (0, &model_0::MODEL),
    (1, &model_1::MODEL),
    (2, &model_2::MODEL),
    (3, &model_3::MODEL),
    (7, &model_7::MODEL),
];

/// A model that is small enough to be read.
fn model(seed: u64) -> Model {
    let mut model = random::model(seed);
    for (at, member) in model.members.to_mut().iter_mut().enumerate() {
        let n = member.features.len();
        let sizes = [n, 5, model.classes.len().max(1)];
        let activation = random::activation(3 * seed + at as u64);
        member.network = random::network(&sizes, activation, &mut Random(seed));
    }
    model
}

#[test]
fn the_generated_files_are_what_is_generated() {
    for (seed, _) in GENERATED {
        let file = format!(
            "{}/tests/generated/model_{seed}.rs",
            env!("CARGO_MANIFEST_DIR")
        );
        let file = Path::new(&file);
        let source = rust_source(&model(seed));
        if std::env::var_os("SMALLBATCH_RENEW").is_some() {
            fs::write(file, source).expect("it can be written");
        } else {
            let is = fs::read_to_string(file)
                .unwrap_or_default()
                .replace("\r\n", "\n");
            assert!(
                is == source,
                "{} is of another version: run this test with SMALLBATCH_RENEW=1",
                file.display()
            );
        }
    }
}

#[test]
fn what_is_compiled_in_is_the_model_to_the_bit() {
    for (seed, compiled) in GENERATED {
        let model = model(seed);
        assert_eq!(*compiled, model);
        let bytes = model.to_bytes("null").expect("it is sound");
        let read = Model::from_bytes(&bytes).expect("it was written");
        let random = &mut Random(seed);
        for _ in 0..50 {
            let drawn = random::row(&model, random);
            let predicted = |model: &Model| {
                random::predict(model, &drawn).map(|prediction| {
                    let bits: Vec<u64> = prediction.values.iter().map(|x| x.to_bits()).collect();
                    (bits, prediction.warnings)
                })
            };
            assert_eq!(predicted(compiled), predicted(&read));
        }
    }
}

#[test]
fn numbers_that_are_none_are_named() {
    let mut model = model(1);
    let layer = &mut model.members.to_mut()[0].network.layers.to_mut()[0];
    layer.bias = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-45].into();
    let source = rust_source(&model);
    assert!(source.contains("f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e-45"));
}
