//! Steps of several threads that are cut by samples, where the network is small: each thread has all weights in its own cache.
//!
//! A batch of one chunk is cut into shares of whole panels. Each thread computes its share's loss and the gradient with
//! respect to every unit, from the inputs to the outputs and back, without waiting for the others; and then, of some of the
//! parameters, the gradient over all shares, sample after sample as one thread would add them: to the same bits. Two
//! rounds a step, however many layers there are. (13-64-64-3, two threads, against units cut layer by layer: 1.3 times as fast at batches of 32
//! and 1.2 at 256; up to 1.4 with five hidden layers.)
//!
//! A batch of many chunks is cut into shards of as many chunks, whose gradients are added up in their order.

use std::ops::Range;

use crate::batch::Open;
use crate::kernel::{Delta, Onto, Share, row_sums, weight_gradient};
use crate::parameters::Layout;
use crate::passes::{chunk_loss, input_of, propagate, scale_gradient};
use crate::team::MOST;
use crate::training::finite;
use crate::vectorized::vectorized;
use crate::{DropoutKey, Error, Mlp, Optimizer, Scalar, Workspace};

/// Networks of up to so many parameters are cut by samples. Those of more are cut by units, chunk after chunk: each thread has
/// its share of the weights in its cache.
pub(crate) const SMALL: usize = 32 * 1024;

/// The most shares of a chunk: a chunk has 16 panels.
pub(crate) const MOST_SHARES: usize = 8;

/// Fewer multiplications a product over all of the network than this, parameters times samples, are not worth two rounds.
const WORTH_CUTTING: usize = 48 * 1024;

/// Some of the parameters, one after the other: rows of weights, and whole biases.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    /// Where in the flat vector.
    place: Range<usize>,
    /// Of each layer, if any: which rows of the weight; and whether the bias is among them.
    layers: Vec<(usize, Range<usize>, bool)>,
}

/// All parameters in so many pieces of about the same length; some may be empty.
pub(crate) fn pieces(layout: &Layout, n_pieces: usize) -> Vec<Piece> {
    let cut = |piece: usize| {
        let place = piece * layout.len() / n_pieces;
        // The next row's end, or the bias's after the last.
        let layer = (0..layout.n_layers()).find(|&layer| place < layout.bias(layer).end);
        layer.map_or((layout.n_layers(), 0), |layer| {
            let row = (place - layout.weight(layer).start).div_ceil(layout.fan_in(layer));
            if row < layout.fan_out(layer) {
                (layer, row)
            } else {
                (layer + 1, 0)
            }
        })
    };
    let place = |(layer, row): (usize, usize)| match layer {
        layer if layer == layout.n_layers() => layout.len(),
        layer => layout.weight(layer).start + row * layout.fan_in(layer),
    };
    (0..n_pieces)
        .map(|piece| {
            let (start, end) = (cut(piece), cut(piece + 1));
            let layers = (start.0..layout.n_layers().min(end.0 + 1))
                .map(|layer| {
                    let first = if layer == start.0 { start.1 } else { 0 };
                    let is_whole = layer < end.0;
                    let last = if is_whole {
                        layout.fan_out(layer)
                    } else {
                        end.1
                    };
                    (layer, first..last, is_whole)
                })
                .filter(|(_, rows, has_bias)| *has_bias || !rows.is_empty())
                .collect();
            Piece {
                place: place(start)..place(end),
                layers,
            }
        })
        .collect()
}

impl<T: Scalar> Mlp<T> {
    /// Whether a step on so many samples is cut by samples where there are several threads, if they are one chunk.
    pub(crate) fn is_worth_cutting_by_samples(&self, n_samples: usize) -> bool {
        self.n_parameters() <= SMALL
            && n_samples > T::PANEL
            && self.n_parameters() * n_samples >= WORTH_CUTTING
    }

