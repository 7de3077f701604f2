//! One chunk's forward and backward pass over slices: the hot path. `kernel` explains the layouts.

use crate::activation::{map, scale_by_slope};
use crate::batch::Open;
use crate::dropout::Dropout;
use crate::kernel::{
    Input, forward as product, from_panels, input_gradient, into_panels, weight_gradient,
};
use crate::parameters::Layout;
use crate::product::Columns;
use crate::vectorized::vectorized;
use crate::workspace::Samples;
use crate::{MlpSpec, Scalar, Workspace};

/// Forward and loss of one chunk; leaves the gradient with respect to the logits in `workspace.logits`. Returns the
/// weighted sum of the chunk's losses.
pub(crate) fn chunk_loss<T: Scalar>(
    spec: &MlpSpec,
    parameters: &[T],
    chunk: &Open<'_, T>,
    total: f64,
    dropout: &mut Option<Dropout>,
    workspace: &mut Workspace<T>,
) -> f64 {
    forward(spec, parameters, chunk.inputs, dropout, workspace);
    loss_of_logits(spec, chunk, total, workspace)
}

/// The loss of the logits that a forward pass left, which become its gradient with respect to them.
pub(crate) fn loss_of_logits<T: Scalar>(
    spec: &MlpSpec,
    chunk: &Open<'_, T>,
    total: f64,
    workspace: &mut Workspace<T>,
) -> f64 {
    let n_panels = chunk.n_samples().div_ceil(T::PANEL);
    let logits = &mut workspace.logits[..n_panels * T::PANEL * spec.n_outputs()];
    spec.loss_function().gradient_in_place(logits, chunk, total)
}

/// One chunk's forward pass; leaves the logits in the workspace.
pub(crate) fn forward<T: Scalar>(
    spec: &MlpSpec,
    parameters: &[T],
    inputs: Columns<'_, T>,
    dropout: &mut Option<Dropout>,
    workspace: &mut Workspace<T>,
) {
    let Workspace {
        layout,
        inputs: input_panels,
        activations,
        preactivations,
        masks,
        dropped,
        logits,
        deltas,
        ..
    } = workspace;
    let n_samples = inputs.n_columns();
    let n_panels = n_samples.div_ceil(T::PANEL);
    let last = layout.n_layers() - 1;
    let activation = spec.hidden_activation();
    let n_inputs = layout.fan_in(0);
    into_panels(inputs.values, n_inputs, n_samples, n_inputs, input_panels);
    for layer in 0..=last {
        let weight = &parameters[layout.weight(layer)];
        let bias = &parameters[layout.bias(layer)];
        let size = layout.fan_out(layer) * n_panels * T::PANEL;
        let (before, after) = activations.split_at_mut(layer);
        let input = match layer.checked_sub(1) {
            None => &input_panels[..],
            Some(previous) if dropout.is_some() => &dropped[previous],
            Some(previous) => &before[previous],
        };
        if layer == last {
            product(&mut logits[..size], weight, bias, input, n_panels);
            continue;
        }
        let a = &mut after[0][..size];
        // Where the backward pass does not ask for z, it need not outlive this: the room for deltas is free as yet.
        let z = if activation.needs_preactivation() {
            &mut preactivations[layer][..size]
        } else {
            &mut deltas[0][..size]
        };
        product(z, weight, bias, input, n_panels);
        map(activation, z, a);
        if let Some(dropout) = dropout {
            let mask = &mut masks[layer][..size];
            dropout.draw(layer, layout.fan_out(layer), n_samples, mask);
            for ((dropped, &a), &mask) in dropped[layer][..size].iter_mut().zip(&*a).zip(&*mask) {
                *dropped = a * mask;
            }
        }
    }
    if let Some(dropout) = dropout {
        dropout.first_sample += n_samples as u64;
    }
}

/// Writes the logits that a forward pass of `n_samples` left, column by column.
pub(crate) fn copy_logits<T: Scalar>(workspace: &Workspace<T>, n_samples: usize, logits: &mut [T]) {
    let n_outputs = logits.len() / n_samples;
    from_panels(&workspace.logits, n_outputs, n_samples, logits, n_outputs);
}

