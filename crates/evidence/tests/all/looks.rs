//! Looking again and again, asking much, and asking for more repetitions.

use rand_chacha::ChaCha8Rng;
use smallbatch_evidence::{
    Answer, Hypothesis, Look, Needed, RandomEffects, Scale, TableEffect, Verdict, decide, verdict,
};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{normal, share};

fn effect(values: &[f64]) -> TableEffect {
    TableEffect::of(values)
        .expect("numbers")
        .expect("two or more")
}

/// What each look at up to 32 repetitions says to "the effect exceeds 0"; the p-values by the distribution function, which is
/// faster than by intervals.
fn answers(random: &mut ChaCha8Rng, truth: f64) -> Vec<Answer> {
    let values: Vec<f64> = (0..32).map(|_| truth + normal(random)).collect();
    Look::up_to(32)
        .map(|look| {
            let found = effect(&values[..look.n_repetitions()]);
            let student =
                StudentsT::new(0.0, 1.0, found.degrees_of_freedom).expect("degrees of freedom");
            Answer {
                verdict: if found.mean > 0.0 {
                    Verdict::Supported
                } else {
                    Verdict::Refuted
                },
                p: 2.0 * student.sf((found.mean / found.standard_error).abs()),
            }
        })
        .collect()
}

fn is_decided(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Inconclusive { .. })
}

#[test]
fn four_looks_keep_the_error_and_naive_ones_do_not() {
    let wrong = share(4_000, |random| {
        let decided = decide(&[answers(random, 0.0)], 0.05);
        decided[0].is_some_and(|found| is_decided(found.verdict))
    });
    // 5 % at most; the looks see partly the same data, so it is less.
    assert!((0.02..=0.05).contains(&wrong), "{wrong}");
    let naive = share(4_000, |random| {
        answers(random, 0.0)
            .iter()
            .any(|answer| is_decided(answer.at_level(0.05)))
    });
    assert!(naive > 0.1, "{naive}");
}

#[test]
fn ten_questions_with_four_looks_keep_the_error_of_the_family() {
    let mut decided_of_true = 0;
    let wrong = share(1_000, |random| {
        // Three claims are true, and seven lie on the border, where each verdict is wrong.
        let questions: Vec<Vec<Answer>> = (0..10)
            .map(|question| answers(random, if question < 3 { 1.0 } else { 0.0 }))
            .collect();
        let decisions = decide(&questions, 0.05);
        let is_decided =
            |question: usize| decisions[question].is_some_and(|found| is_decided(found.verdict));
        decided_of_true += (0..3).filter(|question| is_decided(*question)).count();
        (3..10).any(is_decided)
    });
    // 5 % and three standard errors of 1,000 draws.
    assert!(wrong <= 0.05 + 0.0207, "{wrong}");
    assert!(decided_of_true > 2_700, "{decided_of_true} of 3,000");
    let naive = share(1_000, |random| {
        (0..7).any(|_| {
            answers(random, 0.0)
                .iter()
                .any(|answer| is_decided(answer.at_level(0.05)))
        })
    });
    assert!(naive > 0.5, "{naive}");
}

#[test]
fn a_claim_of_two_effects_is_wrongly_supported_in_at_most_half_the_error() {
    // One effect is there, the other lies on the border: so does the claim of both.
    let wrong = share(4_000, |random| {
        let both = [answers(random, 2.0)[1], answers(random, 0.0)[1]];
        Answer::all(&both).at_level(0.05) == Verdict::Supported
    });
    assert!((0.015..=0.025 + 0.0075).contains(&wrong), "{wrong}");
    // Both lie on the border, and are "refuted" by chance more often: still within the error.
    let wrong = share(4_000, |random| {
        let both = [answers(random, 0.0)[1], answers(random, 0.0)[1]];
        Answer::all(&both).at_level(0.05) == Verdict::Refuted
    });
    assert!((0.03..=0.05 + 0.0104).contains(&wrong), "{wrong}");
}

#[test]
fn the_needed_repetitions_settle_four_in_five() {
    // Known as well as after many repetitions: an effect of half a deviation.
    let seen = TableEffect {
        mean: 0.5,
        standard_error: 0.25,
        degrees_of_freedom: 1e6,
        n_repetitions: 16,
    };
    let claim = Hypothesis::exceeds(0.0).expect("a threshold");
    let Needed::Repetitions { from, to } = seen.needed(&claim, 0.05, Scale::Difference) else {
        panic!("half a deviation can be settled");
    };
    assert_eq!(from, to, "the spread is known");
    let settled_at = |n: usize| {
        share(1_000, |random| {
            let values: Vec<f64> = (0..n).map(|_| 0.5 + normal(random)).collect();
            let look = Look::at(n).expect("four or more");
            let level = look.spend(0.05);
            let interval = effect(&values).interval(1.0 - level, Scale::Difference);
            verdict(&interval, &claim) == Verdict::Supported
        })
    };
    let (there, before) = (settled_at(to), settled_at(to / 2));
    assert!(there >= 0.79, "{to}: {there}");
    assert!(before < 0.81, "{}: {before}", to / 2);
}

#[test]
fn where_more_tables_are_needed_repetitions_do_not_help() {
    let claim = Hypothesis::exceeds(0.0).expect("a threshold");
    // Five tables with a spread of 1 around a mean of 0.5, each known almost exactly, as after any number of repetitions.
    let tables = [1.6, 0.5, -0.6, 1.4, -0.4].map(|mean| TableEffect {
        mean,
        standard_error: 0.1,
        degrees_of_freedom: 3.0,
        n_repetitions: 4,
    });
    let needed = RandomEffects::needed(&tables, &claim, 0.05, Scale::Difference);
    assert_eq!(needed, Ok(Needed::MoreTables));
    let settled_with = |n_tables: usize| {
        share(500, |random| {
            let tables: Vec<(f64, f64)> = (0..n_tables)
                .map(|_| (0.5 + normal(random), 1e-3))
                .collect();
            let over_tables = RandomEffects::of(&tables)
                .expect("numbers")
                .expect("tables");
            let interval = over_tables.interval(0.95, Scale::Difference);
            verdict(&interval, &claim) == Verdict::Supported
        })
    };
    let (five, fifty) = (settled_with(5), settled_with(50));
    assert!(five < 0.3, "{five}");
    assert!(fifty > 0.85, "{fifty}");
}
