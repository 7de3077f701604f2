//! `sweep`: a run that many machines share.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use smallbatch::lab::{RunPlan, SharedRun};

use crate::arguments::{Length, Threads};
use crate::ending::{Ending, Failure};
use crate::help;
use crate::interruption::Interruption;
use crate::output::{say, warn};
use crate::progress::{Display, spoken};
use crate::run::{Folder, finish};
use crate::{locked, mistaken};

/// Share a run among many machines: plan it, compute its jobs anywhere, collect the answers
///
/// A job is one repetition of one table. `docs/many-machines.md` has the commands for Dask, Slurm, Kubernetes, HyperQueue and GNU parallel.
#[derive(Debug, Args)]
#[command(after_help = help::SWEEP)]
pub(crate) struct Sweep {
    #[command(subcommand)]
    verb: SweepVerb,
}

#[derive(Debug, Subcommand)]
enum SweepVerb {
    Plan(Plan),
    RunJob(RunJob),
    Collect(Collect),
}

/// Write the jobs of a run into a folder, one a line; again with more repetitions, it adds theirs
#[derive(Debug, Args)]
struct Plan {
    /// The design; `smallbatch print` gives one to start from [default: the lesson's]
    #[arg(value_name = "DESIGN.toml")]
    design: Option<PathBuf>,

    /// A claim to test, and another for each time it is given [default: all]
    #[arg(long = "claim", value_name = "CLAIM")]
    claims: Vec<String>,

    #[command(flatten)]
    length: Length,

    /// Repetitions of each table: 4, 8, 16, 32, … [default: as the design says for each version]
    #[arg(long, value_name = "N")]
    repetitions: Option<usize>,

    /// Test the claims on the tables in this folder instead
    #[arg(long, value_name = "FOLDER")]
    tables: Option<PathBuf>,

    /// Seed of all random numbers
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    base_seed: u64,

    /// The folder that the machines share
    #[arg(long, value_name = "DIR", default_value = "sweep")]
    out: PathBuf,
}

/// Compute some jobs, and leave what they give in the folder; those that are done are not done again
#[derive(Debug, Args)]
struct RunJob {
    /// The folder of the plan
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Jobs: lines of jobs.jsonl, their numbers from 1, or their hashes
    #[arg(value_name = "JOB", required_unless_present = "all")]
    jobs: Vec<String>,

    /// All that have no result yet
    #[arg(long, conflicts_with = "jobs")]
    all: bool,

    #[command(flatten)]
    threads: Threads,

    /// Folder for finished trainings, from which a job that was stopped continues on this machine [default: none]
    #[arg(long, value_name = "CACHE")]
    cache: Option<PathBuf>,
}

/// Compute the answers from what all jobs left
#[derive(Debug, Args)]
struct Collect {
    /// The folder of the plan
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Where jobs are missing, take the repetitions that all tables have complete
    #[arg(long)]
    partial: bool,

    /// Also print the details: parts, tables, secondary questions
    #[arg(long)]
    all: bool,

    /// Folder for report.html and results.json; older results in it are replaced
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

pub(crate) fn sweep(asked: &Sweep) -> Result<Ending, Failure> {
    match &asked.verb {
        SweepVerb::Plan(asked) => plan(asked),
        SweepVerb::RunJob(asked) => run_job(asked),
        SweepVerb::Collect(asked) => collect(asked),
    }
}

fn plan(asked: &Plan) -> Result<Ending, Failure> {
    if let Some(file) = &asked.design {
        mistaken::check_design(file)?;
    }
    if let Some(folder) = &asked.tables {
        mistaken::check_tables(folder)?;
    }
    let plan = RunPlan {
        size: asked.length.size(),
        file: asked.design.clone(),
        tables: asked.tables.clone(),
        claims: asked.claims.clone(),
        repetitions: asked.repetitions,
        base_seed: asked.base_seed,
        ..RunPlan::default()
    };
    let _folder = Folder::prepare(&asked.out)?;
    let _lock = locked::take(&asked.out)?;
    let run = SharedRun::plan(&plan, &asked.out)?;
    let jobs = run.jobs();
    let tables: BTreeSet<&str> = jobs.iter().map(|job| job.table.as_str()).collect();
    let n_done = jobs.iter().filter(|job| run.is_done(job)).count();
    let folder = asked.out.display();
    say(&format!(
        "{folder}/jobs.jsonl: {} jobs, {} repetitions of {} tables; {n_done} done\n\
         design {}, base seed {}\n\
         next     smallbatch sweep run-job {folder} --all   or any job, on any machine\n         \
         smallbatch sweep collect {folder}         when they are done",
        jobs.len(),
        jobs.len() / tables.len().max(1),
        tables.len(),
        run.design_hash(),
        plan.base_seed,
    ));
    Ok(Ending::Done)
}

fn run_job(asked: &RunJob) -> Result<Ending, Failure> {
    let run = SharedRun::open(&asked.folder)?;
    let jobs = if asked.all {
        run.jobs().to_vec()
    } else {
        let named = asked.jobs.iter().map(|name| run.job(name).cloned());
        named.collect::<Result<Vec<_>, _>>()?
    };
    let began = std::time::Instant::now();
    let mut display = Display::new(Interruption::listen()).patient();
    let n_threads = asked.threads.n.unwrap_or(0);
    let computed = run.compute(&jobs, n_threads, asked.cache.as_deref(), &mut display);
    display.finish();
    let (n, failures) = computed.map_err(|error| Failure::from(error).without_a_cache())?;
    for failure in failures {
        warn(&format!("{failure}; that is the job's result"));
    }
    let before = match jobs.len() - n {
        0 => String::new(),
        n => format!("; {n} had been done before"),
    };
    let took = spoken(began.elapsed());
    warn(&format!("{} done in {took}{before}", counted(n, "job")));
    Ok(Ending::Done)
}

fn collect(asked: &Collect) -> Result<Ending, Failure> {
    let run = SharedRun::open(&asked.folder)?;
    let _folder = Folder::prepare(&asked.out)?;
    let _lock = locked::take(&asked.out)?;
    let mut display = Display::new(Interruption::listen());
    let outcome = run.collect(asked.partial, std::env::current_exe().ok(), &mut display);
    display.finish();
    let outcome = outcome?;
    let machines = &outcome.results.environment.machines;
    let different = |what: fn(&smallbatch::report::results::Machine) -> &str| {
        let all: BTreeSet<&str> = machines.iter().map(what).collect();
        all.len()
    };
    if different(|machine| &machine.vectors) > 1 || different(|machine| &machine.program) > 1 {
        warn(
            "note: the machines compute with different vectors or programs; one machine alone would give other last bits",
        );
    }
    let seconds: f64 = machines.iter().map(|machine| machine.seconds).sum();
    let n = machines
        .iter()
        .map(|machine| machine.repetitions.len())
        .sum();
    let ended = format!(
        "{} of {}, {} of computing",
        counted(n, "job"),
        counted(machines.len(), "machine"),
        spoken(std::time::Duration::from_secs_f64(seconds))
    );
    finish(outcome, &asked.out, asked.all, &ended)
}

fn counted(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {what}{s}")
}
