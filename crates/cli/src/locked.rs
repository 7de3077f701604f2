//! One process at a time writes into a folder.

use std::path::Path;

use smallbatch::files::{Lock, LockError};

use crate::ending::Failure;

/// Takes a folder, which is there, until the lock is dropped or the process ends.
pub(crate) fn take(folder: &Path) -> Result<Lock, Failure> {
    Ok(Lock::take(folder)?)
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let sentence = error.to_string();
        Self::failed(sentence.replace("name another folder", "name another with --out"))
    }
}
