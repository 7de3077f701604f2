//! The crate's numbers against those of statsmodels and scipy, which `make.py` computed into the files beside it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use smallbatch_evidence::{
    Hypothesis, LeftOut, MetaRegression, RandomEffects, Scale, TableEffect, VarianceComponents,
    holm, tau_interval,
};

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("the form that make.py writes")
}

/// Equal but for what the two programs' quantiles and roots leave, some 1e-10 of the larger numbers that went in.
#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        "{found}, not {expected}"
    );
}

/// Equal to the precision of p-values, one part in a million.
#[track_caller]
fn close_p(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() <= 3e-6,
        "{found}, not {expected}"
    );
}

fn exceeds(threshold: f64) -> Hypothesis {
    Hypothesis::exceeds(threshold).expect("a threshold")
}

#[test]
fn effects_on_a_table_are_those_of_scipy() {
    #[derive(Deserialize)]
    struct Case {
        repetitions: Vec<f64>,
        mean: f64,
        standard_error: f64,
        threshold: f64,
        p: f64,
        low: f64,
        high: f64,
    }
    #[derive(Deserialize)]
    struct Pooled {
        mean: f64,
        standard_error: f64,
        freedom: f64,
        low: f64,
        high: f64,
    }
    #[derive(Deserialize)]
    struct Golden {
        cases: Vec<Case>,
        tables: Vec<Vec<f64>>,
        pooled: Vec<Pooled>,
    }
    let golden: Golden = read(include_str!("../oracle/table_effects.json"));
    for case in golden.cases {
        let found = TableEffect::of(&case.repetitions)
            .expect("numbers")
            .expect("two or more");
        close(found.mean, case.mean);
        close(found.standard_error, case.standard_error);
        let interval = found.interval(0.95, Scale::Difference);
        close(interval.low, case.low);
        close(interval.high, case.high);
        let answer = found.answer(&exceeds(case.threshold), Scale::Difference);
        close_p(answer.p, case.p);
    }
    let found = TableEffect::pooled(&golden.tables, 8).expect("numbers");
    assert_eq!(found.len(), golden.pooled.len());
    for (found, expected) in found.into_iter().zip(golden.pooled) {
        let found = found.expect("a repetition");
        close(found.mean, expected.mean);
        close(found.standard_error, expected.standard_error);
        assert_eq!(found.degrees_of_freedom, expected.freedom);
        let interval = found.interval(0.95, Scale::Difference);
        close(interval.low, expected.low);
        close(interval.high, expected.high);
    }
}

#[test]
fn moderated_variances_are_those_of_smyths_equations() {
    #[derive(Deserialize)]
    struct Expected {
        standard_error: f64,
        freedom: f64,
    }
    #[derive(Deserialize)]
    struct Case {
        tables: Vec<Vec<f64>>,
        expected: Vec<Expected>,
    }
    let cases: Vec<Case> = read(include_str!("../oracle/moderated.json"));
    for case in cases {
        let found = TableEffect::moderated(&case.tables).expect("numbers");
        assert_eq!(found.len(), case.expected.len());
        for (found, expected) in found.into_iter().zip(case.expected) {
            let found = found.expect("a repetition");
            close(found.standard_error, expected.standard_error);
            close(found.degrees_of_freedom, expected.freedom);
        }
    }
}

#[test]
fn effects_over_tables_are_those_of_statsmodels() {
    #[derive(Deserialize)]
    struct Case {
        effects: Vec<f64>,
        standard_errors: Vec<f64>,
        tau: f64,
        mean: f64,
        standard_error: f64,
        low: Option<f64>,
        high: Option<f64>,
        threshold: f64,
        p: f64,
        tau_low: f64,
        tau_high: Option<f64>,
        prediction_low: Option<f64>,
        prediction_high: Option<f64>,
        share_above_threshold: Option<f64>,
    }
    let cases: Vec<Case> = read(include_str!("../oracle/random_effects.json"));
    let without_spread = cases.iter().filter(|case| case.tau == 0.0).count();
    assert!(without_spread > 0 && without_spread < cases.len());
    for case in cases {
        let effects: Vec<(f64, f64)> = case.effects.into_iter().zip(case.standard_errors).collect();
        let found = RandomEffects::of(&effects)
            .expect("numbers")
            .expect("two or more");
        close(found.tau, case.tau);
        close(found.mean, case.mean);
        close(found.standard_error, case.standard_error);
        let interval = found.interval(0.95, Scale::Difference);
        close_or_open(interval.low, case.low);
        close_or_open(interval.high, case.high);
        let claim = exceeds(case.threshold);
        close_p(found.answer(&claim, Scale::Difference).p, case.p);
        let (low, high) = tau_interval(&effects, 0.95).expect("numbers");
        close(low, case.tau_low);
        close_or_open(high, case.tau_high);
        let prediction = found.prediction(0.95, Scale::Difference);
        close_or_open(prediction.low, case.prediction_low);
        close_or_open(prediction.high, case.prediction_high);
        let share = found.expected_share(&claim, Scale::Difference);
        assert_eq!(share.is_some(), case.share_above_threshold.is_some());
        if let (Some(share), Some(expected)) = (share, case.share_above_threshold) {
            close(share, expected);
        }
    }
}

