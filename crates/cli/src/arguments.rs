//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use smallbatch::advice::Task;
use smallbatch::lab::MemoryProbe;

/// Trains small neural networks on a CPU and tells, with evidence, how to normalize the inputs and which batch size to
/// use.
#[derive(Debug, Parser)]
#[command(name = "smallbatch", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    #[command(visible_alias = "run")]
    Experiment(Box<Experiment>),
    Predict(Predict),
    Report(Report),
    #[command(hide = true)]
    ProbeMemory(ProbeMemory),
}

/// Predict each row of a table with a model that `experiment --data` has saved
///
/// The table needs the columns that the model was trained on, by the same names; the target may be missing. Prints comma-separated
/// values, one line a row.
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// The model: the file model.json
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// The table: comma-separated values with a line of names
    #[arg(value_name = "FILE.csv")]
    pub(crate) table: PathBuf,
}

/// Draw the report of an earlier experiment again, from its results.json, without running anything
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The folder that the experiment wrote
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// The claims, as the design that comes with the program has them, and what else a user asks.
fn experiment_help() -> String {
    let claims = smallbatch::lab::claims();
    let widest = claims.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    let lines: Vec<String> = claims
        .iter()
        .map(|(id, title)| format!("  {id:widest$}  {title}\n"))
        .collect();
    format!("Claims:\n{}\n{EXPERIMENT}", lines.concat())
}

const EXPERIMENT: &str = "\
Examples:
  smallbatch experiment --quick              the ten answers in less than a minute
  smallbatch experiment                      all questions on all tables, some minutes
  smallbatch experiment --repetitions 32     narrower intervals
  smallbatch experiment --replicate out/results.json --out again
                                             does another seed confirm them?
  smallbatch experiment --verify out/results.json
                                             do the same seeds give the same bits?
  smallbatch experiment --tables my-tables   the same questions of your own tables
  smallbatch experiment --predict houses.csv
                                             what to expect of a table, at once
  smallbatch experiment --data houses.csv --target price --out houses
                                             how to train on a table of your own

In DIR you then find:
  report.html    the answers with pictures; opens without a network
  report.md      the same as Markdown, with its pictures in the folder pictures
  results.json   answers, effects, tables, environment
or, with --data:
  advice.json    the advice with what it rests on
  model.json     the model trained as advised, for `smallbatch predict`

  cache/         finished runs; may be removed

Ctrl-C ends the work early and still writes what is complete by then. The same command
then goes on where it stopped. Kept runs are used by the same program on the same
processor only, times on the same machine only.";

/// Prints the memory that training takes, in bytes: what the experiment on memory starts as a process of its own
#[derive(Debug, Args)]
pub(crate) struct ProbeMemory {
    /// What to measure, as JSON: {"data": "two-inputs", "samples": 25000, "seed": 0, "hidden": [32], "updates": 3, "batch": 32}
    #[arg(value_name = "PROBE")]
    pub(crate) probe: MemoryProbe,
}

/// Test what textbooks claim about normalization and batch size, on real tables
///
/// Ten claims, each with one question. Every table is trained on in several ways, each at its own learning rate, and everything is
/// repeated with all draws made anew; each claim gets a verdict from an interval over the tables.
#[derive(Debug, Args)]
#[command(after_long_help = experiment_help())]
pub(crate) struct Experiment {
    /// Claims to test, of those listed below [default: all]
    #[arg(value_name = "CLAIM")]
    pub(crate) claims: Vec<String>,

    /// Say what to expect of this table, from the results that come with the program, and train nothing
    #[arg(long, value_name = "FILE.csv", group = "table", conflicts_with_all = ["claims", "repetitions", "file", "tables", "replicate"])]
    pub(crate) predict: Option<PathBuf>,

    /// A table of your own, to be advised on: comma-separated values with a line of names
    #[arg(long, value_name = "FILE.csv", group = "table", requires = "target", conflicts_with_all = ["claims", "repetitions", "file", "tables", "replicate"])]
    pub(crate) data: Option<PathBuf>,

