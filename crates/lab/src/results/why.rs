//! Why normalization and batch sizes do what they do, in numbers: curvature, noise, cost.

use serde::{Deserialize, Serialize};

use super::number;

/// What the experiment `why` measured.
///
/// # Example
///
/// ```
/// use smallbatch_lab::results::Why;
///
/// let why = Why::default();
/// assert!(why.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The curvature by the way the inputs are scaled: of a linear unit (so of the inputs alone), and of a network.
    #[serde(default)]
    pub conditioning: Vec<Conditioning>,
    /// The noise scale along training.
    #[serde(default)]
    pub noise: Vec<NoisePoint>,
    /// What it costs to reach a loss, by batch size, with the predicted curve.
    #[serde(default)]
    pub cost: Vec<CostCurve>,
    /// The curvature where training with each batch size ended.
    #[serde(default)]
    pub sharpness: Vec<Sharpness>,
    /// What the numbers say, one sentence a data set and subject.
    #[serde(default)]
    pub findings: Vec<WhyFinding>,
}

impl Why {
    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another measured.
    pub(crate) fn extend(&mut self, other: Self) {
        self.conditioning.extend(other.conditioning);
        self.noise.extend(other.noise);
        self.cost.extend(other.cost);
        self.sharpness.extend(other.sharpness);
        self.findings.extend(other.findings);
    }
}

/// What a sentence or a row of [`Why`] is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WhySubject {
    /// The curvature that scaling gives: [`Why::conditioning`].
    #[default]
    Conditioning,
    /// The noise scale: [`Why::noise`].
    Noise,
    /// The samples to a target: [`Why::cost`].
    Cost,
    /// The curvature at the solutions: [`Why::sharpness`].
    Sharpness,
}

/// What the numbers about one subject say on one data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WhyFinding {
    /// The data set.
    pub dataset: String,
    /// What it is about.
    pub subject: WhySubject,
    /// The sentence, with its numbers.
    pub sentence: String,
}

/// Whose curvature it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CurvatureOf {
    /// A linear unit with squared error, (z - y)² averaged over samples: its Hessian is twice the second moment of the
    /// inputs, each with a 1 for the bias, and the same everywhere.
    #[default]
    Inputs,
    /// The network, at its initial parameters.
    Network,
}

/// The curvature of the loss under one way of scaling the inputs, and the learning rates that it allows the full batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditioning {
    /// The data set.
    pub dataset: String,
    /// How the inputs were scaled: `"raw"`, `"centred"`, `"standardized"`, `"per-sample"`.
    pub scaling: String,
    /// Whose curvature it is.
    pub of: CurvatureOf,
    /// λ_max, the largest eigenvalue of the Hessian of the mean loss; for a network the median over seeds.
    #[serde(with = "number::finite")]
    pub largest_eigenvalue: Option<f64>,
    /// λ_max / λ_min, where λ_min is the least eigenvalue that is more than rounding error; directions without any
    /// curvature (an input that never varies) do not slow training, and do not count. A network's Hessian has eigenvalues of both signs
    /// and many near 0: there it is λ_max over the median size of all that are more than rounding error, the median over seeds;
    /// `None` for one of too many parameters.
    #[serde(with = "number::finite")]
    pub condition_number: Option<f64>,
    /// The largest learning rate at which full-batch descent should not diverge: 2 / λ_max.
    #[serde(with = "number::finite")]
    pub predicted_rate: Option<f64>,
    /// The largest at which it did not, found by bisection; for a network the median over seeds.
    #[serde(with = "number::finite")]
    pub measured_rate: Option<f64>,
}

/// The noise scale at one moment of training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoisePoint {
    /// The data set.
    pub dataset: String,
    /// The batch size of the training along which it was measured.
    pub batch: usize,
    /// Passes over the training part so far.
    pub epoch: f64,
    /// Updates so far.
    pub updates: u64,
    /// Training loss at that moment, the median over seeds.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
    /// tr(Σ) / |G|² in samples, exact over the training part: the median over seeds.
    #[serde(with = "number::finite")]
    pub noise_scale: Option<f64>,
    /// The least over seeds.
    #[serde(with = "number::finite")]
    pub low: Option<f64>,
    /// The greatest over seeds.
    #[serde(with = "number::finite")]
    pub high: Option<f64>,
}

