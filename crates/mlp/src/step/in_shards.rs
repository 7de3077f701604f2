//! A step on many chunks of a small network: cut into shards of as many chunks, whose gradients are added up in their order. The
//! shards are the same whoever computes them: any number of threads, one included.

use std::sync::Mutex;

use smallbatch_base::vectorized;

use crate::cuts::{MOST_SHARDS, MOST_SHARES, Piece, Shards};
use crate::error::finite_loss;
use crate::negligible::flush_all;
use crate::passes::{Mode, Passes};
use crate::team::locked;
use crate::{Error, Mlp, Optimizer, Scalar, Workspace};

use super::Step;
use super::by_samples::update;

impl<T: Scalar> Step<'_, T> {
    /// The gradients of up to [`MOST_SHARDS`] shards, added up in their order.
    pub(super) fn in_shards(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let shards = Shards::of(self.batch.n_samples(), workspace.capacity());
        if workspace.passes.team.at_work() == 1 {
            return self.in_shards_alone(network, optimizer, &shards, workspace);
        }
        let Workspace {
            passes: Passes { team, .. },
            shards: buffers,
            shard_gradients,
            pieces,
            gradient,
            ..
        } = workspace;
        let trained = &*network;
        // A thread's buffers serve each shard that it takes.
        let mut buffers = buffers.iter_mut();
        let buffers: [_; MOST_SHARES] = std::array::from_fn(|_| Mutex::new(buffers.next()));
        let shard_gradients = &mut shard_gradients[..shards.n_shards];
        let mut sums = [0.0; MOST_SHARDS];
        let items = shard_gradients.iter_mut().zip(&mut sums).enumerate();
        team.each_on(true, items, |thread, (shard, (gradient, sum))| {
            let mut buffers = locked(&buffers[thread]);
            // There are as many as threads that may take part.
            let Some(buffers) = buffers.as_mut() else {
                return;
            };
            *sum = self.set_shard(trained, &shards, shard, buffers, gradient);
        });
        let loss = finite_loss(sums.iter().sum::<f64>() / self.total, optimizer.step())?;

        let (first, others) = shard_gradients.split_at(1);
        let set = |piece: &Piece, gradient: &mut [T]| {
            gradient.copy_from_slice(&first[0][piece.place.clone()]);
            for other in others {
                add(gradient, &other[piece.place.clone()]);
            }
            flush_all(gradient);
        };
        let parameters = network.parameters_mut().as_mut_slice();
        update(
            team,
            pieces,
            set,
            gradient,
            optimizer,
            parameters,
            self.learning_rate,
        )?;
        Ok(loss)
    }

    /// The same by one thread, which needs one shard's gradient beside the sum.
    fn in_shards_alone(
        &self,
        network: &mut Mlp<T>,
        optimizer: &mut Optimizer<T>,
        shards: &Shards,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let mut others = std::mem::take(&mut workspace.shard_gradients);
        let (passes, gradient) = workspace.whole();
        let mut sum = self.set_shard(network, shards, 0, passes, gradient);
        if let Some(other) = others.first_mut() {
            for shard in 1..shards.n_shards {
                sum += self.set_shard(network, shards, shard, passes, other);
                add(gradient, other);
            }
        }
        let updated = self.update(network, optimizer, sum / self.total, gradient);
        workspace.shard_gradients = others;
        updated
    }

    /// The gradient of one shard's part of the mean loss; the weighted sum of its losses.
    fn set_shard(
        &self,
        network: &Mlp<T>,
        shards: &Shards,
        shard: usize,
        passes: &mut Passes<T>,
        gradient: &mut [T],
    ) -> f64 {
        let &Self {
            batch, total, key, ..
        } = self;
        let (samples, chunk) = (shards.samples(shard), shards.chunk);
        let mut mode = Mode::learn(network.spec(), key, samples.start as u64);
        network.gradient_of(batch, samples, chunk, total, &mut mode, passes, gradient)
    }
}

vectorized! {
    fn add(sums: &'a mut [T], terms: &'a [T]) -> () = add_loop;
}

#[inline(always)]
fn add_loop<T: Scalar>(sums: &mut [T], terms: &[T]) {
    for (sum, &term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}
