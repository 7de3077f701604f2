//! Samples that must stay in one part: of one group, or with equal features.

use smallbatch_base::Scalar;

use crate::Dataset;
use crate::copies::first_of_equals;

/// For each sample the first one of its unit. Two samples are in one unit if they share a group or have equal features,
/// directly or through others.
pub(super) fn units<T: Scalar>(dataset: &Dataset<T>) -> Vec<usize> {
    let mut parents = first_of_equals(dataset);
    if let Some(groups) = dataset.groups() {
        let mut first_of_group = std::collections::HashMap::new();
        for (sample, group) in groups.iter().enumerate() {
            let first = *first_of_group.entry(group).or_insert(sample);
            join(&mut parents, first, sample);
        }
    }
    (0..parents.len())
        .map(|sample| root(&mut parents, sample))
        .collect()
}

/// The first sample of the unit; on the way there, paths become shorter.
fn root(parents: &mut [usize], mut sample: usize) -> usize {
    while parents[sample] != sample {
        parents[sample] = parents[parents[sample]];
        sample = parents[sample];
    }
    sample
}

/// Makes two units one; its root is its first sample.
fn join(parents: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b)] = a.min(b);
}

#[cfg(test)]
mod tests {
    use nalgebra::DMatrix;

    use super::*;
    use crate::Target;

    #[test]
    fn units_are_closed_under_groups_and_equal_features() {
        // Samples 0 and 3 are copies, 3 and 1 one group, 1 and 5 copies; 2 and 4 are alone.
        let features = DMatrix::from_row_slice(1, 6, &[7.0_f32, 8.0, 9.0, 7.0, 10.0, 8.0]);
        let dataset = Dataset::new(features, Target::numbers(vec![0.0; 6])).unwrap();
        assert_eq!(units(&dataset), [0, 1, 2, 0, 4, 1]);
        let dataset = dataset.with_groups(vec![9, 5, 1, 5, 2, 6]).unwrap();
        assert_eq!(units(&dataset), [0, 0, 2, 0, 4, 0]);
    }
}
