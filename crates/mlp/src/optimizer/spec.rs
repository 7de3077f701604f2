//! The description of an optimizer.

use serde::{Deserialize, Serialize};

use super::Optimizer;
use crate::buffer::Buffer;
use crate::error::require;
use crate::{Error, Scalar};

/// The rule by which a gradient g changes the parameters θ, with learning rate η. The moments start at 0.
///
/// | rule | update | source |
/// |---|---|---|
/// | SGD | θ ← θ - η·g | Robbins & Monro 1951 |
/// | momentum μ | v ← μ·v + g; θ ← θ - η·v | Polyak 1964 |
/// | Nesterov μ | v ← μ·v + g; θ ← θ - η·(g + μ·v) | Nesterov 1983; Sutskever et al. 2013 |
/// | RMSprop α, ε | v ← α·v + (1-α)·g²; θ ← θ - η·g / (√v + ε) | Tieleman & Hinton 2012 |
/// | Adam β₁, β₂, ε | m ← β₁·m + (1-β₁)·g; v ← β₂·v + (1-β₂)·g²; θ ← θ - η·m̂ / (√v̂ + ε), m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ) | Kingma & Ba 2015 |
///
/// These are PyTorch's definitions: ε stands outside the root and after the bias correction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum UpdateRule {
    /// Plain gradient descent.
    Sgd,
    /// Heavy-ball momentum.
    Momentum {
        /// μ, in [0, 1).
        momentum: f64,
    },
    /// Nesterov's accelerated gradient.
    Nesterov {
        /// μ, in [0, 1).
        momentum: f64,
    },
    /// Division by the root of the mean squared gradient.
    RmsProp {
        /// α, in [0, 1).
        decay: f64,
        /// ε, above 0.
        epsilon: f64,
    },
    /// Momentum and division by the root of the mean squared gradient, both corrected for their start at 0.
    Adam {
        /// β₁, in [0, 1).
        beta1: f64,
        /// β₂, in [0, 1).
        beta2: f64,
        /// ε, above 0.
        epsilon: f64,
    },
}

impl UpdateRule {
    /// Checks each number as what it is: a fraction below 1, or positive.
    fn check(
        self,
        fraction: impl Fn(&'static str, f64) -> Result<(), Error>,
        positive: impl Fn(&'static str, f64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            Self::Sgd => Ok(()),
            Self::Momentum { momentum } | Self::Nesterov { momentum } => {
                fraction("momentum", momentum)
            }
            Self::RmsProp { decay, epsilon } => {
                fraction("RMSprop's decay", decay)?;
                positive("RMSprop's epsilon", epsilon)
            }
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                fraction("Adam's beta1", beta1)?;
                fraction("Adam's beta2", beta2)?;
                positive("Adam's epsilon", epsilon)
            }
        }
    }
}

/// The description of an optimizer: a rule, decoupled weight decay, clipping. Checked by [`OptimizerSpec::build`].
///
/// Weight decay λ is decoupled from the loss (Loshchilov & Hutter 2019): before the rule, θ ← θ - η·λ·θ, for weights and
/// biases alike; it does not depend on the batch size. Clipping: if the gradient's Euclidean norm over all parameters
/// exceeds the given norm, it is scaled down to it (Pascanu et al. 2013).
///
/// ```
/// use smallbatch_mlp::OptimizerSpec;
///
/// let spec = OptimizerSpec::adamw(0.01).clip_norm(1.0);
/// let mut optimizer = spec.build::<f64>(2)?;
/// let mut parameters = [1.0, -1.0];
/// optimizer.update(&mut parameters, &[0.3, 0.0], 0.1)?;
/// assert!((parameters[0] - (1.0 - 0.1 * 0.01 - 0.1)).abs() < 1e-8);
/// assert_eq!(optimizer.step(), 1);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerSpec {
    rule: UpdateRule,
    #[serde(default)]
    weight_decay: f64,
    #[serde(default)]
    clip_norm: Option<f64>,
}

