//! The program `smallbatch`: experiments on normalization and batch size, on the command line.
//!
//! It is thin. It reads the arguments, shows the progress, listens for Ctrl-C and prints what
//! [`smallbatch_lab`] found; everything that is computed or written is computed and written there.
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
use smallbatch_lab::Error;

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

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::UnknownExperiment { .. } | Error::UnknownData { .. } | Error::Setting { .. } => {
                2
            }
            Error::Interrupted => interruption::EXIT_CODE,
            _ => 1,
        };
        Self {
            sentence: error.to_string(),
            code: ExitCode::from(code),
        }
    }
}
