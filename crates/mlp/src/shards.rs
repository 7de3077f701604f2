//! Steps of several threads that are cut by samples, where the network is small: each thread has all weights in its own cache.
//!
//! A batch of one chunk is cut into shares of whole panels. Each thread computes its share's loss and the gradient with
//! respect to every unit, from the inputs to the outputs and back, without waiting for the others; and then, of some of the
//! parameters, the gradient over all shares, sample after sample as one thread would add them: to the same bits. Two
//! rounds a step, however many layers there are. (13-64-64-3, two threads, against units cut layer by layer: 1.3 times as
//! fast at batches of 32 and 1.2 at 256; up to 1.4 with five hidden layers.)
//!
//! A batch of many chunks is cut into shards of as many chunks, whose gradients are added up in their order: into the same
//! shards by any number of threads, one included.

use std::ops::Range;
use std::sync::Mutex;

use smallbatch_base::vectorized;

use crate::batch::Open;
use crate::cuts::{MOST_SHARDS, MOST_SHARES, Piece, Shards, share_of};
use crate::error::finite_loss;
use crate::inputs::Inputs;
use crate::kernel::{Delta, Onto, Share, row_sums, weight_gradient};
use crate::parameters::Layout;
use crate::passes::{Mode, chunk_loss, input_of, propagate};
use crate::team::{Team, locked};
use crate::{DropoutKey, Error, Mlp, Optimizer, Scalar, Workspace};

/// A chunk's shares, once each was propagated.
struct Shares<'a, T> {
    shards: &'a [Workspace<T>],
    inputs: Inputs<'a, T>,
}

impl<'a, T: Scalar> Shares<'a, T> {
    /// Something of each share; of the last again where there are fewer than the most.
    fn each<R>(&self, of: impl Fn(&'a Workspace<T>, Range<usize>) -> R) -> [R; MOST_SHARES] {
        let n_shares = self.shards.len();
        std::array::from_fn(|share| {
            let share = share.min(n_shares - 1);
            let samples = share_of::<T>(self.inputs.n_samples(), n_shares, share);
            of(&self.shards[share], samples)
        })
    }

    /// Puts a piece of the gradient in the place of these numbers, or adds it to them.
    fn gradient(&self, piece: &Piece, layout: &Layout, mut numbers: &mut [T], replaces: bool) {
        let n_shares = self.shards.len();
        for part in &piece.layers {
            let (layer, fan_in) = (part.layer, layout.fan_in(part.layer));
            let fan_out = layout.fan_out(layer);
            let n_biases = if part.has_bias { fan_out } else { 0 };
            let weight = take_first(&mut numbers, part.rows.len() * fan_in);
            let bias = take_first(&mut numbers, n_biases);
            let onto = Onto {
                weight,
                fan_in,
                columns: 0..fan_in,
                replaces,
            };
            let shares = self.each(|shard, samples| Share {
                n_samples: samples.len(),
                delta: Delta {
                    values: &shard.nodes[layer + 1][0].delta[part.rows.start * T::PANEL..],
                    panel: fan_out * T::PANEL,
                },
                input: input_of(&shard.nodes[layer][0], layer, &self.inputs.range(samples)),
            });
            weight_gradient(onto, &shares[..n_shares]);
            if part.has_bias {
                if replaces {
                    bias.fill(T::zero());
                }
                let deltas = self.each(|shard, samples| {
                    let lanes = samples.len().next_multiple_of(T::PANEL);
                    &shard.nodes[layer + 1][0].delta[..fan_out * lanes]
                });
                row_sums(bias, &deltas[..n_shares]);
            }
        }
    }
}

impl<T: Scalar> Mlp<T> {
    /// A step on one chunk: its samples are cut among the threads, and then the parameters.
    pub(crate) fn step_by_samples(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let Workspace {
            layout,
            team,
            shards,
            pieces,
            gradient,
            ..
        } = workspace;
        let n_samples = batch.n_samples();
        let n_panels = n_samples.div_ceil(T::PANEL);
        let n_shares = team.at_work().min(MOST_SHARES).min(n_panels);
        let samples = |share| share_of::<T>(n_samples, n_shares, share);
        let shards = &mut shards[..n_shares];
        let network = &*self;
        let divisor = optimizer.divisor(total, learning_rate);
        team.each(true, shards.iter_mut().enumerate(), |(share, shard)| {
            let samples = samples(share);
            let mut mode = Mode::learn(network.spec(), key, samples.start as u64);
            let chunk = batch.range(samples);
            let (spec, parameters) = (network.spec(), network.parameters().as_slice());
            chunk_loss(spec, parameters, &chunk, divisor, &mut mode, shard);
            propagate(spec, parameters, chunk.n_samples(), &mode, shard);
        });
        let losses = shards.iter().enumerate().flat_map(|(share, shard)| {
            let n_panels = samples(share).len().div_ceil(T::PANEL);
            &shard.losses[..n_panels]
        });
        let loss = finite_loss(losses.sum::<f64>() / total, optimizer.step())?;

        let shares = Shares {
            shards,
            inputs: batch.inputs,
        };
        let parameters = self.parameters_mut().as_mut_slice();
        if optimizer.is_plain_descent() {
            optimizer.next_step(learning_rate);
            let items = pieces.iter().zip(in_pieces(parameters, pieces));
            team.each(true, items, |(piece, parameters)| {
                shares.gradient(piece, layout, parameters, false);
            });
            return Ok(loss);
        }
        let set = |piece: &Piece, gradient: &mut [T]| {
            shares.gradient(piece, layout, gradient, true);
        };
        update(
            team,
            pieces,
            set,
            gradient,
            optimizer,
            parameters,
            learning_rate,
        )?;
        Ok(loss)
    }

