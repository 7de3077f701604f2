//! Makes jobs on one table, each once, and keeps what they gave.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use cpu_time::ThreadTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Session, Silent};

use crate::cache::{Shelf, machine};
use crate::prepared::Prepared;
use crate::training::{first_model, train, trainer};
use crate::{
    Cache, Error, Job, JobScaling, JobSplit, NamedTable, Probe, Search, TriedRate, lbfgs, probe,
};

/// A turn of a calibration lasts so long, in seconds.
const TURN: f64 = 0.002;

/// So many turns of each.
const TURNS: usize = 5;

/// The flag of a runner that nobody stops.
static NEVER: AtomicBool = AtomicBool::new(false);

/// Makes jobs on one table, on one thread: each task of a [`Pool`](crate::Pool) has its own.
#[derive(Debug)]
pub struct Runner<'a> {
    table: &'a NamedTable,
    stop: &'a AtomicBool,
    shelf: Option<RefCell<Shelf>>,
    finished: RefCell<HashMap<Job, Rc<crate::Trajectory>>>,
    probed: RefCell<HashMap<(Job, Probe), Option<f64>>>,
    prepared: RefCell<HashMap<(JobSplit, JobScaling), Rc<Prepared>>>,
    n_made: Cell<usize>,
    n_reused: Cell<usize>,
}

impl<'a> Runner<'a> {
    /// A runner on a table, with the entries of the cache's shelf of this name. No two runners at a time may have the same shelf.
    pub fn new(table: &'a NamedTable, cache: Option<(&Cache, &str)>) -> Self {
        let shelf = cache.map(|(cache, name)| {
            let name = format!("{:032x} {name}", table.fingerprint());
            RefCell::new(cache.shelf(&name))
        });
        Self {
            table,
            stop: &NEVER,
            shelf,
            finished: RefCell::default(),
            probed: RefCell::default(),
            prepared: RefCell::default(),
            n_made: Cell::new(0),
            n_reused: Cell::new(0),
        }
    }

    /// The same, which stops when the flag is set.
    pub fn until(mut self, stop: &'a AtomicBool) -> Self {
        self.stop = stop;
        self
    }

    /// How many trainings and probes were made, and how many were found in the cache.
    pub fn counts(&self) -> (usize, usize) {
        (self.n_made.get(), self.n_reused.get())
    }

    /// The trajectory of a job: made, unless it was before or is in the cache.
    ///
    /// # Errors
    /// [`Error::Interrupted`], and [`Error::Step`] where the rows cannot be split or scaled, or the job asks for what cannot be trained.
    pub fn run(&self, job: &Job) -> Result<Rc<crate::Trajectory>, Error> {
        if let Some(found) = self.finished.borrow().get(job) {
            return Ok(Rc::clone(found));
        }
        let trajectory = self.made_once(&format!("{job:?}"), || {
            train(job, &*self.prepare(job.part, job.scaling)?, self.stop)
        })?;
        let trajectory = Rc::new(trajectory);
        self.finished
            .borrow_mut()
            .insert(job.clone(), Rc::clone(&trajectory));
        Ok(trajectory)
    }

