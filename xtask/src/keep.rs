//! The results that the program carries: what predictions for a new table, README and docs quote.
//!
//! `cargo xtask keep DIR` takes `DIR/results.json` of a thorough run into `crates/lab/results/thorough.json`, without what only
//! pictures need: trajectories, landscapes, the effects of single repetitions, and what tables say to secondary questions.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::answers;
use crate::cargo::root;
use crate::output::{say, warn};

/// Where it is kept.
const KEPT: &str = "crates/lab/results/thorough.json";

/// Lists of the results that are emptied.
const LEFT_OUT: [&str; 3] = ["ways", "effects", "landscapes"];

/// The verb: exit code 0 when it is kept, 1 when not, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [folder] = arguments else {
        warn(
            "xtask: usage: cargo xtask keep DIR, the folder that `experiment --thorough --out DIR` wrote",
        );
        return ExitCode::from(2);
    };
    match keep(&Path::new(folder).join("results.json"), &root().join(KEPT)) {
        Ok(()) => {
            say(&format!("kept in {KEPT}"));
            ExitCode::SUCCESS
        }
        Err(message) => {
            warn(&format!("keep: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn keep(from: &Path, to: &Path) -> Result<(), String> {
    let failed =
        |file: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    answers::check(from)?;
    let text = std::fs::read_to_string(from).map_err(|error| failed(from, &error))?;
    let mut results: Value = serde_json::from_str(&text).map_err(|error| failed(from, &error))?;
    let design = &results["design"];
    if design["size"] != "thorough" || design["n_complete"] != design["n_repetitions"] {
        return Err(failed(from, &"it is no complete thorough run"));
    }
    for list in LEFT_OUT {
        results[list] = Value::Array(Vec::new());
    }
    if let Some(tables) = results["tables"].as_array_mut() {
        tables.retain(|row| row["primary"] == true);
    }
    // It is of the text that was, and this is another.
    if let Some(members) = results.as_object_mut() {
        members.remove("checksum");
    }
    let mut text = serde_json::to_string_pretty(&results).map_err(|error| failed(to, &error))?;
    text.push('\n');
    std::fs::write(to, text).map_err(|error| failed(to, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_thorough_run_is_kept_and_without_its_trajectories() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (
            folder.path().join("results.json"),
            folder.path().join("kept.json"),
        );
        let mut results = answers::tests::complete();
        results["ways"] = serde_json::json!([1, 2]);
        results["tables"] = serde_json::json!([{"primary": false}, {"primary": true}]);
        results["design"] =
            serde_json::json!({"size": "thorough", "n_complete": 4, "n_repetitions": 8});
        std::fs::write(&from, results.to_string()).unwrap();
        assert!(
            keep(&from, &to)
                .unwrap_err()
                .ends_with("it is no complete thorough run")
        );
        results["design"]["n_complete"] = 8.into();
        std::fs::write(&from, results.to_string()).unwrap();
        keep(&from, &to).unwrap();
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(&to).unwrap()).unwrap();
        assert_eq!(kept["ways"], serde_json::json!([]));
        assert_eq!(kept["tables"], serde_json::json!([{"primary": true}]));
        assert_eq!(kept["answers"], results["answers"]);
    }
}
