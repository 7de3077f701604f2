//! A run that many machines share: its plan in a folder, its jobs, what they leave there, and the answers of all.
//!
//! A job is one repetition of one table. All that is compared with one another is within it: the tuning of every way, its final runs, the
//! times of its updates. So a job needs nothing of another, its two sides are of one machine, and it lasts long enough for any engine: a
//! training of a few milliseconds would cost less than its way to a machine.
//!
//! The folder has all that a machine needs:
//!
//! | file | content |
//! |---|---|
//! | `plan.json` | what was asked for, with the hashes of the design and of the jobs |
//! | `jobs.jsonl` | the jobs, one a line; more repetitions add lines at the end |
//! | `design`, `tables` | copies, where the design or the tables are the user's own |
//! | `results/HASH` | what a job gave, by the hash of all that decides it |

mod folder;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use smallbatch_base::limits::MOST_RESULTS_BYTES;
use smallbatch_files as files;
use smallbatch_report::results::Machine;
use smallbatch_sweep::{Cache, Pool, Progress, Stages};
use xxhash_rust::xxh3::xxh3_128;

use crate::environment::{environment, machine};
use crate::plan::Request;
use crate::run::{Failure, Finding, Findings, Prepared, RunOutcome};
use crate::{Error, RunPlan};
use folder::{PLAN, Saved, copy_design, copy_tables, write};

const JOBS: &str = "jobs.jsonl";
const DESIGN: &str = "design";
const TABLES: &str = "tables";
const RESULTS: &str = "results";

/// What the file of a result is, and the version of what is in it: another one counts in every job's hash.
const KIND: &str = "job";
const FORMAT: u32 = 1;

/// A run that many machines share.
///
/// ```no_run
/// use std::path::Path;
/// use smallbatch_lab::{RunPlan, SharedRun, Size};
///
/// let folder = Path::new("sweep");
/// let run = SharedRun::plan(&RunPlan { size: Size::Quick, ..RunPlan::default() }, folder)?;
/// // On any machine that sees the folder or a copy of it:
/// SharedRun::open(folder)?.compute(run.jobs(), 2, None, &mut ())?;
/// // And where the answers are wanted:
/// let outcome = run.collect(false, None, &mut ())?;
/// assert_eq!(outcome.results.environment.machines.len(), 1);
/// # Ok::<(), smallbatch_lab::Error>(())
/// ```
#[derive(Debug)]
pub struct SharedRun {
    folder: PathBuf,
    plan: RunPlan,
    design_hash: String,
    jobs: Vec<SharedJob>,
}

/// One repetition of one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedJob {
    /// The hash of all that decides its result, in hexadecimal.
    pub job: String,
    /// The table.
    pub table: String,
    /// The number of the repetition, from 0.
    pub repetition: usize,
    /// Whether secondary questions are asked of the table.
    pub detailed: bool,
    /// About what it costs, in a unit of its own: good to a factor of 1.5.
    pub cost: f64,
}

/// What a job gave.
#[derive(Debug, Serialize, Deserialize)]
struct Left {
    /// The job's hash: a file in another's place is none of it.
    job: String,
    machine: Machine,
    /// Why its table cannot be repeated, where it cannot.
    found: Result<Finding, String>,
}

