//! Files that belong together.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::disk::{Disk, System};
use crate::replace::{beside, is_device, replace};

/// Replaces several files that belong together, each as [`replace`](fn@crate::replace) does: none is replaced before all of them are on the disk.
///
/// # Errors
/// The first file that could not be written, and what the system said of it. On a full disk all old files are still there.
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// let [model, page] = ["model.safetensors", "advice.html"].map(|name| scratch.path().join(name));
/// let all = [(model.clone(), b"{}".to_vec()), (page, b"<p>".to_vec())];
/// smallbatch_files::replace_all(&all).map_err(|(_, error)| error)?;
/// assert_eq!(std::fs::read(&model)?, b"{}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), (PathBuf, io::Error)> {
    let disk = &System;
    let mut begun = Vec::new();
    for (file, content) in files {
        let written = write_beside(disk, file, content);
        begun.push(written.map_err(|error| (file.clone(), error))?);
    }
    for ((file, content), begun) in files.iter().zip(&mut begun) {
        let done = match &begun.0 {
            Some(unfinished) => disk.rename(unfinished, file),
            None => replace(file, content, true),
        };
        done.map_err(|error| (file.clone(), error))?;
        begun.0 = None;
    }
    for (file, _) in files {
        if let Some(folder) = file.parent() {
            let done = disk.synchronize_folder(folder);
            done.map_err(|error| (file.clone(), error))?;
        }
    }
    Ok(())
}

/// A file that is removed unless it was moved to its place; none for a device.
struct Begun(Option<PathBuf>);

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.0 {
            // Best effort: what matters is the error that led here.
            let _ = System.remove(unfinished);
        }
    }
}

fn write_beside(disk: &System, file: &Path, content: &[u8]) -> io::Result<Begun> {
    if is_device(file) {
        return Ok(Begun(None));
    }
    if fs::metadata(file).is_ok_and(|there| there.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let (mut to, unfinished) = beside(disk, file)?;
    let begun = Begun(Some(unfinished.clone()));
    to.write_all(content)?;
    disk.synchronize(&to, &unfinished)?;
    Ok(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_belong_together_are_all_replaced_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        let all = |text: &str| {
            replace_all(&[
                (one.clone(), text.as_bytes().to_vec()),
                (other.clone(), text.as_bytes().to_vec()),
            ])
        };
        all("old").unwrap();
        assert_eq!(fs::read(&other).unwrap(), b"old");
        // The second cannot be replaced.
        fs::remove_file(&other).unwrap();
        fs::create_dir(&other).unwrap();
        let (file, _) = all("new").unwrap_err();
        assert_eq!(file, other);
        assert_eq!(fs::read(&one).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_among_them_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let [link, file] = ["link", "file"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        replace_all(&[(link.clone(), b"1".to_vec()), (file.clone(), b"2".to_vec())]).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"2");
    }
}
