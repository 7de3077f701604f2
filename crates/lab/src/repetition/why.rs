//! Why: the curvature of the loss, the noise of its gradient, and the samples that an update takes.

use smallbatch_data::BatchSize;
use smallbatch_sweep::{Probe, Purpose};

use super::{Effects, Goal, Repetition, have_trained};
use crate::Error;
use crate::design::{Part, Way};

impl Repetition<'_> {
    /// The largest curvature where training begins, with the same seeds of weights as the final runs.
    pub(super) fn largest_curvature(&self, part: &Part) -> Result<Effects, Error> {
        // Nothing is trained, so that there is an effect on every table.
        let mut effects = Effects {
            has_trained: [true; 2],
            ..Effects::default()
        };
        for seed in 0..self.effort.pairs {
            let curvature = |side: &[String]| {
                let job = self.job(self.design.way(&side[0]), 0, 0, Purpose::Final, seed);
                self.runner.probe(&job, Probe::LargestCurvature { at: 0 })
            };
            effects.add(curvature(&part.first)?, curvature(&part.second)?);
        }
        Ok(effects)
    }

    /// The largest curvature at the best epoch: of the networks whose test losses are compared. (At the end of a long training
    /// cross-entropy goes to 0, and its curvature with it: the longer the training, the flatter.)
    pub(super) fn sharpness(&self, part: &Part) -> Result<Effects, Error> {
        let goal = Goal::BestEpoch;
        let sides = self.sides(part, goal)?;
        let runs = [self.finals(sides[0], goal)?, self.finals(sides[1], goal)?];
        let jobs = [
            self.final_jobs(sides[0], goal)?,
            self.final_jobs(sides[1], goal)?,
        ];
        let mut effects = Effects {
            is_fragile: self.is_fragile(sides[0], goal)? || self.is_fragile(sides[1], goal)?,
            has_trained: [have_trained(&runs[0]), have_trained(&runs[1])],
            ..Effects::default()
        };
        for pair in 0..self.effort.pairs {
            let sharpness = |side: usize| match runs[side][pair].best() {
                Some(best) => {
                    let at = best.updates;
                    let probe = Probe::LargestCurvature { at };
                    self.runner.probe(&jobs[side][pair], probe)
                }
                None => Ok(None),
            };
            effects.add(sharpness(0)?, sharpness(1)?);
        }
        Ok(effects)
    }

    /// The noise scale after half of a short training, in batches.
    pub(super) fn noise_scale(&self, part: &Part) -> Result<Effects, Error> {
        let goal = Goal::TrainingLoss;
        let way = self.design.way(&part.first[0]);
        let batch = self.samples_of_a_batch(self.design.way(&part.second[0]));
        let runs = self.finals(way, goal)?;
        let mut effects = Effects {
            is_fragile: self.is_fragile(way, goal)?,
            has_trained: [have_trained(&runs); 2],
            ..Effects::default()
        };
        let at = (self.short() / 2).max(1);
        for job in self.final_jobs(way, goal)? {
            let noise = self.runner.probe(&job, Probe::NoiseScale { at })?;
            effects.add(noise, Some(batch));
        }
        Ok(effects)
    }

    fn samples_of_a_batch(&self, way: &Way) -> f64 {
        let n_training = self.n_training().max(1);
        match way.batch {
            BatchSize::Mini(size) => size.min(n_training) as f64,
            BatchSize::Full => n_training as f64,
        }
    }

    /// Samples in an update, the short last batch of an epoch included, in parts of the training part: of a ratio that is all.
    pub(super) fn samples_per_update(&self, way: &Way, goal: Goal) -> Result<f64, Error> {
        let (length, step) = (
            self.length_of(way, goal)?,
            self.search(way, goal)?.choice.step,
        );
        let job = self.job(way, length, step, Purpose::Tuning, 0);
        Ok(1.0 / self.runner.run(&job)?.updates_per_epoch)
    }
}

impl Effects {
    /// Adds a pair of measured numbers. Where one is missing nothing is known of the pair: it counts as cut, without a difference.
    fn add(&mut self, first: Option<f64>, second: Option<f64>) {
        let ratio = match (first, second) {
            (Some(first), Some(second)) if first > 0.0 && second > 0.0 => {
                Some((first / second).ln()).filter(|ratio| ratio.is_finite())
            }
            _ => None,
        };
        self.n_censored += usize::from(ratio.is_none());
        self.pairs.push(ratio.unwrap_or(0.0));
    }
}

#[cfg(test)]
mod tests {
    use smallbatch_report::results::Effect;

    use super::*;
    use crate::{RunOutcome, RunPlan, Size, run};

