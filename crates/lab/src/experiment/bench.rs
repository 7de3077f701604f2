//! The work bench of one experiment on one data set: runs spread over threads, or timed one by one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use smallbatch_data::BatchSize;

use super::cache::{Cache, Kind};
use super::definition::{Case, Experiment};
use super::prepared::Prepared;
use super::progress::Ledger;
use super::runs::{Extent, Length, Recording, Settings, train};
use super::sources::step;
use super::trajectory::Trajectory;
use super::tuning::rate;
use crate::Error;
use crate::statistics::median;

/// How often the waiting thread looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);
/// Work of one arm in one round of the calibration: about this many units (see [`Bench::cost`]).
const CALIBRATION_WORK: f64 = 0.3;
/// Rounds of the calibration, each of which runs every arm once.
const CALIBRATION_ROUNDS: usize = 3;

/// A run that somebody wants: everything that decides its bits, given the experiment and the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Request {
    /// The arm, as an index.
    pub(crate) arm: usize,
    /// The seed of split, initial weights and order.
    pub(crate) seed: u64,
    /// The learning rate, as a step of the grid.
    pub(crate) rate_step: i32,
    /// How long. Not in seconds: timed runs go another way.
    pub(crate) length: Length,
    /// What is recorded of it.
    pub(crate) record: Recording,
}

/// A request as a key: real numbers by their bits.
type Key = (usize, u64, i32, (u8, u64), Option<u64>, Recording);

impl Request {
    fn key(&self) -> Key {
        let cap = match self.length.cap {
            Extent::Epochs(epochs) => (0, epochs),
            Extent::Updates(updates) => (1, updates),
            Extent::Seconds(seconds) => (2, seconds.to_bits()),
        };
        (
            self.arm,
            self.seed,
            self.rate_step,
            cap,
            self.length.target.map(f64::to_bits),
            self.record,
        )
    }
}

/// The work bench.
///
/// A run is a pure function of its request, so a run that was made once is never made again, and neither the order
/// of requests nor the number of threads can change a result.
pub(crate) struct Bench<'a> {
    experiment: &'a Experiment,
    case: &'a Case,
    threads: usize,
    /// Samples of the training part.
    n_training: usize,
    cache: Option<&'a Cache>,
    done: HashMap<Key, Arc<Trajectory>>,
}

/// Samples in one update of an arm.
pub(crate) fn samples_per_update(experiment: &Experiment, arm: usize, n_training: usize) -> usize {
    match experiment.arms[arm].batch_size {
        BatchSize::Full => n_training,
        BatchSize::Mini(size) => size.min(n_training),
    }
}

/// Updates in one epoch of an arm.
pub(crate) fn updates_per_epoch(experiment: &Experiment, arm: usize, n_training: usize) -> u64 {
    n_training.div_ceil(samples_per_update(experiment, arm, n_training).max(1)) as u64
}

/// The cost of one update in billions of floating-point operations: six for each weight and sample, and as much again
/// as some hundred thousand for what does not grow with either.
pub(crate) fn cost_of_update(case: &Case, samples: usize) -> f64 {
    let weights: usize = case
        .layer_sizes()
        .windows(2)
        .map(|pair| pair[0] * pair[1])
        .sum();
    let units: usize = case.layer_sizes().iter().sum();
    // A unit's activation, mask and bias cost about as much as fifty multiplications.
    let per_sample = 6 * weights + 50 * units;
    (samples * per_sample + 2 * weights + 50_000) as f64 / 1e9
}

impl<'a> Bench<'a> {
    pub(crate) fn new(
        experiment: &'a Experiment,
        case: &'a Case,
        threads: usize,
        n_training: usize,
        cache: Option<&'a Cache>,
    ) -> Self {
        Self {
            experiment,
            case,
            threads,
            n_training,
            cache,
            done: HashMap::new(),
        }
    }

    /// How many updates of an arm an extent is; 0 for one in seconds.
    pub(crate) fn updates(&self, arm: usize, extent: Extent) -> u64 {
        match extent {
            Extent::Epochs(epochs) => {
                epochs * updates_per_epoch(self.experiment, arm, self.n_training)
            }
            Extent::Updates(updates) => updates,
            Extent::Seconds(_) => 0,
        }
    }

    /// Work of so many updates, in units of the ledger.
    fn cost(&self, arm: usize, updates: u64) -> f64 {
        let samples = samples_per_update(self.experiment, arm, self.n_training);
        updates as f64 * cost_of_update(self.case, samples)
    }

    /// Work that went into a run.
    fn cost_of_run(&self, arm: usize, run: &Trajectory) -> f64 {
        self.cost(arm, run.last().map_or(0, |point| point.updates))
    }

    /// The data as this arm wants them, for this seed.
    pub(crate) fn prepare(&self, arm: usize, seed: u64) -> Result<Prepared, Error> {
        let own_tests = self.own_tests(arm);
        Prepared::new(self.case, &self.experiment.arms[arm], &own_tests, seed)
    }

