//! Losses from logits: what they are, and what they take.

mod binary_cross_entropy;
mod huber;
mod mean_absolute_error;
mod mean_squared_error;
mod panel;
mod per_output;
mod pinball;
mod poisson;
mod softmax_cross_entropy;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::batch::{Open, OpenTargets};
use crate::{Error, Scalar};

/// What the file of a loss says of it. Losses that are a mean over the outputs say it as [`per_output::PerOutput`].
trait Definition<'a>: Copy {
    /// The loss's name in words.
    fn name(self) -> &'static str;

    /// What the outputs predict.
    fn prediction(self) -> PredictionKind;

    /// The least and the greatest number that may be a target; `None` where any finite one may be, and where targets
    /// are labels alone.
    fn target_range(self) -> Option<[f64; 2]>;

    /// Refuses numbers outside their range, and numbers of outputs that the loss cannot have.
    fn validate(self, n_outputs: usize) -> Result<(), Error>;

    /// Refuses numbers that are within their range, but not in the network's type.
    fn validate_in<T: Scalar>(self) -> Result<(), Error>;

    /// How many outputs there are for each row of the targets.
    fn outputs_per_target(self) -> usize;

    /// One weight a class, if there are any.
    fn class_weights(self) -> Option<&'a [f64]>;

    /// The loss without class weights; `None` where it has none.
    fn without_class_weights(self) -> Option<Loss>;

    /// Refuses targets that the loss does not take.
    fn check_targets<T: Scalar>(self, batch: &Open<'_, T>, n_outputs: usize) -> Result<(), Error>;

    /// See [`Loss::gradient_in_place`]; of the gradient of `Σ wᵢ·ℓᵢ / divisor`.
    fn gradient_in_place<T: Scalar>(
        self,
        logits: &mut [T],
        chunk: &Open<'_, T>,
        divisor: f64,
        losses: &mut [f64],
    );

    /// See [`Loss::hessian_times`]; of one sample, whose `wᵢ / total` is `weight`.
    fn hessian_times<T: Scalar>(
        self,
        v: &mut [T],
        logits: &[T],
        weight: T,
        chunk: &Open<'_, T>,
        sample: usize,
    );

    /// See [`Loss::link`].
    fn link<T: Scalar>(self, logits: &mut [T], n_outputs: usize);
}

/// What the outputs of a network with a loss predict.
///
/// ```
/// use smallbatch_mlp::{Loss, PredictionKind};
///
/// assert_eq!(Loss::softmax_cross_entropy().prediction(), PredictionKind::Class);
/// assert_eq!(Loss::Huber { delta: 1.0 }.prediction(), PredictionKind::Numbers);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PredictionKind {
    /// One of as many classes as there are outputs.
    Class,
    /// Yes or no, one answer an output: yes where the logit is above 0.
    Answers,
    /// Numbers, the logits themselves.
    Numbers,
    /// Rates, e^logit.
    Rates,
    /// Quantiles, several outputs a target.
    Quantiles,
}

