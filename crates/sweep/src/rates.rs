//! The search for a learning rate that can be lived with.
//!
//! Rates are 10^(k/4) for whole numbers k: four to the decade, the same for all, so that two ways of training never differ by where their
//! grids happen to lie. A search goes through three stages, the same for every way:
//!
//! 1. *Look.* Every other rate within a decade of a guess is tried with one seed. The grid grows while the best lies at its
//!    edge; then the neighbours of the best are tried, too. As long as nothing learns, the whole range is looked at: upwards to the rate
//!    100, whatever diverges on the way, and three decades downwards. (On badly scaled inputs the loss can have a second valley
//!    beyond the first hill.)
//! 2. *Race.* Rates whose first run is not worse than [`RACE`] times the best one's go on with the other seeds.
//! 3. *Choose.* The score of a rate is the mean logarithm of the measure over the seeds. A rate with any run that diverged, or that ended
//!    above the loss of a constant, is not chosen while another has none. Of the rates within one standard error of the best
//!    (of the paired differences over seeds) the geometric middle is taken. The best alone would be a winner by chance, and often
//!    one at the edge of stability, whose next run diverges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Error;

/// Rates in a decade.
const PER_DECADE: f64 = 4.0;
/// The first rates, in steps from the guess.
const START: [i32; 5] = [-4, -2, 0, 2, 4];
/// How far the grid may grow to each side of the guess, in steps: six decades.
const MOST_GROWTH: i32 = 24;
/// Where the look for a second valley ends above: the rate 100.
const HIGHEST: i32 = 8;
/// How far below the guess it goes, in steps: three decades.
const FARTHEST_BELOW: i32 = 12;
/// A rate whose first run is so many times worse than the best one's is not tried again.
const RACE: f64 = 2.0;

/// Scores that differ by less are equal but for rounding.
const ROUNDING: f64 = 1e-9;

/// The rate of step `k`: 10^(k/4).
///
/// ```
/// use smallbatch_sweep::rate;
///
/// assert_eq!((rate(-4), rate(0), rate(8)), (0.1, 1.0, 100.0));
/// ```
pub fn rate(step: i32) -> f64 {
    // Through powi for whole decades, so that 0.1 is 0.1 and not its neighbour.
    let (decade, rest) = (step.div_euclid(4), step.rem_euclid(4));
    let within = [1.0, 10f64.powf(0.25), 10f64.sqrt(), 10f64.powf(0.75)][rest as usize];
    if decade < 0 {
        within / 10f64.powi(-decade)
    } else {
        within * 10f64.powi(decade)
    }
}

/// The step whose rate is nearest to `rate` on the logarithmic scale.
pub fn step_near(rate: f64) -> i32 {
    let step = (rate.log10() * PER_DECADE).round();
    // A guess beyond any sense still gives a grid that can grow.
    step.clamp(-160.0, 40.0) as i32
}

/// What one tuning run gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedRate {
    /// The logarithm of the measure: the less, the better.
    pub log: f64,
    /// Whether it neither diverged nor ended above the loss of a constant.
    pub is_good: bool,
}

/// A finished search: every rate that was tried, and the one that is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The runs of each step, one a seed. Of a rate that is out of the race there is one.
    pub tried: BTreeMap<i32, Vec<TriedRate>>,
    /// The rate to train with.
    pub choice: ChosenRate,
}

/// The rate that a search chose.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenRate {
    /// Its step on the grid.
    pub step: i32,
    /// The mean logarithm of the measure over its tuning runs.
    pub log: f64,
    /// Whether any rate learned in all its runs. If not, this is the least bad.
    pub has_learned: bool,
}

