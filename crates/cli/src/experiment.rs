//! `smallbatch experiment`: from the arguments to the table and the files.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use smallbatch_lab::{Outcome, Plan, Size, report};

use crate::Failure;
use crate::advice;
use crate::arguments::{Experiment, ProbeMemory, Report};
use crate::interruption::{self, Interruption};
use crate::progress::{Display, spoken};

/// Runs the experiments, prints the table, writes the files.
pub(crate) fn run(arguments: &Experiment) -> Result<ExitCode, Failure> {
    if let (Some(data), Some(target)) = (&arguments.data, &arguments.target) {
        return advice::run(data, target, arguments);
    }
    if let Some(results) = &arguments.verify {
        return verify(results, arguments.threads);
    }
    if let Some(name) = arguments.print {
        say(name.definition().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let plan = plan(arguments);
    plan.validate()?;
    // Minutes of work must not end at a folder that cannot be written to.
    report::prepare(&arguments.out)?;

    let start = Instant::now();
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption.clone());
    let outcome = smallbatch_lab::run(&plan, &mut display);
    display.finish();
    let outcome = outcome?;

    say(&report::terminal_table(&outcome.results));
    let written = report::write(&outcome.results, &outcome.runs, &arguments.out)
        .inspect_err(|_| rescue(&outcome))?;
    for file in [
        written.results,
        written.runs,
        written.report,
        written.markdown,
    ] {
        say(&format!("wrote {}", file.display()));
    }
    if outcome.reused > 0 {
        let all = outcome.made + outcome.reused;
        say(&format!(
            "{} of {all} trainings were in the cache already",
            outcome.reused
        ));
    }
    if interruption.happened() {
        let go_on = if plan.cache.is_some() {
            "; the same command goes on from here"
        } else {
            ""
        };
        eprintln!(
            "stopped after {}; the results are of the work complete by then{go_on}",
            spoken(start.elapsed())
        );
        return Ok(ExitCode::from(interruption::EXIT_CODE));
    }
    // What was found is written by now; the last failure ends the program as it would have without results.
    let mut failures = outcome.failures;
    if let Some(last) = failures.pop() {
        for failure in failures {
            eprintln!("error: {failure}");
        }
        return Err(last.into());
    }
    say(&format!("done in {}", spoken(start.elapsed())));
    Ok(ExitCode::SUCCESS)
}

/// Writes what was found to the system's folder for temporary files, when it could not be written where it was wanted: minutes
/// of work are not to be lost to a full disk.
fn rescue(outcome: &Outcome) {
    let folder = std::env::temp_dir().join(format!("smallbatch-{}", std::process::id()));
    if report::write(&outcome.results, &outcome.runs, &folder).is_ok() {
        eprintln!("what was found is in {} instead", folder.display());
    }
}

/// Repeats the runs of an earlier call, and says whether they came out the same.
fn verify(results: &Path, threads: Option<usize>) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption.clone());
    let threads = threads.unwrap_or(Plan::default().threads);
    let verification = smallbatch_lab::verify(results, threads, &mut display);
    display.finish();
    let verification = verification?;
    say(&verification.to_string());
    if interruption.happened() {
        eprintln!("stopped after {}", spoken(start.elapsed()));
        return Ok(ExitCode::from(interruption::EXIT_CODE));
    }
    say(&format!("done in {}", spoken(start.elapsed())));
    let is_same = verification.is_same();
    Ok(ExitCode::from(u8::from(!is_same)))
}

/// Draws a report again from the results of an earlier call.
pub(crate) fn redraw(arguments: &Report) -> Result<ExitCode, Failure> {
    let written = report::redraw(&arguments.folder)?;
    for file in [written.report, written.markdown] {
        say(&format!("wrote {}", file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what one measurement of the memory gave; nothing where the system does not tell.
pub(crate) fn probe_memory(arguments: &ProbeMemory) -> Result<ExitCode, Failure> {
    if let Some([lump, chunks, mini]) = arguments.probe.measure()? {
        say(&format!("{lump} {chunks} {mini}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line. A reader that has gone away (`| head`) is no reason to leave the files unwritten.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The version that was asked for.
pub(crate) fn size(arguments: &Experiment) -> Size {
    match (arguments.quick, arguments.thorough) {
        (true, _) => Size::Quick,
        (_, true) => Size::Thorough,
        _ => Size::Default,
    }
}

fn plan(arguments: &Experiment) -> Plan {
    let default = Plan::default();
    Plan {
        files: arguments.file.clone(),
        experiments: if arguments.names.is_empty() && arguments.file.is_empty() {
            default.experiments
        } else {
            arguments.names.clone()
        },
        size: size(arguments),
        seeds: arguments.seeds,
        threads: arguments.threads.unwrap_or(default.threads),
        exhaustive: arguments.exhaustive,
        base_seed: default.base_seed,
        memory_probe: std::env::current_exe().ok(),
        cache: (!arguments.no_cache).then(|| {
            let kept = arguments.cache.clone();
            kept.unwrap_or_else(|| arguments.out.join("cache"))
        }),
    }
}
