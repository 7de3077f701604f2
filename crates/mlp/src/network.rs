//! The network: forward, backward by hand, one step of training.

use nalgebra::{DMatrix, DMatrixView};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Open, open_inputs};
use crate::optimizer::check_learning_rate;
use crate::parameters::Layout;
use crate::product::{Columns, multiply, multiply_transposed_lhs, multiply_transposed_rhs_add};
use crate::random::stream;
use crate::{Error, MlpSpec, Optimizer, Parameters, Scalar};

/// The format that [`Mlp`] is saved in.
const FORMAT: u32 = 1;

/// How many samples [`Mlp::logits`] and [`Mlp::predict`] compute at a time: their activations stay in cache.
const CHUNK: usize = 256;

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "Saved<T>", try_from = "Saved<T>", bound = "T: Scalar")]
pub struct Mlp<T> {
    spec: MlpSpec,
    parameters: Parameters<T>,
}

/// The saved form.
#[derive(Serialize, Deserialize)]
#[serde(bound = "T: Scalar")]
struct Saved<T> {
    format: u32,
    spec: MlpSpec,
    parameters: Vec<T>,
}

impl<T: Scalar> From<Mlp<T>> for Saved<T> {
    fn from(network: Mlp<T>) -> Self {
        Self {
            format: FORMAT,
            spec: network.spec,
            parameters: network.parameters.values,
        }
    }
}

impl<T: Scalar> TryFrom<Saved<T>> for Mlp<T> {
    type Error = Error;

    fn try_from(saved: Saved<T>) -> Result<Self, Error> {
        if saved.format != FORMAT {
            return Err(Error::Format {
                what: "network",
                found: saved.format,
                supported: FORMAT,
            });
        }
        let parameters = Parameters::from_vec(saved.spec.layer_sizes(), saved.parameters)?;
        Self::from_parameters(saved.spec, parameters)
    }
}

/// Which units are dropped: a pure function of these two numbers, the layer, and the sample's position in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropoutKey {
    /// The seed of the stream `dropout`.
    pub seed: u64,
    /// The number of the update.
    pub step: u64,
}

/// The buffers of a network's passes, allocated once, for chunks of at most so many samples.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    layout: Layout,
    capacity: usize,
    /// Per hidden layer, `(fan_out, capacity)`: f(z).
    activations: Vec<Vec<T>>,
    /// The same for z, where the activation's derivative needs it; else empty.
    preactivations: Vec<Vec<T>>,
    /// The same for the dropout's factors, 0 or `1 / (1 - p)`, and for the activations times them; else empty.
    masks: Vec<Vec<T>>,
    dropped: Vec<Vec<T>>,
    /// `(n_outputs, capacity)`: the logits, then the loss's gradient with respect to them.
    logits: Vec<T>,
    /// `(widest hidden layer, capacity)`, twice: the gradient with respect to one layer's z and to the one before's.
    deltas: [Vec<T>; 2],
    gradient: Vec<T>,
}

impl<T: Scalar> Workspace<T> {
    fn new(spec: &MlpSpec, layout: &Layout, capacity: usize) -> Self {
        let hidden = &layout.sizes()[1..layout.sizes().len() - 1];
        let buffers = |needed: bool| -> Vec<Vec<T>> {
            hidden
                .iter()
                .map(|size| vec![T::zero(); if needed { size * capacity } else { 0 }])
                .collect()
        };
        let widest = hidden.iter().max().copied().unwrap_or(0) * capacity;
        let drops = spec.dropout_probability() > 0.0;
        Self {
            layout: layout.clone(),
            capacity,
            activations: buffers(true),
            preactivations: buffers(spec.hidden_activation().needs_preactivation()),
            masks: buffers(drops),
            dropped: buffers(drops),
            logits: vec![T::zero(); layout.fan_out(layout.n_layers() - 1) * capacity],
            deltas: [vec![T::zero(); widest], vec![T::zero(); widest]],
            gradient: vec![T::zero(); layout.len()],
        }
    }

    /// How many samples are computed at a time.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

/// Where the backward pass puts what it finds.
enum Destination<'a, T> {
    /// Adds to the gradient.
    Gradient {
        parameters: &'a [T],
        gradient: &'a mut [T],
    },
    /// Adds `alpha` times the gradient to the parameters, layer by layer as soon as the layer's weight is not needed any
    /// more: plain descent without a gradient in memory. Bit for bit other than by way of a gradient, since the product
    /// rounds once less; equal to rounding.
    Descent { parameters: &'a mut [T], alpha: T },
}

impl<T: Scalar> Destination<'_, T> {
    fn parameters(&self) -> &[T] {
        match self {
            Self::Gradient { parameters, .. } => parameters,
            Self::Descent { parameters, .. } => parameters,
        }
    }

