//! Whole experiments, made tiny.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::definition::{Claim, Measure};
use super::*;
use crate::statistics::Verdict;

const CLAIMS: [&str; 9] = [
    "scale-mismatch-hurts",
    "standardize-speeds-training",
    "across-features-does-not-help",
    "centering-alone",
    "minibatch-is-faster",
    "same-destination",
    "minibatch-generalizes",
    "epochs-depend",
    "test-uses-train-statistics",
];

/// The short experiments with a fraction of their budgets.
fn tiny() -> Vec<Experiment> {
    let mut shelf = Shelf::new(0);
    let mut experiments: Vec<Experiment> = ExperimentName::ALL
        .into_iter()
        .filter_map(
            |name| match built_in(name, Size::Quick, &mut shelf).unwrap() {
                Definition::Comparison(experiment) => Some(experiment),
                _ => None,
            },
        )
        .collect();
    for case in experiments
        .iter_mut()
        .flat_map(|experiment| &mut experiment.cases)
    {
        case.epochs = case.epochs.div_ceil(8);
        case.hidden = vec![8];
        case.patience = 3;
        case.tuning_seeds = 1;
    }
    experiments
}

fn plan(threads: usize) -> Plan {
    Plan {
        size: Size::Quick,
        seeds: Some(3),
        threads,
        ..Plan::default()
    }
}

/// The tiny experiments on one thread, run once for all tests.
fn outcome() -> &'static Outcome {
    static OUTCOME: OnceLock<Outcome> = OnceLock::new();
    OUTCOME.get_or_init(|| run_experiments(&tiny(), Others::default(), &plan(1), &mut ()).unwrap())
}

#[test]
fn every_claim_has_a_verdict_on_two_data_sets() {
    let results = &outcome().results;
    for id in CLAIMS {
        let datasets: BTreeSet<&str> = results
            .claims
            .iter()
            .filter(|claim| claim.id == id)
            .map(|claim| claim.dataset.as_str())
            .collect();
        assert!(datasets.len() >= 2, "{id}: {datasets:?}");
    }
    for claim in &results.claims {
        assert_eq!(claim.pairs, 3, "{}", claim.statement);
        assert!(claim.effect.low <= claim.effect.high, "{}", claim.statement);
    }
}

/// The race gives up rates early, and chooses as if it had not.
#[test]
fn racing_rates_are_chosen_as_exhaustive_tuning_chooses() {
    let mut experiments = tiny();
    for experiment in &mut experiments {
        experiment
            .axes
            .retain(|axis| *axis != definition::Axis::Seconds);
        for case in &mut experiment.cases {
            case.tuning_seeds = 4;
        }
    }
    let run = |exhaustive| {
        let plan = Plan {
            exhaustive,
            seeds: Some(2),
            ..plan(2)
        };
        run_experiments(&experiments, Others::default(), &plan, &mut ()).unwrap()
    };
    let (all, race) = (run(true), run(false));
    assert!(!all.runs.is_empty());
    let without_times = |outcome: &Outcome| -> Vec<RunRecord> {
        let runs = outcome.runs.iter().cloned();
        runs.map(|run| RunRecord {
            seconds: 0.0,
            seconds_to_target: None,
            ..run
        })
        .collect()
    };
    assert_eq!(without_times(&race), without_times(&all));
    let tuning = |outcome: &Outcome| -> usize {
        let points = outcome.results.arms.iter().flat_map(|arm| &arm.tuning);
        points.map(|point| point.runs).sum()
    };
    // A share of the runs that was measured, with some room.
    assert!(
        (tuning(&race) as f64) < 0.9 * tuning(&all) as f64,
        "{} of {}",
        tuning(&race),
        tuning(&all)
    );
}

#[test]
fn batch_sizes_are_compared_under_all_three_budgets() {
    let results = &outcome().results;
    for id in ["minibatch-is-faster", "same-destination"] {
        for dataset in ["wine", "airfoil"] {
            let budgets: BTreeSet<&str> = results
                .claims
                .iter()
                .filter(|claim| claim.id == id && claim.dataset == dataset)
                .map(|claim| claim.budget.as_str())
                .collect();
            assert_eq!(
                budgets,
                BTreeSet::from(["epochs", "updates", "seconds"]),
                "{id} on {dataset}"
            );
        }
    }
}

