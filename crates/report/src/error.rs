//! What can go wrong with files, in words that say what to do.

use std::path::PathBuf;

/// A report that cannot be written or results that cannot be read.
///
/// Each message names the file and the way out; the fields let a program act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The results' folder cannot be made or written to.
    #[error(
        "cannot write to the folder {}: {reason}; choose another folder, or change its permissions",
        folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write {}: {reason}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file with the results cannot be read.
    #[error("cannot read the results in {}: {reason}; name the folder that a run wrote, or its results.json", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Results of the first laboratory.
    #[error("{} was written by the first laboratory, whose intervals did not hold; run the experiment again", file.display())]
    FirstLaboratory {
        /// The file.
        file: PathBuf,
    },
    /// Results of a newer program.
    #[error(
        "{} was written by a newer program (layout {found}, this one reads {known}); update smallbatch to draw it",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// The layout of the file.
        found: u32,
        /// The layout that this program reads.
        known: u32,
    },
}
