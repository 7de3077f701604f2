//! The buffers of a network's passes, and who works on them.

use std::time::Instant;

use crate::cuts::{MOST_SHARDS, Piece, SMALL, pieces, shard_capacity};
use crate::error::require;
use crate::finite::SAMPLES_BETWEEN_LOOKS;
use crate::pace::Governor;
use crate::passes::Passes;
use crate::sampled::CHUNKS;
use crate::team::MOST;
use crate::{Error, Mlp, MlpSpec, Scalar};

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
    n_threads: usize,
    /// Over whole chunks, of which each thread computes some units; its team computes all else, too.
    pub(crate) passes: Passes<T>,
    pub(crate) gradient: Vec<T>,
    /// Of the widest layer, for one sample: a layer's inputs and its outputs.
    pub(crate) single: [Vec<T>; 2],
    /// Of each thread, over samples of its own, where there are several threads; else none. What is never used of them takes no
    /// memory.
    pub(crate) shards: Vec<Passes<T>>,
    /// Of each thread, those of all chunks that it evaluates before it meets the others.
    pub(crate) losses_of_shards: Vec<Vec<f64>>,
    /// Where small networks are trained on many chunks: of each shard, or, for one thread, of one at a time.
    pub(crate) shard_gradients: Vec<Vec<T>>,
    /// Which of the parameters each of these threads changes then.
    pub(crate) pieces: Vec<Piece>,
    /// Where the number of threads is chosen while they work.
    pub(crate) automatic: Option<Box<Automatic<T>>>,
    /// How many samples were trained on since the parameters were looked at.
    pub(crate) n_unseen: usize,
}

/// Who chooses, and the passes of a thread that works alone: its units are not cut.
#[derive(Debug)]
pub(crate) struct Automatic<T> {
    pub(crate) governor: Governor,
    pub(crate) alone: Passes<T>,
}

impl<T: Scalar> Workspace<T> {
    pub(crate) fn new(network: &Mlp<T>, capacity: usize, n_threads: usize) -> Self {
        let (spec, layout) = (network.spec(), network.layout());
        let passes = Passes::new(spec, layout, capacity, n_threads);
        let is_small = layout.len() <= SMALL;
        let shard = |_| {
            let capacity = shard_capacity::<T>(passes.capacity, n_threads);
            Passes::new(spec, layout, capacity, 1)
        };
        let n_shards = if n_threads > 1 { n_threads } else { 0 };
        let shards: Vec<_> = (0..n_shards).map(shard).collect();
        let n_gradients = match (is_small, n_threads > 1) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => MOST_SHARDS,
        };
        let widest = layout.sizes().iter().copied().max().unwrap_or(0);
        Self {
            spec: spec.clone(),
            n_threads,
            gradient: vec![T::zero(); layout.len()],
            single: [(); 2].map(|()| vec![T::zero(); widest]),
            losses_of_shards: shards
                .iter()
                .map(|shard| vec![0.0; CHUNKS * shard.losses.len()])
                .collect(),
            shards,
            shard_gradients: vec![vec![T::zero(); layout.len()]; n_gradients],
            pieces: if is_small {
                pieces(layout, n_threads)
            } else {
                Vec::new()
            },
            passes,
            automatic: None,
            n_unseen: SAMPLES_BETWEEN_LOOKS,
        }
    }

    /// The passes over a whole chunk by the threads that take part, and room for a gradient.
    pub(crate) fn whole(&mut self) -> (&mut Passes<T>, &mut [T]) {
        let passes = match &mut self.automatic {
            Some(automatic) if self.passes.team.at_work() == 1 => &mut automatic.alone,
            _ => &mut self.passes,
        };
        (passes, &mut self.gradient)
    }

    /// Before a step of an automatic number of threads: settles who takes part, and may look at the clock.
    pub(crate) fn begin_step(&mut self, n_samples: usize) -> Option<Instant> {
        let automatic = self.automatic.as_mut()?;
        let (n_threads, began) = automatic.governor.begin(n_samples);
        self.passes.team.take_part(n_threads);
        began
    }

    /// After a step of an automatic number of threads: tells how it was, and settles who takes part in other passes.
    pub(crate) fn end_step(&mut self, n_samples: usize, began: Option<Instant>) {
        if let Some(automatic) = &mut self.automatic {
            let governor = &mut automatic.governor;
            governor.end(n_samples, began, self.passes.team.report());
            self.passes.team.take_part(governor.n_threads_in_use());
        }
    }

    /// Refuses to serve another network than the one it was made for.
    pub(crate) fn check(&self, network: &Mlp<T>) -> Result<(), Error> {
        if self.passes.layout != *network.layout()
            || network.spec().layer_sizes() != self.passes.layout.sizes()
        {
            return Err(Error::ForeignWorkspace {
                what: "layers",
                expected: format!("{:?}", network.parameters().layer_sizes()),
                found: format!("{:?}", self.passes.layout.sizes()),
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
        self.passes.capacity
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
