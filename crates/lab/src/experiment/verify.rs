//! Whether the recorded runs come out the same.
//!
//! Runs under the budgets *epochs*, *updates* and *best epoch* are a pure function of what was asked for, on one processor
//! with one program. So they are made again, all of them, tuning included, from nothing but the request, without the cache
//! and without the timed runs, and every number is compared but the seconds. What rests on a clock cannot be the same twice,
//! and is left out: it is counted, not hidden.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::definition::{Axis, Experiment};
use super::plan::Plan;
use super::progress::Progress;
use super::{Outcome, experiments_of, run_experiments};
use crate::Error;
use crate::report;
use crate::results::{Results, RunRecord, TuningPoint};

/// The fields of a record that are times.
const TIMES: [&str; 2] = ["seconds", "seconds_to_target"];

/// Differences that are written out; of more, only how many there are.
const SHOWN: usize = 20;

/// What repeating the recorded runs gave. Its text says so in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verification {
    /// Runs that came out the same, to the last bit of every number.
    pub same: usize,
    /// Learning rates that were tried in tuning, and gave the same validation loss.
    pub same_tuning: usize,
    /// Answers to claims that came out the same: effect, interval and verdict.
    pub same_claims: usize,
    /// Numbers that came out different.
    pub differences: Vec<Difference>,
    /// Recorded runs that were not repeated: after an interruption or a failure.
    pub missing: usize,
    /// Runs that a clock ended, which no repetition can give again.
    pub timed: usize,
    /// What is not the same as when the results were made: the processor, the program. A reason for differences, if there are
    /// any.
    pub changed: Vec<String>,
    /// What went wrong on the way.
    pub failures: Vec<String>,
}

/// A number that came out different.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Of which run, such as `normalization on wine, raw, updates, seed 3`.
    pub of: String,
    /// Which number.
    pub what: String,
    /// As it was recorded.
    pub recorded: String,
    /// As it came out now.
    pub found: String,
}

impl Verification {
    /// Whether all that can be repeated was, and came out the same.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && self.missing == 0 && self.failures.is_empty()
    }

    fn compare(
        &mut self,
        recorded: &Results,
        runs: &[RunRecord],
        again: &Outcome,
        was_interrupted: bool,
    ) {
        let mut found: BTreeMap<_, &RunRecord> =
            again.runs.iter().map(|run| (key(run), run)).collect();
        for run in runs {
            if needs_clock(&run.budget) {
                self.timed += 1;
            } else if let Some(other) = found.remove(&key(run)) {
                let of = name(run);
                if self.fields(&of, run, other) {
                    self.same += 1;
                }
            } else {
                self.missing += 1;
            }
        }
        for run in found.into_values() {
            let of = name(run);
            self.differ(&of, "the run", &"not recorded", &"made now");
        }
        // What rests on runs that are missing cannot be the same, and is no difference of its own.
        if was_interrupted || self.missing > 0 {
            return;
        }
        self.tuning(recorded, &again.results);
        self.claims(recorded, &again.results);
        if again.results.why != recorded.why {
            self.fields("why", &recorded.why, &again.results.why);
        }
    }

    /// Every learning rate that was tried.
    fn tuning(&mut self, recorded: &Results, again: &Results) {
        for arm in &recorded.arms {
            let other = again.arms.iter().find(|other| {
                (&other.experiment, &other.dataset, &other.arm)
                    == (&arm.experiment, &arm.dataset, &arm.arm)
            });
            let Some(other) = other else { continue };
            let counted = |point: &&TuningPoint| !needs_clock(&point.budget);
            let (before, now): (Vec<_>, Vec<_>) = (
                arm.tuning.iter().filter(counted).collect(),
                other.tuning.iter().filter(counted).collect(),
            );
            let of = format!("{} on {}, {}, tuning", arm.experiment, arm.dataset, arm.arm);
            if before.len() != now.len() {
                self.differ(&of, "rates tried", &before.len(), &now.len());
                continue;
            }
            for (before, now) in before.into_iter().zip(now) {
                if self.fields(&of, before, now) {
                    self.same_tuning += 1;
                }
            }
        }
    }

    /// Every answer that rests on runs that were repeated.
    fn claims(&mut self, recorded: &Results, again: &Results) {
        for claim in &recorded.claims {
            let other = again.claims.iter().find(|other| {
                (&other.id, &other.experiment, &other.dataset, &other.budget)
                    == (&claim.id, &claim.experiment, &claim.dataset, &claim.budget)
                    && other.effect.unit == claim.effect.unit
            });
            // Without another it was measured, timed or interrupted.
            let Some(other) = other else { continue };
            let of = format!(
                "{} on {}, {}, {}",
                claim.id, claim.dataset, claim.budget, claim.effect.unit
            );
            if self.fields(&of, claim, other) {
                self.same_claims += 1;
            }
        }
    }

    /// Compares two records field by field, and says whether they are the same.
    fn fields(&mut self, of: &str, recorded: &impl Serialize, found: &impl Serialize) -> bool {
        let (recorded, found) = (numbers(recorded), numbers(found));
        let before = self.differences.len();
        for (what, value) in &recorded {
            let other = found.get(what).unwrap_or(&Value::Null);
            if !TIMES.contains(&what.as_str()) && value != other {
                self.differ(of, what, value, other);
            }
        }
        self.differences.len() == before
    }

    fn differ(
        &mut self,
        of: &str,
        what: &str,
        recorded: &impl fmt::Display,
        found: &impl fmt::Display,
    ) {
        self.differences.push(Difference {
            of: of.to_owned(),
            what: what.to_owned(),
            recorded: recorded.to_string(),
            found: found.to_string(),
        });
    }
}

