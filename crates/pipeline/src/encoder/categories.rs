//! Categories as numbers: a place for each frequent level, one for the rest, and means of the target where there are many.

use serde::{Deserialize, Serialize};
use smallbatch_data::FrameValues;

use crate::recipe::Levels;

/// More levels than this get means of the target, beside places for the most frequent ones.
const MOST_PLACES: usize = 40;
/// A column whose levels all have places has so many at most; of more the rare ones share.
const ALL_PLACES: usize = 2_000;
/// And no more than make so many numbers of the training rows.
const MOST_NUMBERS: usize = 8_000_000;
/// Of few levels, one needs this share of the training rows for a place of its own.
const LEAST_SHARE: f64 = 0.001;
/// And so many rows.
const LEAST_ROWS: usize = 2;

/// How one column of categories is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Categories {
    /// The levels with a place of their own, by code.
    pub(super) places: Vec<u32>,
    /// Whether all others share a place.
    pub(super) has_other: bool,
    /// Whether missing cells have one.
    pub(super) has_missing: bool,
    /// For each row of numbers that the target is, the mean by code, and the mean of all at the end; none where there are few levels.
    pub(super) means: Vec<Vec<f64>>,
}

impl Categories {
    /// Learns from training rows; means of the target may be added.
    pub(super) fn fit(codes: &[u32], names: &[String], levels: Levels) -> Self {
        let counts = counts(codes, names.len());
        let many = has_many(&counts);
        let share = (LEAST_SHARE * codes.len() as f64).ceil() as usize;
        let least = if many {
            LEAST_ROWS
        } else {
            LEAST_ROWS.max(share)
        };
        let mut places: Vec<u32> = (0..names.len() as u32)
            .filter(|&code| counts[code as usize] >= least)
            .collect();
        if many {
            let most = match levels {
                Levels::Means => MOST_PLACES,
                Levels::All => (MOST_NUMBERS / codes.len()).clamp(MOST_PLACES, ALL_PLACES),
            };
            places.sort_by_key(|&code| (std::cmp::Reverse(counts[code as usize]), code));
            places.truncate(most);
            places.sort_unstable();
        }
        let in_places: usize = places.iter().map(|&code| counts[code as usize]).sum();
        let n_missing = codes
            .iter()
            .filter(|code| **code == FrameValues::MISSING)
            .count();
        Self {
            has_other: in_places + n_missing < codes.len(),
            has_missing: n_missing > 0,
            places,
            means: Vec::new(),
        }
    }

    /// The same with the means of the target by code, for each number that it is.
    pub(super) fn with_means(mut self, means: Vec<Vec<f64>>) -> Self {
        self.means = means;
        self
    }

    /// Other rows.
    pub(super) fn encode(&self, codes: &[u32]) -> Vec<Vec<f64>> {
        let indicator = |is: &dyn Fn(u32) -> bool| {
            let one = |&code: &u32| f64::from(u8::from(is(code)));
            codes.iter().map(one).collect::<Vec<f64>>()
        };
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(self.n_features());
        for &place in &self.places {
            rows.push(indicator(&|code| code == place));
        }
        if self.has_other {
            rows.push(indicator(&|code| {
                code != FrameValues::MISSING && self.places.binary_search(&code).is_err()
            }));
        }
        if self.has_missing {
            rows.push(indicator(&|code| code == FrameValues::MISSING));
        }
        for means in &self.means {
            rows.push(codes.iter().map(|&code| mean_of(means, code)).collect());
        }
        rows
    }

    pub(super) fn n_features(&self) -> usize {
        let shared = usize::from(self.has_other) + usize::from(self.has_missing);
        self.places.len() + shared + self.means.len()
    }

    /// What stands behind the column's name.
    pub(super) fn feature_names(&self, levels: &[String]) -> Vec<String> {
        let mut names: Vec<String> = self
            .places
            .iter()
            .map(|&code| levels[code as usize].clone())
            .collect();
        if self.has_other {
            names.push("(other)".into());
        }
        if self.has_missing {
            names.push("(missing)".into());
        }
        let mean = |at| format!("(mean of the target, {at})");
        names.extend((1..=self.means.len()).map(mean));
        names
    }
}

/// How many rows have each level.
fn counts(codes: &[u32], n_levels: usize) -> Vec<usize> {
    let mut counts = vec![0_usize; n_levels];
    for &code in codes {
        if let Some(count) = counts.get_mut(code as usize) {
            *count += 1;
        }
    }
    counts
}

/// Whether more levels than there are places are in more than one row.
fn has_many(counts: &[usize]) -> bool {
    counts.iter().filter(|count| **count >= LEAST_ROWS).count() > MOST_PLACES
}

/// Whether a column has so many levels that [`Levels`] matters.
pub(super) fn has_many_levels(codes: &[u32], names: &[String]) -> bool {
    has_many(&counts(codes, names.len()))
}

fn mean_of(means: &[f64], code: u32) -> f64 {
    let all = means.len() - 1;
    means[(code as usize).min(all)]
}
