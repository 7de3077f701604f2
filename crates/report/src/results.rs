//! What an experiment found, as plain records: the shape of `results.json`.
//!
//! The records are the border between running and reporting. Whoever runs fills them; the report reads nothing else, so a
//! report can be drawn again from a file years later.
//!
//! **Numbers in the file.** JSON has no infinity and no "not a number". A missing or non-finite number is written as `null`,
//! and each field says what that means: for `low` and `high` an end without a bound, for a loss a run that diverged.

mod landscape;
mod number;
mod prediction;
mod word;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smallbatch_evidence::{Needed, Scale, Verdict};

pub use landscape::{DescentPath, Landscape, Valley};
pub use prediction::{Expected, Fact, Foresight, LeftOut, LeftOutTable, Moderator, Prediction};

/// The version of the layout of `results.json` that this crate reads and writes.
///
/// It grows by one when a field is removed or changes its meaning; new fields do not change it. Version 1 was written by the first
/// laboratory, whose intervals did not hold: it is refused.
pub const SCHEMA_VERSION: u32 = 2;

/// Everything that one call of the experiments found: the content of `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The layout's version: [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The hash of design, margins, tables and program version, in hexadecimal: what was printed before the first run.
    pub design_hash: String,
    /// The seed that all draws follow from. Another one is a replication.
    pub base_seed: u64,
    /// Where, when and with what the runs were made.
    pub environment: Environment,
    /// What was run, in words and numbers.
    pub design: Design,
    /// The claims in the order of the report, each with what is known of it.
    pub claims: Vec<ClaimNote>,
    /// What the tables say together: first the primary answers in the order of the claims, then the secondary ones.
    pub answers: Vec<Answer>,
    /// What the answers come down to, one sentence each.
    #[serde(default)]
    pub summary: Vec<Summary>,
    /// What each table says.
    pub tables: Vec<TableAnswer>,
    /// Each table of each primary answer as the other tables foretell it.
    #[serde(default)]
    pub left_out: Vec<LeftOutTable>,
    /// Where the variation of each primary effect comes from.
    pub variance: Vec<Variance>,
    /// The tables of numbers themselves.
    pub datasets: Vec<DatasetNote>,
    /// Each way of training on each table: rates, losses, curves.
    pub ways: Vec<WayNote>,
    /// One number for each effect, table and repetition: all that answers are computed from.
    pub effects: Vec<Effect>,
    /// What two features look like before and after scaling, and the loss of a linear unit on them.
    #[serde(default)]
    pub landscapes: Vec<Landscape>,
    /// The memory that training took, by the number of samples.
    #[serde(default)]
    pub memory: Vec<MemoryPoint>,
    /// What was meant to be run and was not, each with the reason.
    #[serde(default)]
    pub omissions: Vec<Omission>,
    /// Which answers of an earlier run this one confirms, where that was asked.
    #[serde(default)]
    pub replication: Option<Replication>,
}

impl Results {
    /// The one answer to a claim that counts.
    pub fn primary(&self, claim: &str) -> Option<&Answer> {
        let mut answers = self.answers.iter();
        answers.find(|answer| answer.primary && answer.claim == claim)
    }
}

impl Default for Results {
    /// Nothing, in the layout of today.
    fn default() -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            design_hash: String::new(),
            base_seed: 0,
            environment: Environment::default(),
            design: Design::default(),
            claims: Vec::new(),
            answers: Vec::new(),
            summary: Vec::new(),
            tables: Vec::new(),
            left_out: Vec::new(),
            variance: Vec::new(),
            datasets: Vec::new(),
            ways: Vec::new(),
            effects: Vec::new(),
            landscapes: Vec::new(),
            memory: Vec::new(),
            omissions: Vec::new(),
            replication: None,
        }
    }
}

/// The machine, the build and the call behind a set of results. What cannot be found out is an empty string, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The processor's name, as the system gives it.
    pub processor: String,
    /// Logical processors available to the program.
    pub cores: usize,
    /// Over how many threads the trainings were spread, one each.
    pub workers: usize,
    /// Operating system and architecture, such as `linux x86_64`.
    pub os: String,
    /// The revision of the sources (a Git hash, with `-dirty` for uncommitted changes); empty where it is not known.
    pub revision: String,
    /// Versions of the crates that compute, and of the compiler that built them, by name.
    pub versions: BTreeMap<String, String>,
    /// When the run began: seconds since 1970-01-01T00:00:00Z.
    pub started_unix_seconds: u64,
    /// How long it took, in seconds.
    #[serde(with = "number::or_zero")]
    pub elapsed_seconds: f64,
    /// The command that repeats it.
    pub command: String,
    /// What was asked for, for repeating it: the size, the files and so on, as JSON of the laboratory's own.
    #[serde(default)]
    pub request: serde_json::Value,
}

