//! How sure an answer is: p-values of any family of intervals.

use crate::{Hypothesis, Interval, Verdict, verdict};

/// p-values below this are 0.
const LEAST: f64 = 1e-12;
/// To this part of themselves p-values are found.
const PRECISION: f64 = 1e-6;

/// The p-value of the verdict that `interval` gives: 1 - the highest confidence at which the interval `at` that confidence
/// still gives it. `None` for an inconclusive one.
///
/// It is two-sided, as intervals are; above the true value by at most one part in a million; and 0 where it is below 1e-12.
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
