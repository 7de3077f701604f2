//! A design: what is run, what is asked, and what counts as an answer. All of it is in one TOML file.

mod measure;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize};
use smallbatch_base::limits;
use smallbatch_data::{BatchSize, Dataset};
use smallbatch_evidence::Hypothesis;
use smallbatch_report::results::{Citation, Summary};
use smallbatch_sweep::{JobOptimizer, JobScaling};

use crate::{Error, Size};

pub(crate) use measure::Measure;

/// The design that comes with the program.
pub(crate) const LESSON: &str = include_str!("../design/lesson.toml");

/// An experiment: tables, one rule for all of them, ways of training, and claims about them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Design {
    pub(crate) name: String,
    /// Built-in tables by name, or files beside the design.
    #[serde(default)]
    pub(crate) tables: Vec<String>,
    pub(crate) rule: Rule,
    pub(crate) sizes: Sizes,
    pub(crate) ways: Vec<Way>,
    /// The sentences at the head of the report.
    #[serde(default)]
    pub(crate) summary: Vec<Summary>,
    pub(crate) claims: Vec<Claim>,
}

/// The one rule by which network and budgets of every table follow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Units of the hidden layers.
    #[serde(deserialize_with = "layers")]
    pub(crate) hidden: Vec<usize>,
    /// Updates of a short training.
    #[serde(deserialize_with = "from_1_to_a_million")]
    pub(crate) updates: u64,
    /// But no fewer epochs than this.
    #[serde(deserialize_with = "from_1_to_a_thousand")]
    pub(crate) epochs: u64,
    /// A long training has so many times the updates of a short one.
    #[serde(deserialize_with = "from_1_to_a_thousand")]
    pub(crate) long: u64,
    /// Parts of the way from a constant's loss to the floor; the first is primary.
    #[serde(deserialize_with = "parts_of_the_way")]
    pub(crate) targets: Vec<f64>,
    /// Times are cut at so many times the faster side's.
    #[serde(deserialize_with = "from_2_to_a_thousand")]
    pub(crate) horizon: u64,
}

/// How much work each size is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    quick: Effort,
    default: Effort,
    thorough: Effort,
}

/// How much work is done.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Effort {
    /// Of each table, with everything drawn anew.
    #[serde(deserialize_with = "from_2_to_a_thousand_usize")]
    pub(crate) repetitions: usize,
    /// Runs that choose a rate, for each rate.
    #[serde(deserialize_with = "from_1_to_100")]
    pub(crate) tuning_seeds: usize,
    /// Final runs in a repetition.
    #[serde(deserialize_with = "from_1_to_100")]
    pub(crate) pairs: usize,
    /// So many tables are taken, those with the fewest numbers first; without it, all.
    #[serde(default, deserialize_with = "from_1_to_a_million_if_any")]
    pub(crate) tables: Option<usize>,
    /// Of a table with more rows than this, so many are drawn anew in each repetition; without it, all are taken.
    #[serde(default, deserialize_with = "from_100_to_a_million_if_any")]
    pub(crate) rows: Option<usize>,
    /// Secondary questions, and further targets, are asked of so many tables, those with the fewest numbers; without it, of all.
    #[serde(default, deserialize_with = "from_0_to_a_million_if_any")]
    pub(crate) details: Option<usize>,
}

/// One way of training. The default is standardized inputs, batches of 32, plain gradient descent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Way {
    pub(crate) name: String,
    #[serde(default = "standardized")]
    pub(crate) scaling: JobScaling,
    #[serde(default = "batches_of_32", deserialize_with = "batch")]
    pub(crate) batch: BatchSize,
    #[serde(default = "plain")]
    pub(crate) optimizer: JobOptimizer,
}

/// A claim of the textbook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) question: String,
    /// Only tables whose largest feature deviation is so many times the smallest.
    #[serde(default)]
    pub(crate) least_deviation_ratio: f64,
    /// What the literature lets one expect; empty where nothing was published.
    #[serde(default)]
    pub(crate) expectation: Expectation,
    #[serde(default)]
    pub(crate) pictures: Vec<Picture>,
    #[serde(default)]
    pub(crate) literature: Vec<Citation>,
    /// The one question that counts.
    #[serde(default)]
    pub(crate) primary: Option<Question>,
    /// Or the one that is counted in bytes.
    #[serde(default)]
    pub(crate) memory: Option<Memory>,
    /// Questions that are shown, and not counted.
    #[serde(default)]
    pub(crate) secondary: Vec<Question>,
    /// What its ways are called in its answers, where that is not their name.
    #[serde(skip)]
    called: BTreeMap<String, String>,
}

