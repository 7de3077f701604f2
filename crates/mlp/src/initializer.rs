//! Initial weights.

use rand_distr::{Distribution, StandardNormal, StandardUniform};
use serde::{Deserialize, Serialize};
use smallbatch_base::{Stream, generator};

use crate::parameters::Layout;
use crate::{Parameters, Scalar};

/// How the weights are drawn before training. Biases start at zero.
///
/// Each draws every weight of a layer independently with mean 0 and the variance below, either from the normal
/// distribution or from the uniform distribution on `±sqrt(3·variance)`. Which one suits depends on the activation:
/// the aim is that neither the activations' nor the gradients' scale changes from layer to layer.
///
/// | | variance | suits | source |
/// |---|---|---|---|
/// | Glorot | `2 / (fan_in + fan_out)` | tanh, sigmoid | Glorot & Bengio 2010 |
/// | He | `2 / fan_in` | ReLU and its relatives | He et al. 2015 |
/// | LeCun | `1 / fan_in` | tanh; SELU-like | LeCun et al. 1998 |
///
/// PyTorch's default for `Linear` is another: uniform on `±1/sqrt(fan_in)`, biases included.
///
/// ```
/// use smallbatch_mlp::{Initializer, MlpSpec};
///
/// let network = MlpSpec::new([100, 200, 3]).initializer(Initializer::HeUniform).build::<f64>(1)?;
/// let weight = network.parameters().weight(0);
/// let variance = weight.iter().map(|w| w * w).sum::<f64>() / 20_000.0;
/// assert!((variance - 2.0 / 100.0).abs() < 0.001);
/// assert!(network.parameters().bias(0).iter().all(|&b| b == 0.0));
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Initializer {
    /// Uniform, variance `2 / (fan_in + fan_out)`.
    GlorotUniform,
    /// Normal, variance `2 / (fan_in + fan_out)`.
    GlorotNormal,
    /// Uniform, variance `2 / fan_in`.
    HeUniform,
    /// Normal, variance `2 / fan_in`. The default.
    #[default]
    HeNormal,
    /// Uniform, variance `1 / fan_in`.
    LecunUniform,
    /// Normal, variance `1 / fan_in`.
    LecunNormal,
}

impl Initializer {
    #[allow(clippy::cast_precision_loss)] // layer sizes are far below 2^53
    fn variance(self, fan_in: usize, fan_out: usize) -> f64 {
        match self {
            Self::GlorotUniform | Self::GlorotNormal => 2.0 / (fan_in + fan_out) as f64,
            Self::HeUniform | Self::HeNormal => 2.0 / fan_in as f64,
            Self::LecunUniform | Self::LecunNormal => 1.0 / fan_in as f64,
        }
    }

    fn is_uniform(self) -> bool {
        match self {
            Self::GlorotUniform | Self::HeUniform | Self::LecunUniform => true,
            Self::GlorotNormal | Self::HeNormal | Self::LecunNormal => false,
        }
    }

    /// Draws the weights of every layer from the stream `init` of this seed. The draws are made in f64, so that an
    /// f32 network starts at the f64 network's weights, rounded.
    pub(crate) fn parameters<T: Scalar>(self, layout: &Layout, seed: u64) -> Parameters<T> {
        let mut parameters = Parameters::zeros_of(layout.clone());
        for layer in 0..layout.n_layers() {
            let deviation = self
                .variance(layout.fan_in(layer), layout.fan_out(layer))
                .sqrt();
            let mut rng = generator(seed, Stream::Init, layer as u64);
            // One input's weights after the other.
            let mut weight = parameters.weight_mut(layer);
            for weight in weight.iter_mut() {
                let standardized: f64 = if self.is_uniform() {
                    let unit: f64 = StandardUniform.sample(&mut rng);
                    (2.0 * unit - 1.0) * 3_f64.sqrt()
                } else {
                    StandardNormal.sample(&mut rng)
                };
                *weight = T::of(deviation * standardized);
            }
        }
        parameters
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss)]
mod tests {
    use super::*;

    const ALL: [Initializer; 6] = [
        Initializer::GlorotUniform,
        Initializer::GlorotNormal,
        Initializer::HeUniform,
        Initializer::HeNormal,
        Initializer::LecunUniform,
        Initializer::LecunNormal,
    ];

    #[test]
    fn weights_have_the_stated_mean_variance_and_range() {
        let layout = Layout::new(&[200, 300]).unwrap();
        for initializer in ALL {
            let parameters = initializer.parameters::<f64>(&layout, 7);
            let weights = &parameters.as_slice()[layout.weight(0)];
            let n = weights.len() as f64;
            let mean = weights.iter().sum::<f64>() / n;
            let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / n;
            let stated = initializer.variance(200, 300);
            // 60,000 draws: the mean's standard error is sqrt(v/n), the variance's relative one at most sqrt(2/n).
            assert!(
                mean.abs() < 4.0 * (stated / n).sqrt(),
                "{initializer:?}: mean {mean}"
            );
            assert!(
                (variance / stated - 1.0).abs() < 4.0 * (2.0 / n).sqrt(),
                "{initializer:?}: variance {variance}"
            );
            let largest = weights
                .iter()
                .fold(0.0_f64, |largest, w| largest.max(w.abs()));
            assert_eq!(
                largest <= (3.0 * stated).sqrt(),
                initializer.is_uniform(),
                "{initializer:?}: {largest}"
            );
            assert!(parameters.bias(0).iter().all(|&b| b == 0.0));
        }
    }

    #[test]
    fn f32_starts_at_the_rounded_f64_weights() {
        let layout = Layout::new(&[5, 4, 3]).unwrap();
        let double = Initializer::HeNormal.parameters::<f64>(&layout, 3);
        let single = Initializer::HeNormal.parameters::<f32>(&layout, 3);
        for (d, s) in double.as_slice().iter().zip(single.as_slice()) {
            assert_eq!(f32::of(*d), *s);
        }
        assert_ne!(double, Initializer::HeNormal.parameters::<f64>(&layout, 4));
    }
}
