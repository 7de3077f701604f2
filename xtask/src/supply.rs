//! What a release would bring with it: licences and sources of dependencies, dependencies that no code uses, what is in each package and in the
//! program, and whether the public interface still suits its version.
//!
//! Each step has one tool, from `target/tools/bin` or the path. A step whose tool is missing fails, and says how it is installed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use serde_json::Value;

use crate::cargo::{cargo, root};
use crate::output::{say, warn};

const HELP: &str = "\
usage: cargo xtask supply [STEP…] [--verify]

  licences   licences, bans and sources of all dependencies, by deny.toml  (cargo-deny)
  unused     dependencies that no code uses  (cargo-shear)
  packages   what is released of each crate; with --verify each is built from it, which takes minutes
  sbom       the list of what is in the program: target/supply/smallbatch.cdx.json  (cargo-cyclonedx)
  semver     the public interface against the last tag  (cargo-semver-checks)

Known defects of dependencies are looked up by the weekly workflow: `cargo deny check advisories` needs their database.
A tool that is missing is installed by `cargo install --locked --root target/tools TOOL`.";

/// Workspaces with a lock file of their own.
const WORKSPACES: [&str; 3] = [".", "fuzz", "examples/service"];

struct Step {
    name: &'static str,
    /// The tool that it needs beside cargo.
    tool: Option<&'static str>,
    /// What it found, in words, or what is wrong.
    check: fn(&Asked) -> Result<String, String>,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    steps: Vec<&'static str>,
    verify: bool,
}

const STEPS: [Step; 5] = [
    Step {
        name: "licences",
        tool: Some("cargo-deny"),
        check: licences,
    },
    Step {
        name: "unused",
        tool: Some("cargo-shear"),
        check: unused,
    },
    Step {
        name: "packages",
        tool: None,
        check: packages,
    },
    Step {
        name: "sbom",
        tool: Some("cargo-cyclonedx"),
        check: sbom,
    },
    Step {
        name: "semver",
        // Looked for where there is a tag.
        tool: None,
        check: semver,
    },
];

