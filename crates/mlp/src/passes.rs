//! One chunk's forward and backward pass over slices: the hot path. `kernel` explains the layouts.
//!
//! Steps that are cut by samples instead are in `step`; they run these passes each on one thread.
//!
//! What lies between the weights, the *nodes*, is cut into parts by units, and each part is computed by one thread: its
//! values from all parts of the node below, its deltas from all parts of the node above, and its rows of the weight below.
//! So no two threads write the same number, and none is summed in another order than by one thread.

use std::ops::Range;

use smallbatch_base::limits;

use crate::activation::{map, map_with_slopes, scale_by, scale_by_slope};
use crate::batch::Open;
use crate::buffer::Buffer;
use crate::cuts::WORTH_SHARING;
use crate::destination::Destination;
use crate::dropout::{Dropout, DropoutKey};
use crate::inputs::Inputs;
use crate::kernel::{
    Copies, Gradient, Input, forward as product, from_panels, input_gradient, one_sample,
};
use crate::loss::DeltaScale;
use crate::nodes::{Nodes, Part, Samples, nodes};
use crate::parameters::Layout;
use crate::team::Team;
use crate::{Activation, MlpSpec, Scalar};

/// Fewer numbers than this are not worth copying by another thread.
const WORTH_COPYING: usize = 16 * 1024;

/// What a forward pass is for.
pub(crate) enum Mode {
    /// The outputs alone.
    Evaluate,
    /// A backward pass after it, with dropout or without.
    Learn(Option<Dropout>),
}

impl Mode {
    /// A forward pass with a backward one after it, for the samples from this one on; with dropout where there are a key and a
    /// probability.
    #[inline]
    pub(crate) fn learn(spec: &MlpSpec, key: Option<DropoutKey>, first_sample: u64) -> Self {
        let probability = spec.dropout;
        let key = key.filter(|_| probability > 0.0);
        Self::Learn(key.map(|key| Dropout::new(key, probability, first_sample)))
    }

    fn learns(&self) -> bool {
        match self {
            Self::Evaluate => false,
            Self::Learn(_) => true,
        }
    }

    fn dropout(&self) -> Option<&Dropout> {
        match self {
            Self::Evaluate => None,
            Self::Learn(dropout) => dropout.as_ref(),
        }
    }

    /// The next chunk's samples follow these.
    fn goes_on(&mut self, n_samples: usize) {
        if let Self::Learn(Some(dropout)) = self {
            dropout.first_sample += n_samples as u64;
        }
    }
}

/// The buffers of the passes over one chunk of samples, and the team that computes them.
#[derive(Debug)]
pub(crate) struct Passes<T> {
    pub(crate) layout: Layout,
    /// How many samples a chunk has at most.
    pub(crate) capacity: usize,
    pub(crate) team: Team,
    pub(crate) nodes: Nodes<T>,
    /// In panels: all logits, then the loss's gradient with respect to them, where the outputs are in several parts.
    pub(crate) logits: Buffer<T>,
    /// Panel by panel.
    pub(crate) losses: Vec<f64>,
}

impl<T: Scalar> Passes<T> {
    /// For chunks of so many samples, or as many as the limit allows.
    pub(crate) fn new(spec: &MlpSpec, layout: &Layout, capacity: usize, n_threads: usize) -> Self {
        // More at a time than the limit would find no memory, and chunks give the same.
        let n_units = layout
            .sizes()
            .iter()
            .fold(0, |sum: usize, size| sum.saturating_add(*size));
        let capacity = capacity.clamp(1, (limits::MOST_ACTIVATIONS / n_units.max(1)).max(1));
        let nodes = nodes::<T>(spec, layout, capacity, n_threads);
        let lanes = capacity.next_multiple_of(T::PANEL);
        let last = layout.n_layers();
        let joined = if nodes[last].len() > 1 {
            layout.sizes()[last] * lanes
        } else {
            0
        };
        Self {
            layout: layout.clone(),
            capacity,
            team: Team::new(n_threads),
            nodes,
            logits: Buffer::new(joined),
            losses: vec![0.0; lanes / T::PANEL],
        }
    }

