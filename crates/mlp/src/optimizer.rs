//! Optimizers: each one flat loop over the parameter vector.

use serde::{Deserialize, Serialize};

use crate::error::require;
use crate::vectorized::vectorized;
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
/// optimizer.update(&mut parameters, &mut [0.3, 0.0], 0.1)?;
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
        match self.rule {
            UpdateRule::Sgd => {}
            UpdateRule::Momentum { momentum } | UpdateRule::Nesterov { momentum } => {
                fraction("momentum", momentum)?;
            }
            UpdateRule::RmsProp { decay, epsilon } => {
                fraction("RMSprop's decay", decay)?;
                positive("RMSprop's epsilon", epsilon)?;
            }
            UpdateRule::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                fraction("Adam's beta1", beta1)?;
                fraction("Adam's beta2", beta2)?;
                positive("Adam's epsilon", epsilon)?;
            }
        }
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
        match self.rule {
            UpdateRule::Sgd => {}
            UpdateRule::Momentum { momentum } | UpdateRule::Nesterov { momentum } => {
                fraction("momentum", momentum)?;
            }
            UpdateRule::RmsProp { decay, epsilon } => {
                fraction("RMSprop's decay", decay)?;
                positive("epsilon", epsilon)?;
            }
            UpdateRule::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                fraction("Adam's beta1", beta1)?;
                fraction("Adam's beta2", beta2)?;
                positive("epsilon", epsilon)?;
            }
        }
        let moments = |needed: bool| vec![T::zero(); if needed { n_parameters } else { 0 }];
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

/// An optimizer with its state: how many updates were made, and the moments. Serializes whole, so that training goes on
/// where it stopped, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved<T>", bound = "T: Scalar")]
pub struct Optimizer<T> {
    spec: OptimizerSpec,
    n_parameters: usize,
    step: u64,
    /// v of momentum and Nesterov, m of Adam.
    first: Vec<T>,
    /// v of RMSprop and Adam.
    second: Vec<T>,
}

/// What a file may hold, before it is checked.
#[derive(Deserialize)]
#[serde(bound = "T: Scalar")]
struct Saved<T> {
    spec: OptimizerSpec,
    n_parameters: usize,
    step: u64,
    first: Vec<T>,
    second: Vec<T>,
}

impl<T: Scalar> TryFrom<Saved<T>> for Optimizer<T> {
    type Error = Error;

    fn try_from(saved: Saved<T>) -> Result<Self, Error> {
        let empty = saved.spec.build::<T>(0)?;
        let Saved {
            spec,
            n_parameters,
            step,
            first,
            second,
        } = saved;
        let needs = |moment: bool| if moment { n_parameters } else { 0 };
        let has_first = !matches!(
            empty.spec.rule,
            UpdateRule::Sgd | UpdateRule::RmsProp { .. }
        );
        let has_second = matches!(
            empty.spec.rule,
            UpdateRule::RmsProp { .. } | UpdateRule::Adam { .. }
        );
        for (what, expected, found) in [
            (
                "the saved optimizer's first moment",
                needs(has_first),
                first.len(),
            ),
            (
                "the saved optimizer's second moment",
                needs(has_second),
                second.len(),
            ),
        ] {
            if expected != found {
                return Err(Error::Length {
                    what,
                    expected,
                    found,
                });
            }
        }
        Ok(Self {
            spec,
            n_parameters,
            step,
            first,
            second,
        })
    }
}

impl<T: Scalar> Optimizer<T> {
    /// How many updates were made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The description it was built from.
    pub fn spec(&self) -> &OptimizerSpec {
        &self.spec
    }

    /// Changes the parameters by one step. The gradient is clipped in place.
    ///
    /// # Errors
    /// A learning rate that is negative or not finite, slices of another length than the optimizer was built for, a gradient
    /// to be clipped whose norm is not finite.
    pub fn update(
        &mut self,
        parameters: &mut [T],
        gradient: &mut [T],
        learning_rate: f64,
    ) -> Result<(), Error> {
        T::update(self, parameters, gradient, learning_rate)
    }

