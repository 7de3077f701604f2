//! The one writer of files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::disk::{Disk, System};

/// The ending of a file that is being written.
const ENDING: &str = ".unfinished";

/// Writes a file beside its place, and moves it there once all of it is on the disk.
///
/// A reader finds the old content or the new one, never a part, whatever happens meanwhile. Without `synchronized` nothing waits for the
/// disk, and a machine that loses its power may lose the file: for what can be made again.
///
/// A device or a pipe is written to as it is.
///
/// # Errors
/// What the system said. The old file is then still there, and nothing is left beside it; only where the folder's names could not be
/// brought to the disk, the new one is in its place.
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// let file = scratch.path().join("model.safetensors");
/// smallbatch_files::replace(&file, b"{}", true)?;
/// assert_eq!(std::fs::read(&file)?, b"{}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn replace(file: &Path, content: &[u8], synchronized: bool) -> io::Result<()> {
    // Nobody who names /dev/null wants a file in its place.
    if is_device(file) {
        return File::options().write(true).open(file)?.write_all(content);
    }
    replace_on(&System, file, content, synchronized)
}

pub(crate) fn is_device(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// The process, and a number that it has not given before.
pub(crate) fn next_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{number}", std::process::id())
}

fn replace_on(disk: &impl Disk, file: &Path, content: &[u8], synchronized: bool) -> io::Result<()> {
    let (mut to, unfinished) = beside(disk, file)?;
    let mut written = to.write_all(content);
    if synchronized {
        written = written.and_then(|()| disk.synchronize(&to, &unfinished));
    }
    drop(to);
    written
        .and_then(|()| disk.rename(&unfinished, file))
        .inspect_err(|_| {
            // Best effort: what matters is the error that led here.
            let _ = disk.remove(&unfinished);
        })?;
    match file.parent() {
        Some(folder) if synchronized => disk.synchronize_folder(folder),
        _ => Ok(()),
    }
}

/// A new file with a hidden name in the same folder. No other process has it, not even one of the same number in another
/// container: it must not be there before.
pub(crate) fn beside<D: Disk>(disk: &D, file: &Path) -> io::Result<(D::Open, PathBuf)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    loop {
        let unfinished = file.with_file_name(format!(".{name}.{}{ENDING}", next_name()));
        match disk.create_new(&unfinished) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return Ok((created?, unfinished)),
        }
    }
}

/// The files in a folder that were begun and not finished: of processes that are writing, or were killed. Whoever has the folder's
/// [`Lock`](crate::Lock) may remove them.
///
/// # Errors
/// What the system said.
pub fn unfinished(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') && name.ends_with(ENDING) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;
    use crate::disk::faulty::{Fault, Faulty};

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        (folder, file)
    }

    fn files_in(folder: &tempfile::TempDir) -> usize {
        fs::read_dir(folder.path()).unwrap().count()
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let (folder, file) = folder();
        replace(&file, b"a long first version", true).unwrap();
        replace(&file, b"second", false).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"second");
        assert_eq!(files_in(&folder), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_leaves_nothing() {
        let (folder, taken) = folder();
        fs::create_dir(&taken).unwrap();
        replace(&taken, b"x", true).unwrap_err();
        assert_eq!(files_in(&folder), 1);
    }

    /// Every call of the writer fails once, and from there on, in every way.
    #[test]
    fn after_each_fault_the_old_file_is_whole_and_nothing_is_beside_it() {
        let new = [b'n'; 50];
        for fault in [Fault::Full, Fault::Broken, Fault::Short, Fault::Signal] {
            // A signal at every call is a writer that never ends.
            let stays: &[bool] = match fault {
                Fault::Signal => &[false],
                _ => &[false, true],
            };
            for &stays in stays {
                let mut failures = 0;
                let mut at = 0;
                loop {
                    let (folder, file) = folder();
                    replace(&file, b"old", false).unwrap();
                    let calls = Rc::new(Cell::new(0));
                    let disk = Faulty {
                        fault,
                        at,
                        stays,
                        calls: Rc::clone(&calls),
                    };
                    let written = replace_on(&disk, &file, &new, true);
                    let was_last = calls.get() == at + 1;
                    let found = fs::read(&file).unwrap();
                    let place = format!("{fault:?} at call {at}, stays: {stays}");
                    assert_eq!(files_in(&folder), 1, "{place}");
                    assert!(unfinished(folder.path()).unwrap().is_empty());
                    match written {
                        Ok(()) => assert_eq!(found, new, "{place}"),
                        // The last call brings the name to the disk: the file itself is there.
                        Err(_) if was_last && found == new => failures += 1,
                        Err(_) => {
                            assert_eq!(found, b"old", "{place}");
                            failures += 1;
                        }
                    }
                    if calls.get() <= at {
                        break;
                    }
                    at += 1;
                }
                // To create, 8 to write, to synchronize, to rename, the folder.
                let calls = 12;
                match fault {
                    Fault::Full | Fault::Broken => assert_eq!(failures, calls),
                    Fault::Short | Fault::Signal => assert_eq!(failures, 0),
                }
                assert!(at >= calls, "{fault:?}: {at}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_says_so() {
        let error = replace(Path::new("/dev/full"), b"new", true).unwrap_err();
        assert!(error.to_string().contains("No space left"), "{error}");
    }

    #[test]
    fn what_another_process_has_begun_is_left_alone() {
        let (folder, file) = folder();
        // A process of the same number, in another container, is a few files ahead.
        let (_, first) = beside(&System, &file).unwrap();
        let name = first.to_string_lossy().into_owned();
        let number = name.trim_end_matches(ENDING).rsplit('-').next();
        let number: u64 = number.and_then(|n| n.parse().ok()).unwrap();
        for ahead in 1..20 {
            let other = name.replace(&format!("-{number}."), &format!("-{}.", number + ahead));
            fs::write(other, "of another process").unwrap();
        }
        replace(&file, b"mine", true).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"mine");
        assert_eq!(files_in(&folder), 1 + 19 + 1);
        assert_eq!(unfinished(folder.path()).unwrap().len(), 20);
    }

    /// The link would be replaced by a file, as would be the device itself by who may do that.
    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_stays() {
        let (folder, file) = folder();
        std::os::unix::fs::symlink("/dev/null", &file).unwrap();
        replace(&file, b"{}", true).unwrap();
        assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
        assert_eq!(files_in(&folder), 1);
    }
}
