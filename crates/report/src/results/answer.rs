//! What was found: the answers, those of each table, and the effects that they are computed from.

use serde::{Deserialize, Serialize};
use smallbatch_evidence::{Needed, Scale, Verdict};

use super::{PredictionNote, number, word};

/// The answer of all tables together to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerNote {
    /// The claim's name.
    pub claim: String,
    /// The claim in words, as the textbook puts it.
    pub text: String,
    /// Whether it is the claim's one primary question. Secondary answers are shown, and not counted.
    pub primary: bool,
    /// What is compared: `training-loss`, `updates-to-target`, `seconds-to-target`, …
    pub measure: String,
    /// What was held equal: `equal updates`, `long training`, `best epoch`, …
    pub budget: String,
    /// The target, as a part of the way to the floor; `None` where the measure has none.
    #[serde(with = "number::finite", default)]
    pub target: Option<f64>,
    /// What the numbers are: `training loss, raw / standardized`.
    pub unit: String,
    /// Whether they are ratios, where no effect is 1, or differences, where it is 0.
    pub scale: Scale,
    /// A sentence with `{effect}` where the estimate belongs: "Raw inputs end with {effect} times the training loss."
    pub words: String,
    /// A few words with `{effect}` where the interval belongs: "training loss {effect} times as high".
    #[serde(default)]
    pub brief: String,
    /// The ways of training on the first side, by the names of the [`WayNote`](super::WayNote)s: the best of them counts.
    #[serde(default)]
    pub first: Vec<String>,
    /// Those on the second side.
    #[serde(default)]
    pub second: Vec<String>,
    /// How many test rows are scaled together, where that is asked.
    #[serde(default)]
    pub batch: Option<usize>,
    /// The mean over tables (the geometric mean of ratios); `None` where no table has an effect. Of something counted, `low` and `high`
    /// are equal to it.
    #[serde(with = "number::finite")]
    pub estimate: Option<f64>,
    /// The lower end of the 95 % interval of that mean; null is no bound.
    #[serde(with = "number::open_below")]
    pub low: f64,
    /// The upper end; null is no bound.
    #[serde(with = "number::open_above")]
    pub high: f64,
    /// The hypothesis in words: `at least 2`, `more than 1.1`, `within a factor of 1.25`.
    pub hypothesis: String,
    /// The threshold of the hypothesis, to be drawn. One of sameness is drawn on both sides.
    pub threshold: f64,
    /// Whether the claim is that there is no effect that counts, so that `equivalent` is its yes.
    #[serde(default)]
    pub same: bool,
    /// The standard deviation of the effect between tables: of its logarithm, for ratios.
    #[serde(with = "number::finite", default)]
    pub tau: Option<f64>,
    /// The lower end of the 95 % interval of `tau`.
    #[serde(with = "number::finite", default)]
    pub tau_low: Option<f64>,
    /// The upper end; null is no bound.
    #[serde(with = "number::finite", default)]
    pub tau_high: Option<f64>,
    /// What to expect of a table that was not among these; `None` with fewer than four tables, which say nothing of others.
    #[serde(flatten)]
    pub prediction: Option<PredictionNote>,
    /// Tables with an effect.
    pub n_tables: usize,
    /// Repetitions of each table.
    pub n_repetitions: usize,
    /// Pairs of runs in which one did not reach the target within the horizon: their factor is "at least" it.
    pub n_censored: usize,
    /// Of these, the pairs in which it was the second (the divisor), so that their factor is "at most" it.
    #[serde(default)]
    pub n_censored_second: usize,
    /// Pairs of runs behind it.
    pub n_pairs: usize,
    /// What follows, after Holm's correction where it is primary.
    #[serde(with = "word")]
    pub verdict: Verdict,
    /// What would settle it, where it is inconclusive.
    #[serde(default)]
    pub needed: Option<Needed>,
    /// Two-sided, corrected for looks.
    #[serde(with = "number::finite")]
    pub p: Option<f64>,
    /// Corrected for the other primary questions too; `None` of a secondary answer.
    #[serde(with = "number::finite", default)]
    pub p_corrected: Option<f64>,
    /// Of a claim with two effects (centring and scaling): the names of both, with estimate and interval.
    #[serde(default)]
    pub parts: Vec<PartNote>,
    /// What else must be known, a sentence, such as what the effect depends on; empty otherwise.
    #[serde(default)]
    pub note: String,
}

