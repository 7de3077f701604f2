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

use probe::{Data, UPDATES, Way, measure};

pub use probe::memory_of_training;

use super::plan::{Plan, Size};
use super::progress::Ledger;
use crate::Error;
use crate::results::{
    ClaimResult, DatasetNote, Effect, ExperimentNote, MEMORY, MemoryPoint, Omission, OmissionKind,
};
use crate::statistics::{Comparison, Direction, Hypothesis, Observation, median, verdict};

/// The claim's name.
const CLAIM: &str = "full-batch-memory";
/// Growth that does not count, in bytes for each added sample. The order of the samples is a list of whole numbers of eight
/// bytes, which is held once or twice while an epoch begins: 16 bytes, and 15 to 18 were measured. One lump keeps the values
/// and gradients of every hidden unit, which is 256 bytes for the smallest network here. This lies between, a factor of two
/// above the one and of eight below the other.
const MARGIN: f64 = 32.0;
/// The system counts memory in pages, mostly of this many bytes; so many may come or go unseen.
const PAGE: f64 = 4096.0;
const CONFIDENCE: f64 = 0.95;
/// Units of the ledger that one measurement takes, nearly.
const COST: f64 = 4.0;

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

/// How often each measurement is repeated.
fn repetitions(size: Size) -> usize {
    match size {
        Size::Quick => 3,
        Size::Default => 5,
        Size::Thorough => 10,
    }
}

/// Work of the experiment in units of the ledger.
pub(crate) fn estimate(plan: &Plan) -> f64 {
    let measurements = Data::ALL.len() * 3 * repetitions(plan.size);
    COST * measurements as f64 * plan.threads as f64
}

/// Measures and compares.
pub(crate) fn run(plan: &Plan, ledger: &mut Ledger<'_>) -> Findings {
    run_with(plan, ledger, |data, samples| {
        measure(plan.memory_probe.as_deref(), data, samples)
    })
}

