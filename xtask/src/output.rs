//! Standard output and standard error, without a panic where they cannot be written to.
//!
//! A reader that has gone away (`| head`) has what it wanted; any other failure makes the end no success.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Prints a result.
pub(crate) fn say(text: &str) {
    put(&mut io::stdout(), "standard output", text);
}

/// Prints a remark or an error.
pub(crate) fn warn(text: &str) {
    put(&mut io::stderr(), "standard error", text);
}

/// The exit code, unless it is success and something could not be printed.
pub(crate) fn checked(code: ExitCode) -> ExitCode {
    if code == ExitCode::SUCCESS && HAS_FAILED.load(Ordering::Relaxed) {
        return ExitCode::FAILURE;
    }
    code
}

fn put(stream: &mut dyn Write, name: &str, text: &str) {
    let line = format!("{text}\n");
    let written = stream
        .write_all(line.as_bytes())
        .and_then(|()| stream.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
        && !HAS_FAILED.swap(true, Ordering::Relaxed)
    {
        warn(&format!("xtask: cannot write to {name}: {error}"));
    }
}
