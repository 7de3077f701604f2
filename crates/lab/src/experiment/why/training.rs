//! Training to a target with several batch sizes: the samples it takes, the noise on the way, the curvature on arrival.

use smallbatch_data::{BatchSize, Dataset, Target};
use smallbatch_mlp::{Batch, Mlp, MlpSpec, PowerIteration, Targets};
use smallbatch_preprocess::StandardScaler;
use smallbatch_train::{Budget, EvaluateEvery, Evaluation, Outcome, Silent, Trainer};

use super::super::definition::Case;
use super::super::prepared::Prepared;
use super::super::progress::Ledger;
use super::super::runs::points;
use super::super::sources::step;
use super::super::trajectory::Trajectory;
use super::super::tuning::{nearest_step, rate};
use super::arm;
use super::rows::{
    cost_point, curve, noise_points, noise_sentence, sharpness_row, sharpness_sentence,
};
use crate::Error;
use crate::results::{Why, WhyFinding, WhySubject};
use crate::statistics::median;

/// The mini-batches that are tried, beside the full batch.
const BATCHES: [usize; 4] = [4, 16, 64, 256];
/// The batch size along whose training the noise is measured.
pub(super) const NOISE_BATCH: usize = 16;
/// Between two evaluations, the updates grow by this.
const RATIO: f64 = 1.15;
/// Passes over the training part after which a run counts as "at least".
const MOST_EPOCHS: u64 = 4_000;
/// A rate that takes so many times the samples of the best so far is cut short in tuning.
const HOPELESS: f64 = 1.5;
/// The moments at which the noise is measured, as evaluations: every so many of them.
const NOISE_EVERY: usize = 2;
/// Single precision gives no more digits of an eigenvalue than this asks for.
const POWER: PowerIteration = PowerIteration {
    tolerance: 1e-4,
    max_products: 300,
    seed: 0,
};

pub(super) fn method() -> String {
    format!(
        "Then standardized inputs, plain descent with a constant rate, and batches of {BATCHES:?} and all samples: each trains \
         until its training loss is the target times that of the best constant prediction, with the rate, of four a decade, \
         that needs the fewest samples on two other seeds. The noise scale is exact, over the training part, along training with \
         batches of {NOISE_BATCH}. The cost curve is fitted to the medians; its intervals come from seeds drawn again. Sharpness is \
         the largest eigenvalue of the training loss's Hessian where each run arrives, so at nearly equal loss."
    )
}

/// One run to the target.
struct Arrival {
    /// Samples until the target; infinite when it was not reached.
    samples: f64,
    /// (updates, epoch, loss, noise scale) along the way, where it was asked for.
    noise: Vec<(u64, f64, f64, f64)>,
    /// The loss and the largest eigenvalue at the end, where it arrived and that was asked for.
    solution: Option<(f64, f64)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Watch {
    Nothing,
    Solution,
    NoiseAndSolution,
}

/// One training.
struct Run {
    batch: usize,
    rate: f64,
    seed: u64,
    budget: Budget,
    watch: Watch,
}

/// What all runs on one data set share.
struct Task<'a> {
    name: &'a str,
    network: MlpSpec,
    target: f64,
}

