//! C headers and the predictor in Rust, compiled for other machines and run there.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Ran, none_differ, page, ran};
use crate::cargo::root;
use crate::look::browser::{Browser, Colours, Screen, Wanted, on_path};

const CORTEX_TOOLS: [&str; 2] = ["arm-none-eabi-gcc", "qemu-system-arm"];
const CORTEX_PACKAGES: &str = "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm";

/// No warning is let pass.
const WARNINGS: [&str; 5] = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror"];

/// By clang for wasm32, in a headless Chromium.
pub(super) fn wasm(folder: &Path) -> Result<Ran, String> {
    if let Some(reason) = missing(&["clang", "wasm-ld"], "clang lld") {
        return Ok(Ran::Skipped(reason));
    }
    let browser = match Browser::find(folder) {
        Ok(browser) => browser,
        Err(reason) => return Ok(Ran::Skipped(reason)),
    };
    let module = folder.join("check.wasm");
    let mut command = Command::new("clang");
    command
        .args([
            "--target=wasm32",
            "-ffreestanding",
            "-nostdlib",
            "-mbulk-memory",
        ])
        .args(WARNINGS)
        .args([
            "-Wl,--no-entry",
            "-Wl,--export=check",
            "-Wl,--export=checks",
        ])
        .arg(folder.join("check.c"))
        .arg("-o")
        .arg(&module);
    ran(command)?;
    let found = in_browser(folder, &browser, &module)?;
    let example = page::example(folder, &browser)?;
    Ok(Ran::Done(format!("{found}; {example}")))
}

/// The predictor in Rust, as a static library for one of the two targets of which there are machines here: runs it there.
pub(super) fn rust_library(folder: &Path, target: &str, library: &Path) -> Result<Ran, String> {
    if target.starts_with("wasm32") {
        if let Some(reason) = missing(&["wasm-ld"], "lld") {
            return Ok(Ran::Skipped(reason));
        }
        let browser = match Browser::find(folder) {
            Ok(browser) => browser,
            Err(reason) => return Ok(Ran::Skipped(reason)),
        };
        let module = folder.join("bare.wasm");
        let mut command = Command::new("wasm-ld");
        command
            .args(["--no-entry", "--export=check", "--export=checks"])
            .arg(library)
            .arg("-o")
            .arg(&module);
        ran(command)?;
        Ok(Ran::Done(in_browser(folder, &browser, &module)?))
    } else if target == "thumbv7em-none-eabihf" {
        if let Some(reason) = missing(&CORTEX_TOOLS, CORTEX_PACKAGES) {
            return Ok(Ran::Skipped(reason));
        }
        Ok(Ran::Done(on_cortex(folder, library, &["-nostdlib"])?))
    } else {
        Ok(Ran::Skipped("no machine for it is known here".into()))
    }
}

/// What a module's `check` finds in a browser.
fn in_browser(folder: &Path, browser: &Browser, module: &Path) -> Result<String, String> {
    let bytes =
        fs::read(module).map_err(|error| format!("cannot read {}: {error}", module.display()))?;
    let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let file = folder.join("check.html");
    let text = include_str!("page.html").replace("BYTES", &list.join(","));
    fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let screen = Screen {
        width: 800,
        height: 600,
    };
    let source = browser.open(&file, Colours::Light, Wanted::Source(screen))?;
    let found = source
        .split_once("<pre id=\"found\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .map_or("", |(found, _)| found);
    Ok(format!(
        "{} ({} kB of wasm)",
        none_differ(found)?,
        bytes.len() / 1000
    ))
}

/// By gcc for a Cortex-M4 with its floating-point unit, under qemu.
pub(super) fn cortex_m(folder: &Path) -> Result<Ran, String> {
    if let Some(reason) = missing(&CORTEX_TOOLS, CORTEX_PACKAGES) {
        return Ok(Ran::Skipped(reason));
    }
    let more = ["-nostartfiles"].iter().chain(&WARNINGS);
    // gcc's own default, which fuses operations where nothing forbids it: the header must.
    let more = more.chain(&["-std=gnu11", "-Wno-unused-parameter"]);
    let more: Vec<&str> = more.copied().collect();
    Ok(Ran::Done(on_cortex(
        folder,
        &folder.join("check.c"),
        &more,
    )?))
}

/// What `check` of a C source or a library finds on a Cortex-M4 under qemu.
fn on_cortex(folder: &Path, source: &Path, more: &[&str]) -> Result<String, String> {
    let ours = root().join("xtask/src/portable");
    let program = folder.join("check.elf");
    let mut command = Command::new("arm-none-eabi-gcc");
    command
        .args([
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfloat-abi=hard",
            "-mfpu=fpv4-sp-d16",
        ])
        .args(more)
        .arg("-T")
        .arg(ours.join("cortex.ld"))
        .arg(ours.join("cortex.c"))
        .arg(source)
        .arg("-o")
        .arg(&program);
    ran(command)?;
    let mut command = Command::new("qemu-system-arm");
    command
        .args([
            "-machine",
            "mps2-an386",
            "-nographic",
            "-monitor",
            "none",
            "-serial",
            "none",
        ])
        .args([
            "-chardev",
            "stdio,id=out",
            "-semihosting-config",
            "enable=on,target=native,chardev=out",
            "-kernel",
        ])
        .arg(&program);
    none_differ(&ran(command)?)
}

/// Which of these programs is missing, and how it is installed.
fn missing(programs: &[&str], packages: &str) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let missing = programs
        .iter()
        .find(|program| on_path(&[program], &path).is_none())?;
    Some(format!(
        "there is no {missing}; on Debian `apt-get install {packages}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_is_named_with_its_package() {
        assert_eq!(missing(&[], "x"), None);
        assert_eq!(
            missing(&["no-such-program"], "such-a-package").as_deref(),
            Some("there is no no-such-program; on Debian `apt-get install such-a-package`")
        );
    }
}
