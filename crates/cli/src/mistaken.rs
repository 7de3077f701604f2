//! A wrong file or folder is told which one was meant.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use smallbatch::pipeline::Pipeline;

use crate::ending::Failure;

/// The beginning of a file says what it is.
const BEGINNING: u64 = 4096;

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder,
    Results,
    Report,
    Advice,
    Model,
    Design,
    Table,
    /// None of these can be told, or there is nothing.
    Other,
}

impl Kind {
    fn of(path: &Path) -> Self {
        if path.is_dir() {
            return Self::Folder;
        }
        let mut beginning = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
        if read.is_err() {
            return Self::Other;
        }
        let beginning = String::from_utf8_lossy(&beginning);
        let beginning = beginning.trim_start();
        let has = |key: &str| beginning.contains(&format!("\"{key}\":"));
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            _ if beginning.starts_with('{') => match () {
                () if has("schema_version") => Self::Results,
                () if has("smallbatch_model") => Self::Model,
                // As earlier versions wrote them.
                () if has("advice") && has("schema") => Self::Model,
                () if has("program") && has("data") => Self::Advice,
                () => Self::Other,
            },
            // A safetensors file, behind the length of its header.
            _ if beginning.contains("{\"__metadata__\":{\"smallbatch\"") => Self::Model,
            _ if beginning.starts_with('<') => Self::Report,
            Some("md") => Self::Report,
            Some("toml") => Self::Design,
            Some("csv" | "tsv") => Self::Table,
            _ => Self::Other,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Folder => "a folder",
            Self::Results => "the results of a run",
            Self::Report => "a report",
            Self::Advice => "advice on a table",
            Self::Model => "a saved model",
            Self::Design => "a design",
            Self::Table => "a table",
            Self::Other => "no file of this program",
        }
    }
}

fn wrong(path: &Path, what: &str, way_out: &str) -> Failure {
    Failure::wrong(format!("{} is {what}; {way_out}", path.display()))
}

/// The file beside another, or in a folder, with this name; where it is there.
fn there(path: &Path, name: &str) -> Option<PathBuf> {
    let file = if path.is_dir() {
        path.join(name)
    } else {
        path.with_file_name(name)
    };
    file.is_file().then_some(file)
}

/// Refuses what is no results of a run, nor a folder with them.
pub(crate) fn check_results(verb: &str, path: &Path) -> Result<(), Failure> {
    let kind = Kind::of(path);
    let name = path.display();
    let meant =
        there(path, "results.json").map(|file| format!("`{verb}` needs {}", file.display()));
    let way_out = match kind {
        Kind::Results | Kind::Other => return Ok(()),
        Kind::Folder if meant.is_some() => return Ok(()),
        Kind::Folder => {
            let held = match there(path, "advice.json") {
                Some(_) => "holds advice on a table, and no results.json",
                None => "has no results.json",
            };
            return Err(Failure::wrong(format!(
                "{name} {held}; name a folder that `smallbatch run` wrote"
            )));
        }
        Kind::Design => format!("`smallbatch run --file {name}` runs it"),
        Kind::Table => format!("`smallbatch expect {name}` says what to expect of it"),
        Kind::Report | Kind::Advice | Kind::Model => {
            meant.unwrap_or_else(|| format!("`{verb}` needs the results.json of a run"))
        }
    };
    Err(wrong(path, kind.words(), &way_out))
}

/// The folder of the results to be drawn again: itself, or that of its results.json.
pub(crate) fn folder_of_results(path: &Path) -> Result<PathBuf, Failure> {
    check_results("report", path)?;
    match path.file_name() {
        Some(name) if name == "results.json" && path.is_file() => Ok(path.with_file_name("")),
        _ if path.is_file() => Err(wrong(
            path,
            "a file",
            "`report` needs the folder of a results.json",
        )),
        _ => Ok(path.to_path_buf()),
    }
}

/// Whether a file is a saved model.
pub(crate) fn is_model(path: &Path) -> bool {
    Kind::of(path) == Kind::Model
}

/// Refuses what is no saved model; the table that it is to be used on may stand in its place.
pub(crate) fn check_model(path: &Path, table: &Path) -> Result<(), Failure> {
    let kind = Kind::of(path);
    let way_out = match (kind, there(path, Pipeline::FILE_NAME)) {
        (Kind::Model | Kind::Other, _) => return Ok(()),
        (Kind::Table, _) if Kind::of(table) == Kind::Model => format!(
            "the model comes first: `smallbatch predict {} {}`",
            table.display(),
            path.display()
        ),
        (Kind::Folder | Kind::Advice, Some(model)) => {
            format!("the model is {}", model.display())
        }
        _ => format!(
            "`predict` needs a {}, which `smallbatch advise` writes",
            Pipeline::FILE_NAME
        ),
    };
    Err(wrong(path, kind.words(), &way_out))
}

/// Refuses what is no table.
pub(crate) fn check_table(path: &Path) -> Result<(), Failure> {
    let kind = Kind::of(path);
    let way_out = match kind {
        Kind::Table | Kind::Other => return Ok(()),
        Kind::Folder => format!(
            "name one table in it, or ask all of them: `smallbatch run --tables {}`",
            path.display()
        ),
        _ => "name a file of comma-separated values".into(),
    };
    Err(wrong(path, kind.words(), &way_out))
}

/// Refuses what is no design.
pub(crate) fn check_design(path: &Path) -> Result<(), Failure> {
    let kind = Kind::of(path);
    let name = path.display();
    let way_out = match kind {
        Kind::Design | Kind::Other => return Ok(()),
        Kind::Table => format!("`smallbatch advise {name} --target COLUMN` advises on it"),
        Kind::Results => format!("`smallbatch replicate {name}` runs its design again"),
        _ => "a design is needed; `smallbatch print` gives one to start from".into(),
    };
    Err(wrong(path, kind.words(), &way_out))
}

/// Refuses what is no folder of tables.
pub(crate) fn check_tables(path: &Path) -> Result<(), Failure> {
    if !path.is_file() {
        return Ok(());
    }
    let name = path.display();
    let way_out = match Kind::of(path) {
        Kind::Table => format!("`smallbatch expect {name}` says what to expect of one table"),
        _ => "--tables needs a folder of tables".into(),
    };
    Err(wrong(path, "a file", &way_out))
}