    pub(crate) fn update_here(
        &mut self,
        parameters: &mut [T],
        gradient: &mut [T],
        learning_rate: f64,
    ) -> Result<(), Error> {
        check_learning_rate::<T>(learning_rate)?;
        for (what, found) in [
            ("the parameter vector", parameters.len()),
            ("the gradient", gradient.len()),
        ] {
            if found != self.n_parameters {
                return Err(Error::Length {
                    what,
                    expected: self.n_parameters,
                    found,
                });
            }
        }
        self.clip(gradient)?;
        let (rule, first, second) = self.next_step(learning_rate);
        rule.apply(parameters, gradient, first, second);
        Ok(())
    }

    /// Scales a gradient down whose norm exceeds the one to clip at.
    pub(crate) fn clip(&self, gradient: &mut [T]) -> Result<(), Error> {
        self.spec
            .clip_norm
            .map_or(Ok(()), |limit| clip(gradient, limit))
    }

    /// Counts a step, and says what it does to each parameter; with the moments, empty where the rule has none.
    pub(crate) fn next_step(&mut self, learning_rate: f64) -> (Rule<T>, &mut [T], &mut [T]) {
        self.step += 1;
        let rate = T::of(learning_rate);
        let keep = T::of(1.0 - learning_rate * self.spec.weight_decay);
        let rule = match self.spec.rule {
            UpdateRule::Sgd => Rule::Sgd([keep, rate]),
            UpdateRule::Momentum { momentum } => Rule::Momentum([T::of(momentum), keep, rate]),
            UpdateRule::Nesterov { momentum } => Rule::Nesterov([T::of(momentum), keep, rate]),
            UpdateRule::RmsProp { decay, epsilon } => {
                let [decay, rest, epsilon] = [decay, 1.0 - decay, epsilon].map(T::of);
                Rule::RmsProp([decay, rest, epsilon, keep, rate])
            }
            UpdateRule::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                let t = i32::try_from(self.step).unwrap_or(i32::MAX);
                let rate = T::of(learning_rate / (1.0 - beta1.powi(t)));
                let correction = T::of(1.0 / (1.0 - beta2.powi(t)).sqrt());
                Rule::Adam(
                    [beta1, 1.0 - beta1, beta2, 1.0 - beta2].map(T::of),
                    [correction, T::of(epsilon), keep, rate],
                )
            }
        };
        (rule, &mut self.first, &mut self.second)
    }

    /// Whether a step is `θ ← θ - η·g` and no more, so that it may be added to the parameters by the product that
    /// computes g.
    pub(crate) fn is_plain_descent(&self) -> bool {
        self.spec == OptimizerSpec::sgd()
    }

    /// Whether a step needs the whole gradient before it changes the first parameter.
    pub(crate) fn clips(&self) -> bool {
        self.spec.clip_norm.is_some()
    }

    pub(crate) fn n_parameters(&self) -> usize {
        self.n_parameters
    }
}

/// What one step does to each parameter: an update rule with its constants.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule<T> {
    /// Of the parameter and of the gradient.
    Sgd([T; 2]),
    /// μ, of the parameter, of the velocity.
    Momentum([T; 3]),
    Nesterov([T; 3]),
    /// α, 1-α, ε, of the parameter, of the quotient.
    RmsProp([T; 5]),
    /// β₁, 1-β₁, β₂, 1-β₂; then the correction of √v, ε, of the parameter, of the quotient.
    Adam([T; 4], [T; 4]),
}

impl<T: Scalar> Rule<T> {
    /// Changes some parameters, given their gradient and moments. Each alone, so that it is the same in any pieces.
    pub(crate) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        first: &mut [T],
        second: &mut [T],
    ) {
        match *self {
            Self::Sgd(constants) => sgd(parameters, gradient, constants),
            Self::Momentum(constants) => momentum(parameters, gradient, first, constants),
            Self::Nesterov(constants) => nesterov(parameters, gradient, first, constants),
            Self::RmsProp(constants) => rmsprop(parameters, gradient, second, constants),
            Self::Adam(moments, step) => adam(parameters, gradient, first, second, moments, step),
        }
    }
}