/// Whether runs under this budget are timed: `seconds`, and `until target, in seconds`.
fn needs_clock(budget: &str) -> bool {
    budget.ends_with(Axis::Seconds.name())
}

/// A record's fields, by name. Numbers keep every bit.
fn numbers(record: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn key(run: &RunRecord) -> (String, String, String, String, u64) {
    (
        run.experiment.clone(),
        run.dataset.clone(),
        run.arm.clone(),
        run.budget.clone(),
        run.seed,
    )
}

fn name(run: &RunRecord) -> String {
    let RunRecord {
        experiment,
        dataset,
        arm,
        budget,
        seed,
        ..
    } = run;
    format!("{experiment} on {dataset}, {arm}, {budget}, seed {seed}")
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in self.differences.iter().take(SHOWN) {
            let Difference {
                of,
                what,
                recorded,
                found,
            } = difference;
            writeln!(
                f,
                "{of}: {what} was {}, is {}",
                short(recorded),
                short(found)
            )?;
        }
        if self.differences.len() > SHOWN {
            writeln!(f, "and {} more differences", self.differences.len() - SHOWN)?;
        }
        for failure in &self.failures {
            writeln!(f, "failed: {failure}")?;
        }
        for changed in &self.changed {
            writeln!(f, "since then: {changed}")?;
        }
        write!(
            f,
            "{} runs, {} rates of tuning and {} answers came out the same to the last bit; {} numbers differ; {} runs were not \
             repeated; {} runs were ended by a clock and cannot be",
            self.same,
            self.same_tuning,
            self.same_claims,
            self.differences.len(),
            self.missing,
            self.timed
        )
    }
}

/// What fits in a line.
fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{start}…")
}

/// Repeats the runs of an earlier call from its `results.json`, which needs its `runs.csv` beside it, on so many threads,
/// and compares every number but the times.
///
/// Nothing is written, and no cache is used. It takes about as long as the experiments did without their timed runs.
/// The memory of a process is measured, not computed, and is left out as times are.
///
/// # Errors
/// [`Error::Read`] for files that are not there or are none; [`Error::Verify`] for results that do not say what was asked
/// for, and for data that have changed since; otherwise as [`run`](crate::run).
///
/// # Example
///
/// ```no_run
/// let verification = smallbatch_lab::verify("out/results.json".as_ref(), 2, &mut ())?;
/// assert!(verification.is_same(), "{verification}");
/// # Ok::<(), smallbatch_lab::Error>(())
/// ```
pub fn verify(
    results: &Path,
    threads: usize,
    progress: &mut dyn Progress,
) -> Result<Verification, Error> {
    let (recorded, runs) = report::read(results)?;
    let refused = |reason: &str| Error::Verify {
        file: results.to_path_buf(),
        reason: reason.into(),
    };
    let request = recorded.environment.request.as_ref().ok_or_else(|| {
        refused(
            "it does not say what was asked for, as files of this version do; run its command again and compare by eye",
        )
    })?;
    let plan = Plan::of(request, threads)?;
    let (mut experiments, mut others) = experiments_of(&plan)?;
    others.memory.clear();
    if experiments.is_empty() && others.why.is_empty() {
        return Err(refused(
            "all that it has was measured, which does not come out the same twice",
        ));
    }
    experiments.iter_mut().for_each(without_clock);
    check_data(results, &recorded, &experiments)?;
    let again = run_experiments(&experiments, others, &plan, progress)?;
    let mut verification = Verification {
        changed: changed(&recorded, &again.results),
        failures: again.failures.iter().map(ToString::to_string).collect(),
        ..Verification::default()
    };
    verification.compare(&recorded, &runs, &again, progress.interrupted());
    Ok(verification)
}

/// Leaves out what needs a clock. Nothing else rests on it.
fn without_clock(experiment: &mut Experiment) {
    experiment.axes.retain(|axis| *axis != Axis::Seconds);
    for claim in &mut experiment.claims {
        claim.axes.retain(|axis| *axis != Axis::Seconds);
    }
}

/// Refuses data that are not those of the recorded runs: then nothing would come out the same.
fn check_data(file: &Path, recorded: &Results, experiments: &[Experiment]) -> Result<(), Error> {
    for case in experiments.iter().flat_map(|experiment| &experiment.cases) {
        let note = recorded
            .datasets
            .iter()
            .find(|note| note.dataset == case.source.name && !note.fingerprint.is_empty());
        let now = format!("{:032x}", case.source.fingerprint());
        if let Some(note) = note
            && note.fingerprint != now
        {
            return Err(Error::Verify {
                file: file.to_path_buf(),
                reason: format!(
                    "the data {} are not those of the recorded runs; bring the old ones back, or run the experiment anew",
                    note.dataset
                ),
            });
        }
    }
    Ok(())
}

/// What may make a difference.
fn changed(recorded: &Results, again: &Results) -> Vec<String> {
    let (before, now) = (&recorded.environment, &again.environment);
    let mut changed = Vec::new();
    for (what, before, now) in [
        ("processor", &before.processor, &now.processor),
        ("system", &before.os, &now.os),
        ("revision", &before.revision, &now.revision),
    ] {
        if before != now {
            changed.push(format!("the {what} was {before:?}, and is {now:?}"));
        }
    }
    for (name, before) in &before.versions {
        let now = now.versions.get(name).map_or("unknown", String::as_str);
        if before != now {
            changed.push(format!("{name} was {before}, and is {now}"));
        }
    }
    changed
}

#[cfg(test)]
mod tests;