    /// A step on many chunks: the gradients of up to [`MOST_SHARDS`] shards of them, added up in their order.
    pub(crate) fn step_in_shards(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let shards = Shards::of(batch.n_samples(), workspace.capacity);
        if workspace.shards.is_empty() {
            let mut gradient = std::mem::take(&mut workspace.gradient);
            let sum = self.add_shards(batch, &shards, total, key, workspace, &mut gradient);
            let updated = finite_loss(sum / total, optimizer.step()).and_then(|loss| {
                let parameters = self.parameters_mut().as_mut_slice();
                optimizer.update_here(parameters, &gradient, learning_rate)?;
                Ok(loss)
            });
            workspace.gradient = gradient;
            return updated;
        }
        let Workspace {
            team,
            shards: buffers,
            shard_gradients,
            pieces,
            gradient,
            ..
        } = workspace;
        let network = &*self;
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
            *sum = network.set_shard(batch, &shards, shard, total, key, buffers, gradient);
        });
        let loss = finite_loss(sums.iter().sum::<f64>() / total, optimizer.step())?;

        let (first, others) = shard_gradients.split_at(1);
        let set = |piece: &Piece, gradient: &mut [T]| {
            gradient.copy_from_slice(&first[0][piece.place.clone()]);
            for other in others {
                add(gradient, &other[piece.place.clone()]);
            }
        };
        let parameters = self.parameters_mut().as_mut_slice();
        update(
            team,
            pieces,
            set,
            gradient,
            optimizer,
            parameters,
            learning_rate,
        )?;
        Ok(loss)
    }

    /// The same gradient by one thread, which needs one shard's beside it; the weighted sum of the losses.
    fn add_shards(
        &self,
        batch: &Open<'_, T>,
        shards: &Shards,
        total: f64,
        key: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut [T],
    ) -> f64 {
        let mut sum = self.set_shard(batch, shards, 0, total, key, workspace, gradient);
        let mut other = std::mem::take(&mut workspace.shard_gradients);
        if let [other] = &mut other[..] {
            for shard in 1..shards.n_shards {
                sum += self.set_shard(batch, shards, shard, total, key, workspace, other);
                add(gradient, other);
            }
        }
        workspace.shard_gradients = other;
        sum
    }

    /// The gradient of one shard's part of the mean loss; the weighted sum of its losses.
    #[allow(clippy::too_many_arguments)]
    fn set_shard(
        &self,
        batch: &Open<'_, T>,
        shards: &Shards,
        shard: usize,
        total: f64,
        key: Option<DropoutKey>,
        workspace: &mut Workspace<T>,
        gradient: &mut [T],
    ) -> f64 {
        let (samples, chunk) = (shards.samples(shard), shards.chunk);
        let mut mode = Mode::learn(self.spec(), key, samples.start as u64);
        self.gradient_of(batch, samples, chunk, total, &mut mode, workspace, gradient)
    }
}

/// Sets the gradient and updates the parameters, each thread a piece of both; after all threads have their pieces of the
/// gradient where it is clipped.
fn update<T: Scalar>(
    team: &mut Team,
    pieces: &[Piece],
    set: impl Fn(&Piece, &mut [T]) + Sync,
    gradient: &mut [T],
    optimizer: &mut Optimizer<T>,
    parameters: &mut [T],
    learning_rate: f64,
) -> Result<(), Error> {
    if optimizer.clips() {
        let items = pieces.iter().zip(in_pieces(gradient, pieces));
        team.each(true, items, |(piece, gradient)| set(piece, gradient));
        return optimizer.update_here(parameters, gradient, learning_rate);
    }
    let (rule, first, second) = optimizer.next_step(learning_rate);
    let items = pieces
        .iter()
        .zip(in_pieces(gradient, pieces))
        .zip(in_pieces(parameters, pieces))
        .zip(in_pieces(first, pieces).zip(in_pieces(second, pieces)));
    team.each(
        true,
        items,
        |(((piece, gradient), parameters), (first, second))| {
            set(piece, gradient);
            rule.apply(parameters, gradient, first, second);
        },
    );
    Ok(())
}

/// A vector of parameters in its pieces; empty ones of an empty vector (a moment that an optimizer does not have).
fn in_pieces<'a, T>(
    mut values: &'a mut [T],
    pieces: &'a [Piece],
) -> impl ExactSizeIterator<Item = &'a mut [T]> {
    pieces
        .iter()
        .map(move |piece| take_first(&mut values, piece.place.len()))
}

/// Takes the first numbers away from a slice: so many, or all that there are.
fn take_first<'a, T>(numbers: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let n = n.min(numbers.len());
    numbers.split_off_mut(..n).unwrap_or_default()
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
