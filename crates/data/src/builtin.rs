//! Real data sets, embedded in the crate: no file and no network is needed.
//!
//! | function | samples | features | target |
//! |---|---|---|---|
//! | [`wine`] | 178 | 13 | 3 cultivars |
//! | [`breast_cancer`] | 569 | 30 | malignant or benign |
//! | [`airfoil`], [`airfoil_by_run`] | 1,503, in 106 runs | 5 | sound pressure, dB |
//! | [`digits`] | 1,797 | 64 (8 x 8 grey levels) | 10 digits |
//! | [`digits_100k`] | 100,000, made from `digits` | 64 | 10 digits, split by source image |
//! | `table("auto_mpg")` | 392 | 5 | miles per gallon |
//! | `table("concrete")` | 1,030 | 8 | compressive strength, MPa |
//! | `table("thyroid")` | 215 | 5 | 3 diagnoses |
//! | `table("vowel")` | 990 | 10 | 11 vowels |
//! | `table("yacht")` | 308 | 6 | residuary resistance |
//!
//! [`tables`] lists all but `digits_100k`, and [`table`] finds one of them by its name.
//!
//! # The population
//!
//! A statement about tables needs many of them. With the feature `population` there are 29 more, which add 1.2 MB to a
//! program: they lie in it compressed, and each is unpacked when it is loaded. The 38 of `population` are these and the ones
//! above but `airfoil_by_run` and `digits_100k`.
//!
//! | name | samples | features | target |
//! |---|---|---|---|
//! | `"abalone"` | 4,177 | 7 | rings, which tell the age |
//! | `"aquatic_toxicity"` | 546 | 8 | LC50 for the water flea Daphnia magna, -log mol/l |
//! | `"balance"` | 625 | 4 | tips to the left (288), balanced (49), to the right (288) |
//! | `"bike_sharing"` | 730 | 11 | bicycles rented on a day |
//! | `"contraceptive"` | 1,473 | 9 | none (629), long-term (333), short-term (511) |
//! | `"dermatology"` | 358 | 34 | 6 diagnoses (111, 60, 71, 48, 48, 20) |
//! | `"ecoli"` | 327 | 7 | 5 places in the cell (143, 77, 35, 20, 52) |
//! | `"fish_toxicity"` | 908 | 6 | LC50 for the fathead minnow, -log mol/l |
//! | `"forest_fires"` | 517 | 10 | burnt area, ha |
//! | `"glass"` | 214 | 9 | 6 kinds of glass (70, 76, 17, 13, 9, 29) |
//! | `"grid_stability"` | 4,000 | 12 | largest real part of a root: stable below 0 |
//! | `"haberman"` | 306 | 3 | negative (225), positive (81) |
//! | `"iris"` | 150 | 4 | 3 species of 50 |
//! | `"libras"` | 360 | 90 | 15 movements of 24 |
//! | `"liver"` | 345 | 6 | two parts of the data (145, 200) |
//! | `"magic"` | 4,000 | 10 | gamma (2,589), hadron (1,411) |
//! | `"mammographic"` | 830 | 5 | benign (427), malignant (403) |
//! | `"page_blocks"` | 5,472 | 10 | 5 kinds of block: text (4,913), horizontal line (329), three more (28, 87, 115) |
//! | `"power_plant"` | 4,000 | 4 | net electrical energy of an hour, MW |
//! | `"real_estate"` | 414 | 6 | price of a unit of area |
//! | `"satimage"` | 4,000 | 36 | 6 kinds of soil (932, 436, 862, 389, 441, 940) |
//! | `"segment"` | 2,310 | 19 | 7 surfaces of 330 |
//! | `"skillcraft"` | 3,338 | 18 | league of the player, 1 to 7, as a number |
//! | `"spectf"` | 267 | 44 | normal (55), abnormal (212) |
//! | `"synchronous_machine"` | 557 | 3 | excitation current, A |
//! | `"vehicle"` | 846 | 18 | bus (218), Opel (212), Saab (217), van (199) |
//! | `"wine_red"` | 1,599 | 11 | quality, 3 to 8, as a number |
//! | `"wine_white"` | 4,898 | 11 | quality, 3 to 9, as a number |
//! | `"yeast"` | 1,479 | 8 | 9 places in the cell (463, 35, 44, 51, 163, 244, 429, 20, 30) |
//!
//! # Licence
//!
//! All come from the UCI Machine Learning Repository under the licence
//! [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): whoever passes them on names their authors. Each
//! [`BuiltinTable`] has its citation; the crate's `DATA.md` gives it again, with what was changed.
//!
//! Values are read as `f32`; for arithmetic in `f64` use [`Dataset::cast`].
//!
//! ```
//! use smallbatch_data::builtin;
//!
//! # fn main() -> Result<(), smallbatch_data::Error> {
//! let wine = builtin::wine()?;
//! assert_eq!((wine.n_samples(), wine.n_features()), (178, 13));
//! assert_eq!(wine.target().class_counts(), Some(vec![59, 71, 48]));
//! # Ok(())
//! # }
//! ```

mod augment;
mod list;
mod tables;

pub use augment::{augmented_digits, digits_100k};
pub use tables::{BuiltinTable, table, tables};
#[cfg(feature = "population")]
pub use tables::{population, population_names};

use std::io::Read;

use crate::{ColumnKind, Dataset, Error, Table, TableReader, Target, Task};

