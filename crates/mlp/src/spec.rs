//! The description of a network, checked when it is built.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::require;
use crate::parameters::{Layout, Parameters};
use crate::{Activation, Error, Initializer, Loss, Scalar};

/// The description of a network: its layers and its loss. It is checked by [`MlpSpec::build`] (or
/// [`MlpSpec::validate`]).
///
/// | | default | range |
/// |---|---|---|
/// | `layer_sizes` | none: give inputs, hidden layers, outputs | at least two, each at least 1 |
/// | `activation` | ReLU | see [`Activation`] |
/// | `loss` | softmax cross-entropy | must suit the number of outputs: see [`Loss`] |
/// | `initializer` | He, normal | see [`Initializer`] |
/// | `dropout` | 0 | at least 0, below 1 |
///
/// Each is a method that sets it and a field to read. Saved by serde under these names. What is left out is the default; a name that there is not, such as a misspelt one, is
/// an error.
///
/// ```
/// use smallbatch_mlp::{Activation, Loss, MlpSpec};
///
/// let spec = MlpSpec::new([5, 32, 1]).activation(Activation::Tanh).loss(Loss::MeanSquaredError);
/// let network = spec.build::<f32>(42)?;
/// assert_eq!(network.n_parameters(), 5 * 32 + 32 + 32 + 1);
///
/// let error = MlpSpec::new([5, 32, 1]).build::<f32>(42).unwrap_err();
/// assert!(error.to_string().starts_with("the loss softmax cross-entropy needs at least 2"));
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MlpSpec {
    /// The sizes of the layers: inputs, hidden layers, outputs.
    pub layer_sizes: Vec<usize>,
    /// The hidden layers' activation.
    #[serde(default)]
    pub activation: Activation,
    /// The loss.
    #[serde(default)]
    pub loss: Loss,
    /// How the weights are drawn.
    #[serde(default)]
    pub initializer: Initializer,
    /// The probability of dropout.
    #[serde(default)]
    pub dropout: f64,
}

impl MlpSpec {
    /// A network with these layer sizes: inputs, hidden layers, outputs. `[13, 64, 64, 3]` has two hidden layers;
    /// `[13, 3]` none: a linear model.
    pub fn new(layer_sizes: impl Into<Vec<usize>>) -> Self {
        Self {
            layer_sizes: layer_sizes.into(),
            activation: Activation::default(),
            loss: Loss::default(),
            initializer: Initializer::default(),
            dropout: 0.0,
        }
    }

    /// The hidden layers' activation.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// The loss.
    #[must_use]
    pub fn loss(mut self, loss: Loss) -> Self {
        self.loss = loss;
        self
    }

    /// How the weights are drawn.
    #[must_use]
    pub fn initializer(mut self, initializer: Initializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// The probability with which each unit of each hidden layer is set to 0 in training (Srivastava et al. 2014). The
    /// others are multiplied by `1 / (1 - dropout)`, so that nothing changes at prediction.
    #[must_use]
    pub fn dropout(mut self, probability: f64) -> Self {
        self.dropout = probability;
        self
    }

    /// The sizes of the layers: inputs, hidden layers, outputs.
    pub fn layer_sizes(&self) -> &[usize] {
        &self.layer_sizes
    }

    /// The number of features of a sample; 0 if no layers were given.
    pub fn n_inputs(&self) -> usize {
        self.layer_sizes.first().copied().unwrap_or(0)
    }

    /// The number of outputs; 0 if no layers were given.
    pub fn n_outputs(&self) -> usize {
        self.layer_sizes.last().copied().unwrap_or(0)
    }

    pub(crate) fn layout(&self) -> Result<Layout, Error> {
        Layout::new(&self.layer_sizes)
    }

    /// Checks everything.
    ///
    /// # Errors
    /// Fewer than two layers, an empty layer, a loss that does not suit the outputs, a number outside its range.
    pub fn validate(&self) -> Result<(), Error> {
        self.layout()?;
        self.activation.validate()?;
        self.loss.validate(self.n_outputs())?;
        require(
            (0.0..1.0).contains(&self.dropout),
            "dropout",
            self.dropout,
            "at least 0 and below 1",
        )
    }

    /// What a network begins with, drawn from the seed's stream `init`.
    pub(crate) fn initial_parameters<T: Scalar>(&self, seed: u64) -> Result<Parameters<T>, Error> {
        self.validate()?;
        Ok(self.initializer.parameters(&self.layout()?, seed))
    }
}

/// In a few words: "13-32-3, ReLU, softmax cross-entropy".
impl fmt::Display for MlpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.layer_sizes.iter().map(usize::to_string).collect();
        f.write_str(&sizes.join("-"))?;
        if sizes.len() > 2 {
            write!(f, ", {}", self.activation)?;
        }
        write!(f, ", {}", self.loss)?;
        if self.dropout != 0.0 {
            write!(f, ", dropout {}", self.dropout)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OptimizerSpec;

    #[test]
    fn a_network_and_an_optimizer_read_as_a_few_words() {
        let spec = MlpSpec::new([13, 32, 3]);
        assert_eq!(spec.to_string(), "13-32-3, ReLU, softmax cross-entropy");
        let line = MlpSpec::new([5, 1]).loss(Loss::MeanSquaredError);
        assert_eq!(line.to_string(), "5-1, mean squared error");
        let spec = spec.activation(Activation::leaky_relu()).dropout(0.1);
        assert_eq!(
            spec.to_string(),
            "13-32-3, leaky ReLU, softmax cross-entropy, dropout 0.1"
        );
        let optimizer = OptimizerSpec::adamw(0.01).clip_norm(1.0);
        assert_eq!(
            optimizer.to_string(),
            "Adam, weight decay 0.01, gradients clipped at 1"
        );
        assert_eq!(OptimizerSpec::sgd().to_string(), "SGD");
    }

    /// The program that stumbled: what a method sets has another name where it is read.
    #[test]
    fn what_is_set_is_read_under_the_same_name() {
        let spec = MlpSpec::new([2, 4, 2])
            .activation(Activation::Tanh)
            .initializer(Initializer::GlorotNormal)
            .loss(Loss::MeanSquaredError)
            .dropout(0.2);
        assert_eq!(spec.activation, Activation::Tanh);
        assert_eq!(spec.initializer, Initializer::GlorotNormal);
        assert_eq!(spec.loss, Loss::MeanSquaredError);
        assert_eq!((spec.dropout, &spec.layer_sizes[..]), (0.2, &[2, 4, 2][..]));
        let optimizer = OptimizerSpec::sgd().weight_decay(0.1).clip_norm(2.0);
        assert_eq!(
            (optimizer.weight_decay, optimizer.clip_norm),
            (0.1, Some(2.0))
        );
    }
}
