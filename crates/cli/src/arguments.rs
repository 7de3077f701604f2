//! The flags of each verb.

use std::path::{Path, PathBuf};

use clap::Args;
use smallbatch::lab::{MemoryProbe, Size};
use smallbatch::limits::MOST_THREADS;

use crate::help;

/// What is asked of the experiments.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Claims to test; `--help` lists them [default: all]
    #[arg(value_name = "CLAIM")]
    pub(crate) claims: Vec<String>,

    #[command(flatten)]
    pub(crate) length: Length,

    /// Repetitions of each table: 4, 8, 16, 32, … [default: as the design says for each version]
    #[arg(long, value_name = "N")]
    pub(crate) repetitions: Option<usize>,

    /// Test the claims on the tables in this folder instead
    ///
    /// The target is the last column, unless a TOML file beside the table names another.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tables: Option<PathBuf>,

    /// Run the design of this TOML file; `smallbatch print` gives one to start from
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Seed of all random numbers [default: 0]
    #[arg(long, value_name = "SEED")]
    pub(crate) base_seed: Option<u64>,

    /// Also print the details: parts, tables, secondary questions
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) threads: Threads,

    /// Folder for report.html and results.json; older results in it are replaced [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) keeping: Keeping,
}

/// How much work.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Length {
    /// The short version, for a first look
    #[arg(long)]
    quick: bool,

    /// The long version, for firm answers
    #[arg(long, conflicts_with = "quick")]
    thorough: bool,
}

impl Length {
    pub(crate) fn size(self) -> Size {
        match (self.quick, self.thorough) {
            (true, _) => Size::Quick,
            (_, true) => Size::Thorough,
            _ => Size::Default,
        }
    }
}

/// Over how many threads trainings are spread.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Threads {
    /// Number of threads; each training uses one [default: one for each core]
    #[arg(long = "threads", value_name = "T", value_parser = threads)]
    pub(crate) n: Option<usize>,
}

/// Where finished trainings are kept.
#[derive(Debug, Default, Args)]
pub(crate) struct Keeping {
    /// Folder for finished trainings, from which the same command continues [default: cache in DIR]
    #[arg(long, value_name = "CACHE", conflicts_with = "no_cache")]
    pub(crate) cache: Option<PathBuf>,

    /// Neither store nor reuse finished trainings
    #[arg(long)]
    pub(crate) no_cache: bool,
}

impl Keeping {
    /// The folder, for results in another one.
    pub(crate) fn folder(&self, out: &Path) -> Option<PathBuf> {
        (!self.no_cache).then(|| self.cache.clone().unwrap_or_else(|| out.join("cache")))
    }
}

/// Repeat a run with the same seeds: are its results the same to the bit?
///
/// All trainings are made again, without the cache. Times and memory are not compared. The exit code is 1 if an effect differs.
#[derive(Debug, Args)]
#[command(after_help = help::VERIFY)]
pub(crate) struct Verify {
    /// The results of the run, or their folder
    #[arg(value_name = "RESULTS.json|DIR")]
    pub(crate) results: PathBuf,

    #[command(flatten)]
    pub(crate) threads: Threads,
}

/// Repeat a run with another seed: which answers are confirmed?
#[derive(Debug, Args)]
#[command(after_help = help::REPLICATE)]
pub(crate) struct Replicate {
    /// The results of the run, or their folder
    #[arg(value_name = "RESULTS.json|DIR")]
    pub(crate) results: PathBuf,

    /// Seed of all random numbers [default: one more than the run's]
    #[arg(long, value_name = "SEED")]
    pub(crate) base_seed: Option<u64>,

    /// Also print the details: parts, tables, secondary questions
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) threads: Threads,

    /// Folder for report.html and results.json; older results in it are replaced
    #[arg(long, value_name = "DIR", default_value = "replication")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) keeping: Keeping,
}

/// Draw the report of a run again, from its results.json
#[derive(Debug, Args)]
#[command(after_help = help::REPORT)]
pub(crate) struct Report {
    /// The folder that the run wrote
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// Run a design with many base seeds: how often do its intervals contain what the other runs found?
#[derive(Debug, Args)]
pub(crate) struct Coverage {
    /// How many runs
    #[arg(value_name = "RUNS", value_parser = clap::value_parser!(u64).range(3..=1000))]
    pub(crate) n_runs: u64,

    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// Print the memory that training takes, in bytes; `run` starts this as a separate process
#[derive(Debug, Args)]
pub(crate) struct ProbeMemory {
    /// What to measure, as JSON: {"data": "two-inputs", "samples": 25000, "seed": 0, "hidden": [32], "updates": 3, "batch": 32}
    #[arg(value_name = "PROBE")]
    pub(crate) probe: MemoryProbe,
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 thread is needed; leave the option out to use every core".into()),
        Ok(threads @ 1..=MOST_THREADS) => Ok(threads),
        Ok(_) => Err(format!(
            "at most {MOST_THREADS} are possible; leave the option out to use every core"
        )),
        Err(_) => Err("give a whole number of at least 1".into()),
    }
}
