//! Why, in numbers: what scaling does to the curvature, and what noise makes of the batch size.
//!
//! Four measurements on the same data: how large a learning rate the curvature allows, predicted and found by bisection
//! (`curvature.rs`); the noise scale along training, the samples to a target for several batch sizes, and the curvature
//! where they arrive (`training.rs`); and the predicted cost curve through these samples (`cost.rs`).

mod cost;
mod curvature;
mod rows;
mod training;

use smallbatch_data::BatchSize;
use smallbatch_preprocess::{AnyScaler, PerSample, Scaling, StandardScaler};

use super::definition::{Arm, Case, Optimizer, Statistics};
use super::plan::Plan;
use super::progress::Ledger;
use crate::Error;
use crate::results::{DatasetNote, ExperimentNote, Omission, OmissionKind, Why};

/// What is measured, and on what.
#[derive(Clone, Debug)]
pub(crate) struct WhyStudy {
    /// The experiment's name.
    pub(crate) name: String,
    /// What it asks, one sentence.
    pub(crate) question: String,
    /// The most seeds of the measurements, whatever the plan says.
    pub(crate) seeds: usize,
    /// The data sets; at least one.
    pub(crate) cases: Vec<WhyCase>,
}

/// One data set of a [`WhyStudy`].
#[derive(Clone, Debug)]
pub(crate) struct WhyCase {
    /// The data and the network; its budgets do not count.
    pub(crate) case: Case,
    /// The target of training as a part of the loss of the best constant prediction.
    pub(crate) goal: f64,
}

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

impl WhyStudy {
    fn seeds(&self, plan: &Plan) -> Vec<u64> {
        let mut seeds = plan.final_seeds();
        seeds.truncate(self.seeds);
        seeds
    }

    /// Work of the experiment in units of the ledger.
    pub(crate) fn estimate(&self, plan: &Plan) -> f64 {
        COST * (self.cases.len() * self.seeds(plan).len() * plan.threads) as f64
    }

    /// Measures on every data set; a failure ends the work on its own data set alone.
    pub(crate) fn run(&self, plan: &Plan, ledger: &mut Ledger<'_>) -> Findings {
        let mut findings = Findings {
            note: self.note(plan),
            datasets: Vec::new(),
            why: Why::default(),
            omissions: Vec::new(),
            failures: Vec::new(),
        };
        for case in &self.cases {
            if ledger.interrupted() {
                break;
            }
            let dataset = &case.case.source.name;
            ledger.stage(
                format!(
                    "{} on {dataset}: measuring curvature, noise and cost",
                    self.name
                ),
                self.estimate(plan) / self.cases.len() as f64,
            );
            if let Err(error) = self.measure(case, plan, ledger, &mut findings) {
                findings.omissions.push(Omission {
                    experiment: self.name.clone(),
                    dataset: dataset.clone(),
                    claim: None,
                    kind: OmissionKind::Failed,
                    reason: format!("Not all of it was measured: {error}."),
                });
                findings.failures.push(error);
            }
        }
        findings
    }

    fn measure(
        &self,
        WhyCase { case, goal }: &WhyCase,
        plan: &Plan,
        ledger: &mut Ledger<'_>,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let source = &case.source;
        findings.datasets.push(DatasetNote {
            experiment: self.name.clone(),
            dataset: source.name.clone(),
            samples: source.dataset.n_samples(),
            training_samples: case.nominal_training_samples(),
            features: source.dataset.n_features(),
            target: source.dataset.target().class_counts().map_or_else(
                || "a number, standardized".into(),
                |counts| format!("{} classes", counts.len()),
            ),
            source: source.origin.clone(),
            fingerprint: format!("{:032x}", source.fingerprint()),
        });
        let share = COST * plan.threads as f64 / 2.0;
        let seeds = self.seeds(plan);
        curvature::measure(case, &seeds, ledger, share, &mut findings.why)?;
        let tuning = plan.tuning_seeds(2);
        training::measure(
            case,
            *goal,
            (&seeds, &tuning),
            ledger,
            share,
            &mut findings.why,
        )
    }

    fn note(&self, plan: &Plan) -> ExperimentNote {
        let networks: Vec<String> = self
            .cases
            .iter()
            .map(|WhyCase { case, goal }| {
                let units: Vec<String> = case.hidden.iter().map(usize::to_string).collect();
                let (name, units) = (&case.source.name, units.join("-"));
                format!("{name} ({units} hidden units, target {goal})")
            })
            .collect();
        ExperimentNote {
            experiment: self.name.clone(),
            question: self.question.clone(),
            method: format!(
                "ReLU networks on {}; {} seeds. {} {}",
                networks.join(" and "),
                self.seeds(plan).len(),
                curvature::METHOD,
                training::method()
            ),
        }
    }
}

/// The ways to scale the inputs: a sample's own features can be its measure only where there are several.
fn scalings(n_features: usize) -> Vec<(&'static str, AnyScaler)> {
    let mut scalings = vec![
        ("raw", AnyScaler::Identity),
        (
            "centred",
            StandardScaler::new().scaling(Scaling::None).into(),
        ),
        ("standardized", StandardScaler::new().into()),
    ];
    if n_features > 1 {
        scalings.push(("per-sample", PerSample::new().into()));
    }
    scalings
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
