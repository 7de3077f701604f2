//! The protocol of one experiment on one data set, in this order:
//!
//! 1. *Calibration*: how long an update of each arm takes on this machine, measured in turn.
//! 2. *Tuning*: for each arm and each budget, a learning rate by the validation loss at the budget's end, on seeds
//!    that nothing else uses.
//! 3. *The target*, where a claim is about the time to it: the median, over the tuning seeds and the reference arm at its
//!    chosen rate, of the training loss at 60 % of the budget. It is set before any final run is made, and the same for all
//!    arms and budgets.
//! 4. *Final runs*: every arm, every budget, every seed. Where there is a target and a run has not reached it within its
//!    budget, another one with the same seed goes on until it does, or until its patience ends: then its time is "at least"
//!    that. Such a race is long, so it takes the rate that was tuned for the arm's longest budget: one tuned for few updates
//!    would handicap the arm that makes few.
//! 5. *Timed runs* for the budget in seconds: alone on the machine, the arms in turn, A B C A B C, beginning with
//!    another arm for each seed. Very short ones are repeated, and the one of median speed counts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bench::{Bench, Request, samples_per_update, updates_per_epoch};
use super::cache::Cache;
use super::definition::{Axis, Case, Experiment, Optimizer};
use super::estimate::Stages;
use super::finals;
use super::plan::Plan;
use super::prepared::Prepared;
use super::progress::Ledger;
use super::race::Race;
use super::runs::{Extent, Length, Recording};
use super::trajectory::Trajectory;
use super::tuning::Search;
use crate::Error;
use crate::results::DatasetNote;
use crate::statistics::median;

/// The part of the reference arm's budget after which its loss becomes the target.
const TARGET_AT: f64 = 0.6;

/// Everything that was found for one experiment on one data set. After an interruption, some of it is missing.
pub(crate) struct Findings<'a> {
    /// The experiment.
    pub(crate) experiment: &'a Experiment,
    /// The case.
    pub(crate) case: &'a Case,
    /// The data in numbers and words.
    pub(crate) note: DatasetNote,
    /// The arms that can be run on these data: those whose batch is not larger than the training part.
    pub(crate) arms: Vec<usize>,
    /// The name of the metric on the test part.
    pub(crate) metric_name: &'static str,
    /// The training loss of the best constant prediction.
    pub(crate) naive_loss: f64,
    /// The error of the best constant prediction, 1 - metric.
    pub(crate) naive_error: f64,
    /// Samples of the test part.
    pub(crate) test_samples: usize,
    /// What each budget gives each arm.
    pub(crate) extents: BTreeMap<(Axis, usize), Extent>,
    /// For how many updates each learning rate was tuned.
    pub(crate) horizons: BTreeMap<(Axis, usize), u64>,
    /// The searches for learning rates.
    pub(crate) searches: BTreeMap<(Axis, usize), Search>,
    /// The fewest epochs that give nearly all, in the median over the tuning seeds, by arm.
    pub(crate) right_epochs: BTreeMap<usize, f64>,
    /// The loss to reach.
    pub(crate) target: Option<f64>,
    /// The final runs by budget, arm and seed.
    pub(crate) finals: BTreeMap<(Axis, usize, u64), Final>,
    /// What ended the work early, if something did. What is missing then is missing as after an interruption.
    pub(crate) failure: Option<Error>,
}

/// The run, or the two runs, of one arm with one seed under one budget.
#[derive(Clone, Debug)]
pub(crate) struct Final {
    /// The learning rate.
    pub(crate) learning_rate: f64,
    /// The run to the end of the budget.
    pub(crate) run: Arc<Trajectory>,
    /// The run until the target, where the budget was not enough for it, with its learning rate.
    pub(crate) race: Option<(f64, Arc<Trajectory>)>,
}

