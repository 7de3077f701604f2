//! The losses' arithmetic: the gradient with respect to the logits, the product of their Hessian with a vector, the link.

use super::Loss;
use crate::Scalar;
use crate::activation::{sigmoid, softplus};
use crate::batch::{Open, OpenTargets};

impl Loss {
    /// Turns the logits of a chunk, shape `(n_outputs, n_samples)`, into the gradient of the whole batch's mean loss with
    /// respect to them, and returns the chunk's weighted sum of losses, `Σ wᵢ·ℓᵢ`; `total` is the batch's `Σ wᵢ`.
    pub(crate) fn gradient_in_place<T: Scalar>(
        &self,
        logits: &mut [T],
        chunk: &Open<'_, T>,
        total: f64,
    ) -> f64 {
        let n_outputs = logits.len() / chunk.n_samples();
        if let (
            Self::SoftmaxCrossEntropy {
                label_smoothing, ..
            },
            OpenTargets::Labels(labels),
        ) = (self, chunk.targets)
        {
            let weight = |sample| self.sample_weight(chunk, sample);
            return softmax_cross_entropy(
                logits,
                n_outputs,
                labels,
                *label_smoothing,
                weight,
                total,
            );
        }
        match self {
            Self::BinaryCrossEntropy => {
                pointwise(logits, n_outputs, chunk, total, 1, |z: T, y: T, _| {
                    // ln(1 + e^z) - y·z as max(z, 0) - y·z + ln(1 + e^-|z|): finite at z = ±1e3.
                    (softplus(z) - y * z, sigmoid(z) - y)
                })
            }
            Self::MeanSquaredError => {
                pointwise(logits, n_outputs, chunk, total, 1, |z: T, y: T, _| {
                    let r = z - y;
                    (r * r, r + r)
                })
            }
            Self::MeanAbsoluteError => {
                pointwise(logits, n_outputs, chunk, total, 1, |z: T, y: T, _| {
                    let r = z - y;
                    (r.abs(), sign(r))
                })
            }
            Self::Huber { delta } => {
                let delta = T::of(*delta);
                let half = T::of(0.5);
                pointwise(logits, n_outputs, chunk, total, 1, |z: T, y: T, _| {
                    let r = z - y;
                    if r.abs() <= delta {
                        (half * r * r, r)
                    } else {
                        (delta * (r.abs() - half * delta), delta * sign(r))
                    }
                })
            }
            Self::Pinball { quantiles } => pointwise(
                logits,
                n_outputs,
                chunk,
                total,
                quantiles.len(),
                |z: T, y: T, j| {
                    let tau = T::of(quantiles[j]);
                    let r = y - z;
                    if r > T::zero() {
                        (tau * r, -tau)
                    } else if r < T::zero() {
                        ((tau - T::one()) * r, T::one() - tau)
                    } else {
                        (r, T::zero()) // r is 0, or NaN, which must pass
                    }
                },
            ),
            Self::Poisson => pointwise(logits, n_outputs, chunk, total, 1, |z: T, y: T, _| {
                let rate = z.fast_exp();
                (rate - y * z, rate - y)
            }),
            // Batches are checked when opened: softmax cross-entropy has labels.
            Self::SoftmaxCrossEntropy { .. } => f64::NAN,
        }
    }

    /// Turns each column v of `v` into `(wᵢ / total)·H·v`, where H is the Hessian of ℓ with respect to that sample's
    /// logits. Where ℓ has a kink, H is 0 there.
    pub(crate) fn hessian_times<T: Scalar>(
        &self,
        v: &mut [T],
        logits: &[T],
        chunk: &Open<'_, T>,
        total: f64,
    ) {
        let n_samples = chunk.n_samples();
        let n_outputs = logits.len() / n_samples;
        for sample in 0..n_samples {
            let z = &logits[sample * n_outputs..][..n_outputs];
            let v = &mut v[sample * n_outputs..][..n_outputs];
            let weight = T::of(self.sample_weight(chunk, sample) / total);
            if let Self::SoftmaxCrossEntropy { .. } = self {
                softmax_hessian_times(v, z, weight);
                continue;
            }
            #[allow(clippy::cast_precision_loss)] // outputs are few
            let scale = weight / T::of(n_outputs as f64);
            for (j, (v, &z)) in v.iter_mut().zip(z).enumerate() {
                let curvature = match self {
                    Self::BinaryCrossEntropy => sigmoid(z) * (T::one() - sigmoid(z)),
                    Self::MeanSquaredError => T::of(2.0),
                    Self::Huber { delta } => {
                        let inside = (z - target(chunk, sample, j)).abs() <= T::of(*delta);
                        if inside { T::one() } else { T::zero() }
                    }
                    Self::Poisson => z.fast_exp(),
                    _ => T::zero(),
                };
                *v *= scale * curvature;
            }
        }
    }

