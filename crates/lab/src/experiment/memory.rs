//! The experiment on memory: what training needs beside the data, against the number of samples.
//!
//! Three ways of handling the samples are measured on a real process, by what the system says of it: all of them in one lump
//! (the textbook's matrix product over the whole training set), all of them in chunks (the full batch of this house), and
//! mini-batches. Each number of samples has a process of its own where the plan names a program for it (see
//! [`Plan::memory_probe`](super::Plan::memory_probe)), since what a process has freed it may use again, unseen. The three ways
//! share that process, and the one that needs least comes first.
//!
//! Where the system does not tell a process its peak, nothing is measured, and the results say so.

mod probe;

use smallbatch_mlp::CHUNK;

use probe::{Way, measure};

pub(super) use probe::Data;
pub use probe::MemoryProbe;

use super::plan::Plan;
use super::progress::Ledger;
use crate::Error;
use crate::results::{
    ClaimResult, DatasetNote, Effect, ExperimentNote, MemoryPoint, Omission, OmissionKind,
};
use crate::statistics::{Comparison, Direction, Hypothesis, Observation, median, verdict};

/// The claim's name.
const CLAIM: &str = "full-batch-memory";
/// The system counts memory in pages, mostly of this many bytes; so many may come or go unseen.
const PAGE: f64 = 4096.0;
const CONFIDENCE: f64 = 0.95;
/// Units of the ledger that one measurement takes, nearly.
const COST: f64 = 4.0;

/// What is measured.
#[derive(Clone, Debug)]
pub(crate) struct MemoryStudy {
    /// The experiment's name.
    pub(crate) name: String,
    /// What it asks, one sentence.
    pub(crate) question: String,
    /// Updates of each training.
    pub(crate) updates: u64,
    /// Samples of a mini-batch.
    pub(crate) batch: usize,
    /// How often each measurement is repeated; at least 2.
    pub(crate) repetitions: usize,
    /// Growth that does not count, in bytes for each added sample.
    pub(crate) margin: f64,
    /// The data sets; at least one.
    pub(crate) cases: Vec<MemoryCase>,
}

/// One data set of a [`MemoryStudy`].
#[derive(Clone, Debug)]
pub(crate) struct MemoryCase {
    pub(crate) data: Data,
    /// Units of the hidden layers.
    pub(crate) hidden: Vec<usize>,
    /// Numbers of samples, ascending; at least two.
    pub(crate) samples: Vec<usize>,
}

/// What the experiment gave.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) note: ExperimentNote,
    pub(crate) datasets: Vec<DatasetNote>,
    pub(crate) claims: Vec<ClaimResult>,
    pub(crate) points: Vec<MemoryPoint>,
    pub(crate) omissions: Vec<Omission>,
    /// What ended the measuring early, if something did; what was complete by then is there.
    pub(crate) failure: Option<Error>,
}

impl MemoryStudy {
    /// Work of the experiment in units of the ledger.
    pub(crate) fn estimate(&self, plan: &Plan) -> f64 {
        self.cases
            .iter()
            .map(|case| self.estimate_of(case, plan))
            .sum()
    }

    fn estimate_of(&self, case: &MemoryCase, plan: &Plan) -> f64 {
        let measurements = case.samples.len() * self.repetitions;
        COST * measurements as f64 * plan.threads as f64
    }

    /// Measures and compares.
    pub(crate) fn run(&self, plan: &Plan, ledger: &mut Ledger<'_>) -> Findings {
        self.run_with(plan, ledger, |probe| {
            measure(plan.memory_probe.as_deref(), probe)
        })
    }

    fn run_with(
        &self,
        plan: &Plan,
        ledger: &mut Ledger<'_>,
        measure: impl Fn(&MemoryProbe) -> Result<Option<[u64; 3]>, Error>,
    ) -> Findings {
        let mut findings = Findings {
            note: self.note(plan),
            datasets: Vec::new(),
            claims: Vec::new(),
            points: Vec::new(),
            omissions: Vec::new(),
            failure: None,
        };
        for case in &self.cases {
            let data = case.data;
            ledger.stage(
                format!("{} on {data}: measuring", self.name),
                self.estimate_of(case, plan),
            );
            match self.repeated(case, plan, ledger, &measure) {
                Ok(Outcome::Measured(measured)) => {
                    findings.datasets.push(self.dataset_note(case));
                    findings.points.extend(self.points(case, &measured));
                    for way in Way::ALL {
                        match self.claim(case, way, &measured) {
                            Ok(claim) => findings.claims.push(claim),
                            Err(error) => findings.failure = Some(error),
                        }
                    }
                }
                Ok(Outcome::NotTold) => findings.omissions.push(Omission {
                    experiment: self.name.clone(),
                    dataset: data.name().into(),
                    claim: Some(CLAIM.into()),
                    kind: OmissionKind::NotMeasurableHere,
                    reason: format!(
                        "{CLAIM} was not tested on {data}: this system does not tell a process its peak memory (Linux \
                         does, where /proc/self/clear_refs may be written)."
                    ),
                }),
                Ok(Outcome::Interrupted) => break,
                Err(error) => {
                    findings.failure = Some(error);
                    break;
                }
            }
        }
        findings
    }

    fn repeated(
        &self,
        case: &MemoryCase,
        plan: &Plan,
        ledger: &mut Ledger<'_>,
        measure: impl Fn(&MemoryProbe) -> Result<Option<[u64; 3]>, Error>,
    ) -> Result<Outcome, Error> {
        let mut measured = Vec::new();
        for _ in 0..self.repetitions {
            let mut row = Vec::new();
            for &samples in &case.samples {
                if ledger.interrupted() {
                    return Ok(Outcome::Interrupted);
                }
                let probe = MemoryProbe {
                    data: case.data.name().into(),
                    samples,
                    hidden: case.hidden.clone(),
                    updates: self.updates,
                    batch: self.batch,
                };
                let Some(found) = measure(&probe)? else {
                    return Ok(Outcome::NotTold);
                };
                row.push(found);
                ledger.add(COST * plan.threads as f64);
            }
            measured.push(row);
        }
        Ok(Outcome::Measured(measured))
    }