impl Findings<'_> {
    /// Whether the time to the target is looked for under this budget.
    pub(crate) fn aims_at_target(&self, axis: Axis) -> bool {
        axis != Axis::BestEpoch
            && !(axis == Axis::Updates && self.case.updates.is_some())
            && self.experiment.asks_for_time(self.case)
    }

    /// What is recorded of a tuning run. Where one budget needs the curve, another of the same length takes it too, so
    /// that they share their runs.
    fn tuning_record(&self, axis: Axis) -> Recording {
        let needs_curve = self.experiment.watches_validation();
        match axis {
            Axis::Updates | Axis::BestEpoch if needs_curve => Recording::Curve,
            _ => Recording::End,
        }
    }

    /// What is recorded of a final run.
    pub(super) fn final_record(&self) -> Recording {
        if self.experiment.watches_validation() {
            Recording::CurveWithTest
        } else {
            Recording::Curve
        }
    }

    pub(super) fn best_step(&self, axis: Axis, arm: usize) -> Option<i32> {
        self.searches.get(&(axis, arm))?.best()
    }

    /// The rate for a race: the one tuned for the arm's longest budget. Budgets in seconds count only for races in
    /// seconds: how long they are depends on the machine's mood, and no other result may.
    pub(super) fn race_step(&self, axis: Axis, arm: usize) -> Option<i32> {
        let axes = self.experiment.axes.iter().copied();
        let longest = axes
            .filter(|other| axis == Axis::Seconds || *other != Axis::Seconds)
            .max_by_key(|other| (self.horizons.get(&(*other, arm)).copied(), *other == axis))?;
        self.best_step(longest, arm)
    }
}

/// Runs one experiment on one data set. What fails once the data are prepared is in [`Findings::failure`], and nothing that
/// was found before is lost.
///
/// # Errors
/// [`Error::Step`] when the data cannot be prepared.
pub(crate) fn run<'a>(
    experiment: &'a Experiment,
    case: &'a Case,
    plan: &Plan,
    stages: &Stages,
    cache: Option<&Cache>,
    ledger: &mut Ledger<'_>,
) -> Result<Findings<'a>, Error> {
    ledger.stage(format!("{}: preparing", title(experiment, case)), 0.0);
    let reference = &experiment.arms[experiment.reference];
    let sample = Prepared::new(case, reference, &[], plan.base_seed)?;
    let n_training = sample.training.n_samples();
    let mut bench = Bench::new(experiment, case, plan.threads, n_training, cache);
    let mut findings = Findings {
        experiment,
        case,
        note: note(experiment, case, n_training),
        arms: (0..experiment.arms.len())
            .filter(|&arm| fits(experiment, arm, n_training))
            .collect(),
        metric_name: super::runs::metric_name(case.source.dataset.target()),
        naive_loss: sample.naive_loss(),
        naive_error: sample.naive_error(),
        test_samples: sample.test.n_samples(),
        extents: BTreeMap::new(),
        horizons: BTreeMap::new(),
        searches: BTreeMap::new(),
        right_epochs: BTreeMap::new(),
        target: None,
        finals: BTreeMap::new(),
        failure: None,
    };
    findings.failure = carry_out(&mut findings, &mut bench, plan, stages, ledger).err();
    Ok(findings)
}

/// Such as `normalization on wine`.
fn title(experiment: &Experiment, case: &Case) -> String {
    format!("{} on {}", experiment.name, case.source.name)
}

/// All that follows the preparation.
fn carry_out(
    findings: &mut Findings<'_>,
    bench: &mut Bench<'_>,
    plan: &Plan,
    stages: &Stages,
    ledger: &mut Ledger<'_>,
) -> Result<(), Error> {
    let (experiment, n_training) = (findings.experiment, findings.note.training_samples);
    let title = title(experiment, findings.case);
    let tuning_seeds = plan.tuning_seeds(findings.case.tuning_seeds);
    ledger.stage(format!("{title}: measuring the speed"), stages.calibration);
    let speeds = if experiment.axes.contains(&Axis::Seconds) {
        bench.seconds_per_update(&findings.arms, tuning_seeds[0], ledger)?
    } else {
        None
    };
    set_extents(findings, n_training, speeds.as_deref());

    ledger.stage(format!("{title}: tuning learning rates"), stages.tuning);
    tune(
        findings,
        bench,
        &tuning_seeds,
        speeds.as_deref(),
        plan.exhaustive,
        ledger,
    )?;
    if experiment
        .axes
        .iter()
        .any(|axis| findings.aims_at_target(*axis))
    {
        findings.target = target(findings, bench, &tuning_seeds, ledger)?;
    }

    ledger.stage(format!("{title}: final runs"), stages.finals);
    let seeds = plan.final_seeds_or(experiment.seeds);
    for axis in experiment
        .axes
        .iter()
        .copied()
        .filter(|axis| *axis != Axis::Seconds)
    {
        finals::untimed(findings, bench, axis, &seeds, ledger)?;
    }
    ledger.stage(format!("{title}: timed runs, one by one"), stages.timed);
    if experiment.axes.contains(&Axis::Seconds) {
        finals::timed(findings, bench, &seeds, ledger)?;
    }
    Ok(())
}