vectorized! {
    fn sgd(parameters: &'a mut [T], gradient: &'a [T], constants: [T; 2]) -> () = sgd_loop;
}

vectorized! {
    fn momentum(
        parameters: &'a mut [T],
        gradient: &'a [T],
        velocity: &'a mut [T],
        constants: [T; 3],
    ) -> () = momentum_loop;
}

vectorized! {
    fn nesterov(
        parameters: &'a mut [T],
        gradient: &'a [T],
        velocity: &'a mut [T],
        constants: [T; 3],
    ) -> () = nesterov_loop;
}

vectorized! {
    fn rmsprop(
        parameters: &'a mut [T],
        gradient: &'a [T],
        squares: &'a mut [T],
        constants: [T; 5],
    ) -> () = rmsprop_loop;
}

vectorized! {
    fn adam(
        parameters: &'a mut [T],
        gradient: &'a [T],
        first: &'a mut [T],
        second: &'a mut [T],
        moments: [T; 4],
        step: [T; 4],
    ) -> () = adam_loop;
}

#[inline(always)]
fn sgd_loop<T: Scalar>(parameters: &mut [T], gradient: &[T], [keep, rate]: [T; 2]) {
    for (p, &g) in parameters.iter_mut().zip(gradient) {
        *p = *p * keep - rate * g;
    }
}

#[inline(always)]
fn momentum_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    [momentum, keep, rate]: [T; 3],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(velocity) {
        *v = momentum * *v + g;
        *p = *p * keep - rate * *v;
    }
}

#[inline(always)]
fn nesterov_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    [momentum, keep, rate]: [T; 3],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(velocity) {
        *v = momentum * *v + g;
        *p = *p * keep - rate * (g + momentum * *v);
    }
}

#[inline(always)]
fn rmsprop_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    squares: &mut [T],
    [decay, rest, epsilon, keep, rate]: [T; 5],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(squares) {
        *v = decay * *v + rest * g * g;
        *p = *p * keep - rate * g / (v.sqrt() + epsilon);
    }
}

#[inline(always)]
fn adam_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    [beta1, rest1, beta2, rest2]: [T; 4],
    [correction, epsilon, keep, rate]: [T; 4],
) {
    for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(first).zip(second) {
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * g * g;
        *p = *p * keep - rate * *m / (v.sqrt() * correction + epsilon);
    }
}

pub(crate) fn check_learning_rate<T: Scalar>(rate: f64) -> Result<(), Error> {
    let name = "the learning rate";
    require(
        rate >= 0.0 && rate.is_finite(),
        name,
        rate,
        "finite and not negative",
    )?;
    let expected = "finite in the network's number type, too";
    require(T::of(rate).is_finite(), name, rate, expected)
}

