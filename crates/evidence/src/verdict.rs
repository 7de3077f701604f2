//! From an interval to a verdict: the one place where that is decided.

use serde::{Deserialize, Serialize};

use crate::error::number;
use crate::{Error, Interval, Scale};

/// Which way a claim says that the effect goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The effect is greater than none: the ratio above 1, the difference above 0.
    Greater,
    /// The effect is less than none: the ratio below 1, the difference below 0.
    Less,
    /// There is no effect that counts.
    Same,
}

/// What an interval is held against, fixed before the runs are made. There are three forms.
///
/// - [`Hypothesis::exceeds`]: the effect is above a threshold. "Far less time" is a ratio above 2.
/// - [`Hypothesis::within`]: the effect is within a factor of 1. "About the same loss" is a ratio in [0.8, 1.25].
/// - [`Hypothesis::new`]: a direction, and a margin inside which an effect is too small to count. On the scale of
///   differences, effects in `[-margin, margin]` do not count; on the scale of ratios, those in
///   `[1 / (1 + margin), 1 + margin]`, so that 0.1 stands for "within 10 % either way".
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Direction, Hypothesis, Scale};
///
/// let hypothesis = Hypothesis::new(Direction::Same, 0.25)?;
/// assert_eq!(hypothesis.band(Scale::Ratio), (0.8, 1.25));
/// assert_eq!(hypothesis, Hypothesis::within(1.25)?);
/// assert!(Hypothesis::new(Direction::Same, -0.25).is_err());
///
/// let at_least_twice = Hypothesis::exceeds(2.0)?;
/// assert_eq!(at_least_twice.threshold(), Some(2.0));
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Hypothesis(Form);

/// A hypothesis as it is saved: `{"exceeds": 2.0}` or `{"direction": "greater", "margin": 0.1}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Threshold { exceeds: f64 },
    Margin { direction: Direction, margin: f64 },
}

impl TryFrom<Form> for Hypothesis {
    type Error = Error;

    fn try_from(form: Form) -> Result<Self, Error> {
        match form {
            Form::Threshold { exceeds } => Self::exceeds(exceeds),
            Form::Margin { direction, margin } => Self::new(direction, margin),
        }
    }
}

impl From<Hypothesis> for Form {
    fn from(hypothesis: Hypothesis) -> Self {
        hypothesis.0
    }
}

impl Hypothesis {
    /// A direction, with a margin of zero or more.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the margin is negative or not a finite number.
    pub fn new(direction: Direction, margin: f64) -> Result<Self, Error> {
        if margin.is_finite() && margin >= 0.0 {
            Ok(Self(Form::Margin { direction, margin }))
        } else {
            Err(Error::Setting {
                setting: "the margin of a hypothesis",
                value: number(margin),
                expected: "zero or more",
            })
        }
    }

    /// "The effect is above `threshold`", on the scale of the interval that it is held against: 2 is "at least twice" for a
    /// ratio.
    ///
    /// Supported when the whole interval is above the threshold, refuted when all of it is below. It is never
    /// [`Verdict::Equivalent`].
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the threshold is not a finite number.
    pub fn exceeds(threshold: f64) -> Result<Self, Error> {
        if threshold.is_finite() {
            Ok(Self(Form::Threshold { exceeds: threshold }))
        } else {
            Err(Error::Setting {
                setting: "the threshold of a hypothesis",
                value: number(threshold),
                expected: "a finite number",
            })
        }
    }

    /// Whether an effect, on the scale of the interval that the hypothesis is held against, is one of the claimed ones.
    ///
    /// ```
    /// use smallbatch_evidence::{Hypothesis, Scale};
    ///
    /// assert!(Hypothesis::exceeds(2.0)?.holds(2.5, Scale::Ratio));
    /// assert!(!Hypothesis::within(1.25)?.holds(0.7, Scale::Ratio));
    /// # Ok::<(), smallbatch_evidence::Error>(())
    /// ```
    pub fn holds(&self, effect: f64, scale: Scale) -> bool {
        let none = scale.no_effect();
        match self.direction() {
            Direction::Greater => effect > self.threshold().unwrap_or(none),
            Direction::Less => effect < none,
            Direction::Same => {
                let (low, high) = self.band(scale);
                (low..=high).contains(&effect)
            }
        }
    }

