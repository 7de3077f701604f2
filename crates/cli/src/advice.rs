//! `smallbatch experiment --data` and `smallbatch predict`: advice on a table, and what came of it.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use smallbatch::advice::{AdvicePlan, Error, SavedModel, Table, advise};
use smallbatch::report;

use crate::Failure;
use crate::arguments::{Experiment, Predict};
use crate::experiment::{say, size};
use crate::interruption::{self, Interruption};
use crate::progress::{Display, spoken};

/// Reads the table, advises, prints the advice, and then writes the files.
pub(crate) fn run(data: &Path, target: &str, arguments: &Experiment) -> Result<ExitCode, Failure> {
    let mut plan = AdvicePlan {
        ignored: arguments.ignore.clone(),
        task: arguments.task,
        size: size(arguments),
        ..AdvicePlan::new(target)
    };
    plan.threads = arguments.threads.unwrap_or(plan.threads);
    if !arguments.hidden.is_empty() {
        plan.hidden = arguments.hidden.clone();
    }
    plan.validate()?;
    let table = read(data)?;
    plan.check(&table)?;
    // Minutes of work must not end at a folder that cannot be written to.
    report::prepare(&arguments.out)?;

    let start = Instant::now();
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption.clone());
    let advised = advise(&table, &plan, &mut display);
    display.finish();
    let advised = advised?;

    say(&advised.advice.to_string());
    let mut failed = None;
    let pairs = advised.advice.pairs;
    for written in advised.write(&arguments.out) {
        match written {
            Ok(file) => say(&format!("wrote {}", file.display())),
            Err(error) => {
                if let Some(before) = failed.replace(error) {
                    eprintln!("error: {before}");
                }
            }
        }
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    if interruption.happened() {
        eprintln!(
            "stopped after {}; the advice rests on {pairs} pairs of runs",
            spoken(start.elapsed())
        );
        return Ok(ExitCode::from(interruption::EXIT_CODE));
    }
    say(&format!("done in {}", spoken(start.elapsed())));
    Ok(ExitCode::SUCCESS)
}

/// Prints what a saved model predicts.
pub(crate) fn predict(arguments: &Predict) -> Result<ExitCode, Failure> {
    let model = SavedModel::load(&arguments.model)?;
    let table = read(&arguments.table)?;
    let csv = model.predict(&table)?.to_csv()?;
    // A reader that has gone away (`| head`) has what it wanted.
    let _ = std::io::stdout().write_all(csv.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Reads a table, and says what of it was left out.
fn read(file: &Path) -> Result<Table, Failure> {
    let table = Table::read_path(file).map_err(Error::from)?;
    if table.has_index() {
        eprintln!(
            "{}: the first column has no name and numbers the rows; it is left out",
            file.display()
        );
    }
    Ok(table)
}
