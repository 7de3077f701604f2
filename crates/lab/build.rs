//! Tells the crate what it was built by and with: the compiler, and the locked versions of the crates that compute.

use std::path::Path;
use std::process::Command;

/// Crates whose version may change a result's last bits, with the variables that hand them on.
const CRATES: [(&str, &str); 3] = [
    ("nalgebra", "LAB_LOCKED_NALGEBRA"),
    ("matrixmultiply", "LAB_LOCKED_MATRIXMULTIPLY"),
    ("pulp", "LAB_LOCKED_PULP"),
];

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    // As a dependency of another workspace, there is no such file; the versions are then unknown.
    let lock = Path::new(&here).join("../../Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    if lock.is_file() {
        println!("cargo::rerun-if-changed={}", lock.display());
    }
    println!("cargo::rustc-env=LAB_BUILT_BY={}", compiler());
    let locked = std::fs::read_to_string(lock).unwrap_or_default();
    for (name, variable) in CRATES {
        println!("cargo::rustc-env={variable}={}", version_in(&locked, name));
    }
}

/// The compiler's name for itself; empty when it does not say.
fn compiler() -> String {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(program).arg("--version").output();
    said.ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

/// The version of a crate in a lock file; all of them where there are several.
fn version_in(locked: &str, name: &str) -> String {
    let versions: Vec<&str> = locked
        .split("[[package]]")
        .filter_map(|entry| {
            let mut lines = entry.trim().lines();
            let named = lines.next()?.strip_prefix("name = ")?;
            let version = lines.next()?.strip_prefix("version = ")?;
            (named.trim_matches('"') == name).then(|| version.trim_matches('"'))
        })
        .collect();
    versions.join(", ")
}
