//! Intervals of pairs of runs, and what is said from them.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, StudentsT};

use smallbatch_evidence::{
    Comparison, Direction, Hypothesis, Observation, Verdict, bootstrap_interval, holm,
    mean_interval, median_interval, seeds_needed, verdict,
};

use crate::{normal, share};

fn pairs_with_effect(
    random: &mut ChaCha8Rng,
    pairs: usize,
    effect: f64,
) -> Vec<(Observation, Observation)> {
    (0..pairs)
        .map(|_| {
            // What the pair shares, such as an easy split, cancels; what is left has spread 0.3.
            let shared = 2.0 * normal(random);
            let first = shared + effect + 0.3 * normal(random);
            (
                Observation::Exact(first.exp()),
                Observation::Exact(shared.exp()),
            )
        })
        .collect()
}

#[test]
fn t_intervals_of_ratios_cover_95_percent_at_every_number_of_pairs() {
    for pairs in [2, 3, 5, 10, 30] {
        let covered = share(4_000, |random| {
            let sample = pairs_with_effect(random, pairs, 0.7);
            let interval = Comparison::ratios(&sample, 0.95).expect("numbers").interval;
            interval.low <= 0.7f64.exp() && 0.7f64.exp() <= interval.high
        });
        assert!((0.93..=0.97).contains(&covered), "{pairs} pairs: {covered}");
    }
}

#[test]
fn a_normal_interval_would_not_pass() {
    // The test above can fail: with 1.96 instead of t, five pairs cover too little.
    let covered = share(4_000, |random| {
        let values: Vec<f64> = (0..5).map(|_| normal(random)).collect();
        let interval = mean_interval(&values, 0.95).expect("numbers");
        let half = (interval.high - interval.low) / 2.0 * 1.959_964 / 2.776_445;
        interval.estimate.expect("five values").abs() <= half
    });
    assert!(covered < 0.9, "{covered}");
}

#[test]
fn bootstrap_intervals_cover_95_percent_of_skewed_samples() {
    let covered = share(1_000, |random| {
        let values: Vec<f64> = (0..60).map(|_| (0.5 * normal(random)).exp()).collect();
        let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
        let interval = bootstrap_interval(&values, mean, 600, 1, 0.95).expect("numbers");
        let truth = (0.125f64).exp();
        interval.low <= truth && truth <= interval.high
    });
    assert!((0.93..=0.97).contains(&covered), "{covered}");
}

#[test]
fn median_intervals_cover_at_least_95_percent_of_any_distribution() {
    for count in [6, 9, 20] {
        let covered = share(4_000, |random| {
            // Every tenth run never arrives.
            let values: Vec<f64> = (0..count)
                .map(|_| {
                    if random.random_bool(0.1) {
                        f64::INFINITY
                    } else {
                        normal(random).exp()
                    }
                })
                .collect();
            let interval = median_interval(&values, 0.95).expect("numbers");
            // The median of the mixture: the 5/9 quantile of exp(normal).
            let truth = 0.139_710_298_883_5f64.exp();
            interval.low <= truth && truth <= interval.high
        });
        assert!(covered >= 0.945, "{count} values: {covered}");
    }
}

#[test]
fn with_censored_runs_the_intervals_cover_the_truth_too() {
    for (first_cap, second_cap, pairs) in [
        (1.3, f64::INFINITY, 5),
        (f64::INFINITY, 1.3, 5),
        (1.3, 0.8, 12),
    ] {
        let covered = share(4_000, |random| {
            let sample: Vec<_> = (0..pairs)
                .map(|_| {
                    let cut = |value: f64, cap: f64| {
                        if value > cap {
                            Observation::AtLeast(cap)
                        } else {
                            Observation::Exact(value)
                        }
                    };
                    let shared = 0.3 * normal(random);
                    let first = (shared + 0.2 + 0.3 * normal(random)).exp();
                    let second = (shared + 0.3 * normal(random)).exp();
                    (cut(first, first_cap), cut(second, second_cap))
                })
                .collect();
            let comparison = Comparison::ratios(&sample, 0.95).expect("numbers");
            let truth = 0.2f64.exp();
            comparison.interval.low <= truth && truth <= comparison.interval.high
        });
        assert!(
            covered >= 0.94,
            "caps {first_cap} and {second_cap}: {covered}"
        );
    }
}

