//! Effects on tables and over tables.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use smallbatch_evidence::{
    Hypothesis, Interval, RandomEffects, Scale, TableEffect, Verdict, mean_interval, tau_interval,
    verdict,
};

use crate::{normal, share};

/// `pairs[repetition][pair]` with mean 0: what a repetition draws has the deviation 1, what a pair draws `pair`.
fn repetitions(random: &mut ChaCha8Rng, n: usize, n_pairs: usize, pair: f64) -> Vec<Vec<f64>> {
    (0..n)
        .map(|_| {
            let shared = normal(random);
            (0..n_pairs)
                .map(|_| shared + pair * normal(random))
                .collect()
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn effect(values: &[f64]) -> TableEffect {
    TableEffect::of(values)
        .expect("numbers")
        .expect("two or more")
}

#[test]
fn intervals_over_repetitions_cover_and_intervals_over_pairs_do_not() {
    for n in [2, 4, 8, 16] {
        let covered = share(3_000, |random| {
            let pairs = repetitions(random, n, 3, 0.5);
            let means: Vec<f64> = pairs.iter().map(|pairs| mean(pairs)).collect();
            let interval = effect(&means).interval(0.95, Scale::Difference);
            interval.low <= 0.0 && 0.0 <= interval.high
        });
        assert!((0.935..=0.965).contains(&covered), "{n}: {covered}");
    }
    // As if the three pairs of a repetition were three repetitions.
    let covered = share(3_000, |random| {
        let pairs = repetitions(random, 8, 3, 0.5).concat();
        let interval = mean_interval(&pairs, 0.95).expect("numbers");
        interval.low <= 0.0 && 0.0 <= interval.high
    });
    assert!(covered < 0.8, "{covered}");
}

/// Ten tables with four repetitions each. The share of intervals that cover, and their mean width over that of a table's
/// own.
fn pooled(deviation: impl Fn(&mut ChaCha8Rng) -> f64) -> (f64, f64) {
    let (mut covered, mut width, mut own_width) = (0, 0.0, 0.0);
    share(400, |random| {
        let tables: Vec<Vec<f64>> = (0..10)
            .map(|_| {
                let deviation = deviation(random);
                (0..4).map(|_| deviation * normal(random)).collect()
            })
            .collect();
        let effects = TableEffect::pooled(&tables, 8).expect("numbers");
        for (effect_pooled, table) in effects.into_iter().flatten().zip(&tables) {
            let interval = effect_pooled.interval(0.95, Scale::Difference);
            covered += usize::from(interval.low <= 0.0 && 0.0 <= interval.high);
            width += interval.high - interval.low;
            let own = effect(table).interval(0.95, Scale::Difference);
            own_width += own.high - own.low;
        }
        true
    });
    (covered as f64 / 4_000.0, width / own_width)
}

#[test]
fn moderated_variances_cover_on_noisy_tables_too_and_pooled_ones_do_not() {
    // Deviations from 0.25 to 4: tables differ in noise as they do in everything else.
    let deviations: Vec<f64> = (0..20)
        .map(|i| (f64::from(i) / 19.0 * 4.0 - 2.0).exp2())
        .collect();
    // Of the five noisiest and the five quietest tables: the share covered, and the widths over those of the tables' own.
    let of = |effects: fn(&[Vec<f64>]) -> Vec<TableEffect>| {
        let (mut noisy, mut quiet) = ((0, 0.0), (0, 0.0));
        let mut own = [0.0; 2];
        share(400, |random| {
            let tables: Vec<Vec<f64>> = deviations
                .iter()
                .map(|deviation| (0..4).map(|_| deviation * normal(random)).collect())
                .collect();
            for (i, (found, table)) in effects(&tables).into_iter().zip(&tables).enumerate() {
                let interval = found.interval(0.95, Scale::Difference);
                let covered = usize::from(interval.low <= 0.0 && 0.0 <= interval.high);
                let width = |interval: Interval| interval.high - interval.low;
                let of_own = width(effect(table).interval(0.95, Scale::Difference));
                if i < 5 {
                    quiet = (quiet.0 + covered, quiet.1 + width(interval));
                    own[0] += of_own;
                } else if i >= 15 {
                    noisy = (noisy.0 + covered, noisy.1 + width(interval));
                    own[1] += of_own;
                }
            }
            true
        });
        [
            (quiet.0 as f64 / 2_000.0, quiet.1 / own[0]),
            (noisy.0 as f64 / 2_000.0, noisy.1 / own[1]),
        ]
    };
    let [quiet, noisy] = of(|tables| {
        let effects = TableEffect::moderated(tables).expect("numbers");
        effects.into_iter().flatten().collect()
    });
    let [quiet_pooled, noisy_pooled] = of(|tables| {
        let effects = TableEffect::pooled(tables, 8).expect("numbers");
        effects.into_iter().flatten().collect()
    });
    // 95 % over all tables; a little less on the noisiest quarter, which is drawn towards the others.
    assert!(quiet.0 > 0.95 && noisy.0 > 0.88, "{quiet:?}, {noisy:?}");
    assert!(quiet.1 < 1.4 && noisy.1 < 0.8, "{quiet:?}, {noisy:?}");
    assert!(noisy_pooled.0 < 0.8, "{noisy_pooled:?}");
    assert!(quiet_pooled.1 > 3.0, "{quiet_pooled:?}");
}

#[test]
fn pooled_variances_cover_where_tables_are_alike_and_nearly_where_they_are_not() {
    let (covered, width) = pooled(|_| 1.0);
    assert!((0.935..=0.965).contains(&covered), "{covered}");
    // 2.04 standard errors instead of 3.18 that are themselves too small on the average.
    assert!(width < 0.75, "{width}");
    // Deviations from 0.5 to 2, so variances that differ by a factor of 16.
    let (covered, _) = pooled(|random| (2.0 * random.random::<f64>() - 1.0).exp2());
    assert!((0.91..=0.96).contains(&covered), "{covered}");
}

/// Eight tables with standard errors that differ by a factor of ten, around a mean of 0 with this τ.
fn tables(random: &mut ChaCha8Rng, tau: f64) -> Vec<(f64, f64)> {
    [0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5]
        .map(|error| (tau * normal(random) + error * normal(random), error))
        .to_vec()
}

fn over(tables: &[(f64, f64)]) -> RandomEffects {
    RandomEffects::of(tables).expect("numbers").expect("tables")
}

#[test]
fn random_effects_cover_the_mean_over_tables_and_fixed_effects_do_not() {
    for tau in [0.1, 0.4] {
        let covered = share(2_000, |random| {
            let interval = over(&tables(random, tau)).interval(0.95, Scale::Difference);
            interval.low <= 0.0 && 0.0 <= interval.high
        });
        assert!((0.93..=0.97).contains(&covered), "tau {tau}: {covered}");
    }
    // The disease: weights 1/s², as if the effect were the same on all tables.
    let covered = share(2_000, |random| {
        let tables = tables(random, 0.4);
        let weight: f64 = tables.iter().map(|(_, s)| 1.0 / (s * s)).sum();
        let mean = tables.iter().map(|(y, s)| y / (s * s)).sum::<f64>() / weight;
        mean.abs() <= 1.959_964 / weight.sqrt()
    });
    assert!(covered < 0.3, "{covered}");
}

#[test]
fn without_a_spread_random_effects_are_on_the_safe_side() {
    let covered = share(2_000, |random| {
        let interval = over(&tables(random, 0.0)).interval(0.95, Scale::Difference);
        interval.low <= 0.0 && 0.0 <= interval.high
    });
    assert!(covered >= 0.95, "{covered}");
}

#[test]
fn with_standard_errors_from_four_repetitions_random_effects_still_cover() {
    let covered = share(1_000, |random| {
        let repetitions: Vec<Vec<f64>> = (0..8)
            .map(|_| {
                let effect = 0.4 * normal(random);
                (0..4).map(|_| effect + 0.6 * normal(random)).collect()
            })
            .collect();
        let effects: Vec<(f64, f64)> = TableEffect::pooled(&repetitions, 8)
            .expect("numbers")
            .into_iter()
            .flatten()
            .map(|effect| (effect.mean, effect.standard_error))
            .collect();
        let interval = over(&effects).interval(0.95, Scale::Difference);
        interval.low <= 0.0 && 0.0 <= interval.high
    });
    assert!((0.93..=0.97).contains(&covered), "{covered}");
}

#[test]
fn the_q_profile_covers_the_spread() {
    for tau in [0.0, 0.1, 0.4] {
        let covered = share(600, |random| {
            let (low, high) = tau_interval(&tables(random, tau), 0.95).expect("numbers");
            low <= tau && tau <= high
        });
        assert!((0.925..=0.985).contains(&covered), "tau {tau}: {covered}");
    }
}

#[test]
fn prediction_intervals_cover_a_new_table_and_intervals_of_the_mean_do_not() {
    let cover = |which: fn(&RandomEffects) -> (f64, f64)| {
        share(2_000, |random| {
            let found = over(&tables(random, 0.4));
            let new = 0.4 * normal(random);
            let (low, high) = which(&found);
            low <= new && new <= high
        })
    };
    let predicted = cover(|found| {
        let interval = found.prediction(0.95, Scale::Difference);
        (interval.low, interval.high)
    });
    assert!((0.92..=0.97).contains(&predicted), "{predicted}");
    let of_mean = cover(|found| {
        let interval = found.interval(0.95, Scale::Difference);
        (interval.low, interval.high)
    });
    assert!(of_mean < 0.75, "{of_mean}");
}

#[test]
fn the_expected_share_of_tables_is_that_of_new_tables() {
    let claim = Hypothesis::exceeds(-0.3).expect("a threshold");
    let mut expected = 0.0;
    let held = share(2_000, |random| {
        let found = over(&tables(random, 0.4));
        expected += found
            .expected_share(&claim, Scale::Difference)
            .expect("eight tables")
            / 2_000.0;
        0.4 * normal(random) > -0.3
    });
    // Φ(0.75) = 0.77; the prediction is a little more doubtful, since it does not know μ and τ.
    assert!((held - expected).abs() < 0.04, "{held} and {expected}");
}

#[test]
fn on_the_threshold_a_verdict_over_tables_is_wrong_in_at_most_5_percent() {
    let claim = Hypothesis::exceeds(1.0).expect("a threshold");
    let wrong = share(2_000, |random| {
        let interval = over(&tables(random, 0.4)).interval(0.95, Scale::Ratio);
        matches!(
            verdict(&interval, &claim),
            Verdict::Supported | Verdict::Refuted
        )
    });
    // 5 % and three standard errors of 2,000 draws.
    assert!(wrong <= 0.05 + 0.0147, "{wrong}");
}
