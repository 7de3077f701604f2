//! Networks that other libraries trained, in `tests/imported`, and files that hold none.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use std::path::Path;

use nalgebra::DMatrix;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::Value;
use smallbatch_mlp::{Activation, Error, Loss, Mlp, Scalar};

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/imported");
    std::fs::read(folder.join(name)).unwrap()
}

fn matrix<T: Scalar>(rows: &Value) -> DMatrix<T> {
    let rows: Vec<Vec<f64>> = serde_json::from_value(rows.clone()).unwrap();
    DMatrix::from_fn(rows[0].len(), rows.len(), |i, j| T::of(rows[j][i]))
}

/// The largest difference from what the other library predicted, in units of the larger of 1 and that.
fn difference<T: Scalar>(name: &str) -> f64 {
    let about: Value = serde_json::from_slice(&file(&format!("{name}.json"))).unwrap();
    let activation = match about["activation"].as_str().unwrap() {
        "relu" => Activation::Relu,
        "tanh" => Activation::Tanh,
        "logistic" => Activation::Sigmoid,
        "gelu" => Activation::Gelu,
        other => panic!("{other}"),
    };
    let loss = match about["loss"].as_str().unwrap() {
        "SoftmaxCrossEntropy" => Loss::softmax_cross_entropy(),
        "BinaryCrossEntropy" => Loss::BinaryCrossEntropy,
        _ => Loss::MeanSquaredError,
    };
    let bytes = file(&format!("{name}.safetensors"));
    let network = Mlp::<T>::from_safetensors(&bytes, activation, loss).unwrap();
    let found = network.predict(matrix(&about["rows"]).as_view()).unwrap();
    let expected: DMatrix<f64> = matrix(&about["predictions"]);
    assert_eq!(found.shape(), expected.shape());
    let pairs = found.iter().zip(&expected);
    pairs.fold(0.0, |worst, (a, b)| {
        f64::max(worst, (a.to_f64() - b).abs() / b.abs().max(1.0))
    })
}

#[test]
fn networks_of_other_libraries_predict_what_they_did() {
    for name in ["classifier", "two_classes", "regressor", "torch"] {
        let (double, single) = (difference::<f64>(name), difference::<f32>(name));
        // Sums of a few dozen numbers, in another order.
        assert!(double < 1e-12, "{name}: {double:e}");
        assert!(single < 1e-5, "{name}: {single:e}");
    }
}

/// Names and shapes.
type Tensors<'a> = &'a [(&'a str, &'a [usize])];

/// A file of these tensors, all zeros, which are of F32.
fn zeros(tensors: Tensors<'_>) -> Vec<u8> {
    let bytes = vec![0; 4096];
    let view = |shape: &[usize]| {
        let length = 4 * shape.iter().product::<usize>();
        TensorView::new(Dtype::F32, shape.to_vec(), &bytes[..length]).unwrap()
    };
    let views = tensors.iter().map(|&(name, shape)| (name, view(shape)));
    serialize(views, None).unwrap()
}

fn reason(bytes: &[u8]) -> String {
    match Mlp::<f32>::from_safetensors(bytes, Activation::Relu, Loss::MeanSquaredError) {
        Err(Error::NoSequential { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_prefix_and_a_layer_without_bias_are_taken() {
    let bytes = zeros(&[
        ("net.body.10.weight", &[1, 5]),
        ("net.body.2.weight", &[5, 3]),
        ("net.body.2.bias", &[5]),
    ]);
    let network = Mlp::<f32>::from_safetensors(&bytes, Activation::Relu, Loss::MeanSquaredError);
    // Layer 10 comes after layer 2.
    assert_eq!(network.unwrap().spec().layer_sizes(), [3, 5, 1]);
}

#[test]
fn what_is_no_sequential_is_refused_with_the_reason() {
    let cases: [(Tensors<'_>, &str); 10] = [
        (&[], "they have no layer"),
        (
            &[("0.running_mean", &[3])],
            "\"0.running_mean\" is no weight or bias",
        ),
        (
            &[("linear.weight", &[3, 2])],
            "\"linear.weight\" is no weight or bias",
        ),
        (&[("0.weight", &[3])], "\"0.weight\" has the shape [3]"),
        (&[("0.bias", &[3])], "\"0.weight\" has the shape []"),
        (
            &[("0.weight", &[3, 2]), ("0.bias", &[2])],
            "\"0.bias\" has the shape [2], not (3)",
        ),
        (
            &[("0.weight", &[3, 2]), ("2.weight", &[1, 4])],
            "the layer 2 takes 4 inputs, and the one before has 3 units",
        ),
        (
            &[("0.weight", &[3, 2]), ("1.weight", &[1, 3])],
            "no activation stands between the layers 0 and 1",
        ),
        (
            &[("a.0.weight", &[3, 2]), ("b.2.weight", &[1, 3])],
            "is of another module",
        ),
        (
            &[("0.weight", &[1, 2]), ("scaler.mean", &[2])],
            "one of scaler.mean and scaler.scale alone",
        ),
    ];
    for (tensors, expected) in cases {
        let found = reason(&zeros(tensors));
        assert!(found.contains(expected), "{found:?} has no {expected:?}");
    }
    let scaler = [
        ("0.weight", &[1, 2][..]),
        ("scaler.mean", &[2]),
        ("scaler.scale", &[3]),
    ];
    assert!(reason(&zeros(&scaler)).contains("\"scaler.scale\" has the shape [3], not (2)"));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let tensor = |dtype, bytes: &[u8]| {
        let view = TensorView::new(dtype, vec![1, 1], bytes).unwrap();
        serialize([("0.weight", view)], None).unwrap()
    };
    let large = tensor(Dtype::F64, &1e300_f64.to_le_bytes());
    assert!(
        reason(&large).contains("\"0.weight\" has the number 1e300"),
        "{}",
        reason(&large)
    );
    let wide = Mlp::<f64>::from_safetensors(&large, Activation::Relu, Loss::MeanSquaredError);
    assert_eq!(wide.unwrap().parameters().weight(0)[(0, 0)], 1e300);
    assert!(reason(&tensor(Dtype::BF16, &[0, 0])).contains("is of BF16; save it as F32 or F64"));
}

/// No cut and no changed byte makes it panic, or allocate what the file does not hold.
#[test]
fn damaged_files_are_refused_or_read() {
    let whole = file("classifier.safetensors");
    for length in 0..whole.len() {
        reason(&whole[..length]);
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let _ =
            Mlp::<f64>::from_safetensors(&bytes, Activation::Tanh, Loss::softmax_cross_entropy());
    }
    let mut promised =
        br#"{"0.weight":{"dtype":"F32","shape":[1000000000,1000000000],"data_offsets":[0,4]}}"#
            .to_vec();
    promised.splice(0..0, (promised.len() as u64).to_le_bytes());
    promised.extend([0; 4]);
    reason(&promised);
}
