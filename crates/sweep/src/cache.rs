//! Finished runs, kept on disk by what they are: the same run is never made twice, not even after the program was ended.
//!
//! A run is a pure function of its description on one machine with one program, so an entry's key is a hash of these. The program
//! counts by its bytes, the processor by its name and by the vectors it computes with, which a virtual machine may hide: another build or
//! another vector width may give other bits. What
//! was timed counts the machine as well.
//!
//! One file holds the entries of one shelf (a table in a repetition), one after the other, each with its key, its length and a checksum.
//! The key is of the shelf's name and the description, so that a file in another's place has nothing to give. Entries are only ever
//! appended, and wait a second at most: a process that is killed loses no more than that. What a broken machine left half written ends the reading of its file; all before it counts, and
//! the next writing begins there.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use smallbatch_base::vectors_in_use;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::Error;

/// The format of entries, and the version of what a description means: another number, and no old entry is found.
const FORMAT: u32 = 3;

/// Key, length and checksum of an entry, in bytes.
const HEAD: usize = 16 + 8 + 8;

/// So many bytes are gathered before they are written.
const GATHERED: usize = 1 << 16;

/// So long they wait at most for others to be made.
const PATIENCE: Duration = Duration::from_secs(1);

/// A folder of finished runs.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Program, processor and its vectors.
    maker: String,
}

impl Cache {
    /// The cache in a folder, which is made where it is not there.
    ///
    /// # Errors
    /// [`Error::Cache`] where the folder cannot be made, or this program cannot read itself.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::with_vectors(folder, vectors_in_use())
    }

    fn with_vectors(folder: &Path, vectors: &str) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Cache {
            folder: folder.to_path_buf(),
            reason: error.to_string(),
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let program = std::env::current_exe().and_then(fs::read).map_err(failed)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            maker: format!(
                "{FORMAT} {:032x} {} {vectors}",
                xxh3_128(&program),
                processor()
            ),
        })
    }

    /// What a shelf has under a description, or else what is made now and kept there. A shelf is a file.
    ///
    /// # Errors
    /// What `make` gives. That something cannot be kept is no error: it is made again the next time.
    pub fn made_once<T: Serialize + DeserializeOwned, E>(
        &self,
        shelf: &str,
        description: &str,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut shelf = self.shelf(shelf);
        if let Some(found) = shelf.find(description) {
            return Ok(found);
        }
        let made = make()?;
        shelf.keep(description, &made);
        Ok(made)
    }

    /// The entries of one shelf.
    pub(crate) fn shelf(&self, name: &str) -> Shelf {
        let name = format!("{}\n{name}", self.maker);
        let file = self
            .folder
            .join(format!("{:032x}.runs", xxh3_128(name.as_bytes())));
        Shelf::open(name, file)
    }
}

/// The entries of one file, in memory.
#[derive(Debug)]
pub(crate) struct Shelf {
    name: String,
    file: PathBuf,
    entries: HashMap<u128, Vec<u8>>,
    /// How much of the file is whole.
    whole: u64,
    gathered: Vec<u8>,
    /// When it was opened or written to.
    written: Instant,
    /// Writing failed: the results do not suffer, only the next run takes longer.
    is_broken: bool,
}

impl Shelf {
    fn open(name: String, file: PathBuf) -> Self {
        let mut bytes = Vec::new();
        // A file that is not there or cannot be read is an empty one.
        if let Ok(mut from) = File::open(&file) {
            let _ = from.read_to_end(&mut bytes);
        }
        let (mut entries, mut whole) = (HashMap::new(), 0);
        while let Some((key, content, length)) = first_entry(&bytes[whole..]) {
            entries.insert(key, content.to_vec());
            whole += length;
        }
        Self {
            name,
            file,
            entries,
            whole: whole as u64,
            gathered: Vec::new(),
            written: Instant::now(),
            is_broken: false,
        }
    }

    /// What is kept under a description.
    pub(crate) fn find<T: DeserializeOwned>(&self, description: &str) -> Option<T> {
        let content = self.entries.get(&self.key(description))?;
        postcard::from_bytes(content).ok()
    }

    fn key(&self, description: &str) -> u128 {
        xxh3_128(format!("{}\n{description}", self.name).as_bytes())
    }

    /// Keeps a result under its description.
    pub(crate) fn keep(&mut self, description: &str, result: &impl Serialize) {
        let Ok(content) = postcard::to_stdvec(result) else {
            return;
        };
        let key = self.key(description);
        self.gathered.extend(key.to_le_bytes());
        self.gathered.extend((content.len() as u64).to_le_bytes());
        self.gathered.extend(checksum(key, &content).to_le_bytes());
        self.gathered.extend(&content);
        self.entries.insert(key, content);
        if self.gathered.len() >= GATHERED || self.written.elapsed() >= PATIENCE {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.gathered.is_empty() || self.is_broken {
            return;
        }
        self.written = Instant::now();
        match self.append() {
            Ok(()) => {
                self.whole += self.gathered.len() as u64;
                self.gathered.clear();
            }
            Err(_) => self.is_broken = true,
        }
    }

    fn append(&self) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut to = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.file)?;
        to.set_len(self.whole)?;
        to.seek(SeekFrom::End(0))?;
        to.write_all(&self.gathered)
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.write();
    }
}

/// How many entries a file of a cache has, and how many bytes are after them that are none: half written by a process that was killed, or
/// damaged. They are made again.
///
/// # Errors
/// What the system said.
pub fn check_cache_file(file: &Path) -> std::io::Result<(usize, usize)> {
    let bytes = fs::read(file)?;
    let (mut entries, mut whole) = (0, 0);
    while let Some((_, _, length)) = first_entry(&bytes[whole..]) {
        entries += 1;
        whole += length;
    }
    Ok((entries, bytes.len() - whole))
}

