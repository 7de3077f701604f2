//! Which rows are trained on and which are held out.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use serde::{Deserialize, Serialize};

use crate::stream::{Stream, generator, shuffle};
use crate::{Error, Frame, FrameValues, Target};

/// Rows of features that come so often, on the average, may be the points of a grid.
const ROWS_A_POINT: usize = 5;

/// Rows dealt out to folds. Rows with equal features, and rows of one group, are in one fold; classes are spread evenly.
///
/// With times, fold k is a stretch of time, and what is trained on for it are the rows before: nobody knows the future.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folds {
    fold_of: Vec<u32>,
    unit_of: Vec<usize>,
    n_folds: usize,
    by_time: bool,
    n_copies: usize,
    copies_together: bool,
}

impl Folds {
    /// Deals the rows out, as the seed says.
    ///
    /// # Errors
    /// [`Error::BadFoldCount`] for fewer than two; [`Error::TooFew`]: fewer different rows, or groups, than folds.
    pub fn new(frame: &Frame, n_folds: usize, seed: u64) -> Result<Self, Error> {
        if n_folds < 2 {
            return Err(Error::BadFoldCount { k: n_folds });
        }
        let (unit_of, n_copies, copies_together) = units(frame);
        let n_units = unit_of.iter().max().map_or(0, |most| most + 1);
        if n_units < n_folds {
            return Err(Error::TooFew {
                what: "different rows",
                count: n_units,
                parts: format!("{n_folds} folds"),
            });
        }
        let by_time = frame.times.is_some();
        let fold_of = match &frame.times {
            Some(times) => by_times(times, n_folds),
            None => dealt(frame, &unit_of, n_units, n_folds, seed),
        };
        Ok(Self {
            fold_of,
            unit_of,
            n_folds,
            by_time,
            n_copies,
            copies_together,
        })
    }

    /// The same with so many folds at most: with fewer, two at least, where there are fewer different rows or groups.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_most(frame: &Frame, n_folds: usize, seed: u64) -> Result<Self, Error> {
        match Self::new(frame, n_folds, seed) {
            Err(Error::TooFew { count, .. }) if count >= 2 => Self::new(frame, count, seed),
            other => other,
        }
    }

    /// How many folds can be held out. By time the first stretch cannot: nothing is before it.
    pub fn n_folds(&self) -> usize {
        self.n_folds - usize::from(self.by_time)
    }

    /// Whether rows are cut by time.
    pub fn by_time(&self) -> bool {
        self.by_time
    }

    /// The unit of each row, numbered from 0: rows with equal features or of one group are one unit.
    pub fn unit_of(&self) -> &[usize] {
        &self.unit_of
    }

    /// Whether rows with equal features are in one fold. They are not where a few different rows come again and again with different targets,
    /// as the points of a grid do.
    pub fn copies_together(&self) -> bool {
        self.copies_together
    }

    /// How many rows have the features of an earlier one.
    pub fn n_copies(&self) -> usize {
        self.n_copies
    }

    /// The rows to train on and those held out. By time, fold 0 is the last stretch.
    pub fn rows(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        let held = if self.by_time {
            self.n_folds - 1 - fold
        } else {
            fold
        } as u32;
        let rows = 0..self.fold_of.len();
        if self.by_time {
            let before = |row: &usize| self.fold_of[*row] < held;
            let now = |row: &usize| self.fold_of[*row] == held;
            (
                rows.clone().filter(before).collect(),
                rows.filter(now).collect(),
            )
        } else {
            rows.partition(|&row| self.fold_of[row] != held)
        }
    }
}

/// Stretches of time of about equally many rows; equal times stay together.
fn by_times(times: &[f64], n_folds: usize) -> Vec<u32> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let cuts: Vec<f64> = (1..n_folds)
        .map(|fold| sorted[fold * sorted.len() / n_folds])
        .collect();
    let fold = |time: &f64| cuts.iter().filter(|cut| *time >= **cut).count() as u32;
    times.iter().map(fold).collect()
}

