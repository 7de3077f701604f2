//! What an experiment found, as plain records: the shape of `results.json`.
//!
//! The records are the border between running and reporting. Whoever runs fills them; the report reads nothing else, so a
//! report can be drawn again from a file years later.
//!
//! **Numbers in the file.** JSON has no infinity and no "not a number". A missing or non-finite number is written as `null`,
//! and each field says what that means: for `low` and `high` an end without a bound, for a loss a run that diverged.

mod answer;
mod claim;
mod landscape;
mod number;
mod prediction;
mod training;
mod word;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smallbatch_evidence::Verdict;

pub use answer::{AnswerNote, Effect, PartNote, TableAnswer, Variance};
pub use claim::{Citation, ClaimNote, Summary};
pub use landscape::{DescentPath, Landscape, Valley};
pub use prediction::{
    Expected, Fact, Foresight, LeftOutNote, LeftOutTableNote, ModeratorNote, PredictionNote,
};
pub use training::{CurvePoint, DatasetNote, MemoryPoint, TuningPoint, WayNote};

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
    pub answers: Vec<AnswerNote>,
    /// What the answers come down to, one sentence each.
    #[serde(default)]
    pub summary: Vec<Summary>,
    /// What each table says.
    pub tables: Vec<TableAnswer>,
    /// Each table of each primary answer as the other tables foretell it.
    #[serde(default)]
    pub left_out: Vec<LeftOutTableNote>,
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
    pub fn primary(&self, claim: &str) -> Option<&AnswerNote> {
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
    /// Where each repetition was computed, of a run that machines shared; empty for a run of one process.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<Machine>,
}

/// A machine that computed repetitions of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name in the network; empty where it is not known.
    pub host: String,
    /// The processor's name, as the system gives it.
    pub processor: String,
    /// The vectors that were computed with: other ones may give other last bits.
    pub vectors: String,
    /// XXH3 of the program, 128 bits in hexadecimal: another build may give other last bits.
    pub program: String,
    /// How long its repetitions took together, in seconds.
    #[serde(with = "number::or_zero")]
    pub seconds: f64,
    /// The repetitions: each one's table, and its number from 0.
    pub repetitions: Vec<(String, usize)>,
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
