//! Numbers that are too small to matter: they become 0 before they cost time.
//!
//! A number below the smallest of full precision (*subnormal*: below 1.2e-38 in `f32`) takes many processors a hundred
//! cycles or more. Training makes such numbers when it succeeds: the probabilities of the wrong classes fall to e^-90, and
//! what is multiplied by them; the moments of a unit that no longer learns decay by a tenth a step. So each stage of a step
//! hands on 0 or a number that is far from subnormal, and its products with what it meets next are not subnormal either:
//!
//! | what | becomes 0 below | why it cannot matter |
//! |---|---|---|
//! | inputs as they are read, preactivations, activations, slopes | 2^-63 (1e-19) | z = Σ w·a + b is added to numbers near 1: 2^-39 of their rounding |
//! | probabilities and residuals in a loss | 2^-63 | they are differences of numbers whose rounding is 2^-24 |
//! | deltas, the learning rate included where it is | 2^-95 (3e-29) | they are multiplied by inputs and added to weights. Lower than the rest: with inputs of 1e9 a rate is about 1e-18 |
//! | gradients, velocities, first moments | 2^-63 | times the rate, they are added to weights |
//! | squared gradients and second moments | stay at least 2^-110 (8e-34) | the root, 3e-17, is added to ε, which is 1e-8 |
//! | parameters after an update (of plain descent, every 1,024) | 2^-63 | times an activation, they are added to numbers near 1 |
//!
//! `f64` has the same with 2^-511, 2^-895 and 2^-990. The second moment has a least value instead of becoming 0: a zero under
//! a first moment that is not would make a step of `m / ε`.
//!
//! A sum may still cancel to less, by chance. What is stored next is cut again, so that this does not last.
//! The processor can do all this by itself (its control register), but Rust does not allow changing that around its own
//! arithmetic, and results would depend on the processor.

use smallbatch_base::{Vectors, vectorized};

use crate::Scalar;

/// The number; 0 in the place of one below `smallest` in absolute value: see [`Vectors::flush`](smallbatch_base::Vectors::flush).
#[inline(always)]
pub(crate) fn flush<T: Scalar>(x: T, smallest: T) -> T {
    <T as Vectors>::flush(x, smallest)
}