/// The first entry of some bytes, with the bytes that it takes; `None` where they are no whole one.
fn first_entry(bytes: &[u8]) -> Option<(u128, &[u8], usize)> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let key = u128::from_le_bytes(head[..16].try_into().ok()?);
    let length = u64::from_le_bytes(head[16..24].try_into().ok()?);
    let expected = u64::from_le_bytes(head[24..].try_into().ok()?);
    let content = rest.get(..usize::try_from(length).ok()?)?;
    (checksum(key, content) == expected).then_some((key, content, HEAD + content.len()))
}

fn checksum(key: u128, content: &[u8]) -> u64 {
    // The key as well: a damaged one would give a run under another's name.
    xxh3_64(content) ^ xxh3_64(&key.to_le_bytes())
}

/// The processor's name, as Linux gives it; elsewhere the architecture.
fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(
        || std::env::consts::ARCH.to_owned(),
        |(_, name)| name.trim().to_owned(),
    )
}

/// A name for this machine, for what was timed: its host name, processor and number of cores.
pub(crate) fn machine() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{} {} {cores}", host.trim(), processor())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trajectory;
    use crate::trajectory::tests::run;

    #[test]
    fn what_is_kept_comes_back_to_the_bit_and_by_its_own_name_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("a/b")).unwrap();
        let mut kept = run(&[(0, f64::INFINITY), (3, 0.1 + 0.2), (9, 5e-324)]);
        kept.diverged = true;
        let mut shelf = cache.shelf("wine");
        shelf.keep("one", &kept);
        assert_eq!(shelf.find::<Trajectory>("one"), Some(kept.clone()));
        drop(shelf);
        let again = Cache::open(&folder.path().join("a/b")).unwrap();
        assert_eq!(again.shelf("wine").find::<Trajectory>("one"), Some(kept));
        assert_eq!(again.shelf("wine").find::<Trajectory>("two"), None);
        assert_eq!(again.shelf("airfoil").find::<Trajectory>("one"), None);
    }

    #[test]
    fn a_damaged_entry_ends_its_file_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        {
            let mut shelf = cache.shelf("wine");
            shelf.keep("one", &1.0);
            shelf.keep("two", &2.0);
        }
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap();
        let file = file.unwrap().path();
        let whole = fs::read(&file).unwrap();
        let half = whole.len() / 2;
        for length in half..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            let mut shelf = cache.shelf("wine");
            assert_eq!(shelf.find::<f64>("one"), Some(1.0));
            assert_eq!(shelf.find::<f64>("two"), None, "{length}");
            assert_eq!(check_cache_file(&file).unwrap(), (1, length - half));
            shelf.keep("two", &2.0);
            drop(shelf);
            assert_eq!(fs::read(&file).unwrap(), whole);
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 4;
            fs::write(&file, bytes).unwrap();
            let shelf = cache.shelf("wine");
            let found = [shelf.find::<f64>("one"), shelf.find::<f64>("two")];
            let expected = if place < half {
                [None; 2]
            } else {
                [Some(1.0), None]
            };
            assert_eq!(found, expected, "byte {place}");
        }
    }

    /// A processor may have lost its widest vectors to a virtual machine, and has the same name.
    #[test]
    fn what_other_vectors_computed_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let cache = |vectors: &str| Cache::with_vectors(folder.path(), vectors).unwrap();
        cache(vectors_in_use()).shelf("wine").keep("one", &1.0);
        let found = |cache: Cache| cache.shelf("wine").find::<f64>("one");
        assert_eq!(found(cache("another")), None);
        cache("another").shelf("wine").keep("one", &2.0);
        assert_eq!(found(cache("another")), Some(2.0));
        assert_eq!(found(Cache::open(folder.path()).unwrap()), Some(1.0));
    }

    /// The files of a cache.
    fn files_of(folder: &Path) -> Vec<PathBuf> {
        let files = fs::read_dir(folder).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }

    #[test]
    fn a_file_in_the_place_of_another_gives_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        for (shelf, number) in [("wine", 1.0), ("airfoil", 2.0)] {
            cache.shelf(shelf).keep("one", &number);
        }
        let files = files_of(folder.path());
        let aside = folder.path().join("aside");
        for (from, to) in [
            (&files[0], &aside),
            (&files[1], &files[0]),
            (&aside, &files[1]),
        ] {
            fs::rename(from, to).unwrap();
        }
        for shelf in ["wine", "airfoil"] {
            assert_eq!(cache.shelf(shelf).find::<f64>("one"), None, "{shelf}");
        }
    }

    #[test]
    fn a_killed_process_loses_no_more_than_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let mut shelf = cache.shelf("wine");
        shelf.keep("one", &1.0);
        shelf.written = shelf.written.checked_sub(PATIENCE).unwrap();
        shelf.keep("two", &2.0);
        shelf.keep("three", &3.0);
        // Nothing is dropped, as when the process is killed.
        std::mem::forget(shelf);
        let again = cache.shelf("wine");
        let found = ["one", "two", "three"].map(|name| again.find::<f64>(name));
        assert_eq!(found, [Some(1.0), Some(2.0), None]);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_costs_that_shelf_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        cache.shelf("wine").keep("one", &1.0);
        let file = files_of(folder.path()).remove(0);
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        for (shelf, kept) in [("wine", None), ("airfoil", Some(1.0))] {
            cache.shelf(shelf).keep("one", &1.0);
            assert_eq!(cache.shelf(shelf).find::<f64>("one"), kept, "{shelf}");
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_ends_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        fs::remove_dir(folder.path()).unwrap();
        let mut shelf = cache.shelf("wine");
        shelf.keep("one", &1.0);
        assert_eq!(shelf.find::<f64>("one"), Some(1.0));
    }
}
