//! The claim that is counted in bytes: what each added sample takes as one lump, and in mini-batches.

use smallbatch_evidence::{Interval, Scale, TableEffect, Verdict, median};
use smallbatch_report::results::{AnswerNote, Effect, MemoryPoint, TableAnswer};
use smallbatch_sweep::MemoryProbe;
use smallbatch_sweep::{Cache, Progress, Purpose, Status, seed_of};

use crate::answers::ERROR;
use crate::design::{Claim, Memory};
use crate::{Error, RunPlan};

/// The data, each with its hidden units and the bytes of a sample: features of four bytes and a label of eight.
const DATA: [(&str, usize, f64); 2] = [
    ("two-inputs", 32, 2.0 * 4.0 + 8.0),
    ("augmented-digits", 64, 64.0 * 4.0 + 8.0),
];

/// The ways, in the order of a probe's numbers.
const WAYS: [&str; 3] = ["full batch, one lump", "full batch, in chunks", "batch 32"];

/// Samples of a mini-batch.
const BATCH: usize = 32;

const SCALE: Scale = Scale::Difference;

const UNIT: &str = "bytes for each added sample, one lump less mini-batches";

/// What was measured.
pub(crate) struct Found {
    pub(crate) points: Vec<MemoryPoint>,
    pub(crate) answer: AnswerNote,
    pub(crate) tables: Vec<TableAnswer>,
    pub(crate) effects: Vec<Effect>,
    /// Whether it was stopped before its end.
    pub(crate) is_interrupted: bool,
}

/// The peaks of one repetition: by data and number of samples, in bytes.
type Peaks = Vec<Vec<[u64; 3]>>;

