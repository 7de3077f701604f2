//! Nesterov's accelerated gradient.

use smallbatch_base::vectorized;

use super::{Check, Definition, Slices, Step};
use crate::negligible::flush;
use crate::{Error, OptimizerSpec, Scalar, UpdateRule};

impl OptimizerSpec {
    /// Nesterov's momentum; 0.9 is usual.
    pub fn nesterov(momentum: f64) -> Self {
        Self::new(UpdateRule::Nesterov { momentum })
    }
}

#[derive(Clone, Copy)]
pub(super) struct Nesterov {
    pub(super) momentum: f64,
}

impl Definition for Nesterov {
    const NAME: &'static str = "Nesterov";
    const MOMENTS: [bool; 2] = [true, false];

    /// μ, of the parameter, of the velocity.
    type Constants<T: Scalar> = [T; 3];

    fn check(self, fraction: Check<'_>, _: Check<'_>) -> Result<(), Error> {
        fraction("momentum", self.momentum)
    }

    fn constants<T: Scalar>(self, step: Step) -> [T; 3] {
        [self.momentum, step.keep, step.learning_rate].map(T::of)
    }

    fn apply<T: Scalar>(constants: [T; 3], slices: Slices<'_, T>) {
        nesterov(slices.parameters, slices.gradient, slices.first, constants);
    }
}

vectorized! {
    fn nesterov(
        parameters: &'a mut [T],
        gradient: &'a [T],
        velocity: &'a mut [T],
        constants: [T; 3],
    ) -> () = nesterov_loop;
}

#[inline(always)]
fn nesterov_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    [momentum, keep, rate]: [T; 3],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(velocity) {
        *v = flush(momentum * *v + g, T::SMALLEST);
        *p = flush(*p * keep - rate * (g + momentum * *v), T::SMALLEST);
    }
}
