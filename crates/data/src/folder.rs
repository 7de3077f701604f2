//! A folder of tables: every table in it, or why it could not be read.

use std::fs;
use std::path::{Path, PathBuf};

use smallbatch_base::Scalar;

use crate::source::{is_table, name_of};
use crate::{Dataset, Error, TableReader};

/// A table of a folder, read by [`read_folder`].
#[derive(Debug)]
pub struct FolderTable<T = f32> {
    /// The file's name without its ending.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The data set, or why there is none.
    pub dataset: Result<Dataset<T>, Error>,
}

/// Reads every table of a folder, sorted by name: the files that end in `.csv`, `.csv.gz` or `.csv.zst`, not those in folders within.
///
/// The last column is the target, and classes or numbers as [`TableReader::schema`] reads it off, unless a file beside the
/// table, `houses.toml` for `houses.csv`, says otherwise, as [`TableReader::from_toml`] reads it.
///
/// A table that cannot be read stands in the list with the reason, and does not stop the others.
///
/// # Errors
/// [`Error::Io`] when the folder cannot be read, [`Error::NoTables`] when it holds no table. Of a single table, beside what
/// [`TableReader::read_path`] refuses: [`Error::TableSettings`] for settings that are no TOML, or have a key that is not known,
/// with file and line; and [`Error::NoTableBeside`] for settings without a table.
///
/// ```no_run
/// for table in smallbatch_data::read_folder::<f32>("tables")? {
///     match table.dataset {
///         Ok(dataset) => println!("{}: {} samples", table.name, dataset.n_samples()),
///         Err(error) => eprintln!("{}: {error}", table.path.display()),
///     }
/// }
/// # Ok::<(), smallbatch_data::Error>(())
/// ```
pub fn read_folder<T: Scalar>(folder: impl AsRef<Path>) -> Result<Vec<FolderTable<T>>, Error> {
    let folder = folder.as_ref();
    let paths = paths_in(folder)?;
    let tables: Vec<FolderTable<T>> = paths.iter().filter_map(|path| read(path, &paths)).collect();
    if tables.is_empty() {
        return Err(Error::NoTables {
            folder: folder.to_path_buf(),
        });
    }
    Ok(tables)
}

/// Reads one table of a folder, as [`read_folder`] does; `None` where there is none of this name.
///
/// # Errors
/// [`Error::Io`] when the folder cannot be read.
pub fn read_folder_table<T: Scalar>(
    folder: impl AsRef<Path>,
    name: &str,
) -> Result<Option<FolderTable<T>>, Error> {
    let paths = paths_in(folder.as_ref())?;
    let path = paths
        .iter()
        .find(|path| is_table(path) && name_of(path) == name);
    Ok(path.and_then(|path| read(path, &paths)))
}

/// What is in a folder, sorted.
fn paths_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let io = |source| Error::Io {
        path: folder.to_path_buf(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Reads a table as the file beside it says, `houses.toml` for `houses.csv`: see [`read_folder`].
///
/// # Errors
/// As [`TableReader::read_path`], and [`Error::TableSettings`].
pub fn read_table<T: Scalar>(path: impl AsRef<Path>) -> Result<Dataset<T>, Error> {
    let path = path.as_ref();
    TableReader::beside(path)?.read_path(path)
}

/// The table in this file, if it is one, or settings that no table belongs to.
fn read<T: Scalar>(path: &Path, all: &[PathBuf]) -> Option<FolderTable<T>> {
    let is_settings = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
    };
    let dataset = if is_table(path) {
        read_table(path)
    } else if is_settings(path) {
        let name = name_of(path);
        let is_its_table = |other: &PathBuf| is_table(other) && name_of(other) == name;
        if all.iter().any(is_its_table) {
            return None;
        }
        Err(Error::NoTableBeside {
            settings: path.to_path_buf(),
        })
    } else {
        return None;
    };
    Some(FolderTable {
        name: name_of(path),
        path: path.to_path_buf(),
        dataset,
    })
}
