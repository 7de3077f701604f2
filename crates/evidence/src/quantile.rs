//! Quantiles of small lists that may hold infinities.

/// The quantile at `probability` by linear interpolation between order statistics (the default of
/// R and numpy: position (n - 1)·p), `None` for an empty list.
///
/// Infinities sort as numbers do: the median of `[1, 2, ∞]` is 2. "Not a number" counts as
/// infinite, as the loss of a diverged run. A probability outside 0 to 1 is clamped.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::quantile;
///
/// assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.25), Some(1.75));
/// assert_eq!(quantile(&[1.0, f64::INFINITY, 2.0], 0.5), Some(2.0));
/// ```
pub fn quantile(values: &[f64], probability: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values
        .iter()
        .map(|value| {
            if value.is_nan() {
                f64::INFINITY
            } else {
                *value
            }
        })
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, probability)
}

/// The middle of a list: its [`quantile`] at 0.5.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// [`quantile`] of a list that is in ascending order and without "not a number".
pub(crate) fn quantile_of_sorted(sorted: &[f64], probability: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = probability.clamp(0.0, 1.0) * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high, weight) = (sorted[below], sorted[above], position - below as f64);
    // Also keeps the difference of two infinities out of the formula.
    if low == high || weight == 0.0 {
        return Some(low);
    }
    if low.is_infinite() && high.is_infinite() {
        // Between minus and plus infinity nothing is known; zero is the middle of all numbers.
        return Some(0.0);
    }
    if low.is_infinite() {
        return Some(low);
    }
    Some(low + weight * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        // R: quantile(c(1, 5, 2, 8, 7), c(0, .1, .5, .9, 1))
        let values = [1.0, 5.0, 2.0, 8.0, 7.0];
        for (probability, expected) in [(0.0, 1.0), (0.1, 1.4), (0.5, 5.0), (0.9, 7.6), (1.0, 8.0)]
        {
            let found = quantile(&values, probability).expect("a value");
            assert!((found - expected).abs() < 1e-12, "{probability}: {found}");
        }
    }

    #[test]
    fn infinities_and_nan() {
        let inf = f64::INFINITY;
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[inf, inf]), Some(inf));
        assert_eq!(median(&[1.0, inf]), Some(inf));
        assert_eq!(median(&[1.0, f64::NAN, 2.0]), Some(2.0));
        assert_eq!(median(&[-inf, inf]), Some(0.0));
        assert_eq!(quantile(&[-inf, 1.0, 2.0], 0.25), Some(-inf));
    }
}