#[test]
fn every_run_is_there_and_none_is_dropped() {
    let Outcome { results, runs, .. } = outcome();
    for arm in &results.arms {
        for budget in &arm.budgets {
            assert_eq!(budget.runs, 3);
            let rows = runs.iter().filter(|run| {
                (&run.experiment, &run.dataset, &run.arm, &run.budget)
                    == (&arm.experiment, &arm.dataset, &arm.arm, &budget.budget)
            });
            assert_eq!(
                rows.count(),
                3,
                "{} {} {}",
                arm.dataset,
                arm.arm,
                budget.budget
            );
            let chosen: Vec<f64> = arm
                .tuning
                .iter()
                .filter(|point| point.budget == budget.budget && point.chosen)
                .map(|point| point.learning_rate)
                .collect();
            assert_eq!(chosen, [budget.learning_rate]);
        }
        assert!(!arm.curves.is_empty());
    }
}

#[test]
fn arms_of_a_seed_begin_alike() {
    // The same split and the same initial weights: before any update, batch sizes cannot differ.
    let results = &outcome().results;
    let at_the_start = |arm: &str| {
        let arm = results
            .arms
            .iter()
            .find(|result| result.arm == arm && result.dataset == "wine")
            .unwrap();
        arm.curves
            .iter()
            .map(|curve| curve.points[0].loss)
            .collect::<Vec<_>>()
    };
    let first = at_the_start("batch 16");
    assert!(first.iter().all(|loss| *loss == first[0] && loss.is_some()));
    assert_eq!(at_the_start("full batch"), first);
}

/// What must not depend on the number of threads: all but the clock and what was decided by it.
fn without_clock(outcome: &Outcome) -> (Vec<RunRecord>, Vec<crate::results::ClaimResult>) {
    let Outcome { results, runs, .. } = outcome;
    let runs = runs
        .iter()
        .filter(|run| !run.budget.contains("seconds"))
        .map(|run| RunRecord {
            seconds: 0.0,
            seconds_to_target: None,
            ..run.clone()
        })
        .collect();
    let claims = results
        .claims
        .iter()
        .filter(|claim| claim.budget != "seconds")
        .cloned()
        .collect();
    (runs, claims)
}

#[test]
fn the_number_of_threads_changes_nothing_but_the_time() {
    let two = run_experiments(&tiny(), Others::default(), &plan(2), &mut ()).unwrap();
    let (runs_of_two, claims_of_two) = without_clock(&two);
    let (runs_of_one, claims_of_one) = without_clock(outcome());
    assert!(runs_of_one.len() > 100);
    assert_eq!(runs_of_two, runs_of_one);
    assert_eq!(claims_of_two, claims_of_one);
}

#[test]
fn another_base_seed_gives_other_runs() {
    let mut experiments = tiny();
    experiments.truncate(1);
    experiments[0].cases.truncate(1);
    let other = Plan {
        base_seed: 99,
        ..plan(1)
    };
    let Outcome { runs, .. } =
        run_experiments(&experiments, Others::default(), &other, &mut ()).unwrap();
    let known = &outcome().runs;
    assert_ne!(runs[0].training_loss, known[0].training_loss);
}

#[test]
fn a_wrong_claim_is_refuted() {
    // The same runs, with the arms of the claim swapped: that raw inputs train better.
    let mut experiments = tiny();
    experiments.truncate(1);
    experiments[0]
        .cases
        .retain(|case| case.source.name == "wine");
    experiments[0].axes.truncate(1);
    let swapped = experiments[0]
        .claims
        .iter()
        .filter(|claim| {
            claim.id == "scale-mismatch-hurts" && claim.measure == Measure::TrainingLossRatio
        })
        .map(|claim| Claim {
            id: "wrong".into(),
            first: claim.second.clone(),
            second: claim.first.clone(),
            ..claim.clone()
        })
        .collect::<Vec<_>>();
    assert_eq!(swapped.len(), 1);
    experiments[0].claims.extend(swapped);
    let Outcome { results, .. } = run_experiments(
        &experiments,
        Others::default(),
        &Plan {
            seeds: Some(5),
            ..plan(2)
        },
        &mut (),
    )
    .unwrap();
    let verdict = |id: &str| {
        results
            .claims
            .iter()
            .find(|claim| claim.id == id)
            .unwrap()
            .verdict
    };
    assert_eq!(verdict("scale-mismatch-hurts"), Verdict::Supported);
    assert_eq!(verdict("wrong"), Verdict::Refuted);
}

/// Interrupts after so many reports of a stage whose message contains a text.
struct InterruptIn {
    stage: &'static str,
    reports: usize,
}

