//! axe-core, the program that finds what keeps people from reading a page: from a file, or from npm once.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::look::browser::on_path;

/// The version that is asked of npm.
const VERSION: &str = "axe-core@4.14.1";

/// The source of axe-core: the file that the variable `AXE` names, or what npm puts into this folder.
pub(crate) fn source(folder: &Path) -> Result<String, String> {
    let file = match std::env::var_os("AXE") {
        Some(file) => PathBuf::from(file),
        None => installed(folder)?,
    };
    std::fs::read_to_string(&file).map_err(|error| {
        format!(
            "cannot read axe-core at {}: {error}; the variable AXE may name another axe.min.js",
            file.display()
        )
    })
}

fn installed(folder: &Path) -> Result<PathBuf, String> {
    let file = folder.join("node_modules/axe-core/axe.min.js");
    if file.is_file() {
        return Ok(file);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let npm = on_path(&["npm", "npm.cmd"], &path).ok_or(
        "no npm found to fetch axe-core with; install npm (on Debian `apt-get install npm`), or name an axe.min.js in the variable AXE",
    )?;
    let output = Command::new(&npm)
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--prefix",
        ])
        .arg(folder)
        .arg(VERSION)
        .output()
        .map_err(|error| format!("cannot start {}: {error}", npm.display()))?;
    if output.status.success() && file.is_file() {
        return Ok(file);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "npm could not fetch {VERSION} ({}); it needs the network once, or name an axe.min.js in the variable AXE",
        said.lines().next().unwrap_or("it said nothing")
    ))
}
