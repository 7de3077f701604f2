//! Losses that are a mean over the outputs.

use pulp::{Arch, Simd, WithSimd};

use super::panel::{LANES, Weights, lanes_of, weighted_sum};
use super::{Definition, Loss, PredictionKind, check_labels};
use crate::batch::{Open, OpenTargets};
use crate::negligible::flush;
use crate::{Error, Scalar};

/// What the file of such a loss says of it: ℓ = (1/k) Σⱼ f(zⱼ, yⱼ) over its k outputs.
pub(super) trait PerOutput: Copy {
    /// The loss's name in words.
    fn name(self) -> &'static str;

    /// What the outputs predict.
    fn prediction(self) -> PredictionKind;

    /// The least and the greatest number that may be a target, and both in words.
    fn targets(self) -> ([f64; 2], &'static str);

    /// Whether the labels 0 and 1 may be the targets of a single output.
    fn takes_labels(self) -> bool;

    /// Refuses numbers outside their range, and numbers of outputs that the loss cannot have.
    fn validate(self, n_outputs: usize) -> Result<(), Error>;

    /// Refuses numbers that are within their range, but not in the network's type.
    fn validate_in<T: Scalar>(self) -> Result<(), Error>;

    /// How many outputs there are for each row of the targets.
    fn outputs_per_target(self) -> usize;

    /// f(z, y) and its derivative with respect to z, from z, y and the number of the output within its target. NaN must pass.
    fn loss_and_slope<T: Scalar>(self) -> impl Fn(T, T, usize) -> (T, T);

    /// The second derivative of f with respect to z; 0 at kinks.
    fn curvature<T: Scalar>(self, z: T, y: T) -> T;

    /// What a logit predicts.
    fn link<T: Scalar>(self, z: T) -> T;
}

impl<'a, L: PerOutput> Definition<'a> for L {
    fn name(self) -> &'static str {
        PerOutput::name(self)
    }

    fn prediction(self) -> PredictionKind {
        PerOutput::prediction(self)
    }

    fn target_range(self) -> Option<[f64; 2]> {
        let (range, _) = self.targets();
        (range != FINITE.0).then_some(range)
    }

    fn validate(self, n_outputs: usize) -> Result<(), Error> {
        PerOutput::validate(self, n_outputs)
    }

    fn validate_in<T: Scalar>(self) -> Result<(), Error> {
        PerOutput::validate_in::<T>(self)
    }

    fn outputs_per_target(self) -> usize {
        PerOutput::outputs_per_target(self)
    }

    fn class_weights(self) -> Option<&'a [f64]> {
        None
    }

    fn without_class_weights(self) -> Option<Loss> {
        None
    }

    fn check_targets<T: Scalar>(self, batch: &Open<'_, T>, n_outputs: usize) -> Result<(), Error> {
        let values = match batch.targets {
            OpenTargets::Labels(labels) if self.takes_labels() && n_outputs == 1 => {
                return check_labels(labels, 2);
            }
            OpenTargets::Labels(_) => {
                return Err(Error::TargetKind {
                    loss: PerOutput::name(self),
                    expected: if self.takes_labels() {
                        "values in [0, 1] where there is more than one output"
                    } else {
                        "values"
                    },
                    found: "labels",
                });
            }
            OpenTargets::Values(values) => values,
        };
        let n_targets = n_outputs / PerOutput::outputs_per_target(self);
        if values.n_rows != n_targets {
            return Err(Error::Shape {
                what: "the target matrix",
                expected_rows: n_targets,
                expected_columns: batch.n_samples(),
                found_rows: values.n_rows,
                found_columns: batch.n_samples(),
            });
        }
        check_values(self, values.values, values.n_rows)
    }

    fn gradient_in_place<T: Scalar>(
        self,
        logits: &mut [T],
        chunk: &Open<'_, T>,
        divisor: f64,
        losses: &mut [f64],
    ) {
        let n_panels = chunk.n_samples().div_ceil(T::PANEL);
        let whole = Whole {
            n_outputs: logits.len() / (n_panels * T::PANEL),
            chunk,
            divisor,
        };
        Arch::new().dispatch(Gradient {
            logits,
            sums: losses,
            whole,
            outputs_per_target: PerOutput::outputs_per_target(self),
            loss_and_slope: self.loss_and_slope(),
        });
    }

    fn hessian_times<T: Scalar>(
        self,
        v: &mut [T],
        logits: &[T],
        weight: T,
        chunk: &Open<'_, T>,
        sample: usize,
    ) {
        #[allow(clippy::cast_precision_loss)] // outputs are few
        let scale = weight / T::of(logits.len() as f64);
        let per_target = PerOutput::outputs_per_target(self);
        for (j, (v, &z)) in v.iter_mut().zip(logits).enumerate() {
            *v *= scale * self.curvature(z, target(chunk, sample, j / per_target));
        }
    }

    fn link<T: Scalar>(self, logits: &mut [T], _: usize) {
        for z in logits {
            *z = PerOutput::link(self, *z);
        }
    }
}

fn check_values<T: Scalar>(loss: impl PerOutput, values: &[T], n_rows: usize) -> Result<(), Error> {
    let ([low, high], range) = loss.targets();
    let (low, high) = (T::of(low), T::of(high));
    // One pass without an early exit, so that it is vectorized: this runs on every batch.
    let good = |value: T| value >= low && value <= high && value.is_finite();
    if values.iter().fold(true, |all, &value| all & good(value)) {
        return Ok(());
    }
    let place = values.iter().position(|&value| !good(value)).unwrap_or(0);
    Err(Error::TargetOutOfRange {
        loss: loss.name(),
        sample: place / n_rows,
        output: place % n_rows,
        value: values[place].to_f64(),
        range,
    })
}

/// Any finite number, as a range of targets.
pub(super) const FINITE: ([f64; 2], &str) = ([f64::MIN, f64::MAX], "finite values");

#[inline(always)]
pub(super) fn sign<T: Scalar>(r: T) -> T {
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

/// What the logits belong to.
#[derive(Clone, Copy)]
struct Whole<'a, T> {
    n_outputs: usize,
    chunk: &'a Open<'a, T>,
    divisor: f64,
}

struct Gradient<'a, T, F> {
    logits: &'a mut [T],
    /// One a panel.
    sums: &'a mut [f64],
    whole: Whole<'a, T>,
    outputs_per_target: usize,
    loss_and_slope: F,
}

impl<T: Scalar, F: Fn(T, T, usize) -> (T, T)> WithSimd for Gradient<'_, T, F> {
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
        let weights = match chunk.weights {
            None => Weights::Equal(1.0 / n_outputs),
            Some(weights) => Weights::Of(|sample: usize| weights[sample].to_f64() / n_outputs),
        };
        for (index, (panel, sum)) in panels.zip(self.sums).enumerate() {
            let (samples, weights, scales) = lanes_of(chunk, index, divisor, &weights);
            let mut losses = [T::zero(); LANES];
            for (j, line) in panel.chunks_exact_mut(T::PANEL).enumerate() {
                let mut targets = [T::zero(); LANES];
                match chunk.targets {
                    OpenTargets::Values(values) if values.n_rows == 1 => {
                        targets[..samples.len()].copy_from_slice(&values.values[samples.clone()]);
                    }
                    _ => {
                        for (y, sample) in targets.iter_mut().zip(samples.clone()) {
                            *y = target(chunk, sample, j / per_target);
                        }
                    }
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
            *sum = weighted_sum(&weights, &losses);
        }
    }
}
