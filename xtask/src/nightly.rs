//! Checks that take long, each with its figure: more of what the tests do a little of.

mod races;
mod soak;

use std::process::ExitCode;
use std::time::Instant;

use crate::cargo::cargo;
use crate::output::{say, warn};

/// A check: its name, its figure where none is given, and what it does.
struct Check {
    name: &'static str,
    figure: u32,
    unit: &'static str,
    how: How,
}

enum How {
    /// cargo does it.
    Cargo {
        /// In which `{}` is the figure.
        arguments: &'static [&'static str],
        /// The variable that says the figure to tests.
        variable: Option<&'static str>,
    },
    /// A program does it, and tells what it takes; the answer is what came of it.
    Judged(fn(u32) -> Result<String, String>),
}

const CHECKS: [Check; 6] = [
    Check {
        name: "kills",
        figure: 500,
        unit: "kills of real processes, all of which go on to the same bits",
        how: How::Cargo {
            arguments: &[
                "test",
                "--release",
                "-p",
                "smallbatch-cli",
                "--test",
                "process",
                "killed",
            ],
            variable: Some("SMALLBATCH_KILLS"),
        },
    },
    Check {
        name: "onnx",
        figure: 2000,
        unit: "exported models that onnxruntime predicts with",
        how: How::Cargo {
            arguments: &["run", "-p", "xtask", "--", "onnx", "{}"],
            variable: None,
        },
    },
    Check {
        name: "miri",
        figure: 16,
        unit: "orders of the threads of a step, interpreted by Miri",
        how: How::Judged(races::miri),
    },
    Check {
        name: "trainings",
        figure: 10_000,
        unit: "short trainings in one process, with flat memory and file handles",
        how: How::Judged(soak::trainings),
    },
    Check {
        name: "table",
        figure: 10_000_000,
        unit: "rows of a table that are written, read and trained on in bounded memory",
        how: How::Judged(soak::table),
    },
    Check {
        name: "steps",
        figure: 60,
        unit: "minutes of one training with flat memory, speed and file handles",
        how: How::Judged(soak::steps),
    },
];

/// The verb: all checks, or those that are named, as `kills` or `kills=50`. Exit code 1 where one failed, 2 where there is none of that name.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let chosen = match chosen(arguments) {
        Ok(chosen) => chosen,
        Err(message) => {
            warn(&format!("nightly: {message}"));
            return ExitCode::from(2);
        }
    };
    let mut failed = Vec::new();
    for (check, figure) in chosen {
        say(&format!("nightly: {}: {figure} {}", check.name, check.unit));
        let start = Instant::now();
        let passed = check.run(figure);
        let seconds = start.elapsed().as_secs();
        let word = if passed { "ok" } else { "FAILED" };
        say(&format!("nightly: {}: {word} ({seconds} s)", check.name));
        if !passed {
            failed.push(check.name);
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    warn(&format!("nightly: FAILED: {}", failed.join(", ")));
    ExitCode::FAILURE
}

/// The checks that are named, with their figures; without names all.
fn chosen(arguments: &[String]) -> Result<Vec<(&'static Check, u32)>, String> {
    if arguments.is_empty() {
        return Ok(CHECKS.iter().map(|check| (check, check.figure)).collect());
    }
    let one = |argument: &String| {
        let (name, figure) = match argument.split_once('=') {
            Some((name, figure)) => (name, Some(figure)),
            None => (argument.as_str(), None),
        };
        let check = CHECKS.iter().find(|check| check.name == name);
        let check = check.ok_or_else(|| {
            let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
            format!("there is no check `{name}`; there are {}", names.join(", "))
        })?;
        let figure = figure.map_or(Ok(check.figure), str::parse);
        let figure = figure.map_err(|_| format!("`{argument}`: give a whole number after `=`"))?;
        Ok((check, figure))
    };
    arguments.iter().map(one).collect()
}

impl Check {
    fn run(&self, figure: u32) -> bool {
        match self.how {
            How::Cargo {
                arguments,
                variable,
            } => by_cargo(arguments, variable, &figure.to_string()),
            How::Judged(check) => match check(figure) {
                Ok(what) => {
                    say(&format!("nightly: {}: {what}", self.name));
                    true
                }
                Err(reason) => {
                    warn(&format!("nightly: {}: {reason}", self.name));
                    false
                }
            },
        }
    }
}

fn by_cargo(arguments: &[&str], variable: Option<&str>, figure: &str) -> bool {
    let mut command = cargo();
    command.args(arguments.iter().map(|word| word.replace("{}", figure)));
    if let Some(variable) = variable {
        command.env(variable, figure);
    }
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            warn(&format!("nightly: cannot start cargo: {error}"));
            false
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn checks_are_chosen_by_name_and_figure() {
        let chosen = |arguments: &[&str]| -> Result<Vec<(&str, u32)>, String> {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            let chosen = super::chosen(&arguments)?;
            Ok(chosen
                .into_iter()
                .map(|(check, figure)| (check.name, figure))
                .collect())
        };
        let all = chosen(&[]).unwrap();
        assert_eq!(all[..2], [("kills", 500), ("onnx", 2000)]);
        assert_eq!(all.len(), super::CHECKS.len());
        assert_eq!(chosen(&["kills=7"]).unwrap(), [("kills", 7)]);
        assert!(
            chosen(&["kils"])
                .unwrap_err()
                .contains("kills, onnx, miri, trainings")
        );
        assert!(chosen(&["kills=many"]).is_err());
    }
}
