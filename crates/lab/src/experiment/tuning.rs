//! The search for a learning rate on a logarithmic grid that grows.
//!
//! Rates are 10^(k/4) for whole numbers k: four to the decade, the same for all arms, so that two arms never differ by
//! where their grids happen to lie. The search begins with every other rate within a decade of a guess, and grows where
//! the best rate lies at the edge. When it is inside, its two nearest neighbours are tried as well.
//!
//! As long as no rate gives a loss below that of a constant prediction, the whole range is looked at: upwards to the rate
//! 100, whatever diverges on the way, and three decades downwards. On badly scaled inputs the loss can have a second valley
//! beyond the first hill, such as where the first steps kill every hidden unit and only the last bias learns. If nothing
//! learns there either, the search says so: see [`Search::nothing_learned`].
//!
//! The best rate is the one with the least median validation loss over the tuning seeds, among those with which no run
//! diverged (one that diverges now and then would do so on the final seeds too); of rates within a thousandth of the
//! least loss, it is the lowest.

use std::collections::BTreeMap;

use crate::statistics::median;

/// Rates in a decade.
const PER_DECADE: f64 = 4.0;
/// The first rates, in steps from the guess.
const START: [i32; 5] = [-4, -2, 0, 2, 4];
/// How far the grid may grow to each side after the best, in steps: eight decades.
const MOST_GROWTH: i32 = 32;
/// Where the look for a second valley ends above: the rate 100.
const HIGHEST: i32 = 8;
/// How far below the guess it goes, in steps: three decades.
const FARTHEST_BELOW: i32 = 12;
/// Losses closer than this, relatively, count as equal.
const TIE: f64 = 1e-3;

/// The rate of step `k`: 10^(k/4).
pub(crate) fn rate(step: i32) -> f64 {
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
pub(crate) fn nearest_step(rate: f64) -> i32 {
    let step = (rate.log10() * PER_DECADE).round();
    // A guess beyond any sense still gives a grid that can grow.
    step.clamp(-160.0, 40.0) as i32
}

/// What the tuning runs with one rate gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tried {
    /// The median validation loss over the seeds, infinite for runs that diverged.
    pub(crate) median_loss: f64,
    /// The part of the runs that diverged.
    pub(crate) diverged: f64,
    /// How many runs: not all where it was clear before that the rate would not be chosen.
    pub(crate) runs: usize,
}

impl Tried {
    /// From the validation losses of the seeds, each infinite or not a number when the run diverged.
    pub(crate) fn new(losses: &[f64]) -> Self {
        let diverged = losses.iter().filter(|loss| !loss.is_finite()).count();
        Self {
            median_loss: median(losses).unwrap_or(f64::INFINITY),
            diverged: diverged as f64 / losses.len().max(1) as f64,
            runs: losses.len(),
        }
    }

    /// What the search goes by: the less, the better.
    fn score(&self) -> f64 {
        if self.diverged > 0.0 {
            f64::INFINITY
        } else {
            self.median_loss
        }
    }
}

/// One arm's search under one budget.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    guess: i32,
    naive_loss: f64,
    tried: BTreeMap<i32, Tried>,
    /// Whether there is nothing to choose: the optimizer has no rate.
    fixed: bool,
}

impl Search {
    /// A search that begins around `guess`, for a loss of which a constant prediction gives `naive_loss`.
    pub(crate) fn new(guess: f64, naive_loss: f64) -> Self {
        Self {
            guess: nearest_step(guess),
            naive_loss,
            tried: BTreeMap::new(),
            fixed: false,
        }
    }

    /// No search: for an optimizer without a learning rate, which is noted as the rate 1.
    pub(crate) fn without_choice(naive_loss: f64) -> Self {
        Self {
            fixed: true,
            ..Self::new(1.0, naive_loss)
        }
    }

