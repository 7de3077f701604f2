//! One process at a time in a folder.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The file that is locked.
const NAME: &str = ".smallbatch.lock";

/// Why a folder cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process writes into it.
    #[error(
        "{} is being written to by process {process}, for {}; wait for its end, or name another folder",
        folder.display(),
        spoken(*held)
    )]
    Held {
        /// The folder.
        folder: PathBuf,
        /// The process's number, as it said itself.
        process: String,
        /// For how long.
        held: Duration,
    },
    /// The lock cannot be made.
    #[error("cannot lock {}: {reason}", folder.display())]
    System {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
}

fn spoken(held: Duration) -> String {
    match held.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// A folder that no other process has. It ends with the process, however that ends: the system holds it, and not the file, which says
/// for people who has it and since when.
///
/// ```
/// # let scratch = tempfile::tempdir()?;
/// use smallbatch_files::Lock;
///
/// let lock = Lock::take(scratch.path())?;
/// assert!(Lock::take(scratch.path()).is_err());
/// drop(lock);
/// Lock::take(scratch.path())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// While it is open, it is locked.
    _file: File,
}

impl Lock {
    /// Takes a folder, which is there.
    ///
    /// # Errors
    /// [`LockError::Held`] where another process has it.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let failed = |error: io::Error| LockError::System {
            folder: folder.to_path_buf(),
            reason: error.to_string(),
        };
        let path = folder.join(NAME);
        loop {
            let mut file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(held(folder, &mut file)),
                // A file system without locks: better no lock than no work.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            // Whoever had it before may have removed the file between opening and locking.
            if !is_same(&file, &path) {
                continue;
            }
            file.set_len(0)
                .and_then(|()| file.write_all(who().as_bytes()))
                .map_err(failed)?;
            return Ok(Self { path, _file: file });
        }
    }

    /// Who has a folder, if anybody does: [`LockError::Held`].
    pub fn holder(folder: &Path) -> Option<LockError> {
        let mut file = File::open(folder.join(NAME)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(held(folder, &mut file)),
            _ => None,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked. Left behind it does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// The process and the time, in seconds since 1970.
fn who() -> String {
    format!("process {} since {}\n", std::process::id(), now())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

fn held(folder: &Path, file: &mut File) -> LockError {
    let mut text = String::new();
    // Where it cannot be read, nobody knows.
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let mut words = text.split_ascii_whitespace();
    let process = words.nth(1).unwrap_or("unknown").to_owned();
    let since = words.nth(1).and_then(|since| since.parse().ok());
    LockError::Held {
        folder: folder.to_path_buf(),
        process,
        held: Duration::from_secs(since.map_or(0, |since| now().saturating_sub(since))),
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (open, named) = (file.metadata(), fs::metadata(path));
    matches!((open, named), (Ok(a), Ok(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()))
}

#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_an_error_says_who() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let said = Lock::take(folder.path()).unwrap_err().to_string();
        let process = std::process::id();
        assert!(
            said.contains(&format!("by process {process}, for ")),
            "{said}"
        );
        drop(lock);
        assert!(!folder.path().join(NAME).exists());
        assert!(Lock::holder(folder.path()).is_none());
        let lock = Lock::take(folder.path()).unwrap();
        let said = Lock::holder(folder.path()).map(|holder| holder.to_string());
        assert!(said.is_some_and(|said| said.contains("process")));
        drop(lock);
    }

    /// What a killed process leaves is a file that nobody has locked.
    #[test]
    fn the_lock_of_a_dead_process_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join(NAME),
            "process 1 since 2 and more of it\n",
        )
        .unwrap();
        assert!(Lock::holder(folder.path()).is_none());
        let lock = Lock::take(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join(NAME)).unwrap();
        assert_eq!(text, who());
        drop(lock);
    }

    #[test]
    fn one_of_many_threads_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        if let Ok(lock) = Lock::take(folder.path()) {
                            use std::sync::atomic::Ordering::SeqCst;
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            std::thread::yield_now();
                            assert_eq!(inside.fetch_sub(1, SeqCst), 1);
                            drop(lock);
                        }
                    }
                });
            }
        });
    }
}
