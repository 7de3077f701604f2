//! What an advice says: the content of `advice.json`.

use serde::{Deserialize, Serialize};
use smallbatch_data::Task;
use smallbatch_evidence::Verdict;
use smallbatch_pipeline::{Recipe, Scores};

/// The layout of `advice.json`.
pub(crate) const FORMAT: u32 = 2;

/// The advice. Displayed, it is the text for the terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// The layout of this file: 2.
    pub format: u32,
    /// The program and its version.
    pub program: String,
    /// What ties it to its model, which says the same: a hash of table, plan and program.
    pub id: String,
    /// The table's name.
    pub data: String,
    /// The column that is predicted.
    pub target: String,
    /// As classes or numbers.
    pub task: Task,
    /// The classes; none for numbers.
    pub classes: Vec<String>,
    /// How many rows the table has.
    pub rows: usize,
    /// How many of them were trained and judged on: all, but for large tables.
    pub used_rows: usize,
    /// How many features the columns make.
    pub features: usize,
    /// How many rows have the features of an earlier one. Such rows are in one fold.
    pub copies: usize,
    /// The column whose equal cells were kept in one fold.
    #[serde(default)]
    pub groups: Option<String>,
    /// The column that says when a row happened.
    #[serde(default)]
    pub time: Option<String>,
    /// The column that says how much a row counts in training; all count alike where they are judged.
    #[serde(default)]
    pub weights: Option<String>,
    /// The seed that all others were counted from.
    pub base_seed: u64,
    /// Folds; each judges what was trained on the others.
    pub folds: usize,
    /// What can be said.
    pub conclusion: Conclusion,
    /// Whether network and straight line are as good as each other, so that another seed may choose the other.
    #[serde(default)]
    pub is_close: bool,
    /// Whether nobody stopped it before its end.
    #[serde(default = "yes")]
    pub is_complete: bool,
    /// The conclusion in two sentences.
    pub headline: String,
    /// What is worth knowing of the table, a sentence each.
    pub notes: Vec<String>,
    /// What was judged.
    pub judged: Vec<Judged>,
    /// Comparisons of what was judged.
    pub gains: Vec<Gain>,
    /// How much the loss grows when the values of a column are shuffled among the rows, as a share of the constant's loss; the most
    /// important column first.
    pub importance: Vec<(String, f64)>,
    /// All networks that were tried, the best of each round first.
    pub tried: Vec<TriedRecipe>,
}

fn yes() -> bool {
    true
}

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Conclusion {
    /// A network.
    Network,
    /// A straight line is as good as any network that was tried, and simpler.
    Line,
    /// Nothing is surely better than saying the same of every row.
    CannotTell,
}

/// What is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The best network that the search found.
    Found,
    /// The best straight line.
    Line,
    /// A network as one takes it who does not search.
    Default,
    /// The one found on raw inputs, at the best rate for them.
    Raw,
    /// The one found with the full batch, at the best rate for it, for as many epochs.
    FullBatch,
    /// The same for every row: the mean, or the shares of the classes.
    Constant,
}

/// One way to predict, judged on rows held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// Which.
    pub way: Way,
    /// How it was trained; `None` for the constant.
    pub recipe: Option<Recipe>,
    /// The epoch that was best, for all folds.
    pub epoch: Option<f64>,
    /// What it is worth; `None` where a training diverged.
    pub scores: Option<Scores>,
    /// In how many folds the training diverged.
    pub diverged: usize,
    /// The mean losses over the folds by epoch: the epoch, the training batches' loss by the network's own measure, and that of rows
    /// held out.
    pub curve: Vec<(f64, f64, f64)>,
}

/// How many times the loss of one way is that of another, on rows held out: the ratio of their means over the folds, with Fieller's interval
/// (see [`FoldRatio`](smallbatch_evidence::FoldRatio)). It contains 1 exactly where the difference of the two is not sure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// The one whose loss is above.
    pub of: Way,
    /// The one whose loss is below.
    pub over: Way,
    /// The ratio; `None` where a training diverged.
    pub ratio: Option<f64>,
    /// The lower end of the 95 % interval; `None` if it is 0.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Supported: surely above 1. Refuted: surely below.
    pub verdict: Verdict,
    /// Its p-value; `None` for an inconclusive one.
    pub p: Option<f64>,
    /// Whether it stands when all gains are considered together (Holm 1979), at 5 %.
    pub stands: bool,
}

impl Gain {
    /// Whether the one is surely worse than the other.
    pub fn is_sure(&self) -> bool {
        self.stands && self.verdict == Verdict::Supported
    }
}

/// One network that the search tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TriedRecipe {
    /// How it was trained.
    pub recipe: Recipe,
    /// On how many folds.
    pub folds: usize,
    /// The loss of rows held out, as a share of the constant's; `None` where a training diverged.
    pub relative_loss: Option<f64>,
}

impl Advice {
    /// One that was judged.
    pub fn judged(&self, way: Way) -> Option<&Judged> {
        self.judged.iter().find(|judged| judged.way == way)
    }

    /// The comparison of two.
    pub fn gain(&self, of: Way, over: Way) -> Option<&Gain> {
        self.gains
            .iter()
            .find(|gain| gain.of == of && gain.over == over)
    }

    /// What is advised: what the model was trained by.
    pub fn advised(&self) -> Way {
        match self.conclusion {
            Conclusion::Network => Way::Found,
            Conclusion::Line | Conclusion::CannotTell => Way::Line,
        }
    }
}