impl Search {
    /// Searches around a guess with so many seeds. `run` makes the run of a step with a seed, given by its index from 0.
    ///
    /// # Errors
    /// Those of `run`.
    ///
    /// ```
    /// use smallbatch_sweep::{Search, TriedRate, rate};
    ///
    /// // The best rate is 0.1; above 1 everything diverges.
    /// let search = Search::around(0.01, 3, |step, _seed| {
    ///     let rate = rate(step);
    ///     let log = (rate / 0.1).ln().powi(2);
    ///     Ok(TriedRate { log, is_good: rate < 1.0 })
    /// })?;
    /// assert_eq!(rate(search.choice.step), 0.1);
    /// # Ok::<(), smallbatch_sweep::Error>(())
    /// ```
    pub fn around(
        guess: f64,
        n_seeds: usize,
        run: impl FnMut(i32, usize) -> Result<TriedRate, Error>,
    ) -> Result<Self, Error> {
        let mut field = Field {
            guess: step_near(guess),
            tried: BTreeMap::new(),
            run,
        };
        field.look()?;
        field.race(n_seeds.max(1))?;
        Ok(field.choose(n_seeds.max(1)))
    }

    /// No search, for an optimizer that has no rate: runs all seeds at step 0.
    ///
    /// # Errors
    /// Those of `run`.
    pub fn without_choice(
        n_seeds: usize,
        run: impl FnMut(i32, usize) -> Result<TriedRate, Error>,
    ) -> Result<Self, Error> {
        let mut field = Field {
            guess: 0,
            tried: BTreeMap::new(),
            run,
        };
        field.try_first(0)?;
        field.race(n_seeds.max(1))?;
        Ok(field.choose(n_seeds.max(1)))
    }
}

/// A search under way.
struct Field<F> {
    guess: i32,
    tried: BTreeMap<i32, Vec<TriedRate>>,
    run: F,
}

impl<F: FnMut(i32, usize) -> Result<TriedRate, Error>> Field<F> {
    fn try_first(&mut self, step: i32) -> Result<(), Error> {
        if !self.tried.contains_key(&step) {
            let first = (self.run)(step, 0)?;
            self.tried.insert(step, vec![first]);
        }
        Ok(())
    }

    /// Tries rates with the first seed until the best of them has both its neighbours.
    fn look(&mut self) -> Result<(), Error> {
        for step in START {
            self.try_first(self.guess + step)?;
        }
        loop {
            let wanted = self.wanted();
            if wanted.is_empty() {
                return Ok(());
            }
            for step in wanted {
                self.try_first(step)?;
            }
        }
    }

    fn wanted(&self) -> Vec<i32> {
        let steps = self.tried.keys();
        let (Some(&lowest), Some(&highest), Some((best, is_good))) =
            (steps.clone().min(), steps.max(), self.best_first())
        else {
            return Vec::new();
        };
        if !is_good {
            // Whatever diverges on the way: beyond a range of rates that do there can be one of rates that do not.
            if highest < HIGHEST {
                return vec![highest + 2, highest + 4];
            }
            if self.guess - lowest < FARTHEST_BELOW {
                return vec![lowest - 4, lowest - 2];
            }
        }
        if best == lowest && self.guess - lowest < MOST_GROWTH {
            return vec![lowest - 4, lowest - 2];
        }
        if best == highest && highest - self.guess < MOST_GROWTH {
            return vec![highest + 2, highest + 4];
        }
        [best - 1, best + 1]
            .into_iter()
            // Never beyond the edges: where growth was given up, a neighbour outside would be the new edge for ever.
            .filter(|step| (lowest..=highest).contains(step) && !self.tried.contains_key(step))
            .collect()
    }