/// What was run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// The design's name: `"lesson"` for the one that comes with the program.
    pub name: String,
    /// The version: `"quick"`, `"default"`, `"thorough"`.
    pub size: String,
    /// How it was done, one paragraph for each matter: rule for all tables, rates, targets, times, inference.
    pub method: Vec<String>,
    /// Repetitions of each table that were asked for, each with everything drawn anew.
    pub n_repetitions: usize,
    /// Repetitions of each table that are complete: fewer after an interruption.
    pub n_complete: usize,
    /// Runs that choose a rate, for each rate and way of training.
    pub n_tuning_seeds: usize,
    /// Final runs of each way of training in a repetition.
    pub n_pairs: usize,
    /// The targets, as parts of the way from a constant's loss to the floor; the primary one first.
    pub targets: Vec<f64>,
    /// Times are cut at this multiple of the faster side's.
    pub horizon: f64,
    /// The probability of any wrong primary answer: 0.05.
    pub error: f64,
}

/// One claim with what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimNote {
    /// Its name: `minibatch-is-faster`.
    pub id: String,
    /// The heading of its page.
    pub title: String,
    /// What is asked, one sentence.
    pub question: String,
    /// What the literature lets one expect, as a verdict's name (`supported`, `refuted`, `equivalent`); empty where nothing was published.
    pub expectation: String,
    /// What the literature says.
    pub literature: Vec<Citation>,
    /// Which pictures its page shows: `landscape`, `curves`, `overfitting`, `batch-sizes`, `targets`, `rates`, `own-statistics`,
    /// `noise-scale`, `memory`.
    pub pictures: Vec<String>,
    /// The ways of training that it compares, by the names of the [`WayNote`]s: whose curves and rates its page shows.
    #[serde(default)]
    pub ways: Vec<String>,
}

/// A sentence that sums up a claim's answer, for each that there can be. `{effect}` stands for the interval of the mean over tables,
/// `{share}` for on how many of 10 new tables the claim is expected to hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The claim's name.
    pub claim: String,
    /// Where it holds.
    pub yes: String,
    /// Where it does not.
    pub no: String,
    /// Where that cannot be told.
    pub open: String,
}

/// A statement of the literature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// What it says.
    pub says: String,
    /// Who says it.
    pub source: String,
}

/// The answer of all tables together to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
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
    /// The ways of training on the first side, by the names of the [`WayNote`]s: the best of them counts.
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
    pub prediction: Option<Prediction>,
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
    pub parts: Vec<Part>,
    /// What else must be known, a sentence, such as what the effect depends on; empty otherwise.
    #[serde(default)]
    pub note: String,
}

/// One of several effects that a claim is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
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
    /// What the numbers are, as in the [`Answer`], or in the [`Part`] of an answer with several.
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

/// One table in numbers and words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetNote {
    /// Its name.
    pub table: String,
    /// Rows in all parts together.
    pub n_samples: usize,
    /// Rows that are trained on.
    pub n_training_samples: usize,
    /// Input features.
    pub n_features: usize,
    /// What is predicted: `"3 classes"`, `"a number"`.
    pub target: String,
    /// The largest feature's standard deviation over the smallest's, constant ones left out.
    #[serde(with = "number::or_zero")]
    pub deviation_ratio: f64,
    /// The condition number of the raw inputs' covariance.
    #[serde(with = "number::or_zero")]
    pub condition_number: f64,
    /// Units of every layer.
    pub network: Vec<usize>,
    /// Where the data come from, with the licence.
    pub source: String,
    /// A hash of all samples, in hexadecimal.
    pub fingerprint: String,
}

/// One way of training on one table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WayNote {
    /// Its name, the same on every table: `"standardized"`, `"full batch"`.
    pub way: String,
    /// The table.
    pub table: String,
    /// How the inputs were scaled.
    pub scaling: String,
    /// Samples in one update: a number, or `"full"`.
    pub batch_size: String,
    /// The optimizer.
    pub optimizer: String,
    /// The rate chosen in each repetition, for the loss at the end of the budget.
    #[serde(with = "number::list")]
    pub rates: Vec<f64>,
    /// Whether it was fragile in most repetitions.
    pub fragile: bool,
    /// Seconds of processor time for an update, the median over repetitions; `None` where no time was asked for.
    #[serde(with = "number::finite", default)]
    pub seconds_per_update: Option<f64>,
    /// The rates that were tried, over all repetitions, in ascending order.
    pub tuning: Vec<TuningPoint>,
    /// The loss along training of the final runs.
    pub curve: Vec<CurvePoint>,
}

