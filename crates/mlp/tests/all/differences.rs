//! Derivatives against central differences, and against each other, in f64 over whole networks.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use nalgebra::{DMatrix, dmatrix};
use proptest::prelude::*;
use smallbatch_mlp::{
    Activation, Batch, CHUNK, DropoutKey, Error, Initializer, Lanczos, Loss, Mlp, MlpSpec,
    Parameters, Targets,
};

const ACTIVATIONS: [Activation; 9] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.1 },
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Silu,
    Activation::Gelu,
    Activation::Elu { alpha: 0.8 },
    Activation::Softplus,
];

/// Two whole chunks and a short one: what runs in chunks of [`CHUNK`] is to add them up.
const N_IN_CHUNKS: usize = 2 * CHUNK + 22;
const _: () = assert!(N_IN_CHUNKS > 2 * CHUNK && !N_IN_CHUNKS.is_multiple_of(CHUNK));

fn losses() -> Vec<(Loss, usize)> {
    let smoothed = Loss::SoftmaxCrossEntropy {
        label_smoothing: 0.1,
        class_weights: Some(vec![0.5, 2.0, 1.0]),
    };
    vec![
        (Loss::softmax_cross_entropy(), 3),
        (smoothed, 3),
        (Loss::BinaryCrossEntropy, 1),
        (Loss::BinaryCrossEntropy, 3),
        (Loss::MeanSquaredError, 2),
        (Loss::MeanAbsoluteError, 2),
        (Loss::Huber { delta: 0.6 }, 2),
        (
            Loss::Pinball {
                quantiles: vec![0.1, 0.5, 0.8],
            },
            6,
        ),
        (Loss::Poisson, 2),
    ]
}

/// Inputs, labels, values and weights that are generic: no logit stands on a kink.
struct Sample {
    inputs: DMatrix<f64>,
    labels: Vec<u32>,
    values: DMatrix<f64>,
    weights: Vec<f64>,
}

impl Sample {
    fn new(loss: &Loss, n_outputs: usize, n: usize, phase: f64) -> Self {
        let wave =
            |i: usize, j: usize, k: f64| ((1 + i) as f64 * 1.7 + j as f64 * 2.3 + k + phase).sin();
        let rows = if let Loss::Pinball { quantiles } = loss {
            n_outputs / quantiles.len()
        } else {
            n_outputs
        };
        let values = DMatrix::from_fn(rows, n, |i, j| match loss {
            Loss::BinaryCrossEntropy => 0.5 + 0.5 * wave(i, j, 0.4),
            Loss::Poisson => (2.0 + 2.0 * wave(i, j, 0.4)).floor(),
            _ => 1.5 * wave(i, j, 0.4),
        });
        Self {
            inputs: DMatrix::from_fn(4, n, |i, j| wave(i, j, 0.0) * 1.3),
            labels: (0..n).map(|j| (j * 7 % n_outputs.max(2)) as u32).collect(),
            values,
            weights: (0..n).map(|j| 1.0 + 0.9 * wave(0, j, 1.0)).collect(),
        }
    }

    fn batch(&self, loss: &Loss) -> Batch<'_, f64> {
        let targets = match loss {
            Loss::SoftmaxCrossEntropy { .. } => Targets::Labels(&self.labels),
            _ => Targets::Values(self.values.as_view()),
        };
        Batch::new(self.inputs.as_view(), targets).weights(&self.weights)
    }
}

/// The network with biases that are not 0: a unit whose inputs are all dropped would else stand on its kink.
fn with_biases(mut network: Mlp<f64>) -> Mlp<f64> {
    for layer in 0..network.parameters().n_layers() {
        for (i, bias) in network
            .parameters_mut()
            .bias_mut(layer)
            .iter_mut()
            .enumerate()
        {
            *bias = 0.2 * (1.0 + i as f64 * 1.1 + layer as f64).cos();
        }
    }
    network
}

fn direction(network: &Mlp<f64>, phase: f64) -> Parameters<f64> {
    let values = (0..network.n_parameters())
        .map(|i| (i as f64 * 0.91 + phase).cos())
        .collect();
    Parameters::from_vec(network.spec().layer_sizes(), values).unwrap()
}