    /// "The ratio is within this factor of 1": [`Hypothesis::new`] with [`Direction::Same`] and the margin `factor` - 1.
    ///
    /// [`Verdict::Equivalent`] when the whole interval is inside `[1 / factor, factor]`, refuted when all of it is outside.
    /// (Of a difference it would say that it is within ± (`factor` - 1).)
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the factor is below 1 or not a finite number.
    pub fn within(factor: f64) -> Result<Self, Error> {
        if factor.is_finite() && factor >= 1.0 {
            Self::new(Direction::Same, factor - 1.0)
        } else {
            Err(Error::Setting {
                setting: "the factor of a hypothesis",
                value: number(factor),
                expected: "1 or more",
            })
        }
    }

    /// Which way the claim says that the effect goes.
    pub fn direction(&self) -> Direction {
        match self.0 {
            Form::Threshold { .. } => Direction::Greater,
            Form::Margin { direction, .. } => direction,
        }
    }

    /// The size of an effect that does not count, as described at the type; 0 of a claim that the effect exceeds a
    /// threshold.
    pub fn margin(&self) -> f64 {
        match self.0 {
            Form::Threshold { .. } => 0.0,
            Form::Margin { margin, .. } => margin,
        }
    }

    /// What the effect is claimed to exceed; `None` of a claim with direction and margin.
    pub fn threshold(&self) -> Option<f64> {
        match self.0 {
            Form::Threshold { exceeds } => Some(exceeds),
            Form::Margin { .. } => None,
        }
    }

    /// The least and the greatest effect that do not count: all up to the threshold, or those inside the margin.
    pub fn band(&self, scale: Scale) -> (f64, f64) {
        match (self.0, scale) {
            (Form::Threshold { exceeds }, Scale::Difference) => (f64::NEG_INFINITY, exceeds),
            (Form::Threshold { exceeds }, Scale::Ratio) => (0.0, exceeds),
            (Form::Margin { margin, .. }, Scale::Difference) => (-margin, margin),
            (Form::Margin { margin, .. }, Scale::Ratio) => (1.0 / (1.0 + margin), 1.0 + margin),
        }
    }
}

/// What the runs say about a claim.
///
/// In JSON it is a lower-case word in the field `verdict`; an inconclusive one has the field
/// `more_seeds` beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// The whole interval lies on the claim's side of "no effect", or above the threshold.
    Supported,
    /// The whole interval contradicts the claim.
    Refuted,
    /// The whole interval lies inside the margin: whatever effect there is does not count. For a
    /// claim of sameness this is the verdict that confirms it.
    Equivalent,
    /// The interval leaves it open.
    Inconclusive {
        /// How many more pairs of runs would settle it with a probability of about 80 %, if effect
        /// and spread stay as they were seen; `None` when that cannot be said, or is more than
        /// 10,000.
        more_seeds: Option<u64>,
    },
}

