//! What the page shows of rows that were held out.

use nalgebra::DMatrix;
use smallbatch_data::Target;
use smallbatch_pipeline::{Measures, Scores};
use smallbatch_report::AdvicePredictions;

use crate::Advised;

/// Rows that are drawn.
const MOST_POINTS: usize = 400;
/// Predicted probabilities are put into so many classes of equal width.
const BINS: usize = 10;
/// Of fewer rows a share says little.
const FEWEST_IN_BIN: usize = 10;
/// The interval that is drawn.
const COVERAGE: f64 = 0.9;

/// Predicted and true values of rows that were held out, or the classes that they were taken for.
pub(super) fn predictions(advised: &Advised) -> AdvicePredictions {
    let shown = &advised.shown;
    match &shown.target {
        Target::Classes { labels, names } => {
            let (of, calibration) = calibration(&shown.predictions, labels, names);
            AdvicePredictions::Classes {
                names: names.clone(),
                confusion: match advised.model.held_out() {
                    Scores {
                        measures: Measures::Classes { confusion, .. },
                        ..
                    } => confusion.clone(),
                    _ => Vec::new(),
                },
                probability_of: of,
                calibration,
            }
        }
        target => {
            let truth = target
                .as_values()
                .map_or(&[][..], |values| values.as_slice());
            let rows = truth.len().min(shown.predictions.len());
            let pairs = shown.predictions.iter().copied().zip(truth.iter().copied());
            let half_width = advised.model.half_width(COVERAGE);
            AdvicePredictions::Numbers {
                points: pairs.step_by(rows.div_ceil(MOST_POINTS).max(1)).collect(),
                rows,
                half_width: half_width.filter(|half| half.is_finite()),
            }
        }
    }
}

/// The mean predicted probability, the share that came true and the rows of each bin. Of two classes it is the rarer one's probability, of
/// more that of the class that is predicted.
fn calibration(
    predictions: &DMatrix<f64>,
    labels: &[u32],
    names: &[String],
) -> (String, Vec<(f64, f64, usize)>) {
    let of_first = labels.iter().filter(|label| **label == 0).count();
    let rarer = usize::from(2 * of_first > labels.len());
    let is_binary = names.len() == 2;
    let mut bins = vec![(0.0, 0.0, 0_usize); BINS];
    for (column, label) in predictions.column_iter().zip(labels) {
        let class = if is_binary { rarer } else { column.imax() };
        let probability = column[class];
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        // From 0 to the number of bins.
        let bin = (probability * BINS as f64) as usize;
        let bin = &mut bins[bin.min(BINS - 1)];
        bin.0 += probability;
        bin.1 += f64::from(u8::from(*label as usize == class));
        bin.2 += 1;
    }
    let means = together(&bins).into_iter();
    let means = means.map(|(sum, came_true, n)| (sum / n as f64, came_true / n as f64, n));
    let of = match is_binary {
        true => format!("{:?}", names[rarer]),
        false => "the predicted class".into(),
    };
    (of, means.collect())
}

/// Neighbouring bins put together until each has enough rows for a share.
fn together(bins: &[(f64, f64, usize)]) -> Vec<(f64, f64, usize)> {
    let add = |a: &mut (f64, f64, usize), b: (f64, f64, usize)| {
        *a = (a.0 + b.0, a.1 + b.1, a.2 + b.2);
    };
    let mut full: Vec<(f64, f64, usize)> = Vec::new();
    let mut open = (0.0, 0.0, 0);
    for &bin in bins {
        add(&mut open, bin);
        if open.2 >= FEWEST_IN_BIN {
            full.push(std::mem::take(&mut open));
        }
    }
    match full.last_mut() {
        Some(last) => add(last, open),
        None if open.2 > 0 => full.push(open),
        None => {}
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_classes_the_rarer_ones_probability_is_shown() {
        // 30 rows of "no" at 0.12, 10 of "yes" of which 8 are at 0.82, and 2 at 0.32.
        let of = |row: usize| match row {
            0..30 => 0.12,
            30..38 => 0.82,
            _ => 0.32,
        };
        let predictions = DMatrix::from_fn(2, 40, |class, row| match class {
            1 => of(row),
            _ => 1.0 - of(row),
        });
        let labels: Vec<u32> = (0..40).map(|row| u32::from(row >= 30)).collect();
        let names = ["no", "yes"].map(str::to_owned);
        let (name, bins) = calibration(&predictions, &labels, &names);
        assert_eq!(name, "\"yes\"");
        let [first, second] = bins[..] else {
            panic!("{bins:?}")
        };
        assert!((first.0 - 0.12).abs() < 1e-12 && (first.1, first.2) == (0.0, 30));
        assert!((second.0 - 0.72).abs() < 1e-12 && (second.1, second.2) == (1.0, 10));
    }

    #[test]
    fn of_more_classes_it_is_that_of_the_predicted_one() {
        let predictions = DMatrix::from_fn(3, 12, |class, _| [0.2, 0.65, 0.15][class]);
        let labels: Vec<u32> = (0..12).map(|row| u32::from(row % 3 != 0)).collect();
        let names = ["a", "b", "c"].map(str::to_owned);
        let (name, bins) = calibration(&predictions, &labels, &names);
        assert_eq!(name, "the predicted class");
        assert_eq!((bins.len(), bins[0].2), (1, 12));
        assert!((bins[0].1 - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn bins_with_few_rows_go_to_their_neighbours() {
        let bins = [3, 8, 0, 1, 20, 2].map(|n| (0.0, 0.0, n));
        let counts: Vec<usize> = together(&bins).iter().map(|bin| bin.2).collect();
        assert_eq!(counts, [11, 23]);
        assert_eq!(together(&[(0.0, 0.0, 4)]).len(), 1);
        assert!(together(&[(0.0, 0.0, 0)]).is_empty());
    }
}
