//! `cargo xtask bench --accuracy`: what `smallbatch advise` gets out of tables, held against scikit-learn.
//!
//! Here the program is built, the population written to files, and scikit-learn installed beside the other peers. The rest is
//! done by `benches/peers/accuracy/accuracy.py`: splits, trainings, and, with the SciPy that scikit-learn brings, the statistics.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, pass_on, root};
use crate::output::{say, warn};
use crate::peers::install::{Installer, program, visible};

const HELP: &str = "\
usage: cargo xtask bench --accuracy [OPTIONS]

Trains on the 38 tables of the population with `smallbatch advise`, given nothing but file and target, and
with scikit-learn: its MLP with its defaults and with early stopping, ridge or logistic regression, and
gradient boosting. Compares losses on held-out rows and processor time. Finished cells are kept in
target/accuracy, so an interrupted run goes on; those of smallbatch are kept for one build of it.

  --splits N        splits of each table into 75 % and 25 % of its rows [10]
  --tables NAMES    such as iris,yacht; all by default
  --data-dir DIR    tables to use instead: CSV files
  --target NAMES    a table's target is the first of these columns that it has; else its last column
  --ignore NAMES    columns to leave out where they are
  --program FILE    a smallbatch to use instead of this repository's
  --markdown        print the tables for docs/own-table.md";

/// The example of `smallbatch-data` that writes the population.
const EXPORT: &str = "export_population";

/// What the scripts import.
const PACKAGES: [&str; 3] = ["scikit-learn", "scipy", "numpy"];

/// Whether the words after `bench` ask for the accuracy.
pub(crate) fn is_meant(arguments: &[String]) -> bool {
    let of_cargo = arguments.iter().take_while(|word| *word != "--");
    of_cargo.into_iter().any(|word| word == "--accuracy")
}