/// Units are shuffled, and dealt out one after the other by class, the largest first where they differ much.
fn dealt(frame: &Frame, unit_of: &[usize], n_units: usize, n_folds: usize, seed: u64) -> Vec<u32> {
    let mut sizes = vec![0_usize; n_units];
    unit_of.iter().for_each(|&unit| sizes[unit] += 1);
    let classes = classes_of_units(frame, unit_of, n_units);
    let mut order: Vec<usize> = (0..n_units).collect();
    shuffle(&mut order, &mut generator(seed, Stream::Split, 0));
    order.sort_by_key(|&unit| classes[unit]);
    let n_classes = classes.iter().max().map_or(1, |most| *most as usize + 1);
    let mut rows_by_class = vec![vec![0_usize; n_folds]; n_classes];
    let mut rows = vec![0_usize; n_folds];
    let mut fold_of_unit = vec![0_u32; n_units];
    for unit in order {
        let of_class = &mut rows_by_class[classes[unit] as usize];
        let fold = (0..n_folds)
            .min_by_key(|&fold| (of_class[fold], rows[fold], fold))
            .unwrap_or(0);
        of_class[fold] += sizes[unit];
        rows[fold] += sizes[unit];
        fold_of_unit[unit] = fold as u32;
    }
    unit_of.iter().map(|&unit| fold_of_unit[unit]).collect()
}

/// The class of each unit: of those that its rows have, the one that is rarest in the table.
fn classes_of_units(frame: &Frame, unit_of: &[usize], n_units: usize) -> Vec<u32> {
    let Some(Target::Classes { labels, names }) = &frame.target else {
        return vec![0; n_units];
    };
    let mut counts = vec![0_usize; names.len()];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    let mut classes: Vec<Option<u32>> = vec![None; n_units];
    for (&label, &unit) in labels.iter().zip(unit_of) {
        let rarer = |known: u32| counts[label as usize] < counts[known as usize];
        if classes[unit].is_none_or(rarer) {
            classes[unit] = Some(label);
        }
    }
    classes
        .into_iter()
        .map(|class| class.unwrap_or(0))
        .collect()
}

/// The unit of each row, numbered from 0: rows with equal features or of one group belong together, and so do those that such rows
/// join. Also how many rows have the features of an earlier one, and whether
/// such rows are together.
fn units(frame: &Frame) -> (Vec<usize>, usize, bool) {
    let n_rows = frame.n_rows();
    let mut parents: Vec<usize> = (0..n_rows).collect();
    let mut firsts = HashMap::with_capacity(n_rows);
    let mut n_copies = 0;
    let first_of: Vec<usize> = (0..n_rows)
        .map(|row| *firsts.entry(content(frame, row)).or_insert(row))
        .collect();
    for (row, &first) in first_of.iter().enumerate() {
        n_copies += usize::from(first != row);
    }
    let copies_together = !is_grid(frame, &first_of, firsts.len());
    if copies_together {
        for (row, &first) in first_of.iter().enumerate() {
            join(&mut parents, first, row);
        }
    }
    if let Some(groups) = &frame.groups {
        let mut firsts = HashMap::new();
        for (row, group) in groups.iter().enumerate() {
            let first = *firsts.entry(group).or_insert(row);
            join(&mut parents, first, row);
        }
    }
    let mut numbers = HashMap::new();
    let unit_of = (0..n_rows)
        .map(|row| {
            let root = root(&mut parents, row);
            let next = numbers.len();
            *numbers.entry(root).or_insert(next)
        })
        .collect();
    (unit_of, n_copies, copies_together)
}

/// Whether few different rows of features come again and again with different targets: then they are the points of a grid, and a row does not
/// give away another one's target. Where equal features have equal targets they are copies.
fn is_grid(frame: &Frame, first_of: &[usize], n_different: usize) -> bool {
    let n_rows = first_of.len();
    if n_different * ROWS_A_POINT > n_rows {
        return false;
    }
    let same = |a: usize, b: usize| match &frame.target {
        Some(Target::Classes { labels, .. }) => labels[a] == labels[b],
        Some(Target::Values { values, .. }) => values.column(a) == values.column(b),
        _ => true,
    };
    let mut differs = vec![false; n_rows];
    for (row, &first) in first_of.iter().enumerate() {
        differs[first] |= !same(first, row);
    }
    let of_differing = first_of.iter().filter(|&&first| differs[first]).count();
    2 * of_differing > n_rows
}

