//! What a loss of power may leave of a folder. For tests: the feature `power`.
//!
//! [`record`] notes what the writers of this crate ask of the system, in the thread that calls it. [`Recording::losses`] plays it up to each
//! call, and gives every folder that a loss of power there may leave. What was synchronized is there. A file that was not may be empty,
//! half, full of zeros or whole; of the names that were made, changed or removed since their folder was synchronized, any may be lost.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One call of a writer.
#[derive(Clone, Debug)]
enum Event {
    Created(PathBuf),
    /// With what was in it.
    Synchronized(PathBuf, Vec<u8>),
    Renamed(PathBuf, PathBuf, Vec<u8>),
    Removed(PathBuf),
    FolderCreated(PathBuf),
    FolderSynchronized(PathBuf),
    /// Of the test: so much is done.
    Done(u64),
}

thread_local! {
    static LOG: RefCell<Option<Vec<Event>>> = const { RefCell::new(None) };
}

fn note(event: impl FnOnce() -> Event) {
    LOG.with_borrow_mut(|log| {
        if let Some(log) = log {
            log.push(event());
        }
    });
}

pub(crate) fn created(file: &Path) {
    note(|| Event::Created(file.to_owned()));
}

pub(crate) fn synchronized(file: &Path) {
    note(|| Event::Synchronized(file.to_owned(), content(file)));
}

pub(crate) fn renamed(from: &Path, to: &Path) {
    note(|| Event::Renamed(from.to_owned(), to.to_owned(), content(to)));
}

pub(crate) fn removed(file: &Path) {
    note(|| Event::Removed(file.to_owned()));
}

pub(crate) fn folder_created(folder: &Path) {
    note(|| Event::FolderCreated(folder.to_owned()));
}

pub(crate) fn folder_synchronized(folder: &Path) {
    note(|| Event::FolderSynchronized(folder.to_owned()));
}

fn content(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_default()
}

/// Says that so many steps of the recorded work have returned: what they wrote must outlast a loss of power.
pub fn done(steps: u64) {
    note(|| Event::Done(steps));
}

/// Does something, and notes what it asks of the system. What is in the folder before is taken as safe.
///
/// # Errors
/// Where the folder cannot be read.
pub fn record<R>(folder: &Path, work: impl FnOnce() -> R) -> io::Result<(R, Recording)> {
    let mut before = BTreeMap::new();
    read_into(folder, &mut before)?;
    LOG.replace(Some(Vec::new()));
    let result = work();
    let events = LOG.take().unwrap_or_default();
    let root = folder.to_owned();
    Ok((
        result,
        Recording {
            root,
            before,
            events,
        },
    ))
}

fn read_into(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_into(&path, files)?;
        } else {
            files.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(())
}

/// What was asked of the system.
#[derive(Clone, Debug)]
pub struct Recording {
    root: PathBuf,
    before: BTreeMap<PathBuf, Vec<u8>>,
    events: Vec<Event>,
}

/// What a loss of power leaves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// How many steps were [done].
    pub done: u64,
    /// The files, by their paths in the folder.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Left {
    /// Puts the files into a folder, and removes what else is in it.
    ///
    /// # Errors
    /// What the system said.
    pub fn lay_out(&self, folder: &Path) -> io::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        for (path, content) in &self.files {
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, content)?;
        }
        Ok(())
    }
}

/// A file's content: what is on the disk for sure, and what was written.
#[derive(Clone, Debug)]
struct Body {
    safe: bool,
    whole: Vec<u8>,
}

/// A change of names in a folder.
#[derive(Clone, Debug)]
enum Change {
    Set(PathBuf, usize),
    Move(PathBuf, PathBuf, usize),
    Unset(PathBuf),
    Folder(PathBuf),
}

impl Change {
    /// The folder whose synchronization makes it safe.
    fn folder(&self) -> Option<&Path> {
        let (Self::Set(path, _) | Self::Move(_, path, _) | Self::Unset(path) | Self::Folder(path)) =
            self;
        path.parent()
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>, folders: &mut BTreeSet<PathBuf>) {
        match self {
            Self::Set(path, body) => drop(names.insert(path.clone(), *body)),
            Self::Move(from, to, body) => {
                names.remove(from);
                names.insert(to.clone(), *body);
            }
            Self::Unset(path) => drop(names.remove(path)),
            Self::Folder(path) => drop(folders.insert(path.clone())),
        }
    }
}

/// How much of a file that was not synchronized is there.
type Part = fn(&[u8]) -> Vec<u8>;

