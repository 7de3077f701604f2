//! What a table has that the training rows did not: told, written down, or refused.

use std::path::Path;

use smallbatch::data::{BadRow, Notice};
use smallbatch::report;

use super::said;
use crate::ending::Failure;
use crate::output::warn;

/// How many warnings of one table are printed.
const MOST_WARNINGS: usize = 10;

/// What is new in a table, over all its pieces, and its rows that cannot be read.
#[derive(Default)]
pub(super) struct New {
    notices: Vec<Notice>,
    bad_rows: Vec<BadRow>,
}

impl New {
    pub(super) fn of(notices: Vec<Notice>, bad_rows: Vec<BadRow>) -> Self {
        Self { notices, bad_rows }
    }

    /// With that of the next piece.
    pub(super) fn add(&mut self, next: Self) {
        for notice in next.notices {
            let known = self
                .notices
                .iter_mut()
                .find(|known| known.column == notice.column && known.what == notice.what);
            match known {
                Some(known) => known.rows += notice.rows,
                None => self.notices.push(notice),
            }
        }
        self.bad_rows.extend(next.bad_rows);
        self.bad_rows.sort_by_key(|row| row.line);
    }

    /// Where nothing may be new; `done` is what is not done then: "predicted".
    pub(super) fn refuse(&self, done: &str) -> Result<(), Failure> {
        let new = self.notices.first().map(said::notice);
        let bad = self
            .bad_rows
            .first()
            .map(|row| format!("line {}: {}", row.line, row.reason));
        match bad.or(new) {
            Some(what) => Err(Failure::failed(format!(
                "{what}; it is not {done} since --strict was given"
            ))),
            None => Ok(()),
        }
    }

    /// Warns, and writes the rows that cannot be read into their file; an error where no row can be.
    pub(super) fn tell(&self, rows: usize, file: &Path, done: &str) -> Result<(), Failure> {
        for notice in self.notices.iter().take(MOST_WARNINGS) {
            warn(&format!("warning: {}", said::notice(notice)));
        }
        if let more @ 1.. = self.notices.len().saturating_sub(MOST_WARNINGS) {
            warn(&format!("warning: and {more} more of that kind"));
        }
        let Some(first) = self.bad_rows.first() else {
            return Ok(());
        };
        let (line, reason) = (first.line, &first.reason);
        if self.bad_rows.len() == rows {
            return Err(Failure::failed(format!(
                "none of the {rows} rows can be {done}; line {line}: {reason}"
            )));
        }
        report::write_file(file, said::bad_rows(&self.bad_rows).as_bytes())?;
        let bad = self.bad_rows.len();
        warn(&format!(
            "warning: {bad} of {rows} rows cannot be read and {} not {done}; the first is line {line}: {reason}. All are in {}",
            if bad == 1 { "is" } else { "are" },
            file.display()
        ));
        Ok(())
    }
}
