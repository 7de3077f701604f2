//! Results with realistic numbers, for the tests and for looking at the report.

use std::collections::BTreeMap;

use crate::results::*;
use crate::statistics::{Comparison, Direction, Hypothesis, Observation};

/// Two experiments on two data sets, with every kind of verdict, censored and diverged runs.
pub(crate) fn results() -> Results {
    let mut arms = Vec::new();
    for (dataset, slope) in [("wine", 1.0), ("digits_100k", 0.55)] {
        for (index, (arm, scaler, speed)) in [
            ("raw", "none", 0.004),
            ("centred", "standard, centred only", 0.02),
            ("standardized", "standard", 0.30),
            ("per sample", "per sample", 0.05),
            ("min-max", "min-max", 0.18),
            ("robust", "robust", 0.26),
        ]
        .into_iter()
        .enumerate()
        {
            let diverges = arm == "raw" && dataset == "wine";
            arms.push(arm_result(
                "normalization",
                dataset,
                arm,
                scaler,
                "32",
                speed * slope,
                0.02,
                diverges,
                index,
            ));
        }
        for (index, (arm, size, speed, cost)) in [
            ("batch 16", "16", 0.20, 0.016),
            ("batch 32", "32", 0.24, 0.02),
            ("batch 256", "256", 0.30, 0.09),
            ("full batch", "full", 0.32, 0.9),
        ]
        .into_iter()
        .enumerate()
        {
            arms.push(arm_result(
                "batch-size",
                dataset,
                arm,
                "standard",
                size,
                speed * slope,
                cost,
                false,
                index,
            ));
        }
    }
    Results {
        environment: environment(),
        experiments: experiments(),
        datasets: datasets(),
        claims: claims(),
        arms,
        ..Results::default()
    }
}

fn environment() -> Environment {
    Environment {
        processor: "Intel(R) Xeon(R) Processor @ 2.80GHz".into(),
        cores: 2,
        threads: 1,
        workers: 2,
        os: "linux x86_64".into(),
        revision: "94ff94d0c2a1".into(),
        versions: BTreeMap::from([
            ("smallbatch".into(), "0.1.0".into()),
            ("rustc".into(), "1.95.0".into()),
            ("faer".into(), "0.24.4".into()),
        ]),
        started_unix_seconds: 1_773_075_840,
        elapsed_seconds: 287.0,
        command: "cargo xtask experiment normalization batch-size --seeds 10 --threads 1".into(),
        request: None,
        quick: false,
        seeds: (1..=10).collect(),
        tuning_seeds: vec![1001, 1002, 1003],
    }
}

fn experiments() -> Vec<ExperimentNote> {
    vec![
        ExperimentNote {
            experiment: "normalization".into(),
            question: "Which way of scaling the inputs lets a network learn fastest, and is it worth it?".into(),
            method: "A network with two hidden layers of 64 ReLU units, trained by plain gradient descent with \
                     batches of 32. The arms differ in the scaler alone, which is fitted on the training part. The \
                     target is the loss that standardized inputs reach after half of the budget."
                .into(),
        },
        ExperimentNote {
            experiment: "batch-size".into(),
            question: "How many samples should one update see?".into(),
            method: "The same network on standardized inputs; the arms differ in the batch size alone.".into(),
        },
    ]
}

fn datasets() -> Vec<DatasetNote> {
    vec![
        DatasetNote {
            experiment: String::new(),
            dataset: "wine".into(),
            samples: 178,
            training_samples: 107,
            features: 13,
            target: "3 cultivars".into(),
            source: "UCI Machine Learning Repository, CC BY 4.0.".into(),
            fingerprint: String::new(),
        },
        DatasetNote {
            experiment: String::new(),
            dataset: "digits_100k".into(),
            samples: 100_000,
            training_samples: 60_000,
            features: 64,
            target: "10 digits".into(),
            source:
                "Made from the 1,797 images of the UCI set by small shifts, rotations and noise."
                    .into(),
            fingerprint: String::new(),
        },
    ]
}

/// A small wobble that looks like noise and is the same every time.
fn wobble(seed: f64) -> f64 {
    ((seed * 12.9898).sin() * 43_758.545_3).fract()
}

