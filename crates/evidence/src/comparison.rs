//! Pairs of runs, some of them censored, to one interval.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::error::number;
use crate::interval::{HalfWidth, Moments, ROUNDING, check_confidence};
use crate::{
    Bound, Error, Hypothesis, Interval, Scale, Verdict, bootstrap_interval, median,
    median_interval, p_of_verdict, verdict,
};

/// The probability with which [`seeds_needed`] more pairs are meant to settle a question.
const POWER: f64 = 0.8;
/// Where the search for the number of seeds ends: nobody runs more.
const MOST_SEEDS: u64 = 10_000;
/// How often pairs are drawn again for a bootstrap interval.
const RESAMPLES: usize = 2_000;

/// One measured quantity of a run: known, or cut off.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::Observation;
///
/// // A run that reached its target after 120 updates, and one that had not after 5000.
/// assert_eq!(Observation::reached(Some(120.0), 5000.0), Observation::Exact(120.0));
/// assert_eq!(Observation::reached(None, 5000.0), Observation::AtLeast(5000.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// The value.
    Exact(f64),
    /// The value is this or greater: a run that was stopped before it reached its target, with
    /// what it had used by then; or a run that diverged or learned nothing, with the loss of a constant
    /// prediction.
    AtLeast(f64),
}

impl Observation {
    /// The time to a target, or "at least" all that was spent when the target was not reached.
    pub fn reached(time_to_target: Option<f64>, spent: f64) -> Self {
        time_to_target.map_or(Self::AtLeast(spent), Self::Exact)
    }

    /// Whether the value was cut off.
    pub fn is_censored(self) -> bool {
        matches!(self, Self::AtLeast(_))
    }

    /// The least and the greatest value that it may be.
    fn range(self) -> (f64, f64) {
        match self {
            Self::Exact(value) => (value, value),
            Self::AtLeast(value) => (value, f64::INFINITY),
        }
    }

    /// The recorded number.
    fn number(self) -> f64 {
        match self {
            Self::Exact(value) | Self::AtLeast(value) => value,
        }
    }
}

/// Two arms compared over pairs of runs with the same seed.
///
/// # How censored runs count
///
/// The effect of a pair with a censored run is not a number but a range: if the first arm had not
/// arrived after 4000 updates and the second arrived after 200, the ratio is 20 or more. So every
/// pair gives a least and a greatest effect, which are equal for a pair without censoring. The mean of
/// the true effects lies between the means of the two lists, hence the lower end of the t interval
/// of the least effects, and the upper end of that of the greatest, bound it with the stated
/// confidence. Where ranges are open on one side, so is the interval. If they are open on both (each
/// arm is censored somewhere), a mean is not bounded at all, and the interval is that of the
/// *median*, by order statistics of the two lists.
///
/// Nothing is dropped, nothing is filled in, and no distribution of the unseen times is assumed.
///
/// Without censored runs the interval is Student's t of the differences, or exp of that of the
/// log-ratios, whose estimate is the geometric mean of the ratios.
///
/// # Pairs that all agree
///
/// Equal effects have no spread, and a t interval of no width. That is no certainty: three runs can
/// agree because the measure is coarse. Where its steps are known ([`Comparison::in_steps_of`]) they
/// bound how narrow the interval can be; where not, equal effects tell as little about the spread as a
/// single pair does, and both ends are open.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The estimate and its interval, on the comparison's scale.
    pub interval: Interval,
    /// How to read the estimate.
    pub bound: Bound,
    /// How many pairs.
    pub pairs: usize,
    /// How many of them hold a censored run.
    pub censored: usize,
    /// The least effect of each pair, as differences or differences of logarithms.
    least: Vec<f64>,
    /// The greatest effect of each pair.
    greatest: Vec<f64>,
    /// The steps in which effects are measured, where they are known.
    step: Option<f64>,
}

impl Comparison {
    /// Compares by differences, first - second.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] when a value is not finite, or the confidence not between 0 and 1.
    pub fn differences(
        pairs: &[(Observation, Observation)],
        confidence: f64,
    ) -> Result<Self, Error> {
        Self::new(pairs, Scale::Difference, confidence)
    }

