//! The page about one table: plain records that an adviser fills, and the page drawn from them alone.

mod document;
mod pictures;
mod predictions;
#[cfg(test)]
mod tests;

use crate::foresight::Expectation;
use crate::html;

/// What `advice.html` shows. Losses are those of rows that the trainings did not see, unless something else is said.
///
/// ```
/// use smallbatch_report::{AdvicePage, advice_html};
///
/// let page = AdvicePage { data: "cars".into(), target: "mpg".into(), ..AdvicePage::default() };
/// assert!(advice_html(&page).contains("<h1>cars: how to predict mpg</h1>"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AdvicePage {
    /// The program and its version.
    pub program: String,
    /// The table's name.
    pub data: String,
    /// The column that is predicted.
    pub target: String,
    /// What is advised, in a few sentences.
    pub headline: String,
    /// What the table is, in a sentence or two.
    pub facts: String,
    /// What is worth knowing of the table, a sentence each.
    pub notes: Vec<String>,
    /// The measures' names, as the head of a table has them.
    pub measures: Vec<String>,
    /// The ways that were judged.
    pub ways: Vec<AdviceWay>,
    /// What normalization and batch size did, a sentence each.
    pub lesson: Vec<String>,
    /// The losses along training.
    pub curves: Vec<AdviceCurve>,
    /// The straight line's loss as a share of the constant's; curves are held against it.
    pub line_loss: Option<f64>,
    /// What was predicted of rows that were held out.
    pub predictions: AdvicePredictions,
    /// Columns, and how much the loss grows without them, as a share of the constant's; the most important first.
    pub importance: Vec<(String, f64)>,
    /// What the results of the experiments predict for a table like this one, or why they say nothing.
    pub expected: Result<Vec<Expectation>, String>,
    /// The names of the columns of `tried`; those that begin with `#` have numbers.
    pub tried_columns: Vec<String>,
    /// All settings that were tried, a row each.
    pub tried: Vec<Vec<String>>,
    /// What the advice rests on: a name and a sentence each.
    pub method: Vec<(String, String)>,
}

/// A way to predict, as a row of the first table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdviceWay {
    /// Its name.
    pub name: String,
    /// Whether it is what is advised.
    pub is_advised: bool,
    /// How it was trained; empty where nothing was.
    pub recipe: String,
    /// How many times the loss of the network found: the estimate and the ends of its 95 % interval, where they are known.
    pub times: Option<(f64, Option<f64>, Option<f64>)>,
    /// Whether the interval leaves open which is better.
    pub is_open: bool,
    /// What it is worth, in the order of the page's measures.
    pub measures: Vec<String>,
    /// What stands there instead, such as that a training diverged.
    pub remark: String,
}

/// The losses of a way along training, as shares of the constant's loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdviceCurve {
    /// The way's name.
    pub name: String,
    /// The losses, the epochs ascending.
    pub points: Vec<AdviceLoss>,
    /// The epoch whose network is taken.
    pub best: Option<f64>,
}

/// The losses at one epoch; infinite or no number where the training diverged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdviceLoss {
    /// The epoch.
    pub epoch: f64,
    /// The loss of training batches, by the network's own measure.
    pub training: f64,
    /// The loss of rows held out.
    pub held_out: f64,
}

/// Predictions of rows that were held out.
#[derive(Clone, Debug, PartialEq)]
pub enum AdvicePredictions {
    /// Of numbers.
    Numbers {
        /// Predicted and true values of some rows.
        points: Vec<(f64, f64)>,
        /// How many rows there are.
        rows: usize,
        /// Half the width of the interval of 90 %; `None` where too few rows vouch for one.
        half_width: Option<f64>,
    },
    /// Of classes.
    Classes {
        /// The classes' names.
        names: Vec<String>,
        /// How many rows of a class (outer) are taken for a class (inner).
        confusion: Vec<Vec<usize>>,
        /// What the probabilities of `calibration` are probabilities of.
        probability_of: String,
        /// Rows by predicted probability: its mean, the share that came true, and how many rows.
        calibration: Vec<(f64, f64, usize)>,
    },
}

impl Default for AdvicePage {
    fn default() -> Self {
        Self {
            program: "smallbatch".into(),
            data: String::new(),
            target: String::new(),
            headline: String::new(),
            facts: String::new(),
            notes: Vec::new(),
            measures: Vec::new(),
            ways: Vec::new(),
            lesson: Vec::new(),
            curves: Vec::new(),
            line_loss: None,
            predictions: AdvicePredictions::Numbers {
                points: Vec::new(),
                rows: 0,
                half_width: None,
            },
            importance: Vec::new(),
            expected: Ok(Vec::new()),
            tried_columns: Vec::new(),
            tried: Vec::new(),
            method: Vec::new(),
        }
    }
}

/// The page as one HTML document that needs nothing else.
pub fn advice_html(page: &AdvicePage) -> String {
    html::html(&document::document(page))
}
