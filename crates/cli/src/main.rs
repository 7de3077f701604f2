//! The program `smallbatch`: experiments on normalization and batch size, on the command line.
//!
//! It is thin. It reads the arguments, shows the progress, listens for Ctrl-C and prints what was found. [`smallbatch::lab`] runs the
//! experiments, [`smallbatch::advice`] advises on a table, [`smallbatch::report`] writes and draws results.
//!
//! `verbs` and `arguments` say what can be asked, `ending` how the program ends. Everything that is printed goes through
//! `output`, which never panics.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod data;
mod ending;
mod export;
mod fsck;
mod help;
mod interruption;
mod likeness;
mod locked;
mod mistaken;
mod output;
mod progress;
mod repeated;
mod run;
mod sweep;
mod table;
mod verbs;

use std::process::ExitCode;

use ending::{Ending, Failure};
use verbs::Verb;

fn main() -> ExitCode {
    let ending = verbs::parse().map_or_else(
        |ending| ending,
        |verb| carry_out(&verb).unwrap_or_else(Failure::ending),
    );
    ending.exit_code()
}

fn carry_out(verb: &Verb) -> Result<Ending, Failure> {
    match verb {
        Verb::Run(asked) => run::run(&asked.asked),
        Verb::Verify(asked) => repeated::verify(asked),
        Verb::Replicate(asked) => run::replicate(asked),
        Verb::Print => Ok(run::print()),
        Verb::Report(asked) => run::redraw(asked),
        Verb::Expect(asked) => table::expect(asked),
        Verb::Advise(asked) => table::advise(asked),
        Verb::Train(asked) => table::train(asked),
        Verb::Predict(asked) => table::predict(asked),
        Verb::Evaluate(asked) => table::evaluate(asked),
        Verb::Inspect(asked) => table::inspect(asked),
        Verb::Export(asked) => export::export(asked),
        Verb::Data(asked) => data::data(asked),
        Verb::Sweep(asked) => sweep::sweep(asked),
        Verb::Fsck(asked) => fsck::fsck(asked),
        Verb::Completions { shell } => {
            output::say(&verbs::completions(*shell));
            Ok(Ending::Done)
        }
        Verb::Coverage(asked) => repeated::coverage(asked),
        Verb::ProbeMemory(asked) => run::probe_memory(asked),
    }
}
