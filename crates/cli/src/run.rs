//! `run`, `replicate`, `print` and `report`: from the arguments to the answers and the files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use smallbatch::lab::{self, RunPlan};
use smallbatch::report::{self, results::Results};

use crate::arguments::{Asked, ProbeMemory, Replicate, Report};
use crate::ending::{Ending, Failure};
use crate::interruption::Interruption;
use crate::output::{say, screen, warn};
use crate::progress::{Display, spoken};
use crate::{locked, mistaken};

/// Where results go unless said otherwise.
const OUT: &str = "out";

/// Runs the experiments, writes the files, prints the answers.
pub(crate) fn run(asked: &Asked) -> Result<Ending, Failure> {
    let out = asked.out.as_deref().unwrap_or(OUT.as_ref());
    carry_out(&plan(asked, out)?, out, asked.all, None)
}

/// Repeats an earlier run with another seed, and says what that confirms.
pub(crate) fn replicate(asked: &Replicate) -> Result<Ending, Failure> {
    let (file, out) = (&asked.results, &asked.out);
    mistaken::check_results("replicate", file)?;
    let before = report::read(file)?;
    let same = |one: &Path, other: &Path| {
        let found = one.canonicalize().ok().zip(other.canonicalize().ok());
        found.is_some_and(|(one, other)| one == other)
    };
    if same(file, out) || same(file, &out.join("results.json")) {
        return Err(Failure::wrong(format!(
            "the replication would replace the results in {}; name another folder with --out",
            out.display()
        )));
    }
    let plan = RunPlan {
        // The next seed, where none is given: it was not the one before.
        base_seed: asked.base_seed.unwrap_or(before.base_seed.wrapping_add(1)),
        threads: asked.threads.n.unwrap_or(0),
        memory_probe: std::env::current_exe().ok(),
        cache: asked.keeping.folder(out),
        ..RunPlan::of(&before)?
    };
    carry_out(&plan, out, asked.all, Some((file, &before)))
}

/// The plan of what is asked.
pub(crate) fn plan(asked: &Asked, out: &Path) -> Result<RunPlan, Failure> {
    if let Some(file) = &asked.file {
        mistaken::check_design(file)?;
    }
    if let Some(folder) = &asked.tables {
        mistaken::check_tables(folder)?;
    }
    Ok(RunPlan {
        size: asked.length.size(),
        file: asked.file.clone(),
        tables: asked.tables.clone(),
        claims: asked.claims.clone(),
        repetitions: asked.repetitions,
        base_seed: asked.base_seed.unwrap_or(0),
        threads: asked.threads.n.unwrap_or(0),
        memory_probe: std::env::current_exe().ok(),
        cache: asked.keeping.folder(out),
    })
}

fn carry_out(
    plan: &RunPlan,
    out: &Path,
    all: bool,
    before: Option<(&Path, &Results)>,
) -> Result<Ending, Failure> {
    let registered = lab::preregister(plan)?;
    let _folder = Folder::prepare(out)?;
    let _lock = locked::take(out)?;
    warn(&format!(
        "design {}, base seed {}: {} tables, {} repetitions",
        registered.design_hash,
        plan.base_seed,
        registered.tables.len(),
        registered.n_repetitions
    ));

    let start = Instant::now();
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption);
    let outcome = lab::run(plan, &mut display);
    display.finish();
    let mut outcome = outcome?;
    if let Some((file, before)) = before {
        let found = lab::compare(&file.display().to_string(), before, &outcome.results);
        outcome.results.replication = Some(found);
    }
    let ended = ended(&outcome, plan, start);
    finish(outcome, out, all, &ended)
}

/// Writes what was found, and prints the answers.
pub(crate) fn finish(
    outcome: lab::RunOutcome,
    out: &Path,
    all: bool,
    ended: &str,
) -> Result<Ending, Failure> {
    let results = &outcome.results;
    let written = report::write(results, out)
        .inspect_err(|_| rescue(|folder| report::write(results, folder).is_ok()))?;
    if let Some(kept) = &written.kept {
        warn(&kept.to_string());
    }
    warn(ended);
    if all {
        say(&report::terminal_details(results, screen()));
    }
    say(&report::terminal(results, &written.report, screen()));
    if outcome.is_interrupted {
        return Ok(Ending::Interrupted);
    }
    // What was found is written by now; the last failure ends the program as it would have without results.
    let mut failures = outcome.failures;
    if let Some(last) = failures.pop() {
        for failure in failures {
            warn(&format!("error: {failure}"));
        }
        return Err(last.into());
    }
    Ok(Ending::Done)
}

/// How the work ended: how long it took, and what of it was there already.
fn ended(outcome: &lab::RunOutcome, plan: &RunPlan, start: Instant) -> String {
    let time = spoken(start.elapsed());
    if outcome.is_interrupted {
        let go_on = match plan.cache {
            Some(_) => "; the same command goes on from here",
            None => "",
        };
        let complete = outcome.results.design.n_complete;
        return format!(
            "stopped after {time}; the results are of the {complete} repetitions complete by then{go_on}"
        );
    }
    let (reused, all) = (outcome.n_reused, outcome.n_made + outcome.n_reused);
    match reused {
        0 => format!("done in {time}"),
        _ => format!("done in {time}; {reused} of {all} trainings were in the cache already"),
    }
}

/// A folder for results. One that was made and is empty when the work ends is removed.
pub(crate) struct Folder(Option<PathBuf>);

impl Folder {
    /// Makes it where it is not there: work must not end at a folder that cannot be written to.
    pub(crate) fn prepare(folder: &Path) -> Result<Self, Failure> {
        let is_new = !folder.exists();
        report::prepare(folder)?;
        Ok(Self(is_new.then(|| folder.to_path_buf())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // One that holds something stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Writes what was found to the system's folder for temporary files, when it could not be written where it was wanted: minutes
/// of work are not to be lost to a full disk. `write` says whether it could.
pub(crate) fn rescue(write: impl FnOnce(&Path) -> bool) {
    let Ok(folder) = report::new_temporary_folder() else {
        return;
    };
    if write(&folder) {
        warn(&format!(
            "what was found is in {} instead",
            folder.display()
        ));
    } else {
        // What is left of it is of no use.
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Prints the design that comes with the program.
pub(crate) fn print() -> Ending {
    say(lab::lesson());
    Ending::Done
}

/// Draws a report again from the results of an earlier call.
pub(crate) fn redraw(asked: &Report) -> Result<Ending, Failure> {
    let written = report::redraw(&mistaken::folder_of_results(&asked.folder)?)?;
    for file in [written.report, written.markdown] {
        say(&format!("wrote {}", file.display()));
    }
    Ok(Ending::Done)
}

/// Prints what one measurement of the memory gave; nothing where the system does not tell.
pub(crate) fn probe_memory(asked: &ProbeMemory) -> Result<Ending, Failure> {
    let measured = asked.probe.measure();
    if let Some([lump, chunks, mini]) = measured.map_err(lab::Error::from)? {
        say(&format!("{lump} {chunks} {mini}"));
    }
    Ok(Ending::Done)
}
