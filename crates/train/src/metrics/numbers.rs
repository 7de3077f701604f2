//! Metrics of regression.

use nalgebra::DMatrixView;

use super::{Weights, check_length};
use crate::{Error, Scalar};

/// The root of the mean squared error, in the target's unit: √(Σᵢ wᵢ · (1/k) Σⱼ (ŷⱼᵢ - yⱼᵢ)² / Σᵢ wᵢ).
///
/// `predictions` and `targets` are `(k, n_samples)`.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::rmse;
/// let (predictions, targets) = (dmatrix![1.0, 2.0, 3.0, 4.0], dmatrix![1.0, 2.0, 3.0, 8.0]);
/// assert_eq!(rmse(predictions.as_view(), targets.as_view(), None)?, 2.0);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// No samples; shapes that differ; a value that is not finite; weights that are not one a sample, negative, not finite or
/// all zero.
pub fn rmse<'a, T: Scalar>(
    predictions: impl Into<DMatrixView<'a, T>>,
    targets: impl Into<DMatrixView<'a, T>>,
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let (predictions, targets) = (predictions.into(), targets.into());
    let weights = check("RMSE", predictions, targets, weights)?;
    Ok(rmse_of(predictions, targets, &weights))
}

/// The mean absolute error, in the target's unit: Σᵢ wᵢ · (1/k) Σⱼ |ŷⱼᵢ - yⱼᵢ| / Σᵢ wᵢ.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::mae;
/// let (predictions, targets) = (dmatrix![1.0, 2.0, 3.0, 4.0], dmatrix![1.0, 2.0, 3.0, 8.0]);
/// assert_eq!(mae(predictions.as_view(), targets.as_view(), None)?, 1.0);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// As [`rmse`].
pub fn mae<'a, T: Scalar>(
    predictions: impl Into<DMatrixView<'a, T>>,
    targets: impl Into<DMatrixView<'a, T>>,
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let (predictions, targets) = (predictions.into(), targets.into());
    let weights = check("MAE", predictions, targets, weights)?;
    Ok(mean_of(predictions, targets, &weights, f64::abs))
}

/// The part of the variance that is explained: R² = 1 - Σ wᵢ(ŷᵢ - yᵢ)² / Σ wᵢ(yᵢ - ȳ)², with the weighted mean ȳ of these
/// very targets. 1 is perfect, 0 is as good as always predicting ȳ, and it can be negative. Of several outputs, the mean.
///
/// ```
/// # use nalgebra::dmatrix;
/// # use smallbatch_train::metrics::r2;
/// // The mean is 3 and the sum of squares about it 10; one prediction is off by 2.
/// let (predictions, targets) = (dmatrix![1.0, 2.0, 3.0, 4.0, 3.0], dmatrix![1.0, 2.0, 3.0, 4.0, 5.0]);
/// assert!((r2(predictions.as_view(), targets.as_view(), None)? - 0.6).abs() < 1e-15);
/// # Ok::<(), smallbatch_train::Error>(())
/// ```
///
/// # Errors
/// As [`rmse`]; and [`Error::ConstantTarget`] where an output has the same value in every sample.
pub fn r2<'a, T: Scalar>(
    predictions: impl Into<DMatrixView<'a, T>>,
    targets: impl Into<DMatrixView<'a, T>>,
    weights: Option<&[T]>,
) -> Result<f64, Error> {
    let (predictions, targets) = (predictions.into(), targets.into());
    let weights = check("R²", predictions, targets, weights)?;
    r2_of(predictions, targets, &weights)
}

