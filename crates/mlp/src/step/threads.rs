//! How many threads are worth it, and workspaces that find out.

use crate::cuts::{MOST_SHARDS, MOST_SHARES, WORTH_CUTTING, WORTH_SHARING};
use crate::pace::Governor;
use crate::passes::Passes;
use crate::team::MOST;
use crate::workspace::Automatic;
use crate::{CHUNK, Mlp, Scalar, Workspace};

use super::plan::Plan;

/// Multiplications and additions that a thread makes in a nanosecond: 60 to 80 GFLOP/s on processors with AVX2.
const PER_NANOSECOND: f64 = 35.0;

/// What handing work to other threads and waiting for them costs, in nanoseconds. The handing alone takes 400 where it was
/// measured (two cores of a virtual machine); what the other core's cache holds and threads that come late cost more: 13-64-64-3
/// at 32 samples takes 13.7 µs with one thread and 10.5 with two, in two rounds.
const ROUND: f64 = 1_500.0;

/// A gain below this part may be an error of this estimate.
const MARGIN: f64 = 0.1;

impl<T: Scalar> Mlp<T> {
    /// How many threads, at most so many, take the least time for an update on a batch of this size, by an estimate from the
    /// sizes of the layers; 1 where others would gain little. For [`Mlp::workspace_with_threads`];
    /// [`Mlp::workspace_with_automatic_threads`] begins with it, and measures then.
    ///
    /// It counts each layer's multiplications, and what it takes to hand them out. The same network and batch size give the
    /// same answer on any machine, though machines differ.
    ///
    /// ```
    /// use smallbatch_mlp::MlpSpec;
    ///
    /// let small = MlpSpec::new([2, 16, 2]).build::<f32>(0)?;
    /// assert_eq!(small.advisable_threads(32, 2), 1);
    /// let large = MlpSpec::new([784, 512, 10]).build::<f32>(0)?;
    /// assert_eq!(large.advisable_threads(32, 2), 2);
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    pub fn advisable_threads(&self, batch_size: usize, at_most: usize) -> usize {
        let alone = self.nanoseconds(batch_size, 1);
        let mut best = (1, alone * (1.0 - MARGIN));
        for threads in 2..=at_most.min(MOST) {
            let time = self.nanoseconds(batch_size, threads);
            if time < best.1 {
                best = (threads, time);
            }
        }
        best.0
    }

    /// Buffers as [`Mlp::workspace_with_threads`] has them, with as many threads as are fastest, of up to so many and as the
    /// processor has room for, for updates on batches of this size (in chunks of [`CHUNK`], if that is less). The number is not
    /// decided here: each update measures what the threads bring, takes fewer or more from the next one on, and tries the
    /// others again now and then. So they do not cost speed where the cores are far apart, or where another process uses one
    /// of them; and the numbers are the same to the bit in any case. [`Workspace::threads_in_use`] tells how many it is. Trials
    /// cost about 1 %.
    ///
    /// A network for which more threads cannot be of use gets one, without a clock. Others have buffers for one thread besides
    /// those for all.
    ///
    /// ```
    /// use smallbatch_mlp::MlpSpec;
    ///
    /// let tiny = MlpSpec::new([2, 16, 2]).build::<f32>(0)?;
    /// assert_eq!(tiny.workspace_with_automatic_threads(32, 2).threads(), 1);
    /// let large = MlpSpec::new([784, 512, 10]).build::<f32>(0)?;
    /// let room = std::thread::available_parallelism().map_or(1, usize::from);
    /// assert_eq!(large.workspace_with_automatic_threads(32, 2).threads(), 2.min(room));
    /// # Ok::<(), smallbatch_mlp::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`Mlp::workspace`].
    pub fn workspace_with_automatic_threads(
        &self,
        batch_size: usize,
        at_most: usize,
    ) -> Workspace<T> {
        let capacity = batch_size.min(CHUNK);
        let room = || std::thread::available_parallelism().map_or(1, usize::from);
        let n_threads = if at_most > 1 && self.can_be_shared(batch_size) {
            at_most.min(room()).min(MOST)
        } else {
            1
        };
        let mut workspace = Workspace::new(self, capacity, n_threads);
        let n_threads = workspace.passes.team.len();
        if n_threads > 1 {
            let guess = self.advisable_threads(batch_size, n_threads);
            workspace.passes.team.take_part(guess);
            workspace.automatic = Some(Box::new(Automatic {
                governor: Governor::new(n_threads, guess),
                alone: Passes::new(self.spec(), self.layout(), capacity, 1),
            }));
        }
        workspace
    }

