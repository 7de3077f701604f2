//! The judgement on the reserved rows: what was found, the default, raw inputs and a constant, pair by pair.

use smallbatch_data::{Dataset, Target};
use smallbatch_evidence::median;
use smallbatch_mlp::MlpSpec;
use smallbatch_preprocess::AnyScaler;
use smallbatch_sweep::{Fitted, Size, Stages};

use super::compare::{Gain, Scores, correct, gain, mean_score};
use super::search::Found;
use super::training::{Way, cost_of_epoch, halves, network, spread};
use super::{
    Advice, AdvicePlan, Conclusion, DEFAULT_EPOCHS, FORMAT, Judged, Parts, Tried, default_way,
    words,
};
use crate::Error;

/// What a constant prediction is called in comparisons.
pub(super) const CONSTANT: &str = "constant";
pub(super) const FOUND: &str = "found";
pub(super) const DEFAULT: &str = "default";
pub(super) const RAW: &str = "raw";

/// The runs of the judgement, before they are made.
pub(super) struct Finals<'a> {
    plan: &'a AdvicePlan,
    parts: &'a Parts,
    spec: MlpSpec,
    /// The most epochs of what was found.
    longest: u64,
    n_training: usize,
}

/// One way with its scores.
struct Arm {
    name: &'static str,
    way: Way,
    scores: Scores,
    /// The epoch of each run that was taken.
    epochs: Vec<f64>,
    failed: usize,
}

/// What the runs gave.
pub(super) struct Judgement {
    arms: Vec<Arm>,
    constant: Scores,
}

impl<'a> Finals<'a> {
    pub(super) fn new(plan: &'a AdvicePlan, parts: &'a Parts, longest: u64) -> Self {
        Self {
            plan,
            parts,
            spec: network(&parts.development, &plan.hidden),
            // No shorter than what it is compared with.
            longest: longest.max(DEFAULT_EPOCHS),
            n_training: parts.development.n_samples() * 4 / 5,
        }
    }

    fn seeds(&self) -> Vec<u64> {
        let pairs = match self.plan.size {
            Size::Quick => 5,
            Size::Default => 10,
            Size::Thorough => 20,
        };
        (0..pairs)
            .map(|index| self.plan.base_seed.wrapping_add(index))
            .collect()
    }

    /// The work, in billions of operations.
    pub(super) fn estimate(&self) -> f64 {
        let default = default_way(self.n_training);
        let epochs = 2 * self.longest + default.epochs;
        let cost = cost_of_epoch(&self.spec, self.n_training, default.setting.batch_size);
        cost * (self.seeds().len() as u64 * epochs) as f64
    }

    /// Trains and judges. When interrupted, the pairs that are complete count, if they are two or more.
    pub(super) fn run(&self, found: &Found, stages: &mut Stages<'_>) -> Result<Judgement, Error> {
        let message = format!("{}: judging", self.parts.development.name());
        stages.begin(self.estimate());
        let searched = |setting| Way {
            setting,
            epochs: self.longest,
            early_stopping: true,
        };
        let mut ways = vec![
            (FOUND, searched(found.best)),
            (DEFAULT, default_way(self.n_training)),
        ];
        if found.best.scaler != AnyScaler::Identity {
            ways.push((RAW, searched(found.raw)));
        }
        let seeds = self.seeds();
        let tasks = seeds
            .iter()
            .flat_map(|seed| ways.iter().map(move |(_, way)| (*seed, *way)))
            .map(|(seed, way)| (way.cost(&self.spec, self.n_training), (seed, way)))
            .collect();
        let done = spread(
            tasks,
            self.plan.threads,
            stages,
            &message,
            |(seed, way), stop| {
                let (training, validation) = halves(&self.parts.development, seed)?;
                let fit = way.fit(&self.spec, seed);
                let run = fit.run(&training, Some(&validation), stop)?;
                let learned = run.loss <= constant_loss(&training, &validation);
                let scores = match &run.fitted {
                    Some(fitted) if learned => self.scores(fitted)?,
                    _ => None,
                };
                Ok((scores, run.epoch))
            },
        )?;
        let mut arms: Vec<Arm> = ways
            .into_iter()
            .map(|(name, way)| Arm {
                name,
                way,
                scores: Vec::new(),
                epochs: Vec::new(),
                failed: 0,
            })
            .collect();
        let mut constant = Scores::new();
        for (runs, seed) in done.chunks(arms.len()).zip(&seeds) {
            if runs.iter().any(Option::is_none) {
                continue;
            }
            let without = self.constant_scores(*seed)?;
            for (arm, run) in arms.iter_mut().zip(runs.iter().flatten()) {
                let (scores, epoch) = run;
                match scores {
                    Some(scores) => {
                        arm.epochs.push(*epoch);
                        arm.scores.push(scores.clone());
                    }
                    None => {
                        arm.failed += 1;
                        arm.scores.push(without.clone());
                    }
                }
            }
            constant.push(without);
        }
        if constant.len() < 2 {
            return Err(Error::Interrupted);
        }
        Ok(Judgement { arms, constant })
    }

