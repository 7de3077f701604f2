//! Ways compared on rows that their trainings did not see.

use smallbatch_data::Frame;
use smallbatch_evidence::{Direction, FoldRatio, Hypothesis, Scale, TableEffect, Verdict, holm};
use smallbatch_pipeline::{CrossFit, Scores, held_out};

use crate::Error;
use crate::advice::{Gain, Judged, Way};
use crate::search::Trials;

/// A family of comparisons is wrong with this probability at most.
const LEVEL: f64 = 0.05;
/// A loss of less than this share of the constant's explains most.
const MOSTLY_EXPLAINED: f64 = 0.5;
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
    // A loss that is nothing beside the constant's counts as a little: a ratio to nothing means nothing.
    let least = NOTHING * trials.constant_loss()?;
    let losses = |contender: &Contender| -> Result<Vec<f64>, Error> {
        let losses = contender.by_fold(trials)?;
        Ok(losses.into_iter().map(|loss| loss + least).collect())
    };
    let held_out = 1.0 / trials.n_folds().max(2) as f64;
    let Some(ratio) = FoldRatio::of(&losses(of)?, &losses(over)?, held_out)? else {
        return Ok(gain);
    };
    let answer = ratio.answer(&Hypothesis::new(Direction::Greater, 0.0)?);
    let interval = ratio.interval(1.0 - LEVEL);
    gain.ratio = Some(ratio.estimate());
    gain.low = Some(interval.low).filter(|low| *low > 0.0);
    gain.high = Some(interval.high).filter(|high| high.is_finite());
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

/// How much lower one loss is than another, over the units of rows: rows with equal features or of one group are no evidence of their
/// own. Positive differences say that the one is better.
fn by_unit(trials: &Trials<'_>, better: &[(usize, f64)], worse: &[(usize, f64)]) -> Vec<f64> {
    let unit_of = trials.folds.unit_of();
    let n_units = unit_of.iter().max().map_or(0, |most| most + 1);
    let mut differences = vec![0.0; n_units];
    let mut seen = vec![false; n_units];
    for (sign, losses) in [(-1.0, better), (1.0, worse)] {
        for &(row, loss) in losses {
            differences[unit_of[row]] += sign * loss;
            seen[unit_of[row]] = true;
        }
    }
    let seen = seen.into_iter().zip(differences);
    seen.filter_map(|(seen, difference)| seen.then_some(difference))
        .collect()
}

/// What a network and a line are beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Whether the network is better by more than one standard error of the difference.
    pub(crate) is_network: bool,
    /// Whether the two are so near that other folds might say otherwise.
    pub(crate) is_close: bool,
}

/// Differences in standard errors with which another seed may choose otherwise. On two tables where the choice changes with the seed, eight
/// seeds each gave differences from -1.0 to 2.8.
const CLOSE: std::ops::RangeInclusive<f64> = -1.0..=3.0;

/// Chooses between a network and a line.
pub(crate) fn choose(trials: &Trials<'_>, network: &CrossFit, line: &CrossFit) -> Choice {
    let sure = |is_network| Choice {
        is_network,
        is_close: false,
    };
    if !network.loss().is_finite() {
        return sure(false);
    }
    if !line.loss().is_finite() {
        return sure(true);
    }
    let losses = |fit: &CrossFit| fit.row_losses().collect::<Vec<_>>();
    let differences = by_unit(trials, &losses(network), &losses(line));
    match TableEffect::of(&differences) {
        Ok(Some(effect)) => Choice {
            is_network: effect.mean > effect.standard_error,
            is_close: CLOSE.contains(&(effect.mean / effect.standard_error)),
        },
        _ => sure(network.loss() < line.loss()),
    }
}

/// Whether a way is surely better than what is said without looking at features, and explains some of what that leaves open: with an
/// outlier in the target, a way may surely be better by next to nothing.
pub(crate) fn tells_something(trials: &Trials<'_>, cross: &CrossFit) -> Result<bool, Error> {
    let explains = |scores: Scores| scores.relative_loss() < 1.0;
    if !cross.loss().is_finite() || !explains(scores(cross, trials.frame, trials)?) {
        return Ok(false);
    }
    let mut constant = Vec::new();
    for fold in 0..trials.n_folds() {
        let rows = trials.folds.rows(fold).1;
        constant.extend(rows.into_iter().zip(trials.fold(fold)?.constant_losses()));
    }
    let losses: Vec<(usize, f64)> = cross.row_losses().collect();
    let differences = by_unit(trials, &losses, &constant);
    let hypothesis = Hypothesis::new(Direction::Greater, 0.0)?;
    let by_mean = TableEffect::of(&differences)?.is_some_and(|effect| {
        effect
            .answer(&hypothesis, Scale::Difference)
            .at_level(LEVEL)
            == Verdict::Supported
    });
    Ok(by_mean || by_sign(&differences, cross.loss() / trials.constant_loss()?))
}

