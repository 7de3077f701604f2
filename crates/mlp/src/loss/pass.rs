//! The losses' arithmetic: the gradient with respect to the logits, the product of their Hessian with a vector, the link.

use pulp::{Arch, Simd, WithSimd};

use super::Loss;
use crate::Scalar;
use crate::activation::{sigmoid, sigmoid_by};
use crate::batch::{Open, OpenTargets};
use crate::negligible::flush;

impl Loss {
    /// Turns the logits of a chunk, in panels of a line an output, into the gradient of `Σ wᵢ·ℓᵢ / divisor` with respect to
    /// them, zero beyond the last sample, and writes each panel's weighted sum of losses, `Σ wᵢ·ℓᵢ`, to `losses`. The divisor
    /// is the whole batch's `Σ wᵢ`; for plain descent, over minus the learning rate.
    pub(crate) fn gradient_in_place<T: Scalar>(
        &self,
        logits: &mut [T],
        chunk: &Open<'_, T>,
        divisor: f64,
        losses: &mut [f64],
    ) {
        let n_panels = chunk.n_samples().div_ceil(T::PANEL);
        let n_outputs = logits.len() / (n_panels * T::PANEL);
        if let (
            Self::SoftmaxCrossEntropy {
                label_smoothing, ..
            },
            OpenTargets::Labels(labels),
        ) = (self, chunk.targets)
        {
            let weight = |sample| self.sample_weight(chunk, sample);
            return Arch::new().dispatch(SoftmaxCrossEntropy {
                logits,
                n_classes: n_outputs,
                chunk,
                labels,
                smoothing: *label_smoothing,
                weight,
                divisor,
                sums: losses,
            });
        }
        let whole = Whole {
            n_outputs,
            chunk,
            divisor,
        };
        match self {
            Self::BinaryCrossEntropy => {
                pointwise(logits, losses, whole, 1, |z: T, y: T, _| {
                    // ln(1 + e^z) - y·z as max(z, 0) - y·z + ln(1 + e^-|z|): finite at z = ±1e3.
                    // In this order: the logarithm is small where the answer is right, and would be lost beside z.
                    let positive = if z < T::zero() { T::zero() } else { z };
                    let e = (-z.abs()).exp_of_negative();
                    let loss = (positive - y * z) + e.fast_ln_1p();
                    (loss, sigmoid_by(z, e) - y)
                });
            }
            Self::MeanSquaredError => pointwise(logits, losses, whole, 1, |z: T, y: T, _| {
                // Its square would be subnormal.
                let r = flush(z - y, T::SMALLEST);
                (r * r, r + r)
            }),
            Self::MeanAbsoluteError => pointwise(logits, losses, whole, 1, |z: T, y: T, _| {
                let r = z - y;
                (r.abs(), sign(r))
            }),
            Self::Huber { delta } => {
                let delta = T::of(*delta);
                let half = T::of(0.5);
                pointwise(logits, losses, whole, 1, |z: T, y: T, _| {
                    let r = flush(z - y, T::SMALLEST);
                    if r.abs() <= delta {
                        (half * r * r, r)
                    } else {
                        (delta * (r.abs() - half * delta), delta * sign(r))
                    }
                });
            }
            Self::Pinball { quantiles } => {
                pointwise(logits, losses, whole, quantiles.len(), |z: T, y: T, j| {
                    let tau = T::of(quantiles[j]);
                    let r = y - z;
                    if r > T::zero() {
                        (tau * r, -tau)
                    } else if r < T::zero() {
                        ((tau - T::one()) * r, T::one() - tau)
                    } else {
                        (r, T::zero()) // r is 0, or NaN, which must pass
                    }
                });
            }
            Self::Poisson => pointwise(logits, losses, whole, 1, |z: T, y: T, _| {
                let rate = z.fast_exp();
                (rate - y * z, rate - y)
            }),
            // Batches are checked when opened: softmax cross-entropy has labels.
            Self::SoftmaxCrossEntropy { .. } => losses.fill(f64::NAN),
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
            Self::BinaryCrossEntropy => logits
                .iter_mut()
                .for_each(|z| *z = sigmoid_by(*z, (-z.abs()).fast_exp())),
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

/// The most samples of a panel.
const LANES: usize = 16;

/// A panel's samples: which they are, the weight wᵢ of each, and 0 in the lanes beyond the last.
#[inline(always)]
fn lanes_of<T: Scalar>(
    chunk: &Open<'_, T>,
    panel: usize,
    weight: impl Fn(usize) -> f64,
) -> (std::ops::Range<usize>, [f64; LANES]) {
    let first = panel * T::PANEL;
    let samples = first..(first + T::PANEL).min(chunk.n_samples());
    let mut weights = [0.0; LANES];
    for (lane, sample) in samples.clone().enumerate() {
        weights[lane] = weight(sample);
    }
    (samples, weights)
}

/// What a sample's slopes are multiplied by. A weight so small counts as 0, or every product with it would be subnormal.
#[inline(always)]
fn normal_scale<T: Scalar>(scale: T) -> T {
    flush(scale, T::SMALLEST_DELTA)
}

/// Losses that are a mean over the outputs of a function of (logit, target, number of the output within its target).
fn pointwise<T: Scalar>(
    logits: &mut [T],
    sums: &mut [f64],
    whole: Whole<'_, T>,
    outputs_per_target: usize,
    loss_and_slope: impl Fn(T, T, usize) -> (T, T),
) {
    Arch::new().dispatch(Pointwise {
        logits,
        sums,
        whole,
        outputs_per_target,
        loss_and_slope,
    });
}

/// What the logits belong to.
#[derive(Clone, Copy)]
struct Whole<'a, T> {
    n_outputs: usize,
    chunk: &'a Open<'a, T>,
    divisor: f64,
}

struct Pointwise<'a, T, F> {
    logits: &'a mut [T],
    /// One a panel.
    sums: &'a mut [f64],
    whole: Whole<'a, T>,
    outputs_per_target: usize,
    loss_and_slope: F,
}

impl<T: Scalar, F: Fn(T, T, usize) -> (T, T)> WithSimd for Pointwise<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Whole {
            n_outputs,
            chunk,
            divisor,
        } = self.whole;
        let per_target = self.outputs_per_target;
        let panels = self.logits.chunks_exact_mut(n_outputs * T::PANEL);
        #[allow(clippy::cast_precision_loss)] // outputs are few
        let n_outputs = n_outputs as f64;
        for (index, (panel, sum)) in panels.zip(self.sums).enumerate() {
            let weight = |sample| chunk.weight(sample).to_f64() / n_outputs;
            let (samples, weights) = lanes_of(chunk, index, weight);
            let scales = weights
                .map(|weight| T::of(weight / divisor))
                .map(normal_scale);
            let mut losses = [T::zero(); LANES];
            for (j, line) in panel.chunks_exact_mut(T::PANEL).enumerate() {
                let mut targets = [T::zero(); LANES];
                for (y, sample) in targets.iter_mut().zip(samples.clone()) {
                    *y = target(chunk, sample, j / per_target);
                }
                for lane in 0..T::PANEL {
                    let (loss, slope) =
                        (self.loss_and_slope)(line[lane], targets[lane], j % per_target);
                    losses[lane] += loss;
                    // A sample of weight 0 is none, whatever is in the place of its target: 0 times infinity is NaN.
                    let weighs = scales[lane] != T::zero();
                    let delta = scales[lane] * flush(slope, T::SMALLEST);
                    line[lane] = if weighs {
                        flush(delta, T::SMALLEST_DELTA)
                    } else {
                        T::zero()
                    };
                }
                line[samples.len()..].fill(T::zero());
            }
            *sum = 0.0;
            for (loss, weight) in losses.iter().zip(weights).take(samples.len()) {
                if weight > 0.0 {
                    *sum += weight * loss.to_f64();
                }
            }
        }
    }
}