impl Progress for InterruptIn {
    fn report(&mut self, status: &Status<'_>) {
        assert!((0.0..=1.0).contains(&status.fraction()));
        if status.message.contains(self.stage) {
            self.reports = self.reports.saturating_sub(1);
        }
    }

    fn interrupted(&self) -> bool {
        self.reports == 0
    }
}

#[test]
fn an_interruption_loses_nothing_that_was_complete() {
    let Outcome {
        results: complete,
        runs: runs_of_complete,
        ..
    } = outcome();
    let mut stop = InterruptIn {
        stage: "airfoil: tuning",
        reports: 4,
    };
    let Outcome { results, runs, .. } =
        run_experiments(&tiny(), Others::default(), &plan(1), &mut stop).unwrap();
    // Two data sets were complete; of the third, tuning had begun.
    assert_eq!(results.datasets.len(), 3);
    let finished = |runs: &[RunRecord]| -> Vec<(String, u64, Option<f64>)> {
        runs.iter()
            .filter(|run| {
                run.dataset != "airfoil"
                    && run.experiment == "normalization"
                    && run.budget == "updates"
            })
            .map(|run| (run.arm.clone(), run.seed, run.training_loss))
            .collect()
    };
    assert_eq!(finished(&runs), finished(runs_of_complete));
    assert!(runs.iter().all(|run| run.dataset != "airfoil"));
    assert!(results.claims.len() < complete.claims.len());
    assert!(
        results
            .arms
            .iter()
            .any(|arm| arm.dataset == "airfoil" && !arm.tuning.is_empty())
    );
}

#[test]
fn an_interruption_at_once_gives_empty_results() {
    let mut stop = InterruptIn {
        stage: "",
        reports: 0,
    };
    let Outcome { results, runs, .. } =
        run_experiments(&tiny(), Others::default(), &plan(1), &mut stop).unwrap();
    assert!(results.claims.is_empty() && runs.is_empty());
}

#[test]
fn an_interruption_during_timed_runs_keeps_the_pairs_that_are_there() {
    let mut stop = InterruptIn {
        stage: "two-inputs: timed",
        // The first seed's six arms were timed, round by round; its races have begun.
        reports: 6 * super::finals::SHORT_ROUNDS + 3,
    };
    let Outcome { results, runs, .. } =
        run_experiments(&tiny(), Others::default(), &plan(1), &mut stop).unwrap();
    let timed: Vec<&RunRecord> = runs.iter().filter(|run| run.budget == "seconds").collect();
    assert!(!timed.is_empty() && timed.len() < 18, "{}", timed.len());
    assert!(
        results
            .claims
            .iter()
            .any(|claim| claim.budget == "updates" && claim.pairs == 3)
    );
}

#[test]
fn a_failing_step_loses_nothing_else() {
    let mut experiments = tiny();
    experiments.truncate(1);
    experiments[0].axes.truncate(1);
    // A loss over no samples: the trainer refuses it once the data are prepared.
    experiments[0].cases[1].measured = Some(0);
    let found = run_experiments(&experiments, Others::default(), &plan(2), &mut ()).unwrap();
    assert_eq!(found.failures.len(), 1, "{:?}", found.failures);
    let datasets: BTreeSet<&str> = found.runs.iter().map(|run| run.dataset.as_str()).collect();
    assert_eq!(datasets, BTreeSet::from(["two-inputs", "airfoil"]));
    let omission = found
        .results
        .omissions
        .iter()
        .find(|omission| omission.kind == OmissionKind::Failed)
        .unwrap();
    assert_eq!(omission.dataset, "wine");
    assert!(omission.reason.contains(&found.failures[0].to_string()));
}

#[test]
fn what_is_left_out_is_named() {
    let Outcome { results, runs, .. } = outcome();
    let of_arms: Vec<&Omission> = results
        .omissions
        .iter()
        .filter(|omission| omission.kind == OmissionKind::Arm)
        .collect();
    assert_eq!(of_arms.len(), 1, "{of_arms:?}");
    assert!(of_arms[0].reason.contains("batch 256") && of_arms[0].dataset == "wine");
    assert!(
        runs.iter()
            .all(|run| (run.arm.as_str(), run.dataset.as_str()) != ("batch 256", "wine"))
    );
    // A budget in updates of its own is too short to aim at the target.
    let mut experiments = tiny();
    experiments.retain(|experiment| experiment.name == "batch-size");
    experiments[0].cases.truncate(1);
    experiments[0].cases[0].updates = Some(7);
    let found = run_experiments(&experiments, Others::default(), &plan(2), &mut ()).unwrap();
    let of_budget: Vec<&Omission> = found
        .results
        .omissions
        .iter()
        .filter(|omission| omission.kind == OmissionKind::Budget)
        .collect();
    // Once for all three ways of training on the full batch.
    assert_eq!(of_budget.len(), 1, "{of_budget:?}");
    assert_eq!(of_budget[0].claim.as_deref(), Some("minibatch-is-faster"));
    assert!(of_budget[0].reason.contains("7 updates"));
}

