//! What can be asked on the command line: the verbs, and what flags of the last version have become.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use smallbatch::data::Task;

use crate::arguments::{Asked, Coverage, ProbeMemory, Replicate, Report, Verify};
use crate::data::Data;
use crate::ending::Ending;
use crate::export::Export;
use crate::fsck::Fsck;
use crate::help;
use crate::likeness;
use crate::output::{say, screen, warn};
use crate::sweep::Sweep;
use crate::table::arguments::{Advise, Evaluate, Expect, Inspect, Predict, Reading, Train, task};

/// The widest help.
const WIDEST: usize = 100;

/// The verb that was asked for. Where none can be read, why, or the help, is printed.
pub(crate) fn parse() -> Result<Verb, Ending> {
    let command = Arguments::command().term_width(screen().columns.min(WIDEST));
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed
        .map(|arguments| arguments.verb.meant())
        .map_err(|error| {
            let text = error.render().to_string();
            if let Some(word) = not_a_verb(&error) {
                let below = std::env::args_os().nth(1).filter(|verb| verb == "sweep");
                warn(&format!(
                    "error: {}",
                    match below {
                        Some(_) if word != "sweep" => likeness::no_verb_of_a_sweep(&word),
                        _ => likeness::no_verb(&word),
                    }
                ));
                Ending::Wrong
            } else if error.use_stderr() {
                warn(&text);
                Ending::Wrong
            } else {
                say(&text);
                Ending::Done
            }
        })
}

/// What stands where a verb should, where that is the mistake.
fn not_a_verb(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::InvalidSubcommand)? {
        ContextValue::String(word) if error.kind() == ErrorKind::InvalidSubcommand => {
            Some(word.clone())
        }
        _ => None,
    }
}

/// Completions for a shell, as it reads them.
pub(crate) fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "smallbatch", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Trains small neural networks on a CPU, and tells with evidence how to normalize the inputs and which batch size to use.
#[derive(Debug, Parser)]
#[command(name = "smallbatch", version, arg_required_else_help = true, after_help = help::all())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    #[command(visible_alias = "experiment")]
    Run(Box<Run>),
    Verify(Verify),
    Replicate(Replicate),
    /// Print the design that comes with the program, as TOML
    #[command(after_help = help::PRINT)]
    Print,
    Report(Report),
    Sweep(Sweep),
    Expect(Expect),
    Advise(Advise),
    Train(Train),
    Predict(Predict),
    Evaluate(Evaluate),
    Inspect(Inspect),
    Export(Export),
    Data(Data),
    Fsck(Fsck),
    /// Print completions for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    #[command(hide = true)]
    Coverage(Box<Coverage>),
    #[command(hide = true)]
    ProbeMemory(ProbeMemory),
}

impl Verb {
    /// Old flags of `run` become the verbs that they are now.
    fn meant(self) -> Self {
        match self {
            Self::Run(run) => {
                let Run { asked, old } = *run;
                old.meant(asked)
            }
            verb => verb,
        }
    }
}

/// Run the experiments: ten claims about normalization and batch size, on real tables
///
/// Each claim has one question. Every table is trained on in several ways, each at its own learning rate, and all of it is repeated
/// with new splits, weights and orders. The interval over the tables gives each claim its verdict.
#[derive(Debug, Args)]
#[command(after_help = help::RUN, after_long_help = help::run())]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) asked: Asked,
    #[command(flatten)]
    old: Old,
}

/// Flags of the last version that have become verbs. They go on working for one version, and no help names them.
#[derive(Debug, Default, Args)]
pub(crate) struct Old {
    #[arg(long, hide = true, exclusive = true)]
    print: bool,

    #[arg(long, hide = true, value_name = "FILE.csv", group = "table", conflicts_with_all = ["claims", "repetitions", "file", "tables", "replicate"])]
    predict: Option<PathBuf>,

    #[arg(long, hide = true, value_name = "FILE.csv", group = "table", requires = "target", conflicts_with_all = ["claims", "repetitions", "file", "tables", "replicate"])]
    data: Option<PathBuf>,

    #[arg(long, hide = true, value_name = "COLUMN", requires = "table")]
    target: Option<String>,

    #[arg(long, hide = true, value_name = "COLUMN", requires = "data")]
    ignore: Vec<String>,

    #[arg(long, hide = true, value_name = "KIND", requires = "data", value_parser = task)]
    task: Option<Task>,

