//! What was measured: samples a second of each peer, number of threads and cell, one a round.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::install::PEAK;
use super::options::{Cell, Start};
use super::process::Answer;
use crate::output::warn;

/// A peer's own clock may differ by this part from that around it.
const CLOCKS_DIFFER: f64 = 0.1;

/// Two peers' losses with the same weights may differ by this part, since they sum in other orders.
const LOSSES_DIFFER: f64 = 1e-3;

/// A converged loss may become this many times what it was, and [`HIGHER_LOSS`] more: it goes up and down with the batches. It
/// rose by a fifth at most where it was measured, at the rates for converged weights.
const TIMES_LOSS: f64 = 1.2;

/// See [`TIMES_LOSS`].
const HIGHER_LOSS: f64 = 0.01;

/// One peer with so many threads at one cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) peer: String,
    pub(super) threads: usize,
    pub(super) cell: Cell,
    /// One a round.
    pub(super) samples_per_second: Vec<f64>,
}

impl Record {
    /// The median over the rounds.
    pub(super) fn median(&self) -> f64 {
        median(&self.samples_per_second)
    }
}

/// Everything that goes into `peers.json` and the table.
pub(super) struct Results {
    pub(super) machine: Value,
    pub(super) versions: BTreeMap<String, String>,
    /// Peers that could not be had, and why.
    pub(super) missing: Vec<(String, String)>,
    pub(super) warnings: Vec<String>,
    pub(super) records: Vec<Record>,
    /// smallbatch's, before the training, by case and start.
    first_losses: BTreeMap<(String, Start), f64>,
}

impl Results {
    pub(super) fn new(machine: Value) -> Self {
        Self {
            machine,
            versions: BTreeMap::new(),
            missing: Vec::new(),
            warnings: Vec::new(),
            records: Vec::new(),
            first_losses: BTreeMap::new(),
        }
    }

    pub(super) fn version(&mut self, peer: &str, version: String) {
        self.versions.insert(peer.to_owned(), version);
    }

    /// Notes that a peer is missing.
    pub(super) fn miss(&mut self, peer: &str, why: String) {
        warn(&format!("peers: {peer} is missing: {why}"));
        let entry = (peer.to_owned(), why);
        // Its processes may end for the same reason.
        if !self.missing.contains(&entry) {
            self.missing.push(entry);
        }
    }

    /// Notes something that a reader of the numbers should know; once, however many rounds say it.
    pub(super) fn warn(&mut self, peer: &str, threads: usize, cell: Option<&Cell>, what: &str) {
        let place = cell.map_or_else(String::new, |cell| format!(" at {cell}"));
        let warning = format!("{peer} with {threads} threads{place}: {what}");
        if !self.warnings.contains(&warning) {
            warn(&format!("peers: warning: {warning}"));
            self.warnings.push(warning);
        }
    }

    /// Adds a measurement, and a warning where the training did not do what a training does, or another than smallbatch's.
    pub(super) fn add(&mut self, peer: &str, threads: usize, cell: &Cell, answer: &Answer) {
        if let Some(what) = complaint(cell, answer) {
            self.warn(peer, threads, Some(cell), what);
        }
        if let Some(what) = self.other_network(peer, cell, answer) {
            // It is the same for all batch sizes and optimizers: said once.
            self.warn(peer, threads, None, &what);
        }
        let speed = answer.samples / answer.seconds;
        let found = self.records.iter_mut().find(|record| {
            record.peer == peer && record.threads == threads && record.cell == *cell
        });
        match found {
            Some(record) => record.samples_per_second.push(speed),
            None => self.records.push(Record {
                peer: peer.to_owned(),
                threads,
                cell: cell.clone(),
                samples_per_second: vec![speed],
            }),
        }
    }

    /// What shows that a peer does not run smallbatch's network: another loss with the same weights on the same samples.
    /// smallbatch's own, which comes first in each cell, is noted.
    fn other_network(&mut self, peer: &str, cell: &Cell, answer: &Answer) -> Option<String> {
        let (start, loss) = (cell.start?, answer.loss_before?);
        let key = (cell.case.clone(), start);
        if peer == PEAK {
            return None;
        }
        if peer == "smallbatch" {
            self.first_losses.entry(key).or_insert(loss);
            return None;
        }
        let expected = *self.first_losses.get(&key)?;
        let differs = (loss - expected).abs() > LOSSES_DIFFER * expected.abs();
        differs.then(|| {
            format!(
                "with the {} weights of {} its loss is {loss:.5}, smallbatch's {expected:.5}: it does not run the same network",
                start.name(),
                cell.case
            )
        })
    }

