//! The loss's curvature: exact Hessian-vector products and the largest eigenvalue.

use std::ops::Range;

use rand_distr::{Distribution, StandardNormal};
use smallbatch_base::{Stream, compiled, generator};

use crate::batch::{Batch, Open};
use crate::cuts::{CHUNK, chunks};
use crate::error::require_finite;
use crate::kernel::{self, AsTheyAre, Source};
use crate::loss::DeltaScale;
use crate::product::{Accum, Columns, matmul};
use crate::{Error, Lanczos, Loss, Mlp, Parameters, Scalar};

/// An eigenvalue of the Hessian, with how it was found.
///
/// ```
/// use nalgebra::dmatrix;
/// use smallbatch_mlp::{Batch, Lanczos, Loss, MlpSpec, Targets};
///
/// let (inputs, targets) = (dmatrix![3.0_f64, -3.0], dmatrix![1.0, 2.0]);
/// let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
/// let network = MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError).build::<f64>(0)?;
/// let largest = network.largest_hessian_eigenvalue(&batch, Lanczos::default())?;
/// // The steepest direction is the weight's, since x² is 9 and the bias's input 1.
/// assert!(largest.direction.as_slice()[0].abs() > 0.99);
/// assert!(2.0 / largest.value < 0.12, "a learning rate of 0.12 diverges");
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenvalue<T> {
    /// The eigenvalue λ: the curvature along its direction. Gradient descent with a rate above 2/λ diverges there.
    pub value: f64,
    /// Its direction, of Euclidean norm 1.
    pub direction: Parameters<T>,
    /// How many Hessian-vector products it took.
    pub products: usize,
    /// Whether the tolerance was reached. If not, the largest eigenvalue is this one or above it.
    pub converged: bool,
}

impl<T: Scalar> Mlp<T> {
    /// H·v: the Hessian of the batch's mean loss with respect to all parameters, times a vector, exactly, at the price of
    /// about two gradients (Pearlmutter 1994, the R-operator). `product` is overwritten. Dropout is off.
    ///
    /// With R{·} the derivative along v of the parameters: `R{Z} = V·A + W·R{A} + v_b`, `R{A} = f'(Z)∘R{Z}`, and back
    /// `R{dZ} = (Vᵀ·dZ' + Wᵀ·R{dZ'})∘f'(Z) + (Wᵀ·dZ')∘f''(Z)∘R{Z}`, where the prime is the layer above;
    /// `R{dW} = R{dZ}·Aᵀ + dZ·R{A}ᵀ`. At the kinks of ReLU and of absolute losses the second derivative counts as 0.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss; a direction or a product of another network;
    /// [`Error::ResultNotFinite`] where something overflows, or the direction is not finite.
    pub fn hessian_vector_product(
        &self,
        batch: &Batch<'_, T>,
        direction: &Parameters<T>,
        product: &mut Parameters<T>,
    ) -> Result<(), Error> {
        let places = [
            ("the values of the direction", direction),
            ("the values of the product", &*product),
        ];
        for (what, other) in places {
            if other.layout != *self.layout() {
                return Err(Error::OtherLayers {
                    what,
                    expected: self.layout().sizes().to_vec(),
                    found: other.layer_sizes().to_vec(),
                });
            }
        }
        let batch = batch.open(self.spec().n_inputs())?;
        let total = self
            .spec()
            .loss
            .total_weight(&batch, self.spec().n_outputs())?;
        product.values.fill(T::zero());
        for range in chunks(batch.n_samples(), CHUNK) {
            let chunk = batch.range(range);
            let mut pass = Pass::new(self, &chunk);
            pass.forward(Some(direction));
            pass.backward(&chunk, total, direction, product);
        }
        match product.values.iter().find(|value| !value.is_finite()) {
            None => Ok(()),
            Some(value) => require_finite("the Hessian times the direction", value.to_f64()),
        }
    }

