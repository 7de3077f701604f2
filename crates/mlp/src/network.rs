//! The network: its description and parameters, how it is built and saved.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use crate::error::require;
use crate::parameters::Layout;
use crate::{Error, MlpSpec, Parameters, Scalar};

/// The format that [`Mlp`] is saved in. In format 1 the weights were stored column by column.
const FORMAT: u32 = 2;

/// A multi-layer perceptron: `Zₗ = Wₗ·Aₗ₋₁ + bₗ`, `Aₗ = f(Zₗ)` in the hidden layers, the last Z being the logits.
/// Samples are columns.
///
/// Built by [`MlpSpec::build`]; saved and loaded with serde.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, MlpSpec, OptimizerSpec, Targets};
///
/// // Exclusive or: four samples of two features.
/// let inputs = dmatrix![0.0_f32, 0.0, 1.0, 1.0; 0.0, 1.0, 0.0, 1.0];
/// let labels = [0, 1, 1, 0];
/// let batch = Batch::new(inputs.as_view(), Targets::Labels(&labels));
///
/// let mut network = MlpSpec::new([2, 16, 2]).build::<f32>(1)?;
/// let mut optimizer = OptimizerSpec::momentum(0.9).build(network.n_parameters())?;
/// let mut workspace = network.workspace(4);
/// for _ in 0..300 {
///     network.train_step(&batch, &mut optimizer, 0.1, 0, &mut workspace)?;
/// }
/// let probabilities = network.predict(inputs.as_view())?;
/// assert!(labels.iter().enumerate().all(|(sample, &label)| probabilities[(label as usize, sample)] > 0.9));
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp<T> {
    spec: MlpSpec,
    parameters: Parameters<T>,
}

/// The number of a format that this version reads. It refuses any other while it is read, and it is written first: so a
/// newer file is refused for its format, and not for the first field that this version does not know.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(into = "u32", try_from = "u32")]
struct Format(u32);

impl From<Format> for u32 {
    fn from(format: Format) -> Self {
        format.0
    }
}

impl TryFrom<u32> for Format {
    type Error = Error;

    fn try_from(found: u32) -> Result<Self, Error> {
        if (1..=FORMAT).contains(&found) {
            return Ok(Self(found));
        }
        Err(Error::Format {
            what: "network",
            found,
            supported: FORMAT,
        })
    }
}

/// The saved form.
#[derive(Serialize, Deserialize)]
#[serde(bound = "T: Scalar")]
struct Saved<T> {
    format: Format,
    spec: MlpSpec,
    parameters: Vec<T>,
}

impl<T: Scalar> From<&Mlp<T>> for Saved<T> {
    fn from(network: &Mlp<T>) -> Self {
        Self {
            format: Format(FORMAT),
            spec: network.spec.clone(),
            parameters: network.parameters.values.to_vec(),
        }
    }
}

smallbatch_base::saved_as!(Mlp<T> as Saved<T>);

impl<T: Scalar> TryFrom<Saved<T>> for Mlp<T> {
    type Error = Error;

    fn try_from(saved: Saved<T>) -> Result<Self, Error> {
        let mut parameters = Parameters::from_vec(saved.spec.layer_sizes(), saved.parameters)?;
        if saved.format.0 == 1 {
            for layer in 0..parameters.n_layers() {
                let (fan_out, fan_in) = parameters.weight(layer).shape();
                let columns = parameters.as_slice()[parameters.layout.weight(layer)].to_vec();
                parameters
                    .weight_mut(layer)
                    .copy_from(&DMatrix::from_vec(fan_out, fan_in, columns));
            }
        }
        Self::from_parameters(saved.spec, parameters)
    }
}

impl MlpSpec {
    /// The network with initial weights drawn from the seed's stream `init`. The same seed gives the same network, in
    /// f32 the one of f64 rounded.
    ///
    /// # Errors
    /// As [`MlpSpec::validate`].
    pub fn build<T: Scalar>(&self, seed: u64) -> Result<Mlp<T>, Error> {
        Mlp::from_parameters(self.clone(), self.initial_parameters(seed)?)
    }
}

