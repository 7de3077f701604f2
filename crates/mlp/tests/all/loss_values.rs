//! Every loss and every option of it against values computed by hand, and at extreme logits.
//!
//! The networks have weights of 0, so that their logits are their biases whatever the input, and the gradient with respect
//! to the bias is that with respect to the logits.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use nalgebra::{DMatrix, dmatrix};
use smallbatch_mlp::{Batch, Loss, Mlp, MlpSpec, Scalar, Targets};

fn with_logits<T: Scalar>(logits: &[T], loss: &Loss) -> Mlp<T> {
    let spec = MlpSpec::new([1, logits.len()]).loss(loss.clone());
    let mut network = spec.build::<T>(0).unwrap();
    network.parameters_mut().as_mut_slice().fill(T::zero());
    network.parameters_mut().bias_mut(0).copy_from_slice(logits);
    network
}

/// The mean loss of samples that all have these logits, and its gradient with respect to them.
fn value_and_slope<T: Scalar>(
    logits: &[T],
    loss: &Loss,
    targets: Targets<'_, T>,
    weights: Option<&[T]>,
) -> (f64, Vec<f64>) {
    let n_samples = match targets {
        Targets::Labels(labels) => labels.len(),
        Targets::Values(values) => values.ncols(),
    };
    let network = with_logits(logits, loss);
    let inputs = DMatrix::zeros(1, n_samples);
    let mut batch = Batch::new(inputs.as_view(), targets);
    if let Some(weights) = weights {
        batch = batch.weights(weights);
    }
    let mut gradient = network.parameters().clone();
    let mut workspace = network.workspace(n_samples);
    let value = network
        .loss_and_gradient(&batch, None, &mut workspace, &mut gradient)
        .unwrap();
    let slope = gradient.bias(0).iter().map(|g| g.to_f64()).collect();
    (value, slope)
}

/// Equal but for a few roundings of numbers of order 1.
fn assert_close((value, slope): (f64, Vec<f64>), expected: f64, expected_slope: &[f64]) {
    assert!((value - expected).abs() < 4e-15, "{value}, not {expected}");
    assert_eq!(slope.len(), expected_slope.len());
    for (found, expected) in slope.iter().zip(expected_slope) {
        assert!(
            (found - expected).abs() < 2e-15,
            "slope {slope:?}, not {expected_slope:?}"
        );
    }
}

/// Logits ln 1, ln 2, ln 5, that is probabilities 1/8, 1/4, 5/8.
#[test]
fn softmax_cross_entropy_with_every_option() {
    let (ln2, ln5) = (2_f64.ln(), 5_f64.ln());
    let logits = [0.0, ln2, ln5];
    let plain = Loss::softmax_cross_entropy();
    let labels = Targets::Labels(&[1]);
    assert_close(
        value_and_slope(&logits, &plain, labels, None),
        2.0 * ln2, // -ln 1/4
        &[0.125, -0.75, 0.625],
    );

    // ε = 0.3 makes q = (0.1, 0.8, 0.1): 0.1·ln 8 + 0.8·ln 4 + 0.1·ln 8/5.
    let smoothed = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.3,
        class_weights: None,
    };
    assert_close(
        value_and_slope(&logits, &smoothed, labels, None),
        2.2 * ln2 - 0.1 * ln5,
        &[0.025, -0.55, 0.525],
    );

    // Classes 0 and 1 weigh 1/2 and 2: (½·ln 8 + 2·ln 4) / 2½, slopes (½·(-7/8, 1/4, 5/8) + 2·(1/8, -3/4, 5/8)) / 2½.
    let class_weights = Some(vec![0.5, 2.0, 1.0]);
    let weighted = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.0,
        class_weights: class_weights.clone(),
    };
    let labels = Targets::Labels(&[0, 1]);
    assert_close(
        value_and_slope(&logits, &weighted, labels, None),
        5.5 * ln2 / 2.5,
        &[-0.1875 / 2.5, -1.375 / 2.5, 1.5625 / 2.5],
    );
    // Sample weights 4 and 1 make both weigh 2: (ln 8 + ln 4) / 2.
    assert_close(
        value_and_slope(&logits, &weighted, labels, Some(&[4.0, 1.0])),
        2.5 * ln2,
        &[-0.375, -0.25, 0.625],
    );

    // Both options: class 0 has 0.8·ln 8 + 0.1·ln 4 + 0.1·ln 8/5 = 2.9·ln 2 - 0.1·ln 5, class 1 as above; weights ½ and 2.
    let both = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.3,
        class_weights,
    };
    assert_close(
        value_and_slope(&logits, &both, labels, None),
        (0.5 * (2.9 * ln2 - 0.1 * ln5) + 2.0 * (2.2 * ln2 - 0.1 * ln5)) / 2.5,
        &[
            (-0.5 * 0.675 + 2.0 * 0.025) / 2.5,
            (0.5 * 0.15 - 2.0 * 0.55) / 2.5,
            (0.5 * 0.525 + 2.0 * 0.525) / 2.5,
        ],
    );
}

