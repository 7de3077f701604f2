//! One repetition on one table: everything is drawn anew, and ends in effects.
//!
//! The order is that of the protocol: searches for rates, the floor and the targets from their runs, final runs at the chosen rates,
//! effects. Each step asks for what it needs of the one before; what was made once is not made again.

mod epochs;
mod why;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use smallbatch_data::BatchSize;
use smallbatch_sweep::{
    Job, JobSplit, NamedTable, Purpose, Runner, Search, Trajectory, TriedRate, seed_of,
};

use crate::Error;
use crate::design::{Design, Effort, Measure, Part, Way};

/// A loss below this part of a constant's counts as that. On a table that can be learned exactly losses go to 0, and their ratio
/// would be anything: a thousandfold on one table would outweigh all others.
const LEAST_LOSS: f64 = 0.01;

/// This part of a constant's loss is added to a destination, so that two losses near 0 are about the same.
const DESTINATION: f64 = 0.01;

/// Final losses above so many times the tuning runs' make a rate fragile.
const FRAGILE: f64 = 2.0;

/// Runs to a target last so many times longer than the horizon of the tuning runs asks for: pairs vary.
const MARGIN: f64 = 1.5;

/// A full batch is at most so many times as fast a sample as batches of 32.
const FULL_SPEED: f64 = 4.0;

/// For what a rate is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Goal {
    /// The training loss after a short training.
    TrainingLoss,
    /// The validation loss after a short training.
    ValidationLoss,
    /// The time to a target, by its index.
    Target(usize),
    /// The least validation loss of a long training.
    BestEpoch,
    /// The training loss after a long training.
    Destination,
}

/// One effect in one repetition on one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Effects {
    /// The logarithm of the ratio, of each pair of final runs.
    pub(crate) pairs: Vec<f64>,
    /// How many of them are cut at the horizon.
    pub(crate) n_censored: usize,
    /// In how many of these the second side was the late one.
    pub(crate) n_censored_second: usize,
    /// Whether a rate was not one to be lived with.
    pub(crate) is_fragile: bool,
    /// Whether the first and the second side have trained: beaten a constant in the median.
    pub(crate) has_trained: [bool; 2],
}

/// What a way did in this repetition, for pictures and tables.
#[derive(Clone, Debug)]
pub(crate) struct WayRuns {
    pub(crate) search: Search,
    pub(crate) finals: Vec<Rc<Trajectory>>,
    pub(crate) is_fragile: bool,
    pub(crate) seconds_per_update: Option<f64>,
}

/// A repetition under way.
pub(crate) struct Repetition<'a> {
    design: &'a Design,
    effort: Effort,
    table: &'a NamedTable,
    runner: &'a Runner<'a>,
    base_seed: u64,
    index: usize,
    /// The parts whose ways set the floor.
    ways: Vec<&'a Way>,
    searches: RefCell<BTreeMap<(String, Goal), Rc<Search>>>,
    targets: RefCell<Option<Rc<[f64]>>>,
    seconds: RefCell<Option<Rc<BTreeMap<String, f64>>>>,
    /// All ways whose time is asked for.
    timed: Vec<&'a Way>,
}

impl<'a> Repetition<'a> {
    /// Number `index` on a table; `parts` are all that will be asked for.
    pub(crate) fn new(
        design: &'a Design,
        effort: Effort,
        table: &'a NamedTable,
        runner: &'a Runner<'a>,
        base_seed: u64,
        index: usize,
        parts: &[&Part],
    ) -> Self {
        let used = |name: &str, by: fn(Measure) -> bool| {
            let mut parts = parts.iter().filter(|part| by(part.measure));
            parts.any(|part| part.ways().any(|other| other == name))
        };
        let sets_the_floor = |way: &&Way| {
            let compared =
                |measure| measure == Measure::TrainingLoss || Measure::has_target(measure);
            way.batch != BatchSize::Full && used(&way.name, compared)
        };
        let is_timed = |way: &&Way| used(&way.name, |measure| measure == Measure::SecondsToTarget);
        Self {
            ways: design.ways.iter().filter(sets_the_floor).collect(),
            timed: design.ways.iter().filter(is_timed).collect(),
            design,
            effort,
            table,
            runner,
            base_seed,
            index,
            searches: RefCell::default(),
            targets: RefCell::default(),
            seconds: RefCell::default(),
        }
    }

