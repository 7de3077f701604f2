//! Metrics of classification.

use nalgebra::{DMatrixView, DVectorView};

use super::{Weights, check_length};
use crate::{Error, Scalar};

/// The fraction of samples predicted right: `Σ wᵢ·[ŷᵢ = yᵢ] / Σ wᵢ`.
///
/// `predictions` is `(n_classes, n_samples)`, any scores of which the largest of a column wins (of equals, the first), or
/// `(1, n_samples)`, probabilities of class 1, which wins above one half.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::accuracy;
/// let scores = dmatrix![2.0, 0.5, 0.1; 1.0, 0.7, 0.3; 0.0, 0.1, 0.2];
/// assert_eq!(accuracy(scores.as_view(), &[0, 1, 2], None)?, 2.0 / 3.0);
/// assert_eq!(accuracy(scores.as_view(), &[0, 1, 2], Some(&[1.0, 1.0, 2.0]))?, 0.5);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// No samples; labels or weights that are not one a sample; a label without a row; a score that is NaN; weights that are
/// negative, not finite or all zero.
pub fn accuracy<'a, T: Scalar>(
    predictions: impl Into<DMatrixView<'a, T>>,
    labels: &[u32],
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    fraction_right(predictions.into(), labels, weights, 0.5)
}

smallbatch_base::compiled! {
    /// [`accuracy`], with the threshold of a single row given: 0.5 for probabilities, 0 for logits.
    pub(crate) fn fraction_right(
        predictions: DMatrixView<'a, T>,
        labels: &'a [u32],
        weights: Option<&'a [T]>,
        threshold: f64,
    ) -> Result<f64, Error> = fraction_right_here;
}

fn fraction_right_here<T: Scalar>(
    predictions: DMatrixView<'_, T>,
    labels: &[u32],
    weights: Option<&[T]>,
    threshold: f64,
) -> Result<f64, Error> {
    let scored = Scored::new("accuracy", predictions, labels, weights)?;
    let right = scored.columns().zip(labels).map(|(column, &label)| {
        let right = predicted_class(column, threshold) == label as usize;
        f64::from(u8::from(right))
    });
    Ok(scored.weights.mean(right))
}

/// The mean recall over the classes that occur among the labels (with weight): what accuracy would be if they were
/// equally frequent. Recall of class c is `Σ wᵢ·[ŷᵢ = yᵢ = c] / Σ wᵢ·[yᵢ = c]`.
///
/// Arguments and errors as [`accuracy`].
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::{accuracy, balanced_accuracy};
/// // Always class 0, which is right three times out of four, and no use.
/// let scores = dmatrix![1.0, 1.0, 1.0, 1.0; 0.0, 0.0, 0.0, 0.0];
/// assert_eq!(accuracy(scores.as_view(), &[0, 0, 0, 1], None)?, 0.75);
/// assert_eq!(balanced_accuracy(scores.as_view(), &[0, 0, 0, 1], None)?, 0.5);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// As [`accuracy`].
pub fn balanced_accuracy<'a, T: Scalar>(
    predictions: impl Into<DMatrixView<'a, T>>,
    labels: &[u32],
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let predictions = predictions.into();
    let counts = Scored::new("balanced accuracy", predictions, labels, weights)?.counts();
    Ok(mean(
        counts
            .iter()
            .filter(|class| class.actual > 0.0)
            .map(|class| class.right / class.actual),
    ))
}