#[test]
fn runs_go_on_only_where_a_claim_asks_for_the_time() {
    let Outcome { results, runs, .. } = outcome();
    let races = |experiment: &str| {
        runs.iter()
            .filter(|run| run.experiment == experiment && run.budget.starts_with("until target"))
            .count()
    };
    assert!(races("batch-size") > 0);
    for experiment in ["generalization", "test-statistics"] {
        assert_eq!(races(experiment), 0);
        let arms = results
            .arms
            .iter()
            .filter(|arm| arm.experiment == experiment);
        assert!(arms.clone().count() > 0 && arms.clone().all(|arm| arm.target_loss.is_none()));
        let note = results
            .experiments
            .iter()
            .find(|note| note.experiment == experiment);
        assert!(!note.unwrap().method.contains("target"));
    }
    // Without patience there is no race either, and the method says so.
    let mut experiments = tiny();
    experiments.retain(|experiment| experiment.name == "batch-size");
    experiments[0].cases.truncate(1);
    experiments[0].cases[0].patience = 1;
    let found = run_experiments(&experiments, Others::default(), &plan(2), &mut ()).unwrap();
    assert!(
        found
            .runs
            .iter()
            .all(|run| !run.budget.starts_with("until target"))
    );
    let method = &found.results.experiments[0].method;
    assert!(method.contains("counts as \"at least\" that"), "{method}");
}

#[test]
fn facts_on_data_are_those_of_their_experiment() {
    let results = &outcome().results;
    let trained_on = |experiment: &str| {
        let note = results
            .datasets
            .iter()
            .find(|note| note.dataset == "airfoil" && note.experiment == experiment);
        note.unwrap().training_samples
    };
    assert!(trained_on("normalization") > 900 && trained_on("generalization") < 160);
}

/// What does not depend on the clock.
fn counted(outcome: &Outcome) -> Vec<RunRecord> {
    let in_seconds = |run: &&RunRecord| !run.budget.contains("seconds");
    let without_clock = |run: &RunRecord| RunRecord {
        seconds: 0.0,
        seconds_to_target: None,
        ..run.clone()
    };
    outcome
        .runs
        .iter()
        .filter(in_seconds)
        .map(without_clock)
        .collect()
}

#[test]
fn an_interrupted_plan_goes_on_where_it_stopped_and_a_repeated_one_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiments = tiny();
    experiments.retain(|experiment| experiment.name == "batch-size");
    experiments[0].cases.truncate(1);
    let kept = Plan {
        cache: Some(folder.path().join("cache")),
        ..plan(2)
    };
    let uninterrupted =
        run_experiments(&experiments, Others::default(), &plan(2), &mut ()).unwrap();
    assert_eq!(uninterrupted.reused, 0);
    let mut stop = InterruptIn {
        stage: "tuning",
        reports: 10,
    };
    let begun = run_experiments(&experiments, Others::default(), &kept, &mut stop).unwrap();
    assert!(begun.made > 0 && begun.runs.is_empty());
    let continued = run_experiments(&experiments, Others::default(), &kept, &mut ()).unwrap();
    assert!(continued.reused > 0 && continued.made > 0);
    assert_eq!(counted(&continued), counted(&uninterrupted));

    let repeated = run_experiments(&experiments, Others::default(), &kept, &mut ()).unwrap();
    assert_eq!(repeated.made, 0);
    // The times too are those that were measured.
    assert_eq!(repeated.runs, continued.runs);

    // Every entry damaged: everything is run anew, and nothing fails.
    for entry in std::fs::read_dir(folder.path().join("cache")).unwrap() {
        std::fs::write(entry.unwrap().path(), "nothing that was ever kept").unwrap();
    }
    let anew = run_experiments(&experiments, Others::default(), &kept, &mut ()).unwrap();
    assert!(anew.reused == 0 && anew.failures.is_empty());
    assert_eq!(counted(&anew), counted(&uninterrupted));
}
