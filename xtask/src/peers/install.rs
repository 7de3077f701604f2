//! Getting the peers: a virtual environment for those in Python, a workspace of their own for those in Rust, all in
//! `target/peers`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cargo::{cargo, root};
use crate::output::warn;

/// One that is compared.
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) has_threads: bool,
    kind: Kind,
}

enum Kind {
    /// smallbatch, a program of this workspace.
    House(&'static str),
    /// A script in `benches/peers/python`, and what it imports.
    Python(&'static str, &'static [&'static str]),
    /// A package of the workspace `benches/peers/rust`.
    Rust(&'static str),
}

/// All of them, in the order of the table's columns.
pub(super) static PEERS: [Peer; 8] = [
    Peer {
        name: "smallbatch",
        has_threads: true,
        kind: Kind::House(TRAINING),
    },
    Peer {
        name: "torch",
        has_threads: true,
        kind: Kind::Python("peer_torch.py", &["torch", "numpy"]),
    },
    Peer {
        name: "jax",
        has_threads: true,
        kind: Kind::Python("peer_jax.py", &["jax", "jaxlib", "numpy"]),
    },
    Peer {
        name: "sklearn",
        has_threads: true,
        kind: Kind::Python("peer_sklearn.py", &["scikit-learn", "numpy"]),
    },
    Peer {
        name: "candle",
        has_threads: true,
        kind: Kind::Rust("peer-candle"),
    },
    Peer {
        name: "burn",
        has_threads: true,
        kind: Kind::Rust("peer-burn"),
    },
    Peer {
        name: "rust-mlp",
        has_threads: false,
        kind: Kind::Rust("peer-rust-mlp"),
    },
    Peer {
        name: PEAK,
        has_threads: true,
        kind: Kind::House("smallbatch-peak"),
    },
];

/// No peer, but what the processor's multiply-adds would allow.
pub(super) const PEAK: &str = "peak";

/// Those that make many small trainings on one core.
pub(super) static SWEEP: [Peer; 3] = [
    Peer {
        name: "smallbatch",
        has_threads: false,
        kind: Kind::House(TRAINING),
    },
    Peer {
        name: "jax-vmap",
        has_threads: false,
        kind: Kind::Python("peer_jax_vmap.py", &["jax", "jaxlib", "numpy"]),
    },
    Peer {
        name: PEAK,
        has_threads: false,
        kind: Kind::House("smallbatch-peak"),
    },
];

/// Those whose scalers are compared.
pub(super) static SCALERS: [Peer; 2] = [
    Peer {
        name: "smallbatch",
        has_threads: true,
        kind: Kind::House(SCALING),
    },
    Peer {
        name: "sklearn",
        has_threads: false,
        kind: Kind::Python("scaler_sklearn.py", &["scikit-learn", "numpy"]),
    },
];

const TRAINING: &str = "smallbatch-peer";
const SCALING: &str = "smallbatch-scalers";

/// In characters.
const LONGEST_REASON: usize = 200;

/// What starts a peer: a program, and its first arguments.
pub(super) struct Program {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<PathBuf>,
    /// A folder for what it writes to standard error.
    pub(super) logs: PathBuf,
}

/// Knows the folders.
pub(crate) struct Installer {
    /// Cargo's, of this workspace.
    target: PathBuf,
    /// For everything that only the peers need.
    folder: PathBuf,
    /// `benches/peers`.
    sources: PathBuf,
}

impl Installer {
    pub(crate) fn new() -> Result<Self, String> {
        let output = cargo()
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(root())
            .output()
            .map_err(|error| format!("cannot start cargo metadata: {error}"))?;
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata wrote what is not JSON: {error}"))?;
        let target = metadata["target_directory"]
            .as_str()
            .ok_or("cargo metadata names no target directory")?;
        Self::in_folder(target.into())
    }

    fn in_folder(target: PathBuf) -> Result<Self, String> {
        let folder = target.join("peers");
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs)
            .map_err(|error| format!("cannot make {}: {error}", logs.display()))?;
        Ok(Self {
            target,
            folder,
            sources: root().join("benches").join("peers"),
        })
    }

    /// Cargo's folder of this workspace.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Builds smallbatch's own peer, of training or of scaling, has it write the data sets, and says into which folder.
    pub(super) fn house(&self, scalers: bool) -> Result<PathBuf, String> {
        let (name, folder) = if scalers {
            (SCALING, "tables")
        } else {
            (TRAINING, "data")
        };
        warn("peers: building smallbatch and writing the data sets");
        let mut build = cargo();
        build
            .args(["build", "--release", "--package", "smallbatch-benches"])
            .arg("--bins")
            .current_dir(root());
        visible(build)?;
        let data = self.folder.join(folder);
        let mut write = Command::new(self.house_program(name));
        write.arg("--write").arg(&data);
        visible(write)?;
        Ok(data)
    }

    fn house_program(&self, name: &str) -> PathBuf {
        program(&self.target.join("release"), name)
    }

    /// Installs a peer. The error is the reason why it is missing, in words.
    pub(super) fn program(&self, peer: &Peer) -> Result<Program, String> {
        let (program, arguments) = match peer.kind {
            Kind::House(name) => (self.house_program(name), Vec::new()),
            Kind::Python(script, packages) => {
                let python = self.python(packages)?;
                (python, vec![self.sources.join("python").join(script)])
            }
            Kind::Rust(package) => (self.rust(package)?, Vec::new()),
        };
        Ok(Program {
            program,
            arguments,
            logs: self.folder.join("logs"),
        })
    }

    /// The virtual environment's Python, with these packages of the peers' versions.
    pub(crate) fn python(&self, packages: &[&str]) -> Result<PathBuf, String> {
        let pins = self.sources.join("python").join("requirements.txt");
        self.python_pinned(&pins, packages)
    }

    /// The same, with the versions that a file of requirements says.
    pub(crate) fn python_pinned(&self, pins: &Path, packages: &[&str]) -> Result<PathBuf, String> {
        let environment = self.folder.join("venv");
        let python = if cfg!(windows) {
            environment.join("Scripts").join("python.exe")
        } else {
            environment.join("bin").join("python")
        };
        if !python.is_file() {
            let found = if cfg!(windows) { "python" } else { "python3" };
            let mut make = Command::new(found);
            make.args(["-m", "venv"]).arg(&environment);
            silent(make).map_err(|why| {
                format!("{why}; it needs Python 3.11 or later with its `venv` module")
            })?;
        }
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet"])
            .arg("--disable-pip-version-check")
            .arg("--constraint")
            .arg(pins)
            .args(packages);
        silent(install)?;
        Ok(python)
    }

    /// The program of this package, built in the peers' own workspace and folder.
    fn rust(&self, package: &str) -> Result<PathBuf, String> {
        let target = self.folder.join("cargo");
        let mut build = cargo();
        build
            .args(["build", "--release", "--locked", "--package", package])
            .arg("--target-dir")
            .arg(&target)
            // Where the workspace and its build flags are found from.
            .current_dir(self.sources.join("rust"));
        visible(build)?;
        Ok(program(&target.join("release"), package))
    }
}

/// Where a program of this name lies in a folder, on every system.
pub(crate) fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Whether a file of requirements says the version of each of these packages.
#[cfg(test)]
pub(crate) fn check_pins(pins: &Path, packages: &[&str]) {
    let text = std::fs::read_to_string(pins).unwrap();
    for package in packages {
        let pinned = format!("{package}==");
        let is_there = text.lines().any(|line| line.starts_with(&pinned));
        assert!(is_there, "{package}");
    }
}

/// Runs a command whose output is worth seeing.
pub(crate) fn visible(mut command: Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("{} failed, see above", shown(&command))),
        Err(error) => Err(format!("cannot start {}: {error}", shown(&command))),
    }
}

/// Runs a command; the error ends with what it wrote: the first line that calls itself an error, or else the last.
fn silent(mut command: Command) -> Result<(), String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            Err(format!("{} failed: {}", shown(&command), reason(&text)))
        }
        Err(error) => Err(format!("cannot start {}: {error}", shown(&command))),
    }
}

