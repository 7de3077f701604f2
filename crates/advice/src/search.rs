//! The search: successive halving over ways to scale, batch sizes and learning rates (Jamieson & Talwalkar 2016), then a
//! climb along the rates around the best.
//!
//! Rates are 10^(k/4), as in the experiments. The first round tries every other of them: from 0.01 to 1 where inputs are
//! scaled, and where they are raw from the one that their size suggests, 1/E‖x‖², one decade down and two up. After the last
//! round the two neighbours of the best rate are tried, and theirs, until the best lies between two that are worse.

use std::collections::HashMap;

use smallbatch_data::{BatchSize, Dataset};
use smallbatch_mlp::MlpSpec;
use smallbatch_preprocess::{
    AnyScaler, MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler,
};
use smallbatch_sweep::{Progress, Size, Stages, rate, step_near};

use super::training::{Way, cost_of_epoch, halves, network, spread};
use super::{AdvicePlan, Setting, Tried};
use crate::Error;

/// Steps of the grid of rates, for inputs that are scaled.
const SCALED_STEPS: [i32; 5] = [-8, -6, -4, -2, 0];
/// The same for raw inputs, counted from the guess.
const RAW_STEPS: [i32; 7] = [-4, -2, 0, 2, 4, 6, 8];
/// Each round trains so many times longer than the one before, and only the best of so many go on.
const HALVING: usize = 3;
/// The most steps that the climb goes.
const MOST_CLIMB: usize = 12;
/// Search seeds are counted from the base seed plus this; the seeds of the judgement are below.
const SEARCH_OFFSET: u64 = 1_000_000;

/// One setting, as a point of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Candidate {
    /// Position among the scalers; 0 is raw.
    scaler: usize,
    batch_size: BatchSize,
    step: i32,
}

impl Candidate {
    fn is_raw(&self) -> bool {
        self.scaler == 0
    }
}

/// The search on the development rows.
pub(super) struct Search<'a> {
    development: &'a Dataset<f64>,
    plan: &'a AdvicePlan,
    spec: MlpSpec,
    scalers: [AnyScaler; 5],
    first: Vec<Candidate>,
    /// Epochs of the first round.
    epochs: u64,
    /// Seeds of each round.
    seeds: [usize; 3],
    n_training: usize,
}

/// How much a search may take.
struct Effort {
    /// Billions of operations.
    work: f64,
    /// The most epochs of its first round.
    most_epochs: u32,
    /// Seeds of each round.
    seeds: [usize; 3],
}

impl Effort {
    fn of(size: Size) -> Self {
        let (work, most_epochs, seeds) = match size {
            Size::Quick => (30.0, 8, [1, 1, 2]),
            Size::Default => (300.0, 30, [1, 2, 3]),
            Size::Thorough => (5_000.0, 100, [2, 3, 5]),
        };
        Self {
            work,
            most_epochs,
            seeds,
        }
    }
}

/// A search may take so many times its work, before it is made on fewer rows.
const MOST_EXCESS: f64 = 4.0;
/// Never on fewer rows than these.
const FEWEST_SEARCHED: usize = 2_000;

/// How many rows the search and the judgement train and validate on at most: where a first round of one epoch each would take
/// too long, more rows would not tell more that is worth it.
pub(super) fn most_rows(development: &Dataset<f64>, plan: &AdvicePlan) -> usize {
    let spec = network(development, &plan.hidden);
    let Effort { work, seeds, .. } = Effort::of(plan.size);
    // 108 settings in the first round, 36 in the second for three times as long, 12 in the third for nine times, and 8 more.
    let epochs = 108 * seeds[0] + 36 * seeds[1] * 3 + (12 + 8) * seeds[2] * 9;
    let cost_of_row = cost_of_epoch(&spec, 1_000, BatchSize::Mini(32)) / 1_000.0;
    let trained = MOST_EXCESS * work / (epochs as f64 * cost_of_row);
    // Four fifths of the rows are trained on.
    ((trained * 1.25) as usize).max(FEWEST_SEARCHED)
}

/// What the search found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The best of all.
    pub(super) best: Setting,
    /// The best on raw inputs.
    pub(super) raw: Setting,
    /// All that was tried, the best first.
    pub(super) tried: Vec<Tried>,
}

