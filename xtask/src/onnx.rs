//! Whether onnxruntime predicts what smallbatch does.
//!
//! An example of `smallbatch-export` writes random models as ONNX, with rows and its own predictions. `onnx/check.py` reads the rows as a user
//! would, has `onnx.checker` look at each file and onnxruntime predict, and compares. Then `examples/onnx/price.py` runs as docs/production.md
//! says.

mod price;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, pass_on, root};
use crate::output::{say, warn};
use crate::peers::install::{Installer, visible};

const HELP: &str = "\
usage: cargo xtask onnx [COUNT]

Exports COUNT (200) random models to ONNX, with missing cells, unseen categories and dates, checks each file with
onnx.checker, has onnxruntime predict 50 rows of each, and compares with smallbatch's own predictions and intervals, to 1e-5.
Then trains and exports a small table, and runs examples/onnx/price.py.
Installs onnx and onnxruntime into target/peers/venv.";

/// Enough for every scaling with every activation and every target: they come round after 4, 9 and 15.
const COUNT: u32 = 200;

/// What the script imports.
const PACKAGES: [&str; 3] = ["onnx", "onnxruntime", "numpy"];

/// The verb: the exit code of the comparison, 1 where it cannot begin, 2 when it was asked wrongly.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let count = match arguments {
        [] => COUNT,
        [word] if word == "--help" => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        [word] if word.parse::<u32>().is_ok_and(|count| count > 0) => word.parse().unwrap_or(COUNT),
        words => {
            let words = words.join(" ");
            warn(&format!(
                "xtask: `onnx` takes a number, and was given `{words}`\n\n{HELP}"
            ));
            return ExitCode::from(2);
        }
    };
    match compared(count) {
        Ok(code) => code,
        Err(message) => {
            warn(&format!("onnx: {message}"));
            ExitCode::FAILURE
        }
    }
}

/// The exit code of the comparison; where it passed, that of the script.
fn compared(count: u32) -> Result<ExitCode, String> {
    let installer = Installer::new()?;
    let folder = installer.target().join("onnx");
    let python = prepared(&installer, &folder, count)?;
    let mut command = Command::new(&python);
    command.arg(script()).arg(&folder);
    let code = pass_on(command);
    if code == ExitCode::SUCCESS {
        let printed = price::check(&folder.join("price"), &python)?;
        say(&format!(
            "examples/onnx/price.py prints {printed}, as `smallbatch predict` does"
        ));
    }
    Ok(code)
}

/// Writes all that the comparison needs, and says which Python has its packages.
fn prepared(installer: &Installer, folder: &Path, count: u32) -> Result<PathBuf, String> {
    emptied(folder).map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    let mut write = cargo();
    write
        .args(["run", "--quiet", "--package", "smallbatch-export"])
        .args(["--example", "onnx_cases", "--"])
        .arg(folder)
        .arg(count.to_string())
        .current_dir(root());
    visible(write)?;
    warn("onnx: installing onnx and onnxruntime");
    installer.python(&PACKAGES)
}

/// Without what an earlier run left.
fn emptied(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)
}

fn script() -> std::path::PathBuf {
    root()
        .join("xtask")
        .join("src")
        .join("onnx")
        .join("check.py")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::install::check_pins;

    #[test]
    fn every_package_of_the_script_has_its_pin() {
        assert!(script().is_file());
        check_pins(
            &root().join("benches/peers/python/requirements.txt"),
            &PACKAGES,
        );
    }

    #[test]
    fn wrong_words_are_refused_before_anything_is_built() {
        for words in [&["no"][..], &["0"], &["-3"], &["3", "4"]] {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            assert_eq!(run(&words), ExitCode::from(2));
        }
    }

    #[test]
    fn what_an_earlier_run_left_is_gone() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("onnx");
        emptied(&folder).unwrap();
        std::fs::write(folder.join("0000.onnx"), "old").unwrap();
        emptied(&folder).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}
