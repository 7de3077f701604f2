//! What the results say beside the answers: tables, ways, claims, method.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smallbatch_data::BatchSize;
use smallbatch_evidence::quantile;
use smallbatch_report::results::{ClaimNote, CurvePoint, DatasetNote, TuningPoint, WayNote};
use smallbatch_sweep::{JobOptimizer, JobSplit, NamedTable, Point, Search, rate};

use crate::Size;
use crate::answers::ERROR;
use crate::design::{Design, Effort, Expectation};
use crate::repetition::WayRuns;

/// What a way did in one repetition, to be sent from thread to thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WayRepetition {
    search: Search,
    runs: Vec<Vec<Point>>,
    constant: (f64, f64),
    updates_per_epoch: f64,
    is_fragile: bool,
    seconds_per_update: Option<f64>,
}

impl WayRepetition {
    pub(crate) fn new(runs: WayRuns) -> Self {
        let first = runs.finals.first();
        Self {
            constant: first.map_or((1.0, 1.0), |run| {
                (run.constant.training, run.constant.validation)
            }),
            updates_per_epoch: first.map_or(1.0, |run| run.updates_per_epoch),
            runs: runs.finals.iter().map(|run| run.points.clone()).collect(),
            search: runs.search,
            is_fragile: runs.is_fragile,
            seconds_per_update: runs.seconds_per_update,
        }
    }
}

/// Each way on each table, over the repetitions.
pub(crate) fn way_notes(
    design: &Design,
    tables: &[NamedTable],
    found: &BTreeMap<(usize, &str), Vec<&WayRepetition>>,
) -> Vec<WayNote> {
    found
        .iter()
        .map(|((table, name), repetitions)| {
            let way = design.way(name);
            let seconds: Vec<f64> = repetitions
                .iter()
                .filter_map(|repetition| repetition.seconds_per_update)
                .collect();
            let seconds = smallbatch_evidence::median(&seconds);
            let n_fragile = repetitions.iter().filter(|runs| runs.is_fragile).count();
            WayNote {
                way: (*name).to_owned(),
                table: tables[*table].name().to_owned(),
                scaling: word(&way.scaling),
                batch_size: match way.batch {
                    BatchSize::Mini(size) => size.to_string(),
                    BatchSize::Full => "full".into(),
                },
                optimizer: match way.optimizer {
                    JobOptimizer::Sgd => "plain descent".into(),
                    JobOptimizer::Momentum => "momentum 0.9".into(),
                    JobOptimizer::Adam => "Adam".into(),
                    JobOptimizer::LBfgs => "L-BFGS".into(),
                },
                rates: match way.optimizer {
                    JobOptimizer::LBfgs => Vec::new(),
                    JobOptimizer::Sgd | JobOptimizer::Momentum | JobOptimizer::Adam => repetitions
                        .iter()
                        .map(|repetition| rate(repetition.search.choice.step))
                        .collect(),
                },
                fragile: 2 * n_fragile > repetitions.len(),
                seconds_per_update: seconds,
                tuning: tuning(repetitions),
                curve: curve(repetitions, seconds),
            }
        })
        .collect()
}

