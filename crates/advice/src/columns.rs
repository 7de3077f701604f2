//! What can be said of single columns: which matter, and which give the target away.

use smallbatch_data::{Frame, FrameValues, Target};
use smallbatch_pipeline::{CrossFit, row_losses};

use crate::Error;
use crate::search::Trials;

/// Columns that are looked at.
const MOST_COLUMNS: usize = 60;
/// Rows of a fold that are looked at.
const MOST_ROWS: usize = 500;
/// A column that explains so much of the target alone gives it away.
const GIVEN_AWAY: f64 = 0.999;
/// A category needs so many rows a level to be more than a name of the rows.
const ROWS_A_LEVEL: usize = 10;

/// How much the loss grows when a column's values go to other rows (Breiman 2001), as a share of the constant's loss: the mean over
/// folds, each with the network that did not see its rows. The most important first.
pub(crate) fn importance(
    trials: &Trials<'_>,
    cross: &CrossFit,
) -> Result<Vec<(String, f64)>, Error> {
    let frame = trials.frame;
    let mut sources: Vec<&str> = frame.columns.iter().map(|c| c.source.as_str()).collect();
    sources.dedup();
    sources.truncate(MOST_COLUMNS);
    let constant = trials.constant_loss()?;
    let mut growth = vec![0.0; sources.len()];
    let members = cross.members();
    for (fold, member) in members.iter().enumerate() {
        let (_, mut rows) = trials.folds.rows(fold);
        rows.truncate(MOST_ROWS);
        let held = frame.select(&rows);
        let Some(target) = &held.target else { continue };
        let loss = |frame: &Frame| -> Result<f64, Error> {
            let losses = row_losses(&member.predict(frame)?, target);
            Ok(losses.iter().sum::<f64>() / losses.len().max(1) as f64)
        };
        let before = loss(&held)?;
        for (growth, source) in growth.iter_mut().zip(&sources) {
            *growth += (loss(&moved(&held, source))? - before) / constant / members.len() as f64;
        }
    }
    let mut importance: Vec<(String, f64)> =
        sources.into_iter().map(str::to_owned).zip(growth).collect();
    importance.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(importance)
}

/// The rows with one column's values from other rows: those half of all rows further on. No row keeps its own.
fn moved(frame: &Frame, source: &str) -> Frame {
    let n = frame.n_rows();
    let order: Vec<usize> = (0..n).map(|row| (row + n / 2 + 1) % n.max(1)).collect();
    let other = frame.select(&order);
    let mut moved = frame.clone();
    for (column, from) in moved.columns.iter_mut().zip(other.columns) {
        if column.source == source {
            column.values = from.values;
        }
    }
    moved
}

/// Columns that alone tell nearly all of the target: a number that is nearly a multiple of it or that sorts the classes, or a category
/// with one class a level.
pub(crate) fn give_away(frame: &Frame) -> Vec<String> {
    let Some(target) = &frame.target else {
        return Vec::new();
    };
    // Of one column there is nothing to leave out.
    if frame.columns.len() < 2 {
        return Vec::new();
    }
    frame
        .columns
        .iter()
        .filter(|column| match (&column.values, target) {
            (FrameValues::Numbers(x), Target::Values { values, .. }) => {
                correlation(x, values.as_slice()).powi(2) > GIVEN_AWAY
            }
            (FrameValues::Numbers(x), Target::Classes { labels, .. }) => sorts(x, labels),
            (FrameValues::Categories { codes, levels }, Target::Classes { labels, names }) => {
                levels.len() * ROWS_A_LEVEL <= codes.len() && pure(codes, labels, names.len())
            }
            _ => false,
        })
        .map(|column| column.source.clone())
        .collect()
}

/// Of rows where the number is not missing.
fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> = x
        .iter()
        .zip(y)
        .filter(|(x, _)| !x.is_nan())
        .map(|(x, y)| (*x, *y))
        .collect();
    let n = pairs.len().max(1) as f64;
    let mean = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / n;
    let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
    let product = mean(&|p| (p.0 - mx) * (p.1 - my));
    let squares = mean(&|p| (p.0 - mx).powi(2)) * mean(&|p| (p.1 - my).powi(2));
    if squares > 0.0 {
        product / squares.sqrt()
    } else {
        0.0
    }
}

/// Whether rows sorted by the number come class by class: of the rows with one value all but a few have one class, and that changes hardly
/// more often than there are classes. Two classes that a threshold tells apart in a table of less than a hundred rows are no surprise.
fn sorts(x: &[f64], labels: &[u32]) -> bool {
    let mut order: Vec<usize> = (0..x.len()).filter(|&row| !x[row].is_nan()).collect();
    if order.len() < 100 {
        return false;
    }
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let n_classes = labels.iter().max().map_or(0, |most| *most as usize + 1);
    let (mut odd, mut changes, mut before) = (0, 0, None);
    for equal in order.chunk_by(|&a, &b| x[a] == x[b]) {
        let mut counts = vec![0_usize; n_classes];
        equal
            .iter()
            .for_each(|&row| counts[labels[row] as usize] += 1);
        let class = (0..n_classes).max_by_key(|&class| counts[class]);
        odd += equal.len() - class.map_or(0, |class| counts[class]);
        changes += usize::from(before.is_some() && before != class);
        before = class;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A count of rows.
    let allowed = (order.len() as f64 * (1.0 - GIVEN_AWAY)) as usize;
    odd + changes < n_classes + allowed
}

/// Whether nearly every row has its level's most frequent class, and the levels have different ones.
fn pure(codes: &[u32], labels: &[u32], n_classes: usize) -> bool {
    let n_levels = codes.iter().filter(|c| **c < FrameValues::UNSEEN).max();
    let n_levels = n_levels.map_or(0, |most| *most as usize + 1);
    let mut counts = vec![vec![0_usize; n_classes]; n_levels];
    let mut rows = 0;
    for (&code, &label) in codes.iter().zip(labels) {
        if let Some(counts) = counts.get_mut(code as usize) {
            counts[label as usize] += 1;
            rows += 1;
        }
    }
    let most: usize = counts
        .iter()
        .map(|c| c.iter().max().copied().unwrap_or(0))
        .sum();
    let mut all = vec![0_usize; n_classes];
    for counts in &counts {
        for (all, count) in all.iter_mut().zip(counts) {
            *all += count;
        }
    }
    let largest = all.iter().max().copied().unwrap_or(0);
    most as f64 > GIVEN_AWAY * rows as f64 && largest < most
}
