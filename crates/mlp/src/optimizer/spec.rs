//! The description of an optimizer.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Optimizer, UpdateRule};
use crate::buffer::Buffer;
use crate::error::require;
use crate::{Error, Scalar};

/// The description of an optimizer: a rule, decoupled weight decay, clipping. Checked by [`OptimizerSpec::build`].
///
/// Weight decay λ is decoupled from the loss (Loshchilov & Hutter 2019): before the rule, θ ← θ - η·λ·θ, for weights and
/// biases alike; it does not depend on the batch size. Clipping: if the gradient's Euclidean norm over all parameters
/// exceeds the given norm, it is scaled down to it (Pascanu et al. 2013).
///
/// `weight_decay` and `clip_norm` are methods that set and fields to read.
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
#[non_exhaustive]
pub struct OptimizerSpec {
    /// The update rule.
    pub rule: UpdateRule,
    /// The coefficient λ of the decoupled weight decay; 0 without.
    #[serde(default)]
    pub weight_decay: f64,
    /// The norm that gradients are scaled down to; none where they are taken as they are.
    #[serde(default)]
    pub clip_norm: Option<f64>,
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
        self.rule.check(&fraction, &positive)?;
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
        self.rule.check(&fraction, &positive)?;
        let [first, second] = self
            .rule
            .moments()
            .map(|kept| Buffer::new(if kept { n_parameters } else { 0 }));
        Ok(Optimizer {
            spec: *self,
            n_parameters,
            step: 0,
            first,
            second,
        })
    }
}

/// In a few words: "Adam, weight decay 0.01, gradients clipped at 1".
impl fmt::Display for OptimizerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rule)?;
        if self.weight_decay != 0.0 {
            write!(f, ", weight decay {}", self.weight_decay)?;
        }
        if let Some(norm) = self.clip_norm {
            write!(f, ", gradients clipped at {norm}")?;
        }
        Ok(())
    }
}
