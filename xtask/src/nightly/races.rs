//! The threads within a training step, interpreted: data races and dangling borrows are errors in Miri, and each seed is another order of the
//! threads.

use std::process::Command;

use crate::cargo::root;

/// What has to be there, and how it comes.
const WAY_OUT: &str = "rustup toolchain install nightly --component miri,rust-src";

/// Tests the team of threads in so many orders.
pub(super) fn miri(orders: u32) -> Result<String, String> {
    let mut there = with_nightly();
    let there = there.args(["miri", "--version"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return Err(format!("Miri is missing; install it: {WAY_OUT}"));
    }
    // It says that it has one processor unless told otherwise, and a team on one processor has one thread.
    let flags = format!("-Zmiri-num-cpus=4 -Zmiri-many-seeds=0..{orders}");
    let mut test = with_nightly();
    test.args(["miri", "test", "--package", "smallbatch-mlp"])
        .args(["--lib", "team::"])
        .env("MIRIFLAGS", flags);
    match test.status() {
        Ok(status) if status.success() => Ok(format!("{orders} orders without a race")),
        Ok(_) => Err("see above".into()),
        Err(error) => Err(format!("cannot start rustup: {error}")),
    }
}

/// The cargo of the nightly toolchain, by rustup: the one that runs this is another's.
fn with_nightly() -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo"])
        .current_dir(root())
        .env_remove("CARGO")
        .env_remove("RUSTC");
    command
}