/// Chemical analysis of 178 Italian wines from three cultivars: 13 features, 3 classes.
///
/// Features differ in scale by up to 3 orders of magnitude (proline is about 750, hue about 1), so the set shows well
/// what standardization does. Classes: 59, 71 and 48 samples.
///
/// Source: S. Aeberhard, M. Forina (1992), *Wine*, UCI Machine Learning Repository,
/// [doi:10.24432/C5PC7J](https://doi.org/10.24432/C5PC7J). Licence: CC BY 4.0.
///
/// # Errors
/// None in practice: the embedded file is read in the crate's tests.
pub fn wine() -> Result<Dataset, Error> {
    let wine = read(
        "wine",
        &include_bytes!("../data/wine.csv")[..],
        Task::Classification,
    )?;
    let labels = wine.target().labels().unwrap_or_default().to_vec();
    // The file writes the cultivars 0 to 2; the source numbers them 1 to 3.
    let names = (1..=3)
        .map(|cultivar| format!("cultivar {cultivar}"))
        .collect();
    wine.with_target(Target::Classes { labels, names })
}

/// Measures of cell nuclei in 569 images of breast tissue: 30 features; benign (357) or malignant (212).
///
/// Label 0 is benign, label 1 malignant, so the probability of class 1 is that of malignancy. For ten measures of the
/// nuclei the features are the mean over the image, its standard error, and the mean of the three worst.
///
/// Source: W. Wolberg, O. Mangasarian, N. Street, W. Street (1993), *Breast Cancer Wisconsin (Diagnostic)*, UCI Machine
/// Learning Repository, [doi:10.24432/C5DW2B](https://doi.org/10.24432/C5DW2B). Licence: CC BY 4.0.
///
/// # Errors
/// None in practice: the embedded file is read in the crate's tests.
pub fn breast_cancer() -> Result<Dataset, Error> {
    let table = include_bytes!("../data/breast_cancer.csv");
    read("breast_cancer", &table[..], Task::Classification)
}

/// Noise of airfoil sections in a wind tunnel, 1,503 measurements: 5 features, regression of a sound pressure in dB.
///
/// Features: frequency (Hz, 200 to 20,000), angle of attack (degrees), chord length (m), free-stream velocity (m/s) and
/// displacement thickness (m, down to 0.0004): 7 orders of magnitude.
///
/// The rows come from 106 runs, and those of one run share all features but the frequency. A shuffled split therefore tests how
/// well a measured run is filled in. For runs that were never measured see [`airfoil_by_run`].
///
/// Source: T. Brooks, D. Pope, M. Marcolini (1989), *Airfoil Self-Noise*, UCI Machine Learning Repository,
/// [doi:10.24432/C5VW2C](https://doi.org/10.24432/C5VW2C). Licence: CC BY 4.0.
///
/// # Errors
/// None in practice: the embedded file is read in the crate's tests.
pub fn airfoil() -> Result<Dataset, Error> {
    read(
        "airfoil",
        &include_bytes!("../data/airfoil.csv")[..],
        Task::Regression,
    )
}

/// [`airfoil`] with its 106 runs as groups, so that [`Splitter::grouped`](crate::Splitter::grouped) never trains and tests on
/// the same run: the harder task.
///
/// # Errors
/// None in practice: the embedded file is read in the crate's tests.
pub fn airfoil_by_run() -> Result<Dataset, Error> {
    let airfoil = airfoil()?;
    let runs = runs(&airfoil);
    airfoil.with_groups(runs)
}

/// Numbers the runs of rows that share all but their first feature.
fn runs(dataset: &Dataset) -> Vec<u32> {
    let mut run = 0;
    let samples = dataset.features().column_iter();
    let next = dataset.features().column_iter().skip(1);
    let rest = samples.zip(next).map(|(a, b)| {
        run += u32::from(a.iter().skip(1).ne(b.iter().skip(1)));
        run
    });
    std::iter::once(0).chain(rest).collect()
}

/// Handwritten digits, 1,797 images of 8 x 8 grey levels from 0 to 16: 64 features, 10 classes of 174 to 183 images.
///
/// Feature `pRC` is the pixel of row R and column C. Three pixels are 0 in every image: a scaler meets constant
/// features here.
///
/// Source: E. Alpaydin, C. Kaynak (1998), *Optical Recognition of Handwritten Digits* (its test part), UCI Machine
/// Learning Repository, [doi:10.24432/C50P49](https://doi.org/10.24432/C50P49). Licence: CC BY 4.0.
///
/// # Errors
/// None in practice: the embedded file is read in the crate's tests.
pub fn digits() -> Result<Dataset, Error> {
    read(
        "digits",
        &include_bytes!("../data/digits8x8.csv")[..],
        Task::Classification,
    )
}

/// A table whose last column is the target.
fn read(name: &str, table: impl Read + Send, task: Task) -> Result<Dataset, Error> {
    let table = Table::read(table)?;
    // All are numbers, constant ones too: what was learned from a table of the population holds for the table as it is.
    let mut reader = TableReader::new().task(task);
    if let Some((_, features)) = table.columns().split_last() {
        for column in features {
            reader = reader.kind(column, ColumnKind::Number);
        }
    }
    let schema = reader.schema(&table)?;
    Ok(schema.dataset(&table)?.with_name(name))
}
