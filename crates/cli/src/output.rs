//! The two streams: results go to standard output, everything else to standard error.
//!
//! Nothing here panics or ends the work, for a stream that cannot be written to must not cost the results that are also written to
//! files. A reader that has gone away (`| head`) has what it wanted. Any other failure is remembered, and the program does not end
//! with success.
//!
//! A stream that was closed (`>&-`) never fails: the standard library puts the null device in its place before the program begins.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use smallbatch::report::Screen;

/// The first failure.
static FAILURE: OnceLock<String> = OnceLock::new();

/// Prints results.
pub(crate) fn say(text: &str) {
    put(&mut io::stdout(), "standard output", text);
}

/// Prints what is no result: progress, remarks, errors.
pub(crate) fn warn(text: &str) {
    put(&mut io::stderr(), "standard error", text);
}

/// Why something could not be printed, where that happened.
pub(crate) fn failure() -> Option<&'static str> {
    FAILURE.get().map(String::as_str)
}

fn put(stream: &mut dyn Write, name: &str, text: &str) {
    let line = format!("{}\n", text.strip_suffix('\n').unwrap_or(text));
    let written = stream
        .write_all(line.as_bytes())
        .and_then(|()| stream.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        FAILURE.get_or_init(|| format!("cannot write to {name}: {error}"));
    }
}

/// What standard output shows: its columns, unless the variable `COLUMNS` says how many, and colours where it is a terminal
/// and the variable `NO_COLOR` is not set.
pub(crate) fn screen() -> Screen {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|columns| columns.parse().ok());
    let columns = said.filter(|columns| *columns > 0).or_else(|| {
        let size = console::Term::stdout().size_checked();
        size.map(|(_, columns)| usize::from(columns))
    });
    Screen {
        columns: columns.unwrap_or(Screen::default().columns),
        colour: console::colors_enabled() && std::env::var_os("NO_COLOR").is_none(),
    }
}