    /// One chunk's forward pass; leaves the logits in the last node.
    pub(crate) fn forward(
        &mut self,
        spec: &MlpSpec,
        parameters: &[T],
        inputs: Inputs<'_, T>,
        mode: &mut Mode,
    ) {
        let Self {
            layout,
            team,
            nodes,
            logits,
            ..
        } = self;
        let n_samples = inputs.n_samples();
        let n_panels = n_samples.div_ceil(T::PANEL);
        let n_layers = layout.n_layers();
        let is_large = layout.fan_in(0) * n_samples >= WORTH_COPYING;
        let learns = mode.learns();
        let is_copied = learns && inputs.sample_major().is_none();
        team.each(is_large, nodes[0].iter_mut(), |part| {
            let copies = is_copied.then_some(Copies {
                stride: part.samples.stride,
                values: &mut part.samples.values,
            });
            inputs.into_panels(&part.units, &mut part.values, copies);
        });
        for layer in 0..n_layers {
            let step = Forward {
                layout,
                layer,
                weight: &parameters[layout.weight(layer)],
                bias: &parameters[layout.bias(layer)],
                activation: spec.activation,
                dropout: mode.dropout(),
                learns,
                n_samples,
            };
            let (below, above) = nodes.split_at_mut(layer + 1);
            let (below, above) = (&below[layer], &mut above[0]);
            let is_large = step.weight.len() * n_panels * T::PANEL >= WORTH_SHARING;
            team.each(is_large, above.iter_mut(), |part| step.run(below, part));
        }
        mode.goes_on(n_samples);
        let outputs = &nodes[n_layers];
        if outputs.len() > 1 {
            for part in outputs {
                let lines = lines_of(part, spec.n_outputs(), n_panels);
                for (part, lines) in part
                    .delta
                    .chunks_exact(part.units.len() * T::PANEL)
                    .zip(lines)
                {
                    logits[lines].copy_from_slice(part);
                }
            }
        }
    }

    /// The weighted sum of the losses of the logits that a forward pass left, which become its gradient with respect to them, scaled.
    pub(crate) fn loss(&mut self, spec: &MlpSpec, chunk: &Open<'_, T>, scale: DeltaScale) -> f64 {
        let n_panels = chunk.n_samples().div_ceil(T::PANEL);
        let last = self.nodes.len() - 1;
        let (outputs, joined) = (&mut self.nodes[last], &mut self.logits);
        let size = n_panels * T::PANEL * spec.n_outputs();
        let loss = &spec.loss;
        let losses = &mut self.losses[..n_panels];
        if let [outputs] = &mut outputs[..] {
            loss.gradient_in_place(&mut outputs.delta[..size], chunk, scale, losses);
            return losses.iter().sum();
        }
        loss.gradient_in_place(&mut joined[..size], chunk, scale, losses);
        for part in outputs {
            let lines = lines_of(part, spec.n_outputs(), n_panels);
            for (part, lines) in part
                .delta
                .chunks_exact_mut(part.units.len() * T::PANEL)
                .zip(lines)
            {
                part.copy_from_slice(&joined[lines]);
            }
        }
        losses.iter().sum()
    }

    /// Writes the logits that a forward pass of `n_samples` left, column by column.
    pub(crate) fn copy_logits(&self, n_samples: usize, logits: &mut [T]) {
        let n_outputs = logits.len() / n_samples;
        let panels = match &self.nodes[self.nodes.len() - 1][..] {
            [outputs] => &outputs.delta,
            _ => &self.logits,
        };
        from_panels(panels, n_outputs, n_samples, logits, n_outputs);
    }

    /// One chunk's backward pass, from the gradient with respect to the logits in the last node.
    ///
    /// `dZₗ` is known; `dZₗ₋₁ = (Wₗᵀ·dZₗ) ∘ f'(Zₗ₋₁)`, then `dWₗ = dZₗ·Aₗ₋₁ᵀ`, `dbₗ = dZₗ·1`. The inputs' gradient is not
    /// computed.
    pub(crate) fn backward(
        &mut self,
        spec: &MlpSpec,
        destination: &mut Destination<'_, T>,
        inputs: Inputs<'_, T>,
        mode: &Mode,
    ) {
        let n_samples = inputs.n_samples();
        for layer in (0..self.layout.n_layers()).rev() {
            if layer > 0 {
                let parameters = destination.parameters();
                self.propagate_one(spec, parameters, layer, n_samples, mode);
            }
            self.update_one(destination, layer, inputs);
        }
    }

