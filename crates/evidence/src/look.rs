//! Looking more than once: how the error is spent, and which look decides.

use serde::{Deserialize, Serialize};

use crate::{Answer, Verdict, holm};

/// How many repetitions the first look takes.
const FIRST: usize = 4;

/// One of the looks at the data: after 4, 8, 16, 32, … repetitions.
///
/// Who tests at 5 % after 4 repetitions, again after 8, and so on until something comes out, is wrong far more often than in
/// 5 %. So each look has a share of the error for itself, and no two looks the same: 1/2, 1/4, 1/8, … The shares add up to
/// less than 1 however many looks follow, so another one is always possible, and whether it is made may depend on what was
/// seen before. (The sum of probabilities bounds that of a union; no more is assumed. A spending function in the sense of
/// Lan & DeMets 1983 that knew how the looks depend on each other would cost a little less.)
///
/// # Example
///
/// ```
/// use smallbatch_evidence::Look;
///
/// let look = Look::at(20).expect("four or more");
/// assert_eq!((look.index(), look.n_repetitions()), (2, 16)); // the third look
/// assert_eq!(look.share_of_error(), 0.125);
/// assert_eq!(look.spend(0.05), 0.006_25);
/// assert_eq!(look.correct(0.004), 0.032); // as much as 0.032 in a single look
/// assert_eq!(Look::at(3), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Look {
    /// From 0.
    index: u32,
}

impl Look {
    /// The greatest look that so many repetitions reach; `None` for fewer than 4.
    pub fn at(n_repetitions: usize) -> Option<Self> {
        let index = (n_repetitions / FIRST).checked_ilog2()?;
        Some(Self { index })
    }

    /// All looks that so many repetitions reach, the first one first.
    pub fn up_to(n_repetitions: usize) -> impl Iterator<Item = Self> {
        let n_looks = Self::at(n_repetitions).map_or(0, |last| last.index + 1);
        (0..n_looks).map(|index| Self { index })
    }

    /// The look after this one.
    pub fn next(self) -> Self {
        Self {
            index: self.index.saturating_add(1),
        }
    }

    /// Which look it is, from 0.
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// How many repetitions it takes, in all: 4 · 2^index.
    pub fn n_repetitions(self) -> usize {
        let doubled = 1_usize.checked_shl(self.index).unwrap_or(usize::MAX);
        FIRST.saturating_mul(doubled)
    }

    /// Its share of the error: 2^-(index + 1).
    pub fn share_of_error(self) -> f64 {
        (-f64::from(self.index) - 1.0).exp2()
    }

    /// The level of this look, where all looks together have the level `alpha`. Its intervals have the confidence
    /// 1 - that.
    pub fn spend(self, alpha: f64) -> f64 {
        alpha * self.share_of_error()
    }

    /// A p-value of this look, corrected for all looks: p / share, at most 1. It is compared with the level of all looks
    /// together.
    pub fn correct(self, p: f64) -> f64 {
        (p / self.share_of_error()).min(1.0)
    }
}

/// What came out of all looks at a question.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The first look that decided, or else the last one.
    pub look: Look,
    /// The verdict; [`Verdict::Inconclusive`] where no look decided.
    pub verdict: Verdict,
    /// The p-value of that look, corrected for the looks.
    pub p: f64,
    /// The p-value corrected for the looks and for the number of questions (Holm). It is what the level was compared with.
    pub p_holm: f64,
}

