//! The buffers of a network's passes, and who works on them.

use std::ops::Range;

use crate::buffer::Buffer;
use crate::error::require;
use crate::parameters::Layout;
use crate::shards::{Piece, SMALL, pieces, shard_capacity};
use crate::team::{MOST, Team};
use crate::{Activation, Error, Mlp, MlpSpec, Scalar};

/// How many samples at a time are fastest: a layer's weights are read once for all of them, and their activations stay in the
/// second level of cache, or near it. What [`Mlp::workspace`] is usually given. (784-512-512-10 on 10,000 samples at a time:
/// 1.1 times as fast as in chunks of 64 by two threads, and not slower by one or in small networks.)
pub const CHUNK: usize = 256;

/// So many outputs are worth cutting among threads; fewer stay in one part, which the loss can take as it is.
const MANY_OUTPUTS: usize = 64;

/// A weight's rows that are updated at a time: their gradient stays in the first level of cache.
const BLOCK_BYTES: usize = 96 * 1024;

/// How many rows of a weight the kernel takes at a time.
const TILE_ROWS: usize = 24;

/// The buffers of a network's passes, allocated once, for chunks of at most so many samples; and the threads that work on
/// them together.
///
/// ```
/// use smallbatch_mlp::{CHUNK, MlpSpec};
///
/// let network = MlpSpec::new([784, 128, 10]).build::<f32>(0)?;
/// let workspace = network.workspace(32);
/// assert_eq!((workspace.capacity(), workspace.threads()), (32, 1));
/// let shared = network.workspace_with_threads(CHUNK, 2)?;
/// assert_eq!(shared.threads(), 2);
/// # Ok::<(), smallbatch_mlp::Error>(())
/// ```
#[derive(Debug)]
pub struct Workspace<T> {
    pub(crate) spec: MlpSpec,
    pub(crate) layout: Layout,
    pub(crate) capacity: usize,
    pub(crate) team: Team,
    n_threads: usize,
    /// What lies between the weights: first the inputs, then each hidden layer's units, last the outputs.
    pub(crate) nodes: Vec<Vec<Part<T>>>,
    /// In panels: all logits, then the loss's gradient with respect to them, where the outputs are in several parts.
    pub(crate) logits: Buffer<T>,
    /// One chunk's, panel by panel.
    pub(crate) losses: Vec<f64>,
    pub(crate) gradient: Vec<T>,
    /// Of the widest layer, for one sample: a layer's inputs and its outputs.
    pub(crate) single: [Vec<T>; 2],
    /// Of each thread, where small networks are cut by samples; else none.
    pub(crate) shards: Vec<Workspace<T>>,
    /// Which of the parameters each of these threads changes then.
    pub(crate) pieces: Vec<Piece>,
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
            (block_rows::<T>(fan_in).min(n_units) * fan_in).max(n_units)
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
    let f = spec.hidden_activation();
    f.keeps_slopes() || (spec.dropout_probability() > 0.0 && f != Activation::Relu)
}

/// How many rows of a weight are updated at a time.
pub(crate) fn block_rows<T>(fan_in: usize) -> usize {
    (BLOCK_BYTES / size_of::<T>() / fan_in / TILE_ROWS).max(1) * TILE_ROWS
}

/// `0..n_units` in up to `n_parts` ranges that are as equal as whole lines of cache allow.
fn cut<T: Scalar>(n_units: usize, n_parts: usize) -> Vec<Range<usize>> {
    let lines = n_units.div_ceil(T::PANEL);
    let n_parts = n_parts.min(lines);
    let bound = |part: usize| (part * lines / n_parts * T::PANEL).min(n_units);
    (0..n_parts)
        .map(|part| bound(part)..bound(part + 1))
        .collect()
}

impl<T: Scalar> Workspace<T> {
    fn new(network: &Mlp<T>, capacity: usize, n_threads: usize) -> Self {
        let (spec, layout) = (network.spec(), network.layout());
        let capacity = capacity.max(1);
        let last = layout.n_layers();
        let nodes: Vec<Vec<Part<T>>> = (0..=last)
            .map(|node| {
                let n_units = layout.sizes()[node];
                let (role, n_parts, fan_in) = match node {
                    0 => (Role::Inputs, n_threads, 0),
                    node if node < last => (Role::Hidden, n_threads, layout.fan_in(node - 1)),
                    node if n_units >= MANY_OUTPUTS => {
                        (Role::Outputs, n_threads, layout.fan_in(node - 1))
                    }
                    node => (Role::Outputs, 1, layout.fan_in(node - 1)),
                };
                cut::<T>(n_units, n_parts)
                    .into_iter()
                    .map(|units| Part::new(spec, role, fan_in, units, capacity))
                    .collect()
            })
            .collect();
        let n_shards = if n_threads > 1 && layout.len() <= SMALL {
            n_threads
        } else {
            0
        };
        let lanes = capacity.next_multiple_of(T::PANEL);
        let joined = if nodes[last].len() > 1 {
            layout.sizes()[last] * lanes
        } else {
            0
        };
        Self {
            spec: spec.clone(),
            layout: layout.clone(),
            capacity,
            team: Team::new(n_threads),
            n_threads,
            nodes,
            logits: Buffer::new(joined),
            losses: vec![0.0; lanes / T::PANEL],
            gradient: vec![T::zero(); layout.len()],
            single: [(); 2]
                .map(|()| vec![T::zero(); layout.sizes().iter().copied().max().unwrap_or(0)]),
            pieces: if n_shards > 0 {
                pieces(layout, n_shards)
            } else {
                Vec::new()
            },
            shards: (0..n_shards)
                .map(|_| Self::new(network, shard_capacity::<T>(capacity, n_shards), 1))
                .collect(),
        }
    }

