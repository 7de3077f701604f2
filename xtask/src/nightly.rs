//! Checks that take long, each with its figure: more of what the tests do a little of.

use std::process::ExitCode;
use std::time::Instant;

use crate::cargo::cargo;
use crate::output::{say, warn};

/// A check: its name, its figure where none is given, and what it runs.
struct Check {
    name: &'static str,
    figure: u32,
    unit: &'static str,
    /// Arguments of cargo, in which `{}` is the figure.
    arguments: &'static [&'static str],
    /// The variable that says the figure to tests.
    variable: Option<&'static str>,
}

const CHECKS: [Check; 2] = [
    Check {
        name: "kills",
        figure: 500,
        unit: "kills of real processes, all of which go on to the same bits",
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
    Check {
        name: "onnx",
        figure: 2000,
        unit: "exported models that onnxruntime predicts with",
        arguments: &["run", "-p", "xtask", "--", "onnx", "{}"],
        variable: None,
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
        let figure = figure.to_string();
        let mut command = cargo();
        command.args(
            self.arguments
                .iter()
                .map(|argument| argument.replace("{}", &figure)),
        );
        if let Some(variable) = self.variable {
            command.env(variable, &figure);
        }
        match command.status() {
            Ok(status) => status.success(),
            Err(error) => {
                warn(&format!("nightly: cannot start cargo: {error}"));
                false
            }
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
        assert_eq!(chosen(&[]).unwrap(), [("kills", 500), ("onnx", 2000)]);
        assert_eq!(chosen(&["kills=7"]).unwrap(), [("kills", 7)]);
        assert!(chosen(&["kils"]).unwrap_err().contains("kills, onnx"));
        assert!(chosen(&["kills=many"]).is_err());
    }
}
