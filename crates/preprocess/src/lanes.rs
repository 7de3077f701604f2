//! How many values the loops over samples take as one row.

/// A row of this many values or more is worth its loop.
const ENOUGH: usize = 128;
/// The widest vector, in values of `f32`.
const VECTOR: usize = 16;

/// The length of a row: the number of features, or for short samples a multiple of it (several samples in a row) that is
/// a whole number of vectors.
pub(crate) fn lanes(n_features: usize) -> usize {
    if n_features == 0 || n_features >= 2 * ENOUGH {
        return n_features;
    }
    let common = n_features * (VECTOR >> n_features.trailing_zeros().min(VECTOR.trailing_zeros()));
    common * ENOUGH.div_ceil(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_samples_and_whole_vectors() {
        for n_features in 1..2 * ENOUGH {
            let lanes = lanes(n_features);
            assert!(
                lanes.is_multiple_of(n_features) && lanes.is_multiple_of(VECTOR) && lanes >= ENOUGH
            );
        }
        let some = [1, 13, 30, 64, 784].map(lanes);
        assert_eq!(some, [128, 208, 240, 128, 784]);
    }
}
