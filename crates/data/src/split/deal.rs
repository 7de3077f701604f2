//! Dealing out class by class: first units of several samples that stay together, then single samples.

use std::collections::{BTreeMap, HashSet};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::allot::Shares;
use crate::stream::shuffle;

/// A class that a bin would have no sample of.
pub(super) struct Bare {
    pub(super) class: usize,
    /// How many samples of it can be dealt out apart from each other.
    pub(super) count: usize,
    pub(super) bin: usize,
}

/// Deals out the units of several samples, then, class by class, the samples that are units of their own.
///
/// Without the former, each class's counts are within 1 of its shares. With them too, where single samples are left to
/// make up for what the units took.
pub(super) fn dealt(
    labels: &[u32],
    n_classes: usize,
    units: &[usize],
    shares: &Shares<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<usize>, Bare> {
    let mut bins = vec![0; labels.len()];
    let mut deal = Deal::new(labels, n_classes, units, shares);
    deal.large_units(labels, units, &mut bins, rng);
    let mut singles = vec![Vec::new(); n_classes];
    for (sample, &label) in labels.iter().enumerate() {
        if deal.sizes[units[sample]] == 1 {
            singles[label as usize].push(sample);
        }
    }
    let mut owed = vec![0.0; shares.bins()];
    for (class, members) in singles.iter_mut().enumerate() {
        // A class may be named and have no sample: there is nothing to deal out.
        if deal.totals[class] == 0 {
            continue;
        }
        let held = &deal.held[class];
        let counts = counts(members.len(), &deal.left(class), held, &mut owed);
        if let Some(bin) = (0..shares.bins()).find(|&bin| held[bin] + counts[bin] == 0) {
            let count = deal.n_units[class];
            return Err(Bare { class, count, bin });
        }
        self::deal(members, &counts, &mut bins, rng);
    }
    Ok(bins)
}

/// What has been dealt out.
struct Deal<'a> {
    fractions: &'a [f64],
    /// Of each class, how many samples there are.
    totals: Vec<usize>,
    /// Of each class, how many units have it.
    n_units: Vec<usize>,
    /// Of each class, how many samples each bin has.
    held: Vec<Vec<usize>>,
    /// The size of each unit, at its first sample.
    sizes: Vec<usize>,
}

impl<'a> Deal<'a> {
    fn new(labels: &[u32], n_classes: usize, units: &[usize], shares: &Shares<'a>) -> Self {
        let mut deal = Self {
            fractions: shares.fractions,
            totals: vec![0; n_classes],
            n_units: vec![0; n_classes],
            held: vec![vec![0; shares.bins()]; n_classes],
            sizes: vec![0; units.len()],
        };
        units.iter().for_each(|&unit| deal.sizes[unit] += 1);
        let mut seen = HashSet::new();
        for (&label, &unit) in labels.iter().zip(units) {
            deal.totals[label as usize] += 1;
            if deal.sizes[unit] == 1 || seen.insert((unit, label)) {
                deal.n_units[label as usize] += 1;
            }
        }
        deal
    }

    /// How many samples of a class a bin lacks; negative where it has too many.
    fn lack(&self, class: usize, bin: usize) -> f64 {
        snap(self.fractions[bin] * self.totals[class] as f64) - self.held[class][bin] as f64
    }

    /// What is left for each bin of a class, adding up to what is left of the class.
    fn left(&self, class: usize) -> Vec<f64> {
        let lacks: Vec<f64> = (0..self.fractions.len())
            .map(|bin| self.lack(class, bin))
            .collect();
        if lacks.iter().all(|lack| *lack >= 0.0) {
            return lacks;
        }
        let (sum, positive) = lacks.iter().fold((0.0, 0.0), |(sum, positive), lack| {
            (sum + lack, positive + lack.max(0.0))
        });
        lacks
            .iter()
            .map(|lack| snap(lack.max(0.0) * (sum / positive)))
            .collect()
    }

    /// Deals out the units of several samples, the largest first: each to a bin drawn in proportion to what the bins lack
    /// of the unit's classes, among those that it does not overfill.
    fn large_units(
        &mut self,
        labels: &[u32],
        units: &[usize],
        bins: &mut [usize],
        rng: &mut ChaCha8Rng,
    ) {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (sample, &unit) in units.iter().enumerate() {
            if self.sizes[unit] > 1 {
                members.entry(unit).or_default().push(sample);
            }
        }
        let mut members: Vec<Vec<usize>> = members.into_values().collect();
        shuffle(&mut members, rng);
        members.sort_by_key(|samples| std::cmp::Reverse(samples.len()));
        let mut waiting = self.n_units.clone();
        for samples in members {
            let mut classes: BTreeMap<usize, usize> = BTreeMap::new();
            for &sample in &samples {
                *classes.entry(labels[sample] as usize).or_default() += 1;
            }
            let bin = self.bin_for(&classes, &waiting, rng);
            for (&class, &count) in &classes {
                self.held[class][bin] += count;
                waiting[class] -= 1;
            }
            samples.iter().for_each(|&sample| bins[sample] = bin);
        }
    }

