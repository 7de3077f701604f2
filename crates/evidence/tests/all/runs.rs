//! Whole experiments, repeated: do they agree with each other, and where does their variation come from?

use rand_chacha::ChaCha8Rng;
use smallbatch_evidence::{
    Interval, MutualCoverage, Scale, TableEffect, VarianceComponents, mean_interval,
};

use crate::{normal, share};

/// What a repetition draws (split, tuning) has this deviation, and what a pair draws (weights, order) the deviation 1.
const TUNING: f64 = 0.7;

fn pairs(random: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    let tuned = TUNING * normal(random);
    (0..n).map(|_| tuned + normal(random)).collect()
}

/// Twenty runs of each of thirty designs.
fn coverage(mut run: impl FnMut(&mut ChaCha8Rng) -> Interval) -> MutualCoverage {
    let mut parts = Vec::new();
    share(30, |random| {
        let runs: Vec<Interval> = (0..20).map(|_| run(random)).collect();
        parts.extend(MutualCoverage::of(&runs));
        true
    });
    MutualCoverage::merge(&parts).expect("thirty designs")
}

#[test]
fn runs_that_draw_everything_anew_agree() {
    let found = coverage(|random| {
        let means: Vec<f64> = (0..8)
            .map(|_| pairs(random, 2).iter().sum::<f64>() / 2.0)
            .collect();
        let effect = TableEffect::of(&means).expect("numbers").expect("eight");
        effect.interval(0.95, Scale::Ratio)
    });
    assert_eq!(found.cases, 600);
    assert!((0.9..=0.98).contains(&found.share()), "{found:?}");
    // t(0.975, 7) = 2.36: wide enough is not enough.
    assert!(
        (2.0..=2.7).contains(&found.half_width_in_deviations),
        "{found:?}"
    );
}

#[test]
fn runs_that_tune_once_do_not() {
    // The first edition of the lab: one rate for sixteen pairs, and an interval over the pairs.
    let found = coverage(|random| mean_interval(&pairs(random, 16), 0.95).expect("numbers"));
    assert!((0.4..=0.6).contains(&found.share()), "{found:?}");
    assert!(found.half_width_in_deviations < 1.0, "{found:?}");
}

#[test]
fn the_components_are_found_again() {
    let truth = [1.0, 0.49, 1.0];
    let mut sums = [0.0; 3];
    let draws = 300;
    share(draws, |random| {
        // As unequal as an experiment that was stopped half-way.
        let values: Vec<Vec<Vec<f64>>> = (0..12)
            .map(|table| {
                let effect = normal(random);
                (0..3 + table % 4)
                    .map(|repetition| {
                        let pairs = pairs(random, 1 + (table + repetition) % 3);
                        pairs.iter().map(|pair| effect + pair).collect()
                    })
                    .collect()
            })
            .collect();
        let found = VarianceComponents::of(&values).expect("enough of each");
        sums[0] += found.between_tables;
        sums[1] += found.split_and_tuning;
        sums[2] += found.initialization_and_order;
        true
    });
    for (sum, truth) in sums.iter().zip(truth) {
        let mean = sum / draws as f64;
        assert!((mean / truth - 1.0).abs() < 0.1, "{mean}, not {truth}");
    }
}
