//! Intervals around predicted numbers, with a coverage that rows held out vouch for.

use serde::{Deserialize, Serialize};
use smallbatch_predict::Errors;

/// The errors of rows that no training saw, kept as so many quantiles at most.
const MOST_KEPT: usize = 2_001;

/// Split-conformal intervals (Papadopoulos et al. 2002; Lei et al. 2018): a prediction ± the quantile of the absolute errors of held-out
/// rows, the ⌈(n + 1)·coverage⌉-th smallest of n. A new row of the same kind lies inside with at least that probability.
///
/// The held-out rows are those of each fold in turn, predicted by the network that did not see them (Vovk 2015). The committee of all
/// networks errs less; how much less is read off how far the networks differ, so that its intervals are not too wide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conformal {
    kept: Errors,
}

impl Conformal {
    /// From the errors of rows held out.
    pub fn new(mut errors: Vec<f64>) -> Self {
        errors.iter_mut().for_each(|error| *error = error.abs());
        errors.sort_unstable_by(f64::total_cmp);
        let rows = errors.len();
        if rows > MOST_KEPT {
            // The upper of two, so that no interval becomes too narrow.
            let at = |kept: usize| (kept * (rows - 1)).div_ceil(MOST_KEPT - 1);
            errors = (0..MOST_KEPT).map(|kept| errors[at(kept)]).collect();
        }
        let errors = errors.into();
        Self {
            kept: Errors { errors, rows },
        }
    }

    pub(crate) fn portable(&self) -> Errors {
        self.kept.clone()
    }

    pub(crate) fn of_portable(kept: Errors) -> Self {
        Self { kept }
    }

    /// Half the width of an interval of this coverage; infinite where so few rows cannot vouch for it.
    pub fn half_width(&self, coverage: f64) -> f64 {
        self.kept.half_width(coverage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_is_that_of_n_plus_one() {
        let conformal = Conformal::new((1..=9).map(f64::from).rev().collect());
        assert_eq!(conformal.half_width(0.9), 9.0);
        assert_eq!(conformal.half_width(0.5), 5.0);
        assert_eq!(conformal.half_width(0.91), f64::INFINITY);
        assert_eq!(Conformal::new(Vec::new()).half_width(0.1), f64::INFINITY);
    }

    #[test]
    fn of_many_rows_the_kept_ones_are_enough() {
        let many = Conformal::new((0..100_000).map(|at| f64::from(at) / 1e5).collect());
        assert!(many.kept.errors.len() <= MOST_KEPT);
        for coverage in [0.1, 0.5, 0.9, 0.99] {
            let half = many.half_width(coverage);
            assert!(
                half >= coverage - 1e-4 && half < coverage + 1e-3,
                "{coverage}: {half}"
            );
        }
    }

    /// A new row is inside as often as stated, whatever the errors' distribution.
    #[test]
    fn a_new_row_is_inside_as_often_as_stated() {
        let mut state = 1_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((state >> 11) as f64 / (1_u64 << 53) as f64).powi(3)
        };
        let (n, repetitions) = (19, 4_000);
        let mut inside = 0;
        for _ in 0..repetitions {
            let conformal = Conformal::new((0..n).map(|_| draw()).collect());
            inside += usize::from(draw() <= conformal.half_width(0.9));
        }
        // Exactly 0.9 for 19 rows; three deviations of 0.0047.
        let share = inside as f64 / f64::from(repetitions);
        assert!((share - 0.9).abs() < 0.015, "{share}");
    }
}
