//! What is not finite is refused, or passes on; it is never repaired in silence.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use nalgebra::{DMatrix, dmatrix};
use smallbatch_mlp::{
    Activation, Batch, Error, GradientNoise, Lanczos, Loss, MlpSpec, OptimizerSpec, Targets,
};

/// A tanh of infinity is 1, so that the loss is finite; the gradient 0·∞ of the weight before it is not.
#[test]
fn an_input_that_is_not_finite_reaches_nothing() {
    for activation in [Activation::Tanh, Activation::Relu] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let spec = MlpSpec::new([2, 3, 2]).activation(activation);
            let mut network = spec.build::<f32>(1).unwrap();
            let before = network.clone();
            let inputs = dmatrix![1.0, 2.0, 3.0; 4.0, value, 6.0];
            let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1, 0]));
            let mut workspace = network.workspace(2);
            let mut product = network.parameters().clone();
            let mut logits = DMatrix::zeros(2, 3);
            let direction = network.parameters().clone();
            let lanczos = Lanczos::default();
            let mut errors = vec![
                network.predict(inputs.as_view()).err(),
                network.logits(inputs.as_view()).err(),
                network
                    .forward_into(inputs.as_view(), &mut workspace, &mut logits)
                    .err(),
                network.loss(&batch, &mut workspace).err(),
                network
                    .loss_and_logits(&batch, &mut workspace, &mut logits)
                    .err(),
                network
                    .loss_and_gradient(&batch, None, &mut workspace, &mut product)
                    .err(),
                network.gradient_noise(&batch).err(),
                network
                    .hessian_vector_product(&batch, &direction, &mut product)
                    .err(),
                network.largest_hessian_eigenvalue(&batch, lanczos).err(),
            ];
            for optimizer in [OptimizerSpec::sgd(), OptimizerSpec::adam()] {
                let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
                let step = network.train_step(&batch, &mut optimizer, 0.1, 0, &mut workspace);
                errors.push(step.err());
                assert_eq!(optimizer.step(), 0);
            }
            for error in errors {
                let error = error.unwrap().to_string();
                let expected = format!("feature 1 of sample 1 is {value}; inputs must be finite.");
                assert!(error.starts_with(&expected), "{error}");
            }
            assert_eq!(network, before);
        }
    }
}

#[test]
fn a_target_that_is_not_finite_is_named() {
    let inputs = dmatrix![1.0_f32, 2.0, 3.0];
    let pinball = Loss::Pinball {
        quantiles: vec![0.5],
    };
    for loss in [
        Loss::BinaryCrossEntropy,
        Loss::MeanSquaredError,
        Loss::MeanAbsoluteError,
        Loss::Huber { delta: 1.0 },
        pinball,
        Loss::Poisson,
    ] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let network = MlpSpec::new([1, 2]).loss(loss.clone()).build(0).unwrap();
            let values = dmatrix![0.0_f32, 0.0, 0.0; 1.0, 1.0, value];
            let batch = Batch::new(inputs.as_view(), Targets::Values(values.as_view()));
            let error = network.loss(&batch, &mut network.workspace(3)).unwrap_err();
            let Error::TargetOutOfRange {
                sample: 2,
                output: 1,
                value: found,
                ..
            } = error
            else {
                panic!("{loss:?}: {error}")
            };
            assert_eq!(found.to_bits(), f64::from(value).to_bits());
        }
    }
}

/// Finite inputs that overflow on the way: the loss says so, as a number; what is computed from it is an error.
#[test]
fn an_overflow_is_an_error_of_the_diagnoses() {
    let network = MlpSpec::new([1, 1])
        .loss(Loss::MeanSquaredError)
        .build::<f32>(1)
        .unwrap();
    let (inputs, targets) = (dmatrix![3e38_f32, -3e38], dmatrix![3e38_f32, 1.0]);
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    let loss = network.loss(&batch, &mut network.workspace(2)).unwrap();
    assert!(!loss.is_finite());
    let error = network.gradient_noise(&batch).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the trace of the gradients' covariance is "),
        "{error}"
    );
    let lanczos = Lanczos::default();
    let error = network
        .largest_hessian_eigenvalue(&batch, lanczos)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the Hessian times the direction is "),
        "{error}"
    );
}

/// 0/0 is not "no noise": it is said to be NaN.
#[test]
fn the_noise_scale_without_a_gradient() {
    let (x, y) = (dmatrix![0.0_f64, 0.0], dmatrix![1.0, -1.0]);
    let mut network = MlpSpec::new([1, 1])
        .loss(Loss::MeanSquaredError)
        .build::<f64>(0)
        .unwrap();
    network.parameters_mut().as_mut_slice().fill(0.0);
    let noise = |targets: &DMatrix<f64>| -> GradientNoise {
        let batch = Batch::new(x.as_view(), Targets::Values(targets.as_view()));
        network.gradient_noise(&batch).unwrap()
    };
    let opposite = noise(&y);
    assert_eq!(opposite.squared_norm_of_mean, 0.0);
    assert_eq!(opposite.trace_of_covariance, 4.0);
    assert_eq!(opposite.simple_noise_scale(), f64::INFINITY);
    let none = noise(&DMatrix::zeros(1, 2));
    assert_eq!(none.trace_of_covariance, 0.0);
    assert!(none.simple_noise_scale().is_nan());
}

/// Before any update the learning rate is not to blame; after one it is the likeliest cause.
#[test]
fn a_loss_that_is_not_finite_says_what_may_help() {
    let huge = dmatrix![1e30_f32, -1e30];
    let small = dmatrix![1.0_f32, -1.0];
    let targets = dmatrix![0.0_f32, 1.0];
    let spec = MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError);
    for optimizer in [OptimizerSpec::sgd(), OptimizerSpec::sgd().clip_norm(1e30)] {
        let mut network = spec.build::<f32>(1).unwrap();
        let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
        let mut workspace = network.workspace(2);
        let mut step = |inputs: &DMatrix<f32>, rate| {
            let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
            network.train_step(&batch, &mut optimizer, rate, 0, &mut workspace)
        };
        let first = step(&huge, 0.1).unwrap_err();
        assert!(
            matches!(first, Error::LossNotFinite { updates: 0, .. }),
            "{first:?}"
        );
        assert!(
            first
                .to_string()
                .contains("the learning rate is not the cause"),
            "{first}"
        );
        step(&small, 1e30).unwrap();
        let second = step(&small, 0.1).unwrap_err();
        assert!(
            matches!(second, Error::LossNotFinite { updates: 1, .. }),
            "{second:?}"
        );
        assert!(
            second.to_string().contains("lower the learning rate"),
            "{second}"
        );
    }
}