vectorized! {
    /// [`flush`] of all, in their place.
    pub(crate) fn flush_all(values: &'a mut [T]) -> () = flush_all_loop;
}

#[inline(always)]
fn flush_all_loop<T: Scalar>(values: &mut [T]) {
    for value in values {
        *value = flush(*value, T::SMALLEST);
    }
}

vectorized! {
    /// All times a factor, and [`flush`]ed.
    pub(crate) fn scale_into(scaled: &'a mut [T], values: &'a [T], factor: T) -> () = scale_into_loop;
}

#[inline(always)]
fn scale_into_loop<T: Scalar>(scaled: &mut [T], values: &[T], factor: T) {
    for (scaled, &value) in scaled.iter_mut().zip(values) {
        *scaled = flush(value * factor, T::SMALLEST);
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::activation::tests::ALL;
    use crate::passes::Passes;
    use crate::{
        Activation, Batch, Loss, Mlp, MlpSpec, Optimizer, OptimizerSpec, Targets, UpdateRule,
        Workspace,
    };

    fn is_subnormal<T: Scalar>(x: T) -> bool {
        let size = x.to_f64().abs();
        let smallest = if size_of::<T>() == 4 {
            f64::from(f32::MIN_POSITIVE)
        } else {
            f64::MIN_POSITIVE
        };
        size > 0.0 && size < smallest
    }

    fn count<T: Scalar>(values: &[T]) -> usize {
        values.iter().filter(|&&value| is_subnormal(value)).count()
    }

    /// In all buffers of a workspace, its threads' ones included.
    fn count_in<T: Scalar>(workspace: &Workspace<T>) -> usize {
        let shards = workspace.shards.iter().map(count_in_passes);
        count_in_passes(&workspace.passes) + count(&workspace.gradient) + shards.sum::<usize>()
    }

    fn count_in_passes<T: Scalar>(passes: &Passes<T>) -> usize {
        let parts = passes.nodes.iter().flatten().map(|part| {
            count(&part.values)
                + count(&part.slopes)
                + count(&part.delta)
                + count(&part.samples.values)
                + count(&part.rows)
        });
        parts.sum::<usize>() + count(&passes.logits) + count(&passes.losses)
    }

    const N_SAMPLES: usize = 40;
    const N_FEATURES: usize = 4;

    /// Two groups far from each other, with a feature that is tiny and one that is always subnormal.
    fn inputs<T: Scalar>() -> DMatrix<T> {
        let tiny = [1e-25, 1e-40][usize::from(size_of::<T>() == 4)];
        DMatrix::from_fn(N_FEATURES, N_SAMPLES, |i, j| {
            let side = if j % 2 == 0 { 1.0 } else { -1.0 };
            let noise = ((i * 7 + j * 13) as f64).sin();
            T::of(match i {
                2 => 1e-20 * noise,
                3 => tiny * side,
                _ => 2.0 * side + 0.3 * noise,
            })
        })
    }

    /// Trains, and says how many subnormal numbers there were after every twentieth step and the last ones.
    fn trained<T: Scalar>(
        spec: &MlpSpec,
        optimizer: &OptimizerSpec,
        rate: f64,
        weights: bool,
        threads: usize,
        steps: u64,
    ) -> (usize, f64) {
        let inputs = inputs::<T>();
        let labels: Vec<u32> = (0..N_SAMPLES).map(|j| (j % 2) as u32).collect();
        let n_targets = if let Loss::Pinball { quantiles } = &spec.loss {
            spec.n_outputs() / quantiles.len()
        } else {
            spec.n_outputs()
        };
        let values = DMatrix::from_fn(n_targets, N_SAMPLES, |_, j| T::of((j % 2) as f64));
        let targets = match &spec.loss {
            Loss::SoftmaxCrossEntropy { .. } => Targets::Labels(&labels),
            _ => Targets::Values(values.as_view()),
        };
        // From 1 down to what no sum notices.
        let weigh: Vec<T> = (0..N_SAMPLES)
            .map(|j| T::of(10_f64.powi(-2 * j as i32)))
            .collect();
        let mut batch = Batch::new(inputs.as_view(), targets);
        if weights {
            batch = batch.weights(&weigh);
        }
        let mut network: Mlp<T> = spec.build(3).unwrap();
        // A user's own, or of a model that was made elsewhere.
        network.parameters_mut().as_mut_slice()[5] = T::of(f64::from(f32::MIN_POSITIVE) / 8.0);
        let mut optimizer: Optimizer<T> = optimizer.build(network.n_parameters()).unwrap();
        let mut workspace = network.workspace_with_threads(N_SAMPLES, threads).unwrap();
        let (mut found, mut loss) = (0, 0.0);
        for step in 1..=steps {
            loss = network
                .train_step(&batch, &mut optimizer, rate, 9, &mut workspace)
                .unwrap_or_else(|error| panic!("{spec:?} {optimizer:?}: {error}"));
            if step % 20 == 0 || step + 10 > steps {
                let [first, second] = optimizer.moments();
                found += count_in(&workspace)
                    + count(network.parameters().as_slice())
                    + count(first)
                    + count(second);
            }
        }
        (found, loss)
    }

    fn losses() -> Vec<(Loss, usize)> {
        vec![
            (Loss::softmax_cross_entropy(), 3),
            (
                Loss::SoftmaxCrossEntropy {
                    label_smoothing: 0.1,
                    class_weights: Some(vec![1.0, 1e-12, 2.0]),
                },
                3,
            ),
            (Loss::BinaryCrossEntropy, 2),
            (Loss::MeanSquaredError, 2),
            (Loss::MeanAbsoluteError, 1),
            (Loss::Huber { delta: 0.5 }, 1),
            (
                Loss::Pinball {
                    quantiles: vec![0.1, 0.5],
                },
                4,
            ),
            (Loss::Poisson, 1),
        ]
    }

    /// With moments that decay fast, so that those of units that no longer learn are tiny soon.
    fn optimizers() -> [(OptimizerSpec, f64); 8] {
        let adam = |beta2| UpdateRule::Adam {
            beta1: 0.9,
            beta2,
            epsilon: 1e-8,
        };
        let rms = UpdateRule::RmsProp {
            decay: 0.9,
            epsilon: 1e-8,
        };
        [
            (OptimizerSpec::sgd(), 0.1),
            (OptimizerSpec::sgd().weight_decay(0.5), 0.1),
            (OptimizerSpec::sgd().clip_norm(0.01), 0.3),
            (OptimizerSpec::momentum(0.9), 0.01),
            (OptimizerSpec::nesterov(0.8).clip_norm(1.0), 0.01),
            (OptimizerSpec::new(rms), 0.003),
            (OptimizerSpec::new(adam(0.9)), 0.01),
            (OptimizerSpec::new(adam(0.999)).weight_decay(1.0), 0.03),
        ]
    }

    fn check<T: Scalar>() {
        let mut turn = 0;
        for (loss, n_outputs) in losses() {
            for activation in ALL {
                turn += 1;
                let (optimizer, rate) = optimizers()[turn % 8];
                let dropout = [0.0, 0.3][turn / 2 % 2];
                let optimizer = match loss {
                    // A rate e^z would be infinite soon.
                    Loss::Poisson => optimizer.clip_norm(0.01),
                    _ => optimizer,
                };
                let spec = MlpSpec::new([N_FEATURES, 9, 8, n_outputs])
                    .activation(activation)
                    .loss(loss.clone())
                    .dropout(dropout);
                let (weights, threads) = (turn % 3 == 0, 1 + turn % 2);
                let (found, end) = trained::<T>(&spec, &optimizer, rate, weights, threads, 800);
                assert_eq!(found, 0, "{spec:?} {optimizer:?}, loss {end}");
            }
        }
    }

    #[test]
    fn no_buffer_holds_a_subnormal_number_in_f32() {
        check::<f32>();
    }

    #[test]
    fn no_buffer_holds_a_subnormal_number_in_f64() {
        check::<f64>();
    }

    /// Far into convergence, with each optimizer and the activations that saturate or die.
    #[test]
    fn nor_far_into_convergence() {
        for (turn, (optimizer, rate)) in optimizers().into_iter().enumerate() {
            for activation in [Activation::Relu, Activation::Tanh, Activation::Gelu] {
                let spec = MlpSpec::new([N_FEATURES, 16, 16, 2]).activation(activation);
                let rate = 5.0 * rate;
                let (found, loss) = trained::<f32>(&spec, &optimizer, rate, false, 1, 4_000);
                assert_eq!(found, 0, "{activation:?} {optimizer:?}, loss {loss}");
                // It has learned, but where decay holds the weights down.
                assert!(
                    loss < 1e-3 || turn % 8 == 1 || turn % 8 == 7,
                    "{optimizer:?}: {loss}"
                );
            }
        }
    }

    /// The disease: a plain network of one hidden layer, trained by momentum on the same data, holds subnormal numbers once it
    /// has learned them.
    #[test]
    fn a_plain_training_holds_many() {
        const HIDDEN: usize = 16;
        let x = inputs::<f32>();
        let network = MlpSpec::new([N_FEATURES, HIDDEN, 2])
            .build::<f32>(3)
            .unwrap();
        let mut w: [DMatrix<f32>; 2] =
            [0, 1].map(|layer| network.parameters().weight(layer).into_owned());
        let mut velocity = w.clone().map(|w| w * 0.0);
        let mut found = 0;
        for _ in 0..1_200 {
            let z = &w[0] * &x;
            let a = z.map(|z| z.max(0.0));
            let mut d = (&w[1] * &a).map(|logit| logit);
            for (j, mut column) in d.column_iter_mut().enumerate() {
                let largest = column.max();
                column.apply(|logit| *logit = (*logit - largest).exp());
                let sum = column.sum();
                column.apply(|e| *e /= sum * N_SAMPLES as f32);
                column[j % 2] -= 1.0 / N_SAMPLES as f32;
            }
            let d_hidden =
                (w[1].transpose() * &d).zip_map(&z, |d, z| if z > 0.0 { d } else { 0.0 });
            for (v, gradient) in velocity
                .iter_mut()
                .zip([&d_hidden * x.transpose(), &d * a.transpose()])
            {
                *v = &*v * 0.9 + gradient;
            }
            for (w, v) in w.iter_mut().zip(&velocity) {
                *w -= v * 0.3;
            }
            found += count(d.as_slice()) + count(velocity[0].as_slice()) + count(z.as_slice());
        }
        assert!(found > 10_000, "{found}");
    }

    #[test]
    fn what_matters_stays() {
        for x in [1.1e-19_f32, -1.1e-19, 1.0, f32::INFINITY] {
            assert_eq!(flush(x, f32::SMALLEST), x);
        }
        for x in [1e-19_f32, -1e-19, 1e-40, 0.0, -0.0] {
            assert_eq!(flush(x, f32::SMALLEST).to_bits(), 0);
        }
        assert!(flush(f32::NAN, f32::SMALLEST).is_nan());
        assert_eq!(f32::SMALLEST * f32::SMALLEST, f32::MIN_POSITIVE);
        assert_eq!(f64::SMALLEST * f64::SMALLEST, f64::MIN_POSITIVE);
    }
}