/// The mean of the classes' F1 over the classes that occur among labels or predictions:
/// F1 = 2·TP / (2·TP + FP + FN), the harmonic mean of precision and recall.
///
/// Arguments and errors as [`accuracy`].
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::macro_f1;
/// // Class 0: all found, and one too many, 2·2 / (2·2 + 1). Class 1: one of two found, 2·1 / (2·1 + 1).
/// let scores = dmatrix![0.9, 0.8, 0.7, 0.1; 0.1, 0.2, 0.3, 0.9];
/// let f1 = macro_f1(scores.as_view(), &[0, 0, 1, 1], None)?;
/// assert!((f1 - (4.0 / 5.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// As [`accuracy`].
pub fn macro_f1<'a, T: Scalar>(
    predictions: impl Into<DMatrixView<'a, T>>,
    labels: &[u32],
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let predictions = predictions.into();
    let counts = Scored::new("macro F1", predictions, labels, weights)?.counts();
    let occurring = counts
        .iter()
        .filter(|class| class.actual + class.predicted > 0.0);
    // TP + FN is what is actually of the class, TP + FP what is predicted to be.
    Ok(mean(occurring.map(|class| {
        2.0 * class.right / (class.actual + class.predicted)
    })))
}

/// The mean of -ln p(yᵢ), where p(yᵢ) is the probability given to the sample's own class, taken as at least the machine
/// epsilon of `T` (so that one sure mistake costs 16 in f32 and 36 in f64, not infinity).
///
/// `probabilities` is `(n_classes, n_samples)`, or `(1, n_samples)` with the probability of class 1. Columns are not
/// normalized again.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::log_loss;
/// let probabilities = dmatrix![0.5, 0.25; 0.5, 0.75];
/// let loss = log_loss(probabilities.as_view(), &[0, 0], None)?;
/// assert!((loss - (2_f64.ln() + 4_f64.ln()) / 2.0).abs() < 1e-15);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// As [`accuracy`]; and a probability outside 0 to 1.
pub fn log_loss<'a, T: Scalar>(
    probabilities: impl Into<DMatrixView<'a, T>>,
    labels: &[u32],
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let probabilities = probabilities.into();
    const METRIC: &str = "log loss";
    let scored = Scored::new(METRIC, probabilities, labels, weights)?;
    let epsilon = T::default_epsilon().to_f64();
    let mut losses = Vec::with_capacity(labels.len());
    for (sample, (column, &label)) in scored.columns().zip(labels).enumerate() {
        for &score in column.iter() {
            let value = score.to_f64();
            // Sums of f32 probabilities may exceed 1 by rounding.
            if !(0.0..=1.0 + 8.0 * epsilon).contains(&value) {
                return Err(Error::MetricValue {
                    metric: METRIC,
                    what: "a probability",
                    sample,
                    value,
                    range: "at least 0 and at most 1 (give probabilities, not logits)",
                });
            }
        }
        let probability = match (column.len(), label) {
            (1, 0) => 1.0 - column[0].to_f64(),
            (1, _) => column[0].to_f64(),
            (_, label) => column[label as usize].to_f64(),
        };
        losses.push(-probability.clamp(epsilon, 1.0).ln());
    }
    Ok(scored.weights.mean(losses.into_iter()))
}

/// Scores of classes with their labels and weights, checked.
pub(super) struct Scored<'a, T> {
    scores: DMatrixView<'a, T>,
    labels: &'a [u32],
    pub(super) weights: Weights<'a, T>,
}

/// The weights of one class's samples.
#[derive(Clone, Default)]
struct ClassCounts {
    actual: f64,
    predicted: f64,
    right: f64,
}

impl<'a, T: Scalar> Scored<'a, T> {
    pub(super) fn new(
        metric: &'static str,
        scores: DMatrixView<'a, T>,
        labels: &'a [u32],
        weights: Option<&'a [T]>,
    ) -> Result<Self, Error> {
        if scores.is_empty() {
            return Err(Error::MetricOfNothing { metric });
        }
        let n_samples = scores.ncols();
        check_length(metric, "the number of labels", n_samples, labels.len())?;
        let weights = Weights::new(metric, weights, n_samples)?;
        let n_classes = scores.nrows().max(2);
        for (sample, &label) in labels.iter().enumerate() {
            if label as usize >= n_classes {
                return Err(Error::MetricLabel {
                    metric,
                    sample,
                    label,
                    n_classes,
                });
            }
        }
        for (sample, column) in scores.column_iter().enumerate() {
            if let Some(&score) = column.iter().find(|&&score| score.to_f64().is_nan()) {
                return Err(Error::MetricValue {
                    metric,
                    what: "a prediction",
                    sample,
                    value: score.to_f64(),
                    range: "a number",
                });
            }
        }
        Ok(Self {
            scores,
            labels,
            weights,
        })
    }

