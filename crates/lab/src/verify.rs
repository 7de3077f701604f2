//! The same bits again: the repetitions of an earlier run, made without its cache, and all that the results say of them.

use std::fmt;
use std::path::Path;

use serde_json::Value;
use smallbatch_report::results::{Effect, Results};
use smallbatch_sweep::Progress;

use crate::{Error, RunOutcome, RunPlan, run};

/// So many differences are shown.
const MOST_SHOWN: usize = 20;

/// What came of making a run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Effects that are computed, and are the same to the bit.
    pub n_same: usize,
    /// Effects that are computed.
    pub n_compared: usize,
    /// Effects that were measured, by a clock or as memory, and are not compared. What the results say because of them is.
    pub n_measured: usize,
    /// What is not the same: effects, and all else in the results, each in a sentence.
    pub differences: Vec<String>,
    /// Whether it was stopped before its end.
    pub is_interrupted: bool,
}

impl Verification {
    /// Whether all that was compared is the same.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && !self.is_interrupted && self.n_same > 0
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in self.differences.iter().take(MOST_SHOWN) {
            writeln!(f, "{difference}")?;
        }
        if let more @ 1.. = self.differences.len().saturating_sub(MOST_SHOWN) {
            writeln!(f, "and {more} more differences")?;
        }
        write!(
            f,
            "{} of {} effects came out the same, to the bit; {} that were measured (times, memory) are not compared",
            self.n_same, self.n_compared, self.n_measured
        )
    }
}

/// Makes the repetitions of an earlier run again, and compares to the bit: each effect that is computed, and all that the results say
/// (claims, answers, tables, rates, curves), as it follows from these effects and from those that were measured.
///
/// The machine, and the points of memory, are not compared; of a run that was stopped, neither are the reasons for what is missing.
///
/// # Errors
/// [`Error::Results`] for results of another design, version or data than this program makes of the same request; otherwise as
/// [`run()`](crate::run()).
pub fn verify(
    file: &Path,
    results: &Results,
    threads: usize,
    progress: &mut dyn Progress,
) -> Result<Verification, Error> {
    let failed = |reason: String| Error::Results {
        file: file.to_path_buf(),
        reason,
    };
    let plan = RunPlan {
        threads,
        ..RunPlan::of(results)?
    };
    let again = run::again(&plan, results, progress)?.ok_or_else(|| {
        failed(
            "design, tables or version are others than this program's; take the program that wrote it".into(),
        )
    })?;
    compared(results, &again).map_err(|error| failed(error.to_string()))
}

/// What differs between the results of a run and of the same made again.
pub(crate) fn compared(
    results: &Results,
    again: &RunOutcome,
) -> Result<Verification, serde_json::Error> {
    let mut found = Verification {
        n_same: 0,
        n_compared: 0,
        n_measured: 0,
        differences: Vec::new(),
        is_interrupted: again.is_interrupted,
    };
    // As it comes back from a file, where some numbers have no form of their own.
    let again: Results = serde_json::from_value(serde_json::to_value(&again.results)?)?;
    for effect in &again.effects {
        if effect.is_measured {
            found.n_measured += 1;
            continue;
        }
        found.n_compared += 1;
        let before = results.effects.iter().find(|other| is_same(other, effect));
        if before == Some(effect) {
            found.n_same += 1;
        } else {
            found.differences.push(format!(
                "{} on {}, repetition {}: {:?} became {:?}",
                effect.unit,
                effect.table,
                effect.repetition,
                before.map_or(&[][..], |before| &before.pairs),
                effect.pairs
            ));
        }
    }
    if found.is_interrupted {
        return Ok(found);
    }
    if again.effects.len() != results.effects.len() {
        found.differences.push(format!(
            "there are {} effects, and {} were made again",
            results.effects.len(),
            again.effects.len()
        ));
    }
    let is_complete = results.design.n_complete == results.design.n_repetitions;
    let before = comparable(serde_json::to_value(results)?, is_complete);
    let now = comparable(serde_json::to_value(&again)?, is_complete);
    compare("", &before, &now, &mut found.differences);
    Ok(found)
}

/// Whether two effects are of the same question, table and repetition.
fn is_same(one: &Effect, other: &Effect) -> bool {
    (&one.claim, &one.unit, &one.table) == (&other.claim, &other.unit, &other.table)
        && (one.repetition, one.target) == (other.repetition, other.target)
}

/// Results without what another run need not have: the machine, the paths, what was measured, and which of two sides was cut in that.
fn comparable(mut results: Value, is_complete: bool) -> Value {
    let Some(all) = results.as_object_mut() else {
        return results;
    };
    for name in ["environment", "effects", "memory", "replication"] {
        all.remove(name);
    }
    // Those of a claim are of memory.
    let is_comparable = |omission: &Value| is_complete && omission["claim"] == "";
    if let Some(Value::Array(omissions)) = all.get_mut("omissions") {
        omissions.retain(is_comparable);
    }
    for list in ["answers", "tables"] {
        for entry in entries(all.get_mut(list)) {
            if entry["measure"] == crate::design::Measure::SecondsToTarget.name() {
                entry["n_censored_second"].take();
                entry["fragile"].take();
            }
        }
    }
    for table in entries(all.get_mut("datasets")) {
        // A path, which may be written in two ways; the fingerprint says which rows they are.
        table["source"].take();
    }
    for way in entries(all.get_mut("ways")) {
        way["seconds_per_update"].take();
        for point in entries(way.get_mut("curve")) {
            point["seconds"].take();
        }
    }
    results
}

fn entries(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// Adds what differs, each with its place: `answers[0].estimate`.
fn compare(place: &str, before: &Value, now: &Value, differences: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one
                .keys()
                .chain(other.keys().filter(|name| !one.contains_key(*name)));
            for name in names {
                let dot = if place.is_empty() { "" } else { "." };
                let [one, other] = [one, other].map(|all| all.get(name).unwrap_or(&Value::Null));
                compare(&format!("{place}{dot}{name}"), one, other, differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{place}[{index}]"), one, other, differences);
            }
        }
        _ if before != now => {
            differences.push(format!("{place}: {} became {}", shown(before), shown(now)));
        }
        _ => {}
    }
}

fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    match value {
        Value::Array(entries) => format!("{} entries", entries.len()),
        Value::Object(_) => "an entry".into(),
        value => {
            let text = value.to_string();
            match text.char_indices().nth(MOST) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}
