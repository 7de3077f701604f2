//! From runs to the records of `results.json` and `runs.csv`.

use std::collections::BTreeMap;

use super::definition::Axis;
use super::protocol::{Final, Findings};
use super::trajectory::{Point, Reached, TestMeasures, Trajectory};
use super::tuning::rate;
use crate::results::{ArmResult, BudgetSummary, Curve, CurvePoint, RunRecord, TuningPoint};
use crate::statistics::{median, quantile};

/// From so many runs on, a curve's band is between the quartiles, not between the extremes.
const MANY_RUNS: usize = 8;

/// One record for each arm that could be run.
pub(crate) fn arms(findings: &Findings<'_>) -> Vec<ArmResult> {
    findings
        .arms
        .iter()
        .map(|&arm| arm_result(findings, arm))
        .collect()
}

fn arm_result(findings: &Findings<'_>, arm: usize) -> ArmResult {
    let definition = &findings.experiment.arms[arm];
    let axes = &findings.experiment.axes;
    ArmResult {
        experiment: findings.experiment.name.clone(),
        dataset: findings.case.source.name.clone(),
        arm: definition.name.clone(),
        scaler: definition.scaler_name.clone(),
        batch_size: definition.batch_size.to_string(),
        target_loss: findings.target,
        loss_name: "training loss".into(),
        tuning: axes
            .iter()
            .flat_map(|&axis| tuning(findings, axis, arm))
            .collect(),
        budgets: axes
            .iter()
            .filter_map(|&axis| budget_summary(findings, axis, arm))
            .collect(),
        curves: axes
            .iter()
            .filter_map(|&axis| curve(findings, axis, arm))
            .collect(),
    }
}

fn tuning(findings: &Findings<'_>, axis: Axis, arm: usize) -> Vec<TuningPoint> {
    let Some(search) = findings.searches.get(&(axis, arm)) else {
        return Vec::new();
    };
    let best = search.best();
    search
        .tried()
        .map(|(step, tried)| TuningPoint {
            budget: axis.name().into(),
            learning_rate: rate(step),
            validation_loss: Some(tried.median_loss).filter(|loss| loss.is_finite()),
            runs: tried.runs,
            diverged: tried.diverged >= 0.5,
            chosen: best == Some(step),
            at_the_edge: best == Some(step) && search.at_the_edge(),
            nothing_learned: best == Some(step) && search.nothing_learned(),
        })
        .collect()
}

/// The final runs of one arm under one budget, in the order of seeds.
fn finals<'f>(findings: &'f Findings<'_>, axis: Axis, arm: usize) -> Vec<(u64, &'f Final)> {
    findings
        .finals
        .range((axis, arm, 0)..=(axis, arm, u64::MAX))
        .map(|((_, _, seed), run)| (*seed, run))
        .collect()
}

/// When the target was reached, in the run to the budget's end or in the one that went on.
fn reached(run: &Final, target: Option<f64>) -> Option<Reached> {
    let target = target?;
    run.run
        .reached(target)
        .or_else(|| run.race.as_ref()?.1.reached(target))
}

/// The moment of a run that counts: its end, or, where nothing is held equal, where its validation loss was least. None
/// for the end of a run that diverged.
pub(crate) fn counted_point(axis: Axis, run: &Trajectory) -> Option<&Point> {
    match axis {
        Axis::BestEpoch => run.best(),
        _ => run.last().filter(|_| !run.diverged),
    }
}

/// What the test part gave at the moment that counts.
pub(crate) fn counted_test(axis: Axis, run: &Trajectory) -> Option<TestMeasures> {
    match axis {
        Axis::BestEpoch => run.best()?.test,
        _ => run.test,
    }
}

fn budget_summary(findings: &Findings<'_>, axis: Axis, arm: usize) -> Option<BudgetSummary> {
    let runs = finals(findings, axis, arm);
    let (_, first) = runs.first()?;
    let middle = |value: &dyn Fn(&Final) -> Option<f64>| {
        let values: Vec<f64> = runs
            .iter()
            .map(|(_, run)| value(run).unwrap_or(f64::INFINITY))
            .collect();
        median(&values).filter(|value| value.is_finite())
    };
    let moment = |run: &'_ Trajectory| counted_point(axis, run).copied();
    let test = |run: &Final| counted_test(axis, &run.run);
    let to_target =
        |coin: fn(&Reached) -> f64| middle(&|run| reached(run, findings.target).as_ref().map(coin));
    Some(BudgetSummary {
        budget: axis.name().into(),
        learning_rate: first.learning_rate,
        runs: runs.len(),
        reached: runs
            .iter()
            .filter(|(_, run)| reached(run, findings.target).is_some())
            .count(),
        diverged: runs.iter().filter(|(_, run)| run.run.diverged).count(),
        training_loss: middle(&|run| moment(&run.run).map(|point| point.training_loss)),
        validation_loss: middle(&|run| moment(&run.run).map(|point| point.validation_loss)),
        test_loss: middle(&|run| test(run).map(|test| test.loss)),
        metric_name: findings.metric_name.into(),
        // A larger metric is better, so a missing one must count as the smallest.
        metric: middle(&|run| test(run).map(|test| -test.metric)).map(|metric| -metric),
        best_epoch: if findings.experiment.watches_validation() {
            middle(&|run| run.run.best().map(|point| point.epoch))
        } else {
            None
        },
        updates_to_target: to_target(|moment| moment.updates),
        samples_to_target: to_target(|moment| moment.samples),
        seconds_to_target: if axis == Axis::Seconds {
            to_target(|moment| moment.seconds)
        } else {
            None
        },
    })
}

