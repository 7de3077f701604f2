//! The final runs, from which claims are computed: with their races to the target, and timed where the clock is the budget.

use std::sync::Arc;

use super::bench::{Bench, Request};
use super::definition::Axis;
use super::prepared::Prepared;
use super::progress::Ledger;
use super::protocol::{Final, Findings};
use super::runs::{Extent, Length, Recording};
use super::trajectory::Trajectory;
use super::tuning::rate;
use crate::Error;

/// Timed budgets shorter than this are run several times, and the run of median speed counts.
const SHORT_SECONDS: f64 = 0.05;
/// How many times.
pub(super) const SHORT_ROUNDS: usize = 5;

/// The final runs under a budget that does not need a clock.
pub(super) fn untimed(
    findings: &mut Findings<'_>,
    bench: &mut Bench<'_>,
    axis: Axis,
    seeds: &[u64],
    ledger: &mut Ledger<'_>,
) -> Result<(), Error> {
    let mut requests = Vec::new();
    for &arm in &findings.arms {
        let (Some(rate_step), Some(&cap)) = (
            findings.best_step(axis, arm),
            findings.extents.get(&(axis, arm)),
        ) else {
            continue;
        };
        let length = Length { cap, target: None };
        requests.extend(seeds.iter().map(|&seed| Request {
            arm,
            seed,
            rate_step,
            length,
            record: findings.final_record(),
        }));
    }
    // A failure does not lose the runs that were complete by then: they are collected first.
    let mut outcome = bench.run_all(&requests, ledger);
    let race_of = |request: &Request, run: &Trajectory| race(findings, axis, request, run);
    let races: Vec<Request> = requests
        .iter()
        .filter_map(|request| race_of(request, &*bench.look_up(request)?))
        .collect();
    if outcome.is_ok() {
        outcome = bench.run_all(&races, ledger);
    }

    let mut finals = Vec::new();
    for request in requests {
        let Some(run) = bench.look_up(&request) else {
            continue;
        };
        let race = race_of(&request, &run);
        let wanted = race.is_some();
        let race = race.and_then(|race| Some((rate(race.rate_step), bench.look_up(&race)?)));
        // Ended between the two: without its race, the run would look as if it had given up at its budget.
        // It is still kept, for its losses; the time to the target then counts as "at least" the budget, which is true.
        debug_assert!(!wanted || race.is_some() || ledger.interrupted() || outcome.is_err());
        let learning_rate = rate(request.rate_step);
        finals.push((
            (axis, request.arm, request.seed),
            Final {
                learning_rate,
                run,
                race,
            },
        ));
    }
    findings.finals.extend(finals);
    outcome
}

/// The run that goes on until the target, if this one needs it: a claim asks for the time to it, the case has patience, the
/// run has not got there, and did not diverge with the same rate (then the longer run would diverge at the same update).
fn race(
    findings: &Findings<'_>,
    axis: Axis,
    request: &Request,
    run: &Trajectory,
) -> Option<Request> {
    let target = findings.target.filter(|_| findings.aims_at_target(axis))?;
    let rate_step = findings.race_step(axis, request.arm)?;
    if findings.case.patience <= 1 {
        return None;
    }
    if run.reached(target).is_some() || run.diverged && rate_step == request.rate_step {
        return None;
    }
    let cap = request.length.cap.times(findings.case.patience);
    Some(Request {
        rate_step,
        length: Length {
            cap,
            target: Some(target),
        },
        ..*request
    })
}

/// The final runs under the budget in seconds.
pub(super) fn timed(
    findings: &mut Findings<'_>,
    bench: &Bench<'_>,
    seeds: &[u64],
    ledger: &mut Ledger<'_>,
) -> Result<(), Error> {
    let axis = Axis::Seconds;
    for (position, &seed) in seeds.iter().enumerate() {
        let mut order = findings.arms.clone();
        let n_arms = order.len().max(1);
        order.rotate_left(position % n_arms);
        let mut runners = Vec::new();
        for arm in order {
            let (Some(rate_step), Some(&cap)) = (
                findings.best_step(axis, arm),
                findings.extents.get(&(axis, arm)),
            ) else {
                continue;
            };
            let length = Length { cap, target: None };
            let request = Request {
                arm,
                seed,
                rate_step,
                length,
                record: Recording::Curve,
            };
            runners.push((request, bench.prepare(arm, seed)?));
        }
        let Some(runs) = in_turn(bench, &runners, ledger)? else {
            return Ok(());
        };
        let mut racers = Vec::new();
        for ((request, data), run) in runners.into_iter().zip(runs) {
            if let Some(race) = race(findings, axis, &request, &run) {
                racers.push((race, data));
            }
            let learning_rate = rate(request.rate_step);
            let run = Arc::new(run);
            findings.finals.insert(
                (axis, request.arm, seed),
                Final {
                    learning_rate,
                    run,
                    race: None,
                },
            );
        }
        let Some(races) = in_turn(bench, &racers, ledger)? else {
            return Ok(());
        };
        for ((request, _), race) in racers.iter().zip(races) {
            if let Some(run) = findings.finals.get_mut(&(axis, request.arm, seed)) {
                run.race = Some((rate(request.rate_step), Arc::new(race)));
            }
        }
    }
    Ok(())
}

/// Timed runs of several arms, one after the other, A B C. Where a budget is so short that a single interruption by the
/// system would spoil it, they are repeated, A B C A B C, and each arm's run of median length counts. `None` when the
/// ledger says to stop.
fn in_turn(
    bench: &Bench<'_>,
    runners: &[(Request, Prepared)],
    ledger: &mut Ledger<'_>,
) -> Result<Option<Vec<Trajectory>>, Error> {
    let shortest = runners
        .iter()
        .map(|(request, _)| match request.length.cap {
            Extent::Seconds(seconds) => seconds,
            _ => f64::INFINITY,
        })
        .fold(f64::INFINITY, f64::min);
    let rounds = if shortest < SHORT_SECONDS {
        SHORT_ROUNDS
    } else {
        1
    };
    let requests: Vec<Request> = runners.iter().map(|(request, _)| *request).collect();
    if let Some(runs) = bench.find_turns(&requests, rounds, ledger) {
        return Ok(Some(runs));
    }
    let mut repeated = vec![Vec::with_capacity(rounds); runners.len()];
    for _ in 0..rounds {
        for ((request, data), runs) in runners.iter().zip(&mut repeated) {
            let Some(run) = bench.timed(request, data, ledger)? else {
                return Ok(None);
            };
            runs.push(run);
        }
    }
    let typical = |mut runs: Vec<Trajectory>| {
        // By speed: of runs to the same update the seconds differ, of runs of the same seconds the updates.
        let seconds_per_update = |run: &Trajectory| {
            run.last()
                .map_or(0.0, |point| point.seconds / point.updates.max(1) as f64)
        };
        runs.sort_by(|a, b| seconds_per_update(a).total_cmp(&seconds_per_update(b)));
        let middle = runs.len() / 2;
        runs.swap_remove(middle)
    };
    let runs: Vec<Trajectory> = repeated.into_iter().map(typical).collect();
    bench.keep_turns(&requests, rounds, &runs);
    Ok(Some(runs))
}
