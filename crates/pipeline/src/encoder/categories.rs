//! Categories as numbers: a place for each frequent level, one for the rest, and means of the target where there are many.

use serde::{Deserialize, Serialize};
use smallbatch_data::{FrameValues, Target};

use super::numbers_of;

/// More levels than this get means of the target, beside places for the most frequent ones.
const MOST_PLACES: usize = 40;
/// A level needs this share of the training rows for a place of its own.
const LEAST_SHARE: f64 = 0.001;
/// And so many rows.
const LEAST_ROWS: usize = 2;
/// Means are shrunk towards the mean of all by the weight of so many rows.
const SHRINKAGE: f64 = 10.0;
/// In so many parts are training rows cut, each of which gets the means of the others.
const PARTS: usize = 5;
/// A target of more classes than this gives no means.
const MOST_MEANS: usize = 10;

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
    /// Learns from training rows and encodes them.
    pub(super) fn fit(
        codes: &[u32],
        levels: &[String],
        target: Option<&Target<f64>>,
    ) -> (Self, Vec<Vec<f64>>) {
        let mut counts = vec![0_usize; levels.len()];
        for &code in codes {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        let least = LEAST_ROWS.max((LEAST_SHARE * codes.len() as f64).ceil() as usize);
        let mut places: Vec<u32> = (0..levels.len() as u32)
            .filter(|&code| counts[code as usize] >= least)
            .collect();
        let many = places.len() > MOST_PLACES;
        if many {
            places.sort_by_key(|&code| (std::cmp::Reverse(counts[code as usize]), code));
            places.truncate(MOST_PLACES);
            places.sort_unstable();
        }
        let in_places: usize = places.iter().map(|&code| counts[code as usize]).sum();
        let n_missing = codes
            .iter()
            .filter(|code| **code == FrameValues::MISSING)
            .count();
        let numbers = match target {
            Some(target) if many => numbers_of(target),
            _ => Vec::new(),
        };
        let numbers = if numbers.len() > MOST_MEANS {
            Vec::new()
        } else {
            numbers
        };
        let everywhere = |_: usize| true;
        let means: Vec<Vec<f64>> = numbers
            .iter()
            .map(|numbers| means_by_code(codes, numbers, levels.len(), everywhere))
            .collect();
        let categories = Self {
            has_other: in_places + n_missing < codes.len(),
            has_missing: n_missing > 0,
            places,
            means,
        };
        let mut encoded = categories.encode(codes);
        let first_mean = encoded.len() - numbers.len();
        for (numbers, row) in numbers.iter().zip(&mut encoded[first_mean..]) {
            for part in 0..PARTS {
                let others = |at: usize| at % PARTS != part;
                let means = means_by_code(codes, numbers, levels.len(), others);
                for at in (part..codes.len()).step_by(PARTS) {
                    row[at] = mean_of(&means, codes[at]);
                }
            }
        }
        (categories, encoded)
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

/// The shrunk mean of some rows' numbers for each code, and the mean of all of them at the end.
fn means_by_code(
    codes: &[u32],
    numbers: &[f64],
    n_levels: usize,
    counts: impl Fn(usize) -> bool,
) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); n_levels + 1];
    for (at, (&code, &number)) in codes.iter().zip(numbers).enumerate() {
        if counts(at) {
            let all = &mut sums[n_levels];
            *all = (all.0 + number, all.1 + 1.0);
            if (code as usize) < n_levels {
                let own = &mut sums[code as usize];
                *own = (own.0 + number, own.1 + 1.0);
            }
        }
    }
    let (sum, count) = sums[n_levels];
    let mean = if count > 0.0 { sum / count } else { 0.0 };
    sums.iter()
        .map(|&(sum, count)| (sum + SHRINKAGE * mean) / (count + SHRINKAGE))
        .collect()
}

fn mean_of(means: &[f64], code: u32) -> f64 {
    let all = means.len() - 1;
    means[(code as usize).min(all)]
}
