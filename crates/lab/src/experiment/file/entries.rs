//! The words of a file, before anything is made of them.

use serde::Deserialize;
use smallbatch_data::BatchSize;
use smallbatch_preprocess::AnyScaler;
use toml::Spanned;

use super::super::definition::{Applies, Axis, Measure, Optimizer, Statistics};
use super::super::plan::Size;
use crate::statistics::Direction;

/// What a file says first of all; whatever else it says.
#[derive(Debug, Deserialize)]
pub(super) struct Kinds {
    #[serde(default)]
    pub(super) kind: Kind,
}

/// What a file is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Trainings that are compared.
    #[default]
    Comparison,
    /// The memory of training.
    Memory,
    /// Curvature, noise and cost.
    Why,
}

/// A comparison as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "kind")]
    pub(super) _kind: Kind,
    pub(super) name: Spanned<String>,
    pub(super) question: String,
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) seeds: Option<Spanned<PerSize>>,
    pub(super) reference: Spanned<String>,
    pub(super) budgets: Spanned<Vec<Axis>>,
    pub(super) arms: Vec<ArmEntry>,
    #[serde(default)]
    pub(super) tests: Vec<TestEntry>,
    pub(super) data: Vec<DataEntry>,
    #[serde(default)]
    pub(super) claims: Vec<ClaimEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmEntry {
    pub(super) name: Spanned<String>,
    pub(super) scaler: Spanned<ScalerEntry>,
    #[serde(default)]
    pub(super) statistics: Statistics,
    pub(super) batch: BatchSize,
    #[serde(default)]
    pub(super) optimizer: Option<Spanned<Optimizer>>,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "the name of a scaler, or a table such as { scaler = \"min-max\", low = -1.0 }"
)]
pub(super) enum ScalerEntry {
    Name(String),
    Settings(AnyScaler),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestEntry {
    pub(super) name: Spanned<String>,
    pub(super) arm: Spanned<String>,
    pub(super) batch: BatchSize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataEntry {
    #[serde(default)]
    pub(super) set: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) csv: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) target: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) predict: Option<Spanned<Predict>>,
    #[serde(default)]
    pub(super) skip: Vec<Size>,
    pub(super) hidden: Spanned<Vec<usize>>,
    pub(super) epochs: Spanned<PerSize>,
    #[serde(default)]
    pub(super) updates: Option<Spanned<PerSize>>,
    #[serde(default)]
    pub(super) patience: Option<Spanned<u64>>,
    #[serde(default)]
    pub(super) measured: Option<Spanned<usize>>,
    #[serde(default)]
    pub(super) training_samples: Option<Spanned<usize>>,
    pub(super) tuning_seeds: Spanned<PerSize>,
}

/// A measurement of memory as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoryFile {
    #[serde(default, rename = "kind")]
    pub(super) _kind: Kind,
    pub(super) name: Spanned<String>,
    pub(super) question: String,
    pub(super) updates: Spanned<u64>,
    pub(super) batch: Spanned<usize>,
    pub(super) repetitions: Spanned<PerSize>,
    pub(super) margin: Spanned<f64>,
    pub(super) data: Vec<MemoryEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemoryEntry {
    pub(super) set: Spanned<String>,
    pub(super) hidden: Spanned<Vec<usize>>,
    pub(super) samples: Spanned<Vec<usize>>,
}

/// A measurement of curvature, noise and cost as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhyFile {
    #[serde(default, rename = "kind")]
    pub(super) _kind: Kind,
    pub(super) name: Spanned<String>,
    pub(super) question: String,
    pub(super) seeds: Spanned<PerSize>,
    pub(super) data: Vec<WhyEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhyEntry {
    #[serde(default)]
    pub(super) set: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) csv: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) target: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) predict: Option<Spanned<Predict>>,
    pub(super) hidden: Spanned<Vec<usize>>,
    pub(super) goal: Spanned<f64>,
}

/// Which data an entry means.
pub(super) struct DataName<'a> {
    pub(super) set: &'a Option<Spanned<String>>,
    pub(super) csv: &'a Option<Spanned<String>>,
    pub(super) target: &'a Option<Spanned<String>>,
    pub(super) predict: &'a Option<Spanned<Predict>>,
    /// Where the entry stands in the file.
    pub(super) hidden: &'a Spanned<Vec<usize>>,
}

impl DataEntry {
    pub(super) fn named(&self) -> DataName<'_> {
        DataName {
            set: &self.set,
            csv: &self.csv,
            target: &self.target,
            predict: &self.predict,
            hidden: &self.hidden,
        }
    }
}

impl WhyEntry {
    pub(super) fn named(&self) -> DataName<'_> {
        DataName {
            set: &self.set,
            csv: &self.csv,
            target: &self.target,
            predict: &self.predict,
            hidden: &self.hidden,
        }
    }
}

/// What the target of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Predict {
    /// A class for each distinct text.
    Classes,
    /// A number.
    Numbers,
}

/// A number that may differ between the short, the usual and the long version.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a whole number, or a table such as { quick = 15, default = 25, thorough = 50 }"
)]
pub(super) enum PerSize {
    Same(u64),
    Each {
        quick: Option<u64>,
        default: u64,
        thorough: Option<u64>,
    },
}

impl PerSize {
    pub(super) fn of(self, size: Size) -> u64 {
        match (self, size) {
            (Self::Same(number), _) => number,
            (Self::Each { quick, default, .. }, Size::Quick) => quick.unwrap_or(default),
            (Self::Each { default, .. }, Size::Default) => default,
            (
                Self::Each {
                    default, thorough, ..
                },
                Size::Thorough,
            ) => thorough.unwrap_or(default),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimEntry {
    pub(super) id: Spanned<String>,
    pub(super) text: String,
    pub(super) measure: Spanned<Measure>,
    #[serde(default)]
    pub(super) first: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) second: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) across: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) under: Option<Spanned<Vec<Axis>>>,
    #[serde(default)]
    pub(super) direction: Option<Direction>,
    pub(super) margin: Spanned<f64>,
    #[serde(default)]
    pub(super) on: Applies,
}