/// Measures so many times, on data drawn anew; `None` where the system does not tell a process its peak. Stopped early, complete
/// repetitions count.
pub(crate) fn run(
    claim: &Claim,
    study: &Memory,
    plan: &RunPlan,
    n_repetitions: usize,
    cache: Option<&Cache>,
    progress: &mut dyn Progress,
) -> Result<Option<Found>, Error> {
    let mut repetitions: Vec<Peaks> = Vec::new();
    let mut is_interrupted = false;
    for repetition in 0..n_repetitions {
        let done = repetition as f64 / n_repetitions as f64;
        match peaks(study, plan, repetition, done, cache, progress) {
            Ok(Some(peaks)) => repetitions.push(peaks),
            Ok(None) => return Ok(None),
            Err(error) if error.is_interruption() => {
                is_interrupted = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let effects: Vec<Vec<f64>> = (0..DATA.len())
        .map(|data| {
            let growth = repetitions.iter().map(|peaks| growth(study, &peaks[data]));
            growth.collect()
        })
        .collect();
    Ok(Some(Found {
        points: points(study, &repetitions),
        answer: answer(claim, study, &effects)?,
        tables: tables(claim, &effects)?,
        effects: raw(claim, &effects),
        is_interrupted,
    }))
}

/// The same of what was measured in an earlier run; `None` where nothing was.
pub(crate) fn again(
    claim: &Claim,
    study: &Memory,
    before: &[Effect],
) -> Result<Option<Found>, Error> {
    let of_data = |(name, _, _): (&str, usize, f64)| -> Vec<f64> {
        let measured = before
            .iter()
            .filter(|effect| effect.claim == claim.id && effect.table == name);
        measured.flat_map(|effect| effect.pairs.clone()).collect()
    };
    let effects: Vec<Vec<f64>> = DATA.into_iter().map(of_data).collect();
    if effects.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    Ok(Some(Found {
        points: Vec::new(),
        answer: answer(claim, study, &effects)?,
        tables: tables(claim, &effects)?,
        effects: raw(claim, &effects),
        is_interrupted: false,
    }))
}

/// One repetition.
fn peaks(
    study: &Memory,
    plan: &RunPlan,
    repetition: usize,
    done: f64,
    cache: Option<&Cache>,
    progress: &mut dyn Progress,
) -> Result<Option<Peaks>, Error> {
    let mut all = Vec::new();
    for (data, hidden, _) in DATA {
        let mut peaks = Vec::new();
        for &samples in &study.samples {
            if progress.interrupted() {
                return Err(smallbatch_sweep::Error::Interrupted.into());
            }
            progress.report(&Status {
                fraction: done,
                remaining: None,
                message: "measuring memory",
            });
            let probe = MemoryProbe {
                data: data.into(),
                samples,
                seed: seed_of(plan.base_seed, data, repetition, Purpose::Split, 0),
                hidden: vec![hidden],
                updates: study.updates,
                batch: BATCH,
            };
            match probe.measure_once(plan.memory_probe.as_deref(), cache) {
                Ok(Some(found)) => peaks.push(found),
                Ok(None) => return Ok(None),
                // Ctrl-C reaches the process that measures as well, and ends it.
                Err(_) if progress.interrupted() => {
                    return Err(smallbatch_sweep::Error::Interrupted.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        all.push(peaks);
    }
    Ok(Some(all))
}

/// How many bytes more each added sample takes as one lump than in mini-batches: the slope of a straight line by least squares.
fn growth(study: &Memory, peaks: &[[u64; 3]]) -> f64 {
    let n = peaks.len().max(1) as f64;
    let mean = study.samples.iter().sum::<usize>() as f64 / n;
    let (mut product, mut square) = (0.0, 0.0);
    for (&samples, peaks) in study.samples.iter().zip(peaks) {
        let distance = samples as f64 - mean;
        product += distance * (peaks[0] as f64 - peaks[2] as f64);
        square += distance * distance;
    }
    product / square
}

/// The medians over repetitions.
fn points(study: &Memory, repetitions: &[Peaks]) -> Vec<MemoryPoint> {
    let mut points = Vec::new();
    for (data, (name, _, _)) in DATA.iter().enumerate() {
        for (size, &samples) in study.samples.iter().enumerate() {
            for (way, name_of_way) in WAYS.iter().enumerate() {
                let bytes = repetitions
                    .iter()
                    .map(|peaks| peaks[data][size][way] as f64);
                let Some(bytes) = median(&bytes.collect::<Vec<_>>()) else {
                    continue;
                };
                points.push(MemoryPoint {
                    dataset: (*name).into(),
                    way: (*name_of_way).into(),
                    samples,
                    bytes,
                });
            }
        }
    }
    points
}

/// Student's t over the repetitions. Measurements that are all the same leave no doubt.
fn interval(effects: &[f64]) -> Result<Interval, Error> {
    let confidence = 1.0 - ERROR;
    let unknown = Interval::new(None, f64::NEG_INFINITY, f64::INFINITY, SCALE, confidence);
    Ok(TableEffect::of(effects)?.map_or(unknown, |effect| {
        if effect.standard_error == 0.0 {
            return Interval::new(
                Some(effect.mean),
                effect.mean,
                effect.mean,
                SCALE,
                confidence,
            );
        }
        effect.interval(confidence, SCALE)
    }))
}

/// The answer is that of the data where the lump takes least beyond the data itself.
fn answer(claim: &Claim, study: &Memory, effects: &[Vec<f64>]) -> Result<AnswerNote, Error> {
    let mut least: Option<(f64, Interval, f64)> = None;
    for (effects, (_, _, bytes)) in effects.iter().zip(DATA) {
        let found = interval(effects)?;
        let times = found
            .estimate
            .map_or(f64::INFINITY, |growth| growth / bytes);
        if least.is_none_or(|(fewest, _, _)| times < fewest) {
            least = Some((times, found, bytes));
        }
    }
    let unknown = Interval::new(None, f64::NEG_INFINITY, f64::INFINITY, SCALE, 1.0 - ERROR);
    let (_, interval, bytes) = least.unwrap_or((0.0, unknown, 0.0));
    let n_repetitions = effects.first().map_or(0, Vec::len);
    Ok(AnswerNote {
        claim: claim.id.clone(),
        text: study.text.clone(),
        primary: true,
        measure: "memory".into(),
        budget: format!("{} updates", study.updates),
        target: None,
        unit: UNIT.into(),
        scale: SCALE,
        words: study.words.clone(),
        brief: study.brief.clone(),
        first: Vec::new(),
        second: Vec::new(),
        batch: None,
        estimate: interval.estimate,
        low: interval.low,
        high: interval.high,
        hypothesis: format!("more than the {bytes} bytes of the sample itself"),
        threshold: bytes,
        same: false,
        tau: None,
        tau_low: None,
        tau_high: None,
        prediction: None,
        n_tables: DATA.len(),
        n_repetitions,
        n_censored: 0,
        n_censored_second: 0,
        n_pairs: DATA.len() * n_repetitions,
        verdict: match interval {
            found if found.low > bytes => Verdict::Supported,
            found if found.high < bytes => Verdict::Refuted,
            _ => Verdict::Inconclusive { more_seeds: None },
        },
        needed: None,
        // It is counted, not sampled from tables.
        p: None,
        p_corrected: None,
        parts: Vec::new(),
        note: String::new(),
    })
}

fn tables(claim: &Claim, effects: &[Vec<f64>]) -> Result<Vec<TableAnswer>, Error> {
    let mut tables = Vec::new();
    for (effects, (name, _, _)) in effects.iter().zip(DATA) {
        let interval = interval(effects)?;
        tables.push(TableAnswer {
            claim: claim.id.clone(),
            primary: true,
            measure: "memory".into(),
            unit: UNIT.into(),
            target: None,
            table: name.into(),
            estimate: interval.estimate,
            low: interval.low,
            high: interval.high,
            n_repetitions: effects.len(),
            n_censored: 0,
            n_censored_second: 0,
            n_pairs: effects.len(),
            standard_error: None,
            fragile: false,
            note: String::new(),
        });
    }
    Ok(tables)
}

fn raw(claim: &Claim, effects: &[Vec<f64>]) -> Vec<Effect> {
    let of_data = |(effects, (name, _, _)): (&Vec<f64>, (&str, usize, f64))| {
        let effects = effects.iter().enumerate();
        effects
            .map(|(repetition, effect)| Effect {
                claim: claim.id.clone(),
                unit: UNIT.into(),
                target: None,
                table: name.into(),
                repetition,
                pairs: vec![*effect],
                n_censored: 0,
                is_measured: true,
            })
            .collect::<Vec<_>>()
    };
    effects.iter().zip(DATA).flat_map(of_data).collect()
}