    /// The batches by whose own statistics the test part of an arm is scaled, too.
    fn own_tests(&self, arm: usize) -> Vec<BatchSize> {
        let tests = self.experiment.tests.iter();
        tests
            .filter(|test| test.arm == arm)
            .map(|test| test.batch_size)
            .collect()
    }

    /// All that decides a run, as text: for the cache. Numbers are written so that they read back to the same bits.
    fn description(&self, request: &Request) -> String {
        let arm = &self.experiment.arms[request.arm];
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:032x}",
            self.settings(request),
            arm.scaler,
            arm.statistics,
            self.own_tests(request.arm),
            self.case.fractions(),
            self.case.source.fingerprint(),
        )
    }

    /// What describes several runs that took turns.
    fn description_of_turns(&self, requests: &[Request], rounds: usize) -> String {
        let runs: Vec<String> = requests
            .iter()
            .map(|request| self.description(request))
            .collect();
        format!("{rounds} rounds of {}", runs.join(" | "))
    }

    /// Timed runs that took turns once before, on this machine.
    pub(crate) fn find_turns(
        &self,
        requests: &[Request],
        rounds: usize,
        ledger: &mut Ledger<'_>,
    ) -> Option<Vec<Trajectory>> {
        let description = self.description_of_turns(requests, rounds);
        let runs: Vec<Trajectory> = self.cache?.find(Kind::Timed, &description)?;
        if runs.len() != requests.len() {
            return None;
        }
        ledger.reused += runs.len();
        for (request, run) in requests.iter().zip(&runs) {
            ledger.add(self.cost_of_run(request.arm, run) * self.threads as f64);
        }
        Some(runs)
    }

    /// Keeps timed runs that took turns.
    pub(crate) fn keep_turns(&self, requests: &[Request], rounds: usize, runs: &[Trajectory]) {
        if let Some(cache) = self.cache {
            let description = self.description_of_turns(requests, rounds);
            cache.keep(Kind::Timed, &description, &runs);
        }
    }

    fn settings(&self, request: &Request) -> Settings {
        Settings {
            network: self.case.network(),
            batch_size: self.experiment.arms[request.arm].batch_size,
            optimizer: self.experiment.arms[request.arm].optimizer,
            learning_rate: rate(request.rate_step),
            seed: request.seed,
            length: request.length,
            measured: self.case.measured,
            record: request.record,
        }
    }

    /// What was run for this request, if it was.
    pub(crate) fn look_up(&self, request: &Request) -> Option<Arc<Trajectory>> {
        self.done.get(&request.key()).cloned()
    }

    /// Makes the runs that were not made before, on all threads. Returns early when the ledger says to stop; then some
    /// of them may be missing, but none that was complete is lost: [`Bench::look_up`] finds it.
    pub(crate) fn run_all(
        &mut self,
        requests: &[Request],
        ledger: &mut Ledger<'_>,
    ) -> Result<(), Error> {
        let mut jobs: Vec<Request> = Vec::new();
        for request in requests {
            let known = self.done.contains_key(&request.key());
            if known || jobs.iter().any(|job| job.key() == request.key()) {
                continue;
            }
            let find = |cache: &Cache| cache.find(Kind::Counted, &self.description(request));
            match self.cache.and_then(find) {
                Some(run) => {
                    ledger.reused += 1;
                    ledger.add(self.cost_of_run(request.arm, &run));
                    self.done.insert(request.key(), Arc::new(run));
                }
                None => jobs.push(*request),
            }
        }
        // Neighbours share their data, so that a thread seldom has to split and scale anew.
        jobs.sort_by_key(|job| (job.arm, job.seed, job.rate_step));
        let mut failure = None;
        let finished = self.spread(&jobs, ledger, &mut failure);
        for (index, trajectory) in finished {
            self.done.insert(jobs[index].key(), Arc::new(trajectory));
        }
        failure.map_or(Ok(()), Err)
    }

    /// Runs the jobs on the threads; what is complete, in any order, with each job's index.
    fn spread(
        &self,
        jobs: &[Request],
        ledger: &mut Ledger<'_>,
        failure: &mut Option<Error>,
    ) -> Vec<(usize, Trajectory)> {
        let stop = AtomicBool::new(ledger.interrupted());
        let next = AtomicUsize::new(0);
        let (sender, receiver) = mpsc::channel();
        let mut finished = Vec::with_capacity(jobs.len());
        std::thread::scope(|scope| {
            for worker in 0..self.threads.min(jobs.len()) {
                let sender = sender.clone();
                let (stop, next) = (&stop, &next);
                let spawned = std::thread::Builder::new()
                    .spawn_scoped(scope, move || self.work(jobs, next, stop, &sender));
                if let Err(error) = spawned {
                    // Fewer workers do the same work in more time; none would wait for ever.
                    if worker == 0 {
                        *failure = Some(step("start a thread for the runs".into(), error));
                    }
                    break;
                }
            }
            // The receiver's loop ends when the last worker has dropped its sender.
            drop(sender);
            loop {
                match receiver.recv_timeout(LOOK) {
                    Ok((index, Ok(trajectory))) => {
                        if let Some(cache) = self.cache {
                            let description = self.description(&jobs[index]);
                            cache.keep(Kind::Counted, &description, &trajectory);
                        }
                        ledger.made += 1;
                        ledger.add(self.cost_of_run(jobs[index].arm, &trajectory));
                        finished.push((index, trajectory));
                    }
                    Ok((_, Err(error))) => {
                        stop.store(true, Ordering::Relaxed);
                        failure.get_or_insert(error);
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => ledger.tell(),
                    Err(mpsc::RecvTimeoutError::Disconnected) => break,
                }
                if ledger.interrupted() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        });
        finished
    }

    /// One worker: takes the next job until there is none.
    fn work(
        &self,
        jobs: &[Request],
        next: &AtomicUsize,
        stop: &AtomicBool,
        sender: &mpsc::Sender<(usize, Result<Trajectory, Error>)>,
    ) {
        let mut prepared: Option<((usize, u64), Prepared)> = None;
        while !stop.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { return };
            let wanted = (job.arm, job.seed);
            let data = match prepared.take() {
                Some((have, data)) if have == wanted => Ok(data),
                _ => self.prepare(job.arm, job.seed),
            };
            let outcome = data.and_then(|data| {
                let settings = self.settings(job);
                let outcome = train(&settings, &data, stop);
                prepared = Some((wanted, data));
                outcome
            });
            let message = match outcome {
                Ok(Some(trajectory)) => Ok(trajectory),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            // The receiver outlives the workers; were it gone, nobody would want the run.
            if sender.send((index, message)).is_err() {
                return;
            }
        }
    }

    /// One timed run, on the calling thread, while no other run is under way. `None` when the ledger says to stop.
    pub(crate) fn timed(
        &self,
        request: &Request,
        data: &Prepared,
        ledger: &mut Ledger<'_>,
    ) -> Result<Option<Trajectory>, Error> {
        if ledger.interrupted() {
            return Ok(None);
        }
        let settings = self.settings(request);
        let run = train(&settings, data, &AtomicBool::new(false))?;
        if let Some(run) = &run {
            ledger.made += 1;
            // The other threads stand idle meanwhile.
            ledger.add(self.cost_of_run(request.arm, run) * self.threads as f64);
        }
        Ok(run)
    }

    /// Seconds of one update of each of the arms: the median over rounds, in each of which every arm runs once, so
    /// that a machine that slows down slows down all. `None` when the ledger says to stop.
    pub(crate) fn seconds_per_update(
        &self,
        arms: &[usize],
        seed: u64,
        ledger: &mut Ledger<'_>,
    ) -> Result<Option<Vec<f64>>, Error> {
        let requests: Vec<Request> = arms
            .iter()
            .map(|&arm| self.speed_request(arm, seed))
            .collect();
        // How long a budget in seconds is, and so which runs are made for it, follows from these.
        let description = format!(
            "speeds in {}",
            self.description_of_turns(&requests, CALIBRATION_ROUNDS)
        );
        let found = self
            .cache
            .and_then(|cache| cache.find::<Vec<f64>>(Kind::Timed, &description));
        if let Some(speeds) = found.filter(|speeds| speeds.len() == arms.len()) {
            return Ok(Some(speeds));
        }
        let prepared: Vec<Prepared> = arms
            .iter()
            .map(|&arm| self.prepare(arm, seed))
            .collect::<Result<_, _>>()?;
        let mut measured = vec![Vec::new(); arms.len()];
        for _ in 0..CALIBRATION_ROUNDS {
            for ((request, data), measured) in requests.iter().zip(&prepared).zip(&mut measured) {
                let Some(run) = self.timed(request, data, ledger)? else {
                    return Ok(None);
                };
                if let Some(last) = run.last() {
                    measured.push(last.seconds / last.updates.max(1) as f64);
                }
            }
        }
        // A clock too coarse to see an update must not give an infinite number of them.
        let speeds: Vec<f64> = measured
            .into_iter()
            .map(|seconds| median(&seconds).unwrap_or(0.0).max(1e-9))
            .collect();
        if let Some(cache) = self.cache {
            cache.keep(Kind::Timed, &description, &speeds);
        }
        Ok(Some(speeds))
    }

    /// A run that shows how long an update takes.
    fn speed_request(&self, arm: usize, seed: u64) -> Request {
        let updates = (CALIBRATION_WORK / self.cost(arm, 1))
            .ceil()
            .clamp(3.0, 3000.0) as u64;
        Request {
            arm,
            seed,
            // Far below any rate that could diverge; the time of an update does not depend on it.
            rate_step: -120,
            length: Length {
                cap: Extent::Updates(updates),
                target: None,
            },
            record: Recording::End,
        }
    }
}