/// A hash of a row's features that no two different rows share, for all that can be said: it has 128 bits.
fn content(frame: &Frame, row: usize) -> (u64, u64) {
    let mut hash = DefaultHasher::new();
    for column in &frame.columns {
        match &column.values {
            // -0 + 0 is 0, and one missing cell is as another.
            FrameValues::Numbers(values) if values[row].is_nan() => hash.write_u64(u64::MAX),
            FrameValues::Numbers(values) => hash.write_u64((values[row] + 0.0).to_bits()),
            FrameValues::Categories { codes, .. } => hash.write_u32(codes[row]),
        }
    }
    let first = hash.finish();
    hash.write_u8(1);
    (first, hash.finish())
}

fn root(parents: &mut [usize], mut row: usize) -> usize {
    while parents[row] != row {
        parents[row] = parents[parents[row]];
        row = parents[row];
    }
    row
}

fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FrameColumn;

    fn frame(values: Vec<f64>) -> Frame {
        let n = values.len();
        Frame {
            name: "t".into(),
            lines: (0..n as u64).collect(),
            target: Some(Target::classes(
                (0..n as u32).map(|at| u32::from(at % 10 == 0)).collect(),
            )),
            columns: vec![FrameColumn {
                name: "a".into(),
                source: "a".into(),
                values: FrameValues::Numbers(values),
            }],
            groups: None,
            weights: None,
            times: None,
        }
    }

    #[test]
    fn copies_and_groups_stay_together_and_classes_are_spread() {
        let n = 200;
        let values = (0..n).map(|at| f64::from(at / 2)).collect();
        let mut frame = frame(values);
        frame.groups = Some((0..n as u32).map(|at| at / 4).collect());
        let folds = Folds::new(&frame, 5, 3).unwrap();
        assert_eq!(folds.n_copies(), 100);
        for fold in 0..5 {
            let (training, held) = folds.rows(fold);
            assert_eq!(training.len() + held.len(), 200);
            assert!((36..=44).contains(&held.len()), "{}", held.len());
            let groups = frame.groups.as_ref().unwrap();
            assert!(
                held.iter()
                    .all(|row| training.iter().all(|other| groups[*row] != groups[*other]))
            );
            let Some(Target::Classes { labels, .. }) = &frame.target else {
                panic!()
            };
            let ones = held.iter().filter(|row| labels[**row] == 1).count();
            assert!((3..=5).contains(&ones), "{ones}");
        }
        assert_eq!(folds, Folds::new(&frame, 5, 3).unwrap());
        assert_ne!(folds, Folds::new(&frame, 5, 4).unwrap());
    }

    /// Four towns, each with many prices: points of a grid. With one price each they would be copies.
    #[test]
    fn points_of_a_grid_are_no_copies() {
        let mut frame = frame((0..200).map(|at| f64::from(at % 4)).collect());
        frame.target = Some(Target::numbers((0..200).map(f64::from).collect()));
        let folds = Folds::new(&frame, 5, 0).unwrap();
        assert!(!folds.copies_together() && folds.n_copies() == 196);
        assert!((0..5).all(|fold| folds.rows(fold).1.len() == 40));
        frame.target = Some(Target::numbers(
            (0..200).map(|at| f64::from(at % 4)).collect(),
        ));
        assert!(Folds::new(&frame, 5, 0).is_err());
    }

    #[test]
    fn by_time_only_the_past_is_trained_on() {
        let n = 100;
        let mut frame = frame((0..n).map(|at| f64::from(at * 37 % n)).collect());
        frame.times = Some((0..n).map(|at| f64::from(at * 37 % n)).collect());
        let folds = Folds::new(&frame, 5, 0).unwrap();
        assert_eq!(folds.n_folds(), 4);
        for fold in 0..4 {
            let (training, held) = folds.rows(fold);
            let times = frame.times.as_ref().unwrap();
            let latest = training.iter().map(|row| times[*row]).fold(0.0, f64::max);
            assert!(held.iter().all(|row| times[*row] > latest));
        }
        assert!(
            folds
                .rows(0)
                .1
                .iter()
                .any(|row| frame.times.as_ref().unwrap()[*row] == 99.0)
        );
    }
}