impl<T: Scalar> Mlp<T> {
    /// A network with these parameters.
    ///
    /// # Errors
    /// A specification that is not valid, or parameters for other layers.
    pub fn from_parameters(spec: MlpSpec, parameters: Parameters<T>) -> Result<Self, Error> {
        spec.validate()?;
        spec.activation.validate_in::<T>()?;
        spec.loss.validate_in::<T>()?;
        let layout = spec.layout()?;
        if parameters.layout != layout {
            return Err(Error::OtherLayers {
                what: "these parameters",
                expected: layout.sizes().to_vec(),
                found: parameters.layer_sizes().to_vec(),
            });
        }
        Ok(Self { spec, parameters })
    }

    /// The description the network was built from.
    pub fn spec(&self) -> &MlpSpec {
        &self.spec
    }

    /// The weights and biases.
    pub fn parameters(&self) -> &Parameters<T> {
        &self.parameters
    }

    /// The weights and biases, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters<T> {
        &mut self.parameters
    }

    /// The number of weights and biases.
    pub fn n_parameters(&self) -> usize {
        self.parameters.values.len()
    }

    /// The description beside the parameters to be changed.
    pub(crate) fn split_mut(&mut self) -> (&MlpSpec, &mut [T]) {
        (&self.spec, &mut self.parameters.values)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.parameters.layout
    }

    /// Folds the scaling `x' = (x - shift) / scale` of the inputs into the first layer, so that the network takes raw
    /// inputs and gives the same outputs: `W' = W / scale`, `b' = b - W'·shift`. Computed in f64, then rounded to `T`.
    ///
    /// **What it costs in f32.** Where a feature's |shift / scale| is large, `W'·x` and `b'` are large numbers that nearly
    /// cancel, and what is left has lost digits: about log₁₀ |shift / scale| of f32's seven. A year, about 2000 ± 10, loses
    /// two; a time in seconds since 1970, about 1.7e9 ± 1e5, loses four. (The same digits are lost by raw inputs in f32
    /// themselves, whoever scales them.) Scale in f64 before the network, or build that in f64, where that matters. A
    /// weight too small for f32 becomes 0; one too large is an error.
    ///
    /// # Errors
    /// Slices that do not have one number a feature, a shift that is not finite, a scale that is 0 or not finite;
    /// [`Error::FoldOverflow`] where a weight or a bias would not be finite. The network is then left as it was.
    pub fn fold_input_scaling(&mut self, shift: &[f64], scale: &[f64]) -> Result<(), Error> {
        let n_inputs = self.spec.n_inputs();
        for (what, found) in [("the shift", shift.len()), ("the scale", scale.len())] {
            if found != n_inputs {
                return Err(Error::Length {
                    what,
                    expected: n_inputs,
                    found,
                });
            }
        }
        for (&shift, &scale) in shift.iter().zip(scale) {
            require(shift.is_finite(), "a feature's shift", shift, "finite")?;
            require(
                scale.is_finite() && scale != 0.0,
                "a feature's scale",
                scale,
                "finite and not 0",
            )?;
        }
        let mut parameters = self.parameters.clone();
        for unit in 0..self.layout().fan_out(0) {
            let mut bias = self.parameters.bias(0)[unit].to_f64();
            for feature in 0..n_inputs {
                let folded = self.parameters.weight(0)[(unit, feature)].to_f64() / scale[feature];
                bias -= folded * shift[feature];
                parameters.weight_mut(0)[(unit, feature)] = T::of(folded);
                if !T::of(folded).is_finite() {
                    let feature = Some(feature);
                    return Err(Error::FoldOverflow { unit, feature });
                }
            }
            parameters.bias_mut(0)[unit] = T::of(bias);
            if !T::of(bias).is_finite() {
                let feature = None;
                return Err(Error::FoldOverflow { unit, feature });
            }
        }
        self.parameters = parameters;
        Ok(())
    }
}