    /// The effects of a part; with targets, those of the target of this index.
    pub(crate) fn effects(&self, part: &Part, target: usize) -> Result<Effects, Error> {
        match part.measure {
            Measure::TrainingLoss => self.ratio(part, Goal::TrainingLoss, |run| {
                let constant = run.constant.training;
                let loss = run.training_loss_at(self.short());
                loss.clamp(LEAST_LOSS * constant, constant)
            }),
            Measure::TestLoss => self.ratio(part, Goal::ValidationLoss, |run| {
                bounded(last_test_loss(run), run.constant.test)
            }),
            Measure::BestTestLoss => self.ratio(part, Goal::BestEpoch, |run| {
                let loss = run.best().map_or(f64::INFINITY, |best| best.test_loss);
                bounded(loss, run.constant.test)
            }),
            Measure::Destination => self.ratio(part, Goal::Destination, destination),
            Measure::OwnStatistics => self.own_statistics(part),
            Measure::RightEpochs => self.right_epochs(part),
            Measure::RightEpochsBetweenTables => self.right_epochs_alone(part),
            Measure::UpdatesToTarget | Measure::SecondsToTarget | Measure::SamplesToTarget => {
                self.times(part, target)
            }
            Measure::LargestCurvature => self.largest_curvature(part),
            Measure::Sharpness => self.sharpness(part),
            Measure::NoiseScale => self.noise_scale(part),
        }
    }

    /// What a way did, by the goal that most of its questions have.
    pub(crate) fn way_runs(&self, way: &Way) -> Result<WayRuns, Error> {
        let goal = if way.batch == BatchSize::Full {
            Goal::BestEpoch
        } else {
            Goal::TrainingLoss
        };
        let search = self.search(way, goal)?;
        let finals = self.finals(way, goal)?;
        let seconds = if self.timed.is_empty() {
            None
        } else {
            self.seconds()?.get(&way.name).copied()
        };
        Ok(WayRuns {
            is_fragile: self.is_fragile(way, goal)?,
            search: (*search).clone(),
            finals,
            seconds_per_update: seconds,
        })
    }

    // Lengths.

    /// The rows of this repetition.
    fn part(&self) -> JobSplit {
        let (name, index) = (self.table.name(), self.index);
        JobSplit {
            split: seed_of(self.base_seed, name, index, Purpose::Split, 0),
            rows: self.effort.rows,
        }
    }

    /// Rows that are trained on, nearly.
    fn n_training(&self) -> usize {
        self.part()
            .n_training_samples(self.table.dataset().n_samples())
    }

    /// Updates of a short training.
    pub(crate) fn short(&self) -> u64 {
        let rule = &self.design.rule;
        let per_epoch = self.n_training().div_ceil(32) as u64;
        rule.updates.max(rule.epochs * per_epoch)
    }

    fn long(&self) -> u64 {
        self.short() * self.design.rule.long
    }

    /// How long runs of a way are that aim at a target: a short training for the ways that set the targets, or as many updates as lie
    /// within the horizon of the fastest of them.
    fn length_to(&self, way: &Way, target: usize) -> Result<u64, Error> {
        let fastest = self.fastest_to(target)?;
        let horizon = self.design.rule.horizon as f64 * MARGIN * fastest;
        let share = match way.batch {
            BatchSize::Mini(size) => 32.0 / size as f64,
            BatchSize::Full => FULL_SPEED * 32.0 / self.n_training().max(1) as f64,
        };
        Ok(((horizon * share.min(1.0)).ceil() as u64).max(self.short().min(horizon as u64 + 1)))
    }

    /// The updates that the fastest of the ways that set the targets needs, by its tuning runs for the training loss.
    fn fastest_to(&self, target: usize) -> Result<f64, Error> {
        let goal = self.targets()?[target];
        let mut fastest = self.short() as f64;
        for way in &self.ways {
            let search = self.search(way, Goal::TrainingLoss)?;
            let mut times = Vec::new();
            for seed in 0..self.effort.tuning_seeds {
                let job = self.job(way, self.short(), search.choice.step, Purpose::Tuning, seed);
                let run = self.runner.run(&job)?;
                times.push(run.updates_to(goal).unwrap_or(self.short() as f64));
            }
            fastest = fastest.min(times.iter().sum::<f64>() / times.len().max(1) as f64);
        }
        Ok(fastest.max(1.0))
    }

    // Rates.

