//! What the program says of itself.

use crate::support::{smallbatch, text};

#[test]
fn no_verb_shows_the_help() {
    let output = smallbatch(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("replicate"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_help_names_what_there_is_and_fits_a_terminal() {
    let output = smallbatch(&["run", "--help"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let help = text(&output.stdout);
    for word in [
        "scale-mismatch-hurts",
        "epochs-depend",
        "--quick",
        "--repetitions",
        "--base-seed",
        "--tables",
        "--threads",
        "--out",
        "report.html",
        "Ctrl-C",
    ] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    for flag in ["--verify", "--data", "--predict", "--coverage"] {
        assert!(!help.contains(flag), "{flag} is in\n{help}");
    }
}

#[test]
fn every_help_fits_the_terminal() {
    for verb in [
        "",
        "run",
        "verify",
        "replicate",
        "print",
        "report",
        "expect",
        "advise",
        "predict",
        "export",
        "data",
    ] {
        for columns in ["80", "100"] {
            let arguments = [verb, "--help"];
            let output = smallbatch(&arguments[usize::from(verb.is_empty())..])
                .env("COLUMNS", columns)
                .output()
                .unwrap();
            let help = text(&output.stdout);
            assert_eq!(output.status.code(), Some(0), "{help}");
            let widest = help.lines().map(|line| line.chars().count()).max();
            let columns: usize = columns.parse().unwrap();
            assert!(widest <= Some(columns), "{widest:?} columns:\n{help}");
        }
    }
}

#[test]
fn the_version_is_the_crates() {
    let output = smallbatch(&["--version"]).output().unwrap();
    assert_eq!(
        text(&output.stdout),
        concat!("smallbatch ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
