//! What is worth sharing, and how the work of a step is cut: a batch into chunks, shares and shards, a layer's units and all parameters into pieces.

use std::ops::Range;

use crate::Scalar;
use crate::parameters::Layout;

/// How many samples at a time are fastest: a layer's weights are read once for all of them, and their activations stay in the
/// second level of cache, or near it. What [`Mlp::workspace`](crate::Mlp::workspace) is usually given. (784-512-512-10 on 10,000
/// samples at a time: 1.1 times as fast as in chunks of 64 by two threads, and not slower by one or in small networks.)
pub const CHUNK: usize = 256;

/// Networks of up to so many parameters are cut by samples. Those of more are cut by units, chunk after chunk: each thread has
/// its share of the weights in its cache.
pub(crate) const SMALL: usize = 32 * 1024;

/// Below so many parameters times samples a step is not worth two rounds.
pub(crate) const WORTH_CUTTING: usize = 48 * 1024;

/// Fewer multiplications than this are not worth handing to another thread: 1.6 µs of work, where handing it over costs 0.4 µs
/// on a quiet machine and the second thread may be late.
pub(crate) const WORTH_SHARING: usize = 64 * 1024;

/// The most shares of a chunk: with more, [`CHUNK`] samples of f32 would leave less than two panels to each.
pub(crate) const MOST_SHARES: usize = 8;

/// The most shards of a batch of many chunks. Each has a gradient of its own, so that there is memory to be saved; and a thread
/// that is alone adds up as many.
pub(crate) const MOST_SHARDS: usize = 8;

/// `0..n` in ranges of at most `size`.
#[inline]
pub(crate) fn chunks(n: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n)
        .step_by(size)
        .map(move |start| start..(start + size).min(n))
}

/// `0..n_units` in up to `n_parts` ranges that are as equal as whole lines of cache allow.
pub(crate) fn units<T: Scalar>(n_units: usize, n_parts: usize) -> Vec<Range<usize>> {
    let lines = n_units.div_ceil(T::PANEL);
    let n_parts = n_parts.min(lines);
    let bound = |part: usize| (part * lines / n_parts * T::PANEL).min(n_units);
    (0..n_parts)
        .map(|part| bound(part)..bound(part + 1))
        .collect()
}

/// Whether a pass over so many samples from which nothing is learned is cut by samples among so many threads: each has four
/// panels, and so much to do that it is worth a round.
pub(crate) fn is_evaluated_by_samples<T: Scalar>(
    n_parameters: usize,
    n_samples: usize,
    n_threads: usize,
) -> bool {
    n_threads > 1
        && n_samples >= 4 * n_threads * T::PANEL
        && n_parameters * n_samples >= 4 * WORTH_CUTTING
}

/// Some of the parameters, one after the other: rows of weights, and whole biases.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where in the flat vector.
    pub(crate) place: Range<usize>,
    pub(crate) layers: Vec<PieceOfLayer>,
}

/// Some rows of a layer's weight; with the last of them all of its bias.
#[derive(Debug)]
pub(crate) struct PieceOfLayer {
    pub(crate) layer: usize,
    pub(crate) rows: Range<usize>,
    pub(crate) has_bias: bool,
}

/// All parameters in so many pieces of about the same length; where rows are longer than that, some are empty.
pub(crate) fn pieces(layout: &Layout, n_pieces: usize) -> Vec<Piece> {
    // A layer and a row of it, or the end.
    let cut = |piece: usize| {
        let place = piece * layout.len() / n_pieces;
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
    let place = |(layer, row): (usize, usize)| {
        if layer < layout.n_layers() {
            layout.weight(layer).start + row * layout.fan_in(layer)
        } else {
            layout.len()
        }
    };
    let piece = |piece: usize| {
        let (start, end) = (cut(piece), cut(piece + 1));
        let piece_of_layer = |layer: usize| {
            let has_bias = layer < end.0;
            let first = if layer == start.0 { start.1 } else { 0 };
            let last = if has_bias {
                layout.fan_out(layer)
            } else {
                end.1
            };
            PieceOfLayer {
                layer,
                rows: first..last,
                has_bias,
            }
        };
        Piece {
            place: place(start)..place(end),
            layers: (start.0..layout.n_layers().min(end.0 + 1))
                .map(piece_of_layer)
                .filter(|piece| !piece.rows.is_empty())
                .collect(),
        }
    };
    (0..n_pieces).map(piece).collect()
}

/// How many samples a shard takes at a time, of chunks of so many: a whole chunk, but of more than [`CHUNK`] no more than its
/// share.
pub(crate) fn shard_capacity<T: Scalar>(capacity: usize, n_shards: usize) -> usize {
    let n_panels = capacity.div_ceil(T::PANEL);
    let share = n_panels.div_ceil(n_shards.min(MOST_SHARES)) * T::PANEL;
    capacity.min(share.max(CHUNK))
}

/// One of the shares of a chunk's samples: whole panels, as equal as these allow.
pub(crate) fn share_of<T: Scalar>(n_samples: usize, n_shares: usize, share: usize) -> Range<usize> {
    let n_panels = n_samples.div_ceil(T::PANEL);
    let bound = |share: usize| (share * n_panels / n_shares * T::PANEL).min(n_samples);
    bound(share)..bound(share + 1)
}

/// How a batch of many chunks is cut: by nothing but its size and the chunks', so that the bits are the same whoever takes
/// the shards.
pub(crate) struct Shards {
    n_samples: usize,
    pub(crate) chunk: usize,
    n_chunks: usize,
    pub(crate) n_shards: usize,
}

impl Shards {
    pub(crate) fn of(n_samples: usize, capacity: usize) -> Self {
        // A thread's own buffers hold no more: see `shard_capacity`.
        let chunk = capacity.min(CHUNK);
        let n_chunks = n_samples.div_ceil(chunk);
        Self {
            n_samples,
            chunk,
            n_chunks,
            n_shards: n_chunks.min(MOST_SHARDS),
        }
    }

    /// Whole chunks, as equal as these allow.
    pub(crate) fn samples(&self, shard: usize) -> Range<usize> {
        let bound =
            |shard: usize| (shard * self.n_chunks / self.n_shards * self.chunk).min(self.n_samples);
        bound(shard)..bound(shard + 1)
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
                    for part in &piece.layers {
                        let fan_in = layout.fan_in(part.layer);
                        let start = layout.weight(part.layer).start;
                        assert_eq!(next, start + part.rows.start * fan_in);
                        next += part.rows.len() * fan_in;
                        if part.has_bias {
                            assert_eq!(next, layout.bias(part.layer).start);
                            next = layout.bias(part.layer).end;
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

    #[test]
    fn units_are_cut_at_whole_lines() {
        assert_eq!(units::<f32>(128, 2), [0..64, 64..128]);
        assert_eq!(units::<f32>(100, 2), [0..48, 48..100]);
        assert_eq!(units::<f32>(17, 2), [0..16, 16..17]);
        let whole = |n_units| std::iter::once(0..n_units).collect::<Vec<_>>();
        assert_eq!(units::<f32>(16, 2), whole(16));
        assert_eq!(units::<f64>(16, 2), [0..8, 8..16]);
        assert_eq!(units::<f32>(1, 3), whole(1));
        for (n_units, n_parts) in [(1000, 3), (784, 7), (33, 64)] {
            let parts = units::<f32>(n_units, n_parts);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, n_units));
            assert!(parts.iter().all(|part| !part.is_empty()));
        }
    }
}