fn dot(a: &Parameters<f64>, b: &Parameters<f64>) -> f64 {
    a.as_slice()
        .iter()
        .zip(b.as_slice())
        .map(|(a, b)| a * b)
        .sum()
}

fn moved(network: &Mlp<f64>, direction: &Parameters<f64>, step: f64) -> Mlp<f64> {
    let mut moved = network.clone();
    for (p, d) in moved
        .parameters_mut()
        .as_mut_slice()
        .iter_mut()
        .zip(direction.as_slice())
    {
        *p += step * d;
    }
    moved
}

fn gradient(
    network: &Mlp<f64>,
    batch: &Batch<'_, f64>,
    dropout: Option<DropoutKey>,
) -> (f64, Parameters<f64>) {
    let mut gradient = network.parameters().clone();
    let loss = network
        .loss_and_gradient(batch, dropout, &mut network.workspace(4), &mut gradient)
        .unwrap();
    (loss, gradient)
}

/// Every activation with every loss, weights and dropout on, chunks smaller than the batch: every single component.
#[test]
fn gradients_match_differences_with_every_option_on() {
    let h = 1e-5;
    for (loss, n_outputs) in losses() {
        for activation in ACTIVATIONS {
            let spec = MlpSpec::new([4, 6, 5, n_outputs])
                .activation(activation)
                .loss(loss.clone())
                .initializer(Initializer::GlorotUniform)
                .dropout(0.3);
            let network = with_biases(spec.build::<f64>(11).unwrap());
            let sample = Sample::new(&loss, n_outputs, 7, 0.0);
            let batch = sample.batch(&loss);
            let key = Some(DropoutKey { seed: 3, step: 5 });
            let (_, analytic) = gradient(&network, &batch, key);
            for i in 0..network.n_parameters() {
                let at = |step: f64| {
                    let mut other = network.clone();
                    other.parameters_mut().as_mut_slice()[i] += step;
                    gradient(&other, &batch, key).0
                };
                let difference = (at(h) - at(-h)) / (2.0 * h);
                let error = (analytic.as_slice()[i] - difference).abs();
                // h²/6 times third derivatives of order 1, and rounding 1e-16/h.
                assert!(
                    error < 2e-9,
                    "{loss:?}, {activation:?}, parameter {i}: error {error:e}"
                );
            }
        }
    }
}

#[test]
fn hessian_vector_products_match_differences_of_gradients_and_are_symmetric() {
    // So small that between the two gradients no unit of any sample crosses its kink: 1e-5 takes some across.
    let h = 1e-6;
    for (loss, n_outputs) in losses() {
        for activation in ACTIVATIONS {
            let spec = MlpSpec::new([4, 6, 5, n_outputs])
                .activation(activation)
                .loss(loss.clone());
            let network = with_biases(spec.build::<f64>(5).unwrap());
            let sample = Sample::new(&loss, n_outputs, N_IN_CHUNKS, 0.3);
            let batch = sample.batch(&loss);
            let (v, w) = (direction(&network, 0.2), direction(&network, 1.9));
            let mut hv = network.parameters().clone();
            network.hessian_vector_product(&batch, &v, &mut hv).unwrap();
            let (_, plus) = gradient(&moved(&network, &v, h), &batch, None);
            let (_, minus) = gradient(&moved(&network, &v, -h), &batch, None);
            for i in 0..network.n_parameters() {
                let difference = (plus.as_slice()[i] - minus.as_slice()[i]) / (2.0 * h);
                let error = (hv.as_slice()[i] - difference).abs();
                // Rounding, 2e-16 of gradients up to a few over h, and h² times derivatives that are not large.
                assert!(
                    error < 1e-9 * (1.0 + difference.abs()),
                    "{loss:?}, {activation:?}, {i}: error {error:e}"
                );
            }
            let mut hw = network.parameters().clone();
            network.hessian_vector_product(&batch, &w, &mut hw).unwrap();
            let (left, right) = (dot(&w, &hv), dot(&v, &hw));
            assert!(
                (left - right).abs() < 1e-11 * (1.0 + left.abs()),
                "{loss:?}, {activation:?}: {left} and {right}"
            );
        }
    }
}