fn close_or_open(found: f64, expected: Option<f64>) {
    match expected {
        Some(expected) => close(found, expected),
        None => assert!(found.is_infinite(), "{found}"),
    }
}

#[test]
fn lines_over_tables_and_tables_that_are_left_out_are_those_of_weighted_least_squares() {
    #[derive(Deserialize)]
    struct Predicted {
        low: f64,
        high: f64,
        score: f64,
    }
    #[derive(Deserialize)]
    struct Case {
        effects: Vec<f64>,
        standard_errors: Vec<f64>,
        degrees_of_freedom: Vec<f64>,
        moderator: Vec<f64>,
        tau: f64,
        slope: f64,
        slope_low: f64,
        slope_high: f64,
        at: f64,
        mean: f64,
        low: f64,
        high: f64,
        threshold: f64,
        p: f64,
        prediction_low: Option<f64>,
        prediction_high: Option<f64>,
        share_above_threshold: Option<f64>,
        left_out_mean: Option<Vec<Predicted>>,
        left_out_line: Option<Vec<Predicted>>,
    }
    let cases: Vec<Case> = read(include_str!("../oracle/meta_regression.json"));
    let without_spread = cases.iter().filter(|case| case.tau == 0.0).count();
    assert!(without_spread > 0 && without_spread < cases.len());
    for case in cases {
        let effects: Vec<(f64, f64)> = case
            .effects
            .iter()
            .copied()
            .zip(case.standard_errors.iter().copied())
            .collect();
        let line = MetaRegression::of(&effects, &case.moderator)
            .expect("numbers")
            .expect("three or more");
        close(line.tau, case.tau);
        close(line.slope, case.slope);
        let slope = line.slope_interval(0.95);
        close(slope.low, case.slope_low);
        close(slope.high, case.slope_high);
        let there = line.interval(case.at, 0.95, Scale::Difference);
        close(there.estimate.expect("a mean"), case.mean);
        close(there.low, case.low);
        close(there.high, case.high);
        let claim = exceeds(case.threshold);
        close_p(line.answer(case.at, &claim, Scale::Difference).p, case.p);
        let new = line.prediction(case.at, 0.95, Scale::Difference);
        close_or_open(new.low, case.prediction_low);
        close_or_open(new.high, case.prediction_high);
        let share = line.expected_share(case.at, &claim, Scale::Difference);
        assert_eq!(share.is_some(), case.share_above_threshold.is_some());
        if let (Some(share), Some(expected)) = (share, case.share_above_threshold) {
            close(share, expected);
        }

        let tables: Vec<TableEffect> = effects
            .iter()
            .zip(&case.degrees_of_freedom)
            .map(|((mean, error), freedom)| TableEffect {
                mean: *mean,
                standard_error: *error,
                degrees_of_freedom: *freedom,
                n_repetitions: 4,
            })
            .collect();
        for (moderator, expected) in [
            (None, &case.left_out_mean),
            (Some(&case.moderator[..]), &case.left_out_line),
        ] {
            let found = LeftOut::of(&tables, moderator, 0.95).expect("numbers");
            assert_eq!(
                found.is_some(),
                expected.is_some(),
                "{} tables",
                tables.len()
            );
            let (Some(found), Some(expected)) = (found, expected) else {
                continue;
            };
            assert_eq!(found.tables().len(), expected.len());
            for (found, expected) in found.tables().iter().zip(expected) {
                close(found.predicted.low, expected.low);
                close(found.predicted.high, expected.high);
                close(found.score(), expected.score);
            }
        }
    }
}

#[test]
fn holms_p_values_are_those_of_statsmodels() {
    #[derive(Deserialize)]
    struct Case {
        p: Vec<f64>,
        adjusted: Vec<f64>,
    }
    let cases: Vec<Case> = read(include_str!("../oracle/holm.json"));
    for case in cases {
        let p: Vec<Option<f64>> = case.p.into_iter().map(Some).collect();
        for (found, expected) in holm(&p).into_iter().zip(case.adjusted) {
            // statsmodels multiplies in the same order, and may differ by a rounding.
            assert!((found.expect("a p-value") - expected).abs() < 1e-15);
        }
    }
}

#[test]
fn components_are_those_of_quadratic_forms_and_of_the_restricted_likelihood() {
    #[derive(Deserialize)]
    struct Case {
        values: Vec<Vec<Vec<f64>>>,
        components: [f64; 3],
    }
    let cases: Vec<Case> = read(include_str!("../oracle/components.json"));
    assert!(cases.len() >= 3, "balanced, and unbalanced twice");
    for case in cases {
        let found = VarianceComponents::of(&case.values).expect("two of each");
        close(found.between_tables, case.components[0]);
        close(found.split_and_tuning, case.components[1]);
        close(found.initialization_and_order, case.components[2]);
    }
}
