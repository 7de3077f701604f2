//! Steps of training: fused against unfused, no allocation, folding, saving, refusals.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use smallbatch_mlp::{
    Activation, Batch, Error, Loss, Mlp, MlpSpec, OptimizerSpec, Parameters, Targets, UpdateRule,
};

fn wave(rows: usize, columns: usize, phase: f32) -> DMatrix<f32> {
    DMatrix::from_fn(rows, columns, |i, j| {
        (i as f32 * 1.3 + j as f32 * 2.1 + phase).sin()
    })
}

fn labels(n: usize, classes: u32) -> Vec<u32> {
    (0..n as u32).map(|j| j * 5 % classes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Plain descent adds the gradient's product straight to the weights. The same as through a gradient, to rounding.
    #[test]
    fn fused_descent_equals_unfused(hidden in prop::collection::vec(1_usize..40, 0..3), n in 1_usize..40, rate in 0.0_f64..0.5) {
        let sizes: Vec<usize> = [&[5][..], &hidden, &[3]].concat();
        let mut fused = MlpSpec::new(sizes.clone()).activation(Activation::Tanh).build::<f64>(1).unwrap();
        let mut unfused = fused.clone();
        let inputs = wave(5, n, 0.3).map(f64::from);
        let labels = labels(n, 3);
        let batch = Batch::new(inputs.as_view(), Targets::Labels(&labels));
        let mut workspace = fused.workspace(n);
        let mut optimizer = OptimizerSpec::sgd().build::<f64>(fused.n_parameters()).unwrap();
        let fused_loss = fused.train_step(&batch, &mut optimizer, rate, 0, &mut workspace).unwrap();
        prop_assert_eq!(optimizer.step(), 1);
        let mut gradient = Parameters::zeros(&sizes).unwrap();
        let loss = unfused.loss_and_gradient(&batch, None, &mut workspace, &mut gradient).unwrap();
        prop_assert_eq!(fused_loss, loss);
        let mut optimizer = OptimizerSpec::sgd().build::<f64>(fused.n_parameters()).unwrap();
        optimizer.update(unfused.parameters_mut().as_mut_slice(), gradient.as_mut_slice(), rate).unwrap();
        for (a, b) in fused.parameters().as_slice().iter().zip(unfused.parameters().as_slice()) {
            prop_assert!((a - b).abs() < 1e-14);
        }
    }

    /// Raw inputs through the folded network give what scaled inputs give through the first.
    #[test]
    fn folding_a_scaler_gives_the_same_outputs(shift in prop::collection::vec(-1e6_f64..1e6, 4), scale in prop::collection::vec(1e-3_f64..1e5, 4)) {
        let network = MlpSpec::new([4, 8, 3]).activation(Activation::Gelu).build::<f64>(9).unwrap();
        let scaled = wave(4, 6, 0.1).map(f64::from);
        let raw = DMatrix::from_fn(4, 6, |i, j| scaled[(i, j)] * scale[i] + shift[i]);
        let mut folded = network.clone();
        folded.fold_input_scaling(&shift, &scale).unwrap();
        // raw/scale has lost digits when shift/scale is large: up to 1e9, so 1e-16 becomes 1e-6.
        let tolerance = 1e-14 * shift.iter().zip(&scale).map(|(m, s)| 1.0 + (m / s).abs()).fold(1.0, f64::max);
        let difference = folded.logits(raw.as_view()).unwrap() - network.logits(scaled.as_view()).unwrap();
        prop_assert!(difference.amax() < 10.0 * tolerance, "{} above {tolerance}", difference.amax());
    }
}

#[test]
fn folding_what_overflows_is_refused_and_changes_nothing() {
    let mut network = MlpSpec::new([2, 3, 2]).build::<f32>(1).unwrap();
    let before = network.clone();
    let mut refused = |shift: [f64; 2], scale: [f64; 2]| {
        let error = network.fold_input_scaling(&shift, &scale).unwrap_err();
        assert_eq!(network, before);
        error.to_string()
    };
    let weight = refused([0.0, 0.0], [1.0, 1e-40]);
    assert_eq!(
        weight,
        "folding the scaling into the first layer makes the weight for feature 1 of unit 0 too large for the network's \
         number type; scale the inputs before the network, or use f64"
    );
    let bias = refused([1e30, 0.0], [1e-20, 1.0]);
    assert!(
        bias.contains("makes the bias of unit 0 too large"),
        "{bias}"
    );
    let mut in_f64 = MlpSpec::new([2, 3, 2]).build::<f64>(1).unwrap();
    in_f64
        .fold_input_scaling(&[0.0, 0.0], &[1.0, 1e-40])
        .unwrap();
}

/// The digits that the documentation says are lost in f32: about log₁₀ |shift / scale| of seven, not all, and not none.
#[test]
fn folding_in_f32_loses_the_digits_it_is_said_to() {
    let network = MlpSpec::new([1, 8, 2]).build::<f32>(3).unwrap();
    let (shift, scale) = (2e5_f64, 10.0);
    let mut folded = network.clone();
    folded.fold_input_scaling(&[shift], &[scale]).unwrap();
    let scaled = wave(1, 50, 0.4);
    // Whole numbers below 2^24: f32 holds the raw inputs exactly, so that what is lost is lost in the network.
    let raw = scaled.map(|x| (shift + scale * f64::from(x)).round() as f32);
    let scaled = raw.map(|x| ((f64::from(x) - shift) / scale) as f32);
    let (a, b) = (
        folded.logits(raw.as_view()).unwrap(),
        network.logits(scaled.as_view()).unwrap(),
    );
    let error = (a - b).amax();
    // shift/scale is 2e4, times f32's epsilon of 1.2e-7, times logits of order 1.
    assert!((1e-5..2e-2).contains(&error), "{error}");
}

#[test]
fn parameters_of_other_layers_are_refused_by_their_layers() {
    // 2·6 + 6 + 6·1 + 1 = 25 = 1·8 + 8 + 8·1 + 1: as many parameters, of other layers.
    let (spec, other) = (MlpSpec::new([2, 6, 1]), [1, 8, 1]);
    let spec = spec.loss(Loss::MeanSquaredError);
    let parameters = Parameters::<f64>::zeros(&other).unwrap();
    assert_eq!(parameters.as_slice().len(), 25);
    let error = Mlp::from_parameters(spec.clone(), parameters.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "these parameters are for layers [1, 8, 1], the network has [2, 6, 1]"
    );
    let network = spec.build::<f64>(0).unwrap();
    let (x, y) = (dmatrix![1.0; 2.0], dmatrix![1.0]);
    let batch = Batch::new(x.as_view(), Targets::Values(y.as_view()));
    let mut product = network.parameters().clone();
    let error = network.hessian_vector_product(&batch, &parameters, &mut product);
    assert!(matches!(error, Err(Error::OtherLayers { .. })));
    let mut workspace = network.workspace(1);
    let mut gradient = parameters;
    let error = network.loss_and_gradient(&batch, None, &mut workspace, &mut gradient);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the gradient's parameters are for layers [1, 8, 1], the network has [2, 6, 1]"
    );
}

