//! `cargo xtask bench --peers`: the same trainings in smallbatch and in other frameworks, in turns.
//!
//! `benches/peers/README.md` says what is compared and how a peer is asked. Here the peers are installed and started,
//! asked round by round, and their answers written to `peers.json` and a table. A peer that cannot be had is named as
//! missing; one that fails later loses the cells it failed at.

pub(crate) mod install;
mod machine;
mod options;
mod process;
mod results;
mod table;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::output::{say, warn};
use install::Installer;
use options::{Cell, Options, Subject};
use process::{Asked, Process};
use results::Results;

/// Set by Ctrl-C: what was measured is kept.
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Whether the words after `bench` ask for the peers.
pub(crate) fn are_meant(arguments: &[String]) -> bool {
    let of_cargo = arguments.iter().take_while(|word| *word != "--");
    of_cargo
        .into_iter()
        .any(|word| word == "--peers" || word == "--sweep" || word.starts_with("--peers="))
}

/// The verb: exit code 0 when something was measured, 1 when nothing could be, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|word| word == "--help") {
        say(options::HELP);
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(message) => {
            warn(&format!("xtask: {message}\n\n{}", options::HELP));
            return ExitCode::from(2);
        }
    };
    if let Err(error) = signal_hook::flag::register(SIGINT, Arc::clone(&INTERRUPTED)) {
        warn(&format!(
            "peers: Ctrl-C will keep only whole rounds ({error})"
        ));
    }
    match compare(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            warn(&format!("peers: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn compare(options: &Options) -> Result<(), String> {
    let begun = Instant::now();
    // Before the building, which keeps the machine busy itself.
    let busy = machine::busy();
    let machine = machine::describe(options);
    if let Some(warning) = &busy {
        warn(&format!("peers: warning: {warning}"));
    }
    let installer = Installer::new()?;
    let data = installer.house(options.subject == Subject::Scalers)?;
    let cells = options.cells(&data)?;
    std::fs::create_dir_all(&options.out)
        .map_err(|error| format!("cannot make {}: {error}", options.out.display()))?;

    let mut results = Results::new(machine);
    results.warnings.extend(busy);
    let mut processes = started(options, &installer, &data, &mut results);
    if interrupted() {
        return Err("interrupted before anything was measured".into());
    }
    warn(&format!(
        "peers: ready after {:.0} s; {} rounds of {} cells, {} processes",
        begun.elapsed().as_secs_f64(),
        options.rounds,
        cells.len(),
        processes.len()
    ));
    let file = options.out.join("peers.json");
    let (measuring, mut last_round) = (Instant::now(), 0.0);
    for round in 1..=options.rounds {
        let round_begun = measuring.elapsed().as_secs_f64();
        if !options.has_time(round_begun, last_round) {
            let minutes = options.minutes;
            warn(&format!(
                "peers: round {round} would pass {minutes} minutes and is left out (--minutes)"
            ));
            break;
        }
        for (i, cell) in cells.iter().enumerate() {
            visit(cell, options.seconds, &mut processes, &mut results);
            if interrupted() {
                break;
            }
            warn(&format!(
                "peers: round {round}/{}, cell {}/{}, {:.0} s: {}",
                options.rounds,
                i + 1,
                cells.len(),
                begun.elapsed().as_secs_f64(),
                results.latest(cell)
            ));
        }
        write(&file, &results)?;
        if interrupted() {
            warn(&format!(
                "peers: interrupted in round {round}; what was measured is kept"
            ));
            break;
        }
        last_round = measuring.elapsed().as_secs_f64() - round_begun;
    }
    say(&table::render(&results));
    warn(&format!(
        "peers: {} is written; {:.0} s in all",
        file.display(),
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// A process for each peer that can be had and each number of threads; the others become missing.
fn started(
    options: &Options,
    installer: &Installer,
    data: &Path,
    results: &mut Results,
) -> Vec<Process> {
    let mut starting = Vec::new();
    let wanted = options.all_peers().iter();
    let wanted = wanted.filter(|peer| options.wants(peer.name));
    for peer in wanted.take_while(|_| !interrupted()) {
        warn(&format!("peers: installing {}", peer.name));
        let spawned = installer.program(peer).and_then(|program| {
            let threads = machine::thread_counts(peer.has_threads);
            threads
                .into_iter()
                .map(|threads| Process::spawn(peer.name, &program, data, threads))
                .collect::<Result<Vec<_>, _>>()
        });
        match spawned {
            Ok(processes) => starting.extend(processes),
            Err(why) => results.miss(peer.name, why),
        }
    }
    let mut ready = Vec::new();
    for mut process in starting {
        match process.version() {
            Ok(version) => {
                results.version(process.peer, version);
                ready.push(process);
            }
            Err(why) => results.miss(process.peer, why),
        }
    }
    ready
}

/// Every process that still runs measures the cell.
fn visit(cell: &Cell, seconds: f64, processes: &mut Vec<Process>, results: &mut Results) {
    processes.retain_mut(|process| {
        let asked = process.ask(cell, seconds);
        if matches!(asked, Asked::Ended(_)) {
            // Ctrl-C reaches the peer as well, and perhaps before this program notices.
            std::thread::sleep(Duration::from_millis(200));
        }
        if interrupted() {
            return true;
        }
        match asked {
            Asked::Measured(answer) => {
                results.add(process.peer, process.threads, cell, &answer);
                true
            }
            Asked::Refused(why) => {
                results.warn(process.peer, process.threads, Some(cell), &why);
                true
            }
            Asked::Ended(why) => {
                results.warn(process.peer, process.threads, Some(cell), &why);
                false
            }
        }
    });
}

fn write(file: &Path, results: &Results) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&results.to_json())
        .map_err(|error| format!("cannot write the results as JSON: {error}"))?;
    std::fs::write(file, text + "\n")
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_are_meant_before_the_words_for_criterion() {
        let meant = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            are_meant(&words)
        };
        assert!(meant(&["--peers"]));
        assert!(meant(&["--quick", "--peers=torch"]));
        assert!(meant(&["--sweep"]));
        assert!(!meant(&["--bench", "scaler"]));
        assert!(!meant(&["--", "--peers"]));
    }
}
