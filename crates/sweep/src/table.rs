//! A table of numbers with its name, where it comes from, and what can be read off it.

use std::sync::Arc;

use nalgebra::DMatrix;
use smallbatch_data::{Dataset, Target};
use xxhash_rust::xxh3::Xxh3;

/// A data set with where it comes from. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NamedTable(Arc<Content>);

#[derive(Debug)]
struct Content {
    name: String,
    origin: String,
    dataset: Dataset<f32>,
    fingerprint: u128,
    facts: Facts,
}

/// What can be read off a table before anything is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// How many rows.
    pub n_samples: usize,
    /// How many features.
    pub n_features: usize,
    /// The largest feature's standard deviation over the smallest's, constant features left out.
    pub deviation_ratio: f64,
    /// The condition number of the raw inputs' covariance, λ_max / λ_min over the features that are not constant; infinite where
    /// they depend on each other.
    pub condition_number: f64,
}

/// An eigenvalue below this part of the largest is rounding.
const ROUNDING: f64 = 1e-14;

impl NamedTable {
    /// A table by its name in the results, and where it comes from.
    pub fn new(name: impl Into<String>, origin: impl Into<String>, dataset: Dataset<f32>) -> Self {
        Self(Arc::new(Content {
            name: name.into(),
            origin: origin.into(),
            fingerprint: fingerprint(&dataset),
            facts: facts(&dataset),
            dataset,
        }))
    }

    /// Its name in the results.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where the data come from, with the licence.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The samples.
    pub fn dataset(&self) -> &Dataset<f32> {
        &self.0.dataset
    }

    /// A hash of features, targets, weights and groups: two tables share it only if they have the same samples.
    pub fn fingerprint(&self) -> u128 {
        self.0.fingerprint
    }

    /// What can be read off it.
    pub fn facts(&self) -> Facts {
        self.0.facts
    }

    /// What is predicted, in words.
    pub fn target(&self) -> String {
        match self.dataset().target().class_counts() {
            Some(counts) => format!("{} classes", counts.len()),
            None if self.dataset().n_outputs() > 1 => {
                format!("{} numbers", self.dataset().n_outputs())
            }
            None => "a number".into(),
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

fn facts(dataset: &Dataset<f32>) -> Facts {
    let features = dataset.features().map(f64::from);
    let n = features.ncols().max(1) as f64;
    let centred: Vec<_> = features
        .row_iter()
        .map(|row| row.add_scalar(-row.mean()))
        .filter(|row| row.norm_squared() > 0.0)
        .collect();
    let deviations = centred.iter().map(|row| (row.norm_squared() / n).sqrt());
    let (least, most) = deviations.fold((f64::INFINITY, 0.0_f64), |(least, most), deviation| {
        (least.min(deviation), most.max(deviation))
    });
    if centred.is_empty() {
        return Facts {
            n_samples: dataset.n_samples(),
            n_features: dataset.n_features(),
            deviation_ratio: 1.0,
            condition_number: 1.0,
        };
    }
    let centred = DMatrix::from_rows(&centred);
    let eigenvalues = (&centred * centred.transpose() / n).symmetric_eigenvalues();
    let (smallest, largest) = (eigenvalues.min(), eigenvalues.max());
    Facts {
        n_samples: dataset.n_samples(),
        n_features: dataset.n_features(),
        deviation_ratio: most / least,
        condition_number: if smallest > ROUNDING * largest {
            largest / smallest
        } else {
            f64::INFINITY
        },
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::dmatrix;

    use super::*;

    fn table(features: DMatrix<f32>) -> NamedTable {
        let target = DMatrix::from_element(1, features.ncols(), 0.0);
        let target = Target::Values {
            values: target,
            names: vec!["y".into()],
        };
        NamedTable::new("t", "", Dataset::new(features, target).unwrap())
    }

    #[test]
    fn facts_of_inputs_that_do_not_depend_on_each_other() {
        let facts =
            table(dmatrix![10.0, -10.0, 0.0, 0.0; 5.0, 5.0, 6.0, 4.0; 3.0, 3.0, 3.0, 3.0]).facts();
        assert!((facts.deviation_ratio - 10.0).abs() < 1e-12, "{facts:?}");
        assert!((facts.condition_number - 100.0).abs() < 1e-9, "{facts:?}");
    }

    #[test]
    fn inputs_that_depend_on_each_other_have_no_condition() {
        let facts = table(dmatrix![1.0, 2.0, 3.0; 2.0, 4.0, 6.0]).facts();
        assert_eq!(facts.condition_number, f64::INFINITY);
        let constant = table(dmatrix![1.0, 1.0]).facts();
        assert_eq!(
            (constant.deviation_ratio, constant.condition_number),
            (1.0, 1.0)
        );
    }

    #[test]
    fn other_samples_have_another_fingerprint() {
        let a = table(dmatrix![1.0, 2.0, 3.0]);
        let b = table(dmatrix![1.0, 2.0, 4.0]);
        assert_ne!(a.fingerprint(), b.fingerprint());
        assert_eq!(a.fingerprint(), a.clone().fingerprint());
    }
}