/// What the literature lets one expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Expectation {
    #[default]
    #[serde(rename = "")]
    Nothing,
    Supported,
    Refuted,
    Equivalent,
}

/// A picture of the claim's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Picture {
    Landscape,
    Curves,
    Overfitting,
    BatchSizes,
    Targets,
    Rates,
    OwnStatistics,
    NoiseScale,
    Memory,
}

/// A question with one answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The claim in words.
    pub(crate) text: String,
    /// The answer in words, with `{effect}` where the number belongs.
    pub(crate) words: String,
    /// A few words with `{effect}` where the interval belongs.
    #[serde(default)]
    pub(crate) brief: String,
    #[serde(default)]
    exceeds: Option<f64>,
    #[serde(default)]
    within: Option<f64>,
    /// One effect, or several that must all be there; the smallest is the answer then.
    pub(crate) parts: Vec<Part>,
}

/// One effect: the first side over the second.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    pub(crate) measure: Measure,
    /// Ways, of which the best by its tuning runs counts.
    pub(crate) first: Vec<String>,
    pub(crate) second: Vec<String>,
    /// Test rows that are scaled together, for [`Measure::OwnStatistics`].
    #[serde(default)]
    pub(crate) batch: Option<usize>,
}

/// The memory that each added sample takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) text: String,
    pub(crate) words: String,
    #[serde(default)]
    pub(crate) brief: String,
    /// Numbers of samples, growing.
    #[serde(deserialize_with = "growing_numbers_of_samples")]
    pub(crate) samples: Vec<usize>,
    #[serde(deserialize_with = "from_1_to_a_thousand")]
    pub(crate) updates: u64,
}

impl Part {
    /// All ways of both sides.
    pub(crate) fn ways(&self) -> impl Iterator<Item = &String> {
        self.first.iter().chain(&self.second)
    }
}

impl Question {
    /// What an interval is held against.
    pub(crate) fn hypothesis(&self) -> Result<Hypothesis, smallbatch_evidence::Error> {
        match (self.exceeds, self.within) {
            (Some(threshold), _) => Hypothesis::exceeds(threshold),
            (None, factor) => Hypothesis::within(factor.unwrap_or(1.0)),
        }
    }

    /// The same in words.
    pub(crate) fn hypothesis_in_words(&self) -> String {
        match (self.exceeds, self.within) {
            (Some(threshold), _) => format!("more than {threshold}"),
            (None, factor) => format!("within a factor of {}", factor.unwrap_or(1.0)),
        }
    }

    /// Whether it asks whether two sides are about the same.
    pub(crate) fn is_sameness(&self) -> bool {
        self.within.is_some()
    }

    /// The number that it is about.
    pub(crate) fn threshold(&self) -> f64 {
        self.exceeds.or(self.within).unwrap_or(1.0)
    }
}

impl Claim {
    /// Its questions, the primary one first.
    pub(crate) fn questions(&self) -> impl Iterator<Item = (bool, &Question)> {
        let primary = self.primary.iter().map(|question| (true, question));
        primary.chain(self.secondary.iter().map(|question| (false, question)))
    }
}