/// The samples that training needs to reach a loss, by batch size, and the curve E(B) = E_min (1 + B / B_crit) through them
/// (McCandlish et al. 2018).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostCurve {
    /// The data set.
    pub dataset: String,
    /// The training loss to reach.
    pub target_loss: f64,
    /// Measured, in ascending order of the batch.
    pub points: Vec<CostPoint>,
    /// The samples that the smallest batches need, in the fit; `None` when the points do not bend as the curve does.
    #[serde(with = "number::finite")]
    pub e_min: Option<f64>,
    /// The lower end of its 95 % interval, by bootstrap over seeds.
    #[serde(with = "number::finite")]
    pub e_min_low: Option<f64>,
    /// The upper end; `None` when nothing bounds it.
    #[serde(with = "number::finite")]
    pub e_min_high: Option<f64>,
    /// The batch size that costs twice the fewest samples, in the fit.
    #[serde(with = "number::finite")]
    pub b_crit: Option<f64>,
    /// The lower end of its 95 % interval, by bootstrap over seeds.
    #[serde(with = "number::finite")]
    pub b_crit_low: Option<f64>,
    /// The upper end; `None` when nothing bounds it.
    #[serde(with = "number::finite")]
    pub b_crit_high: Option<f64>,
    /// How far the fit misses the medians: the root mean square of ln(measured / fitted), so that 0.1 is about 10 %.
    #[serde(with = "number::finite")]
    pub relative_error: Option<f64>,
    /// What the noise scale predicts for B_crit: the median of the noise scale along training up to the target.
    #[serde(with = "number::finite")]
    pub predicted_b_crit: Option<f64>,
    /// Whether prediction and fit agree, and where not, in a sentence.
    pub sentence: String,
}

impl CostCurve {
    /// E(B) of the fit, in samples; `None` without a fit.
    pub fn fitted(&self, batch: f64) -> Option<f64> {
        Some(self.e_min? * (1.0 + batch / self.b_crit?))
    }

    /// The curve that the noise scale predicts through the fit's E_min; `None` without either.
    pub fn predicted(&self, batch: f64) -> Option<f64> {
        Some(self.e_min? * (1.0 + batch / self.predicted_b_crit?))
    }
}

/// The cost with one batch size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostPoint {
    /// The batch size; the full batch as its number of samples.
    pub batch: usize,
    /// The learning rate, tuned for this batch size on other seeds.
    pub learning_rate: f64,
    /// Median over seeds of the samples to the target; `None` when the median run did not reach it.
    #[serde(with = "number::finite")]
    pub samples_to_target: Option<f64>,
    /// The least over seeds.
    #[serde(with = "number::finite")]
    pub low: Option<f64>,
    /// The greatest; `None` when a run did not reach the target.
    #[serde(with = "number::finite")]
    pub high: Option<f64>,
    /// Runs.
    pub runs: usize,
    /// Runs that did not reach the target: their cost is "at least".
    pub censored: usize,
}

/// The largest eigenvalue of the training loss's Hessian where training with one batch size ended, over seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sharpness {
    /// The data set.
    pub dataset: String,
    /// The batch size; the full batch as its number of samples.
    pub batch: usize,
    /// The learning rate that the runs used.
    pub learning_rate: f64,
    /// λ_max, the median over seeds.
    #[serde(with = "number::finite")]
    pub largest_eigenvalue: Option<f64>,
    /// The least over seeds.
    #[serde(with = "number::finite")]
    pub low: Option<f64>,
    /// The greatest over seeds.
    #[serde(with = "number::finite")]
    pub high: Option<f64>,
    /// λ_max times the learning rate, the median: gradient descent is stable below 2.
    #[serde(with = "number::finite")]
    pub rate_times_eigenvalue: Option<f64>,
    /// Median training loss where it was measured.
    #[serde(with = "number::finite")]
    pub loss: Option<f64>,
}
