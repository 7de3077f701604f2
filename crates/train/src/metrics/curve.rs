//! The area under the receiver operating characteristic.

use nalgebra::DMatrixView;

use super::classes::{Scored, mean};
use crate::{Error, Scalar};

/// The area under the ROC curve: the probability that a sample of the class scores higher than one not of it, ties
/// counting half,
///
/// `AUC = Σ wᵢ·wⱼ·([sᵢ > sⱼ] + ½[sᵢ = sⱼ]) / Σ wᵢ·wⱼ`, over i of the class and j not of it.
///
/// For two classes it is class 1's: `scores` is `(2, n_samples)`, of which row 1 is read, or `(1, n_samples)`. For more
/// (`(n_classes, n_samples)`) it is the mean, class against the rest, over the classes that occur. O(n ln n) a class, by
/// ranks. Any increasing function of the scores gives the same.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::roc_auc;
/// // Of the four pairs of a sample of class 1 and one of class 0, three are in order.
/// let scores = dmatrix![0.1, 0.4, 0.35, 0.8];
/// assert_eq!(roc_auc(scores.as_view(), &[0, 0, 1, 1], None)?, 0.75);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// As [`accuracy`](super::accuracy); and [`Error::OneClass`] where fewer than two classes occur (with weight).
pub fn roc_auc<'a, T: Scalar>(
    scores: impl Into<DMatrixView<'a, T>>,
    labels: &[u32],
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    roc_auc_of(scores.into(), labels, weights)
}

smallbatch_base::compiled! {
    fn roc_auc_of(
        scores: DMatrixView<'a, T>,
        labels: &'a [u32],
        weights: Option<&'a [T]>,
    ) -> Result<f64, Error> = roc_auc_here;
}

fn roc_auc_here<T: Scalar>(
    scores: DMatrixView<'_, T>,
    labels: &[u32],
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let scored = Scored::new("ROC AUC", scores, labels, weights)?;
    let weight_of = |class: usize| -> f64 {
        (0..labels.len())
            .filter(|&sample| labels[sample] as usize == class)
            .map(|sample| scored.weights.of(sample))
            .sum()
    };
    let occurring: Vec<usize> = (0..scored.n_classes())
        .filter(|&class| weight_of(class) > 0.0)
        .collect();
    if let [class] = occurring[..] {
        return Err(Error::OneClass {
            n_samples: labels.len(),
            #[allow(clippy::cast_possible_truncation)] // it came from a u32
            class: class as u32,
        });
    }
    if scored.n_classes() == 2 {
        return Ok(one_against_rest(&scored, labels, 1));
    }
    Ok(mean(
        occurring
            .iter()
            .map(|&class| one_against_rest(&scored, labels, class)),
    ))
}

