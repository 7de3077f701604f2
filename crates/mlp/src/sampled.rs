//! Forward passes over many samples, cut among threads by samples.
//!
//! Nothing is learned, so no thread needs what another computed: each takes some samples from the inputs to the outputs, and they
//! meet once for some thousand samples. (Cut by units they meet once a layer. On 10,000 samples of
//! 13-64-64-3 two threads are 1.7 times as fast as one, of 784-128-10 1.4; cut by units 0.5 and 1.3 times.)

use std::ops::Range;

use crate::batch::Open;
use crate::cuts::{chunks, is_evaluated_by_samples, share_of};
use crate::inputs::Inputs;
use crate::loss::DeltaScale;
use crate::passes::{Mode, Passes};
use crate::{Mlp, Scalar, Workspace};

/// So many times as many samples as a thread's buffers hold it takes before the threads meet again: in small networks those in the
/// buffers are not worth the meeting.
pub(crate) const CHUNKS: usize = 8;

/// What a network makes of samples, without dropout.
pub(crate) struct Evaluation<'a, T: Scalar> {
    pub(crate) network: &'a Mlp<T>,
    pub(crate) inputs: Inputs<'a, T>,
    /// The samples with their targets, and the scale of the losses' gradient, where losses are wanted.
    pub(crate) losses: Option<(&'a Open<'a, T>, DeltaScale)>,
}

impl<T: Scalar> Evaluation<'_, T> {
    /// Writes the logits, sample after sample, unless `logits` is empty. Returns the weighted sum of the losses: 0 where none are
    /// wanted. The same bits by any number of threads, and in chunks of any size: the sums of 16 losses (8 in f64) are added up
    /// in the order of the samples.
    pub(crate) fn run(&self, workspace: &mut Workspace<T>, mut logits: &mut [T]) -> f64 {
        let n_samples = self.inputs.n_samples();
        let n_threads = workspace.passes.team.at_work().min(workspace.shards.len());
        let mut sum = 0.0;
        if !is_evaluated_by_samples::<T>(self.network.n_parameters(), n_samples, n_threads) {
            let (passes, _) = workspace.whole();
            for samples in chunks(n_samples, passes.capacity) {
                let n_panels = samples.len().div_ceil(T::PANEL);
                let part = self.take_logits(&mut logits, samples.len());
                self.chunk(passes, samples, part);
                sum = self.add(sum, &passes.losses[..n_panels]);
            }
            return sum;
        }
        self.run_shared(workspace, n_threads, logits)
    }

    /// The same by several threads.
    fn run_shared(
        &self,
        workspace: &mut Workspace<T>,
        n_threads: usize,
        mut logits: &mut [T],
    ) -> f64 {
        let mut sum = 0.0;
        let Workspace {
            passes,
            shards,
            losses_of_shards: kept,
            ..
        } = workspace;
        let shards = &mut shards[..n_threads];
        let capacity = n_threads * CHUNKS * shards[0].capacity;
        for round in chunks(self.inputs.n_samples(), capacity) {
            let samples = |share: usize| {
                let share = share_of::<T>(round.len(), n_threads, share);
                round.start + share.start..round.start + share.end
            };
            let shares = shards.iter_mut().zip(&mut *kept).enumerate();
            let shares = shares.map(|(share, (shard, kept))| {
                let samples = samples(share);
                let part = self.take_logits(&mut logits, samples.len());
                (shard, samples, part, kept)
            });
            passes
                .team
                .each(true, shares, |(shard, samples, part, kept)| {
                    self.share(shard, samples, part, kept);
                });
            for (share, kept) in kept.iter().enumerate().take(n_threads) {
                let n_panels = samples(share).len().div_ceil(T::PANEL);
                sum = self.add(sum, &kept[..n_panels]);
            }
        }
        sum
    }

    /// One thread's samples of a round. Their losses are kept, since the sum goes by the samples' order.
    fn share(
        &self,
        passes: &mut Passes<T>,
        samples: Range<usize>,
        mut logits: &mut [T],
        mut kept: &mut [f64],
    ) {
        for chunk in chunks(samples.len(), passes.capacity) {
            let n_panels = chunk.len().div_ceil(T::PANEL);
            let part = self.take_logits(&mut logits, chunk.len());
            let chunk = samples.start + chunk.start..samples.start + chunk.end;
            self.chunk(passes, chunk, part);
            let losses = kept.split_off_mut(..n_panels).unwrap_or_default();
            losses.copy_from_slice(&passes.losses[..n_panels]);
        }
    }

    /// Takes the next samples' logits away from those that are left; none where none are wanted.
    fn take_logits<'l>(&self, logits: &mut &'l mut [T], n_samples: usize) -> &'l mut [T] {
        let n = n_samples * self.network.spec().n_outputs();
        logits.split_off_mut(..n).unwrap_or_default()
    }

    /// Some samples, no more than the buffers hold.
    fn chunk(&self, passes: &mut Passes<T>, samples: Range<usize>, logits: &mut [T]) {
        let (spec, parameters) = (self.network.spec(), self.network.parameters().as_slice());
        let n_samples = samples.len();
        let inputs = self.inputs.range(samples.clone());
        passes.forward(spec, parameters, inputs, &mut Mode::Evaluate);
        if !logits.is_empty() {
            // Before the loss turns them into its gradient.
            passes.copy_logits(n_samples, logits);
        }
        if let Some((batch, scale)) = self.losses {
            passes.loss(spec, &batch.range(samples), scale);
        }
    }

    /// The sum and some losses, panel by panel.
    fn add(&self, sum: f64, losses: &[f64]) -> f64 {
        match self.losses {
            Some(_) => losses.iter().fold(sum, |sum, loss| sum + loss),
            None => 0.0,
        }
    }
}