    /// The largest eigenvalue (the algebraically largest, not the largest in size) of the Hessian of the batch's mean
    /// loss, by the method of Lanczos on exact Hessian-vector products.
    ///
    /// Power iteration would find the largest in size, which may be negative, and of two that differ in sign alone neither: both
    /// are usual, at saddles and for networks on raw inputs, whose output is saturated.
    ///
    /// ```
    /// use nalgebra::dmatrix;
    /// use smallbatch_mlp::{Batch, Lanczos, Loss, MlpSpec, Targets};
    ///
    /// // A linear model with squared error: H is twice the second moment of (x, 1).
    /// let inputs = dmatrix![3.0_f64, -3.0];
    /// let targets = dmatrix![1.0, 2.0];
    /// let batch = Batch::new(inputs.as_view(), Targets::Values(targets.as_view()));
    /// let network = MlpSpec::new([1, 1]).loss(Loss::MeanSquaredError).build::<f64>(0)?;
    /// let largest = network.largest_hessian_eigenvalue(&batch, Lanczos::default())?;
    /// assert!((largest.value - 18.0).abs() < 1e-4 && largest.converged);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss; a tolerance that is not above 0; no products allowed;
    /// [`Error::ResultNotFinite`] where something overflows.
    pub fn largest_hessian_eigenvalue(
        &self,
        batch: &Batch<'_, T>,
        settings: Lanczos,
    ) -> Result<Eigenvalue<T>, Error> {
        settings.validate()?;
        let mut rng = generator(settings.seed, Stream::Lanczos, 0);
        let normal = |_| T::of(StandardNormal.sample(&mut rng));
        let first = (0..self.n_parameters()).map(normal).collect();
        let mut direction = Parameters::<T>::zeros_of(self.layout().clone());
        let mut image = direction.clone();
        let found = settings.largest_eigenvalue(first, |along, product| {
            direction.values.copy_from_slice(along);
            self.hessian_vector_product(batch, &direction, &mut image)?;
            product.copy_from_slice(&image.values);
            Ok(())
        })?;
        direction.values.copy_from_slice(&found.direction);
        Ok(Eigenvalue {
            value: found.value,
            direction,
            products: found.products,
            converged: found.converged,
        })
    }
}

/// All that a forward pass over one chunk leaves, and with a direction its derivative along it. Index `l` of z and rz is
/// the layer whose weight is the l-th; of a and ra its input, so that `a[0]` are the network's inputs.
pub(crate) struct Pass<'a, T: Scalar> {
    network: &'a Mlp<T>,
    n_samples: usize,
    pub(crate) a: Vec<Vec<T>>,
    pub(crate) z: Vec<Vec<T>>,
    ra: Vec<Vec<T>>,
    rz: Vec<Vec<T>>,
}

impl<'a, T: Scalar> Pass<'a, T> {
    pub(crate) fn new(network: &'a Mlp<T>, chunk: &Open<'_, T>) -> Self {
        let inputs = chunk.inputs.to_vec();
        let ra = vec![vec![T::zero(); inputs.len()]];
        Self {
            network,
            n_samples: chunk.n_samples(),
            a: vec![inputs],
            z: Vec::new(),
            ra,
            rz: Vec::new(),
        }
    }

