//! Losses from logits: their mean over a batch, the gradient with respect to the logits, and the product of their
//! Hessian with a vector.

use serde::{Deserialize, Serialize};

use crate::activation::{sigmoid, softplus};
use crate::batch::{Open, OpenTargets};
use crate::error::require;
use crate::{Error, Scalar};

/// What training makes small: the *mean* over the batch of one number a sample, computed from the outputs z ("logits":
/// the last layer is linear, the loss applies the link that belongs to it).
///
/// With `k` outputs, the sample's loss ℓ is
///
/// | loss | ℓ | targets | [`predict`](crate::Mlp::predict) gives |
/// |---|---|---|---|
/// | softmax cross-entropy | -Σⱼ qⱼ·ln softmax(z)ⱼ, q = (1-ε)·onehot(y) + ε/k | labels | probabilities |
/// | binary cross-entropy | (1/k) Σⱼ ln(1+e^zⱼ) - yⱼzⱼ | values in [0, 1], or labels 0/1 with one output | probabilities |
/// | mean squared error | (1/k) Σⱼ (zⱼ-yⱼ)² (without the ½) | values | z |
/// | mean absolute error | (1/k) Σⱼ \|zⱼ-yⱼ\|; gradient 0 at 0 | values | z |
/// | Huber | (1/k) Σⱼ ½r² if \|r\| ≤ δ, else δ(\|r\|-½δ), r = zⱼ-yⱼ | values | z |
/// | pinball | (1/k) Σⱼ max(τⱼ·(y-zⱼ), (τⱼ-1)·(y-zⱼ)) | values | the quantiles |
/// | Poisson | (1/k) Σⱼ e^zⱼ - yⱼzⱼ (without ln y!) | counts, at least 0 | rates e^z |
///
/// The batch's loss is `Σ wᵢ·ℓᵢ / Σ wᵢ` over its samples, with the sample weights wᵢ (1 by default); softmax
/// cross-entropy multiplies them by the weight of the sample's class. These are PyTorch's definitions, but for class
/// weights together with label smoothing, where PyTorch weighs the smoothing term by every class's own weight.
///
/// For the pinball loss with q quantiles there are q outputs for every row of the targets: output `q·t + j` is the
/// j-th quantile of target t.
///
/// ```
/// use smallbatch_mlp::Loss;
///
/// let loss = Loss::softmax_cross_entropy();
/// assert_eq!(loss.name(), "softmax cross-entropy");
/// let quantiles = Loss::Pinball { quantiles: vec![0.1, 0.5, 0.9] };
/// # let _ = quantiles;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Loss {
    /// For one of k classes.
    SoftmaxCrossEntropy {
        /// ε: how much of the target is spread evenly over all classes (Szegedy et al. 2016); in [0, 1).
        label_smoothing: f64,
        /// One weight a class, finite and not negative; `None` weighs all the same.
        class_weights: Option<Vec<f64>>,
    },
    /// For k independent yes-or-no questions.
    BinaryCrossEntropy,
    /// For numbers whose errors are like normal noise.
    MeanSquaredError,
    /// For numbers with outliers: predicts medians.
    MeanAbsoluteError,
    /// Squared near 0, absolute far away (Huber 1964).
    Huber {
        /// δ, above 0: where it goes from squared to absolute.
        delta: f64,
    },
    /// Predicts quantiles (Koenker & Bassett 1978).
    Pinball {
        /// The quantiles τ, each strictly between 0 and 1.
        quantiles: Vec<f64>,
    },
    /// For counts; the outputs are the logarithms of the rates.
    Poisson,
}

impl Default for Loss {
    fn default() -> Self {
        Self::softmax_cross_entropy()
    }
}

impl Loss {
    /// Softmax cross-entropy without label smoothing or class weights.
    pub fn softmax_cross_entropy() -> Self {
        Self::SoftmaxCrossEntropy {
            label_smoothing: 0.0,
            class_weights: None,
        }
    }

