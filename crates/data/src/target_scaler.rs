//! Standardizing regression targets, and turning predictions back.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use smallbatch_preprocess::{AnyScaler, FitData, FittedScaler, Scalar, Scaler, StandardScaler};

use crate::names::check_fitted_names;
use crate::{Dataset, Error, Mismatch, Target};

/// Standardizes numbers to be predicted, output by output: y' = (y - μ)/σ, and back: y = μ + σ·y'.
///
/// μ and σ are the (weighted) mean and standard deviation, with n and not n - 1, of the training part; a constant output
/// has σ = 1. A network trained on y' starts with outputs of the right size, and one learning rate serves targets in any
/// unit. Errors scale too: multiply a root mean squared or mean absolute error by [`scale`](Self::scale) to
/// have it in the target's unit.
///
/// Serializes with serde, so it can be saved beside the model whose predictions it inverts.
///
/// ```
/// use nalgebra::{DMatrix, dmatrix};
/// use smallbatch_data::{Dataset, Target, TargetScaler};
///
/// # fn main() -> Result<(), smallbatch_data::Error> {
/// let training = Dataset::new(dmatrix![1.0, 2.0, 3.0], Target::numbers(vec![100.0, 200.0, 300.0]))?;
/// let scaler = TargetScaler::fit(&training)?;
/// let scaled = scaler.apply(&training)?;
/// assert!((scaled.target().as_values().unwrap()[(0, 2)] - 1.5_f64.sqrt()).abs() < 1e-15);
///
/// let mut predictions: DMatrix<f64> = dmatrix![0.0, 1.0];
/// scaler.invert(&mut predictions)?;
/// assert!((predictions[(0, 0)] - 200.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct TargetScaler {
    fitted: FittedScaler,
}

/// What is read back: any scaler, until it is checked.
#[derive(Deserialize)]
struct Saved {
    fitted: FittedScaler,
}

impl TryFrom<Saved> for TargetScaler {
    type Error = Error;

    fn try_from(Saved { fitted }: Saved) -> Result<Self, Error> {
        let scaler = fitted.scaler();
        if *scaler == AnyScaler::from(StandardScaler::default()) {
            return Ok(Self { fitted });
        }
        let reason = format!(
            "a target scaler subtracts the mean and divides by the deviation, and this scaler is {scaler:?}"
        );
        Err(smallbatch_preprocess::Error::Damaged { reason }.into())
    }
}

impl TargetScaler {
    /// Learns mean and deviation of each output from the training part, by its weights if it has weights.
    ///
    /// # Errors
    /// [`Error::NotValues`] if the target is classes; [`Error::Scaling`] for fewer than two samples; [`Error::NoSamples`].
    pub fn fit<T: Scalar>(training: &Dataset<T>) -> Result<Self, Error> {
        training.require_samples()?;
        let Target::Values { values, names } = training.target() else {
            return Err(not_values(training));
        };
        let mut data = FitData::new(values).names(names);
        if let Some(weights) = training.weights() {
            data = data.weights(weights);
        }
        Ok(Self {
            fitted: StandardScaler::default().fit(&data)?,
        })
    }

    /// The same data set with its target standardized.
    ///
    /// # Errors
    /// [`Error::NotValues`] if the target is classes; [`Error::Scaling`] for another number of outputs than fitted;
    /// [`Error::OtherNames`] for outputs of other names, where both sides have names of their own.
    pub fn apply<T: Scalar>(&self, dataset: &Dataset<T>) -> Result<Dataset<T>, Error> {
        let Target::Values { values, names } = dataset.target() else {
            return Err(not_values(dataset));
        };
        check_fitted_names("output", "y", self.fitted.feature_names(), names)?;
        if dataset.is_empty() {
            return Ok(dataset.clone());
        }
        let scaled = Target::Values {
            values: self.fitted.transform(values)?,
            names: names.clone(),
        };
        dataset.clone().with_target(scaled)
    }

    /// Turns predictions of the standardized target, shape (`n_outputs`, n), into the target's own unit, in place.
    ///
    /// # Errors
    /// [`Error::Scaling`] for another number of outputs than fitted; for several a target, see
    /// [`invert_quantiles`](Self::invert_quantiles).
    pub fn invert<T: Scalar>(&self, predictions: &mut DMatrix<T>) -> Result<(), Error> {
        Ok(self.fitted.inverse_in_place(predictions)?)
    }

    /// As [`invert`](Self::invert), of quantiles: several outputs a target, side by side, as the pinball loss has them. Output `q·t + j` is
    /// quantile j of target t, of q = `quantiles`. Pass the loss's `outputs_per_target()`.
    ///
    /// ```
    /// use nalgebra::{DMatrix, dmatrix};
    /// use smallbatch_data::{Dataset, Target, TargetScaler};
    ///
    /// # fn main() -> Result<(), smallbatch_data::Error> {
    /// let training = Dataset::new(dmatrix![1.0, 2.0], Target::numbers(vec![100.0, 300.0]))?;
    /// let scaler = TargetScaler::fit(&training)?;
    /// // The quantiles 0.1, 0.5 and 0.9 of one sample.
    /// let mut predictions: DMatrix<f64> = dmatrix![-1.0; 0.0; 1.0];
    /// scaler.invert_quantiles(&mut predictions, 3)?;
    /// assert_eq!(predictions, dmatrix![100.0; 200.0; 300.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Mismatch::QuantileRows`](crate::Mismatch::QuantileRows) for another number of rows than `quantiles` for each output fitted.
    pub fn invert_quantiles<T: Scalar>(
        &self,
        predictions: &mut DMatrix<T>,
        quantiles: usize,
    ) -> Result<(), Error> {
        let n_targets = self.fitted.n_features();
        let (rows, n_samples) = predictions.shape();
        if quantiles == 0 || Some(rows) != n_targets.checked_mul(quantiles) {
            return Err(Mismatch::QuantileRows {
                rows,
                n_targets,
                quantiles,
            }
            .into());
        }
        // A quantile of all targets is a column of its own.
        let mut each = DMatrix::from_fn(n_targets, n_samples * quantiles, |target, column| {
            let (sample, quantile) = (column / quantiles, column % quantiles);
            predictions[(target * quantiles + quantile, sample)]
        });
        self.invert(&mut each)?;
        for (sample, mut outputs) in predictions.column_iter_mut().enumerate() {
            for (row, output) in outputs.iter_mut().enumerate() {
                *output = each[(row / quantiles, sample * quantiles + row % quantiles)];
            }
        }
        Ok(())
    }

    /// The outputs' standard deviations σ in the training part, in the target's unit.
    pub fn scale(&self) -> Vec<f64> {
        self.fitted
            .affine()
            .map(|affine| affine.scale)
            .unwrap_or_default()
    }

    /// The outputs' means μ in the training part, in the target's unit.
    pub fn mean(&self) -> Vec<f64> {
        self.fitted
            .affine()
            .map(|affine| affine.shift)
            .unwrap_or_default()
    }
}

fn not_values<T: Scalar>(dataset: &Dataset<T>) -> Error {
    Error::NotValues {
        dataset: dataset.name().to_string(),
    }
}
