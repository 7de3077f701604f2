//! Momentum and division by the root of the mean squared gradient, both corrected for their start at 0.

use smallbatch_base::vectorized;

use super::{Check, Definition, Slices, Step, moved_square};
use crate::negligible::flush;
use crate::{Error, OptimizerSpec, Scalar, UpdateRule};

impl OptimizerSpec {
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
}

#[derive(Clone, Copy)]
pub(super) struct Adam {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) epsilon: f64,
}

impl Definition for Adam {
    const NAME: &'static str = "Adam";
    const MOMENTS: [bool; 2] = [true, true];

    /// β₁, 1-β₁, β₂, 1-β₂; then the correction of √v, ε, of the parameter, of the quotient.
    type Constants<T: Scalar> = [[T; 4]; 2];

    fn check(self, fraction: Check<'_>, positive: Check<'_>) -> Result<(), Error> {
        fraction("Adam's beta1", self.beta1)?;
        fraction("Adam's beta2", self.beta2)?;
        positive("Adam's epsilon", self.epsilon)
    }

    fn constants<T: Scalar>(self, step: Step) -> [[T; 4]; 2] {
        let Self {
            beta1,
            beta2,
            epsilon,
        } = self;
        let rate = step.learning_rate / (1.0 - decayed(beta1, step.number));
        let correction = 1.0 / (1.0 - decayed(beta2, step.number)).sqrt();
        [
            [beta1, 1.0 - beta1, beta2, 1.0 - beta2].map(T::of),
            [correction, epsilon, step.keep, rate].map(T::of),
        ]
    }

    fn apply<T: Scalar>(constants: [[T; 4]; 2], slices: Slices<'_, T>) {
        let [moments, step] = constants;
        let Slices {
            parameters,
            gradient,
            first,
            second,
        } = slices;
        adam(parameters, gradient, first, second, moments, step);
    }
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
fn adam_loop<T: Scalar>(
    parameters: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    [beta1, rest1, beta2, rest2]: [T; 4],
    [correction, epsilon, keep, rate]: [T; 4],
) {
    let smallest = T::SMALLEST_SQUARE.sqrt();
    for (((p, &g), m), v) in parameters.iter_mut().zip(gradient).zip(first).zip(second) {
        *m = flush(beta1 * *m + rest1 * g, T::SMALLEST);
        *v = moved_square(*v, g, beta2, rest2, smallest);
        let step = rate * *m / (v.sqrt() * correction + epsilon);
        *p = flush(*p * keep - step, T::SMALLEST);
    }
}

/// βᵗ; at least some 1e-300, which is nothing beside 1, and where powers would be subnormal soon (of 0.9 after 6,600 updates).
/// The exponent is bounded, and not the power chosen: the compiler would compute it all the same.
fn decayed(beta: f64, step: u64) -> f64 {
    #[allow(clippy::cast_possible_truncation, reason = "saturates")]
    let most = (-690.0 / beta.ln()) as i32;
    let t = i32::try_from(step).unwrap_or(i32::MAX);
    beta.powi(t.min(most.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_a_decay_end_before_they_are_subnormal() {
        assert_eq!(decayed(0.9, 3), 0.9_f64.powi(3));
        assert_eq!(decayed(0.0, 1), 0.0);
        for step in 1..20_000 {
            let power = decayed(0.9, step);
            assert!(!power.is_subnormal() && (power - 0.9_f64.powi(step as i32)).abs() < 1e-290);
        }
        assert!(decayed(0.999, u64::MAX) < 1e-290);
    }
}
