//! The buffers of a pass: what lies between the weights of a network, for one chunk of samples.

use std::ops::Range;

use crate::buffer::Buffer;
use crate::cuts::units;
use crate::destination::scratch;
use crate::parameters::Layout;
use crate::{Activation, MlpSpec, Scalar};

/// So many outputs are worth cutting among threads; fewer stay in one part, which the loss can take as it is.
const MANY_OUTPUTS: usize = 64;

/// What lies between the weights: first the inputs, then each hidden layer's units, last the outputs; each in parts, which are
/// computed by one thread each.
pub(crate) type Nodes<T> = Vec<Vec<Part<T>>>;

/// All nodes of a network, each in as many parts as are worth it.
pub(crate) fn nodes<T: Scalar>(
    spec: &MlpSpec,
    layout: &Layout,
    capacity: usize,
    n_parts: usize,
) -> Nodes<T> {
    let last = layout.n_layers();
    let node = |node: usize| {
        let n_units = layout.sizes()[node];
        let (role, n_parts, fan_in) = match node {
            0 => (Role::Inputs, n_parts, 0),
            node if node < last => (Role::Hidden, n_parts, layout.fan_in(node - 1)),
            node if n_units >= MANY_OUTPUTS => (Role::Outputs, n_parts, layout.fan_in(node - 1)),
            node => (Role::Outputs, 1, layout.fan_in(node - 1)),
        };
        units::<T>(n_units, n_parts)
            .into_iter()
            .map(|units| Part::new(spec, role, fan_in, units, capacity))
            .collect()
    };
    (0..=last).map(node).collect()
}

/// Some of a node's units, those that one thread computes; in panels, but for the samples. What is not needed is empty.
#[derive(Debug)]
pub(crate) struct Part<T> {
    /// Which units.
    pub(crate) units: Range<usize>,
    /// What the node hands on: the inputs, or f(z) times the dropout's masks.
    pub(crate) values: Buffer<T>,
    /// f'(z) times the masks, where it cannot be told from the values.
    pub(crate) slopes: Buffer<T>,
    /// First z, then the loss's gradient with respect to it.
    pub(crate) delta: Buffer<T>,
    /// The values sample-major, for the gradient of the weight above; of the inputs, where
    /// they are not taken from the caller as they lie.
    pub(crate) samples: Samples<T>,
    /// The gradient of some rows of the weight below.
    pub(crate) rows: Buffer<T>,
}

/// Numbers sample after sample.
#[derive(Debug)]
pub(crate) struct Samples<T> {
    /// From one sample to the next.
    pub(crate) stride: usize,
    pub(crate) values: Buffer<T>,
}

impl<T: Scalar> Samples<T> {
    fn new(n_units: usize, capacity: usize) -> Self {
        // An odd number of lines, so that samples do not compete for the same places of the cache.
        let stride = (n_units.div_ceil(T::PANEL) | 1) * T::PANEL;
        Self {
            stride,
            values: Buffer::new(stride * capacity),
        }
    }
}

/// What a node is to the passes.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Inputs,
    Hidden,
    Outputs,
}

impl<T: Scalar> Part<T> {
    fn new(
        spec: &MlpSpec,
        role: Role,
        fan_in: usize,
        units: Range<usize>,
        capacity: usize,
    ) -> Self {
        let n_units = units.len();
        let lanes = capacity.next_multiple_of(T::PANEL);
        let room = |needed: bool| Buffer::new(if needed { n_units * lanes } else { 0 });
        let hidden = role == Role::Hidden;
        let rows = if role == Role::Inputs {
            0
        } else {
            scratch::<T>(n_units, fan_in)
        };
        Self {
            values: room(role != Role::Outputs),
            slopes: room(hidden && keeps_slopes(spec)),
            delta: room(role != Role::Inputs),
            samples: Samples::new(n_units, if role == Role::Outputs { 0 } else { capacity }),
            rows: Buffer::new(rows),
            units,
        }
    }
}

/// Whether a hidden layer's slopes are computed with its values, and kept: where they cannot be told from these, because of the
/// activation, or because of dropout (but that a ReLU's are).
fn keeps_slopes(spec: &MlpSpec) -> bool {
    let f = spec.activation;
    f.keeps_slopes() || (spec.dropout > 0.0 && f != Activation::Relu)
}