impl SharedRun {
    /// Writes what is to be done into a folder. One that has a plan of the same design and seed is gone on with: its results count, and
    /// more repetitions add jobs.
    ///
    /// # Errors
    /// As [`run`](crate::run) has before it trains anything; [`Error::Step`] for a folder that cannot be written to or has another plan.
    pub fn plan(plan: &RunPlan, folder: &Path) -> Result<Self, Error> {
        let prepared = Prepared::new(plan)?;
        let (design, text) = plan.design()?;
        Saved::check_place(plan, &text, folder)?;
        let failed = |error| Error::step(format!("write into {}", folder.display()), error);
        files::prepare_folder(folder).map_err(failed)?;
        files::prepare_folder(&folder.join(RESULTS)).map_err(failed)?;
        let file = plan.file.as_deref().and_then(Path::file_name);
        if let Some(design_file) = &plan.file {
            let named = match plan.tables {
                Some(_) => &[][..],
                None => &design.tables,
            };
            copy_design(design_file, &text, named, &folder.join(DESIGN))?;
        }
        if let Some(tables) = &plan.tables {
            copy_tables(tables, &folder.join(TABLES))?;
        }
        let jobs = jobs(plan, &prepared, &text);
        let mut lines = String::new();
        for job in &jobs {
            let line = serde_json::to_string(job);
            lines += &line.map_err(|error| Error::step("write a job", error))?;
            lines.push('\n');
        }
        let saved = Saved {
            version: env!("CARGO_PKG_VERSION").into(),
            design_hash: prepared.hash,
            jobs_hash: hash_of(&lines),
            base_seed: plan.base_seed,
            request: Request {
                file: file.map(|name| Path::new(DESIGN).join(name)),
                tables: plan.tables.as_ref().map(|_| TABLES.into()),
                ..plan.request()
            },
        };
        let text = serde_json::to_string_pretty(&saved);
        let text = text.map_err(|error| Error::step("write a plan", error))?;
        // Last: a folder with a plan has all of it.
        let together = [
            (folder.join(JOBS), lines.into_bytes()),
            (folder.join(PLAN), files::seal_json(&text).into_bytes()),
        ];
        files::replace_all(&together)
            .map_err(|(file, error)| Error::step(format!("write {}", file.display()), error))?;
        let run = Self::open(folder)?;
        if Prepared::new(&run.plan)?.hash != run.design_hash {
            return Err(Error::step(
                format!("plan in {}", folder.display()),
                "the copies of design and tables are others than what was copied; plan in a new folder",
            ));
        }
        Ok(run)
    }

