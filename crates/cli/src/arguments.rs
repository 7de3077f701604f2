//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use smallbatch_lab::{ExperimentName, MemoryProbe, Task};

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

/// Prints the memory that training takes, in bytes: what the experiment on memory starts as a process of its own
#[derive(Debug, Args)]
pub(crate) struct ProbeMemory {
    /// What to measure, as JSON: {"data": "two-inputs", "samples": 25000, "hidden": [32], "updates": 3, "batch": 32}
    #[arg(value_name = "PROBE")]
    pub(crate) probe: MemoryProbe,
}

/// Test what textbooks claim about normalization and batch size, on real data
///
/// Each experiment trains the same network in several ways ("arms") that differ in one thing, with the learning rate
/// tuned for each arm, and repeats that with several seeds. Arms are compared seed by seed; each claim gets a verdict
/// (supported, refuted, equivalent, inconclusive) from a 95% interval.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Experiments:
  normalization    raw, centred, standardized, min-max, robust and per-sample inputs
  batch-size       mini-batches of 16, 32 and 256 samples, against the full batch
  generalization   batch sizes where there is something to overfit; how many epochs are right
  test-statistics  with whose mean and deviation to scale the test data
  memory           what training needs of the memory, against the number of samples
  why              curvature, noise and cost: why the others come out as they do

Examples:
  smallbatch experiment --quick              all experiments in less than half a minute
  smallbatch experiment                      all in full, 2 to 5 minutes on 2 cores
  smallbatch experiment batch-size --seeds 20 --out batch-size-20
                                             narrower intervals for one of them

  smallbatch experiment --verify out/results.json
                                             do the recorded runs come out the same?
  smallbatch experiment --data houses.csv --target price --out houses
                                             how to train on a table of your own

In DIR you then find:
  report.html    pictures and verdicts; opens without a network
  report.md      the same as Markdown, with its pictures in the folder pictures
  results.json   environment, claims with effects and intervals, arms with curves
  runs.csv       one row for each training run
or, with --data:
  advice.json    the advice with what it rests on
  model.json     the model trained as advised, for `smallbatch predict`

  cache/         finished runs; may be removed

Ctrl-C ends the work early and still writes what is complete by then. The same command
then goes on where it stopped. Kept runs are used by the same program on the same
processor only, times on the same machine only.")]
pub(crate) struct Experiment {
    /// Experiments to run, of those listed below [default: all]
    #[arg(value_name = "NAME", value_parser = experiment_name, hide_possible_values = true)]
    pub(crate) names: Vec<ExperimentName>,

    /// A table of your own, to be advised on: comma-separated values with a line of names
    #[arg(long, value_name = "FILE.csv", requires = "target", conflicts_with_all = ["names", "seeds", "file"])]
    pub(crate) data: Option<PathBuf>,

    /// With --data: the column to be predicted
    #[arg(long, value_name = "COLUMN", requires = "data")]
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

    /// Run the experiment of this TOML file, of one's own; see --print for a start [may be repeated]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,

    /// Print the file of an experiment that comes with the program, and run nothing
    #[arg(long, value_name = "NAME", value_parser = experiment_name, hide_possible_values = true, exclusive = true)]
    pub(crate) print: Option<ExperimentName>,

    /// Repeat the runs of an earlier experiment that need no clock, and say whether the same bits come out; its results.json, with
    /// runs.csv beside it
    #[arg(long, value_name = "RESULTS.json", conflicts_with_all = ["names", "data", "file", "print", "quick", "thorough", "seeds", "exhaustive", "out", "cache", "no_cache"])]
    pub(crate) verify: Option<PathBuf>,

    /// The short version: three seeds, the smaller data sets, shorter budgets
    #[arg(long)]
    pub(crate) quick: bool,

    /// The long version, for the night: thirty seeds
    #[arg(long, conflicts_with = "quick")]
    pub(crate) thorough: bool,

    /// Seeds, and so pairs of runs, behind each verdict; more give narrower intervals [default: 16; --quick 3, --thorough 30]
    #[arg(long, value_name = "K", value_parser = seeds)]
    pub(crate) seeds: Option<usize>,

    /// Tune with every learning rate on every tuning seed, and give up none early: the same choices with more work
    #[arg(long, conflicts_with = "data")]
    pub(crate) exhaustive: bool,

    /// Threads to spread runs over; each run uses one, and timed runs go alone [default: one for each core]
    #[arg(long, value_name = "T", value_parser = threads)]
    pub(crate) threads: Option<usize>,

    /// Folder for report.html, results.json and runs.csv; made if missing, older results in it are replaced
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) out: PathBuf,

    /// Folder where every finished run is kept at once; the same command goes on from there [default: cache in DIR]
    #[arg(long, value_name = "CACHE", conflicts_with = "no_cache")]
    pub(crate) cache: Option<PathBuf>,

    /// Neither keep finished runs nor use kept ones: everything is run and timed anew
    #[arg(long)]
    pub(crate) no_cache: bool,
}

fn experiment_name(text: &str) -> Result<ExperimentName, smallbatch_lab::Error> {
    text.parse()
}

fn task(text: &str) -> Result<Task, String> {
    match text {
        "classes" => Ok(Task::Classification),
        "numbers" => Ok(Task::Regression),
        _ => Err("give `classes` or `numbers`".into()),
    }
}

fn seeds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0 | 1) => Err("an interval needs at least 2 seeds; 16 is the default".into()),
        Ok(seeds) => Ok(seeds),
        Err(_) => Err("give a whole number of at least 2".into()),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 thread is needed; leave the option out to use every core".into()),
        Ok(threads) => Ok(threads),
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
    fn the_help_names_every_experiment() {
        let help = Arguments::command()
            .find_subcommand_mut("experiment")
            .unwrap()
            .render_long_help()
            .to_string();
        for name in ExperimentName::ALL {
            assert!(help.contains(&format!("\n  {name} ")), "{help}");
        }
    }
}
