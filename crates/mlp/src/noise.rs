//! How much the gradients of single samples differ: what decides which batch size is worth its price.

use crate::batch::Batch;
use crate::curvature::Pass;
use crate::passes::chunks;
use crate::{CHUNK, Error, Mlp, Scalar};

/// The scatter of the samples' gradients gᵢ around their mean G, exact over the batch it was computed on.
///
/// With sample weights, "mean" is the weighted mean. The batch counts as the whole population: division by n, not n-1.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientNoise {
    /// \|gᵢ\|² of each sample, gᵢ the gradient of its own loss ℓᵢ (not divided by the batch, not weighted; softmax
    /// cross-entropy's class weights are weights of the mean as well).
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
    /// signal. Far smaller batches lose little by being small; far larger ones waste samples. Infinite where G is 0.
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
    /// A batch that does not fit the network or its loss.
    pub fn gradient_noise(&self, batch: &Batch<'_, T>) -> Result<GradientNoise, Error> {
        let mut workspace = self.workspace(CHUNK);
        let mut mean = self.parameters().clone();
        self.loss_and_gradient(batch, None, &mut workspace, &mut mean)?;
        let squared_norm_of_mean = squared_norm(mean.as_slice());

        let unweighted = batch.open(self.spec().n_inputs())?;
        let loss = self.spec().loss_function();
        let total = loss.total_weight(&unweighted, self.spec().n_outputs())?;
        let weights: Vec<f64> = (0..unweighted.n_samples())
            .map(|sample| loss.sample_weight(&unweighted, sample))
            .collect();
        let mut squared_norms = Vec::with_capacity(weights.len());
        for range in chunks(weights.len(), CHUNK) {
            squared_norms.extend(self.chunk_squared_norms(batch, range)?);
        }
        let mean_squared_norm = squared_norms
            .iter()
            .zip(&weights)
            .map(|(norm, weight)| norm * weight)
            .sum::<f64>()
            / total;
        Ok(GradientNoise {
            squared_norms,
            mean_squared_norm,
            squared_norm_of_mean,
            // Both are exact but for rounding; their difference cannot be negative.
            trace_of_covariance: (mean_squared_norm - squared_norm_of_mean).max(0.0),
        })
    }

    fn chunk_squared_norms(
        &self,
        batch: &Batch<'_, T>,
        range: std::ops::Range<usize>,
    ) -> Result<Vec<f64>, Error> {
        let mut chunk = batch.open(self.spec().n_inputs())?.range(range);
        let n_samples = chunk.n_samples();
        let loss = self.spec().loss_function();
        chunk.weights = None;
        let mut pass = Pass::new(self, &chunk);
        pass.forward(None);
        let mut d = pass.d_logits(&chunk, 1.0);
        let layout = self.layout();
        // Class weights are weights of the mean: they are taken out of the sample's own gradient again.
        for (sample, column) in d
            .chunks_exact_mut(layout.fan_out(layout.n_layers() - 1))
            .enumerate()
        {
            let weight = loss.sample_weight(&chunk, sample);
            let inverse = if weight > 0.0 { 1.0 / weight } else { 0.0 };
            column.iter_mut().for_each(|d| *d *= T::of(inverse));
        }
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
        Ok(norms)
    }
}

fn squared_norm<T: Scalar>(values: &[T]) -> f64 {
    values.iter().map(|v| v.to_f64() * v.to_f64()).sum()
}