impl Task<'_> {
    /// `None` when it was interrupted.
    fn train(
        &self,
        data: &Dataset<f32>,
        Run {
            batch,
            rate,
            seed,
            budget,
            watch,
        }: Run,
        ledger: &Ledger<'_>,
    ) -> Result<Option<Arrival>, Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            let name = self.name;
            step(
                format!("train on {name} with batch {batch}, rate {rate}, seed {seed}"),
                error,
            )
        };
        let size = if batch < data.n_samples() {
            BatchSize::Mini(batch)
        } else {
            BatchSize::Full
        };
        let trainer = Trainer::new(self.network.clone())
            .learning_rate(rate)
            .optimizer(smallbatch_mlp::OptimizerSpec::sgd())
            .batch_size(size)
            .budget(Budget::until_training_loss(self.target, budget))
            .evaluation(
                Evaluation::every(EvaluateEvery::Geometric { ratio: RATIO }).all_training_samples(),
            )
            .seed(seed)
            .threads(1);
        let mut session = trainer
            .start(data, None)
            .map_err(|error| failed(error.into()))?;
        let mut noise = Vec::new();
        let reached = |records: &[_]| {
            let trajectory = Trajectory {
                points: points(records, &[]),
                diverged: false,
                test: None,
                other_tests: Vec::new(),
            };
            trajectory
                .reached(self.target)
                .map_or(f64::INFINITY, |moment| moment.samples)
        };
        loop {
            // An evaluation is an instant away in the beginning, and a part of the run later.
            if ledger.interrupted() {
                return Ok(None);
            }
            let step: Result<Option<Outcome>, _> = session.advance(&mut Silent);
            let outcome = match step {
                Ok(outcome) => outcome,
                Err(smallbatch_train::Error::Diverged(_)) => {
                    return Ok(Some(Arrival {
                        samples: f64::INFINITY,
                        noise,
                        solution: None,
                    }));
                }
                Err(error) => return Err(failed(error.into())),
            };
            let records = session.history().records();
            if watch == Watch::NoiseAndSolution
                && records.len() % NOISE_EVERY == 0
                && let Some(record) = records.last()
            {
                let scale = with_batch(data, |batch| session.model().gradient_noise(batch))
                    .map_err(failed)?
                    .simple_noise_scale();
                noise.push((record.update, record.epoch, record.training_loss, scale));
            }
            if outcome.is_some() {
                let samples = reached(records);
                let loss = records
                    .last()
                    .map_or(f64::NAN, |record| record.training_loss);
                let solution = if watch != Watch::Nothing && samples.is_finite() {
                    Some((loss, sharpness(session.model(), data).map_err(failed)?))
                } else {
                    None
                };
                return Ok(Some(Arrival {
                    samples,
                    noise,
                    solution,
                }));
            }
        }
    }

    /// The rate with the fewest samples to the target, over the tuning parts: a walk on the grid from `guess` to where both
    /// neighbours are worse. After an interruption, wherever it was.
    fn tune(
        &self,
        parts: &[(u64, Dataset<f32>)],
        batch: usize,
        guess: i32,
        ledger: &Ledger<'_>,
    ) -> Result<i32, Error> {
        let mut best = f64::INFINITY;
        let mut tried = std::collections::BTreeMap::new();
        let mut cost = |grid: i32, best: f64| -> Result<f64, Error> {
            if let Some(known) = tried.get(&grid) {
                return Ok(*known);
            }
            let mut sum = 0.0;
            for (seed, data) in parts {
                let updates_an_epoch = data.n_samples().div_ceil(batch) as f64;
                let most = (MOST_EPOCHS as f64).min(HOPELESS * best / data.n_samples() as f64);
                let cap = Budget::Updates((most * updates_an_epoch).ceil().max(1.0) as u64);
                let run = Run {
                    batch,
                    rate: rate(grid),
                    seed: *seed,
                    budget: cap,
                    watch: Watch::Nothing,
                };
                let arrival = self.train(data, run, ledger)?;
                sum += arrival.map_or(f64::INFINITY, |arrival| arrival.samples);
                if sum.is_infinite() {
                    break;
                }
            }
            let mean = sum / parts.len() as f64;
            tried.insert(grid, mean);
            Ok(mean)
        };
        let mut at = guess;
        // Downwards first until a rate arrives at all: too large ones diverge, and are cheap.
        for grid in (guess - 12..=guess).rev() {
            best = cost(grid, best)?;
            if best.is_finite() {
                at = grid;
                break;
            }
        }
        for direction in [1, -1] {
            // One worse rate may be chance; two are the other side of the valley.
            let (mut ahead, mut worse) = (at + direction, 0);
            while worse < 2 && (ahead - guess).abs() <= 16 {
                let found = cost(ahead, best)?;
                if found < best {
                    (at, best, worse) = (ahead, found, 0);
                } else {
                    worse += 1;
                }
                ahead += direction;
            }
        }
        Ok(at)
    }
}

