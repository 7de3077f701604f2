//! How sure an answer is: p-values of any family of intervals.

use serde::{Deserialize, Serialize};

use crate::{Hypothesis, Interval, Verdict, verdict};

/// p-values below this are 0.
const LEAST: f64 = 1e-12;
/// p-values above this are 1.
const MOST: f64 = 1.0 - 1e-6;
/// To this part of themselves p-values are found.
const PRECISION: f64 = 1e-6;
const OPEN: Verdict = Verdict::Inconclusive { more_seeds: None };

/// Which way the numbers answer a question, and how sure that is, before any level is set.
///
/// An interval gives a verdict at one confidence. With less confidence it is narrower, and nearly always gives some
/// verdict at last. An `Answer` has that verdict, with its p-value: 1 - the highest confidence at which it is given. So
/// there is a p-value for every question, decided or not, as Holm's correction and the [looks](crate::Look) need, and
/// [`Answer::at_level`] gives the verdict at any level: for [`Hypothesis::exceeds`] and [`Hypothesis::within`] the same as
/// [`verdict`] on the interval of confidence 1 - α.
///
/// For "the effect exceeds a threshold" it is the two-sided p-value of the test that the effect is the threshold. For "the
/// ratio is within a factor of 1" and an estimate inside, it is twice the larger p-value of two one-sided tests.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Answer, Hypothesis, Scale, TableEffect, Verdict};
///
/// // Logarithms of "full batch / batch 32", one a repetition. On average 1.9 times as long: "twice" is nearly reached.
/// let effect = TableEffect::of(&[0.4, 0.9, 0.5, 0.8])?.expect("four repetitions");
/// let answer = effect.answer(&Hypothesis::exceeds(2.0)?, Scale::Ratio);
/// assert_eq!(answer.verdict, Verdict::Refuted); // rather not
/// assert!(answer.p > 0.7); // but who knows
/// assert_eq!(answer.at_level(0.05), Verdict::Inconclusive { more_seeds: None });
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What the numbers lean to; [`Verdict::Inconclusive`] only where they do not lean at all.
    pub verdict: Verdict,
    /// The least level at which that is the verdict: 1 where the numbers do not lean, 0 where it is below 1e-12.
    pub p: f64,
}

impl Answer {
    /// Numbers that tell nothing: inconclusive at every level.
    pub const NONE: Self = Self {
        verdict: OPEN,
        p: 1.0,
    };

    /// The answer of a family of intervals: `at` gives the one of a confidence between 0 and 1. It must grow with its
    /// confidence.
    ///
    /// The p-value is exact to one part in a million (and to 1e-16). Of a hypothesis with direction and margin it is
    /// that of the first verdict that comes out as the confidence falls; a lower one may turn "supported" into "equivalent".
    pub fn of(at: impl Fn(f64) -> Interval, hypothesis: &Hypothesis) -> Self {
        let at_level = |p: f64| verdict(&at(1.0 - p), hypothesis);
        let decided = |p: f64| !matches!(at_level(p), Verdict::Inconclusive { .. });
        if !decided(MOST) {
            return Self::NONE;
        }
        let p = least(MOST, decided);
        Self {
            verdict: at_level(p.max(LEAST)),
            p,
        }
    }

    /// The verdict at a level such as 0.05: what the numbers lean to where p is at most that, else
    /// [`Verdict::Inconclusive`].
    pub fn at_level(&self, level: f64) -> Verdict {
        if self.p <= level { self.verdict } else { OPEN }
    }

    /// The answer to "all of these": a claim of several effects.
    ///
    /// It is supported only if all are, and its p-value is then the largest (the intersection-union test; Berger 1982): no
    /// correction is needed, since each must hold at the level by itself. It is refuted if one is. Of m effects one may be
    /// refuted by chance more easily, each with a probability of half its p: the p-value is the least of those that lean to
    /// "refuted", times m/2 where m is above 2. Equivalent if all are. Whatever else leans nowhere.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::{Answer, Verdict};
    ///
    /// let answer = |verdict, p| Answer { verdict, p };
    /// let centering = answer(Verdict::Supported, 0.004);
    /// let scaling = answer(Verdict::Supported, 0.03);
    /// assert_eq!(Answer::all(&[centering, scaling]), answer(Verdict::Supported, 0.03));
    /// // The second effect is surely missing: so the claim of both is wrong, however sure the first is.
    /// let scaling = answer(Verdict::Refuted, 0.01);
    /// assert_eq!(Answer::all(&[centering, scaling]), answer(Verdict::Refuted, 0.01));
    /// ```
    pub fn all(answers: &[Self]) -> Self {
        let refuted = answers
            .iter()
            .filter(|answer| answer.verdict == Verdict::Refuted);
        if let Some(p) = refuted.map(|answer| answer.p).reduce(f64::min) {
            let often = (answers.len() as f64 / 2.0).max(1.0);
            return Self {
                verdict: Verdict::Refuted,
                p: (p * often).min(1.0),
            };
        }
        match answers {
            [first, rest @ ..]
                if !matches!(first.verdict, Verdict::Inconclusive { .. })
                    && rest.iter().all(|answer| answer.verdict == first.verdict) =>
            {
                Self {
                    verdict: first.verdict,
                    p: rest.iter().map(|answer| answer.p).fold(first.p, f64::max),
                }
            }
            _ => Self::NONE,
        }
    }
}

