//! Does a results.json answer what the project promises to answer?
//!
//! `cargo xtask check-answers DIR` reads `DIR/results.json` and asks, for each promised claim, for one primary answer with a verdict and an
//! interval, over at least two tables. It does not judge the answers: a claim may well be refuted. What a system cannot
//! measure, and the results say so, need not be answered there.

use std::path::Path;
use std::process::ExitCode;

use crate::output::{say, warn};
use serde_json::Value;

/// The design whose claims every complete run answers.
const LESSON: &str = include_str!("../../crates/lab/design/lesson.toml");

/// The ids of its claims.
fn promised() -> impl Iterator<Item = &'static str> {
    let lines = LESSON.lines();
    lines.filter_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"'))
}

/// Claims that rest on what the system tells about a process, which not every system does.
const MEASURED_BY_THE_SYSTEM: [&str; 1] = ["full-batch-memory"];

const VERDICTS: [&str; 4] = ["supported", "refuted", "equivalent", "inconclusive"];

const FEWEST_TABLES: u64 = 2;

/// The verb: exit code 0 when everything promised is there, 1 when not, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [folder] = arguments else {
        warn(
            "xtask: usage: cargo xtask check-answers DIR, the folder that `experiment --out DIR` wrote",
        );
        return ExitCode::from(2);
    };
    match check(&Path::new(folder).join("results.json")) {
        Ok(summary) => {
            say(&summary);
            ExitCode::SUCCESS
        }
        Err(message) => {
            warn(&message);
            ExitCode::FAILURE
        }
    }
}

pub(crate) fn check(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        format!(
            "check-answers: cannot read {}: {error}; run `cargo xtask experiment` first",
            file.display()
        )
    })?;
    let results: Value = serde_json::from_str(&text)
        .map_err(|error| format!("check-answers: {} is not JSON: {error}", file.display()))?;
    let offences = offences(&results);
    if offences.is_empty() {
        Ok(summary(&results))
    } else {
        Err(format!(
            "check-answers: {}:\n{}",
            file.display(),
            offences.join("\n")
        ))
    }
}

fn list<'a>(results: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    results[key].as_array().into_iter().flatten()
}

/// Everything that is missing or malformed.
fn offences(results: &Value) -> Vec<String> {
    let mut offences = Vec::new();
    let keys = [
        "schema_version",
        "design_hash",
        "base_seed",
        "environment",
        "answers",
        "tables",
        "variance",
    ];
    for key in keys {
        if results[key].is_null() {
            offences.push(format!("there is no `{key}`"));
        }
    }
    for id in promised() {
        let is_its = |answer: &&Value| answer["claim"] == id && answer["primary"] == true;
        let answers: Vec<&Value> = list(results, "answers").filter(is_its).collect();
        match answers.as_slice() {
            [] if is_not_measurable(results, id) => {}
            [answer] => {
                if let Some(complaint) = complaint(answer) {
                    offences.push(format!("`{id}`: {complaint}"));
                }
            }
            answers => offences.push(format!(
                "`{id}` has {} primary answers, not one",
                answers.len()
            )),
        }
    }
    offences
}

/// Whether the results say that this system cannot measure what the claim is about.
fn is_not_measurable(results: &Value, id: &str) -> bool {
    MEASURED_BY_THE_SYSTEM.contains(&id)
        && list(results, "omissions").any(|omission| omission["claim"] == id)
}

/// What is wrong with one answer, if anything.
fn complaint(answer: &Value) -> Option<String> {
    let verdict = &answer["verdict"];
    if !verdict
        .as_str()
        .is_some_and(|verdict| VERDICTS.contains(&verdict))
    {
        return Some(format!(
            "the verdict is {verdict}, not one of {}",
            VERDICTS.join(", ")
        ));
    }
    let n_tables = answer["n_tables"].as_u64().unwrap_or(0);
    if n_tables < FEWEST_TABLES {
        return Some(format!(
            "it rests on {n_tables} tables, fewer than {FEWEST_TABLES}"
        ));
    }
    let keys = ["low", "estimate", "high"];
    let present = keys.iter().all(|key| {
        let value = answer.get(key);
        value.is_some_and(|value| value.is_null() || value.is_number())
    });
    // `null` is an end that nothing bounds.
    let [low, estimate, high] = keys.map(|key| answer[key].as_f64());
    let in_order = low.unwrap_or(f64::NEG_INFINITY) <= high.unwrap_or(f64::INFINITY)
        && estimate.is_none_or(|estimate| {
            low.is_none_or(|low| low <= estimate) && high.is_none_or(|high| estimate <= high)
        });
    if !present || !in_order {
        return Some(format!(
            "the interval is {low:?}, {estimate:?}, {high:?}, not low <= estimate <= high"
        ));
    }
    None
}

