//! From an interval to a verdict: the one place where that is decided.

use serde::{Deserialize, Serialize};

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

/// What an interval is held against: the claim's direction, and the margin inside which an effect
/// is too small to count.
///
/// The margin is set before the runs are made. On the scale of differences, effects in
/// `[-margin, margin]` do not count; on the scale of ratios, those in
/// `[1 / (1 + margin), 1 + margin]`, so that 0.1 stands for "within 10 % either way".
///
/// # Example
///
/// ```
/// use smallbatch_evidence::{Direction, Hypothesis, Scale};
///
/// let hypothesis = Hypothesis::new(Direction::Same, 0.25)?;
/// assert_eq!(hypothesis.band(Scale::Ratio), (0.8, 1.25));
/// assert!(Hypothesis::new(Direction::Same, -0.25).is_err());
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    direction: Direction,
    margin: f64,
}

impl Hypothesis {
    /// A hypothesis with a margin of zero or more.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the margin is negative or not a finite number.
    pub fn new(direction: Direction, margin: f64) -> Result<Self, Error> {
        if margin.is_finite() && margin >= 0.0 {
            Ok(Self { direction, margin })
        } else {
            Err(Error::Setting {
                setting: "the margin of a hypothesis",
                value: margin.to_string(),
                expected: "zero or more",
            })
        }
    }

    /// Which way the claim says that the effect goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The size of an effect that does not count, as described at the type.
    pub fn margin(&self) -> f64 {
        self.margin
    }

    /// The least and the greatest effect that do not count.
    pub fn band(&self, scale: Scale) -> (f64, f64) {
        match scale {
            Scale::Difference => (-self.margin, self.margin),
            Scale::Ratio => (1.0 / (1.0 + self.margin), 1.0 + self.margin),
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
    /// The whole interval lies on the claim's side of "no effect".
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
/// In this order:
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
    if low >= band_low && high <= band_high {
        return Verdict::Equivalent;
    }
    let (supported, refuted) = match hypothesis.direction {
        Direction::Greater => (low > none, high < none),
        Direction::Less => (high < none, low > none),
        Direction::Same => (false, low > band_high || high < band_low),
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
    fn a_margin_must_be_a_number_of_zero_or_more() {
        for margin in [-0.1, f64::NAN, f64::INFINITY] {
            let error = Hypothesis::new(Direction::Same, margin).expect_err("a bad margin");
            assert!(error.to_string().contains(&margin.to_string()), "{error}");
        }
    }
}