    /// The steps to try next; none when the search is over.
    pub(crate) fn wanted(&self) -> Vec<i32> {
        if self.fixed {
            return if self.tried.is_empty() {
                vec![self.guess]
            } else {
                Vec::new()
            };
        }
        let Some(best) = self.best() else {
            return START.iter().map(|step| self.guess + step).collect();
        };
        let (Some((&lowest, _)), Some((&highest, _))) =
            (self.tried.first_key_value(), self.tried.last_key_value())
        else {
            return Vec::new();
        };
        if best == lowest && self.guess - lowest < MOST_GROWTH {
            return vec![lowest - 4, lowest - 2];
        }
        if best == highest && highest - self.guess < MOST_GROWTH {
            return vec![highest + 2, highest + 4];
        }
        if self.nothing_learned() {
            // Whatever diverges on the way: beyond a range of rates that do there can be one of rates that do not.
            if highest < HIGHEST {
                return vec![highest + 2, highest + 4];
            }
            if self.guess - lowest < FARTHEST_BELOW {
                return vec![lowest - 4, lowest - 2];
            }
        }
        [best - 1, best + 1]
            .into_iter()
            // Never beyond the edges: where growth was given up, a neighbour outside would be the new edge for ever.
            .filter(|step| (lowest..=highest).contains(step) && !self.tried.contains_key(step))
            .collect()
    }

    /// Notes what a step gave.
    pub(crate) fn record(&mut self, step: i32, tried: Tried) {
        self.tried.insert(step, tried);
    }

    /// The best step so far; `None` before any.
    pub(crate) fn best(&self) -> Option<i32> {
        let limit = self.limit();
        let is_best = |tried: &Tried| tried.score() <= limit;
        self.tried
            .iter()
            .find(|(_, tried)| is_best(tried))
            .map(|(step, _)| *step)
    }

    /// What a rate's score must not be above, to be chosen: the least so far, or what counts as equal to it.
    pub(crate) fn limit(&self) -> f64 {
        let scores = self.tried.values().map(Tried::score);
        let least = scores.min_by(f64::total_cmp).unwrap_or(f64::INFINITY);
        least + TIE * least.abs()
    }

    /// Whether no rate tried so far gave a loss below that of a constant prediction. Losses of such networks say little, and
    /// the best of them is nearly chance.
    pub(crate) fn nothing_learned(&self) -> bool {
        self.tried
            .values()
            .all(|tried| tried.score() >= self.naive_loss)
    }

    /// Whether the best step is the lowest or highest tried: then growth was given up, and a better rate may lie beyond.
    pub(crate) fn at_the_edge(&self) -> bool {
        !self.fixed
            && self.best().is_some_and(|best| {
                Some(&best) == self.tried.keys().next()
                    || Some(&best) == self.tried.keys().next_back()
            })
    }

    /// Every step tried with what it gave, in ascending order.
    pub(crate) fn tried(&self) -> impl Iterator<Item = (i32, Tried)> + '_ {
        self.tried.iter().map(|(step, tried)| (*step, *tried))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Between what the tests' losses call learning and not.
    const NAIVE: f64 = 1.5;

    /// Runs a search over a known loss; returns it and how many rates it tried.
    fn search(guess: f64, loss: impl Fn(f64) -> f64) -> Search {
        let mut search = Search::new(guess, NAIVE);
        for _ in 0..100 {
            let wanted = search.wanted();
            if wanted.is_empty() {
                return search;
            }
            for step in wanted {
                search.record(step, Tried::new(&[loss(rate(step))]));
            }
        }
        panic!("the search does not end");
    }

    /// Loss of gradient descent: falls with the rate up to `best`, and diverges at twice that.
    fn descent(best: f64) -> impl Fn(f64) -> f64 {
        move |rate| {
            if rate >= 2.0 * best {
                f64::INFINITY
            } else {
                1.0 + (rate / best).ln().powi(2)
            }
        }
    }

