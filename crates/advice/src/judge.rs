//! Ways compared on rows that their trainings did not see.

use smallbatch_data::Frame;
use smallbatch_evidence::{Direction, Hypothesis, Scale, TableEffect, Verdict, holm};
use smallbatch_pipeline::{CrossFit, Scores, held_out};

use crate::Error;
use crate::advice::{Gain, Judged, Way};
use crate::search::Trials;

/// A family of comparisons is wrong with this probability at most.
const LEVEL: f64 = 0.05;
/// The share of the constant's loss below which a loss counts as none: a ratio of two such means nothing.
const NOTHING: f64 = 1e-6;

/// A way with its trainings on all folds.
pub(crate) struct Contender {
    pub(crate) way: Way,
    /// `None` for the constant.
    pub(crate) cross: Option<CrossFit>,
}

impl Contender {
    pub(crate) fn new(way: Way, cross: CrossFit) -> Self {
        Self {
            way,
            cross: Some(cross),
        }
    }

    fn n_diverged(&self) -> usize {
        self.cross.as_ref().map_or(0, CrossFit::n_diverged)
    }

    /// The mean loss of each fold.
    fn by_fold(&self, trials: &Trials<'_>) -> Result<Vec<f64>, Error> {
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        match &self.cross {
            Some(cross) => Ok(cross.fold_losses()),
            None => (0..trials.n_folds())
                .map(|fold| Ok(mean(&trials.fold(fold)?.constant_losses())))
                .collect(),
        }
    }

    /// What is written of it.
    pub(crate) fn judged(&self, trials: &Trials<'_>) -> Result<Judged, Error> {
        let Some(cross) = &self.cross else {
            return Ok(Judged {
                way: self.way,
                recipe: None,
                epoch: None,
                scores: None,
                diverged: 0,
                curve: Vec::new(),
            });
        };
        let scores = if cross.n_diverged() == 0 {
            Some(scores(cross, trials.frame, trials)?)
        } else {
            None
        };
        Ok(Judged {
            way: self.way,
            recipe: Some(cross.recipe.clone()),
            epoch: cross.epoch().filter(|epoch| *epoch > 0.0),
            scores,
            diverged: cross.n_diverged(),
            curve: cross.curve(),
        })
    }
}

fn scores(cross: &CrossFit, frame: &Frame, trials: &Trials<'_>) -> Result<Scores, Error> {
    let (rows, predictions) = held_out(frame, &[(trials.folds, cross)])?;
    let rows = frame.select(&rows);
    let target = rows.target.as_ref();
    let target = target.ok_or_else(|| Error::step("judge predictions", "the target is gone"))?;
    Ok(Scores::new(&predictions, target)?)
}

/// How many times the loss of one is that of the other.
pub(crate) fn gain(trials: &Trials<'_>, of: &Contender, over: &Contender) -> Result<Gain, Error> {
    let mut gain = Gain {
        of: of.way,
        over: over.way,
        ratio: None,
        low: None,
        high: None,
        verdict: Verdict::Inconclusive { more_seeds: None },
        p: None,
        stands: false,
    };
    if of.n_diverged() + over.n_diverged() > 0 {
        return Ok(gain);
    }
    let (ofs, overs) = (of.by_fold(trials)?, over.by_fold(trials)?);
    let constant = trials.constant_loss()?;
    let least = NOTHING * constant;
    let logarithms: Vec<f64> = ofs
        .iter()
        .zip(&overs)
        .map(|(of, over)| ((of + least) / (over + least)).ln())
        .collect();
    let held_out = 1.0 / trials.n_folds().max(2) as f64;
    let Some(effect) = TableEffect::of_folds(&logarithms, held_out)? else {
        return Ok(gain);
    };
    let hypothesis = Hypothesis::new(Direction::Greater, 0.0)?;
    let answer = effect.answer(&hypothesis, Scale::Ratio);
    let interval = effect.interval(1.0 - LEVEL, Scale::Ratio);
    gain.ratio = interval.estimate;
    gain.low = (interval.low > 0.0).then_some(interval.low);
    gain.high = interval.high.is_finite().then_some(interval.high);
    gain.verdict = answer.at_level(LEVEL);
    gain.p = (!matches!(gain.verdict, Verdict::Inconclusive { .. })).then_some(answer.p);
    Ok(gain)
}

/// Marks which comparisons stand when all of them are considered together.
pub(crate) fn correct(gains: &mut [Gain]) {
    let p_values: Vec<Option<f64>> = gains.iter().map(|gain| gain.p).collect();
    for (gain, p) in gains.iter_mut().zip(holm(&p_values)) {
        gain.stands = p.is_some_and(|p| p <= LEVEL);
    }
}

/// Whether a network is better than a line by more than one standard error of the difference over the rows; and at all.
pub(crate) fn is_worth_it(network: &CrossFit, line: &CrossFit) -> bool {
    let by_row = |fit: &CrossFit| {
        let mut losses: Vec<(usize, f64)> = fit.row_losses().collect();
        losses.sort_unstable_by_key(|(row, _)| *row);
        losses
    };
    if !network.loss().is_finite() {
        return false;
    }
    if !line.loss().is_finite() {
        return true;
    }
    let differences: Vec<f64> = by_row(line)
        .iter()
        .zip(by_row(network))
        .map(|((_, line), (_, network))| line - network)
        .collect();
    let n = differences.len().max(1) as f64;
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    mean > (squares / n / (n - 1.0).max(1.0)).sqrt()
}
