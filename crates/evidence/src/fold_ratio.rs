//! The ratio of two mean losses over the folds of one table.

use crate::interval::{not_finite, student_quantile};
use crate::{Answer, Error, Hypothesis, Interval, Scale, TableEffect};

/// The ratio of two means over the same folds, r = Σa/Σb, such as the losses of two ways to train.
///
/// Its interval is Fieller's (1954): all r for which the mean of a - r·b is not surely different from 0, by Student's t over the folds. So
/// it counts the uncertainty of both means, and contains 1 exactly where the difference of the two is not sure. Trainings on the
/// folds share rows, so the variance of a mean is (1/n + h/(1 - h))·s² for n folds of which each holds out the share h (Nadeau & Bengio
/// 2003).
///
/// ```
/// use smallbatch_evidence::{FoldRatio, Hypothesis, Direction, Verdict};
///
/// let raw = [2.1, 2.4, 1.9, 2.2, 2.3];
/// let standardized = [1.0, 1.1, 0.9, 1.0, 1.2];
/// let ratio = FoldRatio::of(&raw, &standardized, 0.2)?.expect("five folds");
/// let interval = ratio.interval(0.95);
/// assert!(interval.low > 1.7 && interval.high < 2.6);
/// let answer = ratio.answer(&Hypothesis::new(Direction::Greater, 0.0)?);
/// assert_eq!(answer.at_level(0.05), Verdict::Supported);
/// # Ok::<(), smallbatch_evidence::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldRatio {
    means: [f64; 2],
    /// Variances of the two means, and their covariance.
    variances: [f64; 2],
    covariance: f64,
    freedom: f64,
    difference: TableEffect,
}

impl FoldRatio {
    /// From the two numbers of each fold. `None` for fewer than two folds, or a mean of the second that is not above 0.
    ///
    /// # Errors
    ///
    /// [`Error::Statistic`] for a number that is not finite.
    pub fn of(first: &[f64], second: &[f64], held_out: f64) -> Result<Option<Self>, Error> {
        for values in [first, second] {
            if let Some(position) = values.iter().position(|value| !value.is_finite()) {
                return Err(not_finite("ratio over folds", position, values[position]));
            }
        }
        let n = first.len().min(second.len());
        let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        let Some(difference) = TableEffect::of_folds(&differences, held_out)? else {
            return Ok(None);
        };
        let count = n as f64;
        let mean = |values: &[f64]| values[..n].iter().sum::<f64>() / count;
        let means = [mean(first), mean(second)];
        if means[1] <= 0.0 {
            return Ok(None);
        }
        let factor = (1.0 / count + held_out / (1.0 - held_out)) / (count - 1.0);
        let product = |a: &[f64], mean_a: f64, b: &[f64], mean_b: f64| {
            let terms = a[..n]
                .iter()
                .zip(b)
                .map(|(a, b)| (a - mean_a) * (b - mean_b));
            factor * terms.sum::<f64>()
        };
        Ok(Some(Self {
            means,
            variances: [
                product(first, means[0], first, means[0]),
                product(second, means[1], second, means[1]),
            ],
            covariance: product(first, means[0], second, means[1]),
            freedom: count - 1.0,
            difference,
        }))
    }

    /// r.
    pub fn estimate(&self) -> f64 {
        self.means[0] / self.means[1]
    }

    /// Fieller's interval. An end is open where the second mean is not surely above 0 at this confidence, and the lower one where it
    /// would be below 0.
    pub fn interval(&self, confidence: f64) -> Interval {
        let square = student_quantile(confidence, self.freedom).powi(2);
        let [a, b] = self.means;
        // All r with q·r² - 2·p·r + c ≤ 0.
        let quadratic = b * b - square * self.variances[1];
        let linear = a * b - square * self.covariance;
        let constant = a * a - square * self.variances[0];
        let discriminant = linear * linear - quadratic * constant;
        let (low, high) = if !discriminant.is_finite() || discriminant < 0.0 {
            (0.0, f64::INFINITY)
        } else if quadratic > 0.0 {
            let root = discriminant.sqrt();
            ((linear - root) / quadratic, (linear + root) / quadratic)
        } else {
            // A parabola that opens downwards: r lies beyond the larger root or below the smaller one. The side that the estimate is on
            // is told, and nothing where 1 is on the other one.
            let root = discriminant.sqrt();
            let (smaller, larger) = ((linear + root) / quadratic, (linear - root) / quadratic);
            if self.estimate() >= larger {
                (if smaller >= 1.0 { 0.0 } else { larger }, f64::INFINITY)
            } else {
                (
                    0.0,
                    if larger <= 1.0 {
                        f64::INFINITY
                    } else {
                        smaller
                    },
                )
            }
        };
        Interval::new(
            Some(self.estimate()),
            low.max(0.0),
            high,
            Scale::Ratio,
            confidence,
        )
    }

    /// What the difference of the two says to a hypothesis, with its p-value.
    pub fn answer(&self, hypothesis: &Hypothesis) -> Answer {
        self.difference.answer(hypothesis, Scale::Difference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Verdict};

    /// Of a second mean without any spread it is Student's interval, divided.
    #[test]
    fn of_a_known_second_mean_it_is_students() {
        let first = [1.0, 2.0, 3.0, 4.0, 5.0];
        let ratio = FoldRatio::of(&first, &[2.0; 5], 0.2).unwrap().unwrap();
        let effect = TableEffect::of_folds(&first, 0.2).unwrap().unwrap();
        let (interval, expected) = (
            ratio.interval(0.95),
            effect.interval(0.95, Scale::Difference),
        );
        assert!((interval.high - expected.high / 2.0).abs() < 1e-9);
        assert!(
            (ratio.interval(0.5).low - effect.interval(0.5, Scale::Difference).low / 2.0).abs()
                < 1e-9
        );
    }

    /// The interval contains 1 exactly where the difference is not sure.
    #[test]
    fn it_agrees_with_the_difference() {
        let mut state = 1_u64;
        let mut draw = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let hypothesis = Hypothesis::new(Direction::Greater, 0.0).unwrap();
        let mut sure = 0;
        for _ in 0..500 {
            let first: Vec<f64> = (0..5).map(|_| 1.3 + draw()).collect();
            let second: Vec<f64> = (0..5).map(|_| 0.8 + draw()).collect();
            let ratio = FoldRatio::of(&first, &second, 0.2).unwrap().unwrap();
            let interval = ratio.interval(0.95);
            let contains = interval.low <= 1.0 && 1.0 <= interval.high;
            let verdict = ratio.answer(&hypothesis).at_level(0.05);
            let open = matches!(verdict, Verdict::Inconclusive { .. });
            assert_eq!(contains, open, "{first:?} {second:?} {interval:?}");
            let estimate = ratio.estimate();
            assert!(
                interval.low <= estimate && estimate <= interval.high,
                "{estimate} {interval:?} {ratio:?}"
            );
            sure += usize::from(!open);
        }
        assert!(sure > 20 && sure < 480, "{sure}");
    }

    #[test]
    fn a_second_mean_that_may_be_0_opens_the_interval() {
        let ratio = FoldRatio::of(&[1.0, 1.2, 0.9, 1.1, 1.0], &[0.0, 0.0, 0.0, 0.0, 1.0], 0.2);
        let interval = ratio.unwrap().unwrap().interval(0.95);
        assert_eq!(interval.high, f64::INFINITY);
        assert!(FoldRatio::of(&[1.0; 5], &[0.0; 5], 0.2).unwrap().is_none());
        assert!(FoldRatio::of(&[f64::NAN; 5], &[1.0; 5], 0.2).is_err());
    }
}