/// By going up the scores, one group of ties at a time: each of the class beats all others that came before it.
fn one_against_rest<T: Scalar>(scored: &Scored<'_, T>, labels: &[u32], class: usize) -> f64 {
    let mut ranked: Vec<(f64, bool, f64)> = scored
        .scores_of(class)
        .zip(labels)
        .enumerate()
        .map(|(sample, (score, &label))| {
            // -0 and 0 are a tie, though total_cmp tells them apart.
            (
                score + 0.0,
                label as usize == class,
                scored.weights.of(sample),
            )
        })
        .collect();
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut won, mut below, mut of_class) = (0.0, 0.0, 0.0);
    for ties in ranked.chunk_by(|a, b| a.0 == b.0) {
        let (mut inside, mut outside) = (0.0, 0.0);
        for &(_, is_class, weight) in ties {
            *(if is_class { &mut inside } else { &mut outside }) += weight;
        }
        won += inside * (below + 0.5 * outside);
        below += outside;
        of_class += inside;
    }
    won / (of_class * below)
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, dmatrix};
    use proptest::prelude::*;

    use super::*;

    /// The definition, pair by pair.
    fn by_pairs(scores: &[f64], positive: &[bool], weights: &[f64]) -> f64 {
        let (mut won, mut all) = (0.0, 0.0);
        for i in (0..scores.len()).filter(|&i| positive[i]) {
            for j in (0..scores.len()).filter(|&j| !positive[j]) {
                let weight = weights[i] * weights[j];
                all += weight;
                if scores[i] > scores[j] {
                    won += weight;
                } else if scores[i] == scores[j] {
                    won += 0.5 * weight;
                }
            }
        }
        won / all
    }

    #[test]
    fn hand_computed_values() {
        let row = dmatrix![0.1, 0.4, 0.35, 0.8];
        assert_eq!(roc_auc(row.as_view(), &[0, 0, 1, 1], None).unwrap(), 0.75);
        assert_eq!(
            roc_auc(row.as_view(), &[0, 0, 1, 0], None).unwrap(),
            1.0 / 3.0
        );
        let ties = dmatrix![0.5, 0.5, 0.5, 0.5];
        assert_eq!(roc_auc(ties.as_view(), &[0, 0, 1, 1], None).unwrap(), 0.5);
        let zeros = dmatrix![-0.0, 0.0];
        assert_eq!(roc_auc(zeros.as_view(), &[1, 0], None).unwrap(), 0.5);
    }

    #[test]
    fn many_classes_are_averaged_over_those_that_occur() {
        let scores = dmatrix![
            0.9, 0.2, 0.3, 0.4;
            0.1, 0.7, 0.6, 0.1;
            0.0, 0.1, 0.1, 0.5;
            0.0, 0.0, 0.0, 0.0
        ];
        let labels = [0, 1, 0, 2];
        // Class 0 scores 0.9, 0.3 against 0.2, 0.4: 3 of 4. Class 1 is above all, and so is class 2; class 3 has no sample.
        let auc = roc_auc(scores.as_view(), &labels, None).unwrap();
        assert!((auc - (0.75 + 1.0 + 1.0) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn one_class_has_no_curve() {
        let row = dmatrix![0.1, 0.4];
        assert_eq!(
            roc_auc(row.as_view(), &[1, 1], None)
                .unwrap_err()
                .to_string(),
            "ROC AUC needs samples of at least two classes; all these 2 samples are of class 1"
        );
        let weightless = roc_auc(row.as_view(), &[1, 0], Some(&[1.0, 0.0]));
        assert!(matches!(weightless, Err(Error::OneClass { class: 1, .. })));
    }

    proptest! {
        /// By ranks as by pairs, with ties and weights.
        #[test]
        fn ranks_agree_with_pairs(
            samples in prop::collection::vec((0_i32..12, any::<bool>(), 0.1..3.0_f64), 2..60),
        ) {
            let scores: Vec<f64> = samples.iter().map(|sample| f64::from(sample.0) / 4.0).collect();
            let positive: Vec<bool> = samples.iter().map(|sample| sample.1).collect();
            let weights: Vec<f64> = samples.iter().map(|sample| sample.2).collect();
            prop_assume!(positive.contains(&true) && positive.contains(&false));
            let labels: Vec<u32> = positive.iter().map(|&positive| u32::from(positive)).collect();
            let row = DMatrix::from_row_slice(1, scores.len(), &scores);
            let fast = roc_auc(row.as_view(), &labels, Some(&weights)).unwrap();
            let slow = by_pairs(&scores, &positive, &weights);
            prop_assert!((fast - slow).abs() < 1e-12, "{fast} {slow}");
            let unweighted = roc_auc(row.as_view(), &labels, None).unwrap();
            prop_assert!((unweighted - by_pairs(&scores, &positive, &vec![1.0; scores.len()])).abs() < 1e-12);
            // Turning the scores round turns the area round.
            let turned = roc_auc((-row).as_view(), &labels, Some(&weights)).unwrap();
            prop_assert!((fast + turned - 1.0).abs() < 1e-12);
        }
    }
}