/// Whether nearly all is explained, and for so many units that it is no chance: of losses whose sum a few units dominate, the mean tells
/// nothing. The sign test, at three deviations.
fn by_sign(differences: &[f64], relative_loss: f64) -> bool {
    let n = differences.len() as f64;
    let better = differences.iter().filter(|d| **d > 0.0).count() as f64;
    relative_loss < MOSTLY_EXPLAINED && better > 0.5 * n + 3.0 * (0.25 * n).sqrt()
}

#[cfg(test)]
mod tests {
    use smallbatch_data::{BatchSize, Folds, Table, TableReader};
    use smallbatch_pipeline::{Line, NetworkRecipe, Rates, Recipe, RecipeOptimizer};
    use smallbatch_sweep::{Pool, Stages};

    use super::*;

    /// A wave, which no straight line is.
    fn frame() -> Frame {
        let rows = (0..60).map(|at| {
            let x = f64::from(at * 7 % 60) / 60.0;
            format!("{x:.4},{:.4}\n", (6.0 * x).sin())
        });
        let text = format!("x,y\n{}", rows.collect::<String>());
        let table = Table::read(text.as_bytes()).unwrap();
        let schema = TableReader::new().schema(&table).unwrap();
        schema.labelled_frame(&table).unwrap().frame
    }

    fn good() -> NetworkRecipe {
        NetworkRecipe {
            hidden: vec![16],
            learning_rate: 0.03,
            epochs: 100,
            batch_size: BatchSize::Mini(8),
            weight_decay: 0.0,
            ..NetworkRecipe::default()
        }
    }

    /// A setting that failed in one of five folds is worth nothing, however good it was in the others.
    #[test]
    fn what_failed_in_one_fold_is_not_chosen() {
        let frame = frame();
        let folds = Folds::new(&frame, 5, 0).unwrap();
        let trials = Trials::new(&frame, &folds, Pool::new(1), 0);
        let failing = Recipe::Network(NetworkRecipe {
            optimizer: RecipeOptimizer::Sgd,
            rates: Rates::Constant,
            learning_rate: 1e6,
            clip_norm: None,
            ..good()
        });
        let (good, line) = (
            Recipe::Network(good()),
            Recipe::Line(Line {
                penalty: 1e-3,
                ..Line::default()
            }),
        );
        let courses = |recipe: &Recipe, folds: Vec<usize>| {
            let (mut nobody, wanted) = ((), [(recipe.clone(), folds)]);
            let mut stages = Stages::new(&mut nobody, 1.0);
            let mut courses = trials.courses(&wanted, &mut stages, "").unwrap();
            courses.remove(0)
        };
        let sound = courses(&good, vec![0, 1, 2, 3, 4]);
        let mut broken = sound.clone();
        broken[2] = courses(&failing, vec![2]).remove(0);
        let line = trials.cross(&line, courses(&line, vec![0, 1, 2, 3, 4]));
        let (sound, broken) = (trials.cross(&good, sound), trials.cross(&good, broken));
        let sure = |is_network| Choice {
            is_network,
            is_close: false,
        };
        assert_eq!(choose(&trials, &sound, &line), sure(true));
        assert!(tells_something(&trials, &sound).unwrap());
        assert_eq!((sound.n_diverged(), broken.n_diverged()), (0, 1));
        assert_eq!(choose(&trials, &broken, &line), sure(false));
        assert!(!tells_something(&trials, &broken).unwrap());
        // Nor is it compared with anything.
        let [sound, broken] = [sound, broken].map(|cross| Contender::new(Way::Found, cross));
        let gain = gain(&trials, &broken, &sound).unwrap();
        assert_eq!((gain.ratio, gain.stands), (None, false));
        assert_eq!(broken.judged(&trials).unwrap().scores, None);
    }

    /// The same trainings with losses of which the difference is known.
    #[test]
    fn what_is_near_the_bound_is_close() {
        let frame = frame();
        let folds = Folds::new(&frame, 5, 0).unwrap();
        let trials = Trials::new(&frame, &folds, Pool::new(1), 0);
        let recipe = Recipe::Line(Line {
            penalty: 1e-3,
            ..Line::default()
        });
        let (mut nobody, wanted) = ((), [(recipe.clone(), vec![0, 1, 2, 3, 4])]);
        let mut stages = Stages::new(&mut nobody, 1.0);
        let courses = trials.courses(&wanted, &mut stages, "").unwrap().remove(0);
        let with = |loss: &dyn Fn(usize) -> f64| {
            let mut courses = courses.clone();
            let losses = courses.iter_mut().flat_map(|c| &mut c.looks[0].losses);
            losses.enumerate().for_each(|(at, own)| *own = loss(at));
            trials.cross(&recipe, courses)
        };
        let line = with(&|_| 2.0);
        for (errors, is_network, is_close) in [
            (-2.0, false, false),
            (-0.9, false, true),
            (0.9, false, true),
            (1.1, true, true),
            (2.9, true, true),
            (4.0, true, false),
        ] {
            // Sixty losses that are 1 or 3 have a mean with a standard error of 1/√59.
            let network = with(&|at| [1.0, 3.0][at % 2] - errors / 59_f64.sqrt());
            let choice = Choice {
                is_network,
                is_close,
            };
            assert_eq!(choose(&trials, &network, &line), choice, "{errors}");
        }
    }
}