/// The p-value of an answer, whichever it is: [`Answer::of`], without the verdict. It is 1 - the highest confidence at which
/// the interval `at` that confidence gives a verdict, and 1 where none does.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Hypothesis, mean_interval, p_value, Interval, Scale};
///
/// let values = [0.9, 1.1, 1.0];
/// let open = Interval::new(None, f64::NEG_INFINITY, f64::INFINITY, Scale::Difference, 0.95);
/// let at = |confidence| mean_interval(&values, confidence).unwrap_or(open);
/// // Is the mean above 0.9? t = √3 with 2 degrees of freedom: inconclusive, but not without a p-value.
/// let p = p_value(at, &Hypothesis::exceeds(0.9)?);
/// assert!((p - 0.225_403).abs() < 1e-6, "{p}");
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn p_value(at: impl Fn(f64) -> Interval, hypothesis: &Hypothesis) -> f64 {
    Answer::of(at, hypothesis).p
}

/// The p-value of the verdict that `interval` gives: 1 - the highest confidence at which the interval `at` that confidence
/// still gives it. `None` for an inconclusive one.
///
/// It is two-sided, as intervals are; exact to one part in a million (and to 1e-16, the rounding of 1 - p); and 0 where it is
/// below 1e-12.
/// Intervals must grow with their confidence.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Direction, Hypothesis, mean_interval, p_of_verdict};
///
/// let values = [0.9, 1.1, 1.0];
/// let hypothesis = Hypothesis::new(Direction::Greater, 0.1)?;
/// let interval = mean_interval(&values, 0.95)?;
/// let p = p_of_verdict(&interval, &hypothesis, |confidence| mean_interval(&values, confidence).ok());
/// // The mean is 1 and its standard error 0.1/√3: t = 17.3 with 2 degrees of freedom.
/// assert!(p.is_some_and(|p| (p - 0.003_317).abs() < 1e-6), "{p:?}");
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn p_of_verdict(
    interval: &Interval,
    hypothesis: &Hypothesis,
    at: impl Fn(f64) -> Option<Interval>,
) -> Option<f64> {
    let here = verdict(interval, hypothesis);
    if matches!(here, Verdict::Inconclusive { .. }) {
        return None;
    }
    let stands = |p: f64| at(1.0 - p).map(|interval| verdict(&interval, hypothesis)) == Some(here);
    Some(least(1.0 - interval.confidence, stands))
}