/// One line a promised claim.
fn summary(results: &Value) -> String {
    let line = |id: &str| {
        let mut answers = list(results, "answers");
        let answer = answers.find(|answer| answer["claim"] == id && answer["primary"] == true);
        let verdict = answer.and_then(|answer| answer["verdict"].as_str());
        format!(
            "check-answers: {id}: {}",
            verdict.unwrap_or("not measurable here")
        )
    };
    promised().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn complete() -> Value {
        let answers: Vec<Value> = promised()
            .map(|id| {
                json!({"claim": id, "primary": true, "verdict": "supported", "n_tables": 5,
                    "estimate": 2.0, "low": 1.5, "high": 2.5, "unit": "ratio"})
            })
            .collect();
        json!({"schema_version": 2, "design_hash": "1f", "base_seed": 0, "environment": {}, "answers": answers,
            "tables": [], "variance": []})
    }

    #[test]
    fn ten_claims_are_promised() {
        assert_eq!(promised().count(), 10);
    }

    #[test]
    fn a_complete_file_passes_and_is_summed_up() {
        assert_eq!(offences(&complete()), [""; 0]);
        assert!(summary(&complete()).contains("check-answers: same-destination: supported"));
    }

    #[test]
    fn a_refuted_claim_is_an_answer() {
        let mut results = complete();
        results["answers"][0]["verdict"] = json!("refuted");
        assert_eq!(offences(&results), [""; 0]);
    }

    #[test]
    fn a_missing_claim_a_second_answer_and_a_lone_table_are_found() {
        let mut results = complete();
        results["answers"][0]["n_tables"] = json!(1);
        results["answers"][1]["primary"] = json!(false);
        let again = results["answers"][2].clone();
        results["answers"].as_array_mut().unwrap().push(again);
        assert_eq!(
            offences(&results),
            [
                "`scale-mismatch-hurts`: it rests on 1 tables, fewer than 2",
                "`standardize-speeds-training` has 0 primary answers, not one",
                "`across-features-does-not-help` has 2 primary answers, not one",
            ]
        );
    }

    #[test]
    fn what_the_system_does_not_tell_need_not_be_answered_and_nothing_else_is_excused() {
        let mut results = complete();
        for id in ["full-batch-memory", "centering-alone"] {
            let answers = results["answers"].as_array_mut().unwrap();
            answers.retain(|answer| answer["claim"] != id);
        }
        assert_eq!(offences(&results).len(), 2);
        results["omissions"] =
            json!([{"claim": "full-batch-memory"}, {"claim": "centering-alone"}]);
        let found = offences(&results);
        assert_eq!(found, ["`centering-alone` has 0 primary answers, not one"]);
        assert!(summary(&results).contains("full-batch-memory: not measurable here"));
    }

    #[test]
    fn a_verdict_without_an_interval_is_found() {
        for (key, broken) in [
            ("low", json!(3.0)),
            ("high", json!("two")),
            ("estimate", json!(9.0)),
        ] {
            let mut results = complete();
            results["answers"][0][key] = broken;
            let found = offences(&results);
            assert!(
                found[0].starts_with("`scale-mismatch-hurts`: the interval is"),
                "{found:?}"
            );
        }
        let mut results = complete();
        results["answers"][0]["low"] = json!(null);
        assert_eq!(offences(&results), [""; 0]);
        results["answers"][0]["verdict"] = json!("maybe");
        assert!(offences(&results)[0].contains("the verdict is \"maybe\""));
    }

    #[test]
    fn a_missing_file_says_what_to_do() {
        let message = check(Path::new("no/such/folder/results.json")).unwrap_err();
        assert!(
            message.contains("run `cargo xtask experiment` first"),
            "{message}"
        );
    }
}