#[allow(clippy::too_many_arguments)] // A table of numbers, not an interface.
fn arm_result(
    experiment: &str,
    dataset: &str,
    arm: &str,
    scaler: &str,
    batch_size: &str,
    speed: f64,
    cost: f64,
    diverges: bool,
    index: usize,
) -> ArmResult {
    let batch = batch_size
        .parse()
        .unwrap_or(if dataset == "wine" { 107 } else { 60_000 });
    let target = 0.21;
    let loss_at = |updates: f64| 0.02 + 1.1 / (1.0 + speed * updates).powf(0.75);
    let mut points = Vec::new();
    let mut updates = 0u64;
    while updates < 2_400 {
        let gone = diverges && updates > 60;
        let noise = 0.04 * wobble(updates as f64 + index as f64);
        let loss = loss_at(updates as f64)
            * (1.0 + noise)
            * if diverges {
                1.0 + updates as f64 / 30.0
            } else {
                1.0
            };
        points.push(CurvePoint {
            epoch: updates as f64 * batch as f64 / 60_000.0,
            updates,
            samples: updates * batch,
            seconds: updates as f64 * cost * 1e-3,
            loss: (!gone).then_some(loss),
            low: (!gone).then_some(loss * 0.85),
            high: (!diverges || updates <= 30).then_some(loss * 1.2),
        });
        updates = (updates + 1).max(updates * 5 / 4);
    }
    let reached = points
        .iter()
        .find(|point| point.loss.is_some_and(|loss| loss <= target))
        .cloned();
    let best = 0.06 * 3f64.powi(index as i32 % 3);
    let tuning = (0..9).map(|step| {
        let learning_rate = 1e-3 * 10f64.powf(0.5 * f64::from(step));
        let away = (learning_rate / best).log10();
        let diverged = away > 1.1;
        let validation_loss = (!diverged).then_some(0.12 + 0.05 * index as f64 + 0.5 * away * away);
        TuningPoint {
            budget: "updates".into(),
            learning_rate,
            validation_loss,
            diverged,
            ..TuningPoint::default()
        }
    });
    let mut tuning: Vec<TuningPoint> = tuning.collect();
    if let Some(point) = tuning
        .iter_mut()
        .filter(|point| point.validation_loss.is_some())
        .min_by(|a, b| {
            a.validation_loss
                .partial_cmp(&b.validation_loss)
                .expect("numbers")
        })
    {
        point.chosen = true;
    }
    let budgets = ["updates", "seconds"].map(|budget| BudgetSummary {
        budget: budget.into(),
        learning_rate: best,
        runs: 10,
        reached: if reached.is_some() { 10 } else { 2 },
        diverged: if diverges { 6 } else { 0 },
        training_loss: points.last().and_then(|point| point.loss),
        validation_loss: points
            .last()
            .and_then(|point| point.loss)
            .map(|loss| loss * 1.3),
        test_loss: points
            .last()
            .and_then(|point| point.loss)
            .map(|loss| loss * 1.35),
        metric_name: "accuracy".into(),
        metric: (!diverges).then_some(0.9 + 0.08 * speed.min(1.0)),
        best_epoch: None,
        updates_to_target: reached.as_ref().map(|point| point.updates as f64),
        samples_to_target: reached.as_ref().map(|point| point.samples as f64),
        seconds_to_target: reached.as_ref().map(|point| point.seconds),
    });
    ArmResult {
        experiment: experiment.into(),
        dataset: dataset.into(),
        arm: arm.into(),
        scaler: scaler.into(),
        batch_size: batch_size.into(),
        target_loss: Some(target),
        loss_name: "training loss".into(),
        tuning,
        budgets: budgets.to_vec(),
        curves: ["updates", "seconds"]
            .map(|budget| Curve {
                budget: budget.into(),
                points: points.clone(),
            })
            .into(),
    }
}

/// A claim on pairs whose ratio is about `ratio`, with `spread` on the scale of logarithms; the first
/// `cut_off` runs of the first arm never arrived.
#[allow(clippy::too_many_arguments)] // A table of numbers, not an interface.
fn claim(
    experiment: &str,
    id: &str,
    text: &str,
    dataset: &str,
    budget: &str,
    unit: &str,
    direction: Direction,
    ratio: f64,
    spread: f64,
    cut_off: usize,
) -> ClaimResult {
    let pairs: Vec<_> = (0..10)
        .map(|pair| {
            let first = ratio * (spread * wobble(pair as f64 + ratio)).exp();
            let first = if pair < cut_off {
                Observation::AtLeast(first)
            } else {
                Observation::Exact(first)
            };
            (first, Observation::Exact(1.0))
        })
        .collect();
    let comparison = Comparison::ratios(&pairs, 0.95).expect("numbers");
    let hypothesis = Hypothesis::new(direction, 0.05).expect("a margin");
    let effect = Effect::new(&comparison, unit);
    ClaimResult {
        id: id.into(),
        claim: text.into(),
        experiment: experiment.into(),
        dataset: dataset.into(),
        budget: budget.into(),
        verdict: comparison.verdict(&hypothesis),
        statement: format!(
            "With equal {budget}, the {unit} is {:.2}.",
            effect.estimate.unwrap_or(f64::NAN)
        ),
        effect,
        hypothesis,
        p: comparison.p_value(&hypothesis),
        pairs: comparison.pairs,
        censored: comparison.censored,
    }
}