    fn job(&self, way: &Way, n_updates: u64, rate_step: i32, purpose: Purpose, seed: usize) -> Job {
        let name = self.table.name();
        Job {
            part: self.part(),
            scaling: way.scaling,
            hidden: self.design.rule.hidden.clone(),
            optimizer: way.optimizer,
            batch: way.batch,
            rate_step,
            seed: seed_of(self.base_seed, name, self.index, purpose, seed),
            n_updates,
            tests: Vec::new(),
        }
    }

    fn length_of(&self, way: &Way, goal: Goal) -> Result<u64, Error> {
        match goal {
            Goal::TrainingLoss | Goal::ValidationLoss => Ok(self.short()),
            Goal::BestEpoch | Goal::Destination => Ok(self.long()),
            Goal::Target(target) => self.length_to(way, target),
        }
    }

    /// The search for a way's rate.
    fn search(&self, way: &Way, goal: Goal) -> Result<Rc<Search>, Error> {
        let key = (way.name.clone(), goal);
        if let Some(found) = self.searches.borrow().get(&key) {
            return Ok(Rc::clone(found));
        }
        let length = self.length_of(way, goal)?;
        let target = match goal {
            Goal::Target(target) => Some(self.targets()?[target]),
            Goal::TrainingLoss | Goal::ValidationLoss | Goal::BestEpoch | Goal::Destination => None,
        };
        let job = self.job(way, length, 0, Purpose::Tuning, 0);
        let seed = |index| self.job(way, length, 0, Purpose::Tuning, index).seed;
        let judge = |run: &Trajectory| TriedRate {
            log: score(run, goal, target),
            is_good: !run.diverged && has_trained(run),
        };
        let search = self
            .runner
            .search(&job, self.effort.tuning_seeds, seed, judge)?;
        let search = Rc::new(search);
        self.searches.borrow_mut().insert(key, Rc::clone(&search));
        Ok(search)
    }

    /// The jobs of a way's final runs, at its chosen rate.
    fn final_jobs(&self, way: &Way, goal: Goal) -> Result<Vec<Job>, Error> {
        let (length, search) = (self.length_of(way, goal)?, self.search(way, goal)?);
        let job = |seed| self.job(way, length, search.choice.step, Purpose::Final, seed);
        Ok((0..self.effort.pairs).map(job).collect())
    }

    /// The final runs of a way.
    fn finals(&self, way: &Way, goal: Goal) -> Result<Vec<Rc<Trajectory>>, Error> {
        let jobs = self.final_jobs(way, goal)?;
        jobs.iter().map(|job| Ok(self.runner.run(job)?)).collect()
    }

    /// Whether a final run diverged, or the median final loss is above twice the tuning runs'.
    fn is_fragile(&self, way: &Way, goal: Goal) -> Result<bool, Error> {
        let finals = self.finals(way, goal)?;
        if finals.iter().any(|run| run.diverged) {
            return Ok(true);
        }
        let (length, search) = (self.length_of(way, goal)?, self.search(way, goal)?);
        let mut tuned = Vec::new();
        for seed in 0..self.effort.tuning_seeds {
            let job = self.job(way, length, search.choice.step, Purpose::Tuning, seed);
            tuned.push(self.runner.run(&job)?.final_training_loss());
        }
        let least = finals
            .first()
            .map_or(0.0, |run| LEAST_LOSS * run.constant.training);
        let finals: Vec<f64> = finals.iter().map(|run| run.final_training_loss()).collect();
        Ok(median(&finals) > FRAGILE * median(&tuned).max(least))
    }

    // Targets and times.

    /// The losses to reach: parts of the way from a constant's loss to the floor, which is the lowest mean tuning loss of any way at its
    /// chosen rate.
    fn targets(&self) -> Result<Rc<[f64]>, Error> {
        if let Some(found) = &*self.targets.borrow() {
            return Ok(Rc::clone(found));
        }
        let (mut floor, mut constant) = (f64::INFINITY, 1.0);
        for way in &self.ways {
            let search = self.search(way, Goal::TrainingLoss)?;
            floor = floor.min(search.choice.log.exp());
            let job = self.job(way, self.short(), search.choice.step, Purpose::Tuning, 0);
            constant = self.runner.run(&job)?.constant.training;
        }
        let parts = self.design.rule.targets.iter();
        // Where nothing was learned the floor is no lower than a constant, and no target is reached.
        let targets: Rc<[f64]> = parts
            .map(|part| constant - part * (constant - floor.min(constant)))
            .collect();
        *self.targets.borrow_mut() = Some(Rc::clone(&targets));
        Ok(targets)
    }