    /// The step whose first run is the best, and whether that was a good one.
    fn best_first(&self) -> Option<(i32, bool)> {
        let key = |runs: &[TriedRate]| (!runs[0].is_good, Sorted(runs[0].log));
        let best = self.tried.iter().min_by(|(_, a), (_, b)| {
            key(a)
                .partial_cmp(&key(b))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        best.map(|(&step, runs)| (step, runs[0].is_good))
    }

    /// Runs the other seeds of all rates that may be chosen.
    fn race(&mut self, n_seeds: usize) -> Result<(), Error> {
        let Some((best, is_good)) = self.best_first() else {
            return Ok(());
        };
        let limit = self.tried[&best][0].log + RACE.ln();
        let is_in = |runs: &[TriedRate]| runs[0].is_good == is_good && runs[0].log <= limit;
        let entrants: Vec<i32> = self
            .tried
            .iter()
            .filter(|(step, runs)| **step == best || is_in(runs))
            .map(|(&step, _)| step)
            .collect();
        for seed in 1..n_seeds {
            for step in &entrants {
                let tried = (self.run)(*step, seed)?;
                if let Some(runs) = self.tried.get_mut(step) {
                    runs.push(tried);
                }
            }
        }
        Ok(())
    }

    fn choose(self, n_seeds: usize) -> Search {
        let finished = || {
            self.tried
                .iter()
                .filter(|(_, runs)| runs.len() == n_seeds)
                .map(|(&step, runs)| (step, runs.as_slice()))
        };
        let good: Vec<(i32, &[TriedRate])> = finished()
            .filter(|(_, runs)| runs.iter().all(|run| run.is_good))
            .collect();
        let has_learned = !good.is_empty();
        let candidates = if has_learned {
            good
        } else {
            // As few bad runs as can be.
            let n_bad = |runs: &[TriedRate]| runs.iter().filter(|run| !run.is_good).count();
            let fewest = finished().map(|(_, runs)| n_bad(runs)).min();
            finished()
                .filter(|(_, runs)| Some(n_bad(runs)) == fewest)
                .collect()
        };
        let step = middle(&candidates).unwrap_or(self.guess);
        let log = self
            .tried
            .get(&step)
            .map_or(f64::INFINITY, |runs| mean(runs));
        Search {
            tried: self.tried,
            choice: ChosenRate {
                step,
                log,
                has_learned,
            },
        }
    }
}

/// The geometric middle of the rates within one standard error of the best.
fn middle(candidates: &[(i32, &[TriedRate])]) -> Option<i32> {
    let &(_, best) = candidates
        .iter()
        .min_by(|(_, a), (_, b)| mean(a).total_cmp(&mean(b)))?;
    let as_good: Vec<i32> = candidates
        .iter()
        .filter(|(_, runs)| is_within_an_error(runs, best))
        .map(|&(step, _)| step)
        .collect();
    let (first, last) = (as_good.first()?, as_good.last()?);
    let twice = first + last;
    // The lower of two neighbours: it is the safer one.
    as_good
        .iter()
        .copied()
        .min_by_key(|step| ((2 * step - twice).abs(), *step))
}

/// Whether the mean difference is at most its standard error over the seeds.
fn is_within_an_error(runs: &[TriedRate], best: &[TriedRate]) -> bool {
    let differences: Vec<f64> = runs
        .iter()
        .zip(best)
        .map(|(run, best)| run.log - best.log)
        .collect();
    let n = differences.len() as f64;
    let mean = differences.iter().sum::<f64>() / n;
    if mean.is_nan() {
        // Both are infinite somewhere: neither is better.
        return true;
    }
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    let error = (squares / (n - 1.0).max(1.0) / n).sqrt();
    mean <= error + ROUNDING
}

fn mean(runs: &[TriedRate]) -> f64 {
    let sum: f64 = runs.iter().map(|run| run.log).sum();
    let mean = sum / runs.len().max(1) as f64;
    if mean.is_nan() { f64::INFINITY } else { mean }
}

/// A number by its total order.
#[derive(PartialEq)]
struct Sorted(f64);

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.0.total_cmp(&other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(guess: f64, run: impl Fn(f64, usize) -> TriedRate) -> Search {
        Search::around(guess, 3, |step, seed| Ok(run(rate(step), seed))).unwrap()
    }

    fn good(log: f64) -> TriedRate {
        TriedRate { log, is_good: true }
    }

    fn bad(log: f64) -> TriedRate {
        TriedRate {
            log,
            is_good: false,
        }
    }

    /// Descent on a quadratic: better up to `best`, diverges at twice that.
    fn descent(rate: f64, best: f64) -> TriedRate {
        if rate >= 2.0 * best {
            bad(f64::INFINITY)
        } else {
            good((rate / best).ln().powi(2))
        }
    }

    #[test]
    fn rates_are_four_to_the_decade() {
        assert_eq!(rate(0), 1.0);
        assert_eq!(rate(-48), 1e-12);
        for step in -60..20 {
            assert_eq!(step_near(rate(step)), step);
            assert!((rate(step + 1) / rate(step) - 10f64.powf(0.25)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_best_rate_is_found_wherever_the_guess_is() {
        for best in [1e-9, 1e-3, 0.05, 1.0, 30.0] {
            for off in [1e-6, 1e-2, 1.0, 1e2, 1e5] {
                let found = search(best * off, |rate, _| descent(rate, best));
                // The oracle: every step of a long grid.
                let oracle = (-200..60)
                    .min_by(|a, b| {
                        let log = |step: &i32| descent(rate(*step), best).log;
                        log(a).total_cmp(&log(b))
                    })
                    .unwrap();
                assert_eq!(found.choice.step, oracle, "best {best}, guess off by {off}");
                assert!(found.choice.has_learned);
            }
        }
    }

    #[test]
    fn a_rate_with_which_one_seed_goes_wrong_is_not_chosen() {
        let found = search(0.1, |rate, seed| {
            if (rate / 0.1).ln().abs() < 0.1 && seed == 2 {
                bad(5.0)
            } else {
                descent(rate, 0.1)
            }
        });
        assert_eq!(found.choice.step, -5, "the best but one");
    }

    #[test]
    fn of_rates_that_do_not_differ_the_middle_is_taken() {
        // A plateau of noise from 0.01 to 1, the best of which is at its edge by chance.
        let noise = |step: i32, seed: usize| f64::from((step * 7 + seed as i32 * 5).rem_euclid(11));
        let found = Search::around(0.1, 3, |step, seed| {
            let is_flat = (-8..=0).contains(&step);
            let lucky = if step == 0 { -0.05 } else { 0.0 };
            let log = if is_flat {
                0.02 * noise(step, seed) + lucky
            } else {
                3.0
            };
            Ok(good(log))
        })
        .unwrap();
        assert!((-6..=-2).contains(&found.choice.step), "{:?}", found.choice);
    }

    #[test]
    fn a_valley_beyond_rates_that_diverge_is_found() {
        let found = search(1e-10, |rate, _| match rate {
            ..1e-9 => bad(7.0),
            1e-9..1e-2 => bad(f64::INFINITY),
            1e-2..1.0 => good(-0.4),
            _ => bad(f64::INFINITY),
        });
        assert!((1e-2..1.0).contains(&rate(found.choice.step)));
    }

    #[test]
    fn where_nothing_learns_the_search_ends_and_says_so() {
        let found = search(1e-6, |rate, _| {
            bad(if rate < 1e-5 { 7.0 } else { f64::NAN })
        });
        assert!(!found.choice.has_learned);
        assert!(
            found.tried.contains_key(&HIGHEST) || found.tried.keys().any(|step| *step > HIGHEST)
        );
        let nothing = search(1.0, |_, _| bad(f64::INFINITY));
        assert!(!nothing.choice.has_learned);
        let for_ever = search(1.0, |rate, _| good(-rate.ln()));
        assert!(for_ever.choice.step <= 4 + MOST_GROWTH + 4);
    }

    #[test]
    fn a_good_guess_costs_few_runs() {
        let found = search(0.1, |rate, _| descent(rate, 0.1));
        assert_eq!(found.tried.len(), 7);
        let n_runs: usize = found.tried.values().map(Vec::len).sum();
        assert!(n_runs <= 13, "{n_runs}");
    }

    #[test]
    fn an_optimizer_without_a_rate_runs_each_seed_once() {
        let mut seeds = Vec::new();
        let found = Search::without_choice(3, |step, seed| {
            seeds.push((step, seed));
            Ok(good(seed as f64))
        });
        assert_eq!(found.unwrap().choice.log, 1.0);
        assert_eq!(seeds, [(0, 0), (0, 1), (0, 2)]);
    }
}
