//! Optimizers: each one flat loop over the parameter vector.

mod rule;
mod spec;

use serde::{Deserialize, Serialize};
use smallbatch_base::{compiled, vectorized};

use crate::buffer::Buffer;
use crate::error::require;
use crate::finite::first_not_finite;
use crate::negligible::scale_into;
use crate::parameters::take_first;
use crate::{Error, Scalar};

pub(crate) use rule::Rule;
use rule::Step;
pub use rule::UpdateRule;
pub use spec::OptimizerSpec;

/// How many numbers of a gradient are cut to their clipped size at a time: they stay in the first level of cache.
const PIECE: usize = 1024;

/// An optimizer with its state: how many updates were made, and the moments. Serializes whole, so that training goes on
/// where it stopped, to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved<T>", bound = "T: Scalar")]
pub struct Optimizer<T> {
    spec: OptimizerSpec,
    n_parameters: usize,
    step: u64,
    /// v of momentum and Nesterov, m of Adam. Like the parameters it begins with a line of cache: an update by Adam is 1.17 times
    /// as fast as where it begins anywhere.
    first: Buffer<T>,
    /// v of RMSprop and Adam.
    second: Buffer<T>,
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
        saved.spec.build::<T>(0)?;
        let Saved {
            spec,
            n_parameters,
            step,
            first,
            second,
        } = saved;
        let [needed_first, needed_second] = spec
            .rule
            .moments()
            .map(|kept| if kept { n_parameters } else { 0 });
        for (what, expected, found) in [
            (
                "the saved optimizer's first moment",
                needed_first,
                first.len(),
            ),
            (
                "the saved optimizer's second moment",
                needed_second,
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
            first: first.into(),
            second: second.into(),
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

    /// Changes the parameters by one step.
    ///
    /// # Errors
    /// A learning rate that is negative or not finite, slices of another length than the optimizer was built for, a gradient
    /// that is not finite: nothing was changed then.
    pub fn update(
        &mut self,
        parameters: &mut [T],
        gradient: &[T],
        learning_rate: f64,
    ) -> Result<(), Error> {
        update(self, parameters, gradient, learning_rate)
    }

    pub(crate) fn update_here(
        &mut self,
        parameters: &mut [T],
        gradient: &[T],
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
        if first_not_finite(gradient).is_some() {
            let norm = sum_of_squares(gradient).sqrt();
            return Err(Error::GradientNotFinite { norm });
        }
        let clip = self.clip(gradient)?;
        let (rule, mut first, mut second) = self.next_step(learning_rate);
        let mut scaled = [T::zero(); PIECE];
        for (parameters, gradient) in parameters.chunks_mut(PIECE).zip(gradient.chunks(PIECE)) {
            let scaled = &mut scaled[..gradient.len()];
            scale_into(scaled, gradient, clip);
            let first = take_first(&mut first, gradient.len());
            rule.apply(
                parameters,
                scaled,
                first,
                take_first(&mut second, gradient.len()),
            );
        }
        Ok(())
    }

    /// What a gradient is multiplied by: less than 1 where its norm exceeds the one to clip at.
    fn clip(&self, gradient: &[T]) -> Result<T, Error> {
        self.spec
            .clip_norm
            .map_or(Ok(T::one()), |limit| clip(gradient, limit))
    }

    /// Counts a step, and says what it does to each parameter; with the moments, empty where the rule has none.
    pub(crate) fn next_step(&mut self, learning_rate: f64) -> (Rule<T>, &mut [T], &mut [T]) {
        self.step += 1;
        let step = Step {
            learning_rate,
            keep: 1.0 - learning_rate * self.spec.weight_decay,
            number: self.step,
        };
        let rule = Rule::new(self.spec.rule, step);
        (rule, &mut self.first, &mut self.second)
    }

    /// Whether a step is `θ ← θ - η·g` and no more, so that it may be added to the parameters by the product that
    /// computes g.
    pub(crate) fn is_plain_descent(&self) -> bool {
        self.spec == OptimizerSpec::sgd()
    }

    /// The same once the gradient was clipped.
    pub(crate) fn is_plain_but_for_clipping(&self) -> bool {
        self.spec.rule == UpdateRule::Sgd && self.spec.weight_decay == 0.0
    }

    /// Whether a step needs the whole gradient before it changes the first parameter.
    pub(crate) fn clips(&self) -> bool {
        self.spec.clip_norm.is_some()
    }

    /// The first and the second moments; empty where the rule has none.
    pub(crate) fn moments(&self) -> [&[T]; 2] {
        [&self.first, &self.second]
    }

    /// How many parameters it changes.
    pub fn n_parameters(&self) -> usize {
        self.n_parameters
    }
}

compiled! {
    fn update(
        optimizer: &'a mut Optimizer<T>,
        parameters: &'a mut [T],
        gradient: &'a [T],
        learning_rate: f64,
    ) -> Result<(), Error> = Optimizer::update_here;
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

/// What brings a gradient to Euclidean norm `limit` where it exceeds it, else 1. The norm is summed in f64; of the gradient times
/// 2^-600 where the squares would overflow.
fn clip<T: Scalar>(gradient: &[T], limit: f64) -> Result<T, Error> {
    let mut norm = sum_of_squares(gradient).sqrt();
    if norm.is_infinite() {
        let unit = 2_f64.powi(600);
        let squares = gradient.iter().map(|g| (g.to_f64() / unit).powi(2));
        norm = squares.sum::<f64>().sqrt() * unit;
    }
    if !norm.is_finite() {
        return Err(Error::GradientNotFinite { norm });
    }
    Ok(if norm > limit {
        T::of(limit / norm)
    } else {
        T::one()
    })
}

vectorized! {
    fn sum_of_squares(values: &'a [T]) -> f64 = sum_of_squares_loop;
}

/// So many sums that their additions do not wait for one another, and so many on every processor: the same bits.
const SUMS: usize = 32;

#[inline(always)]
fn sum_of_squares_loop<T: Scalar>(values: &[T]) -> f64 {
    let mut sums = [0.0; SUMS];
    let blocks = values.chunks_exact(SUMS);
    let rest = blocks.remainder();
    for block in blocks {
        for (sum, &value) in sums.iter_mut().zip(block) {
            let value = value.to_f64();
            *sum += value * value;
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        let value = value.to_f64();
        *sum += value * value;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_leaves_small_gradients_and_shortens_long_ones() {
        assert_eq!(clip(&[0.3_f64, -0.4], 0.5).unwrap(), 1.0);
        assert!((clip(&[3.0_f64, -4.0], 0.5).unwrap() - 0.1).abs() < 1e-15);
        // Their squares are not numbers any more.
        assert!((clip(&[3e200_f64, -4e200], 0.5).unwrap() * 5e200 - 0.5).abs() < 1e-15);
        for bad in [f64::NAN, f64::INFINITY] {
            let error = clip(&[bad, 1.0], 0.5).unwrap_err();
            assert!(
                error.to_string().starts_with("the gradient's norm is"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_norm_is_that_of_a_plain_sum() {
        for n in [1, 31, 32, 33, 1_000] {
            let values: Vec<f32> = (1..=n).map(|i| (i as f32 * 0.7).sin()).collect();
            let plain: f64 = values.iter().map(|&x| f64::from(x).powi(2)).sum();
            assert!((sum_of_squares(&values) / plain - 1.0).abs() < 1e-14, "{n}");
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
            optimizer.update(&mut parameters, &[0.0], 0.1).unwrap();
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
            optimizer.update(&mut parameters, &gradient, 0.01).unwrap();
            let saved = serde_json::to_string(&optimizer).unwrap();
            let mut loaded: Optimizer<f32> = serde_json::from_str(&saved).unwrap();
            assert_eq!(loaded, optimizer);
            let mut resumed = parameters;
            optimizer.update(&mut parameters, &gradient, 0.01).unwrap();
            loaded.update(&mut resumed, &gradient, 0.01).unwrap();
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
            assert!(optimizer.update(&mut [0.0], &[0.0], rate).is_err());
        }
        assert!(matches!(
            optimizer.update(&mut [0.0; 2], &[0.0; 2], 0.1),
            Err(Error::Length { .. })
        ));
        assert_eq!(optimizer.step(), 0);
    }
}