/// The curve of the runs to the budget's end, at the updates at which all of them that did not diverge have a record.
fn curve(findings: &Findings<'_>, axis: Axis, arm: usize) -> Option<Curve> {
    let runs = finals(findings, axis, arm);
    let mut at: BTreeMap<u64, Vec<&Point>> = BTreeMap::new();
    for (_, run) in &runs {
        for point in &run.run.points {
            at.entry(point.updates).or_default().push(point);
        }
    }
    let whole = runs.iter().filter(|(_, run)| !run.run.diverged).count();
    let points: Vec<CurvePoint> = at
        .into_iter()
        .filter(|(_, points)| points.len() >= whole.max(1))
        .map(|(updates, points)| curve_point(updates, &points, runs.len()))
        .collect();
    (!points.is_empty()).then(|| Curve {
        budget: axis.name().into(),
        points,
    })
}

fn curve_point(updates: u64, points: &[&Point], n_runs: usize) -> CurvePoint {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let mut losses: Vec<f64> = points.iter().map(|point| point.training_loss).collect();
    // Runs that diverged before this count as infinite.
    losses.resize(n_runs.max(losses.len()), f64::INFINITY);
    let seconds: Vec<f64> = points.iter().map(|point| point.seconds).collect();
    let (low, high) = if n_runs >= MANY_RUNS {
        (0.25, 0.75)
    } else {
        (0.0, 1.0)
    };
    CurvePoint {
        epoch: points[0].epoch,
        updates,
        samples: points[0].samples,
        seconds: median(&seconds).unwrap_or(0.0),
        loss: finite(median(&losses)),
        low: finite(quantile(&losses, low)),
        high: finite(quantile(&losses, high)),
    }
}

/// One row for each final run: for its budget, and once more where it went on until the target.
pub(crate) fn runs(findings: &Findings<'_>) -> Vec<RunRecord> {
    let mut records = Vec::new();
    for (&(axis, arm, seed), run) in &findings.finals {
        let mut record = |budget: String, rate: f64, trajectory: &Trajectory| {
            records.push(run_record(
                findings, axis, arm, seed, budget, rate, trajectory,
            ));
        };
        record(axis.name().into(), run.learning_rate, &run.run);
        if let Some((rate, race)) = &run.race {
            record(format!("until target, in {}", axis.name()), *rate, race);
        }
    }
    records
}

fn run_record(
    findings: &Findings<'_>,
    axis: Axis,
    arm: usize,
    seed: u64,
    budget: String,
    learning_rate: f64,
    run: &Trajectory,
) -> RunRecord {
    let definition = &findings.experiment.arms[arm];
    let last = run.last();
    let (counted, test) = (counted_point(axis, run), counted_test(axis, run));
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    let reached = findings.target.and_then(|target| run.reached(target));
    RunRecord {
        experiment: findings.experiment.name.clone(),
        dataset: findings.case.source.name.clone(),
        arm: definition.name.clone(),
        seed,
        budget,
        scaler: definition.scaler_name.clone(),
        batch_size: definition.batch_size.to_string(),
        learning_rate,
        updates: last.map_or(0, |point| point.updates),
        samples: last.map_or(0, |point| point.samples),
        epochs: last.map_or(0.0, |point| point.epoch),
        seconds: last.map_or(0.0, |point| point.seconds),
        training_loss: counted.and_then(|point| finite(point.training_loss)),
        validation_loss: counted.and_then(|point| finite(point.validation_loss)),
        test_loss: test.and_then(|test| finite(test.loss)),
        metric_name: findings.metric_name.into(),
        metric: test.and_then(|test| finite(test.metric)),
        best_epoch: run.best().and_then(|point| finite(point.epoch)),
        target_loss: findings.target,
        reached_target: reached.is_some(),
        updates_to_target: reached.map(|moment| moment.updates),
        samples_to_target: reached.map(|moment| moment.samples),
        seconds_to_target: reached.map(|moment| moment.seconds),
        diverged: run.diverged,
    }
}