/// Measures on one data set.
pub(super) fn measure(
    case: &Case,
    target: f64,
    (seeds, tuning): (&[u64], &[u64]),
    ledger: &mut Ledger<'_>,
    share: f64,
    why: &mut Why,
) -> Result<(), Error> {
    let arm = arm("standardized", StandardScaler::new().into());
    let prepare = |seeds: &[u64]| -> Result<Vec<(u64, Prepared)>, Error> {
        seeds
            .iter()
            .map(|&seed| Ok((seed, Prepared::new(case, &arm, &[], seed)?)))
            .collect()
    };
    let (parts, tuning) = (prepare(seeds)?, prepare(tuning)?);
    let Some((_, first)) = tuning.first() else {
        return Ok(());
    };
    let task = Task {
        name: &case.source.name,
        network: case.network(),
        target: target * first.naive_loss(),
    };
    let full = first.training.n_samples();
    let tuning: Vec<(u64, Dataset<f32>)> = tuning
        .into_iter()
        .map(|(seed, prepared)| (seed, prepared.training))
        .collect();
    let mut batches: Vec<usize> = BATCHES.into_iter().filter(|batch| *batch < full).collect();
    batches.push(full);
    let (mut costs, mut points, mut along) = (Vec::new(), Vec::new(), Vec::new());
    let (mut solutions, mut guess) = (Vec::new(), nearest_step(0.1));
    for &batch in &batches {
        guess = task.tune(&tuning, batch, guess, ledger)?;
        let learning_rate = rate(guess);
        let (mut samples, mut ends) = (Vec::new(), Vec::new());
        for (seed, data) in &parts {
            let watch = if batch == NOISE_BATCH {
                Watch::NoiseAndSolution
            } else {
                Watch::Solution
            };
            let run = Run {
                batch,
                rate: learning_rate,
                seed: *seed,
                budget: Budget::Epochs(MOST_EPOCHS),
                watch,
            };
            let Some(arrival) = task.train(&data.training, run, ledger)? else {
                return Ok(());
            };
            samples.push(arrival.samples);
            ends.extend(arrival.solution);
            if watch == Watch::NoiseAndSolution {
                along.push(arrival.noise);
            }
            ledger.add(share / batches.len() as f64);
        }
        points.push(cost_point(batch, learning_rate, &samples));
        costs.push(samples);
        solutions.push(sharpness_row(task.name, batch, learning_rate, &ends));
    }
    let noise = noise_points(task.name, &along);
    let scales: Vec<f64> = along.iter().flatten().map(|moment| moment.3).collect();
    why.cost.push(curve(
        task.name,
        task.target,
        &batches,
        &costs,
        points,
        median(&scales),
    ));
    let findings = [
        noise_sentence(&noise).map(|sentence| (WhySubject::Noise, sentence)),
        why.cost
            .last()
            .map(|curve| (WhySubject::Cost, curve.sentence.clone())),
        sharpness_sentence(&solutions).map(|sentence| (WhySubject::Sharpness, sentence)),
    ];
    why.findings.extend(
        findings
            .into_iter()
            .flatten()
            .map(|(subject, sentence)| WhyFinding {
                dataset: task.name.into(),
                subject,
                sentence,
            }),
    );
    why.noise.extend(noise);
    why.sharpness.extend(solutions);
    Ok(())
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

fn with_batch<R>(
    data: &Dataset<f32>,
    measure: impl FnOnce(&Batch<'_, f32>) -> Result<R, smallbatch_mlp::Error>,
) -> Result<R, Boxed> {
    let targets = match data.target() {
        Target::Classes { labels, .. } => Targets::Labels(labels),
        Target::Values { values, .. } => Targets::Values(values.as_view()),
        _ => return Err("this kind of target is not known here".into()),
    };
    Ok(measure(&Batch::new(data.features().as_view(), targets))?)
}

fn sharpness(model: &Mlp<f32>, data: &Dataset<f32>) -> Result<f64, Boxed> {
    Ok(with_batch(data, |batch| model.largest_hessian_eigenvalue(batch, POWER))?.value)
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;
    use smallbatch_data::synthetic;

    use super::*;

    /// So many copies of one data set, one after the other.
    fn copies(data: &Dataset<f32>, k: usize) -> Dataset<f32> {
        let indices: Vec<usize> = (0..k).flat_map(|_| 0..data.n_samples()).collect();
        data.subset(&indices).unwrap()
    }

    fn task() -> (Dataset<f32>, Task<'static>) {
        let data = synthetic::textbook_two_inputs(64, 1).unwrap();
        let features: DMatrix<f32> = data.features().clone();
        let mut scaled = features;
        for mut row in scaled.row_iter_mut() {
            let (mean, deviation) = (row.mean(), row.variance().sqrt());
            row.apply(|value| *value = (*value - mean) / deviation);
        }
        let data = data.with_features(scaled).unwrap();
        let task = Task {
            name: "copies",
            network: MlpSpec::new([2, 8, data.n_outputs()]),
            target: 0.3,
        };
        (data, task)
    }

    #[test]
    fn copies_cost_the_full_batch_so_many_times_and_a_mini_batch_nothing() {
        const K: usize = 10;
        let (once, task) = task();
        let often = copies(&once, K);
        let cost = |data: &Dataset<f32>, batch, seed| {
            let run = Run {
                batch,
                rate: 0.3,
                seed,
                budget: Budget::Updates(20_000),
                watch: Watch::Nothing,
            };
            let arrival = task.train(data, run, &Ledger::new(&mut (), 1.0));
            arrival.unwrap().unwrap().samples
        };
        // The same trajectory, update for update; each update is K times the work.
        let (alone, together) = (
            cost(&once, once.n_samples(), 3),
            cost(&often, often.n_samples(), 3),
        );
        assert!(alone.is_finite());
        assert!(
            (together / alone / K as f64 - 1.0).abs() < 1e-3,
            "{alone} and {together}"
        );
        // A mini-batch does not notice, but for the order of its samples.
        let mini = |data| (0..5).map(|seed| cost(data, 8, seed)).sum::<f64>();
        let ratio = mini(&often) / mini(&once);
        assert!((0.7..1.4).contains(&ratio), "{ratio}");
    }

    #[test]
    fn a_moment_that_few_seeds_have_is_left_out() {
        let run = |updates: &[u64]| -> Vec<(u64, f64, f64, f64)> {
            updates
                .iter()
                .map(|&u| (u, u as f64 / 7.0, 1.0, 10.0 * u as f64))
                .collect()
        };
        let along = [run(&[1, 4, 9, 20]), run(&[1, 4, 6]), run(&[1, 4, 9, 17])];
        let found: Vec<u64> = noise_points("copies", &along)
            .iter()
            .map(|point| point.updates)
            .collect();
        assert_eq!(found, [1, 4, 9]);
    }

    #[test]
    fn the_sentence_says_where_the_prediction_fails() {
        let (_, task) = task();
        let batches = [4usize, 16, 64, 256];
        let of = |b_crit: f64| -> Vec<Vec<f64>> {
            batches
                .iter()
                .map(|b| vec![1e3 * (1.0 + *b as f64 / b_crit); 3])
                .collect()
        };
        let said = |b_crit, predicted| {
            curve(
                task.name,
                task.target,
                &batches,
                &of(b_crit),
                vec![],
                predicted,
            )
        };
        let good = said(50.0, Some(40.0));
        assert!(good.sentence.contains("agrees"), "{}", good.sentence);
        assert!((good.b_crit.unwrap() - 50.0).abs() < 1e-6);
        assert!((good.fitted(50.0).unwrap() - 2e3).abs() < 1e-3);
        assert!((good.predicted(40.0).unwrap() - 2e3).abs() < 1e-3);
        for (b_crit, word) in [(400.0, "too low"), (5.0, "too high")] {
            let bad = said(b_crit, Some(40.0));
            assert!(
                bad.sentence.contains(word) && bad.sentence.contains("fails"),
                "{}",
                bad.sentence
            );
        }
        let flat = curve(
            task.name,
            task.target,
            &batches,
            &vec![vec![1e3; 3]; 4],
            vec![],
            Some(40.0),
        );
        assert!(
            flat.b_crit.is_none() && flat.sentence.contains("fails"),
            "{}",
            flat.sentence
        );
    }
}