impl<'a> Search<'a> {
    pub(super) fn new(development: &'a Dataset<f64>, plan: &'a AdvicePlan) -> Result<Self, Error> {
        let (training, _) = halves(development, plan.base_seed)?;
        let n_training = training.n_samples();
        let spec = network(development, &plan.hidden);
        let guess = {
            let squares: f64 = training.features().iter().map(|value| value.powi(2)).sum();
            step_near(1.0 / (squares / n_training as f64 + 1e-30).max(1.0))
        };
        let scalers = [
            AnyScaler::Identity,
            StandardScaler::default().into(),
            RobustScaler::default().into(),
            MinMaxScaler::default().into(),
            QuantileTransformer::default().into(),
        ];
        let mut batch_sizes: Vec<BatchSize> = [16, 32, 128]
            .into_iter()
            .filter(|size| *size < n_training)
            .map(BatchSize::Mini)
            .collect();
        batch_sizes.push(BatchSize::Full);
        let mut first = Vec::new();
        for scaler in 0..scalers.len() {
            let steps: Vec<i32> = match scaler {
                0 => RAW_STEPS.iter().map(|step| guess + step).collect(),
                _ => SCALED_STEPS.into(),
            };
            for &batch_size in &batch_sizes {
                first.extend(steps.iter().map(|&step| Candidate {
                    scaler,
                    batch_size,
                    step,
                }));
            }
        }
        let Effort {
            work,
            most_epochs,
            seeds,
        } = Effort::of(plan.size);
        let mut search = Self {
            development,
            plan,
            spec,
            scalers,
            first,
            epochs: 1,
            seeds,
            n_training,
        };
        // A length of one epoch gives the work of one.
        let epochs = (work / search.estimate()).floor();
        search.epochs = epochs.clamp(1.0, f64::from(most_epochs)) as u64;
        Ok(search)
    }

    /// Epochs of the last round.
    pub(super) fn longest(&self) -> u64 {
        self.epochs_of(self.seeds.len() - 1)
    }

    fn epochs_of(&self, round: usize) -> u64 {
        self.epochs * (HALVING as u64).pow(round as u32)
    }

    /// Epochs that a round trains in all, by candidates and seeds, and on its end the climb.
    fn estimate_of(&self, round: usize) -> f64 {
        let mean_cost = self
            .first
            .iter()
            .map(|candidate| cost_of_epoch(&self.spec, self.n_training, candidate.batch_size))
            .sum::<f64>()
            / self.first.len() as f64;
        let runs = match round {
            3 => 8,
            _ => self.first.len().div_ceil(HALVING.pow(round as u32)),
        };
        let round = round.min(2);
        mean_cost * (runs * self.seeds[round]) as f64 * self.epochs_of(round) as f64
    }

    /// The work, in billions of operations.
    pub(super) fn estimate(&self) -> f64 {
        (0..4).map(|round| self.estimate_of(round)).sum()
    }

    /// Searches.
    pub(super) fn run(&self, stages: &mut Stages<'_>) -> Result<Found, Error> {
        let mut tried: HashMap<Candidate, (usize, f64)> = HashMap::new();
        let mut alive = self.first.clone();
        let last = self.seeds.len() - 1;
        for round in 0..=last {
            let message = format!(
                "{}: search, round {} of {}, {} settings",
                self.development.name(),
                round + 1,
                last + 1,
                alive.len()
            );
            stages.begin(self.estimate_of(round));
            let losses = self.losses(&alive, round, stages, &message)?;
            tried.extend(
                alive
                    .iter()
                    .zip(&losses)
                    .map(|(candidate, loss)| (*candidate, (round, *loss))),
            );
            if round < last {
                alive = survivors(&alive, &losses);
            }
        }
        stages.begin(self.estimate_of(3));
        self.climb(&mut tried, last, stages)?;
        let best = best(&tried, last, |_| true);
        let raw = best_raw(&tried, last);
        let (Some(best), Some(raw)) = (best, raw) else {
            return Err(Error::Interrupted);
        };
        Ok(Found {
            best: self.setting(&best),
            raw: self.setting(&raw),
            tried: self.log(&tried),
        })
    }

    /// Tries the rates beside the best of all and beside the best on raw inputs, until each lies between two worse ones.
    fn climb(
        &self,
        tried: &mut HashMap<Candidate, (usize, f64)>,
        last: usize,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        let message = format!("{}: search, nearby rates", self.development.name());
        let mut stages = Stages::new(progress, self.estimate_of(3));
        for _ in 0..MOST_CLIMB {
            let tops = [best(tried, last, |_| true), best_raw(tried, last)];
            let mut wanted: Vec<Candidate> = Vec::new();
            for top in tops.into_iter().flatten() {
                for step in [top.step - 1, top.step + 1] {
                    let neighbour = Candidate { step, ..top };
                    let known = tried
                        .get(&neighbour)
                        .is_some_and(|(round, _)| *round == last);
                    if !known && !wanted.contains(&neighbour) {
                        wanted.push(neighbour);
                    }
                }
            }
            if wanted.is_empty() {
                break;
            }
            stages.begin(self.cost(&wanted, last));
            let losses = self.losses(&wanted, last, &mut stages, &message)?;
            tried.extend(
                wanted
                    .into_iter()
                    .zip(losses)
                    .map(|(candidate, loss)| (candidate, (last, loss))),
            );
        }
        Ok(())
    }

    /// A candidate in a round.
    fn way(&self, candidate: &Candidate, round: usize) -> Way {
        Way {
            setting: self.setting(candidate),
            epochs: self.epochs_of(round),
            early_stopping: true,
        }
    }