/// The Hessian, assembled column by column.
fn hessian(network: &Mlp<f64>, batch: &Batch<'_, f64>) -> DMatrix<f64> {
    let n = network.n_parameters();
    let mut hessian = DMatrix::zeros(n, n);
    for i in 0..n {
        let mut unit = Parameters::zeros(network.spec().layer_sizes()).unwrap();
        unit.as_mut_slice()[i] = 1.0;
        let mut column = unit.clone();
        network
            .hessian_vector_product(batch, &unit, &mut column)
            .unwrap();
        hessian.column_mut(i).copy_from_slice(column.as_slice());
    }
    hessian
}

/// A network and data whose Hessian's part that has no sign, which the far-off targets are a factor of, dominates.
fn indefinite(seed: u64, far: f64) -> (Mlp<f64>, Sample) {
    let loss = Loss::MeanSquaredError;
    let spec = MlpSpec::new([4, 3, 2])
        .activation(Activation::Tanh)
        .loss(loss.clone());
    let mut sample = Sample::new(&loss, 2, 9, seed as f64);
    sample.values *= far;
    (spec.build(seed).unwrap(), sample)
}

/// The largest eigenvalue against nalgebra's, indefinite Hessians included.
#[test]
fn the_algebraically_largest_eigenvalue_is_found() {
    let mut negative_dominated = 0;
    for seed in 0..6 {
        let (network, sample) = indefinite(seed, if seed % 2 == 0 { 1.0 } else { 40.0 });
        let batch = sample.batch(&Loss::MeanSquaredError);
        let eigenvalues = hessian(&network, &batch).symmetric_eigenvalues();
        negative_dominated += usize::from(-eigenvalues.min() > eigenvalues.max());
        let settings = Lanczos {
            seed,
            ..Lanczos::default()
        };
        let found = network
            .largest_hessian_eigenvalue(&batch, settings)
            .unwrap();
        assert!(found.converged);
        let error = (found.value - eigenvalues.max()).abs() / eigenvalues.amax();
        assert!(
            error < 1e-7,
            "seed {seed}: {} and {}",
            found.value,
            eigenvalues.max()
        );
    }
    assert!(negative_dominated > 0, "no case has a larger negative one");
}

/// The same in single precision, as far as that goes.
#[test]
fn single_precision_finds_it_too() {
    for seed in 0..6 {
        let (network, sample) = indefinite(seed, 40.0);
        let batch = sample.batch(&Loss::MeanSquaredError);
        let eigenvalues = hessian(&network, &batch).symmetric_eigenvalues();
        let narrow: Mlp<f32> = network.spec().build(seed).unwrap();
        let (inputs, values) = (sample.inputs.cast::<f32>(), sample.values.cast::<f32>());
        let weights: Vec<f32> = sample.weights.iter().map(|&weight| weight as f32).collect();
        let batch = Batch::new(inputs.as_view(), Targets::Values(values.as_view()));
        let found = narrow
            .largest_hessian_eigenvalue(&batch.weights(&weights), Lanczos::default())
            .unwrap();
        let error = (found.value - eigenvalues.max()).abs() / eigenvalues.amax();
        assert!(found.converged && error < 1e-5, "seed {seed}: {error}");
    }
}

/// Each budget is kept, what is found within it is no more than the largest, and "converged" means what the tolerance says.
#[test]
fn the_tolerance_and_the_budget_are_kept() {
    for seed in 0..6 {
        let (network, sample) = indefinite(seed, 40.0);
        let batch = sample.batch(&Loss::MeanSquaredError);
        let run = |max_products| {
            let settings = Lanczos {
                tolerance: 1e-6,
                max_products,
                seed,
            };
            network
                .largest_hessian_eigenvalue(&batch, settings)
                .unwrap()
        };
        let whole = run(1_000);
        assert!(whole.converged && !run(1).converged);
        assert_eq!(run(whole.products), whole);
        for max_products in 1..=whole.products {
            let cut = run(max_products);
            assert_eq!(cut.products, max_products);
            assert!(cut.value <= whole.value + 1e-9 * whole.value.abs());
            let mut product = cut.direction.clone();
            network
                .hessian_vector_product(&batch, &cut.direction, &mut product)
                .unwrap();
            let places = product.as_slice().iter().zip(cut.direction.as_slice());
            let rest = places
                .map(|(p, d)| (p - cut.value * d).powi(2))
                .sum::<f64>();
            let is_small = rest.sqrt() <= 1.001e-6 * cut.value.abs();
            assert_eq!(cut.converged, is_small, "{max_products}: {}", rest.sqrt());
        }
    }
}

