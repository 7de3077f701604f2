//! Does a results.json answer what the project promises to answer?
//!
//! `cargo xtask verify DIR` reads `DIR/results.json` and asks, for each promised claim, for a verdict with an interval on
//! at least two data sets. It does not judge the answers: a claim may well be refuted. What a system cannot measure, and
//! the results say so, need not be answered there.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

/// The claims that every complete run answers.
const PROMISED: [&str; 10] = [
    "scale-mismatch-hurts",
    "standardize-speeds-training",
    "across-features-does-not-help",
    "centering-alone",
    "minibatch-is-faster",
    "same-destination",
    "minibatch-generalizes",
    "epochs-depend",
    "test-uses-train-statistics",
    "full-batch-memory",
];

/// Claims that rest on what the system tells about a process, which not every system does.
const MEASURED_BY_THE_SYSTEM: [&str; 1] = ["full-batch-memory"];

const VERDICTS: [&str; 4] = ["supported", "refuted", "equivalent", "inconclusive"];

const FEWEST_DATA_SETS: usize = 2;

/// The verb: exit code 0 when everything promised is there, 1 when not, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [folder] = arguments else {
        eprintln!(
            "xtask: usage: cargo xtask verify DIR, the folder that `experiment --out DIR` wrote"
        );
        return ExitCode::from(2);
    };
    match verify(&Path::new(folder).join("results.json")) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn verify(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        format!(
            "verify: cannot read {}: {error}; run `cargo xtask experiment` first",
            file.display()
        )
    })?;
    let results: Value = serde_json::from_str(&text)
        .map_err(|error| format!("verify: {} is not JSON: {error}", file.display()))?;
    let offences = offences(&results);
    if offences.is_empty() {
        Ok(summary(&results))
    } else {
        Err(format!(
            "verify: {}:\n{}",
            file.display(),
            offences.join("\n")
        ))
    }
}

fn claims(results: &Value) -> impl Iterator<Item = &Value> {
    results["claims"].as_array().into_iter().flatten()
}

/// Everything that is missing or malformed.
fn offences(results: &Value) -> Vec<String> {
    let mut offences = Vec::new();
    for key in ["schema_version", "environment", "claims", "arms"] {
        if results[key].is_null() {
            offences.push(format!("there is no `{key}`"));
        }
    }
    for id in PROMISED {
        let mut data_sets = BTreeSet::new();
        for claim in claims(results).filter(|claim| claim["id"] == id) {
            match complaint(claim) {
                None => data_sets.extend(claim["dataset"].as_str()),
                Some(complaint) => {
                    offences.push(format!("`{id}` on {}: {complaint}", claim["dataset"]));
                }
            }
        }
        data_sets.extend(not_measurable(results, id));
        if data_sets.len() < FEWEST_DATA_SETS {
            let count = data_sets.len();
            offences.push(format!(
                "`{id}` is answered on {count} data sets, fewer than {FEWEST_DATA_SETS}"
            ));
        }
    }
    offences
}

/// The data sets on which this system cannot measure what the claim is about.
fn not_measurable<'a>(results: &'a Value, id: &str) -> Vec<&'a str> {
    if !MEASURED_BY_THE_SYSTEM.contains(&id) {
        return Vec::new();
    }
    let omissions = results["omissions"].as_array().into_iter().flatten();
    omissions
        .filter(|omission| omission["claim"] == id && omission["kind"] == "not-measurable-here")
        .filter_map(|omission| omission["dataset"].as_str())
        .collect()
}

/// What is wrong with one answer, if anything.
fn complaint(claim: &Value) -> Option<String> {
    let verdict = &claim["verdict"];
    if !verdict
        .as_str()
        .is_some_and(|verdict| VERDICTS.contains(&verdict))
    {
        return Some(format!(
            "the verdict is {verdict}, not one of {}",
            VERDICTS.join(", ")
        ));
    }
    let effect = &claim["effect"];
    let keys = ["low", "estimate", "high"];
    let present = keys.iter().all(|key| {
        effect
            .get(key)
            .is_some_and(|value| value.is_null() || value.is_number())
    });
    // `null` is an end that nothing bounds, or an estimate that censored runs leave open.
    let [low, estimate, high] = keys.map(|key| effect[key].as_f64());
    let in_order = low.unwrap_or(f64::NEG_INFINITY) <= high.unwrap_or(f64::INFINITY)
        && estimate.is_none_or(|estimate| {
            low.is_none_or(|low| low <= estimate) && high.is_none_or(|high| estimate <= high)
        });
    if !present || !in_order {
        return Some(format!(
            "the interval is {effect}, not low <= estimate <= high"
        ));
    }
    if low.is_none() && high.is_none() && verdict != "inconclusive" {
        return Some(format!(
            "the verdict is {verdict}, from an interval without ends"
        ));
    }
    None
}

