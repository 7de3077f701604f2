//! Writes the 38 tables of the population as CSV files, the target in the last column:
//! `cargo run --release -p smallbatch-data --features population --example export_population -- FOLDER`.
//!
//! Classes are written by their names. A target of numbers is written with a decimal point (`6.0`), so that a program that
//! reads whole numbers as classes knows it for what it is.

use std::error::Error;
use std::path::{Path, PathBuf};

use smallbatch_data::{Dataset, Target, builtin};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or("the folder for the tables is missing: export_population FOLDER")?;
    std::fs::create_dir_all(&folder)?;
    for table in builtin::population() {
        let path = folder.join(format!("{}.csv", table.name));
        write(&path, &table.load()?).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// A line of names, then one sample a line. Numbers are the shortest that are read as the same `f32`.
fn write(path: &Path, dataset: &Dataset) -> Result<(), Box<dyn Error>> {
    let mut file = csv::Writer::from_path(path)?;
    let (target_name, cells): (&str, Vec<String>) = match dataset.target() {
        Target::Classes { labels, names } => {
            let name = |&label: &u32| names[label as usize].clone();
            ("class", labels.iter().map(name).collect())
        }
        Target::Values { values, names } => (
            &names[0],
            values.iter().map(|value| format!("{value:?}")).collect(),
        ),
        _ => return Err("its target is neither classes nor numbers".into()),
    };
    let names = dataset.feature_names().iter().map(String::as_str);
    file.write_record(names.chain([target_name]))?;
    for (sample, target) in dataset.features().column_iter().zip(&cells) {
        let values = sample.iter().map(f32::to_string);
        file.write_record(values.chain([target.clone()]))?;
    }
    Ok(file.flush()?)
}