impl Verdict {
    /// The verdict as one lower-case word, the same as in `results.json`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Refuted => "refuted",
            Self::Equivalent => "equivalent",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

/// The verdict on a hypothesis, from the interval alone.
///
/// For [`Hypothesis::exceeds`]: [`Verdict::Supported`] when the whole interval lies above the threshold,
/// [`Verdict::Refuted`] when all of it lies below. Each is one-sided, with an error of α/2 at most.
///
/// Otherwise, in this order:
///
/// 1. The interval lies inside the margin: [`Verdict::Equivalent`]. With an interval of confidence
///    1 - α this is two one-sided tests (TOST) of level α/2 each.
/// 2. For a direction: the interval lies on the claim's side of no effect,
///    [`Verdict::Supported`]; on the other side, [`Verdict::Refuted`]. With no true effect, one of
///    the two comes out by chance with probability α at most.
/// 3. For a claim of sameness: the interval lies outside the margin on one side,
///    [`Verdict::Refuted`].
/// 4. Otherwise [`Verdict::Inconclusive`], here without a number of seeds, which an interval alone
///    does not tell: see [`Comparison::verdict`](crate::Comparison::verdict).
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Direction, Hypothesis, Interval, Scale, Verdict, verdict};
///
/// let hypothesis = Hypothesis::new(Direction::Greater, 0.1)?;
/// let interval = Interval::new(Some(2.0), 1.4, 2.9, Scale::Ratio, 0.95);
/// assert_eq!(verdict(&interval, &hypothesis), Verdict::Supported);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn verdict(interval: &Interval, hypothesis: &Hypothesis) -> Verdict {
    let (band_low, band_high) = hypothesis.band(interval.scale);
    let none = interval.scale.no_effect();
    let (low, high) = (interval.low, interval.high);
    let inside = low >= band_low && high <= band_high;
    let (supported, refuted) = match hypothesis.0 {
        Form::Threshold { exceeds } => (low > exceeds, high < exceeds),
        Form::Margin { .. } if inside => return Verdict::Equivalent,
        Form::Margin { direction, .. } => match direction {
            Direction::Greater => (low > none, high < none),
            Direction::Less => (high < none, low > none),
            Direction::Same => (false, low > band_high || high < band_low),
        },
    };
    if supported {
        Verdict::Supported
    } else if refuted {
        Verdict::Refuted
    } else {
        Verdict::Inconclusive { more_seeds: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPEN: Verdict = Verdict::Inconclusive { more_seeds: None };

    fn of(direction: Direction, scale: Scale, low: f64, high: f64) -> Verdict {
        let hypothesis = Hypothesis::new(direction, 0.1).expect("a margin");
        verdict(&Interval::new(None, low, high, scale, 0.95), &hypothesis)
    }

    #[test]
    fn every_position_of_the_interval() {
        use Direction::{Greater, Less, Same};
        use Verdict::{Equivalent, Refuted, Supported};
        let inf = f64::INFINITY;
        // (low, high) of a difference with margin 0.1, and the verdict for each direction.
        let table = [
            ((-inf, inf), OPEN, OPEN, OPEN),
            ((0.2, 0.5), Supported, Refuted, Refuted),
            ((0.2, inf), Supported, Refuted, Refuted),
            ((0.05, 0.5), Supported, Refuted, OPEN),
            ((0.0, 0.5), OPEN, OPEN, OPEN),
            ((-0.05, 0.5), OPEN, OPEN, OPEN),
            ((-0.5, 0.5), OPEN, OPEN, OPEN),
            ((0.02, 0.05), Equivalent, Equivalent, Equivalent),
            ((-0.1, 0.1), Equivalent, Equivalent, Equivalent),
            ((0.0, 0.0), Equivalent, Equivalent, Equivalent),
            ((0.1, 0.2), Supported, Refuted, OPEN),
            ((-0.5, -0.05), Refuted, Supported, OPEN),
            ((-inf, -0.2), Refuted, Supported, Refuted),
        ];
        for ((low, high), greater, less, same) in table {
            for (direction, expected) in [(Greater, greater), (Less, less), (Same, same)] {
                assert_eq!(
                    of(direction, Scale::Difference, low, high),
                    expected,
                    "{direction:?} [{low}, {high}]"
                );
            }
        }
    }

    #[test]
    fn ratios_are_held_against_one_and_a_margin_of_factors() {
        assert_eq!(
            of(Direction::Greater, Scale::Ratio, 1.01, 1.4),
            Verdict::Supported
        );
        assert_eq!(
            of(Direction::Greater, Scale::Ratio, 0.5, 0.99),
            Verdict::Refuted
        );
        assert_eq!(
            of(Direction::Same, Scale::Ratio, 0.92, 1.09),
            Verdict::Equivalent
        );
        // 0.90 is inside "minus 10 %" but outside 1 / 1.1, the mirror image of 1.1.
        assert_eq!(of(Direction::Same, Scale::Ratio, 0.90, 1.09), OPEN);
    }

    proptest! {
        #[test]
        fn less_is_greater_with_the_signs_turned(low in -1.0..1.0f64, width in 0.0..1.0f64) {
            let high = low + width;
            prop_assert_eq!(
                of(Direction::Greater, Scale::Difference, low, high),
                of(Direction::Less, Scale::Difference, -high, -low)
            );
            prop_assert_eq!(
                of(Direction::Same, Scale::Difference, low, high),
                of(Direction::Same, Scale::Difference, -high, -low)
            );
        }

        #[test]
        fn a_wider_interval_never_turns_a_verdict_around(
            low in -1.0..1.0f64, width in 0.0..1.0f64, more in 0.0..1.0f64,
        ) {
            let narrow = of(Direction::Greater, Scale::Difference, low, low + width);
            let wide = of(Direction::Greater, Scale::Difference, low - more, low + width + more);
            let turned = matches!(
                (narrow, wide),
                (Verdict::Supported, Verdict::Refuted) | (Verdict::Refuted, Verdict::Supported)
            );
            prop_assert!(!turned, "{:?} became {:?}", narrow, wide);
        }
    }

    #[test]
    fn verdicts_are_lower_case_words_in_json() {
        let json = serde_json::to_string(&Verdict::Supported).expect("json");
        assert_eq!(json, r#"{"verdict":"supported"}"#);
        let open = Verdict::Inconclusive {
            more_seeds: Some(12),
        };
        let json = serde_json::to_string(&open).expect("json");
        assert_eq!(json, r#"{"verdict":"inconclusive","more_seeds":12}"#);
        assert_eq!(serde_json::from_str::<Verdict>(&json).expect("json"), open);
    }

    #[test]
    fn every_position_of_the_interval_around_a_threshold() {
        let inf = f64::INFINITY;
        let twice = Hypothesis::exceeds(2.0).expect("a threshold");
        for (low, high, expected) in [
            (2.1, 3.0, Verdict::Supported),
            (2.1, inf, Verdict::Supported),
            (2.0, 3.0, OPEN),
            (1.5, 3.0, OPEN),
            (0.0, inf, OPEN),
            (2.0, 2.0, OPEN),
            (1.5, 2.0, OPEN),
            // More than none, and still less than claimed.
            (1.5, 1.9, Verdict::Refuted),
            (0.0, 0.5, Verdict::Refuted),
        ] {
            let interval = Interval::new(None, low, high, Scale::Ratio, 0.95);
            assert_eq!(verdict(&interval, &twice), expected, "[{low}, {high}]");
        }
        assert_eq!(twice.direction(), Direction::Greater);
        assert_eq!(twice.band(Scale::Ratio), (0.0, 2.0));
    }

    #[test]
    fn hypotheses_are_saved_in_few_words_and_checked_when_read() {
        for (hypothesis, json) in [
            (Hypothesis::exceeds(2.0), r#"{"exceeds":2.0}"#),
            (
                Hypothesis::new(Direction::Greater, 0.1),
                r#"{"direction":"greater","margin":0.1}"#,
            ),
            (
                Hypothesis::within(1.25),
                r#"{"direction":"same","margin":0.25}"#,
            ),
        ] {
            let hypothesis = hypothesis.expect("a hypothesis");
            assert_eq!(serde_json::to_string(&hypothesis).expect("json"), json);
            let read: Hypothesis = serde_json::from_str(json).expect("json");
            assert_eq!(read, hypothesis);
        }
        let bad = r#"{"direction":"same","margin":-1.0}"#;
        assert!(serde_json::from_str::<Hypothesis>(bad).is_err());
    }

    #[test]
    fn thresholds_and_factors_must_be_numbers_that_make_sense() {
        for threshold in [f64::NAN, f64::INFINITY] {
            assert!(Hypothesis::exceeds(threshold).is_err(), "{threshold}");
        }
        for factor in [0.8, -1.0, f64::NAN, f64::INFINITY] {
            let error = Hypothesis::within(factor).expect_err("a bad factor");
            assert!(error.to_string().contains(&factor.to_string()), "{error}");
        }
    }

    #[test]
    fn a_margin_must_be_a_number_of_zero_or_more() {
        for margin in [-0.1, f64::NAN, f64::INFINITY] {
            let error = Hypothesis::new(Direction::Same, margin).expect_err("a bad margin");
            assert!(error.to_string().contains(&margin.to_string()), "{error}");
        }
    }
}
