//! What a step does to each parameter: one loop a rule.

use crate::Scalar;
use crate::vectorized::vectorized;

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