    /// What a backward pass does with the weights, once all gradients with respect to units are known.
    pub(crate) fn update_layers(
        &mut self,
        destination: &mut Destination<'_, T>,
        inputs: Inputs<'_, T>,
    ) {
        for layer in (0..self.layout.n_layers()).rev() {
            self.update_one(destination, layer, inputs);
        }
    }

    /// Of one layer.
    fn update_one(
        &mut self,
        destination: &mut Destination<'_, T>,
        layer: usize,
        inputs: Inputs<'_, T>,
    ) {
        let n_samples = inputs.n_samples();
        let n_panels = n_samples.div_ceil(T::PANEL);
        let Self {
            layout,
            team,
            nodes,
            ..
        } = self;
        let is_large = layout.weight(layer).len() * n_panels * T::PANEL >= WORTH_SHARING;
        let (below, above) = nodes.split_at_mut(layer + 1);
        let (below, above) = (&below[layer], &mut above[0]);
        let mut layer_target = destination.layer(layout, layer);
        let targets = above.iter_mut().map(|part| {
            let target = layer_target.split_off(part.units.len());
            (part, target)
        });
        let inputs = below.iter().map(|part| {
            let input = input_of(part, layer, &inputs);
            (part.units.clone(), input)
        });
        team.each(is_large, targets, |(part, target)| {
            let size = part.units.len() * n_panels * T::PANEL;
            let delta = &part.delta[..size];
            target.add(n_samples, delta, inputs.clone(), &mut part.rows);
        });
    }

    /// The gradients of one chunk's loss with respect to all units, from that with respect to the logits: a backward pass but
    /// for the weights.
    pub(crate) fn propagate(
        &mut self,
        spec: &MlpSpec,
        parameters: &[T],
        n_samples: usize,
        mode: &Mode,
    ) {
        for layer in (1..self.layout.n_layers()).rev() {
            self.propagate_one(spec, parameters, layer, n_samples, mode);
        }
    }

    /// Through one layer; not the first: the inputs' gradient is not computed.
    fn propagate_one(
        &mut self,
        spec: &MlpSpec,
        parameters: &[T],
        layer: usize,
        n_samples: usize,
        mode: &Mode,
    ) {
        let Self {
            layout,
            team,
            nodes,
            ..
        } = self;
        let (below, above) = nodes.split_at_mut(layer + 1);
        let (below, above) = (&mut below[layer], &above[0]);
        let step = Backward {
            weight: &parameters[layout.weight(layer)],
            fan_in: layout.fan_in(layer),
            activation: spec.activation,
            kept: mode.dropout().map(Dropout::kept),
            n_samples,
        };
        let is_large = step.weight.len() * n_samples.next_multiple_of(T::PANEL) >= WORTH_SHARING;
        team.each(is_large, below.iter_mut(), |part| step.run(above, part));
    }
}

/// Where a part's lines lie in the panels of its whole node.
fn lines_of<T: Scalar>(
    part: &Part<T>,
    n_units: usize,
    n_panels: usize,
) -> impl Iterator<Item = Range<usize>> + use<T> {
    let units = part.units.clone();
    (0..n_panels).map(move |panel| {
        let start = panel * n_units * T::PANEL;
        start + units.start * T::PANEL..start + units.end * T::PANEL
    })
}

/// The logits of one sample, which are written to `logits`: without panels, by the calling thread alone.
pub(crate) fn forward_one<T: Scalar>(
    spec: &MlpSpec,
    parameters: &[T],
    sample: &[T],
    layout: &Layout,
    [a, z]: &mut [Vec<T>; 2],
    logits: &mut [T],
) {
    let last = layout.n_layers() - 1;
    let mut input = sample;
    for layer in 0..last {
        let z = &mut z[..layout.fan_out(layer)];
        let (weight, bias) = (
            &parameters[layout.weight(layer)],
            &parameters[layout.bias(layer)],
        );
        one_sample(z, weight, bias, input);
        let a = &mut a[..z.len()];
        map(spec.activation, z, a);
        input = a;
    }
    let (weight, bias) = (
        &parameters[layout.weight(last)],
        &parameters[layout.bias(last)],
    );
    one_sample(logits, weight, bias, input);
}

