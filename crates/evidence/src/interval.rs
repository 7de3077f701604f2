//! Intervals for one list of numbers: Student's t for a mean, order statistics for a median.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::Error;
use crate::error::number;
use crate::quantile::quantile_of_sorted;

/// Values whose spread is less than this part of their mean are equal but for rounding.
pub(crate) const ROUNDING: f64 = 1e-12;

/// What an effect is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// first - second; no effect is 0.
    Difference,
    /// first / second; no effect is 1. Averages are taken of logarithms.
    Ratio,
}

impl Scale {
    /// The effect of arms that do not differ: 0 or 1.
    pub fn no_effect(self) -> f64 {
        match self {
            Self::Difference => 0.0,
            Self::Ratio => 1.0,
        }
    }
}

/// How to read an estimate when some runs were censored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// As a value: no censored run touches it.
    #[default]
    Exact,
    /// As "at least": runs of the first arm were cut off before they got there.
    AtLeast,
    /// As "at most": runs of the second arm were cut off.
    AtMost,
    /// Not at all: the pairs do not bound the effect on either side.
    Unknown,
}

/// An estimate with the interval that it lies in.
///
/// Ends are infinite where nothing bounds them, never "not a number".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate; `None` when there is nothing to compute it from.
    pub estimate: Option<f64>,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What the numbers are counted on.
    pub scale: Scale,
    /// The share of repetitions in which such an interval covers the truth, such as 0.95.
    pub confidence: f64,
}

impl Interval {
    /// An interval from its parts. An end that is not a number becomes an open end.
    pub fn new(estimate: Option<f64>, low: f64, high: f64, scale: Scale, confidence: f64) -> Self {
        Self {
            estimate: estimate.filter(|value| value.is_finite()),
            low: if low.is_nan() { f64::NEG_INFINITY } else { low },
            high: if high.is_nan() { f64::INFINITY } else { high },
            scale,
            confidence,
        }
    }

    /// Student's t interval of an estimate with its standard error, both of them differences, or differences of logarithms
    /// where `scale` is of ratios: estimate ± t(1 - α/2, freedom) · error.
    ///
    /// An error of 0 is no certainty: equal values do not tell their spread, and both ends are open.
    pub(crate) fn student(
        estimate: f64,
        error: f64,
        freedom: f64,
        confidence: f64,
        scale: Scale,
    ) -> Self {
        let half = if error > ROUNDING * estimate.abs() {
            student_quantile(confidence, freedom) * error
        } else {
            f64::INFINITY
        };
        let (low, high) = (estimate - half, estimate + half);
        Self::new(Some(estimate), low, high, Scale::Difference, confidence).on(scale)
    }

    /// An interval of differences, or of differences of logarithms, on the scale it is meant for: for ratios the exp of
    /// estimate and ends.
    pub(crate) fn on(self, scale: Scale) -> Self {
        match scale {
            Scale::Difference => self,
            Scale::Ratio => Self::new(
                self.estimate.map(f64::exp),
                self.low.exp(),
                self.high.exp(),
                Scale::Ratio,
                self.confidence,
            ),
        }
    }
}

/// Student's t interval for the mean of independent values:
/// mean ± t(1 - α/2, n - 1) · s / √n, with s² = Σ(x - mean)² / (n - 1) and α = 1 - confidence.
///
/// With one value the estimate is that value and both ends are open, since it tells nothing about
/// the spread; with none the estimate is `None`. Equal values give an interval of no width.
///
/// # Errors
///
/// [`Error::Statistic`] when a value is not finite, or the confidence is not between 0 and 1.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::mean_interval;
///
/// let interval = mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95)?;
/// assert_eq!(interval.estimate, Some(3.0));
/// assert!((interval.low - 1.036_756_838_522).abs() < 1e-9);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn mean_interval(values: &[f64], confidence: f64) -> Result<Interval, Error> {
    check_confidence(confidence)?;
    for (position, value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(not_finite("mean interval", position, *value));
        }
    }
    let moments = Moments::of(values);
    let half = moments.half_width(confidence, 0.0);
    let estimate = moments.map(|moments| moments.mean);
    let centre = estimate.unwrap_or(0.0);
    Ok(Interval::new(
        estimate,
        centre - half,
        centre + half,
        Scale::Difference,
        confidence,
    ))
}