    /// The score of each reserved row; `None` where a prediction is not finite.
    fn scores(&self, fitted: &Fitted) -> Result<Option<Vec<f64>>, smallbatch_sweep::Error> {
        let rows = &self.parts.reserved;
        let predictions = fitted.predict(rows)?;
        if predictions.iter().any(|value| !value.is_finite()) {
            return Ok(None);
        }
        Ok(Some(match rows.target() {
            Target::Classes { labels, .. } => predictions
                .column_iter()
                .zip(labels)
                .map(|(column, label)| f64::from(column.imax() == *label as usize))
                .collect(),
            _ => self.explained(predictions.iter().copied()),
        }))
    }

    /// 1 - (ŷ - y)²/variance for each reserved row.
    fn explained(&self, predictions: impl Iterator<Item = f64>) -> Vec<f64> {
        let values = self.parts.reserved.target().as_values();
        values
            .into_iter()
            .flatten()
            .zip(predictions)
            .map(|(value, prediction)| 1.0 - (prediction - value).powi(2) / self.parts.variance)
            .collect()
    }

    /// The scores of the constant prediction that the training part of this seed suggests.
    fn constant_scores(&self, seed: u64) -> Result<Vec<f64>, Error> {
        let (training, _) = halves(&self.parts.development, seed)?;
        Ok(match (training.target(), self.parts.reserved.target()) {
            (Target::Classes { .. }, Target::Classes { labels, .. }) => {
                let counts = training.target().class_counts().unwrap_or_default();
                let most = counts.iter().max().copied().unwrap_or_default();
                let majority = counts.iter().position(|count| *count == most);
                labels
                    .iter()
                    .map(|label| f64::from(Some(*label as usize) == majority))
                    .collect()
            }
            (Target::Values { values, .. }, _) => {
                let mean = values.mean();
                self.explained(std::iter::repeat(mean))
            }
            _ => Vec::new(),
        })
    }
}

/// The validation loss of the constant that the training rows suggest: the part of the validation rows' squared deviation from
/// the training mean in the training variance, or the cross-entropy of the classes' shares. (Of a class that has none, none.)
fn constant_loss(training: &Dataset<f64>, validation: &Dataset<f64>) -> f64 {
    match (training.target(), validation.target()) {
        (Target::Values { values, .. }, Target::Values { values: seen, .. }) => {
            let mean = values.mean();
            seen.map(|value| (value - mean).powi(2)).mean() / values.variance()
        }
        (Target::Classes { labels: all, .. }, Target::Classes { labels, .. }) => {
            let counts = training.target().class_counts().unwrap_or_default();
            let share = |label: &u32| counts[*label as usize] as f64 / all.len() as f64;
            labels.iter().map(|label| -share(label).ln()).sum::<f64>() / labels.len() as f64
        }
        _ => f64::INFINITY,
    }
}