/// Whether the arm's batch is not larger than the training part.
fn fits(experiment: &Experiment, arm: usize, n_training: usize) -> bool {
    experiment.arms[arm]
        .batch_size
        .n_batches(n_training)
        .is_ok()
}

fn note(experiment: &Experiment, case: &Case, n_training: usize) -> DatasetNote {
    let dataset = &case.source.dataset;
    DatasetNote {
        experiment: experiment.name.clone(),
        dataset: case.source.name.clone(),
        samples: dataset.n_samples(),
        training_samples: n_training,
        features: dataset.n_features(),
        target: match dataset.target().class_counts() {
            Some(counts) => format!("{} classes", counts.len()),
            None => dataset.target().names().join(", "),
        },
        source: case.source.origin.clone(),
        fingerprint: format!("{:032x}", case.source.fingerprint()),
    }
}

/// What each budget gives each arm. In seconds, it is what the reference arm takes for its epochs.
fn set_extents(findings: &mut Findings<'_>, n_training: usize, speeds: Option<&[f64]>) {
    let (experiment, case) = (findings.experiment, findings.case);
    let of_reference =
        case.epochs * updates_per_epoch(experiment, experiment.reference, n_training);
    let reference_speed = speeds.and_then(|speeds| {
        let position = findings
            .arms
            .iter()
            .position(|arm| *arm == experiment.reference)?;
        speeds.get(position).copied()
    });
    for &axis in &experiment.axes {
        let extent = match axis {
            Axis::Epochs => Some(Extent::Epochs(case.epochs)),
            Axis::Updates | Axis::BestEpoch => {
                Some(Extent::Updates(case.updates.unwrap_or(of_reference)))
            }
            Axis::Seconds => {
                reference_speed.map(|speed| Extent::Seconds(speed * of_reference as f64))
            }
        };
        for &arm in &findings.arms {
            if let Some(extent) = extent {
                findings.extents.insert((axis, arm), extent);
            }
        }
    }
}

/// Chooses a learning rate for every arm and budget. All searches advance together, so that the threads have work.
fn tune(
    findings: &mut Findings<'_>,
    bench: &mut Bench<'_>,
    seeds: &[u64],
    speeds: Option<&[f64]>,
    exhaustive: bool,
    ledger: &mut Ledger<'_>,
) -> Result<(), Error> {
    let mut lengths = BTreeMap::new();
    for (&(axis, arm), &extent) in &findings.extents.clone() {
        let length = tuning_length(findings, arm, extent, speeds);
        lengths.insert((axis, arm), length);
        findings
            .horizons
            .insert((axis, arm), bench.updates(arm, length.cap));
    }
    // A guess for each arm: the inverse of the curvature that the inputs alone would give a linear model.
    let mut guesses = BTreeMap::new();
    for &arm in &findings.arms {
        guesses.insert(
            arm,
            1.0 / (0.3 * bench.prepare(arm, seeds[0])?.mean_squared_norm() + 1e-30),
        );
    }
    findings.searches = lengths
        .keys()
        .map(|key| {
            let search = match findings.experiment.arms[key.1].optimizer {
                Optimizer::LBfgs => Search::without_choice(findings.naive_loss),
                Optimizer::Sgd | Optimizer::Momentum => {
                    Search::new(guesses[&key.1], findings.naive_loss)
                }
            };
            (*key, search)
        })
        .collect();

    let records = [Axis::Epochs, Axis::Updates, Axis::BestEpoch, Axis::Seconds]
        .map(|axis| (axis, findings.tuning_record(axis)));
    let records = BTreeMap::from(records);
    let request = |(axis, arm): (Axis, usize), seed, rate_step, length| Request {
        arm,
        seed,
        rate_step,
        length,
        record: records[&axis],
    };
    while !ledger.interrupted() {
        let mut wanted = Vec::new();
        for (key, search) in &findings.searches {
            for step in search.wanted() {
                wanted.push((*key, step));
            }
        }
        if wanted.is_empty() {
            break;
        }
        let run = |(axis, arm), step, seed: usize| {
            request((axis, arm), seeds[seed], step, lengths[&(axis, arm)])
        };
        let mut race = Race::new(wanted, seeds.len(), exhaustive);
        loop {
            let runs = race.next_runs(&findings.searches);
            if runs.is_empty() || ledger.interrupted() {
                break;
            }
            let requests = runs
                .iter()
                .map(|&(key, step, seed)| run(key, step, seed))
                .collect::<Vec<_>>();
            bench.run_all(&requests, ledger)?;
            for (&(key, step, _), request) in runs.iter().zip(&requests) {
                // Only an interruption leaves some without a run.
                if let Some(run) = bench.look_up(request) {
                    race.add(key, step, tuned_by(key.0, &run), &mut findings.searches);
                }
            }
        }
        race.end(&mut findings.searches);
    }
    let mut right_epochs = BTreeMap::new();
    for (key, search) in &findings.searches {
        let (Axis::BestEpoch, Some(step)) = (key.0, search.best()) else {
            continue;
        };
        let epochs: Vec<f64> = seeds
            .iter()
            .filter_map(|seed| bench.look_up(&request(*key, *seed, step, lengths[key])))
            .filter_map(|run| {
                run.right_epochs(findings.naive_loss)
                    .or(Some(run.last()?.epoch))
            })
            .collect();
        right_epochs.extend(median(&epochs).map(|epochs| (key.1, epochs)));
    }
    findings.right_epochs = right_epochs;
    Ok(())
}

