//! What a step does to each parameter: one loop a rule.
//!
//! Gradients, moments and parameters that are too small to matter become 0, and a second moment has a least value: see
//! `negligible`.

use smallbatch_base::vectorized;

use crate::Scalar;
use crate::negligible::flush;

/// What one step does to each parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<T> {
    /// What gradients are multiplied by first: 1, or less where they are clipped.
    pub(crate) clip: T,
    pub(crate) kind: Kind<T>,
}

/// An update rule with its constants.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<T> {
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
        let clip = self.clip;
        match self.kind {
            Kind::Sgd(constants) => sgd(parameters, gradient, clip, constants),
            Kind::Momentum(constants) => momentum(parameters, gradient, first, clip, constants),
            Kind::Nesterov(constants) => nesterov(parameters, gradient, first, clip, constants),
            Kind::RmsProp(constants) => rmsprop(parameters, gradient, second, clip, constants),
            Kind::Adam(moments, step) => {
                adam(parameters, gradient, first, second, clip, moments, step);
            }
        }
    }
}

vectorized! {
    fn sgd(
        parameters: &'a mut [T],
        gradient: &'a [T],
        clip: T,
        constants: [T; 2],
    ) -> () = sgd_loop;
}

vectorized! {
    fn momentum(
        parameters: &'a mut [T],
        gradient: &'a [T],
        velocity: &'a mut [T],
        clip: T,
        constants: [T; 3],
    ) -> () = momentum_loop;
}

vectorized! {
    fn nesterov(
        parameters: &'a mut [T],
        gradient: &'a [T],
        velocity: &'a mut [T],
        clip: T,
        constants: [T; 3],
    ) -> () = nesterov_loop;
}

vectorized! {
    fn rmsprop(
        parameters: &'a mut [T],
        gradient: &'a [T],
        squares: &'a mut [T],
        clip: T,
        constants: [T; 5],
    ) -> () = rmsprop_loop;
}

vectorized! {
    fn adam(
        parameters: &'a mut [T],
        gradient: &'a [T],
        first: &'a mut [T],
        second: &'a mut [T],
        clip: T,
        moments: [T; 4],
        step: [T; 4],
    ) -> () = adam_loop;
}

/// A gradient as the rules take it.
#[inline(always)]
fn clipped<T: Scalar>(gradient: T, clip: T) -> T {
    flush(gradient * clip, T::SMALLEST)
}

/// The second moment after a gradient. The gradient's square would be subnormal, times 1 - β₂, where it is below the least
/// second moment.
#[inline(always)]
fn moved_square<T: Scalar>(v: T, g: T, keep: T, rest: T, smallest: T) -> T {
    let g = flush(g, smallest);
    let moved = keep * v + rest * g * g;
    if moved < T::SMALLEST_SQUARE {
        T::SMALLEST_SQUARE
    } else {
        moved
    }
}

#[inline(always)]
fn sgd_loop<T: Scalar>(parameters: &mut [T], gradient: &[T], clip: T, [keep, rate]: [T; 2]) {
    for (p, &g) in parameters.iter_mut().zip(gradient) {
        let g = clipped(g, clip);
        *p = flush(*p * keep - rate * g, T::SMALLEST);
    }
}

#[inline(always)]
fn momentum_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    clip: T,
    [momentum, keep, rate]: [T; 3],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(velocity) {
        let g = clipped(g, clip);
        *v = flush(momentum * *v + g, T::SMALLEST);
        *p = flush(*p * keep - rate * *v, T::SMALLEST);
    }
}

#[inline(always)]
fn nesterov_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    clip: T,
    [momentum, keep, rate]: [T; 3],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(velocity) {
        let g = clipped(g, clip);
        *v = flush(momentum * *v + g, T::SMALLEST);
        *p = flush(*p * keep - rate * (g + momentum * *v), T::SMALLEST);
    }
}

#[inline(always)]
fn rmsprop_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    squares: &mut [T],
    clip: T,
    [decay, rest, epsilon, keep, rate]: [T; 5],
) {
    let smallest = T::SMALLEST_SQUARE.sqrt();
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(squares) {
        let g = clipped(g, clip);
        *v = moved_square(*v, g, decay, rest, smallest);
        *p = flush(*p * keep - rate * g / (v.sqrt() + epsilon), T::SMALLEST);
    }
}

#[inline(always)]
fn adam_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    clip: T,
    [beta1, rest1, beta2, rest2]: [T; 4],
    [correction, epsilon, keep, rate]: [T; 4],
) {
    let smallest = T::SMALLEST_SQUARE.sqrt();
    for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(first).zip(second) {
        let g = clipped(g, clip);
        *m = flush(beta1 * *m + rest1 * g, T::SMALLEST);
        *v = moved_square(*v, g, beta2, rest2, smallest);
        let step = rate * *m / (v.sqrt() * correction + epsilon);
        *p = flush(*p * keep - step, T::SMALLEST);
    }
}
