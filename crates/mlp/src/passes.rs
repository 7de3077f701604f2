//! One chunk's forward and backward pass over slices: the hot path.

use crate::batch::Open;
use crate::dropout::Dropout;
use crate::parameters::Layout;
use crate::product::{Accum, Columns, matmul};
use crate::{Activation, MlpSpec, Scalar, Workspace};

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
    let logits = &mut workspace.logits[..chunk.n_samples() * spec.n_outputs()];
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
    let layout = &workspace.layout;
    let n_samples = inputs.n_columns();
    let last = layout.n_layers() - 1;
    let activation = spec.hidden_activation();
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
            matmul(z, Accum::Replace, weight.plain(), input.plain(), T::one());
            Activation::Identity.forward(bias, z, None);
            continue;
        }
        let a = &mut after[0][..size];
        if activation.needs_preactivation() {
            let z = &mut workspace.preactivations[layer][..size];
            matmul(z, Accum::Replace, weight.plain(), input.plain(), T::one());
            activation.forward(bias, z, Some(a));
        } else {
            matmul(a, Accum::Replace, weight.plain(), input.plain(), T::one());
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
    fn add(&mut self, layout: &Layout, layer: usize, d: &[T], input: Columns<'_, T>) {
        let (values, alpha) = match self {
            Self::Gradient { gradient, .. } => (&mut **gradient, T::one()),
            Self::Descent { parameters, alpha } => (&mut **parameters, *alpha),
        };
        let d = Columns::new(d, layout.fan_out(layer));
        matmul(
            &mut values[layout.weight(layer)],
            Accum::Add,
            d.plain(),
            input.transposed(),
            alpha,
        );
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
        matmul(
            d_below,
            Accum::Replace,
            weight.transposed(),
            Columns::new(d, layout.fan_out(layer)).plain(),
            T::one(),
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

/// `0..n` in ranges of at most `size`.
pub(crate) fn chunks(n: usize, size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..n)
        .step_by(size)
        .map(move |start| start..(start + size).min(n))
}
