//! The claim that is counted in bytes: what each added sample takes as one lump, and in mini-batches.

use smallbatch_evidence::{Scale, Verdict};
use smallbatch_report::results::{Answer, MemoryPoint};
pub use smallbatch_sweep::MemoryProbe;
use smallbatch_sweep::{Progress, Status};

use crate::design::{Claim, Memory};
use crate::{Error, Plan};

/// The data, each with its hidden units and the bytes of a sample: features of four bytes and a label of eight.
const DATA: [(&str, usize, f64); 2] = [
    ("two-inputs", 32, 2.0 * 4.0 + 8.0),
    ("augmented-digits", 64, 64.0 * 4.0 + 8.0),
];

/// The ways, in the order of a probe's numbers.
const WAYS: [&str; 3] = ["full batch, one lump", "full batch, in chunks", "batch 32"];

/// Samples of a mini-batch.
const BATCH: usize = 32;

/// What was measured.
pub(crate) struct Found {
    pub(crate) points: Vec<MemoryPoint>,
    pub(crate) answer: Answer,
}

/// Measures; `None` where the system does not tell a process its peak.
pub(crate) fn run(
    claim: &Claim,
    study: &Memory,
    plan: &Plan,
    progress: &mut dyn Progress,
) -> Result<Option<Found>, Error> {
    let mut points = Vec::new();
    let mut growth: Vec<(f64, f64)> = Vec::new();
    let n = DATA.len() * study.samples.len();
    for (data, hidden, bytes) in DATA {
        let mut peaks = Vec::new();
        for &samples in &study.samples {
            if progress.interrupted() {
                return Err(smallbatch_sweep::Error::Interrupted.into());
            }
            progress.report(&Status {
                fraction: points.len() as f64 / (WAYS.len() * n) as f64,
                remaining: None,
                message: "measuring memory",
            });
            let probe = MemoryProbe {
                data: data.into(),
                samples,
                hidden: vec![hidden],
                updates: study.updates,
                batch: BATCH,
            };
            let measured = match &plan.memory_probe {
                Some(program) => probe.measure_by(program)?,
                None => probe.measure()?,
            };
            let Some(found) = measured else {
                return Ok(None);
            };
            peaks.push(found);
            points.extend(WAYS.iter().zip(found).map(|(way, bytes)| MemoryPoint {
                dataset: data.into(),
                way: (*way).into(),
                samples,
                bytes: bytes as f64,
            }));
        }
        let (Some(few), Some(many)) = (peaks.first(), peaks.last()) else {
            continue;
        };
        let (fewest, most) = (study.samples[0], study.samples[study.samples.len() - 1]);
        let added = most.saturating_sub(fewest).max(1) as f64;
        let by_sample = |way: usize| (many[way] as f64 - few[way] as f64) / added;
        growth.push((by_sample(0) - by_sample(2), bytes));
    }
    // The answer is the set of data where the lump takes least beyond the data itself.
    let least = growth
        .iter()
        .copied()
        .min_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (estimate, data) = least.unwrap_or((0.0, 0.0));
    Ok(Some(Found {
        points,
        answer: Answer {
            claim: claim.id.clone(),
            text: study.text.clone(),
            primary: true,
            measure: "memory".into(),
            budget: format!("{} updates", study.updates),
            target: None,
            unit: "bytes for each added sample, one lump less mini-batches".into(),
            scale: Scale::Difference,
            words: study.words.clone(),
            estimate: Some(estimate),
            low: estimate,
            high: estimate,
            hypothesis: format!("more than the {data} bytes of the sample itself"),
            threshold: data,
            same: false,
            tau: None,
            prediction: None,
            n_tables: growth.len(),
            n_repetitions: 1,
            n_censored: 0,
            n_censored_second: 0,
            n_pairs: growth.len(),
            verdict: if estimate > data {
                Verdict::Supported
            } else {
                Verdict::Refuted
            },
            needed: None,
            p: None,
            p_corrected: None,
            parts: Vec::new(),
            note: String::new(),
        },
    }))
}