impl OptimizerSpec {
    /// An optimizer with this rule, without decay or clipping.
    pub fn new(rule: UpdateRule) -> Self {
        Self {
            rule,
            weight_decay: 0.0,
            clip_norm: None,
        }
    }

    /// Plain stochastic gradient descent.
    pub fn sgd() -> Self {
        Self::new(UpdateRule::Sgd)
    }

    /// Heavy-ball momentum; 0.9 is usual.
    pub fn momentum(momentum: f64) -> Self {
        Self::new(UpdateRule::Momentum { momentum })
    }

    /// Nesterov's momentum; 0.9 is usual.
    pub fn nesterov(momentum: f64) -> Self {
        Self::new(UpdateRule::Nesterov { momentum })
    }

    /// RMSprop with decay 0.99 and epsilon 1e-8.
    pub fn rmsprop() -> Self {
        Self::new(UpdateRule::RmsProp {
            decay: 0.99,
            epsilon: 1e-8,
        })
    }

    /// Adam with betas 0.9 and 0.999 and epsilon 1e-8.
    pub fn adam() -> Self {
        Self::new(UpdateRule::Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        })
    }

    /// Adam with this decoupled weight decay.
    pub fn adamw(weight_decay: f64) -> Self {
        Self::adam().weight_decay(weight_decay)
    }

    /// Decoupled weight decay λ, at least 0.
    #[must_use]
    pub fn weight_decay(mut self, decay: f64) -> Self {
        self.weight_decay = decay;
        self
    }

    /// Scales gradients of a larger norm down to this one; above 0.
    #[must_use]
    pub fn clip_norm(mut self, norm: f64) -> Self {
        self.clip_norm = Some(norm);
        self
    }

    /// The update rule.
    pub fn rule(&self) -> UpdateRule {
        self.rule
    }

    /// The coefficient λ of the decoupled weight decay; 0 without.
    pub fn weight_decay_coefficient(&self) -> f64 {
        self.weight_decay
    }

    /// The norm that gradients are scaled down to; none where they are taken as they are.
    pub fn largest_norm(&self) -> Option<f64> {
        self.clip_norm
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// A number outside its range.
    pub fn validate(&self) -> Result<(), Error> {
        let fraction = |name, value: f64| {
            require(
                (0.0..1.0).contains(&value),
                name,
                value,
                "at least 0 and below 1",
            )
        };
        let positive = |name, value: f64| {
            require(
                value > 0.0 && value.is_finite(),
                name,
                value,
                "finite and above 0",
            )
        };
        self.rule.check(fraction, positive)?;
        let decay = self.weight_decay;
        require(
            decay >= 0.0 && decay.is_finite(),
            "weight decay",
            decay,
            "finite and at least 0",
        )?;
        self.clip_norm
            .map_or(Ok(()), |norm| positive("the norm to clip at", norm))
    }

    /// The optimizer for this many parameters, at step 0.
    ///
    /// # Errors
    /// As [`OptimizerSpec::validate`], and for numbers that are within their range in `f64` but not in the network's type:
    /// 0.99999999 is 1 there, 1e-46 is 0.
    pub fn build<T: Scalar>(&self, n_parameters: usize) -> Result<Optimizer<T>, Error> {
        self.validate()?;
        let fraction = |name, value: f64| {
            let expected = "below 1 in the network's number type, too";
            require(T::of(value) < T::one(), name, value, expected)
        };
        let positive = |name, value: f64| {
            let expected = "above 0 in the network's number type, too";
            require(T::of(value) > T::zero(), name, value, expected)
        };
        self.rule.check(fraction, positive)?;
        let moments = |needed: bool| Buffer::new(if needed { n_parameters } else { 0 });
        let first = !matches!(self.rule, UpdateRule::Sgd | UpdateRule::RmsProp { .. });
        let second = matches!(
            self.rule,
            UpdateRule::RmsProp { .. } | UpdateRule::Adam { .. }
        );
        Ok(Optimizer {
            spec: *self,
            n_parameters,
            step: 0,
            first: moments(first),
            second: moments(second),
        })
    }
}
