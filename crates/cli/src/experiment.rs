//! `smallbatch experiment`: from the arguments to the answers and the files.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use smallbatch::data::{TableReader, read_table};
use smallbatch::lab::{self, Plan, Size};
use smallbatch::report::{self, results::Results};
use smallbatch::sweep::Table;

use crate::Failure;
use crate::advice;
use crate::arguments::{Experiment, ProbeMemory, Report};
use crate::interruption::{self, Interruption};
use crate::progress::{Display, spoken};

/// Runs the experiments, prints the answers, writes the files.
pub(crate) fn run(arguments: &Experiment) -> Result<ExitCode, Failure> {
    if let (Some(data), Some(target)) = (&arguments.data, &arguments.target) {
        return advice::run(data, target, arguments);
    }
    if let Some(table) = &arguments.predict {
        return foretell(table, arguments.target.as_deref());
    }
    if arguments.print {
        say(lab::lesson().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(file) = &arguments.verify {
        return verify(file, arguments.threads.unwrap_or(0));
    }
    if let Some(n_runs) = arguments.coverage {
        return coverage(arguments, n_runs);
    }
    let replicated = match &arguments.replicate {
        Some(file) => Some((file, report::read(file)?)),
        None => None,
    };
    let plan = plan(arguments, replicated.as_ref().map(|(_, before)| before))?;
    let registered = lab::preregister(&plan)?;
    // Minutes of work must not end at a folder that cannot be written to.
    report::prepare(&arguments.out)?;
    say(&format!(
        "design {}, base seed {}: {} tables, {} repetitions",
        registered.design_hash,
        plan.base_seed,
        registered.tables.len(),
        registered.n_repetitions
    ));

    let start = Instant::now();
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption.clone());
    let outcome = lab::run(&plan, &mut display);
    display.finish();
    let mut outcome = outcome?;
    if let Some((file, before)) = &replicated {
        let found = lab::compare(&file.display().to_string(), before, &outcome.results);
        outcome.results.replication = Some(found);
    }
    let results = &outcome.results;
    let written = report::write(results, &arguments.out).inspect_err(|_| rescue(results))?;
    if let Some(kept) = &written.kept {
        eprintln!("{kept}");
    }
    if arguments.all {
        say(&report::terminal_details(results));
    }
    say(report::terminal(results, &written.report).trim_end());
    if outcome.n_reused > 0 {
        let all = outcome.n_made + outcome.n_reused;
        say(&format!(
            "{} of {all} trainings were in the cache already",
            outcome.n_reused
        ));
    }
    if outcome.is_interrupted {
        let go_on = if plan.cache.is_some() {
            "; the same command goes on from here"
        } else {
            ""
        };
        eprintln!(
            "stopped after {}; the results are of the {} repetitions complete by then{go_on}",
            spoken(start.elapsed()),
            results.design.n_complete
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
fn rescue(results: &Results) {
    let folder = std::env::temp_dir().join(format!("smallbatch-{}", std::process::id()));
    if report::write(results, &folder).is_ok() {
        eprintln!("what was found is in {} instead", folder.display());
    }
}

/// Says what the results that come with the program let one expect of a table.
fn foretell(file: &Path, target: Option<&str>) -> Result<ExitCode, Failure> {
    let dataset = match target {
        None => read_table(file),
        Some(target) => TableReader::new().target(target).read_path(file),
    };
    let dataset = dataset?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let table = Table::new(name, file.display().to_string(), dataset);
    let results = lab::committed()?;
    let foresights = lab::foresee(&results, &table)?;
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
    say(report::terminal_foresight(&results, &read_off, &foresights).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Repeats an earlier run, and says whether it came out the same.
fn verify(file: &Path, threads: usize) -> Result<ExitCode, Failure> {
    let start = Instant::now();
    let results = report::read(file)?;
    let interruption = Interruption::listen();
    let mut display = Display::new(interruption.clone());
    let verification = lab::verify(file, &results, threads, &mut display);
    display.finish();
    let verification = verification?;
    say(&verification.to_string());
    if verification.is_interrupted {
        eprintln!("stopped after {}", spoken(start.elapsed()));
        return Ok(ExitCode::from(interruption::EXIT_CODE));
    }
    say(&format!("done in {}", spoken(start.elapsed())));
    Ok(ExitCode::from(u8::from(!verification.is_same())))
}

/// Runs a design with many base seeds, each into a folder of its own, and says how often its intervals hold.
fn coverage(arguments: &Experiment, n_runs: u64) -> Result<ExitCode, Failure> {
    let plan = plan(arguments, None)?;
    let interruption = Interruption::listen();
    let mut runs = Vec::new();
    for number in 0..n_runs {
        let folder = arguments.out.join(format!("seed-{number}"));
        let plan = Plan {
            base_seed: plan.base_seed + number,
            // Each has its own, and a run that is complete is not made again.
            cache: (!arguments.no_cache).then(|| folder.join("cache")),
            ..plan.clone()
        };
        let registered = lab::preregister(&plan)?;
        let complete = report::read(&folder.join("results.json"))
            .ok()
            .filter(|before| before.design_hash == registered.design_hash)
            .filter(|before| before.base_seed == plan.base_seed)
            .filter(|before| before.design.n_complete == before.design.n_repetitions);
        let results = match complete {
            Some(before) => before,
            None => {
                report::prepare(&folder)?;
                let mut display = Display::new(interruption.clone());
                let outcome = lab::run(&plan, &mut display);
                display.finish();
                let outcome = outcome?;
                report::write(&outcome.results, &folder)?;
                if outcome.is_interrupted {
                    eprintln!(
                        "stopped in run {} of {n_runs}; the same command goes on from here",
                        number + 1
                    );
                    return Ok(ExitCode::from(interruption::EXIT_CODE));
                }
                eprintln!(
                    "run {} of {n_runs}: {}",
                    number + 1,
                    spoken_seconds(&outcome.results)
                );
                outcome.results
            }
        };
        runs.push(results);
    }
    say(&lab::coverage(&runs).to_string());
    Ok(ExitCode::SUCCESS)
}

fn spoken_seconds(results: &Results) -> String {
    let seconds = results.environment.elapsed_seconds;
    spoken(std::time::Duration::from_secs_f64(seconds.max(0.0)))
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
    let measured = arguments.probe.measure();
    if let Some([lump, chunks, mini]) = measured.map_err(lab::Error::from)? {
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

fn plan(arguments: &Experiment, replicated: Option<&Results>) -> Result<Plan, Failure> {
    let plan = match replicated {
        // The next seed, where none is given: it was not the one before.
        Some(before) => Plan {
            base_seed: arguments
                .base_seed
                .unwrap_or(before.base_seed.wrapping_add(1)),
            ..Plan::of(before)?
        },
        None => Plan {
            size: size(arguments),
            file: arguments.file.clone(),
            tables: arguments.tables.clone(),
            claims: arguments.claims.clone(),
            repetitions: arguments.repetitions,
            base_seed: arguments.base_seed.unwrap_or(0),
            ..Plan::default()
        },
    };
    Ok(Plan {
        threads: arguments.threads.unwrap_or(0),
        memory_probe: std::env::current_exe().ok(),
        cache: (!arguments.no_cache).then(|| {
            let kept = arguments.cache.clone();
            kept.unwrap_or_else(|| arguments.out.join("cache"))
        }),
        ..plan
    })
}
