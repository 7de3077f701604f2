//! Tidiness: what a reviewer should not have to look for.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of a crate is one idea. This bound is generous: most files stay under 400 lines without their tests.
const MOST_LINES: usize = 700;

/// Files that must exist, from the root.
const NEEDED: [&str; 7] = [
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    ".ci/run",
    ".github/workflows/ci.yml",
];

/// Commands that the README promises and `.ci/run` runs: the two must not drift apart.
const PROMISED: [&str; 2] = ["cargo test --workspace", "cargo xtask experiment --quick"];

/// Macros that must not reach a commit.
const LEFTOVERS: [&str; 3] = ["todo!(", "unimplemented!(", "dbg!("];

/// Macros that panic where a stream cannot be written to: a library prints nothing, and a program has its own way to.
const PRINTS: [&str; 2] = ["print!(", "println!("];

/// Checks the repository at `root`; the error lists every offence, one a line.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let offences =
        offences(root).map_err(|error| format!("tidy: cannot read the repository: {error}"))?;
    if offences.is_empty() {
        Ok(())
    } else {
        Err(offences.join("\n"))
    }
}

fn offences(root: &Path) -> std::io::Result<Vec<String>> {
    let mut offences = Vec::new();
    for name in NEEDED {
        if !root.join(name).is_file() {
            offences.push(format!("{name} is missing"));
        }
    }
    for name in ["README.md", ".ci/run"] {
        let text = fs::read_to_string(root.join(name)).unwrap_or_default();
        for command in PROMISED {
            if !text.contains(command) {
                offences.push(format!(
                    "{name} does not have `{command}`; README.md and .ci/run must agree"
                ));
            }
        }
    }
    for file in files_of(&root.join(".github/workflows"), "yml")? {
        let text = fs::read_to_string(&file)?;
        offences.extend(offences_in_workflow(&shown(root, &file), &text));
    }
    let mut crates = folders(&root.join("crates"))?;
    crates.push(root.join("benches"));
    for folder in crates {
        let source = folder.join("src");
        let files = rust_files(&source)?;
        for front_page in ["lib.rs", "main.rs"].map(|name| source.join(name)) {
            if files.contains(&front_page) && !fs::read_to_string(&front_page)?.starts_with("//!") {
                offences.push(format!(
                    "{} does not open with `//!`, the crate's essay",
                    shown(root, &front_page)
                ));
            }
        }
        for file in files {
            offences.extend(offences_in(
                &shown(root, &file),
                &fs::read_to_string(&file)?,
            ));
        }
    }
    Ok(offences)
}

/// What is wrong within one file.
fn offences_in(name: &str, text: &str) -> Vec<String> {
    let mut offences = Vec::new();
    let n_lines = text.lines().count();
    if n_lines > MOST_LINES {
        offences.push(format!(
            "{name} has {n_lines} lines, more than {MOST_LINES}: it is more than one idea; part it"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        for leftover in LEFTOVERS {
            if line.contains(leftover) {
                offences.push(format!(
                    "{name}:{}: `{leftover}…)` is left over",
                    number + 1
                ));
            }
        }
        let is_comment = line.trim_start().starts_with("//");
        if !is_comment && PRINTS.iter().any(|print| line.contains(print)) {
            offences.push(format!(
                "{name}:{}: it prints, and panics where it cannot",
                number + 1
            ));
        }
    }
    offences
}

/// Commands that YAML reads as a key with a value: the whole workflow would be refused.
fn offences_in_workflow(name: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let is_key = |line: &str| line.contains(": ") || line.ends_with(':');
    let commands = lines.filter_map(|(at, line)| {
        let line = line.trim().trim_start_matches("- ");
        Some((at, line.strip_prefix("run: ")?.trim_end()))
    });
    commands
        .filter(|(_, command)| !command.starts_with(['"', '\'']) && is_key(command))
        .map(|(at, command)| {
            format!(
                "{name}:{}: YAML reads `{command}` as a key; write it below `run: |`",
                at + 1
            )
        })
        .collect()
}

fn shown(root: &Path, file: &Path) -> String {
    // With `/` on every system, so that the message reads as a path in the repository.
    file.strip_prefix(root)
        .unwrap_or(file)
        .display()
        .to_string()
        .replace('\\', "/")
}

fn folders(of: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(of)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    found.retain(|path| path.is_dir());
    found.sort();
    Ok(found)
}

/// The files of a folder with that ending.
fn files_of(folder: &Path, ending: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    found.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == ending)
    });
    found.sort();
    Ok(found)
}

fn rust_files(under: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::root;

    #[test]
    fn this_repository_is_tidy() {
        assert_eq!(check(root()), Ok(()));
    }

    /// A small tidy repository.
    fn tidy_house() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for name in NEEDED {
            write(name, &PROMISED.join("\n"));
        }
        write("crates/mlp/src/lib.rs", "//! The network.\n");
        write("crates/mlp/src/loss/huber.rs", "fn huber() {}\n");
        write("benches/src/lib.rs", "//! Fixtures.\n");
        folder
    }

    #[test]
    fn a_tidy_house_passes() {
        assert_eq!(check(tidy_house().path()), Ok(()));
    }

    #[test]
    fn each_offence_is_found_and_named() {
        let long = "x\n".repeat(MOST_LINES + 1);
        for (name, text, offence) in [
            (
                "crates/mlp/src/lib.rs",
                "mod loss;\n",
                "crates/mlp/src/lib.rs does not open with `//!`",
            ),
            (
                "crates/mlp/src/loss/huber.rs",
                long.as_str(),
                "crates/mlp/src/loss/huber.rs has 701 lines",
            ),
            (
                "crates/mlp/src/loss/huber.rs",
                concat!("fn huber() {\n    to", "do!()\n}\n"),
                concat!("crates/mlp/src/loss/huber.rs:2: `to", "do!("),
            ),
            (
                "crates/mlp/src/loss/huber.rs",
                "/// println!(\"in a comment\")\nfn huber() {\n    eprint!(\"1\")\n}\n",
                "crates/mlp/src/loss/huber.rs:3: it prints",
            ),
            (
                "README.md",
                "cargo xtask experiment --quick --out DIR",
                "README.md does not have `cargo test --workspace`",
            ),
            (
                ".github/workflows/ci.yml",
                "cargo test --workspace\ncargo xtask experiment --quick\n      - run: cargo miri test --lib team::\n",
                ".github/workflows/ci.yml:3: YAML reads `cargo miri test --lib team::` as a key",
            ),
            (
                ".ci/run",
                "cargo test --workspace",
                ".ci/run does not have `cargo xtask experiment --quick`",
            ),
        ] {
            let house = tidy_house();
            fs::write(house.path().join(name), text).unwrap();
            let found = check(house.path()).unwrap_err();
            assert!(
                found.starts_with(offence) && found.lines().count() == 1,
                "{found}"
            );
        }
    }

    #[test]
    fn a_missing_licence_is_found() {
        let house = tidy_house();
        fs::remove_file(house.path().join("LICENSE-MIT")).unwrap();
        assert_eq!(check(house.path()), Err("LICENSE-MIT is missing".into()));
    }
}