/// Where the backward pass puts what it finds.
pub(crate) enum Destination<'a, T> {
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
    fn add(&mut self, layout: &Layout, layer: usize, delta: &[T], input: Input<'_, T>) {
        let (values, alpha) = match self {
            Self::Gradient { gradient, .. } => (&mut **gradient, T::one()),
            Self::Descent { parameters, alpha } => (&mut **parameters, *alpha),
        };
        let panel = layout.fan_out(layer) * T::PANEL;
        weight_gradient(
            &mut values[layout.weight(layer)],
            alpha,
            delta,
            panel,
            input,
        );
        add_row_sums(&mut values[layout.bias(layer)], alpha, delta);
    }
}

vectorized! {
    /// `sums += alpha · panels · 1`. Lanes beyond the last sample are zero.
    fn add_row_sums(sums: &'a mut [T], alpha: T, panels: &'a [T]) -> () = add_row_sums_loop;
}

#[inline(always)]
fn add_row_sums_loop<T: Scalar>(sums: &mut [T], alpha: T, panels: &[T]) {
    for panel in panels.chunks_exact(sums.len() * T::PANEL) {
        for (sum, line) in sums.iter_mut().zip(panel.chunks_exact(T::PANEL)) {
            // Quarters first: four chains of additions instead of one.
            let mut quarters = [T::zero(); 4];
            for four in line.chunks_exact(4) {
                for (quarter, &value) in quarters.iter_mut().zip(four) {
                    *quarter += value;
                }
            }
            let [a, b, c, d] = quarters;
            *sum += alpha * ((a + b) + (c + d));
        }
    }
}

/// One chunk's backward pass, from the gradient with respect to the logits in the workspace.
///
/// `dZₗ` is known; `dWₗ = dZₗ·Aₗ₋₁ᵀ`, `dbₗ = dZₗ·1`, `dZₗ₋₁ = (Wₗᵀ·dZₗ) ∘ f'(Zₗ₋₁)`. The inputs' gradient is not computed.
pub(crate) fn backward<T: Scalar>(
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
        samples,
        logits,
        deltas,
        ..
    } = workspace;
    let n_samples = inputs.n_columns();
    let n_panels = n_samples.div_ceil(T::PANEL);
    let activation = spec.hidden_activation();
    let [current, previous] = deltas;
    let (mut current, mut previous) = (current, previous);
    for layer in (0..layout.n_layers()).rev() {
        let size = layout.fan_out(layer) * n_panels * T::PANEL;
        let d = if layer + 1 == layout.n_layers() {
            &logits[..size]
        } else {
            &current[..size]
        };
        let Some(below) = layer.checked_sub(1) else {
            let input = sample_major(&mut samples[0], inputs);
            destination.add(layout, 0, d, input);
            return;
        };
        let fan_in = layout.fan_in(layer);
        let size_below = fan_in * n_panels * T::PANEL;
        let a = &activations[below][..size_below];
        let d_below = &mut previous[..size_below];
        let weight = &destination.parameters()[layout.weight(layer)];
        input_gradient(
            d_below,
            weight,
            layout.fan_out(layer),
            d,
            0..fan_in,
            n_panels,
        );
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
        scale_by_slope(activation, d_below, z, a);
        let Samples { stride, values } = &mut samples[layer];
        let input = if drops {
            &dropped[below][..size_below]
        } else {
            a
        };
        let values = &mut values[..n_samples * *stride];
        from_panels(input, fan_in, n_samples, values, *stride);
        let input = Input {
            values,
            fan_in,
            stride: *stride,
        };
        destination.add(layout, layer, d, input);
        std::mem::swap(&mut current, &mut previous);
    }
}

/// The network's inputs as the weight's gradient takes them: themselves where samples end with a line of cache, else
/// copied to where they do.
fn sample_major<'a, T: Scalar>(
    samples: &'a mut Samples<T>,
    inputs: Columns<'a, T>,
) -> Input<'a, T> {
    let (n_samples, fan_in) = (inputs.n_columns(), inputs.n_rows);
    let Samples { stride, values } = samples;
    if values.is_empty() {
        return Input {
            values: inputs.values,
            fan_in,
            stride: fan_in,
        };
    }
    let values = &mut values[..n_samples * *stride];
    for (copy, sample) in values
        .chunks_exact_mut(*stride)
        .zip(inputs.values.chunks_exact(fan_in))
    {
        copy[..fan_in].copy_from_slice(sample);
    }
    Input {
        values,
        fan_in,
        stride: *stride,
    }
}

/// `0..n` in ranges of at most `size`.
pub(crate) fn chunks(n: usize, size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..n)
        .step_by(size)
        .map(move |start| start..(start + size).min(n))
}
