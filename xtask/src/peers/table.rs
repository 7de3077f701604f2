//! The table of medians, and how smallbatch compares with the best of the others.

use super::install::{PEAK, PEERS};
use super::options::Cell;
use super::results::Results;

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
    parts.extend(summary(results));
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
    let names = PEERS.iter().map(|peer| peer.name);
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

fn table(results: &Results, optimizer: &str) -> String {
    let peers = columns(results);
    let has_peak = results.records.iter().any(|record| record.peer == PEAK);
    let mut rows = vec![vec!["case".to_owned(), "batch".to_owned()]];
    rows[0].extend(peers.iter().map(|&peer| peer.to_owned()));
    rows[0].extend(["ratio".to_owned(), "1 thread".to_owned()]);
    rows[0].extend(has_peak.then(|| "of peak".to_owned()));
    for cell in cells(results)
        .into_iter()
        .filter(|cell| cell.optimizer == optimizer)
    {
        let mut row = vec![cell.case.clone(), cell.batch.clone()];
        let speeds = peers.iter().map(|peer| speed(results, peer, cell, false));
        row.extend(speeds.map(|speed| speed.map_or("-".into(), |speed| thousands(speed / 1e3))));
        let ratios = [false, true].map(|one_thread| ratio(results, cell, one_thread));
        row.extend(ratios.map(|ratio| ratio.map_or("-".into(), |ratio| format!("{ratio:.2}"))));
        if has_peak {
            let share = share_of_peak(results, cell);
            row.push(share.map_or("-".into(), |share| format!("{:.0} %", 100.0 * share)));
        }
        rows.push(row);
    }
    let title = format!(
        "{optimizer}: thousand samples a second (medians; the better of 1 and 2 threads), and smallbatch over the best peer{}",
        if has_peak {
            "\nand of what the processor's multiply-adds would allow"
        } else {
            ""
        }
    );
    format!("{title}\n{}", aligned(&rows))
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
        line
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

/// In how many cells smallbatch leads, and by how much in the geometric mean.
fn summary(results: &Results) -> Option<String> {
    let ratios: Vec<f64> = cells(results)
        .into_iter()
        .filter_map(|cell| ratio(results, cell, false))
        .collect();
    if ratios.is_empty() {
        return None;
    }
    let leads = ratios.iter().filter(|ratio| **ratio > 1.0).count();
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    Some(format!(
        "smallbatch is faster than the best peer in {leads} of {} cells; the ratio's geometric mean is {mean:.2}, its lowest {lowest:.2}.",
        ratios.len()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::results::tests::{answer, cell};
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
sgd: thousand samples a second (medians; the better of 1 and 2 threads), and smallbatch over the best peer
case  batch  smallbatch  torch    jax  ratio  1 thread
tiny     16      17,000   51.0  1,700  10.00     12.14
tiny   full        5.00   9.99      -   0.50      0.50

smallbatch is faster than the best peer in 1 of 2 cells; the ratio's geometric mean is 2.24, its lowest 0.50.

missing: candle: cargo failed

warning: jax with 1 threads: its loss did not fall";
        assert_eq!(render(&results), expected);
    }

    #[test]
    fn the_peak_is_no_peer_but_a_share() {
        let mut results = measured();
        for cell in [cell("tiny", "16", "sgd"), cell("tiny", "full", "sgd")] {
            results.add(PEAK, 2, &cell, &answer(68_000e3));
        }
        let text = render(&results);
        assert!(
            text.contains("  ratio  1 thread  of peak\ntiny     16      17,000   51.0  1,700  10.00     12.14     25 %"),
            "{text}"
        );
    }

    #[test]
    fn a_peer_alone_has_no_ratio() {
        let mut results = Results::new(Value::Null);
        results.add("smallbatch", 1, &cell("tiny", "16", "adam"), &answer(2e3));
        let text = render(&results);
        assert!(
            text.ends_with("tiny     16        2.00      -         -"),
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
