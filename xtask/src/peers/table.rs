//! The table of medians, and how smallbatch compares with the best of the others.

use super::install::{PEAK, PEERS, SWEEP};
use super::options::{Cell, Start};
use super::results::{Results, median};

const HOUSE: &str = "smallbatch";

/// One table an optimizer, what they say in one sentence, and what a reader should know.
pub(super) fn render(results: &Results) -> String {
    let mut optimizers: Vec<&str> = Vec::new();
    for record in &results.records {
        if !optimizers.contains(&record.cell.optimizer.as_str()) {
            optimizers.push(&record.cell.optimizer);
        }
    }
    let mut parts: Vec<String> = optimizers
        .iter()
        .map(|optimizer| table(results, optimizer))
        .collect();
    let leads: Vec<String> = starts(results)
        .into_iter()
        .filter_map(|start| summary(results, start))
        .collect();
    parts.extend((!leads.is_empty()).then(|| leads.join("\n")));
    parts.extend(learned(results));
    let missing = results.missing.iter();
    parts.extend(missing.map(|(peer, why)| format!("missing: {peer}: {why}")));
    parts.extend(
        results
            .warnings
            .iter()
            .map(|what| format!("warning: {what}")),
    );
    parts.join("\n\n")
}

/// The peers that measured something, smallbatch first.
fn columns(results: &Results) -> Vec<&'static str> {
    let measured = |name: &str| results.records.iter().any(|record| record.peer == name);
    let of_sweep = SWEEP
        .iter()
        .filter(|peer| PEERS.iter().all(|other| other.name != peer.name));
    let names = PEERS.iter().chain(of_sweep).map(|peer| peer.name);
    names
        .filter(|name| *name != PEAK && measured(name))
        .collect()
}

/// The cells in the order in which they were measured.
fn cells(results: &Results) -> Vec<&Cell> {
    let mut cells: Vec<&Cell> = Vec::new();
    for record in &results.records {
        if !cells.contains(&&record.cell) {
            cells.push(&record.cell);
        }
    }
    cells
}

