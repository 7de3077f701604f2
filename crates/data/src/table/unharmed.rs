//! What the readers of Parquet and Arrow files share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::Error;

/// How pandas names an index that it writes as a column.
pub(super) const INDEX: &str = "__index_level_0__";

/// The libraries panic on some damaged files, which they should refuse.
pub(super) fn unharmed<R>(
    path: &Path,
    read: impl FnOnce() -> Result<R, Error>,
) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(refused(path, "it is damaged; write the file again".into())))
}

pub(super) fn refused(path: &Path, problem: String) -> Error {
    Error::Parquet {
        path: path.to_path_buf(),
        problem,
    }
}

pub(super) fn no_value(path: &Path, column: &str) -> Error {
    let problem = format!(
        "column {column:?} holds lists, groups or bytes; write it as numbers or texts, or leave it out"
    );
    refused(path, problem)
}