    #[test]
    fn rates_are_four_to_the_decade() {
        assert_eq!(rate(0), 1.0);
        assert_eq!(rate(-4), 0.1);
        assert_eq!(rate(-48), 1e-12);
        assert_eq!(rate(8), 100.0);
        for step in -60..20 {
            assert_eq!(nearest_step(rate(step)), step);
            assert!((rate(step + 1) / rate(step) - 10f64.powf(0.25)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_best_rate_of_the_grid_is_found_wherever_the_guess_is() {
        for best in [1e-9, 1e-3, 0.05, 1.0, 30.0] {
            for off in [1e-6, 1e-2, 1.0, 1e2, 1e6] {
                let found = search(best * off, descent(best));
                let step = found.best().unwrap();
                // The oracle: every step of a long grid.
                let oracle = (-200..60)
                    .min_by(|a, b| descent(best)(rate(*a)).total_cmp(&descent(best)(rate(*b))))
                    .unwrap();
                assert_eq!(step, oracle, "best {best}, guess off by {off}");
                assert!(!found.at_the_edge());
            }
        }
    }

    #[test]
    fn a_good_guess_costs_seven_rates() {
        assert_eq!(search(0.1, descent(0.1)).tried().count(), 7);
    }

    #[test]
    fn a_plateau_at_large_rates_is_not_followed() {
        let found = search(1.0, |rate| if rate > 10.0 { 0.5 } else { 1.0 });
        assert!(rate(found.best().unwrap()) < 40.0);
    }

    #[test]
    fn a_second_valley_beyond_a_hill_is_found() {
        let valleys = |rate: f64| match rate {
            1e-6..1e-5 => 2.0,
            1e-2..1e-1 => 1.0,
            ..1.0 => 3.0,
            _ => f64::INFINITY,
        };
        let found = search(1e-6, valleys);
        assert!((1e-2..1e-1).contains(&rate(found.best().unwrap())));
    }

    #[test]
    fn a_valley_beyond_rates_that_diverge_is_found_too() {
        // Seven decades of divergence between the first hill and the valley; as on two inputs, of which only one is centred.
        let valleys = |rate: f64| match rate {
            ..1e-9 => 961.0,
            1e-9..1e-2 => f64::INFINITY,
            1e-2..1.0 => 0.7,
            _ => f64::INFINITY,
        };
        let found = search(1e-10, valleys);
        assert!((1e-2..1.0).contains(&rate(found.best().unwrap())));
        assert!(!found.nothing_learned());
    }

    #[test]
    fn where_nothing_learns_the_whole_range_was_looked_at() {
        let found = search(1e-6, |rate| if rate < 1e-5 { 961.0 } else { f64::NAN });
        assert!(found.nothing_learned());
        let steps: Vec<i32> = found.tried().map(|(step, _)| step).collect();
        assert!(steps[0] <= nearest_step(1e-9) && steps[steps.len() - 1] >= HIGHEST);
        assert!(
            steps.windows(2).all(|pair| pair[1] - pair[0] <= 2),
            "{steps:?}"
        );
        assert!(!search(0.1, descent(0.1)).nothing_learned());
    }

    #[test]
    fn a_search_without_a_bottom_ends_and_says_so() {
        let found = search(1.0, |rate| rate);
        assert!(found.at_the_edge());
        let nothing_works = search(1.0, |_| f64::NAN);
        assert!(nothing_works.at_the_edge());
    }

    #[test]
    fn a_rate_with_which_one_seed_diverged_is_not_chosen() {
        let found = {
            let mut search = Search::new(0.1, NAIVE);
            for _ in 0..100 {
                for step in search.wanted() {
                    let loss = descent(0.1)(rate(step));
                    // The best rate goes wrong with one seed of three.
                    let unlucky = if step == -4 { f64::INFINITY } else { loss };
                    search.record(step, Tried::new(&[loss, unlucky, loss]));
                }
            }
            search
        };
        assert_eq!(found.best(), Some(-5));
        let at_best = found.tried().find(|(step, _)| *step == -4).unwrap().1;
        assert!(at_best.median_loss.is_finite() && at_best.diverged > 0.3);
    }
}