/// A name as it stands in the design's file.
fn name(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// The same in words.
fn word(value: &impl serde::Serialize) -> String {
    name(value).replace('-', " ")
}

fn tuning(repetitions: &[&WayRepetition]) -> Vec<TuningPoint> {
    let mut steps: BTreeMap<i32, (Vec<f64>, usize)> = BTreeMap::new();
    for repetition in repetitions {
        for (&step, tried) in &repetition.search.tried {
            let entry = steps.entry(step).or_default();
            let relative = tried.iter().map(|run| run.log - repetition.constant.0.ln());
            entry.0.extend(relative);
            entry.1 += usize::from(step == repetition.search.choice.step);
        }
    }
    steps
        .into_iter()
        .map(|(step, (logs, n_chosen))| TuningPoint {
            learning_rate: rate(step),
            loss: Some((logs.iter().sum::<f64>() / logs.len().max(1) as f64).exp())
                .filter(|loss| loss.is_finite()),
            n_chosen,
        })
        .collect()
}

/// Quantiles over all final runs at the updates that all of them have points at.
fn curve(repetitions: &[&WayRepetition], seconds: Option<f64>) -> Vec<CurvePoint> {
    let mut at: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    let mut n_runs = 0;
    for repetition in repetitions {
        for run in &repetition.runs {
            n_runs += 1;
            for point in run {
                at.entry(point.updates).or_default().push((
                    point.training_loss / repetition.constant.0,
                    point.validation_loss / repetition.constant.1,
                ));
            }
        }
    }
    let per_epoch = repetitions
        .first()
        .map_or(1.0, |repetition| repetition.updates_per_epoch);
    at.into_iter()
        .filter(|(_, losses)| 2 * losses.len() > n_runs)
        .map(|(updates, losses)| {
            // A run that ended before, as one that diverged, counts as infinite.
            let mut training: Vec<f64> = losses.iter().map(|losses| losses.0).collect();
            let mut validation: Vec<f64> = losses.iter().map(|losses| losses.1).collect();
            training.resize(n_runs, f64::INFINITY);
            validation.resize(n_runs, f64::INFINITY);
            let at = |values: &[f64], part| quantile(values, part).filter(|loss| loss.is_finite());
            CurvePoint {
                updates,
                epochs: updates as f64 / per_epoch,
                seconds: seconds.map(|seconds| seconds * updates as f64),
                loss: at(&training, 0.5),
                low: at(&training, 0.25),
                high: at(&training, 0.75),
                validation_loss: at(&validation, 0.5),
            }
        })
        .collect()
}

/// A table in numbers and words.
pub(crate) fn dataset_note(design: &Design, effort: Effort, table: &NamedTable) -> DatasetNote {
    let dataset = table.dataset();
    let network = design.network(dataset);
    DatasetNote {
        table: table.name().to_owned(),
        n_samples: dataset.n_samples(),
        n_training_samples: JobSplit {
            split: 0,
            rows: effort.rows,
        }
        .n_training_samples(dataset.n_samples()),
        n_features: dataset.n_features(),
        target: table.target(),
        deviation_ratio: table.facts().deviation_ratio,
        condition_number: table.facts().condition_number,
        network,
        source: table.origin().to_owned(),
        fingerprint: format!("{:032x}", table.fingerprint()),
    }
}

/// What is known of each claim.
pub(crate) fn claim_notes(design: &Design) -> Vec<ClaimNote> {
    let claims = design.claims.iter();
    claims
        .map(|claim| ClaimNote {
            id: claim.id.clone(),
            title: claim.title.clone(),
            question: claim.question.clone(),
            expectation: match claim.expectation {
                Expectation::Nothing => "",
                Expectation::Supported => "supported",
                Expectation::Refuted => "refuted",
                Expectation::Equivalent => "equivalent",
            }
            .into(),
            literature: claim.literature.clone(),
            called: claim
                .ways()
                .iter()
                .map(|way| claim.called(way).to_owned())
                .collect(),
            ways: claim.ways(),
            pictures: claim.pictures.iter().map(name).collect(),
        })
        .collect()
}

/// How it was done.
pub(crate) fn design_note(
    design: &Design,
    size: Size,
    effort: Effort,
    n_repetitions: usize,
    n_complete: usize,
) -> smallbatch_report::results::Design {
    let rule = &design.rule;
    let hidden: Vec<String> = rule.hidden.iter().map(usize::to_string).collect();
    let targets: Vec<String> = rule
        .targets
        .iter()
        .map(|part| format!("{} %", 100.0 * part))
        .collect();
    let method = vec![
        format!(
            "One rule for all tables. A ReLU network with {} hidden units; three fifths of the rows{} are trained on, one fifth \
             validates, one fifth tests; equal rows, and rows of one group, stay in one part. Targets that are numbers are standardized. A short \
             training has {} updates, but at least {} epochs of batches of 32; a long one {} times as many updates.",
            hidden.join(" and "),
            effort.rows.map_or_else(String::new, |rows| format!(
                " (of larger tables, of {rows} that are drawn anew each time)"
            )),
            rule.updates,
            rule.epochs,
            rule.long
        ),
        format!(
            "Repetitions. Each of the {n_repetitions} draws everything anew: the split, the runs that choose the learning rates, the \
             targets, the calibration of time, the initial weights and the order. It ends in one number an effect, the mean over {} \
             pairs of final runs. Intervals on a table are Student's t over repetitions.",
            effort.pairs
        ),
        format!(
            "Rates, 10^(k/4), are chosen for each way and each measure by {} tuning runs. A rate with any run that diverged or ended above a \
             constant's loss is not chosen while another has none. The score is the mean logarithm of the measure; of the rates \
             within one standard error of the best the geometric middle is taken. Where a side is the best of several ways, its \
             tuning runs choose the way.",
            effort.tuning_seeds
        ),
        format!(
            "Targets lie {} of the way from a constant's loss to the floor, the lowest mean tuning loss of any way with mini-batches. \
             Times are cut at {} times the faster side's; pairs that are cut stay in. Seconds are processor time of single-threaded \
             trainings, measured for each way in turns in each repetition.",
            targets.join(", "),
            rule.horizon
        ),
        format!(
            "Over tables, effects go into a random-effects model (Paule & Mandel; Hartung & Knapp's interval). The ten primary answers \
             share an error of {} % (Holm), and so do the looks after 4, 8, 16, … repetitions. Losses below one per cent \
             of a constant's count as that, those above a constant's as a constant's.",
            100.0 * ERROR
        ),
    ];
    smallbatch_report::results::Design {
        name: design.name.clone(),
        size: size.name().into(),
        method,
        n_repetitions,
        n_complete,
        n_tuning_seeds: effort.tuning_seeds,
        n_pairs: effort.pairs,
        targets: rule.targets.clone(),
        horizon: rule.horizon as f64,
        error: ERROR,
    }
}
