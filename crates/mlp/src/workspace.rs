//! The buffers of a network's passes, and who works on them.

use std::ops::Range;
use std::time::Instant;

use smallbatch_base::limits;

use crate::buffer::Buffer;
use crate::cuts::{MOST_SHARDS, Piece, SMALL, pieces, shard_capacity, units};
use crate::destination::scratch;
use crate::error::require;
use crate::finite::SAMPLES_BETWEEN_LOOKS;
use crate::pace::Governor;
use crate::parameters::Layout;
use crate::sampled::CHUNKS;
use crate::team::{MOST, Team};
use crate::{Activation, Error, Mlp, MlpSpec, Scalar};

/// So many outputs are worth cutting among threads; fewer stay in one part, which the loss can take as it is.
const MANY_OUTPUTS: usize = 64;

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
    /// Of a shard: those of all chunks that a thread evaluates before it meets the others.
    pub(crate) losses_of_share: Vec<f64>,
    pub(crate) gradient: Vec<T>,
    /// Of the widest layer, for one sample: a layer's inputs and its outputs.
    pub(crate) single: [Vec<T>; 2],
    /// Of each thread, where samples are cut among several; else none. What is never used of them takes no memory.
    pub(crate) shards: Vec<Workspace<T>>,
    /// Where small networks are trained on many chunks: of each shard, or, for one thread, of one at a time.
    pub(crate) shard_gradients: Vec<Vec<T>>,
    /// Which of the parameters each of these threads changes then.
    pub(crate) pieces: Vec<Piece>,
    /// Where the number of threads is chosen while they work.
    pub(crate) automatic: Option<Box<Automatic<T>>>,
    /// How many samples were trained on since the parameters were looked at.
    pub(crate) n_unseen: usize,
}

/// Who chooses, and the buffers of a thread that works alone: its units are not cut.
#[derive(Debug)]
pub(crate) struct Automatic<T> {
    pub(crate) governor: Governor,
    pub(crate) alone: Workspace<T>,
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

impl<T: Scalar> Workspace<T> {
    pub(crate) fn new(network: &Mlp<T>, capacity: usize, n_threads: usize) -> Self {
        let mut workspace = Self::for_passes(network, capacity, n_threads);
        let (capacity, layout) = (workspace.capacity, &workspace.layout);
        workspace.gradient = vec![T::zero(); layout.len()];
        if layout.len() <= SMALL {
            let n_gradients = if n_threads > 1 { MOST_SHARDS } else { 1 };
            workspace.shard_gradients = vec![vec![T::zero(); layout.len()]; n_gradients];
            workspace.pieces = pieces(layout, n_threads);
        }
        if n_threads > 1 {
            let capacity = shard_capacity::<T>(capacity, n_threads);
            let shard = |_| {
                let mut shard = Self::for_passes(network, capacity, 1);
                shard.losses_of_share = vec![0.0; CHUNKS * shard.losses.len()];
                shard
            };
            workspace.shards = (0..n_threads).map(shard).collect();
        }
        workspace
    }

    /// Without what only updates need.
    fn for_passes(network: &Mlp<T>, capacity: usize, n_threads: usize) -> Self {
        let (spec, layout) = (network.spec(), network.layout());
        // More at a time than the limit would find no memory, and chunks give the same.
        let n_units = layout
            .sizes()
            .iter()
            .fold(0, |sum: usize, size| sum.saturating_add(*size));
        let capacity = capacity.clamp(1, (limits::MOST_ACTIVATIONS / n_units.max(1)).max(1));
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
                units::<T>(n_units, n_parts)
                    .into_iter()
                    .map(|units| Part::new(spec, role, fan_in, units, capacity))
                    .collect()
            })
            .collect();
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
            losses_of_share: Vec::new(),
            gradient: Vec::new(),
            single: [(); 2]
                .map(|()| vec![T::zero(); layout.sizes().iter().copied().max().unwrap_or(0)]),
            shards: Vec::new(),
            shard_gradients: Vec::new(),
            pieces: Vec::new(),
            automatic: None,
            n_unseen: SAMPLES_BETWEEN_LOOKS,
        }
    }

    /// After a step of an automatic number of threads: tells how it was, and settles who takes part in other passes.
    pub(crate) fn end_step(&mut self, n_samples: usize, began: Option<Instant>) {
        if let Some(automatic) = &mut self.automatic {
            let governor = &mut automatic.governor;
            governor.end(n_samples, began, self.team.report());
            self.team.take_part(governor.n_threads_in_use());
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
        if mine.activation != theirs.activation {
            return Err(Error::ForeignWorkspace {
                what: "activation",
                expected: format!("{:?}", theirs.activation),
                found: format!("{:?}", mine.activation),
            });
        }
        let drops = |spec: &MlpSpec| spec.dropout > 0.0;
        if drops(mine) != drops(theirs) {
            return Err(Error::ForeignWorkspace {
                what: "dropout",
                expected: theirs.dropout.to_string(),
                found: mine.dropout.to_string(),
            });
        }
        Ok(())
    }

    /// How many samples are computed at a time.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many threads it was made for: all that take part, or the most where the number is automatic.
    pub fn threads(&self) -> usize {
        self.n_threads
    }

    /// How many take part in the updates at present: what was found to be fastest, where the number is automatic, and else as
    /// many as [`Workspace::threads`].
    pub fn threads_in_use(&self) -> usize {
        let automatic = self.automatic.as_ref();
        automatic.map_or(self.n_threads, |automatic| {
            automatic.governor.n_threads_in_use()
        })
    }
}

impl<T: Scalar> Mlp<T> {
    /// Buffers for passes over this network (and others of the same spec). Batches of more samples than `max_chunk` are
    /// computed in chunks of it, so that memory does not grow with them; 0 counts as 1, and what would make more values than
    /// [`MOST_ACTIVATIONS`](smallbatch_base::limits::MOST_ACTIVATIONS) as the most that does not. Give it the size of the batch, or
    /// [`CHUNK`](crate::CHUNK) if that is less: larger chunks take more memory and more time.
    ///
    /// # Panics
    /// Where there is no memory for the activations of `max_chunk` samples: it is allocated at once.
    pub fn workspace(&self, max_chunk: usize) -> Workspace<T> {
        Workspace::new(self, max_chunk, 1)
    }

    /// The same with several threads, which share the work of each pass. They belong to the workspace, wait in it between
    /// passes (at first by spinning, so that they are there at once), and end with it. No piece of work waits for a thread that
    /// has not come for it: the calling thread does it itself.
    ///
    /// **Any number of threads gives the same numbers, to the bit.** A pass over many samples from which nothing is learned (a
    /// loss, predictions) is cut by samples; other passes are cut by the units of each layer, chunk after chunk. An update of a network of up to 32,768 parameters is cut by its samples and then by the parameters, where there
    /// is enough for each thread to do; on a batch of more than `max_chunk` samples into eight shards of whole chunks, whose
    /// gradients are added up in their order, whoever computes them.
    ///
    /// There are never more threads at work than the processor has room for. Each has buffers of its own besides, which take memory
    /// once they are used.
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