/// Makes the list below into the public enum and into `with_definition!`.
macro_rules! losses {
    (
        $(#[$attribute:meta])*
        pub enum Loss {
            $(
                $(#[$variant_attribute:meta])*
                $module:ident::$variant:ident $({
                    $($(#[$field_attribute:meta])* $field:ident: $type:ty,)*
                })?,
            )*
        }
    ) => {
        $(#[$attribute])*
        pub enum Loss {
            $(
                $(#[$variant_attribute])*
                $variant $({ $($(#[$field_attribute])* $field: $type,)* })?,
            )*
        }

        /// Evaluates `$value` with `$name` bound to what the loss's file defines.
        macro_rules! with_definition {
            ($loss:expr, |$name:ident| $value:expr) => {
                match $loss {
                    $(Loss::$variant $({ $($field),* })? => {
                        let $name = $module::$variant $({ $($field),* })?;
                        $value
                    })*
                }
            };
        }
    };
}

losses! {
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
        softmax_cross_entropy::SoftmaxCrossEntropy {
            /// ε: how much of the target is spread evenly over all classes (Szegedy et al. 2016); in [0, 1).
            label_smoothing: f64,
            /// One weight a class, finite and not negative; `None` weighs all the same.
            class_weights: Option<Vec<f64>>,
        },
        /// For k independent yes-or-no questions.
        binary_cross_entropy::BinaryCrossEntropy,
        /// For numbers whose errors are like normal noise.
        mean_squared_error::MeanSquaredError,
        /// For numbers with outliers: predicts medians.
        mean_absolute_error::MeanAbsoluteError,
        /// Squared near 0, absolute far away (Huber 1964).
        huber::Huber {
            /// δ, above 0: where it goes from squared to absolute.
            delta: f64,
        },
        /// Predicts quantiles (Koenker & Bassett 1978).
        pinball::Pinball {
            /// The quantiles τ, each strictly between 0 and 1.
            quantiles: Vec<f64>,
        },
        /// For counts; the outputs are the logarithms of the rates.
        poisson::Poisson,
    }
}

/// Its name in words.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a backward pass begins with: the gradient of the mean loss, `Σ wᵢ·ℓᵢ / total`, with respect to the logits, times a factor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeltaScale {
    /// What the whole batch's weights add up to.
    pub(crate) total: f64,
    /// 1, or minus the learning rate: then what a plain descent adds to the parameters comes out of the products themselves.
    pub(crate) factor: f64,
}

impl DeltaScale {
    /// The mean loss itself.
    pub(crate) fn mean(total: f64) -> Self {
        Self { total, factor: 1.0 }
    }
}

impl Loss {
    /// The loss's name in words.
    pub fn name(&self) -> &'static str {
        with_definition!(self, |loss| loss.name())
    }

    /// What the outputs predict.
    pub fn prediction(&self) -> PredictionKind {
        with_definition!(self, |loss| loss.prediction())
    }

    /// The least and the greatest number that may be a target; `None` where any finite one may be, and where targets
    /// are labels alone.
    pub fn target_range(&self) -> Option<[f64; 2]> {
        with_definition!(self, |loss| loss.target_range())
    }

    /// How many outputs there are for each row of the targets: 1 but for several quantiles.
    pub fn outputs_per_target(&self) -> usize {
        with_definition!(self, |loss| loss.outputs_per_target())
    }

    /// What the classes weigh, if the loss weighs them: one weight a class.
    pub fn class_weights(&self) -> Option<&[f64]> {
        with_definition!(self, |loss| loss.class_weights())
    }

    pub(crate) fn validate(&self, n_outputs: usize) -> Result<(), Error> {
        with_definition!(self, |loss| loss.validate(n_outputs))
    }

    /// Refuses numbers that are within their range, but not in the network's type.
    pub(crate) fn validate_in<T: Scalar>(&self) -> Result<(), Error> {
        with_definition!(self, |loss| loss.validate_in::<T>())
    }

    /// Checks the targets and returns what the batch's sum of losses is divided by, above 0: `Σ wᵢ`, or `n·w̄` where the mean weight w̄ of
    /// the whole training set is given.
    pub(crate) fn total_weight<T: Scalar>(
        &self,
        batch: &Open<'_, T>,
        n_outputs: usize,
    ) -> Result<f64, Error> {
        with_definition!(self, |loss| loss.check_targets(batch, n_outputs))?;
        #[allow(clippy::cast_precision_loss)] // far below 2^53 samples
        let n_samples = batch.n_samples() as f64;
        let total: f64 = if batch.weights.is_none() && self.class_weights().is_none() {
            n_samples
        } else {
            (0..batch.n_samples())
                .map(|sample| self.sample_weight(batch, sample))
                .sum()
        };
        if total <= 0.0 {
            return Err(Error::ZeroTotalWeight);
        }
        let divisor = batch.mean_weight.map_or(total, |mean| n_samples * mean);
        if total.is_infinite() || divisor.is_infinite() {
            return Err(Error::InfiniteTotalWeight);
        }
        Ok(divisor)
    }

    /// The loss of a sample for itself: class weights are weights of the mean.
    pub(crate) fn without_class_weights(&self) -> Self {
        with_definition!(self, |loss| loss.without_class_weights()).unwrap_or_else(|| self.clone())
    }

    /// The sample's weight times its class's.
    pub(crate) fn sample_weight<T: Scalar>(&self, batch: &Open<'_, T>, sample: usize) -> f64 {
        sample_weight(self.class_weights(), batch, sample)
    }

    /// Turns the logits of a chunk, in panels of a line an output, into its losses' gradient with respect to them, scaled, and
    /// zero beyond the last sample; and writes each panel's weighted sum of losses, `Σ wᵢ·ℓᵢ`, to `losses`.
    pub(crate) fn gradient_in_place<T: Scalar>(
        &self,
        logits: &mut [T],
        chunk: &Open<'_, T>,
        scale: DeltaScale,
        losses: &mut [f64],
    ) {
        let divisor = scale.total / scale.factor;
        with_definition!(self, |loss| {
            loss.gradient_in_place(logits, chunk, divisor, losses);
        });
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
        let n_outputs = logits.len() / chunk.n_samples();
        let columns = v
            .chunks_exact_mut(n_outputs)
            .zip(logits.chunks_exact(n_outputs));
        for (sample, (v, z)) in columns.enumerate() {
            let weight = T::of(self.sample_weight(chunk, sample) / total);
            with_definition!(self, |loss| loss.hessian_times(v, z, weight, chunk, sample));
        }
    }

    /// Turns logits, shape `(n_outputs, n_samples)`, into what they predict: probabilities, rates, or themselves.
    pub(crate) fn link<T: Scalar>(&self, logits: &mut [T], n_outputs: usize) {
        with_definition!(self, |loss| loss.link(logits, n_outputs));
    }
}

/// The sample's weight times its class's.
fn sample_weight<T: Scalar>(
    class_weights: Option<&[f64]>,
    batch: &Open<'_, T>,
    sample: usize,
) -> f64 {
    let class_weight = match (class_weights, batch.targets) {
        (Some(weights), OpenTargets::Labels(labels)) => weights[labels[sample] as usize],
        // Only losses of labels weigh classes.
        (Some(_), OpenTargets::Values(_)) | (None, _) => 1.0,
    };
    batch.weight(sample).to_f64() * class_weight
}

fn check_labels(labels: &[u32], n_classes: usize) -> Result<(), Error> {
    // One pass without an early exit, so that it is vectorized: this runs on every batch.
    let largest = labels.iter().fold(0, |largest, &label| largest.max(label));
    if (largest as usize) < n_classes {
        return Ok(());
    }
    match labels.iter().position(|&label| label as usize >= n_classes) {
        None => Ok(()),
        Some(sample) => Err(Error::LabelOutOfRange {
            sample,
            label: labels[sample],
            n_classes,
        }),
    }
}