/// [`rmse`] and [`r2`], which is `None` where an output has the same value in every sample; the arguments are checked once.
pub(crate) fn rmse_and_r2<T: Scalar>(
    predictions: DMatrixView<'_, T>,
    targets: DMatrixView<'_, T>,
    weights: Option<&[T]>,
) -> Result<(f64, Option<f64>), Error> {
    let weights = check("RMSE", predictions, targets, weights)?;
    let r2 = match r2_of(predictions, targets, &weights) {
        Ok(r2) => Some(r2),
        Err(Error::ConstantTarget { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok((rmse_of(predictions, targets, &weights), r2))
}

fn rmse_of<T: Scalar>(
    predictions: DMatrixView<'_, T>,
    targets: DMatrixView<'_, T>,
    weights: &Weights<'_, T>,
) -> f64 {
    mean_of(predictions, targets, weights, |error| error * error).sqrt()
}

fn r2_of<T: Scalar>(
    predictions: DMatrixView<'_, T>,
    targets: DMatrixView<'_, T>,
    weights: &Weights<'_, T>,
) -> Result<f64, Error> {
    let mut sum = 0.0;
    for output in 0..targets.nrows() {
        let row = || targets.row(output).into_iter().map(|&y| y.to_f64());
        // In two passes: the mean first, so that a large mean does not cost the variance its digits.
        let mean = weights.mean(row());
        let total = weights.mean(row().map(|y| (y - mean) * (y - mean)));
        // Among the samples that weigh something: the mean of equal numbers is not always that number.
        let first = targets[(output, weights.first())].to_f64();
        let mut differing = row().enumerate().filter(|&(_, y)| y != first);
        let is_constant = differing.all(|(sample, _)| weights.of(sample) == 0.0);
        if total == 0.0 || is_constant {
            return Err(Error::ConstantTarget {
                output,
                value: first,
            });
        }
        let errors = row()
            .zip(predictions.row(output))
            .map(|(y, &prediction)| (prediction.to_f64() - y).powi(2));
        sum += 1.0 - weights.mean(errors) / total;
    }
    Ok(sum / targets.nrows() as f64)
}

fn check<'a, T: Scalar>(
    metric: &'static str,
    predictions: DMatrixView<'_, T>,
    targets: DMatrixView<'_, T>,
    weights: Option<&'a [T]>,
) -> Result<Weights<'a, T>, Error> {
    if targets.is_empty() {
        return Err(Error::MetricOfNothing { metric });
    }
    let (n_outputs, n_samples) = targets.shape();
    let what = "the number of rows of the predictions";
    check_length(metric, what, n_outputs, predictions.nrows())?;
    let what = "the number of columns of the predictions";
    check_length(metric, what, n_samples, predictions.ncols())?;
    for (what, matrix) in [("a prediction", predictions), ("a target", targets)] {
        for (sample, column) in matrix.column_iter().enumerate() {
            if let Some(&bad) = column.iter().find(|&&value| !value.to_f64().is_finite()) {
                return Err(Error::MetricValue {
                    metric,
                    what,
                    sample,
                    value: bad.to_f64(),
                    range: "a finite number",
                });
            }
        }
    }
    Weights::new(metric, weights, n_samples)
}

/// The weighted mean over samples of the mean over outputs of a function of the error.
fn mean_of<T: Scalar>(
    predictions: DMatrixView<'_, T>,
    targets: DMatrixView<'_, T>,
    weights: &Weights<'_, T>,
    cost: impl Fn(f64) -> f64,
) -> f64 {
    let n_outputs = targets.nrows() as f64;
    weights.mean(predictions.column_iter().zip(targets.column_iter()).map(
        |(prediction, target)| {
            let pairs = prediction.iter().zip(target.iter());
            pairs
                .map(|(&p, &y)| cost(p.to_f64() - y.to_f64()))
                .sum::<f64>()
                / n_outputs
        },
    ))
}

#[cfg(test)]
mod tests {
    use nalgebra::{DMatrix, dmatrix};

    use super::*;

    #[test]
    fn hand_computed_values() {
        let targets = dmatrix![3.0, -0.5, 2.0, 7.0];
        let predictions = dmatrix![2.5, 0.0, 2.0, 8.0];
        let (p, y) = (predictions.as_view(), targets.as_view());
        assert_eq!(rmse(p, y, None).unwrap(), 0.375_f64.sqrt());
        assert_eq!(mae(p, y, None).unwrap(), 0.5);
        // Total sum of squares 29.1875 (mean 2.875), residual 1.5.
        assert!((r2(p, y, None).unwrap() - (1.0 - 1.5 / 29.1875)).abs() < 1e-15);
    }

    #[test]
    fn both_at_once_are_each_of_them() {
        let targets = dmatrix![0.3, 2.0, 1.1; 10.0, 30.0, 7.0];
        let predictions = dmatrix![1.0, 1.7, 0.9; 10.5, 20.0, 8.0];
        let (p, y) = (predictions.as_view(), targets.as_view());
        for weights in [None, Some(&[1.0, 0.0, 2.5][..])] {
            let (found_rmse, found_r2) = rmse_and_r2(p, y, weights).unwrap();
            assert_eq!(found_rmse, rmse(p, y, weights).unwrap());
            assert_eq!(found_r2.unwrap(), r2(p, y, weights).unwrap());
        }
        let constant = dmatrix![0.3, 2.0, 1.1; 7.0, 7.0, 7.0];
        let y = constant.as_view();
        assert_eq!(
            rmse_and_r2(p, y, None).unwrap(),
            (rmse(p, y, None).unwrap(), None)
        );
        assert!(rmse_and_r2(p, constant.columns(0, 2), None).is_err());
    }

    /// The mean of three times 0.1 is not 0.1, and what weighs nothing makes no variance.
    #[test]
    fn samples_without_weight_do_not_make_a_target_vary() {
        let predictions = dmatrix![0.2, 0.2, 0.2, 0.2];
        let targets = dmatrix![0.1, 0.1, 0.1, 0.2];
        let (p, y) = (predictions.as_view(), targets.as_view());
        let refused = |weights: &[f64]| match r2(p, y, Some(weights)) {
            Err(Error::ConstantTarget { value, .. }) => value,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&[1.0, 1.0, 1.0, 0.0]), 0.1);
        assert_eq!(refused(&[0.0, 0.0, 0.0, 3.0]), 0.2);
        assert!(r2(p, y, Some(&[1.0, 0.0, 0.0, 1.0])).is_ok());
    }

    #[test]
    fn outputs_are_averaged() {
        let targets = dmatrix![0.0, 2.0; 10.0, 30.0];
        let predictions = dmatrix![1.0, 1.0; 10.0, 30.0];
        let (p, y) = (predictions.as_view(), targets.as_view());
        assert_eq!(rmse(p, y, None).unwrap(), 0.5_f64.sqrt());
        assert_eq!(mae(p, y, None).unwrap(), 0.5);
        assert_eq!(r2(p, y, None).unwrap(), 0.5); // 0 and 1
    }

    #[test]
    fn a_weight_of_two_is_the_sample_twice() {
        let once = (dmatrix![1.0, 2.5, 2.0], dmatrix![1.5, 2.0, 4.0]);
        let twice = (dmatrix![1.0, 2.5, 2.0, 2.0], dmatrix![1.5, 2.0, 4.0, 4.0]);
        type View<'a> = DMatrixView<'a, f64>;
        type Metric = fn(View<'_>, View<'_>, Option<&[f64]>) -> Result<f64, Error>;
        let metrics: [Metric; 3] = [
            |p, y, w| rmse(p, y, w),
            |p, y, w| mae(p, y, w),
            |p, y, w| r2(p, y, w),
        ];
        for metric in metrics {
            let weighted =
                metric(once.0.as_view(), once.1.as_view(), Some(&[1.0, 1.0, 2.0])).unwrap();
            let repeated = metric(twice.0.as_view(), twice.1.as_view(), None).unwrap();
            assert!((weighted - repeated).abs() < 1e-15, "{weighted} {repeated}");
        }
    }

    #[test]
    fn r2_keeps_its_digits_far_from_zero() {
        let targets = DMatrix::from_fn(1, 100, |_, i| 1e8 + i as f64);
        let predictions = targets.map(|y| y + 1.0);
        // The variance of 0..100 is (100² - 1) / 12.
        let expected = 1.0 - 12.0 / 9_999.0;
        let found = r2(predictions.as_view(), targets.as_view(), None).unwrap();
        assert!((found - expected).abs() < 1e-12, "{found}");
    }

    #[test]
    fn bad_arguments_are_named() {
        let y = dmatrix![1.0, 1.0];
        let sentence = |result: Result<f64, Error>| result.unwrap_err().to_string();
        assert_eq!(
            sentence(r2(y.as_view(), y.as_view(), None)),
            "R² is undefined: target 0 is 1 for every sample, so there is no variance to explain"
        );
        let short = dmatrix![1.0];
        assert_eq!(
            sentence(rmse(short.as_view(), y.as_view(), None)),
            "RMSE: the number of columns of the predictions is 1, expected 2"
        );
        let nan = dmatrix![1.0, f64::NAN];
        assert_eq!(
            sentence(mae(nan.as_view(), y.as_view(), None)),
            "MAE: a prediction of sample 1 is NaN; it must be a finite number"
        );
        let empty = DMatrix::<f64>::zeros(1, 0);
        assert_eq!(
            sentence(mae(empty.as_view(), empty.as_view(), None)),
            "MAE over no samples is undefined; give at least one"
        );
    }
}
