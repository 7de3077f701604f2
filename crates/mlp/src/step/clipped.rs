//! A step whose gradient is clipped by its norm, where weights are many and samples few: the norm without the gradient.
//!
//! A layer's gradient is `dW = Σₛ δₛ·aₛᵀ` and `db = Σₛ δₛ`, so that
//!
//! ```text
//! |dW|² + |db|² = Σₛ Σₜ (δₛ·δₜ) (aₛ·aₜ + 1)
//! ```
//!
//! over all pairs of samples (of one sample: Goodfellow 2015, "Efficient per-example gradient computations"). With 32 samples
//! and 784 x 128 weights these products are a third of the weight's gradient's. The deltas are then scaled down, and the step
//! goes on as if nothing had been clipped: the parameters are changed as soon as their gradient is known. Otherwise it would be
//! written, read for its norm, and read again.
//!
//! Sums of pairs cancel more than those of squares: where the samples' gradients nearly cancel one another, the norm loses digits
//! in `f32`.

use smallbatch_base::vectorized;

use crate::destination::Destination;
use crate::error::finite_loss;
use crate::kernel::gram;
use crate::negligible::{flush, scale_into};
use crate::nodes::{Nodes, Part};
use crate::passes::{Mode, Passes};
use crate::{Error, Mlp, Optimizer, Scalar};

use super::Step;

/// The most samples of a panel.
const LANES: usize = 16;

impl<T: Scalar> Step<'_, T> {
    /// `None` where the norm is no number, though the gradient's may be: nothing was changed then.
    pub(super) fn clipped(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        passes: &mut Passes<T>,
        room: &mut [T],
    ) -> Option<Result<f64, Error>> {
        let &Self {
            batch,
            total,
            key,
            learning_rate,
        } = self;
        let mut mode = Mode::learn(network.spec(), key, 0);
        let (spec, parameters) = network.split_mut();
        let descends = optimizer.is_plain_but_for_clipping();
        let scale = self.scale(descends);
        passes.forward(spec, parameters, batch.inputs, &mut mode);
        let sum = passes.loss(spec, batch, scale);
        let loss = match finite_loss(sum / total, optimizer.step()) {
            Ok(loss) => loss,
            Err(error) => return Some(Err(error)),
        };
        passes.propagate(spec, parameters, batch.n_samples(), &mode);
        let norm = squared_norm(&passes.nodes, room, batch.n_samples()).sqrt();
        // The deltas, and with them the norm, are scaled.
        let limit = optimizer.spec().clip_norm? * scale.factor.abs();
        if !norm.is_finite() {
            return None;
        }
        if norm > limit {
            let shrink = T::of(limit / norm);
            let n_panels = batch.n_samples().div_ceil(T::PANEL);
            for part in passes.nodes.iter_mut().skip(1).flatten() {
                let size = part.units.len() * n_panels * T::PANEL;
                scale_down(&mut part.delta[..size], shrink);
            }
        }
        let mut destination = Destination::step(parameters, optimizer, learning_rate, descends);
        passes.update_layers(&mut destination, batch.inputs);
        Some(Ok(loss))
    }
}

/// Of the gradient of which the nodes have the deltas; with room for a layer's.
fn squared_norm<T: Scalar>(nodes: &Nodes<T>, room: &mut [T], n_samples: usize) -> f64 {
    let n_panels = n_samples.div_ceil(T::PANEL);
    let layers = nodes.windows(2).map(|nodes| {
        let (below, above) = (&nodes[0], &nodes[1]);
        let largest = above
            .iter()
            .map(|part| largest(panels(part, &part.delta, n_panels)).to_f64())
            .fold(0.0, f64::max);
        if largest == 0.0 {
            return 0.0;
        }
        // As numbers near 1: the products of small deltas would be subnormal.
        let mut next = 0;
        for part in above {
            let delta = panels(part, &part.delta, n_panels);
            let scaled = &mut room[next..][..delta.len()];
            scale_into(scaled, delta, T::of(1.0 / largest));
            next += delta.len();
        }
        largest * largest * sum_over_pairs(below, above, room, n_panels)
    });
    layers.sum()
}

/// `Σₛ Σₜ (δₛ·δₜ) (aₛ·aₜ + 1)`: `deltas` are the scaled ones of the parts above, one after the other.
fn sum_over_pairs<T: Scalar>(
    below: &[Part<T>],
    above: &[Part<T>],
    deltas: &[T],
    n_panels: usize,
) -> f64 {
    let mut total = 0.0;
    for left in 0..n_panels {
        for right in left..n_panels {
            let mut products = [[T::zero(); LANES * LANES]; 2];
            let [d, a] = &mut products;
            let (d, a) = (&mut d[..T::PANEL * T::PANEL], &mut a[..T::PANEL * T::PANEL]);
            let mut next = 0;
            for part in above {
                let size = part.units.len() * T::PANEL;
                let delta = &deltas[next..][..n_panels * size];
                gram(
                    d,
                    &delta[left * size..][..size],
                    &delta[right * size..][..size],
                );
                next += delta.len();
            }
            for part in below {
                let size = part.units.len() * T::PANEL;
                let values = &part.values;
                gram(
                    a,
                    &values[left * size..][..size],
                    &values[right * size..][..size],
                );
            }
            let pairs = d.iter().zip(&*a);
            let sum: f64 = pairs.map(|(d, a)| d.to_f64() * (a.to_f64() + 1.0)).sum();
            total += if left == right { sum } else { 2.0 * sum };
        }
    }
    // Of a gradient that is 0 but for rounding. (`max` would hide NaN.)
    if total < 0.0 { 0.0 } else { total }
}