/// What is above 0 in f64 and 0 in f32 would divide by 0.
#[test]
fn an_epsilon_that_the_number_type_cannot_hold_is_refused() {
    let tiny = OptimizerSpec::new(UpdateRule::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-50,
    });
    assert!(tiny.build::<f64>(3).is_ok());
    let error = tiny.build::<f32>(3).unwrap_err().to_string();
    assert!(
        error.contains("above 0 in the network's number type"),
        "{error}"
    );
}

#[test]
fn misspelt_settings_are_refused() {
    let read = |json: &str| serde_json::from_str::<MlpSpec>(json);
    let spec =
        read(r#"{"layer_sizes":[3,2],"dropout":0.5,"loss":{"huber":{"delta":2.0}}}"#).unwrap();
    assert_eq!(
        spec,
        MlpSpec::new([3, 2])
            .dropout(0.5)
            .loss(Loss::Huber { delta: 2.0 })
    );
    for (json, name) in [
        (r#"{"layer_sizes":[3,2],"drop_out":0.5}"#, "drop_out"),
        (
            r#"{"layer_sizes":[3,2],"loss":{"huber":{"delta":2.0,"epsilon":1.0}}}"#,
            "epsilon",
        ),
        (
            r#"{"layer_sizes":[3,2],"activation":{"leaky_relu":{"slope":0.1,"alpha":1.0}}}"#,
            "alpha",
        ),
    ] {
        let error = read(json).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("unknown field `{name}`")),
            "{error}"
        );
    }
    let error = serde_json::from_str::<UpdateRule>(
        r#"{"adam":{"beta1":0.9,"beta2":0.999,"epsilon":1e-8,"amsgrad":true}}"#,
    );
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("unknown field `amsgrad`"), "{error}");
}

