//! How much the gradients of single samples differ: what decides which batch size is worth its price.

use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Open};
use crate::curvature::Pass;
use crate::cuts::{CHUNK, chunks};
use crate::error::require_finite;
use crate::{Error, Loss, Mlp, Scalar};

/// The scatter of the samples' gradients gᵢ around their mean G, exact over the batch it was computed on.
///
/// With sample weights, "mean" is the weighted mean. The batch counts as the whole population: division by n, not n-1.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, Loss, MlpSpec, Targets};
///
/// // A linear model at 0: the gradient of (z - y)² is -2y·(x, 1), so (-2, -2) and (4, -4).
/// let (inputs, targets) = (dmatrix![1.0_f64, -1.0], dmatrix![1.0, 2.0]);
/// let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
/// let mut network = MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError).build::<f64>(0)?;
/// network.parameters_mut().as_mut_slice().fill(0.0);
/// let noise = network.gradient_noise(&batch)?;
/// assert_eq!(noise.squared_norms, [8.0, 32.0]);
/// assert_eq!(noise.squared_norm_of_mean, 10.0); // of (1, -3)
/// assert_eq!(noise.trace_of_covariance, 10.0); // (8 + 32) / 2 - 10
/// assert_eq!(noise.simple_noise_scale(), 1.0);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradientNoise {
    /// \|gᵢ\|² of each sample, gᵢ the gradient of its own loss ℓᵢ (not divided by the batch, not weighted: softmax
    /// cross-entropy's class weights are weights of the mean as well, so a class of weight 0 has its norms here too).
    pub squared_norms: Vec<f64>,
    /// The mean of \|gᵢ\|².
    pub mean_squared_norm: f64,
    /// \|G\|², the squared norm of the mean gradient.
    pub squared_norm_of_mean: f64,
    /// tr(Σ), Σ the covariance of the gᵢ: mean \|gᵢ\|² - \|G\|².
    pub trace_of_covariance: f64,
}

impl GradientNoise {
    /// `B_simple = tr(Σ) / |G|²` (McCandlish et al. 2018): the batch size at which a batch's gradient is as much noise as
    /// signal. Far smaller batches lose little by being small; far larger ones waste samples. Infinite where G is 0 and
    /// the gᵢ are not: all noise. NaN where every gᵢ is 0: there is neither noise nor signal, and no size to advise.
    pub fn simple_noise_scale(&self) -> f64 {
        self.trace_of_covariance / self.squared_norm_of_mean
    }
}

impl<T: Scalar> Mlp<T> {
    /// The exact squared norm of every sample's gradient and what follows from them, in one backward pass: in a dense
    /// layer the gradient of one sample is `δ·aᵀ` and `δ`, so its squared norm is `|δ|²·(|a|² + 1)`, summed over layers
    /// (Goodfellow 2015). No second pass, no estimate from two batch sizes. Dropout is off.
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use smallbatch_mlp::{Batch, Loss, MlpSpec, Targets};
    ///
    /// let inputs = dmatrix![1.0_f64, 2.0, -1.0];
    /// let targets = dmatrix![1.0, 0.5, 3.0];
    /// let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    /// let network = MlpSpec::new([1, 4, 1]).loss(Loss::MeanSquaredError).build::<f64>(0)?;
    /// let noise = network.gradient_noise(&batch)?;
    /// assert_eq!(noise.squared_norms.len(), 3);
    /// assert!(noise.simple_noise_scale() > 0.0);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss; [`Error::ResultNotFinite`] where something overflows.
    pub fn gradient_noise(&self, batch: &Batch<'_, T>) -> Result<GradientNoise, Error> {
        let batch = batch.by_its_own_weights();
        let mut workspace = self.workspace(CHUNK);
        let mut mean = self.parameters().clone();
        self.loss_and_gradient(&batch, None, &mut workspace, &mut mean)?;
        let squared_norm_of_mean = squared_norm(mean.as_slice());

        let batch = batch.open(self.spec().n_inputs())?;
        let loss = &self.spec().loss;
        let total = loss.total_weight(&batch, self.spec().n_outputs())?;
        let weights: Vec<f64> = (0..batch.n_samples())
            .map(|sample| loss.sample_weight(&batch, sample))
            .collect();
        let own_loss = loss.without_class_weights();
        let mut squared_norms = Vec::with_capacity(weights.len());
        for range in chunks(weights.len(), CHUNK) {
            let mut chunk = batch.range(range);
            chunk.weights = None;
            squared_norms.extend(self.chunk_squared_norms(&chunk, &own_loss));
        }
        let mean_squared_norm = squared_norms
            .iter()
            .zip(&weights)
            .filter(|(_, weight)| **weight > 0.0)
            .map(|(norm, weight)| norm * weight)
            .sum::<f64>()
            / total;
        let trace = mean_squared_norm - squared_norm_of_mean;
        require_finite("the trace of the gradients' covariance", trace)?;
        Ok(GradientNoise {
            squared_norms,
            mean_squared_norm,
            squared_norm_of_mean,
            // Both are exact but for rounding; their difference cannot be negative.
            trace_of_covariance: trace.max(0.0),
        })
    }

    /// The squared norm of the gradient of each sample of a chunk, by a loss and a chunk without weights.
    fn chunk_squared_norms(&self, chunk: &Open<'_, T>, own_loss: &Loss) -> Vec<f64> {
        let n_samples = chunk.n_samples();
        let mut pass = Pass::new(self, chunk);
        pass.forward(None);
        let mut d = pass.d_logits(own_loss, chunk, 1.0);
        let layout = self.layout();
        let mut norms = vec![0.0; n_samples];
        for layer in (0..layout.n_layers()).rev() {
            let columns = d
                .chunks_exact(layout.fan_out(layer))
                .zip(pass.a[layer].chunks_exact(layout.fan_in(layer)));
            for (norm, (delta, input)) in norms.iter_mut().zip(columns) {
                *norm += squared_norm(delta) * (squared_norm(input) + 1.0);
            }
            let Some(below) = layer.checked_sub(1) else {
                break;
            };
            d = pass.d_input(layer, &d);
            pass.through_activation(below, &mut d);
        }
        norms
    }
}

fn squared_norm<T: Scalar>(values: &[T]) -> f64 {
    values.iter().map(|v| v.to_f64() * v.to_f64()).sum()
}
