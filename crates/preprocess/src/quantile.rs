//! Quantiles with linear interpolation, weighted or not.

/// Values in ascending order, with the weight that comes before each when there are weights.
pub(crate) struct Sorted {
    values: Vec<f64>,
    /// The position of each value's first copy, then the total weight; empty without weights.
    starts: Vec<f64>,
    /// The step between two neighbours: 1, or the least weight if that is smaller.
    unit: f64,
}

impl Sorted {
    /// Sorts finite values. Weights, where given, are positive and as many.
    pub(crate) fn new(mut values: Vec<f64>, weights: Option<Vec<f64>>) -> Self {
        let Some(weights) = weights else {
            values.sort_unstable_by(f64::total_cmp);
            return Self {
                values,
                starts: Vec::new(),
                unit: 1.0,
            };
        };
        let mut pairs: Vec<(f64, f64)> = values.into_iter().zip(weights).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut starts = Vec::with_capacity(pairs.len() + 1);
        let mut total = 0.0;
        for (_, weight) in &pairs {
            starts.push(total);
            total += weight;
        }
        starts.push(total);
        Self {
            unit: pairs.iter().fold(1.0, |unit, p| p.1.min(unit)),
            values: pairs.iter().map(|p| p.0).collect(),
            starts,
        }
    }

    /// The quantile at 0 ≤ q ≤ 1.
    ///
    /// Without weights: position (n - 1) q, linear between neighbours (numpy's default, Hyndman and Fan's
    /// type 7). With weights: value k covers the positions from its start s_k = Σ_{i<k} w_i to
    /// s_k + w_k - u, and the quantile is the value at position (W - u) q, linear in the gaps of length u
    /// between neighbours. The unit u is 1, or the least weight if smaller. Whole weights thus give exactly
    /// the quantile of the data with each sample repeated, and equal weights of at most 1 that of the
    /// unweighted data.
    pub(crate) fn quantile(&self, q: f64) -> f64 {
        let last = self.values.len() - 1;
        if self.starts.is_empty() {
            let position = last as f64 * q;
            let below = (position as usize).min(last);
            let above = (below + 1).min(last);
            return between(
                self.values[below],
                self.values[above],
                position - below as f64,
            );
        }
        let total = self.starts[last + 1];
        let position = (total - self.unit) * q;
        let k = self.starts[..=last]
            .partition_point(|&s| s <= position)
            .saturating_sub(1);
        let end = self.starts[k + 1] - self.unit;
        if position <= end || k == last {
            return self.values[k];
        }
        between(
            self.values[k],
            self.values[k + 1],
            (position - end) / self.unit,
        )
    }
}

/// The quantiles at ascending `probabilities`, of finite values and, where given, their positive weights.
///
/// A few quantiles of unweighted values are found by selection, without sorting.
pub(crate) fn quantiles(
    values: Vec<f64>,
    weights: Option<Vec<f64>>,
    probabilities: &[f64],
) -> Vec<f64> {
    if weights.is_some() || probabilities.len() > MOST_SELECTED {
        let sorted = Sorted::new(values, weights);
        return probabilities.iter().map(|&q| sorted.quantile(q)).collect();
    }
    select(&values, probabilities)
}

/// More quantiles than this are found faster by sorting.
const MOST_SELECTED: usize = 8;

/// [`Sorted::quantile`] without weights, for ascending probabilities and at least one value.
pub(crate) fn select(values: &[f64], probabilities: &[f64]) -> Vec<f64> {
    // Whole numbers in the order of the values: they are compared in one instruction.
    let mut keys: Vec<i64> = values.iter().map(|x| turn(x.to_bits() as i64)).collect();
    let last = keys.len() - 1;
    let ranks = |q: f64| {
        let position = last as f64 * q;
        let below = (position as usize).min(last);
        (below, (below + 1).min(last), position - below as f64)
    };
    let mut wanted: Vec<usize> = probabilities
        .iter()
        .flat_map(|&q| [ranks(q).0, ranks(q).1])
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    put_in_place(&mut keys, 0, &wanted);
    let value = |k: usize| f64::from_bits(turn(keys[k]) as u64);
    probabilities
        .iter()
        .map(|&q| {
            let (below, above, t) = ranks(q);
            between(value(below), value(above), t)
        })
        .collect()
}

/// The bits of an `f64` to a whole number of the same order as [`f64::total_cmp`], and back.
fn turn(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// Reorders the keys so that those of the `wanted` ranks, ascending and all different, are where sorting would put them. `first` is the rank of
/// the first key. The middle rank divides the keys, and each side has only its own ranks left to find.
fn put_in_place(keys: &mut [i64], first: usize, wanted: &[usize]) {
    let (before, from) = wanted.split_at(wanted.len() / 2);
    let Some((&middle, after)) = from.split_first() else {
        return;
    };
    let (low, _, high) = keys.select_nth_unstable(middle - first);
    put_in_place(low, first, before);
    put_in_place(high, middle + 1, after);
}

/// The point at the fraction `t` of the way from a to b: monotonic in t, exact at both ends.
pub(crate) fn between(a: f64, b: f64, t: f64) -> f64 {
    if t < 0.5 {
        a + (b - a) * t
    } else {
        b - (b - a) * (1.0 - t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0, .1, .25, .5, .75, 1])
        let sorted = Sorted::new(vec![8.0, 1.0, 4.0, 2.0], None);
        let at = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0].map(|q| sorted.quantile(q));
        assert_eq!(at, [1.0, 1.3, 1.75, 3.0, 5.0, 8.0]);
        assert_eq!(Sorted::new(vec![7.0], None).quantile(0.5), 7.0);
    }

    proptest! {
        #[test]
        fn whole_weights_are_repetitions(
            pairs in prop::collection::vec((-1e3..1e3_f64, 1_u8..5), 1..40), q in 0.0..=1.0_f64
        ) {
            let repeated: Vec<f64> =
                pairs.iter().flat_map(|&(x, w)| std::iter::repeat_n(x, w.into())).collect();
            let (values, weights): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|&(x, w)| (x, f64::from(w))).unzip();
            let a = Sorted::new(values, Some(weights)).quantile(q);
            let b = Sorted::new(repeated, None).quantile(q);
            prop_assert!((a - b).abs() < 1e-9, "{a} and {b}");
        }

        #[test]
        fn selecting_is_sorting(
            values in prop::collection::vec(-5_i8..5, 1..60),
            mut q in prop::collection::vec(0.0..=1.0_f64, 1..8),
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            q.sort_by(f64::total_cmp);
            let sorted = Sorted::new(values.clone(), None);
            let expected: Vec<f64> = q.iter().map(|&q| sorted.quantile(q)).collect();
            prop_assert_eq!(quantiles(values, None, &q), expected);
        }

        #[test]
        fn equal_weights_are_none(values in prop::collection::vec(-1e3..1e3_f64, 1..40), q in 0.0..=1.0_f64, w in 0.01..=1.0_f64) {
            let weights = vec![w; values.len()];
            let a = Sorted::new(values.clone(), Some(weights)).quantile(q);
            let b = Sorted::new(values, None).quantile(q);
            prop_assert!((a - b).abs() < 1e-9, "{a} and {b}");
        }
    }
}
