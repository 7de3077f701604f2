//! The built-in tables: what is said of each, how it is found and how it is loaded.

use super::list::TABLES;
use super::read;
use crate::names::nearest;
use crate::{Dataset, Error, Task};

/// A table that comes with the crate; [`tables`] lists them.
///
/// ```
/// use smallbatch_data::builtin;
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let yacht = builtin::table("yacht")?;
/// assert_eq!((yacht.uci, yacht.licence), (243, "CC BY 4.0"));
/// assert_eq!((yacht.n_samples, yacht.n_features), (308, 6));
/// assert_eq!(yacht.load()?.n_samples(), 308);
///
/// let error = builtin::table("yach").unwrap_err();
/// assert_eq!(error.to_string(), "there is no built-in table \"yach\"; did you mean \"yacht\"?");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BuiltinTable {
    /// Its name, which its data set has, too.
    pub name: &'static str,
    /// The number of the data set in the UCI Machine Learning Repository.
    pub uci: u32,
    /// Its digital object identifier.
    pub doi: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// Whom to name who passes it on: authors, year and title; the crate's `DATA.md` adds what was changed.
    pub citation: &'static str,
    /// Whether its target is classes or numbers.
    pub task: Task,
    /// How many samples it has.
    pub n_samples: usize,
    /// How many features it has.
    pub n_features: usize,
    pub(super) load: Load,
}

/// How a table becomes a data set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Load {
    /// By a function of its own.
    By(fn() -> Result<Dataset, Error>),
    /// From its file as it is.
    Of(&'static [u8]),
    /// From its file, compressed as gzip does it.
    #[cfg(feature = "population")]
    OfPacked(&'static [u8]),
}

impl BuiltinTable {
    /// The data set.
    ///
    /// # Errors
    /// None in practice: all tables are loaded in the crate's tests.
    pub fn load(&self) -> Result<Dataset, Error> {
        let dataset = match self.load {
            Load::By(function) => function()?,
            Load::Of(table) => read(self.name, table, self.task)?,
            #[cfg(feature = "population")]
            Load::OfPacked(packed) => {
                let table = flate2::read::GzDecoder::new(packed);
                read(self.name, table, self.task)?
            }
        };
        Ok(dataset.with_name(self.name))
    }
}

/// All built-in tables, in alphabetical order: 10, and 39 with the feature `population`.
///
/// ```
/// for table in smallbatch_data::builtin::tables() {
///     println!("{}: {} https://doi.org/{}", table.name, table.citation, table.doi);
/// }
/// ```
pub fn tables() -> &'static [BuiltinTable] {
    TABLES
}

/// The built-in table of this name.
///
/// # Errors
/// [`Error::UnknownTable`], with the nearest name.
pub fn table(name: &str) -> Result<&'static BuiltinTable, Error> {
    let found = TABLES.iter().find(|table| table.name == name);
    found.ok_or_else(|| {
        let tables: Vec<String> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        Error::UnknownTable {
            name: name.to_owned(),
            nearest: nearest(name, &tables).map(str::to_owned),
            tables,
        }
    })
}

/// The population: 38 tables for statements about tables, in alphabetical order, always the same.
///
/// They are all of [`tables`] but `airfoil_by_run`, which is `airfoil` again: 16 of numbers and 22 of classes, with 150 to
/// 5,472 samples and 3 to 90 features. Only with the feature `population`.
///
/// ```
/// use smallbatch_data::builtin;
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let small: Vec<&str> = builtin::population().iter().filter(|t| t.n_samples < 200).map(|t| t.name).collect();
/// assert_eq!(small, ["iris", "wine"]);
/// assert_eq!(builtin::table("iris")?.load()?.n_features(), 4);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "population")]
pub fn population() -> Vec<&'static BuiltinTable> {
    let others = |table: &&BuiltinTable| table.name != "airfoil_by_run";
    TABLES.iter().filter(others).collect()
}

/// The names of [`population`], in its order.
#[cfg(feature = "population")]
pub fn population_names() -> Vec<&'static str> {
    population().into_iter().map(|table| table.name).collect()
}
