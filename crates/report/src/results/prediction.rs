//! What tables let one expect of another.

use serde::{Deserialize, Serialize};
use smallbatch_evidence::{MetaRegression, RandomEffects};

use super::number;

/// What an answer lets one expect of a new table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionNote {
    /// The lower end of the 95 % prediction interval of the new table's effect.
    #[serde(rename = "prediction_low", with = "number::open_below")]
    pub low: f64,
    /// The upper end.
    #[serde(rename = "prediction_high", with = "number::open_above")]
    pub high: f64,
    /// The share of tables on which the claim is expected to hold, 0 to 1.
    #[serde(rename = "expected_share", with = "number::finite")]
    pub share: Option<f64>,
    /// The mean over tables and its spread, which both come from. Of a claim with several effects they are of the smallest one
    /// on each table.
    pub over_tables: RandomEffects,
    /// How many times as wide as by Student's t the intervals for a new table are, so that nine tenths of the tables left out lie inside.
    pub widening: f64,
    /// Where a number that can be read off a table says more: the line in it.
    #[serde(default)]
    pub moderator: Option<ModeratorNote>,
    /// Each table predicted from the others, with the choice of a moderator made anew: how often that was right.
    pub left_out: LeftOutNote,
}

/// A line that says more of a table than the mean over tables.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModeratorNote {
    /// What is read off a table.
    pub fact: Fact,
    /// The effect as a line in the natural logarithm of that number.
    pub line: MetaRegression,
}

/// A number that can be read off a table before anything is trained on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The condition number of the inputs' covariance.
    ConditionNumber,
    /// How many rows.
    Rows,
    /// How many features.
    Features,
}

impl Fact {
    /// All that are tried.
    pub const ALL: [Self; 3] = [Self::ConditionNumber, Self::Rows, Self::Features];

    /// In words, for the middle of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::ConditionNumber => "the condition number of the inputs",
            Self::Rows => "the number of rows",
            Self::Features => "the number of features",
        }
    }
}

/// How well the tables predict one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOutNote {
    /// Tables that were left out in turn.
    pub n_tables: usize,
    /// Of these, the ones whose effect was within the 95 % prediction interval from the others, its own error counted.
    pub n_inside: usize,
    /// The intervals' mean width: in logarithms for ratios.
    #[serde(with = "number::or_zero")]
    pub width: f64,
}

/// What earlier results let one expect of a table before anything is trained on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Foresight {
    /// The claim's name.
    pub claim: String,
    /// What to expect; `None` where the claim is not about such tables, for the reason.
    pub expected: Result<Expected, String>,
}

/// An effect that is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The middle of the distribution.
    pub estimate: f64,
    /// The lower end of the 95 % prediction interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// On which share of such tables the claim holds.
    pub share: Option<f64>,
    /// What the table's place among the others was read off, where that says more than the mean over tables.
    pub by: Option<Fact>,
}

/// What the other tables say of one, before it is looked at: the answer's prediction, made without it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOutTableNote {
    /// The claim's name.
    pub claim: String,
    /// The table.
    pub table: String,
    /// The effect that was measured on it, as in the answer: of several, the smallest.
    #[serde(with = "number::or_zero")]
    pub effect: f64,
    /// The lower end of the 95 % interval for it, its own error counted.
    #[serde(with = "number::open_below")]
    pub low: f64,
    /// The upper end.
    #[serde(with = "number::open_above")]
    pub high: f64,
    /// The probability that they give to the claim on this table.
    #[serde(with = "number::finite")]
    pub share: Option<f64>,
    /// Whether the claim holds on it, by the estimate.
    pub holds: bool,
}
