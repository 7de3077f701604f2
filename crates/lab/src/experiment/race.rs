//! Rates that race: each is tried on one tuning seed after the other, and given up as soon as it cannot be chosen any more.
//!
//! Racing in the sense of Maron & Moore (1994), but with a bound that is certain instead of probable, so that the choice is
//! always that of trying every rate on every seed. A rate is out
//!
//! - when a run diverges: one that does so on any seed is never chosen;
//! - when more than half of all its runs, those still to come included, are above the least median found so far: then its
//!   own median is, too, whatever the others give.
//!
//! All run on one seed first, then on more than half, and then the one that is ahead goes on alone to the end: what the
//! others are held against is known as early as can be.

use std::collections::BTreeMap;
use std::ops::Range;

use super::tuning::{Search, Tried};
use crate::statistics::median;

/// The rates that some searches want next, each search's for itself.
pub(crate) struct Race<K> {
    entrants: Vec<Entrant<K>>,
    n_seeds: usize,
    exhaustive: bool,
}

/// A rate in the race.
struct Entrant<K> {
    search: K,
    step: i32,
    runs: Runs,
}

impl<K: Ord + Copy> Race<K> {
    /// Of these steps of these searches, on so many seeds. An exhaustive one tries each on all of them.
    pub(crate) fn new(wanted: Vec<(K, i32)>, n_seeds: usize, exhaustive: bool) -> Self {
        let entrant = |(search, step)| Entrant {
            search,
            step,
            runs: Runs::default(),
        };
        Self {
            entrants: wanted.into_iter().map(entrant).collect(),
            n_seeds,
            exhaustive,
        }
    }

    /// The runs to make next: a step of a search on a seed, by its position. None when the race is over.
    pub(crate) fn next_runs(&self, searches: &BTreeMap<K, Search>) -> Vec<(K, i32, usize)> {
        let mut runs = Vec::new();
        for (key, search) in searches {
            let limit = search.limit();
            let running = self.entrants.iter().filter(|entrant| {
                entrant.search == *key
                    && !entrant.runs.are_complete(self.n_seeds)
                    && (self.exhaustive || !entrant.runs.are_out(self.n_seeds, limit))
            });
            let running: Vec<&Entrant<K>> = running.collect();
            let losses: Vec<&Runs> = running.iter().map(|entrant| &entrant.runs).collect();
            for (index, seeds) in next_runs(&losses, self.n_seeds) {
                runs.extend(seeds.map(|seed| (*key, running[index].step, seed)));
            }
        }
        runs
    }

    /// Notes what a run gave; and in its search what its rate gave, once that is complete. Seeds come in their order.
    pub(crate) fn add(&mut self, key: K, step: i32, loss: f64, searches: &mut BTreeMap<K, Search>) {
        let mut entrants = self.entrants.iter_mut();
        let found = entrants.find(|entrant| (entrant.search, entrant.step) == (key, step));
        let Some(entrant) = found else { return };
        entrant.runs.losses.push(loss);
        if entrant.runs.are_complete(self.n_seeds)
            && let Some(search) = searches.get_mut(&key)
        {
            search.record(step, Tried::new(&entrant.runs.losses));
        }
    }

    /// Notes in the searches what those gave that are out. What is neither out nor complete was interrupted, and says nothing.
    pub(crate) fn end(self, searches: &mut BTreeMap<K, Search>) {
        for entrant in self.entrants {
            let Some(search) = searches.get_mut(&entrant.search) else {
                continue;
            };
            if !self.exhaustive && entrant.runs.are_out(self.n_seeds, search.limit()) {
                search.record(entrant.step, Tried::new(&entrant.runs.losses));
            }
        }
    }
}

/// The validation losses of a rate's runs so far, by seed.
#[derive(Clone, Debug, Default, PartialEq)]
struct Runs {
    losses: Vec<f64>,
}

impl Runs {
    fn are_complete(&self, n_seeds: usize) -> bool {
        self.losses.len() >= n_seeds
    }

    /// Whether the rate cannot be chosen any more. `limit` is what its median must not be above.
    fn are_out(&self, n_seeds: usize, limit: f64) -> bool {
        let above = self.losses.iter().filter(|loss| **loss > limit).count();
        self.losses.iter().any(|loss| !loss.is_finite()) || above >= majority(n_seeds)
    }
}

/// More than half.
fn majority(n_seeds: usize) -> usize {
    n_seeds / 2 + 1
}

