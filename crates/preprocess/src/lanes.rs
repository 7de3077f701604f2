//! How many values the loops over samples take as one row.

/// The widest vector, in values of `f32`.
const VECTOR: usize = 16;

/// The length of a row: the number of features or, for samples shorter than `enough`, a multiple of it (several samples in a
/// row) from `enough` to twice that, of which the smallest part is left over after whole vectors.
pub(crate) fn lanes(n_features: usize, enough: usize) -> usize {
    if n_features == 0 || n_features >= enough {
        return n_features;
    }
    let samples = enough.div_ceil(n_features)..=2 * enough / n_features;
    samples
        .map(|samples| samples * n_features)
        .min_by_key(|lanes| (lanes % VECTOR) * 1_000_000 / lanes)
        .unwrap_or(n_features)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_samples_and_nearly_whole_vectors() {
        for enough in [128, 768] {
            for n_features in 1..enough {
                let lanes = lanes(n_features, enough);
                assert!(lanes.is_multiple_of(n_features));
                assert!((enough..=2 * enough).contains(&lanes));
                assert!((lanes % VECTOR) * 8 < lanes, "{n_features}: {lanes}");
            }
            assert_eq!(lanes(enough + 1, enough), enough + 1);
        }
        let some = [0, 1, 13, 30, 64, 784].map(|n| lanes(n, 128));
        assert_eq!(some, [0, 128, 208, 240, 128, 784]);
    }
}