    /// A line for one who waits: the cell, smallbatch's latest speed and the best peer's.
    pub(super) fn latest(&self, cell: &Cell) -> String {
        let of_cell = self.records.iter();
        let of_cell = of_cell.filter(|record| record.cell == *cell && record.peer != PEAK);
        let mut best: [Option<(f64, &str)>; 2] = [None; 2];
        for record in of_cell {
            let speed = record.samples_per_second.last().copied().unwrap_or(0.0);
            let best = &mut best[usize::from(record.peer != "smallbatch")];
            if best.is_none_or(|(highest, _)| speed > highest) {
                *best = Some((speed, &record.peer));
            }
        }
        let parts = best.iter().flatten();
        let parts: Vec<String> = parts
            .map(|(speed, peer)| format!("{peer} {:.1} k/s", speed / 1e3))
            .collect();
        format!("{cell}: {}", parts.join(", "))
    }

    /// `peers.json`.
    pub(super) fn to_json(&self) -> Value {
        let missing = self.missing.iter();
        let missing: Vec<Value> = missing
            .map(|(peer, why)| json!({"peer": peer, "why": why}))
            .collect();
        let records = self.records.iter().map(|record| {
            let batch = record.cell.batch.parse::<u64>();
            json!({
                "peer": record.peer,
                "threads": record.threads,
                "case": record.cell.case,
                "batch": batch.map_or_else(|_| json!(record.cell.batch), |number| json!(number)),
                "optimizer": record.cell.optimizer,
                "start": record.cell.start.map(Start::name),
                "samples_per_second": record.samples_per_second,
            })
        });
        json!({
            "machine": self.machine,
            "versions": self.versions,
            "missing": missing,
            "warnings": self.warnings,
            "records": records.collect::<Vec<Value>>(),
        })
    }
}

/// What is wrong with a measurement, if anything: fast and wrong does not count.
fn complaint(cell: &Cell, answer: &Answer) -> Option<&'static str> {
    let (Some(before), Some(after)) = (answer.loss_before, answer.loss_after) else {
        return Some("its loss is not finite");
    };
    let differs = |own: f64| (own - answer.seconds).abs() > CLOCKS_DIFFER * answer.seconds;
    let is_converged = cell.start == Some(Start::Converged);
    if is_converged && after > TIMES_LOSS * before + HIGHER_LOSS {
        Some("its loss rose from converged weights")
    } else if !is_converged && after >= before {
        Some("its loss did not fall")
    } else if answer.own_seconds.is_some_and(differs) {
        Some("its own clock differs by more than 10 % from the clock around it")
    } else {
        None
    }
}