    /// With --data or --predict: the column to be predicted [with --predict: the last]
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub(crate) target: Option<String>,

    /// With --data: a column to leave out, such as a name or a number of the row; may be repeated
    #[arg(long, value_name = "COLUMN", requires = "data")]
    pub(crate) ignore: Vec<String>,

    /// With --data: whether the target is `classes` or `numbers` [default: read off the column]
    #[arg(long, value_name = "KIND", requires = "data", value_parser = task)]
    pub(crate) task: Option<Task>,

    /// With --data: the units of each hidden layer [default: 64,64]
    #[arg(long, value_name = "N,N", requires = "data", value_delimiter = ',')]
    pub(crate) hidden: Vec<usize>,

    /// Run the design of this TOML file instead of the lesson; see --print for a start
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Ask the questions of all tables in this folder: the last column is the target, or what a TOML file beside the table says
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tables: Option<PathBuf>,

    /// Print the design that comes with the program, and run nothing
    #[arg(long, exclusive = true)]
    pub(crate) print: bool,

    /// Repeat an earlier run with the same seeds, and say whether the same bits come out
    #[arg(long, value_name = "RESULTS.json", conflicts_with_all = ["claims", "data", "file", "tables", "print", "quick", "thorough", "repetitions", "base_seed", "replicate", "out", "cache", "no_cache"])]
    pub(crate) verify: Option<PathBuf>,

    /// Repeat an earlier run with another base seed, and say which answers that confirms
    #[arg(long, value_name = "RESULTS.json", conflicts_with_all = ["claims", "file", "tables", "quick", "thorough", "repetitions"])]
    pub(crate) replicate: Option<PathBuf>,

    /// Many runs of the quick design with other base seeds: how often do intervals contain what the other runs found?
    #[arg(long, value_name = "RUNS", hide = true, value_parser = clap::value_parser!(u64).range(3..=1000))]
    pub(crate) coverage: Option<u64>,

    /// The short version: primary questions, small tables, four repetitions
    #[arg(long)]
    pub(crate) quick: bool,

    /// The long version, for the night: 32 repetitions
    #[arg(long, conflicts_with = "quick")]
    pub(crate) thorough: bool,

    /// Repetitions of each table: 4, 8, 16, 32, … [default: 8; --quick 4, --thorough 32]
    #[arg(long, value_name = "N")]
    pub(crate) repetitions: Option<usize>,

    /// The seed that all draws follow from; another one makes a replication [default: 0]
    #[arg(long, value_name = "SEED")]
    pub(crate) base_seed: Option<u64>,

    /// Print all answers: secondary questions, each table, sources of variation
    #[arg(long)]
    pub(crate) all: bool,

    /// Threads to spread trainings over; each uses one [default: one for each core]
    #[arg(long, value_name = "T", value_parser = threads)]
    pub(crate) threads: Option<usize>,

    /// Folder for report.html and results.json; made if missing, older results in it are replaced
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,

    /// Folder where every finished run is kept at once; the same command goes on from there [default: cache in DIR]
    #[arg(long, value_name = "CACHE", conflicts_with = "no_cache")]
    pub(crate) cache: Option<PathBuf>,

    /// Neither keep finished runs nor use kept ones: everything is run and timed anew
    #[arg(long)]
    pub(crate) no_cache: bool,
}

fn task(text: &str) -> Result<Task, String> {
    match text {
        "classes" => Ok(Task::Classification),
        "numbers" => Ok(Task::Regression),
        _ => Err("give `classes` or `numbers`".into()),
    }
}

/// More than any machine has: a number above is a slip.
const MOST_THREADS: usize = 1024;

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_claim() {
        let help = Arguments::command()
            .find_subcommand_mut("experiment")
            .unwrap()
            .render_long_help()
            .to_string();
        let design = smallbatch::lab::lesson();
        for line in design.lines() {
            if let Some(id) = line.strip_prefix("id = ") {
                let id = id.trim_matches('"');
                assert!(help.contains(&format!("\n  {id} ")), "{id}");
            }
        }
    }
}