    /// The run whose plan is in a folder.
    ///
    /// # Errors
    /// [`Error::Step`] for a folder without a plan of this version, and for a damaged one.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let saved = Saved::read(folder)?;
        let file = folder.join(JOBS);
        let doing = || format!("read {}", file.display());
        let lines = files::read_text(&file, MOST_RESULTS_BYTES)
            .map_err(|error| Error::step(doing(), error))?;
        if hash_of(&lines) != saved.jobs_hash {
            return Err(Error::step(
                doing(),
                "it is not that of the plan; plan anew",
            ));
        }
        let jobs: Result<Vec<SharedJob>, _> = lines.lines().map(serde_json::from_str).collect();
        let request = saved.request;
        Ok(Self {
            jobs: jobs.map_err(|error| Error::step(doing(), error))?,
            plan: RunPlan {
                size: request.size,
                file: request.file.map(|file| folder.join(file)),
                tables: request.tables.map(|tables| folder.join(tables)),
                claims: request.claims,
                repetitions: request.repetitions,
                base_seed: saved.base_seed,
                ..RunPlan::default()
            },
            folder: folder.to_path_buf(),
            design_hash: saved.design_hash,
        })
    }

    /// The hash of design, margins, size, tables and version, as [`preregister`](crate::preregister) gives it.
    pub fn design_hash(&self) -> &str {
        &self.design_hash
    }

    /// All jobs: the first repetition of every table, then the second.
    pub fn jobs(&self) -> &[SharedJob] {
        &self.jobs
    }

    /// The job that is meant by a line of `jobs.jsonl`, its number from 1, or a hash.
    ///
    /// # Errors
    /// [`Error::UnknownJob`].
    pub fn job(&self, named: &str) -> Result<&SharedJob, Error> {
        let hash = match serde_json::from_str::<SharedJob>(named) {
            Ok(job) => job.job,
            Err(_) => named.trim().to_owned(),
        };
        let by_number = || {
            // No hash is that short.
            let number = (hash.len() < 32).then(|| hash.parse::<usize>().ok())??;
            self.jobs.get(number.checked_sub(1)?)
        };
        let by_hash = self.jobs.iter().find(|job| job.job == hash);
        by_hash.or_else(by_number).ok_or_else(|| Error::UnknownJob {
            job: named.chars().take(40).collect(),
            folder: self.folder.clone(),
        })
    }

    /// Whether a job has its result.
    pub fn is_done(&self, job: &SharedJob) -> bool {
        self.left(job).is_some()
    }

    /// Computes jobs that have no result yet, each on one thread, so many at once (0: as many as the processor runs), and leaves what they
    /// give. How many that were, and why tables could not be repeated, which is a result as well.
    ///
    /// Where `progress` interrupts, those that are complete are kept. With a cache, what a job had trained before it was stopped is not
    /// trained again on this machine.
    ///
    /// # Errors
    /// [`Error::Step`] for a table that is another one by now, and for a result that cannot be written; the interruption.
    pub fn compute(
        &self,
        jobs: &[SharedJob],
        n_threads: usize,
        cache: Option<&Path>,
        progress: &mut dyn Progress,
    ) -> Result<(usize, Vec<String>), Error> {
        let cache = cache.map(Cache::open).transpose()?;
        let machine = machine();
        let tasks = jobs.iter().map(|job| (job.cost, job)).collect();
        let pool = match n_threads {
            0 => Pool::of_the_machine(),
            n => Pool::new(n),
        };
        let done = pool.map(tasks, progress, "training", |job, stop| {
            // Another process, or this one, may have done it meanwhile.
            if self.is_done(job) {
                return Ok(Ok(None));
            }
            // Errors of this crate go through the pool as they are.
            Ok(self
                .compute_one(job, cache.as_ref(), &machine, stop)
                .map(Some))
        });
        let (mut n, mut failures) = (0, Vec::new());
        for result in done {
            if let Some(failure) = result.map_err(Error::from).and_then(|done| done)? {
                n += 1;
                failures.extend(failure);
            }
        }
        Ok((n, failures))
    }

    /// Leaves what a job gives; why its table cannot be repeated, where it cannot.
    fn compute_one(
        &self,
        job: &SharedJob,
        cache: Option<&Cache>,
        machine: &Machine,
        stop: &AtomicBool,
    ) -> Result<Option<String>, Error> {
        let began = Instant::now();
        let prepared = Prepared::of_one(&self.plan, &job.table, job.detailed)?;
        let (_, text) = self.plan.design()?;
        if hash(&self.plan, &prepared, &text, 0, job.repetition) != job.job {
            return Err(Error::step(
                format!("repeat {}", job.table),
                "the table, the design or this program is not that of the plan; plan anew",
            ));
        }
        let found = match prepared.repetition(&self.plan, cache, 0, job.repetition, stop) {
            Err(error) if error.is_interruption() => return Err(error),
            found => found.map_err(|error| error.to_string()),
        };
        let failure = found.as_ref().err().map(|reason| {
            let (_, error) = prepared.failure(0, reason.as_str());
            error.to_string()
        });
        let left = Left {
            job: job.job.clone(),
            machine: Machine {
                seconds: began.elapsed().as_secs_f64(),
                ..machine.clone()
            },
            found,
        };
        let content = postcard::to_stdvec(&left);
        let content = content.map_err(|error| Error::step("write a result", error))?;
        write(&self.file(job), &files::seal(KIND, FORMAT, &content))?;
        Ok(failure)
    }

    /// The results of all jobs, as [`run`](crate::run) has them: the same bits, but for what is timed, where all machines compute with the
    /// same vectors and the same program. Memory is measured here, by the program that [`RunPlan::memory_probe`] names. With `partial`, complete
    /// repetitions count.
    ///
    /// # Errors
    /// As [`run`](crate::run); [`Error::JobsMissing`] without `partial`.
    pub fn collect(
        &self,
        partial: bool,
        memory_probe: Option<PathBuf>,
        progress: &mut dyn Progress,
    ) -> Result<RunOutcome, Error> {
        let plan = RunPlan {
            cache: Some(self.folder.join("cache")),
            memory_probe,
            ..self.plan.clone()
        };
        let prepared = Prepared::new(&plan)?;
        if prepared.hash != self.design_hash {
            return Err(Error::step(
                format!("collect {}", self.folder.display()),
                "its design, a table or this program is another one by now; plan anew",
            ));
        }
        let mut gathered = Gathered::of(self, &prepared);
        let missing = self.jobs.len() - gathered.n_found;
        if missing > 0 && !partial {
            return Err(Error::JobsMissing {
                missing,
                all: self.jobs.len(),
                folder: self.folder.clone(),
            });
        }
        let findings = std::mem::take(&mut gathered.findings);
        let mut outcome = prepared.outcome(&plan, &findings, gathered.failures)?;
        let seconds: f64 = gathered
            .machines
            .iter()
            .map(|machine| machine.seconds)
            .sum();
        outcome.results.environment = environment(&plan);
        outcome.results.environment.workers = gathered.machines.len();
        outcome.results.environment.elapsed_seconds = seconds;
        outcome.results.environment.machines = gathered.machines;
        let mut stages = Stages::new(progress, 1.0);
        stages.begin(1.0);
        prepared.add_memory(&plan, &mut stages, &mut outcome);
        Ok(outcome)
    }

    fn file(&self, job: &SharedJob) -> PathBuf {
        self.folder.join(RESULTS).join(&job.job)
    }

    /// What a job left; `None` where it is not there, or damaged: then it is computed again.
    fn left(&self, job: &SharedJob) -> Option<Left> {
        let bytes = files::read(&self.file(job), MOST_RESULTS_BYTES).ok()?;
        let (_, content) = files::unseal(KIND, FORMAT..=FORMAT, &bytes).ok()?;
        let left: Left = postcard::from_bytes(content).ok()?;
        (left.job == job.job).then_some(left)
    }
}

