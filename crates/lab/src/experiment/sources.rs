//! The data of the experiments: built in, drawn, or read from a file.

use std::sync::{Arc, OnceLock};

use smallbatch_data::{Dataset, Split, Splitter, Target, builtin, synthetic};

use xxhash_rust::xxh3::Xxh3;

use crate::Error;

/// Data sets that come with the program.
const BUILT_IN: [(&str, &str); 6] = [
    ("two-inputs", "synthetic, drawn anew for each base seed"),
    (
        "wine",
        "Aeberhard & Forina, UCI, doi 10.24432/C5PC7J, CC BY 4.0",
    ),
    (
        "breast-cancer",
        "Wolberg, Mangasarian, Street & Street, UCI, doi 10.24432/C5DW2B, CC BY 4.0",
    ),
    (
        "airfoil",
        "Brooks, Pope & Marcolini (NASA), UCI, doi 10.24432/C5VW2C, CC BY 4.0",
    ),
    (
        "digits",
        "Alpaydin & Kaynak, UCI, doi 10.24432/C50P49, CC BY 4.0",
    ),
    (
        "digits_100k",
        "made from digits (Alpaydin & Kaynak, UCI, CC BY 4.0) by small shifts, turns, scalings and noise",
    ),
];

/// How many samples the synthetic data set has.
const TWO_INPUTS: usize = 1_000;
/// How many images are made from the digits.
const IMAGES: usize = 100_000;

/// A data set with where it comes from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The name in the results.
    pub(crate) name: String,
    /// Where the data come from, with the licence.
    pub(crate) origin: String,
    /// The samples.
    pub(crate) dataset: Dataset<f32>,
    /// The dataset's [`Source::fingerprint`], once somebody asked.
    fingerprint: OnceLock<u128>,
}

impl Source {
    /// The names of those that come with the program.
    pub(crate) fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A user's table, from a file.
    pub(crate) fn table(dataset: Dataset<f32>, path: &str) -> Self {
        Self {
            name: dataset.name().to_owned(),
            origin: format!("the table {path}"),
            dataset,
            fingerprint: OnceLock::new(),
        }
    }

    fn load(name: &str, base_seed: u64) -> Result<Self, Error> {
        let Some((name, origin)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = Self::built_in().collect();
            return Err(Error::UnknownData {
                name: name.to_owned(),
                known: crate::nearest::by_distance(name, &known),
            });
        };
        let loaded = match *name {
            "wine" => builtin::wine(),
            "breast-cancer" => builtin::breast_cancer(),
            "airfoil" => builtin::airfoil(),
            "digits" => builtin::digits(),
            "digits_100k" => builtin::augmented_digits(IMAGES, base_seed),
            _ => synthetic::textbook_two_inputs(TWO_INPUTS, base_seed),
        };
        let dataset = loaded.map_err(|error| step(format!("load {name}"), error))?;
        Ok(Self {
            name: (*name).to_owned(),
            origin: (*origin).to_owned(),
            dataset: dataset.with_name(*name),
            fingerprint: OnceLock::new(),
        })
    }

    /// A number that two data sets share only if they have the same samples: the hash of features, targets, weights and groups.
    pub(crate) fn fingerprint(&self) -> u128 {
        *self.fingerprint.get_or_init(|| fingerprint(&self.dataset))
    }

    /// Whether the largest values of the inputs lie a factor of 100 or more apart: proline against the phenols, hertz
    /// against metres. Pixels are all on one scale. Inputs that are always zero do not count.
    pub(crate) fn has_mismatched_scales(&self) -> bool {
        let largest = |row: nalgebra::MatrixView1xX<'_, f32, _, _>| row.amax();
        let sizes: Vec<f32> = self
            .dataset
            .features()
            .row_iter()
            .map(largest)
            .filter(|size| *size > 0.0)
            .collect();
        let most = sizes.iter().fold(0.0, |a: f32, b| a.max(*b));
        let least = sizes.iter().fold(f32::INFINITY, |a, b| a.min(*b));
        most >= 100.0 * least
    }