/// An interval for the median of independent values by order statistics (the sign test turned
/// round): from the k-th smallest to the k-th largest, with the greatest k for which
/// P(Binomial(n, 1/2) < k) ≤ α/2. It holds for every distribution, and covers a little more than it
/// says.
///
/// Values may be infinite: a run that never reached its target counts as longer than any other.
/// Fewer than six values bound nothing at 95 %: both ends are open. The estimate is the
/// sample median, `None` when that is infinite or the list is empty.
///
/// # Errors
///
/// [`Error::Statistic`] when a value is "not a number", or the confidence is not between 0 and 1.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::median_interval;
///
/// let times = [3.0, 4.0, 5.0, 6.0, 7.0, f64::INFINITY];
/// let interval = median_interval(&times, 0.95)?;
/// assert_eq!((interval.estimate, interval.low), (Some(5.5), 3.0));
/// assert_eq!(interval.high, f64::INFINITY);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
pub fn median_interval(values: &[f64], confidence: f64) -> Result<Interval, Error> {
    check_confidence(confidence)?;
    for (position, value) in values.iter().enumerate() {
        if value.is_nan() {
            return Err(not_finite("median interval", position, *value));
        }
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = match sign_test_rank(values.len(), 1.0 - confidence) {
        Some(rank) => (sorted[rank], sorted[sorted.len() - 1 - rank]),
        None => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let estimate = quantile_of_sorted(&sorted, 0.5);
    Ok(Interval::new(
        estimate,
        low,
        high,
        Scale::Difference,
        confidence,
    ))
}

/// The greatest rank r, counted from 0, with P(Binomial(n, 1/2) ≤ r) ≤ α/2.
fn sign_test_rank(n: usize, alpha: f64) -> Option<usize> {
    let mut rank = None;
    let mut below = 0.0;
    for r in 0..n {
        // Logarithms, since 2^-n vanishes for the n of a thorough night.
        let log_probability = statrs::function::factorial::ln_binomial(n as u64, r as u64)
            - n as f64 * std::f64::consts::LN_2;
        below += log_probability.exp();
        if below > alpha / 2.0 {
            break;
        }
        rank = Some(r);
    }
    rank
}

/// Number, mean and standard deviation of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    /// How many values.
    pub(crate) count: usize,
    /// Their mean.
    pub(crate) mean: f64,
    /// Their standard deviation with n - 1; `None` for a single value.
    pub(crate) deviation: Option<f64>,
}

impl Moments {
    /// Of finite values; `None` when there are none, or one of them is infinite.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = values.len();
        // From the first value, so that equal values have exactly their mean and no deviation.
        let origin = values[0];
        let mean = origin + values.iter().map(|value| value - origin).sum::<f64>() / count as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        (mean.is_finite()).then_some(Self {
            count,
            mean,
            deviation,
        })
    }
}

/// Half the width of a t interval.
pub(crate) trait HalfWidth {
    /// (t(1 - α/2, n - 1) + z) · s / √n; infinite when the spread is unknown. `z` widens it for
    /// power calculations and is 0 for an interval.
    fn half_width(&self, confidence: f64, z: f64) -> f64;
}

impl HalfWidth for Option<Moments> {
    fn half_width(&self, confidence: f64, z: f64) -> f64 {
        match self {
            Some(Moments {
                count,
                deviation: Some(deviation),
                ..
            }) => {
                (student_quantile(confidence, (count - 1) as f64) + z) * deviation
                    / (*count as f64).sqrt()
            }
            _ => f64::INFINITY,
        }
    }
}

/// t with P(|T| ≤ t) = confidence, for T of Student's distribution with `freedom` degrees; infinite where there is no such
/// distribution, and where the confidence is not from 0 up to 1.
pub(crate) fn student_quantile(confidence: f64, freedom: f64) -> f64 {
    if !(0.0..1.0).contains(&confidence) {
        return f64::INFINITY;
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |student| {
        student.inverse_cdf(0.5 + confidence / 2.0)
    })
}