    /// The loss's name in words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SoftmaxCrossEntropy { .. } => "softmax cross-entropy",
            Self::BinaryCrossEntropy => "binary cross-entropy",
            Self::MeanSquaredError => "mean squared error",
            Self::MeanAbsoluteError => "mean absolute error",
            Self::Huber { .. } => "Huber",
            Self::Pinball { .. } => "pinball",
            Self::Poisson => "Poisson",
        }
    }

    pub(crate) fn validate(&self, n_outputs: usize) -> Result<(), Error> {
        match self {
            Self::SoftmaxCrossEntropy {
                label_smoothing,
                class_weights,
            } => {
                if n_outputs < 2 {
                    let needed = "at least 2, one a class,".to_owned();
                    return Err(Error::OutputsForLoss {
                        loss: self.name(),
                        needed,
                        n_outputs,
                    });
                }
                require(
                    (0.0..1.0).contains(label_smoothing),
                    "label smoothing",
                    *label_smoothing,
                    "at least 0 and below 1",
                )?;
                let Some(weights) = class_weights else {
                    return Ok(());
                };
                if weights.len() != n_outputs {
                    return Err(Error::Length {
                        what: "the class weights",
                        expected: n_outputs,
                        found: weights.len(),
                    });
                }
                for &weight in weights {
                    require(
                        weight >= 0.0 && weight.is_finite(),
                        "a class weight",
                        weight,
                        "finite and not negative",
                    )?;
                }
                require(
                    weights.iter().sum::<f64>() > 0.0,
                    "the sum of the class weights",
                    0.0,
                    "above 0",
                )
            }
            Self::Huber { delta } => require(
                *delta > 0.0 && delta.is_finite(),
                "Huber's delta",
                *delta,
                "finite and above 0",
            ),
            Self::Pinball { quantiles } => {
                if quantiles.is_empty() || !n_outputs.is_multiple_of(quantiles.len()) {
                    let needed = format!("a multiple of its {} quantile(s)", quantiles.len());
                    return Err(Error::OutputsForLoss {
                        loss: self.name(),
                        needed,
                        n_outputs,
                    });
                }
                for &quantile in quantiles {
                    require(
                        quantile > 0.0 && quantile < 1.0,
                        "a quantile",
                        quantile,
                        "strictly between 0 and 1",
                    )?;
                }
                Ok(())
            }
            Self::BinaryCrossEntropy
            | Self::MeanSquaredError
            | Self::MeanAbsoluteError
            | Self::Poisson => Ok(()),
        }
    }

    /// Checks the targets and returns the batch's total weight, above 0.
    pub(crate) fn total_weight<T: Scalar>(
        &self,
        batch: &Open<'_, T>,
        n_outputs: usize,
    ) -> Result<f64, Error> {
        self.check_targets(batch, n_outputs)?;
        let total: f64 = if batch.weights.is_none() && self.class_weights().is_none() {
            #[allow(clippy::cast_precision_loss)] // far below 2^53 samples
            let total = batch.n_samples() as f64;
            total
        } else {
            (0..batch.n_samples())
                .map(|sample| self.sample_weight(batch, sample))
                .sum()
        };
        if total > 0.0 {
            Ok(total)
        } else {
            Err(Error::ZeroTotalWeight)
        }
    }

    fn class_weights(&self) -> Option<&[f64]> {
        match self {
            Self::SoftmaxCrossEntropy { class_weights, .. } => class_weights.as_deref(),
            _ => None,
        }
    }

    /// The sample's weight times its class's.
    pub(crate) fn sample_weight<T: Scalar>(&self, batch: &Open<'_, T>, sample: usize) -> f64 {
        let class_weight = match (self.class_weights(), batch.targets) {
            (Some(weights), OpenTargets::Labels(labels)) => weights[labels[sample] as usize],
            _ => 1.0,
        };
        batch.weight(sample).to_f64() * class_weight
    }

    fn check_targets<T: Scalar>(&self, batch: &Open<'_, T>, n_outputs: usize) -> Result<(), Error> {
        match (self, batch.targets) {
            (Self::SoftmaxCrossEntropy { .. }, OpenTargets::Labels(labels)) => {
                check_labels(labels, n_outputs)
            }
            (Self::BinaryCrossEntropy, OpenTargets::Labels(labels)) if n_outputs == 1 => {
                check_labels(labels, 2)
            }
            (Self::BinaryCrossEntropy, OpenTargets::Labels(_)) => Err(Error::TargetKind {
                loss: self.name(),
                expected: "values in [0, 1] where there is more than one output",
                found: "labels",
            }),
            (_, OpenTargets::Labels(_)) => Err(Error::TargetKind {
                loss: self.name(),
                expected: "values",
                found: "labels",
            }),
            (Self::SoftmaxCrossEntropy { .. }, OpenTargets::Values(_)) => Err(Error::TargetKind {
                loss: self.name(),
                expected: "labels",
                found: "values",
            }),
            (_, OpenTargets::Values(values)) => {
                let n_targets = n_outputs / self.outputs_per_target();
                if values.n_rows != n_targets {
                    return Err(Error::Shape {
                        what: "the target matrix",
                        expected_rows: n_targets,
                        expected_columns: batch.n_samples(),
                        found_rows: values.n_rows,
                        found_columns: batch.n_samples(),
                    });
                }
                self.check_values(values.values, values.n_rows)
            }
        }
    }

    fn check_values<T: Scalar>(&self, values: &[T], n_rows: usize) -> Result<(), Error> {
        let (low, high, range) = match self {
            Self::BinaryCrossEntropy => (0.0, 1.0, "values in [0, 1]"),
            Self::Poisson => (0.0, f64::MAX, "finite values of at least 0"),
            _ => (f64::MIN, f64::MAX, "finite values"),
        };
        let (low, high) = (T::of(low), T::of(high));
        // One pass without an early exit, so that it is vectorized: this runs on every batch.
        let good = |value: T| value >= low && value <= high && value.is_finite();
        if values.iter().fold(true, |all, &value| all & good(value)) {
            return Ok(());
        }
        let place = values.iter().position(|&value| !good(value)).unwrap_or(0);
        Err(Error::TargetOutOfRange {
            loss: self.name(),
            sample: place / n_rows,
            output: place % n_rows,
            value: values[place].to_f64(),
            range,
        })
    }

    fn outputs_per_target(&self) -> usize {
        match self {
            Self::Pinball { quantiles } => quantiles.len(),
            _ => 1,
        }
    }

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

fn check_labels(labels: &[u32], n_classes: usize) -> Result<(), Error> {
    match labels.iter().position(|&label| label as usize >= n_classes) {
        None => Ok(()),
        Some(sample) => Err(Error::LabelOutOfRange {
            sample,
            label: labels[sample],
            n_classes,
        }),
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