/// One of several effects that a claim is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartNote {
    /// What the numbers are: the unit of the [`TableAnswer`]s behind it.
    pub unit: String,
    /// Whether it is the spread between tables, as a factor, and not a mean over them: then the tables' own numbers are drawn.
    #[serde(default)]
    pub between_tables: bool,
    /// The estimate.
    #[serde(with = "number::finite")]
    pub estimate: Option<f64>,
    /// The lower end of its interval.
    #[serde(with = "number::open_below")]
    pub low: f64,
    /// The upper end.
    #[serde(with = "number::open_above")]
    pub high: f64,
    /// Its own verdict.
    #[serde(with = "word")]
    pub verdict: Verdict,
}

/// What one table says to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableAnswer {
    /// The claim's name.
    pub claim: String,
    /// Whether it belongs to the primary question.
    pub primary: bool,
    /// What is compared.
    pub measure: String,
    /// What the numbers are, as in the [`AnswerNote`], or in the [`PartNote`] of an answer with several.
    pub unit: String,
    /// The target, where there is one.
    #[serde(with = "number::finite", default)]
    pub target: Option<f64>,
    /// The table.
    pub table: String,
    /// The mean over repetitions (geometric, of ratios); `None` where there is no effect, for the reason in `note`.
    #[serde(with = "number::finite")]
    pub estimate: Option<f64>,
    /// The lower end of the 95 % interval over repetitions.
    #[serde(with = "number::open_below")]
    pub low: f64,
    /// The upper end.
    #[serde(with = "number::open_above")]
    pub high: f64,
    /// Complete repetitions.
    pub n_repetitions: usize,
    /// Pairs in which one run did not reach the target within the horizon: their factor is "at least" it.
    pub n_censored: usize,
    /// Of these, the pairs in which it was the second (the divisor), so that their factor is "at most" it.
    #[serde(default)]
    pub n_censored_second: usize,
    /// Pairs in all.
    pub n_pairs: usize,
    /// The standard error of the mean over repetitions as it counts in the answer of all tables: of a logarithm for ratios.
    #[serde(with = "number::finite", default)]
    pub standard_error: Option<f64>,
    /// Whether an arm's chosen rate was not one to be lived with: a final run diverged, or the median final loss is above twice the
    /// tuning median.
    pub fragile: bool,
    /// Why there is no effect (`neither trained`), or what else must be known; empty otherwise.
    #[serde(default)]
    pub note: String,
}

/// Where the variation of a claim's primary effect comes from: variances, of logarithms for ratios.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variance {
    /// The claim's name.
    pub claim: String,
    /// Between tables.
    #[serde(with = "number::or_zero")]
    pub between_tables: f64,
    /// Between repetitions of one table: another split, other tuning runs.
    #[serde(with = "number::or_zero")]
    pub split_and_tuning: f64,
    /// Between pairs of one repetition: other initial weights, another order.
    #[serde(with = "number::or_zero")]
    pub initialization_and_order: f64,
}

/// One effect on one table in one repetition, on the working scale: the logarithm of a ratio.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The claim's name.
    pub claim: String,
    /// What the numbers are: which question of the claim.
    pub unit: String,
    /// The target, where there is one.
    #[serde(with = "number::finite", default)]
    pub target: Option<f64>,
    /// The table.
    pub table: String,
    /// The repetition, from 0.
    pub repetition: usize,
    /// The effect of each pair of final runs.
    #[serde(with = "number::list")]
    pub pairs: Vec<f64>,
    /// How many of them are cut at the horizon.
    pub n_censored: usize,
    /// Whether it was measured by a clock or as memory, so that making it again gives other bits.
    #[serde(default)]
    pub is_measured: bool,
}