    pub(super) fn n_classes(&self) -> usize {
        self.scores.nrows().max(2)
    }

    /// The scores for class `class` of all samples; where there is one row, it is class 1's.
    pub(super) fn scores_of(&self, class: usize) -> impl Iterator<Item = f64> + '_ {
        let row = if self.scores.nrows() == 1 { 0 } else { class };
        (0..self.scores.ncols()).map(move |sample| self.scores[(row, sample)].to_f64())
    }

    /// The scores of each sample.
    fn columns(&self) -> impl Iterator<Item = DVectorView<'_, T>> {
        self.scores.column_iter()
    }

    fn counts(&self) -> Vec<ClassCounts> {
        let mut counts = vec![ClassCounts::default(); self.n_classes()];
        for (sample, (column, &label)) in self.columns().zip(self.labels).enumerate() {
            let weight = self.weights.of(sample);
            let predicted = predicted_class(column, 0.5);
            counts[label as usize].actual += weight;
            counts[predicted].predicted += weight;
            if predicted == label as usize {
                counts[predicted].right += weight;
            }
        }
        counts
    }
}

/// The first of the largest scores; of a single one, whether it is above the threshold.
pub(super) fn predicted_class<T: Scalar>(scores: DVectorView<'_, T>, threshold: f64) -> usize {
    if scores.len() == 1 {
        return usize::from(scores[0].to_f64() > threshold);
    }
    let mut best = 0;
    for (class, &score) in scores.iter().enumerate().skip(1) {
        if score > scores[best] {
            best = class;
        }
    }
    best
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, dmatrix};

    use super::*;

    /// One-hot scores of these classes.
    fn scores(predicted: &[u32], n_classes: usize) -> DMatrix<f64> {
        DMatrix::from_fn(n_classes, predicted.len(), |class, sample| {
            f64::from(u8::from(predicted[sample] as usize == class))
        })
    }

    const LABELS: [u32; 8] = [0, 0, 0, 0, 1, 1, 2, 2];
    const PREDICTED: [u32; 8] = [0, 0, 0, 1, 1, 2, 2, 0];

    #[test]
    fn hand_computed_values() {
        let scores = scores(&PREDICTED, 3);
        let view = scores.as_view();
        assert_eq!(accuracy(view, &LABELS, None).unwrap(), 5.0 / 8.0);
        // Recalls 3/4, 1/2, 1/2.
        let balanced = balanced_accuracy(view, &LABELS, None).unwrap();
        assert!((balanced - 1.75 / 3.0).abs() < 1e-15);
        // F1: 2·3/(4+4), 2·1/(2+2), 2·1/(2+2).
        let f1 = macro_f1(view, &LABELS, None).unwrap();
        assert!((f1 - (0.75 + 0.5 + 0.5) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn classes_that_do_not_occur_are_left_out() {
        // Class 2 has no sample and no prediction; class 1 is predicted but never right.
        let scores = scores(&[0, 1], 3);
        assert_eq!(
            balanced_accuracy(scores.as_view(), &[0, 0], None).unwrap(),
            0.5
        );
        // F1 of class 0: 2·1/(2+1); of class 1: 0.
        let f1 = macro_f1(scores.as_view(), &[0, 0], None).unwrap();
        assert!((f1 - (2.0 / 3.0) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_single_row_is_the_probability_of_class_one() {
        let row = dmatrix![0.2, 0.5, 0.51, 0.9];
        assert_eq!(accuracy(row.as_view(), &[0, 0, 1, 0], None).unwrap(), 0.75);
        let both = dmatrix![0.8, 0.5, 0.49, 0.1; 0.2, 0.5, 0.51, 0.9];
        let labels = [0, 1, 1, 0];
        let one = log_loss(row.as_view(), &labels, None).unwrap();
        let two = log_loss(both.as_view(), &labels, None).unwrap();
        assert!((one - two).abs() < 1e-15);
        let expected = -(0.8_f64.ln() + 0.5_f64.ln() + 0.51_f64.ln() + 0.1_f64.ln()) / 4.0;
        assert!((one - expected).abs() < 1e-15);
    }

    #[test]
    fn a_sure_mistake_has_a_finite_loss() {
        let sure = dmatrix![1.0_f32; 0.0];
        let loss = log_loss(sure.as_view(), &[1], None).unwrap();
        assert!((loss - 23.0 * 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(log_loss(sure.as_view(), &[0], None).unwrap(), 0.0);
    }

    #[test]
    fn a_weight_of_two_is_the_sample_twice() {
        let once = scores(&PREDICTED, 3);
        let twice = scores(&[0, 0, 0, 1, 1, 1, 1, 2, 2, 0], 3);
        let labels_twice = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2];
        let weights = [1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0];
        type Metric = fn(DMatrixView<'_, f64>, &[u32], Option<&[f64]>) -> Result<f64, Error>;
        let metrics: [Metric; 4] = [
            |p, y, w| accuracy(p, y, w),
            |p, y, w| balanced_accuracy(p, y, w),
            |p, y, w| macro_f1(p, y, w),
            |p, y, w| log_loss(p, y, w),
        ];
        for metric in metrics {
            let weighted = metric(once.as_view(), &LABELS, Some(&weights)).unwrap();
            let repeated = metric(twice.as_view(), &labels_twice, None).unwrap();
            assert!((weighted - repeated).abs() < 1e-14, "{weighted} {repeated}");
        }
    }

    #[test]
    fn a_view_of_some_rows_is_read_where_it_stands() {
        let wide = dmatrix![9.0, 9.0; 0.1, 0.7; 0.9, 0.3];
        let view = wide.view((1, 0), (2, 2));
        assert_eq!(accuracy(view, &[1, 0], None).unwrap(), 1.0);
        let last = wide.view((2, 0), (1, 2));
        assert_eq!(accuracy(last, &[1, 0], None).unwrap(), 1.0);
    }

    #[test]
    fn bad_arguments_are_named() {
        let scores = scores(&PREDICTED, 3);
        let sentence = |labels: &[u32], weights: Option<&[f64]>| {
            accuracy(scores.as_view(), labels, weights)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            sentence(&[0], None),
            "accuracy: the number of labels is 1, expected 8"
        );
        assert_eq!(
            sentence(&[0, 0, 0, 3, 0, 0, 0, 0], None),
            "accuracy: sample 3 has label 3, but the predictions are for 3 classes, numbered from 0"
        );
        assert_eq!(
            sentence(&LABELS, Some(&[1.0])),
            "accuracy: the number of weights is 1, expected 8"
        );
        assert_eq!(
            sentence(&LABELS, Some(&[0.0; 8])),
            "accuracy: the sample weights add up to 0, so the mean is undefined"
        );
        assert_eq!(
            sentence(&LABELS, Some(&[1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0])),
            "accuracy: the weight of sample 2 is -1; it must be finite and not negative"
        );
        let empty = DMatrix::<f64>::zeros(3, 0);
        assert_eq!(
            accuracy(empty.as_view(), &[], None)
                .unwrap_err()
                .to_string(),
            "accuracy over no samples is undefined; give at least one"
        );
        let nan = dmatrix![0.5, f64::NAN; 0.5, 0.1];
        assert_eq!(
            macro_f1(nan.as_view(), &[0, 1], None)
                .unwrap_err()
                .to_string(),
            "macro F1: a prediction of sample 1 is NaN; it must be a number"
        );
        let logits = dmatrix![3.0; -2.0];
        let error = log_loss(logits.as_view(), &[0], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "log loss: a probability of sample 0 is 3; it must be at least 0 and at most 1 (give probabilities, not logits)"
        );
    }
}
