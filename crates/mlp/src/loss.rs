//! Losses from logits: what they are, and what they take.

mod pass;

use serde::{Deserialize, Serialize};

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
/// All stay finite at logits of ±1000, loss and gradient, but for Poisson's, whose rate e^z is infinite in f32 above
/// z = 88.7 and in f64 above 709.7: it needs inputs that are normalized and a rate that is not too large.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, Loss, MlpSpec, Targets};
///
/// // A network whose two outputs are 1 and 4 whatever it is given: weights 0, biases 1 and 4. The targets are 2 and 2.
/// let (x, y) = (dmatrix![0.0_f64], dmatrix![2.0; 2.0]);
/// let loss_of = |loss: Loss| {
///     let mut network = MlpSpec::new([1, 2]).loss(loss).build::<f64>(0)?;
///     network.parameters_mut().as_mut_slice().copy_from_slice(&[0.0, 0.0, 1.0, 4.0]);
///     network.loss(&Batch::new(x.as_view(), Targets::Values(y.as_view())), &mut network.workspace(1))
/// };
/// assert_eq!(loss_of(Loss::MeanSquaredError)?, (1.0 + 4.0) / 2.0);
/// assert_eq!(loss_of(Loss::MeanAbsoluteError)?, (1.0 + 2.0) / 2.0);
/// assert_eq!(loss_of(Loss::Huber { delta: 1.0 })?, (0.5 + 1.5) / 2.0);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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

    /// Refuses numbers that are within their range, but not in the network's type.
    pub(crate) fn validate_in<T: Scalar>(&self) -> Result<(), Error> {
        let (zero, one) = (T::zero(), T::one());
        match self {
            Self::Huber { delta } => require(
                T::of(*delta) > zero && T::of(*delta).is_finite(),
                "Huber's delta",
                *delta,
                "finite and above 0 in the network's number type, too",
            ),
            Self::Pinball { quantiles } => quantiles.iter().try_for_each(|&quantile| {
                require(
                    T::of(quantile) > zero && T::of(quantile) < one,
                    "a quantile",
                    quantile,
                    "strictly between 0 and 1 in the network's number type, too",
                )
            }),
            _ => Ok(()),
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
        if total.is_infinite() {
            return Err(Error::InfiniteTotalWeight);
        }
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

    /// The loss of a sample for itself: class weights are weights of the mean.
    pub(crate) fn without_class_weights(&self) -> Self {
        match self {
            &Self::SoftmaxCrossEntropy {
                label_smoothing, ..
            } => Self::SoftmaxCrossEntropy {
                label_smoothing,
                class_weights: None,
            },
            other => other.clone(),
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