    /// Compares by ratios, first / second.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] when a value is not finite and greater than 0, or the confidence is not
    /// between 0 and 1.
    pub fn ratios(pairs: &[(Observation, Observation)], confidence: f64) -> Result<Self, Error> {
        Self::new(pairs, Scale::Ratio, confidence)
    }

    fn new(
        pairs: &[(Observation, Observation)],
        scale: Scale,
        confidence: f64,
    ) -> Result<Self, Error> {
        check_confidence(confidence)?;
        for (position, (first, second)) in pairs.iter().enumerate() {
            check_value(scale, position, "first", first.number())?;
            check_value(scale, position, "second", second.number())?;
        }
        let on_scale = |value: f64| match scale {
            Scale::Difference => value,
            Scale::Ratio => value.ln(),
        };
        let effect = |from: f64, to: f64| on_scale(from) - on_scale(to);
        let (least, greatest): (Vec<f64>, Vec<f64>) = pairs
            .iter()
            .map(|(first, second)| {
                let ((low, high), (low_second, high_second)) = (first.range(), second.range());
                (effect(low, high_second), effect(high, low_second))
            })
            .unzip();
        let (interval, bound) = interval_of_ranges(&least, &greatest, None, confidence)?;
        Ok(Self {
            interval: interval.on(scale),
            bound,
            pairs: pairs.len(),
            censored: pairs
                .iter()
                .filter(|(a, b)| a.is_censored() || b.is_censored())
                .count(),
            least,
            greatest,
            step: None,
        })
    }

    /// The same comparison of a measure that goes in steps, such as 1/35 for the share of right answers
    /// among 35. `step` is on the comparison's own scale: of differences, or of logarithms of ratios.
    ///
    /// Half the interval is then at least -ln(α/2) · step / n for n pairs: what the true mean may be
    /// when none of n pairs happened to differ by a step (the "rule of three"; Hanley & Lippman-Hand
    /// 1983). More pairs narrow it.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] when the step is not finite and greater than 0.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::{Comparison, Observation};
    ///
    /// // Three pairs of runs, equally right on 35 test samples.
    /// let pairs = [(0.0, 0.0); 3].map(|(a, b)| (Observation::Exact(a), Observation::Exact(b)));
    /// let comparison = Comparison::differences(&pairs, 0.95)?.in_steps_of(1.0 / 35.0)?;
    /// assert!(comparison.interval.low < -0.03 && comparison.interval.high > 0.03);
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn in_steps_of(self, step: f64) -> Result<Self, Error> {
        if !(step.is_finite() && step > 0.0) {
            return Err(Error::Statistic {
                statistic: "paired comparison",
                what: "the step of the measure".into(),
                value: number(step),
                expected: "greater than 0, and finite",
            });
        }
        let Interval {
            scale, confidence, ..
        } = self.interval;
        let step = Some(step);
        let (interval, bound) = interval_of_ranges(&self.least, &self.greatest, step, confidence)?;
        Ok(Self {
            interval: interval.on(scale),
            bound,
            step,
            ..self
        })
    }

    /// A second opinion on the interval, by the bootstrap, on the comparison's scale: see [`bootstrap_interval`]. No
    /// verdict rests on it. `None` where runs are censored, and of fewer than two pairs.
    pub fn bootstrap(&self) -> Option<Interval> {
        if self.censored > 0 || self.pairs < 2 {
            return None;
        }
        let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len() as f64;
        let confidence = self.interval.confidence;
        // Always the same seed: the same runs give the same report.
        let found = bootstrap_interval(&self.least, mean, RESAMPLES, 0, confidence);
        found.ok().map(|interval| interval.on(self.interval.scale))
    }

