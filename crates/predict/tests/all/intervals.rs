//! Intervals by the errors of rows that no training saw.

use proptest::prelude::*;
use smallbatch_predict::Errors;

fn errors(n: usize, rows: usize) -> Errors {
    Errors {
        errors: (1..=n).map(|error| error as f64).collect(),
        rows,
    }
}

/// The table of ⌈(n + 1)·coverage⌉.
#[test]
fn the_half_width_is_the_error_of_that_rank() {
    for (rows, coverage, expected) in [
        (9, 0.9, 9.0),
        (9, 0.5, 5.0),
        (9, 0.91, f64::INFINITY),
        (8, 0.9, f64::INFINITY),
        (99, 0.9, 90.0),
        (99, 0.05, 5.0),
        (100, 0.9, 91.0),
        (19, 0.95, 19.0),
        (1, 0.5, 1.0),
        (1, 0.6, f64::INFINITY),
        (0, 0.5, f64::INFINITY),
        // (rows + 1)·coverage is 7 but for rounding.
        (9, 0.7, 7.0),
        (29, 0.9, 27.0),
    ] {
        let found = errors(rows, rows).half_width(coverage);
        assert_eq!(found, expected, "{rows} rows, coverage {coverage}");
    }
}

proptest! {
    /// Where some errors are kept of many, the interval is that of all or the next wider one that is kept.
    #[test]
    fn thinned_errors_are_never_narrower(rows in 1_usize..5000, kept in 2_usize..200, coverage in 0.01..0.99_f64) {
        let all = errors(rows, rows);
        let kept = kept.min(rows);
        let spread = |at: usize| if kept > 1 { at * (rows - 1) / (kept - 1) } else { 0 };
        let some = Errors {
            errors: (0..kept).map(|at| all.errors[spread(at)]).collect(),
            rows,
        };
        let (wanted, found) = (all.half_width(coverage), some.half_width(coverage));
        prop_assert!(found >= wanted, "{} and {}", found, wanted);
        let gap = (rows - 1) as f64 / (kept - 1).max(1) as f64;
        prop_assert!(found <= wanted + gap + 1.0, "{} and {}", found, wanted);
    }
}

#[test]
fn absurd_counts_of_rows_are_no_overflow() {
    let absurd = errors(3, usize::MAX);
    assert!(absurd.half_width(0.9) >= 1.0);
    assert!(
        absurd.half_width(0.999_999_999).is_infinite() || absurd.half_width(0.999_999_999) <= 3.0
    );
    assert_eq!(errors(0, 7).half_width(0.5), f64::INFINITY);
}

#[test]
fn the_interval_is_around_the_number() {
    let model = crate::random::model(1);
    let model = smallbatch_predict::Model {
        errors: Some(errors(19, 19)),
        ..model
    };
    let row = model.row();
    let prediction = model.predict(&row).unwrap();
    let number = prediction.number().unwrap();
    assert_eq!(
        prediction.interval(0.9),
        Some((number - 18.0, number + 18.0))
    );
    assert_eq!(
        (prediction.class(), prediction.probabilities().count()),
        (None, 0)
    );
    let classes = crate::random::model(3);
    let prediction = classes.predict(&classes.row()).unwrap().interval(0.9);
    assert_eq!(prediction, None);
}
