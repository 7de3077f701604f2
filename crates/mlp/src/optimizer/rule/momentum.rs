//! Heavy-ball momentum.

use smallbatch_base::vectorized;

use super::{Check, Definition, Slices, Step};
use crate::negligible::flush;
use crate::{Error, OptimizerSpec, Scalar, UpdateRule};

impl OptimizerSpec {
    /// Heavy-ball momentum; 0.9 is usual.
    pub fn momentum(momentum: f64) -> Self {
        Self::new(UpdateRule::Momentum { momentum })
    }
}

#[derive(Clone, Copy)]
pub(super) struct Momentum {
    pub(super) momentum: f64,
}

impl Definition for Momentum {
    const NAME: &'static str = "momentum";
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
        momentum(slices.parameters, slices.gradient, slices.first, constants);
    }
}

vectorized! {
    fn momentum(
        parameters: &'a mut [T],
        gradient: &'a [T],
        velocity: &'a mut [T],
        constants: [T; 3],
    ) -> () = momentum_loop;
}

#[inline(always)]
fn momentum_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    [momentum, keep, rate]: [T; 3],
) {
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(velocity) {
        *v = flush(momentum * *v + g, T::SMALLEST);
        *p = flush(*p * keep - rate * *v, T::SMALLEST);
    }
}
