//! Tables that are left out, and moderators.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use smallbatch_evidence::{LeftOut, Moderation, Moderator, RandomEffects, Scale, TableEffect};

use crate::{normal, share};

/// How true effects differ between tables: with the mean 0 and the deviation 1, before the cut.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Normal,
    /// Student's t with 3 degrees of freedom.
    Heavy,
    /// Exponential.
    Skewed,
    /// One table in ten deviates four times as far.
    Outliers,
    /// Seven tables in eight are alike, and one is of another kind.
    Rare,
    /// Normal, but cut at one deviation above the mean: what is above is measured as that.
    Cut,
}

const KINDS: [Kind; 6] = [
    Kind::Normal,
    Kind::Heavy,
    Kind::Skewed,
    Kind::Outliers,
    Kind::Rare,
    Kind::Cut,
];

impl Kind {
    fn effect(self, random: &mut ChaCha8Rng) -> f64 {
        let z = normal(random);
        match self {
            Self::Normal => z,
            Self::Heavy => {
                let chi_squared: f64 = (0..3).map(|_| normal(random).powi(2)).sum();
                z / chi_squared.sqrt()
            }
            Self::Skewed => -(1.0 - random.random::<f64>()).ln() - 1.0,
            Self::Outliers if random.random::<f64>() < 0.1 => 4.0 * z / 1.58,
            Self::Outliers => z / 1.58,
            Self::Rare if random.random::<f64>() < 0.125 => 2.65 + 0.1 * z,
            Self::Rare => -0.38 + 0.1 * z,
            Self::Cut => z.min(1.0),
        }
    }

    /// The effect with standard errors of 12 degrees of freedom that differ 16-fold around `noise`.
    fn table(self, random: &mut ChaCha8Rng, shift: f64, noise: f64) -> TableEffect {
        let true_error = noise * (4.0 * random.random::<f64>() - 2.0).exp2();
        let chi_squared: f64 = (0..12).map(|_| normal(random).powi(2)).sum();
        TableEffect {
            mean: shift + self.effect(random) + true_error * normal(random),
            standard_error: true_error * (chi_squared / 12.0).sqrt(),
            degrees_of_freedom: 12.0,
            n_repetitions: 4,
        }
    }
}

#[test]
fn tables_that_are_left_out_are_covered_whatever_the_effects_are_distributed_like() {
    for noise in [0.1, 1.0] {
        for (n, runs) in [(8, 200), (38, 21)] {
            for kind in KINDS {
                let mut covered = 0.0;
                share(runs, |random| {
                    let tables: Vec<TableEffect> =
                        (0..n).map(|_| kind.table(random, 0.0, noise)).collect();
                    let found = Moderation::of(&tables, &[], 0.95).expect("numbers");
                    covered += found.expect("tables").nested.coverage() / runs as f64;
                    true
                });
                println!("noise {noise}, {n} tables, {kind:?}: {covered:.3}");
                assert!(
                    (0.9..=0.985).contains(&covered),
                    "noise {noise}, {n} tables, {kind:?}: {covered}"
                );
            }
        }
    }
}

#[test]
fn true_effects_of_new_tables_are_covered_where_tables_differ_by_more_than_their_errors() {
    for (noise, least) in [(0.1, 0.9), (1.0, 0.84)] {
        for n in [8, 12, 38] {
            for kind in [Kind::Normal, Kind::Heavy, Kind::Skewed] {
                let covered = share(600, |random| {
                    let tables: Vec<(f64, f64)> = (0..n)
                        .map(|_| kind.table(random, 0.0, noise))
                        .map(|table| (table.mean, table.standard_error))
                        .collect();
                    let found = RandomEffects::of(&tables).expect("numbers");
                    let predicted = found.expect("tables").prediction(0.95, Scale::Difference);
                    let new = kind.effect(random);
                    predicted.low <= new && new <= predicted.high
                });
                println!("noise {noise}, {n} tables, {kind:?}: {covered:.3} of true effects");
                assert!(covered >= least, "noise {noise}, {n}, {kind:?}: {covered}");
            }
        }
    }
}