/// The least p that `stands`, where `most` does: 0 where [`LEAST`] does.
fn least(most: f64, stands: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (LEAST, most);
    if stands(low) {
        return 0.0;
    }
    // On a logarithmic scale.
    while high > low * (1.0 + PRECISION) {
        let middle = (low * high).sqrt();
        if stands(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Scale};
    use proptest::prelude::*;
    use statrs::distribution::{ContinuousCDF, StudentsT};

    fn student(estimate: f64, error: f64, freedom: f64) -> impl Fn(f64) -> Interval {
        move |confidence| Interval::student(estimate, error, freedom, confidence, Scale::Difference)
    }

    /// 2 P(T ≥ |t|), from the distribution function instead of the intervals.
    fn two_sided(t: f64, freedom: f64) -> f64 {
        let student = StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom");
        2.0 * student.sf(t.abs())
    }

    fn close(found: f64, expected: f64) {
        // As the page of `p_of_verdict` says.
        if found == 0.0 {
            return assert!(expected < LEAST * (1.0 + 3e-6), "0, not {expected}");
        }
        // The search's precision, that of the library's quantiles, and the rounding of the confidence 1 - p.
        assert!(
            (found - expected).abs() < 3e-6 * expected + 1e-15,
            "{found}, not {expected}"
        );
    }

    #[test]
    fn on_the_threshold_nothing_leans() {
        let answer = Answer::of(
            student(0.5, 0.1, 3.0),
            &Hypothesis::exceeds(0.5).expect("a threshold"),
        );
        assert_eq!(answer, Answer::NONE);
    }

    #[test]
    fn what_is_open_at_every_confidence_has_a_p_of_1() {
        let open = |confidence| {
            let inf = f64::INFINITY;
            Interval::new(Some(3.0), -inf, inf, Scale::Difference, confidence)
        };
        let hypothesis = Hypothesis::exceeds(0.0).expect("a threshold");
        assert_eq!(Answer::of(open, &hypothesis), Answer::NONE);
        assert_eq!(p_value(open, &hypothesis), 1.0);
    }

    #[test]
    fn certainty_has_a_p_of_0() {
        let sure = Answer::of(
            student(5.0, 1e-3, 20.0),
            &Hypothesis::exceeds(0.0).expect("a threshold"),
        );
        assert_eq!((sure.verdict, sure.p), (Verdict::Supported, 0.0));
    }

    #[test]
    fn of_a_margin_the_p_value_is_that_of_two_one_sided_tests() {
        let hypothesis = Hypothesis::new(Direction::Same, 0.2).expect("a margin");
        // 0.15 below the upper end and 0.25 above the lower one: the nearer end decides.
        let inside = Answer::of(student(0.05, 0.06, 9.0), &hypothesis);
        assert_eq!(inside.verdict, Verdict::Equivalent);
        close(inside.p, two_sided(0.15 / 0.06, 9.0));
        let outside = Answer::of(student(0.3, 0.06, 9.0), &hypothesis);
        assert_eq!(outside.verdict, Verdict::Refuted);
        close(outside.p, two_sided(0.1 / 0.06, 9.0));
    }

    #[test]
    fn all_of_several() {
        use Verdict::{Equivalent, Refuted, Supported};
        let of = |list: &[(Verdict, f64)]| {
            let list: Vec<Answer> = list
                .iter()
                .map(|(verdict, p)| Answer {
                    verdict: *verdict,
                    p: *p,
                })
                .collect();
            let all = Answer::all(&list);
            (all.verdict, all.p)
        };
        assert_eq!(of(&[(Supported, 0.2), (Supported, 0.1)]), (Supported, 0.2));
        assert_eq!(
            of(&[(Supported, 0.9), (Refuted, 0.3), (Refuted, 0.2)]),
            (Refuted, 0.2 * 1.5)
        );
        assert_eq!(of(&[(Refuted, 0.9); 4]), (Refuted, 1.0));
        assert_eq!(
            of(&[(Equivalent, 0.1), (Equivalent, 0.01)]),
            (Equivalent, 0.1)
        );
        assert_eq!(of(&[(Supported, 0.1), (Equivalent, 0.1)]), (OPEN, 1.0));
        assert_eq!(of(&[(Supported, 0.1), (OPEN, 1.0)]), (OPEN, 1.0));
        // A missing answer does not save what another refutes.
        assert_eq!(of(&[(Refuted, 0.1), (OPEN, 1.0)]), (Refuted, 0.1));
        assert_eq!(of(&[(Supported, 0.1)]), (Supported, 0.1));
        assert_eq!(of(&[]), (OPEN, 1.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn of_a_threshold_the_p_value_is_that_of_students_test(
            estimate in -3.0..3.0f64, error in 0.3..2.0f64, freedom in 1..40u32, threshold in -2.0..2.0f64,
        ) {
            prop_assume!((estimate - threshold).abs() > 1e-3);
            let freedom = f64::from(freedom);
            let hypothesis = Hypothesis::exceeds(threshold).expect("a threshold");
            let answer = Answer::of(student(estimate, error, freedom), &hypothesis);
            close(answer.p, two_sided((estimate - threshold) / error, freedom));
            prop_assert_eq!(answer.verdict == Verdict::Supported, estimate > threshold);
        }

        #[test]
        fn at_a_level_the_answer_is_the_verdict_on_the_interval(
            estimate in -1.0..1.0f64, error in 0.05..0.5f64, level in 0.001..0.5f64,
        ) {
            let at = student(estimate, error, 7.0);
            for hypothesis in [Hypothesis::exceeds(0.2), Hypothesis::new(Direction::Same, 0.4)] {
                let hypothesis = hypothesis.expect("a hypothesis");
                let answer = Answer::of(&at, &hypothesis);
                // Nearer to the border than the search is exact, either may come out.
                if (answer.p / level - 1.0).abs() > 1e-5 {
                    prop_assert_eq!(answer.at_level(level), verdict(&at(1.0 - level), &hypothesis));
                }
            }
        }
    }
}