/// The seeds, by position, that rates of one search are to be run on next, given those that are neither complete nor out.
fn next_runs(running: &[&Runs], n_seeds: usize) -> Vec<(usize, Range<usize>)> {
    let indexed = || running.iter().enumerate();
    for stage in [1, majority(n_seeds).min(n_seeds)] {
        let behind = indexed().filter(|(_, runs)| runs.losses.len() < stage);
        let runs: Vec<_> = behind
            .map(|(index, runs)| (index, runs.losses.len()..stage))
            .collect();
        if !runs.is_empty() {
            return runs;
        }
    }
    let standing = |runs: &Runs| median(&runs.losses).unwrap_or(f64::INFINITY);
    let ahead = indexed().min_by(|(_, a), (_, b)| standing(a).total_cmp(&standing(b)));
    ahead
        .map(|(index, runs)| (index, runs.losses.len()..n_seeds))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The loss of a rate on a seed: a valley with noise, and divergence beyond it.
    fn loss(step: i32, seed: usize, best: f64, noise: f64, unlucky: usize) -> f64 {
        let shifted = f64::from(step) - best;
        let wobble =
            ((f64::from(step) * 12.9898 + seed as f64 * 78.233).sin() * 43_758.545).fract();
        if shifted > 5.0 || (shifted > 2.0 && seed == unlucky) {
            f64::INFINITY
        } else {
            0.2 + 0.01 * shifted * shifted + noise * wobble.abs()
        }
    }

    /// A whole search, and the number of runs it took.
    fn search(
        n_seeds: usize,
        exhaustive: bool,
        loss: impl Fn(i32, usize) -> f64,
    ) -> (Search, usize) {
        let mut searches = BTreeMap::from([((), Search::new(0.01, 1.5))]);
        let mut n_runs = 0;
        loop {
            let wanted = searches[&()].wanted();
            if wanted.is_empty() {
                let search = searches.remove(&()).unwrap();
                return (search, n_runs);
            }
            let wanted = wanted.into_iter().map(|step| ((), step)).collect();
            let mut race = Race::new(wanted, n_seeds, exhaustive);
            loop {
                let runs = race.next_runs(&searches);
                if runs.is_empty() {
                    break;
                }
                n_runs += runs.len();
                for (key, step, seed) in runs {
                    race.add(key, step, loss(step, seed), &mut searches);
                }
            }
            race.end(&mut searches);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn the_race_chooses_as_the_exhaustive_search_does(
            best in -24.0_f64..4.0,
            noise in 0.0_f64..3.0,
            n_seeds in 1_usize..9,
            unlucky in 0_usize..9,
        ) {
            let loss = |step, seed| loss(step, seed, best, noise, unlucky);
            let (all, of_all) = search(n_seeds, true, loss);
            let (race, of_race) = search(n_seeds, false, loss);
            prop_assert_eq!(race.best(), all.best());
            prop_assert_eq!(race.nothing_learned(), all.nothing_learned());
            prop_assert_eq!(race.at_the_edge(), all.at_the_edge());
            // The same rates, too.
            let rates = |search: &Search| search.tried().map(|(step, _)| step).collect::<Vec<_>>();
            prop_assert_eq!(rates(&race), rates(&all));
            prop_assert_eq!(of_all, rates(&all).len() * n_seeds);
            prop_assert!(of_race <= of_all);
        }
    }

    #[test]
    fn hopeless_rates_cost_less() {
        let loss = |step, seed| loss(step, seed, -8.0, 0.01, 9);
        let (_, of_all) = search(6, true, loss);
        let (_, of_race) = search(6, false, loss);
        // Seven rates on six seeds; most are out after four, and those that diverge after one.
        assert_eq!(of_all, 42);
        assert!(of_race <= 34, "{of_race}");
    }

    #[test]
    fn one_run_that_diverges_or_a_majority_above_the_limit_ends_it() {
        let runs = |losses: &[f64]| Runs {
            losses: losses.to_vec(),
        };
        assert!(runs(&[1.0, f64::NAN]).are_out(6, 9.0));
        assert!(!runs(&[1.0, 2.0, 3.0]).are_out(6, 0.5));
        assert!(runs(&[1.0, 2.0, 3.0, 4.0]).are_out(6, 0.5));
        assert!(!runs(&[1.0, 2.0, 3.0, 0.4]).are_out(6, 0.5));
        assert!(runs(&[1.0, 2.0]).are_complete(2) && !runs(&[1.0, 2.0]).are_out(2, 9.0));
    }

    #[test]
    fn what_was_interrupted_says_nothing() {
        let mut searches = BTreeMap::from([(0, Search::new(1.0, 1.5)), (1, Search::new(1.0, 1.5))]);
        let mut race = Race::new(vec![(0, -2), (0, 2), (1, 0)], 3, false);
        assert_eq!(
            race.next_runs(&searches),
            [(0, -2, 0), (0, 2, 0), (1, 0, 0)]
        );
        race.add(0, -2, 0.5, &mut searches);
        race.add(0, 2, f64::INFINITY, &mut searches);
        race.end(&mut searches);
        let tried: Vec<i32> = searches[&0].tried().map(|(step, _)| step).collect();
        assert_eq!(
            tried,
            [2],
            "the one that diverged is out, the other was interrupted"
        );
        assert_eq!(searches[&1].tried().count(), 0);
    }
}