#[test]
fn without_an_effect_a_direction_comes_out_in_at_most_5_percent() {
    for direction in [Direction::Greater, Direction::Less] {
        let hypothesis = Hypothesis::new(direction, 0.05).expect("a margin");
        let wrong = share(4_000, |random| {
            let sample = pairs_with_effect(random, 5, 0.0);
            let found = Comparison::ratios(&sample, 0.95)
                .expect("numbers")
                .verdict(&hypothesis);
            matches!(found, Verdict::Supported | Verdict::Refuted)
        });
        // 5 % and three standard errors of 4,000 draws.
        assert!(wrong <= 0.05 + 0.0104, "{direction:?}: {wrong}");
    }
}

/// How both arms of a pair are drawn, alike, so that there is no effect.
type Draw = fn(&mut ChaCha8Rng) -> f64;

#[test]
fn without_an_effect_few_directions_come_out_of_any_distribution() {
    // The steps of a measure are known only for differences: the share of right answers among so many.
    let kinds: [(&str, Draw, Option<f64>); 6] = [
        ("normal", |random| 10.0 + normal(random), None),
        ("log-normal", |random| normal(random).exp(), None),
        (
            "half ties",
            |random| f64::from(random.random_range(1..=2)),
            None,
        ),
        (
            "rounded log-normal",
            |random| (2.0 * normal(random).exp()).ceil(),
            None,
        ),
        (
            "the share of 2",
            |random| f64::from(random.random_range(1..=2)) / 2.0,
            Some(0.5),
        ),
        (
            "the share of 35",
            |random| (1 + (0..34).filter(|_| random.random_bool(0.9)).count()) as f64 / 35.0,
            Some(1.0 / 35.0),
        ),
    ];
    // No margin: nothing is called equivalent, so that every chance of a wrong direction is left.
    let hypothesis = Hypothesis::new(Direction::Greater, 0.0).expect("a margin");
    for (kind, draw, step) in kinds {
        for pairs in [3, 8, 30] {
            let mut wrong = [0, 0];
            let draws = 4_000;
            share(draws, |random| {
                let sample: Vec<_> = (0..pairs)
                    .map(|_| {
                        (
                            Observation::Exact(draw(random)),
                            Observation::Exact(draw(random)),
                        )
                    })
                    .collect();
                let differences = Comparison::differences(&sample, 0.95).expect("numbers");
                let differences = match step {
                    Some(step) => differences.in_steps_of(step).expect("a step"),
                    None => differences,
                };
                let ratios = Comparison::ratios(&sample, 0.95).expect("numbers");
                for (wrong, found) in wrong.iter_mut().zip([differences, ratios]) {
                    *wrong += u32::from(matches!(
                        verdict(&found.interval, &hypothesis),
                        Verdict::Supported | Verdict::Refuted
                    ));
                }
                true
            });
            for (wrong, scale) in wrong.into_iter().zip(["differences", "ratios"]) {
                let wrong = f64::from(wrong) / draws as f64;
                // 5 % and three standard errors of 4,000 draws.
                assert!(
                    wrong <= 0.05 + 0.0104,
                    "{kind}, {scale} of {pairs} pairs: {wrong}"
                );
            }
        }
    }
}

#[test]
fn at_the_margin_equivalence_comes_out_in_at_most_5_percent() {
    let hypothesis = Hypothesis::new(Direction::Same, 0.2).expect("a margin");
    let wrong = share(4_000, |random| {
        let sample = pairs_with_effect(random, 30, 1.2f64.ln());
        let found = Comparison::ratios(&sample, 0.95)
            .expect("numbers")
            .verdict(&hypothesis);
        found == Verdict::Equivalent
    });
    // One-sided: half of 5 %, and three standard errors.
    assert!(wrong <= 0.025 + 0.0075, "{wrong}");
}