/// The norm of each sample's gradient against differences of its loss alone, without a backward pass on either side.
#[test]
fn per_sample_norms_match_differences() {
    let h = 1e-5;
    for (loss, n_outputs) in losses() {
        let spec = MlpSpec::new([4, 6, 5, n_outputs])
            .activation(Activation::Tanh)
            .loss(loss.clone());
        let network = with_biases(spec.build::<f64>(2).unwrap());
        let sample = Sample::new(&loss, n_outputs, 5, 0.8);
        let noise = network.gradient_noise(&sample.batch(&loss)).unwrap();
        for j in 0..5 {
            let one = Sample {
                inputs: sample.inputs.columns(j, 1).into_owned(),
                labels: vec![sample.labels[j]],
                values: sample.values.columns(j, 1).into_owned(),
                weights: vec![1.0],
            };
            let at = |i: usize, step: f64| {
                let mut moved = network.clone();
                moved.parameters_mut().as_mut_slice()[i] += step;
                let mut workspace = moved.workspace(1);
                moved.loss(&one.batch(&loss), &mut workspace).unwrap()
            };
            let squared: f64 = (0..network.n_parameters())
                .map(|i| ((at(i, h) - at(i, -h)) / (2.0 * h)).powi(2))
                .sum();
            // Each component is right to 2e-9 (see above), so that their sum of squares is to 2·|g|·√(number)·2e-9.
            let bound = 4e-9 * squared.sqrt() * (network.n_parameters() as f64).sqrt();
            let error = (noise.squared_norms[j] - squared).abs();
            assert!(error < bound, "{loss:?}, sample {j}: error {error:e}");
        }
    }
}

/// Weights are weights of the mean; a sample of weight 0, its own or its class's, has a gradient all the same.
#[test]
fn weights_do_not_change_the_norms() {
    let with = |class_weights, label_smoothing| Loss::SoftmaxCrossEntropy {
        label_smoothing,
        class_weights,
    };
    for smoothing in [0.0, 0.1] {
        let norms = |class_weights, sample_weights: [f64; 3]| {
            let loss = with(class_weights, smoothing);
            let spec = MlpSpec::new([4, 6, 3]).loss(loss.clone());
            let network = spec.build::<f64>(2).unwrap();
            let mut sample = Sample::new(&loss, 3, 3, 0.8);
            sample.labels = vec![0, 1, 2];
            sample.weights = sample_weights.to_vec();
            let noise = network.gradient_noise(&sample.batch(&loss)).unwrap();
            noise.squared_norms
        };
        let own = norms(None, [1.0; 3]);
        assert!(own.iter().all(|&norm| norm > 0.0));
        assert_eq!(norms(Some(vec![0.0, 1.0, 1e-300]), [1.0; 3]), own);
        assert_eq!(norms(Some(vec![3.0, 0.0, 1.0]), [0.0, 7.0, 2.0]), own);
    }
}