/// The decisions on a family of questions, each with the answers of its looks from the first one on.
///
/// A run makes all looks up to its number of repetitions. At each look every question's p-value is corrected for the looks
/// ([`Look::correct`]), and then for the number of questions ([`holm`](crate::holm)). A question is decided by the first look
/// where the result is at most `alpha`, and stays so; later looks are for the others. `None` for a question without answers,
/// which still counts as one of the family. One question is a family of one.
///
/// With all looks and questions together, the probability of any wrong verdict is at most `alpha`: a question's least
/// corrected p-value over its looks is itself a p-value (Bonferroni with weights), and Holm's procedure rejects with those
/// whatever it rejects at one of the looks, since it is monotone in each.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Answer, Verdict, decide};
///
/// let supported = |p| Answer { verdict: Verdict::Supported, p };
/// let questions = [
///     vec![supported(0.2), supported(0.003)], // after 4 repetitions, and after 8
///     vec![supported(0.04), supported(0.03)],
/// ];
/// let decisions = decide(&questions, 0.05);
/// let first = decisions[0].expect("it has answers");
/// assert_eq!((first.verdict, first.look.n_repetitions()), (Verdict::Supported, 8));
/// assert_eq!(first.p_holm, 0.024); // 0.003 · 4 for the second look · 2 for two questions
/// // 0.03 would do for a single look at a single question.
/// let second = decisions[1].expect("it has answers");
/// assert_eq!(second.verdict, Verdict::Inconclusive { more_seeds: None });
/// ```
pub fn decide(questions: &[Vec<Answer>], alpha: f64) -> Vec<Option<Decision>> {
    let mut decisions: Vec<Option<Decision>> = vec![None; questions.len()];
    let n_looks = questions.iter().map(Vec::len).max().unwrap_or(0);
    for look in (0..n_looks as u32).map(|index| Look { index }) {
        let is_decided = |decision: &Option<Decision>| {
            decision.is_some_and(|found| !matches!(found.verdict, Verdict::Inconclusive { .. }))
        };
        let open: Vec<bool> = decisions.iter().map(|found| !is_decided(found)).collect();
        // A decided question keeps the p-value that decided it; one with fewer looks that of its last one.
        let p_values: Vec<Option<f64>> = questions
            .iter()
            .zip(&decisions)
            .zip(&open)
            .map(
                |((answers, decision), is_open)| match answers.get(look.index()) {
                    Some(answer) if *is_open => Some(look.correct(answer.p)),
                    _ => decision.map(|found| found.p),
                },
            )
            .collect();
        for (index, p_holm) in holm(&p_values).into_iter().enumerate() {
            let (Some(p), Some(p_holm)) = (p_values[index], p_holm) else {
                continue;
            };
            if !open[index] {
                continue;
            }
            let here = questions[index].get(look.index());
            // A question without this look may still be decided by its last one, once others are out of the way.
            let (look, answer) = match (here, questions[index].last()) {
                (Some(answer), _) => (look, answer),
                (None, Some(answer)) => (decisions[index].map_or(look, |found| found.look), answer),
                (None, None) => continue,
            };
            let verdict = if p_holm <= alpha {
                answer.verdict
            } else {
                Verdict::Inconclusive { more_seeds: None }
            };
            decisions[index] = Some(Decision {
                look,
                verdict,
                p,
                p_holm,
            });
        }
    }
    decisions
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Refuted, Supported};
    use proptest::prelude::*;

    const OPEN: Verdict = Verdict::Inconclusive { more_seeds: None };

    fn answer(verdict: Verdict, p: f64) -> Answer {
        Answer { verdict, p }
    }

    fn one(answers: &[Answer]) -> Decision {
        decide(&[answers.to_vec()], 0.05)[0].expect("it has answers")
    }

    #[test]
    fn looks_are_after_4_8_16_and_so_on() {
        for (n, index) in [
            (4, 0),
            (7, 0),
            (8, 1),
            (15, 1),
            (16, 2),
            (31, 2),
            (4096, 10),
        ] {
            assert_eq!(Look::at(n).map(Look::index), Some(index), "{n}");
        }
        assert_eq!(Look::at(0), None);
        let counts: Vec<usize> = Look::up_to(40).map(Look::n_repetitions).collect();
        assert_eq!(counts, [4, 8, 16, 32]);
        assert_eq!(Look::up_to(3).count(), 0);
        assert_eq!(Look::at(4).map(Look::next), Look::at(8));
    }

    #[test]
    fn a_look_that_nobody_reaches_overflows_nowhere() {
        let far: Look = serde_json::from_str("4000000000").expect("json");
        assert_eq!(far.n_repetitions(), usize::MAX);
        assert_eq!((far.share_of_error(), far.correct(0.0)), (0.0, 1.0));
        assert!(Look::at(usize::MAX).is_some());
    }

    #[test]
    fn the_first_look_that_decides_stands() {
        // 0.02 / (1/2) = 0.04, and what comes after does not count.
        let decided = one(&[answer(Supported, 0.02), answer(Refuted, 0.0)]);
        assert_eq!((decided.verdict, decided.look.index()), (Supported, 0));
        assert_eq!((decided.p, decided.p_holm), (0.04, 0.04));
    }

    #[test]
    fn without_a_decision_the_last_look_is_shown() {
        let open = one(&[answer(Supported, 0.04), answer(Refuted, 0.02)]);
        assert_eq!((open.verdict, open.look.index(), open.p), (OPEN, 1, 0.08));
    }

    #[test]
    fn a_question_decided_early_leaves_more_to_the_others() {
        let early = vec![answer(Supported, 0.001), answer(Refuted, 0.9)];
        // Corrected for the second look 0.032: twice that is too much, but only while two are open.
        let late = vec![answer(Supported, 0.5), answer(Supported, 0.008)];
        let both = decide(&[early.clone(), late.clone()], 0.05);
        assert_eq!(
            both[0].map(|found| (found.verdict, found.look.index())),
            Some((Supported, 0))
        );
        assert_eq!(
            both[1].map(|found| (found.verdict, found.p_holm)),
            Some((Supported, 0.032))
        );
        let never = vec![answer(Supported, 0.5), answer(Supported, 0.5)];
        let second = decide(&[never, late], 0.05)[1].expect("it has answers");
        assert_eq!((second.verdict, second.p_holm), (OPEN, 0.064));
    }

    #[test]
    fn questions_without_answers_count_and_stay_open() {
        let found = decide(&[vec![], vec![answer(Supported, 0.02)]], 0.05);
        assert_eq!(found[0], None);
        assert_eq!(found[1].map(|found| found.verdict), Some(OPEN));
        assert_eq!(decide(&[], 0.05), []);
    }

    #[test]
    fn a_question_with_fewer_looks_keeps_its_last_one() {
        let short = vec![answer(Supported, 0.02)];
        let long = vec![answer(Supported, 0.5), answer(Supported, 0.001)];
        let found = decide(&[short, long], 0.05);
        // At the first look 0.04 · 2; at the second the other one is decided, and 0.04 is enough.
        assert_eq!(
            found[0].map(|found| (found.verdict, found.look.index(), found.p_holm)),
            Some((Supported, 0, 0.04))
        );
    }

    proptest! {
        #[test]
        fn whatever_a_look_decides_the_least_p_values_decide_too(
            p in prop::collection::vec(prop::collection::vec(0.0..0.3f64, 4), 1..6),
        ) {
            let questions: Vec<Vec<Answer>> = p
                .iter()
                .map(|looks| looks.iter().map(|p| answer(Supported, *p)).collect())
                .collect();
            let least: Vec<Option<f64>> = p
                .iter()
                .map(|looks| {
                    let corrected = Look::up_to(32).zip(looks).map(|(look, p)| look.correct(*p));
                    corrected.reduce(f64::min)
                })
                .collect();
            for (found, bound) in decide(&questions, 0.05).into_iter().zip(holm(&least)) {
                let found = found.expect("four looks");
                prop_assert!(found.verdict != Supported || bound.is_some_and(|p| p <= 0.05));
            }
        }

        #[test]
        fn another_look_never_changes_what_was_decided(
            p in prop::collection::vec(prop::collection::vec(0.0..0.1f64, 4), 1..6),
        ) {
            let questions = |n_looks: usize| -> Vec<Vec<Answer>> {
                p.iter()
                    .map(|looks| looks[..n_looks].iter().map(|p| answer(Supported, *p)).collect())
                    .collect()
            };
            let (early, late) = (decide(&questions(3), 0.05), decide(&questions(4), 0.05));
            for (early, late) in early.into_iter().zip(late) {
                if early.is_some_and(|found| found.verdict == Supported) {
                    prop_assert_eq!(early, late);
                }
            }
        }
    }
}