/// Logits ln 3 and 0, that is probabilities 3/4 and 1/2.
#[test]
fn binary_cross_entropy_of_values_and_of_labels() {
    let (ln2, ln3) = (2_f64.ln(), 3_f64.ln());
    let loss = Loss::BinaryCrossEntropy;
    // Targets 1/4 and 1: ¼·ln 4/3 + ¾·ln 4 = 2·ln 2 - ¼·ln 3, and ln 2; half of their sum.
    let values = dmatrix![0.25; 1.0];
    assert_close(
        value_and_slope(&[ln3, 0.0], &loss, Targets::Values(values.as_view()), None),
        0.5 * (3.0 * ln2 - 0.25 * ln3),
        &[0.25, -0.25],
    );
    // ln 4 and ln 4/3, and a mean slope of (3/4 - 1/4) / 2.
    let labels = value_and_slope(&[ln3], &loss, Targets::Labels(&[0, 1]), None);
    assert_close(labels.clone(), 2.0 * ln2 - 0.5 * ln3, &[0.25]);
    // Labels are values.
    let values = dmatrix![0.0, 1.0];
    let values = Targets::Values(values.as_view());
    assert_eq!(value_and_slope(&[ln3], &loss, values, None), labels);
    // Weights 3 and 1: (3·ln 4 + ln 4/3) / 4, (3·3/4 - 1/4) / 4; of labels as of values.
    let weights: Option<&[f64]> = Some(&[3.0, 1.0]);
    let weighted = value_and_slope(&[ln3], &loss, Targets::Labels(&[0, 1]), weights);
    assert_close(weighted.clone(), 2.0 * ln2 - 0.25 * ln3, &[0.5]);
    assert_eq!(value_and_slope(&[ln3], &loss, values, weights), weighted);
}

#[test]
fn losses_of_numbers() {
    // Residuals 1, -2 and 0; a second sample of residuals 3, 0 and -½.
    let logits = [1.0, -1.0, 2.0];
    let values = dmatrix![0.0, -2.0; 1.0, -1.0; 2.0, 2.5];
    let targets = Targets::Values(values.as_view());
    let found = |loss: &Loss, weights| value_and_slope(&logits, loss, targets, weights);
    // Each sample's mean over outputs, then the mean over samples.
    assert_close(
        found(&Loss::MeanSquaredError, None),
        (5.0 / 3.0 + 9.25 / 3.0) / 2.0,
        &[8.0 / 6.0, -4.0 / 6.0, -1.0 / 6.0],
    );
    assert_close(
        found(&Loss::MeanSquaredError, Some(&[1.0, 3.0])),
        (5.0 / 3.0 + 3.0 * 9.25 / 3.0) / 4.0,
        &[20.0 / 12.0, -4.0 / 12.0, -3.0 / 12.0],
    );
    assert_close(
        found(&Loss::MeanAbsoluteError, None),
        (3.0 / 3.0 + 3.5 / 3.0) / 2.0,
        &[2.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    );
    // δ = 1: ½, 1½, 0 (at the border both formulas give ½), and 2½, 0, ⅛.
    assert_close(
        found(&Loss::Huber { delta: 1.0 }, None),
        (2.0 / 3.0 + 2.625 / 3.0) / 2.0,
        &[2.0 / 6.0, -1.0 / 6.0, -0.5 / 6.0],
    );
    // δ = 2½ leaves the residual 3 alone outside: 2½·(3 - 1¼) = 4.375.
    assert_close(
        found(&Loss::Huber { delta: 2.5 }, None),
        (2.5 / 3.0 + 4.5 / 3.0) / 2.0,
        &[3.5 / 6.0, -2.0 / 6.0, -0.5 / 6.0],
    );
}

/// Two targets of two quantiles: outputs 0 and 1 are those of target 0.
#[test]
fn pinball() {
    let loss = Loss::Pinball {
        quantiles: vec![0.25, 0.875],
    };
    let logits = [1.0, 3.0, -1.0, 0.0];
    let values = dmatrix![2.0; -2.0];
    // y - z is 1, -1, -1, -2: ¼·1, ⅛·1, ¾·1, ⅛·2.
    assert_close(
        value_and_slope(&logits, &loss, Targets::Values(values.as_view()), None),
        (0.25 + 0.125 + 0.75 + 0.25) / 4.0,
        &[-0.25 / 4.0, 0.125 / 4.0, 0.75 / 4.0, 0.125 / 4.0],
    );
    // At the kink: no loss, and a slope of 0.
    let values = dmatrix![1.0; 0.0];
    let (value, slope) = value_and_slope(&logits, &loss, Targets::Values(values.as_view()), None);
    assert_eq!(value, (0.125 * 2.0 + 0.25) / 4.0);
    assert_eq!(slope, [0.0, 0.125 / 4.0, -0.25 / 4.0, 0.0]);
}

/// Logits ln 2 and 0, rates 2 and 1; counts 3 and 0.
#[test]
fn poisson() {
    let ln2 = 2_f64.ln();
    let values = dmatrix![3.0; 0.0];
    assert_close(
        value_and_slope(
            &[ln2, 0.0],
            &Loss::Poisson,
            Targets::Values(values.as_view()),
            None,
        ),
        (2.0 - 3.0 * ln2 + 1.0) / 2.0,
        &[-0.5, 0.5],
    );
}

/// Each loss with two outputs, and what its targets are.
fn extreme_cases() -> Vec<(Loss, Option<u32>, [f32; 2])> {
    let smoothed = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.1,
        class_weights: Some(vec![0.5, 2.0]),
    };
    let pinball = Loss::Pinball {
        quantiles: vec![0.1],
    };
    vec![
        (Loss::softmax_cross_entropy(), Some(0), [0.0; 2]),
        (Loss::softmax_cross_entropy(), Some(1), [0.0; 2]),
        (smoothed.clone(), Some(0), [0.0; 2]),
        (smoothed, Some(1), [0.0; 2]),
        (Loss::BinaryCrossEntropy, None, [0.0, 1.0]),
        (Loss::MeanSquaredError, None, [0.5, -3.0]),
        (Loss::MeanAbsoluteError, None, [0.5, -3.0]),
        (Loss::Huber { delta: 0.3 }, None, [0.5, -3.0]),
        (pinball, None, [0.5, -3.0]),
    ]
}