    /// The p-value of a verdict: 1 - the highest confidence at which the interval still gives it. `None` for an inconclusive
    /// one. It is two-sided, as the interval is, and 0 where it is below 1e-12.
    ///
    /// # Example
    ///
    /// ```
    /// use smallbatch_evidence::{Comparison, Direction, Hypothesis, Observation};
    ///
    /// let pairs = [(1.9, 1.0), (2.1, 1.0), (2.0, 1.0)]
    ///     .map(|(a, b)| (Observation::Exact(a), Observation::Exact(b)));
    /// let comparison = Comparison::differences(&pairs, 0.95)?;
    /// // The mean is 1 and its standard error 0.1/√3: t = 17.3 with 2 degrees of freedom.
    /// let p = comparison.p_value(&Hypothesis::new(Direction::Greater, 0.1)?);
    /// assert!(p.is_some_and(|p| (p - 0.0033).abs() < 1e-4), "{p:?}");
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn p_value(&self, hypothesis: &Hypothesis) -> Option<f64> {
        let at = |confidence: f64| {
            let (interval, _) =
                interval_of_ranges(&self.least, &self.greatest, self.step, confidence).ok()?;
            Some(interval.on(self.interval.scale))
        };
        p_of_verdict(&self.interval, hypothesis, at)
    }

    /// The [`verdict`] on a hypothesis, with the [`seeds_needed`] when it is inconclusive.
    pub fn verdict(&self, hypothesis: &Hypothesis) -> Verdict {
        match verdict(&self.interval, hypothesis) {
            Verdict::Inconclusive { .. } => Verdict::Inconclusive {
                more_seeds: seeds_needed(self, hypothesis),
            },
            settled => settled,
        }
    }
}

/// Half the width of a side's interval, as [`HalfWidth`], when effects are measured in steps; see [`Comparison`].
fn half_width(side: Option<Moments>, step: Option<f64>, confidence: f64, z: f64) -> f64 {
    let half = side.half_width(confidence, z);
    let Some(Moments {
        count,
        mean,
        deviation: Some(deviation),
    }) = side
    else {
        return half;
    };
    match step {
        Some(step) => half.max(-((1.0 - confidence) / 2.0).ln() * step / count as f64),
        None if deviation <= ROUNDING * mean.abs() => f64::INFINITY,
        None => half,
    }
}

/// The interval of the mean effect, or of the median where the mean is not bounded, from the least
/// and the greatest effect of each pair.
fn interval_of_ranges(
    least: &[f64],
    greatest: &[f64],
    step: Option<f64>,
    confidence: f64,
) -> Result<(Interval, Bound), Error> {
    let (below, above) = (Moments::of(least), Moments::of(greatest));
    if below.is_none() && above.is_none() {
        return median_of_ranges(least, greatest, confidence);
    }
    let low = below.map_or(f64::NEG_INFINITY, |moments| {
        moments.mean - half_width(below, step, confidence, 0.0)
    });
    let high = above.map_or(f64::INFINITY, |moments| {
        moments.mean + half_width(above, step, confidence, 0.0)
    });
    let (estimate, bound) = bounded(below.map(|m| m.mean), above.map(|m| m.mean));
    Ok((
        Interval::new(estimate, low, high, Scale::Difference, confidence),
        bound,
    ))
}

fn median_of_ranges(
    least: &[f64],
    greatest: &[f64],
    confidence: f64,
) -> Result<(Interval, Bound), Error> {
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let (estimate, bound) = bounded(finite(median(least)), finite(median(greatest)));
    let low = median_interval(least, confidence)?.low;
    let high = median_interval(greatest, confidence)?.high;
    Ok((
        Interval::new(estimate, low, high, Scale::Difference, confidence),
        bound,
    ))
}

/// The estimate between its least and greatest value, and how to read it.
fn bounded(least: Option<f64>, greatest: Option<f64>) -> (Option<f64>, Bound) {
    match (least, greatest) {
        (Some(least), Some(greatest)) if least == greatest => (Some(least), Bound::Exact),
        (Some(least), _) => (Some(least), Bound::AtLeast),
        (None, Some(greatest)) => (Some(greatest), Bound::AtMost),
        (None, None) => (None, Bound::Unknown),
    }
}