    /// What candidates cost in a round, if none stops early.
    fn cost(&self, candidates: &[Candidate], round: usize) -> f64 {
        let ways = candidates
            .iter()
            .map(|candidate| self.way(candidate, round));
        let costs = ways.map(|way| way.cost(&self.spec, self.n_training));
        costs.sum::<f64>() * self.seeds[round] as f64
    }

    /// The mean validation loss of each candidate over the seeds of a round; infinite where a run diverged.
    fn losses(
        &self,
        candidates: &[Candidate],
        round: usize,
        progress: &mut dyn Progress,
        message: &str,
    ) -> Result<Vec<f64>, Error> {
        let seeds = self.seeds[round];
        let tasks = candidates
            .iter()
            .flat_map(|candidate| {
                let way = self.way(candidate, round);
                let cost = way.cost(&self.spec, self.n_training);
                (0..seeds as u64).map(move |index| {
                    let seed = self.plan.base_seed.wrapping_add(SEARCH_OFFSET + index);
                    (cost, (way, seed))
                })
            })
            .collect();
        let done = spread(
            tasks,
            self.plan.threads,
            progress,
            message,
            |(way, seed), stop| {
                let (training, validation) = halves(self.development, seed)?;
                let fit = way.fit(&self.spec, seed);
                Ok(fit.run(&training, Some(&validation), stop)?.loss)
            },
        )?;
        done.chunks(seeds)
            .map(|runs| {
                let sum = runs.iter().copied().sum::<Option<f64>>();
                sum.map(|sum| sum / seeds as f64).ok_or(Error::Interrupted)
            })
            .collect()
    }

    fn setting(&self, candidate: &Candidate) -> Setting {
        Setting {
            scaler: self.scalers[candidate.scaler],
            batch_size: candidate.batch_size,
            learning_rate: rate(candidate.step),
        }
    }

    fn log(&self, tried: &HashMap<Candidate, (usize, f64)>) -> Vec<Tried> {
        let mut entries: Vec<(&Candidate, &(usize, f64))> = tried.iter().collect();
        entries.sort_by(|(a, (round, loss)), (b, (other_round, other_loss))| {
            other_round
                .cmp(round)
                .then(loss.total_cmp(other_loss))
                .then(order(a).cmp(&order(b)))
        });
        entries
            .into_iter()
            .map(|(candidate, (round, loss))| Tried {
                setting: self.setting(candidate),
                epochs: self.epochs_of(*round),
                validation_loss: Some(*loss).filter(|loss| loss.is_finite()),
            })
            .collect()
    }
}

/// What decides between equal losses: the simpler scaler, the smaller batch, the lower rate.
fn order(candidate: &Candidate) -> (usize, BatchSize, i32) {
    (candidate.scaler, candidate.batch_size, candidate.step)
}

/// The best of those that came to the last round.
fn best(
    tried: &HashMap<Candidate, (usize, f64)>,
    last: usize,
    wanted: impl Fn(&Candidate) -> bool,
) -> Option<Candidate> {
    tried
        .iter()
        .filter(|(candidate, (round, _))| *round == last && wanted(candidate))
        .min_by(|(a, (_, loss)), (b, (_, other))| {
            loss.total_cmp(other).then(order(a).cmp(&order(b)))
        })
        .map(|(candidate, _)| *candidate)
}

fn best_raw(tried: &HashMap<Candidate, (usize, f64)>, last: usize) -> Option<Candidate> {
    best(tried, last, Candidate::is_raw)
}

/// The best third, and the best on raw inputs.
fn survivors(candidates: &[Candidate], losses: &[f64]) -> Vec<Candidate> {
    let mut ranked: Vec<(Candidate, f64)> = candidates
        .iter()
        .copied()
        .zip(losses.iter().copied())
        .collect();
    ranked.sort_by(|(a, loss), (b, other)| loss.total_cmp(other).then(order(a).cmp(&order(b))));
    let kept = ranked.len().div_ceil(HALVING);
    let mut alive: Vec<Candidate> = ranked[..kept]
        .iter()
        .map(|(candidate, _)| *candidate)
        .collect();
    if !alive.iter().any(Candidate::is_raw) {
        let raw = ranked.iter().map(|(candidate, _)| candidate);
        alive.extend(raw.copied().find(Candidate::is_raw));
    }
    alive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_third_goes_on_and_the_best_raw_one_always() {
        let candidate = |scaler, step| Candidate {
            scaler,
            batch_size: BatchSize::Mini(32),
            step,
        };
        let candidates = [
            candidate(1, 0),
            candidate(1, 1),
            candidate(2, 0),
            candidate(2, 1),
            candidate(0, 0),
            candidate(0, 1),
        ];
        let alive = survivors(&candidates, &[0.4, 0.3, 0.2, f64::INFINITY, 9.0, 8.0]);
        assert_eq!(alive, [candidate(2, 0), candidate(1, 1), candidate(0, 1)]);
        // A raw one among the best needs no second.
        let alive = survivors(&candidates, &[0.4, 0.3, 0.2, f64::INFINITY, 0.1, 8.0]);
        assert_eq!(alive, [candidate(0, 0), candidate(2, 0)]);
    }
}
