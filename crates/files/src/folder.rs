//! Folders that files are to be written to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::disk::{Disk, System};
use crate::replace::{beside, next_name, unfinished};

/// An unfinished file that nobody has written to for so long is of a process that was killed.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// Bytes that must find room in a folder before work begins whose results go there.
const ROOM: usize = 1 << 20;

/// Makes a folder, removes what killed processes left unfinished in it an hour ago or earlier, and sees whether there is room for a megabyte.
///
/// # Errors
/// What the system said.
pub fn prepare_folder(folder: &Path) -> io::Result<()> {
    create_folders(folder)?;
    remove_forgotten(folder);
    let (mut probe, path) = beside(&System, &folder.join("probe"))?;
    let written = fill(&mut probe, &path);
    drop(probe);
    let removed = System.remove(&path);
    written.and(removed)
}

/// Whether there is room, which no empty file shows.
fn fill(probe: &mut File, path: &Path) -> io::Result<()> {
    probe.write_all(&vec![b'.'; ROOM])?;
    System.synchronize(probe, path)
}

/// Makes a folder and those above it, and waits until their names are on the disk: files in a folder are lost with it.
pub(crate) fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new(""));
    create_folders(above)?;
    match System.create_folder(folder) {
        Ok(()) => System.synchronize_folder(above),
        // Another process was faster.
        Err(_) if folder.is_dir() => Ok(()),
        failed => failed,
    }
}

/// A folder for temporary files that nobody has made before, and that only this user can read.
///
/// # Errors
/// What the system said.
pub fn new_temporary_folder(name: &str) -> io::Result<PathBuf> {
    loop {
        let folder = std::env::temp_dir().join(format!("{name}-{}", next_name()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
}

fn remove_forgotten(folder: &Path) {
    let is_forgotten = |file: &PathBuf| {
        let changed = fs::metadata(file).and_then(|of| of.modified());
        let age = changed
            .ok()
            .and_then(|at| SystemTime::now().duration_since(at).ok());
        age.is_some_and(|age| age > FORGOTTEN)
    };
    let left = unfinished(folder).unwrap_or_default();
    for file in left.iter().filter(|file| is_forgotten(file)) {
        // Best effort: another process may remove it at the same time.
        let _ = fs::remove_file(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_without_room_is_found_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        prepare_folder(&inner).unwrap();
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 0);
        // An empty probe would pass on a full disk.
        let mut full = File::options().write(true).open("/dev/full").unwrap();
        let error = fill(&mut full, Path::new("/dev/full"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("No space left"), "{error}");
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (old, new) = (at(".model.7-0.unfinished"), at(".model.7-1.unfinished"));
        let other = at(".model");
        let hours_ago = SystemTime::now() - 3 * FORGOTTEN;
        for (file, is_old) in [(&old, true), (&new, false), (&other, true)] {
            let made = File::create(file).unwrap();
            if is_old {
                made.set_modified(hours_ago).unwrap();
            }
        }
        prepare_folder(folder.path()).unwrap();
        assert!(!old.exists() && new.exists() && other.exists());
    }

    #[cfg(unix)]
    #[test]
    fn temporary_folders_are_new_and_private() {
        use std::os::unix::fs::PermissionsExt;

        let [one, other] = [(); 2].map(|()| new_temporary_folder("smallbatch-test").unwrap());
        assert_ne!(one, other);
        let mode = fs::metadata(&one).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
        for folder in [one, other] {
            fs::remove_dir(folder).unwrap();
        }
    }
}
