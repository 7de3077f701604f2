//! Division by the root of the mean squared gradient.

use smallbatch_base::vectorized;

use super::{Check, Definition, Slices, Step, moved_square};
use crate::negligible::flush;
use crate::{Error, OptimizerSpec, Scalar, UpdateRule};

impl OptimizerSpec {
    /// RMSprop with decay 0.99 and epsilon 1e-8.
    pub fn rmsprop() -> Self {
        Self::new(UpdateRule::RmsProp {
            decay: 0.99,
            epsilon: 1e-8,
        })
    }
}

#[derive(Clone, Copy)]
pub(super) struct RmsProp {
    pub(super) decay: f64,
    pub(super) epsilon: f64,
}

impl Definition for RmsProp {
    const NAME: &'static str = "RMSprop";
    const MOMENTS: [bool; 2] = [false, true];

    /// α, 1-α, ε, of the parameter, of the quotient.
    type Constants<T: Scalar> = [T; 5];

    fn check(self, fraction: Check<'_>, positive: Check<'_>) -> Result<(), Error> {
        fraction("RMSprop's decay", self.decay)?;
        positive("RMSprop's epsilon", self.epsilon)
    }

    fn constants<T: Scalar>(self, step: Step) -> [T; 5] {
        let Self { decay, epsilon } = self;
        [decay, 1.0 - decay, epsilon, step.keep, step.learning_rate].map(T::of)
    }

    fn apply<T: Scalar>(constants: [T; 5], slices: Slices<'_, T>) {
        rmsprop(slices.parameters, slices.gradient, slices.second, constants);
    }
}

vectorized! {
    fn rmsprop(
        parameters: &'a mut [T],
        gradient: &'a [T],
        squares: &'a mut [T],
        constants: [T; 5],
    ) -> () = rmsprop_loop;
}

#[inline(always)]
fn rmsprop_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    squares: &mut [T],
    [decay, rest, epsilon, keep, rate]: [T; 5],
) {
    let smallest = T::SMALLEST_SQUARE.sqrt();
    for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(squares) {
        *v = moved_square(*v, g, decay, rest, smallest);
        *p = flush(*p * keep - rate * g / (v.sqrt() + epsilon), T::SMALLEST);
    }
}