#[test]
fn per_sample_norms_match_one_gradient_a_sample() {
    for (loss, n_outputs) in losses() {
        for activation in ACTIVATIONS {
            let spec = MlpSpec::new([4, 6, 5, n_outputs])
                .activation(activation)
                .loss(loss.clone());
            let network = with_biases(spec.build::<f64>(2).unwrap());
            let sample = Sample::new(&loss, n_outputs, N_IN_CHUNKS, 0.8);
            let noise = network.gradient_noise(&sample.batch(&loss)).unwrap();
            let class_weights = match &loss {
                Loss::SoftmaxCrossEntropy {
                    class_weights: Some(weights),
                    ..
                } => weights.clone(),
                _ => vec![1.0; n_outputs.max(2)],
            };
            let (mut mean_squared, mut mean, mut total) =
                (0.0, vec![0.0; network.n_parameters()], 0.0);
            for j in 0..N_IN_CHUNKS {
                let (x, label, y) = (
                    sample.inputs.columns(j, 1),
                    [sample.labels[j]],
                    sample.values.columns(j, 1),
                );
                let one = match loss {
                    Loss::SoftmaxCrossEntropy { .. } => Batch::new(x, Targets::Labels(&label)),
                    _ => Batch::new(x, Targets::Values(y)),
                };
                // The mean over one sample: its weight cancels.
                let (_, own) = gradient(&network, &one, None);
                let squared = dot(&own, &own);
                assert!(
                    (noise.squared_norms[j] - squared).abs() < 1e-12 * (1.0 + squared),
                    "{loss:?}, {activation:?}"
                );
                let weight = sample.weights[j] * class_weights[label[0] as usize];
                total += weight;
                mean_squared += weight * squared;
                mean.iter_mut()
                    .zip(own.as_slice())
                    .for_each(|(m, g)| *m += weight * g);
            }
            let of_mean: f64 = mean.iter().map(|m| (m / total).powi(2)).sum();
            assert!(
                (noise.mean_squared_norm - mean_squared / total).abs() < 1e-11,
                "{loss:?}, {activation:?}"
            );
            assert!(
                (noise.squared_norm_of_mean - of_mean).abs() < 1e-11,
                "{loss:?}, {activation:?}"
            );
            let trace = mean_squared / total - of_mean;
            assert!(
                (noise.trace_of_covariance - trace).abs() < 1e-11,
                "{loss:?}, {activation:?}"
            );
            assert!(
                (noise.simple_noise_scale() - trace / of_mean).abs()
                    < 1e-8 * (1.0 + trace / of_mean)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Loss and gradient do not depend on how the batch is cut into chunks, dropout included; and the mean weighs the
    /// short last chunk by its length.
    #[test]
    fn chunks_do_not_matter(n in 1_usize..40, chunk in 1_usize..45, dropout in prop::sample::select(vec![0.0, 0.5]), phase in 0.0_f64..6.0) {
        let loss = Loss::softmax_cross_entropy();
        let network = MlpSpec::new([4, 9, 3]).activation(Activation::Gelu).dropout(dropout).build::<f64>(1).unwrap();
        let sample = Sample::new(&loss, 3, n, phase);
        let batch = sample.batch(&loss);
        let key = Some(DropoutKey { seed: 1, step: 2 });
        let mut whole = network.parameters().clone();
        let mut cut = whole.clone();
        let a = network.loss_and_gradient(&batch, key, &mut network.workspace(n), &mut whole).unwrap();
        let b = network.loss_and_gradient(&batch, key, &mut network.workspace(chunk), &mut cut).unwrap();
        prop_assert!((a - b).abs() < 1e-13);
        for (a, b) in whole.as_slice().iter().zip(cut.as_slice()) {
            prop_assert!((a - b).abs() < 1e-13);
        }
    }

    /// A weight of 2 is the sample twice; a weight of 0 is no sample.
    #[test]
    fn weights_count_samples(n in 2_usize..12, twice in 0_usize..12, never in 0_usize..12, phase in 0.0_f64..6.0) {
        let (twice, never) = (twice % n, never % n);
        prop_assume!(twice != never);
        for (loss, n_outputs) in losses() {
            let network = MlpSpec::new([4, 5, n_outputs]).activation(Activation::Silu).loss(loss.clone()).build::<f64>(4).unwrap();
            let mut sample = Sample::new(&loss, n_outputs, n, phase);
            sample.weights = (0..n).map(|j| if j == twice { 2.0 } else if j == never { 0.0 } else { 1.0 }).collect();
            let (weighted, weighted_gradient) = gradient(&network, &sample.batch(&loss), None);
            let mut order: Vec<usize> = (0..n).filter(|&j| j != never).collect();
            order.push(twice);
            let copied = Sample {
                inputs: sample.inputs.select_columns(&order),
                labels: order.iter().map(|&j| sample.labels[j]).collect(),
                values: sample.values.select_columns(&order),
                weights: vec![1.0; n],
            };
            let (plain, plain_gradient) = gradient(&network, &copied.batch(&loss), None);
            prop_assert!((weighted - plain).abs() < 1e-12, "{:?}", loss);
            for (a, b) in weighted_gradient.as_slice().iter().zip(plain_gradient.as_slice()) {
                prop_assert!((a - b).abs() < 1e-12, "{:?}", loss);
            }
        }
    }
}

/// Tables mark missing targets by huge numbers and give them no weight.
#[test]
fn what_weighs_nothing_may_have_any_target() {
    let inputs = DMatrix::from_fn(2, 20, |i, j| ((i + 2 * j) as f32).sin());
    let mut values = DMatrix::from_fn(1, 20, |_, j| (j as f32).cos().abs());
    for loss in [
        Loss::MeanSquaredError,
        Loss::Huber { delta: 1.0 },
        Loss::MeanAbsoluteError,
        Loss::Poisson,
    ] {
        let network = MlpSpec::new([2, 3, 1]).loss(loss).build::<f32>(1).unwrap();
        let mut weights = vec![1.0_f32; 20];
        weights[7] = 0.0;
        let with = |values: &DMatrix<f32>| {
            let batch = Batch::new(inputs.as_view(), Targets::Values(values.as_view()));
            let batch = batch.weights(&weights);
            let mut workspace = network.workspace(20);
            let mut gradient = network.parameters().clone();
            let loss = network.loss_and_gradient(&batch, None, &mut workspace, &mut gradient);
            (loss.unwrap(), gradient)
        };
        let plain = with(&values);
        values[7] = 9.97e36;
        assert_eq!(with(&values), plain);
        values[7] = 0.3;
    }
}

#[test]
fn weights_that_add_up_to_infinity_are_refused() {
    let network = MlpSpec::new([1, 2]).build::<f64>(0).unwrap();
    let inputs = DMatrix::from_element(1, 2, 1.0);
    let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1])).weights(&[1e308, 1e308]);
    let error = network.loss(&batch, &mut network.workspace(2)).unwrap_err();
    assert_eq!(error, Error::InfiniteTotalWeight);
}