    fn transposed_weight<'m>(&self, parameters: &'m Parameters<T>, layer: usize) -> Columns<'m, T> {
        let layout = self.network.layout();
        // A weight is stored row by row: column by column, that is its transpose.
        Columns::new(
            &parameters.values[layout.weight(layer)],
            layout.fan_in(layer),
        )
    }

    /// The slope f' of a hidden layer at all its z.
    fn slopes(&self, layer: usize) -> Vec<T> {
        let activation = self.network.spec().activation;
        self.z[layer]
            .iter()
            .map(|&z| activation.derivative(z))
            .collect()
    }

    pub(crate) fn forward(&mut self, direction: Option<&Parameters<T>>) {
        let layout = self.network.layout();
        for layer in 0..layout.n_layers() {
            let (fan_in, fan_out) = (layout.fan_in(layer), layout.fan_out(layer));
            let a = Columns::new(&self.a[layer], fan_in);
            let mut z = vec![T::zero(); fan_out * self.n_samples];
            matmul(
                &mut z,
                Accum::Replace,
                self.transposed_weight(self.network.parameters(), layer)
                    .transposed(),
                a.plain(),
                T::one(),
            );
            add_bias(
                &mut z,
                &self.network.parameters().values[layout.bias(layer)],
            );
            let activation = self.network.spec().activation;
            if let Some(direction) = direction {
                let mut rz = vec![T::zero(); z.len()];
                matmul(
                    &mut rz,
                    Accum::Replace,
                    self.transposed_weight(direction, layer).transposed(),
                    a.plain(),
                    T::one(),
                );
                let ra = Columns::new(&self.ra[layer], fan_in);
                matmul(
                    &mut rz,
                    Accum::Add,
                    self.transposed_weight(self.network.parameters(), layer)
                        .transposed(),
                    ra.plain(),
                    T::one(),
                );
                add_bias(&mut rz, &direction.values[layout.bias(layer)]);
                self.ra.push(
                    rz.iter()
                        .zip(&z)
                        .map(|(&rz, &z)| activation.derivative(z) * rz)
                        .collect(),
                );
                self.rz.push(rz);
            }
            self.a
                .push(z.iter().map(|&z| activation.value(z)).collect());
            self.z.push(z);
        }
    }

    /// The gradient of the mean loss with respect to the logits.
    pub(crate) fn d_logits(&self, loss: &Loss, chunk: &Open<'_, T>, total: f64) -> Vec<T> {
        let n_outputs = self.network.spec().n_outputs();
        let mut d = self.z[self.z.len() - 1].clone();
        let mut panels = vec![T::zero(); d.len().next_multiple_of(n_outputs * T::PANEL)];
        let source = Source {
            values: &d,
            stride: n_outputs,
            which: None,
            n_samples: self.n_samples,
        };
        into_panels(source, &(0..n_outputs), &mut panels);
        let mut losses = vec![0.0; self.n_samples.div_ceil(T::PANEL)];
        loss_gradient(
            loss,
            &mut panels,
            chunk,
            DeltaScale::mean(total),
            &mut losses,
        );
        from_panels(&panels, n_outputs, self.n_samples, &mut d, n_outputs);
        d
    }

    /// `Wᵀ·d` of a layer: the gradient with respect to its input.
    pub(crate) fn d_input(&self, layer: usize, d: &[T]) -> Vec<T> {
        let layout = self.network.layout();
        let mut below = vec![T::zero(); layout.fan_in(layer) * self.n_samples];
        let weight = self.transposed_weight(self.network.parameters(), layer);
        matmul(
            &mut below,
            Accum::Replace,
            weight.plain(),
            Columns::new(d, layout.fan_out(layer)).plain(),
            T::one(),
        );
        below
    }

    /// `d ∘ f'(z)` of the layer below.
    pub(crate) fn through_activation(&self, layer_below: usize, d: &mut [T]) {
        for (d, slope) in d.iter_mut().zip(self.slopes(layer_below)) {
            *d *= slope;
        }
    }

    /// Adds the chunk's part of H·v to `product`.
    fn backward(
        &self,
        chunk: &Open<'_, T>,
        total: f64,
        direction: &Parameters<T>,
        product: &mut Parameters<T>,
    ) {
        let layout = self.network.layout();
        let activation = self.network.spec().activation;
        let last = layout.n_layers() - 1;
        let loss = &self.network.spec().loss;
        let mut d = self.d_logits(loss, chunk, total);
        let mut rd = self.rz[last].clone();
        loss.hessian_times(&mut rd, &self.z[last], chunk, total);
        for layer in (0..=last).rev() {
            let (fan_in, fan_out) = (layout.fan_in(layer), layout.fan_out(layer));
            let (dz, rdz) = (Columns::new(&d, fan_out), Columns::new(&rd, fan_out));
            let weight = &mut product.values[layout.weight(layer)];
            matmul(
                weight,
                Accum::Add,
                Columns::new(&self.a[layer], fan_in).plain(),
                rdz.transposed(),
                T::one(),
            );
            matmul(
                weight,
                Accum::Add,
                Columns::new(&self.ra[layer], fan_in).plain(),
                dz.transposed(),
                T::one(),
            );
            add_row_sums(&mut product.values[layout.bias(layer)], &rd);
            let Some(below) = layer.checked_sub(1) else {
                return;
            };
            let da = self.d_input(layer, &d);
            let mut rda = self.d_input(layer, &rd);
            matmul(
                &mut rda,
                Accum::Add,
                self.transposed_weight(direction, layer).plain(),
                dz.plain(),
                T::one(),
            );
            let slopes = self.slopes(below);
            rd = (0..da.len())
                .map(|i| {
                    let second = activation.second_derivative(self.z[below][i]);
                    rda[i] * slopes[i] + da[i] * second * self.rz[below][i]
                })
                .collect();
            d = da
                .iter()
                .zip(&slopes)
                .map(|(&da, &slope)| da * slope)
                .collect();
        }
    }
}

compiled! {
    fn loss_gradient(
        loss: &'a Loss,
        logits: &'a mut [T],
        chunk: &'a Open<'a, T>,
        scale: DeltaScale,
        losses: &'a mut [f64],
    ) -> () = Loss::gradient_in_place;

    fn into_panels(source: Source<'a, T>, rows: &'a Range<usize>, panels: &'a mut [T]) -> ()
        = (|source, rows, panels| kernel::into_panels(source, AsTheyAre, rows, panels, None));

    fn from_panels(
        panels: &'a [T],
        n_rows: usize,
        n_samples: usize,
        samples: &'a mut [T],
        stride: usize,
    ) -> () = kernel::from_panels;
}

/// Adds the bias to each column.
fn add_bias<T: Scalar>(z: &mut [T], bias: &[T]) {
    for column in z.chunks_exact_mut(bias.len()) {
        for (z, &b) in column.iter_mut().zip(bias) {
            *z += b;
        }
    }
}

/// `sums += matrix · 1`.
fn add_row_sums<T: Scalar>(sums: &mut [T], matrix: &[T]) {
    for column in matrix.chunks_exact(sums.len()) {
        for (sum, &value) in sums.iter_mut().zip(column) {
            *sum += value;
        }
    }
}