/// One line a promised claim: how often each verdict was given.
fn summary(results: &Value) -> String {
    let mut lines = Vec::new();
    for id in PROMISED {
        let mut parts = Vec::new();
        for verdict in VERDICTS {
            let count = claims(results)
                .filter(|claim| claim["id"] == id && claim["verdict"] == verdict)
                .count();
            if count > 0 {
                parts.push(format!("{count} {verdict}"));
            }
        }
        let unseen = not_measurable(results, id).len();
        if unseen > 0 {
            parts.push(format!("not measurable here on {unseen} data sets"));
        }
        lines.push(format!("verify: {id}: {}", parts.join(", ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complete() -> Value {
        let claims: Vec<Value> = PROMISED
            .iter()
            .flat_map(|id| {
                ["wine", "digits"].map(|dataset| {
                    json!({"id": id, "dataset": dataset, "budget": "epochs", "verdict": "supported", "pairs": 5,
                        "effect": {"estimate": 2.0, "low": 1.5, "high": 2.5, "unit": "ratio"}})
                })
            })
            .collect();
        json!({"schema_version": 1, "environment": {}, "claims": claims, "arms": []})
    }

    #[test]
    fn a_complete_file_passes_and_is_summed_up() {
        assert_eq!(offences(&complete()), [""; 0]);
        assert!(summary(&complete()).contains("verify: same-destination: 2 supported"));
    }

    #[test]
    fn a_refuted_claim_is_an_answer() {
        let mut results = complete();
        results["claims"][0]["verdict"] = json!("refuted");
        assert_eq!(offences(&results), [""; 0]);
    }

    #[test]
    fn a_missing_claim_and_a_lone_data_set_are_found() {
        let mut results = complete();
        results["claims"]
            .as_array_mut()
            .unwrap()
            .retain(|claim| claim["id"] != "centering-alone");
        results["claims"][0]["dataset"] = json!("digits");
        assert_eq!(
            offences(&results),
            [
                "`scale-mismatch-hurts` is answered on 1 data sets, fewer than 2",
                "`centering-alone` is answered on 0 data sets, fewer than 2",
            ]
        );
    }

    #[test]
    fn what_the_system_does_not_tell_need_not_be_answered_and_nothing_else_is_excused() {
        let mut results = complete();
        for id in ["full-batch-memory", "centering-alone"] {
            results["claims"]
                .as_array_mut()
                .unwrap()
                .retain(|claim| claim["id"] != id);
        }
        assert_eq!(offences(&results).len(), 2);
        let omission = |id, dataset, kind| json!({"claim": id, "dataset": dataset, "kind": kind});
        results["omissions"] = json!([
            omission("full-batch-memory", "two-inputs", "not-measurable-here"),
            omission(
                "full-batch-memory",
                "augmented-digits",
                "not-measurable-here"
            ),
            omission("centering-alone", "wine", "not-measurable-here"),
            omission("centering-alone", "digits", "not-measurable-here"),
        ]);
        let found = offences(&results);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("`centering-alone`"), "{found:?}");
        assert!(summary(&results).contains("full-batch-memory: not measurable here on 2"));
        results["omissions"][0]["kind"] = json!("failed");
        assert_eq!(offences(&results).len(), 2);
    }

    #[test]
    fn a_verdict_without_an_interval_is_found() {
        for broken in [
            json!(null),
            json!({"estimate": 1.0, "low": 2.0, "high": 3.0}),
            json!({"estimate": 1.0}),
            json!({"estimate": 1.0, "low": "one", "high": 2.0}),
        ] {
            let mut results = complete();
            results["claims"][0]["effect"] = broken;
            let found = offences(&results);
            assert!(
                found[0].contains("`scale-mismatch-hurts` on \"wine\": the interval is"),
                "{found:?}"
            );
        }
        let mut results = complete();
        results["claims"][0]["verdict"] = json!("maybe");
        assert!(offences(&results)[0].contains("the verdict is \"maybe\""));
    }

    #[test]
    fn an_open_end_is_an_interval_and_two_are_no_verdict() {
        let mut results = complete();
        results["claims"][0]["effect"] = json!({"estimate": null, "low": 1.5, "high": null});
        assert_eq!(offences(&results), [""; 0]);
        results["claims"][0]["effect"]["low"] = json!(null);
        assert!(
            offences(&results)[0]
                .ends_with("the verdict is \"supported\", from an interval without ends")
        );
        results["claims"][0]["verdict"] = json!("inconclusive");
        assert_eq!(offences(&results), [""; 0]);
    }

    #[test]
    fn a_missing_file_says_what_to_do() {
        let message = verify(Path::new("no/such/folder/results.json")).unwrap_err();
        assert!(
            message.contains("run `cargo xtask experiment` first"),
            "{message}"
        );
    }
}