#[test]
fn without_the_tables_own_error_they_are_not() {
    let covered = share(1_000, |random| {
        let mut tables: Vec<TableEffect> = (0..12)
            .map(|_| Kind::Normal.table(random, 0.0, 1.0))
            .collect();
        let left_out = tables.pop().expect("twelve");
        let others: Vec<(f64, f64)> = tables
            .iter()
            .map(|table| (table.mean, table.standard_error))
            .collect();
        let others = RandomEffects::of(&others).expect("numbers");
        let predicted = others.expect("eleven").prediction(0.95, Scale::Difference);
        predicted.low <= left_out.mean && left_out.mean <= predicted.high
    });
    assert!(covered < 0.85, "{covered}");
}

/// Three candidates: two normal ones and a skewed one; the effects rise by `slope` deviations for one of the first.
fn tables_with_candidates(
    random: &mut ChaCha8Rng,
    kind: Kind,
    n: usize,
    slope: f64,
) -> (Vec<TableEffect>, Vec<Moderator>) {
    let first: Vec<f64> = (0..n).map(|_| normal(random)).collect();
    let second: Vec<f64> = (0..n).map(|_| normal(random)).collect();
    let third: Vec<f64> = (0..n).map(|_| normal(random).exp()).collect();
    let tables = first
        .iter()
        .map(|x| kind.table(random, slope * x, 0.3))
        .collect();
    let candidates = [("condition", first), ("rows", second), ("features", third)]
        .map(|(name, values)| Moderator {
            name: name.into(),
            values,
        })
        .into();
    (tables, candidates)
}

/// What comes out over many runs.
#[derive(Debug, Default)]
struct Outcome {
    /// The share of runs in which any candidate is kept.
    kept: f64,
    /// In which it is the one that matters.
    right: f64,
    /// In which the least score alone is a tenth lower.
    lower: f64,
    /// The share of tables that are covered, with the choice made without them.
    covered: f64,
    /// The mean width over that of the mean alone.
    width: f64,
}

fn moderation(kind: Kind, n: usize, slope: f64, runs: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let part = 1.0 / runs as f64;
    let mut add = |random: &mut ChaCha8Rng| {
        let (tables, candidates) = tables_with_candidates(random, kind, n, slope);
        let found = Moderation::of(&tables, &candidates, 0.95)
            .expect("numbers")
            .expect("tables");
        let one = |holds: bool| if holds { part } else { 0.0 };
        outcome.kept += one(found.kept.is_some());
        outcome.right += one(found.kept == Some(0));
        let scores = found.tried.iter().flat_map(|tried| &tried.left_out);
        let least = scores
            .map(LeftOut::mean_score)
            .fold(f64::INFINITY, f64::min);
        outcome.lower += one(least <= 0.9 * found.without.mean_score());
        outcome.covered += part * found.nested.coverage();
        outcome.width += part * found.nested.mean_width() / found.without.mean_width();
        true
    };
    share(runs, &mut add);
    println!("{kind:?}, {n} tables, slope {slope}: {outcome:?}");
    outcome
}

#[test]
fn a_moderator_that_does_not_matter_is_rarely_kept_and_does_no_harm() {
    for (n, runs, kinds) in [
        (8, 150, &KINDS[..]),
        (12, 100, &KINDS),
        (38, 40, &[Kind::Normal, Kind::Heavy, Kind::Rare]),
    ] {
        for &kind in kinds {
            let outcome = moderation(kind, n, 0.0, runs);
            assert!(outcome.kept <= 0.1, "{n}, {kind:?}: {outcome:?}");
            let least = if matches!(kind, Kind::Rare) {
                0.87
            } else {
                0.9
            };
            assert!(outcome.covered >= least, "{n}, {kind:?}: {outcome:?}");
        }
    }
    // The disease: to take the least score.
    let outcome = moderation(Kind::Heavy, 12, 0.0, 200);
    assert!(outcome.lower > 0.15, "{outcome:?}");
}

#[test]
fn a_moderator_that_matters_is_kept_and_narrows_what_is_said_of_new_tables() {
    for (n, runs, kept, width) in [(8, 100, 0.6, 0.85), (12, 60, 0.7, 0.7), (38, 10, 0.9, 0.65)] {
        for kind in [Kind::Normal, Kind::Heavy, Kind::Skewed] {
            // Four fifths of the variance between tables.
            let outcome = moderation(kind, n, 2.0, runs);
            assert!(outcome.right >= kept, "{n}, {kind:?}: {outcome:?}");
            assert!(outcome.width <= width, "{n}, {kind:?}: {outcome:?}");
            assert!(outcome.covered >= 0.9, "{n}, {kind:?}: {outcome:?}");
        }
    }
}