/// In range in f64, but not in the type that computes with them.
#[test]
fn numbers_that_f32_cannot_hold_are_refused_by_name() {
    for (rule, name) in [
        (
            UpdateRule::Momentum {
                momentum: 0.999_999_999,
            },
            "momentum",
        ),
        (
            UpdateRule::RmsProp {
                decay: 0.999_999_999,
                epsilon: 1e-8,
            },
            "decay",
        ),
        (
            UpdateRule::Adam {
                beta1: 0.9,
                beta2: 0.999_999_999,
                epsilon: 1e-8,
            },
            "beta2",
        ),
    ] {
        let spec = OptimizerSpec::new(rule);
        let error = spec.build::<f32>(3).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("number type"),
            "{error}"
        );
        spec.build::<f64>(3).unwrap();
    }
    let plain = || MlpSpec::new([2, 3, 1]).loss(Loss::MeanSquaredError);
    for (spec, name) in [
        (plain().loss(Loss::Huber { delta: 1e-46 }), "delta"),
        (
            plain().loss(Loss::Pinball {
                quantiles: vec![0.999_999_999],
            }),
            "quantile",
        ),
        (
            plain().activation(Activation::LeakyRelu { slope: 1e39 }),
            "slope",
        ),
        (
            plain().activation(Activation::Elu { alpha: 1e-46 }),
            "alpha",
        ),
    ] {
        let error = spec.build::<f32>(0).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("number type"),
            "{error}"
        );
        spec.build::<f64>(0).unwrap();
    }
    let mut network = MlpSpec::new([1, 2]).build::<f32>(0).unwrap();
    let mut optimizer = OptimizerSpec::sgd().build(network.n_parameters()).unwrap();
    let inputs = DMatrix::from_element(1, 1, 1.0_f32);
    let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0]));
    let mut workspace = network.workspace(1);
    let error = network.train_step(&batch, &mut optimizer, 1e39, 0, &mut workspace);
    assert!(error.unwrap_err().to_string().contains("the learning rate"));
}

#[test]
fn no_step_allocates() {
    let inputs = wave(13, 32, 0.0);
    let classes = labels(32, 3);
    let numbers = wave(3, 32, 0.5);
    for loss in [Loss::softmax_cross_entropy(), Loss::MeanSquaredError] {
        for (activation, dropout) in [(Activation::Relu, 0.0), (Activation::Gelu, 0.2)] {
            for optimizer in [
                OptimizerSpec::sgd(),
                OptimizerSpec::momentum(0.9),
                OptimizerSpec::adamw(0.1).clip_norm(1.0),
            ] {
                let spec = MlpSpec::new([13, 64, 64, 3])
                    .activation(activation)
                    .loss(loss.clone())
                    .dropout(dropout);
                let mut network = spec.build::<f32>(1).unwrap();
                let targets = match loss {
                    Loss::MeanSquaredError => Targets::Values(numbers.as_view()),
                    _ => Targets::Labels(&classes),
                };
                let batch = Batch::new(inputs.as_view(), targets);
                let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
                // Chunks of 16: a batch in one chunk, and one in two.
                for chunk in [32, 16] {
                    let mut workspace = network.workspace(chunk);
                    network
                        .train_step(&batch, &mut optimizer, 0.01, 0, &mut workspace)
                        .unwrap();
                    let counted = allocation_counter::measure(|| {
                        for _ in 0..10 {
                            network
                                .train_step(&batch, &mut optimizer, 0.01, 0, &mut workspace)
                                .unwrap();
                        }
                    });
                    assert_eq!(
                        counted.count_total, 0,
                        "{loss:?} {activation:?} chunk {chunk}"
                    );
                }
            }
        }
    }
}

