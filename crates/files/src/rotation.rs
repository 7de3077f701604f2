//! The last few states of something that goes on.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::disk::{Disk, System};
use crate::folder::create_folders;
use crate::replace::{replace, unfinished};

/// Numbered files of one name in a folder, of which the last few are kept: where the newest is damaged, there is one before it.
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// let states = smallbatch_files::Rotation::new(scratch.path().join("states"), "state", 2);
/// for state in ["a", "b", "c"] {
///     states.save(state.as_bytes())?;
/// }
/// let files = states.files()?;
/// assert_eq!(files.len(), 2);
/// assert_eq!(std::fs::read(&files[0])?, b"c");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    folder: PathBuf,
    name: String,
    keep: usize,
}

impl Rotation {
    /// In this folder, which is made when something is saved: `NAME-1`, `NAME-2`, …; of these the last `keep`, or 1 for 0.
    pub fn new(folder: impl Into<PathBuf>, name: &str, keep: usize) -> Self {
        Self {
            folder: folder.into(),
            name: name.to_owned(),
            keep: keep.max(1),
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Writes the next file, synchronized with the disk, and removes those that are too many.
    ///
    /// # Errors
    /// What the system said. The files before are then still there.
    pub fn save(&self, content: &[u8]) -> io::Result<PathBuf> {
        create_folders(&self.folder)?;
        let there = self.numbered()?;
        let next = there
            .first()
            .map_or(1, |(number, _)| number.saturating_add(1));
        let file = self.folder.join(format!("{}-{next}", self.name));
        replace(&file, content, true)?;
        for (_, old) in there.iter().skip(self.keep - 1) {
            System.remove(old)?;
        }
        Ok(file)
    }

    /// The files, the newest first. Where there is no folder there are none.
    ///
    /// # Errors
    /// What the system said.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        Ok(self.numbered()?.into_iter().map(|(_, file)| file).collect())
    }

    /// Removes all of them, also those that were begun and not finished, and the folder where nothing else is in it.
    ///
    /// # Errors
    /// What the system said.
    pub fn clear(&self) -> io::Result<()> {
        // The oldest first: whoever is killed in between leaves the newest.
        for file in self.files()?.iter().rev() {
            System.remove(file)?;
        }
        if self.folder.is_dir() {
            // What a process left that was killed while it saved.
            for file in unfinished(&self.folder)? {
                System.remove(&file)?;
            }
        }
        match fs::remove_dir(&self.folder) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// With their numbers, the highest first.
    fn numbered(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let number = name
                .strip_prefix(&self.name)
                .and_then(|rest| rest.strip_prefix('-'))
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok());
            if let Some(number) = number {
                found.push((number, path));
            }
        }
        found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_kept_by_their_numbers_and_other_files_stay() {
        let scratch = tempfile::tempdir().unwrap();
        let states = Rotation::new(scratch.path().join("deep/states"), "state", 2);
        assert!(states.files().unwrap().is_empty());
        states.clear().unwrap();
        for number in 1..=11 {
            let file = states.save(format!("{number}").as_bytes()).unwrap();
            assert!(file.ends_with(format!("state-{number}")));
        }
        let contents: Vec<String> = states
            .files()
            .unwrap()
            .iter()
            .map(|file| fs::read_to_string(file).unwrap())
            .collect();
        // By number and not by name: 9 would come before 11.
        assert_eq!(contents, ["11", "10"]);
        let left = states.folder().join(".state-12.1-0.unfinished");
        fs::write(&left, "").unwrap();
        let other = states.folder().join("state-of-things");
        fs::write(&other, "").unwrap();
        states.clear().unwrap();
        assert!(states.files().unwrap().is_empty());
        assert!(other.exists() && !left.exists());
        fs::remove_file(other).unwrap();
        states.clear().unwrap();
        assert!(!states.folder().exists());
    }
}