    const DESIGN: &str = r#"
name = "why"
tables = ["yacht", "wine"]
[rule]
hidden = [6]
updates = 40
epochs = 2
long = 2
targets = [0.5]
horizon = 100
[sizes.quick]
repetitions = 4
tuning_seeds = 2
pairs = 2
[sizes.default]
repetitions = 4
tuning_seeds = 2
pairs = 2
[sizes.thorough]
repetitions = 4
tuning_seeds = 2
pairs = 2
[[ways]]
name = "raw"
scaling = "raw"
[[ways]]
name = "standardized"
[[ways]]
name = "full batch"
batch = "full"
[[claims]]
id = "why"
title = "Why"
question = "Why?"
[claims.primary]
text = "Raw inputs make the loss more curved."
words = "{effect} times."
exceeds = 2
parts = [{ measure = "largest-curvature", first = ["raw"], second = ["standardized"] }]
[[claims.secondary]]
text = "The full batch ends in sharper minima."
words = "{effect} times."
exceeds = 2
parts = [{ measure = "sharpness", first = ["full batch"], second = ["standardized"] }]
[[claims.secondary]]
text = "Batches of 32 are small."
words = "{effect} times 32."
exceeds = 1
parts = [{ measure = "noise-scale", first = ["standardized"], second = ["standardized"] }]
[[claims.secondary]]
text = "The full batch is smaller than the noise."
words = "{effect} times the training part."
exceeds = 1
parts = [{ measure = "noise-scale", first = ["standardized"], second = ["full batch"] }]
[[claims.secondary]]
text = "The full batch needs more samples."
words = "{effect} times."
exceeds = 2
parts = [{ measure = "samples-to-target", first = ["full batch"], second = ["standardized"] }]
[[claims.secondary]]
text = "The full batch needs fewer updates."
words = "{effect} times."
exceeds = 2
parts = [{ measure = "updates-to-target", first = ["full batch"], second = ["standardized"] }]
"#;

    fn made(plan: &RunPlan) -> RunOutcome {
        let outcome = run(plan, &mut ()).unwrap();
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        outcome
    }

    /// The pairs of all repetitions on one table, of the effect whose unit begins and ends so.
    fn pairs(effects: &[Effect], table: &str, [begin, end]: [&str; 2]) -> Vec<f64> {
        let is_it = |effect: &&Effect| {
            effect.table == table && effect.unit.starts_with(begin) && effect.unit.ends_with(end)
        };
        let found = effects.iter().filter(is_it);
        found.flat_map(|effect| effect.pairs.clone()).collect()
    }

    #[test]
    fn why_is_measured_in_finite_numbers_and_is_the_same_when_made_again_from_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("why.toml");
        std::fs::write(&file, DESIGN).unwrap();
        let plan = RunPlan {
            size: Size::Quick,
            file: Some(file),
            cache: Some(folder.path().join("cache")),
            threads: 2,
            ..RunPlan::default()
        };
        let first = made(&plan);
        let again = made(&plan);
        assert_eq!((again.n_made, again.n_reused), (0, first.n_made));
        assert_eq!(again.results.effects, first.results.effects);
        assert_eq!(again.results.answers, first.results.answers);

        let results = first.results;
        assert_eq!(results.answers.len(), 6);
        for answer in &results.answers {
            let is_known = answer
                .estimate
                .is_some_and(|value| value > 0.0 && value.is_finite());
            assert!(is_known && answer.n_censored == 0, "{answer:?}");
            // Two tables say nothing of others.
            assert_eq!((answer.low, answer.high), (0.0, f64::INFINITY));
        }
        // Wine has a feature in the hundreds: curvature grows with its square.
        let raw = pairs(
            &results.effects,
            "wine",
            ["largest curvature", "raw / standardized"],
        );
        assert_eq!(raw.len(), 8);
        assert!(raw.iter().all(|log| *log > 30f64.ln()), "{raw:?}");
        // 185 of 308 yachts and 107 of 178 wines, nearly: 6 and 4 batches of 32.
        for (table, per_epoch) in [("yacht", 6.0f64), ("wine", 4.0)] {
            let ratios = ["samples", "updates"].map(|begin| {
                pairs(
                    &results.effects,
                    table,
                    [begin, "full batch / standardized"],
                )
            });
            for (samples, updates) in ratios[0].iter().zip(&ratios[1]) {
                assert!(
                    (samples - updates - per_epoch.ln()).abs() < 1e-9,
                    "{samples} {updates}"
                );
            }
            let noise = ["standardized", "full batch"]
                .map(|end| pairs(&results.effects, table, ["noise scale", end]));
            for (of_32, of_all) in noise[0].iter().zip(&noise[1]) {
                let batches = (of_32 - of_all).exp();
                assert!(
                    batches > per_epoch - 1.0 && batches < per_epoch,
                    "{batches}"
                );
            }
        }
    }

    #[test]
    fn what_could_not_be_measured_makes_no_difference_and_is_said() {
        let mut effects = Effects::default();
        effects.add(Some(6.0), Some(3.0));
        for (first, second) in [
            (None, Some(1.0)),
            (Some(1.0), None),
            (Some(0.0), Some(1.0)),
            (Some(-1.0), Some(-1.0)),
            (Some(f64::INFINITY), Some(1.0)),
        ] {
            effects.add(first, second);
        }
        assert_eq!(effects.pairs, [2f64.ln(), 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!((effects.n_censored, effects.n_censored_second), (5, 0));
    }

    #[test]
    fn a_measure_without_tuning_takes_one_way_a_side() {
        let two = DESIGN.replace(
            r#""largest-curvature", first = ["raw"]"#,
            r#""largest-curvature", first = ["raw", "full batch"]"#,
        );
        let error = crate::design::Design::parse(&two, "why.toml").unwrap_err();
        let expected = "takes one way in `first` and one in `second`";
        assert!(error.to_string().contains(expected), "{error}");
    }
}