    /// What a probe measures on the network of a job after some of its updates; `None` where the training had diverged by then,
    /// or the number is not finite. Measured, unless it was before or is in the cache. It is a pure function of both; of the job,
    /// `n_updates` and `tests` do not count.
    ///
    /// ```
    /// # use smallbatch_data::BatchSize;
    /// # use smallbatch_sweep::{Job, JobOptimizer, JobScaling, JobSplit, NamedTable, Probe, Runner};
    /// let table = NamedTable::new("wine", "UCI 109, CC BY 4.0", smallbatch_data::builtin::wine()?);
    /// let runner = Runner::new(&table, None);
    /// let standardized = Job {
    ///     part: JobSplit { split: 7, rows: None },
    ///     scaling: JobScaling::Standardized,
    ///     hidden: vec![16],
    ///     optimizer: JobOptimizer::Sgd,
    ///     batch: BatchSize::Mini(32),
    ///     rate_step: -4,
    ///     seed: 1,
    ///     n_updates: 60,
    ///     tests: Vec::new(),
    /// };
    /// let raw = Job { scaling: JobScaling::Raw, ..standardized.clone() };
    /// let at_first = Probe::LargestCurvature { at: 0 };
    /// assert!(runner.probe(&raw, at_first)? > runner.probe(&standardized, at_first)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn probe(&self, job: &Job, probe: Probe) -> Result<Option<f64>, Error> {
        let key = (probe.job(job), probe);
        if let Some(found) = self.probed.borrow().get(&key) {
            return Ok(*found);
        }
        let (job, _) = &key;
        let value = self.made_once(&format!("{probe:?} of {job:?}"), || {
            let data = self.prepare(job.part, job.scaling)?;
            probe::measure(job, probe, &data, self.stop)
        })?;
        self.probed.borrow_mut().insert(key, value);
        Ok(value)
    }

    /// What the shelf has under a description, or else what is made now.
    fn made_once<T: Serialize + DeserializeOwned>(
        &self,
        description: &str,
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let kept = self.shelf.as_ref();
        if let Some(found) = kept.and_then(|shelf| shelf.borrow().find(description)) {
            self.n_reused.set(self.n_reused.get() + 1);
            return Ok(found);
        }
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let made = make()?;
        self.n_made.set(self.n_made.get() + 1);
        if let Some(shelf) = kept {
            shelf.borrow_mut().keep(description, &made);
        }
        Ok(made)
    }

    /// Searches for the rate of a job, with so many seeds: `job_of` gives the job of a step and a seed's index, `judge` what its
    /// trajectory is worth.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn search(
        &self,
        job: &Job,
        n_seeds: usize,
        seed_of: impl Fn(usize) -> u64,
        judge: impl Fn(&crate::Trajectory) -> TriedRate,
    ) -> Result<Search, Error> {
        let run = |rate_step, index| {
            let job = Job {
                rate_step,
                seed: seed_of(index),
                ..job.clone()
            };
            Ok(judge(&*self.run(&job)?))
        };
        let Some(factor) = job.optimizer.rate_factor() else {
            return Search::without_choice(n_seeds, run);
        };
        let guess = match factor {
            RateFactor::OfStable(factor) => {
                factor * self.prepare(job.part, job.scaling)?.stable_rate()
            }
            RateFactor::Absolute(rate) => rate,
        };
        Search::around(guess, n_seeds, run)
    }

    /// The processor time of one update of each job, in seconds: measured in turns, so that a machine whose speed changes changes it
    /// for all, the median of several turns.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn seconds_per_update(&self, jobs: &[Job]) -> Result<Vec<f64>, Error> {
        let description = format!("seconds on {}: {jobs:?}", machine());
        let kept = self.shelf.as_ref();
        if let Some(found) = kept.and_then(|shelf| shelf.borrow().find(&description)) {
            return Ok(found);
        }
        let data = jobs
            .iter()
            .map(|job| self.prepare(job.part, job.scaling))
            .collect::<Result<Vec<_>, _>>()?;
        let mut lengths = Vec::new();
        for (job, data) in jobs.iter().zip(&data) {
            let mut n_updates = 16;
            while self.time(job, data, n_updates)? * (n_updates as f64) < TURN
                && n_updates < 1 << 20
            {
                n_updates *= 2;
            }
            lengths.push(n_updates);
        }
        let mut times = vec![Vec::with_capacity(TURNS); jobs.len()];
        for _ in 0..TURNS {
            for (index, job) in jobs.iter().enumerate() {
                times[index].push(self.time(job, &data[index], lengths[index])?);
            }
        }
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let seconds: Vec<f64> = times.into_iter().map(median).collect();
        if let Some(shelf) = kept {
            shelf.borrow_mut().keep(&description, &seconds);
        }
        Ok(seconds)
    }

    /// Seconds of an update, of so many.
    fn time(&self, job: &Job, data: &Prepared, n_updates: u64) -> Result<f64, Error> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let Some(trainer) = trainer(job, data) else {
            return lbfgs::seconds_per_update(job, data, n_updates);
        };
        let failed = |error| Error::step("time an update", error);
        // Evaluations always happen at both ends; on one sample they cost nothing that shows.
        let trainer = trainer
            .budget(Budget::Updates(n_updates))
            .evaluation(Evaluation::every(EvaluateEvery::Updates(u64::MAX)).training_samples(1));
        let mut session: Session<'_, f32> = trainer
            .start_from(first_model(job, data)?, &data.training, None)
            .map_err(failed)?;
        // The evaluation before the first update.
        session.advance(&mut Silent).map_err(failed)?;
        let start = ThreadTime::now();
        match session.advance(&mut Silent) {
            // At a rate that is not to be lived with: the updates until then count.
            Ok(_) | Err(smallbatch_train::Error::Diverged(_)) => {}
            Err(error) => return Err(failed(error)),
        }
        Ok(start.elapsed().as_secs_f64() / session.update().max(1) as f64)
    }

    fn prepare(&self, part: JobSplit, scaling: JobScaling) -> Result<Rc<Prepared>, Error> {
        if let Some(found) = self.prepared.borrow().get(&(part, scaling)) {
            return Ok(Rc::clone(found));
        }
        let doing = || format!("split and scale {} ({scaling:?})", self.table.name());
        let prepared = Prepared::new(self.table, part, scaling)
            .map_err(|error| Error::step(doing(), error))?;
        let prepared = Rc::new(prepared);
        self.prepared
            .borrow_mut()
            .insert((part, scaling), Rc::clone(&prepared));
        Ok(prepared)
    }
}

/// Where a search for a rate begins.
enum RateFactor {
    /// At this part of the largest stable rate of a linear unit.
    OfStable(f64),
    /// At this rate.
    Absolute(f64),
}

impl crate::JobOptimizer {
    /// Where the search begins; `None` for an optimizer without a rate.
    fn rate_factor(self) -> Option<RateFactor> {
        match self {
            Self::Sgd => Some(RateFactor::OfStable(1.0)),
            Self::Momentum => Some(RateFactor::OfStable(0.1)),
            Self::Adam => Some(RateFactor::Absolute(0.01)),
            Self::LBfgs => None,
        }
    }
}