fn run_with(
    plan: &Plan,
    ledger: &mut Ledger<'_>,
    measure: impl Fn(Data, usize) -> Result<Option<[u64; 3]>, Error>,
) -> Findings {
    let mut findings = Findings {
        note: note(plan),
        datasets: Vec::new(),
        claims: Vec::new(),
        points: Vec::new(),
        omissions: Vec::new(),
        failure: None,
    };
    for data in Data::ALL {
        ledger.stage(
            format!("{MEMORY} on {data}: measuring"),
            estimate(plan) / Data::ALL.len() as f64,
        );
        let sizes = [1, 2, 4].map(|factor| factor * data.fewest());
        match repeated(plan, ledger, sizes, |samples| measure(data, samples)) {
            Ok(Outcome::Measured(measured)) => {
                findings.datasets.push(dataset_note(data));
                findings.points.extend(points(data, sizes, &measured));
                for way in Way::ALL {
                    match claim(data, way, sizes, &measured) {
                        Ok(claim) => findings.claims.push(claim),
                        Err(error) => findings.failure = Some(error),
                    }
                }
            }
            Ok(Outcome::NotTold) => findings.omissions.push(Omission {
                experiment: MEMORY.into(),
                dataset: data.name().into(),
                claim: Some(CLAIM.into()),
                kind: OmissionKind::NotMeasurableHere,
                reason: format!(
                    "{CLAIM} was not tested on {data}: this system does not tell a process its peak memory (Linux does, \
                     where /proc/self/clear_refs may be written)."
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

/// What came of the measurements on one data set.
enum Outcome {
    /// For each repetition and each number of samples, the bytes of each way.
    Measured(Vec<[[u64; 3]; 3]>),
    /// The system does not tell.
    NotTold,
    /// Someone asked to stop.
    Interrupted,
}

fn repeated(
    plan: &Plan,
    ledger: &mut Ledger<'_>,
    sizes: [usize; 3],
    measure: impl Fn(usize) -> Result<Option<[u64; 3]>, Error>,
) -> Result<Outcome, Error> {
    let mut measured = Vec::new();
    for _ in 0..repetitions(plan.size) {
        let mut row = [[0; 3]; 3];
        for (peaks, samples) in row.iter_mut().zip(sizes) {
            if ledger.interrupted() {
                return Ok(Outcome::Interrupted);
            }
            let Some(found) = measure(samples)? else {
                return Ok(Outcome::NotTold);
            };
            *peaks = found;
            ledger.add(COST * plan.threads as f64);
        }
        measured.push(row);
    }
    Ok(Outcome::Measured(measured))
}

fn points(data: Data, sizes: [usize; 3], measured: &[[[u64; 3]; 3]]) -> Vec<MemoryPoint> {
    let mut points = Vec::new();
    for way in Way::ALL {
        for (index, samples) in sizes.into_iter().enumerate() {
            let bytes: Vec<f64> = measured
                .iter()
                .map(|row| row[index][way as usize] as f64)
                .collect();
            points.push(MemoryPoint {
                dataset: data.name().into(),
                way: way.name().into(),
                samples,
                bytes: median(&bytes).unwrap_or_default(),
            });
        }
    }
    points
}

/// The bytes that each added sample costs, from the smallest number of samples to the largest.
fn claim(
    data: Data,
    way: Way,
    sizes: [usize; 3],
    measured: &[[[u64; 3]; 3]],
) -> Result<ClaimResult, Error> {
    let [fewest, _, most] = sizes;
    let added = (most - fewest) as f64;
    let pairs: Vec<(Observation, Observation)> = measured
        .iter()
        .map(|[first, _, last]| {
            let by_sample =
                |peaks: &[u64; 3]| Observation::Exact(peaks[way as usize] as f64 / added);
            (by_sample(last), by_sample(first))
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
    let hypothesis = Hypothesis::new(direction, MARGIN)?;
    Ok(ClaimResult {
        id: CLAIM.into(),
        claim: text.into(),
        experiment: MEMORY.into(),
        dataset: data.name().into(),
        budget: "updates".into(),
        // Without a number of seeds: how often this is measured does not depend on them.
        verdict: verdict(&comparison.interval, &hypothesis),
        effect: Effect::new(
            &comparison,
            format!("bytes of memory for each added sample, {}", way.name()),
        ),
        hypothesis,
        p: comparison.p_value(&hypothesis),
        pairs: comparison.pairs,
        censored: 0,
        statement: format!(
            "From {fewest} to {most} samples, each added sample takes {:.1} more bytes beside the data with {}.",
            comparison.interval.estimate.unwrap_or(f64::NAN),
            way.name()
        ),
    })
}

fn note(plan: &Plan) -> ExperimentNote {
    ExperimentNote {
        experiment: MEMORY.into(),
        question: "How does the memory that training needs grow with the data?".into(),
        method: format!(
            "{UPDATES} updates of a network with one hidden layer of 32 (two-inputs) or 64 units (augmented-digits: the digits \
             multiplied by small changes), on two doublings of the number of samples. Counted is the peak of the process's \
             resident memory over what it was when the data were loaded and scaled, {} times; {}. One lump keeps every \
             layer's values for all samples at once; chunks keep those of {CHUNK}; a mini-batch those of 32. Growth of less \
             than {MARGIN} bytes a sample does not count: the list of the samples' order takes up to 16.",
            repetitions(plan.size),
            if plan.memory_probe.is_some() {
                "each number of samples in a process of its own, in which the three ways follow each other, the one that \
                 needs least first"
            } else {
                "all in this process, where memory used before may hide some"
            }
        ),
    }
}

fn dataset_note(data: Data) -> DatasetNote {
    let (features, target) = match data {
        Data::TwoInputs => (2, "2 classes"),
        Data::Digits => (64, "10 classes"),
    };
    DatasetNote {
        experiment: MEMORY.into(),
        dataset: data.name().into(),
        samples: 4 * data.fewest(),
        training_samples: 4 * data.fewest(),
        features,
        target: target.into(),
        source: match data {
            Data::TwoInputs => "synthetic",
            Data::Digits => "made from digits (Alpaydin & Kaynak, UCI, CC BY 4.0)",
        }
        .into(),
        fingerprint: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Verdict;

    #[test]
    fn growth_is_told_from_the_memory_that_was_measured() {
        // 1,000 bytes a sample in one lump, nothing in chunks, eight bytes in mini-batches; a little noise.
        let row = |noise: u64| {
            [25_000_u64, 50_000, 100_000]
                .map(|n| [1_000 * n + noise, 300_000 + noise, 8 * n + noise])
        };
        let measured = [row(0), row(8_192), row(4_096)];
        let sizes = [25_000, 50_000, 100_000];
        for (way, verdict, estimate) in [
            (Way::Lump, Verdict::Supported, 1_000.0),
            (Way::Chunks, Verdict::Equivalent, 0.0),
            (Way::Mini, Verdict::Equivalent, 8.0),
        ] {
            let found = claim(Data::Digits, way, sizes, &measured).unwrap();
            assert_eq!(found.verdict, verdict, "{}", found.statement);
            assert!((found.effect.estimate.unwrap() - estimate).abs() < 1e-9);
            assert_eq!(found.holds(), Some(true));
        }
    }

    // What is measured is tested in a process of its own, by the program's tests: others in this one use memory meanwhile.

    #[test]
    fn unknown_data_are_refused() {
        let error = memory_of_training("digit", 10).unwrap_err();
        assert!(error.to_string().contains("augmented-digits"), "{error}");
    }

    fn found(measure: impl Fn(Data, usize) -> Result<Option<[u64; 3]>, Error>) -> Findings {
        let plan = Plan {
            size: Size::Quick,
            threads: usize::MAX,
            ..Plan::default()
        };
        assert!(estimate(&plan).is_finite());
        run_with(&plan, &mut Ledger::new(&mut (), 1.0), measure)
    }

    #[test]
    fn where_the_system_does_not_tell_the_results_say_so() {
        let findings = found(|_, _| Ok(None));
        assert!(findings.claims.is_empty() && findings.failure.is_none());
        let datasets: Vec<&str> = findings
            .omissions
            .iter()
            .filter(|omission| omission.claim.as_deref() == Some(CLAIM))
            .filter(|omission| omission.kind == OmissionKind::NotMeasurableHere)
            .map(|omission| omission.dataset.as_str())
            .collect();
        assert_eq!(datasets, Data::ALL.map(Data::name));
    }

    #[test]
    fn a_failure_keeps_what_was_measured_before() {
        let findings = found(|data, samples| match data {
            Data::TwoInputs => Ok(Some([300 * samples as u64, 4096, 4096])),
            Data::Digits => memory_of_training("no such data", samples),
        });
        assert_eq!(findings.claims.len(), Way::ALL.len());
        assert!(findings.failure.is_some());
        // More seeds would not measure the memory more often.
        let noisy = [[[9, 0, 0]; 3], [[9, 0, 9_000_000]; 3]];
        let open = claim(Data::Digits, Way::Mini, [1, 2, 4], &noisy).unwrap();
        assert_eq!(open.verdict, Verdict::Inconclusive { more_seeds: None });
    }
}