    fn points(&self, case: &MemoryCase, measured: &[Vec<[u64; 3]>]) -> Vec<MemoryPoint> {
        let mut points = Vec::new();
        for way in Way::ALL {
            for (index, &samples) in case.samples.iter().enumerate() {
                let bytes: Vec<f64> = measured
                    .iter()
                    .map(|row| row[index][way as usize] as f64)
                    .collect();
                points.push(MemoryPoint {
                    experiment: self.name.clone(),
                    dataset: case.data.name().into(),
                    way: way.name(self.batch),
                    samples,
                    bytes: median(&bytes).unwrap_or_default(),
                });
            }
        }
        points
    }

    /// The bytes that each added sample costs, from the smallest number of samples to the largest.
    fn claim(
        &self,
        case: &MemoryCase,
        way: Way,
        measured: &[Vec<[u64; 3]>],
    ) -> Result<ClaimResult, Error> {
        let (last, most) = (case.samples.len() - 1, case.samples[case.samples.len() - 1]);
        let fewest = case.samples[0];
        let added = (most - fewest) as f64;
        let pairs: Vec<(Observation, Observation)> = measured
            .iter()
            .map(|row| {
                let by_sample =
                    |peaks: &[u64; 3]| Observation::Exact(peaks[way as usize] as f64 / added);
                (by_sample(&row[last]), by_sample(&row[0]))
            })
            .collect();
        let comparison = Comparison::differences(&pairs, CONFIDENCE)?.in_steps_of(PAGE / added)?;
        let (direction, text) = match way {
            Way::Lump => (
                Direction::Greater,
                "Handling all samples as one lump makes the memory grow with the data.",
            ),
            Way::Mini => (
                Direction::Same,
                "With mini-batches the memory does not grow with the data, but for the list of their order.",
            ),
            Way::Chunks => (
                Direction::Same,
                "A full batch need not grow either: computed in chunks, it does not.",
            ),
        };
        let hypothesis = Hypothesis::new(direction, self.margin)?;
        let way = way.name(self.batch);
        Ok(ClaimResult {
            id: CLAIM.into(),
            claim: text.into(),
            experiment: self.name.clone(),
            dataset: case.data.name().into(),
            budget: "updates".into(),
            // Without a number of seeds: how often this is measured does not depend on them.
            verdict: verdict(&comparison.interval, &hypothesis),
            effect: Effect::new(
                &comparison,
                format!("bytes of memory for each added sample, {way}"),
            ),
            hypothesis,
            p: comparison.p_value(&hypothesis),
            pairs: comparison.pairs,
            censored: 0,
            statement: format!(
                "From {fewest} to {most} samples, each added sample takes {:.1} more bytes beside the data with {way}.",
                comparison.interval.estimate.unwrap_or(f64::NAN),
            ),
        })
    }

    fn note(&self, plan: &Plan) -> ExperimentNote {
        let networks: Vec<String> = self
            .cases
            .iter()
            .map(|case| {
                let units: Vec<String> = case.hidden.iter().map(usize::to_string).collect();
                let samples: Vec<String> = case.samples.iter().map(usize::to_string).collect();
                let what = match case.data {
                    Data::TwoInputs => "",
                    Data::Digits => ", the digits multiplied by small changes",
                };
                format!(
                    "{} ({} hidden units{what}; {} samples)",
                    case.data,
                    units.join("-"),
                    samples.join(", ")
                )
            })
            .collect();
        ExperimentNote {
            experiment: self.name.clone(),
            question: self.question.clone(),
            method: format!(
                "{} updates of a network on {}. Counted is the peak of the process's resident memory over what it was when the \
                 data were loaded and scaled, {} times; {}. One lump keeps every layer's values for all samples at once; chunks \
                 keep those of {CHUNK}; a mini-batch those of {}. Growth of less than {} bytes a sample does not count: the \
                 list of the samples' order takes up to 16.",
                self.updates,
                networks.join(" and "),
                self.repetitions,
                if plan.memory_probe.is_some() {
                    "each number of samples in a process of its own, in which the three ways follow each other, the one that \
                     needs least first"
                } else {
                    "all in this process, where memory used before may hide some"
                },
                self.batch,
                self.margin,
            ),
        }
    }

    fn dataset_note(&self, case: &MemoryCase) -> DatasetNote {
        let (features, target) = match case.data {
            Data::TwoInputs => (2, "2 classes"),
            Data::Digits => (64, "10 classes"),
        };
        let most = case.samples.last().copied().unwrap_or_default();
        DatasetNote {
            experiment: self.name.clone(),
            dataset: case.data.name().into(),
            samples: most,
            training_samples: most,
            features,
            target: target.into(),
            source: match case.data {
                Data::TwoInputs => "synthetic",
                Data::Digits => "made from digits (Alpaydin & Kaynak, UCI, CC BY 4.0)",
            }
            .into(),
            fingerprint: String::new(),
        }
    }
}

/// What came of the measurements on one data set.
enum Outcome {
    /// For each repetition and each number of samples, the bytes of each way.
    Measured(Vec<Vec<[u64; 3]>>),
    /// The system does not tell.
    NotTold,
    /// Someone asked to stop.
    Interrupted,
}

#[cfg(test)]
mod tests;
