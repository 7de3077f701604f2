//! The bits of a network: one order of operations, none of them fused.

use proptest::prelude::*;
use smallbatch_predict::{HiddenActivation, Layer, Network, Scratch};

use crate::random::{Random, activation, network};

/// 2^-63: what is smaller counts as 0.
const SMALLEST: f32 = 1.084_202_2e-19;

fn flush(x: f32) -> f32 {
    if x.abs() < SMALLEST { 0.0 } else { x }
}

/// Unit by unit: the bias, then each input in turn.
fn naive(network: &Network, inputs: &[f32]) -> Vec<f32> {
    let mut values: Vec<f32> = inputs.iter().copied().map(flush).collect();
    for (at, layer) in network.layers.iter().enumerate() {
        let n_units = layer.bias.len();
        let sums = (0..n_units).map(|unit| {
            let mut sum = layer.bias[unit];
            for (input, value) in values.iter().enumerate() {
                let product = layer.weights[input * n_units + unit] * value;
                sum += product;
            }
            flush(sum)
        });
        values = if at + 1 < network.layers.len() {
            sums.map(|z| network.activation.value(z)).collect()
        } else {
            sums.collect()
        };
    }
    values
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_network_has_the_bits_of_the_naive_loop(
        sizes in proptest::collection::vec(1_usize..140, 2..5),
        function in 0_u64..9,
        seed: u64,
        size in -25_i32..19,
    ) {
        let random = &mut Random(seed);
        let network = network(&sizes, activation(function), random);
        let scale = 10_f64.powi(size);
        let inputs: Vec<f32> = (0..sizes[0]).map(|_| random.between(-scale, scale) as f32).collect();
        let mut scratch = Scratch::default();
        let found = bits(network.outputs(&inputs, &mut scratch));
        prop_assert_eq!(&found, &bits(&naive(&network, &inputs)));
        // Nothing of a prediction is left for the next one.
        prop_assert_eq!(&found, &bits(network.outputs(&inputs, &mut scratch)));
    }
}

/// A fused loop is another one: the test above can fail.
#[test]
fn a_fused_loop_has_other_bits() {
    let random = &mut Random(5);
    let network = network(&[60, 8], HiddenActivation::Identity, random);
    let inputs: Vec<f32> = (0..60).map(|_| random.between(-1.0, 1.0) as f32).collect();
    let fused: Vec<f32> = (0..8)
        .map(|unit| {
            let terms = inputs.iter().enumerate();
            terms.fold(network.layers[0].bias[unit], |sum, (i, x)| {
                network.layers[0].weights[i * 8 + unit].mul_add(*x, sum)
            })
        })
        .collect();
    let found = network.outputs(&inputs, &mut Scratch::default()).to_vec();
    assert_ne!(bits(&found), bits(&fused));
    for (a, b) in found.iter().zip(&fused) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

#[test]
fn room_is_used_again_whatever_network_had_it() {
    let random = &mut Random(7);
    let (small, large) = (
        network(&[3, 5, 2], HiddenActivation::Tanh, random),
        network(&[4, 90, 33, 3], HiddenActivation::Gelu, random),
    );
    let inputs = [0.3, -0.2, 0.9, 0.1];
    let mut scratch = Scratch::default();
    for network in [&large, &small, &large, &small] {
        let found = bits(network.outputs(&inputs, &mut scratch));
        assert_eq!(found, bits(&naive(network, &inputs[..network.n_inputs()])));
    }
    let counted = allocation_counter::measure(|| {
        large.outputs(&inputs, &mut scratch);
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn what_is_too_small_to_matter_is_zero() {
    let network = Network {
        layers: vec![Layer {
            weights: vec![1.0_f32, 1e-10].into(),
            bias: vec![0.0, 0.0].into(),
        }]
        .into(),
        activation: HiddenActivation::Identity,
    };
    let mut scratch = Scratch::default();
    assert_eq!(network.outputs(&[1e-19], &mut scratch), [0.0, 0.0]);
    assert_eq!(network.outputs(&[1e-12], &mut scratch), [1e-12, 0.0]);
}
