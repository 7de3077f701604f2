//! The buffers of a network's passes.

use crate::parameters::Layout;
use crate::{Error, Mlp, MlpSpec, Scalar};

/// How many samples at a time are fastest: their activations stay in the first two levels of cache, and a layer's weights
/// are read once for all of them. What [`Mlp::workspace`] is usually given.
pub const CHUNK: usize = 64;

/// The buffers of a network's passes, allocated once, for chunks of at most so many samples.
#[derive(Clone, Debug)]
pub struct Workspace<T> {
    pub(crate) layout: Layout,
    pub(crate) capacity: usize,
    /// The inputs, in panels.
    pub(crate) inputs: Vec<T>,
    /// Per hidden layer, in panels: f(z).
    pub(crate) activations: Vec<Vec<T>>,
    /// The same for z, where the activation's derivative needs it; else empty.
    pub(crate) preactivations: Vec<Vec<T>>,
    /// The same for the dropout's factors, 0 or `1 / (1 - p)`, and for the activations times them; else empty.
    pub(crate) masks: Vec<Vec<T>>,
    pub(crate) dropped: Vec<Vec<T>>,
    /// Each layer's input, sample-major.
    pub(crate) samples: Vec<Samples<T>>,
    /// In panels: the logits, then the loss's gradient with respect to them.
    pub(crate) logits: Vec<T>,
    /// Of the widest hidden layer, in panels, twice: the gradient with respect to one layer's z and to the one before's.
    pub(crate) deltas: [Vec<T>; 2],
    pub(crate) gradient: Vec<T>,
}

/// A layer's input, sample-major.
#[derive(Clone, Debug)]
pub(crate) struct Samples<T> {
    /// From one sample to the next.
    pub(crate) stride: usize,
    /// Empty where the caller's own samples serve.
    pub(crate) values: Vec<T>,
}

impl<T: Scalar> Samples<T> {
    fn new(fan_in: usize, capacity: usize, is_first: bool) -> Self {
        // An odd number of lines, so that samples do not compete for the same places of the cache.
        let stride = (fan_in.div_ceil(T::PANEL) | 1) * T::PANEL;
        let borrows = is_first && fan_in.is_multiple_of(T::PANEL);
        let length = if borrows { 0 } else { stride * capacity };
        Self {
            stride,
            values: vec![T::zero(); length],
        }
    }
}

impl<T: Scalar> Workspace<T> {
    fn new(spec: &MlpSpec, layout: &Layout, capacity: usize) -> Self {
        let hidden = &layout.sizes()[1..layout.sizes().len() - 1];
        let capacity = capacity.max(1);
        let lanes = capacity.next_multiple_of(T::PANEL);
        let buffers = |needed: bool| -> Vec<Vec<T>> {
            hidden
                .iter()
                .map(|size| vec![T::zero(); if needed { size * lanes } else { 0 }])
                .collect()
        };
        let widest = hidden.iter().max().copied().unwrap_or(0) * lanes;
        let drops = spec.dropout_probability() > 0.0;
        Self {
            layout: layout.clone(),
            capacity,
            inputs: vec![T::zero(); layout.fan_in(0) * lanes],
            activations: buffers(true),
            preactivations: buffers(spec.hidden_activation().needs_preactivation()),
            masks: buffers(drops),
            dropped: buffers(drops),
            samples: (0..layout.n_layers())
                .map(|layer| Samples::new(layout.fan_in(layer), capacity, layer == 0))
                .collect(),
            logits: vec![T::zero(); layout.fan_out(layout.n_layers() - 1) * lanes],
            deltas: [vec![T::zero(); widest], vec![T::zero(); widest]],
            gradient: vec![T::zero(); layout.len()],
        }
    }

    /// Refuses to serve another network than the one it was made for.
    pub(crate) fn check(&self, network: &Mlp<T>) -> Result<(), Error> {
        let (workspace, spec) = (self, network.spec());
        let fits = workspace.layout == *network.layout()
            && workspace
                .masks
                .first()
                .is_none_or(|mask| mask.is_empty() == (spec.dropout_probability() == 0.0))
            && workspace
                .preactivations
                .first()
                .is_none_or(|z| z.is_empty() != spec.hidden_activation().needs_preactivation());
        if fits {
            return Ok(());
        }
        Err(Error::ForeignWorkspace {
            expected: spec.layer_sizes().to_vec(),
            found: workspace.layout.sizes().to_vec(),
        })
    }

    /// How many samples are computed at a time.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<T: Scalar> Mlp<T> {
    /// Buffers for passes over this network (and others of the same spec). Batches of more samples than `max_chunk` are
    /// computed in chunks of it, so that memory does not grow with them; 0 counts as 1. Give it the size of the batch, or
    /// [`CHUNK`] if that is less: larger chunks take more memory and more time.
    pub fn workspace(&self, max_chunk: usize) -> Workspace<T> {
        Workspace::new(self.spec(), self.layout(), max_chunk)
    }
}
