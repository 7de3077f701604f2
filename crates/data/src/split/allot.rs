//! Dealing samples out to bins (parts or folds): shuffled, stratified or grouped.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use smallbatch_preprocess::Scalar;

use super::Strategy;
use crate::stream::{Stream, generator, shuffle};
use crate::{Dataset, Error, Target};

/// The bins' shares of the whole; they add up to 1.
pub(super) struct Shares<'a> {
    pub(super) fractions: &'a [f64],
    /// "part" or "fold", for errors.
    pub(super) unit: &'static str,
}

impl Shares<'_> {
    fn bins(&self) -> usize {
        self.fractions.len()
    }

    /// "3 parts".
    pub(super) fn describe(&self) -> String {
        format!("{} {}s", self.bins(), self.unit)
    }
}

/// The bin of every sample. `empty` makes the error for a bin without samples, of so many samples in all.
pub(super) fn allot<T: Scalar>(
    dataset: &Dataset<T>,
    strategy: Strategy,
    shares: &Shares<'_>,
    seed: u64,
    empty: impl Fn(usize, usize) -> Error,
) -> Result<Vec<usize>, Error> {
    let mut rng = generator(seed, Stream::Split, 0);
    match strategy {
        Strategy::Shuffled => {
            let n_samples = dataset.n_samples();
            let counts = counts(n_samples, shares, &mut vec![0.0; shares.bins()]);
            if let Some(bin) = counts.iter().position(|&count| count == 0) {
                return Err(empty(bin, n_samples));
            }
            let mut bins = vec![0; n_samples];
            deal(
                &mut (0..n_samples).collect::<Vec<_>>(),
                &counts,
                &mut bins,
                &mut rng,
            );
            Ok(bins)
        }
        Strategy::Stratified => stratified(dataset, shares, &mut rng),
        Strategy::Grouped => grouped(dataset, shares, &mut rng),
    }
}

