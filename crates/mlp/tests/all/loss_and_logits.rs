//! Loss and logits in one forward pass, against the two that it stands for.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use nalgebra::DMatrix;
use smallbatch_mlp::{Activation, Batch, Error, Loss, MlpSpec, Targets};

fn wave(rows: usize, columns: usize, phase: f64) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| {
        (i as f64 * 1.3 + j as f64 * 2.1 + phase).sin()
    })
}

#[test]
fn one_pass_gives_the_bits_of_two() {
    let n = 23;
    let inputs = wave(5, n, 0.3);
    let labels: Vec<u32> = (0..n as u32).map(|j| j * 5 % 3).collect();
    let values = wave(3, n, 0.5).map(|y| (y + 1.0) / 2.0);
    let weights: Vec<f64> = (0..n).map(|j| (j % 4) as f64).collect();
    let numbers = Targets::Values(values.as_view());
    for (loss, targets) in [
        (Loss::softmax_cross_entropy(), Targets::Labels(&labels)),
        (Loss::BinaryCrossEntropy, numbers),
        (Loss::MeanSquaredError, numbers),
        (Loss::MeanAbsoluteError, numbers),
        (Loss::Huber { delta: 0.2 }, numbers),
        (Loss::Poisson, numbers),
    ] {
        for activation in [Activation::Relu, Activation::Gelu] {
            // With dropout, which an evaluation does not have.
            let spec = MlpSpec::new([5, 7, 3]).activation(activation).dropout(0.5);
            let network = spec.loss(loss.clone()).build::<f64>(1).unwrap();
            let plain = Batch::new(inputs.as_view(), targets);
            for batch in [plain, plain.weights(&weights)] {
                // One chunk; several, the last one short; a sample at a time.
                for capacity in [64, 10, 1] {
                    let mut workspace = network.workspace(capacity);
                    let mut logits = DMatrix::from_element(3, n, f64::NAN);
                    let found = network.loss_and_logits(&batch, &mut workspace, &mut logits);
                    let expected = network.loss(&batch, &mut workspace).unwrap();
                    assert_eq!(found.unwrap(), expected, "{loss:?} chunk {capacity}");
                    let mut plain_logits = DMatrix::zeros(3, n);
                    network
                        .forward_into(inputs.as_view(), &mut workspace, &mut plain_logits)
                        .unwrap();
                    assert_eq!(logits, plain_logits, "{loss:?} chunk {capacity}");
                }
            }
        }
    }
}

/// `forward_into` computes a single sample by another way: equal to rounding. The loss is of one way.
#[test]
fn one_sample_is_equal_to_rounding() {
    let network = MlpSpec::new([5, 70, 33, 3]).build::<f64>(1).unwrap();
    let inputs = wave(5, 1, 0.3);
    let batch = Batch::new(inputs.as_view(), Targets::Labels(&[2]));
    let mut workspace = network.workspace(1);
    let mut logits = DMatrix::zeros(3, 1);
    let found = network.loss_and_logits(&batch, &mut workspace, &mut logits);
    assert_eq!(
        found.unwrap(),
        network.loss(&batch, &mut workspace).unwrap()
    );
    let alone = network.logits(inputs.as_view()).unwrap();
    assert!((&logits - &alone).amax() < 1e-14, "{logits} {alone}");
    let log_sum = logits.iter().map(|z| z.exp()).sum::<f64>().ln();
    assert!((network.loss(&batch, &mut workspace).unwrap() - (log_sum - logits[2])).abs() < 1e-14);
}

#[test]
fn logits_of_another_shape_are_refused() {
    let network = MlpSpec::new([2, 3, 2]).build::<f64>(0).unwrap();
    let inputs = wave(2, 4, 0.0);
    let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1, 1, 0]));
    let mut workspace = network.workspace(4);
    for (rows, columns) in [(2, 3), (3, 4), (4, 2)] {
        let mut logits = DMatrix::zeros(rows, columns);
        assert_eq!(
            network.loss_and_logits(&batch, &mut workspace, &mut logits),
            Err(Error::Shape {
                what: "the logits",
                expected_rows: 2,
                expected_columns: 4,
                found_rows: rows,
                found_columns: columns,
            })
        );
    }
}

#[test]
fn it_does_not_allocate() {
    let network = MlpSpec::new([2, 3, 2]).build::<f64>(0).unwrap();
    let inputs = wave(2, 40, 0.0);
    let labels = [0, 1].repeat(20);
    let batch = Batch::new(inputs.as_view(), Targets::Labels(&labels));
    let mut workspace = network.workspace(16);
    let mut logits = DMatrix::zeros(2, 40);
    // The first product may set up what later ones find.
    network
        .loss_and_logits(&batch, &mut workspace, &mut logits)
        .unwrap();
    let counted = allocation_counter::measure(|| {
        network
            .loss_and_logits(&batch, &mut workspace, &mut logits)
            .unwrap();
    });
    assert_eq!(counted.count_total, 0);
}