    /// Turns logits, shape `(n_outputs, n_samples)`, into what they predict: probabilities, rates, or themselves.
    pub(crate) fn link<T: Scalar>(&self, logits: &mut [T], n_outputs: usize) {
        match self {
            Self::SoftmaxCrossEntropy { .. } => {
                logits.chunks_exact_mut(n_outputs).for_each(softmax);
            }
            Self::BinaryCrossEntropy => logits.iter_mut().for_each(|z| *z = sigmoid(*z)),
            Self::Poisson => logits.iter_mut().for_each(|z| *z = z.fast_exp()),
            _ => {}
        }
    }
}

#[inline(always)]
fn sign<T: Scalar>(r: T) -> T {
    if r > T::zero() {
        T::one()
    } else if r < T::zero() {
        -T::one()
    } else {
        r // 0, or NaN, which must pass
    }
}

fn target<T: Scalar>(chunk: &Open<'_, T>, sample: usize, row: usize) -> T {
    match chunk.targets {
        OpenTargets::Values(values) => values.values[sample * values.n_rows + row],
        OpenTargets::Labels(labels) => T::of(f64::from(labels[sample])),
    }
}

/// Losses that are a mean over the outputs of a function of (logit, target, number of the output within its target).
#[inline(always)]
fn pointwise<T: Scalar>(
    logits: &mut [T],
    n_outputs: usize,
    chunk: &Open<'_, T>,
    total: f64,
    outputs_per_target: usize,
    loss_and_slope: impl Fn(T, T, usize) -> (T, T),
) -> f64 {
    pulp::Arch::new().dispatch(|| {
        let mut sum = 0.0;
        for (sample, column) in logits.chunks_exact_mut(n_outputs).enumerate() {
            #[allow(clippy::cast_precision_loss)] // outputs are few
            let weight = chunk.weight(sample).to_f64() / n_outputs as f64;
            let scale = T::of(weight / total);
            for (j, z) in column.iter_mut().enumerate() {
                let y = target(chunk, sample, j / outputs_per_target);
                let (loss, slope) = loss_and_slope(*z, y, j % outputs_per_target);
                sum += weight * loss.to_f64();
                *z = scale * slope;
            }
        }
        sum
    })
}

fn softmax_cross_entropy<T: Scalar>(
    logits: &mut [T],
    n_classes: usize,
    labels: &[u32],
    smoothing: f64,
    weight: impl Fn(usize) -> f64,
    total: f64,
) -> f64 {
    pulp::Arch::new().dispatch(|| {
        #[allow(clippy::cast_precision_loss)] // classes are few
        let (on_label, on_all) = (T::of(1.0 - smoothing), T::of(smoothing / n_classes as f64));
        let mut sum = 0.0;
        // -Σ qⱼ·zⱼ of the shifted logits, the part of ℓ that is linear in them.
        for (sample, (column, &label)) in logits.chunks_exact_mut(n_classes).zip(labels).enumerate()
        {
            subtract_largest(column);
            let mut linear = on_label * column[label as usize];
            if smoothing > 0.0 {
                linear += on_all * column.iter().fold(T::zero(), |sum, &z| sum + z);
            }
            sum -= weight(sample) * linear.to_f64();
        }
        // All at once: a column of 10 alone would not fill the vectors.
        for z in logits.iter_mut() {
            *z = z.fast_exp();
        }
        for (sample, (column, &label)) in logits.chunks_exact_mut(n_classes).zip(labels).enumerate()
        {
            let normalizer = column.iter().fold(T::zero(), |sum, &e| sum + e);
            let weight = weight(sample);
            sum += weight * normalizer.to_f64().ln();
            let scale = T::of(weight / total);
            let inverse = scale / normalizer;
            for e in column.iter_mut() {
                *e = *e * inverse - scale * on_all;
            }
            column[label as usize] -= scale * on_label;
        }
        sum
    })
}

/// Shifts a sample's logits so that the largest is 0: e^z cannot overflow then, and the softmax is the same.
#[inline(always)]
fn subtract_largest<T: Scalar>(column: &mut [T]) {
    let largest = column.iter().fold(
        column[0],
        |largest, &z| if z > largest { z } else { largest },
    );
    for z in column.iter_mut() {
        *z -= largest;
    }
}

fn softmax<T: Scalar>(column: &mut [T]) {
    subtract_largest(column);
    let mut normalizer = T::zero();
    for z in column.iter_mut() {
        *z = z.fast_exp();
        normalizer += *z;
    }
    for e in column.iter_mut() {
        *e /= normalizer;
    }
}

/// H = diag(p) - p·pᵀ, so that H·v = p∘v - p·(p·v). Computed without allocating, from z twice.
fn softmax_hessian_times<T: Scalar>(v: &mut [T], z: &[T], weight: T) {
    let largest = z
        .iter()
        .fold(z[0], |largest, &z| if z > largest { z } else { largest });
    let (mut normalizer, mut dot) = (T::zero(), T::zero());
    for (&z, &v) in z.iter().zip(v.iter()) {
        let e = (z - largest).fast_exp();
        normalizer += e;
        dot += e * v;
    }
    let mean = dot / normalizer;
    for (&z, v) in z.iter().zip(v.iter_mut()) {
        let p = (z - largest).fast_exp() / normalizer;
        *v = weight * p * (*v - mean);
    }
}
