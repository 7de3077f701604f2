//! The tables of a run: those of the design, or a folder's.

use std::path::Path;

use smallbatch_data::{
    FolderTable, TableReader, builtin, read_folder, read_folder_table, read_table,
};
use smallbatch_report::results::Omission;
use smallbatch_sweep::NamedTable;

use crate::design::Design;
use crate::{Error, RunPlan};

/// What stands in a design for the 38 built-in tables of the population.
const POPULATION: &str = "population";

/// The airfoils, split by the runs they were measured in.
const BY_RUN: &str = "airfoil_by_run";

/// Fewer rows leave nothing to validate on.
const FEWEST_ROWS: usize = 30;

/// The tables that are run on, and those that are not.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) tables: Vec<NamedTable>,
    pub(crate) omissions: Vec<Omission>,
}

impl Tables {
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.tables.iter().map(|table| table.name().to_owned());
        names.collect()
    }

    /// How many tables have fewer numbers than this one, or as many and come before it.
    pub(crate) fn rank(&self, table: usize) -> usize {
        let key = |table: usize| (numbers(&self.tables[table]), table);
        let others = (0..self.tables.len()).filter(|other| key(*other) < key(table));
        others.count()
    }

    /// Keeps so many tables, those with the fewest numbers, in their order.
    fn keep_the_smallest(&mut self, at_most: usize, plan: &RunPlan) {
        if self.tables.len() <= at_most {
            return;
        }
        let is_kept: Vec<bool> = (0..self.tables.len())
            .map(|table| self.rank(table) < at_most)
            .collect();
        let mut keep = is_kept.iter();
        let (small, large): (Vec<NamedTable>, Vec<NamedTable>) = self
            .tables
            .drain(..)
            .partition(|_| keep.next() == Some(&true));
        self.tables = small;
        let names: Vec<&str> = large.iter().map(NamedTable::name).collect();
        self.omissions.push(Omission {
            claim: String::new(),
            table: String::new(),
            reason: format!(
                "the {} size takes the {at_most} smallest tables, not {}",
                plan.size.name(),
                names.join(", ")
            ),
        });
    }
}

/// The size of a table.
fn numbers(table: &NamedTable) -> usize {
    table.dataset().features().len()
}

/// Loads the tables of a plan: so many, those with the fewest numbers first.
pub(crate) fn load(
    design: &Design,
    plan: &RunPlan,
    at_most: Option<usize>,
) -> Result<Tables, Error> {
    let mut found = Tables {
        tables: Vec::new(),
        omissions: Vec::new(),
    };
    let read = match &plan.tables {
        Some(folder) => of_folder(folder)?,
        None => {
            let named = |name: String| {
                let table = of_design(&name, plan.file.as_deref());
                (name, table)
            };
            names(design).into_iter().map(named).collect()
        }
    };
    for (name, table) in read {
        let table = table.and_then(|table| match table.dataset().n_samples() {
            n if n < FEWEST_ROWS => Err(format!("it has {n} rows; {FEWEST_ROWS} are needed")),
            _ => Ok(table),
        });
        match table {
            Ok(table) => found.tables.push(table),
            Err(reason) => found.omissions.push(Omission {
                claim: String::new(),
                table: name,
                reason,
            }),
        }
    }
    found.keep_the_smallest(at_most.unwrap_or(usize::MAX), plan);
    if found.tables.is_empty() {
        let reasons: Vec<String> = found
            .omissions
            .iter()
            .map(|omission| format!("{}: {}", omission.table, omission.reason))
            .collect();
        return Err(Error::NoTables {
            reason: reasons.join("; "),
        });
    }
    Ok(found)
}

/// A table with its name, or why there is none.
type Read = (String, Result<NamedTable, String>);

/// All tables of a folder.
fn of_folder(folder: &Path) -> Result<Vec<Read>, Error> {
    let doing = || format!("read the tables in {}", folder.display());
    let tables = read_folder(folder).map_err(|error| Error::step(doing(), error))?;
    Ok(tables.into_iter().map(named).collect())
}

fn named(table: FolderTable) -> Read {
    let origin = format!("the table {}", table.path.display());
    let found = table.dataset.map_err(|error| error.to_string());
    let found = found.map(|dataset| NamedTable::new(&table.name, origin, dataset));
    (table.name, found)
}

/// One table of a plan, by its name; the others are not read.
pub(crate) fn load_one(design: &Design, plan: &RunPlan, name: &str) -> Result<NamedTable, Error> {
    let doing = || format!("read the table {name}");
    let found = match &plan.tables {
        Some(folder) => read_folder_table(folder, name)
            .map_err(|error| Error::step(doing(), error))?
            .map(named),
        None => names(design)
            .into_iter()
            .find(|found| found.strip_suffix(".csv").unwrap_or(found) == name)
            .map(|name| {
                let table = of_design(&name, plan.file.as_deref());
                (name, table)
            }),
    };
    let (_, found) = found.ok_or_else(|| Error::step(doing(), "it is not there any more"))?;
    found.map_err(|reason| Error::step(doing(), reason))
}

/// The names of a design's tables: [`POPULATION`] stands for many.
fn names(design: &Design) -> Vec<String> {
    let mut names = Vec::new();
    for name in &design.tables {
        if name == POPULATION {
            names.extend(builtin::population_names().into_iter().map(|name| {
                // Its runs are groups of rows that are nearly alike.
                if name == "airfoil" { BY_RUN } else { name }.to_owned()
            }));
        } else {
            names.push(name.clone());
        }
    }
    names
}

/// A built-in table by its name, or a file beside the design.
fn of_design(name: &str, design: Option<&Path>) -> Result<NamedTable, String> {
    let said = |error: smallbatch_data::Error| error.to_string();
    if name.ends_with(".csv") {
        let beside = design.and_then(Path::parent).unwrap_or(Path::new(""));
        let path = beside.join(name);
        // The design `mine.toml` is no settings of the table `mine.csv`.
        let dataset = if design == Some(path.with_extension("toml").as_path()) {
            TableReader::new().read_path(&path)
        } else {
            read_table(&path)
        };
        let dataset = dataset.map_err(said)?;
        let origin = format!("the table {}", path.display());
        return Ok(NamedTable::new(dataset.name().to_owned(), origin, dataset));
    }
    let table = builtin::table(name).map_err(said)?;
    let origin = format!(
        "{} UCI {}, doi {}, {}",
        table.citation, table.uci, table.doi, table.licence
    );
    Ok(NamedTable::new(name, origin, table.load().map_err(said)?))
}