#[test]
fn equivalent_is_two_one_sided_tests() {
    let margin = 0.25;
    let hypothesis = Hypothesis::new(Direction::Same, margin).expect("a margin");
    let mut seen = [0, 0];
    share(2_000, |random| {
        let shift = 0.3 * normal(random);
        let values: Vec<f64> = (0..8).map(|_| shift + 0.2 * normal(random)).collect();
        let found = verdict(&mean_interval(&values, 0.95).expect("numbers"), &hypothesis);
        // The naive way: both p values from the distribution function.
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let error = (variance / n).sqrt();
        let student = StudentsT::new(0.0, 1.0, n - 1.0).expect("degrees of freedom");
        let p_above_low = 1.0 - student.cdf((mean + margin) / error);
        let p_below_high = student.cdf((mean - margin) / error);
        let both = p_above_low <= 0.025 && p_below_high <= 0.025;
        assert_eq!(found == Verdict::Equivalent, both, "{values:?}");
        seen[usize::from(both)] += 1;
        true
    });
    assert!(
        seen.iter().all(|count| *count > 200),
        "both outcomes were seen: {seen:?}"
    );
}

#[test]
fn the_needed_seeds_settle_four_in_five() {
    // A pilot of exactly mean 0.2 and spread 0.4; then as many runs as it asks for, many times.
    let wave = [1.0, -1.0, 1.0, -1.0, 0.0];
    let pilot: Vec<_> = wave
        .map(|s: f64| (Observation::Exact(0.2 + 0.4 * s), Observation::Exact(0.0)))
        .to_vec();
    let hypothesis = Hypothesis::new(Direction::Greater, 0.0).expect("a margin");
    let comparison = Comparison::differences(&pilot, 0.95).expect("numbers");
    let total = 5 + seeds_needed(&comparison, &hypothesis).expect("a number") as usize;
    let settled = share(4_000, |random| {
        let sample: Vec<_> = (0..total)
            .map(|_| {
                (
                    Observation::Exact(0.2 + 0.4 * normal(random)),
                    Observation::Exact(0.0),
                )
            })
            .collect();
        let comparison = Comparison::differences(&sample, 0.95).expect("numbers");
        comparison.verdict(&hypothesis) == Verdict::Supported
    });
    assert!((0.75..=0.87).contains(&settled), "{total} pairs: {settled}");
}

#[test]
fn corrected_for_ten_answers_a_wrong_direction_is_rare_and_uncorrected_it_is_not() {
    let hypothesis = Hypothesis::new(Direction::Greater, 0.0).expect("a margin");
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (families, mut wrong, mut wrong_when_corrected) = (800, 0, 0);
    for _ in 0..families {
        let p_values: Vec<Option<f64>> = (0..10)
            .map(|_| {
                let sample = pairs_with_effect(&mut random, 8, 0.0);
                let comparison = Comparison::ratios(&sample, 0.95).expect("numbers");
                comparison.p_value(&hypothesis)
            })
            .collect();
        // An inconclusive answer has no p-value: each that is there is a wrong verdict.
        wrong += usize::from(p_values.iter().any(Option::is_some));
        let adjusted = holm(&p_values);
        wrong_when_corrected += usize::from(adjusted.iter().flatten().any(|p| *p <= 0.05));
    }
    let share = |count: usize| count as f64 / f64::from(families);
    // 1 - 0.95^10 = 0.40 without; at most 0.05 with, and a standard error of 0.008.
    assert!((0.34..0.46).contains(&share(wrong)), "{}", share(wrong));
    let corrected = share(wrong_when_corrected);
    assert!((0.02..=0.07).contains(&corrected), "{corrected}");
}