/// A part's numbers of so many panels.
fn panels<'a, T: Scalar>(part: &Part<T>, values: &'a [T], n_panels: usize) -> &'a [T] {
    &values[..part.units.len() * n_panels * T::PANEL]
}

vectorized! {
    /// The largest size; NaN counts as 0, and shows in the products.
    fn largest(values: &'a [T]) -> T = largest_loop;
}

#[inline(always)]
fn largest_loop<T: Scalar>(values: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    for panel in values.chunks(LANES) {
        for (lane, &value) in lanes.iter_mut().zip(panel) {
            let size = value.abs();
            *lane = if size > *lane { size } else { *lane };
        }
    }
    lanes
        .iter()
        .fold(T::zero(), |all, &lane| if lane > all { lane } else { all })
}

vectorized! {
    fn scale_down(deltas: &'a mut [T], factor: T) -> () = scale_down_loop;
}

#[inline(always)]
fn scale_down_loop<T: Scalar>(deltas: &mut [T], factor: T) {
    for delta in deltas {
        *delta = flush(*delta * factor, T::SMALLEST_DELTA);
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::step::Plan;
    use crate::{Activation, Batch, DropoutKey, Mlp, MlpSpec, OptimizerSpec, Targets};

    const SIZES: [usize; 4] = [300, 120, 20, 7];

    fn noise<T: Scalar>(rows: usize, columns: usize) -> DMatrix<T> {
        DMatrix::from_fn(rows, columns, |i, j| {
            T::of(((i as f64 + 1.3) * 12.9898 + (j as f64 + 0.4) * 78.233).sin())
        })
    }

    /// Against the gradient, its norm, and an update that does not clip; and the same bits with several threads.
    fn check<T: Scalar>(
        optimizer: OptimizerSpec,
        limit: f64,
        activation: Activation,
        n: usize,
        tolerance: f64,
    ) {
        let spec = MlpSpec::new(SIZES).activation(activation).dropout(0.2);
        let network: Mlp<T> = spec.build(3).unwrap();
        let plan = Plan::of::<T>(network.layout(), n, n, 1, true);
        assert_eq!(plan, Plan::Clipped, "{n}");
        let inputs = noise(SIZES[0], n);
        let labels: Vec<u32> = (0..n as u32).map(|j| j % 7).collect();
        let batch = Batch::new(inputs.as_view(), Targets::Labels(&labels));
        let rate = 0.1;

        let mut gradient = network.parameters().clone();
        let key = Some(DropoutKey { seed: 5, step: 0 });
        let mut workspace = network.workspace(n);
        network
            .loss_and_gradient(&batch, key, &mut workspace, &mut gradient)
            .unwrap();
        let squares = gradient.as_slice().iter().map(|g| g.to_f64().powi(2));
        let norm = squares.sum::<f64>().sqrt();
        let scale = T::of((limit / norm).min(1.0));
        let scaled: Vec<T> = gradient.as_slice().iter().map(|&g| g * scale).collect();
        let mut expected = network.clone();
        let mut plain = optimizer.build::<T>(network.n_parameters()).unwrap();
        let parameters = expected.parameters_mut().as_mut_slice();
        plain.update(parameters, &scaled, rate).unwrap();

        let clipped = |threads| {
            let mut network = network.clone();
            let mut optimizer = optimizer
                .clip_norm(limit)
                .build(network.n_parameters())
                .unwrap();
            let mut workspace = network.workspace_with_threads(n, threads).unwrap();
            network
                .train_step(&batch, &mut optimizer, rate, 5, &mut workspace)
                .unwrap();
            network
        };
        let found = clipped(1);
        for (found, expected) in found
            .parameters()
            .as_slice()
            .iter()
            .zip(expected.parameters().as_slice())
        {
            let error = (found.to_f64() - expected.to_f64()).abs();
            assert!(
                error < tolerance,
                "{found} instead of {expected}, {optimizer:?} {n}"
            );
        }
        for threads in [2, 3] {
            assert!(
                clipped(threads) == found,
                "{threads} threads, {optimizer:?} {n}"
            );
        }
    }

    #[test]
    fn a_step_is_that_of_the_clipped_gradient() {
        for (optimizer, tolerance) in [
            (OptimizerSpec::sgd(), 1e-7),
            (OptimizerSpec::sgd().weight_decay(0.1), 1e-7),
            (OptimizerSpec::momentum(0.9), 1e-7),
            // The first step is the gradient's sign times the rate, but where the gradient is near 0.
            (OptimizerSpec::rmsprop(), 1e-2),
        ] {
            for n in [1, 17, 32] {
                for limit in [1e-3, 1e3] {
                    check::<f32>(optimizer, limit, Activation::Relu, n, tolerance);
                    check::<f64>(optimizer, limit, Activation::Gelu, n, tolerance * 1e-6);
                }
            }
        }
    }

    #[test]
    fn a_norm_that_is_no_number_changes_nothing() {
        let mut network: Mlp<f32> = MlpSpec::new(SIZES).build(3).unwrap();
        let mut inputs = noise::<f32>(SIZES[0], 2);
        inputs *= 1e30;
        let batch = Batch::new(inputs.as_view(), Targets::Labels(&[0, 1]));
        let mut optimizer = OptimizerSpec::sgd()
            .clip_norm(1.0)
            .build(network.n_parameters())
            .unwrap();
        let mut workspace = network.workspace(2);
        let before = network.clone();
        // The products of such inputs overflow; the gradient itself is at hand then.
        match network.train_step(&batch, &mut optimizer, 0.1, 0, &mut workspace) {
            Ok(_) => assert!(
                network
                    .parameters()
                    .as_slice()
                    .iter()
                    .all(|w| w.is_finite())
            ),
            Err(_) => assert!(network == before),
        }
    }
}