fn claims() -> Vec<ClaimResult> {
    use Direction::{Greater, Same};
    let standardize = "Subtracting the training mean and dividing by the training standard deviation, feature by \
                       feature, reaches the same loss in fewer updates and less time.";
    let faster = "With batches of 16 to 32, training reaches the target loss in far less time than with the full batch.";
    let mut claims = Vec::new();
    for (dataset, factor, cut_off) in [
        ("wine", 38.0, 3),
        ("airfoil", 4.1, 0),
        ("digits_100k", 1.1, 0),
    ] {
        let spread = if factor < 2.0 { 0.9 } else { 0.3 };
        for (budget, unit) in [
            ("updates", "ratio of updates, raw / standardized"),
            ("seconds", "ratio of seconds, raw / standardized"),
        ] {
            let factor = if budget == "seconds" {
                factor * 1.2
            } else {
                factor
            };
            claims.push(claim(
                "normalization",
                "standardize-speeds-training",
                standardize,
                dataset,
                budget,
                unit,
                Greater,
                factor,
                spread,
                cut_off,
            ));
        }
        claims.push(claim(
            "normalization",
            "centering-alone",
            "Subtracting the mean gives part of the gain, dividing by the deviation the rest.",
            dataset,
            "updates",
            "ratio of updates, raw / centred",
            Greater,
            1.01,
            0.04,
            0,
        ));
        for budget in ["epochs", "updates", "seconds"] {
            claims.push(claim(
                "batch-size",
                "minibatch-is-faster",
                faster,
                dataset,
                budget,
                "ratio of seconds to the target, full / 32",
                Greater,
                if budget == "updates" { 0.6 } else { 11.0 },
                0.4,
                usize::from(budget == "seconds") * 10,
            ));
        }
        claims.push(claim(
            "batch-size",
            "same-destination",
            "Full batch and mini-batch end at about the same loss.",
            dataset,
            "seconds",
            "ratio of training loss, full / 32",
            Same,
            1.01,
            0.03,
            0,
        ));
    }
    claims
}

#[test]
fn the_results_survive_json() {
    let results = results();
    let json = serde_json::to_string(&results).expect("json");
    assert!(
        !json.contains("NaN") && !json.contains("inf,"),
        "only JSON's numbers"
    );
    let back: Results = serde_json::from_str(&json).expect("results");
    assert_eq!(back, results);
}

#[test]
fn the_layout_is_the_promised_one() {
    let json = serde_json::to_value(results()).expect("json");
    let claim = &json["claims"][0];
    for key in ["id", "dataset", "budget", "verdict", "effect", "pairs"] {
        assert!(!claim[key].is_null(), "{key}");
    }
    assert!(claim["verdict"].is_string());
    for key in ["estimate", "low", "high", "unit"] {
        assert!(claim["effect"].get(key).is_some(), "{key}");
    }
    // The first claim has censored runs of the slower arm: nothing bounds its effect from above.
    assert!(claim["effect"]["high"].is_null() && claim["effect"]["low"].is_number());
    for key in ["processor", "cores", "threads", "revision", "versions"] {
        assert!(!json["environment"][key].is_null(), "{key}");
    }
}

/// `cargo test -p smallbatch-lab -- --ignored look_at` writes a report to the system's folder for
/// temporary files.
#[test]
#[ignore = "for looking at the report in a browser"]
fn a_report_to_look_at() {
    let folder = std::env::temp_dir().join("smallbatch-report");
    let written = super::write(&results(), &[RunRecord::default()], &folder).expect("written");
    println!(
        "{}\n{}",
        written.report.display(),
        super::terminal_table(&results())
    );
}