/// What all jobs left.
struct Gathered {
    findings: Findings,
    failures: Vec<Failure>,
    machines: Vec<Machine>,
    n_found: usize,
}

impl Gathered {
    fn of(run: &SharedRun, prepared: &Prepared) -> Self {
        let names = prepared.tables.names();
        let mut gathered = Self {
            findings: prepared.no_findings(),
            failures: Vec::new(),
            machines: Vec::new(),
            n_found: 0,
        };
        for job in &run.jobs {
            let table = names.iter().position(|name| *name == job.table);
            let (Some(table), Some(left)) = (table, run.left(job)) else {
                continue;
            };
            gathered.n_found += 1;
            gathered.count(left.machine, job);
            match left.found {
                Ok(finding) => gathered.findings[table][job.repetition] = Some(finding),
                // Once a table, however many of its repetitions say so.
                Err(_) if gathered.failures.iter().any(|(of, _)| *of == table) => {}
                Err(reason) => gathered.failures.push(prepared.failure(table, reason)),
            }
        }
        gathered
    }

    fn count(&mut self, of: Machine, job: &SharedJob) {
        let repetition = (job.table.clone(), job.repetition);
        let is_it = |other: &&mut Machine| {
            (&other.host, &other.processor) == (&of.host, &of.processor)
                && (&other.vectors, &other.program) == (&of.vectors, &of.program)
        };
        if let Some(machine) = self.machines.iter_mut().find(is_it) {
            machine.seconds += of.seconds;
            machine.repetitions.push(repetition);
        } else {
            let repetitions = vec![repetition];
            self.machines.push(Machine { repetitions, ..of });
        }
    }
}

/// All jobs of a plan, in the order of repetitions: those of fewer repetitions are its beginning.
fn jobs(plan: &RunPlan, prepared: &Prepared, text: &str) -> Vec<SharedJob> {
    let of_task = |(cost, (table, repetition)): (f64, (usize, usize))| SharedJob {
        job: hash(plan, prepared, text, table, repetition),
        table: prepared.tables.tables[table].name().to_owned(),
        repetition,
        detailed: prepared.is_detailed[table],
        cost: cost.round(),
    };
    prepared.tasks().into_iter().map(of_task).collect()
}

/// The hash of all that decides what a repetition of a table gives.
fn hash(
    plan: &RunPlan,
    prepared: &Prepared,
    text: &str,
    table: usize,
    repetition: usize,
) -> String {
    let of = &prepared.tables.tables[table];
    let content = format!(
        "{FORMAT}\n{}\n{}\n{}\n{} {:032x} {}\n{} {repetition}\n{text}",
        env!("CARGO_PKG_VERSION"),
        plan.size.name(),
        plan.claims.join(","),
        of.name(),
        of.fingerprint(),
        prepared.is_detailed[table],
        plan.base_seed,
    );
    hash_of(&content)
}

fn hash_of(text: &str) -> String {
    format!("{:032x}", xxh3_128(text.as_bytes()))
}