/// How many more pairs would settle an inconclusive comparison with a probability of about 80 %.
///
/// It assumes that mean and spread of the effects stay as they were seen, and looks for the least
/// number n of pairs for which the interval mean ± (t(1 - α/2, n - 1) + z(0.8)) · s / √n gives a
/// verdict. `Some(0)` when there is a verdict already; `None` when the pairs do not tell the spread
/// (fewer than two, or each arm censored somewhere), or when 10,000 pairs would not do.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Comparison, Direction, Hypothesis, Observation, seeds_needed};
///
/// let pairs = [(1.3, 1.0), (0.9, 1.0), (1.4, 1.0), (1.1, 1.0)]
///     .map(|(a, b)| (Observation::Exact(a), Observation::Exact(b)));
/// let comparison = Comparison::differences(&pairs, 0.95)?;
/// let hypothesis = Hypothesis::new(Direction::Greater, 0.01)?;
/// assert_eq!(seeds_needed(&comparison, &hypothesis), Some(11));
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn seeds_needed(comparison: &Comparison, hypothesis: &Hypothesis) -> Option<u64> {
    let Interval {
        scale, confidence, ..
    } = comparison.interval;
    if !matches!(
        verdict(&comparison.interval, hypothesis),
        Verdict::Inconclusive { .. }
    ) {
        return Some(0);
    }
    let (below, above) = (
        Moments::of(&comparison.least),
        Moments::of(&comparison.greatest),
    );
    // Both sides have the same number of pairs, so one of them tells whether there is a spread.
    below.or(above)?.deviation?;
    let z = Normal::standard().inverse_cdf(POWER);
    let settles = |pairs: u64| {
        let with_pairs = |side: Option<Moments>| {
            side.map(|moments| Moments {
                count: pairs as usize,
                ..moments
            })
        };
        let (below, above) = (with_pairs(below), with_pairs(above));
        let low = below.map_or(f64::NEG_INFINITY, |side| {
            side.mean - half_width(below, comparison.step, confidence, z)
        });
        let high = above.map_or(f64::INFINITY, |side| {
            side.mean + half_width(above, comparison.step, confidence, z)
        });
        let widened = Interval::new(None, low, high, Scale::Difference, confidence);
        !matches!(
            verdict(&widened.on(scale), hypothesis),
            Verdict::Inconclusive { .. }
        )
    };
    let pairs = comparison.pairs as u64;
    let (mut unsettled, mut settled) = (pairs, pairs + MOST_SEEDS);
    if !settles(settled) {
        return None;
    }
    // More pairs only narrow the interval, and a narrower one stays settled.
    while settled - unsettled > 1 {
        let middle = unsettled + (settled - unsettled) / 2;
        if settles(middle) {
            settled = middle;
        } else {
            unsettled = middle;
        }
    }
    Some(settled - pairs)
}