const PARTS: [Part; 4] = [
    |_| Vec::new(),
    |whole| whole[..whole.len() / 2].to_vec(),
    |whole| vec![0; whole.len()],
    <[u8]>::to_vec,
];

/// More names that may be lost at a time are not tried in all ways, but each by itself and all.
const MOST_IN_ALL_WAYS: usize = 8;

/// A disk while a recording is played.
#[derive(Default)]
struct Played {
    bodies: Vec<Body>,
    /// What a file's name stands for now.
    current: BTreeMap<PathBuf, usize>,
    names: BTreeMap<PathBuf, usize>,
    /// Folders that were made, and are there for sure.
    folders: BTreeSet<PathBuf>,
    made: BTreeSet<PathBuf>,
    pending: Vec<Change>,
    done: u64,
}

impl Recording {
    /// Every folder that a loss of power after any call may leave, each once.
    pub fn losses(&self) -> BTreeSet<Left> {
        let mut disk = Played::default();
        for (path, content) in &self.before {
            disk.names.insert(path.clone(), disk.bodies.len());
            disk.bodies.push(Body {
                safe: true,
                whole: content.clone(),
            });
        }
        disk.current = disk.names.clone();
        let mut found = BTreeSet::new();
        disk.lose(&self.root, &mut found);
        for (at, event) in self.events.iter().enumerate() {
            disk.play(event, &self.events[at..]);
            disk.lose(&self.root, &mut found);
        }
        found
    }
}

impl Played {
    fn play(&mut self, event: &Event, rest: &[Event]) {
        match event {
            Event::Created(path) => {
                // What is written into it is known when it is synchronized or moved.
                let whole = rest.iter().find_map(|event| match event {
                    Event::Synchronized(file, content) | Event::Renamed(file, _, content)
                        if file == path =>
                    {
                        Some(content.clone())
                    }
                    _ => None,
                });
                self.current.insert(path.clone(), self.bodies.len());
                self.pending
                    .push(Change::Set(path.clone(), self.bodies.len()));
                self.bodies.push(Body {
                    safe: false,
                    whole: whole.unwrap_or_default(),
                });
            }
            Event::Synchronized(path, content) => {
                if let Some(&body) = self.current.get(path) {
                    self.bodies[body] = Body {
                        safe: true,
                        whole: content.clone(),
                    };
                }
            }
            Event::Renamed(from, to, _) => {
                if let Some(body) = self.current.remove(from) {
                    self.current.insert(to.clone(), body);
                    self.pending
                        .push(Change::Move(from.clone(), to.clone(), body));
                }
            }
            Event::Removed(path) => {
                self.current.remove(path);
                self.pending.push(Change::Unset(path.clone()));
            }
            Event::FolderCreated(path) => {
                self.made.insert(path.clone());
                self.pending.push(Change::Folder(path.clone()));
            }
            Event::FolderSynchronized(folder) => {
                let (safe, pending) = std::mem::take(&mut self.pending)
                    .into_iter()
                    .partition(|change| change.folder() == Some(folder));
                self.pending = pending;
                let safe: Vec<Change> = safe;
                for change in safe {
                    change.apply(&mut self.names, &mut self.folders);
                }
            }
            Event::Done(steps) => self.done = *steps,
        }
    }