    /// A step on one chunk, which its threads cut by samples.
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
        let n_panels = batch.n_samples().div_ceil(T::PANEL);
        let n_shares = shards.len().min(MOST_SHARES).min(n_panels);
        let bound = |share: usize| (share * n_panels / n_shares * T::PANEL).min(batch.n_samples());
        let samples = |share: usize| bound(share)..bound(share + 1);
        let shards = &mut shards[..n_shares];
        let network = &*self;
        let factor = optimizer.is_plain_descent().then(|| T::of(-learning_rate));
        team.each(true, shards.iter_mut().enumerate(), |(share, shard)| {
            let samples = samples(share);
            let mut dropout = network.dropout(key, samples.start as u64);
            let chunk = batch.range(samples);
            let (spec, parameters) = (network.spec(), network.parameters().as_slice());
            chunk_loss(spec, parameters, &chunk, total, &mut dropout, shard);
            if let Some(factor) = factor {
                scale_gradient(chunk.n_samples(), factor, shard);
            }
            let drops = dropout.is_some();
            propagate(spec, parameters, chunk.n_samples(), drops, shard);
        });
        let losses = shards.iter().enumerate().flat_map(|(share, shard)| {
            let n_panels = samples(share).len().div_ceil(T::PANEL);
            &shard.losses[..n_panels]
        });
        let loss = finite(losses.sum::<f64>() / total, optimizer.step())?;

        let shards = &*shards;
        let shares = |layer: usize, first_unit: usize| -> [Share<'_, T>; MOST_SHARES] {
            std::array::from_fn(|share| {
                let shard = &shards[share.min(n_shares - 1)];
                let (below, above) = (&shard.nodes[layer][0], &shard.nodes[layer + 1][0]);
                let samples = samples(share.min(n_shares - 1));
                Share {
                    n_samples: samples.len(),
                    delta: Delta {
                        values: &above.delta[first_unit * T::PANEL..],
                        panel: above.units.len() * T::PANEL,
                    },
                    input: input_of(below, layer, &batch.inputs.range(samples)),
                }
            })
        };
        let deltas = |layer: usize| -> [&[T]; MOST_SHARES] {
            std::array::from_fn(|share| {
                let share = share.min(n_shares - 1);
                let lanes = samples(share).len().next_multiple_of(T::PANEL);
                &shards[share].nodes[layer + 1][0].delta[..layout.fan_out(layer) * lanes]
            })
        };
        // Sets a piece of the gradient, or adds it to what is there.
        let add = |piece: &Piece, mut values: &mut [T], replaces: bool| {
            for (layer, rows, has_bias) in &piece.layers {
                let (layer, fan_in) = (*layer, layout.fan_in(*layer));
                let n_biases = if *has_bias { layout.fan_out(layer) } else { 0 };
                let (weight, rest) = values.split_at_mut(rows.len() * fan_in);
                let (bias, rest) = rest.split_at_mut(n_biases);
                values = rest;
                if !rows.is_empty() {
                    let onto = Onto {
                        weight,
                        fan_in,
                        columns: 0..fan_in,
                        replaces,
                    };
                    weight_gradient(onto, &shares(layer, rows.start)[..n_shares]);
                }
                if *has_bias {
                    if replaces {
                        bias.fill(T::zero());
                    }
                    row_sums(bias, &deltas(layer)[..n_shares]);
                }
            }
        };
        let mut parameters = self.parameters_mut().as_mut_slice();
        let mut gradient = &mut gradient[..];
        let (rule, mut first, mut second) = optimizer.next_step(learning_rate);
        let items = pieces.iter().map(|piece| {
            let n = piece.place.len();
            let parameters = next(&mut parameters, n);
            let gradient = next(&mut gradient, n);
            (
                piece,
                parameters,
                gradient,
                next(&mut first, n),
                next(&mut second, n),
            )
        });
        team.each(
            true,
            items,
            |(piece, parameters, gradient, first, second)| {
                if factor.is_some() {
                    add(piece, parameters, false);
                } else {
                    add(piece, gradient, true);
                    rule.apply(parameters, gradient, first, second);
                }
            },
        );
        Ok(loss)
    }

    /// A step on many chunks by several threads: each takes some of the samples, and then some of the parameters, for which it
    /// adds up all shards' gradients in their order.
    pub(crate) fn step_in_shards(
        &mut self,
        batch: &Open<'_, T>,
        total: f64,
        key: Option<DropoutKey>,
        optimizer: &mut Optimizer<T>,
        learning_rate: f64,
        workspace: &mut Workspace<T>,
    ) -> Result<f64, Error> {
        let Workspace {
            team,
            shards,
            gradient,
            capacity,
            ..
        } = workspace;
        let (n_shards, n_chunks) = (shards.len(), batch.n_samples().div_ceil(*capacity));
        let bound = |shard: usize| (shard * n_chunks / n_shards * *capacity).min(batch.n_samples());
        let network = &*self;
        let mut sums = [0.0; MOST];
        let sum_of_shard = shards.iter_mut().zip(&mut sums).enumerate();
        team.each(true, sum_of_shard, |(shard, (workspace, sum))| {
            let samples = bound(shard)..bound(shard + 1);
            let mut dropout = network.dropout(key, samples.start as u64);
            let mut gradient = std::mem::take(&mut workspace.gradient);
            gradient.fill(T::zero());
            *sum = network.add_gradient(
                batch,
                samples,
                total,
                &mut dropout,
                workspace,
                &mut gradient,
            );
            workspace.gradient = gradient;
        });
        let loss = finite(
            sums[..n_shards].iter().sum::<f64>() / total,
            optimizer.step(),
        )?;

        let length = gradient.len().div_ceil(n_shards).next_multiple_of(T::PANEL);
        let shards = &*shards;
        let add_up = |start: usize, gradient: &mut [T]| {
            gradient.copy_from_slice(&shards[0].gradient[start..][..gradient.len()]);
            for shard in &shards[1..] {
                add(gradient, &shard.gradient[start..][..gradient.len()]);
            }
        };
        if optimizer.clips() {
            let pieces = gradient.chunks_mut(length).enumerate();
            team.each(true, pieces, |(piece, gradient)| {
                add_up(piece * length, gradient);
            });
            optimizer.update_here(
                self.parameters_mut().as_mut_slice(),
                gradient,
                learning_rate,
            )?;
            return Ok(loss);
        }
        let parameters = self.parameters_mut().as_mut_slice();
        let (rule, mut first, mut second) = optimizer.next_step(learning_rate);
        let pieces = gradient
            .chunks_mut(length)
            .zip(parameters.chunks_mut(length))
            .enumerate()
            .map(|(piece, (gradient, parameters))| {
                let n = parameters.len();
                let (first, second) = (next(&mut first, n), next(&mut second, n));
                (piece, gradient, parameters, first, second)
            });
        team.each(
            true,
            pieces,
            |(piece, gradient, parameters, first, second)| {
                add_up(piece * length, gradient);
                rule.apply(parameters, gradient, first, second);
            },
        );
        Ok(loss)
    }
}

