//! The words of a file, before anything is made of them.

use serde::Deserialize;
use smallbatch_data::BatchSize;
use smallbatch_preprocess::AnyScaler;
use toml::Spanned;

use super::super::definition::{Applies, Axis, Measure, Optimizer, Statistics};
use super::super::plan::Size;
use crate::statistics::Direction;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Spanned<String>,
    pub(super) question: String,
    #[serde(default)]
    pub(super) method: String,
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
