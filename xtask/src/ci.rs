//! The checks that are not tests: each step says its name and how long it took, all steps run, and the end names
//! those that failed.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::cargo::{cargo, root};
use crate::output::{say, warn};
use crate::{circles, edges, names, tidy};

/// One check: its name, and what it does. An error is the reason, in words; empty when the step has printed it.
struct Step {
    name: &'static str,
    check: fn() -> Result<(), String>,
}

const STEPS: [Step; 7] = [
    Step {
        name: "formatting",
        check: formatting,
    },
    Step {
        name: "clippy, warnings denied",
        check: clippy,
    },
    Step {
        name: "docs, warnings denied",
        check: docs,
    },
    Step {
        name: "who may import whom",
        check: || edges::check(root()),
    },
    Step {
        name: "circles of modules, sizes of crates",
        check: || circles::check(root()),
    },
    Step {
        name: "names of public types",
        check: || names::check(root()),
    },
    Step {
        name: "tidiness",
        check: || tidy::check(root()),
    },
];

/// Runs every step; success when all of them passed.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if let Some(unknown) = arguments.first() {
        warn(&format!(
            "xtask: `ci` takes no arguments, and was given `{unknown}`"
        ));
        return ExitCode::from(2);
    }
    let failed = run_steps(&STEPS, say);
    if failed.is_empty() {
        say(&format!("ci: all {} steps passed", STEPS.len()));
        ExitCode::SUCCESS
    } else {
        say(&format!(
            "ci: {} of {} steps FAILED: {}",
            failed.len(),
            STEPS.len(),
            failed.join("; ")
        ));
        ExitCode::FAILURE
    }
}

/// Runs every step, whatever the ones before it said, and returns the names of those that failed.
fn run_steps(steps: &[Step], mut print: impl FnMut(&str)) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for step in steps {
        print(&format!("ci: {} …", step.name));
        let start = Instant::now();
        let outcome = (step.check)();
        let seconds = rounded(start.elapsed());
        match outcome {
            Ok(()) => print(&format!("ci: {}: ok ({seconds} s)", step.name)),
            Err(reason) => {
                if !reason.is_empty() {
                    print(&reason);
                }
                print(&format!("ci: {}: FAILED ({seconds} s)", step.name));
                failed.push(step.name);
            }
        }
    }
    failed
}

fn rounded(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// Crates with a workspace of their own, which `--all` does not reach.
const BESIDE: [&str; 2] = ["examples/service", "fuzz"];

fn formatting() -> Result<(), String> {
    let mut command = cargo();
    command.args(["fmt", "--all", "--check"]);
    passes(command, "run `cargo fmt --all` and commit the result")?;
    for folder in BESIDE {
        let mut command = cargo();
        let manifest = root().join(folder).join("Cargo.toml");
        command.args(["fmt", "--check", "--manifest-path"]);
        command.arg(manifest);
        let way_out = format!("run `cargo fmt` in {folder} and commit the result");
        passes(command, &way_out)?;
    }
    Ok(())
}

fn clippy() -> Result<(), String> {
    let check = |arguments: &[&str]| {
        let mut command = cargo();
        command.arg("clippy").args(arguments);
        command.args(["--all-targets", "--", "-D", "warnings"]);
        passes(
            command,
            "see the warnings above; where one is wrong, `#[expect(…, reason = \"…\")]` says so in the code",
        )
    };
    check(&["--workspace", "--all-features"])?;
    // Its dependencies are compiled for its tests anyway. Those of fuzzing are not.
    let manifest = "examples/service/Cargo.toml";
    check(&[
        "--manifest-path",
        manifest,
        "--target-dir",
        "target/service",
    ])
}

fn docs() -> Result<(), String> {
    let mut command = cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-Dwarnings");
    passes(command, "see the warnings above")
}

/// Runs a command at the root of the workspace, its output visible.
fn passes(mut command: Command, way_out: &str) -> Result<(), String> {
    match command.current_dir(root()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("ci: {way_out}")),
        Err(error) => Err(format!(
            "ci: cannot start `{}`: {error}",
            command.get_program().display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_run_and_the_failing_ones_are_named() {
        let steps = [
            Step {
                name: "first",
                check: || Err("the reason".into()),
            },
            Step {
                name: "second",
                check: || Ok(()),
            },
            Step {
                name: "third",
                check: || Err(String::new()),
            },
        ];
        let mut lines = Vec::new();
        let failed = run_steps(&steps, |line| lines.push(line.to_owned()));
        assert_eq!(failed, ["first", "third"]);
        let text = lines.join("\n");
        assert!(text.contains("the reason\nci: first: FAILED ("), "{text}");
        assert!(text.contains("ci: second: ok ("), "{text}");
        assert!(text.contains("ci: third: FAILED ("), "{text}");
    }
}