fn check_value(scale: Scale, pair: usize, which: &str, value: f64) -> Result<(), Error> {
    let (good, expected) = match scale {
        Scale::Difference => (value.is_finite(), "a finite number"),
        Scale::Ratio => (
            value.is_finite() && value > 0.0,
            "greater than 0, and finite",
        ),
    };
    if good {
        return Ok(());
    }
    Err(Error::Statistic {
        statistic: match scale {
            Scale::Difference => "paired difference",
            Scale::Ratio => "paired ratio",
        },
        what: format!("the {which} value of pair {pair}"),
        value: number(value),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Direction;
    use Observation::{AtLeast, Exact};

    fn close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs(),
            "{found} is not {expected}"
        );
    }

    fn exact(pairs: &[(f64, f64)]) -> Vec<(Observation, Observation)> {
        pairs.iter().map(|(a, b)| (Exact(*a), Exact(*b))).collect()
    }

    #[test]
    fn a_ratio_is_the_exponential_of_the_interval_of_logarithms() {
        let pairs = [(2.0, 1.0), (6.0, 2.0), (4.0, 1.0), (10.0, 2.0)];
        let comparison = Comparison::ratios(&exact(&pairs), 0.95).expect("numbers");
        let logs: Vec<f64> = pairs.iter().map(|(a, b)| (a / b).ln()).collect();
        let oracle = crate::mean_interval(&logs, 0.95).expect("numbers");
        close(
            comparison.interval.estimate.expect("a value"),
            (120f64).powf(0.25),
        );
        close(comparison.interval.low, oracle.low.exp());
        close(comparison.interval.high, oracle.high.exp());
        assert_eq!(comparison.bound, Bound::Exact);
        assert_eq!((comparison.pairs, comparison.censored), (4, 0));
    }

    #[test]
    fn censored_runs_of_one_arm_open_one_end() {
        let mut pairs = exact(&[(20.0, 2.0), (30.0, 2.0), (25.0, 2.0)]);
        pairs.push((AtLeast(40.0), Exact(2.0)));
        let comparison = Comparison::ratios(&pairs, 0.95).expect("numbers");
        assert_eq!(comparison.bound, Bound::AtLeast);
        assert_eq!(comparison.interval.high, f64::INFINITY);
        // The same as if the run had arrived when it was stopped, which is the least it can be.
        pairs[3].0 = Exact(40.0);
        let arrived = Comparison::ratios(&pairs, 0.95).expect("numbers");
        assert_eq!(comparison.interval.low, arrived.interval.low);
        assert_eq!(comparison.interval.estimate, arrived.interval.estimate);

        let turned: Vec<_> = pairs
            .iter()
            .map(|(a, _)| (Exact(2.0), AtLeast(a.number())))
            .collect();
        let comparison = Comparison::ratios(&turned, 0.95).expect("numbers");
        assert_eq!(
            (comparison.bound, comparison.interval.low),
            (Bound::AtMost, 0.0)
        );
        assert!(comparison.interval.high < 0.15);
    }

    #[test]
    fn with_both_arms_censored_the_median_is_bounded() {
        let mut pairs = exact(&[(20.0, 2.0); 8]);
        pairs.push((AtLeast(40.0), AtLeast(40.0)));
        let comparison = Comparison::ratios(&pairs, 0.95).expect("numbers");
        close(comparison.interval.estimate.expect("a value"), 10.0);
        close(comparison.interval.low, 10.0);
        close(comparison.interval.high, 10.0);
        assert_eq!(comparison.censored, 1);

        let unknown = Comparison::ratios(&[(AtLeast(9.0), AtLeast(9.0)); 8], 0.95).expect("ok");
        assert_eq!(
            (unknown.interval.estimate, unknown.bound),
            (None, Bound::Unknown)
        );
        assert_eq!(
            (unknown.interval.low, unknown.interval.high),
            (0.0, f64::INFINITY)
        );
        let hypothesis = Hypothesis::new(Direction::Greater, 0.1).expect("a margin");
        assert_eq!(
            unknown.verdict(&hypothesis),
            Verdict::Inconclusive { more_seeds: None }
        );
    }

    #[test]
    fn few_and_equal_pairs() {
        let hypothesis = Hypothesis::new(Direction::Greater, 0.1).expect("a margin");
        let open = Verdict::Inconclusive { more_seeds: None };
        for pairs in [exact(&[]), exact(&[(3.0, 1.0)])] {
            let comparison = Comparison::ratios(&pairs, 0.95).expect("numbers");
            assert_eq!(comparison.verdict(&hypothesis), open);
            assert!(!comparison.interval.low.is_nan() && !comparison.interval.high.is_nan());
        }
        // Equal pairs do not tell the spread, whether their effect is none or a factor of three.
        let same = Comparison::differences(&exact(&[(0.3, 0.3); 5]), 0.95).expect("numbers");
        assert_eq!(same.interval.estimate, Some(0.0));
        assert_eq!(same.verdict(&hypothesis), open);
        let thrice = exact(&[(0.3, 0.1), (3.0, 1.0), (9.0, 3.0)]);
        let thrice = Comparison::ratios(&thrice, 0.95).expect("numbers");
        close(thrice.interval.estimate.expect("a value"), 3.0);
        assert_eq!(thrice.verdict(&hypothesis), open);
    }

    #[test]
    fn agreement_of_a_coarse_measure_is_no_certainty() {
        let hypothesis = Hypothesis::new(Direction::Greater, 0.01).expect("a margin");
        let of = |pairs| {
            Comparison::differences(&exact(&vec![(0.1, 0.1); pairs]), 0.95)
                .and_then(|comparison| comparison.in_steps_of(1.0 / 35.0))
                .expect("numbers")
        };
        // -ln(0.025) / 3 of a step of one answer in 35.
        let three = of(3);
        close(three.interval.high, 3.688_879_454_113_936 / 3.0 / 35.0);
        close(three.interval.low, -three.interval.high);
        let Verdict::Inconclusive {
            more_seeds: Some(more),
        } = three.verdict(&hypothesis)
        else {
            panic!("105 answers cannot exclude one in a hundred");
        };
        let enough = 3 + more as usize;
        assert_eq!(of(enough).verdict(&hypothesis), Verdict::Equivalent);
        assert_ne!(of(enough - 1).verdict(&hypothesis), Verdict::Equivalent);
        // Where the pairs differ, their spread counts as ever.
        let spread = exact(&[(0.5, 0.1), (0.3, 0.1), (0.1, 0.1)]);
        let plain = Comparison::differences(&spread, 0.95).expect("numbers");
        let coarse = plain.clone().in_steps_of(1.0 / 35.0).expect("a step");
        assert_eq!(coarse.interval, plain.interval);
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(plain.clone().in_steps_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_second_opinion_is_near_the_first_and_silent_on_censored_runs() {
        let pairs: Vec<_> = (0..30)
            .map(|i| (Exact(2.0 + f64::from(i * 7 % 30) / 30.0), Exact(1.0)))
            .collect();
        let comparison = Comparison::ratios(&pairs, 0.95).expect("numbers");
        let second = comparison.bootstrap().expect("thirty pairs");
        assert_eq!(second.scale, Scale::Ratio);
        assert!((second.low / comparison.interval.low - 1.0).abs() < 0.01);
        assert!((second.high / comparison.interval.high - 1.0).abs() < 0.01);
        let one = Comparison::ratios(&pairs[..1], 0.95).expect("numbers");
        assert_eq!(one.bootstrap(), None);
        let censored = [pairs[0], (AtLeast(2.0), Exact(1.0))];
        let censored = Comparison::ratios(&censored, 0.95).expect("numbers");
        assert_eq!(censored.bootstrap(), None);
    }

    #[test]
    fn bad_values_are_named() {
        let error = Comparison::ratios(&exact(&[(1.0, 1.0), (1.0, 0.0)]), 0.95).expect_err("zero");
        assert!(
            error.to_string().contains("second value of pair 1 is 0"),
            "{error}"
        );
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(
                Comparison::ratios(&[(AtLeast(bad), Exact(1.0))], 0.95).is_err(),
                "{bad}"
            );
        }
        assert!(Comparison::differences(&exact(&[(-1.0, 0.0)]), 0.95).is_ok());
        assert!(Comparison::differences(&exact(&[(f64::NAN, 0.0)]), 0.95).is_err());
    }

    #[test]
    fn seeds_needed_agrees_with_power_tables() {
        // Effect of half a standard deviation, two-sided 5 %, power 80 %: 34 pairs (Cohen 1988;
        // R: power.t.test(delta = .5, type = "paired") gives 33.37).
        let spread = [-1.0, 1.0, -1.0, 1.0];
        let deviation = (4.0f64 / 3.0).sqrt();
        let pairs: Vec<_> = spread
            .iter()
            .map(|s| (Exact(0.5 * deviation + s), Exact(0.0)))
            .collect();
        let comparison = Comparison::differences(&pairs, 0.95).expect("numbers");
        let hypothesis = Hypothesis::new(Direction::Greater, 0.0).expect("a margin");
        let total = seeds_needed(&comparison, &hypothesis).expect("a number") + 4;
        assert!((33..=35).contains(&total), "{total}");
        assert_eq!(
            comparison.verdict(&hypothesis),
            Verdict::Inconclusive {
                more_seeds: Some(total - 4)
            }
        );
    }

    #[test]
    fn an_effect_on_the_border_needs_more_than_anyone_runs() {
        let pairs: Vec<_> = [-1.0, 1.0].map(|s| (Exact(s), Exact(0.0))).to_vec();
        let comparison = Comparison::differences(&pairs, 0.95).expect("numbers");
        let hypothesis = Hypothesis::new(Direction::Greater, 1e-6).expect("a margin");
        assert_eq!(seeds_needed(&comparison, &hypothesis), None);
    }
}