    /// Seconds of an update of each way whose time is asked for, measured in turns.
    fn seconds(&self) -> Result<Rc<BTreeMap<String, f64>>, Error> {
        if let Some(found) = &*self.seconds.borrow() {
            return Ok(Rc::clone(found));
        }
        let mut jobs = Vec::new();
        for way in &self.timed {
            let step = self.search(way, Goal::Target(0))?.choice.step;
            jobs.push(self.job(way, 1, step, Purpose::Final, 0));
        }
        let seconds = self.runner.seconds_per_update(&jobs)?;
        let names = self.timed.iter().map(|way| way.name.clone());
        let seconds = Rc::new(names.zip(seconds).collect::<BTreeMap<_, _>>());
        *self.seconds.borrow_mut() = Some(Rc::clone(&seconds));
        Ok(seconds)
    }

    // Effects.

    /// The way of a side that its tuning runs say is the best, for a goal. `weight` is the cost of an update of it.
    fn best_of(
        &self,
        side: &[String],
        goal: Goal,
        weight: impl Fn(&Way) -> Result<f64, Error>,
    ) -> Result<&'a Way, Error> {
        let mut best: Option<(&Way, f64)> = None;
        for name in side {
            let way = self.design.way(name);
            let search = self.search(way, goal)?;
            let unlearned = if search.choice.has_learned { 0.0 } else { 1e6 };
            let score = search.choice.log + weight(way)?.ln() + unlearned;
            if best.is_none_or(|(_, least)| score < least) {
                best = Some((way, score));
            }
        }
        Ok(best.map_or(&self.design.ways[0], |(way, _)| way))
    }

    fn sides(&self, part: &Part, goal: Goal) -> Result<[&'a Way; 2], Error> {
        let equal = |_: &Way| Ok(1.0);
        Ok([
            self.best_of(&part.first, goal, equal)?,
            self.best_of(&part.second, goal, equal)?,
        ])
    }

    /// The ratio of a positive number of the final runs.
    fn ratio(
        &self,
        part: &Part,
        goal: Goal,
        value: impl Fn(&Trajectory) -> f64,
    ) -> Result<Effects, Error> {
        let [first, second] = self.sides(part, goal)?;
        let (a, b) = (self.finals(first, goal)?, self.finals(second, goal)?);
        let pairs = a.iter().zip(&b);
        Ok(Effects {
            pairs: pairs.map(|(a, b)| (value(a) / value(b)).ln()).collect(),
            n_censored: 0,
            n_censored_second: 0,
            is_fragile: self.is_fragile(first, goal)? || self.is_fragile(second, goal)?,
            has_trained: [have_trained(&a), have_trained(&b)],
        })
    }

    fn own_statistics(&self, part: &Part) -> Result<Effects, Error> {
        let goal = Goal::ValidationLoss;
        let [way, _] = self.sides(part, goal)?;
        let search = self.search(way, goal)?;
        let mut effects = Effects {
            is_fragile: self.is_fragile(way, goal)?,
            ..Effects::default()
        };
        let mut runs = Vec::new();
        for seed in 0..self.effort.pairs {
            let job = Job {
                tests: part.batch.into_iter().collect(),
                ..self.job(way, self.short(), search.choice.step, Purpose::Final, seed)
            };
            let run = self.runner.run(&job)?;
            let own = run.own_tests.first().copied().unwrap_or(f64::INFINITY);
            // No upper bound: own statistics may well be worse than a constant. Of a run that diverged both count as a constant.
            let counted = |loss: f64| {
                if loss.is_finite() {
                    loss.max(LEAST_LOSS * run.constant.test)
                } else {
                    run.constant.test
                }
            };
            effects
                .pairs
                .push((counted(own) / counted(last_test_loss(&run))).ln());
            runs.push(run);
        }
        effects.has_trained = [have_trained(&runs); 2];
        Ok(effects)
    }

    /// Times to a target, cut at the horizon: a multiple of the faster side's time.
    fn times(&self, part: &Part, target: usize) -> Result<Effects, Error> {
        let (goal, loss) = (Goal::Target(target), self.targets()?[target]);
        let weight = |way: &Way| match part.measure {
            Measure::SecondsToTarget => {
                Ok(self.seconds()?.get(&way.name).copied().unwrap_or(f64::NAN))
            }
            Measure::SamplesToTarget => self.samples_per_update(way, goal),
            Measure::UpdatesToTarget
            | Measure::TrainingLoss
            | Measure::TestLoss
            | Measure::OwnStatistics
            | Measure::BestTestLoss
            | Measure::Destination
            | Measure::RightEpochs
            | Measure::RightEpochsBetweenTables
            | Measure::LargestCurvature
            | Measure::Sharpness
            | Measure::NoiseScale => Ok(1.0),
        };
        let sides = [
            self.best_of(&part.first, goal, weight)?,
            self.best_of(&part.second, goal, weight)?,
        ];
        let runs = [self.finals(sides[0], goal)?, self.finals(sides[1], goal)?];
        let costs = [weight(sides[0])?, weight(sides[1])?];
        let mut effects = Effects {
            is_fragile: self.is_fragile(sides[0], goal)? || self.is_fragile(sides[1], goal)?,
            has_trained: [have_trained(&runs[0]), have_trained(&runs[1])],
            ..Effects::default()
        };
        let horizon = (self.design.rule.horizon as f64).ln();
        for (a, b) in runs[0].iter().zip(&runs[1]) {
            let time =
                |run: &Trajectory, cost: f64| run.updates_to(loss).map(|t| t.max(1.0) * cost);
            let (ratio, is_cut) = match (time(a, costs[0]), time(b, costs[1])) {
                (Some(a), Some(b)) => ((a / b).ln(), false),
                (None, Some(_)) => (horizon, true),
                (Some(_), None) => (-horizon, true),
                (None, None) => (0.0, true),
            };
            let is_cut = is_cut || ratio.abs() > horizon;
            effects.n_censored += usize::from(is_cut);
            effects.n_censored_second += usize::from(is_cut && ratio < 0.0);
            effects.pairs.push(ratio.clamp(-horizon, horizon));
        }
        Ok(effects)
    }
}