/// Softmax cross-entropy of the sample weights times class weights that `weight` gives.
struct SoftmaxCrossEntropy<'a, T, W> {
    logits: &'a mut [T],
    n_classes: usize,
    chunk: &'a Open<'a, T>,
    labels: &'a [u32],
    smoothing: f64,
    weight: W,
    divisor: f64,
    /// One a panel.
    sums: &'a mut [f64],
}

impl<T: Scalar, W: Fn(usize) -> f64> WithSimd for SoftmaxCrossEntropy<'_, T, W> {
    type Output = ();

    /// Lane by lane: z - max z, e^that, their sum, its logarithm; then `(softmax(z) - q)·w / total`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        #[allow(clippy::cast_precision_loss)] // classes are few
        let (on_label, on_all) = (
            T::of(1.0 - self.smoothing),
            T::of(self.smoothing / self.n_classes as f64),
        );
        let panels = self.logits.chunks_exact_mut(self.n_classes * T::PANEL);
        for (index, (panel, sum)) in panels.zip(self.sums).enumerate() {
            let (samples, weights) = lanes_of(self.chunk, index, &self.weight);
            let mut largest = [T::zero(); LANES];
            largest[..T::PANEL].copy_from_slice(&panel[..T::PANEL]);
            for line in panel.chunks_exact(T::PANEL) {
                for (largest, &z) in largest.iter_mut().zip(line) {
                    *largest = if z > *largest { z } else { *largest };
                }
            }
            // Σ qⱼ·(zⱼ - max z), the part of ℓ that is linear in the logits.
            let mut linear = [T::zero(); LANES];
            for (lane, sample) in samples.clone().enumerate() {
                let z = panel[self.labels[sample] as usize * T::PANEL + lane];
                linear[lane] = on_label * (z - largest[lane]);
            }
            let mut normalizer = [T::zero(); LANES];
            for line in panel.chunks_exact_mut(T::PANEL) {
                for lane in 0..T::PANEL {
                    let z = line[lane] - largest[lane];
                    linear[lane] += on_all * z;
                    line[lane] = z.exp_of_negative();
                    normalizer[lane] += line[lane];
                }
            }
            let mut losses = [T::zero(); LANES];
            let mut scales = [T::zero(); LANES];
            let mut inverses = [T::zero(); LANES];
            for lane in 0..T::PANEL {
                losses[lane] = normalizer[lane].fast_ln() - linear[lane];
                scales[lane] = normal_scale(T::of(weights[lane] / self.divisor));
                inverses[lane] = scales[lane] / normalizer[lane];
            }
            for line in panel.chunks_exact_mut(T::PANEL) {
                for lane in 0..T::PANEL {
                    let delta = line[lane] * inverses[lane] - scales[lane] * on_all;
                    line[lane] = flush(delta, T::SMALLEST_DELTA);
                }
                line[samples.len()..].fill(T::zero());
            }
            *sum = 0.0;
            for (lane, sample) in samples.enumerate() {
                panel[self.labels[sample] as usize * T::PANEL + lane] -= scales[lane] * on_label;
                *sum += weights[lane] * losses[lane].to_f64();
            }
        }
    }
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
        let e = (z - largest).exp_of_negative();
        normalizer += e;
        dot += e * v;
    }
    let mean = dot / normalizer;
    for (&z, v) in z.iter().zip(v.iter_mut()) {
        let p = (z - largest).exp_of_negative() / normalizer;
        *v = weight * p * (*v - mean);
    }
}
