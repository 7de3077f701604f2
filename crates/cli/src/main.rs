//! The program `smallbatch`: experiments on normalization and batch size, on the command line.
//!
//! It is thin. It reads the arguments, shows the progress, listens for Ctrl-C and prints what was found. [`smallbatch::lab`] runs the
//! experiments, [`smallbatch::advice`] advises on a table, [`smallbatch::report`] writes and draws results.
//!
//! Exit codes: 0 when everything asked for was done, 1 when it could not be done, 2 when it was asked wrongly, 130 when
//! Ctrl-C ended it early (as shells have it).

mod advice;
mod arguments;
mod experiment;
mod interruption;
mod progress;

use std::process::ExitCode;

use clap::Parser;
use smallbatch::{lab, report, sweep};

use arguments::{Arguments, Verb};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Experiment(arguments) => experiment::run(&arguments),
        Verb::Predict(arguments) => advice::predict(&arguments),
        Verb::Report(arguments) => experiment::redraw(&arguments),
        Verb::ProbeMemory(arguments) => experiment::probe_memory(&arguments),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("error: {}", failure.sentence);
        failure.code
    })
}

/// Why the program could not do what it was asked: a sentence with the way out, and the exit code.
struct Failure {
    sentence: String,
    code: ExitCode,
}

impl Failure {
    /// It was asked wrongly: a setting, a name that does not exist, a design with a mistake.
    const WRONG: u8 = 2;
    /// It could not be done.
    const FAILED: u8 = 1;

    fn new(error: &dyn std::error::Error, code: u8) -> Self {
        Self {
            sentence: error.to_string(),
            code: ExitCode::from(code),
        }
    }
}

impl From<lab::Error> for Failure {
    fn from(error: lab::Error) -> Self {
        let code = match &error {
            lab::Error::Setting { .. } | lab::Error::Definition { .. } => Self::WRONG,
            lab::Error::Sweep(sweep::Error::Interrupted) => interruption::EXIT_CODE,
            _ => Self::FAILED,
        };
        Self::new(&error, code)
    }
}

impl From<smallbatch::advice::Error> for Failure {
    fn from(error: smallbatch::advice::Error) -> Self {
        use smallbatch::advice::Error;
        let code = match &error {
            Error::Setting { .. } => Self::WRONG,
            Error::Interrupted => interruption::EXIT_CODE,
            _ => Self::FAILED,
        };
        Self::new(&error, code)
    }
}

impl From<smallbatch::data::Error> for Failure {
    fn from(error: smallbatch::data::Error) -> Self {
        Self::new(&error, Self::FAILED)
    }
}

impl From<report::Error> for Failure {
    fn from(error: report::Error) -> Self {
        Self::new(&error, Self::FAILED)
    }
}