    /// Which way an update goes that does not clip.
    fn plan(&self, batch_size: usize, threads: usize) -> Plan {
        Plan::of::<T>(self.layout(), batch_size, CHUNK, threads, false)
    }

    /// Whether a step on so many samples is ever handed to more than one thread.
    fn can_be_shared(&self, batch_size: usize) -> bool {
        let layout = self.layout();
        let lanes = batch_size.min(CHUNK).next_multiple_of(T::PANEL);
        let by_units = || {
            (0..layout.n_layers()).any(|layer| {
                let (fan_in, fan_out) = (layout.fan_in(layer), layout.fan_out(layer));
                fan_in.max(fan_out) > T::PANEL && fan_in * fan_out * lanes >= WORTH_SHARING
            })
        };
        match self.plan(batch_size, 2) {
            Plan::InShards => layout.len().saturating_mul(batch_size) >= WORTH_CUTTING,
            Plan::BySamples => true,
            Plan::ByRows | Plan::Clipped | Plan::WithGradient => by_units(),
        }
    }

    /// The estimate.
    #[allow(clippy::cast_precision_loss)] // it is an estimate
    fn nanoseconds(&self, batch_size: usize, threads: usize) -> f64 {
        let layout = self.layout();
        let lanes = |n: usize| n.next_multiple_of(T::PANEL);
        let time = |n: usize| n as f64 / PER_NANOSECOND * (size_of::<T>() / 4) as f64;
        let plan = self.plan(batch_size, threads);
        if plan == Plan::InShards {
            let n_chunks = batch_size.div_ceil(CHUNK);
            let n_shards = n_chunks.min(MOST_SHARDS);
            let n_chunks = n_chunks.div_ceil(n_shards) * n_shards.div_ceil(threads);
            let work = (3 * layout.len() * CHUNK).saturating_mul(n_chunks);
            // Every shard's gradient is read and added to another.
            let adding = if threads > 1 {
                2.0 * ROUND + layout.len() as f64
            } else {
                0.0
            };
            return time(work) + adding;
        }
        if plan == Plan::BySamples {
            let n_panels = batch_size.div_ceil(T::PANEL);
            let largest = n_panels.div_ceil(threads.min(MOST_SHARES)) as f64;
            return self.nanoseconds(batch_size, 1) * largest / n_panels as f64 + 2.0 * ROUND;
        }
        // A larger batch is computed chunk after chunk, each as this one.
        let batch_size = batch_size.min(CHUNK);
        let mut sum = 0.0;
        for layer in 0..layout.n_layers() {
            let work = layout.fan_in(layer) * layout.fan_out(layer) * lanes(batch_size);
            let products: usize = if layer == 0 { 2 } else { 3 };
            let parts = |units: usize| units.div_ceil(T::PANEL).min(threads);
            let is_shared = work >= WORTH_SHARING && parts(layout.fan_out(layer)) > 1;
            sum += if is_shared {
                let largest = lanes(layout.fan_out(layer).div_ceil(threads));
                let part = (largest as f64 / layout.fan_out(layer) as f64).min(1.0);
                products as f64 * (time(work) * part + ROUND)
            } else {
                products as f64 * time(work)
            };
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use crate::MlpSpec;

    #[test]
    fn more_work_is_never_given_to_fewer() {
        let threads = |hidden: usize, batch_size: usize| {
            let network = MlpSpec::new([64, hidden, 10]).build::<f32>(0).unwrap();
            network.advisable_threads(batch_size, 4)
        };
        assert_eq!(threads(8, 16), 1);
        assert_eq!(threads(512, 32), 4);
        // A hidden layer of one line cannot be cut by units, but its samples can, where there are enough.
        assert_eq!(threads(16, 32), 1);
        assert_eq!(threads(16, 256), 4);
        assert_eq!(threads(16, 10_000), 4);
        assert_eq!(threads(1024, 10_000), 4);
        let by_width: Vec<usize> = [16, 32, 64, 128, 256, 512].map(|h| threads(h, 32)).to_vec();
        assert!(by_width.is_sorted(), "{by_width:?}");
        for at_most in [0, 1] {
            let network = MlpSpec::new([784, 512, 10]).build::<f32>(0).unwrap();
            assert_eq!(network.advisable_threads(32, at_most), 1);
        }
    }
}