    /// Adds a layer's `dW = dZ·Aᵀ` and `db = dZ·1`.
    fn add(&mut self, layout: &Layout, layer: usize, d: &[T], input: Columns<'_, T>) {
        let (values, alpha) = match self {
            Self::Gradient { gradient, .. } => (&mut **gradient, T::one()),
            Self::Descent { parameters, alpha } => (&mut **parameters, *alpha),
        };
        let d = Columns::new(d, layout.fan_out(layer));
        multiply_transposed_rhs_add(&mut values[layout.weight(layer)], alpha, d, input);
        add_row_sums(&mut values[layout.bias(layer)], alpha, d.values);
    }
}

/// `sums += alpha · matrix · 1`.
pub(crate) fn add_row_sums<T: Scalar>(sums: &mut [T], alpha: T, matrix: &[T]) {
    pulp::Arch::new().dispatch(|| {
        for column in matrix.chunks_exact(sums.len()) {
            for (sum, &value) in sums.iter_mut().zip(column) {
                *sum += alpha * value;
            }
        }
    });
}

impl<T: Scalar> Mlp<T> {
    /// A network with these parameters.
    ///
    /// # Errors
    /// A specification that is not valid, or parameters for other layers.
    pub fn from_parameters(spec: MlpSpec, parameters: Parameters<T>) -> Result<Self, Error> {
        spec.validate()?;
        let layout = spec.layout()?;
        if parameters.layout != layout {
            return Err(Error::Length {
                what: "the parameter vector (of other layers)",
                expected: layout.len(),
                found: parameters.values.len(),
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

    pub(crate) fn layout(&self) -> &Layout {
        &self.parameters.layout
    }

    /// Buffers for passes over this network (and others of the same spec). Batches of more samples than `max_chunk` are
    /// computed in chunks of it, so that memory does not grow with them: 256 keeps activations in cache. 0 counts as 1.
    pub fn workspace(&self, max_chunk: usize) -> Workspace<T> {
        Workspace::new(&self.spec, self.layout(), max_chunk.max(1))
    }

    fn check_workspace(&self, workspace: &Workspace<T>) -> Result<(), Error> {
        let fits = workspace.layout == *self.layout()
            && workspace
                .masks
                .first()
                .is_none_or(|mask| mask.is_empty() == (self.spec.dropout_probability() == 0.0))
            && workspace.preactivations.first().is_none_or(|z| {
                z.is_empty() != self.spec.hidden_activation().needs_preactivation()
            });
        if fits {
            return Ok(());
        }
        Err(Error::ForeignWorkspace {
            expected: self.spec.layer_sizes().to_vec(),
            found: workspace.layout.sizes().to_vec(),
        })
    }

    /// The logits of these inputs, shape `(n_outputs, n_samples)`. Allocates; see [`Mlp::forward_into`].
    ///
    /// # Errors
    /// Inputs of the wrong shape.
    pub fn logits(&self, inputs: DMatrixView<'_, T>) -> Result<DMatrix<T>, Error> {
        let mut workspace = self.workspace(inputs.ncols().min(CHUNK));
        let mut logits = DMatrix::zeros(self.spec.n_outputs(), inputs.ncols());
        self.forward_into(inputs, &mut workspace, &mut logits)?;
        Ok(logits)
    }

    /// What the network predicts for these inputs, shape `(n_outputs, n_samples)`: probabilities (cross-entropies),
    /// rates (Poisson), or the numbers themselves.
    ///
    /// # Errors
    /// Inputs of the wrong shape.
    pub fn predict(&self, inputs: DMatrixView<'_, T>) -> Result<DMatrix<T>, Error> {
        let mut outputs = self.logits(inputs)?;
        self.spec
            .loss_function()
            .link(outputs.as_mut_slice(), self.spec.n_outputs());
        Ok(outputs)
    }

    /// Writes the logits of these inputs to a matrix of shape `(n_outputs, n_samples)`. Does not allocate.
    ///
    /// # Errors
    /// Inputs or logits of the wrong shape, a workspace of another network.
    pub fn forward_into(
        &self,
        inputs: DMatrixView<'_, T>,
        workspace: &mut Workspace<T>,
        logits: &mut DMatrix<T>,
    ) -> Result<(), Error> {
        self.check_workspace(workspace)?;
        let inputs = open_inputs(inputs, self.spec.n_inputs())?;
        let (n_outputs, n_samples) = (self.spec.n_outputs(), inputs.n_columns());
        if logits.shape() != (n_outputs, n_samples) {
            return Err(Error::Shape {
                what: "the logits",
                expected_rows: n_outputs,
                expected_columns: n_samples,
                found_rows: logits.nrows(),
                found_columns: logits.ncols(),
            });
        }
        for range in chunks(n_samples, workspace.capacity) {
            self.forward(
                &self.parameters.values,
                inputs.range(range.clone()),
                &mut None,
                workspace,
            );
            logits.as_mut_slice()[range.start * n_outputs..range.end * n_outputs]
                .copy_from_slice(&workspace.logits[..range.len() * n_outputs]);
        }
        Ok(())
    }

    /// The mean loss of a batch, without dropout.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss, a workspace of another network.
    pub fn loss(&self, batch: &Batch<'_, T>, workspace: &mut Workspace<T>) -> Result<f64, Error> {
        self.check_workspace(workspace)?;
        let batch = batch.open(self.spec.n_inputs())?;
        let total = self
            .spec
            .loss_function()
            .total_weight(&batch, self.spec.n_outputs())?;
        let mut sum = 0.0;
        for range in chunks(batch.n_samples(), workspace.capacity) {
            let chunk = batch.range(range);
            sum += self.chunk_loss(&self.parameters.values, &chunk, total, &mut None, workspace);
        }
        Ok(sum / total)
    }

    /// The mean loss of a batch and its gradient with respect to all parameters, which is overwritten. With dropout
    /// where a key is given.
    ///
    /// # Errors
    /// A batch that does not fit the network or its loss; a workspace or a gradient of another network.
    pub fn loss_and_gradient(
        &self,
        batch: &Batch<'_, T>,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut Parameters<T>,
    ) -> Result<f64, Error> {
        self.check_workspace(workspace)?;
        if gradient.layout != *self.layout() {
            let (expected, found) = (self.n_parameters(), gradient.values.len());
            return Err(Error::Length {
                what: "the gradient",
                expected,
                found,
            });
        }
        let batch = batch.open(self.spec.n_inputs())?;
        let total = self
            .spec
            .loss_function()
            .total_weight(&batch, self.spec.n_outputs())?;
        Ok(self.accumulate_gradient(&batch, total, dropout, workspace, &mut gradient.values))
    }

    fn accumulate_gradient(
        &self,
        batch: &Open<'_, T>,
        total: f64,
        dropout: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut [T],
    ) -> f64 {
        gradient.fill(T::zero());
        let mut dropout = self.dropout(dropout);
        let mut sum = 0.0;
        for range in chunks(batch.n_samples(), workspace.capacity) {
            let chunk = batch.range(range);
            sum += self.chunk_loss(
                &self.parameters.values,
                &chunk,
                total,
                &mut dropout,
                workspace,
            );
            let mut destination = Destination::Gradient {
                parameters: &self.parameters.values,
                gradient,
            };
            backward(
                &self.spec,
                &mut destination,
                chunk.inputs,
                dropout.is_some(),
                workspace,
            );
        }
        sum / total
    }

    /// One update on a batch: forward, backward, optimizer. Returns the batch's mean loss before the update. The masks
    /// of dropout are those of `DropoutKey { seed: dropout_seed, step: optimizer.step() }`.
    ///
    /// Allocates nothing.
    ///
    /// # Errors
    /// As [`Mlp::loss_and_gradient`] and [`Optimizer::update`]; and a loss that is not finite, with which the parameters
    /// stay as they were.
    pub fn train_step(
        &mut self,
        batch: &Batch<'_, T>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        dropout_seed: u64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        self.check_workspace(workspace)?;
        check_learning_rate(learning_rate)?;
        if optimizer.n_parameters() != self.n_parameters() {
            let (expected, found) = (self.n_parameters(), optimizer.n_parameters());
            return Err(Error::Length {
                what: "the optimizer's parameter vector",
                expected,
                found,
            });
        }
        let batch = batch.open(self.spec.n_inputs())?;
        let total = self
            .spec
            .loss_function()
            .total_weight(&batch, self.spec.n_outputs())?;
        let key = Some(DropoutKey {
            seed: dropout_seed,
            step: optimizer.step(),
        });
        if optimizer.is_plain_descent() && batch.n_samples() <= workspace.capacity {
            return self.descend(&batch, total, key, optimizer, learning_rate, workspace);
        }
        let mut gradient = std::mem::take(&mut workspace.gradient);
        let loss = self.accumulate_gradient(&batch, total, key, workspace, &mut gradient);
        let updated = finite(loss).and_then(|loss| {
            optimizer
                .update(&mut self.parameters.values, &mut gradient, learning_rate)
                .map(|()| loss)
        });
        workspace.gradient = gradient;
        updated
    }

    /// A step of plain descent on one chunk, without a gradient in memory.
    fn descend(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let mut dropout = self.dropout(key);
        let sum = self.chunk_loss(
            &self.parameters.values,
            batch,
            total,
            &mut dropout,
            workspace,
        );
        let loss = finite(sum / total)?;
        let alpha = T::of(-learning_rate);
        let mut destination = Destination::Descent {
            parameters: &mut self.parameters.values,
            alpha,
        };
        backward(
            &self.spec,
            &mut destination,
            batch.inputs,
            dropout.is_some(),
            workspace,
        );
        optimizer.count_step();
        Ok(loss)
    }

    /// The masks' generator, if there is dropout.
    fn dropout(&self, key: Option<DropoutKey>) -> Option<Dropout> {
        let probability = self.spec.dropout_probability();
        key.filter(|_| probability > 0.0).map(|key| Dropout {
            key,
            probability,
            first_sample: 0,
        })
    }

    /// Forward and loss of one chunk; leaves the gradient with respect to the logits in `workspace.logits`. Returns the
    /// weighted sum of the chunk's losses.
    fn chunk_loss(
        &self,
        parameters: &[T],
        chunk: &Open<'_, T>,
        total: f64,
        dropout: &mut Option<Dropout>,
        workspace: &mut Workspace<T>,
    ) -> f64 {
        self.forward(parameters, chunk.inputs, dropout, workspace);
        let logits = &mut workspace.logits[..chunk.n_samples() * self.spec.n_outputs()];
        self.spec
            .loss_function()
            .gradient_in_place(logits, chunk, total)
    }

    /// One chunk's forward pass; leaves the logits in the workspace.
    fn forward(
        &self,
        parameters: &[T],
        inputs: Columns<'_, T>,
        dropout: &mut Option<Dropout>,
        workspace: &mut Workspace<T>,
    ) {
        let layout = &self.parameters.layout;
        let n_samples = inputs.n_columns();
        let last = layout.n_layers() - 1;
        let activation = self.spec.hidden_activation();
        for layer in 0..=last {
            let (weight, bias) = (
                &parameters[layout.weight(layer)],
                &parameters[layout.bias(layer)],
            );
            let weight = Columns::new(weight, layout.fan_out(layer));
            let size = layout.fan_out(layer) * n_samples;
            let (before, after) = workspace.activations.split_at_mut(layer);
            let input = match layer.checked_sub(1) {
                None => inputs,
                Some(previous) => {
                    let values = if dropout.is_some() {
                        &workspace.dropped[previous]
                    } else {
                        &before[previous]
                    };
                    Columns::new(
                        &values[..layout.fan_in(layer) * n_samples],
                        layout.fan_in(layer),
                    )
                }
            };
            if layer == last {
                let z = &mut workspace.logits[..size];
                multiply(z, weight, input);
                crate::Activation::Identity.forward(bias, z, None);
                continue;
            }
            let a = &mut after[0][..size];
            if activation.needs_preactivation() {
                let z = &mut workspace.preactivations[layer][..size];
                multiply(z, weight, input);
                activation.forward(bias, z, Some(a));
            } else {
                multiply(a, weight, input);
                activation.forward(bias, a, None);
            }
            if let Some(dropout) = dropout {
                let mask = &mut workspace.masks[layer][..size];
                dropout.draw(layer, layout.fan_out(layer), mask);
                for ((dropped, &a), &mask) in workspace.dropped[layer][..size]
                    .iter_mut()
                    .zip(&*a)
                    .zip(&*mask)
                {
                    *dropped = a * mask;
                }
            }
        }
        if let Some(dropout) = dropout {
            dropout.first_sample += n_samples as u64;
        }
    }

    /// Folds the scaling `x' = (x - shift) / scale` of the inputs into the first layer, so that the network takes raw
    /// inputs and gives the same outputs: `W' = W / scale`, `b' = b - W'·shift`. Computed in f64.
    ///
    /// # Errors
    /// Slices that do not have one number a feature, a shift that is not finite, a scale that is 0 or not finite.
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
            crate::error::require(shift.is_finite(), "a feature's shift", shift, "finite")?;
            crate::error::require(
                scale.is_finite() && scale != 0.0,
                "a feature's scale",
                scale,
                "finite and not 0",
            )?;
        }
        for unit in 0..self.layout().fan_out(0) {
            let mut bias = self.parameters.bias(0)[unit].to_f64();
            for feature in 0..n_inputs {
                let weight = &mut self.parameters.weight_mut(0)[(unit, feature)];
                let folded = weight.to_f64() / scale[feature];
                *weight = T::of(folded);
                bias -= folded * shift[feature];
            }
            self.parameters.bias_mut(0)[unit] = T::of(bias);
        }
        Ok(())
    }
}

/// One chunk's backward pass, from the gradient with respect to the logits in the workspace.
///
/// `dZₗ` is known; `dWₗ = dZₗ·Aₗ₋₁ᵀ`, `dbₗ = dZₗ·1`, `dZₗ₋₁ = (Wₗᵀ·dZₗ) ∘ f'(Zₗ₋₁)`. The inputs' gradient is not computed.
fn backward<T: Scalar>(
    spec: &MlpSpec,
    destination: &mut Destination<'_, T>,
    inputs: Columns<'_, T>,
    drops: bool,
    workspace: &mut Workspace<T>,
) {
    let Workspace {
        layout,
        activations,
        preactivations,
        masks,
        dropped,
        logits,
        deltas,
        ..
    } = workspace;
    let n_samples = inputs.n_columns();
    let activation = spec.hidden_activation();
    let [current, previous] = deltas;
    let (mut current, mut previous) = (current, previous);
    for layer in (0..layout.n_layers()).rev() {
        let size = layout.fan_out(layer) * n_samples;
        let d = if layer + 1 == layout.n_layers() {
            &logits[..size]
        } else {
            &current[..size]
        };
        let Some(below) = layer.checked_sub(1) else {
            destination.add(layout, 0, d, inputs);
            return;
        };
        let size_below = layout.fan_in(layer) * n_samples;
        let a = &activations[below][..size_below];
        let d_below = &mut previous[..size_below];
        let weight = Columns::new(
            &destination.parameters()[layout.weight(layer)],
            layout.fan_out(layer),
        );
        multiply_transposed_lhs(d_below, weight, Columns::new(d, layout.fan_out(layer)));
        if drops {
            for (d, &mask) in d_below.iter_mut().zip(&masks[below][..size_below]) {
                *d *= mask;
            }
        }
        let z = if activation.needs_preactivation() {
            &preactivations[below][..size_below]
        } else {
            a
        };
        activation.backward(d_below, z, a);
        let input = if drops {
            &dropped[below][..size_below]
        } else {
            a
        };
        destination.add(layout, layer, d, Columns::new(input, layout.fan_in(layer)));
        std::mem::swap(&mut current, &mut previous);
    }
}

fn finite(loss: f64) -> Result<f64, Error> {
    if loss.is_finite() {
        Ok(loss)
    } else {
        Err(Error::LossNotFinite { loss })
    }
}

/// `0..n` in ranges of at most `size`.
pub(crate) fn chunks(n: usize, size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..n)
        .step_by(size)
        .map(move |start| start..(start + size).min(n))
}

/// The masks of one batch. Each layer has a generator of its own and each unit of each sample one draw of 32 bits at a
/// fixed place, so that the masks do not depend on how the batch is cut into chunks.
struct Dropout {
    key: DropoutKey,
    probability: f64,
    first_sample: u64,
}

impl Dropout {
    fn generator(&self, layer: usize, fan_out: usize) -> ChaCha8Rng {
        let mut rng = stream(self.key.seed, "dropout", self.key.step);
        rng.set_stream(layer as u64);
        rng.set_word_pos(u128::from(self.first_sample) * fan_out as u128);
        rng
    }

    fn draw<T: Scalar>(&self, layer: usize, fan_out: usize, mask: &mut [T]) {
        let mut rng = self.generator(layer, fan_out);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // a probability times 2^32
        let threshold = (self.probability * 2_f64.powi(32)) as u64;
        let kept = T::of(1.0 / (1.0 - self.probability));
        for factor in mask {
            *factor = if u64::from(rng.next_u32()) < threshold {
                T::zero()
            } else {
                kept
            };
        }
    }
}
