//! What the writer asks of the system. Tests put something in between that fails.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

#[cfg(any(test, feature = "power"))]
use crate::power as note;

/// Nobody listens.
#[cfg(not(any(test, feature = "power")))]
mod note {
    use std::path::Path;

    pub(super) fn created(_: &Path) {}
    pub(super) fn synchronized(_: &Path) {}
    pub(super) fn renamed(_: &Path, _: &Path) {}
    pub(super) fn removed(_: &Path) {}
    pub(super) fn folder_created(_: &Path) {}
    pub(super) fn folder_synchronized(_: &Path) {}
}

pub(crate) trait Disk {
    type Open: Write;

    /// A new file: an error where there is one of that name.
    fn create_new(&self, file: &Path) -> io::Result<Self::Open>;
    /// Waits until all of it, which has this path, is on the disk.
    fn synchronize(&self, file: &Self::Open, path: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, file: &Path) -> io::Result<()>;
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Waits until the names in a folder are on the disk.
    fn synchronize_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The system's own.
pub(crate) struct System;

impl Disk for System {
    type Open = File;

    fn create_new(&self, file: &Path) -> io::Result<File> {
        let created = File::create_new(file)?;
        note::created(file);
        Ok(created)
    }

    fn synchronize(&self, file: &File, path: &Path) -> io::Result<()> {
        file.sync_all()?;
        note::synchronized(path);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        note::renamed(from, to);
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)?;
        note::removed(file);
        Ok(())
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)?;
        note::folder_created(folder);
        Ok(())
    }

    fn synchronize_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened.
        if !cfg!(unix) {
            return Ok(());
        }
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        note::folder_synchronized(folder);
        match File::open(folder)?.sync_all() {
            // Some file systems have no such thing.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
                ) =>
            {
                Ok(())
            }
            done => done,
        }
    }
}

#[cfg(test)]
pub(crate) mod faulty {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    /// What goes wrong.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Fault {
        /// `ENOSPC`.
        Full,
        /// `EIO`.
        Broken,
        /// Of what is written, the system takes one byte.
        Short,
        /// `EINTR`: a signal came.
        Signal,
    }

    impl Fault {
        fn error(self) -> io::Error {
            match self {
                Self::Full => io::ErrorKind::StorageFull.into(),
                Self::Broken => io::Error::from_raw_os_error(5),
                Self::Short | Self::Signal => io::ErrorKind::Interrupted.into(),
            }
        }
    }

    /// The system's, but for one call, or all from there on.
    pub(crate) struct Faulty {
        pub(crate) fault: Fault,
        /// Which call fails, counted from 0.
        pub(crate) at: u32,
        /// Whether the later ones fail as well.
        pub(crate) stays: bool,
        pub(crate) calls: Rc<Cell<u32>>,
    }

    impl Faulty {
        /// Counts a call; whether it fails.
        fn fails(&self) -> bool {
            let call = self.calls.replace(self.calls.get() + 1);
            call == self.at || (self.stays && call > self.at)
        }

        /// Of calls that know no half success.
        fn checked(&self) -> io::Result<()> {
            let hard = matches!(self.fault, Fault::Full | Fault::Broken);
            if self.fails() && hard {
                return Err(self.fault.error());
            }
            Ok(())
        }
    }

    pub(crate) struct Open {
        file: File,
        disk: Faulty,
    }

    impl Write for Open {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.disk.fails() {
                // In pieces, so that there are calls in the middle of a file.
                return self.file.write(&bytes[..bytes.len().min(7)]);
            }
            match self.disk.fault {
                Fault::Short => self.file.write(&bytes[..1]),
                fault => Err(fault.error()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.file.flush()
        }
    }

    impl Disk for Faulty {
        type Open = Open;

        fn create_new(&self, file: &Path) -> io::Result<Open> {
            self.checked()?;
            Ok(Open {
                file: System.create_new(file)?,
                disk: Faulty {
                    calls: Rc::clone(&self.calls),
                    ..*self
                },
            })
        }

        fn synchronize(&self, _: &Open, _: &Path) -> io::Result<()> {
            self.checked()
        }

        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.checked()?;
            System.rename(from, to)
        }

        /// A full or broken disk still forgets names.
        fn remove(&self, file: &Path) -> io::Result<()> {
            System.remove(file)
        }

        fn create_folder(&self, folder: &Path) -> io::Result<()> {
            self.checked()?;
            System.create_folder(folder)
        }

        fn synchronize_folder(&self, _: &Path) -> io::Result<()> {
            self.checked()
        }
    }
}
