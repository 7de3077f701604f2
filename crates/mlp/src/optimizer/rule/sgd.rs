//! Plain gradient descent.

use smallbatch_base::vectorized;

use super::{Check, Definition, Slices, Step};
use crate::negligible::flush;
use crate::{Error, OptimizerSpec, Scalar, UpdateRule};

impl OptimizerSpec {
    /// Plain stochastic gradient descent.
    pub fn sgd() -> Self {
        Self::new(UpdateRule::Sgd)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Sgd;

impl Definition for Sgd {
    const NAME: &'static str = "SGD";
    const MOMENTS: [bool; 2] = [false, false];

    /// Of the parameter and of the gradient.
    type Constants<T: Scalar> = [T; 2];

    fn check(self, _: Check<'_>, _: Check<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn constants<T: Scalar>(self, step: Step) -> [T; 2] {
        [T::of(step.keep), T::of(step.learning_rate)]
    }

    fn apply<T: Scalar>(constants: [T; 2], slices: Slices<'_, T>) {
        sgd(slices.parameters, slices.gradient, constants);
    }
}

vectorized! {
    fn sgd(
        parameters: &'a mut [T],
        gradient: &'a [T],
        constants: [T; 2],
    ) -> () = sgd_loop;
}

#[inline(always)]
fn sgd_loop<T: Scalar>(parameters: &mut [T], gradient: &[T], [keep, rate]: [T; 2]) {
    for (p, &g) in parameters.iter_mut().zip(gradient) {
        *p = flush(*p * keep - rate * g, T::SMALLEST);
    }
}
