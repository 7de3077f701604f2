//! Several questions at once: Holm's correction.

/// Holm's adjusted p-values of a family of questions, in the order given: with a level of α, those of at most α stand, and the
/// probability that any wrong answer is among them is at most α, however the questions depend on each other.
///
/// With the m p-values in ascending order, the i-th becomes the largest of (m - k + 1)·pₖ for k ≤ i, and at most 1
/// (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979). A
/// question without an answer, `None`, counts in m as one whose p-value is above every level.
///
/// # Example
///
/// ```
/// use smallbatch_evidence::holm;
///
/// let adjusted = holm(&[Some(0.01), Some(0.04), None, Some(0.015)]);
/// assert_eq!(adjusted, [Some(0.04), Some(0.08), None, Some(0.045)]);
/// ```
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = p_values
        .iter()
        .enumerate()
        .filter_map(|(index, p)| Some((index, (*p)?)))
        .collect();
    order.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let mut adjusted = vec![None; p_values.len()];
    let mut most: f64 = 0.0;
    for (rank, (index, p)) in order.into_iter().enumerate() {
        most = most.max((p_values.len() - rank) as f64 * p).min(1.0);
        adjusted[index] = Some(most);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_than_bonferroni_and_never_out_of_order() {
        // By hand: 4·0.01, then 3·0.01, which may not be less than the one before, 2·0.03, 1·0.5.
        let p = [0.5, 0.01, 0.03, 0.01].map(Some);
        assert_eq!(holm(&p), [0.5, 0.04, 0.06, 0.04].map(Some));
        assert_eq!(holm(&[Some(0.6), Some(0.7)]), [Some(1.0), Some(1.0)]);
        assert_eq!(holm(&[None, None]), [None, None]);
        assert_eq!(holm(&[]), []);
    }
}
