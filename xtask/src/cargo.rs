//! Commands that are started, and their exit codes passed on.

use crate::output::warn;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;

use signal_hook::consts::SIGINT;

/// The same cargo that started this program, in the folder the user is in.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The root of the workspace: the folder above this crate's.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Builds the program in release mode and runs `smallbatch VERB ARGS…`.
pub(crate) fn program(verb: &str, arguments: &[String]) -> ExitCode {
    let mut command = cargo();
    command
        .args([
            "run",
            "--release",
            "--package",
            "smallbatch-cli",
            "--bin",
            "smallbatch",
            "--",
            verb,
        ])
        .args(arguments);
    pass_on(command)
}

/// Repeats the quick experiment with many base seeds: `coverage [RUNS] [ARGS…]`, 20 where no number is given.
pub(crate) fn coverage(arguments: &[String]) -> ExitCode {
    let (runs, rest) = match arguments {
        [runs, rest @ ..] if runs.parse::<u32>().is_ok() => (runs.as_str(), rest),
        all => ("20", all),
    };
    let mut whole = vec![runs.to_owned(), "--quick".to_owned()];
    whole.extend_from_slice(rest);
    program("coverage", &whole)
}

/// Runs the criterion benches. Words before `--` go to cargo, words after it to criterion.
pub(crate) fn bench(arguments: &[String]) -> ExitCode {
    let mut command = cargo();
    command
        .args(["bench", "--package", "smallbatch-benches"])
        // Compiled for benches alone.
        .args(["--features", "criterion"])
        .args(arguments);
    pass_on(command)
}

/// Runs the command in the user's folder and terminal and returns its exit code.
pub(crate) fn pass_on(mut command: Command) -> ExitCode {
    // Ctrl-C reaches the whole group of processes. The program that was started finishes by writing what it has; this
    // one must still be there then, or the shell would take the terminal back too early.
    if let Err(error) = signal_hook::flag::register(SIGINT, Arc::default()) {
        warn(&format!("xtask: Ctrl-C will stop at once ({error})"));
    }
    // `cargo run` finds the workspace from the current folder, which `cargo xtask` has found already.
    match command.status() {
        Ok(status) => exit_code(status),
        Err(error) => {
            warn(&format!(
                "xtask: cannot start `{}`: {error}; is Rust installed?",
                command.get_program().display()
            ));
            ExitCode::FAILURE
        }
    }
}

/// The exit code of a finished process; 1 for one that a signal ended.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(1))
}