    /// Adds what a loss of power may leave now.
    fn lose(&self, root: &Path, found: &mut BTreeSet<Left>) {
        let n = self.pending.len();
        let ways: Vec<u64> = if n <= MOST_IN_ALL_WAYS {
            (0..1 << n).collect()
        } else {
            let all = u64::MAX >> (64 - n.min(64));
            let each = (0..n.min(64)).flat_map(|at| [1 << at, all & !(1 << at)]);
            each.chain([0, all]).collect()
        };
        for kept in ways {
            let (mut names, mut folders) = (self.names.clone(), self.folders.clone());
            for (at, change) in self.pending.iter().enumerate() {
                if kept >> at & 1 == 1 {
                    change.apply(&mut names, &mut folders);
                }
            }
            // A file is gone with its folder.
            let lost: Vec<&PathBuf> = self.made.difference(&folders).collect();
            names.retain(|path, _| !lost.iter().any(|folder| path.starts_with(folder)));
            for part in PARTS {
                let files = names.iter().map(|(path, &body)| {
                    let body = &self.bodies[body];
                    let content = if body.safe {
                        body.whole.clone()
                    } else {
                        part(&body.whole)
                    };
                    let path = path.strip_prefix(root).unwrap_or(path);
                    (path.to_owned(), content)
                });
                found.insert(Left {
                    done: self.done,
                    files: files.collect(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;
    use crate::disk::{Disk, System};
    use crate::{Rotation, replace, replace_all};

    /// The files that people see: not those that are unfinished.
    fn seen(left: &Left) -> Vec<(&str, &[u8])> {
        let files = left.files.iter();
        let files = files.map(|(path, content)| (path.to_str().unwrap(), &content[..]));
        files
            .filter(|(name, _)| !name.contains("/.") && !name.starts_with('.'))
            .collect()
    }

    #[test]
    fn a_replaced_file_is_the_old_one_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model");
        fs::write(&file, "old").unwrap();
        let ((), recording) = record(folder.path(), || {
            replace(&file, b"new content", true).unwrap();
            done(1);
        })
        .unwrap();
        let losses = recording.losses();
        for left in &losses {
            match seen(left)[..] {
                [("model", b"old")] => assert_eq!(left.done, 0),
                [("model", b"new content")] => {}
                ref other => panic!("{other:?}"),
            }
        }
        assert!(losses.iter().any(|left| left.done == 1));
    }

    /// The disease: what is not synchronized, or not written beside its place, is lost.
    #[test]
    fn without_waiting_for_the_disk_a_file_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model");
        fs::write(&file, "old").unwrap();
        let ((), recording) = record(folder.path(), || {
            replace(&file, b"new content", false).unwrap();
            done(1);
        })
        .unwrap();
        let losses = recording.losses();
        let is = |content: &[u8]| {
            losses
                .iter()
                .any(|left| left.done == 1 && seen(left) == [("model", content)])
        };
        assert!(is(b"old") && is(b"new content") && is(b"") && is(b"new c") && is(&[0; 11]));
        // Renamed, but the name is not on the disk.
        let ((), recording) = record(folder.path(), || {
            let beside = folder.path().join(".beside");
            let mut open: File = System.create_new(&beside).unwrap();
            open.write_all(b"third").unwrap();
            System.synchronize(&open, &beside).unwrap();
            System.rename(&beside, &file).unwrap();
            done(1);
        })
        .unwrap();
        let losses = recording.losses();
        let mut late = losses.iter().filter(|left| left.done == 1);
        assert!(late.any(|left| seen(left) == [("model", &b"new content"[..])]));
    }

    #[test]
    fn of_files_that_belong_together_each_is_old_or_new_and_all_are_new_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["advice.json", "model", "page"];
        let all = |text: &str| {
            let file = |name: &&str| {
                (
                    folder.path().join(name),
                    format!("{text} {name}").into_bytes(),
                )
            };
            names.iter().map(file).collect::<Vec<_>>()
        };
        replace_all(&all("old")).unwrap();
        let ((), recording) = record(folder.path(), || {
            replace_all(&all("new")).unwrap();
            done(1);
        })
        .unwrap();
        let mut mixed = 0;
        for left in recording.losses() {
            let seen = seen(&left);
            assert_eq!(seen.len(), names.len());
            let mut n_new = 0;
            for (name, content) in seen {
                let content = str::from_utf8(content).unwrap();
                assert!(
                    [format!("old {name}"), format!("new {name}")].contains(&content.to_owned())
                );
                n_new += usize::from(content.starts_with("new"));
            }
            mixed += usize::from(n_new == 1);
            assert!(left.done == 0 || n_new == names.len());
        }
        // No file system replaces three files at once: who reads them compares them.
        assert!(mixed > 0);
    }

    #[test]
    fn of_the_last_states_the_newest_that_was_saved_is_there() {
        let scratch = tempfile::tempdir().unwrap();
        let states = Rotation::new(scratch.path().join("a/b"), "state", 2);
        let content = |step: u64| format!("state after {step}").into_bytes();
        let ((), recording) = record(scratch.path(), || {
            for step in 1..=4 {
                states.save(&content(step)).unwrap();
                done(step);
            }
        })
        .unwrap();
        let again = tempfile::tempdir().unwrap();
        let losses = recording.losses();
        assert!(losses.len() > 20, "{}", losses.len());
        for left in losses {
            let at = again.path().join("left");
            left.lay_out(&at).unwrap();
            let files = Rotation::new(at.join("a/b"), "state", 2).files().unwrap();
            // Every file with a state's name is whole, and the newest is no older than what was saved.
            let found: Vec<u64> = files
                .iter()
                .map(|file| {
                    let read = fs::read(file).unwrap();
                    (1..=4)
                        .find(|&step| read == content(step))
                        .expect("a whole state")
                })
                .collect();
            assert!(found.first().copied().unwrap_or(0) >= left.done, "{left:?}");
        }
    }
}
