//! -Σⱼ qⱼ·ln softmax(z)ⱼ, q = (1-ε)·onehot(y) + ε/k: for one of k classes.

use pulp::{Arch, Simd, WithSimd};

use super::panel::{LANES, Weights, lanes_of, weighted_sum};
use super::{Definition, Loss, PredictionKind, check_labels, sample_weight};
use crate::batch::{Open, OpenTargets};
use crate::error::require;
use crate::negligible::flush;
use crate::{Error, Scalar};

impl Loss {
    /// Softmax cross-entropy without label smoothing or class weights.
    pub fn softmax_cross_entropy() -> Self {
        Self::SoftmaxCrossEntropy {
            label_smoothing: 0.0,
            class_weights: None,
        }
    }

    /// Softmax cross-entropy with one weight a class, and no label smoothing: for classes of unequal sizes, with the weights of
    /// `Target::balanced_class_weights` of `smallbatch-data`.
    ///
    /// ```
    /// use smallbatch_mlp::Loss;
    ///
    /// let loss = Loss::weighted_softmax_cross_entropy([0.6, 3.0]);
    /// assert_eq!(loss.class_weights(), Some(&[0.6, 3.0][..]));
    /// ```
    pub fn weighted_softmax_cross_entropy(class_weights: impl Into<Vec<f64>>) -> Self {
        Self::SoftmaxCrossEntropy {
            label_smoothing: 0.0,
            class_weights: Some(class_weights.into()),
        }
    }
}

impl Default for Loss {
    fn default() -> Self {
        Self::softmax_cross_entropy()
    }
}

#[derive(Clone, Copy)]
pub(super) struct SoftmaxCrossEntropy<'a> {
    pub(super) label_smoothing: &'a f64,
    pub(super) class_weights: &'a Option<Vec<f64>>,
}

impl<'a> Definition<'a> for SoftmaxCrossEntropy<'a> {
    fn name(self) -> &'static str {
        "softmax cross-entropy"
    }

    fn prediction(self) -> PredictionKind {
        PredictionKind::Class
    }

    fn target_range(self) -> Option<[f64; 2]> {
        None
    }

    fn validate(self, n_outputs: usize) -> Result<(), Error> {
        if n_outputs < 2 {
            let needed = "at least 2, one a class,".to_owned();
            return Err(Error::OutputsForLoss {
                loss: self.name(),
                needed,
                n_outputs,
            });
        }
        require(
            (0.0..1.0).contains(self.label_smoothing),
            "label smoothing",
            *self.label_smoothing,
            "at least 0 and below 1",
        )?;
        let Some(weights) = self.class_weights else {
            return Ok(());
        };
        if weights.len() != n_outputs {
            return Err(Error::Length {
                what: "the list of class weights",
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

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        Ok(())
    }

    fn outputs_per_target(self) -> usize {
        1
    }

    fn class_weights(self) -> Option<&'a [f64]> {
        self.class_weights.as_deref()
    }

    fn without_class_weights(self) -> Option<Loss> {
        Some(Loss::SoftmaxCrossEntropy {
            label_smoothing: *self.label_smoothing,
            class_weights: None,
        })
    }

    fn check_targets<T: Scalar>(self, batch: &Open<'_, T>, n_outputs: usize) -> Result<(), Error> {
        match batch.targets {
            OpenTargets::Labels(labels) => check_labels(labels, n_outputs),
            OpenTargets::Values(_) => Err(Error::TargetKind {
                loss: self.name(),
                expected: "labels",
                found: "values",
            }),
        }
    }

    fn gradient_in_place<T: Scalar>(
        self,
        logits: &mut [T],
        chunk: &Open<'_, T>,
        divisor: f64,
        losses: &mut [f64],
    ) {
        let OpenTargets::Labels(labels) = chunk.targets else {
            // Batches are checked when opened: there are labels.
            return losses.fill(f64::NAN);
        };
        let n_panels = chunk.n_samples().div_ceil(T::PANEL);
        let class_weights = self.class_weights.as_deref();
        let weights = if class_weights.is_none() && chunk.weights.is_none() {
            Weights::Equal(1.0)
        } else {
            Weights::Of(|sample| sample_weight(class_weights, chunk, sample))
        };
        Arch::new().dispatch(Gradient {
            n_classes: logits.len() / (n_panels * T::PANEL),
            logits,
            chunk,
            labels,
            smoothing: *self.label_smoothing,
            weights,
            divisor,
            sums: losses,
        });
    }

    /// H = diag(p) - p·pᵀ, so that H·v = p∘v - p·(p·v). Computed without allocating, from z twice.
    fn hessian_times<T: Scalar>(
        self,
        v: &mut [T],
        logits: &[T],
        weight: T,
        _: &Open<'_, T>,
        _: usize,
    ) {
        let largest = logits.iter().fold(
            logits[0],
            |largest, &z| if z > largest { z } else { largest },
        );
        let (mut normalizer, mut dot) = (T::zero(), T::zero());
        for (&z, &v) in logits.iter().zip(v.iter()) {
            let e = (z - largest).exp_of_negative();
            normalizer += e;
            dot += e * v;
        }
        let mean = dot / normalizer;
        for (&z, v) in logits.iter().zip(v.iter_mut()) {
            let p = (z - largest).exp_of_negative() / normalizer;
            *v = weight * p * (*v - mean);
        }
    }

    fn link<T: Scalar>(self, logits: &mut [T], n_outputs: usize) {
        logits.chunks_exact_mut(n_outputs).for_each(softmax);
    }
}

/// Softmax cross-entropy of the sample weights times class weights that `weights` gives.
struct Gradient<'a, T, W> {
    logits: &'a mut [T],
    n_classes: usize,
    chunk: &'a Open<'a, T>,
    labels: &'a [u32],
    smoothing: f64,
    weights: Weights<W>,
    divisor: f64,
    /// One a panel.
    sums: &'a mut [f64],
}