/// Scales the gradient down to Euclidean norm `limit` where it exceeds it; the norm is summed in f64, of the gradient divided
/// by its largest number where the squares would overflow.
fn clip<T: Scalar>(gradient: &mut [T], limit: f64) -> Result<(), Error> {
    let norm_over = |unit: f64| {
        let squares = gradient.iter().map(|g| (g.to_f64() / unit).powi(2));
        unit * squares.sum::<f64>().sqrt()
    };
    let mut norm = norm_over(1.0);
    if norm.is_infinite() {
        let largest = gradient
            .iter()
            .fold(0.0, |largest: f64, g| largest.max(g.to_f64().abs()));
        norm = norm_over(largest);
    }
    if !norm.is_finite() {
        return Err(Error::GradientNotFinite { norm });
    }
    if norm > limit {
        let scale = T::of(limit / norm);
        for g in gradient {
            *g *= scale;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_leaves_small_gradients_and_shortens_long_ones() {
        let mut small = [0.3_f64, -0.4];
        clip(&mut small, 0.5).unwrap();
        assert_eq!(small, [0.3, -0.4]);
        let mut long = [3.0_f64, -4.0];
        clip(&mut long, 0.5).unwrap();
        assert!((long[0] - 0.3).abs() < 1e-15 && (long[1] + 0.4).abs() < 1e-15);
        // Their squares are not numbers any more.
        let mut huge = [3e200_f64, -4e200];
        clip(&mut huge, 0.5).unwrap();
        assert!((huge[0] - 0.3).abs() < 1e-15 && (huge[1] + 0.4).abs() < 1e-15);
        for bad in [f64::NAN, f64::INFINITY] {
            let error = clip(&mut [bad, 1.0], 0.5).unwrap_err();
            assert!(
                error.to_string().starts_with("the gradient's norm is"),
                "{error}"
            );
        }
    }

    #[test]
    fn weight_decay_is_decoupled_from_the_gradient() {
        // With a gradient of 0 every rule only shrinks the parameters, by the same factor.
        for spec in [
            OptimizerSpec::sgd(),
            OptimizerSpec::momentum(0.9),
            OptimizerSpec::nesterov(0.9),
            OptimizerSpec::rmsprop(),
            OptimizerSpec::adam(),
        ] {
            let mut optimizer = spec.weight_decay(0.5).build::<f64>(1).unwrap();
            let mut parameters = [2.0];
            optimizer.update(&mut parameters, &mut [0.0], 0.1).unwrap();
            assert_eq!(parameters, [2.0 * 0.95], "{spec:?}");
        }
    }

    #[test]
    fn a_saved_optimizer_goes_on_to_the_bit() {
        for spec in [
            OptimizerSpec::sgd(),
            OptimizerSpec::nesterov(0.9),
            OptimizerSpec::rmsprop(),
            OptimizerSpec::adamw(0.1).clip_norm(2.0),
        ] {
            let mut optimizer = spec.build::<f32>(3).unwrap();
            let mut parameters = [1.0_f32, -2.0, 0.1];
            let gradient = [0.7_f32, 0.01, -3.3];
            optimizer
                .update(&mut parameters, &mut gradient.clone(), 0.01)
                .unwrap();
            let saved = serde_json::to_string(&optimizer).unwrap();
            let mut loaded: Optimizer<f32> = serde_json::from_str(&saved).unwrap();
            assert_eq!(loaded, optimizer);
            let mut resumed = parameters;
            optimizer
                .update(&mut parameters, &mut gradient.clone(), 0.01)
                .unwrap();
            loaded
                .update(&mut resumed, &mut gradient.clone(), 0.01)
                .unwrap();
            assert_eq!(parameters, resumed);
        }
        let damaged = r#"{"spec":{"rule":{"momentum":{"momentum":0.9}}},"n_parameters":3,"step":1,"first":[0.0],"second":[]}"#;
        let error = serde_json::from_str::<Optimizer<f32>>(damaged).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("first moment has length 1; expected 3"),
            "{error}"
        );
    }

    #[test]
    fn bad_numbers_are_refused_with_their_value() {
        let refused = |spec: OptimizerSpec| spec.build::<f32>(1).unwrap_err().to_string();
        assert_eq!(
            refused(OptimizerSpec::momentum(1.0)),
            "momentum is 1; it must be at least 0 and below 1"
        );
        assert_eq!(
            refused(OptimizerSpec::sgd().weight_decay(-1.0)),
            "weight decay is -1; it must be finite and at least 0"
        );
        assert_eq!(
            refused(OptimizerSpec::sgd().clip_norm(0.0)),
            "the norm to clip at is 0; it must be finite and above 0"
        );
        assert!(
            refused(OptimizerSpec::new(UpdateRule::Adam {
                beta1: 0.9,
                beta2: f64::NAN,
                epsilon: 1e-8
            }))
            .contains("NaN")
        );
        let mut optimizer = OptimizerSpec::sgd().build::<f32>(1).unwrap();
        for rate in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(optimizer.update(&mut [0.0], &mut [0.0], rate).is_err());
        }
        assert!(matches!(
            optimizer.update(&mut [0.0; 2], &mut [0.0; 2], 0.1),
            Err(Error::Length { .. })
        ));
        assert_eq!(optimizer.step(), 0);
    }
}
