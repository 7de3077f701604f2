//! Which way a step goes: by sizes, the number of threads and whether the gradient is clipped; nothing is measured here.

use crate::Scalar;
use crate::cuts::{MOST_SHARES, SMALL, WORTH_CUTTING};
use crate::parameters::Layout;

/// A way to make a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Many chunks of a small network: in shards of them, each with its gradient.
    InShards,
    /// One chunk of a small network, where several threads have enough to do: each takes some samples.
    BySamples,
    /// One chunk: the parameters are changed row by row as their gradient becomes known; each thread takes some units.
    ByRows,
    /// The same, once the deltas were scaled by the gradient's norm, which needs no gradient.
    Clipped,
    /// A gradient, and then an update: of many chunks of a large network, or where a norm needs it.
    WithGradient,
}

impl Plan {
    /// Of a step on so many samples, of which the buffers hold `capacity` at a time, by so many threads.
    pub(super) fn of<T: Scalar>(
        layout: &Layout,
        n_samples: usize,
        capacity: usize,
        n_threads: usize,
        clips: bool,
    ) -> Self {
        let is_small = layout.len() <= SMALL;
        if n_samples > capacity {
            return if is_small {
                Self::InShards
            } else {
                Self::WithGradient
            };
        }
        let n_shares = n_threads.min(MOST_SHARES);
        let is_cut = n_shares > 1 && n_samples.div_ceil(T::PANEL) >= n_shares;
        if is_small && is_cut && layout.len() * n_samples >= WORTH_CUTTING {
            Self::BySamples
        } else if !clips {
            Self::ByRows
        } else if norm_needs_no_gradient::<T>(layout, n_samples) {
            Self::Clipped
        } else {
            Self::WithGradient
        }
    }
}

/// Whether the norm of a gradient is computed without it: whoever computes it, since the norm is rounded otherwise. Small networks
/// have their gradient in the first level of cache.
fn norm_needs_no_gradient<T: Scalar>(layout: &Layout, n_samples: usize) -> bool {
    let lanes = n_samples.next_multiple_of(T::PANEL);
    let layers = 0..layout.n_layers();
    let widths = layers.map(|layer| layout.fan_in(layer) + layout.fan_out(layer));
    let n_products = lanes.saturating_mul(2 * widths.sum::<usize>());
    layout.len() > SMALL && n_products <= layout.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_taken_where_it_is_meant_to_be() {
        let plan = |sizes: &[usize], n_samples: usize, n_threads: usize, clips: bool| {
            let layout = Layout::new(sizes).unwrap();
            Plan::of::<f32>(&layout, n_samples, 256, n_threads, clips)
        };
        let (small, large) = ([13, 64, 64, 3], [784, 512, 10]);
        assert_eq!(plan(&small, 32, 1, false), Plan::ByRows);
        assert_eq!(plan(&small, 32, 2, false), Plan::BySamples);
        // One panel cannot be cut, and little is not worth it.
        assert_eq!(plan(&small, 16, 2, false), Plan::ByRows);
        assert_eq!(plan(&[2, 16, 2], 32, 2, false), Plan::ByRows);
        assert_eq!(plan(&large, 32, 2, false), Plan::ByRows);
        assert_eq!(plan(&large, 32, 2, true), Plan::Clipped);
        assert_eq!(plan(&large, 256, 2, true), Plan::WithGradient);
        assert_eq!(plan(&small, 32, 1, true), Plan::WithGradient);
        for (n_threads, clips) in [(1, false), (2, true)] {
            assert_eq!(plan(&small, 257, n_threads, clips), Plan::InShards);
            assert_eq!(plan(&large, 257, n_threads, clips), Plan::WithGradient);
        }
    }
}
