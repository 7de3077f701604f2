//! Which rows of a table that passes by are held out: told of each row by itself.

use smallbatch_data::{Folds, Frame, FrameValues, TableSchema};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Error;
use crate::pipeline::FOLDS;

/// So many rows tell what a model is worth: the root of a mean square to a third of a percent.
const MOST_ROWS: f64 = 50_000.0;
/// Of a table that is not much larger, no more than this share.
const MOST_SHARE: f64 = 0.2;

/// How a row is told to be held out.
#[derive(Debug)]
pub(super) struct HoldOut {
    by: By,
    share: f64,
    seed: u64,
}

#[derive(Debug)]
enum By {
    /// From this time on.
    Time(f64),
    /// By a hash of its group.
    Group,
    /// By a hash of its features: equal ones are on one side.
    Features,
    /// By a hash of its line, where few different rows come again and again.
    Line,
}

impl HoldOut {
    /// For a table of so many rows, of which some are known.
    pub(super) fn new(
        schema: &TableSchema,
        sample: &Frame,
        n_rows: u64,
        seed: u64,
    ) -> Result<Self, Error> {
        let share = (MOST_ROWS / n_rows as f64).min(MOST_SHARE);
        let by = match &sample.times {
            Some(times) => By::Time(quantile(times, 1.0 - share)),
            None if schema.groups().is_some() => By::Group,
            None if Folds::at_most(sample, FOLDS, seed)?.copies_together() => By::Features,
            None => By::Line,
        };
        Ok(Self { by, share, seed })
    }

    /// Of each row, whether it is held out; `groups` has the keys of all lines of the table, in their order.
    pub(super) fn held(&self, frame: &Frame, groups: Option<&[(u64, u64)]>) -> Vec<bool> {
        let mut bytes = Vec::new();
        let mut is_held = |row: usize| {
            bytes.clear();
            let line = frame.lines[row];
            match (&self.by, &frame.times) {
                (By::Time(from), Some(times)) => return times[row] >= *from,
                (By::Features, _) => features(frame, row, &mut bytes),
                (By::Group, _) => {
                    let groups = groups.unwrap_or_default();
                    let at = groups.binary_search_by_key(&line, |(line, _)| *line);
                    let key = at.map_or(line, |at| groups[at].1);
                    bytes.extend(key.to_le_bytes());
                }
                (By::Line | By::Time(_), _) => bytes.extend(line.to_le_bytes()),
            }
            let hash = xxh3_64_with_seed(&bytes, self.seed);
            hash as f64 / 2_f64.powi(64) < self.share
        };
        (0..frame.n_rows()).map(&mut is_held).collect()
    }
}

/// The bytes of a row's features, the same for equal ones.
fn features(frame: &Frame, row: usize, bytes: &mut Vec<u8>) {
    for column in &frame.columns {
        match &column.values {
            // -0 + 0 is 0, and one missing cell is as another.
            FrameValues::Numbers(values) if values[row].is_nan() => bytes.extend([0xff; 8]),
            FrameValues::Numbers(values) => bytes.extend((values[row] + 0.0).to_le_bytes()),
            FrameValues::Categories { codes, .. } => bytes.extend(codes[row].to_le_bytes()),
        }
    }
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A position.
    let at = (share * sorted.len() as f64) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::INFINITY)
}