pub(crate) fn check_confidence(confidence: f64) -> Result<(), Error> {
    if confidence > 0.0 && confidence < 1.0 {
        return Ok(());
    }
    Err(Error::Statistic {
        statistic: "interval",
        what: "the confidence".into(),
        value: number(confidence),
        expected: "between 0 and 1, such as 0.95",
    })
}

pub(crate) fn not_finite(statistic: &'static str, position: usize, value: f64) -> Error {
    Error::Statistic {
        statistic,
        what: format!("value {position}"),
        value: number(value),
        expected: "a finite number; a run without a result is an `Observation::AtLeast`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_quantiles_are_the_published_ones() {
        // scipy.stats.t.ppf(0.975, df)
        for (freedom, expected) in [
            (1.0, 12.706_204_736_432_095),
            (2.0, 4.302_652_729_911_275),
            (4.0, 2.776_445_105_197_798_7),
            (9.0, 2.262_157_162_740_992),
            (29.0, 2.045_229_642_132_703),
            (100.0, 1.983_971_518_523_552_2),
        ] {
            let found = student_quantile(0.95, freedom);
            // The library inverts the distribution function to about 2e-11.
            assert!(
                (found / expected - 1.0).abs() < 1e-10,
                "df {freedom}: {found}"
            );
        }
    }

    #[test]
    fn the_interval_of_a_published_sample() {
        // Student (1908), the gain of sleep by the second drug over the first, 10 patients;
        // R: t.test(extra ~ group, sleep, paired = TRUE) gives -2.4598858 to -0.7001142.
        let gains = [-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4];
        let interval = mean_interval(&gains, 0.95).expect("numbers");
        assert!((interval.estimate.expect("ten values") - -1.58).abs() < 1e-12);
        assert!(
            (interval.low - -2.459_885_8).abs() < 5e-8,
            "{}",
            interval.low
        );
        assert!(
            (interval.high - -0.700_114_2).abs() < 5e-8,
            "{}",
            interval.high
        );
    }

    #[test]
    fn short_and_equal_lists() {
        let open = (f64::NEG_INFINITY, f64::INFINITY);
        let none = mean_interval(&[], 0.95).expect("no values");
        assert_eq!((none.estimate, (none.low, none.high)), (None, open));
        let one = mean_interval(&[3.0], 0.95).expect("one value");
        assert_eq!((one.estimate, (one.low, one.high)), (Some(3.0), open));
        let equal = mean_interval(&[0.1; 7], 0.95).expect("equal values");
        assert_eq!(
            (equal.estimate, equal.low, equal.high),
            (Some(0.1), 0.1, 0.1)
        );
        let none = median_interval(&[], 0.95).expect("no values");
        assert_eq!((none.estimate, (none.low, none.high)), (None, open));
    }

    #[test]
    fn ranks_are_those_of_sign_test_tables() {
        // Published tables of the order-statistics interval at 95 %: k = 1 for n = 6, 2 for 9,
        // 3 for 12, 6 for 20, 10 for 30, 40 for 100 (k counts from 1).
        for (n, k) in [
            (6, 1),
            (8, 1),
            (9, 2),
            (12, 3),
            (20, 6),
            (30, 10),
            (100, 40),
        ] {
            assert_eq!(sign_test_rank(n, 0.05), Some(k - 1), "n = {n}");
        }
        assert_eq!(sign_test_rank(5, 0.05), None);
        assert!(sign_test_rank(5_000, 0.05).is_some(), "no underflow");
    }

    #[test]
    fn what_is_not_a_number_is_refused_by_position() {
        let error = mean_interval(&[1.0, f64::NAN], 0.95).expect_err("NaN");
        assert!(error.to_string().contains("value 1 is NaN"), "{error}");
        assert!(median_interval(&[f64::NAN], 0.95).is_err());
        for confidence in [0.0, 1.0, 95.0, f64::NAN] {
            assert!(
                mean_interval(&[1.0, 2.0], confidence).is_err(),
                "{confidence}"
            );
        }
    }
}
