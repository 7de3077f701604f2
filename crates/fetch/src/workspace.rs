//! A folder for unfinished things, inside the one that the files go to: on the same disk, so that they can be moved.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// It is removed when it is dropped; one that a killed program left is removed by the next of the same set.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: PathBuf,
    /// Whether the folder that it is in was made for it.
    is_outer_new: bool,
}

impl Workspace {
    pub(super) fn new(out: &Path, set: &str) -> Result<Self, Error> {
        let refused = |source| write_error(out, source);
        // Clients are started elsewhere, and need a path from the root.
        let outer = std::path::absolute(out).map_err(refused)?;
        let is_outer_new = !outer.exists();
        let folder = outer.join(format!(".unfinished-{set}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(refused)?;
        }
        fs::create_dir_all(&folder).map_err(refused)?;
        Ok(Self {
            folder,
            is_outer_new,
        })
    }

    /// Whether a file is in it.
    pub(super) fn holds(&self, file: &Path) -> bool {
        file.starts_with(&self.folder)
    }

    /// A folder in it, which is made.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(|source| write_error(&folder, source))?;
        Ok(folder)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next.
        let _kept = fs::remove_dir_all(&self.folder);
        if let (true, Some(outer)) = (self.is_outer_new, self.folder.parent()) {
            let _holds_something = fs::remove_dir(outer);
        }
    }
}

pub(super) fn write_error(path: &Path, source: std::io::Error) -> Error {
    let path = path.to_path_buf();
    Error::Write { path, source }
}
