//! Whether parameters, and what optimizers keep of them, are finite numbers.

use smallbatch_base::vectorized;

use crate::{Error, Mlp, Optimizer, Scalar};

/// After so many samples at most, a training looks at its parameters: looking takes a thousandth of the time of training on so many.
pub(crate) const SAMPLES_BETWEEN_LOOKS: usize = 512;

/// The first of these that is infinite or NaN.
pub(crate) fn first_not_finite<T: Scalar>(values: &[T]) -> Option<f64> {
    // That there is none is found without a branch for each number.
    if are_finite(values) {
        return None;
    }
    let broken = values.iter().find(|value| !value.is_finite());
    broken.map(|value| value.to_f64())
}

impl<T: Scalar> Mlp<T> {
    /// Refuses weights and biases that are infinite or NaN. The loss and the outputs of a network need not show them: a ReLU may make 0
    /// of NaN.
    ///
    /// ```
    /// use smallbatch_mlp::{Error, MlpSpec};
    ///
    /// let mut network = MlpSpec::new([2, 4, 3]).build::<f32>(0)?;
    /// network.require_finite()?;
    /// network.parameters_mut().bias_mut(0)[1] = f32::NEG_INFINITY;
    /// assert!(matches!(network.require_finite(), Err(Error::ParametersNotFinite { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::ParametersNotFinite`], with the first.
    pub fn require_finite(&self) -> Result<(), Error> {
        require("a weight or bias", self.parameters().as_slice())
    }
}

impl<T: Scalar> Optimizer<T> {
    /// Refuses moments that are infinite or NaN: the parameters that they belong to are not trained any more.
    ///
    /// # Errors
    /// [`Error::ParametersNotFinite`], with the first.
    pub fn require_finite(&self) -> Result<(), Error> {
        let [first, second] = self.moments();
        require("a moment of the optimizer", first)?;
        require("a moment of the optimizer", second)
    }
}

fn require<T: Scalar>(what: &'static str, values: &[T]) -> Result<(), Error> {
    match first_not_finite(values) {
        None => Ok(()),
        Some(value) => Err(Error::ParametersNotFinite { what, value }),
    }
}

vectorized! {
    fn are_finite(values: &'a [T]) -> bool = are_finite_loop;
}

/// So many sums that their additions do not wait for one another.
const SUMS: usize = 32;

/// 0 times a number is 0, and NaN where the number is not finite.
#[inline(always)]
fn are_finite_loop<T: Scalar>(values: &[T]) -> bool {
    let mut sums = [T::zero(); SUMS];
    let blocks = values.chunks_exact(SUMS);
    let rest = blocks.remainder();
    for block in blocks {
        for (sum, &value) in sums.iter_mut().zip(block) {
            *sum += value * T::zero();
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += value * T::zero();
    }
    sums.iter().all(|&sum| sum == T::zero())
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;
    use crate::{Batch, Loss, MlpSpec, OptimizerSpec, Targets};

    #[test]
    fn a_number_that_is_not_finite_is_found_wherever_it_stands() {
        for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [0, 31, 32, 63, 64, 129] {
                let mut values = vec![f32::MAX; 130];
                values[1] = f32::MIN;
                assert_eq!(first_not_finite(&values), None);
                values[place] = broken;
                let found = first_not_finite(&values).unwrap();
                assert!(found.is_nan() || found == f64::from(broken));
            }
        }
    }

    /// An input of 1e30 and an error of 1e10: the loss is finite, the gradient of the weight is not.
    #[test]
    fn no_training_goes_on_with_parameters_that_are_not_finite() {
        let (inputs, targets) = (dmatrix![1e30_f32, 1.0], dmatrix![1e10_f32, 0.0]);
        let optimizers = [
            OptimizerSpec::sgd(),
            OptimizerSpec::momentum(0.9),
            OptimizerSpec::rmsprop(),
            OptimizerSpec::adam(),
            OptimizerSpec::sgd().clip_norm(1.0),
        ];
        for optimizer in optimizers {
            // One hidden layer, and one that is cut among the samples.
            for n_hidden in [1, 8, 300] {
                let spec = MlpSpec::new([1, n_hidden, 1]).loss(Loss::MeanSquaredError);
                let mut network = spec.build::<f32>(0).unwrap();
                // The output does not see the input, so that the loss stays finite.
                network.parameters_mut().as_mut_slice().fill(0.0);
                network.parameters_mut().weight_mut(1).fill(1.0);
                network.parameters_mut().bias_mut(0).fill(1.0);
                let mut optimizer = optimizer.build(network.n_parameters()).unwrap();
                let mut workspace = network.workspace(2);
                let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
                let mut step = |network: &mut Mlp<f32>, optimizer: &mut Optimizer<f32>| {
                    network.train_step(&batch, optimizer, 0.1, 0, &mut workspace)
                };
                let refused = step(&mut network, &mut optimizer).unwrap_err();
                match refused {
                    Error::GradientNotFinite { .. } => network.require_finite().unwrap(),
                    Error::ParametersNotFinite { .. } => {
                        let broken = network.require_finite().and(optimizer.require_finite());
                        assert!(broken.is_err());
                    }
                    other => panic!("{other}"),
                }
            }
        }
    }

    /// Later, too: after no more samples than are said.
    #[test]
    fn a_training_that_was_sound_is_looked_at_again() {
        let spec = MlpSpec::new([1, 4, 1]).loss(Loss::MeanSquaredError);
        let mut network = spec.build::<f32>(0).unwrap();
        let mut optimizer = OptimizerSpec::sgd().build(network.n_parameters()).unwrap();
        let mut workspace = network.workspace(8);
        let (inputs, targets) = (dmatrix![0.5_f32, 1.0], dmatrix![0.1_f32, 0.0]);
        let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
        for _ in 0..10 {
            network
                .train_step(&batch, &mut optimizer, 0.01, 0, &mut workspace)
                .unwrap();
        }
        network.parameters_mut().bias_mut(0)[1] = f32::NEG_INFINITY;
        let steps = (0..SAMPLES_BETWEEN_LOOKS / 2).position(|_| {
            let step = network.train_step(&batch, &mut optimizer, 0.01, 0, &mut workspace);
            matches!(step, Err(Error::ParametersNotFinite { .. }))
        });
        assert!(steps.is_some(), "it went on");
    }

    #[test]
    fn an_update_by_a_gradient_that_is_not_finite_is_not_made() {
        let mut optimizer = OptimizerSpec::adam().build::<f32>(2).unwrap();
        let mut parameters = [1.0, 2.0];
        let refused = optimizer.update(&mut parameters, &[0.5, f32::INFINITY], 0.1);
        assert!(matches!(refused, Err(Error::GradientNotFinite { .. })));
        assert_eq!((parameters, optimizer.step()), ([1.0, 2.0], 0));
    }
}
