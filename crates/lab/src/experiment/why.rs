//! Why, in numbers: what scaling does to the curvature, and what noise makes of the batch size.
//!
//! Four measurements on the same data: how large a learning rate the curvature allows, predicted and found by bisection
//! (`curvature.rs`); the noise scale along training, the samples to a target for several batch sizes, and the curvature
//! where they arrive (`training.rs`); and the predicted cost curve through these samples (`cost.rs`).

mod cost;
mod curvature;
mod training;

use std::sync::Arc;

use smallbatch_data::BatchSize;
use smallbatch_preprocess::{AnyScaler, PerSample, Scaling, StandardScaler};

use super::definition::{Arm, Case, Optimizer, Statistics};
use super::plan::{Plan, Size};
use super::progress::Ledger;
use super::sources::Shelf;
use crate::Error;
use crate::results::{DatasetNote, ExperimentNote, Omission, OmissionKind, Why};

/// The experiment's name.
pub(super) const WHY: &str = "why";
/// The data sets, with the units of the one hidden layer, and the target of training as a part of the loss of the best
/// constant prediction. It is such that the full batch needs dozens of updates: a few steps tell nothing of noise.
const DATA: [(&str, usize, f64); 2] = [("wine", 16, 0.05), ("airfoil", 16, 0.35)];
/// Units of the ledger that one data set takes, nearly, for each seed.
const COST: f64 = 3.0;

/// What the experiment gave.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) note: ExperimentNote,
    pub(super) datasets: Vec<DatasetNote>,
    pub(super) why: Why,
    pub(super) omissions: Vec<Omission>,
    /// What went wrong; what was complete by then is there.
    pub(super) failures: Vec<Error>,
}

/// Seeds of the measurements: medians of a few do, where no verdict rests on them.
fn seeds(plan: &Plan) -> Vec<u64> {
    let most = match plan.size {
        Size::Quick => 3,
        Size::Default => 5,
        Size::Thorough => 30,
    };
    let mut seeds = plan.final_seeds();
    seeds.truncate(most);
    seeds
}

/// Work of the experiment in units of the ledger.
pub(super) fn estimate(plan: &Plan) -> f64 {
    COST * (DATA.len() * seeds(plan).len() * plan.threads) as f64
}

/// Measures on every data set; a failure ends the work on its own data set alone.
pub(super) fn run(plan: &Plan, ledger: &mut Ledger<'_>) -> Findings {
    let mut findings = Findings {
        note: note(plan),
        datasets: Vec::new(),
        why: Why::default(),
        omissions: Vec::new(),
        failures: Vec::new(),
    };
    let mut shelf = Shelf::new(plan.base_seed);
    for (name, hidden, target) in DATA {
        if ledger.interrupted() {
            break;
        }
        ledger.stage(
            format!("{WHY} on {name}: measuring curvature, noise and cost"),
            estimate(plan) / DATA.len() as f64,
        );
        if let Err(error) = one(
            (name, hidden, target),
            plan,
            &mut shelf,
            ledger,
            &mut findings,
        ) {
            findings.omissions.push(Omission {
                experiment: WHY.into(),
                dataset: name.into(),
                claim: None,
                kind: OmissionKind::Failed,
                reason: format!("Not all of it was measured: {error}."),
            });
            findings.failures.push(error);
        }
    }
    findings
}

fn one(
    (name, hidden, goal): (&str, usize, f64),
    plan: &Plan,
    shelf: &mut Shelf,
    ledger: &mut Ledger<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let case = Case {
        source: shelf.built_in(name)?,
        hidden: vec![hidden],
        epochs: 1,
        updates: None,
        patience: 1,
        measured: None,
        training_samples: None,
        tuning_seeds: 1,
    };
    let source = Arc::clone(&case.source);
    let target = source.dataset.target();
    findings.datasets.push(DatasetNote {
        experiment: WHY.into(),
        dataset: name.into(),
        samples: source.dataset.n_samples(),
        training_samples: case.nominal_training_samples(),
        features: source.dataset.n_features(),
        target: target.class_counts().map_or_else(
            || "a number, standardized".into(),
            |counts| format!("{} classes", counts.len()),
        ),
        source: source.origin.clone(),
        fingerprint: format!("{:032x}", source.fingerprint()),
    });
    let share = COST * plan.threads as f64 / 2.0;
    let seeds = seeds(plan);
    curvature::measure(&case, &seeds, ledger, share, &mut findings.why)?;
    let tuning = plan.tuning_seeds(2);
    training::measure(
        &case,
        goal,
        (&seeds, &tuning),
        ledger,
        share,
        &mut findings.why,
    )
}

/// The four ways to scale the inputs.
fn scalings() -> [(&'static str, AnyScaler); 4] {
    [
        ("raw", AnyScaler::Identity),
        (
            "centred",
            StandardScaler::new().scaling(Scaling::None).into(),
        ),
        ("standardized", StandardScaler::new().into()),
        ("per-sample", PerSample::new().into()),
    ]
}

fn arm(name: &str, scaler: AnyScaler) -> Arm {
    Arm {
        name: name.into(),
        scaler,
        scaler_name: name.into(),
        statistics: Statistics::TrainingPart,
        batch_size: BatchSize::Full,
        optimizer: Optimizer::default(),
    }
}

fn note(plan: &Plan) -> ExperimentNote {
    let networks: Vec<String> = DATA
        .iter()
        .map(|(name, hidden, target)| format!("{name} ({hidden} hidden units, target {target})"))
        .collect();
    ExperimentNote {
        experiment: WHY.into(),
        question: "Why do normalization and batch size matter, in numbers?".into(),
        method: format!(
            "ReLU networks with one hidden layer on {}; {} seeds. {} {}",
            networks.join(" and "),
            seeds(plan).len(),
            curvature::METHOD,
            training::method()
        ),
    }
}