/// In f32, where they could overflow first, against f64 to f32's rounding.
#[test]
fn logits_of_a_thousand_stay_finite() {
    for logits in [[1e3_f32, -1e3], [-1e3, 1e3], [1e3, 1e3], [-1e3, -1e3]] {
        for (loss, label, values) in extreme_cases() {
            let labels: Vec<u32> = label.into_iter().collect();
            let narrow = DMatrix::from_column_slice(2, 1, &values);
            let wide = narrow.map(f64::from);
            let (in_f32, in_f64) = match label {
                Some(_) => (Targets::Labels(&labels), Targets::Labels(&labels)),
                None => (
                    Targets::Values(narrow.as_view()),
                    Targets::Values(wide.as_view()),
                ),
            };
            let (value, slope) = value_and_slope(&logits, &loss, in_f32, None);
            let wide_logits = logits.map(f64::from);
            let (expected, expected_slope) = value_and_slope(&wide_logits, &loss, in_f64, None);
            assert!(value.is_finite() && expected.is_finite(), "{loss:?}");
            // A few roundings of 6e-8 each.
            let close = |a: f64, b: f64| (a - b).abs() <= 5e-7 * b.abs().max(1.0);
            assert!(
                close(value, expected),
                "{loss:?} at {logits:?}: {value}, not {expected}"
            );
            for (&found, &expected) in slope.iter().zip(&expected_slope) {
                assert!(close(found, expected), "{loss:?} at {logits:?}: {slope:?}");
            }
            let network = with_logits(&logits, &loss);
            let predicted = network.predict(dmatrix![0.0_f32].as_view()).unwrap();
            assert!(predicted.iter().all(|p| p.is_finite()), "{loss:?}");
        }
    }
}

/// The limit that the documentation states, from both sides.
#[test]
fn poissons_rate_overflows_where_it_is_said_to() {
    let values = dmatrix![1.0_f32];
    let narrow = |z: f32| {
        let targets = Targets::Values(values.as_view());
        value_and_slope(&[z], &Loss::Poisson, targets, None).0
    };
    assert!(narrow(88.7).is_finite() && narrow(-1e3) == 1e3);
    assert_eq!(narrow(88.8), f64::INFINITY);
    let values = dmatrix![1.0_f64];
    let wide = |z: f64| {
        let targets = Targets::Values(values.as_view());
        value_and_slope(&[z], &Loss::Poisson, targets, None).0
    };
    assert!(wide(709.7).is_finite() && wide(-1e3) == 1e3);
    assert_eq!(wide(709.8), f64::INFINITY);
}

/// In single precision the loss of a right answer is as exact for yes as it is for no: e^-10 and e^-16 are not lost beside 10
/// and 16.
#[test]
fn small_binary_losses_are_exact_for_both_answers() {
    for z in [1.0_f32, 5.0, 10.0, 16.0, 30.0] {
        let expected = (-f64::from(z)).exp().ln_1p();
        for (z, label) in [(z, 1), (-z, 0)] {
            let labels = Targets::Labels(&[label]);
            let (value, _) = value_and_slope(&[z], &Loss::BinaryCrossEntropy, labels, None);
            assert!(
                (value / expected - 1.0).abs() < 1e-5,
                "{z}: {value} for {expected}"
            );
        }
    }
}