/// One learning rate that was tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TuningPoint {
    /// The rate.
    pub learning_rate: f64,
    /// The geometric mean of the training loss at the end over repetitions and tuning seeds, relative to always predicting the mean (or
    /// the class frequencies); `None` where a run diverged.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
    /// In how many repetitions it was chosen.
    pub n_chosen: usize,
}

/// One point of a curve: the middle and the spread of the final runs at one moment of training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Updates of the parameters.
    pub updates: u64,
    /// Passes over the training part.
    pub epochs: f64,
    /// Seconds of training, by the seconds of an update; `None` where no time was asked for.
    #[serde(with = "number::finite", default)]
    pub seconds: Option<f64>,
    /// The median training loss, relative to always predicting the mean (or the class frequencies); `None` at a run that diverged.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
    /// The lower quartile.
    #[serde(with = "number::finite")]
    pub low: Option<f64>,
    /// The upper quartile.
    #[serde(with = "number::finite")]
    pub high: Option<f64>,
    /// The median validation loss, on the same scale.
    #[serde(with = "number::finite")]
    pub validation_loss: Option<f64>,
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

/// Something that was meant to be run and was not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Omission {
    /// The claim, or empty where it is about a whole table.
    pub claim: String,
    /// The table, or empty.
    pub table: String,
    /// What was left out and why, in a sentence.
    pub reason: String,
}

/// How a replication compares with the run that it repeats.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Replication {
    /// The file that was replicated.
    pub of: String,
    /// Its base seed.
    pub base_seed: u64,
    /// Whether design, tables and version are the same.
    pub same_design: bool,
    /// One entry for each primary answer.
    pub answers: Vec<Replicated>,
}

/// One answer in two runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replicated {
    /// The claim's name.
    pub claim: String,
    /// The verdict then.
    #[serde(with = "word")]
    pub before: Verdict,
    /// And now.
    #[serde(with = "word")]
    pub now: Verdict,
    /// Whether this run's estimate lies in the interval of the other, and its verdict does not contradict.
    pub confirmed: bool,
}

/// What training took of the memory, beside the data, in one way of handling so many samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryPoint {
    /// The data set.
    pub dataset: String,
    /// How the samples were handled: `"full batch, one lump"`, `"full batch, in chunks"`, `"batch 32"`.
    pub way: String,
    /// How many samples.
    pub samples: usize,
    /// The peak of the process's memory over what it was before training, in bytes: the median of some measurements.
    #[serde(with = "number::or_zero")]
    pub bytes: f64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_results_come_back_equal(
            numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..30),
            text in ".*",
            open in any::<[bool; 2]>(),
            counts in any::<[u32; 3]>(),
        ) {
            let mut results = fixture::results();
            fixture::replace_texts(&mut results, &text);
            for (place, number) in fixture::numbers(&mut results).into_iter().zip(numbers.iter().cycle()) {
                *place = *number;
            }
            for answer in &mut results.answers {
                answer.low = if open[0] { f64::NEG_INFINITY } else { numbers[0] };
                answer.high = if open[1] { f64::INFINITY } else { numbers[0] };
                answer.n_pairs = counts[0] as usize;
            }
            results.base_seed = u64::from(counts[1]) << 32 | u64::from(counts[2]);
            let json = serde_json::to_string(&results).expect("JSON");
            let back: Results = serde_json::from_str(&json).expect("results");
            prop_assert!(back == results, "{json}");
        }
    }

    #[test]
    fn a_verdict_is_one_word_of_the_file() {
        let json = serde_json::to_value(fixture::results()).expect("JSON");
        let words = ["supported", "refuted", "equivalent", "inconclusive"];
        for answer in json["answers"].as_array().expect("a list") {
            let verdict = answer["verdict"].as_str().expect("a word");
            assert!(words.contains(&verdict), "{verdict}");
        }
        let mut json = json;
        json["answers"][0]["verdict"] = "maybe".into();
        let error = serde_json::from_value::<Results>(json).expect_err("no verdict");
        assert!(
            error.to_string().contains("\"maybe\" is no verdict"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_number_does_not_make_a_file_unreadable() {
        let mut results = fixture::results();
        results.effects[0].pairs[1] = f64::NAN;
        results.variance[0].between_tables = f64::INFINITY;
        results.answers[0].estimate = Some(f64::NAN);
        let json = serde_json::to_string(&results).expect("JSON");
        let back: Results = serde_json::from_str(&json).expect("results");
        assert_eq!(back.answers[0].estimate, None);
        assert_eq!(back.variance[0].between_tables, 0.0);
        assert!(back.effects[0].pairs[1].is_nan());
    }
}
