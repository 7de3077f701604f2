//! `verify` and `coverage`: what comes of running the same again.

use std::time::{Duration, Instant};

use smallbatch::lab::{self, RunPlan};
use smallbatch::report::{self, results::Results};

use crate::arguments::{Coverage, Verify};
use crate::ending::{Ending, Failure};
use crate::interruption::Interruption;
use crate::mistaken;
use crate::output::{say, warn};
use crate::progress::{Display, spoken};
use crate::run::plan;

/// Repeats an earlier run with the same seeds, and says whether it came out the same.
pub(crate) fn verify(asked: &Verify) -> Result<Ending, Failure> {
    let (file, start) = (&asked.results, Instant::now());
    mistaken::check_results("verify", file)?;
    let results = report::read(file)?;
    let mut display = Display::new(Interruption::listen());
    let threads = asked.threads.n.unwrap_or(0);
    let verification = lab::verify(file, &results, threads, &mut display);
    display.finish();
    let verification = verification?;
    let time = spoken(start.elapsed());
    let ending = match (verification.is_interrupted, verification.is_same()) {
        (true, _) => {
            warn(&format!("stopped after {time}"));
            Ending::Interrupted
        }
        (false, same) => {
            warn(&format!("done in {time}"));
            if same { Ending::Done } else { Ending::Failed }
        }
    };
    say(&verification.to_string());
    Ok(ending)
}

/// Runs a design with many base seeds, each into a folder of its own, and says how often its intervals hold.
pub(crate) fn coverage(asked: &Coverage) -> Result<Ending, Failure> {
    let n_runs = asked.n_runs;
    let out = asked
        .asked
        .out
        .as_deref()
        .unwrap_or("out/coverage".as_ref());
    let all = plan(&asked.asked, out)?;
    let interruption = Interruption::listen();
    let mut runs = Vec::new();
    for number in 0..n_runs {
        let folder = out.join(format!("seed-{number}"));
        let plan = RunPlan {
            base_seed: all.base_seed + number,
            // Each has its own, and a run that is complete is not made again.
            cache: all.cache.as_ref().map(|_| folder.join("cache")),
            ..all.clone()
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
                let mut display = Display::new(interruption);
                let outcome = lab::run(&plan, &mut display);
                display.finish();
                let outcome = outcome?;
                report::write(&outcome.results, &folder)?;
                if outcome.is_interrupted {
                    warn(&format!(
                        "stopped in run {} of {n_runs}; the same command goes on from here",
                        number + 1
                    ));
                    return Ok(Ending::Interrupted);
                }
                let time = elapsed(&outcome.results);
                warn(&format!("run {} of {n_runs}: {time}", number + 1));
                outcome.results
            }
        };
        runs.push(results);
    }
    say(&lab::coverage(&runs).to_string());
    Ok(Ending::Done)
}

fn elapsed(results: &Results) -> String {
    let seconds = results.environment.elapsed_seconds;
    spoken(Duration::from_secs_f64(seconds.max(0.0)))
}