impl Arm {
    fn judged(&self, parts: &Parts) -> Judged {
        let score = mean_score(&self.scores);
        let epochs = if self.way.early_stopping {
            median(&self.epochs).map_or(1, |epochs| epochs.round().max(1.0) as u64)
        } else {
            self.way.epochs
        };
        let numbers = parts.reserved.target().as_values().is_some();
        Judged {
            name: self.name.to_owned(),
            setting: self.way.setting,
            epochs,
            score,
            rmse: numbers.then(|| ((1.0 - score).max(0.0) * parts.variance).sqrt()),
            failed: self.failed,
        }
    }
}

impl Judgement {
    /// What follows from the scores.
    pub(super) fn advice(
        &self,
        parts: &Parts,
        plan: &AdvicePlan,
        tried: Vec<Tried>,
    ) -> Result<Advice, Error> {
        let counted = parts.reserved.target().labels().is_some();
        let arm = |name| {
            let arm = self.arms.iter().find(|arm| arm.name == name);
            arm.map(|arm| (arm.name, &arm.scores))
        };
        let constant = Some((CONSTANT, &self.constant));
        let mut gains: Vec<Gain> = Vec::new();
        for (of, over) in [
            (arm(FOUND), arm(DEFAULT)),
            (arm(FOUND), arm(RAW)),
            (arm(FOUND), constant),
            (arm(DEFAULT), constant),
        ] {
            if let (Some(of), Some(over)) = (of, over) {
                gains.push(gain(of, over, counted)?);
            }
        }
        correct(&mut gains);
        let surely_better = |of: &str, over: &str| {
            gains
                .iter()
                .any(|gain| gain.of == of && gain.over == over && gain.is_sure())
        };
        let default_works = surely_better(DEFAULT, CONSTANT);
        let conclusion = if !default_works && !surely_better(FOUND, CONSTANT) {
            Conclusion::CannotTell
        } else if surely_better(FOUND, DEFAULT) || !default_works {
            Conclusion::Found
        } else {
            Conclusion::Default
        };
        let judged: Vec<Judged> = self.arms.iter().map(|arm| arm.judged(parts)).collect();
        let advised = match conclusion {
            Conclusion::Found => &judged[0],
            _ => &judged[1],
        };
        let mut advice = Advice {
            format: FORMAT,
            program: concat!("smallbatch ", env!("CARGO_PKG_VERSION")).into(),
            data: parts.all.name().to_owned(),
            target: plan.target.clone(),
            task: parts.schema.task(),
            rows: parts.all.n_samples(),
            reserved_rows: parts.reserved.n_samples(),
            development_rows: parts.development.n_samples(),
            features: parts.all.n_features(),
            categories: parts
                .schema
                .categories()
                .map(|(name, count)| (name.to_owned(), count))
                .collect(),
            hidden: plan.hidden.clone(),
            base_seed: plan.base_seed,
            pairs: self.constant.len(),
            conclusion,
            headline: String::new(),
            advised: advised.setting,
            epochs: advised.epochs,
            constant_score: mean_score(&self.constant),
            judged,
            gains,
            tried,
        };
        advice.headline = words::headline(&advice);
        Ok(advice)
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;

    #[test]
    fn the_constant_is_what_the_training_rows_suggest() {
        let data = |target| Dataset::new(DMatrix::zeros(1, 4), target).unwrap();
        let numbers = |values: [f64; 4]| data(Target::numbers(values.to_vec()));
        // Mean 3 and variance 5; the validation rows are 1, 1, 3 and 5 away.
        let loss = constant_loss(
            &numbers([0.0, 2.0, 4.0, 6.0]),
            &numbers([2.0, 4.0, 0.0, 8.0]),
        );
        assert!((loss - 9.0 / 5.0).abs() < 1e-12, "{loss}");
        let classes = |labels: [u32; 4]| data(Target::classes(labels.to_vec()));
        let loss = constant_loss(&classes([0, 0, 0, 1]), &classes([0, 1, 1, 0]));
        let expected = -(0.75_f64.ln() + 0.25_f64.ln()) / 2.0;
        assert!((loss - expected).abs() < 1e-12, "{loss}");
    }
}