    /// The bin for a unit with so many samples of each class; `waiting` counts the units of each class yet to be dealt out.
    fn bin_for(
        &self,
        classes: &BTreeMap<usize, usize>,
        waiting: &[usize],
        rng: &mut ChaCha8Rng,
    ) -> usize {
        let mut bins: Vec<usize> = (0..self.fractions.len()).collect();
        let narrow = |bins: &mut Vec<usize>, fits: &dyn Fn(usize) -> bool| {
            let fitting: Vec<usize> = bins.iter().copied().filter(|&bin| fits(bin)).collect();
            if !fitting.is_empty() {
                *bins = fitting;
            }
        };
        for &class in classes.keys() {
            // The last units of a class are kept for bins that have none of it yet.
            let held = &self.held[class];
            if waiting[class] <= held.iter().filter(|held| **held == 0).count() {
                narrow(&mut bins, &|bin| held[bin] == 0);
            }
        }
        let overfilled = |bin: usize| {
            let over = |(&class, &count): (&usize, &usize)| count as f64 - self.lack(class, bin);
            classes.iter().map(over).fold(f64::MIN, f64::max)
        };
        narrow(&mut bins, &|bin| overfilled(bin) < 1.0);
        let weight = |bin: usize| -> f64 {
            let weight = |(&class, &count): (&usize, &usize)| {
                count as f64 * self.lack(class, bin).max(0.0) / self.totals[class] as f64
            };
            classes.iter().map(weight).sum()
        };
        let total: f64 = bins.iter().map(|&bin| weight(bin)).sum();
        if bins.iter().all(|&bin| overfilled(bin) >= 1.0) || total <= 0.0 {
            let least = |a: &usize, b: &usize| overfilled(*a).total_cmp(&overfilled(*b));
            return bins.into_iter().min_by(least).unwrap_or(0);
        }
        // 53 random bits: every multiple of 2^-53 below 1 is equally likely.
        let mut drawn = total * ((rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64);
        for &bin in &bins {
            drawn -= weight(bin);
            if drawn < 0.0 {
                return bin;
            }
        }
        bins.last().copied().unwrap_or(0)
    }
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

/// Whole counts that add up to `n`, each less than 1 from its `exact` one.
///
/// Every bin gets its share rounded down; what is left goes, one each, first to bins that would be empty in spite of what
/// they have (`held`), then to the bins that are owed most. `owed` carries what earlier classes left each bin short of, so
/// that the bins' sizes are near their fractions too, not only each class.
fn counts(n: usize, exact: &[f64], held: &[usize], owed: &mut [f64]) -> Vec<usize> {
    let mut counts: Vec<usize> = exact.iter().map(|share| share.floor() as usize).collect();
    for (owed, share) in owed.iter_mut().zip(exact) {
        *owed += share.fract();
    }
    let mut takers: Vec<usize> = (0..exact.len())
        .filter(|&bin| exact[bin].fract() > 0.0)
        .collect();
    let has_some = |bin: usize| counts[bin] + held[bin] > 0;
    takers.sort_by(|&a, &b| {
        has_some(a)
            .cmp(&has_some(b))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `n` samples, where the bins have nothing yet.
    fn counts(n: usize, fractions: &[f64], owed: &mut [f64]) -> Vec<usize> {
        let exact: Vec<f64> = fractions.iter().map(|f| snap(f * n as f64)).collect();
        super::counts(n, &exact, &vec![0; exact.len()], owed)
    }

    #[test]
    fn whole_shares_are_met_exactly_in_spite_of_rounding() {
        assert_eq!(
            counts(100, &[0.29, 0.57, 0.14], &mut [0.0; 3]),
            [29, 57, 14]
        );
        assert_eq!(counts(30, &[0.1, 0.2, 0.7], &mut [0.0; 3]), [3, 6, 21]);
        // A debt from earlier classes must not move a count a whole sample away from its share.
        assert_eq!(counts(10, &[0.5, 0.5], &mut [0.9, -0.9]), [5, 5]);
    }

    #[test]
    fn what_is_left_goes_to_empty_bins_first() {
        // Exact shares 1.8, 0.6, 0.6: by the largest remainder alone one bin would stay empty.
        assert_eq!(counts(3, &[0.6, 0.2, 0.2], &mut [0.0; 3]), [1, 1, 1]);
    }

    #[test]
    fn debts_keep_the_totals_near_their_fractions() {
        // 40 classes of 7 samples: without the debts every class would round in favour of the same bins.
        let fractions = [0.6, 0.2, 0.2];
        let mut owed = [0.0; 3];
        let mut totals = [0; 3];
        for _ in 0..40 {
            for (total, count) in totals.iter_mut().zip(counts(7, &fractions, &mut owed)) {
                *total += count;
            }
        }
        assert_eq!(totals, [168, 56, 56]);
    }
}
