//! `cargo xtask portable`: whether trained models predict the same bits elsewhere.
//!
//! The example `check` of `smallbatch-export` writes random models as Rust sources, as files and as C headers, with the bits of what they
//! predict on this machine. Here they are compiled and run: by Rust without a standard library, in a browser, on a Cortex-M4. The part `guide`
//! runs what the docs tell a newcomer to. What needs a tool that is not installed is skipped, and said.

mod bare;
mod compiled;
pub(crate) mod guide;
mod page;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, root};
use crate::output::{say, warn};

const USAGE: &str = "usage: cargo xtask portable [PART…]
       PART is bare (Rust without a standard library), wasm (C in headless Chromium), cortex-m (C under qemu) or guide (the commands of
       docs/production.md on a small table); all by default
       cargo xtask portable --target TARGET   builds the part `bare` for another target of Rust, whose libraries must be there, and runs it:
       wasm32-unknown-unknown in headless Chromium, thumbv7em-none-eabihf under qemu";

/// A way to run models elsewhere.
struct Part {
    name: &'static str,
    what: &'static str,
    run: fn(&Path) -> Result<Ran, String>,
}

/// How a part ended, where nothing failed.
#[derive(Debug, PartialEq, Eq)]
enum Ran {
    /// What was found, as a sentence's end.
    Done(String),
    /// Why it was not run, and how it would be.
    Skipped(String),
}

const PARTS: [Part; 4] = [
    Part {
        name: "bare",
        what: "Rust without a standard library",
        run: bare::run,
    },
    Part {
        name: "wasm",
        what: "C for wasm32, in headless Chromium",
        run: compiled::wasm,
    },
    Part {
        name: "cortex-m",
        what: "C for a Cortex-M4, under qemu",
        run: compiled::cortex_m,
    },
    Part {
        name: "guide",
        what: "the commands of docs/production.md",
        run: guide::run,
    },
];

/// The verb: exit code 0 when nothing failed, whatever was skipped.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|word| word == "--help") {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    let folder = root().join("target").join("portable");
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match &*words {
        ["--target", target] => models(&folder).and_then(|()| {
            let library = bare::build(&folder, Some(target))?;
            let ran = match compiled::rust_library(&folder, target, &library)? {
                Ran::Done(found) => found,
                Ran::Skipped(reason) => format!("not run, {reason}"),
            };
            say(&format!(
                "portable: Rust without a standard library builds for {target}; {ran}"
            ));
            Ok(true)
        }),
        names
            if names
                .iter()
                .all(|name| PARTS.iter().any(|part| part.name == *name)) =>
        {
            models(&folder).map(|()| run_parts(&folder, names))
        }
        _ => {
            warn(&format!("xtask: `portable` was asked wrongly\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            warn(&format!("portable: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the parts of these names, all without any; whether none failed.
fn run_parts(folder: &Path, names: &[&str]) -> bool {
    let mut passed = true;
    for Part { name, what, run } in PARTS {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        match run(folder) {
            Ok(Ran::Done(found)) => say(&format!("portable: {what}: {found}")),
            Ok(Ran::Skipped(reason)) => say(&format!("portable: {what}: SKIPPED, {reason}")),
            Err(reason) => {
                say(&format!("portable: {what}: FAILED, {reason}"));
                passed = false;
            }
        }
    }
    passed
}

/// Writes models with what they must predict.
fn models(folder: &Path) -> Result<(), String> {
    let mut command = cargo();
    command
        .current_dir(root())
        .args(["run", "--quiet", "--package", "smallbatch-export"])
        .args(["--example", "check", "--"])
        .arg(folder);
    ran(command).map(drop)
}

/// Runs a command; what it printed, or why not.
pub(crate) fn ran(mut command: Command) -> Result<String, String> {
    let program = PathBuf::from(command.get_program());
    let output = command
        .output()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{} ended with {}: {printed}{said}",
        program.display(),
        output.status
    ))
}

/// `0 of N differ` is what must be printed; else it is the error.
fn none_differ(printed: &str) -> Result<String, String> {
    let printed = printed.trim();
    let n = printed
        .strip_prefix("0 of ")
        .and_then(|rest| rest.strip_suffix(" differ"));
    match n {
        Some(n) if n.parse().is_ok_and(|n: u32| n > 0) => {
            Ok(format!("{n} predictions, all with the same bits"))
        }
        _ => Err(if printed.is_empty() {
            "nothing was printed".into()
        } else {
            printed.into()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_predictions_without_a_difference_pass() {
        assert!(none_differ("0 of 432 differ\n").is_ok());
        for printed in [
            "",
            "0 of 0 differ",
            "1 of 432 differ",
            "10 of 432 differ",
            "not run",
        ] {
            assert!(none_differ(printed).is_err(), "{printed}");
        }
    }

    #[test]
    fn a_command_that_fails_says_what_it_printed() {
        let mut command = cargo();
        command.arg("no-such-verb");
        let error = ran(command).unwrap_err();
        assert!(error.contains("no-such-verb"), "{error}");
        assert!(
            ran(Command::new("no-such-program"))
                .unwrap_err()
                .starts_with("cannot start")
        );
    }
}