#[test]
fn all_weights_zero_is_an_error() {
    let network = MlpSpec::new([1, 2]).build::<f32>(0).unwrap();
    let inputs = DMatrix::from_element(1, 1, 1.0_f32);
    let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0])).weights(&[0.0]);
    assert_eq!(
        network.loss(&batch, &mut network.workspace(1)),
        Err(Error::ZeroTotalWeight)
    );
}

/// At a saddle, λ and -λ are eigenvalues: any mixture of their eigenvectors is at rest under power iteration.
#[test]
fn eigenvalues_of_one_size_and_both_signs_are_told_apart() {
    // One weight and bias after the other, all 0: the Hessian's eigenvalues are ±6√2, 0 and 2.
    let mut network = MlpSpec::new([1, 1, 1])
        .activation(Activation::Identity)
        .loss(Loss::MeanSquaredError)
        .build::<f64>(0)
        .unwrap();
    network.parameters_mut().as_mut_slice().fill(0.0);
    let (inputs, targets) = (dmatrix![1.0], dmatrix![3.0]);
    let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    let expected = 72f64.sqrt();
    for seed in 0..20 {
        let settings = Lanczos {
            seed,
            ..Lanczos::default()
        };
        let found = network
            .largest_hessian_eigenvalue(&batch, settings)
            .unwrap();
        let error = (found.value / expected - 1.0).abs();
        assert!(
            found.converged && error < 1e-12,
            "seed {seed}: {}",
            found.value
        );
    }
    // Power iteration is at rest, below 0.
    let mut direction = network.parameters().clone();
    direction
        .as_mut_slice()
        .copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
    let mut quotients = Vec::new();
    for _ in 0..1_000 {
        let size = dot(&direction, &direction).sqrt();
        direction.as_mut_slice().iter_mut().for_each(|v| *v /= size);
        let mut product = direction.clone();
        network
            .hessian_vector_product(&batch, &direction, &mut product)
            .unwrap();
        quotients.push(dot(&direction, &product));
        direction = product;
    }
    let last = quotients[999];
    assert!(
        (last - quotients[998]).abs() < 1e-12 && last < 0.0,
        "{last}"
    );
}
