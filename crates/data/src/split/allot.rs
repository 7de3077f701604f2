//! Dealing samples out to bins (parts or folds): shuffled, stratified or grouped.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use smallbatch_base::Scalar;

use super::Strategy;
use super::deal::dealt;
use super::units::units;
use crate::stream::{Stream, generator, shuffle};
use crate::{Dataset, Error, Target};

/// The bins' shares of the whole; they add up to 1.
pub(super) struct Shares<'a> {
    pub(super) fractions: &'a [f64],
    /// "part" or "fold", for errors.
    pub(super) unit: &'static str,
}

impl Shares<'_> {
    pub(super) fn bins(&self) -> usize {
        self.fractions.len()
    }

    /// "3 parts".
    pub(super) fn describe(&self) -> String {
        format!("{} {}s", self.bins(), self.unit)
    }
}

/// How samples are dealt out, and whether copies stay together.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) strategy: Strategy,
    pub(super) copies_together: bool,
}

/// The bin of every sample. `empty` makes the error for a bin without samples, of so many samples in all.
pub(super) fn allot<T: Scalar>(
    dataset: &Dataset<T>,
    way: Way,
    shares: &Shares<'_>,
    seed: u64,
    empty: impl Fn(usize, usize) -> Error,
) -> Result<Vec<usize>, Error> {
    let n_samples = dataset.n_samples();
    let mut rng = generator(seed, Stream::Split, 0);
    let units = if way.copies_together {
        units(dataset)
    } else {
        (0..n_samples).collect()
    };
    match way.strategy {
        Strategy::Shuffled => dealt(&vec![0; n_samples], 1, &units, shares, &mut rng)
            .map_err(|bare| empty(bare.bin, n_samples)),
        Strategy::Stratified => {
            let Target::Classes { labels, names } = dataset.target() else {
                return Err(Error::NotClasses {
                    what: "a stratified split",
                    dataset: dataset.name().to_string(),
                });
            };
            dealt(labels, names.len(), &units, shares, &mut rng).map_err(|bare| {
                Error::ClassTooSmall {
                    class: names[bare.class].clone(),
                    count: bare.count,
                    parts: shares.describe(),
                }
            })
        }
        Strategy::Grouped => {
            let Some(groups) = dataset.groups() else {
                return Err(Error::NoGroups {
                    dataset: dataset.name().to_string(),
                });
            };
            if !way.copies_together {
                return grouped(groups, shares, &mut rng);
            }
            // A unit has the least of its groups' numbers, so that without copies it is the group.
            let mut least: Vec<u32> = groups.to_vec();
            for (sample, &unit) in units.iter().enumerate() {
                least[unit] = least[unit].min(groups[sample]);
            }
            let merged: Vec<u32> = units.iter().map(|&unit| least[unit]).collect();
            grouped(&merged, shares, &mut rng)
        }
    }
}

fn grouped(groups: &[u32], shares: &Shares<'_>, rng: &mut ChaCha8Rng) -> Result<Vec<usize>, Error> {
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
