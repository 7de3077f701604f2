//! The list of built-in tables: what each is called, where it comes from, and how it is loaded.

use super::{airfoil, airfoil_by_run, breast_cancer, digits, read, wine};
use crate::names::nearest;
use crate::{Dataset, Error, Task};

/// The licence of all tables.
const CC_BY: &str = "CC BY 4.0";

/// A table that comes with the crate; [`tables`] lists them.
///
/// ```
/// use smallbatch_data::builtin;
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let yacht = builtin::table("yacht")?;
/// assert_eq!((yacht.uci, yacht.licence), (243, "CC BY 4.0"));
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
    load: Load,
}

/// How a table becomes a data set.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// By a function of its own.
    By(fn() -> Result<Dataset, Error>),
    /// From its file as it is.
    Of(&'static [u8], Task),
}

impl BuiltinTable {
    /// The data set.
    ///
    /// # Errors
    /// None in practice: all tables are loaded in the crate's tests.
    pub fn load(&self) -> Result<Dataset, Error> {
        let dataset = match self.load {
            Load::By(function) => function()?,
            Load::Of(table, task) => read(self.name, table, task)?,
        };
        Ok(dataset.with_name(self.name))
    }
}

/// All built-in tables.
///
/// ```
/// for table in smallbatch_data::builtin::tables() {
///     println!("{}: {} https://doi.org/{}", table.name, table.citation, table.doi);
/// }
/// ```
pub fn tables() -> &'static [BuiltinTable] {
    &TABLES
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

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/", $name, ".csv"))
    };
}

const AIRFOIL: BuiltinTable = BuiltinTable {
    name: "airfoil",
    uci: 291,
    doi: "10.24432/C5VW2C",
    licence: CC_BY,
    citation: "Brooks, T., Pope, D. & Marcolini, M. (1989). Airfoil Self-Noise",
    load: Load::By(airfoil),
};

/// In alphabetical order.
static TABLES: [BuiltinTable; 10] = [
    AIRFOIL,
    BuiltinTable {
        name: "airfoil_by_run",
        load: Load::By(airfoil_by_run),
        ..AIRFOIL
    },
    BuiltinTable {
        name: "auto_mpg",
        uci: 9,
        doi: "10.24432/C5859H",
        licence: CC_BY,
        citation: "Quinlan, R. (1993). Auto MPG",
        load: Load::Of(file!("auto_mpg"), Task::Regression),
    },
    BuiltinTable {
        name: "breast_cancer",
        uci: 17,
        doi: "10.24432/C5DW2B",
        licence: CC_BY,
        citation: "Wolberg, W., Mangasarian, O., Street, N. & Street, W. (1993). Breast Cancer Wisconsin (Diagnostic)",
        load: Load::By(breast_cancer),
    },
    BuiltinTable {
        name: "concrete",
        uci: 165,
        doi: "10.24432/C5PK67",
        licence: CC_BY,
        citation: "Yeh, I. (1998). Concrete Compressive Strength",
        load: Load::Of(file!("concrete"), Task::Regression),
    },
    BuiltinTable {
        name: "digits",
        uci: 80,
        doi: "10.24432/C50P49",
        licence: CC_BY,
        citation: "Alpaydin, E. & Kaynak, C. (1998). Optical Recognition of Handwritten Digits",
        load: Load::By(digits),
    },
    BuiltinTable {
        name: "thyroid",
        uci: 102,
        doi: "10.24432/C5D010",
        licence: CC_BY,
        citation: "Quinlan, R. (1986). Thyroid Disease",
        load: Load::Of(file!("thyroid"), Task::Classification),
    },
    BuiltinTable {
        name: "vowel",
        uci: 152,
        doi: "10.24432/C58P4S",
        licence: CC_BY,
        citation: "Deterding, D., Niranjan, M. & Robinson, T. Connectionist Bench (Vowel Recognition - Deterding Data)",
        load: Load::Of(file!("vowel"), Task::Classification),
    },
    BuiltinTable {
        name: "wine",
        uci: 109,
        doi: "10.24432/C5PC7J",
        licence: CC_BY,
        citation: "Aeberhard, S. & Forina, M. (1992). Wine",
        load: Load::By(wine),
    },
    BuiltinTable {
        name: "yacht",
        uci: 243,
        doi: "10.24432/C5XG7R",
        licence: CC_BY,
        citation: "Gerritsma, J., Onnink, R. & Versluis, A. (1981). Yacht Hydrodynamics",
        load: Load::Of(file!("yacht"), Task::Regression),
    },
];