/// Takes the first numbers away from a slice: so many, or all that there are.
fn next<'a, T>(values: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    let n = n.min(values.len());
    values.split_off_mut(..n).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_parameters_once() {
        for sizes in [&[13, 64, 64, 3][..], &[1, 1], &[2, 16, 2], &[40, 3, 100, 7]] {
            let layout = Layout::new(sizes).unwrap();
            for n_pieces in [1, 2, 3, 8, 64] {
                let pieces = pieces(&layout, n_pieces);
                assert_eq!(pieces.len(), n_pieces);
                let mut next = 0;
                for piece in &pieces {
                    assert_eq!(piece.place.start, next, "{sizes:?} {n_pieces}");
                    for (layer, rows, has_bias) in &piece.layers {
                        let fan_in = layout.fan_in(*layer);
                        assert_eq!(next, layout.weight(*layer).start + rows.start * fan_in);
                        next += rows.len() * fan_in;
                        if *has_bias {
                            assert_eq!(next, layout.bias(*layer).start);
                            next = layout.bias(*layer).end;
                        }
                    }
                    assert_eq!(piece.place.end, next, "{sizes:?} {n_pieces}");
                }
                assert_eq!(next, layout.len());
            }
        }
        // As equal as rows allow.
        let layout = Layout::new(&[13, 64, 64, 3]).unwrap();
        let lengths: Vec<usize> = pieces(&layout, 2).iter().map(|p| p.place.len()).collect();
        assert!(lengths[0].abs_diff(lengths[1]) <= 128, "{lengths:?}");
    }
}
