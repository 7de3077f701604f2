//! The verbs of this repository, each one `cargo xtask VERB`.
//!
//! This program dispatches and checks; it computes nothing but medians. The experiments run in the release build of
//! `smallbatch`, the benches in criterion and in programs that this one asks in turns, and it imports no crate of the
//! house, so that it builds in seconds and works while they do not.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod accuracy;
mod answers;
mod cargo;
mod ci;
mod circles;
mod dask;
mod edges;
mod keep;
mod look;
mod names;
mod nightly;
mod onnx;
mod output;
mod paths;
mod peers;
mod portable;
mod supply;
mod tidy;
mod verbs;

use std::process::ExitCode;

use crate::output::{say, warn};
use verbs::Verb;

fn main() -> ExitCode {
    output::checked(carry_out())
}

fn carry_out() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(word) = arguments.next() else {
        warn(&verbs::help());
        return ExitCode::from(2);
    };
    let rest: Vec<String> = arguments.collect();
    if matches!(word.as_str(), "help" | "--help" | "-h") {
        say(&verbs::help());
        return ExitCode::SUCCESS;
    }
    match verbs::parse(&word) {
        Ok(Verb::Program(verb)) => cargo::program(verb, &rest),
        Ok(Verb::Bench) if accuracy::is_meant(&rest) => accuracy::run(&rest),
        Ok(Verb::Bench) if peers::are_meant(&rest) => peers::run(&rest),
        Ok(Verb::Bench) => cargo::bench(&rest),
        Ok(Verb::Ci) => ci::run(&rest),
        Ok(Verb::CheckAnswers) => answers::run(&rest),
        Ok(Verb::Coverage) => cargo::coverage(&rest),
        Ok(Verb::Dask) => dask::run(&rest),
        Ok(Verb::Keep) => keep::run(&rest),
        Ok(Verb::Look) => look::run(&rest),
        Ok(Verb::Nightly) => nightly::run(&rest),
        Ok(Verb::Onnx) => onnx::run(&rest),
        Ok(Verb::Portable) => portable::run(&rest),
        Ok(Verb::Supply) => supply::run(&rest),
        Err(message) => {
            warn(&format!("{message}\n\n{}", verbs::help()));
            ExitCode::from(2)
        }
    }
}