impl<T: Scalar, W: Fn(usize) -> f64> WithSimd for Gradient<'_, T, W> {
    type Output = ();

    /// Lane by lane: z - max z, e^that, their sum, its logarithm; then `(softmax(z) - q)·w / total`.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        #[allow(clippy::cast_precision_loss)] // classes are few
        let on_all = T::of(self.smoothing / self.n_classes as f64);
        let on_label = T::of(1.0 - self.smoothing) + on_all;
        let panels = self.logits.chunks_exact_mut(self.n_classes * T::PANEL);
        for (index, (panel, sum)) in panels.zip(self.sums).enumerate() {
            let (samples, weights, scales) =
                lanes_of(self.chunk, index, self.divisor, &self.weights);
            let mut labels = [u32::MAX; LANES];
            labels[..samples.len()].copy_from_slice(&self.labels[samples.clone()]);
            let mut largest = [T::zero(); LANES];
            largest[..T::PANEL].copy_from_slice(&panel[..T::PANEL]);
            for line in panel.chunks_exact(T::PANEL) {
                for (largest, &z) in largest.iter_mut().zip(line) {
                    *largest = if z > *largest { z } else { *largest };
                }
            }
            // Σ qⱼ·(zⱼ - max z), the part of ℓ that is linear in the logits.
            let mut linear = [T::zero(); LANES];
            let mut normalizer = [T::zero(); LANES];
            for (class, line) in (0_u32..).zip(panel.chunks_exact_mut(T::PANEL)) {
                for lane in 0..T::PANEL {
                    let z = line[lane] - largest[lane];
                    // Every class is compared with every label, so that no lane goes its own way.
                    let q = if labels[lane] == class {
                        on_label
                    } else {
                        on_all
                    };
                    linear[lane] += q * z;
                    line[lane] = z.exp_of_negative();
                    normalizer[lane] += line[lane];
                }
            }
            let mut losses = [T::zero(); LANES];
            let mut inverses = [T::zero(); LANES];
            for lane in 0..T::PANEL {
                losses[lane] = normalizer[lane].fast_ln() - linear[lane];
                inverses[lane] = scales[lane] / normalizer[lane];
            }
            for (class, line) in (0_u32..).zip(panel.chunks_exact_mut(T::PANEL)) {
                for lane in 0..T::PANEL {
                    let q = if labels[lane] == class {
                        on_label
                    } else {
                        on_all
                    };
                    let delta = line[lane] * inverses[lane] - scales[lane] * q;
                    line[lane] = flush(delta, T::SMALLEST_DELTA);
                }
                line[samples.len()..].fill(T::zero());
            }
            *sum = weighted_sum(&weights, &losses);
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