    /// The split that belongs to a seed.
    pub(crate) fn split(
        &self,
        fractions: [f64; 3],
        seed: u64,
    ) -> Result<Split<f32>, smallbatch_data::Error> {
        let [training, validation, test] = fractions;
        let splitter = Splitter::new(seed).fractions(training, validation, test)?;
        match self.dataset.target() {
            // No image of the test part may have a relative in training.
            _ if self.dataset.groups().is_some() => splitter.grouped().split(&self.dataset),
            Target::Classes { .. } => splitter.stratified().split(&self.dataset),
            _ => splitter.split(&self.dataset),
        }
    }
}

fn fingerprint(dataset: &Dataset<f32>) -> u128 {
    let mut hash = Xxh3::new();
    let mut numbers = |numbers: &[f32]| {
        hash.update(&(numbers.len() as u64).to_le_bytes());
        numbers
            .iter()
            .for_each(|number| hash.update(&number.to_bits().to_le_bytes()));
    };
    numbers(dataset.features().as_slice());
    numbers(dataset.weights().unwrap_or_default());
    match dataset.target() {
        Target::Classes { labels, names } => {
            hash.update(format!("{} classes", names.len()).as_bytes());
            labels
                .iter()
                .for_each(|label| hash.update(&(*label as u64).to_le_bytes()));
        }
        Target::Values { values, .. } => {
            hash.update(format!("{} values", values.nrows()).as_bytes());
            values
                .iter()
                .for_each(|value| hash.update(&value.to_bits().to_le_bytes()));
        }
        // None today; its text has all that there is.
        other => hash.update(format!("{other:?}").as_bytes()),
    }
    for group in dataset.groups().unwrap_or_default() {
        hash.update(&group.to_le_bytes());
    }
    hash.digest128()
}

/// Data sets that were loaded: two experiments on the same data share them.
#[derive(Debug)]
pub(crate) struct Shelf {
    base_seed: u64,
    loaded: Vec<Arc<Source>>,
    tables: Vec<Arc<Source>>,
}

impl Shelf {
    /// An empty shelf; `base_seed` decides what is drawn.
    pub(crate) fn new(base_seed: u64) -> Self {
        Self {
            base_seed,
            loaded: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// The data set of that name.
    pub(crate) fn built_in(&mut self, name: &str) -> Result<Arc<Source>, Error> {
        if let Some(source) = self.loaded.iter().find(|source| source.name == name) {
            return Ok(Arc::clone(source));
        }
        let source = Arc::new(Source::load(name, self.base_seed)?);
        self.loaded.push(Arc::clone(&source));
        Ok(source)
    }

    /// A user's table. Results tell data sets apart by their names, so that another with the same one is refused; the error
    /// is the reason.
    pub(crate) fn table(&mut self, source: Source) -> Result<Arc<Source>, String> {
        let name = &source.name;
        if Source::built_in().any(|built_in| built_in == name) {
            return Err(format!(
                "a table named \"{name}\" cannot be told from the data set of that name that comes with the program; rename the file"
            ));
        }
        if let Some(known) = self.tables.iter().find(|known| known.name == *name) {
            return if known.fingerprint() == source.fingerprint() {
                Ok(Arc::clone(known))
            } else {
                Err(format!(
                    "{} and {} are both named \"{name}\", and results could not tell them apart; rename one of the files",
                    known.origin, source.origin
                ))
            };
        }
        let source = Arc::new(source);
        self.tables.push(Arc::clone(&source));
        Ok(source)
    }
}

/// The error of a step, in the words of what was being done.
pub(crate) fn step(
    doing: String,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Step {
        doing,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_loaded_once() {
        let mut shelf = Shelf::new(0);
        for name in Source::built_in().filter(|name| *name != "digits_100k") {
            let source = shelf.built_in(name).unwrap();
            assert_eq!((source.name.as_str(), source.dataset.name()), (name, name));
            assert!(Arc::ptr_eq(&source, &shelf.built_in(name).unwrap()));
        }
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_first() {
        let error = Shelf::new(0).built_in("digit").unwrap_err();
        assert!(
            matches!(&error, Error::UnknownData { known, .. } if known[0] == "digits"),
            "{error}"
        );
    }

    #[test]
    fn units_are_mismatched_in_tables_but_not_in_pictures() {
        let mut shelf = Shelf::new(0);
        for (name, expected) in [
            ("two-inputs", true),
            ("wine", true),
            ("breast-cancer", true),
            ("airfoil", true),
            ("digits", false),
        ] {
            let source = shelf.built_in(name).unwrap();
            assert_eq!(source.has_mismatched_scales(), expected, "{name}");
        }
    }
}