#[test]
fn dropout_keeps_the_mean_and_depends_on_seed_and_step() {
    let n = 4_000;
    let spec = MlpSpec::new([1, 1, 1])
        .activation(Activation::Identity)
        .loss(Loss::MeanAbsoluteError)
        .dropout(0.25);
    let mut network = spec.build::<f64>(0).unwrap();
    network
        .parameters_mut()
        .as_mut_slice()
        .copy_from_slice(&[1.0, 0.0, 1.0, 0.0]);
    let (x, y) = (DMatrix::from_element(1, n, 1.0), DMatrix::zeros(1, n));
    let batch = Batch::new(x.as_view(), Targets::Values(y.as_view()));
    let loss = |seed, step| {
        let mut gradient = network.parameters().clone();
        let key = Some(smallbatch_mlp::DropoutKey { seed, step });
        network
            .loss_and_gradient(&batch, key, &mut network.workspace(256), &mut gradient)
            .unwrap()
    };
    // The output is 0 or 4/3, its mean 1 with standard error sqrt(0.25·0.75/n)·4/3 = 0.009.
    let first = loss(1, 0);
    assert!((first - 1.0).abs() < 0.04, "{first}");
    assert_eq!(first, loss(1, 0));
    assert_ne!(first, loss(1, 1));
    assert_ne!(first, loss(2, 0));
    assert_eq!(
        network.loss(&batch, &mut network.workspace(8)).unwrap(),
        1.0,
        "none at evaluation"
    );
}

#[test]
fn saved_networks_load_to_the_bit_and_damaged_ones_are_refused() {
    let network = MlpSpec::new([3, 4, 2])
        .activation(Activation::leaky_relu())
        .build::<f32>(5)
        .unwrap();
    let saved = serde_json::to_string(&network).unwrap();
    assert_eq!(serde_json::from_str::<Mlp<f32>>(&saved).unwrap(), network);
    let refused = |text: String| {
        serde_json::from_str::<Mlp<f32>>(&text)
            .unwrap_err()
            .to_string()
    };
    // A newer file may have other fields: it is refused for its format, before they are looked at.
    for newer in [
        saved.replace("\"format\":2", "\"format\":9"),
        r#"{"format":9,"layers":[3,4,2],"tensors":{}}"#.to_owned(),
    ] {
        let newer = refused(newer);
        assert!(
            newer.starts_with("the saved network has format 9; this version reads format 2"),
            "{newer}"
        );
    }
    let other = refused(saved.replace("[3,4,2]", "[3,5,2]"));
    assert!(
        other.starts_with("the parameter vector has length 26; expected 32"),
        "{other}"
    );
    let cut = refused(saved[..saved.len() - 9].to_owned());
    assert!(cut.contains("at line 1 column"), "{cut}");
    let wide = MlpSpec::new([3, 4, 2]).build::<f64>(5).unwrap();
    let json = serde_json::to_string(&wide).unwrap();
    assert_eq!(serde_json::from_str::<Mlp<f64>>(&json).unwrap(), wide);
    // Files of every format keep loading.
    for file in [
        include_str!("../saved/network-format-1.json"),
        include_str!("../saved/network-format-2.json"),
    ] {
        assert_eq!(serde_json::from_str::<Mlp<f32>>(file).unwrap(), network);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut network = MlpSpec::new([2, 3, 2]).build::<f32>(0).unwrap();
    let before = network.clone();
    let x = dmatrix![1.0_f32, 2.0; 3.0, 4.0];
    let mut optimizer = OptimizerSpec::sgd().build(network.n_parameters()).unwrap();
    let mut workspace = network.workspace(2);
    let mut step = |batch: Batch<'_, f32>, rate: f64| {
        network
            .train_step(&batch, &mut optimizer, rate, 0, &mut workspace)
            .unwrap_err()
            .to_string()
    };
    let labelled = |labels| Batch::new(x.as_view(), Targets::Labels(labels));
    assert_eq!(
        step(labelled(&[0, 2]), 0.1),
        "sample 1 has label 2, but there are 2 classes, numbered from 0 to 1"
    );
    assert_eq!(
        step(labelled(&[0, 1]), -0.1),
        "the learning rate is -0.1; it must be finite and not negative"
    );
    assert_eq!(
        step(labelled(&[0, 1]), f64::NAN),
        "the learning rate is NaN; it must be finite and not negative"
    );
    let values = Batch::new(x.as_view(), Targets::Values(x.as_view()));
    assert_eq!(
        step(values, 0.1),
        "the loss softmax cross-entropy takes labels; these targets are values"
    );
    let nan = dmatrix![f32::NAN; 1.0];
    let text = step(Batch::new(nan.as_view(), Targets::Labels(&[0])), 0.1);
    assert_eq!(
        text,
        "feature 0 of sample 0 is NaN; inputs must be finite. Fill in what is missing, or leave the sample out"
    );
    let huge = dmatrix![f32::MAX; f32::MAX];
    let text = step(Batch::new(huge.as_view(), Targets::Labels(&[0])), 0.1);
    assert!(
        text.starts_with("the loss of this batch is NaN, so the update was not made"),
        "{text}"
    );
    assert_eq!(network, before);

    let mut foreign = MlpSpec::new([2, 4, 2])
        .build::<f32>(0)
        .unwrap()
        .workspace(2);
    assert!(matches!(
        network.loss(&labelled(&[0, 1]), &mut foreign),
        Err(Error::ForeignWorkspace { .. })
    ));
    let regression = MlpSpec::new([2, 1])
        .loss(Loss::Poisson)
        .build::<f32>(0)
        .unwrap();
    let negative = dmatrix![1.0_f32, -2.0];
    let batch = Batch::new(x.as_view(), Targets::Values(negative.as_view()));
    let text = regression
        .loss(&batch, &mut regression.workspace(2))
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "the target of sample 1, output 0 is -2; the loss Poisson needs finite values of at least 0"
    );
}

