//! `expect`, `advise` and `predict`: what the program does for a table of one's own.

use std::path::Path;
use std::time::Instant;

use smallbatch::advice::{self, AdvicePlan, SavedModel, advise as search};
use smallbatch::data::{Dataset, Table, TableReader};
use smallbatch::{lab, report, sweep};

use crate::arguments::{Advise, Expect, Predict};
use crate::ending::{Ending, Failure};
use crate::interruption::Interruption;
use crate::mistaken;
use crate::output::{say, screen, warn};
use crate::progress::{Display, spoken};

/// The claims that an advice is about: what is predicted of them stands before it.
const ADVISED: [&str; 2] = ["standardize-speeds-training", "minibatch-is-faster"];

/// Says what the results that come with the program predict for a table.
pub(crate) fn expect(asked: &Expect) -> Result<Ending, Failure> {
    mistaken::check_table(&asked.table)?;
    let table = whole(&asked.table, asked.target.as_deref(), &asked.ignore)?;
    let text = predicted(&table, |_| true)?;
    say(&text);
    Ok(Ending::Done)
}

/// A table with all its rows, as the experiments take one.
fn whole(file: &Path, target: Option<&str>, ignore: &[String]) -> Result<sweep::Table, Failure> {
    let mut reader = TableReader::new().ignore(ignore);
    if let Some(target) = target {
        reader = reader.target(target);
    }
    let dataset: Dataset = reader.read_path(file)?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let origin = file.display().to_string();
    Ok(sweep::Table::new(name, origin, dataset))
}

/// What the results that come with the program predict of some claims on a table.
fn predicted(table: &sweep::Table, of: impl Fn(&str) -> bool) -> Result<String, Failure> {
    let results = lab::committed()?;
    let mut foresights = lab::foresee(&results, table)?;
    foresights.retain(|foresight| of(&foresight.claim));
    let facts = table.facts();
    let read_off = format!(
        "{}: {} rows, {} features, {}; condition number {}, deviations differ {} times",
        table.name(),
        facts.n_samples,
        facts.n_features,
        table.target(),
        if facts.condition_number.is_finite() {
            report::number(facts.condition_number)
        } else {
            "infinite (features depend on each other)".into()
        },
        report::number(facts.deviation_ratio),
    );
    Ok(report::terminal_foresight(
        &results,
        &read_off,
        &foresights,
        screen(),
    ))
}

/// Reads the table, advises, writes the files, and prints the advice.
pub(crate) fn advise(asked: &Advise) -> Result<Ending, Failure> {
    let mut plan = AdvicePlan {
        ignored: asked.ignore.clone(),
        task: asked.task,
        size: asked.length.size(),
        ..AdvicePlan::new(&asked.target)
    };
    plan.threads = asked.threads.n.unwrap_or(plan.threads);
    if !asked.hidden.is_empty() {
        plan.hidden = asked.hidden.clone();
    }
    plan.validate()?;
    let table = read(&asked.table)?;
    plan.check(&table)?;
    // Minutes of work must not end at a folder that cannot be written to.
    report::prepare(&asked.out)?;
    // A table that only the search can read, since its cells need care, is not predicted.
    if let Ok(whole) = whole(&asked.table, Some(&asked.target), &asked.ignore) {
        say(&predicted(&whole, |claim| ADVISED.contains(&claim))?);
        say("");
    }

    let start = Instant::now();
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption.clone());
    let advised = search(&table, &plan, &mut display);
    display.finish();
    let advised = advised?;

    let (text, pairs) = (advised.advice.to_string(), advised.advice.pairs);
    let written = advised.write(&asked.out);
    let time = spoken(start.elapsed());
    if interruption.happened() {
        warn(&format!(
            "stopped after {time}; the advice rests on {pairs} pairs of runs"
        ));
    } else {
        warn(&format!("done in {time}"));
    }
    say(&text);
    let mut failed = None;
    for written in written {
        match written {
            Ok(file) => say(&format!("wrote {}", file.display())),
            Err(error) => {
                if let Some(before) = failed.replace(error) {
                    warn(&format!("error: {before}"));
                }
            }
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None if interruption.happened() => Ok(Ending::Interrupted),
        None => Ok(Ending::Done),
    }
}

/// Prints what a saved model predicts.
pub(crate) fn predict(asked: &Predict) -> Result<Ending, Failure> {
    mistaken::check_model(&asked.model, &asked.table)?;
    let model = SavedModel::load(&asked.model)?;
    let table = read(&asked.table)?;
    say(&model.predict(&table)?.to_csv()?);
    Ok(Ending::Done)
}

/// Reads a table, and says what of it was left out.
fn read(file: &Path) -> Result<Table, Failure> {
    mistaken::check_table(file)?;
    let table = Table::read_path(file).map_err(advice::Error::from)?;
    if table.has_index() {
        warn(&format!(
            "{}: the first column has no name and numbers the rows; it is left out",
            file.display()
        ));
    }
    Ok(table)
}