/// The verb: exit code 1 where a step failed or could not be run, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|argument| argument == "--help") {
        say(HELP);
        return ExitCode::SUCCESS;
    }
    let asked = match asked(arguments) {
        Ok(asked) => asked,
        Err(message) => {
            warn(&format!("supply: {message}\n\n{HELP}"));
            return ExitCode::from(2);
        }
    };
    let mut failed = Vec::new();
    for step in STEPS.iter().filter(|step| asked.steps.contains(&step.name)) {
        let start = Instant::now();
        let outcome = match step.tool {
            Some(tool) => installed(tool).and_then(|()| (step.check)(&asked)),
            None => (step.check)(&asked),
        };
        let seconds = start.elapsed().as_secs();
        match outcome {
            Ok(found) => say(&format!("supply: {}: {found} ({seconds} s)", step.name)),
            Err(reason) => {
                warn(&format!(
                    "supply: {}: FAILED: {reason} ({seconds} s)",
                    step.name
                ));
                failed.push(step.name);
            }
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    warn(&format!("supply: FAILED: {}", failed.join(", ")));
    ExitCode::FAILURE
}

fn asked(arguments: &[String]) -> Result<Asked, String> {
    let names = STEPS.map(|step| step.name);
    let mut asked = Asked {
        steps: Vec::new(),
        verify: false,
    };
    for argument in arguments {
        if argument == "--verify" {
            asked.verify = true;
            continue;
        }
        let name = names.iter().find(|name| *name == argument);
        let name = name.ok_or_else(|| {
            format!(
                "there is no step `{argument}`; there are {}",
                names.join(", ")
            )
        })?;
        asked.steps.push(name);
    }
    if asked.steps.is_empty() {
        asked.steps.extend(names);
    }
    Ok(asked)
}

/// Where tools are looked for: what is installed for this repository comes first.
fn search_path() -> OsString {
    let own = root().join("target/tools/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(own).chain(env::split_paths(&path));
    env::join_paths(all).unwrap_or(path)
}

fn installed(tool: &str) -> Result<(), String> {
    let name = format!("{tool}{}", env::consts::EXE_SUFFIX);
    if env::split_paths(&search_path()).any(|folder| folder.join(&name).is_file()) {
        return Ok(());
    }
    Err(format!(
        "{tool} is missing; install it: cargo install --locked --root target/tools {tool}"
    ))
}

/// cargo at the root, which finds the tools as its own verbs.
fn with_tools(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args(arguments)
        .env("PATH", search_path())
        .current_dir(root());
    command
}

fn passes(mut command: Command, way_out: &str) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(way_out.into()),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

fn printed(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| {
        format!(
            "cannot start `{}`: {error}",
            command.get_program().display()
        )
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

fn licences(_: &Asked) -> Result<String, String> {
    for workspace in WORKSPACES {
        let manifest = format!("{workspace}/Cargo.toml");
        let arguments = [
            "deny",
            "--manifest-path",
            &manifest,
            "--config",
            "deny.toml",
        ];
        let mut command = with_tools(&arguments);
        command.args(["check", "licenses", "bans", "sources"]);
        passes(
            command,
            &format!("{manifest}: see above; what may be a dependency is in deny.toml"),
        )?;
    }
    Ok(format!("{} workspaces", WORKSPACES.len()))
}

fn unused(_: &Asked) -> Result<String, String> {
    for workspace in WORKSPACES {
        passes(
            with_tools(&["shear", "--deny-warnings", workspace]),
            &format!(
                "{workspace}/Cargo.toml: take it out, or say in `[package.metadata.cargo-shear]` why it stays"
            ),
        )?;
    }
    Ok(format!("{} workspaces", WORKSPACES.len()))
}

/// What makes a release of a crate useless or unlawful, or is not meant for it.
fn packages(asked: &Asked) -> Result<String, String> {
    let metadata = printed(with_tools(&[
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]))?;
    let crates = released(&metadata)?;
    let mut n_files = 0;
    for name in &crates {
        let listed = printed(with_tools(&[
            "package",
            "--list",
            "--allow-dirty",
            "-p",
            name,
        ]))?;
        let files: Vec<&str> = listed.lines().collect();
        fit_to_release(&files).map_err(|reason| format!("{name}: {reason}"))?;
        n_files += files.len();
    }
    let mut publish = with_tools(&["publish", "--workspace", "--dry-run", "--allow-dirty"]);
    publish.arg("--quiet");
    if !asked.verify {
        publish.arg("--no-verify");
    }
    passes(publish, "a crate cannot be released; see above")?;
    let built = if asked.verify {
        ", each built from them"
    } else {
        ""
    };
    Ok(format!("{} crates of {n_files} files{built}", crates.len()))
}

/// The names of crates that are released.
fn released(metadata: &str) -> Result<Vec<String>, String> {
    let metadata: Value = serde_json::from_str(metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let is_released = |package: &&Value| {
        package["publish"]
            .as_array()
            .is_none_or(|to| !to.is_empty())
    };
    let name = |package: &Value| package["name"].as_str().map(ToOwned::to_owned);
    Ok(packages
        .iter()
        .filter(is_released)
        .filter_map(name)
        .collect())
}

/// Both licences ask that their text comes along; tests stay here.
fn fit_to_release(files: &[&str]) -> Result<(), String> {
    for needed in ["Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE"] {
        if !files.contains(&needed) {
            return Err(format!("{needed} would not be released"));
        }
    }
    let stranger = |file: &&&str| {
        let folder = Path::new(file).components().next();
        let folder = folder.map(|folder| folder.as_os_str().to_string_lossy());
        folder.is_some_and(|folder| ["tests", "benches", "target", "out"].contains(&&*folder))
    };
    match files.iter().find(stranger) {
        Some(file) => Err(format!("{file} would be released")),
        None => Ok(()),
    }
}

fn sbom(_: &Asked) -> Result<String, String> {
    let made = root().join("crates/cli/smallbatch.cdx.json");
    let mut command = with_tools(&["cyclonedx", "--format", "json"]);
    command
        .args(["--override-filename", "smallbatch.cdx"])
        .args(["--manifest-path", "crates/cli/Cargo.toml"]);
    passes(command, "see above")?;
    // It writes one beside the manifest of each crate of the workspace.
    let kept = kept_list(&made).map_err(|error| format!("{}: {error}", made.display()))?;
    let text = fs::read_to_string(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let n_crates = listed_crates(&text)?;
    Ok(format!("{n_crates} crates in {}", kept.display()))
}

/// Moves the program's list to `target/supply`, and removes those of the other crates.
fn kept_list(made: &Path) -> std::io::Result<PathBuf> {
    let folder = root().join("target/supply");
    fs::create_dir_all(&folder)?;
    let kept = folder.join("smallbatch.cdx.json");
    fs::rename(made, &kept)?;
    for folder in ["crates", "benches", "benches/peers", "."] {
        for entry in fs::read_dir(root().join(folder))? {
            let left = entry?.path().join("smallbatch.cdx.json");
            if left.is_file() {
                fs::remove_file(left)?;
            }
        }
    }
    Ok(kept)
}

/// How many crates a list names, each with its version and licence.
fn listed_crates(text: &str) -> Result<usize, String> {
    let list: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let crates = list["components"]
        .as_array()
        .ok_or("it has no components")?;
    if crates.is_empty() {
        return Err("it names no crate".into());
    }
    for one in crates {
        let has_licence = one["licenses"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        if one["version"].as_str().is_none() || !has_licence {
            return Err(format!("{} has no version or no licence", one["name"]));
        }
    }
    Ok(crates.len())
}

fn semver(_: &Asked) -> Result<String, String> {
    let mut describe = Command::new("git");
    describe
        .args(["tag", "--merged", "HEAD", "--sort=-creatordate"])
        .current_dir(root());
    let tags = printed(describe)?;
    let Some(tag) = tags.lines().next() else {
        return Ok("there is no tag yet to compare with".into());
    };
    installed("cargo-semver-checks")?;
    let mut command = with_tools(&["semver-checks", "--workspace", "--baseline-rev", tag]);
    command.args(["--exclude", "smallbatch-cli"]);
    passes(
        command,
        "the version does not say that the interface breaks; see above",
    )?;
    Ok(format!("suits the version since {tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_chosen_by_name() {
        let asked = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            super::asked(&words)
        };
        assert_eq!(asked(&[]).unwrap().steps.len(), STEPS.len());
        let one = asked(&["packages", "--verify"]).unwrap();
        assert_eq!((one.steps, one.verify), (vec!["packages"], true));
        assert!(asked(&["sboms"]).unwrap_err().contains("semver"));
    }

    #[test]
    fn a_missing_tool_is_named_with_the_way_to_it() {
        let missing = installed("cargo-no-such-tool").unwrap_err();
        assert!(
            missing.contains("cargo install --locked --root target/tools cargo-no-such-tool"),
            "{missing}"
        );
    }

    #[test]
    fn a_release_has_its_licences_and_no_tests() {
        let good = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "src/lib.rs"];
        assert_eq!(fit_to_release(&good), Ok(()));
        assert!(
            fit_to_release(&good[..2])
                .unwrap_err()
                .contains("LICENSE-MIT")
        );
        let with_test = [&good[..], &["tests/all.rs"]].concat();
        assert!(
            fit_to_release(&with_test)
                .unwrap_err()
                .contains("tests/all.rs")
        );
    }

    #[test]
    fn crates_that_are_not_published_are_left_out() {
        let metadata =
            r#"{"packages": [{"name": "a", "publish": null}, {"name": "b", "publish": []}]}"#;
        assert_eq!(released(metadata).unwrap(), ["a"]);
    }

    #[test]
    fn a_list_names_versions_and_licences() {
        let one = r#"{"name": "a", "version": "1.0.0", "licenses": [{"expression": "MIT"}]}"#;
        let list = |crates: &str| listed_crates(&format!(r#"{{"components": [{crates}]}}"#));
        assert_eq!(list(&format!("{one}, {one}")), Ok(2));
        assert!(list("").is_err());
        assert!(
            list(r#"{"name": "b", "version": "1.0.0"}"#)
                .unwrap_err()
                .contains('b')
        );
    }
}