/// The verb: the exit code of the comparison, 1 where it cannot begin, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if arguments.iter().any(|word| word == "--help") {
        say(HELP);
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(message) => {
            warn(&format!("xtask: {message}\n\n{HELP}"));
            return ExitCode::from(2);
        }
    };
    match comparison(&options) {
        Ok(command) => pass_on(command),
        Err(message) => {
            warn(&format!("accuracy: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// The words after `bench`, understood.
#[derive(Debug, Default, PartialEq)]
struct Options {
    /// This repository's program where none is named.
    program: Option<PathBuf>,
    /// The population's where none is named.
    tables_in: Option<PathBuf>,
    /// Words for the script.
    passed_on: Vec<String>,
}

impl Options {
    /// Options from the words, or a sentence that says which word is wrong and why.
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || {
                let value = attached.clone().or_else(|| words.next().cloned());
                value
                    .filter(|value| !value.is_empty() && !value.starts_with("--"))
                    .ok_or_else(|| format!("`{flag}` needs a value"))
            };
            match flag {
                "--accuracy" => {}
                "--markdown" => options.passed_on.push(word.clone()),
                "--tables" | "--target" | "--ignore" => {
                    options.passed_on.extend([flag.to_owned(), value()?]);
                }
                "--splits" => {
                    let splits = value()?;
                    if splits.parse::<u32>().is_ok_and(|splits| splits > 0) {
                        options.passed_on.extend([flag.to_owned(), splits]);
                    } else {
                        return Err(format!(
                            "`--splits` is `{splits}`; it must be a whole number above 0"
                        ));
                    }
                }
                "--data-dir" => options.tables_in = Some(there(flag, &value()?, Path::is_dir)?),
                "--program" => options.program = Some(there(flag, &value()?, Path::is_file)?),
                _ => return Err(format!("`bench --accuracy` has no option `{flag}`")),
            }
        }
        Ok(options)
    }
}

fn there(flag: &str, value: &str, is_there: fn(&Path) -> bool) -> Result<PathBuf, String> {
    let path = PathBuf::from(value);
    if is_there(&path) {
        Ok(path)
    } else {
        Err(format!("`{flag}` is `{value}`, which is not there"))
    }
}

/// Gets all that the comparison needs, and says how it is started.
fn comparison(options: &Options) -> Result<Command, String> {
    let installer = Installer::new()?;
    let folder = installer.target().join("accuracy");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let smallbatch = match &options.program {
        Some(program) => program.clone(),
        None => smallbatch(&installer)?,
    };
    let tables = match &options.tables_in {
        Some(tables) => tables.clone(),
        None => population(&installer, folder.join("tables"))?,
    };
    warn("accuracy: installing scikit-learn");
    let mut command = Command::new(installer.python(&PACKAGES)?);
    command
        .arg(scripts().join("accuracy.py"))
        .arg("--folder")
        .arg(folder)
        .arg("--data-dir")
        .arg(tables)
        .arg("--program")
        .arg(smallbatch)
        .args(&options.passed_on);
    Ok(command)
}

/// Builds the program as `cargo xtask advise` does. With an example in the same build it would be another program: the
/// packages of tests change the features of others.
fn smallbatch(installer: &Installer) -> Result<PathBuf, String> {
    release(&["--package", "smallbatch-cli", "--bin", "smallbatch"])?;
    Ok(program(&installer.target().join("release"), "smallbatch"))
}

/// Writes the tables of the population into the folder.
fn population(installer: &Installer, folder: PathBuf) -> Result<PathBuf, String> {
    release(&[
        "--package",
        "smallbatch-data",
        "--features",
        "population",
        "--example",
        EXPORT,
    ])?;
    let examples = installer.target().join("release").join("examples");
    let mut export = Command::new(program(&examples, EXPORT));
    export.arg(&folder);
    visible(export)?;
    Ok(folder)
}

fn release(what: &[&str]) -> Result<(), String> {
    let mut build = cargo();
    build
        .args(["build", "--release"])
        .args(what)
        .current_dir(root());
    visible(build)
}

fn scripts() -> PathBuf {
    root().join("benches").join("peers").join("accuracy")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Options, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn accuracy_is_meant_before_the_words_for_criterion() {
        let meant = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            is_meant(&words)
        };
        assert!(meant(&["--accuracy", "--splits", "3"]));
        assert!(!meant(&["--peers"]) && !meant(&["--", "--accuracy"]));
    }

    #[test]
    fn the_scripts_get_what_only_they_understand() {
        assert_eq!(parse("--accuracy"), Ok(Options::default()));
        let options = parse("--accuracy --splits=3 --tables iris,yacht --markdown --data-dir .");
        let options = options.unwrap();
        assert_eq!(
            options.passed_on,
            ["--splits", "3", "--tables", "iris,yacht", "--markdown"]
        );
        assert_eq!(options.tables_in.as_deref(), Some(Path::new(".")));
    }

    #[test]
    fn a_wrong_word_is_named() {
        for (words, message) in [
            (
                "--accuracy --split 3",
                "`bench --accuracy` has no option `--split`",
            ),
            (
                "--accuracy --splits 0",
                "`--splits` is `0`; it must be a whole number above 0",
            ),
            ("--accuracy --tables --markdown", "`--tables` needs a value"),
            (
                "--accuracy --data-dir nowhere",
                "`--data-dir` is `nowhere`, which is not there",
            ),
        ] {
            assert_eq!(parse(words), Err(message.to_owned()));
        }
    }

    #[test]
    fn the_script_is_there_and_every_package_has_its_pin() {
        assert!(scripts().join("accuracy.py").is_file());
        let pins = root().join("benches/peers/python/requirements.txt");
        let pins = std::fs::read_to_string(pins).unwrap();
        for package in PACKAGES {
            let pinned = format!("{package}==");
            assert!(
                pins.lines().any(|line| line.starts_with(&pinned)),
                "{package}"
            );
        }
    }
}