    /// Refuses to serve another network than the one it was made for.
    pub(crate) fn check(&self, network: &Mlp<T>) -> Result<(), Error> {
        if self.layout != *network.layout() || network.spec().layer_sizes() != self.layout.sizes() {
            return Err(Error::ForeignWorkspace {
                what: "layers",
                expected: format!("{:?}", network.parameters().layer_sizes()),
                found: format!("{:?}", self.layout.sizes()),
            });
        }
        let (mine, theirs) = (&self.spec, network.spec());
        if mine.hidden_activation() != theirs.hidden_activation() {
            return Err(Error::ForeignWorkspace {
                what: "activation",
                expected: format!("{:?}", theirs.hidden_activation()),
                found: format!("{:?}", mine.hidden_activation()),
            });
        }
        let drops = |spec: &MlpSpec| spec.dropout_probability() > 0.0;
        if drops(mine) != drops(theirs) {
            return Err(Error::ForeignWorkspace {
                what: "dropout",
                expected: theirs.dropout_probability().to_string(),
                found: mine.dropout_probability().to_string(),
            });
        }
        Ok(())
    }

    /// How many samples are computed at a time.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many threads it was made for.
    pub fn threads(&self) -> usize {
        self.n_threads
    }
}

impl<T: Scalar> Mlp<T> {
    /// Buffers for passes over this network (and others of the same spec). Batches of more samples than `max_chunk` are
    /// computed in chunks of it, so that memory does not grow with them; 0 counts as 1. Give it the size of the batch, or
    /// [`CHUNK`] if that is less: larger chunks take more memory and more time.
    ///
    /// # Panics
    /// Where there is no memory for the activations of `max_chunk` samples: it is allocated at once.
    pub fn workspace(&self, max_chunk: usize) -> Workspace<T> {
        Workspace::new(self, max_chunk, 1)
    }

    /// The same with several threads, which share the work of each pass. They belong to the workspace, wait in it between
    /// passes (at first by spinning, so that they are there at once), and end with it.
    ///
    /// A pass over a batch of up to `max_chunk` samples is cut by the units of each layer. An update of a network of up to
    /// 32,768 parameters is cut by its samples and then by the parameters, where there is enough for each thread to do. Both
    /// give the same numbers to the bit with any number of threads. A larger batch is cut by units, chunk after chunk, to
    /// the same bits; but an update of a network of up to 32,768 parameters on it is cut into as many shards of its
    /// samples, whose gradients are added up in their order: the same bits for the same number of threads.
    ///
    /// There are never more threads at work than the processor has room for; the bits do not depend on that. In networks of
    /// up to 32,768 parameters each thread has buffers of its own besides.
    ///
    /// # Errors
    /// No threads, or more than 64.
    ///
    /// # Panics
    /// As [`Mlp::workspace`].
    pub fn workspace_with_threads(
        &self,
        max_chunk: usize,
        threads: usize,
    ) -> Result<Workspace<T>, Error> {
        #[allow(clippy::cast_precision_loss)] // of an error's number
        require(
            (1..=MOST).contains(&threads),
            "the number of threads",
            threads as f64,
            "at least 1 and at most 64",
        )?;
        Ok(Workspace::new(self, max_chunk, threads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_cut_at_whole_lines() {
        assert_eq!(cut::<f32>(128, 2), [0..64, 64..128]);
        assert_eq!(cut::<f32>(100, 2), [0..48, 48..100]);
        assert_eq!(cut::<f32>(17, 2), [0..16, 16..17]);
        let whole = |n_units| std::iter::once(0..n_units).collect::<Vec<_>>();
        assert_eq!(cut::<f32>(16, 2), whole(16));
        assert_eq!(cut::<f64>(16, 2), [0..8, 8..16]);
        assert_eq!(cut::<f32>(1, 3), whole(1));
        for (n_units, n_parts) in [(1000, 3), (784, 7), (33, 64)] {
            let parts = cut::<f32>(n_units, n_parts);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, n_units));
            assert!(parts.iter().all(|part| !part.is_empty()));
        }
    }
}