/// The middle value, or the mean of the two in the middle; NaN of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => 0.5 * (sorted[middle - 1] + sorted[middle]),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn cell(case: &str, batch: &str, optimizer: &str) -> Cell {
        Cell {
            case: case.into(),
            batch: batch.into(),
            optimizer: optimizer.into(),
            start: Some(Start::Fresh),
        }
    }

    pub(crate) fn converged(cell: &Cell) -> Cell {
        Cell {
            start: Some(Start::Converged),
            ..cell.clone()
        }
    }

    pub(crate) fn answer(samples_per_second: f64) -> Answer {
        Answer {
            samples: samples_per_second / 2.0,
            seconds: 0.5,
            own_seconds: None,
            loss_before: Some(1.0),
            loss_after: Some(0.5),
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
        // One slow round does not move it, where the mean would fall by a third.
        assert_eq!(median(&[90.0, 100.0, 1.0]), 90.0);
    }

    #[test]
    fn rounds_are_gathered_by_peer_threads_and_cell() {
        let mut results = Results::new(json!({"cpu": "some"}));
        let (small, full) = (cell("tiny", "16", "sgd"), cell("tiny", "full", "sgd"));
        results.version("torch", "2.0".into());
        for speed in [10.0, 30.0] {
            results.add("torch", 1, &small, &answer(speed));
            results.add("torch", 2, &small, &answer(2.0 * speed));
            results.add("torch", 1, &full, &answer(3.0 * speed));
            results.add("torch", 1, &converged(&full), &answer(4.0 * speed));
        }
        results.miss("jax", "no module named jax".into());
        results.miss("jax", "no module named jax".into());
        assert_eq!(
            results.to_json(),
            json!({
                "machine": {"cpu": "some"},
                "versions": {"torch": "2.0"},
                "missing": [{"peer": "jax", "why": "no module named jax"}],
                "warnings": [],
                "records": [
                    {"peer": "torch", "threads": 1, "case": "tiny", "batch": 16, "optimizer": "sgd",
                        "start": "fresh", "samples_per_second": [10.0, 30.0]},
                    {"peer": "torch", "threads": 2, "case": "tiny", "batch": 16, "optimizer": "sgd",
                        "start": "fresh", "samples_per_second": [20.0, 60.0]},
                    {"peer": "torch", "threads": 1, "case": "tiny", "batch": "full", "optimizer": "sgd",
                        "start": "fresh", "samples_per_second": [30.0, 90.0]},
                    {"peer": "torch", "threads": 1, "case": "tiny", "batch": "full", "optimizer": "sgd",
                        "start": "converged", "samples_per_second": [40.0, 120.0]},
                ],
            })
        );
        assert_eq!(results.records[0].median(), 20.0);
    }

    #[test]
    fn a_training_that_does_not_train_is_warned_of_once() {
        let place = cell("mnist", "16", "adam");
        for (broken, what) in [
            (
                Answer {
                    loss_after: None,
                    ..answer(1.0)
                },
                "its loss is not finite",
            ),
            (
                Answer {
                    loss_after: Some(1.0),
                    ..answer(1.0)
                },
                "its loss did not fall",
            ),
            (
                Answer {
                    own_seconds: Some(0.4),
                    ..answer(1.0)
                },
                "its own clock differs by more than 10 % from the clock around it",
            ),
        ] {
            let mut results = Results::new(Value::Null);
            results.add("burn", 2, &place, &broken);
            results.add("burn", 2, &place, &broken);
            assert_eq!(
                results.warnings,
                [format!(
                    "burn with 2 threads at mnist 16 adam fresh: {what}"
                )]
            );
            // What it measured is kept: the reader decides.
            assert_eq!(results.records[0].samples_per_second.len(), 2);
        }
    }

    #[test]
    fn a_converged_loss_need_not_fall_but_must_not_rise() {
        let place = converged(&cell("tiny", "16", "adam"));
        let with_loss = |after: f64| Answer {
            loss_before: Some(0.2),
            loss_after: Some(after),
            ..answer(1.0)
        };
        assert_eq!(complaint(&place, &with_loss(0.2)), None);
        assert_eq!(complaint(&place, &with_loss(0.24)), None);
        assert_eq!(
            complaint(&place, &with_loss(0.26)),
            Some("its loss rose from converged weights")
        );
        let broken = Answer {
            loss_after: None,
            ..with_loss(0.2)
        };
        assert_eq!(complaint(&place, &broken), Some("its loss is not finite"));
    }

    #[test]
    fn another_network_is_warned_of_once_a_case_and_start() {
        let mut results = Results::new(Value::Null);
        let (small, large) = (cell("tiny", "16", "sgd"), cell("tiny", "256", "adam"));
        let with_loss = |before: f64| Answer {
            loss_before: Some(before),
            ..answer(1.0)
        };
        for place in [&small, &large] {
            results.add("smallbatch", 1, place, &with_loss(0.8));
            results.add("torch", 1, place, &with_loss(0.8007));
            results.add("jax", 2, place, &with_loss(0.81));
            // It has no network.
            results.add(PEAK, 1, place, &with_loss(1.0));
        }
        // Nothing to compare with.
        results.add("jax", 2, &converged(&small), &with_loss(0.6));
        assert_eq!(
            results.warnings,
            [
                "jax with 2 threads: with the fresh weights of tiny its loss is 0.81000, smallbatch's 0.80000: it does not run \
                 the same network"
            ]
        );
    }

    #[test]
    fn scalers_have_no_start() {
        let mut results = Results::new(Value::Null);
        let place = Cell {
            start: None,
            ..cell("1000000x30", "full", "fit")
        };
        results.add("smallbatch", 1, &place, &answer(1.0));
        results.add(
            "sklearn",
            1,
            &place,
            &Answer {
                loss_before: Some(7.0),
                ..answer(1.0)
            },
        );
        assert_eq!(results.warnings, Vec::<String>::new());
        assert_eq!(results.to_json()["records"][0]["start"], Value::Null);
    }

    #[test]
    fn one_who_waits_sees_the_latest_and_the_best_peer() {
        let mut results = Results::new(Value::Null);
        let place = cell("tiny", "16", "sgd");
        results.add("smallbatch", 1, &place, &answer(9_000.0));
        results.add("torch", 1, &place, &answer(2_000.0));
        results.add("jax", 1, &place, &answer(3_000.0));
        assert_eq!(
            results.latest(&place),
            "tiny 16 sgd fresh: smallbatch 9.0 k/s, jax 3.0 k/s"
        );
    }
}