fn reason(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let error = lines.clone().find(|line| line.starts_with("ERROR"));
    let line = error.or_else(|| lines.next_back()).map(str::trim);
    let line = line.unwrap_or("it did not say why");
    // pip lists all the versions that there are.
    line.chars().take(LONGEST_REASON).collect()
}

/// The command by its first words.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let mut words = vec![name.into_owned()];
    words.extend(
        command
            .get_args()
            .take(3)
            .map(|word| word.to_string_lossy().into_owned()),
    );
    format!("`{} …`", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_its_sources_and_every_package_its_pin() {
        let sources = root().join("benches").join("peers");
        let pins = sources.join("python/requirements.txt");
        for peer in PEERS.iter().chain(&SWEEP).chain(&SCALERS) {
            match peer.kind {
                Kind::House(_) => assert!(sources.join("smallbatch.rs").is_file()),
                Kind::Python(script, packages) => {
                    assert!(sources.join("python").join(script).is_file(), "{script}");
                    check_pins(&pins, packages);
                }
                Kind::Rust(package) => {
                    let manifest = sources.join("rust").join(peer.name).join("Cargo.toml");
                    let text = std::fs::read_to_string(manifest).unwrap();
                    assert!(
                        text.contains(&format!("name = \"{package}\"")),
                        "{}",
                        peer.name
                    );
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_installed_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let mut installer = Installer::in_folder(folder.path().to_owned()).unwrap();
        installer.sources = folder.path().join("nowhere");
        let peer = PEERS.iter().find(|peer| peer.name == "candle").unwrap();
        let why = installer.program(peer).err().unwrap();
        assert!(
            why.starts_with("cannot start `cargo")
                && why.contains(" build --release --locked …`: "),
            "{why}"
        );
    }

    #[test]
    fn the_reason_is_the_first_error_or_the_last_line() {
        let of_pip = "WARNING: old\nERROR: no torch==99.0\nERROR: see the manual\n";
        assert_eq!(reason(of_pip), "ERROR: no torch==99.0");
        assert_eq!(reason("one\n  two \n\n"), "two");
        assert_eq!(reason(""), "it did not say why");
        assert_eq!(reason(&"x".repeat(1_000)).len(), LONGEST_REASON);
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let mut command = Command::new("no-such-program-anywhere");
        command.args(["-m", "venv", "folder"]);
        let why = silent(command).unwrap_err();
        assert!(
            why.starts_with("cannot start `no-such-program-anywhere -m venv folder …`: "),
            "{why}"
        );
    }
}