fn stratified<T: Scalar>(
    dataset: &Dataset<T>,
    shares: &Shares<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<usize>, Error> {
    let Target::Classes { labels, names } = dataset.target() else {
        return Err(Error::NotClasses {
            dataset: dataset.name().to_string(),
        });
    };
    let mut members = vec![Vec::new(); names.len()];
    for (sample, &label) in labels.iter().enumerate() {
        members[label as usize].push(sample);
    }
    let mut bins = vec![0; labels.len()];
    let mut owed = vec![0.0; shares.bins()];
    for (members, name) in members.iter_mut().zip(names) {
        // A class may be named and have no sample: there is nothing to deal out.
        if members.is_empty() {
            continue;
        }
        let counts = counts(members.len(), shares, &mut owed);
        if counts.contains(&0) {
            let (class, count) = (name.clone(), members.len());
            return Err(Error::ClassTooSmall {
                class,
                count,
                parts: shares.describe(),
            });
        }
        deal(members, &counts, &mut bins, rng);
    }
    Ok(bins)
}

/// Shuffles the samples, and gives the first `counts[0]` to bin 0, and so on.
fn deal(samples: &mut [usize], counts: &[usize], bins: &mut [usize], rng: &mut ChaCha8Rng) {
    shuffle(samples, rng);
    let mut rest = &samples[..];
    for (bin, &count) in counts.iter().enumerate() {
        let (dealt, left) = rest.split_at(count);
        dealt.iter().for_each(|&sample| bins[sample] = bin);
        rest = left;
    }
}

/// Whole counts that add up to `n`, each less than 1 from `n` times its fraction.
///
/// Every bin gets its share rounded down; what is left goes, one each, first to bins that would be empty, then to the
/// bins that are owed most. `owed` carries what earlier classes left each bin short of, so that the bins' sizes are
/// near their fractions too, not only each class.
fn counts(n: usize, shares: &Shares<'_>, owed: &mut [f64]) -> Vec<usize> {
    let exact: Vec<f64> = shares
        .fractions
        .iter()
        .map(|fraction| snap(fraction * n as f64))
        .collect();
    let mut counts: Vec<usize> = exact.iter().map(|share| share.floor() as usize).collect();
    for (owed, share) in owed.iter_mut().zip(&exact) {
        *owed += share.fract();
    }
    let mut takers: Vec<usize> = (0..exact.len())
        .filter(|&bin| exact[bin].fract() > 0.0)
        .collect();
    takers.sort_by(|&a, &b| {
        (counts[a] > 0)
            .cmp(&(counts[b] > 0))
            .then(owed[b].total_cmp(&owed[a]))
    });
    let left = n.saturating_sub(counts.iter().sum());
    for &bin in takers.iter().take(left) {
        counts[bin] += 1;
        owed[bin] -= 1.0;
    }
    counts
}

/// 0.29 · 100 is 28.999999999999996: a share that rounding alone keeps from a whole number is that number.
fn snap(share: f64) -> f64 {
    let whole = share.round();
    if (share - whole).abs() <= 1e-9 * whole.max(1.0) {
        whole
    } else {
        share
    }
}

fn grouped<T: Scalar>(
    dataset: &Dataset<T>,
    shares: &Shares<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<usize>, Error> {
    let Some(groups) = dataset.groups() else {
        return Err(Error::NoGroups {
            dataset: dataset.name().to_string(),
        });
    };
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    for &group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    if sizes.len() < shares.bins() {
        return Err(Error::TooFew {
            what: "groups",
            count: sizes.len(),
            parts: shares.describe(),
        });
    }
    let mut order: Vec<(u32, usize)> = sizes.into_iter().collect();
    shuffle(&mut order, rng);

    let mut lacking: Vec<f64> = shares
        .fractions
        .iter()
        .map(|fraction| fraction * groups.len() as f64)
        .collect();
    let mut empty: Vec<bool> = vec![true; shares.bins()];
    let mut bin_of: BTreeMap<u32, usize> = BTreeMap::new();
    for (dealt, &(group, size)) in order.iter().enumerate() {
        // The last groups are kept for bins that have none yet.
        let only_empty = order.len() - dealt <= empty.iter().filter(|&&empty| empty).count();
        let bin = (0..shares.bins())
            .filter(|&bin| empty[bin] || !only_empty)
            .max_by(|&a, &b| lacking[a].total_cmp(&lacking[b]).then(b.cmp(&a)))
            .unwrap_or(0);
        lacking[bin] -= size as f64;
        empty[bin] = false;
        bin_of.insert(group, bin);
    }
    Ok(groups.iter().map(|group| bin_of[group]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(fractions: &[f64]) -> Shares<'_> {
        Shares {
            fractions,
            unit: "part",
        }
    }

    #[test]
    fn whole_shares_are_met_exactly_in_spite_of_rounding() {
        assert_eq!(
            counts(100, &shares(&[0.29, 0.57, 0.14]), &mut [0.0; 3]),
            [29, 57, 14]
        );
        assert_eq!(
            counts(30, &shares(&[0.1, 0.2, 0.7]), &mut [0.0; 3]),
            [3, 6, 21]
        );
        // A debt from earlier classes must not move a count a whole sample away from its share.
        assert_eq!(counts(10, &shares(&[0.5, 0.5]), &mut [0.9, -0.9]), [5, 5]);
    }

    #[test]
    fn what_is_left_goes_to_empty_bins_first() {
        // Exact shares 1.8, 0.6, 0.6: by the largest remainder alone one bin would stay empty.
        assert_eq!(
            counts(3, &shares(&[0.6, 0.2, 0.2]), &mut [0.0; 3]),
            [1, 1, 1]
        );
    }

    #[test]
    fn debts_keep_the_totals_near_their_fractions() {
        // 40 classes of 7 samples: without the debts every class would round in favour of the same bins.
        let fractions = [0.6, 0.2, 0.2];
        let mut owed = [0.0; 3];
        let mut totals = [0; 3];
        for _ in 0..40 {
            for (total, count) in totals
                .iter_mut()
                .zip(counts(7, &shares(&fractions), &mut owed))
            {
                *total += count;
            }
        }
        assert_eq!(totals, [168, 56, 56]);
    }
}