    #[arg(
        long,
        hide = true,
        value_name = "N,N",
        requires = "data",
        value_delimiter = ','
    )]
    hidden: Vec<usize>,

    #[arg(long, hide = true, value_name = "RESULTS.json", conflicts_with_all = ["claims", "table", "file", "tables", "quick", "thorough", "repetitions", "base_seed", "replicate", "out", "cache", "no_cache"])]
    verify: Option<PathBuf>,

    #[arg(long, hide = true, value_name = "RESULTS.json", conflicts_with_all = ["claims", "file", "tables", "quick", "thorough", "repetitions"])]
    replicate: Option<PathBuf>,
}

impl Old {
    /// The verb that is meant, with those of the flags of `run` that it has.
    pub(crate) fn meant(self, asked: Asked) -> Verb {
        let (verb, old, new) = if let Some(results) = self.verify {
            let threads = asked.threads;
            let verb = Verb::Verify(Verify { results, threads });
            (verb, "verify RESULTS.json", "verify RESULTS.json")
        } else if let Some(results) = self.replicate {
            let Asked {
                base_seed,
                all,
                threads,
                keeping,
                ..
            } = asked;
            let verb = Verb::Replicate(Replicate {
                results,
                base_seed,
                all,
                threads,
                out: asked.out.unwrap_or_else(|| "replication".into()),
                keeping,
            });
            (verb, "replicate RESULTS.json", "replicate RESULTS.json")
        } else if self.print {
            (Verb::Print, "print", "print")
        } else if let Some(table) = self.predict {
            let reading = Reading {
                target: self.target,
                ..Reading::default()
            };
            let verb = Verb::Expect(Expect { table, reading });
            (verb, "predict FILE.csv", "expect FILE.csv")
        } else if let (Some(table), Some(target)) = (self.data, self.target) {
            if !self.hidden.is_empty() {
                warn("note: --hidden has no effect: the search tries several networks");
            }
            let verb = Verb::Advise(Advise {
                table,
                reading: Reading {
                    target: Some(target),
                    ignore: self.ignore,
                    task: self.task,
                    ..Reading::default()
                },
                balance: false,
                test: None,
                base_seed: asked.base_seed.unwrap_or(0),
                json: false,
                length: asked.length,
                threads: asked.threads,
                out: asked.out.unwrap_or_else(|| "out".into()),
                keeping: asked.keeping,
            });
            (verb, "data FILE.csv", "advise FILE.csv")
        } else {
            let old = Self::default();
            return Verb::Run(Box::new(Run { asked, old }));
        };
        warn(&format!(
            "note: `smallbatch run --{old}` is now `smallbatch {new}`; the next version will not know the flag"
        ));
        verb
    }
}

#[cfg(test)]
mod tests {
    use smallbatch::lab::Size;

    use super::*;

    #[test]
    fn the_verbs_that_can_be_meant_are_those_that_there_are() {
        let command = Arguments::command();
        let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let names: Vec<&str> = verbs
            .flat_map(|verb| verb.get_name_and_visible_aliases())
            .collect();
        assert_eq!(names, likeness::VERBS);
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_claim() {
        let help = Arguments::command()
            .find_subcommand_mut("run")
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

    /// What the words of a command line mean.
    fn meant(words: &[&str]) -> Verb {
        let words = ["smallbatch"].iter().chain(words);
        Arguments::try_parse_from(words)
            .expect("it can be read")
            .verb
            .meant()
    }

    #[test]
    fn old_flags_become_the_verbs_that_they_are_now() {
        let Verb::Verify(verify) = meant(&["experiment", "--verify", "r.json", "--threads", "2"])
        else {
            panic!("no verification");
        };
        assert_eq!(
            (verify.results, verify.threads.n),
            ("r.json".into(), Some(2))
        );
        let Verb::Replicate(replicate) = meant(&[
            "experiment",
            "--replicate",
            "r.json",
            "--out",
            "again",
            "--all",
        ]) else {
            panic!("no replication");
        };
        assert_eq!(
            (replicate.results, replicate.out, replicate.all),
            ("r.json".into(), "again".into(), true)
        );
        let Verb::Expect(expect) = meant(&["run", "--predict", "t.csv", "--target", "y"]) else {
            panic!("no prediction");
        };
        assert_eq!(
            (expect.table, expect.reading.target),
            ("t.csv".into(), Some("y".into()))
        );
        let old = [
            "experiment",
            "--data",
            "t.csv",
            "--target",
            "y",
            "--quick",
            "--hidden",
            "4,2",
        ];
        let Verb::Advise(advise) = meant(&old) else {
            panic!("no advice");
        };
        assert_eq!(
            (advise.table, advise.reading.target),
            ("t.csv".into(), Some("y".into()))
        );
        assert_eq!(advise.length.size(), Size::Quick);
        assert!(matches!(meant(&["experiment", "--print"]), Verb::Print));
        assert!(matches!(meant(&["experiment", "--quick"]), Verb::Run(_)));
    }
}