/// What a tuning run is worth for a goal: the logarithm of the goal's own measure.
fn score(run: &Trajectory, goal: Goal, target: Option<f64>) -> f64 {
    let final_loss = run.final_training_loss();
    match (goal, target) {
        (Goal::TrainingLoss, _) => final_loss.max(LEAST_LOSS * run.constant.training).ln(),
        (Goal::ValidationLoss, _) => {
            let loss = run
                .points
                .last()
                .map_or(f64::INFINITY, |last| last.validation_loss);
            if run.diverged || loss.is_nan() {
                f64::INFINITY
            } else {
                loss.max(LEAST_LOSS * run.constant.validation).ln()
            }
        }
        (Goal::BestEpoch, _) => {
            let least = LEAST_LOSS * run.constant.validation;
            run.best_validation_loss().max(least).ln()
        }
        (Goal::Destination, _) => destination(run).ln(),
        (Goal::Target(_), target) => {
            let target = target.unwrap_or(0.0);
            match run.updates_to(target) {
                Some(updates) => updates.max(1.0).ln(),
                // The farther from the target, the worse: so the search knows where to go.
                None => {
                    let spent = run.points.last().map_or(1, |last| last.updates.max(1));
                    (spent as f64).ln() + (final_loss / target).ln().max(0.0)
                }
            }
        }
    }
}

fn destination(run: &Trajectory) -> f64 {
    let constant = run.constant.training;
    run.final_training_loss().min(constant) + DESTINATION * constant
}

fn last_test_loss(run: &Trajectory) -> f64 {
    let last = run.points.last().filter(|_| !run.diverged);
    last.map_or(f64::INFINITY, |last| last.test_loss)
}

/// A loss that is a number, no higher than a constant's and no lower than can be told from 0.
fn bounded(loss: f64, constant: f64) -> f64 {
    if loss.is_finite() {
        loss.clamp(LEAST_LOSS * constant, constant)
    } else {
        constant
    }
}

/// Whether a run has beaten a constant.
fn has_trained(run: &Trajectory) -> bool {
    run.final_training_loss() < run.constant.training
}

/// Whether runs have, in the median.
fn have_trained(runs: &[Rc<Trajectory>]) -> bool {
    let n_trained = runs.iter().filter(|run| has_trained(run)).count();
    2 * n_trained > runs.len()
}

fn median(values: &[f64]) -> f64 {
    smallbatch_evidence::median(values).unwrap_or(f64::INFINITY)
}