/// The loss that a rate is judged by.
fn tuned_by(axis: Axis, run: &Trajectory) -> f64 {
    match axis {
        Axis::BestEpoch => run.best_validation_loss(),
        _ => run.final_validation_loss(),
    }
}

/// How long a tuning run is: the budget; for one in seconds, the updates that fit into it.
fn tuning_length(
    findings: &Findings<'_>,
    arm: usize,
    extent: Extent,
    speeds: Option<&[f64]>,
) -> Length {
    let cap = match extent {
        Extent::Seconds(seconds) => {
            let position = findings.arms.iter().position(|other| *other == arm);
            let speed = position
                .zip(speeds)
                .map_or(seconds, |(position, speeds)| speeds[position]);
            Extent::Updates((seconds / speed).round().max(1.0) as u64)
        }
        other => other,
    };
    Length { cap, target: None }
}

/// The loss to reach; `None` when tuning did not come so far.
fn target(
    findings: &Findings<'_>,
    bench: &mut Bench<'_>,
    seeds: &[u64],
    ledger: &mut Ledger<'_>,
) -> Result<Option<f64>, Error> {
    let arm = findings.experiment.reference;
    let Some(&axis) = findings.experiment.axes.first() else {
        return Ok(None);
    };
    let (Some(rate_step), Some(&cap)) = (
        findings.best_step(axis, arm),
        findings.extents.get(&(axis, arm)),
    ) else {
        return Ok(None);
    };
    // The same runs as in tuning, now with their losses along the way.
    let length = Length { cap, target: None };
    let record = Recording::Curve;
    let requests: Vec<Request> = seeds
        .iter()
        .map(|&seed| Request {
            arm,
            seed,
            rate_step,
            length,
            record,
        })
        .collect();
    bench.run_all(&requests, ledger)?;
    let losses: Option<Vec<f64>> = requests
        .iter()
        .map(|request| {
            let run = bench.look_up(request)?;
            let end = run.last()?.updates as f64;
            Some(run.training_loss_at(TARGET_AT * end))
        })
        .collect();
    Ok(losses
        .and_then(|losses| median(&losses))
        .filter(|loss| loss.is_finite()))
}

/// Samples and updates of the arms, for estimates: see [`super::estimate`].
pub(crate) fn nominal_updates(experiment: &Experiment, case: &Case, arm: usize, axis: Axis) -> u64 {
    let n = case.nominal_training_samples();
    let of_reference = case.epochs * updates_per_epoch(experiment, experiment.reference, n);
    match axis {
        Axis::Epochs => case.epochs * updates_per_epoch(experiment, arm, n),
        Axis::Updates | Axis::BestEpoch => case.updates.unwrap_or(of_reference),
        Axis::Seconds => {
            let ratio = samples_per_update(experiment, experiment.reference, n) as f64
                / samples_per_update(experiment, arm, n) as f64;
            (of_reference as f64 * ratio).ceil() as u64
        }
    }
}
