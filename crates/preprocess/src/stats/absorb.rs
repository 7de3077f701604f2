//! Taking samples in: blocks that fit the cache, in shards that any thread may work on.

use nalgebra::DMatrixView;

use super::FeatureStats;
use super::moments::{BlockMoments, Moments, block_samples};
use crate::fit_data::{check_weights, for_each_block};
use crate::non_finite::refuse_non_finite;
use crate::threads::in_order;
use crate::{Error, NonFinite, Scalar};

/// Values of one block: 256 KB of `f32`, so that a second look at the first one reads the cache.
const BLOCK_VALUES: usize = 65_536;
/// The longest block, in samples. It also bounds the length of any one running sum, which the rule for
/// constant features uses.
pub(super) const MAX_BLOCK_SAMPLES: usize = 16_384;
/// The shortest block: the cost of merging it is spread over this many values a feature. (With 784 features and blocks of
/// 128 samples it was a quarter of the time.)
const MIN_BLOCK_SAMPLES: usize = 1024;
/// Values of one shard: enough that the second look at its first block, for a centre, costs little.
const SHARD_VALUES: usize = 16 * BLOCK_VALUES;

/// Samples, perhaps with weights and names, and the number of the first one.
struct Samples<'a, T: Scalar> {
    values: DMatrixView<'a, T>,
    weights: Option<&'a [T]>,
    names: Option<&'a [String]>,
    first: u64,
}

impl<T: Scalar> Samples<'_, T> {
    fn part(&self, first: usize, n: usize) -> Samples<'_, T> {
        Samples {
            values: self.values.columns(first, n),
            weights: self.weights.map(|weights| &weights[first..first + n]),
            names: self.names,
            first: self.first + first as u64,
        }
    }
}

impl FeatureStats {
    /// Adds samples without a look at the variances, which may then be infinite: for scalers that need
    /// none. After an error the statistics are of no use.
    ///
    /// The shards depend on the shape of the data alone, and are merged in their order: the number of threads changes
    /// no bit.
    pub(crate) fn absorb<T: Scalar>(
        &mut self,
        samples: DMatrixView<'_, T>,
        weights: Option<&[T]>,
        names: Option<&[String]>,
    ) -> Result<(), Error> {
        let (d, n_samples) = samples.shape();
        let threads = self.threads.for_values::<T>(d * n_samples)?;
        self.check_features(d)?;
        if let Some(weights) = weights {
            check_weights(weights, n_samples, self.n_samples)?;
        }
        if d == 0 || n_samples == 0 {
            return Ok(());
        }
        self.check_room(n_samples as u64)?;
        let all = Samples {
            values: samples,
            weights,
            names,
            first: self.n_samples,
        };
        let wanted = (BLOCK_VALUES / d).clamp(MIN_BLOCK_SAMPLES, MAX_BLOCK_SAMPLES);
        let block = block_samples(d, n_samples, wanted);
        let shard = (SHARD_VALUES / (block * d)).max(1) * block;
        let policy = self.non_finite;
        let mut moments = BlockMoments::new(d, n_samples);
        if n_samples > shard {
            // All shards start with the centre of the very first block.
            all.part(0, block)
                .for_each_block(block, |_, values, weights| {
                    moments.compute(values, weights);
                    Ok(())
                })?;
        }
        in_order(
            (0..n_samples).step_by(shard),
            threads,
            |first| {
                all.part(first, shard.min(n_samples - first))
                    .stats(block, policy, moments.clone())
            },
            |stats| self.join(&stats),
        )
    }
}

impl<T: Scalar> Samples<'_, T> {
    /// Calls `work` with the first sample, the values and the weights of each block.
    fn for_each_block(
        &self,
        block: usize,
        mut work: impl FnMut(usize, &[T], Option<&[T]>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for_each_block(self.values, block, |first, values| {
            let n = values.len() / self.values.nrows();
            work(first, values, self.weights.map(|w| &w[first..first + n]))
        })
    }

    /// `moments` may bring a centre along.
    fn stats(
        &self,
        block: usize,
        policy: NonFinite,
        mut moments: BlockMoments<T>,
    ) -> Result<FeatureStats, Error> {
        let (d, n_samples) = self.values.shape();
        let mut stats = FeatureStats::new(d);
        let mut pairs = Vec::new();
        self.for_each_block(block, |first, values, weights| {
            moments.compute(values, weights);
            if moments.doubtful.contains(&true) {
                if policy == NonFinite::Refuse {
                    refuse_non_finite(values, d, self.first + first as u64, self.names)?;
                }
                for j in 0..d {
                    if moments.doubtful[j] {
                        let seen = finite_pairs(values, weights, d, j, &mut pairs);
                        stats.skipped[j] += seen - pairs.len() as u64;
                        moments.features[j] = Moments::careful(pairs.iter().copied());
                    }
                }
            }
            stats.merge_block(&moments.features);
            Ok(())
        })?;
        stats.n_samples = n_samples as u64;
        Ok(stats)
    }
}

/// Collects the finite values of positive weight of feature `j`; returns how many it saw of that weight.
fn finite_pairs<T: Scalar>(
    values: &[T],
    weights: Option<&[T]>,
    d: usize,
    j: usize,
    pairs: &mut Vec<(f64, f64)>,
) -> u64 {
    pairs.clear();
    let mut seen = 0;
    for (sample, x) in values[j..].iter().step_by(d).enumerate() {
        let weight = weights.map_or(1.0, |w| w[sample].to_f64());
        if weight > 0.0 {
            seen += 1;
            if x.to_f64().is_finite() {
                pairs.push((x.to_f64(), weight));
            }
        }
    }
    seen
}
