//! `examples/onnx/price.py`, on a model of a small table with the diamonds' columns: it must print what `smallbatch predict` says of its row.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cargo::{cargo, root};
use crate::portable::guide;
use crate::portable::ran;

/// The row of the script.
const ROW: &str =
    "carat,cut,color,clarity,depth,table,x,y,z\n0.7,Ideal,E,VS1,61.5,55,5.7,5.7,3.5\n";
/// Digits that the script prints and those that `predict` prints.
const TOLERANCE: f64 = 1e-5;

/// Runs the commands of docs/production.md that come before the script, and the script; what both predict.
pub(super) fn check(folder: &Path, python: &Path) -> Result<String, String> {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    };
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    write("diamonds.csv", &guide::diamonds())?;
    write("row.csv", ROW)?;
    let smallbatch = |words: &[&str]| {
        let mut command = cargo();
        command
            .current_dir(folder)
            .args(["run", "--quiet", "--release", "--manifest-path"])
            .arg(root().join("Cargo.toml"))
            .args(["--package", "smallbatch-cli", "--bin", "smallbatch", "--"])
            .args(words);
        ran(command)
    };
    smallbatch(&["train", "diamonds.csv", "--target", "price"])?;
    smallbatch(&["export", "out", "--onnx", "diamonds.onnx"])?;
    let predicted = smallbatch(&["predict", "out", "row.csv"])?;
    let mut script = Command::new(python);
    script
        .current_dir(folder)
        .arg(root().join("examples/onnx/price.py"))
        .arg("diamonds.onnx");
    let printed = ran(script)?;
    compare(&predicted, &printed)
}

/// A prediction and the ends of its interval, as `predict` and the script print them.
fn compare(predicted: &str, printed: &str) -> Result<String, String> {
    let numbers = |text: &str, between: &[char]| -> Vec<f64> {
        let words = text.split(between).map(str::trim);
        words.filter_map(|word| word.parse().ok()).collect()
    };
    // The first number is the row's line.
    let ours = numbers(predicted.lines().nth(1).unwrap_or_default(), &[',']);
    let ours = ours.get(1..).unwrap_or_default();
    let theirs = numbers(printed, &[' ', '(', ')']);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE * a.abs().max(1.0);
    if ours.len() == 3 && theirs.len() == 3 && ours.iter().zip(&theirs).all(near) {
        Ok(printed.trim().to_owned())
    } else {
        Err(format!(
            "price.py prints {theirs:?}, and `smallbatch predict` {ours:?}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_must_be_the_same() {
        let predicted = "line,prediction,low,high\n2,3249.581,2496.16,4003\n";
        assert_eq!(
            compare(predicted, "3249.58 (2496.16 to 4003.00)\n").unwrap(),
            "3249.58 (2496.16 to 4003.00)"
        );
        for printed in [
            "3249.58 (2496.16 to 4003.10)",
            "3249.68 (2496.16 to 4003.00)",
            "3249.58",
            "",
        ] {
            assert!(compare(predicted, printed).is_err(), "{printed}");
        }
        assert!(compare("", "").is_err());
    }
}
