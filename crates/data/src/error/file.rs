//! The file that an error is about.

use std::path::Path;

use super::Error;

/// A file's name, or that it is none.
pub(super) fn named(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

impl Error {
    /// With the file that it is about, unless it names that.
    pub(crate) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Array { .. } => self,
            #[cfg(any(feature = "parquet", feature = "arrow"))]
            Self::Parquet { .. } => self,
            Self::Io { source, .. } => Self::Io {
                path: file.to_path_buf(),
                source,
            },
            other => Self::InFile {
                file: file.to_path_buf(),
                source: Box::new(other),
            },
        }
    }
}
