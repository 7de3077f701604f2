//! Who may import whom: the table below, and the check that `cargo metadata` agrees with it.
//!
//! Every kind of dependency counts: normal, dev and build. A test that reached around the order of the crates would
//! bring back the knot that the order keeps out.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::cargo::cargo;

/// Each member of the workspace, and the members it may depend on. Nothing else may exist.
const ALLOWED: [(&str, &[&str]); 20] = [
    ("smallbatch-base", &[]),
    ("smallbatch-files", &[]),
    ("smallbatch-preprocess", &["smallbatch-base"]),
    ("smallbatch-mlp", &["smallbatch-base"]),
    ("smallbatch-predict", &["smallbatch-base"]),
    (
        "smallbatch-data",
        &[
            "smallbatch-base",
            "smallbatch-files",
            "smallbatch-preprocess",
        ],
    ),
    (
        "smallbatch-train",
        &[
            "smallbatch-base",
            "smallbatch-files",
            "smallbatch-preprocess",
            "smallbatch-mlp",
            "smallbatch-data",
        ],
    ),
    (
        "smallbatch-sweep",
        &[
            "smallbatch-base",
            "smallbatch-files",
            "smallbatch-preprocess",
            "smallbatch-mlp",
            "smallbatch-data",
            "smallbatch-train",
        ],
    ),
    (
        "smallbatch-export",
        &["smallbatch-base", "smallbatch-predict"],
    ),
    (
        "smallbatch-pipeline",
        &[
            "smallbatch-base",
            "smallbatch-files",
            "smallbatch-preprocess",
            "smallbatch-mlp",
            "smallbatch-predict",
            "smallbatch-data",
            "smallbatch-train",
        ],
    ),
    ("smallbatch-fetch", &["smallbatch-data"]),
    ("smallbatch-evidence", &[]),
    (
        "smallbatch-report",
        &["smallbatch-base", "smallbatch-files", "smallbatch-evidence"],
    ),
    ("smallbatch-lab", EXPERIMENTS),
    ("smallbatch-advice", EXPERIMENTS),
    ("smallbatch", LIBRARIES),
    ("smallbatch-cli", &["smallbatch"]),
    (
        "smallbatch-benches",
        &[
            "smallbatch-base",
            "smallbatch-preprocess",
            "smallbatch-mlp",
            "smallbatch-predict",
            "smallbatch-data",
            "smallbatch-train",
            "smallbatch-pipeline",
            "smallbatch",
            "peer-protocol",
        ],
    ),
    ("peer-protocol", &[]),
    ("xtask", &[]),
];

/// What experiments and advice stand on.
const EXPERIMENTS: &[&str] = &[
    "smallbatch-base",
    "smallbatch-files",
    "smallbatch-preprocess",
    "smallbatch-mlp",
    "smallbatch-predict",
    "smallbatch-data",
    "smallbatch-train",
    "smallbatch-pipeline",
    "smallbatch-sweep",
    "smallbatch-evidence",
    "smallbatch-report",
];

/// All of them.
const LIBRARIES: &[&str] = &[
    "smallbatch-base",
    "smallbatch-files",
    "smallbatch-preprocess",
    "smallbatch-mlp",
    "smallbatch-predict",
    "smallbatch-export",
    "smallbatch-data",
    "smallbatch-fetch",
    "smallbatch-train",
    "smallbatch-pipeline",
    "smallbatch-sweep",
    "smallbatch-evidence",
    "smallbatch-report",
    "smallbatch-lab",
    "smallbatch-advice",
];

/// Edges that may exist behind a feature only, so that the default build does without them.
const OPTIONAL: [(&str, &str); 7] = [
    ("smallbatch", "smallbatch-export"),
    ("smallbatch", "smallbatch-fetch"),
    ("smallbatch", "smallbatch-sweep"),
    ("smallbatch", "smallbatch-evidence"),
    ("smallbatch", "smallbatch-report"),
    ("smallbatch", "smallbatch-lab"),
    ("smallbatch", "smallbatch-advice"),
];

/// Checks the workspace at `root`; the error lists every offence, one a line.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot start cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata wrote what is not JSON: {error}"))?;
    let offences = offences(&metadata);
    if offences.is_empty() {
        Ok(())
    } else {
        Err(offences.join("\n"))
    }
}

