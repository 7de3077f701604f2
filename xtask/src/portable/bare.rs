//! Rust without a standard library: a crate with a panic handler and an allocator of its own, in which a second of either is an error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Ran, none_differ, ran};
use crate::cargo::{cargo, root};
use crate::look::browser::on_path;

/// Builds it without and with the reading of files, and runs it.
pub(super) fn run(folder: &Path) -> Result<Ran, String> {
    let library = build(folder, None)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let compiler = on_path(&["cc", "gcc", "clang"], &path).filter(|_| cfg!(target_os = "linux"));
    let Some(compiler) = compiler else {
        return Ok(Ran::Done(
            "builds, with and without `file`; not run: that is done on Linux where there is a C compiler".into(),
        ));
    };
    let program = folder.join("bare-check");
    let mut command = Command::new(compiler);
    command
        .arg(root().join("xtask/src/portable/host.c"))
        .arg(library)
        .arg("-o")
        .arg(&program);
    ran(command)?;
    let printed = ran(Command::new(program))?;
    Ok(Ran::Done(format!(
        "builds, with and without `file`; {}",
        none_differ(&printed)?
    )))
}

/// Builds it for this machine or another target; where the library of the last build is.
pub(super) fn build(folder: &Path, target: Option<&str>) -> Result<PathBuf, String> {
    let home = folder.join("bare");
    let sources = home.join("src");
    let cannot = |error| format!("cannot write to {}: {error}", home.display());
    fs::create_dir_all(&sources).map_err(cannot)?;
    fs::write(home.join("Cargo.toml"), manifest()).map_err(cannot)?;
    // The same versions as everywhere here.
    fs::copy(root().join("Cargo.lock"), home.join("Cargo.lock")).map_err(cannot)?;
    fs::write(sources.join("lib.rs"), include_str!("bare.txt")).map_err(cannot)?;
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        let is_model = file
            .extension()
            .is_some_and(|end| end == "rs" || end == "safetensors");
        if let (true, Some(name)) = (is_model, file.file_name()) {
            fs::copy(&file, sources.join(name)).map_err(cannot)?;
        }
    }
    for features in [&[][..], &["--features", "file"]] {
        let mut command = cargo();
        command
            .current_dir(&home)
            .args(["build", "--quiet", "--target-dir"])
            .arg(home.join("target"))
            .args(features);
        if let Some(target) = target {
            command.args(["--target", target]);
        }
        ran(command)?;
    }
    let built = home.join("target").join(target.unwrap_or_default());
    Ok(built.join("debug").join("libbare.a"))
}

fn manifest() -> String {
    let predict = root().join("crates/predict");
    format!(
        "\
[package]
name = \"bare\"
version = \"0.0.0\"
edition = \"2024\"

[workspace]

[lib]
crate-type = [\"staticlib\"]

[features]
file = [\"smallbatch-predict/file\"]

[dependencies]
smallbatch-predict = {{ path = {:?}, default-features = false }}

[profile.dev]
panic = \"abort\"
opt-level = 1
debug = false
",
        predict.display().to_string()
    )
}
