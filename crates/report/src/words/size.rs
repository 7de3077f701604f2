//! The size of an effect in words: an estimate, its interval, and what cut pairs make of both.

use smallbatch_evidence::Scale;

use super::{NONE, number, significant};
use crate::results::{AnswerNote, PartNote, PredictionNote, TableAnswer};

/// The size of an effect: an estimate with its interval, and how many pairs are cut at the horizon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) estimate: Option<f64>,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) scale: Scale,
    /// Pairs in which the first side did not arrive, so that their factor is "at least".
    first_cut: usize,
    /// Pairs in which the second side did not arrive, so that their factor is "at most".
    second_cut: usize,
}

/// What cut pairs make of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Exact,
    AtLeast,
    AtMost,
    /// Pairs are cut on both sides.
    Either,
}

impl Size {
    pub(crate) fn of(answer: &AnswerNote) -> Self {
        let cut = (answer.n_censored, answer.n_censored_second);
        Self::new(
            answer.estimate,
            (answer.low, answer.high),
            answer.scale,
            cut,
        )
    }

    pub(crate) fn of_table(row: &TableAnswer, scale: Scale) -> Self {
        let cut = (row.n_censored, row.n_censored_second);
        Self::new(row.estimate, (row.low, row.high), scale, cut)
    }

    /// A range without an estimate.
    pub(crate) fn of_prediction(prediction: &PredictionNote, scale: Scale) -> Self {
        Self::new(None, (prediction.low, prediction.high), scale, (0, 0))
    }

    pub(crate) fn of_part(part: &PartNote, scale: Scale) -> Self {
        Self::new(part.estimate, (part.low, part.high), scale, (0, 0))
    }

    /// An estimate between the ends of its interval.
    pub(crate) fn between(estimate: Option<f64>, ends: (f64, f64), scale: Scale) -> Self {
        Self::new(estimate, ends, scale, (0, 0))
    }

    /// At least `most`, where the estimate is above that.
    pub(crate) fn cut_above(mut self, most: f64) -> Self {
        if self.estimate.is_some_and(|estimate| estimate > most) {
            self.estimate = Some(most);
            self.first_cut = 1;
        }
        self
    }

    fn new(
        estimate: Option<f64>,
        (low, high): (f64, f64),
        scale: Scale,
        (cut, second_cut): (usize, usize),
    ) -> Self {
        let estimate = estimate.filter(|value| value.is_finite());
        let first_cut = cut.saturating_sub(second_cut);
        Self {
            estimate,
            low,
            high,
            scale,
            first_cut,
            second_cut,
        }
    }

    pub(crate) fn bound(&self) -> Bound {
        match (self.first_cut, self.second_cut) {
            (0, 0) => Bound::Exact,
            (_, 0) => Bound::AtLeast,
            (0, _) => Bound::AtMost,
            (_, _) => Bound::Either,
        }
    }

    /// The estimate in a table: `9.3`, `≥ 9.3` with cut pairs.
    pub(crate) fn in_cell(&self) -> String {
        self.with(["", "≥ ", "≤ ", "≈ "])
    }

    /// The estimate in a sentence: `9.3`, `at least 9.3` with cut pairs.
    pub(crate) fn in_words(&self) -> String {
        self.with(["", "at least ", "at most ", "about "])
    }

    fn with(&self, [exact, at_least, at_most, either]: [&str; 4]) -> String {
        let Some(estimate) = self.estimate else {
            return NONE.into();
        };
        let before = match self.bound() {
            Bound::Exact => exact,
            Bound::AtLeast => at_least,
            Bound::AtMost => at_most,
            Bound::Either => either,
        };
        format!("{before}{}", amount(estimate, self.scale))
    }

    /// The interval: `2.1 to 5.6`, `2.1 or more`; nothing where neither end is known.
    pub(crate) fn interval(&self) -> String {
        if self.estimate == Some(self.low) && self.low == self.high {
            return "counted".into();
        }
        range(self.low, self.high, self.scale)
    }

    /// Estimate and interval together: `9.3 (2.1 to 40)`.
    pub(crate) fn in_brackets(&self) -> String {
        match self.interval() {
            interval if interval.is_empty() => self.in_cell(),
            interval => format!("{} ({interval})", self.in_cell()),
        }
    }
}

/// An interval of effects: `2.1 to 5.6`, `2.1 or more`; nothing where neither end is known.
pub(crate) fn range(low: f64, high: f64, scale: Scale) -> String {
    let end = |value| amount(value, scale);
    match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("{} to {}", end(low), end(high)),
        (true, false) => format!("{} or more", end(low)),
        (false, true) => format!("{} or less", end(high)),
        (false, false) => String::new(),
    }
}

/// An effect's number. Ratios have two digits, and two decimals where they are near 1.
pub(crate) fn amount(value: f64, scale: Scale) -> String {
    match scale {
        Scale::Ratio if (0.1..1.995).contains(&value) => format!("{value:.2}"),
        Scale::Ratio => significant(value, 2),
        Scale::Difference => number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_two_digits_and_two_decimals_near_one() {
        for (value, text) in [
            (1.0234, "1.02"),
            (0.87, "0.87"),
            (1.999, "2.0"),
            (3.44, "3.4"),
            (9.96, "10"),
            (123.0, "120"),
            (0.0234, "0.023"),
        ] {
            assert_eq!(amount(value, Scale::Ratio), text);
        }
    }

    #[test]
    fn cut_pairs_make_bounds_and_open_ends_are_said() {
        let size = |first_cut, second_cut| Size {
            estimate: Some(10.0),
            low: 4.0,
            high: f64::INFINITY,
            scale: Scale::Ratio,
            first_cut,
            second_cut,
        };
        assert_eq!(size(0, 0).in_brackets(), "10 (4.0 or more)");
        assert_eq!(size(3, 0).in_words(), "at least 10");
        assert_eq!(size(0, 1).in_cell(), "≤ 10");
        assert_eq!(size(2, 1).in_cell(), "≈ 10");
        let counted = Size {
            low: 10.0,
            high: 10.0,
            ..size(0, 0)
        };
        assert_eq!(counted.in_brackets(), "10 (counted)");
    }
}