/// One layer's forward pass.
struct Forward<'a, T> {
    layout: &'a Layout,
    layer: usize,
    weight: &'a [T],
    bias: &'a [T],
    activation: Activation,
    dropout: Option<&'a Dropout>,
    learns: bool,
    n_samples: usize,
}

impl<T: Scalar> Forward<'_, T> {
    /// `Z = W·A + b`, `A = f(Z)`, for some units.
    fn run(&self, below: &[Part<T>], part: &mut Part<T>) {
        let Part {
            units,
            values,
            slopes,
            delta,
            ..
        } = part;
        let n_panels = self.n_samples.div_ceil(T::PANEL);
        let size = units.len() * n_panels * T::PANEL;
        let fan_in = self.layout.fan_in(self.layer);
        let is_last = self.layer + 1 == self.layout.n_layers();
        let rectifies = !is_last && self.activation == Activation::Relu;
        let weight = &self.weight[units.start * fan_in..units.end * fan_in];
        let bias = &self.bias[units.clone()];
        let product = |z: &mut [T]| {
            for input in below {
                let inputs = input.units.clone();
                product(z, weight, bias, &input.values, inputs, n_panels, rectifies);
            }
        };
        if rectifies {
            product(&mut values[..size]);
        } else {
            // z need not outlive this: the room for deltas is free as yet.
            product(&mut delta[..size]);
        }
        if is_last {
            return;
        }
        let (z, values) = (&delta.get(..size).unwrap_or_default(), &mut values[..size]);
        let slopes = if self.learns && !slopes.is_empty() {
            &mut slopes[..size]
        } else {
            &mut []
        };
        match (rectifies, slopes.is_empty()) {
            (true, _) => {}
            (false, true) => map(self.activation, z, values),
            (false, false) => map_with_slopes(self.activation, z, values, slopes),
        }
        if let Some(dropout) = self.dropout {
            dropout.apply(self.layer, units.clone(), self.n_samples, values, slopes);
        }
    }
}

/// The samples of some of a layer's inputs for its weight's gradient: of the first layer as the caller has them, where they
/// lie as they must.
pub(crate) fn input_of<'a, T: Scalar>(
    part: &'a Part<T>,
    layer: usize,
    inputs: &Inputs<'a, T>,
) -> Input<'a, T> {
    match inputs.sample_major().filter(|_| layer == 0) {
        Some(all) => Input {
            values: all.values,
            stride: all.n_rows,
            start: part.units.start,
        },
        None => Input {
            values: &part.samples.values,
            stride: part.samples.stride,
            start: 0,
        },
    }
}

/// One layer's gradient with respect to the node below.
struct Backward<'a, T> {
    weight: &'a [T],
    fan_in: usize,
    activation: Activation,
    /// What dropout multiplied the units by that it kept.
    kept: Option<T>,
    n_samples: usize,
}

impl<T: Scalar> Backward<'_, T> {
    /// `dZ = (Wᵀ·dZ above) ∘ f'(Z)` for some units, and these units' values sample-major, for the weight's own gradient.
    fn run(&self, above: &[Part<T>], part: &mut Part<T>) {
        let Part {
            units,
            values,
            slopes,
            delta,
            samples,
            ..
        } = part;
        let n_panels = self.n_samples.div_ceil(T::PANEL);
        let size = units.len() * n_panels * T::PANEL;
        let (a, d) = (&values[..size], &mut delta[..size]);
        // A ReLU's units that are 0 were negative, or dropped.
        let rectifies = self.activation == Activation::Relu;
        for above in above {
            let gradient = Gradient {
                output: &mut *d,
                rectified: rectifies.then_some(a),
                factor: self.kept,
            };
            input_gradient(
                gradient,
                self.weight,
                self.fan_in,
                &above.delta,
                above.units.clone(),
                units.clone(),
                n_panels,
            );
        }
        if !slopes.is_empty() {
            scale_by(d, &slopes[..size]);
        } else if !rectifies {
            scale_by_slope(self.activation, d, a);
        }
        let Samples { stride, values } = samples;
        let values = &mut values[..self.n_samples * *stride];
        from_panels(a, units.len(), self.n_samples, values, *stride);
    }
}