impl Design {
    /// Reads a design; `file` is its name for messages.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let mut design: Self = toml::from_str(text).map_err(|error| Error::Definition {
            file: file.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            reason: error.message().to_owned(),
        })?;
        design.check().map_err(|(word, reason)| Error::Definition {
            file: file.to_owned(),
            line: text.rfind(&word).map_or(1, |place| line_of(text, place)),
            reason,
        })?;
        names::name_batches(&mut design);
        Ok(design)
    }

    /// What serde cannot see: names that are not there. The error is what the file says last at the mistake, and the reason.
    fn check(&self) -> Result<(), (String, String)> {
        let named = |name: &str| format!("name = \"{name}\"");
        let mut names = BTreeSet::new();
        for way in &self.ways {
            if !names.insert(&way.name) {
                return Err((
                    named(&way.name),
                    format!("two ways are named \"{}\"", way.name),
                ));
            }
            if way.optimizer == JobOptimizer::LBfgs && way.batch != BatchSize::Full {
                return Err((
                    named(&way.name),
                    format!("\"{}\": L-BFGS needs batch = \"full\"", way.name),
                ));
            }
        }
        let mut ids = BTreeSet::new();
        for claim in &self.claims {
            let near = |reason: String| (format!("id = \"{}\"", claim.id), reason);
            if !ids.insert(&claim.id) {
                return Err(near(format!("two claims have the id \"{}\"", claim.id)));
            }
            if claim.primary.is_some() == claim.memory.is_some() {
                return Err(near(format!(
                    "the claim \"{}\" needs one primary question: [claims.primary] or [claims.memory]",
                    claim.id
                )));
            }
            for (_, question) in claim.questions() {
                self.check_question(question).map_err(|(word, reason)| {
                    (word, format!("the claim \"{}\": {reason}", claim.id))
                })?;
            }
        }
        for summary in &self.summary {
            if !ids.contains(&summary.claim) {
                return Err((
                    format!("claim = \"{}\"", summary.claim),
                    format!("a summary of \"{}\", which is no claim", summary.claim),
                ));
            }
        }
        Ok(())
    }

    fn check_question(&self, question: &Question) -> Result<(), (String, String)> {
        let near = |reason: String| (question.text.clone(), reason);
        match (question.exceeds, question.within) {
            (Some(threshold), None) if threshold.is_finite() && threshold > 0.0 => {}
            (None, Some(factor)) if factor.is_finite() && factor > 1.0 => {}
            _ => {
                return Err(near(
                    "give either `exceeds`, above 0, or `within`, above 1".into(),
                ));
            }
        }
        if question.parts.is_empty() {
            return Err(near("give at least one of `parts`".into()));
        }
        for part in &question.parts {
            if part.first.is_empty() || part.second.is_empty() {
                return Err(near("`first` and `second` need a way each".into()));
            }
            for name in part.ways() {
                if !self.ways.iter().any(|way| way.name == *name) {
                    let known: Vec<&str> = self.ways.iter().map(|way| way.name.as_str()).collect();
                    return Err(near(format!(
                        "there is no way named \"{name}\"; there are {}",
                        known.join(", ")
                    )));
                }
            }
            if part.measure.is_of_single_ways() && part.first.len() + part.second.len() > 2 {
                return Err(near(format!(
                    "\"{}\" takes one way in `first` and one in `second`",
                    part.measure.name()
                )));
            }
            if part.measure == Measure::OwnStatistics && part.batch.is_none_or(|batch| batch == 0) {
                return Err(near("`own-statistics` needs `batch`, at least 1".into()));
            }
        }
        Ok(())
    }

    /// How much work a size is.
    pub(crate) fn effort(&self, size: Size) -> Effort {
        match size {
            Size::Quick => self.sizes.quick,
            Size::Default => self.sizes.default,
            Size::Thorough => self.sizes.thorough,
        }
    }

    /// The claim whose name or title is like a word.
    pub(crate) fn claim_like(&self, word: &str) -> Option<String> {
        let word = word.to_lowercase();
        let likeness = |claim: &Claim| {
            let title = claim.title.to_lowercase();
            let names = [&claim.id, &title].map(|name| strsim::jaro_winkler(&word, name));
            names[0].max(names[1])
        };
        let like = self.claims.iter().map(|claim| (likeness(claim), claim));
        let nearest = like.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let (_, claim) = nearest.filter(|(likeness, _)| *likeness > 0.8)?;
        Some(claim.id.clone())
    }

    /// Units of every layer of the network for some data.
    pub(crate) fn network(&self, data: &Dataset) -> Vec<usize> {
        let mut network = vec![data.n_features()];
        network.extend(&self.rule.hidden);
        network.push(data.n_outputs());
        network
    }

    /// The way of that name: [`Design::parse`] has checked that there is one.
    pub(crate) fn way(&self, name: &str) -> &Way {
        let found = self.ways.iter().find(|way| way.name == name);
        found.unwrap_or(&self.ways[0])
    }
}

