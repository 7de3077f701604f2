//! The folder of a shared run: whether it may be written to, its plan, and copies of what is the user's own.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use smallbatch_base::limits::MOST_SETTINGS_BYTES;
use smallbatch_data::is_table;
use smallbatch_files as files;

use crate::plan::Request;
use crate::{Error, RunPlan};

pub(super) const PLAN: &str = "plan.json";

/// The content of `plan.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) version: String,
    pub(super) design_hash: String,
    /// Of `jobs.jsonl`.
    pub(super) jobs_hash: String,
    pub(super) base_seed: u64,
    pub(super) request: Request,
}

impl Saved {
    pub(super) fn read(folder: &Path) -> Result<Self, Error> {
        let file = folder.join(PLAN);
        let doing = || format!("read {}", file.display());
        let text = files::read_text(&file, MOST_SETTINGS_BYTES)
            .map_err(|error| Error::step(doing(), error))?;
        if !files::check_json(&text).map_err(|error| Error::step(doing(), error))? {
            return Err(Error::step(doing(), "it has no checksum; plan anew"));
        }
        let saved: Self =
            serde_json::from_str(&text).map_err(|error| Error::step(doing(), error))?;
        if saved.version != env!("CARGO_PKG_VERSION") {
            let reason = format!("it is of version {}; plan anew", saved.version);
            return Err(Error::step(doing(), reason));
        }
        Ok(saved)
    }

    /// Refuses a folder with something else in it than a plan of the same run. That tables are the same, each job's hash knows.
    pub(super) fn check_place(plan: &RunPlan, design: &str, folder: &Path) -> Result<(), Error> {
        let refused = |reason| Err(Error::step(format!("plan in {}", folder.display()), reason));
        if !folder.join(PLAN).exists() {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut names = entries.map(|entry| entry.file_name());
            // A lock may be there already.
            return match names.any(|name| !name.to_string_lossy().starts_with(".smallbatch")) {
                true => refused("it has other files; name another folder"),
                false => Ok(()),
            };
        }
        let (before, request) = (Self::read(folder)?, plan.request());
        let is_same_design = || match &before.request.file {
            None => plan.file.is_none(),
            Some(file) => {
                let text = files::read_text(&folder.join(file), MOST_SETTINGS_BYTES);
                plan.file.is_some() && text.is_ok_and(|text| text == design)
            }
        };
        let is_same = (before.base_seed, before.request.size) == (plan.base_seed, request.size)
            && before.request.claims == request.claims
            && before.request.tables.is_some() == request.tables.is_some()
            && is_same_design();
        match is_same {
            true => Ok(()),
            false => refused("it has the plan of another run; name another folder"),
        }
    }
}

/// An empty folder.
fn anew(folder: &Path) -> Result<(), Error> {
    let made = match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => files::prepare_folder(folder),
    };
    made.map_err(|error| Error::step(format!("write into {}", folder.display()), error))
}

/// Copies a folder's tables, with the settings beside them.
pub(super) fn copy_tables(from: &Path, to: &Path) -> Result<(), Error> {
    if is_same_place(from, to) {
        return Ok(());
    }
    anew(to)?;
    let failed = |error: std::io::Error| {
        Error::step(format!("copy the tables in {}", from.display()), error)
    };
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_settings = path
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("toml"));
        if let Some(name) = path.file_name()
            && (is_table(&path) || is_settings)
            && path.is_file()
        {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn is_same_place(one: &Path, other: &Path) -> bool {
    let found = one.canonicalize().ok().zip(other.canonicalize().ok());
    found.is_some_and(|(one, other)| one == other)
}

/// Copies a design, and the tables that it names as files beside it, with their settings. One that is not there is left out of the run, too.
pub(super) fn copy_design(
    design: &Path,
    text: &str,
    tables: &[String],
    to: &Path,
) -> Result<(), Error> {
    let beside = design.parent().unwrap_or(Path::new(""));
    let files: Vec<&String> = tables
        .iter()
        .filter(|name| name.ends_with(".csv") && beside.join(name).is_file())
        .collect();
    if let Some(name) = files
        .iter()
        .find(|name| Path::new(name).file_name() != Some(name.as_ref()))
    {
        return Err(Error::step(
            format!("copy the table {name}"),
            "a design that machines share has its tables beside it; give the folder of the tables instead (`tables`)",
        ));
    }
    if is_same_place(&std::path::absolute(beside).unwrap_or_default(), to) {
        return Ok(());
    }
    anew(to)?;
    write(
        &to.join(design.file_name().unwrap_or_default()),
        text.as_bytes(),
    )?;
    for name in files {
        let (from, to) = (beside.join(name), to.join(name));
        copy(&from, &to)?;
        let settings = from.with_extension("toml");
        if settings.is_file() && settings != design {
            copy(&settings, &to.with_extension("toml"))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let copied = fs::copy(from, to).map(|_| ());
    copied.map_err(|error| Error::step(format!("copy {}", from.display()), error))
}

pub(super) fn write(file: &Path, content: &[u8]) -> Result<(), Error> {
    files::replace(file, content, true)
        .map_err(|error| Error::step(format!("write {}", file.display()), error))
}
