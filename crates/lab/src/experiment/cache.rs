//! Finished runs, kept on disk by what they are: the same run is never made twice, not even after the program was ended.
//!
//! A run is a pure function of its description (see `Bench::description`) on one machine with one program, so an entry's name
//! is a hash of these. The program counts by its bytes and the processor by its name: another build or another vector width
//! may give other bits. What was timed counts the machine as well, and is kept as it was measured: the arms of one seed, which
//! took turns, are one entry, so that no two times are compared that were not taken side by side.
//!
//! An entry is a file that appears whole or not at all, with a checksum in front. One that is damaged is as good as missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::environment::{machine, processor};
use crate::{Error, report};

/// The layout of an entry; it grows when that changes.
const FORMAT: u32 = 1;
/// Bytes of the checksum in front of an entry.
const CHECKSUM: usize = 8;

/// A folder of finished runs.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// The program and the processor.
    maker: String,
    /// The machine, for what was timed.
    machine: String,
    /// The first write that failed; nothing is written after it.
    failure: Mutex<Option<String>>,
}

/// What an entry's content depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing but its description, the program and the processor.
    Counted,
    /// The machine as well.
    Timed,
}

impl Cache {
    /// Opens the folder, which is made if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Cache {
            folder: folder.to_path_buf(),
            reason: error.to_string(),
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let program = std::env::current_exe().and_then(fs::read).map_err(failed)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            maker: format!("{FORMAT} {:032x} {}", xxh3_128(&program), processor()),
            machine: machine(),
            failure: Mutex::new(None),
        })
    }

    fn file(&self, kind: Kind, description: &str) -> PathBuf {
        let machine = match kind {
            Kind::Counted => "",
            Kind::Timed => self.machine.as_str(),
        };
        let name = format!("{}\n{machine}\n{description}", self.maker);
        self.folder
            .join(format!("{:032x}.run", xxh3_128(name.as_bytes())))
    }

    /// What is kept under this description; `None` where nothing is, or nothing whole.
    pub(crate) fn find<T: DeserializeOwned>(&self, kind: Kind, description: &str) -> Option<T> {
        let bytes = fs::read(self.file(kind, description)).ok()?;
        let (checksum, content) = bytes.split_at_checked(CHECKSUM)?;
        if checksum != xxh3_64(content).to_le_bytes() {
            return None;
        }
        postcard::from_bytes(content).ok()
    }

    /// Keeps something. What cannot be written is not kept, and [`Cache::failure`] says so.
    pub(crate) fn keep(&self, kind: Kind, description: &str, content: &impl Serialize) {
        let Ok(mut failure) = self.failure.lock() else {
            return;
        };
        if failure.is_some() {
            return;
        }
        let file = self.file(kind, description);
        *failure = self.write(&file, content).err();
    }

    fn write(&self, file: &Path, content: &impl Serialize) -> Result<(), String> {
        let content = postcard::to_stdvec(content).map_err(|error| error.to_string())?;
        let mut bytes = xxh3_64(&content).to_le_bytes().to_vec();
        bytes.extend(content);
        // Not forced to the disk: a loss of power may leave a damaged entry, which its checksum shows.
        report::replace_file(file, &bytes, false).map_err(|error| error.to_string())
    }

    /// Why some runs were not kept, if so.
    pub(crate) fn failure(&self) -> Option<Error> {
        let failure = self.failure.lock().ok()?;
        failure.as_ref().map(|reason| Error::Cache {
            folder: self.folder.clone(),
            reason: reason.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::trajectory::Trajectory;
    use super::super::trajectory::tests::run;
    use super::*;

    #[test]
    fn what_is_kept_comes_back_to_the_bit_and_by_its_own_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("a/b")).unwrap();
        let mut kept = run(&[(0, f64::INFINITY), (3, 0.1 + 0.2), (9, 5e-324)]);
        kept.diverged = true;
        cache.keep(Kind::Counted, "one", &kept);
        assert_eq!(
            cache.find::<Trajectory>(Kind::Counted, "one"),
            Some(kept.clone())
        );
        assert_eq!(cache.find::<Trajectory>(Kind::Counted, "two"), None);
        assert_eq!(cache.find::<Trajectory>(Kind::Timed, "one"), None);
        let again = Cache::open(&folder.path().join("a/b")).unwrap();
        assert_eq!(again.find::<Trajectory>(Kind::Counted, "one"), Some(kept));
    }

    #[test]
    fn what_was_timed_on_another_machine_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path()).unwrap();
        cache.keep(Kind::Timed, "t", &1.5);
        assert_eq!(cache.find(Kind::Timed, "t"), Some(1.5));
        cache.machine.push_str("another");
        assert_eq!(cache.find::<f64>(Kind::Timed, "t"), None);
    }

    #[test]
    fn a_damaged_entry_is_as_good_as_missing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        cache.keep(Kind::Counted, "one", &run(&[(0, 1.0), (3, 0.5)]));
        let file = cache.file(Kind::Counted, "one");
        let whole = fs::read(&file).unwrap();
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            assert_eq!(cache.find::<Trajectory>(Kind::Counted, "one"), None);
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 4;
            fs::write(&file, bytes).unwrap();
            assert_eq!(cache.find::<Trajectory>(Kind::Counted, "one"), None);
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_is_told_once_and_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        fs::remove_dir(folder.path()).unwrap();
        cache.keep(Kind::Counted, "one", &1.0);
        cache.keep(Kind::Counted, "two", &2.0);
        let said = cache.failure().unwrap().to_string();
        assert!(
            said.contains("--no-cache") && said.contains("do not suffer"),
            "{said}"
        );
    }
}