/// The number of the line that a byte lies in, from 1.
fn line_of(text: &str, place: usize) -> usize {
    1 + text[..place.min(text.len())].matches('\n').count()
}

fn standardized() -> JobScaling {
    JobScaling::Standardized
}

fn batches_of_32() -> BatchSize {
    BatchSize::Mini(32)
}

fn plain() -> JobOptimizer {
    JobOptimizer::Sgd
}

/// A whole number within bounds, or an error that names them.
fn bounded<'de, D: Deserializer<'de>>(from: D, low: u64, high: u64) -> Result<u64, D::Error> {
    let number = i64::deserialize(from)?;
    u64::try_from(number)
        .ok()
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| serde::de::Error::custom(format!("{number} is not from {low} to {high}")))
}

fn from_1_to_a_million<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    bounded(from, 1, 1_000_000)
}

fn from_0_to_a_million_if_any<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<usize>, D::Error> {
    bounded(from, 0, 1_000_000).map(|number| Some(number as usize))
}

fn from_1_to_a_million_if_any<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<usize>, D::Error> {
    bounded(from, 1, 1_000_000).map(|number| Some(number as usize))
}

fn from_100_to_a_million_if_any<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<usize>, D::Error> {
    bounded(from, 100, 1_000_000).map(|number| Some(number as usize))
}

fn from_1_to_a_thousand<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    bounded(from, 1, 1_000)
}

fn from_2_to_a_thousand<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    bounded(from, 2, 1_000)
}

fn from_2_to_a_thousand_usize<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    bounded(from, 2, 1_000).map(|number| number as usize)
}

fn from_1_to_100<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    bounded(from, 1, 100).map(|number| number as usize)
}

fn layers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<usize>, D::Error> {
    let units: Vec<i64> = Vec::deserialize(from)?;
    let is_good = |units: &i64| (1..=limits::MOST_HIDDEN_UNITS as i64).contains(units);
    if units.len() > limits::MOST_HIDDEN_LAYERS || !units.iter().all(is_good) {
        let message = format!(
            "hidden layers are at most {}, of 1 to {} units each",
            limits::MOST_HIDDEN_LAYERS,
            limits::MOST_HIDDEN_UNITS
        );
        return Err(serde::de::Error::custom(message));
    }
    Ok(units.into_iter().map(|units| units as usize).collect())
}

fn growing_numbers_of_samples<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<usize>, D::Error> {
    let numbers: Vec<i64> = Vec::deserialize(from)?;
    let is_good = |number: &i64| (100..=1_000_000).contains(number);
    let grow = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    if !(2..=9).contains(&numbers.len()) || !numbers.iter().all(is_good) || !grow {
        let message =
            format!("{numbers:?}: samples are 2 to 9 growing numbers from 100 to 1000000");
        return Err(serde::de::Error::custom(message));
    }
    Ok(numbers.into_iter().map(|number| number as usize).collect())
}

fn parts_of_the_way<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    let parts: Vec<f64> = Vec::deserialize(from)?;
    let is_good = |part: &f64| *part > 0.0 && *part < 1.0;
    if parts.is_empty() || parts.len() > 9 || !parts.iter().all(is_good) {
        let message = format!("{parts:?}: targets are 1 to 9 numbers between 0 and 1");
        return Err(serde::de::Error::custom(message));
    }
    Ok(parts)
}

fn batch<'de, D: Deserializer<'de>>(from: D) -> Result<BatchSize, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Size(i64),
        Word(String),
    }
    match Entry::deserialize(from)? {
        Entry::Size(size @ 1..=1_000_000) => Ok(BatchSize::Mini(size as usize)),
        Entry::Word(word) if word == "full" => Ok(BatchSize::Full),
        Entry::Size(size) => Err(serde::de::Error::custom(format!(
            "a batch of {size} is not from 1 to 1000000"
        ))),
        Entry::Word(word) => Err(serde::de::Error::custom(format!(
            "a batch is a number or \"full\", not \"{word}\""
        ))),
    }
}