#[test]
fn bad_specifications_are_refused() {
    let refused = |spec: MlpSpec| spec.build::<f32>(0).unwrap_err().to_string();
    assert!(refused(MlpSpec::new([3])).contains("give at least two"));
    assert!(refused(MlpSpec::new([3, 0, 2])).contains("layer 1 of [3, 0, 2] has 0 units"));
    assert!(refused(MlpSpec::new([3, 2]).dropout(1.0)).starts_with("dropout is 1;"));
    assert!(
        refused(MlpSpec::new([3, 2]).loss(Loss::Huber { delta: 0.0 }))
            .starts_with("Huber's delta is 0;")
    );
    assert!(
        refused(MlpSpec::new([3, 2]).loss(Loss::Pinball {
            quantiles: vec![0.5; 3]
        }))
        .contains("a multiple of its 3")
    );
    assert!(
        refused(MlpSpec::new([3, 1]).loss(Loss::Pinball {
            quantiles: vec![1.5]
        }))
        .starts_with("a quantile is 1.5;")
    );
    let weights = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.0,
        class_weights: Some(vec![1.0]),
    };
    assert!(
        refused(MlpSpec::new([3, 2]).loss(weights))
            .starts_with("the list of class weights has length 1")
    );
}

/// A slip of some zeros is an error or a chunk, not the end of the program for want of memory.
#[test]
fn absurd_sizes_end_nothing() {
    for sizes in [[3, 1 << 40, 3], [1 << 14, 1 << 14, 1], [usize::MAX, 2, 2]] {
        let error = MlpSpec::new(sizes).build::<f32>(0).unwrap_err();
        assert!(
            error.to_string().contains("more than 268435456 parameters"),
            "{error}"
        );
    }
    let network = MlpSpec::new([3, 1000, 2]).build::<f32>(0).unwrap();
    let workspace = network.workspace(usize::MAX);
    assert_eq!(workspace.capacity(), (1 << 28) / 1005);
}
