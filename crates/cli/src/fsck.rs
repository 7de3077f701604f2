//! `fsck`: which files of a folder are whole, which belong together, and what can be removed.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use smallbatch::files::{Lock, check, check_json, unfinished};
use smallbatch::pipeline::Pipeline;
use smallbatch::{report, sweep};

use crate::ending::{Ending, Failure};
use crate::help;
use crate::output::say;

/// Say which files of a folder are whole, which belong together, and what can be removed
///
/// Looks at what this program writes: models, advice, results, unfinished trainings, caches, and what killed processes left. Changes
/// nothing. The exit code is 1 if a file is damaged or files do not belong together.
#[derive(Debug, Args)]
#[command(after_help = help::FSCK)]
pub(crate) struct Fsck {
    /// The folder, with those in it
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Whole,
    /// It can be read, and has no checksum that says more.
    Unchecked,
    Damaged,
    /// It is of another model or advice than what lies beside it.
    Apart,
    /// A cache after whose whole entries there is something else: what a kill leaves. That is made again, and costs time only.
    Cut,
    /// It is of no use, and can be removed.
    Removable,
    /// A process is writing it.
    InUse,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Unchecked => "unchecked",
            Self::Damaged => "DAMAGED",
            Self::Apart => "APART",
            Self::Cut => "cut",
            Self::Removable => "removable",
            Self::InUse => "in use",
        }
    }
}

/// What was found out of a file.
#[derive(Debug, Serialize)]
struct Found {
    file: PathBuf,
    state: State,
    note: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    /// Whether nothing is damaged, and all belongs together.
    sound: bool,
    files: Vec<Found>,
}

/// Looks through a folder and those in it.
pub(crate) fn fsck(asked: &Fsck) -> Result<Ending, Failure> {
    let mut files = Vec::new();
    let failed = |error: std::io::Error| {
        Failure::failed(format!("cannot read {}: {error}", asked.folder.display()))
    };
    let mut folders = vec![asked.folder.clone()];
    while let Some(folder) = folders.pop() {
        let mut inner = look(&folder, &mut files).map_err(failed)?;
        inner.sort();
        inner.reverse();
        folders.extend(inner);
    }
    let sound = !files
        .iter()
        .any(|found| matches!(found.state, State::Damaged | State::Apart));
    if asked.json {
        let answer = Answer { sound, files };
        let text = serde_json::to_string_pretty(&answer);
        say(&text.map_err(|error| Failure::failed(error.to_string()))?);
    } else {
        say(&in_words(&asked.folder, &files));
    }
    Ok(if sound { Ending::Done } else { Ending::Failed })
}

fn in_words(folder: &Path, files: &[Found]) -> String {
    if files.is_empty() {
        return format!("{} has no file of this program", folder.display());
    }
    let name = |found: &Found| {
        let file = found.file.strip_prefix(folder).unwrap_or(&found.file);
        file.display().to_string()
    };
    let widest = files.iter().map(|found| name(found).len()).max();
    let lines = files.iter().map(|found| {
        format!(
            "{:<9}  {:<widest$}  {}",
            found.state.word(),
            name(found),
            found.note,
            widest = widest.unwrap_or(0)
        )
    });
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Adds what is in a folder; the folders in it.
fn look(folder: &Path, files: &mut Vec<Found>) -> std::io::Result<Vec<PathBuf>> {
    let (mut folders, mut others) = (Vec::new(), Vec::new());
    let holder = Lock::holder(folder);
    let left = unfinished(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        } else if !left.contains(&path) {
            others.push(path);
        }
    }
    others.sort();
    let models: Vec<(PathBuf, Result<Pipeline, String>)> = others
        .iter()
        .filter(|file| ends_with(file, "safetensors"))
        .map(|file| {
            let model = Pipeline::load(file).map_err(|error| error.to_string());
            (file.clone(), model)
        })
        .collect();
    for file in &others {
        let (state, note) = if let Some((_, model)) = models.iter().find(|(name, _)| name == file) {
            of_model(model)
        } else if named(file, "advice.json") {
            of_advice(file, &models)
        } else if named(file, "results.json") {
            of_results(file)
        } else if ends_with(file, "runs") {
            of_cache(file)
        } else if let Some(found) = of_sealed(file) {
            found
        } else {
            continue;
        };
        files.push(Found {
            file: file.clone(),
            state,
            note,
        });
    }
    let (state, note) = match holder {
        Some(holder) => (State::InUse, holder.to_string()),
        None => (State::Removable, "left by a process that was killed".into()),
    };
    files.extend(left.into_iter().map(|file| Found {
        file,
        state,
        note: note.clone(),
    }));
    Ok(folders)
}

fn named(file: &Path, name: &str) -> bool {
    file.file_name().is_some_and(|found| found == name)
}

fn ends_with(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|found| found == ending)
}

fn of_model(model: &Result<Pipeline, String>) -> (State, String) {
    match model {
        Ok(model) => {
            let (data, rows) = model.data();
            (State::Whole, format!("a model of {data}, {rows} rows"))
        }
        Err(reason) => (State::Damaged, reason.clone()),
    }
}

/// An advice, and whether it is that of the models beside it.
fn of_advice(file: &Path, models: &[(PathBuf, Result<Pipeline, String>)]) -> (State, String) {
    let (state, advice) = match json(file) {
        Ok(read) => read,
        Err(reason) => return (State::Damaged, reason),
    };
    let id = advice["id"].as_str().unwrap_or_default();
    for (model, read) in models {
        let name = model.file_name().unwrap_or_default().to_string_lossy();
        match read {
            Ok(read) if read.advice() == id => return (state, format!("belongs to {name}")),
            Ok(_) => return (State::Apart, format!("{name} is of another advice")),
            Err(_) => {}
        }
    }
    (state, "there is no model beside it".into())
}

fn of_results(file: &Path) -> (State, String) {
    match (json(file), report::read(file)) {
        (Err(reason), _) => (State::Damaged, reason),
        (_, Err(error)) => (State::Damaged, error.to_string()),
        (Ok((state, _)), Ok(results)) => {
            let n = results.design.n_complete;
            (state, format!("{n} repetitions"))
        }
    }
}

/// A JSON text, and whether its checksum is right.
fn json(file: &Path) -> Result<(State, Value), String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let has_checksum = check_json(&text).map_err(|error| error.to_string())?;
    let value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let state = if has_checksum {
        State::Whole
    } else {
        State::Unchecked
    };
    Ok((state, value))
}

/// A cache: what is not whole in it is made again, so that it costs time and no results.
fn of_cache(file: &Path) -> (State, String) {
    match sweep::check_cache_file(file) {
        Ok((entries, 0)) => (State::Whole, format!("{entries} finished trainings")),
        Ok((entries, rest)) => (
            State::Cut,
            format!(
                "{entries} finished trainings, then {rest} bytes that are none: they are made again"
            ),
        ),
        Err(error) => (State::Damaged, error.to_string()),
    }
}

/// A checkpoint or the like.
fn of_sealed(file: &Path) -> Option<(State, String)> {
    let bytes = fs::read(file).ok()?;
    match check(&bytes) {
        Ok(None) => None,
        Ok(Some("training")) => Some((
            State::Whole,
            "an unfinished training; `smallbatch train --resume` goes on with it".into(),
        )),
        Ok(Some(kind)) => Some((State::Whole, format!("a {kind}"))),
        Err(error) => Some((State::Damaged, error.to_string())),
    }
}