/// Every edge between members that the table does not allow, every member the table does not know, and every entry of
/// the table that is no member.
fn offences(metadata: &Value) -> Vec<String> {
    let Some(packages) = metadata["packages"].as_array() else {
        return vec!["cargo metadata names no packages".into()];
    };
    let members: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut offences = Vec::new();
    for (name, _) in ALLOWED {
        if !members.contains(name) {
            offences.push(format!(
                "`{name}` is in the table of xtask/src/edges.rs and not in the workspace"
            ));
        }
    }
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(member, _)| *member == name) else {
            offences.push(format!(
                "`{name}` is a new member: say in xtask/src/edges.rs what it may import"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // `name` is the package's own, whatever the dependency is renamed to.
            let target = dependency["name"].as_str().unwrap_or_default();
            if !members.contains(target) {
                continue;
            }
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            if !allowed.contains(&target) {
                let may = if allowed.is_empty() {
                    "no sibling".into()
                } else {
                    allowed.join(", ")
                };
                offences.push(format!(
                    "`{name}` imports `{target}` ({kind} dependency); it may import {may}"
                ));
            } else if OPTIONAL.contains(&(name, target)) && dependency["optional"] != true {
                offences.push(format!("`{name}` imports `{target}` ({kind} dependency) always; it may behind a feature"));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::root;
    use serde_json::json;

    /// What `cargo metadata` would say about a workspace with exactly the allowed edges.
    fn house() -> Value {
        let packages: Vec<Value> = ALLOWED
            .iter()
            .map(|(name, allowed)| {
                let dependencies: Vec<Value> = allowed
                    .iter()
                    .map(|target| {
                        let optional = OPTIONAL.contains(&(*name, *target));
                        json!({"name": target, "kind": null, "optional": optional})
                    })
                    .chain([json!({"name": "serde", "kind": null, "optional": false})])
                    .collect();
                json!({"name": name, "dependencies": dependencies})
            })
            .collect();
        json!({"packages": packages})
    }

    fn add_edge(metadata: &mut Value, from: &str, dependency: Value) {
        let packages = metadata["packages"].as_array_mut().unwrap();
        let package = packages
            .iter_mut()
            .find(|package| package["name"] == from)
            .unwrap();
        package["dependencies"]
            .as_array_mut()
            .unwrap()
            .push(dependency);
    }

    #[test]
    fn this_repository_keeps_to_the_table() {
        assert_eq!(check(root()), Ok(()));
    }

    #[test]
    fn the_allowed_edges_are_allowed() {
        assert_eq!(offences(&house()), [""; 0]);
    }

    #[test]
    fn a_forbidden_edge_of_any_kind_is_found() {
        for kind in [Value::Null, json!("dev"), json!("build")] {
            let mut broken = house();
            add_edge(
                &mut broken,
                "smallbatch-mlp",
                json!({"name": "smallbatch-data", "kind": kind, "rename": "tables", "optional": true}),
            );
            let found = offences(&broken);
            assert_eq!(found.len(), 1, "{found:?}");
            let kind = kind.as_str().unwrap_or("normal");
            assert_eq!(
                found[0],
                format!(
                    "`smallbatch-mlp` imports `smallbatch-data` ({kind} dependency); it may import smallbatch-base"
                )
            );
        }
    }

    #[test]
    fn an_edge_that_must_be_optional_is_found_when_it_is_not() {
        let mut broken = house();
        add_edge(
            &mut broken,
            "smallbatch",
            json!({"name": "smallbatch-lab", "kind": null, "optional": false}),
        );
        assert_eq!(
            offences(&broken),
            [
                "`smallbatch` imports `smallbatch-lab` (normal dependency) always; it may behind a feature"
            ]
        );
    }

    #[test]
    fn members_and_table_must_agree() {
        let mut broken = house();
        let packages = broken["packages"].as_array_mut().unwrap();
        packages.retain(|package| package["name"] != "smallbatch-lab");
        packages.push(json!({"name": "smallbatch-gpu", "dependencies": []}));
        let found = offences(&broken);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("`smallbatch-lab` is in the table"),
            "{found:?}"
        );
        assert!(
            found[1].starts_with("`smallbatch-gpu` is a new member"),
            "{found:?}"
        );
    }

    #[test]
    fn the_table_has_no_cycle() {
        // A member may import only members that stand before it, if there is an order at all.
        let mut placed: BTreeSet<&str> = BTreeSet::new();
        while placed.len() < ALLOWED.len() {
            let before = placed.len();
            for (name, allowed) in ALLOWED {
                if allowed.iter().all(|target| placed.contains(target)) {
                    placed.insert(name);
                }
            }
            assert!(
                placed.len() > before,
                "a cycle among the members outside {placed:?}"
            );
        }
    }
}