/// The starts that were measured, fresh first; one that is none for scalers.
fn starts(results: &Results) -> Vec<Option<Start>> {
    let mut starts: Vec<Option<Start>> = cells(results).iter().map(|cell| cell.start).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// A peer's median at a cell, in samples a second: the highest over its numbers of threads, or with one thread alone.
fn speed(results: &Results, peer: &str, cell: &Cell, one_thread: bool) -> Option<f64> {
    results
        .records
        .iter()
        .filter(|record| record.peer == peer && record.cell == *cell)
        .filter(|record| !one_thread || record.threads == 1)
        .map(super::results::Record::median)
        .max_by(f64::total_cmp)
}

/// smallbatch's speed over that of the best peer; none without either.
fn ratio(results: &Results, cell: &Cell, one_thread: bool) -> Option<f64> {
    let others = columns(results).into_iter().filter(|peer| *peer != HOUSE);
    let best = others
        .filter_map(|peer| speed(results, peer, cell, one_thread))
        .max_by(f64::total_cmp)?;
    Some(speed(results, HOUSE, cell, one_thread)? / best)
}

/// smallbatch's speed over what the processor's multiply-adds would allow, each with its best number of threads.
fn share_of_peak(results: &Results, cell: &Cell) -> Option<f64> {
    Some(speed(results, HOUSE, cell, false)? / speed(results, PEAK, cell, false)?)
}

/// A table's heading, its two lines: one would be too wide with all the peers.
fn headings(peers: &[&'static str], has_peak: bool) -> [Vec<String>; 2] {
    let of_peers = peers.iter().map(|&peer| match peer {
        HOUSE => ["small-", "batch"],
        "rust-mlp" => ["rust-", "mlp"],
        other => ["", other],
    });
    let mut columns = vec![["", "case"], ["", "batch"]];
    columns.extend(of_peers);
    columns.extend([["", "ratio"], ["1", "thread"]]);
    columns.extend(has_peak.then_some(["of", "peak"]));
    [0, 1].map(|line| {
        columns
            .iter()
            .map(|column| column[line].to_owned())
            .collect()
    })
}

/// A case and batch size with each start that was measured: fresh, and in the next row converged.
fn table(results: &Results, optimizer: &str) -> String {
    let peers = columns(results);
    let has_peak = results.records.iter().any(|record| record.peer == PEAK);
    let starts = starts(results);
    let mut rows = Vec::from(headings(&peers, has_peak));
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for cell in cells(results)
        .into_iter()
        .filter(|cell| cell.optimizer == optimizer)
    {
        if seen.contains(&(&cell.case, &cell.batch)) {
            continue;
        }
        seen.push((&cell.case, &cell.batch));
        for (i, &start) in starts.iter().enumerate() {
            let cell = Cell {
                start,
                ..cell.clone()
            };
            let mut row = match start {
                Some(start) if i > 0 => vec![format!("  {}", start.name()), String::new()],
                _ => vec![cell.case.clone(), cell.batch.clone()],
            };
            row.extend(numbers(results, &peers, &cell, has_peak));
            rows.push(row);
        }
    }
    let title = title(optimizer, has_peak, &starts);
    format!("{title}\n{}", aligned(&rows))
}

/// What the numbers of a table mean.
fn title(optimizer: &str, has_peak: bool, starts: &[Option<Start>]) -> String {
    let mut lines = vec![format!(
        "{optimizer}: thousand samples a second (medians; the better of 1 and 2 threads)"
    )];
    let peak = if has_peak {
        "; of peak: over what multiply-adds would allow"
    } else {
        ""
    };
    lines.push(format!("ratio: smallbatch over the best peer{peak}"));
    lines.extend(match starts {
        [Some(start)] => Some(format!("from {} weights", start.name())),
        [_, _] => Some("first row: from fresh weights; second row: from converged weights".into()),
        _ => None,
    });
    lines.join("\n")
}

/// A row's: the peers' speeds, the two ratios, and the share of the peak; `-` where there is none.
fn numbers(results: &Results, peers: &[&str], cell: &Cell, has_peak: bool) -> Vec<String> {
    let or_dash = |number: Option<String>| number.unwrap_or_else(|| "-".into());
    let speeds = peers.iter().map(|peer| speed(results, peer, cell, false));
    let speeds = speeds.map(|speed| speed.map(|speed| thousands(speed / 1e3)));
    let ratios = [false, true].map(|one_thread| ratio(results, cell, one_thread));
    let ratios = ratios.map(|ratio| ratio.map(|ratio| format!("{ratio:.2}")));
    let share = has_peak
        .then(|| share_of_peak(results, cell).map(|share| format!("{:.0} %", 100.0 * share)));
    speeds.chain(ratios).chain(share).map(or_dash).collect()
}

/// Columns as wide as their widest entry; the first to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let lines = rows.iter().map(|row| {
        let mut line = format!("{:<1$}", row[0], width(0));
        for (column, entry) in row.iter().enumerate().skip(1) {
            line.push_str(&format!("  {entry:>0$}", width(column)));
        }
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// About three digits, with commas between thousands.
fn thousands(value: f64) -> String {
    if value < 9.995 {
        return format!("{value:.2}");
    }
    if value < 99.95 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In how many cells with that start smallbatch leads, and by how much in the geometric mean.
fn summary(results: &Results, start: Option<Start>) -> Option<String> {
    let ratios: Vec<f64> = cells(results)
        .into_iter()
        .filter(|cell| cell.start == start)
        .filter_map(|cell| ratio(results, cell, false))
        .collect();
    if ratios.is_empty() {
        return None;
    }
    let leads = ratios.iter().filter(|ratio| **ratio > 1.0).count();
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let from = start.map_or_else(String::new, |start| {
        format!("from {} weights, ", start.name())
    });
    Some(format!(
        "{from}smallbatch is faster than the best peer in {leads} of {} cells;\n  the ratio's geometric mean is {mean:.2}, its lowest {lowest:.2}.",
        ratios.len()
    ))
}

/// How fast each peer is from converged weights over how fast it is from fresh ones; none where only one was measured.
fn learned(results: &Results) -> Option<String> {
    let mut rows = vec![["", "median", "lowest", ""].map(str::to_owned).to_vec()];
    for peer in columns(results) {
        let cells = cells(results).into_iter();
        let fresh = cells.filter(|cell| cell.start == Some(Start::Fresh));
        let ratios: Vec<(f64, &Cell)> = fresh
            .filter_map(|fresh| {
                let converged = Cell {
                    start: Some(Start::Converged),
                    ..fresh.clone()
                };
                let speed = |cell: &Cell| speed(results, peer, cell, false);
                Some((speed(&converged)? / speed(fresh)?, fresh))
            })
            .collect();
        let lowest = ratios
            .iter()
            .min_by(|(one, _), (other, _)| one.total_cmp(other));
        let Some((lowest, cell)) = lowest else {
            continue;
        };
        let all: Vec<f64> = ratios.iter().map(|(ratio, _)| *ratio).collect();
        rows.push(vec![
            peer.to_owned(),
            format!("{:.2}", median(&all)),
            format!("{lowest:.2}"),
            format!("at {} {} {}", cell.case, cell.batch, cell.optimizer),
        ]);
    }
    (rows.len() > 1).then(|| {
        format!(
            "speed from converged weights over that from fresh ones, over the cells\n{}",
            aligned(&rows)
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::results::tests::{answer, cell, converged};
    use super::*;

    fn measured() -> Results {
        let mut results = Results::new(Value::Null);
        let (small, full) = (cell("tiny", "16", "sgd"), cell("tiny", "full", "sgd"));
        for (peer, threads, cell, rounds) in [
            ("smallbatch", 1, &small, [18_000e3, 17_000e3, 3_000e3]),
            ("smallbatch", 2, &small, [9_000e3, 9_500e3, 9_900e3]),
            ("torch", 1, &small, [50e3, 52e3, 51e3]),
            ("jax", 1, &small, [1_400e3, 1_500e3, 1_300e3]),
            ("jax", 2, &small, [1_700e3, 1_700e3, 1_700e3]),
            ("smallbatch", 1, &full, [5e3, 5e3, 5e3]),
            ("torch", 1, &full, [9_990.0, 9_990.0, 9_990.0]),
        ] {
            for speed in rounds {
                results.add(peer, threads, cell, &answer(speed));
            }
        }
        results
    }

    #[test]
    fn a_ratio_is_of_medians_to_the_best_peer() {
        let results = measured();
        let small = cell("tiny", "16", "sgd");
        assert_eq!(ratio(&results, &small, false), Some(17_000.0 / 1_700.0));
        assert_eq!(ratio(&results, &small, true), Some(17_000.0 / 1_400.0));
        assert_eq!(ratio(&results, &cell("wide", "16", "sgd"), false), None);
    }

    #[test]
    fn the_table_has_a_row_a_cell_and_a_column_a_peer() {
        let mut results = measured();
        results.miss("candle", "cargo failed".into());
        results.warn("jax", 1, None, "its loss did not fall");
        let expected = "\
sgd: thousand samples a second (medians; the better of 1 and 2 threads)
ratio: smallbatch over the best peer
from fresh weights
             small-                            1
case  batch   batch  torch    jax  ratio  thread
tiny     16  17,000   51.0  1,700  10.00   12.14
tiny   full    5.00   9.99      -   0.50    0.50

from fresh weights, smallbatch is faster than the best peer in 1 of 2 cells;
  the ratio's geometric mean is 2.24, its lowest 0.50.

missing: candle: cargo failed

warning: jax with 1 threads: its loss did not fall";
        assert_eq!(render(&results), expected);
    }

    #[test]
    fn converged_weights_have_the_next_row_and_are_compared_with_fresh_ones() {
        let mut results = measured();
        let (small, full) = (cell("tiny", "16", "sgd"), cell("tiny", "full", "sgd"));
        for (peer, cell, speed) in [
            ("smallbatch", &small, 17_000e3),
            ("jax", &small, 850e3),
            ("torch", &small, 51e3),
            ("smallbatch", &full, 4e3),
        ] {
            results.add(peer, 1, &converged(cell), &answer(speed));
        }
        let expected = "\
sgd: thousand samples a second (medians; the better of 1 and 2 threads)
ratio: smallbatch over the best peer
first row: from fresh weights; second row: from converged weights
                    small-                            1
case         batch   batch  torch    jax  ratio  thread
tiny            16  17,000   51.0  1,700  10.00   12.14
  converged         17,000   51.0    850  20.00   20.00
tiny          full    5.00   9.99      -   0.50    0.50
  converged           4.00      -      -      -       -

from fresh weights, smallbatch is faster than the best peer in 1 of 2 cells;
  the ratio's geometric mean is 2.24, its lowest 0.50.
from converged weights, smallbatch is faster than the best peer in 1 of 1 cells;
  the ratio's geometric mean is 20.00, its lowest 20.00.

speed from converged weights over that from fresh ones, over the cells
            median  lowest
smallbatch    0.90    0.80  at tiny full sgd
torch         1.00    1.00    at tiny 16 sgd
jax           0.50    0.50    at tiny 16 sgd";
        assert_eq!(render(&results), expected);
    }

    #[test]
    fn converged_weights_alone_are_named_in_the_title() {
        let mut results = Results::new(Value::Null);
        let place = converged(&cell("tiny", "16", "sgd"));
        results.add("smallbatch", 1, &place, &answer(2e3));
        results.add("torch", 1, &place, &answer(1e3));
        let text = render(&results);
        assert!(
            text.contains("best peer\nfrom converged weights\n"),
            "{text}"
        );
        assert!(
            text.contains("\ntiny     16    2.00   1.00   2.00    2.00\n"),
            "{text}"
        );
        assert!(!text.contains("that from fresh ones"), "{text}");
    }

    #[test]
    fn scalers_have_no_word_of_weights() {
        let mut results = Results::new(Value::Null);
        let place = Cell {
            start: None,
            ..cell("1000000x30", "full", "fit")
        };
        results.add("smallbatch", 1, &place, &answer(2e3));
        results.add("sklearn", 1, &place, &answer(1e3));
        let text = render(&results);
        assert!(!text.contains("weights"), "{text}");
        assert!(
            text.contains("\n\nsmallbatch is faster than the best peer in 1 of 1 cells;"),
            "{text}"
        );
    }

    #[test]
    fn all_peers_fit_into_a_hundred_columns() {
        let mut results = Results::new(Value::Null);
        for peer in &PEERS {
            for start in Start::ALL {
                let place = Cell {
                    start: Some(start),
                    ..cell("tabular", "full", "momentum")
                };
                results.add(peer.name, 1, &place, &answer(99_999e3));
            }
        }
        let text = render(&results);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}\n{text}");
    }

    #[test]
    fn the_peak_is_no_peer_but_a_share() {
        let mut results = measured();
        for cell in [cell("tiny", "16", "sgd"), cell("tiny", "full", "sgd")] {
            results.add(PEAK, 2, &cell, &answer(68_000e3));
        }
        let text = render(&results);
        assert!(
            text.contains(
                "  ratio  thread  peak\ntiny     16  17,000   51.0  1,700  10.00   12.14  25 %"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_peer_alone_has_no_ratio() {
        let mut results = Results::new(Value::Null);
        results.add("smallbatch", 1, &cell("tiny", "16", "adam"), &answer(2e3));
        let text = render(&results);
        assert!(
            text.ends_with("tiny     16    2.00      -       -"),
            "{text}"
        );
    }

    #[test]
    fn numbers_have_about_three_digits() {
        for (value, text) in [
            (0.4, "0.40"),
            (9.99, "9.99"),
            (9.996, "10.0"),
            (99.94, "99.9"),
            (99.96, "100"),
            (1_466.4, "1,466"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(thousands(value), text);
        }
    }
}
