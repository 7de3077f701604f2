//! The claims, with what is known of each before anything is run.

use serde::{Deserialize, Serialize};

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
    /// The ways of training that it compares, by the names of the [`WayNote`](super::WayNote)s: whose curves and rates its page shows.
    #[serde(default)]
    pub ways: Vec<String>,
    /// What they are called on its page, in the same order: `batches of 32` where batch sizes are compared. Empty where that is their name.
    #[serde(default)]
    pub called: Vec<String>,
}

impl ClaimNote {
    /// What a way is called on its page.
    pub(crate) fn called<'a>(&'a self, way: &'a str) -> &'a str {
        let place = self.ways.iter().position(|name| name == way);
        let called = place.and_then(|place| self.called.get(place));
        called.map_or(way, String::as_str)
    }

    /// What its ways are called, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.ways.iter().map(|way| self.called(way))
    }
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
